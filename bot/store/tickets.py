"""Tickets: questions passed on to a person. The database decides races, once, by conditional updates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import lists
from bot.store.conversations import changed, new_id
from bot.store.engine import Tx
from bot.store.schema import account, address, asker, conversation, message, outbox, ticket
from knowledge.entry import AdvisorRole, Language

OpenView = Literal["free", "mine", "all", "waiting"]

TOPIC = "queue"
ENDED_BY_ASKER = "asker"  # the outcome of a ticket that no advisor has closed
AGES: Mapping[str, tuple[timedelta | None, timedelta | None]] = {  # at least so old, at most so old
    "day": (None, timedelta(days=1)),
    "week": (None, timedelta(days=7)),
    "over_day": (timedelta(days=1), None),
    "over_week": (timedelta(days=7), None),
    "over_month": (timedelta(days=30), None),
}
ME = "me"  # the parameter of who asks
_WAITS_SINCE = func.coalesce(ticket.c.reopened_at, ticket.c.opened_at)
_BY_NEED = (ticket.c.urgent.desc(), ticket.c.promised_at, ticket.c.opened_at)
_LATEST_CLOSED = (ticket.c.closed_at.desc(), ticket.c.id.desc())
LOOKED_THROUGH = 5000  # closed tickets at a time: finding that hardly any is of somebody's choice must not take long


class AlreadyTaken(Exception):
    """Another advisor holds this ticket; *by* is their name."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class Changed(Exception):
    """The ticket isn't as it was when whoever acts on it looked: something was said or done since."""


class NotOpen(Exception):
    """The ticket is closed, or there is none with this id."""


@dataclass(frozen=True)
class TicketRow:
    """A ticket as the queue shows it; *question* is the text it was opened with, *account_name* who has claimed it.

    *is_undelivered*: the latest reply has failed for good, unless somebody tries it again.
    *is_reachable*: whether the asker still takes our messages, as far as their channel has told.
    """

    id: str
    conversation_id: str
    alias: str
    language: Language
    channel: str
    role: str
    urgent: bool
    topic: str | None
    question: str
    opened_at: datetime
    reopened_at: datetime | None
    promised_at: datetime
    slipped_at: datetime | None
    account_id: str | None
    account_name: str | None
    claimed_at: datetime | None
    replied_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    version: int
    awaits_asker: bool
    is_undelivered: bool
    is_reachable: bool

    @property
    def waiting_since(self) -> datetime:
        """When the asker's present wait began."""
        return self.reopened_at or self.opened_at


@dataclass(frozen=True)
class Free:
    """A ticket that nobody has, as far as it has to be known to tell of it once."""

    id: str
    urgent: bool
    promised_at: datetime


