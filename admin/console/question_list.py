"""Single questions, newest day first: for seeing what is asked. Without alias, thread or hour, personal data masked."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zlib import crc32

from starlette.responses import Response

from admin.console import period
from admin.console.asked import note_view, shown
from admin.console.visit import Visit, not_found
from admin.summaries.due import Span
from bot.store import questions
from bot.store.questions import Lack
from knowledge.entry import Language

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

    All of them, or those asked from the day `?first=` to the day `?last=`.
    """
    number, span = visit.number("before", digits=15), _span(visit)
    zone, books = visit.house.hours.zone, visit.house.bookshelf.current.library
    since, until = (
        datetime.combine(day, time(), zone) if day else None
        for day in ((span.first_day, span.last_day + timedelta(days=1)) if span else (None, None))
    )
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=SHOWN + 1, since=since, until=until, before=number)
    await note_view(visit, "view questions", f"before {number}" if number else "newest")
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
        query=f"{urlencode(period.ends_of(span))}&" if span else "",
    )


def _span(visit: Visit) -> Span | None:
    """The days of the address, None for all; 404 for what are none."""
    query = visit.request.query_params
    if "first" not in query and "last" not in query:
        return None
    try:
        return period.asked(visit, None)
    except period.WrongDates as wrong:
        raise not_found() from wrong
