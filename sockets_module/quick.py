"""The calls that connections spend their time with, without the layers in between.

Rules: each makes a native for `interp.library.method( quick = … )` that does the usual call itself (the exact types, no
optional arguments, nothing read ahead, neither deadline nor cancellable, nothing to wait for) and leaves everything
else to the ordinary body; what it has received when that turns out not to be usual, it puts back first.
"""

from __future__ import annotations

import errno

from interp.library import MISSING
from interp.ports import running

from .network.base import IN
from .state import FAILURES
from .transfer import LARGEST, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_WAITALL, SEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What calls of another form raise: on something else than a socket, or with a value that is no string or number
UNUSUAL = (AttributeError, TypeError, ValueError, OverflowError, MemoryError)
CHUNK = 16384
EXACT_AT_ONCE = 1 << 18


def recv(spec: Any) -> Any:
    """The native of `recv( int maxlength )`: see `transfer.recv`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, *more: Any) -> Any:
        try:
            into = this.into
            if into is not None and not more and not this.ahead:
                data = into.recv(first)
                if data:
                    this.state.code = 0
                    return data
            elif (
                type(first) is int and 0 < first <= LARGEST and not (more or this.ahead or this.guarded or this.direct)
            ):
                registration = this.registration
                if registration.drained and this.waits:
                    if this.inactivity or this.recv_span is not None or running.context.owner is None:
                        return body(this, first, 0)
                    this.state.reactor.rest(registration, IN)
                    if this.ahead:
                        return body(this, first, 0)
                    data = this.endpoint.recv(first, MSG_DONTWAIT)
                    registration.drained = len(data) < first and not registration.ended and this.drains is this.endpoint
                else:
                    data = this.endpoint.recv(first, MSG_DONTWAIT)
                    if len(data) < first and this.drains is this.endpoint:
                        registration.drained = not registration.ended and bool(data)
                this.state.code = 0
                return data if data or not this.stream else True
        except BlockingIOError:
            return body(this, first, 0)
        except OSError as problem:
            return this.state.fail(problem)
        except UNUSUAL:
            pass
        return spec.invoke(this, () if first is MISSING else (first, *more))

    return native


def recv_exact(spec: Any) -> Any:
    """The native of `recv_exact( int n )`: see `stream.recv_exact`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, *more: Any) -> Any:
        try:
            if more or this.ahead or this.guarded or not this.stream or type(first) is not int:
                return spec.invoke(this, () if first is MISSING else (first, *more))
            into = this.into
            if into is not None and 0 < first <= LARGEST:
                data = into.recv(first, MSG_WAITALL)
            elif first > EXACT_AT_ONCE or first < 1 or (this.registration.drained and this.waits):
                return body(this, first)
            else:
                data = this.endpoint.recv(first, MSG_DONTWAIT)
        except BlockingIOError:
            return body(this, first)
        except OSError as problem:
            return this.state.fail(problem)
        except UNUSUAL:
            return spec.invoke(this, () if first is MISSING else (first, *more))
        if len(data) == first:
            this.state.code = 0
            return data
        if not data:
            return this.state.fail(errno.ENODATA)
        this.put_back(bytearray(data))
        return body(this, first)

    return native


def recv_until(spec: Any) -> Any:
    """The native of `recv_until( string delimiter )`: see `stream.recv_until`."""
    kind: Any = None
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, *more: Any) -> Any:
        nonlocal kind
        if type(this) is not kind or type(first) is not bytes or more or this.ahead or this.guarded or not this.stream:
            if kind is None and getattr(type(this), "type_name", None) == "socket":
                kind = type(this)
            return spec.invoke(this, () if first is MISSING else (first, *more))
        registration = this.registration
        try:
            if registration.drained and this.waits and this.drains is this.endpoint:
                if this.inactivity or this.recv_span is not None or running.context.owner is None:
                    return body(this, first, DEFAULT_MAXIMUM)
                this.state.reactor.rest(registration, IN)
                registration.drained = False
                if this.ahead:
                    return body(this, first, DEFAULT_MAXIMUM)
            if not first:
                return body(this, first, DEFAULT_MAXIMUM)
            data = this.endpoint.recv(CHUNK, MSG_DONTWAIT)
        except BlockingIOError:
            return body(this, first, DEFAULT_MAXIMUM)
        except FAILURES as problem:
            return this.state.fail(problem)
        if not data:
            this.state.code = 0
            return True
        if len(data) < CHUNK and this.drains is this.endpoint:
            registration.drained = not registration.ended
        found = data.find(first)
        if found >= 0 and found + len(first) == len(data):
            this.state.code = 0
            return data[:found]
        this.put_back(bytearray(data))
        return body(this, first, DEFAULT_MAXIMUM)

    return native


def send(spec: Any) -> Any:
    """The native of `send( string data )`: see `transfer.send`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, *more: Any) -> Any:
        taken = 0
        try:
            if not (more or this.guarded):
                taken = this.endpoint.send(first, SEND)
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
            return spec.invoke(this, () if first is MISSING else (first, *more))
        rest = body(this, first[taken:], 0)
        this.state.code = 0
        return taken if rest is False else taken + rest

    return native


def send_all(spec: Any) -> Any:
    """The native of `send_all( string data )`: see `stream.send_all`."""
    body = spec.body

    def native(this: Any = None, first: Any = MISSING, *more: Any) -> Any:
        taken = 0
        try:
            if not (more or this.guarded):
                taken = this.endpoint.send(first, SEND if this.into is None else MSG_NOSIGNAL)
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
        return body(this, first, taken) if taken else spec.invoke(this, () if first is MISSING else (first, *more))

    return native


DEFAULT_MAXIMUM = 65536
