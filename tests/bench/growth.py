"""`python -m tests.bench --growth`: what an asker waits for, with 10,000, 100,000 and 1,000,000 messages before it.

On SQLite and on PostgreSQL, in this process, step by step, each for somebody else who has been here before. The
history is three months', with a month's traffic; 200 questions are open at any size. The index of words isn't filled:
nothing of the asker's path reads it, and it would take most of the time (`--console` has it). Then what the night does,
and the real service as a process on the largest.
"""

import asyncio
import os
import platform
import secrets
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text, update

from admin import backup, invariants
from bot.channels.webchat import posts
from bot.channels.webchat.posts import Post
from bot.holdings import Holdings
from bot.profile import Retention
from bot.settings import Settings
from bot.store import accounts, erasure, inbox, migrate, outbox, retention, schema
from bot.store.engine import Store, StoreUnavailable
from knowledge import library
from knowledge.base import KnowledgeBase
from tests.bench import crowd
from tests.bench.running import DATABASES, megabytes, percentile, service
from tests.support import people, run_folder
from tests.support.chat import Browser, Chat, serving
from tests.support.clock import Clock
from tests.support.fake_telegram import FakeTelegram

SIZES = (10_000, 100_000, 1_000_000)
TIMES = 21
DAYS = 92  # what is older than 90 days goes in a night, two days' worth here
OPEN = 200
KEPT_TRAFFIC = 30 / DAYS
LIMIT = 1.5
QUESTION = "miten teen cv:n ku ei oo kokemusta"
WRITES_EVERY = 0.005  # seconds
FIRST_REPLY_WITHIN = 120.0  # seconds; it begins with a month's figures to add up and a million texts to index

Times = dict[str, list[tuple[float, float]]]  # milliseconds of each step, and of this process's processor time in it


@dataclass
class Measured:
    """What one size gave: *steps* in milliseconds, by the clock and of processor time, the *rest* as words."""

    steps: dict[str, tuple[float, float]]
    rest: dict[str, str] = field(default_factory=dict)


async def main() -> None:
    """Print a table for each database."""
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as kept:
        knowledge = KnowledgeBase.build(library.load(), Path(kept))
        for name, database in DATABASES.items():
            if len(sys.argv) > 2 and f"--{name.lower()}" not in sys.argv:
                continue
            measured = []
            for size in SIZES:
                with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as url:
                    run_folder.link_copy(Path(kept), Path(folder) / "cache")  # else the process would fit it once more
                    measured.append(await _one_size(url, Path(folder), size, knowledge))
                    _print(name, measured)  # also what is there so far: the largest takes a while
                    if size == SIZES[-1]:
                        for what, found in (await _as_process(url, Path(folder))).items():
                            print(f"| {what} | {found} |", flush=True)


def _print(name: str, measured: list[Measured]) -> None:
    heads = " | ".join(f"{size:,}" for size in SIZES[: len(measured)])
    print(f"\n**{name}**\n\n| median ms (of processor time here) | {heads} | last by first (bar ≤ {LIMIT}) |")
    print(f"|---|{'---|' * (len(measured) + 1)}")
    for step in measured[0].steps:
        values = [one.steps[step] for one in measured]
        (first, first_used), (last, last_used) = values[0], values[-1]
        cells = " | ".join(f"{value:.1f} ({used:.1f})" for value, used in values)
        print(f"| {step} | {cells} | {last / first:.2f} ({last_used / first_used:.2f}) |")
    for what in measured[-1].rest:
        print(f"| {what} | {' | '.join(one.rest.get(what, '') for one in measured)} | |")
    print(flush=True)


