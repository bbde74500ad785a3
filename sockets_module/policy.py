"""What a host lets scripts reach over the network (chapter 12 section 7): rules and the decisions they make.

Rules of this file: nothing is allowed that no rule names; deny wins; a name rule admits the addresses that name
resolved to in the engine at hand, and what is judged in the end is always the numeric address of the system call
(`network/policy.py`), after normalising.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Address = IPv4Address | IPv6Address

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


class Decision:
    """What a policy has decided, or is asked: one `audit` record, one `ask` request.

    verb      connect, listen, resolve, udp, unix, raw, multicast, fds or files
    target    what messages show: HOST:PORT, a name, a path
    host      the numeric address, name or path        port    None where there is none
    rule      the text of the rule that decided, None where none did
    outcome   "allowed" or "denied"; None in a request
    """

    __slots__ = ("host", "outcome", "port", "rule", "target", "verb")

    def __init__(
        self, verb: str, target: str, host: str, port: int | None, rule: str | None, outcome: str | None
    ) -> None:
        self.verb = verb
        self.target = target
        self.host = host
        self.port = port
        self.rule = rule
        self.outcome = outcome

    def __repr__(self) -> str:
        return f"Decision({self.verb} {self.target}: {self.outcome} by {self.rule})"


class Rule:
    """One rule about hosts: `host`, `host:port`, `host:lo-hi`; host is a name, `*.name`, an address, CIDR or `any`."""

    __slots__ = ("any", "high", "low", "name", "network", "suffix", "text")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a rule is a text, not {type(text).__name__}")
        self.text = text
        self.any = False
        self.name: str | None = None
        self.suffix: str | None = None
        self.network: IPv4Network | IPv6Network | None = None
        self.low, self.high = 0, 0xFFFF
        host = self._ports(text)
        if host.lower() == "any":
            self.any = True
        else:
            self.network = _network(host, text)
            if self.network is None:
                self._host_name(host)

    def _ports(self, text: str) -> str:
        """Takes the port or range off; the rest. A bare IPv6 address or network has none."""
        if text.startswith("["):
            host, bracket, ports = text[1:].partition("]")
            if not bracket or (ports and not ports.startswith(":")):
                raise ValueError(f"malformed network rule {text!r}")
            ports = ports[1:] if ports else ""
            if _network(host, text) is None or ":" not in host or (text.endswith(":")):
                raise ValueError(f"malformed network rule {text!r}: brackets hold an IPv6 address")
        elif text.count(":") > 1:
            return text
        else:
            host, colon, ports = text.partition(":")
            if colon and not ports:
                raise ValueError(f"malformed network rule {text!r}: no port after the colon")
        if ports:
            low, dash, high = ports.partition("-")
            for word in (low, high) if dash else (low,):
                if not (word.isascii() and word.isdigit() and 1 <= int(word) <= 0xFFFF):
                    raise ValueError(f"malformed network rule {text!r}: ports are numbers from 1 to 65535")
            self.low, self.high = int(low), int(high if dash else low)
            if self.low > self.high:
                raise ValueError(f"malformed network rule {text!r}: the range is empty")
        return host

    def _host_name(self, host: str) -> None:
        wildcard = host.startswith("*.")
        name = normal_name(host[2:] if wildcard else host)
        labels = name.split(".")
        bad = not all(label and len(label) <= 63 and _LETTERS.issuperset(label) for label in labels) or len(name) > 253
        # what looks like a number is an address to the system, never a name
        if bad or labels[-1].isdigit() or labels[-1].startswith("0x"):
            raise ValueError(f"malformed network rule {self.text!r}")
        if wildcard:
            self.suffix = "." + name
        else:
            self.name = name

    @property
    def is_name(self) -> bool:
        return self.name is not None or self.suffix is not None

    def admits_name(self, name: str) -> bool:
        """Whether the rule is about this (normalised) name."""
        if self.any or name == self.name:
            return True
        return self.suffix is not None and name.endswith(self.suffix) and len(name) > len(self.suffix)

    def admits(self, address: Address, port: int, names: Iterable[str], listening: bool) -> bool:
        """Whether the rule is about an address and port; `names` are those that resolved to the address."""
        ranged = (self.low, self.high) != (0, 0xFFFF)
        if ranged and not self.low <= port <= self.high:
            return False
        if self.any:
            return True
        if self.network is not None:
            if address.version != self.network.version:
                return False
            if listening and address.is_unspecified:
                return self.network.num_addresses == 1 and self.network.network_address == address
            return address in self.network
        return any(self.admits_name(name) for name in names)


def normal_name(name: str) -> str:
    """A host name as rules compare it: lower case, ASCII, without the final dot. ValueError when it cannot be one."""
    if name.endswith("."):
        name = name[:-1]
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            raise ValueError(f"{name!r} is no host name") from None
    return name.lower()


def _network(host: str, text: str) -> IPv4Network | IPv6Network | None:
    """The address or network a rule's host is, None when it is a name; ValueError for a malformed network."""
    try:
        made = ip_network(host)
    except ValueError as problem:
        if "/" in host or ":" in host:
            raise ValueError(f"malformed network rule {text!r}: {problem}") from None
        return None
    if isinstance(made, IPv6Network) and made.prefixlen == 128:
        return ip_network(normal_address(made.network_address))
    return made


