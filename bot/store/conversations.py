"""Askers, their addresses and what was said: rows to `Conversation` and back."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, ScalarSelect, Select, and_, bindparam, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue import Asked, Button, ClosedTicket, Conversation, OpenTicket, Rating, State
from bot.store.engine import Tx
from bot.store.schema import address, asker, conversation, message, subscription, ticket
from bot.vault import Vault
from knowledge.entry import Language

ALIAS_ANIMALS = (
    "Kettu", "Ilves", "Hauki", "Kuikka", "Majava", "Pöllö", "Saukko", "Teeri", "Karhu", "Hirvi", "Joutsen", "Siili",
    "Lokki", "Mäyrä", "Näätä", "Orava", "Peura", "Riekko", "Särki", "Tiira", "Varis", "Ahma", "Kurki", "Lohi",
)  # fmt: skip

_MOMENTS = ("safety_until", "contacts_let_at", "asking_offered_at")  # of a state: JSON knows no times
_IS_LEFT = ~exists().where(conversation.c.address_id == address.c.id)


def _talks() -> Select[Any]:
    """Conversations with their asker, address, and the open ticket or else the latest."""
    latest = (
        select(ticket.c.id)
        .where(ticket.c.conversation_id == conversation.c.id)
        .order_by(ticket.c.closed_at.is_not(None), ticket.c.opened_at.desc())
        .limit(1)
        .correlate(conversation)
        .scalar_subquery()
    )
    return (
        select(
            conversation,
            asker.c.alias,
            asker.c.language,
            address.c.reachable,
            ticket.c.id.label("ticket_id"),
            ticket.c.account_id.label("claimed_by"),
            ticket.c.closed_at,
            func.coalesce(ticket.c.reopened_at, ticket.c.opened_at).label("ticket_since"),
        )
        .join(address, conversation.c.address_id == address.c.id)
        .join(asker, conversation.c.asker_id == asker.c.id)
        .join(ticket, ticket.c.id == latest, isouter=True)
    )


def owner(conversation_id: str | BindParameter[str]) -> ScalarSelect[str]:
    """The id of the asker whose conversation this is, for a statement about them."""
    return select(conversation.c.asker_id).where(conversation.c.id == conversation_id).scalar_subquery()


OF_ASKER = (
    asker.c.id,
    asker.c.first_campaign,
    asker.c.first_campaign_on,
    asker.c.last_campaign,
    asker.c.last_campaign_on,
    asker.c.last_events,
)
"""What an asker's row tells of what they caused before."""

# Built once: see `inbox`.
_TALK_AT = _talks().where(address.c.channel == bindparam("channel"), address.c.lookup == bindparam("lookup"))
_TALK = _talks().where(conversation.c.id == bindparam("conversation_id"))
_CHANGED = (
    update(conversation)
    .where(conversation.c.id == bindparam("conversation_id"))
    .values(version=conversation.c.version + 1)
)
_SAVE_ASKER = update(asker).where(asker.c.id == owner(bindparam("conversation_id"))).returning(*OF_ASKER)
_ADD_MESSAGE = message.insert().returning(message.c.id)


@dataclass(frozen=True)
class Message:
    """One message as people see it; *author* is asker, bot, advisor or note."""

    id: int
    author: str
    text: str
    buttons: list[dict[str, str]]
    account_id: str | None
    ticket_id: str | None
    created_at: datetime


def new_id() -> str:
    """A random id of 128 bits, 32 hexadecimal digits."""
    return secrets.token_hex(16)


async def find(read: AsyncConnection, *, channel: str, lookup: str) -> Conversation | None:
    """The conversation with the address *lookup* (its keyed hash), or None when they have never written."""
    row = await read.execute(_TALK_AT, {"channel": channel, "lookup": lookup})
    return _conversation(row.first())


async def get(read: AsyncConnection, conversation_id: str) -> Conversation | None:
    """The conversation with this id, or None."""
    row = await read.execute(_TALK, {"conversation_id": conversation_id})
    return _conversation(row.first())


def begun(channel: str, lookup: str) -> str:
    """The topic of a conversation that begins at this address."""
    return f"begun:{channel}:{lookup}"


async def has_moved(read: AsyncConnection, *, channel: str, lookup: str) -> bool:
    """Whether the conversation that was at this address goes on in another channel."""
    left = select(address.c.id).where(address.c.channel == channel, address.c.lookup == lookup, _IS_LEFT)
    return (await read.execute(left)).first() is not None


