"""How often each answer was given lately, and how often it helped; only of answers that enough people got.

Contains no wording; the console's list of answers shows it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries import due
from admin.summaries.small_numbers import FEWEST_ASKERS
from bot.store import people
from bot.store.tallies import NONE, Tallies, Tally

DAYS = 90

_GIVEN, _RATED = ("answered", "picked"), ("helped", "not_helped")


@dataclass(frozen=True)
class Use:
    """How often an entry was given as an answer, to the nearest five, and how often of ten times it *helped*: 0.0-1.0.

    None where fewer than `FEWEST_ASKERS` people are known to stand behind it. Rounded, so that neither a total nor
    yesterday's list tells by subtraction what one person was told.
    """

    answered: int | None = None
    helped: float | None = None


async def use_of_entries(read: AsyncConnection, today: date) -> dict[str, Use]:
    """The use of the past `DAYS` days, by entry; entries of which nothing may be told are left out."""
    by_topic: dict[str, list[_InMonth]] = defaultdict(list)
    since = today - timedelta(days=DAYS - 1)
    days = [(max(month.first_day, since), min(month.last_day, today)) for month in due.months(since, today)]
    for (month, _), tallies in zip(days, await Tallies.of_each(read, days), strict=True):
        for cell, tally in (await tallies.summed(["topic"], _GIVEN + _RATED)).items():
            if cell.value != NONE:
                by_topic[cell.value].append(_InMonth(month, cell.kind, tally))
    uses = {topic: Use(_answered(months), _helped(months)) for topic, months in sorted(by_topic.items())}
    return {topic: use for topic, use in uses.items() if use != Use()}


class _InMonth(NamedTuple):
    """The events of one kind in a *month*, which the first of its days stands for."""

    month: date
    kind: str
    tally: Tally


def _answered(months: Sequence[_InMonth]) -> int | None:
    count = sum(month.tally.times for month in months if month.kind in _GIVEN)
    return 5 * round(count / 5) if _are_enough(months, _GIVEN) else None


def _helped(months: Sequence[_InMonth]) -> float | None:
    helped, not_helped = (sum(month.tally.times for month in months if month.kind == kind) for kind in _RATED)
    return float(round(helped / (helped + not_helped), 1)) if _are_enough(months, _RATED) else None


def _are_enough(months: Sequence[_InMonth], kinds: tuple[str, str]) -> bool:
    return any(
        people.at_least("month", {one.month: one.tally for one in months if one.kind == kind}) >= FEWEST_ASKERS
        for kind in kinds
    )
