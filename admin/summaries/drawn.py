"""Pictures of summaries as PNG, drawn from the figures as they stand: they are stored nowhere."""

import asyncio
import json
import os
import sys
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path

from admin.house import House
from admin.summaries import drawing, picture, statistics
from admin.summaries.situation import situation

KEPT = 6  # drawings, of some 50 kB: the same one for many readers is drawn once


class CannotDraw(Exception):
    """The program that draws has failed; the message is its exit code."""


class Pictures:
    """Draws pictures by their names, one at a time, each in a process of its own that is gone afterwards."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._drawn: OrderedDict[bytes, bytes] = OrderedDict()
        self._turn = asyncio.Lock()

    async def draw(self, name: str) -> bytes:
        """The picture of this `picture.name`. Raises `CannotDraw`, and ValueError for what is no name."""
        span, language = picture.named(name)
        async with self._house.store.read() as read:
            figures = await statistics.figures(read, span)
            stands = await situation(read, self._house, self._house.today())
        charts = json.dumps(asdict(picture.of(figures, stands, language))).encode()
        async with self._turn:
            if charts not in self._drawn:
                self._drawn[charts] = await _draw(charts, self._house.settings.data_dir / "cache" / "matplotlib")
            self._drawn.move_to_end(charts)
            if len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
            return self._drawn[charts]


async def _draw(charts: bytes, cache: Path) -> bytes:
    """*cache*: where what is known of this machine's fonts is kept, lest it be found out anew each time."""
    drawer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",  # without our folder in its path: there is a `statistics` in it
        drawing.__file__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "MPLCONFIGDIR": str(cache)},
    )
    try:
        png, _ = await drawer.communicate(charts)
    finally:
        if drawer.returncode is None:
            drawer.kill()
            await drawer.wait()
    if drawer.returncode != 0:
        raise CannotDraw(str(drawer.returncode))
    return png
