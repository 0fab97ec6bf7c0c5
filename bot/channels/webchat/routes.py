"""The chat's page, what it posts, and its event stream.

A post is committed to the inbox before it is answered; the page shows what the database holds. The stream only says
"something changed": the page then asks for what it lacks, so a missed event hides nothing.
"""

import contextlib
import math
import re
import secrets
from collections.abc import AsyncIterator, Mapping

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot import wording
from bot.channels.incoming import Sendable
from bot.channels.web_security import is_same_origin
from bot.channels.webchat import campaign_links, pages, returning, share, transcript, widget
from bot.channels.webchat.chat import HERE, Face, WebChat
from bot.channels.webchat.forms import BadForm, read_form, read_from_script, read_post
from bot.channels.webchat.limits import Limits
from bot.channels.webchat.openings import Openings
from bot.channels.webchat.posts import NAME, Post, as_body
from bot.channels.webchat.visitor import (
    FRAME,
    FRONT,
    Door,
    Visitor,
    known_token,
    language_for,
    new_token,
    set_cookie,
    token_of,
    visitor,
    visitor_in,
)
from bot.dialogue import Conversation
from bot.holdings import Gone, Holdings
from bot.store import conversations, inbox
from bot.store.engine import StoreUnavailable
from bot.store.presence import ASKER, Presence
from bot.store.schema import conversation as conversation_table
from bot.store.schema import inbox as inbox_table
from knowledge.entry import Language

HEARTBEAT_SECONDS = 15.0
SHARED_LOOK_SECONDS = 1.0
REPLY_WAIT_SECONDS = 3.0
REPLY_LOOK_SECONDS = 0.05


class WebChannel:
    """Delivery to the web chat: the message stands in the database already, and the open page is told by the commit."""

    name = NAME

    async def send(self, address: str, message: Sendable) -> None:
        """Nothing to do: a page that is open asks for it, one that is opened later finds it."""


def routes(chat: WebChat) -> list[BaseRoute]:
    """The chat's routes, from `/` on."""
    face = Face(chat)
    limits = Limits(chat)
    openings = Openings(chat)
    return [
        *_Pages(chat, face, limits, openings, FRONT).routes(),
        *returning.routes(chat, face),
        *campaign_links.routes(chat, openings),
        *pages.routes(chat, face),
        *share.routes(chat, face, openings),
        *(_Pages(chat, face, limits, openings, FRAME).routes() if chat.widget_origins else ()),
        *(widget.routes(chat) if chat.widget_origins else ()),
        Mount("/chat/static", _Static(directory=HERE / "static"), name="chat-static"),
    ]


