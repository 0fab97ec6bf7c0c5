"""Which entries a question is about: a linear model with one class an entry, then the nearest phrasings."""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, fields
from itertools import accumulate, chain, pairwise
from math import ceil, log
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from knowledge import bounded
from knowledge.entry import LANGUAGES, Entry
from knowledge.features import Counts, Floats, Ints, Keys, Rows, Vectoriser, joined, read
from knowledge.language import Lexicon, as_bytes, as_strings
from knowledge.others import others
from knowledge.postings import COMMON, NEVER_COMMON, Postings

Doubles = npt.NDArray[np.float64]

CANDIDATES = 10
"""So many entries, those first by what is quickly known of all, are looked at closely."""

NEAR, EACH_OF = 10, 30
"""So many nearest phrasings of an entry speak for it together, and of one with few beside the others one for each so
many it has."""

LARGE = 65_536
"""Of more texts than this, only those are compared with a question that share something rare with it: see `bounded`."""

_FOR_CERTAIN = 100.0
_BY_CHANCE = 1.3
"""The more ways of asking an entry has, the nearer comes one of them by chance: so much its score loses for each time
they are e times as many, and less in a FAQ in which few have many. By the old ones' signs alone a new entry would
hardly be found (docs/retrieval.md)."""
COST = 1.0
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_TOLERANCE = 0.1  # of liblinear; a tighter one doubles the fit and moves recall by less than its noise …
_PASSES = 8  # … and so do those after these; by itself it ends after some twelve
FEW = 300  # texts, learnt from without scikit-learn
_ROUNDS = 20  # of Newton's method; it ends by itself, after some five
STEPS = 127
"""The linear model's weights are kept as whole numbers of this many steps either way."""


@dataclass(frozen=True)
class Hit:
    """An entry and how probable it is, among the candidates, that it is the one meant: 0-1."""

    entry_id: str
    score: float


@dataclass(frozen=True)
class Fusion:
    """How much each sign of an entry counts towards its score; fitted on labelled questions (`fitted_on`)."""

    linear: float = 4.0
    shared: float = 11.0
    near: float = 12.0
    answer: float = 12.0

    def weights(self) -> Floats:
        """In the order of the columns of `Finding.signs`."""
        return np.array([self.linear, self.shared, self.near, self.answer], dtype=np.float32)


SIGNS = tuple(field.name for field in fields(Fusion))
_NEAR, _ANSWER = SIGNS.index("near"), SIGNS.index("answer")


@dataclass(frozen=True)
class Finding:
    """What the index sees in one question: every candidate, best first.

    *signs* has a row for each hit and a column for each field of Fusion: the linear model's score (about -1 to 1), the
    share of the question's vector that is found in any of its phrasings, the mean cosine of its nearest few phrasings,
    and the cosine of its answer. *known* is the share of the question's words that the FAQ knows.
    """

    words: tuple[str, ...]
    hits: tuple[Hit, ...]
    signs: Floats
    known: float
    is_word_for_word: bool = False
    """Whether the question is a phrasing of the first hit."""
    newness: float = 0.0
    """How few ways of asking the first hit has: the logarithm of how many times as many entries have on average."""


