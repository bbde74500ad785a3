"""The demonstration that `make demo` runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_server_and_client_talk() -> None:
    done = subprocess.run(
        [sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("server | listening on port ")
    assert "client | hello" in lines
    assert any(line.startswith("server | + 127.0.0.1:") for line in lines)
    assert lines[-1] == "demo: both sides finished"
