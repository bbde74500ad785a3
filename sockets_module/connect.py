"""`socket_listen` and `socket_connect`: one call from a name to a working socket (chapter 11 section 1).

Rules: every address gets its chance, in the order of RFC 8305 (families interleaved, IPv6 first), a further attempt
starting every 250 ms or when one fails, without ending the earlier ones; the first to connect wins, all others are
closed; what is returned is a plain blocking socket.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import socket as _constants

from interp import ports
from interp.library import MISSING, argument_error, convert, is_dict, warning

from .address import AF_INET, AF_INET6, SocketAddress, from_sockaddr
from .network.base import OUT
from .resolver import choices, find
from .socket import Socket
from .state import FAILURES, State, state
from .transfer import wildcard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ATTEMPT_DELAY = 0.25

NUMBER = (bool, int)
SECONDS = (bool, int, float)


# --- listening --------------------------------------------------------------------------------------------------------


def socket_listen(where: Any, given: Any) -> Socket | None:
    """A socket bound to a port, a text `host:port` or an address, and listening; null on failure.

    Options: `backlog reuse_addr reuse_port only_ipv6 type`. A port alone listens for IPv6 and IPv4. Chapter 11.
    """
    owner = state()
    chosen = choices(
        given, 2, {b"backlog": NUMBER, b"reuse_addr": NUMBER, b"reuse_port": NUMBER, b"only_ipv6": NUMBER,
                   b"type": NUMBER}
    )  # fmt: skip
    if chosen is None:
        return owner.refuse(errno.EINVAL)
    try:
        candidates = _listening_addresses(owner, where, int(chosen.get(b"type", _constants.SOCK_STREAM)))
        if candidates is None:
            return owner.refuse(errno.EINVAL)
        both = type(where) is not bytes and not isinstance(where, SocketAddress)
        code = errno.EADDRNOTAVAIL
        for address in candidates:
            try:
                made = _listen(owner, address, chosen, both)
            except OSError as problem:
                if both and problem.errno == errno.EADDRINUSE:
                    raise  # not a missing IPv6
                code = problem.errno or errno.EINVAL
                continue
            owner.code = 0
            return made
        raise OSError(code, "")
    except FAILURES as problem:
        return owner.refuse(problem)


def _listening_addresses(owner: State, where: Any, kind: int) -> list[SocketAddress] | None:
    if isinstance(where, SocketAddress):
        return [where]
    if type(where) is bytes and not where.isdigit():
        host, mark, service = where.rpartition(b":")
        if not mark:
            warning('argument 1 must be a port, a text "host:port" or a socket_address')
            return None
        if host[:1] == b"[" and host[-1:] == b"]":
            host = host[1:-1]
        found = find(owner, host, service, 0, kind, 0, 0 if host else _constants.AI_PASSIVE)
        return [from_sockaddr(info[0], info[4]) for info in found]
    port = convert("int", where) if isinstance(where, (bool, int, float, bytes)) else MISSING
    if port is MISSING:
        return argument_error(1, "int or string or socket_address", where)
    if not 0 <= port <= 0xFFFF:
        warning("argument 1 (port) must be between 0 and 65535")
        return None
    return [SocketAddress(family, wildcard(family, port)) for family in (AF_INET6, AF_INET)]


def _listen(owner: State, address: SocketAddress, chosen: dict[bytes, Any], both: bool) -> Socket:
    endpoint = owner.network.socket(address.kin, int(chosen.get(b"type", _constants.SOCK_STREAM)), 0)
    made = Socket(owner, endpoint)
    try:
        if address.kin in (AF_INET, AF_INET6):
            if chosen.get(b"reuse_addr", True):
                endpoint.setsockopt(_constants.SOL_SOCKET, _constants.SO_REUSEADDR, 1)
            if chosen.get(b"reuse_port", False) and hasattr(_constants, "SO_REUSEPORT"):
                endpoint.setsockopt(_constants.SOL_SOCKET, _constants.SO_REUSEPORT, 1)
        if address.kin == AF_INET6 and (both or b"only_ipv6" in chosen):
            only = int(bool(chosen.get(b"only_ipv6", False)))
            endpoint.setsockopt(_constants.IPPROTO_IPV6, _constants.IPV6_V6ONLY, only)
        endpoint.bind(address.sockaddr)
        backlog = int(chosen.get(b"backlog", made.backlog))
        endpoint.listen(max(0, min(backlog, 0x7FFFFFFF)))
    except BaseException:
        made.close()
        raise
    return made


# --- connecting -------------------------------------------------------------------------------------------------------


def socket_connect(*values: Any) -> Socket | None:
    """Connects to a host and service, or to an address: the socket, null with the last error. Chapter 11 section 1.

    Arguments: `( host, int|string service [, dict options ] )` or `( socket_address [, dict options ] )`. Options:
    `timeout` in seconds for everything together (ETIMEDOUT), `family`, `local_address`.
    """
    owner = state()
    first = values[0] if values else MISSING
    named = not isinstance(first, SocketAddress)
    given = values[2 if named else 1] if len(values) > (2 if named else 1) else None
    if named:
        host = convert("string", first) if type(first) is bytes else MISSING
        if host is MISSING:
            return argument_error(1, "string or socket_address", first)
        service = values[1] if len(values) > 1 else MISSING
        if not isinstance(service, (int, float, bytes)):
            return argument_error(2, "int or string", service)
        service = service if isinstance(service, bytes) else b"%d" % int(service)
    if given is not None and not is_dict(given):
        argument_error(3 if named else 2, "dict", given)
        given = None
    chosen = choices(
        given, 3 if named else 2, {b"timeout": SECONDS, b"family": NUMBER, b"local_address": SocketAddress}
    )
    if chosen is None:
        return owner.refuse(errno.EINVAL)
    span = chosen.get(b"timeout")
    if span is not None and not span >= 0:
        warning("option 'timeout' cannot be negative")
        return owner.refuse(errno.EINVAL)
    limit = None if span is None else ports.clock() + span
    try:
        if named:
            family = int(chosen.get(b"family", 0))
            found = find(owner, host, service, family, _constants.SOCK_STREAM, 0, 0, limit)
            addresses = interleaved([from_sockaddr(info[0], info[4]) for info in found])
        else:
            addresses = [first]
        made = Race(owner, addresses, chosen.get(b"local_address"), limit).winner()
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return made


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

    __slots__ = ("_code", "_limit", "_local", "_owner", "_running", "_waiting")

    def __init__(
        self, owner: State, addresses: list[SocketAddress], local: SocketAddress | None, limit: float | None
    ) -> None:
        self._owner = owner
        self._waiting = addresses[::-1]
        self._local = local
        self._limit = limit
        self._running: list[Socket] = []
        self._code = errno.EADDRNOTAVAIL  # of the last failure

    def winner(self) -> Socket:
        """The first socket that connects; the others are closed. Raises the last failure when none does."""
        won: Socket | None = None
        try:
            won = self._run()
            return won
        finally:
            for loser in self._running:
                if loser is not won:
                    loser.close()

    def _run(self) -> Socket:
        reactor = self._owner.reactor
        next_start = 0.0
        while self._waiting or self._running:
            now = ports.clock()
            if self._limit is not None and now >= self._limit:
                raise OSError(errno.ETIMEDOUT, "")
            if self._waiting and (not self._running or now >= next_start):
                done = self._start(self._waiting.pop())
                if done is not None:
                    return done
                next_start = ports.clock() + ATTEMPT_DELAY
                continue
            until = next_start if self._waiting else None
            if self._limit is not None and (until is None or self._limit < until):
                until = self._limit
            wanted = {sock.fileno(): OUT for sock in self._running}
            reactor.wait_many(wanted, [sock.registration for sock in self._running], until)
            for sock in tuple(self._running):
                if self._connected(sock):
                    return sock
        raise OSError(self._code, "")

    def _start(self, address: SocketAddress) -> Socket | None:
        """Begins an attempt; the socket when it succeeds at once."""
        sock: Socket | None = None
        try:
            sock = Socket(self._owner, self._owner.network.socket(address.kin, _constants.SOCK_STREAM, 0))
            if self._local is not None:
                if self._local.kin != address.kin:
                    raise OSError(errno.EAFNOSUPPORT, "")
                sock.endpoint.bind(self._local.sockaddr)
            sock.endpoint.connect(address.sockaddr)
            return sock
        except BlockingIOError:
            assert sock is not None
            self._running.append(sock)
        except FAILURES as problem:
            self._code = getattr(problem, "errno", None) or errno.EINVAL
            if sock is not None:
                sock.close()
        return None

    def _connected(self, sock: Socket) -> bool:
        code = sock.endpoint.getsockopt(_constants.SOL_SOCKET, _constants.SO_ERROR)
        if code:
            self._code = code
            self._running.remove(sock)
            sock.close()
            return False
        try:
            sock.endpoint.getpeername()
            return True
        except OSError:
            return False  # still on its way
