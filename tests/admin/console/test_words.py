"""Time in Finnish words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from admin.console import words

HELSINKI = ZoneInfo("Europe/Helsinki")
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # Tuesday 10:00 in Helsinki


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "alle minuutti"),
        (59, "alle minuutti"),
        (60, "1 min"),
        (35 * 60 + 59, "35 min"),
        (3600, "1 h"),
        (2 * 3600 + 5 * 60, "2 h 5 min"),
        (24 * 3600, "1 pv"),
        (-20 * 60, "20 min"),
    ],
)
def test_a_length_of_time_is_said_as_one_would(seconds: int, said: str) -> None:
    """An advisor reads it at a glance, before and after the promise alike."""
    assert words.span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(minutes=55), "9.05"),
        (timedelta(hours=11), "eilen 23.00"),
        (timedelta(days=4), "20.11. 10.00"),
        (timedelta(days=365), "24.11.2025 10.00"),
    ],
)
def test_a_moment_is_said_by_its_distance(before: timedelta, said: str) -> None:
    """The date stands only where it is needed; days are local ones."""
    assert words.moment(NOW - before, NOW, HELSINKI) == said


def test_a_promise_is_said_as_the_asker_heard_it() -> None:
    """Advisor and asker must not have two different promises."""
    assert words.coming(NOW + timedelta(hours=5), NOW, HELSINKI) == "tänään klo 15"
