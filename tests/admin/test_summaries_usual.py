"""The running week against the weeks before it, hour for hour; and when there are too few to tell."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from admin.summaries.usual import WeekSoFar, usual, week_so_far
from bot.store.engine import Store
from bot.store.schema import event

HELSINKI = ZoneInfo("Europe/Helsinki")

WEDNESDAY_NOON = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)  # half past twelve in Helsinki
MONDAY = date(2026, 11, 23)


def asked(day: date, hour: int) -> dict[str, Any]:
    """An event of somebody's having asked."""
    return {
        "kind": "asked",
        "at": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "local_day": day,
        "local_hour": hour,
        "in_office_hours": True,
        "channel": "web",
        "language": "fi",
        "first_of_day": True,
        "first_of_week": True,
        "first_of_month": True,
        "is_returning": False,
    }


async def test_a_week_is_compared_with_as_much_of_the_weeks_before(store: Store) -> None:
    """On Wednesday noon all of last week would always be more; and what is asked in the afternoon isn't asked yet."""
    rows = [asked(MONDAY, 9), asked(MONDAY + timedelta(days=2), 12)]
    for back in range(1, 6):
        monday = MONDAY - timedelta(weeks=back)
        rows += [asked(monday, 20)] * 3 + [asked(monday + timedelta(days=2), 12)] * back
        rows += [asked(monday + timedelta(days=2), 13)] * 50 + [asked(monday + timedelta(days=5), 9)] * 50
    async with store.write() as tx:
        await tx.execute(event.insert(), rows)
    async with store.read() as read:
        found = await week_so_far(read, WEDNESDAY_NOON, HELSINKI)

    assert found == WeekSoFar(questions=2, usual=(5, 7))
    assert found.standing == "less"


async def test_of_a_young_service_nobody_can_tell(store: Store) -> None:
    """Weeks before the first question are no weeks without questions."""
    rows = [asked(MONDAY - timedelta(weeks=3), 9)] * 30 + [asked(MONDAY, 9)] * 8
    async with store.write() as tx:
        await tx.execute(event.insert(), rows)
    async with store.read() as read:
        found = await week_so_far(read, WEDNESDAY_NOON, HELSINKI)

    assert found == WeekSoFar(questions=8, usual=None)
    assert found.standing == "unknown"


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [([], None), ([9, 9, 9], None), ([4, 5, 5, 5], None), ([5, 5, 5, 5], (5, 5)), ([2, 9, 10, 11, 40], (9, 11))],
)
def test_one_odd_week_moves_nothing(weeks: list[int], expected: tuple[int, int] | None) -> None:
    """The middle half is what is usual; of fewer than twenty questions chance alone makes twice as many."""
    assert usual(weeks) == expected
