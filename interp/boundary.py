"""The short way across the boundary, both ways (chapter 12): calls without options and natives for host functions.

Rules of this file: one shortcut for each number of arguments, made from a text so that none pays for the others; what
is not the plain case goes the complete way (`Engine.call`, `expose.host_function`). A shortcut is a plain Python
function, as nothing else is called as quickly: it stands in for the `ScriptFunction` it replaces (see `views`).
"""

from __future__ import annotations

from types import CellType, FunctionType

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
# `busy` is set to the thread's own token: another thread that takes the engine over between the two looks sees that
# it is not its own. What the function uses are its globals, which cost a call less than captured variables.
_CALL = """
def call({params}*rest, **options):
    if rest or options:
        return slow(({args}*rest,), options)
    {begin}
    {convert}
    token = guard.token
    if not token._is_owned() or guard.busy:
        return announced(({args}))
    guard.busy = token
    guard.state = guard.written = None
    try:
        {run}
    except BaseException as problem:
        result = recover(problem, function, ({args}), {closed})
    finally:
        guard.busy = False
    if type(result) is int:
        return result
    kind = type(result)
    {decode}
    if kind in to_python_same:
        return result
    return to_python(result)
"""

_CHECK = """if type({a}) is int:
        if {a} > 1073741823 or {a} < -1073741823:
            {a} = to_script({a})
    {encode}
    elif type({a}) not in to_script_same:
        {a} = to_script({a}){inexact}"""

_ENCODE = """elif type({a}) is str:
        {a} = {a}.encode(){inexact}"""

_INEXACT = """
        closed = None"""

_RUN = "result = function(None, {args})"

# a function of ints without effects has a copy that is quicker (`interp.compiler.closed`)
_RUN_CLOSED = """if closed is not None:
            result = closed({args})
        else:
            result = function(None, {args})"""

_DECODE = """if kind is bytes:
        try:
            return result.decode()
        except UnicodeDecodeError:
            return result"""

_codes: dict[tuple[int, bool, bool], Any] = {}


def _code(count: int, utf8: bool, closed: bool) -> Any:
    """The code of a shortcut for `count` arguments."""
    made = _codes.get((count, utf8, closed))
    if made is None:
        inexact = _INEXACT if closed else ""
        check = _CHECK.replace("{encode}", _ENCODE if utf8 else "").replace("{inexact}", inexact)
        if closed:
            check += f"\n    else:{inexact}"
        names = [f"a{i}" for i in range(count)]
        args = "".join(f"{name}, " for name in names)
        text = _CALL.format(
            params="".join(f"{name}=None, " for name in names),
            args=args,
            begin="closed = copy" if closed else "",
            convert="\n    ".join(check.format(a=name) for name in names),
            run=(_RUN_CLOSED if closed else _RUN).format(args=args),
            closed="globals() if closed is not None else None" if closed else "None",
            decode=_DECODE if utf8 else "",
        )
        scope: dict[str, Any] = {}
        exec(compile(text, "<boundary>", "exec"), scope)
        made = _codes[count, utf8, closed] = scope["call"].__code__
    return made


def fast_function(engine: Engine, function: Any) -> Any:
    """The view of a function; its shortcut when it takes a few named arguments and the engine allows it."""
    code = function.__code__
    count = code.co_argcount - 1
    if "spec" in function.__dict__ or code.co_flags & 4 or count > MOST or not engine._guard.fast:
        return ScriptFunction(engine, function)
    if engine._shortcuts is None:
        from weakref import WeakValueDictionary

        engine._shortcuts = WeakValueDictionary()
    known = engine._shortcuts.get(id(function))
    if known is not None:
        return known  # and keeps the function alive, so that no other one can have its number
    view = ScriptFunction(engine, function)
    convert = engine._convert

    def slow(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return engine.call(view, *args, **options)

    def announced(args: tuple[Any, ...]) -> Any:
        return convert.to_python(engine._enter(invoke, function, None, *args))

    copy, types = function.__dict__.get("closed") or (None, ())
    if not types or set(types) != {int}:
        copy = None
    scope = {
        "guard": engine._guard, "function": function, "copy": copy, "slow": slow, "announced": announced,
        "recover": engine._recover, "to_script": convert.to_script, "to_python": convert.to_python,
        "to_script_same": _TO_SCRIPT, "to_python_same": _TO_PYTHON, "type": type, "int": int,
    }  # fmt: skip
    # code of its own: Python remembers in it where the globals are
    own = _code(count, convert.encoding == "utf-8", copy is not None).replace(co_name=code.co_name)
    call = FunctionType(own, scope, code.co_name, (None,) * count)
    call.__qualname__ = f"ScriptFunction {code.co_name}"
    call.__doc__ = ScriptFunction.__doc__
    call.__dict__.update(
        _engine=engine, _value=function, _this=None, file=view.file, line=view.line, multi=view.multi,
        bound_to=view.bound_to, type_name="function",
    )  # fmt: skip
    engine._shortcuts[id(function)] = call
    return call


# --- host functions ---------------------------------------------------------------------------------------------------

# Its globals are its own, but `spec`, which traces read from the locals of its frame.
_NATIVE = """
def make(spec):
    def native(this=None{params}):
        {odd}
        try:
            {convert}
            result = function({args})
            if type(result) is int:
                if -1073741823 <= result <= 1073741823:
                    return result
            {encode}
            elif type(result) in to_script_same:
                return result
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
    made = _natives.get((count, more, utf8))
    if made is None:
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
        scope: dict[str, Any] = {"MISSING": MISSING}
        exec(compile(text, "<boundary>", "exec"), scope)
        made = _natives[count, more, utf8] = scope["make"](None)
    scope = {
        "function": function, "several": several, "first": first, "failed": failed, "to_python": to_python,
        "MISSING": MISSING, "given": _given, "to_script_same": _TO_SCRIPT, "to_python_same": _TO_PYTHON,
        "type": type, "int": int,
    }  # fmt: skip
    # code of its own: Python remembers in it where the globals are
    return FunctionType(made.__code__.replace(), scope, "native", made.__defaults__, (CellType(spec),))


def _given(args: tuple[Any, ...]) -> list[Any]:
    return [value for value in args if value is not MISSING]
