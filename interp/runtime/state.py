"""Who runs: the engine's world, its contexts, and which of them is active on this OS thread.

Rules of this file: `current()` is the only way from anywhere in the runtime to the running context; a context never
refers to the script-visible thread handle (frames would keep it alive); a `World` knows nothing of hosts.
"""

from __future__ import annotations

import _thread
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

INFO, WARNING, ERROR = 100, 200, 300


class ScriptAbort(BaseException):
    """Ends script frames up to the nearest native boundary. `error` is true when an Error caused it."""

    def __init__(self, error: bool = False) -> None:
        self.error = error


class ScriptStop(BaseException):
    """A limit or an interrupt: passes every boundary of the language up to the host's call."""

    def __init__(self, reason: str = "interrupted", which: str | None = None) -> None:
        super().__init__(reason)
        self.which = which


class ScriptQuit(BaseException):
    """`app_exit`: passes everything up to the host's call."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class HostRaised(BaseException):
    """A Python exception of a host function on its way to the host's call: no native and no script stops it."""

    def __init__(self, exception: BaseException) -> None:
        super().__init__(exception)
        self.exception = exception


class Cell:
    """Where one OS thread's running context stands. What changes it often looks the cell up once."""

    __slots__ = ("context",)

    def __init__(self) -> None:
        self.context: Context | None = None


class _Local(_thread._local):
    def __init__(self) -> None:  # in each OS thread
        self.cell = Cell()


_local = _Local()


def current() -> Context:
    """The context whose code runs on this OS thread."""
    return _local.cell.context  # type: ignore[return-value]


def switch(context: Context | None) -> Context | None:
    """Makes another context the running one; returns the one before."""
    cell = _local.cell
    before, cell.context = cell.context, context
    return before


class World:
    """One engine's state, shared by all its contexts.

    namespace     the script globals: the Python globals of all its code (helper names hold a `$`)
    array_type    the engine's `Array` class; array_meta its `array` dict
    registry      `_R`
    waiting       groups of core functions that nothing has needed so far: they are neither globals nor symbols yet;
                  supply makes those of some names or all, see `need`; core_names has all of them in their order
    symbols, symbols_back   the two directions of the symbol table as far as it was needed: `symbol_values` has all
    loading       paths of the files whose top-level code runs, innermost last
    classes       the Python classes of script instances, held weakly
    stored        the attributes that loaded code stores directly
    overrun       the host's recursion limit to go back to after an overflow, 0 when there is none
    refused       while a message about it goes out: the message of a text that did not compile, the text, its file
    subject       while a message about it goes out: the object that lacks a property
    slots         per-engine state of libraries, by library name
    """

    __slots__ = (
        "array_meta",
        "array_type",
        "classes",
        "compiler",
        "core_names",
        "depth",
        "errno",
        "error_seen",
        "globals_view",
        "identities",
        "in_setindex",
        "includes",
        "last_error",
        "libraries",
        "library_resolver",
        "loading",
        "message_hook",
        "namespace",
        "output",
        "overrun",
        "ports",
        "random",
        "refused",
        "registry",
        "resources",
        "root",
        "slots",
        "stop_reason",
        "stored",
        "streams",
        "subject",
        "supply",
        "symbols",
        "symbols_back",
        "threads",
        "waiting",
        "__weakref__",
    )

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self.array_type: Any = None
        self.array_meta: Any = None
        self.registry: Any = None
        self.globals_view: Any = None
        self.waiting: set[str] = set()
        self.supply: Any = None
        self.core_names: Mapping[str, Any] = {}
        self.symbols: dict[bytes, Any] = {}
        self.symbols_back: dict[Any, bytes] = {}
        self.loading: list[bytes] = []
        self.slots: dict[str, Any] = {}
        self.classes: set[ref[Any]] = set()
        self.stored: set[str] = set()
        self.errno = 0
        self.depth = 1000
        self.overrun = 0
        self.error_seen = False
        self.last_error: Any = None
        self.identities = Identities()
        self.in_setindex: set[int] = set()
        self.resources: Any = None
        self.ports: Any = None
        self.streams: Any = None
        self.output: Any = None
        self.compiler: Any = None
        self.includes: Any = None
        self.libraries: Any = None
        self.library_resolver: Any = None
        self.message_hook: Any = None
        self.refused: tuple[bytes, bytes, str] | None = None
        self.subject: Any = None
        self.random: Any = None
        self.threads: Any = None
        self.stop_reason: Any = None
        self.root = Context(self, None, "active")

    def need(self, names: Iterable[str] | None) -> None:
        """Makes core functions that wait: those of some names, None for all.

        Before a name of the namespace or of the symbol table is read or written from anywhere but a script's code,
        whose names are asked for when it is loaded.
        """
        if self.waiting:
            self.supply(self, names)

    def symbol(self, name: bytes) -> Any:
        """The value of a symbol, None when there is none."""
        self.need((name.decode("latin-1"),))
        return self.symbols.get(name)

    @property
    def symbol_values(self) -> dict[bytes, Any]:
        """The symbol table, name to value."""
        self.need(None)
        return self.symbols

    @property
    def symbol_names(self) -> dict[Any, bytes]:
        """The symbol table, value (as a key of maps) to name."""
        self.need(None)
        return self.symbols_back

    def symbol_register(self, name: bytes, value: Any) -> None:
        """Adds both directions of the symbol table (chapter 04 section 6.2)."""
        from .values import map_key

        self.need((name.decode("latin-1"),))
        self.symbols[name] = value
        self.symbols_back[map_key(value)] = name

    def natives_register(self, natives: dict[bytes, Any]) -> None:
        """The same for many functions at once: each is its own key."""
        self.symbols.update(natives)
        self.symbols_back.update(zip(natives.values(), natives, strict=True))


