"""Throughput of the sockets module as ratios to Python programs that do the same, all in one run.

Rules: both sides of a pair run one right after the other, in turn first; the median of the pairs counts. A ratio is
ours to theirs of work done, so above 1 we are faster: by the clock, and by processor time of the processes that are
compared, which other programs on the machine disturb less. Peers and load generators are the same for both sides.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world\n"

# --- the programs that are compared -----------------------------------------------------------------------------------

PINGPONG_SGS = """
include "sockets";
function run( port, control )
{
    var orders = socket_connect( "127.0.0.1", control );
    var s = socket_connect( "127.0.0.1", port ); s.no_delay = true;
    var message = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    while( ( order = orders.recv_line() ) !== true )
    {
        var n = toint( order );
        while( n --> 0 )
        {
            s.send( message );
            s.recv( 64 );
        }
        orders.send( "done" );
    }
    s.close();
}
function serve()
{
    var l = socket_listen( "127.0.0.1:0" ); println( "port ", l.local_address.port );
    var s = l.accept(); s.no_delay = true;
    while( ( data = s.recv( 64 ) ) !== true )
        s.send( data );
}
"""

PINGPONG_PY = """
import socket
def run(port, control):
    orders = socket.create_connection(("127.0.0.1", control)).makefile("rwb", buffering=0)
    s = socket.create_connection(("127.0.0.1", port)); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    message = b"0123456789abcdef" * 4
    while order := orders.readline():
        n = int(order)
        while n > 0:
            n -= 1
            s.send(message)
            s.recv(64)
        orders.write(b"done")
    s.close()
def serve():
    l = socket.create_server(("127.0.0.1", 0)); print("port", l.getsockname()[1], flush=True)
    s = l.accept()[0]; s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := s.recv(64):
        s.send(data)
"""

STREAM_SGS = """
include "sockets", "string";
function run( port, control )
{
    var orders = socket_connect( "127.0.0.1", control );
    var s = socket_connect( "127.0.0.1", port );
    var block = string_repeat( "x", 1048576 );
    while( ( order = orders.recv_line() ) !== true )
    {
        var n = toint( order );
        while( n --> 0 )
            s.send_all( block );
        orders.send( "done" );
    }
    s.close();
}
function serve()
{
    var l = socket_listen( "127.0.0.1:0" ); println( "port ", l.local_address.port );
    var s = l.accept();
    while( s.recv_exact( 1048576 ) );
    s.close();
}
"""

# what a programmer who knows the socket module writes: nothing is quicker there (`recv_into` a kept buffer is not)
STREAM_PY = """
import socket
def run(port, control):
    orders = socket.create_connection(("127.0.0.1", control)).makefile("rwb", buffering=0)
    s = socket.create_connection(("127.0.0.1", port))
    block = b"x" * 1048576
    while order := orders.readline():
        n = int(order)
        while n > 0:
            n -= 1
            s.sendall(block)
        orders.write(b"done")
    s.close()
def serve():
    l = socket.create_server(("127.0.0.1", 0)); print("port", l.getsockname()[1], flush=True)
    s = l.accept()[0]
    while s.recv(1048576, socket.MSG_WAITALL):
        pass
"""

STREAM_PY_INTO = STREAM_PY.replace(
    """    while s.recv(1048576, socket.MSG_WAITALL):
        pass
""",
    """    view = memoryview(bytearray(1048576))
    got = 1
    while got:
        filled = 0
        while filled < 1048576 and (got := s.recv_into(view[filled:])):
            filled += got
