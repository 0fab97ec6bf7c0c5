"""Sends the week's tip to who has subscribed: once each, in its week only, below every answer in priority.

Its moment is Tuesday afternoon, when the advisors are there for what it makes people ask, or the next one at which the
bot may write unasked. Made up for after a downtime within the same week; a week that is over is over. Who has a
question with a person gets it later in the week, and nobody soon after the bot saw danger in what they wrote.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import structlog
import yaml

from admin.house import House
from admin.reach.turns import take_each
from admin.summaries.due import monday_of
from bot import tips as looks
from bot.dialogue import Conversation
from bot.store import conversations, events, outbox, subscriptions, tips
from bot.store.engine import StoreUnavailable, Tx
from bot.store.outbox import OutboxItem
from bot.store.subscriptions import Turn
from bot.store.tips import Words
from knowledge.entry import LANGUAGES

SHIPPED = Path(__file__).parent / "tips.yaml"
AFTER_MONDAY = timedelta(days=1)
AT = time(15)
WEEK = timedelta(weeks=1)
BATCH = 10  # one after another; then whoever else writes has a moment
PAUSE_SECONDS = 0.02
WITH_A_PERSON = timedelta(days=1)
KEY = "tip"

log = structlog.get_logger()


def shipped(today: date) -> Sequence[tuple[date, Words, Words]]:
    """The tips that a new service begins with, as drafts: each in the next week of its number in the year."""
    this_monday = monday_of(today)
    mondays = [this_monday + weeks * WEEK for weeks in range(53)]
    placed = {monday.isocalendar().week: monday for monday in reversed(mondays)}
    written = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return [
        (
            placed[one["week"]],
            {language: one[language]["text"].strip() for language in LANGUAGES},
            {language: one[language]["question"] for language in LANGUAGES},
        )
        for one in written
    ]


async def ship(house: House) -> None:
    """Put them in where there have never been any."""
    now = house.clock()
    async with house.store.write() as tx:
        await tips.ship(tx, shipped(now.astimezone(house.hours.zone).date()), now)


def goes_at(house: House, monday: date) -> datetime | None:
    """When the tip of this week begins to go; None in a week without a moment for it."""
    unasked = house.profile.unasked(house.hours.zone)
    at = unasked.next_allowed(datetime.combine(monday + AFTER_MONDAY, AT, house.hours.zone))
    return at if monday_of(at.astimezone(house.hours.zone).date()) == monday else None


async def send_due(house: House) -> None:
    """Queue the week's tip for everybody whose turn it is."""
    try:
        await _send_due(house)
    except StoreUnavailable:
        log.warning("store_unavailable", loop="tips")


async def _send_due(house: House) -> None:
    unasked = house.profile.unasked(house.hours.zone)
    while not house.store.hub.is_stopping:
        now = house.clock()
        monday = monday_of(now.astimezone(house.hours.zone).date())
        begins = goes_at(house, monday)
        if begins is None or now < begins or not unasked.allows(now):
            break
        async with house.store.read() as read:
            is_there = await tips.of_week(read, monday) is not None
            turns = await subscriptions.due(read, "tips", now, limit=BATCH) if is_there else []
        if not turns:
            break
        await take_each(house, turns, lambda tx, turn: _send(house, tx, monday, turn, now), now)  # noqa: B023 - at once
        await house.store.hub.pause(PAUSE_SECONDS)


async def _send(house: House, tx: Tx, monday: date, turn: Turn, now: datetime) -> None:
    tip = await tips.of_week(tx.connection, monday)  # as it is now: it may have been changed meanwhile
    if tip is None:
        return
    talk = await conversations.get(tx.connection, turn.conversation_id)
    if talk is None:
        return
    later = _later(talk, now)
    next_week = datetime.combine(tip.monday + WEEK, time(), house.hours.zone)
    if not await subscriptions.take(tx, turn, later or next_week) or later is not None:
        return
    key = f"{KEY}:{tip.id}:{turn.asker_id}"
    if talk.language not in tip.texts or await outbox.has(tx, key):
        return
    if talk.channel == "web":
        await _take_back_the_last(tx, talk)
    words = looks.message(tip.id, tip.texts[talk.language], tip.questions[talk.language], talk.language)
    await outbox.add_unasked(tx, talk, words, key=key, now=now)


def _later(talk: Conversation, now: datetime) -> datetime | None:
    """Until when something weightier goes on."""
    if talk.state.is_after_danger(now):
        return talk.state.safety_until
    return now + WITH_A_PERSON if talk.ticket is not None else None


async def _take_back_the_last(tx: Tx, talk: Conversation) -> None:
    """A page shows all at once to who comes back after a month: of tips that nobody has said anything to, the last."""
    last = await outbox.last_broadcast_unanswered(tx, talk.id, KEY)
    if last is not None:
        await conversations.remove_message(tx, last)


async def record_delivery(house: House, tx: Tx, item: OutboxItem, now: datetime) -> None:
    """Count a tip that has arrived, for the figures."""
    kind, _, rest = item.key.partition(":")
    if kind != KEY:
        return
    talk = await conversations.get(tx.connection, item.destination)
    if talk is None:
        return
    tip_id = rest.partition(":")[0]
    around = events.Circumstances(now, house.hours, talk.channel, talk.language)
    await events.record(tx, talk.id, [events.Happening("tip_sent", tip_id)], around)
