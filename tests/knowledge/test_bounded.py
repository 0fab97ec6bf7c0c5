"""A FAQ of very many phrasings is searched in bounded time, and finds what a search of all of them finds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge import bounded, index
from knowledge.index import Index
from knowledge.library import load
from knowledge.postings import Postings

WriteEntry = Callable[..., Path]

THINGS = ("asumistuki", "palkka", "hygieniapassi", "ajokortti", "kesätyö", "verokortti", "karenssi")
ASKED = ("miten {} haetaan", "saako {} takaisin", "kuka maksaa kun {} on myöhässä", "{} ja muutto", "milloin {} loppuu")


def test_the_nearest_of_very_many_are_those_of_all(
    faq: Path, write_entry: WriteEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What keeps the time bounded must not give another answer: not the entry, and not how sure it is."""
    for thing in THINGS:
        write_entry(thing.replace("ä", "a").replace("ö", "o"), tuple(way.format(thing) for way in ASKED))
    built = Index.build(load(faq).entries)
    questions = (
        "kuka maksaa jos palkka on myöhässä",
        "milloin mun karenssi loppuu",
        "hygieniapasi",
        "verokortti ja auto",
    )
    one_by_one = [built.find(question) for question in questions]
    assert not built.is_large
    assert (bounded.counted(1_600_000), bounded.counted(70_000)) == (100_000, 30_000)
    monkeypatch.setattr(index, "LARGE", 10)

    assert built.is_large
    for question, before in zip(questions, one_by_one, strict=True):
        found = built.find(question)
        assert [hit.entry_id for hit in found.hits[:3]] == [hit.entry_id for hit in before.hits[:3]], question
        np.testing.assert_allclose(found.signs[0], before.signs[0], rtol=1e-5)
    assert built.find("milloin karenssi loppuu").is_word_for_word
    assert built.find("zzz").hits == ()
    for most in (10, 0):  # next to nothing is rare enough: what else speaks for an entry still does
        monkeypatch.setattr(bounded, "counted", lambda _, most=most: most)
        assert built.search(questions[0])[0].entry_id == "palkka"


def test_what_few_texts_have_is_found_in_them_and_what_is_common_is_looked_up() -> None:
    """The two ways of adding up how near a text is must come to the same sum."""
    postings = Postings(
        np.array([0, 2, 2, 5]), np.array([1, 3, 0, 1, 2], dtype=np.uint16), np.full((4, 3), 0.5, dtype=np.float32)
    )
    asked = np.array([0, 2], dtype=np.int32), np.array([1.0, 0.5], dtype=np.float32), np.array([0, 1], dtype=np.uint8)

    touched = bounded.Touched.by(postings, *asked)

    assert touched.texts.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(touched.cosines, [0.25, 0.75, 0.25, 0.5])
    np.testing.assert_allclose(postings.cosines(*asked), touched.cosines)
    np.testing.assert_allclose(bounded.cosines_of(postings, *asked, np.array([3, 1])), [0.5, 0.75])
    assert touched.best_of_each(np.array([0, 2, 2, 3])).tolist() == [0.75, 0.0, 0.25]  # the last text is an answer
    assert set(touched.nearest(1, 3, 5).tolist()) == {1, 2}
    assert touched.each(np.array([3, 7])).tolist() == [0.5, 0.0]
