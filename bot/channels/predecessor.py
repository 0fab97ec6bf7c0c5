"""Who did this process's work before it on the same data folder, and is certainly gone.

A lease in the database outlives a killed process for as long as nobody can know that it is dead. On its own machine the
kernel knows: the lock on a file ends with its process, whatever ended that.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

FILE = "koppi.poller"


@contextlib.contextmanager
def succeeding(folder: Path, owner: str) -> Iterator[str | None]:
    """Who stood in *folder* before *owner*, who stands there from now on; None where nobody did.

    None, too, where somebody still does, or the folder can't be written to: then nobody is succeeded.
    """
    try:
        file = (folder / FILE).open("a+")
    except OSError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        file.seek(0)
        former = file.read()
        file.truncate(0)
        file.write(owner)
        file.flush()
        yield former or None
