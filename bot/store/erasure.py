"""Erasing an asker at their wish: texts, address, tickets and posts about them. Counts without a name stay."""

from sqlalchemy import delete, select, update

from bot.store.engine import Tx
from bot.store.schema import address, asker, conversation, group_message, inbox, notice, outbox, quarantine, ticket
from bot.store.tickets import TOPIC as QUEUE

ERASED_SENDER = ""
TOPIC = "erased"


async def erase(tx: Tx, conversation_id: str) -> bytes | None:
    """Erase the asker of this conversation from every table; their sealed address, for one last word, or None.

    Rows that carry an asker go by the foreign keys' cascade; here goes what has no key to them.
    """
    found = (
        await tx.execute(
            select(conversation.c.asker_id, address.c.sealed)
            .join(address, conversation.c.address_id == address.c.id)
            .where(conversation.c.id == conversation_id)
            .with_for_update(of=conversation)  # before all that hangs on it, as everyone does
        )
    ).first()
    if found is None:
        return None
    lookups = select(address.c.lookup).where(address.c.asker_id == found.asker_id)
    await tx.execute(delete(quarantine).where(quarantine.c.sender.in_(lookups)))
    async with tx.patience():
        await tx.execute(
            update(inbox).where(inbox.c.sender.in_(lookups), inbox.c.state != "open").values(sender=ERASED_SENDER)
        )
    tickets = select(ticket.c.id).join(conversation).where(conversation.c.asker_id == found.asker_id)
    # What has been posted already is removed from the groups by whoever keeps them in step: these rows tell of it.
    posts = select(group_message.c.id).where(group_message.c.ticket_id.in_(tickets))
    of_posts = select(outbox.c.notice_id).where(outbox.c.group_message_id.in_(posts))
    await tx.execute(delete(notice).where(notice.c.id.in_(of_posts)))
    async with tx.patience():
        await tx.execute(delete(asker).where(asker.c.id == found.asker_id))
    await tx.bump(QUEUE)
    tx.touch(f"conversation:{conversation_id}")
    tx.touch(TOPIC)
    return bytes(found.sealed)
