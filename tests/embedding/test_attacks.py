"""Thousands of calls that nobody would write: no exception of Python escapes, every limit holds, nothing is obtained.

Every native, method and operator gets hostile values: containers in themselves, very deep and very long ones, objects
whose hooks change what is being worked on or raise in the host, handles of every kind, and each other.
"""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from interp import Engine, Limits, ScriptError, ScriptSyntaxError, ScriptValue
from interp.library import Object
from sockets_module import NetworkPolicy
from stdlib.core.arrays import METHODS

LIBRARIES = ("string", "math", "fmt", "re", "json", "sockets")
SECONDS = 1.0
CALLS = 1200

SETTING = """
include 'string', 'math', 'fmt', 're', 'json', 'sockets';
class K { function m(){} function __compare(a, b){ return 'x'; } function __tostring(){ return {}; } }
x = 1; global closure = function() use(x){ return x; };
global cyclic = [ 1 ]; cyclic.push(cyclic); global cyclic_dict = {}; cyclic_dict.a = cyclic_dict; global cyclic_map = map(); cyclic_map[cyclic_map] = cyclic_map;
global deep = []; for(i = 0; i < 5000; ++i) deep = [ deep ]; global deep_dict = {}; for(i = 0; i < 5000; ++i) deep_dict = { a = deep_dict };
class Wrong { function __compare(a, b){ return fails(); } function __tostring(){ return 5; } function __getindex(k){ return this; }
 function __call(){ return this; } function __toint(){ return 'a'; } function __add(a, b){ return null; } function __clone(){ return null; } function __typeof(){ return 5; } }
class Changing { function __compare(a, b){ victim.clear(); return 1; } function __tostring(){ victim.clear(); return 'x'; } }
global victim = []; for(i = 0; i < 9; ++i) victim.push(new Changing());
global long_text = string_repeat('a(', 100000); global many = []; for(i = 0; i < 10000; ++i) many.push(i % 7); global wrong = new Wrong();
"""
VALUES = (
    "null", "true", "0", "1", "-1", "255", "9223372036854775807", "(-9223372036854775807 - 1)", "1.5", "(0.0 / 0.0)", "1e308 * 10",
    "''", "'a'", "'\\0'", "'\\xff\\xfe'", "'%s%n'", "'{1:99999999999999}'", "'__class__'", "'1e999'", "'(a+)+$'", "'(?P<n>a)(?P=n)'",
    "long_text", "string_repeat('[', 10000)", "string_repeat('9', 100000)", "[]", "[ 1, 2 ]", "[ null, 1, 'a', 1.5, {}, [], print ]",
    "cyclic", "deep", "many", "victim", "{}", "{ a = 1 }", "cyclic_dict", "deep_dict", "map()", "map(1, 2)", "cyclic_map",
    "function(){ return 1; }", "function(a, b){ victim.clear(); return fails(); }", "closure", "print", "host", "fails", "exposed",
    "Exposed", "opaque", "K", "new K()", "wrong", "array", "_G", "_R", "_T", "co_create(print)", "event(true)", "get_iterator([ 1 ])",
    "get_iterator({ a = 1 })", "toptr(5)", "fmt_string_parser('xyz 12')", "socket_pair()", "socket_address_any()", "socket_poller()",
    "socket_cancellable()", "socket_udp()", "sym_get('print')", "array_sized(1000)", "metaobj_get([])", "array.sort", "eval", "pcall",
    "4294967296", "1000000000", "'0x7f'",
)  # fmt: skip
OPERATORS = ("+", "-", "*", "/", "%", "$", "&", "|", "^", "<<", ">>", "==", "<", "===", "<=>", "&&", "||")
NOT_CALLED = ("app_exit", "abort", "app_abort")


class Exposed:
    public: int = 1

    def method(self) -> str:
        return "called"


class Failure(Exception):
    """What a host function raises."""


def fails(*args: object) -> None:
    raise Failure


def make() -> Engine:
    engine = Engine(
        LIBRARIES, network=NetworkPolicy(), limits=Limits(seconds=SECONDS, memory=64 << 20, output=1 << 20), stdout=io.BytesIO(),
        stderr=io.BytesIO(), stdin=io.BytesIO(), on_message=lambda message: message.level != "error" or None,
    )  # fmt: skip
    engine.expose(Exposed, methods=("method",), properties=("public",))
    engine.globals.update(host=lambda *args: object(), fails=fails, exposed=Exposed(), opaque=object(), Exposed=Exposed)
    engine.run(SETTING)
    return engine


def members() -> list[str]:
    found: set[Any] = {
        *METHODS,
        "call",
        "apply",
        "resume",
        "abort",
        "length",
        "size",
        "first",
        "last",
        "meta",
        "end_on",
    }
    pending = [Object]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        found.update(getattr(kind, "members", ()))
    return sorted(name.decode() if isinstance(name, bytes) else name for name in found)


