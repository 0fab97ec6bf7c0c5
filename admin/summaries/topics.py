"""Which topics are asked about more than before, and about which the bot has too little to say. Pure, no wording.

Only topics that enough people asked about are told apart; see `small_numbers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

from admin.summaries.small_numbers import Group, large_enough
from bot.store.tallies import NONE

FALSE_ALARMS = 0.05  # of so many periods in which nothing has changed, one topic at most is called rising


@dataclass(frozen=True)
class Rising:
    """A topic asked about more than before; *before* is None when that was from too few people to be told."""

    topic: str
    questions: int
    before: int | None


@dataclass(frozen=True)
class Gap:
    """A topic with questions that got no good answer: so many of its questions, from so many askers at least.

    *lacking*: the bot knew no answer, or its asker said that the answer didn't help. *topic* is the entry that came
    nearest, and `NONE` where nothing came near; *questions* is None when those can't be told.
    """

    topic: str
    lacking: int
    askers: int
    questions: int | None


def rising(now: Mapping[str, Group], before: Mapping[str, Group], days: tuple[int, int]) -> list[Rising]:
    """The topics that rose, the surest first; *now* and *before* are all groups by topic, *days* how long each took.

    A topic rose if so large a part of its questions would fall into the later period by chance less than once in
    `FALSE_ALARMS`, divided by the number of topics looked at (Bonferroni). By chance a question falls there with the
    share that all other questions had there, or the share of days if that is larger: neither a busier period nor one
    in which only the others became fewer makes a topic rise. Conditional on the topic's questions of both periods
    together this is the exact binomial test of two Poisson rates, and holds for small counts as well.
    """
    candidates = [topic for topic in large_enough(now) if topic != NONE]
    told_before = large_enough(before)
    total, total_before = (sum(group.questions for group in groups.values()) for groups in (now, before))
    found = []
    for topic in candidates:
        questions = now[topic].questions
        earlier = before[topic].questions if topic in before else 0
        others, others_before = total - questions, total_before - earlier
        share = max(others / max(others + others_before, 1), days[0] / sum(days))
        chance = at_least_by_chance(questions, questions + earlier, share)
        if chance < FALSE_ALARMS / len(candidates):
            known = told_before[topic].questions if topic in told_before else (0 if topic not in before else None)
            found.append((chance, Rising(topic, questions, known)))
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].topic))]


def gaps(now: Mapping[str, Group], lacking: Mapping[str, Group]) -> list[Gap]:
    """The topics with most *lacking* questions first; both are all groups by topic, *now* of all questions."""
    told = large_enough(now)
    return [
        Gap(topic, group.questions, group.askers, told[topic].questions if topic in told else None)
        for topic, group in large_enough(lacking).items()
    ]


def at_least_by_chance(cases: int, of: int, share: float) -> float:
    """The chance of *cases* or more of *of* where each is one with the chance *share*: the binomial's upper tail."""
    if cases <= 0 or share >= 1:
        return 1.0
    if cases <= of * share:
        return 1.0  # no rise, and as good as any other number above a half: the sum below begins beyond the peak
    term = exp(
        lgamma(of + 1) - lgamma(cases + 1) - lgamma(of - cases + 1) + cases * log(share) + (of - cases) * log1p(-share)
    )
    total, number = 0.0, cases
    while number <= of and term > total * 1e-15:
        total += term
        term *= (of - number) / (number + 1) * share / (1 - share)
        number += 1
    return total
