"""The editor of an entry in one language: look at it as askers see it, keep a draft, publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from admin.console import diff, effect
from admin.console.checking import check
from admin.console.diff import Row
from admin.console.effect import Look
from admin.console.entry_form import (
    BASES,
    FIELDS,
    PLACES,
    RELATED,
    SOURCES,
    Texts,
    composed,
    filled,
    read_form,
    too_long,
)
from admin.console.entry_preview import Preview, preview, translated, unfinished
from admin.console.faq import read_entry_id
from admin.console.fault_words import Said, by_field
from admin.console.saving import Stale, hold, over, publish_over, require_seen
from admin.console.standing import PARTS, Standing, read_standing
from admin.console.visit import Visit, not_found
from bot.channels.markup import as_web_html
from bot.store import audit, revisions
from knowledge import amending
from knowledge.entry import LANGUAGES, Entry, Language
from knowledge.library import InvalidLibrary, Revision

SAVE_FIELDS = (*FIELDS, "act", "base", "opened", "reread", "anyway")
TOO_LONG = Said("Tässä on liikaa tekstiä. Lyhennä.")


@dataclass(frozen=True)
class Page:
    """What the editor's page shows beside the fields themselves.

    Attributes
        faults: by field; None while nobody has asked for them.
        theirs: what somebody else has changed meanwhile; None when nobody has.
    """

    faults: Mapping[str, Sequence[Said]] | None = None
    theirs: Sequence[Row] | None = None
    look: Look | None = None
    status: int = 200


async def page(visit: Visit) -> Response:
    """The form, filled with what was written last."""
    seen = await read_standing_of(visit)
    return _render(visit, seen, filled(seen.latest, seen.language), Page())


async def save(visit: Visit) -> Response:
    """What the button says: look at it, check it, keep it as a draft, look at its effect, publish it."""
    seen = await read_standing_of(visit)
    act = visit.form.get("act", "")
    fields = read_form(visit.form, seen.language)
    if long := too_long(fields):
        return _render(visit, seen, fields, Page(faults={name: [TOO_LONG] for name in long}, status=422))
    if act == "live":
        return _render(visit, seen, fields, Page())
    if act == "preview":
        return _render(visit, seen, fields, Page(faults=await _check(visit, seen, fields)))
    try:
        require_seen(visit, seen)
        match act:
            case "draft":
                return await _save_draft(visit, seen, fields)
            case "discard":
                return await _discard(visit, seen)
            case "look" | "publish":
                return await _publish(visit, seen, fields)
    except Stale:
        return await _stale(visit, await read_standing_of(visit), fields)
    return _render(visit, seen, fields, Page(status=422))


# --- the acts -------------------------------------------------------------------------------------------------


async def _save_draft(visit: Visit, seen: Standing, fields: Mapping[str, str]) -> Response:
    """Keep what differs from what is in use, with its faults, to be gone on with by anybody."""
    texts = _texts(visit, seen, fields)
    async with visit.house.store.write() as tx:
        await hold(tx, seen)
        for part in PARTS:
            text, draft = texts.of(part), seen.draft(part)
            if text is None or text == seen.texts.of(part):
                await revisions.close_drafts(tx, seen.entry_id, seen.language, [part])
            elif draft is None or draft.text != text:
                await revisions.save_draft(
                    tx,
                    entry_id=seen.entry_id,
                    language=seen.language,
                    part=part,
                    text=text,
                    account_id=visit.account.id,
                    now=visit.now,
                )
                await audit.record(tx, visit.account.id, f"draft {part}", seen.entry_id, visit.now)
    return visit.go(f"{_path(seen)}?done=draft")


async def _discard(visit: Visit, seen: Standing) -> Response:
    """Put the draft aside; it stays among the versions."""
    async with visit.house.store.write() as tx:
        await hold(tx, seen)
        if await revisions.close_drafts(tx, seen.entry_id, seen.language):
            await audit.record(tx, visit.account.id, "discard draft", seen.entry_id, visit.now)
    return visit.go(
        f"{_path(seen)}?done=discarded" if seen.settled("answer", "fi") or seen.finnish.answer else "/console/faq"
    )


async def _publish(visit: Visit, seen: Standing, fields: Mapping[str, str]) -> Response:
    """Publish, or look at the effect first; with faults, the form again with each at its field and nothing lost."""
    faults = await _check(visit, seen, fields)
    is_held = any(not fault.may_pass for found in faults.values() for fault in found)
    if is_held or (faults and visit.form.get("anyway") != "yes" and visit.form.get("act") == "publish"):
        return _render(visit, seen, fields, Page(faults=faults, status=422))
    edits = _revisions(seen, _texts(visit, seen, fields))
    try:
        if visit.form.get("act") == "look":
            shown = _page_values(visit, seen, fields, Page(faults=faults))
            return await effect.respond(
                visit,
                lambda shelf: over(shelf, seen, edits),
                lambda look: visit.render("edit_entry.html", **{**shown, "look": look}),
            )
        await publish_over(visit, seen, edits, closes_drafts=True)
    except InvalidLibrary as error:
        faults = dict(by_field(error.faults, seen.entry_id, seen.language))
        return _render(visit, seen, fields, Page(faults=faults, status=422))
    return visit.go(f"/console/faq/{seen.entry_id}?done=published")


async def _stale(visit: Visit, seen: Standing, fields: dict[str, str]) -> Response:
    """The form with the writer's text, and above it what was saved meanwhile: the next press goes over that.

    What somebody else did to the phrasings is taken in: one more way to ask is in nobody's way.
    """
    opened, theirs = _opened(visit, seen), seen.latest
    before, now = (set((texts.phrasings or "").splitlines()) for texts in (opened, theirs))
    mine = [line for line in fields["phrasings"].splitlines() if line not in before - now]
    added = [line for line in (theirs.phrasings or "").splitlines() if line not in before | set(mine)]
    merged = {**fields, "phrasings": "\n".join([*mine, *added])}
    rows = diff.changes(diff.readable(opened.answer, "answer"), diff.readable(theirs.answer, "answer"))
    return _render(visit, seen, merged, Page(theirs=rows, status=409))


def _opened(visit: Visit, seen: Standing) -> Texts:
    """What the form was filled with when it was opened, by the versions it names."""
    numbers = visit.form.get("opened", "").split(".")
    known = {str(version.id): version.text for version in seen.history if version.language == seen.language}
    files = [seen.files[seen.language, part] for part in PARTS]
    found = [known.get(number, file) for number, file in zip(numbers, files, strict=False)]
    return Texts(*found) if len(found) == len(PARTS) else seen.latest


# --- small helpers of the above -------------------------------------------------------------------------------


async def stale(visit: Visit, seen: Standing) -> Response:
    """The page again for who acted on what stands no more."""
    return _render(visit, seen, filled(seen.latest, seen.language), Page(theirs=[], status=409))


async def read_standing_of(visit: Visit) -> Standing:
    """The entry and language in the address. Raises what is answered by 404 when there never was such an entry."""
    entry_id, language = read_entry_id(visit), read_language(visit)
    async with visit.house.store.read() as read:
        seen = await read_standing(read, visit.house.bookshelf.folder, entry_id, language)
    if not seen.is_known:
        raise not_found()
    return seen


def read_language(visit: Visit) -> Language:
    """The language in the address. Raises what is answered by 404 when it isn't one of ours."""
    for language in LANGUAGES:
        if visit.request.path_params["language"] == language:
            return language
    raise not_found()


