"""The figures of a period, counted from events. Page, message, file and report all read them from `figures`.

An event refers to nobody, so figures never change when an asker is erased. Contains no wording; see `compose`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import median

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.summaries import topics
from admin.summaries.due import Span, span_before, span_last_year
from admin.summaries.hours_of_week import HoursOfWeek, hours_of_week
from admin.summaries.measures import Measures, measure
from admin.summaries.small_numbers import Group, large_enough
from admin.summaries.topics import Gap, Rising
from bot.advising import OUTCOMES
from bot.store import tallies
from bot.store.tallies import NONE, OUTSIDE_OFFICE_HOURS, ByDay, Cell, Dimension, Tallies, Tally
from bot.store.tickets import ENDED_BY_ASKER

CLOSINGS = (*OUTCOMES, ENDED_BY_ASKER)

_LACKING = ("not_found", "not_helped")
_STEPS = ("asked", "answered", "choices", "escalated", "was_helped", "returned")
_COUNTED = (
    *(*_STEPS, *_LACKING, "picked", "human_reply", "helped", "promise_kept", "promise_missed"),
    *("opened", "visited", "came"),
    *(f"closed_{outcome}" for outcome in CLOSINGS),
)
_COUNTS: Mapping[Dimension, Sequence[str]] = {"all": _COUNTED, "office": ("asked",)}
_OF_ALL: Mapping[Dimension, Sequence[str]] = {
    "all": _COUNTED,
    **dict.fromkeys(("channel", "language", "campaign", "office"), ("opened", "visited", "came", *_STEPS)),
    "topic": (*_STEPS, *_LACKING),
}


@dataclass(frozen=True)
class Share:
    """So many cases *of* so many."""

    cases: int
    of: int

    @property
    def percent(self) -> int | None:
        """Rounded half up, as people do; None of nothing."""
        return (200 * self.cases + self.of) // (2 * self.of) if self.of else None


@dataclass(frozen=True)
class Counts:
    """What happened in a period.

    Of a day, week, month or year, and of the first days of one, it is known exactly how many people there were. Of
    other days it is known from how many to how many: then what is said here of people is the lower number.

    Attributes
        questions: asked of the bot; each of them is answered, answered by choices, not found, or meant for a person.
        askers: people behind them, each once; *askers_at_most*: the upper number.
        answered: got the FAQ's answer at once.
        choices: got up to three titles to choose from.
        picked: titles chosen from those, or from what was offered after "Ei auttanut".
        not_found: the bot had nothing to say.
        escalated: were sent to a person, by the asker's own tap.
        human_replies: tickets that got their first reply from a person.
        median_wait: from sending to that reply, nights included, to the second; None without replies. It rests on
            *waits* replies.
        outside_hours: questions asked while nobody was at work.
        helped, not_helped: what askers answered to "Auttoiko tämä?".
        new_askers: askers who had never asked before.
        returned: askers who came back: they asked, and had asked on an earlier day at most 30 days before.
        promises: promises of a reply time that were decided in the period: the reply came, or the promised moment
            passed. *promises_kept*: the reply came in time. A question closed before either decides nothing.
        closed: tickets closed, by their outcome; "asker" is who ended it themself.
    """

    questions: int = 0
    askers: int = 0
    answered: int = 0
    choices: int = 0
    picked: int = 0
    not_found: int = 0
    escalated: int = 0
    human_replies: int = 0
    median_wait: timedelta | None = None
    outside_hours: int = 0
    helped: int = 0
    not_helped: int = 0
    askers_at_most: int = 0
    new_askers: int = 0
    returned: int = 0
    waits: int = 0
    promises: int = 0
    promises_kept: int = 0
    closed: Mapping[str, int] = field(default_factory=dict)

    @property
    def outside_share(self) -> Share:
        """Of the questions, those asked while nobody was at work."""
        return Share(self.outside_hours, self.questions)

    @property
    def answered_share(self) -> Share:
        """Of the questions, those that the bot answered at once."""
        return Share(self.answered, self.questions)

    @property
    def helped_share(self) -> Share:
        """Of the answers that askers told of, those that helped."""
        return Share(self.helped, self.helped + self.not_helped)

    @property
    def kept_share(self) -> Share:
        """Of the promises that were decided, those that were kept."""
        return Share(self.promises_kept, self.promises)


@dataclass(frozen=True)
class Funnel:
    """How far people came in a period; each step is counted by itself, people as in `Counts`.

    Attributes
        heard: times that a campaign's link to the web chat was opened, by whomever; Telegram tells of none.
        visited: times that the web chat was opened, its page or the widget on another site: once a day a browser, by
            whomever. What is looked at without script is not counted.
        came: people who began to talk, or asked.
        asked: people who asked.
        answered, choices, person: people who got the FAQ's answer, titles to choose from, sent theirs to a person.
        helped: people who said that an answer helped, or whose question an advisor closed as answered.
        returned: people who asked, and had asked on an earlier day at most 30 days before.
    """

    heard: int = 0
    visited: int = 0
    came: int = 0
    asked: int = 0
    answered: int = 0
    choices: int = 0
    person: int = 0
    helped: int = 0
    returned: int = 0


@dataclass(frozen=True)
class Day:
    """How many questions came on a day, from how many askers."""

    day: date
    questions: int
    askers: int


@dataclass(frozen=True)
class Figures:
    """The figures of *span*, those of the period before it and of the same one last year, and what they consist of.

    *before* and *last_year* are None when they began before the first event: part of a period is nothing to compare
    with. Everything that tells groups apart lacks those that are too small to show; see `small_numbers`.

    Attributes
        by_channel, by_campaign, by_language, by_topic, by_office_hours: the questions, most first; by the campaign of
            the last link, by the entry that was or came nearest to the answer, `NONE` where there is none.
        funnels: of the groups of those breakdowns that are shown, by the dimension's name and the group's. Those of a
            topic begin with the question: who only comes has none yet.
        by_day: every day of the span, those without questions too.
        hours: when in the week the questions came.
        rising: topics asked about more than in the period before; nothing without one to compare with.
        gaps: topics whose questions got no good answer, most first; they rest on all that is *lacking*.
    """

    span: Span
    counts: Counts
    before: Counts | None
    by_channel: Mapping[str, Group]
    last_year: Counts | None = None
    funnel: Funnel = Funnel()
    funnel_before: Funnel | None = None
    by_campaign: Mapping[str, Group] = field(default_factory=dict)
    by_language: Mapping[str, Group] = field(default_factory=dict)
    by_topic: Mapping[str, Group] = field(default_factory=dict)
    by_office_hours: Mapping[str, Group] = field(default_factory=dict)
    funnels: Mapping[Dimension, Mapping[str, Funnel]] = field(default_factory=dict)
    by_day: Sequence[Day] = ()
    hours: HoursOfWeek | None = None
    rising: Sequence[Rising] = ()
    gaps: Sequence[Gap] = ()
    lacking: int = 0


async def figures(read: AsyncConnection, span: Span) -> Figures:
    """The figures of *span* as they stand; of a period that is over they change no more."""
    since = await first_event_on(read)

    def was_there(earlier: Span) -> bool:
        return since is not None and since <= earlier.first_day

    span_then, span_of_year = span_before(span), span_last_year(span)
    days, days_then, days_of_year = await Tallies.of_each(read, [_ends(one) for one in (span, span_then, span_of_year)])
    now = await measure(days, span, _OF_ALL)
    then = await measure(days_then, span_then, {**_COUNTS, "topic": ["asked"]}) if was_there(span_then) else None
    year = await measure(days_of_year, span_of_year, _COUNTS) if was_there(span_of_year) else None
    asked_by_day = await days.by_day(["all", "hour"], ["asked"])
    breakdowns: dict[Dimension, dict[str, Group]] = {
        dimension: large_enough(now.groups(dimension, ("asked",)))
        for dimension in ("channel", "campaign", "language", "topic", "office")
    }
    asked_of_topics = now.groups("topic", ("asked",))
    lacking = now.groups("topic", _LACKING)
    return Figures(
        span=span,
        counts=_counted(now, await days.waits()),
        before=_counted(then, await days_then.waits()) if then else None,
        last_year=_counted(year, await days_of_year.waits()) if year else None,
        funnel=_funnel(now),
        funnel_before=_funnel(then) if then else None,
        by_channel=breakdowns["channel"],
        by_campaign=breakdowns["campaign"],
        by_language=breakdowns["language"],
        by_topic=breakdowns["topic"],
        by_office_hours=breakdowns["office"],
        funnels={
            dimension: {value: _funnel(now, dimension, value) for value in groups}
            for dimension, groups in breakdowns.items()
        },
        by_day=_by_day(asked_by_day, span),
        hours=_hours(asked_by_day),
        rising=topics.rising(asked_of_topics, then.groups("topic", ("asked",)), (len(span.days), len(span_then.days)))
        if then
        else (),
        gaps=topics.gaps(asked_of_topics, lacking),
        lacking=sum(group.questions for group in lacking.values()),
    )


def without_groups(found: Figures) -> Figures:
    """The totals of *found* alone: nothing by topic, channel, language, campaign, hour or how it ended."""
    nothing: dict[str, Group] = {}
    return replace(
        found,
        counts=replace(found.counts, closed={}),
        by_channel=nothing,
        by_campaign=nothing,
        by_language=nothing,
        by_topic=nothing,
        by_office_hours=nothing,
        funnels={},
        hours=HoursOfWeek(24, ((None,),) * 7, found.counts.questions),
        rising=(),
        gaps=(),
    )


async def counts(read: AsyncConnection, span: Span) -> Counts:
    """What happened in *span*, without all that takes longer to add up."""
    days = await Tallies.of(read, *_ends(span))
    return _counted(await measure(days, span, _COUNTS), await days.waits())


async def first_event_on(read: AsyncConnection) -> date | None:
    """The local day of the oldest event, or None before the first."""
    return await tallies.first_day(read)


def _ends(span: Span) -> tuple[date, date]:
    return span.first_day, span.last_day


def _counted(found: Measures, waits: Sequence[int]) -> Counts:
    asked = found.of("asked")
    kept, missed = found.times("promise_kept"), found.times("promise_missed")
    closed = {outcome: found.times(f"closed_{outcome}") for outcome in CLOSINGS}
    return Counts(
        questions=asked.times,
        askers=asked.at_least,
        askers_at_most=asked.at_most,
        new_askers=asked.new,
        returned=found.people("returned"),
        answered=found.times("answered"),
        choices=found.times("choices"),
        picked=found.times("picked"),
        not_found=found.times("not_found"),
        escalated=found.times("escalated"),
        human_replies=found.times("human_reply"),
        median_wait=timedelta(seconds=round(median(waits))) if waits else None,
        waits=len(waits),
        outside_hours=found.of("asked", "office", OUTSIDE_OFFICE_HOURS).times,
        helped=found.times("helped"),
        not_helped=found.times("not_helped"),
        promises=kept + missed,
        promises_kept=kept,
        closed={outcome: times for outcome, times in closed.items() if times},
    )


def _funnel(found: Measures, dimension: Dimension = "all", value: str = NONE) -> Funnel:
    def people(kind: str) -> int:
        return found.of(kind, dimension, value).at_least

    has_begun = dimension != "topic"
    return Funnel(
        heard=found.of("opened", dimension, value).times if has_begun else 0,
        visited=found.of("visited", dimension, value).times if has_begun else 0,
        came=people("came") if has_begun else 0,
        asked=people("asked"),
        answered=people("answered"),
        choices=people("choices"),
        person=people("escalated"),
        helped=people("was_helped"),
        returned=people("returned"),
    )


def _by_day(found: ByDay, span: Span) -> list[Day]:
    of_days = found.get(Cell("all", NONE, "asked"), {})
    return [Day(day, asked.times, asked.first_of_day) for day in span.days for asked in [of_days.get(day, Tally())]]


def _hours(found: ByDay) -> HoursOfWeek:
    questions: Counter[tuple[int, int]] = Counter()
    for cell, days in found.items():
        if cell.dimension == "hour":
            for day, asked in days.items():
                questions[day.weekday(), int(cell.value)] += asked.times
    return hours_of_week(questions)