class Identities:
    """Small numbers that stand for addresses in dumps (chapter 00, B12). Things are held as long as the engine."""

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._next = 0x1000

    def number(self, thing: Any) -> int:
        entry = self._numbers.get(id(thing))
        if entry is not None:
            return entry[0]
        number = self._next
        self._next += 0x10
        try:
            keep: Any = ref(thing, self._forget(id(thing)))
        except TypeError:
            keep = thing  # no weak reference possible (strings, numbers): held
        self._numbers[id(thing)] = (number, keep)
        return number

    def _forget(self, key: int) -> Any:
        return lambda _ref: self._numbers.pop(key, None)


NO_THREADS: dict[Any, Any] = {}  # never written to


class Context:
    """A call stack with its own message handling and scheduling data (chapter 05 section 1).

    state      "fresh", "active", "suspended", "parked" (in a socket operation) or "finished"
    list       handles of the threads that passes over this context advance, newest first; parked ones are in
               `parked_threads`. `standing`: it is among its owner's parked ones
    nest       native functions (and hooks that count like them) between the start of the context and now
    suppress   depth of `@` expressions being evaluated
    handler    head of the message handler chain
    level      contexts that resumed one another up to this one
    parked     while its state is "parked": what it waits on, `within` a coroutine (None = it itself), `since` when
    place      its own greenlet, weakly, once it has parked; `home` names that one's parent (see `run_woken`)
    hops, roomy, rooms, host_limit   room on the host's stack, see `calls.enter_hop`
    """

    __slots__ = (
        "__weakref__", "abort_mark", "elapsed", "end_events", "handle_ref", "handler", "home", "hops", "host_limit",
        "level", "list", "nest", "owner", "parked", "parked_threads", "place", "remaining", "replevel", "resumer",
        "rooms", "roomy", "serial", "since", "standing", "state", "suppress", "sync_waiting", "timer", "was_aborted",
        "within", "world",
    )  # fmt: skip

    def __init__(self, world: World, owner: Context | None, state: str = "fresh") -> None:
        self.world = world
        self.owner = owner
        self.handler: Any = None
        self.suppress = 0
        self.nest = 0
        self.level = 0
        self.hops = 0
        self.roomy = 3
        self.rooms: list[tuple[int, int, int]] | None = None
        self.host_limit = 0
        self.replevel = INFO
        self.timer = 0.0
        self.elapsed = 0.0
        self.remaining = 0.0
        self.serial = 0
        # those of a thread of its own are made when it has one: what a server's message touches counts
        self.list: list[Any] | tuple[()] = ()
        self.parked_threads = NO_THREADS
        self.standing = False
        self.end_events: list[Any] | None = None
        self.state = state
        self.abort_mark = False
        self.was_aborted = False
        self.sync_waiting = False
        self.parked: Any = None
        self.within: Context | None = None
        self.since = 0.0
        self.place: Any = None
        self.home = 0
        self.resumer: Context | None = None
        self.handle_ref: Any = None
