"""No receive ever loses, repeats or reorders a byte, whatever the mix of receives, timeouts and cancels (chapter 11).

Limits are set, kept for a while, and taken away: without any, a socket outside threads waits in the system call itself.

Rule of this file: the host compares every result with the stream at the place where the script stands, so a wrong byte
is found at the receive that gave it. `SGS_SLOW=1` sends 100 MB in each test, else in one; `SGS_SEED` repeats one run.
"""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import collections
import contextlib
import io
import os
import random
import socket
import threading
import time
from pathlib import Path

import pytest

from sockets_module.waiting import Cancellable

from .conftest import make_engine, open_descriptors

SLOW = os.environ.get("SGS_SLOW") == "1"
SIZE = 100_000_000
SMALL = SIZE if SLOW else 8_000_000
SEED = int(os.environ.get("SGS_SEED", "5"))
KINDS = (
    "recv", "peek", "waitall", "exact", "until", "line", "all", "with_blocking", "recvfrom", "message", "vectors",
    "messages", "non_blocking", "non_blocking_exact", "non_blocking_line", "non_blocking_until", "select", "poller",
    "condition", "available",
)  # fmt: skip
# receives whose last call on the socket is another one, so that the error is not theirs
NOT_LAST = (
    "non_blocking",
    "non_blocking_exact",
    "non_blocking_line",
    "non_blocking_until",
    "select",
    "poller",
    "available",
)

SCRIPT = r"""
include "sockets";

function receive( s, kind, n, delimiter )
{
    if( kind == "recv" ) return s.recv( n );
    if( kind == "peek" ){ s.recv( n, MSG_PEEK ); return s.recv( n ); }
    if( kind == "waitall" ) return s.recv( n, MSG_WAITALL );
    if( kind == "exact" ) return s.recv_exact( n );
    if( kind == "until" ) return s.recv_until( delimiter, n );
    if( kind == "line" ) return s.recv_line( n );
    if( kind == "all" ) return s.recv_all( n );
    if( kind == "with_blocking" ) return s.recv_with_blocking( n, n % 2 == 1 );
    if( kind == "recvfrom" ){ ( data, from ) = s.recvfrom( n ); return data; }
    if( kind == "message" ){ m = s.recv_message( n ); return if( m, m.data, false ); }
    if( kind == "vectors" )
    {
        m = s.recv_message( [ 1 + n / 3, 1 + n / 2 ], { timeout = 0.002 } );
        return if( m, m.data[ 0 ] .. m.data[ 1 ], false );
    }
    if( kind == "messages" )
    {
        ms = s.recv_messages( 3, n ); if( !ms ) return false;
        text = ""; foreach( m : ms ) text = text .. m.data;
        return text;
    }
    if( kind == "non_blocking" ){ s.blocking = false; data = s.recv( n ); s.blocking = true; return data; }
    if( kind == "non_blocking_exact" ){ s.blocking = false; data = s.recv_exact( n ); s.blocking = true; return data; }
    if( kind == "non_blocking_line" ){ s.blocking = false; data = s.recv_line( n ); s.blocking = true; return data; }
    if( kind == "non_blocking_until" ){ s.blocking = false; data = s.recv_until( delimiter, n ); s.blocking = true; return data; }
    if( kind == "poller" ){ return if( POLLER.wait( 0.001 ).size, s.recv( n ), false ); }
    if( kind == "condition" ) return if( s.condition_wait( SOCKET_IN, 0.001 ), s.recv( n, MSG_DONTWAIT ), false );
    if( kind == "available" ){ there = s.available_bytes; return if( there, s.recv_exact( if( there < n, there, n ) ), false ); }
    if( kind == "select" ){ r = [ s ]; socket_select( r, [], [], 0.001 ); return if( r.size, s.recv( n ), false ); }
}

function reader( address )
{
    var s = socket_connect( address ), c = socket_cancellable();
    global CANCELLABLE, POLLER; CANCELLABLE = c; keep_cancellable( c );
    POLLER = socket_poller(); POLLER.add( s, SOCKET_IN );
    while( true )
    {
        ( kind, n, delimiter, changed, limit, span, cancelled ) = next_step();
        if( kind === null )
            break;
        if( changed )
        {
            s.timeout = if( limit == "timeout", span, 0 );
            s.recv_timeout = if( limit == "recv_timeout", span, 0 );
            if( limit == "deadline" ) s.timeout_after = span; else s.reset_deadline();
            s.cancellable = if( cancelled, c, null );
        }
        data = receive( s, kind, n, delimiter );
        error = socket_error();
        if( cancelled ) c.reset();
        took( kind, n, delimiter, data, error, s.fd );
    }
    s.close();
}

global DONE = false, CANCELLABLE, POLLER;
function thread_reader( address ){ reader( address ); global DONE; DONE = true; }
function canceller(){ while( !DONE ){ yield 0.003; CANCELLABLE.cancel(); } }
"""


def make_stream(size: int, seed: int) -> bytes:
    """Random bytes with line ends of both kinds and delimiters among them, sparse in some places."""
    chance = random.Random(seed)
    parts = []
    while size > 0:
        piece = chance.randbytes(min(size, chance.choice((1000, 30_000, 100_000))))
        sparse = chance.random() < 0.5
        if sparse:
            piece = piece.replace(b"\n", b"n")
        else:
            piece = piece.replace(b"\x00", b"\r\n").replace(b"\x01", b"--").replace(b"\x02", b"\n\n")
        parts.append(piece)
        size -= len(piece)
    return b"".join(parts)


