"""Core functions are made when they are needed; nobody can tell."""

from __future__ import annotations

import subprocess
import sys

import pytest

from interp import Engine
from interp.libraries import BUILT_IN, CORE, _module, core_library
from interp.library import Library


def test_the_table_has_the_names_that_the_modules_give() -> None:
    for module, names in CORE.items():
        library = core_library(module)
        assert names.split() == [*library.functions, *library.constants]
        assert not library.shortcuts and library.on_install is None


def test_no_library_has_a_name_of_the_core() -> None:
    core = " ".join(CORE.values()).split()
    assert len(core) == len(set(core))
    for name in BUILT_IN.values():
        library = _module(name).library
        assert not {*library.functions, *library.constants, *library.shortcuts} & set(core)


def test_a_script_gets_the_groups_that_it_names() -> None:
    with Engine() as engine:
        engine.run("function f( a ){ return function(){ return isset( a, 1 ); }; }")
        assert "containers" not in engine._world.waiting
        assert {"dump", "system", "serialize"} <= engine._world.waiting


@pytest.mark.parametrize(
    "script",
    [
        "return _G[ name ];",
        "return _G.clone;",
        "return eval( 'return clone;' );",
        "return sym_get( name );",
        "foreach( k, v : _G ) if( k == name ) return v;",
        "return get_values( map_filter( _G, function( v, k ){ return k == 'clone'; } ) )[ 0 ];",
        "x = _G; _G = { a = 1 }; _G = x; return x[ name ];",
    ],
)
def test_every_way_to_a_function_finds_it(script: str) -> None:
    with Engine() as engine:
        engine.globals["name"] = "clone"
        found = engine.run(script)
        assert engine.to_script(found) is core_library("containers").functions["clone"]


def test_the_host_sees_all_of_them() -> None:
    names = set(" ".join(CORE.values()).split())
    with Engine() as engine:
        assert names <= set(engine.globals)
    with Engine() as engine:
        assert names <= set(engine.symbols) | set(core_library("conversion").constants) | {"RAND_MAX"}
    with Engine() as engine:
        assert "clone" in engine.globals and engine.call("dict_size", {"a": 1}) == 1


def test_what_takes_a_name_first_keeps_it() -> None:
    """Also when other functions of its group are needed afterwards."""
    with Engine() as engine:
        engine.globals["clone"] = 1
        assert engine.run("return [ isset( {}, 'a' ), clone ];")[1] == 1
    with Engine() as engine:
        engine.function(lambda: 2, name="clone")
        assert engine.run("isset( {}, 'a' ); return clone();") == 2
        assert engine.run("return sym_get( 'clone' );") is not None
    with Engine() as engine:
        engine.globals["name"] = "clone"
        engine.run("_G[ name ] = 3;")
        assert engine.run("isset( {}, 'a' ); return _G[ name ];") == 3
    with Engine() as engine:
        del engine.globals["clone"]
        engine.run("isset( {}, 'a' );")
        assert "clone" not in engine.globals
    library = Library("mine")
    library.function("clone( any v )")(lambda v: 4)
    with Engine([library]) as engine:
        assert engine.run("include 'mine'; return eval( 'isset( {}, 1 ); return clone( 1 );' );") == 4


@pytest.mark.parametrize("depth", [1000, 1010])
def test_a_script_deep_in_calls_may_need_one_first(depth: int) -> None:
    """At the last calls before the limit loading a module must work like calling a function that is there."""
    code = """
import sys
from interp import Engine
depth, beforehand = map(int, sys.argv[1:])
with Engine() as engine:
    engine.globals["text"] = "return dumpvar( 1 );"
    if beforehand:
        engine._world.need(None)
    engine.run("function f( n ){ if( n > 0 ) return f( n - 1 ); return eval( text ); }")
    print(repr(engine.call("f", depth)))
"""
    printed = [
        subprocess.run([sys.executable, "-c", code, str(depth), beforehand], capture_output=True, text=True, timeout=60)
        for beforehand in "01"
    ]
    assert (printed[0].stdout, printed[0].stderr) == (printed[1].stdout, printed[1].stderr)
    assert depth > 1000 or printed[0].stdout == "'int (1)\\n'\n"


def test_the_core_comes_first_among_the_globals_whenever_it_was_made() -> None:
    with Engine() as engine:
        engine.run("mine = 1; global other = 2; println(); names = []; foreach( name, : _G ) names.push( name );")
        engine.run("global seen = []; foreach( name, : _G ) seen.push( name );")
        seen = list(engine.globals["seen"])
    core = [name for names in CORE.values() for name in names.split()]
    assert seen[: len(core)] == core
    assert seen.index("other") > seen.index("array") >= len(core)
