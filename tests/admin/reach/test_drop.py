"""A fall is placed where it is, or nowhere; and nobody is named by it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from admin.reach import school_year
from admin.reach.drop import Dimension, Found, Groups, Place, find, without_rushes
from admin.reach.expectation import Expectation
from admin.reach.rhythm import Rhythm, hours_of

OULU = ZoneInfo("Europe/Helsinki")


def _groups(**times: int) -> Groups:
    """So many questions by "channel_language_campaign_part of the day", one person each; and so many who `came`."""
    by: dict[Dimension, dict[str, tuple[int, int]]] = {name: {} for name in get_args(Dimension)}
    came = times.pop("came", 0)
    for name, count in times.items():
        channel, language, campaign, hours = name.split("_")
        alike: dict[Dimension, str] = {"channel": channel, "language": language, "campaign": campaign, "hours": hours}
        for dimension, group in alike.items():
            known, people = by[dimension].get(group, (0, 0))
            by[dimension][group] = (known + count, people + count)
    return Groups(sum(times.values()), came, by)


USUAL = _groups(telegram_fi__evening=60, web_fi__evening=30, web_sv__morning=30, web_fi_ABC_afternoon=40, came=90)


@pytest.mark.parametrize(
    ("quiet", "place"),
    [
        ({"web_fi__evening": 5, "web_sv__morning": 5, "web_fi_ABC_afternoon": 6}, Place("channel", "telegram")),
        ({"telegram_fi__evening": 9, "web_fi__evening": 5, "web_fi_ABC_afternoon": 6}, Place("language", "sv")),
        ({"telegram_fi__evening": 10, "web_fi__evening": 5, "web_sv__morning": 5}, Place("campaign", "ABC")),
        (
            {"telegram_fi__evening": 3, "web_fi__evening": 1, "web_sv__morning": 1, "web_fi_ABC_afternoon": 2},
            "everywhere",
        ),
        ({"telegram_fi__evening": 6, "web_fi__evening": 2, "web_sv__morning": 4, "web_fi_ABC_afternoon": 8}, None),
    ],
)
def test_the_fall_is_found_where_it_is(quiet: dict[str, int], place: object) -> None:
    """Telegram's name sends the coordinator to the right place; a guess would send them to a wrong one."""
    assert find(USUAL, _groups(**quiet), 26.7).place == place


def test_a_group_of_few_people_is_never_named() -> None:
    """Four askers of one school would know whom it is about."""
    few = Groups(160, 0, {"channel": {"telegram": (100, 100), "web": (60, 4)}})

    assert find(few, _groups(telegram_fi__evening=20), 32).place != Place("channel", "web")
    assert find(Groups(0, 0, {}), Groups(0, 0, {}), 10.0) == Found("unclear", None)


@pytest.mark.parametrize(("came", "cause"), [(1, "fewer_came"), (15, "did_not_ask"), (11, "unclear")])
def test_fewer_came_is_told_apart_from_they_did_not_ask(came: int, cause: str) -> None:
    """The one needs a poster, the other a better first page."""
    assert find(USUAL, _groups(came=came), 26.7).cause == cause


def test_where_the_fall_is_in_one_channel_it_is_told_apart_by_who_came_there() -> None:
    """A web page that many look at must not hide that Telegram's link has come down from the wall."""
    usual = _groups(telegram_fi__evening=100, web_fi__evening=100, came=1000)
    quiet = _groups(web_fi__evening=20, came=170)
    came = [{"telegram": 100, "web": 900}, {"telegram": 0, "web": 170}]
    here, there = (replace(groups, came_by=by) for groups, by in zip((usual, quiet), came, strict=True))

    assert find(here, there, 40.0) == Found("fewer_came", Place("channel", "telegram"))
    assert find(usual, quiet, 40.0).cause == "did_not_ask"


def test_without_enough_who_came_the_cause_is_not_guessed() -> None:
    """A service whose web chat alone is used may count nobody who came."""
    assert find(_groups(web_fi__evening=90, came=19), _groups(), 20.0).cause == "unclear"


def test_where_most_days_brought_a_flood_of_openings_nobody_knows_who_came() -> None:
    """Whoever opens the chat every day from a thousand networks must not choose what the coordinator is told."""
    flooded = replace(_groups(came=900), is_flooded=True)
    telegram = replace(
        _groups(web_fi__evening=5, web_sv__morning=5, web_fi_ABC_afternoon=6, came=900),
        came_by={"telegram": 1, "web": 899},
        is_flooded=True,
    )

    assert find(USUAL, flooded, 26.7).cause == "flooded"
    assert find(replace(USUAL, came_by={"telegram": 60, "web": 30}), telegram, 26.7) == Found(
        "fewer_came", Place("channel", "telegram")
    )
    assert without_rushes([300, 3, 250, 400], usual=3) == (12, 3)


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


@pytest.mark.parametrize(
    ("openings", "found"),
    [([], (0, 0)), ([3] * 9 + [50_000], (30, 1)), ([0] * 9 + [20], (20, 0)), ([40, 50, 120], (210, 0))],
)
def test_a_day_of_very_many_openings_counts_as_a_usual_one(openings: list[int], found: tuple[int, int]) -> None:
    """A class that looks at it together is people; a program on a thousand networks is not."""
    assert without_rushes(openings) == found
