"""When people are there and what may be promised, across holidays and both changes of daylight saving."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours import NeverOpen, OpeningHours, moment_in_words, wait_in_words

HELSINKI = ZoneInfo("Europe/Helsinki")
NINE_TO_FOUR = (time(9), time(16))
WEEK = dict.fromkeys(range(4), NINE_TO_FOUR) | {4: (time(9), time(15))}
MINUTE = timedelta(minutes=1)
HOURS = OpeningHours(HELSINKI, WEEK, promise=timedelta(hours=6))


def local(text: str) -> datetime:
    """A moment in Helsinki, such as "2026-11-24 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


@pytest.mark.parametrize(
    ("now", "back"),
    [
        ("2026-11-24 10:00", None),
        ("2026-11-24 08:59", "tänään klo 9"),
        ("2026-11-24 16:00", "huomenna klo 9"),
        ("2026-11-27 15:30", "ma klo 9"),
        ("2026-12-23 17:00", "ma klo 9"),  # over Christmas
    ],
)
def test_outside_opening_hours_it_is_told_when_people_are_back(now: str, back: str | None) -> None:
    """The truth on time: nobody waits through a weekend for a person who isn't there."""
    assert HOURS.promise_at(local(now)).back_in_words("fi") == back


@pytest.mark.parametrize(
    ("minutes", "fi", "sv", "en"),
    [
        (0, "5 minuutissa", "5 minuter", "5 minutes"),
        (5, "5 minuutissa", "5 minuter", "5 minutes"),
        (5.1, "10 minuutissa", "10 minuter", "10 minutes"),
        (56, "tunnissa", "en timme", "an hour"),
        (60, "tunnissa", "en timme", "an hour"),
        (61, "2 tunnissa", "2 timmar", "2 hours"),
        (300, "5 tunnissa", "5 timmar", "5 hours"),
    ],
)
def test_a_wait_is_rounded_up_in_words(minutes: float, fi: str, sv: str, en: str) -> None:
    """Who is told "10 minutes" must not wait eleven more often than not."""
    wait = timedelta(minutes=minutes)

    assert (wait_in_words(wait, "fi"), wait_in_words(wait, "sv"), wait_in_words(wait, "en")) == (fi, sv, en)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-24 08:59", False),
        ("2026-11-24 09:00", True),
        ("2026-11-24 15:59", True),
        ("2026-11-24 16:00", False),
        ("2026-11-27 15:30", False),  # Friday closes at three
        ("2026-11-28 12:00", False),  # Saturday
        ("2026-12-24 12:00", False),  # Christmas Eve is a holiday of offices
        ("2026-12-25 12:00", False),
        ("2027-01-06 12:00", False),  # Epiphany, a Wednesday
        ("2027-06-25 12:00", False),  # Midsummer Eve, a Friday
    ],
)
def test_people_are_there_in_opening_hours_of_working_days(now: str, is_open: bool) -> None:
    """Holidays are known without anyone writing them down each year."""
    assert HOURS.is_open(local(now)) is is_open


@pytest.mark.parametrize(
    ("now", "promised"),
    [
        ("2026-11-24 09:00", "2026-11-24 15:00"),
        ("2026-11-24 10:00", "2026-11-24 16:00"),
        ("2026-11-24 10:01", "2026-11-25 09:01"),
        ("2026-11-24 23:40", "2026-11-25 15:00"),
        ("2026-11-27 12:00", "2026-11-30 12:00"),  # three hours on Friday, three on Monday
        ("2026-11-28 12:00", "2026-11-30 15:00"),
        ("2026-12-23 15:00", "2026-12-28 14:00"),  # Christmas and a weekend between
        ("2027-03-25 15:00", "2027-03-30 14:00"),  # Easter: Good Friday, Easter Monday, and the clocks change
    ],
)
def test_the_promise_is_six_working_hours_away(now: str, promised: str) -> None:
    """What is promised must be kept by people who go home."""
    assert HOURS.promise_at(local(now)).at == local(promised)


@pytest.mark.parametrize("change", ["2026-10-25", "2028-03-26"])
def test_the_promise_after_a_change_of_clocks_is_at_the_same_hour_on_the_wall(change: str) -> None:
    """The night with 25 or 23 hours must not move Monday's promise."""
    before = datetime.fromisoformat(f"{change} 00:30").replace(tzinfo=HELSINKI)
    monday = date.fromisoformat(change) + timedelta(days=1)

    assert HOURS.promise_at(before).at == datetime.combine(monday, time(15), HELSINKI)


