"""Whole messages over a stream: chapter 11 section 3."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sockets_module import NetworkPolicy

from .programs import Certificates, peer

Check = Callable[..., None]


def test_exact(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "abcdef" );
        println( p[ 1 ].recv_exact( 2 ), p[ 1 ].recv_exact( 0 ), p[ 1 ].recv_exact( 3 ) );
        p[ 0 ].close();
        println( p[ 1 ].recv_exact( 5 ), " ", ERR() );
        println( p[ 1 ].available_bytes, p[ 1 ].recv( 10 ), p[ 1 ].recv( 10 ) );
        """,
        """
        abcde
        false No data available
        1ftrue
        """,
    )


def test_failed_exact_keeps_the_bytes(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 1 ]; s.recv_timeout = 0.02; p[ 0 ].send( "abc" );
        println( s.recv_exact( 5 ), " ", ERR() );
        println( s.recv_exact( 5 ), " ", ERR() );
        p[ 0 ].send( "de" ); println( s.recv_exact( 5 ) );
        s.blocking = false; p[ 0 ].send( "x" ); s.condition_wait( SOCKET_IN, 5 );
        println( s.recv_exact( 2 ), " ", ERR(), " ", s.recv( 1 ) );
        s.blocking = true; s.recv_timeout = 0; s.timeout = 0.02; println( s.recv_exact( 2 ), " ", ERR() );
        """,
        """
        false Resource temporarily unavailable
        false Resource temporarily unavailable
        abcde
        false Resource temporarily unavailable x
        false Connection timed out
        """,
    )


def test_all(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "abcdef" );
        println( p[ 1 ].recv_all( 4 ), p[ 1 ].recv_all( 0 ).length );
        p[ 0 ].close(); println( p[ 1 ].recv_all(), typeof( p[ 1 ].recv_all() ), p[ 1 ].recv_all().length );
        """,
        """
        abcd0
        efstring0
        """,
    )


def test_lines(check: Check) -> None:
    check(
        r"""
        p = PAIR(); p[ 0 ].send( "one\r\ntwo\n\nrest" ); p[ 0 ].close();
        for( i = 0; i < 5; ++i ){ l = p[ 1 ].recv_line(); println( "[", l, "] ", typeof( l ) ); }
        """,
        """
        [one] string
        [two] string
        [] string
        [rest] string
        [true] bool
        """,
    )


def test_line_limits(check: Check) -> None:
    check(
        r"""
        p = PAIR(); p[ 0 ].send( "12345\r\n123456\nabcdefghi" );
        println( p[ 1 ].recv_line( 5 ) );
        println( p[ 1 ].recv_line( 5 ), " ", ERR() );
        println( p[ 1 ].recv_line( 6 ) );
        println( p[ 1 ].recv_line( 5 ), " ", ERR(), " ", p[ 1 ].recv( 100 ) );
        """,
        """
        12345
        false Message too long
        123456
        false Message too long abcdefghi
        """,
    )


def test_until(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "a--b-c--" ); s = p[ 1 ];
        println( s.recv_until( "--" ), s.recv_until( "--" ) );
        p[ 0 ].send( "xyz" ); p[ 0 ].close();
        println( s.recv_until( "--" ), " ", ERR() );
        println( s.recv_until( "z" ), s.recv_until( "z" ), socket_error() );
        println( s.recv_until( "" ) );
        """,
        """
        ab-c
        false No data available
        xytrue0
        false
        """,
        "socket.recv_until(): argument 1 (delimiter) cannot be empty",
    )


def test_delimiter_across_segments_and_maximum(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 1 ]; s.recv_timeout = 0.02;
        p[ 0 ].send( "abc-" ); println( s.recv_until( "--" ), " ", ERR() );
        p[ 0 ].send( "-def" ); println( s.recv_until( "--", 3 ) );
        p[ 0 ].send( "g----" );
        println( s.recv_until( "--", 3 ), " ", ERR() );
        println( s.recv_until( "--", 4 ), s.recv_until( "--", 0 ).length );
        """,
        """
        false Resource temporarily unavailable
        abc
        false Message too long
        defg0
        """,
    )


