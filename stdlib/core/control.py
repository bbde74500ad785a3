"""Messages, protected calls, symbols, meta-objects, arguments (chapters 03 section 9, 04 sections 1, 4.6, 5, 6.2).

Rules of this file: these natives are the language's own and use the runtime directly; each is a boundary for aborts
like every native.
"""

from __future__ import annotations

import sys

from interp.library import MISSING, Library, argument_error, convert, make_native, new_array, new_dict, type_name
from interp.runtime import shapes, values
from interp.runtime.calls import call, call_multi, is_callable
from interp.runtime.messages import NATIVE_CODES, Handler, format_frames, live_handler, message, stack, warning
from interp.runtime.state import ScriptAbort, current
from interp.runtime.threads import Thread, abort_thread

from .guard import safe_truth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

library = Library("core-control", doc="Messages, protected calls, symbols, meta-objects.")


# --- messages ---------------------------------------------------------------------------------------------------------


def _own_message(level: int, text: bytes) -> None:
    message(level, text, prefix=False)


@library.function("sys_msg( int type, cstring text )")
def sys_msg(level: int, text: bytes) -> None:
    """Emits a message of any type: 100 Info, 200 Warning, 300 and up Error (which aborts). Chapter 04 section 1.5."""
    _own_message(level, text)


@library.function("INFO( cstring text )")
def info_message(text: bytes) -> None:
    """Emits a message of level Info. Chapter 04 section 1.5."""
    _own_message(100, text)


@library.function("WARNING( cstring text )")
def warning_message(text: bytes) -> None:
    """Emits a Warning. Chapter 04 section 1.5."""
    _own_message(200, text)


@library.function("ERROR( cstring text )")
def error_message(text: bytes) -> None:
    """Emits an Error, which aborts unless something handles it. Chapter 04 section 1.5."""
    _own_message(300, text)


@library.function("assert( any condition[, cstring text ] )")
def assert_(condition: Any, text: bytes | None) -> None:
    """An Error `assertion failed` (with the text) when the condition is false. Chapter 04 section 1.5."""
    if not safe_truth(condition):
        _own_message(300, b"assertion failed" if text is None else b"assertion failed: " + text)


for _native in (sys_msg, info_message, warning_message, error_message, assert_):
    _native.spec.nameless = True


@library.function("sys_replevel( [ int level ] )", raw=True)
def sys_replevel(this: Any, args: tuple[Any, ...]) -> Any:
    """The reporting level; with an argument sets it and returns the one before. Chapter 04 section 1.5."""
    context = current()
    before = context.replevel
    if args:  # null is an argument, and no int
        level = convert("int", args[0])
        if level is MISSING:
            return argument_error(1, "int", args[0])
        context.replevel = level
    return before


@library.function("sys_backtrace( [ bool as_string ] )")
def sys_backtrace(as_string: bool | None) -> Any:
    """The active calls: an array of dicts `func line file`, outermost first, or the text of a message's trace.

    Chapter 04 section 1.5.
    """
    frames, _ = stack(sys._getframe(1), current().world.namespace)
    if as_string:
        return format_frames(frames)
    return new_array(new_dict({b"func": func, b"line": line, b"file": file}) for func, file, line in frames)


@library.function("pcall( callable func[, callable handler ] )")
def pcall(function: Any, handler: Any) -> None:
    """Calls a function with messages going to `handler( type, text )`, or nowhere without one. Chapter 04 section 5."""
    context = current()
    outer = context.handler
    link = Handler(handler, live_handler(outer))
    context.handler = link
    try:
        call(function, None)
    finally:
        link.alive = False
        context.handler = outer


# --- calls and arguments ----------------------------------------------------------------------------------------------


