"""By which link somebody came: the first and the last, for 30 days, and nothing that a made-up code could change."""

import re
import secrets
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from bot.channels.webchat import NAME as WEB
from bot.channels.webchat.openings import is_automatic
from bot.store import campaigns, erasure, moving, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.support import people
from tests.support.chat import SAME_ORIGIN, Browser, Chat, serving
from tests.support.knowledge import KNOWN, SteadyKnowledge
from tests.support.koppi import Koppi

FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"
A_DAY = timedelta(days=1)


@pytest.fixture
async def chat(store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path) -> AsyncIterator[Chat]:
    """The web chat, whose bot handles what a test tells it to."""
    async with serving(store, vault, knowledge_base, tmp_path, works=False) as chat:
        yield chat


async def a_campaign(store: Store, today: date, *, begins: int = -1, ends: int = 365) -> str:
    """A campaign of some days, counted from *today*; its code."""
    async with store.write() as tx:
        return await campaigns.make(
            tx,
            name=f"Juliste {secrets.token_hex(4)}",
            place="Koulun seinä",
            first_day=today + begins * A_DAY,
            last_day=today + ends * A_DAY,
        )


async def counted(where: Koppi | Chat) -> list[tuple[str, str | None, str | None, bool, bool]]:
    """Coming, asking and opening: by which campaign last and first, and whether each is its asker's first for it."""
    return [
        (row.kind, row.campaign, row.first_campaign, row.first_of_campaign, row.first_of_first_campaign)
        for row in await where.rows(schema.event)
        if row.kind in {"opened", "came", "asked"}
    ]


async def test_the_first_and_the_last_link_count_for_thirty_days(koppi: Koppi) -> None:
    """Who saw the banner in spring and the poster in autumn was reached by both, and by neither half a year later."""
    today = koppi.clock().date()
    banner, poster = [await a_campaign(koppi.store, today) for _ in range(2)]
    passed = 0
    for day, said in (
        (0, f"/start {banner}"),
        (10, f"/start {poster}"),
        (15, KNOWN),
        (30, KNOWN),
        (40, KNOWN),
        (41, KNOWN),
    ):
        await koppi.advance((day - passed) * A_DAY)
        passed = day
        await koppi.asks(said)
    await koppi.settles()

    assert await counted(koppi) == [
        ("came", banner, banner, True, True),
        ("came", poster, banner, True, False),
        ("came", poster, banner, False, False),
        ("asked", poster, banner, True, True),
        ("came", poster, banner, False, False),
        ("asked", poster, banner, False, False),
        ("came", poster, None, False, False),
        ("asked", poster, None, False, False),
        ("came", None, None, False, False),
        ("asked", None, None, False, False),
    ]


FORGED = ("lehti", "A" * 64, "A" * 65, "ö" * 10, "<b>x</b>", "%00", "../../k", "' OR 1=1 --", "🦊", "\u202ex")


async def test_a_made_up_code_changes_nothing_and_breaks_nothing(koppi: Koppi) -> None:
    """Whoever writes what they like behind /start is greeted or answered, and stands in no campaign's figures."""
    today = koppi.clock().date()
    over, coming = [
        await a_campaign(koppi.store, today, begins=begins, ends=ends) for begins, ends in ((-9, -1), (1, 9))
    ]
    ended = await a_campaign(koppi.store, today)
    async with koppi.store.write() as tx:
        assert await campaigns.end(tx, ended, koppi.clock())
    for code in (*FORGED, over, coming, ended):
        assert (await koppi.asks(f"/start {code}")).text
    await koppi.settles()

    (asker,) = await koppi.rows(schema.asker)
    assert (asker.first_campaign, asker.last_campaign, asker.first_campaign_on) == (None, None, None)
    assert {(row[1], row[2]) for row in await counted(koppi)} == {(None, None)}
    assert await koppi.rows(schema.quarantine) == []
    assert {row.attempts for row in await koppi.rows(schema.inbox)} == {0}