def attempts(chance: random.Random, functions: list[str], names: list[str]) -> Iterator[str]:
    def value() -> str:
        return chance.choice(VALUES)

    while True:
        given = ", ".join(value() for _ in range(chance.choice((0, 1, 1, 2, 2, 2, 3, 3, 4, 5))))
        attempt = chance.choices(
            (
                f"{chance.choice(functions)}({given})",
                f"({value()}).{chance.choice(names)}({given})",
                f"({value()}).{chance.choice(names)}",
                f"({value()}) {chance.choice(OPERATORS)} ({value()})",
                f"({value()})[{value()}]",
                f"(function(){{ var t = {value()}; t[{value()}] = {value()}; t.{chance.choice(names)} = {value()}; return t; }})()",
                f"(function(){{ foreach(k, x : {value()}) tostring(x); }})()",
                f"tostring({chance.choice(functions)}({given}))",
            ),
            (60, 20, 5, 5, 3, 2, 2, 3),
        )[0]
        yield chance.choice(("return {};", "return @{};", "var r; pcall(function(){{ r = {}; }}); return r;")).format(
            attempt
        )


@pytest.mark.parametrize("seed", range(2))
def test_no_exception_of_python_escapes(seed: int) -> None:
    chance = random.Random(seed)
    plain = (type(None), bool, int, float, str, bytes, tuple, ScriptValue, Exposed)
    engine = make()
    functions = [
        name for name in engine.globals if name not in NOT_CALLED and engine.run(f"return @is_callable(_G['{name}']);")
    ]
    assert len(functions) > 150
    given = engine.globals["opaque"]
    for number, source in zip(range(CALLS), attempts(chance, functions, members()), strict=False):
        begin = time.process_time()
        try:
            result = engine.run(source)
        except (ScriptError, ScriptSyntaxError, Failure):
            continue
        except TypeError as problem:
            assert "Exposed" in str(problem), source  # the host's own class, called with arguments
            continue
        finally:
            assert time.process_time() - begin < SECONDS + 1, source
        assert isinstance(result, plain) or type(result) is object, (source, result)
        if number % 250 == 249:
            engine.close()
            engine = make()
            assert engine.globals["opaque"] is not given
    engine.close()


def test_hostile_objects_of_the_host_are_never_asked() -> None:
    class Hostile:
        public: int = 1

        def refuse(self, *args: object) -> Any:
            raise AssertionError("asked")

        __eq__ = __str__ = __repr__ = __bool__ = __len__ = __iter__ = __getattr__ = __contains__ = __call__ = refuse  # type: ignore[assignment]
        __int__ = __float__ = __index__ = __add__ = __lt__ = __hash__ = __bytes__ = __format__ = __copy__ = refuse  # type: ignore[assignment]

    with Engine(LIBRARIES, stdout=io.BytesIO(), on_message=lambda message: True) as engine:
        engine.run("include 'string', 'json', 'fmt';")
        engine.expose(Hostile, properties=("public",))
        engine.globals["o"] = Hostile()
        for source in ("o == o", "o == 5", "o === o", "o < o", "map(o, 1)[o]", "tostring(o)", "!o", "o $ 'a'", "[ o ].find(o)", "[ o, o ].unique()",
                       "[ o, 1, o ].sort()", "json_encode(o)", "sgson_encode(o)", "serialize(o)", "clone(o)", "dumpvar(o)", "typeof(o)", "toint(o)",
                       "toreal(o)", "string_format('{1}', o)", "get_keys(o)", "isset(o, 'public')", "toptr(o)", "o()", "o[0]", "o + 1", "-o",
                       "[ o ].find(1)", "array_find([ 1 ], o)", "o.public", "string_implode([ o ], '')", "eval('o')"):  # fmt: skip
            engine.run(f"var r = @{source}; r = null;")


def test_an_exception_without_a_text_is_an_error_of_the_language() -> None:
    class Nasty(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with Engine() as engine:
        engine.globals["nasty"] = lambda: (_ for _ in ()).throw(Nasty())
        assert (
            engine.run("var text; pcall(function(){ nasty(); }, function(type, t){ text = t; }); return @nasty();")
            is None
        )


@pytest.mark.parametrize("name", ["a\\0b", "\\xff\\xfe", "", "../../../etc/passwd", "a\\nb"])
def test_odd_names_of_includes(name: str) -> None:
    for settings in (
        {},
        {"include": lambda name, file: "return 1;"},
        {"include": {"x": "1;"}},
        {"include_paths": ("/usr",)},
    ):
        with Engine(on_message=lambda message: True, **settings) as engine:  # type: ignore[arg-type]
            for function in ("include", "eval_file", "include_file", "find_include_file", "include_shared"):
                assert engine.run(f"return @{function}('{name}');") in (None, 1, True)


def test_what_scripts_name_is_not_remembered_for_ever() -> None:
    """Caches of the process hold short texts only: they are in no engine's account of memory."""
    import gc
    import tracemalloc

    with Engine(("string", "fmt", "re"), limits=Limits.none(), on_message=lambda message: True) as engine:
        source = (
            "include 'string', 'fmt', 're'; for(i = 0; i < 30; ++i){ s = string_repeat('x', 10000) $ i; fmt_charcc('a', s); fmt_pack_size(s);"
            " string_format(s); fmt_text(s); re_replace('a', 'b', s); string_count('aaa', s, true); s = null; }"
        )
        engine.run(source)
        gc.collect()
        tracemalloc.start()
        try:
            engine.run(source.replace("$ i", "$ (i + 100)"))
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < 200_000
        finally:
            tracemalloc.stop()
