"""The operations of chapter 10 section 4: bind, listen, accept, connect, send, receive, shut down.

Rules: each tries its system call first and waits only when that would block and the socket blocks; each writes the
error slot once; flags that could kill the process (SIGPIPE) or show foreign memory (MSG_TRUNC) never get through.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import socket as _constants

from interp import ports
from interp.library import MISSING, argument_error, convert, warning

from .address import AF_INET, AF_INET6, AF_UNIX, SocketAddress, from_sockaddr
from .network.base import IN, OUT
from .state import FAILURES
from .waiting import admit, limits, patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .network.base import SockAddr
    from .socket import Socket

MSG_DONTWAIT = int(getattr(_constants, "MSG_DONTWAIT", 0))
MSG_NOSIGNAL = int(getattr(_constants, "MSG_NOSIGNAL", 0))
MSG_WAITALL = int(getattr(_constants, "MSG_WAITALL", 0))
MSG_PEEK = int(_constants.MSG_PEEK)
# Every send: waiting is this module's business (a `direct` endpoint would wait), and a signal nobody's
SEND = MSG_NOSIGNAL | MSG_DONTWAIT
# With MSG_TRUNC a receive answers the length of the datagram, which Python takes for the length of what it received
RECEIVE_FLAGS = ~int(getattr(_constants, "MSG_TRUNC", 0))
# No system call gives more at once, and the buffer is allocated before the call
LARGEST = 1 << 24
# What does not come in the order of the stream, so it does not wait for what was read ahead
OUT_OF_ORDER = int(_constants.MSG_OOB) | int(getattr(_constants, "MSG_ERRQUEUE", 0))
EAGAIN = errno.EAGAIN
# How long a direct operation stays in the system call before it goes on waiting where an interrupt can end it
DIRECT_WAIT = 0.02


def span_refused(position: int, seconds: float | None) -> bool:
    """Whether a timeout argument is out of range; then it has been reported."""
    if seconds is None or seconds >= 0:
        return False
    warning(f"argument {position} (timeout) cannot be negative")
    return True


# --- addresses --------------------------------------------------------------------------------------------------------


def target_of(sock: Socket, position: int, values: tuple[Any, ...]) -> SocketAddress | None:
    """The address argument at `position`; reported as chapter 10 section 4 says when it is none."""
    value = values[0] if values else MISSING
    if isinstance(value, SocketAddress):
        return value
    argument_error(position, "custom object", value)
    return None


def sockaddr_for(sock: Socket, address: SocketAddress, mapped: bool = False) -> SockAddr:
    """What a system call on that socket takes; `OSError` when the families differ.

    mapped   whether an IPv6 datagram socket may use an IPv4 address, as the operating system lets it
    """
    family = sock.endpoint.family
    if address.kin == family:
        return address.target() if family == AF_UNIX else address.sockaddr
    if mapped and family == AF_INET6 and address.kin == AF_INET:
        return (f"::ffff:{address.sockaddr[0]}", address.sockaddr[1], 0, 0)
    raise OSError(errno.EBADF if sock.endpoint.fileno() < 0 else errno.EAFNOSUPPORT, "")


def optional(kind: str, position: int, values: tuple[Any, ...], default: Any = None) -> Any:
    """An optional argument among raw ones, by the rules of chapter 04 section 2.3."""
    if len(values) < position or values[position - 1] is None:
        return default
    value = convert(kind, values[position - 1])
    if value is MISSING:
        argument_error(position, kind, values[position - 1])
        return default
    return value


def bind(sock: Socket, *values: Any) -> bool | None:
    """Binds a port of the wildcard address, or an address. Chapters 10 section 4 and 11 section 3.

    With `allow_reuse` SO_REUSEADDR is set first, on datagram sockets SO_REUSEPORT too. False on failure.
    """
    value = values[0] if values else MISSING
    if not isinstance(value, SocketAddress):
        port = convert("int", value) if isinstance(value, (bool, int, float, bytes)) else MISSING
        if port is MISSING:
            return argument_error(1, "int or socket_address", value)
        if not 0 <= port <= 0xFFFF:
            warning("argument 1 (port) must be between 0 and 65535")
            return sock.state.fail(errno.EINVAL)
        value = port
    reuse = optional("bool", 2, values, False)
    try:
        if isinstance(value, SocketAddress):
            sockaddr = sockaddr_for(sock, value)
        else:
            sockaddr = wildcard(sock.endpoint.family, value)
        if reuse:
            allow_reuse(sock)
        sock.endpoint.bind(sockaddr)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


def wildcard(family: int, port: int) -> SockAddr:
    """The address of every interface; `OSError` for families that have none."""
    if family == AF_INET:
        return ("0.0.0.0", port)
    if family == AF_INET6:
        return ("::", port, 0, 0)
    raise OSError(errno.EAFNOSUPPORT, "")


def allow_reuse(sock: Socket) -> None:
    """Lets several sockets bind one address, as far as that is useful for the socket's type."""
    sock.endpoint.setsockopt(_constants.SOL_SOCKET, _constants.SO_REUSEADDR, 1)
    if sock.endpoint.type == _constants.SOCK_DGRAM and hasattr(_constants, "SO_REUSEPORT"):
        sock.endpoint.setsockopt(_constants.SOL_SOCKET, _constants.SO_REUSEPORT, 1)


