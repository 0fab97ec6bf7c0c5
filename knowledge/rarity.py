"""How rare a feature is: as in the language of the FAQ that has it most.

Most ways of asking are Finnish. Counted among all of them, the commonest English words would be rarities.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

_PRIOR = 300
"""So many ways of asking stand behind a language's own, which have its features as often as all have them: of a
language that has few, little is known."""


def rarity(in_texts: Counts, texts: Counts) -> Floats:
    """The idf of each feature; at least 1. *in_texts* has a row for each feature and a column for each language: in how
    many of its texts the feature is; *texts* says how many each language has. Of one language it is the usual idf.
    """
    count = int(texts.sum())
    share = in_texts.sum(axis=1) / count
    likely = (in_texts + _PRIOR * share[:, np.newaxis]) / (texts + _PRIOR)
    return idf(count * likely.max(axis=1), count)


def idf(in_texts: npt.NDArray[np.number], count: int) -> Floats:
    """How rare it is to be in so many of *count* texts: 1 where it is in all of them, and the more the rarer."""
    rare: Floats = (np.log((1 + count) / (1 + in_texts)) + 1).astype(np.float32)
    return rare


def by_language(ids: Counts, texts: Counts, languages: npt.NDArray[np.uint8], features: int) -> tuple[Counts, Counts]:
    """What `rarity` is told, of cells: a feature of *ids* that is in one of *texts*, whose *languages* are numbers."""
    count = int(languages.max(initial=0)) + 1
    cells = np.bincount(ids * count + languages[texts], minlength=features * count)
    return cells.reshape(features, count), np.bincount(languages, minlength=count)
