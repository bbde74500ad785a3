"""What the compiler knows about a value: a set of types as a bit mask, and a range for ints.

Rule of this file: a mask may only be too large, never too small; `ANY` is always right.
"""

from __future__ import annotations

from typing import Any

NULL, BOOL, INT, REAL, STR, ARRAY, FUNC, OTHER = 1, 2, 4, 8, 16, 32, 64, 128
ANY = 255
NUMERIC = BOOL | INT | REAL

INT_MIN = -(1 << 63)
INT_MAX = (1 << 63) - 1


_CONSTANTS = {bool: BOOL, int: INT, float: REAL, bytes: STR}


def const_mask(value: Any) -> int:
    """The type of a constant."""
    if value is None:
        return NULL
    return _CONSTANTS.get(type(value), OTHER)


def int_range(op: str, left: Any, right: Any) -> tuple[int, int]:
    """The range of `left op right` for ints of known ranges, before any wrap."""
    if op == "+":
        return left.lo + right.lo, left.hi + right.hi
    if op == "-":
        return left.lo - right.hi, left.hi - right.lo
    products = [x * y for x in (left.lo, left.hi) for y in (right.lo, right.hi)]
    return min(products), max(products)
