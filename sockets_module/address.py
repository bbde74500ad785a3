"""`socket_address`: one socket address as a script value (chapter 10 section 2, chapter 11 section 1).

Rules: an address is its family and the tuple Python's sockets use for it, everything else is computed from that;
nothing here asks the operating system or a resolver; a refused write changes nothing.
"""

# mypy: disable-error-code="func-returns-value, no-any-return, no-redef"

from __future__ import annotations

import os
import socket as _constants
from socket import inet_ntop, inet_pton

from interp.library import MISSING, Object, convert, is_array, new_array, prop, warning

from .errors import misused_value
from .state import in_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .network.base import SockAddr

AF_INET, AF_INET6, AF_UNIX = int(_constants.AF_INET), int(_constants.AF_INET6), int(_constants.AF_UNIX)
INET = (AF_INET, AF_INET6)
LENGTH = {AF_INET: 4, AF_INET6: 16}


class SocketAddress(Object, name="socket_address"):
    """An address. `sockaddr` is (text, port), (text, port, flow, scope), or for AF_UNIX the path as bytes."""

    __slots__ = ("kin", "sockaddr")

    def __init__(self, family: int, sockaddr: SockAddr) -> None:
        self.kin = family
        self.sockaddr = sockaddr

    # --- the value ----------------------------------------------------------------------------------------------------

    @property
    def packed(self) -> bytes:
        """The address bytes; of other families than the internet's, something to order them by."""
        if self.kin in INET:
            return inet_pton(self.kin, self.sockaddr[0])
        return self.sockaddr if isinstance(self.sockaddr, bytes) else repr(self.sockaddr).encode()

    @property
    def number(self) -> int:
        """The port, 0 for families without one."""
        return int(self.sockaddr[1]) if self.kin in INET else 0

    def target(self) -> SockAddr:
        """What a system call takes: the path of a local socket is one in the engine's working folder."""
        if self.kin == AF_UNIX and self.sockaddr[:1] != b"\0":
            return in_folder(self.sockaddr)
        return self.sockaddr

    def host_text(self) -> bytes:
        """`127.0.0.1`, `fe80::1%3`, `-` for other families."""
        if self.kin == AF_INET:
            return self.sockaddr[0].encode()
        if self.kin == AF_INET6:
            host: str = self.sockaddr[0]
            return (f"{host}%{self.sockaddr[3]}" if self.sockaddr[3] else host).encode()
        return b"-"

    def text(self) -> bytes:
        host = self.host_text()
        if self.kin == AF_INET:
            return b"%b:%d" % (host, self.sockaddr[1])
        if self.kin == AF_INET6:
            return b"[%b]:%d" % (host, self.sockaddr[1])
        return host

    def compare(self, other: object) -> int | None:
        if not isinstance(other, SocketAddress):
            return None
        mine = (int(self.kin), self.packed, self.number)
        theirs = (int(other.kin), other.packed, other.number)
        return (mine > theirs) - (mine < theirs)

    def __eq__(self, other: object) -> bool:
        return self.compare(other) == 0

    __hash__ = Object.__hash__  # as a key of a map an address counts by identity, like every object

    def dump(self, depth: int) -> bytes:
        return b"socket_address [family=%d] %b" % (self.kin, self.shown())

    def shown(self) -> bytes:
        """The text for people: like `text`, but AF_UNIX addresses show their path, abstract ones with `@` first."""
        if self.kin != AF_UNIX:
            return self.text()
        path: bytes = self.sockaddr
        return b"@" + path[1:] if path[:1] == b"\0" else path or b"(unnamed)"

    def clone(self) -> SocketAddress:
        return SocketAddress(self.kin, self.sockaddr)

    @property
    def constructor(self) -> str:
        """The global that makes it again from `serialize_args` (chapter 10 section 2: addresses can be serialized)."""
        return "socket_address_unix" if self.kin == AF_UNIX else "socket_address"

    def serialize_args(self) -> tuple[Any, ...] | None:
        if self.kin == AF_UNIX:
            return (self.sockaddr,)
        if self.kin not in INET:
            return None
        return (int(self.kin), self.host_text(), self.sockaddr[1])

    def _replace(self, host: str | None = None, port: int | None = None, scope: int = -1, flow: int = -1) -> None:
        old = self.sockaddr
        new_host = old[0] if host is None else host
        new_port = old[1] if port is None else port
        if self.kin == AF_INET:
            self.sockaddr = (new_host, new_port)
        else:
            self.sockaddr = (new_host, new_port, old[2] if flow < 0 else flow, old[3] if scope < 0 else scope)

    # --- properties of chapter 10 -------------------------------------------------------------------------------------

    @prop
    def family(self) -> int:
        """The AF_ number."""
        return int(self.kin)

    @prop
    def port(self) -> int | None:
        """The port in host byte order; other families: a Warning and null."""
        if self.kin not in INET:
            return warning("port supported only for AF_INET[6]")
        return int(self.sockaddr[1])

    @port.setter
    def port(self, value: object) -> None:
        number = _integer(value, 0, 0xFFFF)
        if number is None or self.kin not in INET:
            return _refuse("port")
        self._replace(port=number)

    @prop
    def addr_u32(self) -> int | None:
        """The IPv4 address as a number; other families: a Warning and null."""
        if self.kin != AF_INET:
            return warning("addr_u32 supported only for AF_INET")
        return int.from_bytes(self.packed, "big")

    @addr_u32.setter
    def addr_u32(self, value: object) -> None:
        number = _integer(value, 0, 0xFFFFFFFF)
        if number is None or self.kin != AF_INET:
            return _refuse("addr_u32")
        self._replace(host=inet_ntop(AF_INET, number.to_bytes(4, "big")))

    @prop
    def addr_buf(self) -> bytes | None:
        """The 4 or 16 address bytes; other families: a Warning and null."""
        if self.kin not in INET:
            return warning("addr_buf supported only for AF_INET[6]")
        return self.packed

    @addr_buf.setter
    def addr_buf(self, value: object) -> None:
        if type(value) is not bytes or len(value) != LENGTH.get(self.kin):
            return _refuse("addr_buf")
        self._replace(host=inet_ntop(self.kin, value))

    @prop
    def addr_bytes(self) -> Any:
        """An array of the 4 or 16 address bytes, 0 to 255; other families: a Warning and null."""
        if self.kin not in INET:
            return warning("addr_bytes supported only for AF_INET[6]")
        return new_array(self.packed)

    @addr_bytes.setter
    def addr_bytes(self, value: Any) -> None:
        if not is_array(value) or len(value) != LENGTH.get(self.kin):
            return _refuse("addr_bytes")
        numbers = [_integer(item, 0, 255) for item in value]
        if None in numbers:
            return _refuse("addr_bytes")
        self._replace(host=inet_ntop(self.kin, bytes(numbers)))  # type: ignore[arg-type]

    @prop
    def addr_string(self) -> bytes:
        """The address as text, without the port; `-` for families that have none."""
        return self.host_text()

    @addr_string.setter
    def addr_string(self, value: object) -> None:
        found = parse_host(self.kin, value) if type(value) is bytes and self.kin in INET else None
        if found is None:
            return _refuse("addr_string")
        self._replace(host=found[0], scope=found[1])

    @prop
    def full_addr_string(self) -> bytes:
        """`127.0.0.1:8080`, `[::1]:8080`; `-` for other families."""
        return self.text()

    @full_addr_string.setter
    def full_addr_string(self, value: object) -> None:
        found = parse_full(value) if type(value) is bytes else None
        if found is None or found.kin != self.kin:
            return _refuse("full_addr_string")
        self._replace(host=found.sockaddr[0], port=found.sockaddr[1], scope=found.scope)

    # --- properties of chapter 11 -------------------------------------------------------------------------------------

    @property
    def scope(self) -> int:
        return int(self.sockaddr[3]) if self.kin == AF_INET6 else 0

    def _ip(self) -> Any:
        import ipaddress

        return ipaddress.ip_address(self.packed) if self.kin in INET else None

    def _has(self, attribute: str) -> bool:
        """A fact of the IANA registries, as Python's `ipaddress` knows them; false for other families."""
        address = self._ip()
        return address is not None and bool(getattr(address, attribute))

    @prop
    def is_any(self) -> bool:
        """Whether it is the wildcard address."""
        return self._has("is_unspecified")

    @prop
    def is_loopback(self) -> bool:
        """Whether it names this machine only."""
        return self._has("is_loopback")

    @prop
    def is_multicast(self) -> bool:
        """Whether it is a group address."""
        return self._has("is_multicast")

    @prop
    def is_private(self) -> bool:
        """Whether it is reserved for private networks."""
        return self._has("is_private")

    @prop
    def is_link_local(self) -> bool:
        """Whether it is valid on one link only."""
        return self._has("is_link_local")

    @prop
    def is_site_local(self) -> bool:
        """Whether it is an IPv6 site-local address (fec0::/10)."""
        return self.kin == AF_INET6 and self._has("is_site_local")

    @prop
    def is_global(self) -> bool:
        """Whether it is reachable from everywhere."""
        return self._has("is_global")

    @prop
    def path(self) -> bytes | None:
        """The path of an AF_UNIX address, abstract ones with their zero byte; other families: a Warning and null."""
        if self.kin != AF_UNIX:
            return warning("path supported only for AF_UNIX")
        return self.sockaddr

    @prop
    def scope_id(self) -> int | None:
        """The interface number of an IPv6 address; other families: a Warning and null."""
        if self.kin != AF_INET6:
            return warning("scope_id supported only for AF_INET6")
        return int(self.sockaddr[3])

    @scope_id.setter
    def scope_id(self, value: object) -> None:
        number = _integer(value, 0, 0xFFFFFFFF)
        if number is None or self.kin != AF_INET6:
            return _refuse("scope_id")
        self._replace(scope=number)

    @prop
    def flow_info(self) -> int | None:
        """The flow label of an IPv6 address; other families: a Warning and null."""
        if self.kin != AF_INET6:
            return warning("flow_info supported only for AF_INET6")
        return int(self.sockaddr[2])

    @flow_info.setter
    def flow_info(self, value: object) -> None:
        number = _integer(value, 0, 0xFFFFF)
        if number is None or self.kin != AF_INET6:
            return _refuse("flow_info")
        self._replace(flow=number)


