"""FAQ edits made in the console: every version of every part, and which of them the bot uses.

The newest settled version of a part wins over its file. No text is ever deleted: what is saved, published, restored or
withdrawn is one more row.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Tx
from bot.store.schema import account, entry_revision, revision_counter
from knowledge.entry import Language
from knowledge.library import Part, Revision

TOPIC = "faq"

State = Literal["draft", "replaced", "published", "file", "withdrawn"]
SETTLED: tuple[State, ...] = ("published", "file", "withdrawn")


@dataclass(frozen=True)
class Version:
    """One version of a part: what its file would hold, who wrote it and when.

    Attributes
        state: *draft*, being written, one a part at most; *replaced*, a draft until it was saved anew, published or put
            aside; *published*; *file*, the file's own text, which holds from then on, whatever an upgrade makes of it;
            *withdrawn*, at the Finnish answer: the whole entry is out of use; at a translation: that alone.
        base_hash: `text_hash` of the file that the edit was last compared with; None when there was no file.
    """

    id: int
    entry_id: str
    language: Language
    part: Part
    state: State
    text: str
    base_hash: str | None
    by: str
    at: datetime


def text_hash(text: str) -> str:
    """By which a part's text is known again: a SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


async def published(read: AsyncConnection) -> list[Revision]:
    """What the bot uses in place of files, in a fixed order."""
    return in_place_of_files(await settled(read))


def in_place_of_files(settled: Sequence[Version]) -> list[Revision]:
    """What is used in place of files, of the newest version of every part."""
    return [
        Revision(found.entry_id, found.language, found.part, None if found.state == "withdrawn" else found.text)
        for found in settled
        if found.state != "file"
    ]


async def settled(read: AsyncConnection) -> list[Version]:
    """The newest version of every part that was ever published, drafts aside, in a fixed order."""
    newest = (
        select(func.max(entry_revision.c.id))
        .where(entry_revision.c.state.in_(SETTLED))
        .group_by(entry_revision.c.entry_id, entry_revision.c.language, entry_revision.c.part)
    )
    in_order = _versions().order_by(entry_revision.c.entry_id, entry_revision.c.language, entry_revision.c.part)
    return await _found(read, in_order.where(entry_revision.c.id.in_(newest)))


async def drafts(read: AsyncConnection) -> list[Version]:
    """Everything that is being written, in a fixed order."""
    in_order = _versions().order_by(entry_revision.c.entry_id, entry_revision.c.language, entry_revision.c.part)
    return await _found(read, in_order.where(entry_revision.c.state == "draft"))


async def history(read: AsyncConnection, entry_id: str) -> list[Version]:
    """All versions of all parts of an entry, newest first."""
    return await _found(
        read, _versions().where(entry_revision.c.entry_id == entry_id).order_by(entry_revision.c.id.desc())
    )


async def publish(
    tx: Tx,
    *,
    entry_id: str,
    language: Language,
    part: Part,
    text: str | None,
    base_hash: str | None,
    account_id: str,
    now: datetime,
) -> None:
    """Put *text* in the place of that part's file, from the next refit on, in every process; None withdraws it.

    *base_hash* is of the file as it is now. An edit over an edit keeps the file that the first was compared with, so
    that one more phrasing doesn't hide that an upgrade has brought another file.
    """
    state: State = "published"
    if text is None:
        state = "withdrawn"
    elif text_hash(text) == base_hash:
        state = "file"
    standing = await _standing(tx.connection, entry_id, language, part)
    if standing is not None and standing.state != "file" and state != "file":
        base_hash = standing.base_hash
    await _insert(
        tx,
        entry_id=entry_id,
        language=language,
        part=part,
        text=text or "",
        base_hash=base_hash,
        state=state,
        account_id=account_id,
        created_at=now,
    )
    await tx.bump(TOPIC)


async def save_draft(
    tx: Tx, *, entry_id: str, language: Language, part: Part, text: str, account_id: str, now: datetime
) -> None:
    """Keep what is being written of a part; the draft before it is kept among the versions."""
    await close_drafts(tx, entry_id, language, [part])
    await _insert(
        tx,
        entry_id=entry_id,
        language=language,
        part=part,
        text=text,
        base_hash=None,
        state="draft",
        account_id=account_id,
        created_at=now,
    )


async def close_drafts(
    tx: Tx, entry_id: str, language: Language, parts: Sequence[Part] = ("answer", "phrasings")
) -> int:
    """Put aside what is being written of these parts, among the versions; how many there were."""
    closed = await tx.execute(
        update(entry_revision)
        .where(*_of(entry_id, language), entry_revision.c.part.in_(parts), entry_revision.c.state == "draft")
        .values(state="replaced")
    )
    return closed.rowcount


async def compare_with(tx: Tx, entry_id: str, language: Language, part: Part, base_hash: str | None) -> None:
    """Remember that somebody has looked at the file of this hash, and the edit still holds."""
    standing = await _standing(tx.connection, entry_id, language, part)
    if standing is not None and standing.base_hash != base_hash:
        await tx.execute(update(entry_revision).where(entry_revision.c.id == standing.id).values(base_hash=base_hash))
        await tx.bump(TOPIC)


async def number(read: AsyncConnection) -> int:
    """How many times the FAQ has been changed in the console: whoever has another number must refit."""
    row = await read.execute(select(revision_counter.c.number).where(revision_counter.c.topic == TOPIC))
    return row.scalar() or 0


async def _insert(tx: Tx, **values: Any) -> None:
    await tx.execute(entry_revision.insert().values(**values))


async def _standing(read: AsyncConnection, entry_id: str, language: Language, part: Part) -> Version | None:
    newest_first = _versions().order_by(entry_revision.c.id.desc()).limit(1)
    of_part = (*_of(entry_id, language), entry_revision.c.part == part, entry_revision.c.state.in_(SETTLED))
    found = await _found(read, newest_first.where(*of_part))
    return found[0] if found else None


def _of(entry_id: str, language: Language) -> tuple[Any, Any]:
    return entry_revision.c.entry_id == entry_id, entry_revision.c.language == language


def _versions() -> Select[Any]:
    return select(entry_revision, account.c.name).join(account, account.c.id == entry_revision.c.account_id)


async def _found(read: AsyncConnection, wanted: Select[Any]) -> list[Version]:
    return [
        Version(
            row.id, row.entry_id, row.language, row.part, row.state, row.text, row.base_hash, row.name, row.created_at
        )
        for row in await read.execute(wanted)
    ]
