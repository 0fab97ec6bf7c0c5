"""Signs in a text that someone is in danger: what kind of danger, and how certain the sign is.

What is recognised is data, in knowledge/lexicon: *crisis-words.tsv* names groups of words, *crisis-phrases.tsv* has
the phrases that are signs, *crisis-idioms.tsv* those that only sound like one ("tappava kiire"),
*crisis-past.tsv* what tells that a danger is past and over, and *crisis-lookalikes.tsv* ordinary words that must not be
taken for a misspelt one. `Phrase.parse` tells how a phrase is written. What no phrase says is weighed by `unease`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

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
Part = TypeVar("Part")

LEXICON_FOLDER = Path(__file__).parent / "lexicon"

_NO_MEANING = frozenset({"filler", "often-misspelt"})
"""Groups that tell nothing of what a message is about."""

MOST_PARTS = 20
"""So many sentences from the beginning of a message, and as many from its end, are also looked at one by one; and
clauses likewise."""

_CONJUNCTIONS = "ja|mutta|mut|joten|koska|kun|ku|ko|että|et|och|men|så|and|but|so|because"
_SENTENCE_ENDS = re.compile(r"(?<=[.!?\n])\s+")
_CLAUSE_ENDS = re.compile(rf"[,;:]\s+|\s(?:{_CONJUNCTIONS})\s+", re.IGNORECASE)

FEWEST_WORDS_UNSURE = 2
"""A single word is a sign only as a phrase: "moooi" resembles anything."""

FEWEST_WORDS_SURE = 6
"""Of fewer words only phrases are sure: "en jaksa enää" may be about anything."""

FEWEST_WORDS_BESIDE_AN_IDIOM = 3
"""What an idiom leaves of a short text ("haluisin ... tän ...") tells nothing."""

PHRASE_HOLDS = 2.0
"""The model's score from which on a phrase alone is sure, or a sentence or clause alone.

Even odds, 0, wouldn't do: the model is fitted on far more danger than is told to the bot. From here on hardly a calm
message of the sets of others is sure, and no direct one of people in danger less sure.
"""

CLAUSE_HOLDS = 12.0
"""The model's score from which on a clause with a sure phrase is sure, however calm its sentence."""


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
    sign = _gravest(text)
    if sign and sign.certainty == "sure" and _is_over(text):
        return SafetySign(sign.kind, "unsure")
    return sign


def _gravest(text: str) -> SafetySign | None:
    """The gravest sign in *text* as a whole; also in its sentences and clauses, if it isn't sure as a whole.

    A calm question before it must not soften "Haluan tappaa itseni." But a clause is weighed within its sentence: "en
    jaksa elää" says little of whoever goes on "näillä tuloilla".
    """
    whole = _assess(text)
    if whole and whole.certainty == "sure":
        return whole
    sentences = _ends(_parts(text, _SENTENCE_ENDS))
    several = sentences if len(sentences) > 1 else []
    sure = [sign for sentence in several for sign in _surely(sentence) if _stands(sentence, text)]
    out_of_context = []
    for sentence, clause in _ends([(one, part) for one in sentences for part in _parts(one, _CLAUSE_ENDS)]):
        for sign in _surely(clause) if clause != text else []:  # which isn't sure, as is known by now
            if _is_plain(clause) or (_score(sentence) >= PHRASE_HOLDS and _stands(clause, text)):
                sure.append(sign)
            else:
                out_of_context.append(SafetySign(sign.kind, "unsure"))
    return min(sure, key=_gravity, default=whole or min(out_of_context, key=_gravity, default=None))


def _surely(part: str) -> list[SafetySign]:
    """The sure sign in *part* by itself, if there is one."""
    heard = _listen(part)
    sign = _weigh(*heard) if _may_be_sure(*heard) else None
    return [sign] if sign and sign.certainty == "sure" else []


def _stands(part: str, text: str) -> bool:
    """Whether a sure sign in *part* may be one in *text*: where the whole sounds calm, only what a phrase says may."""
    return any(sign.certainty == "sure" for sign in spelt_out(part)) or _score(text) >= PHRASE_HOLDS


def _is_plain(clause: str) -> bool:
    """Whether *clause* is a sure sign whatever stands around it: "... but I am going to kill myself"."""
    return _score(clause) >= CLAUSE_HOLDS and any(sign.certainty == "sure" for sign in spelt_out(clause))


def _score(text: str) -> float:
    return _unease().strongest(hear(text))[1]


def _parts(text: str, ends: re.Pattern[str]) -> list[str]:
    """The parts of *text* that have more than one word."""
    return [part for part in ends.split(text) if " " in part.strip()]


def _ends(parts: list[Part]) -> list[Part]:
    return parts if len(parts) <= 2 * MOST_PARTS else parts[:MOST_PARTS] + parts[-MOST_PARTS:]


def _is_over(text: str) -> bool:
    """Whether *text* says that it was then and that it is over, and nothing of now, again or to come."""
    spotter, meanings = _times()
    return {meanings[phrase] for phrase in spotter.spot(*read(text)).phrases} == {"then", "over"}


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
    return _weigh(*_listen(text))


def _may_be_sure(found: list[SafetySign], heard: Heard, _telling: int) -> bool:
    """Whether there is anything to weigh: of few words only phrases are sure."""
    return len(heard.words) >= FEWEST_WORDS_SURE or any(sign.certainty == "sure" for sign in found)


def _weigh(found: list[SafetySign], heard: Heard, telling: int) -> SafetySign | None:
    """What comes of what was listened to: see `_listen`."""
    if telling >= min(len(heard.words), FEWEST_WORDS_BESIDE_AN_IDIOM):
        found = _weighed(found, heard)
    return min(found, key=_gravity, default=None)


def _weighed(found: list[SafetySign], heard: Heard) -> list[SafetySign]:
    """What phrases *found*, weighed by what the words sound like as a whole."""
    unease = _unease()
    kind, score = unease.strongest(heard)
    if score < unease.calm:
        found = [sign for sign in found if sign.certainty == "sure"]
    if score < PHRASE_HOLDS:
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
    groups = _groups()
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


@cache
def _times() -> tuple[Spotter, dict[Phrase, str]]:
    groups = _groups()
    meanings = {Phrase.parse(written, groups): what for what, written in lexicon_rows("crisis-past.tsv")}
    nothing: Element = frozenset()
    spotter = Spotter(meanings, [], fillers=groups["filler"], often_misspelt=nothing, lookalikes=nothing, named={})
    return spotter, meanings


@cache
def _groups() -> dict[str, Element]:
    groups: dict[str, Element] = {}
    for name, words in lexicon_rows("crisis-words.tsv"):
        groups[name] = parse_element(words.replace(" ", "|"), groups)
    return groups


def lexicon_rows(file: str) -> Iterator[list[str]]:
    """The rows below the heading of a TSV file of the lexicon, without empty lines and those that begin with #."""
    _, *lines = (LEXICON_FOLDER / file).read_text(encoding="utf-8").splitlines()
    return (line.split("\t") for line in lines if line and not line.startswith("#"))
