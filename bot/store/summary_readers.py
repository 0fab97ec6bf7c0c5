"""Who gets the summaries besides the console: the coordinators' Telegram chats, and e-mail addresses, sealed.

A linked chat gets the week's in Finnish by itself; it has a row only once somebody has wished otherwise. An address
gets nothing but the question whether it wants to, until whom it belongs to has said so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.conversations import new_id
from bot.store.engine import Tx
from bot.store.schema import asked_address, chat_link, summary_reader
from bot.vault import Vault
from knowledge.entry import Language

Wish = Literal["day", "week", "month"]
WISHES: tuple[Wish, ...] = get_args(Wish)
USUAL: frozenset[Wish] = frozenset(["week"])
CONFIRM_WITHIN = timedelta(days=14)
BOUNCED_SHOWN = timedelta(days=14)  # an address that letters come back from
ASKED_AGAIN_AFTER = timedelta(days=1)
REFUSAL_HOLDS = timedelta(days=365)
MOST_ADDRESSES = 50


class AlreadyThere(Exception):
    """This address is on the list already."""


class Refused(Exception):
    """The owner of this address has said no."""


class AskedLately(Exception):
    """Whether they want to was asked at this address within a day."""


class TooMany(Exception):
    """There are as many addresses as there may be."""


@dataclass(frozen=True)
class Reader:
    """Somebody who gets summaries.

    Attributes
        id: a chat link's, or an address's own.
        sealed_email: None for a chat.
        wants: the periods they get summaries of.
        has_wished: whether somebody has said so; else these are the usual ones.
        since: when they began to be a reader; None while an address is not confirmed, or since a letter came back.
        added_at: when the chat was linked or the address was added.
        bounced_at: when a letter came back from the address, if one did.
    """

    id: str
    sealed_email: bytes | None
    language: Language
    wants: frozenset[Wish]
    has_wished: bool
    since: datetime | None
    added_at: datetime
    bounced_at: datetime | None = None

    @property
    def is_chat(self) -> bool:
        """Whether they read in Telegram."""
        return self.sealed_email is None


async def everyone(read: AsyncConnection) -> list[Reader]:
    """The coordinators' chats, then the addresses, each the oldest first."""
    chats = await read.execute(
        select(
            summary_reader.c.language,
            *_WANTS,
            chat_link.c.id,
            chat_link.c.linked_at,
            summary_reader.c.id.label("wish_id"),
        )
        .join(summary_reader, summary_reader.c.chat_link_id == chat_link.c.id, isouter=True)
        .where(chat_link.c.purpose == "coordinator")
        .order_by(chat_link.c.linked_at, chat_link.c.id)
    )
    addresses = await read.execute(
        select(summary_reader)
        .where(summary_reader.c.email.is_not(None))
        .order_by(summary_reader.c.created_at, summary_reader.c.id)
    )
    return [
        *(
            Reader(
                row.id,
                None,
                row.language or "fi",
                _wants(row) if row.wish_id else USUAL,
                bool(row.wish_id),
                row.linked_at,
                row.linked_at,
            )
            for row in chats
        ),
        *(
            Reader(
                row.id,
                row.email,
                row.language,
                _wants(row),
                True,
                row.confirmed_at if row.bounced_at is None else None,
                row.created_at,
                row.bounced_at,
            )
            for row in addresses
        ),
    ]


async def get(read: AsyncConnection, reader_id: str) -> Reader | None:
    """One of them, or None."""
    return next((reader for reader in await everyone(read) if reader.id == reader_id), None)


async def add_address(
    tx: Tx, vault: Vault, *, address: str, language: Language, wants: Collection[Wish], now: datetime
) -> Reader:
    """A new reader by e-mail, still to be confirmed. Raises `AlreadyThere`, `Refused`, `AskedLately`, `TooMany`."""
    count = select(func.count()).select_from(summary_reader).where(summary_reader.c.email.is_not(None))
    if (await tx.execute(count)).scalar_one() >= MOST_ADDRESSES:
        raise TooMany
    row = {
        "id": new_id(),
        "email": vault.seal(address),
        "lookup": vault.lookup("summary-reader", address.casefold()),
        "created_at": now,
        **_columns(language, wants),
    }
    if await tx.insert_once(summary_reader, row) is None:
        raise AlreadyThere
    await _note_asking(tx, str(row["lookup"]), now)
    added = await get(tx.connection, str(row["id"]))
    if added is None:
        raise RuntimeError("a row that was just written is not there")
    return added


