"""Texts are cleaned the same way whatever they hold, and their language is told."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.base import KnowledgeBase
from knowledge.features import read
from knowledge.language import LONGEST_READ, Detector, Lexicon, clean, words

LEXICON = Lexicon(
    [("mää", "minä", "pronomini"), ("työkkäri", "työllisyyspalvelut", "slangi"), ("mut", "minut", "x:epäselvä")]
)


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("MITÄ Teen??", "mitä teen??"),
        (unicodedata.normalize("NFD", "Työkkäri"), "työkkäri"),
        ("joooooo eiiii", "joo eii"),
        ("katso https://kela.fi/x?y=1 ja a@b.fi", "katso ja"),
        ("\x00moi\u200b \ud800hei", "\x00moi\u200b hei"),
        ("ｋｅｌａ", "kela"),
        ("", ""),
    ],
)
def test_the_same_text_differently_typed_is_cleaned_the_same(written: str, cleaned: str) -> None:
    """A phone's keyboard, a copied letter or an excited finger change nothing in what is asked."""
    assert cleaned == clean(written)


@given(st.text(alphabet=st.characters(), max_size=5000))
def test_any_text_is_read_within_bounds(text: str) -> None:
    """Nobody can crash or slow the bot by what they write."""
    said = read(text, LEXICON)

    assert sum(map(len, said)) <= 3 * LONGEST_READ
    assert all(word and not word.isspace() for word in words(clean(text)))


def test_colloquial_words_are_rewritten_slang_is_added_to_and_the_ambiguous_left() -> None:
    """*Mut* is both "minut" and "mutta": guessing would change what was said."""
    assert read("Mää soitin työkkäri mut", LEXICON) == ["mina", "soitin", "tyokkari", "tyollisyyspalvelut", "mut"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("mistä mää saan rahaa vuokraan", "fi"),
        ("Hur söker jag bostadsbidrag när jag är arbetslös?", "sv"),
        ("how do I apply for money when I have no job", "en"),
        ("hej", "sv"),
        ("thanks", "en"),
        ("työkkäri", "fi"),
        ("مرحبا كيف حالك", None),
        ("🙂 👍", None),
        ("12345", None),
        ("", None),
    ],
)
def test_the_language_of_a_message_is_told(whole_base: KnowledgeBase, text: str, language: str | None) -> None:
    """The bot replies in the asker's language, and doesn't guess one from nothing."""
    assert language == whole_base.judge(text).language


def test_what_the_signs_do_not_decide_is_finnish() -> None:
    """Most who write here write Finnish: a single foreign-looking word doesn't switch the language."""
    detector = Detector.fit({"fi": ["missä on kela", "moi moi"], "sv": ["var finns fpa"], "en": ["where is kela"]})

    assert detector.detect("kela") == "fi"
