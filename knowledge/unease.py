"""How much a message resembles those of people in danger: what phrases can't name, weighed by what it is made of.

A linear model over words, pairs of words and pieces of words, kept as plain numbers in knowledge/fitted/unease.npz.
`unease_fitting` fits it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import chain, pairwise
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.themes import near_each_other

CALM = "none"
"""The kind of a message that is no sign of danger. The model has no weights for it: each kind is weighed against it."""

_LONGEST_PIECE = 5
_SHORTEST_PIECE = 2
_STEM = 5
"""Letters of a word that its endings mostly leave alone."""
_STEMS_APART = 3
_GROUPS_APART = 4
_WINDOW = 30

MODEL_FILE = Path(__file__).parent / "fitted" / "unease.npz"
_SCALE = 1000
"""Rarity and weights are kept in thousandths, as whole numbers of two bytes."""


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
    groups of words stand near each other, in their order; which themes do, in any; and the signs. No two sorts can be
    taken for each other.
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
    return found | near_each_other(words) | {f"!{sign}" for sign in heard.signs}


@dataclass(frozen=True)
class Unease:
    """The fitted model. Each of *names* is a feature; its row of *thousandths* is its rarity (idf), its weight for
    each of the *kinds*, and its weight for any danger.

    A text's score is the log odds of any danger against none: the mean of what the kinds tell together and of what is
    told by the weights for any, which were fitted on all kinds at once and so know better what a calm message is.
    From *unsure* on it is noticed, from *sure* on it is plain; below *calm* lie hardly any messages from people in
    danger.
    """

    kinds: tuple[str, ...]
    names: bytes
    """One a line: as many strings would take ten times the memory."""
    thousandths: NDArray[np.int16]
    intercepts: NDArray[np.float64]
    unsure: float
    sure: float
    calm: float

    @classmethod
    def of(
        cls,
        kinds: Sequence[str],
        names: Sequence[str],
        rarity: NDArray[np.float32],
        weights: NDArray[np.float32],
        intercepts: Sequence[float],
    ) -> "Unease":
        """The model of these features, without thresholds; *weights* has a column per kind and one for any danger."""
        thousandths = np.rint(np.column_stack([rarity, weights]) * _SCALE)
        if np.abs(thousandths).max(initial=0) > np.iinfo(np.int16).max:
            raise ValueError("a weight doesn't fit into two bytes")
        return cls(
            kinds=tuple(kinds),
            names="\n".join(names).encode(),
            thousandths=thousandths.astype(np.int16),
            intercepts=np.array([round(float(value), 4) for value in intercepts]),
            unsure=0.0,
            sure=0.0,
            calm=0.0,
        )

    def strongest(self, heard: Heard) -> tuple[str, float]:
        """The kind of danger that a message resembles most, and its score; nothing known is calm."""
        return max((self._score(window) for window in heard.windows()), key=lambda scored: scored[1])

    def _score(self, heard: Heard) -> tuple[str, float]:
        rows = self._rows(features(heard))
        if not len(rows):
            return CALM, -inf
        table = (self.thousandths[rows] / _SCALE).astype(np.float32)
        rarity = table[:, 0]
        pull = rarity @ table[:, 1:] / float(np.linalg.norm(rarity)) + self.intercepts.astype(np.float32)
        kinds, any_danger = pull[:-1], pull[-1]
        return self.kinds[int(kinds.argmax())], float(np.logaddexp.reduce(kinds) + any_danger) / 2

    def _rows(self, found: Collection[str]) -> NDArray[np.intp]:
        """The rows of those features that the model knows."""
        marks, rows = self._marks
        if not len(marks):
            return rows
        wanted = np.sort(np.fromiter(map(hash, found), dtype=np.int64, count=len(found)))
        places = np.minimum(np.searchsorted(marks, wanted), len(marks) - 1)
        return np.sort(rows[places[marks[places] == wanted]])  # sums of floats depend on their order

    @cached_property
    def _marks(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """The features' hashes in ascending order, and the row of each: two of 64 bits are never the same by chance."""
        names = (line.rstrip(b"\n").decode() for line in BytesIO(self.names))  # a list of all takes 7 MB more
        marks = np.fromiter(map(hash, names), dtype=np.int64)
        rows = np.argsort(marks)
        return marks[rows], rows.astype(np.int32)

    @classmethod
    def load(cls, file: Path = MODEL_FILE) -> "Unease":
        """The model as `save` wrote it."""
        with np.load(file, allow_pickle=False) as kept:
            unsure, sure, calm = kept["thresholds"].tolist()
            return cls(
                kinds=tuple(kept["kinds"].tolist()),
                names=kept["names"].tobytes(),
                thousandths=kept["thousandths"],
                intercepts=kept["intercepts"],
                unsure=unsure,
                sure=sure,
                calm=calm,
            )

    def save(self, file: Path = MODEL_FILE) -> None:
        """Writes the model as arrays: the same bytes for the same model."""
        with file.open("wb") as opened:
            np.savez_compressed(
                opened,
                kinds=np.array(self.kinds),
                names=np.frombuffer(self.names, dtype=np.uint8),
                thousandths=self.thousandths,
                intercepts=self.intercepts,
                thresholds=np.round([self.unsure, self.sure, self.calm], 4),
            )