""",
)

# over IPv4 as the Python servers, not for both families as the example is
ECHO_SGS = (ROOT / "examples" / "echo_threads.sgs").read_text()
ECHO_SGS = ECHO_SGS.replace("socket_listen( port,", 'socket_listen( "127.0.0.1:" .. port,')

ECHO_STREAMS = """
import asyncio
async def serve(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

ECHO_SELECTORS = """
import selectors, socket
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
selector = selectors.DefaultSelector()
def accept(listener, mask, state):
    while True:
        try:
            s, _ = listener.accept()
        except BlockingIOError:
            return
        s.setblocking(False)
        selector.register(s, READ, (serve, bytearray()))
def serve(s, mask, pending):
    if mask & READ:
        try:
            data = s.recv(4096)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            selector.unregister(s)
            s.close()
            return
        pending += data
    if pending:
        try:
            taken = s.send(pending)
        except BlockingIOError:
            taken = 0
        del pending[:taken]
        selector.modify(s, WRITE, (serve, pending)) if pending else None
    if mask & WRITE and not pending:
        selector.modify(s, READ, (serve, pending))
listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
listener.setblocking(False)
selector.register(listener, READ, (accept, None))
print("port", listener.getsockname()[1], flush=True)
while True:
    for key, mask in selector.select():
        function, state = key.data
        function(key.fileobj, mask, state)
"""

HTTP_SGS = r"""
include "sockets";
global ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world\n";
function serve( client )
{
    global ANSWER;
    while( true )
    {
        var head = client.recv_until( "\r\n\r\n" );
        if( head === true || head === false || !client.send_all( ANSWER ) )
            break;
    }
    client.close();
}
function accept_all( server )
{
    while( client = server.accept() )
        thread serve( client );
}
server = socket_listen( "127.0.0.1:0", { backlog = 4096 } );
println( "port ", server.local_address.port );
thread accept_all( server );
socket_run();
"""

HTTP_PROTOCOL = f"""
import asyncio
ANSWER = {HELLO!r}
class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.ahead = b""
    def data_received(self, data):
        ahead = self.ahead + data
        while (end := ahead.find(b"\\r\\n\\r\\n")) >= 0:
            ahead = ahead[end + 4:]
            self.transport.write(ANSWER)
        self.ahead = ahead
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0, backlog=4096)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


# --- processes --------------------------------------------------------------------------------------------------------


class Process:
    """A program of one of the two languages; `port` is what it announces, if it does."""

    def __init__(self, source: str, language: str, tail: str = "", processor: int | None = None) -> None:
        self.file = tempfile.NamedTemporaryFile("w", suffix="." + language)  # noqa: SIM115 - closed in `end`
        self.file.write(source + "\n" + tail + "\n")
        self.file.flush()
        command = [sys.executable, *(["-m", "interp"] if language == "sgs" else []), self.file.name]
        if language == "sgs":
            command += ["0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        if processor is not None:
            os.sched_setaffinity(self.process.pid, {processor})

    @property
    def port(self) -> int:
        assert self.process.stdout is not None
        found = re.search(rb"port (\d+)", self.process.stdout.readline())
        assert found is not None
        return int(found[1])

    def processor_time(self) -> int:
        """Nanoseconds it has run so far."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0])

    def memory(self) -> int:
        """Bytes of memory of its own."""
        found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def end(self, kill: bool = True) -> None:
        if kill:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.file.close()


class Figure:
    """The result of one comparison: ratios by the clock and by processor time."""

    def __init__(self, name: str, target: float, clock: list[float], cpu: list[float], note: str = "") -> None:
        self.name, self.target, self.note = name, target, note
        self.clock, self.cpu = statistics.median(clock), statistics.median(cpu)
        self.spread = f"{min(cpu):.2f}-{max(cpu):.2f}"

    def __str__(self) -> str:
        return (
            f"{self.name:44} target {self.target:4.2f}   clock {self.clock:5.3f}   cpu {self.cpu:5.3f} ({self.spread})"
            f"   {self.note}"
        )


def compare(
    ours: Callable[[], tuple[float, float]], theirs: Callable[[], tuple[float, float]], pairs: int
) -> tuple[list[float], list[float], str]:
    """Runs the two sides in turn; each gives ( seconds, processor seconds ) per unit of work."""
    clock, cpu = [], []
    last: dict[str, tuple[float, float]] = {}
    for pair in range(pairs):
        sides = {"ours": ours, "theirs": theirs}
        for name in sorted(sides, reverse=bool(pair % 2)):
            last[name] = sides[name]()
        clock.append(last["theirs"][0] / last["ours"][0])
        cpu.append(last["theirs"][1] / last["ours"][1])
    return clock, cpu, f"last: {last['ours'][1] * 1e6:.1f} µs cpu against {last['theirs'][1] * 1e6:.1f}"


# --- client and server of one language against each other -------------------------------------------------------------


class Duel:
    """A server and a client of one language that stay; each call has the client run some rounds."""

    def __init__(self, source: str, language: str, rounds: int, processor: int | None) -> None:
        self.rounds = rounds
        end = ";" if language == "sgs" else ""
        self.server = Process(source, language, "serve()" + end, processor)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            control = listener.getsockname()[1]
            self.client = Process(source, language, f"run({self.server.port}, {control})" + end, processor)
            self.orders = listener.accept()[0]
        self()

    def __call__(self) -> tuple[float, float]:
        """Seconds and processor seconds of both processes for a round."""
        spent, began = self.client.processor_time() + self.server.processor_time(), time.perf_counter()
        self.orders.sendall(b"%d\n" % self.rounds)
        if self.orders.recv(4, socket.MSG_WAITALL) != b"done":
            raise SystemExit("the client failed")
        clock = time.perf_counter() - began
        spent = self.client.processor_time() + self.server.processor_time() - spent
        return clock / self.rounds, spent / self.rounds / 1e9

    def end(self) -> None:
        self.orders.close()
        self.client.end(kill=False)
        self.server.end(kill=False)


def duel(
    name: str, target: float, ours: str, theirs: str, rounds: int, pairs: int, processor: int | None = None
) -> Figure:
    """Compares a program of ours with one of Python's in many short turns.

    processor   where client and server of both run, None for where the system puts them
    """
    sides = Duel(ours, "sgs", rounds, processor), Duel(theirs, "py", rounds, processor)
    figure = Figure(name, target, *compare(*sides, pairs))
    for side in sides:
        side.end()
    return figure


def bench_pingpong(pairs: int) -> Iterator[Figure]:
    """64 bytes there and back on one connection, both ends in the same language."""
    # on one processor: between two a round trip costs what waking an idle one does, in turns four times as much or not
    processor = min(os.sched_getaffinity(0))
    yield duel("ping-pong of 64 bytes / Python socket", 0.95, PINGPONG_SGS, PINGPONG_PY, 1000, 20 * pairs, processor)


def bench_stream(pairs: int) -> Iterator[Figure]:
    """Blocks of 1 MiB in one direction, both ends in the same language."""
    yield duel("1 MiB send_all/recv_exact / recv, MSG_WAITALL", 0.97, STREAM_SGS, STREAM_PY, 30, 5 * pairs)
    yield duel("1 MiB send_all/recv_exact / recv_into", 0.97, STREAM_SGS, STREAM_PY_INTO, 30, 5 * pairs)


# --- servers under the same load --------------------------------------------------------------------------------------


def load(connections: list[socket.socket], seconds: float) -> int:
    """Messages of 64 bytes there and back on all connections at once; how many."""
    message = bytes(range(64))
    by_fd = {connection.fileno(): connection for connection in connections}
    count = 0
    with select.epoll() as epoll:
        for fd in by_fd:
            epoll.register(fd, select.EPOLLIN)
        for connection in connections:
            connection.send(message)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for fd, _ in epoll.poll():
                connection = by_fd[fd]
                if connection.recv(64) != message:
                    raise SystemExit("wrong bytes")
                connection.send(message)
                count += 1
        for connection in connections:
            connection.recv(64)
    return count


class Loaded:
    """A server with its connections; each call loads it for some seconds.

    processor   where the server runs, None for where the system puts it
    """

    def __init__(
        self, source: str, language: str, count: int, idle: int = 0, seconds: float = 0.5, processor: int | None = None
    ) -> None:
        self.seconds = seconds
        self.process = Process(source, language, processor=processor)
        port = self.process.port
        self.connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        self.idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(idle)]
        for connection in self.connections + self.idle:
            connection.send(b"x")
        for connection in self.connections + self.idle:
            connection.recv(1)

    def __call__(self) -> tuple[float, float]:
        spent, began = self.process.processor_time(), time.perf_counter()
        count = load(self.connections, self.seconds)
        return (time.perf_counter() - began) / count, (self.process.processor_time() - spent) / count / 1e9

    def end(self) -> None:
        self.process.end()
        for connection in self.connections + self.idle:
            connection.close()


