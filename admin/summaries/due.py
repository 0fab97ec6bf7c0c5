"""Which summaries are due: a pure function of the moment, the time zone and what has been sent.

Days are local, so the clock changes of spring and autumn neither skip a summary nor send one twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month"]

SENT_AT = time(8)  # local, on the day after the period


@dataclass(frozen=True)
class Span:
    """One period: a day, a week from Monday to Sunday, or a calendar month; both days belong to it."""

    period: Period
    first_day: date
    last_day: date


def span_of(period: Period, day: date) -> Span:
    """The period that *day* belongs to."""
    match period:
        case "day":
            return Span(period, day, day)
        case "week":
            monday = day - timedelta(days=day.weekday())
            return Span(period, monday, monday + timedelta(days=6))
        case "month":
            first = day.replace(day=1)
            return Span(period, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def span_before(span: Span) -> Span:
    """The period of the same kind that ended the day before *span* began."""
    return span_of(span.period, span.first_day - timedelta(days=1))


def last_whole(period: Period, today: date) -> Span:
    """The latest period that is over on *today*."""
    return span_before(span_of(period, today))


def due_at(span: Span, zone: ZoneInfo) -> datetime:
    """When the summary of *span* is sent: `SENT_AT` on the day after it, in *zone*."""
    return datetime.combine(span.last_day + timedelta(days=1), SENT_AT, zone)


def due(
    now: datetime,
    zone: ZoneInfo,
    periods: Collection[Period],
    *,
    since: date | None,
    sent: Mapping[Period, Collection[date]],
) -> list[Span]:
    """The summaries to send at *now*: of each of *periods* the latest whose time has come, unless it was sent.

    Only the latest: after a long silence nobody wants a flood of old ones. *since* is the service's first day; what
    was over before it has nothing to tell. *sent* holds the first days of what was sent.
    """
    if since is None:
        return []
    found = []
    for period in periods:
        span = last_whole(period, now.astimezone(zone).date())
        if due_at(span, zone) > now:
            span = span_before(span)
        if span.last_day >= since and span.first_day not in sent.get(period, ()):
            found.append(span)
    return found
