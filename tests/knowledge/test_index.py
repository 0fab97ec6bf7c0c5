"""The index finds entries the same way each time, saved or fresh, large or small."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from knowledge import features
from knowledge.base import KnowledgeBase
from knowledge.features import Vectoriser
from knowledge.index import Index, _machines_of_few, ways_of_asking
from knowledge.library import Library, load
from knowledge.postings import MOST_COUNTED

WriteEntry = Callable[..., Path]


@pytest.fixture
def small(faq: Path, write_entry: WriteEntry) -> Library:
    """Three entries about very different things."""
    write_entry("asumistuki", ("miten haen asumistukea", "auttaako kela vuokrassa", "yleinen asumistuki työttömälle"))
    write_entry("cv", ("miten teen ansioluettelon", "mitä cv:hen kirjoitetaan"), category="hakeminen")
    write_entry("hygieniapassi", ("mistä saan hygieniapassin", "hygieniapassin hinta"), category="opiskelu")
    return load(faq)


def test_the_entry_meant_is_found_however_it_is_typed(small: Library) -> None:
    """Inflection, typos and missing dots are how people write, not mistakes to be punished."""
    index = Index.build(small.entries)

    for question in ("asumistuen haku", "asumistukki", "MITEN HAEN ASUMISTUKEA???", "asumis tukea vuokraan"):
        assert index.search(question)[0].entry_id == "asumistuki", question
    assert index.search("hygienia passi maksaa")[0].entry_id == "hygieniapassi"


def test_equal_faqs_give_equal_hits(small: Library) -> None:
    """Two processes, or yesterday and today, must not answer the same question differently."""
    one, other = Index.build(small.entries), Index.build(small.entries)

    assert one.search("vuokra cv passi") == other.search("vuokra cv passi")


def test_a_saved_index_finds_the_same(small: Library, tmp_path: Path) -> None:
    """A start from the cache is the same bot."""
    fresh = Index.build(small.entries)
    fresh.save(tmp_path / "index.npz")
    saved = Index.load(tmp_path / "index.npz")

    for question in ("asumistuki", "mitä kirjoitan cv:hen", "passin hinta", "ihan muuta"):
        assert fresh.search(question) == saved.search(question)
    assert fresh.entry_ids == saved.entry_ids


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_faq_of_any_size_can_be_searched(faq: Path, write_entry: WriteEntry, count: int) -> None:
    """A new municipality begins with an empty FAQ."""
    for number in range(count):
        write_entry(f"aihe-{number}", (f"kysymys numero {number} jostain",))

    hits = Index.build(load(faq).entries).search("kysymys numero 0 jostain", k=3)

    assert min(count, 3) == len(hits)
    assert count == 0 or hits[0].entry_id == "aihe-0"


def test_a_new_entry_with_one_way_of_asking_is_found_beside_one_with_many(
    faq: Path, write_entry: WriteEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many ways of asking some are near by chance: what was written today would be found by its very words alone."""
    pets, where = ("koiran", "kissan", "hamsterin", "papukaijan", "käärmeen"), ("kouluun", "asuntolaan", "kurssille")
    verbs, asks = ("ottaa", "tuoda", "viedä", "pitää"), ("saako", "voiko", "onko ok")
    many = tuple(f"{ask} {pet} {verb} {to}" for ask in asks for pet in pets for verb in verbs for to in where)
    write_entry("lemmikit", many, category="elama")
    write_entry("avustajakoira", ("saako avustajakoiran tuoda kouluun",), category="palvelu")
    write_entry("hygieniapassi", ("mistä saan hygieniapassin",), category="opiskelu")
    monkeypatch.setattr("knowledge.index.EACH_OF", 5)  # so that sixty on average are many
    index = Index.build(load(faq).entries)

    found = index.find("voiko avustajakoiraa viedä asuntolaan vai onko ok pitää")
    assert found.hits[0].entry_id == "avustajakoira"
    assert found.newness > 3
    assert index.search("voiko koiran viedä kouluun")[0].entry_id == "lemmikit"
    assert index.find("saako hamsterin pitää asuntolassa").newness < 0


def test_nothing_shared_with_any_entry_finds_nothing(small: Library) -> None:
    """An Arabic or empty message has no nearest entry."""
    index = Index.build(small.entries)

    assert index.search("مرحبا") == []
    assert index.search("") == []


def test_scores_are_probabilities_in_order(small: Library) -> None:
    """Whoever reads a hit's score may take it for what it says."""
    scores = [hit.score for hit in Index.build(small.entries).search("asumistuki ja cv", k=3)]

    assert sorted(scores, reverse=True) == scores
    assert all(0 <= score <= 1 for score in scores)


def test_a_phrasing_asked_word_for_word_comes_first(small: Library) -> None:
    """What a curator put under an entry is answered by that entry, whatever the model thinks."""
    index = Index.build(small.entries)

    for entry in small.entries:
        for phrasing in entry.phrasings["fi"]:
            finding = index.find(phrasing.upper() + "!")
            assert entry.id == finding.hits[0].entry_id
            assert finding.is_word_for_word


