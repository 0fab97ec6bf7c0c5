"""Links by which somebody chooses a password: of a new account, or of one whose is lost. Good once, for a week.

The link holds a random token, the table only its SHA-256: a stolen copy of the database invites nobody.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.accounts import Role
from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.schema import invitation

LASTS = timedelta(days=7)


class AlreadyInvited(Exception):
    """A link for somebody of this name is open already."""


@dataclass(frozen=True)
class Invitation:
    """Who may choose a password until when; *account_id* where they have an account."""

    id: str
    name: str
    role: Role
    account_id: str | None
    created_at: datetime
    expires_at: datetime


async def invite(
    tx: Tx, *, name: str, role: Role, invited_by: str, now: datetime, account_id: str | None = None
) -> tuple[Invitation, str]:
    """The invitation and the token of its link, which stands nowhere else. Raises `AlreadyInvited`.

    For an account's owner who has lost their password, an earlier link to their name is worth nothing from now on.
    """
    token = secrets.token_urlsafe(32)
    made = Invitation(new_id(), name, role, account_id, now, now + LASTS)
    is_over = invitation.c.expires_at <= now if account_id is None else true()
    await tx.execute(delete(invitation).where(invitation.c.name == name, is_over))
    row = {
        "id": made.id,
        "token_hash": _hash(token),
        "name": name,
        "role": role,
        "account_id": account_id,
        "invited_by": invited_by,
        "created_at": now,
        "expires_at": made.expires_at,
    }
    if await tx.insert_once(invitation, row) is None:
        raise AlreadyInvited(name)
    return made, token


async def find(read: AsyncConnection, token: str, now: datetime) -> Invitation | None:
    """The invitation of a link that still opens, or None."""
    row = (await read.execute(select(invitation).where(_opens(token, now)))).first()
    return _invitation(row) if row else None


async def use(tx: Tx, token: str, now: datetime) -> Invitation | None:
    """The invitation of *token*, which opens nothing any more; None when somebody was quicker, or its time is over."""
    row = (await tx.execute(delete(invitation).where(_opens(token, now)).returning(invitation))).first()
    return _invitation(row) if row else None


async def revoke(tx: Tx, invitation_id: str) -> bool:
    """Make the link worth nothing; False when it is so already."""
    return (await tx.execute(delete(invitation).where(invitation.c.id == invitation_id))).rowcount == 1


async def revoke_all(tx: Tx, account_id: str) -> list[str]:
    """Make worth nothing the links that the account's owner made, and the one that was made for them; their ids."""
    theirs = or_(invitation.c.invited_by == account_id, invitation.c.account_id == account_id)
    revoked = await tx.execute(delete(invitation).where(theirs).returning(invitation.c.id))
    return list(revoked.scalars())


async def pending(read: AsyncConnection, now: datetime) -> list[Invitation]:
    """The invitations whose links open, the newest first."""
    rows = await read.execute(
        select(invitation).where(invitation.c.expires_at > now).order_by(invitation.c.created_at.desc())
    )
    return [_invitation(row) for row in rows]


def _opens(token: str, now: datetime):  # type: ignore[no-untyped-def]
    return (invitation.c.token_hash == _hash(token)) & (invitation.c.expires_at > now)


def _invitation(row: Row[tuple[object, ...]]) -> Invitation:
    return Invitation(row.id, row.name, row.role, row.account_id, row.created_at, row.expires_at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