@dataclass(frozen=True)
class Choice:
    """Which tickets somebody wants to see; None: any. *age* is one of `AGES`, of the asker's present wait."""

    role: str | None = None
    language: str | None = None
    channel: str | None = None
    topic: str | None = None
    age: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether anything is chosen."""
        return self != Choice()

    @property
    def is_of_askers(self) -> bool:
        """Whether anything is chosen that does not stand with the ticket."""
        return bool(self.language or self.channel)

    def narrow(self, statement: Select[Any], now: datetime) -> Select[Any]:
        """*statement*, a selection from tickets alone, with those of this choice left."""
        if conditions := self.of_tickets(now):
            statement = statement.where(*conditions)
        if not self.is_of_askers:  # nobody else waits for the join
            return statement
        wanted = ((asker.c.language, self.language), (conversation.c.channel, self.channel))
        return (
            statement.join(conversation, ticket.c.conversation_id == conversation.c.id)
            .join(asker)
            .where(*(column == value for column, value in wanted if value is not None))
        )

    def of_tickets(self, now: datetime) -> list[ColumnElement[bool]]:
        """What the tickets themselves have to be like."""
        wanted = ((ticket.c.role, self.role), (ticket.c.topic, self.topic))
        conditions = [column == value for column, value in wanted if value is not None]
        at_least, at_most = AGES[self.age] if self.age else (None, None)
        if at_least is not None:
            conditions.append(now - at_least >= _WAITS_SINCE)
        if at_most is not None:
            conditions.append(now - at_most < _WAITS_SINCE)
        return conditions


@dataclass(frozen=True)
class Counts:
    """How many tickets there are: open ones by who has them (None: nobody), those that wait for the asker, closed."""

    open_of: Mapping[str | None, int]
    waiting: int
    closed: int

    def seen_by(self, account_id: str) -> dict[str, int]:
        """How many each view has for whoever has this account."""
        return {
            "free": self.open_of.get(None, 0),
            "mine": self.open_of.get(account_id, 0),
            "all": sum(self.open_of.values()),
            "waiting": self.waiting,
            "closed": self.closed,
        }


@dataclass(frozen=True)
class Closed:
    """The ids of closed tickets, latest first, from among the next `LOOKED_THROUGH`.

    *last_id*: the last that was looked at, when there are more.
    """

    ids: list[str]
    last_id: str | None


@dataclass(frozen=True)
class ThreadMessage:
    """One message of a ticket's thread, with the truth about its latest delivery (None for what isn't sent).

    *delivery_id* names that delivery; *is_uncertain*: a try of it, or of one before, may have arrived unseen.
    """

    id: int
    author: str
    text: str
    account_name: str | None
    verdict: dict[str, object] | None
    created_at: datetime
    delivery_id: int | None
    delivery: str | None
    delivery_reason: str | None
    is_uncertain: bool

    @property
    def has_contacts(self) -> bool:
        """Whether the asker sent it by "Lähetä numeroni": for the eyes of whoever has the ticket."""
        return bool(self.verdict and self.verdict.get("contacts"))


async def open_ticket(
    tx: Tx,
    *,
    conversation_id: str,
    role: AdvisorRole,
    question_id: int,
    topic: str | None,
    urgent: bool,
    promised_at: datetime,
    now: datetime,
) -> str:
    """The id of a new ticket with *question_id* as its first message; IntegrityError where one is open already."""
    ticket_id = new_id()
    await tx.execute(
        ticket.insert().values(
            id=ticket_id,
            conversation_id=conversation_id,
            role=role,
            urgent=urgent,
            topic=topic,
            opened_at=now,
            promised_at=promised_at,
            version=0,
        )
    )
    await tx.execute(update(message).where(message.c.id == question_id).values(ticket_id=ticket_id))
    await tx.bump(TOPIC)
    return ticket_id


async def reopen(tx: Tx, ticket_id: str, promised_at: datetime, now: datetime) -> None:
    """Open a closed ticket again, free for anyone: a new wait with a promise and a first reply of its own."""
    await tx.execute(
        update(ticket)
        .where(ticket.c.id == ticket_id)
        .values(
            closed_at=None,
            outcome=None,
            account_id=None,
            claimed_at=None,
            replied_at=None,
            slipped_at=None,
            reopened_at=now,
            promised_at=promised_at,
            version=ticket.c.version + 1,
        )
    )
    await tx.bump(TOPIC)


async def joined(tx: Tx, ticket_id: str, *, urgent: bool) -> None:
    """Tell the queue that the asker's thread grew; an urgent message makes the ticket urgent for good.

    Raises `NotOpen` where an advisor has closed the ticket meanwhile: nobody would look there for a new message.
    """
    values: dict[str, object] = {"version": ticket.c.version + 1}
    if urgent:
        values["urgent"] = True
    grown = await tx.execute(
        update(ticket).where(ticket.c.id == ticket_id, ticket.c.closed_at.is_(None)).values(**values)
    )
    if grown.rowcount == 0:
        raise NotOpen(ticket_id)
    await tx.bump(TOPIC)


async def hold(tx: Tx, ticket_id: str) -> None:
    """Keep everyone else's hands off the ticket and its conversation until *tx* ends; read them after this, not before.

    Everyone locks the conversation before its ticket; in the other order two would wait for each other.
    """
    of_ticket = select(conversation.c.id).join(ticket).where(ticket.c.id == ticket_id)
    await tx.execute(of_ticket.with_for_update(of=conversation, key_share=True))


async def held(tx: Tx, ticket_id: str) -> TicketRow | None:
    """The ticket as it is now, in everyone else's way until *tx* ends; None when there is none such."""
    await hold(tx, ticket_id)
    return await get(tx.connection, ticket_id)


