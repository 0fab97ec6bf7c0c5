"""What was backed up while the service ran comes back whole, or not at all."""

import json
import sqlite3
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from admin import backup, invariants
from admin.auditing import lines
from bot import wording
from bot.settings import Settings
from bot.store import conversations
from bot.store.copying import NotCopied
from bot.store.engine import Store
from bot.store.migrate import NewerSchema
from bot.store.schema import metadata
from tests.support import postgres
from tests.support.clock import Clock
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import BULK
from tests.support.processes import Launch
from tests.support.processes import koppi as command

on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def settings_of(data_dir: Path, database: str | None) -> Settings:
    """An installation in *data_dir*."""
    return Settings(_env_file=None, data_dir=data_dir, database_url=SecretStr(database) if database else None)


async def everything(store: Store) -> dict[str, list[Any]]:
    """All rows of all tables."""
    async with store.read() as read:
        return {
            table.name: [tuple(row) for row in await read.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


@contextmanager
def elsewhere(request: pytest.FixtureRequest, data_dir: Path, database: str) -> Iterator[Settings]:
    """An empty installation of the same kind."""
    if database.startswith("sqlite"):
        yield settings_of(data_dir, None)
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgresql_cluster")
    with cluster.database() as name:
        yield settings_of(data_dir, cluster.url(name))


async def test_a_backup_of_the_running_service_comes_back_whole_and_who_was_erased_since_does_not(
    koppi: Koppi, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A disk dies, and nobody has lost a question; a wish to be forgotten outlives the disk, too."""
    for owners in ("service.yaml", "school_holidays.yaml"):
        (tmp_path / owners).write_text(f"of: {owners}\n", encoding="utf-8")
    file, told = tmp_path / "koppi.backup", list[float]()
    await koppi.asks(KNOWN)
    await koppi.sends_to_a_person(f"{UNKNOWN} …äö\t\\N\n€", BULK[0])
    await koppi.settles()
    before = await everything(koppi.store)
    backup.make(settings_of(tmp_path, database), file, koppi.clock(), told.append)
    await koppi.asks("/unohda", BULK[0])
    await koppi.presses(wording.BUTTON_ERASE, BULK[0])
    await koppi.hears(BULK[0])
    log = [line async for line in lines(koppi.store, 0)]
    with elsewhere(request, tmp_path / "new", database) as settings:
        restored = await backup.restore(settings, file, told.append)
        store = Store.at(settings.database)
        try:
            after, found = await everything(store), await invariants.violations(store, koppi.clock())
            again = await backup.erase_again(store, log, koppi.clock())
            forgotten = await everything(store)
            found += await invariants.violations(store, koppi.clock())
            async with store.write() as tx:
                talk_id = forgotten["conversation"][0][0]
                next_id = await conversations.add_message(tx, talk_id, "bot", "moi", koppi.clock())
        finally:
            await store.close()
        with pytest.raises(NotCopied, match="already"):
            await backup.restore(settings, file, told.append)

    assert after == before
    assert len(after["message"]) > 4
    assert next_id == after["message"][-1][0] + 1
    assert found == []
    assert restored.made_at.startswith("2026-11-24")
    for owners in ("service.yaml", "school_holidays.yaml"):
        assert (settings.data_dir / owners).read_text(encoding="utf-8") == f"of: {owners}\n"
    assert not list(settings.data_dir.glob(".restore*"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (again, len(forgotten["conversation"])) == (1, len(after["conversation"]) - 1)


@on_one_database
async def test_what_is_no_whole_backup_of_ours_leaves_nothing_behind(
    store: Store, database: str, clock: Clock, tmp_path: Path
) -> None:
    """Half a backup must not look like a whole one, nor a foreign archive write where it likes."""
    made, settings = tmp_path / "made", settings_of(tmp_path / "new", None)
    backup.make(settings_of(tmp_path, database), made, clock(), lambda _: None)
    whole = made.read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "changed").write_bytes(whole[:2000] + bytes(byte ^ 1 for byte in whole[2000:2050]) + whole[2050:])
    (tmp_path / "text").write_text("moi", encoding="utf-8")
    with tarfile.open(tmp_path / "hostile", "w:gz") as archive:
        archive.add(tmp_path / "text", "../escaped.yaml")
    for name in ("cut", "changed", "text", "hostile"):
        with pytest.raises(NotCopied, match="no whole backup"):
            await backup.restore(settings, tmp_path / name, lambda _: None)
    with pytest.raises(NotCopied, match="there is no"):
        await backup.restore(settings, tmp_path / "nowhere", lambda _: None)
    with pytest.raises(NotCopied, match="already"):
        backup.make(settings, made, clock(), lambda _: None)
    with pytest.raises(NotCopied, match="line 1"):
        await backup.erase_again(store, ["{}"], clock())

    assert list(settings.data_dir.iterdir()) == []
    assert not (tmp_path / "escaped.yaml").exists()


@on_one_database
async def test_a_backup_of_a_newer_version_is_refused(
    store: Store, database: str, clock: Clock, tmp_path: Path
) -> None:
    """Its tables may hold what this version would lose."""
    with sqlite3.connect(tmp_path / "later.sqlite3") as later:
        later.execute("CREATE TABLE alembic_version AS SELECT 'later' AS version_num")
    later.close()
    backup.make(settings_of(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/later.sqlite3"), tmp_path / "b", clock(), print)
    with pytest.raises(NewerSchema):
        await backup.restore(settings_of(tmp_path / "new", None), tmp_path / "b", print)

    assert list((tmp_path / "new").iterdir()) == []


async def test_the_commands_say_what_they_did_and_where_the_key_is(fork: Launch, tmp_path: Path) -> None:
    """Whoever restores at night reads two lines, not the manual."""
    await command(fork, tmp_path, "migrate")
    made = await command(fork, tmp_path, "backup", "b")
    back = await command(fork, tmp_path, "restore", "b", data_dir=str(tmp_path / "new"))
    refused = await command(fork, tmp_path, "restore", "b")
    with tarfile.open(tmp_path / "b") as archive:
        manifest = archive.extractfile("backup.json")
        assert manifest is not None
        kind = json.load(manifest)["database"]["kind"]
        names = archive.getnames()

    assert (made[0], "key" in made[1], back[0], "koppi check" in back[1]) == (0, True, 0, True), (made, back)
    assert (refused[0], refused[1].startswith("Error: there is a database already")) == (1, True), refused
    assert (kind, "koppi.key" in names) == ("sqlite", False)
