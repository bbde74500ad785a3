"""Names and services: chapter 10 section 2 and chapter 11 section 5."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sockets_module.network.system import SystemNetwork

from .conftest import PRELUDE, make_engine

Check = Callable[..., None]


def test_getaddrinfo(check: Check) -> None:
    check(
        """
        list = socket_getaddrinfo( "127.0.0.1", "80" );
        foreach( key, value : list[ 0 ] ) println( key, " ", value );
        println( list.size, socket_getaddrinfo( "::1", "53", SOCK_DGRAM )[ 0 ].addr );
        println( socket_getaddrinfo( "127.0.0.1", "http" )[ 0 ].addr.port, socket_getaddrinfo( "127.0.0.1", "" )[ 0 ].addr.port );
        println( socket_getaddrinfo( "localhost", "80", SOCK_STREAM, AF_INET )[ 0 ].addr );
        println( socket_getaddrinfo( "127.0.0.1", "80", 0 ).size > 1 );
        """,
        """
        flags 0
        family 2
        socktype 1
        protocol 6
        canonname null
        addr 127.0.0.1:80
        1[::1]:53
        800
        127.0.0.1:80
        true
        """,
    )


def test_resolver_failures_keep_their_code(check: Check) -> None:
    check(
        r"""
        println( socket_getaddrinfo( "127.0.0.1", "no such service" ), socket_error() == EAI_SERVICE, " ", ERR() );
        println( socket_getaddrinfo( "::1", "80", SOCK_STREAM, AF_INET ), socket_error() < 0, ERR().length > 0 );
        println( socket_getaddrinfo( "no such host", "80" ), socket_error() < 0 );
        println( socket_getaddrinfo( "a\0b", "80" ), socket_error() > 0 );
        println( socket_getaddrinfo( "127.0.0.1", "80" ).size, socket_error() );
        println( socket_getaddrinfo( "127.0.0.1" ) );
        """,
        """
        nulltrue Servname not supported for ai_socktype
        nulltruetrue
        nulltrue
        nulltrue
        10
        null
        """,
        *["socket_getaddrinfo(): failed to get address info"] * 4,
        "socket_getaddrinfo(): argument 2 - expected string, got nothing",
    )


def test_resolve(check: Check) -> None:
    check(
        """
        println( socket_resolve( "127.0.0.1", "80" ), socket_resolve( "127.0.0.1" )[ 0 ], " ", socket_resolve( "::1", "http" )[ 0 ] );
        println( socket_resolve( "localhost", "80", { family = AF_INET } )[ 0 ], socket_error() );
        println( socket_resolve( "no such host" ), socket_error() < 0 );
        println( socket_resolve( "x", "1", { nonsense = 1 } ), socket_resolve( "x", "1", { timeout = -1 } ) );
        println( socket_resolve() );
        """,
        """
        [socket_address]127.0.0.1:0 [::1]:80
        127.0.0.1:800
        nulltrue
        nullnull
        null
        """,
        "socket_resolve(): argument 3 (options): unknown option 'nonsense'",
        "socket_resolve(): argument 3 (options): option 'timeout' cannot be negative",
        "socket_resolve(): argument 1 - expected string, got nothing",
    )


class Slow(SystemNetwork):
    """A resolver that answers for slow.test when it has been asked for go.test."""

    __slots__ = ("may_answer",)

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
        if host == b"go.test":
            self.may_answer.set()
        if host == b"slow.test":
            assert self.may_answer.wait(10)
        return super().getaddrinfo(b"127.0.0.1", service, family, kind, protocol, flags)

    def getnameinfo(self, address, flags):  # type: ignore[no-untyped-def]
        assert self.may_answer.wait(10)
        return "slow.test", "80"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ('socket_resolve( "slow.test", "80" )[ 0 ]', b"127.0.0.1:80"),
        ('socket_getaddrinfo( "slow.test", "80" )[ 0 ].addr', b"127.0.0.1:80"),
        ("socket_getnameinfo( socket_address_loopback() ).host", b"slow.test"),
        ('socket_connect( "slow.test", port ).remote_address.addr_string', b"127.0.0.1"),
    ],
)
def test_resolving_holds_up_no_other_thread(
    capfdbinary: pytest.CaptureFixture[bytes], call: str, answer: bytes
) -> None:
    with make_engine(network=Slow()) as engine:
        engine.run(
            PRELUDE
            + f"global l = LISTEN(), port = l.local_address.port; function resolver(){{ println( {call} ); }}"
            + """
            function other(){ println( "other runs" ); socket_resolve( "go.test" ); }
            thread resolver(); thread other(); println( socket_run() );
            """
        )
    assert capfdbinary.readouterr().out == b"other runs\n" + answer + b"\n0\n"


@pytest.mark.parametrize("inside", [True, False])
def test_resolving_can_time_out(capfdbinary: pytest.CaptureFixture[bytes], inside: bool) -> None:
    network = Slow()
    with make_engine(network=network) as engine:
        call = 'println( socket_resolve( "slow.test", "80", { timeout = 0.03 } ), " ", ERR() );'
        engine.run(PRELUDE + (f"function f(){{ {call} }} thread f(); socket_run();" if inside else call))
        network.may_answer.set()
    assert capfdbinary.readouterr().out == b"null Connection timed out\n"


def test_names_beyond_ascii_are_asked_for_in_idna() -> None:
    class Asked(SystemNetwork):
        """Answers every question and remembers the host."""

        __slots__ = ("hosts",)

        def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
            self.hosts.append(host)
            return super().getaddrinfo(b"127.0.0.1", service, family, kind, protocol, flags)

    network = Asked()
    network.hosts = []
    with make_engine(network=network) as engine:
        engine.run(
            PRELUDE
            + r"""
            socket_resolve( "b\xc3\xbccher.test" ); @socket_getaddrinfo( "B\xc3\xbccher.test", "80" );
            l = LISTEN(); socket_connect( "b\xc3\xbccher.test", l.local_address.port ); socket_resolve( "not utf-8 \xff" );
            """
        )
    # what cannot be a name in any encoding stays as it is
    asked = [host for host in network.hosts if host != b"127.0.0.1"]
    assert asked == [b"xn--bcher-kva.test"] * 3 + [b"not utf-8 \xff"]


def test_names_of_addresses(check: Check) -> None:
    check(
        """
        n = socket_getnameinfo( socket_address( AF_INET, "127.0.0.1", 80 ), NI_NUMERICHOST | NI_NUMERICSERV ); println( n.host, " ", n.service );
        n = socket_getnameinfo( socket_address( AF_INET6, "::1", 80 ), NI_NUMERICHOST ); println( n.host, " ", n.service );
        println( typeof( socket_getnameinfo( socket_address( AF_INET, "127.0.0.1", 80 ) ).host ) );
        println( socket_getnameinfo( socket_address_unix( "/x" ) ), " ", ERR() );
        println( socket_getnameinfo( socket_address( AF_INET, "192.0.2.1" ), NI_NAMEREQD | NI_NUMERICHOST ), socket_error() < 0 );
        println( socket_getnameinfo( 5 ) );
        """,
        """
        127.0.0.1 80
        ::1 http
        string
        null Address family not supported by protocol
        nulltrue
        null
        """,
        "socket_getnameinfo(): argument 1 - expected socket_address, got int",
    )


def test_services_and_host_name(check: Check) -> None:
    check(
        """
        println( socket_getservbyname( "http" ), socket_getservbyname( "domain", "udp" ), socket_error() );
        println( socket_getservbyname( "no such" ), socket_error() != 0, socket_getservbyname( "http", "nonsense" ) );
        println( typeof( socket_gethostname() ), socket_gethostname().length > 0, socket_error() );
        """,
        """
        80530
        nulltruenull
        stringtrue0
        """,
    )
