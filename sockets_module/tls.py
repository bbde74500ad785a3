"""TLS over any endpoint: the endpoint that encrypts, `start_tls`, settings of both sides (chapter 11 sections 3, 6).

Rules: the protocol engine (`ssl` with memory BIOs) never touches a descriptor, so every wait stays where waits are;
an endpoint that was once encrypted never sends plain bytes again; what the peer did not end by a close_notify is cut
off (ECONNRESET), never an end. `ssl` is imported when TLS is first used.
"""

from __future__ import annotations

import errno
import os
import socket as _constants
import weakref

from interp import ports
from interp.library import is_array, new_dict, warning

from . import select
from .network.base import IN, OUT
from .resolver import choices, to_ascii
from .state import FAILURES, Explained, in_folder
from .transfer import MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, leave_direct
from .waiting import admit, limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from typing import Any

    from .network.base import Ancillary, Endpoint, SockAddr
    from .socket import Socket
    from .state import State

SEND = MSG_NOSIGNAL | MSG_DONTWAIT
CIPHERTEXT = 1 << 17  # bytes of the connection taken at once
PLAINTEXT = 1 << 17  # bytes encrypted at once
RECORD = 1 << 14  # the most plain bytes the engine gives at once
GOODBYE = 2.0  # the longest wait of a close for room to end TLS in order
DRAINED = 8  # receives before a close, so that what nobody read does not become a reset
CONTEXTS = 64

# The checks of GLib's GTlsCertificateFlags, which `tls_validation_flags` names
UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, REVOKED, INSECURE, GENERIC = 1, 2, 4, 8, 16, 32, 64
ALL_CHECKS = 127
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which Python does not name

OPTIONS: dict[bytes, type | tuple[type, ...]] = {
    b"server_side": (bool, int), b"certfile": bytes, b"keyfile": bytes, b"cafile": bytes, b"server_name": bytes,
    b"verify": (bool, int), b"alpn": (bytes, list),
}  # fmt: skip


