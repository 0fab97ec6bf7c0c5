"""How many different people stand behind the events of some days, told from flags that name nobody.

Of days that begin where a day, ISO week, month or year does, and don't reach beyond its end, that is known exactly:
each of them has one event that was their first in it. Of other days it is known from how many to how many.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from bot.store.tallies import Tally

Unit = Literal["day", "week", "month", "year"]

# From the smallest: what a day belongs to, and how many began in it.
_UNIT_OF: dict[Unit, Callable[[date], object]] = {
    "day": lambda day: day,
    "week": lambda day: day.isocalendar()[:2],
    "month": lambda day: (day.year, day.month),
    "year": lambda day: day.year,
}
_FIRST: dict[Unit, Callable[[Tally], int]] = {
    "day": lambda tally: tally.first_of_day,
    "week": lambda tally: tally.first_of_week,
    "month": lambda tally: tally.first_of_month,
    "year": lambda tally: tally.first_of_year,
}


def unit_of(first_day: date, last_day: date) -> Unit | None:
    """The smallest unit that begins on *first_day* and holds *last_day*; None when none does."""
    for unit, of in _UNIT_OF.items():
        if _begins(unit, first_day) and of(first_day) == of(last_day):
            return unit
    return None


def first_in(unit: Unit, tally: Tally) -> int:
    """How many people are in the *tally* of one *unit*, or of its first days."""
    return _FIRST[unit](tally)


def bounds(days: Mapping[date, Tally], first_day: date, last_day: date) -> tuple[int, int]:
    """How many people are at least, and at most, behind the tallies of the *days* from *first_day* to *last_day*.

    At least: those known to be different within one unit, and those who were new after it. At most: as if nobody of
    one unit had come in another, the days cut into the largest units that begin within them. The tally of several days
    may stand at the first of them, where these are one of the `parts`.
    """
    within = {day: tally for day, tally in days.items() if first_day <= day <= last_day}
    monday = _monday_after(first_day)
    fewest = _known(within, lambda day: _ALL_UNITS if day < monday else _LARGER_UNITS)
    return fewest, _at_most(within, first_day, last_day)


def at_least(unit: Unit, days: Mapping[date, Tally]) -> int:
    """How many people are known to be different: those within one *unit*, and after it those who were new.

    In a unit each is first once. Who comes in several is known apart only when they had never come before. The tally of
    several days of one unit may stand at any of them.
    """
    only = [_ALL_UNITS[number] for number, name in enumerate(_UNIT_OF) if name == unit]
    return _known(days, lambda _: only)


@lru_cache(maxsize=8)
def parts(first_day: date, last_day: date) -> tuple[date, ...]:
    """The first days of the runs of days that `bounds` may be told together, from *first_day* on.

    No more is known of a day in a whole week than of that week: so they are weeks, cut where a month begins, and before
    the first Monday days.
    """
    monday = _monday_after(first_day)
    days = (first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1))
    return tuple(day for day in days if day <= monday or day.weekday() == 0 or day.day == 1)


# A unit by its place among the flags of a tally, and what a day belongs to in it.
_ALL_UNITS = tuple((number, lru_cache(4096)(of)) for number, of in enumerate(_UNIT_OF.values(), 1))
_LARGER_UNITS = _ALL_UNITS[1:]


def _known(
    days: Mapping[date, Tally], units_of: Callable[[date], Sequence[tuple[int, Callable[[date], object]]]]
) -> int:
    """The most people who are known to be different, by the units that are looked at on each of *days*."""
    most = new_later = 0
    current: list[object] = [None] * len(Tally._fields)
    people = [0] * len(Tally._fields)  # of the unit that the day is in, and those who were new after it
    for day in sorted(days, reverse=True):
        tally = days[day]
        for number, of in units_of(day):
            if (here := of(day)) != current[number]:
                current[number], people[number] = here, new_later
            people[number] += tally[number]
            most = max(most, people[number])
        new_later += tally.first_ever
    return most


def _monday_after(day: date) -> date:
    """The first Monday from *day* on."""
    return day + timedelta(days=-day.weekday() % 7)


def _at_most(days: Mapping[date, Tally], first_day: date, last_day: date) -> int:
    units = _largest_units(first_day, last_day)
    return sum(first_in(units[day], tally) for day, tally in days.items())


@lru_cache(maxsize=8)  # the same for every cell of a table
def _largest_units(first_day: date, last_day: date) -> Mapping[date, Unit]:
    """By which unit each day's people are counted: these days cut into the largest units that begin within them."""
    found: dict[date, Unit] = {}
    day = first_day
    while day <= last_day:
        unit = max((unit for unit in _UNIT_OF if _begins(unit, day)), key=list(_UNIT_OF).index)
        here = _UNIT_OF[unit](day)
        while day <= last_day and _UNIT_OF[unit](day) == here:
            found[day] = unit
            day += timedelta(days=1)
    return found


def _begins(unit: Unit, day: date) -> bool:
    return _UNIT_OF[unit](day) != _UNIT_OF[unit](day - timedelta(days=1))
