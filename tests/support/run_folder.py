"""What is made once for all workers of a test run, in the folder they share."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108 - only ever the parent of pytest's own private folders
LEAST_FREE = 2 * 1024**3


def memory() -> Path | None:
    """A file system in memory with room for what tests write, most of it to be synced; None without one.

    What is written there is as safe from a killed process as on a disk, and no test cuts the power.
    """
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    room = os.statvfs(MEMORY)
    return MEMORY if room.f_bavail * room.f_frsize >= LEAST_FREE else None


def prefer_memory() -> None:
    """Have pytest make its temporary folders in memory where it can, unless somebody has said where they shall be."""
    if place := memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))


def shared_by_workers(factory: pytest.TempPathFactory) -> Path:
    """The folder of this run that every worker sees; without workers, the only one's."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Nobody else is at work on *folder* until the context ends: whoever comes later finds what the first has made."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def link_copy(folder: Path, to: Path) -> Path:
    """*folder* again at *to*, at no cost: for what is read, replaced or removed, never written into."""

    def link(file: str, at: str) -> None:
        with contextlib.suppress(FileExistsError):  # copied there before
            os.link(file, at)

    return Path(shutil.copytree(folder, to, copy_function=link, dirs_exist_ok=True))