class Reader:
    """Chooses what the script does next and compares what it got. Used by the script as three functions."""

    def __init__(self, stream: bytes, seed: int) -> None:
        self.stream = stream
        self.position = 0
        self.ended = False
        self.chance = random.Random(seed + 1)
        self.counts: collections.Counter[str] = collections.Counter()
        self.cancellable: Cancellable | None = None
        self.limits: tuple[object, ...] = (None, 0.0, False)

    def next_step(self) -> tuple[object, ...]:
        """( kind, n, delimiter, changed, limit, span, cancelled ), the kind null after the end."""
        if self.ended:
            return None, 0, b"", False, None, 0, False
        chance = self.chance
        kind = chance.choice(KINDS)
        if kind in ("exact", "waitall", "non_blocking_exact"):
            size = chance.choice((1, 7, 100, 5000, 70_000, 300_000))
        elif kind == "all":
            size = chance.choice((1, 500, 20_000, 600_000))
        elif kind.endswith(("until", "line")):
            size = chance.choice((10, 300, 3000, 65_536))
        else:
            size = chance.choice((1, 10, 1000, 20_000, 200_000))
        delimiter = chance.choice((b"--", b"\n", b"-", b"\r\n\n"))
        changed = chance.random() < 0.5
        if changed:
            limit = chance.choice((None, None, b"timeout", b"recv_timeout", b"deadline"))
            span = chance.choice((0.0005, 0.001, 0.003))
            self.limits = (limit, span, chance.random() < 0.3)
        return kind.encode(), size, delimiter, changed, *self.limits

    def took(self, kind_name: bytes, size: int, delimiter: bytes, data: object, error: int, fd: int) -> None:
        """Compares one result with the stream."""
        kind = kind_name.decode()
        self.counts["direct"] += os.get_blocking(fd)
        where = (kind, size, delimiter, self.position, error)
        if data is False:
            self.counts["failed"] += 1
            self.counts[f"{kind} failed"] += 1
            assert error != 0 or kind in NOT_LAST, where
            return
        assert error == 0, where
        self.counts[kind] += 1
        # an end, unless it is an empty line or nothing before a delimiter
        if data is True or (data == b"" and not kind.endswith(("until", "line"))):
            assert self.position == len(self.stream), where
            self.ended = True
            return
        assert isinstance(data, bytes), where
        end = self.position + len(data)
        assert self.stream[self.position : end] == data, where
        if kind.endswith("until"):
            assert self.stream.startswith(delimiter, end) and delimiter not in data, where
            end += len(delimiter)
        elif kind.endswith("line"):
            assert b"\n" not in data, where
            if end != len(self.stream):
                ending = b"\r\n" if self.stream.startswith(b"\r\n", end) else b"\n"
                assert self.stream.startswith(ending, end), where
                assert ending == b"\r\n" or not data.endswith(b"\r"), where
                end += len(ending)
        if kind in ("exact", "non_blocking_exact"):
            assert len(data) == size, where
        if kind not in ("messages", "vectors"):
            assert len(data) <= size, where
        self.position = end


def send(stream: bytes, listener: socket.socket, seed: int) -> None:
    """Sends to the first who connects, in chunks of random sizes, now and then with a pause in which receives run into their limits."""
    chance = random.Random(seed + 2)
    view = memoryview(stream)
    position = 0
    # about as many pauses whatever the length of the stream
    pause = 300 * 20_000 / len(stream)
    with listener:
        s = listener.accept()[0]
    with s, contextlib.suppress(ConnectionError):
        while position < len(view):
            size = chance.choice((1, 10, 1000, 10_000, 66_000))
            s.sendall(view[position : position + size])
            position += size
            if chance.random() < pause:
                time.sleep(chance.choice((0.001, 0.004)))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("inside", [True, False], ids=["in a script thread", "outside threads"])
@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_what_was_read_equals_what_was_sent(inside: bool, family: str, tmp_path: Path) -> None:
    stream = make_stream(SIZE if inside and family == "tcp" else SMALL, SEED)
    reader = Reader(stream, SEED)
    before = open_descriptors()
    if family == "tcp":
        listener = socket.create_server(("127.0.0.1", 0))
        address = f'socket_address( AF_INET, "127.0.0.1", {listener.getsockname()[1]} )'
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        address = f'socket_address_unix( "{tmp_path}/s" )'
    out = io.BytesIO()
    stop = threading.Event()
    with make_engine(stdout=out, stderr=out, encoding=None) as engine:
        engine._world.ports.sole = family == "tcp"  # outside threads such receives wait without end
        engine.function(reader.next_step)
        engine.function(reader.took)
        engine.function(lambda c: setattr(reader, "cancellable", engine.to_script(c)), name="keep_cancellable")
        engine.run(SCRIPT)

        def cancel_now_and_then() -> None:
            while not stop.wait(0.005):
                if reader.cancellable is not None:
                    reader.cancellable.cancel()

        helpers = [threading.Thread(target=send, args=(stream, listener, SEED))]
        if not inside:
            helpers.append(threading.Thread(target=cancel_now_and_then))
        for helper in helpers:
            helper.start()
        try:
            if inside:
                engine.run(f"thread thread_reader( {address} ); thread canceller(); socket_run();")
            else:
                engine.run(f"reader( {address} );")
        finally:
            stop.set()
            reader.cancellable = None
            engine.close()  # or after a failure the sender would wait for ever
            for helper in helpers:
                helper.join()
    assert out.getvalue() == b""
    assert reader.position == len(stream)
    counts = reader.counts
    assert all(counts[kind] for kind in KINDS), counts
    # the run must have met what it is about
    assert counts["failed"] > 50 and (inside or counts["direct"] > 20), counts
    assert open_descriptors() == before