def _failure(problem: BaseException) -> Explained:
    """An `ssl` exception as a failure of ours: its own number would be read as an errno."""
    import ssl

    if isinstance(problem, ssl.SSLCertVerificationError):
        return Explained(errno.EPROTO, f"certificate verify failed: {problem.verify_message}")
    if isinstance(problem, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Explained(errno.ECONNRESET, "the peer ended the connection without ending TLS")
    reason = getattr(problem, "reason", None) or str(problem)
    return Explained(errno.EPROTO, str(reason).lower().replace("_", " "))


class TlsEndpoint:
    """An endpoint that encrypts what goes through another one.

    `send` takes a piece of plain bytes only when all its ciphertext is on its way; until then it would block, and the
    next `send` of the same bytes by the same coroutine or thread goes on with it (`_owed`).
    """

    __slots__ = (
        "_deaf", "_ended", "_engine", "_failure", "_incoming", "_outgoing", "_owed", "_pending", "_plain", "bind",
        "connect", "family", "fileno", "getpeername", "getsockname", "getsockopt", "inner", "listen", "owner", "proto",
        "server_name", "setblocking", "setsockopt", "type",
    )  # fmt: skip

    fileno: Callable[[], int]

    def __init__(
        self, inner: Endpoint, context: ssl.SSLContext, server_side: bool, server_name: str | None, first: bytes
    ) -> None:
        """first: bytes of the connection that were received already."""
        import ssl

        self.inner = inner
        self.server_name = server_name
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._engine = context.wrap_bio(self._incoming, self._outgoing, server_side, server_name)
        self._incoming.write(first)
        self._pending = b""
        self._owed: dict[Any, bytes] = {}
        self._ended = False
        self._deaf = False  # receiving was shut down
        self._plain = bytearray()
        self._failure: Explained | None = None
        self.owner: Any = None  # a weak reference to the socket, for its pollers
        self.family, self.type, self.proto = inner.family, inner.type, inner.proto
        for name in (
            "bind", "connect", "fileno", "getpeername", "getsockname", "getsockopt", "listen", "setblocking",
            "setsockopt",
        ):  # fmt: skip
            setattr(self, name, getattr(inner, name))

    # --- ciphertext ---------------------------------------------------------------------------------------------------

    def _flush(self) -> bool:
        """Sends what the engine has made; false while some of it would block."""
        if self._outgoing.pending:
            self._pending += self._outgoing.read()
        while self._pending:
            try:
                taken = self.inner.send(self._pending, SEND)
            except BlockingIOError:
                return False
            self._pending = self._pending[taken:]
        return True

    def _fetch(self) -> None:
        """Receives ciphertext; raises `BlockingIOError`."""
        data = self.inner.recv(CIPHERTEXT, MSG_DONTWAIT)
        sock = None if self.owner is None else self.owner()
        if sock is not None:
            sock.registration.offer()  # other threads may wait for what is now here and not at the selector any more
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def advance(self) -> int:
        """One stretch of the handshake: 0 when it is done, else the condition to wait for. Raises `OSError`."""
        import ssl

        while True:
            try:
                self._engine.do_handshake()
                return 0 if self._flush() else OUT
            except ssl.SSLWantReadError:
                if not self._flush():
                    return OUT
                try:
                    self._fetch()
                except BlockingIOError:
                    return IN
            except (ssl.SSLError, ValueError) as problem:
                try:
                    self._flush()  # the alert that tells the peer why
                except OSError:
                    pass
                raise _failure(problem) from None

    # --- plain bytes --------------------------------------------------------------------------------------------------

    def _read(self, size: int) -> bytes:
        """Up to `size` plain bytes, empty at the end; waits for nothing: `BlockingIOError` when there are none yet."""
        import ssl

        engine = self._engine
        while True:
            if self._failure is not None:
                raise Explained(self._failure.errno or errno.EPROTO, str(self._failure.args[-1]))
            parts: list[bytes] = []
            left = size
            try:
                while left > 0:
                    data = engine.read(min(left, RECORD))
                    if not data:
                        break
                    parts.append(data)
                    left -= len(data)
                return parts[0] if len(parts) == 1 else b"".join(parts)
            except ssl.SSLWantReadError:
                if parts or self._deaf:  # deaf: the engine does not hear of the end, or it would not send any more
                    return b"".join(parts)
                if self._outgoing.pending:
                    self._flush()
                self._fetch()
            except ssl.SSLZeroReturnError:
                return b"".join(parts)
            except ssl.SSLError as problem:
                self._failure = _failure(problem)  # to be told when what came before it has been given out
                if parts:
                    return b"".join(parts)

    def _decrypt(self) -> bool:
        """Makes sure that plain bytes stand in `_plain` if there are any; false at the end. Raises as `_read`."""
        if not self._plain:
            self._plain += self._read(CIPHERTEXT)
        return bool(self._plain)

    def readable(self) -> bool:
        """Whether a receive would give something, the end or a failure without waiting."""
        try:
            self._decrypt()
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if flags & MSG_PEEK:
            raise Explained(errno.EOPNOTSUPP, "MSG_PEEK does not go with TLS")
        if flags & _constants.MSG_OOB:
            raise Explained(errno.EOPNOTSUPP, "TLS has no urgent data")
        plain = self._plain
        if not plain:
            data = self._read(size)
        elif len(plain) <= size:
            data = bytes(plain)
            plain.clear()
        else:
            data = bytes(memoryview(plain)[:size])
            del plain[:size]
        if len(data) == size:
            sock = None if self.owner is None else self.owner()
            if sock is not None and sock.pollers is not None and self.readable():
                select.tell_pollers(sock)
        return data

    def send(self, data: bytes | memoryview, flags: int = 0, /) -> int:
        import ssl

        if flags & _constants.MSG_OOB:
            raise Explained(errno.EOPNOTSUPP, "TLS has no urgent data")
        if self.fileno() < 0:
            raise OSError(errno.EBADF, "")
        if not self._flush():
            raise BlockingIOError(errno.EAGAIN, "")
        taken = 0
        if self._owed:
            owed = self._owed.pop(self._sender(), b"")
            if bytes(data[: len(owed)]) == owed:
                taken = len(owed)
        # on until it would block: who gets less than everything taken waits without trying again
        while taken < len(data):
            piece = data[taken : taken + PLAINTEXT]
            try:
                self._engine.write(piece)
            except ssl.SSLWantReadError:
                raise BlockingIOError(errno.EAGAIN, "") from None
            except ssl.SSLZeroReturnError:
                raise OSError(errno.EPIPE, "") from None
            except ssl.SSLError as problem:
                if "SHUTDOWN" in str(problem.reason):
                    raise OSError(errno.EPIPE, "") from None
                raise _failure(problem) from None
            if not self._flush():
                self._owed[self._sender()] = bytes(piece)
                if not taken:
                    raise BlockingIOError(errno.EAGAIN, "")
                break
            taken += len(piece)
        return taken

    def _sender(self) -> Any:
        """Who is sending: threads may send at the same time. TLS over this one is a single sender."""
        return None if self.owner is None else ports.current()

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, SockAddr]:
        return self.recv(size, flags), None

    def sendto(self, data: bytes, flags: int, address: SockAddr, /) -> int:
        return self.send(data, flags)

    def recvmsg(
        self, size: int, ancillary_size: int = 0, flags: int = 0, /
    ) -> tuple[bytes, list[Ancillary], int, SockAddr]:
        return self.recv(size, flags), [], 0, None

    def sendmsg(
        self,
        buffers: Sequence[bytes | memoryview],
        ancillary: Sequence[Ancillary] = (),
        flags: int = 0,
        address: SockAddr = None,
        /,
    ) -> int:
        if ancillary:
            raise Explained(errno.EOPNOTSUPP, "control messages do not go with TLS")
        return self.send(b"".join(buffers), flags)

    def send_file(self, fd: int, offset: int, count: int) -> int:
        raise OSError(errno.ENOTSUP, "")  # the caller copies

    def pending(self) -> int:
        try:
            self._decrypt()
        except BlockingIOError:
            return 0
        return len(self._plain)

    # --- the end ------------------------------------------------------------------------------------------------------

    def say_goodbye(self) -> bool:
        """Sends a close_notify, once; false while that would block."""
        import ssl

        if self._ended:
            return self._flush()
        self._ended = True
        try:
            # what has arrived must be out of the engine before it looks for the peer's goodbye
            while self._failure is None and (data := self._engine.read(RECORD)):
                self._plain += data
        except ssl.SSLError:
            pass  # no more; a failure is met again by the next receive
        try:
            self._engine.unwrap()
        except ssl.SSLError:
            pass  # the peer has not answered it yet, or the connection has failed before
        return self._flush()

    def shutdown(self, how: int, /) -> None:
        if how in (_constants.SHUT_WR, _constants.SHUT_RDWR) and not self.say_goodbye():
            raise BlockingIOError(errno.EAGAIN, "")
        self.inner.shutdown(how)
        if how in (_constants.SHUT_RD, _constants.SHUT_RDWR):
            self._deaf = True

    def close(self) -> None:
        """Ends TLS as far as that goes without waiting, and closes."""
        if self.fileno() >= 0:
            try:
                self.say_goodbye()
                for _ in range(DRAINED):
                    if not self.inner.recv(CIPHERTEXT, MSG_DONTWAIT):
                        break
            except (OSError, ValueError):
                pass
        self.inner.close()

    def detach(self) -> int:
        raise Explained(errno.EOPNOTSUPP, "the descriptor of a TLS socket is of no use without its keys")

    def accept(self) -> tuple[Endpoint, SockAddr]:
        raise OSError(errno.EINVAL, "")

    def set_patience(self, seconds: float | None, endless: bool = False) -> bool:
        return False

    def facts(self) -> list[tuple[bytes, Any]]:
        """What the property `tls` shows."""
        engine = self._engine
        cipher, alpn = engine.cipher(), engine.selected_alpn_protocol()
        name = self.server_name
        return [
            (b"version", (engine.version() or "").encode()),
            (b"cipher", cipher[0].encode() if cipher else None),
            (b"alpn", alpn.encode() if alpn else None),
            (b"peer_certificate", engine.getpeercert(True)),
            (b"server_name", name.encode() if name else None),
        ]

    def dates(self) -> tuple[float, float] | None:
        """When the peer's verified certificate begins and ends to be valid, None without one."""
        import ssl

        found = self._engine.getpeercert()
        if not found:
            return None
        return ssl.cert_time_to_seconds(str(found["notBefore"])), ssl.cert_time_to_seconds(str(found["notAfter"]))


