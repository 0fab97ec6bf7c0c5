"""E-mail by a real SMTP server: sent once, tried again when refused for now, once more when nobody knows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from bot.channels import email
from bot.channels.email import EmailChannel, Letter
from bot.channels.incoming import Sendable, SendFailed
from bot.delivery import Delivery
from bot.settings import Settings
from bot.store import outbox as outbox_items
from bot.store import schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.support.clock import Clock
from tests.support.mail_server import PASSWORD, SENDER, USER, MailServer, mail_server, write_certificate

VAINO = "v" * 32
TO = "vaino@kunta.example"
TEXT = (
    "Hei!\n\nLinkki: https://koppi.example/console/invited/"
    + "x" * 60
    + "\nÄäkkösiä, ja rivi joka alkaa pisteellä:\n.\n"
)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """A mail server that takes everything."""
    async with mail_server() as server:
        yield server


def channel(url: str, vault: Vault, clock: Clock) -> EmailChannel:
    """The channel to the mail server at *url*."""
    settings = Settings(_env_file=None, smtp_url=SecretStr(url), smtp_from=SENDER)
    assert settings.mail_server is not None
    return EmailChannel(settings.mail_server, vault, clock)


class Post:
    """A delivery of e-mail alone, driven step by step."""

    def __init__(self, store: Store, vault: Vault, clock: Clock, server: MailServer) -> None:
        self.store, self.vault, self.clock = store, vault, clock
        channels = {email.NAME: channel(server.url, vault, clock)}
        self.delivery = Delivery(store, vault, channels, clock, file_of=_no_file, in_flight=2, per_second=25)

    async def queues(self, key: str = "k", to: str = TO) -> bool:
        """Queue the letter."""
        async with self.store.write() as tx:
            return await email.post(
                tx,
                self.vault,
                Letter("Kutsu: Otappa koppi", TEXT),
                key=key,
                recipient=VAINO,
                sealed_address=self.vault.seal(to),
                now=self.clock(),
            )

    async def delivers(self, later: timedelta = timedelta()) -> list[tuple[str, int, bool, str | None]]:
        """Send what is due *later*; how every item stands then."""
        self.clock.advance(later)
        await self.delivery._start_sends()
        for task in list(self.delivery._sending):
            await task
        table = schema.outbox.c
        async with self.store.read() as read:
            rows = await read.execute(
                select(table.state, table.attempts, table.uncertain, table.reason).order_by(table.id)
            )
            return [tuple(row) for row in rows]  # type: ignore[misc]


async def _no_file(_conversation: str, _now: Any) -> bytes | None:
    return None


@pytest.fixture
def post(store: Store, vault: Vault, clock: Clock, server: MailServer) -> Post:
    """E-mail on its road, on both databases in turn."""
    return Post(store, vault, clock, server)


async def test_a_letter_arrives_once_as_it_was_written_and_leaves_nothing_to_read(
    post: Post, server: MailServer, store: Store
) -> None:
    """An invitation opens the console: neither it nor an address stands in the database in the clear."""
    assert await post.queues()
    assert not await post.queues()
    async with store.read() as read:
        kept = str(
            (await read.execute(select(schema.notice))).all() + (await read.execute(select(schema.outbox))).all()
        )
    first = await post.delivers()
    again = await post.delivers(timedelta(hours=1))

    (mail,) = server.received
    assert mail.get_content().replace("\r\n", "\n") == TEXT
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, TO, "Kutsu: Otappa koppi")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@kunta.example>")
    assert first == again == [("sent", 1, False, None)]
    assert "invited" not in kept
    assert TO not in kept
    async with store.read() as read:
        assert (await read.execute(select(schema.outbox.c.sealed_address))).scalar_one() is None


async def test_what_is_refused_for_now_waits_and_what_is_refused_for_good_is_told(
    post: Post, server: MailServer
) -> None:
    """Greylisting is answered by patience, an address that isn't there by a word to the administrator."""
    server.to_recipient += ["451 greylisted", "250 OK", "550 no such user vaino"]
    await post.queues()
    waits = await post.delivers()
    too_early = await post.delivers(timedelta(minutes=4))
    arrives = await post.delivers(timedelta(minutes=2))
    await post.queues("other")
    refused = await post.delivers()

    assert waits == too_early == [("queued", 1, False, None)]
    assert arrives == [("sent", 2, False, None)]
    assert refused[1] == ("failed", 1, False, "the mail server refuses the address (550)")
    assert (len(server.received), server.tried) == (1, 3)


