"""`kill -9` at random moments under load, and SIGTERM in full traffic."""

import asyncio
import contextlib

from tests.torture.crowd import doing
from tests.torture.scenario import Scenario
from tests.torture.world import STOPS_WITHIN, World

DIES_AFTER = 80  # answers at most, from a life's first one on: however slow the machine, each gets something done
DIES_WHILE_STARTING = 0.2  # of all lives
STARTS_IN = 1.0
STOPS = 5
TRAFFIC_SECONDS = 3.0
STREAMS = 200


async def die(world: World) -> None:
    """Kill it so often, start it at once, now by polling and now by webhook."""
    for number in range(world.kills_wanted):
        world.say(f"kill {number + 1} of {world.kills_wanted}, {world.answers} answers so far")
        await world.answers_more(world.dice.randint(0, DIES_AFTER))
        await asyncio.sleep(world.dice.uniform(0, 0.1))
        await world.kill()
        await world.starts(world.dice.choice(["polling", "webhook"]))
        if world.dice.random() < DIES_WHILE_STARTING and number < world.kills_wanted - 1:
            await asyncio.sleep(world.dice.uniform(0, STARTS_IN))
        else:
            await world.recovers()
    await world.answers_more(DIES_AFTER)


async def stop(world: World) -> None:
    """Stop it in full traffic with open event streams, and start it again the other way round."""
    times, heard = [], set[int]()
    for number in range(STOPS):
        world.say(f"stop {number + 1} of {STOPS}")
        async with doing(*(_listens(world, heard, number * STREAMS + stream) for stream in range(STREAMS))):
            await asyncio.sleep(TRAFFIC_SECONDS)
            times.append(await world.stops())
        await world.starts("webhook" if world.mode == "polling" else "polling")
        await world.recovers()
    world.notes.append(
        f"SIGTERM to the end {max(times):.1f} s at most ({STOPS_WITHIN:.0f} allowed), "
        f"with {len(heard) / STOPS:.0f} event streams open"
    )


async def _listens(world: World, heard: set[int], number: int) -> None:
    """An open page that nobody is at; it has the stream until the service ends it."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("localhost", world.port)
        writer.write(f"GET /chat/events HTTP/1.1\r\nHost: localhost:{world.port}\r\n\r\n".encode())
        while await reader.read(4096):
            heard.add(number)
        writer.close()


SCENARIOS = [Scenario("kill -9", die), Scenario("SIGTERM", stop)]
