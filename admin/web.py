"""The web server's one application: chat, console, webhook, health; headers and faults the same for all."""

import hmac
import json
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from admin import console, health
from admin.house import House
from admin.turns import Turns
from admin.two_hosts import TwoHosts
from bot.channels import telegram, webchat
from bot.channels.web_security import SecurityHeaders
from bot.channels.webchat import away
from bot.store.engine import StoreUnavailable

MAX_WEBHOOK_BYTES = 1024 * 1024


def build_app(house: House) -> ASGIApp:
    """The application of *house*, ready for a server."""
    routes: list[BaseRoute] = [
        *health.routes(house),
        *webchat.routes(
            webchat.WebChat(
                store=house.store,
                vault=house.vault,
                profile=house.profile,
                hours=house.hours,
                clock=house.clock,
                is_secure=house.settings.address.startswith("https:"),
                is_behind_proxy=house.settings.public_url is not None,
                telegram_name=lambda: house.telegram.username if house.telegram else None,
                language_of=lambda text: house.bookshelf.current.language_of(text),  # noqa: PLW0108 - `current` changes
                widget_origins=house.settings.framing_origins,
            )
        ),
        *console.routes(house),
    ]
    if house.telegram is not None:
        webhook = Route(telegram.WEBHOOK_PATH, _webhook(house, house.telegram), methods=["POST"])
        routes.insert(0, webhook)  # asked for the most, and routes are tried in turn
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=_hosts(house)),
            Middleware(TwoHosts, public=house.settings.address, console=house.settings.console_address),
        ],
        exception_handlers={StoreUnavailable: _away(house)},
    )
    # Around the whole application: as one of its middlewares it would miss what the others and a fault answer.
    return SecurityHeaders(
        Turns(app, _busy(house), is_behind_proxy=house.settings.public_url is not None),
        is_secure=house.settings.address.startswith("https:"),
        widget_origins=house.settings.framing_origins,
    )


def _hosts(house: House) -> list[str]:
    named = {urlsplit(url).hostname or "" for url in (house.settings.address, house.settings.console_address)}
    return sorted({"localhost", "127.0.0.1", "[::1]", house.settings.host, *(named - {""})})


def _away(house: House):  # type: ignore[no-untyped-def]
    numbers_to_call = _numbers_to_call(house, come_back_in=5)

    async def answer(_request: Request, _error: Exception) -> Response:
        """The database is away."""
        return numbers_to_call()

    return answer


def _busy(house: House) -> ASGIApp:
    numbers_to_call = _numbers_to_call(house, come_back_in=2)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        """Too many wait for a page."""
        await numbers_to_call()(scope, receive, send)

    return answer


def _numbers_to_call(house: House, *, come_back_in: int) -> Callable[[], Response]:
    """Makes the page for when we can't answer, in three languages; to be tried again in so many seconds."""
    page = away.page(house.profile)  # made at the start: an outage is no time to read files
    headers = {"Retry-After": str(come_back_in), "Content-Security-Policy": away.POLICY}
    return lambda: HTMLResponse(page, status_code=503, headers=headers)


def _webhook(house: House, channel: telegram.TelegramChannel):  # type: ignore[no-untyped-def]
    async def receive(request: Request) -> Response:
        """200 only once the update is committed; a wrong secret learns nothing by the time it takes."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), channel.webhook_secret.encode()):
            return Response(status_code=403)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_WEBHOOK_BYTES:
                return Response(status_code=413)
        try:
            update = json.loads(bytes(body))
        except (ValueError, RecursionError):
            return Response(status_code=400)
        await telegram.keep(house.store, house.vault, [update], house.clock())
        channel.took(update)
        return Response(status_code=200)

    return receive
