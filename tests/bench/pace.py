"""`--pace`: the whole service against bots that only echo, on the same kind of loopback Bot API in the same run.

Saturated (all messages at once) by polling and by webhook, and at 100 messages a second; each bot is a process of its
own with a Bot API of its own, and their rounds alternate, so that a busy machine is busy for all. The processor time of
every process is named: one that comes near 100 % of a core is the bound. Everybody who writes has written before.

`--aiogram` adds aiogram's echo, from an environment made for it; `--postgresql` the service on PostgreSQL, as one
process and as two; `--quick` takes fewer messages and rounds, `--polling` or `--webhook` only those.
"""

import asyncio
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from knowledge import library
from knowledge.base import KnowledgeBase
from tests.bench.running import DATABASES, QUESTIONS, ROOT, percentile, seconds_used, service
from tests.support.fake_telegram import TOKEN

MODES = ("polling", "webhook")
PER_SECOND = 100
CACHE = "cache"
FIRST_CHAT = 1_000_000
FIRST_PORT = 8200
SETTLES_SECONDS = 0.5  # what is written down after the last reply belongs to the round
UNBOUND = {"send_per_second": "100000"}  # Telegram's own limit would be all that is measured
SERVICE, PTB, AIOGRAM = "the service", "python-telegram-bot's echo", "aiogram's echo"


