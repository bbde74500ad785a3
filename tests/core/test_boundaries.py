"""Natives of the core that run script code, in whole programs: what an Error, a limit or a yield inside does."""

from __future__ import annotations

import io

import pytest

from interp.engine import Engine


def run(source: str) -> tuple[str, list[str]]:
    """Output and message lines of a program."""
    out, err = io.BytesIO(), io.BytesIO()
    with Engine(stdout=out, stderr=err) as engine:
        engine.run(source, name="case.sgs")
    messages = [line for line in err.getvalue().decode().split("\n") if line and not line.startswith("- ")]
    return out.getvalue().decode(), messages


HOOKED = """
class P
{
	function __construct( v ){ this.v = v; }
	function __compare( a, b ){ return a.v - b.v; }
	function __tostring(){ return "P" $ this.v; }
}
class Q
{
	function __compare( a, b ){ ERROR( "compare" ); }
	function __tobool(){ ERROR( "truth" ); return false; }
	function __tostring(){ ERROR( "text" ); return ""; }
	function __typeof(){ ERROR( "type" ); return ""; }
}
"""


def test_metamethods_take_part() -> None:
    out, messages = run(
        HOOKED
        + """
list = [ new P( 3 ), new P( 1 ), new P( 2 ), new P( 1 ) ];
println( string_of( list.sort() ) );
println( list.unique().size, list.find( new P( 2 ) ), list.remove( new P( 1 ), true, true ), list.size );
println( sgson_encode( dict( list[ 0 ], 1 ) ) );
function string_of( items ){ var s = ""; foreach( x : items ) s $= x; return s; }
"""
    )
    assert (out, messages) == ("P1P1P2P3\n3222\n{P2=1}\n", [])


@pytest.mark.parametrize(
    ("expression", "result", "message"),
    [
        ("tostring( q )", "{}", "text"),
        ("tobool( q )", "false", "truth"),
        ("typeof( q )", "dict", "type"),
        ("[ q, 1 ].find( 5 )", "null", "compare"),
        ("[ 1, q ].remove( q )", "1", "compare"),
        ("array_filter( [ q ] )", "[]", "truth"),
        ("dict( q, 1 )", "{{}=1}", "text"),
        ("[ q, q ].unique( true ).size", "1", "text"),
        ("[ 2, 1 ].sort_custom( function( a, b ){ ERROR( 'sort' ); } )", "[2,1]", "sort"),
        ("array_process( [ 1 ], function( v ){ ERROR( 'item' ); } )", "[null]", "item"),
        ("map_filter( map{ [1] = 2 }, function( v ){ ERROR( 'item' ); } )", "[map]{}", "item"),
        ("map_process( [ 1 ], function( v ){ ERROR( 'item' ); } )", "[null]", "item"),
    ],
)
def test_errors_end_the_callback_only(expression: str, result: str, message: str) -> None:
    out, messages = run(HOOKED + f"q = new Q(); x = {expression}; println( x ); println( 'next' );")
    assert out == f"{result}\nnext\n"
    assert messages and set(messages) == {f"Error: {message}"}


def test_recursion_through_natives_ends_at_the_depth() -> None:
    out, messages = run(
        """
function deep( n ){ return [ 1, 2 ].sort_custom( function( a, b ) use( n ){ deep( n + 1 ); return a - b; } ); }
deep( 0 );
function straight( n ){ return straight( n + 1 ); }
println( array_process( [ 1 ], straight ), [ 2, 1 ].sort_custom( function( a, b ){ straight( 0 ); return a - b; } ) );
"""
    )
    assert out == "[null][2,1]\n"
    assert len(messages) == 3 and all("max. call stack size reached" in message for message in messages)


def test_nothing_yields_across_a_native() -> None:
    out, messages = run("println( [ 2, 1 ].sort_custom( function( a, b ){ yield(); return a - b; } ) );")
    assert out == "[1,2]\n"
    assert set(messages) == {"Warning: yield(): cannot yield with C functions in stack"}


def test_capacities() -> None:
    out, messages = run(
        """
a = [ 1, 2, 3 ]; a.push( 4 ); print( a.capacity, " " );
b = []; for( i = 0; i < 5; ++i ) b.push( i ); print( b.capacity, " " );
while( b.size ) b.pop(); print( b.capacity, " " );
c = [ 1, 2 ]; c.pop(); c.shift(); print( c.capacity, " ", get_keys( { a = 1, b = 2, c = 3 } ).capacity );
"""
    )
    assert (out, messages) == ("6 8 8 2 4", [])
