"""What a disk holds after its power was cut: from a record of every write and every sync, as strace prints them.

What was synced is there. Of what was written after that, any part may be: here each sector is kept or lost by the throw
of a die. A harness that needs no privilege and no virtual machine, and that a careless setting does not survive.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

SECTOR = 512  # bytes: what a disk writes whole or not at all
CALLS = ("pwrite64", "ftruncate", "fsync", "fdatasync", "unlink", "sendto", "sendmsg")
OPTIONS = ("-D", "-f", "-y", "-xx", "-s", "16777216", "--seccomp-bpf", f"--trace={','.join(CALLS)}", "--signal=none")


@dataclass(frozen=True)
class Write:
    """*data* was handed to the system for the file *path*, at *offset*."""

    path: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Cut:
    """The file *path* was made *size* bytes long."""

    path: str
    size: int


@dataclass(frozen=True)
class Sync:
    """All that was written to *path* before *since* (a place in the record) is on the disk."""

    path: str
    since: int


@dataclass(frozen=True)
class Gone:
    """The file *path* was deleted."""

    path: str


@dataclass(frozen=True)
class Said:
    """*data* went out to the network."""

    data: bytes


Event = Write | Cut | Sync | Gone | Said

_LINE = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<arguments>.*)")
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>")
_FILE = re.compile(r"\d+<(?P<path>[^>]*)>(?:, (?P<rest>.*))?")
_TEXT = re.compile(r'"(?P<text>(?:\\x[0-9a-f]{2})*)"(?P<whole>\.\.\.)?(?:, (?P<rest>.*))?')


def read_record(path: Path, folder: Path) -> Iterator[Event]:
    """The events of a record that touch files in *folder*, or the network, in their order.

    A write counts from its beginning, a sync from its end: between them anything may have happened.
    """
    waiting: dict[str, tuple[str, int]] = {}  # by thread: the file whose sync has begun, and where in the record
    place = 0
    with path.open(encoding="ascii") as lines:
        for line in lines:
            if resumed := _RESUMED.match(line):
                if resumed["call"] in {"fsync", "fdatasync"} and (begun := waiting.pop(resumed["thread"], None)):
                    yield Sync(*begun)
                    place += 1
                continue
            found = _LINE.match(line)
            if found is None:
                continue
            event = _event(found["call"], found["arguments"], folder, place)
            if event is None:
                continue
            if isinstance(event, Sync) and "<unfinished" in line:
                waiting[found["thread"]] = (event.path, event.since)
                continue
            yield event
            place += 1


def _event(call: str, arguments: str, folder: Path, place: int) -> Event | None:
    if call == "unlink":
        name = bytes.fromhex(arguments.split('"')[1].replace("\\x", "")).decode()
        return Gone(name) if name.startswith(f"{folder}/") else None
    found = _FILE.match(arguments)
    if found is None:
        return None
    name = bytes.fromhex(found["path"].replace("\\x", "")).decode() if "\\x" in found["path"] else found["path"]
    if call == "sendto":
        return Said(_data(found["rest"])[0])
    if call == "sendmsg":
        return Said(b"".join(_data(part)[0] for part in re.findall(r'iov_base=("[^"]*"(?:\.\.\.)?)', found["rest"])))
    if not name.startswith(f"{folder}/"):
        return None
    if call == "pwrite64":
        data, rest = _data(found["rest"])
        return Write(name, int(re.findall(r"\d+", rest)[1]), data)
    if call == "ftruncate":
        return Cut(name, int(re.findall(r"\d+", found["rest"])[0]))
    return Sync(name, place)


def _data(rest: str) -> tuple[bytes, str]:
    found = _TEXT.match(rest)
    if found is None or found["whole"]:
        raise ValueError("the record does not hold all that was written")
    return bytes.fromhex(found["text"].replace("\\x", "")), found["rest"] or ""


class Disk:
    """What is certainly on the disk, *files* at first, and what is only on its way."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._certain = {path: bytearray(content) for path, content in files.items()}
        self._on_its_way: defaultdict[str, list[tuple[int, Write | Cut]]] = defaultdict(list)
        self._place = 0

    def take(self, event: Event) -> None:
        """The next event of the record."""
        match event:
            case Write(path=path) | Cut(path=path):
                self._on_its_way[path].append((self._place, event))
            case Sync(path=path, since=since):
                self._settle(path, since)
            case Gone(path=path):  # as if at once: nobody looks for what is not there any more
                self._certain.pop(path, None)
                self._on_its_way.pop(path, None)
        self._place += 1

    def _settle(self, path: str, since: int) -> None:
        file = self._certain.setdefault(path, bytearray())
        later = []
        for place, change in self._on_its_way[path]:
            if place < since:
                _apply(file, change)
            else:
                later.append((place, change))
        self._on_its_way[path] = later

    def after_a_power_cut(self, dice: Random) -> dict[str, bytes]:
        """The files as they may be found: much, little or nothing of what was on its way has arrived."""
        share = dice.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        files = {path: bytearray(file) for path, file in self._certain.items()}
        for path, changes in self._on_its_way.items():
            file = files.setdefault(path, bytearray())
            for _, change in changes:
                for part in _sectors(change):
                    if dice.random() < share:
                        _apply(file, part)
        return {path: bytes(file) for path, file in files.items()}


def _sectors(change: Write | Cut) -> Iterator[Write | Cut]:
    if isinstance(change, Cut):
        yield change
        return
    done = 0
    while done < len(change.data):
        at = change.offset + done
        size = SECTOR - at % SECTOR
        yield Write(change.path, at, change.data[done : done + size])
        done += size


def _apply(file: bytearray, change: Write | Cut) -> None:
    if isinstance(change, Cut):
        del file[change.size :]
        file.extend(bytes(change.size - len(file)))
        return
    end = change.offset + len(change.data)
    if len(file) < end:
        file.extend(bytes(end - len(file)))
    file[change.offset : end] = change.data
