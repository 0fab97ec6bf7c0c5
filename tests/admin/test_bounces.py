"""Mail that comes back ends what is sent to that address, and nothing that somebody made up ends anything."""

import secrets
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from admin import bounces
from admin.bounces import NotABounce
from bot.channels.email import NAME as EMAIL
from bot.profile import Retention
from bot.store import outbox, retention, schema, summary_readers
from bot.store.engine import Store
from bot.store.summary_readers import Reader
from bot.vault import Vault
from tests.support.people import LONG_AGO

OURS = "0123456789abcdef0123456789abcdef"
LATER = LONG_AGO + timedelta(days=3)


def a_bounce(letter: str = OURS, *, action: str = "failed", status: str = "5.1.1", whole: bool = False) -> bytes:
    """What Postfix sends back (RFC 3464), with the *whole* letter or its head alone."""
    returned = "message/rfc822" if whole else "text/rfc822-headers"
    return f"""Return-Path: <>
From: MAILER-DAEMON@kunta.example (Mail Delivery System)
To: koppi@kunta.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="XX"

--XX
Content-Type: text/plain; charset=us-ascii

<kaisa@kunta.example>: unknown user

--XX
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.kunta.example
Arrival-Date: Mon, 23 Nov 2026 08:00:00 +0200

Final-Recipient: rfc822; kaisa@kunta.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 unknown user

--XX
Content-Type: {returned}

From: koppi@kunta.example
To: kaisa@kunta.example
Message-ID: <{letter}@kunta.example>
Subject: x

text
--XX--
""".encode()


def test_a_bounce_is_read_and_told_from_all_other_mail() -> None:
    """A note that it takes longer, an answering machine or a stranger's text must end nothing."""
    answer = EmailMessage()
    answer["Subject"], answer["References"] = "Automaattinen vastaus", f"<{OURS}@kunta.example>"
    answer.set_content("Olen lomalla.")
    others = [
        a_bounce(action="delayed", status="4.4.1"),
        a_bounce(action="delivered", status="2.0.0"),
        a_bounce(action="failed", status="4.2.2"),  # given up, but a full mailbox empties
        a_bounce(letter="not-one-of-ours"),
        *(  # somebody's own letter, that came back to them and quotes one of ours
            a_bounce(letter="not-one-of-ours", whole=whole).replace(b"\n\ntext", f"\n\nMessage-ID: <{OURS}@x>".encode())
            for whole in (False, True)
        ),
        answer.as_bytes(),
        b"",
        b"\xff\x00 no mail at all",
        a_bounce().replace(b"message/delivery-status", b"text/plain"),
    ]

    assert [bounces.read(mail) for mail in (a_bounce(), a_bounce(whole=True))] == [(OURS, "5.1.1")] * 2
    for mail in others:
        with pytest.raises(NotABounce):
            bounces.read(mail)
    assert BytesParser(policy=default).parsebytes(a_bounce()).get_content_type() == "multipart/report"


async def test_an_address_whose_mail_comes_back_gets_no_more_until_its_owner_says_that_it_works(
    store: Store, vault: Vault
) -> None:
    """The coordinator sees which one it is, for a fortnight; a letter that was never ours changes nothing."""

    async def reader() -> Reader | None:
        async with store.read() as read:
            return await summary_readers.get(read, added.id)

    async with store.write() as tx:
        added = await summary_readers.add_address(
            tx, vault, address="kaisa@kunta.example", language="fi", wants=["week"], now=LONG_AGO
        )
        await summary_readers.confirm(tx, added.id, LONG_AGO)
        for key in (f"summary:week:2026-11-16:{added.id}", f"invitation:{added.id}"):
            letter = {"sealed_text": "x", "sealed_address": b"x", "channel": EMAIL, "destination": added.id}
            await outbox.add_letter(tx, key=key, now=LONG_AGO, **letter)  # type: ignore[arg-type]
        for item, id_ in zip(await outbox.lease(tx, LONG_AGO, channels=[EMAIL], limit=1), [OURS], strict=True):
            await outbox.sent(tx, item, id_, LONG_AGO)
    never_sent = await bounces.note(store, secrets.token_hex(16), LATER)
    before = await reader()
    noted = [await bounces.note(store, OURS, LATER) for _ in range(2)]
    bounced = await reader()
    async with store.write() as tx:
        again = [await summary_readers.confirm(tx, added.id, LATER + timedelta(days=n)) for n in (1, 2)]
    works = await reader()
    await bounces.note(store, OURS, LATER)
    kept = await retention.forget(store, Retention(), LATER + timedelta(days=11))
    then = await retention.forget(store, Retention(), LATER + timedelta(days=14))
    async with store.read() as read:
        acts = [row.act for row in await read.execute(schema.audit.select().order_by(schema.audit.c.id))]

    assert (never_sent, noted, again) == (False, [True, False], [True, False])
    assert [one and (one.since, one.bounced_at) for one in (before, bounced, works)] == [
        (LONG_AGO, None),
        (None, LATER),
        (LATER + timedelta(days=1), None),
    ]
    assert ("summary_reader" in kept, then.get("summary_reader")) == (False, 1)
    assert acts == ["summary reader bounced"] * 2
