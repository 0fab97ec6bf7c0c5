"""Passing the service on to a friend: a message that is ready, and a link that tells nothing of who passes it on."""

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot import sharing, wording
from bot.channels import telegram
from bot.channels.markup import as_plain_text, as_telegram_html, as_web_html
from bot.conversation import decide
from bot.dialogue import Command, Conversation, Happened, Press, Signals, Start
from bot.hours import Promise
from bot.sharing import WaysIn
from bot.store import campaigns, schema
from bot.store.engine import Store
from bot.vault import Vault
from knowledge.entry import LANGUAGES, Language
from tests.support.chat import Browser, Chat, serving
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.knowledge import KNOWN, SteadyKnowledge

IN_TELEGRAM = WaysIn("https://koppi.example", lambda: "otappa_koppi_bot")
SHARED = f"/k/{campaigns.SHARED}"
HOSTILE = "Koppi <script>alert(1)</script> [x](https://evil.example) *_`"


@pytest.fixture
async def chat(store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path) -> AsyncIterator[Chat]:
    """The web chat, with its bot at work."""
    async with serving(store, vault, knowledge_base, tmp_path) as chat:
        yield chat


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["telegram", "web"])
def test_the_message_is_ready_and_its_link_is_everybodys(language: Language, channel: str) -> None:
    """Two askers pass on the very same words: whoever opens the link can't be led back to either."""
    text = sharing.ready(IN_TELEGRAM, channel, language, HOSTILE)
    shown = as_plain_text(text)
    link = {
        "telegram": "https://t.me/otappa_koppi_bot?start=kaveri",
        "web": f"https://koppi.example{SHARED}" + ("" if language == "fi" else f"?kieli={language}"),
    }[channel]

    assert HOSTILE in shown
    assert link in shown
    assert wording.say(language, wording.SHARE_MESSAGE, name=HOSTILE) in shown
    for as_html in (as_telegram_html(text), str(as_web_html(text))):
        assert "<script" not in as_html
        assert 'href="https://evil.example' not in as_html
    if channel == "telegram":
        [chooser] = re.findall(r'href="(https://t\.me/share/url\?[^"]+)"', as_telegram_html(text))
        asked = parse_qs(urlsplit(html.unescape(chooser)).query)
        assert asked == {"url": [link], "text": [wording.say(language, wording.SHARE_MESSAGE, name=HOSTILE)]}


def test_nothing_is_offered_that_would_lead_nowhere() -> None:
    """Before Telegram has told the bot's name there is no link to it."""
    assert sharing.ready(WaysIn("https://koppi.example", lambda: None), "telegram", "fi", "Koppi") == ""


def test_who_was_helped_may_pass_it_on_and_who_may_be_in_danger_is_left_alone() -> None:
    """The moment of thanks is the one to ask; after a sign of danger nothing is asked for."""
    talk = Conversation("c", "Kettu 482", "sv", "telegram")
    ready = "Valmis viesti"
    known = _signals(ready)
    talk = replace(talk, state=replace(talk.state, asking_offered_at=NOW))  # else that is offered, too
    thanked = decide(talk, Press("yes", "cv", 12), known, NOW)
    in_danger = replace(talk, state=replace(talk.state, safety_until=NOW + timedelta(hours=1)))
    pressed, asked = (decide(talk, said, known, NOW) for said in (Press("share", "", 12), Command("jaa")))
    without = [decide(talk, said, _signals(""), NOW) for said in (Press("share", "", 12), Command("jaa"))]

    assert [(button.verb, button.label) for button in thanked.replies[0].buttons] == [
        ("share", "Dela med en vän"),
        ("tips", "Ett tips i veckan"),
    ]
    assert decide(in_danger, Press("yes", "cv", 12), known, NOW).replies[0].buttons == ()
    assert [button.verb for button in decide(talk, Press("yes", "cv", 12), _signals(""), NOW).replies[0].buttons] == [
        "tips"
    ]
    assert [reply.text for decision in (pressed, asked) for reply in decision.replies] == [ready, ready]
    assert [decision.events for decision in (pressed, asked)] == [(Happened("shared"),)] * 2
    assert [decision.kind for decision in without] == ["stale", "unknown_command"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_web_chat_leads_to_a_page_with_the_message_in_each_language(chat: Chat) -> None:
    """Without script there are the words to copy and links that open the usual apps; nobody is told apart by them."""
    async with Browser(chat) as browser, Browser(chat) as other:
        front = await browser.opens()
        pages = {language: (await browser.get(f"/jaa?kieli={language}")).text for language in LANGUAGES}
        same = (await other.get("/jaa?kieli=fi")).text
        await browser.says(KNOWN)
        await browser.presses("Auttoi")
        helped = browser.page
        forged = (await browser.get("/jaa", headers={"host": "evil.example/<script>alert(1)</script>"})).text

    link = '<a class="press" href="/jaa?kieli=fi">Jaa kaverille</a>'
    assert (link in front, link in helped, 'href="/jaa?kieli=fi"' in front) == (False, True, True)
    assert pages["fi"] == same
    for language, page in pages.items():
        link = f"{chat.url}{SHARED}" + ("" if language == "fi" else f"?kieli={language}")
        words = wording.say(language, wording.SHARE_MESSAGE, name=chat.profile.name)
        assert f"{words} {link}</textarea>" in html.unescape(page)
        targets = [html.unescape(target) for target in re.findall(r'href="(https://(?:wa|t)\.me/[^"]+)"', page)]
        assert [parse_qs(urlsplit(target).query) for target in targets] == [
            {"text": [f"{words} {link}"]},
            {"url": [link], "text": [words]},
        ]
    assert "<script>alert" not in forged


async def test_a_friend_who_comes_by_the_link_is_counted_and_the_campaign_has_no_end(chat: Chat) -> None:
    """Made once however often the service starts; nobody ends what every shared link stands on."""
    today = chat.clock().date()
    async with chat.store.write() as tx:
        for _ in range(2):
            await campaigns.make_shared(tx, name="Kaverilta", place="Jaettu linkki", today=today)
        ended = await campaigns.end(tx, campaigns.SHARED, chat.clock())
    async with Browser(chat, **{"user-agent": "Mozilla/5.0"}) as friend:
        there = (await friend.get(SHARED, follow_redirects=True)).text
    async with chat.store.read() as read:
        [kept] = await campaigns.everything(read)

    start = {"chat": {"id": 1, "type": "private"}, "date": 0, "message_id": 1, "text": f"/start {campaigns.SHARED}"}
    by_telegram = telegram.parse(json.dumps({"update_id": 1, "message": start}))

    assert by_telegram is not None
    assert by_telegram.said == Start(campaigns.SHARED)
    assert (kept.is_shared, kept.standing(today + timedelta(days=9999)), ended) == (True, "running", False)
    assert f'name="campaign" value="{campaigns.SHARED}"' in there
    assert [(row.kind, row.campaign) for row in await chat.rows(schema.event)] == [("opened", campaigns.SHARED)]


def _signals(share: str) -> Signals:
    return Signals(Promise(NOW, is_open=True, today=NOW.date()), share=share)
