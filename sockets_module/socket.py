"""`socket`: one socket as a script value. The class is the table of chapters 10 section 4 and 11 sections 2 and 3.

Rules: the descriptor is released when the last reference goes, at `close()`, or with the engine, whichever is first,
so nothing that outlives an operation may refer to a socket; the endpoint underneath never blocks, `waits` is what the
script sees as `blocking`; behaviour lives in the modules named after it.
"""

# mypy: disable-error-code="func-returns-value, no-any-return"

from __future__ import annotations

import socket as _constants

from interp.library import Object, method, prop, warning

from . import messages, multicast, options, quick, select, stream, tls, transfer
from .address import from_sockaddr
from .errors import misused_value, operation
from .network.system import tells_when_drained
from .options import fact, kept, number, readable, switch, writable
from .state import FAILURES, State, state
from .waiting import Cancellable, Registration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .network.base import Endpoint

__all__ = [
    "Socket", "socket", "socket_from_fd", "socket_pair", "socket_raw", "socket_tcp", "socket_udp", "socket_unix",
]  # fmt: skip

SOL_SOCKET = int(_constants.SOL_SOCKET)
TCP = int(_constants.IPPROTO_TCP)
DATAGRAMS = (_constants.SOCK_DGRAM, _constants.SOCK_RAW, getattr(_constants, "SOCK_RDM", -1))
DEFAULT_BACKLOG = min(_constants.SOMAXCONN, 128)


