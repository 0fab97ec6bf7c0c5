"""`koppi check`: the store's promises, proven by SQL. Each violation is one line an operator can act on."""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select

from bot.profile import Retention
from bot.store import audit
from bot.store.engine import Store
from bot.store.erasure import ERASED_SENDER
from bot.store.retention import UNTIL_NEXT
from bot.store.schema import conversation, decision, inbox, message, outbox, quarantine, ticket

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
        broken_at = await audit.broken_at(read)
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
    first_in_line = (
        select(func.min(outbox.c.id)).where(waiting, ~outbox.c.is_broadcast).group_by(outbox.c.destination)
    )  # broadcasts wait for their hours
    before = outbox.alias()
    had_to_wait = exists().where(before.c.destination == outbox.c.destination, before.c.finished_at >= late)
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
            outbox.c.state == "queued", outbox.c.not_before < late, outbox.c.id.in_(first_in_line), ~had_to_wait
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
        "an open ticket without a question (ticket)": select(ticket.c.id).where(
            ticket.c.closed_at.is_(None),
            ticket.c.opened_at > texts_since,
            ~exists().where(and_(message.c.ticket_id == ticket.c.id, message.c.author == "asker")),
        ),
    }
