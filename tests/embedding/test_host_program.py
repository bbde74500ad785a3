"""A host program as its author sees it: types, wrong arguments, exceptions that travel, `examples/plugins.py`."""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import interp
import sockets_module
import stdlib
from interp import (
    Engine,
    LimitExceeded,
    Limits,
    PermissionDenied,
    ScriptError,
    ScriptExit,
    ScriptInterrupted,
    ScriptSyntaxError,
)

ROOT = Path(__file__).parents[2]


def test_type_checkers_find_our_types() -> None:
    for package in (interp, stdlib, sockets_module):
        assert package.__file__ is not None
        assert (Path(package.__file__).parent / "py.typed").is_file()


def test_plugins(tmp_path: Path) -> None:
    """A plugin that hangs, one that fails, one that does not compile, one that is replaced."""
    (tmp_path / "a.sgs").write_text('on( "save", function( text ){ log( "saving" ); return "a " .. text; } );')
    (tmp_path / "b.sgs").write_text('on( "save", function( text ){ while( true ); } );')
    (tmp_path / "c.sgs").write_text('on( "save", function( text ){ return nothing_here(); } );')
    (tmp_path / "d.sgs").write_text("on( ;")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "plugins.py"), str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as host:  # fmt: skip
        assert host.stdin is not None and host.stdout is not None
        print("save one", file=host.stdin, flush=True)
        assert [host.stdout.readline(), host.stdout.readline()] == ["a: saving\n", "a one\n"]
        (tmp_path / "b.sgs").write_text('on( "save", function( text ){ return "b " .. text; } );')
        os.utime(tmp_path / "b.sgs", (1, 1))
        (tmp_path / "a.sgs").write_text("on( ;")
        os.utime(tmp_path / "a.sgs", (1, 1))
        print("save two", file=host.stdin, flush=True)
        out, errors = host.communicate(timeout=30)
        assert out == "a: saving\na two b two\n"
        for wanted in ("b.sgs: too much seconds", "c.sgs: Variable of type 'null' cannot be called",
                       f"d.sgs: {tmp_path}/d.sgs:1: Unexpected token", f"a.sgs: {tmp_path}/a.sgs:1: "):  # fmt: skip
            assert wanted in errors


@pytest.mark.parametrize(
    "error",
    [
        ScriptError("text", [("f", "a.sgs", 1)]),
        ScriptSyntaxError("text", "a.sgs", 3, b"source"),
        LimitExceeded("text", "seconds"),
        ScriptInterrupted("text"),
        PermissionDenied("text"),
        ScriptExit(3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_travel_between_processes(error: ScriptError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))


def test_one_exception_class_for_all_that_scripts_do_wrong() -> None:
    with Engine(stderr=io.BytesIO()) as engine:
        for code in ("x = ;", "ERROR( 'no' );", "app_exit( 2 );"):
            with pytest.raises(ScriptError):
                engine.run(code)


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_tracebacks_show_where_the_script_was() -> None:
    with Engine(stderr=io.BytesIO()) as engine:
        with pytest.raises(ScriptError) as caught:
            engine.run("function f(){ ERROR( 'no' ); }\nf();", name="rules.sgs")
        assert shown(caught.value).endswith(
            "ScriptError: no\n"
            "Script trace (most recent call last):\n"
            '  File "rules.sgs", line 2, in <main>\n'
            '  File "rules.sgs", line 1, in f\n'
        )
        caught.value.add_note("order 5")
        assert shown(caught.value).endswith("in f\norder 5\n")
        with pytest.raises(ScriptError) as caught:
            engine.run("function f(){ f(); }\nf();", name="deep.sgs")
        assert shown(caught.value).count("in f\n") == 9
        assert "more calls ...\n" in shown(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"network": "any"}, "network is a NetworkPolicy, a network, True or None, not str"),
        ({"network": ["127.0.0.1"]}, "network is a NetworkPolicy, a network, True or None, not list"),
        ({"limits": {"seconds": 1}}, "limits is Limits or None, not dict"),
        ({"on_message": 5}, "on_message is a function or None, not int"),
        ({"stdout": io.StringIO()}, "stdout is a binary file object, like a text file's `buffer` or io.BytesIO"),
        ({"stdin": io.StringIO()}, "stdin is a binary file object, like a text file's `buffer` or io.BytesIO"),
    ],
)
def test_a_wrong_argument_is_told_at_once(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(TypeError) as caught:
        Engine(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == text


def test_no_network_may_be_said_with_false() -> None:
    with Engine(network=False, stderr=io.BytesIO()) as engine:
        assert engine.run("return include( 'sockets' );") is None


def test_only_what_can_be_called_becomes_a_function() -> None:
    with Engine() as engine, pytest.raises(TypeError, match="function is a callable, not int"):
        engine.function(5)  # type: ignore[call-overload]


def test_globals_are_a_whole_mapping() -> None:
    with Engine() as engine:
        engine.globals.update({"a": 1}, b=2)
        assert engine.globals.pop("a") == 1
        assert engine.globals.setdefault("b", 5) == 2
        assert ("a" in engine.globals, "b" in list(engine.globals), 2 in engine.globals.values()) == (False, True, True)


def test_a_program_of_paths(tmp_path: Path) -> None:
    (tmp_path / "part.sgs").write_text("return 5;")
    with Engine(include_paths=[tmp_path], limits=Limits(seconds=5)) as engine:
        assert engine.run_file(tmp_path / "part.sgs") == 5
        assert engine.run("return include( 'part' );") is True


def test_tracebacks_have_script_lines_without_marks() -> None:
    """Python would print an empty line below a line of which it knows a column of no width."""
    with Engine() as engine:

        @engine.function
        def fail() -> None:
            raise LookupError("gone")

        with pytest.raises(LookupError) as caught:
            engine.run("function f( x ){\n\treturn x +\n\t\tfail();\n}\nf( 1 );", name="marks.sgs")
    lines = ['  File "marks.sgs", line 5, in <main>', "    f( 1 );", '  File "marks.sgs", line 3, in f', "    fail();"]
    assert "\n".join([*lines, "  File"]) in shown(caught.value)


def test_views_show_what_they_hold() -> None:
    """Shortly: six items, two levels, sixty characters, so that cycles and large values do no harm."""
    engine = Engine()
    values = engine.run(
        "a = [ 1, 'x', { b = [ 1, [ 2 ] ] }, map{ [1] = 2.5 } ]; a.push( a ); for i : ( 10 ) a.push( i );"
        "t = 'x'; for i : ( 10 ) t ..= t; return a, {}, [], { t = t };"
    )
    engine.close()
    cycle = "[1, 'x', {...}, {...}, [...], 0, ... 9 more]"
    assert [repr(value) for value in values] == [
        f"<ScriptArray [1, 'x', {{'b': [...]}}, {{1: 2.5}}, {cycle}, 0, ... 9 more]>",
        "<ScriptDict {}>",
        "<ScriptArray []>",
        f"<ScriptDict {{'t': '{'x' * 60}'...}}>",
    ]
