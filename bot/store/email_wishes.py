"""What of the console's news somebody wants by e-mail, and where to. The address is sealed."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.accounts import Role
from bot.store.engine import Tx
from bot.store.schema import account, digest_run

Kind = Literal["digest", "urgent"]


@dataclass(frozen=True)
class Wishes:
    """Somebody's sealed address, and what they want; no address, no wishes."""

    sealed_address: bytes | None = None
    digest: bool = False
    urgent: bool = False


@dataclass(frozen=True)
class Reader:
    """Somebody who wants to be told."""

    account_id: str
    role: Role
    sealed_address: bytes


async def of(read: AsyncConnection, account_id: str) -> Wishes:
    """What the account's owner wants."""
    row = (await read.execute(select(account).where(account.c.id == account_id))).one()
    return Wishes(row.email, row.wants_digest, row.wants_urgent)


async def keep(tx: Tx, account_id: str, wishes: Wishes) -> None:
    """Keep these instead of what was wished for before."""
    await tx.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(email=wishes.sealed_address, wants_digest=wishes.digest, wants_urgent=wishes.urgent)
    )


async def readers(read: AsyncConnection, kind: Kind) -> list[Reader]:
    """Who wants *kind*; nobody who is shut out."""
    wants = {"digest": account.c.wants_digest, "urgent": account.c.wants_urgent}[kind]
    rows = await read.execute(
        select(account.c.id, account.c.role, account.c.email)
        .where(wants, account.c.email.is_not(None), account.c.disabled_at.is_(None))
        .order_by(account.c.id)
    )
    return [Reader(row.id, row.role, row.email) for row in rows]


async def without_digest_of(read: AsyncConnection, day: date) -> list[Reader]:
    """Whose digest of the local *day* is not settled yet."""
    settled = exists().where(digest_run.c.account_id == account.c.id, digest_run.c.day == day)
    unsettled = set((await read.execute(select(account.c.id).where(~settled))).scalars())
    return [reader for reader in await readers(read, "digest") if reader.account_id in unsettled]


async def settle_digest(tx: Tx, account_id: str, day: date) -> bool:
    """Let the digest of *day* be settled; False when it was, here or in another process."""
    return await tx.insert_once(digest_run, {"account_id": account_id, "day": day}) is not None
