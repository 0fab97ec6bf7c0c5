"""The figures of a period, counted from events. Page, message and command line all read them from `figures`.

An event refers to nobody, so figures never change when an asker is erased. Contains no wording; see `compose`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries.due import Period, Span, span_before
from bot.store.schema import event

FEWEST_ASKERS = 5  # a smaller group is never shown by itself: its members might be known to the reader

_FIRST_OF: Mapping[Period, str] = {"day": "first_of_day", "week": "first_of_week", "month": "first_of_month"}


@dataclass(frozen=True)
class Counts:
    """What happened in a period.

    Attributes
        questions: asked of the bot; each of them is answered, answered by choices, not found, or meant for a person.
        askers: people behind them, each once.
        answered: got the FAQ's answer at once.
        choices: got up to three titles to choose from.
        picked: titles chosen from those, or from what was offered after "Ei auttanut".
        not_found: the bot had nothing to say.
        escalated: were sent to a person, by the asker's own tap.
        human_replies: tickets that got their first reply from a person.
        median_wait: from sending to that reply, nights included; None without replies.
        outside_hours: questions asked while nobody was at work.
        helped, not_helped: what askers answered to "Auttoiko tämä?".
    """

    questions: int = 0
    askers: int = 0
    answered: int = 0
    choices: int = 0
    picked: int = 0
    not_found: int = 0
    escalated: int = 0
    human_replies: int = 0
    median_wait: timedelta | None = None
    outside_hours: int = 0
    helped: int = 0
    not_helped: int = 0


@dataclass(frozen=True)
class Group:
    """One line of a breakdown: how many questions, and from how many askers at least."""

    questions: int
    askers: int


@dataclass(frozen=True)
class Figures:
    """The figures of *span*, those of the period before it, and where the questions came from.

    *before* is None when it began before the first event: part of a period is nothing to compare with. *by_channel*
    lacks the groups that are too small to show.
    """

    span: Span
    counts: Counts
    before: Counts | None
    by_channel: Mapping[str, Group]


async def figures(read: AsyncConnection, span: Span) -> Figures:
    """The figures of *span* as they stand; of a period that is over they change no more."""
    before = span_before(span)
    first_day = await first_event_on(read)
    has_past = first_day is not None and first_day <= before.first_day
    return Figures(
        span=span,
        counts=await _counts(read, span),
        before=await _counts(read, before) if has_past else None,
        by_channel=large_enough(await _channels(read, span)),
    )


async def first_event_on(read: AsyncConnection) -> date | None:
    """The local day of the oldest event, or None before the first."""
    day: date | None = (await read.execute(select(func.min(event.c.local_day)))).scalar()
    return day


def large_enough(groups: Mapping[str, Group]) -> dict[str, Group]:
    """The *groups* that may be shown, most questions first.

    Hidden are those under `FEWEST_ASKERS`, and then the smallest of the others for as long as what is hidden could be
    found by subtracting the shown from the total is too small to be shown itself.
    """
    by_size = sorted(groups.items(), key=lambda item: (item[1].askers, item[1].questions, item[0]))
    hidden = sum(group.askers < FEWEST_ASKERS for _, group in by_size)
    while 0 < hidden < len(by_size) and sum(group.askers for _, group in by_size[:hidden]) < FEWEST_ASKERS:
        hidden += 1
    shown = by_size[hidden:]
    return dict(sorted(shown, key=lambda item: (-item[1].questions, item[0])))


async def _counts(read: AsyncConnection, span: Span) -> Counts:
    rows = await read.execute(
        select(
            event.c.kind,
            event.c[_FIRST_OF[span.period]].label("is_first"),
            event.c.in_office_hours,
            func.count().label("n"),
        )
        .where(event.c.local_day.between(span.first_day, span.last_day))
        .group_by(event.c.kind, "is_first", event.c.in_office_hours)
    )
    groups = rows.all()
    asked = [row for row in groups if row.kind == "asked"]

    def times(kind: str) -> int:
        return sum(row.n for row in groups if row.kind == kind)

    return Counts(
        questions=times("asked"),
        askers=sum(row.n for row in asked if row.is_first),
        answered=times("answered"),
        choices=times("choices"),
        picked=times("picked"),
        not_found=times("not_found"),
        escalated=times("escalated"),
        human_replies=times("human_reply"),
        median_wait=await _median_wait(read, span),
        outside_hours=sum(row.n for row in asked if not row.in_office_hours),
        helped=times("helped"),
        not_helped=times("not_helped"),
    )


async def _median_wait(read: AsyncConnection, span: Span) -> timedelta | None:
    """Taken here, not by SQL: SQLite has no median, and people's replies are few."""
    rows = await read.execute(
        select(event.c.seconds).where(
            event.c.kind == "human_reply", event.c.local_day.between(span.first_day, span.last_day)
        )
    )
    waits = [row.seconds for row in rows if row.seconds is not None]
    return timedelta(seconds=round(median(waits))) if waits else None


async def _channels(read: AsyncConnection, span: Span) -> dict[str, Group]:
    """Questions by channel. An asker of two channels is counted in the first only, so *askers* errs towards hiding."""
    rows = await read.execute(
        select(event.c.channel, event.c[_FIRST_OF[span.period]].label("is_first"), func.count().label("n"))
        .where(event.c.kind == "asked", event.c.local_day.between(span.first_day, span.last_day))
        .group_by(event.c.channel, "is_first")
    )
    groups: dict[str, Group] = {}
    for row in rows:
        known = groups.get(row.channel, Group(0, 0))
        groups[row.channel] = Group(known.questions + row.n, known.askers + (row.n if row.is_first else 0))
    return groups
