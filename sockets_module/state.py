"""What one engine keeps for its sockets: the error slot, its network, its reactor.

Rules: the state never refers to a socket (sockets refer to it, and close when the script drops them); everything in
it belongs to one engine and is used by the OS thread that runs the engine.
"""

from __future__ import annotations

import errno
import os
from _weakrefset import WeakSet

from interp.library import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .network.base import Network
    from .select import Loop
    from .socket import Socket
    from .waiting import Reactor

# What an operation on the outside may raise: the system's refusals, and Python's for numbers and texts that do not
# fit a system call at all (a flag beyond 32 bits, a path with a zero byte, …).
FAILURES = (OSError, OverflowError, ValueError, TypeError, MemoryError)


class Explained(OSError):
    """A failure with more to say than its errno: `socket_error( true )` adds the text to the platform's message."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)


class State:
    """One engine's sockets.

    code, text   the error slot: errno or EAI_* code of the last operation; the text belongs to a negative code, or to
                 the code `explained`
    network      where sockets come from
    reactor      how operations wait
    loop         what `socket_run` drives (it alone refers to sockets: those of the watches a script has made)
    contexts     TLS settings already read from their files, by those settings
    resources    the engine's registry of open things
    directs      sockets whose receives wait in the system call, held weakly; none while there are script threads
    """

    __slots__ = (
        "__weakref__", "code", "contexts", "directs", "explained", "loop", "network", "reactor", "resources", "text",
    )  # fmt: skip

    def __init__(self, network: Network, resources: Any) -> None:
        from .select import Loop
        from .waiting import Reactor

        self.code = 0
        self.text = b""
        self.explained = 0
        self.contexts: dict[Any, Any] = {}
        self.directs: WeakSet[Socket] = WeakSet()
        self.network = network
        self.resources = resources
        self.reactor: Reactor = Reactor(network)
        self.loop: Loop = Loop()

    def fail(self, problem: BaseException | int) -> bool:
        """Records a failure, given as the exception or as an errno. Returns False, as most operations then do."""
        self.explained = 0
        if isinstance(problem, int):
            self.code = problem
        elif isinstance(problem, OSError):
            self.code = problem.errno or errno.EINVAL
            if self.code < 0:
                self.text = str(problem.args[-1]).encode()
            elif isinstance(problem, Explained):
                self.explained = self.code
                self.text = str(problem.args[-1]).encode("utf-8", "replace")
        elif isinstance(problem, MemoryError):
            self.code = errno.ENOMEM
        else:
            self.code = errno.EINVAL
        return False

    def refuse(self, problem: BaseException | int) -> None:
        """Records a failure of an operation that gives null."""
        self.fail(problem)

    def leave_direct(self) -> None:
        """A script thread is about to begin: from now on no receive may hold up the engine."""
        from .transfer import leave_direct

        for sock in tuple(self.directs):
            try:
                leave_direct(sock)
            except OSError:
                pass  # the host has closed the descriptor: the next operation tells

    def hurry(self) -> None:
        """Something is about to be printed, which a wait has to show: none is to last without end."""
        from .transfer import DIRECT_WAIT

        for sock in tuple(self.directs):
            if sock.endless:
                sock.endless = False
                try:
                    sock.endpoint.set_patience(DIRECT_WAIT)
                except OSError:
                    pass  # the host has closed the descriptor: the next operation tells

    def close(self) -> None:
        """The engine closes: releases the descriptors of waiting itself."""
        self.loop.watches.clear()
        self.reactor.close()


def state() -> State:
    """The running engine's state, made when it is first needed."""
    world = engine()
    try:
        return world.slots["sockets"]
    except KeyError:
        pass
    made = State(_network_of(world), world.resources)
    world.slots["sockets"] = made
    world.resources.add(made)
    return made


def in_folder(path: bytes) -> bytes:
    """A path as the engine's own working folder has it, which `io_setcwd` changes and the process's is not."""
    files = engine().slots.get("filesystem")  # library `io` makes it when it is first needed, or the host
    if files is None or not path or os.path.isabs(path) or files.getcwd() == os.getcwdb():
        return path  # where it makes no difference it stays as short as it is: addresses hold 107 bytes
    resolved: bytes = files.resolve(path)
    return resolved


def _network_of(world: Any) -> Network:
    """What the host gave the engine as its network: one of ours, True for the whole system, else none at all."""
    from .network.base import Network
    from .network.none import NoNetwork
    from .network.system import SystemNetwork

    given = world.slots.get("network")
    if hasattr(given, "network_for"):
        given = given.network_for(world)
    if isinstance(given, Network):
        return given
    return SystemNetwork() if given is True else NoNetwork()
