"""How often each answer was given lately, and how often it helped; only of answers that enough people got.

Contains no wording; the console's list of answers shows it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.small_numbers import FEWEST_ASKERS
from bot.store.schema import event

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
    is_first = event.c.first_of_month
    rows = await read.execute(
        select(
            event.c.topic,
            event.c.kind,
            extract("year", event.c.local_day).label("year"),
            extract("month", event.c.local_day).label("month"),
            func.count().label("n"),
            func.sum(case((is_first, 1), else_=0)).label("first"),
            func.sum(case((and_(is_first, ~event.c.is_returning), 1), else_=0)).label("first_ever"),
        )
        .where(
            event.c.kind.in_(_GIVEN + _RATED),
            event.c.local_day > today - timedelta(days=DAYS),
            event.c.local_day <= today,
            event.c.topic.is_not(None),
        )
        .group_by(event.c.topic, event.c.kind, "year", "month")
    )
    by_topic: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_topic[row.topic].append(row)
    uses = {topic: Use(_answered(found), _helped(found)) for topic, found in sorted(by_topic.items())}
    return {topic: use for topic, use in uses.items() if use != Use()}


def _answered(rows: Sequence[Row[Any]]) -> int | None:
    count = sum(row.n for row in rows if row.kind in _GIVEN)
    return 5 * round(count / 5) if _are_enough(rows, _GIVEN) else None


def _helped(rows: Sequence[Row[Any]]) -> float | None:
    helped, not_helped = (sum(row.n for row in rows if row.kind == kind) for kind in _RATED)
    return float(round(helped / (helped + not_helped), 1)) if _are_enough(rows, _RATED) else None


def _are_enough(rows: Sequence[Row[Any]], kinds: tuple[str, str]) -> bool:
    return any(_people([row for row in rows if row.kind == kind]) >= FEWEST_ASKERS for kind in kinds)


def _people(rows: Sequence[Row[Any]]) -> int:
    """How many people there are at least behind the events of one kind.

    In a month each is first once. Who asked in several months is known apart only when they had never asked before:
    so it is one month's, and after it those who were new.
    """
    most, new_later = 0, 0
    for row in sorted(rows, key=lambda row: (row.year, row.month), reverse=True):
        most = max(most, row.first + new_later)
        new_later += row.first_ever
    return most
