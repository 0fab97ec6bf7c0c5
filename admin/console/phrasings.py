"""The phrasing inbox: ways of asking that askers have shown to belong to an entry, for the staff to confirm in batches.

Offered is a question whose asker picked the entry from titles, or said that an answer helped of which the bot was not
very sure. Nothing gets into the FAQ by itself.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.responses import Response

from admin.console import effect
from admin.console.asked import Shown, as_field, holds_personal_data, ids_in, note_view, shown
from admin.console.effect import Look
from admin.console.learning import ACT, MAX_PHRASING, standing_elsewhere
from admin.console.publishing import Shelf, publish
from admin.console.visit import Refused, Visit
from bot.channels.incoming import clean
from bot.store import audit, questions
from bot.store.engine import Tx
from bot.store.questions import AskedQuestion
from knowledge import followup, library
from knowledge.base import KnowledgeBase
from knowledge.entry import Entry, Language
from knowledge.library import InvalidLibrary, Library, Revision
from knowledge.names import like_names

LOW = 0.973
"""Answers of which the bot was less sure than this are worth a look: the lower third of those it gives."""

SINCE = timedelta(weeks=26)
MOST_READ = 4000  # questions of all kinds
SHOWN = 12  # on a page: what fits into one form
NEAREST = 3
MOST_IDS = 50  # of one way of asking

FIELDS = ("rows", ACT, *(f"{name}{number}" for number in range(SHOWN) for name in ("take", "entry", "text")))
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


@dataclass(frozen=True)
class Offer:
    """A way of asking, and the entry it seems to belong to.

    Attributes
        ids: of the questions asked so, the newest first.
        why: picked, picked_helped or helped, as the newest one's asker showed it.
        nearest: entries that the bot finds near, that one first.
        names: what in it may be a name.
    """

    ids: tuple[int, ...]
    text: str
    language: Language
    entry: Entry
    why: str
    nearest: tuple[Entry, ...]
    names: tuple[str, ...]

    @property
    def needs_care(self) -> bool:
        """Whether it may tell of somebody."""
        return bool(self.names) or holds_personal_data(self.text)


@dataclass(frozen=True)
class Row:
    """An offer as its form shows it: *entry_id* and *text* as chosen and written, *faults* by field."""

    offer: Offer
    is_taken: bool
    entry_id: str
    text: str
    faults: Mapping[str, Sequence[str]]


async def page(visit: Visit) -> Response:
    """The first of what is offered, by `?page=`; what is decided makes room for the next."""
    offers = await _read(visit)
    await note_view(visit, "view phrasings", f"{len(offers)} offered")
    number = min(max(1, visit.number("page", digits=4) or 1), max(1, -(-len(offers) // SHOWN)))
    begin = (number - 1) * SHOWN
    rows = [Row(offer, False, offer.entry.id, offer.text, {}) for offer in offers[begin : begin + SHOWN]]
    return _page(visit, rows, count=len(offers), number=number)


async def decide(visit: Visit) -> Response:
    """Publish the ways of asking that are taken, as written, each for its entry; or reject them; or look first.

    Or take all, still unpublished, but those that may tell of somebody: they are taken one by one.
    """
    act = visit.form.get(ACT, "")
    if act not in {"look", "publish", "reject", "all"}:
        raise Refused(400, "bad_form")
    rows = await _sent(visit)
    if act == "all":
        rows = [replace(row, is_taken=row.is_taken or not row.offer.needs_care, faults={}) for row in rows]
        return _page(visit, rows, count=len(rows), are_chosen=True)
    taken = [row for row in rows if row.is_taken]
    if not taken:
        return _page(visit, rows, count=len(rows), problem="nothing_taken", status=422)
    ids = [id_ for row in taken for id_ in row.offer.ids]
    if act == "reject":
        async with visit.house.store.write() as tx:
            await questions.decide_phrasings(tx, ids, "rejected")
            await audit.record(tx, visit.account.id, "reject phrasings", f"{len(taken)} from {ids[0]}", visit.now)
        return visit.go("/console/phrasings?done=rejected")
    twins = await standing_elsewhere(
        visit.house.bookshelf.current.library, [(row.entry_id, row.text) for row in taken if not row.faults]
    )
    rows = [replace(row, faults={"text": ["stands_elsewhere"]}) if _is_twin(row, twins) else row for row in rows]
    taken = [row for row in rows if row.is_taken]
    if any(row.faults for row in taken):
        return _page(visit, rows, count=len(rows), problem="faults", status=422)

    def compose(shelf: Shelf) -> Sequence[Revision]:
        added: dict[tuple[str, Language], list[str]] = {}
        for row in taken:
            added.setdefault((row.entry_id, row.offer.language), []).append(row.text)
        return [
            Revision(
                entry_id,
                language,
                "phrasings",
                library.compose_phrasings([*(shelf.text(entry_id, language, "phrasings") or "").splitlines(), *texts]),
            )
            for (entry_id, language), texts in added.items()
        ]

    async def also(tx: Tx) -> None:
        await questions.decide_phrasings(tx, ids, "confirmed")
        await audit.record(tx, visit.account.id, "confirm phrasings", f"{len(taken)} from {ids[0]}", visit.now)

    try:
        if act == "look":
            return await effect.respond(visit, compose, lambda look: _page(visit, rows, count=len(rows), look=look))
        await publish(visit, compose, also)
    except InvalidLibrary:
        return _page(visit, rows, count=len(rows), problem="busy", status=422)
    return visit.go("/console/phrasings?done=confirmed")


def _page(
    visit: Visit,
    rows: Sequence[Row],
    *,
    count: int,
    number: int = 1,
    problem: str = "",
    are_chosen: bool = False,
    look: Look | None = None,
    status: int = 200,
) -> Response:
    return visit.render(
        "phrasings.html",
        status,
        rows=rows,
        rows_field="_".join(as_field(row.offer.ids) for row in rows),
        count=count,
        page=number,
        pages=max(1, -(-count // SHOWN)),
        problem=problem,
        are_chosen=are_chosen,
        taken=sum(row.is_taken for row in rows),
        left_for_care=sum(row.offer.needs_care and not row.is_taken for row in rows),
        look=look,
        entries=sorted(visit.house.bookshelf.current.library.entries, key=lambda entry: entry.title.casefold()),
        done=visit.query("done", known=frozenset(["confirmed", "rejected"])),
    )


# --- what is offered ------------------------------------------------------------------------------------------


async def _read(visit: Visit) -> list[Offer]:
    async with visit.house.store.read() as read:
        found = await questions.lately(read, limit=MOST_READ, since=visit.now - SINCE)
    return await asyncio.to_thread(_offers, found, visit.house.bookshelf.current)


def _offers(found: Sequence[AskedQuestion], base: KnowledgeBase) -> list[Offer]:
    """What is worth confirming, asked most often first: none that is decided, or a phrasing already."""
    told = [question for question in found if question.phrasing is None and _belongs_to(question)]
    offers: dict[tuple[str, str], Offer] = {}
    for one in shown(told):
        belongs = _belongs_to(one.question)
        offer = _offer(one, *belongs, base) if belongs else None
        if offer is None:
            continue
        key = (offer.text.casefold(), offer.entry.id)
        same = offers.get(key)
        offers[key] = replace(same, ids=(*same.ids, *offer.ids)[:MOST_IDS]) if same else offer
    return sorted(offers.values(), key=lambda offer: -len(offer.ids))


def _belongs_to(question: AskedQuestion) -> tuple[str, str] | None:
    """The entry that the asker has shown the question to belong to, and by what; the latest that they have."""
    for given in reversed(question.given):
        if given.helped is False:
            continue
        if given.was_picked:
            return given.entry_id, "picked_helped" if given.helped else "picked"
        if given.helped and question.kind == "answer" and (question.confidence or 0.0) < LOW:
            return given.entry_id, "helped"
    return None


def _offer(one: Shown, entry_id: str, why: str, base: KnowledgeBase) -> Offer | None:
    """None for what is too long, means something only after another answer, or is a phrasing already."""
    entry = base.library.get(entry_id)
    if entry is None or len(one.text) > MAX_PHRASING or followup.recognise(one.question.text) is not None:
        return None
    finding = base.index.find(one.text)
    if finding.is_word_for_word:
        return None
    ids = dict.fromkeys([entry_id, *(hit.entry_id for hit in finding.hits[:NEAREST])])
    return Offer(
        ids=(one.id,),
        text=one.text,
        language=one.question.language,
        entry=entry,
        why=why,
        nearest=tuple(near for id_ in ids if (near := base.library.get(id_))),
        names=tuple(like_names(one.text, _words_of(base.library))),
    )


_words: dict[str, frozenset[str]] = {}
"""The words of the FAQ of this digest, the latest one asked of."""


def _words_of(books: Library) -> frozenset[str]:
    """Every word of the FAQ, in lower case."""
    if books.digest not in _words:
        texts: list[str] = []
        for entry in books.entries:
            texts += [entry.title, entry.answer]
            texts += [phrasing for phrasings in entry.phrasings.values() for phrasing in phrasings]
        _words.clear()
        _words[books.digest] = frozenset(word.lower() for text in texts for word in _WORD.findall(text))
    return _words[books.digest]


# --- what is sent ---------------------------------------------------------------------------------------------


async def _sent(visit: Visit) -> list[Row]:
    """The form's rows, as they were filled in; without those whose questions have been erased or decided meanwhile."""
    groups = [ids_in({"ids": part}, "ids", MOST_IDS) for part in visit.form.get("rows", "").split("_")[:SHOWN]]
    async with visit.house.store.read() as read:
        found = await questions.of(read, [id_ for group in groups for id_ in group])
    base = visit.house.bookshelf.current
    offers = await asyncio.to_thread(_offers, found, base)
    by_id = {id_: offer for offer in offers for id_ in offer.ids}
    rows = []
    for number, group in enumerate(groups):
        offer = next((by_id[id_] for id_ in group if id_ in by_id), None)
        if offer is None:
            continue
        entry_id = visit.form.get(f"entry{number}", "")
        text = " ".join(clean(visit.form.get(f"text{number}", "")).split())
        is_taken = f"take{number}" in visit.form
        faults = _faults(base.library, entry_id, text) if is_taken else {}
        rows.append(Row(offer, is_taken, entry_id, text, faults))
    return rows


def _is_twin(row: Row, twins: Collection[str]) -> bool:
    return row.is_taken and not row.faults and row.text in twins


def _faults(books: Library, entry_id: str, text: str) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if books.get(entry_id) is None:
        faults["entry"] = ["choose"]
    if not text:
        faults["text"] = ["empty"]
    elif len(text) > MAX_PHRASING:
        faults["text"] = ["long_phrasing"]
    elif holds_personal_data(text):
        faults["text"] = ["personal"]
    return faults
