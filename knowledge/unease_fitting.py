"""Fits `Unease` on messages with a known meaning: the same each time."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from random import Random
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.csgraph import connected_components
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import normalize

from knowledge.library import load
from knowledge.questions import Question, development
from knowledge.safety import LEXICON_FOLDER, Kind, hear, lexicon_rows, spelt_out
from knowledge.unease import CALM, Unease, features

SEED = 20261122
FOLDS = 5

MOST_UNSURE = 0.05
MOST_SURE = 0.003
"""Of ordinary development questions, judged by models that haven't seen them, so many may reach the thresholds."""

MOST_CALM = 0.04
"""Of messages from people in danger, so many may be below what is called calm."""

_NOT_CALM = frozenset({"kriisiapu", "asunnottomuus"})
"""Entries whose phrasings are mostly said by people in danger."""

_PARTLY_CALM = frozenset({"hairinta-ja-syrjinta", "jaksaminen-ja-yksinaisyys", "paihteet", "pimea-tyo"})
"""Entries some of whose phrasings are: those where a phrase finds a sign aren't called calm."""

SETS = ("second", "third", "fourth", "fifth")
"""Sets of messages that others wrote without having seen anything of this. Each was judged once before it was fitted
on, and each is one family: how much of it is noticed is told by models fitted on the others."""

_OF_OTHERS = "# set: "
"""So begins the theme of a message of one of those sets."""

_KINDS_IN_WORDS = {
    "child": "child-in-danger",
    "no shelter": "no-shelter",
    "nowhere tonight": "no-shelter",
    "sexual violence": "sexual-violence",
    "threat": "threat-to-others",
}
"""The kinds as some writers of sets called them."""

_RARE = 3
"""A feature of fewer messages says nothing of the next one."""

_ALIKE = 0.4
"""Messages as alike as this (cosine) are kin: one of them tells nothing of a model that was fitted on another."""

_FREEDOM = 30.0
_NEAR_ENOUGH = 0.01
_DANGER_WEIGHT = 3.0
"""A sign overlooked weighs more than a gentle line too many."""

_ANY_DANGER_WEIGHT = 2.0
"""The same where all kinds are fitted on at once: they are many."""

_OTHERS_WEIGHT = 2.0
"""What others wrote counts twice: they write of what one hand doesn't think of."""

_AFTER = 0.6
"""Each example, calm or not, is also fitted on beside an ordinary question: so often it comes after it."""

_WORDS_PER_SLIP = 4
"""Each message from someone in danger is also fitted on with so many slips: people in distress don't correct."""

_STRONGEST = 32.0
"""No feature pulls more than this: what a few messages alone have in common is nothing to be that sure of."""

_FAINT = 1.0
"""Features that pull less than this in every direction are left out of the model: they only make it large."""


@dataclass(frozen=True)
class Labelled:
    """A message and its kind of danger; *is_question* for an ordinary one that stands for what is asked of the bot.

    *is_phrasing*: it is one of the many thousand of the FAQ. *theme* is what it and others were written about, if any.
    """

    text: str
    kind: str
    is_question: bool = False
    is_phrasing: bool = False
    theme: str = ""

    @property
    def is_example(self) -> bool:
        """Whether it shows what danger is, or what it isn't."""
        return self.kind != CALM or bool(self.theme)


def is_for_fitting(text: str) -> bool:
    """Whether a development message is in the half that is fitted on. The other half only measures."""
    return hashlib.sha256(text.encode()).digest()[-1] % 2 == 0


def is_sample(text: str) -> bool:
    """Whether a phrasing is in the quarter that is enough to set the thresholds by."""
    return hashlib.sha256(text.encode()).digest()[-1] % 4 == 0


def labelled_messages() -> list[Labelled]:
    """What is fitted on: the examples, the sets of others, small talk, the FAQ's phrasings and one half of the
    development questions."""
    examples = [*_examples(), *sets_of_others()]
    in_danger = {example.text.casefold() for example in examples if example.kind != CALM}
    phrasings = [Labelled(text, CALM, is_phrasing=True) for text in _phrasings() if text.casefold() not in in_danger]
    small_talk = [Labelled(text, CALM) for text in _small_talk() if text.casefold() not in in_danger]
    asked = [_labelled(question) for question in development() if is_for_fitting(question.text)]
    return [*examples, *phrasings, *small_talk, *asked]


def _examples() -> Iterator[Labelled]:
    theme = ""
    _, *lines = (LEXICON_FOLDER / "crisis-examples.tsv").read_text(encoding="utf-8").splitlines()
    for line in filter(None, lines):
        if line.startswith("#"):
            theme = line
        else:
            kind, text = line.split("\t")
            yield Labelled(text, kind, theme=theme)


