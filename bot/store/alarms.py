"""What the service has found when it looked at itself, and the alarms that came of it: each kind has one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import alarm, self_check

SERVICE = "service"  # the check that only tells that somebody looks
BREAK = "break"  # the latest time in which nobody did: since when, and until when


@dataclass(frozen=True)
class Check:
    """The latest look at one thing.

    Attributes
        ok_at: when it was last well; None if never.
        failures: how many looks in a row have found trouble.
        since: since when it has been well, or in this trouble.
    """

    name: str
    checked_at: datetime
    ok_at: datetime | None
    failures: int
    trouble: str | None
    since: datetime


@dataclass(frozen=True)
class Alarm:
    """One alarm; *ended_as* is None where nothing but its end is known of it."""

    id: int
    kind: str
    began_at: datetime
    noticed_at: datetime
    ended_at: datetime | None
    ended_as: str | None
    facts: Mapping[str, Any]


async def checks(read: AsyncConnection) -> dict[str, Check]:
    """The latest look at each thing, by name."""
    rows = await read.execute(select(self_check))
    return {row.name: Check(**row._mapping) for row in rows}


async def looked(tx: Tx, name: str, trouble: str | None, now: datetime) -> Check:
    """Write down what a look has found; returns how it stands now."""
    before = (await tx.execute(select(self_check).where(self_check.c.name == name).with_for_update())).first()
    is_as_before = before is not None and before.trouble == trouble
    values: dict[str, Any] = {
        "checked_at": now,
        "ok_at": now if trouble is None else before and before.ok_at,
        "failures": 0 if trouble is None else (before.failures if before else 0) + 1,
        "trouble": trouble,
        "since": before.since if before is not None and is_as_before else now,
    }
    if before is None:
        await tx.insert_once(self_check, {"name": name, **values})
    else:
        await tx.execute(update(self_check).where(self_check.c.name == name).values(**values))
    return Check(name=name, **values)


async def begin(
    tx: Tx, kind: str, *, began_at: datetime, noticed_at: datetime, facts: Mapping[str, Any]
) -> Alarm | None:
    """A new alarm; None while there is one of this kind."""
    row: dict[str, Any] = {"kind": kind, "began_at": began_at, "noticed_at": noticed_at, "facts": dict(facts)}
    new = await tx.insert_once(alarm, row)
    return None if new is None else Alarm(id=new, ended_at=None, ended_as=None, **row)


async def end(tx: Tx, kind: str, *, ended_at: datetime, ended_as: str) -> Alarm | None:
    """End the alarm of this kind; None where there is none."""
    row = (
        await tx.execute(
            update(alarm)
            .where(alarm.c.kind == kind, alarm.c.ended_at.is_(None))
            .values(ended_at=ended_at, ended_as=ended_as)
            .returning(alarm)
        )
    ).first()
    return Alarm(**row._mapping) if row else None


async def open_now(read: AsyncConnection) -> dict[str, Alarm]:
    """The alarms that last, by kind."""
    rows = await read.execute(select(alarm).where(alarm.c.ended_at.is_(None)))
    return {row.kind: Alarm(**row._mapping) for row in rows}


async def latest(read: AsyncConnection, *, limit: int) -> list[Alarm]:
    """The newest alarms, those that last first."""
    rows = await read.execute(
        select(alarm).order_by(alarm.c.ended_at.is_not(None), alarm.c.noticed_at.desc(), alarm.c.id.desc()).limit(limit)
    )
    return [Alarm(**row._mapping) for row in rows]


async def was_noticed(read: AsyncConnection, kind: str, noticed_at: datetime) -> bool:
    """Whether there was an alarm of this kind that was noticed then."""
    found = await read.execute(select(alarm.c.id).where(alarm.c.kind == kind, alarm.c.noticed_at == noticed_at))
    return found.first() is not None


async def awake_since(tx: Tx, now: datetime, longest_break: timedelta) -> datetime:
    """Since when the service has looked at itself without a break longer than that; *now* is the newest look.

    What nobody heard while the service stood still says nothing about who might have written.
    """
    row = (await tx.execute(select(self_check).where(self_check.c.name == SERVICE).with_for_update())).first()
    since: datetime = row.since if row is not None and now - row.checked_at <= longest_break else now
    values = {"checked_at": now, "ok_at": now, "failures": 0, "trouble": None, "since": since}
    if row is None:
        await tx.insert_once(self_check, {"name": SERVICE, **values})
    else:
        await tx.execute(update(self_check).where(self_check.c.name == SERVICE).values(**values))
    return since


async def note_break(tx: Tx, began_at: datetime, ended_at: datetime) -> None:
    """The service stood still from then to then; the one before is forgotten."""
    values = {"checked_at": ended_at, "ok_at": None, "failures": 0, "trouble": None, "since": began_at}
    if await tx.insert_once(self_check, {"name": BREAK, **values}) is None:
        await tx.execute(update(self_check).where(self_check.c.name == BREAK).values(**values))


async def since(read: AsyncConnection, at: datetime) -> list[Alarm]:
    """The alarms that last, or have ended after *at*."""
    lasted = or_(alarm.c.ended_at.is_(None), alarm.c.ended_at >= at)
    return [Alarm(**row._mapping) for row in await read.execute(select(alarm).where(lasted).order_by(alarm.c.id))]
