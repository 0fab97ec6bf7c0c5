"""Two processes on one PostgreSQL, behind a proxy: one by one they are stopped, started, put to sleep and woken."""

import asyncio
import re
import signal
import time
from collections import Counter

import httpx
from sqlalchemy import select

from bot.channels.telegram import WEBHOOK_PATH
from bot.store import chat_links
from bot.store.schema import summary_run
from tests.admin.console.office import OURS
from tests.support import people, run_folder
from tests.support.processes import KOPPI, Process, ServiceProcess, environment, free_port
from tests.torture.balancer import Balancer
from tests.torture.crowd import doing
from tests.torture.scenario import Scenario
from tests.torture.world import ADVISORS, IN_FLIGHT, STOPS_WITHIN, World

COORDINATOR = 7_007
ROUNDS = 2  # of a rolling restart
LASTS = 3.0  # seconds of traffic between two steps
SLEEPS = 32.0  # longer than the lease of whoever asks Telegram, and than that of what is being sent
PROCESSES = 2
TOLD_WITHIN = 40  # seconds
BACKLOG = "messages wait to be handled"  # a busy machine's matter, not the process's


_LOGIN = {"name": ADVISORS[0], "password": people.PASSWORD}


class Twin:
    """One of the processes: a folder of its own, the database and the address shared."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self.folder = world.folder / f"twin-{number}"
        self.port = free_port()
        self.process: Process | None = None

    async def starts(self, mode: str) -> None:
        """Begin a life, and return once it is ready."""
        run_folder.link_copy(self._world.folder / "cache", self.folder / "cache")
        wanted = {"DATA_DIR": str(self.folder), "PORT": str(self.port), "TELEGRAM_MODE": mode}
        wanted |= {"PUBLIC_URL": self._world.url}
        named = environment(self._world.environment() | {f"KOPPI_{name}": text for name, text in wanted.items()})
        self.process = await self._world.fork(KOPPI, ["serve"], named, self.folder, self._world.log)
        running = ServiceProcess(self.process, self.port, self.folder, self._world.log)
        try:
            await running.becomes_ready()
        except AssertionError:
            async with httpx.AsyncClient(timeout=10) as client:
                faults = (await client.get(f"{running.url}/readyz")).text
            if BACKLOG not in faults:
                self._world.wrong.append(f"a process was not ready after its start: {faults}")

    async def stops(self) -> None:
        """SIGTERM, and its end in time."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPS_WITHIN):
                code = await self.process.wait()
        except TimeoutError:
            self._world.wrong.append(f"a process did not stop within {STOPS_WITHIN:.0f} s")
            self.process.kill()
            return
        if code != 0:
            self._world.wrong.append(f"a process stopped with exit code {code}")

    async def sleeps(self, seconds: float) -> None:
        """Stand still, in the middle of whatever it does, and go on as if nothing had happened."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)
        self._world.may_repeat += IN_FLIGHT


async def be_two(world: World) -> None:
    """By webhook, then by polling."""
    assert world.process is not None
    await world.stops()
    async with world.store.write() as tx:
        await chat_links.link(tx, people.VAULT, purpose="coordinator", address=str(COORDINATOR), now=people.LONG_AGO)
    world.telegram.meets(COORDINATOR)
    twins = [Twin(world, number) for number in range(PROCESSES)]
    try:
        async with Balancer(world.port, [twin.port for twin in twins]) as balancer:
            await asyncio.gather(*(twin.starts("webhook") for twin in twins))
            world.lives += PROCESSES
            await world.recovers()
            told: Counter[int] = Counter()
            async with doing(*(_listens(world, twin.port, told) for twin in twins)):
                for _ in range(TOLD_WITHIN):
                    await asyncio.sleep(1)
                    if all(told[twin.port] >= 2 for twin in twins):
                        break
            await _roll(world, twins, balancer)
            world.say(f"one sleeps for {SLEEPS:.0f} s")
            await twins[0].sleeps(SLEEPS)
            await asyncio.sleep(LASTS)
            world.say("by polling, one takes over from the other")
            await asyncio.gather(*(twin.stops() for twin in twins))
            await twins[0].starts("polling")  # the first is the one that asks
            await twins[1].starts("polling")
            await world.recovers()
            world.say("the one that asks falls asleep")
            took_over = await _take_over(world, twins[0])
            world.say("both end")
            await asyncio.sleep(LASTS)
            await asyncio.gather(*(twin.stops() for twin in twins))
    finally:
        for twin in twins:
            if twin.process is not None and twin.process.returncode is None:
                twin.process.send_signal(signal.SIGCONT)
                twin.process.kill()
                await twin.process.wait()
    await world.starts("webhook")
    await world.recovers()
    await _judge(world, balancer, told, twins, took_over)


async def _roll(world: World, twins: list[Twin], balancer: Balancer) -> None:
    """A rolling restart: one after the other, while the other works. No request may fail for it."""
    before = Counter(balancer.failed)
    for number in range(ROUNDS):
        for twin in twins:
            world.say(f"rolling restart {number + 1} of {ROUNDS}")
            await asyncio.sleep(LASTS)
            await twin.stops()
            await twin.starts("webhook")
    failed = balancer.failed - before
    again = failed.pop(WEBHOOK_PATH, 0)
    if failed:
        world.wrong.append(f"requests failed in a rolling restart: {dict(failed)}")
    world.notes.append(
        f"{ROUNDS} rolling restarts: {failed.total()} requests failed, Telegram had to post {again} updates again, "
        f"{balancer.passed_over} requests went to the other process at once; "
        f"{' and '.join(str(balancer.served[twin.port]) for twin in twins)} were served by each"
    )


async def _take_over(world: World, asks: Twin) -> float:
    """Put the process to sleep that asks Telegram; the seconds until the other does."""
    assert asks.process is not None
    asks.process.send_signal(signal.SIGSTOP)
    before, began = len(world.telegram.issued), time.monotonic()
    while True:
        await asyncio.sleep(0.1)
        left = world.telegram.unconfirmed
        since = world.telegram.issued[before:]
        if len(since) > 1 and (not left or left[0] > since[0]):
            break
        if time.monotonic() - began > 2 * SLEEPS:
            world.wrong.append("nobody took over from a poller that slept")
            break
    took = time.monotonic() - began
    await asyncio.sleep(max(0.0, SLEEPS - took))
    asks.process.send_signal(signal.SIGCONT)
    world.may_repeat += IN_FLIGHT
    return took


async def _listens(world: World, port: int, told: Counter[int]) -> None:
    """An advisor's open page at one of the processes: how often it is told of a change."""
    async with httpx.AsyncClient(base_url=f"http://localhost:{port}", headers=OURS, timeout=30) as client:
        while (await client.post("/console/login", data=_LOGIN)).status_code != 303:
            await asyncio.sleep(1)
        async with client.stream("GET", "/console/events") as stream:
            async for line in stream.aiter_lines():
                told[port] += line == "event: changed"


