"""Who doesn't know what to ask gets cards, and every question on them is one that the FAQ is sure to answer."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from knowledge import safety
from knowledge.base import KnowledgeBase
from knowledge.entry import LANGUAGES
from knowledge.library import Library
from knowledge.questions import development
from knowledge.situations import LONGEST_LABEL, astray, situations
from knowledge.wishes import is_lost


def test_every_question_on_a_card_is_a_phrasing_of_its_entry(whole_library: Library) -> None:
    """A phrasing, word for word, is answered: a card must never lead to "tätä en tiedä"."""
    assert list(astray(situations(), whole_library.by_id)) == []


def test_the_bot_answers_what_a_card_asks_with_the_entry_it_names(whole_base: KnowledgeBase) -> None:
    """Judged as an asker's own words are, also where the card speaks of not coping: one question of each card."""
    for card, situation in situations().items():
        question = situation.questions[0]
        for language in LANGUAGES if situation.care else LANGUAGES[:1]:
            verdict = whole_base.judge(question.text(language))
            assert (verdict.kind, verdict.hits[0].entry_id) == ("answer", question.entry), card


def test_a_card_is_whole_in_every_language_and_fits_a_phone() -> None:
    """Three to five questions; no question twice on a card; nothing on it that would itself be taken for danger."""
    assert 10 <= len(situations()) <= 14
    for card, situation in situations().items():
        for language in LANGUAGES:
            texts = [question.text(language) for question in situation.questions]
            assert len(set(texts)) == len(texts), card
            assert len(situation.title[language]) <= LONGEST_LABEL
            assert not any((sign := safety.assess(text)) and sign.certainty == "sure" for text in texts), card
    assert situations()["en-jaksa"].care


def test_a_card_that_lacks_a_language_or_questions_is_refused(tmp_path: Path) -> None:
    """It is written by hand: what is missing is said at once, not to an asker."""
    file = tmp_path / "situations.yaml"
    file.write_text("rahat:\n  title: {fi: Rahat, sv: Pengar}\n  lead: {fi: a, sv: b, en: c}\n  questions: []\n")

    with pytest.raises(ValidationError, match=r"(?s)title.*lacks en.*questions"):
        situations(file)


@pytest.mark.parametrize(
    "text",
    [
        "en tiedä mitä kysyä", "En tiedä mitä kysyisin…", "emmä tiiä mistä alottaa", "mistä aloittaa", "Mistä aloitan?",
        "en oikein tiiä mistä mun pitäis alottaa", "mitä voin kysyä sulta?", "jag vet inte vad jag ska fråga",
        "var ska jag börja?", "I don't know what to ask", "i dont know where to start", "where do i even begin",
    ],
)  # fmt: skip
def test_who_does_not_know_what_to_ask_is_understood(text: str) -> None:
    """In three languages, as it is said."""
    assert is_lost(text)


@pytest.mark.parametrize("text", ["", "en tiedä", "kysyä", "mitä", "aloitan maanantaina", "mistä aloitan cvn"])
def test_anything_else_is_not_taken_for_that(text: str) -> None:
    """ "En tiedä" alone answers a question of the bot's; any other word tells what the question is about."""
    assert not is_lost(text)


def test_no_question_of_the_faq_is_taken_for_being_lost(whole_library: Library) -> None:
    """Of all phrasings and development questions but those of the entry that tells what can be asked here."""
    phrasings = [
        text
        for entry in whole_library.entries
        if entry.id != "mika-otappa-koppi"
        for texts in entry.phrasings.values()
        for text in texts
    ]

    assert [text for text in (*phrasings, *(question.text for question in development())) if is_lost(text)] == []
