"""`python -m tests.releases.upgrading URL MIGRATIONS`: the upgrade alone, as a process that can be killed in it."""

import asyncio
import sys
from pathlib import Path

from bot.store import migrate
from bot.store.engine import Store


def main() -> None:
    """Upgrade the database at the first argument by the migrations in the second."""
    asyncio.run(_upgrade(sys.argv[1], Path(sys.argv[2])))


async def _upgrade(url: str, migrations: Path) -> None:
    store = Store.at(url)
    await migrate.upgrade(store, migrations=migrations)
    await store.close()


if __name__ == "__main__":
    main()
