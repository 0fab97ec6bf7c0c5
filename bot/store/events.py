"""Events for the figures. They hold results and refer to nobody, so they stay true when an asker is erased.

What lets askers be counted without naming them (this one's first of the kind today, this week, month, year; back again)
is decided when the event is written, from dates kept on the asker's own row. Three kinds follow from others, so that
people can be counted by them as well: who asks has come, who asked not long ago has returned, and whoever was helped,
by an answer or by a person, was helped.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.hours import OpeningHours
from bot.store import conversations, tip_steps
from bot.store.campaigns import SHARED
from bot.store.engine import Tx
from bot.store.schema import asker, conversation, event
from bot.store.tallies import NONE, Tallies

# Built once: see `inbox`.
_OWNER = (
    select(*conversations.OF_ASKER)
    .join(conversation, conversation.c.asker_id == asker.c.id)
    .where(conversation.c.id == bindparam("conversation_id"))
)

Opening = Literal["opened", "visited", "shared"]  # a campaign's link, the web chat, the words for a friend

OF_CAMPAIGN = {"shared": SHARED}  # by kind: what counts for that one, by whichever its asker came
_ADD = event.insert()
_SAVE_LAST = update(asker).where(asker.c.id == bindparam("asker_id")).values(last_events=bindparam("events"))

CAMPAIGN_COUNTS = timedelta(days=30)  # what happens later is not its doing
STEPS = {"came": "came", "asked": "asked", "helped": "helped", "closed_answered": "helped"}  # by kind, in this order
STEP_BEFORE = {"asked": "came", "helped": "asked"}
RETURNS_WITHIN = timedelta(days=30)
_ONCE_A_DAY = ("came", "returned", "was_helped")  # and anew that day where it is a step by another campaign
_HELPS = ("helped", "closed_answered")


@dataclass(frozen=True)
class Circumstances:
    """What is the same for all events of one moment."""

    now: datetime
    hours: OpeningHours
    channel: str
    language: str


@dataclass(frozen=True)
class Happening:
    """One event to be written; *seconds* is how long the asker waited, of a reply.

    *campaign*: of what it is a late outcome of; else the one that counts now.
    """

    kind: str
    topic: str | None = None
    seconds: float | None = None
    campaign: str | None = None


async def most_asked(read: AsyncConnection, since: date, *, fewest: int, limit: int) -> list[str]:
    """The entries given as answers most often since that local day, each at least *fewest* times; most first."""
    times: Counter[str] = Counter()
    tallies = await Tallies.of(read, since, date.max)
    for cell, tally in (await tallies.summed(["topic"], ["answered", "picked"])).items():
        times[cell.value] += tally.times
    of_entries = sorted((-number, topic) for topic, number in times.items() if topic != NONE and number >= fewest)
    return [topic for _, topic in of_entries[:limit]]


async def record(
    tx: Tx,
    conversation_id: str,
    happenings: Sequence[Happening],
    around: Circumstances,
    *,
    owner: Row[Any] | None = None,
) -> None:
    """Write the events that this conversation's asker caused. *owner*: their `OF_ASKER`, where it has been read."""
    if not happenings:
        return
    if owner is None:
        owner = (await tx.execute(_OWNER, {"conversation_id": conversation_id})).one()
    today = around.now.astimezone(around.hours.zone).date()
    last_campaign = _still_counts(owner.last_campaign, owner.last_campaign_on, today)
    first_campaign = _still_counts(owner.first_campaign, owner.first_campaign_on, today)
    last_events = dict(owner.last_events)
    rows = []
    for happening in _with_what_follows(happenings, last_events, today):
        before = last_events.get(happening.kind)
        latest = date.fromisoformat(before) if before else None
        last_events[happening.kind] = today.isoformat()
        is_step = _take_step(last_events, "", last_campaign, happening.kind, today)
        is_first_step = _take_step(last_events, "first ", first_campaign, happening.kind, today)
        if happening.kind in _ONCE_A_DAY and latest == today and not (is_step or is_first_step):
            continue
        rows.append(
            {
                "kind": happening.kind,
                **_moment(around),
                "campaign": OF_CAMPAIGN.get(happening.kind) or happening.campaign or last_campaign,
                "first_campaign": first_campaign,
                "topic": happening.topic,
                "seconds": happening.seconds,
                "first_of_day": latest != today,
                "first_of_week": latest is None or latest.isocalendar()[:2] != today.isocalendar()[:2],
                "first_of_month": latest is None or (latest.year, latest.month) != (today.year, today.month),
                "first_of_year": latest is None or latest.year != today.year,
                "first_of_campaign": is_step,
                "first_of_first_campaign": is_first_step,
                "is_returning": latest is not None and latest != today,
            }
        )
    if rows:
        await tx.execute(_ADD, rows)
    if last_events != owner.last_events:
        await tx.execute(_SAVE_LAST, {"asker_id": owner.id, "events": last_events})


