"""The short ways across the boundary do what the complete ones do (chapter 12 sections 1 and 3)."""

from __future__ import annotations

import gc
import io
import os
import threading
import time
import weakref

import pytest
from greenlet import greenlet

from interp import Engine, LimitExceeded, Limits, ScriptError, ScriptFunction
from interp.views import ScriptClass, ScriptValue

SCRIPT = """
function none(){ return 7; }
function one(a){ return a; }
function two(a, b){ return [ a, b ]; }
function who(a){ return this; }
function many(a, b, c, d, e, f){ return f; }
function busy(){ while(true){} }
"""


@pytest.fixture
def engine() -> Engine:
    made = Engine(stderr=io.BytesIO())
    made.run(SCRIPT)
    return made


VALUES = [
    0, 1, -1, (1 << 30) - 1, 1 << 30, -(1 << 30), (1 << 63) - 1, -(1 << 63), 1.5, True, False, None, "", "text", "é€😀",
    b"\xff\xfe",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_cross_unchanged(engine: Engine, value: object) -> None:
    seen: list[object] = []

    @engine.function
    def host(a: object) -> object:
        seen.append(a)
        return a

    assert engine.globals["one"](value) == value
    assert type(engine.globals["one"](value)) is type(value)
    engine.run("function through(a){ return host(a); }")
    assert engine.globals["through"](value) == value == seen[0]
    assert type(seen[0]) is type(value)


def test_subclasses_count_as_their_base(engine: Engine) -> None:
    class Number(int):
        pass

    class Text(str):
        __slots__ = ()

    one = engine.globals["one"]
    assert type(one(Number(5))) is int
    assert type(one(Text("x"))) is str
    assert type(one(bytearray(b"x"))) is str


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1, 1 << 200])
def test_ints_beyond_64_bits_are_refused_both_ways(engine: Engine, value: int) -> None:
    with pytest.raises(OverflowError):
        engine.globals["one"](value)
    engine.globals["big"] = lambda: value
    with pytest.raises(OverflowError):
        engine.run("big();")


def test_missing_extra_and_many_arguments(engine: Engine) -> None:
    assert engine.globals["none"]() == engine.globals["none"](1, 2, 3) == 7
    assert engine.globals["one"]() is None
    assert engine.globals["one"](1, 2, 3, 4, 5, 6) == 1
    assert engine.globals["two"](1).copy() == [1, None]
    assert engine.globals["many"](1, 2, 3, 4, 5, 6) == 6


def test_options(engine: Engine) -> None:
    who = engine.globals["who"]
    assert who(1) is None
    assert who(1, this=5) == who(1, 2, 3, this=5) == 5
    assert who(timeout=1.0) is None
    with pytest.raises(LimitExceeded):
        engine.globals["busy"](timeout=0.05)
    with pytest.raises(TypeError):
        who(1, that=5)
    assert who.multi(1, this=4) == (4,)
    assert who.bound_to(3)(1) == 3


def test_the_view_of_a_function_is_a_view(engine: Engine) -> None:
    one, many = engine.globals["one"], engine.globals["many"]
    assert isinstance(one, ScriptFunction) and isinstance(one, ScriptValue)
    assert isinstance(many, ScriptFunction)
    assert not isinstance(one, ScriptClass)
    assert not isinstance(test_options, ScriptFunction) and not isinstance(len, ScriptFunction)
    assert (one.__name__, one.file, one.line) == ("one", "<string>", 3)
    assert one == engine.globals["one"] and hash(one) == hash(engine.globals["one"])
    assert one != engine.globals["none"]
    assert one == one.bound_to(5) and one.bound_to(5) == one
    assert one.type_name == many.type_name
    assert "one" in repr(one)


def test_a_view_goes_back_as_the_function_itself(engine: Engine) -> None:
    one = engine.globals["one"]
    assert engine.globals["one"](one) == one
    assert engine.call(one, 5) == 5
    engine.globals["again"] = one
    assert engine.run("return again == one && again( 3 ) == 3;") is True
    with Engine() as other, pytest.raises(TypeError):
        other.globals["foreign"] = one


def test_views_are_not_kept() -> None:
    engine = Engine()
    engine.run(SCRIPT)
    one = weakref.ref(engine.globals["one"])
    gc.collect()
    assert one() is None
    gone = weakref.ref(engine)
    keep = engine.globals["one"]
    del engine
    gc.collect()
    assert keep(5) == 5 and gone() is not None
    del keep
    gc.collect()
    assert gone() is None


def test_host_functions_get_what_was_passed(engine: Engine) -> None:
    engine.globals["fixed"] = lambda a, b=2: (a, b)
    engine.globals["open"] = lambda *args: len(args)
    engine.globals["native"] = max
    assert engine.run("return fixed(1);") == 1
    assert engine.call_multi("fixed", 1) == (1, 2)
    assert engine.run("return open(), open(1), open(1, 2, 3, 4, 5, 6, 7);") == (0, 1, 7)
    assert engine.run("return native(1, 3, 2);") == 3
    for call in ("fixed();", "fixed(1, 2, 3);", "[1, 2].sort_custom(fixed); fixed(1, 2, 3);"):
        with pytest.raises(TypeError, match="argument"):
            engine.run(call)
    assert engine.run("pcall(function(){ fixed(1, 2, 3); }); return 1;") == 1


