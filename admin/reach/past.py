"""What silence is judged by, read from the tallies of events and from when anything last came in."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.reach.drop import HOURS, Groups, middle, without_rushes
from admin.summaries.due import span_between
from bot.channels.webchat.posts import NAME as WEB
from bot.store.schema import inbox
from bot.store.tallies import Cell, Dimension, Tallies, Tally


async def asked_by_day(read: AsyncConnection, last: date) -> dict[date, int]:
    """How many questions each local day up to *last* has brought; on days that lack none came."""
    tallies = await Tallies.of(read, date.min, last)
    by_day = await tallies.by_day(["all"], ["asked"])
    return {day: tally.times for days in by_day.values() for day, tally in days.items()}


async def askers_by_day(read: AsyncConnection, last: date) -> dict[date, int]:
    """How many people asked on each local day up to *last*; on days that lack nobody did.

    Silence is judged by people: whoever asks fifty times on a day is one, and hides nobody's silence.
    """
    tallies = await Tallies.of(read, date.min, last)
    by_day = await tallies.by_day(["all"], ["asked"])
    return {day: tally.first_of_day for days in by_day.values() for day, tally in days.items()}


async def groups(read: AsyncConnection, first: date, last: date, *, openings: float | None = None) -> Groups:
    """Who came and what was asked in these days, by all that a fall is looked for in.

    *openings* is how often the web chat is opened on a usual day, where these may not be usual ones.
    """
    tallies = await Tallies.of(read, first, last)
    dimensions: list[Dimension] = ["all", "channel", "language", "campaign", "hour"]
    found = await tallies.summed(dimensions, ["asked", "came"])
    by: dict[str, dict[str, tuple[int, int]]] = {"channel": {}, "language": {}, "campaign": {}, "hours": {}}
    for cell, tally in found.items():
        if cell.kind == "asked" and cell.dimension != "all":
            dimension, group = _group(cell)
            times, people = by[dimension].get(group, (0, 0))
            by[dimension][group] = (times + tally.first_of_day, people + tally.first_of_month)
    opened = (await tallies.by_day(["channel"], ["visited"])).get(Cell("channel", WEB, "visited"), {})
    by_day = [opened.get(day, Tally()).times for day in span_between(first, last).days]
    visited, rushes = without_rushes(by_day, usual=openings)
    came = _came(found, visited)
    return Groups(
        asked=found.get(Cell("all", "", "asked"), Tally()).first_of_day,
        came=sum(came.values()),
        by=by,  # type: ignore[arg-type]
        came_by=came,
        openings=middle(by_day),
        rushes=rushes,
        is_flooded=2 * rushes > len(by_day),
    )


def _came(found: Mapping[Cell, Tally], visited: int) -> dict[str, int]:
    """How many came by each channel. Of the web chat the openings, where they are more: who only looks says nothing."""
    came = {
        cell.value: tally.times for cell, tally in found.items() if (cell.dimension, cell.kind) == ("channel", "came")
    }
    return came | ({WEB: max(came.get(WEB, 0), visited)} if visited else {})


async def askers(read: AsyncConnection, first: date, last: date) -> tuple[dict[str, int], dict[tuple[int, int], int]]:
    """How many people began to ask in these days: by channel, and by (weekday, hour)."""
    tallies = await Tallies.of(read, first, last)
    by_channel = {
        cell.value: tally.first_of_day for cell, tally in (await tallies.summed(["channel"], ["asked"])).items()
    }
    by_hour: dict[tuple[int, int], int] = {}
    for cell, days in (await tallies.by_day(["hour"], ["asked"])).items():
        for day, tally in days.items():
            when = (day.weekday(), int(cell.value))
            by_hour[when] = by_hour.get(when, 0) + tally.first_of_day
    return by_channel, by_hour


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


def _group(cell: Cell) -> tuple[str, str]:
    if cell.dimension != "hour":
        return cell.dimension, cell.value
    return "hours", next(name for name, hours in HOURS.items() if int(cell.value) in hours)
