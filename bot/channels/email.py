"""E-mail to the people behind the service, by the operator's SMTP server; askers are never written to.

A letter goes the road of every message: queued with what it is about, leased, sent, judged. In the outbox it and its
address are sealed, for an invitation opens the console. SMTP has no key by which a server would know a letter again;
each has one Message-ID for all its tries instead, by which many mailboxes do.
"""

import contextlib
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from bot.channels.incoming import Sendable, SendFailed
from bot.settings import EMAIL, MailServer
from bot.store import outbox
from bot.store.engine import Tx
from bot.vault import Vault

NAME = "email"
MAX_ADDRESS = 254
ANSWER_SECONDS = 8.0  # for each of the server's answers; the whole has as long as any send
REFUSED_FOR_NOW = timedelta(minutes=5)  # what a server asks of strangers that it greylists


PICTURE = "picture"  # what an HTML calls it: <img src="cid:picture">


@dataclass(frozen=True)
class Letter:
    """A subject and a plain text. *id* makes the Message-ID, the same in every try.

    *html* says the same, perhaps with a picture that is called `PICTURE`. *ends*: from that moment on, in ISO format,
    its link opens nothing, and it isn't sent any more.
    """

    subject: str
    text: str
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    html: str | None = None
    ends: str | None = None


def is_address(text: str) -> bool:
    """Whether *text* is one e-mail address that we can write to."""
    return len(text) <= MAX_ADDRESS and EMAIL.fullmatch(text) is not None


async def post(
    tx: Tx,
    vault: Vault,
    letter: Letter,
    *,
    key: str,
    recipient: str,
    sealed_address: bytes,
    now: datetime,
    picture: str | None = None,
) -> bool:
    """Queue *letter*; False when *key* is queued or sent already. *recipient*: the id of whom or what it is for.

    *picture*: what is drawn, when it is sent, to go along.
    """
    return await outbox.add_letter(
        tx,
        key=key,
        sealed_text=vault.seal(json.dumps(asdict(letter))).decode("ascii"),
        channel=NAME,
        destination=recipient,
        sealed_address=sealed_address,
        now=now,
        picture=picture,
    )


class EmailChannel:
    """Sends sealed letters. A new connection for each: there are a few a day."""

    name = NAME

    def __init__(self, server: MailServer, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._server = server
        self._vault = vault
        self._clock = clock

    async def send(self, address: str, message: Sendable) -> str | None:
        """Send to *address* the letter whose sealed form is the text; returns its id. Raises `SendFailed`."""
        letter = Letter(**json.loads(self._vault.unseal(message.text.encode("ascii"))))
        if letter.ends is not None and self._clock() >= datetime.fromisoformat(letter.ends):
            raise SendFailed("the link in it opens nothing any more", permanent=True)
        mail = self._mail(address, letter, message.file)
        async with self._connection() as smtp:
            with _judged():
                await smtp.mail(self._server.sender_address)
                await smtp.rcpt(address)
            with _judged(is_content=True):
                await smtp.data(mail.as_bytes(policy=CRLF))
        return letter.id

    async def greet(self) -> None:
        """Connect, log in and leave, to see that it works. Raises `SendFailed`."""
        async with self._connection():
            pass

    def _mail(self, address: str, letter: Letter, picture: bytes | None) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = Address(self._server.sender_name, addr_spec=self._server.sender_address)
        mail["To"] = address
        mail["Subject"] = " ".join(letter.subject.split())
        mail["Date"] = self._clock()
        mail["Message-ID"] = f"<{letter.id}@{self._server.sender_address.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # no answering machine need reply
        mail.set_content(letter.text, cte="quoted-printable")
        if letter.html is not None:
            mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
            if picture is not None:
                shown = cast("EmailMessage", mail.get_body(("html",)))
                shown.add_related(
                    picture, "image", "png", disposition="inline", cid=f"<{PICTURE}>", filename=f"{PICTURE}.png"
                )
        return mail

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        """A connection that is encrypted unless the server is this machine, and logged in where a name is set."""
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            timeout=ANSWER_SECONDS,
            use_tls=server.speaks_tls_at_once,
            start_tls=not (server.speaks_tls_at_once or server.is_here),
            tls_context=ssl.create_default_context(),
            local_hostname="localhost",  # says nothing of this machine
        )
        try:
            with _judged():
                await smtp.connect()
                if server.user is not None:
                    await smtp.login(server.user, server.password or "")
            yield smtp
            with contextlib.suppress(SMTPException, OSError):
                await smtp.quit()
        finally:
            smtp.close()


@contextlib.contextmanager
def _judged(*, is_content: bool = False):  # type: ignore[no-untyped-def]
    """What the server's refusal or silence means, as `SendFailed`; none of its own words, which may quote anything.

    Once the content is on its way, a broken connection may have delivered it.
    """
    try:
        yield
    except SMTPAuthenticationError as error:
        raise SendFailed("the mail server does not take our name and password") from error
    except SMTPResponseException as error:
        if error.code >= 500 and (is_content or isinstance(error, SMTPRecipientRefused)):
            what = "letter" if is_content else "address"
            raise SendFailed(f"the mail server refuses the {what} ({error.code})", permanent=True) from error
        raise SendFailed(
            f"the mail server takes nothing for now ({error.code})", retry_after=REFUSED_FOR_NOW
        ) from error
    except (SMTPException, OSError) as error:
        if is_content:
            raise SendFailed("the mail server went silent", uncertain=True) from error
        raise SendFailed(_why(error)) from error


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "the mail server's certificate is not valid"
    if isinstance(error, OSError):
        return "the mail server can't be reached"
    return "the mail server offers no encryption, or no way to log in"
