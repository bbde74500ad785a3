"""Crossings from the core's natives into script code.

Rules of this file: every crossing is a boundary (chapter 04 section 1.4): an abort inside ends there and the native
goes on with null or its default; a native that calls back many times counts as one crossing, entered once.
"""

from __future__ import annotations

from interp.runtime.calls import BAIL_ERRORS as BAIL_ERRORS
from interp.runtime.calls import begun, call, depth_left, overflow
from interp.runtime.convert import to_real, type_id
from interp.runtime.guard import guarded as guarded
from interp.runtime.guard import safe_text as safe_text
from interp.runtime.guard import safe_typeof as safe_typeof
from interp.runtime.kinds import FunctionType
from interp.runtime.messages import NATIVE_CODES
from interp.runtime.operators import compare
from interp.runtime.state import ScriptAbort, current
from interp.runtime.values import MISSING, Array, Map, Record, Table, dict_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from interp.library import Library

# Types without metamethods: nothing a script defined can run for them.
PLAIN = frozenset((bytes, int, float, bool, type(None)))


def safe_truth(value: Any) -> bool:
    """The truth value; the native one where `__tobool` was aborted."""
    if type(value) in PLAIN:
        return bool(value)
    return guarded(bool, _native_truth, value)


def _native_truth(value: Any) -> bool:
    if isinstance(value, (Record, Table)):
        return dict_size(value) > 0
    return len(value) > 0 if isinstance(value, (Array, Map)) else True


def safe_order() -> Callable[[Any, Any], float]:
    """A comparison of two values for many calls inside one native; the native one where `__compare` was aborted.

    The native enters the crossing itself (`enter_native`), once for all its comparisons.
    """
    context = current()
    suppress = context.suppress
    world = context.world
    namespace = world.namespace

    def order(a: Any, b: Any) -> float:
        if namespace["$stop"]:
            world.stop_reason()
        try:
            return compare(a, b)
        except ScriptAbort:
            context.suppress = suppress
            return native_order(a, b)

    return order


def native_order(a: Any, b: Any) -> int:
    """The order of an object and another value without metamethods (chapter 03 section 10)."""
    if a is b:
        return 0
    x, y = type_id(a), type_id(b)
    if x == y:
        numbers = current().world.identities
        x, y = numbers.number(a), numbers.number(b)
    return -1 if x < y else 1


def callback(function: Any) -> Callable[[Any, Any], Any]:
    """A callable for a script value that a native calls many times with two arguments and no `this`.

    It gives the first result, null after an abort. The native enters the crossing itself, once for all calls.
    """
    context = current()
    suppress = context.suppress
    if type(function) is not FunctionType or not depth_left(context):
        return lambda a, b: call(function, None, a, b)

    def failed(exc: BaseException, *args: Any) -> Any:
        context.suppress = suppress
        if not isinstance(exc, RecursionError):
            return None
        if not begun(exc):
            return call(function, None, *args)
        try:
            return overflow(exc)
        except ScriptAbort:
            context.suppress = suppress
            return None

    def with_two(a: Any, b: Any) -> Any:
        try:
            return function(None, a, b)
        except (ScriptAbort, RecursionError) as exc:
            return failed(exc, a, b)

    def with_one(a: Any, b: Any) -> Any:
        try:
            return function(None, a)
        except (ScriptAbort, RecursionError) as exc:
            return failed(exc, a)

    def with_none(a: Any, b: Any) -> Any:
        try:
            return function(None)
        except (ScriptAbort, RecursionError) as exc:
            return failed(exc)

    code = function.__code__
    if code.co_flags & 4 or code.co_argcount > 2:
        return with_two
    return with_one if code.co_argcount == 2 else with_none


def closed_copy(function: Any, count: int, items: Iterable[Any]) -> Callable[..., Any] | None:
    """A script function's copy that has no effects (`interp.compiler.closed`), when all its `count` arguments are to
    be items of these. It raises one of `BAIL_ERRORS` to be computed again by the function itself.
    """
    found = function.__dict__.get("closed") if type(function) is FunctionType else None
    if found is None:
        return None
    copy, types = found
    return copy if len(types) == count and {*types} == {*map(type, items)} else None


def comparator(function: Any) -> Callable[[Any, Any], Any]:
    """Like `callback`, for a function that orders two values: its result as a number whose sign counts."""
    run = callback(function)
    if run.__name__ != "with_two":
        return lambda a, b: to_real(run(a, b))
    context = current()
    suppress = context.suppress

    def order(a: Any, b: Any) -> Any:
        result = MISSING
        try:
            result = function(None, a, b)
            return result + 0  # the cheapest test for a number
        except TypeError:
            if result is MISSING:
                raise
            return to_real(result)
        except ScriptAbort:
            context.suppress = suppress
            return 0
        except RecursionError:
            return to_real(run(a, b))

    return order


def report_all(*messages: Callable[[], Any]) -> None:
    """Emits several messages; an abort by one of them takes effect after the last (chapter 04 section 9)."""
    pending: ScriptAbort | None = None
    for emit in messages:
        try:
            emit()
        except ScriptAbort as abort:
            pending = abort
    if pending is not None:
        raise pending


def direct(library: Library, signature: str, *, nothing: bool = False) -> Callable[[Any], Any]:
    """Decorator for the hottest functions: `factory( spec )` gives the native itself, without a wrapper around it.

    The native takes `( this, … )`, converts its own arguments and mentions `spec` (traces read it from the frame).
    `nothing`: it gives no value at all rather than null.
    """

    def declare(factory: Any) -> Any:
        from interp.library import Spec

        name = signature[: signature.index("(")].strip()
        spec = Spec(name, signature, factory, None, False, True, None, {})
        native = factory(spec)
        as_native(native, spec, native)
        spec.doc = factory.__doc__
        if nothing:
            spec.multi = lambda this=None, *args: (native(this, *args), ())[1]
        library.functions[name] = native
        return native

    return declare


def as_native(native: Any, spec: Any, body: Any) -> Any:
    """Marks a function written by hand as the native of a spec."""
    NATIVE_CODES.add(native.__code__)
    native.spec = spec
    native.body = body
    native.__doc__ = None
    return native
