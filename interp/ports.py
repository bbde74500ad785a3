"""The doors between the runtime and the outside: waiting and parking, resources, the clock, interrupts.

Rule of this file: `sockets_module` and other libraries that wait plug in here; nothing in `interp` knows them.
"""

from __future__ import annotations

import sys

from .resources import Ports, Resources
from .runtime import threads as _threads
from .runtime.state import current
from .runtime.threads import FREE, park, rest, wake

__all__ = [
    "FREE", "Ports", "Resources", "alone", "can_park", "check", "clock", "current", "next_due", "on_interrupt",
    "on_pass", "park", "rest", "run_pass", "unwatched", "wake",
]  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .runtime.state import World


def clock() -> float:
    """Monotonic seconds of the running engine."""
    return current().world.ports.clock()


def can_park() -> bool:
    """Whether the running code is inside a script thread, directly or through coroutines and natives."""
    return _threads.thread_of(current()) is not None


def alone(revoke: Callable[[], None]) -> bool:
    """Whether the engine has no script thread that could run during a wait; `revoke` is called before one begins."""
    shared = _threads.scheduler()
    if shared.alive:
        return False
    if revoke not in shared.lonely:
        shared.lonely.append(revoke)
    return True


def unwatched(revoke: Callable[[], None]) -> bool:
    """Whether a wait may last in a system call that nothing but a signal ends.

    Then what was printed has been shown, and `revoke` is called before more is printed.
    """
    world = current().world
    if not world.ports.sole:
        return False
    world.streams.flush()
    world.streams.before_output = revoke
    return True


def discarded() -> bool:
    """For a `finally`: whether the running thread is being discarded, and may run no script code any more."""
    greenlet = sys.modules.get("greenlet")  # without it there are no threads
    return greenlet is not None and isinstance(sys.exception(), greenlet.GreenletExit)


def threads() -> Any:
    """What the script threads of the running engine share: `alive` of them, the contexts of those that are `woken`."""
    return _threads.scheduler()


def run_pass(dt: float) -> int:
    """One scheduler step over the threads of the running context, woken ones first; how many are left."""
    return _threads.run_pass(dt)


def next_due() -> float | None:
    """Seconds until a thread can run: 0.0 at once, None when only parked threads (or none) are left."""
    return _threads.next_due()


def check() -> None:
    """Before a wait: raises when the engine was interrupted or a limit fired, and shows what was printed."""
    world = current().world
    if world.namespace["$stop"]:
        world.stop_reason()
    # whoever waits for what was printed must see it before we wait for them
    world.streams.flush()


def spawn(body: Callable[..., Any], *arguments: Any) -> None:
    """Starts a native as a script thread of its own, as `thread` does; its first segment runs at once."""
    _threads.start_thread(body, None, arguments, False)


def on_pass(look: Callable[[], None]) -> None:
    """Registers what `process_threads` calls before a pass, so that waits that are over end without `socket_run`."""
    current().world.ports.passes.append(look)


def raise_in_host(problem: Exception) -> NoReturn:
    """An exception of a host's callback: passes all scripts and natives and reaches the host's call as itself."""
    from .runtime.state import HostRaised

    raise HostRaised(problem) from None


def end_script(text: str) -> NoReturn:
    """Ends the running call with `PermissionDenied`, which no script can stop."""
    guard = current().world.ports.guard
    guard.fire("permission", text)
    raise AssertionError


def on_interrupt(wake_up: Callable[[], None]) -> Callable[[], None]:
    """Registers what an interrupt from another OS thread calls (in that thread); gives a function that removes it."""
    world: World = current().world
    interrupts: list[Callable[[], None]] = world.ports.interrupts
    interrupts.append(wake_up)
    return lambda: interrupts.remove(wake_up) if wake_up in interrupts else None
