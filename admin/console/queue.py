"""The queue: what waits for whom and for how long; and, when nothing waits, what has happened without the advisors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import get_args
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console import live
from admin.console.visit import Visit
from bot.store import tickets
from bot.store.schema import event
from bot.store.tickets import Choice, TicketRow
from knowledge.entry import AdvisorRole, Language

VIEWS = ("free", "mine", "all", "waiting", "closed")
CHANNELS = frozenset(["telegram", "web"])
MAX_OPEN = 1000
MAX_CLOSED = 100
MAX_FIRST_LINE = 160
FAR = timedelta(hours=12)


@dataclass(frozen=True)
class Row:
    """A ticket as one line of the queue. *left* until its promise; below zero when that has passed."""

    ticket: TicketRow
    first_line: str
    title: str | None
    left: timedelta

    @property
    def is_far(self) -> bool:
        """Whether the day and the hour say more than how long is left."""
        return self.left > FAR

    @property
    def standing(self) -> str:
        """What the time means: closed, undelivered, awaits_asker, replied (and the asker went on), late or promised."""
        if self.ticket.closed_at is not None:
            return "closed"
        if self.ticket.is_undelivered and self.ticket.awaits_asker:
            return "undelivered"
        if self.ticket.replied_at is not None:
            return "awaits_asker" if self.ticket.awaits_asker else "replied"
        return "late" if self.left < timedelta(0) else "promised"


@dataclass(frozen=True)
class Queue:
    """One view of the queue, how many tickets each view has, and the promise that is next to be kept."""

    view: str
    rows: Sequence[Row]
    counts: Mapping[str, int]
    next_promise: Row | None
    choice: Choice

    @property
    def choice_query(self) -> str:
        """The choice as the end of an address, for links to the other views; empty when nothing is chosen."""
        chosen = {name: value for name, value in asdict(self.choice).items() if value}
        return f"&{urlencode(chosen)}" if chosen else ""


async def home(visit: Visit) -> Response:
    """The queue for advisors; for the others the page they came for."""
    if not visit.may("ticket"):
        return visit.go("/console/people" if visit.may("people") else "/console/figures")
    async with visit.house.store.read() as read:
        version = await live.version(visit.house, read)
        queue = await read_queue(visit, read, default="free")
        today = await _today(visit, read)
    return visit.render(
        "queue.html",
        version=version,
        queue=queue,
        today=today,
        topics=sorted((entry.title, entry.id) for entry in visit.house.bookshelf.current.library.entries),
        hours=visit.house.hours.today_in_words(visit.now, "fi"),
        is_open=visit.house.hours.is_open(visit.now),
    )


async def read_queue(visit: Visit, read: AsyncConnection, *, default: str) -> Queue:
    """The view that the address names, else *default*."""
    view = visit.query("view", known=frozenset(VIEWS)) or default
    choice = _choice(visit)
    open_ones = [_row(visit, row) for row in await tickets.queue(read, limit=MAX_OPEN, choice=choice)]
    views: dict[str, list[Row]] = {
        "free": [row for row in open_ones if row.ticket.account_id is None],
        "mine": _waiting_last(row for row in open_ones if row.ticket.account_id == visit.account.id),
        "all": _waiting_last(open_ones),
        "waiting": [row for row in open_ones if row.ticket.awaits_asker],
    }
    counts = {name: len(rows) for name, rows in views.items()}
    counts["closed"] = await tickets.count_closed(read, choice)
    if view == "closed":
        closed = await tickets.queue(read, is_closed=True, limit=MAX_CLOSED, choice=choice)
        rows = [_row(visit, row) for row in closed]
    else:
        rows = views[view]
    unanswered = [row for row in open_ones if row.standing in {"promised", "late"}]
    return Queue(view, rows, counts, min(unanswered, key=lambda row: row.left, default=None), choice)


def _choice(visit: Visit) -> Choice:
    """What the address asks for, of what there is."""
    topics = frozenset(entry.id for entry in visit.house.bookshelf.current.library.entries)
    return Choice(
        role=visit.query("role", known=frozenset(get_args(AdvisorRole))),
        language=visit.query("language", known=frozenset(get_args(Language))),
        channel=visit.query("channel", known=CHANNELS),
        topic=visit.query("topic", known=topics),
    )


def _waiting_last(rows: Iterable[Row]) -> list[Row]:
    """Those that wait for the asker after those that wait for us, the order otherwise kept."""
    return sorted(rows, key=lambda row: row.ticket.awaits_asker)


def _row(visit: Visit, row: TicketRow) -> Row:
    entry = visit.house.bookshelf.current.library.get(row.topic) if row.topic else None
    first_line = next((line.strip() for line in row.question.splitlines() if line.strip()), "")
    return Row(
        ticket=row,
        first_line=first_line[:MAX_FIRST_LINE] + ("…" if len(first_line) > MAX_FIRST_LINE else ""),
        title=entry.title if entry else None,
        left=row.promised_at - visit.now,
    )


async def _today(visit: Visit, read: AsyncConnection) -> Mapping[str, int]:
    """How many events of each kind there were today."""
    day = visit.now.astimezone(visit.house.hours.zone).date()
    rows = await read.execute(
        select(event.c.kind, func.count().label("times")).where(event.c.local_day == day).group_by(event.c.kind)
    )
    return {row.kind: row.times for row in rows}
