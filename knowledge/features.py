"""A text as a weighted vector of its n-grams, words and pairs of words: three views of it, one vocabulary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar
from zlib import crc32

import numpy as np
import numpy.typing as npt

from knowledge.language import Lexicon, clean, fold, words

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint32]

VIEWS = ("inside a word", "a word", "a pair of words")
_INSIDE, _WORDS, _PAIRS = range(len(VIEWS))

_HASH_BITS = 30

_VIEW_WEIGHTS: Floats = np.array([1.0, 0.5, 0.7], dtype=np.float32)
_LEAST_TEXTS = np.array([1, 1, 2])
"""In how many texts a feature of each view must occur to be kept: pairs are many and most never recur."""

_MISSED = np.array([1.0, 1.0, 0.0])
"""Whether an unknown feature of the view says that little is known of the text. Most pairs of words are new."""

_PAIRED_WITHIN = 6
_PAIRED_LETTERS = 4
_SHORTEST_PAIRED = 3

_GRAM_SIZES = range(2, 6)
_BASE = np.uint64(1_000_003)
_MIXER = np.uint64(0x9E3779B97F4A7C15)


def read(text: str, lexicon: Lexicon) -> list[str]:
    """The words of a text as they are compared: cleaned, colloquial ones standardised, typed without ä and ö."""
    return [fold(word) for word in lexicon.standardise(words(clean(text)))]


def grams_in(words: Sequence[str]) -> Iterator[tuple[Keys, Counts, Counts]]:
    """The character 2-5-grams of different words, their ends marked by a space: by size, their keys, the number of
    the word each is from, and where in `_edged` they start.

    Made at once for all, as the FAQ has a million of them.
    """
    letters = np.frombuffer(_edged(words).encode("utf-32-le"), dtype="<u4")
    is_gap = letters == ord(" ")
    word = np.cumsum(is_gap) - 1  # a gap belongs to the word after it
    checksums = letters.astype(np.uint64)
    is_within = np.full(len(letters), bool(words))
    for size in _GRAM_SIZES:
        checksums = checksums[:-1] * _BASE + letters[size - 1 :]
        is_within = is_within[:-1]
        if size > 2:  # a gap may begin or end a gram
            is_within = is_within & ~is_gap[size - 2 : -1]
        places = np.flatnonzero(is_within)
        yield _keys(checksums[places], _INSIDE), word[places], places


def _edged(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def pairs_in(texts: Counts, said: Counts, beginnings: npt.NDArray[np.uint64]) -> tuple[Keys, Counts]:
    """The beginnings of words that stand near each other, whatever their order: what is asked *of* what.

    *said* are the words of all texts by number, *texts* the text each is in; *beginnings* has a checksum for each
    number, or 0 for a short word: those are passed over, since Finnish says with endings what they say. Gives the keys
    of the pairs and, in two rows, the places of their words.
    """
    places = np.flatnonzero(beginnings[said])
    texts, starts = texts[places], beginnings[said[places]]
    near = [
        (left, left + apart)
        for apart in range(1, _PAIRED_WITHIN + 1)
        for left in [np.flatnonzero((texts[apart:] == texts[:-apart]) & (starts[apart:] != starts[:-apart]))]
    ]
    left, right = np.hstack(near)
    keys = _keys(np.minimum(starts[left], starts[right]) * _BASE + np.maximum(starts[left], starts[right]), _PAIRS)
    return keys, np.stack([places[left], places[right]])


def _keys(checksums: npt.NDArray[np.uint64], view: int) -> Keys:
    """What features are known by: 32 bits each, so that a vocabulary is an array and not 200,000 strings.

    The first two bits are the view, the rest a checksum. Features that share a key (some hundred of all) are taken for
    the same.
    """
    mixed = (checksums * _MIXER) >> np.uint64(64 - _HASH_BITS)
    return mixed.astype(np.uint32) | np.uint32(view << _HASH_BITS)


@dataclass(frozen=True)
class Rows:
    """Sparse vectors: row *i* has *weights* at *ids* from `starts[i]` up to `starts[i + 1]`, ids ascending."""

    starts: Counts
    ids: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1


class Vectoriser:
    """Turns read words into TF-IDF vectors of length 1: a feature is there or not, idf of the FAQ, views weighted."""

    def __init__(self, keys: Keys, idf: Floats) -> None:
        """Feature *n* is known by `keys[n]`, has the idf `idf[n]`; keys ascend, so each view is a stretch."""
        self.keys = keys
        self.idf = idf
        self.views = (keys >> _HASH_BITS).astype(np.uint8)
        self._rarest = float(idf.max(initial=1.0))

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def fit(cls, texts: Sequence[Sequence[str]]) -> tuple["Vectoriser", Rows]:
        """A vectoriser of the features of these texts (each a list of read words), and their vectors."""
        features = _Features.of(texts)
        word_keys, ids_of_words = np.unique(features.of_words, return_inverse=True)
        pair_keys, ids_of_pairs = np.unique(features.of_pairs, return_inverse=True)
        keys = np.concatenate([word_keys, pair_keys])  # pairs are the last view, so keys ascend
        rows, places = features.of_texts()
        rows = np.concatenate([rows, features.texts[features.pairs[0]]])
        ids = np.concatenate([ids_of_words[places], len(word_keys) + ids_of_pairs])
        rows, ids = np.divmod(_each_once(rows * len(keys) + ids), max(1, len(keys)))
        in_texts = np.bincount(ids, minlength=len(keys))
        kept = in_texts >= _LEAST_TEXTS[keys >> _HASH_BITS]
        idf = np.log((1 + len(texts)) / (1 + in_texts[kept])) + 1
        vectoriser = cls(keys[kept], idf.astype(np.float32))
        stays = kept[ids]
        return vectoriser, vectoriser._weighed(rows[stays], (np.cumsum(kept) - 1)[ids[stays]], len(texts))

    def vector(self, said: Sequence[str]) -> tuple[Ints, Floats, float]:
        """Ids, ascending, and weights of the words' known features, and the share of the words that is known.

        Both arrays are empty when no feature is known. Features in words that are unknown have no id, but length: a
        text of which little is known has a short vector, and comes near to nothing. The share of known words counts
        each by its idf, 0-1.
        """
        features = _Features.of([said])
        keys = _each_once(np.concatenate([features.of_words, features.of_pairs]))
        if not len(keys) or not len(self):
            return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32), 0.0
        ids = np.minimum(np.searchsorted(self.keys, keys), len(self) - 1)
        is_known = self.keys[ids] == keys
        views = keys >> _HASH_BITS
        missed = np.bincount(views[~is_known], minlength=len(VIEWS)) * _MISSED
        row = self._weighed(np.zeros(int(is_known.sum()), dtype=np.int64), ids[is_known], 1, missed * self._rarest**2)
        of_words = views == _WORDS
        rarity = np.where(is_known, self.idf[ids], self._rarest)[of_words]
        share = float(rarity[is_known[of_words]].sum() / rarity.sum()) if len(rarity) else 0.0
        return row.ids, row.weights, share

    def named(self, said: Sequence[str]) -> dict[str, float]:
        """The weights of the words' known features by what they are: a word, two words, or a "piece" of a word."""
        ids, weights, _ = self.vector(said)
        weight_of = dict(zip(self.keys[ids].tolist(), weights.tolist(), strict=True))
        features = _Features.of([said])
        edged = _edged(features.names)
        pieces = [
            f'"{edged[start : start + size]}"'
            for size, (_, _, starts) in zip(_GRAM_SIZES, grams_in(features.names), strict=True)
            for start in starts.tolist()
        ]
        pairs = [
            " … ".join(sorted(said[place][:_PAIRED_LETTERS] for place in pair)) for pair in features.pairs.T.tolist()
        ]
        keys = np.concatenate([features.of_words, features.of_pairs]).tolist()
        names = [*pieces, *features.names, *pairs]
        return {name: weight_of[key] for key, name in zip(keys, names, strict=True) if key in weight_of}

    def rows(self, texts: Iterable[Sequence[str]]) -> Rows:
        """The vectors of these texts, each a list of read words."""
        vectors = [self.vector(text) for text in texts]
        starts = np.array([0, *accumulate(len(ids) for ids, _, _ in vectors)], dtype=np.int64)
        ids = np.concatenate([np.empty(0, dtype=np.int32), *(ids for ids, _, _ in vectors)])
        weights = np.concatenate([np.empty(0, dtype=np.float32), *(weights for _, weights, _ in vectors)])
        return Rows(starts, ids, weights)

    def _weighed(self, rows: Counts, ids: Counts, texts: int, unknown: npt.NDArray[np.float64] | float = 0.0) -> Rows:
        """TF-IDF of the cells (by row, then id), each view of a row scaled to its weight, each row to length 1.

        *unknown* is what the features without an id add to the square of the length of each view.
        """
        weights = self.idf[ids]
        cells = rows * len(VIEWS) + self.views[ids]
        squares = np.bincount(cells, weights * weights, minlength=texts * len(VIEWS)) + unknown
        lengths = np.sqrt(squares).reshape(texts, len(VIEWS))
        shares = np.where(lengths > 0, _VIEW_WEIGHTS, 0.0)
        shares /= np.maximum(lengths * np.linalg.norm(shares, axis=1, keepdims=True), 1e-9)
        weights *= shares.astype(np.float32).ravel()[cells]
        starts = np.searchsorted(rows, np.arange(texts + 1))
        return Rows(starts, ids.astype(np.int32), weights)


