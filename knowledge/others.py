"""Which ways of asking for other entries an entry is told from.

All of them would take several times as long to learn from; many likest and few others do worse (docs/retrieval.md). Of
the languages that have few ways of asking, the likest would seldom be among the likest of all: those are taken, too.
"""

import numpy as np
import numpy.typing as npt

from knowledge.entry import LANGUAGES, Language
from knowledge.features import Counts, Floats

LIKEST = 1000
OTHERS = 3000

_LIKEST_IN: dict[Language, int] = {"sv": 300, "en": 600}


def others(
    is_own: npt.NDArray[np.bool_], like: Floats, languages: npt.NDArray[np.uint8], random: np.random.Generator
) -> Counts:
    """Their places, ascending: the likest of those that aren't the entry's own, and some of the rest, at random.

    *like* says how like each way of asking is to the entry's own, *languages* which of `LANGUAGES` it is in.
    """
    places = np.flatnonzero(~is_own)
    likest = min(LIKEST, len(places) - 1)
    places = places[np.argpartition(-like[places], likest)]
    chosen = [places[:likest], random.permutation(np.sort(places[likest:]))[:OTHERS]]
    for language, most in _LIKEST_IN.items():
        spoken = places[languages[places] == LANGUAGES.index(language)]
        if len(spoken) > most:
            spoken = spoken[np.argpartition(-like[spoken], most)[:most]]
        chosen.append(spoken)
    return np.unique(np.concatenate(chosen))