# --- settings ---------------------------------------------------------------------------------------------------------


class Settings:
    """How one side does TLS; the fields are the options of `start_tls`. dropped: checks that are left out."""

    __slots__ = ("alpn", "cafile", "certfile", "dropped", "keyfile", "server_name", "server_side", "verify")

    def __init__(self, chosen: dict[bytes, Any], dropped: int = 0) -> None:
        """chosen: checked options; raises `Explained` when they contradict each other."""
        self.server_side = bool(chosen.get(b"server_side", False))
        self.certfile, self.keyfile, self.cafile = (
            in_folder(chosen[name]) if name in chosen else None for name in (b"certfile", b"keyfile", b"cafile")
        )
        if self.keyfile is None:
            self.keyfile = self.certfile
        self.server_name: bytes | None = chosen.get(b"server_name")
        # a server asks for a certificate only when told to
        self.verify = bool(chosen.get(b"verify", not self.server_side))
        given = chosen.get(b"alpn", ())
        self.alpn: tuple[bytes, ...] = (given,) if isinstance(given, bytes) else tuple(given)
        self.dropped = dropped
        if self.server_side and self.certfile is None:
            raise Explained(errno.EINVAL, "a TLS server needs a certificate (option 'certfile')")
        if not all(isinstance(name, bytes) and 0 < len(name) < 256 for name in self.alpn):
            raise Explained(errno.EINVAL, "a protocol name (option 'alpn') has 1 to 255 bytes")

    def context(self, owner: State) -> ssl.SSLContext:
        """The `ssl` side of the settings, read from the files when they have changed. Raises `OSError`."""
        key: list[Any] = [self.server_side, self.verify, self.alpn, self.dropped]
        for path in (self.certfile, self.keyfile, self.cafile):
            if path is not None:
                owner.network.admit_file(path)
                facts = os.stat(path)
                key += [path, facts.st_mtime_ns, facts.st_size, facts.st_ino]
            else:
                key.append(None)
        known = owner.contexts.get(tuple(key))
        if known is None:
            if len(owner.contexts) >= CONTEXTS:
                owner.contexts.clear()
            known = owner.contexts[tuple(key)] = self._made()
        return known

    def _made(self) -> ssl.SSLContext:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if self.server_side else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        verifies = self.verify and not self.dropped & UNKNOWN_CA
        context.check_hostname = verifies and not self.server_side and not self.dropped & BAD_IDENTITY
        context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
        if self.dropped & (EXPIRED | NOT_ACTIVATED):
            context.verify_flags |= NO_CHECK_TIME
        if self.server_side:
            context.num_tickets = 0  # sessions are not resumed, and a peer that never reads would reset at its close
        try:
            if self.cafile is not None:
                context.load_verify_locations(os.fsdecode(self.cafile))
            elif verifies:
                context.load_default_certs(ssl.Purpose.CLIENT_AUTH if self.server_side else ssl.Purpose.SERVER_AUTH)
            if self.certfile is not None:
                keyfile = None if self.keyfile is None else os.fsdecode(self.keyfile)
                # an empty password: without one, `ssl` would ask for it on the terminal
                context.load_cert_chain(os.fsdecode(self.certfile), keyfile, lambda: b"")
            if self.alpn:
                context.set_alpn_protocols([name.decode("latin-1") for name in self.alpn])
        except ssl.SSLError as problem:
            raise Explained(errno.EINVAL, f"certificate files: {problem.reason or problem}") from None
        return context


