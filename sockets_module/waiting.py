"""The one place where an operation waits.

Rules: every operation first tries its system call and comes here only when that would block; what ends a wait is
readiness, a limit in time, a cancellable, an interrupt of the engine, or the closing of the socket, and nothing else.
In a script thread a wait parks the thread; outside it blocks the engine. A wait may end too early (spuriously), so the
operation tries again.

A descriptor is armed in the selector once, when a thread first waits for it, and stays armed until it is closed: a
wake-up costs time for the ready descriptors only. Readiness is an edge, so nobody may wait without having seen
"would block" after the last edge; that is why trying comes first.
"""

from __future__ import annotations

import collections
import errno
import heapq
import weakref

from interp import ports
from interp.library import Object, method, prop
from interp.ports import FREE, check, wake

from .network.base import ERR, HUP, IN, NVAL, PRI, RDHUP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .network.base import Network, Selector
    from .socket import Socket

ALWAYS = ERR | HUP | NVAL
BREAKS = ALWAYS | PRI | RDHUP


class Waits:
    """Something that waits for a descriptor: a parked thread (`Waiter`) or a `socket_watch`."""

    __slots__ = ()
    code: int | None = None

    def ready(self, events: int) -> None:
        """The selector has reported these events."""
        raise NotImplementedError

    def end(self, code: int) -> None:
        """The wait is over: with 0 for ready, else with the errno that ended it."""
        raise NotImplementedError


class Registration:
    """One descriptor the selector knows: its mask there, and who waits for it. Refers to no socket.

    It is itself a spot where one thread can wait without limits (see `interp.runtime.threads.rest`), as those of most
    servers do: what a message touches of a connection's objects costs more than what is done with them.

    waiters   who else waits
    tells     a receive that gets less than it asked for has left nothing, and the selector reports when there is more:
              `exact` (TCP, see `epoll(7)`) and armed. Not after the peer's end, an error, or urgent data, at which
              receives stop short
    drained   a receive got less, and the selector has reported nothing since: the next one would block, so nobody need
              try
    """

    __slots__ = ("code", "drained", "events", "exact", "fd", "mask", "shared", "tells", "thread", "waiters")

    def __init__(self, fd: int, exact: bool = False) -> None:
        self.fd = fd
        self.mask = 0
        self.exact = exact
        self.tells = False
        self.drained = False
        self.waiters: list[Waits] | None = None
        self.code: int | None = FREE
        self.events = 0
        self.thread: Any = None
        self.shared: Any = None

    def blur(self) -> None:
        """From now on a short receive tells nothing."""
        self.exact = self.tells = self.drained = False

    def offer(self) -> None:
        """Something can be received that no selector will report, or not again: who waits for it is to look."""
        if self.thread is not None and self.events & IN:
            self.end(0)
        for waiter in tuple(self.waiters or ()):
            waiter.ready(IN)

    def end(self, code: int) -> None:
        """Ends the wait of the thread that rests here."""
        if self.code is None:
            self.code = code
            wake(self)


class Waiter(Waits):
    """One parked wait. `code` is None while it waits, then 0 (perhaps ready) or the errno that ended it."""

    __slots__ = ("__weakref__", "code", "events", "late", "thread")

    def __init__(self, events: int, late: int) -> None:
        self.events = events
        self.late = late
        self.code: int | None = None
        self.thread: Any = None  # for the scheduler's use

    def ready(self, events: int) -> None:
        """The descriptor has these events; wakes the thread when it waits for one of them."""
        if self.code is None and events & (self.events | ALWAYS):
            self.code = 0
            wake(self)

    def end(self, code: int) -> None:
        """Ends the wait; the first reason counts."""
        if self.code is None:
            self.code = code
            wake(self)


