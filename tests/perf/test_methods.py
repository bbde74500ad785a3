"""Calls of methods through classes, and `new` through makers: whatever an object holds itself, or its class gets later,
answers just as it does in plain code (chapters 02 section 7, 03 section 6).
"""

# ruff: noqa: E501 - script texts keep their lines
from __future__ import annotations

import pytest
from test_differential import outcome

from interp import Engine

BEGIN = b"""
class A { function __construct( x ){ this.x = x; } function f( y ){ return this.x $ y; } function g(){ return "Ag"; } }
class B : A { function f( y ){ return "B" $ y; } }
function call( o, y ){ return o.f( y ); }
global a = new A( 1 ), b = new B( 2 ), a2 = new A( 3 );
println( call( a, 5 ), call( b, 6 ), b.x, b.g() );
"""
BEGUN = "15B62Ag\n"

# name -> (script behind BEGIN, what it prints)
SCRIPTS = {
    "an own entry wins over the method": (
        b'a.f = function( y ){ return "own" $ y; }; println( call( a, 1 ), call( a2, 1 ) ); unset( a, "f" ); println( call( a, 1 ) );',
        "own131\n11\n",
    ),
    "an own entry stored by its name as text": (
        b'n = "f"; a[ n ] = function( y ){ return "own" $ y; }; println( call( a, 1 ), call( a2, 1 ) );',
        "own131\n",
    ),
    "an own entry stored by a text that is compiled later": (
        b"eval( 'a.f = function( y ){ return \"own\" $ y; };' ); println( call( a, 1 ), call( a2, 1 ), call( b, 1 ) );",
        "own131B1\n",
    ),
    "an own entry that is no function": (
        b'a[ "f" ] = 5; pcall( function(){ println( call( a, 1 ) ); }, function( t, m ){ println( m ); } ); println( call( a2, 1 ) );',
        "Variable of type 'int' cannot be called\nnull\n31\n",
    ),
    "an own entry from before the object was linked": (
        b'o = { x = 7, f = function( y ){ return "mine" $ y; } }; println( call( o, 1 ) ); o = metaobj_set( o, A );'
        b" metamethods_enable( o, true ); println( call( o, 1 ), o.g(), call( a, 1 ) );",
        "mine1\nmine1Ag11\n",
    ),
    "the class changes its method": (
        b'A.f = function( y ){ return "new" $ y; }; println( call( a, 1 ), call( b, 1 ) ); unset( B, "f" ); println( call( b, 2 ) );',
        "new1B1\nnew2\n",
    ),
    "a method that comes later than an own entry": (
        b'a.h = function(){ return "own h"; }; A.h = function(){ return "Ah"; }; println( a.h(), " ", a2.h(), " ", b.h() );',
        "own h Ah Ah\n",
    ),
    "the same without a store in this text": (
        b'function h( o ){ return o.h(); } a[ "h" ] = function(){ return "own h"; }; A[ "h" ] = function(){ return "Ah"; };'
        b' println( h( a ), " ", h( a2 ), " ", h( b ), " ", h( A ) );',
        "own h Ah Ah Ah\n",
    ),
    "classes called themselves": (
        b'println( A.g(), B.g(), call( B, 1 ) ); B.g = function(){ return "Bg"; }; println( A.g(), B.g(), b.g() ); unset( B, "g" ); println( B.g(), b.g() );',
        "AgAgB1\nAgBgBg\nAgAg\n",
    ),
    "another chain": (
        b'class C { function f( y ){ return "C" $ y; } } metaobj_set( B, C ); unset( B, "f" ); println( call( b, 1 ), call( B, 2 ) );',
        "C1C2\n",
    ),
    "dicts with functions of that name": (
        b'r = {}; r[ "f" ] = function( y ){ return "r" $ y; }; l = {}; l[ "f" ] = r.f; l[ "2" ] = 1;'
        b" for( i = 0; i < 3; ++i ) println( call( r, i ), call( l, i ), call( a, i ) );",
        "r0r010\nr1r111\nr2r212\n",
    ),
    "objects that answer every read": (
        b'class H { function __getindex( k ){ return function( y ){ return "hook" $ y; }; } function f( y ){ return "Hf"; } }'
        b" h = new H(); println( call( h, 1 ), call( h, 2 ), call( a, 3 ) );",
        "hook1hook213\n",
    ),
    "arrays": (
        b'function last( o ){ return o.pop(); } println( last( [ 1, 2 ] ) ); array.pop = function(){ return "popped"; }; println( last( [ 1, 2 ] ) );'
        b" s = metaobj_set( [ 1 ], A ); metamethods_enable( s, true ); println( s.g() );",
        "2\npopped\nAg\n",
    ),
    "what has no such member": (
        b'println( @call( 5, 1 ), @call( null, 1 ), @call( "text", 1 ), @call( [], 1 ), @call( {}, 1 ), @call( println, 1 ) );',
        "nullnullnullnullnullnull\n",
    ),
    "fewer and more arguments": (
        b"println( a.f(), a.f( 1, 2 ), a.g( 1, 2, 3 ) ); n = new A(); println( n.x ); n = new A( 1, 2, 3 ); println( n.x );",
        "1null11Ag\nnull\n1\n",
    ),
    "arguments that are reads": (
        b"function each( o, p, l ){ return o.f( p.x ) $ o.f( l[ 0 ] ) $ o.f( p.x + 1 ); } println( each( a, b, [ 4 ] ), each( b, a, 'A' ) );"
        b' a[ "f" ] = function( y ){ return "own" $ y; }; println( each( a, b, [ 5 ] ) ); println( each( a, a2, { [ 0 ] = 6 } ) );'
        b" println( @each( a2, {}, [] ) ); println( @each( null, a, [ 1 ] ) ); function g( o, p ){ o.g( p.nothing ); o.nothing( p.x ); }"
        b" @pcall( function(){ g( a, b ); } ); h = metaobj_set( {}, { __getindex = function( k ){ print( '<', k, '>' ); return 7; } } );"
        b" metamethods_enable( h, true ); println( each( a2, h, h ) );",
        None,
    ),
    "a callee that fails like a read": (
        b'A[ "bad" ] = function( y ){ return y.nothing.deeper[ 5 ]( 1 ); }; function call_bad( o, p ){ return o.bad( p.x ); }'
        b" println( @call_bad( a, b ) ); println( @call_bad( b, a ) );",
        None,
    ),
    "another constructor": (
        b'A.__construct = function( x ){ this.x = "second" $ x; }; println( ( new A( 1 ) ).x, ( new B( 2 ) ).x );'
        b' B.__construct = function(){ this.x = "third"; }; println( ( new A( 1 ) ).x, ( new B( 2 ) ).x );'
        b' unset( A, "__construct" ); unset( B, "__construct" ); n = new A( 1 ); println( @n.x, get_keys( n ).size );',
        "second1second2\nsecond1third\nnull0\n",
    ),
    "a constructor that calls": (
        b"function twice( x ){ return x * 2; } class D { function __construct( x ){ this.x = twice( x ); this.set(); } function set(){ this.y = [ this.x ]; } }"
        b" d = new D( 4 ); println( d.x, d.y );",
        "8[8]\n",
    ),
    "a constructor may not suspend": (
        b"class D { function __construct(){ this.x = 1; @yield( 5 ); this.x = 2; } }"
        b" t = co_create( function(){ d = new D(); println( d.x ); yield( 6 ); } ); println( @co_resume( t ) );",
        "2\n6\n",
    ),
    "an Error in a constructor": (
        b"class D { function __construct( x ){ this.x = x; if( x ) x.nothing(); } } function make( x ){ return new D( x ); }"
        b" println( make( 0 ).x ); @pcall( function(){ make( 5 ); } ); println( make( false ).x );",
        "0\nfalse\n",
    ),
    "makers of other kinds": (
        b"n = new ( function( x ){ this.x = x; } )( 3 ); println( n.x ); m = new a( 4 ); println( typeof( m ) ); t = { __construct = println };"
        b' t[ "1" ] = 2; n = new t( "printed" ); c = 5; class E {} E.__construct = function() use( c ){ this.c = c; }; println( ( new E() ).c ); println( @new null() );',
        "3\ndict\nprinted\n5\nnull\n",
    ),
    "a class that makes itself": (
        b"class L { function __construct( n ){ this.n = n; this.next = if( n > 0, new L( n - 1 ), null ); } function sum(){ return this.n + if( this.next, @this.next.sum(), 0 ); } }"
        b" println( ( new L( 50 ) ).sum() );",
        None,
    ),
    "the global environment": (
        b'_G.f = function( y ){ return "global" $ y; }; println( call( _G, 1 ) );',
        "global1\n",
    ),
}


@pytest.mark.parametrize("limits", [False, True], ids=["", "limits"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_same_as_plain(name: str, limits: bool) -> None:
    """The optimised program prints what the plain one prints, and what the chapters say."""
    script, printed = SCRIPTS[name]
    fast, plain = outcome(BEGIN + script, True, limits), outcome(BEGIN + script, False, limits)
    assert fast == plain
    if printed is not None:
        assert fast[0].decode() == BEGUN + printed


def test_calls_go_through_the_class() -> None:
    """The call is one expression, for methods with arguments that need no statement of their own."""
    python = (
        Engine().compile(BEGIN.decode() + "println( a.f( 3 ) ); function late( o, p ){ return o.g( p.x ); }").python
    )
    assert ".f$(3)" in python
    assert "o.f$(y)" in python
    assert ".construct(1)" in python
    # dicts with functions under this name are at hand: no class is to be asked first
    python = Engine().compile("r = { run = function(){} }; function go( o ){ o.run(); }").python
    assert ".run$(" not in python
