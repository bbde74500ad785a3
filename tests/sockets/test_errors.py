"""The error slot, creation, closed sockets, bad arguments: chapter 10 sections 1, 3 and 4."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[..., None]

NOT_CONNECTED = "Transport endpoint is not connected"


def test_slot_follows_the_last_operation(check: Check) -> None:
    check(
        """
        println( socket_error(), ERR() );
        s = socket_tcp();
        println( s.shutdown( SHUT_RDWR ), " ", socket_error(), " ", ERR() );
        println( s.reuse_addr, socket_error() );
        println( s.shutdown( SHUT_RDWR ), " ", s.bind( 0 ), " ", socket_error() );
        """,
        """
        0Success
        false 107 Transport endpoint is not connected
        false0
        false true 0
        """,
    )


def test_close_twice_leaves_the_slot_alone(check: Check) -> None:
    check(
        """
        s = socket_tcp(); t = socket_tcp();
        println( s.close() );
        t.send( "x" ); e = socket_error();
        println( s.close(), e == socket_error(), tobool( s ), tobool( t ) );
        """,
        """
        true
        falsetruefalsetrue
        """,
    )


@pytest.mark.parametrize(
    "call",
    [
        "recv( 1 )", "recvfrom( 1 )", 'send( "x" )', 'sendto( "x", here )', "connect( here )", "bind( 0 )", "bind( here )",
        "listen()", "shutdown( 2 )", 'send_all( "x" )', 'send_line( "x" )', "recv_exact( 1 )", "recv_all()",
        "recv_line()", 'recv_until( "x" )', 'send_with_blocking( "x", true )', "recv_with_blocking( 1, true )", "flush()",
        "condition_check( SOCKET_IN )", "condition_wait( SOCKET_IN )", "check_connect_result()", "reset_deadline()",
        "set_option( SOL_SOCKET, SO_REUSEADDR, 1 )", "shutdown_read()", "shutdown_write()", 'send_message( "x" )',
        "recv_message( 1 )", 'send_messages( [ "x" ] )', "recv_messages( 1, 1 )", "watch( SOCKET_IN, println )",
        'join_multicast_group( socket_address( AF_INET, "224.0.0.251" ) )',
        'leave_multicast_group( socket_address( AF_INET, "224.0.0.251" ) )', 'send_file( "/dev/null" )',
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_operations_on_a_closed_socket(check: Check, call: str, kind: str) -> None:
    check(
        f'here = socket_address( AF_INET, "127.0.0.1", 9 ); s = socket_{kind}(); s.close(); println( s.{call}, " ", ERR() );',
        "false Bad file descriptor",
    )


@pytest.mark.parametrize("call", ["detach()", "get_option( SOL_SOCKET, SO_REUSEADDR )"])
def test_values_of_a_closed_socket(check: Check, call: str) -> None:
    check(f's = socket_tcp(); s.close(); println( s.{call}, " ", ERR() );', "null Bad file descriptor")


def test_accept_and_getpeername_of_a_closed_socket(check: Check) -> None:
    check(
        's = socket_tcp(); s.close(); println( s.accept(), s.getpeername(), clone( s ), " ", ERR() );',
        "nullnullnull Bad file descriptor",
        "socket.accept(): failed to accept connection",
        "socket.getpeername(): failed to get peer name",
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("recv()", "recv(): argument 1 - expected int, got nothing"),
        ("recv( null )", "recv(): argument 1 - expected int, got null"),
        ('recv( "x" )', "recv(): argument 1 - expected int, got string"),
        ("send()", "send(): argument 1 - expected string, got nothing"),
        ("send( null )", "send(): argument 1 - expected string, got null"),
        ("send( println )", "send(): argument 1 - expected string, got C function"),
        ('sendto( "x" )', "sendto(): argument 2 - expected custom object, got nothing"),
        ('sendto( "x", "127.0.0.1:80" )', "sendto(): argument 2 - expected custom object, got string"),
        ("connect()", "connect(): argument 1 - expected custom object, got nothing"),
        ("connect( 80 )", "connect(): argument 1 - expected custom object, got int"),
        ("connect( null )", "connect(): argument 1 - expected custom object, got null"),
        ("bind()", "bind(): argument 1 - expected int or socket_address, got nothing"),
        ('bind( "localhost" )', "bind(): argument 1 - expected int or socket_address, got string"),
        ("bind( [] )", "bind(): argument 1 - expected int or socket_address, got array"),
        ("shutdown()", "shutdown(): argument 1 - expected int, got nothing"),
        ("recvfrom()", "recvfrom(): argument 1 - expected int, got nothing"),
    ],
)
def test_wrong_arguments(check: Check, call: str, message: str) -> None:
    """Chapter 10: null, and the slot is for what reaches the operating system."""
    check(
        f"u = socket_udp(); u.shutdown( 0 ); println( u.{call}, ERR() );", f"null{NOT_CONNECTED}", f"socket.{message}"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("condition_check()", "argument 1 - expected int, got nothing"),
        ('condition_wait( "x" )', "argument 1 - expected int, got string"),
        ("watch( 1, 5 )", "argument 2 - expected callable, got int"),
        ("send_all( null )", "argument 1 - expected string, got null"),
        ("send_all()", "argument 1 - expected string, got nothing"),
        ("send_line( println )", "argument 1 - expected string, got C function"),
        ('send_with_blocking( "x" )', "argument 2 - expected bool, got nothing"),
        ("recv_with_blocking( null, true )", "argument 1 - expected int, got null"),
        ("send_file()", "argument 1 - expected any, got nothing"),
        ("send_file( 5 )", "argument 1 - expected string or io_file, got int"),
        ("send_file( socket_udp() )", "argument 1 - expected string or io_file, got socket"),
        ("recv_exact()", "argument 1 - expected int, got nothing"),
        ("recv_until()", "argument 1 - expected string, got nothing"),
        ("recv_until( null )", "argument 1 - expected string, got null"),
        ("send_message()", "argument 1 - expected any, got nothing"),
        ('recv_message( "x" )', "argument 1 - expected int or array, got string"),
        ("send_messages( 5 )", "argument 1 - expected array, got int"),
        ("recv_messages( 1 )", "argument 2 - expected int, got nothing"),
        ("join_multicast_group( 5 )", "argument 1 - expected socket_address, got int"),
        ("leave_multicast_group()", "argument 1 - expected socket_address, got nothing"),
        ("set_option( SOL_SOCKET )", "argument 2 - expected int, got nothing"),
        ("get_option( SOL_SOCKET )", "argument 2 - expected int, got nothing"),
    ],
)
def test_misuse_of_the_methods_of_chapter_11(check: Check, call: str, message: str) -> None:
    """Chapter 11: "a failed operation returns false (null where a value was asked for) and sets `socket_error`;
    misuse (wrong type, out of range) also gives a Warning naming the function and the argument"."""
    name = call[: call.index("(")]
    result = "null" if name == "get_option" else "false"
    check(
        f"u = socket_udp(); println( u.{call}, ERR() ); m = u.{name}; println( m(), ERR() );",
        f"{result}Invalid argument\n{result}Invalid argument",
        f"socket.{name}(): {message}",
        f"socket.{name}(): argument 1 - expected socket, got nothing",
    )


