"""Who opens the chat and asks nothing is counted, once a day a browser, and refers to nobody."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.channels.webchat import openings
from bot.channels.webchat.pace import DailyHash
from bot.store import campaigns, schema
from bot.store.engine import Store
from bot.store.tallies import Tallies
from bot.vault import Vault
from tests.support.chat import Browser, Chat, serving
from tests.support.knowledge import KNOWN, SteadyKnowledge

FIREFOX = {"user-agent": "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"}

NO_CAMPAIGN = {"campaign": ""}


@pytest.fixture
async def chat(store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path) -> AsyncIterator[Chat]:
    """The web chat, whose bot handles what a test tells it to."""
    async with serving(store, vault, knowledge_base, tmp_path, works=False) as chat:
        yield chat


async def test_who_opens_the_chat_and_asks_nothing_is_counted_and_not_known(chat: Chat) -> None:
    """Came and did not ask is another trouble than did not come; both begin with knowing who came."""
    today = chat.clock().date()
    async with chat.store.write() as tx:
        code = await campaigns.make(tx, name="Juliste", place="Seinä", first_day=today, last_day=today)
    async with Browser(chat, **FIREFOX) as aino, Browser(chat, **FIREFOX) as onni:
        for path in ("/", "/widget", "/jaa"):
            await aino.get(path)
        assert await chat.rows(schema.event) == []  # a page that is only fetched counts nobody: previews do, too
        told = [await aino.post("/chat/opened", data={"campaign": code}) for _ in range(2)]  # a reload
        await onni.get("/widget")
        told.append(await onni.post("/widget/opened?kieli=sv", data=NO_CAMPAIGN))
        told += [await aino.post("/jaa/opened", data=NO_CAMPAIGN) for _ in range(2)]
        refused = [
            await aino.post("/chat/opened", data=NO_CAMPAIGN, headers={"sec-fetch-site": "cross-site"}),
            await aino.post("/chat/opened", data={"text": "salaisuus"}),
        ]
        for agent in ("Googlebot/2.1 (+http://www.google.com/bot.html)", ""):
            async with Browser(chat, **{"user-agent": agent}) as robot:
                told.append(await robot.post("/chat/opened", data=NO_CAMPAIGN))
        async with Browser(chat, **FIREFOX) as forger:
            told.append(await forger.post("/chat/opened", data={"campaign": "<b>"}))
        visits = [(row.kind, row.campaign, row.language, row.first_of_day) for row in await chat.rows(schema.event)]
        chat.clock.advance(timedelta(days=1))
        await aino.post("/chat/opened", data=NO_CAMPAIGN)
        first = {"key": "a-key-of-hers", "text": KNOWN}
        await aino.post("/chat/messages", data=first, headers={"x-requested-with": "fetch"})
        await chat.works()
    async with chat.store.read() as read:
        tallies = await Tallies.of(read, today, today + timedelta(days=1))
        summed = await tallies.summed(["channel"], ["visited", "came"])

    assert {answer.status_code for answer in told} == {204}
    assert [answer.status_code for answer in refused] == [403, 422]
    assert visits == [
        ("visited", code, "fi", False),
        ("visited", None, "sv", False),
        ("shared", campaigns.SHARED, "fi", False),
        ("visited", None, "fi", False),
    ]
    assert {cell.kind: tally.times for cell, tally in summed.items()} == {"visited": 4, "came": 1}
    assert len(await chat.rows(schema.asker)) == 1


def test_one_network_counts_so_often_a_day_and_all_of_them_have_an_end() -> None:
    """Neither a loop on one line nor a host of them makes a service look visited, or fills the memory."""
    today, tomorrow = date(2026, 11, 24), date(2026, 11, 25)
    counted = Counter[str]()
    gate = openings.Gate()
    for number in range(200):
        counted["v4"] += gate.lets("visited", "198.51.100.7", f"browser {number}", today)
        counted["v6"] += gate.lets("visited", f"2001:db8:1:2::{number:x}", f"other {number}", today)
        counted["next door"] += number < 3 and gate.lets("visited", f"2001:db8:1:{number + 3}::1", f"n {number}", today)
        counted["again"] += gate.lets("visited", "203.0.113.9", "the same", today)
        counted["link"] += gate.lets("opened", "198.51.100.7", "", today)
    counted["next day"] += gate.lets("visited", "198.51.100.7", "browser 1", tomorrow)
    for number in range(openings.MOST_NETWORKS + 50):
        counted["host"] += gate.lets("opened", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "", tomorrow)

    most = openings.A_DAY
    assert counted == {
        "v4": most, "v6": most, "next door": 3, "again": 1, "link": most, "next day": 1,
        "host": openings.MOST_NETWORKS - 1,
    }  # fmt: skip
    hashes = DailyHash()
    assert hashes.of("2001:db8:1:2::1", today) == hashes.of("2001:db8:1:2:ffff::9", today)
    assert hashes.of("::ffff:198.51.100.7", today) == hashes.of("198.51.100.7", today)


def test_nobody_with_many_networks_fills_memory_and_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that rents a /48 has 65,536 networks, and as many cookies as it likes: by 700 MB the service would end."""
    monkeypatch.setattr(openings, "MOST_A_DAY", 5)
    gate, day = openings.Gate(), date(2026, 11, 24)
    counted = [gate.lets("visited", f"2001:db8:1:{n:x}::1", f"cookie {n}", day) for n in range(8)]

    assert counted == [True] * 5 + [False] * 3
    assert gate.lets("shared", "192.0.2.7", "another", day)
    assert gate.lets("visited", "192.0.2.7", "another", day + timedelta(days=1))


@pytest.mark.parametrize(
    ("line", "next_door"),
    [
        (lambda n: f"2001:db8:1:{n:x}::1", "2001:db8:2:1::1"),  # a /48, which one line may rent
        (lambda n: f"198.51.100.{n % 256}", "198.51.101.1"),
    ],
)
def test_networks_side_by_side_count_together(
    line: Callable[[int], str], next_door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of one line's thousands of networks would count its sixty, and by noon nobody else's opening would."""
    monkeypatch.setattr(openings, "A_DAY_SIDE_BY_SIDE", 20)
    gate, day = openings.Gate(), date(2026, 11, 24)
    counted = sum(gate.lets("visited", line(n), f"cookie {n}", day) for n in range(2 * openings.A_DAY_SIDE_BY_SIDE))

    assert counted == openings.A_DAY_SIDE_BY_SIDE
    assert gate.lets("visited", next_door, "another", day)
    assert gate.lets("visited", line(0), "cookie 0", day + timedelta(days=1))
