"""When the bot may write unasked."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.unasked import UnaskedHours

HELSINKI = ZoneInfo("Europe/Helsinki")
HOURS = UnaskedHours(HELSINKI, (time(9), time(20)))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-11-24T09:00", "2026-11-24T09:00"),
        ("2026-11-24T19:59", "2026-11-24T19:59"),
        ("2026-11-24T20:00", "2026-11-25T09:00"),
        ("2026-11-24T03:00", "2026-11-24T09:00"),
        ("2026-11-21T21:00", "2026-11-23T09:00"),  # a Saturday evening
        ("2026-11-22T12:00", "2026-11-23T09:00"),  # a Sunday
        ("2026-12-24T23:00", "2026-12-28T09:00"),  # Christmas, and the Sunday after it
        ("2026-03-28T21:00", "2026-03-30T09:00"),  # the night of summer time
    ],
)
def test_evenings_nights_sundays_and_holidays_are_quiet(now: str, allowed: str) -> None:
    """A tip at midnight, or on Christmas day, is the last one that is read."""
    assert HOURS.next_allowed(local(now)) == local(allowed)
    assert HOURS.allows(local(now)) == (now == allowed)


def test_the_owner_may_let_it_write_on_holidays() -> None:
    """A service for weekends has its readers then."""
    always = UnaskedHours(HELSINKI, (time(9), time(20)), on_holidays=True)

    assert always.allows(local("2026-11-22T12:00"))


@settings(max_examples=40)
@given(st.integers(0, 2 * 365 * 24 * 60))
def test_the_next_moment_is_allowed_itself_and_soon(minutes: int) -> None:
    """Whoever waits for it is not sent on to another, at either change of the clocks."""
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    then = HOURS.next_allowed(now)

    assert now <= then <= now + timedelta(days=5)
    assert HOURS.allows(then)
