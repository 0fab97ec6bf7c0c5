"""One ticket: its thread, what the bot had tried, and what an advisor does with it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from admin.console import live, looks, suggestions
from admin.console.preview import preview
from admin.console.queue import VIEWS, View, next_in_line, read_queue
from admin.console.visit import RANDOM_ID, Refused, Visit, not_found
from bot.advising import MAX_REPLY, OUTCOMES, Desk, NotFailed, OtherOpen
from bot.channels.incoming import clean
from bot.channels.markup import units
from bot.store import accounts, audit, drafts, tickets
from bot.store.accounts import Account
from bot.store.drafts import Draft
from bot.store.engine import Tx
from bot.store.tickets import AlreadyTaken, Changed, NotOpen, ThreadMessage, TicketRow
from knowledge.entry import AdvisorRole

CLOSE_FIELDS = ("outcome", "topic", "version", "next")
NUMBER = re.compile(r"[0-9]{1,15}")
DONE = frozenset(
    ["claimed", "released", "replied", "noted", "drafted", "closed", "tried_again", "handed_over", "reopened", "next"]
)
ROLES: tuple[AdvisorRole, ...] = get_args(AdvisorRole)


@dataclass(frozen=True)
class Tried:
    """What the bot saw in the question: its verdict, how sure it was, and the nearest entries with their scores."""

    kind: str
    confidence: float | None
    hits: Sequence[tuple[str, str, float]]  # id, title, score


class Unread(Exception):
    """Others have written in the thread what the form's page did not show; *seen* are the messages that it did."""

    def __init__(self, seen: Collection[int]) -> None:
        super().__init__()
        self.seen = seen


@dataclass(frozen=True)
class Handing:
    """What was filled in for handing over: kept when it can't be done just now."""

    note: str
    to: str


async def page(visit: Visit) -> Response:
    """The ticket; that it was looked at is written down, and for a minute colleagues see it."""
    response = await show(visit)
    visit.house.store.hub.presence.looks(read_ticket_id(visit), visit.account.id, visit.account.name, visit.now)
    return response


async def claim(visit: Visit) -> Response:
    """Take the ticket."""
    return await attempt(visit, "claimed", lambda desk, id_: desk.claim(visit.account, id_, visit.now))


async def release(visit: Visit) -> Response:
    """Give the ticket back to the queue."""
    return await attempt(visit, "released", lambda desk, id_: desk.release(visit.account, id_, visit.now))


async def close(visit: Visit) -> Response:
    """Close the ticket with its outcome and what it was about, and stay there or go on with the next."""
    outcome, topic = visit.form.get("outcome", ""), visit.form.get("topic", "")
    if outcome not in OUTCOMES:
        return await show(visit, 422, problem="no_outcome")
    if topic and visit.house.bookshelf.current.library.get(topic) is None:
        raise Refused(400, "bad_form")
    version = visit.version(digits=15)
    closed = await attempt(
        visit,
        "closed",
        lambda desk, id_: desk.close(visit.account, id_, outcome, visit.now, topic=topic, version=version),
    )
    return await _go_on(visit) if "next" in visit.form and closed.status_code == 303 else closed


async def _go_on(visit: Visit) -> Response:
    """To the next ticket in line; when there is none, to the queue."""
    async with visit.house.store.read() as read:
        next_id = await next_in_line(visit, read)
    return visit.go(f"/console/tickets/{next_id}?view=mine&done=next" if next_id else "/console/?done=closed")


async def hand_over(visit: Visit) -> Response:
    """Give the ticket to a colleague or to the other role, perhaps with a note for them."""
    note, to = clean(visit.form.get("note", "")), visit.form.get("to", "")
    async with visit.house.store.read() as read:
        colleagues = await _colleagues(visit, read)
    receivers: dict[str, Account | AdvisorRole] = {role: role for role in ROLES}
    receiver = (receivers | {colleague.id: colleague for colleague in colleagues}).get(to)
    handed = Handing(visit.form.get("note", ""), to)
    if receiver is None:
        return await show(visit, 422, problem="no_receiver", handing=handed)
    if units(note) > MAX_REPLY:
        return await show(visit, 422, problem="too_long", handing=handed)
    version = visit.version(digits=15)
    return await attempt(
        visit,
        "handed_over",
        lambda desk, id_: desk.hand_over(visit.account, id_, receiver, note, version, visit.now),
        handing=handed,
    )