@pytest.mark.parametrize(
    ("call", "result", "message"),
    [
        ("socket_raw( false )", "null", "argument 2 - expected int, got nothing"),
        ("socket_from_fd( null )", "null", "argument 1 - expected int, got null"),
        ("socket_listen()", "null", "argument 1 - expected any, got nothing"),
        ("socket_listen( [] )", "null", "argument 1 - expected int or string or socket_address, got array"),
        ("socket_connect( 5 )", "null", "argument 1 - expected string or socket_address, got int"),
        ("socket_resolve()", "null", "argument 1 - expected string, got nothing"),
        ('socket_resolve_service( "a" )', "null", "argument 2 - expected string, got nothing"),
        ("socket_getnameinfo( 5 )", "null", "argument 1 - expected socket_address, got int"),
        ("socket_getservbyname( null )", "null", "argument 1 - expected string, got null"),
        ("socket_address_any( true, 70000 )", "null", "argument 2 (port) must be between 0 and 65535"),
        ("socket_address_loopback( true, -1 )", "null", "argument 2 (port) must be between 0 and 65535"),
        ("socket_address_broadcast( 70000 )", "null", "argument 1 (port) must be between 0 and 65535"),
        ("socket_address_parse()", "null", "argument 1 - expected string, got nothing"),
        ('socket_address_parse( "here:80" )', "null", "failed to generate address from string"),
        ('socket_address_unix( "a\\0b" )', "null", "argument 1 (path) cannot be used as an address"),
        ("socket_poller().add( 5, 1 )", "false", "argument 1 - expected socket, got int"),
        ("socket_poller().modify()", "false", "argument 1 - expected socket, got nothing"),
        ("socket_poller().remove( null )", "false", "argument 1 - expected socket, got null"),
        ("socket_client().connect( 5 )", "null", "argument 1 - expected string or socket_address, got int"),
        ("socket_client().connect_to_host()", "null", "argument 1 - expected string, got nothing"),
        ('socket_client().connect_to_service( "a" )', "null", "argument 2 - expected string, got nothing"),
        ('socket_client().connect_to_uri( "a" )', "null", "argument 2 - expected int, got nothing"),
        ('socket_client().connect_async( "a:1" )', "false", "argument 2 - expected callable, got nothing"),
        ('socket_client().connect_to_host_async( "a", 1, 5 )', "false", "argument 3 - expected callable, got int"),
        ('socket_client().connect_to_service_async( "a", "b", 5 )', "false", "argument 3 - expected callable, got int"),
        ('socket_client().connect_to_uri_async( "a", null, println )', "false", "argument 2 - expected int, got null"),
        ("socket_client().add_application_proxy()", "false", "argument 1 - expected string, got nothing"),
    ],
)
def test_misuse_elsewhere_in_chapter_11(check: Check, call: str, result: str, message: str) -> None:
    name = call[: call.rindex("(")].replace("().", ".").split("(")[0]
    check(f"println( {call}, ERR() );", f"{result}Invalid argument", f"{name}(): {message}")


