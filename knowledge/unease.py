"""How much a message resembles those of people in danger: what phrases can't name, weighed by what it is made of.

A linear model over words, pairs of words and pieces of words, kept as plain numbers in knowledge/fitted/unease.json.
`unease_fitting` fits it.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CALM = "none"
"""The kind of a message that is no sign of danger. The model has no weights for it: each kind is weighed against it."""

_LONGEST_PIECE = 5
_SHORTEST_PIECE = 2
_STEM = 5
"""Letters of a word that its endings mostly leave alone."""
_STEMS_APART = 3
_GROUPS_APART = 4
_WINDOW = 30

MODEL_FILE = Path(__file__).parent / "fitted" / "unease.json"
_SCALE = 1000
"""The file keeps thousandths, as whole numbers."""


@dataclass(frozen=True)
class Heard:
    """A message as the model hears it: its *words*, the *groups* of words that each belongs to (hits, partner, ...),
    and the *signs* that phrases found in it, in any words of its own."""

    words: Sequence[str]
    groups: Sequence[Collection[str]]
    signs: Collection[str]

    def windows(self) -> Iterator["Heard"]:
        """It in overlapping stretches, so that one sentence isn't drowned in a long story."""
        yield self._part(0)
        for start in range(_WINDOW // 2, len(self.words) - _WINDOW // 2, _WINDOW // 2):
            yield self._part(start)

    def _part(self, start: int) -> "Heard":
        return Heard(self.words[start : start + _WINDOW], self.groups[start : start + _WINDOW], self.signs)


def features(heard: Heard) -> set[str]:
    """What a message is made of.

    The words, their pairs, and their pieces of two to five letters with the word's edges marked; which stems and which
    groups of words stand near each other, in their order; and the signs. No two sorts can be taken for each other.
    """
    words = heard.words
    found = {f"{word} " for word in words}
    found |= {f"{first} {second}" for first, second in pairwise(words)}
    for word in words:
        edged = f"<{word}>"
        for length in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1):
            found |= {edged[start : start + length] for start in range(len(edged) - length + 1)}
    stems = [word[:_STEM] for word in words]
    for place, stem in enumerate(stems):
        found |= {f"{stem}~{near}" for near in stems[place + 1 : place + 1 + _STEMS_APART]}
    for place, groups in enumerate(heard.groups):
        found |= {f"@{group}" for group in groups}
        if groups:
            near_groups = chain.from_iterable(heard.groups[place + 1 : place + 1 + _GROUPS_APART])
            found |= {f"@{group}@{near}" for near in near_groups for group in groups}
    return found | {f"!{sign}" for sign in heard.signs}


@dataclass(frozen=True)
class Unease:
    """The fitted model. A row of *weights* per feature, a column per kind; *rarity* is each feature's idf.

    A text's score is the log odds of any danger against none. From *unsure* on it is noticed, from *sure* on it is
    plain; below *calm* lie hardly any messages from people in danger.
    """

    kinds: tuple[str, ...]
    rows: dict[str, int]
    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    unsure: float
    sure: float
    calm: float

    def strongest(self, heard: Heard) -> tuple[str, float]:
        """The kind of danger that a message resembles most, and its score; nothing known is calm."""
        return max((self._score(window) for window in heard.windows()), key=lambda scored: scored[1])

    def _score(self, heard: Heard) -> tuple[str, float]:
        known = [self.rows[feature] for feature in features(heard) if feature in self.rows]
        if not known:
            return CALM, -inf
        rarity = self.rarity[known]
        pull = rarity @ self.weights[known] / float(np.linalg.norm(rarity)) + self.intercepts
        return self.kinds[int(pull.argmax())], float(np.logaddexp.reduce(pull))

    @classmethod
    def load(cls, file: Path = MODEL_FILE) -> "Unease":
        """The model as `save` wrote it."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        table = (np.array(list(kept["features"].values())) / _SCALE).astype(np.float32)
        return cls(
            kinds=tuple(kept["kinds"]),
            rows={feature: row for row, feature in enumerate(kept["features"])},
            rarity=table[:, 0],
            weights=table[:, 1:],
            intercepts=np.array(kept["intercepts"], dtype=np.float32),
            unsure=kept["unsure"],
            sure=kept["sure"],
            calm=kept["calm"],
        )

    def save(self, file: Path = MODEL_FILE) -> None:
        """Writes the model as JSON, a line per feature: its rarity and its weight for each kind."""
        table = np.rint(np.column_stack([self.rarity, self.weights]) * _SCALE).astype(int).tolist()
        lines = [f"{json.dumps(feature, ensure_ascii=False)}: {table[row]}" for feature, row in self.rows.items()]
        head = {
            "unsure": round(self.unsure, 4),
            "sure": round(self.sure, 4),
            "calm": round(self.calm, 4),
            "kinds": self.kinds,
            "intercepts": [round(float(value), 4) for value in self.intercepts],
        }
        features = ",\n".join(lines)
        file.write_text(f'{json.dumps(head)[:-1]}, "features": {{\n{features}\n}}}}\n', encoding="utf-8")
