"""What stands before several processes: a proxy that spreads requests over those that are well, and counts."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

LOOKS_EVERY = 0.5  # seconds between two looks at whether a process is well
WELL_WITHIN = 1.0
MOST_BYTES = 2 * 1024 * 1024
OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


class Balancer:
    """Listens on *port* for the processes at *backends*' ports; a request whose process refuses goes to another one.

    `counts`: how often a process had to be passed over, and how often a request found none (`failed`), by its path.
    """

    def __init__(self, port: int, backends: Sequence[int]) -> None:
        self._port = port
        self._backends = list(backends)
        self._turn = 0
        self._unwell: set[int] = set()
        self.passed_over = 0
        self.failed: Counter[str] = Counter()
        self.served: Counter[int] = Counter()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._client = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=WELL_WITHIN),
        )  # fmt: skip
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "localhost", self._port).start()
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await self._client.close()
        await self._runner.cleanup()

    async def _look(self) -> None:
        """As a proxy's health check does: who does not answer soon gets nothing until it does."""
        while True:
            for port in self._backends:
                try:
                    async with (
                        asyncio.timeout(WELL_WITHIN),
                        self._client.get(f"http://localhost:{port}/readyz") as page,
                    ):
                        is_well = page.status == 200
                except (TimeoutError, aiohttp.ClientError):
                    is_well = False
                (self._unwell.discard if is_well else self._unwell.add)(port)
            await asyncio.sleep(LOOKS_EVERY)

    def _in_turn(self) -> list[int]:
        self._turn += 1
        first = self._turn % len(self._backends)
        turned = [*self._backends[first:], *self._backends[:first]]
        return sorted(turned, key=lambda port: port in self._unwell)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in OF_ONE_HOP]
        headers.append(("Host", request.host))
        for port in self._in_turn():
            try:
                asked = self._client.request(
                    request.method, f"http://localhost:{port}{request.raw_path}", headers=headers, data=body or None,
                    allow_redirects=False,
                )  # fmt: skip
                async with asked as answer:
                    self.served[port] += 1
                    return await self._give_back(request, answer)
            except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
                self.passed_over += 1  # it has not begun: another one may
            except aiohttp.ClientError:
                self.failed[request.path] += 1
                return web.Response(status=503)
        self.failed[request.path] += 1
        return web.Response(status=503)

    async def _give_back(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        given = web.StreamResponse(status=answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in OF_ONE_HOP:
                given.headers.add(name, value)
        if "content-length" in answer.headers and request.method != "HEAD":
            given.content_length = int(answer.headers["content-length"])
        await given.prepare(request)
        with contextlib.suppress(ConnectionError):  # whoever asked has gone
            async for chunk in answer.content.iter_any():
                await given.write(chunk)
        return given
