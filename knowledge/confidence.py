"""How sure the index may be of what it found: P(the first is right), P(the right one is among three)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import pairwise
from math import exp, log, log1p, sqrt
from pathlib import Path
from typing import Any

from knowledge.index import SIGNS, Finding, Fusion
from knowledge.language import fold

FITTED_FOLDER = Path(__file__).parent / "fitted"
ELSEWHERE_FILE = Path(__file__).parent / "lexicon" / "elsewhere.txt"

CHOICES = 3
"""So many entries are offered when the bot isn't sure."""

_AGREEMENTS = tuple(f"first by {sign}" for sign in SIGNS)

SPEAKING_FOR = frozenset(
    {"log chance", "lead", "linear", "linear lead", "shared", "shared lead", "near", "near lead"}
    | {"answer", "answer lead", "known", "letters", "scope", "here", *_AGREEMENTS}
)
"""The signals whose growth can only mean that the first hit is likelier right."""


class Scope:
    """Whether words sound like a question for this service at all: learnt from questions inside and outside it."""

    def __init__(self, bias: float, weights: Mapping[str, float]) -> None:
        """*weights* belong to the terms of `terms_of`."""
        self.bias = bias
        self.weights = weights

    def score(self, words: Sequence[str]) -> float:
        """Above 0 when it sounds like one, the further the surer: about -3 to 3."""
        terms = terms_of(words)
        if not terms:
            return self.bias
        return self.bias + sum(self.weights.get(term, 0.0) for term in terms) / sqrt(len(terms))


def terms_of(words: Sequence[str]) -> set[str]:
    """What a text is judged by: its words, how they begin (Finnish inflects their ends), and its pairs of words."""
    terms = {f"w {word}" for word in words}
    terms |= {f"b {word[:size]}" for word in words for size in (3, 4, 5, 6) if len(word) > size}
    terms |= {f"p {left[:5]} {right[:5]}" for left, right in pairwise(words)}
    return terms


@dataclass(frozen=True)
class Logistic:
    """A logistic regression on named signals: P(yes)."""

    bias: float
    weights: Mapping[str, float]

    def chance(self, signals: Mapping[str, float]) -> float:
        score = self.bias + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-30.0, min(30.0, score))))


@dataclass(frozen=True)
class Thresholds:
    """From which confidence on the bot answers, or offers choices; *measured* says what that gave, and on what."""

    answer: float
    choices: float
    measured: Mapping[str, Any]


@dataclass(frozen=True)
class Fitted:
    """All that is fitted on labelled questions (`fitted_on`). None of it knows an entry by its id."""

    fusion: Fusion
    scope: Scope
    right_first: Logistic
    right_among: Logistic
    thresholds: Thresholds

    def with_measured(self, more: Mapping[str, float]) -> "Fitted":
        """The same, and what else was measured."""
        return replace(self, thresholds=replace(self.thresholds, measured={**self.thresholds.measured, **more}))

    @classmethod
    def read(cls, folder: Path = FITTED_FOLDER) -> "Fitted":
        judgement = json.loads((folder / "judgement.json").read_text(encoding="utf-8"))
        scope = json.loads((folder / "scope.json").read_text(encoding="utf-8"))
        return cls(
            fusion=Fusion(**judgement["fusion"]),
            scope=Scope(scope["bias"], scope["weights"]),
            right_first=Logistic(**judgement["right_first"]),
            right_among=Logistic(**judgement["right_among"]),
            thresholds=Thresholds(**judgement["thresholds"]),
        )

    def write(self, folder: Path = FITTED_FOLDER) -> None:
        """Two JSON files that *read* reads back, each weight on its own line so that a refit can be compared."""
        judgement = {
            "fusion": asdict(self.fusion),
            "right_first": asdict(self.right_first),
            "right_among": asdict(self.right_among),
            "thresholds": asdict(self.thresholds),
        }
        scope = {"bias": self.scope.bias, "weights": self.scope.weights}
        folder.mkdir(exist_ok=True)
        for name, content in (("judgement", judgement), ("scope", scope)):
            text = json.dumps(content, ensure_ascii=False, indent=1)
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def signals(finding: Finding, scope: Scope) -> dict[str, float]:
    """What speaks for and against the first hit being right, each about 0-1 or a logarithm. Needs one hit or more."""
    chances = [hit.score for hit in finding.hits[:CHOICES]] + [0.0] * CHOICES
    said = set(finding.words)
    linear, shared, near, answer = finding.signs.T.tolist()
    return {
        "log chance": log(chances[0]),
        "lead": chances[0] - chances[1],
        "log rest": log(max(1e-4, 1 - sum(chances[:CHOICES]))),
        "linear": linear[0],
        "linear lead": linear[0] - max(linear[1:], default=-1.0),
        "linear second": max(linear[1:], default=-1.0),
        "near": near[0],
        "near lead": near[0] - max(near[1:], default=0.0),
        "shared": shared[0],
        "shared lead": shared[0] - max(shared[1:], default=0.0),
        "answer": answer[0],
        "answer lead": answer[0] - max(answer[1:], default=0.0),
        **{name: float(of[0] >= max(of)) for name, of in zip(_AGREEMENTS, finding.signs.T.tolist(), strict=True)},
        "known": finding.known,
        "length": log1p(len(said)),
        "letters": log1p(sum(len(word) for word in said if len(word) > 2)),
        "scope": scope.score(finding.words),
        "here": float(is_here(finding.words)),
        "newness": finding.newness,
    }


def is_here(words: Sequence[str]) -> bool:
    """Whether the words name no place that the service doesn't cover."""
    return not any(word.startswith(_elsewhere()) for word in words)


@cache
def _elsewhere() -> tuple[str, ...]:
    """How the names of places begin that the service doesn't cover, as words are compared."""
    _, *lines = ELSEWHERE_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(map(fold, lines))
