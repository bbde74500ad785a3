"""`send_file` and descriptor passing with `io_file` objects: what the script wrote counts, the position stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Check = Callable[..., None]
Run = Callable[..., tuple[str, str]]


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_SEQPACKET", "SOCK_DGRAM"])
def test_an_open_file_is_sent(check: Check, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    check(
        f"""
        include "io";
        ( a, b ) = socket_pair( {kind} );
        f = io_file( "{path}", FILE_READ );
        println( f.read( 2 ) );
        println( a.send_file( f ), b.recv( 99 ) );
        println( a.send_file( f, 3, 4 ), b.recv( 99 ), a.sent );
        println( f.offset, f.read( 2 ) );
        """,
        """
        01
        100123456789
        434564
        223
        """,
    )


def test_what_is_not_flushed_yet_is_sent(check: Check, tmp_path: Path) -> None:
    check(
        f"""
        include "io";
        ( a, b ) = socket_pair( SOCK_STREAM );
        f = io_file( "{tmp_path / "new"}", FILE_READ | FILE_WRITE );
        f.write( "written" );
        println( a.send_file( f ), b.recv( 99 ) );
        f.write( " more" );
        println( a.send_file( f, 3 ), b.recv( 99 ), f.offset );
        """,
        """
        7written
        9tten more12
        """,
    )


def test_a_closed_file_is_refused(check: Check, tmp_path: Path) -> None:
    check(
        f"""
        include "io";
        ( a, b ) = socket_pair( SOCK_STREAM );
        f = io_file( "{tmp_path / "new"}", FILE_WRITE );
        println( f.close(), a.send_file( f ), " ", ERR() );
        println( a.send_file( io_file() ), " ", a.sent );
        println( a.send_message( "x", {{ fds = [ f ] }} ), " ", ERR() );
        """,
        """
        truefalse Bad file descriptor
        false 0
        false Bad file descriptor
        """,
    )


def test_an_open_file_is_handed_over(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new"
    out, err = run(
        f"""
        include "io";
        ( a, b ) = socket_pair( SOCK_STREAM );
        f = io_file( "{path}", FILE_WRITE );
        f.write( "0123456789" );
        println( a.send_message( "x", {{ fds = [ f ] }} ) );
        println( b.recv_message( 9 ).fds[ 0 ] );
        f.close();
        """
    )
    sent, received = out.split()
    descriptor = int(received)
    try:
        # the other side shares the file's position, which flushing has moved
        os.write(descriptor, b"!")
    finally:
        os.close(descriptor)
    assert (sent, err) == ("1", "")
    assert path.read_bytes() == b"0123456789!"