def test_machines_of_few_texts_are_as_good_as_can_be() -> None:
    """A small FAQ is learnt without scikit-learn: it must be the same machine, not a likeness of it."""
    ways = [[f"{about} kysymys {number} asia".split() for number in range(9)] for about in ("vuokra", "palkka", "cv")]
    vectoriser, rows = Vectoriser.fit([way for entry in ways for way in entry])
    matrix = csr_matrix((rows.weights, rows.ids, rows.starts), shape=(len(rows), len(vectoriser)))
    classes = np.repeat(np.arange(3), 9)

    for each, (weights, bias) in enumerate(_machines_of_few(matrix, classes)):
        sides = np.where(classes == each, 1.0, -1.0)
        lacks = np.maximum(0, 1 - sides * (matrix @ weights + bias))
        assert lacks.any()
        np.testing.assert_allclose(weights, matrix.T @ (2 * lacks * sides), atol=1e-5)  # where nothing pulls any more
        assert bias == pytest.approx((2 * lacks * sides).sum(), abs=1e-5)


def test_vectors_made_together_and_alone_are_the_same() -> None:
    """The fast road for the whole FAQ and the one for a question must not drift apart."""
    texts = [["miten", "haen", "tukea"], ["tukea", "tukea", "vuokraan"], ["cv"], ["haen", "tukea"]]
    vectoriser, rows = Vectoriser.fit(texts)

    for place, text in enumerate(texts):
        ids, weights, known = vectoriser.vector(text)
        cells = slice(rows.starts[place], rows.starts[place + 1])
        np.testing.assert_array_equal(rows.ids[cells], ids)
        np.testing.assert_allclose(rows.weights[cells], weights, rtol=1e-5)
        assert known == pytest.approx(1.0)
        assert float(weights @ weights) == pytest.approx(1.0, rel=1e-5)


def test_unknown_words_keep_a_text_away_from_everything() -> None:
    """A message that shares one ending with the FAQ isn't near to it."""
    vectoriser, _ = Vectoriser.fit([["asumistukea"], ["ansioluettelo"]])
    _, weights, known = vectoriser.vector(["kissanruokaa"])

    assert 0 < float(weights @ weights) < 0.5
    assert known == 0.0


def test_pieces_are_of_one_word_each() -> None:
    """What ends one word and begins the next is chance: it would make texts alike that have nothing in common."""
    vectoriser, _ = Vectoriser.fit([["saa", "tuki"], ["ei"]])
    pieces = {name.strip('"') for name in vectoriser.named(["saa", "tuki"]) if name.startswith('"')}

    assert {" sa", " saa ", "aa ", "tuki", " tuk", "uki "} <= pieces
    assert all(piece in " saa " or piece in " tuki " for piece in pieces)


def test_words_apart_count_together() -> None:
    """What is asked of what tells neighbours apart: "wage" and "wait" far from each other mean wages that are late."""
    vectoriser, _ = Vectoriser.fit([["palkkaa", "ei", "viela", "maksettu"], ["palkka", "on", "maksettava"], ["loma"]])

    assert "maks … palk" in vectoriser.named(["maksoivatko", "he", "palkan"])
    assert "maks … palk" not in vectoriser.named(["palkan"])


def test_a_long_message_counts_no_more_than_a_bounded_number_of_postings(whole_base: KnowledgeBase) -> None:
    """Nobody waits longer because somebody else pasted a page: what is common in it is left out first."""
    postings, vectoriser = whole_base.index.postings, whole_base.index.vectoriser
    long = [word for entry in whole_base.library.entries[:20] for word in entry.answer.lower().split()][:150]

    for said, is_cut in ((["mista", "saan", "hygieniapassin"], False), (long, True)):
        ids, weights, _ = vectoriser.vector(said)
        kept, _, _ = postings.rarest(ids, weights, vectoriser.views[ids])
        sizes = np.diff(postings.starts)
        assert sizes[kept].sum() <= MOST_COUNTED
        assert (sizes[ids].sum() > MOST_COUNTED) == is_cut == (len(kept) < len(ids))
        assert sizes[kept].max() <= np.sort(sizes[ids])[len(kept) - 1]


def test_an_index_of_the_whole_faq_is_small(whole_base: KnowledgeBase, tmp_path: Path) -> None:
    """The service has 250 MB in all, and the FAQ grows: an index of 45 MB would be more than its share."""
    whole_base.index.save(tmp_path / "index.npz")

    assert (tmp_path / "index.npz").stat().st_size < 45_000_000


def test_the_phrasing_a_question_is_nearest_to_is_named(small: Library) -> None:
    """A curator who sees which phrasing won knows which one to change."""
    index = Index.build(small.entries)
    entry = next(entry for entry in small.entries if entry.id == "asumistuki")
    place = index.nearest_way("auttaisko kela mua vuokrassa", "asumistuki")

    assert place is not None
    assert ways_of_asking(entry)[place] == "auttaako kela vuokrassa"
    assert index.nearest_way("zzz", "asumistuki") is None


def test_of_many_texts_a_pair_must_be_in_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that occur twice were a fifth of the index of a large FAQ, which has its share of the memory; of a small
    one they are much of what it knows."""
    texts = [
        ["palkka", "maksettava"],
        ["palkka", "maksettava"],
        ["loma", "alkaa"],
        ["loma", "alkaa"],
        ["alkaa", "loma"],
    ]
    for many, known in ((5, {"maks … palk", "alka … loma"}), (4, {"alka … loma"})):
        monkeypatch.setattr(features, "MANY_TEXTS", many)
        named = Vectoriser.fit(texts)[0].named(["palkka", "maksettava", "loma", "alkaa"])
        assert {name for name in named if " … " in name} == known
