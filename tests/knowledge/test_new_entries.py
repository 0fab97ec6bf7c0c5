"""Entries are made new in turn, and what is nearly what they were left is asked: confidence learns from it."""

from collections.abc import Callable
from pathlib import Path

from knowledge.fitting import FOLDS, Case, _folds
from knowledge.index import Fusion, Index
from knowledge.library import load
from knowledge.new_entries import NEAR_EACH, ROUNDS, found_while_new
from knowledge.questions import Question, development, fitted_on

WriteEntry = Callable[..., Path]


def test_each_entry_is_new_once_and_asked_nearly_as_it_was_taught(faq: Path, write_entry: WriteEntry) -> None:
    """An entry that is never new, or asked in its own words, would teach nothing of how new ones are found."""
    for thing in ("asumistuki", "verokortti", "hygieniapassi"):
        verbs = ("saa", "haetaan", "perutaan", "maksetaan")
        write_entry(thing, tuple(f"{ask} {thing} {verb}" for ask in ("miten", "milloin", "missä") for verb in verbs))
    entries = load(faq).entries
    asked = [Question("mistä saisin verokortin", "verokortti", frozenset(), "spoken", "x")]

    found = list(found_while_new(entries, asked, Index.build(entries), Fusion(), lambda _: None))

    taught = [one for one in found if one.is_taught]
    assert len(taught) == len(entries) * NEAR_EACH
    assert (
        {one.question.topic for one in taught}
        == {entry.id for entry in entries}
        == set().union(*(one.new for one in found))
    )
    assert not any(one.finding.is_word_for_word for one in taught)
    firsts = [one.finding for one in taught if one.finding.hits[0].entry_id in one.new]
    assert firsts
    assert all(finding.newness > 0 for finding in firsts)
    assert 1 <= sum(not one.is_taught for one in found) <= ROUNDS
    folds = _folds([Case(one.question, one.finding) for one in [*found, *found]], split=0)
    assert (folds[: len(found)] == folds[len(found) :]).all()
    assert set(folds.tolist()) <= set(range(FOLDS))


def test_the_search_is_fitted_on_nothing_that_is_kept_apart() -> None:
    """What is measured on unseen questions must be unseen; and of a hard set only what somebody said the topic of."""
    easy = {question.text for question in development()}
    own = {question.text for question in fitted_on()}
    hard = [question for question in fitted_on() if question.text not in easy]

    assert easy <= own
    assert not own & {question.text for question in development(["sample", "crisis-fifth-calm"])}
    assert len(hard) > 300
    assert all(question.is_in_scope for question in hard)
