"""How much a day is expected to bring, learnt from the days before it: questions, or people who ask. Pure.

level × weekday × kind of day. Each factor is pulled towards what is usual elsewhere for as long as the service's own
figures are small; old days are forgotten, so that it follows a service that grows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import sqrt
from typing import NamedTuple

from admin.reach import chance, school_year
from admin.reach.school_year import DayKind, SchoolYear

FEWEST_DAYS = 28  # of fewer days, or less that was counted on them, nothing is expected
FEWEST_COUNTED = 20

# What a service elsewhere would have: guidance by chat is asked for on working days and less in holidays. A guess
# that weighs as much as `PATTERN_WEIGHT` of what is counted.
WEEKDAYS = (1.15, 1.15, 1.15, 1.1, 0.95, 0.7, 0.8)
KINDS: Mapping[DayKind, float] = {"term": 1.0, "break": 0.75, "summer": 0.7, "public": 0.5}
PATTERN_WEIGHT = 10.0
SCATTER_WEIGHT = 240.0  # days of Poisson's scatter, until the service's own is known

LEVEL_HALVES_IN = 182  # days after which a day counts half
PATTERN_HALVES_IN = 364
KIND_HALVES_IN = 728  # a holiday comes once a year
WIDEST = 5.0  # times Poisson's variance, at most

BAND = (0.05, 0.95)  # nine days of ten lie within


class Band(NamedTuple):
    """What was expected of *day*: so many, and nine times of ten from *low* to *high*."""

    day: date
    low: int
    expected: float
    high: int

    @property
    def ends(self) -> tuple[int, int]:
        """From and to how many."""
        return self.low, self.high


def expected_band(history: Mapping[date, int], days: Sequence[date], calendar: SchoolYear | None = None) -> list[Band]:
    """What was to be expected of each of *days*, by the days before it alone; days of which too little is known lack.

    *history* is how much each local day brought, from the service's first day on; a day that lacks brought
    none. Days after the last are expected by all of it. The running day must not be in it, for it is not whole.
    """
    if not history:
        return []
    calendar = calendar or school_year.shipped()
    wanted, first, last = set(days), min(history), max(history)
    expectation, bands = Expectation(calendar), {}
    for day in _days(first, max([*days, last])):
        if day in wanted and (band := expectation.band(day)) is not None:
            bands[day] = band
        if day <= last:
            expectation.learn(day, history.get(day, 0))
    return [bands[day] for day in days if day in bands]


@dataclass
class _Share:
    """How much more than expected without it some days bring, towards *prior* while they are few."""

    prior: float
    halves_in: int
    came: float = 0.0
    expected: float = 0.0

    @property
    def factor(self) -> float:
        return self.prior * (self.came + PATTERN_WEIGHT) / (self.expected * self.prior + PATTERN_WEIGHT)

    def learn(self, came: float, expected: float) -> None:
        """*expected* is what the day would bring were this factor 1."""
        self.came += came
        self.expected += expected

    def forget(self) -> None:
        keep = 0.5 ** (1 / self.halves_in)
        self.came *= keep
        self.expected *= keep


@dataclass
class Expectation:
    """Learns day by day, in order; gives what to expect of any day."""

    calendar: SchoolYear
    days: int = 0
    counted: int = 0  # on them
    scatter: float = 1.0  # times Poisson's variance
    _came: float = 0.0
    _shape: float = 0.0
    _weights: float = 0.0  # of the days that the level is learnt from, and of their squares
    _squared_weights: float = 0.0
    _squares: float = 0.0
    _squared_days: float = 0.0
    _weekdays: list[_Share] = field(default_factory=lambda: [_Share(usual, PATTERN_HALVES_IN) for usual in WEEKDAYS])
    _kinds: dict[DayKind, _Share] = field(
        default_factory=lambda: {kind: _Share(usual, KIND_HALVES_IN) for kind, usual in KINDS.items()}
    )

    def of(self, day: date) -> float | None:
        """How much *day* is expected to bring; None while too little is known."""
        if self.days < FEWEST_DAYS or self.counted < FEWEST_COUNTED:
            return None
        return self._level * self._shape_of(day)

    def band(self, day: date) -> Band | None:
        """What to expect of *day*, with how far chance reaches; None while too little is known."""
        expected = self.of(day)
        if expected is None:
            return None
        low, high = (chance.quantile(share, expected, self.scatter) for share in BAND)
        return Band(day, low, expected, high)

    def learn(self, day: date, count: int) -> None:
        """Take in what *day* brought. One day's rush (a school class tries the bot) counts as a busy day, no more."""
        expected = self.of(day)
        came = float(count)
        if expected is not None:
            came = min(came, expected + 3 * sqrt(self.scatter * expected) + 2)
            self._learn_scatter(came, expected)
        self.days += 1
        self.counted += count
        keep = 0.5 ** (1 / LEVEL_HALVES_IN)
        self._weights = self._weights * keep + 1
        self._squared_weights = self._squared_weights * keep**2 + 1
        self._came = self._came * keep + came
        self._shape = self._shape * keep + self._shape_of(day)
        weekday, kind = self._weekdays[day.weekday()], self._kinds[self.calendar.kind(day)]
        for share in (*self._weekdays, *self._kinds.values()):
            share.forget()
        weekday_factor, kind_factor = weekday.factor, kind.factor
        weekday.learn(came, self._level * kind_factor)
        if kind is not self._kinds["term"]:  # term is what the others are compared with
            kind.learn(came, self._level * weekday_factor)

    def begin_anew(self, *, weight: float) -> None:
        """Let all that was learnt of the level count *weight* times as much: another time has begun."""
        self._came *= weight
        self._shape *= weight

    def doubt(self, days: int) -> float:
        """How much wider *days* together scatter about what is expected because the level itself was learnt, from
        days that were few; 1.0 if it were known.
        """
        learnt = self._weights**2 / self._squared_weights if self._weights else 1.0  # days, each as good as any other
        return 1 + days / learnt

    @property
    def _level(self) -> float:
        return self._came / self._shape if self._shape else 0.0

    def _shape_of(self, day: date) -> float:
        return self._weekdays[day.weekday()].factor * self._kinds[self.calendar.kind(day)].factor

    def _learn_scatter(self, came: float, expected: float) -> None:
        keep = 0.5 ** (1 / PATTERN_HALVES_IN)
        self._squares = self._squares * keep + (came - expected) ** 2 / max(expected, 0.05)
        self._squared_days = self._squared_days * keep + 1
        mean = (self._squares + SCATTER_WEIGHT) / (self._squared_days + SCATTER_WEIGHT)
        self.scatter = min(WIDEST, max(1.0, mean))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))
