"""Scripts against real loopback sockets: no fixed ports, no sleeps where a condition can be waited for."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import gc
import io
import os
import textwrap
from collections.abc import Callable, Iterator

import pytest

from interp.engine import Engine, Limits

from .programs import Certificates

# On the first line with the script's own first line, so that line numbers in messages are those of the test.
PRELUDE = (
    'include "sockets"; '
    'function LISTEN(){ return socket_listen( "127.0.0.1:0" ); } '
    "function PAIR(){ var l = LISTEN(); var c = socket_connect( l.local_address ); var p = l.accept(); return [ c, p ]; } "
    'function UDP(){ var s = socket_udp(); s.bind( socket_address( AF_INET, "127.0.0.1", 0 ) ); return s; } '
    "function ERR(){ return socket_error( true ); } "
)

Run = Callable[..., tuple[str, str]]


def make_engine(**settings: object) -> Engine:
    """An engine with every library and the whole network."""
    chosen: dict[str, object] = {"libraries": ("string", "math", "io", "os", "sockets"), "network": True}
    chosen.update(settings)
    chosen.setdefault("limits", Limits.none())
    return Engine(**chosen)  # type: ignore[arg-type]


@pytest.fixture
def run() -> Run:
    """Runs a script with the prelude; gives what it printed and its messages, as text."""

    def run_script(source: str, *args: str, **settings: object) -> tuple[str, str]:
        out, err = io.BytesIO(), io.BytesIO()
        with make_engine(stdout=out, stderr=err, **settings) as engine:
            engine.run(PRELUDE + textwrap.dedent(source).strip("\n"), name="test.sgs", args=args)
        return out.getvalue().decode("latin-1"), err.getvalue().decode("latin-1")

    return run_script


@pytest.fixture
def check(run: Run) -> Callable[..., None]:
    """Runs a script and compares its lines, and its Warnings and Errors without their traces."""

    def check_script(source: str, expected: str = "", *messages: str, **settings: object) -> None:
        out, err = run(source, **settings)
        found = [line for line in err.splitlines() if line.startswith(("Warning: ", "Error: ", "Info: "))]
        wanted = [line if line.startswith("Error: ") else f"Warning: {line}" for line in messages]
        assert [line.strip() for line in out.splitlines()] == textwrap.dedent(expected).strip().splitlines(), err
        assert found == wanted

    return check_script


def open_descriptors() -> int:
    """How many descriptors this process has."""
    return len(os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"))


@pytest.fixture(autouse=True)
def no_descriptor_is_left_open() -> Iterator[None]:
    """Every test must end with the descriptors it began with."""
    gc.collect()
    before = open_descriptors()
    yield
    if open_descriptors() != before:
        gc.collect()
    assert open_descriptors() == before


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, and good and bad certificates."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
