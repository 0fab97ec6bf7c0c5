"""Publishing what somebody wrote over what they saw, and over nothing else."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from admin.console.publishing import PUBLISH_LOCK, Shelf, publish
from admin.console.standing import PARTS, Standing
from admin.console.visit import Visit
from bot.store import revisions
from bot.store.engine import Tx
from knowledge.library import Part, Revision


class Stale(Exception):
    """Somebody else has saved meanwhile: nothing of theirs may be written over unseen."""


def require_seen(visit: Visit, seen: Standing) -> None:
    """Raises `Stale` when the form was filled from something else than what stands now."""
    if visit.form.get("base") != seen.token:
        raise Stale


async def hold(tx: Tx, seen: Standing) -> None:
    """Let nobody else save the entry until this transaction ends; raises `Stale` when somebody has."""
    if tx.dialect == "postgresql":
        await tx.execute(select(func.pg_advisory_xact_lock(PUBLISH_LOCK)))
    if (await _again(tx, seen)).token != seen.token:
        raise Stale


def over(shelf: Shelf, seen: Standing, edits: Sequence[Revision]) -> Sequence[Revision]:
    """The *edits*, if the entry is still in use as it was seen; else raises `Stale`."""
    for part in PARTS:
        in_use = None if seen.is_withdrawn else seen.texts.of(part)
        if shelf.text(seen.entry_id, seen.language, part) != in_use:
            raise Stale
    return edits


async def publish_over(visit: Visit, seen: Standing, edits: Sequence[Revision], *, closes_drafts: bool) -> None:
    """Publish *edits* of an entry as it was seen. What is written over an upgrade's new file is the choice of the two.

    Raises `Stale`, or `knowledge.library.InvalidLibrary` with the faults that it would bring in.
    """

    async def also(tx: Tx) -> None:
        now = await _again(tx, seen)
        if any(now.draft(part) != seen.draft(part) for part in PARTS):
            raise Stale
        if closes_drafts:
            await revisions.close_drafts(tx, seen.entry_id, seen.language)
        for edit in edits:
            if edit.text is not None and edit.part in seen.to_choose() and edit.text != seen.texts.of(edit.part):
                await compare_with_file(tx, seen, edit.part)

    await publish(visit, lambda shelf: over(shelf, seen, edits), also)


async def compare_with_file(tx: Tx, seen: Standing, part: Part) -> None:
    """Remember that the edit of this part holds beside the file as it is now."""
    file = seen.files[seen.language, part]
    base_hash = revisions.text_hash(file) if file is not None else None
    await revisions.compare_with(tx, seen.entry_id, seen.language, part, base_hash)


async def _again(tx: Tx, seen: Standing) -> Standing:
    return replace(seen, history=await revisions.history(tx.connection, seen.entry_id))
