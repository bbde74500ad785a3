"""Shapes of whole functions and loops that the compiler makes copies of, and what is given to them against expectation.

Rule of this file: as in `random_shapes.py`.
"""

# ruff: noqa: E501 - a piece of script reads better in one line
from __future__ import annotations

from typing import Any

from random_shapes import EDGES, Shapes


class FunctionShapes(Shapes):
    """The shapes of functions that compute, counting loops and counting in tables."""

    def shape_methods(self: Any, depth: int) -> list[str]:
        """Calls through classes; own entries and changes of classes come by keys that the text does not store itself."""
        r, n, i, o, p = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("o"), self.scope.fresh("o")
        name = r.choice(("get", "put", "who"))
        function = r.choice(("gf", "function( a ){ return this.x; }", "function( a, b ){ return a; }", "5", "null"))
        made = ("new P( 1 )", "new P( 2.5 )", 'new Q( "q" )', "new Q()", "P", "Q", "hooked()", "{}", "{ x = 7 }", "[ 1, 2 ]", "new V( 1, 2 )", "new P( 1, 2, 3 )")  # fmt: skip
        change = r.choice((
            f'{o}[ "{name}" ] = {function};', f'P[ "{name}" ] = {function};', f'Q[ "{name}" ] = {function};', f'unset( {o}, "{name}" );', f'unset( P, "{name}" );',
            f'unset( Q, "{name}" );', f"metaobj_set( {o}, Q );", f"metaobj_set( {o}, P ); metamethods_enable( {o}, true );", f"metaobj_set( {o}, null );",
            "metaobj_set( Q, V );", "metaobj_set( Q, P );", f"{o} = {r.choice(made)};", f"{o} = {p};", 'P[ "__construct" ] = gf;', 'Q[ "__construct" ] = function( a ){ this.x = a; };',
            'unset( Q, "__construct" );', 'P[ "__getindex" ] = function( k ){ return gf; };', 'unset( P, "__getindex" );', f"eval( 'function( o ){{ o.{name} = 6; }}' );",
            f"metamethods_enable( {o}, false );", f"{o} = clone( {o} );", f'{p}[ "{name}" ] = gf; {o} = {p};',
        ))  # fmt: skip
        calls = (
            f"{o}.{name}( {i} )", f"{o}.{name}()", f"{o}.{name}( {i}, 2, 3 )", f"{p}.{name}( 1.5 )", f"{o}.put( {i} ).get( 1 )", f"P.{name}( {i} )", f"Q.{name}( {i} )",
            f"( new P( {i} ) ).get( 0 )", f"( new Q( {i} ) ).{name}( {i} )", f"@{o}.{name}( {self.expr('int', 0)} )", f"{o}.{name}( {o}.x )", f"{o}.{name}( gf( {i} ) )",
        )  # fmt: skip
        return [
            f"var {o} = {r.choice(made)}, {p} = {r.choice(made)};",
            f"for( var {i} = 0; {i} < {n}; ++{i} )",
            "{",
            f"show( {r.choice(calls)} ); show( {r.choice(calls)} );",
            f"if( {i} == {r.randrange(n)} ) {{ {change} }}",
            "}",
        ]

    def shape_recursive(self: Any, depth: int) -> list[str]:
        """Functions of the program's own names that only compute and call themselves, with arguments they do not expect."""
        r = self.r
        self.scope.cost += 60 * self.scope.times
        # what ends a recursion soon: two calls in each pass, and a thousand passes deep, end in no time of ours
        args = ["0", "3", "4", "7", "2.5", "-1", "true", '"3"']
        odd = [*args, "null", '""', "[ 2, 3 ]", "[]", "[ null, [ null, null, 1 ], 2 ]", "9223372036854775807", "gf"]
        name, count = r.choice((("rec0", 1), ("rec1", 2), ("rec2", 2), ("rec3", 1), ("rec4", 2)))
        given = ", ".join(
            r.choice(odd if name == "rec2" else args) for _ in range(count + r.choice((0, 0, 0, 0, 1, -1)))
        )
        change = r.choice(
            ("",) * 5
            + (
                f"_G.{name} = gf;",
                f"_G.{name} = function( a, b ){{ return 5; }};",
                f'unset( _G, "{name}" );',
                f"var keep = {name}; _G.{name} = null; show( keep( 2, 1 ) );",
            )
        )
        return [
            f"show( {name}( {given} ) );",
            change,
            f"show( {name}( {r.choice(args)}, {r.choice(args)} ) );",
            r.choice(
                (
                    "",
                    f'show( [ 3, 1, 2.5, "2", null ].sort_custom( {name} ) );',
                    f"show( {name}.apply( 5, [ 4, 1 ] ) );",
                )
            ),
        ]

    def shape_counting_loop(self: Any, depth: int) -> list[str]:
        """A loop over a range: what its body, its limit or its step does to the counting."""
        r, i, a, n, t = (
            self.r,
            self.scope.fresh("i"),
            self.scope.fresh("a"),
            self.scope.fresh("n"),
            self.scope.fresh("t"),
        )
        self.rounds()
        start = r.choice(
            ("0", "0", "1", "-2", "3", "9223372036854775805", "9223372036854775806", "-9223372036854775808")
        )
        limit = r.choice((n, n, f"{a}.size", "4", "5", f"{t}.length" if self.chance(0.2) else n))
        value = (
            r.choice(("4", "0", "-1", "6", "9223372036854775807", "2.5", "null", '"3"', "9223372036854774784"))
            if not start.startswith("9")
            else r.choice(("9223372036854775807", "9223372036854775806", "9223372036854775805"))
        )
        if start.startswith("-9"):
            value = r.choice(("-9223372036854775806", "-9223372036854775808"))
        step = r.choice((f"++{i}", f"{i}++", f"{i} += 1", f"{i} += 2", f"{i} += {n}s", f"{i} += 1024", f"{i} += 1025"))
        body = r.choice((
            f"{t} += {i};", f"{t} = {t} + {a}[ {i} ];", f"{t} += {a}[ {i} ] * 2; if( {t} > 5 ) {t} -= {a}[ {i} ];", f"show( {i} );", f"{a}.push( {i} );", f"{a}.pop();", f"{t} = {i}; if( {i} == 2 ) break;", f"if( {i} & 1 ) continue; {t} += {i};",
            f"{a}[ {i} ] = {t}; {t} += 1;", f"{i} += 1;", f"{n} -= 1;", f"{n} = {i};", f"{t} $= {i};", f"{t} += {a}[ {i} ].x;", f"{t} += {a}[ {i} ]; {a} = [ 7, 8 ];", f"for( var {i}b = 0; {i}b < {n}; ++{i}b ) {{ {t} += {i}b - {i}; if( {i}b > 9 ) break; }}", f"{t} = {a}[ {i} ] $ {t};",
            f"{t} = {a}[ {i} ] + {a}[ {i} + 1 ];", f"{t} += {a}[ {i} ] + {t}; {t} += {a}[ {i} ];", f"if( {a}[ {i} ] == {t} ) {{ {t}++; continue; }} {t} = {a}[ {i} ];", f"if( {i} == 1 ) return {t};", f"{t} = {a}[ {i} ].push( 1 );", f"{t} += hooked() * {a}[ {i} ];",
        ))  # fmt: skip
        items = r.choice(
            (
                "[ 1, 2, 3, 4, 5 ]",
                "[ 1, 2 ]",
                "[]",
                '[ 0.5, 2, null, "4" ]',
                "[ new V( 1, 2 ), hooked(), 3 ]",
                "[ [ 1 ], [ 2 ], 5 ]",
                '"12345"',
                "{}",
                "array( 4 )",
            )
        )
        guard = (
            f"if( ++{t}w > 6 ) break; "
            if self.chance(0.5)
            or len(value) > 6
            or "start" in value
            or start.startswith(("9", "-9"))
            or f"{n}s" in step
            or "push" in body
            or ".length" in limit
            or f"{i} +=" in body
            else ""
        )
        return [
            f"var {a} = {items}, {n} = {value}, {t} = {r.choice(('0', '1', '0.5', 'null', chr(34) * 2))}, {n}s = {r.choice(('1', '2', '0', '-1', '0.5', 'null'))}, {t}w = 0;", r.choice(("", "", f"{n} = {n} + 0;", f"{n}s = 3;")),
            f"for( var {i} = {start}; {i} {r.choice(('<', '<', '<='))} {limit}; {step} )", "{", guard + body, "}", f"show( {i} ); show( {t} ); show( {a} ); show( {n} );",
        ]  # fmt: skip

    def shape_counting_in_tables(self: Any, depth: int) -> list[str]:
        """Tables counted in, from a function whose parameters are the table and the key, or in a loop."""
        r, i, d, k = self.r, self.scope.fresh("i"), self.scope.fresh("d"), self.scope.fresh("k")
        n = self.rounds()
        tables = (
            '{ [ "a" ] = 1 }',
            "{}",
            "{ a = 1 }",
            'map{ [ "a" ] = 1 }',
            "[ 1, 2 ]",
            "hooked()",
            "new V( 1, 2 )",
            "null",
            '"text"',
            '{ [ "a" ] = null, [ "b" ] = 2.5, [ "c" ] = "x", [ "d" ] = 9223372036854775807 }',
        )
        keys = ('"a"', '"b"', '"d"', '"c"', '"zz"', "1", "null", "0.5", '"x"', "[ 1 ]", "i")
        work = r.choice((
            f"if( isset( {d}, {k} ) ) {d}[ {k} ] += 1; else {d}[ {k} ] = 1;", f"{d}[ {k} ]++;", f"{d}[ {k} ] = {d}[ {k} ] + {i};", f"if( !isset( {d}, {k} ) ) {d}[ {k} ] = []; {d}[ {k} ].push( {i} );", f"show( {d}[ {k} ] ); {d}[ {k} ] *= 2;", f"tally( {d}, {k} );", f"tally( {d}, {k} ); {d}[ {k} ] -= 0.5;",
        ))  # fmt: skip
        change = r.choice(
            (
                "",
                "",
                f"{d} = {r.choice(tables)};",
                f"{k} = {r.choice(keys).replace('i', '5')};",
                f"unset( {d}, {k} );",
                "_G.isset = function( a, b ){ return true; };",
                f'metaobj_set( {d}, {{ __setindex = function( k, v ){{ print( "<set>" ); }} }} ); metamethods_enable( {d}, true );',
                f"{d}.freeze = 1;",
                "_G.tally = gf;",
            )
        )
        chosen = [r.choice(keys) for _ in range(3)]
        return [
            f"var {d} = {r.choice(tables)}, {k} = null, {i} = 0;", f"for( {i} = 0; {i} < {n}; ++{i} )", "{", f"{k} = [ {', '.join(chosen).replace('i', i)} ][ {i} % 3 ];", work, f"if( {i} == {r.randrange(n)} ) {{ {change} }}", "}",
            f"foreach( {k}, {i} : {d} ) {{ show( {k} ); show( {i} ); }}",
        ]  # fmt: skip


