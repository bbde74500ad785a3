"""Statements: random control flow against a reference interpreter, and the rules that randomness does not reach."""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import random

import pytest

from language.flow import ASKED, Machine, random_body, source
from language.world import both, run, slow

HEAD = f"""
function p( n, v ){{ println( n, " ", v ); }}
function c(){{ asked++; if( asked > {ASKED} ) return false; return ( bits >> asked & 1 ) != 0; }}
"""


def judge(seeds: range, depth: int, head: str, tail: str) -> None:
    """Runs many random bodies as functions of one program, each on several bit sequences."""
    text = [HEAD]
    want = []
    for seed in seeds:
        rng = random.Random(seed)
        body = random_body(rng, depth)
        text.append(f"function f{seed}(){{\n\tv = 0;\n{head}" + "".join(source(node, "\t") for node in body) + "}\n")
        for _ in range(3):
            bits = rng.getrandbits(ASKED) & rng.getrandbits(ASKED) if rng.random() < 0.3 else rng.getrandbits(ASKED)
            text.append(f"global asked = 0; global bits = {bits};\n" + tail % {"f": f"f{seed}"})
            want.append((seed, Machine(bits).run(body)))
    result = run("".join(text))
    assert result.err == ""
    at = 0
    for seed, lines in want:
        got = result.out[at : at + len(lines)]
        assert got == lines, f"seed {seed}\n" + "".join(
            source(node) for node in random_body(random.Random(seed), depth)
        )
        at += len(lines)
    assert at == len(result.out)


DIRECT = '( a, b ) = %(f)s();\nprintln( if( a === null, "null", a ), " ", if( b === null, "null", b ) );\n'
# the same through the form of the function that gives one result only
SINGLE = '( a, b ) = %(f)s();\nprintln( a, " ", b );\n'
INSIDE = 'co = co_create( %(f)s ); ( a, b ) = co.resume(); println( a, " ", b );\n'


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_random_flow(start: int) -> None:
    judge(range(start, start + 20), 3, "", DIRECT)


@pytest.mark.parametrize("start", range(1000, 1040, 20))
def test_random_flow_deep(start: int) -> None:
    judge(range(start, start + 20), 5, "", SINGLE)


@pytest.mark.parametrize("start", range(2000, 2040, 20))
def test_random_flow_in_a_coroutine(start: int) -> None:
    judge(range(start, start + 20), 4, "", INSIDE)


@slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", range(10000, 12000, 100))
def test_random_flow_long(start: int) -> None:
    judge(range(start, start + 100), 4, "", DIRECT)


