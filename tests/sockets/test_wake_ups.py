"""No wake-up is lost: threads that wait for one socket, for what another has taken in, or while the system is unsure."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from sockets_module.network.system import SystemEndpoint

from .programs import Certificates, peer
from .test_tls import TALK

Check = Callable[..., None]


@pytest.mark.parametrize("name", ["send", "recv"])
def test_ready_and_yet_refused(check: Check, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The system may refuse what it calls ready; the selector has nothing new to report then."""
    real: Any = getattr(SystemEndpoint, name)
    refusals = {"left": 9}

    def refusing(self: Any, *arguments: Any) -> Any:
        if refusals["left"]:
            refusals["left"] -= 1
            raise BlockingIOError
        return real(self, *arguments)

    monkeypatch.setattr(SystemEndpoint, name, refusing)
    check(
        """
        a = PAIR(); global A = a[ 0 ], B = a[ 1 ];
        thread (function(){ println( A.send_all( "x" ), B.recv( 1 ) ); })(); println( socket_run( 5 ) );
        """,
        "truex\n0",
    )
    assert refusals["left"] == 0


def test_an_edge_while_nobody_waits(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries the socket becomes full and empty again: the edge goes by unheard."""
    real = SystemEndpoint.send
    calls = {"count": 0}

    def refusing(self: Any, *arguments: Any) -> int:
        calls["count"] += 1
        if 1 < calls["count"] < 9:
            raise BlockingIOError
        return real(self, *arguments)

    monkeypatch.setattr(SystemEndpoint, "send", refusing)
    check(
        """
        include "string"; a = PAIR(); global A = a[ 0 ], B = a[ 1 ]; A.send_buffer_size = 4096; global D = string_repeat( "x", 3000000 );
        thread (function(){ println( A.send_all( D ) ); A.close(); })(); thread (function(){ println( B.recv_all().length ); })(); println( socket_run( 20 ) );
        """,
        "true\n3000000\n0",
    )


def test_two_threads_receive_lines(check: Check) -> None:
    """What one reads ahead, the other gets, though the selector has nothing to report about it."""
    for call in ("recv_line()", 'recv_until( "\\n" )'):
        check(
            f"""
            a = PAIR(); global A = a[ 0 ], B = a[ 1 ];
            function take( i ){{ println( i, A.{call} ); }}
            thread take( 1 ); thread take( 2 ); thread take( 3 );
            thread (function(){{ B.send( "one\\ntwo\\nthree\\n" ); }})(); println( socket_run( 5 ) );
            """,
            "1one\n2two\n3three\n0",
        )


@pytest.mark.parametrize(
    "receive", ["recv( 3 )", "recv( 3, MSG_DONTROUTE )", "recv_exact( 3 )", "recvfrom( 3 )", "recv_message( 3 ).data"]
)
def test_what_was_read_ahead_comes_first(check: Check, receive: str) -> None:
    """A thread waits; another reads a line and leaves bytes ahead: the first gets these, not what comes later."""
    check(
        f"""
        a = PAIR(); global A = a[ 0 ], B = a[ 1 ]; B.send( "." ); A.recv( 9 );
        thread (function(){{ var d = A.{receive}; println( d ); }})();
        thread (function(){{ B.send( "line\\nabc" ); A.blocking = false; println( A.recv_line() ); A.blocking = true; B.send( "def" ); }})();
        println( socket_run( 5 ), A.recv_exact( 3 ) );
        """,
        "line\nabc\n0def",
    )  # fmt: skip


def test_nothing_is_read_ahead_on_a_closed_socket(check: Check) -> None:
    """What a receive had when another thread closed the socket is not there for a later one."""
    check(
        """
        global p = PAIR(), s = p[ 0 ];
        function reader(){ println( s.recv_exact( 10 ), " ", ERR() ); println( s.recv( 5 ), s.recv_line(), " ", ERR() ); }
        function closer(){ p[ 1 ].send( "some" ); yield 0.01; s.close(); }
        thread reader(); thread closer(); println( socket_run( 5 ) );
        """,
        """
        false Bad file descriptor
        falsefalse Bad file descriptor
        0
        """,
    )


def test_a_watch_hears_of_read_ahead(check: Check) -> None:
    check(
        """
        a = PAIR(); global A = a[ 0 ], B = a[ 1 ];
        thread (function(){ println( A.recv_line() ); A.watch( SOCKET_IN, function( s, c ){ println( s.recv( 9 ) ); } ); })();
        thread (function(){ println( A.recv_line() ); })();
        thread (function(){ B.send( "one\\ntwo\\nrest" ); })(); println( socket_run( 5 ) );
        """,
        "one\ntwo\nrest\n0",
    )


def test_the_end_alone(check: Check) -> None:
    """Whoever waits for nothing but the end of a connection hears of it."""
    check(
        """
        global A = PAIR(), C = PAIR();
        thread (function(){ println( A[ 0 ].condition_wait( SOCKET_HUP, 5 ) ); })();
        thread (function(){ println( A[ 0 ].condition_wait( SOCKET_ERR ) ); })();
        C[ 0 ].watch( SOCKET_HUP, function( s, c ){ println( c & SOCKET_HUP ); } );
        thread (function(){ yield( 0.01 ); A[ 1 ].linger = 0; A[ 1 ].close(); yield( 0.01 ); C[ 1 ].linger = 0; C[ 1 ].close(); })();
        println( socket_run( 5 ) );
        """,
        "true\ntrue\n16\n0",
    )


def test_a_receive_on_a_closed_socket_whose_number_lives_on(check: Check) -> None:
    """It must not wait for, or in place of, the socket that has the number now."""
    check(
        """
        a = PAIR(); global A = a[ 0 ], B = a[ 1 ];
        thread (function()
        {
            B.send( "abc" ); A.condition_wait( SOCKET_IN ); println( A.recv( 100 ) ); var n = A.fd; A.close(); var u = [];
            while( u.size == 0 || u[ u.size - 1 ].fd < n ) u.push( UDP() );
            println( u[ u.size - 1 ].fd == n, A.recv( 5 ), ERR(), A.recv_exact( 5 ), A.recv_until( ";" ), A.recv( 1, MSG_PEEK ) );
        })(); println( socket_run( 5 ) );
        """,
        "abc\ntruefalseBad file descriptorfalsefalsefalse\n0",
    )


def test_threads_that_drive_threads(check: Check) -> None:
    """Several are woken at once, and each runs the scheduler itself."""
    check(
        """
        global P = [ PAIR(), PAIR(), PAIR(), PAIR() ]; global N = 0;
        function f( i ){ global N; P[ i ][ 0 ].recv( 5 ); process_threads( 0 ); socket_run( 0 ); P[ i ][ 0 ].recv( 5 ); N++; }
        for( var i = 0; i < 4; ++i ) thread f( i );
        thread (function(){ foreach( p : P ) p[ 1 ].send( "x" ); yield( 0.01 ); foreach( p : P ) p[ 1 ].send( "x" ); })();
        println( socket_run( 5 ), N );
        """,
        "04",
    )


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def talk(check: Check, certificates: Certificates) -> Check:
    def run_talk(server: str, client: str, expected: str) -> None:
        prelude = TALK.replace("CERT", certificates.good).replace("CA", certificates.ca).replace("_run()", "_run( 20 )")
        check(f"{prelude}\n talk( function( s ){{ {server} }}, function( s ){{ {client} }} );", expected)

    return run_talk


@pytest.mark.parametrize(
    ("look", "rest"),
    [
        ("S.condition_check( SOCKET_IN )", "abc"),
        ("S.available_bytes", "abc"),
        ("S.recv_with_blocking( 1, false )", "bcd"),
    ],
)
def test_tls_taken_in_by_another(check: Check, certificates: Certificates, look: str, rest: str) -> None:
    """One thread waits for plain bytes; another has the ciphertext decrypted by looking or by receiving a part."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good)

    def talk(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            secure.recv(1)
            secure.sendall(b"abcd")
            secure.recv(1)

    with peer(talk) as port:
        check(
            f"""
            global S = socket_connect( "localhost", {port}, {{ tls = {{ cafile = "{certificates.ca}" }} }} );
            thread (function(){{ println( S.recv( 3 ) ); S.close(); }})();
            thread (function(){{ S.send( "x" ); while( !( {look} ) ); println( "seen" ); }})(); println( socket_run( 5 ) );
            """,
            f"seen\n{rest}\n0",
        )


def test_tls_two_senders(talk: Check) -> None:
    """One waits with half a record on its way while the other sends: nothing is lost or sent twice."""
    talk(
        's.send( "k" ); yield( 0.05 ); var d = s.recv_all(); println( d.length, " ", string_count( d, "B" ) );',
        """
        global S = s; global D = 0; s.recv( 1 ); s.send_buffer_size = 4096;
        thread (function(){ global D; S.send_all( string_repeat( "A", 1000000 ) ); ++D; if( D == 2 ) S.close(); })();
        thread (function(){ global D; for( var i = 0; i < 500; ++i ){ S.send_all( "B" ); yield(); } ++D; if( D == 2 ) S.close(); })();
        """,
        "1000500 500",
    )


# --- under load -------------------------------------------------------------------------------------------------------

EXCHANGE = """
    include "string", "math"; global DONE = 0, WHOLE = string_repeat( "0123456789abcdef", SIZE / 16 );
    function part( at, n ){ return string_part( WHOLE, at, n ); }
    function sender( s, sizes )
    {
        var at = 0; var i = 0;
        while( at < WHOLE.length )
        {
            var n = sizes[ i++ % sizes.size ]; var d = part( at, if( at + n > WHOLE.length, WHOLE.length - at, n ) );
            if( i % 3 == 0 ){ if( !s.send_all( d ) ) return println( "send_all ", ERR() ); at += d.length; }
            else { var k = if( i % 3 == 1, s.send( d ), s.send_message( [ part( at, d.length / 2 ), part( at + d.length / 2, d.length - d.length / 2 ) ] ) ); if( k === false ) return println( "send ", ERR() ); at += k; }
            if( i % 7 == 0 ) yield();
        }
        s.shutdown_write();
    }
    function receiver( s, sizes )
    {
        var at = 0; var i = 0;
        for(;;)
        {
            var n = sizes[ i++ % sizes.size ];
            if( i % 5 == 0 ){ s.condition_wait( SOCKET_IN ); s.available_bytes; }
            var d = if( i % 4 == 0 && at + n <= WHOLE.length, s.recv_exact( n ), s.recv( n ) );
            if( d === true ) break;
            if( d === false ) return println( "recv ", ERR() );
            if( d != part( at, d.length ) ) return println( "wrong at ", at );
            at += d.length; if( i % 11 == 0 ) yield();
        }
        if( at == WHOLE.length ) ++DONE; else println( "ended at ", at );
    }
    function both( s, buffer, mine, theirs ){ if( !s ) return println( "no socket ", ERR() ); if( buffer ) s.send_buffer_size = buffer; thread sender( s, mine ); thread receiver( s, theirs ); }
    global L = LISTEN();
    function accepting( o, count, buffer, a, b ){ for( var i = 0; i < count; ++i ){ var c = L.accept(); if( o ) c.start_tls( o ); both( c, buffer, a, b ); } }
    function connecting( o, buffer, a, b ){ both( socket_connect( "localhost", L.local_address.port, { tls = o, family = AF_INET } ), buffer, a, b ); }
"""


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_everybody_sends_and_receives(check: Check, certificates: Certificates, secure: bool, seed: int) -> None:
    """Many connections, on each both sides send and receive at once in pieces of many sizes, through small buffers."""
    chance = random.Random(seed)

    def sizes() -> str:
        return str([int(2 ** chance.uniform(0, 17.5)) for _ in range(chance.randint(3, 40))])

    count = 8
    server = f'{{ server_side = true, certfile = "{certificates.good}" }}' if secure else "null"
    client = f'{{ cafile = "{certificates.ca}" }}' if secure else "false"
    script = EXCHANGE.replace("SIZE", "800000") + f"thread accepting( {server}, {count}, 4096, {sizes()}, {sizes()} );"
    for _ in range(count):
        buffer = chance.choice((0, 4096, 65536))
        script += f"thread connecting( {client}, {buffer}, {sizes()}, {sizes()} );"
    check(script + "println( socket_run( 50 ), ' ', DONE );", f"0 {2 * count}")


def test_a_short_receive_of_another_kind_of_stream_tells_nothing(check: Callable[..., None]) -> None:
    """Only of TCP does a short receive mean that nothing is left: here one stops where descriptors begin."""
    check(
        """
        ( a, b ) = socket_pair();
        function reader( b )
        {
            println( b.recv( 99 ) ); // has to wait: the selector knows the socket then
            println( b.recv( 99 ) );
        }
        thread reader( b ); socket_run( 0 ); a.send( "first" );
        a.send_message( "second", { fds = [ a ] } ); a.send_message( "third", { fds = [ a ] } );
        println( socket_run( 5 ) );
        """,
        "firstsecond\nthird\n0",
    )
