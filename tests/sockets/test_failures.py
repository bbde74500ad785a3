"""How operations fail: descriptors, truncation, resets, full buffers, privilege, cancels at every moment (chapter 11).

Rule of this file: each test is one way to fail that other files of this folder do not already meet on their way.
"""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import PRELUDE, make_engine, open_descriptors

Check = Callable[..., None]
ROOT = Path(__file__).parents[2]


@contextmanager
def few_descriptors(spare: int) -> Iterator[None]:
    """Lets this process open only so many descriptors more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # the limit is on numbers, and which are free depends on what earlier tests left open and closed
    free = [os.open(os.devnull, os.O_RDONLY) for _ in range(spare + 1)]
    for number in free:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1], hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("socket_tcp()", "socket_tcp(): failed to create socket"),
        ("socket( AF_INET, SOCK_STREAM, 0 )", "socket(): failed to create socket"),
        ("socket_pair()", None),
        ("clone( u )", None),
        ('socket_listen( "127.0.0.1:0" )', None),
        ("socket_connect( l.local_address )", None),
        ("socket_poller()", None),
        ("l.accept()", "socket.accept(): failed to accept connection"),
    ],
)
def test_no_descriptor_left(call: str, message: str | None) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    with make_engine(stdout=out, stderr=err) as engine:
        # waits once, so that the selector is there
        engine.run(
            PRELUDE
            + "global u = UDP(), l = LISTEN(), c = socket_tcp(); u.timeout = 0.001; u.recv( 1 ); c.connect( l.local_address );"
            f'function again(){{ return {call}; }} function failed( r ){{ println( !r, " ", ERR() ); }} r = null; e = null;'
        )
        before = open_descriptors()
        with few_descriptors(0):
            engine.run(f"failed( {call} );")
        assert open_descriptors() == before
        assert out.getvalue() == b"true Too many open files\n"
        warnings = [line for line in err.getvalue().decode().splitlines() if line.startswith("Warning")]
        if message is not None:
            assert warnings == [f"Warning: {message}"]
        # nothing is broken: with room it works
        out.truncate(0)
        out.seek(0)
        engine.run("r = again(); println( r !== null && r !== false );")
        assert out.getvalue() == b"true\n"


def test_a_server_without_descriptors_goes_on_when_there_are_some_again(check: Check) -> None:
    with make_engine(stdout=io.BytesIO(), stderr=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + """
            global l = LISTEN(), refused = 0, got = 0; c = socket_tcp(); c.connect( l.local_address );
            function accepter()
            {
                global refused, got;
                while( !got )
                {
                    var s = @l.accept();
                    if( s ) got += 1;
                    else{ refused += 1; yield 0.005; }
                }
            }
            u = UDP(); u.timeout = 0.001; u.recv( 1 ); function f(){ var v = UDP(); v.timeout = 0.001; v.recv( 1 ); } thread f(); socket_run();
            """
        )
        with few_descriptors(0):
            engine.run("thread accepter(); socket_run( 0.05 );")
            assert engine.eval("refused") > 0 and engine.eval("got") == 0
        engine.run("socket_run( 5 );")
        assert engine.eval("got") == 1


def test_descriptors_that_no_longer_fit_are_not_lost(check: Check) -> None:
    with make_engine(stdout=io.BytesIO(), stderr=io.BytesIO(), encoding=None) as engine:
        engine.run(
            PRELUDE
            + 'm = null; ( c, d ) = socket_pair(); global a = c, b = d; x = [ UDP(), UDP(), UDP() ]; a.send_message( "x", { fds = x } );'
        )
        before = open_descriptors()
        with few_descriptors(2):
            engine.run(
                "m = b.recv_message( 10 ); global n = m.fds.size, cut = ( m.flags & MSG_CTRUNC ) != 0; m = null;"
            )
        assert (engine.eval("n"), engine.eval("cut")) == (2, True)
        assert open_descriptors() == before


def test_truncated_datagrams(check: Check) -> None:
    check(
        """
        a = UDP(); b = UDP(); to = a.local_address; a.timeout = 5;
        for( i = 0; i < 6; ++i ) b.sendto( "0123456789", to ); b.sendto( "end", to );
        println( a.available_bytes );
        println( a.recv( 4 ) );
        ( data, from ) = a.recvfrom( 3 ); println( data, from == b.local_address );
        m = a.recv_message( 5 ); println( m.data, ( m.flags & MSG_TRUNC ) != 0 );
        m = a.recv_message( [ 2, 3 ] ); println( m.data[ 0 ], " ", m.data[ 1 ], ( m.flags & MSG_TRUNC ) != 0 );
        println( a.recv( 4, MSG_TRUNC ), a.recv( 2, MSG_PEEK ), a.recv( 20 ), a.recv( 20 ) );
        """,
        """
        10
        0123
        012true
        01234true
        01 234true
        0123010123456789end
        """,
    )


def test_empty_datagrams_are_no_end(check: Check) -> None:
    check(
        """
        a = UDP(); b = UDP(); b.connect( a.local_address ); a.timeout = 5;
        for( i = 0; i < 5; ++i ) b.send( "" );
        println( b.send_message( "" ), b.send_messages( [ "", "" ] ), b.sendto( "", a.local_address ) );
        println( a.recv( 1 ) === "", a.recv( 1 ) !== true, a.available_bytes, a.condition_check( SOCKET_IN ) == SOCKET_IN );
        ( data, from ) = a.recvfrom( 9 ); println( data === "", from == b.local_address );
        m = a.recv_message( 9 ); println( m.data === "", m.address == b.local_address );
        println( a.recv_messages( 9, 9 ).size, a.recv_with_blocking( 1, false ), " ", ERR() );
        function f(){ println( "parked ", a.recv( 9 ) === "" ); } thread f(); b.send( "" ); socket_run();
        """.replace("a = UDP();", "global a = UDP();"),
        """
        020
        truetrue0true
        truetrue
        truetrue
        5false Resource temporarily unavailable
        parked true
        """,
    )


RESET = "p[ 1 ].linger = 0; p[ 1 ].close();"


@pytest.mark.parametrize(
    "call",
    ["recv( 9 )", "recv_exact( 9 )", "recv_until( \"x\" )", "recv_line()", "recv_all()", "recv_with_blocking( 9, true )",
     "recv_message( 9 )", "recvfrom( 9 )", "send_all( BIG )"],
)  # fmt: skip
def test_reset_in_the_middle(check: Check, call: str) -> None:
    check(
        f"""
        include "string"; global BIG = string_repeat( "x", 20000000 );
        global p = PAIR(); function f(){{ println( p[ 0 ].{call}, " ", ERR() ); }}
        thread f(); function g(){{ yield 0.02; {RESET} }} thread g(); println( socket_run( 5 ) );
        """,
        """
        false Connection reset by peer
        0
        """,
    )


def test_what_came_before_a_reset_stays(check: Check) -> None:
    check(
        f"""
        global p = PAIR(), s = p[ 0 ]; p[ 1 ].send( "ab" );
        function f(){{ println( s.recv_exact( 9 ), " ", ERR(), " ", s.recv( 9 ), " ", s.recv( 9 ) ); }}
        thread f(); function g(){{ yield 0.02; {RESET} }} thread g(); println( socket_run( 5 ) );
        """,
        """
        false Connection reset by peer ab true
        0
        """,
    )


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("end", ["p[ 1 ].close()", "p[ 1 ].shutdown_write()"])
def test_data_and_end_at_once(check: Check, end: str, inside: bool) -> None:
    """The end is reported once, together with the data: a thread that reads less than it asked for must not miss it."""
    check(
        f"""
        global p = PAIR(), s = p[ 0 ];
        function f(){{ println( s.recv( 9 ) ); println( s.recv( 9 ) ); println( s.recv( 9 ) ); }}
        function g(){{ p[ 1 ].send( "one" ); yield 0.01; p[ 1 ].send( "two" ); {end}; }}
        {"thread f(); thread g(); println( socket_run( 5 ) );" if inside else 'p[ 1 ].send( "one" ); println( s.recv( 9 ) ); p[ 1 ].send( "two" ); ' + end + "; println( s.recv( 9 ) ); println( s.recv( 9 ) ); println( 0 );"}
        """,
        """
        one
        two
        true
        0
        """,
    )


def test_urgent_data_hides_nothing(check: Check) -> None:
    """A receive stops short at urgent data although there is more behind it."""
    check(
        """
        global p = PAIR(), s = p[ 0 ];
        function f(){ s.timeout = 5; var all = ""; while( ( d = s.recv( 99 ) ) && d !== true ){ all = all .. d; if( all.length >= 7 ) break; } println( all ); }
        function g(){ p[ 1 ].send( "abc" ); yield 0.02; p[ 1 ].send( "d" ); p[ 1 ].send( "!", MSG_OOB ); p[ 1 ].send( "efg" ); yield 0.05; }
        thread f(); thread g(); println( socket_run( 5 ) );
        """,
        """
        abcdefg
        0
        """,
    )


def test_full_buffers(check: Check) -> None:
    check(
        """
        include "string"; BIG = string_repeat( "x", 20000000 );
        // not TCP, which goes on moving bytes to the other side whenever its timers say so
        ( s, q ) = socket_pair(); s.blocking = false; s.send_buffer_size = 65536;
        while( s.send( BIG ) !== false );
        println( s.send_all( BIG ), ERR(), s.sent < BIG.length );
        println( s.send_message( BIG ), s.send_messages( [ "x" ] ), s.send_with_blocking( "x", false ), " ", ERR() );
        println( s.condition_check( SOCKET_OUT ), s.send_file( "/bin/sh" ), ERR(), s.sent );
        s.blocking = true; s.timeout = 0.02;
        println( s.send( "x" ), s.send_all( "x" ), s.send_line( "x" ), s.send_message( "x" ), s.send_file( "/bin/sh" ), " ", ERR() );
        println( s.send_message( "x", { timeout = 0.01 } ), " ", ERR() );
        """,
        """
        falseResource temporarily unavailabletrue
        falsefalsefalse Resource temporarily unavailable
        0falseResource temporarily unavailable0
        falsefalsefalsefalsefalse Connection timed out
        false Connection timed out
        """,
    )


OPERATIONS = [
    "s.recv( 9 )", "s.recvfrom( 9 )", "s.recv_exact( 9 )", "s.recv_line()", "s.recv_until( \"x\" )", "s.recv_all()",
    "s.recv_message( 9 )", "s.recv_messages( 2, 9 )", "s.recv_with_blocking( 9, true )", "s.condition_wait( SOCKET_PRI )",
    "s.send_all( BIG )", "s.send( BIG ) === BIG.length", "s.send_message( BIG ) === BIG.length", "@l.accept()",
]  # fmt: skip
SETUP = """
    include "string"; global BIG = string_repeat( "x", 20000000 ), p = PAIR(), s = p[ 0 ], l = LISTEN(), c = socket_cancellable();
    s.cancellable = c; l.cancellable = c;
    function f(){ var r = %s; println( !r || r === null, " ", ERR() ); }
