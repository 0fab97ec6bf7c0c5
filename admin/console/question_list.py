"""Single questions, newest day first: for seeing what is asked. Without alias, thread or hour, personal data masked."""

from dataclasses import dataclass
from datetime import date
from zlib import crc32

from starlette.responses import Response

from admin.console.asked import note_view, shown
from admin.console.visit import Visit
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
    """A page of the list, that goes on before the question `?before=`; that it was looked at is written down."""
    number = visit.number("before", digits=15)
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=SHOWN + 1, before=number)
    await note_view(visit, "view questions", f"before {number}" if number else "newest")
    zone, books = visit.house.hours.zone, visit.house.bookshelf.current.library
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
    )
