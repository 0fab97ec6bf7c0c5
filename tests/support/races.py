"""Two at once, without luck: wait until somebody stands at a lock that the test holds."""

import asyncio
from typing import Any

from sqlalchemy import text

from bot.store.engine import Store

STANDING_AT_A_LOCK = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def held_up(store: Store, *tasks: asyncio.Task[Any]) -> None:
    """Return once each of *tasks* waits for a lock or is done; SQLite lets nobody begin while somebody writes."""
    waiting = 0
    while store.is_shared and waiting < sum(not task.done() for task in tasks):
        async with store.read() as read:
            waiting = (await read.execute(STANDING_AT_A_LOCK)).scalar_one()
