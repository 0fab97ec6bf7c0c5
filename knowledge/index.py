"""Which entries a question is about: a linear model with one class an entry, then the nearest phrasings."""

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, fields
from itertools import accumulate, chain, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.entry import Entry
from knowledge.features import Counts, Floats, Ints, Rows, Vectoriser, read
from knowledge.language import Lexicon, as_bytes, as_strings

CANDIDATES = 10
"""So many entries, those first by what is quickly known of all, are looked at closely."""

FEW_PHRASINGS = 12
"""An entry with at most so many phrasings is always looked at closely: no linear model can know it well yet."""

NEAR = 3
"""So many nearest phrasings of an entry speak for it together, besides the very nearest alone."""

# Each class is told from its likest phrasings of other classes and a sample of the rest: four times quicker than from
# all of them, and recall stays the same (docs/retrieval.md).
_LIKEST_OTHERS = 1000
_OTHERS = 300
WORD_FOR_WORD = 0.999
"""A cosine above this is the phrasing itself: a curator has said which entry answers that."""

_FOR_CERTAIN = 100.0
_COST = 1.0
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_TOLERANCE = 0.1  # of liblinear; a tighter one doubles the fit and moves recall by less than its noise


@dataclass(frozen=True)
class Hit:
    """An entry and how probable it is, among the candidates, that it is the one meant: 0-1."""

    entry_id: str
    score: float


@dataclass(frozen=True)
class Fusion:
    """How much each sign of an entry counts towards its score; fitted on the development questions."""

    linear: float = 4.0
    shared: float = 11.0
    nearest: float = 0.0
    near: float = 12.0
    answer: float = 0.0

    def weights(self) -> Floats:
        """In the order of the columns of `Finding.signs`."""
        return np.array([self.linear, self.shared, self.nearest, self.near, self.answer], dtype=np.float32)


SIGNS = tuple(field.name for field in fields(Fusion))
NEAREST = SIGNS.index("nearest")


@dataclass(frozen=True)
class Finding:
    """What the index sees in one question: every candidate, best first.

    *signs* has a row for each hit and a column for each field of Fusion: the linear model's score (about -1 to 1), the
    share of the question's vector that is found in any of its phrasings, the cosine of its nearest phrasing, the mean
    cosine of its nearest few, and the cosine of its answer. *known* is the share of the question's words that the FAQ
    knows.
    """

    words: tuple[str, ...]
    hits: tuple[Hit, ...]
    signs: Floats
    known: float

    @property
    def is_word_for_word(self) -> bool:
        """Whether the question is a phrasing of the first hit."""
        return bool(self.hits) and bool(self.signs[0, NEAREST] > WORD_FOR_WORD)


