"""The overview: a period's figures in words, in charts with their tables, and the summaries that were sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from urllib.parse import quote

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console import charts, period, question_list, sent_summaries
from admin.console.visit import Visit
from admin.reach import past, watchman
from admin.reach.expectation import expected_band
from admin.summaries.due import Span, last_whole, span_of
from admin.summaries.headlines import headlines
from admin.summaries.statistics import Figures, figures, first_event_on, without_groups
from admin.summaries.tables import (
    BEFORE,
    LANGUAGE_NAMES,
    MOST_DAYS_BY_DAY,
    OTHERS,
    Names,
    Row,
    Table,
    Value,
    tables,
    text_of,
)
from admin.summaries.wording import CHANNELS
from bot.hours import OpeningHours
from bot.store import campaigns
from bot.store.narrowing import ALL, Narrowing

MOST_LINES = 10  # of a table before the rest is folded away
# Where the cases of a figure are: the questions so narrowed, or a page and the route its reader must be allowed to use.
GAPS, CLOSED, CAMPAIGNS, WATCH = (
    ("gaps", "/console/gaps"),
    ("ticket", "/console/?view=closed"),
    ("campaigns", "/console/campaigns"),
    ("watch", "/console/watch"),
)
CASES: Mapping[str, Mapping[str, tuple[str, str] | Narrowing]] = {
    "figures": {
        "questions": ALL, "askers": ALL, "answered": Narrowing("answered"), "choices": Narrowing("choices"),
        "picked": Narrowing("picked"), "not_found": Narrowing("nothing"), "escalated": Narrowing("person"),
        "replies": CLOSED, "wait": CLOSED, "promises": CLOSED, "helped": Narrowing("helped"),
    },
    "funnel": {
        "heard": CAMPAIGNS, "visited": WATCH, "came": CAMPAIGNS, "asked": ALL, "answered": Narrowing("answered"),
        "choices": Narrowing("choices"), "person": Narrowing("person"), "helped": Narrowing("got_help"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A row as the page shows it: what it tells of and its questions, if the reader may go there, and its bar."""

    row: Row
    path: str | None
    questions: str | None
    bar: Markup


@dataclass(frozen=True)
class Volume:
    """The questions over time, as pictures of the table *key*; whether what was expected is behind them."""

    key: str
    pictures: Sequence[Markup]
    has_band: bool


@dataclass(frozen=True)
class Seen:
    """What the page, the files and the report are made of: all of it from the same figures.

    *has_groups*: whether it tells groups apart; see `_may_tell_groups`.
    """

    figures: Figures
    tables: Mapping[str, Table]
    since: date | None
    has_groups: bool = True


async def look(visit: Visit, read: AsyncConnection, span: Span | None = None) -> Seen:
    """The figures of *span*, else of the period of the address, and their tables. Raises `period.WrongDates`."""
    since = await first_event_on(read)
    found = await figures(read, span or period.asked(visit, since))
    has_groups = _may_tell_groups(visit, found.span)
    if not has_groups:
        found = without_groups(found)
    names = Names(
        entries={entry.id: entry.title for entry in visit.house.bookshelf.current.library.entries},
        campaigns={campaign.code: campaign.name for campaign in await campaigns.everything(read)},
    )
    expected = await _expected(visit, read, found.span)
    return Seen(found, {table.key: table for table in tables(found, names, expected)}, since, has_groups)


def _may_tell_groups(visit: Visit, span: Span) -> bool:
    """Whether topics, campaigns and all other groups may be told of *span* to this reader.

    Of periods that overlap one can be taken from the other, and what is left may be one person's. Who may read the
    questions learns nothing by that; who may not is told groups of whole months alone, of which none overlap.
    """
    return visit.may("questions") or (span.period == "month" and span.last_day < visit.today)


async def _expected(visit: Visit, read: AsyncConnection, span: Span) -> dict[date, tuple[int, int]]:
    """Between which each day's questions were to be; nothing of a long period, which isn't shown by day."""
    if len(span.days) > MOST_DAYS_BY_DAY:
        return {}
    asked = await past.asked_by_day(read, visit.today - timedelta(days=1))
    return {band.day: band.ends for band in expected_band(asked, span.days, watchman.calendar(visit.house))}


async def page(visit: Visit) -> Response:
    """The period of the address; with dates that make none, the form again with what is wrong."""
    today = visit.today
    last_month = period.query_of(last_whole("month", today))
    try:
        async with visit.house.store.read() as read:
            seen = await look(visit, read)
            summaries = await sent_summaries.newest(read)
    except period.WrongDates as wrong:
        return visit.render("overview_wrong.html", 422, dates=wrong.dates, last_month=last_month, text_of=text_of)
    span = seen.figures.span
    is_over = span.last_day < today
    return visit.render(
        "overview.html",
        span=span,
        name=period.named(span),
        here=_here(span, today),
        last_month=last_month,
        query=period.query_of(span),
        earlier=_query(period.earlier(span)),
        later=_query(period.later(span, today)),
        dates=period.Dates(span.first_day.isoformat(), span.last_day.isoformat()),
        is_over=is_over,
        seen=seen,
        text_of=text_of,
        headlines=headlines(seen.figures, is_over=is_over),
        path=lambda table, about: path_of(visit, table, about, span),
        lines=lambda key: _lines(visit, seen.tables[key], span),
        volume=volume_of(seen, charts.WIDE, charts.NARROW),
        heat_map=_heat_map(seen, visit.house.hours),
        most=MOST_LINES,
        year=min(span.last_day, today).year,
        address=visit.house.settings.address,
        summaries=summaries,
    )


