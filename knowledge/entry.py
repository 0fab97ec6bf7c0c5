"""What one FAQ entry is and what makes it valid. Knows nothing of files: see library.py."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
)

Language = Literal["fi", "sv", "en"]
AdvisorRole = Literal["sosiaaliohjaaja", "tyovoimaneuvoja"]

LANGUAGES: tuple[Language, ...] = ("fi", "sv", "en")

LONGEST_ID = 60
EntryId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=LONGEST_ID)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]+$")]
Answer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_HTTP_URL = TypeAdapter(HttpUrl)
_ENTRY_ID = TypeAdapter(EntryId)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """Where an answer comes from.

    *checked* is the day the facts were read there; *basis* says what was read, such as a "stored copy".
    """

    title: Line
    url: str
    checked: date
    basis: Line = "page"

    @field_validator("url")
    @classmethod
    def _is_a_web_address(cls, url: str) -> str:
        if not url.startswith("/"):  # a page of the service itself, such as /tietosuoja
            _HTTP_URL.validate_python(url)
        return url  # as written: HttpUrl would add a slash to it


class Translation(_Frozen):
    """Title and answer in another language; *translates* is the fingerprint of the Finnish it renders.

    *figures* are the numbers that this language alone has, such as a crisis line of its own.
    """

    title: Line
    answer: Answer
    translates: str
    figures: tuple[Line, ...] = ()

    def is_current(self, entry: "Entry") -> bool:
        """False when the Finnish has changed since: a stale sum is worse than a sum in another language."""
        return self.translates == entry.fingerprint


class Entry(_Frozen):
    """One question the bot can answer, in Finnish first.

    *answer* is Markdown: paragraphs, lists, bold and links. *phrasings* are ways of asking, by language;
    *places* are keys of the region's services; *season* is the months 1-12 in which it is asked most;
    *figures* is every sum, count, deadline and phone number of the answer, as written there.
    """

    id: EntryId
    category: EntryId
    title: Line
    advisor: AdvisorRole
    sources: tuple[Source, ...] = ()
    review_by: date
    related: tuple[EntryId, ...] = ()
    places: tuple[str, ...] = ()
    season: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    figures: tuple[Line, ...] = ()
    answer: Answer
    phrasings: Mapping[Language, tuple[str, ...]] = {}
    translations: Mapping[Language, Translation] = {}

    @property
    def fingerprint(self) -> str:
        """12 hex digits that change with the Finnish title or answer."""
        return fingerprint(self.title, self.answer)

    def text(self, language: Language) -> tuple[str, str, Language]:
        """Title, answer and the language they are in: the one wished for if it is current, or Finnish."""
        translation = self.translations.get(language)
        if translation is not None and translation.is_current(self):
            return translation.title, translation.answer, language
        return self.title, self.answer, "fi"


def is_entry_id(text: str) -> bool:
    """Whether an entry may be called so."""
    try:
        return _ENTRY_ID.validate_python(text) == text
    except ValidationError:
        return False


def fingerprint(title: str, answer: str) -> str:
    """See `Entry.fingerprint`."""
    return hashlib.sha256(f"{title}\n{answer}".encode()).hexdigest()[:12]
