"""Conversions between types (chapters 01 section 4, 04 section 3).

Rules of this file: conversions give no messages of their own; `__tostring` and the like run script code, so any of
them may raise an abort. Truth needs no function: Python's own truth of a value is the script's.
"""

from __future__ import annotations

from .kinds import FunctionType, MethodType
from .state import current
from .values import MISSING, Array, Map, Object, Pointer, Record, Table, dict_items, is_closure, is_native, map_items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INT_MIN = -(1 << 63)


def wrap(n: int) -> int:
    """Reduces an int modulo 2^64 to a signed 64-bit value."""
    return ((n + 0x8000000000000000) & 0xFFFFFFFFFFFFFFFF) - 0x8000000000000000


def real_to_int(x: float) -> int:
    """Truncates toward zero; out of range and NaN give -2^63."""
    if -9.2e18 < x < 9.2e18:
        return int(x)
    if x != x or x in (float("inf"), float("-inf")):
        return INT_MIN
    n = int(x)
    return n if INT_MIN <= n < -INT_MIN else INT_MIN


_DIGITS = b"0123456789"
_BASES = {120: (16, b"0123456789abcdefABCDEF"), 111: (8, b"01234567"), 98: (2, b"01")}


def _past(text: bytes, at: int, digits: bytes) -> int:
    """The end of the digits that begin at a position."""
    near = min(len(text), at + 32)
    while at < near and text[at] in digits:
        at += 1
    if at < near:
        return at
    while at < len(text):
        piece = text[at : at + (1 << 20)]
        other = len(piece.lstrip(digits))
        at += len(piece) - other
        if other:
            break
        world = current().world
        if world.namespace["$stop"]:
            world.stop_reason()
    return at


def numeric_prefix(text: bytes) -> int | float | None:
    """The number a text begins with (chapter 01 section 4.1), None without usable digits."""
    size = len(text)
    if size <= 18 and text.isdigit():
        return int(text)
    if size >= 3 and text[0] == 48 and text[1] in _BASES:
        base, digits = _BASES[text[1]]
        i = _past(text, 2, digits)
        return wrap(int(text[max(2, i - 64) : i], base)) if i > 2 else 0  # no more digits than that matter
    i = 1 if size and text[0] in b"+-" else 0
    start = i
    i = _past(text, i, _DIGITS)
    if i == start:
        return None
    if i == size or text[i] not in b".eE":
        return wrap(_long_int(text[:i]))
    if text[i] == 46:
        i = _past(text, i + 1, _DIGITS)
    end = i
    if i < size and text[i] in b"eE":
        i += 1
        if i < size and text[i] in b"+-":
            i += 1
        digits_at = i
        i = _past(text, i, _DIGITS)
        if i > digits_at:
            end = i
    return float(text[:end])


def _long_int(digits: bytes) -> int:
    # Python refuses very long decimal texts; only the low 64 bits matter, and 10^64 has 64 factors of two
    if len(digits) <= 4000:
        return int(digits)
    sign = -1 if digits[:1] == b"-" else 1
    return sign * int(digits[-64:])


def to_int(value: Any) -> int:
    """Lenient conversion: whatever is no number is 0."""
    kind = type(value)
    if kind is int:
        return value
    if kind is bool:
        return int(value)
    if kind is float:
        return real_to_int(value)
    if kind is bytes:
        number = numeric_prefix(value)
        if number is None:
            return 0
        return number if type(number) is int else real_to_int(number)
    if kind is Pointer:
        return wrap(value.address)
    return 0


def to_real(value: Any) -> float:
    """Lenient conversion: whatever is no number is 0.0."""
    kind = type(value)
    if kind is float:
        return value
    if kind is int or kind is bool:
        return float(value)
    if kind is bytes:
        number = numeric_prefix(value)
        return 0.0 if number is None else float(number)
    if kind is Pointer:
        return float(wrap(value.address))
    return 0.0


def format_real(x: float) -> bytes:
    """The `%g` form."""
    return b"nan" if x != x else b"%g" % x


def text(value: Any) -> bytes:
    """The text form of any value, `__tostring` included."""
    kind = type(value)
    if kind is bytes:
        return value
    if kind is int:
        return b"%d" % value
    if kind is float:
        return b"nan" if value != value else b"%g" % value
    if value is None:
        return b"null"
    if value is True:
        return b"true"
    if value is False:
        return b"false"
    if kind is FunctionType:
        if not is_closure(value):
            return b"C function" if is_native(value) else b"function"
        result = metamethod(value, b"__tostring") if "mm" in value.__dict__ else None
        return result if type(result) is bytes else b"closure"
    if kind is Pointer:
        return b"ptr(0x%x)" % value.address if value.address else b"ptr((nil))"
    if kind is MethodType:
        return text(value.__func__)
    if value.mm and value.meta is not None:
        result = metamethod(value, b"__tostring")
        if type(result) is bytes:
            return result
    return native_text(value)


