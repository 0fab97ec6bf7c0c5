"""Thousands of updates as no Telegram should bring them, among those of people who wait for an answer."""

import asyncio
import json
import os
import random
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import hypothesis
from hypothesis import strategies as st
from sqlalchemy import Select, func, select

from bot.store.schema import inbox, quarantine
from tests.support.odd_updates import CHAT, MARKER, PARTS, SCALARS, anything, odd_updates
from tests.torture.scenario import Scenario
from tests.torture.world import World

MANY = int(os.environ.get("TORTURE_MALFORMED", "10000"))
CHATS = 1_000  # so many people they are from: what one of them has sent is handled one after the other
AT_ONCE = 500
FROM_HYPOTHESIS = min(300, MANY // 30)
SOME = 20
TAKEN_WITHIN = 300.0  # seconds
MOST_LOGGED = 10 * 1024  # bytes for each
UPDATE = st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, anything(SCALARS | st.just(MARKER))))


def generated(many: int, seed: int) -> list[dict[str, Any]]:
    """So many of what the update's grammar allows to be written, with anything at all in it."""
    found: list[dict[str, Any]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=many, database=None, deadline=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(UPDATE)
    def find(update: dict[str, Any]) -> None:
        found.append(update)

    find()
    return found


async def bring(world: World) -> None:
    """All of them, as fast as they are taken."""
    for chat in range(CHAT, CHAT + CHATS):
        world.telegram.meets(chat)
    assert world.process is not None
    made = await asyncio.to_thread(generated, FROM_HYPOTHESIS, world.dice.randrange(2**32))
    odd: Iterator[dict[str, Any]] = odd_updates(random.Random(world.dice.random()), 0)
    left = [*made, *islice(odd, MANY - len(made))]
    world.dice.shuffle(left)
    logged, began = world.log.stat().st_size, time.monotonic()
    for number, update in enumerate(left):
        if number % AT_ONCE == 0:
            world.say(f"{number} of {MANY} malformed updates")
            await _taken(world)
        if isinstance(update.get("update_id", 0), int) and 0 <= update.get("update_id", 0) < MANY:
            update = {**update, "update_id": world.telegram.take_id()}  # noqa: PLW2901
        await world.telegram.brings(_from_another(update, CHAT + number % CHATS), chat=-number)
    await world.telegram.says(CHAT, "moi")  # what has no number is confirmed with one that has
    await _taken(world)
    grown, text = world.log.stat().st_size - logged, await asyncio.to_thread(world.log.read_bytes)
    longest = max(map(len, text.splitlines()))
    if world.process.returncode is not None:
        world.wrong.append(f"it ended with {world.process.returncode}")
    if MARKER.encode() in text:
        world.wrong.append("a word of an update stands in the log")
    if max(grown / len(left), longest) > MOST_LOGGED:
        world.wrong.append(f"{grown / len(left):.0f} bytes of log for each update, the longest line {longest}")
    aside = await _count(world, select(func.count()).select_from(quarantine))
    if not aside:
        world.wrong.append("nothing was set aside: nothing was malformed")
    world.notes.append(
        f"{len(left)} malformed updates in {time.monotonic() - began:.0f} s: {aside} set aside, the rest read or "
        f"ignored; {grown / len(left):.0f} bytes of log for each, the longest line {longest}"
    )


def _from_another(update: dict[str, Any], chat: int) -> Any:
    """*update*, as if that *chat* had sent it; through its JSON, since some are nested hundreds deep."""
    return json.loads(json.dumps(update).replace(f'"id": {CHAT}', f'"id": {chat}'))


async def _taken(world: World) -> None:
    """Return once few are left with Telegram and in the inbox; a service that takes nothing more is told of."""
    waiting = select(func.count()).select_from(inbox).where(inbox.c.state == "open")
    async with asyncio.timeout(TAKEN_WITHIN):
        while len(world.telegram.unconfirmed) > SOME or await _count(world, waiting) > SOME:
            await asyncio.sleep(0.2)


async def _count(world: World, statement: Select[Any]) -> int:
    async with world.store.read() as read:
        return int((await read.execute(statement)).scalar_one())


SCENARIOS = [Scenario("malformed updates", bring, ("sqlite",), askers=20)]
