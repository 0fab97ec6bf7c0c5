"""Single questions, for seeing what is asked. Without alias, thread or hour, personal data masked.

Who answers askers sees them by day, the newest first; who may not know whose they are sees a month's, see `Crowd`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from urllib.parse import urlencode
from zlib import crc32

from starlette.responses import Response

from admin.console import period
from admin.console.asked import Shown, note_view, shown
from admin.console.crowd import Crowd
from admin.console.visit import Visit, not_found
from admin.summaries.due import Span, last_whole, span_of
from admin.summaries.tables import LANGUAGE_NAMES, NOTHING_NEAR
from admin.summaries.wording import CHANNELS
from bot.store import questions
from bot.store.narrowing import ALL, Came, Narrowing
from bot.store.questions import Lack
from bot.store.tallies import NONE
from knowledge.entry import Language, is_entry_id

SHOWN = 50
MOST_OF_MONTH = 400  # the newest: looking for danger takes half a millisecond of each


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
    `?came=`, `?topic=`, `?channel=`, `?language=`. Who may not know whose they are gets those of whole months.
    """
    number, span, only = visit.number("before", digits=15), _span(visit), _narrowing(visit)
    if not visit.may("ticket"):
        return await _page_of_month(visit, span, only)
    since, until = _ends(visit, span) if span else (None, None)
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=SHOWN + 1, since=since, until=until, before=number, only=only)
    await note_view(visit, "view questions", _part(span, only, f"before {number}" if number else ""))
    lines = [_line(visit, one) for one in _mixed(shown(found[:SHOWN]))]
    return visit.render(
        "questions.html",
        lines=sorted(lines, key=lambda line: line.day, reverse=True),
        next=found[SHOWN - 1].id if len(found) > SHOWN else None,
        is_first=number is None,
        days=span and period.named(span),
        query=f"{asked}&" if (asked := query_of(span, only)) else "",
        **_narrowed(visit, span, only),
    )


async def _page_of_month(visit: Visit, span: Span | None, only: Narrowing) -> Response:
    """The same of one month that is over, without days: `?page=` of its newest, all mixed.

    Of days, or of periods that overlap, one could be taken from the other: what is left would be one asker's.
    """
    latest = last_whole("month", visit.today)
    month = span_of("month", span.first_day) if span else latest
    if month.first_day > latest.first_day or (span and period.ends_of(span) != period.ends_of(month)):
        instead = min(month, latest, key=lambda one: one.first_day)
        return visit.render("questions_wrong.html", instead=query_of(instead, only), name=period.named(instead))
    ids, readable, wider = await _in_month(visit, month, only)
    mixed = _mixed(one for one in readable if one.id in (ids or ()))
    pages = max(1, -(-len(mixed) // SHOWN))
    number = min(max(1, visit.number("page", digits=4) or 1), pages)
    await note_view(visit, "view questions", _part(month, only, f"page {number}" if number > 1 else ""))
    earlier, later = period.earlier(month), span_of("month", month.last_day + timedelta(days=1))
    return visit.render(
        "questions_of_month.html",
        name=period.named(month),
        lines=[_line(visit, one) for one in mixed[(number - 1) * SHOWN : number * SHOWN]],
        is_too_narrow=ids is None,
        wider=wider and query_of(month, wider),
        number=number,
        pages=pages,
        query=query_of(month, only),
        most=MOST_OF_MONTH,
        earlier=earlier and query_of(earlier, only),
        later=query_of(later, only) if later.first_day <= latest.first_day else None,
        **_narrowed(visit, month, only),
    )


async def _in_month(
    visit: Visit, month: Span, only: Narrowing
) -> tuple[set[int] | None, Sequence[Shown], Narrowing | None]:
    """Which of its questions may be shown of those that *only* means, all that may be shown, and what is wider."""
    since, until = _ends(visit, month)
    came = replace(only, channel=None, language=None)
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=MOST_OF_MONTH, since=since, until=until)
        met = (
            await questions.lately(read, limit=MOST_OF_MONTH, since=since, until=until, only=came)
            if came != ALL
            else found
        )
        origins = await questions.origins(read, [one.id for one in found])
    readable = await asyncio.to_thread(shown, found)
    crowd = Crowd({one.id: origins[one.id] for one in readable if one.id in origins})
    those = [one.id for one in met]
    ids = crowd.of(only, those)
    return ids, readable, crowd.wider(only, those) if ids is None else None


def _ends(visit: Visit, span: Span) -> tuple[datetime, datetime]:
    """When it begins, and when the day after it does."""
    zone = visit.house.hours.zone
    return (
        datetime.combine(span.first_day, time(), zone),
        datetime.combine(span.last_day + timedelta(days=1), time(), zone),
    )


def _mixed(found: Iterable[Shown]) -> list[Shown]:
    """Not in the order asked: what stands side by side would tell what one and the same asker has written."""
    return sorted(found, key=lambda one: crc32(str(one.id).encode()))


def _line(visit: Visit, one: Shown) -> Line:
    books = visit.house.bookshelf.current.library
    return Line(
        text=one.text,
        day=one.question.asked_at.astimezone(visit.house.hours.zone).date(),
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


def _narrowed(visit: Visit, span: Span | None, only: Narrowing) -> dict[str, Any]:
    """What the form to narrow the list shows."""
    return {
        "span": period.ends_of(span) if span else {},
        "only": only,
        "is_narrowed": only != ALL,
        "topic": _title(visit, only.topic),
        "channels": CHANNELS,
    }


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


def _part(span: Span | None, only: Narrowing, page: str) -> str:
    """Which part of the list it is, for the audit log."""
    told = (
        f"{span.first_day} to {span.last_day}" if span else "",
        "narrowed" if only != ALL else "",
        page,
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
