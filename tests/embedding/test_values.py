"""Values between host and scripts (chapter 12 section 3), row by row, and what a host exposes."""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import collections
import copy
import enum
import gc
import io
import socket
import weakref
from collections.abc import MutableMapping, MutableSequence
from typing import Any

import pytest

from interp import (
    Engine,
    ScriptArray,
    ScriptClass,
    ScriptDict,
    ScriptError,
    ScriptFunction,
    ScriptHandle,
    ScriptMap,
    ScriptObject,
    ScriptSocket,
    ScriptThread,
)
from interp.limits import NOBODY


@pytest.fixture
def engine() -> Engine:
    return Engine(stdout=io.BytesIO(), stderr=io.BytesIO())


def through(engine: Engine, value: Any) -> Any:
    """A value that has been in a script's hands."""
    engine.globals["value"] = value
    return engine.run("return value;")


# --- simple values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [None, True, False, 0, -5, (1 << 63) - 1, -(1 << 63), 0.5, float("inf"), "", "text", "é€😀"]
)
def test_simple_values_come_back(engine: Engine, value: object) -> None:
    back = through(engine, value)
    assert back == value
    assert type(back) is type(value)


def test_types_seen_by_scripts(engine: Engine) -> None:
    for value, kind in ((None, "null"), (True, "bool"), (1, "int"), (1.0, "real"), ("x", "string"), (b"x", "string"),
                        ([], "array"), ((), "array"), ({}, "dict"), ({1: 2}, "map"), (len, "cfunc")):  # fmt: skip
        engine.globals["value"] = value
        assert engine.run("return typeof(value);") == kind


def test_subclasses_count_as_their_base(engine: Engine) -> None:
    class Color(enum.IntEnum):
        RED = 3

    class Text(str):
        __slots__ = ()

    class Odd(int):
        def __int__(self) -> int:
            return 99

    for value, plain in ((Color.RED, 3), (Text("x"), "x"), (Odd(4), 4)):
        back = through(engine, value)
        assert (back, type(back)) == (plain, type(plain))


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1, 10**30])
def test_ints_beyond_64_bits_overflow(engine: Engine, value: int) -> None:
    with pytest.raises(OverflowError):
        engine.globals["value"] = value
    with pytest.raises(OverflowError):
        engine.globals["value"] = [value]
    engine.run("function f(a){}")
    with pytest.raises(OverflowError):
        engine.globals["f"](value)
    engine.globals["big"] = lambda: value
    with pytest.raises(OverflowError):
        engine.run("big();")


def test_undecodable_strings_are_bytes(engine: Engine) -> None:
    assert engine.run("return '\\xff';") == b"\xff"
    seen: list[object] = []
    engine.globals["see"] = seen.append
    engine.run("see('\\xff'); see('a');")
    assert seen == [b"\xff", "a"]


def test_bytes_like_values_are_strings(engine: Engine) -> None:
    for value in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
        assert through(engine, value) == "ab"


def test_without_encoding_strings_are_bytes() -> None:
    engine = Engine(encoding=None)
    assert engine.run("return 'x', [ 'y' ][ 0 ];") == (b"x", b"y")
    with pytest.raises(TypeError):
        engine.globals["value"] = "text"
    with pytest.raises(TypeError):
        engine.globals["value"] = {"key": b"x"}
    assert through(engine, b"\xff") == b"\xff"


def test_other_encodings() -> None:
    engine = Engine(encoding="latin-1")
    engine.globals["value"] = "é"
    assert engine.run("return value.length, value;") == (1, "é")
    with pytest.raises(LookupError):
        Engine(encoding="no-such-encoding")


# --- containers to Python ---------------------------------------------------------------------------------------------


def test_arrays_are_live_sequences(engine: Engine) -> None:
    engine.run("global a = [ 1, 'two', [ 3 ] ];")
    view = engine.globals["a"]
    assert isinstance(view, ScriptArray)
    assert isinstance(view, MutableSequence)
    assert (len(view), view[0], view[-1][0], view[1:2], list(view)[:2]) == (3, 1, 3, ["two"], [1, "two"])
    view.append(4)
    view[0] = "one"
    view.insert(1, None)
    del view[2]
    view.extend([5, 6])
    assert engine.run("return tostring(a);") == "[one,null,[3],4,5,6]" or len(view) == 6
    assert view.pop() == 6
    assert 5 in view
    view.reverse()
    assert engine.eval("a[0]") == 5
    engine.run("a.push('new');")
    assert view[-1] == "new"
    view[1:3] = [9]
    with pytest.raises(IndexError):
        view[100]
    with pytest.raises(TypeError):
        view["x"]


