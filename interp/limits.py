"""What one host call may use, and what stops it: limits, interrupts, the watchdog (chapter 12 section 4).

Rules of this file: a running script is stopped by one flag, `$stop` in its namespace, which `Guard.check` explains;
the watchdog is one thread for all engines, started when a call under a limit is first made and asleep while no engine
runs; starting and ending a call costs a few stores, because the watchdog observes calls instead of being told.

The stores of a call's start rely on one property of CPython: the interpreter lock changes hands at calls and jumps
only, so a test of an attribute and the store behind it are one step.
"""

from __future__ import annotations

import _thread
import os
from _weakref import ref
from sys import getallocatedblocks

from .runtime.state import ScriptStop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .runtime.state import World

SMALL_DEPTH = 150  # below, 10 % is less than the host frames that a native needs: counted exactly instead
BLOCK = 48  # bytes of a small block of Python's allocator, about
LARGE = 1 << 16  # bytes from which a single request is accounted for; smaller ones show in the process's memory


class Limits:
    """What a script may use in one host call; None lifts a limit (chapter 12 section 4). Immutable.

    seconds     of time, waiting included       operations  loop iterations and calls
    memory      bytes reachable                 depth       active calls; passing it is an ordinary Error
    output      bytes written, messages too     sockets     open at once
    nesting     levels of blocks and expressions            source      bytes of one program
    """

    __slots__ = ("depth", "memory", "nesting", "operations", "output", "seconds", "sockets", "source")

    seconds: float | None
    operations: int | None
    memory: int | None
    depth: int
    output: int | None
    sockets: int | None
    nesting: int
    source: int | None

    def __init__(
        self,
        seconds: float | None = 10.0,
        operations: int | None = None,
        memory: int | None = 256 << 20,
        depth: int = 1000,
        output: int | None = 16 << 20,
        sockets: int | None = 1024,
        nesting: int = 200,
        source: int | None = 16 << 20,
    ) -> None:
        values = {
            "seconds": seconds, "operations": operations, "memory": memory, "depth": depth, "output": output,
            "sockets": sockets, "nesting": nesting, "source": source,
        }  # fmt: skip
        for name, value in values.items():
            wanted = (int, float) if name == "seconds" else int
            if value is None and name not in ("depth", "nesting"):
                pass
            elif isinstance(value, bool) or not isinstance(value, wanted):
                raise TypeError(f"limit {name} must be a number, not {type(value).__name__}")
            elif not value >= (1 if name in ("depth", "nesting") else 0):
                raise ValueError(f"limit {name} cannot be {value}")
            object.__setattr__(self, name, value)

    @classmethod
    def none(cls) -> Limits:
        """No limits but the call depth and the nesting: the command line's."""
        return cls(seconds=None, memory=None, output=None, sockets=None, source=None)

    def replace(self, **changes: Any) -> Limits:
        """The same limits with some changed."""
        return Limits(**{**{name: getattr(self, name) for name in self.__slots__}, **changes})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"limits are immutable: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"limits are immutable: {name}")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is Limits else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, ({name: getattr(self, name) for name in self.__slots__},)


def _restored(values: dict[str, Any]) -> Limits:
    return Limits(**values)


class Stop:
    """Why a running call must end: the text, and the limit's name or None for an interrupt."""

    __slots__ = ("text", "which")

    def __init__(self, text: str, which: str | None) -> None:
        self.text = text
        self.which = which


# Marks that an engine was the last one entered on some OS thread, which holds it as long as it may enter again without
# ceremony: whether the running thread holds a lock is what it can be asked quickest.
Token = _thread.RLock


def new_token() -> Any:
    """A token that nobody holds."""
    made = Token()
    _tokens.add(ref(made, _tokens.discard))
    return made


def give_up(token: Any) -> None:
    """The running OS thread, whose token it is, has to enter with ceremony again."""
    if token._is_owned():
        token.release()


class _Leaving:
    """Gives a thread's token up when the thread ends: a later one may get its number."""

    __slots__ = ("token",)

    def __init__(self) -> None:
        self.token: Any = NOBODY

    def __del__(self) -> None:
        token = self.token
        if token._is_owned():
            token.release()


