"""Wrong programs never show Python: every native and every construct with every kind of value.

What is looked for is the host in what is printed, and exceptions that reach it.
"""

# ruff: noqa: E501 - script texts keep their lines
from __future__ import annotations

import contextlib
import io
import random
import re
from pathlib import Path

import pytest

from interp import Engine, Limits, ScriptError
from language.world import slow

# what only a leaked exception, type or file of the host would say
PYTHON = re.compile(
    rb"Traceback|\.py\b|\w(Error|Exception)\b|NoneType|'(str|bytes|float|tuple|list|dict_keys)'|object at|object is not|<class|<function|built-in"
    rb"|bytes-like|has no attribute|memoryview|bytearray|codec|positional|unsupported operand|greenlet"
)
ENDLESS = {"app_abort", "app_exit", "read_stdin", "os_command", "sys_replevel", "abort", "yield"}
# they take long and look at nothing but a number
SLOW = {"os_sleep", "sleep", "gc_collect"}

VALUES = """
class Odd { function __tostring() = 5; function __tobool() = 7; function __compare( a, b ) = 'x'; function __add( a, b ) = null;
    function __call() = null; function __typeof() = null; function __clone() = null; function __getindex( k ) = null; }
class Broken { function __tostring(){ ERROR( 'own' ); } function __tobool(){ ERROR( 'own' ); } function __compare( a, b ){ ERROR( 'own' ); }
    function __add( a, b ){ ERROR( 'own' ); } function __call(){ ERROR( 'own' ); } function __getindex( k ){ ERROR( 'own' ); }
    function __setindex( k, v ){ ERROR( 'own' ); } function __clone(){ ERROR( 'own' ); } function __typeof(){ ERROR( 'own' ); } }
function values(){
    x = 1; ring = []; ring.push( ring );
    linked = class( { a = 1 }, function() use( x ){} );
    return [
        null, true, 0, -1, 3, 300, 9223372036854775807, -9223372036854775807 - 1, 1.5, 1e308, 1e308 * 10, 1e308 * 10 * 0, "", "a", "12",
        "\\x00\\xff", "%d{5}%", "[(*", "100000000000", [], [ 1, null, "x" ], ring, {}, { a = 1 }, map{ [ 5 ] = 6 }, function(){},
        function( a ) = a;, function() use( x ) = x;, println, 5p, toptr( null ), co_create( println ), _T, event(),
        get_iterator( [ 1 ] ), new Odd(), new Broken(), linked, Odd, array,
    ];
}
"""
PROGRAM = """
function call( f, this_value, args ){
    pcall( function() use( f, this_value, args ){ r = f.apply( this_value, args ); tostring( r ); }, function( t, m ){ errprintln( m ); } );
}
function try_all( name, f, fillers ){
    errprintln( "= ", name );
    call( f, null, [] );
    for kind : ( values().size ){
        foreach( filler : fillers ){
            for count : ( 1, if( filler == 1, 5, 4 ) ) for at : ( count ){
                args = []; for i : ( count ) args.push( if( i == at, values()[ kind ], filler ) );
                call( f, null, args );
                if( filler == 1 && at == 0 ) call( f, values()[ kind ], args.part( 1 ) );
            }
        }
    }
}
"""


def natives(engine: Engine) -> list[str]:
    found = engine.run(
        "r = []; foreach( k, v : _G ) if( typeof( v ) == 'cfunc' ) r.push( k );"
        " foreach( k, v : array ) if( typeof( v ) == 'cfunc' ) r.push( 'array.' $ k ); return r;"
    )
    return [name for name in found if name not in ENDLESS | SLOW]


LIBRARIES = ["", "string", "math", "fmt", "re", "io", "os", "sgsjson"]


PARTS = [("", part) for part in range(4)] + [(name, 0) for name in LIBRARIES[1:]]


