"""Connections: chapter 10 section 4 over TCP, IPv4 and IPv6."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from sockets_module import NetworkPolicy

Check = Callable[..., None]


@pytest.mark.parametrize(("ipv6", "host"), [("false", "127.0.0.1"), ("true", "::1")])
def test_echo_with_chapter_10_only(check: Check, ipv6: str, host: str) -> None:
    check(
        f"""
        server = socket_tcp( {ipv6} );
        println( server.bind( 0 ), server.listen( 5 ) );
        here = server.local_address;
        client = socket_tcp( {ipv6} );
        println( client.connect( socket_address( here.family, "{host}", here.port ) ) );
        ( peer, address ) = server.accept();
        println( typeof( peer ), " ", peer.getpeername() === address, " ", address.addr_string );
        println( client.getpeername().port == here.port );
        println( client.send( "hello" ), peer.recv( 100 ), peer.send( "you" ), client.recv( 2 ), client.recv( 9 ) );
        println( client.close(), peer.recv( 1 ), peer.close(), server.close() );
        """.replace("=== address", ".port == address.port"),
        f"""
        truetrue
        true
        socket true {host}
        true
        5hello3you
        truetruetruetrue
        """,
    )


def test_end_of_stream_is_not_an_error(check: Check) -> None:
    check(
        """
        p = PAIR();
        p[ 0 ].send( "last" ); p[ 0 ].close();
        println( p[ 1 ].recv( 100 ), " ", p[ 1 ].recv( 100 ), socket_error(), p[ 1 ].recv( 100 ) );
        """,
        "last true0true",
    )


def test_reset_is_an_error(check: Check) -> None:
    check(
        """
        p = PAIR();
        p[ 0 ].linger = 0; p[ 0 ].close();
        println( p[ 1 ].recv( 100 ), " ", ERR() );
        println( p[ 1 ].recv( 100 ) );
        """,
        """
        false Connection reset by peer
        true
        """,
    )


@pytest.mark.parametrize(
    "call",
    [
        'send( "x" )',
        'send_all( "x" )',
        'send_message( "x" )',
        'send_with_blocking( "x", true )',
        'send_file( "/etc/passwd" )',
    ],
)
def test_writing_after_the_peer_is_gone_never_raises_sigpipe(check: Check, call: str) -> None:
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        check(
            f"""
            p = PAIR();
            p[ 1 ].close();
            for( i = 0; i < 100; ++i )
            {{
                r = p[ 0 ].{call};
                if( r === false ) break;
                p[ 0 ].condition_wait( SOCKET_HUP, 0.05 );
            }}
            println( r, " ", ERR() );
            """,
            "false Broken pipe",
        )
    finally:
        signal.signal(signal.SIGPIPE, before)


def test_refused_connection_and_used_port(check: Check) -> None:
    check(
        """
        s = socket_tcp(); s.bind( socket_address( AF_INET, "127.0.0.1" ) );
        c = socket_tcp();
        println( c.connect( s.local_address ), " ", ERR() );
        println( socket_tcp().bind( s.local_address ), " ", ERR() );
        println( s.bind( 0 ), " ", ERR() );
        println( socket_tcp().bind( socket_address( AF_INET6, "::1" ) ), " ", ERR() );
        println( socket_tcp().connect( socket_address( AF_INET6, "::1", 1 ) ), " ", ERR() );
        println( socket_tcp().connect( socket_address_unix( "/x" ) ), " ", ERR() );
        println( socket_tcp().recv( 1 ), " ", ERR() );
        """,
        """
        false Connection refused
        false Address already in use
        false Invalid argument
        false Address family not supported by protocol
        false Address family not supported by protocol
        false Address family not supported by protocol
        false Transport endpoint is not connected
        """,
    )


@pytest.mark.parametrize("policy", [False, True])
@pytest.mark.parametrize(
    "connect",
    [
        "c = socket_tcp(); println( c.connect( l.local_address ) );",
        "c = socket_tcp(); println( c.connect( l.local_address, 5 ) );",
        "c = socket_tcp(); function f(){ println( c.connect( l.local_address ) ); } thread f(); socket_run();",
        "c = socket_connect( l.local_address ); println( c.is_connected );",
    ],
)
def test_a_connected_socket_does_not_connect(check: Check, connect: str, policy: bool) -> None:
    """Not even once: Linux would let the first `connect` after one in the background succeed, wherever it goes."""
    settings = {"network": NetworkPolicy(connect=["127.0.0.1"], listen=["127.0.0.1"])} if policy else {}
    check(
        f"""
        global l = LISTEN(), c; {connect}
        println( c.connect( l.local_address ), " ", ERR() );
        println( c.connect( socket_address( AF_INET, "127.0.0.1", 1 ) ), " ", ERR(), " ", c.remote_address == l.local_address );
        """,
        """
        true
        false Transport endpoint is already connected
        false Transport endpoint is already connected true
        """,
        **settings,
    )


def test_non_blocking(check: Check) -> None:
    check(
        """
        server = LISTEN(); server.blocking = false;
        println( server.accept(), " ", ERR() );
        client = socket_tcp(); client.blocking = false;
        println( client.connect( server.local_address ), " ", ERR() );
        println( client.condition_wait( SOCKET_OUT, 5 ), client.check_connect_result(), socket_error() );
        server.condition_wait( SOCKET_IN, 5 );
        peer = server.accept(); println( peer.blocking, socket_error() );
        println( client.recv( 5 ), " ", ERR(), " ", client.recvfrom( 5 ), " ", ERR() );
        peer.send( "x" ); client.condition_wait( SOCKET_IN, 5 );
        println( client.recv( 5 ) );
        client.send_buffer_size = 4096;
        big = string_repeat( "x", 10000000 );
        n = client.send( big ); println( n > 0 && n < 10000000 );
        n = client.send( big ); println( n === false || n < 10000000 );
        """.replace("server = LISTEN", 'include "string"; server = LISTEN', 1),
        """
        null Resource temporarily unavailable
        false Operation now in progress
        truetrue0
        true0
        false Resource temporarily unavailable false Resource temporarily unavailable
        x
        true
        true
        """,
        "socket.accept(): failed to accept connection",
    )


def test_failed_non_blocking_connect(check: Check) -> None:
    check(
        """
        s = socket_tcp(); s.bind( socket_address( AF_INET, "127.0.0.1" ) );
        c = socket_tcp(); c.blocking = false;
        c.connect( s.local_address );
        c.condition_wait( SOCKET_OUT, 5 );
        println( c.check_connect_result(), " ", ERR() );
        println( c.check_connect_result(), " ", socket_error() );
        """,
        """
        false Connection refused
        true 0
        """,
    )


def test_blocking_send_takes_everything(check: Check) -> None:
    check(
        """
        include "string";
        p = PAIR();
        function reader( s ){ global total; total = 0; while( isstring( x = s.recv( 100000 ) ) ) total += x.length; }
        function isstring( v ){ return typeof( v ) == "string"; }
        function writer( s ){ println( s.send( string_repeat( "x", 5000000 ) ) ); s.close(); }
        thread reader( p[ 1 ] ); thread writer( p[ 0 ] );
        socket_run();
        println( total );
        """,
        """
        5000000
        5000000
        """,
    )


def test_shutdown(check: Check) -> None:
    check(
        """
        p = PAIR();
        println( p[ 0 ].send( "last words" ), p[ 0 ].shutdown( SHUT_WR ), p[ 1 ].recv( 99 ), p[ 1 ].recv( 99 ) );
        println( p[ 1 ].send( "answer" ), p[ 0 ].recv( 99 ), p[ 0 ].send( "x" ), " ", ERR() );
        println( p[ 1 ].shutdown_write(), p[ 0 ].recv( 9 ), p[ 0 ].shutdown( 99 ), " ", ERR() );
        q = PAIR(); println( q[ 0 ].shutdown_read(), q[ 0 ].recv( 1 ) );
        """,
        """
        10truelast wordstrue
        6answerfalse Broken pipe
        truetruefalse Invalid argument
        truetrue
        """,
    )


def test_receive_flags(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "abcdef" );
        println( p[ 1 ].recv( 3, MSG_PEEK ), p[ 1 ].recv( 3 ), p[ 1 ].recv( 3, MSG_WAITALL ) );
        println( p[ 1 ].recv( 3, MSG_DONTWAIT ), " ", ERR() );
        p[ 0 ].send( "abc" );
        println( p[ 1 ].recv( 2, MSG_TRUNC ) );
        p[ 0 ].send( "d" ); p[ 0 ].close();
        println( p[ 1 ].recv( 100, MSG_WAITALL ), p[ 1 ].recv( 5, MSG_WAITALL ) );
        """,
        """
        abcabcdef
        false Resource temporarily unavailable
        ab
        cdtrue
        """,
    )


