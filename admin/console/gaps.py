"""Gaps: what was asked and not answered well, like questions together, the most frequent first."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import get_args
from weakref import WeakKeyDictionary

from starlette.responses import Response

from admin.console import learning
from admin.console.asked import Shown, as_field, ids_in, note_view, shown
from admin.console.learning import Origin
from admin.console.visit import Refused, Visit, not_found
from bot.conversation import ROUTING_CONFIDENCE
from bot.store import audit, questions
from bot.store.engine import Store, Tx
from bot.store.questions import GAP_REASONS, GapReason
from knowledge.base import KnowledgeBase
from knowledge.clusters import cluster
from knowledge.entry import Entry, Language

WEEKS = ("1", "4", "12", "26")
DEFAULT_WEEKS = "4"
MOST_READ = 4000  # questions of all kinds, of which those that lack something are taken
MOST = 400  # questions looked at, the newest: clustering takes 2 ms of each
CLUSTERS_SHOWN = 25
PREFILLED = 20  # questions of a cluster that a form begins with
MOST_IDS = 200
FIELDS = ("questions", "language")
GIVEN_REASONS = tuple(reason for reason in GAP_REASONS if reason != "answered")  # that one is given by publishing


@dataclass(frozen=True)
class Gap:
    """Questions that ask much the same and were not answered well.

    Attributes
        open: those nobody has decided about; the first is most like the others.
        aside: those that were put aside before.
        reason: why, the latest.
        now: the entry that the bot would answer the first with today, or None.
    """

    open: Sequence[Shown]
    aside: Sequence[Shown]
    reason: str | None
    now: Entry | None = None

    @property
    def all(self) -> Sequence[Shown]:
        """Open and put aside."""
        return [*self.open, *self.aside]

    @property
    def is_aside(self) -> bool:
        """Until as many more have asked as when it was put aside."""
        return bool(self.aside) and len(self.open) < len(self.aside)

    @property
    def field(self) -> str:
        """The open ones, as forms and links name them."""
        return as_field([one.id for one in self.open][:MOST_IDS])

    @property
    def aside_field(self) -> str:
        """Those put aside, as forms name them."""
        return as_field([one.id for one in self.aside][:MOST_IDS])


async def page(visit: Visit) -> Response:
    """The gaps of the last weeks."""
    weeks = visit.query("weeks", known=frozenset(WEEKS)) or DEFAULT_WEEKS
    since = visit.now - timedelta(weeks=int(weeks))
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=MOST_READ, since=since)
    lacking = [question for question in found if question.lack is not None and question.gap != "answered"][:MOST]
    base = visit.house.bookshelf.current
    gaps = await asyncio.to_thread(_gaps, visit.house.store, lacking, base)
    to_do = [gap for gap in gaps if not gap.is_aside]
    first = await asyncio.to_thread(_with_answers, to_do[:CLUSTERS_SHOWN], base)
    await note_view(visit, "view gaps", f"{weeks} weeks")
    return visit.render(
        "gaps.html",
        weeks=weeks,
        choices=WEEKS,
        gaps=first,
        more=len(to_do) - CLUSTERS_SHOWN,
        count=sum(len(gap.open) for gap in to_do),
        aside=[gap for gap in gaps if gap.is_aside][:CLUSTERS_SHOWN],
        reasons=GIVEN_REASONS,
        done=visit.query("done", known=frozenset(["aside", "back"])),
    )


async def put_aside(visit: Visit) -> Response:
    """Take these questions off the list, with a reason."""
    reason = next((reason for reason in get_args(GapReason) if reason == visit.form.get("reason")), None)
    if reason not in GIVEN_REASONS:
        raise Refused(400, "bad_form")
    return await _decide(visit, "put gap aside", "aside", reason)


async def bring_back(visit: Visit) -> Response:
    """Put these questions on the list again."""
    return await _decide(visit, "bring gap back", "back", None)


async def _decide(visit: Visit, act: str, done: str, reason: GapReason | None) -> Response:
    ids = ids_in(visit.form, "questions", MOST_IDS)
    weeks = visit.form.get("weeks", "")
    if not ids or weeks not in WEEKS:
        raise Refused(400, "bad_form")
    async with visit.house.store.write() as tx:
        if reason is None:
            await questions.bring_back(tx, ids)
        else:
            await questions.put_aside(tx, ids, reason)
        await audit.record(tx, visit.account.id, act, f"{len(ids)} questions from {ids[0]}", visit.now)
    return visit.go(f"/console/gaps?weeks={weeks}&done={done}")


# --- made into something --------------------------------------------------------------------------------------


async def new_answer(visit: Visit) -> Response:
    """The form of a new entry, filled from the questions."""
    return learning.answer_page(visit, await _origin(visit))


async def publish_answer(visit: Visit) -> Response:
    """Publish it, or look first."""
    return await learning.take_answer(visit, await _origin(visit))


async def new_phrasing(visit: Visit) -> Response:
    """The questions beside the entries that they may belong to."""
    return learning.phrasing_page(visit, await _origin(visit))


async def publish_phrasing(visit: Visit) -> Response:
    """Publish the entry's phrasings with these added, or look first."""
    return await learning.take_phrasing(visit, await _origin(visit))