async def begin(
    tx: Tx, vault: Vault, *, channel: str, lookup: str, address_text: str, language: Language, now: datetime
) -> Conversation:
    """A new asker with an alias, their address sealed, and an empty conversation."""
    # An address whose conversation has moved to another channel is free again.
    await tx.execute(delete(address).where(address.c.channel == channel, address.c.lookup == lookup, _IS_LEFT))
    asker_id, conversation_id = new_id(), new_id()
    alias = f"{secrets.choice(ALIAS_ANIMALS)} {secrets.randbelow(900) + 100}"
    await tx.execute(
        asker.insert().values(
            id=asker_id, alias=alias, language=language, created_at=now, last_seen_at=now, last_events={}
        )
    )
    address_id = await add_address(tx, vault, asker_id, channel=channel, lookup=lookup, address_text=address_text)
    await tx.execute(
        conversation.insert().values(
            id=conversation_id,
            asker_id=asker_id,
            address_id=address_id,
            channel=channel,
            state={},
            version=0,
            created_at=now,
        )
    )
    tx.touch(begun(channel, lookup))
    return Conversation(conversation_id, alias, language, channel)


async def add_address(
    tx: Tx, vault: Vault, asker_id: str | ScalarSelect[str], *, channel: str, lookup: str, address_text: str
) -> str:
    """Another address of an asker, sealed; its id."""
    address_id = new_id()
    await tx.execute(
        address.insert().values(
            id=address_id,
            asker_id=asker_id,
            channel=channel,
            lookup=lookup,
            sealed=vault.seal(address_text),
            reachable=True,
        )
    )
    return address_id


async def save(tx: Tx, talk: Conversation, now: datetime) -> Row[Any]:
    """Keep the state and the language, and that the asker was seen; returns `OF_ASKER`."""
    await tx.execute(_CHANGED, {"conversation_id": talk.id, "state": _state_as_json(talk.state)})
    seen = {"conversation_id": talk.id, "language": talk.language, "last_seen_at": now}
    row = (await tx.execute(_SAVE_ASKER, seen)).one()
    tx.touch(f"conversation:{talk.id}")
    return row


async def keep_state(tx: Tx, talk: Conversation) -> None:
    """Keep the state after what somebody else than the asker has done."""
    await tx.execute(_CHANGED, {"conversation_id": talk.id, "state": _state_as_json(talk.state)})
    tx.touch(f"conversation:{talk.id}")


async def changed(tx: Tx, conversation_id: str) -> None:
    """Count a visible change, so that open pages look again."""
    await tx.execute(_CHANGED, {"conversation_id": conversation_id})
    tx.touch(f"conversation:{conversation_id}")


async def sealed_address(read: AsyncConnection, conversation_id: str) -> bytes | None:
    """Where this conversation's messages go to, sealed; None once it is forgotten."""
    of = select(address.c.sealed).join(conversation, conversation.c.address_id == address.c.id)
    found: bytes | None = (await read.execute(of.where(conversation.c.id == conversation_id))).scalar()
    return found


async def set_reachable(tx: Tx, conversation_id: str, *, reachable: bool) -> None:
    """Remember whether this address still takes our messages; who takes none has ended what they subscribed to."""
    of = select(conversation.c.address_id).where(conversation.c.id == conversation_id).scalar_subquery()
    await tx.execute(update(address).where(address.c.id == of).values(reachable=reachable))
    if not reachable:
        await tx.execute(delete(subscription).where(subscription.c.asker_id == owner(conversation_id)))


async def add_message(
    tx: Tx,
    conversation_id: str,
    author: str,
    text: str,
    now: datetime,
    *,
    buttons: tuple[Button, ...] = (),
    entry_id: str | None = None,
    question_id: int | None = None,
    verdict: dict[str, object] | None = None,
    ticket_id: str | None = None,
    account_id: str | None = None,
) -> int:
    """Write one message and return its id; ids ascend in the order things were said."""
    row = {
        "conversation_id": conversation_id,
        "author": author,
        "text": text,
        "buttons": [asdict(button) for button in buttons],
        "entry_id": entry_id,
        "question_id": question_id,
        "verdict": verdict,
        "ticket_id": ticket_id,
        "account_id": account_id,
        "created_at": now,
    }
    inserted = await tx.execute(_ADD_MESSAGE, row)
    return int(inserted.scalar_one())


