"""How many people are told from flags that name nobody: never more than there can be, never fewer than known."""

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.people import Unit, at_least, bounds, parts, unit_of
from bot.store.tallies import Tally

FIRST_DAY = date(2026, 12, 14)  # three weeks on either side of a new year that week 53 reaches over
DAYS = 42

days = st.integers(0, DAYS - 1)
visits = st.lists(st.tuples(days, st.integers(0, 5)), max_size=40)


def _tallies(visits: list[tuple[int, int]]) -> dict[date, Tally]:
    """The days as the service flags them: of each person, the first visit of the day, ISO week, month, year, ever."""
    tallies: dict[date, Tally] = defaultdict(Tally)
    latest: dict[int, date] = {}
    for number, person in sorted(visits):
        day, before = FIRST_DAY + timedelta(days=number), latest.get(person)
        tallies[day] += Tally(
            times=1,
            first_of_day=before != day,
            first_of_week=before is None or before.isocalendar()[:2] != day.isocalendar()[:2],
            first_of_month=before is None or before.month != day.month,
            first_of_year=before is None or before.year != day.year,
            first_ever=before is None,
        )
        latest[person] = day
    return dict(tallies)


@given(visits, days, days)
def test_the_truth_lies_within_the_bounds_and_is_met_where_a_unit_begins(
    visits: list[tuple[int, int]], one: int, other: int
) -> None:
    """A range of any days counts people who left no trace by which they could be told apart."""
    first, last = min(one, other), max(one, other)
    first_day, last_day = FIRST_DAY + timedelta(days=first), FIRST_DAY + timedelta(days=last)
    truth = len({person for number, person in visits if first <= number <= last})

    fewest, most = bounds(_tallies(visits), first_day, last_day)

    assert fewest <= truth <= most
    if unit_of(first_day, last_day) is not None:
        assert fewest == most


@settings(max_examples=40)
@given(visits, days, days)
def test_days_taken_together_tell_as_much_as_each_by_itself(
    visits: list[tuple[int, int]], one: int, other: int
) -> None:
    """A long range is read by its parts, which are few: not a number may be another for that."""
    first_day, last_day = (FIRST_DAY + timedelta(days=number) for number in sorted((one, other)))
    seen = {day: tally for day, tally in _tallies(visits).items() if first_day <= day <= last_day}
    together: dict[date, Tally] = defaultdict(Tally)
    for day, tally in seen.items():
        together[max(part for part in parts(first_day, last_day) if part <= day)] += tally

    found = bounds(together, first_day, last_day)

    assert found == bounds(seen, first_day, last_day)
    assert found[0] == max(at_least(unit, seen) for unit in ("day", "week", "month", "year"))


@pytest.mark.parametrize(
    ("first_day", "last_day", "most"),
    [
        (date(2026, 10, 17), date(2026, 11, 30), 10),  # 45 days
        (date(2025, 11, 14), date(2026, 11, 20), 80),
    ],
)
def test_a_long_range_has_few_parts(first_day: date, last_day: date, most: int) -> None:
    """Its figures are read in as many rows: by day, a page of 45 days took twice as long as it may."""
    found = parts(first_day, last_day)

    assert found[0] == first_day
    assert len(found) <= most


def test_who_was_new_later_is_somebody_else() -> None:
    """Without this, two months of ten new people each would be told as ten."""
    new = Tally(1, 1, 1, 1, 1, 1)
    seen = {date(2026, 11, 20): new, date(2026, 12, 3): new + new, date(2026, 12, 20): new}

    assert bounds(seen, date(2026, 11, 15), date(2026, 12, 31)) == (4, 4)


def test_who_may_have_come_twice_is_counted_once_at_least_and_twice_at_most() -> None:
    """Two weeks of a month's middle: the same person or not, nobody knows."""
    first, again = Tally(1, 1, 1, 1, 1, 1), Tally(1, 1, 1, 0, 0, 0)

    seen = {date(2026, 11, 11): first, date(2026, 11, 18): again}

    assert bounds(seen, date(2026, 11, 10), date(2026, 11, 20)) == (1, 2)


@pytest.mark.parametrize(
    ("first_day", "last_day", "unit"),
    [
        (date(2026, 10, 25), date(2026, 10, 25), "day"),
        (date(2026, 12, 28), date(2027, 1, 3), "week"),
        (date(2026, 6, 1), date(2026, 6, 30), "month"),
        (date(2026, 1, 1), date(2026, 12, 31), "year"),
        (date(2026, 1, 1), date(2026, 8, 20), "year"),
        (date(2026, 1, 2), date(2026, 8, 20), None),
        (date(2026, 12, 28), date(2027, 1, 4), None),
    ],
)
def test_people_are_known_exactly_in_a_unit_and_in_its_first_days(
    first_day: date, last_day: date, unit: Unit | None
) -> None:
    """A year so far is exact; the same days of any other beginning aren't."""
    assert unit_of(first_day, last_day) == unit
