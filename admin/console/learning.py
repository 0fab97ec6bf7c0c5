"""From what was asked to the FAQ: a new answer, or one more way to ask for an answer that stands.

What it is made of is an `Origin`: a ticket with its reply here, or questions without a good answer in `gaps`.
"""

import asyncio
import contextlib
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from starlette.responses import Response

from admin.console import effect
from admin.console.asked import holds_personal_data
from admin.console.checking import check
from admin.console.effect import Look
from admin.console.entry_form import FIELDS, Texts, composed
from admin.console.entry_preview import unfinished
from admin.console.fault_words import Said, by_field
from admin.console.publishing import Shelf, publish
from admin.console.standing import read_standing
from admin.console.ticket import question_of, read_ticket_id
from admin.console.visit import Visit, not_found
from bot.channels.incoming import clean
from bot.store import audit, tickets
from bot.store.engine import Tx
from bot.store.tickets import ThreadMessage
from knowledge import library, privacy, review
from knowledge.entry import LONGEST_ID, Entry, Language, is_entry_id
from knowledge.library import Fault, InvalidLibrary, Library, Revision

REVIEW_AFTER = timedelta(days=182)
MAX_TITLE, MAX_PHRASING = 200, library.LONGEST_PHRASING

ANSWER_FIELDS = (
    "title", "id", "category", "advisor", "phrasings", "answer", "figures", "review_by", "source_title", "source_url",
    "source_title_2", "source_url_2",
)  # fmt: skip
SOURCE_NAMES = {  # of this form's fields, in the editor's
    "source_title": "source_1_title",
    "source_url": "source_1_url",
    "source_title_2": "source_2_title",
    "source_url_2": "source_2_url",
}
MISSING = Said("Tämä puuttuu.")
TAKEN = Said("Tämä tunnus on jo toisella vastauksella. Keksi toinen.")
PHRASING_WORDS = {
    "empty": MISSING.text,
    "long_phrasing": "Yksi rivi on enintään 600 merkkiä.",
    "personal": "Poista henkilötiedot ja peitetyt kohdat, kuten [puhelinnumero peitetty].",
}
PHRASING_FIELDS = ("entry", "entry_by_title", "phrasings", "q")
ACT = "act"  # of both forms: look at the effect, or publish; of the second also find an entry


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
        "review_by": (visit.today + REVIEW_AFTER).isoformat(),
    }
    return _answer_form(visit, origin, fields)


async def take_answer(visit: Visit, origin: Origin) -> Response:
    """What follows from the form of a new entry being sent."""
    fields = {name: visit.form.get(name, "") for name in ANSWER_FIELDS}
    fields["id"] = fields["id"].strip() or _free_id(visit, fields["title"])
    faults = await _faults(visit, origin, fields)
    is_held = any(not fault.may_pass for found in faults.values() for fault in found)
    looks = visit.form.get(ACT) == "look"
    if is_held:  # a rule of good writing keeps nobody who has answered from teaching the bot the same
        return _answer_form(visit, origin, fields, faults, status=422)
    edits = _revisions(visit, origin, fields)

    def compose(shelf: Shelf) -> Sequence[Revision]:
        if shelf.text(fields["id"], "fi", "answer") not in (None, edits[0].text):
            raise InvalidLibrary([Fault("id", 1, "taken")])
        return edits

    try:
        if looks:
            return await effect.respond(
                visit, compose, lambda look: _answer_form(visit, origin, fields, faults, look=look)
            )
        await publish(visit, compose, origin.done)
    except InvalidLibrary as error:
        is_taken = any(fault.file == "id" for fault in error.faults)
        brought = {"id": [TAKEN]} if is_taken else _of_form(by_field(error.faults, fields["id"], "fi"))
        return _answer_form(visit, origin, fields, brought, status=422)
    return visit.go(f"/console/faq/{fields['id']}?done=published")


def _answer_form(
    visit: Visit,
    origin: Origin,
    fields: dict[str, str],
    faults: Mapping[str, Sequence[Said]] | None = None,
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
        earliest=(visit.today + timedelta(days=1)).isoformat(),
    )


async def _faults(visit: Visit, origin: Origin, fields: Mapping[str, str]) -> dict[str, list[Said]]:
    """What is wrong with the form, by field: its own rules, and those that every answer is held to."""
    own = _own_faults(visit, fields)
    if "id" not in own and await _is_taken(visit, fields):
        own["id"] = [TAKEN]
    if "id" in own:  # nothing else can be told of an entry without a name
        return own
    meant = unfinished(fields["id"], _as_editors(visit, fields))
    found = _of_form(await check(visit, meant, "fi", _revisions(visit, origin, fields)))
    found = {name: said for name, said in found.items() if own.get(name) != [MISSING]}  # nothing is wrong with nothing
    return {name: [*own.get(name, []), *found.get(name, [])] for name in [*own, *found]}


