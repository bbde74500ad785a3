"""How `socket_connect` and `socket_client` connect: resolve, order, race, proxy, TLS (chapter 11 section 6).

Rules: plain steps one after the other, each of which waits in `waiting.py` and nowhere else; every address gets its
chance in the order of RFC 8305, a further attempt starting every 250 ms or when one fails; the first to connect wins
and all others are closed; when none connects, all failures are told. Who calls gets a plain blocking socket, or an
`OSError` and nothing left open.
"""

from __future__ import annotations

import errno
import os
import socket as _constants

from interp import ports

from . import proxy, tls
from .address import AF_INET6, AF_UNIX, INET, SocketAddress, from_sockaddr
from .network.base import OUT
from .resolver import find
from .socket import Socket
from .state import FAILURES, Explained, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .proxy import Proxy

ATTEMPT_DELAY = 0.25
NEGOTIATION = 60.0  # seconds a proxy may take for its whole handshake, however slowly it goes on

(
    RESOLVING, RESOLVED, CONNECTING, CONNECTED, PROXY_NEGOTIATING, PROXY_NEGOTIATED, TLS_HANDSHAKING, TLS_HANDSHAKED,
    COMPLETE,
) = range(9)  # fmt: skip


def _untold(event: int, sock: Socket | None) -> None:
    """Nobody wants to know."""


class Order:
    """How to connect.

    limit     point in time at which everything together ends, None = none
    timeout   seconds of inactivity, of the attempts and of the socket that comes out, 0 = none
    tls       how to encrypt, None = not at all
    proxies   gives the proxies for a URI, in the order to try them; None = no proxy
    raw       schemes of proxies whose socket is wanted as it is
    tell      hears of each step: the event, and the socket if there is one
    """

    __slots__ = (
        "_resolved", "family", "kind", "limit", "local", "owner", "protocol", "proxies", "raw", "tell", "timeout",
        "tls",
    )  # fmt: skip

    def __init__(self, owner: State) -> None:
        self.owner = owner
        self.family = 0
        self.kind = int(_constants.SOCK_STREAM)
        self.protocol = 0
        self.local: SocketAddress | None = None
        self.limit: float | None = None
        self.timeout = 0.0
        self.tls: tls.Settings | None = None
        self.proxies: Callable[[bytes], list[Proxy | None]] | None = None
        self.raw: set[bytes] = set()
        self.tell: Callable[[int, Socket | None], None] = _untold
        self._resolved = False

    # --- the steps ----------------------------------------------------------------------------------------------------

    def connect(
        self, target: SocketAddress | bytes, service: bytes, scheme: bytes, peer: bytes | None = None
    ) -> Socket:
        """The connected socket; raises `OSError`.

        target    an address, or a host by name or number with its `service` (a port's digits or a name)
        scheme    for the choice of a proxy
        peer      who must prove its identity, when that is not the target
        """
        self.tell(RESOLVING, None)
        return self.attempt(target, service, scheme, peer)

    def attempt(self, target: SocketAddress | bytes, service: bytes, scheme: bytes, peer: bytes | None) -> Socket:
        """The same for one of several targets."""
        address = target if isinstance(target, SocketAddress) else None
        local = address is not None and address.kin not in INET
        routes: list[Proxy | None] = [None]
        host = address.host_text() if address is not None else target
        assert isinstance(host, bytes)
        if self.proxies is not None and not local and self._is_tcp():
            try:
                port = address.number if address is not None else self._port(service)
            except OSError:
                port = -1  # an unknown service: the resolver says so in its own words
            named = b"[%b]" % host if b":" in host else host
            if port >= 0:
                routes = self.proxies(b"%b://%b:%d" % (scheme, named, port))
        failures: list[tuple[str, BaseException]] = []
        for route in routes:
            try:
                return self._through(route, address, host, service, peer or (None if local else host))
            except FAILURES as problem:
                if getattr(problem, "errno", 0) == errno.ECANCELED or self._late():
                    raise
                failures.append(("directly" if route is None else f"through {route.shown}", kept(problem)))
        try:
            raise combined(failures)
        finally:
            failures.clear()  # the exception holds this frame

    def _through(
        self, route: Proxy | None, address: SocketAddress | None, host: bytes, service: bytes, peer: bytes | None
    ) -> Socket:
        if route is None:
            addresses = [address] if address is not None else self._resolve(host, service, self.family)
        else:
            port = address.number if address is not None else self._port(service)
            self.owner.network.admit_target(host, port)
            addresses = self._resolve(route.host, b"%d" % route.port, 0)
        if not self._resolved:
            self._resolved = True
            self.tell(RESOLVED, None)
        sock = Race(self, interleaved(addresses)).winner()
        try:
            sock.host = peer
            if route is not None:
                if route.scheme in self.raw:
                    return self._finished(sock)
                self._limit(sock, NEGOTIATION)
                self.tell(PROXY_NEGOTIATING, sock)
                proxy.negotiate(sock, route, self._numeric(route, host, port), port)
                self.tell(PROXY_NEGOTIATED, sock)
            self._limit(sock, None)
            if self.tls is not None:
                self.tell(TLS_HANDSHAKING, sock)
                tls.begin(sock, self.tls, peer)
                self.tell(TLS_HANDSHAKED, sock)
            return self._finished(sock)
        except BaseException:
            sock.close()
            raise

    def _limit(self, sock: Socket, span: float | None) -> None:
        due = None if span is None else ports.clock() + span
        if self.limit is not None and (due is None or self.limit < due):
            due = self.limit
        sock.due = due

    def _finished(self, sock: Socket) -> Socket:
        sock.due = None
        sock.settle()
        if sock.endpoint.fileno() < 0:
            raise OSError(errno.EBADF, "")  # closed by who was told of a step
        return sock

    def _is_tcp(self) -> bool:
        """What proxies carry; other sockets connect directly, as with GLib."""
        return self.kind == _constants.SOCK_STREAM and self.protocol in (0, _constants.IPPROTO_TCP)

    def _late(self) -> bool:
        return self.limit is not None and ports.clock() >= self.limit

    def _port(self, service: bytes) -> int:
        if service.isdigit():
            return int(service)
        return self.owner.network.getservbyname(service.decode("utf-8", "replace"), None)

    def _resolve(self, host: bytes, service: bytes, family: int) -> list[SocketAddress]:
        found = find(self.owner, host, service, family, self.kind, self.protocol, 0, self._until())
        return [from_sockaddr(info[0], info[4]) for info in found]

    def _until(self) -> float | None:
        """When a step that begins now must end."""
        if not self.timeout:
            return self.limit
        own = ports.clock() + self.timeout
        return own if self.limit is None else min(own, self.limit)

    def _numeric(self, route: Proxy, host: bytes, port: int) -> bytes:
        """What the proxy is told: the name, or its address where the proxy does not resolve names itself."""
        if route.resolves or _is_number(host):
            return host
        family = _constants.AF_INET if route.scheme == b"socks4" else self.family
        first = self._resolve(host, b"0", family)[0]
        self.owner.network.admit_target(first.host_text(), port)
        return first.host_text()


