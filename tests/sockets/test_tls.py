"""TLS: `start_tls`, the property `tls`, the option and property `tls` (chapter 11 sections 2, 3 and 6)."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .programs import Certificates, free_port, peer, program, running

Check = Callable[..., None]

# both sides in script threads: CLIENT and SERVER get their TLS socket
TALK = """
    include "string"; global N = ""; global L = LISTEN();
    function accept_tls( o ){ var c = L.accept(); return if( c.start_tls( o ), c, null ); }
    function connect_tls( o ){ return socket_connect( "localhost", L.local_address.port, { tls = o } ); }
    function talk( server, client )
    {
        thread (function() use( server ){ server( accept_tls( { server_side = true, certfile = "CERT" } ) ); })();
        thread (function() use( client ){ client( connect_tls( { cafile = "CA" } ) ); })();
        socket_run();
    }
"""


@pytest.fixture
def talk(check: Check, certificates: Certificates) -> Check:
    def run_talk(server: str, client: str, expected: str, *messages: str) -> None:
        prelude = TALK.replace("CERT", certificates.good).replace("CA", certificates.ca)
        check(f"{prelude}\n talk( function( s ){{ {server} }}, function( s ){{ {client} }} );", expected, *messages)

    return run_talk


def test_there_and_back(talk: Check) -> None:
    talk(
        's.send_line( "re " .. s.recv_line() ); println( s.recv( 9 ), ERR() ); s.close();',
        's.send_line( "hello" ); println( s.recv_line(), s.is_connected ); s.close();',
        "re hellotrue\ntrueSuccess",
    )


def test_the_property(talk: Check, check: Check, certificates: Certificates) -> None:
    talk(
        "s.recv( 1 ); println( s.tls.peer_certificate, s.tls.server_name );",
        "var t = s.tls; println( string_part( t.version, 0, 5 ), t.cipher.length > 9, t.alpn, t.server_name, t.peer_certificate.length > 99 );",
        "TLSv1truenulllocalhosttrue\nnullnull",
    )
    check("a = PAIR(); println( a[ 0 ].tls ); a[ 0 ].close(); println( a[ 0 ].tls );", "null\nnull")


def test_every_receive_and_send(talk: Check) -> None:
    talk(
        """
        println( s.recv_exact( 3 ), s.recv_until( ";" ), s.recv_line(), s.recv( 1 ), s.recvfrom( 2 ) );
        println( s.recv_message( 2 ).data, s.recv_with_blocking( 1, true ), s.recv_messages( 1, 1 )[ 0 ].data );
        println( s.available_bytes, s.condition_check( SOCKET_IN ) == SOCKET_IN, s.recv_all() );
        s.send( "a" ); s.send_message( [ "b", "c" ] ); s.send_messages( [ "d" ] ); s.send_with_blocking( "e", true ); s.sendto( "f", s.remote_address );
        println( s.flush(), s.shutdown_write() );
        """,
        """
        s.send_all( "123ab;line\\r\\nABCxyzu0123" ); println( s.shutdown_write() );
        println( s.recv_all(), ERR() );
        """,
        "true\n123ablineABC\nxyzu\n4true0123\ntruetrue\nabcdefSuccess",
    )


def test_what_does_not_go(talk: Check) -> None:
    talk(
        's.recv( 9 ); s.send( "x" ); s.recv( 1 );',
        """
        println( s.detach(), ERR() ); println( clone( s ), ERR() ); s.send( "x" ); s.condition_wait( SOCKET_IN );
        println( s.recv( 1, MSG_PEEK ), ERR() ); println( s.send( "x", MSG_OOB ), ERR() );
        println( s.send_message( "x", { fds = [ 1 ] } ), ERR() ); println( s.recv( 1 ) );
        """,
        """
        nullOperation not supported: the descriptor of a TLS socket is of no use without its keys
        nullOperation not supported: the descriptor of a TLS socket is of no use without its keys
        falseOperation not supported: MSG_PEEK does not go with TLS
        falseOperation not supported: TLS has no urgent data
        falseOperation not supported: control messages do not go with TLS
        x
        """,
    )


def test_large_both_ways(talk: Check) -> None:
    talk(
        "var d = s.recv_exact( 3000000 ); println( d == string_repeat( '0123456789', 300000 ), s.send_all( d ) ); s.close();",
        "thread (function() use( s ){ s.send_all( string_repeat( '0123456789', 300000 ) ); })(); println( s.recv_all() == string_repeat( '0123456789', 300000 ), ERR() );",
        "truetrue\ntrueSuccess",
    )


def test_send_without_waiting(talk: Check) -> None:
    """A non-blocking sender that repeats what was refused loses and doubles nothing."""
    talk(
        "var d = s.recv_all(); println( d.length, d == string_repeat( '0123456789', 300000 ) );",
        """
        s.blocking = false; s.send_buffer_size = 4096; var d = string_repeat( '0123456789', 300000 ); var at = 0; var refused = 0;
        while( at < d.length )
        {
            var n = s.send( string_part( d, at ) );
            if( n === false ){ refused++; s.condition_wait( SOCKET_OUT ); } else at += n;
        }
        println( refused > 0 ); s.blocking = true; s.close();
        """,
        "true\n3000000true",
    )


def test_send_file(talk: Check, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"0123456789" * 20000)
    talk(
        f's.send_file( "{path}", 5, 150000 ); println( s.sent ); s.close();',
        "var d = s.recv_all(); println( d.length, string_part( d, 0, 6 ) );",
        "150000\n150000567890",
    )


def test_readiness_is_of_plain_bytes(talk: Check) -> None:
    """Bytes decrypted and not received are readable; ciphertext without plain bytes is not."""
    talk(
        's.send_all( "abcdef" ); s.recv( 1 );',
        """
        var p = socket_poller(); p.add( s, SOCKET_IN, 5 ); println( p.wait( 5 )[ 0 ].data, s.recv( 2 ) );
        println( p.wait( 0 ).size, s.condition_check( SOCKET_IN ), s.available_bytes ); var r = [ s ]; println( socket_select( r, [], [], 0 ) );
        println( s.recv( 9 ), p.wait( 0 ).size, s.condition_check( SOCKET_IN ), socket_select( r, [], [], 0 ) ); r = [ s ];
        println( socket_select( r, [], [], 0.01 ), s.condition_wait( SOCKET_IN, 0.01 ), ERR() );
        """,
        "5ab\n114\n1\ncdef000\n0falseConnection timed out",
    )


@pytest.mark.parametrize(
    "wait",
    ["socket_select( r, [], [], %s ) == 1", "p.wait( %s ).size == 1", "s.condition_wait( SOCKET_IN, %s )"],
)
def test_half_a_record_is_nothing_to_receive(check: Check, certificates: Certificates, wait: str) -> None:
    """Ciphertext has come, but no plain bytes: neither of half a record, nor of the tickets a server sends first."""

    def server(sock: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.good)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        engine = context.wrap_bio(incoming, outgoing, True)
        while True:
            try:
                engine.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
        engine.write(b"whole")
        record = outgoing.read()
        sock.recv(65536)  # the script is about to wait
        time.sleep(0.05)
        sock.sendall(record[:-3])
        sock.recv(65536)  # the script has seen that there is nothing
        sock.sendall(record[-3:])
        sock.recv(65536)

    with peer(server) as port:
        check(
            f"""
            s = socket_connect( "localhost", {port}, {{ family = AF_INET, tls = {{ cafile = "{certificates.ca}" }} }} );
            p = socket_poller(); p.add( s, SOCKET_IN );
            s.send( "now" ); r = [ s ]; began = ftime(); println( {wait % "0.3"}, ftime() - began > 0.29 ); s.send( "go on" );
            r = [ s ]; println( {wait % "20"}, s.recv( 9 ) ); s.close();
            """,
            "falsetrue\ntruewhole",
        )


@pytest.mark.parametrize(
    "body",
    [
        "var p = socket_poller(); p.add( s, SOCKET_IN ); while( n < 100000 && p.wait( 5 ).size == 1 ) n += s.recv( 7777 ).length; println( n, p.wait( 0 ).size );",
        "while( n < 100000 && socket_select( [ s ], [], [], 5 ) == 1 ) n += s.recv( 7777 ).length; println( n, socket_select( [ s ], [], [], 0 ) );",
        "while( n < 100000 && s.condition_wait( SOCKET_IN, 5 ) ) n += s.recv( 7777 ).length; println( n, s.condition_check( SOCKET_IN ) );",
        "while( n < 100000 && s.available_bytes > 0 || s.condition_wait( SOCKET_IN, 5 ) ){ n += s.recv( 7777 ).length; if( n == 100000 ) break; } println( n, s.available_bytes );",
    ],
)
def test_what_is_left_inside_is_ready(talk: Check, body: str) -> None:
    """A part of a record is received: the selector has nothing more to report, yet there is more."""
    talk('s.send( string_repeat( "x", 100000 ) ); s.recv( 1 );', f"var n = 0; {body} s.close();", "1000000")


def test_a_poller_hears_of_what_a_receive_left_inside(talk: Check) -> None:
    """It knew the socket before anything came, and the receive took all of the record from the system."""
    talk(
        's.recv( 1 ); s.send( "abcdef" ); s.recv( 1 );',
        """
        var p = socket_poller(); p.add( s, SOCKET_IN ); println( p.wait( 0 ).size ); s.send( "x" );
        println( s.recv( 2 ), p.wait( 0 ).size, s.recv( 4 ), p.wait( 0 ).size ); s.close();
        """,
        "0\nab1cdef0",
    )


def test_names_of_protocols(check: Check, certificates: Certificates) -> None:
    script = "s = PAIR()[ 0 ]; println( s.start_tls( {{ alpn = [ {} ], verify = false }} ), ERR() );"
    wrong = "falseInvalid argument: a protocol name (option 'alpn') has 1 to 255 bytes"
    for names in ('""', '"h2", ""', f'"{"x" * 256}"', "5"):
        check(script.format(names), wrong)
    check(
        TALK
        + f"""
        global long = string_repeat( "x", 255 );
        thread (function(){{ var s = accept_tls( {{ server_side = true, certfile = "{certificates.good}", alpn = [ long ] }} ); println( s.tls.alpn == long ); s.recv( 1 ); }})();
        thread (function(){{ var s = connect_tls( {{ cafile = "{certificates.ca}", alpn = [ "y", long ] }} ); println( s.tls.alpn == long ); s.close(); }})(); socket_run();
        """,
        "true\ntrue",
    )


def test_watch(talk: Check) -> None:
    talk(
        's.send_all( "abc" ); s.recv( 1 );',
        "s.watch( SOCKET_IN, function( s, c ){ global N; N ..= s.recv( 1 ); if( N.length < 3 ) return true; println( N ); s.close(); } );",
        "abc",
    )


def test_truncation_is_no_end(check: Check, certificates: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good)

    def drop(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            secure.sendall(b"half")
            socket.socket(fileno=secure.detach()).close()  # the connection ends, TLS does not

    with peer(drop) as port:
        check(
            f"""
            s = socket_connect( "localhost", {port}, {{ tls = {{ cafile = "{certificates.ca}" }} }} );
            println( s.recv_exact( 4 ) ); println( s.recv( 9 ), ERR() ); println( s.recv( 9 ), socket_error() == socket_geterrnobyname( "ECONNRESET" ) );
            """,
            "half\nfalseConnection reset by peer: the peer ended the connection without ending TLS\nfalsetrue",
        )


def test_garbage_is_an_error(check: Check, certificates: Certificates) -> None:
    def talk(sock: socket.socket) -> None:
        sock.recv(5)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with peer(talk, 2) as port:
        check(
            f"""
            println( socket_connect( "localhost", {port}, {{ tls = true }} ), socket_error( true ) );
            s = socket_connect( "localhost", {port} ); println( s.start_tls(), socket_error() == socket_geterrnobyname( "EPROTO" ), s.is_closed );
            """,
            "nullProtocol error: wrong version number\nfalsetruetrue",
        )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("other_host", "Hostname mismatch"),
        ("stranger", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("early", "certificate is not yet valid"),
        ("purpose", "unsuitable certificate purpose"),
    ],
)
def test_bad_certificates(
    run: Callable[..., tuple[str, str]], certificates: Certificates, name: str, reason: str
) -> None:
    openssl = program("openssl", "openssl")
    port = free_port()
    path = getattr(certificates, name)
    with running([openssl, "s_server", "-accept", str(port), "-cert", path, "-key", path, "-quiet"], port):
        out, err = run(
            f"""
            println( socket_connect( "localhost", {port}, {{ tls = {{ cafile = "{certificates.ca}" }} }} ), ERR() );
            println( typeof( socket_connect( "localhost", {port}, {{ tls = {{ verify = false }} }} ) ) );
            """
        )
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("nullProtocol error: certificate verify failed: ") and reason in lines[0].replace(
        "not valid for 'localhost'", "Hostname mismatch"
    )
    assert lines[1] == "socket"


def test_dropped_checks(check: Check, certificates: Certificates) -> None:
    openssl = program("openssl", "openssl")
    wanted = {
        "expired": "SOCKET_TLS_EXPIRED", "early": "SOCKET_TLS_NOT_ACTIVATED", "other_host": "SOCKET_TLS_BAD_IDENTITY",
        "stranger": "SOCKET_TLS_UNKNOWN_CA",
    }  # fmt: skip
    for name, flag in wanted.items():
        port = free_port()
        path = getattr(certificates, name)
        wrong = "SOCKET_TLS_NOT_ACTIVATED" if flag == "SOCKET_TLS_EXPIRED" else "SOCKET_TLS_EXPIRED"
        rest = "certificates are not verified at all" if name == "stranger" else "checks of certificates are left out"
        message = "'tls_validation_flags' is deprecated and unsafe: "
        with running([openssl, "s_server", "-accept", str(port), "-cert", path, "-key", path, "-quiet"], port):
            check(
                f"""
                c = socket_client(); c.tls = {{ cafile = "{certificates.ca}" }}; println( c.tls_validation_flags );
                println( c.connect_to_host( "localhost", {port} ) );
                c.tls_validation_flags = {wrong}; println( c.connect_to_host( "localhost", {port} ) );
                c.tls_validation_flags = {flag}; println( typeof( c.connect_to_host( "localhost", {port} ) ) );
                c.tls_validation_flags = 0;
                """,
                "0\nnull\nnull\nsocket",
                message + "checks of certificates are left out",
                message + rest,
            )


def test_our_server_and_openssl(run: Callable[..., tuple[str, str]], certificates: Certificates) -> None:
    openssl = program("openssl", "openssl")
    port = free_port()
    script = (
        f'l = socket_listen( "127.0.0.1:{port}" ); c = l.accept(); println( c.start_tls( {{ server_side = true, certfile = "{certificates.good}",'
        f' cafile = "{certificates.ca}", verify = true, alpn = [ "two", "one" ] }} ) );'
        'println( c.tls.peer_certificate.length > 99, c.tls.alpn ); c.send_line( "re " .. c.recv_line() ); c.close();'
    )
    command = [
        openssl, "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", certificates.ca, "-cert", certificates.good,
        "-key", certificates.good, "-alpn", "one,two", "-verify_return_error", "-quiet", "-servername", "localhost",
    ]  # fmt: skip
    client = subprocess.Popen(
        ["sh", "-c", f"sleep 0.5; echo hello | {' '.join(command)}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out, err = run(script)
    answer, _ = client.communicate(timeout=20)
    assert (out, err) == ("true\ntruetwo\n", "")
    assert answer == b"re hello\n"


def test_a_client_without_certificate_is_refused(check: Check, certificates: Certificates) -> None:
    check(
        TALK
        + f"""
        thread (function(){{ println( accept_tls( {{ server_side = true, certfile = "{certificates.good}", cafile = "{certificates.ca}", verify = true }} ), ERR() ); }})();
        thread (function(){{ var s = connect_tls( {{ cafile = "{certificates.ca}" }} ); s.recv( 1 ); println( ERR() ); }})(); socket_run();
        """,
        """
        nullProtocol error: peer did not return a certificate
        Protocol error: tlsv13 alert certificate required
        """,
    )


def test_certificates_of_clients(check: Check, certificates: Certificates) -> None:
    """A server of others that asks for one; one that it does not know; none at all."""
    port = free_port()
    command = [
        program("openssl", "openssl"), "s_server", "-accept", str(port), "-cert", certificates.good, "-key",
        certificates.good, "-CAfile", certificates.ca, "-Verify", "1", "-verify_return_error", "-quiet", "-rev",
    ]  # fmt: skip
    with running(command, port):
        check(
            f"""
            function try_with( o ){{ o.cafile = "{certificates.ca}"; var s = socket_connect( "localhost", {port}, {{ tls = o }} ); s.send( "abc\n" ); println( s.recv_line(), ERR() ); }}
            try_with( {{ certfile = "{certificates.good}" }} ); try_with( {{ certfile = "{certificates.stranger}", keyfile = "{certificates.stranger}" }} ); try_with( {{}} );
            println( socket_connect( "localhost", {port}, {{ tls = {{ certfile = "{certificates.good}", keyfile = "{certificates.stranger}" }} }} ), ERR() );
            """,
            """
            cbaSuccess
            falseProtocol error: tlsv1 alert unknown ca
            falseProtocol error: tlsv13 alert certificate required
            nullInvalid argument: certificate files: KEY_VALUES_MISMATCH
            """,
        )


def test_the_name_a_server_is_asked_for(check: Check, certificates: Certificates) -> None:
    """SNI is the host connected to, or the option; numbers are no names, and are verified as numbers."""
    port = free_port()
    command = [
        program("openssl", "openssl"), "s_server", "-accept", str(port), "-cert", certificates.good, "-key",
        certificates.good, "-servername", "other.test", "-cert2", certificates.other_host, "-key2",
        certificates.other_host, "-quiet",
    ]  # fmt: skip
    with running(command, port):
        check(
            f"""
            function show( host, o ){{ o.cafile = "{certificates.ca}"; var s = socket_connect( host, {port}, {{ tls = o, family = AF_INET }} ); println( if( s, s.tls.server_name, ERR() ) ); }}
            show( "localhost", {{}} ); show( "localhost", {{ server_name = "other.test" }} ); show( "127.0.0.1", {{}} );
            show( "localhost", {{ server_name = "third.test" }} ); show( "127.0.0.2", {{}} ); show( "LOCALHOST", {{}} );
            """,
            """
            localhost
            other.test
            127.0.0.1
            Protocol error: certificate verify failed: Hostname mismatch, certificate is not valid for 'third.test'.
            Protocol error: certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.2'.
            LOCALHOST
            """,
        )


def test_who_start_tls_verifies(check: Check, certificates: Certificates) -> None:
    """Without `server_name` the peer must be who was connected to: by its name, or by its number if that was used."""
    check(
        f"""
        global l = LISTEN(), port = l.local_address.port;
        function serve(){{ while( true ){{ var s = l.accept(); s.start_tls( {{ server_side = true, certfile = "{certificates.name_only}" }} ); }} }}
        function by_hand(){{ var s = socket_tcp(); s.connect( l.local_address ); return s; }}
        function try_with( s, o ){{ o.cafile = "{certificates.ca}"; println( s.start_tls( o ), s.is_closed, ERR() ); }}
        function talk()
        {{
            try_with( socket_connect( "localhost", port, {{ family = AF_INET }} ), {{}} );
            try_with( socket_connect( "127.0.0.1", port ), {{}} );
            try_with( by_hand(), {{}} );
            try_with( by_hand(), {{ server_name = "localhost" }} );
            try_with( by_hand(), {{ verify = false }} );
            socket_stop();
        }}
        thread serve(); thread talk(); socket_run();
        """,
        """
        truefalseSuccess
        falsetrueProtocol error: certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.1'.
        falsetrueProtocol error: certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.1'.
        truefalseSuccess
        truefalseSuccess
        """,
    )


def test_settings_are_not_taken_for_each_other(check: Check, certificates: Certificates) -> None:
    """They are kept for the next time: by what each file is for, not only by which files there are."""
    check(
        TALK
        + f"""
        thread (function(){{ for( var i = 0; i < 4; ++i ){{ var c = L.accept(); c.start_tls( {{ server_side = true, certfile = "{certificates.good}" }} ); c.close(); }} }})();
        thread (function(){{
            foreach( o : [ {{ cafile = "{certificates.ca}" }}, {{ keyfile = "{certificates.ca}" }}, {{ keyfile = "{certificates.ca}", verify = false }}, {{ cafile = "{certificates.ca}" }} ] )
                println( typeof( connect_tls( o ) ) );
        }})(); socket_run();
        """,
        "socket\nnull\nsocket\nsocket",
    )


def test_protocols_without_overlap(check: Check, certificates: Certificates) -> None:
    check(
        TALK
        + f"""
        thread (function(){{ var s = accept_tls( {{ server_side = true, certfile = "{certificates.good}", alpn = [ "x" ] }} ); println( s.tls.alpn ); s.recv( 1 ); }})();
        thread (function(){{ var s = connect_tls( {{ cafile = "{certificates.ca}", alpn = [ "y", "z" ] }} ); println( s.tls.alpn ); s.close(); }})(); socket_run();
        """,
        "null\nnull",
    )


def test_shutting_down_one_direction(talk: Check) -> None:
    """After `shutdown_read` there is an end, no failure, and sending goes on; after `shutdown_write` receiving does."""
    talk(
        "println( s.recv_all(), ERR() );",
        "println( s.shutdown_read(), s.recv( 5 ), ERR(), s.recv_all(), s.send( 'on' ), s.shutdown_write(), s.send( 'x' ), ERR() );",
        "truetrueSuccess2truefalseBroken pipe\nonSuccess",
    )


def test_nginx(check: Check, certificates: Certificates, tmp_path: Path) -> None:
    nginx = program("nginx", "nginx-light")
    port = free_port()
    (tmp_path / "index.html").write_text("from nginx\n")
    (tmp_path / "nginx.conf").write_text(
        f"""
        daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;
        events {{}}
        http {{
            access_log off; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path}; fastcgi_temp_path {tmp_path};
            uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
            server {{ listen 127.0.0.1:{port} ssl; root {tmp_path}; ssl_certificate {certificates.good};
                ssl_certificate_key {certificates.good}; }}
        }}
        """
    )
    with running([nginx, "-p", str(tmp_path), "-c", f"{tmp_path}/nginx.conf", "-e", "stderr"], port):
        check(
            f"""
            include "string"; c = socket_client(); c.tls = {{ cafile = "{certificates.ca}", alpn = "http/1.1" }};
            s = c.connect_to_uri( "https://localhost:{port}/", 443 ); s.send_all( "GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n" );
            println( s.recv_line(), " ", s.tls.alpn ); d = s.recv_all(); println( string_part( d, d.length - 11 ), ERR() );
            """,
            "HTTP/1.1 200 OK http/1.1\nfrom nginx\nSuccess",
        )


def test_upgrade_keeps_read_ahead(check: Check, certificates: Certificates) -> None:
    """The client's hello arrives together with the last plain line, and is read ahead with it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=certificates.ca)

    def talk(sock: socket.socket) -> None:
        engine = context.wrap_bio(incoming, outgoing, False, "localhost")
        with pytest.raises(ssl.SSLWantReadError):
            engine.do_handshake()
        sock.sendall(b"STARTTLS\r\n" + outgoing.read())
        while True:
            try:
                engine.do_handshake()
                break
            except ssl.SSLWantReadError:
                incoming.write(sock.recv(65536))
        engine.write(b"inside\n")
        sock.sendall(outgoing.read())
        sock.recv(1)

    with peer(talk) as port:
        check(
            f"""
            s = socket_connect( "localhost", {port} ); s.condition_wait( SOCKET_IN ); println( s.recv_line(), s.available_bytes > 99 );
            println( s.start_tls( {{ server_side = true, certfile = "{certificates.good}" }} ), s.recv_line() ); s.close();
            """,
            "STARTTLStrue\ntrueinside",
        )


