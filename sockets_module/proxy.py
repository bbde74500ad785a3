"""Proxies: which one to use, and the conversation with it (chapter 11 section 6).

Rules: the messages are made and understood by python-socks' protocol objects (extra `proxy`), which do no I/O; each
read here has a known length or a limit; what came after a proxy's answer belongs to the connection. `http`, `https`,
`socks4a` and `socks5h` proxies resolve names themselves, `socks4` and `socks5` get addresses.
"""

from __future__ import annotations

import errno
import os

from interp.library import engine, warning

from . import tls
from .network.base import OUT
from .resolver import to_ascii
from .state import Explained
from .transfer import EAGAIN, SEND, receive
from .waiting import patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .socket import Socket

PORTS = {b"http": 80, b"https": 443, b"socks4": 1080, b"socks4a": 1080, b"socks5": 1080, b"socks5h": 1080}
RESOLVING = (b"http", b"https", b"socks4a", b"socks5h")
LONGEST_HEADER = 65536

SOCKS5_CODES = {
    2: errno.ECONNREFUSED, 3: errno.ENETUNREACH, 4: errno.EHOSTUNREACH, 5: errno.ECONNREFUSED, 6: errno.ETIMEDOUT,
    8: errno.EAFNOSUPPORT,
}  # fmt: skip
SOCKS4_CODES = {0x5B: errno.ECONNREFUSED, 0x5C: errno.EPERM, 0x5D: errno.EPERM}
HTTP_CODES = {
    401: errno.EPERM, 403: errno.ECONNREFUSED, 407: errno.EPERM, 502: errno.ECONNREFUSED, 503: errno.ECONNREFUSED,
    504: errno.ETIMEDOUT,
}  # fmt: skip


