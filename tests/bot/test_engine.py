"""The doors to the database: what a commit promises, and what an outage looks like."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import migrate
from bot.store.engine import SQLITE_PRAGMAS, Store, StoreUnavailable
from bot.store.migrate import NewerSchema
from bot.store.schema import lease, metadata, revision_counter
from tests.support.people import LONG_AGO

TASKS, TURNS = 8, 40


async def test_no_update_is_lost_when_many_read_and_write_at_once(store: Store) -> None:
    """The driver's default loses most of them in silence: 41 of 320 survived when this was measured."""
    async with store.write() as tx:
        await tx.execute(revision_counter.insert().values(topic="counter", number=0))

    async def count_up() -> None:
        for _ in range(TURNS):
            async with store.write() as tx:
                row = await tx.execute(
                    select(revision_counter.c.number).where(revision_counter.c.topic == "counter").with_for_update()
                )
                await asyncio.sleep(0)  # whoever could slip in between reading and writing may
                await tx.execute(update(revision_counter).values(number=row.scalar_one() + 1))

    await asyncio.gather(*(count_up() for _ in range(TASKS)))
    async with store.read() as read:
        number = (await read.execute(select(revision_counter.c.number))).scalar_one()

    assert number == TASKS * TURNS


async def test_a_reader_cancelled_again_and_again_leaves_nothing_at_work(store: Store) -> None:
    """So ends every page that is left while its stream looks into the database; see the end of the fixture *store*."""
    for trips in range(12):
        with anyio.CancelScope() as left:
            async with store.read(brief=trips % 2 == 1) as read:
                await asyncio.gather(read.execute(select(revision_counter)), _after(trips, left.cancel))

    assert left.cancel_called


async def _after(turns: int, act: Callable[[], None]) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    act()


async def test_what_fails_in_a_transaction_leaves_nothing_and_tells_nobody(store: Store) -> None:
    """An announcement of what was undone would send people to look at nothing."""

    async def fail_in_a_transaction() -> None:
        async with store.write() as tx:
            await tx.bump("topic")
            raise ZeroDivisionError

    with store.hub.subscribe("topic") as news:
        with pytest.raises(ZeroDivisionError):
            await fail_in_a_transaction()
        is_told = await news.wait(0.01)
    async with store.read() as read:
        rows = (await read.execute(select(revision_counter))).all()

    assert (is_told, rows) == (False, [])


async def test_who_waits_is_told_after_the_commit_when_the_change_can_be_seen(store: Store) -> None:
    """A hint before the commit would be looked up too early, and the change found a second late."""
    with store.hub.subscribe("topic") as news:
        async with store.write() as tx:
            await tx.bump("topic")
            is_told_early = await news.wait(0.01)
        is_told = await news.wait(1)

    assert (is_told_early, is_told) == (False, True)


async def test_the_same_key_is_inserted_once(store: Store) -> None:
    """Every "exactly once" of the service stands on this."""
    row = {"name": "telegram-poll", "owner": "a", "expires_at": LONG_AGO}
    async with store.write() as tx:
        first, second = await tx.insert_once(lease, row), await tx.insert_once(lease, {**row, "owner": "b"})

    assert (first, second) == ("telegram-poll", None)


async def test_migrating_twice_changes_nothing(store: Store) -> None:
    """The service migrates at every start."""
    assert await migrate.upgrade(store) is False


