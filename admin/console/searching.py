"""Searching the tickets: which questions, open or closed, had these words."""

import asyncio
from dataclasses import dataclass

from starlette.responses import Response

from admin.console.queue import Row, make_row, read_choice, topics_by_title
from admin.console.visit import Visit
from bot import compounds, found
from bot.found import Line, Reading
from bot.store import audit, search

SUBJECT = "questions"


@dataclass(frozen=True)
class Found:
    """A ticket as a line of the results; *alias*, *line* and *title*: where the words are; None: they aren't there."""

    row: Row
    alias: Line | None
    line: Line | None
    title: Line | None


async def page(visit: Visit) -> Response:
    """The search form and what was found; of a query that can't be searched for, why. The log keeps no word of it."""
    query = visit.request.query_params.get("q", "").strip()
    problem, hits, is_cut = "", list[Found](), False
    words = found.read_query(query) if len(query) <= found.MAX_QUERY else []
    choice = read_choice(visit)
    if len(query) > found.MAX_QUERY:
        problem, query = "too_long", query[: found.MAX_QUERY]
    elif query and not words:
        problem = "no_words"
    elif words:
        titles = {id_: title for title, id_ in topics_by_title(visit)}
        known = await asyncio.to_thread(compounds.vocabulary, visit.house.bookshelf.current.library)
        sought = [known.with_compounds(word) for word in words]
        async with visit.house.store.read() as read:
            result = await search.find(read, visit.house.vault, sought, choice, visit.now, titles)
        async with visit.house.store.write() as tx:
            await audit.record(tx, visit.account.id, "search", SUBJECT, visit.now)
        reading = Reading(sought, near=False)
        hits, is_cut = [_found(make_row(visit, hit.ticket), hit.line, reading) for hit in result.hits], result.is_cut
    return visit.render(
        "search.html",
        query="".join(letter for letter in query if letter.isprintable()),
        problem=problem,
        hits=hits,
        is_cut=is_cut,
        choice=choice,
        topics=topics_by_title(visit),
        max_query=found.MAX_QUERY,
    )


def _found(row: Row, line: Line | None, reading: Reading) -> Found:
    return Found(
        row, alias=reading.best_line([row.ticket.alias]), line=line, title=reading.best_line([row.title or ""])
    )
