"""Random calls with random arguments on sockets in every state: whatever a script does, it is told, and goes on.

Rule of this file: nothing here says what a call gives; that no Python exception comes out, nothing hangs, no descriptor
is left, and every message names the function or property is all that is asked. `SGS_SEED` repeats one program, and
`SGS_ROUNDS` runs more of them.
"""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import io
import os
import random
import re
import threading
from pathlib import Path

import pytest

from .conftest import make_engine

FIRST = int(os.environ.get("SGS_SEED", "1"))
ROUNDS = int(os.environ.get("SGS_ROUNDS", "1" if "SGS_SEED" in os.environ else "8"))

# Listening, connected, half-closed, reset, with a full buffer, with bytes read ahead, datagrams, local, closed, new,
# connecting, past its deadline, cancelled
SOCKETS = "l l6 c p hp hc rp fc fp ap ac u v w ua ub da db qa qb z n m nb late gone".split()
STATES = """
include "sockets", "string", "io";
global l, l6, c, p, hp, hc, rp, fc, fp, ap, ac, u, v, w, ua, ub, da, db, qa, qb, z, n, m, nb, late, gone;
global A4, A6, AU, AL, AM, AM6, KEY, KEY2, POLLER, FILE, CLIENT, CLOSED;
l = socket_listen( "127.0.0.1:0" ); l6 = socket_listen( "[::1]:0" );
function CONNECTED(){ var client = socket_connect( l.local_address ), peer = l.accept(); return [ client, peer ]; }
x = CONNECTED(); c = x[ 0 ]; p = x[ 1 ];
x = CONNECTED(); hc = x[ 0 ]; hp = x[ 1 ]; hc.send( "left" ); hc.shutdown_write();
x = CONNECTED(); rp = x[ 1 ]; x[ 0 ].send( "left" ); x[ 0 ].linger = 0; x[ 0 ].close();
x = CONNECTED(); fc = x[ 0 ]; fp = x[ 1 ]; fc.blocking = false; while( fc.send( string_repeat( "x", 65536 ) ) ){} fc.blocking = true;
x = CONNECTED(); ac = x[ 0 ]; ap = x[ 1 ]; ac.send( "line one\\nline two\\nrest" ); ap.recv_line();
u = socket_udp(); u.bind( socket_address_loopback() ); v = socket_udp( true ); v.bind( socket_address_loopback( true ) );
w = socket_udp(); w.connect( u.local_address );
( a, b ) = socket_pair(); ua = a; ub = b; ( a, b ) = socket_pair( SOCK_DGRAM ); da = a; db = b;
( a, b ) = socket_pair( SOCK_SEQPACKET ); qa = a; qb = b;
n = socket_tcp(); m = socket_unix(); nb = socket_tcp(); nb.blocking = false; nb.connect( l.local_address ); late = socket_udp(); gone = socket_udp();
foreach( s : [ l, l6, c, p, hp, hc, rp, fc, fp, ap, ac, u, v, w, ua, ub, da, db, qa, qb, n, m, nb, late, gone ] ) s.timeout = 0.004;
z = socket_tcp(); z.close(); CLOSED = z; late.timeout_after = 0; KEY = socket_cancellable(); KEY.cancel(); gone.cancellable = KEY;
KEY2 = socket_cancellable(); ub.cancellable = KEY2;
A4 = u.local_address; A6 = v.local_address; AU = socket_address_unix( "\\0" .. ftime() ); AL = l.local_address;
AM = socket_address( AF_INET, "239.7.7.7", 7 ); AM6 = socket_address( AF_INET6, "ff15::7", 7 );
POLLER = socket_poller(); POLLER.add( u, SOCKET_IN ); POLLER.add( ap, SOCKET_IN, "ap" );
FILE = io_file( argv[ 1 ], FILE_READ ); CLIENT = socket_client(); CLIENT.timeout = 0.05; CLIENT.enable_proxy = false;
function AGAIN( s, condition ){ return false; }
"""
ADDRESSES = "A4 A6 AU AL AM AM6".split()
VALUES = [
    "null", "true", "false", "0", "1", "-1", "2", "17", "1024", "65536", "1<<31", "1<<32", "-(1<<31)", "1<<62", "0.5",
    "-0.5", "0.01", "1e300", '""', '"x"', '"lo"', '"abc\\ndef\\n"', '"\\0"', '"5"', 'string_repeat( "y", 5000 )',
    '"127.0.0.1:0"', '"localhost"', "[]", "[ 1, 2 ]", '[ "a", "b" ]', "[ null ]", "[ [] ]", "{}", "{ a = 1 }", "map()",
    "AGAIN", "println", "KEY", "KEY2", "POLLER", "FILE", "CLIENT", "ftime()", "argv[ 1 ]", '"\\xff\\xfe"',
    "MSG_DONTWAIT", "MSG_PEEK", "MSG_PEEK | MSG_WAITALL", "MSG_OOB", "MSG_TRUNC", "MSG_ERRQUEUE", "SOCKET_IN",
    "SOCKET_OUT", "SOCKET_PRI", "{ timeout = 0.01 }", "{ timeout = 0 }", "{ flags = MSG_DONTWAIT }", "{ flags = -1 }",
    "{ address = A4 }", "{ fds = [ u, FILE ] }", "{ fds = [ z ] }", '{ data = "x", address = A4 }',
    '{ control = [ { level = SOL_SOCKET, type = 2, data = "twelve bytes" } ] }', "{ server_side = true }",
    '{ control = [ { level = SOL_SOCKET, type = SCM_RIGHTS, data = "abc" } ] }', "SOL_SOCKET", "IPPROTO_TCP",
    '{ control = [ { level = 1 << 40, type = 1, data = "abc" } ] }', "IPPROTO_IP", "IPPROTO_IPV6", "SO_ERROR",
    "SO_LINGER", "SO_RCVTIMEO", "SO_RCVBUF", *ADDRESSES, *SOCKETS,
]  # fmt: skip
METHODS = """bind listen connect send sendto recv recvfrom shutdown getpeername check_connect_result condition_check
    send_all send_line send_with_blocking recv_with_blocking send_file flush recv_exact recv_all recv_until recv_line
    send_message recv_message send_messages recv_messages join_multicast_group leave_multicast_group shutdown_read
    shutdown_write reset_deadline get_option set_option""".split()