async def test_the_migrations_make_exactly_the_schema(store: Store) -> None:
    """A column that only the schema knows would fail on the first upgraded database."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    async with store.write() as tx:
        differences = await tx.connection.run_sync(
            lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
        )

    assert differences == []


async def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    """Running an old version on it could lose what it does not know."""
    async with store.write() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchema, match="9999"):
        await migrate.upgrade(store)


@pytest.fixture
async def sqlite(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """A store on SQLite, for what only SQLite has."""
    store = Store.at(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    yield store
    await store.close()


@pytest.mark.parametrize("pragma", SQLITE_PRAGMAS)
async def test_both_doors_of_sqlite_have_every_pragma_that_keeps_what_is_committed(sqlite: Store, pragma: str) -> None:
    """With synchronous=NORMAL a power loss takes acknowledged messages; without foreign keys erasure misses rows."""
    async with sqlite.read() as read, sqlite.writer.connect() as writer:
        found = [(await door.execute(text(f"PRAGMA {pragma}"))).scalar() for door in (read, writer)]

    assert found == [SQLITE_PRAGMAS[pragma]] * 2


async def test_the_reading_door_of_sqlite_cannot_write(sqlite: Store) -> None:
    """Only the one writer may: a second one is how updates get lost."""
    with pytest.raises((OperationalError, DBAPIError, StoreUnavailable)):
        async with sqlite.read() as read:
            await read.execute(text("DELETE FROM inbox"))


async def test_a_database_that_is_away_is_an_outage_and_not_a_crash(tmp_path: Path) -> None:
    """Channels answer "try again" to this, and confirm nothing."""
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'no such folder' / 'koppi.sqlite3'}")
    with pytest.raises(StoreUnavailable):
        async with store.write():
            pass
    await store.reader.dispose()
    await store.writer.dispose()
    for thread in threading.enumerate():  # the driver's thread says goodbye to this loop, which must still be there
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5)


async def test_what_the_database_refuses_is_reported_without_what_was_written(sqlite: Store) -> None:
    """A driver's own message may hold an asker's words; ours names only the kind."""
    secret = "marker-words-of-an-asker"
    with pytest.raises(StoreUnavailable) as outage:
        async with sqlite.write() as tx:
            await tx.execute(text("SELECT * FROM no_such_table WHERE name = :words"), [{"words": secret}])

    assert str(outage.value) == "OperationalError"


async def test_a_statement_crosses_to_sqlites_thread_once(tmp_path: Path) -> None:
    """Four crossings a statement, as the driver makes them, were most of what a reply cost."""
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'koppi.sqlite3'}")
    async with store.reader.connect() as connection:
        await connection.execute(select(1))  # whatever is done once for each connection
        driver = (await connection.get_raw_connection()).driver_connection
        crossings = _count_puts(driver)
        rows = (await connection.execute(text("SELECT 1 UNION SELECT 2"))).all()
        crossed = len(crossings)
    await store.close()

    assert ([tuple(row) for row in rows], crossed) == ([(1,), (2,)], 1)


async def test_what_is_brief_crosses_to_sqlites_thread_to_commit_alone(tmp_path: Path) -> None:
    """A crossing costs more than the statement; and what waits for the disk must not stop the loop."""
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'koppi.sqlite3'}")
    async with store.write() as tx:
        await tx.execute(text("CREATE TABLE one (number INTEGER)"))
        crossings = _count_puts(await _driver(tx.connection))
    before = len(crossings)
    async with store.write(brief=True) as tx:
        begun = len(crossings)
        for number in range(3):
            await tx.execute(text("INSERT INTO one VALUES (:number)"), {"number": number})
        done = len(crossings)
    committed = len(crossings)
    async with store.read(brief=True) as read:
        read_before = len(_count_puts(await _driver(read)))
        rows = (await read.execute(text("SELECT number FROM one"))).scalars().all()
        read_after = len(_count_puts(await _driver(read)))
    await store.close()

    assert (begun - before, done - begun, committed - done) == (0, 0, 1)
    assert (rows, read_after - read_before) == ([0, 1, 2], 0)


async def test_a_write_waits_for_another_programs_in_sqlites_thread(tmp_path: Path) -> None:
    """The loop must not stand still meanwhile; and the write begins when the other one ends."""
    path = tmp_path / "koppi.sqlite3"
    store = Store.at(f"sqlite+aiosqlite:///{path}")
    async with store.write() as tx:
        await tx.execute(text("CREATE TABLE one (number INTEGER)"))
        driver = await _driver(tx.connection)
        crossings = _count_puts(driver)
    before = len(crossings)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.01, other.close)  # which a loop that stood still would never come to
    async with store.write(brief=True) as tx:
        begun = len(crossings) - before
        waits = (await tx.execute(text("PRAGMA busy_timeout"))).scalar_one()
    await store.close()

    assert (begun, waits) == (1, SQLITE_PRAGMAS["busy_timeout"])


async def test_what_may_take_long_in_a_brief_transaction_crosses_to_sqlites_thread(tmp_path: Path) -> None:
    """Erasing ten thousand messages stopped everybody else's conversation for a tenth of a second."""
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'koppi.sqlite3'}")
    async with store.write(brief=True) as tx:
        await tx.execute(text("CREATE TABLE one (number INTEGER)"))
        crossings = _count_puts(await _driver(tx.connection))
        async with tx.patience():
            await tx.execute(text("INSERT INTO one VALUES (1)"))
        long = len(crossings)
        await tx.execute(text("INSERT INTO one VALUES (2)"))
        brief = len(crossings) - long
    await store.close()

    assert (long, brief) == (1, 0)


async def test_after_a_cancelled_crossing_nothing_overtakes_it(tmp_path: Path) -> None:
    """SQLite's connection is one at a time: the thread may still be at work for whoever was cancelled."""
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'koppi.sqlite3'}")
    async with store.reader.connect() as connection:
        driver = await _driver(connection)
        with anyio.CancelScope() as left:
            left.cancel()
            await driver._execute(list)
        crossings = _count_puts(driver)
        with driver.brief():
            await driver._execute(list)  # by the thread, behind it
            await driver._execute(list)
        crossed = len(crossings)
    await store.close()

    assert crossed == 1


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


def _count_puts(driver: Any) -> list[object]:
    """What is put on the way to the thread of *driver* from now on, until its connection goes back to the pool."""
    put: list[object] = []
    queue = driver._tx

    class Counted:
        def put_nowait(self, job: object) -> None:
            put.append(job)
            queue.put_nowait(job)

    driver._tx = Counted()
    return put


async def test_a_file_that_somebody_else_writes_to_cannot_be_rewritten_just_now(tmp_path: Path) -> None:
    """Told as an outage: any other error would end the loop that cleans up, and the whole service with it."""
    path = tmp_path / "koppi.sqlite3"
    store = Store.at(f"sqlite+aiosqlite:///{path}")
    async with store.writer.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable):
            await store.rewrite()
    finally:
        other.close()
        await store.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_file_that_may_not_be_written_is_called_that(store: Store) -> None:
    """ "It can't be reached" sent the operator to look for a server."""
    with pytest.raises(StoreUnavailable, match="its file is read-only"):
        async with store.read() as read:
            await read.execute(revision_counter.insert().values(topic="x", number=1))