def _is_number(host: bytes) -> bool:
    return b":" in host or host.replace(b".", b"").isdigit()


def kept(problem: BaseException) -> BaseException:
    """A failure to be told later, without its traceback: that would keep all callers' frames, and sockets, alive."""
    problem.__traceback__ = problem.__context__ = None
    return problem


def combined(failures: list[tuple[str, BaseException]]) -> BaseException:
    """One exception for several failures, with the code of the last: they are all told where they differ."""
    last = failures[-1][1]
    if len(failures) == 1 or not isinstance(last, OSError):
        return last
    if not any(isinstance(problem, Explained) for _, problem in failures) and all(
        getattr(problem, "errno", 0) == last.errno for _, problem in failures
    ):
        return last
    told = (f"{target}: {explained(problem)}" for target, problem in failures)
    return Explained(last.errno or errno.EINVAL, "; ".join(told))


def explained(problem: BaseException) -> str:
    """A failure in words."""
    code = getattr(problem, "errno", None) or errno.EINVAL
    if code < 0 or isinstance(problem, Explained):
        return str(problem.args[-1])
    return os.strerror(code)


def interleaved(addresses: list[SocketAddress]) -> list[SocketAddress]:
    """Addresses in the order of RFC 8305: families in turn, IPv6 first, the resolver's order within a family."""
    six = [address for address in addresses if address.kin == AF_INET6]
    rest = [address for address in addresses if address.kin != AF_INET6]
    result: list[SocketAddress] = []
    for position in range(max(len(six), len(rest))):
        result += six[position : position + 1] + rest[position : position + 1]
    return result


