"""The nearest texts of very many, in a time that their number hardly moves.

A question's rarest features are counted first, which finds the texts that may be near; the best of those are then
compared with all of it. What is small enough to count as a whole is: see `knowledge.index`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.features import Counts, Floats, Ints
from knowledge.postings import Postings

COUNTED, SHARE = 30_000, 16
"""So many postings, those of the rarest features, are counted to find what may be near; or as many as this part of the
texts, where that is more."""

ENTRIES = 12
"""So many entries, the best by what the rarest features tell, are compared with all of a question …"""

COUNTED_EACH = 2_500
"""… by a text of each for so many postings counted, the likeliest to be its nearest; and by its answer."""

_HALF, _LOWER = np.uint64(32), np.uint64(0xFFFFFFFF)

Views = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Touched:
    """The texts that have any of a question's rarest features, ascending, and how near they are by those alone."""

    texts: Counts
    cosines: Floats

    @classmethod
    def by(cls, postings: Postings, ids: Ints, weights: Floats, views: Views) -> "Touched":
        """*ids* are the rarest features (`Postings.rarest`), *weights* theirs times idf."""
        starts, ends = postings.starts[ids].tolist(), postings.starts[ids + 1].tolist()
        found = [postings.texts[start:end] for start, end in zip(starts, ends, strict=True)]
        if not sum(map(len, found)):
            return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
        sizes = [len(texts) for texts in found]
        texts = np.concatenate(found)
        cosines = np.repeat(weights, sizes) * postings.scales[texts, np.repeat(views, sizes)]
        numbered = np.sort(texts.astype(np.uint64) << _HALF | np.arange(len(texts), dtype=np.uint64))
        order = (numbered & _LOWER).astype(np.int64)  # by one sort of numbers: much quicker than to sort places
        texts = texts[order]
        firsts = np.flatnonzero(np.concatenate([[True], texts[1:] != texts[:-1]]))
        return cls(texts[firsts].astype(np.int64), np.add.reduceat(cosines[order], firsts))

    def best_of_each(self, first_texts: Ints) -> Floats:
        """The highest cosine among the texts of each entry, those of entry *e* from `first_texts[e]` on; 0 for none."""
        starts = np.searchsorted(self.texts, first_texts)
        best = np.maximum.reduceat(np.append(self.cosines, np.float32(0)), starts)[:-1]
        return np.where(starts[1:] > starts[:-1], best, np.float32(0))

    def each(self, texts: Counts) -> Floats:
        """The cosine of each of these texts; 0 of one that isn't touched."""
        if not len(self.texts):
            return np.zeros(len(texts), dtype=np.float32)
        places = np.minimum(np.searchsorted(self.texts, texts), len(self.texts) - 1)
        return np.where(self.texts[places] == texts, self.cosines[places], np.float32(0))

    def nearest(self, first: int, end: int, count: int) -> Counts:
        """The *count* nearest texts from *first* up to *end*."""
        start, stop = np.searchsorted(self.texts, (first, end))
        own = self.cosines[start:stop]
        best = np.argpartition(own, max(0, len(own) - count))[-count:] if len(own) else np.empty(0, dtype=np.int64)
        nearest: Counts = self.texts[start + best]
        return nearest


def counted(texts: int) -> int:
    """How many postings are counted of so many texts."""
    return max(COUNTED, texts // SHARE)


def cosines_of(postings: Postings, ids: Ints, weights: Floats, views: Views, texts: Counts) -> Floats:
    """How near a vector of these features is to these *texts*, however many others have each feature."""
    sought = texts.astype(postings.texts.dtype)  # or each list would be copied to be searched
    sums = np.zeros((len(texts), postings.scales.shape[1]), dtype=np.float32)
    for feature, weight, view in zip(ids.tolist(), weights.tolist(), views.tolist(), strict=True):
        own = postings.texts[postings.starts[feature] : postings.starts[feature + 1]]
        if len(own):
            places = own.searchsorted(sought)
            sums[:, view] += weight * (own.take(places, mode="clip") == sought)
    cosines: Floats = (sums * postings.scales[texts]).sum(axis=1)
    return cosines