async def test_a_letter_that_may_have_arrived_is_sent_once_more_and_never_thrice(
    post: Post, server: MailServer
) -> None:
    """The connection broke after the content: better twice than never, with one Message-ID by which it is known."""
    server.to_content += ["drop", "drop"]
    await post.queues()
    first = await post.delivers()
    second = await post.delivers(timedelta(minutes=1))
    third = await post.delivers(timedelta(hours=1))

    assert first == [("queued", 1, True, None)]
    assert second == third == [("failed", 2, True, "perhaps delivered: the mail server went silent")]
    assert len({mail["Message-ID"] for mail in server.received}) == 1
    assert len(server.received) == 2


async def test_a_server_that_is_away_is_tried_again_until_it_is_back(
    store: Store, vault: Vault, clock: Clock, post: Post, server: MailServer
) -> None:
    """An outage of the mail server loses no letter, and what was withdrawn meanwhile stays at home."""
    away = Post(store, vault, clock, MailServer(port=9))
    await away.queues()
    tried = await away.delivers()
    await away.delivers(timedelta(minutes=2))
    back = await post.delivers(timedelta(minutes=2))
    await post.queues("withdrawn")
    async with store.write() as tx:
        await outbox_items.withdraw_letters(tx, email.NAME, VAINO)
    left = await post.delivers()

    assert tried == [("queued", 1, False, None)]
    assert back == left == [("sent", 3, False, None)]
    assert len(server.received) == 1


async def test_nobody_listens_on_the_way_and_nobody_else_poses_as_the_server(
    vault: Vault, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS with a certificate that holds, and the password is right: only then a letter is handed over."""
    certificate = write_certificate(tmp_path / "mail.pem")
    sealed = vault.seal('{"subject": "s", "text": "t", "id": "1"}').decode()
    async with mail_server(certificate=certificate) as server:

        async def sends(password: str) -> str:
            url = f"smtps://{USER}:{quote(password, safe='')}@127.0.0.1:{server.port}"
            try:
                await channel(url, vault, clock).send(TO, Sendable(sealed))
            except SendFailed as error:
                return str(error)
            return "sent"

        stranger = await sends(PASSWORD)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        wrong = await sends("wrong")
        right = await sends(PASSWORD)
    async with mail_server(host="127.0.0.2") as plain:  # not this machine's usual name: as good as elsewhere
        with pytest.raises(SendFailed, match="offers no encryption"):
            await channel(f"smtp://127.0.0.2:{plain.port}", vault, clock).send(TO, Sendable(sealed))

    assert stranger == "the mail server's certificate is not valid"
    assert wrong == "the mail server does not take our name and password"
    assert right == "sent"
    assert (len(server.received), plain.received) == (1, [])


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example", SENDER),
        ("smtp://", SENDER),
        ("smtps://u:secretword@mail.example:port", SENDER),
        ("smtps://u:secretword@mail.example/box?x=1", SENDER),
        ("smtps://u:secretword@mail.example", None),
        ("smtps://u:secretword@mail.example", "Otappa koppi"),
        ("smtps://u:secretword@mail.example", "a@b.example\nBcc: all@b.example"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused_without_the_password(url: str, sender: str | None) -> None:
    """An operator learns at the start what is wrong, and the log doesn't learn the password."""
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, smtp_url=SecretStr(url), smtp_from=sender)

    assert "secretword" not in str(refused.value)


def test_a_mail_server_elsewhere_is_only_spoken_to_in_tls() -> None:
    """On this machine a relay without certificates is common, elsewhere no letter may cross a network in the clear."""
    servers = [
        Settings(_env_file=None, smtp_url=SecretStr(url), smtp_from=SENDER).mail_server
        for url in ("smtps://a%40b:p%2Fw@mail.example", "smtp://mail.example", "smtp://localhost")
    ]

    assert [(s.port, s.speaks_tls_at_once, s.is_here, s.user, s.password) for s in servers if s] == [
        (465, True, False, "a@b", "p/w"),
        (587, False, False, None, None),
        (25, False, True, None, None),
    ]
    assert "p/w" not in repr(servers)


@pytest.mark.parametrize(
    "address",
    ["", "vaino", "väinö@kunta.example", "a@b", "a@b.example,c@d.example", "a@b.example\nBcc: x@y.example",
     "<a@b.example>", "a b@c.example",
     f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example", "a@b.example\x00"],
)  # fmt: skip
def test_what_is_no_address_never_gets_into_a_header(address: str) -> None:
    """Somebody else's letter must not be sent on our name."""
    assert not email.is_address(address)
    assert email.is_address(TO)
