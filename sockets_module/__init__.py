"""The `sockets` library: what scripts get from `include "sockets";` (chapters 10 and 11).

Rules: this file is the table of contents, one line for each global function in the order of the chapters; the methods
and properties of `socket` stand in its class in the same way. Nothing in this package imports more of the interpreter
than `interp.library` and `interp.ports`.
"""

from __future__ import annotations

import socket as _constants

from interp.library import Library

from . import address, client, connect, errors, resolver, select, services, socket, tls
from .address import SocketAddress
from .client import SocketClient
from .network.base import ERR, HUP, IN, OUT, PRI, Network
from .network.system import SystemNetwork
from .select import Poller, Watch
from .socket import Socket
from .waiting import Cancellable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .policy import Decision, NetworkPolicy

__all__ = ["Decision", "Network", "NetworkPolicy", "Socket", "SocketAddress", "SystemNetwork", "library"]

library = Library("sockets", aliases=("sgssockets",), doc="TCP, UDP and local sockets, names, readiness, threads")

for _type in (SocketAddress, Socket, Cancellable, Poller, Watch, SocketClient):
    library.type(_type)


# --- constants (10.6, 11.2) -------------------------------------------------------------------------------------------

_PREFIXES = (
    "SOL_", "SO_", "IP_", "IPV6_", "TCP_", "IPPROTO_", "MSG_", "AF_", "PF_", "SOCK_", "AI_", "NI_", "EAI_", "SCM_",
)  # fmt: skip

for _name in dir(_constants):
    if _name.startswith(_PREFIXES) and isinstance(getattr(_constants, _name), int):
        library.constant(_name, int(getattr(_constants, _name)))
for _name in ("INET", "INET6", "UNIX", "IPX", "UNSPEC"):
    _family = int(getattr(_constants, f"AF_{_name}", 0 if _name == "UNSPEC" else -1))
    library.constant(f"AF_{_name}", _family)
    if _name != "UNSPEC":
        library.constant(f"PF_{_name}", _family)
for _name in ("CONFIRM", "DONTROUTE", "DONTWAIT", "EOR", "MORE", "NOSIGNAL", "OOB"):
    library.constant(f"MSG_{_name}", int(getattr(_constants, f"MSG_{_name}", 0)))
for _number, _names in enumerate((("SHUT_RD", "SD_RECEIVE"), ("SHUT_WR", "SD_SEND"), ("SHUT_RDWR", "SD_BOTH"))):
    for _name in _names:
        library.constant(_name, _number)
for _name, _value in (
    ("SOMAXCONN", _constants.SOMAXCONN),
    ("INADDR_ANY", 0),
    ("INADDR_LOOPBACK", 0x7F000001),
    ("INADDR_BROADCAST", 0xFFFFFFFF),
    ("IN6ADDR_ANY", bytes(16)),
    ("IN6ADDR_LOOPBACK", bytes(15) + b"\1"),
    ("SOCKET_IN", IN),
    ("SOCKET_PRI", PRI),
    ("SOCKET_OUT", OUT),
    ("SOCKET_ERR", ERR),
    ("SOCKET_HUP", HUP),
):
    library.constant(_name, _value)
for _number, _name in enumerate(client.EVENTS):
    library.constant(f"SOCKET_CLIENT_{_name}", _number)
for _name in ("UNKNOWN_CA", "BAD_IDENTITY", "NOT_ACTIVATED", "EXPIRED", "REVOKED", "INSECURE", "GENERIC"):
    library.constant(f"SOCKET_TLS_{_name}", getattr(tls, _name))

_function = library.function


def _operation(signature: str, multi: bool = False) -> Callable[[Any], Any]:
    """What chapter 11 adds: refused arguments are a failure of the operation."""
    return library.function(signature, multi=multi, refused=errors.misused_value)


# --- error state (10.1) -----------------------------------------------------------------------------------------------

_function("socket_error( [ bool as_text = false ] )")(errors.socket_error)
_function("socket_geterrnobyname( string name )")(errors.socket_geterrnobyname)

# --- addresses (10.2, 11.1) -------------------------------------------------------------------------------------------

_function("socket_address( int family, string addr[, int port = 0 ] )")(address.socket_address)
_function("socket_address_frombytes( int family, string bytes[, int port = 0 ] )")(address.socket_address_frombytes)
_function("socket_getaddrinfo( string host, string port[, int socktype = SOCK_STREAM[, int family = AF_UNSPEC ]] )")(
    resolver.socket_getaddrinfo
)
_function("socket_gethostname()")(resolver.socket_gethostname)
_operation("socket_address_any( [ bool ipv6 = false[, int port = 0 ]] )")(address.socket_address_any)
_operation("socket_address_loopback( [ bool ipv6 = false[, int port = 0 ]] )")(address.socket_address_loopback)
_operation("socket_address_broadcast( [ int port = 0 ] )")(address.socket_address_broadcast)
_operation("socket_address_unix( string path )")(address.socket_address_unix)
_operation("socket_address_parse( string text )")(address.socket_address_parse)

# --- creating sockets (10.3, 11.1) ------------------------------------------------------------------------------------

_function("socket( int family, int type, int protocol )")(socket.socket)
_function("socket_tcp( [ bool ipv6 = false ] )")(socket.socket_tcp)
_function("socket_udp( [ bool ipv6 = false ] )")(socket.socket_udp)
_operation("socket_raw( bool ipv6, int protocol )")(socket.socket_raw)
_operation("socket_unix( [ int type = SOCK_STREAM ] )")(socket.socket_unix)
_operation("socket_pair( [ int type = SOCK_STREAM ] )", multi=True)(socket.socket_pair)
_operation("socket_from_fd( int fd )")(socket.socket_from_fd)
_operation("socket_listen( any where[, dict options ] )")(connect.socket_listen)
_operation("socket_connect( ... )")(connect.socket_connect)

# --- readiness (10.5, 11.4) -------------------------------------------------------------------------------------------

_function("socket_select( array reads, array writes, array errors[, real timeout ] )")(select.socket_select)
_operation("socket_cancellable()")(select.socket_cancellable)
_operation("socket_poller()")(select.socket_poller)
_operation("socket_run( [ real timeout ] )")(select.socket_run)
_operation("socket_stop()")(select.socket_stop)

# --- names and services (11.5) ----------------------------------------------------------------------------------------

_operation("socket_resolve( string host[, string service[, dict options ]] )")(resolver.socket_resolve)
_operation("socket_resolve_service( string service, string protocol, string domain )")(services.socket_resolve_service)
_operation("socket_getnameinfo( socket_address address[, int flags = 0 ] )")(resolver.socket_getnameinfo)
_operation("socket_getservbyname( string name[, string protocol ] )")(resolver.socket_getservbyname)


# --- the client (11.6) ------------------------------------------------------------------------------------------------

_operation("socket_client()")(client.socket_client)


# --- for hosts (12.3, 12.7) ---


def __getattr__(name: str) -> object:
    if name in ("NetworkPolicy", "Decision"):  # scripts without a policy need not wait for it
        from . import policy

        return getattr(policy, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _from_host(value: object) -> Socket | None:
    """A script's socket on a duplicate of a Python socket's descriptor; None for anything else."""
    import os

    from .state import state

    if not isinstance(value, _constants.socket):
        return None
    owner = state()
    fd = os.dup(value.fileno())
    try:
        endpoint, waits = owner.network.give(fd)
    except BaseException:
        os.close(fd)
        raise
    return Socket(owner, endpoint, waits)


library.from_host = _from_host  # type: ignore[attr-defined]
