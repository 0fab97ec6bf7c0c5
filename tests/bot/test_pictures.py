"""A picture goes the road of every message: drawn when it is sent, and where it can't be, its words go."""

from datetime import timedelta
from typing import Any

import pytest

from bot.channels import email
from bot.channels.email import EmailChannel, Letter
from bot.delivery import Delivery
from bot.settings import Settings
from bot.store import chat_links, outbox, schema
from tests.support import telegram_faults as faults
from tests.support.koppi import Koppi
from tests.support.mail_server import SENDER, mail_server
from tests.support.people import ADVISORS_GROUP, LONG_AGO
from tests.support.picture import A_PICTURE

WORDS = "Kuva: **kysymykset** päivittäin, 3 ja 4."
SUPERGROUP = -1_000_000_003_003
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def _draws(what: str) -> bytes:
    if what != "week:fi":
        raise ValueError(what)
    return A_PICTURE


async def _queue(koppi: Koppi, what: str, key: str) -> None:
    koppi.later()
    async with koppi.store.write() as tx:
        chat = await chat_links.link(tx, koppi.vault, purpose="coordinator", address=str(ADVISORS_GROUP), now=LONG_AGO)
        await outbox.add_notice(
            tx, key=key, text=WORDS, chat_link_id=chat, act="picture", target=what, now=koppi.clock()
        )


@ON_SQLITE
async def test_a_picture_arrives_over_its_words_follows_its_group_and_is_replaced_by_them(koppi: Koppi) -> None:
    """Tried again like any message, in the supergroup that the group has become, and never a silence instead."""
    koppi.delivery._picture_of = _draws
    koppi.telegram.meets(ADVISORS_GROUP)
    koppi.telegram.fails(faults.OUT_OF_ORDER, method="sendPhoto")
    await _queue(koppi, "week:fi", "first")
    await koppi.settles()
    await koppi.advance(timedelta(seconds=5))
    first = await koppi.hears(ADVISORS_GROUP)
    await koppi.telegram.upgrades(ADVISORS_GROUP, SUPERGROUP, is_told=False)
    await _queue(koppi, "week:fi", "second")
    moved = await koppi.hears(SUPERGROUP)
    await _queue(koppi, "nothing that can be drawn", "third")
    instead = await koppi.hears(SUPERGROUP)
    await koppi.settles()

    assert [(each.method, each.file) for each in (first, moved, instead)] == [
        ("sendPhoto", A_PICTURE),
        ("sendPhoto", A_PICTURE),
        ("sendMessage", None),
    ]
    assert {each.text for each in (first, moved, instead)} == {WORDS.replace("**", "")}
    assert koppi.telegram.violations == []
    assert [row.state for row in await koppi.rows(schema.outbox)] == ["sent"] * 3


@ON_SQLITE
async def test_a_letter_shows_its_picture_among_its_words(koppi: Koppi) -> None:
    """Text for who reads text; for the others the same with the picture in its place, and without it if it must be."""
    letter = Letter("Yhteenveto", "Kolme kysymystä.\n", html=f'<p>Kolme.</p><img src="cid:{email.PICTURE}" alt="3">')
    async with mail_server() as server:
        read: Any = {"smtp_url": server.url, "smtp_from": SENDER}
        settings = Settings(_env_file=None, **read)
        assert settings.mail_server is not None
        channels = {email.NAME: EmailChannel(settings.mail_server, koppi.vault, koppi.clock)}
        delivery = Delivery(
            koppi.store, koppi.vault, channels, koppi.clock,
            file_of=None, picture_of=_draws, in_flight=2, per_second=9,  # type: ignore[arg-type]
        )  # fmt: skip
        for what in ("week:fi", "nothing that can be drawn"):
            async with koppi.store.write() as tx:
                sealed = koppi.vault.seal("kaisa@kunta.example")
                await email.post(
                    tx, koppi.vault, letter, key=what, recipient=what[:4], sealed_address=sealed, now=koppi.clock(),
                    picture=what,
                )  # fmt: skip
        await delivery._start_sends()
        for task in list(delivery._sending):
            await task

    shown, bare = sorted(server.received, key=lambda mail: -len(mail.as_bytes()))
    html = shown.get_body(("html",))
    (image,) = [part for part in shown.walk() if part.get_content_type() == "image/png"]
    assert html is not None
    assert 'src="cid:picture"' in html.get_content()
    assert (image["Content-ID"], image.get_content()) == ("<picture>", A_PICTURE)
    assert image.get_content_disposition() == "inline"
    assert [part.get_content_type() for part in bare.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert bare.get_body(("plain",)).get_content().split() == letter.text.split()  # type: ignore[union-attr]