def native_text(value: Any, kind_of: Callable[[Any], bytes] | None = None) -> bytes:
    """The text of an object without its metamethods: containers one level deep, `kind_of` (`typeof`) names objects."""
    name = kind_of or typeof
    if isinstance(value, Array):
        return b"[" + _joined([_item_text(item, name) for item in _polled(list(value))]) + b"]"
    if isinstance(value, (Table, Record)):
        return b"{" + _joined([key + b"=" + _item_text(item, name) for key, item in _polled(dict_items(value))]) + b"}"
    if isinstance(value, Map):
        pairs = [_item_text(key, name) + b"=" + _item_text(item, name) for key, item in _polled(map_items(value))]
        return b"[map]{" + _joined(pairs) + b"}"
    if isinstance(value, Object):
        return value.text()
    return b"thread(0x%x)" % current().world.identities.number(value)


def _joined(texts: list[bytes]) -> bytes:
    if len(texts) < 4096 and sum(map(len, texts)) < 65536:
        return b",".join(texts)
    from ..pieces import join

    return join(b",", texts)


def _polled(items: Any) -> Any:
    """The items, with a look at the stop flag now and then when they are many."""
    if len(items) < 4096:
        return items
    from ..library import charge

    charge(16 * len(items))  # the copy at hand, and the list of their texts
    world = current().world

    def each() -> Any:
        for count, item in enumerate(items):
            if not count & 4095 and world.namespace["$stop"]:
                world.stop_reason()
            yield item

    return each()


def _item_text(value: Any, kind_of: Callable[[Any], bytes]) -> bytes:
    kind = type(value)
    if kind is bytes:
        return value
    if kind is int or kind is float or value is None or kind is bool or kind is Pointer:
        return text(value)
    if kind is FunctionType and not is_closure(value):
        return text(value)
    return kind_of(value)


def metamethod(value: Any, name: bytes, *args: Any) -> Any:
    """Calls an object's metamethod (found from its meta-object on); its last result, or MISSING for none."""
    from .access import find_metamethod
    from .calls import hook_multi

    function = find_metamethod(value, name)
    if function is MISSING:
        return MISSING
    results = hook_multi(function, value, *args)
    return results[-1] if results else MISSING


def type_name(value: Any) -> str:
    """The spelling of a type in message texts; "nothing" for an absent value."""
    kind = type(value)
    name = _TYPE_NAMES.get(kind)
    if name is not None:
        return name
    if kind is FunctionType:
        return "C function" if is_native(value) else "closure" if is_closure(value) else "function"
    if value is MISSING:
        return "nothing"
    return value.type_name


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "real",
    bytes: "string",
    Pointer: "ptr",
}


def general_type_name(value: Any) -> str:
    """As `type_name`, but every object is an "object"."""
    if type(value) is FunctionType:
        return "C function" if is_native(value) else "object" if is_closure(value) else "function"
    kind = _TYPE_NAMES.get(type(value))
    return kind if kind is not None else "thread" if value.type_name == "thread" else "object"


def typeof(value: Any) -> bytes:
    """What `typeof` answers, `__typeof` included."""
    kind = type(value)
    if kind is FunctionType:
        if not is_closure(value):
            return b"cfunc" if is_native(value) else b"func"
        result = metamethod(value, b"__typeof") if "mm" in value.__dict__ else None
        return result if type(result) is bytes else b"closure"
    if kind is Pointer:
        return b"pointer"
    name = _TYPE_NAMES.get(kind)
    if name is not None:
        return name.encode()
    if value.mm and value.meta is not None:
        result = metamethod(value, b"__typeof")
        if type(result) is bytes:
            return result
    return value.type_name.encode()


def type_id(value: Any) -> int:
    """The VT number of a value, which is also the order of types in comparisons."""
    kind = type(value)
    number = _TYPE_IDS.get(kind)
    if number is not None:
        return number
    if kind is FunctionType:
        return 6 if is_native(value) else 7 if is_closure(value) else 5
    return 9 if value.type_name == "thread" else 7


_TYPE_IDS: dict[type, int] = {type(None): 0, bool: 1, int: 2, float: 3, bytes: 4, Pointer: 8}
