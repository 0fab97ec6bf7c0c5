"""`python -m tests.bench --figures`: the bars of the figures with 1,000,000 events in the running month.

On SQLite and on PostgreSQL, in this process. Today's events are
read as they are, all earlier days as `tallying` has added them up. On a busy machine the processor time tells more than
the clock; that of PostgreSQL isn't in it.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries import campaigns, compose, due, statistics, usefulness, usual
from bot.store import events, migrate, tallying
from bot.store.engine import Store
from bot.store.schema import event, tallied_day, tally
from bot.vault import Vault
from tests.admin.console.office import opened
from tests.bench import crowd
from tests.bench.running import on_each_database, percentile, row

SEED = 7
TIMES = 25
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
ZONE = ZoneInfo("Europe/Helsinki")
MONTH = due.span_of("month", TODAY)
FILLED = (  # the first day, the last, and how many events
    (date(2025, 11, 1), date(2025, 11, 30), 300_000),
    (date(2026, 9, 1), date(2026, 10, 31), 600_000),
    (date(2026, 11, 1), TODAY, 1_022_000),  # a million of them by now
)
KINDS = {
    "opened": 4,
    "visited": 4,
    "came": 12,
    "asked": 25,
    "answered": 15,
    "choices": 7,
    "picked": 5,
    "not_found": 3,
    "returned": 3,
    "person_wanted": 3,
    "escalated": 3,
    "human_reply": 3,
    "promise_kept": 2,
    "promise_missed": 1,
    "helped": 4,
    "was_helped": 4,
    "not_helped": 2,
    "closed_answered": 2,
    "closed_guided": 1,
    "continued": 3,
    "browsed": 2,
}
TOPICS = [f"topic-{number}" for number in range(125)]
CAMPAIGNS = [f"code{number:02}" for number in range(20)]


async def main() -> None:
    """Print a table for each database."""
    for url, folder in on_each_database():
        async with _filled(url) as store:
            await _measure(store)
            await _measure_page(store, folder)


@asynccontextmanager
async def _filled(url: str) -> AsyncIterator[Store]:
    store = Store.at(url)
    await migrate.upgrade(store)
    began = time.perf_counter()
    crowd.write(url, event, _events())
    crowd.settle(url)
    row(f"(to fill it with {sum(number for _, _, number in FILLED):,} events)", _since(began), "")
    yield store
    await store.close()


def _events() -> Iterator[dict[str, Any]]:
    dice = Random(SEED)
    number = 0
    for first, last, many in FILLED:
        days = (last - first).days + 1
        kinds = iter(dice.choices(list(KINDS), list(KINDS.values()), k=many))
        for place, kind in enumerate(kinds):
            number += 1
            day = first + timedelta(days=place * days // many)
            hour = int(24 * (1 - dice.random() ** 2))  # mostly in the evening
            if day == TODAY and hour >= NOW.astimezone(ZONE).hour:
                continue
            is_step = kind in {"opened", "came", "asked", "helped"} and dice.random() < 0.2
            chance = dice.random()
            yield {
                "id": number,
                "kind": kind,
                "at": datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
                "local_day": day,
                "local_hour": hour,
                "in_office_hours": 9 <= hour < 16 and day.weekday() < 5,
                "channel": "web" if chance < 0.4 else "telegram",
                "language": "sv" if chance < 0.1 else "fi",
                "campaign": dice.choice(CAMPAIGNS) if is_step or chance < 0.3 else None,
                "first_campaign": dice.choice(CAMPAIGNS) if is_step else None,
                "topic": dice.choice(TOPICS) if kind not in {"opened", "came"} and chance < 0.9 else None,
                "seconds": dice.expovariate(1 / 7200) if kind == "human_reply" else None,
                "first_of_day": chance < 0.8,
                "first_of_week": chance < 0.6,
                "first_of_month": chance < 0.5,
                "first_of_year": chance < 0.4,
                "first_of_campaign": is_step,
                "first_of_first_campaign": is_step,
                "is_returning": chance > 0.3,
            }


async def _measure(store: Store) -> None:
    async def summary(read: AsyncConnection) -> None:
        compose.summary(await statistics.figures(read, MONTH), today=TODAY, service="Otappa koppi", address="x")

    began, used = time.perf_counter(), time.process_time()
    days = await tallying.catch_up(store, TODAY - timedelta(days=1))
    used = time.process_time() - used
    row(f"to add up {days} days, with its pauses", f"{_since(began)}; {used:.1f} s of processor time here", "")
    began = time.perf_counter()
    await tallying.catch_up(store, TODAY - timedelta(days=1))
    row("to see that nothing is left to add up", _since(began), "")
    await _again(store, TODAY - timedelta(days=1))
    row("summary of the month with 1,000,000 events", await _times(store, summary), "≤ 2 s")
    for name, read_it, bar in _READERS:
        row(name, await _times(store, read_it), bar)


async def _again(store: Store, day: date) -> None:
    """Add one of the fullest days up anew."""
    async with store.write() as tx:
        await tx.execute(delete(tally).where(tally.c.local_day == day))
        await tx.execute(delete(tallied_day).where(tallied_day.c.local_day == day))
    began = time.perf_counter()
    await tallying.add_up(store, day)
    row("to add up yesterday", _since(began), "")


_Reader = Callable[[AsyncConnection], Awaitable[object]]
_READERS: tuple[tuple[str, _Reader, str], ...] = (
    ("overview's figures: month, before, last year", lambda read: statistics.figures(read, MONTH), "≤ 300 ms p95"),
    ("the week's", lambda read: statistics.figures(read, due.span_of("week", TODAY)), "≤ 300 ms p95"),
    ("today's", lambda read: statistics.figures(read, due.span_of("day", TODAY)), "≤ 300 ms p95"),
    (
        "those of 45 days that begin anywhere",
        lambda read: statistics.figures(read, due.span_between(TODAY - timedelta(days=44), TODAY)),
        "",
    ),
    (
        "a whole year's",
        lambda read: statistics.figures(read, due.span_between(date(2026, 1, 1), date(2026, 12, 31))),
        "",
    ),
    ("counts alone, of last week", lambda read: statistics.counts(read, due.last_whole("week", TODAY)), ""),
    ("campaigns' table, one touch", lambda read: campaigns.steps(read, "last"), ""),
    ("the running week against what is usual", lambda read: usual.week_so_far(read, NOW, ZONE), ""),
    ("use of the entries in 90 days", lambda read: usefulness.use_of_entries(read, TODAY), ""),
    (
        "what is asked most in 30 days",
        lambda read: events.most_asked(read, TODAY - timedelta(days=30), fewest=3, limit=10),
        "",
    ),
)


_PAGES = (
    ("of the month", "period=month"),
    ("of the week", "period=week"),
    ("of today", "period=day"),
    ("of four weeks to yesterday", "period=weeks"),
    ("of 45 days that begin in a month's middle", f"first={TODAY - timedelta(days=44)}&last={TODAY}"),
)


async def _measure_page(store: Store, folder: Path) -> None:
    """The page as a coordinator's browser gets it: figures, charts, tables, what was expected, by loopback."""
    async with opened(store, Vault("a key"), folder, folder / "cache") as office:
        office.clock.advance(NOW - office.clock())
        async with office.at_work(office.kaisa) as kaisa:
            for what, period in _PAGES:

                async def look(period: str = period) -> None:
                    assert (await kaisa.sees(f"/console/figures?{period}")).status_code == 200

                row(f"overview page {what}", await _times_of(look), "≤ 300 ms p95")


async def _times(store: Store, read_it: _Reader) -> str:
    async def look() -> None:
        async with store.read() as read:
            await read_it(read)

    return await _times_of(look)


async def _times_of(look: Callable[[], Awaitable[None]]) -> str:
    """The first time by itself: what it reads of days that are over is remembered for the others."""
    took, used = [], time.process_time()
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        await look()
        took.append(1000 * (time.perf_counter() - began))
    used = 1000 * (time.process_time() - used) / (TIMES + 1)
    first, *others = took
    p50, p95 = percentile(others, 50), percentile(others, 95)
    return f"first {first:.0f} ms, then p50 {p50:.0f} ms, p95 {p95:.0f} ms; {used:.0f} ms of processor time here"


def _since(began: float) -> str:
    return f"{time.perf_counter() - began:.2f} s"
