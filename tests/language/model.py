"""Chapter 01 sections 4 to 7 written down a second time, as plainly as possible.

Rule of this file: it shares nothing with the interpreter. Values are None, bool, int, float, bytes and `Thing` (whatever
is an object, a function or a pointer); an operation gives (value, messages), null where it failed.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import math
import re
from typing import Any

ARITHMETIC = ("+", "-", "*", "/", "%")
BITWISE = ("&", "|", "^", "<<", ">>")
COMPARISON = ("==", "!=", "===", "!==", "<", "<=", ">", ">=", "<=>")
BINARY = (*ARITHMETIC, *BITWISE, *COMPARISON, "$")

FAILED = "Specified arithmetic operation is not supported on the given set of arguments"
DIVISION = "Division by 0"


class Thing:
    """A value that is no number and no text: its type's number and name, its text, its truth, its identity."""

    def __init__(
        self, source: str, order: int, name: str, text: bytes, truth: bool, address: int | None = None
    ) -> None:
        self.source = source
        self.order = order
        self.name = name
        self.text = text
        self.truth = truth
        self.address = address


THINGS = [
    Thing("fn", 5, "function", b"function", True),
    Thing("println", 6, "C function", b"C function", True),
    Thing("arr", 7, "object", b"[1,2]", True),
    Thing("noarr", 7, "object", b"[]", False),
    Thing("dic", 7, "object", b"{a=1}", True),
    Thing("nodic", 7, "object", b"{}", False),
    Thing("clo", 7, "object", b"closure", True),
    Thing("16p", 8, "ptr", b"ptr(0x10)", True, 16),
    Thing("0p", 8, "ptr", b"ptr((nil))", False, 0),
]
# what a program needs before it can name them
SETUP = (
    "function fn(){} global arr = [ 1, 2 ]; global noarr = []; global dic = { a = 1 }; global nodic = {};"
    " cell = 1; global clo = function() use( cell ){ return cell; };"
)
KINDS = {"arr": "array", "noarr": "array", "dic": "dict", "nodic": "dict", "clo": "closure"}


def wrap(n: int) -> int:
    n &= (1 << 64) - 1
    return n - (1 << 64) if n >> 63 else n


def number(text: bytes) -> int | float | None:
    """The number a text begins with."""
    if len(text) >= 3 and text[:2] in (b"0x", b"0o", b"0b"):
        base = {120: 16, 111: 8, 98: 2}[text[1]]
        digits = b"0123456789abcdef"[:base]
        end = 2
        while end < len(text) and text[end : end + 1].lower() in [digits[i : i + 1] for i in range(base)]:
            end += 1
        return wrap(int(text[2:end] or b"0", base))
    found = re.match(rb"[+-]?[0-9]+", text)
    if found is None:
        return None
    if text[found.end() : found.end() + 1] not in (b".", b"e", b"E"):
        return wrap(int(found[0]))
    real = re.match(rb"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", text)
    assert real is not None
    return float(real[0])


def real_to_int(x: float) -> int:
    if x != x or math.isinf(x) or not -(2**63) <= int(x) < 2**63:
        return -(2**63)
    return int(x)


def to_int(value: Any) -> int:
    if isinstance(value, Thing):
        return value.address or 0
    if isinstance(value, bytes):
        return to_int(number(value))
    if isinstance(value, float):
        return real_to_int(value)
    return int(value or 0)


def to_real(value: Any) -> float:
    if isinstance(value, bytes):
        found = number(value)
        return 0.0 if found is None else float(found)  # "-0." is a negative zero
    return 0.0 if value is None else float(value)


def text(value: Any) -> bytes:
    if isinstance(value, Thing):
        return value.text
    if isinstance(value, bytes):
        return value
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return str(value).encode()
    return b"nan" if value != value else b"%g" % value


def order_of_type(value: Any) -> int:
    if isinstance(value, Thing):
        return value.order
    return [type(None), bool, int, float, bytes].index(type(value))


def truth(value: Any) -> bool:
    return value.truth if isinstance(value, Thing) else bool(value)


def arithmetic(op: str, a: Any, b: Any) -> tuple[Any, list[str]]:
    if isinstance(a, Thing) or isinstance(b, Thing):
        return None, [FAILED]
    if isinstance(a, (float, bytes)) or isinstance(b, (float, bytes)):
        x: Any = to_real(a)
        y: Any = to_real(b)
    else:
        x, y = int(a or 0), int(b or 0)
    if op in "/%" and y == 0:
        return None, [DIVISION]
    if op == "/":
        return float(x) / float(y), []
    if op == "%":
        if isinstance(x, int):
            rest = abs(x) % abs(y)
            return -rest if x < 0 else rest, []
        return math.nan if math.isinf(x) or x != x or y != y else math.fmod(x, y), []
    try:
        result = x + y if op == "+" else x - y if op == "-" else x * y
    except OverflowError:  # pragma: no cover - floats do not raise here
        raise
    return wrap(result) if isinstance(result, int) else result, []