async def _origin(visit: Visit) -> Origin:
    """The questions that the address or the form names; those of one language, since phrasings are kept by it."""
    fields = visit.form if visit.request.method == "POST" else visit.request.query_params
    ids = ids_in(fields, "questions", MOST_IDS)
    async with visit.house.store.read() as read:
        found = {one.id: one for one in shown(await questions.of(read, ids))}
    in_order = [found[id_] for id_ in ids if id_ in found]
    if not in_order and visit.request.method != "POST":  # what is written stays, also when they were erased meanwhile
        raise not_found()
    await note_view(visit, "view gap", f"{len(in_order)} questions from {ids[0] if ids else 0}")
    language = _language(fields.get("language", ""), in_order)
    texts = [one.text for one in in_order if one.question.language == language][:PREFILLED]
    nearest = _nearest(visit.house.bookshelf.current, texts[0]) if texts else None

    own = visit.account.role if visit.account.is_advisor else "tyovoimaneuvoja"

    async def done(tx: Tx) -> None:
        await questions.put_aside(tx, list(found), "answered")

    return Origin(
        path="/console/gaps",
        back="/console/gaps",
        back_to="puutteet",
        language=language,
        questions=texts,
        role=nearest.advisor if nearest else own,
        topic=nearest.id if nearest else None,
        kept={"questions": as_field(ids), "language": language},
        done=done,
    )


def _language(said: str, found: Sequence[Shown]) -> Language:
    """As the form says, else that of most of the questions."""
    for language in get_args(Language):
        if said == language:
            return language  # type: ignore[no-any-return]
    most = Counter(one.question.language for one in found).most_common(1)
    return most[0][0] if most else "fi"


# --- put together ---------------------------------------------------------------------------------------------

_groups: WeakKeyDictionary[Store, tuple[tuple[object, ...], list[tuple[int, ...]]]] = WeakKeyDictionary()
"""Which questions were put together last, by their places, and of what: ids and the FAQ, no texts."""


def _gaps(store: Store, lacking: Sequence[questions.AskedQuestion], base: KnowledgeBase) -> list[Gap]:
    """The questions put together, those with most open ones first."""
    found = shown(lacking)
    of = (base.library.digest, *(one.id for one in found))
    kept = _groups.get(store)
    groups = kept[1] if kept and kept[0] == of else cluster([one.text for one in found], base.index)
    _groups[store] = (of, groups)
    gaps = []
    for group in groups:
        members = [found[place] for place in group]
        aside = [one for one in members if one.question.gap is not None]
        open_ = [one for one in members if one.question.gap is None]
        latest = max(aside, key=lambda one: one.id, default=None)
        gaps.append(Gap(open_, aside, latest.question.gap if latest else None))
    return sorted(gaps, key=lambda gap: -len(gap.open))


def _with_answers(gaps: Sequence[Gap], base: KnowledgeBase) -> list[Gap]:
    """The gaps, each with what the bot would answer today."""
    verdicts = [base.judge(gap.open[0].text) for gap in gaps]
    return [
        replace(gap, now=base.library.get(verdict.hits[0].entry_id) if verdict.kind == "answer" else None)
        for gap, verdict in zip(gaps, verdicts, strict=True)
    ]


def _nearest(base: KnowledgeBase, text: str) -> Entry | None:
    """The entry that *text* is about, if that can be told at all."""
    verdict = base.judge(text)
    if not verdict.hits or (verdict.confidence or 0.0) < ROUTING_CONFIDENCE:
        return None
    return base.library.get(verdict.hits[0].entry_id)
