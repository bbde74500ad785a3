"""No receive ever loses, repeats or reorders a byte, whatever the mix of receives, timeouts and cancels (chapter 11).

Rule of this file: the host compares every result with the stream at the place where the script stands, so a wrong byte
is found at the receive that gave it. `SGS_SLOW=1` sends 100 MB instead of 8 MB; `SGS_SEED` repeats one run.
"""

from __future__ import annotations

import collections
import io
import os
import random
import socket
import threading
import time

import pytest

from sockets_module.waiting import Cancellable

from .conftest import make_engine, open_descriptors

SLOW = os.environ.get("SGS_SLOW") == "1"
SIZE = (100 if SLOW else 8) * 1_000_000
SEED = int(os.environ.get("SGS_SEED", "5"))
KINDS = (
    "recv", "peek", "waitall", "exact", "until", "line", "all", "with_blocking", "recvfrom", "message", "vectors",
    "messages", "non_blocking", "select",
)  # fmt: skip

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
    if( kind == "select" ){ r = [ s ]; socket_select( r, [], [], 0.001 ); return if( r.size, s.recv( n ), false ); }
}

function reader( fd )
{
    var s = socket_from_fd( fd ), c = socket_cancellable();
    global CANCELLABLE; CANCELLABLE = c; keep_cancellable( c );
    s.blocking = true;
    while( true )
    {
        ( kind, n, delimiter, limit, span, cancelled ) = next_step();
        if( kind === null )
            break;
        s.timeout = if( limit == "timeout", span, 0 );
        s.recv_timeout = if( limit == "recv_timeout", span, 0 );
        if( limit == "deadline" ) s.timeout_after = span; else s.reset_deadline();
        s.cancellable = if( cancelled, c, null );
        data = receive( s, kind, n, delimiter );
        error = socket_error();
        if( cancelled ) c.reset();
        took( kind, n, delimiter, data, error );
    }
    s.close();
}

global DONE = false, CANCELLABLE;
function thread_reader( fd ){ reader( fd ); global DONE; DONE = true; }
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

    def next_step(self) -> tuple[object, ...]:
        """( kind, n, delimiter, limit, span, cancelled ), the kind null after the end."""
        if self.ended:
            return None, 0, b"", None, 0, False
        chance = self.chance
        kind = chance.choice(KINDS)
        if kind in ("exact", "waitall"):
            size = chance.choice((1, 7, 100, 5000, 70_000, 300_000))
        elif kind == "all":
            size = chance.choice((1, 500, 20_000, 600_000))
        elif kind in ("until", "line"):
            size = chance.choice((10, 300, 3000, 65_536))
        else:
            size = chance.choice((1, 10, 1000, 20_000, 200_000))
        limit = chance.choice((None, "timeout", "recv_timeout", "deadline"))
        span = chance.choice((0.0005, 0.001, 0.003))
        cancelled = limit is None or chance.random() < 0.2
        delimiter = chance.choice((b"--", b"\n", b"-", b"\r\n\n"))
        return kind.encode(), size, delimiter, limit and limit.encode(), span, cancelled

    def took(self, kind_name: bytes, size: int, delimiter: bytes, data: object, error: int) -> None:
        """Compares one result with the stream."""
        kind = kind_name.decode()
        where = (kind, size, delimiter, self.position, error)
        if data is False:
            self.counts["failed"] += 1
            self.counts[f"{kind} failed"] += 1
            assert error != 0 or kind in ("non_blocking", "select"), where  # whose last call is another
            return
        assert error == 0, where
        self.counts[kind] += 1
        # an end, unless it is an empty line or nothing before a delimiter
        if data is True or (data == b"" and kind not in ("until", "line")):
            assert self.position == len(self.stream), where
            self.ended = True
            return
        assert isinstance(data, bytes), where
        end = self.position + len(data)
        assert self.stream[self.position : end] == data, where
        if kind == "until":
            assert self.stream.startswith(delimiter, end) and delimiter not in data, where
            end += len(delimiter)
        elif kind == "line":
            assert b"\n" not in data and (not data.endswith(b"\r") or end == len(self.stream)), where
            ending = b"\r\n" if self.stream.startswith(b"\r\n", end) else b"\n"
            if end != len(self.stream):
                assert self.stream.startswith(ending, end), where
                end += len(ending)
        if kind in ("exact",):
            assert len(data) == size, where
        if kind not in ("messages", "vectors"):
            assert len(data) <= size, where
        self.position = end


def send(stream: bytes, s: socket.socket, seed: int) -> None:
    """Sends in chunks of random sizes, now and then with a pause in which receives run into their limits."""
    chance = random.Random(seed + 2)
    view = memoryview(stream)
    position = 0
    # about as many pauses whatever the length of the stream
    pause = 300 * 20_000 / len(stream)
    with s:
        while position < len(view):
            size = chance.choice((1, 10, 1000, 10_000, 66_000))
            s.sendall(view[position : position + size])
            position += size
            if chance.random() < pause:
                time.sleep(chance.choice((0.001, 0.004)))


@pytest.mark.timeout(600 if SLOW else 60)
@pytest.mark.parametrize("inside", [True, False], ids=["in a script thread", "outside threads"])
@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_what_was_read_equals_what_was_sent(inside: bool, family: str) -> None:
    stream = make_stream(SIZE, SEED)
    reader = Reader(stream, SEED)
    ours, theirs = socket.socketpair()
    if family == "tcp":
        ours.close()
        theirs.close()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs = listener.accept()[0]
    before = open_descriptors() - 2
    out = io.BytesIO()
    stop = threading.Event()
    with make_engine(stdout=out, stderr=out, encoding=None) as engine:
        engine.function(reader.next_step)
        engine.function(reader.took)
        engine.function(lambda c: setattr(reader, "cancellable", engine.to_script(c)), name="keep_cancellable")
        engine.run(SCRIPT)

        def cancel_now_and_then() -> None:
            while not stop.wait(0.005):
                if reader.cancellable is not None:
                    reader.cancellable.cancel()

        helpers = [threading.Thread(target=send, args=(stream, theirs, SEED))]
        if not inside:
            helpers.append(threading.Thread(target=cancel_now_and_then))
        for helper in helpers:
            helper.start()
        try:
            if inside:
                engine.run(f"thread thread_reader( {ours.detach()} ); thread canceller(); socket_run();")
            else:
                engine.run(f"reader( {ours.detach()} );")
        finally:
            stop.set()
            reader.cancellable = None
            for helper in helpers:
                helper.join()
    assert out.getvalue() == b""
    assert reader.position == len(stream)
    counts = reader.counts
    assert all(counts[kind] for kind in KINDS), counts
    # the run must have met what it is about
    assert counts["failed"] > 50, counts
    assert open_descriptors() == before
