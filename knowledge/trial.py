"""What some state of the FAQ makes of many questions, asked in a process of its own.

Whoever is being answered meanwhile waits for no lock, and of a state that was only tried out nothing is left: neither
in memory nor in the cache.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.library import Revision
from knowledge.parts import read_by_parts
from knowledge.verdict import VerdictKind, reach

COMMAND = (sys.executable, "-m", "knowledge.trial")
FOLDER = Path(__file__).parents[1]
"""The command that answers a request on standard input, and where it is run."""

_TOLD_EVERY = 50  # questions


@dataclass(frozen=True)
class Seen:
    """What a question gets: its verdict, and the entries found (id, score); *is_danger* if there is any sign of it."""

    kind: VerdictKind
    hits: tuple[tuple[str, float], ...]
    is_danger: bool


@dataclass(frozen=True)
class Asked:
    """So many of the questions have been asked."""

    count: int


def request(
    folder: Path, revisions: Sequence[Revision], questions: Sequence[str], tests: Sequence[str], cache: Path | None
) -> bytes:
    """What to write to the process: the FAQ in *folder* with these *revisions* is asked these *questions*.

    And these *tests*, in which neither danger nor small talk is looked for: a third of the time, and what is found in
    the FAQ is the same. It is read from *cache*, and kept there, as by the service; without one it is fitted and
    forgotten.
    """
    return json.dumps(
        {
            "folder": str(folder.absolute()),
            "revisions": [asdict(revision) for revision in revisions],
            "questions": list(questions),
            "tests": list(tests),
            "cache": str(cache.absolute()) if cache else None,
        }
    ).encode()


def read_line(line: bytes) -> Asked | list[Seen]:
    """A line that the process wrote: how far it is, and last what it saw, a `Seen` for each question, then test."""
    said = json.loads(line)
    if isinstance(said, int):
        return Asked(said)
    return [Seen(kind, tuple((entry_id, score) for entry_id, score in hits), danger) for kind, hits, danger in said]


def answer(asked: bytes) -> Iterator[str]:
    """The lines that answer a request: numbers while it goes on, and last the list of what was seen."""
    read = json.loads(asked)
    books = library.load(Path(read["folder"]), [Revision(**revision) for revision in read["revisions"]])
    base = KnowledgeBase.build(books, Path(read["cache"]) if read["cache"] else None)
    yield "0"
    seen: list[Any] = []
    questions, tests = read["questions"], read["tests"]
    for number, text in enumerate([*questions, *tests], start=1):
        if number <= len(questions):
            verdict = read_by_parts(text, base.judge(text), base.judge).verdict
        else:
            verdict = reach(base.index.find(text), base.fitted, safety=None, smalltalk=None, language=None)
        hits = [(hit.entry_id, round(hit.score, 4)) for hit in verdict.hits]
        seen.append((verdict.kind, hits, verdict.safety is not None))
        if number % _TOLD_EVERY == 0:
            yield str(number)
    yield json.dumps(seen)


if __name__ == "__main__":
    os.nice(5)  # whoever is answering goes first
    for written in answer(sys.stdin.buffer.read()):
        print(written, flush=True)
