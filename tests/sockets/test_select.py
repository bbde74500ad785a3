"""`socket_select` (chapter 10 section 5), conditions, pollers and watches (chapter 11 sections 3 and 4)."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import io
import resource
from collections.abc import Callable

import pytest

from .conftest import PRELUDE, make_engine

Check = Callable[..., None]


def test_watches_that_ended_leave_nothing_behind() -> None:
    """A socket that is watched again and again stays as it was."""
    with make_engine(stdout=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + """
            global s = UDP();
            for( i = 0; i < 100; ++i ) s.watch( SOCKET_IN, println ).remove();
            for( i = 0; i < 100; ++i ) s.watch( SOCKET_OUT, function( s, c ){ return false; } );
            socket_run();
            """
        )
        sock = engine.globals["s"]._value
        assert not sock.registration.waiters and not sock.state.loop.watches


def test_filters_in_place_and_keeps_the_order(check: Check) -> None:
    check(
        """
        all = []; for( i = 0; i < 5; ++i ) all.push( UDP() );
        list = all.part( 0 );
        println( socket_select( list, [], [], 0 ), list );
        list = all.part( 0 );
        foreach( i : [ 3, 1, 4 ] ) all[ 0 ].sendto( "to" .. i, all[ i ].local_address );
        println( socket_select( list, [], [], 5 ) );
        foreach( s : list ) println( s.recv( 9 ) );
        """,
        """
        0[]
        3
        to1
        to3
        to4
        """,
    )


def test_one_socket_in_several_arrays_and_twice_in_one(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "x" );
        r = [ p[ 1 ], p[ 0 ], p[ 1 ] ]; w = [ p[ 1 ], p[ 0 ] ]; e = [ p[ 1 ] ];
        println( socket_select( r, w, e, 5 ), r.size, w.size, e.size );
        """,
        "4220",
    )


def test_listening_closed_and_urgent(check: Check) -> None:
    check(
        """
        l = LISTEN(); r = [ l ]; println( socket_select( r, [], [], 0 ) );
        c = socket_connect( l.local_address ); r = [ l ]; println( socket_select( r, [], [], 5 ) );
        p = l.accept(); c.send( "!", MSG_OOB );
        e = [ p, c ]; println( socket_select( [], [], e, 5 ), e[ 0 ] == p );
        c.close(); p.recv( 1, MSG_OOB ); r = [ p ]; println( socket_select( r, [], [], 5 ) );
        """,
        """
        0
        1
        1true
        1
        """,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("[], [], [], -1", "argument 4 (timeout) cannot be negative"),
        ("[ s, 5 ], [], [], 0", "item #2 of 'read' array is not a socket"),
        ("[], [ null ], [], 0", "item #1 of 'write' array is not a socket"),
        ("[], [], [ s, s, {} ], 0", "item #3 of 'error' array is not a socket"),
        ("[ s, closed ], [], [], 0", "item #2 of 'read' array is not an open socket"),
        ("[], [ closed ], [], 0", "item #1 of 'write' array is not an open socket"),
        ("[], [], [ closed ], 0", "item #1 of 'error' array is not an open socket"),
        ("5, [], []", "argument 1 - expected array, got int"),
        ("[], []", "argument 3 - expected array, got nothing"),
        ("[], {}, []", "argument 2 - expected array, got dict"),
    ],
)
def test_misuse(check: Check, call: str, message: str) -> None:
    check(
        f"s = socket_udp(); closed = socket_udp(); closed.close(); println( socket_select( {call} ) );",
        "null",
        f"socket_select(): {message}",
    )


def test_nothing_is_removed_on_misuse(check: Check) -> None:
    check("r = [ socket_udp(), 5 ]; socket_select( r, [], [], 0 ); println( r );", "[socket,5]",
          "socket_select(): item #2 of 'read' array is not a socket")  # fmt: skip


def test_waits_without_a_timeout(check: Check) -> None:
    check(
        """
        a = UDP(); a.sendto( "x", a.local_address );
        println( socket_select( [ a ], [], [] ), socket_select( [ a ], [ a ], [], null ), socket_select( [], [], [], 0.01 ) );
        """,
        "120",
    )


