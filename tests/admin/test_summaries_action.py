"""The one thing a summary suggests: each rule where it holds, and the first of those that do."""

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest

from admin.summaries import wording
from admin.summaries.action import Action, Kind, suggest
from admin.summaries.due import span_of
from admin.summaries.situation import Situation
from admin.summaries.statistics import Counts, Figures, Funnel
from admin.summaries.topics import Gap, Rising
from bot.store.tallies import NONE
from knowledge.freshness import Due

MONDAY = date(2026, 11, 23)
OLD = (Due(MONDAY, "crisis", "numbers", "Kriisinumerot"), Due(MONDAY, "answer", "cv", "CV"))
# Everything is wrong at once; a rule further down is looked at when those before it are put right one by one.
COUNTS = Counts(questions=12, outside_hours=8, promises=8, promises_kept=6, waits=5, median_wait=timedelta(hours=6))
ALL_WRONG = Figures(
    span_of("week", date(2026, 11, 16)),
    COUNTS,
    replace(COUNTS, questions=40),
    {},
    gaps=(Gap(NONE, 9, 9, 9), Gap("cv", 5, 5, None)),
    rising=(Rising("vuokra", 9, 1),),
)
NOTHING_RIGHT = Situation(idle=("Abijuliste",), unhelpful=(("asumistuki", 4),), reviews=OLD)


def _right_after(rules: int) -> tuple[Figures, Situation]:
    """All wrong, but for the first so many rules."""
    figures, situation = ALL_WRONG, NOTHING_RIGHT
    steps = [
        lambda f, s: (replace(f, counts=replace(f.counts, promises_kept=7)), s),
        lambda f, s: (replace(f, gaps=f.gaps[:1]), s),
        lambda f, s: (replace(f, gaps=()), s),
        lambda f, s: (f, replace(s, unhelpful=(("asumistuki", 5),))),
        lambda f, s: (replace(f, before=replace(COUNTS, questions=19)), s),
        lambda f, s: (f, replace(s, idle=())),
        lambda f, s: (replace(f, rising=()), s),
        lambda f, s: (f, replace(s, reviews=OLD[:1])),
        lambda f, s: (replace(f, counts=replace(f.counts, median_wait=timedelta(hours=5))), s),
        lambda f, s: (f, replace(s, running=1)),
    ]
    for step in steps[:rules]:
        figures, situation = step(figures, situation)
    return figures, situation


EXPECTED = [
    Action("promises", None, {"missed": 2, "promises": 8}),
    Action("gap", "cv", {"lacking": 5}),
    Action("gap_unknown", NONE, {"lacking": 9}),
    Action("unhelpful", "asumistuki", {"helped": 4}),
    Action("fall", None, {"questions": 12, "before": 40}),
    Action("idle_campaign", "Abijuliste"),
    Action("rising", "vuokra", {"questions": 9}),
    Action("review", "cv", {"count": 1}),
    Action("waits"),
    Action("no_campaign"),
    Action("ask_one"),
]


@pytest.mark.parametrize(("rules", "expected"), list(enumerate(EXPECTED)), ids=[action.kind for action in EXPECTED])
def test_the_first_rule_that_holds_is_the_only_advice(rules: int, expected: Action) -> None:
    """Several pieces of advice are none; what harms those who asked comes before what might bring others."""
    assert suggest(*_right_after(rules), is_over=True) == expected


def test_one_promise_missed_is_no_pattern_nor_are_a_few_of_many() -> None:
    """Anybody can be late once; advice that comes every week is not read."""
    for missed, promises in ((1, 1), (1, 4), (2, 9)):
        counts = replace(COUNTS, promises=promises, promises_kept=promises - missed)
        assert suggest(replace(ALL_WRONG, counts=counts), NOTHING_RIGHT, is_over=True).kind == "gap"


def test_without_a_question_it_matters_whether_anybody_came() -> None:
    """Nobody came: they don't know. They came and did not ask: something turned them away."""
    silent = replace(ALL_WRONG, counts=replace(COUNTS, questions=0))
    came = replace(silent, funnel=Funnel(came=3))

    assert suggest(silent, NOTHING_RIGHT, is_over=True) == Action("silence")
    assert suggest(came, NOTHING_RIGHT, is_over=True) == Action("came_not_asked", None, {"came": 3})


def test_while_a_period_runs_nothing_is_said_that_only_the_whole_of_it_can_tell() -> None:
    """On a Tuesday every week looks like a fall."""
    figures, situation = _right_after(4)

    assert suggest(figures, situation, is_over=False).kind == "idle_campaign"
    assert suggest(figures, replace(situation, idle=()), is_over=False).kind == "review"


def test_every_piece_of_advice_has_its_words_and_its_reason() -> None:
    """A rule without words would stop a whole summary, once a year."""
    assert set(wording.DO) == set(wording.WHY) == set(get_args(Kind))
    assert {"silence", "came_not_asked", *(action.kind for action in EXPECTED)} == set(get_args(Kind))