class Reactor:
    """Waits for one engine: the selector, the parked waits and their times."""

    __slots__ = (
        "__weakref__", "_armed", "_network", "_posts", "_pulses", "_remove_interrupt", "_selector", "_sequence",
        "_timed", "_timers",
    )  # fmt: skip

    def __init__(self, network: Network) -> None:
        self._network = network
        self._selector: Selector | None = None
        self._remove_interrupt: Callable[[], None] | None = None
        self._armed: dict[int, Registration] = {}
        self._timers: list[tuple[float, int, Waiter]] = []
        self._sequence = 0
        self._posts: collections.deque[Callable[[], None]] = collections.deque()
        self._pulses: list[Waiter] = []
        self._timed = 0  # how many parked waits have a limit

    @property
    def selector(self) -> Selector:
        """The engine's selector, made when something first waits."""
        if self._selector is None:
            self._selector = self._network.selector()
            self._remove_interrupt = ports.on_interrupt(self._selector.wake)
            mine = weakref.ref(self)

            def look() -> None:
                reactor = mine()
                if reactor is not None and ports.threads().alive:
                    reactor.turn(0.0)

            ports.on_pass(look)
        return self._selector

    # --- one descriptor -----------------------------------------------------------------------------------------------

    def wait(
        self,
        fd: int,
        registration: Registration,
        events: int,
        limit: float | None,
        late: int,
        cancellable: Cancellable | None,
    ) -> None:
        """Returns when the descriptor may be ready; raises `OSError` when the wait ended otherwise.

        limit    point in time (`ports.clock`), None = none; the error is then `late`
        """
        count = 0 if cancellable is None else cancellable.begin(self)
        if ports.can_park():
            self._park(((registration, events),), limit, late, cancellable)
            return
        if fd < 0:
            raise OSError(errno.EBADF, "")
        selector = self.selector
        while True:
            check()
            left = None if limit is None else limit - ports.clock()
            if selector.poll(fd, events, left if left is None or left > 0 else 0.0):
                return
            self.run_posts()
            if cancellable is not None and cancellable.count != count:
                raise OSError(errno.ECANCELED, "")
            if left is not None and left <= 0:
                raise OSError(late, "")

    # --- several descriptors ------------------------------------------------------------------------------------------

    def wait_many(
        self,
        wanted: dict[int, int],
        registrations: Iterable[Registration],
        limit: float | None,
        cancellable: Cancellable | None = None,
    ) -> dict[int, int]:
        """Waits until one of the descriptors is ready; returns the ready ones with their events, empty when late."""
        selector = self.selector
        count = 0 if cancellable is None else cancellable.begin(self)
        while True:
            check()
            left = None if limit is None else max(0.0, limit - ports.clock())
            parks = (left is None or left > 0) and ports.can_park()
            ready = selector.poll_many(wanted, 0.0 if parks else left)
            if ready:
                return ready
            self.run_posts()
            if cancellable is not None and cancellable.count != count:
                raise OSError(errno.ECANCELED, "")
            if left == 0.0:
                return {}
            if parks:
                interests = tuple((one, wanted[one.fd]) for one in registrations if one.fd in wanted)
                try:
                    self._park(interests, limit, errno.ETIMEDOUT, cancellable)
                except OSError as problem:
                    if problem.errno != errno.ETIMEDOUT:
                        raise

    def sleep(self, limit: float) -> None:
        """Waits until a point in time; other script threads run meanwhile."""
        if ports.can_park():
            try:
                self._park((), limit, errno.ETIMEDOUT, None)
            except OSError as problem:
                if problem.errno != errno.ETIMEDOUT:
                    raise
            return
        while (left := limit - ports.clock()) > 0:
            check()
            self.selector.poll_many({}, left)
            self.run_posts()

    # --- work of other OS threads -------------------------------------------------------------------------------------

    def post(self, work: Callable[[], None]) -> None:
        """Has the engine's OS thread do something at its next look at the selector. For any OS thread."""
        self._posts.append(work)
        selector = self._selector
        if selector is not None:
            selector.wake()

    def run_posts(self) -> None:
        """Does what other OS threads have posted."""
        posts = self._posts
        while posts:
            try:
                work = posts.popleft()
            except IndexError:
                return
            work()

    def outcome(self, begin: Callable[[Callable[[Any, BaseException | None], None]], None], limit: float | None) -> Any:
        """The result of background work, without holding up other script threads.

        `begin( done )` starts it; `done( result, failure )` may be called on any OS thread. A failure is raised here.
        """
        self.selector  # noqa: B018 - made now, so that `post` finds it
        box: list[tuple[Any, BaseException | None]] = []
        parks = ports.can_park()
        waiter = Waiter(0, errno.ETIMEDOUT)
        mine = weakref.ref(self)

        def finish() -> None:
            if parks:
                waiter.end(0)

        def done(result: Any, failure: BaseException | None) -> None:
            box.append((result, failure))
            reactor = mine()
            if reactor is not None:
                reactor.post(finish)

        begin(done)
        while not box:
            if parks:
                self._park_waiter(waiter, (), limit, None)
                break
            check()
            left = None if limit is None else limit - ports.clock()
            if left is not None and left <= 0:
                raise OSError(errno.ETIMEDOUT, "")
            self.selector.poll_many({}, left)
            self.run_posts()
        waiter.code = 0
        result, failure = box.pop()
        try:
            if failure is not None:
                raise failure
            return result
        finally:
            del failure  # its traceback holds this frame

    # --- parking ------------------------------------------------------------------------------------------------------

    def rest(self, registration: Registration, events: int) -> None:
        """Parks the running thread, which must be one, until the descriptor may be ready: without any limit."""
        if registration.mask & events != events:
            self.arm(registration, events)
        code: int | None = ports.rest(registration, events)
        if code == FREE:
            if registration.code != FREE:
                self._park_waiter(Waiter(events, 0), ((registration, events),), None, None)
                return
            registration.code = None
            registration.events = events
            try:
                ports.park(registration)
            finally:
                registration.thread = None
                code, registration.code = registration.code, FREE
        if code:
            raise OSError(code, "")

    def _park(
        self,
        interests: tuple[tuple[Registration, int], ...],
        limit: float | None,
        late: int,
        cancellable: Cancellable | None,
    ) -> None:
        if limit is None and cancellable is None and len(interests) == 1:
            self.rest(*interests[0])
            return
        events = 0
        for _, wanted in interests:
            events |= wanted
        self._park_waiter(Waiter(events, late), interests, limit, cancellable)

    def _park_waiter(
        self,
        waiter: Waiter,
        interests: tuple[tuple[Registration, int], ...],
        limit: float | None,
        cancellable: Cancellable | None,
    ) -> None:
        if limit is not None:
            if limit <= ports.clock():
                raise OSError(waiter.late, "")
            self._sequence += 1
            heapq.heappush(self._timers, (limit, self._sequence, waiter))
            self._timed += 1
        try:
            for registration, events in interests:
                self.arm(registration, events)
                if registration.waiters is None:
                    registration.waiters = [waiter]
                else:
                    registration.waiters.append(waiter)
            if cancellable is not None:
                cancellable.waiters.append(waiter)
                cancellable.begin(self)  # again: another OS thread may have cancelled before it could see the waiter
            ports.park(waiter)
        finally:
            for registration, _ in interests:
                waiters = registration.waiters
                if waiters is not None and waiter in waiters:
                    waiters.remove(waiter)
                    if not waiters:
                        registration.waiters = None
            if cancellable is not None and waiter in cancellable.waiters:
                cancellable.waiters.remove(waiter)
            if waiter.code is None:
                waiter.code = 0  # aborted: a late timer or event finds it ended
            if limit is not None:
                self._timed -= 1
                self._tidy_timers()
        if waiter.code:
            raise OSError(waiter.code, "")

    def _tidy_timers(self) -> None:
        """Timers of ended waits stay in the heap until their time; drops them when they are the most of it."""
        timers = self._timers
        if len(timers) > 2 * self._timed + 64:
            self._timers = [timer for timer in timers if timer[2].code is None]
            heapq.heapify(self._timers)

    def arm(self, registration: Registration, events: int) -> None:
        """Makes sure the selector reports these events of a descriptor."""
        mask = registration.mask
        events = events or PRI  # who waits for nothing but the end must be armed, too
        if mask & events != events:
            self._armed[registration.fd] = registration
            registration.shared = ports.threads()
            self.selector.arm(registration.fd, mask | events)
            registration.mask = mask | events
            registration.tells = registration.exact and registration.mask & IN != 0

    def forget(self, registration: Registration) -> None:
        """The descriptor is being closed: takes it out of the selector and ends every wait for it with EBADF."""
        registration.blur()  # the next receive must try, and learn that it is closed
        if registration.mask:
            registration.mask = 0
            if self._armed.get(registration.fd) is registration:
                del self._armed[registration.fd]
            if self._selector is not None:
                self._selector.disarm(registration.fd)
        registration.end(errno.EBADF)
        waiters, registration.waiters = registration.waiters, None
        for waiter in waiters or ():
            waiter.end(errno.EBADF)

    # --- one look at the selector -------------------------------------------------------------------------------------

    def turn(self, timeout: float | None) -> None:
        """Waits for at most `timeout` seconds and wakes every parked wait that is ready, late or cancelled."""
        timers = self._timers
        while timers and timers[0][2].code is not None:
            heapq.heappop(timers)
        if timers:
            left = max(0.0, timers[0][0] - ports.clock())
            if timeout is None or left < timeout:
                timeout = left
        selector = self.selector
        # looking at a descriptor may have taken a wake-up away: what it was for is asked for here, before waiting
        check()
        if self._posts:
            timeout = 0.0
        ready = selector.wait(timeout)
        armed = self._armed
        woken = ports.threads().woken
        for fd, events in ready:
            registration = armed.get(fd)
            if registration is None:
                continue
            registration.drained = False
            if events & BREAKS:
                registration.blur()
            thread = registration.thread
            if thread is not None and events & (registration.events | ALWAYS):
                registration.thread = None  # as `Registration.end( 0 )`, without the calls
                registration.code = 0
                woken.append(thread)
            waiters = registration.waiters
            if waiters:
                for waiter in tuple(waiters):
                    waiter.ready(events)
        self.run_posts()
        # times are judged after readiness: what came in time while the engine was busy has not failed
        timers = self._timers
        if timers:
            now = ports.clock()
            while timers and timers[0][0] <= now:
                waiter = heapq.heappop(timers)[2]
                waiter.end(waiter.late)
        pulses, self._pulses = self._pulses, []
        for waiter in pulses:
            waiter.end(0)

    def pulse(self, limit: float | None) -> None:
        """Parks until the next look at the selector, or until the limit: for a `socket_run` inside a script thread."""
        waiter = Waiter(0, 0)
        self._pulses.append(waiter)
        self._park_waiter(waiter, (), limit, None)

    def pause(self) -> None:
        """Parks the running script thread until the next look at the selector, which does not wait then."""
        waiter = Waiter(0, 0)
        self.post(lambda: waiter.end(0))
        self._park_waiter(waiter, (), None, None)

    def close(self) -> None:
        """Releases the selector; the engine has closed."""
        if self._remove_interrupt is not None:
            self._remove_interrupt()
            self._remove_interrupt = None
        if self._selector is not None:
            self._selector.close()
            self._selector = None
        self._armed.clear()
        self._timers.clear()