def _apply_body(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Calls a function with a given `this` and an array of arguments; all results. Chapter 04 section 4.6."""
    if not is_callable(this):
        warning(f"'this' - expected callable, got {type_name(this)}")
        return ()
    if not args:
        argument_error(1, "any")
        return ()
    if len(args) < 2 or convert("array", args[1]) is MISSING:
        argument_error(2, "array", args[1] if len(args) > 1 else MISSING)
        return ()
    if len(args) > 2:
        warning(f"function expects exactly 2 arguments, {len(args)} given")
        return ()
    return call_multi(this, args[0], *args[1])


def _sys_apply(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if this is None or not is_callable(this):
        this, args = (args[0], args[1:]) if args else (MISSING, ())
    return _apply_body(this, args)


_sys_apply.__doc__ = _apply_body.__doc__
library.functions["sys_apply"] = make_native(
    "sys_apply", "sys_apply( callable func, any this, array args )", _sys_apply, display="apply", multi=True, raw=True
)


@library.function("abort( ... )", raw=True)
def abort(this: Any, args: tuple[Any, ...]) -> Any:
    """Ends the running script functions, or the threads given, and then how many. Chapter 05 section 8."""
    if type(this) is Thread:
        args = (this, *args)
    if not args:
        raise ScriptAbort
    count = 0
    own = False
    for i, thread in enumerate(args):
        if type(thread) is not Thread:
            argument_error(i + 1, "thread", thread)
            if own:
                break
            return None
        if thread.context is current():
            own = True
            count += 1
        elif abort_thread(thread):
            count += 1
    if own:
        raise ScriptAbort  # whether this ends the context or a callback shows further out
    return count


def _caller_arguments() -> list[Any]:
    """All arguments of the calling function, of a script's the declared ones with their present value."""
    namespace = current().world.namespace
    frame: Any = sys._getframe(3)
    while frame is not None and frame.f_globals is not namespace and frame.f_code not in NATIVE_CODES:
        frame = frame.f_back
    if frame is None:
        return []
    local = frame.f_locals
    if frame.f_globals is not namespace:
        code = frame.f_code
        _this, *names = code.co_varnames[: code.co_argcount + bool(code.co_flags & 4)]
        given = [local[name] for name in names if local[name] is not MISSING]
        return [*given[:-1], *given[-1]] if code.co_flags & 4 else given
    if "$params" in local:
        rest = local["$rest"]
        names = local["$params"][: len(rest)]
        return [*(local[name] for name in names), *rest[len(names) :]]
    code = frame.f_code
    return [local[name] for name in code.co_varnames[1 : code.co_argcount]]


@library.function("va_get_args( )")
def va_get_args() -> Any:
    """Array of all arguments of the calling function, extra ones included. Chapter 02 section 5.2."""
    return new_array(_caller_arguments())


@library.function("va_arg_count( )")
def va_arg_count() -> int:
    """Number of arguments the calling function got. Chapter 02 section 5.2."""
    return len(_caller_arguments())


@library.function("va_get_arg( int i )")
def va_get_arg(i: int) -> Any:
    """The i-th argument of the calling function, from 0; out of range a Warning and null. Chapter 02 section 5.2."""
    arguments = _caller_arguments()
    if not 0 <= i < len(arguments):
        return warning("argument ID out of bounds")
    return arguments[i]


# --- symbols ----------------------------------------------------------------------------------------------------------


@library.function("sym_register( cstring name, any value )")
def sym_register(name: bytes, value: Any) -> None:
    """Adds a name and a value to the symbol table, both ways. Chapter 04 section 6.2."""
    current().world.symbol_register(name, value)


@library.function("sym_get( any value )")
def sym_get(value: Any) -> Any:
    """The value of a symbol name, or the name of a value; unknown: Warning and null. Chapter 04 section 6.2."""
    world = current().world
    if type(value) is bytes and value in world.symbol_values:
        return world.symbol_values[value]
    name = world.symbol_names.get(values.map_key(value))
    if name is None:
        return warning("symbol not found")
    return name


# --- meta-objects -----------------------------------------------------------------------------------------------------


@library.function("metaobj_set( strict-object object[, object meta ] )")
def metaobj_set(obj: Any, meta: Any) -> Any:
    """Links an object to a meta-object (null removes it), the switch stays; the object. Chapter 03 section 9."""
    if shapes.is_linked_to(meta, obj):
        return warning("loop detected")
    shapes.set_meta(obj, meta, shapes.meta_of(obj)[1])
    return obj


@library.function("metaobj_get( strict-object object )")
def metaobj_get(obj: Any) -> Any:
    """The meta-object or null. Chapter 03 section 9."""
    return shapes.meta_of(obj)[0]


@library.function("metamethods_enable( strict-object object, bool enable )")
def metamethods_enable(obj: Any, enable: bool) -> Any:
    """Switches metamethods of an object on or off; returns the object. Chapter 03 section 9."""
    shapes.set_meta(obj, shapes.meta_of(obj)[0], enable)
    return obj


@library.function("metamethods_test( strict-object object )")
def metamethods_test(obj: Any) -> bool:
    """Whether metamethods are enabled on an object. Chapter 03 section 9."""
    return shapes.meta_of(obj)[1]


@library.function("class( strict-object object, strict-object meta )")
def class_(obj: Any, meta: Any) -> Any:
    """Links an object to a meta-object and enables its metamethods; returns the object. Chapter 03 section 9."""
    if shapes.is_linked_to(meta, obj):
        return warning("loop detected")
    shapes.set_meta(obj, meta, True)
    return obj


@library.function("mm_getindex_router( ... )", raw=True, multi=True)
def mm_getindex_router(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A `__getindex` that calls `__get_NAME`. Chapter 03 section 9.3."""
    accessor = _accessor(b"__get_", this, args, 1)
    if accessor is MISSING:
        return ()
    return call_multi(accessor, this)[:1] or (None,)


@library.function("mm_setindex_router( ... )", raw=True, multi=True)
def mm_setindex_router(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A `__setindex` that calls `__set_NAME`; the value is stored as well. Chapter 03 section 9.3."""
    accessor = _accessor(b"__set_", this, args, 2)
    if accessor is not MISSING:
        call_multi(accessor, this, args[1])
    return ()


def _accessor(prefix: bytes, this: Any, args: tuple[Any, ...], count: int) -> Any:
    if len(args) != count or type(args[0]) is not bytes or len(args[0]) >= 256:
        return MISSING
    if not values.is_object(this) or shapes.meta_of(this)[0] is None:
        return MISSING
    return shapes.find_in_chain(shapes.meta_of(this)[0], prefix + args[0])
