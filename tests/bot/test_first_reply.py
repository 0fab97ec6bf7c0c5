"""The first reply to what somebody wrote: sent right after the decision's commit, when nothing stands in its way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, select

from bot import worker
from bot.channels import telegram as channel
from bot.channels.telegram import TelegramChannel
from bot.delivery import Delivery
from bot.holdings import Holdings
from bot.profile import read_profile
from bot.service import Service
from bot.settings import Settings
from bot.store import outbox, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.support import telegram_faults as faults
from tests.support.clock import Clock
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.knowledge import KNOWN, SteadyKnowledge
from tests.support.people import AINO, BULK


@dataclass
class Unwatched:
    """A bot whose outbox nobody looks into: what goes out has left with its decision."""

    store: Store
    vault: Vault
    service: Service
    delivery: Delivery
    clock: Clock
    telegram: FakeTelegram

    async def handles(self, text: str, chat: int) -> None:
        """Take in and decide on a message."""
        update_id = await self.telegram.says(chat, text)
        said = {"message_id": update_id, "date": 0, "chat": {"id": chat, "type": "private"}, "text": text}
        update = {"update_id": update_id, "message": said}
        await channel.keep(self.store, self.vault, [update], self.clock())
        await worker.handle_ready(self.store, self.service, self.clock)

    async def states(self) -> list[tuple[str, int]]:
        """State and number of tries of every reply, once no send is under way."""
        async with asyncio.timeout(5):
            while self.delivery.is_sending:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        async with self.store.read() as read:
            rows = await read.execute(select(schema.outbox).order_by(schema.outbox.c.id))
            return [(row.state, row.attempts) for row in rows]


@pytest.fixture
async def bot(
    store: Store, vault: Vault, knowledge_base: SteadyKnowledge, telegram: FakeTelegram, tmp_path: Path
) -> AsyncIterator[Unwatched]:
    """With room for one send at a time."""
    clock = Clock()
    settings = Settings(_env_file=None, data_dir=tmp_path, telegram_token=SecretStr(TOKEN), telegram_api=telegram.url)
    profile = read_profile(tmp_path)
    sender = TelegramChannel(settings, store, vault, clock)
    await sender.open()
    hours = profile.hours(settings.zone)
    file_of = Holdings(store, profile, hours.zone).file
    delivery = Delivery(store, vault, {channel.NAME: sender}, clock, file_of=file_of, in_flight=1, per_second=25)
    service = Service(store, vault, lambda: knowledge_base, profile, hours, delivery=delivery)
    bot = Unwatched(store, vault, service, delivery, clock, telegram)
    yield bot
    await bot.states()
    await sender.close()


async def test_a_reply_is_on_its_way_once_it_is_decided(bot: Unwatched, telegram: FakeTelegram) -> None:
    """Looking for it in the outbox costs the asker a commit and a search."""
    await bot.handles(KNOWN, AINO)

    assert "Asumistukea" in (await telegram.hears(AINO)).text
    assert await bot.states() == [("sent", 1)]


async def test_no_more_replies_leave_at_once_than_may_be_on_their_way(bot: Unwatched, telegram: FakeTelegram) -> None:
    """So many may arrive twice when the machine dies: the others wait in the outbox."""
    telegram.latency = 0.2
    await bot.handles(KNOWN, BULK[0])
    await bot.handles(KNOWN, BULK[1])

    assert await bot.states() == [("sent", 1), ("queued", 0)]


async def test_a_reply_does_not_overtake_one_that_waits_for_its_next_try(
    bot: Unwatched, telegram: FakeTelegram
) -> None:
    """The second answer must not arrive before the first."""
    telegram.fails(faults.too_many_requests(7))
    await bot.handles(KNOWN, AINO)
    assert await bot.states() == [("queued", 1)]
    await bot.handles(KNOWN, AINO)

    assert await bot.states() == [("queued", 1), ("queued", 0)]


async def test_a_transaction_that_fails_sends_nothing_and_keeps_no_room(bot: Unwatched) -> None:
    """Room that is never given back would end in a bot that sends nothing at once any more."""

    def fail() -> None:
        with bot.delivery.slot(channel.NAME, str(AINO)):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with bot.delivery.slot(channel.NAME, str(AINO)) as first, bot.delivery.slot(channel.NAME, str(AINO)) as second:
        rooms: list[Any] = [first is not None, second is not None]

    assert rooms == [True, False]


async def test_what_the_outbox_is_being_asked_for_has_its_room_already(
    bot: Unwatched, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision made at that moment would send one more than may be on their way."""
    telegram.latency = 0.2
    await bot.handles(KNOWN, BULK[0])
    await bot.handles(KNOWN, BULK[1])
    await bot.states()
    meanwhile: list[Any] = []
    lease = outbox.lease

    async def lease_while_somebody_is_answered(*args: Any, **kwargs: Any) -> Any:
        with bot.delivery.slot(channel.NAME, str(AINO)) as slot:
            meanwhile.append(slot)
            return await lease(*args, **kwargs)

    monkeypatch.setattr(outbox, "lease", lease_while_somebody_is_answered)

    assert await bot.delivery._start_sends() == 1
    assert meanwhile == [None]
    with bot.delivery.slot(channel.NAME, str(AINO)) as slot:
        assert slot is None  # the one under way has it still
    assert await bot.states() == [("sent", 1), ("sent", 1)]


async def test_a_service_that_stops_sends_nothing_more_at_once(bot: Unwatched) -> None:
    """What is decided while it stops waits in the outbox for the next start."""
    bot.store.hub.stop()
    with bot.delivery.slot(channel.NAME, str(AINO)) as slot:
        assert slot is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # both run the same statements but for a lock
async def test_an_answer_takes_few_statements(bot: Unwatched) -> None:
    """Each costs the asker about half a millisecond, and everybody else's write waits for it."""
    await bot.handles(KNOWN, AINO)
    await bot.states()
    statements: list[str] = []
    event.listen(bot.store.writer.sync_engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    await bot.handles(KNOWN, AINO)

    taking_in, deciding = 2, 11
    assert len(statements) <= taking_in + deciding, statements


async def test_a_stop_waits_for_the_reply_of_a_decision_under_way(bot: Unwatched) -> None:
    """Leased and not sent, it would only go out when its lease ends, half a minute after the next start."""
    delivering = asyncio.create_task(bot.delivery.run())
    with bot.delivery.slot(channel.NAME, str(AINO)):
        bot.store.hub.stop()
        done, _ = await asyncio.wait({delivering}, timeout=0.2)
    await delivering

    assert not done
