"""The network policy (chapter 12 section 7): its rules, what it lets through, and that nothing else gets out."""

# ruff: noqa: E501 - scripts and tables read better on one line

from __future__ import annotations

import errno
import io
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interp import Engine, PermissionDenied
from sockets_module import Decision, NetworkPolicy
from sockets_module.network.base import Network
from sockets_module.network.system import SystemNetwork
from sockets_module.policy import Rule, normal_address, parse_address

CALLS = ("bind", "listen", "connect", "sendto", "sendmsg", "setsockopt", "send", "send_file")


class RecordingEndpoint:
    """Writes down what reaches the operating system."""

    def __init__(self, log: list[tuple[Any, ...]], inner: Any) -> None:
        self._log = log
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name not in CALLS:
            return value

        def call(*args: Any) -> Any:
            self._log.append((name, *args))
            return value(*args)

        return call


class RecordingNetwork(SystemNetwork):
    """The system's network, written down; names come from a table."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.names: dict[bytes, list[str]] = {}

    def socket(self, family: int, kind: int, protocol: int) -> Any:
        return RecordingEndpoint(self.log, super().socket(family, kind, protocol))

    def adopt(self, fd: int) -> Any:
        self.log.append(("adopt", fd))
        return super().adopt(fd)

    def getaddrinfo(self, host: Any, service: Any, family: int, kind: int, protocol: int, flags: int) -> Any:
        host = host if host is None else host.lower().rstrip(b".")
        if host in self.names:
            self.log.append(("getaddrinfo", host))
            port = int(service or 0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.names[host]]
        if host is not None and parse_address(host.decode()) is None:
            try:
                socket.inet_aton(host.decode())
            except OSError:
                self.log.append(("getaddrinfo", host))
                raise socket.gaierror(socket.EAI_NONAME, "unknown") from None
        return super().getaddrinfo(host, service, family, kind, protocol, flags)


class World:
    """An engine under a policy, with what it logged."""

    def __init__(self, **policy: Any) -> None:
        self.network = RecordingNetwork()
        self.audit: list[Decision] = []
        policy.setdefault("audit", self.audit.append)
        self.err = io.BytesIO()
        self.engine = Engine(
            libraries=("sockets", "string", "io"), network=NetworkPolicy(network=self.network, **policy),
            stderr=self.err, stdout=io.BytesIO(),
        )  # fmt: skip
        self.engine.run("include 'sockets', 'string', 'io'; function ERR(){ return socket_error(); }")

    def run(self, source: str) -> Any:
        return self.engine.run(source)

    def warnings(self) -> list[str]:
        lines = self.err.getvalue().decode().splitlines()
        self.err.truncate(0)
        self.err.seek(0)
        return [line.removeprefix("Warning: ") for line in lines if line.startswith("Warning: ")]

    def outcomes(self) -> list[tuple[str, str, str | None]]:
        found = [(one.verb, one.target, one.outcome) for one in self.audit]
        self.audit.clear()
        return found


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[Any]:
    made: list[World] = []

    def make(**policy: Any) -> World:
        made.append(World(**policy))
        return made[-1]

    yield make
    for one in made:
        one.engine.close()


@pytest.fixture
def server() -> Iterator[int]:
    """The port of something that listens on 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        ("any", ["1.2.3.4:0", "[::1]:5", "[::]:0"], []),
        ("any:80", ["1.2.3.4:80"], ["1.2.3.4:81", "1.2.3.4:0"]),
        ("10.0.0.1", ["10.0.0.1:0", "10.0.0.1:9", "[::ffff:10.0.0.1]:5", "[::10.0.0.1]:5"], ["10.0.0.2:1", "[::1]:1"]),
        ("10.0.0.1:80", ["10.0.0.1:80"], ["10.0.0.1:81", "10.0.0.1:0"]),
        ("10.0.0.1:80-90", ["10.0.0.1:80", "10.0.0.1:90"], ["10.0.0.1:79", "10.0.0.1:91"]),
        ("10.0.0.0/8", ["10.255.0.1:5"], ["11.0.0.1:5"]),
        ("10.0.0.0/8:443", ["10.1.1.1:443"], ["10.1.1.1:80"]),
        ("::1", ["[::1]:5"], ["127.0.0.1:5", "[::2]:5"]),
        ("[::1]:80", ["[::1]:80"], ["[::1]:81"]),
        ("[::1]", ["[::1]:80"], ["[::2]:81"]),
        ("fd00::/8", ["[fd12::1]:5"], ["[fe80::1]:5"]),
        ("::ffff:10.0.0.1", ["10.0.0.1:5"], ["10.0.0.2:5"]),
        ("fe80::1", ["[fe80::1%3]:5"], ["[fe80::2%3]:5"]),
        ("0.0.0.0", [], ["10.0.0.1:5"]),
    ],
)
def test_address_rules(rule: str, yes: list[str], no: list[str]) -> None:
    made = Rule(rule)
    for text, expected in [(text, True) for text in yes] + [(text, False) for text in no]:
        host, _, port = text.rpartition(":")
        address = parse_address(host.strip("[]"))
        assert address is not None
        assert made.admits(normal_address(address), int(port), (), False) is expected, text


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        (
            "example.com",
            ["example.com", "EXAMPLE.com.", "example.com."],
            ["www.example.com", "example.org", "xexample.com"],
        ),
        ("Example.COM.", ["example.com"], ["www.example.com"]),
        ("*.example.com", ["www.example.com", "a.b.example.com"], ["example.com", "xexample.com", ".example.com"]),
        ("bücher.example", ["xn--bcher-kva.example", "BÜCHER.example"], ["bucher.example"]),
        ("localhost", ["localhost", "LocalHost."], ["localhost.example"]),
    ],
)
def test_name_rules(rule: str, yes: list[str], no: list[str]) -> None:
    from sockets_module.policy import normal_name

    made = Rule(rule)
    assert [made.admits_name(normal_name(name)) for name in yes] == [True] * len(yes)
    assert [made.admits_name(normal_name(name)) for name in no] == [False] * len(no)


