"""Where a fall in those who ask is, and of which kind: fewer came, or they came and did not ask. Pure.

A group is named only where everything else going on as usual explains the figures clearly better than a fall
everywhere, and only if at least `FEWEST_ASKERS` people are known to stand behind what is usual there. No group's figure
is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from statistics import median
from typing import Literal

from admin.summaries.small_numbers import FEWEST_ASKERS

Dimension = Literal["channel", "campaign", "language", "hours"]
Cause = Literal["fewer_came", "did_not_ask", "flooded", "unclear"]

CLEARLY = 2.0  # of a log-likelihood ratio: seven times as likely
RATHER = 1.0
FEWEST_CAME = 20  # of fewer nobody can tell how many are usual
FALLS_TO = 0.5
RUSH = 20  # openings of a day above thrice the usual: a class that looks at it together
HOURS = {"night": range(6), "morning": range(6, 12), "afternoon": range(12, 18), "evening": range(18, 24)}


@dataclass(frozen=True)
class Groups:
    """What happened in some days.

    Attributes
        asked: people who asked, each once a day.
        came: how many came: who began to talk and, of the web chat, how often it was opened.
        by: of those who asked by what they were alike in, so many, known to be so many different people at least.
        came_by: who came, by channel.
        openings: of the web chat on the middle one of the days.
        rushes: days on which it was opened so often that they count as usual ones; see `without_rushes`.
        is_flooded: whether most of the days were such: then nobody knows how many came to it.
    """

    asked: int
    came: int
    by: Mapping[Dimension, Mapping[str, tuple[int, int]]]
    came_by: Mapping[str, int] = field(default_factory=dict)
    openings: float = 0
    rushes: int = 0
    is_flooded: bool = False

    def of_channel(self, channel: str) -> "Groups":
        """What happened by one channel."""
        asked, _ = self.by["channel"].get(channel, (0, 0))
        return Groups(asked, self.came_by.get(channel, 0), {})


@dataclass(frozen=True)
class Place:
    """Where the fall is: a group of a dimension; an empty one of campaigns is "by none"."""

    dimension: Dimension
    group: str


@dataclass(frozen=True)
class Found:
    """*place*: one group, everywhere alike, or None where that can't be told."""

    cause: Cause
    place: Place | Literal["everywhere"] | None


def without_rushes(openings: Sequence[int], *, usual: float | None = None) -> tuple[int, int]:
    """How often the web chat was opened on these days, and on how many of them so often that they count as usual ones.

    From many networks it can be opened at will, by a program as well: that must not look as if the young came. *usual*
    is how often it is opened on a day at other times; without it, on the middle one of these.
    """
    usual = middle(openings) if usual is None else usual
    ordinary = [number for number in openings if number <= 3 * usual + RUSH]
    rushes = len(openings) - len(ordinary)
    return round(sum(ordinary) + rushes * usual), rushes


def middle(openings: Sequence[int]) -> float:
    """How often it was opened on the middle one of these days."""
    return median(openings) if openings else 0


def find(usual: Groups, quiet: Groups, expected: float) -> Found:
    """What the *quiet* time tells beside the *usual* time before it; so many *expected* to ask would have been usual.

    Where one channel is quiet, its own are looked at for the cause: what goes on elsewhere would hide it.
    """
    place = _place(usual, quiet, expected)
    if isinstance(place, Place) and place.dimension == "channel" and usual.came_by:
        here = usual.of_channel(place.group)
        share = expected * here.asked / usual.asked
        return Found(_cause(here, quiet.of_channel(place.group), share), place)
    return Found(_cause(usual, quiet, expected), place)


def _cause(usual: Groups, quiet: Groups, expected: float) -> Cause:
    if usual.came < FEWEST_CAME or not usual.asked:
        return "unclear"
    if quiet.is_flooded:
        return "flooded"
    evidence = quiet.came * log(FALLS_TO) + expected * usual.came / usual.asked * (1 - FALLS_TO)
    if evidence >= RATHER:
        return "fewer_came"
    return "did_not_ask" if evidence <= -RATHER else "unclear"


def _place(usual: Groups, quiet: Groups, expected: float) -> Place | Literal["everywhere"] | None:
    scores: dict[Place, float] = {}
    for dimension, before in usual.by.items():
        for group, (times, people) in before.items():
            if people >= FEWEST_ASKERS and times < usual.asked:
                here, _ = quiet.by[dimension].get(group, (0, 0))
                share = expected * times / usual.asked
                scores[Place(dimension, group)] = _score(here, share, quiet.asked, expected)
    if not scores:
        return None
    best = max(scores, key=lambda place: scores[place])
    if scores[best] >= CLEARLY:
        return best
    return "everywhere" if scores[best] <= -CLEARLY else None


def _score(here: int, usual_here: float, everywhere: int, usual_everywhere: float) -> float:
    """How much likelier "only here fewer came, elsewhere as ever" is than "everywhere fewer alike", as a logarithm."""
    elsewhere, usual_elsewhere = everywhere - here, usual_everywhere - usual_here
    share = everywhere / usual_everywhere
    only_here = _likelihood(here, usual_here, min(1.0, here / usual_here)) + _likelihood(
        elsewhere, usual_elsewhere, 1.0
    )
    alike = _likelihood(here, usual_here, share) + _likelihood(elsewhere, usual_elsewhere, share)
    return only_here - alike


def _likelihood(count: int, expected: float, share: float) -> float:
    """Of *count* where *share* of *expected* come, but for what is the same for every share."""
    return (count * log(share) if count else 0.0) - share * expected
