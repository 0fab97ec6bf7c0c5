"""Fits what turns findings into verdicts, on labelled questions: fusion, scope, confidence, thresholds.

The ranker itself is fitted on the FAQ alone, so it has seen none of these questions. Everything else is judged here on
questions it was not fitted on (five folds), and then fitted on all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.calibration import (
    Doubles,
    Flags,
    Numbers,
    chances_of,
    error,
    fit_stretch,
    interval,
    odds_of,
    stretched_out_of_fold,
)
from knowledge.confidence import CHOICES, SPEAKING_FOR, Fitted, Logistic, Scope, Thresholds, is_here, signals, terms_of
from knowledge.index import Finding, Fusion, Index
from knowledge.library import Library
from knowledge.new_entries import Found, found_while_new
from knowledge.questions import Question, development, fitted_on
from knowledge.safety import assess
from knowledge.smalltalk import Manners

SEED = 20261122
FOLDS = 5
SPLITS = 5
"""So many ways of cutting the questions into folds are averaged: by one alone, the threshold is a matter of luck."""

OUT_OF_SCOPE_SHARE = 0.25
"""Of the questions asked of a service, so many are assumed not to be for it. The development set has more of them, so
that each kind can be measured; here they are weighed down to this share."""

_RESTRAINT = 60.0
"""Signals overlap, and there are few confident mistakes to learn from: their weights are held this close to zero."""

_NEW = 0.05
"""So much weighs what was found while entries were new: enough to learn what few ways of asking mean, and so little
that the rest is judged as before."""

MOST_WRONG = 0.02
MOST_NEAR = 0.045
MOST_FAR = 0.008
MOST_LOST = 0.01
"""Of direct answers wrong (90 % upper bound; 3 % are promised, but of questions that nobody here had seen more are
answered wrong than of these); of near and far questions out of scope answered; of questions in scope
whose right entry is among the three best, those that get no choices."""


@dataclass(frozen=True)
class Case:
    """A development question and what the index finds in it."""

    question: Question
    finding: Finding

    @property
    def is_first_right(self) -> bool:
        return self.finding.hits[0].entry_id in self.question.right

    @property
    def is_among(self) -> bool:
        return any(hit.entry_id in self.question.right for hit in self.finding.hits[:CHOICES])


def fit(
    library: Library, questions: Sequence[Question] | None = None, say: Callable[[str], None] = lambda _: None
) -> Fitted:
    """Everything that is fitted on labelled questions (`fitted_on` by default); the same each time.

    *say* is told what is being done.
    """
    say(f"the ranker on {len(library.entries)} entries")
    index = Index.build(library.entries)
    manners = Manners.read()
    asked = [question for question in (questions or fitted_on()) if _is_judged(question, manners)]
    say(f"fusion on {sum(question.is_in_scope for question in asked)} questions")
    fusion = fit_fusion([Case(question, index.find(question.text)) for question in asked if question.is_in_scope])
    index = index.with_fusion(fusion)
    cases = [case for question in asked if (case := Case(question, index.find(question.text))).finding.hits]
    found = [
        one for one in found_while_new(library.entries, asked, index, fusion, say) if _is_judged(one.question, manners)
    ]
    all_cases = [*cases, *(Case(one.question, one.finding) for one in found)]
    weights = _weights(cases)
    all_weights = np.append(weights, [_NEW * (1 if one.question.is_in_scope else weights.min()) for one in found])
    all_first = np.array([case.is_first_right for case in all_cases])
    all_among = np.array([case.is_among for case in all_cases])
    old = slice(len(cases))
    first, among = all_first[old], all_among[old]

    say(f"scope, confidence and thresholds on {len(cases)} questions")
    odds_first, odds_among = np.zeros(len(all_cases)), np.zeros(len(all_cases))
    for split in range(SPLITS):
        folds = _folds(all_cases, split)
        seen = _signals_out_of_fold(all_cases, folds, len(cases))
        odds_first += odds_of(cross_fitted(seen, all_first, all_weights, folds)) / SPLITS
        odds_among += odds_of(cross_fitted(seen, all_among, all_weights, folds)) / SPLITS
    stretch_first, stretch_among = (
        fit_stretch(odds[old], yes, weights) for odds, yes in ((odds_first, first), (odds_among, among))
    )
    right_first, right_among = (
        chances_of(stretched_out_of_fold(odds[old], yes, weights, folds[old]))
        for odds, yes in ((odds_first, first), (odds_among, among))
    )
    fitted = Fitted(
        fusion=fusion,
        scope=fit_scope(cases),
        right_first=stretch_first.on(fit_logistic(seen, all_first, all_weights)),
        right_among=stretch_among.on(fit_logistic(seen, all_among, all_weights)),
        thresholds=choose_thresholds(cases, weights, right_first, right_among),
    )
    unseen = [case for question in development(["sample"]) if _is_judged(question, manners)
              if (case := Case(question, index.find(question.text))).finding.hits]  # fmt: skip
    sure = stretch_first.of(odds_first[len(cases) :]) >= odds_of(np.array(fitted.thresholds.answer))
    return fitted.with_measured(
        calibration(fitted, cases, right_first, unseen) | _development(cases) | _taught(found, sure)
    )


def _development(cases: Sequence[Case]) -> dict[str, float]:
    """Recall of the development set alone."""
    asked = {question.text for question in development()}
    own = [case for case in cases if case.question.is_in_scope and case.question.text in asked]
    shares = {
        "development set, recall@1": [case.is_first_right for case in own],
        "development set, recall@3": [case.is_among for case in own],
    }
    return {name: round(float(np.mean(right)), 4) for name, right in shares.items() if right}


def _taught(found: Sequence[Found], sure: Flags) -> dict[str, float]:
    """What becomes of questions that are nearly what a new entry was taught; *sure* are those answered at once."""
    taught = [(one.finding.hits[0].entry_id in one.question.right, bool(is_sure))
              for one, is_sure in zip(found, sure, strict=True) if one.is_taught]  # fmt: skip
    return {
        "nearly taught to a new entry": len(taught),
        "of those found first": sum(is_right for is_right, _ in taught),
        "of those answered": sum(is_sure for _, is_sure in taught),
        "of those answered wrong": sum(is_sure and not is_right for is_right, is_sure in taught),
    }


def _folds(cases: Sequence[Case], split: int) -> Numbers:
    """The fold of each case: the same for the same question, whatever the FAQ was when it was asked."""
    texts = list(dict.fromkeys(case.question.text for case in cases))
    fold_of = dict(zip(texts, np.random.default_rng(SEED + split).permutation(len(texts)) % FOLDS, strict=True))
    return np.array([fold_of[case.question.text] for case in cases])


def calibration(fitted: Fitted, cases: Sequence[Case], chances: Doubles, unseen: Sequence[Case]) -> dict[str, float]:
    """How true the chances of a first hit are: the cross-fitted ones of *cases*, and those of *unseen*, fitted on by
    nothing."""
    told = [fitted.right_first.chance(signals(case.finding, fitted.scope)) for case in unseen]
    both = [*cases, *unseen]
    right = np.array([case.is_first_right for case in both])
    found = np.append(chances, told), right, _weights(both)
    low, high = interval(*found)
    return {
        "calibration error": error(*found),
        "calibration error, 90 % from": low,
        "calibration error, 90 % to": high,
        "calibration questions": len(both),
        "calibration error, each question as much": error(*found[:2]),
    }


def _is_judged(question: Question, manners: Manners) -> bool:
    """Whether the question would come so far that confidence matters."""
    safety = assess(question.text)
    is_danger = question.topic == "crisis" or (safety is not None and safety.certainty == "sure")
    return not is_danger and manners.recognise(question.text) is None


def _weights(cases: Sequence[Case]) -> Doubles:
    inside = np.array([case.question.is_in_scope for case in cases])
    outside = OUT_OF_SCOPE_SHARE / (1 - OUT_OF_SCOPE_SHARE) * inside.sum() / max(1, (~inside).sum())
    return np.where(inside, 1.0, outside)


def fit_fusion(cases: Sequence[Case]) -> Fusion:
    """The weights that make the right candidate the likeliest: a conditional logit over each question's candidates."""
    from scipy.optimize import minimize

    signs, right = [], []
    for case in cases:
        is_right = np.array([hit.entry_id in case.question.right for hit in case.finding.hits])
        if is_right.any():
            signs.append(case.finding.signs.astype(np.float64))
            right.append(is_right)

    def loss(weights: Doubles) -> float:
        total = 0.01 * float(weights @ weights)
        for sign, is_right in zip(signs, right, strict=True):
            scores = sign @ weights
            total += float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[is_right]))
        return total

    start = Fusion().weights().astype(np.float64)
    fitted = minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, None)] * len(start))
    return Fusion(*(round(float(weight), 4) for weight in fitted.x))


