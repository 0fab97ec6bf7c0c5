"""What is to be sent: leased, tried, retried, and finished for good. Each destination's order is kept.

States: queued → sending (leased) → sent, or failed with a reason, or queued again for later.
A lease that ran out means a process died while sending: the message may have arrived, so the next try is *uncertain*.
What nobody waits for, a *broadcast*, goes after all else: in its chat, and where there is little room.
The reply to a danger is *urgent*: it goes before all else that waits in its chat, which keeps its order behind it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Executable,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import meters
from bot.dialogue import Button, Conversation, Reply
from bot.signature import signature
from bot.store import conversations
from bot.store.backlog import Backlog
from bot.store.engine import Tx, insert_once
from bot.store.schema import (
    account,
    address,
    asker,
    chat_link,
    conversation,
    group_message,
    message,
    notice,
    outbox,
    ticket,
)
from bot.store.tickets import TOPIC as QUEUE
from bot.store.tickets import TicketRow

Act = Literal["send", "file", "edit", "delete", "answer", "open", "drop", "picture"]

LEASE = timedelta(seconds=30)
UNCERTAIN_PAUSE = timedelta(seconds=30)
TOPIC = "outbox"
JOINED = "joined"  # begins the key of the line that an advisor has come
REPLY = "reply"  # begins that of what an advisor wrote
PERHAPS = "perhaps delivered"  # begins the reason of what failed and may have arrived
STOPPED_TWICE = f"{PERHAPS}: the service stopped while sending it, twice"


def is_waiting(items: FromClause) -> ColumnElement[bool]:
    """Whether an item is still to go, or on its way: as literals, since SQLite matches no bound value to an index of
    few rows, and would look through all that was ever sent.
    """
    return items.c.state.in_([literal_column("'queued'"), literal_column("'sending'")])


def _due(is_first_in_line: ColumnElement[bool]) -> Select[Any]:
    """The items that may be sent now to these channels, with all that sending needs."""
    topic = group_message.alias()
    thread = (
        select(topic.c.external_id)
        .where(
            topic.c.kind == "topic",
            topic.c.ticket_id == group_message.c.ticket_id,
            topic.c.chat_link_id == group_message.c.chat_link_id,
        )
        .limit(1)
        .correlate(group_message)
        .scalar_subquery()
    )
    return (
        select(
            outbox,
            thread.label("thread"),
            message.c.text.label("said"),
            func.coalesce(message.c.buttons, notice.c.buttons).label("buttons"),
            message.c.author,
            notice.c.text.label("told"),
            func.coalesce(outbox.c.sealed_address, address.c.sealed, chat_link.c.sealed).label("sealed"),
        )
        .join(message, outbox.c.message_id == message.c.id, isouter=True)
        .join(notice, outbox.c.notice_id == notice.c.id, isouter=True)
        .join(conversation, message.c.conversation_id == conversation.c.id, isouter=True)
        .join(address, conversation.c.address_id == address.c.id, isouter=True)
        .join(chat_link, outbox.c.destination == chat_link.c.id, isouter=True)
        .join(group_message, outbox.c.group_message_id == group_message.c.id, isouter=True)
        .where(is_first_in_line, _IS_OURS_TO_SEND, _IS_ITS_TURN)
        .order_by(outbox.c.id)
        .limit(bindparam("at_most"))
        .with_for_update(skip_locked=True, of=outbox)
    )


_IS_ITS_TURN = or_(
    and_(outbox.c.state == "queued", outbox.c.not_before <= bindparam("now")),
    and_(outbox.c.state == "sending", outbox.c.lease_until < bindparam("now")),
)
_IS_OURS_TO_SEND = outbox.c.channel.in_(bindparam("channels", expanding=True))
_EARLIER = outbox.alias()


def _is_there_before(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(which, _EARLIER.c.destination == outbox.c.destination, is_waiting(_EARLIER))


# Built once: see `inbox`. The oldest unfinished item of each destination is its first in line: the others wait behind
# it, whatever their own time. What is urgent stands in a line of its own, which the other waits for. Broadcasts stand
# in a third, which waits for both, and while a person has the asker's question.
_IS_FIRST_IN_LINE = and_(
    outbox.c.id.in_(
        select(func.min(outbox.c.id))
        .where(is_waiting(outbox), outbox.c.is_broadcast == false())
        .group_by(outbox.c.destination, outbox.c.is_urgent)
    ),
    or_(
        outbox.c.is_urgent == true(),
        ~_is_there_before(and_(_EARLIER.c.is_broadcast == false(), _EARLIER.c.is_urgent == true())),
    ),
)
_IS_WITH_A_PERSON = exists().where(ticket.c.conversation_id == outbox.c.destination, ticket.c.closed_at.is_(None))
_IS_FIRST_BROADCAST = and_(
    outbox.c.is_broadcast == true(),
    is_waiting(outbox),
    ~_IS_WITH_A_PERSON,
    ~_is_there_before(_EARLIER.c.is_broadcast == false()),
    ~_is_there_before(and_(_EARLIER.c.is_broadcast == true(), _EARLIER.c.id < outbox.c.id)),
)
_DUE = _due(_IS_FIRST_IN_LINE)
_DUE_BROADCASTS = _due(_IS_FIRST_BROADCAST)
_WAITS_UNTIL = func.coalesce(outbox.c.lease_until, outbox.c.not_before)
_NEXT_TURN = select(
    select(_WAITS_UNTIL)
    .where(_IS_FIRST_IN_LINE, _IS_OURS_TO_SEND)
    .order_by(_WAITS_UNTIL)
    .limit(1)
    .scalar_subquery()
    .label("at"),
    exists().where(_IS_FIRST_BROADCAST, _IS_OURS_TO_SEND, _IS_ITS_TURN).label("has_broadcast"),
)

_IS_AWAITED = and_(is_waiting(outbox), outbox.c.is_broadcast == false())
_BACKLOG = select(func.count(), func.min(outbox.c.queued_at)).where(_IS_AWAITED)
_OVERDUE_SINCE = select(func.min(outbox.c.not_before)).where(_IS_AWAITED)
_BROADCASTS_WAITING = select(func.count()).where(is_waiting(outbox), outbox.c.is_broadcast == true())

_IS_BEHIND = exists().where(
    _EARLIER.c.destination == bindparam("behind_in"),
    _EARLIER.c.is_broadcast == false(),
    _EARLIER.c.is_urgent >= bindparam("behind_urgent", type_=Boolean()),  # behind its likes, or behind all
    is_waiting(_EARLIER),
)
_LEASE = (
    update(outbox)
    .where(outbox.c.id == bindparam("item_id"))
    .values(
        state="sending",
        lease_until=bindparam("until"),
        attempts=outbox.c.attempts + 1,
        uncertain=or_(outbox.c.uncertain, outbox.c.state == "sending"),
    )
)
_SPEAKERS = (
    select(message.c.id, account.c.role, account.c.shown_name, asker.c.language)
    .join(account, message.c.account_id == account.c.id)
    .join(conversation, message.c.conversation_id == conversation.c.id)
    .join(asker, conversation.c.asker_id == asker.c.id)
    .where(message.c.id.in_(bindparam("message_ids", expanding=True)))
)
_FINISH = update(outbox).where(
    outbox.c.id == bindparam("item_id"), outbox.c.state == "sending", outbox.c.attempts == bindparam("attempt")
)


@dataclass(frozen=True)
class OutboxItem:
    """One message to send, with all that sending needs.

    Attributes
        message_id: of a conversation's message; None for a notice.
        group_message_id: of what stands, or is to stand, in an advisors' group about a ticket.
        act, target, thread: see `Sendable`.
        text: what to say, or None when it has been erased meanwhile.
        signature: see `Sendable`.
        sealed_address: where to, sealed; None when it has been erased meanwhile.
        address: the same, where whoever queued it has just heard from there.
        is_direct_reply: whether it is the first reply to something somebody said, or what an advisor has just done.
        is_broadcast: whether nobody waits for it.
        key: what it is, of what was leased in its turn.
        inbox_id: of what it is a reply to.
        uncertain: whether an earlier try may have arrived without our knowing.
        leased_until: from then on it is another's to send.
    """

    id: int
    channel: str
    destination: str
    message_id: int | None
    text: str | None
    buttons: list[dict[str, str]]
    sealed_address: bytes | None
    is_direct_reply: bool
    attempts: int
    uncertain: bool
    queued_at: datetime
    leased_until: datetime
    group_message_id: int | None = None
    act: Act = "send"
    target: str | None = None
    thread: str | None = None
    is_broadcast: bool = False
    key: str = ""
    inbox_id: int | None = None
    signature: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Turn:
    """*at*: when the next waiting item may be tried, None when none waits; *has_broadcast*: whether one may go now."""

    at: datetime | None
    has_broadcast: bool


async def add_message(
    tx: Tx,
    *,
    key: str,
    message_id: int,
    conversation_id: str,
    channel: str,
    now: datetime,
    inbox_id: int | None = None,
    ordinal: int | None = None,
    act: Act = "send",
    is_broadcast: bool = False,
    is_urgent: bool = False,
) -> bool:
    """Queue a conversation's message; False when *key* is queued or sent already."""
    return await _add(
        tx,
        key=key,
        message_id=message_id,
        destination=conversation_id,
        channel=channel,
        now=now,
        inbox_id=inbox_id,
        ordinal=ordinal,
        act=act,
        is_broadcast=is_broadcast,
        is_urgent=is_urgent,
    )