ELEVEN_YEARS = st.integers(0, 11 * 365 * 24 * 60).map(lambda minutes: local("2025-01-01 00:00") + minutes * MINUTE)


@given(ELEVEN_YEARS.map(lambda moment: moment.astimezone(UTC)))
def test_every_promise_lies_ahead_in_opening_hours_and_counts_six_open_hours(now: datetime) -> None:
    """At any minute of eleven years: nothing promised at night, nothing in the past, nothing too soon."""
    promise = HOURS.promise_at(now)
    opening = HOURS.on(promise.at.date())
    open_minutes = sum(
        _open_minutes(day, now, promise.at)
        for day in (now.astimezone(HELSINKI).date() + timedelta(days=ahead) for ahead in range(30))
    )

    assert opening is not None
    assert opening[0] < promise.at.time() <= opening[1]
    assert promise.at > now
    assert open_minutes == pytest.approx(360, abs=0.001)


def _open_minutes(day: date, begins: datetime, ends: datetime) -> float:
    opening = HOURS.on(day)
    if opening is None:
        return 0
    opens, closes = (datetime.combine(day, moment, HELSINKI).astimezone(UTC) for moment in opening)
    return max(timedelta(), min(closes, ends.astimezone(UTC)) - max(opens, begins)).total_seconds() / 60


def test_an_exception_beats_weekday_and_holiday() -> None:
    """The owner opens on a holiday, or closes on a Tuesday."""
    hours = OpeningHours(
        HELSINKI, WEEK, {date(2026, 12, 24): (time(9), time(11)), date(2026, 11, 24): None}, timedelta(hours=1)
    )

    assert hours.is_open(local("2026-12-24 10:00")) is True
    assert hours.promise_at(local("2026-11-24 10:00")).at == local("2026-11-25 10:00")


def test_hours_that_never_open_are_refused_in_words() -> None:
    """Better at the start than a promise for the year 2100."""
    with pytest.raises(NeverOpen, match="no working day within 60 days"):
        OpeningHours(HELSINKI, {}).promise_at(local("2026-11-24 10:00"))


@pytest.mark.parametrize(
    ("at", "language", "words"),
    [
        ("2026-11-24 15:00", "fi", "tänään klo 15"),
        ("2026-11-24 15:30", "fi", "tänään klo 15.30"),
        ("2026-11-25 09:05", "fi", "huomenna klo 9.05"),
        ("2026-11-27 12:00", "fi", "pe klo 12"),
        ("2026-12-01 12:00", "fi", "ti 1.12. klo 12"),
        ("2026-11-23 12:00", "fi", "ma 23.11. klo 12"),
        ("2026-11-24 15:00", "sv", "idag kl. 15"),
        ("2026-11-27 12:00", "sv", "fre kl. 12"),
        ("2026-11-25 09:05", "en", "tomorrow at 9:05"),
        ("2026-11-27 12:00", "en", "Fri at 12:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(at: str, language: str, words: str) -> None:
    """ "Vastaus viimeistään tänään klo 15" is what the asker reads."""
    assert moment_in_words(local(at), date(2026, 11, 24), language) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-24 08:00", "tänään klo 9–16"),
        ("2026-11-24 15:59", "tänään klo 9–16"),
        ("2026-11-24 16:00", "huomenna klo 9–16"),
        ("2026-11-27 15:00", "ma klo 9–16"),
        ("2026-12-23 16:00", "ma klo 9–16"),
    ],
)
def test_the_next_hours_of_people_are_said_in_words(now: str, words: str) -> None:
    """The head of the web chat: "ihminen tänään klo 9–16"."""
    assert HOURS.today_in_words(local(now), "fi") == words


@pytest.mark.parametrize(
    ("weekdays", "language", "words"),
    [
        (WEEK, "fi", "ma–to klo 9–16, pe klo 9–15"),
        (WEEK, "sv", "mån–tors kl. 9–16, fre kl. 9–15"),
        (WEEK, "en", "Mon–Thu 9:00–16:00, Fri 9:00–15:00"),
        (
            {0: NINE_TO_FOUR, 2: NINE_TO_FOUR, 3: (time(9, 30), time(12))},
            "fi",
            "ma klo 9–16, ke klo 9–16, to klo 9.30–12",
        ),
        ({}, "fi", ""),
    ],
)
def test_an_ordinary_week_is_said_in_words(weekdays: dict, language: str, words: str) -> None:  # type: ignore[type-arg]
    """A reply may be read days later: "today" would then be wrong."""
    assert OpeningHours(HELSINKI, weekdays).week_in_words(language) == words  # type: ignore[arg-type]
