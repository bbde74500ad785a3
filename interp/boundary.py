"""The short way across the boundary, both ways (chapter 12): calls without options and natives for host functions.

Rule of this file: one shortcut for each number of arguments, made from a text so that none pays for the others; what
is not the plain case goes the complete way (`Engine.call`, `expose.HostFunction`).
"""

from __future__ import annotations

from types import FunctionType

from .convert import UNCHANGED
from .limits import local
from .runtime.calls import invoke
from .runtime.values import MISSING
from .views import ScriptFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .engine import Engine

MOST = 4  # arguments with a shortcut

# A number in this range is one machine word for the interpreter, which compares such with constants at no cost.
_CALL = """
def make(guard, function, slow, announced, recover, to_script, to_python, utf8):
    def call({params}*rest, this=None, timeout=None):
        if rest or this is not None or timeout is not None:
            return slow(({args}*rest,), this, timeout)
        {convert}
        if local.token is not guard.token or guard.busy:
            return announced(({args}))
        guard.busy = True
        guard.state = None
        guard.written = 0
        try:
            result = function(None, {args})
        except BaseException as problem:
            result = recover(problem, function, ({args}))
        finally:
            guard.busy = False
        kind = type(result)
        if kind is int or kind in unchanged:
            return result
        if kind is bytes and utf8:
            try:
                return result.decode()
            except UnicodeDecodeError:
                return result
        return to_python(result)
    return call
"""

_CHECK = """kind = type({a})
        if kind is int:
            if not -1073741823 <= {a} <= 1073741823:
                {a} = to_script({a})
        elif kind is str and utf8:
            {a} = {a}.encode()
        elif kind not in unchanged:
            {a} = to_script({a})"""

_makers: dict[int, Any] = {}


def _maker(count: int) -> Any:
    made = _makers.get(count)
    if made is None:
        names = [f"a{i}" for i in range(count)]
        text = _CALL.format(
            params="".join(f"{name}=None, " for name in names),
            args="".join(f"{name}, " for name in names),
            convert="\n        ".join(_CHECK.format(a=name) for name in names) or "pass",
        )
        scope: dict[str, Any] = {"local": local, "unchanged": UNCHANGED}
        exec(compile(text, "<boundary>", "exec"), scope)
        made = _makers[count] = scope["make"]
    return made


class _Callable(ScriptFunction):
    """A `ScriptFunction` whose call is its shortcut: a slot of the instance, found without a Python frame."""

    __slots__ = ("__call__",)


def fast_function(engine: Engine, function: Any) -> ScriptFunction:
    """The view of a function; with a shortcut when it takes a few named arguments and the engine allows it."""
    code = function.__code__
    if type(function) is not FunctionType or "spec" in function.__dict__ or code.co_flags & 4 or not engine._guard.fast:
        return ScriptFunction(engine, function)
    count = code.co_argcount - 1
    if count > MOST:
        return ScriptFunction(engine, function)
    view = _Callable(engine, function)

    def slow(args: tuple[Any, ...], this: Any, timeout: float | None) -> Any:
        return engine.call(view, *args, this=this, timeout=timeout)

    def announced(args: tuple[Any, ...]) -> Any:
        return engine._convert.to_python(engine._enter(invoke, function, None, *args))

    convert = engine._convert
    view.__call__ = _maker(count)(  # type: ignore[method-assign]
        engine._guard,
        function,
        slow,
        announced,
        engine._recover,
        convert.to_script,
        convert.to_python,
        convert.encoding == "utf-8",
    )
    return view


# --- host functions ---------------------------------------------------------------------------------------------------

_NATIVE = """
def make(spec, function, several, first, failed, to_python):
    def native(this=None, {params}*rest):
        if {odd}:
            results = several(({given}*rest,))
            return results[0] if results else None
        try:
            {convert}
            result = function({args})
            kind = type(result)
            if kind is int:
                if -1073741823 <= result <= 1073741823:
                    return result
            elif kind in unchanged:
                return result
            return first(result)
        except Exception as problem:
            return failed(problem) if spec is not None else None
    return native
"""

_LOOK = """kind = type({a})
            if kind is not int and kind not in unchanged:
                {a} = to_python({a})"""

_natives: dict[int, Any] = {}


def short_native(count: int, spec: Any, function: Any, several: Any, first: Any, failed: Any, to_python: Any) -> Any:
    """The native of a host function that is mostly called with `count` arguments.

    `several( args )` is the complete way, `first( result )` converts a result, `failed( problem )` deals with an
    exception; the native mentions `spec`, which traces read from its frame.
    """
    make = _natives.get(count)
    if make is None:
        names = [f"a{i}" for i in range(count)]
        text = _NATIVE.format(
            params="".join(f"{name}=MISSING, " for name in names),
            args=", ".join(names),
            given="*given((" + "".join(f"{name}, " for name in names) + ")), " if names else "",
            odd=f"{names[-1]} is MISSING or rest" if names else "rest",
            convert="\n            ".join(_LOOK.format(a=name) for name in names) or "pass",
        )
        scope: dict[str, Any] = {"MISSING": MISSING, "unchanged": UNCHANGED, "given": _given}
        exec(compile(text, "<boundary>", "exec"), scope)
        make = _natives[count] = scope["make"]
    return make(spec, function, several, first, failed, to_python)


def _given(args: tuple[Any, ...]) -> list[Any]:
    return [value for value in args if value is not MISSING]
