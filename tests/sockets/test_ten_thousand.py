"""Ten thousand connections to the straight-line echo server of `examples/`, a thread for each (chapter 11 section 4).

Rule of this file: the server is a process of its own, looked at from outside (`/proc`), so that what is measured is the
server's and nothing else's. `-s` prints the figures; a longer paired measurement is in `benchmarks/sockets.py`.
"""

from __future__ import annotations

import os
import re
import resource
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANY, ACTIVE = 10_000, 100
SPARE = 200  # descriptors for everything else
PAIRS, SECONDS = 7, 0.15

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="looks at processes in /proc")


class Server:
    """The echo server; ends by itself after `count` connections."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, "-m", "interp", "examples/echo_threads.sgs", "0", str(count)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        found = re.search(rb"listening on port (\d+)", self.process.stdout.readline())
        assert found
        self.port = int(found[1])

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def memory(self) -> int:
        """Bytes of memory of its own."""
        found = re.search(r"RssAnon:\s+(\d+)", self._proc("status"))
        assert found
        return int(found[1]) * 1024

    def processor_time(self) -> int:
        """Nanoseconds it has run."""
        return int(self._proc("schedstat").split()[0])

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect(self, count: int) -> list[socket.socket]:
        return [socket.create_connection(("127.0.0.1", self.port), 20) for _ in range(count)]

    def wait_for_descriptors(self, count: int) -> None:
        end = time.monotonic() + 10
        while self.descriptors() != count:
            assert time.monotonic() < end, (self.descriptors(), count)
            time.sleep(0.01)


@contextmanager
def descriptors_for(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"the system allows {hard} descriptors, this takes {count}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def running(count: int) -> Iterator[Server]:
    server = Server(count)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


def exchange(connections: list[socket.socket], text: str) -> None:
    """One message on every connection, each a different one, all sent before any is received."""
    messages = [f"{text} {number} ".encode() * (1 + number % 7) for number in range(len(connections))]
    for connection, message in zip(connections, messages, strict=True):
        connection.sendall(message)
    for connection, message in zip(connections, messages, strict=True):
        answer = b""
        while len(answer) < len(message):
            part = connection.recv(4096)
            assert part
            answer += part
        assert answer == message


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
                assert connection.recv(64) == message
                connection.send(message)
                count += 1
        for connection in connections:
            assert connection.recv(64) == message
    return count


def test_ten_thousand_connections(capsys: pytest.CaptureFixture[str]) -> None:
    with descriptors_for(MANY + 2 * ACTIVE + SPARE), running(MANY) as server, running(2 * ACTIVE) as small:
        base = server.descriptors()
        crowd = server.connect(ACTIVE)
        exchange(crowd, "warm")
        memory, count = server.memory(), len(crowd)
        crowd += server.connect(MANY - ACTIVE)
        for text in ("one", "two", "three"):
            exchange(crowd, text)
        # the listening socket is closed after the last connection
        server.wait_for_descriptors(base - 1 + MANY)
        each = (server.memory() - memory) / (MANY - count)

        companions = small.connect(2 * ACTIVE)
        exchange(companions, "small")
        sides = {
            "few": (small, companions[:ACTIVE]),
            "many": (server, crowd[:ACTIVE]),
        }
        rates: list[float] = []
        costs: list[float] = []
        for pair in range(PAIRS):
            rate: dict[str, float] = {}
            cost: dict[str, float] = {}
            for name in sorted(sides, reverse=bool(pair % 2)):
                side, connections = sides[name]
                spent, began = side.processor_time(), time.perf_counter()
                messages = load(connections, SECONDS)
                rate[name] = messages / (time.perf_counter() - began)
                cost[name] = (side.processor_time() - spent) / messages
            rates.append(rate["many"] / rate["few"])
            costs.append(cost["few"] / cost["many"])
        exchange(crowd, "last")
        with capsys.disabled():
            print(
                f"\n{MANY} connections: {each / 1024:.1f} KiB each; {ACTIVE} active beside {MANY - ACTIVE} idle ones"
                f" against {ACTIVE} alone: {statistics.median(rates):.3f} of the messages a second,"
                f" {statistics.median(costs):.3f} by processor time"
            )
        assert each < 16 * 1024
        # 0.95 on a quiet machine; here other processes take their part of both
        assert statistics.median(costs) > 0.85
        for connection in crowd[ACTIVE:]:
            connection.close()
        server.wait_for_descriptors(base - 1 + ACTIVE)
        exchange(crowd[:ACTIVE], "alone")
        for connection in crowd[:ACTIVE] + companions:
            connection.close()
        assert server.process.wait(20) == 0
        assert small.process.wait(20) == 0
