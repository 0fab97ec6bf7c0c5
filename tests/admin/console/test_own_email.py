"""E-mail to those who asked for it: one word a day when something waits, one at once when it is urgent; no texts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from admin import digests
from bot.store import retention, schema, tickets
from bot.store.accounts import Account
from tests.admin.console.office import Office
from tests.support.long_queue import MANY, stand_in_line
from tests.support.mail_server import MailServer

ADDRESS = "vaino@kunta.example"
MARKER = "kuunsirppi"


@pytest.fixture
def office(office_with_mail: Office) -> Office:
    """The console with a mail server, on both databases in turn."""
    return office_with_mail


async def wish(office: Office, who: Account, **fields: str) -> int:
    """Send one's own form; the status of the answer."""
    async with office.at_work(who) as person:
        return (await person.sends("/console/me", "/console/me/email", **fields)).status_code


async def looks(office: Office, times: int = 1) -> None:
    """Look whether anything is to be sent, *times* at the same moment, and send it."""
    await asyncio.gather(*(digests.send_due(office.house) for _ in range(times)))
    await office.sends_mail()


def at(office: Office, day: int, clock: str) -> None:
    """Let it be *clock* in Helsinki on the day of November 2026; the 24th is a Tuesday."""
    hour, minute = clock.split(":")
    office.clock.advance(datetime(2026, 11, day, int(hour) - 2, int(minute), tzinfo=UTC) - office.clock())


async def test_a_digest_comes_once_a_day_when_something_waits_and_tells_no_text(
    office: Office, server: MailServer
) -> None:
    """Exactly once however many look, at the owner's hour, on working days; after downtime once, the same day."""
    await wish(office, office.vaino, email=ADDRESS, digest="on")
    first = await office.ticket(f"Sanon merkkisanan {MARKER}.")
    await office.ticket("Kiire", urgent=True)
    await office.ticket("Toiselle roolille", role="sosiaaliohjaaja")
    came = []
    for day, clock in (
        (25, "8:29"), (25, "8:31"), (25, "16:30"),  # Wednesday
        (27, "12:00"), (27, "15:00"),  # the service was away until Friday noon
        (28, "9:00"), (29, "9:00"),  # the weekend
    ):  # fmt: skip
        at(office, day, clock)
        await looks(office, times=3)
        came.append(len(server.received))
    async with office.store.read() as read:
        row = await tickets.get(read, first)
    assert row is not None
    for ticket in (await _open(office))[:]:
        if ticket.role == "tyovoimaneuvoja":
            await office.desk.reply(office.vaino, ticket.id, "Vastaus.", f"key-{ticket.id}", office.clock())
    at(office, 30, "8:31")
    await looks(office)
    await office.ticket("Tuli hetki sitten")
    at(office, 30, "9:30")
    await looks(office)

    assert came == [0, 1, 1, 2, 2, 2, 2]
    assert len(server.received) == 2  # on Monday nothing waited at the hour
    text = server.received[0].get_content()
    assert server.received[0]["Subject"] == "Otappa koppi: 2 kysymystä odottaa"
    assert "Näistä 1 on kiireellinen." in text
    assert f"{office.house.settings.address}/console/" in text
    assert MARKER not in text
    assert row.alias not in text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_digest_counts_all_that_waits_however_long_the_queue_is(office: Office, server: MailServer) -> None:
    """Who has the last one in line hears of it, and of a flood how big it is."""
    at(office, 25, "7:00")
    await stand_in_line(office.store, office.clock(), role="sosiaaliohjaaja")
    await office.ticket("Viimeinen jonossa")
    for who in (office.vaino, office.saara):
        await wish(office, who, email=f"{who.role}@kunta.example", digest="on")
    at(office, 25, "8:31")
    await looks(office)

    subjects = {mail["To"]: mail["Subject"].partition(": ")[2] for mail in server.received}
    assert subjects == {
        "tyovoimaneuvoja@kunta.example": "1 kysymys odottaa",
        "sosiaaliohjaaja@kunta.example": f"{MANY} kysymystä odottaa",
    }