def bitwise(op: str, a: Any, b: Any) -> int:
    x, y = to_int(a), to_int(b)
    if op == "&":
        return x & y
    if op == "|":
        return x | y
    if op == "^":
        return x ^ y
    return wrap(x << (y % 64)) if op == "<<" else x >> (y % 64)


def compare(a: Any, b: Any) -> float | None:
    """-1, 0, 1; NaN for unordered reals; None for different objects, whose order is not specified."""
    if isinstance(a, Thing) or isinstance(b, Thing):
        x, y = order_of_type(a), order_of_type(b)
        if x != y:
            return -1 if x < y else 1
        if a.address is not None:
            return (a.address > b.address) - (a.address < b.address)
        return 0 if a is b else None
    if isinstance(a, bytes) or isinstance(b, bytes):
        if a is None or b is None:
            return -1 if a is None else 1
        s, t = text(a), text(b)
        return (s > t) - (s < t)
    p, q = a or 0, b or 0
    if p != p or q != q:
        return math.nan
    return (p > q) - (p < q)


def comparison(op: str, a: Any, b: Any) -> Any:
    """The result of a comparison, None where the order of two objects decides."""
    if op in ("===", "!=="):
        same = type(a) is type(b)
        if same and isinstance(a, Thing):
            same = a.order == b.order and KINDS.get(a.source) == KINDS.get(b.source)
        same = same and compare(a, b) == 0
        return same if op == "===" else not same
    order = compare(a, b)
    if op in ("==", "!="):
        return (order == 0) == (op == "==")
    if order is None:
        return None
    if op == "<=>":
        return -1 if order < 0 else 1 if order > 0 else 0
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[op]


def binary(op: str, a: Any, b: Any) -> tuple[Any, list[str]]:
    if op in ARITHMETIC:
        return arithmetic(op, a, b)
    if op in BITWISE:
        return bitwise(op, a, b), []
    if op == "$":
        return text(a) + text(b), []
    return comparison(op, a, b), []


def unary(op: str, a: Any) -> tuple[Any, list[str]]:
    if op == "!":
        return not truth(a), []
    if op == "~":
        return ~to_int(a), []
    if a is None or op == "+":
        return a, []
    if isinstance(a, Thing):
        if a.order == 7:
            return None, ["Given object does not support negation."]
        return None, [f"Negating variable of type {a.name} is not supported."]
    if isinstance(a, bytes):
        return None, ["Negating variable of type string is not supported."]
    return (-a if isinstance(a, float) else wrap(-int(a))), []


def step(op: str, a: Any) -> tuple[Any, list[str]]:
    delta = 1 if op == "++" else -1
    if type(a) is int:
        return wrap(a + delta), []
    if type(a) is float:
        return a + delta, []
    return None, [f"Cannot {'increment' if delta > 0 else 'decrement'} non-numeric variables!"]


def literal(value: Any) -> str:
    """An expression whose value it is."""
    if isinstance(value, Thing):
        return value.source
    if isinstance(value, bytes):
        return '"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # the lowest int has no literal of its own: its digits wrap
        return str(value) if value >= 0 else f"( -{-value} )"
    if value != value:
        return '( "inf" * 0.0 + 1e999 * 0.0 )'
    if math.isinf(value):
        return "1e999" if value > 0 else "( -1e999 )"
    shown = repr(abs(value))
    if "e" not in shown and "." not in shown:
        shown += ".0"
    return shown if math.copysign(1, value) > 0 else f"( -{shown} )"


def shown(value: Any) -> bytes:
    """What the test programs print for a value: its type and enough of it to tell it apart."""
    if value is None:
        return b"null"
    if isinstance(value, Thing):
        return b"thing " + value.text
    if isinstance(value, float):
        # sign of zero included; six digits by `%g`, the rest by the int of a scaled value
        return b"real " + text(value)
    return type(value).__name__.encode().replace(b"bytes", b"string") + b" " + text(value)


VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 7, 63, 64, 65, -64, 255, 1 << 29, (1 << 30) - 1, 1 << 30, -(1 << 30), 1 << 31,
    1 << 32, 1 << 52, (1 << 53) - 1, (1 << 62) - 1, 1 << 62, (1 << 63) - 1, -(1 << 63), -(1 << 63) + 1, 0.0, -0.0, 0.5,
    1.0, -1.0, -7.5, 2.0, 3.25, 1e9, 1e18, 9.3e18, -9.3e18, 1e300, -1e300, 1e-300, math.inf, -math.inf, math.nan, b"", b"0", b"1",
    b"-3", b"2x", b"1.5", b"0x1F", b"0b101", b"1e3", b"7.", b"x", b" 1", b"10", b"9", b"apple", b"app", b"true", b"null",
    b"99999999999999999999", b"\xff", b"1.0", *THINGS,
]  # fmt: skip
FEW: list[Any] = [
    None, True, False, 0, 1, -5, (1 << 62) + 1, -(1 << 63), 0.0, 2.5, -7.5, 1e300, b"", b"3", b"1.5", b"zz", *THINGS[:5],
]  # fmt: skip
