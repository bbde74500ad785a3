"""Ways out of the sandbox, tried one by one.

A way out would be a Python object in a script's hands that is no script value, a Python attribute a script can read or
set, a file, a name of the host, or code that the host did not allow. The roots are everything a script can start from:
globals, values of each kind, results of library functions, host functions, their arguments and results, exposed and
opaque objects. From each root all Python names are tried by every kind of access.
"""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import io
import os
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from conformance_cases import Case, all_cases
from interp import Engine, Limits, ScriptError, ScriptHandle, ScriptSyntaxError, ScriptValue
from interp.cli import open_engine
from interp.runtime.state import switch
from interp.runtime.threads import Thread
from interp.runtime.values import Array, Map, Object, Pointer, Record, Table
from stdlib.filesystem import FileSystem

LIBRARIES = ("string", "math", "fmt", "re", "json", "io", "os", "sockets")


class Exposed:
    """A host class, partly declared."""

    def __init__(self) -> None:
        self.public = 1
        self.hidden = "secret"

    public: int

    def method(self) -> str:
        return "called"


# Expressions that give a value of each kind, in an engine with every library.
ROOTS = {
    "null": "null", "bool": "true", "int": "5", "real": "1.5", "string": "'text'", "array": "[ 1, 2 ]",
    "dict record": "{ a = 1 }", "dict table": "sgson_decode('{\"a\":1}')", "map": "map(1, 2)", "function": "function(){ return 1; }",
    "closure": "closure", "native": "print", "pointer": "toptr(5)", "class": "K", "instance": "new K()", "array object": "array",
    "globals": "_G", "registry": "_R", "thread": "_T", "coroutine": "co_create(print)", "event": "event(true)",
    "iterator": "get_iterator([ 1 ])", "dict iterator": "get_iterator({ a = 1 })", "file": "io_file()", "directory": "io_dir('/')",
    "parser": "fmt_string_parser('x')", "socket": "socket_udp()", "address": "socket_address_any()", "poller": "socket_poller()",
    "cancellable": "socket_cancellable()", "host function": "host", "host result": "host()", "bound method": "method",
    "exposed": "exposed", "exposed class": "Exposed", "exposed method": "exposed.method", "opaque": "opaque", "type": "opaque_type",
    "module": "module", "engine": "engine", "symbols": "sym_get('print')", "meta": "metaobj_get([])",
}  # fmt: skip

DUNDERS = sorted(
    {name for kind in (object, type, int, bytes, list, dict, type(len), type(lambda: 0), type(os), BaseException, Record, Table, Map,
                       Array, Object, Thread, Pointer, io.BytesIO) for name in dir(kind) if name.startswith("__")}
    | {"__class__", "__globals__", "__code__", "__closure__", "__builtins__", "__subclasses__", "__mro__", "__bases__", "__wrapped__",
       "__import__", "__loader__", "__spec__", "__file__", "__cached__", "__path__", "__self__", "__func__"}
)  # fmt: skip
PLAIN = sorted(
    {"spec", "body", "held", "meta", "mm", "shape", "live", "home", "context", "greenlet", "handle_ref", "world", "namespace",
     "endpoint", "inner", "state", "registration", "native", "exposed", "members", "host_value", "f_globals", "f_back", "gi_frame",
     "cr_frame", "tb_frame", "func_globals", "co_code", "mro", "_meta", "_mm", "_shape", "cap", "im_func", "system", "path", "modules",
     "hidden", "owner", "type_name", "own_get", "own_set", "get_index", "set_index", "property_names", "refuse_write", "dump",
     "compare", "text", "iterator", "serialize_args", "call", "construct"}
)  # fmt: skip

ALLOWED = (type(None), bool, int, float, bytes, Array, Table, Record, Map, Object, Thread, Pointer, type(lambda: 0))


