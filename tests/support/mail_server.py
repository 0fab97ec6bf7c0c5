"""A mail server on loopback, aiosmtpd's, which keeps what it takes and misbehaves when told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "koppi", "a/secret@of:mail"
SENDER = "Otappa koppi <koppi@kunta.example>"


@dataclass
class MailServer:
    """*received*: what was taken, oldest first. *answers*: to the next recipient and the next content, where not OK.

    The answer "drop" takes the content and ends the connection without a word.
    """

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    to_recipient: list[str] = field(default_factory=list)
    to_content: list[str] = field(default_factory=list)
    tried: int = 0

    async def handle_RCPT(  # noqa: N802 - the library's name and arguments
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """Take the recipient, or not."""
        self.tried += 1
        envelope.rcpt_tos.append(address)
        return self.to_recipient.pop(0) if self.to_recipient else "250 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        """Take the content, or not."""
        answer = self.to_content.pop(0) if self.to_content else "250 OK"
        if answer.startswith("250") or answer == "drop":
            mail = BytesParser(policy=default).parsebytes(envelope.content or b"")
            assert mail["To"] == envelope.rcpt_tos[0]
            self.received.append(mail)
        if answer == "drop":
            server.transport.abort()
        return answer

    @property
    def url(self) -> str:
        """As KOPPI_SMTP_URL has it."""
        return f"smtp://127.0.0.1:{self.port}"


@asynccontextmanager
async def mail_server(*, host: str = "127.0.0.1", certificate: Path | None = None) -> AsyncIterator[MailServer]:
    """A mail server, open until the context ends; with a *certificate* it speaks TLS at once."""
    kept = MailServer()

    def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=is_right, handled=False)

    loop = asyncio.get_running_loop()
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = await loop.create_server(
        lambda: SMTP(
            kept,
            hostname="mail.example",
            loop=loop,
            authenticator=knows,
            auth_require_tls=False,
        ),
        host,
        0,
        ssl=tls,
    )
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()


def write_certificate(path: Path) -> Path:
    """A certificate of our own for 127.0.0.1, with its key, written to *path*; nobody has signed it but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
