"""The FAQ as the bot uses it: all entries with how they do, and each by itself."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from admin.console import live
from admin.console.edits import Edits, read_edits
from admin.console.standing import read_standing
from admin.console.visit import Visit, not_found
from admin.summaries.usefulness import Use, use_of_entries
from bot.channels.markup import as_web_html
from bot.store import revisions
from knowledge import library
from knowledge.entry import LANGUAGES, Entry, Language
from knowledge.freshness import SOON, due

ENTRY_ID = re.compile(r"[a-z0-9-]{1,60}")
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class Line:
    """An entry as the list shows it.

    Attributes
        entry: as the bot uses it; None while there is only a draft, or when it is out of use.
        languages: in which it is answered; those of *outdated* were translated from an older Finnish answer.
        checked_on: when the source that was looked at longest ago was read.
    """

    id: str
    title: str
    entry: Entry | None
    use: Use
    languages: tuple[Language, ...]
    outdated: tuple[Language, ...]
    is_edited: bool
    is_draft: bool
    is_withdrawn: bool
    file_has_changed: bool
    is_overdue: bool
    is_due_soon: bool

    @property
    def category(self) -> str:
        """Of a new draft none is known yet."""
        return self.entry.category if self.entry else ""

    @property
    def checked_on(self) -> date | None:
        return min((source.checked for source in self.entry.sources), default=None) if self.entry else None


# What the list can be narrowed to; the page has the words for each.
STATES: Mapping[str, Callable[[Line], bool]] = {
    "edited": lambda line: line.is_edited,
    "draft": lambda line: line.is_draft,
    "changed": lambda line: line.file_has_changed,
    "overdue": lambda line: line.is_overdue,
    "soon": lambda line: line.is_due_soon,
    "outdated": lambda line: bool(line.outdated),
    "untranslated": lambda line: line.entry is not None and len(line.languages) < len(LANGUAGES),
    "withdrawn": lambda line: line.is_withdrawn,
}

NEVER = date.max

# In what order: what is most in need of somebody's eyes comes first in each.
SORTS: Mapping[str, Callable[[Line], object]] = {
    "category": lambda line: (line.category, line.title.casefold()),
    "title": lambda line: line.title.casefold(),
    "answered": lambda line: (-(line.use.answered or 0), line.title.casefold()),
    "helped": lambda line: (1.1 if line.use.helped is None else line.use.helped, line.title.casefold()),
    "checked": lambda line: (line.checked_on or NEVER, line.title.casefold()),
    "review": lambda line: (line.entry.review_by if line.entry else NEVER, line.title.casefold()),
}


async def listing(visit: Visit) -> Response:
    """What is to be looked at again soon, then the entries, narrowed and sorted as the address says."""
    today = visit.today
    async with visit.house.store.read() as read:
        version = await live.version(visit.house, read)
        edits = await read_edits(read, visit.house.bookshelf.folder)
        uses = await use_of_entries(read, today)
    books = visit.house.bookshelf.current.library
    lines = [_line(entry.id, entry, edits, uses, today) for entry in books.entries]
    others = {place[0] for place in edits.drafts} | {id_ for id_, *_ in edits.settled if edits.withdrawn(id_)}
    lines += [_line(id_, None, edits, uses, today) for id_ in sorted(others - books.by_id.keys())]
    chosen = _chosen(visit, {line.category for line in lines})
    checked_on = visit.house.profile.crisis.numbers_checked_on
    return visit.render(
        "faq.html",
        version=version,
        today=today,
        soon=due(books, today + SOON, crisis_numbers_checked_on=checked_on),
        lines=_narrowed(lines, chosen),
        count=len(books.entries),
        categories=sorted({line.category for line in lines if line.category}),
        states=STATES,
        sorts=SORTS,
        chosen=chosen,
        to_choose=sum(line.file_has_changed for line in lines),
        languages=LANGUAGES,
    )


async def entry(visit: Visit) -> Response:
    """One entry with its phrasings; of one just published, whether the bot has learned it yet."""
    return await entry_page(visit, read_entry_id(visit))


async def entry_page(visit: Visit, entry_id: str, *, refused: Sequence[str] = (), status: int = 200) -> Response:
    """The page of one entry.

    *refused* says why it isn't taken out of use: it is a "topic", the page was "stale", or the ids that name it.
    """
    async with visit.house.store.read() as read:
        version = await live.version(visit.house, read)
        number = await revisions.number(read)
        edits = await read_edits(read, visit.house.bookshelf.folder)
        standing = await read_standing(read, visit.house.bookshelf.folder, entry_id, "fi")
    books = visit.house.bookshelf.current.library
    found = books.get(entry_id)
    is_known = edits.edited(entry_id) or edits.drafted(entry_id) or edits.withdrawn(entry_id)
    if found is None and not is_known:
        raise not_found()
    return visit.render(
        "entry.html",
        status,
        version=version,
        entry_id=entry_id,
        entry=found,
        answer=as_web_html(found.answer) if found else "",
        is_edited=edits.edited(entry_id),
        is_learned=visit.house.bookshelf.number >= number,
        is_draft=edits.drafted(entry_id),
        is_withdrawn=edits.withdrawn(entry_id),
        is_topic=any(topic.id == entry_id for topic in library.topics()),
        base=standing.token,
        changed_files=edits.changed_files(entry_id),
        refused=[books.get(id_) or id_ for id_ in refused],
        languages=LANGUAGES,
        done=visit.query(
            "done", known=frozenset(["published", "added", "restored", "kept", "withdrawn", "withdrawn_translation"])
        ),
    )


def read_entry_id(visit: Visit) -> str:
    """The id in the address. Raises what is answered by 404 when it can't be one."""
    entry_id: str = visit.request.path_params["entry_id"]
    if not ENTRY_ID.fullmatch(entry_id):
        raise not_found()
    return entry_id


