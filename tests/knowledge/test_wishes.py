"""Who asks for a person is passed on to one; who asks about that, or wants somebody to talk to, is not."""

import pytest

from knowledge import library
from knowledge.questions import development
from knowledge.wishes import wants_person


@pytest.mark.parametrize(
    "text",
    [
        "haluan puhua ihmiselle", "Haluun puhua ihmiselle!!", "saisko elävän ihmisen", "ihminen kiitos", "ohjaaja",
        "mää haluan puhua ihan oikian ihmisen kans", "HALUAN IHMISEN EN BOTTIA", "yhdista ohjaajalle",
        "Jag vill prata med en människa.", "människa tack", "jag vill ha en människa",
        "får jag träffa en handledare", "I want to talk to a human", "human please",
        "can I talk to a real person instead of a bot",
        "ei auttanu, haluun puhua ihmiselle", "tää ei auta yhtään anna joku ihminen",
        "et sä ymmärrä mua, haluan ihmisen",
        "väärä vastaus, saisko oikeen ihmisen", "Det hjälpte inte, jag vill prata med en människa",
        "I don't want a bot, I want a human",
        "that didn't help, I want to talk to a human", "you dont understand me, can i talk to a person",
    ],
)  # fmt: skip
def test_a_wish_for_a_person_is_heard(text: str) -> None:
    """At any moment and in three languages, as it is said."""
    assert wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "?", "haluan", "Pitääkö perustella, miksi haluan puhua ihmisen kanssa?", "haluan työvoimaneuvojaksi",
        "I just want someone to talk to", "haluan jutella", "kuka olet ihminen vai botti",
        "millainen ihminen saa töitä",
        "haluan puhua ihmiselle asumistuesta",
        "I don't want to talk to a human", "dont want a person", "I do not need an advisor",
        "jag vill inte prata med en människa",
    ],
)  # fmt: skip
def test_any_other_word_makes_it_a_question(text: str) -> None:
    """It has an answer of its own, or a topic that a person should see."""
    assert not wants_person(text)


def test_no_question_about_anything_else_is_taken_for_a_wish() -> None:
    """Of all phrasings and development questions."""
    phrasings = [
        text
        for entry in library.load().entries
        if entry.id != "ihmisen-kanssa"
        for texts in entry.phrasings.values()
        for text in texts
    ]
    questions = [question.text for question in development() if question.topic != "ihmisen-kanssa"]

    assert [text for text in (*phrasings, *questions) if wants_person(text)] == []
