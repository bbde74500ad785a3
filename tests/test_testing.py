"""`sgs test`: what passes, what a failure looks like, and which lines are said to have run."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.cli import main
from interp.testing import ranges

PASSING = """\
include "part";
function test_sum()
{
	assert( add( 1, 2 ) == 3, "sum" );
}
function test_threads()
{
	thread later();
	process_threads();
	assert( done );
}
global done = false;
function later(){ yield(); global done; done = true; }
"""
PART = """\
function add( a, b )
{
	if( a === null )
		return b;
	return a + b;
}
"""
FAILING = """\
function test_right(){ println( "not shown" ); }
function test_wrong()
{
	println( "look" );
	helper();
}
function helper()
{
	assert( 1 == 2, "numbers differ" );
}
function test_exit(){ app_exit( 4 ); }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_good.sgs").write_text(PASSING)
    (tmp_path / "part.sgs").write_text(PART)
    return tmp_path


def test_all_pass(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["test"]) == 0
    assert capfd.readouterr().out == "2 passed, 0 failed\n"


def test_failures(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "test_bad.sgs").write_text(FAILING)
    (folder / "test_broken.sgs").write_text("x = ;")
    (folder / "test_flat.sgs").write_text("assert( true );")
    assert main(["test", "."]) == 1
    out = capfd.readouterr().out
    assert (
        "FAILED test_bad.sgs::test_wrong\n    test_bad.sgs:9: assert(): assertion failed: numbers differ\n" in out
        or ("FAILED test_bad.sgs::test_wrong\n    test_bad.sgs:9: " in out and "numbers differ" in out)
    )
    assert "(test_bad.sgs:5)" in out
    assert "    it wrote:\n    | look\n" in out
    assert "not shown" not in out
    assert "FAILED test_bad.sgs::test_exit\n    the script ended the program with status 4\n" in out
    assert "FAILED test_broken.sgs\n    test_broken.sgs:1: " in out
    assert out.endswith("4 passed, 3 failed\n")


def test_coverage(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--coverage"]) == 0
    rows = {line.split()[0]: line.split() for line in capfd.readouterr().out.splitlines()}
    assert rows["part.sgs"][-1] == "4"
    assert rows["test_good.sgs"][3] == "100"


def test_usage(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--nonsense"]) == 2
    assert main(["test", "nowhere"]) == 2
    (folder / "empty").mkdir()
    assert main(["test", "empty"]) == 1
    assert capfd.readouterr().out == "no tests found\n"


def test_ranges() -> None:
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"


def test_warnings_of_a_test_that_passes_are_shown(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Handled ones are the test's own business, and what it prints is not shown."""
    text = "function test_a(){ println( 'printed' ); x = [ 1 ]; return x[ 5 ]; }\n"
    text += "function test_b(){ @WARNING( 'quiet' ); pcall( function(){ WARNING( 'caught' ); } ); INFO( 'news' ); }\n"
    (tmp_path / "test_w.sgs").write_text(text)
    assert main(["test", str(tmp_path / "test_w.sgs")]) == 0
    out = capfdbinary.readouterr().out.decode()
    assert out == (
        f"WARNED {tmp_path}/test_w.sgs::test_a\n"
        f'    | - "test_a" in {tmp_path}/test_w.sgs, line 1\n    | Warning: array index out of bounds\n'
        f'    | - "test_a" in {tmp_path}/test_w.sgs, line 1\n    | Warning: Index out of bounds\n'
        "2 passed (1 with warnings), 0 failed\n"
    )
