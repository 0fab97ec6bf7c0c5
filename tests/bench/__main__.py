"""`make bench`: how fast the service is on this machine, on real processes against a Telegram on loopback.

With `--console` the table of the console at full size instead, which takes some minutes; see `tests.bench.console`.
With `--figures` that of the figures over a million events; see `tests.bench.figures`.
With `--pace` the whole service against bots that only echo; see `tests.bench.pace`.
With `--suppgram` this service beside another that relays questions to people; see `tests.bench.suppgram`.
With `--growth` what an asker waits for after ten thousand and after a million messages; see `tests.bench.growth`.
With `--retrieval` the search beside others, into its page; see `tests.bench.retrieval`.
With `--large` the search in FAQs of up to a million phrasings; see `tests.bench.large`.

Every figure is the median of several runs in one go; what depends on the machine is also given as a ratio to a bare
echo bot (python-telegram-bot, no database, no FAQ) measured in the same run.
"""

import asyncio
import contextlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from telegram import Bot
from telegram.request import HTTPXRequest

from knowledge import library
from knowledge.base import KnowledgeBase
from tests.bench import broadcast, console, figures, growth, large, pace, retrieval, silence, suppgram
from tests.bench.running import QUESTIONS, megabytes, percentile, row, service
from tests.support.fake_telegram import TOKEN, FakeTelegram

ONE_DATABASE = ("--sqlite", "--postgresql")
TABLES: dict[str, tuple[Callable[[], Coroutine[Any, Any, None]], tuple[str, ...]]] = {
    "--console": (console.main, ONE_DATABASE),
    "--figures": (figures.main, ONE_DATABASE),
    "--growth": (growth.main, ONE_DATABASE),
    "--large": (large.main, ()),
    "--pace": (pace.main, ("--quick", "--polling", "--webhook", "--aiogram", "--postgresql")),
    "--retrieval": (retrieval.main, ()),
    "--suppgram": (suppgram.main, ()),
}
RUNS = 5
PAUSE_SECONDS = 0.05  # between two messages: quicker ones would measure the sending limit (KOPPI_SEND_PER_SECOND)


async def main() -> None:
    """Print the table."""
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| what | measured | bar |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        row("fit of the whole FAQ, CPU of its process", fit_seconds(data / "cache"), "≤ 3 s")
        row("verdict on one question, median", verdict_times(data / "cache"), "≤ 2 ms")
        async with FakeTelegram() as telegram, service(telegram, data):
            pass  # the first start fits the index and keeps it
        starts = [await seconds_to_ready(data) for _ in range(RUNS)]
        row("start to ready, index cached, median", f"{statistics.median(starts):.2f} s", "≤ 4 s")
        async with FakeTelegram() as telegram:
            echo = await echo_milliseconds(telegram)
        async with FakeTelegram() as telegram, service(telegram, data) as process:
            own = await round_milliseconds(telegram)
            ratio = statistics.median(own) / statistics.median(echo)
            row(
                "update to reply's request, durable, median",
                f"{statistics.median(own):.1f} ms (p95 {percentile(own, 95):.1f}), {ratio:.1f} × a bare echo bot",
                "≤ 25 ms",
            )
            bursts = [await seconds_for_fifty(telegram, first=1000 * run) for run in range(1, RUNS + 1)]
            row("50 people in one second, each API call 200 ms", f"{statistics.median(bursts):.2f} s", "≤ 3 s")
            row("resident memory after that", f"{megabytes(process.pid):.0f} MB", "≤ 250 MB")
        await broadcast.main(data)
    silence.print_rows()
    print()


def fit_seconds(cache: Path) -> str:
    """What fitting the FAQ costs once, imports and all."""
    before = os.times()
    KnowledgeBase.build(library.load(), cache)
    after = os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return f"{used:.1f} s"


def verdict_times(cache: Path) -> str:
    """The median and p99 of judging the questions, each many times."""
    base = KnowledgeBase.build(library.load(), cache)
    times = []
    for _ in range(100):
        for question in QUESTIONS:
            began = time.perf_counter()
            base.judge(question)
            times.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(times):.2f} ms (p99 {percentile(times, 99):.2f})"


async def echo_milliseconds(telegram: FakeTelegram) -> list[float]:
    """The round trips of a bot that only echoes: what the network and the client library cost by themselves."""
    bot = Bot(
        TOKEN,
        base_url=f"{telegram.url}/bot",
        request=HTTPXRequest(),
        get_updates_request=HTTPXRequest(read_timeout=35),
    )

    async def echo() -> None:
        offset = None
        while True:
            for update in await bot.get_updates(timeout=25, offset=offset):
                offset = update.update_id + 1
                if update.message and update.message.text:
                    await bot.send_message(update.message.chat.id, update.message.text)

    async with bot:
        echoing = asyncio.create_task(echo())
        times = await round_milliseconds(telegram)
        echoing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await echoing
    return times


async def round_milliseconds(telegram: FakeTelegram) -> list[float]:
    """From a message's arrival at Telegram to the reply's request, one after another, each from somebody else."""
    times = []
    for number in range(RUNS * 20):
        chat = 10_000 + number
        began = time.perf_counter()
        await telegram.says(chat, QUESTIONS[number % len(QUESTIONS)])
        await telegram.hears(chat, within=30)
        times.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    return times[10:]  # the first ones warm both sides up


async def seconds_for_fifty(telegram: FakeTelegram, *, first: int) -> float:
    """From the first of 50 messages to the last reply, when each call takes 200 ms."""
    telegram.latency = 0.2
    chats = range(first, first + 50)
    began = time.perf_counter()
    for chat in chats:
        await telegram.says(chat, QUESTIONS[chat % len(QUESTIONS)])
    await asyncio.gather(*(telegram.hears(chat, within=30) for chat in chats))
    telegram.latency = 0.0
    return time.perf_counter() - began


async def seconds_to_ready(data: Path) -> float:
    """From starting the process to its first answer that it is ready."""
    began = time.perf_counter()
    async with FakeTelegram() as telegram, service(telegram, data):
        return time.perf_counter() - began


def chosen(arguments: Sequence[str]) -> Callable[[], Coroutine[Any, Any, None]]:
    """The table that *arguments* ask for; ends the command, with what it knows, where they ask for anything else."""
    if not arguments:
        return main
    table, options = TABLES.get(arguments[0], (main, ()))
    if arguments[0] not in TABLES or not {*arguments[1:]} <= {*options}:
        known = [" ".join([name, *(f"[{one}]" for one in options)]) for name, (_table, options) in TABLES.items()]
        print(f"{' '.join(arguments)}: no such table; there are, beside that without a name:", file=sys.stderr)
        print("\n".join(known), file=sys.stderr)
        raise SystemExit(2)
    return table


if __name__ == "__main__":
    asyncio.run(chosen(sys.argv[1:])())
