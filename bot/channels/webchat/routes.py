"""The chat's page, what it posts, and its event stream.

A post is committed to the inbox before it is answered; the page shows what the database holds. The stream only says
"something changed": the page then asks for what it lacks, so a missed event hides nothing.
"""

import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot import wording
from bot.channels.incoming import MAX_TEXT, Sendable
from bot.channels.markup import as_web_html
from bot.channels.web_security import is_same_origin
from bot.channels.webchat.posts import NAME, Post, as_body
from bot.conversation import Conversation
from bot.hours import OpeningHours
from bot.profile import ServiceProfile
from bot.store import conversations, inbox
from bot.store.engine import Store
from bot.store.schema import account
from bot.store.schema import conversation as conversation_table
from bot.vault import Vault
from knowledge.entry import LANGUAGES, Language

COOKIE = "koppi"
COOKIE_DAYS = 90
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
FORM_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
MAX_BODY_BYTES = 64 * 1024
HEARTBEAT_SECONDS = 15.0
SHARED_LOOK_SECONDS = 1.0
HERE = Path(__file__).parent


@dataclass(frozen=True)
class WebChat:
    """What the pages need of the service."""

    store: Store
    vault: Vault
    profile: ServiceProfile
    hours: OpeningHours
    clock: Callable[[], datetime]
    is_secure: bool


class WebChannel:
    """Delivery to the web chat: the message stands in the database already, and the open page is told by the commit."""

    name = NAME

    async def send(self, address: str, message: Sendable) -> None:
        """Nothing to do: a page that is open asks for it, one that is opened later finds it."""


def routes(chat: WebChat) -> list[BaseRoute]:
    """The chat's routes, from `/` on."""
    pages = _Pages(chat)
    return [
        Route("/", pages.page),
        Route("/chat/messages", pages.fragment),
        Route("/chat/messages", pages.post, methods=["POST"]),
        Route("/chat/events", pages.events),
        Mount("/chat/static", StaticFiles(directory=HERE / "static"), name="chat-static"),
    ]