def _refuse(name: str) -> None:
    warning(f"failed to set the '{name}' property of a socket_address")


def _integer(value: object, low: int, high: int) -> int | None:
    """A number a script gave, if it lies in the range. Objects and null, which count as 0 elsewhere, are refused."""
    number = convert("int", value) if isinstance(value, (bool, int, float, bytes)) else MISSING
    return number if number is not MISSING and low <= number <= high else None


def parse_host(family: int, text: bytes) -> tuple[str, int] | None:
    """(address, scope) of a numeric address of that family, None when it is none."""
    host, mark, scope_text = text.partition(b"%")
    scope = 0
    if mark:
        if family != AF_INET6 or not scope_text.isdigit() or int(scope_text) > 0xFFFFFFFF:
            return None
        scope = int(scope_text)
    try:
        # there and back: one spelling for one address
        return inet_ntop(family, inet_pton(family, host.decode("ascii"))), scope
    except (OSError, ValueError):
        return None


def parse_full(text: bytes) -> SocketAddress | None:
    """An address of `1.2.3.4:80` or `[::1]:80`, None when the text is neither."""
    host, mark, port_text = text.rpartition(b":")
    if not mark or not port_text.isdigit() or len(port_text) > 5 or int(port_text) > 0xFFFF:
        return None
    if host[:1] == b"[" and host[-1:] == b"]":
        return from_parts(AF_INET6, host[1:-1], int(port_text))
    return from_parts(AF_INET, host, int(port_text))