def normal_address(address: Address) -> Address:
    """IPv4-mapped and -compatible IPv6 addresses as the IPv4 addresses they are; without a scope."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            address = IPv6Address(int(address))
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        number = int(address)
        if 1 < number < 1 << 32:
            return IPv4Address(number)
    return address


def parse_address(text: str) -> Address | None:
    """The address a text is in its usual notation, None for every other text."""
    try:
        return ip_address(text)
    except ValueError:
        return None


class NetworkPolicy:
    """What an engine's scripts may reach. Everything not named is denied.

    connect, listen   rules for stream sockets          udp       rules for datagram sockets, all directions
    resolve           rules for names (a name rule in any of these implies it)
    unix              paths, or folders ending in `/`; abstract names begin with `@`
    raw               raw sockets and unusual protocols multicast rules for groups to join
    fds               descriptors from numbers and foreign objects
    files             `send_file` paths and TLS files   deny      rules that win over all others
    max_sockets, max_bytes   open at once; both directions together, per engine
    raises            a denial ends the script with PermissionDenied
    audit             called with a `Decision` for each decision
    ask               called with a `Decision` that no rule covers; only True allows

    Raises ValueError for a malformed rule.
    """

    def __init__(
        self,
        connect: Sequence[str] = (),
        listen: Sequence[str] = (),
        resolve: Sequence[str] = (),
        udp: Sequence[str] = (),
        unix: Sequence[str] = (),
        raw: bool = False,
        multicast: Sequence[str] = (),
        fds: bool = False,
        files: bool = False,
        deny: Sequence[str] = (),
        max_sockets: int | None = None,
        max_bytes: int | None = None,
        raises: bool = False,
        audit: Callable[[Decision], Any] | None = None,
        ask: Callable[[Decision], Any] | None = None,
        network: Any = None,
    ) -> None:
        self.rules = {
            "connect": _rules(connect), "listen": _rules(listen), "resolve": _rules(resolve), "udp": _rules(udp),
            "multicast": _rules(multicast),
        }  # fmt: skip
        self.deny = _rules(deny)
        self.unix = tuple(_unix_rule(path) for path in _sequence(unix))
        self.raw = bool(raw)
        self.fds = bool(fds)
        self.files = bool(files)
        self.max_sockets = _count(max_sockets, "max_sockets")
        self.max_bytes = _count(max_bytes, "max_bytes")
        self.raises = bool(raises)
        self.audit = audit
        self.ask = ask
        self._network = network

    def network_for(self, world: Any) -> Any:
        """The network of one engine under this policy."""
        from .network.policy import PolicyNetwork
        from .network.system import SystemNetwork

        return PolicyNetwork(self._network if self._network is not None else SystemNetwork(), self)

    # --- deciding -----------------------------------------------------------------------------------------------------

    def judge_address(
        self, verb: str, address: Address, port: int, names: Iterable[str], listening: bool, target: str
    ) -> bool:
        """Decides about a numeric address."""
        address = normal_address(address)
        if not listening and address.is_unspecified:
            address = normal_address(ip_address("127.0.0.1" if address.version == 4 else "::1"))
        names = tuple(names)
        host = str(address)
        for rule in self.deny:
            if rule.admits(address, port, names, listening):
                return self.settle(verb, target, host, port, rule.text, False)
        for rule in self.rules[verb]:
            if rule.admits(address, port, names, listening):
                return self.settle(verb, target, host, port, rule.text, True)
        return self.settle(verb, target, host, port, None, None)

    def judge_name(self, name: str) -> bool:
        """Decides about resolving a name."""
        try:
            name = normal_name(name)
        except ValueError:
            return self.settle("resolve", name, name, None, None, False)
        for rule in self.deny:
            if rule.is_name and rule.admits_name(name) and (rule.low, rule.high) == (0, 0xFFFF):
                return self.settle("resolve", name, name, None, rule.text, False)
            if rule.any and (rule.low, rule.high) == (0, 0xFFFF):
                return self.settle("resolve", name, name, None, rule.text, False)
        for verb, rules in self.rules.items():
            for rule in rules:
                if (verb == "resolve" or rule.is_name) and rule.admits_name(name):
                    return self.settle("resolve", name, name, None, rule.text, True)
        return self.settle("resolve", name, name, None, None, None)

    def judge_target(self, name: str, port: int) -> bool:
        """Decides about a name that a proxy is to connect to: nobody here learns its address."""
        try:
            name = normal_name(name)
        except ValueError:
            return self.settle("connect", name, name, port, None, False)
        for rules, allowed in ((self.deny, False), (self.rules["connect"], True)):
            for rule in rules:
                if (rule.any or (rule.is_name and rule.admits_name(name))) and rule.low <= port <= rule.high:
                    return self.settle("connect", name, name, port, rule.text, allowed)
        return self.settle("connect", name, name, port, None, None)

    def judge_path(self, path: str) -> bool:
        """Decides about a local socket: a real path, or `@NAME`."""
        for kind, wanted in self.unix:
            if path == wanted if kind == "exact" else path.startswith(wanted):
                return self.settle("unix", path, path, None, wanted, True)
        return self.settle("unix", path, path, None, None, None)

    def judge_flag(self, verb: str, target: str) -> bool:
        """Decides about raw sockets, foreign descriptors and files."""
        if getattr(self, verb):
            return self.settle(verb, target, target, None, verb, True)
        return self.settle(verb, target, target, None, None, None)

    def settle(
        self, verb: str, target: str, host: str, port: int | None, rule: str | None, allowed: bool | None
    ) -> bool:
        """The end of a decision: asks when no rule covers it, records it. An exception denies and reaches the host."""
        from interp import ports

        if allowed is None:
            allowed = False
            if self.ask is not None:
                try:
                    allowed = self.ask(Decision(verb, target, host, port, None, None)) is True
                except Exception as problem:
                    ports.raise_in_host(problem)
        if self.audit is not None:
            try:
                self.audit(Decision(verb, target, host, port, rule, "allowed" if allowed else "denied"))
            except Exception as problem:
                ports.raise_in_host(problem)
        return allowed


def _sequence(rules: Any) -> Sequence[Any]:
    if isinstance(rules, (str, bytes)):
        raise TypeError(f"rules are a sequence of texts, not one text: [{rules!r}]")
    return tuple(rules)


def _rules(rules: Any) -> tuple[Rule, ...]:
    return tuple(Rule(text) for text in _sequence(rules))


def _count(value: int | None, name: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ValueError(f"{name} is a number that is not negative, or None")
    return value


def _unix_rule(path: str) -> tuple[str, str]:
    path = os.fsdecode(path)
    if not path or "\0" in path:
        raise ValueError(f"malformed unix rule {path!r}")
    if path == "any":
        return "prefix", ""
    if path.startswith("@"):
        return ("prefix" if path.endswith("/") else "exact"), path
    if path.endswith("/"):
        return "prefix", os.path.realpath(path).rstrip("/") + "/"
    return "exact", os.path.realpath(path)