class Cancellable(Object, name="socket_cancellable"):
    """What cancels socket operations: `socket_cancellable()` of chapter 11 section 4.

    `flag` and `count` (of cancellations) change on any OS thread; the waits are ended by the engine's own.
    """

    __slots__ = ("_reactor", "count", "flag", "waiters")

    def __init__(self) -> None:
        self.flag = False
        self.count = 0
        self.waiters: list[Waiter] = []
        self._reactor: weakref.ref[Reactor] | None = None

    def begin(self, reactor: Reactor) -> int:
        """An operation begins: it fails when this is cancelled, and hears of it when the number given here changes."""
        if self._reactor is None:
            self._reactor = weakref.ref(reactor)
        count = self.count  # before the flag, as `cancel` sets it after: whichever comes first, one of them tells
        if self.flag:
            raise OSError(errno.ECANCELED, "")
        return count

    @method("cancel()")
    def cancel(self) -> bool:
        """Makes every operation on sockets that carry this fail with ECANCELED, the waiting ones at once. True."""
        self.flag = True
        self.count += 1
        reactor = None if self._reactor is None else self._reactor()
        if reactor is not None:
            waiters = tuple(self.waiters)

            def end_waits() -> None:
                for waiter in waiters:
                    waiter.end(errno.ECANCELED)

            reactor.post(end_waits)
        return True

    @method("reset()")
    def reset(self) -> bool:
        """Lets operations begin again. True."""
        self.flag = False
        return True

    @prop
    def cancelled(self) -> bool:
        """Whether `cancel` was called and `reset` not since."""
        return self.flag


