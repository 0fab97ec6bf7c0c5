"""The advisors' Telegram groups: what waits, who has taken it, whether a reply arrived; in step with the console.

Nothing is told because something happens, everything because of how the tickets stand: what a stopped service missed is
made up for when it runs again, and whatever changes a ticket, here, in the console or by time, needs no word to this.
A key makes each message one, however often and in however many processes one looks.
"""

import hashlib
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from admin import group_posts
from admin.house import House
from bot import staff_wording
from bot.dialogue import Button
from bot.store import chat_links, group_messages, outbox, tickets
from bot.store.engine import StoreUnavailable, Tx
from bot.store.group_messages import GroupMessage
from bot.store.tickets import Free, TicketRow

LOOK_AGAIN_SECONDS = 1.0
ANNOUNCE_LOCK = 77_0103
TAKE = Button("take", staff_wording.BUTTON_TAKE)

log = structlog.get_logger()


async def watch(house: House) -> None:
    """Keep the groups in step with the tickets until the service stops; without Telegram there is nothing to do."""
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
    """Queue all that the groups are to be told and haven't been; returns how many things there were to do."""
    async with house.store.read() as read:
        groups = await chat_links.linked(read, "advisors")
        if not groups or not (await _missing(read, groups) or await _has_news(read)):
            return 0
    try:
        async with house.store.write() as tx:
            await _one_at_a_time(tx)
            return await _catch_up(house, tx, house.clock())
    except IntegrityError:  # on PostgreSQL an asker is forgotten, or a group unlinked, meanwhile: nothing is written
        log.warning("posts_overtaken")
        return 0


async def _catch_up(house: House, tx: Tx, now: datetime) -> int:
    """Looked at again inside the lock: meanwhile a ticket may have been taken, erased or told of."""
    missing = await _missing(tx.connection, await chat_links.linked(tx.connection, "advisors"))
    for key, (ticket, group) in missing.items():
        await _post(house, tx, key, ticket, group, now)
    changed = await group_messages.out_of_step(tx.connection)
    for post in changed:
        await _bring_in_step(house, tx, post, now)
    replies = await group_messages.finished_replies(tx.connection)
    for reply, state, reason in replies:
        await _tell_whether_it_arrived(tx, reply, state, reason or "", now)
    left = await group_messages.left_behind(tx.connection)
    for message in left:
        await _remove(tx, message, now)
    return len(missing) + len(changed) + len(replies) + len(left)


async def _one_at_a_time(tx: Tx) -> None:
    """On SQLite every write is; on PostgreSQL two processes would both write the text of one post."""
    if tx.dialect == "postgresql":
        await tx.execute(select(func.pg_advisory_xact_lock(ANNOUNCE_LOCK)))


async def _has_news(read: AsyncConnection) -> bool:
    """Whether anything that is in the groups already has to change, to be answered or to go."""
    return bool(
        await group_messages.out_of_step(read)
        or await group_messages.finished_replies(read)
        or await group_messages.left_behind(read)
    )


async def _missing(read: AsyncConnection, groups: list[str]) -> dict[str, tuple[TicketRow, str]]:
    """The posts that ought to be in *groups* and aren't: by key, the ticket and the group to tell."""
    wanted = {_key(ticket, group): (ticket.id, group) for ticket in await tickets.free(read) for group in groups}
    told = await group_messages.there(read, set(wanted))
    untold = {key: to_tell for key, to_tell in wanted.items() if key not in told}
    rows = {row.id: row for row in await tickets.of_ids(read, list({id_ for id_, _ in untold.values()}))}
    return {key: (rows[id_], group) for key, (id_, group) in untold.items() if id_ in rows}


def _key(ticket: Free, group: str) -> str:
    """One post a group, and another when the ticket turns urgent or is opened again (and promised anew)."""
    promise = int(ticket.promised_at.timestamp())
    return f"announce:{ticket.id}:{group}:{promise}" + (":urgent" if ticket.urgent else "")


async def _post(house: House, tx: Tx, key: str, ticket: TicketRow, group: str, now: datetime) -> None:
    await _open_topic(house, tx, ticket, group, now)
    text = group_posts.post(house, ticket, now)
    post_id = await group_messages.add(
        tx,
        key=key,
        kind="post",
        chat_link_id=group,
        ticket_id=ticket.id,
        now=now,
        shown=_hash(text),
        ticket_version=ticket.version,
        heard=await group_messages.heard_in(tx.connection, ticket.id),
    )
    await outbox.add_notice(
        tx, key=key, text=text, chat_link_id=group, now=now, buttons=[TAKE], group_message_id=post_id
    )


