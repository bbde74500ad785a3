"""The sendmsg family: scatter and gather, ancillary data, descriptors (chapter 11 section 3).

Rules: a descriptor that arrives is owned at once (a socket object, or handed out as an int), none is ever lost; after
the first message of a batch nothing waits.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import array
import errno
import os
import socket as _constants

from interp.library import (
    argument_error,
    convert,
    dict_get,
    dict_items,
    is_array,
    is_dict,
    new_array,
    new_dict,
    warning,
)

from .address import SocketAddress, from_sockaddr
from .network.base import IN, OUT
from .state import FAILURES
from .stream import descriptor_of
from .transfer import (
    EAGAIN,
    LARGEST,
    MSG_DONTWAIT,
    RECEIVE_FLAGS,
    SEND,
    has_first,
    length_refused,
    send_rest,
    sockaddr_for,
    take_ahead,
)
from .waiting import admit, patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .socket import Socket

SCM_RIGHTS = int(getattr(_constants, "SCM_RIGHTS", 1))
MSG_CMSG_CLOEXEC = int(getattr(_constants, "MSG_CMSG_CLOEXEC", 0))
ANCILLARY = 8192  # room for the 253 descriptors the system passes at most, and for timestamps and the like
MOST_VECTORS = 1024


class Misuse(Exception):
    """An argument that makes no message; the text is the Warning's."""


def _misused(sock: Socket, problem: Misuse) -> bool:
    warning(str(problem))
    return sock.state.fail(errno.EINVAL)


# --- arguments --------------------------------------------------------------------------------------------------------


def _options(given: Any, position: int, known: tuple[bytes, ...]) -> dict[bytes, Any]:
    result: dict[bytes, Any] = {}
    for key, value in dict_items(given) if given is not None else ():
        if key not in known:
            raise Misuse(f"argument {position} (options): unknown option '{key.decode('latin-1')}'")
        if value is not None:
            result[key] = value
    return result


def _number(value: Any, what: str) -> int:
    if not isinstance(value, (bool, int, float)):
        raise Misuse(f"{what} must be an int")
    return int(value)


def _vectors(data: Any) -> list[bytes]:
    if is_array(data):
        parts = [convert("string", item) for item in tuple(data)]
        if not all(isinstance(part, bytes) for part in parts):
            raise Misuse("argument 1 (data) must be a string or an array of strings")
        return parts if len(parts) <= MOST_VECTORS else [b"".join(parts)]
    text = convert("string", data)
    if not isinstance(text, bytes):
        raise Misuse("argument 1 (data) must be a string or an array of strings")
    return [text]


def _control(entries: Any, fds: Any) -> list[tuple[int, int, bytes]]:
    ancillary: list[tuple[int, int, bytes]] = []
    if entries is not None:
        if not is_array(entries):
            raise Misuse("option 'control' must be an array")
        for entry in entries:
            data = dict_get(entry, b"data", b"") if is_dict(entry) else None
            if not isinstance(data, bytes):
                raise Misuse("an entry of option 'control' must be a dict with level, type and data")
            level = _number(dict_get(entry, b"level", None), "the level of a control message")
            kind = _number(dict_get(entry, b"type", None), "the type of a control message")
            ancillary.append((level, kind, data))
    if fds is not None:
        if not is_array(fds):
            raise Misuse("option 'fds' must be an array")
        numbers = array.array("i", [_descriptor(item) for item in fds])
        if numbers:
            ancillary.append((_constants.SOL_SOCKET, SCM_RIGHTS, numbers.tobytes()))
    return ancillary


def _descriptor(item: Any) -> int:
    if hasattr(item, "share"):
        item.share()  # somebody else will use the same socket: it must be an ordinary one
    number = int(item) if type(item) is int else descriptor_of(item)
    if number is None:
        raise Misuse("option 'fds' holds something that is neither a socket, an io_file nor an int")
    if not 0 <= number < 1 << 31:
        raise OSError(errno.EBADF, "")
    return number


# --- sending ----------------------------------------------------------------------------------------------------------


