"""More open tickets than any page shows, in one go."""

from datetime import datetime, timedelta

from bot.store import schema
from bot.store.conversations import new_id
from bot.store.engine import Store

MANY = 205


async def stand_in_line(store: Store, now: datetime, *, role: str, account_id: str | None = None) -> None:
    """`MANY` tickets without a word in them, promised before any that is opened now; *account_id* has them all."""
    ids = [new_id() for _ in range(MANY)]
    seen = {"created_at": now, "last_seen_at": now, "last_events": {}}
    asker = {"alias": "Hiljainen Hiisi 111", "language": "fi", **seen}
    ticket = {"role": role, "account_id": account_id, "opened_at": now, "promised_at": now + timedelta(minutes=1)}
    async with store.write() as tx:
        await tx.execute(schema.asker.insert(), [{"id": id_, **asker} for id_ in ids])
        talk = {"channel": "web", "state": {}, "created_at": now}
        await tx.execute(schema.conversation.insert(), [{"id": id_, "asker_id": id_, **talk} for id_ in ids])
        await tx.execute(schema.ticket.insert(), [{"id": id_, "conversation_id": id_, **ticket} for id_ in ids])