PROPERTIES = """fd family type protocol local_address remote_address is_closed is_connected is_listening speaks_ipv4
    available_bytes credentials blocking timeout_after deadline cancellable listen_backlog keepalive keepalive_time
    keepalive_interval keepalive_count no_delay delay_ack reuse_port only_ipv6 recv_buffer_size send_buffer_size ttl
    multicast_ttl multicast_loopback multicast_interface tls sent error broadcast send_timeout recv_timeout
    reuse_addr""".split()
FUNCTIONS = """socket_error socket_address socket_address_frombytes socket_gethostname socket_address_any
    socket_address_loopback socket_address_broadcast socket_address_parse socket socket_tcp socket_udp socket_raw
    socket_unix socket_pair socket_listen socket_cancellable socket_poller socket_getnameinfo
    socket_getservbyname""".split()
PARTS = """family port addr_u32 addr_buf addr_bytes addr_string full_addr_string is_any is_loopback is_multicast
    is_private is_link_local is_site_local is_global path scope_id flow_info""".split()
SPANS = ("0", "0.01", "-1")

NAMED = re.compile(
    r"Warning: (socket[\w.]*\(\): .+"
    r"|failed to (retrieve|set) the '\w+' property of a socket(_address)?"
    r"|(Readable|Writable) property not found: .+|\w+ supported only for .+)"
)


def call(chance: random.Random) -> str:
    """One statement."""
    sock, some = chance.choice(SOCKETS), chance.choice
    values = ", ".join(some(VALUES) for _ in range(some((0, 1, 1, 1, 2, 2, 3, 4))))
    return chance.choices(
        (
            lambda: f"{sock}.{some(METHODS)}( {values} );",
            lambda: f"{sock}.{some(PROPERTIES)};",
            lambda: f"{sock}.{some(PROPERTIES)} = {some(VALUES)};",
            lambda: f"{some(FUNCTIONS)}( {values} );",
            lambda: f"{some(ADDRESSES)}.{some(PARTS)}; {some(ADDRESSES)}.{some(PARTS)} = {some(VALUES)};",
            lambda: f"{sock}.accept( {some(SPANS)} ); {sock}.condition_wait( {some(VALUES)}, {some(SPANS)} );",
            lambda: f"{sock}.watch( {some(VALUES)}, AGAIN ); socket_run( {some(SPANS)} );",
            lambda: (
                f"POLLER.{some(('add', 'modify', 'remove'))}( {some(VALUES)}, {some(VALUES)} ); POLLER.wait( {some(SPANS)} );"
            ),
            lambda: (
                f"socket_select( [ {sock}, {some(VALUES)} ], [ {some(SOCKETS)} ], [ {some(SOCKETS)} ], {some(SPANS)} );"
            ),
            lambda: f"{sock}.close(); clone_of = if( p, clone( p ), null );",
            lambda: (
                f"{sock} = @socket_from_fd( {sock}.detach() ); if( {sock} ) {sock}.timeout = 0.004; else {sock} = CLOSED;"
            ),
            lambda: f"{sock}.start_tls( {some(VALUES)} );",
            lambda: f"{some(('KEY', 'KEY2'))}.{some(('cancel', 'reset'))}();",
        ),
        (60, 10, 12, 8, 3, 4, 2, 3, 3, 1, 1, 1, 1),
    )[0]()


def program(chance: random.Random, threads: int) -> str:
    """A script of calls: in the main program, or in threads that share all the sockets."""
    if not threads:
        return STATES + "\n".join(call(chance) for _ in range(120))
    parts = []
    for number in range(threads):
        calls = "\n".join(call(chance) for _ in range(40))
        everything = ", ".join(SOCKETS)
        parts.append(f"function thread_{number}(){{ global {everything};\n{calls}\n}} thread thread_{number}();")
    # watches may be left for ever, threads not
    return STATES + "\n".join(parts) + "\nfor( i = 0; i < 400 && socket_run( 0.05 ); ++i ){}\nprint( socket_run( 0 ) );"


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
def test_whatever_a_script_does(seed: int, tmp_path: Path) -> None:
    source = program(random.Random(seed), 4 * (seed % 2))
    (tmp_path / "file").write_bytes(b"content")
    out, err = io.BytesIO(), io.BytesIO()
    with make_engine(stdout=out, stderr=err) as engine:
        guard = threading.Timer(40, engine.interrupt)
        guard.start()
        try:
            engine.run(source, name="random.sgs", args=[str(tmp_path / "file")])
        finally:
            guard.cancel()
            guard.join()
    assert out.getvalue() in (b"", b"0")
    messages = [line for line in err.getvalue().decode("latin-1").splitlines() if not line.startswith("- ")]
    assert [line for line in messages if not NAMED.fullmatch(line)] == []
    assert len(messages) > 20  # it was about something