def test_more_than_1024_descriptors(check: Check) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("not enough descriptors allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        check(
            """
            all = []; for( i = 0; i < 1200; ++i ) all.push( socket_udp() );
            last = UDP(); all.push( last );
            println( last.fd > 1024, socket_select( all.part( 0 ), [], [], 0 ) );
            last.sendto( "x", last.local_address );
            println( socket_select( all, [], [], 5 ), all[ 0 ] == last );
            p = socket_poller(); q = UDP(); p.add( q, SOCKET_IN ); q.sendto( "x", q.local_address );
            println( p.wait( 5 ).size, q.condition_check( SOCKET_IN ) );
            """,
            """
            true0
            1true
            11
            """,
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_bytes_read_ahead_are_readable(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 1 ]; p[ 0 ].send( "one\\ntwo\\n" );
        poller = socket_poller(); poller.add( s, SOCKET_IN, "mine" );
        println( s.recv_line(), s.available_bytes );
        r = [ s ]; println( socket_select( r, [], [], 0 ), s.condition_check( SOCKET_IN ), s.condition_wait( SOCKET_IN, 0 ) );
        found = poller.wait( 0 ); println( found.size, found[ 0 ].data, found[ 0 ].events );
        println( s.recv_line(), s.available_bytes, socket_select( [ s ], [], [], 0 ), poller.wait( 0 ).size );
        """,
        """
        one4
        11true
        1mine1
        two000
        """,
    )


def test_conditions(check: Check) -> None:
    check(
        """
        p = PAIR();
        println( p[ 0 ].condition_check( SOCKET_IN | SOCKET_OUT ) == SOCKET_OUT, p[ 0 ].condition_check( SOCKET_IN ) );
        println( p[ 0 ].condition_wait( SOCKET_IN, 0.01 ), " ", ERR() );
        println( p[ 0 ].condition_wait( SOCKET_IN, 0 ), " ", ERR() );
        p[ 1 ].send( "x" ); println( p[ 0 ].condition_wait( SOCKET_IN ), socket_error() );
        p[ 1 ].linger = 0; p[ 1 ].close(); p[ 0 ].condition_wait( SOCKET_HUP, 5 );
        println( p[ 0 ].condition_check( 0 ) & SOCKET_HUP == SOCKET_HUP );
        """,
        """
        true0
        false Connection timed out
        false Connection timed out
        true0
        true
        """,
    )


def test_poller(check: Check) -> None:
    check(
        """
        p = socket_poller(); a = UDP(); b = UDP();
        println( typeof( p ), p.size, p.add( a, SOCKET_IN, "a" ), p.add( b, SOCKET_IN | SOCKET_OUT, "b" ), p.size );
        println( p.add( a, SOCKET_IN ), " ", ERR() );
        found = p.wait( 0 ); println( found.size, found[ 0 ].socket == b, found[ 0 ].events == SOCKET_OUT, found[ 0 ].data );
        println( p.modify( b, SOCKET_IN, "new" ), p.wait( 0.01 ).size, socket_error() );
        a.sendto( "x", a.local_address ); a.sendto( "x", b.local_address );
        b.condition_wait( SOCKET_IN, 5 );
        println( p.wait().size, p.wait( 5, 1 ).size );
        println( p.remove( a ), p.remove( a ), " ", ERR() );
        b.close(); println( p.size, p.wait( 0 ).size, p.modify( b, 1 ), p.add( b, 1 ), " ", ERR() );
        """,
        """
        socket_poller0truetrue2
        false File exists
        1truetrueb
        true00
        21
        truefalse No such file or directory
        00falsefalse Bad file descriptor
        """,
    )


def test_a_member_of_a_poller_is_changed(check: Check) -> None:
    """What `wait` gives is what was set last, also for bytes read ahead, which no selector knows of."""
    check(
        """
        p = socket_poller(); s = PAIR(); a = s[ 0 ]; s[ 1 ].send( "line\nmore" );
        p.add( a, SOCKET_OUT, "first" ); println( a.recv_line() );
        w = p.wait( 5 ); println( w.size, w[ 0 ].events == SOCKET_OUT, w[ 0 ].data );
        println( p.modify( a, SOCKET_IN, "second" ) ); w = p.wait( 0 ); println( w.size, w[ 0 ].events == SOCKET_IN, w[ 0 ].data );
        println( p.modify( a, SOCKET_IN | SOCKET_OUT ) ); w = p.wait( 0 ); println( w[ 0 ].events == SOCKET_IN | SOCKET_OUT, w[ 0 ].data );
        println( a.recv( 9 ), p.modify( a, SOCKET_IN ), p.wait( 0 ).size );
        """,
        """
        line
        1truefirst
        true
        1truesecond
        true
        truenull
        moretrue0
        """,
    )


def test_poller_misuse(check: Check) -> None:
    check(
        "p = socket_poller(); println( p.add( 5, 1 ), p.wait( -1 ), p.wait( 0, 0 ) );",
        "falsefalsefalse",
        "socket_poller.add(): argument 1 - expected socket, got int",
        "socket_poller.wait(): argument 1 (timeout) cannot be negative",
        "socket_poller.wait(): argument 2 (max) must be positive",
    )


def test_watches(check: Check) -> None:
    check(
        """
        a = UDP(); global count = 0;
        function on_ready( s, condition )
        {
            global count;
            println( s.recv( 9 ), condition == SOCKET_IN );
            return ++count < 3;
        }
        w = a.watch( SOCKET_IN, on_ready ); println( typeof( w ) );
        a.sendto( "one", a.local_address );
        println( socket_run( 0.05 ), count );
        a.sendto( "two", a.local_address ); a.sendto( "three", a.local_address ); a.sendto( "four", a.local_address );
        println( socket_run(), count );
        println( w.remove(), a.recv( 9 ) );
        """,
        """
        socket_watch
        onetrue
        01
        twotrue
        threetrue
        03
        falsefour
        """,
    )


def test_watch_removed_or_closed(check: Check) -> None:
    check(
        """
        a = UDP(); function never( s, c ){ println( "called" ); return true; }
        w = a.watch( SOCKET_IN, never ); println( w.remove(), w.remove(), socket_run() );
        w = a.watch( SOCKET_IN, never ); a.close(); println( socket_run() );
        b = UDP(); function stop( s, c ){ println( "stop" ); socket_stop(); return true; }
        w = b.watch( SOCKET_OUT, stop ); println( socket_run() );
        """,
        """
        truefalse0
        0
        stop
        0
        """,
    )
