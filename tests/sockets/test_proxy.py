"""Proxies of every kind: which one is used, the conversation, malformed answers (chapter 11 section 6)."""

# ruff: noqa: E501 - the lines of scripts are as long as they are

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sockets_module import connector
from sockets_module.policy import NetworkPolicy
from sockets_module.proxy import excluded, from_environment, parse
from sockets_module.state import Explained

from .conftest import make_engine
from .programs import Certificates, free_port, peer, program, running
from .test_client import EVENTS

pytest.importorskip("python_socks", reason="the extra `proxy` is not installed")

Check = Callable[..., None]


def echo(sock: socket.socket) -> None:
    sock.sendall(b"from the target\n")


@pytest.fixture(autouse=True)
def no_proxy_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not depend on the environment they run in."""
    for name in ("http", "https", "all", "no", "none", "ftp"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


# --- real proxies -----------------------------------------------------------------------------------------------------


def through(check: Check, uri: str, events: bool = True) -> None:
    """Goes through a proxy to a target by name and by number."""
    with peer(echo, 2) as target:
        told = "RESOLVING RESOLVED CONNECTING+ CONNECTED+ PROXY_NEGOTIATING+ PROXY_NEGOTIATED+ COMPLETE+"
        check(
            EVENTS
            + f"""
            c = socket_client(); c.on_event = told; global ASKED = ""; c.proxy_resolver = function( uri ){{ global ASKED; ASKED = uri; return [ "{uri}" ]; }};
            s = c.connect_to_host( "localhost:{target}", 1 ); println( if( s, s.recv_line(), ERR() ) ); println( ASKED ); TELL();
            s = socket_connect( socket_address( AF_INET, "127.0.0.1", {target} ), {{ proxy = "{uri}" }} ); println( if( s, s.recv_line(), ERR() ) );
            """,
            f"from the target\nnone://localhost:{target}\n{told}\nfrom the target",
        )


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_microsocks(check: Check, scheme: str) -> None:
    port = free_port()
    command = [program("microsocks", "microsocks"), "-i", "127.0.0.1", "-p", str(port)]
    with running(command, port):
        through(check, f"{scheme}://127.0.0.1:{port}")


def test_microsocks_with_a_password(check: Check) -> None:
    port = free_port()
    command = [program("microsocks", "microsocks"), "-i", "127.0.0.1", "-p", str(port), "-u", "me", "-P", "p:w"]
    with running(command, port):
        through(check, f"socks5h://me:p%3Aw@127.0.0.1:{port}")
        check(
            f"""
            println( socket_connect( "localhost", 1, {{ proxy = "socks5h://me:wrong@127.0.0.1:{port}" }} ), ERR() );
            println( socket_connect( "localhost", 1, {{ proxy = "socks5h://127.0.0.1:{port}" }} ), socket_error() );
            println( socket_connect( "localhost", 1, {{ proxy = "socks5h://me:p%3Aw@127.0.0.1:{port}" }} ), ERR() );
            """,
            """
            nullOperation not permitted: proxy: Username and password authentication failure
            null1
            nullConnection refused: proxy: Connection refused by destination host
            """,
        )


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
def test_dante(check: Check, tmp_path: Path, scheme: str) -> None:
    port = free_port()
    (tmp_path / "danted.conf").write_text(
        f"""
        logoutput: stderr
        internal: 127.0.0.1 port = {port}
        external: 127.0.0.1
        clientmethod: none
        socksmethod: none
        user.privileged: root
        user.unprivileged: root
        client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
        socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
        """
    )
    command = [program("danted", "dante-server"), "-f", f"{tmp_path}/danted.conf", "-p", f"{tmp_path}/pid"]
    with running(command, port) as process:
        through(check, f"{scheme}://me@127.0.0.1:{port}")
        process.terminate()  # it ends its children
        process.wait(10)


@contextlib.contextmanager
def ssh_forwarding(folder: Path) -> Iterator[int]:
    """`ssh -D`: OpenSSH's own SOCKS server, through an SSH server of the test's own; gives its port."""
    sshd, ssh = program("sshd", "openssh-server"), program("ssh", "openssh-client")
    keygen = program("ssh-keygen", "openssh-client")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd separates its privileges there
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"], check=True)
    server, port = free_port(), free_port()
    options = [
        "ListenAddress=127.0.0.1", f"Port={server}", f"HostKey={folder}/host", "UsePAM=no", "StrictModes=no",
        f"AuthorizedKeysFile={folder}/user.pub", f"PidFile={folder}/pid", "PermitRootLogin=yes",
    ]  # fmt: skip
    quiet = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ExitOnForwardFailure=yes"]
    listen = [sshd, "-D", "-e", "-f", "/dev/null", *(f"-o{option}" for option in options)]
    forward = [
        ssh, "-F", "/dev/null", "-N", "-D", f"127.0.0.1:{port}", "-p", str(server), "-i", f"{folder}/user",
        *(f"-o{option}" for option in quiet), "127.0.0.1",
    ]  # fmt: skip
    with running(listen, server), running(forward, port):
        yield port


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5h"])
def test_openssh(check: Check, tmp_path: Path, scheme: str) -> None:
    with ssh_forwarding(tmp_path) as port:
        through(check, f"{scheme}://me@127.0.0.1:{port}")


def test_an_https_proxy(
    check: Check, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tinyproxy behind stunnel: TLS to the proxy, verified; then a target with and without TLS of its own."""
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca)
    plain, secure = free_port(), free_port()
    (tmp_path / "conf").write_text(f"Port {plain}\nListen 127.0.0.1\nTimeout 20\nAllow 127.0.0.1\n")
    (tmp_path / "stunnel").write_text(
        f"""
        foreground = yes
        pid =
        [proxy]
        accept = 127.0.0.1:{secure}
        connect = 127.0.0.1:{plain}
        cert = {certificates.good}
        [stranger]
        accept = 127.0.0.1:{(other := free_port())}
        connect = 127.0.0.1:{plain}
        cert = {certificates.stranger}
        """
    )
    tinyproxy, stunnel = program("tinyproxy", "tinyproxy"), program("stunnel4", "stunnel4")
    target = free_port()
    target_command = [
        program("openssl", "openssl"), "s_server", "-accept", str(target), "-cert", certificates.good, "-key",
        certificates.good, "-quiet", "-rev",
    ]  # fmt: skip
    with (
        running([tinyproxy, "-d", "-c", f"{tmp_path}/conf"], plain),
        running([stunnel, f"{tmp_path}/stunnel"], secure),
        running(target_command, target),
    ):
        through(check, f"https://localhost:{secure}")
        check(
            f"""
            s = socket_connect( "localhost", {target}, {{ tls = {{ cafile = "{certificates.ca}" }}, proxy = "https://localhost:{secure}" }} );
            s.send_line( "hello" ); println( s.recv_line(), " ", s.tls.server_name ); s.close();
            println( socket_connect( "localhost", {target}, {{ proxy = "https://localhost:{other}" }} ), ERR() );
            """,
            "olleh localhost\nnullProtocol error: certificate verify failed: unable to get local issuer certificate",
        )


