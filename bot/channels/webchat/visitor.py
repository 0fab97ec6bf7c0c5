"""Who looks at a page: the token in their cookie, what is at its address, and the language to speak."""

import re
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.posts import NAME
from bot.dialogue import Conversation
from bot.store import conversations
from knowledge.entry import Language

COOKIE = "koppi"
COOKIE_SECONDS = 90 * 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Visitor:
    """The token of somebody's cookie, and their conversation once a message has been handled."""

    token: str
    lookup: str
    talk: Conversation | None


def new_token() -> str:
    """A token nobody has: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_of(request: Request) -> str:
    """The token of the asker's cookie; a new one for a browser that has none of ours."""
    token = request.cookies.get(COOKIE, "")
    return token if TOKEN.fullmatch(token) else new_token()


async def visitor(chat: WebChat, token: str) -> Visitor:
    """Whoever has *token*."""
    lookup = chat.vault.lookup(NAME, token)
    async with chat.store.read() as read:
        return Visitor(token, lookup, await conversations.find(read, channel=NAME, lookup=lookup))


def set_cookie(chat: WebChat, response: Response, token: str, *, lasts: bool) -> None:
    """Give the browser *token*: for 90 days when it *lasts*, else until the browser is closed."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS if lasts else None,
        httponly=True,
        secure=chat.is_secure,
        samesite="lax",
        path="/",
    )


def language_for(request: Request, talk: Conversation | None) -> Language:
    """The conversation's language, else Swedish for a browser that asks for it first, else Finnish.

    Many Finns keep their devices in English, so that says nothing; who writes in English gets English from then on.
    """
    if talk is not None:
        return talk.language
    return "sv" if request.headers.get("accept-language", "").lower().startswith("sv") else "fi"
