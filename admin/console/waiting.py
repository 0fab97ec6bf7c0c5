"""What waits for somebody to take it, told to a page that listens: to count in its title, and to call."""

import json
from collections.abc import AsyncIterator

from sqlalchemy import select
from starlette.responses import Response

from admin.console.live import HEARTBEAT_SECONDS, SHARED_LOOK_SECONDS, event_stream, is_over
from admin.console.visit import Visit
from bot.store import sessions, tickets
from bot.store.schema import ticket

MOST = 1000  # as many as the queue counts


async def waiting(visit: Visit) -> Response:
    """Server-sent events: `waiting` with the ids of the tickets that nobody has, each with whether it is urgent.

    No text and no alias: what calls an advisor may be read over their shoulder. Ends with the session, by `ended`.
    """
    return event_stream(_stream(visit))


async def _stream(visit: Visit) -> AsyncIterator[str]:
    store, told = visit.house.store, ""
    longest = SHARED_LOOK_SECONDS if store.is_shared else HEARTBEAT_SECONDS
    free = select(ticket.c.id, ticket.c.urgent).where(ticket.c.closed_at.is_(None), ticket.c.account_id.is_(None))
    yield "retry: 2000\n\n"
    with store.hub.subscribe(tickets.TOPIC, sessions.TOPIC) as news:
        while not store.hub.is_stopping:
            async with store.read() as read:
                has_ended = await is_over(visit, read)
                rows = await read.execute(free.order_by(ticket.c.opened_at, ticket.c.id).limit(MOST))
                waits = json.dumps({row.id: row.urgent for row in rows})
            if has_ended:
                yield "event: ended\ndata: -\n\n"
                return
            if waits != told:
                yield f"event: waiting\ndata: {waits}\n\n"
                told = waits
            elif not await news.wait(longest):
                yield ": still here\n\n"
