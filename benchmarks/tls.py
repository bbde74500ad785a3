"""TLS throughput: a script's exchange over `start_tls` against the same one written with Python's `ssl` sockets.

Rule of this file: the peer is the same for both, a process of its own; best of a few rounds, taken in turn. Prints the
bytes per second of both and their ratio, which is to be at least 0.9; also by processor time, handshake and start of
the engine included, which a busy machine does not disturb: python benchmarks/tls.py
"""

from __future__ import annotations

import io
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trustme

sys.path.insert(0, str(Path(__file__).parents[1]))

from interp.engine import Engine, Limits

SIZE = 65536
COUNT = 1000
ROUNDS = 5

PEER = f"""
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
buffer = bytearray({SIZE})
while True:
    with context.wrap_socket(server.accept()[0], server_side=True) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            got = 0
            while got < {SIZE}:
                n = sock.recv_into(memoryview(buffer)[got:])
                if not n:
                    break
                got += n
            if got < {SIZE}:
                break
            sock.sendall(buffer)
"""

SCRIPT = f"""
include "sockets", "string";
s = socket_connect( "localhost", PORT, {{ family = AF_INET, tls = {{ cafile = "CA" }} }} );
s.no_delay = true;
data = string_repeat( "x", {SIZE} );
t = ftime();
for( var i = 0; i < {COUNT}; ++i )
{{
    s.send_all( data );
    if( s.recv_exact( {SIZE} ).length != {SIZE} ) ERROR( "short" );
}}
println( ftime() - t );
s.close();
"""


def with_script(port: int, authority: str) -> float:
    """Seconds the script takes."""
    out = io.BytesIO()
    with Engine(libraries=("string", "sockets"), network=True, limits=Limits.none(), stdout=out) as engine:
        engine.run(SCRIPT.replace("PORT", str(port)).replace("CA", authority))
    return float(out.getvalue())


def with_python(port: int, authority: str) -> float:
    """Seconds a Python program takes."""
    context = ssl.create_default_context(cafile=authority)
    data = b"x" * SIZE
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as sock:
        # small rests of large sends would wait for acknowledgements, and only that would be measured
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.perf_counter()
        for _ in range(COUNT):
            sock.sendall(data)
            got = 0
            parts = []
            while got < SIZE:
                part = sock.recv(SIZE - got)
                if not part:
                    raise EOFError
                got += len(part)
                parts.append(part)
            b"".join(parts)
        return time.perf_counter() - begin


def main() -> None:
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        ca, leaf = f"{folder}/ca.pem", f"{folder}/leaf.pem"
        authority.cert_pem.write_to_path(ca)
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(leaf)
        peer = subprocess.Popen([sys.executable, "-c", PEER, leaf], stdout=subprocess.PIPE)
        try:
            assert peer.stdout is not None
            port = int(peer.stdout.readline())
            ours, theirs = [], []
            worked: dict[object, list[float]] = {with_python: [], with_script: []}
            for _ in range(ROUNDS):
                for measure, times in ((with_python, theirs), (with_script, ours)):
                    before = time.process_time()
                    times.append(measure(port, ca))
                    worked[measure].append(time.process_time() - before)
        finally:
            peer.kill()
            peer.wait()
    size = 2 * SIZE * COUNT / 1e6
    print(
        f"script {size / min(ours):.0f} MB/s, Python's ssl {size / min(theirs):.0f} MB/s: {min(theirs) / min(ours):.2f}"
        f" ({min(worked[with_python]) / min(worked[with_script]):.2f} by processor time)"
    )


if __name__ == "__main__":
    main()
