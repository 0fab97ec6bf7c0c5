"""Every request to the console comes in here: who is it, may they, is the form ours; and what happens when it isn't.

GET changes nothing but the audit log. A post needs the same origin, a session, the session's own form token and no
field that its route doesn't know.
"""

import hmac
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl, quote

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from admin.console import words
from admin.console.access import ACCESS, WITH_ONE_TIME_PASSWORD, WITHOUT_CODE
from admin.console.visit import Refused, Visit, environment, not_found
from admin.house import House
from bot.channels.web_security import is_same_origin, source_address
from bot.store import audit, sessions
from bot.store.engine import StoreUnavailable
from bot.store.sessions import Session

MAX_BODY_BYTES = 128 * 1024
MAX_FIELDS = 80
FORM_TYPE = "application/x-www-form-urlencoded"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
FORM_TOKEN = "form_token"  # noqa: S105 - the field's name
# What somebody has written at length: given back when it can't be taken.
KEPT_FIELDS = ("text", "answer", "note", "text_fi", "text_sv", "text_en")
WRITTEN_ON = re.compile(r"/console/(?:tickets/[0-9a-f]{32}|faq/[a-z0-9-]+/[a-z]{2})(?=/|$)")  # the page of such a form

Handler = Callable[[Visit], Awaitable[Response]]

log = structlog.get_logger()


class FrontDoor:
    """Makes routes that let in whom the access table names, and answers for everybody else."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._pages = environment()

    def route(self, name: str, path: str, handler: Handler, *, fields: tuple[str, ...] | None = None) -> Route:
        """A route of the access table: by GET, or by POST when it has *fields* (perhaps none)."""
        is_post = fields is not None
        known = frozenset([*(fields or ()), FORM_TOKEN])

        async def enter(request: Request) -> Response:
            visit = Visit(self._house, self._pages, request, self._house.clock())
            try:
                if self._house.settings.is_insecure:
                    raise Refused(403, "insecure")
                if is_post:
                    visit = await _with_form(visit)
                session = await self._session(request, visit.now)
                with audit.coming_from(_origin(visit)):
                    return await self._let_in(
                        name, replace(visit, session=session), handler, known if is_post else None
                    )
            except Refused as refusal:
                return refuse(visit, refusal.status, refusal.why)
            except StoreUnavailable:
                log.warning("store_unavailable", path=name)
                return refuse(visit, 503, "away")
            except Exception as error:
                # Neither the advisor nor the log gets the message: it may quote an asker.
                where = traceback.extract_tb(error.__traceback__)[-1]
                fault = f"{type(error).__name__} at {where.filename}:{where.lineno}"
                log.error("console_fault", path=name, fault=fault)
                return refuse(visit, 500, "fault")

        return Route(path, enter, methods=["POST" if is_post else "GET"], name=name)

    async def _let_in(self, name: str, visit: Visit, handler: Handler, known: frozenset[str] | None) -> Response:
        who, session, is_post = ACCESS[name], visit.session, known is not None
        if who is not None:
            if session is None:
                return _log_in_first(visit, is_post=is_post)
            if visit.lacks_code and name not in WITHOUT_CODE:
                return visit.go(f"/console/code?to={quote(visit.request.url.path)}")
            if session.account.role not in who:
                raise not_found()
            # The code comes first, lest somebody who only knows the one-time password chooses another.
            chooses_password = session.account.must_change_password and not visit.lacks_code
            if chooses_password and name not in WITH_ONE_TIME_PASSWORD:
                return visit.go("/console/password")
            if is_post and not hmac.compare_digest(
                visit.form.get(FORM_TOKEN, "").encode(), session.form_token.encode()
            ):
                raise Refused(403, "old_form")
        if known is not None and not visit.form.keys() <= known:
            raise Refused(400, "bad_form")
        if session is not None and not is_automatic(visit.request):
            await self._note_activity(session, visit.now)
        return await handler(visit)

    async def _session(self, request: Request, now: datetime) -> Session | None:
        token = request.cookies.get(cookie_name(self._house), "")
        if not TOKEN.fullmatch(token):
            return None
        async with self._house.store.read() as read:
            return await sessions.find(read, token, now)

    async def _note_activity(self, session: Session, now: datetime) -> None:
        if now - session.seen_at < sessions.TOUCH_EVERY:
            return
        async with self._house.store.write() as tx:
            await sessions.touch(tx, session.token_hash, now)

    async def refused(self, request: Request, status: int) -> Response:
        """The page for an address that no route has, or not by this method."""
        visit = Visit(self._house, self._pages, request, self._house.clock())
        return refuse(visit, status, {404: "not_found", 405: "bad_method"}.get(status, "fault"))


def cookie_name(house: House) -> str:
    """The session cookie's name; the prefix makes browsers insist on https and on this very host."""
    return "__Host-koppi-console" if house.settings.address.startswith("https:") else "koppi-console"


def is_automatic(request: Request) -> bool:
    """Whether the open page asks by itself: nobody's activity, or a session would never end."""
    return request.headers.get("x-requested-with") == "refresh" or "text/event-stream" in request.headers.get(
        "accept", ""
    )


def refuse(visit: Visit, status: int, why: str) -> Response:
    """A page that says what happened and what to do, and gives back what was written."""
    response = visit.render("error.html", status, why=why, kept=_kept(visit.form))
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _origin(visit: Visit) -> str:
    """For the audit log: a browser, and a network address by which nobody is found but which shows a strange one."""
    house, request = visit.house, visit.request
    source = source_address(request, is_behind_proxy=house.settings.public_url is not None)
    return f"{words.device(request.headers.get('user-agent', ''))} · {house.vault.lookup('audit-origin', source)[:8]}"


def _log_in_first(visit: Visit, *, is_post: bool) -> Response:
    """The way to the log-in page; for what was written or asked by the page itself, 401 with the text given back."""
    path = visit.request.url.path
    if not is_post and not is_automatic(visit.request):
        return visit.go(f"/console/login?to={quote(path)}")
    written_on = WRITTEN_ON.match(path)
    to = written_on[0] if written_on else "/console/"
    return visit.render("login.html", 401, why="ended", name="", until=None, to=to, kept=_kept(visit.form))


def _kept(form: Mapping[str, str]) -> str:
    return "\n\n".join(form[name] for name in KEPT_FIELDS if form.get(name))


async def _with_form(visit: Visit) -> Visit:
    request = visit.request
    if not is_same_origin(request.headers, request.headers.get("host", "")):
        raise Refused(403, "cross_site")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise Refused(415, "bad_form")
    body = bytearray()
    async for chunk in request.stream():  # counted as it comes: Content-Length may be absent or lie
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, "too_large")
    try:
        pairs = parse_qsl(
            bytes(body).decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Refused(400, "bad_form") from error
    # PostgreSQL takes no NUL, and nobody means one.
    form = {name: value.replace("\r\n", "\n").replace("\0", "\ufffd") for name, value in pairs}
    if len(form) != len(pairs):
        raise Refused(400, "bad_form")
    return replace(visit, form=form)
