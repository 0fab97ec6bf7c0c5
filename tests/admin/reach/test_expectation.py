"""What a day is expected to bring is learnt from the days before it, and from common sense while those are few."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from admin.reach import chance, school_year
from admin.reach.expectation import WEEKDAYS, Expectation, expected_band
from admin.reach.school_year import InvalidHolidays
from tests.admin.reach.years import poisson

MONDAY = date(2025, 8, 18)  # of a school year that has begun


def _history(days: int, rate: Callable[[date], float], first: date = MONDAY) -> dict[date, int]:
    dice = Random(2010)
    every = (first + timedelta(days=offset) for offset in range(days))
    return {day: poisson(dice, rate(day)) for day in every}


def _shape(day: date) -> float:
    return WEEKDAYS[day.weekday()]


def test_the_expectation_finds_level_weekdays_and_holidays() -> None:
    """A Saturday in July is not held against the young, nor is a busy Monday a success."""
    busy_on_sundays = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0)
    kinds = {"term": 1.0, "break": 0.3, "summer": 0.2, "public": 0.2}
    calendar = school_year.shipped()
    history = _history(670, lambda day: 10 * busy_on_sundays[day.weekday()] * kinds[calendar.kind(day)])
    sunday, term, summer = date(2027, 4, 11), date(2027, 4, 14), date(2027, 7, 14)

    bands = expected_band(history, [sunday, term, summer])

    assert [sunday, term, summer] == [band.day for band in bands]
    assert pytest.approx([band.expected for band in bands], rel=0.15) == [30, 10, 2]
    assert all(band.low < band.expected < band.high for band in bands)


def test_nine_days_of_ten_lie_in_the_band_at_any_volume() -> None:
    """A band that most days leave would be decoration."""
    for rate in (1.4, 15.0):
        history = _history(300, lambda day, rate=rate: rate * _shape(day))
        days = [MONDAY + timedelta(days=offset) for offset in range(100, 300)]

        bands = expected_band(history, days)

        inside = sum(band.low <= history[band.day] <= band.high for band in bands)
        assert len(bands) == 200
        assert 0.87 <= inside / 200 <= 0.99


def test_a_day_is_judged_by_the_days_before_it_alone() -> None:
    """What the page said of October must not change in November."""
    history = _history(120, lambda _: 2.0)
    day = MONDAY + timedelta(days=60)
    later = {known: count for known, count in history.items() if known < day}

    assert expected_band(later, [day]) == expected_band(history, [day])


def test_nothing_is_expected_of_a_service_too_young_to_know() -> None:
    """A guess drawn as a band would look like knowledge."""
    assert expected_band({}, [MONDAY]) == []
    assert expected_band(dict.fromkeys([MONDAY], 50), [MONDAY + timedelta(days=1)]) == []
    assert expected_band(_history(200, lambda _: 0.01), [MONDAY + timedelta(days=201)]) == []


def test_a_rush_on_one_day_is_not_expected_again() -> None:
    """A school class tries the bot for an hour: the silence after it is not an alarm."""
    history = _history(90, lambda _: 1.4)
    after = MONDAY + timedelta(days=95)
    (calm,) = expected_band(history, [after])

    (rushed,) = expected_band(history | {MONDAY + timedelta(days=80): 200}, [after])

    assert rushed.expected < 1.25 * calm.expected


def test_chances_are_those_of_the_textbook() -> None:
    """The alarm's words rest on them."""
    assert pytest.approx(chance.at_most(0, 3.0), abs=1e-4) == 0.0498
    assert pytest.approx(chance.at_most(2, 3.0), abs=1e-4) == 0.4232
    assert pytest.approx(chance.at_most(0, 3.0, 2.0), abs=1e-4) == 0.125  # r = 3, p = 1/2
    assert (chance.quantile(0.5, 3.0), chance.quantile(0.5, 0.0)) == (3, 0)
    assert [chance.one_in(p) for p in (0.9, 0.025, 1 / 257, 0.0)] == [1, 40, 260, 1_000_000]


def test_the_owners_file_of_holidays_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    """Another region, another year: renewed without touching code; a fault in it is told by the file's name."""
    head = "region: Lappi\nsource: kunta\nchecked: 2026-11-22\nholidays:\n"
    own = tmp_path / school_year.FILE_NAME
    assert school_year.read(tmp_path).kind(date(2025, 3, 5)) == "break"

    own.write_text(head + "  - {kind: break, first: 2026-02-16, last: 2026-02-22}\n", encoding="utf-8")
    read = school_year.read(tmp_path)

    assert (read.kind(date(2026, 2, 18)), read.kind(date(2026, 3, 4))) == ("break", "term")
    assert (read.kind(date(2026, 12, 6)), read.kind(date(2026, 4, 6))) == ("public", "public")
    assert read.is_to_be_renewed(date(2026, 1, 1))
    for wrong in ("  - {kind: break, first: 2026-02-22, last: 2026-02-16}\n", "  - {kind: tauko}\n", "\t"):
        own.write_text(head + wrong, encoding="utf-8")
        with pytest.raises(InvalidHolidays, match=school_year.FILE_NAME):
            school_year.read(tmp_path)


def test_what_was_learnt_from_few_days_is_doubted() -> None:
    """A young service's level may be learnt too high: then three usual weeks look like a fall."""
    expectation = Expectation(school_year.shipped())
    doubts = {}
    for number in range(1, 1500):
        expectation.learn(date(2025, 1, 6) + timedelta(days=number), 2)
        doubts[number] = expectation.doubt(21)

    assert 1.74 < doubts[28] < 1.76
    assert doubts[100] < 1.23
    assert 1.03 < doubts[1499] < 1.05


def test_a_school_year_that_is_not_known_or_only_guessed_is_told(tmp_path: Path) -> None:
    """A holiday that nobody wrote down looks like silence, and a guessed week may be the wrong one."""
    file = tmp_path / school_year.FILE_NAME
    row = "  - {{kind: break, first: {0}-10-19, last: {0}-10-25{1}}}\n"
    seen = ", source: https://kunta.example/lomat, checked: 2026-04-01"
    file.write_text(
        "region: Lappi\nsource: kunta\nchecked: 2026-11-22\nholidays:\n"
        + row.format(2025, seen) + row.format(2026, ", certain: no"),
        encoding="utf-8",
    )  # fmt: skip
    known = school_year.read(tmp_path)

    assert [known.year_missing(day) for day in (date(2026, 3, 31), date(2026, 7, 1), date(2027, 3, 31))] == [None] * 3
    assert known.year_missing(date(2027, 4, 1)) == "2027–28"  # in spring there is time to ask the school
    assert known.year_missing(date(2027, 8, 1)) == "2027–28"
    assert known.guessed_from(date(2025, 10, 18)) is None  # more than a year ahead
    assert known.guessed_from(date(2026, 10, 19)) == date(2026, 10, 19)
    assert known.guessed_from(date(2026, 10, 26)) is None
    assert school_year.shipped().guessed_from(date(2026, 11, 22)) == date(2026, 12, 20)
