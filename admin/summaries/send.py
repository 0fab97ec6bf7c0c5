"""Sending summaries, each exactly once: into the console always, and to the coordinator's Telegram chats.

The row that says "sent" and the message to send are written in one transaction, whoever asks for them, so neither two
processes nor a crash in between can send a summary twice or not at all.
"""

from collections.abc import Collection
from datetime import date

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.house import House
from admin.summaries import compose, due, statistics
from admin.summaries.due import Period, Span
from bot.channels.markup import as_plain_text
from bot.store import chat_links, outbox
from bot.store.engine import StoreUnavailable, Tx
from bot.store.schema import account, summary_run

SCHEDULED: tuple[Period, ...] = ("week",)
CONSOLE = "console"

log = structlog.get_logger()


class NotOver(Exception):
    """The period is still running: what is sent of it now could never be put right."""


async def send_due(house: House) -> None:
    """Send what is due now, unless it was sent; when the database is away, the next tick tries again."""
    try:
        async with house.store.read() as read:
            spans = due.due(
                house.clock(),
                house.hours.zone,
                SCHEDULED,
                since=await _first_day(read, house),
                sent=await _sent(read),
            )
        for span in spans:
            await _send(house, span)
    except StoreUnavailable:
        log.warning("store_unavailable", loop="summaries")


async def summary_text(house: House, period: Period, day: date | None, *, send: bool) -> str:
    """The summary of the *period* that *day* belongs to (of the last whole one without *day*), as plain text.

    With *send* it goes out by the same road as the scheduled ones, to whom it has not gone yet. Raises `NotOver` when
    the period to send still runs.
    """
    today = _today(house)
    span = due.last_whole(period, today) if day is None else due.span_of(period, day)
    if send:
        if span.last_day >= today:
            raise NotOver(span.last_day)
        await _send(house, span)
    return as_plain_text(await _text(house, span))


async def _send(house: House, span: Span) -> None:
    text = await _text(house, span)
    async with house.store.write() as tx:
        if await _is_new(tx, house, span, CONSOLE, text):
            log.info("summary_written", period=span.period)
        if house.telegram is None:
            return
        for chat in await _chats(tx, house):
            if await _is_new(tx, house, span, chat, text):
                key = f"summary:{span.period}:{span.first_day}:{chat}"
                await outbox.add_notice(tx, key=key, text=text, chat_link_id=chat, now=house.clock())
                log.info("summary_queued", period=span.period, recipient=chat)


async def _is_new(tx: Tx, house: House, span: Span, recipient: str, text: str) -> bool:
    """Write down that *recipient* gets this summary; False when that stood there already."""
    run = {
        "period": span.period,
        "first_day": span.first_day,
        "recipient": recipient,
        "text": text,
        "created_at": house.clock(),
    }
    return await tx.insert_once(summary_run, run) is not None


async def _chats(tx: Tx, house: House) -> list[str]:
    """The coordinators' chats; where none is linked, the advisors' group of the settings."""
    linked = await chat_links.linked(tx.connection, "coordinator")
    if linked or house.settings.advisor_chat is None:
        return linked
    group = str(house.settings.advisor_chat)
    return [await chat_links.link(tx, house.vault, purpose="advisors", address=group, now=house.clock())]


async def _text(house: House, span: Span) -> str:
    async with house.store.read() as read:
        figures = await statistics.figures(read, span)
    return compose.summary(figures, today=_today(house), service=house.profile.name, address=house.settings.address)


async def _first_day(read: AsyncConnection, house: House) -> date | None:
    """The service's first day: of its oldest account or event, whichever came first."""
    opened = (await read.execute(select(account.c.created_at).order_by(account.c.created_at).limit(1))).scalar()
    days = [await statistics.first_event_on(read), opened and opened.astimezone(house.hours.zone).date()]
    return min((day for day in days if day is not None), default=None)


async def _sent(read: AsyncConnection) -> dict[Period, Collection[date]]:
    rows = await read.execute(
        select(summary_run.c.period, summary_run.c.first_day).where(summary_run.c.recipient == CONSOLE)
    )
    sent: dict[Period, Collection[date]] = {}
    for row in rows:
        sent[row.period] = {*sent.get(row.period, ()), row.first_day}
    return sent


def _today(house: House) -> date:
    return house.clock().astimezone(house.hours.zone).date()
