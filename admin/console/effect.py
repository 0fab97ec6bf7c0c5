"""What an edit of the FAQ would change, before it is published: lately asked and development questions asked anew.

The FAQ as published and the FAQ with the edit are asked the same questions, each in a process of its own; answers are
served meanwhile as ever, and of the trial nothing is kept.
"""

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from time import monotonic
from weakref import WeakKeyDictionary

import structlog
from starlette.responses import Response, StreamingResponse

from admin.console.asked import note_view
from admin.console.publishing import Compose, Prepared, prepare
from admin.console.visit import Visit
from admin.house import House
from bot.conversation import WORTH_OFFERING
from bot.store import questions
from bot.store.engine import Store
from knowledge import library, privacy, trial
from knowledge.library import Library
from knowledge.questions import Question, development
from knowledge.safety import assess
from knowledge.trial import Asked, Seen
from knowledge.verdict import VerdictKind

RECENT = 500
SHOWN = 40
LONGEST_SECONDS = 300.0  # the whole FAQ takes some 15, on a machine that has little else to do
DEVELOPMENT = ("in-scope", "out-of-scope")
BY_SCRIPT = "effect"  # how the page's own script asks: it shows how far the trial is

log = structlog.get_logger()


class TrialFailed(Exception):
    """The edit could not be tried out; it can still be published."""


@dataclass(frozen=True)
class Progress:
    """How far the trial is: *stage* is waiting (for another trial), learning or asking, *done* of *of* questions."""

    stage: str
    done: int = 0
    of: int = 0


@dataclass(frozen=True)
class Given:
    """What a question gets: *titles* of the answer, or of what is offered to choose from."""

    kind: VerdictKind
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A question that gets something else than before."""

    text: str
    before: Given
    after: Given


@dataclass(frozen=True)
class Effect:
    """What an edit changes.

    Attributes
        recent: how many questions of askers were asked anew.
        changes: those that get another verdict, or another entry first; the first of them, masked.
        changed: how many there are.
        shifted: how many more are offered other choices after the first.
        tested: how many development questions were asked.
        spoilt: those that were right and no longer are; the first of them.
        spoilt_count: how many there are.
        mended: how many are right that were not.
    """

    recent: int = 0
    changes: tuple[Change, ...] = ()
    changed: int = 0
    shifted: int = 0
    tested: int = 0
    spoilt: tuple[Change, ...] = ()
    spoilt_count: int = 0
    mended: int = 0


@dataclass(frozen=True)
class Look:
    """What a page shows of an effect that was asked for; *effect* is None where the edit could not be tried out."""

    effect: Effect | None


# --- for the pages --------------------------------------------------------------------------------------------


async def respond(visit: Visit, compose: Compose, page: Callable[[Look], Response]) -> Response:
    """*page* with the effect of what *compose* makes of the FAQ.

    The page's own script gets how far the trial is, line by line, and in the last one the part of the page that tells
    the effect. Raises `knowledge.library.InvalidLibrary` with the faults that the edit would bring in.
    """
    prepared = await prepare(visit.house, compose)
    await note_view(visit, "look at effect", ",".join(sorted({edit.entry_id for edit in prepared.edits}))[:80])
    if visit.request.headers.get("x-requested-with") == BY_SCRIPT:
        lines = _lines(visit, prepared)
        return StreamingResponse(
            lines,
            media_type="application/x-ndjson",
            headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
        )
    with suppress(TrialFailed):
        async with aclosing(effect_of(visit.house, prepared)) as steps:
            async for step in steps:
                if isinstance(step, Effect):
                    return page(Look(_told_to(visit, step)))
    return page(Look(None))


def _told_to(visit: Visit, effect: Effect) -> Effect:
    """The effect without the askers' words, for whoever may not read single questions."""
    return effect if visit.may("questions") else replace(effect, changes=())


async def _lines(visit: Visit, prepared: Prepared) -> AsyncIterator[str]:
    told = -1
    found: Effect | None = None
    try:
        async with aclosing(effect_of(visit.house, prepared)) as steps:
            async for step in steps:
                if isinstance(step, Effect):
                    found = _told_to(visit, step)
                elif (percent := _percent(step)) != told:
                    told = percent
                    yield json.dumps({"stage": step.stage, "percent": percent}) + "\n"
    except TrialFailed:
        pass
    html = bytes(visit.render("effect.html", look=Look(found)).body).decode()
    yield json.dumps({"html": html}) + "\n"


