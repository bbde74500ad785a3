"""The quick natives: what they look at follows the socket's state, and they do what the ordinary bodies do."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from interp.runtime.state import switch
from sockets_module.transfer import become_direct

from .conftest import PRELUDE, make_engine

Check = Callable[..., None]

CHANGES = [
    "s.blocking = false;", "s.recv_timeout = 1; s.recv_timeout = 0;", "s.recv_timeout = 1;", "s.send_timeout = 1;",
    "s.timeout = 1;", "s.deadline = ftime() + 100;", "s.deadline = 5; s.reset_deadline();", "s.timeout_after = 9;",
    "s.cancellable = socket_cancellable();", "s.cancellable = socket_cancellable(); s.cancellable = null;", "s.close();",
    "p[ 1 ].send( 'ab\\ncd' ); s.recv_line();", "p[ 1 ].send( 'ab\\ncd' ); s.recv_line(); s.recv( 9 );",
    "p[ 1 ].send( 'abcd' ); s.recv_exact( 2 ); s.recv_exact( 2 );",
]  # fmt: skip


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_what_natives_look_at_follows_the_state(change: str, direct: bool) -> None:
    with make_engine() as engine:
        engine.run(PRELUDE + "global p = PAIR(); global s = p[ 0 ];")
        sock: Any = engine._world.namespace["s"]
        if direct:
            before = switch(engine._world.root)
            assert become_direct(sock)
            switch(before)
        engine.run("global p, s; " + change.replace("'", '"'))
        seen = sock.guarded, sock.sends, sock.into, sock.calm
        sock.settle()
        assert seen == (sock.guarded, sock.sends, sock.into, sock.calm)
        assert sock.guarded == (sock.due is not None or sock.canceller is not None)


def test_more_arguments_than_a_native_has(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 0 ]; q = p[ 1 ];
        println( s.send( "abcdefgh", 0, 1, 2 ), q.recv( 2, 0, 3 ), q.recv_exact( 2, 3 ), q.recv( 1, MSG_PEEK ) );
        f = q.recv; println( f( q, 2 ), f( q, "1" ), q.recv( 1.5 ), q.recv( 0 ) );
        println( s.send_line( 12, 3 ), q.recv_line( 9, 9 ), s.send_line( "x" ), s.sent, q.recv_line( null ) );
        """,
        """
        8abcde
        efghfalse
        true12true2x
        """,
        "socket.recv(): argument 1 (maxlength) must be positive",
    )


@pytest.mark.parametrize("threads", [False, True])
def test_lines(check: Check, threads: bool) -> None:
    body = """
        println( q.recv_line(), q.recv_line(), q.recv_line(), "|", q.recv_line(), q.recv( 3 ), q.recv_line(), q.recv_line() );
        println( q.recv_line(), " ", ERR() );
    """
    run = "function f( q ){" + body + "} thread f( q ); socket_run();" if threads else body
    check(
        f"""
        p = PAIR(); s = p[ 0 ]; q = p[ 1 ];
        s.send_all( "one\\r\\ntwo\\n\\nfour\\nabcfive\\r\\r\\nsix" ); s.close();
        {run}
        """,
        "onetwo|fourabcfive\rsix\ntrue Success",
    )
