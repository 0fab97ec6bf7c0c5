"""`koppi check`: the store's promises, proven by SQL. Each violation is one line an operator can act on."""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select

from admin.summaries import promises
from bot.profile import Retention
from bot.store import audit, tallying
from bot.store.engine import Store
from bot.store.erasure import ERASED_SENDER
from bot.store.retention import UNTIL_NEXT
from bot.store.schema import (
    conversation,
    decision,
    event,
    inbox,
    message,
    outbox,
    quarantine,
    tallied_day,
    tally,
    ticket,
)

DAYS_ADDED_UP = 3  # looked through event by event; of all others, how many they are
STUCK_AFTER = timedelta(minutes=10)

Violation = Select[tuple[object]]


async def violations(store: Store, now: datetime, kept: Retention | None = None) -> list[str]:
    """Every violation of the promises, in words; empty when nothing is lost, nothing doubled and the audit whole.

    *kept* is for how long what is there (default: as shipped): what went in its time is not lost.
    """
    found = []
    async with store.read() as read:
        for words, statement in _promises(now, kept or Retention()).items():
            ids = [str(row[0]) for row in await read.execute(statement.limit(20))]
            if ids:
                found.append(f"{words}: {', '.join(ids)}")
        found += await promises.violations(read, now, (kept or Retention()).traffic_days)
        differing = await tallying.differing(read, latest=DAYS_ADDED_UP)
        broken_at = await audit.broken_at(read)
    if differing:
        days = ", ".join(day.isoformat() for day in differing)
        found.append(f"figures of a day that aren't those of its events (tally): {days}")
    if broken_at is not None:
        found.append(f"a line was changed, or one before it is missing (audit): {broken_at}")
    return found


def _promises(now: datetime, kept: Retention) -> dict[str, Violation]:
    """What would be wrong, and the query that finds the rows for which it is."""
    late = now - STUCK_AFTER
    unread_since = now - timedelta(days=kept.quarantine_days) + UNTIL_NEXT
    texts_since = now - timedelta(days=kept.texts_at_most_days) + UNTIL_NEXT
    decided = exists().where(decision.c.inbox_id == inbox.c.id)
    replies = select(func.count()).where(outbox.c.inbox_id == decision.c.inbox_id).correlate(decision).scalar_subquery()
    # Behind a message that backs off the others wait rightly, and their turn comes when that one is finished.
    waiting = outbox.c.state.in_(("queued", "sending"))
    before = outbox.alias()
    first_in_line = (
        select(func.min(outbox.c.id))
        .where(waiting, ~outbox.c.is_broadcast)  # broadcasts wait for their hours
        .group_by(outbox.c.destination, outbox.c.is_urgent)
    )
    behind_urgent = exists().where(
        before.c.destination == outbox.c.destination,
        before.c.state.in_(("queued", "sending")),
        before.c.is_urgent,
        ~outbox.c.is_urgent,
    )
    had_to_wait = exists().where(before.c.destination == outbox.c.destination, before.c.finished_at >= late)
    events = select(func.count()).where(event.c.local_day == tallied_day.c.local_day)
    added_up = select(func.sum(tally.c.times)).where(
        tally.c.dimension == "all", tally.c.local_day == tallied_day.c.local_day
    )
    erased = ~exists().where(conversation.c.id == outbox.c.destination)
    return {
        "handled without a decision (inbox)": select(inbox.c.id).where(inbox.c.state == "done", ~decided),
        "decided but still open (inbox)": select(inbox.c.id).where(inbox.c.state == "open", decided),
        "quarantined without its bytes (inbox)": select(inbox.c.id).where(
            inbox.c.state == "quarantined",
            inbox.c.sender != ERASED_SENDER,  # an erased asker's bytes went with them
            inbox.c.handled_at > unread_since,  # and others' in their time
            ~exists().where(and_(quarantine.c.channel == inbox.c.channel, quarantine.c.key == inbox.c.key)),
        ),
        "open without a body (inbox)": select(inbox.c.id).where(inbox.c.state == "open", inbox.c.body.is_(None)),
        "a handled item keeps its body (inbox)": select(inbox.c.id).where(
            inbox.c.state != "open", inbox.c.body.is_not(None)
        ),
        "waiting to be handled for too long (inbox)": select(inbox.c.id).where(
            inbox.c.state == "open", inbox.c.received_at < late
        ),
        # An erased asker's replies go with them, so fewer than decided is only wrong while the message is there.
        "more replies than decided (inbox)": select(decision.c.inbox_id).where(replies > decision.c.replies),
        "a lease ran out and nobody took it (outbox)": select(outbox.c.id).where(
            outbox.c.state == "sending", outbox.c.lease_until < late
        ),
        "waiting to be sent for too long (outbox)": select(outbox.c.id).where(
            outbox.c.state == "queued",
            outbox.c.not_before < late,
            outbox.c.id.in_(first_in_line),
            ~behind_urgent,
            ~had_to_wait,
        ),
        "failed without a reason (outbox)": select(outbox.c.id).where(
            outbox.c.state == "failed", or_(outbox.c.reason.is_(None), outbox.c.reason == "")
        ),
        "a message for a conversation that is gone (outbox)": select(outbox.c.id).where(
            outbox.c.message_id.is_not(None), erased
        ),
        "a reply nobody will send (message)": select(message.c.id).where(
            message.c.author.in_(("bot", "advisor")), ~exists().where(outbox.c.message_id == message.c.id)
        ),
        "a day that has got events since it was added up (tallied_day)": select(tallied_day.c.local_day).where(
            tallied_day.c.local_day < now.date() - timedelta(days=2),  # a late one is made up for the next night
            tallied_day.c.events != events.correlate(tallied_day).scalar_subquery(),
        ),
        "a day whose figures aren't all there (tallied_day)": select(tallied_day.c.local_day).where(
            tallied_day.c.events != func.coalesce(added_up.correlate(tallied_day).scalar_subquery(), 0)
        ),
        "an open ticket without a question (ticket)": select(ticket.c.id).where(
            ticket.c.closed_at.is_(None),
            ticket.c.opened_at > texts_since,
            ~exists().where(and_(message.c.ticket_id == ticket.c.id, message.c.author == "asker")),
        ),
    }
