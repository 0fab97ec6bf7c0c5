"""Summaries on their way to chats and mailboxes, through all that can happen there, and what the console says of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from admin.house import House
from admin.summaries import send
from admin.summaries.standing import Standing, standings
from bot.channels import email
from bot.channels.email import EmailChannel
from bot.channels.telegram import NAME as TELEGRAM
from bot.channels.telegram import TelegramChannel
from bot.delivery import Delivery
from bot.hours import OpeningHours
from bot.settings import Settings
from bot.store import chat_links, conversations, events, summary_readers
from bot.store.engine import Store
from bot.store.summary_readers import Reader
from bot.vault import Vault
from knowledge.entry import Language
from tests.admin.a_house import a_house
from tests.support import telegram_faults as faults
from tests.support.clock import Clock
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.mail_server import SENDER, MailServer, mail_server
from tests.support.people import ADVISORS_GROUP, LONG_AGO, VAINO_CHAT
from tests.support.picture import A_PICTURE

MONDAY = datetime(2027, 2, 1, 6, 0, tzinfo=UTC)  # eight in Helsinki: a week and a month are over, too
SUPERGROUP = -1_000_000_003_003
KAISA, FUNDER = "kaisa@kunta.example", "rahoittaja@ministerio.example"
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass
class Roads:
    """A house whose summaries really leave it."""

    house: House
    telegram: FakeTelegram
    mail: MailServer
    clock: Clock
    delivery: Delivery

    async def chat(self, chat: int) -> str:
        """A coordinator's linked chat."""
        self.telegram.meets(chat)
        async with self.house.store.write() as tx:
            return await chat_links.link(tx, self.house.vault, purpose="coordinator", address=str(chat), now=LONG_AGO)

    async def address(self, address: str, language: Language, *wants: str, confirmed: bool = True) -> str:
        """An address on the list."""
        async with self.house.store.write() as tx:
            reader = await summary_readers.add_address(
                tx, self.house.vault, address=address, language=language, wants=wants, now=LONG_AGO,  # type: ignore[arg-type]
            )  # fmt: skip
            if confirmed:
                await summary_readers.confirm(tx, reader.id, LONG_AGO)
            return reader.id

    async def goes(self, later: timedelta = timedelta()) -> None:
        """Look what is due *later*, and send all that can be sent."""
        self.clock.advance(later)
        await send.send_due(self.house)
        while await self.delivery._start_sends():
            for task in list(self.delivery._sending):
                await task
            self.clock.advance(timedelta(seconds=2))

    async def standing(self, reader_id: str) -> Standing:
        """How the latest to this reader stands."""
        async with self.house.store.read() as read:
            return (await standings(read, [reader_id]))[reader_id]

    async def reader(self, reader_id: str) -> Reader:
        """The reader."""
        async with self.house.store.read() as read:
            found = await summary_readers.get(read, reader_id)
        assert found is not None
        return found

    def mailed(self) -> list[tuple[str, str]]:
        """To whom letters went, and with which subject."""
        return sorted((str(mail["To"]), str(mail["Subject"])) for mail in self.mail.received)


@pytest.fixture
async def roads(store: Store, vault: Vault, tmp_path: Path) -> AsyncIterator[Roads]:
    """Open roads, on the Monday on which a month begins; somebody asked last week."""
    async with (
        FakeTelegram() as telegram,
        mail_server() as mail,
        _opened(store, vault, tmp_path, telegram, mail) as all_,
    ):
        yield all_
        assert telegram.violations == []


@asynccontextmanager
async def _opened(
    store: Store, vault: Vault, folder: Path, telegram: FakeTelegram, mail: MailServer
) -> AsyncIterator[Roads]:
    clock = Clock(MONDAY)
    house = a_house(store, vault, clock, folder, smtp_url=SecretStr(mail.url), smtp_from=SENDER)
    settings = Settings(_env_file=None, data_dir=folder, telegram_token=SecretStr(TOKEN), telegram_api=telegram.url)
    channel = TelegramChannel(settings, store, vault, clock)
    await channel.open()
    house = replace(house, telegram=channel)
    assert house.settings.mail_server is not None
    channels = {TELEGRAM: channel, email.NAME: EmailChannel(house.settings.mail_server, vault, clock)}

    async def draws(name: str) -> bytes:
        assert name.endswith((":fi", ":sv", ":en"))
        return A_PICTURE

    delivery = Delivery(
        store, vault, channels, clock, file_of=None, picture_of=draws, in_flight=9, per_second=99,  # type: ignore[arg-type]
    )  # fmt: skip
    await _somebody_asks(house, MONDAY - timedelta(days=4))
    try:
        yield Roads(house, telegram, mail, clock, delivery)
    finally:
        await channel.close()


async def _somebody_asks(house: House, at: datetime) -> None:
    async with house.store.write() as tx:
        for begun in (at - timedelta(days=40), at):
            talk = await conversations.begin(
                tx, house.vault, channel="web", lookup=f"{begun:%j}".ljust(32, "a"), address_text="a", language="fi",
                now=at,
            )  # fmt: skip
            hours = OpeningHours(house.hours.zone, {}, {}, timedelta(hours=1))
            around = events.Circumstances(begun, hours, "web", "fi")
            await events.record(tx, talk.id, [events.Happening("asked")], around)


