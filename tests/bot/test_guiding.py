"""Cards for who doesn't know what to ask: pure rules first, then a question edited on the web."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from bot import wording
from bot.browsing import BUTTONS_A_PAGE
from bot.conversation import decide
from bot.dialogue import Conversation, Decision, JoinTicket, Press, State, Text
from bot.store import schema
from bot.store.engine import Store
from bot.vault import Vault
from knowledge.entry import LANGUAGES
from knowledge.situations import situations
from tests.bot.test_conversation import AFTER_CRISIS, CHOICES, CLAIMED, NEW, NOW, OPEN, asked, press, signals
from tests.support.chat import Browser, serving
from tests.support.knowledge import SteadyKnowledge


def hear_lost(conversation: Conversation, text: str = "en tiedä mitä kysyä") -> Decision:
    """What follows when somebody says that they don't know what to ask."""
    return decide(conversation, Text(text), replace(signals(CHOICES, asked(CHOICES, text)), is_lost=True), NOW)


def test_who_does_not_know_what_to_ask_gets_cards_and_no_guess() -> None:
    """The nearest entry would be chance; and "Kysy ihmiseltä" later must not send "en tiedä mitä kysyä"."""
    decision = hear_lost(replace(NEW, state=State(question_id=3, topic="cv")))

    assert decision.replies[0].text == wording.SITUATIONS
    assert len(decision.replies[0].buttons) <= BUTTONS_A_PAGE
    assert {button.verb for button in decision.replies[0].buttons} == {"situation", "situations"}
    assert (decision.conversation.state.question_id, decision.conversation.state.topic) == (None, None)
    assert [(event.kind, event.topic) for event in decision.events] == [("situations", None)]


@pytest.mark.parametrize("conversation", [OPEN, CLAIMED])
def test_in_an_open_ticket_it_is_said_to_the_person(conversation: Conversation) -> None:
    """Somebody waits to answer; nothing written to them is taken away."""
    assert isinstance(hear_lost(conversation).ticket, JoinTicket)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_is_reached_and_says_in_ones_own_language_how_to_go_on(language: str) -> None:
    """On the web a question is edited, in Telegram it is asked by pressing; a person and one's own words always."""
    for channel, hint in (("telegram", wording.PRESS_THE_QUESTION), ("web", wording.EDIT_THE_QUESTION)):
        talk = Conversation("c1", "Kettu 482", language, channel)  # type: ignore[arg-type]
        first = press(talk, "situations", "0").replies[0]
        second = press(talk, first.buttons[-1].verb, first.buttons[-1].value).replies[0]
        third = press(talk, second.buttons[-2].verb, second.buttons[-2].value).replies[0]
        shown = [button.value for reply in (first, second, third) for button in reply.buttons]
        assert set(situations()) <= set(shown)
        for id_, card in situations().items():
            reply = press(talk, "situation", id_).replies[0]
            text, *_ = reply.text.split("\n\n")
            assert (text == wording.say(language, wording.GENTLE_LINE)) == card.care, id_  # type: ignore[arg-type]
            assert reply.text.endswith(wording.say(language, hint))  # type: ignore[arg-type]
            assert [button.verb for button in reply.buttons][-3:] == ["own", "person", "situations"]
            assert len(reply.buttons) <= BUTTONS_A_PAGE


def test_after_a_danger_the_numbers_stand_before_every_card() -> None:
    """Within a day of it nothing is said without where help is."""
    for verb, value in (("situations", "0"), ("situation", "rahat")):
        assert press(AFTER_CRISIS, verb, value).replies[0].text.startswith(wording.GENTLE_LINE)
    over = replace(NEW, state=State(safety_until=NOW - timedelta(seconds=1)))
    assert not press(over, "situation", "rahat").replies[0].text.startswith(wording.GENTLE_LINE)


@pytest.mark.parametrize("value", ["gone", "", "<script>", "99"])
def test_a_card_that_is_gone_shows_the_others(value: str) -> None:
    """The cards may have changed since the button was made."""
    assert press(NEW, "situation", value).replies[0].text == wording.SITUATIONS


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_on_the_web_a_cards_question_goes_into_the_field_and_nothing_is_sent_yet(
    store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path
) -> None:
    """Without a line of JavaScript, too; and a link forged by somebody else puts nothing there."""
    async with serving(store, vault, knowledge_base, tmp_path) as chat, Browser(chat) as aino, Browser(chat) as other:
        await aino.opens()
        await aino.presses(wording.BUTTON_SITUATIONS)
        await aino.presses("Rahat loppuu ennen kuun loppua")
        said = len(aino.bubbles)
        link, draft = re.findall(r'<a class="press" href="([^"]+)" data-draft="([^"]+)"', aino.page)[0]
        edited = unescape((await aino.get(link)).text)
        field = re.search(r"<textarea[^>]* autofocus>\n([^<]*)</textarea>", edited)
        assert field is not None
        assert field[1] == unescape(draft) == situations()["rahat"].questions[0].fi
        assert len(aino.bubbles) == said
        for forged in (link.replace(":0", ":5"), "/?luonnos=<b>"):
            assert "\n</textarea>" in (await aino.get(forged)).text, forged
        await aino.says("en tiedä mitä kysyä")
        (lost,) = [row for row in await chat.rows(schema.message) if row.author == "asker"]
        assert lost.verdict["kind"] == "smalltalk", "it is no gap in the answers, nor a way of asking for one"
        await other.opens()
        assert "\n</textarea>" in (await other.get(link)).text


def test_in_telegram_a_cards_question_is_asked_by_pressing_it() -> None:
    """One tap from not knowing what to ask to an answer."""
    asks = decide(NEW, Press("draft", "Miten haen asumistukea?", 4), signals(CHOICES, asked(CHOICES)), NOW)

    assert asks.kind == "choices"
