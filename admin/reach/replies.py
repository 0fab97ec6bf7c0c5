"""What became of the bot's own questions: how many, how they were answered, about what and by which link.

Counted from events, which refer to nobody. A group of few askers, or one that subtraction would tell, is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.small_numbers import FEWEST_ASKERS, Group, large_enough
from bot.checkins import OUTCOMES
from bot.store.tallies import NONE, Cell, Dimension, Tallies, Tally
from bot.wording import BUTTON_FEELINGS

FEELINGS = tuple(f"checkin_{feeling}" for feeling in BUTTON_FEELINGS)
RESULTS = tuple(f"outcome_{outcome}" for outcome in OUTCOMES)
MOVED_ON = RESULTS[:-1]  # all but "en vielä"


@dataclass(frozen=True)
class Replies:
    """*sent* questions, *answered* by one tap each; of *answers* None is a group too small to be told."""

    sent: int
    answered: int
    answers: Mapping[str, int | None]


@dataclass(frozen=True)
class Line:
    """Outcomes of one topic or campaign: so many told, of whom so many *moved_on*; None where those are too few."""

    value: str
    told: int
    moved_on: int | None


@dataclass(frozen=True)
class Reached:
    """All of it, for the days that it was counted for."""

    checkins: Replies
    outcomes: Replies
    by_topic: tuple[Line, ...]
    by_campaign: tuple[Line, ...]


async def counted(read: AsyncConnection, first_day: date, last_day: date) -> Reached:
    """What was asked and answered in these local days."""
    days = await Tallies.of(read, first_day, last_day)
    found = await days.summed(["all", "topic", "campaign"], ["checkin_sent", "outcome_sent", *FEELINGS, *RESULTS])
    return Reached(
        checkins=_replies(found, "checkin_sent", FEELINGS),
        outcomes=_replies(found, "outcome_sent", RESULTS),
        by_topic=_lines(found, "topic"),
        by_campaign=_lines(found, "campaign"),
    )


def _replies(found: Mapping[Cell, Tally], sent: str, answers: tuple[str, ...]) -> Replies:
    tallies = {kind: found.get(Cell("all", NONE, kind), Tally()) for kind in (sent, *answers)}
    times = {kind: tally.times for kind, tally in tallies.items()}
    shown = large_enough({kind: Group(times[kind], tallies[kind].first_ever) for kind in answers if times[kind]})
    told = {kind: shown[kind].questions if kind in shown else None if times[kind] else 0 for kind in answers}
    if None in told.values():  # a zero beside it would say whose the rest are
        told = {kind: number or None for kind, number in told.items()}
    return Replies(times[sent], sum(times[kind] for kind in answers), told)


def _lines(found: Mapping[Cell, Tally], dimension: Dimension) -> tuple[Line, ...]:
    by_value: dict[str, dict[str, Tally]] = {}
    for cell, tally in found.items():
        if cell.dimension == dimension and cell.kind in RESULTS:
            by_value.setdefault(cell.value, {})[cell.kind] = tally
    groups = {
        value: Group(sum(tally.times for tally in theirs.values()), _askers(theirs.values()))
        for value, theirs in by_value.items()
    }
    lines = []
    for value, group in large_enough(groups).items():
        moved = [tally for kind, tally in by_value[value].items() if kind in MOVED_ON]
        others = [tally for kind, tally in by_value[value].items() if kind not in MOVED_ON]
        is_told = min(_askers(moved), _askers(others)) >= FEWEST_ASKERS
        lines.append(Line(value, group.questions, sum(tally.times for tally in moved) if is_told else None))
    return tuple(lines)


def _askers(tallies: Iterable[Tally]) -> int:
    """At least so many: one asker may have told of two outcomes, each for the first time."""
    return max((tally.first_ever for tally in tallies), default=0)
