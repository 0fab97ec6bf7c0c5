"""E-mail to advisors who asked for it: once a day when something waits, at once when an urgent question does.

Decided by how the tickets stand, not by what happens: what a stopped service missed is made up for, a digest on the
same day only. A row a day and account, or a key a ticket and account, lets each be sent once, whoever looks.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from admin import letters
from admin.house import House
from bot.channels.email import NAME as EMAIL
from bot.channels.email import post
from bot.store import email_wishes, outbox, tickets
from bot.store.email_wishes import Reader
from bot.store.engine import StoreUnavailable
from bot.store.tickets import TicketRow

LOOK_AGAIN_SECONDS = 20.0

log = structlog.get_logger()


async def watch(house: House) -> None:
    """Send what is due until the service stops; without a mail server there is nothing to do."""
    if house.settings.mail_server is None:
        return
    with house.store.hub.subscribe(tickets.TOPIC) as news:
        while not house.store.hub.is_stopping:
            try:
                await send_due(house)
            except StoreUnavailable:
                log.warning("store_unavailable", loop="digests")
            await news.wait(LOOK_AGAIN_SECONDS)


async def send_due(house: House) -> None:
    """Queue every e-mail whose time has come and that has not been queued yet."""
    now = house.clock()
    if house.hours.is_open(now):
        await _tell_of_urgent(house, now)
    local = now.astimezone(house.hours.zone)
    if house.hours.on(local.date()) is not None and local.time() >= house.profile.digest_at:
        await _send_digests(house, now)


async def _tell_of_urgent(house: House, now: datetime) -> None:
    async with house.store.read() as read:
        readers = await email_wishes.readers(read, "urgent")
        urgent = [ticket.id for ticket in await tickets.free(read) if ticket.urgent] if readers else []
        # Of an older one it may be forgotten that it was told of; the daily word goes on counting it.
        since = now - timedelta(days=house.profile.retention.traffic_days)
        found = await tickets.of_ids(read, urgent)
        waiting = [ticket for ticket in found if not ticket.awaits_asker and ticket.waiting_since > since]
        wanted = {_key(ticket, reader): (ticket, reader) for ticket in waiting for reader in readers}
        told = await outbox.there(read, set(wanted))
    for key, (ticket, reader) in wanted.items():
        if key in told:
            continue
        async with house.store.write() as tx:
            letter = letters.urgent(house, ticket, now)
            await post(
                tx,
                house.vault,
                letter,
                key=key,
                recipient=reader.account_id,
                sealed_address=reader.sealed_address,
                now=now,
            )


def _key(ticket: TicketRow, reader: Reader) -> str:
    """Another one when the ticket is opened again, and promised anew."""
    return f"urgent:{ticket.id}:{int(ticket.promised_at.timestamp())}:{reader.account_id}"


async def _send_digests(house: House, now: datetime) -> None:
    day = now.astimezone(house.hours.zone).date()
    async with house.store.read() as read:
        readers = await email_wishes.without_digest_of(read, day)
        waiting = await _waiting(read) if readers else []
    for reader in readers:
        free = [ticket for ticket in waiting if ticket.account_id is None and ticket.role == reader.role]
        own = [ticket for ticket in waiting if ticket.account_id == reader.account_id]
        async with house.store.write() as tx:
            if not await email_wishes.settle_digest(tx, reader.account_id, day) or not (free or own):
                continue
            # What the mail server did not take yesterday is no news any more.
            await outbox.withdraw_letters(tx, EMAIL, reader.account_id, of_key="digest:")
            await post(
                tx,
                house.vault,
                letters.digest(house, free, own, now),
                key=f"digest:{reader.account_id}:{day}",
                recipient=reader.account_id,
                sealed_address=reader.sealed_address,
                now=now,
            )


async def _waiting(read: AsyncConnection) -> Sequence[TicketRow]:
    """The open questions whose next word is ours."""
    return [ticket for ticket in await tickets.queue(read) if not ticket.awaits_asker]