async def _judge(world: World, balancer: Balancer, told: Counter[int], twins: list[Twin], took_over: float) -> None:
    for twin in twins:
        if told[twin.port] < 2:
            world.wrong.append("an open page of the console was not told of changes by one of the processes")
        if not balancer.served[twin.port]:
            world.wrong.append("one of the processes was asked for nothing")
    async with world.store.read() as read:
        runs = Counter((await read.execute(select(summary_run.c.period, summary_run.c.recipient))).all())
    sent = [
        message for message in world.telegram.accepted[COORDINATOR] if message.method in {"sendMessage", "sendPhoto"}
    ]
    titles = Counter(re.sub(r"\s+", " ", message.text[:60]) for message in sent)
    if not runs or not sent:
        world.wrong.append("no summary was sent")
    if any(times > 1 for times in (*runs.values(), *titles.values())):
        world.wrong.append(f"a summary was sent twice: {sorted(titles.values())}")
    world.notes.append(
        f"{len(runs)} summaries written and {len(sent)} messages of them sent, each once; pages open at each process "
        f"were told of {' and '.join(str(told[twin.port]) for twin in twins)} changes; of a sleeping poller the other "
        f"took over after {took_over:.1f} s"
    )


SCENARIOS = [Scenario("two processes", be_two, ("postgresql",), mode="webhook", askers=60, waits=True)]