def test_dicts_are_live_mappings(engine: Engine) -> None:
    for source in (
        "{ a = 1, b = { c = 2 } }",
        "(function(){ var d = {}; d['a'] = 1; d['b'] = { c = 2 }; return d; })()",
    ):
        view = engine.run(f"global d = {source}; return d;")
        assert isinstance(view, ScriptDict)
        assert isinstance(view, MutableMapping)
        assert (len(view), view["a"], view["b"]["c"], list(view), "a" in view, "x" in view) == (
            2,
            1,
            2,
            ["a", "b"],
            True,
            False,
        )
        view["new key"] = [1]
        assert engine.run("return d['new key'][0];") == 1
        del view["a"]
        assert view.get("a", "none") == "none"
        assert view.pop("new key")[0] == 1
        with pytest.raises(KeyError):
            view["a"]
        with pytest.raises(KeyError):
            del view["a"]
        with pytest.raises(TypeError):
            view[1] = 1
        view.update(x=1)
        view.clear()
        assert engine.run("return d.x;") is None


def test_maps_keep_the_types_of_keys(engine: Engine) -> None:
    view = engine.run("return map(1, 'int', 1.0, 'real', '1', 'string', true, 'bool', null, 'null');")
    assert isinstance(view, ScriptMap)
    assert (view[1], view[1.0], view["1"], view[True], view[None], len(view)) == (
        "int",
        "real",
        "string",
        "bool",
        "null",
        5,
    )
    view[2] = "two"
    del view[1.0]
    assert 2 in view
    assert 1.0 not in view
    assert sorted(map(str, view)) == ["1", "1", "2", "None", "True"]


def test_views_are_equal_when_they_show_the_same_value(engine: Engine) -> None:
    engine.run("global a = [], b = [], d = {}, m = map(); function f(){} class C {}")
    for name in "admfC":
        one, two = engine.globals[name], engine.globals[name]
        assert one == two
        assert hash(one) == hash(two)
        assert one != engine.globals["b"]
    assert engine.globals["a"] != []


def test_views_can_be_compared_across_engines(engine: Engine) -> None:
    engine.run("global a = [];")
    other = Engine()
    other.run("global a = [];")
    assert engine.globals["a"] != other.globals["a"]


def test_copies_are_plain_and_deep(engine: Engine) -> None:
    engine.run("global a = [ 1, { k = [ 2.5 ] }, map(1, 2) ]; a.push(a, a[1]);")
    made = engine.globals["a"].copy()
    assert type(made) is list
    assert made[1] == {"k": [2.5]}
    assert type(made[1]) is dict
    assert made[2] == {1: 2}
    assert made[3] is made
    assert made[4] is made[1]
    engine.globals["a"][1]["k"].append(3)
    assert made[1] == {"k": [2.5]}
    assert copy.deepcopy(engine.globals["a"][1]) == {"k": [2.5, 3]}


def test_copy_copy_is_the_scripts_clone(engine: Engine) -> None:
    engine.run("global a = [ 1, [ 2 ] ];")
    made = copy.copy(engine.globals["a"])
    assert isinstance(made, ScriptArray)
    assert made != engine.globals["a"]
    assert made[1] == engine.globals["a"][1]


def test_deep_nesting_crosses(engine: Engine) -> None:
    value: list[Any] = []
    for _ in range(20_000):
        value = [value]
    engine.globals["deep"] = value
    back = engine.globals["deep"].copy()
    for _ in range(20_000):
        (back,) = back
    assert back == []
    while value:
        value = value[0]


# --- containers from Python -------------------------------------------------------------------------------------------


def test_containers_are_copied_in(engine: Engine) -> None:
    value = [1, ("t",), {"a": {"b": b"c"}}, {1: "x", "s": 2}, {}]
    engine.globals["v"] = value
    assert engine.run("return v[1][0], v[2].a.b, v[3][1], v[3]['s'], typeof(v[4]);") == ("t", "c", "x", 2, "dict")
    value.append("later")
    assert engine.eval("v.size") == 5