class Index:
    """The fitted FAQ. It never changes, so threads may share it; for another FAQ another index takes its place."""

    def __init__(
        self,
        entry_ids: Sequence[str],
        vectoriser: Vectoriser,
        postings: Postings,
        in_ways: npt.NDArray[np.uint32],
        first_texts: Ints,
        exact: Keys,
        has: npt.NDArray[np.uint8],
        weights: npt.NDArray[np.int8],
        steps: Floats,
        bias: Floats,
        *,
        lexicon: Lexicon | None = None,
        fusion: Fusion = Fusion(),
    ) -> None:
        """Phrasings of entry *e* are the texts from `first_texts[e]` up to `first_texts[e + 1]`; then come the answers.

        *in_ways* says in how many phrasings each feature is. *exact* has a key for each phrasing as a whole, *has* a
        row for each feature with a bit for each entry that has it; *weights* has a row for each feature and a column
        for each entry, counted in *steps*, and *bias* a number for each entry.
        """
        self.entry_ids = tuple(entry_ids)
        self.vectoriser = vectoriser
        self.postings = postings
        self.in_ways = in_ways
        self.first_texts = first_texts
        self.exact = exact
        self.has = has
        self.weights = weights
        self.steps = steps
        self.bias = bias
        self.lexicon = lexicon or Lexicon.read()
        self._fusion = fusion.weights()
        ways = np.diff(first_texts)
        mean = float(ways.mean()) if len(ways) else 1.0
        self._each_of = min(EACH_OF, mean / NEAR)
        self._newness = log(mean) - np.log(ways)
        self._by_chance = _BY_CHANCE * self._each_of / EACH_OF * self._newness

    @classmethod
    def build(cls, entries: Sequence[Entry], *, lexicon: Lexicon | None = None, fusion: Fusion = Fusion()) -> "Index":
        """The index of these entries: titles and phrasings of every language. The same entries give the same index."""
        return cls.build_with_rows(entries, lexicon=lexicon, fusion=fusion)[0]

    @classmethod
    def build_with_rows(
        cls, entries: Sequence[Entry], *, lexicon: Lexicon | None = None, fusion: Fusion = Fusion()
    ) -> tuple["Index", Rows]:
        """As `build`, and the vectors of the ways of asking that it was fitted on."""
        lexicon = lexicon or Lexicon.read()
        ways = [[read(way, lexicon) for way in ways_of_asking(entry)] for entry in entries]
        texts = list(chain.from_iterable(ways))
        languages = languages_of_ways(entries)
        vectoriser, rows = Vectoriser.fit(texts, languages)
        first_texts = np.array([0, *accumulate(map(len, ways))], dtype=np.int32)
        classes = np.repeat(np.arange(len(ways)), np.diff(first_texts))
        weights, steps, bias = _fit_linear(rows, classes, languages, len(vectoriser))
        answers = vectoriser.rows([read(said_in_answer(entry), lexicon) for entry in entries])
        index = cls(
            [entry.id for entry in entries],
            vectoriser,
            Postings.of(joined(rows, answers), vectoriser),
            np.bincount(rows.ids, minlength=len(vectoriser)).astype(np.uint32),
            first_texts,
            np.array([as_a_whole(said) for said in texts], dtype=np.uint32),
            _features_of_entries(rows, first_texts, len(vectoriser)),
            weights,
            steps,
            bias,
            lexicon=lexicon,
            fusion=fusion,
        )
        return index, rows

    def with_fusion(self, fusion: Fusion) -> "Index":
        """The same index, its signs weighed otherwise."""
        other = copy(self)
        other._fusion = fusion.weights()
        return other

    def with_answers(self, entries: Sequence[Entry]) -> "Index | None":
        """What `build` makes of *entries* that are asked for as those of this index are, but answer otherwise.

        None where a feature is rare enough now to be counted, and was not: where it stands is known no more.
        """
        first, vectoriser = int(self.first_texts[-1]), self.vectoriser
        answers = vectoriser.rows([read(said_in_answer(entry), self.lexicon) for entry in entries])
        in_texts = self.in_ways + np.bincount(answers.ids, minlength=len(vectoriser))
        is_counted = in_texts <= max(NEVER_COMMON, COMMON * (first + len(answers)))
        if (is_counted & (np.diff(self.postings.starts) == 0)).any():
            return None
        other = copy(self)
        other.postings = self.postings.with_last(first, answers, vectoriser, is_counted)
        return other

    def search(self, question: str, *, k: int = 3) -> list[Hit]:
        """The *k* entries likeliest meant, best first; ties keep the order of the FAQ.

        Nothing shared with any entry gives an empty list.
        """
        return list(self.find(question).hits[:k])

    def find(self, question: str) -> Finding:
        """Every candidate for *question*, with the signs it is judged by."""
        said = read(question, self.lexicon)
        ids, weights, known = self.vectoriser.vector(said)
        if not len(ids) or not self.entry_ids:
            return Finding(tuple(said), (), np.empty((0, len(SIGNS)), dtype=np.float32), known)
        is_exact = self._is_exact(said)
        beside = _FOR_CERTAIN * is_exact + self._by_chance
        first, signs = (self._of_many if self.is_large else self._of_all)(ids, weights, beside)
        scores = signs @ self._fusion + beside[first]
        best = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[best] - scores[best[0]])
        chances /= chances.sum()
        hits = tuple(
            Hit(self.entry_ids[entry], float(chance)) for entry, chance in zip(first[best], chances, strict=True)
        )
        found = first[best[0]]
        is_word_for_word, newness = bool(is_exact[found]), float(self._newness[found])
        return Finding(tuple(said), hits, signs[best], known, is_word_for_word, newness)

    def nearest_way(self, question: str, entry_id: str) -> int | None:
        """The place, in `ways_of_asking` of that entry, of what *question* is nearest to; None when nothing is near."""
        ids, weights, _ = self.vectoriser.vector(read(question, self.lexicon))
        entry = self.entry_ids.index(entry_id)
        first, last = self.first_texts[entry : entry + 2]
        cosines = self._cosines(ids, weights)[first:last]
        return int(cosines.argmax()) if cosines.any() else None

    def likeness(self, texts: Sequence[str]) -> Floats:
        """How like each two of these texts are: a row and a column for each, 0-1.

        What the FAQ doesn't know tells the most of a text: it is taken for as rare as the rarest.
        """
        from scipy.sparse import csr_matrix  # imported where it is needed: a start from the cache does without

        said = [read(text, self.lexicon) for text in texts]
        vectoriser = self.vectoriser.knowing(said)
        rows = vectoriser.rows(said)
        matrix = csr_matrix((rows.weights, rows.ids, rows.starts), shape=(len(rows), len(vectoriser)))
        return np.asarray((matrix @ matrix.T).toarray(), dtype=np.float32)

    def features(self, text: str) -> dict[str, float]:
        """What the index knows of a text: words, pairs of words and, in quotation marks, pieces of words; and how
        much each weighs."""
        return self.vectoriser.named(read(text, self.lexicon))

    def _cosines(self, ids: Ints, weights: Floats) -> Floats:
        """How near a vector is to each phrasing, and then to each answer."""
        return self.postings.cosines(*self._asked(ids, weights))

    def _asked(self, ids: Ints, weights: Floats) -> tuple[Ints, Floats, npt.NDArray[np.uint8]]:
        """What postings are asked for: features, what each weighs in the question and is as rare as, and views."""
        return ids, weights * self.vectoriser.idf[ids], self.vectoriser.views[ids]

    @property
    def is_large(self) -> bool:
        """Whether there are too many phrasings to compare each with a question."""
        return len(self.postings.scales) > LARGE

    def _of_all(self, ids: Ints, weights: Floats, beside: Doubles) -> tuple[Counts, Floats]:
        """The candidates and their signs, every phrasing looked at; *beside* is what else makes an entry's score."""
        quick, cosines = self._by_weights(ids, weights), self._cosines(ids, weights)
        quick[:, _NEAR] = np.maximum.reduceat(cosines, self.first_texts[:-1])
        quick[:, _ANSWER] = cosines[self.first_texts[-1] :]
        first = self._best(quick, beside, CANDIDATES)
        signs = quick[first]
        starts = self.first_texts
        signs[:, _NEAR] = [self._nearness(cosines[starts[entry] : starts[entry + 1]], entry) for entry in first]
        return first, signs

    def _of_many(self, ids: Ints, weights: Floats, beside: Doubles) -> tuple[Counts, Floats]:
        """The same where phrasings are very many: of the likeliest entries the nearest few, found by what is rare."""
        quick = self._by_weights(ids, weights)
        counted = bounded.counted(len(self.postings.scales))
        rare = self.postings.rarest(*self._asked(ids, weights), most=counted)
        touched = bounded.Touched.by(self.postings, *rare)
        answers = self.first_texts[-1] + np.arange(len(quick))
        quick[:, _NEAR], quick[:, _ANSWER] = touched.best_of_each(self.first_texts), touched.each(answers)
        likely = self._best(quick, beside, bounded.ENTRIES)

        few = max(NEAR, counted // bounded.COUNTED_EACH)
        near = [touched.nearest(self.first_texts[entry], self.first_texts[entry + 1], few) for entry in likely]
        texts = np.concatenate([*near, answers[likely]])
        is_common = ~np.isin(ids, rare[0], assume_unique=True)
        common = self._asked(ids[is_common], weights[is_common])
        cosines = touched.each(texts) + bounded.cosines_of(self.postings, *common, texts)
        quick[likely, _ANSWER] = cosines[-len(likely) :]
        own = np.split(cosines[: -len(likely)], np.cumsum([len(texts) for texts in near])[:-1])
        quick[likely, _NEAR] = [nearest.max(initial=0) for nearest in own]
        best = self._best(quick[likely], beside[likely], CANDIDATES)
        signs = quick[likely[best]]
        signs[:, _NEAR] = [self._nearness(own[place], likely[place]) for place in best]
        return likely[best], signs

    def _by_weights(self, ids: Ints, weights: Floats) -> Floats:
        """The signs of every entry, a row each; what needs its texts is 0 so far."""
        quick = np.zeros((len(self.entry_ids), len(SIGNS)), dtype=np.float32)
        quick[:, 0] = (weights @ self.weights[ids].astype(np.float32)) * self.steps + self.bias
        quick[:, 1] = (weights * weights) @ np.unpackbits(self.has[ids], axis=1)[:, : len(quick)]
        return quick

    def _best(self, signs: Floats, beside: Doubles, count: int) -> Counts:
        """Which rows are the best by these signs, the best first."""
        return np.argsort(-(signs @ self._fusion + beside), kind="stable")[:count]

    def _nearness(self, cosines: Floats, entry: int) -> float:
        """The mean cosine of the entry's nearest phrasings, which are among those with these."""
        ways = int(self.first_texts[entry + 1] - self.first_texts[entry])
        few = min(NEAR, ways, ceil(ways / self._each_of))
        rest = len(cosines) - few
        nearest: list[float] = (np.partition(cosines, rest)[rest:] if rest > 0 else cosines).tolist()
        return sum(nearest) / few

    def _is_exact(self, said: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which entries have a phrasing of just these words."""
        is_exact = np.zeros(len(self.entry_ids), dtype=bool)
        texts = np.flatnonzero(self.exact == as_a_whole(said))
        is_exact[np.searchsorted(self.first_texts, texts, side="right") - 1] = True
        return is_exact

    def save(self, file: Path) -> None:
        """Everything fitted, as plain arrays in one npz file."""
        with file.open("wb") as out:
            np.savez(
                out,
                entry_ids=as_bytes(self.entry_ids),
                keys=self.vectoriser.keys,
                idf=self.vectoriser.idf,
                posting_starts=self.postings.starts,
                posting_texts=self.postings.texts,
                scales=self.postings.scales,
                in_ways=self.in_ways,
                first_texts=self.first_texts,
                exact=self.exact,
                has=self.has,
                weights=self.weights,
                steps=self.steps,
                bias=self.bias,
            )

    @classmethod
    def load(cls, file: Path, *, lexicon: Lexicon | None = None, fusion: Fusion = Fusion()) -> "Index":
        """The index saved in *file*. Raises OSError, ValueError, KeyError or zipfile.BadZipFile if it isn't one."""
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as saved:
            return cls(
                as_strings(saved["entry_ids"]),
                Vectoriser(saved["keys"], saved["idf"]),
                Postings(saved["posting_starts"], saved["posting_texts"], saved["scales"]),
                *(saved[name] for name in ("in_ways", "first_texts", "exact", "has", "weights", "steps", "bias")),
                lexicon=lexicon,
                fusion=fusion,
            )


def ways_of_asking(entry: Entry) -> list[str]:
    """Titles and phrasings, in every language: what an index is built of."""
    titles = [entry.title, *(translation.title for translation in entry.translations.values())]
    return [*titles, *chain.from_iterable(entry.phrasings.values())]


def languages_of_ways(entries: Iterable[Entry]) -> npt.NDArray[np.uint8]:
    """The language of each of the `ways_of_asking` for these entries, one after the other: its place in `LANGUAGES`."""
    spoken = (
        [
            LANGUAGES[0],
            *entry.translations,
            *chain.from_iterable([of] * len(own) for of, own in entry.phrasings.items()),
        ]
        for entry in entries
    )
    return np.array([LANGUAGES.index(language) for language in chain.from_iterable(spoken)], dtype=np.uint8)


def said_in_answer(entry: Entry) -> str:
    """An entry's answers, in every language, without the addresses they lead to."""
    texts = [entry.answer, *(translation.answer for translation in entry.translations.values())]
    return _LINK_TARGET.sub("]", "\n".join(texts))


def as_a_whole(said: Sequence[str]) -> int:
    return crc32(" ".join(said).encode())


def _features_of_entries(rows: Rows, first_rows: Ints, features: int) -> npt.NDArray[np.uint8]:
    """Which entries have each feature in any phrasing: a row a feature, a bit an entry."""
    has = np.zeros((features, len(first_rows) - 1), dtype=bool)
    for entry, (first, last) in enumerate(pairwise(rows.starts[first_rows])):
        has[rows.ids[first:last], entry] = True
    return np.packbits(has, axis=1)


def _fit_linear(
    rows: Rows, classes: Counts, languages: npt.NDArray[np.uint8], features: int
) -> tuple[npt.NDArray[np.int8], Floats, Floats]:
    """Linear support vector machines, each class against the others: weights (features x classes) as whole numbers of
    each class's step, the steps, and biases."""
    count = int(classes.max(initial=-1)) + 1
    weights = np.zeros((count, features), dtype=np.int8)
    steps, bias = np.ones(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
    if count < 3:  # one class can't be told from the others; the nearest phrasing must do
        return weights.T, steps, bias
    from scipy.sparse import csr_matrix  # imported where it is needed: a start from the cache does without

    matrix = csr_matrix((rows.weights, rows.ids, rows.starts), shape=(len(rows), features))
    machines = _machines_of_few(matrix, classes) if len(rows) <= FEW else _machines(matrix, classes, languages)
    for each, (machine, bias[each]) in enumerate(machines):
        steps[each] = max(np.abs(machine).max(), 1e-9) / STEPS
        weights[each] = np.rint(machine / steps[each])
    return np.ascontiguousarray(weights.T), steps, bias


def _machines(
    matrix: Any, classes: Counts, languages: npt.NDArray[np.uint8]
) -> Iterator[tuple[npt.NDArray[np.float64], float]]:
    """The weights and the bias of each class, told from some of the others."""
    from scipy.sparse import csr_matrix
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    members = csr_matrix((np.ones(len(classes), dtype=np.float32), (np.arange(len(classes)), classes)))
    likeness = np.ascontiguousarray((matrix @ (matrix.T @ members).toarray()).T)  # to the sum of a class's phrasings
    matrix = matrix.astype(np.float64)  # as liblinear wants it: once, not for each class
    random = np.random.default_rng(0)
    for each, like in enumerate(likeness):
        is_own = classes == each
        chosen = np.sort(np.concatenate([np.flatnonzero(is_own), others(is_own, like, languages, random)]))
        model = LinearSVC(C=COST, tol=_TOLERANCE, max_iter=_PASSES, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix[chosen], is_own[chosen])
        yield model.coef_[0], model.intercept_[0]


def _machines_of_few(matrix: Any, classes: Counts) -> Iterator[tuple[npt.NDArray[np.float64], float]]:
    """The same for few texts, all of them told apart: Newton's method on those a machine doesn't keep off yet.

    A small FAQ is fitted so in less time than it takes to import scikit-learn.
    """
    alike = (matrix @ matrix.T).toarray().astype(np.float64) + 1  # the bias is the weight of one more feature, always 1
    slack = np.eye(len(alike)) / (2 * COST)
    for each in range(classes.max() + 1):
        sides = np.where(classes == each, 1.0, -1.0)
        is_near = np.ones(len(sides), dtype=bool)
        for _ in range(_ROUNDS):
            pushes = np.zeros(len(sides))
            pushes[is_near] = np.linalg.solve((alike + slack)[np.ix_(is_near, is_near)], sides[is_near])
            before, is_near = is_near, sides * (alike @ pushes) < 1
            if np.array_equal(before, is_near):
                break
        yield matrix.T @ pushes, pushes.sum()
