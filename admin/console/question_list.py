"""Single questions, newest day first: for seeing what is asked. Without alias, thread or hour, personal data masked."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import get_args
from urllib.parse import urlencode
from zlib import crc32

from starlette.responses import Response

from admin.console import period
from admin.console.asked import note_view, shown
from admin.console.visit import Visit, not_found
from admin.summaries.due import Span
from admin.summaries.tables import LANGUAGE_NAMES, NOTHING_NEAR
from admin.summaries.wording import CHANNELS
from bot.store import questions
from bot.store.narrowing import ALL, Came, Narrowing
from bot.store.questions import Lack
from bot.store.tallies import NONE
from knowledge.entry import Language, is_entry_id

SHOWN = 50


@dataclass(frozen=True)
class Line:
    """A question as the list shows it: *titles* of what it was given, or else offered; *lack* as of `AskedQuestion`."""

    text: str
    day: date
    language: Language
    kind: str
    titles: tuple[str, ...]
    lack: Lack | None
    has_helped: bool


async def page(visit: Visit) -> Response:
    """A page of the list, that goes on before the question `?before=`; that it was looked at is written down.

    All of them, or those asked from the day `?first=` to the day `?last=`, and of them those that `Narrowing` names:
    `?came=`, `?topic=`, `?channel=`, `?language=`.
    """
    number, span, only = visit.number("before", digits=15), _span(visit), _narrowing(visit)
    zone, books = visit.house.hours.zone, visit.house.bookshelf.current.library
    since, until = (
        datetime.combine(day, time(), zone) if day else None
        for day in ((span.first_day, span.last_day + timedelta(days=1)) if span else (None, None))
    )
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=SHOWN + 1, since=since, until=until, before=number, only=only)
    await note_view(visit, "view questions", _part(span, only, number))
    # Not in the order asked: what stands side by side would tell what one and the same asker has written.
    mixed = sorted(shown(found[:SHOWN]), key=lambda one: crc32(str(one.id).encode()))
    lines = [
        Line(
            text=one.text,
            day=one.question.asked_at.astimezone(zone).date(),
            language=one.question.language,
            kind=one.question.kind,
            titles=tuple(
                entry.title
                for entry_id in dict.fromkeys(given.entry_id for given in one.question.given)
                if (entry := books.get(entry_id))
            ),
            lack=one.question.lack,
            has_helped=any(given.helped for given in one.question.given),
        )
        for one in mixed
    ]
    return visit.render(
        "questions.html",
        lines=sorted(lines, key=lambda line: line.day, reverse=True),
        next=found[SHOWN - 1].id if len(found) > SHOWN else None,
        is_first=number is None,
        days=span and period.named(span),
        query=f"{asked}&" if (asked := query_of(span, only)) else "",
        span=period.ends_of(span) if span else {},
        only=only,
        is_narrowed=only != ALL,
        topic=_title(visit, only.topic),
        channels=CHANNELS,
    )


def query_of(span: Span | None, only: Narrowing) -> str:
    """What stands after the question mark in the address of these questions."""
    narrowed = {name: value for name, value in vars(only).items() if value is not None}
    return urlencode({**(period.ends_of(span) if span else {}), **narrowed})


def _title(visit: Visit, topic: str | None) -> str | None:
    if not topic:
        return NOTHING_NEAR if topic == NONE else None
    entry = visit.house.bookshelf.current.library.get(topic)
    return entry.title if entry else topic


def _narrowing(visit: Visit) -> Narrowing:
    """What the address narrows the list to; a word left empty, as a form sends it, to nothing. 404 for what is none."""
    query = visit.request.query_params
    came, channel, language = (query.get(name) or None for name in ("came", "channel", "language"))
    topic = query.get("topic")
    known = (
        came in (None, *get_args(Came))
        and channel in (None, *CHANNELS)
        and language in (None, *LANGUAGE_NAMES)
        and (not topic or is_entry_id(topic))  # also of an entry that is no more
    )
    if not known:
        raise not_found()
    return Narrowing(came=came, topic=topic, channel=channel, language=language)  # type: ignore[arg-type]


def _part(span: Span | None, only: Narrowing, before: int | None) -> str:
    """Which part of the list it is, for the audit log."""
    told = (
        f"{span.first_day} to {span.last_day}" if span else "",
        "narrowed" if only != ALL else "",
        f"before {before}" if before else "",
    )
    return ", ".join(filter(None, told)) or "newest"


def _span(visit: Visit) -> Span | None:
    """The days of the address, None for all; 404 for what are none."""
    query = visit.request.query_params
    if "first" not in query and "last" not in query:
        return None
    try:
        return period.asked(visit, None)
    except period.WrongDates as wrong:
        raise not_found() from wrong
