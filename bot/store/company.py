"""How many others have asked the same lately, by entry: what the events can vouch for, which refer to nobody."""

from collections import defaultdict
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import people
from bot.store.tallies import NONE, Tallies, Tally

LATELY = timedelta(days=30)
FEWEST_OTHERS = 5
TOLD_IN = 5  # rounded down to these: a number that grows by one would tell of one


async def others(read: AsyncConnection, today: date) -> dict[str, int]:
    """By entry: at least so many others have got it as an answer within `LATELY`; only from `FEWEST_OTHERS` on.

    An asker's first answer in a month is flagged, whatever it was about, and so is who came back: so one who asked in
    both months is counted once, one who asked about something else before is not counted, and whoever reads it may be
    one of them. The truth is never below what is told.
    """
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    earlier = await _by_topic(read, max(today - LATELY, last_month), this_month - timedelta(days=1))
    now = await _by_topic(read, this_month, today)
    least: dict[str, int] = defaultdict(int)
    for topic, kind in {*earlier, *now}:
        before, this = earlier.get((topic, kind), Tally()), now.get((topic, kind), Tally())
        by_kind = people.at_least("month", {last_month: before, this_month: this})
        least[topic] = max(least[topic], by_kind - 1)
    return {topic: count - count % TOLD_IN for topic, count in least.items() if count >= FEWEST_OTHERS}


async def _by_topic(read: AsyncConnection, first_day: date, last_day: date) -> dict[tuple[str, str], Tally]:
    """What was given in these days of one month, by entry and by how it was given."""
    days = await Tallies.of(read, first_day, last_day)
    found = await days.summed(["topic"], ["answered", "picked"])
    return {(cell.value, cell.kind): tally for cell, tally in found.items() if cell.value != NONE}
