"""Timeouts, deadlines, cancelling, interrupting: chapters 10 section 4 and 11 sections 2 and 4, outside threads."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import io
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from interp import ScriptCancellable
from interp.engine import Engine, Limits
from interp.errors import LimitExceeded, ScriptInterrupted

from .conftest import PRELUDE, make_engine
from .programs import Certificates

Check = Callable[..., None]


def test_receive_and_send_timeouts_end_with_ewouldblock(check: Check) -> None:
    check(
        """
        include "string";
        p = PAIR(); s = p[ 0 ]; s.recv_timeout = 0.02; s.send_timeout = 0.02;
        println( s.recv( 5 ), " ", ERR() );
        println( s.recvfrom( 5 ), " ", ERR() );
        l = LISTEN(); l.recv_timeout = 0.02; println( l.accept(), " ", ERR() );
        // not TCP, which goes on moving bytes to the other side whenever its timers say so
        ( s, q ) = socket_pair(); s.send_timeout = 0.02; big = string_repeat( "x", 20000000 );
        n = s.send( big ); println( n > 0 && n < 20000000, socket_error() );
        println( s.send( "x" ), " ", ERR() );
        """,
        """
        false Resource temporarily unavailable
        false Resource temporarily unavailable
        null Resource temporarily unavailable
        true0
        false Resource temporarily unavailable
        """,
        "socket.accept(): failed to accept connection",
    )


def test_what_an_accepted_connection_has_of_its_listener(check: Check) -> None:
    """The system hands its socket options on, the two timeouts among them; what is the module's own begins anew."""
    check(
        """
        l = LISTEN(); l.recv_timeout = 0.25; l.send_timeout = 0.5; l.no_delay = true; l.keepalive = true;
        l.timeout = 7; l.deadline = ftime() + 100; l.cancellable = socket_cancellable();
        c = socket_connect( l.local_address ); p = l.accept();
        println( p.recv_timeout, " ", p.send_timeout, p.no_delay, p.keepalive );
        println( p.timeout, p.deadline, p.cancellable, p.blocking );
        l.blocking = false; c = socket_connect( l.local_address ); println( l.accept( 5 ).blocking );
        """,
        """
        0.25 0.5truetrue
        0nullnulltrue
        true
        """,
    )