async def remove_message(tx: Tx, message_id: int) -> None:
    """Take a message back, and all that was done to deliver it."""
    await tx.execute(delete(message).where(message.c.id == message_id))


async def join_ticket(tx: Tx, message_id: int, ticket_id: str) -> None:
    """Make a message part of a ticket's thread."""
    await tx.execute(update(message).where(message.c.id == message_id).values(ticket_id=ticket_id))


async def rate(tx: Tx, conversation_id: str, rating: Rating) -> None:
    """Keep with an answer whether it helped; who says something else later is taken at their last word."""
    answer = and_(message.c.id == rating.message_id, message.c.conversation_id == conversation_id)
    await tx.execute(update(message).where(answer).values(helped=rating.helped))


async def question(read: AsyncConnection, conversation_id: str, message_id: int | None) -> Asked | None:
    """The question *message_id* of this conversation with what the bot saw in it; None when it isn't theirs or gone."""
    row = (
        await read.execute(
            select(message.c.id, message.c.text, message.c.verdict, message.c.ticket_id).where(
                message.c.id == message_id,
                message.c.conversation_id == conversation_id,
                message.c.author == "asker",
            )
        )
    ).first()
    if row is None:
        return None
    seen = row.verdict or {}
    hits = tuple((entry_id, score) for entry_id, score in seen.get("hits", ()))
    return Asked(row.id, row.text, hits, seen.get("confidence"), row.ticket_id)


async def offered(read: AsyncConnection, conversation_id: str) -> list[str]:
    """The entries that the bot's last message offers as choices, as long as nothing was said after it; else none."""
    of_bot = message.c.conversation_id == conversation_id, message.c.author == "bot"
    last = (await read.execute(select(message.c.buttons).where(*of_bot).order_by(message.c.id.desc()).limit(1))).first()
    buttons = (last.buttons if last else None) or []
    is_open = any(button["verb"] == "none" for button in buttons)
    return [button["value"] for button in buttons if is_open and button["verb"] == "pick"]


async def button(
    read: AsyncConnection, conversation_id: str, message_id: int, ordinal: int
) -> tuple[Button, int | None] | None:
    """The button *ordinal* under *message_id* and the question it is about; None if it isn't this conversation's."""
    row = (
        await read.execute(
            select(message.c.buttons, message.c.question_id).where(
                message.c.id == message_id, message.c.conversation_id == conversation_id
            )
        )
    ).first()
    if row is None or not 0 <= ordinal < len(row.buttons):
        return None
    return Button(**row.buttons[ordinal]), row.question_id


async def messages(read: AsyncConnection, conversation_id: str, *, after: int = 0, limit: int = 500) -> list[Message]:
    """What was said in this conversation after message *after*, oldest first, without the advisors' notes."""
    rows = await read.execute(
        select(message)
        .where(message.c.conversation_id == conversation_id, message.c.id > after, message.c.author != "note")
        .order_by(message.c.id.desc())
        .limit(limit)
    )
    return [
        Message(row.id, row.author, row.text, row.buttons, row.account_id, row.ticket_id, row.created_at)
        for row in reversed(rows.all())
    ]


def _conversation(row: Row[Any] | None) -> Conversation | None:
    if row is None:
        return None
    is_open = row.ticket_id is not None and row.closed_at is None
    return Conversation(
        row.id,
        row.alias,
        row.language,
        row.channel,
        _state_from_json(row.state),
        OpenTicket(row.ticket_id, row.claimed_by is not None, row.ticket_since) if is_open else None,
        ClosedTicket(row.ticket_id, row.closed_at) if row.closed_at is not None else None,
        row.reachable,
    )


def _state_as_json(state: State) -> dict[str, object]:
    moments = {name: moment.isoformat() for name in _MOMENTS if (moment := getattr(state, name))}
    return {**asdict(state), **moments}


def _state_from_json(stored: dict[str, object]) -> State:
    known = {name: stored[name] for name in State.__dataclass_fields__ if name in stored}
    moments = {name: datetime.fromisoformat(str(moment)) for name in _MOMENTS if (moment := known.get(name))}
    return State(**{**known, **moments})  # type: ignore[arg-type]
