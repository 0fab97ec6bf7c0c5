"""A store for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.engine import Store

MOMENT_SECONDS = 5


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The store at *url*; at the end no connection may be left out of its pool, and no task at work.

    Stores at the same address, one after the other, have the same engines, which know the statements compiled before,
    and on PostgreSQL the same connections: a new one is a new process of the server's that knows no table yet.
    """
    store = Store(*_engines(url))
    before = asyncio.all_tasks()
    yield store
    checked_out = [engine.pool.checkedout() for engine in (store.reader, store.writer)]  # type: ignore[attr-defined]
    if not store.is_shared:
        await store.close()

    assert checked_out == [0, 0]
    assert await _at_work_still(asyncio.all_tasks() - before) == set()


async def _at_work_still(tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Those of *tasks* that do not end by themselves: a connection whose reader went away closes in a moment."""
    others = tasks - {asyncio.current_task()}
    return (await asyncio.wait(others, timeout=MOMENT_SECONDS))[1] if others else set()


@lru_cache(maxsize=4)
def _engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    store = Store.at(url)
    return store.reader, store.writer
