"""Telegram chats of the people behind the service, linked by a one-time code from the console."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import login_attempts
from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.schema import chat_link, link_code
from bot.vault import Vault

Purpose = Literal["advisors", "coordinator"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
CODE_LIVES = timedelta(hours=1)


@dataclass(frozen=True)
class LinkedChat:
    """A chat as the console lists it: without its address."""

    id: str
    purpose: Purpose
    linked_at: datetime


async def make_code(tx: Tx, purpose: Purpose, now: datetime) -> str:
    """A new code for `/liita`, good once within the hour; only its hash is kept."""
    code = secrets.token_urlsafe(9)
    await tx.execute(link_code.insert().values(code_hash=_hash(code), purpose=purpose, expires_at=now + CODE_LIVES))
    return code


async def use_code(tx: Tx, vault: Vault, *, code: str, address: str, now: datetime) -> str | None:
    """The id of the chat now linked, or None when the code is wrong, used or too old.

    Raises `login_attempts.TooMany` for a chat that has guessed too often, before the code is looked at.
    """
    attempt = await login_attempts.count_code(tx, vault, chat=address, now=now)
    used = await tx.execute(
        delete(link_code)
        .where(link_code.c.code_hash == _hash(code), link_code.c.expires_at > now)
        .returning(link_code.c.purpose)
    )
    row = used.first()
    if row is None:
        return None
    await login_attempts.forgive(tx, attempt)
    return await link(tx, vault, purpose=row.purpose, address=address, now=now)


async def link(tx: Tx, vault: Vault, *, purpose: Purpose, address: str, now: datetime) -> str:
    """The id under which the Telegram chat *address* serves *purpose*, linked now if it wasn't."""
    lookup = vault.lookup("chat-link", address)
    await tx.insert_once(
        chat_link,
        {
            "id": new_id(),
            "purpose": purpose,
            "lookup": lookup,
            "sealed": vault.seal(address),
            "linked_at": now,
        },
    )
    found = await tx.execute(select(chat_link.c.id).where(chat_link.c.purpose == purpose, chat_link.c.lookup == lookup))
    return str(found.scalar_one())


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


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