@pytest.mark.parametrize(
    "rule",
    [
        "", ":", ":80", "host:", "host:0", "host:65536", "host:-1", "host:90-80", "host:80-", "host:a", "*", "*.", "*.*.com",
        "a.*.com", "ho st", "http://host", "host/path", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "127.1", "2130706433", "0x7f.1",
        "1.2.3.4.5", "256.1.1.1", "[::1", "::1]", "[::1]80", "[::1]:", "[host]:80", "[1.2.3.4]:80", "::g", "1:2:3", "a..b",
        "host:80:90", "-", "host,other",
    ],
)  # fmt: skip
def test_malformed_rules_are_value_errors(rule: str) -> None:
    if rule == "-":
        return  # a label of a hyphen alone resolves nowhere, but is no danger
    for verb in ("connect", "listen", "resolve", "udp", "multicast", "deny"):
        with pytest.raises(ValueError):
            NetworkPolicy(**{verb: [rule]})


@pytest.mark.parametrize("wrong", [{"connect": "any"}, {"deny": "10.0.0.1"}, {"connect": [80]}])
def test_rules_of_wrong_types(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        NetworkPolicy(**wrong)


@pytest.mark.parametrize("wrong", [{"max_sockets": -1}, {"max_bytes": "1"}, {"unix": [""]}])
def test_wrong_numbers_and_paths(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        NetworkPolicy(**wrong)


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_the_default_is_no_network() -> None:
    with Engine(libraries=("sockets",), stderr=io.BytesIO()) as engine:
        engine.run("include 'sockets'; global EACCES = socket_geterrnobyname('EACCES');")
        for source in ("@socket_tcp()", "@socket_udp(true)", "socket_unix()", "socket_pair()", "socket_listen(0)",
                       "socket_connect('127.0.0.1', 80)", "socket_resolve('localhost')", "socket_from_fd(0)",
                       "@socket_getaddrinfo('localhost', '80')", "@socket_gethostname()"):  # fmt: skip
            assert engine.run(f"var r = {source}; return r, socket_error() == {errno.EACCES};") == (None, True), source


def test_an_empty_policy_allows_nothing(world: Any, server: int) -> None:
    one = world()
    assert one.run(f"return socket_tcp().connect(socket_address(AF_INET, '127.0.0.1', {server})), ERR();") == (
        False,
        errno.EACCES,
    )
    assert one.warnings() == [f"socket.connect(): denied by network policy (127.0.0.1:{server})"]
    assert not [call for call in one.network.log if call[0] != "setsockopt"]
    assert one.outcomes() == [("connect", f"127.0.0.1:{server}", "denied")]


DENIED = {
    "connect": "socket_tcp().connect(socket_address(AF_INET, '127.0.0.1', 9))",
    "connect IPv6": "socket_tcp(true).connect(socket_address(AF_INET6, '::1', 9))",
    "mapped": "socket_tcp(true).connect(socket_address(AF_INET6, '::ffff:127.0.0.1', 9))",
    "wildcard": "socket_tcp().connect(socket_address(AF_INET, '0.0.0.0', 9))",
    "socket_connect": "socket_connect('127.0.0.1', 9)",
    "numeric alias": "socket_connect('127.1', 9)",
    "decimal alias": "socket_connect('2130706433', 9)",
    "name": "socket_connect('some.example', 9)",
    "resolve": "socket_resolve('some.example')",
    "getaddrinfo": "socket_getaddrinfo('some.example', '80')",
    "bind": "socket_tcp().bind(9)",
    "listen unbound": "socket_tcp().listen(5)",
    "socket_listen": "socket_listen('127.0.0.1:0')",
    "socket_listen port": "socket_listen(0)",
    "udp bind": "socket_udp().bind(0)",
    "udp connect": "socket_udp().connect(socket_address(AF_INET, '127.0.0.1', 9))",
    "sendto": "socket_udp().sendto('x', socket_address(AF_INET, '127.0.0.1', 9))",
    "tcp sendto": "socket_tcp().sendto('x', socket_address(AF_INET, '127.0.0.1', 9), 0x20000000)",
    "send_message": "socket_udp().send_message('x', { address = socket_address(AF_INET, '127.0.0.1', 9) })",
    "send_messages": "socket_udp().send_messages([ { data = 'x', address = socket_address(AF_INET, '127.0.0.1', 9) } ])",
    "unix": "socket_unix().connect(socket_address_unix('/tmp/some.socket'))",
    "unix bind": "socket_unix().bind(socket_address_unix('/tmp/some.socket'))",
    "abstract": "socket_unix().connect(socket_address_unix('\\0name'))",
    "raw": "socket_raw(false, 1)",
    "packet": "@socket(17, SOCK_RAW, 0)",
    "netlink": "@socket(16, SOCK_RAW, 0)",
    "unusual protocol": "@socket(AF_INET, SOCK_STREAM, 132)",
    "descriptor": "socket_from_fd(1)",
    "multicast": "socket_udp().join_multicast_group(socket_address(AF_INET, '224.1.1.1', 0))",
    "multicast option": "socket_udp().set_option(IPPROTO_IP, 35, string_repeat('\\0', 12))",
    "multicast request": "socket_udp().set_option(IPPROTO_IP, 42, string_repeat('\\0', 136))",
    "attach filter": "socket_udp().set_option(SOL_SOCKET, 26, string_repeat('\\0', 16))",
    "source route": "socket_tcp().set_option(IPPROTO_IP, 4, string_repeat('\\0', 16))",
    "unknown level": "socket_tcp().set_option(263, 1, 1)",
    "file": "(function(){ var a, b; (a, b) = socket_pair(); return a.send_file('/etc/hostname'); })()",
    "foreign descriptor": "(function(){ var a, b; (a, b) = socket_pair(); return a.send_message('x', { fds = [ 0 ] }); })()",
}


@pytest.mark.parametrize("name", DENIED)
def test_denied_cases_reach_no_system_call(world: Any, name: str) -> None:
    one = world()
    result, code = one.run(f"var r = {DENIED[name]}; return r, ERR();")
    assert result in (None, False), name
    assert code in (errno.EACCES, errno.EAFNOSUPPORT, errno.EINVAL), (name, code)
    harmless = ("SO_REUSEADDR", "IPV6_V6ONLY")
    allowed = [(1, 2), (41, 26)]
    reached = [call for call in one.network.log if not (call[0] == "setsockopt" and tuple(call[1:3]) in allowed)]
    assert not reached, (name, reached, harmless)
    if code == errno.EACCES:
        assert one.outcomes()[-1][2] == "denied"


# With some rights: what else is tried with the sockets these give. (What is allowed on the way comes first.)
BEYOND = {
    "hexadecimal alias": "socket_connect('0x7f.1', 9)",
    "octal alias": "socket_connect('0177.0.0.1', 9)",
    "compatible": "socket_tcp(true).connect(socket_address(AF_INET6, '::127.0.0.1', 9))",
    "IPv6 wildcard": "socket_tcp(true).connect(socket_address(AF_INET6, '::', 9))",
    "mapped wildcard": "socket_tcp(true).connect(socket_address(AF_INET6, '::ffff:0.0.0.0', 9))",
    "bound and redirected": "(function(){ var s = socket_udp(); s.bind(socket_address(AF_INET, '127.0.0.1', 0)); return s.connect(socket_address(AF_INET, '127.0.0.2', 9)); })()",
    "bound and sent": "(function(){ var s = socket_udp(); s.bind(socket_address(AF_INET, '127.0.0.1', 0)); return s.sendto('x', socket_address(AF_INET, '127.0.0.2', 9)); })()",
    "connected and sent": "(function(){ var s = socket_udp(); s.connect(socket_address(AF_INET, '127.0.0.1', 9)); return s.sendto('x', socket_address(AF_INET, '127.0.0.2', 9)); })()",
    "connected again": "(function(){ var s = socket_udp(); s.connect(socket_address(AF_INET, '127.0.0.1', 9)); return s.connect(socket_address(AF_INET, '127.0.0.2', 9)); })()",
    "IPv6 group": "socket_udp(true).set_option(41, 20, string_repeat('\\0', 20))",
    "group and source": "socket_udp().set_option(IPPROTO_IP, 39, string_repeat('\\0', 12))",
    "device": "socket_udp().set_option(SOL_SOCKET, 25, 'lo')",
    "headers included": "socket_udp().set_option(IPPROTO_IP, 3, 1)",
    "routing header": "socket_tcp(true).set_option(41, 57, string_repeat('\\0', 8))",
    "repair": "socket_tcp().set_option(6, 19, 1)",
    "wrapped level": "socket_udp().set_option(4294967297, 26, string_repeat('\\0', 16))",
    "listen elsewhere": "socket_tcp().bind(socket_address(AF_INET, '127.0.0.2', 0))",
    "listen everywhere": "socket_tcp(true).bind(socket_address(AF_INET6, '::', 0))",
    "Unix datagram": "socket_unix(SOCK_DGRAM).sendto('x', socket_address_unix('/tmp/some.socket'))",
    "unnamed Unix": "socket_unix().bind(socket_address_unix(''))",
    "raw with flags": "@socket(AF_INET, SOCK_RAW | 2048, 255)",
    "ping": "@socket(AF_INET, SOCK_DGRAM, 1)",
    "cipher": "@socket(38, 5, 0)",
    "name of an address": "socket_getnameinfo(socket_address(AF_INET, '127.0.0.2', 9))",
}


@pytest.mark.parametrize("name", BEYOND)
def test_nothing_beyond_the_rights_reaches_the_system(world: Any, name: str) -> None:
    one = world(udp=["127.0.0.1"], connect=["198.51.100.7"], listen=["127.0.0.1"])
    result, code = one.run(f"var r = {BEYOND[name]}; return r, ERR();")
    assert result in (None, False)
    assert code == errno.EACCES
    reached = [
        call for call in one.network.log if not (call[0] == "setsockopt" and tuple(call[1:3]) in [(1, 2), (41, 26)])
    ]
    assert all(call[0] in ("bind", "connect") and call[1][0] == "127.0.0.1" for call in reached), reached
    assert len(reached) == name.startswith(("bound", "connected"))


def test_a_flagged_socket_type_is_judged_as_what_it_is(world: Any) -> None:
    for flags in (2048, 524288):
        one = world(connect=["any"], listen=["any"])
        source = f"socket(AF_INET, SOCK_DGRAM | {flags}, 0).sendto('x', socket_address(AF_INET, '127.0.0.1', 9))"
        assert one.run(f"return {source}, ERR();") == (False, errno.EACCES)


def test_what_a_rule_names_is_allowed(world: Any, server: int) -> None:
    one = world(connect=[f"127.0.0.1:{server}"])
    assert one.run(f"return socket_connect('127.0.0.1', {server}) != null;") is True
    assert one.run(f"return socket_tcp().connect(socket_address(AF_INET, '0.0.0.0', {server}));") is True
    assert one.run(f"return socket_tcp().connect(socket_address(AF_INET, '127.0.0.2', {server})), ERR();")[0] is False
    assert one.run(f"return socket_connect('127.1', {server}) != null;") is True


def test_deny_wins(world: Any, server: int) -> None:
    one = world(connect=["any"], resolve=["any"], deny=["127.0.0.0/8", "bad.example"], ask=lambda request: True)
    one.network.names = {b"bad.example": ["127.0.0.1"], b"other.example": ["127.0.0.1"]}
    for source in (f"socket_connect('127.0.0.1', {server})", f"socket_connect('other.example', {server})",
                   f"socket_connect('bad.example', {server})"):  # fmt: skip
        assert one.run(f"return {source}, ERR();") == (None, errno.EACCES)
    assert ("getaddrinfo", b"bad.example") not in one.network.log
    assert not [call for call in one.network.log if call[0] == "connect"]


def test_a_name_rule_admits_what_the_name_resolved_to(world: Any, server: int) -> None:
    one = world(connect=[f"good.example:{server}"])
    one.network.names = {b"good.example": ["127.0.0.1"], b"evil.example": ["127.0.0.1"]}
    direct = f"socket_tcp().connect(socket_address(AF_INET, '127.0.0.1', {server}))"
    assert one.run(f"return {direct};") is False
    assert one.run(f"return socket_connect('evil.example', {server});") is None
    assert one.run(f"return socket_connect('GOOD.example.', {server}) != null;") is True
    assert one.run(f"return {direct};") is True
    assert one.run(f"return socket_connect('good.example', {server + 1});") is None


def test_rebinding_does_not_get_around_it(world: Any, server: int) -> None:
    one = world(connect=["good.example"], deny=["127.0.0.0/8"])
    one.network.names = {b"good.example": ["127.0.0.1"]}
    assert one.run(f"return socket_connect('good.example', {server}), ERR();") == (None, errno.EACCES)
    assert not [call for call in one.network.log if call[0] == "connect"]


def test_a_resolver_that_changes_its_answers(world: Any, server: int) -> None:
    """Each address is judged when it is used: an earlier, allowed answer opens nothing for a later one."""
    one = world(connect=["good.example"], deny=["127.0.0.0/8", "10.0.0.0/8"])
    answers = iter([["127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["::ffff:127.0.0.1"], ["0.0.0.0"]])

    class Rebinding(dict[bytes, list[str]]):
        def __getitem__(self, name: bytes) -> list[str]:
            return next(answers)

    one.network.names = Rebinding({b"good.example": []})
    for _ in range(4):
        assert one.run(f"return socket_connect('good.example', {server});") is None
        assert one.run(f"return socket_tcp().connect(socket_address(AF_INET, '127.0.0.1', {server}));") is False
    assert not [call for call in one.network.log if call[0] in ("connect", "sendto")]


def test_names_are_per_engine(server: int) -> None:
    network = RecordingNetwork()
    network.names = {b"good.example": ["127.0.0.1"]}
    policy = NetworkPolicy(connect=["good.example"], network=network)
    with (
        Engine(libraries=("sockets",), network=policy, stderr=io.BytesIO()) as one,
        Engine(libraries=("sockets",), network=policy, stderr=io.BytesIO()) as two,
    ):
        direct = f"include 'sockets'; return socket_tcp().connect(socket_address(AF_INET, '127.0.0.1', {server}));"
        one.run("include 'sockets'; socket_resolve('good.example');")
        assert one.run(direct) is True
        assert two.run(direct) is False


def test_name_rules_of_any_verb_imply_resolving(world: Any) -> None:
    one = world(connect=["a.example"], listen=["b.example"], udp=["c.example"], resolve=["d.example"])
    one.network.names = {f"{letter}.example".encode(): ["127.0.0.1"] for letter in "abcde"}
    found = [one.run(f"return socket_resolve('{letter}.example') != null;") for letter in "abcde"]
    assert found == [True, True, True, True, False]


def test_listening(world: Any) -> None:
    one = world(listen=["127.0.0.1"])
    assert one.run("return socket_listen('127.0.0.1:0') != null, socket_listen(0), socket_listen('0.0.0.0:0');") == (
        True, None, None,
    )  # fmt: skip
    assert one.run("var s = socket_tcp(); return s.bind(socket_address(AF_INET, '127.0.0.1', 0)), s.listen(1);") == (
        True,
        True,
    )
    ranged = world(listen=["127.0.0.1:20000-29999"])
    assert ranged.run("return socket_listen('127.0.0.1:0');") is None  # port 0 needs a rule without a port
    wide = world(listen=["0.0.0.0/0"])
    assert wide.run("return socket_listen('0.0.0.0:0');") is None
    itself = world(listen=["0.0.0.0", "::"])
    assert itself.run("return socket_listen('0.0.0.0:0') != null, socket_tcp().listen(1);") == (True, True)
    anything = world(listen=["any"])
    assert anything.run("return socket_listen(0) != null;") is True


def test_datagrams(world: Any) -> None:
    one = world(udp=["127.0.0.1"], connect=["any"], listen=["any"])
    source = "a = socket_udp(); a.bind(socket_address(AF_INET, '127.0.0.1', 0)); b = socket_udp();"
    assert one.run(source + "return b.sendto('hello', a.local_address), a.recv(10);") == (5, "hello")
    assert one.run("return socket_udp().sendto('x', socket_address(AF_INET, '127.0.0.2', 9));") is False
    assert one.run("return socket_udp().bind(0);") is False


def test_unix_paths(world: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    one = world(unix=[f"{tmp_path}/in/", "@name"])
    source = "return socket_unix().bind(socket_address_unix('{}')), ERR();"
    assert one.run(source.format(f"{tmp_path}/in/a"))[0] is True
    for path in (f"{tmp_path}/out/a", f"{tmp_path}/in/link/a", f"{tmp_path}/in/../out/a", f"{tmp_path}/in", "\\0other"):
        assert one.run(source.format(path)) == (False, errno.EACCES), path
    assert one.run(source.format("\\0name"))[0] is True
    assert not (tmp_path / "out" / "a").exists()


def test_flags(world: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("data")
    one = world(files=True, fds=True)
    assert one.run(f"(a, b) = socket_pair(); a.send_file('{path}'); return b.recv(10);") == "data"
    ours, theirs = socket.socketpair()
    assert one.run(f"return socket_from_fd({theirs.detach()}) != null;") is True
    ours.close()


def test_own_sockets_may_be_passed(world: Any) -> None:
    one = world()
    assert one.run(
        "(a, b) = socket_pair(); (c, d) = socket_pair(); a.send_message('x', { fds = [ c ] }); m = b.recv_message(10);"
        "m.fds[0].send('through'); return d.recv(10);"
    ) == "through"  # fmt: skip


def test_descriptors_from_strangers_are_closed(world: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        one = world(unix=[path])
        one.run(f"global s = socket_unix(); s.connect(socket_address_unix('{path}'));")
        peer, _ = listener.accept()
        before = len(os.listdir("/proc/self/fd"))
        socket.send_fds(peer, [b"x"], [0, 1])
        assert one.run("m = s.recv_message(10); return m.data, m.fds.size;") == ("x", 0)
        assert len(os.listdir("/proc/self/fd")) == before
        peer.close()


def test_multicast_rules(world: Any) -> None:
    one = world(multicast=["224.1.1.0/24"])
    join = "return socket_udp().set_option(IPPROTO_IP, 35, '{}');"
    group = "".join(f"\\x{byte:02x}" for byte in socket.inet_aton("224.1.1.9") + struct.pack("@4si", b"\0" * 4, 0))
    other = "".join(f"\\x{byte:02x}" for byte in socket.inet_aton("224.2.1.9") + struct.pack("@4si", b"\0" * 4, 0))
    one.run(join.format(group))
    assert one.outcomes()[-1] == ("multicast", "224.1.1.9", "allowed")
    assert one.run(join.format(other)) is False
    assert one.outcomes()[-1] == ("multicast", "224.2.1.9", "denied")


def test_max_sockets(world: Any) -> None:
    one = world(max_sockets=3)
    assert one.run("global a = [ socket_udp(), socket_udp(), socket_udp() ]; return @socket_udp(), ERR();") == (
        None,
        errno.EMFILE,
    )
    assert one.run("a.pop(); return socket_udp() != null;") is True


def test_max_bytes(world: Any) -> None:
    one = world(max_bytes=100)
    one.run("(x, y) = socket_pair(); global a = x; global b = y;")
    assert one.run("return a.send(string_repeat('x', 60)), b.recv(100).length, b.recv_timeout;")[:2] == (60, 40)
    assert one.run("return a.send('x'), ERR();") == (False, errno.EDQUOT)
    assert one.run("return b.recv(5), ERR();") == (False, errno.EDQUOT)
    stats = one.engine.stats
    assert (stats.bytes_in, stats.bytes_out) == (40, 60)


def test_max_bytes_of_receives_with_a_sender(world: Any) -> None:
    one = world(max_bytes=100)
    one.run("(x, y) = socket_pair(); global a = x; global b = y; a.send(string_repeat('x', 60));")
    assert one.run("return b.recvfrom(100).length, b.recvfrom(5), ERR();") == (40, False, errno.EDQUOT)
    two = world(max_bytes=100)
    two.run("(x, y) = socket_pair(); global a = x; global b = y; a.send(string_repeat('x', 60));")
    assert two.run("return b.recv_message(100).data.length, b.recv_message(5), ERR();") == (40, False, errno.EDQUOT)


def test_max_bytes_of_messages(world: Any) -> None:
    one = world(max_bytes=20)
    one.run("(x, y) = socket_pair(SOCK_DGRAM); global a = x; global b = y;")
    assert one.run("return a.send_message(['12345', '678901234567890x']), ERR();") == (False, errno.EDQUOT)
    assert one.run("return a.send_message(['12345', '6']), b.recv_message(9).data;") == (6, "123456")
    assert one.run("return a.send_message('123456789'), ERR();") == (False, errno.EDQUOT)
    assert one.run("return a.send_message('12345678'), a.send_message('1'), ERR();") == (8, False, errno.EDQUOT)


def test_raises_ends_the_script(world: Any) -> None:
    one = world(raises=True)
    with pytest.raises(PermissionDenied, match=r"127\.0\.0\.1:9"):
        one.run("pcall(function(){ socket_connect('127.0.0.1', 9); }); global after = 1;")
    assert "after" not in one.engine.globals
    assert one.run("return 1;") == 1


def test_audit_and_ask_see_the_request(world: Any) -> None:
    asked: list[Decision] = []

    def ask(request: Decision) -> object:
        asked.append(request)
        return request.port == 7

    one = world(connect=["127.0.0.1:5"], ask=ask)
    one.run("socket_connect('127.0.0.1', 5); socket_connect('127.0.0.1', 7); socket_connect('127.0.0.1', 9);")
    assert [(one.verb, one.target, one.host, one.port, one.rule, one.outcome) for one in asked] == [
        ("connect", "127.0.0.1:7", "127.0.0.1", 7, None, None), ("connect", "127.0.0.1:9", "127.0.0.1", 9, None, None),
    ]  # fmt: skip
    assert [(each.port, each.rule, each.outcome) for each in one.audit] == [
        (5, "127.0.0.1:5", "allowed"), (7, None, "allowed"), (9, None, "denied"),
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [1, "yes", [True], None])
def test_only_true_allows(world: Any, answer: object) -> None:
    one = world(ask=lambda request: answer)
    assert one.run("return socket_connect('127.0.0.1', 9), ERR();") == (None, errno.EACCES)


@pytest.mark.parametrize("which", ["ask", "audit"])
def test_exceptions_deny_and_reach_the_host(world: Any, which: str) -> None:
    def fail(request: Decision) -> None:
        raise LookupError("broker is down")

    one = world(**{which: fail})
    for source in (
        "socket_connect('127.0.0.1', 9);",
        "socket_resolve('x.example');",
        "pcall(function(){ socket_listen(0); });",
    ):
        with pytest.raises(LookupError):
            one.run(source)
    assert not [call for call in one.network.log if call[0] in ("connect", "bind", "getaddrinfo")]


def test_a_policy_may_be_shared_and_wraps_any_network() -> None:
    policy = NetworkPolicy(connect=["any"])
    engines = [Engine(libraries=("sockets",), network=policy) for _ in range(2)]
    for engine in engines:
        assert engine.run("include 'sockets'; return socket_tcp() != null;") is True
        engine.close()
    assert isinstance(RecordingNetwork(), Network)
