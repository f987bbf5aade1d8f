"""A server behind TLS that takes a request and then breaks the connection, in a way of the test's choice."""

import datetime
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@contextmanager
def broken_tls(in_the_middle: bytes, *, trusted: bool = True) -> Iterator[str]:
    """Its address. After the request it writes `in_the_middle` past the encryption, and closes."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        certificate = certificate_in(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        thread = threading.Thread(target=_serve_once, args=(server, context, in_the_middle), daemon=True)
        thread.start()
        trust = {"REQUESTS_CA_BUNDLE": str(certificate)} if trusted else {}
        with patch.dict(os.environ, trust):
            yield f"https://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def _serve_once(server: socket.socket, context: ssl.SSLContext, in_the_middle: bytes) -> None:
    raw, _ = server.accept()
    try:
        with context.wrap_socket(raw, server_side=True) as connection:
            connection.recv(65536)
            with socket.socket(fileno=os.dup(connection.fileno())) as beneath:
                beneath.sendall(in_the_middle)
    except OSError:
        return  # the client did not trust us


def certificate_in(folder: Path) -> Path:
    """Key and certificate of this address in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "both.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
