"""Every case of the corpus through the engine, and a sample through the real command line.

In process each case has a fresh engine that sees its own scratch folder, no input and memory files for output; the
counts by chapter are printed after the run (`conftest.py`).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance_cases import Case, Verdict, all_cases
from interp.cli import open_engine
from interp.compiler import pipeline
from interp.errors import ScriptError, ScriptExit, ScriptSyntaxError

CASES = all_cases()
SECONDS = 20
# one case in twenty runs as a process of its own, so that every chapter is met
SAMPLE = CASES[::20]


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(
    case: Case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """Twice: compiled now, then from the code cache on disk, as the next process would find it."""
    for cache in ("cold", "warm"):
        monkeypatch.setattr(pipeline, "_memory", {})
        folder = tmp_path / cache
        folder.mkdir()
        verdict = run_case(case, folder, monkeypatch)
        if cache == "cold" or verdict.failure:
            record_property("conformance", [case.folder, verdict.stdout, verdict.messages, verdict.exact])
        assert not verdict.failure, f"{cache} cache: {verdict.failure} differ\n{verdict.difference}"


def run_case(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    script = case.copy_to(folder)
    monkeypatch.chdir(folder)
    out, err = io.BytesIO(), io.BytesIO()
    engine = open_engine(stdin=io.BytesIO(), stdout=out, stderr=err)
    try:
        engine.run_file(script.name)
    except (ScriptError, ScriptExit, ScriptSyntaxError):
        pass  # how a case ends shows in what it printed
    finally:
        engine.close()
    return case.judge(out.getvalue(), err.getvalue())


@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.id)
def test_command_line(case: Case, tmp_path: Path) -> None:
    """The code cache is empty in the first run and filled in the second: both print the same."""
    work = tmp_path / "work"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    for cache in ("cold", "warm"):
        folder = work / cache
        folder.mkdir(parents=True)
        script = case.copy_to(folder)
        done = subprocess.run(
            [sys.executable, "-m", "interp", script.name],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
        )
        verdict = case.judge(done.stdout, done.stderr)
        assert not verdict.failure, f"{cache} cache: {verdict.failure} differ\n{verdict.difference}"


def test_corpus_is_complete() -> None:
    """A corpus that was lost on the way would pass without running anything."""
    assert len(CASES) >= 788
    assert {case.folder for case in CASES} >= {
        "core", "expressions", "objects", "sockets", "statements", "system", "text", "threads",
    }  # fmt: skip
