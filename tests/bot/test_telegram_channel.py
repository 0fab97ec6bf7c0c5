"""Updates on their way in: committed before they are confirmed, whatever Telegram does."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import select, text

from bot import wording
from bot.channels import predecessor
from bot.channels import telegram as channel
from bot.channels.telegram import TelegramChannel, keep
from bot.settings import Settings
from bot.store import chat_links, leases, login_attempts, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.support import telegram_faults as faults
from tests.support import telegram_updates
from tests.support.clock import Clock
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.knowledge import ALSO_KNOWN, KNOWN
from tests.support.koppi import Koppi
from tests.support.people import ADVISORS_GROUP, AINO, BULK, VAINO_CHAT

# What several processes have to agree on; on SQLite there is one.
only_shared = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@asynccontextmanager
async def listening(
    store: Store, vault: Vault, telegram: FakeTelegram, token: str = TOKEN, data_dir: Path | None = None
) -> AsyncIterator[TelegramChannel]:
    """A channel alone, asking for updates while the context lasts."""
    with tempfile.TemporaryDirectory() as fresh:
        folder = data_dir or Path(fresh)
        settings = Settings(_env_file=None, data_dir=folder, telegram_token=SecretStr(token), telegram_api=telegram.url)
        listener = TelegramChannel(settings, store, vault, Clock())
        await listener.open()
        task = asyncio.create_task(listener.listen())
        try:
            yield listener
        finally:
            store.hub.stop()
            await task
            await listener.close()


async def trouble_of(listener: TelegramChannel) -> str:
    """What is wrong, as soon as it shows."""
    async with asyncio.timeout(5):
        while listener.health.trouble is None:  # noqa: ASYNC110 - the health pages look at it, too
            await asyncio.sleep(0.005)
    return listener.health.trouble


async def keys(store: Store) -> list[str]:
    """The inbox's keys, in the order they came."""
    async with store.read() as read:
        return [row.key for row in await read.execute(select(schema.inbox.c.key).order_by(schema.inbox.c.id))]


async def confirmed(telegram: FakeTelegram) -> None:
    """Return once Telegram has nothing left to bring."""
    async with asyncio.timeout(5):
        while telegram.unconfirmed:  # noqa: ASYNC110 - confirming is a call of the bot's, not an event of the fake's
            await asyncio.sleep(0.005)


async def test_the_bot_introduces_its_commands_in_three_languages(koppi: Koppi) -> None:
    """The menu is how many find /ihminen and /apua."""
    await koppi.asks(KNOWN)

    assert set(koppi.telegram.commands) == {"", "sv", "en"}
    names = [
        "start", "aiheet", "tilanteet", "ihminen", "apua", "muistuta", "vinkit", "kieli", "jaa", "tietoni", "unohda",
        "tietosuoja", "ohje",
    ]  # fmt: skip
    for spoken, menu in koppi.telegram.commands.items():
        said = [wording.say(spoken or "fi", wording.COMMAND_HELP[name]) for name in names]  # type: ignore[arg-type]
        assert [(command["command"], command["description"]) for command in menu] == list(zip(names, said, strict=True))


async def test_updates_are_confirmed_only_when_they_are_in_the_inbox(
    store: Store, vault: Vault, telegram: FakeTelegram
) -> None:
    """A confirmed update is gone at Telegram: the stock updater lost 131 of 200 to one kill."""
    await telegram.says(AINO, "yksi")
    await telegram.says(AINO, "kaksi")
    async with listening(store, vault, telegram):
        await confirmed(telegram)

    assert await keys(store) == [str(update_id) for update_id in telegram.issued]


async def test_while_the_database_is_away_nothing_is_confirmed_and_afterwards_nothing_is_missing(
    migrated_sqlite: Path, tmp_path: Path, vault: Vault, telegram: FakeTelegram
) -> None:
    """Telegram keeps what we can't."""
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'koppi.sqlite3'}")
    (tmp_path / "koppi.sqlite3").write_bytes(migrated_sqlite.read_bytes())  # noqa: ASYNC240 - a small file
    async with store.write() as tx:
        await tx.execute(text("ALTER TABLE inbox RENAME TO away"))
    await telegram.says(AINO, "yksi")
    async with listening(store, vault, telegram) as listener:
        trouble = await trouble_of(listener)
        unconfirmed = telegram.unconfirmed
        async with store.write() as tx:
            await tx.execute(text("ALTER TABLE away RENAME TO inbox"))
        await confirmed(telegram)
    kept = await keys(store)
    await store.close()

    assert (trouble, unconfirmed, kept) == ("StoreUnavailable", telegram.issued, [str(telegram.issued[0])])