async def test_each_reader_gets_what_they_wished_in_their_language_once(roads: Roads) -> None:
    """A day, a week and a month end together: to each theirs, text first and then one picture, and nothing twice."""
    chat = await roads.chat(VAINO_CHAT)
    async with roads.house.store.write() as tx:
        await summary_readers.change(tx, chat, language="sv", wants=["week", "month"], now=LONG_AGO)
    await roads.address(KAISA, "en", "week")
    await roads.address(FUNDER, "fi", "month")
    await roads.address("ei@vahvistettu.example", "fi", "day", "week", "month", confirmed=False)
    for _ in range(3):
        await roads.goes(timedelta(minutes=1))
    told = roads.telegram.accepted[VAINO_CHAT]
    letter = next(mail for mail in roads.mail.received if mail["To"] == KAISA)
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]

    assert [each.method for each in told] == ["sendMessage", "sendPhoto"] * 2
    assert told[0].text.startswith("Otappa koppi · vecka 4 (25.1.–31.1.2027)\n\nFörra veckan 1 fråga")
    assert told[1].text.startswith("På bilden: Vecka 4")
    assert told[2].text.startswith("Otappa koppi · januari 2027")
    assert roads.mailed() == [
        (KAISA, "Otappa koppi: week 4 (25 Jan–31 Jan 2027)"),
        (FUNDER, "Otappa koppi: tammikuu 2027"),
    ]
    assert "Last week 1 question, 1 more than the week before." in text
    assert "In the picture: Week 4" in text
    assert "/console/reading/" in text
    assert '<img src="cid:picture" alt="In the picture: Week 4' in html
    assert "<strong>Otappa koppi · week 4" in html
    assert [part.get_content() for part in letter.walk() if part.get_content_type() == "image/png"] == [A_PICTURE]


@ON_SQLITE
async def test_a_reader_who_can_not_be_reached_is_shown_and_sent_to_again_when_asked(roads: Roads) -> None:
    """Blocked, bounced: tried, told with the reason, and once more by a press, as often as it is pressed once."""
    chat = await roads.chat(VAINO_CHAT)
    mailbox = await roads.address(KAISA, "fi", "week")
    await roads.telegram.blocks(VAINO_CHAT)
    roads.mail.to_recipient += ["451 greylisted", "550 no such mailbox"]
    await roads.goes()
    greylisted = await roads.standing(mailbox)
    await roads.goes(timedelta(minutes=6))
    failed = [await roads.standing(reader) for reader in (chat, mailbox)]
    await roads.telegram.unblocks(VAINO_CHAT)
    for reader, standing in zip((chat, mailbox), failed, strict=True):
        for _ in range(2):
            await send.send_again(roads.house, await roads.reader(reader), standing, by="a")
    await roads.goes(timedelta(minutes=1))
    arrived = [await roads.standing(reader) for reader in (chat, mailbox)]

    assert greylisted.state == "retried"
    assert [(each.state, each.reason, each.is_trouble) for each in failed] == [
        ("failed", "the asker has blocked the bot", True),
        ("failed", "the mail server refuses the address (550)", True),
    ]
    assert [(each.state, each.is_trouble) for each in arrived] == [("sent", False)] * 2
    assert [each.method for each in roads.telegram.accepted[VAINO_CHAT]] == ["sendMessage", "sendPhoto"]
    assert roads.mailed() == [(KAISA, "Otappa koppi: viikko 4 (25.1.–31.1.2027)")]


@ON_SQLITE
async def test_a_summary_follows_its_group_into_the_supergroup_and_a_missing_picture_is_told(roads: Roads) -> None:
    """Telegram changes a group's number when it grows; a coordinator's group must not fall silent by it.

    Where it takes no pictures their words go instead; a text that has arrived hides no picture that has not.
    """
    chat = await roads.chat(ADVISORS_GROUP)
    await roads.telegram.upgrades(ADVISORS_GROUP, SUPERGROUP, is_told=False)
    await roads.goes()

    arrived = await roads.standing(chat)
    no_photos = faults.error(400, "Bad Request: not enough rights to send photos to the chat")
    await _somebody_asks(roads.house, MONDAY + timedelta(days=1))
    roads.telegram.fails(no_photos, method="sendPhoto")
    await roads.goes(timedelta(days=7))
    in_words = await roads.standing(chat)
    await _somebody_asks(roads.house, MONDAY + timedelta(days=8))
    roads.telegram.fails(faults.OUT_OF_ORDER, times=9, method="sendPhoto")
    for later in (timedelta(days=7), timedelta(hours=25)):
        await roads.goes(later)
    without = await roads.standing(chat)
    heard = roads.telegram.accepted[SUPERGROUP]

    assert [each.method for each in heard] == ["sendMessage", "sendPhoto", "sendMessage", "sendMessage", "sendMessage"]
    assert heard[3].text.startswith("Kuvassa: Viikko 5")
    assert [(each.state, each.is_trouble) for each in (arrived, in_words)] == [("sent", False)] * 2
    assert (without.state, without.lacks_picture, without.is_trouble) == ("sent", True, True)
    assert without.reason == "Telegram is out of order"


@ON_SQLITE
async def test_after_downtime_only_the_latest_goes_and_a_silent_period_has_no_picture(roads: Roads) -> None:
    """Five weeks away: one letter, not five. A month without a question says so, and what to do; zeros need no bars."""
    await roads.address(KAISA, "fi", "day", "week", "month")
    await roads.goes(timedelta(days=35))
    silent = [mail for mail in roads.mail.received if "helmikuu" in mail["Subject"]]
    text = silent[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]

    assert [subject for _, subject in roads.mailed()] == [
        "Otappa koppi: helmikuu 2027",
        "Otappa koppi: sunnuntai 7.3.2027",
        "Otappa koppi: viikko 9 (1.3.–7.3.2027)",
    ]
    assert "Viime kuussa ei yhtään kysymystä, edellisessä 1." in text
    assert "Yksi asia tälle kuulle: avaa chat osoitteessa" in text
    assert all(part.get_content_type() != "image/png" for mail in silent for part in mail.walk())
