"""A store for as long as a test needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.store.engine import Store


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The store at *url*; at the end no connection may be left out of its pool."""
    store = Store.at(url)
    yield store
    checked_out = [engine.pool.checkedout() for engine in (store.reader, store.writer)]  # type: ignore[attr-defined]
    await store.close()

    assert checked_out == [0, 0]