def make() -> Engine:
    """An engine with every library and one of each kind of host value."""
    engine = Engine(
        LIBRARIES, network=True, limits=Limits(seconds=30.0), stdout=io.BytesIO(), stderr=io.BytesIO(), stdin=io.BytesIO(),
        on_message=lambda message: True,
    )  # fmt: skip
    engine.expose(Exposed, methods=("method",), properties=("public",), constructor=True)
    engine.run("include 'string', 'math', 'fmt', 're', 'json', 'io', 'os', 'sockets'; class K { function m(){} } x = 1;"
               " global closure = function() use(x){ return x; };")  # fmt: skip
    thing = Exposed()
    engine.globals.update(
        host=lambda *args: object(),
        method=thing.method,
        exposed=thing,
        opaque=object(),
        opaque_type=Exposed,
        module=[os][0],
        engine=engine,
    )
    return engine


def raw(engine: Engine, expression: str) -> Any:
    """The value of an expression as the runtime has it."""
    results: list[Any] = []
    before = switch(engine._world.root)
    try:
        program = engine._compiler.load(f"return {expression};".encode(), "<probe>")
        results.append(engine._enter(program, None))
    finally:
        switch(before)
    return results[0]


def assert_script_value(value: Any, where: str) -> None:
    """A value must be one of the language's; host objects only inside their opaque wrapper."""
    assert isinstance(value, ALLOWED), (where, type(value))
    if isinstance(value, type(lambda: 0)):
        ours = "spec" in value.__dict__ or (value.__doc__ or "").startswith(("function ", "closure "))
        assert ours, (where, value)


@pytest.mark.parametrize("root", ROOTS)
def test_no_python_name_can_be_read_or_written(root: str) -> None:
    with make() as engine:
        engine.globals["names"] = [*DUNDERS, *PLAIN]
        engine.run(f"global root = {ROOTS[root]};")
        source = (
            "global leaks = []; foreach(name : names){ "
            "leaks.push(name, @root[name]); "
            "@(root[name] = 7); leaks.push(name, @get_property(root, name)); }"
            "function get_property(o, name){ return @eval('return @root.' $ name $ ';'); }"
        )
        engine.run(source)
        pairs = engine._world.namespace["leaks"]
        known = engine._world.namespace["root"]
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            where = f"{root}.{name!r}"
            assert_script_value(value, where)
            if isinstance(known, (Record, Table, Map)) or value in (None, 7) or isinstance(value, (int, float, bytes)):
                continue
            text = name.decode()
            members = getattr(type(known), "members", {})
            exposed = getattr(type(known), "exposed", {})
            script_names = {"meta", "apply", "resume", "abort", "end_on", "call", "iterator", "dump", "state"}
            assert name in members or name in exposed or text in script_names or isinstance(known, Array), (
                where,
                value,
            )


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_is_a_script_value(root: str) -> None:
    with make() as engine:
        assert_script_value(raw(engine, ROOTS[root]), root)


def test_every_global_is_a_script_value() -> None:
    with make() as engine:
        for name in engine.globals:
            value = engine._world.namespace.get(name, engine._world.namespace.get(name + "$"))
            assert_script_value(value, name)
        for name, value in engine._world.symbol_values.items():
            assert_script_value(value, repr(name))


def test_names_of_the_runtime_are_out_of_reach() -> None:
    with make() as engine:
        helpers = [name for name in engine._world.namespace if "$" in name] + ["__builtins__"]
        engine.globals["names"] = helpers
        engine.run(
            "global leaks = []; foreach(name : names){ leaks.push(@_G[name], @eval('return @' $ name $ ';'), "
            "@(_G[name] = 1)); @eval('global ' $ name $ ' = 1;'); @unset(_G, name); }"
        )
        values = list(engine._world.namespace["leaks"])
        assert all(value in (None, 1, False) for value in values)
        assert engine._world.namespace["$type"] is type
        assert engine.run("return 1 + 1;") == 2
        assert "__builtins__" not in list(engine.globals)


