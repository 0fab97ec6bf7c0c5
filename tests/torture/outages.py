"""The database goes away, in every way it can, while everybody goes on: that is told in words and soon."""

import asyncio
import os
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from bot import wording
from tests.support import people
from tests.torture.crowd import doing
from tests.torture.scenario import Scenario
from tests.torture.world import ADVISORS, IN_FLIGHT, World

AWAY_SECONDS = float(os.environ.get("TORTURE_AWAY_SECONDS", "20"))  # the long form: 60
STOPPED_SECONDS = max(60.0, AWAY_SECONDS)  # PostgreSQL's server, and its disk
LASTS = 8.0
CUT_EVERY = 0.3
CONSOLE_AWAY = "Tietokantaan ei saada juuri nyt yhteyttä."
ANSWERS_WITHIN = 5.0  # seconds until whoever opens a page or posts is told
DRAINED_WITHIN = 60.0
FULL_FROM = 64 * 1024  # bytes: beyond, no file takes any more, the log neither
WORDS = (*(wording.say("fi", words) for words in (wording.AWAY, wording.WEB_AWAY)), "Tietokantaan ei saada juuri nyt")
SAME_ORIGIN = {"sec-fetch-site": "same-origin", "accept-language": "fi"}


class Witness:
    """Somebody who looks and posts all the time, and writes down what the service says to it, and how soon."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.slowest = 0.0
        self.refused = 0
        self.taken = 0
        self.words: dict[str, set[str]] = {}
        self.is_there = asyncio.Event()

    async def looks(self) -> None:
        """Go on until cancelled, with three things at a time."""
        async with httpx.AsyncClient(base_url=self._world.url, headers=SAME_ORIGIN, timeout=30) as self._client:
            await self._client.post("/console/login", data={"name": ADVISORS[0], "password": people.PASSWORD})
            self.is_there.set()
            await asyncio.gather(self._again(self._looks), self._again(self._works), self._again(self._posts))

    def _looks(self, _number: int) -> Awaitable[httpx.Response]:
        return self._client.get("/")

    def _works(self, _number: int) -> Awaitable[httpx.Response]:
        return self._client.get("/console/")

    def _posts(self, number: int) -> Awaitable[httpx.Response]:
        form = {"key": f"witness-{number:06d}", "text": "moi"}
        return self._client.post("/chat/messages", data=form, headers={"x-requested-with": "fetch"})

    async def _again(self, ask: Callable[[int], Awaitable[httpx.Response]]) -> None:
        number = 0
        while True:
            number += 1
            began = time.monotonic()
            answer = await ask(number)
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer.status_code == 503:
                self.refused += 1
                self.words.setdefault(answer.request.url.path, set()).add(answer.text)
            elif answer.status_code >= 500:
                self._world.wrong.append(f"{answer.request.url.path} was answered {answer.status_code}")
            else:
                self.taken += 1
            await asyncio.sleep(0.3)


@asynccontextmanager
async def watched(world: World, what: str, *, refuses: bool = True) -> AsyncIterator[None]:
    """An outage lasts as long as the block; afterwards the service has to go on by itself."""
    world.say(what)
    witness = Witness(world)
    async with doing(witness.looks()):
        await witness.is_there.wait()
        yield
    if refuses and not witness.refused:
        world.wrong.append(f"{what}: nobody was told of it")
    if witness.slowest > ANSWERS_WITHIN:
        world.wrong.append(f"{what}: somebody waited {witness.slowest:.1f} s to be told")
    for path, words in witness.words.items():
        if not all(any(known in page for known in (wording.AWAY, wording.WEB_AWAY, CONSOLE_AWAY)) for page in words):
            world.wrong.append(f"{what}: {path} did not say so in words")
    world.may_repeat += IN_FLIGHT
    backlog, began = len(world.telegram.unconfirmed), time.monotonic()
    await world.recovers()
    while time.monotonic() - began < DRAINED_WITHIN and len(world.telegram.unconfirmed) > 50:
        await asyncio.sleep(0.1)
    world.notes.append(
        f"{what}: told within {witness.slowest:.1f} s ({witness.refused} refused); {backlog} updates had waited at its "
        f"end, the first answer came after {world.recoveries[-1]:.1f} s, all were taken in after "
        f"{time.monotonic() - began:.1f} s"
    )


async def lose_server(world: World) -> None:
    """PostgreSQL stands still, and loses connections."""
    server = world.server
    assert server is not None
    async with watched(world, f"the server stands still for {AWAY_SECONDS:.0f} s"):
        server.freeze()
        await asyncio.sleep(AWAY_SECONDS)
        server.thaw()
    async with watched(world, f"connections are cut at random for {LASTS:.0f} s", refuses=False):
        with server.connection("postgres") as admin:
            for _ in range(int(LASTS / CUT_EVERY)):
                await asyncio.sleep(CUT_EVERY)
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                    "AND datname <> 'postgres' ORDER BY random() LIMIT 3"
                )


async def stop_server(world: World) -> None:
    """PostgreSQL ends in the middle of its work, and is begun again later; then its disk is full."""
    server = world.server
    assert server is not None
    async with watched(world, f"the server crashes and is away for {STOPPED_SECONDS:.0f} s"):
        server.crash()
        await asyncio.sleep(STOPPED_SECONDS)
        server.begin_again()
        await asyncio.to_thread(server.becomes_ready)
    async with watched(world, f"the server's disk is full for {STOPPED_SECONDS:.0f} s"):
        server.fill_disk(FULL_FROM)
        await asyncio.sleep(STOPPED_SECONDS)
        has_ended = server.process.poll() is not None
        server.crash()  # whoever has made room begins it again, in whatever state it is
        server.begin_again()
        await asyncio.to_thread(server.becomes_ready)
    world.notes.append(f"without room for its log of writes the server {'had ended' if has_ended else 'stood still'}")


async def lose_file(world: World) -> None:
    """Another program holds SQLite's file; then the disk is full."""
    path = world.folder / "koppi.sqlite3"
    async with watched(world, f"another program holds the file for {AWAY_SECONDS:.0f} s"):
        other = sqlite3.connect(path, isolation_level=None, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(AWAY_SECONDS)
        other.execute("ROLLBACK")
        other.close()
    async with watched(world, f"the disk is full for {AWAY_SECONDS:.0f} s"):
        assert world.process is not None
        _, most = resource.prlimit(world.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(world.process.pid, resource.RLIMIT_FSIZE, (FULL_FROM, most))
        await asyncio.sleep(AWAY_SECONDS)
        resource.prlimit(world.process.pid, resource.RLIMIT_FSIZE, (most, most))


SCENARIOS = [
    Scenario("database gone", lose_server, ("postgresql",), waits=True),
    Scenario("database stopped", stop_server, ("postgresql",), waits=True),
    Scenario("database gone", lose_file, ("sqlite",), waits=True),
]
