"""What `koppi check` proves of summaries: each that was due was written once, is on its way, went to nobody twice."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import String, cast, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import monday_of
from admin.summaries.recipients import CONSOLE
from admin.summaries.standing import PICTURE
from bot.store import alarms
from bot.store.schema import chat_link, event, outbox, summary_reader, summary_run

WRITTEN_BY = timedelta(days=1, hours=1)  # after the Monday in UTC: eight in the morning is over everywhere
AWAKE = timedelta(hours=1)  # so long a service has had to write what was due


async def violations(read: AsyncConnection, now: datetime, traffic_days: int) -> list[str]:
    """What of it is not so, in words; *traffic_days*: for how long it is remembered what was sent."""
    found: dict[str, Sequence[object]] = {
        "a week that was over was summed up for nobody (summary_run)": await _unwritten(read),
        "a summary that was written and is not on its way (summary_run)": await _unsent(
            read, now - timedelta(days=traffic_days - 2)
        ),
        "a summary that had arrived was sent again (outbox)": await _sent_twice(read),
    }
    return [f"{words}: {', '.join(map(str, which))}" for words, which in found.items() if which]


async def _unwritten(read: AsyncConnection) -> list[date]:
    """The latest week that a service which was at work should have summed up: the console gets every one."""
    look = (await alarms.checks(read)).get(alarms.SERVICE)
    if look is None or look.checked_at - look.since < AWAKE:
        return []
    monday = monday_of((look.checked_at.astimezone(UTC) - WRITTEN_BY).date())
    week = monday - timedelta(weeks=1)
    began_after = datetime.combine(monday, time(), UTC) + WRITTEN_BY
    first = (await read.execute(select(func.min(event.c.local_day)))).scalar()
    if first is None or first >= monday or look.checked_at < began_after:
        return []
    written = select(summary_run.c.id).where(
        summary_run.c.period == "week", summary_run.c.first_day == week, summary_run.c.recipient == CONSOLE
    )
    return [] if (await read.execute(written)).first() else [week]


async def _unsent(read: AsyncConnection, since: datetime) -> list[int]:
    """Those whose reader is still there; what is sent is forgotten in its time, and with its reader."""
    key = literal("summary:") + summary_run.c.period + ":" + cast(summary_run.c.first_day, String(10))
    is_there = or_(
        summary_run.c.recipient.in_(select(chat_link.c.id)),
        summary_run.c.recipient.in_(select(summary_reader.c.id).where(summary_reader.c.bounced_at.is_(None))),
    )
    unsent = select(summary_run.c.id).where(
        is_there,
        summary_run.c.created_at > since,
        ~exists().where(outbox.c.key == key + ":" + summary_run.c.recipient),
    )
    return list((await read.execute(unsent.order_by(summary_run.c.id).limit(20))).scalars())


async def _sent_twice(read: AsyncConnection) -> list[int]:
    """Those sent once more by hand though text and picture had arrived for sure."""
    rows = await read.execute(
        select(outbox.c.id, outbox.c.key, outbox.c.state).where(outbox.c.key.startswith("summary:"))
    )
    states = {row.key: (row.id, row.state) for row in rows}
    keys = {id_: key for key, (id_, _) in states.items()}
    found = []
    for key, (id_, _) in states.items():
        again = re.fullmatch(r"summary:\w+:[\d-]+:\w+:(\d+)", key)
        before = keys.get(int(again[1])) if again else None
        if before is not None and {states.get(before + part, (0, "sent"))[1] for part in ("", PICTURE)} == {"sent"}:
            found.append(id_)
    return sorted(found)
