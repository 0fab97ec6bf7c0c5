"""The FAQ's Markdown as Telegram takes it: valid, never too long, with nothing lost."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import wording
from bot.channels import markup
from tests.support import telegram_html

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
PARTS = [
    "**", "*", "_", "`", "[", "](", ")", "https://e.org/?a=1&b=2", "<b>", "</", "&amp;", "&#0;", "\\", "\n", "\n\n",
    "- ", "1. ", "# ", "> ", "å", FAMILY, "\u200f", "sana ", "Lause. ", "|", "---", "!", "\t", '"', "'",
]  # fmt: skip
MARKDOWN = st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=40).map("".join)
LONG = st.lists(MARKDOWN, max_size=60).map(" ".join)


def words(text: str) -> str:
    """Letters and digits alone: what must survive."""
    return "".join(re.findall(r"\w", text))


@given(MARKDOWN)
@example("[a](javascript:alert(1))")
@example("<script>&lt;")
def test_any_markdown_becomes_html_that_telegram_parses(markdown: str) -> None:
    """What Telegram can't parse it refuses as a whole, and the asker gets nothing."""
    telegram_html.parse(markup.as_telegram_html(markdown))


@given(MARKDOWN)
def test_people_see_in_telegram_what_the_plain_text_says(markdown: str) -> None:
    """The plain text is what is sent when the markup fails: it must say the same, and the links' addresses besides."""
    shown, entities = telegram_html.parse(markup.as_telegram_html(markdown))
    plain = markup.as_plain_text(markdown)
    for entity in entities:
        if entity.url and f" ({entity.url})" in plain:
            plain = plain.replace(f" ({entity.url})", "", 1)

    assert words(plain).startswith(words(shown)[:1])
    assert len(words(plain)) >= len(words(shown))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_escaped_text_is_shown_as_it_was_written(text: str) -> None:
    """What an asker wrote is shown to them by /tietoni: never as markup of ours."""
    shown, entities = telegram_html.parse(markup.as_telegram_html(wording.escape_markdown(text)))

    assert entities == []
    assert "".join(shown.split()) == "".join(text.split())


@given(LONG, st.sampled_from([64, 200, 4096]))
@example("x" * 10_000, 4096)
@example(FAMILY * 3000, 4096)
@example("&" * 4000, 4096)
@example(("**" + "sana " * 2000 + "**"), 4096)
def test_every_piece_of_a_split_text_fits(markdown: str, limit: int) -> None:
    """4096 UTF-16 units: one more and Telegram refuses the message."""
    assert all(markup.units(markup.as_telegram_html(piece)) <= limit for piece in markup.split(markdown, limit))


@given(LONG, st.sampled_from([64, 200, 4096]))
@example("Lause yksi. " * 1000, 4096)
def test_nothing_is_lost_by_splitting(markdown: str, limit: int) -> None:
    """A cut takes white space at most, never a word, a digit or a mark."""
    pieces = markup.split(markdown, limit)

    assert "".join("".join(pieces).split()) == "".join(markdown.split())


def test_a_long_text_is_cut_between_paragraphs_then_sentences_then_words() -> None:
    """So that each message can be read by itself."""
    paragraphs = "\n\n".join(["Lause yksi. Lause kaksi."] * 300)
    sentences = "Lause yksi tässä. " * 400

    assert all(piece.endswith("kaksi.") for piece in markup.split(paragraphs))
    assert all(piece.endswith("tässä.") for piece in markup.split(sentences))


def test_a_short_text_is_one_piece_as_it_is() -> None:
    """Nearly every message is short."""
    assert markup.split("**Moi!** Miten menee?") == ["**Moi!** Miten menee?"]


def test_only_answers_are_kept_rendered() -> None:
    """Whoever has everything erased is in nobody's memory either: people are quoted in the bot's other messages."""
    quoted, answer = "”olen Marjatta ja pelkään”\n\nKenelle?", "**Asumistuki**\n\nSen saa [Kelasta](https://kela.fi)."
    for text in (quoted, answer):
        markup.split(text, is_answer=text is answer)
        markup.as_telegram_html(text)
        markup.as_telegram_html(text)

    assert answer in markup.kept_rendered()
    assert quoted not in markup.kept_rendered()


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**Hae heti.** Sitten *odota*.", "<b>Hae heti.</b> Sitten <i>odota</i>."),
        ("[Kela](https://kela.fi/a?b=1&c=2)", '<a href="https://kela.fi/a?b=1&amp;c=2">Kela</a>'),
        ("Eka\n\nToka\nkolmas", "Eka\n\nToka\nkolmas"),
        ("1. Yksi\n2. Kaksi\n\nLoppu", "1. Yksi\n2. Kaksi\n\nLoppu"),
        ("- Yksi\n- Kaksi", "• Yksi\n• Kaksi"),
        ("3. Kolme\n4. Neljä", "3. Kolme\n4. Neljä"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<b>ei</b>", "&lt;b&gt;ei&lt;/b&gt;"),
        ("[paha](javascript:alert(1))", "[paha](javascript:alert(1))"),
        ("# Otsikko", "# Otsikko"),
        ("", ""),
    ],
)
def test_markdown_becomes_the_html_of_telegram(markdown: str, html: str) -> None:
    """Bold, italics, lists and links are ours; everything else is text."""
    assert markup.as_telegram_html(markdown) == html


def test_in_plain_text_an_address_stands_after_its_words() -> None:
    """Without markup a link must still lead somewhere."""
    assert markup.as_plain_text("Katso **heti** [Kela](https://kela.fi).") == "Katso heti Kela (https://kela.fi)."


@given(MARKDOWN)
def test_on_a_page_no_tag_comes_from_the_text(markdown: str) -> None:
    """An advisor's reply or a curator's answer must not be able to run anything."""
    tags = {tag.lower() for tag in re.findall(r"</?([a-zA-Z][\w-]*)", str(markup.as_web_html(markdown)))}

    assert tags <= {"p", "br", "strong", "em", "a", "ul", "ol", "li"}
    assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', str(markup.as_web_html(markdown)))).lower()
