"""Telegram chats of the people behind the service, and the one-time codes by which these and their own are linked."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import group_messages, login_attempts
from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.schema import chat_link, link_code, summary_reader
from bot.store.tickets import TOPIC as QUEUE
from bot.vault import Vault, WrongKey

Purpose = Literal["advisors", "coordinator"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
CODE_LIVES = timedelta(hours=1)
SUPERGROUPS_BELOW = -(10**12)


@dataclass(frozen=True)
class Code:
    """What a code was made for: to link a chat for *purpose*, or an account's own Telegram; one of both is None."""

    purpose: Purpose | None
    account_id: str | None


@dataclass(frozen=True)
class LinkedChat:
    """A chat as the console lists it: without its address."""

    id: str
    purpose: Purpose
    linked_at: datetime


async def make_code(tx: Tx, purpose: Purpose, now: datetime) -> str:
    """A new code for `/liita`, good once within the hour; only its hash is kept."""
    return await _make_code(tx, now, purpose=purpose)


async def make_own_code(tx: Tx, account_id: str, now: datetime) -> str:
    """A new code for `/liita` by which an account's own Telegram is linked; none made for it before is good any more.

    Good once within the hour; only its hash is kept.
    """
    await tx.execute(delete(link_code).where(link_code.c.account_id == account_id))
    return await _make_code(tx, now, purpose="account", account_id=account_id)


async def _make_code(tx: Tx, now: datetime, **made_for: str) -> str:
    code = secrets.token_urlsafe(9)
    await tx.execute(link_code.insert().values(code_hash=_hash(code), expires_at=now + CODE_LIVES, **made_for))
    return code


async def use_code(tx: Tx, vault: Vault, *, code: str, address: str, now: datetime) -> Code | None:
    """What the code sent from *address* was made for, now used up; None when it is wrong, used or too old.

    Raises `login_attempts.TooMany` for a chat that has guessed too often, before the code is looked at.
    """
    attempt = await login_attempts.count_code(tx, vault, chat=address, now=now)
    used = await tx.execute(
        delete(link_code)
        .where(link_code.c.code_hash == _hash(code), link_code.c.expires_at > now)
        .returning(link_code.c.purpose, link_code.c.account_id)
    )
    row = used.first()
    if row is None:
        return None
    await login_attempts.forgive(tx, attempt)
    return Code(None if row.account_id else row.purpose, row.account_id)


async def link(tx: Tx, vault: Vault, *, purpose: Purpose, address: str, now: datetime) -> str:
    """The id under which the Telegram chat *address* serves *purpose*, linked now if it wasn't.

    A group that has become a supergroup is found by the address it had, too: the operator's settings may name that.
    """
    lookup = _lookup(vault, address)
    known = select(chat_link.c.id).where(
        chat_link.c.purpose == purpose, or_(chat_link.c.lookup == lookup, chat_link.c.former_lookup == lookup)
    )
    found = (await tx.execute(known.limit(1))).scalar()
    if found is None:
        values = {"id": new_id(), "purpose": purpose, "lookup": lookup, "sealed": vault.seal(address), "linked_at": now}
        await tx.insert_once(chat_link, values)
        found = (await tx.execute(known.limit(1))).scalar_one()
    return str(found)


async def move(tx: Tx, vault: Vault, *, address: str, to: str) -> bool:
    """Follow a group that has become the supergroup *to*; False when it isn't linked (any more).

    What stood in the group is out of a bot's reach there, and has to be said anew.
    """
    old, new = _lookup(vault, address), _lookup(vault, to)
    links = (await tx.execute(select(chat_link.c.id, chat_link.c.purpose).where(chat_link.c.lookup == old))).all()
    for row in links:
        twin = select(chat_link.c.id).where(chat_link.c.purpose == row.purpose, chat_link.c.lookup == new)
        linked_anew = (await tx.execute(twin)).scalar()
        if linked_anew is not None:  # by hand, before we noticed
            await _inherit_wishes(tx, row.id, linked_anew)
            await tx.execute(delete(chat_link).where(chat_link.c.id == row.id))
            await tx.execute(update(chat_link).where(chat_link.c.lookup == new).values(former_lookup=old))
            continue
        await tx.execute(
            update(chat_link)
            .where(chat_link.c.id == row.id)
            .values(lookup=new, sealed=vault.seal(to), former_lookup=old)
        )
        await group_messages.is_out_of_reach(tx, row.id)
    if links:
        await tx.bump(QUEUE)
    return bool(links)


async def _inherit_wishes(tx: Tx, old_id: str, new_id: str) -> None:
    """Which summaries are wanted in a chat stays so under its new link, unless something is wished there already."""
    has_own = select(summary_reader.c.id).where(summary_reader.c.id == new_id)
    if (await tx.execute(has_own)).first() is None:
        wishes = update(summary_reader).where(summary_reader.c.id == old_id)
        await tx.execute(wishes.values(id=new_id, chat_link_id=new_id))


async def find(read: AsyncConnection, vault: Vault, *, purpose: Purpose, address: str) -> str | None:
    """The id under which the Telegram chat *address* serves *purpose*, or did before it was a supergroup, or None."""
    lookup = _lookup(vault, address)
    found = await read.execute(
        select(chat_link.c.id).where(
            chat_link.c.purpose == purpose, or_(chat_link.c.lookup == lookup, chat_link.c.former_lookup == lookup)
        )
    )
    link_id: str | None = found.scalar()
    return link_id


async def is_supergroup(read: AsyncConnection, vault: Vault, chat_link_id: str) -> bool:
    """Whether the chat could have topics, by Telegram's numbers for chats."""
    sealed = (await read.execute(select(chat_link.c.sealed).where(chat_link.c.id == chat_link_id))).scalar_one()
    try:
        return int(vault.unseal(sealed)) < SUPERGROUPS_BELOW
    except WrongKey:
        return False  # whoever sends anything there will say so


async def linked(read: AsyncConnection, purpose: Purpose) -> list[str]:
    """The ids of the chats that serve *purpose*."""
    rows = await read.execute(
        select(chat_link.c.id).where(chat_link.c.purpose == purpose).order_by(chat_link.c.linked_at)
    )
    return [row.id for row in rows]


async def everything(read: AsyncConnection) -> list[LinkedChat]:
    """All linked chats, oldest first."""
    rows = await read.execute(select(chat_link).order_by(chat_link.c.linked_at))
    return [LinkedChat(row.id, row.purpose, row.linked_at) for row in rows]


async def unlink(tx: Tx, chat_link_id: str) -> bool:
    """Forget a linked chat; False when it is forgotten already."""
    return (await tx.execute(delete(chat_link).where(chat_link.c.id == chat_link_id))).rowcount == 1


def _lookup(vault: Vault, address: str) -> str:
    return vault.lookup("chat-link", address)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