class _Local(_thread._local):
    def __init__(self) -> None:
        self.token: Any = None
        self.leaving = _Leaving()


def hold(token: Any) -> None:
    """The running OS thread may enter the token's engine without ceremony from now on; None: no engine's."""
    local.token = token
    local.leaving.token = NOBODY if token is None else token
    if token is not None and not token._is_owned():
        token.acquire()


_tokens: set[ref[Any]] = set()

# The token of an engine that no thread may enter without ceremony; no thread ever holds it.
NOBODY = Token()

# `token`: that of the engine that entered last on this OS thread.
local = _Local()

# The host's recursion limit as an engine set it last.
recursion: list[int] = [0]


class Guard:
    """What watches one engine's calls.

    busy       the token of the OS thread that a host call is running in, else False
    token      see `local`: that of the OS thread that may enter without ceremony
    state      None at the start of a call, then when the watchdog first saw it (a time), then the `Stop` that ends it
    written    bytes of output of this call, None before any
    until      the deadline of a `timeout=`, None without one
    held       since when time does not count, None while it does
    exact      the depth is counted at every check
    fast       calls need no preparation beyond these stores
    seconds, operations   the account since the engine was made; `timed`: the running call keeps its own time
    base, mark, charged   memory: bytes at the last census, the process's then, bytes accounted for since; `$large` in
                    the namespace says that there may be large strings: joining them looks at the sizes first
    """

    __slots__ = (
        "__weakref__", "base", "busy",
        "block_mark", "census_due", "charged", "exact", "fast", "held", "limits", "mark", "memory_peak",
        "operations", "operations_left", "seconds", "spend", "state", "timed", "token", "until", "watched",
        "world", "written",
    )  # fmt: skip

    def __init__(self, world: World, limits: Limits) -> None:
        self.world = world
        self.limits = limits
        self.busy: Any = False
        self.token: Any = NOBODY
        self.state: Any = None
        self.written: int | None = None
        self.until: float | None = None
        self.held: float | None = None
        self.exact = limits.depth < SMALL_DEPTH
        self.fast = limits.operations is None and not self.exact
        self.watched = limits.seconds is not None or limits.memory is not None
        self.base = 0
        self.mark: int | None = None
        self.block_mark = 0
        self.charged = 0
        self.census_due = False
        self.memory_peak = 0
        self.operations = 0
        self.seconds = 0.0
        self.timed = False
        self.spend: Any = None  # adds operations, where they are limited
        self.operations_left: Any = None  # begins a new account; how many were spent

    # --- stopping ---------------------------------------------------------------------------------------------------

    def stop(self, text: str, which: str | None) -> None:
        """Ends the running call at its next check, once; from any OS thread or signal handler."""
        made = Stop(text, which)
        if self.busy and type(self.state) is not Stop:
            self.state = made
            self.world.namespace["$stop"] = True
            for wake_up in list(self.world.ports.interrupts):
                wake_up()

    def check(self) -> None:
        """Why `$stop` is set: raises what ends the call, or goes on and clears the flag."""
        # cleared before the reasons are looked at, so that one that comes meanwhile is not lost
        namespace = self.world.namespace
        namespace["$stop"] = self.exact
        state = self.state
        if type(state) is Stop:
            namespace["$stop"] = True
            raise ScriptStop(state.text, state.which)
        if self.census_due:
            self.take_census()
        if self.exact:
            from .runtime.calls import frames_active, overflow

            if frames_active() > self.limits.depth + self.limits.depth // 20:
                overflow(None)

    def fire(self, which: str, text: str | None = None) -> None:
        """A limit is passed, seen by the running thread itself: raises."""
        if type(self.state) is not Stop:
            self.state = Stop(text or f"limit exceeded: {which}", which)
        self.world.namespace["$stop"] = True
        raise ScriptStop(self.state.text, self.state.which)

    # --- memory -----------------------------------------------------------------------------------------------------

    def charge(self, size: int) -> None:
        """A request of `size` bytes is about to be made; fires when there is no room for it."""
        limit = self.limits.memory
        if limit is None:
            return
        self.world.namespace["$large"] = True
        if self.base + self.charged + size > limit:
            self.take_census(size)
            if self.base + size > limit:
                self.fire("memory")
        self.charged += size

    def take_census(self, wanted: int = 0) -> None:
        """Counts what is reachable; fires when that is more than the limit."""
        from .census import census

        limit = self.limits.memory
        if limit is None:
            return
        self.census_due = True
        self.mark = None  # what the census itself takes is not the script's
        self.base = census(self.world, limit - wanted, self)
        self.charged = 0
        self.census_due = False
        self.mark = process_memory()
        self.block_mark = getallocatedblocks()
        self.memory_peak = max(self.memory_peak, self.base)
        if self.base > limit:
            self.fire("memory")

    def observe_memory(self, size: int, blocks: int) -> None:
        """The watchdog: the process has `size` bytes now, and Python's allocator so many small blocks in use.

        Blocks show what is built in memory that was freed before, which adds nothing to the process.
        """
        limit = self.limits.memory
        if limit is None:
            return
        if self.mark is None:
            if not self.census_due:
                self.mark, self.block_mark = size, blocks
            return
        # what was freed may be used again unseen: growth counts from the lowest point
        self.mark, self.block_mark = min(self.mark, size), min(self.block_mark, blocks)
        mapped, built = size - self.mark, (blocks - self.block_mark) * BLOCK
        self.memory_peak = max(self.memory_peak, min(self.base + max(mapped, built), limit))
        # both may count the same memory: then the census comes early, which costs time alone
        grown = mapped + built
        if self.base + grown > limit and grown > limit >> 5 and not self.census_due:
            self.census_due = True
            self.world.namespace["$stop"] = True

    def rest(self) -> None:
        """The watchdog: no call runs; what the process gains from here on is not this engine's."""
        if self.mark is not None:
            self.base += max(process_memory() - self.mark, 0)
            if self.limits.memory is not None:
                self.base = min(self.base, self.limits.memory)
            self.mark = None