def test_urgent_data_is_not_behind_what_was_read_ahead(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "line\\nmore" ); println( p[ 1 ].recv_line() );
        p[ 0 ].send( "!", MSG_OOB ); println( p[ 1 ].condition_wait( SOCKET_PRI, 5 ) );
        println( p[ 1 ].recv( 1, MSG_OOB ), p[ 1 ].recv( 9 ) );
        """,
        """
        line
        true
        !more
        """,
    )


def test_large_receive_lengths(check: Check) -> None:
    check('p = PAIR(); p[ 0 ].send( "abc" ); println( p[ 1 ].recv( 1 << 60 ) );', "abc")


def test_recvfrom_of_a_connection_names_the_peer(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "abc" );
        ( data, address ) = p[ 1 ].recvfrom( 10 ); println( data, address.port == p[ 0 ].local_address.port );
        """,
        "abctrue",
    )


def test_descriptor_goes_with_the_last_reference(check: Check) -> None:
    check(
        """
        s = socket_tcp(); s.bind( socket_address( AF_INET, "127.0.0.1" ) ); a = s.local_address;
        println( socket_tcp().bind( a ) ); s = null;
        s = socket_tcp(); println( s.bind( a ) );
        function f(){ var t = [ { x = socket_udp() } ]; t[ 0 ].x.bind( socket_address( AF_INET, "127.0.0.1" ) ); return t[ 0 ].x.local_address; }
        println( socket_udp().bind( f() ) );
        """,
        """
        false
        true
        true
        """,
    )
