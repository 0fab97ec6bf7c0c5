"""What is dead or silent is told once to each coordinator, whoever looks and however often the service starts."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from admin.house import House
from admin.reach import past, probe
from admin.reach.probe import Address
from admin.reach.watchman import Watchman
from bot import probing
from bot.channels import webchat
from bot.store import alarms, chat_links, inbox, summary_readers
from bot.store.alarms import Alarm
from bot.store.engine import Store
from bot.store.schema import event, notice, outbox
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.admin.reach.years import as_guessed
from tests.support.clock import Clock
from tests.support.people import VAINO_CHAT

OULU = ZoneInfo("Europe/Helsinki")
MORNING = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # nine in Oulu
TODAY = date(2026, 11, 24)
NOWHERE = Address("127.0.0.1", 9)
MINUTE = timedelta(minutes=1)


class Web:
    """A web chat that is well, or in some trouble."""

    trouble: str | None = None
    asked = 0

    async def ask(self, *_: object) -> str | None:
        """In the place of the probe, which has tests of its own."""
        self.asked += 1
        return self.trouble


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    """The web chat as the watchman finds it."""
    web = Web()
    monkeypatch.setattr(probe, "ask", web.ask)
    return web


@pytest.fixture
def clock() -> Clock:
    """Nine in the morning, and it stands still."""
    return Clock(MORNING, speed=0)


@pytest.fixture
async def house(store: Store, vault: Vault, clock: Clock, tmp_path: Path) -> House:
    """A house that only its web chat is looked at in; a coordinator reads in Telegram, another by e-mail in Swedish."""
    mail = {"smtp_url": SecretStr("smtp://localhost"), "smtp_from": "koppi@kunta.example"}
    house = a_house(store, vault, clock, tmp_path, **mail)
    async with store.write() as tx:
        await chat_links.link(tx, vault, purpose="coordinator", address=str(VAINO_CHAT), now=clock())
        reader = await summary_readers.add_address(
            tx, vault, address="svea@kommun.example", language="sv", wants=["week"], now=clock()
        )
        await summary_readers.confirm(tx, reader.id, clock())
    return house


def _watchman(house: House) -> Watchman:
    watchman = Watchman(house, NOWHERE)
    watchman._looks = [look for look in watchman._looks if look.name == "web"]
    return watchman


async def _told(house: House) -> list[str]:
    """What has been queued so far, in Telegram as it stands, by e-mail by its subject."""
    async with house.store.read() as read:
        rows = await read.execute(
            select(outbox.c.channel, notice.c.text)
            .join(notice, outbox.c.notice_id == notice.c.id)
            .order_by(outbox.c.id)
        )
        return [
            text if channel == "telegram" else json.loads(house.vault.unseal(text.encode()))["subject"]
            for channel, text in rows
        ]


async def _alarms(house: House) -> list[Alarm]:
    async with house.store.read() as read:
        return await alarms.latest(read, limit=10)


async def _happened(
    store: Store, days: Iterable[tuple[date, int]], kind: str = "asked", *, is_first: bool = True
) -> None:
    """So many questions, of as many people or *is_first* of none, on each of these days, from five in the afternoon."""
    flags = {"first_of_day": is_first, "first_of_week": True, "first_of_month": True, "is_returning": False}
    rows = [
        {
            "kind": kind,
            "at": datetime.combine(day, time(17 + number % 5), OULU),
            "local_day": day,
            "local_hour": 17 + number % 5,
            "in_office_hours": False,
            "channel": ("telegram", "web")[number % 2],
            "language": "fi",
            **flags,
        }
        for day, count in days
        for number in range(count)
    ]
    async with store.write() as tx:
        await tx.execute(event.insert(), rows)


def _usual(first: date, days: int, a_day: float = 4.0) -> list[tuple[date, int]]:
    every = [first + timedelta(days=offset) for offset in range(days)]
    return [(day, round(a_day * as_guessed(day))) for day in every]


async def test_a_dead_channel_is_told_once_within_the_hour_and_so_is_its_recovery(
    house: House, clock: Clock, web: Web
) -> None:
    """Two failures, not one: a restart at the wrong moment wakes nobody; and nobody hears it every four minutes."""
    watchman = _watchman(house)
    await watchman.tick()
    web.trouble = "no_answer"  # dies right after a look
    minutes = 0
    while not await _told(house):
        clock.advance(2 * MINUTE)
        minutes += 2
        await watchman.tick()
    assert minutes <= 56
    assert web.asked == 3
    chat, mail = await _told(house)
    assert chat.startswith("**Verkkochat ei toimi.** Kysymys otettiin vastaan, mutta vastausta ei tullut. Käynnistä")
    assert mail == "Otappa koppi: Webbchatten fungerar inte"

    for look in range(6):
        clock.advance(5 * MINUTE)
        await (watchman if look % 2 else _watchman(house)).tick()
    assert len(await _told(house)) == 2

    web.trouble = None
    clock.advance(5 * MINUTE)
    await watchman.tick()
    assert (await _told(house))[2:] == [
        "Verkkochat toimii taas. Häiriö kesti 89 minuuttia.",
        "Otappa koppi: Webbchatten fungerar igen",
    ]
    (alarm,) = await _alarms(house)
    assert (alarm.kind, alarm.ended_as, alarm.facts) == ("web", "recovered", {"trouble": "no_answer"})


async def test_silence_is_told_once_with_where_and_why_and_its_end_is_noted(
    house: House, store: Store, clock: Clock, web: Web
) -> None:
    """The coordinator hears of it in the morning; a restart, or another process, tells nothing anew."""
    quiet_from = TODAY - timedelta(days=6)
    await _happened(store, _usual(quiet_from - timedelta(days=90), 90))
    await _happened(store, _usual(quiet_from - timedelta(days=90), 96, a_day=60), kind="visited")  # they come as ever
    await _happened(store, [(quiet_from + timedelta(days=2), 2)])
    await _happened(
        store, [(quiet_from + timedelta(days=2), 40)], is_first=False
    )  # of one person: a flood hides no silence
    for _ in range(3):
        await _watchman(house).tick()

    text, subject = await _told(house)
    assert "6 päivässä 2 kysyjää." in text
    assert "sattumalta näin käy harvemmin kuin 1 kerran 1000:sta." in text
    assert "Tulijoita on kuten ennen, mutta he eivät kysy." in text
    assert "Lasku on kaikkialla yhtä suuri." in text
    assert subject == "Otappa koppi: 2 personer har frågat på 6 dagar"
    (alarm,) = await _alarms(house)
    assert (alarm.kind, alarm.ended_at) == ("silence", None)

    await _happened(store, _usual(TODAY, 21))
    clock.advance(timedelta(days=21))
    await _watchman(house).tick()
    (alarm,) = await _alarms(house)
    assert (alarm.ended_as, len(await _told(house))) == ("recovered", 2)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_day_of_very_many_openings_is_told_and_taken_for_no_visitors(
    house: House, store: Store, clock: Clock, web: Web
) -> None:
    """From many networks anybody opens the chat as often as they like: that must not say that the young came."""
    quiet_from = TODAY - timedelta(days=6)
    await _happened(store, _usual(quiet_from - timedelta(days=60), 60))
    await _happened(store, _usual(quiet_from - timedelta(days=60), 60), kind="visited")
    await _happened(store, [(quiet_from, 2), (quiet_from + timedelta(days=2), 300)], kind="visited")
    await _watchman(house).tick()

    text, _ = await _told(house)
    assert "Tulijoita on kuten ennen" not in text
    assert "Verkkochat avattiin yhtenä päivänä poikkeuksellisen usein" in text

    await _happened(store, [(quiet_from + timedelta(days=day), 80) for day in (0, 3, 4)], kind="visited")
    async with store.read() as read:
        usual = await past.groups(read, quiet_from - timedelta(days=60), quiet_from - timedelta(days=1))
        lately = await past.groups(read, quiet_from, TODAY - timedelta(days=1), openings=usual.openings)
    assert (usual.is_flooded, lately.is_flooded, lately.rushes) == (False, True, 4)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_when_the_bot_was_broken_the_silence_is_laid_to_that(
    house: House, store: Store, clock: Clock, web: Web
) -> None:
    """No poster helps while the chat does not answer."""
    await _happened(store, _usual(TODAY - timedelta(days=96), 90))
    web.trouble = "page"
    watchman = _watchman(house)
    watchman._days = None
    clock.advance(-timedelta(hours=3))  # before eight nobody looks at the days
    for _ in range(3):
        await watchman.tick()
        clock.advance(4 * MINUTE)
    assert [alarm.kind for alarm in await _alarms(house)] == ["web"]

    clock.advance(timedelta(hours=3))
    await watchman.tick()

    assert "**Syy voi olla botissa:** samaan aikaan siinä oli vika (Verkkochat)." in (await _told(house))[2]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_silence_while_the_service_stood_still_is_not_laid_to_the_young(
    house: House, store: Store, clock: Clock, web: Web
) -> None:
    """After three weeks out of order it said that the bot works and a poster is to be hung up."""
    await _happened(store, _usual(TODAY - timedelta(days=96), 96))
    await _watchman(house).tick()
    clock.advance(timedelta(days=21))
    await _watchman(house).tick()

    text, subject = await _told(house)
    assert "**Syy voi olla botissa:** samaan aikaan siinä oli vika (Palvelu oli pysähdyksissä)." in text
    assert subject == "Otappa koppi: 21 dagar utan frågor"

    clock.advance(timedelta(hours=2))
    await _watchman(house).tick()
    async with store.read() as read:
        latest = (await alarms.checks(read))[alarms.BREAK]
    assert latest.checked_at - latest.since == timedelta(hours=2)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_nothing_at_all_for_too_long_says_who_is_silent(
    house: House, store: Store, clock: Clock, web: Web
) -> None:
    """The page answers here, and still nobody comes: the link may be broken, or the young are silent."""
    await _happened(store, _usual(TODAY - timedelta(days=90), 90, a_day=40))
    watchman = _watchman(house)
    await watchman.tick()
    key = {"channel": webchat.NAME, "body": "{}"}
    async with store.write() as tx:
        await inbox.receive(tx, house.vault, key="1", sender="a" * 32, now=clock(), **key)
    for _ in range(9 * 2):  # to six in the evening
        clock.advance(30 * MINUTE)
        await watchman.tick()
    assert await _told(house) == []

    async with store.write() as tx:  # what the service asks itself is no sign of life of anybody else
        own = probing.sender(house.vault)
        await inbox.receive(tx, house.vault, key="2", sender=own, now=clock(), **key)
        await alarms.begin(tx, "silence", began_at=clock(), noticed_at=clock(), facts={})
    for _ in range(5 * 2):
        clock.advance(30 * MINUTE)
        await watchman.tick()
    assert await _told(house) == []  # of silence they know already

    async with store.write() as tx:
        await alarms.end(tx, "silence", ended_at=clock(), ended_as="recovered")
    clock.advance(30 * MINUTE)
    await watchman.tick()
    text, subject = await _told(house)
    assert text.startswith("**Verkkochatista ei ole tullut mitään 1")
    assert "hiljaa ovat nuoret" in text
    assert "http://localhost:8080" in text.replace("\\", "")
    assert subject.startswith("Otappa koppi: Ingenting har kommit")

    async with store.write() as tx:
        await inbox.receive(tx, house.vault, key="3", sender="a" * 32, now=clock() + MINUTE, **key)
    clock.advance(11 * MINUTE)
    await watchman.tick()
    assert ("nothing-web", "recovered") in [(alarm.kind, alarm.ended_as) for alarm in await _alarms(house)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_who_knows_of_every_channel_that_nothing_comes_is_not_told_of_silence_as_well(
    house: House, store: Store, clock: Clock, web: Web
) -> None:
    """One trouble, one message; the console shows both."""
    await _happened(store, _usual(TODAY - timedelta(days=96), 90))
    async with store.write() as tx:
        await alarms.begin(tx, "nothing-web", began_at=clock(), noticed_at=clock(), facts={})

    await _watchman(house).tick()

    assert {alarm.kind for alarm in await _alarms(house)} == {"nothing-web", "silence"}
    assert await _told(house) == []