class Socket(Object, name="socket"):
    """A socket of a script.

    endpoint      the network's side            registration  its place in the reactor
    waits         `blocking`                    stream        whether an empty receive means the end
    recv_span, send_span  seconds or None       inactivity    `timeout`, 0 = none
    due           `deadline` or None            canceller     `cancellable` or None
    ahead         bytes read ahead or None
    secure        the endpoint once more when it is a `TlsEndpoint`, else None
    host          the name it was connected to by, or None
    direct        operations wait in the system call (see `transfer.become_direct`); not while the socket is `shared`
                  with another object or program. `endless`: its receives do so until the end, not for a while only
    guarded, sends, into, calm  follow from the others, see `settle`
    sent_count    `sent`                        pollers       weak references to the pollers it is in, or None
    """

    __slots__ = (
        "ahead", "backlog", "calm", "canceller", "direct", "due", "endless", "endpoint",
        "guarded", "host", "inactivity", "interface", "into",
        "pollers", "recv_span", "registration", "secure", "send_span", "sends", "sent_count", "shared", "state",
        "stream", "waits",
    )  # fmt: skip

    def __init__(self, owner: State, endpoint: Endpoint, waits: bool = True) -> None:
        self.state = owner
        self.endpoint = endpoint
        # of the system's TCP it is known when a short receive means that there is no more; not of what is put over it
        self.registration = Registration(endpoint.fileno(), tells_when_drained(endpoint))
        self.waits = waits
        self.stream = endpoint.type not in DATAGRAMS
        self.recv_span: float | None = None
        self.send_span: float | None = None
        self.inactivity = 0.0
        self.due: float | None = None
        self.canceller: Cancellable | None = None
        self.direct = self.endless = False
        self.shared = False
        self.ahead: bytearray | None = None
        self.secure: tls.TlsEndpoint | None = None
        self.host: bytes | None = None
        self.sent_count = 0
        self.backlog = DEFAULT_BACKLOG
        self.interface: bytes | None = None
        self.pollers: list[Any] | None = None
        self.settle()
        try:
            owner.resources.add(self)
        except BaseException:
            endpoint.close()
            raise

    # --- life and death -----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Sets what the quick natives look at; to be called whenever something has changed that it follows from.

        guarded   there is something that can forbid an operation before it begins
        sends     the endpoint while nothing forbids to send, else None
        into      the endpoint while receives from the stream wait in the system call and nothing is read ahead, else
                  None
        calm      a receive from the stream waits for nothing but bytes, and in the selector
        """
        self.guarded = self.due is not None or self.canceller is not None
        self.sends = None if self.guarded else self.endpoint
        self.into = self.endpoint if self.direct and self.stream and not self.ahead else None
        self.calm = (
            self.stream
            and self.waits
            and not (self.direct or self.guarded or self.inactivity)
            and self.recv_span is None
        )

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return self.endpoint.fileno()

    def __bool__(self) -> bool:
        return self.endpoint.fileno() >= 0

    def __del__(self) -> None:
        try:
            if self.endpoint.fileno() >= 0:
                self.leave()
                self.endpoint.close()
        except Exception:
            pass  # the interpreter is going down, or the socket was never finished

    def leave(self) -> None:
        """Takes the socket out of everything that knows its descriptor; every wait for it ends with EBADF."""
        self.state.reactor.forget(self.registration)
        self.direct = self.endless = False
        self.ahead = None
        self.settle()
        if self.pollers is not None:
            select.leave_pollers(self)

    def share(self) -> None:
        """Another object or program is about to use the same socket of the system. Raises `OSError` under TLS."""
        tls.require_plain(self)
        transfer.leave_direct(self)
        self.shared = True

    def put_back(self, data: bytearray) -> None:
        """Puts received bytes before everything that is to be received next; on a closed socket they are gone.

        None are put back when nothing is left of what was read ahead.
        """
        if not data and not self.ahead:
            self.ahead = None
            if self.direct:
                self.settle()
        if data and self.endpoint.fileno() >= 0:
            if self.ahead:
                data += self.ahead
            self.ahead = data
            self.into = None
            self.registration.offer()
            if self.pollers is not None:
                select.tell_pollers(self)

    def _close(self) -> bool:
        """Releases the descriptor: true the first time. Chapter 10 section 4."""
        if self.endpoint.fileno() < 0:
            return False
        if self.secure is not None and self.waits:
            tls.say_goodbye(self)
            if self.endpoint.fileno() < 0:
                return False  # another thread has closed it meanwhile
        self.leave()
        self.state.resources.discard(self)
        try:
            self.endpoint.close()
        except FAILURES as problem:
            return self.state.fail(problem)
        self.state.code = 0
        return True

    def _detach(self) -> tuple[Any, ...]:
        """Gives the descriptor away, blocking as the script saw it; the socket is then closed. Null on failure.

        Bytes read ahead cannot go with the descriptor: they are a second value, the empty string when there are none.
        """
        try:
            options.require_open(self)
            tls.require_plain(self)
            transfer.leave_direct(self)
            ahead = bytes(self.ahead or b"")
            self.leave()
            self.state.resources.discard(self)
            self.endpoint.setblocking(self.waits)
            fd = self.endpoint.detach()
        except FAILURES as problem:
            return (self.state.refuse(problem),)
        self.state.code = 0
        return fd, ahead

    def clone(self) -> Any:
        """A second socket on a duplicated descriptor, without the deadline. Null on failure. Chapter 11 section 1."""
        try:
            options.require_open(self)
            self.share()
            twin = Socket(self.state, self.state.network.duplicate(self.endpoint), self.waits)
        except FAILURES as problem:
            return self.state.refuse(problem)
        for slot in ("recv_span", "send_span", "inactivity", "canceller", "backlog", "interface"):
            setattr(twin, slot, getattr(self, slot))
        twin.shared = True
        twin.settle()
        self.state.code = 0
        return twin

    def compare(self, other: object) -> int | None:
        return 0 if other is self else None

    def dump(self, depth: int) -> bytes:
        """Family, type, both addresses and state, for `printvar`. Chapter 11 section 7."""
        endpoint = self.endpoint
        kind = b"socket [family=%d type=%d" % (endpoint.family, endpoint.type)
        if endpoint.fileno() < 0:
            return kind + b" closed]"
        shown = []
        for ask in (endpoint.getsockname, endpoint.getpeername):
            try:
                shown.append(from_sockaddr(endpoint.family, ask()).shown())
            except OSError:
                shown.append(b"")
        if options.is_listening(self):
            return kind + b" listening] " + shown[0]
        if shown[1]:
            return kind + b" connected] " + shown[0] + b" -> " + shown[1]
        return kind + b" open] " + shown[0]

    # --- methods of chapter 10 ----------------------------------------------------------------------------------------

    bind = method("bind( ... )")(transfer.bind)
    listen = method("listen( [ int queuesize ] )")(transfer.listen)
    accept = method("accept( [ real timeout ] )", multi=True)(transfer.accept)
    connect = method("connect( ... )")(transfer.connect)
    send = method("send( string data[, int flags = 0 ] )", quick=quick.send)(transfer.send)
    sendto = method("sendto( string data, ... )")(transfer.sendto)
    recv = method("recv( int maxlength[, int flags = 0 ] )", quick=quick.recv)(transfer.recv)
    recvfrom = method("recvfrom( int maxlength[, int flags = 0 ] )", multi=True)(transfer.recvfrom)
    shutdown = method("shutdown( int how )")(transfer.shutdown)
    close = method("close()")(_close)
    getpeername = method("getpeername()")(transfer.getpeername)

    # --- methods of chapter 11 ----------------------------------------------------------------------------------------

    detach = operation("detach()", misused_value, multi=True)(_detach)
    check_connect_result = operation("check_connect_result()")(transfer.check_connect_result)
    condition_check = operation("condition_check( int mask )")(select.condition_check)
    condition_wait = operation("condition_wait( int mask[, real timeout ] )")(select.condition_wait)
    watch = operation("watch( int mask, callable callback )")(select.watch)
    send_all = operation("send_all( string data )", quick=quick.send_all)(stream.send_all)
    send_line = operation("send_line( string data )", quick=quick.send_line)(stream.send_line)
    send_with_blocking = operation("send_with_blocking( string data, bool blocking )")(stream.send_with_blocking)
    recv_with_blocking = operation("recv_with_blocking( int n, bool blocking )")(stream.recv_with_blocking)
    send_file = operation("send_file( any source[, int offset = 0[, int count ]] )")(stream.send_file)
    flush = operation("flush()")(stream.flush)
    recv_exact = operation("recv_exact( int n )", quick=quick.recv_exact)(stream.recv_exact)
    recv_all = operation("recv_all( [ int max ] )")(stream.recv_all)
    recv_until = operation("recv_until( string delimiter[, int max = 65536 ] )", quick=quick.recv_until)(
        stream.recv_until
    )
    recv_line = operation("recv_line( [ int max = 65536 ] )", quick=quick.recv_line)(stream.recv_line)
    send_message = operation("send_message( any data[, dict options ] )")(messages.send_message)
    recv_message = operation("recv_message( any size[, dict options ] )")(messages.recv_message)
    send_messages = operation("send_messages( array items[, int flags = 0 ] )")(messages.send_messages)
    recv_messages = operation("recv_messages( int count, int n[, int flags = 0 ] )")(messages.recv_messages)
    join_multicast_group = operation(
        "join_multicast_group( socket_address group[, string interface[, socket_address source ]] )"
    )(multicast.join)
    leave_multicast_group = operation(
        "leave_multicast_group( socket_address group[, string interface[, socket_address source ]] )"
    )(multicast.leave)
    shutdown_read = operation("shutdown_read()")(transfer.shutdown_read)
    shutdown_write = operation("shutdown_write()")(transfer.shutdown_write)
    start_tls = operation("start_tls( [ dict options ] )")(tls.start_tls)
    reset_deadline = operation("reset_deadline()")(options.reset_deadline)
    get_option = operation("get_option( int level, int name[, int buflen ] )", misused_value)(options.get_option)
    set_option = operation("set_option( int level, int name, any value[, int length ] )")(options.set_option)

    # --- properties of chapter 10 -------------------------------------------------------------------------------------

    error = readable("error", options.read_error, "The pending error, cleared by reading.")
    blocking = kept("blocking", options.read_blocking, options.write_blocking, "Whether operations wait.")
    broadcast = switch("broadcast", (SOL_SOCKET, _constants.SO_BROADCAST), "Whether broadcasts may be sent.")
    reuse_addr = switch("reuse_addr", (SOL_SOCKET, _constants.SO_REUSEADDR), "Whether a used address may be bound.")
    send_timeout = kept(
        "send_timeout", options.read_send_timeout, options.write_send_timeout,
        "Longest wait of a send in seconds, 0 = for ever; ends with EWOULDBLOCK.",
    )  # fmt: skip
    recv_timeout = kept(
        "recv_timeout", options.read_recv_timeout, options.write_recv_timeout,
        "Longest wait of a receive in seconds, 0 = for ever; ends with EWOULDBLOCK.",
    )  # fmt: skip

    # --- properties of chapter 11 -------------------------------------------------------------------------------------

    fd = fact("fd", lambda sock: sock.endpoint.fileno(), "The descriptor, -1 when closed.")
    family = fact("family", lambda sock: int(sock.endpoint.family), "The AF_ number.")
    type = fact("type", lambda sock: int(sock.endpoint.type), "The SOCK_ number.")
    protocol = fact("protocol", lambda sock: int(sock.endpoint.proto), "The IPPROTO_ number, 0 = the type's own.")
    local_address = readable("local_address", options.read_local_address, "The socket_address it is bound to.")
    remote_address = readable("remote_address", options.read_remote_address, "The socket_address of the peer.")
    is_closed = fact("is_closed", lambda sock: not sock, "Whether it is closed.")
    is_connected = fact("is_connected", options.is_connected, "Whether it has a peer.")
    is_listening = fact("is_listening", options.is_listening, "Whether it accepts connections.")
    speaks_ipv4 = fact("speaks_ipv4", options.speaks_ipv4, "Whether it can reach IPv4 addresses.")
    available_bytes = readable("available_bytes", options.available_bytes, "Bytes that can be received at once.")
    credentials = readable("credentials", options.credentials, "dict `pid uid gid` of an AF_UNIX peer.")
    timeout = kept(
        "timeout", options.read_timeout, options.write_timeout,
        "Longest inactivity of a blocking operation in seconds, 0 = none; ends with ETIMEDOUT.",
    )  # fmt: skip
    timeout_after = prop(options.read_timeout_after).setter(
        writable("timeout_after", options.read_timeout, options.write_timeout_after, "").fset  # type: ignore[arg-type]
    )
    deadline = kept(
        "deadline", options.read_deadline, options.write_deadline,
        "When operations fail with ETIMEDOUT, in `ftime()` seconds; null = never.",
    )  # fmt: skip
    cancellable = kept(
        "cancellable", options.read_cancellable, options.write_cancellable,
        "The socket_cancellable that ends its operations, or null.",
    )  # fmt: skip
    listen_backlog = kept(
        "listen_backlog", options.read_backlog, options.write_backlog,
        "Length of the queue of connections, used by `listen`.",
    )  # fmt: skip
    keepalive = switch("keepalive", (SOL_SOCKET, _constants.SO_KEEPALIVE), "Whether silence is probed.")
    keepalive_time = number("keepalive_time", options.KEEPALIVE_TIME, "Seconds of silence before the first probe.", 1)
    keepalive_interval = number("keepalive_interval", options.KEEPALIVE_INTERVAL, "Seconds between probes.", 1)
    keepalive_count = number("keepalive_count", options.KEEPALIVE_COUNT, "Unanswered probes that end it.", 1)
    no_delay = switch("no_delay", (TCP, _constants.TCP_NODELAY), "Whether small sends go out at once.")
    delay_ack = switch("delay_ack", options.QUICK_ACK, "Whether acknowledgements may be delayed.", inverse=True)
    linger = writable(
        "linger", options.read_linger, options.write_linger, "Whole seconds that a close waits for its data, or null."
    )
    reuse_port = switch("reuse_port", options.REUSE_PORT, "Whether sockets may share its port.", quiet=True)
    only_ipv6 = switch("only_ipv6", options.ONLY_IPV6, "Whether an IPv6 socket refuses IPv4.")
    recv_buffer_size = number("recv_buffer_size", (SOL_SOCKET, _constants.SO_RCVBUF), "Bytes, as granted.", 1)
    send_buffer_size = number("send_buffer_size", (SOL_SOCKET, _constants.SO_SNDBUF), "Bytes, as granted.", 1)
    ttl = number("ttl", options.TTL, "Hops a packet may make.", 1, 255)
    multicast_ttl = number("multicast_ttl", options.MULTICAST_TTL, "Hops of a packet to a group.", 0, 255)
    multicast_loopback = switch("multicast_loopback", options.MULTICAST_LOOPBACK, "Whether it hears itself.")
    multicast_interface = writable(
        "multicast_interface", options.read_multicast_interface, options.write_multicast_interface,
        "Name of the interface for packets to groups, null = the system's choice.",
    )  # fmt: skip
    tls = fact("tls", tls.describe, "null, or a dict `version cipher alpn peer_certificate server_name`.")
    sent = fact("sent", lambda sock: sock.sent_count, "Bytes the last `send_all` or `send_file` sent.")


# --- creating ---------------------------------------------------------------------------------------------------------


def _create(family: int, kind: int, protocol: int = 0) -> Socket | None:
    owner = state()
    try:
        endpoint = owner.network.socket(family, kind, protocol)
    except FAILURES as problem:
        owner.fail(problem)
        return warning("failed to create socket")
    made = Socket(owner, endpoint, not kind & getattr(_constants, "SOCK_NONBLOCK", 0))
    owner.code = 0
    return made


def socket(family: int, kind: int, protocol: int) -> Socket | None:
    """A new socket; null and a Warning on failure. Chapter 10 section 3."""
    return _create(family, kind, protocol)


def socket_tcp(ipv6: bool) -> Socket | None:
    """A TCP socket, over IPv4 unless `ipv6`; null and a Warning on failure. Chapter 10 section 3."""
    return _create(_constants.AF_INET6 if ipv6 else _constants.AF_INET, _constants.SOCK_STREAM, _constants.IPPROTO_TCP)


def socket_udp(ipv6: bool) -> Socket | None:
    """A UDP socket, over IPv4 unless `ipv6`; null and a Warning on failure. Chapter 10 section 3."""
    return _create(_constants.AF_INET6 if ipv6 else _constants.AF_INET, _constants.SOCK_DGRAM, _constants.IPPROTO_UDP)


def _quietly(family: int, kind: int, protocol: int = 0) -> Socket | None:
    owner = state()
    try:
        endpoint = owner.network.socket(family, kind, protocol)
    except FAILURES as problem:
        return owner.refuse(problem)
    made = Socket(owner, endpoint, not kind & getattr(_constants, "SOCK_NONBLOCK", 0))
    owner.code = 0
    return made


def socket_raw(ipv6: bool, protocol: int) -> Socket | None:
    """A raw socket; null and EPERM without privilege. Chapter 11 section 1."""
    return _quietly(_constants.AF_INET6 if ipv6 else _constants.AF_INET, _constants.SOCK_RAW, protocol)


def socket_unix(kind: int) -> Socket | None:
    """An AF_UNIX socket; null on failure. Chapter 11 section 1."""
    return _quietly(_constants.AF_UNIX, kind)


def socket_pair(kind: int) -> tuple[Any, ...]:
    """Two connected AF_UNIX sockets as two values; null on failure. Chapter 11 section 1."""
    owner = state()
    try:
        first, second = owner.network.pair(kind)
    except FAILURES as problem:
        return (owner.refuse(problem),)
    pair = (Socket(owner, first), Socket(owner, second))
    owner.code = 0
    return pair


def socket_from_fd(fd: int) -> Socket | None:
    """A socket that owns a descriptor from now on; null and the descriptor untouched when it is none. Chapter 11."""
    owner = state()
    try:
        endpoint, waits = owner.network.adopt(fd)
    except FAILURES as problem:
        return owner.refuse(problem)
    made = Socket(owner, endpoint, waits)
    made.shared = True
    options.refresh_spans(made)
    owner.code = 0
    return made