def bench_echo(pairs: int) -> Iterator[Figure]:
    """The echo server with 1,000 active connections."""
    # server and load on a processor each: on one, how often an answer interrupts the server is the scheduler's whim
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, processors[1:] or processors)
    try:
        yield from echo(pairs, processors[0])
    finally:
        os.sched_setaffinity(0, processors)


def echo(pairs: int, processor: int) -> Iterator[Figure]:
    """The comparisons of the echo server."""
    ours = Loaded(ECHO_SGS, "sgs", 1000, processor=processor)
    for name, source, target in (("asyncio streams", ECHO_STREAMS, 1.5), ("selectors loop", ECHO_SELECTORS, 0.7)):
        theirs = Loaded(source, "py", 1000, processor=processor)
        yield Figure(f"echo, 1,000 connections / {name}", target, *compare(ours, theirs, pairs))
        theirs.end()
    ours.end()


def bench_idle(pairs: int) -> Iterator[Figure]:
    """100 active connections with 10,000 idle ones beside them, against 100 with 100 idle ones."""
    # a difference this small drowns in what else the machine does, unless the turns are short and many
    many, few = Loaded(ECHO_SGS, "sgs", 100, 10_000, 0.1), Loaded(ECHO_SGS, "sgs", 100, 100, 0.1)
    yield Figure("100 active beside 10,000 idle / beside 100", 0.95, *compare(many, few, 10 * pairs))
    many.end()
    few.end()