class Race:
    """Connection attempts to several addresses, overlapping in time."""

    __slots__ = ("_failures", "_next_start", "_order", "_owner", "_running", "_waiting")

    def __init__(self, order: Order, addresses: list[SocketAddress]) -> None:
        self._order = order
        self._owner = order.owner
        self._waiting = addresses[::-1]
        self._running: list[tuple[Socket, SocketAddress, float | None]] = []  # with the time at which one has failed
        self._failures: list[tuple[str, BaseException]] = []
        self._next_start = 0.0

    def winner(self) -> Socket:
        """The first socket that connects; the others are closed. Raises all failures in one when none does."""
        won: Socket | None = None
        try:
            won = self._run()
            self._order.tell(CONNECTED, won)
            return won
        finally:
            for loser, _, _ in self._running:
                if loser is not won:
                    loser.close()
            # what the exceptions of failed attempts hold must not hold the winner
            self._running, self._failures = [], []

    def _run(self) -> Socket:
        order, reactor = self._order, self._owner.reactor
        while self._waiting or self._running:
            now = ports.clock()
            if order.limit is not None and now >= order.limit:
                raise OSError(errno.ETIMEDOUT, "")
            if self._waiting and (not self._running or now >= self._next_start):
                self._next_start = now + ATTEMPT_DELAY
                done = self._start(self._waiting.pop())
                if done is not None:
                    return done
                continue
            times = [due for _, _, due in self._running if due is not None]
            if self._waiting:
                times.append(self._next_start)
            if order.limit is not None:
                times.append(order.limit)
            wanted = {sock.fileno(): OUT for sock, _, _ in self._running if sock}
            registrations = [sock.registration for sock, _, _ in self._running]
            cancellers = [sock.canceller for sock, _, _ in self._running if sock.canceller is not None]
            canceller = cancellers[-1] if cancellers else None
            try:
                reactor.wait_many(wanted, registrations, min(times, default=None), canceller)
            except OSError as problem:
                if problem.errno != errno.EBADF:
                    raise  # else a script has closed one of the attempts: it is that one which fails
            for attempt in tuple(self._running):
                if self._connected(*attempt):
                    return attempt[0]
        if not self._failures:
            raise OSError(errno.EADDRNOTAVAIL, "")
        raise combined(self._failures)

    def _start(self, address: SocketAddress) -> Socket | None:
        """Begins an attempt; the socket when it succeeds at once."""
        order = self._order
        sock: Socket | None = None
        try:
            sock = Socket(self._owner, self._owner.network.socket(address.kin, order.kind, order.protocol))
            sock.inactivity = order.timeout
            sock.settle()
            due = ports.clock() + order.timeout if order.timeout else None
            self._running.append((sock, address, due))
            order.tell(CONNECTING, sock)
            if sock.canceller is not None and sock.canceller.flag:
                raise OSError(errno.ECANCELED, "")
            if order.local is not None:
                if order.local.kin != address.kin:
                    raise OSError(errno.EAFNOSUPPORT, "")
                sock.endpoint.bind(order.local.target())
            sock.endpoint.connect(address.target())
            return sock
        except BlockingIOError as problem:
            assert sock is not None
            if address.kin == AF_UNIX:
                self._failed(sock, address, problem)  # a full queue: nothing tells when there is room
        except FAILURES as problem:
            if getattr(problem, "errno", 0) == errno.ECANCELED:
                raise
            self._failed(sock, address, problem)
        return None

    def _failed(self, sock: Socket | None, address: SocketAddress, problem: BaseException) -> None:
        self._next_start = 0.0
        self._failures.append((address.shown().decode("utf-8", "replace"), kept(problem)))
        if sock is not None:
            self._running = [attempt for attempt in self._running if attempt[0] is not sock]
            sock.close()

    def _connected(self, sock: Socket, address: SocketAddress, due: float | None) -> bool:
        try:
            code = sock.endpoint.getsockopt(_constants.SOL_SOCKET, _constants.SO_ERROR)
        except OSError as problem:
            code = problem.errno or errno.EBADF
        if not code:
            try:
                sock.endpoint.conclude(address.sockaddr)
                return True
            except BlockingIOError:
                if due is None or ports.clock() < due:
                    return False  # still on its way
                code = errno.ETIMEDOUT
            except OSError as problem:
                code = problem.errno or errno.EBADF
        self._failed(sock, address, OSError(code, ""))
        return False


def settings_of(given: Any, position: int, dropped: int = 0) -> tls.Settings | bool | None:
    """What an option or property `tls` means: settings, None for no TLS, False when wrong, which has been reported."""
    if given is None or given is False:
        return None
    if given is True:
        return tls.Settings({}, dropped)
    chosen = tls.options_of(given, position)
    return False if chosen is None else tls.Settings(chosen, dropped)