@pytest.mark.parametrize(
    "call",
    [
        "recv_exact( 0 )",
        "recv_all( 0 )",
        "send_all( '' )",
        "send_messages( [] )",
        "recv_exact( 1 )",
        "recv_until( 'x' )",
    ],
)
def test_a_closed_socket_is_closed_for_nothing_too(check: Check, call: str) -> None:
    """Chapter 10: "operations on a closed socket fail with EBADF", also those that would move no byte."""
    check(
        f"( a, b ) = socket_pair(); a.close(); println( a.{call}, ERR() ); k = b.cancellable = socket_cancellable(); k.cancel();"
        f"println( b.{call}, ERR() );",
        "falseBad file descriptor\nfalseOperation canceled",
    )


SUCCESSES = """
socket( AF_INET, SOCK_STREAM, 0 ); socket_tcp(); socket_udp( true ); socket_unix(); socket_pair(); clone( u )
socket_from_fd( socket_udp().detach() ); socket_listen( 0 ); socket_listen( "127.0.0.1:0" ); socket_connect( l.local_address )
socket_getaddrinfo( "127.0.0.1", "80" ); socket_resolve( "127.0.0.1", "80" ); socket_gethostname()
socket_getnameinfo( l.local_address, NI_NUMERICHOST | NI_NUMERICSERV ); socket_getservbyname( "http" )
socket_select( [ u ], [], [], 0 ); socket_poller(); p.add( u, SOCKET_IN ); p.modify( u, SOCKET_OUT ); p.wait( 0 ); p.remove( u )
x.bind( 0 ); x.listen(); t.connect( l.local_address ); l.accept(); t.getpeername(); t.shutdown( SHUT_RD ); t.shutdown_write()
a.send( "12345" ); b.recv( 1 ); b.recvfrom( 1 ); b.recv( 1, MSG_PEEK ); b.recv_with_blocking( 1, false ); b.recv_exact( 1 )
a.send_all( "x\\nx\\nx\\nx" ); b.recv_until( "x" ); b.recv_line(); b.recv_all( 1 ); b.recv_message( 1 ); b.recv_messages( 1, 1 )
a.send_line( "x" ); a.send_message( "x" ); a.send_messages( [ "x" ] ); a.send_with_blocking( "x", true ); a.send_file( "/dev/null" )
a.flush(); a.condition_check( SOCKET_OUT ); a.condition_wait( SOCKET_OUT ); a.check_connect_result(); a.reset_deadline()
a.get_option( SOL_SOCKET, SO_TYPE ); a.set_option( SOL_SOCKET, SO_KEEPALIVE, 1 ); a.watch( SOCKET_IN, println ).remove()
u.join_multicast_group( g, "lo" ); u.leave_multicast_group( g, "lo" ); u.sendto( "x", u.local_address )
fds.push( u.detach() ); socket_from_fd( fds.pop() )
a.keepalive === true; a.keepalive = true; a.timeout = 1; c.connect( l.local_address ); c.connect_async( l.local_address, println )
a.send_all( "1\\n2\\n3" ); b.recv_line(); b.recv_line(); a.send_all( "4\\n" ); b.recv_line(); a.send_all( "5" ); b.recv( 1 )
a.close(); b.recv_all(); b.recv_line(); b.recv_until( "x" ); b.recv( 1 ); b.recv_exact( 0 ); b.recvfrom( 1 )
"""


