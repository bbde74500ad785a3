"""The interface between the sockets module and the outside: sockets, waiting, names.

Rules: everything a script can reach goes through a `Network`; failures are `OSError` with `errno` set (a resolver's
failure is `socket.gaierror`, whose `errno` is the `EAI_*` code and whose second argument is its text); no method
except `Selector.poll`, `Selector.poll_many`, `Selector.wait` and `Network.getaddrinfo` ever blocks, and those that
do come back early after `Selector.wake`.
"""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    SockAddr = Any  # as in Python's `socket`: a tuple for AF_INET and AF_INET6, str or bytes for AF_UNIX
    AddressInfo = tuple[int, int, int, str, SockAddr]  # family, type, protocol, canonical name, address
    Ancillary = tuple[int, int, bytes]  # level, type, data

    class Endpoint(Protocol):
        """One socket of the network, always non-blocking: a call that would wait raises `BlockingIOError`.

        The methods have the meaning of Python's `socket.socket`; after `close` or `detach` every call fails with
        EBADF and `fileno()` is -1. `fileno()` is a number unique among the open endpoints of one network.
        """

        @property
        def family(self) -> int: ...
        @property
        def type(self) -> int: ...
        @property
        def proto(self) -> int: ...
        def fileno(self) -> int: ...
        def close(self) -> None: ...
        def detach(self) -> int: ...
        def setblocking(self, flag: bool, /) -> None: ...
        def bind(self, address: SockAddr, /) -> None: ...
        def listen(self, backlog: int, /) -> None: ...
        def accept(self) -> tuple[Endpoint, SockAddr]: ...
        def connect(self, address: SockAddr, /) -> None: ...
        def conclude(self, address: SockAddr, /) -> None:
            """After a `connect` that would have waited: returns when the connection stands, `BlockingIOError` while it
            does not, else the failure. From then on `connect` fails with EISCONN."""
            ...

        def shutdown(self, how: int, /) -> None: ...
        def getsockname(self) -> SockAddr: ...
        def getpeername(self) -> SockAddr: ...
        def recv(self, size: int, flags: int = 0, /) -> bytes: ...
        def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, SockAddr]: ...
        def send(self, data: bytes | memoryview, flags: int = 0, /) -> int: ...
        def sendto(self, data: bytes, flags: int, address: SockAddr, /) -> int: ...
        def sendmsg(
            self,
            buffers: Sequence[bytes | memoryview],
            ancillary: Sequence[Ancillary] = (),
            flags: int = 0,
            address: SockAddr = None,
            /,
        ) -> int: ...
        def recvmsg(
            self, size: int, ancillary_size: int = 0, flags: int = 0, /
        ) -> tuple[bytes, list[Ancillary], int, SockAddr]: ...
        def getsockopt(self, level: int, name: int, size: int = 0, /) -> Any: ...
        def setsockopt(self, level: int, name: int, value: Any, length: int = 0, /) -> None: ...
        def set_patience(self, seconds: float | None, endless: bool = False) -> bool:
            """From now on `recv` and `send` wait for so long before they raise `BlockingIOError`, `endless` receives
            for ever, and what is called without MSG_DONTWAIT may wait too; None takes that back. False where the
            network has no such thing."""
            ...

        def pending(self) -> int:
            """Bytes that a receive would give without waiting; of datagrams, the size of the next one."""
            ...

        def send_file(self, fd: int, offset: int, count: int) -> int:
            """Sends from an open file without copying through user space; ENOTSUP where that cannot be done."""
            ...


# Readiness masks: the values of `poll(2)` and of GLib's `GIOCondition` alike, visible to scripts as `SOCKET_IN` …
IN, PRI, OUT, ERR, HUP, NVAL = 1, 2, 4, 8, 16, 32
# The peer has ended its direction; only `Selector.wait` reports it, where the platform tells (see `Network.tells_ends`)
RDHUP = 0x2000


