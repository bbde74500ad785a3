"""The properties of `socket`: chapter 10 section 4 and chapter 11 section 2.

Rules: each property is one line in the class (`socket.py`) made by one of the factories here; a property that cannot
be read is null and a Warning, a write that cannot be done is a Warning and changes nothing; both write the error slot.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import math
import socket as _constants
import struct
import sys

from interp import ports
from interp.library import MISSING, convert, new_dict, prop, warning

from .address import AF_INET, AF_INET6, AF_UNIX, SocketAddress, from_sockaddr
from .state import FAILURES
from .transfer import leave_direct
from .waiting import Cancellable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .socket import Socket

    Level = tuple[int, int | None]  # level and option, None where the platform lacks it

SOL_SOCKET = int(_constants.SOL_SOCKET)
TCP = int(_constants.IPPROTO_TCP)


class Misuse(Exception):
    """A value that a property cannot take."""


# --- the factories ----------------------------------------------------------------------------------------------------


def readable(name: str, read: Callable[[Socket], Any], text: str, asks: bool = True) -> prop:
    """A property whose value `read` gives; it may raise what the system raises.

    asks   whether the operating system is asked: only then a success writes the error slot (chapter 10 section 1), so
           that a script may look at `sent` or `timeout` before it looks at the error
    """

    def get(sock: Socket) -> Any:
        try:
            value = read(sock)
        except FAILURES as problem:
            sock.state.fail(problem)
            return warning(f"failed to retrieve the '{name}' property of a socket")
        if asks:
            sock.state.code = 0
        return value

    get.__doc__ = text
    get.__annotations__["return"] = getattr(read, "__annotations__", {}).get("return", "Any")
    return prop(get)


def writable(
    name: str, read: Callable[[Socket], Any], write: Callable[[Socket, Any], None], text: str, asks: bool = True
) -> prop:
    """A property that can also be written; `write` gets the script's value and may raise `Misuse`."""

    def put(sock: Socket, value: Any) -> None:
        try:
            write(sock, value)
        except Misuse:
            sock.state.fail(errno.EINVAL)
            return warning(f"failed to set the '{name}' property of a socket")
        except FAILURES as problem:
            sock.state.fail(problem)
            return warning(f"failed to set the '{name}' property of a socket")
        sock.state.code = 0

    return readable(name, read, text, asks).setter(put)


def kept(name: str, read: Callable[[Socket], Any], write: Callable[[Socket, Any], None], text: str) -> prop:
    """A property that this module keeps itself: reading it asks nobody."""
    return writable(name, read, write, text, asks=False)


def fact(name: str, read: Callable[[Socket], Any], text: str) -> prop:
    """A property that answers for closed sockets too and never fails: the error slot stays what it was."""
    return readable(name, read, text, asks=False)


def switch(name: str, option: Level | dict[int, Level], text: str, inverse: bool = False, quiet: bool = False) -> prop:
    """A bool held by a socket option.

    inverse   true for the script is 0 for the system
    quiet     where the platform lacks the option the property stays false silently
    """

    def read(sock: Socket) -> bool:
        level, number = _option(sock, option)
        if number is None and quiet:
            return False
        return bool(sock.endpoint.getsockopt(level, _there(number))) is not inverse

    def write(sock: Socket, value: Any) -> None:
        level, number = _option(sock, option)
        wanted = boolean(value)
        if number is None and quiet:
            return
        sock.endpoint.setsockopt(level, _there(number), int(wanted is not inverse))

    return writable(name, read, write, text)


def number(name: str, option: Level | dict[int, Level], text: str, low: int = 0, high: int = 0x7FFFFFFF) -> prop:
    """An int in a range, held by a socket option."""

    def read(sock: Socket) -> int:
        level, which = _option(sock, option)
        return int(sock.endpoint.getsockopt(level, _there(which)))

    def write(sock: Socket, value: Any) -> None:
        level, which = _option(sock, option)
        sock.endpoint.setsockopt(level, _there(which), integer(value, low, high))

    return writable(name, read, write, text)


