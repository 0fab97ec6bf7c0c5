"""Bringing a database to the schema of this version."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 77_0101  # any number, the same in every process: one migrates, the others wait


class NewerSchema(Exception):
    """The database was written by a newer version of the service; running this one on it could lose data."""


async def upgrade(store: Store, *, to: str = "head", migrations: Path = MIGRATIONS) -> bool:
    """Bring the database to the revision *to*, in one transaction; True when there was something to do.

    Raises `NewerSchema`.
    """
    async with store.remaking_tables(), store.write() as tx, tx.patience():  # also with who else upgrades it just now
        if tx.dialect == "postgresql":
            await tx.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        return await tx.connection.run_sync(_upgrade, to, migrations)


@cache
def _script(migrations: Path) -> ScriptDirectory:
    """The migrations, which stay the same for as long as the process lives."""
    return ScriptDirectory.from_config(_config(migrations))


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return config


def require_known(revision: str, migrations: Path = MIGRATIONS) -> None:
    """Raises `NewerSchema` when this version does not know *revision*."""
    if revision not in {known.revision for known in _script(migrations).walk_revisions()}:
        raise NewerSchema(
            f"the database is at revision {revision}, which this version does not know; install the newer version again"
        )


def _upgrade(connection: Connection, to: str, migrations: Path) -> bool:
    script = _script(migrations)
    here = MigrationContext.configure(connection).get_current_revision()
    if here == script.get_current_head():
        return False
    if here is not None:
        require_known(here, migrations)
    config = _config(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    if connection.dialect.name == "sqlite" and (lost := connection.execute(text("PRAGMA foreign_key_check")).first()):
        raise RuntimeError(f"after the migration a row of {lost[0]} refers to a row of {lost[2]} that is not there")
    return True
