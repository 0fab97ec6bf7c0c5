"""The FAQ as the bot uses it: all entries, and each by itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from admin.console import live
from admin.console.visit import Visit, not_found
from bot.channels.markup import as_web_html
from bot.store import revisions
from knowledge.entry import Entry
from knowledge.freshness import SOON, due
from knowledge.library import Revision

ENTRY_ID = re.compile(r"[a-z0-9-]{1,60}")


@dataclass(frozen=True)
class Line:
    """An entry as the list shows it."""

    entry: Entry
    is_edited: bool
    is_overdue: bool


async def listing(visit: Visit) -> Response:
    """What is to be looked at again soon, then all entries by category, by title."""
    async with visit.house.store.read() as read:
        version = await live.version(visit.house, read)
        edited = _edited_ids(await revisions.published(read))
    today = visit.now.astimezone(visit.house.hours.zone).date()
    books = visit.house.bookshelf.current.library
    checked_on = visit.house.profile.crisis.numbers_checked_on
    entries = sorted(books.entries, key=lambda entry: entry.title.casefold())
    by_category: dict[str, list[Line]] = {}
    for entry in entries:
        line = Line(entry, entry.id in edited, entry.review_by < today)
        by_category.setdefault(entry.category, []).append(line)
    return visit.render(
        "faq.html",
        version=version,
        today=today,
        soon=due(books, today + SOON, crisis_numbers_checked_on=checked_on),
        by_category=_sorted(by_category),
        count=len(entries),
    )


async def entry(visit: Visit) -> Response:
    """One entry with its phrasings; of one just published, whether the bot has learned it yet."""
    entry_id: str = visit.request.path_params["entry_id"]
    if not ENTRY_ID.fullmatch(entry_id):
        raise not_found()
    async with visit.house.store.read() as read:
        version = await live.version(visit.house, read)
        number = await revisions.number(read)
        edited = _edited_ids(await revisions.published(read))
    found = visit.house.bookshelf.current.library.get(entry_id)
    if found is None and entry_id not in edited:
        raise not_found()
    return visit.render(
        "entry.html",
        version=version,
        entry_id=entry_id,
        entry=found,
        answer=as_web_html(found.answer) if found else "",
        is_edited=entry_id in edited,
        is_learned=visit.house.bookshelf.number >= number,
        done=visit.query("done", known=frozenset(["published", "added"])),
    )


def _edited_ids(published: Sequence[Revision]) -> frozenset[str]:
    return frozenset(revision.entry_id for revision in published)


def _sorted(by_category: Mapping[str, list[Line]]) -> dict[str, list[Line]]:
    return {category: by_category[category] for category in sorted(by_category)}
