"""Events for the figures. They hold results and refer to nobody, so they stay true when an asker is erased.

What lets askers be counted without naming them (this one's first of the kind today, this week, this month; back again)
is decided when the event is written, from dates kept on the asker's own row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.hours import OpeningHours
from bot.store.engine import Tx
from bot.store.schema import asker, conversation, event

# Built once: see `inbox`.
_OWNER = (
    select(asker.c.id, asker.c.last_campaign, asker.c.last_events)
    .join(conversation, conversation.c.asker_id == asker.c.id)
    .where(conversation.c.id == bindparam("conversation_id"))
)


@dataclass(frozen=True)
class Circumstances:
    """What is the same for all events of one moment."""

    now: datetime
    hours: OpeningHours
    channel: str
    language: str


@dataclass(frozen=True)
class Happening:
    """One event to be written; *seconds* is how long the asker waited, of a reply."""

    kind: str
    topic: str | None = None
    seconds: float | None = None


async def most_asked(read: AsyncConnection, since: date, *, fewest: int, limit: int) -> list[str]:
    """The entries given as answers most often since that local day, each at least *fewest* times; most first."""
    times = func.count()
    rows = await read.execute(
        select(event.c.topic)
        .where(event.c.kind.in_(("answered", "picked")), event.c.local_day >= since, event.c.topic.is_not(None))
        .group_by(event.c.topic)
        .having(times >= fewest)
        .order_by(times.desc(), event.c.topic)
        .limit(limit)
    )
    return [row.topic for row in rows]


async def record(tx: Tx, conversation_id: str, happenings: Sequence[Happening], around: Circumstances) -> None:
    """Write the events that this conversation's asker caused."""
    if not happenings:
        return
    owner = (await tx.execute(_OWNER, {"conversation_id": conversation_id})).one()
    local = around.now.astimezone(around.hours.zone)
    today = local.date()
    last_events = dict(owner.last_events)
    rows = []
    for happening in happenings:
        before = last_events.get(happening.kind)
        latest = date.fromisoformat(before) if before else None
        last_events[happening.kind] = today.isoformat()
        rows.append(
            {
                "kind": happening.kind,
                "at": around.now.replace(minute=0, second=0, microsecond=0),  # no one is found by the second
                "local_day": today,
                "local_hour": local.hour,
                "in_office_hours": around.hours.is_open(around.now),
                "channel": around.channel,
                "language": around.language,
                "campaign": owner.last_campaign,
                "topic": happening.topic,
                "seconds": happening.seconds,
                "first_of_day": latest != today,
                "first_of_week": latest is None or latest.isocalendar()[:2] != today.isocalendar()[:2],
                "first_of_month": latest is None or (latest.year, latest.month) != (today.year, today.month),
                "is_returning": latest is not None and latest != today,
            }
        )
    await tx.execute(event.insert(), rows)
    if last_events != owner.last_events:
        await tx.execute(update(asker).where(asker.c.id == owner.id).values(last_events=last_events))
