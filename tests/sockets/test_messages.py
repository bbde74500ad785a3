"""The sendmsg family: chapter 11 section 3."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Check = Callable[..., None]


def test_scatter_and_gather(check: Check) -> None:
    check(
        """
        ( a, b ) = socket_pair();
        println( a.send_message( [ "ab", "cd", "ef" ] ), a.send_message( "gh" ) );
        m = b.recv_message( [ 3, 2, 10 ] );
        println( m.data, " ", m.flags, m.control, m.fds, m.address );
        a.send_message( "xyz" ); println( b.recv_message( 2 ).data, b.recv_message( 9 ).data );
        """,
        """
        62
        [abc,de,fgh] 0[][]null
        xyz
        """,
    )


def test_datagrams_with_addresses(check: Check) -> None:
    check(
        """
        a = UDP(); b = UDP();
        println( b.send_message( "one", { address = a.local_address } ) );
        m = a.recv_message( 2 ); println( m.data, m.address.port == b.local_address.port, m.flags & MSG_TRUNC == MSG_TRUNC );
        println( a.recv_message( 5, { flags = MSG_DONTWAIT } ), " ", ERR() );
        println( a.recv_message( 5, { timeout = 0.02 } ), " ", ERR() );
        println( a.recv_message( 5, { timeout = 0 } ), " ", ERR() );
        """,
        """
        3
        ontruetrue
        false Resource temporarily unavailable
        false Connection timed out
        false Connection timed out
        """,
    )


def test_an_ipv4_address_on_an_ipv6_socket(check: Check) -> None:
    check(
        """
        u = UDP(); s = socket_udp( true );
        println( s.send_message( "one", { address = u.local_address } ), s.send_messages( [ { data = "two", address = u.local_address } ] ) );
        println( u.recv( 9 ), u.recv( 9 ) );
        println( u.send_message( "x", { address = socket_address_loopback( true, 9 ) } ), " ", ERR() );
        """,
        """
        31
        onetwo
        false Address family not supported by protocol
        """,
    )


def test_batches(check: Check) -> None:
    check(
        """
        a = UDP(); b = UDP();
        println( b.send_messages( [ { data = "one", address = a.local_address }, { data = "two", address = a.local_address } ] ) );
        b.connect( a.local_address ); println( b.send_messages( [ "three", "four" ] ) );
        a.condition_wait( SOCKET_IN, 5 );
        list = a.recv_messages( 3, 10 ); println( list.size ); foreach( m : list ) println( m.data );
        list = a.recv_messages( 9, 10 ); println( list.size, list[ 0 ].data, list[ 0 ].address.port == b.local_address.port );
        println( a.recv_messages( 2, 10, MSG_DONTWAIT ), " ", ERR() );
        println( a.send_messages( [] ), a.send_messages( [ "x" ] ), " ", ERR() );
        """,
        """
        2
        2
        3
        one
        two
        three
        1fourtrue
        false Resource temporarily unavailable
        0false Destination address required
        """,
    )


def test_descriptors_travel(check: Check, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    check(
        """
        ( a, b ) = socket_pair(); u = UDP();
        println( a.send_message( "x", { fds = [ u, u.fd ] } ) );
        m = b.recv_message( 5 ); println( m.data, m.fds.size, m.control.size );
        v = m.fds[ 0 ]; println( typeof( v ), v.local_address.port == u.local_address.port, v.fd != u.fd );
        u.sendto( "through", v.local_address ); println( v.recv( 10 ) );
        """,
        """
        1
        x20
        sockettruetrue
        through
        """,
    )


def test_descriptors_of_every_kind_travel(check: Check) -> None:
    """Listeners, the connection itself, with datagrams, packets and looks ahead; what nobody takes is closed."""
    check(
        """
        ( a, b ) = socket_pair(); u = UDP(); l = LISTEN();
        a.send_message( "l", { fds = [ l, a, b ] } ); m = b.recv_message( 9 ); k = m.fds[ 0 ];
        c = socket_connect( l.local_address ); println( k.is_listening, typeof( k.accept( 5 ) ) );
        println( m.fds[ 1 ].send( "via" ), m.fds[ 2 ].recv( 9 ) );
        a.send_message( "x", { fds = [ u ] } ); println( b.recv_message( 9, { flags = MSG_PEEK } ).fds.size, b.recv_message( 9 ).fds.size );
        // each message has its own, even when the bytes follow each other
        a.send_message( "one", { fds = [ u ] } ); a.send_message( "two", { fds = [ u, u ] } );
        m = b.recv_message( 99 ); n = b.recv_message( 99 ); println( m.data, m.fds.size, n.data, n.fds.size );
        a.send_message( "plain", { fds = [ u, u ] } ); println( b.recv( 9 ) );
        ( d, e ) = socket_pair( SOCK_DGRAM ); println( d.send_message( "", { fds = [ u ] } ), e.recv_message( 9 ).fds.size );
        ( d, e ) = socket_pair( SOCK_SEQPACKET ); d.send_message( "packet", { fds = [ u ] } );
        m = e.recv_message( 3 ); println( m.data, m.fds.size, m.flags & MSG_TRUNC == MSG_TRUNC );
        """,
        """
        truesocket
        3via
        11
        one1two2
        plain
        01
        pac1true
        """,
    )


def test_descriptors_that_cannot_travel(check: Check) -> None:
    """The system would send the bytes without them, or nothing at all."""
    check(
        """
        ( a, b ) = socket_pair(); u = UDP(); p = PAIR(); z = socket_unix(); z.close();
        println( p[ 0 ].send_message( "x", { fds = [ u ] } ), " ", ERR(), " ", p[ 1 ].recv( 1, MSG_DONTWAIT ) );
        println( u.send_message( "x", { fds = [ u ], address = u.local_address } ), " ", ERR(), " ", u.recv( 1, MSG_DONTWAIT ) );
        println( a.send_message( "", { fds = [ u ] } ), " ", ERR(), " ", z.send_message( "x", { fds = [ u ] } ), " ", ERR() );
        many = []; for( i = 0; i < 254; ++i ) many.push( u );
        println( a.send_message( "x", { fds = many } ), " ", ERR() );
        many.pop(); println( a.send_message( "x", { fds = many } ), b.recv_message( 9 ).fds.size );
        """,
        """
        false Operation not supported false
        false Operation not supported false
        false Invalid argument false Bad file descriptor
        false Invalid argument
        1253
        """,
    )


def test_descriptors_with_more_than_fits_at_once(check: Check) -> None:
    check(
        """
        include "string"; ( x, y ) = socket_pair(); global a = x, b = y, big = string_repeat( "z", 1000000 );
        function sender(){ println( a.send_message( big, { fds = [ UDP() ] } ) ); a.shutdown_write(); }
        function receiver()
        {
            var bytes = 0, fds = 0;
            while( ( m = b.recv_message( 60000 ) ) && m.data != "" ){ bytes += m.data.length; fds += m.fds.size; }
            println( bytes, " ", fds );
        }
        thread sender(); thread receiver(); println( socket_run( 10 ) );
        """,
        """
        1000000
        1000000 1
        0
        """,
    )


def test_who_sends_comes_along(check: Check) -> None:
    check(
        """
        ( a, b ) = socket_pair(); println( a.set_option( SOL_SOCKET, SO_PASSCRED, 1 ), b.send( "x" ) );
        m = a.recv_message( 9 ); println( m.control.size, m.control[ 0 ].type == SCM_CREDENTIALS, m.control[ 0 ].data.length, m.fds.size );
        """,
        "true1\n1true120",
    )


def test_control_messages(check: Check) -> None:
    check(
        r"""
        u = UDP(); u.set_option( IPPROTO_IP, 8, 1 );
        u.send_message( "x", { address = u.local_address } );
        m = u.recv_message( 5 ); println( m.control.size, m.control[ 0 ].level == IPPROTO_IP, m.control[ 0 ].type, typeof( m.control[ 0 ].data ) );
        println( u.send_message( "y", { address = u.local_address, control = [ { level = IPPROTO_IP, type = 2, data = "\x07\0\0\0" } ] } ) );
        println( u.recv( 5 ) );
        """,
        """
        1true8string
        1
        y
        """,
    )


def test_misuse(check: Check) -> None:
    check(
        """
        ( a, b ) = socket_pair();
        println( a.send_message( "x", { fds = 5 } ), a.send_message( "x", { fds = [ "x" ] } ), a.send_message( "x", { control = [ 1 ] } ) );
        println( a.send_message( "x", { address = 5 } ), a.send_message( [ null ] ), a.send_message( "x", { timeout = -1 } ) );
        println( a.send_message( "x", { fds = [ -1 ] } ), " ", ERR() );
        println( b.recv( 5, MSG_DONTWAIT ) );
        """,
        """
        falsefalsefalse
        falsefalsefalse
        false Bad file descriptor
        false
        """,
        "socket.send_message(): option 'fds' must be an array",
        "socket.send_message(): option 'fds' holds something that is neither a socket, an io_file nor an int",
        "socket.send_message(): an entry of option 'control' must be a dict with level, type and data",
        "socket.send_message(): option 'address' must be a socket_address",
        "socket.send_message(): argument 1 (data) must be a string or an array of strings",
        "socket.send_message(): option 'timeout' must be a number of seconds",
    )


def test_a_batch_with_something_that_is_no_message_is_not_begun(check: Check) -> None:
    check(
        """
        ( a, b ) = socket_pair();
        println( a.send_messages( [ "x", { nonsense = 1 } ] ), " ", ERR() );
        println( a.send_messages( [ "x", null ] ), a.send_messages( [ "x", { data = "y", fds = 5 } ] ) );
        println( b.available_bytes );
        """,
        """
        false Invalid argument
        falsefalse
        0
        """,
        "socket.send_messages(): argument 1 (options): unknown option 'nonsense'",
        "socket.send_messages(): argument 1 (data) must be a string or an array of strings",
        "socket.send_messages(): option 'fds' must be an array",
    )


def test_parts_that_change_the_array_they_stand_in(check: Check) -> None:
    check(
        """
        ( a, b ) = socket_pair(); global list = [];
        class T { function __tostring(){ list.push( new T() ); return "text"; } }
        list.push( new T() ); println( a.send_message( list ), list.size ); println( b.recv( 20 ) );
        """,
        """
        42
        text
        """,
    )


def test_streams_read_ahead_and_end(check: Check) -> None:
    check(
        """
        p = PAIR(); p[ 0 ].send( "line\\nrest" ); println( p[ 1 ].recv_line(), p[ 1 ].recv_message( 9 ).data );
        p[ 0 ].send( "last" ); p[ 0 ].close();
        list = p[ 1 ].recv_messages( 5, 10 ); println( list.size, list[ 0 ].data );
        println( p[ 1 ].recv_message( 5 ).data.length );
        """,
        """
        linerest
        1last
        0
        """,
    )
