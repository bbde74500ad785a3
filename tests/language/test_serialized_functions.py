"""Functions and closures in the streams of `serialize` (chapter 04 section 7): what comes back behaves as what went."""

# ruff: noqa: E501 - script texts keep their lines
from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp import Engine, Limits
from language.world import both

COPY = "function copy( v, m ) = unserialize( serialize( v, m ), m );\n"


def engine(output: io.BytesIO | None = None, **settings: Any) -> Engine:
    """An engine that takes functions from data; `output` gets everything it prints."""
    output = output or io.BytesIO()
    return Engine(data_functions=True, encoding=None, stdout=output, stderr=output, cache=False, **settings)


def saved(source: str) -> bytes:
    """What a fresh engine serializes."""
    with engine() as one:
        data = one.run(f"return serialize( {source} );", name="here.sgs")
        assert isinstance(data, bytes)
        return data


@pytest.mark.parametrize(
    ("function", "call", "result"),
    [
        ("function( a, b ){ return a + b; }", "f( 2, 3 )", "5"),
        ("function( a ) = a * 2;", "f( 4 )", "8"),
        ("function named( n ) = if( n < 2, 1, n * _F( n - 1 ) );", "f( 5 )", "120"),
        ("function(){ return this.x; }", "{ x = 7 }!f()", "7"),
        ("function(){ return va_get_args(); }", "f( 1, 2 )", "[1,2]"),
        ("function( x ){ if( x ) return 1, 2; }", "f( 1 )", "1"),
        ("function( x ){ defer x.n = 5; return x; }", "f( {} ).n", "5"),
        ("function(){ function inner( a ) = a $ '!'; return inner( 'x' ); }", "f()", "x!"),
        ("function(){ n = 1; g = function() use( n ){ n += 1; return n; }; g(); g(); return n; }", "f()", "3"),
        ("function /* a ) */ ( a // b )\n, b ){ return '(){}'; }", "f()", "(){}"),
        ('function(){ return """\n"""; }', "f().length", "1"),
        ("function(){ return __LINE__; }", "f()", "2"),
        ("function\n\n( a )\n= __LINE__;", "f()", "5"),
        ("function() use( later ){ return later; }", "f()", "null"),
        ("function( None, True ) use( False ){ False = None; return False $ True; }", "f( 1, 2 )", "12"),
        ("if( 1, function() = 'yes';, 0 )", "f()", "yes"),
    ],
)
def test_what_a_function_does_survives(function: str, call: str, result: str) -> None:
    modes = (2,) if " use( " in function.partition("{")[0] else (1, 2)
    for mode in modes:
        text = COPY + f"f = copy( {function}, {mode} ); f = copy( f, {mode} ); println( {call} );"
        assert both(text) == result + "\n"


def test_all_results_of_a_function() -> None:
    text = "f = copy( function( a ){ if( a ) return 1, 2, 3; }, 2 ); ( a, b, c ) = f( 1 ); println( a, b, c );"
    text += "n = 5; g = copy( function( a ) use( n ){ if( a ) return n, a; }, 2 ); ( a, b ) = g( 2 ); println( a, b );"
    assert both(COPY + text) == "123\n52\n"


def test_closures_share_variables() -> None:
    text = """
    function make(){
        n = 0;
        return [ function( d ) use( n ){ n += d; }, function() use( n ){ return n; }, function() use( n ){ return n * 10; } ];
    }
    a = make(); a[ 0 ]( 5 ); b = copy( a, 2 );
    a[ 0 ]( 1 ); b[ 0 ]( 2 );
    println( [ a[ 1 ](), a[ 2 ](), b[ 1 ](), b[ 2 ]() ] );
    """
    assert both(COPY + text) == "[6,60,7,70]\n"


def test_rings_through_closures() -> None:
    text = """
    self = function( n ) use( self, box ){ box.calls += 1; return if( n, self( n - 1 ), _F === self && box.f === self ); };
    box = { calls = 0 }; box.f = self;
    f = copy( self, 2 ); self = null; box = null;
    println( f( 3 ) );
    d = copy( { g = f }, 2 );
    println( d.g( 0 ) );
    """
    assert both(COPY + text) == "true\ntrue\n"


def test_values_keep_their_identity_in_and_outside_of_closures() -> None:
    text = """
    list = [ 1 ]; f = function( x ) use( list ){ list.push( x ); };
    d = copy( { l = list, f = f, g = f }, 2 );
    d.f( 2 ); d.g( 3 ); println( d.l, d.f === d.g, list );
    """
    assert both(COPY + text) == "[1,2,3]true[1]\n"


