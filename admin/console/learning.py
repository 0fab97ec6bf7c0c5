"""From what was asked to the FAQ: a new answer, or one more way to ask for an answer that stands.

What it is made of is an `Origin`: a ticket with its reply here, or questions without a good answer in `gaps`.
"""

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from pydantic import ValidationError
from starlette.responses import Response

from admin.console import effect
from admin.console.asked import holds_personal_data
from admin.console.effect import Look
from admin.console.publishing import Shelf, publish
from admin.console.standing import read_standing
from admin.console.ticket import question_of, read_ticket_id
from admin.console.visit import Visit, not_found
from bot.channels.incoming import clean
from bot.store import audit, tickets
from bot.store.engine import Tx
from bot.store.tickets import ThreadMessage
from knowledge import library, privacy, review
from knowledge.entry import AdvisorRole, Entry, Language, Source
from knowledge.library import Fault, InvalidLibrary, Library, Revision

REVIEW_AFTER = timedelta(days=182)
MAX_ID, MAX_TITLE, MAX_PHRASING = 60, 200, 600
ENTRY_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

ANSWER_FIELDS = (
    "title", "id", "category", "advisor", "phrasings", "answer", "review_by", "source_title", "source_url",
    "source_title_2", "source_url_2",
)  # fmt: skip
PHRASING_FIELDS = ("entry", "entry_by_title", "phrasings")
ACT = "act"  # of both forms: look at the effect, or publish


@dataclass(frozen=True)
class Origin:
    """What an answer or a phrasing is made of.

    Attributes
        path: of the two forms, up to their last word.
        back: the page they were opened from, and *back_to* what it is called.
        questions: as they were asked, without what must not be learnt.
        reply: what a person answered, if anybody has.
        topic: the entry they seem to be about.
        kept: fields of the forms that lead back here.
        done: what is done in the same transaction as publishing.
    """

    path: str
    back: str
    back_to: str
    language: Language
    questions: Sequence[str]
    reply: str = ""
    role: str = ""
    topic: str | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    done: Callable[[Tx], Awaitable[None]] | None = None


# --- a new answer ---------------------------------------------------------------------------------------------


async def new_answer(visit: Visit) -> Response:
    """The form of a new entry, filled from the question and the last reply."""
    return answer_page(visit, await _ticket_with_reply(visit))


async def publish_answer(visit: Visit) -> Response:
    """Publish the entry, or look first; with faults, the form again with each at its field and nothing lost."""
    return await take_answer(visit, await _ticket_with_reply(visit))


def answer_page(visit: Visit, origin: Origin) -> Response:
    """The form of a new entry, filled as far as *origin* tells: what isn't in Finnish is to be translated first."""
    is_finnish = origin.language == "fi"
    title = _suggested_title(origin.questions[0]) if origin.questions and is_finnish else ""
    fields = {
        **dict.fromkeys(ANSWER_FIELDS, ""),
        "title": title,
        "id": _free_id(visit, title),
        "category": _suggested_category(visit, origin),
        "advisor": origin.role,
        "phrasings": _as_phrasings(origin.questions),
        "answer": origin.reply if is_finnish else "",
        "review_by": (_today(visit) + REVIEW_AFTER).isoformat(),
    }
    return _answer_form(visit, origin, fields)


async def take_answer(visit: Visit, origin: Origin) -> Response:
    """What follows from the form of a new entry being sent."""
    fields = {name: visit.form.get(name, "") for name in ANSWER_FIELDS}
    fields["id"] = fields["id"].strip() or _free_id(visit, fields["title"])
    faults = _faults(visit, fields)
    if not faults and await _is_taken(visit, fields):
        faults = {"id": ["taken"]}
    if faults:
        return _answer_form(visit, origin, fields, faults, status=422)

    def compose(shelf: Shelf) -> Sequence[Revision]:
        answer = _compose_answer(fields, _today(visit))
        standing = shelf.text(fields["id"], "fi", "answer")
        if standing not in (None, answer):
            raise InvalidLibrary([Fault("id", 1, "taken")])
        phrasings = library.compose_phrasings(_lines(fields["phrasings"]))
        return [
            Revision(fields["id"], "fi", "answer", answer),
            Revision(fields["id"], origin.language, "phrasings", phrasings),
        ]

    try:
        if visit.form.get(ACT) == "look":
            return await effect.respond(visit, compose, lambda look: _answer_form(visit, origin, fields, look=look))
        await publish(visit, compose, origin.done)
    except InvalidLibrary as error:
        return _answer_form(visit, origin, fields, _by_field(error.faults), status=422)
    return visit.go(f"/console/faq/{fields['id']}?done=published")


