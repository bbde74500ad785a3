"""Threads that wait enter the next woken one themselves: what must not change by that.

A waiting thread's stack then refers to the other one's frames, which must end all the same when that one is dropped.
"""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import greenlet
import pytest

from interp.engine import Engine

from .conftest import PRELUDE, make_engine

# Two threads that wait for a byte each; `second` then has a socket `held` of which only its frames know
SETTING = """
    global A = PAIR(), B = PAIR(), C = LISTEN(), log = [], peer = null;
    function first( s ){ global log; while( ( c = s.recv( 1 ) ) !== true ) log.push( "a" .. c ); log.push( "a end" ); }
    function second( s )
    {
        global log, C, peer;
        var held = socket_connect( C.local_address ); peer = C.accept();
        while( true )
        {
            var c = s.recv( 1 );
            log.push( "b" .. c );
            if( c === "y" ) yield( 0 );
            if( c === "w" ) yield( 1000 );
            if( c === "e" ) ERROR( "wanted" );
            if( c === "f" ) return 1;
        }
    }
    function say( a, b ){ A[ 0 ].send( a ); B[ 0 ].send( b ); while( A[ 1 ].available_bytes + B[ 1 ].available_bytes < 2 ); }
    function owner(){ var s = B[ 1 ]; subthread second( s ); while( true ) yield( 0 ); }
    global t = thread first( A[ 1 ] );
"""


class Switches:
    """Counts the switches from one thread's greenlet to another's."""

    def __init__(self) -> None:
        self.direct = 0

    def __call__(self, event: str, greenlets: tuple[Any, Any]) -> None:
        main = greenlets[0]
        while main.parent is not None:
            main = main.parent
        if event == "switch" and main not in greenlets and all(one.parent is main for one in greenlets):
            self.direct += 1


@pytest.fixture
def engine() -> Iterator[Engine]:
    with make_engine() as made:
        made.run(PRELUDE + SETTING)
        yield made


def talk(engine: Engine, first: str, second: str) -> int:
    """Gives both threads a byte at once; how many switches led from thread to thread."""
    count = Switches()
    engine.run(f"global A, B; say( '{first}', '{second}' );")
    before = greenlet.settrace(count)
    try:
        engine.run("socket_run( 0.02 );")
    finally:
        greenlet.settrace(before)
    return count.direct


def log(engine: Engine) -> str:
    """What the threads have noted since the last look."""
    return str(
        engine.run("include 'string'; global log; var text = string_implode( log, ' ' ); log.clear(); return text;")
    )


def closed(engine: Engine) -> Any:
    """Whether the socket that only the second thread knew is closed."""
    return engine.run("global peer; peer.recv_timeout = 0.05; return peer.recv( 1 );")


def test_threads_enter_one_another(engine: Engine) -> None:
    engine.run("global u = thread second( B[ 1 ] );")
    talk(engine, "1", "1")
    assert talk(engine, "2", "2") == 1
    assert log(engine) == "a1 b1 a2 b2"
    assert closed(engine) is False


@pytest.mark.parametrize("how", ["aborted", "yielded", "returns", "error"])
def test_frames_end_though_a_waiting_thread_was_left_for_them(engine: Engine, how: str) -> None:
    engine.run("global u = thread second( B[ 1 ] );")
    talk(engine, "1", "1")
    talk(engine, "2", "2")
    if how == "aborted":
        engine.run("global u; abort( u ); socket_run( 0 );")
    elif how == "yielded":
        assert talk(engine, "3", "w") == 1
        assert closed(engine) is False
        engine.run("global u; abort( u ); socket_run( 0 );")
    elif how == "returns":
        assert talk(engine, "3", "f") == 1
    else:
        assert talk(engine, "3", "e") == 1
    assert closed(engine) is True
    talk(engine, "4", "4")
    assert "a4" in log(engine) and engine.run("global u; return u.running;") is False


def test_subthreads_end_with_their_owner(engine: Engine) -> None:
    engine.run("global o = thread owner();")
    talk(engine, "1", "1")
    talk(engine, "2", "w")
    assert closed(engine) is False
    engine.run("global o; abort( o ); socket_run( 0 ); o = null;")
    assert closed(engine) is True


def test_order_and_a_pass_for_each(engine: Engine) -> None:
    """Who is woken during a pass runs in the next one, so that nobody keeps the others from the selector."""
    engine.run("""
        global X = PAIR(), turns = 0, stop = false;
        function ping( s ){ global turns, stop; while( !stop ){ s.send( "x" ); s.recv( 1 ); ++turns; } s.close(); }
        function timer(){ global stop; yield( 0.05 ); stop = true; }
        thread ping( X[ 0 ] ); thread ping( X[ 1 ] ); thread timer(); A[ 0 ].close();
        socket_run( 5 );
    """)
    assert engine.run("global turns; return turns;") > 10
    assert log(engine) == "a end"


def test_nothing_is_left_of_an_engine() -> None:
    made = make_engine()
    made.run(PRELUDE + SETTING + "global u = thread second( B[ 1 ] );")
    talk(made, "1", "1")
    talk(made, "2", "2")
    contexts = [weakref.ref(context) for context in made._world.threads.begun]
    assert len(contexts) == 2
    made.close()
    del made
    gc.collect()
    assert [context() for context in contexts] == [None, None]
