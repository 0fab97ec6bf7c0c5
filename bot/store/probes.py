"""What the service's own question leaves behind, and takes away again: see `bot.probing`."""

from sqlalchemy import delete, select

from bot.store import conversations, erasure
from bot.store.engine import Tx
from bot.store.schema import decision, inbox, outbox


async def forget(tx: Tx, *, channel: str, sender: str) -> None:
    """Delete every trace of what was asked by *sender* and handled; what is still open goes the next time."""
    rows = await tx.execute(
        select(inbox.c.id).where(inbox.c.channel == channel, inbox.c.sender == sender, inbox.c.state != "open")
    )
    handled = list(rows.scalars())
    talk = await conversations.find(tx.connection, channel=channel, lookup=sender)
    if talk is not None:
        await erasure.erase(tx, talk.id)
    await tx.execute(delete(outbox).where(outbox.c.inbox_id.in_(handled)))
    await tx.execute(delete(decision).where(decision.c.inbox_id.in_(handled)))
    await tx.execute(delete(inbox).where(inbox.c.id.in_(handled)))
