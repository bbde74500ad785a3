"""Every step of a connect, stuck: what ends it, what is told, and what is left (chapter 11 section 6)."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from interp.engine import Limits
from interp.errors import ScriptInterrupted
from sockets_module.network.system import SystemNetwork

from .conftest import PRELUDE, make_engine
from .test_client import EVENTS

STEPS = ["resolve", "connect", "proxy", "tls"]
TOLD = {
    "resolve": "RESOLVING",
    "connect": "RESOLVING RESOLVED CONNECTING+",
    "proxy": "RESOLVING RESOLVED CONNECTING+ CONNECTED+ PROXY_NEGOTIATING+",
    "tls": "RESOLVING RESOLVED CONNECTING+ CONNECTED+ TLS_HANDSHAKING+",
}


class Stuck(SystemNetwork):
    """The system, on which one name is never resolved before the test ends."""

    __slots__ = ("release",)

    def __init__(self) -> None:
        self.release = threading.Event()

    def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
        if host == b"stuck.test":
            self.release.wait(20)
            host = b"127.0.0.1"
        return super().getaddrinfo(host, service, family, kind, protocol, flags)


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """A port where connections are accepted by the system and by nobody else."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def full() -> Iterator[int]:
    """A port where the system drops what is sent to it."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextlib.contextmanager
def stuck(step: str) -> Iterator[tuple[Any, str]]:
    """An engine's network and what makes a script's client `c` get stuck: CONNECT is then a call that does."""
    network = Stuck()
    with full() if step == "connect" else silent() as port:
        host = "stuck.test" if step == "resolve" else "127.0.0.1"
        proxy = f"http://127.0.0.1:{port}" if step == "proxy" else "direct://"
        settings = f'c.tls = {"true" if step == "tls" else "false"}; c.proxy_resolver = function( uri ){{ return [ "{proxy}" ]; }};'
        options = f'{{ tls = {"true" if step == "tls" else "false"}, proxy = "{proxy}", timeout = 0.1 }}'
        script = f"""{EVENTS}
            global c = socket_client(); c.on_event = told; {settings}
            function CONNECT(){{ return c.connect_to_host( "{host}", {port} ); }}
            function SHORT(){{ return socket_connect( "{host}", {port}, {options} ); }}
        """
        try:
            yield network, script
        finally:
            network.release.set()
            deadline = time.monotonic() + 5
            while any(thread.name == "sockets-lookup" for thread in threading.enumerate()):
                assert time.monotonic() < deadline
                time.sleep(0.005)


def ask(network: Any, script: str) -> list[str]:
    out, err = io.BytesIO(), io.BytesIO()
    with make_engine(network=network, stdout=out, stderr=err, limits=Limits.none()) as engine:
        engine.run(PRELUDE + script, name="test.sgs")
    assert err.getvalue() == b""
    return [line.strip() for line in out.getvalue().decode().splitlines()]


@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_time_runs_out(step: str, thread: bool) -> None:
    """By the client's `timeout`, by the option of `socket_connect`; other threads go on meanwhile."""
    body = "c.timeout = 0.1; println( CONNECT(), ERR() ); TELL(); println( SHORT(), ERR() );"
    if thread:
        body = f"global N = 0; thread (function(){{ {body} global N = null; }})(); thread (function(){{ global N; while( N !== null ){{ N++; yield( 0.01 ); }} }})(); println( socket_run() );"
    with stuck(step) as (network, script):
        begin = time.monotonic()
        lines = ask(network, script + body)
        assert 0.2 <= time.monotonic() - begin < 2
    assert lines[:3] == ["nullConnection timed out", TOLD[step] + " COMPLETE", "nullConnection timed out"]


@pytest.mark.parametrize("step", STEPS)
def test_aborted(step: str) -> None:
    with stuck(step) as (network, script):
        lines = ask(
            network,
            script
            + 't = thread (function(){ CONNECT(); println( "never" ); })(); socket_run( 0.05 ); abort( t ); println( socket_run( 1 ) ); TELL();',
        )
    assert lines == ["0", TOLD[step] + " COMPLETE"]