def _line(entry_id: str, entry: Entry | None, edits: Edits, uses: Mapping[str, Use], today: date) -> Line:
    translations = entry.translations if entry else {}
    return Line(
        id=entry_id,
        title=entry.title if entry else entry_id,
        entry=entry,
        use=uses.get(entry_id, Use()),
        languages=tuple(
            language
            for language in LANGUAGES
            if entry and (language == "fi" or (language in translations and translations[language].is_current(entry)))
        ),
        outdated=tuple(
            language for language, translation in translations.items() if entry and not translation.is_current(entry)
        ),
        is_edited=edits.edited(entry_id),
        is_draft=edits.drafted(entry_id),
        is_withdrawn=edits.withdrawn(entry_id),
        file_has_changed=bool(edits.changed_files(entry_id)),
        is_overdue=entry is not None and entry.review_by < today,
        is_due_soon=entry is not None and entry.review_by <= today + SOON,
    )


def _chosen(visit: Visit, categories: set[str]) -> dict[str, str]:
    """What the address asks for; what it can't mean is left out."""
    known: dict[str, Mapping[str, object] | frozenset[str]] = {
        "category": frozenset(categories),
        "state": STATES,
        "sort": SORTS,
    }
    chosen = {name: visit.query(name, known=values) or "" for name, values in known.items()}
    return {**chosen, "q": visit.request.query_params.get("q", "").strip()[:LONGEST_SEARCH]}


def _narrowed(lines: list[Line], chosen: Mapping[str, str]) -> list[Line]:
    words = chosen["q"].casefold().split()
    fits = [
        line
        for line in lines
        if chosen["category"] in {"", line.category}
        and (not chosen["state"] or STATES[chosen["state"]](line))
        and all(word in f"{line.title} {line.id}".casefold() for word in words)
    ]
    return sorted(fits, key=SORTS[chosen["sort"] or "category"])  # type: ignore[arg-type]