def _answer_form(
    visit: Visit,
    origin: Origin,
    fields: dict[str, str],
    faults: dict[str, list[str]] | None = None,
    *,
    look: Look | None = None,
    status: int = 200,
) -> Response:
    return visit.render(
        "new_answer.html",
        status,
        origin=origin,
        fields=fields,
        faults=faults or {},
        look=look,
        categories=sorted({entry.category for entry in visit.house.bookshelf.current.library.entries}),
        earliest=(_today(visit) + timedelta(days=1)).isoformat(),
    )


def _faults(visit: Visit, fields: dict[str, str]) -> dict[str, list[str]]:
    """What is wrong with the form, by field: names of the words that the page has for it."""
    faults: dict[str, list[str]] = {}

    def fault(field: str, why: str) -> None:
        faults.setdefault(field, []).append(why)

    title = fields["title"].strip()
    if not title:
        fault("title", "empty")
    elif len(title) > MAX_TITLE or "\n" in title:
        fault("title", "long_title")
    if len(fields["id"]) > MAX_ID or not ENTRY_ID.fullmatch(fields["id"]):
        fault("id", "bad_id")
    categories = {entry.category for entry in visit.house.bookshelf.current.library.entries}
    if fields["category"] not in categories:
        fault("category", "choose")
    if fields["advisor"] not in {"sosiaaliohjaaja", "tyovoimaneuvoja"}:
        fault("advisor", "choose")
    if not clean(fields["answer"]):
        fault("answer", "empty")
    for why in _phrasing_faults(fields["phrasings"]):
        fault("phrasings", why)
    try:
        if date.fromisoformat(fields["review_by"]) <= _today(visit):
            fault("review_by", "past")
    except ValueError:
        fault("review_by", "bad_date")
    for suffix in ("", "_2"):
        name, url = fields[f"source_title{suffix}"].strip(), fields[f"source_url{suffix}"].strip()
        if suffix and not name and not url:
            continue
        if not name:
            fault(f"source_title{suffix}", "empty")
        if not url.startswith(("https://", "http://")) or not _is_source(name or url, url, _today(visit)):
            fault(f"source_url{suffix}", "bad_url")
    return faults


async def _is_taken(visit: Visit, fields: Mapping[str, str]) -> bool:
    """Whether there is or was another answer of this id: out of use, its translations would come back with this one."""
    async with visit.house.store.read() as read:
        known = await read_standing(read, visit.house.bookshelf.folder, fields["id"], "fi")
    is_this_one = not known.is_withdrawn and known.texts.answer == _compose_answer(fields, _today(visit))
    return known.is_known and not is_this_one


def _is_source(title: str, url: str, checked: date) -> bool:
    try:
        Source(title=title[:MAX_TITLE], url=url, checked=checked)
    except ValidationError:
        return False
    return True


def _compose_answer(fields: Mapping[str, str], today: date) -> str:
    sources = [
        Source(title=fields[f"source_title{suffix}"].strip(), url=fields[f"source_url{suffix}"].strip(), checked=today)
        for suffix in ("", "_2")
        if fields[f"source_url{suffix}"].strip()
    ]
    advisor: AdvisorRole = "sosiaaliohjaaja" if fields["advisor"] == "sosiaaliohjaaja" else "tyovoimaneuvoja"
    return library.compose_entry(
        title=fields["title"].strip(),
        answer=clean(fields["answer"]),
        advisor=advisor,
        category=fields["category"],
        entry_id=fields["id"],
        review_by=date.fromisoformat(fields["review_by"]),
        sources=sources,
    )


