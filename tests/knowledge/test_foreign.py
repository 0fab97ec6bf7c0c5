"""Messages in languages that the FAQ does not speak are told from those it does."""

import pytest

from knowledge.foreign import is_foreign
from knowledge.questions import development


@pytest.mark.parametrize(
    "text",
    [
        "Kuidas ma saan tööd?", "Sidee baan u helaa shaqo?", "Waxaan u baahanahay lacag",
        "Como puedo encontrar trabajo",
        "Wie finde ich eine Arbeit in Oulu?", "Comment trouver un emploi à Oulu ?", "Как найти работу в Оулу?", "Где?",
        "كيف أجد عملا في أولو؟", "Làm thế nào để tìm việc làm", "Jak znaleźć pracę w Oulu", "İş nasıl bulurum?",
        "找工作",
        "ไม่มีเงิน", "Necesito dinero para comer", "πώς βρίσκω δουλειά", "Ich habe kein Geld mehr", "Jeg leter etter jobb",
        "moi как мне найти работу",
    ],
)  # fmt: skip
def test_another_language_is_recognised(text: str) -> None:
    """By its script, or by words that everyone uses in it."""
    assert is_foreign(text)


@pytest.mark.parametrize("text", ["", "?", "123", "asdf qwer zxcv", "😀😀", "moi", "cv", "öäå", "Toyota", "gracias"])
def test_what_tells_nothing_is_not_called_foreign(text: str) -> None:
    """One word may be a name, and no word says nothing."""
    assert not is_foreign(text)


def test_no_development_question_is_called_foreign() -> None:
    """They are all in Finnish, Swedish or English, misspelt and in slang."""
    files = ("in-scope", "out-of-scope", "sample", "smalltalk", "crisis", "crisis-idioms")

    assert [question.text for question in development(files) if is_foreign(question.text)] == []