async def noted(tx: Tx, ticket_id: str) -> None:
    """Tell the queue that a note was added, whether the ticket is open or closed."""
    await tx.execute(update(ticket).where(ticket.c.id == ticket_id).values(version=ticket.c.version + 1))
    await tx.bump(TOPIC)


async def has_note(tx: Tx, ticket_id: str, account_id: str, text: str, since: datetime) -> bool:
    """Whether this account has noted this very *text* with the ticket since then."""
    same = select(message.c.id).where(
        message.c.ticket_id == ticket_id,
        message.c.author == "note",
        message.c.account_id == account_id,
        message.c.text == text,
        message.c.created_at >= since,
    )
    return (await tx.execute(same)).first() is not None


async def claim(tx: Tx, ticket_id: str, account_id: str, now: datetime) -> None:
    """Take the ticket. Raises `AlreadyTaken` when somebody else has it, `NotOpen` when it is closed."""
    taken = await tx.execute(
        update(ticket)
        .where(
            ticket.c.id == ticket_id,
            ticket.c.closed_at.is_(None),
            or_(ticket.c.account_id.is_(None), ticket.c.account_id == account_id),
        )
        .values(
            account_id=account_id,
            claimed_at=func.coalesce(ticket.c.claimed_at, now),
            version=ticket.c.version + 1,
        )
    )
    if taken.rowcount == 0:
        await _explain(tx, ticket_id)
    await tx.bump(TOPIC)


async def release(tx: Tx, ticket_id: str, account_id: str) -> None:
    """Give the ticket back to the queue. Raises like `claim`."""
    given = await tx.execute(
        update(ticket)
        .where(ticket.c.id == ticket_id, ticket.c.closed_at.is_(None), ticket.c.account_id == account_id)
        .values(account_id=None, claimed_at=None, version=ticket.c.version + 1)
    )
    if given.rowcount == 0:
        await _explain(tx, ticket_id)
    await tx.bump(TOPIC)


async def hand_over(tx: Tx, ticket_id: str, *, giver_id: str, role: str, taker_id: str | None, now: datetime) -> None:
    """Give the ticket, free or one's own, to a colleague, or with no *taker_id* to whoever of *role* takes it.

    Raises like `claim`.
    """
    given = await tx.execute(
        update(ticket)
        .where(
            ticket.c.id == ticket_id,
            ticket.c.closed_at.is_(None),
            or_(ticket.c.account_id.is_(None), ticket.c.account_id == giver_id),
        )
        .values(
            role=role,
            account_id=taker_id,
            claimed_at=now if taker_id else None,
            version=ticket.c.version + 1,
        )
    )
    if given.rowcount == 0:
        await _explain(tx, ticket_id)
    await tx.bump(TOPIC)


async def release_all(tx: Tx, account_id: str) -> None:
    """Give back every open ticket of somebody who is leaving."""
    await tx.execute(
        update(ticket)
        .where(ticket.c.account_id == account_id, ticket.c.closed_at.is_(None))
        .values(account_id=None, claimed_at=None, version=ticket.c.version + 1)
    )
    await tx.bump(TOPIC)


async def replied(tx: Tx, ticket_id: str, now: datetime) -> bool:
    """Note a reply; True when it was the first one."""
    first = await tx.execute(
        update(ticket).where(ticket.c.id == ticket_id, ticket.c.replied_at.is_(None)).values(replied_at=now)
    )
    await tx.execute(update(ticket).where(ticket.c.id == ticket_id).values(version=ticket.c.version + 1))
    await tx.bump(TOPIC)
    return first.rowcount == 1


async def close(tx: Tx, ticket_id: str, account_id: str, outcome: str, topic: str | None, now: datetime) -> None:
    """Close the ticket one has claimed. Raises `AlreadyTaken` or `NotOpen`."""
    closed = await tx.execute(
        update(ticket)
        .where(ticket.c.id == ticket_id, ticket.c.closed_at.is_(None), ticket.c.account_id == account_id)
        .values(closed_at=now, outcome=outcome, topic=topic, version=ticket.c.version + 1)
    )
    if closed.rowcount == 0:
        await _explain(tx, ticket_id)
    await tx.bump(TOPIC)