async def change(tx: Tx, reader_id: str, *, language: Language, wants: Collection[Wish], now: datetime) -> bool:
    """Let them have other periods, in another language; False when there is no such reader."""
    reader = await get(tx.connection, reader_id)
    if reader is None:
        return False
    values = _columns(language, wants)
    if not reader.has_wished:
        await tx.insert_once(
            summary_reader,
            {"id": reader_id, "chat_link_id": reader_id, "created_at": now, "confirmed_at": now, **values},
        )
    await tx.execute(update(summary_reader).where(summary_reader.c.id == reader_id).values(**values))
    return True


async def confirm(tx: Tx, reader_id: str, now: datetime) -> bool:
    """The address's owner wants them, and their mail arrives; False when there is nothing to confirm (any more)."""
    confirmed = await tx.execute(
        update(summary_reader)
        .where(
            summary_reader.c.id == reader_id,
            summary_reader.c.email.is_not(None),
            or_(summary_reader.c.confirmed_at.is_(None), summary_reader.c.bounced_at.is_not(None)),
        )
        .values(confirmed_at=now, bounced_at=None)
    )
    return confirmed.rowcount == 1


async def bounced(tx: Tx, reader_id: str, now: datetime) -> bool:
    """A letter came back: let nothing go there any more; False when that is known, or the address is forgotten."""
    noted = await tx.execute(
        update(summary_reader)
        .where(
            summary_reader.c.id == reader_id,
            summary_reader.c.email.is_not(None),
            summary_reader.c.bounced_at.is_(None),
        )
        .values(bounced_at=now)
    )
    return noted.rowcount == 1


async def refuse(tx: Tx, reader_id: str, now: datetime) -> bool:
    """The address's owner has said no: forget it, and ask them no more; False when it is forgotten already."""
    found = await tx.execute(select(summary_reader.c.lookup).where(summary_reader.c.id == reader_id))
    lookup = found.scalar()
    if lookup is None or not await end(tx, reader_id):
        return False
    await tx.insert_once(asked_address, {"lookup": lookup, "asked_at": now})
    await tx.execute(update(asked_address).where(asked_address.c.lookup == lookup).values(refused_at=now))
    return True


async def end(tx: Tx, reader_id: str) -> bool:
    """Forget an address; False when it is forgotten already. A chat is unlinked instead: see `chat_links`."""
    ended = await tx.execute(
        delete(summary_reader).where(summary_reader.c.id == reader_id, summary_reader.c.email.is_not(None))
    )
    return ended.rowcount == 1


async def _note_asking(tx: Tx, lookup: str, now: datetime) -> None:
    """Only a keyed hash of the address remains of it where it is forgotten meanwhile."""
    if await tx.insert_once(asked_address, {"lookup": lookup, "asked_at": now}) is not None:
        return
    may_ask = asked_address.c.refused_at.is_(None), asked_address.c.asked_at <= now - ASKED_AGAIN_AFTER
    asked = update(asked_address).where(asked_address.c.lookup == lookup, *may_ask).values(asked_at=now)
    if (await tx.execute(asked)).rowcount == 0:
        before = select(asked_address.c.refused_at).where(asked_address.c.lookup == lookup)
        raise AskedLately if (await tx.execute(before)).scalar() is None else Refused


_WANTS = [summary_reader.c[f"wants_{wish}"] for wish in WISHES]


def _wants(row: object) -> frozenset[Wish]:
    return frozenset(wish for wish in WISHES if getattr(row, f"wants_{wish}"))


def _columns(language: Language, wants: Collection[Wish]) -> dict[str, object]:
    return {"language": language, **{f"wants_{wish}": wish in wants for wish in WISHES}}
