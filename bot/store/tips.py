"""The editorial calendar of tips: one a week at most, a draft until somebody says that it may go. No asker is in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, delete, func, literal_column, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.schema import account, event, revision_counter, tip
from knowledge.entry import Language

TOPIC = "tips"
STEPS = ("tip_sent", "tip_tapped", "tip_asked", "tip_left")

Words = Mapping[Language, str]


class WeekTaken(Exception):
    """There is another one in this week."""


class Changed(Exception):
    """Somebody has changed it, or taken it away, since it was read."""


@dataclass(frozen=True)
class Tip:
    """One of them. *texts* and *questions*: in Finnish, and in the same other languages where it is translated.

    *monday*: of its week. *account_name*: who wrote it so, None when it was shipped so.
    """

    id: str
    monday: date
    texts: Words
    questions: Words
    is_approved: bool
    version: int
    account_name: str | None
    changed_at: datetime


async def everything(read: AsyncConnection) -> list[Tip]:
    """All of them, by week."""
    return [_tip(row) for row in await read.execute(_tips().order_by(tip.c.monday))]


async def get(read: AsyncConnection, tip_id: str) -> Tip | None:
    """The one with this id, or None."""
    row = (await read.execute(_tips().where(tip.c.id == tip_id))).first()
    return _tip(row) if row else None


async def of_week(read: AsyncConnection, monday: date) -> Tip | None:
    """The one of this week that may go; None without any."""
    row = (await read.execute(_tips().where(tip.c.monday == monday, tip.c.is_approved))).first()
    return _tip(row) if row else None


async def add(
    tx: Tx, monday: date, texts: Words, questions: Words, account_id: str | None, now: datetime, *, is_approved: bool
) -> str:
    """The id of a new one. Raises `WeekTaken`."""
    words = {"texts": dict(texts), "questions": dict(questions), "is_approved": is_approved}
    about = {"id": new_id(), "monday": monday, "version": 1, "account_id": account_id, "changed_at": now}
    added = await tx.insert_once(tip, {**about, **words})
    if added is None:
        raise WeekTaken
    return str(added)


async def change(
    tx: Tx,
    tip_id: str,
    version: int,
    monday: date,
    texts: Words,
    questions: Words,
    account_id: str,
    now: datetime,
    *,
    is_approved: bool,
) -> None:
    """Put this in the place of *version*. Raises `WeekTaken`, or `Changed` when that isn't the latest any more."""
    words = {"texts": dict(texts), "questions": dict(questions), "is_approved": is_approved}
    about = {"monday": monday, "version": version + 1, "account_id": account_id, "changed_at": now}
    try:
        changed = await tx.execute(
            update(tip).where(tip.c.id == tip_id, tip.c.version == version).values(**about, **words)
        )
    except IntegrityError as error:
        raise WeekTaken from error
    if changed.rowcount == 0:
        raise Changed


async def remove(tx: Tx, tip_id: str, version: int) -> None:
    """Take it away. Raises `Changed` when *version* isn't the latest any more."""
    if (await tx.execute(delete(tip).where(tip.c.id == tip_id, tip.c.version == version))).rowcount == 0:
        raise Changed


async def ship(tx: Tx, shipped: Sequence[tuple[date, Words, Words]], now: datetime) -> bool:
    """Add these as drafts where there have never been any; False when nothing was done."""
    if not await tx.insert_once(revision_counter, {"topic": TOPIC, "number": 1}):
        return False
    for monday, texts, questions in shipped:
        await add(tx, monday, texts, questions, None, now, is_approved=False)
    return True


async def steps(read: AsyncConnection) -> dict[str, dict[str, int]]:
    """By the tip's id: how many got it, and of these tapped its question, asked something else, or left."""
    counted = (
        select(event.c.topic, event.c.kind, func.count().label("number"))
        .where(event.c.kind.in_([literal_column(f"'{step}'") for step in STEPS]), event.c.topic.is_not(None))
        .group_by(event.c.topic, event.c.kind)
    )
    found: dict[str, dict[str, int]] = {}
    for row in await read.execute(counted):
        found.setdefault(row.topic, dict.fromkeys(STEPS, 0))[row.kind] = row.number
    return found


def _tips() -> Select[tuple[object, ...]]:
    return select(tip, account.c.name.label("account_name")).join(account, isouter=True)


def _tip(row: Row[tuple[object, ...]]) -> Tip:
    return Tip(
        row.id, row.monday, row.texts, row.questions, row.is_approved, row.version, row.account_name, row.changed_at
    )
