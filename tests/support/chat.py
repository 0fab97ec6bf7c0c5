"""The web chat on a real server in this process, with the bot at work behind it."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware

from bot import worker
from bot.advising import Desk
from bot.channels import webchat
from bot.channels.web_security import SecurityHeaders
from bot.delivery import Delivery
from bot.holdings import Holdings
from bot.profile import ServiceProfile, read_profile
from bot.service import Service
from bot.settings import Settings
from bot.sharing import WaysIn
from bot.store import tickets
from bot.store.accounts import Account
from bot.store.engine import Store
from bot.vault import Vault
from knowledge.base import KnowledgeBase
from tests.support import people
from tests.support.clock import Clock
from tests.support.web_server import WebServer, web_server

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@dataclass
class Chat:
    """The running web chat and what a test needs of it."""

    store: Store
    vault: Vault
    clock: Clock
    profile: ServiceProfile
    desk: Desk
    vaino: Account
    app: Starlette
    service: Service
    port: int = 0
    _servers: list[WebServer] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Start the web server, on the port it had before."""
        server = web_server(self.app, self.port)
        await server.start()
        self.port = server.port
        self._servers.append(server)

    async def close(self) -> None:
        """Stop the web server, whoever still listens to it; the bot goes on."""
        while self._servers:
            await self._servers.pop().stop(patience=0)

    async def works(self) -> None:
        """Handle everything that is in the inbox now, when the bot isn't at work by itself."""
        while await worker.handle_ready(self.store, self.service, self.clock):
            pass

    async def rows(self, table: Any) -> list[Any]:
        """All rows of *table*, in the order of their keys."""
        async with self.store.read() as read:
            return list(await read.execute(select(table).order_by(*table.primary_key.columns)))

    async def replies(self, text: str) -> None:
        """Väinö answers the oldest open ticket."""
        async with self.store.read() as read:
            ticket = (await tickets.queue(read))[0]
        await self.desk.reply(self.vaino, ticket.id, text, secrets.token_hex(8), self.clock())


@asynccontextmanager
async def serving(
    store: Store,
    vault: Vault,
    knowledge_base: KnowledgeBase,
    data_dir: Path,
    *,
    works: bool = True,
    widget_origins: tuple[str, ...] = ("https://kunta.example",),
) -> AsyncIterator[Chat]:
    """The web chat until the context ends; unless it *works*, the bot handles nothing but what a test tells it to."""
    clock = Clock()
    profile = read_profile(data_dir)
    hours = profile.hours(Settings(_env_file=None).zone)
    delivery = Delivery(
        store,
        vault,
        {webchat.NAME: webchat.WebChannel()},
        clock,
        file_of=Holdings(store, profile, hours.zone).file,
        in_flight=4,
        per_second=1000,
    )
    service = Service(
        store,
        vault,
        lambda: knowledge_base,
        profile,
        hours,
        delivery=delivery if works else None,
        ways_in=WaysIn("https://koppi.example", lambda: "otappa_koppi_bot"),
    )
    pages = webchat.WebChat(
        store,
        vault,
        profile,
        hours,
        clock,
        is_secure=False,
        is_behind_proxy=False,
        telegram_name=lambda: "otappa_koppi_bot",
        language_of=knowledge_base.language_of,
        widget_origins=widget_origins,
    )
    routes = webchat.routes(pages)
    app = Starlette(
        routes=routes, middleware=[Middleware(SecurityHeaders, is_secure=False, widget_origins=widget_origins)]
    )
    vaino, _sulo = await people.employ(store)
    chat = Chat(store, vault, clock, profile, Desk(store, hours), vaino, app, service)
    loops = (worker.handle_inbox(store, service, clock), delivery.run()) if works else ()
    async with asyncio.TaskGroup() as tasks:
        for loop in loops:
            tasks.create_task(loop)
        await chat.open()
        try:
            yield chat
        finally:
            store.hub.stop()
            await chat.close()


class Browser(httpx.AsyncClient):
    """A browser without JavaScript: it has cookies, posts the forms of the page it has open, and follows redirects."""

    def __init__(self, chat: Chat, **headers: str) -> None:
        super().__init__(base_url=chat.url, headers={**SAME_ORIGIN, "accept-language": "fi", **headers})
        self.page = ""

    async def opens(self) -> str:
        """Load the page."""
        self.page = (await self.get("/")).text
        return self.page

    async def posts(self, *, form: str = "writing", **fields: str) -> httpx.Response:
        """Submit one of the page's forms; what comes back is the page then."""
        key = re.search(rf'id="{form}".*?name="key" value="([^"]+)"', self.page, re.DOTALL)
        assert key, "the page has no such form"
        response = await self.post("/chat/messages", data={"key": key[1], **fields}, follow_redirects=True)
        if response.headers.get("content-type", "").startswith("text/html"):
            self.page = response.text
        return response

    async def says(self, text: str) -> httpx.Response:
        """Write and send."""
        return await self.posts(text=text)

    async def presses(self, label: str) -> httpx.Response:
        """Press the newest button with this label."""
        buttons = re.findall(r'<button[^>]*name="(\w+)" value="([^"]+)"[^>]*>([^<]+)</button>', self.page)
        name, value = [(name, value) for name, value, shown in buttons if unescape(shown) == label][-1]
        return await self.posts(form="acts", **{name: unescape(value)})

    @property
    def bubbles(self) -> list[tuple[str, str]]:
        """Who said what on the page, without the greeting: the class of each bubble and its words."""
        found = re.findall(
            r'<li class="said (\w+)[^"]*" (?:id="m\d+"|data-waiting).*?<div class="bubble"[^>]*>(.*?)</div>',
            self.page,
            re.DOTALL,
        )
        return [(author, unescape(re.sub(r"<[^>]+>", "", html)).strip()) for author, html in found]
