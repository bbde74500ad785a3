"""What random programs found, reduced: each script prints the same with and without the optimiser."""

from __future__ import annotations

import pytest
from test_differential import outcome

SCRIPTS = {
    "an operand moved into a temporary that guarded arithmetic uses": b"""
include "math";
function show( v ){ println( v ); }
function f(){ var v; show( ( sqrt( v ) + 1.0 ) ); v = 1e10; }
f();
""",
    "an unused assignment evaluates its value once": b"""
function f(){ var v; var g = function() use( c ){ return c; }; c = v[ 1 ]; c = 1 / v; global k; k = v[ 2 ]; }
@f();
pcall( f, function( type, text ){ println( text ); } );
""",
    "stores to known arrays whose meta-object wants to know": b"""
function f(){ var d = [ 1, 2 ]; for( var i = 0; i < 2; ++i ){ d[ i ] = 5; d[ i ] *= 2; d[ 0 ]++; d.first = 7;
if( i == 0 ){ metaobj_set( d, { __setindex = function( k, v ){ println( "<", k, "=", v, ">" ); } } );
metamethods_enable( d, true ); } }
foreach( v : d ) println( v ); }
f();
""",
    "text times int repeats no bytes": b"""
function f( a, b ){ return a * b; }
println( f( "abc", 4611686018427387904 ), f( 4611686018427387904, "3" ), f( "12", "2" ) );
""",
    "one test of a known native": b"""
include "string";
function f(){ var s = "abcdef"; for( var i = 0; i < 3; ++i ) println( string_part( s, i, 2 ) ); }
f();
""",
    "a function that calls a global of its own name which is not there": b"""
function f(){ function n( a, b ){ if( a <= 0 ) return b; return n( a - 1, b ); } println( n( 3, 1 ) ); }
pcall( f, function( type, text ){ println( type, text ); } );
function g( a ){ if( a < 2 ) return a; return g( a - 1 ) + g( a - 2 ); }
println( g( 5 ) );
kept = g; unset( _G, "g" );
pcall( function(){ println( kept( 5 ) ); }, function( type, text ){ println( type, text ); } );
""",
    "a loop over the items of an array keeps its step": b"""
function f(){ var a = [ 1, 2, 3, 4 ], t = 0; for( var i = 0; i < a.size; i += 2 ) t += a[ i ]; println( i, " ", t ); }
f();
""",
    "a loop that is left before its text ends assigns nothing for certain": b"""
function f( stop ){ var v; do { if( stop ) break; v = 1; } while( false ) v += 256; println( v ); }
function g( next ){ var v; do { if( next ) continue; v = 1; } while( v ) println( v ); }
f( true ); f( false ); g( true );
""",
    "a known native without its library is null and cannot be called": b"""
function f( g ){ var x = 4.0; println( g( x ) ); }
pcall( f, function( type, text ){ println( type, text ); }, function( x ){ return sqrt( x ) + 1.0; } );
function text(){ return string_part( "abc", 1, 1 ); }
pcall( text, function( type, text ){ println( type, text ); } );
function root(){ var x = 4.0; return sqrt( x ) + 1.0; }
pcall( root, function( type, text ){ println( type, text ); } );
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_output(name: str) -> None:
    plain, optimised = outcome(SCRIPTS[name], False, False), outcome(SCRIPTS[name], True, False)
    assert optimised == plain
    assert plain[1] == "end"


def test_each_effect_happens_once() -> None:
    """The fault was in both variants: a value stood in the store and once more as a statement."""
    printed, _ = outcome(SCRIPTS["an unused assignment evaluates its value once"], True, False)
    assert printed.count(b"Cannot index") == 2
    assert printed.count(b"Division by 0") == 1
