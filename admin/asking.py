"""`koppi ask`: what the bot would say to a question, with no side effect."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from sqlalchemy import inspect

from admin.explanation import show
from bot.settings import Settings
from bot.store import revisions
from bot.store.engine import Store
from bot.store.revisions import Version
from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.explaining import explain
from knowledge.verdict import Verdict, verdict_as_json


async def ask(
    settings: Settings,
    *,
    text: str | None,
    batch: Path | None,
    as_json: bool,
    why: bool,
    out: Callable[[str], None],
) -> None:
    """Print a verdict a question: on *text*, on each line of *batch*, or on standard input; and *why*, if asked to."""
    base = await _base(settings)
    for question in _questions(text, batch):
        verdict = base.judge(question)
        if why:
            show(explain(base, question), Console())
        elif as_json or batch:
            out(json.dumps(verdict_as_json(question, verdict), ensure_ascii=False))
        else:
            out(_in_words(base, verdict))


def _questions(text: str | None, batch: Path | None) -> Iterator[str]:
    if batch is not None:
        with batch.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                yield line.removesuffix("\n").removesuffix("\r")
    else:
        yield text if text is not None else sys.stdin.read().strip()


async def _base(settings: Settings) -> KnowledgeBase:
    cache = settings.data_dir / "cache"
    return KnowledgeBase.build(await books_in_use(settings), cache if settings.data_dir.is_dir() else None)


async def books_in_use(settings: Settings) -> library.Library:
    """The FAQ as the service uses it: with the published edits where a store exists, else the files alone."""
    return library.load(revisions=revisions.in_place_of_files(await settled_edits(settings)))


async def settled_edits(settings: Settings) -> list[Version]:
    """The newest published version of every part edited in the console; none where there is no store yet."""
    if settings.database_url is None and not (settings.data_dir / "koppi.sqlite3").exists():
        return []
    store = Store.at(settings.database)
    try:
        async with store.read() as read:
            if not await read.run_sync(lambda connection: inspect(connection).has_table("entry_revision")):
                return []
            return await revisions.settled(read)
    finally:
        await store.reader.dispose()
        await store.writer.dispose()


def _in_words(base: KnowledgeBase, verdict: Verdict) -> str:
    confidence = "" if verdict.confidence is None else f" (confidence {verdict.confidence:.2f})"
    lines = [f"{verdict.kind}{confidence}"]
    if verdict.safety:
        lines.append(f"safety: {verdict.safety.kind}, {verdict.safety.certainty}")
    for hit in verdict.hits:
        entry = base.library.get(hit.entry_id)
        lines.append(f"  {hit.score:.2f}  {hit.entry_id}  {entry.title if entry else ''}")
    return "\n".join(lines)