def from_parts(family: int, host: bytes, port: int) -> SocketAddress | None:
    """An address of a numeric host and a port, None when the host is not numeric."""
    found = parse_host(family, host)
    if found is None:
        return None
    if family == AF_INET:
        return SocketAddress(family, (found[0], port))
    return SocketAddress(family, (found[0], port, 0, found[1]))


def from_sockaddr(family: int, sockaddr: SockAddr) -> SocketAddress:
    """The script value of an address the network gave."""
    if family == AF_UNIX:
        if isinstance(sockaddr, str):
            sockaddr = os.fsencode(sockaddr)
        return SocketAddress(family, sockaddr or b"")
    if family == AF_INET6:
        host, port, flow, scope = sockaddr
        return SocketAddress(family, (host.partition("%")[0], port, flow, scope))
    return SocketAddress(family, sockaddr)


# --- global functions -------------------------------------------------------------------------------------------------


def _port(port: int, position: int) -> bool:
    if 0 <= port <= 0xFFFF:
        return True
    warning(f"argument {position} (port) must be between 0 and 65535")
    return False


def socket_address(family: int, host: bytes, port: int) -> SocketAddress | None:
    """The address of a numeric IPv4 or IPv6 host and a port. Else null and a Warning. Chapter 10 section 2."""
    if family not in INET:
        return warning("argument 1 (address family) must be either AF_INET or AF_INET6")
    if not _port(port, 3):
        return None
    return from_parts(family, host, port) or warning("failed to generate address from string")