def _option(sock: Socket, option: Level | dict[int, Level]) -> Level:
    if isinstance(option, tuple):
        return option
    found = option.get(sock.endpoint.family)
    if found is None:
        raise OSError(errno.EBADF if sock.endpoint.fileno() < 0 else errno.ENOPROTOOPT, "")
    return found


def _there(number: int | None) -> int:
    if number is None:
        raise OSError(errno.ENOPROTOOPT, "")
    return number


def boolean(value: Any) -> bool:
    """A script's value as a bool argument would take it."""
    wanted = convert("bool", value)
    if wanted is MISSING:
        raise Misuse
    return bool(wanted)


def integer(value: Any, low: int, high: int) -> int:
    """A script's value as an int argument would take it, except that objects are refused."""
    wanted = convert("int", value) if isinstance(value, (bool, int, float, bytes)) else MISSING
    if wanted is MISSING or not low <= wanted <= high:
        raise Misuse
    return int(wanted)


def seconds(value: Any, low: float = 0.0) -> float:
    """A script's value as a number of seconds."""
    wanted = convert("real", value) if isinstance(value, (bool, int, float, bytes)) else MISSING
    if wanted is MISSING or math.isnan(wanted) or wanted < low:
        raise Misuse
    return float(wanted)


def require_open(sock: Socket) -> None:
    """Raises EBADF on a closed socket, for what this module keeps itself."""
    if sock.endpoint.fileno() < 0:
        raise OSError(errno.EBADF, "")


# --- what the module keeps itself -------------------------------------------------------------------------------------


def read_blocking(sock: Socket) -> bool:
    require_open(sock)
    return sock.waits


def write_blocking(sock: Socket, value: Any) -> None:
    wanted = boolean(value)
    require_open(sock)
    leave_direct(sock)
    sock.waits = wanted
    sock.settle()


def _timeval(span: float) -> bytes:
    if span >= 1 << 31:
        return struct.pack("@ll", 1 << 31, 0)
    whole = int(span)
    return struct.pack("@ll", whole, min(999_999, math.ceil((span - whole) * 1_000_000)))


def _span(option: int, slot: str) -> tuple[Callable[[Socket], float], Callable[[Socket, Any], None]]:
    """`recv_timeout` and `send_timeout`: kept here, and told to the system for whoever gets the descriptor later."""

    def read(sock: Socket) -> float:
        require_open(sock)
        return getattr(sock, slot) or 0.0

    def write(sock: Socket, value: Any) -> None:
        span = seconds(value)
        leave_direct(sock)
        sock.endpoint.setsockopt(SOL_SOCKET, option, _timeval(span))
        setattr(sock, slot, span or None)
        sock.settle()

    return read, write


read_recv_timeout, write_recv_timeout = _span(_constants.SO_RCVTIMEO, "recv_span")
read_send_timeout, write_send_timeout = _span(_constants.SO_SNDTIMEO, "send_span")


def refresh_spans(sock: Socket) -> None:
    """Reads the system's receive and send timeouts, after something else than the properties may have set them."""
    for option, slot in ((_constants.SO_RCVTIMEO, "recv_span"), (_constants.SO_SNDTIMEO, "send_span")):
        try:
            whole, micro = struct.unpack("@ll", sock.endpoint.getsockopt(SOL_SOCKET, option, 16))
        except (OSError, struct.error):
            continue
        setattr(sock, slot, whole + micro / 1_000_000 or None)
    sock.settle()


def read_timeout(sock: Socket) -> float:
    require_open(sock)
    return sock.inactivity


def write_timeout(sock: Socket, value: Any) -> None:
    span = seconds(value)
    require_open(sock)
    leave_direct(sock)
    sock.inactivity = span
    sock.settle()


def read_timeout_after(sock: Socket) -> None:
    """`timeout_after` can only be written."""
    warning('Readable property not found: "timeout_after"')


def write_timeout_after(sock: Socket, value: Any) -> None:
    span = seconds(value)
    require_open(sock)
    set_deadline(sock, ports.clock() + span)


def read_deadline(sock: Socket) -> float | None:
    require_open(sock)
    return sock.due