@pytest.mark.parametrize("state", ["", "a.deadline = b.deadline = u.deadline = ftime() + 100;"])
def test_every_success_clears_the_slot(check: Check, state: str) -> None:
    """Chapter 10: "every operation that reaches the operating system writes it: 0 on success"."""
    calls = [call.strip() for line in SUCCESSES.split("\n") for call in line.split("; ") if call.strip()]
    setting = 'l = LISTEN(); u = UDP(); p = socket_poller(); x = socket_tcp(); t = socket_tcp(); ( a, b ) = socket_pair(); g = socket_address( AF_INET, "239.1.2.3" ); fds = []; c = socket_client();'
    check(
        setting
        + state
        + "".join(
            f"socket_from_fd( -1 ); if( socket_error() == 0 ) println( 'no failure' ); r = {call}; "
            f"if( r === false || r === null || socket_error() != 0 ) println( {call!r}, ' ', r, ' ', ERR() );"
            for call in calls
        )
        + f"println( {len(calls)} );",
        str(len(calls)),
    )


def test_what_asks_nobody_leaves_the_slot_alone(check: Check) -> None:
    """Chapter 10: "every operation that reaches the operating system writes it": `sent` may be read before the error."""
    facts = "fd family type protocol is_closed is_connected is_listening speaks_ipv4 sent tls"
    facts += " blocking send_timeout recv_timeout timeout deadline cancellable listen_backlog"
    check(
        "".join(
            f's = socket_tcp(); s.shutdown( 0 ); s.{name}; if( ERR() !== "{NOT_CONNECTED}" ) println( "{name}" );'
            for name in facts.split()
        )
        + "s = socket_tcp(); s.shutdown( 0 ); s.keepalive; println( ERR() ); s.close(); @( s.timeout ); println( ERR() );",
        "Success\nBad file descriptor",
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("recv( 0 )", "recv(): argument 1 (maxlength) must be positive"),
        ("recv( -1 )", "recv(): argument 1 (maxlength) must be positive"),
        ("recvfrom( 0 )", "recvfrom(): argument 1 (maxlength) must be positive"),
        ("bind( 65536 )", "bind(): argument 1 (port) must be between 0 and 65535"),
        ("bind( -1 )", "bind(): argument 1 (port) must be between 0 and 65535"),
        ("condition_wait( 1, -1 )", "condition_wait(): argument 2 (timeout) cannot be negative"),
        ("recv_exact( -1 )", "recv_exact(): argument 1 (n) cannot be negative"),
        ("recv_all( -1 )", "recv_all(): argument 1 (max) cannot be negative"),
        ("recv_line( -1 )", "recv_line(): argument 1 (max) cannot be negative"),
        ('recv_until( "" )', "recv_until(): argument 1 (delimiter) cannot be empty"),
        ('recv_until( "x", -1 )', "recv_until(): argument 2 (max) cannot be negative"),
        ("recv_with_blocking( 0, true )", "recv_with_blocking(): argument 1 (n) must be positive"),
        ("recv_messages( 1, 0 )", "recv_messages(): argument 2 (n) must be positive"),
        ("recv_message( [ 1, 0 ] )", "recv_message(): argument 1 (n) must be positive"),
        ("connect( socket_address_any(), -1 )", "connect(): argument 2 (timeout) cannot be negative"),
        ('send_file( "x", 0, -1 )', "send_file(): argument 3 (count) cannot be negative"),
        ("recv_messages( 0, 5 )", "recv_messages(): argument 1 (count) must be positive"),
        ("send_file( 5 )", "send_file(): argument 1 - expected string or io_file, got int"),
        ('send_file( "x", -1 )', "send_file(): argument 2 (offset) cannot be negative"),
        ('send_message( "x", { nonsense = 1 } )', "send_message(): argument 2 (options): unknown option 'nonsense'"),
        ("recv_message( 0 )", "recv_message(): argument 1 (n) must be positive"),
    ],
)
def test_values_out_of_range(check: Check, call: str, message: str) -> None:
    check(f'println( socket_udp().{call}, " ", ERR() );', "false Invalid argument", f"socket.{message}")


