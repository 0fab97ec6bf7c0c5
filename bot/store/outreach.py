"""Which of the proposals to make something known have been taken up: a campaign was made of it, or it was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import outreach


@dataclass(frozen=True)
class TakenUp:
    """What became of a proposal: the code of its *campaign*, or when it was marked as done."""

    campaign: str | None
    done_at: datetime | None


async def taken_up(read: AsyncConnection) -> Mapping[str, TakenUp]:
    """All that have been taken up, by their keys."""
    rows = await read.execute(select(outreach))
    return {row.key: TakenUp(row.campaign, row.done_at) for row in rows}


async def note_campaign(tx: Tx, key: str, code: str) -> None:
    """A campaign was made of it; done by other means before, it is this from now on."""
    if await tx.insert_once(outreach, {"key": key, "campaign": code, "done_at": None}) is None:
        await tx.execute(update(outreach).where(outreach.c.key == key).values(campaign=code, done_at=None))


async def mark_done(tx: Tx, key: str, now: datetime) -> bool:
    """It was done; False when it was taken up before."""
    return await tx.insert_once(outreach, {"key": key, "campaign": None, "done_at": now}) is not None


async def take_back(tx: Tx, key: str) -> bool:
    """It was not done after all; False for what wasn't marked so. A campaign stays what it is."""
    taken = await tx.execute(delete(outreach).where(outreach.c.key == key, outreach.c.done_at.is_not(None)))
    return taken.rowcount == 1
