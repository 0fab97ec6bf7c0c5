"""SQLite's file is made read-only under the service, and it is started anew on it."""

import asyncio
import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.processes import Process, die_with_us
from tests.torture.scenario import Scenario
from tests.torture.world import STOPS_WITHIN, World

TOLD_WITHIN = 40.0  # seconds: it imports all its modules before it can say anything
NAMES = ("koppi.sqlite3", "koppi.sqlite3-wal", "koppi.sqlite3-shm")
DROP_FROM_BOUNDING_SET, MAY_WRITE_ANYTHING = 24, 1  # the kernel's PR_CAPBSET_DROP and CAP_DAC_OVERRIDE
SAYS = b"read-only"


async def protect(world: World) -> None:
    """A running service has its file open and goes on; one that starts can't work, and says why."""
    if sys.platform != "linux":
        world.notes.append("SKIPPED, nothing was tried: root may write everything here")
        return
    await world.stops()
    start, world.fork = world.fork, _launch_as_anybody
    await world.starts()
    await world.recovers()
    paths = [world.folder / name for name in NAMES]
    world.say("the file is made read-only")
    for path in paths:
        path.chmod(0o444)
    went_on = await world.answers_more(1)
    await world.kill()
    before = world.log.stat().st_size
    await world.starts()
    assert world.process is not None
    answers = world.answers
    told, began = b"", time.monotonic()
    while SAYS not in told and world.process.returncode is None and time.monotonic() - began < TOLD_WITHIN:
        await asyncio.sleep(0.2)
        told = (await asyncio.to_thread(world.log.read_bytes))[before:]
    with contextlib.suppress(TimeoutError):  # whoever can't work may end, or wait for better times
        async with asyncio.timeout(STOPS_WITHIN):
            await world.process.wait()
    code = world.process.returncode
    if world.answers != answers:
        world.wrong.append("it answered without writing it down")
    if SAYS not in told:
        world.wrong.append(f"it did not say that its file is read-only: {told[-200:]!r}")
    for path in paths:
        if path.exists():
            path.chmod(0o644)
    world.fork = start
    if code is not None:
        await world.starts()
    await world.recovers()
    world.notes.append(
        f"a file made read-only: the running service {'went on' if went_on else 'fell silent'}; the next one "
        + (f"ended with {code} and said why" if code is not None else "waited for it, and said why")
    )


async def _launch_as_anybody(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path
) -> Process:
    """As `processes.launch`, without the right to write what is read-only: root has that, an operator has not."""
    with output.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", program, *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=dict(environment),
            preexec_fn=_become_anybody,
        )  # fmt: skip


def _become_anybody() -> None:
    die_with_us()
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, MAY_WRITE_ANYTHING)


SCENARIOS = [Scenario("read-only file", protect, ("sqlite",), askers=20, waits=True)]
