"""Every version of an entry in one language: what each changed, taking one up again, choosing an upgrade's file."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from admin.console import diff
from admin.console.diff import Row
from admin.console.editing import read_standing_of
from admin.console.fault_words import said
from admin.console.saving import Stale, compare_with_file, hold, publish_over, require_seen
from admin.console.standing import PARTS, Standing
from admin.console.visit import Visit
from bot.store import audit
from bot.store.revisions import SETTLED, Version
from knowledge.library import InvalidLibrary, Part, Revision

FILE = "file"


@dataclass(frozen=True)
class Shown:
    """A version as the page lists it; *may_restore*: it differs from what is in use."""

    version: Version
    is_in_use: bool
    may_restore: bool


@dataclass(frozen=True)
class Choice:
    """A part that an upgrade has brought a new file for: how that differs from the edit in use."""

    part: Part
    rows: Sequence[Row]
    file: str | None


async def page(visit: Visit) -> Response:
    """The versions, newest first; of the one that `?show=` names, what it changed."""
    return _page(visit, await read_standing_of(visit))


async def restore(visit: Visit) -> Response:
    """Publish a version's text anew, or the file's; what stands now stays among the versions."""
    seen = await read_standing_of(visit)
    wanted = visit.form.get("version", "")
    found = next((version for version in _versions(seen) if str(version.id) == wanted), None)
    part = found.part if found else next((part for part in PARTS if wanted == f"{FILE}-{part}"), None)
    text = found.text if found else (seen.files[seen.language, part] if part else None)
    if part is None or text is None:
        return _page(visit, seen, why="gone", status=422)
    return await _publish(visit, seen, Revision(seen.entry_id, seen.language, part, text))


async def choose(visit: Visit) -> Response:
    """Between an edit and the file that an upgrade has brought: keep the edit, or follow the file from now on."""
    seen = await read_standing_of(visit)
    part = next((part for part in seen.to_choose() if part == visit.form.get("part")), None)
    choice = visit.form.get("choice")
    file = seen.files[seen.language, part] if part else None
    if part is None or choice not in {"edit", FILE} or (choice == FILE and file is None):
        return _page(visit, seen, why="gone", status=422)
    if choice == FILE:
        return await _publish(visit, seen, Revision(seen.entry_id, seen.language, part, file))
    try:
        require_seen(visit, seen)
        async with visit.house.store.write() as tx:
            await hold(tx, seen)
            await compare_with_file(tx, seen, part)
            await audit.record(tx, visit.account.id, f"keep edited {part}", seen.entry_id, visit.now)
    except Stale:
        return _page(visit, await read_standing_of(visit), why="stale", status=409)
    return visit.go(f"/console/faq/{seen.entry_id}?done=kept")


async def _publish(visit: Visit, seen: Standing, edit: Revision) -> Response:
    try:
        require_seen(visit, seen)
        await publish_over(visit, seen, [edit], closes_drafts=False)
    except Stale:
        return _page(visit, await read_standing_of(visit), why="stale", status=409)
    except InvalidLibrary as error:
        faults = [f"{fault.file}: {said(fault).text}" for fault in error.faults]
        return _page(visit, seen, why="invalid", faults=faults, status=422)
    return visit.go(f"/console/faq/{seen.entry_id}?done=restored")


def _page(visit: Visit, seen: Standing, *, why: str = "", faults: Sequence[str] = (), status: int = 200) -> Response:
    versions = _versions(seen)
    shown = next((each for each in versions if str(each.id) == visit.request.query_params.get("show")), None)
    in_use = {part: found.id for part in PARTS if (found := seen.settled(part)) and found.state == "published"}
    return visit.render(
        "versions.html",
        status,
        seen=seen,
        why=why,
        faults=faults,
        versions=[
            Shown(
                version,
                is_in_use=in_use.get(version.part) == version.id and not seen.is_withdrawn,
                may_restore=version.state != "withdrawn"
                and (version.text != seen.texts.of(version.part) or seen.is_withdrawn),
            )
            for version in versions
        ],
        shown=shown,
        rows=_changes(seen, shown) if shown else [],
        choices=[_choice(seen, part) for part in seen.to_choose()],
        files=[
            (part, part not in in_use and seen.texts.of(part) is not None and not seen.is_withdrawn)
            for part in PARTS
            if seen.files[seen.language, part]
        ],
    )


def _versions(seen: Standing) -> list[Version]:
    return [version for version in seen.history if version.language == seen.language]


def _changes(seen: Standing, version: Version) -> list[Row]:
    """What a version changed: against what was in use before it, or the file where nothing was."""
    before = next(
        (
            each.text
            for each in _versions(seen)
            if each.part == version.part
            and each.id < version.id
            and each.state in SETTLED
            and each.state != "withdrawn"
        ),
        seen.files[seen.language, version.part],
    )
    return diff.changes(diff.readable(before, version.part), diff.readable(version.text, version.part))


def _choice(seen: Standing, part: Part) -> Choice:
    file = seen.files[seen.language, part]
    in_use = diff.readable(seen.texts.of(part), part)
    return Choice(part, diff.changes(in_use, diff.readable(file, part)), file)
