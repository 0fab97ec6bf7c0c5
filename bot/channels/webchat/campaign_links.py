"""`/k/CODE`: a campaign's link. It counts that somebody has opened it, nobody knows who, and leads to the chat.

The chat's address then carries the code to the first message; no cookie does, for nobody has asked anything yet. Nor
does a code that is unknown or over keep anybody out: a poster stays on the wall longer than its campaign.
"""

from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.forms import CAMPAIGN
from bot.channels.webchat.openings import Openings
from bot.store import campaigns
from bot.store.engine import StoreUnavailable
from knowledge.entry import LANGUAGES

PARAMETER = "k"

log = structlog.get_logger()


def code_in(request: Request) -> str | None:
    """The code that the chat's address carries, if it can be one."""
    code = request.query_params.get(PARAMETER, "")
    return code if CAMPAIGN.fullmatch(code) else None


def routes(chat: WebChat, openings: Openings) -> list[BaseRoute]:
    """The link; whatever stands behind it leads to the chat."""
    links = _Links(chat, openings)
    return [Route(f"{campaigns.LINK}{{code:path}}", links.follow)]


class _Links:
    def __init__(self, chat: WebChat, openings: Openings) -> None:
        self._chat = chat
        self._openings = openings

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
        if request.method == "GET":
            await self._openings.count(request, "opened", code)
        return True
