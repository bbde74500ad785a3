"""Random scripts that attack the optimiser's assumptions: one seed, one program, always the same.

Rules of this file: every program ends (loops are bounded by construction or by a counter of their own, functions call
only later ones), runs in well under a second, and prints nothing that may differ between two runs; whatever else a
script may do to a compiler that guesses is welcome: ints at the limits, variables that change their type, globals and
natives that are replaced, arrays that are replaced or grow in loops, hooks, getters, aliases, errors in every place.
"""

# ruff: noqa: E501 - a piece of script reads better in one line
from __future__ import annotations

import random

from random_functions import FunctionShapes, recursive_functions

INTS = (
    "0", "1", "-1", "2", "3", "7", "-3", "10", "100", "255", "256", "977", "1024", "65536", "1073741823",
    "1073741824", "-1073741824", "2147483647", "2147483648", "4294967296", "1099511627776", "2305843009213693952",
    "4611686018427387903", "4611686018427387904", "9223372036854775806", "9223372036854775807",
    "-9223372036854775807", "-9223372036854775808", "( -9223372036854775807 - 1 )", "0x7fffffff",
)  # fmt: skip
REALS = ("0.0", "-0.0", "0.5", "1.0", "-1.5", "2.0", "3.75", "1e10", "1e300", "-1e308", "1e-300", "9.3e18", "0.1")
STRINGS = ('""', '"a"', '"abc"', '"12"', '"3.5"', '"-7"', '"0x1f"', '"xyz"', '"length"', '"\\xff\\x00z"', '"1e5"')
BINARY = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
ORDER = ("<", "<=", ">", ">=", "==", "!=", "===", "!==", "<=>")
KEYS = ("x", "y", "z", "size", "length", "first", "m")
KINDS = ("int", "real", "string", "array", "dict", "any")
BUDGET = 4000

PROLOGUE = """\
function show( v ){
	if( typeof( v ) == "array" ){ print( "[" ); foreach( e : v ) print( typeof( e ), " " ); println( "]" ); }
	else if( is_object( v ) ) println( typeof( v ) );
	else println( typeof( v ), " ", v );
	return v;
}
function is_object( v ){ var t = typeof( v ); return !( t == "null" || t == "bool" || t == "int" || t == "real" || t == "string" || t == "func" || t == "cfunc" ); }
function handler( type, text ){ println( "! ", type, " ", text ); }
"""
CLASSES = """\
class V
{
	function __construct( x, y ){ this.x = x; this.y = y; }
	function m( a ){ this.x += a; return this.x; }
	function sum(){ return this.x + this.y; }
	function __add( a, b ){ return 5; }
	function __compare( a, b ){ return 1; }
	function __get_z(){ print( "<z>" ); return 3; }
	function __set_w( v ){ print( "<w>" ); }
}
class W : V
{
	global k = 4;
	function m( a ){ return 100; }
}
class P
{
	function __construct( x ){ this.x = x; }
	function get( a ){ return this.x; }
	function put( a ){ this.x = a; return this; }
	function who(){ return "P"; }
}
class Q : P
{
	function __construct( x ){ this.x = show( x ); }
	function get( a ){ return [ a ]; }
}
function hooked()
{
	var o = { x = 1, y = 2.5 };
	metaobj_set( o, { __getindex = function( k ){ print( "<", k, ">" ); return 9; }, __mul = function( a, b ){ return 0.5; },
		__call = function( t, a ){ return 77; }, __tobool = function(){ return false; } } );
	metamethods_enable( o, true );
	return o;
}
"""