async def _open(office: Office) -> list[tickets.TicketRow]:
    async with office.store.read() as read:
        return await tickets.queue(read)


async def test_an_urgent_question_is_told_at_once_in_opening_hours(office: Office, server: MailServer) -> None:
    """To everybody who asked for it, whatever their role, once; at night it waits for the morning."""
    await wish(office, office.vaino, email=ADDRESS, urgent="on")
    await wish(office, office.saara, email="saara@kunta.example", urgent="on")
    ticket_id = await office.ticket(f"Hätä: {MARKER}", urgent=True)
    await office.ticket("Ei kiirettä")
    for _ in range(2):
        await looks(office, times=3)
    by_day = sorted(str(mail["To"]) for mail in server.received)
    text = server.received[0].get_content()
    await office.desk.claim(office.saara, ticket_id, office.clock())
    at(office, 24, "22:00")
    await office.ticket("Yöllä", urgent=True)
    await looks(office)
    by_night = len(server.received)
    at(office, 25, "9:01")
    await looks(office)

    assert by_day == ["saara@kunta.example", ADDRESS]
    assert MARKER not in text
    assert f"/console/tickets/{ticket_id}" in text
    assert (by_night, len(server.received)) == (2, 4)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_urgent_question_that_nobody_takes_is_told_of_once_also_when_that_is_forgotten(
    office: Office, server: MailServer
) -> None:
    """After a month nobody remembers that the mail went out; the daily word still counts the question."""
    await wish(office, office.vaino, email=ADDRESS, urgent="on")
    await office.ticket("Kiire", urgent=True)
    await looks(office)
    office.clock.advance(timedelta(days=34))
    await retention.forget(office.store, office.house.profile.retention, office.clock())
    async with office.store.read() as read:
        remembered = (await read.execute(select(schema.outbox))).all()
    await looks(office)

    assert office.house.hours.is_open(office.clock())
    assert remembered == []
    assert len(server.received) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_ones_address_is_sealed_and_ones_own_to_change(office: Office, server: MailServer) -> None:
    """It serves what one has asked for; who takes it back or is shut out gets nothing, not even what is queued."""
    refused = [
        await wish(office, office.vaino, email=email, digest="on")
        for email in ("", "vaino", "<script>alert(1)</script>@x.example", "a@b.example\nBcc: c@d.example")
    ]
    assert await wish(office, office.vaino, email=ADDRESS, digest="on", urgent="on") == 303
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees("/console/me")).text
    async with office.store.read() as read:
        kept = str((await read.execute(select(schema.account))).all())
    await office.ticket("Kiire", urgent=True)
    await digests.send_due(office.house)
    async with office.store.read() as read:
        queued = len((await read.execute(select(schema.outbox))).all())
    assert await wish(office, office.vaino, email="") == 303
    await looks(office)
    await wish(office, office.vaino, email=ADDRESS, digest="on", urgent="on")
    async with office.at_work(office.yrjo) as yrjo:
        await yrjo.sends("/console/people", f"/console/people/{office.vaino.id}/disable")
    await office.ticket("Toinen kiire", urgent=True)
    await looks(office)
    async with office.store.read() as read:
        emails = (await read.execute(select(schema.account.c.email))).scalars().all()

    assert refused == [422] * 4
    assert f'value="{ADDRESS}"' in page
    assert ADDRESS not in kept
    assert queued == 2
    assert server.received == []
    assert not any(emails)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_the_mail_server_refuses_is_told_to_the_administrator(office: Office, server: MailServer) -> None:
    """In words and without the address: an advisor who hears nothing would take silence for an empty queue."""
    server.to_recipient += ["550 no such mailbox"]
    await wish(office, office.vaino, email=ADDRESS, urgent="on")
    await office.ticket("Kiire", urgent=True)
    await looks(office)
    async with office.at_work(office.yrjo) as yrjo:
        page = " ".join((await yrjo.sees("/console/troubles")).text.split())

    assert "Ilmoitus henkilöstölle</strong>, Sähköposti: sähköpostipalvelin ei hyväksy vastaanottajan osoitetta" in page
    assert ADDRESS not in page
    assert server.received == []