@pytest.mark.parametrize(("library", "part"), PARTS)
def test_natives_with_every_kind_of_value(
    library: str, part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = io.BytesIO()
    settings = {"libraries": LIBRARIES[1:], "stdout": output, "stderr": output, "stdin": io.BytesIO()}
    with Engine(**settings) as engine:  # type: ignore[arg-type]
        core = natives(engine)
        names = core[part::4]
        if library:
            engine.run(f"include '{library}';")
            names = [name for name in natives(engine) if name not in core]
    wrong = []
    for name in names:
        # a fresh engine for each: natives may change the world
        output.truncate(0)
        output.seek(0)
        limits = Limits(seconds=20, output=64 << 20, memory=1 << 30)
        with Engine(**settings, limits=limits, data_functions=True) as engine:  # type: ignore[arg-type]
            if library:
                engine.run(f"include '{library}';")
            function = name if name.startswith("array.") else f"_G[ '{name}' ]"
            with contextlib.suppress(ScriptError):  # an `array` without methods is no use to anybody
                engine.run(VALUES + PROGRAM)  # a text of its own: it is compiled once
                engine.run(f"try_all( '{name}', {function}, [ 1, 'a', [ 1 ] ] );")
        wrong += [line for line in output.getvalue().splitlines() if PYTHON.search(line)]
    assert names
    assert not wrong, wrong[:20]


# --- constructs ---------------------------------------------------------------------------------------------------------

OPERATORS = "+ - * / % & | ^ << >> $ <=> == != < <= > >= === !== && || ??".split()
ASSIGNING = "+ - * / % & | ^ << >> $ && || ??".split()
# L and R are any values
CONSTRUCTS = [
    *[f"x = L {op} R; show( x ); if( L {op} R ) show( 1 ); for i : ( 3 ) x = x {op} R; show( x );" for op in OPERATORS],
    *[
        f"x = L; x {op}= R; show( x ); o = {{ p = L }}; o.p {op}= R; show( o.p ); a = [ L ]; a[ 0 ] {op}= R; show( a[ 0 ] );"
        for op in ASSIGNING
    ],
    "x = L; x++; show( x ); show( --x );",
    "show( -L ); show( ~L ); show( !L ); show( +L ); show( L $ R $ L ); println( L, R ); show( [ L, R ] );",
    "x = L; show( x[ R ] ); x[ R ] = 5; show( x );",
    "x = L; show( x.( R ) ); x.( R ) = 5; show( x.foo ); x.foo = R; show( x.foo );",
    "x = L; show( x.size ); show( x.length ); show( x.first ); show( x.last ); x.first = R; x.last = R; x.size = R;",
    "x = L; foreach( k, v : x ){ show( k ); show( v ); }",
    "n = 0; for i : ( L, R ){ show( i ); if( ++n > 3 ) break; }",
    "n = 0; for i : .( 0, L, R ){ show( i ); if( ++n > 3 ) break; }",
    "x = L; show( x( R ) ); show( x.m( R ) ); show( x.push( R ) ); show( x.apply( null, [ R ] ) );",
    "show( { [ L ] = R } ); show( map{ [ L ] = R } ); x = L; x.{ a = R, [ L ] = R }; x[]{ [ R ] = L };",
    "show( new ( L )( R ) ); class Z : GM {} show( Z );",
    "show( if( L, R, 5 ) ); while( L ){ show( R ); break; } show( race( L, true ) );",
    "x = L; o = {}; metaobj_set( o, x ); metamethods_enable( o, true ); show( o.foo ); o.foo = R; show( o + R ); show( o == R ); o(); show( o );",
    "c = co_create( function( a ){ show( a ); show( yield( R ) ); return a; } ); show( c.resume( L ) ); show( c.resume( L ) );",
    "( p, q ) = ( function() = L, R; )(); show( p ); show( q ); x = L; ( x[ R ], x.foo ) = pair( L, R );",
    "thread pair( L, R ); show( process_threads( L ) ); pcall( L, R ); eval( R ); serialize( L );",
]
SHOW = "function show( v ){ print( typeof( v ), ':' ); print( v ); println(); } function pair( a, b ) = b, a;\n"
SHAPES = [
    "{}",
    "l = GL; r = GR; {L}",
    "l = GL; r = GR; fn = function() use( l, r ){{ {L} }}; fn();",
    "fn = function( l, r ){{ {L} }}; fn( GL, GR ); fn( GR, GL );",
]


def differences(seed: int) -> list[bytes]:
    """Runs some constructs with two values, optimised and not; lines that differ or show the host."""
    rng = random.Random(seed)
    left, right = rng.choice(range(40)), rng.choice(range(40))
    shape = rng.choice(SHAPES)
    lines = [f"all = values(); global GL = all[ {left} ], GR = all[ {right} ], GM = GL;"]
    for construct in rng.sample(CONSTRUCTS, 20):
        text = re.sub(r"\b([LR])\b", r"G\1", construct)
        if shape != SHAPES[0]:
            text = re.sub(r"\bG([LR])\b", lambda found: found[1].lower(), text)
        body = shape.format(text, L=text)
        lines.append(f"pcall( function(){{ {body} }}, function( t, m ){{ println( 'M', t, m ); }} );")
    outputs = []
    for optimize in (True, False):
        output = io.BytesIO()
        engine = Engine(stdout=output, stderr=output, optimize=optimize, cache=False, limits=Limits(seconds=30))
        with engine, contextlib.suppress(ScriptError):
            engine.run(VALUES + SHOW + "\n".join(lines))
        outputs.append(output.getvalue().splitlines())
    wrong = [line for line in outputs[0] if PYTHON.search(line)]
    return wrong + [b"%b / %b" % pair for pair in zip(*outputs, strict=True) if pair[0] != pair[1]]


@pytest.mark.parametrize("seed", range(30))
def test_constructs_with_every_kind_of_value(seed: int) -> None:
    assert not differences(seed)


@slow
@pytest.mark.timeout(600)
def test_many_more_constructs_with_every_kind_of_value() -> None:
    for seed in range(30, 300):
        assert not differences(seed), seed
