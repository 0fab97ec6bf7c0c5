"""Messages that make sense only after an answer: "mistä sen saa?", "entä jos oon alle 25?".

What counts as what is data: lexicon/followups.tsv. A message that names something of its own is never answered from the
topic before it, only offered it: a wrong answer is worse than a choice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from knowledge.index import Hit
from knowledge.language import clean, fold, words
from knowledge.verdict import SHOWN, Verdict

FOLLOW_UPS_FILE = Path(__file__).parent / "lexicon" / "followups.tsv"

_LONGEST_MESSAGE = 8  # words; who writes more says what it is about
_RIVAL = 0.1  # an entry that scores so much beside the topic's own title may be the one meant
_STEM = 6  # letters: "opiskelijana" and "opiskelijat" have as many in common, and more
_LIKELY = 0.5  # what is so probable by itself is offered, too


@dataclass(frozen=True)
class FollowUp:
    """How a message goes on from what was answered. *is_bare*: every word of it could be asked about any topic."""

    is_bare: bool


class FollowUps:
    """Recognises messages that go on from the answer before them."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """*rows* are (words, kind, language); a word that ends in * stands for all that begin so.

        An *opener* of one word or several begins a follow-up, a *pronoun* points back, a *plain* word asks about
        anything, and a *circumstance* says something of the asker.
        """
        self._openers: list[list[str]] = []
        self._kinds: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        for phrase, kind, _ in rows:
            plain = fold(phrase.lower())
            if kind == "opener":
                self._openers.append(plain.split())
            else:
                (self._stems if plain.endswith("*") else self._kinds)[plain.rstrip("*")] = kind

    @classmethod
    def read(cls, file: Path = FOLLOW_UPS_FILE) -> "FollowUps":
        """The words of a TSV file with a heading row: word, kind, language."""
        _, *lines = file.read_text(encoding="utf-8").splitlines()
        return cls((word, kind, language) for word, kind, language in (line.split("\t") for line in lines))

    def recognise(self, text: str) -> FollowUp | None:
        """How *text* goes on from an answer; None when it stands by itself."""
        said = words(fold(clean(text)))
        if not 0 < len(said) <= _LONGEST_MESSAGE:
            return None
        opener = max((len(opener) for opener in self._openers if said[: len(opener)] == opener), default=0)
        kinds = {self._kind(word) for word in said[opener:]}
        if None not in kinds and (opener or kinds & {"pronoun", "plain"}):
            return FollowUp(is_bare=True) if kinds else None
        return FollowUp(is_bare=False) if opener else None

    def circumstances(self, text: str) -> tuple[str, ...]:
        """The words of *text*, folded, that say something of the asker: their numbers, or else what else they tell."""
        said = words(fold(clean(text)))
        numbers = tuple(word for word in said if word.isdigit())
        return numbers or tuple(word for word in said if self._kind(word) == "circumstance")

    def _kind(self, word: str) -> str | None:
        if word.isdigit():
            return "circumstance"
        if word in self._kinds:
            return self._kinds[word]
        return next((kind for stem, kind in self._stems.items() if word.startswith(stem)), None)


def recognise(text: str) -> FollowUp | None:
    """How *text* goes on from an answer, by the words that come with the program."""
    return _shipped().recognise(text)


def circumstances(text: str) -> tuple[str, ...]:
    """See `FollowUps.circumstances`, by the words that come with the program."""
    return _shipped().circumstances(text)


def tells_of(text: str, told: Sequence[str]) -> bool:
    """Whether *text* speaks of any of the circumstances *told*: a number as it is, a word in any form."""
    there = words(fold(clean(text)))
    stems = tuple(word[:_STEM] for word in told if len(word) >= _STEM)
    return any(word in told or word.startswith(stems) for word in there)


def among(follow_up: FollowUp, alone: Verdict, offered: Sequence[str]) -> Verdict | None:
    """The verdict on a follow-up after several entries *offered*, of which nobody has picked any: these again.

    None where its own words may mean something else.
    """
    is_new = alone.kind == "choices" and (alone.confidence or 0) >= _LIKELY and alone.hits[0].entry_id not in offered
    if not follow_up.is_bare or is_new:
        return None
    return replace(alone, kind="choices", hits=tuple(Hit(entry_id, _LIKELY) for entry_id in offered))


@cache
def _shipped() -> FollowUps:
    return FollowUps.read()


def in_context(follow_up: FollowUp, alone: Verdict, joined: Verdict, topic: str) -> Verdict:
    """The verdict on a follow-up after the entry *topic*.

    *alone* is the verdict on its own words, *joined* that on the entry's title and them. What is sure by itself, small
    talk and danger stay what they are. The topic is answered again only where nothing speaks for another entry; else
    it is one of the choices.
    """
    if alone.kind not in ("choices", "escalate"):
        return alone
    own = [hit for hit in alone.hits if hit.entry_id != topic]
    known = Hit(topic, max((hit.score for hit in joined.hits if hit.entry_id == topic), default=_LIKELY))
    rivals = [hit for hit in joined.hits if hit.entry_id != topic and hit.score >= _RIVAL]
    is_new = bool(own) and alone.kind == "choices" and own[0] == alone.hits[0] and (alone.confidence or 0) >= _LIKELY
    if follow_up.is_bare and not rivals and not is_new:
        return replace(alone, kind="answer", hits=(known, *own[: SHOWN - 1]), confidence=joined.confidence)
    first = [hit for hit in own if hit.score >= _LIKELY]
    offered = dict.fromkeys(hit.entry_id for hit in (*first, *rivals, known))
    scores = {hit.entry_id: hit.score for hit in (*own, *rivals, known)}
    hits = tuple(Hit(entry_id, scores[entry_id]) for entry_id in offered)[: SHOWN - 1]
    if topic not in {hit.entry_id for hit in hits}:
        hits = (*hits, known)
    return replace(alone, kind="choices", hits=hits)
