"""A store for as long as a test needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.engine import Store


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The store at *url*; at the end no connection may be left out of its pool.

    Stores at the same address, one after the other, have the same engines, which know the statements compiled before,
    and on PostgreSQL the same connections: a new one is a new process of the server's that knows no table yet.
    """
    store = Store(*_engines(url))
    yield store
    checked_out = [engine.pool.checkedout() for engine in (store.reader, store.writer)]  # type: ignore[attr-defined]
    if not store.is_shared:
        await store.close()

    assert checked_out == [0, 0]


@lru_cache(maxsize=4)
def _engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    store = Store.at(url)
    return store.reader, store.writer
