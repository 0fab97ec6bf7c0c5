"""What advisors have begun to write in a ticket and not sent: each their own, until it is sent or the ticket forgotten.

A draft has the key of the form it stands in. A form left open in two tabs parts into two drafts as soon as the second
one writes over what it hasn't seen: neither is lost.
"""

import contextlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import schema
from bot.store.engine import Tx
from bot.store.tickets import NotOpen
from bot.vault import Vault, WrongKey

_kept = schema.draft


@dataclass(frozen=True)
class Draft:
    """A text not sent yet. *mode*: reply or note. *version* counts its saves; 0 and no *saved_at*: never saved."""

    text: str = ""
    mode: str = "reply"
    key: str = ""
    version: int = 0
    saved_at: datetime | None = None


def new_key() -> str:
    """The key of a form that nobody has begun to fill in yet."""
    return secrets.token_urlsafe(12)


async def of(read: AsyncConnection, vault: Vault, ticket_id: str, account_id: str) -> list[Draft]:
    """This account's drafts in the ticket, the latest first; none that were sealed with another key."""
    theirs = and_(_kept.c.ticket_id == ticket_id, _kept.c.account_id == account_id)
    found = []
    for row in await read.execute(select(_kept).where(theirs).order_by(_kept.c.saved_at.desc(), _kept.c.id)):
        with contextlib.suppress(WrongKey):
            found.append(Draft(vault.unseal(row.sealed), row.mode, row.key, row.version, row.saved_at))
    return found


async def save(tx: Tx, vault: Vault, ticket_id: str, account_id: str, draft: Draft, now: datetime) -> Draft:
    """*draft* as it is kept now: under its key, or where that has gone on from its version elsewhere, beside it.

    Raises `tickets.NotOpen` when there is no such ticket.
    """
    ticket = select(schema.ticket.c.id).where(schema.ticket.c.id == ticket_id)
    # Held against erasure, which would else take the ticket from under the new row.
    if (await tx.execute(ticket.with_for_update(read=True, key_share=True))).first() is None:
        raise NotOpen(ticket_id)
    values = {"mode": draft.mode, "sealed": vault.seal(draft.text), "saved_at": now}
    same = and_(_is(ticket_id, account_id, draft.key), _kept.c.version == draft.version)
    went_on = await tx.execute(update(_kept).where(same).values(**values, version=draft.version + 1))
    if went_on.rowcount == 1:
        return replace(draft, version=draft.version + 1, saved_at=now)
    values |= {"ticket_id": ticket_id, "account_id": account_id, "version": 1}
    if await tx.insert_once(_kept, {**values, "key": draft.key}) is not None:
        return replace(draft, version=1, saved_at=now)
    there = next(
        (kept for kept in await of(tx.connection, vault, ticket_id, account_id) if kept.key == draft.key), None
    )
    if there is not None and (there.text, there.mode) == (draft.text, draft.mode):
        return there  # the same save come twice, as when a page is loaded anew while its last one is on its way
    key = new_key()
    await tx.execute(_kept.insert().values(**values, key=key))
    return replace(draft, key=key, version=1, saved_at=now)


async def drop(tx: Tx, ticket_id: str, account_id: str, key: str, version: int | None = None) -> None:
    """Forget this draft, if it is there (and, where one is given, still at this *version*)."""
    same = _is(ticket_id, account_id, key)
    await tx.execute(delete(_kept).where(same if version is None else and_(same, _kept.c.version == version)))


def _is(ticket_id: str, account_id: str, key: str) -> ColumnElement[bool]:
    return and_(_kept.c.ticket_id == ticket_id, _kept.c.account_id == account_id, _kept.c.key == key)
