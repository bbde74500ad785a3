"""The README's commands and programs do what it says, and what it names exists."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from interp.library import TYPES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def block(start: str) -> str:
    """The fenced block whose text begins so."""
    return next(text for _, text in BLOCKS if text.startswith(start))


def sections(text: str) -> list[tuple[str, str]]:
    """The commands of a console block with what each prints."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)


COMMANDS = [
    section
    for kind, text in BLOCKS
    if kind == "console"
    for section in sections(text)
    if not section[0].startswith("make")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the README's scripts and a `.venv/bin/sgs`."""
    command = tmp_path / ".venv" / "bin" / "sgs"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m interp "$@"\n')
    command.chmod(0o755)
    for name, text in re.findall(r"^`(\w+\.sgs)`:\n\n```sgs\n(.*?)```", README, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(("command", "printed"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_command(command: str, printed: str, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    pattern = re.escape(printed).replace("…", ".*")
    assert re.fullmatch(pattern, done.stdout), done.stdout


def test_demo_prints_that() -> None:
    (_, printed) = sections(block("$ make demo"))[0]
    done = subprocess.run([sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, timeout=50)

    def plain(text: str) -> list[str]:
        return sorted(re.sub(r"\d{4,5}$", "PORT", line) for line in text.splitlines())

    assert plain(done.stdout) == plain(printed)


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_make_targets_exist() -> None:
    commands = [line.split("#")[0].strip() for line in block("make test").splitlines()]
    for command in [*commands, "make demo"]:
        subprocess.run(command.replace("make", "make -n", 1), shell=True, cwd=ROOT, check=True, capture_output=True)


def test_embedding(capfd: pytest.CaptureFixture[str]) -> None:
    program = block("from interp")
    exec(compile(program, "README.md", "exec"), {})
    printed = re.findall(r"print\(.*\)  # (.*)", program)
    assert printed
    assert capfd.readouterr().out.splitlines() == printed


def test_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "server.sgs").write_text(block('include "sockets"').replace("8080", str(port)))
    with subprocess.Popen(
        [sys.executable, "-m", "interp", "server.sgs"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    idle = socket.create_connection(("127.0.0.1", port), 10)
                    break
                except ConnectionRefusedError:
                    assert time.monotonic() < deadline and server.poll() is None
                    time.sleep(0.02)
            with idle, socket.create_connection(("127.0.0.1", port), 10) as client:
                client.sendall(b"echo this\n")
                assert client.recv(100) == b"echo this\n"
                assert server.stderr.readline().startswith("connection from 127.0.0.1:")
        finally:
            server.kill()


def test_names_in_the_tables_exist() -> None:
    sockets = import_module("sockets_module").library
    members = {key.decode() for cls in TYPES.values() for key in getattr(cls, "members", {})}
    known = {*sockets.functions, *members, "clone"}
    part = README[README.index("| GSocket") : README.index("## Limits")]
    rows = [row.split("|")[2] for row in part.splitlines() if row.startswith("| ")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(named) > 40
    assert [name for name in named if name not in known] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_rooms_exist() -> None:
    rooms = re.findall(r"^\| `([\w/]+(?:\.py)?)` \|", README, re.MULTILINE)
    assert [room for room in rooms if not (ROOT / room).exists()] == []
    assert importlib.util.find_spec("interp") is not None
