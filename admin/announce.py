"""Telling the advisors' Telegram groups that a question waits: whose, about what, how urgent; never the asker's words.

Looks for tickets that nobody has taken and no post has told of, so what a stopped service missed is made up for when it
runs again. A post's key makes it one, however often and in however many processes one looks.
"""

from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.house import House
from bot.channels.markup import escape_markdown
from bot.hours import moment_in_words
from bot.store import chat_links, outbox, tickets
from bot.store.engine import StoreUnavailable, Tx
from bot.store.schema import outbox as outbox_table
from bot.store.tickets import TicketRow

LOOK_AGAIN_SECONDS = 1.0
ANNOUNCE_LOCK = 77_0103
FOR_WHOM = {"sosiaaliohjaaja": "Sosiaaliohjaajalle", "tyovoimaneuvoja": "Työvoimaneuvojalle"}

log = structlog.get_logger()


async def watch(house: House) -> None:
    """Announce tickets as they are opened, until the service stops; without Telegram there is nothing to do."""
    if house.telegram is None:
        return
    is_linked = False
    with house.store.hub.subscribe(tickets.TOPIC) as news:
        while not house.store.hub.is_stopping:
            try:
                if not is_linked:
                    await link_group(house)
                    is_linked = True
                await announce(house)
            except StoreUnavailable:
                log.warning("store_unavailable", loop="announce")
            await news.wait(LOOK_AGAIN_SECONDS)


async def link_group(house: House) -> None:
    """Link the group of `KOPPI_ADVISOR_CHAT`, as if it had sent `/liita`."""
    if house.settings.advisor_chat is None:
        return
    group = str(house.settings.advisor_chat)
    async with house.store.write() as tx:
        await chat_links.link(tx, house.vault, purpose="advisors", address=group, now=house.clock())


async def announce(house: House) -> int:
    """Queue a post for each waiting ticket and linked group that has none yet; returns how many."""
    async with house.store.read() as read:
        if not await _missing(read):
            return 0
    async with house.store.write() as tx:
        await _one_at_a_time(tx)
        missing = await _missing(tx.connection)  # looked at again: it may have been taken, erased or told of meanwhile
        now = house.clock()
        for key, (ticket, chat) in missing.items():
            await outbox.add_notice(tx, key=key, text=post(house, ticket, now), chat_link_id=chat, now=now)
    return len(missing)


async def _one_at_a_time(tx: Tx) -> None:
    """On SQLite every write is; on PostgreSQL two processes would both write the text of one post."""
    if tx.dialect == "postgresql":
        await tx.execute(select(func.pg_advisory_xact_lock(ANNOUNCE_LOCK)))


async def _missing(read: AsyncConnection) -> dict[str, tuple[TicketRow, str]]:
    """The posts that ought to be there and aren't: by key, the ticket and the group to tell."""
    groups = await chat_links.linked(read, "advisors")
    waiting = [ticket for ticket in await tickets.queue(read) if ticket.account_id is None]
    wanted = {_key(ticket, group): (ticket, group) for ticket in waiting for group in groups}
    rows = await read.execute(select(outbox_table.c.key).where(outbox_table.c.key.in_(wanted)))
    told = {row.key for row in rows}
    return {key: told_to for key, told_to in wanted.items() if key not in told}


def _key(ticket: TicketRow, group: str) -> str:
    """One post a group, and another when the ticket turns urgent or is opened again (and promised anew)."""
    promise = int(ticket.promised_at.timestamp())
    return f"announce:{ticket.id}:{group}:{promise}" + (":urgent" if ticket.urgent else "")


def post(house: House, ticket: TicketRow, now: datetime) -> str:
    """What the group reads: Markdown without a word of the asker's."""
    what = "Kysymys jatkuu" if ticket.reopened_at else "Uusi kysymys"
    mark = "Kiireellinen. " if ticket.urgent else ""
    entry = house.bookshelf.current.library.get(ticket.topic) if ticket.topic else None
    topic = entry.text("fi")[0] if entry else "botti ei tunnistanut aihetta"
    promised = moment_in_words(
        ticket.promised_at.astimezone(house.hours.zone), now.astimezone(house.hours.zone).date(), "fi"
    )
    link = f"{house.settings.address}/console/tickets/{ticket.id}"
    return (
        f"**{mark}{what}: {escape_markdown(ticket.alias)}**\n"
        f"Aihe: {escape_markdown(topic)}\n"
        f"{FOR_WHOM[ticket.role]}, vastaus luvattu {escape_markdown(promised)}\n"
        f"{escape_markdown(link)}"
    )
