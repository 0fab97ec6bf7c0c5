"""How well a knowledge base answers labelled questions: found, right, wrong, honest about not knowing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge import calibration
from knowledge.base import KnowledgeBase
from knowledge.explaining import nearest_phrasing
from knowledge.fitting import fit
from knowledge.questions import Question, development, read_questions
from knowledge.verdict import Verdict

__all__ = ["Asked", "Confusion", "Measure", "Report", "development", "evaluate", "fit", "read_questions"]

RESAMPLES = 1000
_SEED = 20261122
_LANGUAGES = {"english": "en", "swedish": "sv"}


@dataclass(frozen=True)
class Measure:
    """A share of *of* questions, with the 90 % interval of a bootstrap over them; 0 of 0 is all zeros."""

    share: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        return f"{self.share:.1%} [{self.low:.1%}, {self.high:.1%}] of {self.of}"


@dataclass(frozen=True)
class Confusion:
    """A question in scope whose first hit was another entry; *phrasing* is what it was nearest to there."""

    question: str
    topic: str
    found: str
    phrasing: str
    verdict: str
    confidence: float | None


@dataclass(frozen=True)
class Report:
    """What `koppi evaluate` prints. *groups* are by register, category and language: name -> measures by name.

    *risk* is the risk-coverage curve: of the questions ranked by confidence, (share answered, share of those wrong).
    *calibration_error* is the mean gap between confidence and share right, over bins of confidence; *cross_fitted* what
    was measured of it and the rest when confidence was fitted, on questions each judged by what had not seen it.
    """

    questions: int
    measures: Mapping[str, Measure]
    groups: Mapping[str, Mapping[str, Mapping[str, Measure]]]
    risk: Sequence[tuple[float, float]]
    calibration_error: Measure
    cross_fitted: Mapping[str, Any]
    confusions: Sequence[Confusion]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """A question and the verdict on it."""

    question: Question
    verdict: Verdict

    @property
    def rank(self) -> int | None:
        """The place of the first right entry among the hits, from 1; None when it isn't among them."""
        places = (n for n, hit in enumerate(self.verdict.hits, start=1) if hit.entry_id in self.question.right)
        return next(places, None)

    @property
    def is_answered_wrong(self) -> bool:
        return self.verdict.kind == "answer" and self.rank != 1

    @property
    def is_served(self) -> bool:
        """The right entry was given, or is one of the choices."""
        return (self.verdict.kind == "answer" and self.rank == 1) or (
            self.verdict.kind == "choices" and self.rank is not None
        )


def evaluate(base: KnowledgeBase, questions: Sequence[Question]) -> Report:
    """The report on these questions, each judged once. The same questions give the same report."""
    asked = [Asked(question, base.judge(question.text)) for question in questions]
    inside = [one for one in asked if one.question.is_in_scope]
    judged = [one for one in asked if one.verdict.kind in ("answer", "choices", "escalate") and one.verdict.confidence]
    return Report(
        questions=len(asked),
        measures=_measures(asked),
        groups={
            "register": _grouped(asked, lambda question: question.register),
            "category": _grouped(inside, lambda question: _category(base, question)),
            "language": _grouped(asked, lambda question: _LANGUAGES.get(question.register, "fi")),
        },
        risk=_risk(judged),
        calibration_error=_calibration_error(judged),
        cross_fitted=base.fitted.thresholds.measured,
        confusions=[
            Confusion(
                question=one.question.text,
                topic=one.question.topic,
                found=one.verdict.hits[0].entry_id,
                phrasing=nearest_phrasing(base, one.question.text, one.verdict.hits[0].entry_id),
                verdict=one.verdict.kind,
                confidence=one.verdict.confidence,
            )
            for one in inside
            if one.verdict.hits and one.rank != 1
        ],
    )


