"""`socket_listen`, `socket_connect`, descriptors in and out: chapter 11 section 1."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from interp.engine import Engine
from sockets_module.network.system import SystemNetwork

from .conftest import PRELUDE, make_engine

Check = Callable[..., None]


def test_a_port_alone_listens_for_both_families(check: Check) -> None:
    check(
        """
        l = socket_listen( 0 ); port = l.local_address.port;
        println( l.is_listening, l.reuse_addr, l.only_ipv6, port > 0 );
        a = socket_connect( "127.0.0.1", port ); println( l.accept().is_connected, a.blocking );
        b = socket_connect( "::1", port ); println( l.accept().is_connected );
        c = socket_connect( "localhost", "" .. port ); println( l.accept().is_connected );
        only = socket_listen( 0, { only_ipv6 = true } ); println( only.only_ipv6, socket_connect( "127.0.0.1", only.local_address.port ), ERR() );
        """,
        """
        truetruefalsetrue
        truetrue
        true
        true
        truenullConnection refused
        """,
    )


def test_a_port_that_is_in_use_for_ipv6_alone(check: Check) -> None:
    """Falling back to IPv4 is for where IPv6 is missing."""
    check(
        """
        l = socket_listen( "[::]:0", { only_ipv6 = true } ); println( l.only_ipv6 );
        println( socket_listen( l.local_address.port ), ERR() );
        println( typeof( socket_listen( "0.0.0.0:" .. l.local_address.port ) ) );
        """,
        "true\nnullAddress already in use\nsocket",
    )


@pytest.mark.parametrize("where", ["0", '"0"', '":0"'])
def test_a_port_alone_in_every_form(check: Check, where: str) -> None:
    """Chapter 11: "a port alone listens dual-stack (IPv6 wildcard with `only_ipv6` off)"."""
    check(
        f"""
        l = socket_listen( {where} ); println( l.local_address.addr_string, " ", l.only_ipv6 );
        foreach( host : [ "127.0.0.1", "::1" ] ) println( typeof( socket_connect( host, l.local_address.port ) ) );
        println( socket_listen( ":http" ), " ", ERR(), " ", socket_listen( ":" ), " ", ERR() );
        """,
        """
        :: false
        socket
        socket
        null Invalid argument null Invalid argument
        """,
        *('socket_listen(): argument 1 must be a port, a text "host:port" or a socket_address',) * 2,
    )


def test_where_to_listen(check: Check, tmp_path: object) -> None:
    check(
        f"""
        println( socket_listen( "127.0.0.1:0" ).local_address.addr_string, socket_listen( "[::1]:0" ).local_address.addr_string );
        println( socket_listen( socket_address( AF_INET, "127.0.0.1" ), {{ reuse_port = true, backlog = 5 }} ).reuse_port );
        u = socket_address_unix( "{tmp_path}/s" ); l = socket_listen( u ); println( typeof( socket_connect( u ) ) );
        l = LISTEN(); println( socket_listen( l.local_address ), " ", ERR() );
        println( socket_listen( l.local_address.port ), " ", ERR() );
        println( socket_listen( "nonsense" ), socket_listen( [] ), socket_listen( -1 ), socket_listen( 0, {{ x = 1 }} ) );
        println( socket_listen( 0, {{ backlog = "x" }} ), " ", ERR() );
        """,
        """
        127.0.0.1::1
        true
        socket
        null Address already in use
        null Address already in use
        nullnullnullnull
        null Invalid argument
        """,
        'socket_listen(): argument 1 must be a port, a text "host:port" or a socket_address',
        "socket_listen(): argument 1 - expected int or string or socket_address, got array",
        "socket_listen(): argument 1 (port) must be between 0 and 65535",
        "socket_listen(): argument 2 (options): unknown option 'x'",
        "socket_listen(): argument 2 (options): option 'backlog' has a wrong type",
    )


def test_a_port_that_does_not_exist(check: Check) -> None:
    """The system would take the number modulo 65536 and use another one."""
    check(
        """
        println( socket_connect( "127.0.0.1", 65536 ), " ", ERR() );
        println( socket_connect( "127.0.0.1", -1 ), " ", ERR() );
        println( socket_connect( "127.0.0.1", 1e300 ), " ", ERR() );
        println( socket_connect( "127.0.0.1", "65536" ), " ", ERR() );
        println( socket_listen( "127.0.0.1:65536" ), " ", ERR() );
        println( socket_resolve( "127.0.0.1", "65536" ), socket_resolve( "localhost", "4294967376" ), " ", ERR() );
        println( @socket_getaddrinfo( "127.0.0.1", "65536" ), " ", socket_error() == EAI_SERVICE );
        println( socket_resolve( "127.0.0.1", "65535" )[ 0 ].port, socket_resolve( "127.0.0.1", "0000000080" )[ 0 ].port );
        """,
        """
        null Invalid argument
        null Invalid argument
        null Invalid argument
        null Servname not supported for ai_socktype
        null Servname not supported for ai_socktype
        nullnull Servname not supported for ai_socktype
        null true
        6553580
        """,
        *["socket_connect(): argument 2 (service) must be between 0 and 65535"] * 3,
    )


def test_arguments_of_the_wrong_kind(check: Check) -> None:
    check(
        """
        println( socket_connect(), " ", ERR() ); socket_tcp(); println( socket_connect( "::1", null ), " ", ERR() );
        socket_tcp(); println( socket_client().connect( 5 ), " ", ERR() );
        """,
        "null Invalid argument\n" * 3,
        "socket_connect(): argument 1 - expected string or socket_address, got nothing",
        "socket_connect(): argument 2 - expected int or string, got null",
        "socket_client.connect(): argument 1 - expected string or socket_address, got int",
    )


def test_the_backlog_is_kept(check: Check) -> None:
    check(
        """
        println( LISTEN().listen_backlog == if( SOMAXCONN < 128, SOMAXCONN, 128 ) );
        println( socket_listen( 0, { backlog = 7 } ).listen_backlog, socket_listen( 0, { backlog = -7 } ).listen_backlog );
        """,
        "true\n70",
    )


def test_options_of_connect(check: Check) -> None:
    check(
        """
        l = LISTEN(); a = l.local_address;
        c = socket_connect( a, { local_address = socket_address( AF_INET, "127.0.0.9" ), timeout = 5 } );
        println( c.local_address.addr_string );
        println( socket_connect( "localhost", a.port, { family = AF_INET } ).family == AF_INET );
        println( socket_connect( a, { local_address = socket_address( AF_INET6, "::1" ) } ), " ", ERR() );
        println( socket_connect( "no such host", 1 ), " ", socket_error() < 0 );
        println( socket_connect( "localhost", "no such service" ), " ", socket_error() < 0 );
        println( socket_connect( a, { timeout = -1 } ), socket_connect( a, { nonsense = true } ) );
        println( socket_connect(), socket_connect( "x" ), socket_connect( 5, 5 ) );
        l.close(); println( socket_connect( a ), " ", ERR() );
        """,
        """
        127.0.0.9
        true
        null Address family not supported by protocol
        null true
        null true
        nullnull
        nullnullnull
        null Connection refused
        """,
        "socket_connect(): option 'timeout' cannot be negative",
        "socket_connect(): argument 2 (options): unknown option 'nonsense'",
        "socket_connect(): argument 1 - expected string or socket_address, got nothing",
        "socket_connect(): argument 2 - expected int or string, got nothing",
        "socket_connect(): argument 1 - expected string or socket_address, got int",
    )


class Names(SystemNetwork):
    """The system with a resolver of our own."""

    __slots__ = ("addresses",)

    def __init__(self, *addresses: tuple[str, int]) -> None:
        self.addresses = addresses

    def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
        if host != b"many.test":
            return super().getaddrinfo(host, service, family, kind, protocol, flags)
        return [
            (
                socket.AF_INET6 if ":" in text else socket.AF_INET,
                kind,
                6,
                "",
                (text, port, 0, 0) if ":" in text else (text, port),
            )
            for text, port in self.addresses
        ]


def engine_with(*addresses: tuple[str, int]) -> Engine:
    return make_engine(network=Names(*addresses))


def test_every_address_is_tried(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port, dead = server.getsockname()[1], closed.getsockname()[1]
        with engine_with(("127.0.0.1", dead), ("::1", dead), ("127.0.0.1", port)) as engine:
            engine.run(
                PRELUDE + 's = socket_connect( "many.test", 1 ); println( s.remote_address.port, " ", socket_error() );'
            )
        assert capfdbinary.readouterr().out == b"%d 0\n" % port


def test_a_cancel_ends_all_attempts(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The addresses that have not had their turn are not tried any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with engine_with(("127.0.0.1", port), ("127.0.0.2", port), ("127.0.0.3", port)) as engine:
            engine.run(
                PRELUDE
                + """
                k = socket_cancellable(); k.cancel(); n = 0; c = socket_client();
                c.on_event = function( event, what, s ) use( n, k ){ if( event == SOCKET_CLIENT_CONNECTING ){ n++; s.cancellable = k; } };
                println( c.connect( "many.test:1" ), n, ERR() );
                """
            )
        assert capfdbinary.readouterr().out == b"null1Operation canceled\n"


def test_a_silent_address_holds_nothing_up(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        silent = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(silent)
        with engine_with(silent, server.getsockname()) as engine:
            engine.run(
                PRELUDE + 't = ftime(); s = socket_connect( "many.test", 1 ); t = ftime() - t;'
                f"println( s.remote_address.port == {server.getsockname()[1]}, t > 0.2 && t < 2 );"
                f'println( socket_connect( socket_address_parse( "127.0.0.1:{silent[1]}" ), {{ timeout = 0.05 }} ), " ", ERR() );'
            )
        for filler in fillers:
            filler.close()
        assert capfdbinary.readouterr().out == b"truetrue\nnull Connection timed out\n"


def test_connect_parks(check: Check) -> None:
    check(
        """
        global l = LISTEN();
        function f(){ var s = socket_connect( "localhost", l.local_address.port ); println( s.recv( 9 ) ); }
        function g(){ l.accept().send( "hello" ); }
        thread f(); thread g(); socket_run();
        """,
        "hello",
    )


def test_descriptors_in_and_out(check: Check) -> None:
    check(
        """
        u = UDP(); port = u.local_address.port; fd = u.detach();
        println( fd >= 0, u.is_closed, tobool( u ), u.detach(), " ", ERR() );
        v = socket_from_fd( fd ); println( v.fd == fd, v.local_address.port == port, v.blocking, v.type == SOCK_DGRAM );
        println( socket_from_fd( -1 ), " ", ERR() ); println( socket_from_fd( 99999 ), " ", ERR() );
        w = clone( v ); v.close(); w.sendto( "x", w.local_address ); println( w.recv( 5 ) );
        n = UDP(); n.blocking = false; m = socket_from_fd( n.detach() ); println( m.blocking );
        """,
        """
        truetruefalsenull Bad file descriptor
        truetruetruetrue
        null Bad file descriptor
        null Bad file descriptor
        x
        false
        """,
    )


def test_detach_gives_what_was_read_ahead(check: Check) -> None:
    """What stands in no kernel buffer any more cannot go with the descriptor: it is a second value."""
    check(
        """
        ( a, b ) = socket_pair(); a.send( "line\\nahead" ); println( b.recv_line() );
        ( fd, rest ) = b.detach(); println( typeof( fd ), " ", rest, " ", b.is_closed );
        c = socket_from_fd( fd ); a.send( "more" ); println( c.recv( 10 ) );
        ( fd, rest ) = c.detach(); println( typeof( fd ), " ", rest.length ); d = socket_from_fd( fd );
        ( fd, rest ) = c.detach(); println( fd, rest, ERR() );
        """,
        """
        line
        int ahead true
        more
        int 0
        nullnullBad file descriptor
        """,
    )


def test_not_a_socket_stays_the_callers() -> None:
    fd = os.open(os.devnull, os.O_RDONLY)
    try:
        with make_engine() as engine:
            made, text = engine.run(f'include "sockets"; return socket_from_fd( {fd} ), socket_error( true );')
        assert made is None and text == "Socket operation on non-socket"
        os.fstat(fd)
    finally:
        os.close(fd)


def test_descriptors_are_not_inherited() -> None:
    with make_engine() as engine:
        numbers = engine.run(
            'include "sockets"; s = socket_tcp(); global keep = [ s, clone( s ) ]; return s.fd, keep[ 1 ].fd;'
        )
        assert not any(os.get_inheritable(number) for number in numbers)
        with socket.socket() as given:
            given.set_inheritable(True)
            assert engine.run(f"global taken = socket_from_fd( {given.fileno()} ); return taken.fd;") == given.fileno()
            assert not os.get_inheritable(given.detach())
        engine.run(
            '( a, b ) = socket_pair(); a.send_message( "x", { fds = [ a ] } ); global got = b.recv_message( 1 ).fds;'
        )
        assert not os.get_inheritable(engine.run("return got[ 0 ].fd;"))


def test_detached_descriptor_is_as_the_script_saw_it() -> None:
    with make_engine() as engine:
        for blocking in ("true", "false"):
            fd = engine.run(f'include "sockets"; s = socket_tcp(); s.blocking = {blocking}; return s.detach();')
            assert os.get_blocking(fd) is (blocking == "true")
            os.close(fd)


def test_what_a_descriptor_brings_with_it(check: Check) -> None:
    """Options of the system go with the descriptor, whatever this module keeps of its own does not."""
    check(
        """
        s = socket_udp(); s.recv_timeout = 0.5; s.send_timeout = 2; s.broadcast = true; s.timeout = 7; s.blocking = false;
        t = socket_from_fd( s.detach() );
        println( t.recv_timeout, " ", t.send_timeout, t.broadcast, t.timeout, t.blocking );
        t.blocking = true; t.recv_timeout = 0.01; println( t.recv( 1 ), " ", ERR() );
        """,
        """
        0.5 2true0false
        false Resource temporarily unavailable
        """,
    )
