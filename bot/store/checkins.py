"""What the bot may ask an asker unasked, and when: plans in their subscription, each taken by one process, once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue import Plan
from bot.store import subscriptions
from bot.store.conversations import owner
from bot.store.engine import Tx
from bot.store.events import CAMPAIGN_COUNTS
from bot.store.schema import asker, conversation
from bot.store.subscriptions import Turn

Kind = Literal["checkins", "outcomes"]
KINDS: tuple[Kind, ...] = ("checkins", "outcomes")
ASKED = ("checkin_sent", "outcome_sent")  # the events of what was asked unasked
AT = time(12)  # local, on the day of a plan at the earliest


def plans_in(agreed: Mapping[str, Any]) -> list[Plan]:
    """The plans of a subscription, the earliest first."""
    plans = [
        Plan(kept["what"], date.fromisoformat(kept["on"]), kept.get("campaign")) for kept in agreed.get("plans", ())
    ]
    return sorted(plans, key=lambda plan: plan.on)


async def standing(read: AsyncConnection, conversation_id: str) -> list[Plan]:
    """Everything that the asker of this conversation is to be asked."""
    theirs = await subscriptions.standing(read, conversation_id)
    return [plan for kind in KINDS if kind in theirs for plan in plans_in(theirs[kind].agreed)]


async def agree(tx: Tx, conversation_id: str, kind: Kind, plans: Sequence[Plan], zone: ZoneInfo, now: datetime) -> None:
    """Keep new *plans*: a check-in in place of one about the same moment, outcomes in place of all older ones.

    An outcome goes with the campaign that counts now: it is told of when that no longer would.
    """
    before = (await subscriptions.standing(tx.connection, conversation_id)).get(kind)
    if kind == "outcomes":
        campaign = await _campaign(tx, conversation_id, now.astimezone(zone).date())
        kept = [replace(plan, campaign=campaign) for plan in plans]
    else:
        renewed = {plan.what for plan in plans}
        kept = [plan for plan in (plans_in(before.agreed) if before else ()) if plan.what not in renewed] + [*plans]
    await subscriptions.end(tx, conversation_id, kind)
    since = before.since if before else now
    await subscriptions.begin(
        tx,
        conversation_id,
        kind,
        since,
        due_at=_due_at(kept, zone),
        agreed={"plans": [_as_json(plan) for plan in kept]},
    )


async def stop(tx: Tx, conversation_id: str) -> None:
    """Ask nothing any more."""
    for kind in KINDS:
        await subscriptions.end(tx, conversation_id, kind)


async def last_asked_on(tx: Tx, conversation_id: str) -> date | None:
    """When the asker was last asked anything unasked; their row is held, so that no other process asks meanwhile."""
    await tx.execute(select(conversation.c.id).where(conversation.c.id == conversation_id).with_for_update())
    row = (
        await tx.execute(select(asker.c.last_events).where(asker.c.id == owner(conversation_id)).with_for_update())
    ).first()
    days = [row.last_events[kind] for kind in ASKED if kind in row.last_events] if row else []
    return max(map(date.fromisoformat, days), default=None)


async def take(
    tx: Tx, turn: Turn, left: Sequence[Plan], zone: ZoneInfo, *, put_off: datetime | None, listens_until: datetime
) -> bool:
    """Whether *turn* is ours; then the plans *left* are due in their time, none of them before *put_off*.

    Where none is left the consent stays until *listens_until* for the sake of the address, and ends by a last turn.
    """
    due_at = _due_at(left, zone) or listens_until
    if not await subscriptions.take(tx, turn, max(due_at, put_off) if put_off else due_at):
        return False
    agreed = {"plans": [_as_json(plan) for plan in left]}
    await subscriptions.begin(tx, turn.conversation_id, turn.kind, turn.due_at, due_at=None, agreed=agreed)
    return True


async def _campaign(tx: Tx, conversation_id: str, today: date) -> str | None:
    row = (
        await tx.execute(
            select(asker.c.last_campaign, asker.c.last_campaign_on).where(asker.c.id == owner(conversation_id))
        )
    ).one()
    counts = row.last_campaign_on is not None and today - row.last_campaign_on <= CAMPAIGN_COUNTS
    return row.last_campaign if counts else None


def _due_at(plans: Sequence[Plan], zone: ZoneInfo) -> datetime | None:
    return min((datetime.combine(plan.on, AT, zone) for plan in plans), default=None)


def _as_json(plan: Plan) -> dict[str, str]:
    return {"what": plan.what, "on": plan.on.isoformat(), **({"campaign": plan.campaign} if plan.campaign else {})}