def _by_field(faults: Sequence[Fault]) -> dict[str, list[str]]:
    """The library's faults at the form's fields, where they name one; the others above the form."""
    placed: dict[str, list[str]] = {}
    for fault in faults:
        if fault.file == "id":
            placed.setdefault("id", []).append("taken")
            continue
        field = fault.message.partition(":")[0].partition(".")[0]
        field = "source_url" if field == "sources" else field
        placed.setdefault(field if field in ANSWER_FIELDS else "form", []).append(fault.message)
    return placed


def _suggested_title(question: str) -> str:
    """The question's first sentence, with a capital letter and a question mark."""
    words = " ".join(question.split())
    first = re.split(r"(?<=[.!?])\s", words, maxsplit=1)[0].strip()
    if len(first) > MAX_TITLE // 2:
        first = first[: MAX_TITLE // 2].rpartition(" ")[0] or first[: MAX_TITLE // 2]
    first = first.rstrip(".!?, ")
    return f"{first[0].upper()}{first[1:]}?" if first else ""


def slug(title: str) -> str:
    """An entry id of *title*'s words: ä and å as a, ö as o, everything else that isn't a letter or digit a hyphen."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(joined) <= MAX_ID:
        return joined
    return joined[: MAX_ID + 1].rpartition("-")[0] or joined[:MAX_ID]


def _free_id(visit: Visit, title: str) -> str:
    """The title's slug, numbered when an entry has it already."""
    entries = visit.house.bookshelf.current.library
    base = slug(title)
    free = base
    number = 2
    while base and entries.get(free) is not None:
        free = f"{base[: MAX_ID - 4].rstrip('-')}-{number}"
        number += 1
    return free


def _suggested_category(visit: Visit, origin: Origin) -> str:
    entry = visit.house.bookshelf.current.library.get(origin.topic) if origin.topic else None
    return entry.category if entry else ""


# --- one more phrasing ----------------------------------------------------------------------------------------


async def new_phrasing(visit: Visit) -> Response:
    """The question beside the entries that it may belong to; `?q=` looks for others by title."""
    return phrasing_page(visit, await _ticket_with_reply(visit))


async def publish_phrasing(visit: Visit) -> Response:
    """Publish the entry's phrasings with these added, or look first."""
    return await take_phrasing(visit, await _ticket_with_reply(visit))


def phrasing_page(visit: Visit, origin: Origin) -> Response:
    """The form that adds the questions of *origin* to an entry that stands."""
    return _phrasing_form(
        visit, origin, {"entry": "", "entry_by_title": "", "phrasings": _as_phrasings(origin.questions)}
    )


async def take_phrasing(visit: Visit, origin: Origin) -> Response:
    """What follows from the form of more phrasings being sent."""
    fields = {name: visit.form.get(name, "") for name in PHRASING_FIELDS}
    entry_id = fields["entry"] if fields["entry"] not in {"", "other"} else fields["entry_by_title"]
    faults: dict[str, list[str]] = {}
    if visit.house.bookshelf.current.library.get(entry_id) is None:
        faults["entry"] = ["choose"]
    if whys := _phrasing_faults(fields["phrasings"]):
        faults["phrasings"] = whys
    elif "entry" not in faults and await standing_elsewhere(
        visit.house.bookshelf.current.library, [(entry_id, line) for line in _lines(fields["phrasings"])]
    ):
        faults["phrasings"] = ["stands_elsewhere"]
    if faults:
        return _phrasing_form(visit, origin, fields, faults, status=422)

    def compose(shelf: Shelf) -> Sequence[Revision]:
        standing = shelf.text(entry_id, origin.language, "phrasings") or ""
        text = library.compose_phrasings([*standing.splitlines(), *_lines(fields["phrasings"])])
        return [Revision(entry_id, origin.language, "phrasings", text)]

    try:
        if visit.form.get(ACT) == "look":
            return await effect.respond(visit, compose, lambda look: _phrasing_form(visit, origin, fields, look=look))
        await publish(visit, compose, origin.done)
    except InvalidLibrary as error:
        faults = {"form": [fault.message for fault in error.faults]}
        return _phrasing_form(visit, origin, fields, faults, status=422)
    return visit.go(f"/console/faq/{entry_id}?done=added")


def _phrasing_form(
    visit: Visit,
    origin: Origin,
    fields: dict[str, str],
    faults: dict[str, list[str]] | None = None,
    *,
    look: Look | None = None,
    status: int = 200,
) -> Response:
    search = visit.request.query_params.get("q", "").strip()[:MAX_TITLE]
    proposed = _found(visit, search) if search else _proposed(visit, origin)
    chosen = visit.house.bookshelf.current.library.get(fields["entry"])
    if chosen is not None and chosen not in proposed:  # what was chosen from a search stays chosen without it
        proposed = [chosen, *proposed]
    return visit.render(
        "new_phrasing.html",
        status,
        origin=origin,
        fields=fields,
        faults=faults or {},
        look=look,
        search=search,
        proposed=proposed,
        entries=sorted(visit.house.bookshelf.current.library.entries, key=lambda entry: entry.title.casefold()),
    )


def _proposed(visit: Visit, origin: Origin) -> list[Entry]:
    """The entries that the bot, as it is now, finds nearest to the question, and what it was taken to be about."""
    base = visit.house.bookshelf.current
    ids = [hit.entry_id for hit in base.judge(origin.questions[0]).hits] if origin.questions else []
    if origin.topic and origin.topic not in ids:
        ids.append(origin.topic)
    return [entry for id_ in ids if (entry := base.library.get(id_))]


def _found(visit: Visit, search: str) -> list[Entry]:
    """The entries with every searched word in their title or id."""
    words = search.casefold().split()
    return [
        entry
        for entry in visit.house.bookshelf.current.library.entries
        if all(word in f"{entry.title} {entry.id}".casefold() for word in words)
    ]


# --- small helpers of the above -------------------------------------------------------------------------------


async def _ticket_with_reply(visit: Visit) -> Origin:
    """A ticket and its thread; there is nothing to learn from one without a reply.

    Where the asker has sent their contact details, they are masked in all that was said: a reply may quote them.
    """
    ticket_id = read_ticket_id(visit)
    async with visit.house.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
        thread = await tickets.thread(read, ticket_id)
    if ticket is None or not _last_reply(thread):
        raise not_found()
    if any(message.has_contacts for message in thread):
        thread = [replace(message, text=privacy.mask(message.text, privacy.EVERYTHING)[0]) for message in thread]
    async with visit.house.store.write() as tx:
        await audit.record(tx, visit.account.id, "view", ticket_id, visit.now)
    question = question_of(thread)
    path = f"/console/tickets/{ticket_id}"
    return Origin(
        path=path,
        back=path,
        back_to=ticket.alias,
        language=ticket.language,
        questions=[question.text] if question else [],
        reply=_last_reply(thread),
        role=ticket.role,
        topic=ticket.topic,
    )


def _last_reply(thread: Sequence[ThreadMessage]) -> str:
    return next((message.text for message in reversed(thread) if message.author == "advisor"), "")


def _as_phrasings(questions: Sequence[str]) -> str:
    """One a line."""
    return "\n".join(" ".join(question.split())[:MAX_PHRASING] for question in questions)


async def standing_elsewhere(books: Library, phrasings: Sequence[tuple[str, str]]) -> set[str]:
    """Which of these (entry id, text) another entry has, or nearly: under two they tell neither from the other."""
    return await asyncio.to_thread(_standing_elsewhere, books, phrasings)


def _standing_elsewhere(books: Library, phrasings: Sequence[tuple[str, str]]) -> set[str]:
    others = [(entry.id, text) for entry in books.entries for texts in entry.phrasings.values() for text in texts]
    pairs = review.twins_among([text for _, text in phrasings], [text for _, text in others])
    return {phrasings[own][1] for own, other in pairs if phrasings[own][0] != others[other][0]}


def _phrasing_faults(text: str) -> list[str]:
    lines = _lines(text)
    if not lines:
        return ["empty"]
    whys = ["long_phrasing"] if any(len(line) > MAX_PHRASING for line in lines) else []
    return [*whys, "personal"] if any(holds_personal_data(line) for line in lines) else whys


def _lines(text: str) -> list[str]:
    return [line.strip() for line in clean(text).splitlines() if line.strip()]


def _today(visit: Visit) -> date:
    return visit.now.astimezone(visit.house.hours.zone).date()
