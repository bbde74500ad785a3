"""Asking and waiting for readiness: `socket_select`, conditions, pollers, watches, and the loop `socket_run`.

Rules: readiness is level-triggered for scripts; bytes read ahead are readable; there is no limit to the number or the
size of descriptors; looking never blocks other script threads, waiting parks the one that waits.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import weakref

from interp import ports
from interp.library import Object, call, new_array, new_dict, prop, warning
from interp.library import poll as check

from .errors import operation
from .network.base import ERR, HUP, IN, NVAL, OUT, PRI
from .state import FAILURES, State, state
from .waiting import Cancellable, Registration, Waits, admit, limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .socket import Socket

MASKS = IN | OUT | PRI | ERR | HUP
# What makes an entry of the three arrays ready, as the system's own select( 2 ) has it
READS, WRITES, ERRORS = IN | HUP | ERR, OUT | ERR, PRI


def has_ahead(sock: Socket) -> bool:
    """Whether a receive would give something that no selector sees: bytes read ahead, or decrypted."""
    return bool(sock.ahead) or (sock.secure is not None and sock.secure.readable())


# --- socket_select ----------------------------------------------------------------------------------------------------


def socket_select(reads: Any, writes: Any, errors: Any, seconds: float | None) -> int | None:
    """Waits until sockets are ready and removes the others from the arrays; how many are left. Chapter 10 section 5.

    seconds   the longest wait, None = for ever. 0 when it ran out, -1 on failure; misuse: null and a Warning.
    """
    from .socket import Socket

    if seconds is not None and not seconds >= 0:
        return warning("argument 4 (timeout) cannot be negative")
    # copies: other threads may change the arrays while this one waits
    groups = (
        (reads, tuple(reads), READS, IN, "read"),
        (writes, tuple(writes), WRITES, OUT, "write"),
        (errors, tuple(errors), ERRORS, PRI, "error"),
    )
    wanted: dict[int, int] = {}
    registrations = []
    secured: list[Socket] = []
    ahead = False
    for _, group, _, asked, name in groups:
        for position, sock in enumerate(group, 1):
            if not isinstance(sock, Socket):
                return warning(f"item #{position} of '{name}' array is not a socket")
            fd = sock.endpoint.fileno()
            if fd < 0:
                return warning(f"item #{position} of '{name}' array is not an open socket")
            if fd not in wanted:
                registrations.append(sock.registration)
                wanted[fd] = asked
            else:
                wanted[fd] |= asked
            if asked == IN:
                ahead = has_ahead(sock) or ahead
                if sock.secure is not None:
                    secured.append(sock)
    owner = state()
    try:
        limit = 0.0 if ahead else None if seconds is None else ports.clock() + seconds
        while True:
            ready = owner.reactor.wait_many(wanted, registrations, limit)
            for sock in secured:
                # ciphertext that makes no plain bytes yet is nothing to receive
                if ready.get(sock.registration.fd, 0) & IN and not has_ahead(sock):
                    ready[sock.registration.fd] &= ~IN
            if not secured or any(ready.values()) or (limit is not None and ports.clock() >= limit):
                break
    except FAILURES as problem:
        owner.fail(problem)
        return -1
    owner.code = 0
    count = 0
    for array, group, counts, asked, _ in groups:
        kept = [
            sock
            for sock in group
            if ready.get(sock.registration.fd, 0) & (counts | NVAL) or (asked == IN and has_ahead(sock))
        ]
        array[:] = kept
        count += len(kept)
    return count


# --- conditions of one socket -----------------------------------------------------------------------------------------


def conditions(sock: Socket, mask: int) -> int:
    """The satisfied part of a mask, errors included, without waiting. Raises `OSError` on a closed socket."""
    fd = sock.endpoint.fileno()
    if fd < 0:
        raise OSError(errno.EBADF, "")
    found = sock.state.reactor.selector.poll_many({fd: mask & (IN | OUT | PRI)}, 0.0).get(fd, 0)
    if sock.secure is not None:
        found &= ~IN
    if mask & IN and has_ahead(sock):
        found |= IN
    return found & (mask | ERR | HUP) & MASKS


def condition_check(sock: Socket, mask: int) -> int | bool:
    """The satisfied part of the mask, ERR and HUP always included; false on failure. Chapter 11 section 3."""
    try:
        found = conditions(sock, mask)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return found


def condition_wait(sock: Socket, mask: int, seconds: float | None) -> bool:
    """Waits until part of the mask is satisfied: true; false with ETIMEDOUT or ECANCELED. Chapter 11 section 3."""
    if seconds is not None and not seconds >= 0:
        warning("argument 2 (timeout) cannot be negative")
        return sock.state.fail(errno.EINVAL)
    reactor = sock.state.reactor
    try:
        admit(sock)
        limit, late = limits(sock, seconds, errno.ETIMEDOUT)
        while not conditions(sock, mask):
            # who waits for nothing but the end must hear of it, too
            events = mask & (IN | OUT | PRI) or PRI
            reactor.wait(sock.fileno(), sock.registration, events, limit, late, sock.canceller)
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


# --- pollers ----------------------------------------------------------------------------------------------------------


class Poller(Object, name="socket_poller"):
    """A set of sockets over the platform's best selector: `socket_poller()` of chapter 11 section 4.

    It holds its sockets; they know it by weak references, to leave it when they close and to tell it of bytes read
    ahead, which no selector sees.
    """

    __slots__ = ("_level", "_members", "_registration", "_state", "ahead")

    def __init__(self, owner: State) -> None:
        self._state = owner
        self._level = owner.network.level_poller()
        self._registration = Registration(self._level.fileno())
        self._members: dict[int, tuple[Socket, int, Any]] = {}
        self.ahead: set[int] = set()
        owner.resources.add(self)

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            pass  # the interpreter is going down

    def close(self) -> None:
        """The engine closes, or nobody refers to it any more."""
        if self._level is not None:
            self._state.reactor.forget(self._registration)
            self._level.close()
            self._level = None  # type: ignore[assignment]

    def drop(self, fd: int) -> None:
        """A member is being closed."""
        if self._members.pop(fd, None) is not None and self._level is not None:
            self._level.remove(fd)
        self.ahead.discard(fd)

    def _member(self, sock: Any) -> int:
        """The descriptor of a member; raises when the socket is closed or no member."""
        fd: int = sock.endpoint.fileno()
        if fd < 0:
            raise OSError(errno.EBADF, "")
        if fd not in self._members or self._members[fd][0] is not sock:
            raise OSError(errno.ENOENT, "")
        return fd

    @operation("add( socket member, int mask[, any data ] )")
    def add(self, sock: Socket, mask: int, data: Any) -> bool:
        """Adds a socket with the conditions to wait for and a value to give back. False: closed, or there already."""
        try:
            fd = sock.endpoint.fileno()
            if fd < 0:
                raise OSError(errno.EBADF, "")
            if fd in self._members:
                raise OSError(errno.EEXIST, "")
            self._level.add(fd, mask & (IN | OUT | PRI))
        except FAILURES as problem:
            return self._state.fail(problem)
        self._members[fd] = (sock, mask, data)
        if sock.pollers is None:
            sock.pollers = []
        sock.pollers.append(weakref.ref(self))
        if has_ahead(sock):
            self.ahead.add(fd)
        self._state.code = 0
        return True

    @operation("modify( socket member, int mask[, any data ] )")
    def modify(self, sock: Socket, mask: int, data: Any) -> bool:
        """Changes the conditions and the value of a member. False: not a member."""
        try:
            fd = self._member(sock)
            self._level.modify(fd, mask & (IN | OUT | PRI))
        except FAILURES as problem:
            return self._state.fail(problem)
        self._members[fd] = (sock, mask, data)
        self._state.code = 0
        return True

    @operation("remove( socket member )")
    def remove(self, sock: Socket) -> bool:
        """Takes a socket out. False: not a member."""
        try:
            fd = self._member(sock)
        except FAILURES as problem:
            return self._state.fail(problem)
        self.drop(fd)
        if sock.pollers is not None:
            sock.pollers = [ref for ref in sock.pollers if ref() not in (None, self)] or None
        self._state.code = 0
        return True

    @operation("wait( [ real timeout[, int max ]] )")
    def wait(self, seconds: float | None, most: int | None) -> Any:
        """Waits until members are ready: an array of dicts `socket events data`, empty when the time ran out.

        most   how many at once; the others come next time. False on failure.
        """
        if seconds is not None and not seconds >= 0:
            warning("argument 1 (timeout) cannot be negative")
            return self._state.fail(errno.EINVAL)
        if most is not None and most < 1:
            warning("argument 2 (max) must be positive")
            return self._state.fail(errno.EINVAL)
        try:
            found = self._collect(most)
            if not found and seconds != 0:
                reactor = self._state.reactor
                limit = None if seconds is None else ports.clock() + seconds
                fd = self._registration.fd
                while not found and reactor.wait_many({fd: IN}, (self._registration,), limit):
                    found = self._collect(most)
        except FAILURES as problem:
            return self._state.fail(problem)
        self._state.code = 0
        return new_array(
            new_dict([(b"socket", sock), (b"events", events), (b"data", data)]) for sock, events, data in found
        )

    def _collect(self, most: int | None) -> list[tuple[Socket, int, Any]]:
        if self._level is None:
            raise OSError(errno.EBADF, "")
        members = self._members
        ready = self._level.ready(most or max(1, len(members)))
        if self.ahead:
            ready = self._with_ahead(ready, most)
        found = []
        for fd, events in ready:
            member = members.get(fd)
            if member is not None and member[0].secure is not None and events & IN:
                if has_ahead(member[0]):
                    self.ahead.add(fd)
                else:
                    events &= ~IN
            if member is not None and events:
                found.append((member[0], events & MASKS, member[2]))
        return found

    def _with_ahead(self, ready: list[tuple[int, int]], most: int | None) -> list[tuple[int, int]]:
        """Adds the members with bytes read ahead, which the selector does not know to be readable."""
        self.ahead = {fd for fd in self.ahead if fd in self._members and has_ahead(self._members[fd][0])}
        merged = {fd: IN for fd in self.ahead if self._members[fd][1] & IN}
        for fd, events in ready:
            merged[fd] = merged.get(fd, 0) | events
        return list(merged.items())[:most]

    @prop
    def size(self) -> int:
        """How many sockets it holds."""
        return len(self._members)


def socket_poller() -> Poller | None:
    """A new, empty poller; null on failure. Chapter 11 section 4."""
    owner = state()
    try:
        made = Poller(owner)
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return made


def leave_pollers(sock: Socket) -> None:
    """The socket is being closed: takes it out of its pollers."""
    for ref in sock.pollers or ():
        poller = ref()
        if poller is not None:
            poller.drop(sock.registration.fd)
    sock.pollers = None


def tell_pollers(sock: Socket) -> None:
    """The socket has bytes read ahead."""
    for ref in sock.pollers or ():
        poller = ref()
        if poller is not None:
            poller.ahead.add(sock.registration.fd)


# --- watches and the loop ---------------------------------------------------------------------------------------------


class Watch(Object, Waits, name="socket_watch"):
    """A callback for a socket's conditions, called by `socket_run`: `watch` of chapter 11 section 3.

    It stands among the waiters of the socket's registration like a parked thread.
    """

    __slots__ = ("_loop", "_queued", "callback", "mask", "sock")

    def __init__(self, loop: Loop, sock: Socket, mask: int, callback: Any) -> None:
        self._loop = loop
        self._queued = False
        self.sock: Socket | None = sock
        self.mask = mask
        self.callback = callback

    def ready(self, events: int) -> None:
        """The selector reported something: to be looked at in this turn of the loop."""
        if not self._queued and self.sock is not None:
            self._queued = True
            self._loop.queued.append(self)

    def end(self, code: int) -> None:
        """The socket is being closed."""
        self.drop()

    def drop(self) -> bool:
        """Takes the watch out of everything; false when it was already."""
        sock, self.sock, self.callback = self.sock, None, None
        if sock is None:
            return False
        waiters = sock.registration.waiters
        if waiters is not None and self in waiters:
            waiters.remove(self)
        self._loop.watches.discard(self)
        return True

    def look(self) -> None:
        """Calls the callback if a condition is satisfied; a false answer ends the watch."""
        self._queued = False
        sock = self.sock
        if sock is None:
            return
        try:
            found = conditions(sock, self.mask)
        except OSError:
            self.drop()
            return
        if not found:
            return  # armed: the selector reports the next change
        if call(self.callback, None, sock, found):
            self.ready(found)
        else:
            self.drop()

    @operation("remove()")
    def remove(self) -> bool:
        """Ends the watch; false when it had ended already."""
        return self.drop()


class Loop:
    """What `socket_run` drives besides threads: the engine's watches, and whether it was told to stop."""

    __slots__ = ("__weakref__", "queued", "stopped", "watches")

    def __init__(self) -> None:
        self.watches: set[Watch] = set()
        self.queued: list[Watch] = []
        self.stopped = False

    def call_watches(self) -> None:
        queued, self.queued = self.queued, []
        for watch in queued:
            watch.look()


