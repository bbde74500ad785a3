"""Multicast groups: chapter 11 section 3.

Which interface and which source a group is heard from can only be seen between hosts with several interfaces: the
second half makes two of them, in network namespaces (see `test_namespaces.py`), joined by two cables.
"""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .test_namespaces import host

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
        false
        """,
        "socket.join_multicast_group(): argument 1 - expected socket_address, got int",
    )


@pytest.mark.parametrize(
    ("sock", "group", "error"),
    [
        ("socket_udp()", 'socket_address( AF_INET6, "ff15::1" )', "Address family not supported by protocol"),
        ("socket_udp()", 'socket_address_unix( "/x" )', "Address family not supported by protocol"),
        ("socket_unix( SOCK_DGRAM )", 'socket_address( AF_INET, "239.1.1.1" )', "Address family not supported by protocol"),
        ("socket_tcp()", 'socket_address( AF_INET, "239.1.1.1" )', "Protocol error"),
        ("CLOSED()", 'socket_address( AF_INET, "239.1.1.1" )', "Bad file descriptor"),
        ("CLOSED()", 'socket_address( AF_INET6, "ff15::1" )', "Bad file descriptor"),
    ],
)  # fmt: skip
def test_sockets_without_groups(check: Check, sock: str, group: str, error: str) -> None:
    script = f"""
        function CLOSED(){{ var s = socket_udp(); s.close(); return s; }}
        s = {sock}; g = {group};
        println( s.join_multicast_group( g, "lo" ), s.leave_multicast_group( g, "lo" ), " ", ERR() );
    """
    check(script, f"falsefalse {error}")


# --- two hosts --------------------------------------------------------------------------------------------------------

CABLES = """
ip link set lo up
unshare -n {python} -m interp {folder}/sender.sgs {folder}/control &
there=$!
while [ $(readlink /proc/$there/ns/net) = $(readlink /proc/self/ns/net) ]; do sleep 0.01; done
for n in 0 1; do
    ip link add r$n type veth peer name s$n netns $there
    # without addresses of the system's own making, which take a second until they can be used
    ip link set r$n addrgenmode none up
    nsenter -t $there -n ip link set s$n addrgenmode none up
    ip addr add 10.0.$n.1/24 dev r$n
    ip addr add fd00:$n::1/64 dev r$n nodad
    ip addr add fe80::1/64 dev r$n nodad
    for host in 2 3; do
        nsenter -t $there -n ip addr add 10.0.$n.$host/24 dev s$n
        nsenter -t $there -n ip addr add fd00:$n::$host/64 dev s$n nodad
    done
done
nsenter -t $there -n ip route add 224.0.0.0/4 dev s1
ip route add 224.0.0.0/4 dev r1
"""

# Sends what it is told: `FROM INTERFACE TTL TO PORT TEXT`, the interface `-` for the system's choice
SENDER = """
include "sockets", "string";
l = socket_unix(); l.bind( socket_address_unix( argv[ 1 ] ) ); l.listen(); l.timeout = 45;
c = l.accept(); c.timeout = 40;
while( typeof( line = c.recv_line() ) == "string" )
{
    w = string_explode( line, " " );
    family = if( string_find( w[ 0 ], ":" ) === null, AF_INET, AF_INET6 );
    s = socket( family, SOCK_DGRAM, 0 ); s.bind( socket_address( family, w[ 0 ] ) );
    if( w[ 1 ] != "-" ) s.multicast_interface = w[ 1 ];
    s.multicast_ttl = toint( w[ 2 ] );
    c.send_line( s.sendto( w[ 5 ], socket_address( family, w[ 3 ], toint( w[ 4 ] ) ) ) .. " " .. socket_error( true ) );
}
"""

RECEIVER = """
include "string";
global CONTROL;
// the sender may not listen yet
wait = socket_udp(); wait.bind( 0 );
for( tries = 0; tries < 4000 && ( CONTROL = socket_connect( socket_address_unix( "{folder}/control" ) ) ) === null; ++tries )
    wait.condition_wait( SOCKET_IN, 0.01 );
