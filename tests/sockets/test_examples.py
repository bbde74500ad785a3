"""The example scripts, each as a program in an engine of its own."""

from __future__ import annotations

import io
import re
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interp.errors import ScriptError

from .conftest import make_engine

EXAMPLES = Path(__file__).parents[2] / "examples"


class Output(io.BytesIO):
    """Standard output of a server: knows when the port has been announced."""

    def __init__(self) -> None:
        super().__init__()
        self.announced = threading.Event()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        count = super().write(data)
        if b"listening on port" in self.getvalue() and self.getvalue().endswith(b"\n"):
            self.announced.set()
        return count

    @property
    def port(self) -> int:
        assert self.announced.wait(20), self.getvalue()
        return int(re.search(rb"listening on port (\d+)", self.getvalue())[1])  # type: ignore[index]


def play(name: str, *args: object, stdin: bytes = b"", stdout: io.BytesIO | None = None) -> tuple[str, str]:
    """Runs an example to its end; what it printed and its messages."""
    out, err = stdout or io.BytesIO(), io.BytesIO()
    with make_engine(stdin=io.BytesIO(stdin), stdout=out, stderr=err, include_paths=(str(EXAMPLES),)) as engine:
        engine.run_file(str(EXAMPLES / name), args=[str(arg) for arg in args])
    return out.getvalue().decode(), err.getvalue().decode()


@contextmanager
def server(name: str, *args: object) -> Iterator[Output]:
    """An example server in an OS thread; waits for its end, which its count of connections brings."""
    out = Output()
    results: list[tuple[str, str]] = []
    runner = threading.Thread(target=lambda: results.append(play(name, 0, *args, stdout=out)))
    runner.start()
    yield out
    runner.join(20)
    assert results and results[0][1] == "", results


def ask(port: int, data: bytes, host: str = "127.0.0.1") -> bytes:
    """Sends and closes one direction, then receives to the end."""
    with socket.create_connection((host, port), 10) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while part := s.recv(65536):
            answer += part
        return answer


def test_echo_server_and_client() -> None:
    with server("echo_server.sgs", 2) as out:
        assert play("echo_client.sgs", out.port, "one", "two")[0] == "one\ntwo\n"
        assert play("echo_client.sgs", out.port, stdin=b"three\nfour\n")[0] == "three\nfour\n"
    assert out.getvalue().count(b"+ 127.0.0.1:") == out.getvalue().count(b"- 127.0.0.1:") == 2


def test_udp_echo() -> None:
    with server("udp_echo.sgs", 2) as out:
        assert play("udp_echo.sgs", out.port, 1, "hello")[0] == f"hello from 127.0.0.1:{out.port}\n"
        assert play("udp_echo.sgs", out.port, 1, "")[0].startswith(" from 127.0.0.1")


def test_chat_server() -> None:
    with server("chat_server.sgs", 2) as out:
        ann, bob = (socket.create_connection(("127.0.0.1", out.port), 10) for _ in range(2))
        with ann, bob, ann.makefile("rb") as heard_by_ann, bob.makefile("rb") as heard_by_bob:
            assert heard_by_ann.readline().endswith(b"is here\n")
            ann.sendall(b"hello\nagain\n")
            assert heard_by_bob.readline().endswith(b": hello\n")
            assert heard_by_bob.readline().endswith(b": again\n")
            bob.sendall(b"hi\n")
            assert heard_by_ann.readline().endswith(b": hi\n")
            bob.close()
            heard_by_bob.close()
            assert heard_by_ann.readline().endswith(b"has left\n")


def test_half_a_line_in_a_chat_is_waited_for_asleep() -> None:
    with server("chat_server.sgs", 2) as out:
        ann, bob = (socket.create_connection(("127.0.0.1", out.port), 10) for _ in range(2))
        with ann, bob, ann.makefile("rb") as heard:
            assert heard.readline().endswith(b"is here\n")
            bob.sendall(b"one\r\nand a ha")
            assert heard.readline().endswith(b": one\n")
            before = resource.getrusage(resource.RUSAGE_SELF)
            time.sleep(0.5)
            after = resource.getrusage(resource.RUSAGE_SELF)
            assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
            bob.sendall(b"lf\n")
            assert heard.readline().endswith(b": and a half\n")


@pytest.mark.parametrize(
    "name", ["echo_client.sgs", "http_get.sgs", "https_get.sgs", "lookup.sgs", "starttls_mail.sgs", "tls_echo.sgs"]
)
def test_called_without_arguments_it_says_how(name: str) -> None:
    with pytest.raises(ScriptError, match=rf"^usage: sgs {name} [A-Z]"):
        play(name)


def test_web_servers_and_client(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"<p>hello</p>\n")
    (tmp_path / "large").write_bytes(bytes(range(256)) * 5000)
    for name in ("http_server.sgs", "http_threads.sgs"):
        with server(name, 5, tmp_path) as out:
            out_text, err_text = play("http_get.sgs", "localhost", "/", out.port)
            assert out_text == "<p>hello</p>\n"
            assert "HTTP/1.1 200 OK" in err_text and "text/html" in err_text
            answer = ask(
                out.port, b"GET /large HTTP/1.1\r\n\r\nGET /index.html?x HTTP/1.1\r\nConnection: close\r\n\r\n"
            )
            assert answer.count(b"HTTP/1.1 200 OK") == 2 and bytes(range(256)) * 5000 in answer
            assert b"404" in ask(out.port, b"GET /../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert b"400" in ask(out.port, b"nonsense\r\n\r\n")
            assert b"405" in ask(out.port, b"PUT / HTTP/1.1\r\nConnection: close\r\n\r\n")


def test_chunked_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, chunked!\r\n0\r\n\r\n"
                )

        thread = threading.Thread(target=serve)
        thread.start()
        assert play("http_get.sgs", "127.0.0.1", "/", listener.getsockname()[1])[0] == "hello, chunked!"
        thread.join()


def test_lookup() -> None:
    assert "IPv4 127.0.0.1 port 80" in play("lookup.sgs", "127.0.0.1", "80")[0]


def test_echo_threads() -> None:
    with server("echo_threads.sgs", 50) as out:
        clients = [socket.create_connection(("127.0.0.1", out.port), 10) for _ in range(50)]
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number)
        for number, client in reversed(list(enumerate(clients))):
            with client:
                assert client.recv(100) == b"%d" % number


def test_supervised_server() -> None:
    out = Output()
    results: list[tuple[str, str]] = []
    runner = threading.Thread(target=lambda: results.append(play("supervised_server.sgs", 0, stdout=out)))
    runner.start()
    assert ask(out.port, b"upper hello\nnonsense\n") == b"HELLO\nunknown command\n"
    assert ask(out.port, b"fail\nupper x\n") == b""
    with socket.create_connection(("127.0.0.1", out.port), 10) as slow:
        slow.sendall(b"slow\n")
        assert ask(out.port, b"stop\n") == b"stopping\n"
        assert slow.recv(100) == b"done\n"
    runner.join(20)
    assert results[0][0].endswith("served 3 requests, 1 connections failed\n"), results
    assert "Error: this connection fails" in results[0][1]