def watch(sock: Socket, mask: int, callback: Any) -> Watch | bool:
    """Has `socket_run` call `callback( socket, condition )` while it returns true. False on a closed socket."""
    if sock.endpoint.fileno() < 0:
        return sock.state.fail(errno.EBADF)
    loop = sock.state.loop
    made = Watch(loop, sock, mask, callback)
    registration = sock.registration
    try:
        sock.state.reactor.arm(registration, mask & (IN | OUT | PRI))
    except FAILURES as problem:
        return sock.state.fail(problem)
    if registration.waiters is None:
        registration.waiters = []
    registration.waiters.append(made)
    loop.watches.add(made)
    made.ready(0)  # what is so already is no change the selector would report
    sock.state.code = 0
    return made


def socket_run(seconds: float | None) -> int | None:
    """Runs the threads of the running context and the watches until none is left. Chapter 11 section 4.

    seconds   ends it earlier, as does `socket_stop()`. Returns how many threads are left.
    """
    owner = state()
    if seconds is not None and not seconds >= 0:
        warning("argument 1 (timeout) cannot be negative")
        return owner.refuse(errno.EINVAL)
    loop, reactor = owner.loop, owner.reactor
    loop.stopped = False
    last = ports.clock()
    limit = None if seconds is None else last + seconds
    while True:
        check()
        now = ports.clock()
        left = ports.run_pass(now - last)
        last = now
        loop.call_watches()
        if loop.stopped or (not left and not loop.watches):
            break
        now = ports.clock()
        if limit is not None and now >= limit:
            break
        due = 0.0 if loop.queued else ports.next_due()
        if limit is not None and (due is None or now + due > limit):
            due = limit - now
        if ports.can_park() and due != 0.0:
            reactor.pulse(None if due is None else now + due)
        else:
            reactor.turn(due)
    return left


def socket_stop() -> bool:
    """Makes the running `socket_run` return after this pass. True. Chapter 11 section 4."""
    state().loop.stopped = True
    return True


def socket_cancellable() -> Cancellable:
    """A new cancellable. Chapter 11 section 4."""
    return Cancellable()
