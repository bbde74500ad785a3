"""Operators on values of any type (chapter 01 sections 5 to 8): the complete slow paths.

Rules of this file: generated code comes here when the host's own operator raised or gave a result that needs a look.
"""

from __future__ import annotations

from . import convert
from .calls import hook_multi
from .convert import text, to_int, to_real, type_id, wrap
from .messages import error, warning
from .state import current
from .values import MISSING, Array, Map, Object, Pointer, Record, Table, is_closure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMBERS = frozenset((int, float, bool, type(None)))
_METHODS = {"+": b"__add", "-": b"__sub", "*": b"__mul", "/": b"__div", "%": b"__mod"}
NAN = float("nan")
_EXACT = 1 << 53  # ints up to here are reals, too; beyond, both sides become reals before they are divided
_FAILED = b"Specified arithmetic operation is not supported on the given set of arguments"


def _containerlike(value: Any) -> bool:
    """An object for arithmetic and comparison; closures count."""
    return isinstance(value, (Record, Table, Array, Map, Object)) or is_closure(value)


def _binary_metamethod(name: bytes, a: Any, b: Any) -> Any:
    from .access import find_metamethod

    for owner in (a, b):
        if _containerlike(owner):
            function = find_metamethod(owner, name)
            if function is not MISSING:
                results = hook_multi(function, owner, a, b)
                if results:
                    return results[-1]
    return MISSING


def arithmetic(op: str, a: Any, b: Any) -> Any:
    """`a op b` for `+ - * / %`."""
    kind_a, kind_b = type(a), type(b)
    if kind_a in _NUMBERS and kind_b in _NUMBERS:
        if kind_a is float or kind_b is float:
            return _real(op, 0.0 if a is None else float(a), 0.0 if b is None else float(b))
        return _int(op, 0 if a is None else int(a), 0 if b is None else int(b))
    if _containerlike(a) or _containerlike(b):
        result = _binary_metamethod(_METHODS[op], a, b)
        return error(_FAILED) if result is MISSING else result
    if (kind_a is bytes or kind_a in _NUMBERS) and (kind_b is bytes or kind_b in _NUMBERS):
        return _real(op, to_real(a), to_real(b))
    return error(_FAILED)


def _int(op: str, a: int, b: int) -> Any:
    if op == "+":
        return wrap(a + b)
    if op == "-":
        return wrap(a - b)
    if op == "*":
        return wrap(a * b)
    if b == 0:
        return error(b"Division by 0")
    if op == "/":
        return float(a) / float(b)
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _fmod(a: float, b: float) -> float:
    """`math.fmod`, which takes this one's place: the module is another file to open before the first script."""
    global _fmod
    from math import fmod as _fmod

    return _fmod(a, b)


def _real(op: str, a: float, b: float) -> Any:
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    if b == 0:
        return error(b"Division by 0")
    if op == "/":
        return a / b
    try:
        return _fmod(a, b)
    except ValueError:
        return NAN


def add(a: Any, b: Any) -> Any:
    return wrap(a + b) if type(a) is int and type(b) is int else arithmetic("+", a, b)


def sub(a: Any, b: Any) -> Any:
    return wrap(a - b) if type(a) is int and type(b) is int else arithmetic("-", a, b)


def mul(a: Any, b: Any) -> Any:
    return wrap(a * b) if type(a) is int and type(b) is int else arithmetic("*", a, b)


def div(a: Any, b: Any) -> Any:
    if type(b) in (int, float) and b and type(a) in (int, float):
        if -_EXACT <= a <= _EXACT and -_EXACT <= b <= _EXACT:
            return a / b
        return float(a) / float(b)
    return arithmetic("/", a, b)


