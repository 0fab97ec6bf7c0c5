"""The tables that page, files and report are made of, and the five figures in words."""

from dataclasses import replace
from datetime import date, timedelta

from admin.summaries.due import span_between, span_of
from admin.summaries.headlines import headlines
from admin.summaries.hours_of_week import HoursOfWeek
from admin.summaries.small_numbers import Group
from admin.summaries.statistics import Counts, Day, Figures, Funnel, Share
from admin.summaries.tables import OTHERS, Names, Table, tables, text_of
from admin.summaries.topics import Gap, Rising

COUNTS = Counts(
    questions=23,
    askers=17,
    askers_at_most=17,
    answered=15,
    escalated=4,
    waits=3,
    median_wait=timedelta(hours=2, minutes=10),
    outside_hours=14,
    helped=6,
    not_helped=2,
    promises=4,
    promises_kept=3,
    closed={"answered": 9, "other": 3, "guided": 6, "authority": 2},
)
SUNDAY = date(2026, 11, 22)
WEEK = span_of("week", SUNDAY)
FIGURES = Figures(
    WEEK,
    COUNTS,
    replace(COUNTS, questions=15, outside_hours=9, median_wait=None, helped=0, not_helped=0),
    {"telegram": Group(15, 10), "web": Group(8, 7)},
    last_year=replace(COUNTS, questions=30),
    funnel=Funnel(heard=40, came=20, asked=17, answered=12, helped=19),
    by_campaign={"abcdef": Group(9, 9), "": Group(6, 6)},
    funnels={"campaign": {"abcdef": Funnel(heard=40, came=9, asked=9, helped=4), "": Funnel(asked=6)}},
    by_topic={"asumistuki": Group(12, 9), "gone": Group(5, 5)},
    by_day=[Day(WEEK.first_day + timedelta(days=number), number, number) for number in range(7)],
    hours=HoursOfWeek(12, ((None, None), (0, 8), *[(0, 0)] * 5), 23),
    rising=[Rising("asumistuki", 12, None)],
    gaps=[Gap("", 6, 5, None), Gap("asumistuki", 5, 5, 12)],
    lacking=13,
)
NAMES = Names({"asumistuki": "Miten haen asumistukea?"}, {"abcdef": "Abijuliste"})


def _tables(figures: Figures = FIGURES) -> dict[str, Table]:
    return {table.key: table for table in tables(figures, NAMES, {SUNDAY: (1, 5)})}


def _said(table: Table) -> list[list[str]]:
    return [[text_of(cell) for cell in row.cells] for row in table.rows]


def test_each_key_figure_says_of_how_many_it_is_now_before_and_last_year() -> None:
    """A share without its whole is no figure at all."""
    said = {name: cells for name, *cells in _said(_tables()["figures"])}

    assert said["Kysymyksiä"] == ["23", "–", "–", "15", "–", "–", "30", "–", "–"]
    assert said["Virka-ajan ulkopuolella"] == ["14", "23", "61 %", "9", "15", "60 %", "14", "30", "47 %"]
    assert said["Odotus ihmisen vastaukseen, mediaani"][:5] == ["2 h 10 min", "3", "–", "–", "3"]
    assert said["Auttoi"][:6] == ["6", "8", "75 %", "0", "0", "–"]
    assert said["Vastattiin luvatussa ajassa"][:3] == ["3", "4", "75 %"]


def test_of_people_who_are_not_known_exactly_no_share_is_told() -> None:
    """Of seventeen to twenty-one nobody knows what half is."""
    about = _tables(replace(FIGURES, counts=replace(COUNTS, askers_at_most=21, new_askers=8)))
    said = {name: cells for name, *cells in _said(about["figures"])}

    assert said["Kysyjiä"][:3] == ["17–21", "–", "–"]
    assert said["Ensi kertaa kysyneitä"][:3] == ["8", "–", "–"]
    assert "ohjaaja sulki kysymyksen: sai vastauksen." in about["funnel"].note  # as it is counted: a reply isn't enough
    assert ("vähintään näin monta" in about["funnel"].note, "vähintään" in _tables()["funnel"].note) == (True, False)


