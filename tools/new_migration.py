"""Write the migration that leads to today's `bot/store/schema.py`: `tools/new_migration.py 0002 "What changes"`."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

MIGRATIONS = Path(__file__).parents[1] / "bot" / "store" / "migrations"


def main(revision: str, message: str) -> None:
    """Upgrade an empty database to the newest revision and write what it lacks as *revision*."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine("sqlite://").connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, message=message, autogenerate=True, rev_id=revision)


if __name__ == "__main__":
    main(*sys.argv[1:3])
