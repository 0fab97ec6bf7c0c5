"""Sending summaries, each exactly once: into the console, to the coordinators' Telegram chats, and by e-mail.

The row that says "sent" and the messages to send are written in one transaction, whoever asks for them, so neither two
processes nor a crash in between can send a summary twice or not at all. What becomes of a message the outbox knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin import announce
from admin.house import House
from admin.summaries import compose, due, letters, periods, picture, statistics
from admin.summaries.due import Period, Span
from admin.summaries.recipients import CONSOLE, Recipient, recipients
from admin.summaries.situation import situation
from admin.summaries.standing import PICTURE, Standing
from bot.channels.email import post
from bot.channels.markup import as_plain_text, split
from bot.store import audit, outbox
from bot.store.engine import StoreUnavailable, Tx
from bot.store.schema import account, summary_run
from bot.store.summary_readers import Reader
from knowledge.entry import Language

REMEMBERED = timedelta(days=70)  # longer than the longest period and the wait for it

log = structlog.get_logger()


class NotOver(Exception):
    """The period is still running: what is sent of it now could never be put right."""


@dataclass(frozen=True)
class Told:
    """A summary as its readers get it: its text, and what the picture that goes along shows, in words.

    Without a question there is no picture, and no words of it.
    """

    title: str
    text: str
    picture_words: str


async def send_due(house: House) -> None:
    """Send what is due now, unless it was sent; when the database is away, the next tick tries again."""
    try:
        for span, who in (await _due(house)).items():
            await _send(house, span, who)
    except StoreUnavailable:
        log.warning("store_unavailable", loop="summaries")


async def summary_text(house: House, period: Period, day: date | None, *, send: bool) -> str:
    """The summary of the *period* that *day* belongs to (of the last whole one without *day*), as plain text.

    With *send* it goes out by the same road as the scheduled ones, to whom it has not gone yet. Raises `NotOver` when
    the period to send still runs.
    """
    today = house.today()
    span = due.last_whole(period, today) if day is None else due.span_of(period, day)
    if send:
        if span.last_day >= today:
            raise NotOver(span.last_day)
        who = await _recipients(house)
        if len(who) == 1 and house.telegram is not None:  # perhaps the service has never run, which links its group
            await announce.link_group(house)
            who = await _recipients(house)
        await _send(house, span, [each for each in who if period in each.by_hand])
    return as_plain_text((await _told(house, span, ["fi"]))["fi"].text)


async def send_again(house: House, reader: Reader, failed: Standing, *, by: str) -> None:
    """Queue once more the summary that did not get through to *reader*; asked for twice, it goes once."""
    _, period, first_day, *_ = failed.key.split(":")
    span, language = picture.named(f"{period}:{first_day}:{reader.language}")
    told = (await _told(house, span, [language]))[language]
    recipient = Recipient(reader.id, language, (), (), sealed_email=reader.sealed_email)
    async with house.store.write() as tx:
        await _queue(tx, house, span, recipient, told, again=failed)
        await audit.record(tx, by, "summary sent again", reader.id, house.clock())


async def _due(house: House) -> dict[Span, list[Recipient]]:
    """Which summaries are to be sent now, and to whom; the shortest period first."""
    now, zone = house.clock(), house.hours.zone
    who = await _recipients(house)
    async with house.store.read() as read:
        since = await _first_day(read, house)
        sent = await _sent(read, now)
    found: dict[Span, list[Recipient]] = {}
    for recipient in who:
        for span in due.due(now, zone, recipient.periods, since=since, sent=sent.get(recipient.id, {})):
            if recipient.since is None or recipient.since <= due.due_at(span, zone):
                found.setdefault(span, []).append(recipient)
    return {
        span: found[span] for span in sorted(found, key=lambda span: (span.last_day - span.first_day, span.first_day))
    }


async def _recipients(house: House) -> list[Recipient]:
    async with house.store.read() as read:
        return await recipients(read, house)


async def _send(house: House, span: Span, who: Sequence[Recipient]) -> None:
    told = await _told(house, span, {recipient.language for recipient in who})
    async with house.store.write() as tx:
        there = {recipient.id for recipient in await recipients(tx.connection, house)}  # somebody may just have left
        for recipient in who:
            if recipient.id in there and await _is_new(tx, house, span, recipient, told):
                await _queue(tx, house, span, recipient, told[recipient.language])


async def _is_new(tx: Tx, house: House, span: Span, recipient: Recipient, told: Mapping[Language, Told]) -> bool:
    """Write down that *recipient* gets this summary; False when that stood there already."""
    run = {
        "period": span.period,
        "first_day": span.first_day,
        "recipient": recipient.id,
        "text": told[recipient.language].text,
        "created_at": house.clock(),
    }
    return await tx.insert_once(summary_run, run) is not None


async def _queue(
    tx: Tx, house: House, span: Span, recipient: Recipient, told: Told, again: Standing | None = None
) -> None:
    """*again*: the try that did not get through."""
    if recipient.id == CONSOLE:
        log.info("summary_written", period=span.period)
        return
    key = f"summary:{span.period}:{span.first_day}:{recipient.id}" + (f":{again.item_id}" if again else "")
    shown = picture.name(span, recipient.language) if told.picture_words else None
    if recipient.sealed_email is None:
        await _queue_messages(tx, house, recipient.id, key, told, shown)
    else:
        letter = letters.summary(house, recipient.id, recipient.language, told.title, told.text, told.picture_words)
        await post(
            tx,
            house.vault,
            letter,
            key=key,
            recipient=recipient.id,
            sealed_address=recipient.sealed_email,
            now=house.clock(),
            picture=shown,
        )
    log.info("summary_queued", period=span.period, recipient=recipient.id)


async def _queue_messages(tx: Tx, house: House, chat: str, key: str, told: Told, shown: str | None) -> None:
    """Text first, then the picture over its words."""
    now = house.clock()
    for number, part in enumerate(split(told.text)):
        await outbox.add_notice(tx, key=f"{key}:part{number}" if number else key, text=part, chat_link_id=chat, now=now)
    if shown is not None:
        words = told.picture_words
        await outbox.add_notice(
            tx, key=key + PICTURE, text=words, chat_link_id=chat, now=now, act="picture", target=shown
        )


async def _told(house: House, span: Span, languages: Iterable[Language]) -> dict[Language, Told]:
    """The summary of *span* as it reads in each of *languages*."""
    today = house.today()
    async with house.store.read() as read:
        figures = await statistics.figures(read, span)
        stands = await situation(read, house, today)
    service, address = house.profile.name, house.settings.address
    return {
        language: Told(
            periods.title(span, language),
            compose.summary(
                figures, today=today, service=service, address=address, language=language, situation=stands
            ),
            picture.words(picture.of(figures, stands, language), language) if figures.counts.questions else "",
        )
        for language in languages
    }


async def _first_day(read: AsyncConnection, house: House) -> date | None:
    """The service's first day: of its oldest account or event, whichever came first."""
    opened = (await read.execute(select(account.c.created_at).order_by(account.c.created_at).limit(1))).scalar()
    days = [await statistics.first_event_on(read), opened and opened.astimezone(house.hours.zone).date()]
    return min((day for day in days if day is not None), default=None)


async def _sent(read: AsyncConnection, now: datetime) -> dict[str, dict[Period, set[date]]]:
    """By recipient and period the first days of what was sent lately."""
    rows = await read.execute(
        select(summary_run.c.period, summary_run.c.first_day, summary_run.c.recipient).where(
            summary_run.c.first_day >= now.date() - REMEMBERED
        )
    )
    sent: dict[str, dict[Period, set[date]]] = {}
    for row in rows:
        sent.setdefault(row.recipient, {}).setdefault(row.period, set()).add(row.first_day)
    return sent