def begin(sock: Socket, settings: Settings, name: bytes | None) -> None:
    """Does the handshake on a connected socket, which speaks TLS from then on. Raises `OSError`; does not close.

    name   whom the peer must prove to be, when the settings name nobody
    """
    import ssl
    import time

    if not sock.stream:
        raise OSError(errno.EOPNOTSUPP, "")
    leave_direct(sock)
    target = settings.server_name or name
    text = None
    if target and not settings.server_side:
        text = to_ascii(target).decode().rstrip(".").split("%")[0]
    context = settings.context(sock.state)
    if context.check_hostname and not text:
        raise Explained(errno.EINVAL, "nobody to verify: the option 'server_name' is missing")
    first, sock.ahead = bytes(sock.ahead or b""), None
    try:
        endpoint = TlsEndpoint(sock.endpoint, context, settings.server_side, text, first)
    except (ssl.SSLError, ValueError) as problem:
        raise Explained(errno.EINVAL, str(problem)) from None
    while need := endpoint.advance():
        limit, late = limits(sock, sock.recv_span, errno.EAGAIN)
        sock.state.reactor.wait(sock.fileno(), sock.registration, need, limit, late, sock.canceller)
    dropped = settings.dropped & (EXPIRED | NOT_ACTIVATED)
    if dropped in (EXPIRED, NOT_ACTIVATED):
        # the engine checks both or none
        dates, now = endpoint.dates(), time.time()
        if dates is not None and (now > dates[1] if dropped == NOT_ACTIVATED else now < dates[0]):
            verb = "has expired" if dropped == NOT_ACTIVATED else "is not yet valid"
            raise Explained(errno.EPROTO, f"certificate verify failed: certificate {verb}")
    sock.registration.blur()
    # seen by mypy as what it stands in for
    sock.endpoint = endpoint  # type: ignore[assignment]
    sock.secure = endpoint
    sock.settle()
    endpoint.owner = weakref.ref(sock)
    if sock.pollers is not None and endpoint.readable():
        select.tell_pollers(sock)


