"""Whole messages over a stream: exact, delimited and complete receives, complete sends, files.

Rules: what was received but not given out stands in `sock.ahead` and every other receive sees it first; a receive
that fails leaves everything it had there; nothing here applies to datagrams (EOPNOTSUPP).
"""

from __future__ import annotations

import errno
import os

from interp.library import is_object, type_name, warning
from interp.ports import check

from .network.base import OUT
from .state import FAILURES, in_folder
from .transfer import (
    EAGAIN,
    MSG_NOSIGNAL,
    SEND,
    become_direct,
    leave_direct,
    length_refused,
    receive,
    refused,
    send_rest,
)
from .waiting import admit, patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .socket import Socket

CHUNK = 16384
LARGE_CHUNK = 1 << 18
COPY = 32768
DEFAULT_MAXIMUM = 65536
NOT_NEGATIVE = "cannot be negative"


def _begin(sock: Socket) -> None:
    if sock.guarded:
        admit(sock)
    if sock.endpoint.fileno() < 0:
        raise OSError(errno.EBADF, "")  # also when nothing is to be received
    if not sock.stream:
        raise OSError(errno.EOPNOTSUPP, "")


def _more(sock: Socket, buffer: bytearray, size: int) -> bool:
    """Receives into the buffer past what was read ahead; false at the end of the stream."""
    data = receive(sock, size)
    buffer += data
    return bool(data)


def _take(sock: Socket) -> bytearray:
    """Takes the read-ahead off the socket for one receive, which puts back what it does not give out."""
    buffer, sock.ahead = sock.ahead, None
    return bytearray() if buffer is None else buffer


def recv_exact(sock: Socket, size: int) -> bytes | bool:
    """Exactly `size` bytes. False with ENODATA when the peer closes earlier. Chapter 11 section 3."""
    if size < 0:
        return refused(sock, 1, "n", NOT_NEGATIVE)
    try:
        _begin(sock)
        buffer = _take(sock)
        try:
            while len(buffer) < size:
                if not _more(sock, buffer, min(size - len(buffer), LARGE_CHUNK)):
                    raise OSError(errno.ENODATA, "")
            data = bytes(memoryview(buffer)[:size])
            del buffer[:size]
        finally:
            sock.put_back(buffer)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return data


def recv_all(sock: Socket, maximum: int | None) -> bytes | bool:
    """Everything until the peer closes, or until there are `maximum` bytes. False on failure. Chapter 11 section 3."""
    if maximum is not None and maximum < 0:
        return refused(sock, 1, "max", NOT_NEGATIVE)
    try:
        _begin(sock)
        buffer = _take(sock)
        try:
            while maximum is None or len(buffer) < maximum:
                size = CHUNK if len(buffer) < LARGE_CHUNK else LARGE_CHUNK
                if maximum is not None:
                    size = min(size, maximum - len(buffer))
                if not _more(sock, buffer, size):
                    break
            data = bytes(buffer if maximum is None else buffer[:maximum])
            del buffer[: len(data)]
        finally:
            sock.put_back(buffer)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return data


def _until(sock: Socket, delimiter: bytes, maximum: int) -> tuple[bytes, bool]:
    """Bytes up to the delimiter, and whether it was there; without one, the rest before the end of the stream."""
    _begin(sock)
    buffer = _take(sock)
    try:
        searched = 0
        while True:
            found = buffer.find(delimiter, searched)
            if found > maximum or (found < 0 and len(buffer) >= maximum + len(delimiter)):
                raise OSError(errno.EMSGSIZE, "")
            if found >= 0:
                data = bytes(buffer[:found])
                del buffer[: found + len(delimiter)]
                return data, True
            searched = max(0, len(buffer) - len(delimiter) + 1)
            if not _more(sock, buffer, CHUNK):
                return bytes(buffer), False
    finally:
        sock.put_back(buffer)


def recv_until(sock: Socket, delimiter: bytes, maximum: int) -> bytes | bool:
    """The bytes before a delimiter, which is taken too. Chapter 11 section 3.

    True when the peer has closed and nothing is left; false with ENODATA when an unterminated rest is left (it stays),
    with EMSGSIZE when more than `maximum` bytes come before the delimiter.
    """
    if not delimiter:
        return refused(sock, 1, "delimiter", "cannot be empty")
    if maximum < 0:
        return refused(sock, 2, "max", NOT_NEGATIVE)
    try:
        data, complete = _until(sock, delimiter, maximum)
        if not complete and data:
            raise OSError(errno.ENODATA, "")
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return data if complete else True


def recv_line(sock: Socket, maximum: int) -> bytes | bool:
    """A line without its `\\n` or `\\r\\n`; at the end the unterminated rest, then true. Chapter 11 section 3."""
    if maximum < 0:
        return refused(sock, 1, "max", NOT_NEGATIVE)
    try:
        data, complete = _until(sock, b"\n", maximum + 1)
        line = data[:-1] if complete and data[-1:] == b"\r" else data
        if len(line) > maximum:
            if complete:
                sock.put_back(bytearray(data + b"\n"))
            raise OSError(errno.EMSGSIZE, "")
        if not complete:
            sock.ahead = None  # the rest, which stood there still
            sock.put_back(bytearray())
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return line if complete or line else True


