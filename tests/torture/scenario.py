"""One scenario: what is done to the world while its people go on; and the run that ends with the reckoning."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import postgres
from tests.support.processes import Launch
from tests.torture.advisors import Advisor
from tests.torture.crowd import crowd, doing
from tests.torture.ledger import Reckoning
from tests.torture.world import ADVISORS, World, world

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Scenario:
    """*act* finds a service that is ready, with everybody at it, and must leave one that runs.

    *databases*: on which it is played, each in a world of its own; *mode*: how updates come, at first; *settings*: more
    KOPPI_… ones, by their names; *waits*: whether most of its time nothing is done, so that another has the machine;
    *is_alone*: it compares waiting times, so nothing else may have it.
    """

    name: str
    act: Callable[[World], Awaitable[None]]
    databases: tuple[str, ...] = DATABASES
    mode: str = "polling"
    askers: int = 200
    settings: dict[str, str] = field(default_factory=dict)
    waits: bool = False
    is_alone: bool = False


@dataclass(frozen=True)
class Wanted:
    """What the command asks for: *kills* in each world that is killed, *askers* in each."""

    seed: int
    kills: int
    askers: int


@dataclass(frozen=True)
class Result:
    """A line of the table."""

    name: str
    updates: int
    kills: int
    recovery: float | None  # seconds, the slowest
    wait: float | None  # seconds until an answer, p95 of those that came while somebody waited for it
    rest: float  # seconds from everybody's going home until nothing waited: the oldest that waited then
    found: Reckoning
    notes: list[str]
    seconds: float


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[tuple[str, postgres.Cluster | None]]:
    """The address of an empty database, and PostgreSQL's server: it is as careful as in earnest, SQLite is anyway."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'koppi.sqlite3'}", None
        return
    with postgres.cluster(**postgres.AS_IN_EARNEST) as cluster, cluster.database() as name:
        yield cluster.url(name), cluster


async def play(
    scenario: Scenario,
    kind: str,
    fitted: Path,
    fork: Launch,
    has_gone_home: asyncio.Event,
    wanted: Wanted,
    say: Callable[[str], None],
) -> Result:
    """Play *scenario* on a fresh database of this *kind*; nothing of it is left behind.

    When everybody has gone home, *has_gone_home* is set: while one world comes to rest, the next one has the machine.
    """
    name = f"{scenario.name}, {kind}"
    async with AsyncExitStack() as there:
        there.callback(has_gone_home.set)
        began = time.monotonic()
        say("starting")
        folder = Path(tempfile.mkdtemp(prefix="koppi-torture-"))
        there.callback(shutil.rmtree, folder, ignore_errors=True)
        database, server = there.enter_context(empty_database(kind, folder))
        making = world(name, database, folder, fitted, fork, wanted.seed, wanted.kills, say, scenario.mode)
        here = await there.enter_async_context(making)
        here.settings, here.server = dict(scenario.settings), server
        await here.starts()
        await here.becomes_ready()
        advisors = [Advisor(here, advisor, f"{wanted.seed} {name} {advisor}") for advisor in ADVISORS]
        people = crowd(here, wanted.askers, wanted.seed)
        async with people, doing(*(advisor.lives() for advisor in advisors)):
            await scenario.act(here)
        has_gone_home.set()
        say("coming to rest")
        rest = await here.comes_to_rest()
        found = await here.reckons()
        await here.stops()
        found.lost += [wrong for wrong in here.wrong if wrong not in found.lost]
        from_web = sum(channel == "web" for channel, _key in here.seen.issued)
        here.notes.insert(
            0,
            f"of these {from_web} by the web chat, {len(here.seen.crises)} cries for help; "
            f"{sum(here.seen.advised.values())} acts of advisors, {len(here.seen.replies)} of them replies",
        )
        if found.faults:
            here.notes.append(f"what it left: {shutil.copytree(folder, f'{folder}-kept')}")
        waits = sorted(here.waits)
        return Result(
            name,
            len(here.seen.issued),
            here.kills,
            max(here.recoveries, default=None),
            waits[len(waits) * 95 // 100] if waits else None,
            rest,
            found,
            here.notes,
            time.monotonic() - began,
        )