def sets_of_others() -> Iterator[Labelled]:
    """The messages of `SETS`, in danger and calm."""
    for name in SETS:
        for file in (f"crisis-{name}", f"crisis-{name}-calm"):
            for question in development([file]):
                kind = re.split("[:,]", question.persona)[0] if question.topic == "crisis" else CALM
                yield Labelled(question.text, _KINDS_IN_WORDS.get(kind, kind), theme=f"{_OF_OTHERS}{name}")


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
    """The model, its thresholds set on scores by models that were fitted without the message or anything like it.

    *say* is told what is being done, and how many people in danger those models noticed.
    """
    say(f"signs of danger: taking {len(messages)} messages apart")
    chance = Random(SEED)  # noqa: S311 (slips, not secrets)
    in_danger = np.array([message.kind != CALM for message in messages])
    is_example = np.array([message.is_example for message in messages])
    slips = [_misspelt(message.text, chance) for message in messages if message.kind != CALM]
    ordinary = [message.text for message in messages if message.is_phrasing] or [""]
    mixed = [_beside(message.text, chance.choice(ordinary), chance) for message in messages if message.is_example]
    table, names = taken_apart(chain((message.text for message in messages), slips, mixed))
    origins = np.concatenate([np.arange(len(messages)), np.flatnonzero(in_danger), np.flatnonzero(is_example)])
    kinds = np.array([message.kind for message in messages])[origins]
    kin = families(table[: len(messages)], messages)[origins]
    of_others = np.array([message.theme.startswith(_OF_OTHERS) for message in messages])[origins]
    weights = np.where(of_others, _OTHERS_WEIGHT, 1.0)

    questions = np.array([message.is_question for message in messages])
    plenty = np.array([message.is_phrasing and not is_sample(message.text) for message in messages])[origins]
    scores = np.full(len(messages), np.nan)
    parts = GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(kinds, groups=kin)
    for fold, (others, judged) in enumerate(parts, start=1):
        say(f"signs of danger, fold {fold} of {FOLDS}")
        fitted_on = others[~plenty[others]]
        model = _fit(table[fitted_on], names, kinds[fitted_on], weights[fitted_on])
        for place in judged[judged < len(messages)]:
            if questions[place] or in_danger[place]:
                scores[place] = model.strongest(hear(messages[place].text))[1]

    unsure = float(np.quantile(scores[questions], 1 - MOST_UNSURE))
    noticed = np.mean(scores[in_danger] >= unsure)
    say(f"signs of danger: {noticed:.1%} of {in_danger.sum()} noticed by models that saw nothing like them; now on all")
    return replace(
        _fit(table, names, kinds, weights),
        unsure=unsure,
        sure=float(np.quantile(scores[questions], 1 - MOST_SURE)),
        calm=float(np.quantile(scores[in_danger], MOST_CALM)),
    )


def taken_apart(texts: Iterable[str]) -> tuple[csr_matrix, list[str]]:
    """A row per text and a column per feature: whether the text has it. And the features."""
    columns: dict[str, int] = {}
    places: list[int] = []
    ends = [0]
    for text in texts:
        places += [columns.setdefault(feature, len(columns)) for feature in sorted(features(hear(text)))]
        ends.append(len(places))
    had = np.ones(len(places), dtype=np.float32)
    return csr_matrix((had, places, ends), shape=(len(ends) - 1, len(columns))), list(columns)


def families(table: csr_matrix, messages: Sequence[Labelled]) -> NDArray[Any]:
    """For each message the number of its family: those of its theme, or else those it resembles, through others too.

    Questions and phrasings are each by themselves: nobody wrote them in many ways for this.
    """
    numbers = np.arange(len(messages))
    alone = np.flatnonzero([message.kind != CALM and not message.theme for message in messages])
    if len(alone):
        weighed, _, _ = _weighed(table[alone], fewest=1)
        _, alike = connected_components(weighed @ weighed.T > _ALIKE, directed=False)
        numbers[alone] = len(messages) + alike
    themes = {theme: -number for number, theme in enumerate(sorted({message.theme for message in messages}))}
    for place, message in enumerate(messages):
        if message.theme:
            numbers[place] = themes[message.theme]
    return numbers


def _weighed(table: csr_matrix, fewest: int = _RARE) -> tuple[csr_matrix, NDArray[Any], NDArray[np.float32]]:
    """*table* with features weighed by their rarity and rows of length one, its columns kept, and their rarity."""
    uses = np.asarray(table.sum(axis=0)).ravel()
    kept = np.flatnonzero(uses >= fewest)
    rarity = (1 + np.log(table.shape[0] / uses[kept])).astype(np.float32)
    return normalize(csr_matrix(table[:, kept] @ diags_array(rarity))), kept, rarity


def _fit(table: csr_matrix, names: Sequence[str], kinds: NDArray[Any], weights: NDArray[np.float64]) -> Unease:
    """The model without thresholds; *weights* tells how much each row counts."""
    weighed, columns, rarity = _weighed(table)
    calm = kinds == CALM
    pulls, intercepts = [], []
    for danger, heavier in [*((kinds == kind, _DANGER_WEIGHT) for kind in get_args(Kind)), (~calm, _ANY_DANGER_WEIGHT)]:
        among = np.flatnonzero(danger | calm)
        regression = LogisticRegression(C=_FREEDOM, solver="liblinear", dual=True, tol=_NEAR_ENOUGH, random_state=SEED)
        importance = np.where(danger, heavier, 1.0) * weights
        regression.fit(weighed[among], danger[among], sample_weight=importance[among])
        pulls.append(regression.coef_[0])
        intercepts.append(regression.intercept_[0])
    pull = np.clip(np.array(pulls, dtype=np.float32).T, -_STRONGEST, _STRONGEST)
    kept = np.flatnonzero((np.abs(pull) * rarity[:, None]).max(axis=1) >= _FAINT)
    return Unease.of(get_args(Kind), [names[columns[row]] for row in kept], rarity[kept], pull[kept], intercepts)


def _beside(text: str, question: str, chance: Random) -> str:
    """*text* before or after an ordinary *question*: few come with nothing else."""
    between = chance.choice((". ", "? ", ", ", " "))
    return between.join((question, text) if chance.random() < _AFTER else (text, question))


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