def mod(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and b > 0:
        return a % b if a >= 0 else -(-a % b)
    return arithmetic("%", a, b)


def increment(value: Any, step: int) -> Any:
    """`++` (step 1) or `--` (step -1) on a value."""
    kind = type(value)
    if kind is int:
        return wrap(value + step)
    if kind is float:
        return value + step
    return error(b"Cannot %b non-numeric variables!" % (b"increment" if step > 0 else b"decrement"))


def negate(value: Any) -> Any:
    kind = type(value)
    if kind is int or kind is bool:
        return wrap(-value)
    if kind is float:
        return -value
    if value is None:
        return None
    if _containerlike(value):
        result = _negate_object(value)
        return error(b"Given object does not support negation.") if result is MISSING else result
    return warning(f"Negating variable of type {convert.general_type_name(value)} is not supported.")


def _negate_object(value: Any) -> Any:
    from .access import find_metamethod

    function = find_metamethod(value, b"__negate")
    if function is MISSING:
        return MISSING
    results = hook_multi(function, value)
    return results[-1] if results else MISSING


def invert(value: Any) -> int:
    return ~to_int(value)


def bit_and(a: Any, b: Any) -> int:
    return to_int(a) & to_int(b)


def bit_or(a: Any, b: Any) -> int:
    return to_int(a) | to_int(b)


def bit_xor(a: Any, b: Any) -> int:
    return to_int(a) ^ to_int(b)


def shift_left(a: Any, b: Any) -> int:
    return wrap(to_int(a) << (to_int(b) & 63))


def shift_right(a: Any, b: Any) -> int:
    return to_int(a) >> (to_int(b) & 63)


# --- comparison -------------------------------------------------------------------------------------------------------


def compare(a: Any, b: Any) -> float:
    """The sign orders the two values, 0 means equal; NaN where reals are unordered (chapter 01 section 7)."""
    kind_a, kind_b = type(a), type(b)
    if kind_a in _NUMBERS and kind_b in _NUMBERS:
        x, y = 0 if a is None else a, 0 if b is None else b
        if x == y:
            return 0
        return -1 if x < y else 1 if x > y else NAN
    if _containerlike(a) or _containerlike(b):
        result = _compare_objects(a, b)
        if result is not None:
            return result
    id_a, id_b = type_id(a), type_id(b)
    if id_a > 4 or id_b > 4:
        if id_a != id_b:
            return -1 if id_a < id_b else 1
        if kind_a is Pointer and kind_b is Pointer:
            return (a.address > b.address) - (a.address < b.address)
        if a is b:
            return 0
        numbers = current().world.identities
        return -1 if numbers.number(a) < numbers.number(b) else 1
    if a is None:
        return -1
    if b is None:
        return 1
    x, y = text(a), text(b)
    return (x > y) - (x < y)


def _compare_objects(a: Any, b: Any) -> float | None:
    result = _binary_metamethod(b"__compare", a, b)
    if result is not MISSING:
        return to_real(result)
    if isinstance(a, Object):
        return a.compare(b)
    if isinstance(b, Object):
        order = b.compare(a)
        return None if order is None else -order
    return None


def equal(a: Any, b: Any) -> bool:
    return compare(a, b) == 0


def less(a: Any, b: Any) -> bool:
    return compare(a, b) < 0


def less_equal(a: Any, b: Any) -> bool:
    return compare(a, b) <= 0


def greater(a: Any, b: Any) -> bool:
    return compare(a, b) > 0


def greater_equal(a: Any, b: Any) -> bool:
    return compare(a, b) >= 0


def spaceship(a: Any, b: Any) -> int:
    order = compare(a, b)
    return -1 if order < 0 else 1 if order > 0 else 0


def same_type(a: Any, b: Any) -> bool:
    """Equal types, for objects equal native types."""
    if type(a) is type(b):
        return True
    number = type_id(a)
    if number != type_id(b):
        return False
    return number != 7 or convert.type_name(a) == convert.type_name(b)


def identical(a: Any, b: Any) -> bool:
    """`===`"""
    return same_type(a, b) and compare(a, b) == 0


def concat(*values: Any) -> bytes:
    """`a $ b $ …`: all become text, the last first, then they are joined."""
    return b"".join([text(value) for value in reversed(values)][::-1])
