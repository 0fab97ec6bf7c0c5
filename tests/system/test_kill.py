"""A kill between every two writes of a whole round: nothing lost, nothing doubled but what is marked as uncertain."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, or_, select

from admin import invariants
from bot import wording
from bot.store import schema
from bot.store.engine import Store
from tests.support import people
from tests.support.crashing_koppi import BEGINS, REPLY, Fuse
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.knowledge import KNOWN, UNKNOWN, SteadyKnowledge
from tests.support.processes import Launch, Process, environment

Part = list[tuple[str, str, str]]

# What an asker does and hears, in three parts with a rest after each: so a round takes three kills, one in each part.
FOREWORD: Part = [("says", KNOWN, "Asumistukea haetaan Kelasta.")]
QUESTION: Part = [
    ("says", UNKNOWN, "Tätä en tiedä varmasti"),
    ("presses", wording.BUTTON_SEND_WORK, "Lähetin kysymyksesi"),
    ("listens", "", "Työvoimaneuvoja"),
    ("listens", "", f"Työvoimaneuvoja Väinö\n{REPLY}"),
]
THANKS: Part = [("says", "Kiitos, entä koira?", wording.CLOSED)]
PARTS = [FOREWORD, QUESTION, THANKS]
ROUND = [step for part in PARTS for step in part]


class World:
    """One service that is killed again and again, its Telegram and its database."""

    def __init__(self, telegram: FakeTelegram, store: Store, fuse: Fuse, process: Process) -> None:
        self.telegram = telegram
        self.store = store
        self.fuse = fuse
        self.process = process

    async def plays(self, part: Part, chat: int) -> None:
        """An asker goes part of the way; they hear in order what they must, and perhaps something twice."""
        for act, words, expected in part:
            if act != "listens":
                await getattr(self.telegram, act)(chat, words)
            while not (await self.telegram.hears(chat, within=60)).text.startswith(expected):
                pass
        await self._comes_to_rest()

    async def is_warm(self) -> None:
        """Return once the first life has ended in peace, and those have begun that are forks of it."""
        self.process.terminate()
        async with asyncio.timeout(60):
            while not self.fuse.lives:  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.02)

    async def _comes_to_rest(self) -> None:
        """Return once nothing waits any more."""
        async with asyncio.timeout(60):
            while self.telegram.unconfirmed or await self._has_work():  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.05)

    async def _has_work(self) -> bool:
        inbox, outbox = schema.inbox.c, schema.outbox.c
        async with self.store.read() as read:
            waiting = select(inbox.id).where(inbox.state == "open").exists()
            unsent = select(outbox.id).where(outbox.state.in_(("queued", "sending"))).exists()
            return bool((await read.execute(select(or_(waiting, unsent)))).scalar_one())

    async def sent_to(self, chat: int) -> list[Any]:
        """The outbox items of a chat in their order, with their texts."""
        lookup = people.VAULT.lookup("telegram", str(chat))
        outbox, message, address = schema.outbox, schema.message, schema.address
        statement = (
            select(outbox, message.c.text)
            .join(message, outbox.c.message_id == message.c.id)
            .join(schema.conversation, schema.conversation.c.id == message.c.conversation_id)
            .join(address, address.c.id == schema.conversation.c.address_id)
            .where(address.c.lookup == lookup)
            .order_by(outbox.c.id)
        )
        async with self.store.read() as read:
            return list(await read.execute(statement))


@asynccontextmanager
async def world(fork: Launch, template: Path, folder: Path, knowledge_cache: Path) -> AsyncIterator[World]:
    """A service with a fuse on a fresh database, started again whenever it dies."""
    folder.mkdir()  # noqa: ASYNC240 - nothing runs yet
    database = shutil.copyfile(template, folder / "koppi.sqlite3")
    store = Store.at(f"sqlite+aiosqlite:///{database}")
    await people.employ(store)
    async with FakeTelegram() as telegram:
        settings = {"DATA_DIR": str(folder), "PORT": "0", "SECRET_KEY": people.SECRET_KEY}
        settings |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": telegram.url}
        fuse = Fuse(folder / "fuse")
        process = await fork(
            "tests.support.crashing_koppi",
            [str(folder / "fuse"), str(knowledge_cache)],
            environment({f"KOPPI_{name}": value for name, value in settings.items()}),
            folder,
            folder / "log",
        )
        try:
            yield World(telegram, store, fuse, process)
            assert process.returncode is None, (folder / "log").read_text()[-3000:]
        finally:
            process.kill()
            await process.wait()
            await store.close()
        assert telegram.violations == []


@pytest.mark.parametrize("firsts", [(1, 3), (2, 4)])
async def test_a_kill_at_any_write_of_a_round_loses_nothing_and_doubles_nothing_unexplained(
    fork: Launch,
    migrated_sqlite: Path,
    knowledge_cache: Path,
    knowledge_base: SteadyKnowledge,
    tmp_path: Path,
    firsts: tuple[int, int],
) -> None:
    """The promise of the service, once for each of its writes: four worlds share them, two at a time."""
    worlds = {first: world(fork, migrated_sqlite, tmp_path / f"world {first}", knowledge_cache) for first in firsts}
    async with asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(kill_at(range(first, 999, 4), here)) for first, here in worlds.items()]
    some, others = (task.result() for task in playing)
    kills, copies = some[0] + others[0], some[1] + others[1]

    assert kills > 60, "half of the writes of a round"
    assert copies <= kills / 4, "a reply is sent again when its arrival was not yet written down, and only then"


async def kill_at(points: range, starting: AbstractAsyncContextManager[World]) -> tuple[int, int]:
    """Play a round for each of *points*, each part killed there, until all have fewer; returns kills and copies.

    A part that has fewer is left out from then on, but for the question, which there must be to give thanks for.
    """
    kills = copies = 0
    parts = PARTS
    async with starting as here:
        await here.plays(ROUND, people.BULK[-1])
        await here.is_warm()
        for chat, point in zip(people.BULK, points, strict=False):
            killed = []
            for part in parts:
                here.fuse.set(point)
                await here.plays(part, chat)
                if here.fuse.is_blown:
                    killed.append(part)
            kills += len(killed)
            copies += await check(here, chat, point, [step for part in parts for step in part])
            if not killed:
                return kills, copies
            parts = [part for part in PARTS if part in killed or part is QUESTION]
    raise AssertionError("the points never end")


async def check(here: World, chat: int, point: int, played: Part) -> int:
    """What the chat saw against what the database says; returns the number of copies, each of them explained."""
    rows = await here.sent_to(chat)
    seen = [message.text for message in here.telegram.accepted[chat]]
    first_arrivals = list(dict.fromkeys(seen))

    assert len(rows) == len(played) == len(first_arrivals), (point, seen)
    for (_, _, expected), text in zip(played, first_arrivals, strict=True):
        assert text.startswith(expected), (point, seen)
    for row, text in zip(rows, first_arrivals, strict=True):
        copies = seen.count(text)
        assert row.state == "sent", (point, row.key, row.state)
        assert copies == 1 or (copies == 2 and row.uncertain and row.attempts > 1), (point, row.key, copies)
    assert await invariants.violations(here.store, BEGINS) == [], point
    async with here.store.read() as read:
        keys = {int(row.key) for row in await read.execute(select(schema.inbox.c.key))}
        decisions = (await read.execute(select(func.count()).select_from(schema.decision))).scalar_one()
    assert keys == set(here.telegram.issued), point
    assert decisions == len(keys), point
    return len(seen) - len(first_arrivals)
