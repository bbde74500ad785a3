"""The properties of `socket`: chapter 10 section 4 and chapter 11 section 2."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

Check = Callable[..., None]

TCP = "socket_tcp()"
UDP = "socket_udp()"


@pytest.mark.parametrize("name", ["broadcast", "reuse_addr", "keepalive", "reuse_port"])
@pytest.mark.parametrize("made", [TCP, UDP])
def test_switches(check: Check, name: str, made: str) -> None:
    check(
        f"s = {made}; println( s.{name} ); s.{name} = true; println( s.{name} ); s.{name} = 0; println( s.{name} );"
        f" println( typeof( s.{name} ), socket_error() );",
        "false\ntrue\nfalse\nbool0",
    )


@pytest.mark.parametrize(
    ("made", "name", "value"),
    [
        (TCP, "no_delay", "true"), (TCP, "no_delay", "false"), (TCP, "keepalive_time", "30"), (TCP, "keepalive_count", "3"),
        (TCP, "keepalive_interval", "5"), (TCP, "linger", "7"), (TCP, "linger", "0"), (TCP, "linger", "null"),
        (TCP, "ttl", "12"), ("socket_tcp( true )", "ttl", "13"), ("socket_tcp( true )", "only_ipv6", "true"),
        ("socket_tcp( true )", "only_ipv6", "false"), (UDP, "multicast_ttl", "4"), (UDP, "multicast_loopback", "false"),
        ("socket_udp( true )", "multicast_ttl", "5"), ("socket_udp( true )", "multicast_loopback", "false"),
        (UDP, "multicast_interface", '"lo"'), (UDP, "multicast_interface", "null"),
        ("socket_udp( true )", "multicast_interface", '"lo"'), ("socket_udp( true )", "multicast_interface", "null"),
        (TCP, "listen_backlog", "5"), (TCP, "timeout", "2.5"), (TCP, "timeout", "0"), (TCP, "recv_timeout", "0.25"),
        (TCP, "send_timeout", "2"), (TCP, "blocking", "false"), (TCP, "blocking", "true"), (TCP, "deadline", "123.5"),
        (TCP, "deadline", "null"), (TCP, "cancellable", "null"), (TCP, "delay_ack", "false"), (TCP, "delay_ack", "true"),
    ],
)  # fmt: skip
def test_what_is_written_is_read(check: Check, made: str, name: str, value: str) -> None:
    check(f"s = {made}; s.{name} = {value}; println( s.{name}, socket_error() );", value.strip('"') + "0")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blocking", "null"), ("blocking", '"yes"'), ("broadcast", "null"), ("reuse_addr", '"x"'),
        ("send_timeout", "-1"), ("send_timeout", '"x"'), ("recv_timeout", "null"), ("recv_timeout", "[]"),
        ("timeout", "-0.5"), ("timeout_after", "-1"), ("timeout_after", "null"), ("deadline", '"x"'),
        ("cancellable", "5"), ("cancellable", "{}"), ("keepalive_time", "0"), ("keepalive_count", "-1"),
        ("linger", "-1"), ("linger", '"x"'), ("ttl", "0"), ("ttl", "256"), ("listen_backlog", "-1"),
        ("recv_buffer_size", "0"), ("multicast_interface", '"no such interface"'), ("multicast_interface", "5"),
        ("multicast_ttl", "256"), ("only_ipv6", "true"),
    ],
)  # fmt: skip
def test_refused_values_change_nothing(check: Check, name: str, value: str) -> None:
    readable = name not in ("timeout_after", "only_ipv6")
    look = f"s.{name}" if readable else "1"
    check(
        f"s = socket_tcp(); before = {look}; s.{name} = {value}; e = socket_error(); println( before === {look}, e != 0 );",
        "truetrue",
        f"failed to set the '{name}' property of a socket",
    )


@pytest.mark.parametrize(
    "name",
    [
        "error", "blocking", "broadcast", "reuse_addr", "send_timeout", "recv_timeout", "local_address", "remote_address",
        "available_bytes", "credentials", "timeout", "deadline", "cancellable", "listen_backlog", "keepalive",
        "keepalive_time", "keepalive_interval", "keepalive_count", "no_delay", "delay_ack", "linger", "reuse_port",
        "only_ipv6",
        "recv_buffer_size", "send_buffer_size", "ttl", "multicast_ttl", "multicast_loopback", "multicast_interface",
    ],
)  # fmt: skip
def test_closed_sockets_have_no_properties(check: Check, name: str) -> None:
    check(
        f's = socket_tcp(); s.close(); println( s.{name}, " ", ERR() );',
        "null Bad file descriptor",
        f"failed to retrieve the '{name}' property of a socket",
    )


@pytest.mark.parametrize(
    "name",
    [
        "blocking", "broadcast", "reuse_addr", "send_timeout", "recv_timeout", "timeout", "timeout_after", "deadline",
        "listen_backlog", "keepalive", "keepalive_time", "no_delay", "delay_ack", "linger", "reuse_port", "ttl",
        "recv_buffer_size", "only_ipv6",
    ],
)  # fmt: skip
def test_closed_sockets_cannot_be_configured(check: Check, name: str) -> None:
    check(
        f"s = socket_tcp(); s.close(); s.{name} = 1; println( ERR() );",
        "Bad file descriptor",
        f"failed to set the '{name}' property of a socket",
    )


def test_facts(check: Check) -> None:
    check(
        """
        s = socket_tcp();
        println( s.fd >= 0, s.family == AF_INET, s.type == SOCK_STREAM, s.protocol == IPPROTO_TCP, s.speaks_ipv4 );
        println( s.is_closed, s.is_connected, s.is_listening, s.local_address, s.available_bytes );
        s.bind( socket_address( AF_INET, "127.0.0.1" ) ); s.listen();
        println( s.is_listening, s.is_connected, s.available_bytes );
        c = socket_connect( s.local_address ); p = s.accept();
        println( c.is_connected, c.is_listening, c.remote_address.port == s.local_address.port );
        p.send( "abc" ); c.condition_wait( SOCKET_IN, 5 ); println( c.available_bytes );
        s.close(); println( s.fd, s.is_closed, s.is_connected, s.is_listening, s.family == AF_INET );
        println( socket_tcp( true ).speaks_ipv4 );
        u = UDP(); u.sendto( "12345", u.local_address ); u.sendto( "1", u.local_address ); u.condition_wait( SOCKET_IN, 5 );
        println( u.available_bytes );
        """,
        """
        truetruetruetruetrue
        falsefalsefalse0.0.0.0:00
        truefalse0
        truefalsetrue
        3
        -1truefalsefalsetrue
        true
        5
        """,
    )


def test_no_peer_no_credentials(check: Check) -> None:
    check(
        'println( socket_tcp().remote_address, " ", ERR() ); println( socket_tcp().credentials, " ", ERR() );',
        "null Transport endpoint is not connected\nnull Operation not supported",
        "failed to retrieve the 'remote_address' property of a socket",
        "failed to retrieve the 'credentials' property of a socket",
    )


def test_credentials_are_of_a_peer(check: Check) -> None:
    """What has no peer has none, and what the system answers for nobody is no answer."""
    check(
        """
        name = "\\0credentials" .. ftime(); l = socket_unix(); l.bind( socket_address_unix( name ) ); l.listen();
        c = socket_connect( l.local_address ); p = l.accept(); ( d, e ) = socket_pair( SOCK_DGRAM );
        println( p.credentials.pid == c.credentials.pid, p.credentials.pid == d.credentials.pid, p.credentials.pid > 0 );
        u = socket_unix( SOCK_DGRAM ); u.bind( socket_address_unix( name .. "u" ) );
        v = socket_unix( SOCK_DGRAM ); v.connect( u.local_address );
        foreach( s : [ socket_unix(), l, u, socket_unix( SOCK_SEQPACKET ), v ] ) println( @s.credentials, " ", ERR() );
        """,
        "truetruetrue\n" + "null Transport endpoint is not connected\n" * 4 + "null Operation not supported",
    )


def test_write_only_and_read_only(check: Check) -> None:
    check(
        "s = socket_tcp(); println( s.timeout_after ); fd = s.fd; s.fd = fd + 1; println( s.fd == fd );",
        "null\ntrue",
        'Readable property not found: "timeout_after"',
        'Writable property not found: "fd"',
    )


def test_any_option(check: Check) -> None:
    check(
        r"""
        s = socket_tcp();
        println( s.set_option( SOL_SOCKET, SO_REUSEADDR, 1 ), s.get_option( SOL_SOCKET, SO_REUSEADDR ), s.reuse_addr );
        println( s.set_option( SOL_SOCKET, SO_LINGER, "\x01\0\0\0\x05\0\0\0" ), s.linger );
        println( s.get_option( SOL_SOCKET, SO_LINGER, 8 ) == "\x01\0\0\0\x05\0\0\0" );
        println( s.set_option( 9999, 9999, 1 ), s.get_option( 9999, 9999 ), socket_error() != 0 );
        println( s.set_option( SOL_SOCKET, SO_REUSEADDR, [] ), s.get_option( SOL_SOCKET, SO_LINGER, 0 ) );
        println( s.set_option( SOL_SOCKET, SO_RCVTIMEO, "\0\0\0\0\0\0\0\0\xa0\x86\x01\0\0\0\0\0" ), s.recv_timeout > 0 );
        println( s.set_option( SOL_SOCKET, SO_KEEPALIVE, null, 4 ), ERR(), s.set_option( SOL_SOCKET, SO_KEEPALIVE, null ), ERR() );
        """,
        """
        true1true
        true5
        true
        falsenulltrue
        falsenull
        truetrue
        falseBad addressfalseInvalid argument
        """,
        "socket.set_option(): argument 3 (value) must be an int, a string or null",
        "socket.get_option(): argument 3 (buflen) must be between 1 and 1024",
    )


def test_buffers_tell_what_was_granted(check: Check) -> None:
    check("s = socket_tcp(); s.recv_buffer_size = 20000; println( s.recv_buffer_size >= 20000 );", "true")


@pytest.mark.parametrize(
    ("made", "written", "option", "value"),
    [
        (TCP, "no_delay = true", "IPPROTO_TCP, TCP_NODELAY", "1"), (TCP, "delay_ack = false", "IPPROTO_TCP, TCP_QUICKACK", "1"),
        (TCP, "delay_ack = true", "IPPROTO_TCP, TCP_QUICKACK", "0"), (TCP, "keepalive = true", "SOL_SOCKET, SO_KEEPALIVE", "1"),
        (TCP, "keepalive_time = 31", "IPPROTO_TCP, TCP_KEEPIDLE", "31"), (TCP, "keepalive_count = 4", "IPPROTO_TCP, TCP_KEEPCNT", "4"),
        (TCP, "keepalive_interval = 6", "IPPROTO_TCP, TCP_KEEPINTVL", "6"), (TCP, "ttl = 12", "IPPROTO_IP, IP_TTL", "12"),
        ("socket_tcp( true )", "ttl = 13", "IPPROTO_IPV6, IPV6_UNICAST_HOPS", "13"),
        ("socket_tcp( true )", "only_ipv6 = true", "IPPROTO_IPV6, IPV6_V6ONLY", "1"),
        (UDP, "multicast_ttl = 4", "IPPROTO_IP, IP_MULTICAST_TTL", "4"),
        ("socket_udp( true )", "multicast_ttl = 5", "IPPROTO_IPV6, IPV6_MULTICAST_HOPS", "5"),
        (UDP, "multicast_loopback = false", "IPPROTO_IP, IP_MULTICAST_LOOP", "0"),
        ("socket_udp( true )", "multicast_loopback = false", "IPPROTO_IPV6, IPV6_MULTICAST_LOOP", "0"),
        (UDP, "broadcast = true", "SOL_SOCKET, SO_BROADCAST", "1"), (TCP, "reuse_addr = true", "SOL_SOCKET, SO_REUSEADDR", "1"),
        (TCP, "reuse_port = true", "SOL_SOCKET, SO_REUSEPORT", "1"),
        (TCP, "recv_buffer_size = 50000", "SOL_SOCKET, SO_RCVBUF", "100000"),
        (TCP, "send_buffer_size = 50000", "SOL_SOCKET, SO_SNDBUF", "100000"),
        (TCP, "linger = 7", "SOL_SOCKET, SO_LINGER, 8", r"\x01\x00\x00\x00\x07\x00\x00\x00"),
        (TCP, "recv_timeout = 2.5", "SOL_SOCKET, SO_RCVTIMEO, 16", r"\x02\x00\x00\x00\x00\x00\x00\x00\x20\xa1\x07\x00\x00\x00\x00\x00"),
        (TCP, "send_timeout = 3", "SOL_SOCKET, SO_SNDTIMEO, 16", r"\x03" + r"\x00" * 15),
    ],
)  # fmt: skip
def test_what_the_system_knows_of_a_property(check: Check, made: str, written: str, option: str, value: str) -> None:
    """Each property is the option it is named after, not its opposite nor its neighbour."""
    wanted = value if value.isdigit() else f'"{value}"'
    check(f"s = {made}; s.{written}; println( s.get_option( {option} ) === {wanted} );", "true")


def test_every_constant_of_python(check: Check) -> None:
    """Chapter 11: "every `SOL_* SO_* IP_* … SCM_*` that Python's `socket` has"; chapter 10 section 6 wants more."""
    prefixes = "SOL_ SO_ IP_ IPV6_ TCP_ IPPROTO_ MSG_ AF_ SOCK_ AI_ NI_ EAI_ SCM_"
    known = {name: getattr(socket, name) for name in dir(socket) if name.startswith(tuple(prefixes.split()))}
    known |= {
        "PF_INET": socket.AF_INET, "PF_INET6": socket.AF_INET6, "PF_UNIX": socket.AF_UNIX, "SHUT_RD": 0, "SHUT_WR": 1,
        "SHUT_RDWR": 2, "SD_RECEIVE": 0, "SD_SEND": 1, "SD_BOTH": 2, "INADDR_ANY": 0, "INADDR_LOOPBACK": 0x7F000001,
        "INADDR_BROADCAST": 0xFFFFFFFF, "SOCKET_IN": 1, "SOCKET_PRI": 2, "SOCKET_OUT": 4, "SOCKET_ERR": 8, "SOCKET_HUP": 16,
    }  # fmt: skip
    assert len(known) > 200
    check(
        "".join(f'if( {name} !== {int(value)} ) println( "{name}" );' for name, value in known.items())
        + "println( socket_address_frombytes( AF_INET6, IN6ADDR_ANY ), socket_address_frombytes( AF_INET6, IN6ADDR_LOOPBACK ) );"
        + "a = socket_address_any(); foreach( n : [ INADDR_LOOPBACK, INADDR_BROADCAST, INADDR_ANY ] ){ a.addr_u32 = n; println( a.addr_string ); }"
        + "println( typeof( AF_IPX ), typeof( PF_IPX ), AF_UNSPEC );",
        "[::]:0[::1]:0\n127.0.0.1\n255.255.255.255\n0.0.0.0\nintint0",
    )
