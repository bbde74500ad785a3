"""Receives that wait in the system call without end, as only the command's own engine lets them.

What ends or must go on during such a wait: Ctrl-C, output that has to be seen, script threads.
"""

from __future__ import annotations

import io
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from interp.engine import Engine

from .conftest import PRELUDE, make_engine

SGS = [sys.executable, "-m", "interp", "-e"]


def begin(sole: bool = True, **settings: Any) -> tuple[Engine, Any, socket.socket]:
    """An engine whose script has the socket `s`, that socket, and its peer, which has made it wait once."""
    engine = make_engine(**settings)
    engine._world.ports.sole = sole
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        engine.run(PRELUDE + f"global s = socket_connect( '127.0.0.1', {port} );")
        peer = listener.accept()[0]
    wait(engine, peer)
    return engine, engine._world.namespace["s"], peer


def wait(engine: Engine, peer: socket.socket) -> None:
    """Has the script receive what comes only while it waits."""
    timer = threading.Timer(0.1, peer.sendall, [b"late"])
    timer.start()
    assert engine.run("global s; return s.recv( 9 );") == "late"
    timer.join()


def test_waits_are_endless_until_something_is_printed() -> None:
    out = io.BytesIO()
    engine, sock, peer = begin(stdout=out)
    with engine, peer:
        assert sock.direct and sock.endless
        zero = bytes(16)
        assert sock.endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) == zero
        assert sock.endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16) != zero
        engine.run("println( 1 );")
        assert sock.direct and not sock.endless
        assert sock.endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) != zero
        wait(engine, peer)
        assert sock.direct and sock.endless
        engine.run("thread (function(){})();")
        assert not sock.direct and not sock.endless and not sock.endpoint.getblocking()
        assert sock.endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) == zero
    assert out.getvalue() == b"1\n"


def test_a_closed_descriptor_holds_up_no_output() -> None:
    out = io.BytesIO()
    engine, sock, peer = begin(stdout=out)
    with engine, peer:
        socket.socket(fileno=sock.endpoint.fileno()).close()
        engine.run("println( 1 );")
        sock.endpoint.detach()
    assert out.getvalue() == b"1\n"


def test_engines_of_hosts_wait_for_a_while_only() -> None:
    engine, sock, peer = begin(sole=False)
    with engine, peer:
        assert sock.direct and not sock.endless


def asleep(process: subprocess.Popen[bytes]) -> None:
    """Returns when the process waits in the system."""
    end = time.monotonic() + 20
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc what a process does")
def test_output_and_ctrl_c_during_a_wait() -> None:
    script = """
        include "sockets"; s = socket_connect( "127.0.0.1", toint( argv[ 1 ] ) );
        while( ( c = s.recv( 1 ) ) !== true ){ if( c == "p" ) print( "shown" ); s.send( c ); }
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [*SGS, script, str(listener.getsockname()[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                listener.settimeout(20)
                peer = listener.accept()[0]
                with peer:
                    peer.settimeout(20)
                    for order in b"abpcpd":
                        asleep(process)
                        time.sleep(0.05)  # longer than a wait that is no endless one
                        peer.sendall(bytes([order]))
                        assert peer.recv(1) == bytes([order])
                        if order == ord("p"):
                            assert process.stdout is not None
                            assert select.select([process.stdout], [], [], 20)[0]
                            assert process.stdout.read(5) == b"shown"
                    asleep(process)
                    process.send_signal(signal.SIGINT)
                    assert process.wait(timeout=20) == 130
            finally:
                process.kill()
