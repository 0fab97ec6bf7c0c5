"""A text as a weighted vector of its n-grams, words and pairs of words: three views of it, one vocabulary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
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


def read(text: str, lexicon: Lexicon) -> list[str]:
    """The words of a text as they are compared: cleaned, colloquial ones standardised, typed without ä and ö."""
    return [fold(word) for word in lexicon.standardise(words(clean(text)))]


def grams_in(word: str) -> Iterator[str]:
    """The character 2-5-grams of the word, its ends marked by a space."""
    padded = f" {word} "
    for size in range(2, min(5, len(padded)) + 1):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


def pairs_in(said: Sequence[str]) -> Iterator[str]:
    """The beginnings of words that stand near each other, whatever their order: what is asked *of* what.

    Short words are passed over, since Finnish says with endings what they say.
    """
    beginnings = [word[:_PAIRED_LETTERS] for word in said if len(word) > 2]
    for place, one in enumerate(beginnings):
        for other in beginnings[place + 1 : place + 1 + _PAIRED_WITHIN]:
            if one != other:
                yield f"{one} {other}" if one < other else f"{other} {one}"


def keys_of(grams: Iterable[str], view: int) -> Keys:
    """What grams are known by: 32 bits each, so that a vocabulary is an array and not 200,000 strings.

    The first two bits are the view, the rest a checksum. Grams that share a key (some hundred of all) are taken for
    the same.
    """
    checksums = np.fromiter(map(crc32, map(str.encode, grams)), dtype=np.uint32)
    return checksums >> np.uint32(32 - _HASH_BITS) | np.uint32(view << _HASH_BITS)


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
        of_words: dict[str, Keys] = {}
        pieces = [_keys_in(text, of_words) for text in texts]
        found = np.concatenate([np.empty(0, dtype=np.uint32), *pieces])
        keys, cells = np.unique(found, return_inverse=True)
        in_texts = np.bincount(cells, minlength=len(keys))
        kept = in_texts >= _LEAST_TEXTS[keys >> _HASH_BITS]
        idf = np.log((1 + len(texts)) / (1 + in_texts[kept])) + 1
        vectoriser = cls(keys[kept], idf.astype(np.float32))
        rows = np.repeat(np.arange(len(texts)), [len(piece) for piece in pieces])
        stays = kept[cells]
        ids = (np.cumsum(kept) - 1)[cells[stays]]
        return vectoriser, vectoriser._weighed(rows[stays], ids, len(texts))

    def vector(self, said: Sequence[str]) -> tuple[Ints, Floats, float]:
        """Ids, ascending, and weights of the words' known features, and the share of the words that is known.

        Both arrays are empty when no feature is known. Features in words that are unknown have no id, but length: a
        text of which little is known has a short vector, and comes near to nothing. The share of known words counts
        each by its idf, 0-1.
        """
        keys = _keys_in(said, {})
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
        words = list(dict.fromkeys(said))
        pieces = list(dict.fromkeys(chain.from_iterable(map(grams_in, words))))
        pairs = list(dict.fromkeys(pairs_in(said)))
        labelled = (
            (keys_of(pieces, _INSIDE), [f'"{piece}"' for piece in pieces]),
            (keys_of(words, _WORDS), words),
            (keys_of(pairs, _PAIRS), [pair.replace(" ", " … ") for pair in pairs]),
        )
        return {
            name: weight_of[key]
            for keys, names in labelled
            for key, name in zip(keys.tolist(), names, strict=True)
            if key in weight_of
        }

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
        weights = self.idf[ids].astype(np.float64)
        cells = rows * len(VIEWS) + self.views[ids]
        count = texts * len(VIEWS)
        lengths = np.sqrt(np.bincount(cells, weights * weights, minlength=count) + unknown)
        weights *= _VIEW_WEIGHTS[self.views[ids]] / lengths[cells]
        present = (lengths.reshape(texts, len(VIEWS)) > 0) * _VIEW_WEIGHTS
        weights /= np.sqrt((present * present).sum(axis=1))[rows]
        starts = np.searchsorted(rows, np.arange(texts + 1))
        return Rows(starts, ids.astype(np.int32), weights.astype(np.float32))


def _keys_in(said: Sequence[str], of_words: dict[str, Keys]) -> Keys:
    """The keys of all features of a text, ascending, each once. Those of a word are kept in *of_words*."""
    pieces = [keys_of(pairs_in(said), _PAIRS)]
    for word in set(said):
        if word not in of_words:
            of_words[word] = np.concatenate([keys_of(grams_in(word), _INSIDE), keys_of([word], _WORDS)])
        pieces.append(of_words[word])
    return np.unique(np.concatenate(pieces))