class _Static(StaticFiles):
    """Files that a browser keeps and asks after each time: a page never meets the script of another version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


class _Pages:
    """The chat by one *door*."""

    def __init__(self, chat: WebChat, face: Face, limits: Limits, openings: Openings, door: Door) -> None:
        self._chat = chat
        self._face = face
        self._limits = limits
        self._openings = openings
        self._door = door
        self._holdings = Holdings(chat.store, chat.profile, chat.hours.zone)

    def routes(self) -> list[BaseRoute]:
        """The page, what its forms post to, and what its script asks for."""
        return [
            Route(self._door.page, self.page),
            Route(f"{self._door.base}/messages", self.fragment),
            Route(f"{self._door.base}/messages", self.post, methods=["POST"]),
            Route(f"{self._door.base}/events", self.events),
            Route(self._door.file, self.file),
            Route(f"{self._door.base}/typing", self.typing, methods=["POST"]),
            Route(f"{self._door.base}/opened", self.opened, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page: the log so far, the field, the ways out. Writes nothing, whoever looks."""
        return await self._page(request, draft=await self._draft_in(request))

    async def _draft_in(self, request: Request) -> str:
        """The question of the asker's own card that `?luonnos=message:ordinal` names, for a page without script."""
        found = re.fullmatch(r"(\d{1,18}):(\d{1,2})", request.query_params.get("luonnos", ""), re.ASCII)
        asker = await self._asker(request) if found else None
        if found is None or asker is None or asker.talk is None:
            return ""
        async with self._chat.store.read() as read:
            pressed = await conversations.button(read, asker.talk.id, int(found[1]), int(found[2]))
        return pressed[0].value if pressed and pressed[0].verb == "draft" else ""

    async def fragment(self, request: Request) -> Response:
        """The messages from `?since=` on, that one included, as the page's own HTML; 205 when it isn't theirs.

        A page asks from a few messages back: on PostgreSQL a message may become visible after one with a higher id.
        410 with a word about it when the whole conversation has moved or has been erased; then its cookie goes, too.
        """
        given = request.query_params.get("since", "0")
        since = int(given) if re.fullmatch(r"[0-9]{1,18}", given) else 0
        asker, said = await self._look(token_of(request, self._door), since=since)
        language = language_for(request, asker.talk)
        if since and asker.talk is None and not said:
            if await self._has_moved(asker):
                return self._bare(wording.say(language, wording.WEB_MOVED), 410)
            response = self._bare(wording.say(language, wording.ERASED), 410)
            set_cookie(self._chat, response, new_token(), self._door, lasts=False)
            return response
        if since and (not said or said[0].id != since):
            return Response(status_code=205)
        lines = self._lines(said, language, is_whole_page=False)
        html = self._face.render("messages.html", language, lines=lines, is_whole_page=False, door=self._door)
        if keep := self._keep(request, asker):
            html += self._face.render("keep.html", language, keep=keep, door=self._door)
        return HTMLResponse(html)

    async def post(self, request: Request) -> Response:
        """One act of the asker, committed before it is confirmed: 303 to the page again, or 204 for its script."""
        if not is_same_origin(request.headers, request.headers.get("host", "")):
            return self._bare(wording.say(language_for(request, None), wording.WEB_BAD_FORM), 403)
        token = token_of(request, self._door)
        try:
            fields = await read_form(request)
            act = read_post(fields, token, language_for(request, None))
        except BadForm as fault:
            return await self._refuse(request, fault.status, fault.sentence, draft=fault.draft)
        if self._door.is_framed and known_token(request, self._door) is None:
            # The browser keeps no cookie here: a conversation that began now would be lost at once.
            draft = act.text if act.act == "say" else ""
            return await self._refuse(request, 409, wording.WEB_NO_COOKIE, draft=draft)
        try:
            return await self._take(request, act, token, fields["key"])
        except StoreUnavailable:
            return self._away(request, act, token, fields["key"])

    async def _take(self, request: Request, act: Post, token: str, form_key: str) -> Response:
        asker = await visitor(self._chat, token)
        body = as_body(act)
        key = self._chat.vault.lookup("form", asker.lookup, form_key, body)
        if sentence := self._limits.refusal(request, act, asker, key):
            return await self._refuse(request, 429, sentence, draft=act.text if act.act == "say" else "")
        await self._receive(body, asker, key)
        if _is_script(request):
            response = Response(status_code=204)
        else:
            await self._until_handled(key)
            if asker.talk is not None and (await self._asker(request)).talk is None:
                return await self._page(request, token=new_token(), notice=wording.ERASED)
            response = RedirectResponse(f"{self._door.page}#latest", status_code=303)
        set_cookie(self._chat, response, asker.token, self._door, lasts=True)
        return response

    async def typing(self, request: Request) -> Response:
        """The asker writes (`on`), or has stopped (`off`): no word of what. Only whoever has their question sees it."""
        try:
            fields = await read_from_script(request, frozenset({"typing"}))
        except BadForm as fault:
            return Response(status_code=fault.status)
        token = token_of(request, self._door)
        if not self._limits.takes_typing(self._chat.vault.lookup(NAME, token)):
            return Response(status_code=429)
        asker, presence, now = await visitor(self._chat, token), self._chat.store.hub.presence, self._chat.clock()
        if asker.talk is not None and asker.talk.ticket is not None:
            if fields.get("typing") == "on":
                presence.writes(asker.talk.ticket.id, ASKER, "", now)
            else:
                presence.stops_writing(asker.talk.ticket.id, ASKER, now)
        return Response(status_code=204)

    async def opened(self, request: Request) -> Response:
        """Somebody looks at the page. Nothing is written of who."""
        return await self._openings.told(request, "visited", browser=token_of(request, self._door))

    async def file(self, request: Request) -> Response:
        """All that is kept of the asker, as a file; to the chat for who has none, or comes from another site's page."""
        asker = await self._asker(request)
        is_ours = request.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}  # old browsers don't tell
        if asker.talk is None or not is_ours:
            return RedirectResponse(self._door.page, status_code=303)
        if not self._limits.takes_file(asker.lookup):
            return self._bare(wording.say(asker.talk.language, wording.WEB_SLOW_DOWN), 429)
        return StreamingResponse(
            self._parts(asker.talk),
            media_type="text/plain",
            headers={
                "Content-Disposition": f'attachment; filename="{wording.HOLDINGS_FILE}"',
                "Cache-Control": "no-store",
                "Cross-Origin-Resource-Policy": "same-origin",  # in the frame, too: only the chat's own page fetches it
            },
        )

    async def _parts(self, talk: Conversation) -> AsyncIterator[str]:
        with contextlib.suppress(Gone):  # erased meanwhile: what has gone out is all there will be
            async for part in self._holdings.parts(talk.id, self._chat.clock()):
                yield part

    async def events(self, request: Request) -> Response:
        """Server-sent events, until we stop: `changed` with the conversation's version, each time it grows; `typing`
        with a sentence on the advisor who writes, `quiet` when that ends.
        """
        asker = await self._asker(request)
        if not self._limits.takes_stream(asker.lookup):
            return Response(status_code=204)  # the browser then stops asking, and the page's script asks in turn
        return StreamingResponse(
            self._stream(asker.lookup),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
        )

    async def _stream(self, lookup: str) -> AsyncIterator[str]:
        store = self._chat.store
        self._limits.streams[lookup] += 1
        try:
            yield "retry: 2000\n\n"
            talk, seen, shown = None, -1, None
            while not store.hub.is_stopping:
                with store.hub.subscribe(*_topics(talk, lookup)) as news:
                    talk, version = await self._version(lookup)
                    writer, ends_in = self._writer(talk)
                    if version != seen:
                        yield f"id: {version}\nevent: changed\ndata: {version}\n\n"
                        seen = version
                    elif writer != shown:
                        yield f"event: {'typing' if writer else 'quiet'}\ndata: {writer or '-'}\n\n"
                        shown = writer
                    elif not await news.wait(
                        min(ends_in, SHARED_LOOK_SECONDS if store.is_shared else HEARTBEAT_SECONDS)
                    ):
                        yield ": still here\n\n"
        finally:
            self._limits.streams[lookup] -= 1
            if not self._limits.streams[lookup]:
                del self._limits.streams[lookup]

    async def _version(self, lookup: str) -> tuple[Conversation | None, int]:
        async with self._chat.store.read(brief=True) as read:
            talk = await conversations.find(read, channel=NAME, lookup=lookup)
            if talk is None:
                return None, 0
            row = await read.execute(select(conversation_table.c.version).where(conversation_table.c.id == talk.id))
            return talk, row.scalar() or 0

    def _writer(self, talk: Conversation | None) -> tuple[str | None, float]:
        """A sentence on the advisor who writes in the open ticket, and in how many seconds it is true no more."""
        if talk is None or talk.ticket is None:
            return None, math.inf
        presence, now = self._chat.store.hub.presence, self._chat.clock()
        name = presence.writer_to_asker(talk.ticket.id, now)
        sentence = wording.say(talk.language, wording.WEB_TYPING, name=name) if name else None
        return sentence, presence.seconds_left(now, talk.ticket.id)

    async def _asker(self, request: Request) -> Visitor:
        return await visitor(self._chat, token_of(request, self._door))

    async def _look(self, token: str, *, since: int = 0) -> tuple[Visitor, list[transcript.Said]]:
        """Who has *token* and what was said, both of one moment: an erasure must not come between them."""
        async with self._chat.store.read(brief=True) as read:
            asker = await visitor_in(read, self._chat, token)
            return asker, await transcript.said(read, self._chat.vault, asker.talk, asker.lookup, since=since)

    async def _has_moved(self, asker: Visitor) -> bool:
        async with self._chat.store.read(brief=True) as read:
            return await conversations.has_moved(read, channel=NAME, lookup=asker.lookup)

    def _keep(self, request: Request, asker: Visitor) -> Mapping[str, str | None] | None:
        """The ways back and on that are shown while a person is to answer; None otherwise."""
        if asker.talk is None or asker.talk.ticket is None:
            return None
        return {
            "link": returning.link(request, self._chat, asker.token, asker.talk.id),
            "days": str(returning.LINK_LIVES.days),
            # A tab of its own doesn't get the frame's cookie: there the link comes first, then Telegram.
            "telegram": returning.TELEGRAM_PATH if self._chat.telegram_name() and not self._door.is_framed else None,
        }

    def _lines(self, said: list[transcript.Said], language: Language, *, is_whole_page: bool) -> list[transcript.Line]:
        zone = self._chat.hours.zone
        today = self._chat.clock().astimezone(zone).date()
        return transcript.lines(said, zone, language, self._chat.language_of, today, is_whole_page=is_whole_page)

    async def _receive(self, body: str, asker: Visitor, key: str) -> None:
        """Commit an act to the inbox. The same form posted twice is one act.

        The *key* is its sender's own, and covers what was said: a browser that brings back an old form with new words
        in it loses none of them.
        """
        async with self._chat.store.write() as tx:
            await inbox.receive(
                tx,
                self._chat.vault,
                channel=NAME,
                key=key,
                sender=asker.lookup,
                body=body,
                now=self._chat.clock(),
            )

    async def _until_handled(self, key: str) -> None:
        """Give the reply a moment: a browser without script loads the page once, and it should stand there."""
        query = select(inbox_table.c.state).where(inbox_table.c.channel == NAME, inbox_table.c.key == key)
        for _ in range(int(REPLY_WAIT_SECONDS / REPLY_LOOK_SECONDS)):
            await self._chat.store.hub.pause(REPLY_LOOK_SECONDS)
            async with self._chat.store.read() as read:
                if (await read.execute(query)).scalar() != "open" or self._chat.store.hub.is_stopping:
                    return

    async def _refuse(self, request: Request, status: int, sentence: str, *, draft: str) -> Response:
        """What was wrong: words for the page's script, else the page again with them at the field, the draft kept."""
        if _is_script(request):
            return self._bare(wording.say(language_for(request, (await self._asker(request)).talk), sentence), status)
        try:
            return await self._page(request, status=status, error=sentence, draft=draft)
        except StoreUnavailable:
            return self._page_while_away(
                request, token_of(request, self._door), status=status, error=sentence, draft=draft
            )

    def _away(self, request: Request, act: Post, token: str, form_key: str) -> Response:
        """The database is away: what was written is given back, under its own key, lest it has arrived all the same."""
        sentence = wording.WEB_AWAY if act.act == "say" else wording.WEB_AWAY_PRESS
        if _is_script(request):
            response: Response = self._bare(wording.say(language_for(request, None), sentence), 503)
        else:
            draft = act.text if act.act == "say" else ""
            response = self._page_while_away(request, token, status=503, error=sentence, draft=draft, text_key=form_key)
        response.headers["Retry-After"] = "5"
        return response

    async def _page(
        self,
        request: Request,
        *,
        token: str | None = None,
        status: int = 200,
        error: str | None = None,
        notice: str | None = None,
        draft: str = "",
    ) -> Response:
        asker, said = await self._look(token or token_of(request, self._door))
        if notice is None and asker.talk is None and await self._has_moved(asker):
            notice = wording.WEB_MOVED
            asker = await visitor(self._chat, new_token())
        return self._whole_page(request, asker, said, status=status, error=error, notice=notice, draft=draft)

    def _page_while_away(
        self, request: Request, token: str, *, status: int, error: str, draft: str, text_key: str | None = None
    ) -> Response:
        """The page without what was said, while that can't be read: the fault, the draft, and the numbers to call."""
        nobody = Visitor(token, "", None)
        return self._whole_page(
            request, nobody, [], status=status, error=error, draft=draft, text_key=text_key, is_away=True
        )

    def _whole_page(
        self,
        request: Request,
        asker: Visitor,
        said: list[transcript.Said],
        *,
        status: int,
        error: str | None = None,
        notice: str | None = None,
        draft: str = "",
        text_key: str | None = None,
        is_away: bool = False,
    ) -> Response:
        language = language_for(request, asker.talk)
        page = self._face.render(
            "page.html",
            language,
            lines=self._lines(said, language, is_whole_page=True),
            is_whole_page=True,
            is_away=is_away,
            has_begun=bool(said) or is_away,  # a way to look again, whatever there will be to see
            act_key=secrets.token_urlsafe(16),
            text_key=text_key or secrets.token_urlsafe(16),
            error=wording.say(language, error) if error else "",
            notice=wording.say(language, notice) if notice else "",
            draft=draft,
            keep=self._keep(request, asker),
            campaign=campaign_links.code_in(request) or "",
            door=self._door,
            needs_own_tab=status == 409,
        )
        # The referrer stays with us either way; with no-referrer a form's own Origin would be "null", and refused.
        response = HTMLResponse(page, status, headers={"Referrer-Policy": "same-origin"})
        if known_token(request, self._door) != asker.token:
            # Before the first post, so that sending it twice is one conversation; gone with the browser until then.
            set_cookie(self._chat, response, asker.token, self._door, lasts=False)
        return response

    def _bare(self, text: str, status: int) -> Response:
        return PlainTextResponse(text, status)


def _topics(talk: Conversation | None, lookup: str) -> tuple[str, ...]:
    """What a page waits for; until the first message is handled, only that its conversation begins."""
    if talk is None:
        return (conversations.begun(NAME, lookup),)
    of_ticket = (Presence.topic(talk.ticket.id),) if talk.ticket else ()
    return (f"conversation:{talk.id}", *of_ticket)


def _is_script(request: Request) -> bool:
    return request.headers.get("x-requested-with") == "fetch"