def write_deadline(sock: Socket, value: Any) -> None:
    due = None if value is None else seconds(value, -math.inf)
    require_open(sock)
    set_deadline(sock, due)


def set_deadline(sock: Socket, due: float | None) -> None:
    """Sets the deadline, or takes it away."""
    leave_direct(sock)
    sock.due = due
    sock.settle()


def reset_deadline(sock: Socket) -> bool:
    """Takes the deadline away. False on a closed socket. Chapter 11 section 2."""
    try:
        require_open(sock)
    except OSError as problem:
        return sock.state.fail(problem)
    set_deadline(sock, None)
    sock.state.code = 0
    return True


def read_cancellable(sock: Socket) -> Cancellable | None:
    require_open(sock)
    return sock.canceller


def write_cancellable(sock: Socket, value: Any) -> None:
    if value is not None and not isinstance(value, Cancellable):
        raise Misuse
    require_open(sock)
    leave_direct(sock)
    sock.canceller = value
    sock.settle()


def read_backlog(sock: Socket) -> int:
    require_open(sock)
    return sock.backlog


def write_backlog(sock: Socket, value: Any) -> None:
    wanted = integer(value, 0, 0x7FFFFFFF)
    require_open(sock)
    sock.backlog = wanted


# --- what the system knows --------------------------------------------------------------------------------------------


def read_error(sock: Socket) -> int:
    return int(sock.endpoint.getsockopt(SOL_SOCKET, _constants.SO_ERROR))


def read_local_address(sock: Socket) -> SocketAddress:
    return from_sockaddr(sock.endpoint.family, sock.endpoint.getsockname())


def read_remote_address(sock: Socket) -> SocketAddress:
    return from_sockaddr(sock.endpoint.family, sock.endpoint.getpeername())


def is_connected(sock: Socket) -> bool:
    try:
        sock.endpoint.getpeername()
        return True
    except OSError:
        return False


def is_listening(sock: Socket) -> bool:
    try:
        return bool(sock.endpoint.getsockopt(SOL_SOCKET, _constants.SO_ACCEPTCONN))
    except OSError:
        return False


def speaks_ipv4(sock: Socket) -> bool:
    if sock.endpoint.family != AF_INET6:
        return sock.endpoint.family == AF_INET
    try:
        return not sock.endpoint.getsockopt(_constants.IPPROTO_IPV6, _constants.IPV6_V6ONLY)
    except OSError:
        return False


def available_bytes(sock: Socket) -> int:
    require_open(sock)
    ahead = len(sock.ahead or b"")
    if is_listening(sock):
        return 0
    return ahead + sock.endpoint.pending()


def credentials(sock: Socket) -> Any:
    if sock.endpoint.family != AF_UNIX or not hasattr(_constants, "SO_PEERCRED"):
        require_open(sock)
        raise OSError(errno.ENOTSUP, "")
    sock.endpoint.getpeername()  # without a peer the system answers with numbers that mean nobody
    pid, uid, gid = struct.unpack("3i", sock.endpoint.getsockopt(SOL_SOCKET, _constants.SO_PEERCRED, 12))
    if not pid and uid == -1:
        raise OSError(errno.ENOTSUP, "")  # as for the peer of a connected datagram socket, whom it does not know
    return new_dict([(b"pid", pid), (b"uid", uid), (b"gid", gid)])


def read_linger(sock: Socket) -> int | None:
    on, span = struct.unpack("ii", sock.endpoint.getsockopt(SOL_SOCKET, _constants.SO_LINGER, 8))
    return span if on else None


def write_linger(sock: Socket, value: Any) -> None:
    if value is None:
        packed = struct.pack("ii", 0, 0)
    else:
        packed = struct.pack("ii", 1, integer(value, 0, 0xFFFF))
    sock.endpoint.setsockopt(SOL_SOCKET, _constants.SO_LINGER, packed)


def read_multicast_interface(sock: Socket) -> bytes | None:
    if sock.endpoint.family == AF_INET6:
        index = sock.endpoint.getsockopt(_constants.IPPROTO_IPV6, _constants.IPV6_MULTICAST_IF)
        return sock.state.network.interface_name(index).encode() if index else None
    sock.endpoint.getsockopt(_constants.IPPROTO_IP, _constants.IP_MULTICAST_IF, 4)
    return sock.interface  # the system does not tell the number of the interface again


