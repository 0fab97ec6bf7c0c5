"""What the index finds while entries are new: some of the FAQ's made so, for confidence to be fitted to them as well.

An entry of today has a few ways of asking, and the others hundreds: the signs of both mean different things, which
questions about old entries can't tell.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.entry import Entry
from knowledge.index import Finding, Fusion, Index
from knowledge.questions import Question

ROUNDS = 6
"""In each another sixth of all entries is new."""

MOST_WAYS = 5
NEAR_EACH = 4
"""So many of the ways of asking that were taken from each entry are asked, those nearest to the ones it was left."""

_ASKED_OF_OTHERS = 0.25
_SEED = 20261122


@dataclass(frozen=True)
class Found:
    """What was found for *question* while entries *new* were new; *is_taught*: it was a way of asking for one."""

    question: Question
    finding: Finding
    new: frozenset[str]
    is_taught: bool


def found_while_new(
    entries: Sequence[Entry], questions: Sequence[Question], whole: Index, fusion: Fusion, say: Callable[[str], None]
) -> Iterator[Found]:
    """What is found for questions about new entries, for some about others, and for what is nearly taught.

    *whole* is an index of all *entries*. The same each time; an index is built for each round.
    """
    chance = random.Random(_SEED)  # noqa: S311 - a draw of questions, no secret
    order = chance.sample([entry.id for entry in entries], len(entries))
    for number in range(ROUNDS):
        say(f"the ranker while every sixth entry is new, {number + 1} of {ROUNDS}")
        new = frozenset(order[number::ROUNDS])
        asked = [(question, False) for question in questions
                 if question.right & new or chance.random() < _ASKED_OF_OTHERS]  # fmt: skip
        shown = []
        for entry in entries:
            ways = chance.sample(entry.phrasings["fi"], len(entry.phrasings["fi"]))
            if entry.id not in new or len(ways) < MOST_WAYS + NEAR_EACH:
                shown.append(entry)
                continue
            few = chance.randint(1, MOST_WAYS)
            shown.append(entry.model_copy(update={"phrasings": {"fi": tuple(ways[:few])}, "translations": {}}))
            near = whole.likeness(ways)[:few, few:].max(axis=0).argsort()[-NEAR_EACH:]
            asked += [(Question(ways[few + n], entry.id, frozenset(), "phrasing", "taught"), True) for n in near]
        index = Index.build(shown, fusion=fusion)
        for question, is_taught in asked:
            finding = index.find(question.text)
            if finding.hits:
                yield Found(question, finding, new, is_taught)
