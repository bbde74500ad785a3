"""Joining and leaving multicast groups, of any source and of one (chapter 11 section 3).

Rules: the interface is named, never addressed; source-specific groups use the protocol-independent requests of
RFC 3678, which IPv4 and IPv6 share.
"""

from __future__ import annotations

import errno
import socket as _constants
import struct
import sys

from .address import AF_INET, AF_INET6, INET, SocketAddress
from .state import FAILURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .socket import Socket

# MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, which Python does not name
SOURCE_GROUP = {"linux": (46, 47), "darwin": (82, 83)}.get(sys.platform)
LEVEL = {AF_INET: _constants.IPPROTO_IP, AF_INET6: _constants.IPPROTO_IPV6}


def join(sock: Socket, group: SocketAddress, interface: bytes | None, source: SocketAddress | None) -> bool:
    """Receives what is sent to a group from now on, with `source` only from there. False on failure."""
    return _change(sock, group, interface, source, True)


def leave(sock: Socket, group: SocketAddress, interface: bytes | None, source: SocketAddress | None) -> bool:
    """Takes a `join_multicast_group` with the same arguments back. False on failure."""
    return _change(sock, group, interface, source, False)


def _change(
    sock: Socket, group: SocketAddress, interface: bytes | None, source: SocketAddress | None, joins: bool
) -> bool:
    try:
        family = group.kin
        own = sock.endpoint.family
        if sock.endpoint.fileno() < 0:
            raise OSError(errno.EBADF, "")
        # an IPv6 socket may join IPv4 groups, too: it hears them as it hears all of IPv4
        if family not in INET or own not in INET or (source is not None and source.kin != family):
            raise OSError(errno.EAFNOSUPPORT, "")
        if own == AF_INET and family == AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "")
        index = group.scope if interface is None else sock.state.network.interface_index(interface)
        if source is not None:
            if SOURCE_GROUP is None:
                raise OSError(errno.ENOTSUP, "")
            packed = struct.pack("@I4x128s128s", index, _storage(group), _storage(source))
            sock.endpoint.setsockopt(LEVEL[family], SOURCE_GROUP[not joins], packed)
        elif family == AF_INET:
            option = _constants.IP_ADD_MEMBERSHIP if joins else _constants.IP_DROP_MEMBERSHIP
            sock.endpoint.setsockopt(
                _constants.IPPROTO_IP, option, struct.pack("@4s4si", group.packed, b"\0\0\0\0", index)
            )
        else:
            option = _constants.IPV6_JOIN_GROUP if joins else _constants.IPV6_LEAVE_GROUP
            sock.endpoint.setsockopt(_constants.IPPROTO_IPV6, option, struct.pack("@16sI", group.packed, index))
    except FAILURES as problem:
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


def _storage(address: SocketAddress) -> bytes:
    """The `sockaddr_storage` of an address."""
    if sys.platform == "darwin":
        head = struct.pack("BB", 16 if address.kin == AF_INET else 28, address.kin)
    else:
        head = struct.pack("@H", address.kin)
    if address.kin == AF_INET:
        return head + struct.pack(">H", 0) + address.packed
    return head + struct.pack(">HI", 0, 0) + address.packed + struct.pack("@I", address.scope)
