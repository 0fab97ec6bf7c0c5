"""The tips that come with the service end with questions that its answers know."""

from datetime import date
from pathlib import Path

from admin.console.tips import MAX_QUESTION, MAX_TEXT
from admin.reach.tips import shipped
from knowledge import library
from knowledge.base import KnowledgeBase


def test_every_shipped_tips_question_is_answered_by_one_entry_in_all_languages(fitted_faq: Path) -> None:
    """Tapped by everybody in one week, a question without its answer would be the worst of advertisements."""
    base = KnowledgeBase.build(library.load(), fitted_faq)
    answers = {}
    for _monday, texts, questions in shipped(date(2026, 11, 24)):
        verdicts = [base.judge(question) for question in questions.values()]
        answers[questions["fi"]] = {
            verdict.hits[0].entry_id if verdict.kind == "answer" else verdict.kind for verdict in verdicts
        }
        assert all(0 < len(text) <= MAX_TEXT for text in texts.values())
        assert all(0 < len(question) <= MAX_QUESTION for question in questions.values())

    assert {question: found for question, found in answers.items() if len(found) != 1 or found & _NONE} == {}


_NONE = {"choices", "escalate", "crisis", "smalltalk"}
