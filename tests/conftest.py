"""What all tests share: a code cache of their own, and the conformance counts after a run that judged cases."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import pytest

from conformance_cases import Verdict

CONFORMANCE: pytest.StashKey[dict[str, list[Verdict]]] = pytest.StashKey()
CACHE: pytest.StashKey[str] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the verdicts; point the code cache, also that of child processes, to a folder of this run."""
    config.stash[CONFORMANCE] = {}
    config.stash[CACHE] = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="pysgs-tests-")


def pytest_collection_finish() -> None:
    """Thousands of tests are objects that stay: no collection need look at them, least of all where time is taken."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logfinish() -> None:
    """The same for what the tests of a while have left."""
    global _finished
    _finished += 1
    if _finished % 400 == 0:
        gc.collect()
        gc.freeze()


_finished = 0


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove this run's code cache."""
    shutil.rmtree(config.stash[CACHE], ignore_errors=True)


@pytest.fixture
def conformance_verdicts(request: pytest.FixtureRequest) -> dict[str, list[Verdict]]:
    """Verdicts of this run by chapter folder; a test appends its own."""
    return request.config.stash[CONFORMANCE]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how many cases agree in stdout, in messages too, and to the byte with traces."""
    chapters = config.stash[CONFORMANCE]
    if not chapters:
        return
    terminalreporter.section("conformance")
    terminalreporter.write_line(f"{'chapter':16}{'cases':>7}{'stdout':>8}{'messages':>10}{'exact':>7}")
    for name in (*sorted(chapters), "all"):
        verdicts = chapters.get(name) or [v for chapter in chapters.values() for v in chapter]
        counts = [sum(getattr(v, part) for v in verdicts) for part in ("stdout", "messages", "exact")]
        terminalreporter.write_line(f"{name:16}{len(verdicts):7}{counts[0]:8}{counts[1]:10}{counts[2]:7}")
