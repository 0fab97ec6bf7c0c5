"""Who looks at a page: by which door they come, the token in their cookie, what is at its address, their language."""

import re
import secrets
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.posts import NAME
from bot.dialogue import Conversation
from bot.store import conversations
from knowledge.entry import LANGUAGES, Language

COOKIE_SECONDS = 90 * 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Door:
    """One way in to the chat: *page* is its address, *base* that of what the page asks for.

    On another site's page a browser sends no ordinary cookie: that of the frame is *partitioned*, kept for that site's
    pages alone. So the frame can't tell that site, or another one, who looks at it.
    """

    page: str
    base: str
    cookie: str
    cookie_path: str
    is_framed: bool

    @property
    def file(self) -> str:
        """The address of the file of all that is kept."""
        return f"{self.base}/tietoni.txt"


FRONT = Door("/", "/chat", "koppi", "/", is_framed=False)
FRAME = Door("/widget", "/widget", "koppi_widget", "/widget", is_framed=True)


@dataclass(frozen=True)
class Visitor:
    """The token of somebody's cookie, and their conversation once a message has been handled."""

    token: str
    lookup: str
    talk: Conversation | None


def new_token() -> str:
    """A token nobody has: 256 random bits."""
    return secrets.token_urlsafe(32)


def known_token(request: Request, door: Door) -> str | None:
    """The token in the cookie of *door*; None for a browser that has none of ours, or keeps none."""
    token = request.cookies.get(door.cookie, "")
    return token if TOKEN.fullmatch(token) else None


def token_of(request: Request, door: Door = FRONT) -> str:
    """The token in the cookie of *door*, else a new one."""
    return known_token(request, door) or new_token()


async def visitor(chat: WebChat, token: str) -> Visitor:
    """Whoever has *token*."""
    async with chat.store.read(brief=True) as read:
        return await visitor_in(read, chat, token)


async def visitor_in(read: AsyncConnection, chat: WebChat, token: str) -> Visitor:
    """Whoever has *token*, as *read* sees it."""
    lookup = chat.vault.lookup(NAME, token)
    return Visitor(token, lookup, await conversations.find(read, channel=NAME, lookup=lookup))


def set_cookie(chat: WebChat, response: Response, token: str, door: Door = FRONT, *, lasts: bool) -> None:
    """Give the browser *token*: for 90 days when it *lasts*, else until the browser is closed."""
    age = f"; Max-Age={COOKIE_SECONDS}" if lasts else ""
    if door.is_framed:
        site = "; SameSite=None; Secure; Partitioned"  # browsers take it by https only, and from this machine
    else:
        site = "; SameSite=Lax" + ("; Secure" if chat.is_secure else "")
    # Written out: Python's own cookies know no "Partitioned" before 3.14.
    value = f"{door.cookie}={token}; Path={door.cookie_path}{age}; HttpOnly{site}"
    response.headers.append("set-cookie", value)


def language_for(request: Request, talk: Conversation | None) -> Language:
    """The conversation's language, else what `?kieli=` names, else Swedish for a browser that asks for it first.

    Else Finnish: many Finns keep their devices in English, so that says nothing; who writes in English gets English
    from then on.
    """
    if talk is not None:
        return talk.language
    asked = request.query_params.get("kieli")
    for language in LANGUAGES:
        if asked == language:
            return language
    return "sv" if request.headers.get("accept-language", "").lower().startswith("sv") else "fi"