class Proxy:
    """A proxy as its URI names it. Credentials are text, None when there are none."""

    __slots__ = ("host", "password", "port", "scheme", "user")

    def __init__(self, scheme: bytes, host: bytes, port: int, user: str | None, password: str | None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.user = user
        self.password = password

    @property
    def resolves(self) -> bool:
        """Whether the proxy takes names."""
        return self.scheme in RESOLVING

    @property
    def shown(self) -> str:
        """Its URI without the credentials."""
        host = self.host.decode("utf-8", "replace")
        return f"{self.scheme.decode()}://{f'[{host}]' if ':' in host else host}:{self.port}"


def authority(text: bytes) -> tuple[bytes, bytes, bytes | None]:
    """The parts `userinfo`, `host` and `port` of a URI's authority. Raises ValueError."""
    from urllib.parse import unquote_to_bytes

    user, _, rest = text.rpartition(b"@")
    if rest[:1] == b"[":
        host, mark, tail = rest[1:].partition(b"]")
        if not mark or (tail and tail[:1] != b":"):
            raise ValueError
        port: bytes | None = tail[1:] if tail[1:] else None
    else:
        host, mark, number = rest.partition(b":")
        port = number or None
    host = unquote_to_bytes(host)
    if not host or any(byte <= 32 or byte == 127 for byte in host):
        raise ValueError
    if port is not None and (not port.isdigit() or len(port) > 5 or int(port) > 0xFFFF):
        raise ValueError
    return user, host, port


def parse(uri: bytes, others: set[bytes] | frozenset[bytes] = frozenset()) -> Proxy | None:
    """The proxy of a URI, None for `direct`. Raises `Explained` for anything else.

    others   schemes of applications' own proxies
    """
    from urllib.parse import unquote_to_bytes

    scheme, mark, rest = uri.strip().partition(b"://")
    scheme = scheme.lower()
    if scheme == b"direct" and (mark or not rest):
        return None
    if not mark:
        scheme, rest = b"http", uri.strip()  # as every program takes `http_proxy=host:port`
    shown = scheme.decode("utf-8", "replace")
    if scheme not in PORTS and scheme not in others:
        raise Explained(errno.EINVAL, f"unknown kind of proxy '{shown}'")
    for end in (b"/", b"?", b"#"):
        rest = rest.partition(end)[0]
    try:
        userinfo, host, port = authority(rest)
        user: str | None = None
        password: str | None = None
        if userinfo:
            name, _, word = userinfo.partition(b":")
            user, password = unquote_to_bytes(name).decode(), unquote_to_bytes(word).decode()
    except ValueError:
        raise Explained(errno.EINVAL, f"malformed address of a proxy of kind '{shown}'") from None
    return Proxy(scheme, host, int(port) if port is not None else PORTS.get(scheme, 1080), user, password)


# --- the environment --------------------------------------------------------------------------------------------------


def environment() -> Mapping[str, str]:
    """The engine's environment: the one that `os_putenv` changes, the process's while there is none of its own."""
    slots = engine().slots
    if "process" not in slots:  # library `os` makes it when it is first needed, or the host
        return os.environ
    own = getattr(slots["process"], "environment", {})
    return {os.fsdecode(name): os.fsdecode(value) for name, value in own.items()}


def from_environment(uri: bytes, names: Mapping[str, str]) -> list[bytes]:
    """The proxies that `SCHEME_proxy`, `all_proxy` and `no_proxy` of an environment name for `scheme://host:port`."""

    def variable(name: str) -> str:
        return names.get(name) or names.get(name.upper()) or ""

    scheme = uri.partition(b"://")[0].decode("utf-8", "replace").lower()
    _, host, port = authority(uri.partition(b"://")[2])
    if excluded(host.decode("utf-8", "replace"), int(port or 0), variable("no_proxy")):
        return [b"direct://"]
    if scheme == "http":
        # in a CGI program HTTP_PROXY is what the client sent as its header `Proxy`
        found = names.get("http_proxy") or ("" if "REQUEST_METHOD" in names else names.get("HTTP_PROXY"))
    else:
        found = variable(f"{scheme}_proxy")
    found = found or variable("all_proxy")
    return [os.fsencode(found)] if found else [b"direct://"]


def excluded(host: str, port: int, rules: str) -> bool:
    """Whether a `no_proxy` list holds a host: `*`, names with all below them, addresses, networks, each with a port."""
    import ipaddress

    host = host.lower().rstrip(".").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for rule in rules.replace(",", " ").lower().split():
        if rule == "*":
            return True
        name, number = rule, ""
        if rule[:1] == "[":
            name, _, number = rule[1:].partition("]")
            number = number.lstrip(":")
        elif rule.count(":") == 1:
            name, _, number = rule.partition(":")
        if number and number != str(port):
            continue
        if address is not None:
            try:
                if address in ipaddress.ip_network(name, strict=False):
                    return True
            except (ValueError, TypeError):
                pass
            continue
        name = name.removeprefix("*").strip(".")
        if name and (host == name or host.endswith("." + name)):
            return True
    return False


# --- the conversation -------------------------------------------------------------------------------------------------


def _protocols() -> Any:
    try:
        from python_socks import _protocols
        from python_socks._protocols import errors, http, socks4, socks5  # noqa: F401
    except ImportError:
        warning('proxies need the package python-socks: pip install "pysgs[proxy]"')
        raise Explained(errno.ENOTSUP, 'proxies need the package python-socks: pip install "pysgs[proxy]"') from None
    return _protocols


def negotiate(sock: Socket, route: Proxy, host: bytes, port: int) -> None:
    """Has the proxy at the other end of a socket connect on to a host. Raises `OSError`; does not close."""
    protocols = _protocols()
    if any(byte <= 32 or byte == 127 for byte in host):
        raise OSError(errno.EINVAL, "")
    codes = {b"socks4": SOCKS4_CODES, b"socks4a": SOCKS4_CODES, b"socks5": SOCKS5_CODES, b"socks5h": SOCKS5_CODES}
    try:
        name = to_ascii(host).decode()
        if ":" in name:
            name = name.partition("%")[0]  # a scope is this machine's own
        if route.scheme in (b"http", b"https"):
            if route.scheme == b"https":
                tls.begin(sock, tls.Settings({}), route.host)
            _http(sock, protocols.http, route, name, port)
        elif route.scheme in (b"socks4", b"socks4a"):
            if ":" in name:
                raise Explained(errno.EAFNOSUPPORT, "a SOCKS4 proxy knows no IPv6 addresses")
            _socks4(sock, protocols.socks4, route, name, port)
        else:
            _socks5(sock, protocols.socks5, route, name, port)
    except protocols.errors.ReplyError as problem:
        code = codes.get(route.scheme, HTTP_CODES).get(problem.error_code, errno.EPROTO)
        if "authentication" in str(problem).lower():
            code = errno.EPERM
        raise Explained(code, f"proxy: {problem}") from None
    except (UnicodeError, ValueError, IndexError):
        # a name or credentials that do not fit into the protocol
        raise Explained(errno.EINVAL, "proxy: the name or the credentials cannot be sent") from None


def _send(sock: Socket, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            taken = sock.endpoint.send(view, SEND)
        except BlockingIOError:
            taken = patiently(sock, OUT, sock.send_span, EAGAIN, sock.endpoint.send, view, SEND)
        view = view[taken:]


def _some(sock: Socket, size: int) -> bytes:
    data = receive(sock, size, 0, True)
    if not data:
        raise Explained(errno.ECONNRESET, "proxy: it ended the connection")
    return data


def _exactly(sock: Socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += _some(sock, size - len(data))
    return data


def _http(sock: Socket, http: Any, route: Proxy, host: str, port: int) -> None:
    connection = http.Connection()
    _send(sock, connection.send(http.ConnectRequest(host, port, route.user, route.password)))
    header = bytearray()
    while True:
        searched = max(0, len(header) - 3)
        header += _some(sock, 4096)
        if not b"HTTP/1.".startswith(header[:7]) and header[:7] != b"HTTP/1.":
            raise Explained(errno.EPROTO, "proxy: it does not speak HTTP")
        end = header.find(b"\r\n\r\n", searched)
        if end >= 0:
            break
        if len(header) > LONGEST_HEADER:
            raise Explained(errno.EPROTO, "proxy: its answer does not end")
    connection.receive(bytes(header[:end]))
    sock.put_back(header[end + 4 :])


def _socks4(sock: Socket, socks4: Any, route: Proxy, host: str, port: int) -> None:
    connection = socks4.Connection()
    _send(sock, connection.send(socks4.ConnectRequest(host, port, route.user)))
    connection.receive(_exactly(sock, socks4.ConnectReply.SIZE))


def _socks5(sock: Socket, socks5: Any, route: Proxy, host: str, port: int) -> None:
    connection = socks5.Connection()
    _send(sock, connection.send(socks5.AuthMethodsRequest(route.user, route.password)))
    reply = connection.receive(_exactly(sock, socks5.AuthMethodReply.SIZE))
    if reply.method == socks5.AuthMethod.USERNAME_PASSWORD:
        _send(sock, connection.send(socks5.AuthRequest(route.user, route.password)))
        connection.receive(_exactly(sock, socks5.AuthReply.SIZE))
    _send(sock, connection.send(socks5.ConnectRequest(host, port)))
    data = _exactly(sock, 3)
    if data == b"\5\0\0":
        data += _exactly(sock, 1)
        kind = data[3]
        if kind == socks5.AddressType.DOMAIN:
            data += _exactly(sock, 1)
            data += _exactly(sock, data[4] + 2)
        elif kind in (socks5.AddressType.IPV4, socks5.AddressType.IPV6):
            data += _exactly(sock, 6 if kind == socks5.AddressType.IPV4 else 18)
    connection.receive(data)