async def end(tx: Tx, ticket_id: str, now: datetime) -> None:
    """Close the ticket by its asker's wish, whoever has claimed it. Raises `NotOpen` where it is closed already."""
    ended = await tx.execute(
        update(ticket)
        .where(ticket.c.id == ticket_id, ticket.c.closed_at.is_(None))
        .values(closed_at=now, outcome=ENDED_BY_ASKER, version=ticket.c.version + 1)
    )
    if ended.rowcount == 0:
        raise NotOpen(ticket_id)
    await tx.bump(TOPIC)


async def close_to_slipping(tx: Tx, now: datetime, lead: timedelta) -> list[TicketRow]:
    """The unanswered tickets whose promise passes within *lead*, held; not those that began just now."""
    soon = and_(
        ticket.c.closed_at.is_(None),
        ticket.c.replied_at.is_(None),
        ticket.c.promised_at >= now,
        ticket.c.promised_at < now + lead,
        func.coalesce(ticket.c.reopened_at, ticket.c.opened_at) < now - lead,
    )
    found = list(await tx.execute(select(ticket.c.id).where(soon).order_by(ticket.c.id)))
    for row in found:  # in the same order in every process, or two would deadlock
        await hold(tx, row.id)
    rows = await tx.execute(_tickets().where(soon, ticket.c.id.in_([row.id for row in found])).order_by(ticket.c.id))
    return [_ticket_row(row) for row in rows]


async def slip(tx: Tx, now: datetime) -> list[TicketRow]:
    """The unanswered tickets whose promise has just passed: each once, its claim released, marked as slipped.

    Asked again at each update: another process may have told of it, or an advisor replied, since the tickets were read.
    """
    late = and_(
        ticket.c.closed_at.is_(None),
        ticket.c.replied_at.is_(None),
        ticket.c.slipped_at.is_(None),
        ticket.c.promised_at < now,
    )
    in_order = _tickets().where(late).order_by(ticket.c.id)  # the same in every process, or two would deadlock
    slipped = []
    for row in [_ticket_row(row) for row in await tx.execute(in_order)]:
        await hold(tx, row.id)
        marked = await tx.execute(
            update(ticket)
            .where(ticket.c.id == row.id, late)
            .values(slipped_at=now, account_id=None, claimed_at=None, version=ticket.c.version + 1)
        )
        if marked.rowcount == 1:
            await changed(tx, row.conversation_id)
            slipped.append(row)
    if slipped:
        await tx.bump(TOPIC)
    return slipped


async def get(read: AsyncConnection, ticket_id: str) -> TicketRow | None:
    """The ticket with this id, or None."""
    row = (await read.execute(_tickets().where(ticket.c.id == ticket_id))).first()
    return _ticket_row(row) if row else None


async def queue(read: AsyncConnection, *, is_closed: bool = False) -> list[TicketRow]:
    """All open tickets, urgent first, then the promise soonest to break; or the closed ones, latest first."""
    if is_closed:
        statement = _tickets().where(ticket.c.closed_at.is_not(None)).order_by(ticket.c.closed_at.desc())
    else:
        statement = _tickets().where(ticket.c.closed_at.is_(None)).order_by(*_BY_NEED)
    return [_ticket_row(row) for row in await read.execute(statement)]


async def free(read: AsyncConnection) -> list[Free]:
    """All open tickets that nobody has, in the order of `queue`; quickly, for who looks every second."""
    nobodys = select(ticket.c.id, ticket.c.urgent, ticket.c.promised_at).where(
        ticket.c.closed_at.is_(None), ticket.c.account_id.is_(None)
    )
    return [Free(row.id, row.urgent, row.promised_at) for row in await read.execute(nobodys.order_by(*_BY_NEED))]


async def count_open(read: AsyncConnection, choice: Choice, now: datetime, account_id: str) -> dict[str, int]:
    """How many open tickets of this choice each view has for whoever has this account."""
    row = (await read.execute(choice.narrow(_counted(), now), {ME: account_id})).one()
    return {view: int(row._mapping[view]) for view in _of_views()}


async def count(read: AsyncConnection) -> Counts:
    """How many tickets there are, for everybody's views: to count them takes a while when there are many."""
    rows = (await read.execute(_by_account())).all()
    return Counts(
        {row.account_id: row.number for row in rows}, sum(row.waiting for row in rows), await count_closed(read)
    )


