"""What became of the bot's own questions: how many, how they were answered, about what and by which link.

Counted from events, which refer to nobody. A group of few askers, or one that subtraction would tell, is left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.small_numbers import FEWEST_ASKERS, Group, large_enough
from bot.checkins import OUTCOMES
from bot.store.schema import event
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


@dataclass(frozen=True)
class _Row:
    kind: str
    topic: str
    campaign: str
    times: int
    askers: int  # who did so for the first time ever: no fewer than so many people


async def counted(read: AsyncConnection, first_day: date) -> Reached:
    """What was asked and answered from the local *first_day* on."""
    found = await read.execute(
        select(
            event.c.kind,
            func.coalesce(event.c.topic, "").label("topic"),
            func.coalesce(event.c.campaign, "").label("campaign"),
            func.count().label("times"),
            func.count().filter(and_(event.c.first_of_day, ~event.c.is_returning)).label("askers"),
        )
        .where(event.c.local_day >= first_day, event.c.kind.in_(("checkin_sent", "outcome_sent", *FEELINGS, *RESULTS)))
        .group_by(event.c.kind, "topic", "campaign")
    )
    rows = [_Row(row.kind, row.topic, row.campaign, row.times, row.askers) for row in found]
    results = [row for row in rows if row.kind in RESULTS]
    return Reached(
        checkins=_replies(rows, "checkin_sent", FEELINGS),
        outcomes=_replies(rows, "outcome_sent", RESULTS),
        by_topic=_lines((row.topic, row) for row in results),
        by_campaign=_lines((row.campaign, row) for row in results),
    )


def _replies(rows: Iterable[_Row], sent: str, answers: tuple[str, ...]) -> Replies:
    times, askers = Counter[str](), Counter[str]()
    for row in rows:
        times[row.kind] += row.times
        askers[row.kind] += row.askers
    shown = large_enough({kind: Group(times[kind], askers[kind]) for kind in answers if times[kind]})
    told = {kind: shown[kind].questions if kind in shown else None if times[kind] else 0 for kind in answers}
    if None in told.values():  # a zero beside it would say whose the rest are
        told = {kind: number or None for kind, number in told.items()}
    return Replies(times[sent], sum(times[kind] for kind in answers), told)


def _lines(rows: Iterable[tuple[str, _Row]]) -> tuple[Line, ...]:
    by_value: dict[str, list[_Row]] = {}
    for value, row in rows:
        by_value.setdefault(value, []).append(row)
    groups = {value: Group(sum(row.times for row in theirs), _askers(theirs)) for value, theirs in by_value.items()}
    lines = []
    for value, group in large_enough(groups).items():
        moved = [row for row in by_value[value] if row.kind in MOVED_ON]
        others = [row for row in by_value[value] if row.kind not in MOVED_ON]
        is_told = min(_askers(moved), _askers(others)) >= FEWEST_ASKERS
        lines.append(Line(value, group.questions, sum(row.times for row in moved) if is_told else None))
    return tuple(lines)


def _askers(rows: Iterable[_Row]) -> int:
    """At least so many: one asker may have told of two outcomes, each for the first time."""
    by_kind = Counter[str]()
    for row in rows:
        by_kind[row.kind] += row.askers
    return max(by_kind.values(), default=0)
