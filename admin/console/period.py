"""Which period a page of figures is about: read from its address, and written into addresses again."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from admin.console.visit import Visit
from admin.summaries.due import Period, Span, last_whole, span_before, span_between, span_of
from admin.summaries.periods import title

PERIODS: tuple[Period, ...] = ("day", "week", "month")
WEEKS = timedelta(weeks=4)
EARLIEST = date(2000, 1, 1)
MOST_DAYS = 3700  # ten years


@dataclass(frozen=True)
class Dates:
    """The two dates as they were written, and what is wrong with them."""

    first: str
    last: str
    fault: str | None = None


class WrongDates(Exception):
    """No period can be made of these *dates*."""

    def __init__(self, dates: Dates) -> None:
        super().__init__(dates.fault)
        self.dates = dates


def asked(visit: Visit, since: date | None) -> Span:
    """The period of the address: `?period=` with a `?day=` of it, or from `?first=` to `?last=`; else the usual one.

    Raises `WrongDates` when there is no such period, or none of it has begun.
    """
    query = visit.request.query_params
    today = visit.today
    if "first" in query or "last" in query:
        dates = Dates(query.get("first", "")[:40], query.get("last", "")[:40])
        return _between(dates, today)
    wanted = query.get("period")
    period = next((one for one in PERIODS if one == wanted), None)
    if period is None:
        return last_weeks(today) if wanted == "weeks" else usual(today, since)
    day = _day(query.get("day", today.isoformat()))
    if day is None or day > today:
        written = query.get("day", "")[:40]
        raise WrongDates(Dates(written, written, "no_day" if day is None else "not_begun"))
    return span_of(period, day)


def usual(today: date, since: date | None) -> Span:
    """The last month that is over, or the running one where the service has not lived through a whole one."""
    month = last_whole("month", today)
    return month if since is not None and since <= month.first_day else span_of("month", today)


def last_weeks(today: date) -> Span:
    """The weeks that ended yesterday."""
    return span_between(today - WEEKS, today - timedelta(days=1))


def query_of(span: Span) -> str:
    """What stands after the question mark in the address of *span*."""
    if span.period == "range":
        return urlencode(ends_of(span))
    return urlencode({"period": span.period, "day": span.first_day.isoformat()})


def ends_of(span: Span) -> dict[str, str]:
    """The first and the last day of *span*, whichever it is, as addresses have them."""
    return {"first": span.first_day.isoformat(), "last": span.last_day.isoformat()}


def named(span: Span) -> str:
    """The period as people call it: "viikko 47 (16.11.–22.11.2026)", "marraskuu 2026", "vuosi 2026"."""
    first, last = span.first_day, span.last_day
    if span.period == "range" and first == last:
        return title(span_of("day", first), "fi")
    if span.period == "range" and (first, last) == (date(first.year, 1, 1), date(first.year, 12, 31)):
        return f"vuosi {first.year}"
    return title(span, "fi")


def earlier(span: Span) -> Span | None:
    """The period before, unless that lies before all that could be asked for."""
    before = span_before(span)
    return before if before.first_day >= EARLIEST else None


def later(span: Span, today: date) -> Span | None:
    """The period after, if it has begun; a range, if it is over."""
    first = span.last_day + timedelta(days=1)
    if span.period == "range":
        after = span_between(first, first + (span.last_day - span.first_day))
        return after if after.last_day < today else None
    return span_of(span.period, first) if first <= today else None


def _between(dates: Dates, today: date) -> Span:
    first, last = _day(dates.first), _day(dates.last)
    if first is None or last is None:
        fault = "no_day"
    elif last < first:
        fault = "ends_first"
    elif (last - first).days >= MOST_DAYS:
        fault = "too_long"
    elif first > today:
        fault = "not_begun"
    else:
        return span_between(first, last)
    raise WrongDates(Dates(dates.first, dates.last, fault))


def _day(text: str) -> date | None:
    """The day that *text* names, of those that can be asked for."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day < date(3000, 1, 1) else None
