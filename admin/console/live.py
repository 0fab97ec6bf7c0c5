"""Server-sent events: the open page is told that something changed, and asks for itself anew.

A page carries the version of what it shows. The stream says which version there is now; a page that shows another one
looks again, so an event missed hides nothing and one too many does nothing.
"""

import json
from collections.abc import AsyncIterator
from contextlib import nullcontext

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response, StreamingResponse

from admin.console.front_door import TOKEN, cookie_name
from admin.console.visit import RANDOM_ID, Visit, not_found
from admin.house import House
from bot import bookshelf
from bot.store import revisions, sessions, tickets
from bot.store.presence import Presence
from bot.store.schema import conversation, revision_counter, ticket

HEARTBEAT_SECONDS = 15.0
SHARED_LOOK_SECONDS = 1.0


async def version(house: House, read: AsyncConnection, conversation_id: str | None = None) -> str:
    """Changes with the queue, the FAQ, the bot's knowledge of it, and the conversation, if one is named."""
    counters = await read.execute(
        select(revision_counter.c.topic, revision_counter.c.number).where(
            revision_counter.c.topic.in_((tickets.TOPIC, revisions.TOPIC))
        )
    )
    numbers = {row.topic: row.number for row in counters}
    parts = [numbers.get(tickets.TOPIC, 0), numbers.get(revisions.TOPIC, 0), house.bookshelf.number]
    if conversation_id is not None:
        said = await read.execute(select(conversation.c.version).where(conversation.c.id == conversation_id))
        parts.append(said.scalar() or 0)
    return ".".join(map(str, parts))


def queue_number(version: str) -> str:
    """Of a *version* what changes with the queue alone."""
    return version.partition(".")[0]


async def events(visit: Visit) -> Response:
    """The stream of the page that shows the queue, or of `?ticket=`; it ends with the session, or when we stop.

    `changed` with the version there is now; `presence` with who else has which ticket open, in words by ticket; of a
    ticket also `typing` while its asker writes, and `quiet` after it. Whoever listens to a ticket is present there.
    """
    conversation_id = None
    ticket_id = visit.request.query_params.get("ticket")
    if ticket_id is not None:
        if not visit.may("ticket") or not RANDOM_ID.fullmatch(ticket_id):
            raise not_found()
        async with visit.house.store.read() as read:
            found = await read.execute(select(ticket.c.conversation_id).where(ticket.c.id == ticket_id))
            conversation_id = found.scalar()
        if conversation_id is None:
            raise not_found()
    return event_stream(_stream(visit, conversation_id, ticket_id))


def event_stream(events: AsyncIterator[str]) -> Response:
    """*events* as they come, held up by no cache and no proxy."""
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def is_over(visit: Visit, read: AsyncConnection) -> bool:
    """Whether the visitor's session has ended since the page was asked for."""
    token = visit.request.cookies.get(cookie_name(visit.house), "")
    return not TOKEN.fullmatch(token) or await sessions.find(read, token, visit.house.clock()) is None


async def _stream(visit: Visit, conversation_id: str | None, ticket_id: str | None) -> AsyncIterator[str]:
    house, store = visit.house, visit.house.store
    topics = [tickets.TOPIC, revisions.TOPIC, bookshelf.TOPIC, sessions.TOPIC, Presence.TOPIC]
    if conversation_id is not None:
        topics.append(f"conversation:{conversation_id}")
    if ticket_id is not None:
        topics.append(Presence.topic(ticket_id))
    longest = SHARED_LOOK_SECONDS if store.is_shared else HEARTBEAT_SECONDS
    presence, seen, showed_writing, told = store.hub.presence, "", False, ""
    account = visit.account
    is_there = presence.open(ticket_id, account.id) if ticket_id is not None else nullcontext()
    yield "retry: 2000\n\n"
    with store.hub.subscribe(*topics) as news, is_there:
        while not store.hub.is_stopping:
            async with store.read(brief=True) as read:
                has_ended = await is_over(visit, read)
                now_at = await version(house, read, conversation_id)
            if has_ended:
                yield "event: ended\ndata: -\n\n"
                return
            if now_at != seen:
                yield f"event: changed\ndata: {now_at}\n\n"
                seen = now_at
                continue
            if ticket_id is not None:
                presence.looks(ticket_id, account.id, account.name, house.clock())
            if visit.may("ticket") and (present := json.dumps(visit.presence())) != told:
                yield f"event: presence\ndata: {present}\n\n"
                told = present
            writes = ticket_id is not None and presence.asker_writes(ticket_id, house.clock())
            if writes != showed_writing:
                yield f"event: {'typing' if writes else 'quiet'}\ndata: -\n\n"
                showed_writing = writes
            elif not await news.wait(min(longest, presence.seconds_left(house.clock()))):
                yield ": still here\n\n"
