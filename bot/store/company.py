"""How many others have asked the same lately, by entry: what the events can vouch for, which refer to nobody."""

from collections import defaultdict
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import event

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
    is_earlier = event.c.local_day < this_month
    rows = await read.execute(
        select(
            event.c.topic, event.c.kind, is_earlier.label("is_earlier"), event.c.is_returning, func.count().label("n")
        )
        .where(
            event.c.local_day >= max(today - LATELY, last_month),
            event.c.kind.in_(("answered", "picked")),
            event.c.first_of_month,
            event.c.topic.is_not(None),
        )
        .group_by(event.c.topic, event.c.kind, "is_earlier", event.c.is_returning)
    )
    earlier: dict[tuple[str, str], int] = defaultdict(int)
    now: dict[tuple[str, str], int] = defaultdict(int)
    new: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        (earlier if row.is_earlier else now)[row.topic, row.kind] += row.n
        if not row.is_earlier and not row.is_returning:
            new[row.topic, row.kind] += row.n
    least: dict[str, int] = defaultdict(int)
    for topic, kind in {*earlier, *now}:
        by_kind = max(earlier[topic, kind] + new[topic, kind], now[topic, kind])
        least[topic] = max(least[topic], by_kind - 1)
    return {topic: count - count % TOLD_IN for topic, count in least.items() if count >= FEWEST_OTHERS}