def test_cycles_and_sharing_are_kept(engine: Engine) -> None:
    shared: dict[str, Any] = {}
    value: list[Any] = [shared, shared]
    shared["back"] = value
    engine.globals["v"] = value
    assert engine.run("v[0].x = 1; return v[1].x, v[0].back[1].x, v[0].back == v;") == (1, 1, True)


def test_subclasses_of_containers(engine: Engine) -> None:
    pair = collections.namedtuple("pair", "a b")
    engine.globals["v"] = [pair(1, 2), collections.OrderedDict(x=1), collections.defaultdict(int, y=2)]
    assert engine.run("return v[0][1], v[1].x, v[2].y;") == (2, 1, 2)


def test_views_unwrap_to_the_original(engine: Engine) -> None:
    engine.run("global a = [ 1 ]; function same(x, y){ return x === y; } function f(){}")
    same = engine.globals["same"]
    assert same(engine.globals["a"], engine.globals["a"])
    assert same(engine.globals["f"], engine.globals["f"])
    engine.globals["b"] = [engine.globals["a"]]
    assert engine.run("return b[0] === a;")


def test_arguments_are_converted_once_whichever_way_a_call_takes(engine: Engine) -> None:
    engine.run("global a = [ 1 ]; function same(x){ return x === a; }")
    same = engine.globals["same"]
    for _ in range(3):
        engine._guard.token = NOBODY  # as the watchdog leaves it when it goes to sleep
        assert same(engine.globals["a"])
        assert same(engine.globals["a"])


def test_views_of_another_engine_are_refused(engine: Engine) -> None:
    other = Engine()
    other.run("global a = []; function f(){}")
    for name in "af":
        with pytest.raises(TypeError):
            engine.globals["x"] = other.globals[name]
        with pytest.raises(TypeError):
            engine.globals["x"] = [other.globals[name]]


# --- functions, classes, objects --------------------------------------------------------------------------------------


def test_functions_are_callable(engine: Engine) -> None:
    engine.run("\nfunction f(a){ return a; } x = 5; global c = function() use(x){ return x; };", name="f.sgs")
    f, c = engine.globals["f"], engine.globals["c"]
    assert isinstance(f, ScriptFunction)
    assert isinstance(c, ScriptFunction)
    assert callable(f)
    assert (f("a"), c(), f.__name__, f.file, f.line) == ("a", 5, "f", "f.sgs", 2)
    native = engine.globals["toint"]
    assert isinstance(native, ScriptFunction)
    assert (native.__name__, native.file, native.line) == ("toint", None, None)


def test_calling_a_class_is_new(engine: Engine) -> None:
    engine.run("class P { function __construct(v){ this.v = v; } function get(){ return this.v; } global static = 7; }")
    kind = engine.globals["P"]
    assert isinstance(kind, ScriptClass)
    assert isinstance(kind, ScriptFunction)
    assert kind.__name__ == "P"
    assert (kind.line, kind.file) == (1, "<string>")
    made = kind(5)
    assert isinstance(made, ScriptObject)
    assert made["v"] == 5
    assert kind["static"] == 7
    assert "get" in kind


def test_instances(engine: Engine) -> None:
    engine.run(
        "class A { function who(){ return this.name $ '!'; } global kind = 'a'; } class B : A { function own(){ return 1; } }"
        "global o = new B(); o.name = 'me';"
    )
    view = engine.globals["o"]
    assert isinstance(view, ScriptObject)
    assert (view["name"], view["kind"], view["who"](), view["own"]()) == ("me", "a", "me!", 1)
    assert list(view) == ["name"]
    assert "who" in view
    view["name"] = "you"
    assert engine.run("return o.who();") == "you!"
    with pytest.raises(KeyError):
        view["nothing"]


def test_operators_on_views_run_metamethods(engine: Engine) -> None:
    engine.run(
        "class V { function __construct(v){ this.v = v; } function __add(a, b){ return new V(a.v + b.v); }"
        " function __compare(a, b){ return a.v - b.v; } function __negate(){ return new V(0 - this.v); } }"
    )
    kind = engine.globals["V"]
    one, two = kind(1), kind(2)
    assert (one + two)["v"] == 3
    assert one < two
    assert not one >= two
    assert (-two)["v"] == -2