def test_inactivity_ends_with_etimedout(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 0 ]; s.timeout = 0.02;
        println( s.recv( 5 ), " ", ERR(), " ", s.condition_wait( SOCKET_IN ), " ", s.recv_exact( 3 ), " ", ERR() );
        l = LISTEN(); l.timeout = 0.02; println( l.accept(), " ", ERR() );
        p[ 1 ].send( "x" ); println( s.recv( 5 ) );
        """,
        """
        false Connection timed out false false Connection timed out
        null Connection timed out
        x
        """,
        "socket.accept(): failed to accept connection",
    )


def test_endless_times_are_no_limit(check: Check) -> None:
    check(
        """
        ( s, q ) = socket_pair(); inf = 1e300 * 1e300;
        foreach( span : [ 1e18, 1e300, inf ] )
            foreach( name : [ "recv_timeout", "send_timeout", "timeout", "deadline", "timeout_after" ] )
            {
                s[ name ] = span; q.send( "x" );
                if( ( name != "timeout_after" && s[ name ] != span ) || !s.condition_wait( SOCKET_IN, span ) || s.recv( 1 ) != "x" ) println( name );
            }
        println( socket_run( inf ), socket_select( [], [ s ], [], inf ), typeof( LISTEN().accept( 0 ) ) );
        """,
        "01null",
        "socket.accept(): failed to accept connection",
    )


def test_timeout_arguments(check: Check) -> None:
    check(
        """
        l = LISTEN();
        println( l.accept( 0 ), " ", ERR() ); println( l.accept( 0.02 ), " ", ERR() ); println( l.accept( -1 ) );
        c = socket_tcp(); println( c.connect( l.local_address, 5 ), c.connect( l.local_address, -1 ) );
        l.blocking = false; d = socket_tcp(); d.connect( l.local_address );
        println( typeof( l.accept( 5 ) ), typeof( l.accept( 5 ) ) );
        """,
        """
        null Connection timed out
        null Connection timed out
        null
        truefalse
        socketsocket
        """,
        "socket.accept(): failed to accept connection",
        "socket.accept(): failed to accept connection",
        "socket.accept(): argument 1 (timeout) cannot be negative",
        "socket.connect(): argument 2 (timeout) cannot be negative",
    )


def test_a_timeout_argument_waits_on_sockets_that_do_not_block(check: Check) -> None:
    check(
        """
        global l = LISTEN(), taken; l.blocking = false;
        function accepter(){ global taken = l.accept( 5 ); }
        function connecter()
        {
            yield 0.03; var c = socket_tcp(); c.blocking = false;
            println( c.connect( l.local_address, 5 ), c.is_connected, c.blocking );
        }
        thread accepter(); thread connecter(); println( socket_run( 10 ), typeof( taken ) );
        u = UDP(); u.blocking = false; println( u.recv_message( 9, { timeout = 0.01 } ), " ", ERR() );
        """,
        """
        truetruefalse
        0socket
        false Connection timed out
        """,
    )


def test_connect_to_a_full_queue_runs_into_its_timeout(check: Check) -> None:
    check(
        """
        l = socket_listen( "127.0.0.1:0", { backlog = 0 } ); kept = [];
        for( i = 0; i < 20; ++i )
        {
            c = socket_tcp(); kept.push( c );
            if( !c.connect( l.local_address, 0.05 ) ) break;
        }
        println( i < 20, " ", ERR() );
        """,
        "true Connection timed out",
    )


def test_unix_listener_with_a_full_queue(check: Check, tmp_path: object) -> None:
    check(
        f"""
        global a = socket_address_unix( "{tmp_path}/s" ), l = socket_unix(); l.bind( a ); l.listen( 0 ); kept = [];
        for( i = 0; i < 20; ++i )
        {{
            c = socket_unix(); kept.push( c );
            if( !c.connect( a, 0.03 ) ) break;
        }}
        println( i < 20, " ", ERR() );
        function accepter(){{ l.accept(); }}
        function connecter(){{ println( socket_unix().connect( a, 5 ), socket_unix().connect( a ) ); }}
        thread connecter(); thread accepter(); thread accepter(); socket_run();
        """,
        """
        true Connection timed out
        truetrue
        """,
    )


def test_deadlines(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 0 ];
        s.timeout_after = 0.03; println( s.deadline > ftime(), s.recv( 5 ), " ", ERR() );
        p[ 1 ].send( "here" );
        println( s.recv( 5 ), " ", ERR(), " ", s.send( "x" ), s.recv_exact( 1 ), s.send_all( "x" ), " ", ERR() );
        println( s.condition_wait( SOCKET_IN ), " ", ERR() );
        println( s.reset_deadline(), s.deadline, s.recv( 5 ) );
        s.deadline = 0; println( s.recv( 5 ), " ", ERR() ); s.deadline = null; s.deadline = ftime() + 100; println( s.send( "x" ) );
        t = clone( s ); println( t.deadline, typeof( t ) );
        """,
        """
        truefalse Connection timed out
        false Connection timed out falsefalsefalse Connection timed out
        false Connection timed out
        truenullhere
        false Connection timed out
        1
        nullsocket
        """,
    )


def test_cancelled_operations_fail_at_once(check: Check) -> None:
    check(
        """
        p = PAIR(); s = p[ 0 ]; c = socket_cancellable(); s.cancellable = c;
        println( typeof( c ), c.cancelled, s.cancellable == c, c.cancel(), c.cancelled );
        println( s.recv( 5 ), s.send( "x" ), s.condition_wait( 1 ), s.recv_line(), " ", ERR() );
        println( c.reset(), c.cancelled, s.send( "x" ) ); s.cancellable = null; println( s.cancellable );
        """,
        """
        socket_cancellablefalsetruetruetrue
        falsefalsefalsefalse Operation canceled
        truefalse1
        null
        """,
    )


