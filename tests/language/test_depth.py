"""Endless recursion of every kind ends in the message of chapter 02 section 5.5, near the limit, never in a crash."""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from language.world import both

PROGRAM = Path(__file__).with_name("deep_programs.py")
ROOT = PROGRAM.parents[2]


@pytest.mark.parametrize("depth", [200, 1000])
def test_endless_recursion(depth: int) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(depth)], capture_output=True, text=True, timeout=55, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, f"ended with {done.returncode} in: {done.stdout[-80:]}\n{done.stderr[-2000:]}"
    assert done.stderr == ""
    wrong = []
    for line in done.stdout.splitlines():
        name, _, rest = line.partition(": ")
        frames, calls, messages, errors = map(int, rest.split())
        # the innermost native has no line in the trace
        near = depth - 2 <= frames <= depth * 1.1
        if "each other" in name:
            near = depth - 2 <= calls <= depth * 1.1
        if not near or messages != 1 or errors != 1:
            wrong.append(line)
    assert not wrong, wrong


def test_execution_goes_on_after_the_message() -> None:
    """Under a handler the call that was too much gives null, and everything else works on."""
    got = both(
        "global n = 0; global most = 0; function f(){ global most; n++; if( n > most ) most = n; r = f(); n--; return 5; }"
        " pcall( function(){ println( f() ); }, function( t, m ){ println( t, m ); } ); first = most; most = 0; n = 0;"
        " pcall( function(){ println( f() ); }, function( t, m ){ println( t, m ); } ); println( first == most );"
        " println( first >= 990, first <= 1100 );"
    )
    assert got == "300max. call stack size reached\n5\n" * 2 + "true\ntruetrue\n"


def test_suppressed() -> None:
    got = both(
        "function f( n ){ return f( n + 1 ); } println( @f( 0 ) ); function g( n ){ return if( n, g( n - 1 ), 7 ); } println( g( 900 ) );"
    )
    assert got == "null\n7\n"


def test_code_compiled_in_the_deep() -> None:
    """Parsing and generating must not depend on how deep the script is."""
    got = both(
        'function f( n ){ if( n > 0 ) return f( n - 1 ); return eval( "return ((((((((1+2)*3)+4)*5)+[6,7][0])))) + " $ n $ ";" ); }'
        " println( f( 960 ) );"
    )
    assert got == "71\n"


@pytest.mark.parametrize("call", ["f", "g", "h", "@f"])
def test_overflows_do_not_add_up(call: str) -> None:
    """The limit stays where it is however often a program runs into it before its native ends."""
    got = both(
        "global n = 0, most = 0, counts = []; function up(){ global n, most; n++; if( n > most ) most = n; }"
        " function f(){ up(); f(); return 5; } function g(){ up(); g.apply( null, [] ); }"
        " class A { function __add( a, b ){ up(); return a + b; } } global a = new A(); function h(){ x = a + 1; }"
        f" pcall( function(){{ for i : ( 6 ){{ global n = 0, most = 0; {call}(); counts.push( most ); }} }} );"
        " println( counts.first >= 490, counts.first <= 1100, counts.last - counts.first <= 2 );"
    )
    assert got == "truetruetrue\n"


UNCHECKED = {
    "function f( n ){ f(); }": "f();",
    "function f( n, m ){ f( 1 ); }": "f( 1 );",
    "class A { function m( n ){ this.m(); } } global a = new A();": "a.m( 1 );",
    "global a = { m = function( n ){ this.m(); } };": "a.m( 1 );",
    "function f( n ){ g(); } function g( n ){ f(); }": "f();",
    "function f(){ va_arg_count(); f( 1, 2 ); }": "f();",
    "global f = function( a, b ){ f( a ); };": "f( 1 );",
}


@pytest.mark.parametrize("declared", UNCHECKED)
def test_calls_with_arguments_left_out_have_an_end(declared: str) -> None:
    """Hosts that do not look at their limit where a function gets its own defaults: `interp.compiler.unchecked`."""
    got = both(
        f"{declared} pcall( function(){{ {UNCHECKED[declared]} }}, function( level, text ){{ println( text ); }} );"
        " println( 'after' );"
    )
    assert got == "max. call stack size reached\nafter\n"


WRAPPINGS = {
    "@": "@a.m( 1 );",
    "a handler": "pcall( function(){ a.m( 1 ); }, function( t, m ){ log.push( m ); } );",
    "pcall alone": "pcall( function(){ a.m( 1 ); } );",
    "a coroutine": "t = co_create( function(){ pcall( function(){ a.m( 1 ); }, function( t, m ){ log.push( m ); } ); } ); t.resume();",
}


BODIES = ["this.m();", "x = this.m( n ); this.k = x;", "this.m( n + 1 );"]
# a constructor is refused where a handler has no room either
BOTH = [(w, body) for w in WRAPPINGS for body in BODIES] + [(w, "x = new A( this );") for w in ("@", "pcall alone")]


@pytest.mark.parametrize("wrapping, body", BOTH)
def test_methods_report_the_depth_once(wrapping: str, body: str) -> None:
    """However a callee is found: the call that was too much is reported once, and those around it finish."""
    got = both(
        "global begun = 0, ended = 0, log = [];"
        f" class A {{ function __construct( o ){{ if( o !== null ) o.m( 0 ); }} function m( n ){{ begun++; {body} ended++; }} }}"
        f" global a = new A(); {WRAPPINGS[wrapping]}"
        " println( begun - ended <= 8, ' ', begun >= 490, ' ', log );"
    )
    message = "max. call stack size reached" if "log" in WRAPPINGS[wrapping] else ""
    assert got == f"true true [{message}]\n"
