"""Which earlier questions are like a question: by the words of both, and by what the FAQ takes both to be about.

Words alone find little: of the development questions 14 % stand nearest to another on the same topic, with what they
are about 84 % (docs/retrieval.md). Of the earlier ones no text is kept, only keys of the features in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from knowledge.features import Keys, Vectoriser, keys_of, read
from knowledge.language import Lexicon
from knowledge.postings import Postings
from knowledge.verdict import Verdict

LEAST = 0.25
"""What scores less is left out: from here on it is the same topic in seven of eight cases."""

LIKELY = 0.4
"""From here on in nine of ten."""

SAME_WORDS = 0.5
"""Two questions of this cosine are said in almost the same words."""

_TOPIC = 0.5  # what the chance that both are about the same counts beside the cosine


@dataclass(frozen=True)
class Question:
    """An earlier question: the keys of what it says, and the entry it was about, if any."""

    keys: Keys
    topic: str | None


@dataclass(frozen=True)
class Near:
    """An earlier question by its *place* among those given; *score* is 0–1.5, *cosine* how alike the words are, 0–1."""

    place: int
    score: float
    cosine: float


class Earlier:
    """Earlier questions to look among. It never changes, so threads may share it."""

    def __init__(self, vectoriser: Vectoriser, postings: Postings, places: Mapping[str, Sequence[int]]) -> None:
        """*places*: which of them are about each topic."""
        self._vectoriser = vectoriser
        self._postings = postings
        self._places = places

    @classmethod
    def of(cls, questions: Sequence[Question]) -> "Earlier":
        """These questions, the newest first: of equals it is found before the others."""
        vectoriser, columns = Vectoriser.of_keys([question.keys for question in questions])
        places: dict[str, list[int]] = {}
        for place, question in enumerate(questions):
            if question.topic is not None:
                places.setdefault(question.topic, []).append(place)
        return cls(vectoriser, Postings.of_columns(columns, vectoriser, len(questions)), places)

    def like(self, text: str, topics: Mapping[str, float], *, k: int = 10, least: float = LEAST) -> list[Near]:
        """The *k* likest to *text*, likest first; *topics*: the chance of each entry that *text* is about it.

        What scores less than *least* is left out.
        """
        ids, weights, _ = self._vectoriser.vector(read(text, _lexicon()))
        weights = weights * self._vectoriser.idf[ids]
        cosines = self._postings.cosines(ids, weights, self._vectoriser.views[ids])
        scores = cosines.copy()
        for topic, chance in topics.items():
            scores[self._places.get(topic, [])] += _TOPIC * chance
        best = np.argsort(-scores, kind="stable")[:k].tolist()
        return [Near(place, float(scores[place]), float(cosines[place])) for place in best if scores[place] >= least]


def read_keys(text: str) -> Keys:
    """What is kept of an earlier question's text."""
    return keys_of(read(text, _lexicon()))


def topics_of(verdict: Verdict) -> dict[str, float]:
    """The chance of each of its best entries to be what the question is about, for `Earlier.like`.

    The hits' own scores only tell them apart from each other: a question that no entry answers has a best one, too.
    """
    if not verdict.hits or not verdict.confidence:
        return {}
    surely = verdict.confidence / verdict.hits[0].score
    return {hit.entry_id: hit.score * surely for hit in verdict.hits}


@cache
def _lexicon() -> Lexicon:
    return Lexicon.read()
