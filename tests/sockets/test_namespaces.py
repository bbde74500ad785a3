"""Hosts with other routes than this one, in network namespaces of their own. Needs privilege, `unshare` and `ip`."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@functools.cache
def why_not() -> str | None:
    """What keeps this host from making a namespace, None when nothing does."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare or ip is not installed (Debian packages util-linux and iproute2)"
    done = subprocess.run(
        ["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, text=True, timeout=20
    )
    return f"no network namespaces here: {done.stderr.strip()}" if done.returncode else None


def host(tmp_path: Path, setup: str, script: str) -> list[str]:
    """The lines a script prints on a host with nothing but what the shell commands set up."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    file = tmp_path / "host.sgs"
    file.write_text('include "sockets"; function ERR(){ return socket_error( true ); }\n' + script)
    command = ["unshare", "-n", "sh", "-ec", f'{setup}\nexec "$@"', "sh", sys.executable, "-m", "interp", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_no_route_at_all(tmp_path: Path) -> None:
    lines = host(
        tmp_path,
        "ip link set lo up",
        """
        a = socket_address( AF_INET, "192.0.2.1", 80 );
        println( socket_tcp().connect( a ), " ", ERR() );
        println( socket_udp().sendto( "x", a ), " ", ERR() );
        println( socket_connect( "192.0.2.1", 80 ), " ", ERR() );
        """,
    )
    assert lines == [
        "false Network is unreachable",
        "false Network is unreachable",
        "null Network is unreachable",
    ]


def test_a_black_hole_ends_with_the_time_that_was_given(tmp_path: Path) -> None:
    """Nobody answers and nothing refuses: the packets go round to a host that does not own the address."""
    lines = host(
        tmp_path,
        "ip link set lo up; ip route add 192.0.2.0/24 dev lo",
        """
        a = socket_address( AF_INET, "192.0.2.1", 80 );
        s = socket_tcp(); println( s.connect( a, 0.1 ), " ", ERR() );
        s = socket_tcp(); s.deadline = ftime() + 0.1; println( s.connect( a ), " ", ERR() );
        s = socket_tcp(); c = socket_cancellable(); s.cancellable = c;
        global S = s, A = a, C = c;
        function wait(){ global S, A; println( S.connect( A ), " ", ERR() ); }
        function stop(){ global C; yield 0.05; C.cancel(); }
        thread wait(); thread stop(); println( socket_run( 20 ) );
        println( socket_connect( a, { timeout = 0.1 } ), " ", ERR() );
        """,
    )
    assert lines == [
        "false Connection timed out",
        "false Connection timed out",
        "false Operation canceled",
        "0",
        "null Connection timed out",
    ]


def test_a_host_with_ipv6_only(tmp_path: Path) -> None:
    lines = host(
        tmp_path,
        "ip link set lo up; ip addr flush dev lo; ip -6 addr add ::1/128 dev lo nodad",
        """
        l = socket_listen( "[::1]:0" ); port = l.local_address.port;
        s = socket_connect( "::1", port ); p = l.accept();
        s.send( "hello" ); println( p.recv( 10 ), " ", s.remote_address == l.local_address );
        println( socket_connect( "127.0.0.1", port ), " ", ERR() );
        """,
    )
    assert lines == ["hello true", "null Network is unreachable"]
