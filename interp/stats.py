"""What a host can see of an engine's work (chapter 12 section 1)."""

from __future__ import annotations

from dataclasses import dataclass

from .runtime.threads import innermost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .runtime.state import World


@dataclass(frozen=True)
class Stats:
    """An engine's account since it was made.

    operations   counted where `Limits.operations` is set     seconds     of calls
    threads      script threads alive                         sockets     open now
    bytes_in, bytes_out   through the network policy          memory_peak largest size seen, in bytes; an estimate
    """

    operations: int
    seconds: float
    threads: int
    sockets: int
    bytes_in: int
    bytes_out: int
    memory_peak: int


@dataclass(frozen=True)
class ThreadInfo:
    """One script thread: `state`, the innermost `function`, `file` and `line` (None where it has none), `waits_for`
    ("" while it can run), and `since`, the engine's clock when the wait began (None where that is not known).
    """

    state: str
    function: str | None
    file: str | None
    line: int | None
    waits_for: str
    since: float | None
    thread: Any = None


def all_threads(world: World) -> list[Any]:
    """The handles of all scheduled threads, parked ones and subthreads included, oldest first."""
    found: dict[int, Any] = {}

    def visit(context: Any) -> None:
        for handle in [*context.list, *context.parked_threads.values()]:
            if id(handle) not in found and handle.context.state != "finished":
                found[id(handle)] = handle
                visit(handle.context)

    visit(world.root)
    if world.threads is not None:
        for context in world.threads.woken:
            handle = context.handle_ref()
            if handle is not None and context.state != "finished":
                found.setdefault(id(handle), handle)
    return sorted(found.values(), key=lambda handle: handle.context.serial)


def describe(world: World, handle: Any, view: Any) -> ThreadInfo:
    """What a thread does."""
    context = handle.context
    frame = None
    greenlet = innermost(handle)
    if greenlet is not None:
        frame = greenlet.gr_frame
    while frame is not None and frame.f_globals is not world.namespace:
        frame = frame.f_back
    function = file = line = None
    if frame is not None:
        function, file, line = frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno
    waits, since = _wait(world, context)
    return ThreadInfo(context.state, function, file, line, waits, since, view)


def _wait(world: World, context: Any) -> tuple[str, float | None]:
    if context.state == "parked":
        events = getattr(context.parked, "events", 0)
        kinds = [name for bit, name in ((1, "read"), (4, "write")) if events & bit]
        return (f"socket {' or '.join(kinds)}" if kinds else "time or an event"), context.since
    if context.state == "suspended":
        if context.sync_waiting:
            return "sync", world.ports.clock() - context.elapsed
        if context.remaining > 0:
            return f"{context.remaining:g} seconds", world.ports.clock() - context.elapsed
    return "", None


def collect(engine: Any) -> Stats:
    """An engine's stats."""
    world = engine._world
    guard = engine._guard
    network = getattr(world.slots.get("sockets"), "network", None)
    traffic = getattr(network, "traffic", (0, 0))  # kept by a policy's network
    return Stats(
        operations=guard.operations,
        seconds=guard.seconds,
        threads=len(all_threads(world)),
        sockets=world.resources.count("socket"),
        bytes_in=traffic[0],
        bytes_out=traffic[1],
        memory_peak=guard.memory_peak,
    )


__all__ = ["Stats", "ThreadInfo", "all_threads", "collect", "describe"]