async def _one_size(url: str, folder: Path, size: int, knowledge: KnowledgeBase) -> Measured:
    began = time.perf_counter()
    now = Clock()()
    await _fill(url, size, now)
    rest = {"(to fill it, s)": f"{time.perf_counter() - began:.0f}", "the database, MB": await _megabytes(url)}
    store = Store.at(url)
    times: Times = defaultdict(list)
    async with serving(store, people.VAULT, knowledge, folder, works=False) as chat:
        await _introduce(store, size)
        for number in range(TIMES + 3):  # the first ones warm it up
            await _round(chat, _token("person", number), _token("waiting", number), times)
    steps = {
        step: (statistics.median(one[0] for one in each[3:]), statistics.median(one[1] for one in each[3:]))
        for step, each in times.items()
    }
    store = Store.at(url)  # the other one has been told to stop
    rest["`koppi check`, s"] = await _seconds(_check(store, now))
    settings = Settings(_env_file=None, data_dir=folder, database_url=SecretStr(url) if store.is_shared else None)
    rest["`koppi backup`, s"] = await _seconds(
        asyncio.to_thread(backup.make, settings, folder / "backup", now, lambda _: None)
    )
    rest["its file, MB"] = f"{(folder / 'backup').stat().st_size / 1e6:.0f}"
    rest |= await _night(store, now)
    await store.close()
    return Measured(steps, rest)


async def _fill(url: str, size: int, now: datetime) -> None:
    store = Store.at(url)
    await migrate.upgrade(store)
    async with store.write() as tx:
        staff = [
            await accounts.add(
                tx,
                name=name,
                role="tyovoimaneuvoja",
                password_hash=people.PASSWORD_HASH,
                must_change_password=False,
                now=now,
            )
            for name in ("Saara", "Sakari")
        ]
    await store.close()
    count = size // crowd.MESSAGES
    busy = crowd.Crowd([one.id for one in staff], now, count, OPEN, DAYS, happened=2 * count)
    crowd.fill(url, busy)
    crowd.write(url, schema.inbox, _received(busy))
    crowd.write(url, schema.decision, _decided(busy))
    crowd.settle(url, schema.inbox)


def _received(busy: crowd.Crowd) -> Iterator[dict[str, Any]]:
    """What the askers' messages of the last month came in as."""
    for said in busy.messages():
        if said["author"] == "asker" and said["id"] > busy.size * crowd.MESSAGES * (1 - KEPT_TRAFFIC):
            yield {
                "id": said["id"],
                "channel": "web",
                "key": f"once:{said['id']}",
                "sender": said["conversation_id"],
                "body": None,
                "state": "done",
                "not_before": said["created_at"],
                "received_at": said["created_at"],
                "handled_at": said["created_at"],
            }


def _decided(busy: crowd.Crowd) -> Iterator[dict[str, Any]]:
    for came in _received(busy):
        yield {"inbox_id": came["id"], "kind": "ignored", "replies": 0, "decided_at": came["handled_at"]}


def _token(name: str, number: int) -> str:
    return f"{name}-{number}".ljust(43, "x")


async def _introduce(store: Store, size: int) -> None:
    """Give those who will write the keys that the service would have given them; some have a question open."""
    conversations = size // crowd.MESSAGES // 2
    async with store.write() as tx:
        for number in range(TIMES + 3):
            for name, place in (("person", 2 * number), ("waiting", conversations - OPEN + 2 * number)):
                token = _token(name, number)
                await tx.execute(
                    update(schema.address)
                    .where(schema.address.c.id == crowd.id_of(place))
                    .values(lookup=people.VAULT.lookup("web", token), sealed=people.VAULT.seal(token))
                )


