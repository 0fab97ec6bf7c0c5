"""Simulated years of questions, for the tests and for `make bench`: what an alarm is worth is measured on them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp
from random import Random

from admin.reach import school_year
from admin.reach.expectation import KINDS, WEEKDAYS
from admin.reach.silence import Sentinel, Watch

FIRST_DAY = date(2025, 1, 6)
DAYS = 728
LEARNS = 49  # days before the alarm can ring at all
A_WEEK = 10.0

Shape = Callable[[date], float]


@dataclass(frozen=True)
class Curve:
    """What many years showed: false alarms a year, and the share of halvings found within three weeks."""

    false_alarms: float
    found: float
    years: float


def poisson(dice: Random, mean: float) -> int:
    """How many come where *mean* are expected."""
    count, left = -1, 1.0
    while left > exp(-mean) or count < 0:
        left *= dice.random()
        count += 1
    return count


def as_guessed(day: date) -> float:
    """Days as a service without a past of its own guesses them."""
    return WEEKDAYS[day.weekday()] * KINDS[school_year.shipped().kind(day)]


def all_alike(_day: date) -> float:
    """Days without weekends and holidays: as far from the guess as it gets."""
    return 1.0


def live(dice: Random, days: int, rate: Shape) -> Watch:
    """What the alarm makes of so many days."""
    sentinel = Sentinel(school_year.shipped())
    for offset in range(days):
        day = FIRST_DAY + timedelta(days=offset)
        sentinel.see(day, poisson(dice, rate(day)))
    return sentinel.watch


def measure(dice: Random, runs: int, shape: Shape, a_week: float = A_WEEK) -> Curve:
    """Each run: two years as ever, and others that fall to a half on a day of their second half year or later."""
    mean = sum(shape(FIRST_DAY + timedelta(days=offset)) for offset in range(DAYS)) / DAYS
    alarms, found = 0, 0

    def usual(day: date) -> float:
        return a_week / 7 * shape(day) / mean

    for _ in range(runs):
        alarms += len(live(dice, DAYS, usual).quiet_times)
        falls_on = dice.randrange(200, 564)
        found += _is_found(live(dice, falls_on + 21, _halved(usual, falls_on)), falls_on)
    years = runs * (DAYS - LEARNS) / 365
    return Curve(alarms / years, found / runs, years)


def _halved(rate: Shape, falls_on: int) -> Shape:
    first = FIRST_DAY + timedelta(days=falls_on)
    return lambda day: rate(day) * (0.5 if day >= first else 1.0)


def _is_found(watch: Watch, falls_on: int) -> bool:
    """Noticed within the three weeks that were lived, or noticed wrongly just before and standing still."""
    first = FIRST_DAY + timedelta(days=falls_on)
    return any(quiet.noticed_on >= first or quiet.ended_on is None for quiet in watch.quiet_times)
