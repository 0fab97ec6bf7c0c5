"""All rows that refer to an asker, for the asker's own eyes: few at once, so that nobody else has to wait.

Left out are the advisors' notes and drafts, of which only the number is told; the file says whom to ask for them.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Executable, Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import subscriptions
from bot.store.conversations import owner
from bot.store.engine import Store
from bot.store.schema import (
    account,
    address,
    asker,
    audit,
    campaign,
    conversation,
    decision,
    draft,
    inbox,
    message,
    outbox,
    quarantine,
    subscription,
    ticket,
)

PAGE = 50  # rows that are read at once

Rows = Sequence[Row[Any]]

_STAFF = select(account.c.id.label("key"), account.c.shown_name.label("name"))
_CAMPAIGNS = select(campaign.c.code.label("key"), campaign.c.name)

_SUBSCRIPTIONS = select(
    subscription.c.kind.label("subscribed"), subscription.c.since, subscription.c.agreed, subscription.c.due_at
).order_by(subscription.c.kind)


class Gone(Exception):
    """The asker has been erased meanwhile."""


@dataclass(frozen=True)
class InShort:
    """What there is of a conversation; *contacts_at*: when contact details were last kept by the asker's leave.

    *subscribed_to*: the kinds of what comes unasked.
    """

    last_seen_at: datetime
    messages: int
    contacts_at: datetime | None
    subscribed_to: tuple[subscriptions.Kind, ...]


@dataclass(frozen=True)
class Asker:
    """What there is of an asker besides what was said: rows of the tables; *names* of staff and campaigns."""

    asker: Row[Any]
    addresses: Rows
    subscriptions: Rows
    conversations: Rows
    tickets: Rows
    quarantine: Rows
    messages: int
    notes: int
    drafts: int
    names: dict[str, str]


async def in_short(read: AsyncConnection, conversation_id: str) -> InShort:
    """See `InShort`; the conversation must be there."""
    theirs = message.c.conversation_id == conversation_id
    by_leave = select(func.max(message.c.created_at)).where(theirs, message.c.verdict["contacts"].as_boolean())
    seen = select(asker.c.last_seen_at).join(conversation).where(conversation.c.id == conversation_id)
    said = select(func.count()).where(theirs, message.c.author != "note")
    return InShort(
        (await read.execute(seen)).scalar_one(),
        (await read.execute(said)).scalar_one(),
        (await read.execute(by_leave)).scalar(),
        tuple(await subscriptions.standing(read, conversation_id)),
    )


async def of_asker(read: AsyncConnection, conversation_id: str) -> Asker:
    """What there is of the asker whose conversation this is. Raises `Gone`."""
    found = (await read.execute(select(asker).where(asker.c.id == owner(conversation_id)))).first()
    if found is None:
        raise Gone

    async def rows(statement: Executable) -> list[Row[Any]]:
        return list(await read.execute(statement))

    talks = await rows(select(conversation).where(conversation.c.asker_id == found.id))
    ids = [talk.id for talk in talks]
    authors = select((message.c.author == "note").label("is_note"), func.count().label("number"))
    counted = authors.where(message.c.conversation_id.in_(ids))
    counts = {row.is_note: row.number for row in await rows(counted.group_by("is_note"))}
    begun = select(func.count()).select_from(draft).join(ticket).where(ticket.c.conversation_id.in_(ids))
    return Asker(
        found,
        await rows(select(address).where(address.c.asker_id == found.id)),
        await rows(_SUBSCRIPTIONS.where(subscription.c.asker_id == found.id)),
        talks,
        await rows(select(ticket).where(ticket.c.conversation_id.in_(ids)).order_by(ticket.c.opened_at)),
        await rows(select(quarantine).where(quarantine.c.sender.in_(_lookups(found.id))).order_by(quarantine.c.id)),
        counts.get(False, 0),
        counts.get(True, 0),
        (await read.execute(begun)).scalar_one(),
        {row.key: row.name for named in (_STAFF, _CAMPAIGNS) for row in await rows(named)},
    )


def said(store: Store, conversation_id: str) -> AsyncIterator[Rows]:
    """A conversation's messages, oldest first."""
    return _pages(store, _messages(select(message), conversation_id), message.c.id)


async def sent(store: Store, conversation_id: str) -> AsyncIterator[Rows]:
    """What was done to deliver them, in their order."""
    async for page in _pages(store, _messages(select(message.c.id), conversation_id), message.c.id):
        of_page = outbox.c.message_id.in_([row.id for row in page])
        async with store.read() as read:
            rows = (await read.execute(select(outbox).where(of_page).order_by(outbox.c.message_id, outbox.c.id))).all()
        yield rows


def received(store: Store, asker_id: str) -> AsyncIterator[Rows]:
    """What came from an asker's addresses, and what was decided on it, oldest first."""
    came = select(inbox, decision.c.kind, decision.c.replies, decision.c.decided_at).join(decision, isouter=True)
    return _pages(store, came.where(inbox.c.sender.in_(_lookups(asker_id))), inbox.c.id)


def looks(store: Store, asker_id: str) -> AsyncIterator[Rows]:
    """What the audit log tells of an asker's questions, oldest first."""
    talks = select(conversation.c.id).where(conversation.c.asker_id == asker_id)
    of_talk = audit.c.subject.in_(talks)
    of_ticket = audit.c.subject.in_(select(ticket.c.id).where(ticket.c.conversation_id.in_(talks)))
    return _pages(store, select(audit).where(or_(of_talk, of_ticket)), audit.c.id)


def _messages(what: Select[Any], conversation_id: str) -> Select[Any]:
    return what.where(message.c.conversation_id == conversation_id, message.c.author != "note")


async def _pages(store: Store, statement: Select[Any], key: Column[int]) -> AsyncIterator[Rows]:
    after = 0
    while True:
        async with store.read() as read:
            page = (await read.execute(statement.where(key > after).order_by(key).limit(PAGE))).all()
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].id


def _lookups(asker_id: str) -> Select[tuple[str]]:
    return select(address.c.lookup).where(address.c.asker_id == asker_id)
