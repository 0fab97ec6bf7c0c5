"""`python -m tests.support.crashing_koppi FUSE CACHE`: the service, killed at one chosen write and started again.

The first life is lived in this process itself, until SIGTERM, and each further one is a fork of what it leaves behind:
everything that is imported, read or compiled on first use is there already, so that a restart takes little time.
Production code knows nothing of it: SQLAlchemy's own events tell of each write, before it and around each commit, and
the file FUSE says at which of them the process kills itself. CACHE is where the knowledge base is kept.

An advisor sits inside, who answers each ticket once and closes it when the asker has written again: what the console
does by hand, through the same acts.
"""

import asyncio
import gc
import itertools
import mmap
import os
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.default import DefaultDialect

from admin import house, logs, run
from admin.house import House
from bot.advising import Desk
from bot.bookshelf import Bookshelf
from bot.settings import Settings
from bot.store import accounts, tickets
from bot.store.accounts import Account
from bot.store.engine import Store
from bot.store.tickets import TicketRow
from tests.support.clock import Clock
from tests.support.knowledge import SteadyKnowledge, small_knowledge_base
from tests.support.processes import die_with_us

REPLY = "Hei, täällä Väinö. Iguaani jää kotiin, mutta sinä voit tulla juttelemaan."
BEGINS = datetime(2035, 5, 8, 6, 0, tzinfo=UTC)  # far from the real day, so that no summary falls due in between
SPEED = 20.0  # a lease of 30 seconds is over in one and a half
A_SECOND = 1 / SPEED
COUNT, AT, LIVES = 0, 8, 16  # where the fuse's numbers stand


class Fuse:
    """Three numbers in a file that both sides map: the writes so far, at which of them to die (0: never), the lives."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(24))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 24)

    @property
    def is_blown(self) -> bool:
        """Whether the process has killed itself."""
        return 0 < self._read(AT) <= self._read(COUNT)

    @property
    def lives(self) -> int:
        """How many lives have begun that can be ended."""
        return self._read(LIVES)

    def set(self, at: int) -> None:
        """Count from here on, and die at the write number *at*."""
        self._write(COUNT, 0)
        self._write(AT, at)

    def begin_life(self) -> None:
        """One life more."""
        self._write(LIVES, self.lives + 1)

    def burn(self) -> None:
        """One write more; the last thing the process does when it is the one."""
        count = self._read(COUNT) + 1
        self._write(COUNT, count)
        if count == self._read(AT):
            os.kill(os.getpid(), signal.SIGKILL)

    def _read(self, place: int) -> int:
        return int(struct.unpack_from("Q", self._memory, place)[0])

    def _write(self, place: int, number: int) -> None:
        struct.pack_into("Q", self._memory, place, number)


def watch_writes(fuse: Fuse) -> None:
    """Burn the fuse before each INSERT, UPDATE and DELETE, and before and after each commit of some."""
    writing: set[int] = set()
    commit = DefaultDialect.do_commit

    def before_write(
        connection: Connection, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool
    ) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            writing.add(id(connection.connection))
            fuse.burn()

    event.listen(Engine, "before_cursor_execute", before_write)

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:
        is_write = id(connection) in writing
        if is_write:
            fuse.burn()
        commit(dialect, connection)  # type: ignore[no-untyped-call]
        if is_write:
            writing.discard(id(connection))
            fuse.burn()

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def keep_engines(database: str) -> None:
    """Have every life's store use the same engines on *database*: they know what statements an earlier one compiled."""
    first = Store.at(database)
    Store.at = lambda _url: Store(first.reader, first.writer)  # type: ignore[assignment, method-assign]


class FilledBookshelf(Bookshelf):
    """Has its knowledge base from before the fork."""

    def fill(self, base: SteadyKnowledge) -> None:
        """Use *base* instead of fitting one."""
        self._base, self._number = base, 0


async def live(base: SteadyKnowledge, shift: timedelta) -> None:
    """One life of the service, until SIGTERM or the fuse."""
    clock = Clock(BEGINS + shift, speed=SPEED)
    built = house.build(Settings(_env_file=None), clock)
    shelf = FilledBookshelf(built.store, built.settings.data_dir / "cache")
    shelf.fill(base)
    complete = replace(built, bookshelf=shelf)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run.serve(complete, print))
        tasks.create_task(advise(complete))


async def advise(home: House) -> None:
    """Answer each ticket once, and close it when the asker has written again."""
    desk = Desk(home.store, home.hours)
    async with home.store.read() as read:
        staff = await accounts.everyone(read)
    vaino = next(one for one in staff if one.is_advisor and not one.is_disabled)
    with home.store.hub.subscribe(tickets.TOPIC) as news:
        while not home.store.hub.is_stopping:
            async with home.store.read() as read:
                waiting = await tickets.queue(read)
            for ticket in waiting:
                if ticket.awaits_asker:
                    continue
                await asyncio.sleep(A_SECOND)  # as long as the pace would hold the reply back, in its own seconds
                await tend(home, desk, vaino, ticket)
            await news.wait(0.5)


async def tend(home: House, desk: Desk, vaino: Account, ticket: TicketRow) -> None:
    """The next thing an advisor would do with *ticket*, if there is any."""
    async with home.store.read() as read:
        authors = [message.author for message in await tickets.thread(read, ticket.id)]
    if "advisor" not in authors:
        await desk.reply(vaino, ticket.id, REPLY, "the one and only", home.clock())
    elif authors[-1] == "asker":
        await desk.close(vaino, ticket.id, "answered", home.clock())


def main(arguments: Sequence[str]) -> None:
    """Live, die and live again, until the test that started it ends it."""
    die_with_us()
    logs.set_up()
    base = small_knowledge_base(Path(arguments[1]))
    keep_engines(Settings(_env_file=None).database)
    asyncio.run(live(base, timedelta()))
    fuse = Fuse(Path(arguments[0]))
    watch_writes(fuse)
    gc.freeze()  # what all lives share is not to be looked through, and thereby copied, by each of them
    for lives in itertools.count(1):
        fuse.begin_life()
        child = os.fork()
        if child == 0:
            die_with_us()
            asyncio.run(live(base, timedelta(minutes=lives)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):  # it ended by itself: stopped, or broken; both are the test's to judge
            raise SystemExit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(sys.argv[1:])
