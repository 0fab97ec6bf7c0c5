"""Situations in life, for a question that is only half there: cards, each with questions that the FAQ answers."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from knowledge import plain_yaml
from knowledge.entry import LANGUAGES, Entry, EntryId, Language
from knowledge.places import InEachLanguage

SITUATIONS_FILE = Path(__file__).parent / "situations.yaml"

LONGEST_LABEL = 64  # characters that a phone shows of a button, generously

_Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_LABEL)]


class Question(BaseModel):
    """A question as its asker would say it, and the entry that answers it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: EntryId
    fi: _Label
    sv: _Label
    en: _Label

    def text(self, language: Language) -> str:
        """The question in *language*."""
        words: str = getattr(self, language)
        return words


class Situation(BaseModel):
    """One card: its name, one sentence to begin with, and its questions; *care*: where help is at once comes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: InEachLanguage
    lead: InEachLanguage
    care: bool = False
    questions: tuple[Question, ...] = Field(min_length=3, max_length=5)


class Astray(NamedTuple):
    """What is wrong with a *card*, in words."""

    card: str
    said: str


def astray(cards: Mapping[str, Situation], entries: Mapping[str, Entry]) -> Iterator[Astray]:
    """The questions on *cards* that lead nowhere: each has to be a phrasing, word for word, of its entry."""
    for card, situation in cards.items():
        for question in situation.questions:
            entry = entries.get(question.entry)
            if entry is None:
                yield Astray(card, f"there is no entry {question.entry}")
                continue
            for language in LANGUAGES:
                if question.text(language) not in (entry.phrasings.get(language) or ()):
                    yield Astray(card, f'{entry.id} has no phrasing "{question.text(language)}" ({language})')


_SITUATIONS = TypeAdapter(dict[EntryId, Situation])


@cache
def situations(file: Path = SITUATIONS_FILE) -> Mapping[str, Situation]:
    """The cards by id, in the order to show them. Raises `pydantic.ValidationError` where a card is not whole."""
    return _SITUATIONS.validate_python(plain_yaml.read(file.read_text(encoding="utf-8")))
