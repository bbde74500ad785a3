"""Calls: the complete slow path behind every direct call of generated code, and calls from natives into scripts.

Rules of this file: every callable takes `( this, *args )`. A function gives its first result; a script function that
can give another number of results than one has a twin which returns the whole tuple (`all_results_of`). `call` is a
boundary for aborts, `invoke` is not (operators, constructors, message handlers).
"""

from __future__ import annotations

import sys

from .convert import general_type_name
from .kinds import FunctionType
from .messages import NATIVE_CODES, error, is_closed_copy, message
from .shapes import BIND_CODES, find_in_chain, teach
from .state import ERROR, ScriptAbort, current
from .values import ATTR, MISSING, Object, is_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from types import CodeType
    from typing import Any

# What a direct call raises when the callee could not be entered.
CALL_ERRORS = (TypeError, RecursionError)

# What a closed copy raises when the general code is to compute a call (`interp.compiler.closed`), and what a call does
# that finds a method and computes arguments without effects in one expression.
BAIL_ERRORS = (
    TypeError, AttributeError, IndexError, KeyError, ZeroDivisionError, OverflowError, ValueError, RecursionError,
)  # fmt: skip


def begun(exc: BaseException, binding: Container[CodeType] = ()) -> bool:
    """Whether the callee of the call that `exc` stopped had begun.

    `binding` are the codes of frames that only find the callee. What was not begun goes on without the traceback.
    """
    trace = exc.__traceback__.tb_next if exc.__traceback__ is not None else None
    while trace is not None:
        if trace.tb_frame.f_code not in binding:
            return True
        trace = trace.tb_next
    exc.__traceback__ = None
    return False


def stopped(exc: BaseException) -> Any:
    """The end of a call whose callee had begun: null after too deep a recursion, else `exc` goes on."""
    if type(exc) is RecursionError:
        return overflow(exc)
    raise exc


def call_slow(exc: BaseException, function: Any, this: Any, *args: Any) -> Any:
    """After `exc` stopped a direct call: finishes it by the rules, or raises `exc` again when the callee had begun."""
    if begun(exc):
        return stopped(exc)
    if type(exc) is RecursionError:
        return enter_deep(function, this, args)
    context = current()
    enter_hop(context)
    try:
        return invoke(function, this, *args)
    finally:
        leave_hop(context)


def method_after(exc: BaseException, this: Any, key: bytes) -> Any:
    """After `exc` stopped `this.key$( … )`: the function for `call_slow`, which also ends what had begun."""
    if begun(exc, BIND_CODES):
        return None
    if type(exc) is AttributeError:
        teach(this, ATTR[key])
    from .access import get_property

    return get_property(this, key)


def not_begun(exc: BaseException, this: Any, key: bytes) -> bool:
    """After `exc` stopped `this.key$( … )`: whether it is still to be done; `stopped` where the callee had begun."""
    if begun(exc, BIND_CODES):
        stopped(exc)
        return False
    if type(exc) is AttributeError:
        teach(this, ATTR[key])
    return True


def frames_active() -> int:
    """Script and native calls active in the running context."""
    namespace = current().world.namespace
    frame: Any = sys._getframe(1)
    count = 0
    copied = False
    while frame is not None:
        code = frame.f_code
        if frame.f_globals is namespace and not code.co_kwonlyargcount:  # see hooked.py
            # a closed copy and the general code that called it are one call
            if not copied or is_closed_copy(code):
                count += 1
            copied = is_closed_copy(code)
        elif code in NATIVE_CODES:
            count += 1
            copied = False
        frame = frame.f_back
    return count


