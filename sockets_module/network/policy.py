"""A network that checks: wraps another one and asks the engine's policy before each system call (chapter 12 section 7).

Rules: the check is made on the very address that is then passed on; what cannot be judged is denied; a denial is
EACCES and a Warning, or ends the script where the policy says so. Nothing of a denied operation reaches the network
underneath.
"""

from __future__ import annotations

import array
import errno
import ipaddress
import os
import socket as _constants
import threading
import weakref

from interp import ports
from interp.library import warning

from ..policy import normal_address, normal_name, parse_address
from .base import LevelPoller, Network, Selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from ..policy import Address, NetworkPolicy
    from .base import AddressInfo, Ancillary, Endpoint, SockAddr

AF_INET, AF_INET6, AF_UNIX = int(_constants.AF_INET), int(_constants.AF_INET6), int(getattr(_constants, "AF_UNIX", -1))
STREAM, DATAGRAM = int(_constants.SOCK_STREAM), int(_constants.SOCK_DGRAM)
_KIND = ~(int(getattr(_constants, "SOCK_NONBLOCK", 0)) | int(getattr(_constants, "SOCK_CLOEXEC", 0)))
_PLAIN_PROTOCOLS = frozenset((0, int(_constants.IPPROTO_TCP), int(_constants.IPPROTO_UDP)))
SOL_SOCKET, IP, IPV6 = int(_constants.SOL_SOCKET), int(_constants.IPPROTO_IP), int(_constants.IPPROTO_IPV6)
TCP, UDP = int(_constants.IPPROTO_TCP), int(_constants.IPPROTO_UDP)
SCM_RIGHTS = int(getattr(_constants, "SCM_RIGHTS", 1))
NUMERIC_NAMES = int(_constants.NI_NUMERICHOST)

# Linux numbers. Options that join groups: position and size of the group's address in the value.
_IP_JOINS = {35: (0, 4), 39: (0, 4), 36: (0, 4), 40: (0, 4), 37: (0, 4), 38: (0, 4)}
_IPV6_JOINS = {20: (0, 16), 21: (0, 16), 27: (0, 16), 28: (0, 16)}
_GROUP_REQUESTS = frozenset((42, 43, 44, 45, 46, 47))  # MCAST_*: an index, then a sockaddr_storage
_FILTERS = frozenset((41, 48))  # IP_MSFILTER, MCAST_MSFILTER
# Options that send packets another way, run code in the kernel, or take addresses of the process's memory.
_DENIED_OPTIONS = {
    SOL_SOCKET: frozenset((25, 26, 27, 36, 40, 50, 51, 52)),
    IP: frozenset((3, 4, 16, 17, 19, 64, 65)),
    IPV6: frozenset((6, 35, 36, 54, 55, 57, 59, 64, 65, 75)),
    TCP: frozenset((19, 20, 21, 22, 31, 35)),
    UDP: frozenset((100, 101, 102, 103)),
}
_DENIED_READS = {
    SOL_SOCKET: frozenset((26, 40)),
    TCP: frozenset((35,)),
    IP: frozenset((64, 65)),
    IPV6: frozenset((64, 65)),
}
_CONTROL = {
    SOL_SOCKET: frozenset((SCM_RIGHTS, 2, 37)),
    IP: frozenset((1, 2, 8)),
    IPV6: frozenset((50, 52, 67)),
    UDP: frozenset((103,)),
}