def test_methods_and_trees() -> None:
    text = """
    function outer(){
        class Point { function sum( k ) = ( this.x + this.y ) * k; }
        decltree Tree : Base { a = 1; node( 2 ){ b = 3; } }
    }
    class Base { function __add_child( p, k, v ){ println( "child ", k, v ); return {}; } function __set_attrib( p, k, v ){ println( k, "=", v ); } }
    outer();
    method = copy( Point.sum, 2 );
    println( { x = 1, y = 2 }!method( 3 ) );
    init = copy( Tree.__construct, 2 );
    ( new Base() )!init();
    printvar( init ); printvar( method );
    """
    expected = "9\na=1\nchild node2\nb=3\nSGS function 'Tree.__construct' defined at t.sgs:5\nSGS function 'Point.sum' defined at t.sgs:4\n"
    assert both(COPY + text) == expected


def test_functions_with_a_symbol_travel_by_name() -> None:
    text = "function f(){} class C { function m(){} } println( serialize( f, 1 ).length, ' ', unserialize( serialize( [ f, C.m ] ) )[ 1 ] === C.m );"
    assert both(text) == "8 true\n"


def test_traces_of_a_copy_are_those_of_the_original() -> None:
    text = COPY + "\n\nf = function broken()\n{\n\treturn nothing;\n};\nf(); g = copy( f, 2 );\ng();"
    message = "- \"broken\" in t.sgs, line 6\nWarning: variable 'nothing' was not found\n"
    assert both(text) == f'- "<main>" in t.sgs, line 8\n{message}- "<main>" in t.sgs, line 9\n{message}'


def test_the_program_itself() -> None:
    text = COPY + "if( @_G.again ) println( 'again' ); else { global again = true; main = copy( _F, 2 ); main(); }"
    assert both(text) == "again\n"


def test_evaluated_and_included_code(tmp_path: Path) -> None:
    (tmp_path / "part.sgs").write_text("global made = function( a ) = a $ sys_curfile();;")
    text = COPY + "f = copy( eval( 'x = 5; return function() use( x ) = x;;' ), 2 ); println( f() );"
    text += f"include '{tmp_path}/part.sgs'; println( copy( made, 2 )( 1 ) );"
    assert both(text) == f"5\n1{tmp_path}/part.sgs\n"


def test_from_one_process_to_another(tmp_path: Path) -> None:
    (tmp_path / "save.sgs").write_text(
        "include 'io'; n = 40; f = function( x ) use( n ){ n += x; return n, this; };\n"
        "io_file_write( argv[ 1 ], serialize( { f = f, g = function( a, b ) = b, a; } ) );"
    )
    (tmp_path / "load.sgs").write_text(
        "include 'io'; d = unserialize( io_file_read( argv[ 1 ] ) ); println( d.f( 2 ), d.f( 3 ) ); ( a, b ) = d.g( 1, 2 ); println( a, b );"
    )
    for options in ([], ["--no-cache"]):
        for script in ("save.sgs", "load.sgs"):
            command = [sys.executable, "-m", "interp", *options, str(tmp_path / script), str(tmp_path / "data")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            assert done.stderr == ""
        assert done.stdout == "4245\n21\n"


def test_the_prompt_s_variables_stay_globals() -> None:
    from interp.cli import open_engine
    from interp.session import Session

    out = io.BytesIO()
    session = Session(lambda: open_engine(stdin=io.BytesIO(), stdout=out, stderr=out, encoding=None), lambda text: None)
    for line in (
        b"n = 1;",
        b"f = function() use( n ){ n += 1; return n; };",
        b"g = unserialize( serialize( f ) );",
        b"g(); println( n );",
    ):
        session.run(line)
    assert out.getvalue() == b"2\n"


# --- hosts --------------------------------------------------------------------------------------------------------------


def test_hosts_opt_in() -> None:
    data = saved("function(){ return 1; }")
    closure = saved("[ function() use( x ){ return x; } ]")
    stderr = io.BytesIO()
    with Engine(encoding=None, stderr=stderr) as plain:
        plain.globals["data"], plain.globals["closure"] = data, closure
        assert (
            plain.run("return unserialize( data ), unserialize( closure ), serialize( function(){} );") == (None,) * 3
        )
        assert plain.run("x = 1; return serialize( function() use( x ){} );") is None
    assert stderr.getvalue().count(b"failed to unserialize function: incomplete data") == 2
    assert stderr.getvalue().count(b"Cannot serialize ") == 2
    with engine() as other:
        other.globals["data"] = data
        assert other.run("return unserialize( data )();") == 1


def test_a_copy_has_no_more_rights() -> None:
    data = saved(
        "function(){ return [ @include( 'io' ), @io_file_read( '/etc/passwd' ), @eval_file( '/etc/passwd' ) ]; }"
    )
    with engine(libraries=()) as other:
        other.globals["data"] = data
        assert list(other.run("return unserialize( data )();")) == [None, None, None]


def test_limits_apply_to_a_copy() -> None:
    from interp import LimitExceeded

    data = saved("function(){ while( true ){} }")
    for limits in (Limits(seconds=0.2), Limits(operations=1000)):
        with engine(limits=limits) as other:
            other.globals["data"] = data
            with pytest.raises(LimitExceeded):
                other.run("unserialize( data )();")
    with engine(limits=Limits(source=28)) as other:
        other.globals["data"] = data
        assert other.run("return unserialize( data );") is None


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"function", b"function(", b"function(){", b"function(){};x", b"function(){} + 1", b"1", b"x = 1;",
        b"function(){} function(){}", b"decltree", b"decltree A : B {", b"function(){ break; }", b"function(){}, 1", b"\xff",
        b"class A { function m(){} }", b"function f( a, a ){}", b"[" * 10_000, b"function(){ return " + b"(" * 10_000,
    ],
)  # fmt: skip
def test_texts_that_are_no_function_are_refused(text: bytes) -> None:
    import struct

    for name in (b"", b"f", b"a.b"):
        record = b"SGT\0" + struct.pack("<IHHH", 1, len(name), 1, 0) + name + b"x" + text
        stream = b"P\x05" + struct.pack("<i", len(record)) + record + b"R\0\0\0\0"
        output = io.BytesIO()
        with engine(output) as one:
            one.globals["data"] = stream
            assert one.run("return unserialize( data );") is None
        assert b"failed to unserialize function: " in output.getvalue()


