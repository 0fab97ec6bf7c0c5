"""What askers have agreed to be asked, queued when it is due: once each, in the hours for it, one a fortnight."""

from datetime import datetime

import structlog

from admin.house import House
from admin.reach.turns import take_each
from bot import checkins
from bot.checkins import LISTENS_FOR, PutOff
from bot.store import checkins as plans
from bot.store import conversations, events, outbox, subscriptions
from bot.store.engine import StoreUnavailable, Tx
from bot.store.subscriptions import Turn

AT_ONCE = 200  # of a kind, a tick: after a long downtime the rest comes with the next ones

log = structlog.get_logger()


async def send_due(house: House) -> None:
    """Queue what is due; when the database is away, the next tick does."""
    now = house.clock()
    if not house.profile.unasked(house.hours.zone).allows(now):
        return
    try:
        for kind in plans.KINDS:
            async with house.store.read() as read:
                turns = await subscriptions.due(read, kind, now, limit=AT_ONCE)
            await take_each(house, turns, lambda tx, turn: take_turn(house, tx, turn, now), now)
    except StoreUnavailable:
        log.warning("store_unavailable", loop="checkins")


async def take_turn(house: House, tx: Tx, turn: Turn, now: datetime) -> bool:
    """Whether the message of *turn* was queued; else it is put off, or nothing is left to ask."""
    zone = house.hours.zone
    today = now.astimezone(zone).date()
    last = await plans.last_asked_on(tx, turn.conversation_id)
    talk = await conversations.get(tx.connection, turn.conversation_id)
    standing = (await subscriptions.standing(tx.connection, turn.conversation_id)).get(turn.kind)
    if talk is None or standing is None:  # erased or ended since it was looked up
        return False
    left = plans.plans_in(standing.agreed)
    ripe = [plan for plan in left if plan.on <= today]
    if not left:
        if await subscriptions.take(tx, turn, None):
            await subscriptions.end(tx, turn.conversation_id, turn.kind)
        return False
    put_off = None
    plan = ripe[-1] if ripe else None  # of several that a downtime has gathered, the latest
    fate = checkins.fate(turn.kind, plan, talk, last, now, today) if plan else "ask"
    if isinstance(fate, PutOff):
        put_off = fate.until
    else:
        left = [plan for plan in left if plan not in ripe]
    is_ours = await plans.take(tx, turn, left, zone, put_off=put_off, listens_until=now + LISTENS_FOR)
    if not is_ours or plan is None or fate != "ask":
        return False
    reply = checkins.question(turn.kind, plan, talk, now)
    key = f"{turn.kind}:{plan.on}:{plan.what}:{talk.id}"
    is_new = await outbox.add_unasked(tx, talk, reply, key=key, now=now)
    kind = "outcome_sent" if turn.kind == "outcomes" else "checkin_sent"
    around = events.Circumstances(now, house.hours, talk.channel, talk.language)
    await events.record(tx, talk.id, [events.Happening(kind, plan.what, campaign=plan.campaign)], around)
    return is_new