def test_replacing_the_globals_keeps_the_runtime() -> None:
    with make() as engine:
        engine.run(
            "_G = { println = println, __builtins__ = { open = 1 }, __name__ = 'x', __import__ = 5 }; global x = [ 1 ].size;"
        )
        assert engine.globals["x"] == 1
        assert type(engine._world.namespace["__builtins__"]).__name__ == "MissingGlobals"


@pytest.mark.parametrize(
    "name",
    ["open", "exec", "eval$", "__import__", "getattr", "globals", "breakpoint", "compile", "input", "type", "object"],
)
def test_pythons_builtins_do_not_exist(name: str) -> None:
    with make() as engine:
        assert engine.run(f"return @{name.rstrip('$')}0, @_G['{name}'];") == (None, None)
        if name not in ("eval$",):
            assert engine.run(f"return @{name};") is None


def calls(engine: Engine) -> list[str]:
    skip = {"read_stdin", "app_exit", "app_abort", "socket_run", "os_command", "io_file_delete", "io_dir_delete", "io_rename",
            "io_file_write", "io_dir_create", "engine", "host", "method", "abort", "include", "os_sleep", "sleep"}  # fmt: skip
    return [name for name in engine.globals if callable(engine.globals.get(name)) and name not in skip]


def test_library_functions_give_script_values_only() -> None:
    arguments = ("", "1", "'text'", "'a', 'b'", "[ 1, 2 ]", "{ a = 1 }", "print", "opaque", "exposed", "host", "'__class__', '__dict__'",
                 "[ 3, 1 ], function(a, b){ return a; }", "_G", "'x', 1, 2", "map(1, 2), 'x'", "new K(), 'x'", "event(), 1")  # fmt: skip
    with make() as engine:
        for name in calls(engine):
            for given in arguments:
                try:
                    value = raw(engine, f"@{name}({given})")
                except ScriptError:
                    continue
                assert_script_value(value, f"{name}({given})")


def test_host_functions_see_no_internals() -> None:
    seen: list[Any] = []
    with make() as engine:
        engine.globals["see"] = lambda *args: seen.extend(args)
        for expression in ROOTS.values():
            engine.run(f"see({expression});")
        plain = (type(None), bool, int, float, str, bytes, ScriptValue, Exposed, object)
        assert all(isinstance(value, plain) for value in seen)
        for value in seen:
            if type(value) is ScriptHandle:
                assert not hasattr(value, "__dict__")


def test_format_strings_reach_no_attributes() -> None:
    with make() as engine:
        for template in ("{0.__class__}", "{1.__class__}", "{0[a]}", "%s", "{opaque}", "{1!r}", "{1:{2}}"):
            engine.globals["template"] = template
            value = engine.run("return @string_format(template, opaque, exposed);")
            assert value is None or "class" not in str(value) or "__class__" in str(value)
            assert "0x" not in str(value)


def test_dumps_and_serialized_forms_tell_no_addresses() -> None:
    with make() as engine:
        for expression in ROOTS.values():
            for function in ("dumpvar", "tostring", "sgson_encode", "serialize", "toptr"):
                value = str(engine.run(f"return @{function}({expression});"))
                assert hex(id(engine))[2:] not in value
                assert "object at" not in value


@pytest.mark.parametrize(
    "data",
    [
        "eval('1')",
        "print(1)",
        "include('os')",
        "os_command('x')",
        "host()",
        "exposed()",
        "Exposed()",
        "app_exit()",
        "pcall(print)",
    ],
)
def test_data_calls_no_functions(data: str) -> None:
    called: list[int] = []
    with make() as engine:
        engine.globals["host"] = lambda *args: called.append(1)
        engine.globals["data"] = data
        engine.run("@sgson_decode(data); @sgson_decode('[' $ data $ ']'); @unserialize('C' $ data);")
        assert not called


def test_hostile_streams_do_no_harm() -> None:
    chance = random.Random(5)
    with make() as engine:
        good = [engine.run(f"return @serialize([ 1, 'x', {{ a = 1 }}, map(1, 2) ], {mode});") for mode in (1, 2)]
        engine.run("function feed(data){ @unserialize(data); @sgson_decode(data); }")
        feed = engine.globals["feed"]
        for _ in range(300):
            data = bytearray(chance.choice(good) if isinstance(good[0], bytes) else b"abc")
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            feed(bytes(data))