def _percent(step: Progress) -> int:
    """Of the whole trial, as far as can be told: learning takes about as long as asking."""
    share = step.done / step.of if step.of else 0.0
    return {"waiting": 0, "learning": round(40 * share), "asking": 40 + round(60 * share)}[step.stage]


# --- the trial ------------------------------------------------------------------------------------------------


async def effect_of(house: House, prepared: Prepared) -> AsyncGenerator[Progress | Effect, None]:
    """How far the trial of an edit is, and last its effect. Raises `TrialFailed`."""
    if not prepared.edits:
        yield Effect()
        return
    turn = _turns.setdefault(house.store, asyncio.Semaphore(1))
    if turn.locked():
        yield Progress("waiting")
    async with turn, aclosing(_try(house, prepared)) as steps:
        async for step in steps:
            yield step


_turns: WeakKeyDictionary[Store, asyncio.Semaphore] = WeakKeyDictionary()
"""One trial at a time in a process: each takes half a gigabyte and a processor."""

_known: dict[str, dict[str, Seen]] = {}
"""What the FAQ of this digest, the latest one asked, makes of development questions."""


async def _try(house: House, prepared: Prepared) -> AsyncGenerator[Progress | Effect, None]:
    async with house.store.read() as read:
        recent = await questions.lately(read, limit=RECENT)
    texts = [question.text for question in recent]
    folder, cache = house.bookshelf.folder, house.bookshelf.cache_folder
    standing = await asyncio.to_thread(library.load, folder, prepared.before)
    tests = _development(standing, prepared.library)
    test_texts = [question.text for question in tests]
    known = _known.get(standing.digest, {})
    unknown = [text for text in test_texts if text not in known]
    before = trial.request(folder, prepared.before, texts, unknown, cache)
    after = trial.request(folder, prepared.after, texts, test_texts, None)
    seen: list[list[Seen]] = []
    async with aclosing(_asked(house, [before, after], len(texts) + len(test_texts))) as steps:
        async for step in steps:
            if isinstance(step, Progress):
                yield step
            else:
                seen = step
    was, becomes = seen
    known = known | dict(zip(unknown, was[len(texts) :], strict=True))
    _known.clear()
    _known[standing.digest] = known
    yield await asyncio.to_thread(
        _compare,
        standing,
        prepared.library,
        list(zip(texts, was, becomes, strict=False)),
        list(zip(tests, [known[text] for text in test_texts], becomes[len(texts) :], strict=True)),
    )


def _development(before: Library, after: Library) -> list[Question]:
    """The development questions that either FAQ can be right about."""
    there = before.by_id.keys() | after.by_id.keys()
    return [asked for asked in development(DEVELOPMENT) if not asked.is_in_scope or asked.right & there]


async def _asked(house: House, requests: Sequence[bytes], of: int) -> AsyncGenerator[Progress | list[list[Seen]], None]:
    """How far the processes that answer *requests* are, the last of which has *of* questions; then what each saw."""
    processes: list[Process] = []
    news: asyncio.Queue[tuple[int, Asked | list[Seen] | None]] = asyncio.Queue()
    hub, until = house.store.hub, monotonic() + LONGEST_SECONDS
    seen: dict[int, list[Seen]] = {}
    try:
        for _ in requests:
            # Errors are seen by their absence of an answer: what they say may quote an asker.
            process = await asyncio.create_subprocess_exec(
                *trial.COMMAND, cwd=trial.FOLDER, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=2**24
            )
            processes.append(process)
        talks = [
            asyncio.create_task(_talk(number, process, wanted, news))
            for number, (process, wanted) in enumerate(zip(processes, requests, strict=True))
        ]
        yield Progress("learning")
        try:
            while len(seen) < len(requests):
                if hub.is_stopping or monotonic() > until:
                    raise TrialFailed
                try:
                    number, said = await asyncio.wait_for(news.get(), 1.0)
                except TimeoutError:
                    continue
                if said is None:
                    log.warning("trial_failed", code=processes[number].returncode)
                    raise TrialFailed
                if isinstance(said, list):
                    seen[number] = said
                elif number == len(requests) - 1:
                    yield Progress("asking", said.count, of)
                elif not seen:
                    yield Progress("learning", said.count, of)
        finally:
            for talk in talks:
                talk.cancel()
    finally:
        _end(processes)
    yield [seen[number] for number in range(len(requests))]


