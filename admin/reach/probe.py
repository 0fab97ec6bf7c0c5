"""A question asked of the web chat by HTTP as a browser asks it, end to end, and forgotten again."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import httpx

from admin.house import House
from bot import probing
from bot.channels.webchat.posts import NAME
from bot.channels.webchat.visitor import FRAME, FRONT
from bot.channels.webchat.widget import SCRIPT_PATH
from bot.store import probes

WebTrouble = Literal["page", "post", "no_answer", "wrong_answer"]
WidgetTrouble = Literal["script", "frame"]

ANSWER_SECONDS = 20.0  # of a question in an hour when nobody else asks; a stuck worker is caught by it, not a slow one
LOOK_SECONDS = 0.1
HTTP_SECONDS = 10.0
CHAT_SCRIPT = "/chat/static/chat.js"
BOT_SAID = re.compile(r'class="said bot([^"]*)"')


@dataclass(frozen=True)
class Address:
    """Where the service listens on this machine."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """By plain HTTP, as a proxy before the service asks for it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


async def ask(house: House, at: Address) -> WebTrouble | None:
    """What keeps the web chat from answering a question, or None. Raises `StoreUnavailable`.

    Leaves nothing: neither before, if the last one was broken off, nor after.
    """
    await _forget(house)
    try:
        async with _client(at) as client:
            return await _ask(house, client)
    except httpx.HTTPError:
        return "page"
    finally:
        await _forget(house)


async def load_widget(at: Address) -> WidgetTrouble | None:
    """What keeps other sites' pages from showing the chat, or None."""
    try:
        async with _client(at) as client:
            script = await client.get(SCRIPT_PATH)
            if script.status_code != 200 or not script.headers.get("content-type", "").startswith("text/javascript"):
                return "script"
            frame = await client.get(FRAME.page)
            return None if frame.status_code == 200 else "frame"
    except httpx.HTTPError:
        return "script"


async def _ask(house: House, client: httpx.AsyncClient) -> WebTrouble | None:
    question, has_answer = _question(house)
    for path in (FRONT.page, CHAT_SCRIPT):
        if (await client.get(path)).status_code != 200:
            return "page"
    fields = {"key": secrets.token_urlsafe(16), "text": question}
    posted = await client.post(
        f"{FRONT.base}/messages",
        data=fields,
        headers={"sec-fetch-site": "same-origin", "x-requested-with": "fetch", **_cookie(house)},
    )
    if posted.status_code != 204:
        return "post"
    said = await _until(lambda: _bot_said(house, client), house)
    if said is None:
        return "no_answer"
    return None if not has_answer or "answer" in said.split() else "wrong_answer"


def _question(house: House) -> tuple[str, bool]:
    """What to ask, and whether the FAQ has a sure answer to it; the owner's own examples come first."""
    knowledge = house.bookshelf.current
    examples = house.profile.examples.get("fi", [])
    titles = (entry.text("fi")[0] for entry in knowledge.library.entries)
    sure = (text for text in (*examples, *titles) if knowledge.judge(text).kind == "answer")
    question = next(sure, None)
    return (question, True) if question is not None else ("Mistä saan apua?", False)


async def _bot_said(house: House, client: httpx.AsyncClient) -> str | None:
    """How the page marks what the bot said, or None while it has said nothing."""
    shown = await client.get(f"{FRONT.base}/messages", headers=_cookie(house))
    found = BOT_SAID.search(shown.text) if shown.status_code == 200 else None
    return found[1] if found else None


def _cookie(house: House) -> dict[str, str]:
    return {"cookie": f"{FRONT.cookie}={probing.token(house.vault)}"}


async def _until(look: Callable[[], Awaitable[str | None]], house: House) -> str | None:
    ends_at = time.monotonic() + ANSWER_SECONDS
    while (found := await look()) is None and time.monotonic() < ends_at and not house.store.hub.is_stopping:
        await house.store.hub.pause(LOOK_SECONDS)
    return found


async def _forget(house: House) -> None:
    async with house.store.write() as tx:
        await probes.forget(tx, channel=NAME, sender=probing.sender(house.vault))


def _client(at: Address) -> httpx.AsyncClient:
    """No proxy and no certificates: it is this machine."""
    return httpx.AsyncClient(base_url=at.url, timeout=HTTP_SECONDS, trust_env=False, verify=False)  # noqa: S501