async def open_page(
    read: AsyncConnection, view: OpenView, choice: Choice, now: datetime, account_id: str, *, limit: int, offset: int
) -> list[TicketRow]:
    """So many open tickets of a view from *offset* on; in one's own and in all, those that wait for the asker last."""
    page = choice.narrow(_in_line(view), now).limit(limit).offset(offset)
    ids = await read.execute(page, {ME: account_id} if view == "mine" else {})
    return await of_ids(read, [row.id for row in ids])


async def next_promised(read: AsyncConnection, choice: Choice, now: datetime) -> TicketRow | None:
    """The ticket of this choice that nobody has replied to and whose promise passes first; None when there is none."""
    found = (await read.execute(choice.narrow(_unanswered(), now))).scalar()
    return await get(read, found) if found else None


@cache  # these, too, are built once: see `inbox`
def _of_views() -> dict[OpenView, ColumnElement[bool]]:
    return {
        "free": ticket.c.account_id.is_(None),
        "mine": ticket.c.account_id == bindparam(ME),
        "all": true(),
        "waiting": _awaits_asker(),
    }


@cache
def _counted() -> Select[Any]:
    columns: Any = [
        func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(view) for view, condition in _of_views().items()
    ]
    return select(*columns).select_from(ticket).where(ticket.c.closed_at.is_(None))


@cache
def _by_account() -> Select[Any]:
    waiting = func.sum(case((_awaits_asker(), 1), else_=0)).label("waiting")
    numbers = select(ticket.c.account_id, func.count().label("number"), waiting)
    return numbers.where(ticket.c.closed_at.is_(None)).group_by(ticket.c.account_id)


@cache
def _in_line(view: OpenView) -> Select[Any]:
    order = (_awaits_asker(), *_BY_NEED) if view in {"mine", "all"} else _BY_NEED
    return select(ticket.c.id).where(ticket.c.closed_at.is_(None), _of_views()[view]).order_by(*order)


@cache
def _unanswered() -> Select[Any]:
    unanswered = select(ticket.c.id).where(ticket.c.closed_at.is_(None), ticket.c.replied_at.is_(None))
    return unanswered.order_by(ticket.c.promised_at).limit(1)


async def of_ids(read: AsyncConnection, ids: Sequence[str]) -> list[TicketRow]:
    """The tickets with these *ids*, in their order; those that are gone are left out."""
    are_those = lists.is_one_of(read.dialect.name, ticket.c.id, ids)
    found = {row.id: _ticket_row(row) for row in await read.execute(_tickets().where(are_those))}
    return [found[id_] for id_ in ids if id_ in found]


async def count_closed(read: AsyncConnection) -> int:
    """How many closed tickets there are."""
    number: int = (await read.execute(_all_closed())).scalar_one()
    return number


@cache
def _all_closed() -> Select[int]:
    return select(func.count()).select_from(ticket).where(ticket.c.closed_at.is_not(None))


async def closed(
    read: AsyncConnection, choice: Choice, now: datetime, *, limit: int, after: str | None = None
) -> Closed:
    """Closed tickets of this choice after the ticket *after*; from the latest when that one is gone.

    Without a choice no more than *limit* are looked at.
    """
    latest = select(ticket.c.id, ticket.c.closed_at).where(ticket.c.closed_at.is_not(None)).order_by(*_LATEST_CLOSED)
    if after and (start := (await read.execute(select(ticket.c.closed_at).where(ticket.c.id == after))).scalar()):
        latest = latest.where(ticket.c.closed_at <= start, or_(ticket.c.closed_at < start, ticket.c.id < after))
    if not choice.is_made:
        ids = [row.id for row in await read.execute(latest.limit(limit + 1))]
        return Closed(ids[:limit], ids[limit - 1] if len(ids) > limit else None)
    last = (await read.execute(latest.limit(1).offset(LOOKED_THROUGH - 1))).first()
    if last:  # by its moment, not as one of a list: then the index alone tells which they are
        end = last.closed_at
        latest = latest.where(ticket.c.closed_at >= end, or_(ticket.c.closed_at > end, ticket.c.id >= last.id))
    ids = [row.id for row in await read.execute(choice.narrow(latest, now))]
    return Closed(ids, last.id if last else None)