def limits(sock: Socket, seconds: float | None, late: int) -> tuple[float | None, int]:
    """When an operation that begins to wait now must end, and the error it then ends with.

    seconds   the operation's own span (a timeout argument, `recv_timeout`, …), None or 0 = none
    """
    limit = None
    if seconds is not None:
        limit = ports.clock() + seconds
    inactivity = sock.inactivity
    if inactivity:
        own = ports.clock() + inactivity
        if limit is None or own < limit:
            limit, late = own, errno.ETIMEDOUT
    deadline = sock.due
    if deadline is not None and (limit is None or deadline < limit):
        limit, late = deadline, errno.ETIMEDOUT
    return limit, late


def patiently(
    sock: Socket, events: int, seconds: float | None, late: int, operation: Callable[..., Any], *arguments: Any
) -> Any:
    """Waits, then tries an operation again, until it no longer would block. Raises `OSError` when the wait fails."""
    limit, late = limits(sock, seconds, late)
    reactor = sock.state.reactor
    misses = 0
    while True:
        reactor.wait(sock.fileno(), sock.registration, events, limit, late, sock.canceller)
        try:
            return operation(*arguments)
        except BlockingIOError:
            pass
        # The system may call ready what it then refuses, as sendfile( 2 ) into a nearly full buffer: no edge is to come
        # for that. So it is tried again until it is not ready, and in the end not as a busy loop.
        while reactor.selector.poll(sock.fileno(), events, 0.0):
            misses += 1
            if misses > 3:
                now = ports.clock()
                if limit is not None and now >= limit:
                    raise OSError(late, "")
                reactor.sleep(now + 0.001)
                if sock.guarded:
                    admit(sock)
            try:
                return operation(*arguments)
            except BlockingIOError:
                pass


def admit(sock: Socket) -> None:
    """Raises `OSError` when the socket's deadline has passed or its cancellable is cancelled. Chapter 11 section 2."""
    if sock.canceller is not None and sock.canceller.flag:
        raise OSError(errno.ECANCELED, "")
    if sock.due is not None and sock.due <= ports.clock():
        raise OSError(errno.ETIMEDOUT, "")
