"""`/k/CODE`: a campaign's link. It counts that somebody has opened it, nobody knows who, and leads to the chat.

The chat's address then carries the code to the first message; no cookie does, for nobody has asked anything yet. Nor
does a code that is unknown or over keep anybody out: a poster stays on the wall longer than its campaign.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.web_security import source_address
from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.forms import CAMPAIGN
from bot.channels.webchat.pace import DailyHash, Pace
from bot.channels.webchat.posts import NAME
from bot.channels.webchat.visitor import language_for
from bot.store import campaigns, events
from bot.store.engine import StoreUnavailable
from knowledge.entry import LANGUAGES

PARAMETER = "k"
OPENINGS_A_MINUTE = 60  # from one network: a class that scans the poster together, and no loop
PREVIEWS = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|preview|facebookexternalhit|^whatsapp/|vkshare|embedly|\+https?://|"
    r"^(curl|wget|python|go-http|java|okhttp|axios|node)\b",
    re.IGNORECASE,
)

log = structlog.get_logger()


def code_in(request: Request) -> str | None:
    """The code that the chat's address carries, if it can be one."""
    code = request.query_params.get(PARAMETER, "")
    return code if CAMPAIGN.fullmatch(code) else None


def is_automatic(headers: Mapping[str, str]) -> bool:
    """Whether a program fetches the link ahead of any reader, as far as it says so: every browser has a name."""
    agent = headers.get("user-agent", "")
    is_ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    return not agent or is_ahead or PREVIEWS.search(agent) is not None


def routes(chat: WebChat) -> list[BaseRoute]:
    """The link; whatever stands behind it leads to the chat."""
    links = _Links(chat)
    return [Route(f"{campaigns.LINK}{{code:path}}", links.follow)]


class _Links:
    def __init__(self, chat: WebChat) -> None:
        self._chat = chat
        self._pace = Pace(OPENINGS_A_MINUTE, timedelta(minutes=1))
        self._networks = DailyHash()

    async def follow(self, request: Request) -> Response:
        """On to the chat, with the code when who comes by it is counted."""
        code: str = request.path_params["code"]
        asked = request.query_params.get("kieli")
        carried: dict[str, str] = {"kieli": asked} if asked in LANGUAGES else {}
        try:
            if CAMPAIGN.fullmatch(code) and await self._counts(request, code):
                carried[PARAMETER] = code
        except StoreUnavailable:
            log.warning("opening_not_counted")  # nobody who looks for help is kept out by a figure
        return RedirectResponse(f"/?{urlencode(carried)}" if carried else "/", status_code=303)

    async def _counts(self, request: Request, code: str) -> bool:
        """Whether the campaign runs; if so and somebody looks, that is written down."""
        now = self._chat.clock()
        today = now.astimezone(self._chat.hours.zone).date()
        async with self._chat.store.read() as read:
            if not await campaigns.is_running(read, code, today):
                return False
        network = self._networks.of(source_address(request, is_behind_proxy=self._chat.is_behind_proxy), today)
        is_read = request.method == "GET" and not is_automatic(request.headers)
        if is_read and self._pace.allows(network, secrets.token_hex(8), now):
            around = events.Circumstances(now, self._chat.hours, NAME, language_for(request, None))
            async with self._chat.store.write() as tx:
                await events.record_opening(tx, code, around)
        return True
