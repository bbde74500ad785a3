"""Conversions by native functions: an abort inside `__tostring` and the like ends there (chapter 04 section 1.4)."""

from __future__ import annotations

from types import FunctionType

from . import convert
from .calls import enter_native, leave_native
from .state import ScriptAbort, current
from .values import Array, Map, Pointer, Record, Table, dict_size

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
    if kind in _SIMPLE or not (value.mm and value.meta is not None):
        return convert.text(value)
    return guarded(convert.text, convert.native_text, value)
