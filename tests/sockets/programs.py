"""Real programs on loopback for the tests: certificates, and servers that run while a test does."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name: str, package: str) -> str:
    """The path of a program; skips the test where it is missing."""
    found = shutil.which(name) or shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return found


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background, from when it accepts connections on a port."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdin is not None and process.stdout is not None
    try:
        give_up = time.monotonic() + 10
        while port is not None:
            assert process.poll() is None, process.stdout.read()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < give_up
                time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextlib.contextmanager
def peer(talk: Callable[[socket.socket], None], connections: int = 1) -> Iterator[int]:
    """A server in an OS thread that has one conversation with each connection; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            for _ in range(connections):
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                with sock:
                    sock.settimeout(20)
                    with contextlib.suppress(OSError):
                        talk(sock)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(20)
        assert not thread.is_alive()


class Certificates:
    """An authority and the certificates that tests need, as PEM files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority, stranger = trustme.CA(), trustme.CA()
        self.ca = self._path("ca", authority.cert_pem.bytes())
        day = datetime.timedelta(days=1)
        now = datetime.datetime.now(datetime.UTC)
        good = authority.issue_cert("localhost", "127.0.0.1", "::1")
        self.good = self._leaf("good", good)
        self.name_only = self._leaf("name", authority.issue_cert("localhost"))
        self.other_host = self._leaf("other", authority.issue_cert("other.test"))
        self.stranger = self._leaf("stranger", stranger.issue_cert("localhost"))
        self.expired = self._leaf(
            "expired", authority.issue_cert("localhost", not_before=now - 9 * day, not_after=now - day)
        )
        self.early = self._leaf(
            "early", authority.issue_cert("localhost", not_before=now + day, not_after=now + 9 * day)
        )
        self.purpose = self._path("purpose", _client_only(authority))

    def _path(self, name: str, data: bytes) -> str:
        path = self.folder / f"{name}.pem"
        path.write_bytes(data)
        return str(path)

    def _leaf(self, name: str, made: trustme.LeafCert) -> str:
        return self._path(name, made.private_key_and_cert_chain_pem.bytes())


def _client_only(authority: trustme.CA) -> bytes:
    """A certificate for localhost that is good for clients only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), True)
        .sign(signer, hashes.SHA256())  # type: ignore[arg-type]
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + made.public_bytes(serialization.Encoding.PEM)
