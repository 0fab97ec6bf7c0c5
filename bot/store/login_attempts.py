"""Slowing down whoever guesses passwords or codes, without locking out the one whose account it is.

An attempt is counted before the password is looked at, so that many at once are no way around; a right password takes
its attempt back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from bot.store.engine import Tx
from bot.store.schema import login_attempt
from bot.vault import Vault

WINDOW = timedelta(hours=1)
DAY = timedelta(days=1)
PER_ADDRESS = 20
PER_ACCOUNT_AND_ADDRESS = 10
CODES_PER_CHAT = 10
ONE_TIME_CODES_PER_ACCOUNT = 96  # a day: at three good ones in a million, a guesser needs a decade
COUNT_LOCK = 77_0105


class TooMany(Exception):
    """No more attempts before *until*."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


@dataclass(frozen=True)
class Attempt:
    """One try, as it was counted."""

    ids: tuple[int, ...]


async def count(tx: Tx, vault: Vault, *, address: str, name: str, now: datetime) -> Attempt:
    """Count one try to log in as *name* from the network *address*. Raises `TooMany`, and counts nothing then."""
    limits = {
        vault.lookup("login-address", address): PER_ADDRESS,
        vault.lookup("login-account", name.casefold(), address): PER_ACCOUNT_AND_ADDRESS,
    }
    return await _count(tx, limits, WINDOW, now)


async def count_one_time_code(tx: Tx, vault: Vault, *, account_id: str, now: datetime) -> Attempt:
    """Count one try to confirm a log-in by the phone's code. Raises `TooMany`, and counts nothing then."""
    limits = {vault.lookup("one-time-code", account_id): ONE_TIME_CODES_PER_ACCOUNT}
    return await _count(tx, limits, DAY, now)


async def count_recovery_code(tx: Tx, vault: Vault, *, account_id: str, address: str, now: datetime) -> Attempt:
    """Count one try to confirm a log-in by a recovery code. Raises `TooMany`, and counts nothing then.

    By network address too: somebody else's guesses leave its owner this way in.
    """
    limits = {vault.lookup("recovery-code", account_id, address): PER_ACCOUNT_AND_ADDRESS}
    return await _count(tx, limits, WINDOW, now)


async def count_code(tx: Tx, vault: Vault, *, chat: str, now: datetime) -> Attempt:
    """Count one try to link the Telegram chat *chat* by a code. Raises `TooMany`, and counts nothing then."""
    return await _count(tx, {vault.lookup("link-code", chat): CODES_PER_CHAT}, WINDOW, now)


async def _count(tx: Tx, limits: Mapping[str, int], window: timedelta, now: datetime) -> Attempt:
    if tx.dialect == "postgresql":  # one at a time, as on SQLite: nobody slips in between counting and writing
        await tx.execute(select(func.pg_advisory_xact_lock(COUNT_LOCK)))
    await tx.execute(delete(login_attempt).where(login_attempt.c.attempted_at <= now - DAY))
    for subject, limit in limits.items():
        rows = await tx.execute(
            select(login_attempt.c.attempted_at)
            .where(login_attempt.c.subject == subject, login_attempt.c.attempted_at > now - window)
            .order_by(login_attempt.c.attempted_at.desc())
            .limit(limit)
        )
        recent = [row.attempted_at for row in rows]
        if len(recent) == limit:
            raise TooMany(until=recent[-1] + window)
    ids = [await _insert(tx, subject, now) for subject in limits]
    return Attempt(tuple(ids))


async def forgive(tx: Tx, attempt: Attempt) -> None:
    """Take *attempt* back: it was the account's owner."""
    await tx.execute(delete(login_attempt).where(login_attempt.c.id.in_(attempt.ids)))


async def _insert(tx: Tx, subject: str, now: datetime) -> int:
    inserted = await tx.execute(
        login_attempt.insert().values(subject=subject, attempted_at=now).returning(login_attempt.c.id)
    )
    return int(inserted.scalar_one())