def listen(sock: Socket, queue: int | None) -> bool:
    """Makes the socket accept connections. Without a queue length, `listen_backlog`. False on failure."""
    try:
        sock.endpoint.listen(sock.backlog if queue is None else max(0, min(queue, 0x7FFFFFFF)))
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


# --- connections ------------------------------------------------------------------------------------------------------


def accept(sock: Socket, seconds: float | None) -> tuple[Any, ...]:
    """Takes the next connection: two values, the socket and the peer's address. Chapters 10 section 4, 11 section 3.

    seconds   the longest wait (ETIMEDOUT), also on a non-blocking socket; without it `recv_timeout` (EWOULDBLOCK)
    Failure: null and a Warning.
    """
    if span_refused(1, seconds):
        sock.state.fail(errno.EINVAL)
        return (None,)
    try:
        if sock.guarded:
            admit(sock)
        leave_direct(sock)
        try:
            endpoint, peer = sock.endpoint.accept()
        except BlockingIOError:
            if seconds is not None:
                endpoint, peer = patiently(sock, IN, seconds, errno.ETIMEDOUT, sock.endpoint.accept)
            elif sock.waits:
                endpoint, peer = patiently(sock, IN, sock.recv_span, EAGAIN, sock.endpoint.accept)
            else:
                raise
        made = type(sock)(sock.state, endpoint)
        made.recv_span, made.send_span = sock.recv_span, sock.send_span  # the system hands these options on
        made.settle()
    except FAILURES as problem:
        sock.state.fail(problem)
        warning("failed to accept connection")
        return (None,)
    sock.state.code = 0
    return made, from_sockaddr(endpoint.family, peer)


def connect(sock: Socket, *values: Any) -> bool | None:
    """Connects to an address. False on failure; EINPROGRESS on a non-blocking socket. Chapters 10 and 11.

    The second argument is the longest wait in seconds (ETIMEDOUT), also on a non-blocking socket; without it
    `send_timeout` counts (EWOULDBLOCK).
    """
    address = target_of(sock, 1, values)
    if address is None:
        return None
    seconds = optional("real", 2, values)
    if span_refused(2, seconds):
        return sock.state.fail(errno.EINVAL)
    try:
        establish(sock, address, seconds)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


def establish(sock: Socket, address: SocketAddress, seconds: float | None) -> None:
    """Connects, waiting if need be; raises `OSError`."""
    if sock.guarded:
        admit(sock)
    leave_direct(sock)
    sockaddr = sockaddr_for(sock, address)
    late = EAGAIN if seconds is None else errno.ETIMEDOUT
    span = sock.send_span if seconds is None else seconds
    limit, late = limits(sock, span, late)
    while True:
        try:
            sock.endpoint.connect(sockaddr)
            return
        except BlockingIOError as problem:
            if not sock.waits and seconds is None:
                raise
            if problem.errno != EAGAIN or address.kin != AF_UNIX:
                break
        # an AF_UNIX listener whose queue is full: nothing will ever tell when there is room
        now = ports.clock()
        if limit is not None and now >= limit:
            raise OSError(late, "")
        sock.state.reactor.sleep(now + 0.005)
        if sock.guarded:
            admit(sock)
    reactor = sock.state.reactor
    while True:
        reactor.wait(sock.fileno(), sock.registration, OUT, limit, late, sock.canceller)
        code = sock.endpoint.getsockopt(_constants.SOL_SOCKET, _constants.SO_ERROR)
        if code:
            raise OSError(code, "")
        try:
            sock.endpoint.conclude(sockaddr)
            return
        except BlockingIOError:
            pass  # the wait ended too early


def check_connect_result(sock: Socket) -> bool:
    """Whether a non-blocking connect has succeeded; reads and clears the pending error. Chapter 11 section 3."""
    try:
        code = sock.endpoint.getsockopt(_constants.SOL_SOCKET, _constants.SO_ERROR)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = code
    return not code


def shutdown(sock: Socket, how: int) -> bool:
    """Ends one direction of a connection, or both. False on failure."""
    try:
        try:
            sock.endpoint.shutdown(how)
        except BlockingIOError:  # TLS has something to say first
            patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.shutdown, how)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


def shutdown_read(sock: Socket) -> bool:
    """`shutdown( SHUT_RD )`. Chapter 11 section 3."""
    return shutdown(sock, _constants.SHUT_RD)


