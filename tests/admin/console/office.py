"""The advisors' office: the console on a real server on loopback, the people who use it, and tickets to work on."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from admin.house import House
from admin.web import build_app
from bot import worker
from bot.advising import Desk
from bot.bookshelf import Bookshelf
from bot.channels import email, webchat
from bot.channels.telegram import TelegramChannel
from bot.delivery import Delivery
from bot.holdings import Holdings
from bot.profile import read_profile
from bot.service import Service
from bot.settings import Settings
from bot.store import accounts, conversations, sessions, tickets
from bot.store.accounts import Account, Role
from bot.store.engine import Store
from bot.vault import Vault
from tests.support.clock import Clock
from tests.support.knowledge import FOLDER as SMALL_FAQ
from tests.support.people import LONG_AGO, PASSWORD, PASSWORD_HASH, meet
from tests.support.web_server import web_server

OURS = {"Sec-Fetch-Site": "same-origin"}  # what a browser says of a form on our own page
COOKIE = "koppi-console"

__all__ = ["COOKIE", "OURS", "PASSWORD", "SMALL_FAQ", "Office", "Person", "opened"]


@dataclass
class Office:
    """The running console."""

    house: House
    address: str
    clock: Clock
    vaino: Account  # työvoimaneuvoja
    saara: Account  # sosiaaliohjaaja
    kaisa: Account  # koordinaattori
    yrjo: Account  # ylläpitäjä
    sulo: Account  # työvoimaneuvoja, disabled

    @property
    def store(self) -> Store:
        """The store behind it."""
        return self.house.store

    @asynccontextmanager
    async def visitor(self, token: str | None = None) -> AsyncIterator["Person"]:
        """Somebody's browser, logged in when they have a *token*."""
        async with httpx.AsyncClient(base_url=self.address, headers=OURS) as client:
            if token:
                client.cookies.set(COOKIE, token, domain="localhost.local", path="/")  # as the client names localhost
            yield Person(client)

    @asynccontextmanager
    async def at_work(self, account: Account) -> AsyncIterator["Person"]:
        """Somebody's browser after they have logged in."""
        async with self.visitor(await self.token(account)) as person:
            yield person

    async def token(self, account: Account) -> str:
        """The token of a new session of *account*."""
        async with self.store.write() as tx:
            return await sessions.begin(tx, account.id, self.clock())

    async def ticket(
        self,
        text: str = "Saako iguaanin tuoda töihin?",
        *,
        channel: str = "web",
        role: Any = "tyovoimaneuvoja",
        urgent: bool = False,
        promised_in: timedelta = timedelta(hours=2),
        hits: tuple[tuple[str, float], ...] = (("cv", 0.31), ("asumistuki", 0.12)),
    ) -> str:
        """A question that was sent to a person; returns the ticket's id."""
        now = self.clock()
        async with self.store.write() as tx:
            address = f"asker {now.timestamp()} {text}"
            talk = await meet(tx, self.house.vault, address, now, channel=channel)
            verdict: dict[str, object] = {"kind": "choices", "hits": [list(hit) for hit in hits], "confidence": 0.34}
            question_id = await conversations.add_message(tx, talk.id, "asker", text, now, verdict=verdict)
            return await tickets.open_ticket(
                tx,
                conversation_id=talk.id,
                role=role,
                question_id=question_id,
                topic=hits[0][0] if hits else None,
                urgent=urgent,
                promised_at=now + promised_in,
                now=now,
            )

    async def answered_ticket(self, text: str = "Saako iguaanin tuoda töihin?") -> str:
        """A ticket that Väinö has replied to."""
        ticket_id = await self.ticket(text)
        await self.desk.reply(self.vaino, ticket_id, "Saa, jos työnantaja suostuu.", "first-key", self.clock())
        return ticket_id

    async def sends_mail(self) -> None:
        """Send what is queued by e-mail."""
        house = self.house
        assert house.settings.mail_server is not None
        channels = {email.NAME: email.EmailChannel(house.settings.mail_server, house.vault, house.clock)}
        delivery = Delivery(house.store, house.vault, channels, house.clock, file_of=None, in_flight=9, per_second=9)  # type: ignore[arg-type]
        while await delivery._start_sends():
            for task in list(delivery._sending):
                await task

    @property
    def desk(self) -> Desk:
        """The advisors' acts, past the pages."""
        return Desk(self.store, self.house.hours)