async def add_unasked(tx: Tx, talk: Conversation, reply: Reply, *, key: str, now: datetime) -> bool:
    """Say in *talk* what its asker has agreed to get; False when *key* is queued or sent already."""
    message_id = await conversations.add_message(tx, talk.id, "bot", reply.text, now, buttons=reply.buttons)
    return await add_message(
        tx,
        key=key,
        message_id=message_id,
        conversation_id=talk.id,
        channel=talk.channel,
        now=now,
        is_broadcast=True,
    )


async def add_to_ticket(tx: Tx, ticket: TicketRow, *, key: str, message_id: int, now: datetime) -> None:
    """Queue a message for the asker of *ticket*, and let open pages look again."""
    await add_message(
        tx,
        key=key,
        message_id=message_id,
        conversation_id=ticket.conversation_id,
        channel=ticket.channel,
        now=now,
    )
    await conversations.changed(tx, ticket.conversation_id)


async def add_notice(
    tx: Tx,
    *,
    key: str,
    text: str,
    chat_link_id: str,
    now: datetime,
    buttons: Sequence[Button] = (),
    group_message_id: int | None = None,
    act: Act = "send",
    target: str | None = None,
) -> bool:
    """Queue *text* for a linked Telegram chat of the people behind the service; False when *key* is there already.

    *act* and *target*: see `Sendable`. A button's data names the *group_message_id*.
    """
    if await has(tx, key):
        return False
    return await _add(
        tx,
        key=key,
        notice_id=await _write_notice(tx, text, now, buttons),
        group_message_id=group_message_id,
        act=act,
        target=target,
        destination=chat_link_id,
        channel="telegram",
        now=now,
    )


