"""Console accounts: who may come in, and with which role. Passwords are argon2id hashes; names are unique."""

import asyncio
import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.passwords import MAX_LENGTH
from bot.store import habits
from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.habits import Habits
from bot.store.schema import account

Role = Literal["sosiaaliohjaaja", "tyovoimaneuvoja", "koordinaattori", "yllapitaja"]
ROLES: tuple[Role, ...] = get_args(Role)

_hasher = PasswordHasher()  # argon2id, 64 MiB, 3 passes, 4 lanes
# Each hash takes 64 MiB and a few hundred milliseconds: two at once at most, in threads.
_hashing = asyncio.Semaphore(2)


class NameTaken(Exception):
    """There is an account of this name already."""


@dataclass(frozen=True)
class Account:
    """One person behind the service."""

    id: str
    name: str
    shown_name: str  # what askers know them by, of their own choice
    role: Role
    is_disabled: bool
    must_change_password: bool
    has_codes: bool  # of a phone that was set up: see `second_factor`
    habits: Habits = field(default_factory=Habits)

    @property
    def is_advisor(self) -> bool:
        """Whether they answer askers."""
        return self.role in {"sosiaaliohjaaja", "tyovoimaneuvoja"}


async def hash_password(password: str) -> str:
    """The argon2id hash of *password*, made in a thread."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, password)


async def add(
    tx: Tx, *, name: str, role: Role, password_hash: str, must_change_password: bool, now: datetime
) -> Account:
    """A new account. Raises `NameTaken`."""
    account_id = new_id()
    added = await tx.insert_once(
        account,
        {
            "id": account_id,
            "name": name,
            "shown_name": first_name(name),
            "role": role,
            "password_hash": password_hash,
            "must_change_password": must_change_password,
            "created_at": now,
        },
    )
    if added is None:
        raise NameTaken(name)
    return Account(
        account_id,
        name,
        first_name(name),
        role,
        is_disabled=False,
        must_change_password=must_change_password,
        has_codes=False,
    )


def first_name(name: str) -> str:
    """What askers know somebody by until they choose otherwise: a surname is theirs to tell."""
    return name.split()[0]


async def show_as(tx: Tx, account_id: str, shown_name: str) -> None:
    """Let askers know the account's owner by *shown_name*; what Telegram was sent under another stays so."""
    await tx.execute(update(account).where(account.c.id == account_id).values(shown_name=shown_name))


async def set_password(tx: Tx, account_id: str, password_hash: str) -> None:
    """Replace the password; it was chosen by its owner."""
    await tx.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(password_hash=password_hash, must_change_password=False)
    )


async def give_password(tx: Tx, account_id: str, password_hash: str) -> None:
    """Replace the password by one that its owner must change at once."""
    await tx.execute(
        update(account).where(account.c.id == account_id).values(password_hash=password_hash, must_change_password=True)
    )


async def disable(tx: Tx, account_id: str, now: datetime) -> None:
    """Shut the account out, now; what they wanted by e-mail, and where to, is forgotten."""
    await tx.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(disabled_at=now, email=None, wants_digest=False, wants_urgent=False)
    )


async def get(read: AsyncConnection, account_id: str) -> Account | None:
    """The account with this id, or None."""
    row = (await read.execute(select(account).where(account.c.id == account_id))).first()
    return _account(row) if row else None


async def is_taken(read: AsyncConnection, name: str) -> bool:
    """Whether there is an account of this name."""
    return (await read.execute(select(account.c.id).where(account.c.name == name))).first() is not None


async def everyone(read: AsyncConnection) -> list[Account]:
    """All accounts, by name."""
    return [_account(row) for row in await read.execute(select(account).order_by(account.c.name))]


async def verify(read: AsyncConnection, name: str, password: str) -> Account | None:
    """The account of *name* if *password* is theirs and they aren't disabled; as slow for a name nobody has."""
    row = (await read.execute(select(account).where(account.c.name == name))).first()
    async with _hashing:
        password_hash = row.password_hash if row else nobodys_hash()
        is_right = await asyncio.to_thread(_is_right, password_hash, password[: MAX_LENGTH + 1])
    return _account(row) if row is not None and is_right and row.disabled_at is None else None


async def renew_hash(read: AsyncConnection, account_id: str, password: str) -> str | None:
    """The hash of the right *password* anew, where the one kept was made with weaker parameters than today's."""
    kept = await read.execute(select(account.c.password_hash).where(account.c.id == account_id))
    return await hash_password(password) if _hasher.check_needs_rehash(kept.scalar_one()) else None


async def keep_hash(tx: Tx, account_id: str, password_hash: str) -> None:
    """Keep another hash of the same password."""
    await tx.execute(update(account).where(account.c.id == account_id).values(password_hash=password_hash))


def nobodys_hash() -> str:
    """What no password has, and what it takes as long to see of as of anybody's; random, for that costs nothing."""
    salt, made = (
        base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
        for length in (_hasher.salt_len, _hasher.hash_len)
    )
    return f"$argon2id$v=19$m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}${salt}${made}"


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(
        row.id,
        row.name,
        row.shown_name,
        row.role,
        is_disabled=row.disabled_at is not None,
        must_change_password=row.must_change_password,
        has_codes=row.code_secret is not None,
        habits=habits.of(row),
    )