def enter_deep(function: Any, this: Any, args: tuple[Any, ...]) -> Any:
    """The host's stack counter ran out at a call: goes on if the script's own depth allows it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 100)  # to look around
    try:
        missing = current().world.depth - frames_active()
        if missing <= 0:
            return overflow(None)
        sys.setrecursionlimit(host_depth() + missing + 2 * _FRAMES_PER_HOP)
        return invoke(function, this, *args)
    finally:
        try:
            sys.setrecursionlimit(limit)
        except RecursionError:
            _lower_later(limit)


def overflow(exc: BaseException | None) -> Any:
    """Reports the depth limit; there must be room for the report itself."""
    if exc is not None:
        exc.__traceback__ = None
    limit = sys.getrecursionlimit()
    if exc is not None:
        # where the limit could not be set back afterwards, the calling function reports instead (RecursionError)
        sys.setrecursionlimit(limit)
    sys.setrecursionlimit(limit + 400)
    try:
        return error(b"max. call stack size reached")
    finally:
        # here and not in a function of its own, which may be one frame too deep for it
        try:
            sys.setrecursionlimit(limit)
        except RecursionError:
            _lower_later(limit)


def _lower_later(limit: int) -> None:
    """Has the host's limit set back where natives and `@` end, as the stack is too deep for it now."""
    world = current().world
    world.overrun = min(world.overrun, limit) if world.overrun else limit


def mend(world: Any) -> None:
    """Sets the host's limit back after an overflow."""
    try:
        sys.setrecursionlimit(world.overrun)
    except RecursionError:
        return
    world.overrun = 0


def invoke(function: Any, this: Any, *args: Any) -> Any:
    """Calls any script value; the first result, None without one. An abort passes through."""
    if type(function) is FunctionType:
        code = function.__code__
        if not code.co_flags & 4 and len(args) >= code.co_argcount:
            spec = function.__dict__.get("spec")
            if spec is not None and spec.multi is not None:
                results = spec.multi(this, *args)  # a host function's shortcut: the function itself may take more
                return results[0] if results else None
            args = args[: code.co_argcount - 1]
        try:
            return function(this, *args)
        except RecursionError as exc:
            if begun(exc):
                return overflow(exc)
            return enter_deep(function, this, args)
    results = call_object(function, this, args)
    return results[0] if results else None


def invoke_multi(function: Any, this: Any, *args: Any) -> tuple[Any, ...]:
    """Calls any script value and gives all its results."""
    if type(function) is FunctionType:
        spec = function.__dict__.get("spec")
        if spec is not None:
            if spec.multi is not None:
                return spec.multi(this, *args)
            return (function(this, *args),)
        entered, form = all_results_of(function)
        return in_form(form, invoke(entered, this, *args))
    return call_object(function, this, args)


def all_results_of(function: Any) -> tuple[Any, str]:
    """What to call instead of a script function for all its results, and what `in_form` needs to know of it."""
    info = (function.__doc__ or "function one").split(" ")
    if info[1] in ("one", "none"):
        return function, info[1]
    return function.__dict__.get("twin") or _twin(function), "many"


def in_form(form: str, value: Any) -> tuple[Any, ...]:
    """All results of a call from what the call gave."""
    if form == "one":
        return (value,)
    return () if form == "none" or value is None else value


def _twin(function: Any) -> Any:
    """The form of a script function that gives all results, sharing its captured variables."""
    code = function.__code__.co_consts[-2]  # see functions.py
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    twin = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    function.__dict__["twin"] = twin
    return twin


