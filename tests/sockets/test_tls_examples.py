"""The example scripts that speak TLS, against a mail server, a web server and a client written in Python."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest

from interp.errors import ScriptError

from .programs import Certificates, free_port, peer
from .test_examples import play, server


def context(certificates: Certificates) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificates.good)
    return made


def test_https_get(certificates: Certificates) -> None:
    def talk(sock: socket.socket) -> None:
        with context(certificates).wrap_socket(sock, server_side=True) as secure:
            assert secure.recv(4096).startswith(b"GET /x HTTP/1.1\r\nHost: localhost\r\n")
            secure.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello\n")
            secure.unwrap()

    with peer(talk) as port:
        out, err = play("https_get.sgs", "localhost", "/x", port, certificates.ca)
    assert (out, err) == ("HTTP/1.1 200 OK\r\n\r\nhello\n", "")


def test_tls_echo(certificates: Certificates) -> None:
    client = ssl.create_default_context(cafile=certificates.ca)
    with (
        server("tls_echo.sgs", certificates.good, 1) as out,
        socket.create_connection(("127.0.0.1", out.port), 10) as plain,
        client.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"hello")
        assert secure.recv(5) == b"hello"


def test_starttls_mail_with_a_server_of_others(certificates: Certificates) -> None:
    """aiosmtpd, which takes mail only after STARTTLS; then one whose certificate is not its own."""
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed (extra `test`)")
    got: list[tuple[str, list[str], bytes]] = []

    class Keep:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
            got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
            return "250 taken"

    text = "Subject: x\n\n.dot\n" + "long line " * 90 + "\nend"

    def mail(certificate: str) -> tuple[str, str]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        port = free_port()
        server = controller.Controller(Keep(), hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True)
        server.start()
        try:
            return play("starttls_mail.sgs", "localhost", "a@x.test", "b@y.test", text, port, certificates.ca)
        finally:
            server.stop()

    out, err = mail(certificates.good)
    assert (out.splitlines()[-1], err) == ("221 Bye", "")
    with pytest.raises(ScriptError, match="no TLS: Protocol error: certificate verify failed"):
        mail(certificates.stranger)
    sender, receivers, content = got[0]
    assert (sender, receivers, len(got)) == ("a@x.test", ["b@y.test"], 1)
    assert content == text.replace("\n", "\r\n").encode() + b"\r\n"


def test_starttls_mail(certificates: Certificates) -> None:
    heard: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        sock.sendall(b"220 mail.test\r\n")
        heard.append(sock.recv(4096))
        sock.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
        heard.append(sock.recv(4096))
        sock.sendall(b"220 go ahead\r\n")
        with context(certificates).wrap_socket(sock, server_side=True) as secure, secure.makefile("rwb") as lines:
            for answer in (b"250 ok", b"250 ok", b"250 ok", b"354 text", b"250 sent", b"221 bye"):
                line = lines.readline()
                heard.append(line)
                while answer == b"250 sent" and line != b".\r\n":
                    line = lines.readline()
                    heard.append(line)
                lines.write(answer + b"\r\n")
                lines.flush()

    with peer(talk) as port:
        out, err = play(
            "starttls_mail.sgs", "localhost", "a@x", "b@y", "Subject: x\n\n.dot\nend", port, certificates.ca
        )
    assert err == ""
    assert out.splitlines()[-1] == "221 bye"
    assert heard[1] == b"STARTTLS\r\n"
    assert heard[3:] == [
        b"MAIL FROM:<a@x>\r\n", b"RCPT TO:<b@y>\r\n", b"DATA\r\n", b"Subject: x\r\n", b"\r\n", b"..dot\r\n", b"end\r\n",
        b".\r\n", b"QUIT\r\n",
    ]  # fmt: skip