def test_no_file_is_reached_without_the_library(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("return 'leak';")
    with Engine(on_message=lambda message: True) as engine:
        engine.globals["path"] = str(path)
        for source in ("eval_file(path)", "include(path)", "include_file(path)", "find_include_file(path)", "include_shared(path)",
                       "import_cfunc(path, 'x')", "io_file_read(path)", "include_library('io')", "include('os')"):  # fmt: skip
            assert engine.run(f"return {source};") in (None, False), source


def test_metamethods_cannot_be_set_on_the_runtimes_classes() -> None:
    with make() as engine:
        engine.run(
            "foreach(name : [ '__eq__', '__setattr__', '__class__', '__dict__', '__getattribute__' ]){ foreach(o : [ {}, [], map(), event(), "
            "print, exposed, opaque, new K() ]){ @(o[name] = print); @metaobj_set(o, { __class__ = print, __eq__ = print }); } }"
        )
        assert Record.__dict__.get("__eq__") is None
        with make() as other:
            assert other.run("return {} == {}, [] == [];") == (False, False)


def test_engines_do_not_see_each_other() -> None:
    with make() as one, make() as two:
        one.run("global mark = 1; array.stolen = print; _R.mark = 1; sym_register('mark', 5); os_putenv('MARK=1');")
        assert (
            two.run("return @mark, @array.stolen, @_R.mark, @sym_get('mark'), @[].stolen, os_getenv('MARK');")
            == (None,) * 6
        )


def run_corpus(folder: Path, plan: list[list[Case]]) -> list[str]:
    """One OS thread for each list of cases, all at once, each case in an engine of its own; what went wrong."""
    failures: list[str] = []
    start = threading.Barrier(len(plan))

    def work(number: int, cases: list[Case]) -> None:
        start.wait(30)
        for case in cases:
            here = folder / str(number) / case.folder / case.script.stem
            here.mkdir(parents=True)
            script = case.copy_to(here)
            out, err = io.BytesIO(), io.BytesIO()
            engine = open_engine(stdin=io.BytesIO(), stdout=out, stderr=err)
            engine._world.slots["filesystem"] = FileSystem(os.fsencode(here))
            engine._world.slots["shared_locale"] = False
            try:
                engine.run(script.read_bytes(), name=script.name)
            except (ScriptError, ScriptSyntaxError):
                pass  # how a case ends shows in what it printed
            except BaseException as problem:
                failures.append(f"{case.id} in thread {number}: {problem!r}")
            finally:
                engine.close()
            verdict = case.judge(out.getvalue(), err.getvalue())
            if verdict.failure:
                failures.append(f"{case.id} in thread {number}: {verdict.failure}\n{verdict.difference}")

    threads = [threading.Thread(target=work, args=(number, cases)) for number, cases in enumerate(plan)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def shuffled(cases: list[Case], number: int) -> list[Case]:
    return random.Random(number).sample(cases, len(cases))


@pytest.mark.timeout(120)
def test_eight_engines_in_eight_threads_run_the_corpus(tmp_path: Path) -> None:
    """Every case once, spread over eight threads, and one in ten in all eight of them at about the same time."""
    cases = all_cases()
    assert len(cases) > 700
    assert not run_corpus(tmp_path, [shuffled(cases[number::8], number) for number in range(8)])
    assert not run_corpus(tmp_path / "same", [cases[::10]] * 8)


@pytest.mark.skipif(os.environ.get("SGS_SLOW") != "1", reason="takes a minute: SGS_SLOW=1 runs it")
@pytest.mark.timeout(600)
def test_eight_engines_in_eight_threads_run_all_of_the_corpus_each(tmp_path: Path) -> None:
    cases = all_cases()
    assert not run_corpus(tmp_path, [shuffled(cases, number) for number in range(8)])