class _Pages:
    def __init__(self, chat: WebChat) -> None:
        self._chat = chat
        # Autoescape for every template whatever its name; an undefined value is an error, not a blank.
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )

    async def page(self, request: Request) -> Response:
        """The whole page: the log so far, the field, the ways out. Writes nothing, whoever looks."""
        token = _token(request)
        talk, said = await self._log(token)
        language = _language(request, talk)
        return HTMLResponse(
            self._render("page.html", language, messages=said, form_key=secrets.token_urlsafe(16), error=None, draft="")
        )

    async def fragment(self, request: Request) -> Response:
        """The messages after `?after=`, as the page's own HTML."""
        after = request.query_params.get("after", "0")
        talk, said = await self._log(_token(request), after=int(after) if re.fullmatch(r"\d{1,18}", after) else 0)
        return HTMLResponse(self._render("messages.html", _language(request, talk), messages=said))

    async def post(self, request: Request) -> Response:
        """One act of the asker, committed before it is confirmed: 303 back to the page, or 204 for the page's script."""
        if not is_same_origin(request.headers, request.headers.get("host", "")):
            return PlainTextResponse("Lomake ei tullut tältä sivulta. Avaa sivu uudelleen.", status_code=403)
        if int(request.headers.get("content-length", "0") or 0) > MAX_BODY_BYTES:
            return PlainTextResponse("Viesti on liian pitkä.", status_code=413)
        form = await request.form(max_files=0, max_fields=10, max_part_size=MAX_BODY_BYTES)
        token = _token(request) or secrets.token_urlsafe(32)
        post = _read_post(form, token, _language(request, None))
        if isinstance(post, str):
            return await self._refuse(request, form, wording_key=post)
        key = str(form.get("key", ""))
        if not FORM_KEY.fullmatch(key):
            return await self._refuse(request, form, wording_key=wording.WEB_BAD_FORM)
        await self._keep(post, key)
        response: Response = (
            Response(status_code=204)
            if request.headers.get("x-requested-with") == "fetch"
            else RedirectResponse("/#latest", status_code=303)
        )
        response.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_DAYS * 24 * 3600,
            httponly=True,
            secure=self._chat.is_secure,
            samesite="lax",
            path="/",
        )
        return response

    async def events(self, request: Request) -> Response:
        """Server-sent events: `changed` with the conversation's version, each time it grows. Ends when we stop."""
        token = _token(request)
        if token is None:
            return Response(status_code=204)  # the browser then stops asking
        return StreamingResponse(
            self._stream(token),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
        )

    async def _stream(self, token: str) -> AsyncIterator[str]:
        store = self._chat.store
        lookup = self._chat.vault.lookup(NAME, token)
        yield "retry: 2000\n\n"
        conversation_id, seen = None, -1
        while not store.hub.is_stopping:
            # Until the first message is handled there is no conversation to wait for, only that one begins.
            topic = f"conversation:{conversation_id}" if conversation_id else conversations.BEGUN
            with store.hub.subscribe(topic) as news:
                conversation_id, version = await self._version(lookup)
                if version != seen:
                    yield f"id: {version}\nevent: changed\ndata: {version}\n\n"
                    seen = version
                elif not await news.wait(SHARED_LOOK_SECONDS if store.is_shared else HEARTBEAT_SECONDS):
                    yield ": still here\n\n"

    async def _version(self, lookup: str) -> tuple[str | None, int]:
        async with self._chat.store.read() as read:
            talk = await conversations.find(read, channel=NAME, lookup=lookup)
            if talk is None:
                return None, 0
            row = await read.execute(select(conversation_table.c.version).where(conversation_table.c.id == talk.id))
            return talk.id, row.scalar() or 0

    async def _log(self, token: str | None, *, after: int = 0) -> tuple[Conversation | None, list[dict[str, Any]]]:
        if token is None:
            return None, []
        async with self._chat.store.read() as read:
            talk = await conversations.find(read, channel=NAME, lookup=self._chat.vault.lookup(NAME, token))
            if talk is None:
                return None, []
            said = await conversations.messages(read, talk.id, after=after)
            names = {row.id: row.name for row in await read.execute(select(account.c.id, account.c.name))}
        return talk, [self._shown(message, names) for message in said]

    def _shown(self, message: conversations.Message, names: Mapping[str, str]) -> dict[str, Any]:
        local = message.created_at.astimezone(self._chat.hours.zone)
        return {
            "id": message.id,
            "author": message.author,
            "name": names.get(message.account_id or ""),
            "html": as_web_html(message.text) if message.author == "bot" else None,
            "text": message.text,
            "buttons": [button["label"] for button in message.buttons],
            "time": f"{local.hour}.{local:%M}",
            "datetime": local.isoformat(timespec="minutes"),
        }

    async def _keep(self, post: Post, key: str) -> None:
        lookup = self._chat.vault.lookup(NAME, post.address)
        async with self._chat.store.write() as tx:
            await inbox.receive(
                tx,
                self._chat.vault,
                channel=NAME,
                key=self._chat.vault.lookup("form", lookup, key),  # a key is its sender's own
                sender=lookup,
                body=as_body(post),
                now=self._chat.clock(),
            )

    async def _refuse(self, request: Request, form: FormData, *, wording_key: str) -> Response:
        """The page again, with what was wrong at the field and the draft kept."""
        talk, said = await self._log(_token(request))
        language = _language(request, talk)
        page = self._render(
            "page.html",
            language,
            messages=said,
            form_key=secrets.token_urlsafe(16),
            error=wording.say(language, wording_key),
            draft=str(form.get("text", ""))[: 2 * MAX_TEXT],
        )
        return HTMLResponse(page, status_code=422)

    def _render(self, template: str, language: Language, **values: object) -> str:
        def say(name: str, **filled: str) -> str:
            return wording.say(language, getattr(wording, name), **filled)

        return self._templates.get_template(template).render(
            say=say,
            language=language,
            profile=self._chat.profile,
            examples=self._chat.profile.examples.get(language, []),
            greeting=as_web_html(wording.say(language, wording.GREETING)),
            hours_line=self._chat.hours.today_in_words(self._chat.clock(), language),
            **values,
        )


def _read_post(form: FormData, token: str, language: Language) -> Post | str:
    """The act that *form* asks for, or the name of what is wrong with it."""
    text, press, command = (str(form.get(name, "")) for name in ("text", "press", "command"))
    if press:
        found = re.fullmatch(r"(\d{1,18}):(\d{1,2})", press)
        if not found:
            return wording.WEB_BAD_FORM
        return Post(address=token, act="press", message_id=int(found[1]), ordinal=int(found[2]), language=language)
    if command:
        if not re.fullmatch(r"[a-z]{1,16}", command):
            return wording.WEB_BAD_FORM
        return Post(address=token, act="command", text=command, language=language)
    if not text.strip():
        return wording.EMPTY
    if len(text) > MAX_TEXT:
        return wording.TOO_LONG
    return Post(address=token, act="say", text=text, language=language)


def _token(request: Request) -> str | None:
    token = request.cookies.get(COOKIE, "")
    return token if TOKEN.fullmatch(token) else None


def _language(request: Request, talk: Conversation | None) -> Language:
    """The conversation's language, else the first that the browser asks for, else Finnish."""
    if talk is not None:
        return talk.language
    wanted = [part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")]
    return next((language for code in wanted for language in LANGUAGES if language == code), "fi")
