"""The corpus with marks for the profiler, and stepped through by the debugger, prints what it always prints.

One case in ten, all with PYSGS_ALL_CASES.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from conformance_cases import Case, all_cases
from interp import ScriptError, ScriptExit, ScriptSyntaxError
from interp.cli import Options, open_engine
from interp.debugger import STEP, Debugger, Stop
from interp.profile import Profiler

CASES = all_cases() if os.environ.get("PYSGS_ALL_CASES") else all_cases()[5::10]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("tool", ["profiled", "stepped"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = case.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    out, err = io.BytesIO(), io.BytesIO()
    options = Options()
    options.optimize = tool == "profiled"
    engine = open_engine(options, stdin=io.BytesIO(), stdout=out, stderr=err)
    stops = 0

    def talk(stop: Stop) -> None:
        nonlocal stops
        stops += 1
        for call in stop.calls:
            list(debugger.variables(call))
        debugger.go(STEP)

    debugger = Debugger(engine, talk, lambda text: None) if tool == "stepped" else None
    profiler = Profiler(engine) if tool == "profiled" else None
    try:
        if debugger is not None:
            debugger.start()
        engine.run_file(script.name)
    except (ScriptError, ScriptExit, ScriptSyntaxError):
        pass  # how a case ends shows in what it printed
    finally:
        if debugger is not None:
            debugger.stop()
        engine.close()
    verdict = case.judge(out.getvalue(), err.getvalue())
    assert not verdict.failure, f"{verdict.failure} differ\n{verdict.difference}"
    if profiler is not None:
        assert all(row.calls for row in profiler.results().functions.values())
    elif verdict.stdout and out.getvalue():
        assert stops
