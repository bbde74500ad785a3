"""The watchdog: one thread for all engines, which sees their calls and ends those that are over their time or memory.

Rule of this file: it is loaded with the first call that somebody watches; it holds no engine from one look to the next.
"""

from __future__ import annotations

import _thread
import os
from sys import getallocatedblocks
from time import monotonic

from .limits import NOBODY, Stop, process_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .limits import Guard

TICK = 0.01  # seconds between two looks while engines run
IDLE_TICKS = 100  # looks without any call before it sleeps

_lock = _thread.allocate_lock()


def hold(guard: Guard) -> None:
    """Time does not count until `release`: a person looks at the stopped script."""
    with _lock:
        guard.held = monotonic()


def release(guard: Guard) -> None:
    with _lock:
        if guard.held is not None:
            away = monotonic() - guard.held
            guard.held = None
            if type(guard.state) is float:
                guard.state += away
            if guard.until is not None:
                guard.until += away


class Watchdog:
    """One daemon thread that looks at all engines' calls."""

    def __init__(self) -> None:
        self.guards: Any = None
        self.wake_up: Any = None
        self.running = False
        self.tick = TICK

    def watch(self, guard: Guard) -> None:
        """From now on the guard's calls are seen; called before a call that may not have been announced."""
        with _lock:
            if self.wake_up is None:
                from _weakrefset import WeakSet  # here, as start-up time counts
                from threading import Event

                self.guards = WeakSet()
                self.wake_up = Event()
            self.guards.add(guard)
            if not self.running:
                self.running = True
                _thread.start_new_thread(self.run, ())
        self.wake_up.set()

    def run(self) -> None:
        """The thread."""
        quiet = 0
        while True:
            self.wake_up.wait(self.tick)
            self.wake_up.clear()
            quiet = 0 if self.look() else quiet + 1
            if quiet == IDLE_TICKS:
                self.rest()
            elif quiet > IDLE_TICKS + 1:
                # a call that passed the token just before has been seen by now
                if self.end():
                    return
                quiet = 0

    # a guard keeps everything of its engine alive: none is held from one look to the next
    def _guards(self) -> list[Guard]:
        with _lock:
            return list(self.guards)

    def rest(self) -> None:
        """No engine has run for a while."""
        for guard in self._guards():
            if not guard.busy:
                guard.token = NOBODY  # the next call has to come through `watch`
            guard.rest()

    def end(self) -> bool:
        """Sleeps until a call is announced; whether the process has no watched engine any more."""
        self.wake_up.wait(5.0)
        with _lock:
            if self.wake_up.is_set():
                return False
            self.running = False
            return True

    def look(self) -> bool:
        """One look; whether anything runs or ran since the last one. Sets the time to the next."""
        guards = self._guards()
        now = monotonic()
        memory = blocks = -1
        active = False
        tick = TICK
        for guard in guards:
            if not guard.busy:
                if guard.state is not guard:
                    guard.state = guard  # a call since the last look; a mark that the next call overwrites
                    active = True
                continue
            active = True
            if guard.held is not None:
                continue
            if not guard.timed:
                guard.seconds += self.tick
            state = guard.state
            if state is None or state is guard:
                if guard.state is state:
                    guard.state = now
                state = now
            if type(state) is Stop:
                continue
            limits = guard.limits
            until = guard.until
            if limits.seconds is not None and (until is None or state + limits.seconds < until):
                until = state + limits.seconds
            if until is not None:
                left = until - now
                if left <= 0:
                    with _lock:
                        if guard.state is state and guard.held is None:
                            guard.stop("limit exceeded: seconds", "seconds")
                elif left < tick:
                    tick = left
            if limits.memory is not None:
                if memory < 0:
                    memory, blocks = process_memory(), getallocatedblocks()
                guard.observe_memory(memory, blocks)
        self.tick = tick
        return active


watchdog = Watchdog()


def _in_child() -> None:
    global _lock, watchdog
    _lock = _thread.allocate_lock()
    watchdog = Watchdog()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
