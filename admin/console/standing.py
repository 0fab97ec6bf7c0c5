"""An entry in one language as it stands: what is in use, what is being written, what the file has, who wrote what."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.console.edits import is_to_choose
from admin.console.entry_form import Texts
from bot.store import revisions
from bot.store.revisions import SETTLED, Version, text_hash
from knowledge import amending, entry, library
from knowledge.entry import LANGUAGES, Language
from knowledge.library import Part, Unreadable

PARTS: tuple[Part, Part] = ("answer", "phrasings")

Files = Mapping[tuple[Language, Part], str | None]


@dataclass(frozen=True)
class Standing:
    """What is known of an entry in *language*; *history* is of all its languages, newest first."""

    entry_id: str
    language: Language
    files: Files
    history: Sequence[Version]

    @property
    def is_known(self) -> bool:
        """Whether there is or ever was such an entry."""
        return bool(self.history) or any(text is not None for text in self.files.values())

    @property
    def is_withdrawn(self) -> bool:
        """Whether the entry is out of use."""
        latest = self.settled("answer", "fi")
        return latest is not None and latest.state == "withdrawn"

    @property
    def has_translation(self) -> bool:
        """Whether this is another language than Finnish, and its answer is in use."""
        return self.language != "fi" and not self.is_withdrawn and self.texts.answer is not None

    @property
    def texts(self) -> Texts:
        """What is in use; of an entry out of use, what was."""
        return self.texts_in(self.language)

    @property
    def finnish(self) -> Texts:
        """The Finnish in use."""
        return self.texts_in("fi")

    @property
    def latest(self) -> Texts:
        """What was written last: what is being written, or else what is in use."""
        drafts = {part: self.draft(part) for part in PARTS}
        return Texts(*(found.text if (found := drafts[part]) else self.texts.of(part) for part in PARTS))

    @property
    def fingerprint(self) -> str:
        """Of the Finnish in use, as a translation of it tells; empty when there is none."""
        return fingerprint(self.finnish.answer)

    @property
    def token(self) -> str:
        """Changes with all that somebody who edits goes by: a form opened before is not saved over it unseen."""
        told = [self.fingerprint, *(self.texts.of(part) or "" for part in PARTS)]
        told += [str(draft.id) if (draft := self.draft(part)) else "-" for part in PARTS]
        told += [text_hash(self.files[self.language, part] or "") for part in PARTS]
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]

    def texts_in(self, language: Language) -> Texts:
        """What is in use in a language."""
        return Texts(*(self._in_use(language, part) for part in PARTS))

    def settled(self, part: Part, language: Language | None = None) -> Version | None:
        """The newest version of a part that was published."""
        return self._newest(part, SETTLED, language)

    def draft(self, part: Part) -> Version | None:
        """What is being written of a part."""
        return self._newest(part, ("draft",))

    def newest_id(self, part: Part) -> int:
        """Which version `latest` has of a part; 0 for the file's."""
        found = self.draft(part) or self.settled(part)
        return found.id if found and found.state in ("draft", "published") else 0

    def to_choose(self) -> list[Part]:
        """The parts whose file an upgrade has changed since the edit."""
        files = {part: self.files[self.language, part] for part in PARTS}
        return [part for part in PARTS if (found := self.settled(part)) and is_to_choose(found, files[part])]

    def finnish_of(self, translates: str) -> str | None:
        """The Finnish text that a translation was made of, if it is still known."""
        known = [version.text for version in self.history if (version.language, version.part) == ("fi", "answer")]
        known.append(self.files["fi", "answer"] or "")
        return next((text for text in known if fingerprint(text) == translates), None)

    def _in_use(self, language: Language, part: Part) -> str | None:
        latest = self.settled(part, language)
        if language != "fi" and latest is not None and latest.state == "withdrawn":
            return None
        found = self._newest(part, ("published", "file"), language)
        return found.text if found and found.state == "published" else self.files[language, part]

    def _newest(self, part: Part, states: Sequence[str], language: Language | None = None) -> Version | None:
        where = (language or self.language, part)
        fits = (each for each in self.history if (each.language, each.part) == where and each.state in states)
        return next(fits, None)


def fingerprint(text: str | None) -> str:
    """`Entry.fingerprint` of a Finnish answer's text; empty when it can't be read."""
    try:
        front, body = amending.read(text or "")
    except Unreadable:
        return ""
    return entry.fingerprint(str(front.get("title", "")).strip(), body)


async def read_standing(read: AsyncConnection, folder: Path, entry_id: str, language: Language) -> Standing:
    """How the entry stands."""
    history = await revisions.history(read, entry_id)
    return Standing(entry_id, language, await asyncio.to_thread(_files, folder, entry_id), history)


def _files(folder: Path, entry_id: str) -> Files:
    return {
        (language, part): library.file_text(folder, entry_id, language, part)
        for language in LANGUAGES
        for part in PARTS
    }