async def add_last_word(
    tx: Tx, *, key: str, text: str, channel: str, sealed_address: bytes, now: datetime, act: Act = "send"
) -> bool:
    """Queue *text* to an address that stands nowhere else any more; it is forgotten as soon as it has been said."""
    return await _add(
        tx,
        key=key,
        notice_id=await _write_notice(tx, text, now),
        destination=key[:32],
        channel=channel,
        sealed_address=sealed_address,
        act=act,
        now=now,
    )


async def add_letter(
    tx: Tx,
    *,
    key: str,
    sealed_text: str,
    channel: str,
    destination: str,
    sealed_address: bytes,
    now: datetime,
    picture: str | None = None,
) -> bool:
    """Queue what only its channel can read, to an address that is forgotten as soon as it has been tried for good.

    *destination*: the id of whom or what it is for; *picture*: what is drawn to go along. False when *key* is there
    already.
    """
    if await has(tx, key):
        return False
    return await _add(
        tx,
        key=key,
        notice_id=await _write_notice(tx, sealed_text, now),
        destination=destination,
        channel=channel,
        sealed_address=sealed_address,
        act="picture" if picture else "send",
        target=picture,
        now=now,
    )


async def withdraw_letters(tx: Tx, channel: str, destination: str, *, of_key: str = "") -> None:
    """Let nothing go out any more that is queued on *channel* for *destination*; what is on its way goes on.

    *of_key*: how the keys of those begin that are meant.
    """
    queued = select(outbox.c.notice_id).where(
        outbox.c.channel == channel,
        outbox.c.destination == destination,
        outbox.c.state == "queued",
        outbox.c.key.startswith(of_key, autoescape=True),
    )
    await tx.execute(delete(notice).where(notice.c.id.in_(queued)))


