"""Shapes of code that the compiler has a fast path for, each with something in it that breaks the path's assumption.

Rules of this file: as in `random_programs.py`; a shape is a few lines of script whose holes are random expressions, and
whose loops are bounded by their own text. Shapes stand where statements stand, in functions and at the top level.
"""

# ruff: noqa: E501 - a piece of script reads better in one line
from __future__ import annotations

from typing import Any

# where the wrap check, the proof that there is no need for one, or an operand's own range ends
EDGES = (
    "2305843009213693951", "2305843009213693952", "2305843009213692928", "-2305843009213693952", "4611686018427387903",
    "4611686018427387904", "-4611686018427387904", "-4611686018427387905", "9223372036854775807",
    "-9223372036854775807", "9007199254740992", "9007199254740993", "-9007199254740993", "281474976710656",
)  # fmt: skip
STEPS = (
    "1",
    "2",
    "3",
    "1023",
    "1024",
    "1025",
    "2305843009213693951",
    "9223372036854775807",
    "0.5",
    "-1",
    "-1024",
    "true",
    "null",
    '"1"',
)
DIGITS = (
    '"0"',
    '"7"',
    '"007"',
    '"123456789012345678"',
    '"1234567890123456789"',
    '"9223372036854775808"',
    '"-5"',
    '"+5"',
    '" 5"',
    '"5 "',
    '"0x1f"',
    '"0b1"',
    '"1e3"',
    '""',
    '"\\xb2"',
    "12",
    "null",
    "1.9",
)


