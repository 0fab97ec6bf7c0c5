"""What the console's edits have made of the FAQ: what is edited, what is being written, what an upgrade has changed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import revisions
from bot.store.revisions import Version, text_hash
from knowledge import library
from knowledge.entry import Language
from knowledge.library import Part

Place = tuple[str, Language, Part]


@dataclass(frozen=True)
class Edits:
    """The edits there are, by part. *files* is what the files of the edited parts hold; None where there is no file."""

    settled: Mapping[Place, Version]
    drafts: Mapping[Place, Version]
    files: Mapping[Place, str | None]

    def edited(self, entry_id: str) -> bool:
        """Whether the console's word holds for a part of the entry, and differs from the file's."""
        return any(
            version.state == "published" and version.text != self.files[place]
            for place, version in self.settled.items()
            if place[0] == entry_id
        )

    def withdrawn(self, entry_id: str) -> bool:
        """Whether the entry is out of use."""
        version = self.settled.get((entry_id, "fi", "answer"))
        return version is not None and version.state == "withdrawn"

    def drafted(self, entry_id: str) -> bool:
        """Whether something of the entry is being written."""
        return any(place[0] == entry_id for place in self.drafts)

    def changed_files(self, entry_id: str) -> list[Place]:
        """The edited parts whose files say something new since somebody last compared the two."""
        return [
            place
            for place, version in self.settled.items()
            if place[0] == entry_id and is_to_choose(version, self.files[place])
        ]


def is_to_choose(version: Version, file: str | None) -> bool:
    """Whether an upgrade has brought another file than the one that the edit was made over."""
    if version.state != "published" or version.text == file:
        return False
    return (text_hash(file) if file is not None else None) != version.base_hash


async def read_edits(read: AsyncConnection, folder: Path) -> Edits:
    """The edits of the whole FAQ."""
    settled = {_place(version): version for version in await revisions.settled(read)}
    drafts = {_place(version): version for version in await revisions.drafts(read)}
    return Edits(settled, drafts, await asyncio.to_thread(_files, folder, settled))


def _files(folder: Path, places: Mapping[Place, Version]) -> dict[Place, str | None]:
    return {place: library.file_text(folder, *place) for place in places}


def _place(version: Version) -> Place:
    return version.entry_id, version.language, version.part
