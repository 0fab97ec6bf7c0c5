"""When fewer ask than chance explains: a sequential test over the days, and the quiet times it finds. Pure.

Looking every day would raise an ordinary test's false alarms without end, so this is Shiryaev and Roberts': where all
is as usual, its figure grows by one a day at most on average whatever the volume, so to stop at some figure is to be
wrong about once in so many days. Evidence counts for less while what is usual has been learnt from few days; that makes
false alarms rarer, mostly in the first year, and the line is drawn so much lower. What it finds, how soon, is measured
by `make bench`; see docs/decisions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp, log
from typing import Literal

from admin.reach import chance
from admin.reach.expectation import Expectation
from admin.reach.school_year import SchoolYear

ALARM_AT = 290.0  # measured: at most one false alarm a year
FALLS_TO = 0.5  # of the usual: what the test is sharpest at
OVER_BELOW = 8.0
HIGHEST = 20 * ALARM_AT  # however long it was quiet, some weeks as usual end it
GUARD = timedelta(days=21)  # the latest days may be part of a fall: they don't teach what is usual
SETTLES_IN = timedelta(days=56)  # then it is the new usual, and what comes is compared with that


@dataclass(frozen=True)
class Quiet:
    """A time in which fewer asked than chance explains.

    Attributes
        began_on: the first day of it, as near as can be told: from then on it is the least likely.
        noticed_on: the day whose end made it certain enough.
        ended_on: the day after which it was as usual again; None while it lasts.
        came, expected: people who asked, each once a day, from *began_on* to *noticed_on*, and how many are usual.
        scatter: times Poisson's variance.
        ended_as: whether as many ask as before, or the fewer have become the usual.
    """

    began_on: date
    noticed_on: date
    came: int
    expected: float
    scatter: float
    ended_on: date | None = None
    ended_as: Literal["recovered", "settled"] | None = None

    @property
    def days(self) -> int:
        """How many days it had lasted when it was noticed."""
        return (self.noticed_on - self.began_on).days + 1

    @property
    def probability(self) -> float:
        """How likely so few are in these very days by chance."""
        return chance.at_most(self.came, self.expected, self.scatter)


@dataclass(frozen=True)
class Watch:
    """What the days so far tell. *figure* is the test's, alarm at `ALARM_AT`; None while too little is known."""

    quiet_times: Sequence[Quiet]
    figure: float | None
    expectation: Expectation

    @property
    def now(self) -> Quiet | None:
        """The quiet time that lasts; None when all is as usual."""
        latest = self.quiet_times[-1] if self.quiet_times else None
        return latest if latest is not None and latest.ended_on is None else None


def watch(history: Mapping[date, int], last: date, calendar: SchoolYear) -> Watch:
    """What the days from the first of *history* to *last*, both whole, tell.

    *history* is how many people asked on each local day; on a day that lacks nobody did. Each day is judged by those
    before it alone, so what was found stays found whatever comes later.
    """
    sentinel = Sentinel(calendar)
    if history:
        first = min(history)
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            sentinel.see(day, history.get(day, 0))
    return sentinel.watch


class Sentinel:
    """Sees one day after the other."""

    def __init__(self, calendar: SchoolYear) -> None:
        self._expectation = Expectation(calendar)
        self._untaught: list[tuple[date, int]] = []  # days that don't teach yet
        self._quiet_times: list[Quiet] = []
        self._figure: float | None = None
        self._sum = 0.0  # of what speaks for a fall, from the day on since when it does: see `_since`
        self._since: list[tuple[date, int, float]] = []

    @property
    def watch(self) -> Watch:
        """What the days seen tell."""
        return Watch(tuple(self._quiet_times), self._figure, self._expectation)

    def see(self, day: date, count: int) -> None:
        """Judge *day*, on which *count* people asked."""
        if self._now is None:
            self._teach(day - GUARD)
        expected = self._expectation.of(day)
        if expected is not None:
            self._judge(day, count, expected)
        self._untaught.append((day, count))

    @property
    def _now(self) -> Quiet | None:
        return self.watch.now

    def _teach(self, until: date) -> None:
        while self._untaught and self._untaught[0][0] <= until:
            self._expectation.learn(*self._untaught.pop(0))

    def _judge(self, day: date, count: int, expected: float) -> None:
        scatter = self._expectation.scatter * self._expectation.doubt(GUARD.days)
        evidence = (count * log(FALLS_TO) + expected * (1 - FALLS_TO)) / scatter
        self._figure = min(HIGHEST, (1 + (self._figure or 0.0)) * exp(evidence))
        self._sum += evidence
        self._since.append((day, count, expected))
        if self._sum <= 0:
            self._sum, self._since = 0.0, []
        now = self._now
        if now is None:
            if self._figure >= ALARM_AT:
                self._notice(day)
        elif self._figure < OVER_BELOW:
            self._end(now, day, "recovered")
            self._untaught = [pair for pair in self._untaught if not now.began_on <= pair[0] <= day]
            self._figure = 0.0
        elif day - now.noticed_on >= SETTLES_IN:
            self._end(now, day, "settled")
            self._expectation.begin_anew(weight=0.05)
            self._untaught = [pair for pair in self._untaught if pair[0] >= now.began_on]
            self._teach(day)
            self._figure, self._sum, self._since = 0.0, 0.0, []

    def _notice(self, day: date) -> None:
        since = self._since or [(day, 0, 0.0)]
        endings = [since[start:] for start in range(len(since))]
        self._quiet_times.append(min((self._quiet(days) for days in endings), key=lambda quiet: quiet.probability))

    def _quiet(self, days: Sequence[tuple[date, int, float]]) -> Quiet:
        return Quiet(
            began_on=days[0][0],
            noticed_on=days[-1][0],
            came=sum(came for _, came, _ in days),
            expected=sum(expected for _, _, expected in days),
            scatter=self._expectation.scatter,
        )

    def _end(self, quiet: Quiet, day: date, ended_as: Literal["recovered", "settled"]) -> None:
        self._quiet_times[-1] = replace(quiet, ended_on=day, ended_as=ended_as)
