"""What to make known when: proposals from the answers' own seasons, from last year's topics and from the last week's.

Pure; the numbers come from `topics`, and only those are told that stand for enough askers.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from admin.summaries import due
from admin.summaries.due import Span, monday_of
from admin.summaries.small_numbers import Group, large_enough
from knowledge import safety
from knowledge.entry import LANGUAGES, Entry, Language

AHEAD = timedelta(weeks=12)
STANDS_OUT = 2  # times the other months' mean: then last year's month is a reason
MAX_QUESTION = 70  # characters that a poster has room for
FEWEST_WORDS = 3  # of a way of asking that strangers understand
WISHES = 3  # of the most asked and of the most missed topics

Months = Mapping[date, Mapping[str, Group]]  # by a month's first day, then by topic: what was asked


@dataclass(frozen=True)
class Season:
    """The answer says that these *months*, one after the other, are its season."""

    months: tuple[int, ...]


@dataclass(frozen=True)
class Often:
    """In that *month* of last year it was asked so many times, clearly more often than in others."""

    month: date
    questions: int


@dataclass(frozen=True)
class Wish:
    """In *span* it was asked, or missed, so many times: among the most."""

    kind: Literal["asked", "missed"]
    questions: int
    span: Span


Reason = Often | Season | Wish


@dataclass(frozen=True)
class Proposal:
    """To make *entry* known from the Monday *start* on; *key* says what for when, and never changes."""

    key: str
    entry: Entry
    start: date
    reasons: tuple[Reason, ...]

    @property
    def title(self) -> str:
        """What it is about, in Finnish."""
        return self.entry.title


def calendar(entries: Iterable[Entry], months: Months, since: date | None, today: date) -> list[Proposal]:
    """What begins this month or within `AHEAD`, the soonest first and of a week what was asked most in the year.

    *months* are the twelve whole ones before this one; *since* is the first day of the service: of a month that it
    was not there for from the beginning nothing can be said.
    """
    to_come = [month.first_day for month in due.months(today, today + AHEAD)]
    this_month = to_come[0]
    busy = {month: _busy(months, _year_before(month), since) for month in to_come}
    before = {month: _busy(months, _year_before(_previous(month)), since) for month in to_come}
    asked = _told_in_all(months)
    monday = monday_of(today)
    found: list[tuple[date, int, Proposal]] = []
    for entry in entries:
        for month in to_come:
            reasons: list[Reason] = []
            if entry.id in busy[month] and entry.id not in before[month]:
                reasons.append(Often(_year_before(month), busy[month][entry.id]))
            if month.month in beginnings(entry.season):
                reasons.append(Season(_run(entry.season, month.month)))
            start = max(_first_monday(month), monday) if month != this_month else monday
            if reasons and start <= today + AHEAD:
                proposal = Proposal(f"{month:%Y-%m} {entry.id}", entry, start, tuple(reasons))
                found.append((start, -asked.get(entry.id, 0), proposal))
    return [proposal for *_, proposal in sorted(found, key=lambda one: (one[0], one[1], one[2].title.casefold()))]


def wishes(
    entries: Iterable[Entry], asked: Mapping[str, Group], missed: Mapping[str, Group], span: Span
) -> list[Proposal]:
    """What was asked most in *span* and what was missed most, of what may be told, each topic once."""
    by_id = {entry.id: entry for entry in entries}
    reasons: dict[str, list[Reason]] = {}
    kinds: tuple[tuple[Literal["asked", "missed"], Mapping[str, Group]], ...] = (("asked", asked), ("missed", missed))
    for kind, groups in kinds:
        told = [(id_, group) for id_, group in large_enough(groups).items() if id_ in by_id]
        for id_, group in told[:WISHES]:
            reasons.setdefault(id_, []).append(Wish(kind, group.questions, span))
    when = f"{span.first_day:%G-W%V}" if span.period == "week" else f"{span.first_day:%Y-%m}"
    start = monday_of(span.last_day + timedelta(days=1))
    return [Proposal(f"{when} {id_}", by_id[id_], start, tuple(why)) for id_, why in reasons.items()]


def questions(entry: Entry) -> dict[Language, str]:
    """What a poster about *entry* asks, in each language that has a way of asking short enough for it.

    One sentence, and no cry for help: on a wall it would be read by those whom it could hurt.
    """
    found: dict[Language, str] = {}
    for language in LANGUAGES:
        title, _, of_title = entry.text(language)
        asks = [text for text in entry.phrasings.get(language, ()) if len(text.split()) >= FEWEST_WORDS]
        candidates = [*([title] if of_title == language else []), *asks]
        if (first := next(filter(_fits_a_wall, candidates), None)) is not None:
            found[language] = first
    return found


def beginnings(season: Collection[int]) -> list[int]:
    """The months of *season* that the month before does not belong to, in the order of the year."""
    return [month for month in sorted(season) if (month - 2) % 12 + 1 not in season]


def _fits_a_wall(text: str) -> bool:
    is_one_question = text.endswith("?") and not re.search(r"[.!?:]\s", text)
    return is_one_question and len(text) <= MAX_QUESTION and safety.assess(text) is None


def _run(season: Collection[int], begin: int) -> tuple[int, ...]:
    """The months of *season* that follow each other from *begin* on."""
    months = [begin]
    while (after := months[-1] % 12 + 1) in season:
        months.append(after)
    return tuple(months)


def _busy(months: Months, month: date, since: date | None) -> dict[str, int]:
    """The topics that stood out in *month*, with how often they were asked then, of what may be told."""
    if since is None or since > month:
        return {}
    others = [groups for other, groups in months.items() if other != month]
    told: dict[str, int] = {}
    for topic, group in large_enough(months.get(month, {})).items():
        elsewhere: Sequence[int] = [groups[topic].questions for groups in others if topic in groups]
        if group.questions >= STANDS_OUT * sum(elsewhere) / 11:
            told[topic] = group.questions
    return told


def _told_in_all(months: Months) -> dict[str, int]:
    """How often each topic was asked in the months together, as far as they may tell it."""
    told: dict[str, int] = {}
    for groups in months.values():
        for topic, group in large_enough(groups).items():
            told[topic] = told.get(topic, 0) + group.questions
    return told


def _previous(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _year_before(month: date) -> date:
    return month.replace(year=month.year - 1)


def _first_monday(month: date) -> date:
    return month + timedelta(days=-month.weekday() % 7)
