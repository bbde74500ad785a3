"""What all tests share: the table of conformance counts after a run that judged cases."""

from __future__ import annotations

import pytest

from conformance_cases import Verdict

CONFORMANCE: pytest.StashKey[dict[str, list[Verdict]]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the verdicts."""
    config.stash[CONFORMANCE] = {}


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
