"""A script library from a third party: `include "counter";` after `pip install`.

It uses `interp.library` only, as the libraries of the distribution do.
"""

from __future__ import annotations

from interp.library import Library, Object, method, prop, warning

library = Library("counter", doc="Counters that cannot go below zero.")
library.constant("COUNTER_VERSION", 1)


@library.type
class Counter(Object, name="counter"):
    """`counter( start )`: an object with a `value` and a method `add( n )`."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count

    @prop
    def value(self) -> int:
        """The number it has reached."""
        return self.count

    @method("add( int n )")
    def add(self, number: int) -> int | None:
        """Adds `n` and returns the new value; below zero it is a Warning, and nothing changes."""
        if self.count + number < 0:
            return warning("the counter cannot go below zero")  # type: ignore[no-any-return]
        self.count += number
        return self.count

    def dump(self, depth: int) -> bytes:
        """What `printvar` shows."""
        return b"counter (%d)" % self.count


@library.function("counter( [ int start = 0 ] )")
def counter(start: int) -> Counter | None:
    """A new counter. A start below zero is a Warning and null."""
    if start < 0:
        return warning("argument 1 (start) cannot be negative")  # type: ignore[no-any-return]
    return Counter(start)