SAMPLES = [
    saved("function( a ){ return a; }"),
    saved("[ function( a ) use( x, y ){ return y; }, function() use( y ){ y = 1; } ]"),
    saved("eval( 'f = function() use( f ){ return f; }; return f;' )"),
]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_streams_are_read_or_refused(sample: bytes, draw: Any) -> None:
    stream = bytearray(sample)
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(stream) - 1))
        stream[at] = draw.draw(st.integers(0, 255) | st.sampled_from(list(b"PSOQCRf<.[\x00\x01\x02\x05")))
    levels: list[str] = []
    with engine(on_message=lambda message: levels.append(message.level)) as one:
        one.globals["data"] = bytes(stream)
        one.run("unserialize( data ); unserialize( data, 1 );")
    assert set(levels) <= {"warning"}


def test_a_stream_fills_an_array_that_it_gave_a_hooked_meta_object() -> None:
    stream = bytearray(SAMPLES[1])
    stream[32] = 1  # an instruction that gives the array a meta-object before its items are stored
    with engine() as one:
        one.globals["data"] = bytes(stream)
        one.run("unserialize( data ); unserialize( data, 1 );")


# --- any closures -------------------------------------------------------------------------------------------------------

VARIABLES = ["a", "b", "c", "d"]


@st.composite
def programs(draw: Any) -> str:
    """A function that makes closures over shared variables, and calls of them."""
    closures = []
    for _ in range(draw(st.integers(1, 4))):
        uses = draw(st.lists(st.sampled_from(VARIABLES), unique=True, max_size=4))
        steps = []
        for name in draw(st.lists(st.sampled_from(uses), max_size=3)) if uses else []:
            steps.append(
                draw(
                    st.sampled_from(
                        [
                            f"{name} = {name} $ p;",
                            f"{name} += p;",
                            f"{name} = [ {name}, p ];",
                            f"if( p > 2 ) return {name}, p;",
                        ]
                    )
                )
            )
        inner = draw(st.booleans()) and uses
        if inner:
            steps.append(f"g = function() use( {inner[0]} ){{ {inner[0]} $= '.'; return {inner[0]}; }}; g();")
        result = ", ".join(uses or ["p"])
        heading = f" use( {', '.join(uses)} )" if uses else ""
        closures.append(f"function( p ){heading}{{ {' '.join(steps)} return [ {result} ]; }}")
    values = draw(
        st.lists(st.sampled_from(["1", "2.5", "'x'", "null", "[ 1, [ 2 ] ]", "{ k = 1 }"]), min_size=4, max_size=4)
    )
    head = "".join(f"{name} = {value}; " for name, value in zip(VARIABLES, values, strict=True))
    calls = draw(st.lists(st.tuples(st.integers(0, len(closures) - 1), st.integers(0, 4)), max_size=6))
    used = "".join(f"println( dumpvar( @f[ {index} ]( {arg} ) ) );\n" for index, arg in calls)
    return f"function make(){{ {head} return [ {', '.join(closures)} ]; }}\nfunction play( f ){{ {used} }}\n"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.booleans(), st.booleans())
def test_copies_of_closures_behave_as_the_originals(program: str, optimize: bool, limited: bool) -> None:
    limits = Limits() if limited else Limits.none()
    first, second = io.BytesIO(), io.BytesIO()
    with engine(first, optimize=optimize, limits=limits) as one:
        data = one.run(program + "list = make(); play( list ); return serialize( list );", name="p.sgs")
        first.truncate(0)
        first.seek(0)
        again = program + "list = make(); play( list ); data = serialize( list ); println( '=' ); play( list );"
        again += "println( '=' ); play( unserialize( data ) ); return data;"
        assert one.run(again, name="p.sgs") == data
    with engine(second, optimize=not optimize, limits=limits) as other:
        other.globals["data"] = data
        other.run(program + "play( unserialize( data ) );", name="p.sgs")
    _, original, copy = first.getvalue().split(b"=\n")
    assert original == copy == second.getvalue()