async def _write_notice(tx: Tx, text: str, now: datetime, buttons: Sequence[Button] = ()) -> int:
    shown = [asdict(button) for button in buttons]
    inserted = await tx.execute(notice.insert().values(text=text, buttons=shown, created_at=now).returning(notice.c.id))
    return int(inserted.scalar_one())


async def _add(tx: Tx, *, now: datetime, **values: object) -> bool:
    row = {"state": "queued", "act": "send", "attempts": 0, **_as_new(now), **values}
    tx.touch(TOPIC)
    return await tx.insert_once(outbox, row) is not None


def _as_new(now: datetime) -> dict[str, object]:
    return {"uncertain": False, "is_broadcast": False, "is_urgent": False, "not_before": now, "queued_at": now}


async def has(tx: Tx, key: str) -> bool:
    """Whether *key* is queued or sent already."""
    return (await tx.execute(select(outbox.c.id).where(outbox.c.key == key))).first() is not None


async def there(read: AsyncConnection, keys: set[str]) -> set[str]:
    """Which of *keys* are queued or sent already."""
    return set((await read.execute(select(outbox.c.key).where(outbox.c.key.in_(keys)))).scalars())


async def try_again(
    tx: Tx, failed_id: int, *, message_id: int, conversation_id: str, channel: str, now: datetime
) -> bool:
    """Queue a message anew whose latest delivery is *failed_id*, which failed; False when it isn't, or did not."""
    latest = select(outbox.c.id, outbox.c.state).where(outbox.c.message_id == message_id).order_by(outbox.c.id.desc())
    row = (await tx.execute(latest.limit(1))).first()
    if row is None or row.id != failed_id or row.state != "failed":
        return False
    return await add_message(
        tx,
        key=f"again:{failed_id}",
        message_id=message_id,
        conversation_id=conversation_id,
        channel=channel,
        now=now,
    )


