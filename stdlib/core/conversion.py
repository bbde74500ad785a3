"""Types and conversions (chapters 03 section 12 and 04 section 3).

Rules of this file: conversions never fail and ignore surplus arguments; the functions that name a type insist on
exactly one argument.
"""

from __future__ import annotations

import sys

from interp.library import (
    MISSING,
    Library,
    Pointer,
    engine,
    is_array,
    is_callable,
    is_dict,
    is_map,
    is_object,
    numeric_prefix,
    to_int,
    to_real,
    type_name,
    warning,
)
from interp.runtime.convert import real_to_int, type_id
from interp.runtime.kinds import FunctionType

from .guard import direct, safe_text, safe_truth, safe_typeof

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

library = Library("core-conversion", doc="Types and conversions")

for _number, _name in enumerate(
    ("NULL", "BOOL", "INT", "REAL", "STRING", "FUNC", "CFUNC", "OBJECT", "PTR", "THREAD", "DFUNC")
):
    library.constant(f"VT_{_name}", _number)
library.constant("SGS_INFO", 100)
library.constant("SGS_WARNING", 200)
library.constant("SGS_ERROR", 300)
library.constant("SGS_APIERR", 330)

# What `typeptr_by_name` knows (chapter 03 section 12).
_NAMED_TYPES = frozenset((b"array", b"array_iterator", b"dict", b"dict_iterator", b"map", b"closure"))


# What `typeof` answers where nothing else has a say.
_PLAIN_NAMES = {type(value): safe_typeof(value) for value in (None, False, 0, 0.0, b"")}


# --- conversions ------------------------------------------------------------------------------------------------------


@direct(library, "tobool( [any v] )")
def tobool(spec: Any) -> Any:
    """`tobool( v )`: the truth value; false without an argument."""

    def native(this: Any = None, value: Any = None, *more: Any) -> bool:
        return safe_truth(value) if spec else False

    return native


@direct(library, "toint( [any v] )")
def toint(spec: Any) -> Any:
    """`toint( v )`: an int; whatever is no number is 0, reals are truncated."""

    def native(this: Any = None, value: Any = None, *more: Any) -> int:
        kind = type(value)
        if kind is int:
            return value
        if kind is bytes and len(value) <= 18 and value.isdigit():
            return int(value)
        return to_int(value) if spec else 0

    return native


@direct(library, "toreal( [any v] )")
def toreal(spec: Any) -> Any:
    """`toreal( v )`: a real; whatever is no number is 0.0."""

    def native(this: Any = None, value: Any = None, *more: Any) -> float:
        return to_real(value) if spec else 0.0

    return native


@direct(library, "tostring( [any v] )")
def tostring(spec: Any) -> Any:
    """`tostring( v )`: the text form, as by concatenation; `null` without an argument."""

    def native(this: Any = None, value: Any = None, *more: Any) -> bytes:
        kind = type(value)
        if kind is int:
            return b"%d" % value
        if kind is bytes:
            return value
        return safe_text(value) if spec else b""

    return native


@library.function("toptr( [any v] )")
def toptr(value: Any) -> Pointer:
    """A pointer: null for null and functions, of a number that number, for the rest a small identity number."""
    kind = type(value)
    if kind is Pointer:
        return value
    if kind is float:
        return Pointer(real_to_int(value))
    if kind is int or kind is bool:
        return Pointer(int(value))
    if value is None or (kind is FunctionType and not is_object(value)):
        return Pointer(0)
    return Pointer(engine().identities.number(value))


@library.function("parseint( [any v] )")
def parseint(value: Any) -> int | None:
    """Like `toint`, but null for what is no number: null, functions, pointers, threads, text without digits."""
    return to_int(value) if _is_number_text(value) else None


@library.function("parsereal( [any v] )")
def parsereal(value: Any) -> float | None:
    """Like `toreal`, but null for what is no number."""
    return to_real(value) if _is_number_text(value) else None


def _is_number_text(value: Any) -> bool:
    kind = type(value)
    if kind is bytes:
        return numeric_prefix(value) is not None
    return kind is int or kind is float or kind is bool or is_object(value)


@library.function("chr( int code )")
def chr_(code: int) -> bytes:
    """A one-byte string of `code` modulo 256."""
    return bytes((code & 255,))


# --- types ------------------------------------------------------------------------------------------------------------


def _one(args: tuple[Any, ...]) -> bool:
    if len(args) == 1:
        return True
    warning(f"function expects exactly 1 arguments, {len(args)} given")
    return False


@library.function("typeof( any v )", raw=True)
def typeof(this: Any, args: tuple[Any, ...]) -> bytes | None:
    """`typeof( v )`: the type's name, for objects what `__typeof` gives. Another count: Warning and null."""
    if len(args) == 1 and (name := _PLAIN_NAMES.get(type(args[0]))) is not None:
        return name
    return safe_typeof(args[0]) if _one(args) else None


@library.function("typeid( any v )", raw=True)
def typeid(this: Any, args: tuple[Any, ...]) -> int | None:
    """`typeid( v )`: one of the `VT_` constants. Another count: Warning and null."""
    return type_id(args[0]) if _one(args) else None


@library.function("typeptr( [any v] )", exact=True)
def typeptr(value: Any) -> Pointer:
    """A pointer that identifies the native type of an object, the null pointer for other values."""
    return _type_pointer(type_name(value)) if is_object(value) else Pointer(0)


@library.function("typeptr_by_name( cstring name )")
def typeptr_by_name(name: bytes) -> Pointer:
    """The same pointer by the name of a registered type, else the null pointer."""
    return _type_pointer(name.decode()) if name in _NAMED_TYPES else Pointer(0)


def _type_pointer(name: str) -> Pointer:
    return Pointer(engine().identities.number(sys.intern(name)))


@library.function("is_array( [any v] )")
def is_array_(value: Any) -> bool:
    """Whether the value is an array."""
    return is_array(value)


@library.function("is_dict( [any v] )")
def is_dict_(value: Any) -> bool:
    """Whether the value is a dict."""
    return is_dict(value)


@library.function("is_map( [any v] )")
def is_map_(value: Any) -> bool:
    """Whether the value is a map."""
    return is_map(value)


@library.function("is_callable( any v )", raw=True)
def is_callable_(this: Any, args: tuple[Any, ...]) -> bool | None:
    """`is_callable( v )`: functions, closures, native objects that can be called. Another count: Warning and null."""
    return is_callable(args[0]) if _one(args) else None


@library.function("is_numeric( any v )", raw=True)
def is_numeric(this: Any, args: tuple[Any, ...]) -> bool | None:
    """`is_numeric( v )`: bool, int, real, pointer, thread, and text that begins with a number."""
    if not _one(args):
        return None
    value = args[0]
    if type(value) is bytes:
        return numeric_prefix(value) is not None
    return value is not None and type(value) is not FunctionType and not is_object(value)


__all__ = ["MISSING", "library"]