async def _open_topic(house: House, tx: Tx, ticket: TicketRow, group: str, now: datetime) -> None:
    """Before a question's first post in a group that could have topics: one of its own, for all about it."""
    key = f"topic:{ticket.id}:{group}"
    if await group_messages.there(tx.connection, {key}):
        return
    if not await chat_links.is_supergroup(tx.connection, house.vault, group):
        return
    topic_id = await group_messages.add(tx, key=key, kind="topic", chat_link_id=group, ticket_id=ticket.id, now=now)
    await outbox.add_notice(
        tx,
        key=key,
        text=group_posts.topic(house, ticket),
        chat_link_id=group,
        now=now,
        group_message_id=topic_id,
        act="open",
    )


async def _bring_in_step(house: House, tx: Tx, post: GroupMessage, now: datetime) -> None:
    """Make *post* say how its ticket stands now; what the asker has added for whoever has taken it is told below it."""
    ticket = await tickets.get(tx.connection, post.ticket_id or "")
    if ticket is None:
        return
    is_latest = post.id == await group_messages.latest_post(tx.connection, ticket.id, post.chat_link_id)
    text = group_posts.post(house, ticket, now) if is_latest else group_posts.superseded(ticket)
    is_free = ticket.account_id is None and ticket.closed_at is None and is_latest
    if _hash(text) != post.shown and (post.external_id or is_latest):
        await outbox.add_notice(
            tx,
            key=f"{'edit' if post.external_id else 'again'}:{post.id}:{ticket.version}",
            text=text,
            chat_link_id=post.chat_link_id,
            now=now,
            buttons=[TAKE] if is_free else [],
            group_message_id=post.id,
            act="edit" if post.external_id else "send",
            target=post.external_id,
        )
    heard = await group_messages.heard_in(tx.connection, ticket.id)
    is_somebodys = ticket.account_id is not None and ticket.closed_at is None and is_latest
    if is_somebodys and heard > (post.heard or 0):
        await _tell_of_more(house, tx, post, ticket, heard, now)
    await group_messages.tells_now(tx, post.id, shown=_hash(text), version=ticket.version, heard=heard)


async def _tell_of_more(house: House, tx: Tx, post: GroupMessage, ticket: TicketRow, heard: int, now: datetime) -> None:
    """Say once that the asker has written, however many lines come while that is on its way."""
    key = f"more:{post.id}:"
    if not house.profile.texts_in_group and await group_messages.is_on_its_way(tx.connection, key):
        return
    new = [said.text for said in await tickets.thread(tx.connection, ticket.id) if said.author == "asker"]
    text = group_posts.more(house, ticket, new[post.heard or 0 :])
    await _say(tx, post, f"{key}{heard}", text, post.external_id, now)


async def _tell_whether_it_arrived(tx: Tx, reply: GroupMessage, state: str, reason: str, now: datetime) -> None:
    ticket = await tickets.get(tx.connection, reply.ticket_id or "")
    if ticket is not None:
        text = group_posts.arrival(ticket, state, reason)
        await _say(tx, reply, f"arrival:{reply.id}", text, reply.external_id, now)
    await group_messages.is_told(tx, reply.id)


async def _say(tx: Tx, about: GroupMessage, key: str, text: str, target: str | None, now: datetime) -> None:
    """A word of the bot's in the group, in reply to *target* there: who answers it answers the ticket, too."""
    word_id = await group_messages.add(
        tx, key=key, kind="word", chat_link_id=about.chat_link_id, ticket_id=about.ticket_id or "", now=now
    )
    await outbox.add_notice(
        tx, key=key, text=text, chat_link_id=about.chat_link_id, now=now, group_message_id=word_id, target=target
    )


async def _remove(tx: Tx, left: GroupMessage, now: datetime) -> None:
    """Have what is about somebody forgotten go from the group; a bot may, within two days or as a moderator."""
    is_topic = left.kind == "topic"
    await outbox.add_notice(
        tx,
        key=f"remove:{left.id}",
        text=staff_wording.TOPIC_REMOVED if is_topic else staff_wording.POST_REMOVED,
        chat_link_id=left.chat_link_id,
        now=now,
        act="drop" if is_topic else "delete",
        target=left.external_id,
    )
    await group_messages.forget(tx, left.id)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