@pytest.mark.parametrize("call", ["recv( 1, 1 << 40 )", 'send( "x", 1 << 40 )', "shutdown( 99999999999 )"])
def test_numbers_beyond_the_system(check: Check, call: str) -> None:
    check(f'println( socket_udp().{call}, " ", socket_error() != 0 );', "false true")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("999, SOCK_STREAM, 0", "Address family not supported by protocol"),
        ("-1, SOCK_STREAM, 0", "Address family not supported by protocol"),
        ("AF_INET, -1, 0", "Invalid argument"),
        ("AF_INET, SOCK_STREAM, -1", "Protocol not supported"),
        ("1 << 40, SOCK_STREAM, 0", "Invalid argument"),
    ],
)
def test_failed_creation(check: Check, call: str, error: str) -> None:
    check(f'println( socket( {call} ), " ", ERR() );', f"null {error}", "socket(): failed to create socket")


def test_unprivileged_raw_socket_or_root(check: Check) -> None:
    check(
        'EPERM = socket_geterrnobyname( "EPERM" ); s = socket_raw( false, 1 ); e = socket_error(); println( s === null && e == EPERM || s !== null && e == 0 );',
        "true",
    )


def test_names_of_errors(check: Check) -> None:
    check(
        """
        println( socket_geterrnobyname( "EWOULDBLOCK" ), " ", socket_geterrnobyname( "EPIPE" ) );
        println( @socket_geterrnobyname( "ENONSENSE" ), @socket_geterrnobyname( "" ) );
        println( EAI_NONAME < 0, " ", NI_NUMERICHOST, " ", SO_REUSEADDR > 0 );
        """,
        """
        11 32
        nullnull
        true 1 true
        """,
    )


def test_value_of_a_socket(check: Check) -> None:
    check(
        """
        include "string";
        s = socket_tcp();
        println( typeof( s ), " ", s, " ", tobool( s ), " ", s == s, " ", s == socket_tcp() );
        s.bind( socket_address( AF_INET, "127.0.0.1" ) ); s.listen();
        d = dumpvar( s );
        println( string_find( d, "family=2 type=1 listening] 127.0.0.1:" ) !== null );
        c = socket_connect( s.local_address );
        println( string_find( dumpvar( c ), "connected] " .. c.local_address .. " -> " .. s.local_address ) !== null );
        s.close(); printvar( s );
        // chapter 11 section 7: family, type, both addresses and state, whatever it is
        printvar( socket_tcp() ); printvar( socket_udp( true ) ); printvar( socket_unix( SOCK_DGRAM ) );
        u = UDP(); println( string_find( dumpvar( u ), "family=2 type=2 open] " .. u.local_address ) !== null );
        ( a, b ) = socket_pair(); printvar( a ); b.close(); printvar( a ); printvar( [ b ] );
        """,
        """
        socket socket true true false
        true
        true
        socket [family=2 type=1 closed]
        socket [family=2 type=1 open] 0.0.0.0:0
        socket [family=10 type=2 open] [::]:0
        socket [family=1 type=2 open] (unnamed)
        true
        socket [family=1 type=1 connected] (unnamed) -> (unnamed)
        socket [family=1 type=1 connected] (unnamed) -> (unnamed)
        array (1)
        [
        socket [family=1 type=1 closed]
        ]
        """,
    )


def test_no_network_by_default(run: Callable[..., tuple[str, str]]) -> None:
    out, err = run(
        'println( socket_tcp(), " ", ERR() ); println( socket_resolve( "localhost" ), " ", ERR() );'
        " println( socket_select( [], [], [], 0 ) );",
        network=None,
    )
    assert out == "null Permission denied\nnull Permission denied\n0\n"
    assert "socket_tcp(): failed to create socket" in err
