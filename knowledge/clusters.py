"""Questions that ask much the same, put together."""

from collections.abc import Sequence

import numpy as np

from knowledge.features import Floats
from knowledge.index import Index

APART = 0.66
"""Groups that are further apart than this on average stay apart.

On the development questions of 60 topics among 200 of none, a question's group is 88 % of its own topic, and holds 68 %
of those: measured by B-cubed, and set there. By their words alone 87 % and 36 %.
"""

_WORDS = 2 / 3
"""What the likeness of the words counts; the rest is whether the FAQ takes both for questions about the same entry."""


def cluster(texts: Sequence[str], index: Index) -> list[tuple[int, ...]]:
    """The places of *texts* in groups: the largest group first, in each the text first that is most like the others.

    The same texts in the same order give the same groups. It takes some 2 ms of a text, and the square of their number
    in memory.
    """
    if len(texts) < 2:
        return [(0,)] if texts else []
    from sklearn.cluster import AgglomerativeClustering  # imported where it is needed: it takes a second

    likeness = _WORDS * index.likeness(texts) + (1 - _WORDS) * _about_the_same(texts, index)
    apart = np.clip(1 - likeness, 0, None)
    np.fill_diagonal(apart, 0)
    made = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=APART
    ).fit(apart)
    groups = [np.flatnonzero(made.labels_ == label) for label in range(made.n_clusters_)]
    inner_first = [group[np.argsort(apart[np.ix_(group, group)].sum(axis=1), kind="stable")] for group in groups]
    return sorted((tuple(group.tolist()) for group in inner_first), key=lambda group: (-len(group), min(group)))


def _about_the_same(texts: Sequence[str], index: Index) -> Floats:
    """How far the entries that each two texts may be about are the same, 0-1."""
    places = {entry_id: place for place, entry_id in enumerate(index.entry_ids)}
    chances = np.zeros((len(texts), len(places)), dtype=np.float32)
    for number, text in enumerate(texts):
        for hit in index.find(text).hits:
            chances[number, places[hit.entry_id]] = hit.score
    chances /= np.maximum(np.linalg.norm(chances, axis=1, keepdims=True), 1e-9)
    return np.asarray(chances @ chances.T, dtype=np.float32)
