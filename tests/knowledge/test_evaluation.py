"""The development questions stay out of the FAQ, the figures hold, and the evaluation can fail."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, count

import numpy as np
import pytest
from scipy.sparse import csr_array

from knowledge.base import KnowledgeBase
from knowledge.confidence import FITTED_FOLDER, Fitted, Logistic, Scope
from knowledge.evaluation import Report, evaluate
from knowledge.fitting import MOST_WRONG, Case, choose_thresholds, fit_logistic, upper_bound
from knowledge.index import SIGNS, Finding, Hit
from knowledge.language import LEXICON_FILE, clean, words
from knowledge.library import Library
from knowledge.questions import DEVELOPMENT_FILES, Question, development, read_questions
from knowledge.smalltalk import SMALLTALK_FILE

TOO_LIKE = 0.8
ALL_FILES = (*DEVELOPMENT_FILES, "sample")


def trigrams(text: str) -> frozenset[str]:
    padded = f" {' '.join(words(clean(text)))} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def leaks(questions: list[str], kept: list[str]) -> Iterator[tuple[str, str]]:
    """Questions of four words or more that a kept text repeats, or nearly (trigram Jaccard of 0.8 or more)."""
    asked = by_length(question for question in questions if len(words(clean(question))) >= 4)
    taught = by_length(kept)
    columns: dict[str, int] = defaultdict(count().__next__)
    ours, theirs = [[[columns[gram] for gram in grams] for grams, _ in texts] for texts in (asked, taught)]
    lengths, sizes = [np.array([len(own) for own in texts]) for texts in (ours, theirs)]
    table = incidence(theirs, len(columns))
    for start in range(0, len(asked), 100):  # a hundred at a time, beside those neither too short nor too long for them
        some = ours[start : start + 100]
        first = np.searchsorted(sizes, TOO_LIKE * len(some[0]))
        end = np.searchsorted(TOO_LIKE * sizes, len(some[-1]), side="right")
        shared = (incidence(some, len(columns)) @ table[first:end].T.tocsr()).tocoo()
        either = lengths[start + shared.row] + sizes[first + shared.col] - shared.data
        near = shared.data >= TOO_LIKE * either
        for row, column in zip(start + shared.row[near], first + shared.col[near], strict=True):
            yield asked[row][1], taught[column][1]


def by_length(texts: Iterable[str]) -> list[tuple[frozenset[str], str]]:
    """Each text once, with its trigrams; those of the fewest first."""
    return sorted(((trigrams(text), text) for text in set(texts)), key=lambda own: len(own[0]))


def incidence(rows: list[list[int]], width: int) -> csr_array:
    """A row for each list, with a one in each of its columns."""
    starts = np.cumsum([0, *map(len, rows)])
    return csr_array((np.ones(starts[-1], dtype=np.int32), list(chain(*rows)), starts), shape=(len(rows), width))


@pytest.fixture(scope="module")
def report(whole_base: KnowledgeBase) -> Report:
    """The shipped FAQ on the development questions."""
    return evaluate(whole_base, development())


def test_no_development_question_is_among_what_the_bot_is_taught(whole_library: Library) -> None:
    """A figure measured on what was learnt by heart says nothing."""
    phrasings = [text for entry in whole_library.entries for texts in entry.phrasings.values() for text in texts]
    lexicon = [
        field
        for file in (LEXICON_FILE, SMALLTALK_FILE)
        for line in file.read_text(encoding="utf-8").splitlines()
        for field in line.split("\t")[:2]
    ]

    assert list(leaks([question.text for question in development(ALL_FILES)], phrasings + lexicon)) == []


def test_a_leak_would_be_noticed() -> None:
    """The guard above must be able to fail, also on a copy with a letter changed."""
    kept = ["miten haen yleistä asumistukea kelasta", "jotain ihan muuta tässä"]

    assert len(list(leaks(["Miten haen yleistä asumistukea Kelasta?"], kept))) == 1
    assert len(list(leaks(["miten haen yleistä asumistukea kelastä"], kept))) == 1
    assert list(leaks(["milloin saan palkan kesätyöstä"], kept)) == []


def test_the_development_set_is_large_and_well_labelled(whole_library: Library) -> None:
    """A label that names no entry would count as wrong whatever the bot does."""
    questions = development(ALL_FILES)
    ids = {entry.id for entry in whole_library.entries}

    assert [q for q in questions if not q.right <= ids or (q.topic not in ids | {"none", "smalltalk", "crisis"})] == []
    assert len({q.text.casefold() for q in questions}) == len(questions)
    assert sum(q.is_in_scope for q in questions) >= 1000
    assert sum(q.persona.startswith("far") for q in questions) >= 300
    assert sum(q.persona.startswith("near") for q in questions) >= 200
    assert sum(q.topic == "crisis" for q in questions) >= 200


def test_the_development_figures_hold(report: Report) -> None:
    """A change that makes the bot worse than it was measured to be is noticed before it is shipped."""
    measured = json.loads((FITTED_FOLDER / "judgement.json").read_text(encoding="utf-8"))["thresholds"]["measured"]

    for name in ("recall@1", "recall@3"):
        assert report.measures[name].high >= measured[f"development set, {name}"], (name, str(report.measures[name]))
    assert measured["calibration error, 90 % from"] <= 0.04
    assert measured["calibration questions"] >= 2000
    assert report.measures["near answered"].share <= 0.05
    assert report.measures["far answered"].share <= 0.01
    assert report.measures["questions taken for small talk"].share <= 0.002


def test_every_register_category_and_language_is_reported(report: Report) -> None:
    """A bot that fails only those who write dialect would look fine on average."""
    assert {"spoken", "dialect", "typo", "long", "learner", "english", "swedish"} <= set(report.groups["register"])
    assert len(report.groups["category"]) == 8
    assert {"fi", "sv", "en"} == set(report.groups["language"])
    assert all(m.low <= m.share <= m.high for group in report.groups["register"].values() for m in group.values())
    assert json.loads(json.dumps(report.as_json()))["questions"] == report.questions


def test_with_permuted_labels_the_evaluation_fails(whole_base: KnowledgeBase, report: Report) -> None:
    """An evaluation that can't tell right labels from wrong ones measures nothing."""
    questions = development(["in-scope"])[::4]
    order = np.random.default_rng(1).permutation(len(questions))
    permuted = [
        replace(question, topic=questions[other].topic, also=frozenset())
        for question, other in zip(questions, order, strict=True)
    ]

    wrong = evaluate(whole_base, permuted)

    assert wrong.measures["recall@1"].high < 0.1 < report.measures["recall@1"].low
    assert wrong.measures["answers wrong"].low > 0.5


