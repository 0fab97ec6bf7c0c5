"""The nights in which the clocks are changed, from a Friday's noon to Monday's, with the real service.

Its clock is wound on by half an hour again and again, while people ask. Each summary has to be sent once and in time,
and each promise to be as many hours of work away as was promised, whatever the clocks did on the way.
"""

import asyncio
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from bot.profile import read_profile
from bot.settings import Settings
from bot.store import chat_links, summary_readers
from bot.store.schema import inbox, outbox, summary_run, ticket
from tests.support import people
from tests.support.processes import Process, die_with_us
from tests.torture.scenario import Scenario
from tests.torture.world import IN_FLIGHT, World

WOUND = "tests.torture.wound_koppi"
COORDINATOR = 7_007
STEP = timedelta(minutes=30)
LASTS = 0.3  # seconds of traffic in each
DAYS = 3
ONE_DAY = timedelta(days=1)
STANDS_STILL_WITHIN = 2.0
SENT_WITHIN = 20.0  # seconds of a morning, until the day's summary has arrived
LATE = timedelta(minutes=35)  # a step, and what comes before it
# The second is Good Friday: nobody is at work before Tuesday.
FRIDAYS = {"the clocks go back": date(2026, 10, 23), "the clocks go forward": date(2027, 3, 26)}


async def change(world: World, friday: date) -> None:
    """From Friday's noon to Monday's."""
    zone = Settings(_env_file=None).zone
    hours = read_profile(world.folder).hours(zone)
    await world.stops()
    async with world.store.write() as tx:
        reader = await chat_links.link(
            tx, people.VAULT, purpose="coordinator", address=str(COORDINATOR), now=people.LONG_AGO
        )
        await summary_readers.change(tx, reader, language="fi", wants={"day", "week"}, now=people.LONG_AGO)
    world.telegram.meets(COORDINATOR)
    clock = _Clock(world.folder / "clock")
    clock.wind_to(datetime(friday.year, friday.month, friday.day, 12, tzinfo=zone))
    world.clock, world.telegram.wall = clock, lambda: clock().timestamp()
    world.fork = partial(_launch_wound, clock.file)
    await world.starts()
    await world.recovers()
    ends = clock() + timedelta(days=DAYS)
    while clock() < ends:
        local = clock().astimezone(zone)
        world.say(f"{local:%A %H:%M}")
        await asyncio.sleep(LASTS)
        if local.hour == 8 or local.date() == friday:
            await _until_told(world, reader, local.date())
        await _until_nothing_is_under_way(world)
        clock.wind_by(STEP)
        world.may_repeat += IN_FLIGHT  # what is being sent meanwhile has been for half an hour
    await world.recovers()
    await _judge_summaries(world, reader, friday)
    await _judge_promises(world, hours.is_open, hours.promise)


