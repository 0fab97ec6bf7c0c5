"""What did not get through: messages not delivered, and what came in unreadable. Never a text of theirs."""

from sqlalchemy import select
from starlette.responses import Response

from admin.console.visit import Visit
from bot.store.schema import message, outbox, quarantine

SHOWN = 200


async def page(visit: Visit) -> Response:
    """Both lists, newest first."""
    async with visit.house.store.read() as read:
        undelivered = await read.execute(
            select(
                outbox.c.id,
                outbox.c.channel,
                outbox.c.reason,
                outbox.c.attempts,
                outbox.c.finished_at,
                outbox.c.key.startswith("summary:").label("is_summary"),
                message.c.author,
            )
            .join(message, outbox.c.message_id == message.c.id, isouter=True)
            .where(outbox.c.state == "failed")
            .order_by(outbox.c.id.desc())
            .limit(SHOWN)
        )
        unreadable = await read.execute(
            select(quarantine.c.id, quarantine.c.channel, quarantine.c.reason, quarantine.c.received_at)
            .order_by(quarantine.c.id.desc())
            .limit(SHOWN)
        )
        return visit.render("troubles.html", undelivered=undelivered.all(), unreadable=unreadable.all())