CONTROL.timeout = 20;
global FOUR = socket_udp(), SIX = socket_udp( true ); FOUR.bind( 0 ); SIX.bind( 0 ); FOUR.timeout = 20; SIX.timeout = 20;
function G( text ){{ return socket_address( if( string_find( text, ":" ) === null, AF_INET, AF_INET6 ), text ); }}
function SEND( from, interface, ttl, group, text )
{{
    var own = if( string_find( from, ":" ) === null, FOUR, SIX );
    CONTROL.send_line( string_implode( [ from, interface, ttl, group, own.local_address.port, text ], " " ) );
    return CONTROL.recv_line();
}}
// everything that was heard before a datagram that is not to a group
function HEARD( s )
{{
    if( s == FOUR ) SEND( "10.0.0.2", "-", 1, "10.0.0.1", "end" ); else SEND( "fd00:0::2", "-", 1, "fd00:0::1", "end" );
    var all = []; while( ( text = s.recv( 99 ) ) != "end" && text !== false ) all.push( text );
    return string_implode( all, "," );
}}
// the same text from both sources through both cables
function SEND_ALL( net, group )
{{
    for( var n = 0; n < 2; ++n ) for( var host = 2; host < 4; ++host )
        SEND( net .. n .. ( if( net == "10.0.", ".", "::" ) ) .. host, "s" .. n, 5, group, "s" .. n .. "/" .. host );
}}
"""


def two_hosts(tmp_path: Path, script: str) -> list[str]:
    """The lines a script prints on a host with the cables r0 and r1 to another one, which sends what it says."""
    (tmp_path / "sender.sgs").write_text(SENDER)
    setup = CABLES.format(python=sys.executable, folder=tmp_path)
    return host(tmp_path, setup, RECEIVER.format(folder=tmp_path) + script)


FAMILIES = pytest.mark.parametrize(
    ("own", "net", "group", "specific"),
    [("FOUR", "10.0.", "239.1.2.3", "232.1.2.3"), ("SIX", "fd00:", "ff15::71", "ff35::71")],
    ids=["ipv4", "ipv6"],
)


@FAMILIES
def test_a_group_is_heard_on_the_interfaces_it_was_joined_on(
    tmp_path: Path, own: str, net: str, group: str, specific: str
) -> None:
    lines = two_hosts(
        tmp_path,
        f"""
        s = {own}; g = G( "{group}" );
        SEND_ALL( "{net}", "{group}" ); println( "-", HEARD( s ) );
        println( s.join_multicast_group( g, "r0" ) ); SEND_ALL( "{net}", "{group}" ); println( HEARD( s ) );
        println( s.join_multicast_group( g, "r1" ) ); SEND_ALL( "{net}", "{group}" ); println( HEARD( s ) );
        println( s.leave_multicast_group( g, "r0" ) ); SEND_ALL( "{net}", "{group}" ); println( HEARD( s ) );
        println( s.join_multicast_group( g, "r1" ), ERR(), s.leave_multicast_group( g, "r0" ), ERR() );
        println( s.join_multicast_group( g, "r2" ), ERR() );
        """,
    )
    assert lines == [
        "-",
        "true", "s0/2,s0/3",
        "true", "s0/2,s0/3,s1/2,s1/3",
        "true", "s1/2,s1/3",
        "falseAddress already in usefalseCannot assign requested address",
        "falseNo such device",
    ]  # fmt: skip


@FAMILIES
def test_a_group_is_heard_from_the_sources_it_was_joined_with(
    tmp_path: Path, own: str, net: str, group: str, specific: str
) -> None:
    two, three = (f"{net}0.2", f"{net}0.3") if own == "FOUR" else (f"{net}0::2", f"{net}0::3")
    lines = two_hosts(
        tmp_path,
        f"""
        s = {own}; g = G( "{specific}" ); two = G( "{two}" ); three = G( "{three}" );
        println( s.join_multicast_group( g, "r0", two ) ); SEND_ALL( "{net}", "{specific}" ); println( HEARD( s ) );
        println( s.join_multicast_group( g, "r0", three ) ); SEND_ALL( "{net}", "{specific}" ); println( HEARD( s ) );
        println( s.leave_multicast_group( g, "r0", two ) ); SEND_ALL( "{net}", "{specific}" ); println( HEARD( s ) );
        println( s.join_multicast_group( g, "r0" ), ERR(), " ", s.leave_multicast_group( g, "r0", two ), ERR() );
        println( s.leave_multicast_group( g, "r0", three ) ); SEND_ALL( "{net}", "{specific}" ); println( "-", HEARD( s ) );
        println( s.join_multicast_group( g, "r2", two ), ERR() );
        """,
    )
    assert lines == [
        "true", "s0/2",
        "true", "s0/2,s0/3",
        "true", "s0/3",
        "falseAddress already in use falseCannot assign requested address",
        "true", "-",
        "falseNo such device",
    ]  # fmt: skip


@FAMILIES
def test_the_interface_and_the_reach_of_what_is_sent(
    tmp_path: Path, own: str, net: str, group: str, specific: str
) -> None:
    source = f"{net}0.2" if own == "FOUR" else f"{net}0::2"
    level, option = ("IPPROTO_IP", 12) if own == "FOUR" else ("IPPROTO_IPV6", "IPV6_RECVHOPLIMIT")
    lines = two_hosts(
        tmp_path,
        f"""
        s = {own}; g = G( "{group}" ); s.join_multicast_group( g, "r0" ); s.join_multicast_group( g, "r1" );
        // the hops a datagram has left come with it as a control message
        println( s.set_option( {level}, {option}, 1 ) );
        foreach( hops : [ 1, 7, 255 ] )
        {{
            SEND( "{source}", "s0", hops, "{group}", hops ); m = s.recv_message( 9 );
            println( m.data, " ", m.control.size, " ", m.control[ 0 ].level == {level}, m.control[ 0 ].data[ 0 ] );
        }}
        // of several interfaces the one chosen, here heard by the sender itself
        t = socket( s.family, SOCK_DGRAM, 0 ); here = clone( g ); here.port = s.local_address.port;
        println( t.multicast_interface, t.multicast_loopback, t.multicast_ttl );
        foreach( name : [ "r0", "r1" ] )
        {{
            t.multicast_interface = name; println( t.multicast_interface, t.sendto( name, here ) );
            ( text, from ) = s.recvfrom( 9 ); println( text, " ", from.addr_string );
        }}
        t.multicast_loopback = false; println( t.multicast_loopback, t.sendto( "unheard", here ), " ", HEARD( s ) );
        @( t.multicast_interface = "nowhere" ); println( t.multicast_interface, ERR() );
        t.multicast_interface = null; println( t.multicast_interface );
        """,
    )
    address = ("10.0.0.1", "10.0.1.1") if own == "FOUR" else ("fd00::1", "fd00:1::1")
    assert lines == [
        "true", "1 1 true1", "7 1 true7", "255 1 true255",
        "nulltrue1",
        "r02", f"r0 {address[0]}", "r12", f"r1 {address[1]}",
        "false7 ", "r1Success", "null",
    ]  # fmt: skip


def test_without_an_interface_the_routes_decide(tmp_path: Path) -> None:
    lines = two_hosts(
        tmp_path,
        """
        SIX.multicast_interface = "r1"; r1 = SIX.get_option( IPPROTO_IPV6, IPV6_MULTICAST_IF );
        println( FOUR.join_multicast_group( G( "239.1.2.3" ) ) ); SEND_ALL( "10.0.", "239.1.2.3" ); println( HEARD( FOUR ) );
        println( SEND( "0.0.0.0", "-", 1, "239.1.2.3", "by-route" ), " ", HEARD( FOUR ) );
        // or the interface stands in the address
        g = G( "ff12::5%" .. r1 ); println( SIX.join_multicast_group( g ) );
        SEND( "fd00:0::2", "s0", 1, "ff12::5", "here" ); SEND( "fd00:1::2", "s1", 1, "ff12::5", "there" ); println( HEARD( SIX ) );
        println( SIX.leave_multicast_group( g ), SIX.leave_multicast_group( g ), ERR() );
        """,
    )
    assert lines == [
        "true", "s1/2,s1/3", "8 Success by-route",
        "true", "there", "truefalseCannot assign requested address",
    ]  # fmt: skip