"""


@pytest.mark.parametrize("call", OPERATIONS)
def test_cancelled_before_during_and_after(check: Check, call: str) -> None:
    partial = "BIG.length" in call  # the bytes that went out count as a success
    during = "true Success" if partial else "true Operation canceled"
    check(
        SETUP % call
        + """
        c.cancel(); f(); c.reset();
        thread f(); function g(){ yield 0.01; c.cancel(); c.reset(); } thread g(); println( socket_run( 5 ) );
        qs = PAIR(); q = qs[ 0 ]; q.cancellable = c; println( q.send( "x" ) ); c.cancel(); println( q.is_connected, q.send( "x" ), ERR() );
        """,
        f"""
        true Operation canceled
        {during}
        0
        1
        truefalseOperation canceled
        """,
    )


@pytest.mark.parametrize("why", ["s.deadline = ftime() - 1;", "s.cancellable = c; c.cancel();"])
@pytest.mark.parametrize(
    "call",
    ["s.recv( 1 )", "s.send( 'x' )", "s.send_all( 'x' )", "s.send_line( 'x' )", "s.sendto( 'x', here )",
     "s.send_with_blocking( 'x', false )", "s.recv_with_blocking( 1, false )", "s.send_message( 'x' )", "s.recv_messages( 1, 1 )",
     "s.send_messages( [ 'x' ] )", "s.send_file( '/etc/passwd' )", "s.condition_wait( SOCKET_OUT )", "s.start_tls()",
     "s.recv_all( 0 )", "s.recv_exact( 0 )", "s.connect( here )", "s.connect( here, 5 )"],
)  # fmt: skip
def test_what_is_forbidden_does_not_begin(check: Check, call: str, why: str) -> None:
    """Chapter 11: past the deadline, or cancelled, an operation fails at once: also one that needs not wait."""
    error = "Connection timed out" if "deadline" in why else "Operation canceled"
    check(
        f"""
        p = PAIR(); s = p[ 0 ]; here = LISTEN().local_address; c = socket_cancellable(); p[ 1 ].send( "there" );
        s.condition_wait( SOCKET_IN ); {why} println( {call}, ERR() ); println( p[ 1 ].recv_with_blocking( 9, false ) );
        """,
        f"false{error}\nfalse",
    )


@pytest.mark.parametrize("inside", [False, True], ids=["outside", "thread"])
@pytest.mark.parametrize("call", [*OPERATIONS, "socket_tcp().connect( here )"])
def test_deadline_in_the_past(check: Check, call: str, inside: bool) -> None:
    call = call.replace("socket_tcp().connect", "n.connect")
    check(
        SETUP % call
        + f"""
        global n = socket_tcp(), here = l.local_address; s.cancellable = null; l.cancellable = null;
        s.deadline = ftime() - 1; l.deadline = 0; n.deadline = 1; p[ 1 ].send( "there" );
        {"thread f(); println( socket_run( 5 ) );" if inside else "f(); println( 0 );"}
        """,
        """
        true Connection timed out
        0
        """,
    )


def test_cancelled_and_late_connect(check: Check) -> None:
    check(
        """
        l = socket_listen( "127.0.0.1:0", { backlog = 0 } ); global here = l.local_address, kept = [], c = socket_cancellable();
        for( i = 0; i < 20; ++i ){ s = socket_tcp(); kept.push( s ); if( !s.connect( here, 0.05 ) ) break; }
        function f(){ var s = socket_tcp(); s.cancellable = c; println( s.connect( here ), " ", ERR() ); }
        function g(){ yield 0.02; c.cancel(); } thread f(); thread g(); println( socket_run( 5 ) );
        f();
        s = socket_tcp(); s.timeout = 0.02; println( s.connect( here ), " ", ERR() );
        println( socket_connect( here, { timeout = 0.02 } ), " ", ERR() );
        """,
        """
        false Operation canceled
        0
        false Operation canceled
        false Connection timed out
        null Connection timed out
        """,
    )


def test_wrong_family(check: Check, tmp_path: Path) -> None:
    check(
        f"""
        v4 = socket_address_loopback( false, 9 ); v6 = socket_address_loopback( true, 9 ); un = socket_address_unix( "{tmp_path}/s" );
        foreach( pair : [ [ socket_tcp(), v6 ], [ socket_tcp(), un ], [ socket_tcp( true ), un ], [ socket_unix(), v4 ], [ socket_udp(), v6 ] ] )
        {{
            s = pair[ 0 ]; a = pair[ 1 ];
            println( s.connect( a ), s.bind( a ), s.sendto( "x", a ), s.send_message( "x", {{ address = a }} ), " ", ERR() );
        }}
        println( socket_udp().join_multicast_group( socket_address( AF_INET6, "ff02::1" ) ) );
        """,
        "\n".join(["falsefalsefalsefalse Address family not supported by protocol"] * 5) + "\nfalse",
    )


def test_no_privilege() -> None:
    """Raw sockets and low ports for somebody who is not root."""
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    script = """
        include "sockets";
        println( @socket_raw( false, IPPROTO_ICMP ), socket_error() == socket_geterrnobyname( "EPERM" ) );
        println( @socket_raw( true, IPPROTO_ICMPV6 ), socket_error() == socket_geterrnobyname( "EPERM" ) );
        s = socket_tcp(); println( s.set_option( SOL_SOCKET, SO_MARK, 5 ), socket_error() == socket_geterrnobyname( "EPERM" ) );
    """
    program = f"""if True:
        import os, sys
        from interp.engine import Engine
        engine = Engine(libraries=("sockets",), network=True)
        engine.run('include "sockets";')
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        engine.run({script!r})
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("nulltrue\nnulltrue\nfalsetrue\n", "")


def test_closed_by_another_thread(check: Check) -> None:
    for call in OPERATIONS[:10]:
        check(
            (SETUP % call).replace("s.cancellable = c; l.cancellable = c;", "")
            + "function g(){ yield 0.01; s.close(); } thread f(); thread g(); println( socket_run( 5 ) );",
            """
            true Bad file descriptor
            0
            """,
        )
