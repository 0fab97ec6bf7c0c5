"""What the tables share: the real service as a process, databases to fill, and lines of a table."""

import asyncio
import contextlib
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from tests.support import postgres
from tests.support.fake_telegram import TOKEN, FakeTelegram

ROOT = Path(__file__).parents[2]
PORT = 8197
STARTS_WITHIN = 180  # seconds
QUESTIONS = [
    "sain potkut saanko heti tukea",
    "rahat loppu mistä apua",
    "miten teen cv:n ku ei oo kokemusta",
    "oon 17 ja haluisin kesätöitä oulusta",
    "mitä jos en mee työkkärin tapaamiseen",
    "how do i get unemployment money",
    "voittaako kärpät tänään",
    "pomo ei oo maksanu palkkaa kahteen kuukauteen, mitä mä teen",
]


def on_each_database() -> Iterator[tuple[str, Path]]:
    """An empty database's address and a folder for the rest, for each kind, or that which the command names; with the
    heads of its table."""
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name, database in DATABASES.items():
        if len(sys.argv) > 2 and f"--{name.lower()}" not in sys.argv:
            continue
        with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as url:
            print(f"\n**{name}**\n\n| what | measured | bar |\n|---|---|---|")
            yield url, Path(folder)


def row(what: str, measured: str, bar: str) -> None:
    """Print one line of the table."""
    print(f"| {what} | {measured} | {bar} |", flush=True)


@asynccontextmanager
async def service(
    telegram: FakeTelegram | str, data: Path, *, port: int = PORT, **more: str
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The real service as a process of its own, ready; ended when the block ends. *more*: settings by their names.

    *telegram*: a Bot API, or its address.
    """
    settings = {
        "KOPPI_DATA_DIR": str(data),
        "KOPPI_PORT": str(port),
        "KOPPI_TELEGRAM_TOKEN": TOKEN,
        "KOPPI_TELEGRAM_API": telegram if isinstance(telegram, str) else telegram.url,
        **{f"KOPPI_{name.upper()}": value for name, value in more.items()},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "admin.cli", "serve"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient() as client:
            await until(lambda: is_ready(client, port), seconds=STARTS_WITHIN)
        yield process
    finally:
        process.terminate()
        process.wait(15)


async def is_ready(client: httpx.AsyncClient, port: int = PORT) -> bool:
    """Whether the service says it is."""
    with contextlib.suppress(httpx.HTTPError):
        return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    return False


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Return once *condition* holds; fail after so many *seconds*."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def megabytes(pid: int) -> float:
    """The resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def seconds_used(pid: int) -> float:
    """The processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], percent: int) -> float:
    """The value below which *percent* of *values* lie."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite+aiosqlite:///{folder / 'koppi.sqlite3'}"


@contextmanager
def _postgresql(_folder: Path) -> Iterator[str]:
    settings = {**postgres.AS_IN_EARNEST, "shared_buffers": "512MB", "max_wal_size": "4GB"}
    with postgres.cluster(**settings) as cluster, cluster.database() as name:
        yield cluster.url(name)


# The address of an empty database, for as long as the context lasts.
DATABASES: Mapping[str, Callable[[Path], AbstractContextManager[str]]] = {
    "SQLite": _sqlite,
    "PostgreSQL": _postgresql,
}
