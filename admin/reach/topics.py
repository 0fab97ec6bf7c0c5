"""How often each topic was asked or missed. Contains no wording."""

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import Span, span_of
from admin.summaries.small_numbers import Group
from bot.store.tallies import Tallies

ASKED = ("asked",)
MISSED = ("not_found", "not_helped", "escalated")  # the bot had no answer, or not the right one


async def in_span(read: AsyncConnection, kinds: Collection[str], span: Span) -> dict[str, Group]:
    """What happened in a week or month by topic; what no topic is known of stands under `tallies.NONE`.

    An asker of two topics is counted in the first only, and of two kinds the one of more askers counts: *askers* errs
    towards hiding.
    """
    groups: dict[str, Group] = {}
    tallies = await Tallies.of(read, span.first_day, span.last_day)
    for cell, tally in (await tallies.summed(["topic"], kinds)).items():
        known = groups.get(cell.value, Group(0, 0))
        askers = tally.first_of_week if span.period == "week" else tally.first_of_month
        groups[cell.value] = Group(known.questions + tally.times, max(known.askers, askers))
    return groups


async def by_month(read: AsyncConnection, first_day: date, last_day: date) -> dict[date, dict[str, Group]]:
    """What was asked in each calendar month between those days, by its first day and then by topic, as `in_span`."""
    spans = [span_of("month", first_day)]
    while spans[-1].last_day < last_day:
        spans.append(span_of("month", spans[-1].last_day + timedelta(days=1)))
    days = [(max(span.first_day, first_day), min(span.last_day, last_day)) for span in spans]
    months: dict[date, dict[str, Group]] = {}
    for span, tallies in zip(spans, await Tallies.of_each(read, days), strict=True):
        asked = (await tallies.summed(["topic"], ASKED)).items()
        months[span.first_day] = {cell.value: Group(tally.times, tally.first_of_month) for cell, tally in asked}
    return months
