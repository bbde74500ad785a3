"""The corpus without the optimiser, with and without checks for limits: one in five, all with PYSGS_ALL_CASES."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from conformance_cases import Case, all_cases
from interp import ScriptError, ScriptExit, ScriptSyntaxError
from interp.cli import Options, open_engine

CASES = all_cases() if os.environ.get("PYSGS_ALL_CASES") else all_cases()[2::5]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("limits", [False, True], ids=["plain", "plain-with-checks"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, limits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = case.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    out, err = io.BytesIO(), io.BytesIO()
    options = Options()
    options.optimize = False
    if limits:
        options.limits = {"seconds": 60.0}
    engine = open_engine(options, stdin=io.BytesIO(), stdout=out, stderr=err)
    try:
        engine.run_file(script.name)
    except (ScriptError, ScriptExit, ScriptSyntaxError):
        pass  # how a case ends shows in what it printed
    finally:
        engine.close()
    verdict = case.judge(out.getvalue(), err.getvalue())
    assert not verdict.failure, f"{verdict.failure} differ\n{verdict.difference}"