@dataclass
class Measured:
    """Of each round: messages a second, waits in ms, and by process its ms of processor time a message."""

    rates: list[float] = field(default_factory=list)
    waits: list[list[float]] = field(default_factory=list)
    costs: list[dict[str, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages a second."""
        return statistics.median(self.rates)

    def wait(self, percent: int) -> float:
        """So many of a hundred waits are shorter, in ms."""
        return statistics.median(percentile(waits, percent) for waits in self.waits)

    def cost(self, process: str) -> float:
        """Of *process*, in ms a message."""
        return statistics.median(costs[process] for costs in self.costs)


@dataclass
class Bot:
    """One bot with the Bot API it talks to; *pids*: of "bot", "server" and, on PostgreSQL, "database"."""

    name: str
    mode: str
    api: str
    pids: dict[str, list[int]]
    saturated: Measured = field(default_factory=Measured)
    paced: Measured = field(default_factory=Measured)

    async def load(self, client: httpx.AsyncClient, messages: int, per_second: int, turn: int) -> None:
        """One round; its figures are kept unless *turn* is 0, in which everybody writes for the first time."""
        texts = [QUESTIONS[(number + turn) % len(QUESTIONS)] for number in range(messages)]
        asked = {"texts": texts, "first_chat": FIRST_CHAT, "per_second": per_second}
        before = self._used()
        answer: dict[str, Any] = (await client.post(f"{self.api}/load", json=asked)).raise_for_status().json()
        await asyncio.sleep(SETTLES_SECONDS)
        used = {name: seconds - before[name] for name, seconds in self._used().items()}
        if turn == 0:
            return
        kept = self.paced if per_second else self.saturated
        kept.rates.append(messages / answer["seconds"])
        kept.waits.append([1000 * wait for wait in answer["waits"]])
        kept.costs.append({name: 1000 * seconds / messages for name, seconds in used.items()})

    def _used(self) -> dict[str, float]:
        pids = {name: [one for pid in pids for one in (pid, *_children(pid))] for name, pids in self.pids.items()}
        return {name: sum(map(seconds_used, found)) for name, found in pids.items()}


async def main() -> None:
    """Print the tables."""
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    rounds, messages = (2, 100) if "--quick" in sys.argv else (5, 400)
    modes = [mode for mode in MODES if f"--{mode}" in sys.argv] or list(MODES)
    await measure(modes, rounds, messages)


async def measure(modes: list[str], rounds: int, messages: int) -> None:
    """Print the tables of these *modes*, medians of so many *rounds* of so many *messages*."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        KnowledgeBase.build(library.load(), folder / CACHE)  # once, for all that follow
        bots = [await stack.enter_async_context(made) for made in _bots(folder, modes)]
        async with httpx.AsyncClient(timeout=150) as client:
            for per_second in (0, PER_SECOND):
                for turn in range(rounds + 1):
                    for bot in bots:
                        await bot.load(client, messages, per_second, turn)
    _print(bots, rounds, messages)


def _bots(folder: Path, modes: list[str]) -> Iterator[AbstractAsyncContextManager[Bot]]:
    aiogram = _make_environment(folder / "aiogram", "aiogram") if "--aiogram" in sys.argv else None
    port = FIRST_PORT
    for mode in modes:
        yield _service(folder / mode, mode, port)
        yield _echo(PTB, [sys.executable, "-m", "tests.bench.echo_ptb"], mode, port + 1)
        if aiogram:
            yield _echo(AIOGRAM, [aiogram, "tests/bench/echo_aiogram.py"], mode, port + 2)
        port += 3
    if "--postgresql" in sys.argv:
        for processes in (1, 2):
            yield _on_postgresql(folder / f"{processes} processes", processes, port)
            port += processes


@asynccontextmanager
async def _service(data: Path, mode: str, port: int) -> AsyncIterator[Bot]:
    async with (
        _loopback() as (api, server),
        service(api, _made(data), port=port, telegram_mode=mode, **UNBOUND) as process,
    ):
        yield Bot(f"{SERVICE}, SQLite", mode, api, {"bot": [process.pid], "server": [server]})


@asynccontextmanager
async def _on_postgresql(data: Path, processes: int, port: int) -> AsyncIterator[Bot]:
    """By webhook: asking for updates is for one process alone. The Bot API posts to each in turn, as a proxy would."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(DATABASES["PostgreSQL"](data))
        api, server = await stack.enter_async_context(_loopback())
        pids = []
        for number in range(processes):
            settings = {"telegram_mode": "webhook", "database_url": url, "secret_key": "b" * 44, **UNBOUND}
            folder = _made(data / str(number))
            process = await stack.enter_async_context(service(api, folder, port=port + number, **settings))
            pids.append(process.pid)
        name = f"{SERVICE}, PostgreSQL, {processes} process{'es' if processes > 1 else ''}"
        yield Bot(name, "webhook", api, {"bot": pids, "server": [server], "database": [_postmaster(url)]})


@asynccontextmanager
async def _echo(name: str, command: list[str], mode: str, port: int) -> AsyncIterator[Bot]:
    async with _loopback() as (api, server):
        with _process([*command, mode, api, str(port), TOKEN]) as process:
            yield Bot(name, mode, api, {"bot": [process.pid], "server": [server]})


@asynccontextmanager
async def _loopback() -> AsyncIterator[tuple[str, int]]:
    with _process([sys.executable, "-m", "tests.bench.loopback"]) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def _made(folder: Path) -> Path:
    """A service's own folder, with the index fitted before."""
    kept = next(parent / CACHE for parent in folder.parents if (parent / CACHE).exists())
    shutil.copytree(kept, folder / CACHE)
    return folder


def _make_environment(folder: Path, package: str) -> str:
    """A virtual environment with *package*; its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package], check=True)
    return python


def _postmaster(url: str) -> int:
    """The first process of the server at *url*, by what listens on its socket."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as server:
        found = server.execute("SHOW data_directory").fetchone()
    assert found
    return int(Path(found[0], "postmaster.pid").read_text().split()[0])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _print(bots: list[Bot], rounds: int, messages: int) -> None:
    print(
        f"\nMedians of {rounds} rounds of {messages} messages; CPU in ms a message; × of python-telegram-bot's echo.\n"
    )
    print("| saturated | updates by | messages/s | × | CPU | × | database's CPU | server's CPU | server's core |")
    print("|---|---|---|---|---|---|---|---|---|")
    for bot in bots:
        kept, echo = bot.saturated, _echo_of(bots, bot).saturated
        database = f"{kept.cost('database'):.2f}" if "database" in bot.pids else ""
        print(
            f"| {bot.name} | {bot.mode} | {kept.rate:.0f} | {kept.rate / echo.rate:.2f} | {kept.cost('bot'):.2f} "
            f"| {kept.cost('bot') / echo.cost('bot'):.2f} | {database} | {kept.cost('server'):.2f} "
            f"| {kept.cost('server') * kept.rate / 1000:.0%} |"
        )
    print(f"\n| {PER_SECOND} messages a second | updates by | p50 ms | × | p95 ms | p99 ms | CPU | × |")
    print("|---|---|---|---|---|---|---|---|")
    for bot in bots:
        kept, echo = bot.paced, _echo_of(bots, bot).paced
        print(
            f"| {bot.name} | {bot.mode} | {kept.wait(50):.1f} | {kept.wait(50) / echo.wait(50):.2f} "
            f"| {kept.wait(95):.1f} | {kept.wait(99):.1f} | {kept.cost('bot'):.2f} "
            f"| {kept.cost('bot') / echo.cost('bot'):.2f} |",
            flush=True,
        )


def _echo_of(bots: list[Bot], bot: Bot) -> Bot:
    return next(other for other in bots if (other.name, other.mode) == (PTB, bot.mode))