class Announced(io.BytesIO):
    """An output that tells when a script prints: as it then goes on to wait, an interrupt is due a little later.

    Not earlier: one that comes before the script has begun is without effect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.printed = threading.Event()

    def write(self, data: Any) -> int:
        self.printed.set()
        return super().write(data)

    def interrupt(self, engine: Engine, delay: float = 0.05) -> threading.Thread:
        """Interrupts the engine a little after the next print."""
        return self.after_print(engine.interrupt, delay)

    def after_print(self, action: Callable[[], None], delay: float = 0.05) -> threading.Thread:
        """The thread that acts once, `delay` seconds after the next print."""
        self.printed.clear()

        def act() -> None:
            assert self.printed.wait(50)
            time.sleep(delay)
            action()

        thread = threading.Thread(target=act)
        thread.start()
        return thread


@pytest.mark.parametrize(
    "call",
    ["UDP().recv( 5 )", "LISTEN().accept()", "PAIR()[ 0 ].recv_exact( 5 )", "socket_select( [ UDP() ], [], [] )",
     "UDP().condition_wait( SOCKET_IN )", "UDP().recv_message( 5 )", "socket_poller().wait()"],
)  # fmt: skip
def test_interrupt_ends_every_wait(call: str) -> None:
    out = Announced()
    with make_engine(stdout=out, stderr=out) as engine:
        engine.run(PRELUDE)
        stop = out.interrupt(engine)
        began = time.monotonic()
        with pytest.raises(ScriptInterrupted):
            engine.run(f"println( 1 ); println( {call} );")
        assert time.monotonic() - began < 20
        stop.join()
        assert engine.run("return 5;") == 5
    assert out.getvalue() == b"1\n"


@pytest.mark.parametrize("inside", [False, True], ids=["outside", "thread"])
@pytest.mark.parametrize(
    "call",
    ["s.recv( 5 )", "s.recv_exact( 5 )", "s.recv_line()", "s.recvfrom( 5 )", "s.recv_message( 5 )",
     "s.condition_wait( SOCKET_IN )", "s.condition_wait( SOCKET_IN, 50 )", "@l.accept()", "s.start_tls( { verify = false } )",
     "s.send_all( big )"],
)  # fmt: skip
def test_cancelled_from_another_thread_of_the_host(call: str, inside: bool) -> None:
    """Chapter 11: an operation "that is waiting wakes and fails, whether `cancel()` came from another script thread, a
    callback, another OS thread of the host, or the host's `Engine.interrupt`"."""
    out = Announced()
    with make_engine(stdout=out, stderr=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + 'include "string"; global k = socket_cancellable(), p = PAIR(), s = p[ 0 ], l = LISTEN(), big = string_repeat( "x", 30000000 );'
            + "s.cancellable = k; l.cancellable = k;"
            + f"function f(){{ println( 1 ); var r = {call}; println( r === false || r === null, ERR() ); }}"
        )
        cancellable = engine.globals["k"]
        assert isinstance(cancellable, ScriptCancellable) and not cancellable.cancelled
        stop = out.after_print(cancellable.cancel)
        began = time.monotonic()
        if inside:
            engine.run("thread f(); socket_run();")
        else:
            engine.call("f")
        assert time.monotonic() - began < 20
        stop.join()
        assert cancellable.cancelled and "cancelled" in repr(cancellable)
        cancellable.reset()
        assert engine.run("return k.cancelled;") is False
    assert out.getvalue() == b"1\ntrueOperation canceled\n"


@pytest.mark.parametrize("where", ["root", "thread"])
def test_interrupt_of_a_loop_that_sleeps_in_the_selector(where: str) -> None:
    script = "function f(){ UDP().recv( 5 ); } thread f(); println( 1 ); socket_run();"
    if where == "root":
        script = "global a = UDP(); function never( s, c ){ } a.watch( SOCKET_IN, never ); println( 1 ); socket_run();"
    out = Announced()
    with make_engine(stdout=out, stderr=io.BytesIO()) as engine:
        engine.run(PRELUDE)
        stop = out.interrupt(engine)
        with pytest.raises(ScriptInterrupted):
            engine.run(script)
        stop.join()


def test_engine_close_closes_sockets(check: Check) -> None:
    from .conftest import open_descriptors

    before = open_descriptors()
    engine = make_engine(stdout=io.BytesIO(), stderr=io.BytesIO())
    engine.run(
        PRELUDE
        + "global a = PAIR(), b = UDP(), p = socket_poller(); p.add( b, 1 ); function f(){ b.recv( 1 ); } thread f(); socket_run( 0 );"
    )
    assert open_descriptors() > before
    engine.close()
    assert open_descriptors() == before


def test_timeouts_are_judged_after_readiness(check: Check) -> None:
    check(
        """
        global p = PAIR();
        function reader(){ p[ 0 ].timeout = 0.02; println( p[ 0 ].recv( 9 ) ); }
        function busy(){ p[ 1 ].send( "in time" ); t = ftime(); while( ftime() - t < 0.05 ); }
        thread reader(); thread busy(); socket_run();
        """,
        "in time",
    )


