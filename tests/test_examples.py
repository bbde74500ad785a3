"""Every example is a program that says how it is run, compiles, and - the servers - runs that way as a command.

What each of them does is tested next to the library it shows (`tests/sockets/test_examples.py`).
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from interp.compiler.pipeline import compile_unit

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.sgs"))


def header(script: Path) -> str:
    """The comment lines at the top."""
    lines = script.read_text().splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("//"))
    return "\n".join(lines[:end])


SERVERS = [script for script in SCRIPTS if f"sgs {script.name} [PORT" in header(script)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_header_and_code(script: Path) -> None:
    top = header(script)
    assert f"//   sgs {script.name}" in top or "Not a program of its own" in top
    compile_unit(script.read_bytes(), script.name)


@pytest.mark.parametrize("script", SERVERS, ids=lambda script: script.name)
def test_servers_announce_their_port_and_end_on_ctrl_c(script: Path) -> None:
    """The port appears at once although standard output is a pipe: what was printed is written before a wait."""
    with subprocess.Popen(
        [sys.executable, "-m", "interp", str(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None and server.stderr is not None
        try:
            announced = re.fullmatch(r"listening on port (\d+)\n", server.stdout.readline())
            assert announced is not None
            if "Datagrams" not in header(script):
                socket.create_connection(("127.0.0.1", int(announced[1])), 10).close()
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=10) == 130
            assert server.stderr.read().endswith("Interrupted\n")
        finally:
            server.kill()


def test_there_are_servers() -> None:
    assert len(SERVERS) >= 3
