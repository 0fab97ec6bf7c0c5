"""What stands in the advisors' groups about tickets: the bot's topics, posts and words, and the advisors' replies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import group_message, message, outbox, ticket

Kind = Literal["topic", "post", "word", "reply"]


@dataclass(frozen=True)
class GroupMessage:
    """One of them; the fields are those of the table."""

    id: int
    kind: Kind
    chat_link_id: str
    ticket_id: str | None
    message_id: int | None
    external_id: str | None
    shown: str | None
    heard: int | None


async def add(tx: Tx, *, key: str, kind: Kind, chat_link_id: str, ticket_id: str, now: datetime, **more: Any) -> int:
    """The id of a new one; IntegrityError where *key* is there already."""
    values = {"key": key, "kind": kind, "chat_link_id": chat_link_id, "ticket_id": ticket_id, "created_at": now}
    inserted = await tx.execute(group_message.insert().values(**values, **more).returning(group_message.c.id))
    return int(inserted.scalar_one())


async def there(read: AsyncConnection, keys: set[str]) -> set[str]:
    """Which of *keys* there are."""
    rows = await read.execute(select(group_message.c.key).where(group_message.c.key.in_(keys)))
    return {row.key for row in rows}


async def pressed(read: AsyncConnection, group_message_id: int, chat_link_id: str) -> str | None:
    """The ticket of the post whose button was pressed in this group; None when there is none such, or it is gone."""
    found = await read.execute(
        select(group_message.c.ticket_id).where(
            group_message.c.id == group_message_id,
            group_message.c.chat_link_id == chat_link_id,
            group_message.c.kind == "post",
        )
    )
    ticket_id: str | None = found.scalar()
    return ticket_id


async def answered(read: AsyncConnection, external_id: str, chat_link_id: str) -> str | None:
    """The ticket that the message *external_id* of this group is about; None when there is none such, or it is gone."""
    found = await read.execute(
        select(group_message.c.ticket_id)
        .where(group_message.c.chat_link_id == chat_link_id, group_message.c.external_id == external_id)
        .order_by(group_message.c.id.desc())
        .limit(1)
    )
    ticket_id: str | None = found.scalar()
    return ticket_id


async def is_out_of_reach(tx: Tx, chat_link_id: str) -> None:
    """Forget what stands in this group: posts say nothing any more, until they are sent anew."""
    here = group_message.c.chat_link_id == chat_link_id
    there = group_message.c.external_id.is_not(None)
    await tx.execute(delete(group_message).where(here, there, group_message.c.kind != "post"))
    await tx.execute(delete(group_message).where(here, there, group_message.c.ticket_id.is_(None)))
    await tx.execute(update(group_message).where(here, there).values(external_id=None, shown=None))


async def out_of_step(read: AsyncConnection) -> list[GroupMessage]:
    """Posts that tell of an earlier version of their ticket than the present one, or say nothing any more.

    Not those that are still on their way.
    """
    rows = await read.execute(
        select(group_message)
        .join(ticket, group_message.c.ticket_id == ticket.c.id)
        .where(
            group_message.c.kind == "post",
            or_(
                and_(group_message.c.external_id.is_not(None), group_message.c.ticket_version != ticket.c.version),
                and_(group_message.c.shown.is_(None), ticket.c.closed_at.is_(None)),
            ),
        )
        .order_by(group_message.c.id)
    )
    return [_message(row) for row in rows]


async def latest_post(read: AsyncConnection, ticket_id: str, chat_link_id: str) -> int:
    """The id of the group's newest post about this ticket."""
    found = await read.execute(
        select(func.max(group_message.c.id)).where(
            group_message.c.ticket_id == ticket_id,
            group_message.c.chat_link_id == chat_link_id,
            group_message.c.kind == "post",
        )
    )
    return int(found.scalar_one())


async def heard_in(read: AsyncConnection, ticket_id: str) -> int:
    """How many messages of the asker's the ticket has."""
    found = await read.execute(
        select(func.count()).where(message.c.ticket_id == ticket_id, message.c.author == "asker")
    )
    return int(found.scalar_one())


async def tells_now(tx: Tx, post_id: int, *, shown: str, version: int, heard: int) -> None:
    """Remember what a post is made to say."""
    await tx.execute(
        update(group_message)
        .where(group_message.c.id == post_id)
        .values(shown=shown, ticket_version=version, heard=heard)
    )


async def is_on_its_way(read: AsyncConnection, beginning: str) -> bool:
    """Whether something whose key begins so is still to reach its group."""
    found = await read.execute(
        select(outbox.c.id)
        .join(group_message, outbox.c.group_message_id == group_message.c.id)
        .where(group_message.c.key.startswith(beginning), outbox.c.state.in_(("queued", "sending")))
    )
    return found.first() is not None


async def finished_replies(read: AsyncConnection) -> list[tuple[GroupMessage, str, str | None]]:
    """Advisors' replies whose delivery has ended and whose group doesn't know: each with its state and the reason."""
    tried = outbox.alias()
    latest = (
        select(func.max(tried.c.id))
        .where(tried.c.message_id == group_message.c.message_id)
        .correlate(group_message)
        .scalar_subquery()
    )
    rows = await read.execute(
        select(group_message, outbox.c.state, outbox.c.reason)
        .select_from(group_message)
        .join(outbox, outbox.c.id == latest)
        .where(
            group_message.c.kind == "reply",
            group_message.c.message_id.is_not(None),
            outbox.c.state.in_(("sent", "failed")),
        )
        .order_by(group_message.c.id)
    )
    return [(_message(row), row.state, row.reason) for row in rows]


async def is_told(tx: Tx, reply_id: int) -> None:
    """Remember that the group knows whether this reply has arrived."""
    await tx.execute(update(group_message).where(group_message.c.id == reply_id).values(message_id=None))


async def left_behind(read: AsyncConnection) -> list[GroupMessage]:
    """What stands in a group about a ticket that is gone."""
    rows = await read.execute(
        select(group_message)
        .where(group_message.c.ticket_id.is_(None), group_message.c.external_id.is_not(None))
        .order_by(group_message.c.id)
    )
    return [_message(row) for row in rows]


async def forget(tx: Tx, group_message_id: int) -> None:
    """Forget one of them; whoever does has seen to it that it goes from the group."""
    await tx.execute(delete(group_message).where(group_message.c.id == group_message_id))


def _message(row: Row[Any]) -> GroupMessage:
    fields = row._mapping
    return GroupMessage(**{name: fields[name] for name in GroupMessage.__dataclass_fields__})
