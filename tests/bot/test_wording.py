"""Every sentence in three languages, with the same values and the same way to help."""

import string
from collections.abc import Iterator
from typing import get_args

import pytest

from bot import holdings_words, wording
from bot.channels.markup import as_telegram_html, units
from bot.channels.telegram import COMMANDS
from bot.dialogue import Unreadable
from knowledge.entry import AdvisorRole, Language
from knowledge.smalltalk import SmallTalk
from tests.support import telegram_html

BUTTON_LIMIT = 64  # characters that a phone shows of a button, generously


def sentences() -> Iterator[tuple[str, str]]:
    """Name and Finnish text of everything the bot says."""
    for name, value in (vars(wording) | vars(holdings_words)).items():
        if name.isupper() and name != "LOCALE":
            for key, text in value.items() if isinstance(value, dict) else [("", value)]:
                yield f"{name}[{key}]" if key else name, text


def values_in(text: str) -> set[str]:
    """The names in braces."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


TRANSLATED = pytest.mark.parametrize("language", ["sv", "en"])


@TRANSLATED
def test_every_sentence_is_translated_with_the_same_values(language: Language) -> None:
    """A missing one would be Finnish in the middle of Swedish; a missing value would stop the answer."""
    translations = {name: (text, wording._catalogue(language).get(text)) for name, text in sentences()}

    assert [name for name, (_, translated) in translations.items() if not translated] == []
    assert [name for name, (text, said) in translations.items() if said and values_in(said) != values_in(text)] == []


@TRANSLATED
def test_a_translation_keeps_every_number_and_command(language: Language) -> None:
    """A wrong digit in a crisis number is the worst error a translation can make."""
    for name, text in sentences():
        translated = said_in(language, text)
        digits, numbers = ({sign for sign in said if sign in string.digits} for said in (translated, text))

        assert digits >= numbers or name.startswith(("WEB_", "TOO_LONG")), name
        assert ("112" in translated) == ("112" in text), name
        assert ("044 703 6235" in translated) == ("044 703 6235" in text), name


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_sentence_fits_telegram_and_says_there_what_it_says_here(language: Language) -> None:
    """A stray asterisk would come out as markup, or take a word with it."""
    for name, text in sentences():
        said = said_in(language, text)
        html = as_telegram_html(said)
        shown, _ = telegram_html.parse(html)

        assert 0 < units(html) <= 4096, name
        assert "".join(shown.split()) == "".join(said.split()).replace("**", ""), name
        assert len(said) <= BUTTON_LIMIT or not name.startswith("BUTTON"), name


def said_in(language: Language, text: str) -> str:
    """The sentence with something in the place of each value."""
    return wording.say(language, text, **dict.fromkeys(values_in(text), "x"))


def test_every_kind_that_code_can_name_has_its_sentence() -> None:
    """A kind without one would end in an error, or in somebody else's sentence."""
    assert set(wording.UNREADABLE) == set(get_args(Unreadable.__annotations__["what"]))
    assert set(wording.BUTTON_SEND) == set(wording.SENT) == set(get_args(AdvisorRole))
    assert set(wording.SMALL_TALK) == set(get_args(SmallTalk))
    assert set(wording.COMMAND_HELP) == set(COMMANDS)


def test_values_with_braces_or_markup_are_said_as_they_are() -> None:
    """An alias is ours, but a value must never be a format of its own."""
    said = wording.say("fi", wording.SENT["tyovoimaneuvoja"], promise="{oops}")

    assert "{oops}" in said
