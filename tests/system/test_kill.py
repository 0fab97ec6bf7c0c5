"""A kill between every two writes of a whole round: nothing lost, nothing doubled but what is marked as uncertain."""

import asyncio
import contextlib
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select

from admin import invariants
from bot import wording
from bot.store import schema
from bot.store.engine import Store
from tests.support import people
from tests.support.crashing_koppi import BEGINS, REPLY, Fuse
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.knowledge import KNOWN, UNKNOWN, SteadyKnowledge
from tests.support.processes import REPOSITORY, die_with_us, environment

ROUND = [
    ("says", KNOWN, "Asumistukea haetaan Kelasta."),
    ("says", UNKNOWN, "Tätä en tiedä varmasti"),
    ("presses", wording.BUTTON_SEND_WORK, "Lähetin kysymyksesi"),
    ("listens", "", "Työvoimaneuvoja"),
    ("listens", "", REPLY),
    ("says", "Kiitos, entä koira?", wording.CLOSED),
]


class World:
    """One service that is killed again and again, its Telegram and its database."""

    def __init__(self, telegram: FakeTelegram, store: Store, fuse: Fuse, process: Process) -> None:
        self.telegram = telegram
        self.store = store
        self.fuse = fuse
        self.process = process

    async def plays_a_round(self, chat: int) -> None:
        """An asker goes the whole way; they hear in order what they must, and perhaps something twice."""
        for act, words, expected in ROUND:
            if act != "listens":
                await getattr(self.telegram, act)(chat, words)
            while not (await self.telegram.hears(chat, within=60)).text.startswith(expected):
                pass

    async def is_warm(self) -> None:
        """Return once the first life has ended in peace, and those have begun that are forks of it."""
        self.process.terminate()
        async with asyncio.timeout(60):
            while not self.fuse.lives:  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.02)

    async def comes_to_rest(self) -> None:
        """Return once nothing waits any more."""
        async with asyncio.timeout(60):
            while self.telegram.unconfirmed or await self._has_work():  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.02)

    async def _has_work(self) -> bool:
        inbox, outbox = schema.inbox.c, schema.outbox.c
        async with self.store.read() as read:
            waiting = await read.execute(select(func.count()).where(inbox.state == "open"))
            unsent = await read.execute(
                select(func.count()).where(or_(outbox.state == "queued", outbox.state == "sending"))
            )
            return bool(waiting.scalar_one() + unsent.scalar_one())

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
async def world(template: Path, folder: Path, knowledge_cache: Path) -> AsyncIterator[World]:
    """A service with a fuse on a fresh database, started again whenever it dies."""
    folder.mkdir()  # noqa: ASYNC240 - nothing runs yet
    database = shutil.copyfile(template, folder / "koppi.sqlite3")
    store = Store.at(f"sqlite+aiosqlite:///{database}")
    await people.employ(store)
    async with FakeTelegram() as telegram:
        settings = {"DATA_DIR": str(folder), "PORT": "0", "SECRET_KEY": people.SECRET_KEY}
        settings |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": telegram.url}
        fuse = Fuse(folder / "fuse")
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.support.crashing_koppi",
                str(folder / "fuse"),
                str(knowledge_cache),
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=environment({f"KOPPI_{name}": value for name, value in settings.items()}),
                preexec_fn=die_with_us,
            )
        try:
            yield World(telegram, store, fuse, process)
            assert process.returncode is None, (folder / "log").read_text()[-3000:]
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
            await store.close()
        assert telegram.violations == []


async def test_a_kill_at_any_write_of_a_round_loses_nothing_and_doubles_nothing_unexplained(
    migrated_sqlite: Path, knowledge_cache: Path, knowledge_base: SteadyKnowledge, tmp_path: Path
) -> None:
    """The promise of the service, once for each of its writes: two worlds share the work."""
    worlds = [world(migrated_sqlite, tmp_path / f"world {number}", knowledge_cache) for number in (1, 2)]
    odd, even = await asyncio.gather(
        *(kill_at(points, here) for points, here in zip((range(1, 999, 2), range(2, 999, 2)), worlds, strict=True))
    )
    kills, copies = odd[0] + even[0], odd[1] + even[1]

    assert kills > 80
    assert copies <= 4 * len(ROUND), "a reply is sent again when its arrival was not yet written down, and only then"


async def kill_at(points: range, starting: AbstractAsyncContextManager[World]) -> tuple[int, int]:
    """Play a round for each of *points*, killed there, until a round has fewer; returns the kills and the copies."""
    copies = 0
    async with starting as here:
        await here.plays_a_round(people.BULK[-1])
        await here.comes_to_rest()
        await here.is_warm()
        for kills, point in enumerate(points):
            chat = people.BULK[kills]
            here.fuse.set(point)
            await here.plays_a_round(chat)
            await here.comes_to_rest()
            was_killed = here.fuse.is_blown
            copies += await check(here, chat, point)
            if not was_killed:
                return kills, copies
    raise AssertionError("the points never end")


async def check(here: World, chat: int, point: int) -> int:
    """What the chat saw against what the database says; returns the number of copies, each of them explained."""
    rows = await here.sent_to(chat)
    seen = [message.text for message in here.telegram.accepted[chat]]
    first_arrivals = list(dict.fromkeys(seen))

    assert len(rows) == len(ROUND) == len(first_arrivals), (point, seen)
    for (_, _, expected), text in zip(ROUND, first_arrivals, strict=True):
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
