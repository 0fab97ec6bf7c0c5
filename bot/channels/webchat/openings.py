"""Counts that the chat, a campaign's link or the words for a friend have been opened: by whom stands nowhere.

The pages' own script tells of it, so what only fetches a page (a preview, a search engine, the service's own question)
is not counted, nor is a browser without script until its first message. Once a day a browser, known by a salted hash in
this process's memory; so often a day a network, for a loop must not make a service look visited.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.channels.web_security import source_address
from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.forms import CAMPAIGN, BadForm, read_from_script
from bot.channels.webchat.pace import DailyHash
from bot.channels.webchat.posts import NAME
from bot.channels.webchat.visitor import language_for
from bot.store import campaigns, events
from bot.store.engine import StoreUnavailable
from bot.store.events import Opening

A_DAY = 60  # of each kind from one network: a class that tries it together
A_DAY_SIDE_BY_SIDE = 600  # of each kind from the networks that one line may have rented: a /48, or 256 addresses
MOST_NETWORKS = 20_000  # a day: a town's young come from fewer, and memory has an end
MOST_A_DAY = 50_000  # of each kind from everywhere: more is no town
PREVIEWS = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|preview|facebookexternalhit|^whatsapp/|vkshare|embedly|\+https?://|headless|"
    r"^(curl|wget|python|go-http|java|okhttp|axios|node)\b",
    re.IGNORECASE,
)

log = structlog.get_logger()


def is_automatic(headers: Mapping[str, str]) -> bool:
    """Whether a program fetches the link ahead of any reader, as far as it says so: every browser has a name."""
    agent = headers.get("user-agent", "")
    is_ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    return not agent or is_ahead or PREVIEWS.search(agent) is not None


class Gate:
    """What is counted today."""

    def __init__(self) -> None:
        self._hashes = DailyHash()
        self._day: date | None = None
        self._networks: dict[str, Counter[Opening]] = {}
        self._side_by_side: dict[str, Counter[Opening]] = {}
        self._counted: Counter[Opening] = Counter()
        self._browsers: set[tuple[Opening, str]] = set()

    def lets(self, kind: Opening, address: str, browser: str, day: date) -> bool:
        """Whether one more opening of this *kind* counts; *browser* is empty where each time does."""
        if day != self._day:
            self._day, self._networks, self._side_by_side = day, {}, {}
            self._counted, self._browsers = Counter(), set()
        if self._counted[kind] >= MOST_A_DAY:
            return False
        network = self._hashes.of(address, day)
        so_far = self._networks.get(network)
        if so_far is None:
            if len(self._networks) >= MOST_NETWORKS:
                return False
            so_far = self._networks[network] = Counter()
        beside = self._side_by_side.setdefault(self._hashes.side_by_side(address, day), Counter())
        who = (kind, self._hashes.of(browser, day))
        is_over = so_far[kind] >= A_DAY or beside[kind] >= A_DAY_SIDE_BY_SIDE
        if is_over or (browser and who in self._browsers):
            return False
        so_far[kind] += 1
        beside[kind] += 1
        self._counted[kind] += 1
        if browser:
            self._browsers.add(who)
        return True


class Openings:
    """Writes down what the gate lets through."""

    def __init__(self, chat: WebChat) -> None:
        self._chat = chat
        self._gate = Gate()

    async def told(self, request: Request, kind: Opening, campaign: str | None = None, *, browser: str) -> Response:
        """What a page's script posts when somebody looks at it: 204, whether it counts or not.

        *campaign*: of what is always the same one's; else the page says by which link it was reached.
        """
        try:
            fields = await read_from_script(request, frozenset({"campaign"}))
        except BadForm as fault:
            return Response(status_code=fault.status)
        try:
            by = campaign or await self._running(fields.get("campaign", ""))
            await self.count(request, kind, by, browser=browser)
        except StoreUnavailable:
            log.warning("opening_not_counted")
        return Response(status_code=204)

    async def count(self, request: Request, kind: Opening, campaign: str | None, *, browser: str = "") -> None:
        """Write down one opening, if somebody looks and it counts. Raises `StoreUnavailable`."""
        now = self._chat.clock()
        today = now.astimezone(self._chat.hours.zone).date()
        address = source_address(request, is_behind_proxy=self._chat.is_behind_proxy)
        if is_automatic(request.headers) or not self._gate.lets(kind, address, browser, today):
            return
        around = events.Circumstances(now, self._chat.hours, NAME, language_for(request, None))
        async with self._chat.store.write() as tx:
            await events.record_opening(tx, kind, campaign, around)

    async def _running(self, code: str) -> str | None:
        """*code*, if it is that of a campaign that runs."""
        if not CAMPAIGN.fullmatch(code):
            return None
        today = self._chat.clock().astimezone(self._chat.hours.zone).date()
        async with self._chat.store.read() as read:
            return code if await campaigns.is_running(read, code, today) else None
