"""Who did what and when, behind the service: append-only, each line holding the hash of the one before. No texts.

Only the oldest lines ever go; the line that says so holds the hash of the last of them, where the chain then begins.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import audit

FIRST_HASH = "0" * 64
AUDIT_LOCK = 77_0102
FORGOT = "forget the oldest lines"
BATCH = 1000  # lines looked at together: the log of years fits into no memory

_origin: ContextVar[str] = ContextVar("origin", default="")


@contextmanager
def coming_from(origin: str) -> Iterator[None]:
    """Lets the lines written inside say from where their acts came; what the service does by itself has no origin."""
    before = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(before)


async def record(tx: Tx, account_id: str | None, act: str, subject: str, now: datetime) -> None:
    """Append one line; *subject* is an id, never a text."""
    if tx.dialect == "postgresql":  # one at a time: the chain has one end
        await tx.execute(select(func.pg_advisory_xact_lock(AUDIT_LOCK)))
    last = await tx.execute(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1))
    previous = last.scalar() or FIRST_HASH
    await tx.execute(
        audit.insert().values(
            at=now,
            account_id=account_id,
            act=act,
            subject=subject,
            origin=_origin.get(),
            previous_hash=previous,
            hash=_hash(previous, now, account_id, act, subject, _origin.get()),
        )
    )


async def record_forgetting(tx: Tx, last_id: int, now: datetime) -> None:
    """Append the line that lets the chain begin after *last_id*; the lines up to it go in the same transaction."""
    last = await tx.execute(select(audit.c.hash).where(audit.c.id == last_id))
    await record(tx, None, FORGOT, last.scalar_one(), now)


async def broken_at(read: AsyncConnection) -> int | None:
    """The id of the first line that doesn't follow from the one before, or None when the chain is whole."""
    previous, last = await _begins_after(read), 0
    in_order = select(audit).order_by(audit.c.id).limit(BATCH)
    while rows := (await read.execute(in_order.where(audit.c.id > last))).all():
        for row in rows:
            if row.previous_hash != previous or row.hash != _hash(
                previous, row.at, row.account_id, row.act, row.subject, row.origin
            ):
                return int(row.id)
            previous, last = row.hash, row.id
    return None


async def _begins_after(read: AsyncConnection) -> str:
    """The hash that the first line must follow: none, or that of the last line that was forgotten in due course."""
    first = select(audit.c.previous_hash).order_by(audit.c.id).limit(1).scalar_subquery()
    forgotten = await read.execute(select(audit.c.subject).where(audit.c.act == FORGOT, audit.c.subject == first))
    return forgotten.scalar() or FIRST_HASH


def _hash(previous: str, at: datetime, account_id: str | None, act: str, subject: str, origin: str) -> str:
    line = "\x1f".join([previous, at.astimezone(UTC).isoformat(), account_id or "", act, subject, origin])
    return hashlib.sha256(line.encode()).hexdigest()
