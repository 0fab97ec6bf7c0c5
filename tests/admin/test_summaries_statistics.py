"""The figures against a slow, plain count of random histories, on both databases."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from admin.summaries import topics
from admin.summaries.due import Span, span_before, span_between, span_last_year, span_of
from admin.summaries.hours_of_week import hours_of_week
from admin.summaries.small_numbers import FEWEST_ASKERS, Group, large_enough
from admin.summaries.statistics import CLOSINGS, Counts, Day, Figures, Funnel, figures
from admin.summaries.topics import Rising
from bot.hours import OpeningHours
from bot.store import campaigns, conversations, erasure, events, tallying
from bot.store.engine import Store, Tx
from bot.store.schema import asker, campaign, event, tallied_day, tally
from bot.vault import Vault

HELSINKI = ZoneInfo("Europe/Helsinki")
HOURS = OpeningHours(HELSINKI, dict.fromkeys(range(5), (time(9), time(16))))
# Around two new years, one of them within week 53, and around the night that has 25 hours.
STRETCHES = ((date(2025, 12, 20), 20), (date(2026, 10, 12), 24), (date(2026, 11, 20), 50))
HOLIDAYS = {"12-24", "12-25", "12-26", "01-01", "01-06"}
ASKERS = 14
KINDS = (
    *("came", "answered", "choices", "picked", "not_found", "escalated", "human_reply", "helped", "not_helped"),
    "visited",
    *("promise_kept", "promise_missed", "not_found", "not_helped", "not_found", "not_helped"),
    *(f"closed_{outcome}" for outcome in CLOSINGS),
)
YEAR = span_between(date(2026, 1, 1), date(2026, 12, 31))
SPANS = (
    *(span_of("day", day) for day in (date(2026, 10, 25), date(2026, 12, 31), date(2027, 1, 1))),
    *(span_of("week", day) for day in (date(2026, 10, 25), date(2026, 12, 30), date(2027, 1, 4))),
    *(span_of("month", day) for day in (date(2026, 10, 1), date(2026, 12, 1), date(2027, 1, 1))),
    YEAR,
    span_between(date(2026, 12, 1), date(2026, 12, 24)),
    span_between(date(2026, 12, 17), date(2027, 1, 6)),
    span_between(date(2025, 12, 22), date(2027, 1, 6)),
)


@dataclass(frozen=True)
class Act:
    """Something that happened."""

    at: datetime
    kind: str
    asker: int
    channel: str
    topic: str
    seconds: float | None
    campaign: str = ""

    @property
    def local(self) -> datetime:
        return self.at.astimezone(HELSINKI)

    @property
    def day(self) -> date:
        return self.local.date()

    @property
    def language(self) -> str:
        return "sv" if self.asker % 4 == 0 else "fi"

    @property
    def office(self) -> str:
        is_workday = self.local.weekday() < 5 and f"{self.day:%m-%d}" not in HOLIDAYS
        return "in" if is_workday and 9 <= self.local.hour < 16 else "outside"


def _history(seed: int, length: int) -> list[Act]:
    """*length* random acts in their order, half of them questions; dense, so that people ask again and again."""
    dice = Random(seed)
    acts = []
    for _ in range(length):
        begins, days = dice.choice(STRETCHES)
        # In UTC: local minutes of the autumn night come twice.
        at = datetime.combine(begins, time(), HELSINKI).astimezone(UTC)
        at += timedelta(minutes=dice.randrange(days * 24 * 60))
        kind = dice.choice([dice.choice(KINDS), "asked"])
        seconds = round(dice.uniform(0, 300_000), 1) if kind == "human_reply" else None
        who, channel = dice.randrange(ASKERS), dice.choice(["telegram", "telegram", "web"])
        acts.append(Act(at, kind, who, channel, dice.choice(["velka", "asumistuki", "cv", ""]), seconds))
    return sorted(acts, key=lambda act: act.at)


async def _happen(tx: Tx, vault: Vault, acts: list[Act]) -> tuple[list[Act], dict[int, str]]:
    """Write *acts* as the service does; gives them with their campaigns, and the askers' conversations.

    Every third asker comes by a poster, which counts for 30 days.
    """
    first, last = STRETCHES[0][0], STRETCHES[-1][0] + timedelta(days=60)
    code = await campaigns.make(tx, name="Juliste", place="Seinä", first_day=first, last_day=last)
    talks: dict[int, str] = {}
    came: dict[int, date] = {}
    written = []
    for act in acts:
        around = events.Circumstances(act.at, HOURS, act.channel, act.language)
        if act.kind == "visited":
            await events.record_opening(tx, "visited", None, around)
            written.append(replace(act, topic=""))
            continue
        if act.asker not in talks:
            address = {"lookup": f"{act.asker:032d}", "address_text": str(act.asker)}
            talk = await conversations.begin(
                tx, vault, channel=act.channel, **address, language=act.language, now=act.at
            )
            talks[act.asker] = talk.id
            if act.asker % 3 == 0:
                came[act.asker] = act.day
                await campaigns.touch(tx, talk.id, code, act.day)
        is_by_poster = act.asker in came and act.day - came[act.asker] <= timedelta(days=30)
        written.append(replace(act, campaign=code if is_by_poster else ""))
        happening = events.Happening(act.kind, act.topic or None, act.seconds)
        await events.record(tx, talks[act.asker], [happening], around)
    return written, talks


# --- by hand --------------------------------------------------------------------------------------------------


def _within(acts: Sequence[Act], span: Span) -> list[Act]:
    return [act for act in acts if span.first_day <= act.day <= span.last_day]


def _people(acts: Sequence[Act], *kinds: str) -> set[int]:
    return {act.asker for act in acts if act.kind in kinds}


def _returned(acts: Sequence[Act], inside: Sequence[Act]) -> list[Act]:
    asked = [act for act in acts if act.kind == "asked"]
    return [
        act
        for act in inside
        if act.kind == "asked" and any(one.asker == act.asker and 1 <= (act.day - one.day).days <= 30 for one in asked)
    ]


def _counted(acts: Sequence[Act], span: Span) -> Counts:
    inside = _within(acts, span)
    asked = [act for act in inside if act.kind == "asked"]
    waits = [round(act.seconds) for act in inside if act.seconds is not None]
    times = Counter(act.kind for act in inside)
    askers = len(_people(asked, "asked"))
    asked_before = _people([act for act in acts if act.day < span.first_day], "asked")
    return Counts(
        questions=len(asked),
        askers=askers,
        askers_at_most=askers,
        new_askers=len(_people(asked, "asked") - asked_before),
        returned=len({act.asker for act in _returned(acts, inside)}),
        answered=times["answered"],
        choices=times["choices"],
        picked=times["picked"],
        not_found=times["not_found"],
        escalated=times["escalated"],
        human_replies=times["human_reply"],
        median_wait=timedelta(seconds=round(median(waits))) if waits else None,
        waits=len(waits),
        outside_hours=sum(act.office == "outside" for act in asked),
        helped=times["helped"],
        not_helped=times["not_helped"],
        promises=times["promise_kept"] + times["promise_missed"],
        promises_kept=times["promise_kept"],
        closed={outcome: times[f"closed_{outcome}"] for outcome in CLOSINGS if times[f"closed_{outcome}"]},
    )


def _firsts(acts: Sequence[Act]) -> list[Act]:
    """Of each asker the first; what is told apart counts people there."""
    firsts: dict[int, Act] = {}
    for act in acts:
        firsts.setdefault(act.asker, act)
    return list(firsts.values())


def _groups(inside: Sequence[Act], by: str, *kinds: str) -> dict[str, Group]:
    of_kinds = [act for act in inside if act.kind in kinds]
    firsts = [_firsts([act for act in inside if act.kind == kind]) for kind in kinds]
    return {
        value: Group(
            sum(getattr(act, by) == value for act in of_kinds),
            max(sum(getattr(act, by) == value for act in of_one) for of_one in firsts),
        )
        for value in {getattr(act, by) for act in of_kinds}
    }


def _funnel(acts: Sequence[Act], inside: Sequence[Act], by: str = "", value: str = "") -> Funnel:
    def number(some: Sequence[Act]) -> int:
        return sum(not by or getattr(act, by) == value for act in _firsts(some))

    def of(*kinds: str) -> int:
        return number([act for act in inside if act.kind in kinds])

    return Funnel(
        heard=0,
        visited=0
        if by == "topic"
        else sum(act.kind == "visited" and (not by or getattr(act, by) == value) for act in inside),
        came=of("came", "asked") if by != "topic" else 0,
        asked=of("asked"),
        answered=of("answered"),
        choices=of("choices"),
        person=of("escalated"),
        helped=of("helped", "closed_answered"),
        returned=number(_returned(acts, inside)),
    )


def _by_hand(acts: Sequence[Act], span: Span) -> Figures:
    inside = _within(acts, span)
    asked = [act for act in inside if act.kind == "asked"]
    then, year = span_before(span), span_last_year(span)
    first_day = min((act.day for act in acts), default=date.max)
    groups = {name: _groups(inside, name, "asked") for name in ("channel", "campaign", "language", "topic", "office")}
    lacking = _groups(inside, "topic", "not_found", "not_helped")
    days = [span.first_day + timedelta(days=number) for number in range((span.last_day - span.first_day).days + 1)]
    before = _groups(_within(acts, then), "topic", "asked")
    was_there = first_day <= then.first_day
    return Figures(
        span=span,
        counts=_counted(acts, span),
        before=_counted(acts, then) if was_there else None,
        last_year=_counted(acts, year) if first_day <= year.first_day else None,
        funnel=_funnel(acts, inside),
        funnel_before=_funnel(acts, _within(acts, then)) if was_there else None,
        by_channel=large_enough(groups["channel"]),
        by_campaign=large_enough(groups["campaign"]),
        by_language=large_enough(groups["language"]),
        by_topic=large_enough(groups["topic"]),
        by_office_hours=large_enough(groups["office"]),
        funnels={
            name: {value: _funnel(acts, inside, name, value) for value in large_enough(of)}  # type: ignore[misc]
            for name, of in groups.items()
        },
        by_day=[
            Day(day, sum(act.day == day for act in asked), len({act.asker for act in asked if act.day == day}))
            for day in days
        ],
        hours=hours_of_week(Counter((act.day.weekday(), act.local.hour) for act in asked)),
        rising=topics.rising(groups["topic"], before, (len(days), (then.last_day - then.first_day).days + 1))
        if was_there
        else (),
        gaps=topics.gaps(groups["topic"], lacking),
        lacking=sum(group.questions for group in lacking.values()),
    )


def _without_people(figures: Figures) -> Figures:
    """What is the same whatever is known of how many people there were."""
    unknown = {"askers": 0, "askers_at_most": 0, "returned": 0}
    return replace(
        figures,
        counts=replace(figures.counts, **unknown),
        before=figures.before and replace(figures.before, **unknown),
        last_year=figures.last_year and replace(figures.last_year, **unknown),
        **dict.fromkeys(("by_channel", "by_campaign", "by_language", "by_topic", "by_office_hours", "funnels")),
        **dict.fromkeys(("funnel", "funnel_before", "rising", "gaps")),
    )


# --- and against it -------------------------------------------------------------------------------------------


@settings(
    max_examples=2, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(5, 280, list(SPANS))  # enough for each figure to be another one than its neighbour
@given(st.integers(0, 2**32), st.sampled_from([0, 30, 120]), st.lists(st.sampled_from(SPANS), min_size=4, max_size=4))
async def test_the_figures_equal_a_count_by_hand(
    store: Store, vault: Vault, seed: int, length: int, spans: list[Span]
) -> None:
    """Every figure that a coordinator decides by is right, on SQLite and PostgreSQL alike, added up or not."""
    async with store.write() as tx:
        for table in (event, tallied_day, tally, asker, campaign):
            await tx.execute(delete(table))
        acts, _ = await _happen(tx, vault, _history(seed, length))
    for day in sorted({act.day for act in acts})[:: seed % 3 + 1]:  # every day, or some of them
        await tallying.add_up(store, day)
    async with store.read() as read:
        for span in spans:
            found, truth = await figures(read, span), _by_hand(acts, span)
            if span.period != "range" or span == YEAR:
                assert truth == found
                continue
            if span.first_day.day == 1:  # the first days of a month
                assert truth.counts == found.counts
            assert _without_people(truth) == _without_people(found)
            assert found.counts.askers <= truth.counts.askers <= found.counts.askers_at_most
            assert found.counts.returned <= truth.counts.returned
            asked = [act for act in _within(acts, span) if act.kind == "asked"]
            for topic, group in found.by_topic.items():
                assert FEWEST_ASKERS <= group.askers <= len({act.asker for act in asked if act.topic == topic})


async def test_a_topic_that_rose_is_told_and_all_figures_stay_when_askers_are_erased(
    store: Store, vault: Vault
) -> None:
    """Two asked about debts in the week before, fourteen now. Who leaves takes their words along, and no figure."""
    now = datetime(2026, 11, 12, 18, tzinfo=UTC)
    who_asked = {"velka": (range(2), range(14)), "cv": (range(20, 32), range(20, 32))}
    acts = [
        Act(at, "asked", who, "web", topic, None)
        for at, place in ((now - timedelta(weeks=1), 0), (now, 1))
        for topic, weeks in who_asked.items()
        for who in weeks[place]
    ]
    first_week = Act(now - timedelta(weeks=2), "came", 0, "web", "", None)  # there before, or nothing is to be compared
    async with store.write() as tx:
        _, talks = await _happen(tx, vault, [first_week, *acts])
    async with store.read() as read:
        before = await figures(read, span_of("week", now.date()))
    async with store.write() as tx:
        for conversation_id in talks.values():
            await erasure.erase(tx, conversation_id)
    async with store.read() as read:
        after = await figures(read, span_of("week", now.date()))

    assert before.rising == [Rising("velka", 14, None)]
    assert before.counts.questions == 26
    assert before == after