def _own_faults(visit: Visit, fields: Mapping[str, str]) -> dict[str, list[Said]]:
    """What only this form asks: a new id, a topic that there is, a day to come, phrasings that tell of nobody."""
    faults: dict[str, list[Said]] = {}
    if not fields["title"].strip():  # from which the id is made, too
        faults["title"] = [MISSING]
    if not is_entry_id(fields["id"]):
        faults["id"] = [Said("Tunnuksessa on pieniä kirjaimia a–z, numeroita ja väliviivoja, enintään 60 merkkiä.")]
    if fields["category"] not in {entry.category for entry in visit.house.bookshelf.current.library.entries}:
        faults["category"] = [Said("Valitse yksi.")]
    # How long a line may be every answer's check tells, with the line.
    if whys := [why for why in _phrasing_faults(fields["phrasings"]) if why != "long_phrasing"]:
        faults["phrasings"] = [Said(PHRASING_WORDS[why]) for why in whys]
    with contextlib.suppress(ValueError):  # what is no day at all is told by the rules of every answer
        if date.fromisoformat(fields["review_by"]) <= visit.today:
            faults["review_by"] = [Said("Valitse tuleva päivä.")]
    return faults


async def _is_taken(visit: Visit, fields: Mapping[str, str]) -> bool:
    """Whether there is or was another answer of this id: out of use, its translations would come back with this one."""
    async with visit.house.store.read() as read:
        known = await read_standing(read, visit.house.bookshelf.folder, fields["id"], "fi")
    is_this_one = not known.is_withdrawn and known.texts.answer == _composed(visit, fields).answer
    return known.is_known and not is_this_one


def _revisions(visit: Visit, origin: Origin, fields: Mapping[str, str]) -> list[Revision]:
    """The new entry's answer, and its phrasings in the language that was asked in."""
    return [
        Revision(fields["id"], "fi", "answer", _composed(visit, fields).answer),
        Revision(fields["id"], origin.language, "phrasings", library.compose_phrasings(_lines(fields["phrasings"]))),
    ]


def _composed(visit: Visit, fields: Mapping[str, str]) -> Texts:
    return composed(_as_editors(visit, fields), "fi", Texts(None, None), entry_id=fields["id"])


def _as_editors(visit: Visit, fields: Mapping[str, str]) -> dict[str, str]:
    """The form's fields by the names that the editor has for them; a source is checked today."""
    own = {name: clean(fields[name]) for name in ANSWER_FIELDS if name in FIELDS}
    sources = {theirs: fields[ours].strip() for ours, theirs in SOURCE_NAMES.items()}
    checked = {f"source_{number}_checked": visit.today.isoformat() for number in (1, 2)}
    return {**dict.fromkeys(FIELDS, ""), **own, **sources, **checked}


def _of_form(faults: Mapping[str, Sequence[Said]]) -> dict[str, list[Said]]:
    """The editor's faults at the fields of this form; what it has no field for stands above it."""
    placed: dict[str, list[Said]] = {}
    ours = {theirs: own for own, theirs in SOURCE_NAMES.items()}
    for name, found in faults.items():
        field = ours.get(name, name)
        placed.setdefault(field if field in ANSWER_FIELDS else "form", []).extend(found)
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
    if len(joined) <= LONGEST_ID:
        return joined
    return joined[: LONGEST_ID + 1].rpartition("-")[0] or joined[:LONGEST_ID]


def _free_id(visit: Visit, title: str) -> str:
    """The title's slug, numbered when an entry has it already."""
    entries = visit.house.bookshelf.current.library
    base = slug(title)
    free = base
    number = 2
    while base and entries.get(free) is not None:
        free = f"{base[: LONGEST_ID - 4].rstrip('-')}-{number}"
        number += 1
    return free


def _suggested_category(visit: Visit, origin: Origin) -> str:
    entry = visit.house.bookshelf.current.library.get(origin.topic) if origin.topic else None
    return entry.category if entry else ""


# --- one more phrasing ----------------------------------------------------------------------------------------


async def new_phrasing(visit: Visit) -> Response:
    """The question beside the entries that it may belong to; `?q=` finds others by title."""
    return phrasing_page(visit, await _ticket_with_reply(visit))


async def publish_phrasing(visit: Visit) -> Response:
    """Publish the entry's phrasings with these added, or look first, or find the entry."""
    return await take_phrasing(visit, await _ticket_with_reply(visit))


def phrasing_page(visit: Visit, origin: Origin) -> Response:
    """The form that adds the questions of *origin* to an entry that stands."""
    return _phrasing_form(
        visit,
        origin,
        {
            "entry": "",
            "entry_by_title": "",
            "phrasings": _as_phrasings(origin.questions),
            "q": visit.request.query_params.get("q", ""),
        },
    )


async def take_phrasing(visit: Visit, origin: Origin) -> Response:
    """What follows from the form of more phrasings being sent."""
    fields = {name: visit.form.get(name, "") for name in PHRASING_FIELDS}
    if visit.form.get(ACT) == "find":
        return _phrasing_form(visit, origin, fields)
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
    search = fields["q"].strip()[:MAX_TITLE]
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
