"""Signs in a text that someone is in danger: what kind of danger, and how certain the sign is.

What is recognised is data, in knowledge/lexicon: *crisis-words.tsv* names groups of words, *crisis-phrases.tsv* has
the phrases that are signs, *crisis-idioms.tsv* those that only sound like one ("tappava kiire"), and
*crisis-lookalikes.tsv* ordinary words that must not be taken for a misspelt one. `Phrase.parse` tells how a phrase
is written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from knowledge.phrases import Element, Phrase, Spotter, parse_element, read
from knowledge.unease import Heard, Unease

Kind = Literal[
    "medical",
    "self-harm",
    "threat-to-others",
    "child-in-danger",
    "sexual-violence",
    "exploitation",
    "violence",
    "no-shelter",
]
Certainty = Literal["sure", "unsure"]

LEXICON_FOLDER = Path(__file__).parent / "lexicon"

_NO_MEANING = frozenset({"filler", "often-misspelt"})
"""Groups that tell nothing of what a message is about."""

MOST_PARTS = 20  # from the beginning of a message, and as many from its end, are also looked at one by one
_CONJUNCTIONS = "ja|mutta|mut|joten|koska|kun|ku|ko|että|et|och|men|så|and|but|so|because"
_PART_ENDS = re.compile(rf"(?<=[.!?\n])\s+|[,;:]\s+|\s(?:{_CONJUNCTIONS})\s+", re.IGNORECASE)

FEWEST_WORDS_UNSURE = 2
"""A single word is a sign only as a phrase: "moooi" resembles anything."""

FEWEST_WORDS_SURE = 6
"""Of fewer words only phrases are sure: "en jaksa enää" may be about anything."""

FEWEST_WORDS_BESIDE_AN_IDIOM = 3
"""What an idiom leaves of a short text ("haluisin ... tän ...") tells nothing."""


EVEN_ODDS = 0.0
"""Log odds of danger from which on a phrase alone is sure."""


@dataclass(frozen=True)
class SafetySign:
    """What was noticed. *sure*: the answer is help and nothing else; *unsure*: a gentle line comes first."""

    kind: Kind
    certainty: Certainty


def assess(text: str) -> SafetySign | None:
    """The gravest sign of danger in *text*, in Finnish, Swedish or English; None when there is none.

    A sure sign goes before an unsure one, and of equally sure ones the kind that comes first in `Kind`.
    Pure and thread-safe; takes any string and never raises.
    """
    whole, parts = _assess(text), _parts(text)
    if len(parts) < 2 or (whole and whole.certainty == "sure"):
        return whole
    # Sentences and clauses by themselves, too: a calm question before it must not soften "Haluan tappaa itseni."
    sure = [sign for sign in map(_assess, parts) if sign and sign.certainty == "sure"]
    return min(sure, key=_gravity, default=whole)


def _parts(text: str) -> list[str]:
    """The sentences and clauses of *text* that have more than one word: the first ones, and the last."""
    parts = [part for part in _PART_ENDS.split(text) if " " in part.strip()]
    return parts if len(parts) <= 2 * MOST_PARTS else parts[:MOST_PARTS] + parts[-MOST_PARTS:]


def spelt_out(text: str) -> list[SafetySign]:
    """The signs that phrases alone find in *text*, without what it resembles as a whole."""
    return _listen(text)[0]


def hear(text: str) -> Heard:
    """*text* as the model that weighs it as a whole hears it."""
    return _listen(text)[1]


def _listen(text: str) -> tuple[list[SafetySign], Heard, int]:
    """The signs that phrases find, *text* as the model hears it, and how many of its words belong to no idiom."""
    spotter, meanings = _signs()
    words, sentences = read(text)
    spotted = spotter.spot(words, sentences)
    signs = [meanings[phrase] for phrase in spotted.phrases]
    marks = {f"{sign.kind} {sign.certainty}" for sign in signs}
    marks |= {sign.certainty for sign in signs} or {"silence"}
    if len(spotted.telling) < len(words):
        marks.add("idiom")
    return signs, Heard(words, spotted.groups, marks), len(spotted.telling)


def _assess(text: str) -> SafetySign | None:
    found, heard, telling = _listen(text)
    if telling >= min(len(heard.words), FEWEST_WORDS_BESIDE_AN_IDIOM):
        found = _weighed(found, heard)
    return min(found, key=_gravity, default=None)


def _weighed(found: list[SafetySign], heard: Heard) -> list[SafetySign]:
    """What phrases *found*, weighed by what the words sound like as a whole."""
    unease = _unease()
    kind, score = unease.strongest(heard)
    if score < unease.calm:
        found = [sign for sign in found if sign.certainty == "sure"]
    if score < EVEN_ODDS:
        # Phrases take a step back where the rest sounds otherwise: "the firm committed suicide".
        found = [SafetySign(sign.kind, "unsure") for sign in found]
    if score < unease.unsure:
        return found
    if len(heard.words) < FEWEST_WORDS_UNSURE or any(sign.certainty == "sure" for sign in found):
        return found  # a phrase knows the kind better
    is_plain = score >= unease.sure and len(heard.words) >= FEWEST_WORDS_SURE
    return [*found, SafetySign(cast(Kind, kind), "sure" if is_plain else "unsure")]


def _gravity(sign: SafetySign) -> tuple[int, int]:
    return get_args(Certainty).index(sign.certainty), get_args(Kind).index(sign.kind)


@cache
def _unease() -> Unease:
    return Unease.load()


@cache
def _signs() -> tuple[Spotter, dict[Phrase, SafetySign]]:
    groups: dict[str, Element] = {}
    for name, words in lexicon_rows("crisis-words.tsv"):
        groups[name] = parse_element(words.replace(" ", "|"), groups)
    meanings: dict[Phrase, SafetySign] = {}
    for kind, certainty, written in lexicon_rows("crisis-phrases.tsv"):
        sign = SafetySign(cast(Kind, kind), cast(Certainty, certainty))
        meanings[Phrase.parse(written, groups)] = sign
    idioms = [Phrase.parse(written, groups) for (written,) in lexicon_rows("crisis-idioms.tsv")]
    lookalikes = parse_element("|".join(word for (word,) in lexicon_rows("crisis-lookalikes.tsv")), groups)
    spotter = Spotter(
        meanings,
        idioms,
        fillers=groups["filler"],
        often_misspelt=groups["often-misspelt"],
        lookalikes=lookalikes,
        named={name: group for name, group in groups.items() if name not in _NO_MEANING},
    )
    return spotter, meanings


def lexicon_rows(file: str) -> Iterator[list[str]]:
    """The rows below the heading of a TSV file of the lexicon, without empty lines and those that begin with #."""
    _, *lines = (LEXICON_FOLDER / file).read_text(encoding="utf-8").splitlines()
    return (line.split("\t") for line in lines if line and not line.startswith("#"))
