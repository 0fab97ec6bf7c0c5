"""The power is cut: what was confirmed to Telegram is in the file that is found afterwards, and the file is whole."""

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support.processes import KOPPI, Launch, Process, die_with_us
from tests.torture.disk import OPTIONS, Disk, Said, read_record
from tests.torture.scenario import Scenario
from tests.torture.world import World

CARELESS = "tests.torture.careless_koppi"
IMAGES = {KOPPI: 200, CARELESS: 40}
LASTS = 4.0  # seconds of traffic in each record
FILES = ("koppi.sqlite3", "koppi.sqlite3-wal")
CONFIRMS = re.compile(rb'"offset": "?(\d+)')
SENDS = b"/sendMessage HTTP/1.1"
ENDED = "+++ exited"


@dataclass
class Found:
    """How many images there were, how many of them are not whole, lack something that was confirmed, or know nothing
    of a message that had gone out."""

    images: int = 0
    torn: int = 0
    lost: int = 0
    untold: int = 0


async def cut(world: World) -> None:
    """Record the service at work and cut its power at random; and that of one that doesn't sync, which must show."""
    if why := cannot():
        world.notes.append(f"SKIPPED, nothing was tried: {why}")
        return
    start = world.fork
    await world.stops()
    await world.store.close()  # SQLite's locks are the process's: to read its file beside it would let them go
    for program, images in IMAGES.items():
        world.say(f"recording {program}")
        before = {str(path): path.read_bytes() for path in map(world.folder.joinpath, FILES) if path.exists()}
        record = world.folder / f"{program}.strace"
        world.fork = _traced(program, record)
        await world.starts("polling")
        await world.becomes_ready()
        await asyncio.sleep(LASTS)
        world.say(f"cutting the power of {program} {images} times")
        await world.stops()
        await asyncio.to_thread(_until_written, record)
        issued = list(world.telegram.issued)
        found = await asyncio.to_thread(_examine, record, before, issued, images, world.folder, world.dice)
        _judge(world, program, found)
        record.unlink()
    world.fork = start
    await world.starts()
    await world.recovers()


def cannot() -> str | None:
    """Why no record can be made here; None if one can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return None if tried.returncode == 0 else "strace may not trace here"


def _traced(program: str, record: Path) -> Launch:
    async def start(
        _program: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path
    ) -> Process:
        with output.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                "strace", *OPTIONS, "-o", str(record), sys.executable, "-m", program, *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=dict(environment),
                preexec_fn=die_with_us,
            )  # fmt: skip

    return start


def _until_written(record: Path) -> None:
    """strace goes on writing for a moment after what it watches has ended."""
    for _ in range(600):
        with record.open("rb") as file:
            file.seek(-min(record.stat().st_size, 400), 2)
            if ENDED.encode() in file.read():
                return
        time.sleep(0.05)
    raise AssertionError("the record has no end")


def _examine(
    record: Path, before: Mapping[str, bytes], issued: Sequence[int], images: int, folder: Path, dice: Random
) -> Found:
    """Cut the power so often, at random, after something was confirmed; look at what is left."""
    events = list(read_record(record, folder))
    confirming = [
        place for place, event in enumerate(events) if isinstance(event, Said) and CONFIRMS.search(event.data)
    ]
    cuts = sorted(dice.randrange(confirming[1], len(events)) for _ in range(images))
    found, disk, confirmed, sends = Found(), Disk(before), 0, 0
    image = folder / "image"
    image.mkdir()
    with _opened(image, before) as known:
        sent_before = known.execute("SELECT coalesce(sum(attempts), 0) FROM outbox").fetchone()[0]
    for place, event in enumerate(events):
        disk.take(event)
        if isinstance(event, Said):
            if offset := CONFIRMS.search(event.data):
                confirmed = int(offset[1])
            sends += event.data.count(SENDS)
        while cuts and cuts[0] == place:
            cuts.pop(0)
            sure = {number for number in issued if number < confirmed}
            _look(image, disk.after_a_power_cut(dice), sure, sent_before + sends, found)
    shutil.rmtree(image)
    return found


@contextmanager
def _opened(folder: Path, files: Mapping[str, bytes]) -> Iterator[sqlite3.Connection]:
    """SQLite's own view of *files*, as after the restart of the machine."""
    for path, content in files.items():
        if Path(path).name in FILES:
            (folder / Path(path).name).write_bytes(content)
    connection = sqlite3.connect(folder / FILES[0])
    try:
        yield connection
    finally:
        connection.close()
        for left in folder.iterdir():
            left.unlink()


def _look(image: Path, files: Mapping[str, bytes], confirmed: set[int], sends: int, found: Found) -> None:
    found.images += 1
    with _opened(image, files) as connection:
        try:
            whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            kept = {int(key) for (key,) in connection.execute("SELECT key FROM inbox WHERE channel = 'telegram'")}
            (tried,) = connection.execute("SELECT coalesce(sum(attempts), 0) FROM outbox").fetchone()
        except sqlite3.DatabaseError:
            found.torn += 1
            return
        found.torn += not whole
        found.lost += not confirmed <= kept
        found.untold += tried < sends


def _judge(world: World, program: str, found: Found) -> None:
    bad = found.torn + found.lost + found.untold
    if program == KOPPI and (bad or found.images < IMAGES[KOPPI]):
        world.wrong.append(f"after a power cut: {found}")
    if program == CARELESS and not found.lost:
        world.wrong.append(f"the control lost nothing: nothing has been tried ({found})")
    what = "as it is" if program == KOPPI else "without synced commits (the control)"
    world.notes.append(
        f"power cuts, {what}: {found.images} images, {found.torn} not whole, {found.lost} lack what was confirmed, "
        f"{found.untold} know nothing of what had been sent"
    )


SCENARIOS = [Scenario("power", cut, ("sqlite",), askers=50)]
