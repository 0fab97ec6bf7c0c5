"""The queue: what waits for whom and for how long; and, when nothing waits, what has happened without the advisors."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal, get_args
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console import live
from admin.console.quiet import read_quiet
from admin.console.visit import RANDOM_ID, Visit
from bot.store import tickets
from bot.store.schema import event
from bot.store.tickets import AGES, Choice, OpenView, TicketRow
from knowledge.entry import AdvisorRole, Language

View = OpenView | Literal["closed"]
VIEWS: tuple[View, ...] = ("free", "mine", "all", "waiting", "closed")
CHANNELS = frozenset(["telegram", "web"])
PAGE = 50  # rows
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
    """A page of one view of the queue, and how many tickets each view has.

    *counts_more*: of the closed tickets of a choice there may be more than counted. *page*: of what is open, from 1.
    *further*: what leads to the page after this one, as the end of an address; empty when there is none.
    *present*: in words who else has which ticket open, by ticket.
    """

    view: str
    rows: Sequence[Row]
    counts: Mapping[str, int]
    counts_more: bool
    choice: Choice
    page: int
    further: str
    is_first: bool
    present: Mapping[str, str]

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
        queue = await read_queue(visit, read, version, default="free")
        next_promised = await tickets.next_promised(read, queue.choice, visit.now)
        today = await _today(visit, read)
        quiet = None if queue.rows or queue.choice.is_made or not queue.is_first else await read_quiet(visit, read)
    return visit.render(
        "queue.html",
        version=version,
        queue=queue,
        next_promise=make_row(visit, next_promised) if next_promised else None,
        today=today,
        quiet=quiet,
        day=visit.today,
        done=visit.query("done", known=frozenset(["closed"])),
        topics=topics_by_title(visit),
        hours=visit.house.hours.today_in_words(visit.now, "fi"),
        is_open=visit.house.hours.is_open(visit.now),
    )


def topics_by_title(visit: Visit) -> list[tuple[str, str]]:
    """The title and the id of every entry."""
    return sorted((entry.title, entry.id) for entry in visit.house.bookshelf.current.library.entries)


async def next_in_line(visit: Visit, read: AsyncConnection) -> str | None:
    """The ticket to go on with: one's own that waits for an answer, else a free one of one's own role, else any."""
    lines: tuple[tuple[OpenView, Choice], ...] = (
        ("mine", Choice()), ("free", Choice(role=visit.account.role)), ("free", Choice()),
    )  # fmt: skip
    for view, choice in lines:
        first = await tickets.open_page(read, view, choice, visit.now, visit.account.id, limit=1, offset=0)
        if first and not (view == "mine" and first[0].awaits_asker):  # of one's own those that wait for us come first
            return first[0].id
    return None


async def read_queue(visit: Visit, read: AsyncConnection, version: str, *, default: View) -> Queue:
    """The page of the view that the address names, else the first of *default*; *version*: see `live.version`."""
    view = next((view for view in VIEWS if view == visit.request.query_params.get("view")), default)
    choice = read_choice(visit)
    after = _ticket_id(visit.request.query_params.get("after", "")) if view == "closed" else None
    counts_more = False
    if choice.is_made:
        counts = await tickets.count_open(read, choice, visit.now, visit.account.id)
        closed = await tickets.closed(read, choice, visit.now, limit=PAGE)
        counts["closed"], counts_more = len(closed.ids), closed.last_id is not None
    else:
        counts = await visit.house.counts.seen_by(visit.account.id, read, live.queue_number(version), visit.now)
    if view == "closed" and (after or not choice.is_made):
        closed = await tickets.closed(read, choice, visit.now, limit=PAGE, after=after)
    number = visit.number("page", digits=3) or 1
    if view == "closed":
        number = 1
        rows = await tickets.of_ids(read, closed.ids[:PAGE])
        last_id = closed.ids[PAGE - 1] if len(closed.ids) > PAGE else closed.last_id
        further = f"&after={last_id}" if last_id else ""
    else:
        rows = await tickets.open_page(
            read, view, choice, visit.now, visit.account.id, limit=PAGE, offset=(number - 1) * PAGE
        )
        further = f"&page={number + 1}" if counts[view] > number * PAGE else ""
    return Queue(
        view=view,
        rows=[make_row(visit, row) for row in rows],
        counts=counts,
        counts_more=counts_more,
        choice=choice,
        page=number,
        further=further,
        is_first=number == 1 and after is None,
        present=visit.presence(),
    )


def _ticket_id(word: str) -> str | None:
    return word if RANDOM_ID.fullmatch(word) else None


def read_choice(visit: Visit) -> Choice:
    """What the address asks for, of what there is."""
    topics = frozenset(entry.id for entry in visit.house.bookshelf.current.library.entries)
    return Choice(
        role=visit.query("role", known=frozenset(get_args(AdvisorRole))),
        language=visit.query("language", known=frozenset(get_args(Language))),
        channel=visit.query("channel", known=CHANNELS),
        topic=visit.query("topic", known=topics),
        age=visit.query("age", known=AGES),
    )


def make_row(visit: Visit, row: TicketRow) -> Row:
    """*row* as the queue shows it."""
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
    day = visit.today
    rows = await read.execute(
        select(event.c.kind, func.count().label("times")).where(event.c.local_day == day).group_by(event.c.kind)
    )
    return {row.kind: row.times for row in rows}
