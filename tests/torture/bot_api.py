"""What the Bot API does to a service under load: it refuses, falls silent, breaks off, brings updates twice."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx

from tests.support import people
from tests.support import telegram_faults as faults
from tests.support.fake_telegram import TOKEN
from tests.support.telegram_faults import Fault
from tests.torture.crowd import QUESTIONS
from tests.torture.scenario import Scenario
from tests.torture.world import World

LASTS = 2.0  # seconds of each trouble
ABSENT = 5.0
BLOCKERS = people.BULK[-10:]  # none of the crowd
SUPERGROUP = -1_000_000_003_003
BEYOND = 1_000_000  # the supergroup's message ids, so that none is one of the group's
FAR = 3_000_000  # between two series of update ids

Trouble = Callable[[World], Awaitable[None]]


def refusing(fault: Fault, times: int, method: str = "sendMessage") -> Trouble:
    """So many calls meet *fault*; where they take effect unseen, each may be repeated once."""

    async def begin(world: World) -> None:
        world.telegram.fails(fault, times=times, method=method)
        if fault.accepts and method == "sendMessage":
            world.may_repeat += times

    return begin


async def one_chat_must_wait(world: World) -> None:
    """429 with seven seconds, to one chat after the other: nobody else may wait for it."""
    for chat in people.BULK[:3]:
        world.telegram.fails(faults.too_many_requests(7), chat=chat)


async def updates_again(world: World) -> None:
    """The same updates twice, and once more."""
    for number in (20, 5, 50):
        await world.telegram.brings_again(number)
        await asyncio.sleep(LASTS / 3)


async def ids_jump(world: World) -> None:
    """Telegram begins its series anew, far below and then far above."""
    now = world.telegram.issued[-1]
    for first in (now - FAR, now + FAR):
        world.telegram.continues_ids_at(first)
        await asyncio.sleep(LASTS)


async def another_poller(world: World) -> None:
    """Somebody else asks with the same token, and confirms nothing: each of the two is refused now and then."""
    async with httpx.AsyncClient(timeout=5) as client:
        for _ in range(int(LASTS)):
            with contextlib.suppress(httpx.TransportError):
                await client.post(f"{world.telegram.url}/bot{TOKEN}/getUpdates", data={"timeout": 1, "limit": 1})


async def people_block(world: World) -> None:
    """Some ask and block the bot before it answers; they come back, ask again and must be heard."""
    for chat in BLOCKERS:
        await world.telegram.says(chat, QUESTIONS[0])
        await world.telegram.blocks(chat)
    await asyncio.sleep(LASTS)
    for chat in BLOCKERS:
        await world.telegram.unblocks(chat)
        await world.telegram.says(chat, QUESTIONS[0])
    for chat in BLOCKERS:
        await world.telegram.hears(chat)


POLLING: dict[str, Trouble] = {
    "updates: 502": refusing(faults.OUT_OF_ORDER, 2, "getUpdates"),
    "updates: reset after they were given": refusing(faults.RESET_AFTER_ACCEPTING, 2, "getUpdates"),
    "updates: broken off in the middle": refusing(faults.TORN_AFTER_ACCEPTING, 2, "getUpdates"),
    "updates: invalid JSON": refusing(faults.GIBBERISH_AFTER_ACCEPTING, 2, "getUpdates"),
    "another poller (409)": another_poller,
}
BOTH: dict[str, Trouble] = {
    "updates twice": updates_again,
    "the series of ids begins anew": ids_jump,
    "429 in one chat": one_chat_must_wait,
    "429 for everybody": refusing(faults.too_many_requests(2), 60),
    "500": refusing(faults.error(500, "Internal Server Error"), 60),
    "502": refusing(faults.OUT_OF_ORDER, 60),
    "401": refusing(faults.error(401, "Unauthorized"), 20),
    "slow": refusing(faults.delay(9), 4),
    "no answer, not taken": refusing(faults.SILENT_BEFORE_ACCEPTING, 4),
    "no answer, but taken": refusing(faults.SILENT_AFTER_ACCEPTING, 4),
    "reset, not taken": refusing(faults.RESET_BEFORE_ACCEPTING, 12),
    "reset, but taken": refusing(faults.RESET_AFTER_ACCEPTING, 12),
    "broken off in the middle of the answer": refusing(faults.TORN_AFTER_ACCEPTING, 12),
    "invalid JSON": refusing(faults.GIBBERISH_AFTER_ACCEPTING, 8),
    "an answer that is none": refusing(faults.ODD_ANSWER_AFTER_ACCEPTING, 8),
    "people block the bot": people_block,
}


async def misbehave(world: World) -> None:
    """One trouble after the other; each ends before the next begins."""
    for words, begin in {**BOTH, **(POLLING if world.mode == "polling" else {})}.items():
        world.say(words)
        await begin(world)
        await asyncio.sleep(LASTS)
        world.telegram.mends()


async def move_group(world: World) -> None:
    """The advisors' group becomes a supergroup while questions are announced there."""
    await asyncio.sleep(ABSENT)
    await world.telegram.upgrades(people.ADVISORS_GROUP, SUPERGROUP, ids_after=BEYOND)
    world.former[str(SUPERGROUP)] = str(people.ADVISORS_GROUP)
    await asyncio.sleep(ABSENT)


SCENARIOS = [
    Scenario("Bot API, asked", misbehave, ("sqlite",)),
    Scenario("Bot API, posting", misbehave, ("postgresql",), mode="webhook"),
    Scenario("moved group", move_group, ("sqlite",), askers=20, settings={"ADVISOR_CHAT": str(people.ADVISORS_GROUP)}),
]