def socket_address_frombytes(family: int, packed: bytes, port: int) -> SocketAddress | None:
    """The address of 4 or 16 bytes and a port. Else null and a Warning. Chapter 10 section 2."""
    if family not in INET:
        return warning("argument 1 (address family) must be either AF_INET or AF_INET6")
    if len(packed) != LENGTH[family]:
        kind = "AF_INET" if family == AF_INET else "AF_INET6"
        return warning(f"argument 2 (buffer) must be {LENGTH[family]} bytes long for an {kind} address")
    if not _port(port, 3):
        return None
    return _internet(inet_ntop(family, packed), port)


def _internet(host: str, port: int) -> SocketAddress:
    if ":" in host:
        return SocketAddress(AF_INET6, (host, port, 0, 0))
    return SocketAddress(AF_INET, (host, port))


def _fixed(four: str, six: str) -> Callable[[bool, int], SocketAddress | None]:
    def make(ipv6: bool, port: int) -> SocketAddress | None:
        return _internet(six if ipv6 else four, port) if _port(port, 2) else misused_value()

    make.__doc__ = f"The address {four}, with `ipv6` {six}, and a port. Chapter 11 section 1."
    return make


socket_address_any = _fixed("0.0.0.0", "::")
socket_address_loopback = _fixed("127.0.0.1", "::1")


def socket_address_broadcast(port: int) -> SocketAddress | None:
    """The address 255.255.255.255 and a port. Chapter 11 section 1."""
    return _internet("255.255.255.255", port) if _port(port, 1) else misused_value()


def socket_address_unix(path: bytes) -> SocketAddress | None:
    """An AF_UNIX address; an abstract name begins with a zero byte. Too long or with a zero byte inside: null and a
    Warning. Chapter 11 section 1."""
    if len(path) > 107 or (path[:1] != b"\0" and b"\0" in path):
        warning("argument 1 (path) cannot be used as an address")
        return misused_value()
    return SocketAddress(AF_UNIX, path)


def socket_address_parse(text: bytes) -> SocketAddress | None:
    """The address of a numeric `host:port` with brackets around IPv6, without asking a resolver. Else null and a
    Warning. Chapter 11 section 1."""
    found = parse_full(text)
    if found is None:
        warning("failed to generate address from string")
        return misused_value()
    return found