class _Clock:
    """What the service takes for now."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._ahead = 0.0

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self._ahead, UTC)

    def wind_to(self, moment: datetime) -> None:
        self._write(moment.timestamp() - time.time())

    def wind_by(self, step: timedelta) -> None:
        self._write(self._ahead + step.total_seconds())

    def _write(self, ahead: float) -> None:
        self._ahead = ahead
        new = self.file.with_suffix(".new")
        new.write_text(str(ahead), encoding="ascii")
        new.replace(self.file)


async def _launch_wound(
    clock: Path, _program: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path
) -> Process:
    with output.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", WOUND, *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
            env={**os.environ, **environment, "TORTURE_CLOCK": str(clock)}, preexec_fn=die_with_us,
        )  # fmt: skip


async def _until_nothing_is_under_way(world: World) -> None:
    """What is under way while the clock is wound has taken half an hour, and no clock does that twice in a second."""
    leased = (outbox.c.state == "sending", outbox.c.lease_until > world.clock())
    sending = select(func.count()).where(*leased).scalar_subquery()
    asked = select(func.count()).where(inbox.c.state == "open", inbox.c.attempts == 0).scalar_subquery()
    began = time.monotonic()
    while time.monotonic() - began < STANDS_STILL_WITHIN:
        async with world.store.read() as read:
            if not (await read.execute(select(sending + asked))).scalar_one():
                return
        await asyncio.sleep(0.01)


async def _until_told(world: World, reader: str, day: date) -> None:
    """Its picture takes a moment to be drawn, and that is not to look like half an hour."""
    written = select(func.count()).where(
        summary_run.c.recipient == reader, summary_run.c.period == "day", summary_run.c.first_day == day - ONE_DAY
    )
    on_its_way = select(func.count()).where(outbox.c.destination == reader, outbox.c.state.in_(("queued", "sending")))
    began = time.monotonic()
    while time.monotonic() - began < SENT_WITHIN:
        async with world.store.read() as read:
            if (await read.execute(written)).scalar_one() and not (await read.execute(on_its_way)).scalar_one():
                return
        await asyncio.sleep(0.1)
    world.wrong.append(f"the summary of the day before {day} did not arrive in its morning")


def _summaries(world: World) -> Counter[str]:
    """How those begin that reached the coordinator, who hears of trouble, too: each winding makes some anew."""
    heading = f"{read_profile(world.folder).name} · "
    texts = [one.text for one in world.telegram.accepted[COORDINATOR] if one.method in {"sendMessage", "sendPhoto"}]
    return Counter(re.sub(r"\s+", " ", text[:80]) for text in texts if text.startswith(heading))


async def _judge_summaries(world: World, reader: str, friday: date) -> None:
    zone = Settings(_env_file=None).zone
    days = [friday + timedelta(days=number) for number in range(DAYS)]
    late = {("day", friday - timedelta(days=1)), ("week", friday - timedelta(days=11))}  # made up for at the start
    expected = {*late, *(("day", day) for day in days), ("week", friday - timedelta(days=4))}
    async with world.store.read() as read:
        rows = (await read.execute(select(summary_run).where(summary_run.c.recipient == reader))).all()
    if {(row.period, row.first_day) for row in rows} != expected:
        world.wrong.append(f"summaries of {sorted((row.period, str(row.first_day)) for row in rows)}")
    for row in rows:
        local = row.created_at.astimezone(zone)
        after_eight = local.replace(tzinfo=None) - datetime.combine(local.date(), datetime.min.time().replace(hour=8))
        if (row.period, row.first_day) not in late and not timedelta(0) <= after_eight <= LATE:
            world.wrong.append(f"the summary of the {row.period} from {row.first_day} was written at {local:%a %H:%M}")
    sent = _summaries(world)
    if len(sent) != len(expected) or set(sent.values()) != {1}:
        world.wrong.append(f"of {len(expected)} summaries these were sent, so many times: {dict(sent)}")
    world.notes.append(f"{len(rows)} summaries of {len(expected)}, each written once in its morning and sent once")


async def _judge_promises(world: World, is_open: Callable[[datetime], bool], promise: timedelta) -> None:
    """Between question and promise lie so many minutes of work, counted one by one on the machine's clock."""
    async with world.store.read() as read:
        opened = select(ticket.c.opened_at, ticket.c.promised_at).where(ticket.c.reopened_at.is_(None))
        rows = (await read.execute(opened)).all()
    minute = timedelta(minutes=1)
    open_minutes: dict[datetime, bool] = {}
    wrong = 0
    for row in rows:
        moment, worked = row.opened_at, timedelta(0)
        while moment < row.promised_at:
            whole = moment.replace(second=0, microsecond=0)
            if whole not in open_minutes:
                open_minutes[whole] = is_open(whole)
            step = min(whole + minute, row.promised_at) - moment
            worked += step if open_minutes[whole] else timedelta(0)
            moment += step
        wrong += abs(worked - promise) > 2 * minute
    if wrong or not rows:
        world.wrong.append(f"{wrong} of {len(rows)} promises are not {promise} of work away")
    world.notes.append(f"{len(rows)} questions to a person, each promised after {promise} of work")


def _in(words: str) -> Callable[[World], Awaitable[None]]:
    return partial(change, friday=FRIDAYS[words])


SCENARIOS = [
    Scenario("the clocks go back", _in("the clocks go back"), ("sqlite",), askers=20, waits=True),
    Scenario("the clocks go forward", _in("the clocks go forward"), ("sqlite",), askers=20, waits=True),
]