def _measures(asked: Sequence[Asked]) -> dict[str, Measure]:
    inside = [one for one in asked if one.question.is_in_scope]
    out = [one for one in asked if one.question.topic == "none"]
    answers = [one for one in asked if one.verdict.kind == "answer"]
    crisis = [one for one in asked if one.question.topic == "crisis"]
    calm = [one for one in asked if one.question.topic != "crisis"]
    talk = [one for one in asked if one.question.topic == "smalltalk"]
    measures = {
        "recall@1": _measure(inside, lambda one: one.rank == 1),
        "recall@3": _measure(inside, lambda one: one.rank is not None),
        "MRR": _measure(inside, lambda one: 1 / one.rank if one.rank else 0),
        "answered right": _measure(inside, lambda one: one.verdict.kind == "answer" and one.rank == 1),
        "offered among choices": _measure(inside, lambda one: one.verdict.kind == "choices" and one.rank is not None),
        "served": _measure(inside, lambda one: one.is_served),
        "escalated": _measure(inside, lambda one: one.verdict.kind == "escalate"),
        "answers wrong": _measure(answers, lambda one: one.is_answered_wrong),
        "far answered": _measure(_about(out, "far"), lambda one: one.is_answered_wrong),
        "near answered": _measure(_about(out, "near"), lambda one: one.is_answered_wrong),
        "out of scope left alone": _measure(out, lambda one: one.verdict.kind in ("escalate", "smalltalk")),
        "small talk recognised": _measure(talk, lambda one: one.verdict.kind == "smalltalk"),
        "questions taken for small talk": _measure(inside, lambda one: one.verdict.kind == "smalltalk"),
        "crisis sure": _measure(crisis, lambda one: one.verdict.kind == "crisis"),
        "crisis sure or unsure": _measure(crisis, lambda one: one.verdict.safety is not None),
        "falsely sure of a crisis": _measure(calm, lambda one: one.verdict.kind == "crisis"),
    }
    return {name: measure for name, measure in measures.items() if measure.of}


def _about(asked: Iterable[Asked], where: str) -> list[Asked]:
    return [one for one in asked if one.question.persona.startswith(where)]


def _measure(asked: Sequence[Asked], value: Callable[[Asked], float]) -> Measure:
    return measure([float(value(one)) for one in asked])


def measure(values: Sequence[float]) -> Measure:
    """The mean of *values*, one for each question."""
    if not values:
        return Measure(0.0, 0.0, 0.0, 0)
    each = np.array(values, dtype=np.float64)
    means = np.sort(_resampled_means(each))
    low, high = means[int(0.05 * RESAMPLES)], means[int(0.95 * RESAMPLES) - 1]
    return Measure(round(float(each.mean()), 4), round(float(low), 4), round(float(high), 4), len(each))


def _resampled_means(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    random = np.random.default_rng(_SEED)
    if set(values) <= {0.0, 1.0}:  # then the sum of a resample is binomial: the same bootstrap, a hundred times quicker
        means = random.binomial(len(values), values.mean(), RESAMPLES) / len(values)
    else:
        means = values[random.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    return np.asarray(means, dtype=np.float64)


def _grouped(asked: Sequence[Asked], group: Callable[[Question], str]) -> dict[str, dict[str, Measure]]:
    sizes = Counter(group(one.question) for one in asked)
    return {name: _measures([one for one in asked if group(one.question) == name]) for name in sorted(sizes)}


def _category(base: KnowledgeBase, question: Question) -> str:
    entry = base.library.get(question.topic)
    return entry.category if entry else "no such entry"


def _risk(judged: Sequence[Asked]) -> list[tuple[float, float]]:
    ranked = sorted(judged, key=lambda one: -(one.verdict.confidence or 0.0))
    wrong = np.cumsum([one.rank != 1 for one in ranked])
    steps = range(max(1, len(ranked) // 50) - 1, len(ranked), max(1, len(ranked) // 50))
    return [(round((n + 1) / len(ranked), 4), round(float(wrong[n]) / (n + 1), 4)) for n in steps]


def _calibration_error(judged: Sequence[Asked]) -> Measure:
    said = np.array([one.verdict.confidence or 0.0 for one in judged])
    right = np.array([one.rank == 1 for one in judged], dtype=bool)
    return Measure(calibration.error(said, right), *calibration.interval(said, right), len(judged))
