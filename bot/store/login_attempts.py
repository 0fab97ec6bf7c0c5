"""Slowing down whoever guesses passwords or codes, without locking out the one whose account it is.

Guesses at one account are counted wherever they come from; after a day's fill of them each network address has only few
tries left, not none: who guesses from many is slowed, and the owner, at another address, still gets in.

An attempt is counted before the password is looked at, so that many at once are no way around; a right password takes
its attempt back.
"""

from collections.abc import Sequence
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
PER_ACCOUNT = 50  # a day, from all addresses together; after that:
PER_ADDRESS_AFTER = 2
CODES_PER_CHAT = 10
ONE_TIME_CODES_AT_ONCE = 10
SHORT_WINDOW = timedelta(minutes=15)
ONE_TIME_CODES_PER_ACCOUNT = 96  # a day: at two good ones in a million, a guesser needs a decade
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


@dataclass(frozen=True)
class Limit:
    """So many attempts of one subject within a time."""

    subject: str
    number: int
    window: timedelta


async def count(tx: Tx, vault: Vault, *, address: str, name: str, now: datetime) -> Attempt:
    """Count one try to log in as *name* from the network *address*. Raises `TooMany`, and counts nothing then."""
    account = vault.lookup("login-account", name.casefold())
    await _begin(tx, now)
    is_guessed_at = len(await _latest(tx, account, PER_ACCOUNT, DAY, now)) == PER_ACCOUNT
    limits = [
        Limit(vault.lookup("login-address", address), PER_ADDRESS, WINDOW),
        Limit(
            vault.lookup("login-account", name.casefold(), address),
            PER_ADDRESS_AFTER if is_guessed_at else PER_ACCOUNT_AND_ADDRESS,
            WINDOW,
        ),
    ]
    return await _count(tx, limits, now, also=[account])


async def count_one_time_code(tx: Tx, vault: Vault, *, account_id: str, now: datetime) -> Attempt:
    """Count one try to confirm a log-in by the phone's code. Raises `TooMany`, and counts nothing then."""
    account = vault.lookup("one-time-code", account_id)
    await _begin(tx, now)
    return await _count(
        tx,
        [
            Limit(account, ONE_TIME_CODES_AT_ONCE, SHORT_WINDOW),
            Limit(account, ONE_TIME_CODES_PER_ACCOUNT, DAY),
        ],
        now,
    )


async def count_recovery_code(tx: Tx, vault: Vault, *, account_id: str, address: str, now: datetime) -> Attempt:
    """Count one try to confirm a log-in by a recovery code. Raises `TooMany`, and counts nothing then.

    By network address too: somebody else's guesses leave its owner this way in.
    """
    limit = Limit(vault.lookup("recovery-code", account_id, address), PER_ACCOUNT_AND_ADDRESS, WINDOW)
    await _begin(tx, now)
    return await _count(tx, [limit], now)


async def count_code(tx: Tx, vault: Vault, *, chat: str, now: datetime) -> Attempt:
    """Count one try to link the Telegram chat *chat* by a code. Raises `TooMany`, and counts nothing then."""
    await _begin(tx, now)
    return await _count(tx, [Limit(vault.lookup("link-code", chat), CODES_PER_CHAT, WINDOW)], now)


async def _begin(tx: Tx, now: datetime) -> None:
    if tx.dialect == "postgresql":  # one at a time, as on SQLite: nobody slips in between counting and writing
        await tx.execute(select(func.pg_advisory_xact_lock(COUNT_LOCK)))
    await tx.execute(delete(login_attempt).where(login_attempt.c.attempted_at <= now - DAY))


async def _count(tx: Tx, limits: Sequence[Limit], now: datetime, *, also: Sequence[str] = ()) -> Attempt:
    """Count for each subject of *limits*, if none is reached, and for those of *also*."""
    for limit in limits:
        recent = await _latest(tx, limit.subject, limit.number, limit.window, now)
        if len(recent) == limit.number:
            raise TooMany(until=recent[-1] + limit.window)
    subjects = dict.fromkeys([*(limit.subject for limit in limits), *also])
    return Attempt(tuple([await _insert(tx, subject, now) for subject in subjects]))


async def _latest(tx: Tx, subject: str, number: int, window: timedelta, now: datetime) -> list[datetime]:
    """When the latest attempts of *subject* were made, the last first; at most *number*, and within *window*."""
    rows = await tx.execute(
        select(login_attempt.c.attempted_at)
        .where(login_attempt.c.subject == subject, login_attempt.c.attempted_at > now - window)
        .order_by(login_attempt.c.attempted_at.desc())
        .limit(number)
    )
    return [row.attempted_at for row in rows]


async def forgive(tx: Tx, attempt: Attempt) -> None:
    """Take *attempt* back: it was the account's owner."""
    await tx.execute(delete(login_attempt).where(login_attempt.c.id.in_(attempt.ids)))


async def _insert(tx: Tx, subject: str, now: datetime) -> int:
    inserted = await tx.execute(
        login_attempt.insert().values(subject=subject, attempted_at=now).returning(login_attempt.c.id)
    )
    return int(inserted.scalar_one())
