"""The page that Prometheus reads: what this process has counted, and what waits in the database at this moment.

Numbers by kind alone: no text, and nothing that refers to anybody.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.house import House
from bot import meters
from bot.store import inbox, outbox
from bot.store.engine import StoreUnavailable
from bot.store.schema import quarantine, ticket


async def page(house: House) -> bytes:
    """The page in Prometheus's text format. A database that is away is told of, and takes no count from it."""
    registry = CollectorRegistry()
    _show_process(registry, house)
    is_up = Gauge("koppi_database_up", "Whether the database can be read.", registry=registry)
    try:
        async with house.store.read() as read:
            await _show_waiting(registry, read, house.clock())
        is_up.set(1)
    except StoreUnavailable:
        is_up.set(0)
    return generate_latest(meters.REGISTRY) + generate_latest(registry)


def _show_process(registry: CollectorRegistry, house: House) -> None:
    entries = Gauge("koppi_faq_entries", "Entries of the FAQ in use.", registry=registry)
    entries.set(len(house.bookshelf.current.library.entries) if house.bookshelf.is_filled else 0)
    succeeded_at = house.telegram.health.succeeded_at if house.telegram else None
    if succeeded_at is not None:
        Gauge(
            "koppi_telegram_last_success_timestamp_seconds",
            "When Telegram last answered a poll of this process, or brought it an update.",
            registry=registry,
        ).set(succeeded_at.timestamp())


async def _show_waiting(registry: CollectorRegistry, read: AsyncConnection, now: datetime) -> None:
    def show(name: str, words: str, number: float, **labels: str) -> None:
        gauge = Gauge(name, words, list(labels), registry=registry)
        (gauge.labels(**labels) if labels else gauge).set(number)

    came = await inbox.backlog(read)
    show("koppi_inbox_open", "Updates that wait to be handled.", came.count)
    show("koppi_inbox_oldest_seconds", "How long the oldest of them has waited.", came.age(now))
    to_send = await outbox.backlog(read)
    show("koppi_outbox_waiting", "Messages to be sent that somebody waits for.", to_send.count)
    show("koppi_outbox_oldest_seconds", "How long the oldest of them has waited.", to_send.age(now))
    show("koppi_outbox_broadcasts", "Messages to be sent that nobody waits for.", await outbox.broadcasts_waiting(read))
    show(
        "koppi_quarantine_items", "Updates set aside and still kept.", await _count(read, quarantine.c.id.is_not(None))
    )
    is_open = ticket.c.closed_at.is_(None)
    is_waiting = is_open & ticket.c.replied_at.is_(None)
    show("koppi_tickets_open", "Questions passed on to a person and not closed.", await _count(read, is_open))
    show("koppi_tickets_waiting", "Those of them without a reply yet.", await _count(read, is_waiting))
    late = is_waiting & (ticket.c.promised_at < now)
    show("koppi_tickets_late", "Those of them whose promised time has passed.", await _count(read, late))


async def _count(read: AsyncConnection, which: ColumnElement[bool]) -> int:
    return int((await read.execute(select(func.count()).where(which))).scalar_one())