def send_all(sock: Socket, data: bytes, taken: int = 0) -> bool:
    """Sends everything: true, else false. `sent` then tells how many bytes went out. Chapter 11 section 3.

    taken   how many bytes the system has taken already
    """
    sock.sent_count = taken
    try:
        if sock.guarded:
            admit(sock)
        try:
            if not taken:
                sock.sent_count = sock.endpoint.send(data, SEND)
        except BlockingIOError:
            if not data:
                raise
        if sock.sent_count < len(data):
            if not sock.waits:
                raise OSError(EAGAIN, "")
            _send_rest(sock, data)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


def _send_rest(sock: Socket, data: bytes) -> None:
    view = memoryview(data)
    while True:
        rest = view[sock.sent_count :]
        try:
            if not become_direct(sock):
                raise BlockingIOError
            check()
            sock.sent_count += sock.endpoint.send(rest, MSG_NOSIGNAL)
        except BlockingIOError:
            sock.sent_count += patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.send, rest, SEND)
        if sock.sent_count >= len(data):
            return


def send_line(sock: Socket, data: bytes) -> bool:
    """`send_all( data .. "\\n" )`. Chapter 11 section 3."""
    return send_all(sock, data + b"\n")


def send_with_blocking(sock: Socket, data: bytes, blocking: bool) -> int | bool:
    """`send` that blocks or not, whatever `blocking` says. Chapter 11 section 3."""
    try:
        if sock.guarded:
            admit(sock)
        try:
            taken = sock.endpoint.send(data, SEND)
        except BlockingIOError:
            if not blocking:
                raise
            taken = -1
        if blocking and taken < len(data):
            taken = send_rest(sock, data, max(0, taken), 0)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return taken


def recv_with_blocking(sock: Socket, size: int, blocking: bool) -> bytes | bool:
    """`recv` that blocks or not, whatever `blocking` says. Chapter 11 section 3."""
    if size < 1:
        return length_refused(sock, 1, "n")
    try:
        if sock.guarded:
            admit(sock)
        data = receive(sock, size, 0, blocking)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return data if data or not sock.stream else True


def flush(sock: Socket) -> bool:
    """Nothing is ever held back: true, false on a closed socket. Chapter 11 section 3."""
    if sock.endpoint.fileno() < 0:
        return sock.state.fail(errno.EBADF)
    sock.state.code = 0
    return True


# --- files ------------------------------------------------------------------------------------------------------------


def send_file(sock: Socket, source: Any, offset: int, count: int | None) -> int | bool:
    """Sends a file by path or an open `io_file`, from `offset`, `count` bytes or to its end. Chapter 11 section 3.

    Returns the bytes sent; false on failure (`sent` tells how many went out). The file's position stays.
    """
    sock.sent_count = 0
    if offset < 0 or (count is not None and count < 0):
        return refused(sock, *((2, "offset") if offset < 0 else (3, "count")), NOT_NEGATIVE)
    try:
        if sock.guarded:
            admit(sock)
        if sock.endpoint.fileno() < 0:
            raise OSError(errno.EBADF, "")
        if isinstance(source, bytes):
            path = in_folder(source)
            sock.state.network.admit_file(path)
            fd = os.open(os.fsdecode(path), os.O_RDONLY | os.O_CLOEXEC)
            try:
                _send_descriptor(sock, fd, offset, count)
            finally:
                os.close(fd)
        else:
            number = None if hasattr(source, "endpoint") else descriptor_of(source)  # a socket is no file
            if number is None:
                warning(f"argument 1 - expected string or io_file, got {type_name(source)}")
                return sock.state.fail(errno.EINVAL)
            _send_descriptor(sock, number, offset, count)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return sock.sent_count


def descriptor_of(value: Any) -> int | None:
    """The descriptor of an object of another library that stands for an open file, None when it has none."""
    if not is_object(value):
        return None
    fileno = getattr(value, "fileno", None)
    if fileno is None:
        return None
    try:
        return int(fileno())
    except (TypeError, ValueError):
        return None


def _send_descriptor(sock: Socket, fd: int, offset: int, count: int | None) -> None:
    leave_direct(sock)
    direct = sock.stream
    while count is None or count > 0:
        if direct:
            try:
                taken = _direct(sock, fd, offset, min(count or LARGE_CHUNK * 4, LARGE_CHUNK * 4))
            except OSError as problem:
                if problem.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOSYS):
                    raise
                direct = False
                continue
            sock.sent_count += taken
        else:
            data = os.pread(fd, min(count or COPY, COPY), offset)
            taken = len(data)
            if data:
                _copy(sock, data)
        if not taken:
            return
        offset += taken
        if count is not None:
            count -= taken


def _direct(sock: Socket, fd: int, offset: int, size: int) -> int:
    try:
        return sock.endpoint.send_file(fd, offset, size)
    except BlockingIOError:
        if not sock.waits:
            raise
        return patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.send_file, fd, offset, size)


def _copy(sock: Socket, data: bytes) -> None:
    done = 0
    while done < len(data):
        view = memoryview(data)[done:]
        try:
            taken = sock.endpoint.send(view, SEND)
        except BlockingIOError:
            if not sock.waits:
                raise
            taken = patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.send, view, SEND)
        done += taken
        sock.sent_count += taken
