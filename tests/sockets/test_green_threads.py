"""Blocking operations in script threads, and `socket_run`: chapter 11 section 4."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import gc
import io
import resource
from collections.abc import Callable

import pytest

Check = Callable[..., None]


def test_one_thread_per_connection(check: Check) -> None:
    check(
        r"""
        global l = LISTEN(), done = 0;
        function serve( s ){ while( isstring( line = s.recv_line() ) ) s.send_line( "echo " .. line ); s.close(); }
        function isstring( v ){ return typeof( v ) == "string"; }
        function accepter( n ){ for( var i = 0; i < n; ++i ) thread serve( l.accept() ); }
        function client( i )
        {
            global done; var s = socket_connect( l.local_address );
            for( var k = 0; k < 3; ++k ){ s.send_line( i .. "-" .. k ); if( s.recv_line() != "echo " .. i .. "-" .. k ) println( "wrong" ); }
            done = done + 1;
        }
        thread accepter( 20 );
        for( i = 0; i < 20; ++i ) thread client( i );
        println( socket_run(), done );
        """,
        "020",
    )


def test_parks_under_natives_and_coroutines(check: Check) -> None:
    check(
        """
        global p = PAIR();
        function inner(){ global result = p[ 0 ].recv( 9 ); }
        function under_pcall(){ pcall( inner ); println( "pcall ", result ); }
        function body(){ inner(); println( "coroutine ", result ); yield( 7 ); }
        function under_coroutine(){ var c = co_create( body ); println( co_resume( c ) ); println( "after" ); }
        function other( text ){ println( "other runs" ); p[ 1 ].send( text ); }
        thread under_pcall(); thread other( "one" ); socket_run();
        thread under_coroutine(); thread other( "two" ); socket_run();
        """,
        """
        other runs
        pcall one
        other runs
        coroutine two
        7
        after
        """,
    )


def test_what_the_scheduler_sees_of_a_parked_thread(check: Check) -> None:
    check(
        """
        global u = UDP(); function f(){ println( u.recv( 9 ) ); println( "goes on" ); }
        t = thread f();
        println( t.can_resume, t.running, process_threads( 1 ), process_threads( 1 ) );
        t.resume();
        u.sendto( "x", u.local_address );
        println( socket_run(), t.running );
        """,
        """
        falsetrue11
        x
        goes on
        0false
        """,
        "co_resume(): failed to resume coroutine",
    )


def test_abort_end_event_and_close_wake(check: Check) -> None:
    check(
        """
        global u = UDP(); function f( name ){ defer println( "deferred" ); var r = u.recv( 9 ); println( name, " ", r, " ", ERR() ); }
        t = thread f( "aborted" ); t.abort(); println( socket_run(), t.was_aborted );
        e = event(); t = thread f( "ended" ); t.end_on( e ); e.signaled = true; println( socket_run(), t.was_aborted );
        t = thread f( "closed" ); u.close(); println( socket_run(), t.was_aborted );
        """,
        """
        0true
        0true
        closed false Bad file descriptor
        deferred
        0false
        """,
    )


def test_timeout_deadline_and_cancel_while_parked(check: Check) -> None:
    check(
        """
        function f( s ){ println( s.recv( 9 ), " ", ERR() ); }
        a = UDP(); a.timeout = 0.01; thread f( a ); socket_run();
        b = UDP(); b.timeout_after = 0.01; thread f( b ); socket_run();
        d = UDP(); d.recv_timeout = 0.01; thread f( d ); socket_run();
        global c = UDP(); c.cancellable = socket_cancellable(); thread f( c );
        function canceller(){ yield 0.01; c.cancellable.cancel(); c.cancellable.reset(); } thread canceller(); socket_run();
        """,
        """
        false Connection timed out
        false Connection timed out
        false Resource temporarily unavailable
        false Operation canceled
        """,
    )


def test_error_slot_belongs_to_the_thread_that_made_the_call(check: Check) -> None:
    check(
        """
        global p = PAIR();
        function reader(){ println( p[ 0 ].recv( 9 ), socket_error() ); }
        function failer(){ socket_tcp().send( "x" ); println( socket_error() != 0 ); p[ 1 ].send( "ok" ); socket_tcp().send( "x" ); }
        thread reader(); thread failer(); socket_run();
        """,
        """
        true
        ok0
        """,
    )


def test_select_and_poller_park_too(check: Check) -> None:
    check(
        """
        global a = UDP(), b = UDP(), p = socket_poller(); p.add( b, SOCKET_IN );
        function selector(){ var r = [ a ]; println( "select ", socket_select( r, [], [] ) ); }
        function poller(){ println( "poller ", p.wait().size ); }
        function waiter(){ println( "condition ", a.condition_wait( SOCKET_IN ) ); }
        function late(){ var r = [ a ]; println( "late ", socket_select( r, [], [], 0.01 ), p.wait( 0.01 ).size ); }
        function sender(){ yield 0.05; a.sendto( "x", a.local_address ); yield 0.02; b.sendto( "x", b.local_address ); }
        thread late(); thread selector(); thread poller(); thread sender(); println( socket_run() );
        """,
        """
        late 00
        select 1
        poller 1
        0
        """,
    )


def test_a_select_with_a_timeout_holds_up_nobody(check: Check) -> None:
    check(
        """
        ( a, b ) = socket_pair();
        function selecter( a ){ println( socket_select( [ a ], [], [], 30 ), " ", a.recv( 9 ) ); println( socket_select( [ a ], [], [], 0.01 ) ); }
        function sender( b ){ println( "sends" ); b.send( "quick" ); }
        began = ftime(); thread selecter( a ); thread sender( b ); println( socket_run( 60 ), ftime() - began < 20 );
        """,
        "sends\n1 quick\n0\n0true",
    )


def test_what_other_threads_do_to_the_arrays_of_a_select(check: Check) -> None:
    """The sockets that were given are waited for; the array ends with those of them that are ready."""
    check(
        """
        global u = UDP(), v = UDP(), r = [ u, v ], w = [];
        function selector(){ println( socket_select( r, w, [] ), r.size, r[ 0 ] == v, w.size ); }
        function other(){ yield; r.push( 5 ); r.shift(); w.push( null ); w.push( u ); v.sendto( "x", v.local_address ); }
        thread selector(); thread other(); println( socket_run( 5 ) );
        """,
        """
        11true0
        0
        """,
    )


def test_run_with_yields_timeouts_and_stop(check: Check) -> None:
    check(
        """
        function sleeper( t, name ){ yield t; println( name ); }
        thread sleeper( 0.02, "second" ); thread sleeper( 0.01, "first" ); thread sleeper( 100, "never" );
        println( socket_run( 0.05 ) );
        function stopper(){ socket_stop(); } function starter(){ yield; socket_stop(); yield; println( "not now" ); }
        thread starter(); println( socket_run() );
        println( socket_run( -1 ), " ", ERR() );
        """,
        """
        first
        second
        1
        2
        null Invalid argument
        """,
        "socket_run(): argument 1 (timeout) cannot be negative",
    )


def test_subthreads_run_by_a_nested_loop(check: Check) -> None:
    check(
        """
        global u = UDP();
        function child(){ println( "child got ", u.recv( 9 ) ); }
        function parent(){ subthread child(); println( "left ", socket_run() ); }
        function sender(){ yield 0.02; u.sendto( "x", u.local_address ); }
        thread parent(); thread sender(); println( socket_run() );
        """,
        """
        child got x
        left 0
        0
        """,
    )


def test_sleeping_costs_no_processor_time(check: Check) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    check("global u = UDP(); function f(){ u.recv( 1 ); } thread f(); println( socket_run( 0.5 ) );", "1")
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.35


def test_outside_threads_a_call_blocks_the_engine(check: Check) -> None:
    check(
        """
        global u = UDP(); function f(){ yield; println( "never" ); } thread f();
        u.recv_timeout = 0.02; println( u.recv( 5 ) );
        """,
        "false",
    )


def test_many_connections(check: Check) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("not enough descriptors allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        check(
            """
            global l = socket_listen( "127.0.0.1:0", { backlog = 4096 } ), here = l.local_address, served = 0, answered = 0;
            function serve( s ){ global served; s.send_all( s.recv_exact( 64 ) ); served = served + 1; s.recv( 1 ); }
            function accepter(){ for( var i = 0; i < 1000; ++i ) thread serve( l.accept() ); }
            thread accepter();
            include "string"; global message = string_repeat( "x", 64 );
            function client(){ global answered; var s = socket_connect( here ); s.send_all( message ); if( s.recv_exact( 64 ) == message ) answered = answered + 1; }
            for( i = 0; i < 1000; ++i ) thread client();
            println( socket_run(), " ", served, " ", answered );
            """,
            "0 1000 1000",
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_descriptor_waits_for_the_garbage_collector() -> None:
    from .conftest import PRELUDE, make_engine, open_descriptors

    gc.collect()
    gc.disable()
    try:
        with make_engine(stdout=io.BytesIO(), stderr=io.BytesIO()) as engine:
            # the first wait of an engine makes its selector, which stays
            engine.run(
                PRELUDE
                + "function f( u ){ u.recv( 1 ); } u = UDP(); u.timeout = 0.01; thread f( u ); socket_run(); u.recv( 1 );"
            )
            before = open_descriptors()
            engine.run(
                """
                function server( l ){ for( var i = 0; i < 20; ++i ) thread serve( l.accept() ); }
                function serve( s ){ s.timeout = 5; s.send_line( s.recv_line() ); s.recv( 1 ); }
                function client( a ){ var s = socket_connect( a ); s.send_line( "x" ); s.recv_line(); s.shutdown( 99 ); s.recv_exact( -1 ); }
                l = LISTEN(); thread server( l ); for( i = 0; i < 20; ++i ) thread client( l.local_address ); socket_run();
                function failing( s ){ ERROR( "stop" ); } thread failing( UDP() );
                t = thread serve( PAIR()[ 0 ] ); t.abort(); socket_run(); t = null;
                w = UDP(); function no( s, c ){ return false; } w.watch( SOCKET_OUT, no ); socket_run();
                p = socket_poller(); p.add( UDP(), SOCKET_IN ); p.wait( 0 ); p = null; w = null; l = null;
                """
            )
            assert open_descriptors() == before
    finally:
        gc.enable()
