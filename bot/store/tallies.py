"""How many events of each kind there were, by when, where and about what: what all figures are added up from.

An event refers to nobody, so a tally never changes when an asker is erased. How many people stand behind the events of
several days can't be told from the days: for that there are the flags "first of its week, month, year, ever". Contains
no rule of what may be shown.

Days that `tallying` has added up are read from there, all others from the events themselves: no reader is told which.
"""

from array import array
from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import ColumnElement, Date, Integer, String, and_, case, cast, column, false, func, or_, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import event, tallied_day, tally
from bot.store.tally_memory import remembered

Dimension = Literal["all", "channel", "language", "campaign", "office", "topic", "hour"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
IN_OFFICE_HOURS, OUTSIDE_OFFICE_HOURS = "in", "outside"
NONE = ""  # no campaign, no topic; and the one value of the dimension "all"

Days = tuple[date, date]  # from the first to the last


class Tally(NamedTuple):
    """So many events; for so many of them it was their asker's first of the kind that day, week, month, year, ever."""

    times: int = 0
    first_of_day: int = 0
    first_of_week: int = 0
    first_of_month: int = 0
    first_of_year: int = 0
    first_ever: int = 0

    def __add__(self, other: "Tally") -> "Tally":  # type: ignore[override]
        """Both together."""
        return Tally(*map(int.__add__, self, other))


class Cell(NamedTuple):
    """What is tallied: the events of a *kind* that have the *value* in the dimension; an hour is "0" to "23", local."""

    dimension: Dimension
    value: str
    kind: str


# Events are read by a few things at a time, which are few values together: to read them takes longer than to add up.
_TOGETHER: tuple[dict[Dimension, ColumnElement[str]], ...] = (
    {
        "channel": event.c.channel,
        "language": event.c.language,
        "campaign": func.coalesce(event.c.campaign, NONE),
        "office": case((event.c.in_office_hours, IN_OFFICE_HOURS), else_=OUTSIDE_OFFICE_HOURS),
    },
    {"topic": func.coalesce(event.c.topic, NONE)},
    {"hour": cast(event.c.local_hour, String(2))},
)
_COUNTS = (
    func.count(),
    *(func.count().filter(event.c[f"first_of_{unit}"]) for unit in ("day", "week", "month", "year")),
    func.count().filter(and_(event.c.first_of_day, ~event.c.is_returning)),
)
_SUMS = tuple(tally.c[name] for name in Tally._fields)

ByDay = dict[Cell, dict[date, Tally]]


class Tallies:
    """The tallies of some local days; what is zero is left out of all of them.

    Each is asked for by dimensions, of some kinds of events. What was read of the events is kept for the next question.
    """

    def __init__(
        self, read: AsyncConnection, days: Days, untallied: Sequence[Days], marks: tuple[str, ...] = ()
    ) -> None:
        self._read = read
        self._days = days
        self._untallied = untallied
        self._marks = marks
        self._events: dict[tuple[int, frozenset[str]], ByDay] = {}

    @classmethod
    async def of(cls, read: AsyncConnection, first_day: date, last_day: date) -> "Tallies":
        """The tallies of the days from *first_day* to *last_day*."""
        return (await cls.of_each(read, [(first_day, last_day)]))[0]

    @classmethod
    async def of_each(cls, read: AsyncConnection, ranges: Sequence[Days]) -> list["Tallies"]:
        """The tallies of each of *ranges*, in their order."""
        known = (
            select(tallied_day.c.local_day, tallied_day.c.mark)
            .where(or_(*(tallied_day.c.local_day.between(*days) for days in ranges)))
            .order_by(tallied_day.c.local_day)
        )
        tallied = {row.local_day: row.mark for row in await read.execute(known)}
        ends = [select(end(event.c.local_day)).scalar_subquery() for end in (func.min, func.max)]
        oldest, newest = (await read.execute(select(*ends))).one()
        if oldest is None:
            return [cls(read, days, ()) for days in ranges]
        return [
            cls(
                read,
                days,
                _untallied(max(days[0], oldest), min(days[1], newest), tallied),
                tuple(mark for day, mark in tallied.items() if days[0] <= day <= days[1]),
            )
            for days in ranges
        ]

    @classmethod
    def of_events(cls, read: AsyncConnection, day: date) -> "Tallies":
        """The tallies of *day*, from its events whatever has been added up."""
        return cls(read, (date.max, date.min), [(day, day)])

    async def summed(self, dimensions: Collection[Dimension], kinds: Collection[str]) -> dict[Cell, Tally]:
        """All days together."""
        question = "summed", frozenset(dimensions), frozenset(kinds), self._days, self._marks
        found: dict[Cell, Tally] = {}
        if self._marks:
            found |= await remembered(self._read, question, lambda: self._summed(dimensions, kinds))
        for cell, days in (await self._from_events(dimensions, kinds)).items():
            for day in days.values():
                found[cell] = found[cell] + day if cell in found else day
        return found

    async def by_day(self, dimensions: Collection[Dimension], kinds: Collection[str]) -> ByDay:
        """Each day by itself."""
        question = "by day", frozenset(dimensions), frozenset(kinds), self._days, self._marks
        found: ByDay = {}
        if self._marks:
            found |= await remembered(self._read, question, lambda: self._by_day(dimensions, kinds))
        for cell, of_days in (await self._from_events(dimensions, kinds)).items():
            found[cell] = {**found.get(cell, {}), **of_days}
        return found

    async def by_part(self, dimensions: Collection[Dimension], kinds: Collection[str], starts: Sequence[date]) -> ByDay:
        """Runs of days together, each at its first day: they begin on *starts*, the first of which is the first day."""
        question = "by part", frozenset(dimensions), frozenset(kinds), tuple(starts), self._days, self._marks
        found: ByDay = {}
        if self._marks:
            packed = await remembered(self._read, question, lambda: self._by_part(dimensions, kinds, starts))
            found = {
                cell: {
                    starts[place]: Tally(*counts[at : at + len(_SUMS)])
                    for place, at in enumerate(range(0, len(counts), len(_SUMS)))
                    if counts[at]
                }
                for cell, counts in packed.items()
            }
        for cell, of_days in (await self._from_events(dimensions, kinds)).items():
            parts = found.setdefault(cell, {})
            for day, counted in of_days.items():
                start = starts[bisect_right(starts, day) - 1]
                parts[start] = parts[start] + counted if start in parts else counted
        return found

    async def waits(self) -> list[int]:
        """How many seconds each asker waited whom a person first answered on these days, in no order."""
        found: list[int] = []
        if self._marks:
            found += await remembered(self._read, ("waits", self._days, self._marks), self._waits)
        if self._untallied:
            replies = select(event.c.seconds).where(
                event.c.kind == "human_reply", _on(self._untallied), event.c.seconds.is_not(None)
            )
            found += [round(seconds) for seconds in (await self._read.execute(replies)).scalars()]
        return found

    async def _summed(self, dimensions: Collection[Dimension], kinds: Collection[str]) -> dict[Cell, Tally]:
        cells = tally.c.dimension, tally.c.kind, tally.c.value
        sums = select(*cells, *(func.sum(count) for count in _SUMS)).where(*self._added_up(dimensions, kinds))
        rows = await self._read.execute(sums.group_by(*cells))
        return {Cell(dimension, value, kind): Tally(*counts) for dimension, kind, value, *counts in rows}

    async def _by_day(self, dimensions: Collection[Dimension], kinds: Collection[str]) -> ByDay:
        cells = tally.c.dimension, tally.c.kind, tally.c.value
        found: ByDay = {}
        days = select(*cells, tally.c.local_day, *_SUMS).where(*self._added_up(dimensions, kinds))
        for dimension, kind, value, day, *counts in await self._read.execute(days):
            found.setdefault(Cell(dimension, value, kind), {})[day] = Tally(*counts)
        return found

    async def _by_part(
        self, dimensions: Collection[Dimension], kinds: Collection[str], starts: Sequence[date]
    ) -> "dict[Cell, array[int]]":
        """The counts of a cell's parts one after another, zeros where there is nothing: that takes little room."""
        ends = [*(start - timedelta(days=1) for start in starts[1:]), self._days[1]]
        part = (
            values(column("place", Integer), column("first", Date), column("last", Date))
            .data([(place, *days) for place, days in enumerate(zip(starts, ends, strict=True))])
            .cte("part")
        )
        cells = tally.c.dimension, tally.c.kind, tally.c.value
        sums = (
            select(*cells, part.c.place, *(func.sum(count) for count in _SUMS))
            .select_from(part.join(tally, tally.c.local_day.between(part.c.first, part.c.last)))
            .where(*self._added_up(dimensions, kinds))
        )
        found: dict[Cell, array[int]] = {}
        nothing = array("l", bytes(array("l").itemsize * len(_SUMS) * len(starts)))
        for dimension, kind, value, place, *counts in await self._read.execute(sums.group_by(*cells, part.c.place)):
            cell = Cell(dimension, value, kind)
            if (of_cell := found.get(cell)) is None:
                of_cell = found[cell] = nothing[:]
            of_cell[place * len(_SUMS) : (place + 1) * len(_SUMS)] = array("l", counts)
        return found

    async def _waits(self) -> "array[int]":
        rows = await self._read.execute(select(tallied_day.c.waits).where(tallied_day.c.local_day.between(*self._days)))
        return array("l", (seconds for waits in rows.scalars() for seconds in waits))

    def _added_up(self, dimensions: Collection[Dimension], kinds: Collection[str]) -> list[ColumnElement[bool]]:
        return [
            tally.c.dimension.in_(sorted(dimensions)),
            tally.c.kind.in_(sorted(kinds)),
            tally.c.local_day.between(*self._days),
        ]

    async def _from_events(self, dimensions: Collection[Dimension], kinds: Collection[str]) -> ByDay:
        found: ByDay = {}
        if not self._untallied:
            return found
        for number, columns in enumerate(_TOGETHER):
            if any(dimension in columns or (dimension == "all" and number == 0) for dimension in dimensions):
                cells = await self._read_events(number, frozenset(kinds))
                found |= {
                    cell: days
                    for cell, days in cells.items()
                    if cell.dimension in dimensions and (not kinds or cell.kind in kinds)
                }
        return found

    async def _read_events(self, number: int, kinds: frozenset[str]) -> ByDay:
        for (known, kinds_known), cells in self._events.items():
            if known == number and (kinds_known == kinds or (kinds and kinds_known > kinds)):
                return cells
        columns = _TOGETHER[number]
        named = [expression.label(name) for name, expression in columns.items()]
        keys: list[Any] = [event.c.local_day, event.c.kind, *(one.name for one in named)]
        statement = select(event.c.local_day, event.c.kind, *named, *_COUNTS).where(_on(self._untallied))
        if kinds:
            statement = statement.where(event.c.kind.in_(sorted(kinds)))
        sums: dict[tuple[Dimension, str, str], dict[date, list[int]]] = {}
        for day, kind, *rest in await self._read.execute(statement.group_by(*keys)):
            counts = rest[len(columns) :]
            of_row = [(name, value, kind) for name, value in zip(columns, rest, strict=False)]
            if number == 0:
                of_row.append(("all", NONE, kind))
            for cell in of_row:
                days = sums.setdefault(cell, {})
                days[day] = [one + more for one, more in zip(days[day], counts, strict=True)] if day in days else counts
        found: ByDay = {
            Cell(*cell): {day: Tally(*counts) for day, counts in days.items()} for cell, days in sums.items()
        }
        self._events[number, kinds] = found
        return found

    async def everything(self) -> dict[Cell, Tally]:
        """What the events of the one day say by every dimension, of every kind."""
        return {cell: day for cell, days in (await self._from_events(DIMENSIONS, ())).items() for day in days.values()}


async def first_day(read: AsyncConnection) -> date | None:
    """The local day of the oldest event, or None before the first."""
    day: date | None = (await read.execute(select(func.min(event.c.local_day)))).scalar()
    return day


def _untallied(day: date, last: date, tallied: Collection[date]) -> list[Days]:
    """The ranges of days from *day* to *last* that are none of the *tallied*."""
    found: list[Days] = []
    while day <= last:
        if day not in tallied:
            goes_on = found and found[-1][1] == day - timedelta(days=1)
            found.append((found.pop()[0] if goes_on else day, day))
        day += timedelta(days=1)
    return found


def _on(ranges: Sequence[Days]) -> ColumnElement[bool]:
    return or_(false(), *(event.c.local_day.between(*days) for days in ranges))