class Scope:
    """The function being written: what its variables are meant to hold, how often its text runs at most."""

    def __init__(self, params: list[str], captured: list[str]) -> None:
        self.kinds: dict[str, str] = {}
        self.params = params
        self.captured = captured
        self.method = False
        self.counters: list[str] = []
        self.times = 1
        self.cost = 0
        self.names = 0
        self.loops = 0

    def fresh(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"


class Program(FunctionShapes):
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.costs: dict[str, int] = {}
        self.arity: dict[str, int] = {}
        self.callees: dict[str, str] = {}  # how each function is called: methods on an object
        self.scope = Scope([], [])
        self.wild = self.r.choice((0.02, 0.06, 0.15))  # how often an operand has any type

    def chance(self, share: float) -> bool:
        return self.r.random() < share

    # --- expressions -------------------------------------------------------------------------------------------------

    def variables(self, kind: str) -> list[str]:
        """Names meant to hold a kind."""
        return [name for name, held in self.scope.kinds.items() if held == kind]

    def expr(self, kind: str, depth: int = 2) -> str:
        """An expression that mostly has the kind."""
        if self.chance(self.wild):
            kind = self.r.choice(KINDS)
        if kind == "any":
            return self.any_expr(depth)
        names = self.variables(kind)
        if kind == "dict" and self.scope.method and self.chance(0.4):
            return "this"
        if names and self.chance(0.6 if depth <= 0 else 0.35):
            return self.r.choice(names)
        return str(getattr(self, "make_" + kind)(depth - 1))

    def base(self, kind: str) -> str:
        """An expression that may stand before a dot or a bracket."""
        text = self.expr(kind, 0)
        return text if text.isidentifier() else f"( {text} )"

    def place(self, kind: str) -> str:
        """A variable, mostly of the kind, whose entries are written."""
        names = self.variables(kind)
        if kind == "dict" and self.scope.method and self.chance(0.5):
            return "this"
        if names and not self.chance(self.wild):
            return self.r.choice(names)
        return self.r.choice(["g0", "g2", *self.scope.kinds])

    def make_int(self, depth: int) -> str:
        r = self.r
        if depth < 0 or self.chance(0.25):
            counters = self.scope.counters
            if counters and self.chance(0.5):
                return r.choice(counters)
            return r.choice(INTS[:11] if self.chance(0.6) else INTS)
        choice = r.randrange(14)
        if choice < 5:
            left, right = self.expr("int", depth), self.expr("int", depth)
            return f"( {left} {r.choice(('+', '-', '*'))} {right} )"
        if choice == 5:
            return f"( {self.expr('int', depth)} {r.choice(BINARY)} {self.expr('int', depth)} )"
        if choice == 6:
            return f"( ( {self.expr('int', depth)} * {r.choice(INTS)} + {self.expr('int', depth)} ) & {r.choice(('0xff', '0x7fffffff', '1', '0xffffffffff'))} )"
        if choice == 7:
            return f"{self.base('array')}.size"
        if choice == 8:
            return f"{self.base('string')}.length"
        if choice == 9:
            return f"toint( {self.expr(r.choice(('string', 'real', 'int')), depth)} )"
        if choice == 10:
            return f"{r.choice('-~')}{self.base('int')}"
        if choice == 11:
            return f"{self.base('string')}[ {self.index()} ]"
        if choice == 12:
            return f"( {self.expr('int', depth)} {r.choice(ORDER)} {self.expr('int', depth)} )"
        return f"{self.base('array')}[ {self.index()} ]"

    def index(self) -> str:
        counters = self.scope.counters
        if counters and self.chance(0.6):
            counter = self.r.choice(counters)
            return self.r.choice((counter, f"{counter} + 1", f"{counter} - 1", f"-{counter}", f"{counter} % 3"))
        return (
            self.r.choice(("0", "1", "2", "-1", "5", "1.5", '"1"', "null")) if self.chance(0.7) else self.expr("int", 0)
        )

    def make_real(self, depth: int) -> str:
        r = self.r
        if depth < 0 or self.chance(0.25):
            return r.choice(REALS)
        choice = r.randrange(9)
        if choice < 4:
            other = self.expr(r.choice(("real", "int")), depth)
            return f"( {self.expr('real', depth)} {r.choice(('+', '-', '*', '/'))} {other} )"
        if choice == 4:
            return f"( {self.expr('int', depth)} / {self.expr('int', depth)} )"
        if choice == 5:
            return (
                f"{r.choice(('sqrt', 'sin', 'abs', 'floor', 'cos'))}( {self.expr(r.choice(('real', 'int')), depth)} )"
            )
        if choice == 6:
            dicts = self.base("dict")
            return f"( {dicts}.x {r.choice('+-*/')} {dicts}.y )"
        if choice == 7:
            return f"-{self.base('real')}"
        return f"( {self.expr('real', depth)} % {self.expr('real', depth)} )"

    def make_string(self, depth: int) -> str:
        r = self.r
        if depth < 0 or self.chance(0.4):
            return r.choice(STRINGS)
        choice = r.randrange(6)
        if choice < 3:
            return f"( {self.expr('string', depth)} $ {self.expr(r.choice(('int', 'string', 'real')), depth)} )"
        if choice == 3:
            return f"string_part( {self.expr('string', 0)}, {self.expr('int', 0)}, {r.choice(('1', '2', '0', '-1'))} )"
        if choice == 4:
            return f"tostring( {self.expr('int', depth)} )"
        return f"( {self.expr('string', depth)} .. {self.expr('string', depth)} .. {self.expr('int', 0)} )"

    def make_array(self, depth: int) -> str:
        if depth < 0 or self.chance(0.7):
            kind = self.r.choice(("int", "int", "real", "string", "any"))
            return "[ " + ", ".join(self.expr(kind, 0) for _ in range(self.r.randrange(4))) + " ]"
        return self.r.choice(("array()", "[ [ 1 ], [ 2, 3 ] ]", "[ null, true ]", "[ 1, 2, 3, 4, 5 ]"))

    def make_dict(self, depth: int) -> str:
        r = self.r
        choice = r.randrange(9)
        if choice < 4:
            parts = ", ".join(
                f"{key} = {self.expr(r.choice(('int', 'real', 'string')), 0)}" for key in r.sample(KEYS, r.randrange(3))
            )
            return f"{{ x = {self.expr('real', 0)}, y = {self.expr('int', 0)}{', ' + parts if parts else ''} }}"
        if choice < 6:
            return f"( new V( {self.expr('int', 0)}, {self.expr('real', 0)} ) )"
        return ("( new W( 1, 2 ) )", "hooked()", 'map{ x = 1, [ 2 ] = "two" }')[choice - 6]

    def any_expr(self, depth: int) -> str:
        r = self.r
        choice = r.randrange(15)
        if choice == 0:
            return r.choice(("null", "true", "false"))
        if choice == 1 and self.scope.captured:
            return r.choice(self.scope.captured)
        if choice == 2:
            return r.choice(("g0", "g1", "g2", "gf", "missing_name"))
        if choice == 3:
            return self.call(depth)
        if choice == 4:
            return f"{self.base('dict')}.{r.choice(KEYS)}"
        if choice == 5:
            return f"{self.base('dict')}[ {self.expr(r.choice(('string', 'string', 'int')), 0)} ]"
        if choice == 6:
            return f"{self.base('dict')}.{r.choice(('m', 'sum', 'x', 'nothing'))}( {self.expr('int', 0)} )"
        if choice == 7:
            return (
                f"( {self.expr('any', depth - 1)} {r.choice(('&&', '||', '??'))} {self.expr('any', depth - 1)} )"
                if depth > 0
                else "null"
            )
        if choice == 8:
            return f"if( {self.condition(0)}, {self.expr('int', 0)}, {self.expr('real', 0)} )"
        if choice == 9:
            return f"@{self.r.choice(('missing_name', 'null.x', '( 1 / 0 )', '[][ 3 ]', '5()'))}"
        if choice == 10 and self.scope.params:
            return r.choice(self.scope.params)
        if choice == 11 and depth > 0:
            return f"( {self.expr('any', depth - 1)} {r.choice(BINARY)} {self.expr('any', depth - 1)} )"
        if choice == 12 and self.scope.kinds:
            name = r.choice(list(self.scope.kinds))
            return f"( {name} {r.choice(('=', '+=', '-=', '*='))} {self.expr(self.scope.kinds[name], depth - 1)} )"
        if choice == 13 and self.scope.kinds:
            return f"{r.choice(list(self.scope.kinds))}{r.choice(('++', '--'))}"
        return r.choice(("g0", "1", '"s"'))

    def condition(self, depth: int) -> str:
        kind = self.r.choice(("int", "int", "real", "string"))
        op = self.r.choice(ORDER[:8] if kind != "string" else ORDER[4:8])
        text = f"{self.expr(kind, depth)} {op} {self.expr(kind, depth)}"
        return text if self.chance(0.8) else f"!( {text} )"

    def call(self, depth: int) -> str:
        """A call of a later function, a closure or a native; the cost decides whether there is one."""
        scope = self.scope
        names = [name for name, cost in self.costs.items() if scope.cost + cost * scope.times < BUDGET]
        if not names:
            return "g1"
        name = self.r.choice(names)
        scope.cost += self.costs[name] * scope.times
        called = self.callees[name] if self.chance(0.9) else self.callees[name].rpartition(".")[2]
        count = max(0, self.arity[name] + self.r.choice((0, 0, 0, 0, -1, 1)))
        args = ", ".join(self.expr(self.r.choice(KINDS), depth - 1) for _ in range(count))
        return f"{called}( {args} )" if args else f"{called}()"

    # --- statements --------------------------------------------------------------------------------------------------

    def block(self, count: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(count):
            lines += self.statement(depth)
        return lines

    def statement(self, depth: int) -> list[str]:
        r = self.r
        self.scope.cost += self.scope.times
        choice = r.randrange(36)
        kinds = self.scope.kinds
        if choice >= 28:
            return self.shape(depth)
        name = r.choice(list(kinds)) if kinds else "v0"
        kind = kinds.get(name, "int")
        # strings must not double without end
        cut = [f'if( tostring( {name} ).length > 200 ) {name} = "cut";'] if self.scope.times > 1 else []
        if choice < 5:
            return [f"{name} = {self.expr(kind)};", *cut]
        if choice < 8:
            op = {"int": "+-*&|^", "real": "+-*/", "string": "$$$"}.get(kind, "+")
            return [f"{name} {r.choice(op)}= {self.expr(kind if kind != 'dict' else 'int')};", *cut]
        if choice == 8:
            return [f"{r.choice((name + '++', '--' + name, '++' + name))};"]
        if choice == 9:
            return [f"show( {self.expr(r.choice(KINDS))} );"]
        if choice == 10 and depth > 0:
            then = self.block(r.randrange(1, 3), depth - 1)
            other = ["}", "else", "{", *self.block(1, depth - 1)] if self.chance(0.5) else []
            return [f"if( {self.condition(1)} )", "{", *then, *other, "}"]
        if choice in (11, 12, 13) and depth > 0 and self.scope.loops < 4:
            return self.loop(depth)
        if choice == 14:
            array = self.place("array")
            return [
                r.choice(
                    (
                        f"{array}.push( {self.expr('int')} );",
                        f"{array}[ {self.index()} ] = {self.expr('int')};",
                        f"{array}.pop();",
                    )
                )
            ]
        if choice == 15:
            obj = self.place("dict")
            key = r.choice((*KEYS, "w", "q"))
            return [f"{obj}.{key} {r.choice(('=', '+=', '-=', '*='))} {self.expr(r.choice(('real', 'int')))};"]
        if choice == 16:
            obj = self.place("dict")
            return [
                r.choice(
                    (
                        f"{obj}.{r.choice(KEYS)}++;",
                        f"{obj}[ {self.expr('string', 0)} ] = {self.expr('int')};",
                        f"{obj}[ {self.expr('string', 0)} ] += 1;",
                    )
                )
            ]
        if choice == 17:
            return self.attack(name)
        if choice == 18:
            return [f"{name} = {self.call(1)};"]
        if choice == 19 and self.scope.captured:
            item = r.choice(self.scope.captured)
            lines = [f"{item} {r.choice(('=', '+=', '..='))} {self.expr('int')};"]
            return [*lines, f'if( tostring( {item} ).length > 200 ) {item} = "cut";']
        if choice == 20 and self.scope.times > 1 and self.chance(0.5):
            return [f"if( {self.condition(0)} ) {r.choice(('break', 'continue'))};"]
        if choice == 21 and self.chance(0.2):
            return [f"if( {self.condition(0)} ) return {self.expr('any')};"]
        if choice == 22 and len(kinds) > 1:
            first, second = r.sample(list(kinds), 2)
            return [f"( {first}, {second} ) = two( {self.expr('int', 0)} );"]
        if choice < 26:
            # operands that are evaluated early and used late
            items = ", ".join(self.expr(r.choice(KINDS)) for _ in range(r.randrange(2, 5)))
            return [
                r.choice(
                    (f"println( {items} );", f"show( [ {items} ] );", f"println( {{ a = 1, b = [ {items} ] }}.b );")
                )
            ]
        return [f"show( {name} );"]

    def attack(self, name: str) -> list[str]:
        """What no optimiser expects."""
        r = self.r
        return [r.choice((
            f"{name} = {self.expr('any')};",
            f"_G.g0 = {self.expr('any')};",
            f"_G.g1 = {self.expr('int')};",
            "_G.toint = function( x ){ return 40; };",
            "_G.sqrt = function( x ){ return -2.5; };",
            "_G.string_part = function( a, b, c ){ return 11; };",
            "_G.push = 5;",
            "_G.gf = function( a ){ return a; };",
            "array.push = function( x ){ print( \"<push>\" ); };",
            "V.m = function( a ){ return \"replaced\"; };",
            "V.x = 6;",
            f"{name} = [ 1, 2 ]; {name}.push = 4;",
            f"{name} = null;",
            f"{name} = gf;",
            f"_G.gf( {self.expr('int', 0)} );",
            "thrice( function( i ) { return i; } );",
            "_G.abs = sqrt;",
            "unset( _G, \"gf\" );",
            "eval( \"_G.g2 = 2.5;\" );",
        ))]  # fmt: skip

    def loop(self, depth: int) -> list[str]:
        r = self.r
        scope = self.scope
        rounds = r.randrange(1, 7)
        if scope.times * rounds > 60:
            rounds = 2
        kind = r.randrange(10)
        counter = scope.fresh("i")
        guard = scope.fresh("w")
        scope.times *= rounds
        scope.loops += 1
        scope.counters.append(counter)
        body = self.block(r.randrange(1, 5), depth - 1)
        scope.counters.pop()
        if r.random() < 0.12:
            body.append(f"{counter} = {self.expr('int')};")  # the guard below ends it
            kind = r.choice((3, 4, 5, 8, 9))
        array, text = self.base("array"), self.base("string")
        scope.times //= rounds
        guarded = [f"if( ++{guard} > {rounds} ) break;", *body]
        if kind < 2:
            head = r.choice((
                f"for( var {counter} = 0; {counter} < {rounds}; ++{counter} )",
                f"for( var {counter} = {rounds}; {counter} > 0; --{counter} )",
                f"for( var {counter} = 1; {counter} <= {rounds}; {counter} += 1 )",
                f"for( var {counter} = 0; {counter} != {rounds}; {counter}++ )",
            ))  # fmt: skip
            return [head, "{", *body, "}"]
        if kind == 2:
            bound = scope.fresh("n")
            return [
                f"var {bound} = {rounds};",
                f"for( var {counter} = 0; {counter} < {bound}; ++{counter} )",
                "{",
                *body,
                "}",
            ]
        if kind == 3:
            return [
                f"var {guard} = 0;",
                f"for( var {counter} = 0; {counter} < {self.r.choice((array + '.size', text + '.length', self.expr('int', 0), self.expr('real', 0)))}; ++{counter} )",
                "{",
                *guarded,
                "}",
            ]
        if kind == 4:
            start, step = r.choice(INTS), r.choice(("++", "--", " += 3", " -= 2", " += 0.5", " *= 2", " += 1073741824"))
            op = r.choice(("<", "<=", ">", ">=", "!="))
            return [
                f"var {guard} = 0;",
                f"for( var {counter} = {start}; {counter} {op} {self.expr('int', 0)}; {counter}{step} )",
                "{",
                *guarded,
                "}",
            ]
        if kind == 5:
            return [
                f"var {guard} = 0, {counter} = {self.expr('int', 0)};",
                f"while( {self.condition(0)} )",
                "{",
                *guarded,
                f"{counter} = {counter} {r.choice(('+ 1', '- 1', '* 3', '+ 1.5'))};",
                "}",
            ]
        if kind == 6:
            key = scope.fresh("k")
            source = self.expr(r.choice(("array", "array", "dict")), 0)
            return (
                [f"foreach( {key}, {counter} : {source} )", "{", *body, f"show( {key} );", "}"]
                if "push" not in "".join(body)
                else [f"foreach( {counter} : [ 5, 6 ] )", "{", *body, "}"]
            )
        if kind == 7:
            return [
                f"for {counter} : ( {r.choice(('', '1, ', '-2, ', '9223372036854775805, '))}{rounds} )",
                "{",
                *body,
                "}",
            ]
        if kind == 8:
            return [
                f"var {guard} = 0, {counter} = 0;",
                "do",
                "{",
                *guarded,
                f"++{counter};",
                f"}} while( {self.condition(0)} )",
            ]
        return [
            f"var {counter} = 0, {guard} = 0;",
            f"while( {counter} < {rounds} )",
            "{",
            *guarded,
            f"++{counter};",
            "}",
        ]

    # --- the whole ---------------------------------------------------------------------------------------------------

    def function(self, name: str) -> list[str]:
        """A function of random parameters; it may make a closure over some of its variables."""
        r = self.r
        params = [f"p{i}" for i in range(r.randrange(4))]
        captured = [f"c{i}" for i in range(r.choice((0, 0, 1)))]
        scope = self.scope = Scope(params, captured)
        scope.method = self.chance(0.3)
        for param in params:
            scope.kinds[param] = r.choice(KINDS[:5])
        lines = [f"var {item} = {r.choice(INTS)};" for item in captured]
        for i in range(r.randrange(1, 5)):
            kind = r.choice(KINDS[:5])
            value = f" = {self.expr(kind)}" if self.chance(0.85) else ""
            lines.append(f"var v{i}{value};")
            scope.kinds[f"v{i}"] = kind
        if captured:
            inner = r.choice(("return c0 + a;", "c0 += 1; return c0;", "c0 = a; return c0;", 'c0 = "s";'))
            lines.append(f"var closure = function( a ) use( c0 ){{ {inner} }};")
            lines.append("show( closure( 3 ) );")
        lines += self.block(r.randrange(3, 10), 2)
        if captured:
            lines.append("show( closure( 0.5 ) );")
        lines.append(f"return {self.expr(r.choice(KINDS))};")
        self.costs[name] = scope.cost + 5
        self.arity[name] = len(params)
        self.callees[name] = (
            r.choice(("V.", "( new V( 1, 2.5 ) ).", "( new W( 0.5, 3 ) ).")) + name if scope.method else name
        )
        home = "V." if scope.method else ""
        return [f"function {home}{name}( {', '.join(params)} )", "{", *lines, "}"]

    def text(self) -> str:
        """The program."""
        r = self.r
        functions: list[str] = []
        for i in range(r.randrange(1, 5), 0, -1):
            functions = [*self.function(f"f{i}"), *functions]
        lines = [r.choice(('include "string", "math";',) * 7 + ('include "string";', ""))]
        lines += [f"global g0 = {r.choice(INTS)}, g1 = {r.choice(REALS)}, g2 = {r.choice(STRINGS)}, gc = 0;"]
        lines += ["function gf( x ){ return x; }", "function two( x ){ return x, x + 1; }"]
        lines += ["function thrice( f ){ for( var i = 0; i < 3; ++i ) show( f( i ) ); }"]
        lines += recursive_functions(r)
        body: list[str] = []
        for name in list(self.costs):
            for _ in range(r.randrange(1, 4)):
                self.scope = Scope([], [])
                args = ", ".join(self.expr(r.choice(KINDS[:5]), 0) for _ in range(self.arity[name]))
                body.append(
                    r.choice(
                        (
                            f"pcall( function(){{ show( {self.callees[name]}( {args} ) ); }}, handler );",
                            f"@show( {self.callees[name]}( {args} ) );",
                            f"{self.callees[name]}.apply( null, [ {args} ] );",
                        )
                    )
                )
        self.scope = Scope([], [])
        self.scope.kinds = {"t0": "int", "t1": "array", "t2": "real"}
        start = "t0 = 0; t1 = [ 1, 2, 3 ]; t2 = 0.5;"
        if self.chance(0.5):
            body += ["function last()", "{", start, *self.block(6, 2), "}", "pcall( last, handler );"]
        else:
            body += [start, *self.block(4, 2)]
        return PROLOGUE + CLASSES + "\n".join([*lines, *functions, *body]) + "\n"


def generate(seed: int) -> bytes:
    """The program of a seed, as source bytes."""
    return Program(seed).text().encode()
