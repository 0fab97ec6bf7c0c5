"""`kill -9` inside what advisors do in their Telegram group: a question taken by its button, a reply to the asker."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import func, select

from bot import staff_wording
from bot.store import accounts, chat_links, telegram_accounts
from bot.store.schema import audit, message
from tests.support import people
from tests.torture.crowd import doing
from tests.torture.scenario import Scenario
from tests.torture.world import ADVISORS, World

KILLS = 8  # at most
THEIRS = {ADVISORS[0]: 7_101, ADVISORS[1]: 7_102}  # what Telegram knows the advisors as
PAUSE = (0.2, 0.8)
DIES_AFTER = 0.4  # seconds at most, from an act in the group on
SETTLED_WITHIN = 90.0


@dataclass
class Acts:
    """What was done in the group: *taken*: presses, with the post; *said*: replies, with their numbers."""

    taken: dict[str, int] = field(default_factory=dict)
    said: dict[str, int] = field(default_factory=dict)
    happened: asyncio.Event = field(default_factory=asyncio.Event)


async def work_in_group(world: World) -> None:
    """Two advisors press and reply there, and right after one of them has, the service is killed."""
    await world.stops()
    async with world.store.write() as tx:
        for account in await accounts.everyone(tx.connection):
            if account.name in THEIRS:
                await telegram_accounts.link(
                    tx, people.VAULT, account_id=account.id, telegram_id=str(THEIRS[account.name]), now=people.LONG_AGO
                )
        await chat_links.link(
            tx, people.VAULT, purpose="advisors", address=str(people.ADVISORS_GROUP), now=people.LONG_AGO
        )
    await world.starts()
    await world.recovers()
    acts, kills = Acts(), min(KILLS, world.kills_wanted)
    async with doing(*(_works(world, acts, name) for name in THEIRS)):
        for number in range(kills):
            world.say(f"kill {number + 1} of {kills}, {len(acts.taken)} presses and {len(acts.said)} replies so far")
            acts.happened.clear()
            await acts.happened.wait()
            await asyncio.sleep(world.dice.uniform(0, DIES_AFTER))
            await world.kill()
            await world.starts(world.dice.choice(["polling", "webhook"]))
            await world.recovers()
        while len(acts.said) < kills:
            acts.happened.clear()
            await acts.happened.wait()
    await _judge(world, acts)


async def _works(world: World, acts: Acts, name: str) -> None:
    """Take what is free, as it seems, and answer what was taken, again and again."""
    dice, telegram, number = Random(f"{world.name} {name}"), world.telegram, 0
    while True:
        await asyncio.sleep(dice.uniform(*PAUSE))
        posts = telegram.shows(people.ADVISORS_GROUP)
        free = [post for post in posts if staff_wording.BUTTON_TAKE in post.labels]
        theirs = [post for post in posts if f"{name} " in post.text.split(":")[0]]  # taken, or answered already
        if theirs and dice.random() < 0.5:
            number += 1
            text, post = f"Hei, täällä {name} ryhmästä, vastaus {number}.", dice.choice(theirs)
            acts.said[text] = telegram.next_number(people.ADVISORS_GROUP)
            await telegram.replies(people.ADVISORS_GROUP, post.message_id, THEIRS[name], text)
        elif free:
            post = dice.choice(free)
            (button,) = [button for button in post.buttons if button.label == staff_wording.BUTTON_TAKE]
            update_id = await telegram.presses_data(
                people.ADVISORS_GROUP, button.data, post.message_id, by=THEIRS[name]
            )
            acts.taken[f"query-{update_id}"] = post.message_id
        else:
            continue
        acts.happened.set()


async def _judge(world: World, acts: Acts) -> None:
    """Each reply has gone on to its asker once, or whoever wrote it was told why not; no press has two effects."""
    world.say("until each reply is settled")
    settled: Counter[str] = Counter()
    try:
        async with asyncio.timeout(SETTLED_WITHIN):
            while True:
                there, refused = await _passed_on(world, acts), _refused(world)
                if all(there[text] or number in refused for text, number in acts.said.items()):
                    break
                await asyncio.sleep(0.5)
    except TimeoutError:
        lost = [text for text, number in acts.said.items() if not there[text] and number not in refused]
        world.wrong.append(f"{len(lost)} replies in the group went nowhere and nobody was told")
    for text, number in acts.said.items():
        settled["passed on" if there[text] else "refused"] += 1
        if there[text] > 1 or (there[text] and number in refused):
            world.wrong.append(f"a reply in the group is there {there[text]} times, and refused: {number in refused}")
    async with world.store.read() as read:
        claims = select(audit.c.act, func.count()).where(audit.c.act.in_(("claim", "reply"))).group_by(audit.c.act)
        counted = {row.act: row[1] for row in await read.execute(claims)}
    answered = sum(query in world.telegram.answered_queries for query in acts.taken)
    world.notes.append(
        f"in the group {len(acts.taken)} presses, {answered} of them answered in time, and {len(acts.said)} replies: "
        f"{settled['passed on']} passed on, {settled['refused']} refused in words; in all {counted}"
    )


async def _passed_on(world: World, acts: Acts) -> Counter[str]:
    async with world.store.read() as read:
        rows = await read.execute(select(message.c.text).where(message.c.author == "advisor"))
        return Counter(text for (text,) in rows if text in acts.said)


def _refused(world: World) -> set[int | None]:
    """The messages in the group that the bot has answered there with a refusal."""
    told = (
        staff_wording.NOT_SENT_GONE, staff_wording.NOT_SENT_CLOSED, staff_wording.NOT_SENT_STRANGER,
        "Viestiäsi ei välitetty.",
    )  # fmt: skip
    said = world.telegram.accepted[people.ADVISORS_GROUP]
    return {one.answers for one in said if any(words in one.text for words in told)}


SCENARIOS = [Scenario("kill -9 in the group", work_in_group, askers=20)]
