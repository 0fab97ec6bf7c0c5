"""What each campaign brought against a count by hand, and when two of them may be said to differ."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.summaries.campaigns import Outcome, Steps, Touch, compare, newcombe, steps, wilson
from bot.hours import OpeningHours
from bot.store import campaigns, conversations, erasure, events
from bot.store.engine import Store
from bot.vault import Vault

HELSINKI = ZoneInfo("Europe/Helsinki")
HOURS = OpeningHours(HELSINKI, dict.fromkeys(range(5), (time(9), time(16))))
FIRST_DAY, DAYS, ASKERS = date(2026, 9, 28), 90, 14
RUNS = ((0, 90), (0, 20), (30, 60))  # three campaigns, by their days
KINDS = ("came", "asked", "asked", "asked", "answered", "helped", "closed_answered", "closed_guided", "opened")


@dataclass(frozen=True)
class Act:
    """What somebody does; *campaign* is the link they came by or opened, -1 a made-up one."""

    day: int
    kind: str
    asker: int
    campaign: int


def _history(seed: int) -> list[Act]:
    dice = Random(seed)
    days = sorted(dice.randrange(DAYS) for _ in range(220))
    return [Act(day, dice.choice(KINDS), dice.randrange(ASKERS), dice.randrange(-1, 3)) for day in days]


def _runs(act: Act) -> bool:
    return act.campaign >= 0 and RUNS[act.campaign][0] <= act.day <= RUNS[act.campaign][1]


def _by_hand(acts: list[Act], campaign: int, touch: Touch) -> Steps:
    """Slow and plain: each asker by themselves, each act looked at with all that was before it."""
    came, asked, helped = set(), set(), set()
    for number, act in enumerate(acts):
        theirs = [earlier for earlier in acts[: number + 1] if earlier.asker == act.asker]
        touches = [earlier for earlier in theirs if earlier.kind == "came" and _runs(earlier)]
        counts = touches[0 if touch == "first" else -1] if touches else None
        if counts is None or counts.campaign != campaign or act.day - counts.day > 30:
            continue
        if act.kind == "came":
            came.add(act.asker)
        elif act.kind == "asked" and act.asker in came:
            asked.add(act.asker)
        elif act.kind in {"helped", "closed_answered"} and act.asker in asked:
            helped.add(act.asker)
    opened = sum(act.kind == "opened" and act.campaign == campaign and _runs(act) for act in acts)
    return Steps(opened, len(came), len(asked), len(helped), len({asker for asker in came if asker % 2}))


async def _happen(store: Store, vault: Vault, acts: list[Act]) -> tuple[list[str], dict[int, str]]:
    talks: dict[int, str] = {}
    async with store.write() as tx:
        codes = [
            await campaigns.make(
                tx,
                name="Juliste",
                place="Seinä",
                first_day=FIRST_DAY + timedelta(days=first),
                last_day=FIRST_DAY + timedelta(days=last),
            )
            for first, last in RUNS
        ]
        for act in acts:
            day = FIRST_DAY + timedelta(days=act.day)
            now = datetime.combine(day, time(12), HELSINKI).astimezone(UTC)
            channel = "web" if act.asker % 2 else "telegram"
            around = events.Circumstances(now, HOURS, channel, "fi")
            code = codes[act.campaign] if act.campaign >= 0 else "lehti"
            if act.kind == "opened":
                if await campaigns.is_running(tx.connection, code, day):
                    await events.record_opening(tx, "opened", code, around)
                continue
            if act.asker not in talks:
                talk = await conversations.begin(
                    tx, vault, channel=channel, lookup=f"{act.asker:032d}", address_text="x", language="fi", now=now
                )
                talks[act.asker] = talk.id
            if act.kind == "came":
                await campaigns.touch(tx, talks[act.asker], code, day)
            await events.record(tx, talks[act.asker], [events.Happening(act.kind)], around)
    return codes, talks


async def test_the_table_equals_a_count_by_hand_and_stays_so_when_askers_are_erased(store: Store, vault: Vault) -> None:
    """What a coordinator spends the next campaign's money by is right, on both databases, whoever leaves."""
    acts = _history(seed=2010)
    codes, talks = await _happen(store, vault, acts)
    by_hand = {(touch, number): _by_hand(acts, number, touch) for touch in ("last", "first") for number in range(3)}  # type: ignore[arg-type]
    async with store.write() as tx:
        around = events.Circumstances(datetime(2026, 11, 24, tzinfo=UTC), HOURS, "web", "fi")
        await events.record_opening(tx, "shared", campaigns.SHARED, around)
        await events.record(tx, next(iter(talks.values())), [events.Happening("shared")] * 2, around)
    async with store.read() as read:
        found = {touch: await steps(read, touch) for touch in ("last", "first")}  # type: ignore[arg-type]
    async with store.write() as tx:
        for conversation_id in talks.values():
            await erasure.erase(tx, conversation_id)
    async with store.read() as read:
        after = {touch: await steps(read, touch) for touch in ("last", "first")}  # type: ignore[arg-type]

    assert {(touch, number): found[touch][code] for touch in found for number, code in enumerate(codes)} == by_hand
    assert after == found
    assert {found[touch].pop(campaigns.SHARED) for touch in found} == {Steps(shared=3)}
    assert min(counted.helped for counted in by_hand.values()) > 0


@pytest.mark.parametrize(
    ("cases", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_the_interval_is_wilsons(cases: int, of: int, low: float, high: float) -> None:
    """The examples are those of R. G. Newcombe, Statistics in Medicine 17 (1998), p. 861, and the two ends."""
    assert wilson(cases, of) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(
    ("a", "b", "low", "high"), [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090)]
)
def test_the_interval_of_a_difference_is_newcombes(
    a: tuple[int, int], b: tuple[int, int], low: float, high: float
) -> None:
    """The examples are those of R. G. Newcombe, Statistics in Medicine 17 (1998), p. 876, method 10."""
    assert newcombe(a, b) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ((30, 60), (10, 60), "more"),
        ((10, 60), (30, 60), "less"),
        ((6, 10), (5, 10), "too_few"),
        ((3, 3), (0, 4), "too_few"),  # not even five people: nothing is said however they differ
        ((0, 0), (30, 60), "too_few"),
        ((3000, 6000), (3010, 6000), "alike"),
    ],
)
def test_two_campaigns_differ_only_when_chance_hardly_makes_it(
    a: tuple[int, int], b: tuple[int, int], outcome: Outcome
) -> None:
    """A coordinator who is told of a difference that is none takes down the better poster."""
    assert compare(a, b).outcome == outcome


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
def test_whatever_is_compared_the_other_way_round_says_the_same(i: int, j: int, k: int, n: int) -> None:
    """And every interval is one, within what a share can be."""
    a, b = (min(i, j), max(i, j)), (min(k, n), max(k, n))
    there, back = compare(a, b), compare(b, a)

    assert {"more": "less", "less": "more"}.get(there.outcome, there.outcome) == back.outcome
    assert -1 <= there.low <= there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
