"""Multicast groups: chapter 11 section 3."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

Check = Callable[..., None]


def ipv6_interface() -> str | None:
    """An interface through which this machine sends to IPv6 groups."""
    for index, name in socket.if_nameindex():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            try:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 0)
                probe.sendto(b"", ("ff15::7101", 9))
            except OSError:
                continue
            return name
    return None


def test_ipv4_group(check: Check) -> None:
    check(
        """
        r = socket_udp(); r.bind( socket_address_any() ); port = r.local_address.port;
        group = socket_address( AF_INET, "239.255.71.1", port );
        println( r.join_multicast_group( group, "lo" ), r.join_multicast_group( group, "lo" ), " ", ERR() );
        s = socket_udp(); s.multicast_interface = "lo"; s.multicast_ttl = 1;
        println( s.sendto( "hello", group ) );
        r.timeout = 5; println( r.recv( 10 ) );
        println( r.leave_multicast_group( group, "lo" ), r.leave_multicast_group( group, "lo" ), " ", ERR() );
        """,
        """
        truefalse Address already in use
        5
        hello
        truefalse Cannot assign requested address
        """,
    )


def test_ipv6_group(check: Check) -> None:
    interface = ipv6_interface()
    if interface is None:
        pytest.skip("no interface sends to IPv6 groups")
    check(
        f"""
        r = socket_udp( true ); r.bind( socket_address_any( true ) ); port = r.local_address.port;
        group = socket_address( AF_INET6, "ff15::7101", port );
        println( r.join_multicast_group( group, "{interface}" ) );
        s = socket_udp( true ); s.multicast_interface = "{interface}"; s.multicast_ttl = 0;
        println( s.multicast_interface, " ", s.sendto( "hello", group ) );
        r.timeout = 5; println( r.recv( 10 ), r.leave_multicast_group( group, "{interface}" ) );
        """,
        f"""
        true
        {interface} 5
        hellotrue
        """,
    )


def test_one_source_only(check: Check) -> None:
    check(
        """
        r = socket_udp(); r.bind( socket_address_any() ); port = r.local_address.port;
        group = socket_address( AF_INET, "232.1.2.3", port ); source = socket_address( AF_INET, "127.0.0.5" );
        println( r.join_multicast_group( group, "lo", source ) );
        other = socket_udp(); other.bind( socket_address( AF_INET, "127.0.0.6" ) ); other.multicast_interface = "lo";
        mine = socket_udp(); mine.bind( source ); mine.multicast_interface = "lo";
        other.sendto( "no", group ); mine.sendto( "yes", group );
        r.timeout = 5; println( r.recv( 10 ), r.recv( 10, MSG_DONTWAIT ) );
        println( r.leave_multicast_group( group, "lo", source ) );
        println( socket_udp( true ).join_multicast_group( socket_address( AF_INET6, "ff3e::1" ), "lo", socket_address( AF_INET6, "::1" ) ) );
        """,
        """
        true
        yesfalse
        true
        true
        """,
    )


def test_failures(check: Check) -> None:
    check(
        """
        u = socket_udp(); a = socket_address( AF_INET, "127.0.0.1" );
        println( u.join_multicast_group( a ), " ", ERR() );
        println( u.join_multicast_group( socket_address( AF_INET, "239.1.1.1" ), "no such" ), " ", socket_error() != 0 );
        println( u.join_multicast_group( socket_address( AF_INET, "239.1.1.1" ), "lo", socket_address( AF_INET6, "::1" ) ), " ", ERR() );
        println( u.join_multicast_group( 5 ) );
        """,
        """
        false Invalid argument
        false true
        false Address family not supported by protocol
        null
        """,
        "socket.join_multicast_group(): argument 1 - expected socket_address, got int",
    )
