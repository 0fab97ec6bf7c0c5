"""The figures against a slow, plain count of random histories, on both databases."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from admin.summaries.due import Period, Span, span_before, span_of
from admin.summaries.statistics import FEWEST_ASKERS, Counts, Figures, Group, figures, large_enough
from bot.hours import OpeningHours
from bot.store import conversations, erasure, events
from bot.store.engine import Store, Tx
from bot.store.schema import asker, event
from bot.vault import Vault

HELSINKI = ZoneInfo("Europe/Helsinki")
HOURS = OpeningHours(HELSINKI, dict.fromkeys(range(5), (time(9), time(16))))
FIRST_DAY = date(2026, 9, 28)  # six weeks from here hold a month's change, an autumn clock change and a holiday
DAYS = 42
ASKERS = 12
OTHER_KINDS = ("came", "answered", "choices", "picked", "not_found", "escalated", "human_reply", "helped", "not_helped")
PERIODS: tuple[Period, ...] = ("day", "week", "month")


@dataclass(frozen=True)
class Act:
    """Something that happened; even askers write in Telegram, odd ones in the web chat."""

    at: datetime
    kind: str
    asker: int
    seconds: float | None

    @property
    def channel(self) -> str:
        return "web" if self.asker % 2 else "telegram"


def _history(seed: int, length: int) -> list[Act]:
    """*length* random acts in their order, half of them questions; dense, so that people ask again and again."""
    dice = Random(seed)
    # In UTC: local minutes of the autumn night come twice.
    begins = datetime.combine(FIRST_DAY, time(), HELSINKI).astimezone(UTC)
    acts = []
    for minute in sorted(dice.randrange(DAYS * 24 * 60) for _ in range(length)):
        kind = dice.choice([dice.choice(OTHER_KINDS), "asked"])
        seconds = round(dice.uniform(0, 300_000), 1) if kind == "human_reply" else None
        acts.append(Act(begins + timedelta(minutes=minute), kind, dice.randrange(ASKERS), seconds))
    return acts


histories = st.builds(_history, st.integers(0, 2**32), st.sampled_from([0, 1, 5, 25, 80, 120]))
spans = st.builds(
    span_of, st.sampled_from(PERIODS), st.dates(FIRST_DAY - timedelta(days=2), FIRST_DAY + timedelta(days=DAYS + 2))
)


def _local(act: Act) -> datetime:
    return act.at.astimezone(HELSINKI)


def _is_office_hour(at: datetime) -> bool:
    return at.weekday() < 5 and 9 <= at.hour < 16


def _within(acts: Iterable[Act], span: Span) -> list[Act]:
    return [act for act in acts if span.first_day <= _local(act).date() <= span.last_day]


def _counted(acts: list[Act]) -> Counts:
    asked = [act for act in acts if act.kind == "asked"]
    waits = [act.seconds for act in acts if act.seconds is not None]
    kinds = [act.kind for act in acts]
    return Counts(
        questions=len(asked),
        askers=len({act.asker for act in asked}),
        answered=kinds.count("answered"),
        choices=kinds.count("choices"),
        picked=kinds.count("picked"),
        not_found=kinds.count("not_found"),
        escalated=kinds.count("escalated"),
        human_replies=kinds.count("human_reply"),
        median_wait=timedelta(seconds=round(median(waits))) if waits else None,
        outside_hours=sum(not _is_office_hour(_local(act)) for act in asked),
        helped=kinds.count("helped"),
        not_helped=kinds.count("not_helped"),
    )


def _by_channel(acts: list[Act]) -> dict[str, Group]:
    groups = {}
    for channel in ("telegram", "web"):
        asked = [act for act in acts if act.kind == "asked" and act.channel == channel]
        groups[channel] = Group(len(asked), len({act.asker for act in asked}))
    small = any(0 < group.askers < FEWEST_ASKERS for group in groups.values())
    return {} if small else {channel: group for channel, group in groups.items() if group.questions}


def _by_hand(acts: list[Act], span: Span) -> Figures:
    inside = _within(acts, span)
    earlier = span_before(span)
    was_there = any(_local(act).date() <= earlier.first_day for act in acts)
    before = _counted(_within(acts, earlier)) if was_there else None
    return Figures(span, _counted(inside), before, _by_channel(inside))


async def _happen(tx: Tx, vault: Vault, acts: list[Act]) -> dict[int, str]:
    """Write *acts* as the service does; gives the askers' conversations."""
    talks: dict[int, str] = {}
    for act in acts:
        if act.asker not in talks:
            talk = await conversations.begin(
                tx,
                vault,
                channel=act.channel,
                lookup=f"{act.asker:032d}",
                address_text=str(act.asker),
                language="fi",
                now=act.at,
            )
            talks[act.asker] = talk.id
        around = events.Circumstances(act.at, HOURS, act.channel, "fi")
        await events.record(tx, talks[act.asker], [events.Happening(act.kind, seconds=act.seconds)], around)
    return talks


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=histories, span=spans)
async def test_the_figures_equal_a_count_by_hand(store: Store, vault: Vault, acts: list[Act], span: Span) -> None:
    """Every figure that a coordinator decides by is right, on SQLite and PostgreSQL alike."""
    async with store.write() as tx:
        await tx.execute(delete(event))
        await tx.execute(delete(asker))
        await _happen(tx, vault, acts)
    async with store.read() as read:
        found = await figures(read, span)

    assert _by_hand(acts, span) == found


