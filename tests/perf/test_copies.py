"""The copies that the compiler makes of functions and loops: each is made where it should be, gives way where its
assumptions end, and prints what the plain code prints.
"""

# ruff: noqa: E501 - script texts keep their lines
from __future__ import annotations

import pytest
from test_differential import outcome

from interp import Engine, Limits, ScriptError

# name -> (what the generated code must contain, script)
SCRIPTS = {
    "recursion over ints": (
        "fib$p(n)",
        b"function fib( n ){ if( n < 2 ) return n; return fib( n - 1 ) + fib( n - 2 ); }"
        b"println( fib( 15 ), fib( -3 ), fib( 15.5 ), fib( true ), fib( '9' ), fib( null ), fib() );",
    ),
    "a product that wraps": (
        "fact$p(n)",
        b"function fact( n ){ if( n <= 1 ) return 1; return n * fact( n - 1 ); }"
        b"println( fact( 20 ), fact( 21 ), fact( 66 ), fact( 5.5 ), fact( 20 ) );",
    ),
    "signs of a remainder": (
        "gcd$p(a, b)",
        b"function gcd( a, b ){ if( b == 0 ) return a; return gcd( b, a % b ); }"
        b"foreach( a : [ 48, -48, 0, 7.5 ] ) foreach( b : [ 36, -36, 0, 2.5 ] ) println( gcd( a, b ) );",
    ),
    "two arguments that both move": (
        "ack$p(m, n)",
        b"function ack( m, n ){ if( m == 0 ) return n + 1; if( n == 0 ) return ack( m - 1, 1 );"
        b" return ack( m - 1, ack( m, n - 1 ) ); } println( ack( 2, 4 ), ack( 1, 2 ) );",
    ),
    "trees of arrays": (
        "depth$p(t)",
        b"function depth( t ){ if( t === null ) return 0; var l = depth( t[ 0 ] ), r = depth( t[ 1 ] );"
        b" return 1 + if( l > r, l, r ); } println( depth( [ [ null, null ], [ [ null, null ], null ] ] ) );"
        b"println( depth( [ [], null ] ) ); text = 'ab'; println( depth( text ) ); println( depth( [ null, null ] ) );",
    ),
    "arrays that answer otherwise": (
        "sum$p(t)",
        b"function sum( t ){ if( t === null ) return 0; return t[ 0 ] + sum( t[ 1 ] ); }"
        b"a = [ 5, [ 6, null ] ]; println( sum( a ) );"
        b"o = { __add = function( x, y ){ println( 'add' ); return 100; } }; o = metaobj_set( {}, o );"
        b"metamethods_enable( o, true ); a[ 0 ] = o; println( sum( a ) ); println( sum( [ 1, null ] ) );",
    ),
    "a global that means another function": (
        "down$p(n)",
        b"function down( n ){ if( n <= 0 ) return 0; return 1 + down( n - 1 ); } println( down( 5 ) ); old = down;"
        b"function other(){ global down = function( n ){ return 1000; }; } other(); println( old( 5 ) );",
    ),
    "a global that is gone": (
        "down$p(n)",
        b"function down( n ){ if( n <= 0 ) return 0; return 1 + down( n - 1 ); } old = down;"
        b"_G = { println = println, old = old, pcall = pcall }; println( old( 0 ) ); pcall( function(){ println( old( 2 ) ); },"
        b" function( kind, text ){ println( text ); } );",
    ),
    "strings": (
        "count$p(s, i)",
        b"function count( s, i ){ if( i >= s.length ) return 0; return if( s[ i ] == 97, 1, 0 ) + count( s, i + 1 ); }"
        b"println( count( 'banana', 0 ), count( 'xyz', 1 ), count( '', 0 ) ); println( count( [ 97, 98 ], 0 ) );",
    ),
    "loops and branches inside": (
        "f$p(n)",
        b"function f( n ){ var s = 0; for( var i = 0; i < n; ++i ){ if( i % 2 == 0 && n > 1 ) s += i; else s -= 1; }"
        b" while( s > 100 ) s -= 7; if( n <= 0 ) return s; return s + f( n - 3 ); }"
        b"println( f( 40 ), f( 2 ), f( -1 ) ); println( f( 3.5 ) );",
    ),
    "sums that wrap on the way": (
        "return $f1$p(n - 1, big) + $f1$p(n - 2, big)",
        b"function f( n, big ){ if( n < 2 ) return big; return f( n - 1, big ) + f( n - 2, big ); }"
        b"println( f( 12, 9223372036854775807 ), ' ', f( 13, -9223372036854775807 ), ' ', f( 20, 1234567890123456789 ), ' ', f( 3, 1 ) );",
    ),
    "sums that are compared on the way": (
        "g$p(n, big)",
        b"function g( n, big ){ if( n < 2 ) return big; var s = g( n - 1, big ) + g( n - 2, big ); if( s < 0 ) return s - 1; return s % 1000; }"
        b"println( g( 12, 9223372036854775807 ), ' ', g( 13, -9223372036854775807 ), ' ', g( 5, 400 ) );"
        b"function h( n, big ){ return if( n < 2, big, if( h( n - 1, big ) + h( n - 2, big ) > 0, 1, -1 ) ); }"
        b"println( h( 7, 9223372036854775807 ), h( 7, 3 ), h( 7, -3 ) );",
    ),
    "products that wrap on the way": (
        "f$p(n)",
        b"function f( n ){ if( n <= 0 ) return 3; return f( n - 1 ) * f( n - 1 ) + n; } println( f( 3 ), ' ', f( 5 ), ' ', f( 8 ) );",
    ),
    "arguments at the bounds": (
        "<= n <= 4611686018427387904",
        b"function f( n, k ){ if( k <= 0 ) return n; return f( n + 1, k - 1 ); } m = 9223372036854775807;"
        b"println( f( m, 0 ), ' ', f( m, 1 ), ' ', f( m - 1, 3 ), ' ', f( 4611686018427387904, 5 ), ' ', f( 4611686018427387903, 5 ) );"
        b"function down( n, k ){ if( k <= 0 ) return n; return down( n - 7, k - 1 ); }"
        b"println( down( -m, 3 ), ' ', down( -4611686018427387904, 2 ), ' ', down( -m, 0 ) );",
    ),
    "no end": (
        "deep$p(n)",
        b"function deep( n ){ return 1 + deep( n + 1 ); }"
        b"function at( n ){ if( n == 0 ) return pcall( function(){ return deep( 0 ); }, function( kind, text ){"
        b" println( kind, text ); } ); return at( n - 1 ); } println( at( 5 ) ); println( at( 3 ) );",
    ),
    "sorted by a function without effects": (
        ".closed =",
        b"x = [ 3, 1, 2 ]; x.sort_custom( function( a, b ){ return b - a; } ); println( x );"
        b"function by( a, b ){ return a - b; } x.sort_custom( by ); println( x );"
        b"y = [ 3.5, 1, 2 ]; y.sort_custom( by ); println( y ); z = [ '3', '1' ]; z.sort_custom( by ); println( z );"
        b"x.sort_custom( function( a, b ){ return a * 10 / b - 10; } ); println( x );"
        b"x = [ 1, 0, 2 ]; x.sort_custom( function( a, b ){ return a % b; } ); println( x );"
        b"big = [ 9223372036854775807, -2, 5 ]; big.sort_custom( by ); println( big );",
    ),
    "counting loops": (
        "$range(",
        b"function f( n, by ){ var s = 0; for( var i = 0; i <= n; i += 3 ) s += i; println( s, i );"
        b" for( i = n; i < 2 * n; ++i ){ if( i == n + 2 ) continue; if( i > n + 5 ) break; s += i; } println( s, i );"
        b" for( var k = 1; k < n; k += by ){ s += k; if( s > 1000 || s < -1000 ) break; } println( s, k );"
        b" for( var j = 0; j < n; ++j ){ n -= 1; s += j; } println( s, j, n );"
        b" for( var o = 0; o < n; ++o ){ for( var p = o; p < n; ++p ){ if( p == 4 ) continue 2; if( o == 6 ) break 2; s += p; } }"
        b" println( s, o, p ); for( var q = 0; q < n; ++q ) q += 1; println( q ); }"
        b"f( 10, 2 ); f( 0, 1 ); f( -4, 3 ); f( 9, -1 ); f( 7.5, 1 ); f( '8', 1 );",
    ),
    "loops over the items of arrays": (
        "$zip(",
        b"function f( a, b, n ){ var s = 0; for( var i = 0; i < n; ++i ) s += a[ i ] * b[ i ]; println( s, ' ', i );"
        b" var m = a[ 0 ]; for( var i = 0; i < a.size; ++i ) if( a[ i ] > m ) m = a[ i ]; println( m, ' ', i );"
        b" var t = 0.0; for( var i = 0; i < n; ++i ){ t += a[ i ]; if( t > 3 ) break; } println( t, ' ', i ); }"
        b"f( [ 1, 2, 3 ], [ 4, 5, 6 ], 3 ); f( [ 1, 2, 3 ], [ 4, 5, 6 ], 2 ); f( [ 1.5, 2, '3' ], [ 4, null, 6 ], 3 );"
        b"f( [ 1 ], [ 2 ], 3 ); f( [ 1 ], [ 2 ], 0 ); f( 'abc', [ 1, 2, 3 ], 3 ); f( [ 4611686018427387904 ], [ 2 ], 1 );",
    ),
    "an operator that changes the array": (
        "$zip(",
        b"function f( a ){ var s = 0; for( var i = 0; i < 4; ++i ) s += a[ i ] + a[ i ]; println( s, ' ', i ); }"
        b"global list = [ 1, 2, 3, 4 ]; o = {}; metaobj_set( o, { __add = function( x, y ){"
        b" list[ 1 ] = 50; while( list.size > 3 ) list.pop(); return 7; } } ); metamethods_enable( o, true );"
        b"list[ 0 ] = o; f( list ); list = [ 1, o, 3, 4 ]; f( list );",
    ),
    "tables that count": (
        "in counts",
        b"function count( counts, key ){ if( isset( counts, key ) ) counts[ key ] += 1; else counts[ key ] = 1; }"
        b"t = {}; foreach( k : [ 'a', 'b', 'a', 5, null, 'b' ] ) count( t, k ); println( t ); m = map{}; count( m, 'x' );"
        b"count( m, 'x' ); println( m ); count( 5, 'x' ); a = [ 1, 2 ]; count( a, 1 ); println( a );"
        b"t = { a = 1 }; count( t, 'a' ); println( t ); isset = function( t, k ){ return false; }; count( t, 'a' ); println( t );",
    ),
    "tables in foreach": (
        "is $TableType",
        b"function words( list ){ var counts = {}; foreach( word : list ){ if( isset( counts, word ) ) counts[ word ] += 1;"
        b" else counts[ word ] = 1; if( counts[ word ] == 3 ) continue; if( word == 'stop' ) break; } return counts; }"
        b"println( words( [ 'a', 'b', 'a', 'a', 7, 'a' ] ) ); println( words( [ 'x', 'stop', 'y' ] ) ); println( words( {} ) );",
    ),
    "reals in a block": (
        "is $float",
        b"function f( list ){ foreach( p : list ){ var dx = p.x - 1.5, dy = p.y * 2.0; var d = dx * dx + dy * dy;"
        b" println( d, ' ', d / ( dx + dy + 0.25 ), ' ', dx < dy ); } }"
        b"f( [ { x = 1.0, y = 2.0 }, { x = 3, y = 4 }, { x = '5', y = true }, { x = 1.5, y = 0.0 }, {} ] );",
    ),
    "growing sums": (
        "9223372036854775807",
        b"function f( list ){ var s = 0; foreach( v : list ) s += v; return s; }"
        b"println( f( [ 9223372036854775807, 1 ] ), f( [ -9223372036854775807, -1, -1 ] ), f( [ 1e300, 1 ] ),"
        b" f( [ 2147483648, 2147483648 ] ), f( [ 9223372036854775807, 0.5 ] ) );",
    ),
    "appending": (
        "$append",
        b"function f( a, n ){ for( var i = 0; i < n; ++i ) a.push( tostring( i ) .. '!' ); return a; }"
        b"println( f( [], 3 ), f( [ 1 ], 0 ) ); f( { push = function( v ){ println( 'own ', v ); } }, 2 ); pcall( f, function( k, t ){ println( t ); } );"
        b"a = [ 7 ]; function once(){ array.push = function( v ){ println( 'replaced ', v ); }; return 'late'; }"
        b"a.push( once() ); println( a ); a.push( 'x' .. 1 ); println( a );",
    ),
    "text of several kinds": (
        "$type(a) is $int",
        b"function f( a, b ){ return a .. ':' .. b .. a; }"
        b"println( f( 1, 'x' ), f( null, 2.5 ), f( true, [ 1 ] ), f( '', '' ), f( -9223372036854775807 - 1, 0 ) );",
    ),
    "arithmetic over properties that gives way": (
        "$add($getprop(o, b'x'), d)",
        b"function step( o, d ){ o.x += d; return o.x * o.y + d; } class C { function __construct(){ this.y = 3; } }"
        b"foreach( x : [ 1, 2.5, '4', null, true, 9223372036854775807, [ 1 ] ] ) foreach( d : [ 2, '7', 1.5, null ] ){"
        b" println( pcall( function() use( x, d ){ var o = new C(); o.x = x; println( step( o, d ) ); println( o.x ); },"
        b" function( kind, text ){ println( text ); } ) ); }"
        b"m = metaobj_set( { x = 1 }, { __getindex = function( k ){ println( 'get ', k ); return 5; },"
        b" __setindex = function( k, v ){ println( 'set ', k, v ); } } ); metamethods_enable( m, true );"
        b"foreach( o : [ m, {}, 'text', step, null ] ) pcall( function() use( o ){ println( step( o, 2 ) ); },"
        b" function( kind, text ){ println( text ); } );",
    ),
    "conditions over properties that give way": (
        "$gt($getprop(o, b'x'), $getprop($getprop(o, b'in'), b'y'))",
        b"function above( o, k ){ return o.x > o.in.y && o.x / o.in.y < k; }"
        b"foreach( x : [ 1, 2.5, '4', null, [ 1 ] ] ) foreach( y : [ 2, '1', 0, null ] )"
        b" pcall( function() use( x, y ){ println( @above( { x = x, in = { y = y } }, 3 ) ); println( above( { x = x }, 3 ) ); },"
        b" function( kind, text ){ println( text ); } );",
    ),
    "items of known arrays that are not there": (
        "$add($getindex(a, 3), 2)",
        b"function sum( i, j ){ var a = [ 1, 2.5, '3', null ]; for( var k = 0; k < 2; ++k ){ i %= 7; j %= 7; if( i < 0 ) i = 0;"
        b" if( j < 0 ) j = 0; println( a[ i ] + a[ j ] ); a[ 3 ] += 2; } println( a[ 3 ] ); }"
        b"sum( 0, 1 ); sum( 2, 3 ); sum( 5, 1 ); sum( 1, 6 );",
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_copy(name: str) -> None:
    sign, script = SCRIPTS[name]
    engine = Engine(limits=Limits.none())
    try:
        assert sign in engine.compile(script.decode()).python
    finally:
        engine.close()
    for limited in (False, True):
        plain, optimised = outcome(script, False, limited), outcome(script, True, limited)
        assert optimised == plain
        assert plain[1] == "end", plain


HEADS = ("0; i < n; ++i", "0; i <= n; ++i", "1; i < n; i += 3", "-1; i < n; i += step", "0; i < 600; ++i")


@pytest.mark.parametrize("piece", [1, 3, 256])
@pytest.mark.parametrize(
    "body",
    [
        "a[ i ] = i;", "s += i;", "if( i == 5 ) continue; s += i;", "if( i == 5 ) break; s += i;",
        "if( i == 5 ) return i; s ^= i;", "s = a[ i ];", "a[ i ] = a[ 3 ]; if( s > 7 ) break; ++s;",
        "if( i == 4 ) continue 2; if( i == 6 ) break 2; s += i;", "s += i * 2 - i % 3 & 15;",
    ],
)  # fmt: skip
def test_loops_in_pieces(monkeypatch: pytest.MonkeyPatch, piece: int, body: str) -> None:
    """Limits are looked at between pieces of a counting loop; it stays one loop, whatever it does."""
    monkeypatch.setattr("interp.compiler.loops.PIECE", piece)
    functions = [
        f"function f{number}( n, step ){{ var a = array_sized( 700 ), s = 0; for( var o = 0; o < 2; ++o ){{"
        f" for( var i = {head} ){{ {body} }} println( s, ' ', i ); }} println( a.find( 5 ) ); }}"
        for number, head in enumerate(HEADS)
    ]
    calls = [f"f{number}( {n}, {1 + n % 2} );" for number in range(len(HEADS)) for n in (0, 1, 2, 6, 7, 300, -1)]
    script = "".join(functions + calls)
    with Engine(cache=False) as engine:
        assert "while True" in engine.compile(script).python
    assert outcome(script.encode(), True, True) == outcome(script.encode(), False, True)


def test_a_copy_is_given_up_once() -> None:
    """What bails out is computed again from its start, with each message once."""
    script = (
        b"function f( t ){ if( t === null ) return 0; return 1 + f( t[ 1 ] ); }"
        b"println( f( [ 1, [ 2, [ 3 ] ] ] ) ); println( f( [ 1, null ] ) );"
    )
    printed, _ = outcome(script, True, False)
    assert printed.count(b"Warning: Index out of bounds") == 1


def test_a_copy_is_one_call() -> None:
    """The trace of a message from within a copy, here of the depth under limits, shows the function once."""
    script = b"function f( n )\n{\n return 1 + f( n + 1 );\n}\nf( 1 );"
    traces = []
    for optimize in (False, True):
        engine = Engine(optimize=optimize, limits=Limits(depth=20))
        with pytest.raises(ScriptError, match=r"max\. call stack size reached") as raised:
            engine.run(script, name="t.sgs")
        engine.close()
        traces.append([(name, line) for name, _, line in raised.value.trace])
    assert traces[1] == traces[0]
    assert traces[1][:2] == [("<main>", 5), ("f", 3)]
    assert len(traces[1]) > 15
