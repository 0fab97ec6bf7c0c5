"""Which summaries are due: a pure function of the moment, the time zone and what has been sent.

Days are local, so the clock changes of spring and autumn neither skip a summary nor send one twice.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month", "range"]

SENT_AT = time(8)  # local, on the day after the period


@dataclass(frozen=True)
class Span:
    """One period: a day, a week from Monday to Sunday, a calendar month, or a range of days; both days belong to it."""

    period: Period
    first_day: date
    last_day: date

    @property
    def days(self) -> list[date]:
        """Each of its days, in order."""
        return [self.first_day + timedelta(days=number) for number in range((self.last_day - self.first_day).days + 1)]


def span_of(period: Period, day: date) -> Span:
    """The period that *day* belongs to; of the ranges, the one of that day alone."""
    match period:
        case "day":
            return Span(period, day, day)
        case "week":
            monday = monday_of(day)
            return Span(period, monday, monday + timedelta(days=6))
        case "month":
            first = day.replace(day=1)
            return Span(period, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        case "range":
            return Span(period, day, day)


def monday_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def span_between(first_day: date, last_day: date) -> Span:
    """The range of these days; ValueError when it would end before it begins."""
    if last_day < first_day:
        raise ValueError("a range that ends before it begins")
    return Span("range", first_day, last_day)


def months(first_day: date, last_day: date) -> list[Span]:
    """The calendar months from that of *first_day* to that of *last_day*."""
    found = [span_of("month", first_day)]
    while found[-1].last_day < last_day:
        found.append(span_of("month", found[-1].last_day + timedelta(days=1)))
    return found


def span_before(span: Span) -> Span:
    """The period of the same kind that ended the day before *span* began; of a range, one of as many days."""
    yesterday = span.first_day - timedelta(days=1)
    if span.period == "range":
        return Span("range", yesterday - (span.last_day - span.first_day), yesterday)
    return span_of(span.period, yesterday)


def span_last_year(span: Span) -> Span:
    """The same period a year earlier: the month of that name, the ISO week of that number, else 364 days before.

    364 days keep the day of the week, which tells more of a day than its date. A year without a week 53 has the week
    that began 364 days before instead, which is nearer to the same season than its own last one. A range of whole
    years, which the funders ask for, has the years of those names.
    """
    first, last = span.first_day, span.last_day
    if span.period == "month":
        return span_of("month", first.replace(year=first.year - 1))
    if span.period == "week":
        year, number, _ = first.isocalendar()
        with suppress(ValueError):
            return span_of("week", date.fromisocalendar(year - 1, number, 1))
    if span.period == "range" and (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        years = last.year - first.year + 1
        return Span("range", first.replace(year=first.year - years), last.replace(year=last.year - years))
    year_of_weeks = timedelta(weeks=52)
    return Span(span.period, first - year_of_weeks, last - year_of_weeks)


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
