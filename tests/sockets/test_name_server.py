"""Names, services and clients with the system's own resolver and a real name server, in namespaces of the test's own.

Run as a program inside the namespaces, this file makes dnsmasq the system's name server there and runs the script.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .programs import program

RECORDS = """
no-resolv
no-hosts
user=root
port=53
listen-address=127.0.0.1
bind-interfaces
local=/test/
host-record=both.test,127.0.0.1,::1
host-record=four.test,127.0.0.1
host-record=hole.test,127.0.0.1,fd00::7
cname=alias.test,four.test
host-record=xn--bcher-kva.test,127.0.0.1
srv-host=_good._tcp.d.test,gone.test,5000,1,0
srv-host=_good._tcp.d.test,four.test,5001,2,0
srv-host=_good._tcp.d.test,alias.test,5000,3,0
srv-host=_bad._tcp.d.test,gone.test,5000,1,0
srv-host=_bad._tcp.d.test,four.test,5001,2,0
srv-host=_none._tcp.d.test,.,0,0,0
srv-host=_u._udp.d.test,four.test,7,1,2
"""

SETUP = """
ip link set lo up
ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
ip -6 addr add fd00::1/64 dev v0 nodad
ip -6 neigh add fd00::7 lladdr 02:00:00:00:00:99 dev v0 nud permanent
"""

SCRIPT = """
include "sockets", "os";
function ERR(){ return socket_error( true ); }
function show( list ){ if( list === null ) return println( "null ", ERR() ); foreach( a : list ) print( a, " " ); println(); }
l = socket_listen( 5000 );
show( socket_resolve( "both.test", "80", { family = AF_INET } ) ); show( socket_resolve( "both.test", "80", { family = AF_INET6 } ) );
println( socket_resolve( "both.test", "80" ).size ); show( socket_resolve( "alias.test", "domain" ) );
show( socket_resolve( "gone.test" ) ); show( socket_resolve( "four.test", "", { family = AF_INET6 } ) );
c = socket_client(); c.enable_proxy = false; global told = 0; c.on_event = function( e ){ global told; if( e == SOCKET_CLIENT_COMPLETE ) ++told; };
println( c.connect_to_host( "both.test", 5000 ).remote_address, " ", c.connect_to_uri( "x://alias.test:5000/", 1 ).remote_address );
t = ftime(); println( c.connect_to_host( "hole.test:5000", 1 ).remote_address, " ", ftime() - t >= 0.25 && ftime() - t < 1 );
println( c.connect_to_service( "d.test", "good" ).remote_address, " ", told );
println( c.connect_to_service( "d.test", "bad" ), " ", ERR() ); println( c.connect_to_service( "d.test", "none" ), " ", ERR() );
println( c.connect_to_service( "d.test", "other" ), " ", ERR(), " ", told );
r = socket_resolve_service( "good", "tcp", "d.test" ); foreach( e : r ) print( e.host, ":", e.port, " ", e.priority, " " ); println();
show( socket_resolve( "b\\xc3\\xbccher.test", "80" ) ); println( socket_connect( "B\\xc3\\x9cCHER.test", 5000 ).remote_address );
c.socket_type = SOCK_DGRAM; println( c.connect_to_service( "d.test", "u" ).remote_address );
"""  # noqa: E501

EXPECTED = """
127.0.0.1:80
[::1]:80
2
127.0.0.1:53
null Name or service not known
null No address associated with hostname
[::1]:5000 127.0.0.1:5000
127.0.0.1:5000 true
127.0.0.1:5000 4
null Connection refused: gone.test:5000: Name or service not known; four.test:5001: Connection refused
null Cannot assign requested address: the domain does not have the service
null No such file or directory: the domain has no records of the service 7
gone.test:5000 1 four.test:5001 2 alias.test:5000 3
127.0.0.1:80
127.0.0.1:5000
127.0.0.1:7
"""


def inside(folder: Path, dnsmasq: str) -> None:
    """In the namespaces: builds the network, starts the name server, runs the script, prints what it printed."""
    root = str(Path(__file__).parents[2])
    sys.path.insert(0, root)
    from interp.engine import Engine, Limits

    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    (folder / "records").write_text(RECORDS)
    for line in (*SETUP.split("\n"), f"mount --bind {folder}/resolv.conf /etc/resolv.conf"):
        if line:
            subprocess.run(line.split(), check=True)
    server = subprocess.Popen([dnsmasq, "-k", "-C", f"{folder}/records", "--pid-file="])
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.getaddrinfo("four.test", 80)
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
        with Engine(libraries=("sockets", "os"), network=True, limits=Limits.none()) as engine:
            engine.run(SCRIPT)
    finally:
        server.kill()
        server.wait()


def test_names_and_services(tmp_path: Path) -> None:
    """The extra `dns` reads the same configuration of the system."""
    pytest.importorskip("dns.resolver", reason="the extra `dns` is not installed")
    dnsmasq = program("dnsmasq", "dnsmasq-base")
    possible = ["unshare", "-n", "-m", "sh", "-c", "ip link add v0 type veth peer name v1 && test -f /etc/resolv.conf"]
    try:
        refused = subprocess.run(possible, capture_output=True).returncode
    except OSError as problem:
        pytest.skip(f"no namespaces: {problem}")
    if refused:
        pytest.skip("no namespaces of network and mounts (root and iproute2 are needed)")
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    done = subprocess.run(
        ["unshare", "-n", "-m", sys.executable, "-m", "tests.sockets.test_name_server", str(tmp_path), dnsmasq],
        capture_output=True,
        timeout=50,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    assert [line.strip() for line in done.stdout.decode().splitlines()] == EXPECTED.strip().splitlines(), done.stderr


if __name__ == "__main__":
    inside(Path(sys.argv[1]), sys.argv[2])
