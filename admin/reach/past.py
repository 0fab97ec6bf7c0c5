"""What silence is judged by, read from the events and from when anything last came in."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.reach.drop import Line
from bot.store.schema import event, inbox
from bot.store.tallies import NONE, Cell, Tallies


async def asked_by_day(read: AsyncConnection) -> dict[date, int]:
    """How many questions each local day has brought; on days that lack none came."""
    days = await Tallies.of(read, date.min, date.max)
    asked = (await days.by_day(["all"], ["asked"])).get(Cell("all", NONE, "asked"), {})
    return {day: tally.times for day, tally in asked.items()}


async def lines(read: AsyncConnection, first: date, last: date) -> list[Line]:
    """Who came and what was asked in these days, by all that a fall is looked for in."""
    alike = (event.c.kind, event.c.channel, event.c.language, event.c.campaign, event.c.local_hour)
    rows = await read.execute(
        select(
            *alike, func.count().label("times"), func.sum(case((event.c.first_of_month, 1), else_=0)).label("people")
        )
        .where(event.c.kind.in_(("asked", "came")), event.c.local_day.between(first, last))
        .group_by(*alike)
    )
    return [
        Line(row.kind, row.channel, row.language, row.campaign, row.local_hour, row.times, row.people) for row in rows
    ]


async def askers_by_hour(read: AsyncConnection, first: date, last: date) -> Mapping[str, dict[tuple[int, int], int]]:
    """How many people began to ask in these days, by channel and by (weekday, hour)."""
    alike = (event.c.channel, event.c.local_day, event.c.local_hour)
    rows = await read.execute(
        select(*alike, func.count().label("people"))
        .where(event.c.kind == "asked", event.c.first_of_day, event.c.local_day.between(first, last))
        .group_by(*alike)
    )
    found: dict[str, dict[tuple[int, int], int]] = {}
    for row in rows:
        when = (row.local_day.weekday(), row.local_hour)
        by_hour = found.setdefault(row.channel, {})
        by_hour[when] = by_hour.get(when, 0) + row.people
    return found


async def heard_at(read: AsyncConnection, channel: str, *, but: str) -> datetime | None:
    """When anything last came in by *channel* from another sender than *but*; None where nothing is remembered."""
    newest = await read.execute(
        select(inbox.c.received_at)
        .where(inbox.c.channel == channel, inbox.c.sender != but)
        .order_by(inbox.c.id.desc())
        .limit(1)
    )
    at: datetime | None = newest.scalar()
    return at