async def waits(read: AsyncConnection, since: datetime, *, most: int) -> list[tuple[datetime, datetime]]:
    """When each wait that a first reply has ended since then began and ended, the latest first, *most* of them."""
    began = func.coalesce(ticket.c.reopened_at, ticket.c.opened_at).label("began")
    ended = select(began, ticket.c.replied_at).where(ticket.c.replied_at >= since)
    rows = await read.execute(ended.order_by(ticket.c.replied_at.desc()).limit(most))
    return [(row.began, row.replied_at) for row in rows]


async def open_one(read: AsyncConnection, conversation_id: str) -> str | None:
    """The id of the conversation's open ticket, or None."""
    row = await read.execute(
        select(ticket.c.id).where(ticket.c.conversation_id == conversation_id, ticket.c.closed_at.is_(None))
    )
    found: str | None = row.scalar()
    return found


async def thread(read: AsyncConnection, ticket_id: str) -> list[ThreadMessage]:
    """The ticket's messages, oldest first: what the asker sent to a person, the replies and the notes; nothing else."""
    tried = outbox.alias()
    latest = select(func.max(tried.c.id)).where(tried.c.message_id == message.c.id).correlate(message).scalar_subquery()
    was_uncertain = exists().where(tried.c.message_id == message.c.id, tried.c.uncertain)
    rows = await read.execute(
        select(
            message,
            account.c.name.label("account_name"),
            outbox.c.id.label("delivery_id"),
            outbox.c.state,
            outbox.c.reason,
            was_uncertain.label("was_uncertain"),
            outbox.c.attempts,
        )
        .join(account, message.c.account_id == account.c.id, isouter=True)
        .join(outbox, outbox.c.id == latest, isouter=True)
        .where(message.c.ticket_id == ticket_id)
        .order_by(message.c.id)
    )
    return [
        ThreadMessage(
            row.id,
            row.author,
            row.text,
            row.account_name,
            row.verdict,
            row.created_at,
            row.delivery_id,
            "retrying" if row.state == "queued" and row.attempts else row.state,
            row.reason,
            bool(row.was_uncertain),
        )
        for row in rows
    ]


async def _explain(tx: Tx, ticket_id: str) -> None:
    row = await get(tx.connection, ticket_id)
    if row is None or row.closed_at is not None:
        raise NotOpen(ticket_id)
    raise AlreadyTaken(row.account_name or "")


@cache
def _awaits_asker() -> ColumnElement[bool]:
    """Whether the last word is an advisor's."""
    last_author = (
        select(message.c.author)
        .where(message.c.ticket_id == ticket.c.id, message.c.author.in_(("asker", "advisor")))
        .order_by(message.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case((last_author == "advisor", True), else_=False)


@cache  # built once: see `inbox`
def _tickets() -> Select[tuple[object, ...]]:
    first_message = (
        select(message.c.text)
        .where(
            message.c.ticket_id == ticket.c.id,
            message.c.author == "asker",
            # Contact details that the asker sent stand in no list, also when retention has taken what came before.
            func.coalesce(message.c.verdict["contacts"].as_boolean(), False).is_(False),
        )
        .order_by(message.c.id)
        .limit(1)
        .scalar_subquery()
    )
    last_delivery = (
        select(outbox.c.state)
        .join(message, outbox.c.message_id == message.c.id)
        .where(message.c.ticket_id == ticket.c.id, message.c.author == "advisor")
        .order_by(message.c.id.desc(), outbox.c.id.desc())
        .limit(1)
        .correlate(ticket)
        .scalar_subquery()
    )
    return (
        select(
            ticket,
            asker.c.alias,
            asker.c.language,
            conversation.c.channel,
            account.c.name.label("account_name"),
            func.coalesce(first_message, "").label("question"),
            _awaits_asker().label("awaits_asker"),
            case((last_delivery == "failed", True), else_=False).label("is_undelivered"),
            func.coalesce(address.c.reachable, False).label("is_reachable"),
        )
        .join(conversation, ticket.c.conversation_id == conversation.c.id)
        .join(address, conversation.c.address_id == address.c.id, isouter=True)  # forgotten before the ticket is
        .join(asker, conversation.c.asker_id == asker.c.id)
        .join(account, ticket.c.account_id == account.c.id, isouter=True)
    )


def _ticket_row(row: Row[tuple[object, ...]]) -> TicketRow:
    fields = row._mapping
    return TicketRow(**{name: fields[name] for name in TicketRow.__dataclass_fields__})