def test_misuse(check: Check, certificates: Certificates) -> None:
    check(
        f"""
        a = PAIR(); println( a[ 0 ].start_tls( {{ nonsense = 1 }} ), ERR(), a[ 0 ].is_closed );
        a = PAIR(); println( a[ 0 ].start_tls( {{ server_side = true }} ), ERR() );
        a = PAIR(); println( a[ 0 ].start_tls( {{ server_side = true, certfile = "/no/such/file" }} ), ERR(), a[ 0 ].is_closed );
        a = PAIR(); println( a[ 0 ].start_tls( {{ cafile = "{certificates.good[:-4]}x" }} ), ERR() );
        s = socket_tcp(); println( s.start_tls(), ERR() ); u = UDP(); println( u.start_tls(), ERR() );
        s = socket_pair(); println( s.start_tls(), ERR() ); println( s.start_tls(), ERR() );
        """,
        """
        falseInvalid argumenttrue
        falseInvalid argument: a TLS server needs a certificate (option 'certfile')
        falseNo such file or directorytrue
        falseNo such file or directory
        falseTransport endpoint is not connected
        falseTransport endpoint is not connected
        falseInvalid argument: nobody to verify: the option 'server_name' is missing
        falseBad file descriptor
        """,
        "socket.start_tls(): argument 1 (options): unknown option 'nonsense'",
    )