class Shapes:
    """The half of `Program` that writes shapes."""

    def shape(self: Any, depth: int) -> list[str]:
        """One shape."""
        names = [name for name in dir(self) if name.startswith("shape_")]
        lines: list[str] = getattr(self, self.r.choice(names))(depth)
        return lines

    def cut(self: Any, name: str) -> str:
        """Ends a string that would double without end."""
        return f'if( tostring( {name} ).length > 200 ) {name} = "cut";'

    def rounds(self: Any) -> int:
        """Passes of a shape's own loop, so that nested loops stay short."""
        few = self.scope.times > 12
        self.scope.cost += 20 * self.scope.times
        return 2 if few else int(self.r.randrange(2, 6))

    def written(self: Any) -> str:
        """A variable that may be assigned."""
        return str(self.r.choice(list(self.scope.kinds) or ["g0"]))

    # --- numbers -----------------------------------------------------------------------------------------------------

    def shape_counter_at_a_limit(self: Any, depth: int) -> list[str]:
        r, n, i, c = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("c")
        start = f"{r.choice(EDGES)} {r.choice('+-')} {r.randrange(5)}"
        step = r.choice((
            f"{c}++", f"++{c}", f"{c}--", f"{c} += {r.choice(STEPS)}", f"{c} -= {r.choice(STEPS)}",
            f"{c} = {c} + {r.choice(STEPS)}", f"{c} = {r.choice(STEPS)} + {c}", f"{c} *= {r.choice(('2', '-1', '3', '0.5'))}",
            f"{c} = {c} * 31 + {i}", f"{c} = ( {c} << {r.choice((1, 5, 63, 64, -1))} ) ^ {i}", f"{c} = -{c} - {i}", f"{c} = ~{c}",
            f"{c} = {c} % {r.choice(('7', '-7', '0', '1024', '2.5', '-1'))} + {r.choice(EDGES)}",
        ))  # fmt: skip
        read = r.choice(
            (
                f"{c}",
                f"{c} - 1",
                f"{c} + 1",
                f"{c} / 2",
                f"{c} % 10",
                f"{c} & 255",
                f"{c} >> 3",
                f"{c} * 1.0",
                f"{c} > 0",
                f"-{c}",
                f"{c} == {c} + 0.0",
            )
        )
        return [
            f"var {c} = {start};",
            f"for( var {i} = 0; {i} < {n}; ++{i} )",
            "{",
            f"{step};",
            f"show( {read} );",
            "}",
            f"show( {c} );",
        ]

    def shape_long_range(self: Any, depth: int) -> list[str]:
        """A counting loop that ends at the limit of ints, or is said to."""
        r, n, i, w = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("w")
        edge = r.choice(EDGES)
        up = self.chance(0.6)
        head = f"for( var {i} = {edge} {'-' if up else '+'} 2; {i} {r.choice(('<', '<=', '!=')) if up else r.choice(('>', '>=', '!='))} {edge} {r.choice('+-')} {r.randrange(3)}; {r.choice(('++', '--') if self.chance(0.1) else ('++',) if up else ('--',))}{i} )"
        return [
            f"var {w} = 0;",
            head,
            "{",
            f"if( ++{w} > {n} ) break;",
            f"show( {i} {r.choice('+-*')} {r.choice(STEPS)} );",
            "}",
            f"show( {w} );",
        ]

    def shape_numeric_for(self: Any, depth: int) -> list[str]:
        r, i, w = self.r, self.scope.fresh("r"), self.scope.fresh("w")
        n = self.rounds()
        if self.chance(0.5):
            args = r.choice(
                (
                    f"{n}",
                    f"1, {n}",
                    f"{n}, 0, -1",
                    "9223372036854775805, 9223372036854775807",
                    "-3, 9223372036854775807, 4611686018427387904",
                    f"{self.expr('int', 0)}, {self.expr('int', 0)}, 3",
                    f'"2", {n}',
                    f"0.5, {n}",
                    f"{self.written()}",
                )
            )
            head = f"for {i} : ( {args} )"
        else:
            args = r.choice(
                (
                    f"{n}",
                    f"0.5, {n}",
                    "2, 0, -0.5",
                    "1, 2, 0.25",
                    f"{self.expr('real', 0)}, {self.expr('real', 0)}, 1e3",
                    f"{self.written()}",
                )
            )
            head = f"for {i} : . ( {args} )"
        change = f"{i} = {self.expr(r.choice(('int', 'real', 'any')), 0)};" if self.chance(0.3) else ""
        return [
            f"var {w} = 0;",
            head,
            "{",
            f"if( ++{w} > {n} ) {r.choice(('break', 'break', 'return'))};",
            f"show( {i} + 1 );",
            change,
            "}",
            f"show( {i} );",
        ]

    def shape_mixed_operands(self: Any, depth: int) -> list[str]:
        """Each operator over each kind of operand; the variables' types change from pass to pass."""
        r, n, i, a, b = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("a"), self.scope.fresh("b")
        values = [
            "0",
            "7",
            "-3",
            "2.5",
            "-0.0",
            '"12"',
            '"3.5x"',
            '"abc"',
            "null",
            "true",
            "[ 1 ]",
            "{ x = 1 }",
            "gf",
            *r.sample(EDGES, 3),
        ]
        choose = f"[ {', '.join(r.sample(values, 4))} ]"
        op = r.choice(
            (
                "+",
                "-",
                "*",
                "/",
                "%",
                "&",
                "|",
                "^",
                "<<",
                ">>",
                "$",
                "..",
                "<",
                "<=",
                ">",
                ">=",
                "==",
                "!=",
                "===",
                "!==",
                "<=>",
                "&&",
                "||",
                "??",
            )
        )
        other = r.choice((b, r.choice(values), f"{i}"))
        return [
            f"var {a} = {r.choice(values)}, {b} = {r.choice(values)};",
            f"for( var {i} = 0; {i} < {n}; ++{i} )", "{",
            f"show( {a} {op} {other} );",
            f"if( {a} {r.choice(('<', '<=', '==', '!=', '>'))} {other} ) show( {other} {r.choice('+-*')} {a} );",
            f"{a} = {choose}[ {i} % 4 ];",
            r.choice(("", f"{b} = {choose}[ {i} % 3 ];", f"{b} {r.choice(('+', '-', '*', '|', '<<', '??', '||', '&&', '$', '%'))}= {a};")),
            self.cut(b), "}",
        ]  # fmt: skip

    def shape_comparison_chain(self: Any, depth: int) -> list[str]:
        def test() -> str:
            return str(self.condition(0))

        r = self.r
        chain = f"{test()} {r.choice(('&&', '||'))} {test()} {r.choice(('&&', '||'))} !( {test()} )"
        value = self.written()
        cases = "else ".join(
            f"if( {value} {r.choice(('==', '===', '<', '!='))} {r.choice(('1', '0', chr(34) + 'a' + chr(34), 'null', '2.5', 'true', '-1'))} ) show( {i} );\n"
            for i in range(3)
        )
        return [
            f"show( {chain} );",
            f"if( {chain} ) show( 1 ); else show( 2 );",
            f"{cases}else show( {value} );",
            f"show( if( {test()}, {self.expr('int', 0)}, if( {chain}, 1, 2.5 ) ) );",
        ]

    # --- objects -----------------------------------------------------------------------------------------------------

    def shape_tree_over_properties(self: Any, depth: int) -> list[str]:
        """Arithmetic over properties in a loop in which the properties stop being reals."""
        r, n, i, p, q = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("p"), self.scope.fresh("q")
        obj = r.choice(
            (
                "{ x = 1.5, y = 2.0, z = 0.5 }",
                "new V( 0.5, 2.5 )",
                "new W( 1.5, 3.5 )",
                "hooked()",
                "new V( 1, 9223372036854775807 )",
                '{ x = "3", y = null }',
                "map{ x = 1.5 }",
            )
        )
        change = r.choice((
            f"{p}.x = {self.expr('any', 0)};", f"{p} = {self.expr('dict', 0)};", f"unset( {p}, \"x\" );", f"{q}.y = \"2.5\";", f"{p}.x = 1;",
            f"{q} = null;", f"{p}.x = 9223372036854775807;", f"{p} = {q};", f"metaobj_set( {p}, V );", "_G.sqrt = 5;", f"{q}.sqrt = sqrt;", f"{p} = [ 1, 2 ];",
        ))  # fmt: skip
        tree = r.choice((
            f"{p}.x * {q}.y + {p}.y", f"( {p}.x - {q}.x ) * ( {p}.x - {q}.x ) + {p}.y * {q}.y", f"sqrt( {p}.x * {p}.x + 1.0 )", f"{p}.x / {q}.y - {p}.z",
            f"{p}.x + 1", f"{p}.y * 2 - {i}", f"{p}.x * 0.5 + {self.written()}", f"{p}.a.x + {p}.x", f"-{p}.x + {q}.y", f"{p}.x * {p}.y * {q}.x * {q}.y",
        ))  # fmt: skip
        store = r.choice(
            (
                f"{p}.x += {tree};",
                f"{p}.y -= {q}.x * 0.5;",
                f"{q}.y *= {p}.x;",
                f"{p}.x = {tree};",
                f"var {p}t = {tree}; show( {p}t );",
                f"{p}.{r.choice('xyw')} += 1;",
                f"{p}.x++; --{q}.y;",
            )
        )
        return [
            f"var {p} = {obj}, {q} = {r.choice((p, 'new V( 2.5, 1.5 )', '{ x = 0.5, y = 1.5 }'))};",
            f"for( var {i} = 0; {i} < {n}; ++{i} )", "{", f"show( {tree} );", store, f"if( {i} == {r.randrange(n)} ) {{ {change} }}", "}", f"show( {p}.x ); show( {q}.y );",
        ]  # fmt: skip

    def shape_method_changes(self: Any, depth: int) -> list[str]:
        r, n, i, o = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("o")
        change = r.choice((
            "V.m = function( a ){ return this; };", f"{o}.m = function( a ){{ return a; }};", f"metaobj_set( {o}, W );", f"{o} = new W( 3, 4 );", f"{o} = 5;", f"{o} = null;",
            f"{o}.m = 6;", "unset( V, \"m\" );", f"metaobj_set( {o}, null );", "V.sum = V.m;", f"{o} = hooked();", "W.k = 9;", f"{o}.k = 3;", "V.__construct = function( a ){ this.q = a; };",
            "_G.V = W;", f"{o}.x = {self.expr('any', 0)};", f"{o}.new_entry = 1;", "V.m = gf;", "metaobj_set( V, { m = gf, late = 4 } );",
        ))  # fmt: skip
        call = r.choice(
            (
                f"{o}.m( {i} )",
                f"{o}.sum()",
                f"{o}.k",
                f"( new V( {i}, 1 ) ).sum()",
                f"{o}.m( {i}, 2, 3 )",
                f"{o}.m()",
                f"{o}!V.m( {i} )",
                f"V.m.apply( {o}, [ {i} ] )",
                f"{o}.late",
                f"{o} + 1",
                f"{o} < {i}",
            )
        )
        return [
            f"var {o} = new {r.choice('VW')}( {self.expr('int', 0)}, {self.expr('real', 0)} );",
            f"for( var {i} = 0; {i} < {n}; ++{i} )",
            "{",
            f"show( {call} );",
            f"if( {i} == {r.randrange(n)} ) {{ {change} }}",
            "}",
        ]

    def shape_multi_set(self: Any, depth: int) -> list[str]:
        r, o = self.r, self.place("dict")
        return [r.choice((
            f"{o}.{{ x = {self.expr('int', 0)}, q = {self.expr('real', 0)} }};",
            f"{o}[]{{ [ {self.expr('string', 0)} ] = {self.expr('int', 0)}, y = 2 }};",
            f"show( ( new V( 1, 2 ) ).{{ x = {self.expr('any', 1)} }}.x );",
            f"show( {o}.( {self.expr('string', 0)} ) );", f"{o}.( \"x\" ) = {self.expr('int', 0)};", f"show( {o}.\"x\" ); show( {o}.5 );", f"show( \"abc\".( \"length\" ) ); show( 5[ 1 ] ); show( \"abc\"[ {self.index()} ] );",
            f"{o}.x ??= {self.expr('int', 0)}; {o}[ \"q\" ] ||= {self.expr('int', 0)}; {o}.q &&= 2;", f"show( {o}.x++ ); show( --{o}.y ); show( {o}[ \"x\" ]++ );", f"show( {o}.x += {self.expr('any', 1)} );",
            f"show( {o}!gf( {self.expr('int', 0)} ) ); show( null!V.sum() );",
        ))]  # fmt: skip

    # --- arrays, strings, known natives ------------------------------------------------------------------------------

    def shape_array_loop(self: Any, depth: int) -> list[str]:
        """A loop without calls over arrays, of which there are two copies; sometimes they are no arrays."""
        r, i, a, b, t = (
            self.r,
            self.scope.fresh("i"),
            self.scope.fresh("a"),
            self.scope.fresh("b"),
            self.scope.fresh("t"),
        )
        n = self.rounds()
        what = (
            "[ 1, 2, 3, 4 ]",
            "[ 0.5, 1.5 ]",
            '[ "1", null, true, 4 ]',
            "array( 3 )",
            "{ [ 0 ] = 5, [ 1 ] = 6 }",
            '"text"',
            "null",
            "[ [ 1, 2 ], [ 3 ] ]",
            "map{ [ 1 ] = 2 }",
            "5",
        )
        key = r.choice(
            (
                i,
                f"{i} + 1",
                f"{i} - 1",
                f"{n} - {i}",
                f"{i} * 2",
                f"{i} / 2",
                f"{i} % 3",
                "0",
                f"{t}",
                f"-{i}",
                "1.5",
                "null",
                '"1"',
                f"{a}[ {i} ]",
            )
        )
        work = [r.choice((
            f"{t} += {a}[ {key} ];", f"{t} = {t} + {a}[ {i} ] * {b}[ {key} ];", f"{a}[ {key} ] = {t};", f"{b}[ {i} ] = {a}[ {key} ];", f"{a}[ {key} ] += {i};", f"{a}[ {key} ]++;", f"{b}[ {key} ] *= 2;",
            f"if( {a}[ {key} ] > {b}[ {i} ] ) {t} = {a}[ {key} ];", f"{t} = {a}[ {i} ][ {key} ];", f"{a}[ {i} ][ {key} ] = {t};", f"if( {a}.size > {i} ) {t} += {a}.size;", f"{t} {r.choice('&|^')}= {a}[ {key} ];",
            f"if( {i} == 1 ) {r.choice(('break', 'continue'))};",
        )) for _ in range(r.randrange(1, 4))]  # fmt: skip
        if self.chance(0.25):
            work.append(r.choice((f"{a} = {b};", f"if( {i} == 1 ) {b} = {r.choice(what)};", f"{i} = {i} + 0.5;")))
        loop = r.choice((
            f"for( var {i} = 0; {i} < {r.choice((str(n), f'{a}.size && {i} < 6', f'{b}.size && {i} < 6'))}; ++{i} )", f"for( var {i} = {n}; {i} >= {r.choice((0, -1))}; --{i} )", f"for {i} : ( {n} )",
        ))  # fmt: skip
        return [f"var {a} = {r.choice(what[:4] if self.chance(0.7) else what)}, {b} = {r.choice((a, *what[:4]) if self.chance(0.7) else what)}, {t} = {r.choice(('0', '1', '0.5', chr(34) * 2))};",
                loop, "{", *work, f"if( {t} === null ) {t} = 1;", "}", f"show( {a} ); show( {b} ); show( {t} );"]  # fmt: skip

    def shape_push(self: Any, depth: int) -> list[str]:
        r, n, i, a = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("a")
        change = r.choice((
            "array.push = gf;", f"{a}.push = gf;", f"{a} = null;", f"{a} = {{ push = gf }};", "_G.array = { push = gf };", f"{a} = [ 5 ];", f"{a}.clear();", "unset( array, \"push\" );",
            f"metaobj_set( {a}, {{ push = gf }} );", f"{a} = new V( 1, 2 );", f"{a}.push( {a} );", "",
        ))  # fmt: skip
        item = r.choice(
            (
                i,
                f"{a}.size",
                a,
                self.expr("int", 1),
                self.expr("any", 1),
                f"{i} * 0.5",
                f"{a}.pop()",
                "missing_name",
                f"( {a} = [ 7 ] )",
            )
        )
        target = r.choice((a, a, a, f"( {a} )", f"{a}.x", f"{a}[ 0 ]"))
        return [f"var {a} = {r.choice(('[]', '[ 1, 2 ]', 'array( 2 )', '[ [] ]', 'null'))};", f"for( var {i} = 0; {i} < {n}; ++{i} )", "{", f"{target}.push( {item} );", f"show( {a} );", f"if( {i} == {r.randrange(n)} ) {{ {change} }}", "}",
                r.choice(("", f"show( {a}.capacity );", f"{a}.reserve( 20 ); {a}.push( 1 ); show( {a}.capacity );", f"show( {a}.push( 3 ) );", f"{a}.push( 1, 2 ); show( {a} );"))]  # fmt: skip

    def shape_known_natives(self: Any, depth: int) -> list[str]:
        """Natives with a short form, whose names may come to mean something else while the loop runs."""
        r, n, i, s = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("s")
        change = r.choice((
            "_G.toint = gf;", "string_part = function( a, b, c ){ return b; };", "_G.isset = function( a, b ){ return 3; };", "_G.sqrt = toint;", "sin = null;", "unset( _G, \"cos\" );",
            f"{s} = 5;", f"{s} = null;", f"{s} = {{ a = 1, b = 2 }};", "toint = toreal;", "", "",
        ))  # fmt: skip
        at = r.choice(
            (
                i,
                f"{i} - 1",
                "-1",
                "2",
                "9",
                "0.5",
                '"1"',
                "null",
                f"{s}.length",
                "4611686018427387904",
                "9223372036854775807",
            )
        )
        count = r.choice(("1", "0", "2", "-1", "100", i, "1.5", "null", "9223372036854775807"))
        table = r.choice(
            (
                "{ a = 1, b = 2 }",
                "{ [ 1 ] = 2 }",
                'map{ [ "a" ] = 1 }',
                "[ 1, 2 ]",
                "new V( 1, 2 )",
                '"abc"',
                "null",
                "hooked()",
                s,
                '{ [ "a" ] = null, b = 1 }',
            )
        )
        call = r.choice((
            f"toint( {r.choice(DIGITS)} )", f"toint( {s} )", f"toint( string_part( {s}, {at}, {count} ) )", f"string_part( {s}, {at}, {count} )", f"string_part( {s}, {at} )", f"isset( {table}, {r.choice((s, chr(34) + 'a' + chr(34), '1', 'null', chr(34) + 'x' + chr(34)))} )",
            f"sqrt( {self.expr('real', 0)} ) * 2.0", f"sqrt( {i} * 1.0 ) + sin( {i} / 2 )", f"cos( {self.written()} ) - 1.5", f"{s}[ {at} ]", f"{s}.length + {i}", f"( {s} $ {i} ).length", f"sqrt( -1.0 ) + {i}",
            f"abs( {i} - 2.5 )", f"isset( {table}, {s}, 1 )", "toint()", f"null!toint( {s} )", f"{s}.toint( 5 )", f"{s}[ {i} ] {r.choice(('==', '<', '+', '&'))} {r.choice(('97', chr(34) + 'a' + chr(34), i))}",
        ))  # fmt: skip
        return [
            f"var {s} = {r.choice(('a', '12', 'abcdef', '5', '')).__repr__().replace(chr(39), chr(34))};",
            f"for( var {i} = 0; {i} < {n}; ++{i} )",
            "{",
            f"show( {call} );",
            f"if( {i} == {r.randrange(n)} ) {{ {change} }}",
            "}",
        ]

    def shape_foreach_changed(self: Any, depth: int) -> list[str]:
        r, k, v, a = self.r, self.scope.fresh("k"), self.scope.fresh("v"), self.scope.fresh("a")
        source = r.choice(
            (
                "[ 1, 2.5, null ]",
                "{ x = 1, y = 2 }",
                '{ [ "k" ] = 1, [ 2 ] = 3 }',
                "map{ a = 1, [ 2 ] = 3 }",
                '"abc"',
                "new V( 1, 2 )",
                "[ 1, 2 ].iterator()",
                "null",
                "5",
                "_G.missing",
                "hooked()",
                "[]",
                "{}",
            )
        )
        change = r.choice((
            f"{a}.push( 3 );", f"{a}.pop();", f"{a} = null;", f"{a}[ 0 ] = 9;", f"{a}.x = 4;", f"{a}.fresh = 3;", f"{a}[ \"later\" ] = 1;", f"{a} = [ 7, 8 ];", f"{v} = {self.expr('any', 0)};", f"{k} = 5;",
            f"unset( {a}, \"x\" );", f"{a}.clear();", "break;", "continue;", "return 3;", f"foreach( {v} : [ 4, 5 ] ) show( {v} );", "",
        ))  # fmt: skip
        self.rounds()
        head = r.choice((f"{k}, {v}", f"{v}", f"{k},"))
        if head == f"{v}":
            return [
                f"var {a} = {source}, {k} = 0;",
                f"foreach( {v} : {a} )",
                "{",
                f"show( {v} ); if( {k}++ == {r.randrange(3)} ) {{ {change} }}",
                f"if( {k} > 8 ) break;",
                "}",
                f"show( {v} );",
            ]
        seen = k if head == f"{k}," else v
        return [
            f"var {a} = {source}, {seen}n = 0;",
            f"foreach( {head} : {a} )",
            "{",
            f"show( {seen} ); if( {seen}n++ == {r.randrange(3)} ) {{ {change} }}",
            f"if( {seen}n > 8 ) break;",
            "}",
            f"show( {k} );",
        ]

    # --- functions ---------------------------------------------------------------------------------------------------

    def shape_captured_counter(self: Any, depth: int) -> list[str]:
        r, n, i, c, f = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("c"), self.scope.fresh("h")
        inner = r.choice(
            (
                f"{c}++; return {c};",
                f"{c} += a; return {c};",
                f"{c} = {c} * 2 + a; return {c};",
                f"if( a > 0 ) return {f}( a - 1 ) + 1; return {c};",
                f'{c} = "s"; return a;',
                f"return function() use( {c} ){{ ++{c}; return {c}; }};",
                f"{c} = null;",
                f"for( var {i}x = 0; {i}x < 3; ++{i}x ) {c} += {i}x; return {c};",
            )
        )
        use = r.choice(
            (
                f"show( {f}( {i} ) );",
                f"{c} = {c} + {f}( {i} );",
                f"{c} += {f}( {i} ); show( {c} );",
                f"show( {c} * 2 + {f}( 1 ) );",
                f"show( {f}( {i} ) + {f}( {c} ) );",
                f"{c}++; {f}( 1 ); show( {c} );",
                f"show( [ {c}, {f}( 1 ), {c} ] );",
            )
        )
        return [
            f"var {c} = {r.choice(('0', '1', '9223372036854775806', '0.5', chr(34) + '4' + chr(34)))};",
            f"var {f} = null;",
            f"{f} = function( a ) use( {c}, {f} ){{ {inner} }};",
            f"for( var {i} = 0; {i} < {n} && {c} < 1000; ++{i} )",
            "{",
            use,
            f"if( {i} == 2 ) {c} = {r.choice(EDGES)};",
            self.cut(c),
            "}",
            f"show( {c} );",
        ]

    def shape_nested_function(self: Any, depth: int) -> list[str]:
        r, f = self.r, self.scope.fresh("n")
        body = r.choice((
            "if( a <= 0 ) return b; return {f}( a - 1, b {op} a );", "if( a < 2 ) return a; return {f}( a - 1 ) + {f}( a - 2 );", "return a {op} b;", "return a, b;", "return;", "a {op}= b; return a;",
            "var t = 0; for( var i = 0; i < a && i < 5; ++i ) t += i {op} b; return t;", "if( a ) return a; else return b;", "return va_get_args().size;", "for( ;; ){ return a; }", "while( a > 0 ){ a -= 1; if( b ) return a; } return b;",
        )).replace("{f}", f).replace("{op}", r.choice("+-*"))  # fmt: skip
        args = r.choice(
            (
                f"{r.randrange(5)}, {self.expr('int', 0)}",
                f"3, {self.expr('real', 0)}",
                f'"2", {self.expr("string", 0)}',
                "4",
                "",
                "2, 3, 4",
                f"null, {self.expr('any', 0)}",
                f"1.5, {self.expr('array', 0)}",
            )
        )
        again = r.choice(
            (
                "",
                f"{f} = gf; show( {f}( 1 ) );",
                f"show( {f}.apply( 5, [ 1, 2 ] ) );",
                f"pcall( {f} );",
                f"show( {f} == {f} );",
            )
        )
        return [
            f"function {f}( a, b ){{ {body} }}",
            f"show( {f}( {args} ) );",
            f"show( {f}( {r.randrange(4)}, 0.5 ) );",
            again,
        ]

    def shape_defer(self: Any, depth: int) -> list[str]:
        r, i = self.r, self.scope.fresh("i")
        name = self.written()
        deferred = r.choice(
            (
                f"show( {self.expr('int', 0)} );",
                f"{name} = {self.expr('int', 0)};",
                f"{{ show( {name} ); defer show( 5 ); }}",
                f"if( {self.condition(0)} ) show( 1 );",
                f"{name}++;",
            )
        )
        n = self.rounds()
        leave = r.choice(
            (
                "break;",
                "continue;",
                "",
                f"return {name};" if self.chance(0.3) else "",
                '{ defer show( "in" ); continue; }',
            )
        )
        return [
            f"for( var {i} = 0; {i} < {n}; ++{i} )",
            "{",
            f"defer {deferred}",
            f"if( {i} == 1 ) {leave or ';'}",
            f"show( {i} );",
            "}",
            f"{{ defer {deferred} show( {name} ); }}",
        ]

    def shape_leave_levels(self: Any, depth: int) -> list[str]:
        """Loops within loops, left by number."""
        r = self.r
        levels = r.choice((2, 2, 3)) if self.scope.times < 10 else 2
        if self.scope.times == 1 and self.chance(0.02):
            levels = 14
        self.scope.cost += 3 ** min(levels, 4) * self.scope.times
        names = [self.scope.fresh("l") for _ in range(levels)]
        passes = 2 if levels < 5 else 1
        lines: list[str] = []
        for name in names:
            lines.append(
                r.choice(
                    (
                        f"for( var {name} = 0; {name} < {passes}; ++{name} )",
                        f"for {name} : ( {passes} )",
                        f"foreach( {name} : [ 0, 1 ] )" if passes == 2 else f"foreach( {name} : [ 0 ] )",
                    )
                )
            )
            lines += ["{", f"if( {name} == 1 ) show( {name} );"]
        word = r.choice(("break", "continue"))
        lines.append(f"if( {names[-1]} == {r.randrange(2)} ) {word} {r.randrange(1, levels + 1)};")
        lines.append(f"show( {names[-1]} + {names[0]} );")
        if self.chance(0.3):
            lines.append(f"if( {names[0]} == 1 ) {r.choice(('break', 'continue'))} {levels};")
        if self.chance(0.1):
            lines.append(f"if( {names[-1]} == 1 ) return {names[0]};")
        for name in names[:0:-1]:
            lines += ["}", f"show( {name} );"]
        return [*lines, "}"]

    def shape_global_counter(self: Any, depth: int) -> list[str]:
        r, n, w = self.r, self.rounds(), self.scope.fresh("w")
        g = r.choice(("g0", "g1", "gc"))
        self.scope.cost += 10
        body = r.choice(
            (
                f"show( {g} );",
                f"{g} += {self.expr('int', 0)};",
                f"_G.{g}++;",
                f"gf = {g};",
                f"{g} = gf( {g} );",
                f"thrice( function( i ){{ _G.{g} = i; return i; }} );",
                f'unset( _G, "{g}" );',
                f"var {w}l = {g}; {w}l++; show( {w}l - {g} );",
            )
        )
        return [
            f"var {w} = 0;",
            f"for( {g} = {self.expr('int', 0)}; {g} < {n}; {r.choice(('++' + g, g + ' += 1', g + '++', g + ' = ' + g + ' + 1'))} )",
            "{",
            f"if( ++{w} > {n} ) break;",
            body,
            "}",
            f"show( {g} );",
        ]

    def shape_late_types(self: Any, depth: int) -> list[str]:
        """A variable read before it is assigned, or of a type that a later pass changes."""
        r, n, i, v, u = self.r, self.rounds(), self.scope.fresh("i"), self.scope.fresh("v"), self.scope.fresh("u")
        kind, other = r.choice(("int", "real", "string", "array", "dict")), r.choice(("int", "real", "string", "any"))
        use = r.choice(
            (
                f"show( {v} + {u} );",
                f"show( {v} $ {u} );",
                f"{u} = {v} - 1;",
                f"show( {v}[ {i} ] );",
                f"show( {v}.length ); show( {v}.size );",
                f"{v} += 1;",
                f"{v}++;",
                f"show( {v} < {u} );",
                f"{u} += {v} * {i};",
                f"show( -{v} );",
                f"show( {v} & 7 );",
                f"if( {v} ) show( {u} ); else show( 0 );",
            )
        )
        first = (
            f"var {v}, {u} = {self.expr(other, 0)};" if self.chance(0.4) else f"var {v} = {self.expr(kind, 0)}, {u};"
        )
        return [
            first,
            f"for( var {i} = 0; {i} < {n}; ++{i} )",
            "{",
            use,
            f"if( {i} == {r.randrange(n)} ) {v} = {self.expr(other, 1)};",
            f"else if( {i} == {r.randrange(n)} ) {u} = {self.expr(kind, 1)};",
            self.cut(v),
            self.cut(u),
            "}",
        ]

    def shape_command(self: Any, depth: int) -> list[str]:
        r = self.r
        return [r.choice((
            f"print {self.expr('int', 1)}, {self.expr('string', 0)}, \"\\n\";", f"println {self.expr('real', 0)};", 'include "math";', f"show( @( {self.expr('any', 1)} ) );", f"show( [ 3, 1, 2 ].sort_custom( function( a, b ){{ return {r.choice(('a - b', 'b - a', 'a <=> b', '0.5', 'null'))}; }} ) );",
            f"show( eval( {chr(34)}return {r.choice(('1 + 2', 'g0', 'missing', '[ 1 ].size'))};{chr(34)} ) );", f"( {self.written()}, _G.g2 ) = two( {self.expr('int', 0)} );", f"show( ( {self.expr('int', 0)}, {self.expr('real', 0)} ) );",
            f"{{ var t = thread gf( {self.expr('int', 0)} ); show( t.running ); }}", "show( process_threads() );", f"show( {self.expr('real', 0)} {r.choice(('===', '==', '<=>'))} {self.expr('int', 0)} );", f"show( {self.written()} = {self.expr('any', 1)} );",
        ))]  # fmt: skip