def call_object(function: Any, this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Calls what is no function: an object with `__call`, else the Error of chapter 02 section 5.3."""
    if is_object(function):
        if function.mm:
            method = find_in_chain(function, b"__call")
            if method is MISSING:
                _uncallable(b"Variable of type 'null' cannot be called")
                return ()
            if not is_callable(method):
                _uncallable(b"Variable of type '%b' cannot be called" % general_type_name(method).encode())
                return ()
            context = current()
            enter_hop(context)
            try:
                return invoke_multi(method, function, this, *args)
            finally:
                leave_hop(context)
        if isinstance(function, Object) and hasattr(function, "call"):
            return function.call(this, *args)
        _uncallable(b"The object could not be called")
        return ()
    _uncallable(b"Variable of type '%b' cannot be called" % general_type_name(function).encode())
    return ()


def _uncallable(text: bytes) -> None:
    # a native that was about to call is in the trace although nothing of the script runs above it
    message(ERROR, text, whole=True)


def is_callable(value: Any) -> bool:
    """Functions, closures and callable native objects (chapter 04 section 2.2)."""
    return type(value) is FunctionType or (isinstance(value, Object) and hasattr(value, "call"))


# --- room on the host's stack -----------------------------------------------------------------------------------------

# A call that goes through natives, hooks or helpers takes more host frames than script frames. At most this many more:
_FRAMES_PER_HOP = 12


def enter_native(context: Any) -> None:
    """Counts a crossing from native code into a script; `leave_native` ends it."""
    context.nest += 1
    context.hops += 1
    if context.hops > context.roomy:
        _make_room(context)


def leave_native(context: Any) -> None:
    context.nest -= 1
    leave_hop(context)
    if context.world.overrun:
        mend(context.world)


def enter_hop(context: Any) -> None:
    """Counts a call with host frames of its own across which a script may still suspend; `leave_hop` ends it.

    The host's recursion limit follows the hops, in steps, so that it allows `World.depth` script calls and hardly more;
    RecursionError when there are none left.
    """
    context.hops += 1
    if context.hops > context.roomy and not _make_room(context):
        context.hops -= 1
        raise RecursionError


def leave_hop(context: Any) -> None:
    context.hops -= 1
    if context.rooms and context.hops < context.rooms[-1][0]:
        _give_room_back(context)


def _make_room(context: Any) -> bool:
    depth = context.world.depth
    missing = depth - frames_active()
    if missing < 0:  # a refusal is reported one call further out
        return False
    before = sys.getrecursionlimit()
    step = max(1, depth // 150)
    if context.rooms is None:
        context.rooms = []
    context.rooms.append((context.hops - step, context.roomy, before))
    context.roomy = context.hops + step
    needed = host_depth() + missing + _FRAMES_PER_HOP * (step + 1)
    if needed > before:
        sys.setrecursionlimit(needed)
    return True


def host_depth() -> int:
    """How deep the host counts its stack now; frames alone would miss what its own functions add."""
    try:
        sys.setrecursionlimit(1)
    except RecursionError as refusal:
        # "... at the recursion depth 7: the limit is too low"
        depth = str(refusal).partition("depth ")[2].partition(":")[0]
        if depth.isdigit():
            return int(depth)
    return sys.getrecursionlimit()  # never so far: no host takes a limit below its own depth


def _give_room_back(context: Any) -> None:
    _, context.roomy, before = context.rooms.pop()
    # a coroutine leaves that to its resumer, whose stack may need the room; a dying one changes nothing
    if context is context.world.root and current() is context:
        sys.setrecursionlimit(before)


def depth_left(context: Any) -> bool:
    """Whether another crossing is allowed; looked at exactly where there must be new room, the host bounds the rest."""
    return bool(context.hops < context.roomy or frames_active() < context.world.depth)


def call_multi(function: Any, this: Any, *args: Any) -> tuple[Any, ...]:
    """A call from a native function: all results; an abort inside ends here and gives none."""
    context = current()
    if not depth_left(context):
        return _too_deep()
    suppress = context.suppress
    enter_native(context)
    try:
        return invoke_multi(function, this, *args)
    except ScriptAbort:
        context.suppress = suppress
        return ()
    finally:
        leave_native(context)


def call(function: Any, this: Any, *args: Any) -> Any:
    """A call from a native function: the first result; an abort inside ends here and gives None."""
    context = current()
    if not depth_left(context):
        _too_deep()
        return None
    suppress = context.suppress
    enter_native(context)
    try:
        return invoke(function, this, *args)
    except ScriptAbort:
        context.suppress = suppress
        return None
    finally:
        leave_native(context)


def hook_multi(function: Any, this: Any, *args: Any) -> tuple[Any, ...]:
    """A metamethod or constructor called by an operation: aborts pass through, but nothing may suspend across it."""
    context = current()
    if not depth_left(context):
        return _too_deep()
    enter_native(context)
    try:
        return invoke_multi(function, this, *args)
    finally:
        leave_native(context)


def _too_deep() -> tuple[Any, ...]:
    overflow(None)
    return ()
