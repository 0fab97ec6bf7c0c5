"""`python -m tests.torture`: the scenarios, some beside others, and a table of what was lost, doubled or swapped."""

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from knowledge import library
from knowledge.base import KnowledgeBase
from tests.support import processes
from tests.torture import (
    bot_api,
    changing_clock,
    group,
    kills,
    malformed,
    outages,
    power,
    races,
    read_only,
    revoked,
    slow,
    two,
)
from tests.torture.scenario import Result, Scenario, Wanted, play
from tests.torture.world import IN_FLIGHT, PER_SECOND

MODULES = (kills, group, bot_api, power, malformed, races, slow, read_only, revoked, changing_clock, outages, two)
SCENARIOS = [scenario for module in MODULES for scenario in module.SCENARIOS]
HEADS = (
    "scenario", "updates", "kills", "lost", "doubled, unexplained", "explained", "out of order", "given up",
    "(never arrived)", "restart → answer", "act → answer, p95", "to rest", "seconds",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Play what is asked for; 1 when anything was lost, doubled or out of order."""
    known = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="what everybody says and does follows from it (%(default)s)"
    )
    parser.add_argument("--kills", type=int, default=30, help="how many in each world that is killed (%(default)s)")
    parser.add_argument("--askers", type=int, help="how many in each world, if not as many as its scenario says")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(known)}; or one database's")
    asked = parser.parse_args(arguments)
    chosen = [
        (scenario, kind)
        for scenario in SCENARIOS
        for kind in scenario.databases
        if not asked.only or {scenario.name, kind, f"{scenario.name}, {kind}"} & set(asked.only)
    ]
    if not chosen:
        parser.error(f"there is none of that name; there are {', '.join(known)}")
    try:
        results = asyncio.run(_play_all(chosen, asked.seed, asked.kills, asked.askers))
    except asyncio.CancelledError:
        return 130
    return 1 if any(result.found.faults for result in results) else 0


async def _play_all(chosen: list[tuple[Scenario, str]], seed: int, kills: int, askers: int | None) -> list[Result]:
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    began = time.monotonic()
    if (playing_all := asyncio.current_task()) is not None:
        for number in (signal.SIGINT, signal.SIGTERM):  # nothing is to be left behind, however it ends
            asyncio.get_running_loop().add_signal_handler(number, playing_all.cancel)
    _introduce(seed)
    with (
        tempfile.TemporaryDirectory(prefix="koppi-torture-") as folder,
        processes.fork_server(Path(folder)) as fork,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        fitted = Path(folder) / "faq"
        await asyncio.to_thread(KnowledgeBase.build, library.load(), fitted)

        async def one(scenario: Scenario, kind: str, has_gone_home: asyncio.Event) -> Result:
            task = progress.add_task("", start=False, visible=False)

            def say(words: str) -> None:
                progress.start_task(task)
                progress.update(task, description=f"{scenario.name}, {kind}: {words}", visible=True)

            wanted = Wanted(seed, kills, scenario.askers if askers is None else askers)
            result = await play(scenario, kind, fitted, fork, has_gone_home, wanted, say)
            progress.remove_task(task)
            _tell(result)
            return result

        # Those that keep the machine busy are at the left, one at a time; those that mostly wait go on beside them.
        left = deque(sorted((one for one in chosen if not one[0].is_alone), key=lambda one: one[0].waits))
        playing: list[asyncio.Task[Result]] = []

        async def lane(take: Callable[[], tuple[Scenario, str]], goes_on: Callable[[], bool]) -> None:
            while goes_on():
                has_gone_home = asyncio.Event()
                playing.append(tasks.create_task(one(*take(), has_gone_home)))
                await has_gone_home.wait()

        results = [await one(*by_itself, asyncio.Event()) for by_itself in chosen if by_itself[0].is_alone]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lane(left.popleft, lambda: bool(left)))
            tasks.create_task(lane(left.pop, lambda: bool(left)))
            tasks.create_task(lane(left.pop, lambda: bool(left) and left[-1][0].waits))
    print(f"\n{time.monotonic() - began:.0f} s in all")
    return results + [task.result() for task in playing]


def _introduce(seed: int) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"\nseed {seed}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}; load {os.getloadavg()[0]:.1f} before")
    print(f"{PER_SECOND:.0f} sends a second allowed (shipped: 25), {IN_FLIGHT} in flight\n")
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}", flush=True)


def _tell(result: Result) -> None:
    found = result.found
    numbers = (
        result.updates, result.kills, len(found.lost), len(found.doubled), found.explained, len(found.inversions),
        found.failed, found.missed,
    )  # fmt: skip
    times = ["" if seconds is None else f"{seconds:.1f} s" for seconds in (result.recovery, result.wait, result.rest)]
    print(f"| {' | '.join([result.name, *map(str, numbers), *times, f'{result.seconds:.0f}'])} |", flush=True)
    for words in [*result.notes, *found.faults[:20]]:
        print(f"  {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
