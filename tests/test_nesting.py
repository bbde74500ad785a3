"""Deep nesting: 200 levels of everything work (chapter 00, B9), also where the host's own limits are lower."""

from __future__ import annotations

import io

import pytest

from interp.engine import Engine


def run(source: str) -> bytes:
    out = io.BytesIO()
    with Engine(stdout=out, stderr=out) as engine:
        engine.run(source)
    return out.getvalue()


LEVELS = 190

SHAPES = {
    "blocks": "{" * LEVELS + "println( 1 );" + "}" * LEVELS,
    "ifs": "x = 1;" + "if( x ){" * LEVELS + "println( 1 );" + "}" * LEVELS,
    "elses": "x = 0;" + "if( x ) println( 0 ); else " * LEVELS + "println( 1 );",
    "whiles": "while( true ){" * LEVELS + "println( 1 );" + "break; }" * LEVELS,
    "do whiles": "do {" * LEVELS + "println( 1 );" + "} while( false )" * LEVELS,
    "fors": "".join(f"for( i{k} = 0; i{k} < 1; ++i{k} ){{" for k in range(LEVELS)) + "println( 1 );" + "}" * LEVELS,
    "numeric fors": "".join(f"for i{k} : ( 1 ) {{" for k in range(LEVELS)) + "println( 1 );" + "}" * LEVELS,
    "foreachs": "a = [ 1 ];" + "foreach( v : a ){" * LEVELS + "println( 1 );" + "}" * LEVELS,
    "parentheses": "x = " + "(" * LEVELS + "1" + ")" * LEVELS + "; println( x );",
    "arrays": "x = " + "[" * LEVELS + "1" + "]" * LEVELS + "; println( x.size );",
    "calls": "function f( x ) = x; println( " + "f(" * LEVELS + "1" + ")" * LEVELS + " );",
    "functions": "x = " + "function(){ return " * LEVELS + "1" + "; }" * LEVELS + "; println( 1 );",
    "closures": "x = 1; y = " + "function() use( x ){ return " * LEVELS + "x" + "; }" * LEVELS + "; println( 1 );",
    "logic": "x = 1; println( " + "( x && " * LEVELS + "1" + ")" * LEVELS + " );",
    "sums": "x = 0; println( 1" + " + x" * 1500 + " );",
    "sums of calls": "function f() = 0; println( 1" + " + f()" * 1500 + " );",
    "bits": "x = 1; println( 1" + " | x" * 1500 + " );",
    "texts": "x = ''; println( 1" + " .. x" * 1500 + " );",
    "ands": "x = 1; println( 1" + " && x" * 1500 + " );",
    "ors": "x = 0; println( 0" + " || x" * 1500 + " || 1 );",
    "coalescing": "x = null; println( x" + " ?? x" * 1500 + " ?? 1 );",
    "comparisons": "x = 1; println( toint( 1" + " == x" * 1500 + " ) );",
    "properties": "x = { v = 1 }; x.x = x; println( x" + ".x" * 1500 + ".v );",
    "else ifs": "x = 0; if( x == 1 ) println( 0 );"
    + "".join(f" else if( x == {i} ) println( 0 );" for i in range(2, 1500))
    + " else println( 1 );",
    "else ifs with calls and returns": "function f( x ) = x; function g( x ){ if( f( x ) == -1 ){ return -1; }"
    + "".join(f" else if( f( x ) == {i} ){{ return {i}; }}" for i in range(1500))
    + " return 7; } println( g( 1499 ) - g( 1498 ) + g( 150 ) - g( 149 ) - g( 1500 ) + g( 6 ) );",
    "defers": "{ defer println( 1 ); " + "{" * LEVELS + "}" * LEVELS + "}",
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_deep(shape: str) -> None:
    assert run(SHAPES[shape]) == b"1\n"


def loops(count: int, inside: str, behind: str = "") -> str:
    """`count` nested loops of all kinds over 0 and 1; `behind` stands after the innermost one."""
    heads = [
        "for( var {v} = 0; {v} < 2; ++{v} ){{",
        "for {v} : ( 2 ) {{",
        "foreach( {v} : [ 0, 1 ] ){{",
        "{v} = -1; while( ++{v} < 2 ){{",
        "{v} = -1; do {{ if( ++{v} > 1 ) break;",
    ]
    tails = ["}", "}", "}", "}", "} while( true )"]
    text = inside
    for level in range(count - 1, -1, -1):
        kind = level % len(heads)
        text = heads[kind].format(v=f"v{level}") + text + tails[kind]
        if level == count - 1:
            text += behind
    return text


@pytest.mark.parametrize("depth", [5, 13, 14, 30])
def test_variables_are_shared_and_returns_leave(depth: int) -> None:
    source = f"""
    function f( limit ){{ n = 0; {loops(depth, "++n; if( n >= limit ) return n, v0, v1;")} return -1, n; }}
    ( a, b, c ) = f( 7 ); println( a, " ", b, " ", c );
    """
    assert run(source) == b"7 0 0\n"


@pytest.mark.parametrize("depth", [6, 13, 14, 16, 30])
@pytest.mark.parametrize("levels", [1, 2, 3, 5])
@pytest.mark.parametrize("word", ["break", "continue"])
def test_leaving_several_loops(depth: int, levels: int, word: str) -> None:
    """The same as in a shallow program: the outermost loops run once each, the innermost five are what counts."""
    source = "function f(){{ n = 0; {outer} {loops} {end} return n; }} println( f() );"
    inside = f"++n; {word} {levels};"
    shallow = source.format(outer="", loops=loops(5, inside, "n += 100;"), end="")
    wrapped = source.format(
        outer="".join(f"for w{k} : ( 1 ) {{" for k in range(depth - 5)),
        loops=loops(5, inside, "n += 100;"),
        end="}" * (depth - 5),
    )
    assert run(wrapped) == run(shallow)


def test_traces_show_one_frame_and_the_right_line() -> None:
    depth = 30
    source = "function f(){\n" + "".join(f"for i{k} : ( 1 ) {{\n" for k in range(depth)) + "nope;x = nope + 1;\n"
    source += "}" * depth + "}\nf();"
    lines = run(source).splitlines()
    assert lines == [
        b'- "<main>" in <string>, line 34',
        b'- "f" in <string>, line 32',
        b"Warning: variable 'nope' was not found",
    ]


def test_deferred_statements_and_closures_inside() -> None:
    depth = 25
    inside = "{ defer log $= 'd'; log $= 'b'; g = function() use( log ){ log $= 'c'; }; g(); }"
    source = f"log = ''; {loops(depth, inside + ' break ' + str(depth) + ';')} println( log );"
    assert run(source) == b"bcd\n"


def test_too_deep_is_a_clean_error() -> None:
    from interp.errors import ScriptSyntaxError

    for text in ("(", "[", "{", "if( 1 ){", "while( 1 ){", "function(){ return ", "!", "-"):
        with pytest.raises(ScriptSyntaxError):
            run("x = " + text * 20_000)
