"""What channels bring in, written raw before it is confirmed, and taken in the order each sender wrote it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import BigInteger, bindparam, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import meters
from bot.store.backlog import Backlog
from bot.store.engine import Tx
from bot.store.schema import decision, inbox, quarantine
from bot.vault import Vault

MAX_ATTEMPTS = 5
TOPIC = "inbox"

# Asked again and again, so built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_OLDEST = select(func.min(inbox.c.id)).where(inbox.c.state == "open")
_OLDEST_OF_SENDER = _OLDEST.where(inbox.c.sender == bindparam("sender"))
_BACKLOG = select(func.count(), func.min(inbox.c.received_at)).where(inbox.c.state == literal_column("'open'"))
_READY = (
    select(inbox)
    .where(inbox.c.id.in_(_OLDEST.group_by(inbox.c.sender)), inbox.c.not_before <= bindparam("now"))
    .order_by(inbox.c.id)
    .limit(bindparam("at_most"))
)
_LOCK = select(func.pg_try_advisory_xact_lock(bindparam("sender", type_=BigInteger)))
_DECIDED = decision.insert()
_HANDLED = (
    update(inbox).where(inbox.c.id == bindparam("item_id")).values(state="done", body=None, handled_at=bindparam("now"))
)


@dataclass(frozen=True)
class InboxItem:
    """One thing a channel brought: *sealed* is its raw text, *sender* the keyed hash whose order is kept."""

    id: int
    channel: str
    key: str
    sender: str
    sealed: bytes
    attempts: int
    received_at: datetime


async def receive(tx: Tx, vault: Vault, *, channel: str, key: str, sender: str, body: str, now: datetime) -> bool:
    """Keep *body*; False, and no change, when this key was here before. Confirm to the network after the commit."""
    new = await tx.insert_once(
        inbox,
        {
            "channel": channel,
            "key": key,
            "sender": sender,
            "body": vault.seal(body),
            "state": "open",
            "attempts": 0,
            "not_before": now,
            "received_at": now,
        },
    )
    tx.after(meters.updates.labels(channel, "yes" if new is None else "no").inc)
    tx.touch(TOPIC)
    return new is not None


async def set_aside(tx: Tx, *, channel: str, key: str, sender: str, sealed: bytes, reason: str, now: datetime) -> None:
    """Put what can't be read into quarantine, raw bytes and all, so that it is shown and nothing waits for it."""
    new = await tx.insert_once(
        quarantine,
        {
            "channel": channel,
            "key": key,
            "sender": sender,
            "body": sealed,
            "reason": reason,
            "received_at": now,
        },
    )
    if new is not None:
        tx.after(meters.quarantined.inc)


async def ready(read: AsyncConnection, now: datetime, *, limit: int = 50) -> list[InboxItem]:
    """The oldest open item of each sender whose time has come, oldest first."""
    rows = await read.execute(_READY, {"now": now, "at_most": limit})
    return [
        InboxItem(row.id, row.channel, row.key, row.sender, row.body, row.attempts, row.received_at) for row in rows
    ]


async def backlog(read: AsyncConnection) -> Backlog:
    """What waits to be handled."""
    return Backlog(*(await read.execute(_BACKLOG)).one())


def reply_key(item: InboxItem, ordinal: int = 0) -> str:
    """Of a reply to *item* in the outbox, the first unless *ordinal* counts on: made again, it is the same one."""
    return f"inbox:{item.id}:{ordinal}"


async def claim(tx: Tx, item: InboxItem) -> bool:
    """True when *item* is this transaction's to handle: still open, and no earlier one of its sender is.

    On PostgreSQL, where several processes handle, the sender is locked until the transaction ends: skipping locked rows
    alone would let a later message overtake an earlier one.
    """
    if tx.dialect == "postgresql":
        locked = await tx.execute(_LOCK, {"sender": _lock_number(item.sender)})
        if not locked.scalar_one():
            return False
    oldest = await tx.execute(_OLDEST_OF_SENDER, {"sender": item.sender})
    return bool(oldest.scalar_one() == item.id)


async def done(tx: Tx, item: InboxItem, *, kind: str, replies: int, now: datetime) -> None:
    """Record the one decision on *item* and empty its body."""
    await tx.execute(_DECIDED, {"inbox_id": item.id, "kind": kind, "replies": replies, "decided_at": now})
    await tx.execute(_HANDLED, {"item_id": item.id, "now": now})
    tx.after(meters.decisions.labels(kind).inc)
    tx.after(partial(meters.to_decision.observe, (now - item.received_at).total_seconds()))


async def postpone(tx: Tx, item: InboxItem, now: datetime) -> bool:
    """Try *item* again later; False when it has failed often enough to be given up."""
    attempts = item.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        return False
    await tx.execute(
        update(inbox)
        .where(inbox.c.id == item.id)
        .values(attempts=attempts, not_before=now + timedelta(seconds=2**attempts))
    )
    return True


async def give_up(tx: Tx, item: InboxItem, *, reason: str, now: datetime) -> None:
    """Move *item* to quarantine, so that its sender's next messages are handled."""
    await set_aside(
        tx,
        channel=item.channel,
        key=item.key,
        sender=item.sender,
        sealed=item.sealed,
        reason=reason,
        now=now,
    )
    await tx.execute(
        update(inbox)
        .where(inbox.c.id == item.id)
        .values(state="quarantined", body=None, attempts=item.attempts + 1, handled_at=now)
    )


async def forget_sender(tx: Tx, item: InboxItem) -> None:
    """Leave no trace of who sent a handled item: they have asked to be forgotten."""
    await tx.execute(update(inbox).where(inbox.c.id == item.id).values(sender=""))


def _lock_number(sender: str) -> int:
    digest = hashlib.blake2b(sender.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
