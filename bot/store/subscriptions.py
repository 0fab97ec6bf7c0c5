"""What askers have agreed to get unasked, and when the next of it is due: the consent that a broadcast needs.

A subscription goes with its asker, ends when they block the bot (`conversations.set_reachable`), and while it stands
their address is kept (`retention`). A turn is taken by moving `due_at` on: whoever does it first sends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.conversations import owner
from bot.store.engine import Tx
from bot.store.schema import address, conversation, subscription

Kind = Literal["tips", "checkins", "outcomes"]
KINDS: tuple[Kind, ...] = ("tips", "checkins", "outcomes")


@dataclass(frozen=True)
class Subscription:
    """One consent: *since* when, *agreed* to what where the kind alone doesn't say, and when the next may come."""

    since: datetime
    agreed: dict[str, Any]
    due_at: datetime | None


@dataclass(frozen=True)
class Turn:
    """Somebody whose next is due, to be taken by `take`; *conversation_id*: where it goes."""

    asker_id: str
    kind: Kind
    conversation_id: str
    due_at: datetime


async def begin(
    tx: Tx,
    conversation_id: str,
    kind: Kind,
    now: datetime,
    *,
    due_at: datetime | None,
    agreed: Mapping[str, Any] | None = None,
) -> bool:
    """Remember that the asker of this conversation has agreed; False where they had: then *agreed* is what changes,
    and what is due stays so.
    """
    theirs = (subscription.c.asker_id == owner(conversation_id), subscription.c.kind == kind)
    if agreed is not None:
        await tx.execute(update(subscription).where(*theirs).values(agreed=dict(agreed)))
    if (await tx.execute(select(subscription.c.kind).where(*theirs))).first():
        return False
    values = {"kind": kind, "since": now, "agreed": dict(agreed or {}), "due_at": due_at}
    await tx.execute(insert(subscription).values(asker_id=owner(conversation_id), **values))
    return True


async def end(tx: Tx, conversation_id: str, kind: Kind) -> bool:
    """Let nothing of *kind* come any more; False where nothing would have."""
    theirs = (subscription.c.asker_id == owner(conversation_id), subscription.c.kind == kind)
    return (await tx.execute(delete(subscription).where(*theirs))).rowcount > 0


async def standing(read: AsyncConnection, conversation_id: str) -> dict[Kind, Subscription]:
    """What the asker of this conversation has subscribed to."""
    rows = await read.execute(select(subscription).where(subscription.c.asker_id == owner(conversation_id)))
    found = {row.kind: Subscription(row.since, row.agreed, row.due_at) for row in rows}
    return {kind: found[kind] for kind in KINDS if kind in found}


async def due(read: AsyncConnection, kind: Kind, now: datetime, *, limit: int) -> list[Turn]:
    """Up to *limit* whose next of *kind* is due and who can be reached, those who have waited longest first."""
    rows = await read.execute(
        select(subscription, conversation.c.id.label("conversation_id"))
        .join(conversation, conversation.c.asker_id == subscription.c.asker_id)
        .join(address, conversation.c.address_id == address.c.id)
        .where(subscription.c.kind == kind, subscription.c.due_at <= now, address.c.reachable)
        .order_by(subscription.c.due_at, subscription.c.asker_id)
        .limit(limit)
    )
    return [Turn(row.asker_id, row.kind, row.conversation_id, row.due_at) for row in rows]


async def take(tx: Tx, turn: Turn, next_at: datetime | None) -> bool:
    """Whether *turn* is ours: then the one after it is due at *next_at*. False where another process has taken it, or
    the asker has ended it or is gone.
    """
    still = (
        subscription.c.asker_id == turn.asker_id,
        subscription.c.kind == turn.kind,
        subscription.c.due_at == turn.due_at,
    )
    return (await tx.execute(update(subscription).where(*still).values(due_at=next_at))).rowcount == 1


async def count(read: AsyncConnection, kind: Kind) -> int:
    """How many have subscribed to *kind*."""
    number = select(func.count()).select_from(subscription).where(subscription.c.kind == kind)
    return (await read.execute(number)).scalar_one()


async def join(tx: Tx, coming_id: str, here_id: str) -> None:
    """Put together what two askers agreed to who turn out to be one, *here_id*: nothing comes sooner than to either."""
    theirs = subscription.c.asker_id.in_((coming_id, here_id))
    rows = (await tx.execute(select(subscription).where(theirs).order_by(subscription.c.since))).all()
    await tx.execute(delete(subscription).where(theirs))
    for kind in KINDS:
        if alike := [row for row in rows if row.kind == kind]:
            due_at = [row.due_at for row in alike if row.due_at is not None]
            plans = [plan for row in alike for plan in row.agreed.get("plans", ())]  # each has a day of its own
            values = {
                "since": alike[0].since,
                "agreed": {**alike[-1].agreed, "plans": plans} if plans else alike[-1].agreed,
                "due_at": (min if plans else max)(due_at, default=None),
            }
            await tx.execute(insert(subscription).values(asker_id=here_id, kind=kind, **values))