def tick_of(guard: Guard, limit: int) -> Callable[[], None]:
    """The `$tick` of an engine whose operations are limited: one operation, and a look at the stop flag."""
    namespace = guard.world.namespace
    left = limit

    def tick() -> None:
        nonlocal left
        left -= 1
        if left < 0 or namespace["$stop"]:
            spend(0)
            guard.check()

    def spend(count: int) -> None:
        nonlocal left
        left -= count
        if left < 0:
            guard.fire("operations")

    def renew() -> int:
        nonlocal left
        spent, left = limit - left, limit
        return spent

    guard.spend = spend
    guard.operations_left = renew
    return tick


def metered_concat(guard: Guard) -> Any:
    """The `$concat` of an engine whose memory is limited; generated code joins small texts by itself."""
    from .runtime import operators

    join = b"".join
    pieces_from = 1 << 24  # beyond, an interrupt should not have to wait for it (`pieces.LONG`)

    def concat(*values: Any) -> bytes:
        texts = [value if type(value) is bytes else operators.concat(value) for value in reversed(values)][::-1]
        size = sum(map(len, texts))
        if size > LARGE:
            guard.charge(size)
            if size > pieces_from:
                from .pieces import joined

                return joined(b"", texts, size)
        return join(texts)

    return concat


def process_memory() -> int:
    """Resident bytes of the process; where the system does not tell, its peak so far."""
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return _peak_memory()
    try:
        return int(os.read(descriptor, 64).split()[1]) * 4096
    finally:
        os.close(descriptor)


def _peak_memory() -> int:
    try:
        import resource
        import sys
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def watch(guard: Guard) -> None:
    """From now on the watchdog sees the guard's calls; called before a call that may not have been announced."""
    from .watchdog import watchdog

    watchdog.watch(guard)


# --- fork -------------------------------------------------------------------------------------------------------------

# A new object in each child process: an engine remembers its own.
birth: list[object] = [object()]


def _in_child() -> None:
    birth[0] = object()
    for known in list(_tokens):
        token = known()
        if token is not None:
            token._at_fork_reinit()
    local.token = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
