"""What was kept from each release becomes this version's database, rows and all; and so does one whose upgrade died."""

import asyncio
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, select, text

from bot.store import migrate
from bot.store.engine import Store
from bot.store.migrate import MIGRATIONS, NewerSchema
from bot.store.schema import metadata
from tests.releases import keeping, rows
from tests.support import postgres
from tests.support.processes import Launch, environment

Rows = dict[str, list[dict[str, Any]]]
# PostgreSQL writes the same rule in one way when it was made, and in another when it was kept and put back.
_CASTS = re.compile(r"::(text|character varying)(\[\])?|[()]")


@dataclass(frozen=True)
class Found:
    """What is in a database, whatever the code says: the rows of each table, and how it is made."""

    rows: Rows
    made: dict[str, set[str]]


def found(connection: Connection) -> Found:
    """Look at all tables but that of the revision."""
    there = MetaData()
    there.reflect(connection)
    tables = [table for table in there.sorted_tables if table.name != "alembic_version"]
    texts: dict[str, str] = {}
    if connection.dialect.name == "sqlite":
        listed = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        texts = {row.name: row.sql for row in listed}
    return Found(
        {
            table.name: sorted((dict(row._mapping) for row in connection.execute(select(table))), key=repr)
            for table in tables
        },
        {table.name: set(_parts(table, texts.get(table.name, ""))) for table in tables},
    )


def _parts(table: Table, text_of_sqlite: str) -> Iterator[str]:
    """Columns, constraints and indexes, and what SQLite alone knows, each as a line; the order of columns is none."""
    for column in table.columns:
        yield f"{column.name} {column.type!r} {column.nullable} {column.server_default is not None}"
    for constraint in table.constraints:
        rule = _CASTS.sub("", str(getattr(constraint, "sqltext", "")))
        more = [f"{key.target_fullname} {key.ondelete}" for key in getattr(constraint, "elements", ())]
        yield f"{type(constraint).__name__} {constraint.name} {rule} {list(constraint.columns.keys())} {more}"
    for index in table.indexes:
        where = sorted(_CASTS.sub("", f"{name} {value}") for name, value in index.dialect_kwargs.items())
        yield f"{index.name} {index.columns.keys()} {index.unique} {where}"
    yield from re.findall("AUTOINCREMENT|WITHOUT ROWID", text_of_sqlite)


def still_there(before: Rows, after: Rows) -> Rows:
    """The rows *after*, without the tables and columns that *before* does not know."""
    return {
        table: sorted(({name: row[name] for name in rows_before[0]} for row in after[table]), key=repr)
        for table, rows_before in before.items()
    }


@contextmanager
def empty_database(store: Store, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a database without a table, of the same kind as *store*."""
    if not store.is_shared:
        yield f"sqlite+aiosqlite:///{folder / 'upgraded.sqlite3'}"
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgresql_cluster")
    with cluster.database() as name:
        yield cluster.url(name)


@pytest.mark.parametrize("release", keeping.releases(), ids=lambda folder: folder.name)
async def test_the_database_of_a_release_is_upgraded_with_its_data(
    release: Path, store: Store, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Nobody can try an upgrade on somebody else's questions; a table made anew easily loses a rule."""
    with empty_database(store, request, tmp_path) as url:
        keeping.put_back(release, url)
        upgraded = Store.at(url)
        try:
            async with upgraded.read() as read:
                before = await read.run_sync(found)
            await migrate.upgrade(upgraded)
            async with upgraded.read() as read:
                after = await read.run_sync(found)
        finally:
            await upgraded.close()
    async with store.read() as read:
        new = await read.run_sync(found)

    assert all(before.rows.values())
    assert still_there(before.rows, after.rows) == before.rows
    assert after.made == new.made


async def test_an_upgrade_that_is_killed_is_begun_again_and_loses_nothing(
    store: Store, database: str, request: pytest.FixtureRequest, fork: Launch, tmp_path: Path
) -> None:
    """The power fails, or the operator loses patience: the database is as before, or upgraded, never in between."""
    migrations = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    shutil.copy(Path(__file__).with_name("made_up_second.py"), migrations / "versions" / "0002_made_up.py")
    kill = migrations / "versions" / "kill"
    kill.touch()
    async with store.write() as tx:
        await tx.connection.run_sync(rows.fill)
    keeping.keep(database, tmp_path)
    with empty_database(store, request, tmp_path) as url:
        keeping.put_back(tmp_path, url)
        output = tmp_path / "output"
        killed = await fork("tests.releases.upgrading", [url, str(migrations)], environment({}), tmp_path, output)
        code = await killed.wait()
        kill.unlink()
        one, other = Store.at(url), Store.at(url)
        try:
            async with one.read() as read:
                before = await read.run_sync(found)
            did = await asyncio.gather(*(migrate.upgrade(each, migrations=migrations) for each in (one, other)))
            async with one.read() as read:
                after = await read.run_sync(found)
            with pytest.raises(NewerSchema, match=r"0002.*install the newer version again"):
                await migrate.upgrade(one)
        finally:
            await one.close()
            await other.close()

    assert code == -signal.SIGKILL, output.read_text(encoding="utf-8")
    assert {table: len(kept) for table, kept in before.rows.items()} == dict.fromkeys(metadata.tables, 2)
    assert {row["text"] for row in before.rows["message"]} == {f"{rows.WORDS} 1", f"{rows.WORDS} 2"}
    assert sorted(did) == [False, True]
    assert still_there(before.rows, after.rows) == before.rows
    assert {name: made - after.made[name] for name, made in before.made.items() if made - after.made[name]} == {}
    assert [row["made_up"] for row in after.rows["asker"]] == [row["alias"] for row in after.rows["asker"]]
    if store.is_shared:
        assert after.rows["made_up"] == [{"patience": "0"}]  # a million rows take their time