async def test_a_web_link_is_counted_and_its_code_comes_with_the_first_message(chat: Chat) -> None:
    """No cookie tells who opened it; who then asks is counted, once, and erased leaves the counts as they are."""
    code = await a_campaign(chat.store, chat.clock().date())
    async with Browser(chat, **{"user-agent": FIREFOX}) as aino:
        opened = await aino.get(f"/k/{code}?kieli=sv")
        page = (await aino.get(opened.headers["location"])).text
        before = await counted(chat)
        assert 'action="/chat/messages?kieli=sv"' in page
        first = {"key": "a-key-of-hers", "campaign": code, "command": "aiheet"}
        await aino.post("/chat/messages?kieli=sv", data=first, headers={"x-requested-with": "fetch"})
        await chat.works()
        assert [row.language for row in await chat.rows(schema.asker)] == ["sv"]
        key = re.search(r'id="writing".*?name="key" value="([^"]+)".*?name="campaign" value="([^"]+)"', page, re.DOTALL)
        assert key
        for number, text in enumerate((KNOWN, KNOWN)):
            form = {"key": f"{key[1]}{number}", "campaign": key[2], "text": text}
            await aino.post("/chat/messages", data=form, headers={"x-requested-with": "fetch"})
            await chat.works()
        (asker,) = await chat.rows(schema.asker)
        (talk,) = await chat.rows(schema.conversation)
        async with chat.store.write() as tx:
            await erasure.erase(tx, talk.id)

    assert (opened.status_code, opened.headers["location"]) == (303, f"/?kieli=sv&k={code}")
    assert "set-cookie" not in opened.headers
    assert '<html lang="sv">' in page
    assert before == [("opened", code, code, True, True)]
    assert (asker.first_campaign, asker.last_campaign) == (code, code)
    assert await counted(chat) == [
        ("opened", code, code, True, True),
        ("came", code, code, True, True),
        ("asked", code, code, True, True),
        ("asked", code, code, False, False),
    ]
    assert await chat.rows(schema.asker) == []


async def test_an_unknown_link_leads_to_the_chat_and_counts_nothing(chat: Chat) -> None:
    """A poster stays on the wall longer than its campaign; a preview, a look ahead or a robot is no reader."""
    today = chat.clock().date()
    code = await a_campaign(chat.store, today)
    over = await a_campaign(chat.store, today, begins=-9, ends=-1)
    wanted, statuses = {}, []
    async with httpx.AsyncClient(base_url=chat.url, headers={**SAME_ORIGIN, "user-agent": FIREFOX}) as client:
        for path in (over, "nobody", "%00", "a/b", "%3Cscript%3E", "x" * 5000, "..%2f..", "%ff", ""):
            wanted[path] = (await client.get(f"/k/{path}")).headers.get("location")
        for form in ("<b>", "A" * 65, "nobody", over, "\0"):
            fields = {"key": "a-key-of-hers", "campaign": form, "text": KNOWN}
            statuses.append(
                (await client.post("/chat/messages", data=fields, headers={"x-requested-with": "fetch"})).status_code
            )
            await chat.works()
        await client.head(f"/k/{code}")
        await client.get(f"/k/{code}", headers={"sec-purpose": "prefetch;prerender"})
        await client.get(f"/k/{code}", headers={"user-agent": "WhatsApp/2.23.20.0 A"})
        page = (await client.get("/?k=%22%3E%3Cscript%3E")).text

    assert set(wanted.values()) == {"/"}
    assert set(statuses) == {204}
    assert {row[1:3] for row in await counted(chat)} == {(None, None)}
    assert "opened" not in {row[0] for row in await counted(chat)}
    assert 'name="campaign"' not in page


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_network_that_opens_one_link_all_the_time_is_led_on_and_not_counted(chat: Chat) -> None:
    """Somebody with a loop must not make a poster look like a success, nor fill the database."""
    code = await a_campaign(chat.store, chat.clock().date())
    async with httpx.AsyncClient(base_url=chat.url, headers={"user-agent": FIREFOX}) as client:
        answers = {(await client.get(f"/k/{code}")).status_code for _ in range(65)}

    assert answers == {303}
    assert len(await chat.rows(schema.event)) == 60


@pytest.mark.parametrize(
    ("agent", "is_one"),
    [
        (FIREFOX, False),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", False),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 400.0",
            False,
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 Snapchat/13.0 (like Safari)",
            False,
        ),
        ("TelegramBot (like TwitterBot)", True),
        ("WhatsApp/2.23.20.0 A", True),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", True),
        ("curl/8.14.1", True),
        ("", True),
    ],
)
def test_programs_that_say_so_are_told_from_people(agent: str, is_one: bool) -> None:
    """A link in a group chat is fetched by the chat's own program before anybody has seen it."""
    assert is_automatic({"user-agent": agent}) is is_one


async def test_who_goes_on_in_telegram_brings_along_how_they_came(koppi: Koppi) -> None:
    """Otherwise the poster would lose exactly those who stayed."""
    today = koppi.clock().date()
    code = await a_campaign(koppi.store, today)
    await koppi.asks(KNOWN)
    async with koppi.store.write() as tx:
        talk = await people.meet(tx, koppi.vault, "t" * 43, koppi.clock(), channel=WEB)
        assert await campaigns.touch(tx, talk.id, code, today)
    await koppi.asks(f"/start {moving.make_code(koppi.vault, talk.id, koppi.clock())}")

    (asker,) = await koppi.rows(schema.asker)
    assert (asker.first_campaign, asker.last_campaign, asker.last_campaign_on) == (code, code, today)
