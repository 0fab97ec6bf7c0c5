"""A text as a weighted vector of its n-grams and words: three views of it, one vocabulary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

import numpy as np
import numpy.typing as npt

from knowledge.language import Lexicon, clean, fold, words

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]

_VIEWS = "iaw"
"""First letter of the features of each view: inside a word, across two, whole words."""

_VIEW_WEIGHTS: Floats = np.array([1.0, 0.5, 0.5], dtype=np.float32)
_LEAST_TEXTS = {"i": 1, "a": 2, "w": 1}
"""In how many texts a feature of the view must occur to be kept: the gaps between words are many and rarely recur."""


def read(text: str, lexicon: Lexicon) -> list[str]:
    """The words of a text as they are compared: cleaned, colloquial ones standardised, typed without ä and ö."""
    return [fold(word) for word in lexicon.standardise(words(clean(text)))]


def grams_in(word: str) -> Iterator[str]:
    """The word itself and its character 2-5-grams, the ends of the word marked by a space."""
    padded = f" {word} "
    yield f"w{word}"
    for size in range(2, min(5, len(padded)) + 1):
        for start in range(len(padded) - size + 1):
            yield f"i{padded[start : start + size]}"


def grams_across(left: str, right: str) -> Iterator[str]:
    """The character 3-5-grams over the gap between two words: inflections and compounds written apart."""
    for size in (3, 4, 5):
        for before in range(1, size - 1):
            yield f"a{left[-before:]} {right[: size - 1 - before]}"


@dataclass(frozen=True)
class Rows:
    """Sparse vectors: row *i* has *weights* at *ids* from `starts[i]` up to `starts[i + 1]`, ids ascending."""

    starts: Ints
    ids: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1


class Vectoriser:
    """Turns read words into TF-IDF vectors of length 1: sublinear counts, idf of the FAQ, views weighted."""

    def __init__(self, grams: Sequence[str], idf: Floats) -> None:
        """*grams* in the order of their ids, with the idf of each."""
        self.grams = grams
        self.idf = idf
        self._ids = {gram: number for number, gram in enumerate(grams)}
        self._rarest = float(idf.max(initial=1.0))
        self._views = np.array([_VIEWS.index(gram[0]) for gram in grams], dtype=np.int64)

    @classmethod
    def fit(cls, texts: Sequence[Sequence[str]]) -> tuple["Vectoriser", Rows]:
        """A vectoriser of the features of these texts (each a list of read words), and their vectors."""
        numbers: dict[str, int] = {}
        rows, found = _collect(texts, numbers)
        cells, counts = np.unique(rows * len(numbers) + found, return_counts=True)
        rows, found = np.divmod(cells, max(1, len(numbers)))
        in_texts = np.bincount(found, minlength=len(numbers))
        kept = np.array([in_texts[number] >= _LEAST_TEXTS[gram[0]] for gram, number in numbers.items()], dtype=bool)
        new_id = np.cumsum(kept) - 1
        idf = np.log((1 + len(texts)) / (1 + in_texts[kept])) + 1
        vectoriser = cls([gram for gram, number in numbers.items() if kept[number]], idf.astype(np.float32))
        stays = kept[found]
        rows, ids = rows[stays], new_id[found[stays]]
        weights = vectoriser._weigh(rows, ids, counts[stays], len(texts))
        starts = np.searchsorted(rows, np.arange(len(texts) + 1))
        return vectoriser, Rows(starts.astype(np.int32), ids.astype(np.int32), weights)

    def vector(self, said: Sequence[str]) -> tuple[Ints, Floats, float]:
        """Ids, ascending, and weights of the words' known features, and the share of the words that is known.

        Both arrays are empty when no feature is known. Features in words that are unknown have no id, but length: a
        text of which little is known has a short vector, and comes near to nothing. The share of known words counts
        each by its idf, 0-1.
        """
        known, unknown = [], [0.0, 0.0, 0.0]
        for gram in chain.from_iterable(grams_in(word) for word in said):
            number = self._ids.get(gram)
            if number is not None:
                known.append(number)
            else:
                unknown[_VIEWS.index(gram[0])] += self._rarest**2
        across = (self._ids.get(gram) for pair in pairwise(said) for gram in grams_across(*pair))
        known += [number for number in across if number is not None]
        ids, counts = np.unique(np.array(known, dtype=np.int64), return_counts=True)
        weights = self._weigh(np.zeros_like(ids), ids, counts, 1, np.array(unknown))
        return ids.astype(np.int32), weights, self._share_known(said)

    def rows(self, texts: Iterable[Sequence[str]]) -> Rows:
        """The vectors of these texts, each a list of read words."""
        vectors = [self.vector(text) for text in texts]
        starts = np.array([0, *accumulate(len(ids) for ids, _, _ in vectors)], dtype=np.int32)
        ids = np.concatenate([np.empty(0, dtype=np.int32), *(ids for ids, _, _ in vectors)])
        weights = np.concatenate([np.empty(0, dtype=np.float32), *(weights for _, weights, _ in vectors)])
        return Rows(starts, ids, weights)

    def _share_known(self, said: Sequence[str]) -> float:
        """An unknown word counts as the rarest known ones: it may be what the question is about."""
        numbers = [self._ids.get(f"w{word}") for word in set(said)]
        idf = [self._rarest if number is None else float(self.idf[number]) for number in numbers]
        known = sum(weight for weight, number in zip(idf, numbers, strict=True) if number is not None)
        return known / sum(idf) if idf else 0.0

    def _weigh(
        self, rows: Counts, ids: Counts, counts: Counts, texts: int, unknown: npt.NDArray[np.float64] | float = 0.0
    ) -> Floats:
        """TF-IDF of the cells, each view of a row scaled to its weight, then each row to length 1.

        *unknown* is what the features without an id add to the square of the length of each view.
        """
        weights = (1 + np.log(counts)) * self.idf[ids]
        views = self._views[ids]
        lengths = np.sqrt(np.bincount(rows * 3 + views, weights * weights, minlength=texts * 3) + unknown)
        weights *= _VIEW_WEIGHTS[views] / lengths[rows * 3 + views]
        present = (lengths.reshape(texts, 3) > 0) * _VIEW_WEIGHTS
        weights /= np.sqrt((present * present).sum(axis=1))[rows]
        return weights.astype(np.float32)


def _collect(texts: Sequence[Sequence[str]], numbers: dict[str, int]) -> tuple[Counts, Counts]:
    """The text and the feature of every occurrence; new features are numbered. Each word and pair is cut up once."""

    def numbered(grams: Iterator[str]) -> Counts:
        return np.array([numbers.setdefault(gram, len(numbers)) for gram in grams], dtype=np.int64)

    of_word: dict[str, Counts] = {}
    of_pair: dict[tuple[str, str], Counts] = {}
    pieces, sizes = [np.empty(0, dtype=np.int64)], []
    for text in texts:
        before = len(pieces)
        for word in text:
            if word not in of_word:
                of_word[word] = numbered(grams_in(word))
            pieces.append(of_word[word])
        for pair in pairwise(text):
            if pair not in of_pair:
                of_pair[pair] = numbered(grams_across(*pair))
            pieces.append(of_pair[pair])
        sizes.append(sum(map(len, pieces[before:])))
    return np.repeat(np.arange(len(texts)), sizes), np.concatenate(pieces)
