"""The supervised example server as a process: signals, draining, the cap, slow clients, several processes (chapter 11).

Rule of this file: each test is one sentence of chapter 11 section 4 or of the example's own first lines.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOST = """
import signal, sys
from interp.engine import Engine, Limits

engine = Engine(libraries=("sockets", "string"), network=True, limits=Limits.none(), include_paths=("examples",))

@engine.function
def on_signal(closing):
    cancellable = engine.to_script(closing)
    signal.signal(signal.SIGTERM, lambda number, frame: cancellable.cancel())

with engine:
    engine.run_file("examples/supervised_server.sgs", args=sys.argv[1:])
"""


class Server:
    """The server in a process of its own."""

    def __init__(self, *args: object, host: bool = False, descriptors: int = 0) -> None:
        program = ["-c", HOST] if host else ["-m", "interp", "examples/supervised_server.sgs"]
        command = [sys.executable, *program, *map(str, args)]
        if descriptors:
            command = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"listening on port (\d+)", line)
        assert found, (line, self.process.communicate())
        self.port = int(found[1])

    def client(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def end(self) -> str:
        """Waits for the end; what was printed."""
        out, err = self.process.communicate(timeout=20)
        assert (self.process.returncode, err) == (0, "")
        return out


@contextmanager
def server(*args: object, host: bool = False, descriptors: int = 0) -> Iterator[Server]:
    made = Server(*args, host=host, descriptors=descriptors)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate()


def ask(client: socket.socket, line: str) -> bytes:
    client.sendall(line.encode() + b"\n")
    return client.recv(100)


def test_a_signal_stops_accepting_and_lets_the_rest_finish() -> None:
    with server(0, -1, 100, 10, 5, host=True) as running, running.client() as busy:
        assert ask(busy, "upper before") == b"BEFORE\n"
        busy.sendall(b"slow\n")
        time.sleep(0.1)  # the command has begun
        running.process.send_signal(signal.SIGTERM)
        assert busy.recv(100) == b"done\n"
        with pytest.raises(OSError):
            running.client().close()
        # still served while the deadline has not passed
        assert ask(busy, "upper after") == b"AFTER\n"
        busy.close()
        assert running.end().endswith("served 3 requests, 0 connections failed\n")


def test_draining_has_a_deadline() -> None:
    with server(0, -1, 100, 60, 0.2) as running, running.client() as silent, running.client() as other:
        assert ask(silent, "upper x") == b"X\n"
        began = time.monotonic()
        assert ask(other, "stop") == b"stopping\n"
        assert running.end() == "1 connections cut off\nserved 1 requests, 0 connections failed\n"
        assert 0.15 < time.monotonic() - began < 10
        assert silent.recv(10) == b""


def test_no_more_connections_than_the_limit() -> None:
    with server(0, -1, 2) as running:
        first, second, third = (running.client() for _ in range(3))
        with first, second, third:
            assert ask(first, "upper a") == b"A\n" and ask(second, "upper b") == b"B\n"
            third.sendall(b"upper c\n")
            third.settimeout(0.2)
            with pytest.raises(TimeoutError):
                third.recv(100)
            first.close()
            third.settimeout(10)
            assert third.recv(100) == b"C\n"


def test_silent_and_slow_clients_are_dropped() -> None:
    with server(0, 2, 100, 0.1) as running:
        with running.client() as silent, running.client() as slow:
            assert ask(slow, "upper x") == b"X\n"
            slow.sendall(b"upper and no end")
            assert silent.recv(10) == b"" and slow.recv(10) == b""
        assert running.end().endswith("served 1 requests, 0 connections failed\n")


def test_a_server_out_of_descriptors_goes_on_when_it_has_some_again() -> None:
    with server(0, -1, 100, 60, 0, descriptors=24) as running:
        clients = [running.client() for _ in range(40)]
        try:
            assert ask(clients[0], "upper a") == b"A\n"
            clients[-1].settimeout(0.2)
            clients[-1].sendall(b"upper z\n")
            with pytest.raises(TimeoutError):
                clients[-1].recv(100)
            for client in clients[:-1]:
                client.close()
            clients[-1].settimeout(10)
            assert clients[-1].recv(100) == b"Z\n"
            assert ask(clients[-1], "stop") == b"stopping\n"
        finally:
            for client in clients:
                client.close()
        running.end()


def test_several_processes_share_a_port() -> None:
    with server(0, -1, 100, 10, 2, 1) as one, server(one.port, -1, 100, 10, 2, 1) as two:
        assert one.port == two.port
        for _ in range(40):
            with one.client() as client:
                assert ask(client, "upper x") == b"X\n"
        # each stops whoever gets it; the other takes all that come after
        for running in (one, two):
            with running.client() as client:
                assert ask(client, "stop") == b"stopping\n"
            while all(each.process.poll() is None for each in (one, two)):
                time.sleep(0.01)
        served = [int(found[1]) for each in (one, two) if (found := re.search(r"served (\d+) requests", each.end()))]
        # the system spreads them by chance: that one gets all is as likely as 40 coins with one side up
        assert sum(served) == 40 and min(served) > 0
