"""Storage of names and captured variables (chapter 02 sections 3 and 6): random nests of functions against a model."""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import random
from typing import Any

import pytest

from language.world import both, run, slow

NAMES = ["a", "b", "c"]


class Body:
    """A function of the program: its text, and what it does as a list of steps."""

    def __init__(self, uses: list[str], params: list[str]) -> None:
        self.uses = uses
        self.params = params
        self.steps: list[tuple[Any, ...]] = []
        self.inner: list[Body] = []


def make(rng: random.Random, depth: int, uses: list[str]) -> Body:
    """A random body. Every name it mentions is local, captured from outside or captured from it by an inner one."""
    params = [name for name in NAMES if name not in uses and rng.random() < 0.25]
    body = Body(uses, params)
    for _ in range(rng.randint(3, 7)):
        kind = rng.choice(
            ["set", "add", "add", "print", "print", "loop"] + (["inner", "inner", "call"] if depth else [])
        )
        name = rng.choice(NAMES)
        if kind == "inner":
            body.inner.append(make(rng, depth - 1, [n for n in NAMES if rng.random() < 0.5]))
            body.steps.append(("inner", len(body.inner) - 1))
        elif kind == "call":
            if body.inner:
                body.steps.append(("call", rng.randrange(len(body.inner)), rng.randint(1, 9)))
        elif kind == "loop":
            body.steps.append(("loop", name, rng.randint(0, 3), rng.choice(NAMES)))
        else:
            body.steps.append((kind, name, rng.randint(1, 9)))
    return body


def text(body: Body, indent: str) -> str:
    lines = []
    for step in body.steps:
        kind = step[0]
        if kind == "inner":
            inner = body.inner[step[1]]
            use = f" use( {', '.join(inner.uses)} )" if inner.uses else ""
            lines.append(f"f{step[1]} = function( {', '.join(inner.params)} ){use}{{")
            lines.append(text(inner, indent + "\t") + indent + "};")
        elif kind == "call":
            lines.append(f'if( f{step[1]} ) println( "=", f{step[1]}( {step[2]} ) );')
        elif kind == "set":
            lines.append(f"{step[1]} = {step[2]};")
        elif kind == "add":
            lines.append(f"{step[1]} = ( {step[1]} ?? 0 ) + {step[2]};")
        elif kind == "print":
            # the assignment makes the name local where nothing else does
            lines.append(f"if( false ) {step[1]} = 0; println( {step[1]} );")
        else:
            lines.append(
                f"for {step[1]} : ( {step[2]} ){{ {step[3]} = ( {step[3]} ?? 0 ) + 1; if( ( {step[3]} ) > 90 ) break; }}"
            )
    lines.append(f"if( false ) {NAMES[0]} = 0; return {NAMES[0]};")
    return "".join(f"{indent}{line}\n" for line in lines)


def shown(value: Any) -> str:
    return "null" if value is None else str(value)


def perform(body: Body, captured: dict[str, list[Any]], argument: Any, out: list[str]) -> Any:
    """Runs a body of the model; variables are one-item lists."""
    cells = {name: captured.get(name, [None]) if name in body.uses else [None] for name in NAMES}
    for i, name in enumerate(body.params):
        cells[name][0] = argument if i == 0 else None
    closures: dict[int, dict[str, list[Any]]] = {}
    for step in body.steps:
        kind = step[0]
        if kind == "inner":
            closures[step[1]] = {name: cells[name] for name in body.inner[step[1]].uses}
        elif kind == "call":
            if step[1] in closures:
                out.append("=" + shown(perform(body.inner[step[1]], closures[step[1]], step[2], out)))
        elif kind == "set":
            cells[step[1]][0] = step[2]
        elif kind == "add":
            cells[step[1]][0] = (cells[step[1]][0] or 0) + step[2]
        elif kind == "print":
            out.append(shown(cells[step[1]][0]))
        else:
            counter = 0
            cells[step[1]][0] = 0
            while counter < step[2]:
                cells[step[3]][0] = (cells[step[3]][0] or 0) + 1
                if cells[step[3]][0] > 90:
                    break
                counter += 1
                cells[step[1]][0] = counter
    return cells[NAMES[0]][0]


def judge(seeds: range) -> None:
    parts, want = [], []
    for seed in seeds:
        body = make(random.Random(seed), 3, [])
        parts.append(
            f"function top{seed}( {', '.join(body.params)} ){{\n{text(body, chr(9))}}}\nprintln( top{seed}( 1 ), top{seed}( 2 ) );\n"
        )
        lines: list[str] = []
        first = shown(perform(body, {}, 1, lines))
        second = shown(perform(body, {}, 2, lines))
        want += [*lines, first + second]
    result = run("".join(parts))
    assert result.err == ""
    assert result.out.split("\n")[:-1] == want


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_random_nests(start: int) -> None:
    judge(range(start, start + 20))


