"""`--pace`: the whole service against bots that only echo, on the same kind of loopback Bot API in the same run.

Saturated (all messages at once) by polling and by webhook, and at 100 messages a second; each bot is a process of its
own and rounds of all of them alternate, so that a busy machine is busy for all. The processor time of every process is
named: who comes near 100 % of a core is the bound. Everybody who writes has written before.

`--quick` takes fewer rounds, `--aiogram` adds aiogram's echo from a virtual environment made for it.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.bench.running import ROOT, percentile, seconds_used, service

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
MODES = ("polling", "webhook")
PER_SECOND = 100
FIRST_CHAT = 1_000_000
UNBOUND = {"send_per_second": "100000"}  # Telegram's own limit would be all that is measured


@dataclass
class Measured:
    """Of each round: messages a second, waits in ms, ms of processor time a message of the bot and of the server."""

    rates: list[float] = field(default_factory=list)
    waits: list[list[float]] = field(default_factory=list)
    bots: list[float] = field(default_factory=list)
    servers: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)  # the server's share of a core


@dataclass
class Bot:
    """One bot with the Bot API it talks to."""

    name: str
    mode: str
    api: str
    pids: list[int]
    server_pid: int
    saturated: Measured = field(default_factory=Measured)
    paced: Measured = field(default_factory=Measured)

    async def load(self, client: httpx.AsyncClient, messages: int, per_second: int, turn: int) -> None:
        """One round; its figures are kept unless *turn* is 0, in which everybody writes for the first time."""
        texts = [QUESTIONS[(number + turn) % len(QUESTIONS)] for number in range(messages)]
        before = [seconds_used(pid) for pid in (*self.pids, self.server_pid)]
        asked = {"texts": texts, "first_chat": FIRST_CHAT, "per_second": per_second}
        answer: dict[str, Any] = (await client.post(f"{self.api}/load", json=asked)).json()
        await asyncio.sleep(0.5)  # what is written down after the last reply belongs to it
        used = [seconds_used(pid) - was for pid, was in zip((*self.pids, self.server_pid), before, strict=True)]
        if turn == 0:
            return
        kept = self.paced if per_second else self.saturated
        kept.rates.append(messages / answer["seconds"])
        kept.waits.append([1000 * wait for wait in answer["waits"]])
        kept.bots.append(1000 * sum(used[:-1]) / messages)
        kept.servers.append(1000 * used[-1] / messages)
        kept.busy.append(used[-1] / answer["seconds"])


async def main() -> None:
    """Print the tables."""
    rounds, messages = (2, 200) if "--quick" in sys.argv else (5, 400)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bots = [await stack.enter_async_context(made) for made in _bots(folder)]
        async with httpx.AsyncClient(timeout=150) as client:
            for turn in range(rounds + 1):
                for bot in bots:
                    await bot.load(client, messages, 0, turn)
            for turn in range(rounds + 1):
                for bot in bots:
                    if turn:
                        await bot.load(client, messages, PER_SECOND, turn)
    _print(bots)


def _bots(folder: Path):  # type: ignore[no-untyped-def]
    modes = [mode for mode in MODES if f"--{mode}" in sys.argv] or list(MODES)
    for number, mode in enumerate(modes):
        (folder / mode).mkdir()
        yield _service(folder / mode, mode, 8200 + number)
        yield _echo("python-telegram-bot's echo", [sys.executable, "-m", "tests.bench.echo_ptb"], mode, 8210 + number)


@asynccontextmanager
async def _service(data: Path, mode: str, port: int) -> AsyncIterator[Bot]:
    async with _loopback() as (api, server_pid):
        settings = {"telegram_mode": mode, **UNBOUND}
        async with service(api, data, port=port, **settings) as process:
            yield Bot("the service", mode, api, [process.pid], server_pid)


@asynccontextmanager
async def _echo(name: str, command: list[str], mode: str, port: int) -> AsyncIterator[Bot]:
    async with _loopback() as (api, server_pid):
        with _process([*command, mode, api, str(port)]) as process:
            await asyncio.sleep(3)
            yield Bot(name, mode, api, [process.pid], server_pid)


@asynccontextmanager
async def _loopback() -> AsyncIterator[tuple[str, int]]:
    with _process([sys.executable, "-m", "tests.bench.loopback"]) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid


@contextlib.contextmanager
def _process(command: list[str]):  # type: ignore[no-untyped-def]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=None)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def _print(bots: list[Bot]) -> None:
    print("\n| bot | updates by | messages/s | CPU a message | server's CPU | server's share of a core |")
    print("|---|---|---|---|---|---|")
    for bot in bots:
        kept = bot.saturated
        print(
            f"| {bot.name} | {bot.mode} | {statistics.median(kept.rates):.0f} | {statistics.median(kept.bots):.2f} ms "
            f"| {statistics.median(kept.servers):.2f} ms | {statistics.median(kept.busy):.0%} |"
        )
    print(f"\n| bot at {PER_SECOND}/s | updates by | p50 | p95 | p99 | CPU a message |\n|---|---|---|---|---|---|")
    for bot in bots:
        kept = bot.paced
        at = [statistics.median(percentile(waits, percent) for waits in kept.waits) for percent in (50, 95, 99)]
        print(
            f"| {bot.name} | {bot.mode} | {at[0]:.1f} ms | {at[1]:.1f} ms | {at[2]:.1f} ms "
            f"| {statistics.median(kept.bots):.2f} ms |"
        )
