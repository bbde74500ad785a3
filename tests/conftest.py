"""What all tests share: a code cache of their own, and the conformance counts after a run that judged cases."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import pytest

CACHE: pytest.StashKey[str] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Point the code cache, also that of child processes, to a folder of this run."""
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases agree in stdout, in messages too, and to the byte with traces."""
    # from the reports, as the tests may have run in other processes
    chapters: dict[str, list[list[bool]]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                if name == "conformance":
                    chapters.setdefault(value[0], []).append(value[1:])
    if not chapters:
        return
    terminalreporter.section("conformance")
    terminalreporter.write_line(f"{'chapter':16}{'cases':>7}{'stdout':>8}{'messages':>10}{'exact':>7}")
    for name in (*sorted(chapters), "all"):
        verdicts = chapters.get(name) or [v for chapter in chapters.values() for v in chapter]
        counts = [sum(verdict[part] for verdict in verdicts) for part in range(3)]
        terminalreporter.write_line(f"{name:16}{len(verdicts):7}{counts[0]:8}{counts[1]:10}{counts[2]:7}")