def test_send_all_tells_how_much_went_out(check: Check) -> None:
    check(
        """
        include "string";
        p = PAIR(); p[ 0 ].send_buffer_size = 4096; p[ 0 ].send_timeout = 0.05;
        big = string_repeat( "x", 20000000 );
        println( p[ 0 ].send_all( big ), " ", ERR(), " ", p[ 0 ].sent > 0, p[ 0 ].sent < 20000000 );
        p[ 0 ].blocking = false;
        println( p[ 0 ].send_all( big ), " ", ERR() );
        q = PAIR(); println( q[ 0 ].send_all( "abc" ), q[ 0 ].sent, q[ 0 ].send_line( "d" ), q[ 0 ].sent, q[ 1 ].recv_line() );
        println( q[ 0 ].flush() );
        """,
        """
        false Resource temporarily unavailable truetrue
        false Resource temporarily unavailable
        true3true2abcd
        true
        """,
    )


def test_a_large_send_that_waits_in_the_system_call(run: Callable[..., tuple[str, str]]) -> None:
    """In the main program, to a reader in another OS thread."""
    size = 30_000_000
    found: list[bytes] = []

    def reader(sock: socket.socket) -> None:
        while data := sock.recv(1 << 20):
            found.append(data)

    with peer(reader) as port:
        out, _ = run(
            f"""
            include "string"; s = socket_connect( "127.0.0.1", {port} ); text = string_repeat( "0123456789", {size // 10} );
            println( s.send_all( text ), " ", s.sent, ERR() ); s.close();
            """
        )
    assert out == f"true {size}Success\n"
    assert b"".join(found) == b"0123456789" * (size // 10)


def test_what_was_sent_is_of_the_last_call(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 0 ]; println( s.send_all( "four" ), s.sent, s.send_all( "" ), s.sent, s.send_line( "abc" ), s.sent );
        s.timeout_after = 0; println( s.send_all( "x" ), s.sent ); s.reset_deadline();
        println( s.send_file( "/dev/null" ), s.sent, s.send_all( "xy" ), s.sent, s.send_file( "/no/such/file" ), s.sent );
        s.close(); println( s.send_all( "x" ), s.sent );
        """,
        """
        true4true0true4
        false0
        00true2false0
        false0
        """,
    )


def test_one_call_blocks_or_not(check: Check) -> None:
    check(
        """
        p = PAIR();
        println( p[ 0 ].recv_with_blocking( 5, false ), " ", ERR() );
        p[ 0 ].blocking = false; p[ 0 ].recv_timeout = 0.02;
        println( p[ 0 ].recv_with_blocking( 5, true ), " ", ERR() );
        println( p[ 0 ].send_with_blocking( "abc", true ), p[ 1 ].recv_with_blocking( 5, true ), p[ 0 ].blocking );
        """,
        """
        false Resource temporarily unavailable
        false Resource temporarily unavailable
        3abcfalse
        """,
    )


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_SEQPACKET", "SOCK_DGRAM"])
def test_files(check: Check, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    check(
        f"""
        ( a, b ) = socket_pair( {kind} );
        println( a.send_file( "{path}" ), b.recv( 99 ) );
        println( a.send_file( "{path}", 3 ), b.recv( 99 ) );
        println( a.send_file( "{path}", 3, 4 ), b.recv( 99 ), a.sent );
        println( a.send_file( "{path}", 99 ), a.send_file( "{path}", 0, 0 ) );
        println( a.send_file( "{path}-missing" ), " ", ERR() );
        """,
        """
        100123456789
        73456789
        434564
        00
        false No such file or directory
        """,
    )


def test_large_file_to_a_slow_reader(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000)
    check(
        f"""
        p = PAIR();
        function sender( s ){{ println( s.send_file( "{path}" ) ); s.close(); }}
        function reader( s ){{ println( s.recv_all().length ); }}
        thread sender( p[ 0 ] ); thread reader( p[ 1 ] ); socket_run();
        """,
        """
        3000000
        3000000
        """,
    )


def test_datagrams_have_no_stream_operations(check: Check) -> None:
    check(
        'u = UDP(); println( u.recv_exact( 1 ), u.recv_line(), u.recv_until( "x" ), u.recv_all(), " ", ERR() );',
        "falsefalsefalsefalse Operation not supported",
    )


def test_paths_begin_in_the_engines_folder(check: Check, tmp_path: Path, certificates: Certificates) -> None:
    """Chapter 12: the working folder is each engine's own; what `io_setcwd` says holds for files and local sockets."""
    (tmp_path / "data").write_bytes(b"inside")
    (tmp_path / "ca.pem").write_bytes(Path(certificates.ca).read_bytes())
    (tmp_path / "good.pem").write_bytes(Path(certificates.good).read_bytes())
    check(
        f"""
        include "io"; println( io_setcwd( "{tmp_path}" ) );
        ( a, b ) = socket_pair(); println( a.send_file( "data" ), b.recv( 10 ), a.send_file( "nosuch" ), ERR() );
        l = socket_listen( socket_address_unix( "stream" ) ); c = socket_connect( socket_address_unix( "stream" ) );
        println( c.is_connected, c.send( "x" ), l.accept().recv( 5 ), l.local_address.path == "{tmp_path}/stream" );
        d = socket_unix( SOCK_DGRAM ); println( d.bind( socket_address_unix( "datagrams" ) ) );
        f = socket_unix( SOCK_DGRAM ); println( f.sendto( "y", socket_address_unix( "datagrams" ) ), d.recv( 5 ) );
        println( f.connect( socket_address_unix( "datagrams" ) ), f.send_message( "z", {{ address = socket_address_unix( "datagrams" ) }} ) );
        k = socket_client(); k.local_address = socket_address_unix( "client" );
        println( k.connect( socket_address_unix( "./stream" ) ).local_address.path == "{tmp_path}/client" );
        n = socket_unix(); println( n.bind( socket_address_unix( "\\0{tmp_path}" ) ), n.local_address.path.length );
        ( a, b ) = socket_pair();
        thread (function( a ){{ a.start_tls( {{ cafile = "ca.pem", server_name = "localhost" }} ); println( a.recv( 5 ) ); }})( a );
        thread (function( b ){{ b.start_tls( {{ server_side = true, certfile = "good.pem" }} ); b.send( "tls" ); }})( b );
        socket_run();
        """,
        f"""
        true
        6insidefalseNo such file or directory
        true1xtrue
        true
        1y
        true1
        true
        true{len(str(tmp_path)) + 1}
        tls
        """,
    )


def test_the_policy_sees_paths_in_the_engines_folder(check: Check, tmp_path: Path) -> None:
    check(
        f"""
        include "io"; io_setcwd( "{tmp_path}" );
        println( socket_listen( socket_address_unix( "inside" ) ).local_address.path == "{tmp_path}/inside" );
        io_setcwd( "/" ); println( socket_listen( socket_address_unix( "outside" ) ), ERR() );
        """,
        "true\nnullPermission denied",
        "socket_listen(): denied by network policy (/outside)",
        network=NetworkPolicy(unix=[f"{tmp_path}/"]),
    )


def test_paths_stay_as_they_are_in_the_folder_of_the_process(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address holds 107 bytes of path, which a folder in front of it might not leave room for."""
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.chdir(folder)
    check(
        """
        include "io"; io_getcwd();
        l = socket_listen( socket_address_unix( "here" ) ); println( l.local_address.path, ERR() );
        println( socket_connect( socket_address_unix( "here" ) ).remote_address.path );
        """,
        "hereSuccess\nhere",
    )
