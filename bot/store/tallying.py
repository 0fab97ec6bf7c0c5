"""Adds up each local day once it is over, so that the figures of a month or a year are read from few rows.

An event is written on its own day and never changes. Should one come late all the same (a clock that was wrong, another
time zone in the settings), its day is added up anew the next night. Until then, and whenever a day is not added up at
all, nothing but time is lost: see `tallies`.
"""

import secrets
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store, Tx
from bot.store.schema import event, tallied_day, tally
from bot.store.tallies import Cell, Tallies, Tally

NIGHTLY_AT = time(1)  # local: what was begun before midnight has long been written
PAUSE_SECONDS = 0.02  # between two days: others write then


def last_whole_day(now: datetime, zone: ZoneInfo) -> date:
    """The latest local day that may be added up at *now*."""
    local = now.astimezone(zone)
    days_back = 1 if local.time() >= NIGHTLY_AT else 2
    return local.date() - timedelta(days=days_back)


async def catch_up(store: Store, last_day: date) -> int:
    """Add up every day to *last_day* that isn't, or has got events since; returns how many days were.

    A transaction a day, in which all of it is written or nothing: whoever ends in between, goes on at the next time.
    """
    await _forget_after(store, last_day)
    done = 0
    for day in await _due(store, last_day):
        if store.hub.is_stopping:
            break
        done += await add_up(store, day)
        await store.hub.pause(PAUSE_SECONDS)
    return done


async def add_up(store: Store, day: date) -> bool:
    """Add up *day*, which is over; False when it was another process that did."""
    async with store.read() as read:  # before the write: everybody else's waits for that one
        of_events = Tallies.of_events(read, day)
        cells, waits = await of_events.everything(), sorted(await of_events.waits())
    async with store.write() as tx:
        return await _write(tx, day, cells, waits)


async def differing(read: AsyncConnection, latest: int) -> list[date]:
    """Those of the *latest* days added up whose tallies don't equal their events."""
    days = select(tallied_day.c.local_day, tallied_day.c.waits).order_by(tallied_day.c.local_day.desc()).limit(latest)
    found = []
    for day, waits in list(await read.execute(days)):
        rows = await read.execute(select(tally).where(tally.c.local_day == day))
        written = {
            Cell(row.dimension, row.value, row.kind): Tally(*(getattr(row, name) for name in Tally._fields))
            for row in rows
        }
        of_events = Tallies.of_events(read, day)
        if written != await of_events.everything() or waits != sorted(await of_events.waits()):
            found.append(day)
    return found


async def _forget_after(store: Store, last_day: date) -> None:
    """Forget days that aren't over: a clock that ran ahead has added them up, and has been put right."""
    async with store.read() as read:
        ahead = await read.execute(select(tallied_day.c.local_day).where(tallied_day.c.local_day > last_day).limit(1))
        if ahead.first() is None:
            return
    async with store.write() as tx:
        await tx.execute(delete(tally).where(tally.c.local_day > last_day))
        await tx.execute(delete(tallied_day).where(tallied_day.c.local_day > last_day))


async def _due(store: Store, last_day: date) -> list[date]:
    """The days from the first event to *last_day* whose events aren't all added up, the latest first."""
    counted = select(event.c.local_day, func.count().label("events")).where(event.c.local_day <= last_day)
    async with store.read() as read:
        events = {row.local_day: row.events for row in await read.execute(counted.group_by(event.c.local_day))}
        known = select(tallied_day.c.local_day, tallied_day.c.events)
        tallied = {row.local_day: row.events for row in await read.execute(known)}
    if not events:
        return []
    day, found = last_day, []
    while day >= min(events):
        if tallied.get(day) != events.get(day, 0):
            found.append(day)
        day -= timedelta(days=1)
    return found


async def _write(tx: Tx, day: date, cells: dict[Cell, Tally], waits: list[int]) -> bool:
    events = sum(found.times for cell, found in cells.items() if cell.dimension == "all")
    anew_each_time = {"events": events, "waits": waits, "mark": secrets.token_hex(8)}
    values = {"local_day": day, **anew_each_time}
    if await tx.insert_once(tallied_day, values) is None:
        anew = update(tallied_day).where(tallied_day.c.local_day == day, tallied_day.c.events != events)
        if (await tx.execute(anew.values(**anew_each_time))).rowcount == 0:
            return False  # another process was first
        await tx.execute(delete(tally).where(tally.c.local_day == day))
    if cells:
        rows = [{"local_day": day, **cell._asdict(), **found._asdict()} for cell, found in cells.items()]
        await tx.execute(tally.insert(), rows)
    return True
