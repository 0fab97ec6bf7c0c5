"""A fall is placed where it is, or nowhere; and nobody is named by it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from admin.reach import school_year
from admin.reach.drop import Found, Line, Place, find
from admin.reach.expectation import Expectation
from admin.reach.rhythm import Rhythm, hours_of

OULU = ZoneInfo("Europe/Helsinki")


def _lines(**times: int) -> list[Line]:
    """So many questions by "channel_language_campaign_hour", one person each."""
    found = []
    for name, count in times.items():
        channel, language, campaign, hour = name.split("_")
        kind = "came" if language == "came" else "asked"
        spoken = "fi" if kind == "came" else language
        found.append(Line(kind, channel, spoken, campaign or None, int(hour), count, count))
    return found


USUAL = _lines(telegram_fi__20=60, web_fi__20=30, web_sv__10=30, web_fi_ABC_14=40, telegram_came__20=90)


@pytest.mark.parametrize(
    ("quiet", "place"),
    [
        ({"web_fi__20": 5, "web_sv__10": 5, "web_fi_ABC_14": 6}, Place("channel", "telegram")),
        ({"telegram_fi__20": 9, "web_fi__20": 5, "web_fi_ABC_14": 6}, Place("language", "sv")),
        ({"telegram_fi__20": 10, "web_fi__20": 5, "web_sv__10": 5}, Place("campaign", "ABC")),
        ({"telegram_fi__20": 3, "web_fi__20": 1, "web_sv__10": 1, "web_fi_ABC_14": 2}, "everywhere"),
        ({"telegram_fi__20": 6, "web_fi__20": 2, "web_sv__10": 4, "web_fi_ABC_14": 8}, None),
    ],
)
def test_the_fall_is_found_where_it_is(quiet: dict[str, int], place: object) -> None:
    """Telegram's name sends the coordinator to the right place; a guess would send them to a wrong one."""
    assert find(USUAL, _lines(**quiet), 26.7).place == place


def test_a_group_of_few_people_is_never_named() -> None:
    """Four askers of one school would know whom it is about."""
    few = [*_lines(telegram_fi__20=100), Line("asked", "web", "fi", None, 20, 60, 4)]

    assert find(few, _lines(telegram_fi__20=20), 32).place != Place("channel", "web")
    assert find([], [], 10.0) == Found("unclear", None)


@pytest.mark.parametrize(("came", "cause"), [(1, "fewer_came"), (15, "did_not_ask"), (11, "unclear")])
def test_fewer_came_is_told_apart_from_they_did_not_ask(came: int, cause: str) -> None:
    """The one needs a poster, the other a better first page."""
    assert find(USUAL, _lines(telegram_came__20=came), 26.7).cause == cause


def test_without_enough_who_came_the_cause_is_not_guessed() -> None:
    """A service whose web chat alone is used may count nobody who came."""
    assert find(_lines(web_fi__20=90, web_came__20=19), [], 20.0).cause == "unclear"


def _busy(a_day: int, share: float) -> Rhythm:
    expectation = Expectation(school_year.shipped())
    for offset in range(120):
        expectation.learn(date(2026, 7, 27) + timedelta(days=offset), a_day)
    evenings = {(day, hour): 50 for day in range(7) for hour in range(17, 23)}
    return Rhythm(expectation, share, hours_of(evenings))


def test_nothing_for_hours_is_alarming_in_the_evening_and_usual_at_night() -> None:
    """A dead channel is noticed the same evening by a busy service, and nobody is woken by a quiet night."""
    rhythm = _busy(60, 0.8)
    night = datetime(2026, 11, 20, 0, 30, tzinfo=OULU), datetime(2026, 11, 20, 8, 0, tzinfo=OULU)
    evening = datetime(2026, 11, 20, 17, 0, tzinfo=OULU), datetime(2026, 11, 20, 21, 30, tzinfo=OULU)

    assert not rhythm.judge(*night, OULU).is_alarming
    assert rhythm.judge(*evening, OULU).is_alarming
    assert rhythm.expected(*night, OULU) < 5 < 20 < rhythm.expected(*evening, OULU) < 45


def test_a_small_service_waits_for_days_and_an_unknown_one_for_ever() -> None:
    """Ten askers a week: nothing for two days is chance, nothing for ten is not."""
    rhythm, now = _busy(2, 0.7), datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    unknown = Rhythm(Expectation(school_year.shipped()), 0.5, hours_of({}))

    assert [rhythm.judge(now - timedelta(days=days), now, OULU).is_alarming for days in (2, 10)] == [False, True]
    assert not unknown.judge(now - timedelta(days=300), now, OULU).is_alarming
    assert all(pytest.approx(sum(day)) == 1.0 for day in hours_of({(0, 0): 1000}))
