"""`python -m tests.bench --suppgram`: this service beside suppgram 0.0.13, which relays questions to agents' chats.

Both as processes on SQLite, by polling, on the same loopback Bot API server, in the same run, with suppgram in a
virtual environment made for it. It answers nothing by itself: what stands for its reply is its greeting to /start,
which does less than we do for a question (no database, no verdict). What it has kept is what stands in its database.
"""

import asyncio
import contextlib
import sqlite3
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge import library
from knowledge.base import KnowledgeBase
from tests.bench.running import percentile, row, service
from tests.support import processes, run_folder
from tests.support.fake_telegram import TOKEN, FakeTelegram

REQUIREMENTS = ("suppgram[sqlalchemy,telegram]==0.0.13", "aiosqlite")
QUESTION = "miten teen cv:n ku ei oo kokemusta"
RUNS = 5
BURST = 300
KILLED_AFTER = 2.0
SETTLED_AFTER = 4.0  # seconds without anything new


@dataclass(frozen=True)
class Peer:
    """One of the two. *greeted_by*: what it replies to by itself; *kept*: how many questions its database has."""

    name: str
    greeted_by: str
    running: Callable[[FakeTelegram, Path], AbstractAsyncContextManager[subprocess.Popen[bytes]]]
    kept: Callable[[Path], int]


async def main() -> None:
    """Print the table."""
    print("\n| what | measured | bar |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        python, cache = _made_for_it(Path(folder) / "venv"), Path(folder) / "cache"
        KnowledgeBase.build(library.load(), cache)
        peers = [
            Peer("this service", QUESTION, lambda telegram, data: _ours(cache, telegram, data), _kept_by_us),
            Peer("suppgram", "/start", lambda telegram, data: _suppgram(python, telegram, data), _kept_by_suppgram),
        ]
        for peer in peers:
            await _measure(peer, Path(folder) / peer.name.replace(" ", "-"))


def _made_for_it(folder: Path) -> Path:
    """The interpreter of a new virtual environment with suppgram in it."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


async def _measure(peer: Peer, data: Path) -> None:
    data.mkdir()  # noqa: ASYNC240 - nothing else waits for this loop yet
    async with FakeTelegram() as telegram, peer.running(telegram, data):
        await _replied(telegram, peer, range(1, 4))  # warms both up
        singly = [await _replied(telegram, peer, [10 + number]) for number in range(40)]
        row(
            f"{peer.name}: update to reply's request, one after another, median",
            f"{1000 * statistics.median(singly):.1f} ms (p95 {1000 * percentile(singly, 95):.1f})",
            "",
        )
        bursts = [await _replied(telegram, peer, range(1000 * run, 1000 * run + BURST)) for run in range(1, RUNS + 1)]
        row(f"{peer.name}: {BURST} at once, to the last reply, median", f"{statistics.median(bursts):.2f} s", "")
        telegram.latency = 0.2
        fifties = [await _replied(telegram, peer, range(9000 + 50 * run, 9050 + 50 * run)) for run in range(RUNS)]
        row(f"{peer.name}: 50 at once, each API call 200 ms, median", f"{statistics.median(fifties):.2f} s", "")
    lost = [await _lost(peer, data / f"killed {run}") for run in range(RUNS)]
    row(
        f"{peer.name}: of {BURST} questions lost by kill -9 after {KILLED_AFTER:.0f} s, {RUNS} times",
        ", ".join(map(str, lost)),
        "0",
    )


async def _replied(telegram: FakeTelegram, peer: Peer, chats: range | list[int]) -> float:
    """Seconds from the first message to the last reply."""
    began = time.perf_counter()
    for chat in chats:
        await telegram.says(chat, peer.greeted_by)
    await asyncio.gather(*(telegram.hears(chat, within=120) for chat in chats))
    return time.perf_counter() - began


async def _lost(peer: Peer, data: Path) -> int:
    """How many questions are in no database once all has settled after a kill."""
    data.mkdir()  # noqa: ASYNC240 - nothing else waits for this loop yet
    async with FakeTelegram() as telegram:
        async with peer.running(telegram, data) as process:
            await _replied(telegram, peer, [1])  # then it is asking for updates
            for number in range(BURST):
                await telegram.says(50_000 + number, f"{QUESTION} {number}")
            await asyncio.sleep(KILLED_AFTER)
            process.kill()
            process.wait()
        async with peer.running(telegram, data):
            before, since = peer.kept(data), time.monotonic()
            while telegram.unconfirmed or time.monotonic() - since < SETTLED_AFTER:
                await asyncio.sleep(0.2)
                if (now := peer.kept(data)) != before:
                    before, since = now, time.monotonic()
        return BURST - peer.kept(data)


@asynccontextmanager
async def _ours(cache: Path, telegram: FakeTelegram, data: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    run_folder.link_copy(cache, data / "cache")
    async with service(telegram, data, send_per_second="100000") as process:
        yield process


@asynccontextmanager
async def _suppgram(python: Path, telegram: FakeTelegram, data: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    runner = Path(__file__).with_name("suppgram_runner.py")
    with (data / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(python), "-P", str(runner), telegram.url, TOKEN, str(data / "suppgram.sqlite3")],
            stdout=log,
            stderr=log,
            cwd=data,
            env=processes.environment({}) | {"PYTHONPATH": ""},
        )
    try:
        await asyncio.sleep(0)
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def _kept_by_us(data: Path) -> int:
    return _count(data / "koppi.sqlite3", f"SELECT count(DISTINCT text) FROM message WHERE text LIKE '{QUESTION} %'")


def _kept_by_suppgram(data: Path) -> int:
    return _count(
        data / "suppgram.sqlite3",
        f"SELECT count(DISTINCT text) FROM suppgram_conversation_messages WHERE text LIKE '{QUESTION} %'",
    )


def _count(file: Path, statement: str) -> int:
    if not file.exists():
        return 0
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as connection:
        try:
            (number,) = connection.execute(statement).fetchone()
        except sqlite3.OperationalError:  # the tables are still to be made
            number = 0
    connection.close()
    return int(number)
