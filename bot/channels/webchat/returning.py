"""The way back to a conversation, from another day or another device, and the way on to Telegram.

The return link carries its secret behind a `#`, where no server and no log on the way sees it: the page's script takes
it from there, and without script it is pasted. It opens nothing before a press, so that a link somebody else has sent
puts nobody into a conversation unawares.
"""

import re
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot import wording
from bot.channels.web_security import is_same_origin
from bot.channels.webchat.chat import Face, WebChat
from bot.channels.webchat.forms import BadForm, read_fields
from bot.channels.webchat.posts import NAME
from bot.channels.webchat.visitor import TOKEN, language_for, set_cookie, token_of, visitor
from bot.store import conversations, moving
from bot.vault import Vault, WrongKey

PATH = "/palaa"
TELEGRAM_PATH = "/chat/telegram"
LINK_LIVES = timedelta(days=30)
CONTENT = re.compile(rf"return (\d{{1,12}}) ({TOKEN.pattern}) ([0-9a-f]{{32}})")
SECRET = re.compile(r"[A-Za-z0-9_-]{100,300}={0,2}")  # what follows a padding would be overlooked


class BadLink(Exception):
    """The link opens nothing: *status* and *sentence* of `wording` say why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status)
        self.status = status
        self.sentence = sentence


def make_secret(vault: Vault, token: str, conversation_id: str, now: datetime) -> str:
    """What stands behind the `#` of the link back to this conversation, which is at *token* now.

    A browser's token may come to hold another conversation, when this one has moved: the link doesn't open that.
    """
    return vault.seal(f"return {int((now + LINK_LIVES).timestamp())} {token} {conversation_id}").decode("ascii")


def read_secret(vault: Vault, secret: str, now: datetime) -> tuple[str, str]:
    """The token and the id of the conversation that *secret* was made for. Raises `BadLink`."""
    try:
        found = CONTENT.fullmatch(vault.unseal(secret.encode())) if SECRET.fullmatch(secret) else None
    except WrongKey:
        found = None
    if found is None:
        raise BadLink(404, wording.WEB_RETURN_FORGED)
    if now.timestamp() >= int(found[1]):
        raise BadLink(410, wording.WEB_RETURN_EXPIRED)
    return found[2], found[3]


def link(request: Request, chat: WebChat, token: str, conversation_id: str) -> str:
    """The whole return link, under the address that the asker uses."""
    scheme = "https" if chat.is_secure else "http"
    secret = make_secret(chat.vault, token, conversation_id, chat.clock())
    return f"{scheme}://{request.headers.get('host', '')}{PATH}#{secret}"


def routes(chat: WebChat, face: Face) -> list[BaseRoute]:
    """The page that a return link leads to, and the door to Telegram."""
    pages = _Pages(chat, face)
    return [
        Route(PATH, pages.page),
        Route(PATH, pages.open, methods=["POST"]),
        Route(TELEGRAM_PATH, pages.to_telegram),
    ]


class _Pages:
    def __init__(self, chat: WebChat, face: Face) -> None:
        self._chat = chat
        self._face = face

    async def page(self, request: Request) -> Response:
        """Where a link is opened, by a press."""
        return await self._page(request)

    async def open(self, request: Request) -> Response:
        """The conversation of the posted link: its cookie, and 303 to the chat. A kind page where it opens nothing."""
        if not is_same_origin(request.headers, request.headers.get("host", "")):
            return PlainTextResponse(wording.say(language_for(request, None), wording.WEB_BAD_FORM), 403)
        try:
            fields = await read_fields(request, frozenset({"link"}))
            token = await self._token(fields.get("link", ""))
        except (BadForm, BadLink) as fault:
            return await self._page(request, status=fault.status, error=fault.sentence)
        response = RedirectResponse("/#latest", status_code=303)
        set_cookie(self._chat, response, token, lasts=True)
        return response

    async def to_telegram(self, request: Request) -> Response:
        """To the bot in Telegram with a fresh code; nothing moves before the asker presses Start there."""
        asker = await visitor(self._chat, token_of(request))
        name = self._chat.telegram_name()
        if asker.talk is None or name is None:
            return RedirectResponse("/", status_code=303)
        code = moving.make_code(self._chat.vault, asker.talk.id, self._chat.clock())
        return RedirectResponse(f"https://t.me/{name}?start={code}", status_code=303)

    async def _token(self, pasted: str) -> str:
        """The token of the link that was *pasted*, whole or only its secret. Raises `BadLink`."""
        secret = pasted.strip().rpartition("#")[2]
        token, conversation_id = read_secret(self._chat.vault, secret, self._chat.clock())
        there = await visitor(self._chat, token)
        if there.talk is None:
            async with self._chat.store.read() as read:
                has_moved = await conversations.has_moved(read, channel=NAME, lookup=there.lookup)
            raise BadLink(410, wording.WEB_MOVED if has_moved else wording.WEB_RETURN_GONE)
        if there.talk.id != conversation_id:
            raise BadLink(410, wording.WEB_RETURN_GONE)
        return token

    async def _page(self, request: Request, *, status: int = 200, error: str | None = None) -> Response:
        asker = await visitor(self._chat, token_of(request))
        language = language_for(request, asker.talk)
        html = self._face.render(
            "return.html",
            language,
            path=PATH,
            error=wording.say(language, error) if error else "",
            has_conversation=asker.talk is not None,
        )
        return HTMLResponse(html, status, headers={"Referrer-Policy": "same-origin"})
