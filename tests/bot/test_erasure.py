"""What an asker has had erased is gone from the database's file, too."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import found, worker
from bot.store import conversations, erasure
from bot.store.engine import Store
from bot.vault import Vault
from knowledge import words_in_memory
from knowledge.safety import assess
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW

MARKER = "xqmarkkerix"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL cleans up by itself
async def test_after_an_erasure_the_file_is_written_anew(store: Store, vault: Vault, tmp_path: Path) -> None:
    """secure_delete leaves copies in pages where rows were moved: what was promised gone would still be there."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault, people.AINO, NOW)
        for number in range(400):
            await conversations.add_message(tx, talk.id, "asker", f"{MARKER} {number} " + "sana " * 40, NOW)
    cleaning = asyncio.create_task(worker.clean_up_after_erasures(store))
    await asyncio.sleep(0)  # so that it listens
    async with store.write() as tx:
        await erasure.erase(tx, talk.id)
    async with asyncio.timeout(10):
        while await _pages_left_empty(store):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    store.hub.stop()
    await cleaning

    assert [MARKER.encode() in content for content in _database_files(tmp_path)] == [False] * 3


def _database_files(folder: Path) -> list[bytes]:
    """The database, its log, and the log's index."""
    return [file.read_bytes() for file in folder.glob("koppi.sqlite3*")]


async def _pages_left_empty(store: Store) -> int:
    async with store.read() as read:
        return int((await read.execute(text("PRAGMA freelist_count"))).scalar_one())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # no table is looked at
async def test_after_an_erasure_no_single_word_is_remembered(store: Store) -> None:
    """What was worked out about words is kept, to be quick: a name somebody wrote would be found in it days later."""
    words_in_memory.forget()
    assess(f"{MARKER} katolla")
    set(found.keys(MARKER))
    assert words_in_memory.count() >= 4
    forgetting = asyncio.create_task(worker.forget_words(store))
    await asyncio.sleep(0)  # so that it listens
    async with store.write() as tx:
        tx.touch(erasure.TOPIC)
    async with asyncio.timeout(10):
        while words_in_memory.count():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
    store.hub.stop()
    await forgetting

    assert words_in_memory.count() == 0