# --- HTTP -------------------------------------------------------------------------------------------------------------


class Web:
    """A web server under `wrk`."""

    def __init__(self, source: str, language: str) -> None:
        self.process = Process(source, language)
        self.port = self.process.port

    def __call__(self) -> tuple[float, float]:
        spent = self.process.processor_time()
        command = ["wrk", "-t1", "-c64", "-d1", f"http://127.0.0.1:{self.port}/"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = re.search(r"(\d+) requests in ([\d.]+)(m?s)", text)
        if found is None or "Socket errors" in text or "Non-2xx" in text:
            raise SystemExit(text)
        count = int(found[1])
        seconds = float(found[2]) / (1000 if found[3] == "ms" else 1)
        return seconds / count, (self.process.processor_time() - spent) / count / 1e9


def bench_http(pairs: int) -> Iterator[Figure]:
    """Hello world over 64 kept connections."""
    if shutil.which("wrk") is None:
        print("wrk is not installed: no figures for HTTP")
        return
    ours, theirs = Web(HTTP_SGS, "sgs"), Web(HTTP_PROTOCOL, "py")
    yield Figure("HTTP hello world (wrk) / asyncio protocol", 0.7, *compare(ours, theirs, pairs))
    ours.process.end()
    theirs.process.end()


BENCHES = {
    "pingpong": bench_pingpong,
    "stream": bench_stream,
    "echo": bench_echo,
    "idle": bench_idle,
    "http": bench_http,
}


def main() -> None:
    """Runs the chosen comparisons and prints their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", default=",".join(BENCHES), help="a comma-separated list of: %(default)s")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for name in options.only.split(","):
        for figure in BENCHES[name](options.pairs):
            print(figure, flush=True)


if __name__ == "__main__":
    main()