async def test_a_malformed_update_stops_nobody(koppi: Koppi) -> None:
    """One odd date among 200 left 0 answered with the stock updater."""
    await koppi.says(KNOWN)
    for body in (
        {"message": {"message_id": 1, "date": "yesterday", "chat": {"id": 77, "type": "private"}, "text": "moi"}},
        {"message": "no message at all"},
        "no update at all",
        ["nor", "this"],
        17,
    ):
        await koppi.telegram.brings(body)
    await koppi.says(KNOWN, BULK[0])
    answers = [await koppi.hears(), await koppi.hears(BULK[0])]
    await koppi.settles()
    reasons = [row.reason for row in await koppi.rows(schema.quarantine)]

    assert ["Asumistukea" in answer.text for answer in answers] == [True, True]
    assert (
        sorted(reason.partition(" (")[0] for reason in reasons) == ["no update_id"] * 3 + ["not a Telegram update"] * 2
    )
    assert koppi.telegram.unconfirmed == []


async def test_an_update_without_a_number_keeps_nobody_waiting_however_long_it_is_there(
    store: Store, vault: Vault, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't be confirmed, and comes again each time: the pauses between grew to a minute, for everybody else too."""
    assert channel.UNNUMBERED_SECONDS > telegram_updates.FREQUENT_SECONDS  # else one brings nothing but the first
    monkeypatch.setattr(channel, "UNNUMBERED_SECONDS", 0.01)
    monkeypatch.setattr(telegram_updates, "FREQUENT_SECONDS", 0.005)
    await telegram.brings({"update_id": None, "message": {}})
    with structlog.testing.capture_logs() as lines:
        async with listening(store, vault, telegram) as listener:
            async with asyncio.timeout(3):
                while telegram.calls["getUpdates"] < 5:  # noqa: ASYNC110 - asking is the bot's, no event of the fake's
                    await asyncio.sleep(0.005)
            trouble = listener.health.trouble
            await telegram.says(AINO, "yksi")
            await confirmed(telegram)

    assert len(await keys(store)) == 1
    assert trouble == "updates without numbers"
    assert [line["what"] for line in lines if line["event"] == "telegram_trouble"] == [trouble]


async def test_an_update_that_comes_again_is_answered_once(koppi: Koppi) -> None:
    """A confirmation may get lost on its way to Telegram."""
    update_id = await koppi.says(KNOWN)
    await koppi.hears()
    await koppi.telegram.repeats(update_id, AINO, KNOWN)
    await koppi.settles()

    assert len(koppi.telegram.accepted[AINO]) == 1


@pytest.mark.parametrize("first_id", [17, 2_000_000_000])
async def test_when_the_series_of_ids_begins_elsewhere_nothing_is_missed(koppi: Koppi, first_id: int) -> None:
    """After a quiet week Telegram's next id is random: a smaller one is no old one."""
    await koppi.asks(KNOWN)
    koppi.telegram.continues_ids_at(first_id)
    second, third = await koppi.asks(ALSO_KNOWN), await koppi.asks(KNOWN)

    assert ["CV" in second.text, "Asumistukea" in third.text] == [True, True]


async def test_each_persons_messages_are_answered_in_the_order_they_were_written(koppi: Koppi) -> None:
    """Ten people at once, three questions each."""
    chats = BULK[:10]
    for question in (KNOWN, ALSO_KNOWN, "/ohje"):
        for chat in chats:
            await koppi.says(question, chat)
    heard = [[(await koppi.hears(chat)).text.split()[0] for _ in range(3)] for chat in chats]

    assert heard == [["Asumistukea", "CV:ssä", "Kirjoita"]] * 10


async def test_a_second_poller_is_noticed_and_takes_nothing_from_us(
    store: Store, vault: Vault, telegram: FakeTelegram
) -> None:
    """Two bots on one token: the older poll ends with 409, and an operator must be told."""
    async with listening(store, vault, telegram) as listener, httpx.AsyncClient() as rival:
        async with asyncio.timeout(5):
            while not telegram.calls["getUpdates"]:  # noqa: ASYNC110 - a waiting poll is no event
                await asyncio.sleep(0.005)
        await rival.get(f"{telegram.url}/bot{TOKEN}/getUpdates", params={"timeout": 0})

        assert "409" in await trouble_of(listener)


async def polled(telegram: FakeTelegram) -> None:
    """Return once the bot asks for updates."""
    async with asyncio.timeout(5):
        while not telegram.calls["getUpdates"]:  # noqa: ASYNC110 - a waiting poll is no event
            await asyncio.sleep(0.005)


async def the_lease(store: Store) -> Any:
    """Who asks Telegram for updates, and until when; None when nobody has the lease."""
    async with store.read() as read:
        return (await read.execute(select(schema.lease))).first()


@only_shared
async def test_a_poller_that_stops_leaves_its_place_at_once(store: Store, vault: Vault, telegram: FakeTelegram) -> None:
    """Every upgrade stops one process and starts the next: until its lease ended, the bot would be deaf."""
    async with listening(store, vault, telegram):
        await polled(telegram)
        during = await the_lease(store)

    assert during is not None
    assert await the_lease(store) is None


@only_shared
async def test_who_follows_a_killed_poller_on_its_folder_asks_at_once(
    store: Store, vault: Vault, telegram: FakeTelegram, tmp_path: Path
) -> None:
    """A crash left the lease to end by itself: for twenty seconds the one process there is would be deaf."""
    with predecessor.succeeding(tmp_path, "killed"):
        await leases.hold(store, "telegram-poll", "killed", Clock()(), timedelta(seconds=20))
        with predecessor.succeeding(tmp_path, "hasty") as living:
            pass
    async with listening(store, vault, telegram, data_dir=tmp_path):
        await polled(telegram)
    with predecessor.succeeding(tmp_path, "next") as gone:
        pass

    assert living is None
    assert gone not in {None, "killed", "hasty"}


@only_shared
async def test_a_poller_that_stops_leaves_alone_what_another_has_taken_over(store: Store) -> None:
    """It may have slept past its own lease."""
    now = Clock()()
    await leases.hold(store, "telegram-poll", "another", now, timedelta(seconds=20))
    await leases.give_back(store, "telegram-poll", "sleeper")

    assert (await the_lease(store)).owner == "another"


@only_shared
async def test_a_lease_is_renewed_while_one_long_poll_goes_on(
    store: Store, vault: Vault, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet poll takes longer than the lease, which is short so that a crash makes the bot deaf for seconds only."""
    monkeypatch.setattr(channel, "RENEW_SECONDS", 0.01)
    async with listening(store, vault, telegram):
        await polled(telegram)
        first = await the_lease(store)
        async with asyncio.timeout(5):
            while (await the_lease(store)).expires_at == first.expires_at:  # noqa: ASYNC110 - looked at from outside
                await asyncio.sleep(0.005)
        polls = telegram.calls["getUpdates"]

    assert timedelta(seconds=20) >= channel.POLL_LEASE
    assert polls == 1


@only_shared
async def test_who_has_lost_the_lease_asks_no_more(
    store: Store, vault: Vault, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who ask at once would take turns in ending each other's polls."""
    monkeypatch.setattr(channel, "RENEW_SECONDS", 0.01)
    async with listening(store, vault, telegram) as listener:
        await polled(telegram)
        was_asking = listener.health.asking_since is not None
        async with store.write() as tx:
            later = (await the_lease(store)).expires_at + timedelta(hours=1)
            await tx.execute(schema.lease.update().values(owner="another", expires_at=later))
        async with asyncio.timeout(5):
            while listener.health.asking_since is not None:  # noqa: ASYNC110 - the health pages look at it, too
                await asyncio.sleep(0.005)
        await telegram.says(AINO, "yksi")

    assert was_asking
    assert telegram.unconfirmed == telegram.issued
    assert await keys(store) == []
    assert (await the_lease(store)).owner == "another"


async def test_a_wrong_token_is_told_to_the_operator_without_the_token(
    store: Store, vault: Vault, telegram: FakeTelegram, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commonest fault of a first start."""
    async with listening(store, vault, telegram, token="1:marker-of-a-wrong-token") as listener:
        trouble = await trouble_of(listener)
    written = capsys.readouterr()

    assert trouble == "Telegram does not know KOPPI_TELEGRAM_TOKEN"
    assert "marker" not in written.out + written.err


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the pause after a failure makes it slow
@pytest.mark.parametrize(
    "fault", [faults.OUT_OF_ORDER, faults.RESET_BEFORE_ACCEPTING, faults.GIBBERISH_AFTER_ACCEPTING]
)
async def test_a_poll_that_fails_is_repeated_and_loses_nothing(
    store: Store, vault: Vault, telegram: FakeTelegram, fault: faults.Fault
) -> None:
    """An answer that got lost had confirmed nothing: the same updates come again."""
    telegram.fails(fault, method="getUpdates")
    await telegram.says(AINO, "yksi")
    async with listening(store, vault, telegram):
        await confirmed(telegram)

    assert await keys(store) == [str(telegram.issued[0])]


async def test_a_press_stops_the_buttons_spinner(koppi: Koppi) -> None:
    """Telegram shows a clock on the button until the tap is answered."""
    await koppi.asks(KNOWN)
    await koppi.presses("Auttoi")
    await koppi.hears()
    await koppi.settles()

    assert len(koppi.telegram.answered_queries) == 1


async def test_updates_of_a_webhook_are_kept_the_same_way(store: Store, vault: Vault) -> None:
    """However they come: once."""
    update = {"update_id": 5, "message": {"chat": {"id": AINO}}}
    now = Clock()()

    assert [await keep(store, vault, [update], now) for _ in range(2)] == [5, 5]
    assert await keys(store) == ["5"]


async def test_a_lone_surrogate_or_nul_in_an_update_reaches_the_inbox(store: Store, vault: Vault) -> None:
    """No driver takes a lone surrogate, and PostgreSQL no NUL: an update that can't be kept would come for ever."""
    update = {"update_id": 5, "message": {"chat": {"id": AINO}, "text": "a\x00b\ud800"}}

    assert await keep(store, vault, [update], Clock()()) == 5


async def test_what_people_say_among_themselves_in_a_group_is_never_written_down(store: Store, vault: Vault) -> None:
    """Not even sealed and for a moment: an administrator's bot is sent all of it. What concerns us is kept whole."""
    bot, person = ({"id": 7, "is_bot": is_bot, "first_name": "X"} for is_bot in (True, False))
    group = {"chat": {"id": ADVISORS_GROUP, "type": "supergroup"}, "date": 1, "message_id": 2, "from": person}
    began = {**group, "from": bot, "forum_topic_created": {"name": "x", "icon_color": 1}}
    talk = [{}, {"reply_to_message": group}, {"reply_to_message": began}, {"photo": []}]
    ours = [{"reply_to_message": {**group, "from": bot}}, {"text": "/liita marker"}, {"migrate_to_chat_id": -5}]
    said = [{**group, "text": "marker", **more} for more in talk + ours]
    updates = [{"update_id": number, "message": message} for number, message in enumerate(said)]
    updates.append({"update_id": 90, "edited_message": {**group, "text": "marker"}})
    await keep(store, vault, updates, Clock()())
    async with store.read() as read:
        rows = await read.execute(select(schema.inbox.c.key, schema.inbox.c.body).order_by(schema.inbox.c.id))
        kept = {row.key: vault.unseal(row.body) for row in rows}

    assert [key for key, body in kept.items() if "marker" in body] == ["4", "5", "6"]
    assert list(kept) == ["0", "1", "2", "3", "4", "5", "6", "90"]


async def test_a_group_is_linked_by_a_code_that_works_once(koppi: Koppi) -> None:
    """The advisors' group: nobody else can have the posts sent to their own chat."""
    async with koppi.store.write() as tx:
        code = await chat_links.make_code(tx, "advisors", koppi.clock())
    await koppi.says(f"/liita {code}", ADVISORS_GROUP)
    linked = await koppi.hears(ADVISORS_GROUP)
    await koppi.says(f"/liita {code}", VAINO_CHAT)
    await koppi.settles()
    async with koppi.store.read() as read:
        links = await chat_links.linked(read, "advisors")

    assert (linked.text, len(links)) == (wording.LINKED, 1)


async def test_a_wrong_code_is_told_and_guesses_are_slowed_down(koppi: Koppi) -> None:
    """Silence would look like a broken bot to who mistyped it; who guesses on gets nothing but silence."""
    for number in range(login_attempts.CODES_PER_CHAT):
        await koppi.says(f"/liita guess-{number}", VAINO_CHAT)
    told = [(await koppi.hears(VAINO_CHAT)).text for _ in range(login_attempts.CODES_PER_CHAT)]
    async with koppi.store.write() as tx:
        code = await chat_links.make_code(tx, "advisors", koppi.clock())
    await koppi.says(f"/liita {code}", VAINO_CHAT)
    await koppi.settles()
    too_many = list(koppi.telegram.unheard(VAINO_CHAT))
    await koppi.says(f"/liita {code}", ADVISORS_GROUP)
    elsewhere = await koppi.hears(ADVISORS_GROUP)
    await koppi.advance(login_attempts.WINDOW)
    await koppi.says("/liita guess", VAINO_CHAT)
    later = await koppi.hears(VAINO_CHAT)

    assert told == [wording.LINK_FAILED] * login_attempts.CODES_PER_CHAT
    assert (too_many, elsewhere.text, later.text) == ([], wording.LINKED, wording.LINK_FAILED)


async def test_right_codes_count_as_no_guesses(koppi: Koppi) -> None:
    """Whoever sets a service up may link one chat several times over."""
    for _ in range(login_attempts.CODES_PER_CHAT + 1):
        async with koppi.store.write() as tx:
            code = await chat_links.make_code(tx, "advisors", koppi.clock())
        await koppi.says(f"/liita {code}", ADVISORS_GROUP)
        assert (await koppi.hears(ADVISORS_GROUP)).text == wording.LINKED


async def test_a_groups_talk_is_left_alone(koppi: Koppi) -> None:
    """The bot sits in the advisors' group: it answers nobody there."""
    await koppi.says(KNOWN, ADVISORS_GROUP)
    await koppi.settles()

    assert koppi.telegram.accepted[ADVISORS_GROUP] == []
    assert [row.kind for row in await koppi.rows(schema.decision)] == ["ignored"]
