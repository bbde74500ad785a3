"""`socket_listen` and `socket_connect`: one call from a name to a working socket (chapter 11 section 1).

Rules: this file knows the arguments and options; how connections come about is in `connector.py`, which
`socket_client` shares; what is returned is a blocking socket.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import socket as _constants

from interp import ports
from interp.library import MISSING, argument_error, convert, is_dict, warning

from . import proxy
from .address import AF_INET, AF_INET6, SocketAddress, from_sockaddr
from .connector import Order, settings_of
from .resolver import choices, find
from .socket import Socket
from .state import FAILURES, Explained, State, state
from .transfer import wildcard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

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
        found = _listening_addresses(owner, where, int(chosen.get(b"type", _constants.SOCK_STREAM)))
        if found is None:
            return owner.refuse(errno.EINVAL)
        candidates, both = found
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


def _listening_addresses(owner: State, where: Any, kind: int) -> tuple[list[SocketAddress], bool] | None:
    """The addresses to try, and whether they stand for a port alone; None when the argument is wrong (reported)."""
    if isinstance(where, SocketAddress):
        return [where], False
    if type(where) is bytes and not where.isdigit():
        host, mark, service = where.rpartition(b":")
        if not mark or not (host or service.isdigit()):
            warning('argument 1 must be a port, a text "host:port" or a socket_address')
            return None
        if host:
            if host[:1] == b"[" and host[-1:] == b"]":
                host = host[1:-1]
            found = find(owner, host, service, 0, kind)
            return [from_sockaddr(info[0], info[4]) for info in found], False
        where = service  # `:80` is a port alone
    port = convert("int", where) if isinstance(where, (bool, int, float, bytes)) else MISSING
    if port is MISSING:
        return argument_error(1, "int or string or socket_address", where)
    if not 0 <= port <= 0xFFFF:
        warning("argument 1 (port) must be between 0 and 65535")
        return None
    return [SocketAddress(family, wildcard(family, port)) for family in (AF_INET6, AF_INET)], True


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
        endpoint.bind(address.target())
        made.backlog = max(0, min(int(chosen.get(b"backlog", made.backlog)), 0x7FFFFFFF))
        endpoint.listen(made.backlog)
    except BaseException:
        made.close()
        raise
    return made


# --- connecting -------------------------------------------------------------------------------------------------------


def socket_connect(*values: Any) -> Socket | None:
    """Connects to a host and service, or to an address: the socket, null with the last error. Chapter 11 section 1.

    Arguments: `( host, int|string service [, dict options ] )` or `( socket_address [, dict options ] )`. Options:
    `timeout` in seconds for everything together (ETIMEDOUT), `family`, `local_address`, `tls` (true, or the options of
    `start_tls`), `proxy` (a URI, an array of them to try in turn, or true for what the environment says).
    """
    owner = state()
    first = values[0] if values else MISSING
    named = not isinstance(first, SocketAddress)
    given = values[2 if named else 1] if len(values) > (2 if named else 1) else None
    if named:
        host = convert("string", first) if type(first) is bytes else MISSING
        if host is MISSING:
            argument_error(1, "string or socket_address", first)
            return owner.refuse(errno.EINVAL)
        service = values[1] if len(values) > 1 else MISSING
        if not isinstance(service, bytes):
            port = convert("int", service) if isinstance(service, (bool, int, float)) else MISSING
            if port is MISSING:
                argument_error(2, "int or string", service)
                return owner.refuse(errno.EINVAL)
            if not 0 <= port <= 0xFFFF:
                warning("argument 2 (service) must be between 0 and 65535")
                return owner.refuse(errno.EINVAL)
            service = b"%d" % port
    if given is not None and not is_dict(given):
        argument_error(3 if named else 2, "dict", given)
        given = None
    position = 3 if named else 2
    chosen = choices(
        given, position, {b"timeout": SECONDS, b"family": NUMBER, b"local_address": SocketAddress,
                          b"tls": object, b"proxy": (bool, bytes, list)}
    )  # fmt: skip
    if chosen is None:
        return owner.refuse(errno.EINVAL)
    span = chosen.get(b"timeout")
    if span is not None and not span >= 0:
        warning("option 'timeout' cannot be negative")
        return owner.refuse(errno.EINVAL)
    order = Order(owner)
    order.limit = None if span is None else ports.clock() + span
    order.family = int(chosen.get(b"family", 0))
    order.local = chosen.get(b"local_address")
    secured = chosen.get(b"tls")
    if secured is not None and type(secured) is not bool and not is_dict(secured):
        warning(f"argument {position} (options): option 'tls' has a wrong type")
        return owner.refuse(errno.EINVAL)
    try:
        settings = settings_of(secured, position)
        if settings is False:
            return owner.refuse(errno.EINVAL)
        order.tls = settings  # type: ignore[assignment]
        given_proxies = chosen.get(b"proxy")
        try:
            order.proxies = _proxies(given_proxies)
        except Explained as problem:
            warning(f"argument {position} (options): {problem.args[-1]}")
            raise
        if named:
            made = order.connect(host, service, b"none")
        else:
            made = order.connect(first, b"", b"none")
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return made


def _proxies(given: Any) -> Callable[[bytes], list[proxy.Proxy | None]] | None:
    """What the option `proxy` means: true is the environment, a text a proxy's URI, an array several to try."""
    if given is None or given is False:
        return None
    if given is True:
        return lambda uri: [proxy.parse(item) for item in proxy.from_environment(uri, proxy.environment())]
    items = [given] if isinstance(given, bytes) else list(given)
    if not items or not all(isinstance(item, bytes) for item in items):
        raise Explained(errno.EINVAL, "option 'proxy' must be true, a URI or an array of URIs")
    routes = [proxy.parse(item) for item in items]
    return lambda uri: routes
