"""HTTPS receivers: the certificate must be valid for the name in the URL, although we connect to an address."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apps.webhooks import connections
from apps.webhooks.addresses import Target
from apps.webhooks.connections import Connection, ConnectionFailed, DeadlineExceeded
from tests.support.posting import post as posted
from tests.support.receiver import Receiver, drip, status

NAME = "receiver.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return str(path)


@pytest.fixture
def secure_receiver(certificate) -> Iterator[Receiver]:
    """A receiver behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made = Receiver()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.port = listener.getsockname()[1]
        wrapped = context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=made.serve, args=(wrapped,), daemon=True).start()
        yield made
        wrapped.shutdown(socket.SHUT_RDWR)
        wrapped.close()


@pytest.fixture
def trusting(certificate, monkeypatch) -> Iterator[None]:
    """Trust that certificate, as an operator would by SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    connections._tls.cache_clear()
    yield
    connections._tls.cache_clear()


@pytest.fixture
def post(secure_receiver) -> Iterator[object]:
    opened: list[Connection] = []

    def send(name: str = NAME, timeout: float = 5.0):
        opened.append(Connection(Target("https", name, secure_receiver.port, "/", True), "127.0.0.1"))
        return posted(opened[-1], timeout)

    yield send
    for connection in opened:
        connection.close()


def test_valid_certificate_is_accepted(post, trusting, secure_receiver):
    assert post().status == 204
    assert secure_receiver.got[0].headers["host"].startswith(NAME)


def test_unknown_issuer_is_refused(post, secure_receiver):
    connections._tls.cache_clear()

    with pytest.raises(ConnectionFailed, match="TLS"):
        post()

    assert secure_receiver.got == []


def test_certificate_of_another_name_is_refused(post, trusting, secure_receiver):
    with pytest.raises(ConnectionFailed, match="TLS"):
        post("other.example")

    assert secure_receiver.got == []


def test_deadline_holds_over_tls(post, trusting, secure_receiver):
    secure_receiver.answer = lambda _got: drip(status("200 OK", b"x" * 50), 0.05)

    with pytest.raises(DeadlineExceeded):
        post(timeout=0.4)
