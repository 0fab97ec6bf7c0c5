"""Messages that ask two things, and questions within a long story: read sentence by sentence, or clause by clause.

A part counts only where the bot is sure of it by itself. What was measured to choose this: docs/retrieval.md.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from knowledge.language import LONGEST_READ, clean, words
from knowledge.verdict import SHOWN, Verdict

MOST_PARTS = 6
STORY = 3
"""A message of so many sentences is a story; one of them may be its question."""

_FEWEST_WORDS = 2
_BETWEEN_SENTENCES = re.compile(r"(?<=[?!.…;])\s+|\n+")
_BETWEEN_CLAUSES = re.compile(r"[,;]?\s+(?:ja|sekä|ynnä|entä|entäs|och|samt|and)\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What a message asks: the verdict on it, and the id of a second entry where it asks two things."""

    verdict: Verdict
    second: str | None = None


def read_by_parts(text: str, whole: Verdict, judge: Callable[[str], Verdict]) -> Reading:
    """*text* read part by part, where *whole*, the verdict on all of it, leaves that open.

    Two parts that are surely about two entries are two questions. A story with one sentence that is surely about an
    entry asks that, where all of it together was too much to be sure of. Danger and small talk stay what they are.
    """
    if whole.kind in ("crisis", "smalltalk"):
        return Reading(whole)
    sentences = _worth_reading(_BETWEEN_SENTENCES.split(text[:LONGEST_READ]))
    parts = sentences if len(sentences) > 1 else _worth_reading(_BETWEEN_CLAUSES.split(text[:LONGEST_READ]))
    if not 1 < len(parts) <= MOST_PARTS:
        return Reading(whole)
    sure: dict[str, Verdict] = {}
    for verdict in map(judge, parts):
        if verdict.kind == "answer":
            sure.setdefault(verdict.hits[0].entry_id, verdict)
    if len(sure) == 2:
        first, second = sure.values()
        both = (first.hits[0], second.hits[0])
        rest = [hit for hit in whole.hits if hit.entry_id not in sure]
        chance = min(first.confidence or 0.0, second.confidence or 0.0)
        verdict = replace(whole, kind="answer", hits=(*both, *rest)[:SHOWN], confidence=chance)
        return Reading(verdict, second.hits[0].entry_id)
    if len(sure) == 1 and whole.kind != "answer" and len(sentences) >= STORY:
        (only,) = sure.values()
        return Reading(replace(whole, kind="answer", hits=only.hits, confidence=only.confidence))
    return Reading(whole)


def _worth_reading(parts: list[str]) -> list[str]:
    return [part.strip() for part in parts if len(words(clean(part))) >= _FEWEST_WORDS]
