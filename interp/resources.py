"""What each engine has of the outside: its doors (`interp.ports` opens them) and what it must close.

Rule of this file: every engine has these from its start; nothing else of the doors is loaded before something waits.
"""

from __future__ import annotations

from _weakref import ref
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Ports:
    """One engine's doors. A host's virtual clock or network replaces `clock`.

    sole   what interrupts the engine are signal handlers that raise, which end system calls; no other OS thread does
    """

    def __init__(self) -> None:
        self.sole = False
        self.clock: Callable[[], float] = monotonic
        self.interrupts: list[Callable[[], None]] = []
        self.passes: list[Callable[[], None]] = []
        self.guard: Any = None  # what watches the engine's calls: `interp.limits.Guard`


class Resources:
    """Things that hold something of the outside, closed when the engine closes. Held weakly.

    sockets   how many sockets may be open at once, None for any number; one more ends the running call
    """

    def __init__(self, sockets: int | None = None, guard: Any = None) -> None:
        self._items: set[ref[Any]] = set()
        self._sockets = sockets
        self._guard = guard

    def add(self, item: Any) -> None:
        """Remembers an object with a `close()` method."""
        self._items.add(ref(item, self._items.discard))
        if self._sockets is not None and len(self._items) > self._sockets and self.count("socket") > self._sockets:
            self._guard.fire("sockets")

    def discard(self, item: Any) -> None:
        self._items.discard(ref(item))

    def __len__(self) -> int:
        return len(self._items)

    def _alive(self) -> list[Any]:
        return [item for item in [known() for known in list(self._items)] if item is not None]

    def count(self, type_name: str) -> int:
        """How many objects of a type are open."""
        return sum(1 for item in self._alive() if getattr(item, "type_name", None) == type_name)

    def close_opened(self) -> None:
        """Closes what scripts opened; the engine goes on."""
        for item in self._alive():
            try:
                item.close()
            except OSError:
                pass

    def close(self) -> None:
        """Closes all that is still open."""
        self.close_opened()
        self._items.clear()
