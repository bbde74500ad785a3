"""The operating system's network.

Rules: sockets are always non-blocking and close-on-exec underneath, whatever a script sees; every wait includes the
wake-up descriptor, so that any OS thread can end it; nothing here raises SIGPIPE.
"""

from __future__ import annotations

import _socket
import errno
import os
import select

from .base import HUP, IN, LevelPoller, Network, Selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .base import AddressInfo, SockAddr

# poll(2) counts milliseconds in an int: longer waits are cut here and simply begin again
LONGEST_WAIT = 1_000_000.0
LOOKUPS_AT_ONCE = 32
# Ends and urgent data are always reported: who reads must know of them (see `tells_when_drained`)
EDGE = getattr(select, "EPOLLET", 0) | getattr(select, "EPOLLRDHUP", 0) | getattr(select, "EPOLLPRI", 0)


def _milliseconds(timeout: float | None) -> int | None:
    """Rounded up, so that a wait never ends before its time and then spins."""
    if timeout is None:
        return None
    if timeout <= 0:
        return 0
    return -int(-min(timeout, LONGEST_WAIT) * 1000 // 1)


class SystemEndpoint(_socket.socket):
    """A socket of the operating system. `_socket.socket` itself, for its speed, with the few calls it lacks."""

    __slots__ = ()

    def accept(self) -> tuple[SystemEndpoint, SockAddr]:
        fd, address = self._accept()  # type: ignore[attr-defined]
        endpoint = SystemEndpoint(self.family, self.type, self.proto, fd)
        endpoint.setblocking(False)
        return endpoint, address

    def conclude(self, address: SockAddr, /) -> None:
        try:
            # on Linux the first connect( 2 ) after one in the background succeeds, whatever its address: this is that
            # one, so that the next fails
            self.connect(address)
        except OSError as problem:
            if problem.errno != errno.EISCONN:
                raise

    def set_patience(self, seconds: float | None, endless: bool = False) -> bool:
        import struct

        span = seconds or 0.0
        packed = struct.pack("@ll", int(span), int(span % 1 * 1_000_000))
        self.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, packed)
        self.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, bytes(len(packed)) if endless else packed)
        self.setblocking(seconds is not None)
        return True

    def pending(self) -> int:
        import fcntl
        import struct
        import termios

        answer = fcntl.ioctl(self.fileno(), termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", answer)[0])

    def send_file(self, fd: int, offset: int, count: int) -> int:
        import signal

        # sendfile( 2 ) has no MSG_NOSIGNAL: usable only while the process ignores SIGPIPE, as Python does by default
        if not hasattr(os, "sendfile") or signal.getsignal(signal.SIGPIPE) != signal.SIG_IGN:
            raise OSError(errno.ENOTSUP, "")
        return os.sendfile(self.fileno(), fd, offset, count)


def tells_when_drained(endpoint: object) -> bool:
    """Whether a receive that gives less than asked for has left nothing, and the selector tells when there is more.

    That is so of TCP over edge-triggered epoll, as its manual says, as long as the peer sends on and nothing is urgent.
    """
    return (
        type(endpoint) is SystemEndpoint
        and endpoint.type == _socket.SOCK_STREAM
        and endpoint.family in (_socket.AF_INET, _socket.AF_INET6)
        and endpoint.proto in (0, _socket.IPPROTO_TCP)
        and hasattr(select, "epoll")
    )


class Waker:
    """A descriptor that becomes readable when any OS thread calls `wake`."""

    __slots__ = ("_read", "_write")

    def __init__(self) -> None:
        if hasattr(os, "eventfd"):
            self._read = self._write = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        else:
            self._read, self._write = os.pipe()
            os.set_blocking(self._read, False)
            os.set_blocking(self._write, False)

    def fileno(self) -> int:
        return self._read

    def wake(self) -> None:
        try:
            os.write(self._write, b"\1\0\0\0\0\0\0\0")
        except OSError:
            pass  # full: it is readable already; closed: nobody waits any more

    def clear(self) -> None:
        try:
            os.read(self._read, 4096)
        except OSError:
            pass

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        read, write = self._read, self._write
        self._read = self._write = -1
        if read >= 0:
            os.close(read)
            if write != read:
                os.close(write)


class SystemSelector(Selector):
    """epoll where there is one (edge-triggered, one registration per descriptor), else kqueue, else poll."""

    __slots__ = ("_edge", "_one", "_one_events", "_one_fd", "_waker", "_waker_fd")

    def __init__(self) -> None:
        self._waker = Waker()
        self._waker_fd = self._waker.fileno()
        self._edge: Any = None
        self._one = select.poll()
        self._one.register(self._waker_fd, IN)
        self._one_fd = -1
        self._one_events = 0

    def wake(self) -> None:
        self._waker.wake()

    def poll(self, fd: int, events: int, timeout: float | None) -> int:
        one = self._one
        if fd != self._one_fd or events != self._one_events:
            if self._one_fd >= 0 and fd != self._one_fd:
                one.unregister(self._one_fd)
            one.register(fd, events)
            self._one_fd, self._one_events = fd, events
        ready = one.poll(None if timeout is None else _milliseconds(timeout))
        result = 0
        for number, got in ready:
            if number == self._waker_fd:
                self._waker.clear()
            else:
                result = got
        return result

    def poll_many(self, wanted: dict[int, int], timeout: float | None) -> dict[int, int]:
        many = select.poll()
        many.register(self._waker_fd, IN)
        for fd, events in wanted.items():
            many.register(fd, events)
        result = dict(many.poll(_milliseconds(timeout)))
        if result.pop(self._waker_fd, 0):
            self._waker.clear()
        return result

    def _edges(self) -> Any:
        if self._edge is None:
            self._edge = _edge_selector()
            self._edge.arm(self._waker_fd, IN)
        return self._edge

    def arm(self, fd: int, events: int) -> None:
        self._edges().arm(fd, events)

    def disarm(self, fd: int) -> None:
        if self._edge is not None:
            self._edge.disarm(fd)

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        if timeout is not None and timeout > LONGEST_WAIT:
            timeout = LONGEST_WAIT
        ready: list[tuple[int, int]] = self._edges().wait(timeout)
        waker = self._waker_fd
        for position, (fd, _) in enumerate(ready):
            if fd == waker:
                self._waker.clear()
                self._edge.arm(waker, IN)
                del ready[position]
                break
        return ready

    def close(self) -> None:
        if self._edge is not None:
            self._edge.close()
            self._edge = None
        self._waker.close()


class _EpollEdges:
    """Edge-triggered epoll: a descriptor is registered once and costs no system call per wait."""

    __slots__ = ("_epoll", "_known")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._known: dict[int, int] = {}

    def arm(self, fd: int, events: int) -> None:
        known = self._known.get(fd)
        if known is None:
            self._epoll.register(fd, events | EDGE)
        elif known & events != events:
            events |= known
            self._epoll.modify(fd, events | EDGE)
        else:
            return
        self._known[fd] = events

    def disarm(self, fd: int) -> None:
        if self._known.pop(fd, None) is not None:
            try:
                self._epoll.unregister(fd)
            except (OSError, ValueError):
                pass  # closed already, which unregistered it

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        return self._epoll.poll(-1 if timeout is None else max(0.0, timeout), 1024)

    def close(self) -> None:
        self._epoll.close()


class _KqueueEdges:
    """The same over kqueue, whose EV_CLEAR is edge-triggering."""

    __slots__ = ("_known", "_kqueue")

    def __init__(self) -> None:
        self._kqueue: Any = select.kqueue()  # type: ignore[attr-defined,unused-ignore]
        self._known: dict[int, int] = {}

    def arm(self, fd: int, events: int) -> None:
        known = self._known.get(fd, 0)
        if known & events == events:
            return
        changes = []
        for mask, name in ((IN, "KQ_FILTER_READ"), (4, "KQ_FILTER_WRITE")):
            if events & mask and not known & mask:
                changes.append(
                    select.kevent(  # type: ignore[attr-defined,unused-ignore]
                        fd,
                        getattr(select, name),
                        select.KQ_EV_ADD | select.KQ_EV_CLEAR,  # type: ignore[attr-defined,unused-ignore]
                    )
                )
        if changes:
            self._kqueue.control(changes, 0)
        self._known[fd] = known | events

    def disarm(self, fd: int) -> None:
        known = self._known.pop(fd, 0)
        for mask, name in ((IN, "KQ_FILTER_READ"), (4, "KQ_FILTER_WRITE")):
            if known & mask:
                try:
                    self._kqueue.control(
                        [select.kevent(fd, getattr(select, name), select.KQ_EV_DELETE)],  # type: ignore[attr-defined,unused-ignore]
                        0,
                    )
                except OSError:
                    pass

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        ready: dict[int, int] = {}
        for event in self._kqueue.control(None, 1024, timeout):
            mask = IN if event.filter == getattr(select, "KQ_FILTER_READ") else 4  # noqa: B009
            if event.flags & getattr(select, "KQ_EV_EOF"):  # noqa: B009
                mask |= HUP
            ready[event.ident] = ready.get(event.ident, 0) | mask
        return list(ready.items())

    def close(self) -> None:
        self._kqueue.close()


class _PollEdges:
    """Where there is neither: poll, with a descriptor taken out of the set once it was reported."""

    __slots__ = ("_known", "_poll")

    def __init__(self) -> None:
        self._poll = select.poll()
        self._known: dict[int, int] = {}

    def arm(self, fd: int, events: int) -> None:
        events |= self._known.get(fd, 0)
        self._poll.register(fd, events)
        self._known[fd] = events

    def disarm(self, fd: int) -> None:
        if self._known.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        ready = self._poll.poll(_milliseconds(timeout))
        for fd, _ in ready:
            self.disarm(fd)
        return ready

    def close(self) -> None:
        self._known.clear()


def _edge_selector() -> Any:
    if hasattr(select, "epoll"):
        return _EpollEdges()
    if hasattr(select, "kqueue"):
        return _KqueueEdges()
    return _PollEdges()


class EpollPoller(LevelPoller):
    """A level-triggered epoll; its own descriptor is readable while a member is ready."""

    __slots__ = ("_epoll",)

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def fileno(self) -> int:
        return self._epoll.fileno()

    def add(self, fd: int, events: int) -> None:
        self._epoll.register(fd, events)

    def modify(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        try:
            self._epoll.unregister(fd)
        except (OSError, ValueError):
            pass

    def ready(self, limit: int) -> list[tuple[int, int]]:
        return self._epoll.poll(0, max(1, min(limit, 1 << 20)))

    def close(self) -> None:
        self._epoll.close()


class KqueuePoller(LevelPoller):
    """The same over kqueue."""

    __slots__ = ("_known", "_kqueue")

    def __init__(self) -> None:
        self._kqueue: Any = select.kqueue()  # type: ignore[attr-defined,unused-ignore]
        self._known: dict[int, int] = {}

    def fileno(self) -> int:
        return int(self._kqueue.fileno())

    def _change(self, fd: int, events: int, flags: int) -> None:
        for mask, name in ((IN, "KQ_FILTER_READ"), (4, "KQ_FILTER_WRITE")):
            if events & mask:
                self._kqueue.control([select.kevent(fd, getattr(select, name), flags)], 0)  # type: ignore[attr-defined,unused-ignore]

    def add(self, fd: int, events: int) -> None:
        self._change(fd, events, getattr(select, "KQ_EV_ADD"))  # noqa: B009
        self._known[fd] = events

    def modify(self, fd: int, events: int) -> None:
        self.remove(fd)
        self.add(fd, events)

    def remove(self, fd: int) -> None:
        try:
            self._change(fd, self._known.pop(fd, 0), getattr(select, "KQ_EV_DELETE"))  # noqa: B009
        except OSError:
            pass

    def ready(self, limit: int) -> list[tuple[int, int]]:
        ready: dict[int, int] = {}
        for event in self._kqueue.control(None, max(1, limit), 0):
            mask = IN if event.filter == getattr(select, "KQ_FILTER_READ") else 4  # noqa: B009
            if event.flags & getattr(select, "KQ_EV_EOF"):  # noqa: B009
                mask |= HUP
            ready[event.ident] = ready.get(event.ident, 0) | mask
        return list(ready.items())

    def close(self) -> None:
        self._kqueue.close()


class SystemNetwork(Network):
    """Everything the operating system allows: no policy of its own."""

    __slots__ = ()

    def socket(self, family: int, kind: int, protocol: int) -> Any:
        # Python reads -1 as "the default"; for a script it is as unknown as any other number
        if family < 0:
            raise OSError(errno.EAFNOSUPPORT, "")
        if kind < 0:
            raise OSError(errno.EINVAL, "")
        if protocol < 0:
            raise OSError(errno.EPROTONOSUPPORT, "")
        endpoint = SystemEndpoint(family, kind, protocol)
        endpoint.setblocking(False)
        return endpoint

    def pair(self, kind: int) -> tuple[Any, Any]:
        import socket

        first, second = socket.socketpair(socket.AF_UNIX, kind)
        one = SystemEndpoint(first.family, first.type, first.proto, first.detach())
        other = SystemEndpoint(second.family, second.type, second.proto, second.detach())
        one.setblocking(False)
        other.setblocking(False)
        return one, other

    def adopt(self, fd: int) -> tuple[Any, bool]:
        if not 0 <= fd < 1 << 31:
            raise OSError(errno.EBADF, "")
        try:
            blocking = os.get_blocking(fd)
            endpoint = SystemEndpoint(-1, -1, -1, fd)
        except OSError as problem:
            raise OSError(problem.errno, "") from None
        os.set_inheritable(fd, False)
        endpoint.setblocking(False)
        return endpoint, blocking

    def duplicate(self, endpoint: Any) -> Any:
        fd = os.dup(endpoint.fileno())  # close-on-exec, unlike dup( 2 )
        twin = SystemEndpoint(endpoint.family, endpoint.type, endpoint.proto, fd)
        twin.setblocking(False)
        return twin

    def selector(self) -> SystemSelector:
        return SystemSelector()

    def level_poller(self) -> LevelPoller:
        if hasattr(select, "epoll"):
            return EpollPoller()
        return KqueuePoller()

    def getaddrinfo(
        self, host: bytes | None, service: bytes | None, family: int, kind: int, protocol: int, flags: int
    ) -> list[AddressInfo]:
        return _socket.getaddrinfo(host, service, family, kind, protocol, flags)

    def lookup(self, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        _lookups.submit(work, done)

    def getnameinfo(self, address: SockAddr, flags: int) -> tuple[str, str]:
        return _socket.getnameinfo(address, flags)

    def services(self, name: str) -> list[tuple[int, int, int, str]]:
        from ..services import ask

        return ask(name)

    def getservbyname(self, name: str, protocol: str | None) -> int:
        if protocol is None:
            return _socket.getservbyname(name)
        return _socket.getservbyname(name, protocol)

    def gethostname(self) -> str:
        return _socket.gethostname()

    def interface_index(self, name: bytes) -> int:
        try:
            return _socket.if_nametoindex(os.fsdecode(name))
        except OSError as problem:
            raise OSError(problem.errno or errno.ENODEV, "") from None  # an unknown name comes without a number

    def interface_name(self, index: int) -> str:
        return _socket.if_indextoname(index)


class _Lookups:
    """Daemon threads for resolver calls, which no system lets one interrupt.

    Not `concurrent.futures`: its threads are joined when the process ends, and a name server that does not answer
    would then hold up the exit.
    """

    def __init__(self) -> None:
        import collections
        import threading

        self._guard = threading.Lock()
        self._waiting: collections.deque[Any] = collections.deque()
        self._running = 0

    def submit(self, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        import threading

        with self._guard:
            self._waiting.append((work, done))
            if self._running >= LOOKUPS_AT_ONCE:
                return
            self._running += 1
        threading.Thread(target=self._serve, name="sockets-lookup", daemon=True).start()

    def _serve(self) -> None:
        while True:
            with self._guard:
                if not self._waiting:
                    self._running -= 1
                    return
                work, done = self._waiting.popleft()
            try:
                result, problem = work(), None
            except Exception as caught:
                result, problem = None, caught
            done(result, problem)
            work = done = result = problem = None


_lookups = _Lookups()
