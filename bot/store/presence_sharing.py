"""Telling the processes on one PostgreSQL of each other's marks of who is where: see `presence`.

By LISTEN and NOTIFY, so nothing is written down. What gets lost on the way delays and does no harm: a mark that is
renewed is told again, and ends by itself.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import psycopg
import structlog
from sqlalchemy import func, select

from bot.store.engine import Store, StoreUnavailable

CHANNEL = "koppi_presence"
LOOK_AGAIN_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
CONNECTS_WITHIN = 5  # seconds

log = structlog.get_logger()

Clock = Callable[[], datetime]


async def share(store: Store, clock: Clock) -> None:
    """Tell and hear until the service stops; on SQLite there is nobody else."""
    if not store.is_shared:
        return
    store.hub.presence.begin_telling()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_tell(store, clock))
        tasks.create_task(_hear(store, clock))


async def _tell(store: Store, clock: Clock) -> None:
    presence = store.hub.presence
    with store.hub.subscribe(presence.TO_TELL) as news:
        while not store.hub.is_stopping:
            if changes := presence.take_changes(clock()):
                try:
                    async with store.write() as tx:
                        for told in changes:
                            await tx.execute(select(func.pg_notify(CHANNEL, told)))
                except StoreUnavailable:
                    log.warning("store_unavailable", loop="presence")
                    await store.hub.pause(LOOK_AGAIN_SECONDS)
            await news.wait(HEARTBEAT_SECONDS)


async def _hear(store: Store, clock: Clock) -> None:
    """On a connection of its own: it waits for others all the time."""
    address = store.reader.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while not store.hub.is_stopping:
        try:
            connecting = psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=CONNECTS_WITHIN)
            async with await connecting as connection:
                await connection.execute(f"LISTEN {CHANNEL}".encode())
                while not store.hub.is_stopping:
                    async for heard in connection.notifies(timeout=LOOK_AGAIN_SECONDS):
                        store.hub.presence.hear(heard.payload, clock())
        except (psycopg.Error, OSError):  # without its message: it may hold the address
            log.warning("store_unavailable", loop="presence")
            await store.hub.pause(LOOK_AGAIN_SECONDS)