def test_limit_of_open_sockets_ends_the_script_and_closes_them() -> None:
    from .conftest import open_descriptors

    with make_engine(stdout=io.BytesIO(), stderr=io.BytesIO(), limits=Limits(sockets=5)) as engine:
        before = open_descriptors()
        engine.run(PRELUDE + "for( i = 0; i < 20; ++i ) socket_tcp();")
        with pytest.raises(LimitExceeded):
            engine.run("list = []; while( true ) list.push( socket_tcp() );")
        assert open_descriptors() == before
        assert engine.run('p = PAIR(); p[ 0 ].send( "x" ); return p[ 1 ].recv( 5 );') == "x"


def test_waiting_works_again_after_an_interrupt() -> None:
    out = Announced()
    with make_engine(stdout=out, stderr=io.BytesIO()) as engine:
        engine.run(PRELUDE)
        for _ in range(3):
            stop = out.interrupt(engine)
            with pytest.raises(ScriptInterrupted):
                engine.run("function f(){ UDP().recv( 5 ); } thread f(); println( 1 ); socket_run();")
            stop.join()
            assert (
                engine.run(
                    'global u = UDP(); function g(){ return u.recv( 5 ); } thread g(); u.sendto( "x", u.local_address ); return socket_run();'
                )
                == 0
            )


def make_it_wait(engine: Engine, fd: int, peer: socket.socket) -> None:
    """Has the script's `take` receive from the peer until one receive had to wait: from then on in the system call."""
    for delay in (0.01, 0.1, 1, 5):
        answer = threading.Timer(delay, peer.sendall, (b"x",))
        answer.start()
        assert engine.call("take") in ("x", b"x")
        answer.join()
        if os.get_blocking(fd):
            return
    raise AssertionError("no receive had to wait")


def test_receives_wait_in_the_system_call_only_while_there_is_no_script_thread() -> None:
    """Whatever a socket has learnt before, a receive of a script thread lets the others run."""
    with socket.create_server(("127.0.0.1", 0)) as listener, make_engine(stdout=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + """
            global SEEN = [];
            function open( port ){ global S = socket_connect( "127.0.0.1", port ); return S.fd; }
            function take(){ global S; return S.recv( 10 ); }
            function reader(){ global S, SEEN; while( ( data = S.recv( 10 ) ) !== true ) SEEN.push( data ); }
            function writer(){ global SEEN; SEEN.push( "other" ); }
            function start(){ thread reader(); thread writer(); global SEEN; return SEEN.size; }
            function finish(){ socket_run(); global SEEN; return SEEN.size; }
            """
        )
        fd = engine.call("open", listener.getsockname()[1])
        peer = listener.accept()[0]
        make_it_wait(engine, fd, peer)
        assert engine.call("start") == 1
        assert not os.get_blocking(fd)
        peer.sendall(b"last")
        peer.close()
        assert engine.call("finish") == 2


def test_a_shared_socket_waits_as_others_expect_it_to() -> None:
    """Waiting in the system call changes the socket of the system, which a clone and other programs have, too."""
    with socket.create_server(("127.0.0.1", 0)) as listener, make_engine(stdout=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + """
            function open( port ){ global S = socket_connect( "127.0.0.1", port ); return S.fd; }
            function take(){ global S; return S.recv( 10 ); }
            function share(){ global S, T; T = clone( S ); }
            """
        )
        fd = engine.call("open", listener.getsockname()[1])
        peer = listener.accept()[0]
        make_it_wait(engine, fd, peer)
        with socket.socket(fileno=os.dup(fd)) as seen, peer:
            assert seen.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) != bytes(16)
            engine.call("share")
            assert not os.get_blocking(fd)
            assert seen.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) == bytes(16)
            peer.sendall(b"once more")
            assert engine.call("take") == "once more"
            assert not os.get_blocking(fd)


