"""At which hours a channel is used, and whether nothing at all from it is more than its usual quiet. Pure.

This is the dead-man's check: not of "fewer", which needs days, but of "nothing", which a busy service knows within
hours and a small one within days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from zoneinfo import ZoneInfo

from admin.reach.chance import SAME
from admin.reach.expectation import Expectation

WRONG_A_YEAR = 0.02  # false alarms, for each channel
HOURS_WEIGHT = 60.0  # askers of common sense, until the service's own hours are known
LONGEST = timedelta(days=90)

# Of a hundred young people who ask, how many at each hour: a guess, soon outweighed.
_USUAL_HOURS = (3, 2, 1, 0.5, 0.5, 0.5, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 6, 4.5)


@dataclass(frozen=True)
class Nothing:
    """Nothing has come since *since*, when *expected* people usually would; *is_alarming*: beyond the usual quiet."""

    since: datetime
    expected: float
    probability: float
    is_alarming: bool


@dataclass(frozen=True)
class Rhythm:
    """When one channel's askers come.

    Attributes
        expectation: of the whole service's askers a day.
        share: people who begin to ask by this channel in a day, for each asker of the whole service.
        hours: for each weekday, which share of them comes at which hour; each sums up to 1.
    """

    expectation: Expectation
    share: float
    hours: tuple[tuple[float, ...], ...]

    def expected(self, since: datetime, until: datetime, zone: ZoneInfo) -> float:
        """How many people usually come between two moments; of more than `LONGEST` only the end counts."""
        since = max(since, until - LONGEST).astimezone(UTC)
        people, at = 0.0, since
        while at < until:
            next_hour = min(until, at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
            local = at.astimezone(zone)
            day = (self.expectation.of(local.date()) or 0.0) * self.share
            people += day * self.hours[local.weekday()][local.hour] * ((next_hour - at) / timedelta(hours=1))
            at = next_hour
        return people

    def judge(self, since: datetime, now: datetime, zone: ZoneInfo) -> Nothing:
        """Whether nothing since *since* is alarming.

        There are as many quiet times a year as people, so the bar rises with their number.
        """
        expected = self.expected(since, now, zone)
        scatter = self.expectation.scatter
        weight = 1.0 if scatter < SAME else log(scatter) / (scatter - 1)
        a_year = sum((self.expectation.of(day) or 0.0) * self.share for day in _a_year_to(now.astimezone(zone).date()))
        probability = exp(-expected * weight)
        return Nothing(since, expected, probability, a_year > 0 and probability < WRONG_A_YEAR / max(a_year, 1.0))


def hours_of(askers: Mapping[tuple[int, int], int]) -> tuple[tuple[float, ...], ...]:
    """For each weekday the share of its askers at each hour, from their number by (weekday, hour).

    Each day of the week is pulled towards all days, and these towards common sense, for as long as they are few.
    """
    total = sum(askers.values())
    usual = sum(_USUAL_HOURS)
    all_days = [
        (sum(askers.get((day, hour), 0) for day in range(7)) + HOURS_WEIGHT * _USUAL_HOURS[hour] / usual)
        / (total + HOURS_WEIGHT)
        for hour in range(24)
    ]
    return tuple(_shares([askers.get((day, hour), 0) for hour in range(24)], all_days) for day in range(7))


def _shares(counts: list[int], usual: list[float]) -> tuple[float, ...]:
    return tuple(
        (count + HOURS_WEIGHT * share) / (sum(counts) + HOURS_WEIGHT)
        for count, share in zip(counts, usual, strict=True)
    )


def _a_year_to(day: date) -> list[date]:
    return [day - timedelta(days=back) for back in range(365)]
