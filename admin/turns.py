"""Pages are made by turns, a few at once and each source's in its turn: who asks for many keeps nobody else waiting.

One event loop does everything. With fifty pages under way at once, each of the few dozen steps between a question and
its answer waited for a step of fifty pages, and a browser that reads nothing can ask for as many as it likes: the
server makes the next one as soon as the last one is written. So only what is being made has a turn, and nothing that
waits for a reader. What is posted needs none: a question, an advisor's reply, Telegram's updates go first.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.web_security import source_address
from bot.channels.webchat.pace import network_of

AT_ONCE = 2  # while one waits for the database, another is made
HELD_SECONDS = 0.1  # a page takes some milliseconds; what takes so long waits for something else than its making
MOST_WAITING = 1000  # but for those whose first one it is: two floods would keep out everybody else
MOST_AT_ALL = 2000
MOST_OF_ONE = 500  # a school's may all open it in the same minute, and a proxy may tell us no addresses
NEEDS_NONE = frozenset({"/healthz", "/readyz", "/metrics"})  # ask whether we can bear what comes


class Turns:
    """Lets *app* answer what is asked for by GET in turns; *refuse* answers whom the line has no room for."""

    def __init__(
        self, app: ASGIApp, refuse: ASGIApp, *, is_behind_proxy: bool, held_seconds: float = HELD_SECONDS
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._is_behind_proxy = is_behind_proxy
        self._held_seconds = held_seconds
        self._free = AT_ONCE
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}  # of each source; the first of the first is next
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or scope["path"] in NEEDS_NONE:
            await self._app(scope, receive, send)
            return
        source = network_of(source_address(Request(scope), is_behind_proxy=self._is_behind_proxy))
        line = self._lines.get(source, ())
        if len(line) >= MOST_OF_ONE or self._waiting >= (MOST_WAITING if line else MOST_AT_ALL):
            await self._refuse(scope, receive, send)
            return
        await self._wait(source)
        give_back = _once(self._pass_on)
        at_the_latest = asyncio.get_running_loop().call_later(self._held_seconds, give_back)

        async def send_what_is_made(message: Message) -> None:
            give_back()
            await send(message)

        try:
            await self._app(scope, receive, send_what_is_made)
        finally:
            at_the_latest.cancel()
            give_back()

    async def _wait(self, source: str) -> None:
        """Return with a turn, to be passed on."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(source, deque()).append(turn)
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had come to them already
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """The turn goes to the source that had none for longest; to nobody, where nobody waits."""
        while self._lines:
            source, line = next(iter(self._lines.items()))
            del self._lines[source]
            turn = line.popleft()
            self._waiting -= 1
            if line:
                self._lines[source] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """*act*, done at the first call alone."""
    is_left = [act]

    def do() -> None:
        if is_left:
            is_left.pop()()

    return do