@slow
@pytest.mark.parametrize("start", range(1000, 4000, 100))
def test_random_nests_long(start: int) -> None:
    judge(range(start, start + 100))


RULES = {
    "top level names are no globals": ("a = 5; function f(){ return @a; } println( f() ); global b = 6; function g(){ return b; } println( g() );", "null\n6\n"),
    "an assignment anywhere makes a local": ("global x = 5; function f(){ r = x; if( false ) x = 1; return r; } println( f(), x );", "null5\n"),
    "increment does not": ("global x = 5; function f(){ x++; return x; } println( f(), x ); x++; println( x );", "66\n7\n"),
    "the first declaration wins": ("println( f() ); function f(){ return 1; } function f(){ return 2; }", "1\n"),
    "an assigned name before its declaration is local": (
        "g = 1; function g(){} function h(){ return @g; } println( h(), g );", "null1\n",
    ),
    "an assigned name after its declaration is global": ("function g(){} g = 5; function h(){ return g; } println( h() );", "5\n"),
    "captured numeric for": (
        "fs = []; for i : ( 3 ){ fs.push( function() use( i ){ i += 10; return i; } ); print( fs[ i ](), \" \" ); } println( i );"
        " foreach( f : fs ) print( f(), \" \" ); println();", "10 11 12 3\n13 23 33 \n",
    ),
    "captured foreach": ("foreach( k, v : [ 7 ] ){} f = function() use( k, v ){ return k $ v; }; v = 8; println( f() );", "08\n"),
    "captured targets": (
        "function p() = 1, 2; ( x, y ) = p(); f = function() use( x, y ){ ( y, x ) = p(); return x, y; }; ( a, b ) = f(); println( a, b, x, y );",
        "2121\n",
    ),
    "captured arguments and self": (
        "function mk( n ){ return function() use( n ){ n++; return n; }; } a = mk( 1 ); b = mk( 5 ); println( a(), a(), b(), a() );"
        " fact = function( n ) use( fact ){ return if( n < 2, 1, n * fact( n - 1 ) ); }; println( fact( 10 ) );", "2364\n3628800\n",
    ),
    "a level that does not list the name": (
        "function out(){ v = 5; return function(){ return function() use( v ){ return v; }; }; } println( out()()() );", "null\n",
    ),
    "_F is the closure": (
        "c = 0; f = function( n ) use( c ){ c++; if( n ) return _F( n - 1 ); return _F; }; println( f( 3 ) == f, c );", "true4\n",
    ),
    "_F in a function with several results": (
        "c = 1; f = function( n ) use( c ){ if( n ) return c, _F; return _F; }; ( x, y ) = f( 1 ); println( y == f, f( 0 ) == f, x );", "truetrue1\n",
    ),
    "functions among results that are not wanted": (
        "function f( n ){ if( n ) return 1, function(){ return 5; }; return 2; } ( a, b ) = f( 1 ); println( a, b() );"
        " c = 1; g = function( n ) use( c ){ if( n ) return c, _F, f, function() use( c ){ return c; }; return 2; };"
        " ( a, b, d, e ) = g( 1 ); println( b == g, d == f, e() );",
        "15\ntruetrue1\n",
    ),
    "var on a captured name": ("v = 1; function u() use( v ){ var v; print( v ); var v = 7; } u(); println( v );", "17\n"),
    "one function value for each place": (
        "function mk(){ return function(){}; } println( mk() == mk(), mk() === mk(), ( function(){} ) == ( function(){} ) );"
        " function mc(){ v = 1; return function() use( v ){}; } println( mc() == mc() );", "truetruefalse\nfalse\n",
    ),
    "a captured operand is read when it is reached": (
        "c = 1; class K {} K.__negate = function() use( c ){ c = 200; return 1; }; k = new K(); print( c + -k, \" \" ); c = 1; print( c < -k, \" \" );"
        " c = 1; print( [ c, -k, c ], \" \" ); c = 1; println( c $ -k $ c );", "2 false [1,1,200] 11200\n",
    ),
    "eval has a body of its own": (
        "a = 1; eval( \"a = 2; global b = 3; function ef(){ return 4; }\" ); println( a, b, ef() ); println( eval( \"return @a;\" ) );", "134\nnull\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_rules(name: str) -> None:
    source, want = RULES[name]
    assert both(source) == want
