"""The FAQ by topic: every entry is found by pressing buttons alone, on pages that a phone can show."""

from datetime import UTC, datetime
from functools import cache

import pytest

from bot import wording
from bot.browsing import BUTTONS_A_PAGE
from bot.conversation import decide
from bot.dialogue import Button, Command, Conversation, Press, Reply, Signals, State
from bot.hours import Promise
from knowledge import library
from knowledge.entry import LANGUAGES, Entry, Language
from knowledge.library import topics as all_topics
from tests.support.knowledge import FOLDER

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PROMISE = Promise(NOW, is_open=True, today=NOW.date())


@cache
def small_faq() -> dict[str, Entry]:
    """The six entries of the tests."""
    return {entry.id: entry for entry in library.load(FOLDER).entries}


@cache
def large_faq() -> dict[str, Entry]:
    """As many entries as the shipped FAQ must have, in its categories; only their titles differ."""
    one = next(iter(small_faq().values()))
    return {
        topic.id: one.model_copy(update={"id": topic.id, "category": topic.category, "title": f"Aihe {topic.id}"})
        for topic in all_topics()
    }


def say(said: Command | Press, entries: dict[str, Entry], popular: tuple[str, ...] = (), talk: str = "fi") -> Reply:
    """What the bot shows."""
    conversation = Conversation("c1", "Kettu 482", talk, "telegram")  # type: ignore[arg-type]
    decision = decide(conversation, said, Signals(promise=PROMISE, entries=entries, popular=popular), NOW)
    (reply,) = decision.replies
    return reply


def walk(entries: dict[str, Entry], popular: tuple[str, ...] = ()) -> tuple[set[str], list[Reply]]:
    """The ids of all entries that pressing every button leads to, and every page on the way; no card's question."""
    found: set[str] = set()
    pages: list[Reply] = []
    seen: set[Button] = set()
    waiting = [say(Command("aiheet"), entries, popular)]
    while waiting:
        page = waiting.pop()
        pages.append(page)
        for button in set(page.buttons) - seen:
            seen.add(button)
            if button.verb == "open":
                found.add(button.value)
            elif button.verb not in ("draft", "own", "person"):
                waiting.append(say(Press(button.verb, button.value, 12), entries, popular))
    return found, pages


@pytest.mark.parametrize("popular", [(), ("asumistuki", "cv-tekeminen")])
def test_every_entry_is_found_by_pressing_buttons_alone(popular: tuple[str, ...]) -> None:
    """Who doesn't know what to ask can still look at all there is."""
    found, pages = walk(large_faq(), popular)

    assert found == set(large_faq())
    assert max(len(page.buttons) for page in pages) <= BUTTONS_A_PAGE


def test_the_way_back_leads_where_one_came_from() -> None:
    """From a category's second page to its first, from there to the topics."""
    first = say(Press("topic", "elama:0", 12), large_faq())
    second = say(Press(first.buttons[-2].verb, first.buttons[-2].value, 12), large_faq())

    assert (first.buttons[-2].label, first.buttons[-1].label) == (wording.BUTTON_MORE, wording.BUTTON_BACK)
    assert say(Press(second.buttons[-1].verb, second.buttons[-1].value, 12), large_faq()) == first
    assert say(Press(first.buttons[-1].verb, first.buttons[-1].value, 12), large_faq()).text == wording.TOPICS


@pytest.mark.parametrize("language", LANGUAGES)
def test_topics_are_named_in_the_askers_language(language: Language) -> None:
    """A category's id is a word for curators."""
    labels = [button.label for button in say(Command("aiheet"), small_faq(), talk=language).buttons]
    there = ("tyonhaku-alkuun", "hakeminen", "raha", "elama")
    named = [wording.BUTTON_SITUATIONS, *(wording.CATEGORIES[id_] for id_ in there)]

    assert labels == [wording.say(language, sentence) for sentence in named]


def test_every_category_of_the_faq_has_a_name() -> None:
    """A new category without one would show its id."""
    assert {topic.category for topic in all_topics()} == set(wording.CATEGORIES)


def test_what_others_ask_is_offered_only_when_there_is_something_to_tell() -> None:
    """An empty list, or one of entries that are gone, is no list."""
    shown = say(Press("popular", "", 12), small_faq(), popular=("gone", "cv", "asumistuki"))

    assert say(Command("aiheet"), small_faq(), popular=("cv",)).buttons[1].label == wording.BUTTON_POPULAR
    assert [button.value for button in shown.buttons] == ["cv", "asumistuki", "0"]
    for popular in ((), ("gone",)):
        assert "popular" not in {button.verb for button in say(Command("aiheet"), small_faq(), popular).buttons}
        assert say(Press("popular", "", 12), small_faq(), popular).text == wording.TOPICS


def test_an_entry_opened_from_a_list_is_no_question() -> None:
    """ "Kysy ihmiseltä" under it must not send what was asked an hour ago about something else."""
    talk = Conversation("c1", "Kettu 482", "fi", "telegram", State(question_id=5))
    decision = decide(talk, Press("open", "cv", 12), Signals(promise=PROMISE, entries=small_faq()), NOW)

    assert decision.replies[0].entry_id == "cv"
    assert decision.conversation.state.question_id is None
    assert decision.conversation.state.topic == "cv"
    assert [(event.kind, event.topic) for event in decision.events] == [("browsed", "cv")]


@pytest.mark.parametrize("place", ["", "nosuch:0", "elama:99", "elama:-1", "elama:x", "elama"])
def test_a_page_that_is_not_there_any_more_shows_another(place: str) -> None:
    """The FAQ may have changed since the button was made."""
    assert say(Press("topic", place, 12), large_faq()).buttons