async def record_opening(tx: Tx, kind: Opening, campaign: str | None, around: Circumstances) -> None:
    """Write that somebody, nobody knows who, has opened something; of a campaign's link that is its first step."""
    flags = dict.fromkeys(("first_of_day", "first_of_week", "first_of_month", "first_of_year", "is_returning"), False)
    is_step = kind == "opened"
    theirs = {"campaign": campaign, "first_campaign": campaign if is_step else None, "first_of_campaign": is_step}
    row = {"kind": kind, **_moment(around), **flags, **theirs, "first_of_first_campaign": is_step}
    await tx.execute(event.insert(), [row])


def _with_what_follows(
    happenings: Sequence[Happening], last_events: dict[str, str], today: date
) -> Iterator[Happening]:
    """*happenings*, each with what else it says of its asker; *last_events* as they are when each is reached."""
    has_tapped = any(happening.kind == "tip_tapped" for happening in happenings)
    for happening in happenings:
        if happening.kind == tip_steps.SENT:
            tip_steps.sent(last_events, happening.topic or "", today)
        elif happening.kind in tip_steps.WITHIN:
            tip = tip_steps.take(last_events, happening.kind, today, happening.topic)
            if tip is None and happening.kind == "tip_tapped":
                continue
            happening = Happening(happening.kind, tip)  # noqa: PLW2901
        if happening.kind == "asked":
            yield Happening("came")
            asked_on = last_events.get("asked")
            if asked_on and timedelta() < today - date.fromisoformat(asked_on) <= RETURNS_WITHIN:
                yield Happening("returned", happening.topic)
        yield happening
        if happening.kind in _HELPS:
            yield Happening("was_helped", happening.topic)
        if happening.kind == "asked" and not has_tapped and (tip := tip_steps.take(last_events, "tip_asked", today)):
            yield Happening("tip_asked", tip)


def _moment(around: Circumstances) -> dict[str, object]:
    local = around.now.astimezone(around.hours.zone)
    return {
        "at": around.now.replace(minute=0, second=0, microsecond=0),  # no one is found by the second
        "local_day": local.date(),
        "local_hour": local.hour,
        "in_office_hours": around.hours.is_open(around.now),
        "channel": around.channel,
        "language": around.language,
    }


def _still_counts(campaign: str | None, since: date | None, today: date) -> str | None:
    return campaign if since is not None and today - since <= CAMPAIGN_COUNTS else None


def _take_step(last_events: dict[str, str], touch: str, campaign: str | None, kind: str, today: date) -> bool:
    """Whether this is the asker's first step of its kind by *campaign*, the steps before it taken; then it is noted."""
    step = STEPS.get(kind)
    if campaign is None or step is None or f"{touch}{step} {campaign}" in last_events:
        return False
    if step in STEP_BEFORE and f"{touch}{STEP_BEFORE[step]} {campaign}" not in last_events:
        return False
    last_events[f"{touch}{step} {campaign}"] = today.isoformat()
    return True
