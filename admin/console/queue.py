"""The queue: what waits for whom and for how long; and, when nothing waits, what has happened without the advisors."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import get_args
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console import live
from admin.console.quiet import read_quiet
from admin.console.visit import Visit
from bot.store import habits, tickets
from bot.store.schema import event
from bot.store.tickets import AGES, Choice, Glance, TicketRow
from knowledge.entry import AdvisorRole, Language

VIEWS = ("free", "mine", "all", "waiting", "closed")
CHANNELS = frozenset(["telegram", "web"])
PAGE = 50  # rows
MAX_FIRST_LINE = 160
FAR = timedelta(hours=12)
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
TICKET_ID = re.compile(r"[0-9a-f]{32}")


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
    """A page of one view of the queue, how many tickets each view has, and the promise that is next to be kept.

    *counts_more*: of the closed tickets of a choice there may be more than counted. *page*: of what is open, from 1.
    *further*: what leads to the page after this one, as the end of an address; empty when there is none.
    *present*: in words who else has which ticket open, by ticket.
    """

    view: str
    rows: Sequence[Row]
    counts: Mapping[str, int]
    counts_more: bool
    next_promise: Row | None
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
        queue = await read_queue(visit, read, default="free")
        today = await _today(visit, read)
        quiet = None if queue.rows or queue.choice.is_made or not queue.is_first else await read_quiet(visit, read)
        chosen = await habits.of(read, visit.account.id)
    return visit.render(
        "queue.html",
        version=version,
        queue=queue,
        today=today,
        quiet=quiet,
        day=visit.now.astimezone(visit.house.hours.zone).date(),
        habits=chosen,
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
    open_ones = await tickets.glances(read, Choice(), visit.now)
    of_role = await tickets.glances(read, Choice(role=visit.account.role), visit.now)
    mine = [one for one in open_ones if one.account_id == visit.account.id and not one.awaits_asker]
    free = [one for one in [*of_role, *open_ones] if one.account_id is None]
    return next((one.id for one in [*mine, *free]), None)


async def read_queue(visit: Visit, read: AsyncConnection, *, default: str) -> Queue:
    """The page of the view that the address names, else the first of *default*."""
    view = visit.query("view", known=frozenset(VIEWS)) or default
    choice = read_choice(visit)
    open_ones = await tickets.glances(read, choice, visit.now)
    views: dict[str, list[Glance]] = {
        "free": [one for one in open_ones if one.account_id is None],
        "mine": _waiting_last(one for one in open_ones if one.account_id == visit.account.id),
        "all": _waiting_last(open_ones),
        "waiting": [one for one in open_ones if one.awaits_asker],
    }
    counts = {name: len(ones) for name, ones in views.items()}
    counts["closed"], counts_more = await tickets.count_closed(read, choice, visit.now)
    if view == "closed":
        number, after = 1, _ticket_id(visit.request.query_params.get("after", ""))
        found = await tickets.closed_page(read, choice, visit.now, limit=PAGE, after=after)
        rows, further = found.rows, f"&after={found.last_id}" if found.last_id else ""
    else:
        number, after = _page_number(visit.request.query_params.get("page", "")), None
        rows = await tickets.of_ids(read, [one.id for one in views[view][(number - 1) * PAGE : number * PAGE]])
        further = f"&page={number + 1}" if len(views[view]) > number * PAGE else ""
    return Queue(
        view=view,
        rows=[make_row(visit, row) for row in rows],
        counts=counts,
        counts_more=counts_more,
        next_promise=await _next_promise(visit, read, open_ones),
        choice=choice,
        page=number,
        further=further,
        is_first=number == 1 and after is None,
        present=visit.presence(),
    )


async def _next_promise(visit: Visit, read: AsyncConnection, open_ones: Sequence[Glance]) -> Row | None:
    promised = [(one.promised_at, one.id) for one in open_ones if one.promised_at is not None]
    found = await tickets.of_ids(read, [min(promised)[1]]) if promised else []
    return make_row(visit, found[0]) if found else None


def _page_number(word: str) -> int:
    return int(word) if PAGE_NUMBER.fullmatch(word) else 1


def _ticket_id(word: str) -> str | None:
    return word if TICKET_ID.fullmatch(word) else None


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


def _waiting_last(glances: Iterable[Glance]) -> list[Glance]:
    """Those that wait for the asker after those that wait for us, the order otherwise kept."""
    return sorted(glances, key=lambda one: one.awaits_asker)


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
    day = visit.now.astimezone(visit.house.hours.zone).date()
    rows = await read.execute(
        select(event.c.kind, func.count().label("times")).where(event.c.local_day == day).group_by(event.c.kind)
    )
    return {row.kind: row.times for row in rows}
