"""An index brought up to an edit finds what a new fit would; a machine begun anywhere ends in the same place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from knowledge import base, refitting
from knowledge.base import KnowledgeBase
from knowledge.entry import Entry
from knowledge.features import Vectoriser
from knowledge.index import Index, _machines_of_few
from knowledge.library import Library, load
from knowledge.machine import machine
from knowledge.refitting import Learnt, refitted

WriteEntry = Callable[..., Path]


def shelf(faq: Path, write_entry: WriteEntry) -> list[Entry]:
    """Four entries about very different things."""
    write_entry("asumistuki", ("miten haen asumistukea", "auttaako kela vuokrassa", "asumistuki työttömälle"))
    write_entry("cv", ("miten teen ansioluettelon", "mitä cv:hen kirjoitetaan"), category="hakeminen")
    write_entry("hygieniapassi", ("mistä saan hygieniapassin", "hygieniapassin hinta"), category="opiskelu")
    write_entry("karenssi", ("mikä on karenssi", "tuleeko karenssi jos irtisanoudun"))
    return list(load(faq).entries)


def fit(entries: list[Entry]) -> tuple[Index, Learnt]:
    index, rows = Index.build_with_rows(entries)
    return index, Learnt.of(entries, rows)


def test_what_a_refit_counts_is_what_a_fit_counts(faq: Path, write_entry: WriteEntry) -> None:
    """Phrasings moved about, one gone, one new, another title, an entry gone and one new: each feature must still stand
    where it is found, or an entry would be found by another's words."""
    before = shelf(faq, write_entry)
    write_entry("asumistuki", ("auttaako kela vuokrassa", "iguaanin vuokra", "miten haen asumistukea"))
    write_entry("cv", ("miten teen ansioluettelon", "mitä cv:hen kirjoitetaan"), category="hakeminen", title="Uusi")
    write_entry("etana", ("saako etanan tuoda töihin", "etanan kanssa duunissa"), answer="**Etana saa tulla.**")
    (faq / "raha" / "karenssi.md").unlink()
    (faq / "raha" / "karenssi.phrasings.txt").unlink()
    after = list(load(faq).entries)

    (index, learnt), anew = fit(before), Index.build(after)
    quick = refitted(index, learnt, after)
    assert quick is not None

    assert quick.entry_ids == anew.entry_ids
    assert quick.exact.tolist() == anew.exact.tolist()
    assert quick.first_texts.tolist() == anew.first_texts.tolist()
    for key, has, in_ways in zip(anew.vectoriser.keys, anew.has, anew.in_ways, strict=True):
        place = np.searchsorted(quick.vectoriser.keys, key)
        if key not in quick.vectoriser.keys:  # a pair that was in one text before, and is in one more
            assert in_ways == 2
        else:
            assert (quick.has[place].tolist(), quick.in_ways[place]) == (has.tolist(), in_ways)
            ends = len(after) if key in index.vectoriser.keys else 0  # what is new isn't looked for in old answers
            assert texts_with(quick, key, ends) == texts_with(anew, key, ends)
    for question, found in (
        ("iguaanin vuokra", "asumistuki"),
        ("etanan tuominen duuniin", "etana"),
        ("etana saa tulla", "etana"),
        ("ansioluettelo", "cv"),
    ):
        assert quick.search(question)[0].entry_id == found, question
    assert quick.find("etanan kanssa duunissa").is_word_for_word
    assert quick.nearest_way("kuuluuko iguaanille vuokra", "asumistuki") == 2


def texts_with(index: Index, key: int, answers: int) -> set[int]:
    """The ways of asking that have this feature, and as many answers."""
    feature = np.searchsorted(index.vectoriser.keys, key)
    texts = index.postings.texts[index.postings.starts[feature] : index.postings.starts[feature + 1]]
    return {text for text in texts.tolist() if text < index.first_texts[-1] + answers}


def test_a_refit_to_the_same_faq_finds_just_the_same(faq: Path, write_entry: WriteEntry) -> None:
    """What nobody changed must answer to the last bit as before: an edit elsewhere is no reason for another answer."""
    before = shelf(faq, write_entry)
    index, learnt = fit(before)
    same = refitted(index, learnt, before)

    assert same is not None
    for question in ("asumistuki", "mitä cv:hen", "karenssi ja vuokra", "xyz"):
        assert index.find(question).hits == same.find(question).hits
        assert index.find(question).signs.tolist() == same.find(question).signs.tolist()


def test_too_large_a_change_is_left_to_a_fit(
    faq: Path, write_entry: WriteEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new FAQ, or one of two entries, has too little in common with the old one."""
    before = shelf(faq, write_entry)
    index, learnt = fit(before)
    monkeypatch.setattr(refitting, "MOST_CHANGED", 0)

    assert refitted(index, learnt, before[:3]) is not None
    assert refitted(index, learnt, before[:2]) is None
    assert refitted(*fit(before[:3]), before) is None


def test_a_machine_is_nearly_as_good_as_can_be_wherever_it_begins() -> None:
    """Those of an edit are begun at the ones before it, and rounded off: they must tell the same texts apart."""
    ways = [[f"{about} kysymys {number} asia".split() for number in range(9)] for about in ("vuokra", "palkka", "cv")]
    vectoriser, rows = Vectoriser.fit([way for entry in ways for way in entry])
    matrix = csr_matrix((rows.weights, rows.ids, rows.starts), shape=(len(rows), len(vectoriser)))
    classes = np.repeat(np.arange(3), 9)

    for each, (weights, bias) in enumerate(_machines_of_few(matrix, classes)):
        sides = np.where(classes == each, 1.0, -1.0)
        best = matrix @ weights + bias
        for begun in (np.zeros(len(vectoriser), dtype=np.float32), weights.astype(np.float32) * 3):
            near, near_bias = machine(rows, classes == each, begun, 0.0, cost=1.0)
            margins = matrix @ near + near_bias
            assert (sides * margins > 0).all()
            assert np.abs(margins - best).max() < 0.1


def test_an_edit_is_in_use_before_it_is_fitted(
    faq: Path, write_entry: WriteEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is fitted is all that is needed for it; spoilt, or never fitted, it is done without."""
    monkeypatch.setattr(base, "LEAST_REFITTED", 0)
    shelf(faq, write_entry)
    cache = tmp_path / "cache"
    assert KnowledgeBase.refitted(load(faq), cache) is None
    KnowledgeBase.build(load(faq), cache)
    write_entry("cv", ("miten teen ansioluettelon", "tärppejä työnhakupaperiin"), category="hakeminen")
    edited: Library = load(faq)
    quick = KnowledgeBase.refitted(edited, cache)
    (kept,) = cache.iterdir()

    assert quick is not None
    assert quick.judge("tärppejä työnhakupapereihin").hits[0].entry_id == "cv"
    assert KnowledgeBase.kept(edited, cache) is None
    (kept / "learnt-features.npy").write_bytes((kept / "learnt-features.npy").read_bytes()[:-4])
    assert KnowledgeBase.refitted(edited, cache) is None
