"""The loops of the service in one place: handle what came in, keep promises; each ends when the service stops."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from bot import wording
from bot.hours import OpeningHours, moment_in_words
from bot.service import Service
from bot.store import conversations, erasure, events, inbox, outbox, tickets
from bot.store.engine import StatementCancelled, Store, StoreUnavailable, Tx
from bot.store.inbox import InboxItem
from bot.store.tickets import TicketRow
from knowledge import words_in_memory

AT_ONCE = 4  # items of different senders, whose decisions are then committed together
LOOK_AGAIN_SECONDS = 1.0
PROMISES_EVERY_SECONDS = 20.0
PROMISE_IS_CLOSE = timedelta(minutes=30)
REWRITTEN_EVERY_SECONDS = 60.0
WORDS_FORGOTTEN_EVERY_SECONDS = 60.0

log = structlog.get_logger()

Clock = Callable[[], datetime]


async def handle_inbox(store: Store, service: Service, clock: Clock) -> None:
    """Handle inbox items until the service stops; one bad item delays nobody but its sender."""
    with store.hub.subscribe(inbox.TOPIC) as news:
        while not store.hub.is_stopping:
            try:
                handled = await handle_ready(store, service, clock)
            except StoreUnavailable:
                log.warning("store_unavailable", loop="inbox")
                await store.hub.pause(LOOK_AGAIN_SECONDS)
                continue
            if not handled:
                await news.wait(LOOK_AGAIN_SECONDS)


async def handle_ready(store: Store, service: Service, clock: Clock) -> int:
    """Handle the oldest open item of each sender once; returns how many there were."""
    async with store.read(brief=True) as read:
        items = await inbox.ready(read, clock())
    for first in range(0, len(items), AT_ONCE):
        if store.hub.is_stopping:
            break
        outcomes = await asyncio.gather(
            *(_handle(store, service, item, clock) for item in items[first : first + AT_ONCE]), return_exceptions=True
        )
        for error in outcomes:
            if error is not None:
                raise error
    return len(items)


async def _handle(store: Store, service: Service, item: InboxItem, clock: Clock) -> None:
    with bound_contextvars(inbox=item.id):
        await _try(store, service, item, clock)


async def _try(store: Store, service: Service, item: InboxItem, clock: Clock) -> None:
    try:
        await service.handle(item, clock())
        log.info("handled", channel=item.channel, attempt=item.attempts + 1)
    except Exception as error:
        if isinstance(error, StoreUnavailable) and not isinstance(error, StatementCancelled):
            raise
        # The last resort of the loop: only ids and the error's kind, never its message, which may quote the asker.
        log.error("handling_failed", item=item.id, attempt=item.attempts + 1, fault=type(error).__name__)
        async with store.write() as tx:
            again = await inbox.postpone(tx, item, clock())
        if not again:
            await service.apologise(item, clock())


async def keep_promises(store: Store, hours: OpeningHours, clock: Clock) -> None:
    """Tell an asker once before the promised time passes without an answer, and once when it has, until we stop."""
    while not store.hub.is_stopping:
        try:
            await tell_of_close_promises(store, hours, clock())
            await tell_of_slipped_promises(store, hours, clock())
        except StoreUnavailable:
            log.warning("store_unavailable", loop="promises")
        await store.hub.pause(PROMISES_EVERY_SECONDS)


async def clean_up_after_erasures(store: Store) -> None:
    """Write SQLite's file anew within a minute after somebody was erased, until the service stops.

    An erasure that comes less than a minute after another waits: meanwhile everybody's writes do.
    """
    with store.hub.subscribe(erasure.TOPIC) as news:
        while not store.hub.is_stopping:
            if not await news.wait(LOOK_AGAIN_SECONDS) or store.hub.is_stopping:
                continue
            try:
                await store.rewrite()
            except StoreUnavailable:
                log.warning("store_unavailable", loop="erasures")  # the night's rewriting makes up for it
            await store.hub.pause(REWRITTEN_EVERY_SECONDS)


async def forget_words(store: Store) -> None:
    """Forget what is remembered of words when somebody is erased, until the service stops.

    And once a minute: another process may have erased them.
    """
    with store.hub.subscribe(erasure.TOPIC) as news:
        while not store.hub.is_stopping:
            await news.wait(WORDS_FORGOTTEN_EVERY_SECONDS)
            words_in_memory.forget()


async def tell_of_close_promises(store: Store, hours: OpeningHours, now: datetime) -> int:
    """Tell the askers whose promise is about to be missed, once each; returns how many.

    The queue shows what was promised soonest first, so their tickets stand at its front, after urgent ones.
    """
    async with store.write() as tx:
        told = 0
        for ticket in await tickets.close_to_slipping(tx, now, PROMISE_IS_CLOSE):
            key = f"close:{ticket.id}:{ticket.promised_at.isoformat()}"
            if not await outbox.has(tx, key):
                await _tell_of_promise(tx, hours, ticket, wording.PROMISE_CLOSE, key, now)
                told += 1
        if told:
            await tx.bump(tickets.TOPIC)
    return told


async def tell_of_slipped_promises(store: Store, hours: OpeningHours, now: datetime) -> int:
    """Release the claims of tickets whose promise has passed and tell their askers; returns how many."""
    async with store.write() as tx:
        late = await tickets.slip(tx, now)
        for ticket in late:
            key = f"slipped:{ticket.id}:{ticket.promised_at.isoformat()}"
            await _tell_of_promise(tx, hours, ticket, wording.PROMISE_SLIPPED, key, now)
            around = events.Circumstances(now, hours, ticket.channel, ticket.language)
            await events.record(tx, ticket.conversation_id, [events.Happening("promise_missed", ticket.topic)], around)
    return len(late)


async def _tell_of_promise(
    tx: Tx, hours: OpeningHours, ticket: TicketRow, sentence: str, key: str, now: datetime
) -> None:
    today = now.astimezone(hours.zone).date()
    promised = moment_in_words(ticket.promised_at.astimezone(hours.zone), today, ticket.language)
    text = wording.say(ticket.language, sentence, promise=promised)
    message_id = await conversations.add_message(tx, ticket.conversation_id, "bot", text, now)
    await outbox.add_to_ticket(tx, ticket, key=key, message_id=message_id, now=now)