def write_multicast_interface(sock: Socket, value: Any) -> None:
    if value is not None and type(value) is not bytes:
        raise Misuse
    index = 0 if value is None else sock.state.network.interface_index(value)
    if sock.endpoint.family == AF_INET6:
        sock.endpoint.setsockopt(_constants.IPPROTO_IPV6, _constants.IPV6_MULTICAST_IF, index)
    elif sock.endpoint.family == AF_INET:
        packed = struct.pack("4s4si", b"", b"", index)
        sock.endpoint.setsockopt(_constants.IPPROTO_IP, _constants.IP_MULTICAST_IF, packed)
        sock.interface = value
    else:
        raise OSError(errno.ENOPROTOOPT, "")


def _ip(name: str) -> int | None:
    return getattr(_constants, name, None)


REUSE_PORT: Level = (SOL_SOCKET, _ip("SO_REUSEPORT"))
ONLY_IPV6: dict[int, Level] = {AF_INET6: (_constants.IPPROTO_IPV6, _ip("IPV6_V6ONLY"))}
KEEPALIVE_TIME: Level = (TCP, _ip("TCP_KEEPALIVE" if sys.platform == "darwin" else "TCP_KEEPIDLE"))
KEEPALIVE_INTERVAL: Level = (TCP, _ip("TCP_KEEPINTVL"))
KEEPALIVE_COUNT: Level = (TCP, _ip("TCP_KEEPCNT"))
QUICK_ACK: Level = (TCP, _ip("TCP_QUICKACK"))
TTL: dict[int, Level] = {
    AF_INET: (_constants.IPPROTO_IP, _ip("IP_TTL")),
    AF_INET6: (_constants.IPPROTO_IPV6, _ip("IPV6_UNICAST_HOPS")),
}
MULTICAST_TTL: dict[int, Level] = {
    AF_INET: (_constants.IPPROTO_IP, _ip("IP_MULTICAST_TTL")),
    AF_INET6: (_constants.IPPROTO_IPV6, _ip("IPV6_MULTICAST_HOPS")),
}
MULTICAST_LOOPBACK: dict[int, Level] = {
    AF_INET: (_constants.IPPROTO_IP, _ip("IP_MULTICAST_LOOP")),
    AF_INET6: (_constants.IPPROTO_IPV6, _ip("IPV6_MULTICAST_LOOP")),
}


# --- any option by number ---------------------------------------------------------------------------------------------


def get_option(sock: Socket, level: int, name: int, size: int | None) -> int | bytes | None:
    """A socket option as an int, with a buffer length as a string. Null on failure. Chapter 11 section 2."""
    leave_direct(sock)
    try:
        if size is None:
            value: int | bytes = sock.endpoint.getsockopt(level, name)
        elif not 0 < size <= 1024:
            warning("argument 3 (buflen) must be between 1 and 1024")
            return sock.state.refuse(errno.EINVAL)
        else:
            value = sock.endpoint.getsockopt(level, name, size)
    except FAILURES as problem:
        return sock.state.refuse(problem)
    sock.state.code = 0
    return value


def set_option(sock: Socket, level: int, name: int, value: Any, length: int | None) -> bool:
    """Sets a socket option to an int, a string of bytes, or null with a length. Chapter 11 section 2."""
    leave_direct(sock)
    try:
        if value is None:
            sock.endpoint.setsockopt(level, name, None, length or 0)
        elif type(value) is bytes:
            sock.endpoint.setsockopt(level, name, value)
        elif isinstance(value, (bool, int, float)):
            sock.endpoint.setsockopt(level, name, int(value))
        else:
            warning("argument 3 (value) must be an int, a string or null")
            return sock.state.fail(errno.EINVAL)
        if level == SOL_SOCKET and name in (_constants.SO_RCVTIMEO, _constants.SO_SNDTIMEO):
            refresh_spans(sock)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True