def test_host_functions_take_and_give_values(engine: Engine) -> None:
    seen: list[Any] = []

    @engine.function
    def look(*args: object) -> object:
        seen.extend(args)
        return {"list": [1, 2]}

    assert engine.run("var r = look([ 1 ], { a = 1 }, null, 'x'); return r.list[1];") == 2
    assert isinstance(seen[0], ScriptArray)
    assert seen[2:] == [None, "x"]


def test_any_callable_becomes_a_function(engine: Engine) -> None:
    class Callable:
        def __call__(self, x: int) -> int:
            return x + 1

        def method(self, x: int) -> int:
            return x + 2

    engine.globals["fs"] = [Callable(), Callable().method, lambda x: x + 3, max, str]
    assert engine.run("return fs[0](1), fs[1](1), fs[2](1), fs[3](1, 7), fs[4](5);") == (2, 3, 4, 7, "5")


def test_handles(engine: Engine) -> None:
    engine.run(
        "global e = event(true); function t(){ yield(5); } global th = thread t(); global same = function(a, b){ return a === b; };"
    )
    handle = engine.globals["e"]
    assert type(handle) is ScriptHandle
    assert handle.type_name == "event"
    assert engine.globals["same"](handle, handle)
    thread = engine.globals["th"]
    assert isinstance(thread, ScriptThread)
    assert thread.state == "suspended"
    thread.abort()
    assert engine.process_threads(1.0) == 0
    assert thread.was_aborted


def test_unknown_objects_are_opaque(engine: Engine) -> None:
    thing = object()
    engine.globals["o"] = thing
    assert engine.globals["o"] is thing
    assert engine.run("return o == o, o, @o.__class__, @o['x'], @o.__dict__;") == (True, thing, None, None, None)
    with pytest.raises(ScriptError):
        engine.run("o();")
    with pytest.raises(ScriptError):
        engine.run("foreach(x : o){}")
    with pytest.raises(ScriptError):
        engine.run("clone(o);")


def test_opaque_objects_are_not_kept_alive(engine: Engine) -> None:
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    engine.globals["o"] = thing
    del thing
    assert gone() is not None
    engine.globals["o"] = None
    gc.collect()
    assert gone() is None


def test_sockets_cross_both_ways() -> None:
    with Engine(libraries=("sockets",), network=True) as engine:
        ours, theirs = socket.socketpair()
        engine.globals["s"] = theirs
        engine.run("include 'sockets'; s.send('hello'); s.send_all('!');")
        assert ours.recv(10) == b"hello!"
        view = engine.globals["s"]
        assert isinstance(view, ScriptSocket)
        assert view.fileno() >= 0
        taken = view.detach()
        assert isinstance(taken, socket.socket)
        taken.send(b"x")
        assert ours.recv(1) == b"x"
        assert view.fileno() == -1
        with pytest.raises(OSError):
            view.detach()
        for one in (ours, theirs, taken):
            one.close()


def test_detached_sockets_lose_no_bytes() -> None:
    with Engine(libraries=("sockets",), network=True) as engine:
        ours, theirs = socket.socketpair()
        ours.send(b"line\nrest")
        engine.globals["s"] = theirs
        assert engine.run("include 'sockets'; return s.recv_line();") == "line"
        view = engine.globals["s"]
        assert view.read_ahead == b"rest"
        with view.detach() as taken:
            ours.send(b"more")
            assert taken.recv(9) == b"more"
        assert view.read_ahead == b""
        ours.close()
        theirs.close()


def test_sockets_are_opaque_without_the_library(engine: Engine) -> None:
    one, two = socket.socketpair()
    engine.globals["s"] = one
    assert engine.globals["s"] is one
    one.close()
    two.close()


# --- exposed classes --------------------------------------------------------------------------------------------------


