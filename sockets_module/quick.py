"""The calls that connections spend their time with, without the layers in between.

Rules: each makes a native for `interp.library.method( quick = … )` that does the usual call itself (nothing read ahead,
neither deadline nor cancellable, nothing to wait for but bytes) and leaves everything else to the ordinary body; what
it has received when that turns out not to be usual, it puts back first. After a system call the processor's caches hold
little of ours, so what counts is how much code and how many objects a call touches: arguments that do not fit are found
out by the system call's own refusal, and what depends on the socket's state stands ready in its `sends`, `into`
and `calm` (see
`socket.Socket.settle`).
"""

from __future__ import annotations

import errno

from interp.library import MISSING
from interp.ports import rest

from .network.base import IN
from .state import FAILURES
from .stream import send_all as everything
from .transfer import LARGEST, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_WAITALL, SEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What calls of another form raise: on something else than a socket, or with a value that is no string or number
UNUSUAL = (AttributeError, TypeError, ValueError, OverflowError, MemoryError)
CHUNK = 16384
EXACT_AT_ONCE = 1 << 18
DEFAULT_MAXIMUM = 65536


def given(*values: Any) -> tuple[Any, ...]:
    """The arguments of a call, from the parameters of the native."""
    return values[: values.index(MISSING)] if MISSING in values else values


def recv(spec: Any) -> Any:
    """The native of `recv( int maxlength, int flags )`: see `transfer.recv`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, flags: Any = None) -> Any:
        try:
            into = this.into
            if into is not None:
                if flags is None:
                    data = into.recv(first)
                    if data:
                        this.state.code = 0
                        return data
                    if first > 0:
                        this.state.code = 0
                        return True
            elif flags is None and not this.ahead and 0 < first <= LARGEST:
                registration = this.registration
                if this.calm:
                    if registration.drained and (code := rest(registration, IN)):
                        return spec.invoke(this, (first,)) if code < 0 else this.state.fail(code)
                    if this.ahead:
                        return spec.invoke(this, (first,))
                elif this.guarded or this.direct:
                    return spec.invoke(this, (first,))
                data = this.endpoint.recv(first, MSG_DONTWAIT)
                this.state.code = 0
                if data:
                    if len(data) < first:
                        registration.drained = registration.tells
                    return data
                return True if this.stream else data
        except BlockingIOError:
            return body(this, first, 0)
        except OSError as problem:
            return this.state.fail(problem)
        except UNUSUAL:
            pass
        return spec.invoke(this, given(first) if flags is None else (first, flags))

    return native


def recv_exact(spec: Any) -> Any:
    """The native of `recv_exact( int n )`: see `stream.recv_exact`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING) -> Any:
        try:
            into = this.into
            if into is not None:
                if not 0 < first <= LARGEST:
                    return spec.invoke(this, given(first))
                data = into.recv(first, MSG_WAITALL)
            else:
                if this.ahead or not (this.calm and 0 < first <= EXACT_AT_ONCE):
                    return spec.invoke(this, given(first))
                registration = this.registration
                if registration.drained and (code := rest(registration, IN)):
                    return spec.invoke(this, (first,)) if code < 0 else this.state.fail(code)
                if this.ahead:
                    return spec.invoke(this, (first,))
                data = this.endpoint.recv(first, MSG_DONTWAIT)
        except BlockingIOError:
            return body(this, first)
        except OSError as problem:
            return this.state.fail(problem)
        except UNUSUAL:
            return spec.invoke(this, given(first))
        if len(data) == first:
            this.state.code = 0
            return data
        if not data:
            return this.state.fail(errno.ENODATA)
        this.put_back(bytearray(data))
        return body(this, first)

    return native


def receive_chunk(this: Any) -> bytes | None:
    """What the stream has now, or has next when it has nothing, if nothing is read ahead and nothing limits the wait.

    None where that is not so; raises `OSError`.
    """
    into = this.into
    if into is not None:
        return into.recv(CHUNK)
    if this.ahead or not this.calm:
        return None
    registration = this.registration
    if registration.drained:
        code = rest(registration, IN)
        if code > 0:
            raise OSError(code, "")
        if code or this.ahead:
            return None
    data: bytes = this.endpoint.recv(CHUNK, MSG_DONTWAIT)
    if data and len(data) < CHUNK:
        registration.drained = registration.tells
    return data


