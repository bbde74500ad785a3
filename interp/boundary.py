"""The short way across the boundary, both ways (chapter 12): calls without options and natives for host functions.

Rules of this file: one shortcut for each number of arguments, made from a text so that none pays for the others; what
is not the plain case goes the complete way (`Engine.call`, `expose.host_function`). A shortcut is a plain Python
function, as nothing else is called as quickly: it stands in for the `ScriptFunction` it replaces (see `views`).
"""

from __future__ import annotations

from . import limits
from .runtime.calls import invoke
from .runtime.values import MISSING
from .views import ScriptFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .engine import Engine

MOST = 4  # arguments with a shortcut

# What crosses as it is, both ways; ints are looked at first, and texts are converted here where the encoding is UTF-8.
_TO_SCRIPT = frozenset((bool, float, type(None), bytes))
_TO_PYTHON = frozenset((bool, float, type(None)))

# A number in the range below is one machine word for the interpreter, which compares such with constants at no cost.
_CALL = """
def make(guard, function, slow, announced, recover, to_script, to_python, here):
    def call({params}*rest, **options):
        if rest or options:
            return slow(({args}*rest,), options)
        {convert}
        if here() is not guard.token.home or guard.busy:
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
        if type(result) is int or type(result) in to_python_same:
            return result
        {decode}
        return to_python(result)
    return call
"""

_CHECK = """if type({a}) is int:
            if not -1073741823 <= {a} <= 1073741823:
                {a} = to_script({a})
        {encode}
        elif type({a}) not in to_script_same:
            {a} = to_script({a})"""

_ENCODE = """elif type({a}) is str:
            {a} = {a}.encode()"""

_DECODE = """if type(result) is bytes:
            try:
                return result.decode()
            except UnicodeDecodeError:
                return result"""

_makers: dict[tuple[int, bool], Any] = {}


def _maker(count: int, utf8: bool) -> Any:
    made = _makers.get((count, utf8))
    if made is None:
        names = [f"a{i}" for i in range(count)]
        checks = [_CHECK.format(a=name, encode=_ENCODE.format(a=name) if utf8 else "") for name in names]
        text = _CALL.format(
            params="".join(f"{name}=None, " for name in names),
            args="".join(f"{name}, " for name in names),
            convert="\n        ".join(checks),
            decode=_DECODE if utf8 else "",
        )
        scope: dict[str, Any] = {"to_script_same": _TO_SCRIPT, "to_python_same": _TO_PYTHON}
        exec(compile(text, "<boundary>", "exec"), scope)
        made = _makers[count, utf8] = scope["make"]
    return made


def fast_function(engine: Engine, function: Any) -> Any:
    """The view of a function; its shortcut when it takes a few named arguments and the engine allows it."""
    code = function.__code__
    count = code.co_argcount - 1
    if "spec" in function.__dict__ or code.co_flags & 4 or count > MOST or not engine._guard.fast:
        return ScriptFunction(engine, function)
    if engine._shortcuts is None:
        from weakref import WeakValueDictionary

        limits.know_greenlets()
        engine._shortcuts = WeakValueDictionary()
    known = engine._shortcuts.get(id(function))
    if known is not None:
        return known  # and keeps the function alive, so that no other one can have its number
    view = ScriptFunction(engine, function)

    def slow(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return engine.call(view, *args, **options)

    def announced(args: tuple[Any, ...]) -> Any:
        return engine._convert.to_python(engine._enter(invoke, function, None, *args))

    convert = engine._convert
    call = _maker(count, convert.encoding == "utf-8")(
        engine._guard,
        function,
        slow,
        announced,
        engine._recover,
        convert.to_script,
        convert.to_python,
        limits.here,
    )
    call.__name__ = code.co_name
    call.__qualname__ = f"ScriptFunction {code.co_name}"
    call.__doc__ = ScriptFunction.__doc__
    call.__dict__.update(
        _engine=engine, _value=function, _this=None, file=view.file, line=view.line, multi=view.multi,
        bound_to=view.bound_to, type_name="function",
    )  # fmt: skip
    engine._shortcuts[id(function)] = call
    return call


# --- host functions ---------------------------------------------------------------------------------------------------

_NATIVE = """
def make(spec, function, several, first, failed, to_python):
    def native(this=None{params}):
        {odd}
        try:
            {convert}
            result = function({args})
            if type(result) is int:
                if -1073741823 <= result <= 1073741823:
                    return result
            elif type(result) in to_script_same:
                return result
            {encode}
            return first(result)
        except Exception as problem:
            return failed(problem) if spec is not None else None
    return native
"""

_ENCODE_RESULT = """elif type(result) is str:
                return result.encode()"""

_LOOK = """if type({a}) is not int and type({a}) not in to_python_same:
                {a} = to_python({a})"""

_LOOK_AND_DECODE = """if type({a}) is not int:
                if type({a}) is bytes:
                    try:
                        {a} = {a}.decode()
                    except UnicodeDecodeError:
                        pass
                elif type({a}) not in to_python_same:
                    {a} = to_python({a})"""

_ODD = """if {test}:
            results = several({given})
            return results[0] if results else None"""

_natives: dict[tuple[int, bool, bool], Any] = {}


def short_native(
    count: int, more: bool, utf8: bool, spec: Any, function: Any, several: Any, first: Any, failed: Any, to_python: Any
) -> Any:
    """The native of a host function that is mostly called with `count` arguments.

    `several( args )` is the complete way, `first( result )` converts a result, `failed( problem )` deals with an
    exception; the native mentions `spec`, which traces read from its frame. Without `more` it is quicker and
    takes no more than `count` arguments: a call with more fails to bind and takes the complete way, too
    (`calls.invoke`).
    """
    make = _natives.get((count, more, utf8))
    if make is None:
        names = [f"a{i}" for i in range(count)]
        tests, given = [], []
        if names:
            tests.append(f"{names[-1]} is MISSING")
            given.append("*given((" + "".join(f"{name}, " for name in names) + "))")
        if more:
            tests.append("rest")
            given.append("*rest")
        text = _NATIVE.format(
            params="".join(f", {name}=MISSING" for name in names) + (", *rest" if more else ""),
            args=", ".join(names),
            odd=_ODD.format(test=" or ".join(tests), given=f"({', '.join(given)},)") if tests else "",
            convert="\n            ".join((_LOOK_AND_DECODE if utf8 else _LOOK).format(a=name) for name in names),
            encode=_ENCODE_RESULT if utf8 else "",
        )
        scope: dict[str, Any] = {
            "MISSING": MISSING, "given": _given, "to_script_same": _TO_SCRIPT, "to_python_same": _TO_PYTHON,
        }  # fmt: skip
        exec(compile(text, "<boundary>", "exec"), scope)
        make = _natives[count, more, utf8] = scope["make"]
    return make(spec, function, several, first, failed, to_python)


def _given(args: tuple[Any, ...]) -> list[Any]:
    return [value for value in args if value is not MISSING]
