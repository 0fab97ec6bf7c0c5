"""The token is revoked, and later it is right again: every call is refused with 401, for long."""

import asyncio

import httpx

from tests.support import telegram_faults as faults
from tests.torture.scenario import Scenario
from tests.torture.world import World

LASTS = 45.0
ASKED_AGAIN_WITHIN = 70.0  # seconds: a token that is wrong is tried once a minute
METHODS = (
    "getUpdates", "getMe", "sendMessage", "sendDocument", "sendPhoto", "editMessageText", "editMessageReplyMarkup",
    "deleteMessage", "answerCallbackQuery", "sendChatAction",
)  # fmt: skip
WORDS = "KOPPI_TELEGRAM_TOKEN"
MOST_ASKED = 10  # a second, of what is sent and what is asked for: a third of what Telegram bears


async def revoke(world: World) -> None:
    """Nothing is lost, the operator is told what is wrong, and nobody has to restart it."""
    await asyncio.sleep(LASTS / 10)
    refused = faults.error(401, "Unauthorized")
    world.say(f"the token is revoked for {LASTS:.0f} s")
    for method in METHODS:
        world.telegram.fails(refused, times=10**9, method=method)
    calls = dict(world.telegram.calls)
    await asyncio.sleep(LASTS)
    asked = sum(world.telegram.calls[method] - calls.get(method, 0) for method in METHODS)
    async with httpx.AsyncClient(timeout=10) as client:
        health = (await client.get(f"{world.url}/readyz")).text
    world.telegram.mends()
    waiting = len(world.telegram.unconfirmed)
    await world.recovers(ASKED_AGAIN_WITHIN)
    if WORDS.encode() not in await asyncio.to_thread(world.log.read_bytes):
        world.wrong.append("the log does not tell that the token is wrong")
    if WORDS not in health:
        world.wrong.append(f"readiness does not tell that the token is wrong: {health[:200]!r}")
    if asked > MOST_ASKED * LASTS:
        world.wrong.append(f"{asked} calls in {LASTS:.0f} s, all of them refused")
    world.notes.append(
        f"401 to everything for {LASTS:.0f} s: {asked} calls meanwhile, {waiting} updates had waited at its end, the "
        f"first answer came after {world.recoveries[-1] if world.recoveries else 0:.1f} s; readiness: {health[:80]!r}"
    )


SCENARIOS = [Scenario("token revoked", revoke, ("sqlite",), askers=60, waits=True)]
