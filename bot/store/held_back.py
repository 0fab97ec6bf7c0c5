"""Keeping back what is queued to go unasked, where since then its asker has said no or has been in danger.

It may wait for the next morning, or for a channel that is away. Its kind is what its key in the outbox begins with.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, delete, literal, or_, select, true, update

from bot.store.engine import Tx
from bot.store.schema import message, outbox

Kind = Literal["tip", "checkins", "outcomes"]


async def withdraw(tx: Tx, conversation_id: str, *kinds: Kind) -> None:
    """Let nothing of these kinds go out to the asker of this conversation; what is on its way goes on."""
    await tx.execute(
        delete(message).where(message.c.id.in_(select(outbox.c.message_id).where(*_of(conversation_id, kinds))))
    )


async def put_off(tx: Tx, conversation_id: str, kind: Kind, until: datetime, opening: str) -> None:
    """Let what is queued of *kind* wait *until* then, and begin with the words of *opening*."""
    queued = (*_of(conversation_id, [kind]), outbox.c.not_before < until)
    said = select(outbox.c.message_id).where(*queued)
    begun = literal(f"{opening}\n\n") + message.c.text
    is_begun = message.c.text.startswith(opening, autoescape=True)
    await tx.execute(update(message).where(message.c.id.in_(said), ~is_begun).values(text=begun))
    await tx.execute(update(outbox).where(*queued).values(not_before=until))


def _of(conversation_id: str, kinds: Sequence[Kind]) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.destination == conversation_id,
        outbox.c.is_broadcast == true(),
        outbox.c.state == "queued",
        or_(*(outbox.c.key.startswith(f"{kind}:", autoescape=True) for kind in kinds)),
    )
