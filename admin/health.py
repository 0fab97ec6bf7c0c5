"""Liveness, readiness and metrics, for whoever watches the service; from this machine only."""

from datetime import timedelta

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from admin.house import House
from bot.store.engine import StoreUnavailable
from bot.store.schema import inbox, outbox, quarantine, ticket

MAX_INBOX_AGE = timedelta(seconds=60)
MAX_OUTBOX_AGE = timedelta(seconds=120)
MAX_POLL_AGE = timedelta(seconds=90)
LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})


def routes(house: House) -> list[BaseRoute]:
    """`/healthz` (alive), `/readyz` (able to work) and `/metrics` (Prometheus text, loopback only)."""

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        faults = await _faults(house)
        return JSONResponse({"ready": not faults, "faults": faults}, status_code=503 if faults else 200)

    async def metrics(request: Request) -> Response:
        if request.client is None or request.client.host not in LOOPBACK or "forwarded" in request.headers:
            return Response(status_code=404)
        if "x-forwarded-for" in request.headers:  # a proxy on this machine asks for somebody outside
            return Response(status_code=404)
        return PlainTextResponse(await _metrics(house), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)]


async def _faults(house: House) -> list[str]:
    now = house.clock()
    faults = [] if house.bookshelf.is_filled else ["the FAQ is not loaded yet"]
    try:
        async with house.store.read() as read:
            oldest_in = (
                await read.execute(select(func.min(inbox.c.received_at)).where(inbox.c.state == "open"))
            ).scalar()
            oldest_out = (
                await read.execute(
                    select(func.min(outbox.c.not_before)).where(outbox.c.state.in_(("queued", "sending")))
                )
            ).scalar()
    except StoreUnavailable:
        return [*faults, "the database can't be reached"]
    if oldest_in and now - oldest_in > MAX_INBOX_AGE:
        faults.append("messages wait to be handled")
    if oldest_out and now - oldest_out > MAX_OUTBOX_AGE:
        faults.append("replies wait to be sent")
    health = house.telegram.health if house.telegram else None
    if health and health.silent_since and now - health.silent_since > MAX_POLL_AGE:
        faults.append(f"Telegram: {health.trouble or 'no answer'}")
    return faults


async def _metrics(house: House) -> str:
    async with house.store.read() as read:
        inbox_states = {
            row.state: row.n
            for row in await read.execute(select(inbox.c.state, func.count().label("n")).group_by(inbox.c.state))
        }
        outbox_states = {
            row.state: row.n
            for row in await read.execute(select(outbox.c.state, func.count().label("n")).group_by(outbox.c.state))
        }
        uncertain = (
            await read.execute(select(func.count()).select_from(outbox).where(outbox.c.uncertain))
        ).scalar_one()
        quarantined = (await read.execute(select(func.count()).select_from(quarantine))).scalar_one()
        waiting = (
            await read.execute(select(func.count()).select_from(ticket).where(ticket.c.closed_at.is_(None)))
        ).scalar_one()
    lines = [f'koppi_inbox_items{{state="{state}"}} {n}' for state, n in sorted(inbox_states.items())]
    lines += [f'koppi_outbox_items{{state="{state}"}} {n}' for state, n in sorted(outbox_states.items())]
    lines += [
        f"koppi_outbox_uncertain_total {uncertain}",
        f"koppi_quarantined_total {quarantined}",
        f"koppi_tickets_open {waiting}",
    ]
    return "\n".join(lines) + "\n"
