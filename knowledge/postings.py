"""Which texts have each feature, and how near a question is to each text by the features they share."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from knowledge.features import VIEWS, Columns, Counts, Floats, Ints, Rows, Vectoriser

COMMON = 0.05
"""What more texts than this share have says little of how near two of them are, and takes most of the time to count."""

NEVER_COMMON = 50
"""In so many texts even of a small FAQ a feature is worth counting."""

MOST_COUNTED = 60_000
"""So many postings are counted for a question, those of its rarest features first: a long one takes no longer."""


@dataclass(frozen=True)
class Postings:
    """Which texts have each feature: *texts* from `starts[feature]` up to `starts[feature + 1]`; of common ones, none.

    What a feature weighs in a text is its idf times `scales[text, view of the feature]`.
    """

    starts: Counts
    texts: npt.NDArray[np.unsignedinteger]
    scales: Floats

    @classmethod
    def of(cls, rows: Rows, vectoriser: Vectoriser) -> "Postings":
        """The postings of these vectors."""
        from scipy.sparse import csr_matrix  # imported where it is needed: a start from the cache does without

        shape = (len(rows), len(vectoriser))
        table = csr_matrix((rows.weights, rows.ids, rows.starts), shape=shape).tocsc()
        return cls.of_columns(Columns(table.indptr, table.indices, table.data), vectoriser, len(rows))

    @classmethod
    def of_columns(cls, columns: Columns, vectoriser: Vectoriser, count: int) -> "Postings":
        """The postings of *count* vectors that are known by feature."""
        in_texts = np.diff(columns.starts)
        scales = _no_scales(count)
        weights = columns.weights / np.repeat(vectoriser.idf, in_texts)
        scales[columns.texts, np.repeat(vectoriser.views, in_texts)] = weights
        is_counted = in_texts <= max(NEVER_COMMON, COMMON * count)
        starts = np.concatenate([[0], np.cumsum(np.where(is_counted, in_texts, 0))])
        texts = columns.texts[np.repeat(is_counted, in_texts)].astype(np.min_scalar_type(count))
        return cls(starts, texts, scales)

    def with_last(
        self, first: int, rows: Rows, vectoriser: Vectoriser, is_counted: npt.NDArray[np.bool_]
    ) -> "Postings":
        """The postings of the *first* texts, and after them those of *rows*; of features that aren't counted, none."""
        lengths = np.diff(rows.starts)
        places = np.repeat(np.arange(len(rows)), lengths)
        scales = _no_scales(len(rows))
        scales[places, vectoriser.views[rows.ids]] = rows.weights / vectoriser.idf[rows.ids]
        is_kept = (self.texts < first) & np.repeat(is_counted, np.diff(self.starts))
        starts = np.concatenate([[0], np.cumsum(is_kept)])[self.starts]
        kept = self.texts[is_kept].astype(np.min_scalar_type(first + len(rows)))
        ids, texts = rows.ids[is_counted[rows.ids]], places[is_counted[rows.ids]] + first
        order = np.argsort(ids, kind="stable")
        more = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=len(vectoriser)))])
        return Postings(
            starts + more,
            np.insert(kept, starts[ids[order] + 1], texts[order]),
            np.concatenate([self.scales[:first], scales]),
        )

    def moved(self, texts_from: Counts, new: Rows, vectoriser: Vectoriser, features: Ints) -> "Postings":
        """The postings of other texts with a larger vocabulary.

        Text *n* is the one that was `texts_from[n]`, or where that is -1 the next of the *new* ones; what was feature
        *f* is `features[f]` now. Features that weren't counted still aren't.
        """
        is_new = texts_from < 0
        places = np.full(len(self.scales), len(texts_from), dtype=np.min_scalar_type(len(texts_from)))
        places[texts_from[~is_new]] = np.flatnonzero(~is_new)
        texts = places[self.texts]
        is_kept = texts < len(texts_from)
        before = np.concatenate([[0], np.cumsum(is_kept)])[self.starts]
        counts = np.zeros(len(vectoriser), dtype=np.int64)
        counts[features] = np.diff(before)
        starts = np.concatenate([[0], np.cumsum(counts)])

        is_counted = np.ones(len(vectoriser), dtype=bool)
        is_counted[features] = np.diff(self.starts) > 0
        lengths = np.diff(new.starts)
        own = np.repeat(np.flatnonzero(is_new), lengths)
        scales = _no_scales(len(texts_from))
        scales[~is_new] = self.scales[texts_from[~is_new]]
        scales[own, vectoriser.views[new.ids]] = new.weights / vectoriser.idf[new.ids]
        ids, own = new.ids[is_counted[new.ids]], own[is_counted[new.ids]]
        order = np.argsort(ids, kind="stable")
        more = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=len(vectoriser)))])
        return Postings(starts + more, np.insert(texts[is_kept], starts[ids[order] + 1], own[order]), scales)

    def cosines(self, ids: Ints, weights: Floats, views: npt.NDArray[np.uint8]) -> Floats:
        """How near the vector of these features is to each text; what is common counts for nothing."""
        return self.likeness(*self.rarest(ids, weights, views))

    def likeness(self, ids: Ints, weights: Floats, views: npt.NDArray[np.uint8]) -> Floats:
        """The same, however many postings there are to count."""
        starts, ends = self.starts[ids], self.starts[ids + 1]
        found = [self.texts[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        if not found:
            return np.zeros(len(self.scales), dtype=np.float32)
        texts = np.concatenate(found, dtype=np.intp)
        each = np.repeat(weights, ends - starts)
        before = np.concatenate([[0], np.cumsum(ends - starts)])
        for view, (first, last) in enumerate(pairwise(before[np.searchsorted(views, range(len(VIEWS) + 1))].tolist())):
            each[first:last] *= self.scales[:, view].take(texts[first:last])
        return np.bincount(texts, each, minlength=len(self.scales)).astype(np.float32)

    def rarest(
        self, ids: Ints, weights: Floats, views: npt.NDArray[np.uint8], *, most: int | None = None
    ) -> tuple[Ints, Floats, npt.NDArray[np.uint8]]:
        """The features without the most common ones, so that no more than *most* postings, `MOST_COUNTED` by itself,
        are counted."""
        most = MOST_COUNTED if most is None else most
        sizes = self.starts[ids + 1] - self.starts[ids]
        if sizes.sum() <= most:
            return ids, weights, views
        order = np.argsort(sizes, kind="stable")
        kept = np.sort(order[np.cumsum(sizes[order]) <= most])
        return ids[kept], weights[kept], views[kept]


def _no_scales(count: int) -> Floats:
    """Of so many texts, by view one after the other: a question asks for those of one view at a time."""
    return np.zeros((count, len(VIEWS)), dtype=np.float32, order="F")