def fit_scope(cases: Sequence[Case]) -> Scope:
    """What tells the words of questions in scope from those of others."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    texts = [sorted(terms_of(case.finding.words)) for case in cases]
    counts: dict[str, int] = {}
    for text in texts:
        for term in text:
            counts[term] = counts.get(term, 0) + 1
    numbers = {term: number for number, term in enumerate(sorted(term for term, n in counts.items() if n > 1))}
    rows = [[numbers[term] for term in text if term in numbers] for text in texts]
    values = [1 / np.sqrt(max(1, len(text))) for text, row in zip(texts, rows, strict=True) for _ in row]
    starts = np.cumsum([0, *map(len, rows)])
    matrix = csr_matrix((values, np.concatenate(rows).astype(np.int64), starts), shape=(len(rows), len(numbers)))
    inside = [case.question.is_in_scope for case in cases]
    model = LogisticRegression(C=30.0, max_iter=500).fit(matrix, inside)
    weights = {term: round(float(model.coef_[0, number]), 2) for term, number in numbers.items()}
    return Scope(round(float(model.intercept_[0]), 4), {term: weight for term, weight in weights.items() if weight})


def _signals_out_of_fold(cases: Sequence[Case], folds: Numbers, first: int) -> list[dict[str, float]]:
    """The signals of each case, its scope judged by what was learnt from the other folds of the *first* so many."""
    learnt = list(zip(cases[:first], folds[:first], strict=True))
    scopes = [fit_scope([case for case, fold in learnt if fold != k]) for k in range(FOLDS)]
    return [signals(case.finding, scopes[fold]) for case, fold in zip(cases, folds, strict=True)]


def fit_logistic(seen: Sequence[dict[str, float]], yes: Flags, weights: Doubles) -> Logistic:
    """A logistic regression on the named signals in which no sign of being right may speak against it.

    The development questions hold none that repeats a phrasing word for word: bounds, not data, see to it that a
    nearer phrasing never makes the bot less sure.
    """
    from scipy.optimize import minimize

    names = list(seen[0])
    table = np.array([[row[name] for name in names] for row in seen])
    centre, scale = table.mean(axis=0), table.std(axis=0) + 1e-9
    table = np.column_stack([(table - centre) / scale, np.ones(len(table))])
    sides = np.where(yes, 1.0, -1.0)

    def loss(slopes: Doubles) -> tuple[float, Doubles]:
        margins = sides * (table @ slopes)
        pull = -sides * weights / (1 + np.exp(margins))
        penalty = np.append(slopes[:-1], 0.0)
        total = float(weights @ np.logaddexp(0, -margins)) + 0.5 * _RESTRAINT * float(penalty @ penalty)
        return total, table.T @ pull + _RESTRAINT * penalty

    bounds = [(0.0, None) if name in SPEAKING_FOR else (None, None) for name in [*names, ""]]
    slopes = minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x
    bias = float(slopes[-1] - (slopes[:-1] / scale) @ centre)
    fitted = {name: round(float(slope), 5) for name, slope in zip(names, slopes[:-1] / scale, strict=True)}
    return Logistic(round(bias, 5), fitted)


def cross_fitted(seen: Sequence[dict[str, float]], yes: Flags, weights: Doubles, folds: Numbers) -> Doubles:
    """The chance of each case by a regression that was fitted on the other folds."""
    chances = np.empty(len(seen))
    for fold in range(FOLDS):
        inside = folds != fold
        model = fit_logistic(
            [row for row, is_in in zip(seen, inside, strict=True) if is_in], yes[inside], weights[inside]
        )
        chances[~inside] = [model.chance(row) for row, is_in in zip(seen, inside, strict=True) if not is_in]
    return chances


def choose_thresholds(
    cases: Sequence[Case], weights: Doubles, right_first: Doubles, right_among: Doubles
) -> Thresholds:
    """The lowest threshold that answers within the bounds on errors, and the highest that loses few choices.

    Where none is certain to keep the errors as few as they may be, the one that is nearest to it.
    """
    first = np.array([case.is_first_right for case in cases])
    among = np.array([case.is_among for case in cases])
    inside = np.array([case.question.is_in_scope for case in cases])
    near = np.array([case.question.persona.startswith("near") for case in cases])
    far = np.array([case.question.persona.startswith("far") for case in cases])

    here = np.array([is_here(case.finding.words) for case in cases])

    def bound(threshold: float) -> float:
        answered = here & (right_first >= threshold)
        return upper_bound(weights[answered & ~first].sum(), weights[answered].sum())

    def is_within(threshold: float) -> bool:
        answered = here & (right_first >= threshold)
        return (
            bound(threshold) <= MOST_WRONG
            and (answered & near & ~first).sum() <= MOST_NEAR * near.sum()
            and (answered & far & ~first).sum() <= MOST_FAR * far.sum()
        )

    steps = np.round(np.arange(0.5, 0.9951, 0.001), 3)
    answer = float(next(filter(is_within, steps), min(steps, key=bound)))
    chances = np.sort(right_among[inside & among])
    choices = round(float(chances[int(MOST_LOST * len(chances))]), 3) if len(chances) else 0.0
    answered = here & (right_first >= answer)
    offered = ~answered & (right_among >= choices)
    measured = {
        "questions": len(cases),
        "in scope": int(inside.sum()),
        "recall@1": round(float(first[inside].mean()), 4),
        "recall@3": round(float(among[inside].mean()), 4),
        "in scope answered": round(float(answered[inside].mean()), 4),
        "in scope right directly or among choices": round(
            float(((answered & first) | (offered & among))[inside].mean()), 4
        ),
        "answers wrong": round(float(weights[answered & ~first].sum() / max(1, weights[answered].sum())), 4),
        "answers wrong, 90 % upper bound": round(
            upper_bound(weights[answered & ~first].sum(), weights[answered].sum()), 4
        ),
        "near answered": round(float((answered & ~first)[near].mean()), 4),
        "far answered": round(float((answered & ~first)[far].mean()), 4),
        "out of scope offered choices": round(float(offered[~inside].mean()), 4),
    }
    return Thresholds(answer, choices, measured)


def upper_bound(wrong: float, total: float) -> float:
    """The share that *wrong* of *total* stays below with 90 % certainty (Clopper and Pearson); 0 of 0 may be all."""
    from scipy.stats import beta

    return 1.0 if wrong >= total else float(beta.ppf(0.9, wrong + 1, total - wrong))