def shutdown_write(sock: Socket) -> bool:
    """`shutdown( SHUT_WR )`. Chapter 11 section 3."""
    return shutdown(sock, _constants.SHUT_WR)


def getpeername(sock: Socket) -> SocketAddress | None:
    """The peer's address; null and a Warning when there is none. Chapter 10 section 4."""
    try:
        peer = sock.endpoint.getpeername()
    except FAILURES as problem:
        sock.state.fail(problem)
        return warning("failed to get peer name")
    sock.state.code = 0
    return from_sockaddr(sock.endpoint.family, peer)


# --- sending ----------------------------------------------------------------------------------------------------------


def send(sock: Socket, data: bytes, flags: int) -> int | bool:
    """Sends; the number of bytes taken, all of them on a blocking socket. False on failure. Chapter 10 section 4."""
    try:
        if sock.guarded:
            admit(sock)
        try:
            taken = sock.endpoint.send(data, flags | SEND)
        except BlockingIOError:
            if not sock.waits or flags & MSG_DONTWAIT:
                raise
            taken = -1
        if taken < len(data) and sock.waits and not flags & MSG_DONTWAIT:
            taken = send_rest(sock, data, max(taken, 0), flags, taken < 0)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return taken


def send_rest(sock: Socket, data: bytes, taken: int, flags: int, must_wait: bool = True) -> int:
    """Goes on sending from `taken` until all is taken, as a blocking system call does.

    Returns the number of bytes taken in all, fewer when it failed after some; raises `OSError` when none was.
    """
    view = memoryview(data)
    try:
        while True:
            taken += patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.send, view[taken:], flags | SEND)
            if taken >= len(data):
                return taken
    except OSError:
        if taken:
            return taken
        raise


def sendto(sock: Socket, data: bytes, *values: Any) -> int | bool | None:
    """Sends a datagram to an address; the number of bytes, false on failure. Chapter 10 section 4."""
    value = values[0] if values else None
    if not isinstance(value, SocketAddress):
        target_of(sock, 2, values)
        return None
    flags = 0
    if len(values) > 1 and values[1] is not None:
        given = convert("int", values[1])
        if given is MISSING:
            argument_error(3, "int", values[1])
        else:
            flags = given
    try:
        if sock.guarded:
            admit(sock)
        sockaddr = sockaddr_for(sock, value, mapped=True)
        try:
            taken = sock.endpoint.sendto(data, flags | SEND, sockaddr)
        except BlockingIOError:
            if not sock.waits or flags & MSG_DONTWAIT:
                raise
            taken = patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.sendto, data, flags | SEND, sockaddr)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return taken


# --- receiving --------------------------------------------------------------------------------------------------------


def recv(sock: Socket, size: int, flags: int) -> bytes | bool:
    """Receives at most `size` bytes; true when the peer closed in order, false on failure. Chapter 10 section 4."""
    if size < 1:
        return length_refused(sock)
    try:
        if sock.guarded:
            admit(sock)
        if flags or sock.ahead or size > LARGEST:
            data = receive(sock, size, flags)
        else:
            data = plain_receive(sock, size, sock.waits)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    if data or not sock.stream:
        return data
    return True


def plain_receive(sock: Socket, size: int, waits: bool) -> bytes:
    """Receives without flags or read-ahead. Raises `OSError`."""
    registration = sock.registration
    if not (registration.drained and waits):
        try:
            if sock.direct and waits:
                return sock.endpoint.recv(size)
            return sock.endpoint.recv(size, MSG_DONTWAIT)
        except BlockingIOError:
            if not waits:
                raise
    registration.drained = False
    data: bytes = patiently(sock, IN, sock.recv_span, EAGAIN, _next, sock, size, MSG_DONTWAIT)
    become_direct(sock)
    return data


def become_direct(sock: Socket) -> bool:
    """Has a socket that had to wait do so in the system call itself from now on, one instead of three; whether it does.

    Each such wait is `DIRECT_WAIT` seconds long at most; receives wait without end (which spares the system a timer)
    where the engine has nothing to look after meanwhile, until `State.hurry`. That is for sockets without any limit in
    an engine without script threads, which would have to wait, too.
    """
    owner = sock.state
    if sock.direct:
        if not sock.endless and ports.unwatched(owner.hurry):
            sock.endless = sock.endpoint.set_patience(DIRECT_WAIT, True)
        return True
    if sock.shared or sock.guarded or sock.inactivity or sock.recv_span is not None or sock.send_span is not None:
        return False
    if not ports.alone(owner.leave_direct):
        return False
    endless = ports.unwatched(owner.hurry)
    if not sock.endpoint.set_patience(DIRECT_WAIT, endless):
        return False
    sock.endless = endless
    sock.direct = True
    owner.directs.add(sock)
    sock.registration.drained = False
    sock.settle()
    return True


