"""How often each topic was asked or missed. Contains no wording."""

from collections.abc import Collection
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import Span, months
from admin.summaries.measures import measure
from admin.summaries.small_numbers import Group
from bot.store.tallies import Tallies

ASKED = ("asked",)
MISSED = ("not_found", "not_helped", "escalated")  # the bot had no answer, or not the right one


async def in_span(read: AsyncConnection, kinds: Collection[str], span: Span) -> dict[str, Group]:
    """What happened in a week or month by topic; what no topic is known of stands under `tallies.NONE`."""
    return await _by_topic(await Tallies.of(read, span.first_day, span.last_day), kinds, span)


async def by_month(read: AsyncConnection, first_day: date, last_day: date) -> dict[date, dict[str, Group]]:
    """What was asked in each calendar month from one day's to the other's, by its first day and then by topic."""
    spans = months(first_day, last_day)
    tallies = await Tallies.of_each(read, [(span.first_day, span.last_day) for span in spans])
    return {span.first_day: await _by_topic(days, ASKED, span) for span, days in zip(spans, tallies, strict=True)}


async def _by_topic(days: Tallies, kinds: Collection[str], span: Span) -> dict[str, Group]:
    return (await measure(days, span, {"topic": kinds})).groups("topic", kinds)
