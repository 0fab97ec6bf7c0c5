"""A text as a weighted vector of its n-grams, words and pairs of words: three views of it, one vocabulary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from knowledge.language import Lexicon, clean, fold, words
from knowledge.rarity import by_language, idf, rarity

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

MANY_TEXTS = 30_000
"""Of more texts than this, a pair must be in one more: of those in two, an index would hold more than of any others."""

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
    return fold(" ".join(lexicon.standardise(words(clean(text))))).split()


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


def joined(one: Rows, other: Rows) -> Rows:
    """The rows of *one*, then those of *other*."""
    return Rows(
        np.concatenate([one.starts, one.starts[-1] + other.starts[1:]]),
        np.concatenate([one.ids, other.ids]),
        np.concatenate([one.weights, other.weights]),
    )


@dataclass(frozen=True)
class Columns:
    """The same by feature: feature *n* has *weights* in *texts* from `starts[n]` up to `starts[n + 1]`."""

    starts: Counts
    texts: Ints
    weights: Floats


def keys_of(said: Sequence[str]) -> Keys:
    """The different features of a text of these read words, ascending."""
    features = _Features.of([said])
    keys = np.sort(np.concatenate([features.of_words, features.of_pairs]))
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys  # quicker than np.unique


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
    def fit(
        cls, texts: Sequence[Sequence[str]], languages: npt.NDArray[np.uint8] | None = None
    ) -> tuple["Vectoriser", Rows]:
        """A vectoriser of the features of these texts (each a list of read words), and their vectors.

        *languages* has a number for each text; without it, they are all of one.
        """
        from scipy.sparse import hstack  # imported where it is needed: a start from the cache does without

        features = _Features.of(texts)
        word_keys, ids_of_words = np.unique(features.of_words, return_inverse=True)
        pair_keys, ids_of_pairs = np.unique(features.of_pairs, return_inverse=True)
        keys = np.concatenate([word_keys, pair_keys])  # pairs are the last view, so keys ascend
        said = _table(features.texts, features.said, len(texts), len(features.names))
        of_words = _table(features.words, ids_of_words, len(features.names), len(word_keys))
        of_pairs = _table(features.texts[features.pairs[0]], ids_of_pairs, len(texts), len(pair_keys))
        table = hstack([said @ of_words, of_pairs], format="csc")  # so a word that is said often is taken apart once
        kept = np.diff(table.indptr) >= _least_texts(len(texts))[keys >> _HASH_BITS]
        table = table[:, kept]
        in_texts = np.diff(table.indptr)
        ids = np.repeat(np.arange(len(in_texts)), in_texts)
        spoken = np.zeros(len(texts), dtype=np.uint8) if languages is None else languages
        vectoriser = cls(keys[kept], rarity(*by_language(ids, table.indices, spoken, len(in_texts))))
        table.data = vectoriser._weights(table.indices, ids, len(texts))
        rows = table.tocsr()
        return vectoriser, Rows(rows.indptr.astype(np.int64), rows.indices, rows.data)

    @classmethod
    def of_keys(cls, texts: Sequence[Keys]) -> tuple["Vectoriser", Columns]:
        """As `fit`, of texts of which only the `keys_of` are kept; their vectors by feature. Needs no scipy."""
        keys = np.concatenate([np.empty(0, dtype=np.uint32), *texts]).astype(np.uint64)
        of_texts = np.repeat(np.arange(len(texts), dtype=np.uint64), [len(text) for text in texts])
        cells = np.sort(keys << np.uint64(32) | of_texts)  # as numbers: much quicker than to sort pairs
        keys, in_texts = np.unique((cells >> np.uint64(32)).astype(np.uint32), return_counts=True)
        is_kept = in_texts >= _least_texts(len(texts))[keys >> _HASH_BITS]
        rows = cells[np.repeat(is_kept, in_texts)].astype(np.uint32).astype(np.int32)
        keys, in_texts = keys[is_kept], in_texts[is_kept]
        vectoriser = cls(keys, idf(in_texts, len(texts)))
        weights = vectoriser._weights(rows, np.repeat(np.arange(len(keys)), in_texts), len(texts))
        return vectoriser, Columns(np.concatenate([[0], np.cumsum(in_texts)]), rows, weights)

    def knowing(self, texts: Sequence[Sequence[str]]) -> "Vectoriser":
        """This one, but it knows the features of these texts, too: what is new in them is as rare as the rarest."""
        features = _Features.of(texts)
        new = np.setdiff1d(np.concatenate([features.of_words, features.of_pairs]), self.keys)
        keys = np.concatenate([self.keys, new])
        idf = np.concatenate([self.idf, np.full(len(new), self._rarest, dtype=np.float32)])
        order = np.argsort(keys)
        return Vectoriser(keys[order], idf[order])

    def extended(self, texts: Sequence[Sequence[str]], count: int) -> tuple["Vectoriser", Ints]:
        """This one, but it knows what occurs in these texts, too, as often as `fit` asks for: as rare as it is in them,
        of *count* texts in all. And where each feature of this one is in it.
        """
        keys, in_texts = np.unique(np.concatenate([self.keys[:0], *map(keys_of, texts)]), return_counts=True)
        places = np.searchsorted(self.keys, keys)
        is_known = np.append(self.keys, np.uint32(0))[places] == keys
        is_new = (in_texts >= _least_texts(count)[keys >> _HASH_BITS]) & ~is_known
        keys, places, rare = keys[is_new], places[is_new], idf(in_texts[is_new], count)
        moved = np.arange(len(self), dtype=np.int32) + np.searchsorted(keys, self.keys).astype(np.int32)
        return Vectoriser(np.insert(self.keys, places, keys), np.insert(self.idf, places, rare)), moved

    def vector(self, said: Sequence[str]) -> tuple[Ints, Floats, float]:
        """Ids, ascending, and weights of the words' known features, and the share of the words that is known.

        Both arrays are empty when no feature is known. Features in words that are unknown have no id, but length: a
        text of which little is known has a short vector, and comes near to nothing. The share of known words counts
        each by its idf, 0-1.
        """
        keys = keys_of(said)
        if not len(keys) or not len(self):
            return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32), 0.0
        ids = np.minimum(np.searchsorted(self.keys, keys), len(self) - 1)
        is_known = self.keys[ids] == keys
        views = keys >> _HASH_BITS
        missed = np.bincount(views[~is_known], minlength=len(VIEWS)) * _MISSED
        of_words = views == _WORDS
        rarity = np.where(is_known, self.idf[ids], self._rarest)[of_words]
        share = float(rarity[is_known[of_words]].sum() / rarity.sum()) if len(rarity) else 0.0
        ids = ids[is_known].astype(np.int32)
        return ids, self._weights(np.zeros(len(ids), dtype=np.int32), ids, 1, missed * self._rarest**2), share

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

    def _weights(self, rows: Ints, ids: Counts, texts: int, unknown: npt.NDArray[np.float64] | float = 0.0) -> Floats:
        """TF-IDF of the cells in these rows of features with these ids, each view of a row scaled to its weight, each
        row to length 1.

        *unknown* is what the features without an id add to the square of the length of each view.
        """
        weights = self.idf[ids]
        cells = rows * np.int32(len(VIEWS)) + self.views[ids]
        squares = np.bincount(cells, weights * weights, minlength=texts * len(VIEWS)) + unknown
        lengths = np.sqrt(squares).reshape(texts, len(VIEWS))
        shares = np.where(lengths > 0, _VIEW_WEIGHTS, 0.0)
        shares /= np.maximum(lengths * np.linalg.norm(shares, axis=1, keepdims=True), 1e-9)
        weights *= shares.astype(np.float32).ravel()[cells]
        return weights


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


def _least_texts(count: int) -> Counts:
    """In how many of so many texts a feature of each view must occur."""
    more: Counts = _LEAST_TEXTS + (np.arange(len(VIEWS)) == _PAIRS) * (count > MANY_TEXTS)
    return more


def _checksums(words: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Of "" it is 0."""
    return np.fromiter(map(crc32, map(str.encode, words)), dtype=np.uint64)


def _table(rows: Counts, columns: Counts, height: int, width: int) -> Any:
    """A sparse table that is true in these cells, some of them named more than once."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(height, width))
