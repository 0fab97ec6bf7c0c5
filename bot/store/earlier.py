"""Closed tickets as a source of replies to questions like theirs: what they asked, and what they were told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import account, asker, conversation, message, revision_counter, ticket
from bot.store.tickets import TOPIC
from knowledge.entry import Language


@dataclass(frozen=True)
class Asked:
    """A closed ticket with a reply: the message with its question, and the entry it was about."""

    ticket_id: str
    message_id: int
    topic: str | None


@dataclass(frozen=True)
class Told:
    """What a closed ticket's asker was told, by whom and when; *alias* is that asker's."""

    ticket_id: str
    alias: str
    language: Language
    question: str
    reply: str
    account_name: str
    at: datetime


async def asked(read: AsyncConnection, limit: int) -> list[Asked]:
    """The closed tickets with a question and a reply, those closed last first, at most *limit*."""
    of_ticket = message.alias()
    was_told = exists().where(of_ticket.c.ticket_id == ticket.c.id, of_ticket.c.author == "advisor")
    first = select(func.min(message.c.id)).where(message.c.ticket_id == ticket.c.id, _is_question()).scalar_subquery()
    closed = (
        select(ticket.c.id, first.label("message_id"), ticket.c.topic)
        .where(ticket.c.closed_at.is_not(None), was_told)
        .order_by(ticket.c.closed_at.desc(), ticket.c.id)
        .limit(limit)
    )
    rows = await read.execute(closed)
    return [Asked(row.id, row.message_id, row.topic) for row in rows if row.message_id is not None]


async def texts(read: AsyncConnection, message_ids: Collection[int]) -> dict[int, str]:
    """The texts of these messages, by id."""
    rows = await read.execute(select(message.c.id, message.c.text).where(message.c.id.in_(message_ids)))
    return {row.id: row.text for row in rows}


async def told(read: AsyncConnection, ticket_ids: Sequence[str]) -> dict[str, Told]:
    """What was told in these tickets, by their id: the longest reply, which says most. Others than closed are left out.

    A ticket whose asker has been erased isn't there any more, whoever still remembers its id.
    """
    rows = await read.execute(
        select(
            ticket.c.id,
            asker.c.alias,
            asker.c.language,
            message.c.author,
            message.c.text,
            message.c.created_at,
            account.c.name,
            _is_question().label("is_question"),
        )
        .join(conversation, ticket.c.conversation_id == conversation.c.id)
        .join(asker, conversation.c.asker_id == asker.c.id)
        .join(message, message.c.ticket_id == ticket.c.id)
        .join(account, message.c.account_id == account.c.id, isouter=True)
        .where(ticket.c.id.in_(ticket_ids), ticket.c.closed_at.is_not(None))
        .order_by(message.c.id)
    )
    found: dict[str, Told] = {}
    questions: dict[str, str] = {}
    for row in rows:
        if row.is_question:
            questions.setdefault(row.id, row.text)
        elif row.author == "advisor" and (row.id not in found or len(row.text) > len(found[row.id].reply)):
            asked_first = questions.get(row.id, "")
            found[row.id] = Told(row.id, row.alias, row.language, asked_first, row.text, row.name or "", row.created_at)
    return found


async def number(read: AsyncConnection) -> int:
    """Up to which change of the tickets we are: while it stays the same, at most retention has taken something."""
    row = await read.execute(select(revision_counter.c.number).where(revision_counter.c.topic == TOPIC))
    return row.scalar() or 0


def _is_question() -> ColumnElement[bool]:
    """Contact details that the asker sent are for whoever has that question, and for no likeness."""
    sent_contacts = func.coalesce(message.c.verdict["contacts"].as_boolean(), False)
    return (message.c.author == "asker") & sent_contacts.is_(False)