def options_of(given: Any, position: int) -> dict[bytes, Any] | None:
    """The checked options of a `start_tls` or of a `tls` option; None when wrong, which has been reported."""
    chosen = choices(given, position, OPTIONS)
    if chosen is not None and isinstance(chosen.get(b"alpn"), list) and not is_array(chosen[b"alpn"]):
        place = f"argument {position} (options): " if position else ""
        warning(f"{place}option 'alpn' has a wrong type")
        return None
    return chosen


def start_tls(sock: Socket, given: Any) -> bool:
    """Encrypts a connection from here on, as client or server: true. False on failure: the socket is closed.

    Options: `server_side certfile keyfile cafile server_name verify alpn`. Bytes read ahead belong to TLS. Without
    `server_name` the peer must be who was connected to. Chapter 11 section 3.
    """
    chosen = options_of(given, 1)
    if chosen is None:
        sock.close()
        return sock.state.fail(errno.EINVAL)
    try:
        if sock.guarded:
            admit(sock)
        peer = sock.endpoint.getpeername()
        if sock.secure is not None:
            raise OSError(errno.EISCONN, "")
        name = sock.host
        if name is None and sock.endpoint.family in (_constants.AF_INET, _constants.AF_INET6):
            name = peer[0].encode()
        begin(sock, Settings(chosen), name)
    except FAILURES as problem:
        sock.close()
        return sock.state.fail(problem)
    sock.state.code = 0
    return True


def say_goodbye(sock: Socket) -> None:
    """Before a close: ends TLS in order, waiting a little for a peer that is slow to receive."""
    endpoint, reactor = sock.secure, sock.state.reactor
    assert endpoint is not None
    limit = ports.clock() + GOODBYE
    try:
        while not endpoint.say_goodbye():
            reactor.wait(sock.fileno(), sock.registration, OUT, limit, errno.ETIMEDOUT, sock.canceller)
    except FAILURES:
        pass  # the peer will see that the connection was cut off


def describe(sock: Socket) -> Any:
    """The property `tls`: null, or a dict `version cipher alpn peer_certificate server_name` (certificate: DER)."""
    return None if sock.secure is None else new_dict(sock.secure.facts())


def require_plain(sock: Socket) -> None:
    """Raises `OSError` under TLS, for what would let somebody without the keys use the descriptor."""
    if sock.secure is not None:
        raise Explained(errno.EOPNOTSUPP, "the descriptor of a TLS socket is of no use without its keys")
