"""What the generator hands around: a generated value with what is known of it."""

from __future__ import annotations

import ast
from typing import Any

from .types import ANY, INT_MAX, INT_MIN


class Range:
    """The range of an int operand."""

    __slots__ = ("hi", "lo")

    def __init__(self, lo: int, hi: int) -> None:
        self.lo = lo
        self.hi = hi


class V:
    """A generated value.

    node    the Python expression (used once, unless `atom`)
    mask    the types it can have; lo, hi the range when it is an int
    kind    "const", "temp" (never changes), "local", "cell", or "expr" (must be evaluated in its place)
    """

    __slots__ = ("hi", "kind", "lo", "mask", "name", "node", "value")

    def __init__(
        self, node: ast.expr, mask: int = ANY, kind: str = "expr", name: str | None = None, value: Any = None,
        lo: int = INT_MIN, hi: int = INT_MAX,
    ) -> None:  # fmt: skip
        self.node = node
        self.mask = mask
        self.kind = kind
        self.name = name
        self.value = value
        self.lo = lo
        self.hi = hi

    @property
    def atom(self) -> bool:
        return self.kind != "expr"
