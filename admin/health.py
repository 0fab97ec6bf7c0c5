"""Liveness and readiness for whoever keeps the service up; metrics for this machine's users, or by token."""

import hmac
from datetime import datetime, timedelta

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from admin import metrics
from admin.house import House
from bot.channels.telegram import UNKNOWN_TO_TELEGRAM
from bot.store import inbox, outbox
from bot.store.engine import StoreUnavailable

MAX_INBOX_AGE = timedelta(seconds=60)
MAX_OUTBOX_AGE = timedelta(seconds=120)
MAX_POLL_AGE = timedelta(seconds=90)
MAX_REFUSED_AGE = timedelta(seconds=30)  # of the token: once may be a fault of Telegram's
WRITTEN_EVERY = timedelta(seconds=5)  # anybody may ask, and each write waits for the disk
TOPIC = "ready"  # of the count that a write is tried with
LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
OF_A_PROXY = ("forwarded", "x-forwarded-for")  # on this machine, asking for somebody outside


def routes(house: House) -> list[BaseRoute]:
    """`/healthz` (alive), `/readyz` (able to work) and `/metrics` (Prometheus text; this machine's, or by token)."""
    readiness = Readiness(house)

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        faults = await readiness.faults()
        return JSONResponse({"ready": not faults, "faults": faults}, status_code=503 if faults else 200)

    async def count(request: Request) -> Response:
        if not _may_read_metrics(request, house):
            return Response(status_code=404)
        return Response(await metrics.page(house), headers={"content-type": CONTENT_TYPE_LATEST})

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", count)]


def _may_read_metrics(request: Request, house: House) -> bool:
    """Whether they have the token, or are on this machine; to others the page is not there."""
    token = house.settings.metrics_token
    if token is not None:
        expected = f"Bearer {token.get_secret_value()}"
        if hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            return True
    is_here = request.client is not None and request.client.host in LOOPBACK
    return is_here and not any(name in request.headers for name in OF_A_PROXY)


class Readiness:
    """What keeps the service from its work."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._written_at: datetime | None = None

    async def faults(self) -> list[str]:
        """A line each; none when it can work. That something can be written is tried every few seconds at most."""
        house, now = self._house, self._house.clock()
        found = [] if house.bookshelf.is_filled else ["the FAQ is not loaded yet"]
        try:
            async with house.store.read() as read:
                oldest_in = (await inbox.backlog(read)).oldest
                overdue_since = await outbox.overdue_since(read)
        except StoreUnavailable:
            return [*found, "the database can't be reached"]
        if not await self._can_write(now):
            found.append("the database can't be written")
        if oldest_in and now - oldest_in > MAX_INBOX_AGE:
            found.append("messages wait to be handled")
        if overdue_since and now - overdue_since > MAX_OUTBOX_AGE:
            found.append("replies wait to be sent")
        return [*found, *self._telegram(now)]

    def _telegram(self, now: datetime) -> list[str]:
        health = self._house.telegram.health if self._house.telegram else None
        if health is None:
            return []
        if health.is_refused(now) and health.refused_since and now - health.refused_since > MAX_REFUSED_AGE:
            return [UNKNOWN_TO_TELEGRAM]
        if health.silent_since and now - health.silent_since > MAX_POLL_AGE:
            return [f"Telegram: {health.trouble or 'no answer'}"]
        return []

    async def _can_write(self, now: datetime) -> bool:
        if self._written_at is not None and timedelta() <= now - self._written_at < WRITTEN_EVERY:
            return True
        try:
            async with self._house.store.write() as tx:
                await tx.bump(TOPIC)
        except StoreUnavailable:
            return False
        self._written_at = now
        return True
