"""How many events of each kind there were, by when, where and about what: what all figures are added up from.

An event refers to nobody, so a tally never changes when an asker is erased. How many people stand behind the events of
several days can't be told from the days: for that there are the flags "first of its week, month, year, ever". Contains
no rule of what may be shown.
"""

from collections.abc import Collection
from dataclasses import astuple, dataclass
from datetime import date
from typing import Literal, NamedTuple, get_args

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import event

Dimension = Literal["all", "channel", "language", "campaign", "office", "topic", "hour"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
IN_OFFICE_HOURS, OUTSIDE_OFFICE_HOURS = "in", "outside"
NONE = ""  # no campaign, no topic; and the one value of the dimension "all"

_VALUES: dict[Dimension, ColumnElement[str]] = {
    "all": literal(NONE),
    "channel": event.c.channel,
    "language": event.c.language,
    "campaign": func.coalesce(event.c.campaign, NONE),
    "office": case((event.c.in_office_hours, IN_OFFICE_HOURS), else_=OUTSIDE_OFFICE_HOURS),
    "topic": func.coalesce(event.c.topic, NONE),
    "hour": cast(event.c.local_hour, String(2)),
}
_FLAGS = (event.c.first_of_day, event.c.first_of_week, event.c.first_of_month, event.c.first_of_year)
_SUMS = (
    func.count(),
    *(func.count().filter(flag) for flag in _FLAGS),
    func.count().filter(and_(event.c.first_of_day, ~event.c.is_returning)),
)


@dataclass(frozen=True)
class Tally:
    """So many events; for so many of them it was their asker's first of the kind that day, week, month, year, ever."""

    times: int = 0
    first_of_day: int = 0
    first_of_week: int = 0
    first_of_month: int = 0
    first_of_year: int = 0
    first_ever: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(*map(int.__add__, astuple(self), astuple(other)))


class Cell(NamedTuple):
    """What is tallied: the events of a *kind* that have the *value* in the dimension; an hour is "0" to "23", local."""

    dimension: Dimension
    value: str
    kind: str


async def summed(
    read: AsyncConnection, first_day: date, last_day: date, dimensions: Collection[Dimension]
) -> dict[Cell, Tally]:
    """The tallies of these local days together, by each of *dimensions*; what is zero is left out."""
    found: dict[Cell, Tally] = {}
    for dimension in dimensions:
        value = _VALUES[dimension].label("value")
        rows = await read.execute(
            select(value, event.c.kind, *_SUMS)
            .where(event.c.local_day.between(first_day, last_day))
            .group_by("value", event.c.kind)
        )
        found |= {Cell(dimension, value, kind): Tally(*sums) for value, kind, *sums in rows}
    return found


async def by_day(
    read: AsyncConnection,
    first_day: date,
    last_day: date,
    dimensions: Collection[Dimension],
    kinds: Collection[str] | None = None,
) -> dict[Cell, dict[date, Tally]]:
    """The tallies of each of these local days, of all kinds or of *kinds*; what is zero is left out."""
    found: dict[Cell, dict[date, Tally]] = {}
    for dimension in dimensions:
        value = _VALUES[dimension].label("value")
        statement = select(event.c.local_day, value, event.c.kind, *_SUMS).where(
            event.c.local_day.between(first_day, last_day)
        )
        if kinds is not None:
            statement = statement.where(event.c.kind.in_(kinds))
        rows = await read.execute(statement.group_by(event.c.local_day, "value", event.c.kind))
        for day, value_, kind, *sums in rows:
            found.setdefault(Cell(dimension, value_, kind), {})[day] = Tally(*sums)
    return found


async def waits(read: AsyncConnection, first_day: date, last_day: date) -> list[int]:
    """How many seconds each asker waited whom a person first answered on these local days, in no order."""
    rows = await read.execute(
        select(event.c.seconds).where(
            event.c.kind == "human_reply", event.c.local_day.between(first_day, last_day), event.c.seconds.is_not(None)
        )
    )
    return [round(row.seconds) for row in rows]


async def first_day(read: AsyncConnection) -> date | None:
    """The local day of the oldest event, or None before the first."""
    day: date | None = (await read.execute(select(func.min(event.c.local_day)))).scalar()
    return day
