"""How much a message resembles those of people in danger: what phrases can't name, weighed by what it is made of.

A linear model over words, pairs of words and pieces of words, kept as plain numbers in knowledge/fitted/unease.json.
`unease_fitting` fits it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CALM = "none"
"""The kind of a message that is no sign of danger."""

_LONGEST_PIECE = 4
_SHORTEST_PIECE = 2
_WINDOW = 30

MODEL_FILE = Path(__file__).parent / "fitted" / "unease.json"
_SCALE = 1000
"""The file keeps thousandths, as whole numbers."""


def features(words: Sequence[str]) -> set[str]:
    """The words, their pairs, and their pieces of two to four letters with the word's edges marked."""
    found = {f"{word} " for word in words}
    found |= {f"{first} {second}" for first, second in pairwise(words)}
    for word in words:
        edged = f"<{word}>"
        for length in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1):
            found |= {edged[start : start + length] for start in range(len(edged) - length + 1)}
    return found


def _windows(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """*words* in overlapping stretches, so that one sentence isn't drowned in a long story."""
    yield words[:_WINDOW]
    for start in range(_WINDOW // 2, len(words) - _WINDOW // 2, _WINDOW // 2):
        yield words[start : start + _WINDOW]


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

    def strongest(self, words: Sequence[str]) -> tuple[str, float]:
        """The kind of danger that a text of these words resembles most, and its score; nothing known is calm."""
        return max((self._score(window) for window in _windows(words)), key=lambda scored: scored[1])

    def _score(self, words: Sequence[str]) -> tuple[str, float]:
        known = [self.rows[feature] for feature in features(words) if feature in self.rows]
        if not known:
            return CALM, -inf
        rarity = self.rarity[known]
        pull = rarity @ self.weights[known] / float(np.linalg.norm(rarity)) + self.intercepts
        calm = self.kinds.index(CALM)
        danger = np.delete(pull, calm)
        kind = [kind for kind in self.kinds if kind != CALM][int(danger.argmax())]
        return kind, float(np.logaddexp.reduce(danger) - pull[calm])

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
