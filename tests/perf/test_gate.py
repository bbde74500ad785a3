"""No program of the benchmark set may execute 5 % more Python instructions than recorded in `benchmarks/gate.json`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GATE = Path(__file__).parents[2] / "benchmarks" / "gate.py"


@pytest.mark.timeout(240)
def test_instruction_counts() -> None:
    """In a process of its own: what else ran in this one would count for the caches."""
    done = subprocess.run([sys.executable, str(GATE)], capture_output=True, text=True, timeout=220)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrecord anew with: python benchmarks/gate.py --record"
