"""The one thing that a summary suggests to do, and why. A pure function; see `wording` for the words.

The rules are looked at in this order, and the first that holds is the only one: first what keeps people from being
answered at all, then what has gone wrong for those who asked, then what keeps others from asking, then what is only
good housekeeping. Several pieces of advice are none.

1. *silence*, *came_not_asked*: nobody asked. The service may be out of order, which no other figure tells.
2. *promises*: people wait for an answer longer than they were told, again and again.
3. *gap*, *gap_unknown*: many questions on one topic got no good answer.
4. *unhelpful*: an answer that is given often helps fewer than half of those who tell.
5. *fall*: fewer questions than before, by more than chance.
6. *idle_campaign*: a campaign runs and brings nobody.
7. *rising*: a topic is asked about more than before, by more than chance.
8. *review*: an answer is older than was meant.
9. *waits*: most ask when nobody is at work, and wait long for a person.
10. *no_campaign*: nothing tells anybody of the service.
11. *ask_one*: nothing stands out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from admin.summaries.due import span_before
from admin.summaries.situation import Situation
from admin.summaries.statistics import Counts, Figures
from admin.summaries.topics import at_least_by_chance
from bot.store.tallies import NONE

Kind = Literal[
    "silence", "came_not_asked", "promises", "gap", "gap_unknown", "unhelpful", "fall", "idle_campaign", "rising",
    "review", "waits", "no_campaign", "ask_one",
]  # fmt: skip

FEWEST_MISSED = 2
MISSED_SHARE = 0.25
HELPS_TOO_FEW = 5  # of ten
BY_CHANCE = 0.05
LONG_WAIT = timedelta(hours=6)
FEWEST_WAITS = 5
FEWEST_QUESTIONS = 10


@dataclass(frozen=True)
class Action:
    """What to do: *about* is the entry or the campaign it is about, *because* the figures that speak for it."""

    kind: Kind
    about: str | None = None
    because: Mapping[str, int] = field(default_factory=dict)


def suggest(figures: Figures, situation: Situation, *, is_over: bool) -> Action:
    """The one thing to do; a period that isn't over is compared with nothing."""
    counts = figures.counts
    before = figures.before if is_over else None
    missed = counts.promises - counts.promises_kept
    if counts.questions == 0:
        came = figures.funnel.came
        return Action("came_not_asked", because={"came": came}) if came else Action("silence")
    if missed >= FEWEST_MISSED and missed >= MISSED_SHARE * counts.promises:
        return Action("promises", because={"missed": missed, "promises": counts.promises})
    if figures.gaps:
        gap = next((gap for gap in figures.gaps if gap.topic != NONE), figures.gaps[0])
        kind: Kind = "gap_unknown" if gap.topic == NONE else "gap"
        return Action(kind, gap.topic, {"lacking": gap.lacking})
    if situation.unhelpful and situation.unhelpful[0][1] < HELPS_TOO_FEW:
        entry_id, helped = situation.unhelpful[0]
        return Action("unhelpful", entry_id, {"helped": helped})
    if before is not None and _has_fallen(figures, counts, before):
        return Action("fall", because={"questions": counts.questions, "before": before.questions})
    if situation.idle:
        return Action("idle_campaign", situation.idle[0])
    if is_over and figures.rising:
        return Action("rising", figures.rising[0].topic, {"questions": figures.rising[0].questions})
    answers = [due for due in situation.reviews if due.kind == "answer"]
    if answers:
        return Action("review", answers[0].id, {"count": len(answers)})
    if _waits_long(counts):
        return Action("waits")
    return Action("ask_one") if situation.running else Action("no_campaign")


def _has_fallen(figures: Figures, counts: Counts, before: Counts) -> bool:
    """Whether so large a part of both periods' questions falls into the earlier one by chance only rarely."""
    days, days_before = len(figures.span.days), len(span_before(figures.span).days)
    share = days_before / (days + days_before)
    return at_least_by_chance(before.questions, before.questions + counts.questions, share) < BY_CHANCE


def _waits_long(counts: Counts) -> bool:
    return (
        counts.questions >= FEWEST_QUESTIONS
        and 2 * counts.outside_hours > counts.questions
        and counts.waits >= FEWEST_WAITS
        and counts.median_wait is not None
        and counts.median_wait >= LONG_WAIT
    )
