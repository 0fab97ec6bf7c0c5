"""The world around one service: its process, started again whenever it dies, its database, its Telegram."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import httpx

from admin import invariants
from admin.house import utc_now
from bot.channels.telegram import NAME as TELEGRAM
from bot.profile import read_profile
from bot.store import accounts, migrate
from bot.store.engine import Store, StoreUnavailable
from tests.support import people, postgres, run_folder
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.processes import KOPPI, Launch, Process, ServiceProcess, environment, free_port
from tests.torture.kept import read_kept, work_left
from tests.torture.ledger import Arrival, Reckoning, Seen, reckon

PER_SECOND = 1000.0  # KOPPI_SEND_PER_SECOND: the shipped 25 would let nobody see what the service itself can bear
IN_FLIGHT = 4  # KOPPI_SENDS_IN_FLIGHT, as shipped: so many copies a cut may explain
ADVISORS = ("Väinö", "Saara")
STUCK_AFTER = 100.0  # seconds without any progress: a lease and a back-off of a minute are over by then
ANSWERS_WITHIN = 30.0
STOPS_WITHIN = 10.0
ONE_UPGRADE = asyncio.Lock()  # at a time in a process: what runs it keeps in mind which it is at
DELIVERIES, COUNTED = "koppi_deliveries_total", ("repeated", "failed")


@dataclass
class World:
    """One service and all that it has to do with.

    A scenario stops and starts it, breaks what stands around it, and says in `may_repeat` how many copies that
    explains. `wrong` is for what it finds wrong itself; `say` shows a line of progress; `notes` stand under the table.
    """

    name: str
    database: str
    store: Store
    telegram: FakeTelegram
    folder: Path
    fork: Launch
    dice: Random
    kills_wanted: int
    say: Callable[[str], None]
    settings: dict[str, str] = field(default_factory=dict)
    mode: str = "polling"
    server: postgres.Cluster | None = None  # PostgreSQL's
    port: int = field(default_factory=free_port)
    seen: Seen = field(default_factory=Seen)
    process: Process | None = None
    lives: int = 0
    kills: int = 0
    may_repeat: int = 0
    recoveries: list[float] = field(default_factory=list)  # seconds from a start to its first answer
    waits: list[float] = field(default_factory=list)  # seconds from what an asker did to the next thing they got
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    clock: Callable[[], datetime] = utc_now  # what the service takes for now
    former: dict[str, str] = field(default_factory=dict)  # a group's former chat, by the one it has become

    @property
    def url(self) -> str:
        """Where the service's pages are, whichever of its lives it is in."""
        return f"http://localhost:{self.port}"

    @property
    def answers(self) -> int:
        """How many messages Telegram has taken."""
        return sum(len(messages) for messages in self.telegram.accepted.values())

    @property
    def log(self) -> Path:
        """What all lives wrote."""
        return self.folder / "log"

    async def starts(self, mode: str | None = None) -> None:
        """Begin a life; it need not be ready yet. *mode*: how updates reach it from now on."""
        self.mode = mode or self.mode
        self.lives += 1
        self.process = await self.fork(
            KOPPI,
            ["serve"],
            environment(self.environment()),
            self.folder,
            self.log,
        )

    def environment(self) -> dict[str, str]:
        """Its settings."""
        wanted = {
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "SECRET_KEY": people.SECRET_KEY,
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API": self.telegram.url,
            "TELEGRAM_MODE": self.mode,
            "SEND_PER_SECOND": str(PER_SECOND),
            "SENDS_IN_FLIGHT": str(IN_FLIGHT),
            **({} if self.database.startswith("sqlite") else {"DATABASE_URL": self.database}),
            **self.settings,
        }
        return {f"KOPPI_{name}": text for name, text in wanted.items()}

    async def becomes_ready(self) -> None:
        """Return once the service says that it can work."""
        assert self.process is not None
        await ServiceProcess(self.process, self.port, self.folder, self.log).becomes_ready()

    async def kill(self) -> None:
        """`kill -9`, with whatever is under way."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        self.kills += 1
        self.may_repeat += IN_FLIGHT

    async def stops(self) -> float:
        """SIGTERM; returns how many seconds the end took. Later than it may, or not in peace, is wrong."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPS_WITHIN):
                code = await self.process.wait()
        except TimeoutError:
            self.wrong.append(f"it did not stop within {STOPS_WITHIN:.0f} s")
            self.process.kill()
            return STOPS_WITHIN
        if code != 0:
            self.wrong.append(f"it stopped with exit code {code}")
        return time.monotonic() - began

    async def recovers(self, within: float = ANSWERS_WITHIN) -> None:
        """Wait for the first answer of a life that has just begun, and write down how long that took."""
        began = time.monotonic()
        if await self.answers_more(1, within):
            self.recoveries.append(time.monotonic() - began)
        else:
            self.wrong.append(f"no answer within {within:.0f} s of a start")

    async def answers_more(self, number: int, within: float = ANSWERS_WITHIN) -> bool:
        """Wait for so many more answers; False when they don't come in time."""
        wanted = self.answers + number
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.answers < wanted:
                    await asyncio.sleep(0.02)
        return self.answers >= wanted

    async def metrics(self) -> dict[str, float]:
        """What this life has counted, by name and labels."""
        async with httpx.AsyncClient() as client:
            page = (await client.get(f"{self.url}/metrics", timeout=30)).text
        lines = [line.rsplit(" ", 1) for line in page.splitlines() if line and not line.startswith("#")]
        return {name: float(number) for name, number in lines}

    async def comes_to_rest(self) -> float:
        """Return, once nothing waits anywhere, how long that took; what waits too long, the reckoning will tell."""
        began = moved = time.monotonic()
        before = -1
        while (left := await self._work_left()) and time.monotonic() - moved < STUCK_AFTER:
            if left != before:
                before, moved = left, time.monotonic()
            await asyncio.sleep(0.2)
        return time.monotonic() - began

    async def _work_left(self) -> int:
        try:
            return len(self.telegram.unconfirmed) + await work_left(self.store)
        except StoreUnavailable:  # on a busy machine, a connection may take longer than it may
            return 1

    async def reckons(self) -> Reckoning:
        """Compare the ledgers, count what the service counted, and run `koppi check`."""
        self.seen.issued |= {(TELEGRAM, str(update_id)) for update_id in self.telegram.issued}
        arrivals = {
            str(chat): [Arrival(message.message_id, message.text) for message in messages]
            for chat, messages in self.telegram.accepted.items()
        }
        for chat, before in self.former.items():
            arrivals[chat] = [*arrivals.pop(before, []), *arrivals.get(chat, [])]
        self.seen.arrivals = arrivals
        texts = [text for kinds in read_profile(self.folder).crisis.texts.values() for text in kinds.values()]
        found = reckon(self.seen, await read_kept(self.store, people.VAULT), texts)
        found.lost += self.wrong
        found.lost += await invariants.violations(self.store, self.clock())
        found.lost += [f"Telegram refused a request: {fault}" for fault in self.telegram.violations]
        if found.explained > self.may_repeat:
            found.doubled.append(f"{found.explained} copies, where {self.may_repeat} can be explained")
        if b"Traceback" in await asyncio.to_thread(self.log.read_bytes):
            found.lost.append("a traceback stands in the log")
        if self.lives == 1:  # a life that is over has taken its counts along
            ends = await self.metrics()
            counted = sum(ends.get(f'{DELIVERIES}{{channel="telegram",result="{end}"}}', 0) for end in COUNTED)
            if found.explained > counted:
                found.doubled.append(f"{found.explained} copies, of which the service has counted {counted:.0f}")
        return found


@asynccontextmanager
async def world(
    name: str,
    database: str,
    folder: Path,
    fitted: Path,
    fork: Launch,
    seed: int,
    kills: int,
    say: Callable[[str], None],
    mode: str,
) -> AsyncIterator[World]:
    """A world on the empty *database*, its service not yet started; at the end no process of it is left."""
    run_folder.link_copy(fitted, folder / "cache")
    store = Store.at(database)
    async with ONE_UPGRADE:
        await migrate.upgrade(store)
    async with store.write() as tx:
        for advisor in ADVISORS:
            await accounts.add(
                tx,
                name=advisor,
                role="tyovoimaneuvoja",
                password_hash=people.PASSWORD_HASH,
                must_change_password=False,
                now=people.LONG_AGO,
            )
    async with FakeTelegram() as telegram:
        telegram.meets(people.ADVISORS_GROUP)
        dice = Random(f"{seed} {name}")
        here = World(name, database, store, telegram, folder, fork, dice, kills, say, mode=mode)
        try:
            yield here
        finally:
            if here.process is not None and here.process.returncode is None:
                here.process.kill()
                await here.process.wait()
            await store.close()
