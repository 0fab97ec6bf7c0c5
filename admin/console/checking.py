"""What `koppi knowledge check` would say of an entry as somebody means to publish it."""

import asyncio
from collections.abc import Sequence

from admin.console.entry_preview import preview
from admin.console.fault_words import Said, by_field
from admin.console.visit import Visit
from bot.store import revisions
from knowledge import library
from knowledge.entry import Entry, Language
from knowledge.library import Revision

TOO_LONG_FOR_TELEGRAM = Said("Vastaus ei mahdu yhteen Telegram-viestiin. Lyhennä.")


async def check(visit: Visit, meant: Entry, language: Language, edits: Sequence[Revision]) -> dict[str, list[Said]]:
    """The faults that *edits* of an entry would bring in, at the fields of the editor's form in *language*.

    *meant* is the entry with them, as far as it can be read.
    """
    house = visit.house
    async with house.store.read() as read:
        published = await revisions.published(read)
    places = {(edit.entry_id, edit.language, edit.part) for edit in edits}
    others = [old for old in published if (old.entry_id, old.language, old.part) not in places]
    entry = house.bookshelf.current.library.get(meant.id)
    known = {text for texts in entry.phrasings.values() for text in texts} if entry else set()
    found = await asyncio.to_thread(
        library.check_entry, meant.id, house.bookshelf.folder, [*others, *edits], known=known
    )
    faults = {name: list(said) for name, said in by_field(found, meant.id, language).items()}
    if preview(visit, meant, language).is_too_long:
        faults.setdefault("answer", []).append(TOO_LONG_FOR_TELEGRAM)
    return faults
