"""What to do when: from the answers' own seasons and last year's topics, and from what the last week lacked."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from admin.reach import outreach, topics
from admin.reach.outreach import Often, Season, Wish
from admin.summaries.due import span_of
from admin.summaries.small_numbers import Group
from bot.store.engine import Store
from bot.store.schema import event
from knowledge.entry import Entry

TODAY = date(2026, 11, 22)  # a Sunday


def entry(id_: str, *season: int, title: str = "Mistä kesätöitä?", **phrasings: tuple[str, ...]) -> Entry:
    """An entry with what matters here."""
    return Entry(
        id=id_,
        category="tyo",
        title=title,
        advisor="tyovoimaneuvoja",
        review_by=date(2027, 1, 1),
        season=season,
        answer="**Näin.**",
        phrasings=phrasings,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("months", "begin"),
    [
        ((), []),
        ((1, 2, 3), [1]),
        ((12, 1), [12]),
        ((11, 12, 1, 2), [11]),
        ((1, 5, 8, 9), [1, 5, 8]),
        (tuple(range(1, 13)), []),
    ],
)
def test_a_season_begins_where_the_month_before_is_not_in_it(months: tuple[int, ...], begin: list[int]) -> None:
    """Over the turn of the year, too; what is asked all year has no season."""
    assert outreach.beginnings(months) == begin


def test_the_next_twelve_weeks_are_proposed_on_mondays_and_what_has_begun_now() -> None:
    """What began this month is still worth doing; what began before is late, and what is far away can wait."""
    entries = [
        entry("kesatyo", 1, 2, 3),
        entry("verokortti", 12),
        entry("jaksaminen", 11, 12, 1),
        entry("lukuvuosi", 8, 9),
        entry("lokakuu", 10, 11, 12),
        entry("maaliskuu", 3),
    ]
    found = outreach.calendar(entries, {}, None, TODAY)

    assert [(one.key, one.start, one.reasons) for one in found] == [
        ("2026-11 jaksaminen", date(2026, 11, 16), (Season((11, 12, 1)),)),
        ("2026-12 verokortti", date(2026, 12, 7), (Season((12,)),)),
        ("2027-01 kesatyo", date(2027, 1, 4), (Season((1, 2, 3)),)),
    ]


def test_last_years_busy_month_is_a_reason_beside_the_season_or_alone() -> None:
    """Only where that month stood out and was asked by enough people to be told; a month begun late tells nothing."""
    months = {
        date(2025, 11, 1): {"cv": Group(4, 4), "kesatyo": Group(6, 6)},
        date(2025, 12, 1): {"cv": Group(30, 20), "kesatyo": Group(6, 6)},
        date(2026, 1, 1): {"cv": Group(30, 20), "kesatyo": Group(18, 9), "salaa": Group(40, 4), "pieni": Group(2, 2)},
        date(2026, 2, 1): {"kesatyo": Group(18, 9), "yhteishaku": Group(22, 12)},
        date(2026, 6, 1): {"kesatyo": Group(2, 2)},
    }
    entries = [entry("kesatyo", 1, 2, 3, 4), entry("cv"), entry("salaa"), entry("yhteishaku", 12, 1, 2)]
    known = outreach.calendar(entries, months, date(2025, 11, 1), TODAY)
    too_young = outreach.calendar(entries, months, date(2026, 1, 2), TODAY)

    assert [(one.key, one.reasons) for one in known] == [
        ("2026-12 cv", (Often(date(2025, 12, 1), 30),)),
        ("2026-12 yhteishaku", (Season((12, 1, 2)),)),
        ("2027-01 kesatyo", (Often(date(2026, 1, 1), 18), Season((1, 2, 3, 4)))),
        ("2027-02 yhteishaku", (Often(date(2026, 2, 1), 22),)),
    ]
    assert [(one.key, one.reasons) for one in too_young] == [
        ("2026-12 yhteishaku", (Season((12, 1, 2)),)),
        ("2027-01 kesatyo", (Season((1, 2, 3, 4)),)),
        ("2027-02 kesatyo", (Often(date(2026, 2, 1), 18),)),
        ("2027-02 yhteishaku", (Often(date(2026, 2, 1), 22),)),
    ]


def test_what_is_asked_most_stands_first_in_its_week() -> None:
    """Eight answers have their season in January: who reads two of them should read the right two."""
    entries = [entry("a", 1, title="A?"), entry("b", 1, title="B?"), entry("c", 1, title="C?")]
    months = {date(2026, 5, 1): {"c": Group(5, 5), "a": Group(400, 3), "b": Group(4, 4)}, date(2026, 6, 1): {}}

    assert [one.entry.id for one in outreach.calendar(entries, months, None, TODAY)] == ["c", "a", "b"]


def test_the_weeks_wishes_are_the_most_asked_and_the_most_missed_that_may_be_told() -> None:
    """A topic that both lists name is one campaign; what few people asked, or no answer is for, is none."""
    span = span_of("week", TODAY)
    asked = {
        "cv": Group(12, 9),
        "kesatyo": Group(7, 5),
        "salaa": Group(9, 4),
        "pieni": Group(3, 3),
        "": Group(50, 30),
        "poistettu": Group(8, 8),
    }
    missed = {"kesatyo": Group(6, 6)}
    entries = [entry("cv", title="Miten teen CV:n?"), entry("kesatyo"), entry("salaa")]
    found = outreach.wishes(entries, asked, missed, span)

    assert [(one.key, one.title, one.reasons) for one in found] == [
        ("2026-W47 cv", "Miten teen CV:n?", (Wish("asked", 12, span),)),
        ("2026-W47 kesatyo", "Mistä kesätöitä?", (Wish("asked", 7, span), Wish("missed", 6, span))),
    ]
    assert outreach.wishes(entries, {"cv": Group(4, 4)}, {}, span) == []


def test_a_poster_asks_what_fits_it_in_its_own_language() -> None:
    """The title where it is a question, else a way of asking; no Finnish on a Swedish poster, and despair on none."""
    question = entry("a", fi=("Lyhyt?",))
    headline = entry(
        "b",
        title="Opintotuki",
        fi=(
            "opintotuki",
            "Minulla ei ole toivoa. Mitä teen?",
            "Miten tapan itseni jos rahat loppuu?",
            "Paljonko opintotukea saa kuussa?",
            "Saanko tukea?",
        ),
        sv=("Hur mycket studiestöd får man?",),
        en=("x" * 80 + " y z?",),
    )

    assert outreach.questions(question) == {"fi": "Mistä kesätöitä?"}
    assert outreach.questions(headline) == {
        "fi": "Paljonko opintotukea saa kuussa?",
        "sv": "Hur mycket studiestöd får man?",
    }


async def test_topics_are_counted_as_by_hand_and_never_more_askers_than_there_were(store: Store) -> None:
    """On both databases, over the turn of a year; who asks of two topics in a month counts in the first only."""
    dice = Random(7)
    told: list[tuple[date, str, str, str | None]] = []  # day, who, kind, topic
    days = sorted(date(2025, 12, 20) + timedelta(days=dice.randrange(40)) for _ in range(120))
    for day in days:
        kind = dice.choice(["asked", "asked", "not_found", "not_helped", "came"])
        told.append((day, dice.choice("abcdefgh"), kind, dice.choice(["cv", "kesatyo", None])))
    rows = []
    for number, (day, who, kind, topic) in enumerate(told):
        before = [one for one in told[:number] if one[1:3] == (who, kind)]
        rows.append(
            {
                "kind": kind,
                "at": datetime(2026, 1, 1, tzinfo=UTC),
                "local_day": day,
                "local_hour": 10,
                "in_office_hours": True,
                "channel": "web",
                "language": "fi",
                "topic": topic,
                "is_returning": False,
                "first_of_day": not any(one[0] == day for one in before),
                "first_of_week": not any(one[0].isocalendar()[:2] == day.isocalendar()[:2] for one in before),
                "first_of_month": not any(one[0].replace(day=1) == day.replace(day=1) for one in before),
            }
        )
    async with store.write() as tx:
        await tx.execute(event.insert(), rows)
    async with store.read() as read:
        months = await topics.by_month(read, date(2025, 12, 1), date(2026, 1, 31))
        week = await topics.in_span(read, topics.MISSED, span_of("week", date(2026, 1, 6)))

    def questions(kinds: Collection[str], first: date, last: date) -> dict[str, int]:
        return dict(Counter(topic or "" for day, _, kind, topic in told if kind in kinds and first <= day <= last))

    def askers(kinds: Collection[str], first: date, last: date, topic: str) -> int:
        return len(
            {who for day, who, kind, of in told if kind in kinds and first <= day <= last and (of or "") == topic}
        )

    spans = [(date(2025, 12, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 1, 31))]
    assert sorted(months) == [first for first, _ in spans]
    for first, last in spans:
        assert {topic: group.questions for topic, group in months[first].items()} == questions(["asked"], first, last)
        assert all(0 <= group.askers <= askers(["asked"], first, last, t) for t, group in months[first].items())
        assert sum(group.askers for group in months[first].values()) == len(
            {who for day, who, kind, _ in told if kind == "asked" and first <= day <= last}
        )
    monday, sunday = date(2026, 1, 5), date(2026, 1, 11)
    assert {topic: group.questions for topic, group in week.items()} == questions(topics.MISSED, monday, sunday)
    assert all(group.askers <= askers(topics.MISSED, monday, sunday, topic) for topic, group in week.items())