def test_what_is_not_told_apart_is_told_together() -> None:
    """Each table adds up to the whole that its note names, and tells nobody's own."""
    found = _tables()

    assert _said(found["topics"]) == [["Miten haen asumistukea?", "12", "9"], ["gone", "5", "5"], ["Muut", "6", "–"]]
    assert found["topics"].rows[-1].about == OTHERS
    assert _said(found["channels"]) == [["Telegram", "15", "10"], ["verkkochat", "8", "7"]]
    assert _said(found["languages"]) == []
    assert _said(found["campaigns"]) == [
        ["Abijuliste", "9", "40", "9", "9", "–"],
        ["Ilman kampanjaa", "6", "–", "0", "6", "0"],
    ]
    assert _said(found["outcomes"]) == [["Sai vastauksen", "9"], ["Ohjattiin palveluun", "6"], ["Muut", "5"]]
    assert _said(found["gaps"])[0] == ["Ei lähellä mitään vastausta", "6", "–", "–"]
    assert _said(found["rising"]) == [["Miten haen asumistukea?", "12", "–"]]
    assert _said(found["hours"])[:2] == [["maanantai", "–", "–"], ["tiistai", "0", "8"]]
    assert ["Sai apua", "19", "–", "–"] in _said(found["funnel"])  # more than asked: some of them asked yesterday


def test_a_long_period_is_added_up_by_week_or_month_and_the_days_are_still_told() -> None:
    """A thousand columns are no picture; each sum is that of its days."""
    for key, days in (("days", 62), ("weeks", 63), ("weeks", 190), ("months", 191), ("months", 1096)):
        first = SUNDAY - timedelta(days=days - 1)
        by_day = [Day(first + timedelta(days=number), number % 5, 0) for number in range(days)]
        found = _tables(replace(FIGURES, span=span_between(first, SUNDAY), by_day=by_day))

        assert found.keys() & {"days", "weeks", "months"} == {"days", key}
        assert len(found["days"].rows) == days
        assert sum(day.questions for day in by_day) == sum(row.cells[1] for row in found[key].rows)  # type: ignore[misc]

    assert _said(_tables()["days"])[-1] == ["22.11.2026", "6", "6", "1", "5"]


def test_the_headlines_leave_out_what_is_nothing_and_compare_only_what_is_over() -> None:
    """Half a week beside a whole one always looks like a fall."""
    whole = [f"{one.number} {one.words}" for one in headlines(FIGURES, is_over=True)]
    running = [f"{one.number} {one.words}" for one in headlines(FIGURES, is_over=False)]
    silent = Figures(WEEK, Counts(), Counts(questions=1), {})

    assert whole == [
        "23 kysymystä 17 kysyjältä, 8 enemmän kuin edellisellä viikolla. Vuosi sitten 30.",
        "61 % tuli virka-ajan ulkopuolella (14 / 23; ennen 60 %).",
        "65 % sai botilta vastauksen heti (15 / 23; ennen 100 %). Ihmiselle lähetettiin 4.",
        "2 h 10 min odotettiin ihmisen vastausta (mediaani, 3 vastausta). Luvatussa ajassa 3 / 4, 75 %.",
        "75 % sanoi, että vastaus auttoi (6 / 8).",
    ]
    assert not any("ennen" in said or "sitten" in said or "kuin" in said for said in running)
    assert [f"{one.number} {one.words}" for one in headlines(silent, is_over=True)] == [
        "0 kysymystä, 1 vähemmän kuin edellisellä viikolla."
    ]
    assert (
        "edellisillä neljällä viikolla"
        in headlines(replace(FIGURES, span=span_between(SUNDAY - timedelta(days=27), SUNDAY)), is_over=True)[0].words
    )


def test_a_value_reads_the_same_everywhere() -> None:
    """Half goes up, as people round."""
    values = (Share(1, 8), Share(1, 3), Share(0, 0), None, 3, "x", SUNDAY, timedelta(minutes=65))

    assert [text_of(value) for value in values] == ["13 %", "33 %", "–", "–", "3", "x", "22.11.2026", "1 h 5 min"]
