"""How often each topic was asked or missed, counted from events. Contains no wording."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import Span
from admin.summaries.small_numbers import Group
from bot.store.schema import event

ASKED = ("asked",)
MISSED = ("not_found", "not_helped", "escalated")  # the bot had no answer, or not the right one


async def in_span(read: AsyncConnection, kinds: Collection[str], span: Span) -> dict[str, Group]:
    """What happened in a week or month by topic; what no topic is known of stands under "".

    An asker of two topics is counted in the first only, and of two kinds the one of more askers counts: *askers* errs
    towards hiding.
    """
    is_first = event.c.first_of_week if span.period == "week" else event.c.first_of_month
    rows = await read.execute(
        select(event.c.topic, event.c.kind, is_first.label("is_first"), func.count().label("n"))
        .where(event.c.kind.in_(kinds), event.c.local_day.between(span.first_day, span.last_day))
        .group_by(event.c.topic, event.c.kind, is_first)
    )
    times: dict[str, int] = {}
    askers: dict[str, dict[str, int]] = {}
    for row in rows:
        topic = row.topic or ""
        times[topic] = times.get(topic, 0) + row.n
        askers.setdefault(topic, {}).setdefault(row.kind, 0)
        if row.is_first:
            askers[topic][row.kind] += row.n
    return {topic: Group(number, max(askers[topic].values())) for topic, number in times.items()}


async def by_month(read: AsyncConnection, first_day: date, last_day: date) -> dict[date, dict[str, Group]]:
    """What was asked in each calendar month between those days, by its first day and then by topic, as `in_span`."""
    year, month = extract("year", event.c.local_day), extract("month", event.c.local_day)
    rows = await read.execute(
        select(
            year.label("year"),
            month.label("month"),
            event.c.topic,
            event.c.first_of_month.label("is_first"),
            func.count().label("n"),
        )
        .where(event.c.kind.in_(ASKED), event.c.local_day.between(first_day, last_day))
        .group_by(year, month, event.c.topic, event.c.first_of_month)
    )
    months: dict[date, dict[str, Group]] = {}
    for row in rows:
        topics = months.setdefault(date(int(row.year), int(row.month), 1), {})
        known = topics.get(row.topic or "", Group(0, 0))
        askers = known.askers + (row.n if row.is_first else 0)
        topics[row.topic or ""] = Group(known.questions + row.n, askers)
    return months
