"""`python -m tests.releases VERSION`: keep an example of this version's database, for all later ones to upgrade.

Once a release; see docs/releasing.md.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.store import migrate
from bot.store.engine import Store
from tests.releases import keeping, rows
from tests.support import postgres


async def main(version: str) -> None:
    """Write `kept/VERSION/`: the same rows on SQLite and on PostgreSQL."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise SystemExit(f"{version!r} is no version; name one like 1.0.0")
    folder = keeping.KEPT / version
    if folder.exists():
        raise SystemExit(f"{version} is kept already; what was released does not change")
    for url in _databases():
        store = Store.at(url)
        await migrate.upgrade(store)
        async with store.write() as tx:
            await tx.connection.run_sync(rows.fill)
        await store.close()
        print(keeping.keep(url, folder))


def _databases() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite+aiosqlite:///{Path(folder) / 'koppi.sqlite3'}"
    with postgres.cluster() as cluster, cluster.database() as name:
        yield cluster.url(name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("which version? python -m tests.releases 1.0.0")
    asyncio.run(main(sys.argv[1]))
