"""Single questions as the staff may see them who don't answer them: without alias or thread, personal data masked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from admin.console.visit import Visit
from bot.store import audit
from bot.store.questions import AskedQuestion
from knowledge import privacy
from knowledge.safety import assess


@dataclass(frozen=True)
class Shown:
    """A question with its *text* masked, on one line; *needs_care* where something was masked in it."""

    question: AskedQuestion
    text: str

    @property
    def id(self) -> int:
        """Its message."""
        return self.question.id

    @property
    def needs_care(self) -> bool:
        """Whether personal data stood in it, or may stand there mistyped."""
        return holds_personal_data(self.text)


def shown(questions: Iterable[AskedQuestion]) -> list[Shown]:
    """Those of them that may be shown: none with any sign of danger, sure or not."""
    return [
        Shown(question, " ".join(privacy.mask(question.text, privacy.EVERYTHING)[0].split()))
        for question in questions
        if assess(question.text) is None
    ]


def holds_personal_data(text: str) -> bool:
    """Whether *text* holds personal data, or the mark of what was masked."""
    return any(mark in text for mark in privacy.PLACEHOLDERS.values()) or bool(privacy.find(text))


async def note_view(visit: Visit, what: str, subject: str) -> None:
    """Write down that a list of questions was looked at; *subject* is which part of it, never a text."""
    async with visit.house.store.write() as tx:
        await audit.record(tx, visit.account.id, what, subject, visit.now)


def ids_in(fields: Mapping[str, str], name: str, most: int) -> list[int]:
    """The ids in a field such as `12.15.18`, none twice, at most *most*; what is none is passed over."""
    found = [
        int(part) for part in fields.get(name, "").split(".") if part.isascii() and part.isdigit() and len(part) < 16
    ]
    return list(dict.fromkeys(found))[:most]


def as_field(ids: Iterable[int]) -> str:
    """What `ids_in` reads."""
    return ".".join(map(str, ids))
