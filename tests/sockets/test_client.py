"""`socket_client`: properties, methods, async forms, events (chapter 11 section 6)."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Callable

import pytest

from interp.engine import Limits
from sockets_module.network.system import SystemNetwork

from .conftest import PRELUDE, make_engine, open_descriptors
from .programs import Certificates, peer

Check = Callable[..., None]

EVENTS = """
    global NAMES = [ "RESOLVING", "RESOLVED", "CONNECTING", "CONNECTED", "PROXY_NEGOTIATING", "PROXY_NEGOTIATED", "TLS_HANDSHAKING", "TLS_HANDSHAKED", "COMPLETE" ];
    global TOLD = "";
    function told( e, what, s ){ global TOLD; TOLD ..= NAMES[ e ] .. if( s, "+", "" ) .. " "; }
    function TELL(){ global TOLD; println( TOLD ); TOLD = ""; }
"""


@pytest.fixture(autouse=True)
def no_proxy_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not depend on the environment they run in."""
    for name in ("http", "https", "all", "no", "none"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


def test_properties(check: Check) -> None:
    check(
        """
        c = socket_client(); println( typeof( c ), c.family, c.socket_type == SOCK_STREAM, c.protocol, c.local_address, c.timeout, c.tls, c.tls_validation_flags, c.enable_proxy, c.proxy_resolver, c.on_event );
        c.family = AF_INET; c.socket_type = SOCK_DGRAM; c.protocol = IPPROTO_UDP; c.local_address = socket_address_loopback(); c.timeout = 1.5; c.tls = true; c.enable_proxy = false; c.proxy_resolver = c.connect; c.on_event = c.connect;
        println( c.family == AF_INET, c.socket_type == SOCK_DGRAM, c.protocol == IPPROTO_UDP, c.local_address, c.timeout, c.tls, c.enable_proxy, typeof( c.proxy_resolver ), typeof( c.on_event ) );
        c.family = -1; c.socket_type = {}; c.protocol = "x"; c.local_address = 5; c.timeout = -1; c.tls_validation_flags = 999; c.proxy_resolver = 5; c.on_event = "no";
        println( c.family == AF_INET, c.local_address, c.timeout, c.tls_validation_flags );
        c.local_address = null; c.proxy_resolver = null; c.on_event = null; println( c.local_address, c.proxy_resolver, c.on_event );
        """,
        """
        socket_client0true0null0false0truenullnull
        truetruetrue127.0.0.1:01.5truefalsecfunccfunc
        true127.0.0.1:01.50
        nullnullnull
        """,
        *(
            f"failed to set the '{name}' property of a socket_client"
            for name in (
                "family", "socket_type", "protocol", "local_address", "timeout", "tls_validation_flags",
                "proxy_resolver", "on_event",
            )
        ),
    )  # fmt: skip


def test_hosts(check: Check) -> None:
    check(
        """
        l = socket_listen( 0 ); p = l.local_address.port; c = socket_client();
        foreach( text : [ "localhost:" .. p, "127.0.0.1:" .. p, "[::1]:" .. p ] ) println( c.connect_to_host( text, 1 ).remote_address.port == p, c.connect( text ).is_connected );
        foreach( text : [ "localhost", "127.0.0.1", "::1", "[::1]", "localhost:" ] ) println( c.connect_to_host( text, p ).remote_address.port == p );
        println( c.connect( socket_address_loopback( false, p ) ).is_connected );
        println( c.connect_to_host( "localhost:nonsense-service", p ), socket_error() < 0, c.connect_to_host( "no such host.", p ) );
        """,
        "truetrue\ntruetrue\ntruetrue\ntrue\ntrue\ntrue\ntrue\ntrue\ntrue\nnulltruenull",
        "socket_client.connect_to_host(): argument 1 (host_and_port) is malformed",
    )


def test_uris(check: Check) -> None:
    check(
        """
        l = socket_listen( 0 ); p = l.local_address.port; c = socket_client();
        println( c.connect_to_uri( "http://localhost:" .. p .. "/a/b?c#d", 1 ).is_connected, c.connect_to_uri( "x+y://user:pass@127.0.0.1/", p ).is_connected );
        println( c.connect_to_uri( "a://[::1]", p ).is_connected, c.connect_to_uri( "a://%6cocalhost:" .. p, 1 ).is_connected );
        println( c.connect_to_uri( "mailto:x", p ), c.connect_to_uri( "a://", p ), c.connect_to_uri( "a://h:99999", p ), c.connect_to_uri( "a://h", -1 ) );
        println( c.connect( "localhost" ), c.connect( 5 ), c.connect_to_host( "", 1 ), c.connect_to_host( "[::1", 1 ), c.connect_to_host( "h", 65536 ), ERR() );
        """,
        "truetrue\ntruetrue\nnullnullnullnull\nnullnullnullnullnullInvalid argument",
        *["socket_client.connect_to_uri(): argument 1 (uri) must be a URI with an authority"] * 3,
        "socket_client.connect_to_uri(): argument 2 (default_port) must be between 0 and 65535",
        'socket_client.connect(): argument 1 must be a text "host:port"',
        "socket_client.connect(): argument 1 - expected string or socket_address, got int",
        *["socket_client.connect_to_host(): argument 1 (host_and_port) is malformed"] * 2,
        "socket_client.connect_to_host(): argument 2 (default_port) must be between 0 and 65535",
    )


def test_malformed_hosts_and_uris(check: Check) -> None:
    hosts = ["", ":5", "a b", r"a\x7fb", "127.0.0.1:99999", "127.0.0.1:065536", "[]:5", "[::1]x", "[::1"]
    uris = ["", "127.0.0.1", "http:127.0.0.1", "http://", "http:///x", "://x", "1ab://h", "a_b://h", "http://h:x", "http://h:-1",
            "http://h:99999", "http://[::1", "http://[::1]x", "http://a b/", r"http://a\x7f/", "http://%20/"]  # fmt: skip
    count = len(hosts) + len(uris)
    check(
        "c = socket_client();"
        + "".join(f'println( c.connect_to_host( "{host}", 1 ), socket_error() );' for host in hosts)
        + "".join(f'println( c.connect_to_uri( "{uri}", 1 ), socket_error() );' for uri in uris),
        "null22\n" * count,
        *["socket_client.connect_to_host(): argument 1 (host_and_port) is malformed"] * len(hosts),
        *["socket_client.connect_to_uri(): argument 1 (uri) must be a URI with an authority"] * len(uris),
    )
    check(
        """
        l = LISTEN(); global p = l.local_address.port; c = socket_client(); c.enable_proxy = false;
        foreach( uri : [ "http://127.0.0.1:", "http://a@b@127.0.0.1", "http://127.0.0.1?x", "HTTP://127.0.0.1#x/y", "a+b-c.1://127.0.0.%31/" ] )
            println( c.connect_to_uri( uri, p ).is_connected );
        """,
        "true\n" * 5,
    )


def test_what_comes_out(check: Check, tmp_path: object) -> None:
    check(
        f"""
        l = LISTEN(); c = socket_client(); c.timeout = 2.5; c.local_address = socket_address( AF_INET, "127.0.0.7" );
        s = c.connect( l.local_address ); println( s.timeout, s.local_address.addr_string, s.blocking, s.deadline );
        u = UDP(); c.socket_type = SOCK_DGRAM; d = c.connect( u.local_address ); d.send( "x" ); println( u.recv( 5 ) );
        c = socket_client(); p = socket_address_unix( "{tmp_path}/s" ); k = socket_unix(); k.bind( p ); k.listen(); println( c.connect( p ).is_connected );
        c.family = AF_INET6; println( c.connect_to_host( "127.0.0.1", l.local_address.port ), socket_error() < 0 );
        """,
        "2.5127.0.0.7truenull\nx\ntrue\nnulltrue",
    )


def test_events(check: Check, certificates: Certificates) -> None:
    check(
        EVENTS
        + f"""
        global L = LISTEN(); c = socket_client(); c.on_event = told;
        c.connect( L.local_address ); TELL(); L.accept(); println( SOCKET_CLIENT_RESOLVING, SOCKET_CLIENT_COMPLETE );
        c.connect( "127.0.0.1:1" ); TELL(); c.connect_to_host( "no.such.host.invalid", 1 ); TELL();
        c.tls = {{ cafile = "{certificates.ca}" }};
        thread (function(){{ L.accept().start_tls( {{ server_side = true, certfile = "{certificates.good}" }} ); }})();
        thread (function() use( c ){{ c.connect_to_host( "localhost", L.local_address.port ); }})(); socket_run(); TELL();
        thread (function(){{ L.accept().close(); }})();
        thread (function() use( c ){{ c.connect_to_host( "localhost", L.local_address.port ); }})(); socket_run(); TELL();
        """,
        """
        RESOLVING RESOLVED CONNECTING+ CONNECTED+ COMPLETE+
        08
        RESOLVING RESOLVED CONNECTING+ COMPLETE
        RESOLVING COMPLETE
        RESOLVING RESOLVED CONNECTING+ CONNECTED+ TLS_HANDSHAKING+ TLS_HANDSHAKED+ COMPLETE+
        RESOLVING RESOLVED CONNECTING+ CONNECTED+ TLS_HANDSHAKING+ COMPLETE
        """,
    )


def test_cancelled_and_aborted(check: Check) -> None:
    check(
        EVENTS
        + """
        global STOP = socket_cancellable(); l = LISTEN(); c = socket_client(); c.tls = true;
        c.on_event = function( e, w, s ){ told( e, w, s ); if( e == SOCKET_CLIENT_CONNECTING ) s.cancellable = STOP; if( e == SOCKET_CLIENT_TLS_HANDSHAKING ) STOP.cancel(); };
        println( c.connect( l.local_address ), ERR() ); TELL();
        c.on_event = told; t = thread (function() use( c, l ){ c.connect( l.local_address ); })();
        socket_run( 0.01 ); abort( t ); socket_run(); TELL();
        c.on_event = function( e, w, s ){ told( e, w, s ); if( s && e != SOCKET_CLIENT_COMPLETE ) s.close(); };
        println( c.connect( l.local_address ), ERR() ); TELL();
        """,
        """
        nullOperation canceled
        RESOLVING RESOLVED CONNECTING+ CONNECTED+ TLS_HANDSHAKING+ COMPLETE
        RESOLVING RESOLVED CONNECTING+ CONNECTED+ TLS_HANDSHAKING+ COMPLETE
        nullBad file descriptor
        RESOLVING RESOLVED CONNECTING+ COMPLETE
        """,
    )


def test_cancelled_by_who_is_told_of_the_attempt(check: Check, tmp_path: object) -> None:
    """Also where the connection would have been there at once."""
    check(
        f"""
        global a = socket_address_unix( "{tmp_path}/s" ), l = socket_listen( a ), k = socket_cancellable(); k.cancel();
        c = socket_client(); c.on_event = function( event, what, s ){{ if( event == SOCKET_CLIENT_CONNECTING ) s.cancellable = k; }};
        println( c.connect( a ), ERR() ); println( c.connect( LISTEN().local_address ), ERR() );
        """,
        "nullOperation canceled\nnullOperation canceled",
    )


def test_async(check: Check) -> None:
    """They return at once and are told in the order in which they end, which nobody knows before."""
    check(
        """
        l = LISTEN(); global a = l.local_address, RESULTS = []; c = socket_client();
        function done( s, e ){ RESULTS.push( typeof( s ) .. " " .. e .. " " .. ERR() ); }
        println( c.connect_async( a, done ), c.connect_to_host_async( "localhost", a.port, done ), c.connect_to_uri_async( "x://127.0.0.1", a.port, done ) );
        println( c.connect_to_host_async( "127.0.0.1", 1, done ), c.connect_to_uri_async( "nonsense", 1, done ) ); println( RESULTS.size );
        println( socket_run() ); RESULTS.sort(); foreach( r : RESULTS ) println( r );
        """,
        "truetruetrue\ntruefalse\n0\n0\nnull 111 Connection refused\nsocket 0 Success\nsocket 0 Success\nsocket 0 Success",
        "socket_client.connect_to_uri_async(): argument 1 (uri) must be a URI with an authority",
    )


def test_async_begins_with_the_call(check: Check) -> None:
    """What is changed afterwards is for the next connect."""
    check(
        """
        l = LISTEN(); c = socket_client(); c.timeout = 2.5; c.local_address = socket_address( AF_INET, "127.0.0.7" );
        c.on_event = function( e ){ print( e ); }; c.connect_async( l.local_address, function( s, e ){ println( s.timeout, s.local_address.addr_string ); } );
        c.timeout = 9; c.local_address = null; c.on_event = null; c.tls = true; println( socket_run( 5 ) );
        """,
        "012382.5127.0.0.7\n0",
    )


def test_tls_settings_are_checked_when_they_are_set(check: Check) -> None:
    check(
        """
        c = socket_client(); c.tls = { cafile = "x" }; c.tls = { nonsense = 1 }; c.tls = { alpn = {} }; c.tls = { certfile = 5 }; println( c.tls );
        """,
        "{cafile=x}",
        "unknown option 'nonsense'", "failed to set the 'tls' property of a socket_client",
        "option 'alpn' has a wrong type", "failed to set the 'tls' property of a socket_client",
        "option 'certfile' has a wrong type", "failed to set the 'tls' property of a socket_client",
    )  # fmt: skip


class Names(SystemNetwork):
    """The system with one name of our own."""

    __slots__ = ("addresses",)

    def __init__(self, *addresses: tuple[str, int]) -> None:
        self.addresses = addresses

    def getaddrinfo(self, host, service, family, kind, protocol, flags):  # type: ignore[no-untyped-def]
        if host != b"many.test":
            return super().getaddrinfo(host, service, family, kind, protocol, flags)
        return [
            (socket.AF_INET6, kind, 6, "", (text, port, 0, 0)) if ":" in text else (socket.AF_INET, kind, 6, "", (text, port))
            for text, port in self.addresses
        ]  # fmt: skip


def ask(script: str, *addresses: tuple[str, int]) -> str:
    import io

    out = io.BytesIO()
    with make_engine(network=Names(*addresses), stdout=out, limits=Limits.none()) as engine:
        engine.run(PRELUDE + script)
    return out.getvalue().decode()


def test_happy_eyeballs() -> None:
    """One family refused, silent or working: the other connects at once or after 250 ms, and the rest is closed."""
    connect = 'c = socket_client(); s = c.connect_to_host( "many.test", 1 ); println( if( s, s.remote_address.addr_string, "null" ) );'
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as full:
        port = server.getsockname()[1]
        full.bind(("::1", 0))
        full.listen(0)
        silent = ("::1", full.getsockname()[1])
        fillers = [socket.socket(socket.AF_INET6) for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(silent)
        ideal = {("::1", 1): 0.0, silent: 0.25}
        for first, wanted in ideal.items():
            script = f"t = ftime(); {connect} println( ftime() - t );"
            address, spent = ask(script, ("127.0.0.1", port), first).split()
            assert address == "127.0.0.1"
            assert wanted <= float(spent) < wanted + 0.05
        for filler in fillers:
            filler.close()


def test_the_winner_closes_when_it_is_dropped() -> None:
    """Failures of other addresses, which exceptions keep, must not keep it: no collector is to be needed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with make_engine(
            network=Names(("127.0.0.1", port), ("::1", 1), ("127.0.0.1", 1)), limits=Limits.none()
        ) as engine:
            gc.collect()
            gc.disable()
            try:
                engine.run(
                    PRELUDE + 'c = socket_client(); global S = c.connect_to_host( "many.test", 1 ); S.send( "x" );'
                )
                before = open_descriptors()
                engine.run("global S = null;")
                assert open_descriptors() == before - 1
            finally:
                gc.enable()


def test_all_failures_are_told() -> None:
    script = 'println( socket_client().connect_to_host( "many.test", 1 ), ERR() );'
    assert ask(script, ("127.0.0.1", 1), ("::1", 1)) == "nullConnection refused\n"
    told = ask(script, ("127.0.0.1", 1), ("255.255.255.255", 1))
    assert told.startswith("null") and "127.0.0.1:1: Connection refused; 255.255.255.255:1: " in told


def test_the_timeout_is_of_inactivity(check: Check) -> None:
    with peer(lambda sock: time.sleep(0.3)) as port:
        check(
            f"""
            c = socket_client(); c.timeout = 0.1; s = c.connect_to_host( "127.0.0.1", {port} );
            println( s.recv( 1 ), ERR() );
            """,
            "falseConnection timed out",
        )
