"""`sgs check` finds the mistakes seeded in `tests/check/` and nothing else, and nothing in correct programs.

`//! MESSAGE` ends a line with a finding (a message that begins so), `//? LABEL` one with a departure.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance_cases import CORPUS, all_cases
from interp.check import Known, check_source
from interp.cli import main
from interp.departures import LABELS

FOLDER = Path(__file__).parent / "check"

# Programs that show on purpose what the check is there to find.
ON_PURPOSE = {
    "core/pcall-swallows": ["undefined global 'undefined_variable'"],
    "statements/closure-nested": [
        "'x' in use() never gets a value here: globals are seen without it, and what is further out must be listed by"
        " every function between"
    ],
    "statements/defer-return": ["unreachable code"],
    "statements/func-evaluation-order": ["undefined global 'o'"],
    "statements/if-else-forms": ["the condition assigns: '=' assigns, '==' compares"],
    "statements/pcall-continues": ["undefined global 'undefined_name'"],
    "statements/var-global-declaration": ["local 'only_local' is never read"],
}


@pytest.fixture(scope="module")
def known() -> Known:
    return Known()


def seeded(script: Path, mark: str) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(script.read_text().splitlines(), 1):
        match = re.search(rf"//\{mark} ?(.*)", line)
        if match:
            found.append((number, match[1]))
    return found


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.sgs")), ids=lambda script: script.stem)
def test_seeded_mistakes(script: Path, known: Known) -> None:
    found = check_source(script.read_bytes(), str(script), known, script.stem == "departures")
    if script.stem == "departures":
        labels = {text.format("va_arg_count"): label for label, text in LABELS.items()}
        got = {(finding.line, labels[finding.message]) for finding in found if finding.message in labels}
        assert got == set(seeded(script, "?"))
        return
    wanted = seeded(script, "!")
    assert [finding.line for finding in found] == [line for line, _ in wanted], found
    for finding, (_, message) in zip(found, wanted, strict=True):
        assert finding.message.startswith(message)


def test_columns_are_those_of_the_word_that_is_meant(known: Known) -> None:
    """Also where the same word stands in the line before it, as a parameter, a string, a property or a definition."""
    text = b"""class P { function __construct( x ) { this.x = x; } function get() { return x; } }
println( new P( 1 ), "lost", @lost, lost );
function f( a ) { return 1 + a - ( "sum: " + a + " or " ); }
println( f( 1 ), f( 1, 2 ) );
"""
    found = check_source(text, "a.sgs", known)
    assert [str(finding) for finding in found] == [
        "a.sgs:1:77: undefined global 'x'",
        "a.sgs:2:37: undefined global 'lost'",
        "a.sgs:3:48: '+' adds numbers: '$' joins texts",
        "a.sgs:4:18: 'f' takes at most 1 arguments, 2 given",
    ]


def test_every_departure_is_seeded() -> None:
    assert {label for _, label in seeded(FOLDER / "departures.sgs", "?")} == set(LABELS)


def test_columns(known: Known) -> None:
    source = b'println( "nope", /* nope */ nope );\n'
    (finding,) = check_source(source, "a.sgs", known)
    assert str(finding).startswith("a.sgs:1:29: undefined global 'nope'")


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        (b"x = 5\ny = 6;", "2:1: Missing operators or separators (a `;` is missing at the end of line 1)"),
        (b"f( '\xc3\xa4', \n", "1:9: Unexpected end of code (the `(` in line 1 is never closed)"),
        (b"x = 5;\n\ty = z +;", "2:8: Invalid expression (nothing stands behind the `+`)"),
        (b"f( 'a", "1:4: end of string not found"),
    ],
)
def test_what_does_not_compile(known: Known, source: bytes, finding: str) -> None:
    (found,) = check_source(source, "a.sgs", known)
    assert str(found) == f"a.sgs:{finding}"


def test_correct_programs_have_no_findings(known: Known) -> None:
    judged = 0
    wrong = {}
    for case in all_cases():
        if not case.script.with_suffix(".err").exists():
            judged += 1
            found = check_source(case.script.read_bytes(), str(case.script), known)
            messages = [finding.message for finding in found]
            if messages != ON_PURPOSE.get(case.id, []):
                wrong[case.id] = messages
    assert wrong == {}
    assert judged > 300 and CORPUS.is_dir()


def test_examples_have_no_findings(known: Known) -> None:
    scripts = sorted((Path(__file__).parent.parent / "examples").glob("*.sgs"))
    found = [finding for script in scripts for finding in check_source(script.read_bytes(), str(script), known)]
    assert [str(finding) for finding in found] == []


def test_command(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.sgs", tmp_path / "right.sgs"
    wrong.write_text("println( nope );\n")
    right.write_text("println( 1 );\n")
    assert main(["check", str(right)]) == 0
    assert capfdbinary.readouterr().out == b""
    assert main(["check", str(right), str(wrong)]) == 1
    assert capfdbinary.readouterr().out.decode() == f"{wrong}:1:10: undefined global 'nope'\n"
    assert main(["check", "--json", str(wrong)]) == 1
    assert json.loads(capfdbinary.readouterr().out) == {
        "file": str(wrong), "line": 1, "column": 10, "message": "undefined global 'nope'",
    }  # fmt: skip
    assert main(["check"]) == 2
    assert main(["check", "--no-such-switch", str(right)]) == 2
    assert main(["check", str(tmp_path / "missing.sgs")]) == 1
    assert b"failed to open" in capfdbinary.readouterr().err
