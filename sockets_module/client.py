"""`socket_client`: GLib's GSocketClient for scripts (chapter 11 section 6).

Rules: the object only holds the properties and turns arguments into an `Order` for the connector; each connect takes
the properties as they are when it begins; SOCKET_CLIENT_COMPLETE is told exactly once and last, however it ends. The
async forms are the same connects in a script thread of their own.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import errno
import math
import socket as _constants

from interp import ports
from interp.library import (
    MISSING,
    Object,
    argument_error,
    call,
    convert,
    is_array,
    is_callable,
    is_dict,
    prop,
    warning,
)

from . import proxy
from .address import SocketAddress
from .connector import COMPLETE, Order, combined, kept, settings_of
from .errors import misused_value, operation
from .services import find_services
from .state import FAILURES, Explained, State, state
from .tls import ALL_CHECKS, UNKNOWN_CA, options_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .proxy import Proxy
    from .socket import Socket

    Plan = Callable[[Order], Socket]  # connects as an order says

EVENTS = (
    "RESOLVING", "RESOLVED", "CONNECTING", "CONNECTED", "PROXY_NEGOTIATING", "PROXY_NEGOTIATED", "TLS_HANDSHAKING",
    "TLS_HANDSHAKED", "COMPLETE",
)  # fmt: skip


class Refused(Exception):
    """A value that a property cannot take."""


def _property(name: str, check: Callable[[Any], Any], text: str) -> prop:
    """A property kept in the slot `_NAME`; `check` gives what to keep, or raises `Refused`."""
    slot = "_" + name

    def get(client: SocketClient) -> Any:
        return getattr(client, slot)

    def put(client: SocketClient, value: Any) -> None:
        try:
            setattr(client, slot, check(value))
        except Refused:
            state().fail(errno.EINVAL)
            return warning(f"failed to set the '{name}' property of a socket_client")

    get.__doc__ = text
    return prop(get).setter(put)


def _number(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        wanted = convert("int", value) if isinstance(value, (bool, int, float, bytes)) else MISSING
        if wanted is MISSING or not low <= wanted <= high:
            raise Refused
        return int(wanted)

    return check


def _flag(value: Any) -> bool:
    wanted = convert("bool", value)
    if wanted is MISSING:
        raise Refused
    return bool(wanted)


def _seconds(value: Any) -> float:
    wanted = convert("real", value) if isinstance(value, (bool, int, float, bytes)) else MISSING
    if wanted is MISSING or math.isnan(wanted) or wanted < 0:
        raise Refused
    return float(wanted)


def _address(value: Any) -> SocketAddress | None:
    if value is not None and not isinstance(value, SocketAddress):
        raise Refused
    return value


def _callback(value: Any) -> Any:
    if value is not None and not is_callable(value):
        raise Refused
    return value


def _tls(value: Any) -> Any:
    if not is_dict(value):
        return _flag(value)
    if options_of(value, 0) is None:
        raise Refused
    return value


def _validation(value: Any) -> int:
    wanted = _number(0, ALL_CHECKS)(value)
    if wanted:
        rest = "certificates are not verified at all" if wanted & UNKNOWN_CA else "checks of certificates are left out"
        warning(f"'tls_validation_flags' is deprecated and unsafe: {rest}")
    return wanted


class SocketClient(Object, name="socket_client"):
    """What a script connects with: `socket_client()` of chapter 11 section 6."""

    __slots__ = (
        "_enable_proxy", "_family", "_local_address", "_on_event", "_protocol", "_proxy_resolver", "_raw",
        "_socket_type", "_timeout", "_tls", "_tls_validation_flags",
    )  # fmt: skip

    def __init__(self) -> None:
        self._family = 0
        self._socket_type = int(_constants.SOCK_STREAM)
        self._protocol = 0
        self._local_address: SocketAddress | None = None
        self._timeout = 0.0
        self._tls: Any = False
        self._tls_validation_flags = 0
        self._enable_proxy = True
        self._proxy_resolver: Any = None
        self._on_event: Any = None
        self._raw: set[bytes] = set()

    family = _property("family", _number(0, 0xFFFF), "The AF_ number of addresses to use, 0 = any.")
    socket_type = _property("socket_type", _number(0, 0xFFFF), "The SOCK_ number.")
    protocol = _property("protocol", _number(0, 0xFFFF), "The IPPROTO_ number, 0 = the type's own.")
    local_address = _property("local_address", _address, "The socket_address to bind first, or null.")
    timeout = _property("timeout", _seconds, "Seconds of inactivity, while connecting and later; 0 = no limit.")
    tls = _property("tls", _tls, "Whether to encrypt; a dict of `start_tls` options means yes.")
    tls_validation_flags = _property("tls_validation_flags", _validation, "SOCKET_TLS_ checks to drop.")
    enable_proxy = _property("enable_proxy", _flag, "Whether proxies are used.")
    proxy_resolver = _property("proxy_resolver", _callback, "f( uri ) -> array of proxy URIs; null = environment.")
    on_event = _property("on_event", _callback, "f( event, connectable, socket ), told of every step, or null.")

    # --- methods ------------------------------------------------------------------------------------------------------

    @operation("connect( any target )", misused_value)
    def connect(self, target: Any) -> Socket | None:
        """Connects to a socket_address or a text `host:port`: a socket, null on failure."""
        plan = self._to_address(target)
        return None if plan is None else self._run(target, plan)

    @operation("connect_to_host( string host_and_port, int default_port )", misused_value)
    def connect_to_host(self, text: bytes, port: int) -> Socket | None:
        """Connects to `name`, `name:port`, `name:service`, `[::1]:80`, `::1`, …: a socket, null on failure."""
        plan = self._to_host(text, port)
        return None if plan is None else self._run(text, plan)

    @operation("connect_to_service( string domain, string service )", misused_value)
    def connect_to_service(self, domain: bytes, service: bytes) -> Socket | None:
        """Connects to the targets of a domain's SRV records in turn: a socket, null on failure."""
        return self._run(domain, self._to_service(domain, service))

    @operation("connect_to_uri( string uri, int default_port )", misused_value)
    def connect_to_uri(self, uri: bytes, port: int) -> Socket | None:
        """Connects to the host of a URI with an authority: a socket, null on failure."""
        plan = self._to_uri(uri, port)
        return None if plan is None else self._run(uri, plan)

    @operation("connect_async( any target, callable callback )")
    def connect_async(self, target: Any, callback: Any) -> bool:
        """`connect` that returns at once; `socket_run` calls `callback( socket or null, error )`."""
        return self._later(target, self._to_address(target), callback)

    @operation("connect_to_host_async( string host_and_port, int default_port, callable callback )")
    def connect_to_host_async(self, text: bytes, port: int, callback: Any) -> bool:
        """`connect_to_host` that returns at once; `socket_run` calls `callback( socket or null, error )`."""
        return self._later(text, self._to_host(text, port), callback)

    @operation("connect_to_service_async( string domain, string service, callable callback )")
    def connect_to_service_async(self, domain: bytes, service: bytes, callback: Any) -> bool:
        """`connect_to_service` that returns at once; `socket_run` calls `callback( socket or null, error )`."""
        return self._later(domain, self._to_service(domain, service), callback)

    @operation("connect_to_uri_async( string uri, int default_port, callable callback )")
    def connect_to_uri_async(self, uri: bytes, port: int, callback: Any) -> bool:
        """`connect_to_uri` that returns at once; `socket_run` calls `callback( socket or null, error )`."""
        return self._later(uri, self._to_uri(uri, port), callback)

    @operation("add_application_proxy( string protocol )")
    def add_application_proxy(self, protocol: bytes) -> bool:
        """From now on the socket of such a proxy is returned as it is: the script speaks with the proxy. True."""
        self._raw.add(protocol.lower())
        return True

    # --- what to connect to: each gives a plan, None when the arguments make no sense, which has been reported --------

    def _to_address(self, target: Any) -> Plan | None:
        if isinstance(target, SocketAddress):
            return lambda order: order.connect(target, b"", b"none")
        if not isinstance(target, bytes):
            state().fail(errno.EINVAL)
            return argument_error(1, "string or socket_address", target)
        parts = host_and_service(target)
        if parts is None or parts[1] is None:
            state().fail(errno.EINVAL)
            return warning('argument 1 must be a text "host:port"')
        host, service = parts[0], parts[1]
        return lambda order: order.connect(host, service, b"none")

    def _to_host(self, text: bytes, port: int) -> Plan | None:
        parts = host_and_service(text)
        if parts is None:
            state().fail(errno.EINVAL)
            return warning("argument 1 (host_and_port) is malformed")
        if not _port_fits(port):
            return None
        host, service = parts[0], parts[1] or b"%d" % port
        return lambda order: order.connect(host, service, b"none")

    def _to_service(self, domain: bytes, service: bytes) -> Plan:
        kind = b"udp" if self._socket_type == _constants.SOCK_DGRAM else b"tcp"

        def connect(order: Order) -> Socket:
            order.tell(0, None)
            until = ports.clock() + order.timeout if order.timeout else None
            records = find_services(order.owner, service, kind, domain, until)
            failures: list[tuple[str, BaseException]] = []
            for _, _, port, target in records:
                try:
                    # the domain is who was asked for: who its records name proves nothing
                    return order.attempt(target.encode(), b"%d" % port, service, domain)
                except FAILURES as problem:
                    if getattr(problem, "errno", 0) == errno.ECANCELED:
                        raise
                    failures.append((f"{target}:{port}", kept(problem)))
            try:
                raise combined(failures)
            finally:
                failures.clear()  # the exception holds this frame

        return connect

    def _to_uri(self, uri: bytes, port: int) -> Plan | None:
        scheme, mark, rest = uri.partition(b"://")
        for end in (b"/", b"?", b"#"):
            rest = rest.partition(end)[0]
        try:
            if not mark or not _is_scheme(scheme):
                raise ValueError
            _, host, number = proxy.authority(rest)
        except ValueError:
            state().fail(errno.EINVAL)
            return warning("argument 1 (uri) must be a URI with an authority")
        if not _port_fits(port):
            return None
        service = number or b"%d" % port
        return lambda order: order.connect(host, service, scheme.lower())

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _order(self, owner: State, connectable: Any) -> Order:
        order = Order(owner)
        order.family, order.kind, order.protocol = self._family, self._socket_type, self._protocol
        order.local, order.timeout = self._local_address, self._timeout
        order.raw = set(self._raw)
        if self._enable_proxy:
            order.proxies = self._proxies
        callback = self._on_event
        if callback is not None:
            order.tell = lambda event, sock: call(callback, None, event, connectable, sock)
        settings = settings_of(self._tls, 0, self._tls_validation_flags)
        if settings is False:
            raise OSError(errno.EINVAL, "")
        order.tls = settings  # type: ignore[assignment]
        return order

    def _proxies(self, uri: bytes) -> list[Proxy | None]:
        if self._proxy_resolver is None:
            found: Any = proxy.from_environment(uri, proxy.environment())
        else:
            found = call(self._proxy_resolver, None, uri)
            if not is_array(found) or not found or not all(isinstance(item, bytes) for item in found):
                raise Explained(errno.EINVAL, "the proxy resolver gives no array of URIs")
        return [proxy.parse(item, self._raw) for item in found]

    def _connect(self, owner: State, connectable: Any, plan: Plan) -> Socket:
        """The socket, or the failure raised; COMPLETE has been told, unless the end of the engine has ended it."""
        made: Socket | None = None
        order: Order | None = None
        try:
            order = self._order(owner, connectable)
            made = plan(order)
            return made
        finally:
            if ports.discarded():
                pass
            elif order is not None:
                order.tell(COMPLETE, made)
            elif self._on_event is not None:
                call(self._on_event, None, COMPLETE, connectable, None)

    def _run(self, connectable: Any, plan: Plan) -> Socket | None:
        owner = state()
        try:
            made = self._connect(owner, connectable, plan)
        except FAILURES as problem:
            return owner.refuse(problem)
        owner.code = 0
        return made

    def _later(self, connectable: Any, plan: Plan | None, callback: Any) -> bool:
        if plan is None:
            return False
        owner = state()
        # it has begun: what the script changes from now on is for the next
        begun = SocketClient()
        for slot in self.__slots__:
            setattr(begun, slot, getattr(self, slot))
        begun._raw = set(self._raw)

        def body(*_: Any) -> None:
            owner.reactor.pause()
            call(callback, None, begun._run(connectable, plan), owner.code)

        owner.code = 0
        ports.spawn(body)
        return True


def _port_fits(port: int) -> bool:
    if 0 <= port <= 0xFFFF:
        return True
    state().fail(errno.EINVAL)
    warning("argument 2 (default_port) must be between 0 and 65535")
    return False


def _is_scheme(text: bytes) -> bool:
    rest = text.replace(b"+", b"").replace(b"-", b"").replace(b".", b"")
    return text[:1].isalpha() and rest.isalnum()


def host_and_service(text: bytes) -> tuple[bytes, bytes | None] | None:
    """The host and, if it is there, the port or service name of a text; None when malformed."""
    service: bytes | None
    if text[:1] == b"[":
        host, mark, rest = text[1:].partition(b"]")
        if not mark or (rest and rest[:1] != b":"):
            return None
        service = rest[1:] or None
    elif text.count(b":") > 1:
        host, service = text, None
    else:
        host, _, name = text.partition(b":")
        service = name or None
    if not host or any(byte <= 32 or byte == 127 for byte in host):
        return None
    if service is not None and service.isdigit() and (len(service) > 5 or int(service) > 0xFFFF):
        return None
    return host, service


def socket_client() -> SocketClient:
    """A new client with GLib's defaults: any family, TCP, no TLS, proxies from the environment. Chapter 11."""
    return SocketClient()
