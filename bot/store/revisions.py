"""FAQ edits made in the console. The newest published revision of a part wins over its file; none is ever deleted."""

from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import entry_revision, revision_counter
from knowledge.entry import Language
from knowledge.library import Revision

TOPIC = "faq"


async def published(read: AsyncConnection) -> list[Revision]:
    """The newest published revision of every edited part, in a fixed order."""
    newest = (
        select(func.max(entry_revision.c.id))
        .where(entry_revision.c.state == "published")
        .group_by(entry_revision.c.entry_id, entry_revision.c.language, entry_revision.c.part)
    )
    rows = await read.execute(
        select(entry_revision)
        .where(entry_revision.c.id.in_(newest))
        .order_by(entry_revision.c.entry_id, entry_revision.c.language, entry_revision.c.part)
    )
    return [Revision(row.entry_id, row.language, row.part, row.text) for row in rows]


async def publish(
    tx: Tx,
    *,
    entry_id: str,
    language: Language,
    part: Literal["answer", "phrasings"],
    text: str,
    base_hash: str | None,
    account_id: str,
    now: datetime,
) -> None:
    """Put *text* in the place of that part's file, from the next refit on, in every process."""
    await tx.execute(
        entry_revision.insert().values(
            entry_id=entry_id,
            language=language,
            part=part,
            text=text,
            base_hash=base_hash,
            state="published",
            account_id=account_id,
            created_at=now,
        )
    )
    await tx.bump(TOPIC)


async def number(read: AsyncConnection) -> int:
    """How many times the FAQ has been changed in the console: whoever has another number must refit."""
    row = await read.execute(select(revision_counter.c.number).where(revision_counter.c.topic == TOPIC))
    return row.scalar() or 0