def recv_until(spec: Any) -> Any:
    """The native of `recv_until( string delimiter, int max )`: see `stream.recv_until`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, maximum: Any = None) -> Any:
        if maximum is None and type(first) is bytes and first:
            try:
                data = receive_chunk(this)
            except BlockingIOError:
                data = None
            except AttributeError:  # no socket at all
                return spec.invoke(this, (first,))
            except FAILURES as problem:
                return this.state.fail(problem)
            if data is None:
                return body(this, first, DEFAULT_MAXIMUM)
            if not data:
                this.state.code = 0
                return True
            found = data.find(first)
            if found < 0:
                this.put_back(bytearray(data))
                return body(this, first, DEFAULT_MAXIMUM)
            end = found + len(first)
            if end < len(data):
                this.put_back(bytearray(data[end:]))
            this.state.code = 0
            return data[:found]
        return spec.invoke(this, given(first) if maximum is None else (first, maximum))

    return native


def recv_line(spec: Any) -> Any:
    """The native of `recv_line( int max )`: see `stream.recv_line`."""
    body = spec.body

    def native(this: Any = None, maximum: Any = None) -> Any:
        if maximum is not None:
            return spec.invoke(this, (maximum,))
        try:
            ahead = this.ahead
            if ahead and not this.guarded:
                end = ahead.find(b"\n")
                if 0 <= end <= DEFAULT_MAXIMUM:
                    line = bytes(ahead[:end])
                    del ahead[: end + 1]
                    if not ahead:
                        this.put_back(ahead)
                    this.state.code = 0
                    return line[:-1] if line[-1:] == b"\r" else line
                return body(this, DEFAULT_MAXIMUM)
            data = receive_chunk(this)
        except BlockingIOError:
            data = None
        except AttributeError:  # no socket at all
            return spec.invoke(this, ())
        except FAILURES as problem:
            return this.state.fail(problem)
        if data is None:
            return body(this, DEFAULT_MAXIMUM)
        if not data:
            this.state.code = 0
            return True
        end = data.find(b"\n")
        if end < 0:
            this.put_back(bytearray(data))
            return body(this, DEFAULT_MAXIMUM)
        if end + 1 < len(data):
            this.put_back(bytearray(data[end + 1 :]))
        this.state.code = 0
        return data[: end - 1] if end and data[end - 1] == 13 else data[:end]

    return native


def send(spec: Any) -> Any:
    """The native of `send( string data, int flags )`: see `transfer.send`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, flags: Any = None) -> Any:
        taken = 0
        try:
            if flags is None:
                taken = this.sends.send(first, SEND)
                if taken == len(first) or not this.waits:
                    this.state.code = 0
                    return taken
        except BlockingIOError:
            return body(this, first, 0)
        except OSError as problem:
            return this.state.fail(problem)
        except UNUSUAL:
            pass
        if not taken:
            return spec.invoke(this, given(first) if flags is None else (first, flags))
        rest = body(this, first[taken:], 0)
        this.state.code = 0
        return taken if rest is False else taken + rest

    return native


def send_all(spec: Any) -> Any:
    """The native of `send_all( string data )`: see `stream.send_all`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING) -> Any:
        taken = 0
        try:
            taken = this.sends.send(first, MSG_NOSIGNAL if this.direct else SEND)
            if taken == len(first):
                this.sent_count = taken
                this.state.code = 0
                return True
        except BlockingIOError:
            return body(this, first)
        except OSError as problem:
            this.sent_count = 0
            return this.state.fail(problem)
        except UNUSUAL:
            pass
        return body(this, first, taken) if taken else spec.invoke(this, given(first))

    return native


def send_line(spec: Any) -> Any:
    """The native of `send_line( string data )`: see `stream.send_line`."""

    def native(this: Any = None, first: Any = MISSING) -> Any:
        taken = 0
        try:
            line = first + b"\n"
            taken = this.sends.send(line, MSG_NOSIGNAL if this.direct else SEND)
            if taken == len(line):
                this.sent_count = taken
                this.state.code = 0
                return True
        except BlockingIOError:
            return everything(this, line)
        except OSError as problem:
            this.sent_count = 0
            return this.state.fail(problem)
        except UNUSUAL:
            pass
        return everything(this, line, taken) if taken else spec.invoke(this, given(first))

    return native