def send_message(sock: Socket, data: Any, given: Any) -> int | bool:
    """Sends one message, gathered from an array if it is one; the bytes sent, false on failure. Chapter 11 section 3.

    Options: `address flags control fds timeout`. Descriptors travel over AF_UNIX only, on a stream with a byte or more.
    """
    try:
        chosen = _options(given, 2, (b"address", b"flags", b"control", b"fds", b"timeout"))
        span = _span(chosen)
        flags = _number(chosen.get(b"flags", 0), "option 'flags'")
        taken = _send_one(sock, Outgoing(data, chosen), flags, span, sock.waits)
    except Misuse as problem:
        return _misused(sock, problem)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return taken


def _span(chosen: dict[bytes, Any]) -> float | None:
    span = chosen.get(b"timeout")
    if span is None:
        return None
    if not isinstance(span, (bool, int, float)) or not span >= 0:
        raise Misuse("option 'timeout' must be a number of seconds")
    return float(span)


class Outgoing:
    """One message, its arguments checked and converted before anything is sent."""

    __slots__ = ("address", "ancillary", "carries", "vectors")

    def __init__(self, data: Any, chosen: dict[bytes, Any]) -> None:
        self.vectors = _vectors(data)
        self.address = chosen.get(b"address")
        if self.address is not None and not isinstance(self.address, SocketAddress):
            raise Misuse("option 'address' must be a socket_address")
        self.ancillary = _control(chosen.get(b"control"), chosen.get(b"fds"))
        self.carries = any(kind == SCM_RIGHTS for level, kind, _ in self.ancillary if level == _constants.SOL_SOCKET)


def _require_carrier(sock: Socket, message: Outgoing) -> None:
    """Raises `OSError` where the system would send the bytes and drop the descriptors without a word."""
    if sock.endpoint.family != _constants.AF_UNIX:
        raise OSError(errno.EBADF if sock.endpoint.fileno() < 0 else errno.EOPNOTSUPP, "")
    if sock.endpoint.type == _constants.SOCK_STREAM and not any(message.vectors):
        raise OSError(errno.EINVAL, "")


def _send_one(sock: Socket, message: Outgoing, flags: int, span: float | None, waits: bool) -> int:
    if sock.guarded:
        admit(sock)
    if message.carries and sock.secure is None:  # TLS has its own words
        _require_carrier(sock, message)
    vectors = message.vectors
    target = None if message.address is None else sockaddr_for(sock, message.address, mapped=True)
    arguments = (vectors, message.ancillary, flags | SEND, target)
    waits = (waits or span is not None) and not flags & MSG_DONTWAIT
    late = EAGAIN if span is None else errno.ETIMEDOUT
    try:
        taken = sock.endpoint.sendmsg(*arguments)
    except BlockingIOError:
        if not waits:
            raise
        taken = patiently(sock, OUT, sock.send_span if span is None else span, late, sock.endpoint.sendmsg, *arguments)
    if waits and sock.stream and taken < sum(map(len, vectors)):
        taken = send_rest(sock, b"".join(vectors), taken, flags)
    return taken


def send_messages(sock: Socket, items: Any, flags: int) -> int | bool:
    """Sends strings, or dicts `data address control fds`; how many went out, false when none did. Chapter 11.

    An item that is no message: a Warning, false, and none is sent.
    """
    count = 0
    try:
        if sock.endpoint.fileno() < 0:
            raise OSError(errno.EBADF, "")  # also when there is nothing to send
        if sock.guarded:
            admit(sock)
        messages = []
        for item in tuple(items):
            chosen: dict[bytes, Any] = {}
            data = item
            if is_dict(item):
                chosen = _options(item, 1, (b"data", b"address", b"control", b"fds"))
                data = chosen.get(b"data", b"")
            messages.append(Outgoing(data, chosen))
        for message in messages:
            _send_one(sock, message, flags, None, sock.waits and not count)
            count += 1
    except Misuse as problem:
        return _misused(sock, problem)
    except FAILURES as problem:
        if not count:
            return sock.state.fail(problem)
    sock.state.code = 0
    return count


# --- receiving --------------------------------------------------------------------------------------------------------


def recv_message(sock: Socket, size: Any, given: Any) -> Any:
    """Receives one message: a dict `data address flags control fds`, false on failure. Chapter 11 section 3.

    size   the most bytes, or an array of them: `data` is then an array of strings
    Options: `flags timeout`.
    """
    try:
        chosen = _options(given, 2, (b"flags", b"timeout"))
        sizes = _sizes(size)
        if sizes is None:
            argument_error(1, "int or array", size)
            return sock.state.fail(errno.EINVAL)
        if min(sizes, default=0) < 1:
            return length_refused(sock, 1, "n")
        flags = _number(chosen.get(b"flags", 0), "option 'flags'")
        result = _receive_one(sock, sizes, is_array(size), flags, _span(chosen), sock.waits)
    except Misuse as problem:
        return _misused(sock, problem)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return result


