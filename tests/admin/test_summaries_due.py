"""When a summary is due, over ten years and both clock changes of each."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.summaries.due import (
    Period,
    Span,
    due,
    due_at,
    last_whole,
    span_before,
    span_between,
    span_last_year,
    span_of,
)

HELSINKI = ZoneInfo("Europe/Helsinki")
PERIODS: tuple[Period, ...] = ("day", "week", "month")
BEGINS, ENDS = date(2025, 1, 1), date(2035, 12, 31)
TICK = timedelta(hours=1)

periods = st.sampled_from(PERIODS)
days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def _ticks(first: date, last: date) -> Iterator[datetime]:
    """Every moment at which the service looks, from one local midnight to another."""
    now = datetime.combine(first, time(), HELSINKI).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), HELSINKI).astimezone(UTC)
    while now < end:
        yield now
        now += TICK


def test_from_2025_to_2035_every_day_week_and_month_is_summed_up_once_and_on_time() -> None:
    """Schedulers that count in local time run twice in the autumn hour, or skip a day in spring."""
    sent: defaultdict[Period, list[date]] = defaultdict(list)
    late: list[tuple[Span, datetime]] = []
    for now in _ticks(BEGINS, ENDS):
        # What was sent long ago can't come back, and a short memory keeps this sweep of 96,000 looks quick.
        memory = {period: sent[period][-2:] for period in PERIODS}
        for span in due(now, HELSINKI, PERIODS, since=BEGINS, sent=memory):
            sent[span.period].append(span.first_day)
            if not timedelta(0) <= now - due_at(span, HELSINKI).astimezone(UTC) < TICK:
                late.append((span, now))

    all_days = [BEGINS + timedelta(days=n) for n in range((ENDS - BEGINS).days)]  # the last day's comes in 2036
    mondays = [day for day in all_days if day.weekday() == 0 and day + timedelta(days=6) < ENDS]
    firsts = [day for day in all_days if day.day == 1 and (day.year, day.month) != (2035, 12)]
    assert all_days == sent["day"]
    assert [date(2024, 12, 30), *mondays] == sent["week"]  # the first ends within the service's days
    assert firsts == sent["month"]
    assert late == []


@pytest.mark.parametrize("hour", [1, 2, 3, 4])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_restart_in_the_hours_of_a_clock_change_finds_nothing_new(day: date, hour: int) -> None:
    """An hour that comes twice, or not at all, is no reason to send yesterday's summary again."""
    yesterday = day - timedelta(days=1)
    for fold in (0, 1):
        now = datetime.combine(day, time(hour, 30, fold=fold), HELSINKI)
        before_that = yesterday - timedelta(days=1)  # what is due at eight the day before

        assert due(now, HELSINKI, ["day"], since=BEGINS, sent={"day": [before_that]}) == []


def test_the_weeks_summary_comes_on_monday_at_eight_local_time() -> None:
    """The coordinator plans the week with it: at eight, in winter as in summer."""
    for monday in (date(2026, 1, 12), date(2026, 7, 13), date(2026, 3, 30), date(2026, 10, 26)):
        eight = datetime.combine(monday, time(8), HELSINKI)
        week = Span("week", monday - timedelta(days=7), monday - timedelta(days=1))
        sent = {"week": [span_before(week).first_day]}

        assert due(eight - timedelta(seconds=1), HELSINKI, ["week"], since=BEGINS, sent=sent) == []
        assert due(eight, HELSINKI, ["week"], since=BEGINS, sent=sent) == [week]


def test_after_weeks_of_silence_only_the_latest_summary_is_made_up() -> None:
    """Whoever comes back from a long outage wants to know how things stand, not five old letters."""
    thursday = datetime(2026, 11, 26, 13, 0, tzinfo=HELSINKI)
    sent = {"day": [date(2026, 10, 1)], "week": [date(2026, 9, 28)], "month": [date(2026, 8, 1)]}

    assert due(thursday, HELSINKI, PERIODS, since=BEGINS, sent=sent) == [
        Span("day", date(2026, 11, 25), date(2026, 11, 25)),
        Span("week", date(2026, 11, 16), date(2026, 11, 22)),
        Span("month", date(2026, 10, 1), date(2026, 10, 31)),
    ]


def test_a_new_service_has_nothing_to_tell_of_the_time_before_it() -> None:
    """A first letter about a week in which the service wasn't there would only worry its reader."""
    wednesday = datetime(2026, 11, 25, 9, 0, tzinfo=HELSINKI)
    monday = datetime(2026, 11, 30, 8, 0, tzinfo=HELSINKI)

    assert due(wednesday, HELSINKI, PERIODS, since=date(2026, 11, 25), sent={}) == []
    assert due(wednesday, HELSINKI, PERIODS, since=None, sent={}) == []
    assert due(monday, HELSINKI, ["week"], since=date(2026, 11, 25), sent={}) == [
        Span("week", date(2026, 11, 23), date(2026, 11, 29))
    ]


@given(periods, days)
def test_periods_follow_each_other_without_gap_or_overlap(period: Period, day: date) -> None:
    """A day that belonged to two periods, or to none, would be counted twice or never."""
    span = span_of(period, day)

    assert span.first_day <= day <= span.last_day
    assert span_of(period, span.last_day + timedelta(days=1)).first_day == span.last_day + timedelta(days=1)
    assert span_before(span).last_day == span.first_day - timedelta(days=1)
    assert last_whole(period, day) == span_before(span)


@pytest.mark.parametrize(
    ("span", "before", "last_year"),
    [
        (span_of("day", date(2026, 11, 23)), "2026-11-22", "2025-11-24"),  # both Mondays
        (span_of("week", date(2026, 11, 23)), "2026-11-16", "2025-11-24"),
        (span_of("week", date(2027, 1, 4)), "2026-12-28", "2025-12-29"),  # each year's first
        (span_of("week", date(2026, 12, 31)), "2026-12-21", "2025-12-29"),  # no week 53 the year before
        (span_of("month", date(2024, 2, 29)), "2024-01-01", "2023-02-01"),
        (span_of("month", date(2026, 1, 9)), "2025-12-01", "2025-01-01"),
        (span_between(date(2026, 1, 1), date(2026, 12, 31)), "2025-01-01", "2025-01-01"),
        (span_between(date(2026, 11, 2), date(2026, 11, 15)), "2026-10-19", "2025-11-03"),
    ],
)
def test_a_period_is_compared_with_the_one_before_and_its_like_last_year(
    span: Span, before: str, last_year: str
) -> None:
    """The same week of the year, with the same days of the week in it; and whole ranges with as long ones."""
    earlier, a_year_ago = span_before(span), span_last_year(span)

    assert (earlier.first_day.isoformat(), a_year_ago.first_day.isoformat()) == (before, last_year)
    assert earlier.last_day + timedelta(days=1) == span.first_day
    if span.period in {"day", "week", "range"} and span.last_day.month != 12:
        assert a_year_ago.last_day - a_year_ago.first_day == span.last_day - span.first_day
    assert a_year_ago.period == span.period


def test_a_range_does_not_end_before_it_begins() -> None:
    """Two dates typed the wrong way round are a mistake to be told of, not an empty period."""
    with pytest.raises(ValueError, match="before it begins"):
        span_between(date(2026, 11, 2), date(2026, 11, 1))