@pytest.mark.parametrize("waited", [False, True])
def test_odd_arguments_of_a_socket_that_waits_in_the_system_call(waited: bool) -> None:
    """What a receive says does not depend on how it would wait."""
    err = io.BytesIO()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        make_engine(stdout=io.BytesIO(), stderr=err, encoding=None) as engine,
    ):
        engine.run(
            PRELUDE
            + """
            function open( port ){ global S = socket_connect( "127.0.0.1", port ); return S.fd; }
            function take(){ global S; return S.recv( 10 ); }
            function odd()
            {
                global S;
                return [ S.recv( 0 ), ERR(), S.recv( -1 ), ERR(), S.recv( null ), ERR(), S.recv( "2" ), S.recv( true ), S.recv( 1.9 ), S.recv( 1, MSG_PEEK ),
                    S.recv( 1, null, 5 ), S.recv_exact( 0 ), S.recv_exact( -1 ), ERR(), S.recv_exact( "2" ), S.recv_until( "" ), S.recv_until( "-" ), S.recv_line( 1 ),
                    S.recv_line( -1 ), S.send(), S.send( 5 ), S.send_all( null ), S.send_line( true ), S.recv_exact( 2 ) ];
            }
            """
        )
        fd = engine.call("open", listener.getsockname()[1])
        with listener.accept()[0] as peer:
            if waited:
                make_it_wait(engine, fd, peer)
            peer.sendall(b"abcdefghi-l\nyz")
            assert engine.call("odd").copy() == [
                False, b"Invalid argument", False, b"Invalid argument", None, b"Invalid argument", b"ab", b"c", b"d", b"e",
                b"e", b"", False, b"Invalid argument", b"fg", False, b"hi", b"l", False, None, 1, False, True, b"yz",
            ]  # fmt: skip
    assert [line.split(b": ", 1)[1] for line in err.getvalue().splitlines() if line.startswith(b"Warning")] == [
        b"socket.recv(): argument 1 (maxlength) must be positive", b"socket.recv(): argument 1 (maxlength) must be positive",
        b"socket.recv(): argument 1 - expected int, got null", b"socket.recv_exact(): argument 1 (n) cannot be negative",
        b"socket.recv_until(): argument 1 (delimiter) cannot be empty", b"socket.recv_line(): argument 1 (max) cannot be negative",
        b"socket.send(): argument 1 - expected string, got nothing", b"socket.send_all(): argument 1 - expected string, got null",
    ]  # fmt: skip


def test_tls_waits_in_the_selector(certificates: Certificates) -> None:
    """A socket that has waited in the system call is an ordinary one again when TLS begins."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good)
    with socket.create_server(("127.0.0.1", 0)) as listener, make_engine(stdout=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + """
            function open( port ){ global S = socket_connect( "127.0.0.1", port ); return S.fd; }
            function take(){ global S; return S.recv( 10 ); }
            """
            + f'function secure(){{ global S; return S.start_tls( {{ cafile = "{certificates.ca}" }} ); }}'
        )
        fd = engine.call("open", listener.getsockname()[1])
        peer = listener.accept()[0]
        make_it_wait(engine, fd, peer)

        def serve() -> None:
            with context.wrap_socket(peer, server_side=True) as secure:
                secure.sendall(b"secret")

        helper = threading.Thread(target=serve)
        helper.start()
        assert engine.call("secure") is True
        assert not os.get_blocking(fd)
        assert engine.call("take") == "secret"
        helper.join()
        assert not os.get_blocking(fd)


def test_an_interrupt_ends_a_send_that_waits_in_the_system_call() -> None:
    out = Announced()
    with make_engine(stdout=out, stderr=io.BytesIO()) as engine:
        engine.run(
            PRELUDE
            + 'include "string"; function f(){ var p = PAIR(); println( 1 ); p[ 0 ].send_all( string_repeat( "x", 50000000 ) ); }'
        )
        for _ in range(2):
            stop = out.interrupt(engine, 0.1)
            began = time.monotonic()
            with pytest.raises(ScriptInterrupted):
                engine.call("f")
            assert time.monotonic() - began < 20
            stop.join()


def test_a_timeout_of_zero_does_not_wait(check: Check) -> None:
    """Chapter 11: "a timeout of 0 as an argument means do not wait"; as such it is neither missing nor refused."""
    check(
        """
        global u = UDP(), p = socket_poller(); p.add( u, SOCKET_IN ); began = ftime();
        function reader(){ u.recv( 9 ); }
        thread reader(); println( socket_run( 0 ), ERR() );
        println( p.wait( 0 ).size, socket_select( [ u ], [], [], 0 ), ERR() );
        println( u.condition_wait( SOCKET_IN, 0 ), ERR() );
        println( u.recv_message( 9, { timeout = 0 } ), ERR() );
        @println( LISTEN().accept( 0 ), ERR() );
        println( socket_resolve( "127.0.0.1", "80", { timeout = 0 } ).size, socket_connect( "127.0.0.1", 1, { timeout = 0 } ), ERR() );
        println( ftime() - began < 5 );
        u.close(); println( socket_run( 0 ) );
        """,
        """
        1Success
        00Success
        falseConnection timed out
        falseConnection timed out
        nullConnection timed out
        1nullConnection timed out
        true
        0
        """,
    )