def _sizes(size: Any) -> list[int] | None:
    if is_array(size):
        return [_number(item, "every entry of argument 1") for item in size]
    number = convert("int", size) if isinstance(size, (bool, int, float, bytes)) else None
    return [number] if isinstance(number, int) else None


def _receive_one(sock: Socket, sizes: list[int], split: bool, flags: int, span: float | None, waits: bool) -> Any:
    total = min(sum(sizes), LARGEST)
    flags &= RECEIVE_FLAGS
    if sock.guarded:
        admit(sock)
    ancillary: list[tuple[int, int, bytes]] = []
    answered, peer = 0, None
    if has_first(sock, flags):
        data = take_ahead(sock, total, flags)
    else:
        arguments = (total, ANCILLARY, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT)
        try:
            data, ancillary, answered, peer = sock.endpoint.recvmsg(*arguments)
        except BlockingIOError:
            if not (waits or span is not None) or flags & MSG_DONTWAIT:
                raise
            late = EAGAIN if span is None else errno.ETIMEDOUT
            data, ancillary, answered, peer = patiently(
                sock, IN, sock.recv_span if span is None else span, late, _next_message, sock, *arguments
            )
    control, fds = [], []
    for level, kind, content in ancillary:
        if level == _constants.SOL_SOCKET and kind == SCM_RIGHTS:
            fds.extend(_received(sock, content))
        else:
            control.append(new_dict([(b"level", level), (b"type", kind), (b"data", content)]))
    family = sock.endpoint.family
    known = peer is not None and (family == _constants.AF_UNIX or len(peer) > 1)
    return new_dict(
        [
            (b"data", new_array(_split(data, sizes)) if split else data),
            (b"address", from_sockaddr(family, peer) if known else None),
            (b"flags", answered & ~MSG_CMSG_CLOEXEC),
            (b"control", new_array(control)),
            (b"fds", new_array(fds)),
        ]
    )


def _next_message(sock: Socket, size: int, room: int, flags: int) -> Any:
    """One try after a wait: what another thread has put back meanwhile comes first."""
    if has_first(sock, flags):
        return take_ahead(sock, size, flags), [], 0, None
    return sock.endpoint.recvmsg(size, room, flags)


def _split(data: bytes, sizes: list[int]) -> list[bytes]:
    parts, position = [], 0
    for size in sizes:
        parts.append(data[position : position + size])
        position += size
    return parts


def _received(sock: Socket, content: bytes) -> list[Any]:
    """Descriptors that arrived: sockets where they are sockets, else ints for the script to hand on."""
    numbers = array.array("i")
    numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    result: list[Any] = []
    for position, number in enumerate(numbers):
        try:
            endpoint, waits = sock.state.network.adopt(number)
        except OSError:
            result.append(number)
            continue
        try:
            made = type(sock)(sock.state, endpoint, waits)
            made.shared = True
            result.append(made)
        except BaseException:
            # a limit of the engine: what has no owner yet would stay open for ever
            for rest in numbers[position + 1 :]:
                os.close(rest)
            raise
    return result


def recv_messages(sock: Socket, count: int, size: int, flags: int) -> Any:
    """Receives up to `count` messages of up to `size` bytes: an array of `recv_message` dicts, false on failure.

    Waits for the first only. Chapter 11 section 3.
    """
    if count < 1:
        return length_refused(sock, 1, "count")
    if size < 1:
        return length_refused(sock, 2, "n")
    found: list[Any] = []
    try:
        while len(found) < count:
            message = _receive_one(sock, [size], False, flags, None, sock.waits and not found)
            if sock.stream and found and not dict_get(message, b"data", b""):
                break  # the end of the stream, which stays to be received again
            found.append(message)
            if sock.stream and not dict_get(message, b"data", b""):
                break
    except FAILURES as problem:
        if not found:
            return sock.state.fail(problem)
    sock.state.code = 0
    return new_array(found)