@dataclass(frozen=True)
class _Features:
    """What texts are made of, a feature as often as it occurs in their different words."""

    names: Sequence[str]
    """The different words of all texts; elsewhere words are numbers, places in this."""
    texts: Counts
    said: Counts
    """The words as they follow on each other, and the text each is in."""
    of_words: Keys
    words: Counts
    """The keys of all words and their grams, and the word each belongs to."""
    of_pairs: Keys
    pairs: Counts
    """The keys of all pairs, and where in *said* their two words stand."""

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> "_Features":
        numbers: dict[str, int] = {}
        said = np.array([numbers.setdefault(word, len(numbers)) for text in texts for word in text], dtype=np.int64)
        of_texts = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        names = list(numbers)
        of_grams, words, _ = zip(*grams_in(names), strict=True)
        beginnings = _checksums(word[:_PAIRED_LETTERS] if len(word) >= _SHORTEST_PAIRED else "" for word in names)
        of_pairs, pairs = pairs_in(of_texts, said, beginnings)
        return cls(
            names,
            of_texts,
            said,
            np.concatenate([*of_grams, _keys(_checksums(names), _WORDS)]),
            np.concatenate([*words, np.arange(len(names))]),
            of_pairs,
            pairs,
        )

    def of_texts(self) -> tuple[Counts, Counts]:
        """The texts that have the features of words: a text, and a place in *of_words*, for each."""
        order = np.argsort(self.words, kind="stable")
        starts = np.searchsorted(self.words[order], np.arange(len(self.names) + 1))
        texts, said = np.divmod(_each_once(self.texts * len(self.names) + self.said), max(1, len(self.names)))
        sizes = np.diff(starts)[said]
        ends = np.cumsum(sizes)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts[said] - (ends - sizes), sizes)
        return np.repeat(texts, sizes), order[places]


def _checksums(words: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Of "" it is 0."""
    return np.fromiter(map(crc32, map(str.encode, words)), dtype=np.uint64)


_Number = TypeVar("_Number", np.int64, np.uint32)


def _each_once(numbers: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The different numbers, ascending; for millions of them much quicker than np.unique, which hashes."""
    ascending = np.sort(numbers)
    return ascending[np.concatenate([[True], ascending[1:] != ascending[:-1]])] if len(numbers) else numbers
