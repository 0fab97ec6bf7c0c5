"""Why a question got its verdict: what a curator needs to see to mend an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.base import KnowledgeBase
from knowledge.confidence import signals
from knowledge.index import SIGNS, ways_of_asking
from knowledge.verdict import Verdict

_SHARED = 12


@dataclass(frozen=True)
class Shared:
    """Something that a question and a phrasing have in common, and its share of how near they are: 0-1."""

    what: str
    share: float


@dataclass(frozen=True)
class Candidate:
    """An entry that was considered: how probable, why, and by which of its phrasings it is nearest.

    *signs* are those of `knowledge.index.Fusion`; *shared* is what the phrasing and the question have in common, the
    weightiest first.
    """

    entry_id: str
    title: str
    score: float
    signs: Mapping[str, float]
    phrasing: str
    shared: Sequence[Shared]


@dataclass(frozen=True)
class Explanation:
    """*words* are the question as it was compared. *signals* are what confidence was reckoned from: name to the log
    odds it added; the verdict is an answer from the confidence *answer_from* on, and choices from the chance
    *choices_from* on that the right entry is among them."""

    verdict: Verdict
    words: Sequence[str]
    candidates: Sequence[Candidate]
    signals: Mapping[str, float]
    among: float | None
    answer_from: float
    choices_from: float


def explain(base: KnowledgeBase, question: str, *, candidates: int = 5) -> Explanation:
    """The verdict on *question* and what led to it."""
    finding = base.index.find(question)
    fitted = base.fitted
    found = signals(finding, fitted.scope) if finding.hits else {}
    return Explanation(
        verdict=base.judge(question),
        words=finding.words,
        candidates=[
            _candidate(base, question, hit.entry_id, hit.score, signs)
            for hit, signs in zip(finding.hits[:candidates], finding.signs.tolist(), strict=False)
        ],
        signals={name: fitted.right_first.weights.get(name, 0.0) * value for name, value in found.items()},
        among=fitted.right_among.chance(found) if found else None,
        answer_from=fitted.thresholds.answer,
        choices_from=fitted.thresholds.choices,
    )


def nearest_phrasing(base: KnowledgeBase, question: str, entry_id: str) -> str:
    """The title or phrasing of the entry that *question* is nearest to; empty when the two share nothing."""
    entry, place = base.library.get(entry_id), base.index.nearest_way(question, entry_id)
    return "" if entry is None or place is None else ways_of_asking(entry)[place]


def _candidate(base: KnowledgeBase, question: str, entry_id: str, score: float, signs: Sequence[float]) -> Candidate:
    entry = base.library.get(entry_id)
    phrasing = nearest_phrasing(base, question, entry_id)
    asked, kept = base.index.features(question), base.index.features(phrasing)
    products = {gram: asked[gram] * kept[gram] for gram in asked.keys() & kept.keys()}
    total = sum(products.values())
    heaviest = sorted(products, key=lambda gram: (-products[gram], gram))[:_SHARED]
    return Candidate(
        entry_id=entry_id,
        title=entry.title if entry else "",
        score=score,
        signs=dict(zip(SIGNS, signs, strict=True)),
        phrasing=phrasing,
        shared=[Shared(gram, products[gram] / total) for gram in heaviest],
    )