async def lease(tx: Tx, now: datetime, *, channels: list[str], limit: int, broadcasts: int = 0) -> list[OutboxItem]:
    """Up to *limit* items whose turn it is, now ours to send until their lease ends: oldest first, never two of
    one destination. Broadcasts only where there would be fewer than *broadcasts* without them, and up to so many.
    """
    if limit <= 0:
        return []
    rows = list(await tx.execute(_DUE, {"now": now, "channels": channels, "at_most": limit}))
    if len(rows) < broadcasts:
        left = broadcasts - len(rows)
        rows += await tx.execute(_DUE_BROADCASTS, {"now": now, "channels": channels, "at_most": left})
    for row in [row for row in rows if _was_repeated(row)]:
        await tx.execute(
            update(outbox)
            .where(outbox.c.id == row.id)
            .values(state="failed", finished_at=now, lease_until=None, sealed_address=None, reason=STOPPED_TWICE)
        )
        tx.after(meters.deliveries.labels(row.channel, "failed").inc)
        tx.touch(TOPIC)
        await tx.bump(QUEUE)
    rows = [row for row in rows if not _was_repeated(row)]
    if rows:
        await tx.execute(_LEASE, [{"item_id": row.id, "until": now + LEASE} for row in rows])
    signatures = await _signatures(tx, [row.message_id for row in rows if row.author == "advisor"])
    return [
        OutboxItem(
            id=row.id,
            channel=row.channel,
            destination=row.destination,
            message_id=row.message_id,
            text=row.said if row.message_id is not None else row.told,
            buttons=row.buttons or [],
            sealed_address=row.sealed,
            is_direct_reply=row.ordinal == 0 or row.key.startswith((f"{JOINED}:", f"{REPLY}:")),
            attempts=row.attempts + 1,
            uncertain=row.uncertain or row.state == "sending",
            queued_at=row.queued_at,
            leased_until=now + LEASE,
            group_message_id=row.group_message_id,
            act=row.act,
            target=row.target,
            thread=row.thread,
            is_broadcast=row.is_broadcast,
            key=row.key,
            inbox_id=row.inbox_id,
            signature=signatures.get(row.message_id),
        )
        for row in rows
    ]


async def _signatures(tx: Tx, message_ids: list[int]) -> dict[int, str]:
    """Whose each of these messages of advisors is, in its asker's language."""
    if not message_ids:
        return {}
    rows = await tx.execute(_SPEAKERS, {"message_ids": message_ids})
    return {row.id: signature(row.language, row.role, row.shown_name) for row in rows}


async def add_reply(
    tx: Tx,
    *,
    key: str,
    message_id: int,
    text: str,
    buttons: Sequence[Button],
    conversation_id: str,
    channel: str,
    inbox_id: int | None,
    act: Act,
    address: str,
    now: datetime,
    is_urgent: bool = False,
) -> OutboxItem | None:
    """Queue the first reply to an inbox item as `add_message` does, and lease it: ours to send right after the commit.

    None, and it is only queued, when something else that somebody waits for is still to go there: order comes before
    speed. The reply to a danger waits for such another alone.
    """
    until = now + LEASE
    row = {
        "key": key,
        "message_id": message_id,
        "destination": conversation_id,
        "channel": channel,
        "inbox_id": inbox_id,
        "ordinal": 0,
        "act": act,
        "behind_in": conversation_id,
        "behind_urgent": is_urgent,
        "until": until,
        **_as_new(now),
        "is_urgent": is_urgent,
    }
    added = (await tx.execute(_add_leased(tx.dialect), row)).first()
    if added is None or added.state != "sending":
        tx.touch(TOPIC)
        return None
    return OutboxItem(
        id=added.id,
        channel=channel,
        destination=conversation_id,
        message_id=message_id,
        text=text,
        buttons=[asdict(button) for button in buttons],
        sealed_address=None,
        is_direct_reply=True,
        attempts=1,
        uncertain=False,
        queued_at=now,
        leased_until=until,
        act=act,
        inbox_id=inbox_id,
        address=address,
    )


@cache
def _add_leased(dialect: str) -> Executable:
    """The same row, leased unless something waits before it. Built once: see `inbox`."""
    return (
        insert_once(dialect, outbox)
        .values(
            state=case((_IS_BEHIND, "queued"), else_="sending"),
            lease_until=case((_IS_BEHIND, null()), else_=bindparam("until")),
            attempts=case((_IS_BEHIND, 0), else_=1),
        )
        .returning(outbox.c.state)
    )


