"""Days that are over are added up once, whole or not at all, and say then what their events say."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from admin import invariants
from bot.store import tallying
from bot.store.engine import Store
from bot.store.schema import event, tallied_day, tally
from bot.store.tallies import DIMENSIONS, ByDay, Tallies, Tally
from tests.support.clock import A_TUESDAY_MORNING as NOW

HELSINKI = ZoneInfo("Europe/Helsinki")
TODAY = NOW.astimezone(HELSINKI).date()

KINDS = ("asked", "human_reply", "opened", "escalated")


def _event(days_ago: int, kind: str = "asked", **more: Any) -> dict[str, Any]:
    """An event of somebody new."""
    flags = dict.fromkeys(("first_of_day", "first_of_week", "first_of_month", "first_of_year"), True)
    return {
        "kind": kind,
        "at": NOW,
        "local_day": TODAY - timedelta(days=days_ago),
        "local_hour": 20,
        "in_office_hours": False,
        "channel": "web",
        "language": "fi",
        "topic": None,
        "seconds": None,
        "is_returning": False,
        **flags,
        **more,
    }


async def _write(store: Store, *events: dict[str, Any]) -> None:
    async with store.write() as tx:
        await tx.execute(event.insert(), events)


async def _read(store: Store) -> tuple[object, ...]:
    """What the last five days are said to be."""
    first, last = TODAY - timedelta(days=4), TODAY
    async with store.read() as read:
        days = await Tallies.of(read, first, last)
        return (
            await days.summed(DIMENSIONS, KINDS),
            await days.by_day(DIMENSIONS, KINDS),
            await days.summed(["topic"], ["human_reply"]),
            sorted(await days.waits()),
        )


async def _days(store: Store) -> dict[int, int]:
    """The days added up, by how long ago they were, with their events."""
    async with store.read() as read:
        rows = await read.execute(select(tallied_day.c.local_day, tallied_day.c.events))
        return {(TODAY - day).days: events for day, events in rows}


EVENTS = (
    _event(4),
    _event(4, topic="velka", channel="telegram"),
    _event(4, "human_reply", topic="velka", seconds=59.6),
    _event(2, is_returning=True, first_of_month=False, first_of_year=False, local_hour=3, language="sv"),
    _event(2, "human_reply", seconds=7200.0, in_office_hours=True),
    _event(1, "opened", campaign="abc234", first_of_day=False),
    _event(0),
    _event(0, "human_reply", seconds=30.0),
)


async def test_days_that_are_over_are_added_up_once_and_say_what_their_events_say(store: Store) -> None:
    """No reader can tell which days are; and to do it again, or in two processes at once, changes nothing."""
    await _write(store, *EVENTS)
    before = await _read(store)
    done = await asyncio.gather(*(tallying.catch_up(store, TODAY - timedelta(days=1)) for _ in range(2)))
    again = await tallying.catch_up(store, TODAY - timedelta(days=1))

    assert (sum(done), again) == (4, 0)
    assert await _days(store) == {4: 3, 3: 0, 2: 2, 1: 1}
    assert await _read(store) == before
    assert await invariants.violations(store, NOW) == []


async def test_what_ends_in_between_leaves_nothing_half_done(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it adds up a day, the service has that day's events and no half of its figures."""
    await _write(store, *EVENTS)
    before = await _read(store)
    with monkeypatch.context() as patch:
        patch.setattr(tally, "insert", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await tallying.catch_up(store, TODAY - timedelta(days=1))
    ended = await _days(store), await _read(store)
    await tallying.catch_up(store, TODAY - timedelta(days=1))

    assert ended == ({}, before)
    assert await _read(store) == before
    assert len(await _days(store)) == 4


async def test_what_comes_late_or_from_a_clock_that_ran_ahead_is_made_up_for(store: Store) -> None:
    """Clocks and time zones are set wrong, and right again: then the figures follow."""
    await _write(store, *EVENTS)
    await tallying.catch_up(store, TODAY + timedelta(days=5))
    await _write(store, _event(0), _event(2, "escalated"), _event(2, "human_reply", seconds=5.0))
    late = TODAY + timedelta(days=5)
    told = await invariants.violations(store, NOW + timedelta(days=5))
    await tallying.catch_up(store, TODAY - timedelta(days=1))
    async with store.read() as read:
        counted = [await Tallies.of_events(read, TODAY - timedelta(days=ago)).everything() for ago in range(5)]
        days_to_late = await Tallies.of(read, TODAY - timedelta(days=4), late)
        by_day, waits = await days_to_late.by_day(DIMENSIONS, KINDS), await days_to_late.waits()

    in_words = "a day that has got events since it was added up (tallied_day)"
    assert told[0].startswith(in_words)
    assert await _days(store) == {4: 3, 3: 0, 2: 4, 1: 1}
    assert sorted(waits) == [5, 30, 60, 7200]
    for ago, cells in enumerate(counted):
        day = TODAY - timedelta(days=ago)
        assert {cell: days[day] for cell, days in by_day.items() if day in days} == cells
    assert await invariants.violations(store, NOW + timedelta(days=5)) == []


async def test_figures_that_do_not_equal_their_events_are_told(store: Store) -> None:
    """Whoever has changed a figure in the database by hand is found out; so is who has taken one away."""
    await _write(store, *EVENTS)
    await tallying.catch_up(store, TODAY - timedelta(days=1))
    async with store.write() as tx:
        changed = update(tally).where(tally.c.dimension == "channel", tally.c.local_day == TODAY - timedelta(days=2))
        await tx.execute(changed.values(first_ever=9))
        await tx.execute(tally.delete().where(tally.c.local_day == TODAY - timedelta(days=4)))
        rows = (await tx.execute(select(func.count()).select_from(tally))).scalar()

    assert rows
    days = [(TODAY - timedelta(days=ago)).isoformat() for ago in (4, 2)]
    assert await invariants.violations(store, NOW) == [
        f"a day whose figures aren't all there (tallied_day): {days[0]}",
        f"figures of a day that aren't those of its events (tally): {days[1]}",
    ]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), date(2026, 11, 21)),  # 0.59 in Helsinki
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 21, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 10, 24)),  # the hour that comes twice
    ],
)
def test_a_day_is_added_up_an_hour_after_its_end(now: datetime, day: date) -> None:
    """What was begun before midnight, or by a process whose clock is a little behind, is in it."""
    assert tallying.last_whole_day(now, HELSINKI) == day


