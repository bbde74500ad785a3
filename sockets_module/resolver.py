"""Names: addresses of hosts and services, and back (chapter 10 section 2, chapter 11 section 5).

Rules: a numeric address never reaches a resolver; a lookup runs in the background, so it holds up no other script
thread and an interrupt ends the wait for it; a resolver's failure keeps its own code and text.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import socket as _constants

from interp import ports
from interp.library import dict_items, new_array, new_dict, warning

from .address import INET, SocketAddress, from_sockaddr
from .state import FAILURES, State, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .network.base import AddressInfo

NUMERIC_ONLY = int(_constants.AI_NUMERICHOST)


def find(
    owner: State,
    host: bytes,
    service: bytes | None,
    family: int = 0,
    kind: int = 0,
    protocol: int = 0,
    flags: int = 0,
    limit: float | None = None,
) -> list[AddressInfo]:
    """The addresses of a host and service; raises `OSError`. Waits for a resolver only if the host is no number.

    limit   point in time at which it fails with ETIMEDOUT
    """
    network = owner.network
    host = to_ascii(host)
    if service is not None and service.isdigit() and (len(service.lstrip(b"0")) > 5 or int(service) > 0xFFFF):
        service = b"-1"  # the system would take the number modulo 65536: this one it refuses in its own words
    question = (host, service or None, family, kind, protocol)
    if b"\0" in host or (service is not None and b"\0" in service):
        raise OSError(errno.EINVAL, "")
    if b":" in host or host.replace(b".", b"").isdigit() or flags & NUMERIC_ONLY:
        return network.getaddrinfo(*question, flags)

    network.admit_name(host)

    def ask() -> list[AddressInfo]:
        return network.getaddrinfo(*question, flags)

    return owner.reactor.outcome(lambda done: network.lookup(ask, done), limit)


def to_ascii(host: bytes) -> bytes:
    """A host name as name servers, certificates and proxies know it (IDNA); what cannot be one stays as it is."""
    if host.isascii():
        return host
    try:
        return host.decode().encode("idna")
    except UnicodeError:
        return host


def socket_getaddrinfo(host: bytes, service: bytes, kind: int, family: int) -> Any:
    """All addresses of a host and service: an array of dicts `flags family socktype protocol canonname addr`.

    Failure: null, a Warning, and the resolver's code in `socket_error`. Chapter 10 section 2.
    """
    owner = state()
    try:
        found = find(owner, host, service, family, kind)
    except FAILURES as problem:
        owner.fail(problem)
        return warning("failed to get address info")
    owner.code = 0
    return new_array(
        new_dict(
            [
                (b"flags", 0),
                (b"family", int(info[0])),
                (b"socktype", int(info[1])),
                (b"protocol", int(info[2])),
                (b"canonname", info[3].encode() or None),
                (b"addr", from_sockaddr(info[0], info[4])),
            ]
        )
        for info in found
    )


def socket_gethostname() -> bytes | None:
    """The name of this host; null and a Warning on failure. Chapter 10 section 2."""
    owner = state()
    try:
        name = owner.network.gethostname()
    except FAILURES as problem:
        owner.fail(problem)
        return warning("failed to get host name")
    owner.code = 0
    return name.encode("utf-8", "surrogateescape")


def choices(given: Any, position: int, known: dict[bytes, type | tuple[type, ...]]) -> dict[bytes, Any] | None:
    """The entries of an options dict, None when one is unknown or of a wrong type, which has been reported.

    position   of the argument, 0 when the dict is none (the value of a property)
    """
    place = f"argument {position} (options): " if position else ""
    result: dict[bytes, Any] = {}
    for key, value in dict_items(given) if given is not None else ():
        kinds = known.get(key)
        name = key.decode("latin-1")
        if kinds is None:
            warning(f"{place}unknown option '{name}'")
            return None
        if value is None:
            continue
        if not isinstance(value, kinds):
            warning(f"{place}option '{name}' has a wrong type")
            return None
        result[key] = value
    return result


def socket_resolve(host: bytes, service: bytes | None, given: Any) -> Any:
    """The addresses of a host, with the port of a service, as an array of socket_address; null on failure.

    Options: `family`, `socktype` (default SOCK_STREAM), `protocol`, `flags`, `timeout` (seconds, ETIMEDOUT). Other
    script threads run meanwhile. Chapter 11 section 5.
    """
    owner = state()
    number = (bool, int)
    chosen = choices(
        given, 3, {b"family": number, b"socktype": number, b"protocol": number, b"flags": number,
                   b"timeout": (bool, int, float)}
    )  # fmt: skip
    if chosen is None:
        return owner.refuse(errno.EINVAL)
    span = chosen.get(b"timeout")
    if span is not None and not span >= 0:
        warning("argument 3 (options): option 'timeout' cannot be negative")
        return owner.refuse(errno.EINVAL)
    try:
        found = find(
            owner,
            host,
            service,
            int(chosen.get(b"family", 0)),
            int(chosen.get(b"socktype", _constants.SOCK_STREAM)),
            int(chosen.get(b"protocol", 0)),
            int(chosen.get(b"flags", 0)),
            None if span is None else ports.clock() + span,
        )
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return new_array(from_sockaddr(info[0], info[4]) for info in found)


def socket_getnameinfo(address: SocketAddress, flags: int) -> Any:
    """The names of an address and its port: a dict `host service`; null on failure. Chapter 11 section 5."""
    owner = state()
    network = owner.network
    try:
        if address.kin not in INET:
            raise OSError(errno.EAFNOSUPPORT, "")
        sockaddr = address.sockaddr

        def ask() -> tuple[str, str]:
            return network.getnameinfo(sockaddr, flags)

        if flags & _constants.NI_NUMERICHOST:
            host, service = ask()
        else:
            host, service = owner.reactor.outcome(lambda done: network.lookup(ask, done), None)
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return new_dict([(b"host", host.encode()), (b"service", service.encode())])


def socket_getservbyname(name: bytes, protocol: bytes | None) -> int | None:
    """The port of a service, with `protocol` only of that protocol; null when there is none. Chapter 11 section 5."""
    owner = state()
    try:
        port = owner.network.getservbyname(name.decode(), None if protocol is None else protocol.decode())
    except OSError as problem:
        # the system sets no errno for an unknown name
        return owner.refuse(problem.errno or errno.ENOENT)
    except FAILURES as problem:
        return owner.refuse(problem)
    owner.code = 0
    return port