def _here(span: Span, today: date) -> str:
    """Which of the periods to choose from this is, if any."""
    if span == last_whole("month", today):
        return "last_month"
    if span == period.last_weeks(today):
        return "weeks"
    return span.period if span == span_of(span.period, today) else "other"


def path_of(visit: Visit, key: str, about: str, span: Span) -> str | None:
    """Where the cases of a table's row of *span* are, if there is such a place and the reader may go there."""
    found = _cases(visit, key, about)
    if isinstance(found, Narrowing):
        return _to_questions(visit, span, found)
    route, path = found
    return path if path and visit.may(route) else None


def _to_questions(visit: Visit, span: Span, only: Narrowing) -> str | None:
    return f"/console/questions?{question_list.query_of(span, only)}" if visit.may("questions") else None


def _questions_of(visit: Visit, key: str, about: str, span: Span) -> str | None:
    """Where the questions of a group are, which the row's name doesn't lead to, if the reader may read them."""
    if about == OTHERS:
        return None
    match key:
        case "topics" | "rising":
            return _to_questions(visit, span, Narrowing(topic=about))
        case "gaps":
            return _to_questions(visit, span, Narrowing("lacking", topic=about))
        case "channels" if about in CHANNELS:
            return _to_questions(visit, span, Narrowing(channel=about))
        case "languages" if about in LANGUAGE_NAMES:
            return _to_questions(visit, span, Narrowing(language=about))
    return None


def _cases(visit: Visit, key: str, about: str) -> tuple[str, str] | Narrowing:
    is_entry = about in visit.house.bookshelf.current.library.by_id
    match key:
        case "figures" | "funnel":
            return CASES[key].get(about, ("figures", ""))
        case "days":
            return "figures", f"/console/figures?period=day&day={about}"
        case "gaps" if visit.may("gaps"):
            return GAPS
        case "topics" | "rising" | "gaps" if is_entry:
            return "entry", f"/console/faq/{about}"
        case "campaigns" if about:
            return "campaign", f"/console/campaigns/{quote(about, safe='')}"
        case "channels" if about in CHANNELS:
            return "ticket", f"/console/?view=all&channel={about}"
        case "languages" if about in LANGUAGE_NAMES:
            return "ticket", f"/console/?view=all&language={about}"
        case "outcomes":
            return CLOSED
    return "figures", ""


def _lines(visit: Visit, table: Table, span: Span) -> list[Line]:
    """The rows, each with a bar for its first number and a mark for the period before, where it is told."""
    numbers = [None if row.about == OTHERS else _count(row.cells[1]) for row in table.rows]
    has_before = table.columns[-1] == BEFORE
    before = [_count(row.cells[-1]) if has_before else None for row in table.rows]
    most = max((number or 0 for number in [*numbers, *before]), default=0)
    return [
        Line(
            row,
            path_of(visit, table.key, row.about, span),
            _questions_of(visit, table.key, row.about, span),
            Markup("") if row.about == OTHERS else charts.bar(number or 0, most, then),
        )
        for row, number, then in zip(table.rows, numbers, before, strict=True)
    ]


def _count(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def volume_of(seen: Seen, *sizes: charts.Size) -> Volume:
    """The questions by day or, of a long period, by week or month, drawn in each of *sizes*."""
    key = next(key for key in ("months", "weeks", "days") if key in seen.tables)
    table = seen.tables[key]
    shown = [
        charts.Column(text_of(row.cells[0]), _short(row.about), _count(row.cells[1]) or 0, _band(row))
        for row in table.rows
    ]
    total = seen.figures.counts.questions
    label = f"{table.title}: {total} kysymystä"
    if total:
        highest = max(shown, key=lambda one: one.value)
        label += f", eniten {highest.name}: {highest.value}"
    return Volume(key, [charts.columns(shown, label, size) for size in sizes], any(one.expected for one in shown))


def _band(row: Row) -> tuple[int, int] | None:
    low, high = (_count(cell) for cell in row.cells[3:]) if len(row.cells) > 3 else (None, None)
    return None if low is None or high is None else (low, high)


def _short(about: str) -> str:
    """A day "2026-11-16" as "16.11.", a month "2026-11" as "11/26"."""
    year, month, *day = about.split("-")
    return f"{int(day[0])}.{int(month)}." if day else f"{int(month)}/{year[2:]}"


def _heat_map(seen: Seen, hours: OpeningHours) -> Markup:
    office = {day: (_hour(opens), _hour(closes)) for day, (opens, closes) in hours.weekdays.items()}
    rows = [[_count(cell) for cell in row.cells[1:]] for row in seen.tables["hours"].rows]
    return charts.heat_map(rows, office, f"Viikon tunnit. {seen.tables['hours'].note}")


def _hour(at: time) -> float:
    return at.hour + at.minute / 60


def _query(span: Span | None) -> str | None:
    return period.query_of(span) if span else None