@pytest.mark.parametrize("step", STEPS[1:])
@pytest.mark.parametrize("way", ["S.cancellable.cancel()", "S.close()", "S.timeout_after = 0.01"])
def test_ended_through_the_socket(step: str, way: str) -> None:
    """The socket of an attempt is told with CONNECTING: a script can cancel or close it later."""
    if way.startswith("S.timeout"):
        wanted, way = "Connection timed out", "S.timeout = 0.1"
        if step == "connect":
            pytest.skip("the attempt has its limit from the client")
    else:
        wanted = "Operation canceled" if "cancel" in way else "Bad file descriptor"
    with stuck(step) as (network, script):
        lines = ask(
            network,
            script
            + f"""
            c.on_event = function( e, w, s ){{ told( e, w, s ); if( e == SOCKET_CLIENT_CONNECTING ){{ global S = s; s.cancellable = socket_cancellable(); }}{" if( e == SOCKET_CLIENT_CONNECTED ) " + way + ";" if "timeout" in way else ""} }};
            thread (function(){{ println( CONNECT(), ERR() ); S = null; }})(); socket_run( 0.05 ); {"" if "timeout" in way else way + ";"} println( socket_run( 2 ) ); TELL();
            """,
        )
    assert lines == ["null" + wanted, "0", TOLD[step] + " COMPLETE"]


@pytest.mark.parametrize("step", STEPS)
def test_the_engine_closes(step: str) -> None:
    """The end of the program runs no script code: nothing more is told, and nothing stays open."""
    with stuck(step) as (network, script):
        lines = ask(
            network,
            script
            + 'c.on_event = function( e ){ println( NAMES[ e ] ); }; d = socket_client(); d.enable_proxy = false; d.on_event = c.on_event; d.connect_to_host_async( "127.0.0.1", 1, function( s, e ){ println( e ); } );'
            + 'thread (function(){ CONNECT(); println( "never" ); })(); socket_run( 0.05 );',
        )
    assert "never" not in lines
    assert lines.count("COMPLETE") == 1  # of the one that was refused


@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_interrupted(step: str, thread: bool) -> None:
    """From another OS thread of the host."""
    with stuck(step) as (network, script):
        body = "thread (function(){ CONNECT(); })(); socket_run();" if thread else "CONNECT();"
        with make_engine(network=network) as engine:
            ended = threading.Event()

            def interrupt() -> None:
                while not ended.wait(0.05):  # what comes before the call begins does not count
                    engine.interrupt()

            interrupter = threading.Thread(target=interrupt)
            interrupter.start()
            begin = time.monotonic()
            try:
                with pytest.raises(ScriptInterrupted):
                    engine.run(PRELUDE + script + body)
            finally:
                ended.set()
            assert time.monotonic() - begin < 5
            interrupter.join()


def test_one_stuck_among_many() -> None:
    """Clients of every kind at once; the stuck ones hold nobody up."""
    with contextlib.ExitStack() as stack:
        scripts = [(step, *stack.enter_context(stuck(step))) for step in STEPS]
        network = scripts[0][1]
        text = ""
        for step, _, script in scripts:
            text += (
                script.replace("CONNECT()", f"CONNECT_{step}()")
                .replace("SHORT()", f"SHORT_{step}()")
                .replace("c.", f"c_{step}.")
                .replace("global c =", f"global c_{step} =")
            )
            text += f'thread (function(){{ CONNECT_{step}(); println( "never" ); }})();'
        lines = ask(
            network,
            text
            + """
            global L = LISTEN(), DONE = 0; L.listen( 200 ); client = socket_client(); client.enable_proxy = false;
            for( var i = 0; i < 100; ++i ) client.connect_to_host_async( "localhost", L.local_address.port, function( s, e ){ global DONE; if( s ) ++DONE; if( DONE == 100 ) socket_stop(); } );
            before = ftime(); socket_run( 10 ); println( DONE, " ", ftime() - before < 5 );
            """,
        )  # fmt: skip
        network.release.set()
    assert lines == ["100 true"]