def _next(sock: Socket, size: int, flags: int) -> bytes:
    """One try after a wait: what another thread has put back meanwhile comes first."""
    if has_first(sock, flags):
        return take_ahead(sock, size, flags)
    data: bytes = sock.endpoint.recv(size, flags)
    if len(data) < size and data and flags == MSG_DONTWAIT:
        sock.registration.drained = sock.registration.tells
    return data


def leave_direct(sock: Socket) -> None:
    """Makes the endpoint an ordinary one again, before anything else than this module's receives depends on it."""
    if sock.direct:
        sock.direct = sock.endless = False
        sock.settle()
        sock.state.directs.discard(sock)
        sock.endpoint.set_patience(None)


def refused(sock: Socket, position: int, name: str, rule: str) -> bool:
    """Reports an argument that breaks a rule ("cannot be negative"). Returns False."""
    warning(f"argument {position} ({name}) {rule}")
    return sock.state.fail(errno.EINVAL)


def length_refused(sock: Socket, position: int = 1, name: str = "maxlength") -> bool:
    """Reports a length below 1. Returns False."""
    return refused(sock, position, name, "must be positive")


def receive(sock: Socket, size: int, flags: int = 0, waits: bool | None = None) -> bytes:
    """Receives with everything a plain `recv` leaves out: read-ahead, flags, any size. Raises `OSError`."""
    if waits is None:
        waits = sock.waits
    flags &= RECEIVE_FLAGS
    if has_first(sock, flags):
        return take_ahead(sock, size, flags)
    waits = waits and not flags & MSG_DONTWAIT
    if waits and flags & MSG_WAITALL and sock.stream and not flags & MSG_PEEK:
        return _receive_all(sock, size, flags)
    size = min(size, LARGEST)
    if not flags:
        return plain_receive(sock, size, waits)
    flags |= MSG_DONTWAIT
    try:
        return sock.endpoint.recv(size, flags)
    except BlockingIOError:
        if not waits:
            raise
    return patiently(sock, IN, sock.recv_span, EAGAIN, _next, sock, size, flags)


def _receive_all(sock: Socket, size: int, flags: int) -> bytes:
    """MSG_WAITALL, which the system ignores on sockets that do not block."""
    parts: list[bytes] = []
    flags &= ~MSG_WAITALL
    while size > 0:
        try:
            data = receive(sock, size, flags, True)
        except OSError:
            if parts:
                break
            raise
        if not data:
            break
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def has_first(sock: Socket, flags: int) -> bool:
    """Whether a receive with these flags begins with what was read ahead."""
    return bool(sock.ahead) and not flags & OUT_OF_ORDER


def take_ahead(sock: Socket, size: int, flags: int = 0) -> bytes:
    """The next bytes of what was read ahead; with MSG_PEEK they stay."""
    ahead = sock.ahead
    assert ahead is not None
    data = bytes(ahead[:size])
    if not flags & MSG_PEEK:
        del ahead[: len(data)]
        if not ahead:
            sock.put_back(ahead)
    return data


def recvfrom(sock: Socket, size: int, flags: int) -> tuple[Any, ...]:
    """Receives a datagram: two values, the bytes and the sender's address; false on failure. Chapter 10 section 4."""
    if size < 1:
        return (length_refused(sock),)
    flags &= RECEIVE_FLAGS
    size = min(size, LARGEST)
    try:
        if sock.guarded:
            admit(sock)
        if has_first(sock, flags):
            data, peer = take_ahead(sock, size, flags), None
        else:
            try:
                data, peer = sock.endpoint.recvfrom(size, flags | MSG_DONTWAIT)
            except BlockingIOError:
                if not sock.waits or flags & MSG_DONTWAIT:
                    raise
                data, peer = patiently(sock, IN, sock.recv_span, EAGAIN, _next_from, sock, size, flags | MSG_DONTWAIT)
        address = sender(sock, peer)
    except FAILURES as problem:
        return (sock.state.fail(problem),)
    sock.state.code = 0
    return data, address


def _next_from(sock: Socket, size: int, flags: int) -> tuple[bytes, SockAddr]:
    """As `_next`, for `recvfrom`."""
    if has_first(sock, flags):
        return take_ahead(sock, size, flags), None
    return sock.endpoint.recvfrom(size, flags)


def sender(sock: Socket, peer: SockAddr) -> SocketAddress | None:
    """The address a receive reported; of a connection, which reports none, the peer's. None when there is neither."""
    family = sock.endpoint.family
    if peer is None and family == AF_UNIX and not sock.stream:
        peer = b""  # a sender without a name
    if peer is None or (family != AF_UNIX and len(peer) < 2):
        try:
            peer = sock.endpoint.getpeername()
        except OSError:
            return None
    return from_sockaddr(family, peer)