def test_a_silent_peer(check: Check) -> None:
    check(
        """
        l = LISTEN(); a = l.local_address; s = socket_connect( a ); s.timeout = 0.05; println( s.start_tls(), ERR() );
        s = socket_connect( a ); s.timeout_after = 0.05; println( s.start_tls(), ERR() );
        println( socket_connect( a, { tls = true, timeout = 0.05 } ), ERR() );
        s = socket_connect( a ); s.cancellable = socket_cancellable(); s.cancellable.cancel(); println( s.start_tls(), ERR(), s.is_closed );
        """,
        """
        falseConnection timed out
        falseConnection timed out
        nullConnection timed out
        falseOperation canceledtrue
        """,
    )


def test_thousand_connections(check: Check, certificates: Certificates) -> None:
    check(
        f"""
        global L = LISTEN(), DONE = 0, OPEN = 0; L.listen( 1000 );
        function serve( c ){{ if( !c.start_tls( {{ server_side = true, certfile = "{certificates.good}" }} ) ) return; c.send_line( "re " .. c.recv_line() ); c.recv( 1 ); }}
        function accept_all(){{ for( var i = 0; i < 1000; ++i ) thread serve( L.accept() ); }}
        function client( i )
        {{
            var s = socket_connect( L.local_address, {{ tls = {{ cafile = "{certificates.ca}" }} }} ); ++OPEN;
            while( OPEN < 1000 ) yield();
            s.send_line( i ); if( s.recv_line() == "re " .. i ) ++DONE;
        }}
        thread accept_all(); for( var i = 0; i < 1000; ++i ) thread client( i );
        socket_run(); println( OPEN, " ", DONE );
        """,
        "1000 1000",
    )
