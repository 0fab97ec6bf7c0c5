"""What each campaign brought, counted from events, and whether two of them differ by more than chance.

People are counted, each once a campaign. Contains no wording.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.small_numbers import FEWEST_ASKERS
from bot.store.campaigns import SHARED
from bot.store.events import STEPS
from bot.store.schema import event
from bot.store.tallies import Tallies

Touch = Literal["last", "first"]
Outcome = Literal["more", "less", "alike", "too_few"]
Cases = tuple[int, int]  # so many, of so many

Z = 1.959964  # 95 of 100 such intervals hold the truth
ALIKE_WITHIN = 0.1


@dataclass(frozen=True)
class Steps:
    """How far people came by a campaign within 30 days of its link.

    Attributes
        opened: times that its link to the web chat was opened, by whomever; Telegram tells of none.
        came: people who began to talk by it; *came_on_web* those of them in the web chat.
        asked: those of them who asked.
        helped: those of them who said that an answer helped, or whom an advisor answered.
        shared: times that the words to pass on to a friend were shown; of the service's own campaign.
    """

    opened: int = 0
    came: int = 0
    asked: int = 0
    helped: int = 0
    came_on_web: int = 0
    shared: int = 0


@dataclass(frozen=True)
class Comparison:
    """Whether the first share is larger than the second, and from *low* to *high* by how much, of 1."""

    outcome: Outcome
    low: float
    high: float


async def steps(read: AsyncConnection, touch: Touch) -> dict[str, Steps]:
    """What came of each campaign that anything came of, by code: each person by the *last* or *first* link they used.

    An event refers to nobody, so these figures never change when an asker is erased.
    """
    columns = {
        "last": (event.c.campaign, event.c.first_of_campaign),
        "first": (event.c.first_campaign, event.c.first_of_first_campaign),
    }
    code, is_first = columns[touch]
    rows = await read.execute(
        select(code.label("code"), event.c.kind, event.c.channel, func.count().label("n"))
        .where(is_first)
        .group_by(code, event.c.kind, event.c.channel)
    )
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        of_it = counts.setdefault(row.code, {})
        step = STEPS.get(row.kind, row.kind)
        of_it[step] = of_it.get(step, 0) + row.n
        if (step, row.channel) == ("came", "web"):
            of_it["came_on_web"] = row.n
    if shared := await _shared(read):
        counts.setdefault(SHARED, {})["shared"] = shared
    return {code: Steps(**of_it) for code, of_it in counts.items()}


async def _shared(read: AsyncConnection) -> int:
    found = await (await Tallies.of(read, date.min, date.max)).summed(["campaign"], ["shared"])
    return sum(tally.times for tally in found.values())


def wilson(cases: int, of: int) -> tuple[float, float]:
    """Between which shares the true one lies, by Wilson's score interval; anything of none."""
    if of == 0:
        return 0.0, 1.0
    share, spread = cases / of, Z * Z / of
    middle = share + spread / 2
    reach = Z * sqrt(share * (1 - share) / of + spread / (4 * of))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return (0.0 if cases == 0 else low), (1.0 if cases == of else high)


def newcombe(a: Cases, b: Cases) -> tuple[float, float]:
    """By how much the share *a* exceeds *b*, from and to: Newcombe's interval, made of Wilson's; neither of none."""
    share_a, share_b = a[0] / a[1], b[0] / b[1]
    (low_a, high_a), (low_b, high_b) = wilson(*a), wilson(*b)
    difference = share_a - share_b
    return (
        difference - sqrt((share_a - low_a) ** 2 + (high_b - share_b) ** 2),
        difference + sqrt((high_a - share_a) ** 2 + (share_b - low_b) ** 2),
    )


def compare(a: Cases, b: Cases) -> Comparison:
    """*a* beside *b*. Of fewer than five people on either side nothing is said, however they differ."""
    if min(a[1], b[1]) < FEWEST_ASKERS:
        return Comparison("too_few", -1.0, 1.0)
    low, high = newcombe(a, b)
    if low > 0:
        return Comparison("more", low, high)
    if high < 0:
        return Comparison("less", low, high)
    is_narrow = low > -ALIKE_WITHIN and high < ALIKE_WITHIN
    return Comparison("alike" if is_narrow else "too_few", low, high)


def rates(steps_of_it: Steps) -> Mapping[str, Cases]:
    """The shares that two campaigns are compared by, each step of the one before.

    More may come by a link than are known to have opened it: not every opening is counted.
    """
    opened = max(steps_of_it.opened, steps_of_it.came_on_web)
    return {
        "came": (steps_of_it.came_on_web, opened),
        "asked": (steps_of_it.asked, steps_of_it.came),
        "helped": (steps_of_it.helped, steps_of_it.asked),
    }
