"""A database that hangs: it neither answers nor refuses, and whoever asks for something must not hang with it."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from bot.store import engine, postgresql_driver
from bot.store.engine import Store, StoreUnavailable

A_MOMENT = 0.1
LONG_ENOUGH = 5.0  # for a busy machine; without an end to its waiting, all of it is waited in vain

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
async def hasty(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store with connections of its own that gives up after a moment."""
    monkeypatch.setattr(postgresql_driver, "ANSWERS_WITHIN", A_MOMENT)
    monkeypatch.setattr(postgresql_driver, "PRESENT_WITHIN", A_MOMENT)
    store = Store.at(database)
    yield store
    await store.close()


@on_postgresql
@pytest.mark.postgresql
async def test_a_statement_that_nobody_answers_is_an_outage_and_the_next_one_is_answered(hasty: Store) -> None:
    """The server's own limit helps nobody when the server itself stands still."""
    async with asyncio.timeout(LONG_ENOUGH):
        with pytest.raises(StoreUnavailable):
            async with hasty.write() as tx:
                await tx.execute(select(func.pg_sleep(60)))
        async with hasty.read() as read:
            answer = (await read.execute(text("SELECT 1"))).scalar_one()

    assert answer == 1


@on_postgresql
@pytest.mark.postgresql
async def test_a_connection_whose_other_end_stands_still_is_replaced(hasty: Store) -> None:
    """As after a failover, or a firewall that has forgotten it: found out before anything is asked."""
    async with hasty.read() as read:
        other_end = (await read.execute(select(func.pg_backend_pid()))).scalar_one()
    os.kill(other_end, signal.SIGSTOP)
    try:
        async with asyncio.timeout(LONG_ENOUGH), hasty.read() as read:
            answered_by = (await read.execute(select(func.pg_backend_pid()))).scalar_one()
    finally:
        os.kill(other_end, signal.SIGCONT)

    assert answered_by != other_end


@on_postgresql
@pytest.mark.postgresql
async def test_what_says_that_it_takes_its_time_is_given_it_and_nobody_after_it(hasty: Store) -> None:
    """An upgrade of a million rows outlasts any asker's patience; on either side of the connection."""
    async with hasty.write() as tx, tx.patience():
        await tx.execute(select(func.pg_sleep(2 * A_MOMENT)))
        allowed = (await tx.execute(text("SHOW statement_timeout"))).scalar_one()
    async with hasty.write() as tx:
        later = (await tx.execute(text("SHOW statement_timeout"))).scalar_one()
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(LONG_ENOUGH), hasty.write() as other:
                await other.execute(select(func.pg_sleep(60)))

    assert (allowed, later) == ("0", "4s")


async def test_while_another_program_holds_sqlites_file_no_write_waits_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do those that stand behind it wait for each other's turn: an asker gets the numbers to call, not a blank."""
    monkeypatch.setitem(engine.SQLITE_PRAGMAS, "busy_timeout", 30)
    monkeypatch.setattr(engine, "TURN_WITHIN", A_MOMENT)
    path = tmp_path / "koppi.sqlite3"
    store = Store.at(f"sqlite+aiosqlite:///{path}")
    async with store.write() as tx:
        await tx.execute(text("CREATE TABLE held (number INTEGER)"))

    async def count(number: int) -> str:
        try:
            async with store.write() as tx:
                await tx.execute(text(f"INSERT INTO held VALUES ({number})"))
        except StoreUnavailable as outage:
            return str(outage)
        return "kept"

    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        while_held = await asyncio.gather(*(count(number) for number in range(20)))
        async with store.read() as read:
            seen = (await read.execute(text("SELECT count(*) FROM held"))).scalar_one()
        other.execute("ROLLBACK")
    other.close()
    afterwards = await count(21)
    await store.close()

    assert set(while_held) == {"OperationalError", "TimeoutError"}
    assert (seen, afterwards) == (0, "kept")
