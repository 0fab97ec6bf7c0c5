"""The running week against what is usual: so many questions by this hour of the week, in the weeks before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor
from statistics import quantiles
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import monday_of
from admin.summaries.statistics import first_event_on
from bot.store.tallies import Tallies

WEEKS = 8
FEWEST_WEEKS = 4
FEWEST_QUESTIONS = 20  # of those weeks together: of fewer, the next one is half as many or twice by chance


@dataclass(frozen=True)
class WeekSoFar:
    """Questions since Monday; *usual*: from and to how many half of the weeks had by now, None: too few to tell."""

    questions: int
    usual: tuple[int, int] | None

    @property
    def standing(self) -> Literal["more", "less", "usual", "unknown"]:
        """How this week compares."""
        if self.usual is None:
            return "unknown"
        if self.questions > self.usual[1]:
            return "more"
        return "less" if self.questions < self.usual[0] else "usual"


async def week_so_far(read: AsyncConnection, now: datetime, zone: ZoneInfo) -> WeekSoFar:
    """The questions of the running week, and of as much of each of the `WEEKS` before it that we were there for."""
    local = now.astimezone(zone)
    monday = monday_of(local.date())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS + 1)]
    by_hour: dict[tuple[date, int], int] = {}
    tallies = await Tallies.of(read, mondays[-1], local.date())
    for cell, days in (await tallies.by_day(["hour"], ["asked"])).items():
        by_hour |= {(day, int(cell.value)): found.times for day, found in days.items()}

    def up_to_now(first: date) -> int:
        same_day = first + timedelta(days=local.weekday())
        return sum(
            times
            for (day, hour), times in by_hour.items()
            if first <= day < same_day or (day == same_day and hour <= local.hour)
        )

    this_week, *before = [up_to_now(first) for first in mondays]
    since = await first_event_on(read)
    whole = [number for first, number in zip(mondays[1:], before, strict=True) if since is not None and since <= first]
    return WeekSoFar(this_week, usual(whole))


def usual(weeks: Sequence[int]) -> tuple[int, int] | None:
    """From and to how many the middle half of *weeks* had; None of too few weeks or questions."""
    if len(weeks) < FEWEST_WEEKS or sum(weeks) < FEWEST_QUESTIONS:
        return None
    low, _, high = quantiles(weeks, n=4, method="inclusive")
    return floor(low), ceil(high)
