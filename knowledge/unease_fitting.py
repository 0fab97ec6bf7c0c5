"""Fits `Unease` on messages with a known meaning: the same each time."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import log
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from knowledge.library import load
from knowledge.phrases import read
from knowledge.questions import Question, development
from knowledge.safety import lexicon_rows, spelt_out
from knowledge.unease import CALM, Unease, features

SEED = 20261122
FOLDS = 5

MOST_UNSURE = 0.02
MOST_SURE = 0.002
"""Of ordinary development questions, judged by models that haven't seen them, so many may reach the thresholds."""

MOST_CALM = 0.04
"""Of messages from people in danger, so many may be below what is called calm."""

_NOT_CALM = frozenset({"kriisiapu", "asunnottomuus"})
"""Entries whose phrasings are mostly said by people in danger."""

_PARTLY_CALM = frozenset({"hairinta-ja-syrjinta", "jaksaminen-ja-yksinaisyys", "paihteet", "pimea-tyo"})
"""Entries some of whose phrasings are: those where a phrase finds a sign aren't called calm."""

_RARE = 3
"""A feature of fewer messages says nothing of the next one."""

_FREEDOM = 10.0
_DANGER_WEIGHT = 4.0
"""A sign overlooked weighs more than a gentle line too many."""

_WORDS_PER_SLIP = 4
"""Each message from someone in danger is also fitted on with so many slips: people in distress don't correct."""

_FAINT = 0.02
"""Features that pull less than this in every direction are left out of the model: they only make it large."""


@dataclass(frozen=True)
class Labelled:
    """A message and its kind of danger; *is_question* for an ordinary one that stands for what is asked of the bot."""

    text: str
    kind: str
    is_question: bool = False


def is_for_fitting(text: str) -> bool:
    """Whether a development message is in the half that is fitted on. The other half only measures."""
    return hashlib.sha256(text.encode()).digest()[-1] % 2 == 0


def labelled_messages() -> list[Labelled]:
    """What is fitted on: the examples, small talk, the FAQ's phrasings and one half of the development questions."""
    examples = [Labelled(text, kind) for kind, text in lexicon_rows("crisis-examples.tsv")]
    in_danger = {example.text.casefold() for example in examples if example.kind != CALM}
    calm = [text for text in chain(_phrasings(), _small_talk()) if text.casefold() not in in_danger]
    asked = [_labelled(question) for question in development() if is_for_fitting(question.text)]
    return [*examples, *(Labelled(text, CALM) for text in calm), *asked]


def _phrasings() -> Iterator[str]:
    for entry in load().entries:
        if entry.id not in _NOT_CALM:
            for phrasing in chain.from_iterable(entry.phrasings.values()):
                if entry.id not in _PARTLY_CALM or not spelt_out(phrasing):
                    yield phrasing


def _small_talk() -> Iterator[str]:
    return (phrase for phrase, *_ in lexicon_rows("smalltalk.tsv") if not spelt_out(phrase))


def _labelled(question: Question) -> Labelled:
    if question.topic == "crisis":
        return Labelled(question.text, question.persona.partition(":")[0])
    is_idiom = question.persona.startswith("neg")
    return Labelled(question.text, CALM, is_question=not is_idiom and question.topic not in _NOT_CALM)


def fit(messages: Sequence[Labelled], say: Callable[[str], None] = lambda _: None) -> Unease:
    """The model, its thresholds set on scores of questions by models that were fitted without them.

    *say* is told what is being done.
    """
    kinds = [message.kind for message in messages]
    scores = np.zeros(len(messages))
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(kinds, kinds)
    for fold, (fitted_on, judged) in enumerate(parts, start=1):
        say(f"signs of danger on {len(messages)} messages, fold {fold} of {FOLDS}")
        model = _fit([messages[place] for place in fitted_on])
        for place in judged:
            scores[place] = model.strongest(read(messages[place].text)[0])[1]
    say(f"signs of danger on {len(messages)} messages, all of them")
    of_questions = scores[[message.is_question for message in messages]]
    of_danger = scores[[kind != CALM for kind in kinds]]
    return replace(
        _fit(messages),
        unsure=float(np.quantile(of_questions, 1 - MOST_UNSURE)),
        sure=float(np.quantile(of_questions, 1 - MOST_SURE)),
        calm=float(np.quantile(of_danger, MOST_CALM)),
    )


def _fit(messages: Sequence[Labelled]) -> Unease:
    chance = Random(SEED)  # noqa: S311 (slips, not secrets)
    misspelt = [replace(message, text=_misspelt(message.text, chance)) for message in messages if message.kind != CALM]
    messages = [*messages, *misspelt]
    found = [features(read(message.text)[0]) for message in messages]
    uses = Counter(chain.from_iterable(found))
    rows = {feature: row for row, feature in enumerate(sorted(f for f in uses if uses[f] >= _RARE))}
    rarity = np.array([1 + log(len(messages) / uses[feature]) for feature in rows], dtype=np.float32)
    kinds = [message.kind for message in messages]
    weights = [1.0 if kind == CALM else _DANGER_WEIGHT for kind in kinds]
    regression = LogisticRegression(C=_FREEDOM, max_iter=300)
    regression.fit(_matrix(found, rows, rarity), kinds, sample_weight=weights)
    pull = regression.coef_.T.astype(np.float32)
    kept = np.flatnonzero((np.abs(pull) * rarity[:, None]).max(axis=1) >= _FAINT)
    names = list(rows)
    return Unease(
        kinds=tuple(regression.classes_),
        rows={names[row]: place for place, row in enumerate(kept)},
        rarity=rarity[kept],
        weights=pull[kept],
        intercepts=regression.intercept_.astype(np.float32),
        unsure=0.0,
        sure=0.0,
        calm=0.0,
    )


def _misspelt(text: str, chance: Random) -> str:
    """*text* with letters dropped, swapped and doubled."""
    words = text.split()
    for _ in range(max(1, len(words) // _WORDS_PER_SLIP)):
        number = chance.randrange(len(words))
        word = words[number]
        if len(word) >= 4:
            place = chance.randrange(1, len(word) - 1)
            before, letter, following, after = word[:place], word[place], word[place + 1], word[place + 2 :]
            slip = chance.choice((following, following + letter, letter + letter + following))
            words[number] = before + slip + after
    return " ".join(words)


def _matrix(found: Iterable[set[str]], rows: dict[str, int], rarity: NDArray[np.float32]) -> csr_matrix:
    columns: list[int] = []
    values: list[NDArray[np.float32]] = []
    ends = [0]
    for one in found:
        known = sorted(rows[feature] for feature in one if feature in rows)
        columns += known
        weight = rarity[known]
        values.append(weight / max(float(np.linalg.norm(weight)), 1e-9))
        ends.append(len(columns))
    return csr_matrix((np.concatenate(values), columns, ends), shape=(len(ends) - 1, len(rows)))