async def reopen(visit: Visit) -> Response:
    """Open a closed ticket again, for oneself."""
    version = visit.version(digits=15)
    return await attempt(visit, "reopened", lambda desk, id_: desk.reopen(visit.account, id_, version, visit.now))


async def try_again(visit: Visit) -> Response:
    """Send a reply anew that did not get through."""
    message_id, failed_id = visit.request.path_params["message_id"], visit.form.get("delivery", "")
    if not NUMBER.fullmatch(message_id):
        raise not_found()
    if not NUMBER.fullmatch(failed_id):
        raise Refused(400, "bad_form")
    return await attempt(
        visit,
        "tried_again",
        lambda desk, id_: desk.try_again(visit.account, id_, int(message_id), int(failed_id), visit.now),
    )


async def _colleagues(visit: Visit, read: AsyncConnection) -> list[Account]:
    """The other advisors who can log in."""
    others = [other for other in await accounts.everyone(read) if other.id != visit.account.id]
    return [other for other in others if other.is_advisor and not other.is_disabled]


async def attempt(
    visit: Visit, done: str, act: Any, *, draft: Draft | None = None, handing: Handing | None = None
) -> Response:
    """Do *act* with the desk and the ticket's id, then the page that says so, or why it could not be done.

    What was filled in, *draft* or *handing*, stays on that page.
    """
    ticket_id = read_ticket_id(visit)
    desk = Desk(visit.house.store, visit.house.hours)
    try:
        await act(desk, ticket_id)
    except AlreadyTaken as error:
        problem = "taken" if error.by else "free_already"
        return await show(visit, 409, problem=problem, taken_by=error.by, draft=draft, handing=handing)
    except Unread as error:
        return await show(visit, 409, problem="unread", seen=error.seen, draft=draft)
    except Changed:
        return await show(visit, 409, problem="changed", draft=draft, handing=handing)
    except OtherOpen as error:
        return await show(visit, 409, problem="other_open", other_id=error.ticket_id)
    except NotFailed:
        return await show(visit, 409, problem="not_failed", draft=draft)
    except NotOpen:
        return await show(visit, 409, problem="closed_already", draft=draft, handing=handing)
    visit.house.store.hub.presence.stops_writing(ticket_id, visit.account.id, visit.now)  # said, or not theirs to say
    return visit.go(f"/console/tickets/{ticket_id}?view={_view_after(visit, done)}&done={done}#latest")


def _view_after(visit: Visit, done: str) -> str:
    """Beside a ticket one has just taken stand one's own."""
    return (
        "mine" if done in {"claimed", "replied", "reopened"} else visit.query("view", known=frozenset(VIEWS)) or "mine"
    )


