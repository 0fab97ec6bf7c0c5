"""One scenario: what is done to the world while its people go on; and the run that ends with the reckoning."""

import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
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
    KOPPI_… ones, by their names.
    """

    name: str
    act: Callable[[World], Awaitable[None]]
    databases: tuple[str, ...] = DATABASES
    mode: str = "polling"
    askers: int = 200
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A line of the table."""

    name: str
    updates: int
    kills: int
    recovery: float | None  # seconds, the slowest
    found: Reckoning
    notes: list[str]
    seconds: float


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database. PostgreSQL's runs as carefully as in earnest, SQLite's does anyway."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'koppi.sqlite3'}"
        return
    careful = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    with postgres.cluster(**careful) as cluster, cluster.database() as name:
        yield cluster.url(name)


async def play(
    scenario: Scenario,
    kind: str,
    fitted: Path,
    fork: Launch,
    *,
    seed: int,
    kills: int = 30,
    askers: int | None = None,
    say: Callable[[str], None] = lambda _words: None,
) -> Result:
    """Play *scenario* on a fresh database of this *kind*; nothing of it is left behind."""
    name, began = f"{scenario.name}, {kind}", time.monotonic()
    with tempfile.TemporaryDirectory(prefix="koppi-torture-") as at, empty_database(kind, Path(at)) as database:
        started = world(
            name, database, Path(at), fitted, fork, seed=seed, kills=kills, say=say, mode=scenario.mode,
            **scenario.settings,
        )  # fmt: skip
        async with started as here:
            await here.starts()
            await here.becomes_ready()
            advisors = [Advisor(here, advisor, f"{seed} {name} {advisor}") for advisor in ADVISORS]
            async with crowd(here, askers or scenario.askers, seed), doing(*(advisor.lives() for advisor in advisors)):
                await scenario.act(here)
            say("coming to rest")
            await here.comes_to_rest()
            found = await here.reckons()
            await here.stops()
            found.lost += [wrong for wrong in here.wrong if wrong not in found.lost]
            return Result(
                name,
                len(here.seen.issued),
                here.kills,
                max(here.recoveries, default=None),
                found,
                here.notes,
                time.monotonic() - began,
            )
