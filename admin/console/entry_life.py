"""The beginning and the end of an answer: a new one from nothing, and taking one out of use."""

from collections.abc import Mapping

from sqlalchemy import func, select
from starlette.responses import Response

from admin.console.editing import read_standing_of, stale
from admin.console.faq import entry_page, read_entry_id
from admin.console.learning import MAX_TITLE, REVIEW_AFTER, slug
from admin.console.publishing import PUBLISH_LOCK
from admin.console.saving import Stale, publish_over, require_seen
from admin.console.standing import read_standing
from admin.console.visit import Visit, not_found
from bot.channels.incoming import clean
from bot.store import audit, revisions
from knowledge import amending, library
from knowledge.entry import is_entry_id
from knowledge.library import InvalidLibrary, Revision

NEW_FIELDS = ("title", "id", "category", "advisor")


async def new(visit: Visit) -> Response:
    """The form of a new answer: what it is about; the answer itself is written in the editor."""
    return _new_form(visit, dict.fromkeys(NEW_FIELDS, ""), {})


async def create(visit: Visit) -> Response:
    """Begin a draft, and on to the editor. Nobody is answered by it before it is published."""
    fields = {name: clean(visit.form.get(name, "")) for name in NEW_FIELDS}
    entry_id = fields["id"] or slug(fields["title"])
    faults = _faults(visit, fields, entry_id)
    if faults:
        return _new_form(visit, fields, faults)
    today = visit.today
    front = {
        "id": entry_id,
        "category": fields["category"],
        "title": fields["title"],
        "advisor": fields["advisor"],
        "sources": [],
        "review_by": (today + REVIEW_AFTER).isoformat(),
        "related": [],
        "places": [],
        "season": [],
        "figures": [],
    }
    async with visit.house.store.write() as tx:
        if tx.dialect == "postgresql":
            await tx.execute(select(func.pg_advisory_xact_lock(PUBLISH_LOCK)))
        standing = await read_standing(tx.connection, visit.house.bookshelf.folder, entry_id, "fi")
        if standing.is_known:
            return _new_form(visit, fields, {"id": ["taken"]})
        await revisions.save_draft(
            tx,
            entry_id=entry_id,
            language="fi",
            part="answer",
            text=amending.amend(None, front, ""),
            account_id=visit.account.id,
            now=visit.now,
        )
        await audit.record(tx, visit.account.id, "draft answer", entry_id, visit.now)
    return visit.go(f"/console/faq/{entry_id}/fi?done=made")


async def withdraw(visit: Visit) -> Response:
    """Take an answer out of use, with its phrasings and translations. One of the topics that must exist stays."""
    entry_id = read_entry_id(visit)
    if any(topic.id == entry_id for topic in library.topics()):
        return await entry_page(visit, entry_id, refused=["topic"], status=422)

    async with visit.house.store.read() as read:
        seen = await read_standing(read, visit.house.bookshelf.folder, entry_id, "fi")
    try:
        require_seen(visit, seen)
        if seen.is_withdrawn:
            raise Stale
        await publish_over(visit, seen, [Revision(entry_id, "fi", "answer", None)], closes_drafts=False)
    except Stale:
        return await entry_page(visit, entry_id, refused=["stale"], status=409)
    except InvalidLibrary as error:
        others = sorted({fault.file.rpartition("/")[2].partition(".")[0] for fault in error.faults})
        return await entry_page(visit, entry_id, refused=others, status=422)
    return visit.go(f"/console/faq/{entry_id}?done=withdrawn")


async def withdraw_translation(visit: Visit) -> Response:
    """Take one translation out of use: who asks in that language gets the Finnish answer. Its phrasings stay."""
    seen = await read_standing_of(visit)
    if seen.language == "fi":
        raise not_found()
    try:
        require_seen(visit, seen)
        if not seen.has_translation:
            raise Stale
        edit = Revision(seen.entry_id, seen.language, "answer", None)
        await publish_over(visit, seen, [edit], closes_drafts=False)
    except Stale:
        return await stale(visit, await read_standing_of(visit))
    return visit.go(f"/console/faq/{seen.entry_id}?done=withdrawn_translation")


def _faults(visit: Visit, fields: Mapping[str, str], entry_id: str) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not fields["title"]:
        faults["title"] = ["empty"]
    elif len(fields["title"]) > MAX_TITLE or "\n" in fields["title"]:
        faults["title"] = ["long_title"]
    if not is_entry_id(entry_id):
        faults["id"] = ["bad_id"]
    if fields["category"] not in _categories(visit):
        faults["category"] = ["choose"]
    if fields["advisor"] not in {"sosiaaliohjaaja", "tyovoimaneuvoja"}:
        faults["advisor"] = ["choose"]
    return faults


def _categories(visit: Visit) -> list[str]:
    return sorted({entry.category for entry in visit.house.bookshelf.current.library.entries})


def _new_form(visit: Visit, fields: Mapping[str, str], faults: Mapping[str, list[str]]) -> Response:
    return visit.render(
        "new_entry.html", 422 if faults else 200, fields=fields, faults=faults, categories=_categories(visit)
    )
