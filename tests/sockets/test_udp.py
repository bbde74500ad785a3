"""Datagrams: chapter 10 section 4 over UDP and AF_UNIX."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[..., None]


@pytest.mark.parametrize(("ipv6", "family", "host"), [("false", "AF_INET", "127.0.0.1"), ("true", "AF_INET6", "::1")])
def test_datagrams_keep_their_borders(check: Check, ipv6: str, family: str, host: str) -> None:
    check(
        f"""
        a = socket_udp( {ipv6} ); a.bind( socket_address( {family}, "{host}" ) );
        b = socket_udp( {ipv6} );
        there = a.local_address;
        println( b.sendto( "one", there ), b.sendto( "second", there ), b.sendto( "abcdef", there ) );
        ( data, from ) = a.recvfrom( 100 ); println( data, " ", from.addr_string, " ", from.port > 0 );
        println( a.recv( 100 ) );
        ( data, again ) = a.recvfrom( 3 ); println( data, again.port == from.port );
        println( a.sendto( "reply", from ), b.recv( 10 ) );
        println( a.recv( 10, MSG_DONTWAIT ), " ", ERR() );
        """,
        f"""
        366
        one {host} true
        second
        abctrue
        5reply
        false Resource temporarily unavailable
        """,
    )


def test_empty_datagrams(check: Check) -> None:
    check(
        """
        a = UDP(); b = socket_udp(); b.connect( a.local_address );
        println( b.send( "" ), b.send( "" ), b.send( "x" ) );
        r = a.recv( 5 ); println( typeof( r ), r.length, socket_error() );
        ( r, from ) = a.recvfrom( 5 ); println( typeof( r ), r.length, typeof( from ) );
        println( a.recv( 5 ) );
        """,
        """
        001
        string00
        string0socket_address
        x
        """,
    )


def test_refused_datagram_shows_as_pending_error(check: Check) -> None:
    check(
        """
        a = UDP(); there = a.local_address; a.close();
        b = socket_udp(); b.connect( there ); b.send( "anybody?" );
        b.condition_wait( SOCKET_IN, 5 );
        println( b.error == socket_geterrnobyname( "ECONNREFUSED" ), " ", b.error );
        b.send( "again" ); b.condition_wait( SOCKET_IN, 5 );
        println( b.recv( 5 ), " ", ERR() );
        """,
        """
        true 0
        false Connection refused
        """,
    )


def test_failures(check: Check) -> None:
    check(
        """
        include "string";
        b = socket_udp();
        println( b.send( "x" ), " ", ERR() );
        println( b.sendto( string_repeat( "x", 70000 ), UDP().local_address ), " ", ERR() );
        println( b.sendto( "x", socket_address_unix( "/x" ) ), " ", ERR() );
        println( b.listen( 1 ), " ", ERR() );
        println( b.recv_exact( 1 ), " ", ERR() );
        println( b.sendto( "x", socket_address_broadcast( 9 ) ), " ", ERR() );
        """,
        """
        false Destination address required
        false Message too long
        false Address family not supported by protocol
        false Operation not supported
        false Operation not supported
        false Permission denied
        """,
    )


def test_ipv4_address_on_an_ipv6_socket(check: Check) -> None:
    check(
        """
        a = UDP(); b = socket_udp( true );
        println( b.sendto( "mapped", a.local_address ) );
        ( data, from ) = a.recvfrom( 10 ); println( data, " ", from.addr_string );
        """,
        """
        6
        mapped 127.0.0.1
        """,
    )


def test_several_sockets_on_one_address(check: Check) -> None:
    """`allow_reuse` is what lets another socket of the same kind in, and nothing more than that."""
    check(
        """
        a = socket_udp(); println( a.bind( socket_address_loopback(), true ), a.reuse_addr, a.reuse_port );
        b = socket_udp(); println( b.bind( a.local_address ), " ", ERR() );
        b = socket_udp(); println( b.bind( a.local_address, true ), a.local_address == b.local_address );
        t = socket_tcp(); println( t.bind( socket_address_loopback(), true ), t.reuse_addr, t.reuse_port, t.listen() );
        b = socket_tcp(); println( b.bind( t.local_address, true ), " ", ERR() );
        """,
        """
        truetruetrue
        false Address already in use
        truetrue
        truetruefalsetrue
        false Address already in use
        """,
    )


def test_unix_datagrams(check: Check, tmp_path: object) -> None:
    check(
        f"""
        a = socket_unix( SOCK_DGRAM ); println( a.bind( socket_address_unix( "{tmp_path}/s" ) ) );
        b = socket_unix( SOCK_DGRAM );
        println( b.sendto( "x", a.local_address ), a.local_address.path == "{tmp_path}/s" );
        ( data, from ) = a.recvfrom( 5 ); println( data, typeof( from ), from.path.length );
        """,
        """
        true
        1true
        xsocket_address0
        """,
    )


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_pairs(check: Check, kind: str) -> None:
    check(
        f"""
        ( a, b ) = socket_pair( {kind} );
        println( a.send( "abc" ), b.recv( 9 ), b.send( "d" ), a.recv( 9 ), a.family == AF_UNIX, a.type == {kind} );
        c = a.credentials; println( c.pid > 0, typeof( c.uid ), typeof( c.gid ) );
        """,
        """
        3abc1dtruetrue
        trueintint
        """,
    )


def test_pair_of_an_unknown_type(check: Check) -> None:
    check('( a, b ) = socket_pair( 99 ); println( a, b, " ", socket_error() != 0 );', "nullnull true")