_ending: set[asyncio.Future[list[int | BaseException]]] = set()


def _end(processes: Sequence[Process]) -> None:
    """End them at once: where the page was left, each wait in this task is cut short."""
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
    ended = asyncio.gather(*(process.wait() for process in processes), return_exceptions=True)
    _ending.add(ended)
    ended.add_done_callback(_ending.discard)


async def _talk(
    number: int, process: Process, wanted: bytes, news: "asyncio.Queue[tuple[int, Asked | list[Seen] | None]]"
) -> None:
    """Put all that the process says into *news*, None when it ends without an answer."""
    writer, reader = process.stdin, process.stdout
    if writer is None or reader is None:
        raise TypeError("the process is started with pipes")
    with suppress(ConnectionError):  # it may have ended already: then it says nothing
        writer.write(wanted)
        await writer.drain()
    writer.close()
    said: Asked | list[Seen] | None = None
    while line := await reader.readline():
        said = trial.read_line(line)
        await news.put((number, said))
    if not isinstance(said, list):
        await process.wait()
        await news.put((number, None))


# --- what it comes to -----------------------------------------------------------------------------------------


def _compare(
    before: Library,
    after: Library,
    recent: Sequence[tuple[str, Seen, Seen]],
    tests: Sequence[tuple[Question, Seen, Seen]],
) -> Effect:
    """What differs between what was seen *before* and *after*."""

    def change(text: str, was: Seen, becomes: Seen) -> Change:
        return Change(text, _given(was, before), _given(becomes, after))

    safe = {text: (was, becomes) for text, was, becomes in recent if not becomes.is_danger}  # once, however often asked
    changed = {
        text: change(privacy.mask(text, privacy.EVERYTHING)[0], was, becomes)
        for text, (was, becomes) in safe.items()
        if _first(was) != _first(becomes)
    }
    judged = [(asked, was, becomes, _is_right(asked, was), _is_right(asked, becomes)) for asked, was, becomes in tests]
    spoilt = [
        change(asked.text, was, becomes)
        for asked, was, becomes, *right in judged
        if right == [True, False] and not _is_danger(asked.text)
    ]
    verdicts_first = sorted(changed.values(), key=lambda change: change.before.kind == change.after.kind)
    return Effect(
        recent=len(recent),
        changes=tuple(verdicts_first[:SHOWN]),
        changed=len(changed),
        shifted=sum(
            _entries(was) != _entries(becomes) for was, becomes in safe.values() if _first(was) == _first(becomes)
        ),
        tested=len(tests),
        spoilt=tuple(spoilt[:SHOWN]),
        spoilt_count=len(spoilt),
        mended=sum(right == [False, True] for _, _, _, *right in judged),
    )


def _is_danger(text: str) -> bool:
    """Whether the FAQ isn't even asked."""
    sign = assess(text)
    return sign is not None and sign.certainty == "sure"


def _entries(seen: Seen) -> tuple[str, frozenset[str]]:
    """The verdict, and the entries that it gives or offers."""
    if seen.kind == "answer":
        return seen.kind, frozenset([seen.hits[0][0]])
    offered = [entry_id for entry_id, score in seen.hits if score >= WORTH_OFFERING]
    return seen.kind, frozenset(offered if seen.kind == "choices" else [])


def _first(seen: Seen) -> tuple[str, str | None]:
    """The verdict, and the entry that it gives, or offers first."""
    return seen.kind, seen.hits[0][0] if seen.hits and seen.kind in ("answer", "choices") else None


def _given(seen: Seen, books: Library) -> Given:
    _, entries = _entries(seen)
    in_order = [entry_id for entry_id, _ in seen.hits if entry_id in entries]
    return Given(seen.kind, tuple(entry.title for entry_id in in_order if (entry := books.get(entry_id))))


def _is_right(asked: Question, seen: Seen) -> bool:
    """Whether the question gets what is right, or a choice of it; one that the FAQ doesn't answer, no wrong answer."""
    _, entries = _entries(seen)
    if asked.is_in_scope:
        return bool(entries & asked.right)
    return seen.kind != "answer" or bool(entries & asked.right)