class Selector:
    """Waits for endpoints of one network on behalf of one engine.

    Two ways to wait. `poll` and `poll_many` look at descriptors given for this one call, level-triggered. `arm` tells
    the selector once about a descriptor, and `wait` then reports it at least once after each time it becomes ready
    (edge-triggered where the platform can, else until reported): the cost of a `wait` grows with the ready
    descriptors only.
    """

    __slots__ = ()

    def wake(self) -> None:
        """Makes the running or next wait return early. May be called from any OS thread and any signal handler."""
        raise NotImplementedError

    def poll(self, fd: int, events: int, timeout: float | None) -> int:
        """Waits for one descriptor; returns its ready events, 0 when the time ran out or `wake` was called."""
        raise NotImplementedError

    def poll_many(self, wanted: dict[int, int], timeout: float | None) -> dict[int, int]:
        """Waits for several descriptors (descriptor to events); returns the ready ones, none if late or woken."""
        raise NotImplementedError

    def arm(self, fd: int, events: int) -> None:
        """From now on `wait` reports when the descriptor becomes ready, beginning with its state at this moment."""
        raise NotImplementedError

    def disarm(self, fd: int) -> None:
        """Forgets a descriptor; not an error when it is unknown or closed already."""
        raise NotImplementedError

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        """Waits for armed descriptors; returns (descriptor, events) pairs, none when late or woken."""
        raise NotImplementedError

    def close(self) -> None:
        """Releases the selector's own descriptors."""
        raise NotImplementedError


class LevelPoller:
    """A set of descriptors with level-triggered readiness, itself waitable under the descriptor `fileno()`."""

    __slots__ = ()

    def fileno(self) -> int:
        raise NotImplementedError

    def add(self, fd: int, events: int) -> None:
        raise NotImplementedError

    def modify(self, fd: int, events: int) -> None:
        raise NotImplementedError

    def remove(self, fd: int) -> None:
        """Not an error when the descriptor is unknown or closed already."""
        raise NotImplementedError

    def ready(self, limit: int) -> list[tuple[int, int]]:
        """Up to `limit` ready descriptors with their events, without waiting."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Network:
    """A world of sockets and names that an engine's scripts may use."""

    __slots__ = ()

    def socket(self, family: int, kind: int, protocol: int) -> Endpoint:
        """A new socket, close-on-exec and non-blocking."""
        raise NotImplementedError

    def pair(self, kind: int) -> tuple[Endpoint, Endpoint]:
        """Two connected AF_UNIX sockets."""
        raise NotImplementedError

    def adopt(self, fd: int) -> tuple[Endpoint, bool]:
        """Takes over a descriptor; also tells whether it was blocking. On failure (ENOTSOCK) it is left alone."""
        raise NotImplementedError

    def give(self, fd: int) -> tuple[Endpoint, bool]:
        """As `adopt`, for a descriptor that the host hands to a script."""
        return self.adopt(fd)

    def duplicate(self, endpoint: Endpoint) -> Endpoint:
        """A second endpoint on the same socket."""
        raise NotImplementedError

    def selector(self) -> Selector:
        """A new selector, for one engine."""
        raise NotImplementedError

    def level_poller(self) -> LevelPoller:
        """A new, empty poller."""
        raise NotImplementedError

    def getaddrinfo(
        self, host: bytes | None, service: bytes | None, family: int, kind: int, protocol: int, flags: int
    ) -> list[AddressInfo]:
        """Names to addresses, waiting for the answer."""
        raise NotImplementedError

    def admit_name(self, host: bytes) -> None:
        """Called before a name is looked up in the background; `OSError` when scripts may not."""

    def admit_target(self, host: bytes, port: int) -> None:
        """Called before a proxy is asked to connect to a name or number; `OSError` when scripts may not."""

    def services(self, name: str) -> list[tuple[int, int, int, str]]:
        """The SRV records of a name as (priority, weight, port, target), waiting for the answer."""
        raise OSError(errno.ENOTSUP, "")

    def admit_file(self, path: bytes) -> None:
        """Called before a file is opened on a script's behalf; `OSError` when scripts may not."""

    def lookup(self, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Runs resolver work in the background; `done( result, failure )` is called once, on any OS thread."""
        raise NotImplementedError

    def getnameinfo(self, address: SockAddr, flags: int) -> tuple[str, str]:
        """Address to host and service names."""
        raise NotImplementedError

    def getservbyname(self, name: str, protocol: str | None) -> int:
        """Service name to port; `OSError` when unknown."""
        raise NotImplementedError

    def gethostname(self) -> str:
        """The name of this host."""
        raise NotImplementedError

    def interface_index(self, name: bytes) -> int:
        """Number of a network interface; `OSError` when there is none."""
        raise NotImplementedError

    def interface_name(self, index: int) -> str:
        """Name of a network interface; `OSError` when there is none."""
        raise NotImplementedError
