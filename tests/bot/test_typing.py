""" "Väinö kirjoittaa…": seen while it is true, for a minute at most, and nothing of what is written travels."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.store import schema
from bot.store.engine import Store
from bot.store.presence import LASTS
from bot.vault import Vault
from tests.support.chat import Browser, Chat, serving
from tests.support.fake_telegram import FakeTelegram
from tests.support.knowledge import KNOWN, UNKNOWN, SteadyKnowledge
from tests.support.koppi import Koppi
from tests.support.people import AINO
from tests.support.telegram_faults import Fault, refusal

SECOND = timedelta(seconds=1)
on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


# --- on the web -----------------------------------------------------------------------------------------------


@pytest.fixture
async def chat(store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path) -> AsyncIterator[Chat]:
    async with serving(store, vault, knowledge_base, tmp_path) as chat:
        yield chat


@pytest.fixture
async def aino(chat: Chat) -> AsyncIterator[Browser]:
    """An asker whose question is with a person."""
    async with Browser(chat) as browser:
        await browser.opens()
        await browser.says(UNKNOWN)
        await browser.presses("Lähetä: työ ja opinnot")
        yield browser


async def types(browser: Browser, typing: str = "on", **headers: str) -> int:
    """What the page's script posts while one writes."""
    return (await browser.post("/chat/typing", data={"typing": typing}, headers=headers)).status_code


async def ticket_id(chat: Chat) -> str:
    (ticket,) = await chat.rows(schema.ticket)
    return str(ticket.id)


@on_one_database
async def test_the_open_page_is_told_who_writes_and_when_it_ends(chat: Chat, aino: Browser) -> None:
    """In the asker's language, by the name the advisor chose; and when the mark ends by itself, too."""
    ticket, presence = await ticket_id(chat), chat.store.hub.presence
    async with (
        asyncio.timeout(10),
        aino.stream("GET", "/chat/events") as stream,
        aclosing(_events(stream)) as events,
    ):
        assert (await anext(events))[0] == "changed"
        presence.writes(ticket, "v", "Väinö", chat.clock(), to_asker="Väinö")
        assert await anext(events) == ("typing", "Väinö kirjoittaa…")
        presence.stops_writing(ticket, "v", chat.clock())
        assert await anext(events) == ("quiet", "-")
        presence.writes(ticket, "v", "Väinö", chat.clock() - LASTS + SECOND / 20, to_asker="Väinö")
        assert await anext(events) == ("typing", "Väinö kirjoittaa…")
        chat.clock.advance(SECOND)
        assert await anext(events) == ("quiet", "-")


async def _events(stream: httpx.Response) -> AsyncGenerator[tuple[str, str], None]:
    event = ""
    async for line in stream.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, value


@on_one_database
async def test_an_asker_is_seen_writing_by_their_advisor_alone_and_no_word_of_it_is_kept(
    chat: Chat, aino: Browser
) -> None:
    """The post bears no text; nothing of it is written to the database."""
    before = [await chat.rows(table) for table in schema.metadata.sorted_tables]
    ticket, presence = await ticket_id(chat), chat.store.hub.presence
    statuses = [await types(aino)]
    began = presence.asker_writes(ticket, chat.clock())
    statuses.append(await types(aino, "off"))

    assert statuses == [204, 204]
    assert (began, presence.asker_writes(ticket, chat.clock())) == (True, False)
    assert [await chat.rows(table) for table in schema.metadata.sorted_tables] == before


@on_one_database
async def test_what_no_page_of_ours_posts_marks_nothing(chat: Chat, aino: Browser) -> None:
    """Another site's form, a field that no script of ours sends, a flood."""
    ticket, presence = await ticket_id(chat), chat.store.hub.presence
    refused = [
        await types(aino, **{"sec-fetch-site": "cross-site"}),
        (await aino.post("/chat/typing", data={"typing": "on", "text": "salaisuus"})).status_code,
    ]
    async with Browser(chat) as stranger:
        refused.append(await types(stranger))
    assert not presence.asker_writes(ticket, chat.clock())
    flood = {await types(aino) for _ in range(60)}

    assert refused == [403, 422, 204]
    assert flood == {204, 429}


@on_one_database
async def test_where_no_question_is_with_a_person_nobody_is_seen_writing(chat: Chat) -> None:
    """Who talks to the bot is watched by nobody."""
    async with Browser(chat) as aino:
        await aino.opens()
        await aino.says(KNOWN)
        await types(aino)

    assert chat.store.hub.presence.is_empty


# --- in Telegram ----------------------------------------------------------------------------------------------


async def _shown(koppi: Koppi, times: int) -> int:
    async with asyncio.timeout(5):
        while koppi.telegram.calls["sendChatAction"] < times:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
    return koppi.telegram.calls["sendChatAction"]


@on_one_database
async def test_telegram_shows_it_for_five_seconds_and_is_asked_no_oftener(koppi: Koppi) -> None:
    """It ends by itself there; each advisor's key would be a call."""
    await koppi.asks(KNOWN)
    for _ in range(3):
        koppi.channel.show_typing(str(AINO))
    first = await _shown(koppi, 1)
    koppi.clock.advance(5 * SECOND)
    koppi.channel.show_typing(str(AINO))

    assert (first, await _shown(koppi, 2)) == (1, 2)


@on_one_database
async def test_what_telegram_says_to_it_delays_no_message(koppi: Koppi, telegram: FakeTelegram) -> None:
    """Blocked, too many, away: nobody waits for a sign of writing, and it counts for no pace."""
    await koppi.asks(KNOWN)
    for answer in (refusal(429, "Too Many Requests", retry_after=60), refusal(403, "Forbidden"), refusal(500, "Oh")):
        telegram.fails(Fault(answer=answer), method="sendChatAction")
        koppi.clock.advance(5 * SECOND)
        koppi.channel.show_typing(str(AINO))
    await _shown(koppi, 3)
    reply = await koppi.asks(KNOWN)

    assert "Asumistukea haetaan" in reply.text
