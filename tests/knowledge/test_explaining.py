"""What led to a verdict is shown as it was: the words compared, the phrasing that won, the thresholds."""

import pytest

from knowledge.base import KnowledgeBase
from knowledge.confidence import Fitted, signals
from knowledge.explaining import explain

QUESTION = "mul ei oo rahaa vuokraan mitä teen"


def test_the_explanation_is_of_the_verdict_people_get(whole_base: KnowledgeBase) -> None:
    """An explanation reckoned otherwise than the verdict would send a curator after the wrong thing."""
    explained = explain(whole_base, QUESTION)

    assert explained.verdict == whole_base.judge(QUESTION)
    assert " ".join(explained.words) == "minulla ei ole rahaa vuokraan mita teen"
    first = explained.candidates[0]
    assert (first.entry_id, first.score) == (explained.verdict.hits[0].entry_id, explained.verdict.hits[0].score)
    assert first.phrasing
    assert sum(shared.share for shared in first.shared) <= 1.0 + 1e-6
    assert [shared.share for shared in first.shared] == sorted((s.share for s in first.shared), reverse=True)


def test_the_signals_add_up_to_the_confidence(whole_base: KnowledgeBase) -> None:
    """A reader sums the column, and must get what the bot got."""
    explained = explain(whole_base, QUESTION)
    odds = sum(explained.signals.values()) + whole_base.fitted.right_first.bias

    assert explained.verdict.confidence == pytest.approx(1 / (1 + 2.718281828459045**-odds))


def test_nothing_known_is_explained_too(whole_base: KnowledgeBase) -> None:
    """A curator may try anything."""
    explained = explain(whole_base, "مرحبا")

    assert explained.candidates == []
    assert explained.among is None


def test_a_place_elsewhere_makes_the_bot_less_sure(whole_base: KnowledgeBase) -> None:
    """What Oulu pays for a summer job, another town does not."""
    index, scope = whole_base.index, Fitted.read().scope

    assert signals(index.find("kesätyöseteli espoossa"), scope)["here"] == 0.0
    assert signals(index.find("kesätyöseteli oulussa"), scope)["here"] == 1.0
    assert whole_base.fitted.right_first.weights["here"] > 0
