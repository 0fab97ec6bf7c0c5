"""How often each topic was asked or missed, counted from events. Contains no wording."""

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import Span, span_of
from admin.summaries.measures import measure
from admin.summaries.small_numbers import Group
from bot.store.tallies import Tallies

ASKED = ("asked",)
MISSED = ("not_found", "not_helped", "escalated")  # the bot had no answer, or not the right one


async def in_span(read: AsyncConnection, kinds: Collection[str], span: Span) -> dict[str, Group]:
    """What happened in a period by topic; what no topic is known of stands under ""."""
    days = await Tallies.of(read, span.first_day, span.last_day)
    return (await measure(days, span, {"topic": kinds})).groups("topic", kinds)


async def by_month(read: AsyncConnection, first_day: date, last_day: date) -> dict[date, dict[str, Group]]:
    """What was asked in each calendar month from that of *first_day* to that of *last_day*, as `in_span`.

    By the month's first day; months without a question are left out.
    """
    months: dict[date, dict[str, Group]] = {}
    month = span_of("month", first_day)
    while month.first_day <= last_day:
        if found := await in_span(read, ASKED, month):
            months[month.first_day] = found
        month = span_of("month", month.last_day + timedelta(days=1))
    return months
