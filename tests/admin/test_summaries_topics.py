"""Which topics are called rising and which gaps, and how seldom by chance."""

from itertools import pairwise
from math import comb
from random import Random

import pytest

from admin.summaries.small_numbers import Group
from admin.summaries.topics import Gap, Rising, at_least_by_chance, gaps, rising

WEEKS = (7, 7)


def _groups(**questions: int) -> dict[str, Group]:
    return {topic: Group(number, number) for topic, number in questions.items()}


def test_a_topic_that_rose_is_told_with_what_it_was() -> None:
    """The coordinator is to see the one thing that has changed; what was asked by few before is not told."""
    now = _groups(kesatyo=30, velka=9, asumistuki=10, cv=12)
    before = _groups(kesatyo=6, velka=2, asumistuki=9, cv=12)

    assert rising(now, before, WEEKS) == [Rising("kesatyo", 30, None)], (
        "few had asked about debts, and some others hide"
    )
    assert rising(now, before | _groups(velka=8), WEEKS) == [Rising("kesatyo", 30, 6)]
    assert rising(_groups(kesatyo=30), {}, WEEKS) == [Rising("kesatyo", 30, 0)]
    assert rising(_groups(kesatyo=30, velka=20), _groups(velka=20), WEEKS) == [Rising("kesatyo", 30, 0)]


@pytest.mark.parametrize(
    ("now", "before", "days"),
    [
        ({}, {}, WEEKS),
        (_groups(velka=5), _groups(velka=2), WEEKS),  # of so few, chance does as much one time in four
        (_groups(velka=40, cv=40), _groups(velka=20, cv=20), WEEKS),  # a busier week
        (_groups(velka=20, cv=5), _groups(velka=20, cv=40), WEEKS),  # only the other fell
        (_groups(velka=30, cv=30), _groups(velka=14, cv=14), (31, 14)),  # a longer period
        ({"": Group(50, 50), "cv": Group(5, 5)}, {"": Group(5, 5), "cv": Group(5, 5)}, WEEKS),  # about nothing known
    ],
)
def test_what_has_not_risen_is_not_called_so(
    now: dict[str, Group], before: dict[str, Group], days: tuple[int, int]
) -> None:
    """Who cries wolf each Monday is not listened to when it comes."""
    assert rising(now, before, days) == []


def test_in_years_without_change_a_topic_is_called_rising_in_few_weeks() -> None:
    """Ten questions a week about the same six topics for four years: at most one false alarm in twenty weeks."""
    dice = Random(7)
    weeks = [[dice.randrange(6) for _ in range(dice.randrange(5, 60))] for _ in range(208)]
    groups = [_groups(**{f"t{topic}": week.count(topic) for topic in set(week)}) for week in weeks]
    alarms = sum(bool(rising(now, then, WEEKS)) for then, now in pairwise(groups))

    assert alarms <= 208 * 0.05


@pytest.mark.parametrize(("cases", "of", "share"), [(7, 9, 0.5), (30, 36, 0.5), (60, 100, 0.4), (5, 5, 0.9)])
def test_the_chance_is_that_of_the_binomial(cases: int, of: int, share: float) -> None:
    """Added up here term by term."""
    exact = sum(comb(of, number) * share**number * (1 - share) ** (of - number) for number in range(cases, of + 1))

    assert at_least_by_chance(cases, of, share) == pytest.approx(exact)


def test_the_chance_of_very_many_cases_is_told_at_once() -> None:
    """Ten thousand questions of a month: neither an overflow nor a wait."""
    assert 0 < at_least_by_chance(5200, 10_000, 0.5) < 1e-4
    assert at_least_by_chance(10_000, 10_000, 0.01) == 0.0
    assert at_least_by_chance(0, 0, 0.5) == 1.0


def test_gaps_are_what_got_no_good_answer_most_first() -> None:
    """With the number that each rests on, and without the topics of a few people."""
    now = _groups(velka=40, cv=12, lemmikit=6, opiskelu=3)
    lacking = _groups(velka=6, cv=9, lemmikit=5, opiskelu=2)

    assert gaps(now, lacking) == [Gap("cv", 9, 9, 12), Gap("velka", 6, 6, 40)], "the few are hidden with one more"
    assert gaps(now, _groups(opiskelu=5)) == [Gap("opiskelu", 5, 5, None)], "how many asked about it is too few to tell"
