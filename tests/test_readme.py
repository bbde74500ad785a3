"""The README's programs do what it says."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()


def block(start: str) -> str:
    """The fenced block whose text begins so."""
    return next(text for text in re.findall(r"```\w*\n(.*?)```", README, re.DOTALL) if text.startswith(start))


def test_embedding(capfd: pytest.CaptureFixture[str]) -> None:
    program = block("from interp")
    exec(compile(program, "README.md", "exec"), {})
    printed = re.findall(r"print\(.*\)  # (.*)", program)
    assert printed
    assert capfd.readouterr().out.splitlines() == printed


def test_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "hello.sgs").write_text(block('include "sockets"').replace("8080", str(port)))
    with subprocess.Popen(
        [sys.executable, "-m", "interp", "hello.sgs"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    client = socket.create_connection(("127.0.0.1", port), 10)
                    break
                except ConnectionRefusedError:
                    assert time.monotonic() < deadline and server.poll() is None
                    time.sleep(0.02)
            with client:
                client.sendall(b"echo this")
                assert client.recv(100) == b"echo this"
                assert server.stderr.readline().startswith("connection from 127.0.0.1:")
        finally:
            server.kill()