def test_tinyproxy(check: Check, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "conf").write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 20\nBasicAuth me secret\nAllow 127.0.0.1\n")
    command = [program("tinyproxy", "tinyproxy"), "-d", "-c", f"{tmp_path}/conf"]
    with running(command, port):
        through(check, f"http://me:secret@127.0.0.1:{port}")
        check(
            f'println( socket_connect( "localhost", 1, {{ proxy = "http://127.0.0.1:{port}" }} ), socket_error() );'
            f'println( socket_connect( "localhost", 1, {{ proxy = "http://me:no@127.0.0.1:{port}" }} ), socket_error() );',
            "null1\nnull1",
        )


# --- proxies of our own, for what real ones do not do -----------------------------------------------------------------


def test_tls_in_tls(check: Check, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """An https proxy: TLS to the proxy, CONNECT inside, TLS to the target inside that."""
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good)
    asked = []

    def proxy(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as outer:
            asked.append(outer.recv(4096).split(b"\r\n")[0])
            outer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            inner = context.wrap_bio(incoming, outgoing, True)
            done = 0
            while done < 2:
                with contextlib.suppress(ssl.SSLWantReadError):
                    if done == 0:
                        inner.do_handshake()
                        done = 1
                    data = inner.read(65536)
                    inner.write(b"re " + data)
                    done = 2
                outer.sendall(outgoing.read())
                if done < 2:
                    incoming.write(outer.recv(65536))
            outer.recv(1)

    with peer(proxy) as port:
        check(
            f"""
            s = socket_connect( "localhost", 443, {{ tls = {{ cafile = "{certificates.ca}" }}, proxy = "https://localhost:{port}" }} );
            s.send_line( "hello" ); println( s.recv_line(), " ", s.tls.server_name ); s.close();
            """,
            "re hello localhost",
        )
    assert asked == [b"CONNECT localhost:443 HTTP/1.1"]


ENDLESS = b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000


@pytest.mark.parametrize(
    ("scheme", "answer", "reason"),
    [
        ("http", b"", "Connection reset by peer: proxy: it ended the connection"),
        ("http", b"HTTP/1.1 200 OK\r\nX", "Connection reset by peer: proxy: it ended the connection"),
        ("http", b"SSH-2.0-x\r\n", "Protocol error: proxy: it does not speak HTTP"),
        ("http", b"HTTP/1.1 x OK\r\n\r\n", "Protocol error: proxy: Invalid status code: x"),
        ("http", b"HTTP/1.1\r\n\r\n", "Protocol error: proxy: Invalid status line: HTTP/1.1"),
        ("http", b"HTTP/1.1 407 Who\r\n\r\n", "Operation not permitted: proxy: 407 Who"),
        ("http", b"HTTP/1.1 504 Slow\r\n\r\n", "Connection timed out: proxy: 504 Slow"),
        ("http", ENDLESS, "Protocol error: proxy: its answer does not end"),
        ("socks4a", b"", "Connection reset by peer: proxy: it ended the connection"),
        ("socks4a", b"\0\x5a\0", "Connection reset by peer: proxy: it ended the connection"),
        ("socks4a", b"\7\x5a\0\0\0\0\0\0", "Protocol error: proxy: Unexpected reply version: 0X7"),
        ("socks4a", b"\0\x77\0\0\0\0\0\0", "Protocol error: proxy: Invalid reply code: 0X77"),
        ("socks4a", b"\0\x5b\0\0\0\0\0\0", "Connection refused: proxy: Request rejected or failed"),
        ("socks5h", b"", "Connection reset by peer: proxy: it ended the connection"),
        ("socks5h", b"\5", "Connection reset by peer: proxy: it ended the connection"),
        ("socks5h", b"\4\0", "Protocol error: proxy: Unexpected SOCKS version number: 4"),
        ("socks5h", b"\5\xff", "Operation not permitted: proxy: No acceptable authentication methods were offered"),
        ("socks5h", b"\5\2", None),
        ("socks5h", b"\5\0\5\1\0", "Protocol error: proxy: General SOCKS server failure"),
        ("socks5h", b"\5\0\5\4\0", "No route to host: proxy: Host unreachable"),
        ("socks5h", b"\5\0\5\0\0\x09", "Protocol error: proxy: Invalid address type: 0X9"),
        ("socks5h", b"\5\0\5\0\0\3\xff" + b"x" * 20, "Connection reset by peer: proxy: it ended the connection"),
        ("socks5h", b"\5\0\5\0\0\3\2\xff\xff\0\0", "Invalid argument: proxy: the name or the credentials cannot be sent"),
    ],
)  # fmt: skip
def test_malformed_answers(run: Callable[..., tuple[str, str]], scheme: str, answer: bytes, reason: str | None) -> None:
    def talk(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    with peer(talk) as port:
        out, err = run(
            f'println( socket_connect( "target.test", 80, {{ proxy = "{scheme}://127.0.0.1:{port}" }} ), ERR() );'
        )
    assert err == ""
    assert out.startswith("null")
    if reason is not None:
        assert out == f"null{reason}\n"


GOOD = {
    "http": [b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"],
    "socks4a": [b"\0\x5a\0\x50\x7f\0\0\1"],
    "socks5h": [b"\5\2", b"\1\0", b"\5\0\0\3\4host\0\x50"],
}


def spoiled(answers: list[bytes], chance: random.Random) -> Iterator[list[bytes]]:
    """Every truncation of a proxy's answers, then answers with bytes changed, put in and taken out at random."""
    for turn, answer in enumerate(answers):
        for length in range(len(answer)):
            yield [*answers[:turn], answer[:length]]
    for _ in range(150):
        made = [bytearray(answer) for answer in answers]
        for _ in range(chance.randint(1, 4)):
            answer = made[chance.randrange(len(made))]
            position = chance.randrange(len(answer) + 1)
            match chance.randrange(4):
                case 0:
                    answer[position : position + 1] = bytes([chance.randrange(256)])
                case 1:
                    answer[position:position] = chance.randbytes(chance.choice((1, 3, 300)))
                case 2:
                    del answer[position : position + chance.randint(1, 3)]
                case 3:
                    answer[position:position] = answer[:position]
        yield [bytes(answer) for answer in made]


@pytest.mark.parametrize("scheme", GOOD)
def test_spoiled_answers(run: Callable[..., tuple[str, str]], scheme: str) -> None:
    """Whatever a proxy says, a script gets null with an error or a socket, at once, and the next one works."""
    cases = [*spoiled(GOOD[scheme], random.Random(7)), GOOD[scheme]]
    left = iter(cases)

    def talk(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(b"".join(next(left)))  # all turns at once: a spoiled one may leave both sides waiting
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    begin = time.monotonic()
    with peer(talk, len(cases)) as port:
        out, err = run(
            f"""
            for( var i = 0; i < {len(cases)}; ++i )
            {{
                var s = socket_connect( "target.test", 80, {{ proxy = "{scheme}://me:word@127.0.0.1:{port}" }} ); println( if( s, "socket", ERR() ) );
                if( s ) s.close();
            }}
            """
        )
    assert err == ""
    lines = out.splitlines()
    assert len(lines) == len(cases) and lines[-1] == "socket"
    assert all(line == "socket" or ": proxy: " in line or "Broken pipe" in line or "reset" in line for line in lines), (
        lines
    )
    truncated = sum(map(len, GOOD[scheme]))
    assert "socket" not in lines[:truncated]
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("scheme", ["http", "https", "socks4a", "socks5h"])
def test_a_dribbling_proxy(check: Check, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """However slowly an answer goes on, it ends in time, and takes no memory to speak of."""
    monkeypatch.setattr(connector, "NEGOTIATION", 0.4)

    def talk(sock: socket.socket) -> None:
        sock.recv(4096)
        start = {
            "http": b"HTTP/1.1 200 ok\r\n",
            "https": b"\x16\3\3\xff\0",
            "socks4a": b"\0",
            "socks5h": b"\5\0\5\0\0\3\xff",
        }
        sock.sendall(start[scheme])
        while True:
            sock.sendall(b"x")
            time.sleep(0.1)

    with peer(talk) as port:
        check(
            f"""
            c = socket_client(); c.timeout = 0.3; c.proxy_resolver = function( uri ){{ return [ "{scheme}://127.0.0.1:{port}" ]; }}; before = ftime();
            println( c.connect( "target.test:80" ), socket_error() != 0, ftime() - before < 2 );
            """,
            "nulltruetrue",
        )


def test_a_slow_proxy(check: Check) -> None:
    with peer(lambda sock: sock.recv(4096) and sock.recv(1)) as port:
        check(
            f'println( socket_connect( "target.test", 80, {{ proxy = "socks5h://127.0.0.1:{port}", timeout = 0.1 }} ), ERR() );',
            "nullConnection timed out",
        )


def test_what_follows_the_answer_is_kept(check: Check) -> None:
    def talk(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nfirst\nsecond\n")
        sock.recv(1)

    with peer(talk) as port:
        check(
            f's = socket_connect( "target.test", 80, {{ proxy = "http://127.0.0.1:{port}" }} ); println( s.recv_line(), s.recv_line() ); s.close();',
            "firstsecond",
        )


def test_socks4a_takes_names(check: Check) -> None:
    asked = []

    def talk(sock: socket.socket) -> None:
        asked.append(sock.recv(4096))
        sock.sendall(b"\0\x5a\0\0\0\0\0\0first\n")
        sock.recv(1)

    with peer(talk) as port:
        check(
            f's = socket_connect( "target.test", 80, {{ proxy = "socks4a://me@127.0.0.1:{port}" }} ); println( s.recv_line() ); s.close();',
            "first",
        )
    assert asked == [b"\4\1\0\x50\0\0\0\1me\0target.test\0"]


def test_what_cannot_be_sent(check: Check) -> None:
    """Names and credentials that do not fit, or would smuggle something into the conversation."""
    with peer(echo, 6) as port:
        here = f"127.0.0.1:{port}"
        check(
            f"""
            println( socket_connect( "a\\x7fb", 80, {{ proxy = "http://{here}" }} ), ERR() );
            println( socket_connect( "a b", 80, {{ proxy = "http://{here}" }} ), ERR() );
            println( socket_connect( "a\\r\\nX: y", 80, {{ proxy = "http://{here}" }} ), ERR() );
            println( socket_connect( "::1", 80, {{ proxy = "socks4a://{here}" }} ), ERR() );
            println( socket_connect( "target.test", 80, {{ proxy = "http://a%3Ab:c@{here}" }} ), ERR() );
            println( socket_connect( "target.test", 80, {{ proxy = "socks4a://%c3%a4@{here}" }} ), ERR() );
            """,
            """
            nullInvalid argument
            nullInvalid argument
            nullInvalid argument
            nullAddress family not supported by protocol: a SOCKS4 proxy knows no IPv6 addresses
            nullInvalid argument: proxy: the name or the credentials cannot be sent
            nullInvalid argument: proxy: the name or the credentials cannot be sent
            """,
        )


def test_hosts_as_proxies_are_told(check: Check) -> None:
    """Names in ASCII, IPv6 addresses in brackets and without this machine's scopes; datagrams know no proxies."""
    asked = []

    def talk(sock: socket.socket) -> None:
        asked.append(sock.recv(4096).split(b"\r\n")[0])

    with peer(talk, 5) as port:
        check(
            f"""
            foreach( host : [ "b\\xc3\\xbccher.test", "::1", "fe80::1%lo", "127.0.0.1" ] ) socket_connect( host, 80, {{ proxy = "http://127.0.0.1:{port}" }} );
            socket_connect( "b\\xc3\\xbccher.test", 80, {{ proxy = "socks4a://127.0.0.1:{port}" }} );
            c = socket_client(); c.socket_type = SOCK_DGRAM; c.proxy_resolver = function( uri ){{ println( "asked" ); return []; }};
            u = UDP(); c.connect( u.local_address ).send( "direct" ); println( u.recv( 9 ) );
            """,
            "direct",
        )
    assert asked == [
        b"CONNECT xn--bcher-kva.test:80 HTTP/1.1", b"CONNECT [::1]:80 HTTP/1.1", b"CONNECT [fe80::1]:80 HTTP/1.1",
        b"CONNECT 127.0.0.1:80 HTTP/1.1", b"\4\1\0\x50\0\0\0\1\0xn--bcher-kva.test\0",
    ]  # fmt: skip


# --- which proxy ------------------------------------------------------------------------------------------------------


def test_uris_of_proxies(check: Check) -> None:
    made = parse(b"SOCKS5h://us%40er:p%3Aw@[::1]:99/x")
    assert made is not None
    assert (made.scheme, made.host, made.port, made.user, made.password) == (b"socks5h", b"::1", 99, "us@er", "p:w")
    assert made.shown == "socks5h://[::1]:99"
    assert parse(b"direct://") is None and parse(b"direct") is None
    ports = {b"http": 80, b"https": 443, b"socks4": 1080, b"socks5": 1080, b"": 80}
    for scheme, port in ports.items():
        found = parse(scheme + b"://h" if scheme else b"h")
        assert found is not None and found.port == port
    for bad in (
        b"ftp://h",
        b"http://",
        b"http://h:x",
        b"http://h:99999",
        b"http://[::1",
        b"http://a b",
        b"http://a\x7fb",
        b"http://%ff@h",
    ):
        with pytest.raises(Explained):
            parse(bad)
    check(
        'println( socket_connect( "h", 1, { proxy = "quic://h" } ), ERR() ); println( socket_connect( "h", 1, { proxy = [] } ), ERR() );'
        'println( socket_connect( "h", 1, { proxy = [ 5 ] } ), socket_error() ); println( socket_connect( "h", 1, { proxy = 5 } ) );',
        "nullInvalid argument: unknown kind of proxy 'quic'\nnullInvalid argument: option 'proxy' must be true, a URI or an array of URIs\nnull22\nnull",
        # chapter 11: "misuse (wrong type, out of range) also gives a Warning naming the function and the argument"
        "socket_connect(): argument 3 (options): unknown kind of proxy 'quic'",
        "socket_connect(): argument 3 (options): option 'proxy' must be true, a URI or an array of URIs",
        "socket_connect(): argument 3 (options): option 'proxy' must be true, a URI or an array of URIs",
        "socket_connect(): argument 3 (options): option 'proxy' has a wrong type",
    )


def test_the_environment() -> None:
    assert from_environment(b"http://h:80", {}) == [b"direct://"]
    names = {"ALL_PROXY": "socks5://all", "http_proxy": "http://plain", "HTTPS_PROXY": "http://secure"}
    assert from_environment(b"http://h:80", names) == [b"http://plain"]
    assert from_environment(b"https://h:443", names) == [b"http://secure"]
    assert from_environment(b"none://h:5", names) == [b"socks5://all"]
    names = {"ALL_PROXY": "socks5://all", "HTTP_PROXY": "http://upper"}
    assert from_environment(b"http://h:80", names) == [b"http://upper"]
    names["REQUEST_METHOD"] = "GET"
    assert from_environment(b"http://h:80", names) == [b"socks5://all"]
    assert from_environment(b"http://h:80", names | {"no_proxy": "x, h"}) == [b"direct://"]
    assert from_environment(b"http://h:80", names | {"NO_PROXY": "x, h"}) == [b"direct://"]


@pytest.mark.parametrize(
    "connect", ['k.connect_to_uri( "http://127.0.0.1", 9 )', 'socket_connect( "127.0.0.1", 9, { proxy = true } )']
)
def test_the_environment_is_the_engines(check: Check, monkeypatch: pytest.MonkeyPatch, connect: str) -> None:
    """What `os_putenv` sets is the environment of chapter 11 ("null = the environment"); it is each engine's own."""
    monkeypatch.setenv("all_proxy", "quic://of-the-process")
    script = f"""
        include "os"; k = socket_client();
        println( {connect}, ERR() );
        os_putenv( "all_proxy=spdy://of-the-engine" ); println( {connect}, ERR() );
        os_putenv( "no_proxy=*" ); println( {connect}, ERR() );
        os_putenv( "no_proxy" ); os_putenv( "all_proxy" ); println( {connect}, ERR() );
        """
    wanted = """
        nullInvalid argument: unknown kind of proxy 'quic'
        nullInvalid argument: unknown kind of proxy 'spdy'
        nullConnection refused
        nullConnection refused
        """
    check(script, wanted)
    with make_engine() as engine:  # whose host gives it no environment at all
        engine._world.slots["process"] = None
        code = 'include "sockets"; socket_connect( "127.0.0.1", 9, { proxy = true } ); return socket_error( true );'
        assert engine.run(code) == "Connection refused"


@pytest.mark.parametrize(
    ("host", "port", "rules", "wanted"),
    [
        ("a.test", 80, "*", True), ("a.test", 80, "a.test", True), ("b.a.test", 80, "a.test", True),
        ("b.a.test", 80, ".a.test", True), ("b.a.test", 80, "*.a.test", True), ("ba.test", 80, "a.test", False),
        ("A.Test.", 80, "a.test", True), ("a.test", 80, "a.test:81", False), ("a.test", 80, "x a.test:80", True),
        ("10.1.2.3", 80, "10.0.0.0/8", True), ("10.1.2.3", 80, "10.1.2.3:80", True), ("11.1.2.3", 80, "10.0.0.0/8", False),
        ("::1", 80, "::1", True), ("::1", 80, "[::1]:80", True), ("::1", 80, "[::1]:81", False), ("a.test", 80, "", False),
        ("1.2.3.4", 80, "3.4", False), ("fe80::1%eth0", 80, "fe80::/10", True),
    ],
)  # fmt: skip
def test_no_proxy(host: str, port: int, rules: str, wanted: bool) -> None:
    assert excluded(host, port, rules) is wanted


def test_the_resolver_and_the_next_proxy(check: Check) -> None:
    with peer(echo, 3) as target:
        check(
            f"""
            c = socket_client(); c.proxy_resolver = function( uri ){{ println( uri ); return [ "http://127.0.0.1:1", "direct://" ]; }};
            println( c.connect_to_uri( "HTTP://user@127.0.0.1:{target}/x", 5 ).recv_line() );
            c.proxy_resolver = function( uri ){{ return 5; }}; println( c.connect( "127.0.0.1:{target}" ), ERR() );
            c.enable_proxy = false; println( c.connect( "127.0.0.1:{target}" ).recv_line() );
            c.enable_proxy = true; c.proxy_resolver = function( uri ){{ return [ "mine://127.0.0.1:{target}" ]; }};
            println( c.connect( "nowhere.test:5" ), ERR() ); println( c.add_application_proxy( "Mine" ) ); println( c.connect( "nowhere.test:5" ).recv_line() );
            """,
            f"http://127.0.0.1:{target}\nfrom the target\nnullInvalid argument: the proxy resolver gives no array of URIs\nfrom the target\n"
            "nullInvalid argument: unknown kind of proxy 'mine'\ntrue\nfrom the target",
        )


def test_a_cancel_ends_all_routes(check: Check) -> None:
    """The proxies that have not had their turn are not asked any more, nor is the target itself."""
    with peer(echo, 0) as target:
        check(
            f"""
            k = socket_cancellable(); k.cancel(); n = 0; c = socket_client();
            c.proxy_resolver = function( uri ){{ return [ "http://127.0.0.1:{target}", "socks5://127.0.0.1:{target}", "direct://" ]; }};
            c.on_event = function( event, what, s ) use( n, k ){{ if( event == SOCKET_CLIENT_CONNECTING ){{ n++; s.cancellable = k; }} }};
            println( c.connect( "127.0.0.1:{target}" ), n, ERR() );
            """,
            "null1Operation canceled",
        )


def test_the_policy_holds_for_proxies(check: Check) -> None:
    """The proxy's own address and the name it is told are both judged."""

    def silent(sock: socket.socket) -> None:
        while sock.recv(4096):
            pass

    with peer(silent) as port:
        here = f"127.0.0.1:{port}"
        check(
            f'println( socket_connect( "secret.test", 80, {{ proxy = "http://{here}" }} ), socket_error() == socket_geterrnobyname( "EACCES" ) );'
            f'println( socket_connect( "10.0.0.1", 80, {{ proxy = "socks5://{here}" }} ), socket_error() == socket_geterrnobyname( "EACCES" ) );'
            'println( socket_connect( "open.test", 80, { proxy = "http://127.0.0.2:1" } ), socket_error() == socket_geterrnobyname( "EACCES" ) );'
            f'println( socket_connect( "open.test", 80, {{ proxy = "http://{here}", timeout = 0.1 }} ), socket_error() == socket_geterrnobyname( "ETIMEDOUT" ) );',
            "nulltrue\nnulltrue\nnulltrue\nnulltrue",
            "socket_connect(): denied by network policy (secret.test:80)",
            "socket_connect(): denied by network policy (10.0.0.1:80)",
            "socket_connect(): denied by network policy (127.0.0.2:1)",
            network=NetworkPolicy(connect=[here, "open.test:80"]),
        )
