"""Slow clients: some never read, some read a byte a second, some send one, and many only hold the line."""

import asyncio
import contextlib
import re
import time
from pathlib import Path
from statistics import quantiles

import httpx

from tests.admin.console.office import COOKIE, OURS
from tests.support import people
from tests.torture.crowd import doing
from tests.torture.scenario import Scenario
from tests.torture.world import ADVISORS, World

LASTS = 15.0
IDLE = 200
DEAF = 50  # ask for the console's stream, or page after page, and never read
DRIPPING = 20
MOST_GROWN = 40.0  # MB
SLOWER = 2.0  # times, and a second: so much longer may everybody else wait
MOST_PAGES = 30


async def dawdle(world: World) -> None:
    """All kinds at once, while everybody else goes on."""
    assert world.process is not None
    pid = world.process.pid
    await asyncio.sleep(LASTS)
    before, waited, files = _megabytes(pid), list(world.waits), _files(pid)
    cookie = await _session(world)
    world.say(f"{IDLE + 3 * DEAF} slow clients")
    slow = [
        *(_holds(world, "/chat/events") for _ in range(IDLE)),
        *(_holds(world, "/console/events", cookie, reads=False) for _ in range(DEAF)),
        *(_holds(world, "/", reads=False, times=MOST_PAGES) for _ in range(DEAF)),
        *(_holds(world, "/", byte_by_byte=True) for _ in range(DRIPPING)),
        *(_drips(world) for _ in range(DRIPPING)),
    ]
    began = time.monotonic()
    async with doing(*slow):
        async with httpx.AsyncClient(base_url=world.url, timeout=30) as client:
            looks = []
            while time.monotonic() - began < LASTS:
                asked = time.monotonic()
                page = await client.get("/")
                looks.append(time.monotonic() - asked)
                if page.status_code != 200:
                    world.wrong.append(f"somebody else's page was answered {page.status_code}")
                await asyncio.sleep(0.2)
        meanwhile = world.waits[len(waited) :]
        grown = _megabytes(pid) - before
    await asyncio.sleep(3)
    left = _files(pid) - files
    usual, slowest = _p95(waited), _p95(meanwhile)
    if grown > MOST_GROWN:
        world.wrong.append(f"slow clients took {grown:.0f} MB")
    if slowest > SLOWER * usual + 1 or not meanwhile:
        world.wrong.append(f"beside slow clients others waited {slowest:.1f} s instead of {usual:.1f} s")
    if left > 30:
        world.wrong.append(f"{left} connections were left open")
    world.notes.append(
        f"{len(slow)} slow clients for {LASTS:.0f} s: memory grew by {grown:.0f} MB from {before:.0f}; answers p95 "
        f"{slowest:.2f} s (before: {usual:.2f}), a page {_p95(looks):.2f} s; {max(0, left)} connections more afterwards"
    )


async def _session(world: World) -> str:
    async with httpx.AsyncClient(base_url=world.url, headers=OURS, timeout=30) as client:
        await client.post("/console/login", data={"name": ADVISORS[0], "password": people.PASSWORD})
        return f"{COOKIE}={client.cookies[COOKIE]}"


async def _holds(
    world: World, path: str, cookie: str = "", *, reads: bool = True, byte_by_byte: bool = False, times: int = 1
) -> None:
    """Ask for *path* (so many *times*), and keep the connection until cancelled."""
    reader, writer = await asyncio.open_connection("localhost", world.port, limit=1024)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost:{world.port}\r\nCookie: {cookie}\r\n\r\n".encode()
    if not reads:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        with contextlib.suppress(ConnectionError):
            for _ in range(times):
                writer.write(head)
            while reads and await reader.read(1 if byte_by_byte else 4096):
                await asyncio.sleep(1 if byte_by_byte else 0)
        await asyncio.sleep(10 * LASTS)
    finally:
        writer.transport.abort()


async def _drips(world: World) -> None:
    """A post that comes a byte a second."""
    _, writer = await asyncio.open_connection("localhost", world.port)
    kind = "Content-Type: application/x-www-form-urlencoded"
    writer.write(f"POST /chat/messages HTTP/1.1\r\nHost: localhost\r\n{kind}\r\nContent-Length: 5000\r\n\r\n".encode())
    try:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(1)
        await asyncio.sleep(10 * LASTS)
    finally:
        writer.transport.abort()


def _megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else 0.0


def _files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else 0.0


SCENARIOS = [Scenario("slow clients", dawdle, ("sqlite",), askers=100, is_alone=True)]
