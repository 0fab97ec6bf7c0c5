"""The whole bot in this process, wired as `koppi serve` wires it but without the web, beside a Telegram of ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import and_, func, or_, select

from bot import worker
from bot.advising import Desk
from bot.channels import telegram as channel
from bot.channels.telegram import TelegramChannel
from bot.delivery import Delivery
from bot.holdings import Holdings
from bot.hours import OpeningHours
from bot.profile import ServiceProfile, read_profile
from bot.service import Service
from bot.settings import Settings
from bot.sharing import WaysIn
from bot.store import inbox, outbox, schema, tickets
from bot.store.accounts import Account
from bot.store.engine import Store
from bot.store.tickets import TicketRow
from bot.vault import Vault
from knowledge.base import KnowledgeBase
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING, Clock
from tests.support.fake_telegram import TOKEN, Accepted, FakeTelegram
from tests.support.people import AINO

AT_ONCE = timedelta(seconds=0.2)  # less than any pause between two tries, more than it takes to look
TYPING = timedelta(seconds=3)  # people take a while to write; the bot may send a chat one message a second


@dataclass
class Koppi:
    """The running bot and what a test needs of it. People act through it, so that time passes while they write."""

    telegram: FakeTelegram
    store: Store
    vault: Vault
    clock: Clock
    settings: Settings
    profile: ServiceProfile
    hours: OpeningHours
    service: Service
    channel: TelegramChannel
    delivery: Delivery
    desk: Desk
    vaino: Account
    sulo: Account

    async def says(self, text: str, chat: int = AINO, **fields: Any) -> int:
        """Someone writes to the bot; returns the update's id."""
        self.clock.advance(TYPING)
        return await self.telegram.says(chat, text, **fields)

    async def presses(self, label: str, chat: int = AINO) -> int:
        """Someone presses the newest button with this label; returns the update's id."""
        self.clock.advance(TYPING)
        return await self.telegram.presses(chat, label)

    async def hears(self, chat: int = AINO) -> Accepted:
        """The next message someone gets."""
        return await self.telegram.hears(chat)

    async def asks(self, text: str, chat: int = AINO) -> Accepted:
        """Someone writes, and gets this first reply."""
        await self.says(text, chat)
        return await self.hears(chat)

    async def sends_to_a_person(self, text: str, chat: int = AINO) -> TicketRow:
        """Someone asks what the bot doesn't know and lets it send that on; returns the ticket."""
        await self.asks(text, chat)
        await self.presses("Lähetä: työ ja opinnot", chat)
        await self.hears(chat)
        async with self.store.read() as read:
            return (await tickets.queue(read))[-1]

    def later(self) -> datetime:
        """The time, a while later: when somebody behind the service has done something."""
        self.clock.advance(TYPING)
        return self.clock()

    async def advance(self, by: timedelta) -> None:
        """Let time pass when all is done that can be done now, and let everyone who waits for it look again."""
        await self.settles()
        self.clock.advance(by)
        for topic in (inbox.TOPIC, outbox.TOPIC):
            self.store.hub.announce(topic)

    async def settles(self, within: float = 30.0) -> None:
        """Return once nothing more is to be done now: so that silence can be asserted."""
        async with asyncio.timeout(within):
            with self.store.hub.subscribe(inbox.TOPIC, outbox.TOPIC) as news:
                while self.telegram.unconfirmed or await self._has_work():
                    await news.wait(0.03)  # nobody tells when an item is done

    async def rows(self, table: Any) -> list[Any]:
        """All rows of *table*, in the order of their keys."""
        async with self.store.read() as read:
            return list(await read.execute(select(table).order_by(*table.primary_key.columns)))

    async def _has_work(self) -> bool:
        """Whether anything could be handled or sent now; what waits behind something else can't.

        An item on its way is seen at each place: the inbox is looked at first, and the outbox in one statement.
        """
        soon = self.clock() + AT_ONCE
        table = schema.outbox.c
        first_in_line = (
            select(func.min(table.id))
            .where(table.state.in_(("queued", "sending")), ~table.is_broadcast)
            .group_by(table.destination)
        )
        is_due = and_(table.id.in_(first_in_line), table.state == "queued", table.not_before <= soon)
        async with self.store.read() as read:
            if await inbox.ready(read, soon):
                return True
            return (
                await read.execute(select(table.id).where(or_(table.state == "sending", is_due)))
            ).first() is not None


@asynccontextmanager
async def running(
    store: Store, vault: Vault, knowledge_base: KnowledgeBase, telegram: FakeTelegram, data_dir: Path
) -> AsyncIterator[Koppi]:
    """The bot at work on *store* until the context ends; then it has stopped as cleanly as on SIGTERM."""
    clock = Clock(A_TUESDAY_MORNING - timedelta(hours=1))  # six working hours later is the same day
    telegram.wall = lambda: clock().timestamp()
    settings = Settings(_env_file=None, data_dir=data_dir, telegram_token=SecretStr(TOKEN), telegram_api=telegram.url)
    profile = read_profile(data_dir)
    hours = profile.hours(settings.zone)
    telegram_channel = TelegramChannel(settings, store, vault, clock)
    delivery = Delivery(
        store,
        vault,
        {channel.NAME: telegram_channel},
        clock,
        file_of=Holdings(store, profile, hours.zone).file,
        may_broadcast=profile.unasked(hours.zone).allows,
        in_flight=settings.sends_in_flight,
        per_second=settings.send_per_second,
    )
    ways_in = WaysIn(settings.address, lambda: telegram_channel.username)
    service = Service(store, vault, lambda: knowledge_base, profile, hours, delivery=delivery, ways_in=ways_in)
    vaino, sulo = await people.employ(store)
    await telegram_channel.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            for loop in (
                telegram_channel.listen(),
                worker.handle_inbox(store, service, clock),
                delivery.run(),
                worker.keep_promises(store, hours, clock),
            ):
                tasks.create_task(loop)
            try:
                yield Koppi(
                    telegram,
                    store,
                    vault,
                    clock,
                    settings,
                    profile,
                    hours,
                    service,
                    telegram_channel,
                    delivery,
                    Desk(store, hours),
                    vaino,
                    sulo,
                )
            finally:
                store.hub.stop()
    finally:
        await telegram_channel.close()