def test_questions_in_a_broken_file_are_refused_by_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A shifted column would silently label a question with its register."""
    file = tmp_path_factory.mktemp("questions") / "broken.tsv"
    file.write_text("question\ttopic\talso\tregister\tpersona\nmoi\tnone\t\tspoken\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"broken\.tsv:2: 4 fields"):
        read_questions(file)
    file.write_text("question\ttopic\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.tsv:1"):
        read_questions(file)


def test_what_was_fitted_is_written_and_read_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The files in the repo are all that the service knows of the fit."""
    folder = tmp_path_factory.mktemp("fitted")
    shipped = Fitted.read()
    shipped.write(folder)

    for name in ("judgement.json", "scope.json"):
        assert (FITTED_FOLDER / name).read_text(encoding="utf-8") == (folder / name).read_text(encoding="utf-8")


def test_no_sign_of_being_right_makes_the_bot_less_sure() -> None:
    """A regression may learn odd trades from few cases; a nearer phrasing must never lower confidence."""
    random = np.random.default_rng(0)
    seen = [{"near": float(x), "length": float(y)} for x, y in random.random((300, 2))]
    against = np.array([row["near"] < 0.5 for row in seen])

    model = fit_logistic(seen, against, np.ones(300))

    assert model.weights["near"] == 0.0
    assert fit_logistic(seen, ~against, np.ones(300)).weights["near"] > 1.0


def test_a_chance_never_leaves_its_bounds() -> None:
    """Odd signals give an extreme chance, not an overflow."""
    model = Logistic(0.0, {"near": 1e9})

    assert 0.0 < model.chance({"near": -1.0}) < 1e-9
    assert 1.0 >= model.chance({"near": 1.0}) > 0.999


def test_scope_sums_what_its_words_tell() -> None:
    """No words tell nothing; known ones tell what was learnt."""
    scope = Scope(-1.0, {"w tuki": 3.0})

    assert scope.score([]) == -1.0
    assert scope.score(["tuki"]) > scope.score(["tuki", "kissa", "koira"]) > scope.score(["kissa"]) == -1.0


def test_the_upper_bound_of_an_error_is_honest_about_few_cases() -> None:
    """No error in ten answers is no proof of few errors."""
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(0, 10) == pytest.approx(0.2057, abs=1e-3)
    assert upper_bound(0, 1000) < 0.003
    assert upper_bound(30, 1000) > 0.03


def test_where_no_threshold_is_certain_the_strictest_that_helps_is_taken() -> None:
    """A bot that can't prove few errors must not fall back to answering more."""
    asked = [Question("kysymys", topic, frozenset(), "spoken", of) for topic, of in (("a", "x"), ("none", "near: x"))]
    asked.append(replace(asked[1], persona="far: x"))
    found = [*["a"] * 70, *["a"] * 80, *["b"] * 3]
    cases = [Case(asked[0], finding(entry_id)) for entry_id in found]
    cases += [Case(question, finding("b")) for question in asked[1:]]
    chances = np.array([0.9] * 70 + [0.6] * 83 + [0.1] * 2)

    chosen = choose_thresholds(cases, np.ones(len(cases)), chances, chances)

    assert 0.6 < chosen.answer <= 0.9
    assert chosen.measured["answers wrong, 90 % upper bound"] == pytest.approx(upper_bound(0, 70), abs=1e-4)
    assert upper_bound(3, 153) > upper_bound(0, 70) > MOST_WRONG > 3 / 153


def finding(entry_id: str) -> Finding:
    """One hit, found by nothing in particular."""
    return Finding((), (Hit(entry_id, 1.0),), np.zeros((1, len(SIGNS)), dtype=np.float32), 1.0)


def test_right_answers_of_a_question_out_of_scope_are_only_those_it_names() -> None:
    """ "May I talk to a person" may answer a near question; the label "none" is no entry."""
    near = Question("onko mun hakemus tullut", "none", frozenset({"ihmisen-kanssa"}), "spoken", "near: tapaus")

    assert near.right == {"ihmisen-kanssa"}
    assert not near.is_in_scope
