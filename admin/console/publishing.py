"""Publishing an edit of the FAQ.

What is published is read first together with everything else that is published, as the bot will read it: nothing that
would keep the bot from refitting gets in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from admin.console.visit import Visit
from admin.house import House
from bot.store import audit, revisions
from bot.store.engine import Tx
from knowledge import library
from knowledge.entry import Language
from knowledge.library import Document, Fault, InvalidLibrary, Library, Part, Revision

ATTEMPTS = 20  # as many may publish at the same moment
PUBLISH_LOCK = 77_0104


@dataclass(frozen=True)
class Shelf:
    """The FAQ's documents as published, and as the files have them."""

    documents: Sequence[Document]
    files: Sequence[Document]

    def text(self, entry_id: str, language: Language, part: Part) -> str | None:
        """The whole text of one part as it is now, or None."""
        return _text(self.documents, entry_id, language, part)

    def file_hash(self, entry_id: str, language: Language, part: Part) -> str | None:
        """The SHA-256 of the file that an edit is made over, or None where there is no file."""
        text = _text(self.files, entry_id, language, part)
        return revisions.text_hash(text) if text is not None else None


def _text(documents: Sequence[Document], entry_id: str, language: Language, part: Part) -> str | None:
    where = (entry_id, language, part)
    return next((found.text for found in documents if (found.entry_id, found.language, found.part) == where), None)


Compose = Callable[[Shelf], Sequence[Revision]]


@dataclass(frozen=True)
class Prepared:
    """An edit made over the FAQ as published, up to edit *number*; *edits* without what changes nothing.

    *before* and *after* are all published revisions without it and with it; *library* is the FAQ with it.
    """

    number: int
    edits: Sequence[Revision]
    shelf: Shelf
    before: Sequence[Revision]
    after: Sequence[Revision]
    library: Library


async def prepare(house: House, compose: Compose) -> Prepared:
    """What *compose* makes of the FAQ as it stands. Raises `InvalidLibrary` with the faults it would bring in."""
    async with house.store.read() as read:
        number = await revisions.number(read)
        published = await revisions.published(read)
    return await asyncio.to_thread(_prepare, house, number, published, compose)


async def publish(visit: Visit, compose: Compose, also: Callable[[Tx], Awaitable[None]] | None = None) -> None:
    """Publish what *compose* makes of the FAQ as it stands; *also* is done in the same transaction.

    Raises `InvalidLibrary` with the faults that it would bring in. When somebody else publishes meanwhile, it is
    composed again over theirs: no edit overwrites another unseen.
    """
    house = visit.house
    for _ in range(ATTEMPTS):
        prepared = await prepare(house, compose)
        async with house.store.write() as tx:
            if tx.dialect == "postgresql":  # one at a time, as on SQLite: else two could both find the number unchanged
                await tx.execute(select(func.pg_advisory_xact_lock(PUBLISH_LOCK)))
            if await revisions.number(tx.connection) != prepared.number:
                continue
            for edit in prepared.edits:
                await revisions.publish(
                    tx,
                    entry_id=edit.entry_id,
                    language=edit.language,
                    part=edit.part,
                    text=edit.text,
                    base_hash=prepared.shelf.file_hash(edit.entry_id, edit.language, edit.part),
                    account_id=visit.account.id,
                    now=visit.now,
                )
                act = "withdraw answer" if edit.text is None else f"publish {edit.part}"
                await audit.record(tx, visit.account.id, act, edit.entry_id, visit.now)
            if also is not None:
                await also(tx)
        return
    raise InvalidLibrary([Fault("", 1, "busy")])


def _prepare(house: House, number: int, published: Sequence[Revision], compose: Compose) -> Prepared:
    folder = house.bookshelf.folder
    shelf = Shelf(library.read(folder, published)[0], library.read(folder)[0])
    edits = [edit for edit in compose(shelf) if edit.text != shelf.text(edit.entry_id, edit.language, edit.part)]
    places = {(edit.entry_id, edit.language, edit.part) for edit in edits}
    others = [old for old in published if (old.entry_id, old.language, old.part) not in places]
    after = [*others, *edits]
    return Prepared(number, edits, shelf, published, after, library.load(folder, after))
