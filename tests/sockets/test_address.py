"""`socket_address`: chapter 10 section 2 and the address part of chapter 11 section 1."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[..., None]


def test_text_properties(check: Check) -> None:
    check(
        """
        a = socket_address( AF_INET, "10.1.2.3", 80 );
        println( typeof( a ), " ", a, " ", a.addr_string, " ", a.full_addr_string, " ", a.port, " ", a[ "port" ] );
        b = socket_address( AF_INET6, "2001:DB8:0::1" );
        println( b, " ", b.addr_string, " ", b.port, " ", b.family == AF_INET6 );
        """,
        """
        socket_address 10.1.2.3:80 10.1.2.3 10.1.2.3:80 80 80
        [2001:db8::1]:0 2001:db8::1 0 true
        """,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('socket_address( 99, "1.2.3.4", 1 )', "argument 1 (address family) must be either AF_INET or AF_INET6"),
        ('socket_address( AF_UNIX, "/x" )', "argument 1 (address family) must be either AF_INET or AF_INET6"),
        ('socket_address( AF_INET, "1.2.3", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET, "::1", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET, "01.2.3.4", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET, "1.2.3.4%1", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET, "1.2.3.4\\0", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET6, "1.2.3.4", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET, "", 1 )', "failed to generate address from string"),
        ('socket_address( AF_INET, "1.2.3.4", 65536 )', "argument 3 (port) must be between 0 and 65535"),
        ('socket_address( AF_INET, "1.2.3.4", -1 )', "argument 3 (port) must be between 0 and 65535"),
        ("socket_address()", "argument 1 - expected int, got nothing"),
        ("socket_address( AF_INET )", "argument 2 - expected string, got nothing"),
        ("socket_address( AF_INET, null )", "argument 2 - expected string, got null"),
    ],
)
def test_refused_construction(check: Check, call: str, message: str) -> None:
    check(f"println( {call} );", "null", f"socket_address(): {message}")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('AF_INET, "abc"', "argument 2 (buffer) must be 4 bytes long for an AF_INET address"),
        ('AF_INET6, "abcd"', "argument 2 (buffer) must be 16 bytes long for an AF_INET6 address"),
        ('AF_UNIX, "abcd"', "argument 1 (address family) must be either AF_INET or AF_INET6"),
        ('AF_INET, "abcd", 65536', "argument 3 (port) must be between 0 and 65535"),
    ],
)
def test_refused_bytes(check: Check, call: str, message: str) -> None:
    check(f"println( socket_address_frombytes( {call} ) );", "null", f"socket_address_frombytes(): {message}")


def test_every_part_can_be_written(check: Check) -> None:
    check(
        r"""
        a = socket_address( AF_INET, "127.0.0.1", 80 );
        a.addr_u32 = 0x01020304; println( a );
        a.addr_buf = "\x05\x06\x07\x08"; println( a );
        a.addr_bytes = [ 255, 0, 128, 1 ]; println( a, a.addr_bytes );
        a.addr_string = "9.8.7.6"; println( a );
        a.full_addr_string = "1.1.1.1:1"; println( a );
        a[ "port" ] = 7; println( a );
        b = socket_address( AF_INET6, "::1", 80 );
        b.scope_id = 3; b.flow_info = 5; println( b, " ", b.scope_id, " ", b.flow_info );
        b.full_addr_string = "[fe80::2%4]:5"; println( b );
        """,
        """
        1.2.3.4:80
        5.6.7.8:80
        255.0.128.1:80[255,0,128,1]
        9.8.7.6:80
        1.1.1.1:1
        1.1.1.1:7
        [::1%3]:80 3 5
        [fe80::2%4]:5
        """,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"), ("port", "-1"), ("port", "null"), ("port", '"x"'), ("port", "[]"),
        ("addr_u32", "-1"), ("addr_u32", "0x100000000"), ("addr_u32", '"x"'),
        ("addr_buf", '"abc"'), ("addr_buf", "5"), ("addr_buf", "null"),
        ("addr_bytes", "[ 1, 2, 3 ]"), ("addr_bytes", "[ 1, 2, 3, 256 ]"), ("addr_bytes", "[ 1, 2, 3, -1 ]"),
        ("addr_bytes", '[ 1, 2, 3, "x" ]'), ("addr_bytes", "5"), ("addr_bytes", "{}"),
        ("addr_string", '"1.2.3"'), ("addr_string", '"::1"'), ("addr_string", "5"),
        ("full_addr_string", '"1.2.3.4"'), ("full_addr_string", '"1.2.3.4:65536"'), ("full_addr_string", '"1.2.3.4:"'),
        ("full_addr_string", '"[::1]:80"'), ("full_addr_string", '"1.2.3.4:-1"'), ("full_addr_string", "null"),
        ("scope_id", "1"), ("flow_info", "1"),
    ],
)  # fmt: skip
def test_refused_writes_change_nothing(check: Check, name: str, value: str) -> None:
    check(
        f'a = socket_address( AF_INET, "127.0.0.1", 80 ); a.{name} = {value}; println( a );',
        "127.0.0.1:80",
        f"failed to set the '{name}' property of a socket_address",
    )


def test_read_only_and_unknown_names(check: Check) -> None:
    check(
        """
        a = socket_address( AF_INET, "127.0.0.1", 80 );
        a.family = 5; a.nothing = 1; println( a.nothing, a.family == AF_INET );
        """,
        "nulltrue",
        'Writable property not found: "family"',
        'Writable property not found: "nothing"',
        'Readable property not found: "nothing"',
    )


def test_order_and_equality(check: Check) -> None:
    check(
        r"""
        function ip( text, port ){ return socket_address( AF_INET, text, port ); }
        println( ip( "1.2.3.4", 5 ) == ip( "1.2.3.4", 5 ), ip( "1.2.3.4", 5 ) == ip( "1.2.3.4", 6 ) );
        println( ip( "9.0.0.0", 5 ) < ip( "10.0.0.0", 1 ), ip( "1.2.3.4", 5 ) < ip( "1.2.3.4", 6 ) );
        println( ip( "255.255.255.255", 5 ) < socket_address( AF_INET6, "::", 1 ) );
        println( ip( "1.2.3.4", 5 ) == "1.2.3.4:5", ip( "1.2.3.4", 5 ) == null );
        println( socket_address_unix( "/a" ) == socket_address_unix( "/a" ), socket_address_unix( "/a" ) < socket_address_unix( "/b" ) );
        """,
        """
        truefalse
        truetrue
        true
        falsefalse
        truetrue
        """,
    )


def test_clone_serialize_dump(check: Check) -> None:
    check(
        """
        a = socket_address( AF_INET6, "fe80::1%3", 80 );
        b = clone( a ); b.port = 1; println( a, " ", b );
        foreach( mode : [ 1, 2, 3 ] )
            println( unserialize( serialize( a, mode ), mode ) );
        println( sgson_decode( sgson_encode( a ) ) );
        printvar( a );
        printvar( socket_address_unix( "/tmp/x" ) );
        """,
        """
        [fe80::1%3]:80 [fe80::1%3]:1
        [fe80::1%3]:80
        [fe80::1%3]:80
        [fe80::1%3]:80
        [fe80::1%3]:80
        socket_address [family=10] [fe80::1%3]:80
        socket_address [family=1] /tmp/x
        """,
    )


def test_lengths_of_paths(check: Check) -> None:
    check(
        r"""
        include "string";
        println( socket_address_unix( string_repeat( "x", 107 ) ).path.length, socket_address_unix( "\0" .. string_repeat( "x", 106 ) ).path.length );
        println( socket_address_unix( string_repeat( "x", 108 ) ), socket_address_unix( "/a\0b" ) );
        """,
        "107107\nnullnull",
        *("socket_address_unix(): argument 1 (path) cannot be used as an address",) * 2,
    )


def test_addresses_of_local_sockets_can_be_serialized(check: Check) -> None:
    """Chapter 10: "`clone`, `serialize`/`unserialize` and `sgson_encode`/`sgson_decode` work on addresses"."""
    check(
        r"""
        foreach( path : [ "/tmp/x", "\0abstract\0name", "" ] )
        {
            a = socket_address_unix( path );
            foreach( mode : [ 1, 2, 3 ] )
            {
                b = unserialize( serialize( a, mode ), mode );
                println( a == b && b.family == AF_UNIX && b.path == path );
            }
            println( sgson_decode( sgson_encode( [ a ] ) )[ 0 ] == a );
        }
        println( sgson_encode( socket_address_unix( "/x" ) ) );
        """,
        "true\n" * 12 + 'socket_address_unix("/x")',
    )


def test_constructors_of_chapter_11(check: Check) -> None:
    check(
        r"""
        println( socket_address_any(), " ", socket_address_any( true, 5 ), " ", socket_address_any( false, 7 ) );
        println( socket_address_loopback(), " ", socket_address_loopback( true, 80 ) );
        println( socket_address_broadcast(), " ", socket_address_broadcast( 9 ) );
        println( socket_address_parse( "1.2.3.4:80" ), " ", socket_address_parse( "[::1]:80" ) );
        println( socket_address_unix( "/tmp/x" ).path, " ", socket_address_unix( "\0name" ).path.length );
        println( INADDR_ANY, " ", INADDR_LOOPBACK, " ", INADDR_BROADCAST, " ", IN6ADDR_ANY.length, IN6ADDR_LOOPBACK[ 15 ] );
        """,
        """
        0.0.0.0:0 [::]:5 0.0.0.0:7
        127.0.0.1:0 [::1]:80
        255.255.255.255:0 255.255.255.255:9
        1.2.3.4:80 [::1]:80
        /tmp/x 5
        0 2130706433 4294967295 161
        """,
    )


@pytest.mark.parametrize(
    "text", ["1.2.3.4", "localhost:80", "::1:80", "[::1]", "[1.2.3.4]:80", "1.2.3.4:99999", "", ":80"]
)
def test_parse_never_resolves(check: Check, text: str) -> None:
    check(
        f'println( socket_address_parse( "{text}" ) );',
        "null",
        "socket_address_parse(): failed to generate address from string",
    )


def test_registries(check: Check) -> None:
    check(
        """
        function f( text )
        {
            var a = socket_address_parse( text );
            println( a.is_any, a.is_loopback, a.is_multicast, a.is_private, a.is_link_local, a.is_site_local, a.is_global );
        }
        f( "0.0.0.0:0" ); f( "127.0.0.1:0" ); f( "224.0.0.1:0" ); f( "10.0.0.1:0" ); f( "169.254.0.1:0" ); f( "8.8.8.8:0" );
        f( "[::]:0" ); f( "[::1]:0" ); f( "[ff02::1]:0" ); f( "[fe80::1]:0" ); f( "[fec0::1]:0" ); f( "[2606:4700::1]:0" );
        println( socket_address_unix( "/x" ).is_any, socket_address_unix( "/x" ).is_global );
        """,
        """
        truefalsefalsetruefalsefalsefalse
        falsetruefalsetruefalsefalsefalse
        falsefalsetruefalsefalsefalsetrue
        falsefalsefalsetruefalsefalsefalse
        falsefalsefalsetruetruefalsefalse
        falsefalsefalsefalsefalsefalsetrue
        truefalsefalsetruefalsefalsefalse
        falsetruefalsetruefalsefalsefalse
        falsefalsetruefalsefalsefalsetrue
        falsefalsefalsetruetruefalsefalse
        falsefalsefalsefalsefalsetruetrue
        falsefalsefalsefalsefalsefalsetrue
        falsefalse
        """,
    )


def test_other_families(check: Check) -> None:
    check(
        """
        a = socket_address_unix( "/x" );
        println( a.port, a.addr_u32, a.addr_buf, a.addr_bytes, a.addr_string, a.full_addr_string, a.scope_id );
        println( socket_address( AF_INET, "1.2.3.4" ).path );
        """,
        """
        nullnullnullnull--null
        null
        """,
        "port supported only for AF_INET[6]",
        "addr_u32 supported only for AF_INET",
        "addr_buf supported only for AF_INET[6]",
        "addr_bytes supported only for AF_INET[6]",
        "scope_id supported only for AF_INET6",
        "path supported only for AF_UNIX",
    )