async def show(
    visit: Visit,
    status: int = 200,
    *,
    problem: str | None = None,
    taken_by: str = "",
    other_id: str = "",
    draft: Draft | None = None,
    seen: Collection[int] | None = None,
    is_preview: bool = False,
    handing: Handing | None = None,
) -> Response:
    """The ticket's page. *draft* is what was in the box, which is kept; *seen* what its writer has read, if not all."""
    ticket_id, store, vault = read_ticket_id(visit), visit.house.store, visit.house.vault
    find = suggestions.read_search(visit.form.get("find", ""))
    async with store.read() as read:
        ticket = await tickets.get(read, ticket_id)
        if ticket is None:
            raise not_found()
        version = await live.version(visit.house, read, ticket.conversation_id)
        thread = await tickets.thread(read, ticket_id)
        default: View = "mine" if ticket.account_id == visit.account.id else "free"
        queue = await read_queue(visit, read, version, default=default)
        may_reply = ticket.closed_at is None and ticket.account_id in {None, visit.account.id}
        colleagues = await _colleagues(visit, read) if may_reply else []
        suggested = await suggestions.suggest(visit, read, ticket, thread) if may_reply else []
        templates = await suggestions.templates(visit, read, ticket) if may_reply else []
        begun = await drafts.of(read, vault, ticket_id, visit.account.id)
    by_others = [message for message in thread if message.account_name != visit.account.name]
    shown = looks.shown(visit, ticket, by_others)
    act = looks.to_note(visit, shown)
    if act or draft:
        async with store.write() as tx:
            if act:
                await audit.record(tx, visit.account.id, act, ticket_id, visit.now)
            if draft is not None and draft.text.strip() and units(draft.text) <= MAX_REPLY:
                draft = await _kept(visit, tx, ticket_id, draft)
    done = visit.query("done", known=DONE) if status == 200 else None
    in_box = draft or _begun(visit, begun, done)
    return visit.render(
        "ticket.html",
        status,
        version=version,
        shown=shown,
        queue=queue,
        ticket=ticket,
        thread=thread,
        is_partly_gone=_is_partly_gone(ticket, thread),
        has_reply=any(message.author == "advisor" for message in thread),
        left=ticket.promised_at - visit.now,
        waited=visit.now - ticket.waiting_since,
        zero=timedelta(0),
        is_mine=ticket.account_id == visit.account.id,
        is_others=ticket.account_id not in {None, visit.account.id},
        tried=_tried(visit, thread),
        suggested=suggested,
        templates=templates,
        find=find,
        found=suggestions.search(visit, ticket, find) if find else [],
        title=_title(visit, ticket),
        draft=in_box,
        other_drafts=[other for other in begun if other.key != in_box.key],
        seen=",".join(str(message.id) for message in by_others),
        preview=preview(visit, ticket, in_box.text) if is_preview else None,
        unread=[] if seen is None else [message for message in by_others if message.id not in seen],
        problem=problem,
        taken_by=taken_by,
        other_id=other_id,
        handing=handing or Handing("", ""),
        colleagues=colleagues,
        other_roles=[role for role in ROLES if role != ticket.role],
        topics=sorted((entry.title, entry.id) for entry in visit.house.bookshelf.current.library.entries),
        done=done,
        outcomes=OUTCOMES,
        max_reply=MAX_REPLY,
    )


async def _kept(visit: Visit, tx: Tx, ticket_id: str, draft: Draft) -> Draft:
    """What could not be sent, as the draft that it stays."""
    try:
        return await drafts.save(tx, visit.house.vault, ticket_id, visit.account.id, draft, visit.now)
    except NotOpen as error:
        raise not_found() from error


def _begun(visit: Visit, begun: Sequence[Draft], done: str | None) -> Draft:
    """What to go on with: the draft that the address names, else the latest; nothing after something was sent."""
    empty = Draft(key=drafts.new_key())
    named = next((draft for draft in begun if draft.key == visit.request.query_params.get("draft")), None)
    return named or (next(iter(begun), empty) if done not in {"replied", "noted"} else empty)


def read_ticket_id(visit: Visit) -> str:
    """The ticket's id in the address."""
    ticket_id: str = visit.request.path_params["ticket_id"]
    if not RANDOM_ID.fullmatch(ticket_id):
        raise not_found()
    return ticket_id


def question_of(thread: Sequence[ThreadMessage]) -> ThreadMessage | None:
    """The first thing that the asker wrote in this thread."""
    return next((message for message in thread if message.author == "asker"), None)


def _is_partly_gone(ticket: TicketRow, thread: Sequence[ThreadMessage]) -> bool:
    """Whether the retention time has taken messages: a ticket is opened with a question that stands before it."""
    question = question_of(thread)
    return question is None or question.created_at > ticket.opened_at


def _tried(visit: Visit, thread: Sequence[ThreadMessage]) -> Tried | None:
    question = question_of(thread)
    if question is None or not question.verdict:
        return None
    seen: dict[str, Any] = question.verdict
    library = visit.house.bookshelf.current.library
    entries = [(library.get(id_), float(score)) for id_, score in seen.get("hits", ())]
    hits = [(entry.id, entry.title, score) for entry, score in entries if entry is not None]
    return Tried(str(seen.get("kind", "")), seen.get("confidence"), hits)


def _title(visit: Visit, ticket: TicketRow) -> str | None:
    entry = visit.house.bookshelf.current.library.get(ticket.topic) if ticket.topic else None
    return entry.title if entry else None