class Account:
    """Something a host exposes."""

    bank: str = "b"

    def __init__(self, owner: str, balance: int = 0) -> None:
        self.owner = owner
        self.balance = balance
        self.secret = "hidden"

    owner: str
    balance: int

    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    def split(self) -> tuple[int, int]:
        return self.balance // 2, self.balance - self.balance // 2

    def broken(self) -> None:
        raise AttributeError("inside")

    @property
    def rich(self) -> bool:
        return self.balance > 100

    @property
    def bad(self) -> None:
        raise AttributeError("no")

    def other(self) -> Account:
        return Account("other", 5)


def exposing(engine: Engine) -> Engine:
    engine.expose(
        Account,
        methods=("deposit", "split", "broken", "other"),
        properties=("owner", "balance", "rich", "bad"),
        constructor=True,
    )
    return engine


def test_exposed_members(engine: Engine) -> None:
    exposing(engine)
    account = Account("me", 10)
    engine.globals["a"] = account
    assert engine.run("a.owner = 'you'; return a.deposit(5), a.balance, a['balance'], a.rich, a.owner, typeof(a);") == (
        15, 15, 15, False, "you", "Account",
    )  # fmt: skip
    assert account.owner == "you"
    assert engine.globals["a"] is account
    assert engine.run("(x, y) = a.split(); return x, y, a.other().balance;") == (7, 8, 5)


def test_exposed_classes_are_constructed(engine: Engine) -> None:
    exposing(engine)
    for source in ("new Account('x', 7)", "Account('x', 7)"):
        made = engine.run(f"return {source};")
        assert isinstance(made, Account)
        assert made.balance == 7
    with pytest.raises(TypeError):
        engine.run("new Account();")


def test_nothing_else_of_an_exposed_class_exists(engine: Engine) -> None:
    exposing(engine)
    engine.globals["a"] = Account("me")
    for name in ("secret", "bank", "__class__", "__dict__", "__init__", "$held", "held", "__reduce__"):
        assert engine.run(f"return @a.{name.replace('$', '')}, @a['{name}'];") == (None, None)
        engine.run(f"@(a['{name}'] = 1);")
    assert engine.globals["a"].secret == "hidden"
    assert engine.run("return @(a.rich = true), a.rich;")[1] is False


def test_exposed_exceptions_reach_the_host(engine: Engine) -> None:
    exposing(engine)
    engine.globals["a"] = Account("me")
    for source in ("a.broken();", "x = a.bad;", "a['bad'];"):
        with pytest.raises(AttributeError):
            engine.run(source)


def test_methods_need_their_object(engine: Engine) -> None:
    exposing(engine)
    engine.globals["a"] = Account("me", 1)
    assert engine.run("f = a.deposit; return @f(5), @f.apply({}, [ 5 ]), f.apply(a, [ 5 ]);") == (None, None, 6)


def test_subclasses_show_what_their_base_exposes(engine: Engine) -> None:
    class Special(Account):
        def more(self) -> int:
            return 1

    exposing(engine)
    engine.globals["a"] = Special("me", 3)
    assert engine.run("return a.balance, @a.more;") == (3, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ("__init__",)}, {"methods": ("__reduce__",)}, {"properties": ("__class__",)}, {"properties": ("__dict__",)},
        {"methods": ("nothing",)}, {"properties": ("nothing",)}, {"methods": ("a.b",)}, {"methods": ("",)},
    ],
)  # fmt: skip
def test_names_that_cannot_be_exposed(engine: Engine, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        engine.expose(Account, **wrong)


def test_registry_symbols_and_constructors(engine: Engine) -> None:
    engine.run("_R.key = 5; function named(){} class Point {}")
    assert engine.registry["key"] == 5
    assert "named" in engine.symbols
    made: list[object] = []
    engine.globals["make"] = lambda *args: made.append(args)
    engine.run("@sgson_decode('make(1)');")
    assert not made
    engine.data_constructors.add("make")
    engine.run("sgson_decode('make(1)');")
    assert made == [(1,)]


def test_only_classes_are_exposed(engine: Engine) -> None:
    for wrong in (5, "str", object()):
        with pytest.raises(TypeError):
            engine.expose(wrong)  # type: ignore[arg-type]


def test_several_results_of_methods(engine: Engine) -> None:
    class Pair:
        def both(self) -> tuple[int, int]:
            return 1, 2

    engine.expose(Pair, methods=("both",))
    engine.globals["p"] = Pair()
    assert engine.run("var a, b; (a, b) = p.both(); return a, b;") == (1, 2)
