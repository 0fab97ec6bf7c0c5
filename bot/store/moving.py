"""A web chat that goes on in Telegram: the one-time code that leads there, and the move itself.

A code is no row of a table: it is the conversation's id and an hour's limit, signed. It works once because a
conversation that has moved is on the web no more.
"""

import base64
import hmac
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, update

from bot.dialogue import Conversation
from bot.store import campaigns, conversations, subscriptions
from bot.store.engine import Tx
from bot.store.schema import address, asker, conversation, message, outbox, ticket
from bot.store.tickets import TOPIC as QUEUE
from bot.vault import Vault

FROM = "web"
PREFIX = "jatka-"
CODE_LIVES = timedelta(hours=1)
REFUSED: Literal["refused"] = "refused"
CODE = re.compile(PREFIX + r"[A-Za-z0-9_-]{48}")


def make_code(vault: Vault, conversation_id: str, now: datetime) -> str:
    """The code that moves this conversation, at most 64 characters of those that Telegram passes on with /start."""
    until = int((now + CODE_LIVES).timestamp())
    signed = bytes.fromhex(conversation_id) + until.to_bytes(4, "big") + _signature(vault, conversation_id, until)
    return PREFIX + base64.urlsafe_b64encode(signed).decode()


def read_code(vault: Vault, code: str, now: datetime) -> str | None:
    """The id of the conversation that *code* moves; None when it is made up or too old."""
    if not CODE.fullmatch(code):
        return None
    signed = base64.urlsafe_b64decode(code.removeprefix(PREFIX))
    conversation_id, until = signed[:16].hex(), int.from_bytes(signed[16:20], "big")
    is_ours = hmac.compare_digest(signed[20:], _signature(vault, conversation_id, until))
    return conversation_id if is_ours and now.timestamp() < until else None


async def move(
    tx: Tx, vault: Vault, *, code: str, channel: str, lookup: str, address_text: str, now: datetime
) -> Conversation | Literal["refused"] | None:
    """The conversation of *code*, now on *channel* at this address; None when the code moves nothing (any more).

    `REFUSED`, and no change, where this conversation and that one both have a question with an advisor.

    Its web address stays with the asker, without a conversation: the page can tell where that went, and erasing finds
    all traces of it. A conversation that is at the new address already takes in the one that comes.
    """
    conversation_id = read_code(vault, code, now)
    here = await conversations.find(tx.connection, channel=channel, lookup=lookup)
    # Both locked before all that hangs on them, in one order whoever moves.
    ids = sorted(id_ for id_ in (conversation_id, here.id if here else None) if id_)
    await tx.execute(select(conversation.c.id).where(conversation.c.id.in_(ids)).order_by("id").with_for_update())
    coming = await conversations.get(tx.connection, conversation_id) if conversation_id else None
    if coming is None or coming.channel != FROM:
        return None
    if here is None:
        await _readdress(tx, vault, coming, channel=channel, lookup=lookup, address_text=address_text)
    elif here.ticket is not None and coming.ticket is not None:
        return REFUSED
    else:
        await _merge(tx, coming, here, now)
    await tx.bump(QUEUE)
    tx.touch(f"conversation:{coming.id}")
    return await conversations.find(tx.connection, channel=channel, lookup=lookup)


async def _readdress(
    tx: Tx, vault: Vault, coming: Conversation, *, channel: str, lookup: str, address_text: str
) -> None:
    address_id = await conversations.add_address(
        tx, vault, conversations.owner(coming.id), channel=channel, lookup=lookup, address_text=address_text
    )
    await tx.execute(
        update(conversation)
        .where(conversation.c.id == coming.id)
        .values(address_id=address_id, channel=channel, version=conversation.c.version + 1)
    )
    await _redirect(tx, coming.id, coming.id, channel)


async def _merge(tx: Tx, coming: Conversation, here: Conversation, now: datetime) -> None:
    await conversations.save(tx, _with_state_of(coming, here), now)
    for table in (message, ticket):
        await tx.execute(update(table).where(table.c.conversation_id == coming.id).values(conversation_id=here.id))
    await _redirect(tx, coming.id, here.id, here.channel)
    rows = await tx.execute(select(conversation).where(conversation.c.id.in_((coming.id, here.id))))
    owners = {row.id: row.asker_id for row in rows}
    await campaigns.join(tx, owners[coming.id], owners[here.id])
    await subscriptions.join(tx, owners[coming.id], owners[here.id])
    await tx.execute(delete(conversation).where(conversation.c.id == coming.id))
    await tx.execute(update(address).where(address.c.asker_id == owners[coming.id]).values(asker_id=owners[here.id]))
    await tx.execute(delete(asker).where(asker.c.id == owners[coming.id]))


async def _redirect(tx: Tx, from_id: str, to_id: str, channel: str) -> None:
    """Every reply belongs to the conversation at the new place; what still waits is sent there."""
    await tx.execute(update(outbox).where(outbox.c.destination == from_id).values(destination=to_id))
    await tx.execute(
        update(outbox).where(outbox.c.destination == to_id, outbox.c.state == "queued").values(channel=channel)
    )


def _with_state_of(coming: Conversation, here: Conversation) -> Conversation:
    """The talk goes on where the web chat was; the care for somebody in danger lasts as long as in either."""
    ends = [until for until in (coming.state.safety_until, here.state.safety_until) if until]
    chosen = next((talk for talk in (coming, here) if talk.state.chose_language), None)
    state = replace(
        coming.state, safety_until=max(ends, default=None), chose_language=chosen is not None, contacts_let_at=None
    )
    return replace(here, language=(chosen or here).language, state=state)


def _signature(vault: Vault, conversation_id: str, until: int) -> bytes:
    return bytes.fromhex(vault.lookup("move", conversation_id, str(until)))
