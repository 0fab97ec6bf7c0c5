"""At which hours of the week questions come, as finely as so few questions may be told. Pure, no wording."""

from collections.abc import Mapping
from dataclasses import dataclass

from admin.summaries.small_numbers import FEWEST_ASKERS

WIDTHS = (1, 2, 3, 4, 6, 8, 12)  # hours


@dataclass(frozen=True)
class HoursOfWeek:
    """Questions by weekday, Monday first, and by so many hours of the local clock together, midnight first.

    None is a cell of fewer than `FEWEST_ASKERS` questions, perhaps of none, or one that hides such a cell's number.
    *of* is how many questions there are in all. Questions are counted here, not people.
    """

    width: int
    cells: tuple[tuple[int | None, ...], ...]
    of: int


def hours_of_week(questions: Mapping[tuple[int, int], int]) -> HoursOfWeek:
    """The *questions* by weekday (Monday is 0) and hour, with as few hours together as tell of half of them.

    Whole weekdays, when nothing finer does; those can be added up from the days anyway. What a day's total gives away
    of its hours is never one cell alone.
    """
    total = sum(questions.values())
    for width in WIDTHS:
        cells = tuple(_shown(row) for row in _rows(questions, width))
        if 2 * sum(number or 0 for row in cells for number in row) >= total:
            return HoursOfWeek(width, cells, total)
    return HoursOfWeek(24, _rows(questions, 24), total)


def _rows(questions: Mapping[tuple[int, int], int], width: int) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(sum(questions.get((day, hour + more), 0) for more in range(width)) for hour in range(0, 24, width))
        for day in range(7)
    )


def _shown(row: tuple[int, ...]) -> tuple[int | None, ...]:
    if not any(row):
        return row
    hidden = {place for place, number in enumerate(row) if number < FEWEST_ASKERS}
    if len(hidden) == 1 and len(row) > 1:
        hidden.add(min(set(range(len(row))) - hidden, key=lambda place: (row[place], place)))
    return tuple(None if place in hidden else number for place, number in enumerate(row))