def test_any_idle_thread_and_greenlet_may_call(engine: Engine) -> None:
    """The shortcut notices who calls, and that another engine was used meanwhile."""
    one, other = engine.globals["one"], Engine(stderr=io.BytesIO())
    other.run("function fails(){ return {}.missing; } function f(a){ return a; }")
    fails, second = other.globals["fails"], other.globals["f"]
    engine.run("function warns(a){ return @({}.missing); }")  # needs the right context
    warns = engine.globals["warns"]
    got: list[object] = []

    def work() -> None:
        for i in range(3):
            got.append((one(i), second(i), warns(i), fails()))

    work()
    expected, got = got, []
    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        greenlet(work).switch()
        work()
    assert got == expected * 9


def test_use_from_two_threads_raises(engine: Engine) -> None:
    inside, leave = threading.Event(), threading.Event()

    @engine.function
    def wait() -> None:
        inside.set()
        leave.wait(10)

    engine.run("function waits(){ wait(); } ")
    one, waits = engine.globals["one"], engine.globals["waits"]
    one(1)
    thread = threading.Thread(target=waits)
    thread.start()
    assert inside.wait(10)
    try:
        for call in (lambda: one(1), lambda: engine.call("one", 1), lambda: engine.run("return 1;")):
            with pytest.raises(RuntimeError, match="another thread"):
                call()
    finally:
        leave.set()
        thread.join()
    assert one(1) == 1


def test_a_call_from_a_host_function_is_an_inner_one() -> None:
    with Engine(limits=Limits(operations=50_000)) as counted, Engine() as other:
        for engine in (counted, other):
            engine.run(SCRIPT)
        back = other.globals["one"]

        @other.function
        def host(a: int) -> int:
            return back(a) + counted.globals["one"](1)

        other.run("function f(a){ return host(a) + one(a); }")
        f = other.globals["f"]
        assert [f(i) for i in range(4)] == [1, 3, 5, 7]


def test_engines_call_each_other_to_and_fro() -> None:
    """Each call runs in its own engine's world, however often hosts' functions lead from one to the other."""
    errors = [io.BytesIO(), io.BytesIO()]
    first, second = (Engine(stderr=error) for error in errors)
    first.run("function out(a){ return over(a) + 1; } function inner(a){ var x = {}.in_first; return a * 2; }")
    second.run(
        "function back(a){ var x = {}.in_second; return home(a) + 10; } function warns(){ return {}.in_second; }"
    )
    out, inner, back, warns = (
        engine.globals[name] for engine, name in ((first, "out"), (first, "inner"), (second, "back"), (second, "warns"))
    )

    @first.function
    def over(a: int) -> int:
        warns()
        warns()
        return back(a)

    second.globals["home"] = lambda a: inner(a)
    assert [out(a) for a in range(3)] == [11, 13, 15]
    warns()
    inner(1)
    out(1)
    written = [error.getvalue() for error in errors]
    assert written[0].count(b"in_first") == 5 and b"in_second" not in written[0]
    assert written[1].count(b"in_second") == 13 and b"in_first" not in written[1]


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs Linux")
def test_a_later_thread_with_the_number_of_an_earlier_one(engine: Engine) -> None:
    """Thread numbers are used again; what a thread knew of its engines is not."""
    engine.run("function warns(){ return {}.missing; }")
    warns = engine.globals["warns"]
    numbers: list[int] = []
    results: list[object] = []

    def work() -> None:
        numbers.append(threading.get_ident())
        results.extend([warns(), warns()])

    deadline = time.monotonic() + 20
    while len(numbers) < 2 or numbers[-2] != numbers[-1]:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        # its number is free when the system has let it go, too
        while os.path.exists(f"/proc/self/task/{thread.native_id}"):
            assert time.monotonic() < deadline
        assert time.monotonic() < deadline, "no number was used again at once"
    assert results == [None] * 2 * len(numbers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_cannot_use_the_shortcut(engine: Engine) -> None:
    one = engine.globals["one"]
    assert one(1) == 1
    child = os.fork()
    if child == 0:
        try:
            one(1)
        except RuntimeError:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert one(2) == 2


def test_functions_of_ints_give_way_to_their_general_code() -> None:
    """The copy without effects is called for ints alone, and no more once it met what it cannot do."""
    errors = io.BytesIO()
    with Engine(stderr=errors) as engine:
        engine.run("function add(a, b){ return a + b; } function half(a){ return 10 / a; }")
        add, half = engine.globals["add"], engine.globals["half"]
        assert "closed" in add._value.__dict__
        assert [add(2, 3), add(-2, -3), add(True, 1), add(1.5, 2), add("3", 4), add(None, 1), add(1)] == [
            5, -5, 2, 3.5, 7, 1, 1,
        ]  # fmt: skip
        top = (1 << 63) - 1
        assert [add(top, 1), add(top, 0), add(1 << 40, 1), add(2, 2)] == [-1 << 63, top, (1 << 40) + 1, 4]
        with pytest.raises(OverflowError):
            add(1 << 63, 1)
        with pytest.raises(OverflowError):
            add(1, -(1 << 63) - 1)
        assert half(4) == 2.5
        with pytest.raises(ScriptError, match="Division by 0") as caught:
            half(0)
        assert [(name, line) for name, _, line in caught.value.trace] == [("half", 1)]
        assert half(5) == 2
        assert errors.getvalue().count(b"Division by 0") == 1


def test_a_closed_engine_refuses(engine: Engine) -> None:
    one = engine.globals["one"]
    assert one(1) == 1
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        one(1)