async def sent(tx: Tx, item: OutboxItem, external_id: str | None, now: datetime) -> bool:
    """Record that *item* has arrived; False where it is not ours any more."""
    is_ours = await _finish(
        tx, item, state="sent", finished_at=now, external_id=external_id, lease_until=None, sealed_address=None
    )
    _count(tx, item, "repeated" if item.uncertain else "sent")
    if not item.is_broadcast:
        seconds = (now - item.queued_at).total_seconds()
        tx.after(partial(meters.to_sending.labels(item.channel).observe, seconds))
    if item.group_message_id is not None and item.act in {"send", "open"}:
        # Also where the item is gone, because its ticket was erased meanwhile: what has arrived is to be removed.
        await tx.execute(
            update(group_message).where(group_message.c.id == item.group_message_id).values(external_id=external_id)
        )
        tx.touch(QUEUE)
    return is_ours


async def failed(tx: Tx, item: OutboxItem, reason: str, now: datetime) -> None:
    """Record that *item* never will arrive, and why; the reason is shown to the advisor."""
    await _finish(tx, item, state="failed", finished_at=now, reason=reason, lease_until=None, sealed_address=None)
    _count(tx, item, "failed")
    if item.message_id is not None:
        await tx.bump(QUEUE)  # whoever replied has to know, wherever in the console they are


async def retry(tx: Tx, item: OutboxItem, not_before: datetime, *, uncertain: bool) -> None:
    """Queue *item* again; *uncertain* when this try may have arrived without our knowing."""
    await _finish(
        tx,
        item,
        state="queued",
        not_before=not_before,
        lease_until=None,
        uncertain=item.uncertain or uncertain,
    )
    _count(tx, item, "uncertain" if uncertain else "again")


def _count(tx: Tx, item: OutboxItem, result: str) -> None:
    tx.after(meters.deliveries.labels(item.channel, result).inc)


async def _finish(tx: Tx, item: OutboxItem, **values: object) -> bool:
    """Only while the lease is still ours: a process that slept past it must not overwrite what came after."""
    finished = await tx.execute(_FINISH, {"item_id": item.id, "attempt": item.attempts, **values})
    if item.message_id is not None:
        await conversations.changed(tx, item.destination)
    return finished.rowcount == 1


async def last_broadcast_unanswered(tx: Tx, conversation_id: str, kind: str) -> int | None:
    """The conversation's last message, where that is a broadcast whose key begins with *kind*; else None."""
    latest = select(func.max(message.c.id)).where(message.c.conversation_id == conversation_id).scalar_subquery()
    theirs = (
        outbox.c.message_id == latest,
        outbox.c.is_broadcast == true(),
        outbox.c.key.startswith(f"{kind}:", autoescape=True),
    )
    found: int | None = (await tx.execute(select(outbox.c.message_id).where(*theirs))).scalar()
    return found


async def next_turn(read: AsyncConnection, channels: list[str], now: datetime) -> Turn:
    """When there is something to send."""
    row = (await read.execute(_NEXT_TURN, {"channels": channels, "now": now})).one()
    return Turn(row.at, row.has_broadcast)


async def backlog(read: AsyncConnection) -> Backlog:
    """What is to be sent and somebody waits for."""
    return Backlog(*(await read.execute(_BACKLOG)).one())


async def overdue_since(read: AsyncConnection) -> datetime | None:
    """Since when the first of it could have been sent: what is to be tried later is not overdue."""
    since: datetime | None = (await read.execute(_OVERDUE_SINCE)).scalar()
    return since


async def broadcasts_waiting(read: AsyncConnection) -> int:
    """How many messages are to be sent that nobody waits for."""
    return int((await read.execute(_BROADCASTS_WAITING)).scalar_one())


def may_have_arrived(reason: str | None) -> bool:
    """Whether a message that failed for this *reason* may have reached its asker all the same."""
    return (reason or "").startswith(PERHAPS)


def _was_repeated(row: Row[Any]) -> bool:
    """Whether the one repetition of a message that may have arrived has ended without our knowing, too."""
    return bool(row.state == "sending" and row.uncertain)
