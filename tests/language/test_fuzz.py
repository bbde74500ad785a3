"""Wrong programs never show the host, and no input crashes, hangs or leaks (chapters 01 section 14, 12 section 4)."""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from language.fuzz_programs import judge
from language.world import both, run, slow

PROGRAM = Path(__file__).with_name("fuzz_programs.py")
ROOT = PROGRAM.parents[2]


def batch(kind: str, first: int, count: int, seconds: int) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), kind, str(first), str(count)], capture_output=True, timeout=seconds, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    out = done.stdout.replace(b"\r", b"\n").decode("latin-1")
    assert done.returncode == 0, f"ended with {done.returncode} after {out[-200:]}\n{done.stderr[-2000:]!r}"
    problems = out[out.find("\nseed") :] if "\nseed" in out else ""
    assert not problems, problems[:4000]


def test_mutated_programs() -> None:
    batch("mutate", 0, 300, 50)


def test_noise() -> None:
    batch("noise", 0, 800, 50)


@slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(100_000, 130_000, 3000))
def test_mutated_programs_long(first: int) -> None:
    batch("mutate", first, 3000, 800)


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 10_000 + "1" + ")" * 10_000 + ";",
        "x = " + "[" * 10_000 + "]" * 10_000 + ";",
        "x = " + "{a=" * 10_000 + "1" + "}" * 10_000 + ";",
        "{" * 10_000 + "}" * 10_000,
        "f" + "(f" * 10_000 + ")" * 10_000 + ";",
        "a" + "[0" * 10_000 + "]" * 10_000 + ";",
        "(" * 10_000, "[" * 10_000, "{" * 10_000, ")" * 10_000, "x = " + "-" * 10_000 + "1;", "x = " + "!" * 10_000 + "1;",
        "x = " + "@" * 10_000 + "1;", "if(1)" * 10_000 + ";", "while(0)" * 10_000 + ";", "x=function(){" * 3000 + "};" * 3000,
        "defer " * 5000 + ";", "new " * 5000 + "f();", "a" + ".b" * 10_000 + ";", "a" + "()" * 10_000 + ";",
        "x=" * 10_000 + "1;", "x=if(1," * 5000 + "1" + ",2)" * 5000 + ";", "foreach(v:[])" * 5000 + ";", "do " * 5000 + ";",
        "class A{function f(){" * 2000, '"' * 10_001, "/*" * 10_000, "x.{a=" * 5000, "thread " * 5000 + "f();", "sync(" * 5000,
    ],
    ids=lambda source: source[:12] + f"…{len(source)}",
)  # fmt: skip
def test_nesting(source: str) -> None:
    """Too deep is a message, not a crash, and never a hang."""
    assert judge(source.encode(), 20.0) is None
    text = run(source).err
    assert text == "" or text.startswith(("Error: ", '- "<main>" in t.sgs, line 1\n'))


@pytest.mark.parametrize("op", ["+", "-", "*", "&", "|", "^", "<<", "$", "..", "&&", "||", "??", ">", "==", "<=>"])
def test_long_chains(op: str) -> None:
    """Chains of 1,500 links are no nesting (the grouping is to the left)."""
    one = "1" if op not in ("+", "-") else "2"
    result = run(f"a = 1; println( {one}" + f" {op} a" * 1500 + " ); println( 7 );")
    assert result.err == "" and result.out.endswith("\n7\n")


def test_long_else_if_chain() -> None:
    chain = "".join(f"if( x == {i} ) println( {i} ); else " for i in range(1500)) + "println( -1 );"
    assert both("x = 1499; " + chain + " x = 5000; " + chain) == "1499\n-1\n"


def test_long_programs() -> None:
    assert both("x = 0;" + "x++;" * 20_000 + "println( x );") == "20000\n"
    assert both("a = [" + "1," * 20_000 + "]; println( a.size );") == "20000\n"
    assert both("x = 0;" + "function f(){ x = 1; }" * 2000 + "println( x );") == "0\n"
    assert both("println( " + ",".join("1" for _ in range(400)) + " );") == "1" * 400 + "\n"
    assert both("d = {" + ",".join(f"k{i} = {i}" for i in range(3000)) + "}; println( d.k2999 );") == "2999\n"


def test_two_hundred_levels() -> None:
    """At least 200 levels of blocks and expressions (chapter 00, B9)."""
    assert both("x = " + "(" * 198 + "5" + ")" * 198 + "; println( x );") == "5\n"
    assert both("{" * 198 + "println( 6 );" + "}" * 198) == "6\n"
    assert both("x = " + "[" * 190 + "5" + "]" * 190 + "; println( typeof( x ) );") == "array\n"
    assert both("if( true ){" * 190 + "println( 6 );" + "}" * 190) == "6\n"


def test_deep_loops() -> None:
    """Loops in loops go as deep as blocks do, or say that they do not."""
    for depth in (18, 60, 150):
        text = both(
            "".join(f"while( true ){{ defer x = {i}; " for i in range(depth))
            + "break; "
            + "break; }" * depth
            + "println( 6 );"
        )
        assert text in ("6\n", "Error: [line 1] nesting too deep\n"), depth


@pytest.mark.parametrize(
    "name",
    [
        "None",
        "True",
        "def",
        "lambda",
        "class_",
        "import",
        "self",
        "__debug__",
        "__builtins__",
        "print_",
        "await",
        "len",
        "type",
        "exec",
    ],
)
def test_names_of_the_host(name: str) -> None:
    """The host's words are ordinary names."""
    assert (
        both(f"println( @{name} ); {name} = 1; function f( {name} ){{ return {name}; }} println( {name}, f( 2 ) );")
        == "null\n12\n"
    )
    assert (
        both(
            f"d = {{ {name} = 3 }}; println( d.{name} ); global g_{name} = 4; println( g_{name} ); function {name}(){{ return _F == {name}; }} println( {name}() );"
        )
        == "3\n4\ntrue\n"
    )
