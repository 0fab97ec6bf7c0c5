"""The map of a week's hours: as fine as so few questions may be told, and never one hour's few."""

from hypothesis import given
from hypothesis import strategies as st

from admin.summaries.hours_of_week import HoursOfWeek, hours_of_week
from admin.summaries.small_numbers import FEWEST_ASKERS


def test_many_questions_are_told_by_the_hour() -> None:
    """Where there is enough of them, a coordinator sees the very hour at which people ask."""
    found = hours_of_week({(0, 20): 40, (0, 21): 30, (0, 3): 2, (6, 23): 5})

    assert (found.width, found.of) == (1, 77)
    assert found.cells[0][20:22] == (40, 30)
    assert found.cells[0][3] is None, "two questions of one night might be somebody's that one knows"
    assert found.cells[0][4] is None, "and so that isn't known to be the only one"
    assert found.cells[6][23] == 5
    assert found.cells[1] == (0,) * 24


def test_few_questions_are_told_by_more_hours_together() -> None:
    """A service with ten questions a week still sees when it is asked."""
    evenings = {(day, hour): 1 for day in range(7) for hour in range(18, 24)}

    found = hours_of_week(evenings)

    assert found.width == 6
    assert found.cells[2] == (None, None, None, 6)


def test_very_few_are_told_by_the_weekday_as_the_days_are_anyway() -> None:
    """Each day's number is always shown: nothing is hidden that could be added up."""
    assert hours_of_week({(2, 20): 3}) == HoursOfWeek(24, tuple((3 if day == 2 else 0,) for day in range(7)), 3)
    half_days = hours_of_week({(0, hour): 1 for hour in (12, 14, 17, 19, 22)})
    assert half_days.width == 24, "none before noon would be found by subtraction"
    assert hours_of_week({}).of == 0


@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 23)), st.integers(1, 30), max_size=30))
def test_no_hidden_cell_can_be_found_by_subtraction(questions: dict[tuple[int, int], int]) -> None:
    """A day's total is known, so there is never just one cell to subtract for; and what is shown is the truth."""
    found = hours_of_week(questions)
    for day, row in enumerate(found.cells):
        for place, number in enumerate(row):
            hours = range(place * found.width, (place + 1) * found.width)
            assert number in {None, sum(questions.get((day, hour), 0) for hour in hours)}
        if found.width < 24 and any(row):
            assert sum(number is None for number in row) != 1
            assert all(number >= FEWEST_ASKERS for number in row if number)
