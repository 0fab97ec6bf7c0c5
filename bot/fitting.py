"""Fitting the index in a process of its own: `python -m bot.fitting FAQ CACHE`, published edits as JSON on stdin.

Fitting needs scikit-learn (120 MB of it) and seconds of CPU. In a process that ends, neither weighs on the service: it
goes on answering from the old index without a pause, and then reads what was fitted from the cache.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from knowledge import library
from knowledge.base import KnowledgeBase

NICENESS = 10  # answers go first on a small machine


async def fit_aside(folder: Path, cache_folder: Path, revisions: Sequence[library.Revision]) -> bool:
    """Fit the FAQ of *folder* with *revisions* into *cache_folder*; False when that failed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.fitting",
        str(folder),
        str(cache_folder),
        stdin=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    try:
        await process.communicate(json.dumps([asdict(revision) for revision in revisions]).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0


def main(folder: str, cache_folder: str) -> None:
    """Fit and keep; a knowledge base that is kept already is left alone."""
    os.nice(NICENESS)
    revisions = [library.Revision(**revision) for revision in json.load(sys.stdin)]
    KnowledgeBase.build(library.load(Path(folder), revisions), Path(cache_folder))


if __name__ == "__main__":
    main(*sys.argv[1:3])