def shown(host: str, port: int | None) -> str:
    """HOST:PORT as messages and records have it."""
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class PolicyNetwork(Network):
    """One engine's view of another network."""

    __slots__ = ("__weakref__", "_admitted", "_inner", "_open", "_policy", "_received", "_thread", "names", "traffic")

    def __init__(self, inner: Network, policy: NetworkPolicy) -> None:
        self._inner = inner
        self._policy = policy
        self._open: weakref.WeakSet[PolicyEndpoint] = weakref.WeakSet()
        self._admitted: set[str] = set()
        self._received: set[int] = set()
        self._thread = threading.get_ident()
        self.names: dict[Address, set[str]] = {}
        self.traffic = [0, 0]  # bytes received and sent

    # --- denials ------------------------------------------------------------------------------------------------------

    def denied(self, target: str) -> NoReturn:
        """The end of a denied operation."""
        if self._policy.raises:
            ports.end_script(f"denied by network policy ({target})")
        warning(f"denied by network policy ({target})")
        raise OSError(errno.EACCES, "")

    def check_address(self, verb: str, address: SockAddr, listening: bool) -> None:
        """Judges the address of a system call on an INET socket."""
        try:
            host, port = address[0], int(address[1])
        except (TypeError, IndexError, ValueError):
            self.denied(str(address))
        parsed = parse_address(host)
        if parsed is None:
            self.denied(shown(str(host), port))  # never a name: only numeric addresses get here
        names = self.names.get(normal_address(parsed), ())
        if not self._policy.judge_address(verb, parsed, port, names, listening, shown(host, port)):
            self.denied(shown(host, port))

    def check_path(self, address: SockAddr) -> SockAddr:
        """Judges a local socket's address; what the system call gets: links have been followed."""
        raw = os.fsencode(address)
        if raw[:1] == b"\0" or not raw:
            if not self._policy.judge_path("@" + os.fsdecode(raw[1:])):
                self.denied("@" + os.fsdecode(raw[1:]))
            return address
        real = os.path.realpath(os.fsdecode(raw))
        if not self._policy.judge_path(real):
            self.denied(os.fsdecode(raw))
        return real if isinstance(address, str) else os.fsencode(real)

    def check_flag(self, verb: str, target: str) -> None:
        """Judges what is only allowed or not."""
        if not self._policy.judge_flag(verb, target):
            self.denied(target)

    def admit_target(self, host: bytes, port: int) -> None:
        """A proxy is about to be asked to connect to a name or number."""
        name = host.decode("utf-8", "replace")
        if _numeric(name):
            self.check_address("connect", (name, port), False)
        elif not self._policy.judge_target(name, port):
            self.denied(shown(name, port))

    def admit_file(self, path: bytes) -> None:
        """A file is about to be opened for sending or for TLS."""
        self.check_flag("files", os.fsdecode(path))

    def check_traffic(self) -> int | None:
        """How many bytes may still pass, None for any number; EDQUOT when there are none."""
        limit = self._policy.max_bytes
        if limit is None:
            return None
        left = limit - self.traffic[0] - self.traffic[1]
        if left <= 0:
            raise OSError(errno.EDQUOT, "")
        return left

    def check_room(self, count: int = 1) -> None:
        """EMFILE when there are as many sockets as there may be."""
        limit = self._policy.max_sockets
        if limit is not None:
            alive = sum(1 for endpoint in list(self._open) if endpoint.fileno() >= 0)
            if alive + count > limit:
                raise OSError(errno.EMFILE, "")

    def owns(self, fd: int) -> bool:
        """Whether a descriptor is that of one of the engine's sockets."""
        return any(endpoint.fileno() == fd for endpoint in list(self._open))

    def wrap(self, endpoint: Endpoint, trusted: bool = False) -> PolicyEndpoint:
        """An endpoint of the network underneath as scripts get it."""
        made = PolicyEndpoint(self, endpoint, trusted)
        self._open.add(made)
        return made

    # --- the network --------------------------------------------------------------------------------------------------

    def socket(self, family: int, kind: int, protocol: int) -> Any:
        plain = kind & _KIND in (STREAM, DATAGRAM) and protocol in _PLAIN_PROTOCOLS
        if family == AF_UNIX:
            plain = kind & _KIND in (STREAM, DATAGRAM, int(_constants.SOCK_SEQPACKET)) and protocol == 0
        if family not in (AF_INET, AF_INET6, AF_UNIX) or not plain:
            self.check_flag("raw", f"family {family}, type {kind}, protocol {protocol}")
        self.check_room()
        return self.wrap(self._inner.socket(family, kind, protocol))

    def pair(self, kind: int) -> tuple[Any, Any]:
        self.check_room(2)
        first, second = self._inner.pair(kind)
        return self.wrap(first, True), self.wrap(second, True)

    def adopt(self, fd: int) -> tuple[Any, bool]:
        if fd not in self._received:
            self.check_flag("fds", f"descriptor {fd}")
        self.check_room()
        endpoint, blocking = self._inner.adopt(fd)
        self._received.discard(fd)
        return self.wrap(endpoint), blocking

    def give(self, fd: int) -> tuple[Any, bool]:
        endpoint, blocking = self._inner.adopt(fd)
        return self.wrap(endpoint), blocking

    def duplicate(self, endpoint: Any) -> Any:
        self.check_room()
        return self.wrap(self._inner.duplicate(endpoint.inner), endpoint.trusted)

    def selector(self) -> Selector:
        return self._inner.selector()

    def level_poller(self) -> LevelPoller:
        return self._inner.level_poller()

    # --- names --------------------------------------------------------------------------------------------------------

    def admit_name(self, host: bytes) -> None:
        """A name is about to be resolved: judged here, in the engine's own thread, before the work begins."""
        name = host.decode("utf-8", "replace")
        if not host or _numeric(name):
            return
        if not self._policy.judge_name(name):
            self.denied(name)
        self._admitted.add(normal_name(name))

    def getaddrinfo(
        self, host: bytes | None, service: bytes | None, family: int, kind: int, protocol: int, flags: int
    ) -> list[AddressInfo]:
        name = "" if host is None else host.decode("utf-8", "replace")
        resolves = bool(name) and not _numeric(name)
        if resolves:
            try:
                known = normal_name(name) in self._admitted
            except ValueError:
                known = False
            if not known:
                if threading.get_ident() != self._thread:
                    raise OSError(errno.EACCES, "")
                self.admit_name(host or b"")
        found = self._inner.getaddrinfo(host, service, family, kind, protocol, flags)
        if resolves:
            for info in found:
                parsed = parse_address(info[4][0]) if info[0] in (AF_INET, AF_INET6) else None
                if parsed is not None:
                    self.names.setdefault(normal_address(parsed), set()).add(normal_name(name))
        return found

    def lookup(self, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        self._thread = threading.get_ident()
        self._inner.lookup(work, done)

    def getnameinfo(self, address: SockAddr, flags: int) -> tuple[str, str]:
        if not flags & NUMERIC_NAMES and not self._resolves_back(str(address[0])):
            raise OSError(errno.EACCES, "")
        return self._inner.getnameinfo(address, flags)

    def _resolves_back(self, host: str) -> bool:
        """Asking a name server about an address needs a `resolve` rule for it. No message: any OS thread comes here."""
        parsed = parse_address(host)
        return parsed is not None and any(
            rule.any or (rule.network is not None and parsed in rule.network) for rule in self._policy.rules["resolve"]
        )

    def services(self, name: str) -> list[tuple[int, int, int, str]]:
        return self._inner.services(name)

    def getservbyname(self, name: str, protocol: str | None) -> int:
        return self._inner.getservbyname(name, protocol)

    def gethostname(self) -> str:
        return self._inner.gethostname()

    def interface_index(self, name: bytes) -> int:
        return self._inner.interface_index(name)

    def interface_name(self, index: int) -> str:
        return self._inner.interface_name(index)


def _numeric(name: str) -> bool:
    """Whether the system takes a text for an address without asking anybody, in any of the old notations too."""
    if parse_address(name) is not None or ":" in name:
        return True
    try:
        _constants.inet_aton(name)
    except (OSError, ValueError):
        return False
    return True


class PolicyEndpoint:
    """One socket of a `PolicyNetwork`."""

    __slots__ = (
        "__weakref__", "bound", "close", "conclude", "detach", "family", "fileno", "getpeername", "getsockname",
        "inner", "network", "pending", "proto", "setblocking", "set_patience", "shutdown", "traffic", "trusted", "type",
        "verb",
    )  # fmt: skip

    if TYPE_CHECKING:
        fileno: Callable[[], int]

    def __init__(self, network: PolicyNetwork, inner: Any, trusted: bool) -> None:
        self.network = network
        self.inner = inner
        self.traffic = network.traffic
        self.trusted = trusted
        self.bound = False
        self.family = int(inner.family)
        self.type = int(inner.type)
        self.proto = int(inner.proto)
        self.verb = "udp" if self.type & _KIND != STREAM else "connect"
        for name in (
            "close", "conclude", "detach", "fileno", "getpeername", "getsockname", "pending", "setblocking", "shutdown",
        ):  # fmt: skip
            setattr(self, name, getattr(inner, name))
        self.set_patience: Any = getattr(inner, "set_patience", lambda seconds, endless=False: False)

    # --- addresses ----------------------------------------------------------------------------------------------------

    def _to(self, address: SockAddr, sending: bool = True) -> SockAddr:
        """Judges where something goes to, or what is bound."""
        if self.fileno() < 0:
            raise OSError(errno.EBADF, "")
        if self.family == AF_UNIX:
            return self.network.check_path(address)
        if self.family not in (AF_INET, AF_INET6):
            self.network.check_flag("raw", f"family {self.family}")
            return address
        verb = self.verb if sending or self.verb == "udp" else "listen"
        self.network.check_address(verb, address, not sending)
        return address

    def bind(self, address: SockAddr, /) -> None:
        address = self._to(address, False)
        self.inner.bind(address)
        self.bound = True

    def listen(self, backlog: int, /) -> None:
        if not self.bound and self.family in (AF_INET, AF_INET6):
            # an unbound socket would be bound to every address; one that was bound elsewhere tells its own
            self._to(self.inner.getsockname(), False)
        self.inner.listen(backlog)

    def accept(self) -> tuple[PolicyEndpoint, SockAddr]:
        self.network.check_room()
        endpoint, address = self.inner.accept()
        return self.network.wrap(endpoint), address

    def connect(self, address: SockAddr, /) -> None:
        self.inner.connect(self._to(address))

    # --- data ---------------------------------------------------------------------------------------------------------

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        left = self.network.check_traffic()
        data: bytes = self.inner.recv(size if left is None else min(size, left), flags)
        self.traffic[0] += len(data)
        return data

    def _room_for(self, size: int) -> int:
        """What a receive may bring; a datagram comes whole, and is the last one."""
        left = self.network.check_traffic()
        return size if left is None or self.type & _KIND != STREAM else min(size, left)

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, SockAddr]:
        size = self._room_for(size)
        data, address = self.inner.recvfrom(size, flags)
        self.traffic[0] += len(data)
        return data, address

    def send(self, data: Any, flags: int = 0, /) -> int:
        left = self.network.check_traffic()
        if left is not None and left < len(data):
            if self.type & _KIND != STREAM:
                raise OSError(errno.EDQUOT, "")
            data = memoryview(data)[:left]
        sent: int = self.inner.send(data, flags)
        self.traffic[1] += sent
        return sent

    def sendto(self, data: bytes, flags: int, address: SockAddr, /) -> int:
        left = self.network.check_traffic()
        address = self._to(address)
        if left is not None and left < len(data):
            raise OSError(errno.EDQUOT, "")
        sent: int = self.inner.sendto(data, flags, address)
        self.traffic[1] += sent
        return sent

    def sendmsg(
        self, buffers: Sequence[Any], ancillary: Sequence[Ancillary] = (), flags: int = 0, address: SockAddr = None, /
    ) -> int:
        left = self.network.check_traffic()
        if address is not None:
            address = self._to(address)
        for level, kind, data in ancillary:
            self._check_control(level, kind, data)
        if left is not None and left < sum(map(len, buffers)):
            raise OSError(errno.EDQUOT, "")
        sent: int = self.inner.sendmsg(buffers, ancillary, flags, address)
        self.traffic[1] += sent
        return sent

    def _check_control(self, level: int, kind: int, data: bytes) -> None:
        if kind not in _CONTROL.get(level, ()):
            self.network.check_flag("raw", f"control message {level}, {kind}")
        if level == SOL_SOCKET and kind == SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            for fd in numbers:
                if not self.network.owns(fd):
                    self.network.check_flag("fds", f"descriptor {fd}")

    def recvmsg(
        self, size: int, ancillary_size: int = 0, flags: int = 0, /
    ) -> tuple[bytes, list[Ancillary], int, SockAddr]:
        size = self._room_for(size)
        data, ancillary, result_flags, address = self.inner.recvmsg(size, ancillary_size, flags)
        self.traffic[0] += len(data)
        kept: list[Ancillary] = []
        for item in ancillary:
            if item[0] == SOL_SOCKET and item[1] == SCM_RIGHTS and not self._keep_descriptors(item[2]):
                continue
            kept.append(item)
        return data, kept, result_flags, address

    def _keep_descriptors(self, data: bytes) -> bool:
        """Whether received descriptors may come in: from the engine's own pairs, or with the policy's leave."""
        numbers = array.array("i")
        numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
        if self.trusted or self.network._policy.judge_flag("fds", "received descriptors"):
            self.network._received.update(numbers)
            return True
        for fd in numbers:
            try:
                os.close(fd)
            except OSError:
                pass
        return False

    def send_file(self, fd: int, offset: int, count: int) -> int:
        left = self.network.check_traffic()
        sent: int = self.inner.send_file(fd, offset, count if left is None else min(count, left))
        self.traffic[1] += sent
        return sent

    # --- options ------------------------------------------------------------------------------------------------------

    def getsockopt(self, level: int, name: int, size: int = 0, /) -> Any:
        if level not in _DENIED_OPTIONS or name in _DENIED_READS.get(level, ()):
            self.network.check_flag("raw", f"option {level}, {name}")
        return self.inner.getsockopt(level, name, size)

    def setsockopt(self, level: int, name: int, value: Any, length: int = 0, /) -> None:
        if level not in _DENIED_OPTIONS or name in _DENIED_OPTIONS[level]:
            self.network.check_flag("raw", f"option {level}, {name}")
        if level in (IP, IPV6):
            group = _joined_group(level, name, value)
            if group is not None:
                self._check_group(group)
        if value is None:
            self.inner.setsockopt(level, name, None, length)
        else:
            self.inner.setsockopt(level, name, value)

    def _check_group(self, group: bytes) -> None:
        try:
            parsed = ipaddress.ip_address(group)
        except ValueError:
            self.network._policy.settle("multicast", "unknown group", "", None, None, False)
            self.network.denied("unknown group")
        if not self.network._policy.judge_address("multicast", parsed, 0, (), True, str(parsed)):
            self.network.denied(str(parsed))


def _joined_group(level: int, name: int, value: Any) -> bytes | None:
    """The group that a socket option joins or leaves, packed; b"" where it cannot be told, None for other options."""
    place = (_IP_JOINS if level == IP else _IPV6_JOINS).get(name)
    data = bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else b""
    if place is not None:
        return data[place[0] : place[1]] if len(data) >= place[1] else b""
    if name in _GROUP_REQUESTS:
        family = int.from_bytes(data[8:10], "little") if len(data) >= 32 else -1
        return data[12:16] if family == AF_INET else data[16:32] if family == AF_INET6 else b""
    return b"" if name in _FILTERS else None
