"""SRV records: `socket_resolve_service` and `connect_to_service` (chapter 11 sections 5 and 6)."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import collections
import contextlib
import io
import random
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interp.engine import Limits
from sockets_module.network.system import SystemNetwork
from sockets_module.policy import NetworkPolicy
from sockets_module.services import ask, ordered

from .conftest import PRELUDE, make_engine
from .programs import free_port, peer, program, running

dns_resolver = pytest.importorskip("dns.resolver", reason="the extra `dns` is not installed")

SHOW = 'function show( r ){ if( !r ) println( r, " ", ERR() ); else foreach( e : r ) println( e.host, " ", e.port, " ", e.priority, " ", e.weight ); } '


class Named(SystemNetwork):
    """The system, asking a name server of ours about services and knowing the names below `.test`."""

    __slots__ = ("port",)

    def __init__(self, port: int) -> None:
        self.port = port

    def services(self, name: str) -> list[tuple[int, int, int, str]]:
        resolver = dns_resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], self.port, 1.0
        return ask(name, resolver)

    def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
        known = b"127.0.0.1" if host and host.endswith(b".test") else host
        return super().getaddrinfo(known, service, family, kind, protocol, flags)


def run_with(port: int, script: str) -> tuple[str, str]:
    out, err = io.BytesIO(), io.BytesIO()
    with make_engine(network=Named(port), stdout=out, stderr=err, limits=Limits.none()) as engine:
        engine.run(PRELUDE + SHOW + script, name="test.sgs")
    return out.getvalue().decode(), err.getvalue().decode()


@contextlib.contextmanager
def dnsmasq(tmp_path: Path, *records: str) -> Iterator[int]:
    port = free_port()
    lines = [f"port={port}", "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", "no-daemon"]
    (tmp_path / "conf").write_text("\n".join([*lines, "user=root", "local=/test/", *records, ""]))
    command = [program("dnsmasq", "dnsmasq-base"), "-C", f"{tmp_path}/conf"]
    with running(command, port):
        yield port


def test_records(tmp_path: Path) -> None:
    records = (
        "srv-host=_imap._tcp.d.test,second.test,20,2,0", "srv-host=_imap._tcp.d.test,first.test,10,1,7",
        "srv-host=_none._tcp.d.test,.,0,0,0",
    )  # fmt: skip
    with dnsmasq(tmp_path, *records) as port:
        out, err = run_with(
            port,
            'show( socket_resolve_service( "imap", "tcp", "d.test" ) ); show( socket_resolve_service( "nothing", "tcp", "d.test" ) );'
            'show( socket_resolve_service( "", "tcp", "d.test" ) ); show( socket_resolve_service( "none", "tcp", "d.test" ) );',
        )
    assert err == ""
    assert out.splitlines()[:4] == [
        "first.test 10 1 7",
        "second.test 20 2 0",
        "null No such file or directory: the domain has no records of the service",
        "null Invalid argument",
    ]


def test_the_next_target(tmp_path: Path) -> None:
    with peer(lambda sock: sock.sendall(b"here\n")) as target:
        records = ("srv-host=_x._tcp.d.test,dead.test,1,1,0", f"srv-host=_x._tcp.d.test,alive.test,{target},2,0")
        with dnsmasq(tmp_path, *records) as port:
            out, err = run_with(
                port,
                'c = socket_client(); c.enable_proxy = false; global T = ""; c.on_event = function( e, w, s ){ global T; T ..= e .. w .. " "; };'
                'println( c.connect_to_service( "d.test", "x" ).recv_line() ); println( T ); T = ""; println( c.connect_to_service( "d.test", "y" ) ); println( T );'
                'c.on_event = null; c.connect_to_service_async( "d.test", "y", function( s, e ){ println( s, e ); } ); socket_run();',
            )
    assert err == ""
    told = "0d.test 1d.test 2d.test 2d.test 3d.test 8d.test "
    assert out == f"here\n{told}\nnull\n0d.test 8d.test \nnull2\n"


class Fixed(SystemNetwork):
    """The system with records of our own; remembers which were asked for."""

    __slots__ = ("asked", "records")

    def __init__(self, *records: tuple[int, int, int, str]) -> None:
        self.asked: list[str] = []
        self.records = list(records)

    def services(self, name: str) -> list[tuple[int, int, int, str]]:
        self.asked.append(name)
        return self.records

    def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
        if host and not host[:1].isdigit():
            self.asked.append(host.decode())
            host = b"127.0.0.1"
        return super().getaddrinfo(host, service, family, kind, protocol, flags)


def test_the_policy_holds_for_services() -> None:
    """The domain, the name of each target and its address are judged; what is denied is never asked for."""
    out, err = io.BytesIO(), io.BytesIO()
    with peer(lambda sock: sock.sendall(b"here\n")) as port:
        inner = Fixed((1, 0, port, "bad.test"), (2, 0, 1, "good.test"), (3, 0, port, "good.test"))
        policy = NetworkPolicy(resolve=["d.test"], connect=[f"good.test:{port}"], network=inner)
        with make_engine(network=policy, stdout=out, stderr=err) as engine:
            engine.run(
                PRELUDE
                + 'c = socket_client(); c.enable_proxy = false; println( c.connect_to_service( "other.test", "x" ), ERR() );'
                + 'println( socket_resolve_service( "x", "tcp", "other.test" ), ERR() ); println( c.connect_to_service( "d.test", "x" ).recv_line() );',
                name="test.sgs",
            )
    assert out.getvalue() == b"nullPermission denied\nnullPermission denied\nhere\n"
    assert inner.asked == ["_x._tcp.d.test", "good.test", "good.test"]
    warnings = [line for line in err.getvalue().decode().splitlines() if line.startswith("Warning")]
    assert [line.partition("denied by network policy ")[2] for line in warnings] == [
        "(other.test)", "(other.test)", "(bad.test)", "(127.0.0.1:1)",
    ]  # fmt: skip


def test_every_target_fails() -> None:
    """All failures are told; one that is listed a thousand times ends, too."""
    out = io.BytesIO()
    records = [(number % 3, number % 5, 1, f"t{number}.test") for number in range(1000)]
    with make_engine(network=Fixed(*records), stdout=out) as engine:
        engine.run(
            PRELUDE
            + 'c = socket_client(); c.enable_proxy = false; println( c.connect_to_service( "d.test", "x" ), ERR() );',
            name="test.sgs",
        )
    assert out.getvalue() == b"nullConnection refused\n"


def test_a_cancel_ends_all_targets() -> None:
    out = io.BytesIO()
    with make_engine(network=Fixed((1, 0, 1, "a.test"), (2, 0, 1, "b.test")), stdout=out) as engine:
        engine.run(
            PRELUDE
            + """
            k = socket_cancellable(); k.cancel(); n = 0; c = socket_client();
            c.on_event = function( event, what, s ) use( n, k ){ if( event == SOCKET_CLIENT_CONNECTING ){ n++; s.cancellable = k; } };
            println( c.connect_to_service( "d.test", "x" ), n, ERR() );
            """
        )
    assert out.getvalue() == b"null1Operation canceled\n"


def test_the_order() -> None:
    records = [(2, 0, 1, "late"), (1, 0, 1, "never"), (1, 90, 1, "often"), (1, 10, 1, "seldom")]
    chance = random.Random(5)
    first = collections.Counter(ordered(records, chance)[0][3] for _ in range(2000))
    assert 0.85 < first["often"] / 2000 < 0.93
    assert first["late"] == 0 and first["never"] < 60
    assert sorted(ordered(records, chance)) == sorted(records)
    assert ordered(records, chance)[-1][3] == "late"
    assert ordered([]) == []


@pytest.mark.parametrize("answer", ["silence", "garbage", "echo", "refusal", "dot"])
def test_bad_name_servers(answer: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)

        def serve() -> None:
            with contextlib.suppress(OSError, ValueError):  # nothing but an empty message ends it
                while True:
                    question, sender = server.recvfrom(4096)
                    end = question.index(b"\0", 12) + 5
                    if answer == "garbage":
                        server.sendto(question[:2] + b"\xff" * 300, sender)
                    elif answer == "echo":
                        server.sendto(question[:2] + b"\x81\x80" + question[4:12] + b"\xc0\x0c" * 50, sender)
                    elif answer == "refusal":
                        server.sendto(question[:2] + b"\x81\x85\0\1\0\0\0\0\0\0" + question[12:end], sender)
                    elif answer == "dot":
                        record = b"\xc0\x0c\0\x21\0\1\0\0\0\0\0\7\0\0\0\0\0\0\0"
                        server.sendto(question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question[12:end] + record, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        out, err = run_with_lifetime(server.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", server.getsockname())
        server.close()
        thread.join(10)
    assert err == ""
    assert out.startswith("null")
    if answer == "dot":
        assert out == "null Cannot assign requested address: the domain does not have the service\n"


def run_with_lifetime(port: int) -> tuple[str, str]:
    import sockets_module.services as services

    before, services.LIFETIME = services.LIFETIME, 1.0
    try:
        return run_with(port, 'show( socket_resolve_service( "x", "tcp", "d.test" ) );')
    finally:
        services.LIFETIME = before


def test_without_the_package(check: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns", None)
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    check(
        'println( socket_resolve_service( "x", "tcp", "d.test" ), socket_error() == socket_geterrnobyname( "ENOTSUP" ) );',
        "nulltrue",
        'socket_resolve_service(): SRV records need the package dnspython: pip install "pysgs[dns]"',
    )


def test_without_the_package_for_proxies(check: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with peer(lambda sock: sock.recv(1)) as port:
        check(
            f'println( socket_connect( "x", 1, {{ proxy = "http://127.0.0.1:{port}" }} ), socket_error() == socket_geterrnobyname( "ENOTSUP" ) );',
            "nulltrue",
            'socket_connect(): proxies need the package python-socks: pip install "pysgs[proxy]"',
        )


@pytest.mark.parametrize(
    "words",
    [
        '"", "tcp", "d"',
        '"a", "", "d"',
        '"a", "tcp", ""',
        r'"a\0b", "tcp", "d"',
        r'"a", "tcp", "d\0"',
        r'"\xff", "tcp", "d"',
    ],
)
def test_names_that_make_no_question(check: Callable[..., None], words: str) -> None:
    check(f"println( socket_resolve_service( {words} ), ERR() );", "nullInvalid argument")