CASES = {
    "return of a local sees deferred changes": (
        "function f(){ a = 1; defer a = 2; return a; } function g(){ a = 1; defer a = 2; return a + 0; }"
        " function h( a ){ defer a = 2; return ( a ); } println( f(), g(), h( 1 ) );",
        "212\n",
    ),
    "return of a captured variable is fixed before": (
        "function f(){ a = 1; q = function() use( a ){}; defer a = 2; return a; } println( f() );", "1\n",
    ),
    "two results are fixed before": (
        "function f(){ a = 1; defer a = 2; return a, a; } ( x, y ) = f(); println( x, y );", "11\n",
    ),
    "abort and errors run nothing deferred": (
        'function f(){ defer println( "no" ); abort(); } f.apply( null, [] ); println( "on" );', "on\n",
    ),
    "numeric for leaves the failing value": (
        "for i : ( 4 ){} println( i ); for i : ( 2, 2 ){} println( i ); for i : ( 5, 0, -2 ) print( i ); println( i );"
        ' for i : ( "3", "5x" ) print( i ); println( i ); for i : .( 0, 1, 0.25 ) print( i, " " ); println( i );'
        " for i : ( 5 ){ i = 9; } println( i ); for i : ( 5 ){ if( i == 2 ) break; } println( i );"
        " for i : ( null, 2.9 ) print( i ); println();",
        "4\n2\n531-1\n345\n0 0.25 0.5 0.75 1\n5\n2\n01\n",
    ),
    "foreach": (
        "foreach( v : [ 5, 6 ] ) print( v ); foreach( k, v : [ 5, 6 ] ) print( k, v ); foreach( k, : [ 5, 6 ] ) print( k );"
        " foreach( k, v : { a = 1, b = 2 } ) print( k, v ); foreach( k, v : map{ [ 1 ] = 2, [ null ] = 3 } ) print( k, v );"
        " println(); v = 7; foreach( v : [] ){} println( v ); a = [ 1, 2, 3 ]; foreach( k, v : a ){ a[ 2 ] = 9; a2 = v; }"
        " println( v ); foreach( v : a ){ a = 5; print( v ); } println( a );",
        "56051601a1b212null3\n7\n9\n1295\n",
    ),
    "the parts of a source list are evaluated, the last is used": (
        'function q( x ){ print( x ); return [ x ]; } foreach( v : q( 1 ), q( 2 ) ) println( "v", v );', "12v2\n",
    ),
    "several tests of a for": (
        "for( i = 0, j = 5; i < 0, j > 3; i++, j-- ) print( i, j ); println(); for( ;; ){ break; } println( i );", "0514\n2\n",
    ),
    "commands take a local of their name": (
        'function f(){ var println = function( x ){ print( "<", x, ">" ); }; println 5; println( 6 ); } f();\nprintln;', "<5><6>\n",
    ),
    "blocks are no scopes": ("{ a = 1; } if( true ){ b = 2; } println( a, b );", "12\n"),
    "unused names are not read": ("nope; nope2, 5; \"x\"; ( nope3 ); println( 1 );", "1\n"),
    "sync inside another call gives a bool": (
        "t = co_create( function(){} ); function f( x ){ print( typeof( x ) ); return x; } sync( f( sync( t ) ) );"
        " sync( x = race( 0 ) ); println( x );",
        "booltrue\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str) -> None:
    source_text, want = CASES[name]
    assert both(source_text) == want


def test_resizing_ends_foreach() -> None:
    """Only the Error of the loop, then the abort (chapter 02 section 13)."""
    for text, message in (
        ("a = [ 1, 2, 3 ]; foreach( v : a ) a.push( 4 );", "array changed size during iteration"),
        ("a = [ 1, 2, 3 ]; foreach( v : a ) a.pop();", "array changed size during iteration"),
        ("a = [ 1, 2, 3 ]; foreach( k, v : a ){ print( v ); if( k == 2 ) a.clear(); }", "array changed size during iteration"),
        ("a = { b = 1, c = 2 }; foreach( v : a ) a.(\"x\" $ v) = 4;", "failed to advance iterator"),
        ("a = map{ b = 1, c = 2 }; foreach( v : a ) unset( a, \"c\" );", "failed to advance iterator"),
    ):  # fmt: skip
        result = run(f'\n{text}\nprintln( "not reached" );')
        assert result.err == f'- "<main>" in t.sgs, line 2\nError: {message}\n'
        assert "not" not in result.out
    # a change that is undone before advancing is not noticed
    assert both("a = [ 1, 2 ]; foreach( v : a ){ a.push( 1 ); a.pop(); print( v ); }") == "12"


def test_iteration_of_what_has_none() -> None:
    for value, text in (
        ("5", "Variable of type 'int' doesn't have an iterator"),
        ("null", "Variable of type 'null' doesn't have an iterator"),
        ("println", "Variable of type 'C function' doesn't have an iterator"),
        ("get_iterator( [] )", "Object 'array_iterator' doesn't have an iterator"),
        ("event()", "Object 'event' doesn't have an iterator"),
    ):
        got = both(
            f'pcall( function(){{ foreach( v : {value} ) println( 1 ); println( "on" ); }}, function( t, m ){{ println( t, m ); }} );'
        )
        assert got == f"300{text}\n300iterator is not an object\non\n"


def test_arguments_of_a_native_caller() -> None:
    """Called directly from a native function the va functions describe its arguments (chapter 04 section 4.6)."""
    got = both(
        "println( va_get_arg.apply( 7, [ 0 ] ), va_arg_count.apply( null, [ 5, 6 ] ), va_get_args.apply( 7, [ 5 ] ) );"
        " println( array_process( [ 5 ], va_arg_count ), array_process( [ 5 ], va_get_args )[ 0 ] );"
        " function f( a ) = va_get_args();; println( f( 1, 2 ), f.apply( null, [ 3, 4 ] ) );"
    )
    assert got == "72[7,array]\n[2][array,C function]\n[1,2][3,4]\n"