async def _round(chat: Chat, person: str, waiting: str, times: Times) -> None:
    """Somebody asks again; somebody else adds a word to an open question, looks at what is kept, and goes."""
    store, clock = chat.store, chat.clock
    talk = people.VAULT.lookup("web", waiting)

    @asynccontextmanager
    async def step(name: str) -> AsyncIterator[None]:
        began, used = time.perf_counter(), time.process_time()
        yield
        times[name].append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used)))

    async def come(token: str, act: Any, said: str) -> inbox.InboxItem:
        body = posts.as_body(Post(address=token, act=act, text=said))
        async with step("receive and commit"), store.write() as tx:
            await inbox.receive(
                tx,
                people.VAULT,
                channel="web",
                key=secrets.token_hex(8),
                sender=people.VAULT.lookup("web", token),
                body=body,
                now=clock(),
            )
        async with step("find what is to be handled"), store.read() as read:
            return (await inbox.ready(read, clock()))[0]

    item = await come(person, "say", QUESTION)
    async with step("decide on a question, verdict included"):
        await chat.service.handle(item, clock())
    async with step("lease the replies"), store.write() as tx:
        leased = await outbox.lease(tx, clock(), channels=["web"], limit=4)
    async with step("mark one sent"), store.write() as tx:
        await outbox.sent(tx, leased[0], None, clock())
    for one in leased[1:]:
        async with store.write() as tx:
            await outbox.sent(tx, one, None, clock())
    item = await come(waiting, "say", "Unohdin sanoa, että asia on kiireinen.")
    async with step("a text in an open question"):
        await chat.service.handle(item, clock())
    async with Browser(chat) as browser:
        browser.cookies.set("koppi", waiting)
        async with step("the web chat's page"):
            page = await browser.opens()
        if "Unohdin sanoa" not in page:
            raise RuntimeError("the page shows another conversation")
    item = await come(waiting, "command", "tietoni")
    async with step("/tietoni"):
        await chat.service.handle(item, clock())
    async with store.read() as read:
        found = await read.execute(
            text("SELECT c.id FROM conversation c JOIN address a ON a.id = c.address_id WHERE a.lookup = :l"),
            {"l": talk},
        )
        conversation_id = found.scalar_one()
    holdings = Holdings(store, chat.profile, chat.profile.hours(Settings(_env_file=None).zone).zone)
    async with step("its file"):
        await holdings.file(conversation_id, clock())
    async with step("/unohda"):
        async with store.write() as tx:
            await erasure.erase(tx, conversation_id)
        await store.empty_log()
    while True:
        async with store.write() as tx:
            rest = await outbox.lease(tx, clock(), channels=["web"], limit=100)
            for one in rest:
                await outbox.sent(tx, one, None, clock())
        if not rest:
            return


async def _check(store: Store, now: datetime) -> None:
    await invariants.violations(store, now)
    await retention.overdue(store, Retention(), now)


async def _night(store: Store, now: datetime) -> dict[str, str]:
    """What a night deletes, and how long those wait who write meanwhile."""
    quiet = await _waits(store, asyncio.sleep(2))
    forgotten: dict[str, int] = {}
    began = time.perf_counter()

    async def forget() -> None:
        forgotten.update(await retention.forget(store, Retention(), now))

    waits = await _waits(store, forget())
    took = time.perf_counter() - began
    rows = sum(forgotten.values())
    longest = sorted(waits)[-3:][::-1]
    return {
        "a night's deleting, s": f"{took:.0f} ({rows:,} rows)",
        "a write meanwhile, ms": f"p50 {percentile(waits, 50):.1f}, p99 {percentile(waits, 99):.1f}, longest "
        + ", ".join(f"{wait:.0f}" for wait in longest),
        "a write before, ms": f"p50 {percentile(quiet, 50):.1f}, longest {max(quiet):.0f}",
    }


async def _waits(store: Store, work: Awaitable[object]) -> list[float]:
    """How long a small write took, again and again while *work* was done, in milliseconds."""
    waits, working = [], asyncio.ensure_future(work)
    while not working.done():
        began = time.perf_counter()
        with suppress(StoreUnavailable):  # it has waited as long as a write does, and is counted with that
            async with store.write() as tx:
                await tx.bump("bench")
        waits.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(WRITES_EVERY)
    await working
    return waits


async def _as_process(url: str, folder: Path) -> dict[str, str]:
    """Rounds with the real service on what is left, and its memory afterwards."""
    settings = {"secret_key": people.SECRET_KEY, "database_url": "" if url.startswith("sqlite") else url}
    async with FakeTelegram() as telegram, service(telegram, folder, **settings) as process:
        times = []
        for number in range(60):
            began = time.perf_counter()
            await telegram.says(30_000 + number, QUESTION)
            await telegram.hears(30_000 + number, within=FIRST_REPLY_WITHIN)
            times.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(0.05)
        return {
            "update to reply by the real service, ms": f"{statistics.median(times[10:]):.1f}",
            "its memory, MB (bar ≤ 300)": f"{megabytes(process.pid):.0f}",
        }


async def _seconds(work: Awaitable[object]) -> str:
    began = time.perf_counter()
    await work
    return f"{time.perf_counter() - began:.1f}"


async def _megabytes(url: str) -> str:
    store = Store.at(url)
    sizes = {
        False: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        True: "SELECT pg_database_size(current_database())",
    }
    async with store.read() as read:
        size = (await read.execute(text(sizes[store.is_shared]))).scalar_one()
    await store.close()
    return f"{size / 1e6:.0f}"
