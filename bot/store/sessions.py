"""Who is logged in to the console: kept here, so that a session can be ended from here.

The browser holds a random token, the table only its SHA-256: a stolen copy of the database opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import accounts
from bot.store.accounts import Account
from bot.store.engine import Tx
from bot.store.schema import session

IDLE = timedelta(minutes=30)
LIFETIME = timedelta(hours=10)
PARALLEL = 3
TOUCH_EVERY = timedelta(minutes=1)  # a write for each page seen would be many; a minute is exact enough
TOPIC = "sessions"


@dataclass(frozen=True)
class Session:
    """A log-in that holds. *form_token* stands in every form of it, and nowhere else."""

    token_hash: str
    account: Account
    form_token: str
    is_confirmed: bool
    offered_secret: bytes | None
    seen_at: datetime


@dataclass(frozen=True)
class LogIn:
    """A session as its owner sees it; *id* names it and opens nothing."""

    id: str
    device: str
    created_at: datetime
    seen_at: datetime


async def begin(
    tx: Tx,
    account_id: str,
    now: datetime,
    *,
    device: str = "",
    is_confirmed: bool = False,
    offered_secret: bytes | None = None,
) -> str:
    """The token of a new session. Of the account's others only the newest two stay, and none that is over.

    Those that no one-time code has confirmed push out only their like: whoever has just the password ends nobody's.
    """
    token = secrets.token_urlsafe(32)
    await tx.execute(delete(session).where(_is_over(now)))
    others = await tx.execute(
        select(session.c.token_hash)
        .where(session.c.account_id == account_id, session.c.is_confirmed == is_confirmed)
        .order_by(session.c.created_at.desc())
    )
    surplus = [row.token_hash for row in others][PARALLEL - 1 :]
    await tx.execute(delete(session).where(session.c.token_hash.in_(surplus)))
    await tx.execute(
        session.insert().values(
            token_hash=_hash(token),
            account_id=account_id,
            form_token=secrets.token_urlsafe(32),
            device=device,
            is_confirmed=is_confirmed,
            offered_secret=offered_secret,
            created_at=now,
            seen_at=now,
        )
    )
    tx.touch(TOPIC)
    return token


async def find(read: AsyncConnection, token: str, now: datetime) -> Session | None:
    """The session of *token*, or None when it is over, was ended, or its account is disabled."""
    row = (await read.execute(select(session).where(session.c.token_hash == _hash(token), ~_is_over(now)))).first()
    if row is None:
        return None
    account = await accounts.get(read, row.account_id)
    if account is None or account.is_disabled:
        return None
    return Session(row.token_hash, account, row.form_token, row.is_confirmed, row.offered_secret, row.seen_at)


async def of(read: AsyncConnection, account_id: str, now: datetime) -> list[LogIn]:
    """The account's sessions that hold, the one used last first."""
    rows = await read.execute(
        select(session).where(session.c.account_id == account_id, ~_is_over(now)).order_by(session.c.seen_at.desc())
    )
    return [LogIn(log_in_id(row.token_hash), row.device, row.created_at, row.seen_at) for row in rows]


def log_in_id(token_hash: str) -> str:
    """What a session is called on its owner's page: the half of a hash that nobody can turn back into the token."""
    return token_hash[:32]


async def touch(tx: Tx, token_hash: str, now: datetime) -> None:
    """Note that a person was active in the session just now."""
    await tx.execute(update(session).where(session.c.token_hash == token_hash).values(seen_at=now))


async def offer(tx: Tx, token_hash: str, secret: bytes) -> None:
    """Keep the sealed *secret* that a phone is to be set up with in this session."""
    await tx.execute(update(session).where(session.c.token_hash == token_hash).values(offered_secret=secret))


async def end(tx: Tx, token: str) -> None:
    """Log out."""
    await tx.execute(delete(session).where(session.c.token_hash == _hash(token)))
    tx.touch(TOPIC)


async def end_one(tx: Tx, account_id: str, id_: str) -> bool:
    """End the account's session of this `LogIn.id`; False when it has none."""
    ended = await tx.execute(
        delete(session).where(session.c.account_id == account_id, session.c.token_hash.startswith(id_, autoescape=True))
    )
    tx.touch(TOPIC)
    return ended.rowcount == 1


async def end_others(tx: Tx, account_id: str, token_hash: str) -> None:
    """End all the account's sessions but this one."""
    await tx.execute(delete(session).where(session.c.account_id == account_id, session.c.token_hash != token_hash))
    tx.touch(TOPIC)


async def end_all(tx: Tx, account_id: str) -> None:
    """Log the account out everywhere."""
    await tx.execute(delete(session).where(session.c.account_id == account_id))
    tx.touch(TOPIC)


def _is_over(now: datetime):  # type: ignore[no-untyped-def]
    return (session.c.seen_at <= now - IDLE) | (session.c.created_at <= now - LIFETIME)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