def _texts(visit: Visit, seen: Standing, fields: Mapping[str, str]) -> Texts:
    """The texts that the form means. A translation is of today's Finnish when it was changed, or read beside it."""
    translates = _translates(seen.latest.answer)
    is_same = all(fields[name] == filled(seen.latest, seen.language)[name] for name in ("title", "answer"))
    if not is_same or not translates or visit.form.get("reread") == "yes":
        translates = seen.fingerprint
    return composed(fields, seen.language, seen.texts, entry_id=seen.entry_id, translates=translates)


def _revisions(seen: Standing, texts: Texts) -> list[Revision]:
    return [
        Revision(seen.entry_id, seen.language, part, text) for part in PARTS if (text := texts.of(part)) is not None
    ]


async def _check(visit: Visit, seen: Standing, fields: Mapping[str, str]) -> dict[str, list[Said]]:
    """What `koppi knowledge check` would say of these texts, at their fields."""
    return await check(visit, _meant(seen, fields), seen.language, _revisions(seen, _texts(visit, seen, fields)))


def _preview(visit: Visit, seen: Standing, fields: Mapping[str, str]) -> Preview:
    return preview(visit, _meant(seen, fields), seen.language)


def _meant(seen: Standing, fields: Mapping[str, str]) -> Entry:
    """The entry that the form means, as far as it can be read."""
    finnish = fields if seen.language == "fi" else filled(seen.finnish, "fi")
    entry = unfinished(seen.entry_id, finnish)
    return entry if seen.language == "fi" else translated(entry, seen.language, fields)


def _path(seen: Standing) -> str:
    return f"/console/faq/{seen.entry_id}/{seen.language}"


def _render(visit: Visit, seen: Standing, fields: Mapping[str, str], shown: Page) -> Response:
    return visit.render("edit_entry.html", shown.status, **_page_values(visit, seen, fields, shown))


def _page_values(visit: Visit, seen: Standing, fields: Mapping[str, str], shown: Page) -> dict[str, Any]:
    books = visit.house.bookshelf.current.library
    is_outdated = False
    finnish_changes: list[Row] = []
    if seen.language != "fi" and (translates := _translates(seen.latest.answer)):
        is_outdated = translates != seen.fingerprint
        before = seen.finnish_of(translates) if is_outdated else None
        if before is not None:
            old, new = diff.readable(before, "answer"), diff.readable(seen.finnish.answer, "answer")
            finnish_changes = diff.changes(old, new)
    finnish = filled(seen.finnish, "fi")
    sent = {} if shown.theirs is not None else visit.form  # what the writer has seen; now they see what changed since
    return {
        "seen": seen,
        "fields": fields,
        "faults": shown.faults or {},
        "is_checked": shown.faults is not None,
        "theirs": shown.theirs,
        "look": shown.look,
        "preview": _preview(visit, seen, fields),
        "base": sent.get("base", seen.token),
        "opened": sent.get("opened", ".".join(str(seen.newest_id(part)) for part in PARTS)),
        "drafts": [draft for part in PARTS if (draft := seen.draft(part))],
        "to_choose": seen.to_choose(),
        "finnish": finnish,
        "finnish_answer": as_web_html(finnish["answer"]),
        "is_outdated": is_outdated,
        "finnish_changes": finnish_changes,
        "languages": LANGUAGES,
        "categories": sorted({entry.category for entry in books.entries}),
        "entries": sorted(books.entries, key=lambda entry: entry.title.casefold()),
        "places": sorted(books.places.items(), key=lambda place: place[1].name.casefold()),
        "bases": BASES,
        "rooms": {"sources": SOURCES, "related": RELATED, "places": PLACES},
        "done": visit.query("done", known=frozenset(["draft", "discarded", "made"])),
    }


def _translates(text: str | None) -> str:
    """The fingerprint of the Finnish that a translation was made of; empty when there is none."""
    if text is None:
        return ""
    return str(amending.read(text)[0].get("translates", ""))