async def test_the_figures_stay_when_an_asker_is_erased(store: Store, vault: Vault) -> None:
    """Who leaves takes their words with them; what the service did is not undone."""
    acts = _history(seed=1, length=150)
    month = span_of("month", FIRST_DAY)
    async with store.write() as tx:
        talks = await _happen(tx, vault, acts)
    async with store.read() as read:
        before = await figures(read, month)
    async with store.write() as tx:
        for conversation_id in talks.values():
            await erasure.erase(tx, conversation_id)
    async with store.read() as read:
        after = await figures(read, month)

    assert before.counts.questions > 0
    assert before == after


def _group(askers: int) -> Group:
    return Group(questions=2 * askers, askers=askers)


@pytest.mark.parametrize(
    ("askers", "shown"),
    [
        ({}, {}),
        ({"a": 5}, {"a"}),
        ({"a": 4}, set()),
        ({"a": 9, "b": 5}, {"a", "b"}),
        ({"a": 9, "b": 4}, set()),
        ({"a": 9, "b": 7, "c": 4}, {"a"}),
        ({"a": 9, "b": 7, "c": 4, "d": 1}, {"a", "b"}),
        ({"a": 9, "b": 7, "c": 2, "d": 2}, {"a"}),
        ({"a": 9, "b": 0}, set()),
    ],
)
def test_small_groups_are_hidden_with_what_would_give_them_away(askers: dict[str, int], shown: set[str]) -> None:
    """Four askers of one channel can be found by subtracting the others from the total, which is always shown."""
    groups = {name: _group(number) for name, number in askers.items()}

    assert {name: groups[name] for name in shown} == large_enough(groups)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12)))
def test_nothing_that_is_hidden_can_be_found_by_subtraction(askers: dict[str, int]) -> None:
    """Whatever the groups: what a reader can work out is never one group alone, nor fewer than five people."""
    groups = {name: _group(number) for name, number in askers.items()}
    shown = large_enough(groups)
    hidden = [group for name, group in groups.items() if name not in shown]

    assert all(group.askers >= FEWEST_ASKERS for group in shown.values())
    if hidden and shown:
        assert len(hidden) > 1
        assert sum(group.askers for group in hidden) >= FEWEST_ASKERS
    if all(group.askers >= FEWEST_ASKERS for group in groups.values()):
        assert groups == shown
