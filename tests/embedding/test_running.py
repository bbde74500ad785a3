"""Running and calling (chapter 12 section 1): one test or more for each row of its table."""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import contextlib
import gc
import io
import linecache
import os
import pickle
import sys
import threading
import traceback
import weakref
from pathlib import Path

import pytest

from interp import (
    Engine,
    LimitExceeded,
    Limits,
    Program,
    ScriptError,
    ScriptExit,
    ScriptInterrupted,
    ScriptSyntaxError,
)


@pytest.fixture
def engine() -> Engine:
    return Engine(stdout=io.BytesIO(), stderr=io.BytesIO())


def test_run_gives_none_one_value_or_a_tuple(engine: Engine) -> None:
    assert engine.run("x = 1;") is None
    assert engine.run("return 5;") == 5
    assert engine.run(b"return 1, 'two';") == (1, "two")
    assert engine.run("return null;") is None


def test_run_sets_the_name_and_the_arguments(engine: Engine) -> None:
    assert engine.run("return argc, argv[0], argv[1];", name="a.sgs", args=("b",)) == (2, "a.sgs", "b")
    assert engine.run("return sys_curfile();", name="dir/a.sgs") == "dir/a.sgs"


def test_run_file(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "f.sgs"
    path.write_text("return argv[0], argc;")
    assert engine.run_file(str(path), ["x"]) == (str(path), 2)
    assert engine.run_file(path) == (str(path), 1)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        engine.run_file(str(tmp_path / "missing.sgs"))


def test_globals_stay_between_runs(engine: Engine) -> None:
    engine.run("global a = 1; function f(){ return a + 1; }")
    assert engine.run("return f();") == 2


def test_eval(engine: Engine) -> None:
    assert engine.eval("1 + 2 * 3") == 7
    assert engine.eval(b"'a' $ 'b'") == "ab"


@pytest.mark.parametrize(
    "text", ["1); global x = 5; return (2", "1; 2", "1) } function f(){ return (2", "function(){ return 1; }; 5"]
)
def test_eval_takes_one_expression_only(engine: Engine, text: str) -> None:
    with pytest.raises(ScriptSyntaxError):
        engine.eval(text)
    assert "x" not in engine.globals
    assert engine.eval("(function(){ return 3; })()") == 3
    assert engine.eval("'a;b' $ ';'") == "a;b;"


def test_sources_and_names_of_wrong_types(engine: Engine, tmp_path: Path) -> None:
    for wrong in (5, None, ["x"], object()):
        with pytest.raises(TypeError):
            engine.run(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            engine.compile(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        engine.run("1;", name=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        engine.run("1;", args="words")
    with pytest.raises(ValueError):
        engine.run("1;", name="a\0b")
    assert engine.run("return argv[0];", name=tmp_path) == str(tmp_path)  # type: ignore[arg-type]
    assert engine.run(bytearray(b"return 1;")) == engine.run(memoryview(b"return 1;")) == 1  # type: ignore[arg-type]


def test_compile_once_run_anywhere(engine: Engine) -> None:
    program = engine.compile("function f(){ return 1, 2; } return f(), argv[0];", name="p.sgs")
    assert isinstance(program, Program)
    other = Engine(limits=Limits(operations=1000))
    for world in (engine, other):
        assert world.run(program) == (1, "p.sgs")


def test_programs_are_pickled(engine: Engine) -> None:
    program = engine.compile("return [ argv[0], f ]; function f(){}", name="p.sgs")
    copy = pickle.loads(pickle.dumps(program))
    assert (copy.name, copy.source) == (program.name, program.source)
    assert engine.run(copy)[0] == "p.sgs"


def test_program_shows_its_python(engine: Engine) -> None:
    assert "def " in engine.compile("function f(a){ return a + 1; }").python


def test_compile_reports_errors(engine: Engine) -> None:
    with pytest.raises(ScriptSyntaxError) as caught:
        engine.compile("x = ;", name="bad.sgs")
    assert (caught.value.file, caught.value.line) == ("bad.sgs", 1)
    assert "[line" not in caught.value.text


def test_syntax_errors_have_text_file_and_line(engine: Engine) -> None:
    with pytest.raises(ScriptSyntaxError) as caught:
        engine.run("x = 1;\ny = * ;", name="two.sgs")
    assert (caught.value.file, caught.value.line) == ("two.sgs", 2)
    with pytest.raises(ScriptSyntaxError) as caught:
        engine.run("while( true")
    assert caught.value.file == "<string>"


def test_call_by_name_and_by_view(engine: Engine) -> None:
    engine.run("function f(a, b){ return a - b, this; }")
    assert engine.call("f", 5, 3) == 2
    assert engine.call(engine.globals["f"], 5, 3) == 2
    assert engine.call_multi("f", 5, 3, this="t") == (2, "t")
    assert engine.globals["f"](5, 3) == 2
    assert engine.globals["f"].multi(5, 3, this=1) == (2, 1)


def test_call_options_are_keywords(engine: Engine) -> None:
    engine.run("function f(){ return this; }")
    assert engine.globals["f"](this="me", timeout=1.0) == "me"
    with pytest.raises(TypeError):
        engine.globals["f"](other=1)


def test_calls_fill_and_cut_arguments(engine: Engine) -> None:
    engine.run("function f(a, b){ return b; } function v(){ return va_arg_count(); }")
    f = engine.globals["f"]
    assert (f(1), f(1, 2), f(1, 2, 3)) == (None, 2, 2)
    assert engine.globals["v"](1, 2, 3) == 3


def test_calling_an_unknown_name_is_the_scripts_own_error(engine: Engine) -> None:
    with pytest.raises(ScriptError) as caught:
        engine.call("nobody")
    assert caught.value.text == "Variable of type 'null' cannot be called"


def test_natives_are_called_too(engine: Engine) -> None:
    assert engine.call("toint", "12") == 12


def test_errors_carry_text_and_trace(engine: Engine) -> None:
    with pytest.raises(ScriptError) as caught:
        engine.run("function f(){ ERROR('broken'); }\nf();", name="t.sgs")
    assert caught.value.text == "broken"
    assert caught.value.trace == [("<main>", "t.sgs", 2), ("f", "t.sgs", 1), ("ERROR", "[C code]", None)][:2]


def test_the_engine_goes_on_after_an_error(engine: Engine) -> None:
    with pytest.raises(ScriptError):
        engine.run("ERROR('x');")
    assert engine.run("return 1;") == 1


def test_app_exit(engine: Engine) -> None:
    with pytest.raises(ScriptExit) as caught:
        engine.run("pcall(function(){ app_exit(3); });")
    assert caught.value.code == 3
    assert isinstance(caught.value, ScriptError)


def test_abort_of_a_script_gives_none(engine: Engine) -> None:
    assert engine.run("abort(); return 1;") is None


def test_host_abort_ends_the_script(engine: Engine) -> None:
    reached: list[int] = []
    engine.globals["stop"] = engine.abort
    engine.globals["mark"] = lambda: reached.append(1)
    assert engine.run("stop(); mark(); return 1;") is None
    assert not reached
    with pytest.raises(RuntimeError):
        engine.abort()


def test_host_abort_stops_at_native_boundaries(engine: Engine) -> None:
    engine.globals["stop"] = engine.abort
    assert engine.run("pcall(function(){ stop(); }); return 1;") == 1


def test_interrupt_without_a_running_script_has_no_effect(engine: Engine) -> None:
    engine.interrupt()
    assert engine.run("for(i=0;i<100;++i){} return 1;") == 1


def test_interrupt_reason(engine: Engine) -> None:
    engine.globals["stop"] = lambda: engine.interrupt("enough")
    with pytest.raises(ScriptInterrupted, match="enough") as caught:
        engine.run("stop(); while(true){}", name="loop.sgs")
    assert caught.value.trace[0][:2] == ("<main>", "loop.sgs")


def test_close(engine: Engine) -> None:
    engine.run("global a = [1, 2];")
    view = engine.globals["a"]
    function = engine.globals["toint"]
    engine.close()
    engine.close()
    assert list(view) == [1, 2]
    for attempt in (lambda: engine.run("return 1;"), lambda: function("1"), lambda: engine.call("toint", "1")):
        with pytest.raises(RuntimeError, match="closed"):
            attempt()


def test_with_closes() -> None:
    with Engine() as engine:
        assert engine.run("return 1;") == 1
    assert engine.closed


def test_close_closes_files_and_sockets(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("x")
    before = open_files()
    with Engine(libraries=("io", "sockets"), network=True) as engine:
        engine.globals["path"] = str(path)
        # by what they are: the watchdog may look at the process's size for a moment
        engine.run("include 'io', 'sockets'; global f = io_file(path, FILE_READ), s = socket_tcp();")
        opened = set(open_files()) - set(before)
        assert str(path) in opened and any(name.startswith("socket:") for name in opened)
    assert not opened & set(open_files())


def open_files() -> list[str]:
    """What the descriptors of the process stand for."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found


def test_close_discards_threads_silently(engine: Engine) -> None:
    engine.run("global n = 0; function t(){ defer n = 5; yield(1); n = 6; } thread t();")
    assert engine.thread_count == 1
    engine.close()
    assert engine.globals["n"] == 0


def test_a_host_function_cannot_close(engine: Engine) -> None:
    engine.globals["close"] = engine.close
    with pytest.raises(RuntimeError):
        engine.run("close();")
    assert engine.run("return 1;") == 1


def test_dropping_an_engine_closes_it() -> None:
    before = len(os.listdir("/proc/self/fd"))
    engine = Engine(libraries=("sockets",), network=True)
    engine.run("include 'sockets'; global s = socket_tcp();")
    engine.globals["f"] = lambda: 1
    gone = weakref.ref(engine)
    del engine
    gc.collect()
    assert gone() is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_engines_leave_nothing_behind() -> None:
    """Closed engines are gone at once, suspended threads and coroutines in cycles included, while others run."""

    def one() -> weakref.ref[object]:
        with Engine(libraries=()) as engine:
            engine.run(
                "global c, box = []; function f(b){ yield(1); return b; } c = co_create(f); box.push(c); co_resume(c, box);"
                " thread f(box); thread f(1);"
            )
            return weakref.ref(engine._guard)

    busy = Engine(libraries=())
    gone = []
    for _ in range(20):
        gone.append(one())
        busy.run("for(i = 0; i < 100000; ++i){}")
    gc.collect()
    # the watchdog may be looking at the last ones
    assert sum(guard() is not None for guard in gone) <= 2


@pytest.mark.parametrize("limits", [Limits(), Limits.none()], ids=["limited", "free"])
@pytest.mark.parametrize("way", ["close", "drop"])
def test_coroutines_that_refer_to_themselves_end_with_the_engine(way: str, limits: Limits) -> None:
    """The host's collector does not see into suspended frames: nothing else frees these, and what they hold."""
    seen: list[object] = []

    class Thing:
        def __del__(self) -> None:
            seen.append(1)

    engine = Engine(libraries=(), limits=limits)
    engine.globals["make"] = lambda: Thing()
    engine.run(
        "function by_handle( thing ){ var me = _T; yield( 1 ); return thing; }"
        " function by_closure(){ var c, thing = make(); c = co_create( function() use( c, thing ){ yield( 1 ); return c; } );"
        " c.resume(); }"
        " for( i = 0; i < 10; i++ ){ c = co_create( by_handle ); c.resume( make() ); by_closure(); } c = null;"
    )
    gc.collect()
    assert not seen
    if way == "close":
        engine.close()
    else:
        del engine
    gc.collect()
    assert len(seen) == 20


def test_a_dropped_coroutine_is_gone_at_once() -> None:
    """The first one of an engine, too: what it holds ends with it."""
    seen: list[object] = []

    class Thing:
        def __del__(self) -> None:
            seen.append(1)

    with Engine(libraries=()) as engine:
        engine.globals["make"] = lambda: Thing()
        engine.run(
            "function f(t){ yield(1); return t; } function g(){ var c = co_create(f); co_resume(c, make()); } g();"
        )
        assert seen


def test_stats(engine: Engine) -> None:
    counting = Engine(limits=Limits(operations=10_000))
    counting.run("for(i=0;i<100;++i){}")
    stats = counting.stats
    assert 100 <= stats.operations <= 200
    assert stats.seconds > 0
    with pytest.raises(AttributeError):
        stats.seconds = 0.0  # type: ignore[misc]
    assert (stats.threads, stats.sockets, stats.bytes_in, stats.bytes_out) == (0, 0, 0, 0)
    assert stats.memory_peak >= 0


def test_threads_from_outside(engine: Engine) -> None:
    engine.run("function work(){\n yield(10);\n return 1; }\nthread work();", name="t.sgs")
    (info,) = engine.threads
    assert (info.state, info.function, info.file, info.line) == ("suspended", "work", "t.sgs", 2)
    assert info.waits_for == "10 seconds"
    assert info.since is not None
    assert engine.thread_count == engine.stats.threads == 1
    assert engine.process_threads(5.0) == 1
    assert engine.process_threads(6.0) == 0
    assert engine.threads == []


def test_parked_threads_tell_what_they_wait_for() -> None:
    with Engine(libraries=("sockets",), network=True) as engine:
        engine.run(
            "include 'sockets'; function serve(){ var l = socket_listen('127.0.0.1:0');\n l.accept(); } thread serve();",
            name="p.sgs",
        )
        (info,) = engine.threads
        assert (info.state, info.waits_for, info.line) == ("parked", "socket read", 2)
        assert info.since is not None


# --- host functions and Python exceptions -----------------------------------------------------------------------------


def test_functions_become_globals(engine: Engine) -> None:
    @engine.function
    def twice(text: str) -> str:
        return text * 2

    @engine.function(name="plus_one")
    def other(number: int) -> int:
        return number + 1

    assert twice("a") == "aa"
    assert engine.run("return twice('ab'), plus_one(1);") == ("abab", 2)


def test_python_exceptions_reach_the_host_as_themselves(engine: Engine) -> None:
    problem = KeyError("original")

    @engine.function
    def fail() -> None:
        raise problem

    source = "function f(){\n return fail(); }\n[ 2, 1 ].sort_custom(function(a, b){ return f(); });"
    with pytest.raises(KeyError) as caught:
        engine.run(source, name="raises.sgs")
    assert caught.value is problem
    text = "".join(traceback.format_exception(caught.value))
    assert 'File "raises.sgs", line 2, in f' in text
    assert "in fail" in text
    assert "HostRaised" not in text


@pytest.mark.parametrize(
    "kind", [TypeError, AttributeError, IndexError, ZeroDivisionError, OSError, RecursionError, ValueError]
)
def test_no_native_stops_python_exceptions(engine: Engine, kind: type[Exception]) -> None:
    @engine.function
    def fail(*args: object) -> None:
        raise kind("x")

    engine.run("global o = class({}, { __tostring = fail, __getindex = fail, __add = fail, __compare = fail });")
    for source in ("fail();", "fail(1, 2, 3);", "x = fail;\nx();", "[1, 2].sort_custom(fail);", "array_process([1], fail);",
                   "tostring(o);", "o $ 'x';", "o.x;", "o + 1;", "o < 1;", "new fail();", "fail.apply(null, [1]);",
                   "co_resume(co_create(fail));", "thread fail();"):  # fmt: skip
        with pytest.raises(kind):
            engine.run(source)
    assert engine.run("return 1;") == 1


def test_exceptions_pass_host_functions_in_between(engine: Engine) -> None:
    @engine.function
    def outer() -> object:
        return engine.call("inner")

    @engine.function
    def fail() -> None:
        raise ValueError("deep")

    engine.run("function inner(){ fail(); }")
    with pytest.raises(ValueError, match="deep"):
        engine.run("outer();")


def test_pcall_and_at_stop_python_exceptions(engine: Engine) -> None:
    @engine.function
    def fail() -> None:
        raise ValueError("bad value")

    engine.run("global seen = []; pcall(function(){ fail(); }, function(type, text){ seen.push(type, text); });")
    assert list(engine.globals["seen"]) == [300, "fail(): ValueError: bad value"]
    assert engine.run("var x = @fail(); return x;") is None
    assert engine.run("pcall(function(){ fail(); }); return 2;") == 2


def test_exceptions_that_are_no_exception_subclasses_cannot_be_stopped(engine: Engine) -> None:
    class Urgent(BaseException):
        pass

    @engine.function
    def fail(*args: object) -> None:
        raise Urgent

    for source in ("pcall(function(){ fail(); });", "@fail();", "[1, 2].sort_custom(fail);"):
        with pytest.raises(Urgent):
            engine.run(source)


def test_wrong_numbers_of_arguments_are_type_errors(engine: Engine) -> None:
    @engine.function
    def one(a: int) -> int:
        return a

    for source in ("one();", "one(1, 2);"):
        with pytest.raises(TypeError):
            engine.run(source)


def test_a_tuple_is_several_values(engine: Engine) -> None:
    engine.globals["pair"] = lambda: (1, 2)
    engine.globals["none"] = lambda: ()
    assert engine.call_multi("pair") == (1, 2)
    assert engine.run("(a, b) = pair(); return a, b, none();") == (1, 2, None)


def test_sources_are_known_to_linecache(engine: Engine) -> None:
    engine.run("x = 1;\ny = 2;", name="memory-only.sgs")
    assert linecache.getline("memory-only.sgs", 2) == "y = 2;"
    linecache.checkcache()
    assert linecache.getline("memory-only.sgs", 1) == "x = 1;\n"


def test_code_has_real_file_names_and_lines(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "real.sgs"
    path.write_text("\n\nfunction here(){ return 1; }\nreturn here;")
    function = engine.run_file(str(path))
    assert (function.__name__, function.file, function.line) == ("here", str(path), 3)
    seen: list[tuple[str, int]] = []

    def tracer(frame: object, event: str, arg: object) -> object:
        code = frame.f_code  # type: ignore[attr-defined]
        if code.co_filename == str(path):
            seen.append((event, frame.f_lineno))  # type: ignore[attr-defined]
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)  # type: ignore[arg-type]
    try:
        function()
    finally:
        sys.settrace(before)
    assert ("line", 3) in seen


# --- threads and processes --------------------------------------------------------------------------------------------


def in_thread(work: object) -> list[object]:
    """Runs work in another OS thread; its result or exception."""
    box: list[object] = []

    def run() -> None:
        try:
            box.append(work())  # type: ignore[operator]
        except BaseException as problem:
            box.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return box


def test_an_idle_engine_may_be_used_from_any_thread(engine: Engine) -> None:
    engine.run("function f(a){ return a + 1; }")
    f = engine.globals["f"]
    for _ in range(3):
        assert in_thread(lambda: f(1)) == [2]
        assert f(2) == 3
        assert in_thread(lambda: engine.run("return f(3), co_resume(co_create(f), 1);")) == [(4, 2)]
        assert engine.run("return co_resume(co_create(f), 5);") == 6


def test_use_while_another_thread_is_inside_raises(engine: Engine) -> None:
    inside, leave = threading.Event(), threading.Event()

    @engine.function
    def block() -> None:
        inside.set()
        leave.wait(10)

    engine.run("function f(){ return 1; } global a = [];")
    f, a = engine.globals["f"], engine.globals["a"]
    thread = threading.Thread(target=engine.run, args=("block();",))
    thread.start()
    inside.wait(10)
    try:
        for attempt in (
            f,
            lambda: engine.run("1;"),
            lambda: a.append(1),
            lambda: engine.globals.update(x=1),
            engine.close,
        ):
            with pytest.raises(RuntimeError, match="another thread"):
                attempt()
    finally:
        leave.set()
        thread.join()
    assert f() == 1


def test_a_child_process_must_not_use_its_parents_engine(engine: Engine) -> None:
    engine.run("function f(){ return 1; }")
    f = engine.globals["f"]
    f()
    child = os.fork()
    if child == 0:
        failures = 0
        for attempt in (f, lambda: engine.run("return 1;"), lambda: engine.call("f")):
            try:
                attempt()
                failures += 1
            except RuntimeError:
                pass
        fresh = Engine(limits=Limits(seconds=0.1))
        try:
            fresh.run("while(true){}")
            failures += 1
        except LimitExceeded:
            pass
        os._exit(failures)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_the_working_folder_and_environment_are_the_engines_own(tmp_path: Path) -> None:
    here = os.getcwd()
    with Engine(libraries=("io", "os")) as one, Engine(libraries=("io", "os")) as two:
        one.globals["path"] = str(tmp_path)
        one.run("include 'io', 'os'; io_setcwd(path); os_putenv('PYSGS_TEST=1');")
        assert one.run("return io_getcwd(), os_getenv('PYSGS_TEST');") == (os.path.realpath(tmp_path), "1")
        assert two.run("include 'io', 'os'; return io_getcwd(), os_getenv('PYSGS_TEST');") == (here, None)
    assert os.getcwd() == here
    assert "PYSGS_TEST" not in os.environ


def test_the_hosts_recursion_limit_is_not_lowered(engine: Engine) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        engine.run("function f(){ return 1; }")
        f = engine.globals["f"]
        f()
        assert sys.getrecursionlimit() == 20_000
    finally:
        sys.setrecursionlimit(before)


def test_suspended_threads_continue_only_where_they_began() -> None:
    with Engine() as engine:
        engine.run(
            "global c = co_create(function(){ yield(1); return 2; }); co_resume(c); function t(){ yield(0); } thread t();"
        )
        problems: list[str] = []

        def elsewhere() -> None:
            for source in ("co_resume(c);", "@co_resume(c);", "process_threads(1);"):
                try:
                    engine.run(source)
                except RuntimeError as problem:
                    problems.append(str(problem))
            # what begins here goes on here
            assert (
                engine.run("d = co_create(function(){ yield(3); return 4; }); co_resume(d); return co_resume(d);") == 4
            )

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert len(problems) == 3 and all("the OS thread where it began" in text for text in problems)
        assert engine.run("return co_resume(c);") == 2