async def test_sums_of_days_that_are_over_are_remembered_until_one_of_them_is_added_up_anew(store: Store) -> None:
    """A page of figures looks at months that change no more; yet no reader may ever see what is no longer so."""
    await _write(store, *EVENTS)
    await tallying.catch_up(store, TODAY - timedelta(days=1))
    first = await _read(store)
    async with store.write() as tx:
        await tx.execute(tally.update().values(times=77))  # nobody does that: it shows what is read again
    remembered = await _read(store)
    await _write(store, _event(0, "escalated"))
    with_today = await _read(store)
    async with store.write() as tx:
        await tx.execute(event.update().where(event.c.kind == "opened").values(kind="asked"))
        for table in (tally, tallied_day):
            await tx.execute(table.delete())
    await tallying.catch_up(store, TODAY - timedelta(days=1))
    async with store.read() as read:
        anew = await (await Tallies.of(read, TODAY - timedelta(days=4), TODAY)).summed(["all"], ["asked", "escalated"])

    assert remembered == first
    assert with_today != first
    assert {cell.kind: tally.times for cell, tally in anew.items()} == {"asked": 5, "escalated": 1}


async def test_parts_of_days_hold_what_their_days_do_added_up_or_not_and_are_remembered(store: Store) -> None:
    """A range that begins anywhere is read by its parts: with today's events in them, and what was read kept."""
    await _write(store, *EVENTS)
    await tallying.catch_up(store, TODAY - timedelta(days=1))
    first = TODAY - timedelta(days=4)
    starts = (first, first + timedelta(days=1), TODAY - timedelta(days=1))

    async def look() -> tuple[ByDay, ByDay]:
        async with store.read() as read:
            days = await Tallies.of(read, first, TODAY)
            return (
                await days.by_part(["all", "topic"], ["asked", "opened"], starts),
                await days.by_day(["all", "topic"], ["asked", "opened"]),
            )

    by_part, by_day = await look()
    async with store.write() as tx:
        await tx.execute(tally.update().values(times=77))  # nobody does that: it shows what is read again
    again, _ = await look()
    together: ByDay = {}
    for cell, of_days in by_day.items():
        parts = together.setdefault(cell, {})
        for day, found in of_days.items():
            start = max(start for start in starts if start <= day)
            parts[start] = parts.get(start, Tally()) + found

    assert by_part == together
    assert again == by_part
    assert len({day for of_days in by_part.values() for day in of_days}) == len(starts)
