"""Conversions by native functions: an abort inside `__tostring` and the like ends there (chapter 04 section 1.4)."""

from __future__ import annotations

from . import convert
from .calls import enter_native, leave_native
from .kinds import FunctionType
from .state import ScriptAbort, current
from .values import Array, Map, Pointer, Record, Table, dict_size, is_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SIMPLE = frozenset((int, float, bool, type(None), FunctionType, Pointer))


def guarded(function: Callable[..., Any], fallback: Callable[..., Any], *args: Any) -> Any:
    """`function( *args )` behind a native boundary; when it aborts, `fallback( *args )`."""
    context = current()
    suppress = context.suppress
    enter_native(context)
    try:
        return function(*args)
    except ScriptAbort:
        context.suppress = suppress
        return fallback(*args)
    finally:
        leave_native(context)


def native_truth(value: Any) -> bool:
    """The truth of an object without metamethods."""
    if isinstance(value, (Record, Table)):
        return dict_size(value) > 0
    return len(value) > 0 if isinstance(value, (Array, Map)) else True


def safe_text(value: Any) -> bytes:
    """The text form of a value for a native: the default conversion where `__tostring` aborts."""
    kind = type(value)
    if kind is bytes:
        return value
    if kind is FunctionType and "mm" in value.__dict__:
        return guarded(convert.text, _closure, value)
    if kind in _SIMPLE:
        return convert.text(value)
    if value.mm and value.meta is not None:
        result = guarded(convert.metamethod, _nothing, value, b"__tostring")
        if type(result) is bytes:
            return result
    return convert.native_text(value, safe_typeof)


def safe_typeof(value: Any) -> bytes:
    """What `typeof` answers for a native: the kind of the object where `__typeof` aborts."""
    if "mm" not in value.__dict__ if type(value) is FunctionType else not (is_object(value) and value.mm):
        return convert.typeof(value)
    return guarded(convert.typeof, _kind, value)


def _kind(value: Any) -> bytes:
    return convert.type_name(value).encode()


def _closure(_value: Any) -> bytes:
    return b"closure"


def _nothing(*_args: Any) -> None:
    return None
