"""What became of the latest message to each reader of summaries, as the outbox knows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import outbox

PICTURE = ":picture"
QUESTION = "reader:"  # begins the key of what asks whether an address wants any

State = Literal["waiting", "retried", "sent", "failed"]


@dataclass(frozen=True)
class Standing:
    """How the latest message to a reader stands.

    Attributes
        item_id, key: of its text, in the outbox.
        state: on its way, tried in vain so far, arrived, or given up.
        at: when it was queued or, in the end, finished.
        reason: why it failed.
        lacks_picture: the text has arrived, and the picture never will.
    """

    item_id: int
    key: str
    state: State
    at: datetime
    reason: str | None
    lacks_picture: bool = False

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state == "failed" or self.lacks_picture


async def standings(read: AsyncConnection, reader_ids: Collection[str]) -> dict[str, Standing]:
    """By reader; those who were sent nothing lately are left out."""
    rows = await read.execute(
        select(outbox)
        .where(
            outbox.c.destination.in_(reader_ids),
            or_(outbox.c.key.startswith("summary:"), outbox.c.key.startswith(QUESTION)),
        )
        .order_by(outbox.c.id)
    )
    found: dict[str, Standing] = {}
    for row in rows:
        if not row.key.endswith(PICTURE):
            state: State = row.state if row.state in {"sent", "failed"} else "retried" if row.attempts else "waiting"
            found[row.destination] = Standing(row.id, row.key, state, row.finished_at or row.queued_at, row.reason)
        elif row.state == "failed" and (text := found.get(row.destination)) is not None and text.state == "sent":
            found[row.destination] = Standing(text.item_id, text.key, "sent", text.at, row.reason, lacks_picture=True)
    return found
