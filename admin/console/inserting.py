"""A suggestion put into the reply box, or a search among the answers, where the page's script does neither."""

from dataclasses import replace

from starlette.responses import Response

from admin.console import suggestions, ticket
from admin.console.composer import SAY_FIELDS, read_draft, read_seen
from admin.console.ticket import read_ticket_id
from admin.console.visit import Visit, not_found
from bot.store import tickets
from bot.store.drafts import Draft

FIELDS = (*SAY_FIELDS, "insert")


async def suggest(visit: Visit) -> Response:
    """The ticket with what was written, the suggestion after it, and what was found. Nothing is sent."""
    draft, seen = read_draft(visit, visit.form.get("mode", "reply")), read_seen(visit)
    token = visit.form.get("insert", "")
    if not token:
        return await ticket.show(visit, draft=draft, seen=seen)
    async with visit.house.store.read() as read:
        row = await tickets.get(read, read_ticket_id(visit))
        if row is None:
            raise not_found()
        found = await suggestions.named(visit, read, row, token)
    if found is None:
        return await ticket.show(visit, 409, problem="no_suggestion", draft=draft, seen=seen)
    return await ticket.show(visit, draft=_with(draft, found.text), seen=seen)


def _with(draft: Draft, text: str) -> Draft:
    """The suggestion after what was written, as a paragraph of its own; into an empty box, as a reply."""
    written = draft.text.rstrip()
    if not written:
        return replace(draft, text=text, mode="reply")
    return replace(draft, text=f"{written}\n\n{text}")