class Index:
    """The fitted FAQ. It never changes, so threads may share it; for another FAQ another index takes its place."""

    def __init__(
        self,
        entry_ids: Sequence[str],
        vectoriser: Vectoriser,
        rows: Rows,
        first_rows: Ints,
        answers: Rows,
        weights: npt.NDArray[np.float16],
        bias: Floats,
        *,
        lexicon: Lexicon | None = None,
        fusion: Fusion = Fusion(),
    ) -> None:
        """Phrasings of entry *e* are the rows from `first_rows[e]` up to `first_rows[e + 1]`; its answer is row *e*.

        *weights* has a row for each feature and a column for each entry, *bias* a number for each entry.
        """
        self.entry_ids = tuple(entry_ids)
        self._vectoriser = vectoriser
        self._rows = rows
        self._first_rows = first_rows
        self._answers = answers
        self._weights = weights
        self._bias = bias
        self._lexicon = lexicon or Lexicon.read()
        self._fusion = fusion.weights()
        self._has = _features_of_entries(rows, first_rows, len(vectoriser.grams))
        self._always = np.flatnonzero(np.diff(first_rows) <= FEW_PHRASINGS)

    @classmethod
    def build(cls, entries: Sequence[Entry], *, lexicon: Lexicon | None = None, fusion: Fusion = Fusion()) -> "Index":
        """The index of these entries: titles and phrasings of every language. The same entries give the same index."""
        lexicon = lexicon or Lexicon.read()
        ways = [[said for way in _ways_of_asking(entry) if (said := read(way, lexicon))] for entry in entries]
        vectoriser, rows = Vectoriser.fit(list(chain.from_iterable(ways)))
        first_rows = np.array([0, *accumulate(map(len, ways))], dtype=np.int32)
        weights, bias = _fit_linear(rows, np.repeat(np.arange(len(ways)), np.diff(first_rows)), len(vectoriser.grams))
        ids = [entry.id for entry in entries]
        answers = vectoriser.rows([read(_said_in_answer(entry), lexicon) for entry in entries])
        return cls(ids, vectoriser, rows, first_rows, answers, weights, bias, lexicon=lexicon, fusion=fusion)

    def with_fusion(self, fusion: Fusion) -> "Index":
        """The same index, its signs weighed otherwise."""
        other = copy(self)
        other._fusion = fusion.weights()
        return other

    def search(self, question: str, *, k: int = 3) -> list[Hit]:
        """The *k* entries likeliest meant, best first; ties keep the order of the FAQ.

        Nothing shared with any entry gives an empty list.
        """
        return list(self.find(question).hits[:k])

    def find(self, question: str) -> Finding:
        """Every candidate for *question*, with the signs it is judged by."""
        said = read(question, self._lexicon)
        ids, weights, known = self._vectoriser.vector(said)
        if not len(ids) or not self.entry_ids:
            return Finding(tuple(said), (), np.empty((0, len(SIGNS)), dtype=np.float32), known)
        quick = np.empty((len(self.entry_ids), 2), dtype=np.float32)
        quick[:, 0] = weights @ self._weights[ids].astype(np.float32) + self._bias
        quick[:, 1] = (weights * weights) @ np.unpackbits(self._has[ids], axis=1)[:, : len(quick)]
        first = np.argsort(-(quick @ self._fusion[:2]), kind="stable")[:CANDIDATES]
        candidates = np.union1d(first, self._always)
        signs = np.column_stack([quick[candidates], self._nearness(candidates, ids, weights)])
        scores = signs @ self._fusion + _FOR_CERTAIN * (signs[:, NEAREST] > WORD_FOR_WORD)
        best = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[best] - scores[best[0]])
        chances /= chances.sum()
        hits = tuple(
            Hit(self.entry_ids[entry], float(chance)) for entry, chance in zip(candidates[best], chances, strict=True)
        )
        return Finding(tuple(said), hits, signs[best], known)

    def _nearness(self, candidates: Counts, ids: Ints, weights: Floats) -> Floats:
        """For each candidate: cosine of its nearest phrasing, mean of its nearest few, cosine of its answer."""
        question = np.zeros(len(self._vectoriser.grams), dtype=np.float32)
        question[ids] = weights
        near = np.empty((len(candidates), 3), dtype=np.float32)
        for place, entry in enumerate(candidates):
            starts = self._rows.starts[self._first_rows[entry] : self._first_rows[entry + 1] + 1]
            cells = slice(starts[0], starts[-1])
            # "clip" spares numpy a look at each id, and the loop two thirds of its time; all ids are in bounds.
            common = question.take(self._rows.ids[cells], mode="clip") * self._rows.weights[cells]
            nearest = np.sort(np.add.reduceat(common, starts[:-1] - starts[0]))[: -NEAR - 1 : -1]
            cells = slice(self._answers.starts[entry], self._answers.starts[entry + 1])
            answer = question[self._answers.ids[cells]] @ self._answers.weights[cells]
            near[place] = nearest[0], nearest.mean(), answer
        return near

    def save(self, file: Path) -> None:
        """Everything fitted, as plain arrays in one npz file."""
        with file.open("wb") as out:
            np.savez(
                out,
                entry_ids=as_bytes(self.entry_ids),
                grams=as_bytes(self._vectoriser.grams),
                idf=self._vectoriser.idf,
                row_starts=self._rows.starts,
                row_ids=self._rows.ids,
                row_weights=self._rows.weights,
                first_rows=self._first_rows,
                answer_starts=self._answers.starts,
                answer_ids=self._answers.ids,
                answer_weights=self._answers.weights,
                weights=self._weights,
                bias=self._bias,
            )

    @classmethod
    def load(cls, file: Path, *, lexicon: Lexicon | None = None, fusion: Fusion = Fusion()) -> "Index":
        """The index saved in *file*. Raises OSError, ValueError, KeyError or zipfile.BadZipFile if it isn't one."""
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as saved:
            return cls(
                as_strings(saved["entry_ids"]),
                Vectoriser(as_strings(saved["grams"]), saved["idf"]),
                Rows(saved["row_starts"], saved["row_ids"], saved["row_weights"]),
                saved["first_rows"],
                Rows(saved["answer_starts"], saved["answer_ids"], saved["answer_weights"]),
                saved["weights"],
                saved["bias"],
                lexicon=lexicon,
                fusion=fusion,
            )


def _ways_of_asking(entry: Entry) -> list[str]:
    titles = [entry.title, *(translation.title for translation in entry.translations.values())]
    return [*titles, *chain.from_iterable(entry.phrasings.values())]


def _said_in_answer(entry: Entry) -> str:
    texts = [entry.answer, *(translation.answer for translation in entry.translations.values())]
    return _LINK_TARGET.sub("]", "\n".join(texts))


def _features_of_entries(rows: Rows, first_rows: Ints, features: int) -> npt.NDArray[np.uint8]:
    """Which entries have each feature in any phrasing: a row a feature, a bit an entry."""
    has = np.zeros((features, len(first_rows) - 1), dtype=bool)
    for entry, (first, last) in enumerate(pairwise(rows.starts[first_rows])):
        has[rows.ids[first:last], entry] = True
    return np.packbits(has, axis=1)


def _fit_linear(rows: Rows, classes: Counts, features: int) -> tuple[npt.NDArray[np.float16], Floats]:
    """Weights (features x classes) and biases of linear support vector machines, each class against the others."""
    count = int(classes.max(initial=-1)) + 1
    weights, bias = np.zeros((features, count), dtype=np.float16), np.zeros(count, dtype=np.float32)
    if count < 3:  # one class can't be told from the others; the nearest phrasing must do
        return weights, bias
    from scipy.sparse import csr_matrix  # imported where it is needed: a start from the cache does without
    from sklearn.svm import LinearSVC

    matrix = csr_matrix((rows.weights, rows.ids, rows.starts), shape=(len(rows), features))
    members = csr_matrix((np.ones(len(rows), dtype=np.float32), (classes, np.arange(len(rows)))))
    centres = (members @ matrix).toarray()
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    likeness = matrix @ centres.T
    random = np.random.default_rng(0)
    for each in range(count):
        others = np.flatnonzero(classes != each)
        others = others[np.argsort(-likeness[others, each], kind="stable")]
        sample = random.permutation(others[_LIKEST_OTHERS:])[:_OTHERS]
        chosen = np.sort(np.concatenate([np.flatnonzero(classes == each), others[:_LIKEST_OTHERS], sample]))
        model = LinearSVC(C=_COST, tol=_TOLERANCE, random_state=0).fit(matrix[chosen], classes[chosen] == each)
        weights[:, each], bias[each] = model.coef_[0], model.intercept_[0]
    return weights, bias