def recursive_functions(r: Any) -> list[str]:
    """Functions that only compute, some of which call themselves: the compiler makes closed copies of them."""
    op, other = r.choice("+-*"), r.choice("+-*")
    tests = ("a < 2", "a <= 0", "a === null", "a > 100 || a < 1", "!a", "a == 0")
    first = r.choice((
        f"function rec0( a ){{ if( {r.choice(tests[:2])} ) return {r.choice(('a', '1', '0.5', 'null', chr(34) + 's' + chr(34)))}; return rec0( a - 1 ) {op} rec0( a - 2 ); }}",
        f"function rec0( a ){{ if( a < 1 ) return {r.choice(EDGES)}; var t = rec0( a - 1 ) {op} a; return t; }}",
        f"function rec0( a ){{ return if( {r.choice(tests[:2])}, 1, a {op} rec0( a - 1 ) ); }}",
    ))  # fmt: skip
    second = r.choice((
        f"function rec1( a, b ){{ if( {r.choice(tests[:2])} ) return b; return rec1( a - {r.choice((1, 2, 0.5))}, b {op} {r.choice(('a', '1', '0.5', 'b'))} ); }}",
        f"function rec1( a, b ){{ if( a <= 0 ) return [ b, a ]; var l = rec1( a - 1, b {other} 1 ); return [ l, rec1( a - 2, b ), a ]; }}",
        "function rec1( a, b ){ return a - b; }", "function rec1( a, b ){ if( a < b ) return -1; if( a > b ) return 1; return 0; }", f"function rec1( a, b ){{ var t = a {op} b; if( t > 3 ) t = t - b; return t; }}",
    ))  # fmt: skip
    third = r.choice((
        f"function rec2( list, i ){{ if( i >= list.size ) return 0; return list[ i ] {op} rec2( list, i + 1 ); }}",
        "function rec2( text, i ){ if( i >= text.length ) return \"\"; return text[ i ] $ rec2( text, i + 1 ); }",
        f"function rec2( a, b ){{ var t = 0; for( var i = 0; i < a && i < 5; ++i ) t += i {op} b; if( t > 50 || a <= 0 ) return t; return rec2( a - 1, t ); }}",
        "function rec2( a, b ){ if( a <= 0 ) return b & 255; return ( rec2( a - 1, b * 31 + a ) ^ a ) % 1000; }",
    ))  # fmt: skip
    fourth = r.choice((
        "function rec3( t ){ if( t === null ) return 0; return 1 + rec3( t[ 0 ] ) + rec3( t[ 1 ] ); }", "function rec3( d ){ if( d <= 0 ) return null; return [ rec3( d - 1 ), rec3( d - 1 ), d ]; }",
        "function rec3( t ){ if( t.size == 0 ) return 1; var s = 0; for( var i = 0; i < t.size; ++i ) s += rec3( t[ i ] ); return s; }", "function rec3( a ){ g0 = a; if( a < 1 ) return a; return rec3( a - 1 ); }", "function rec3( a ){ if( a > 5 ) return missing_name; return rec3( a + 1 ) + 1; }",
    ))  # fmt: skip
    fifth = r.choice((
        "function rec4( a, b ){ if( b == 0 ) return a; return rec4( b, a % b ); }", "function rec4( a, b ){ if( a > b ) return 0; if( a == b ) return 1; return rec4( a + 1, b ) + rec4( a + 2, b ); }", f"function rec4( a, b ){{ if( a < 1 && b < 1 ) return a {op} b; if( a < 1 ) return rec4( b, 0 ) / 2; return rec4( a - 1, b - 1 ) {other} 0.5; }}",
    ))  # fmt: skip
    tally = r.choice(
        (
            "function tally( t, k ){ if( isset( t, k ) ) t[ k ] += 1; else t[ k ] = 1; }",
            "function tally( t, k ){ t[ k ] = t[ k ] + 1; return t[ k ]; }",
            "function tally( t, k ){ for( var i = 0; i < 2; ++i ) if( isset( t, k ) ) t[ k ] = t[ k ] + i; else t[ k ] = 0; }",
        )
    )
    return [first, second, third, fourth, fifth, tally]