@dataclass
class Person:
    """A browser as the server sees it: it keeps cookies and sends forms with the token of the page they stand on."""

    client: httpx.AsyncClient
    _tokens: dict[str | None, str] = field(default_factory=dict)  # by session: it has one for all of its pages

    async def sees(self, path: str) -> httpx.Response:
        """A page."""
        return await self.client.get(path)

    async def sends(self, page: str, path: str, **fields: str) -> httpx.Response:
        """The form on *page* that leads to *path*, filled with *fields*; what it carries unseen goes along."""
        session = self.client.cookies.get(COOKIE)
        if path.endswith("/say") or not self._tokens.get(session):
            html = (await self.client.get(page)).text
            fields = ({"seen": seen_in(html)} if path.endswith("/say") else {}) | fields
            self._tokens[session] = token_in(html)
        return await self.client.post(path, data={"form_token": self._tokens[session], **fields})


def token_in(html: str) -> str:
    """The form token of a page; empty when it has no form."""
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    return found[1] if found else ""


def seen_in(html: str) -> str:
    """What the reply form on a page says of the messages that stand on it."""
    found = re.search(r'name="seen" value="([^"]*)"', html)
    return found[1] if found else ""


@asynccontextmanager
async def opened(
    store: Store,
    vault: Vault,
    data_dir: Path,
    cache: Path,
    *,
    faq: Path = SMALL_FAQ,
    with_bot: bool = False,
    **settings: Any,
) -> AsyncIterator[Office]:
    """The office, open until the context ends; *with_bot* the loops run too, so that askers can come in by the chat."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        house = await _house(store, vault, data_dir, cache, faq=faq, port=port, **settings)
        people = await _employ(store, house.clock())
        if house.telegram is not None:
            await house.telegram.open()
        async with asyncio.TaskGroup() as tasks:
            server = web_server(build_app(house))
            await server.start(listener)
            tasks.create_task(house.bookshelf.watch())
            for loop in _bot(house) if with_bot else ():
                tasks.create_task(loop)
            try:
                yield Office(house, f"http://localhost:{port}", house.clock, *people)  # type: ignore[arg-type]
            finally:
                store.hub.stop()
                await server.stop()
                if house.telegram is not None:
                    await house.telegram.close()


async def _house(
    store: Store, vault: Vault, data_dir: Path, cache: Path, *, faq: Path, port: int, **settings: Any
) -> House:
    read = Settings(_env_file=None, data_dir=data_dir, port=port, **settings)
    profile = read_profile(data_dir)
    bookshelf = Bookshelf(store, cache, folder=faq)
    await bookshelf.refresh()
    clock = Clock()
    telegram = TelegramChannel(read, store, vault, clock) if read.telegram_token else None
    return House(read, profile, profile.hours(read.zone), vault, store, bookshelf, telegram, clock)


def _bot(house: House):  # type: ignore[no-untyped-def]
    channels = {webchat.NAME: webchat.WebChannel()}
    file_of = Holdings(house.store, house.profile, house.hours.zone).file
    delivery = Delivery(house.store, house.vault, channels, house.clock, file_of=file_of, in_flight=4, per_second=25)
    service = Service(
        house.store, house.vault, lambda: house.bookshelf.current, house.profile, house.hours, delivery=delivery
    )
    yield worker.handle_inbox(house.store, service, house.clock)
    yield delivery.run()


async def _employ(store: Store, now: datetime) -> list[Account]:
    staff: list[tuple[str, Role]] = [
        ("Väinö", "tyovoimaneuvoja"),
        ("Saara", "sosiaaliohjaaja"),
        ("Kaisa", "koordinaattori"),
        ("Yrjö", "yllapitaja"),
        ("Sulo", "tyovoimaneuvoja"),
    ]
    async with store.write() as tx:
        people = [
            await accounts.add(
                tx, name=name, role=role, password_hash=PASSWORD_HASH, must_change_password=False, now=LONG_AGO
            )
            for name, role in staff
        ]
        await accounts.disable(tx, people[-1].id, now)
    return [*people[:-1], replace(people[-1], is_disabled=True)]
