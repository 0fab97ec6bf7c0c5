"""The FAQ's files become entries; every fault is found at once, each with its file and line."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from knowledge import plain_yaml, review
from knowledge.entry import AdvisorRole, Entry, Language, Source, Translation
from knowledge.places import PLACES_FILE, Place, Region

FAQ_FOLDER = Path(__file__).parent / "faq"
TOPICS_FILE = Path(__file__).parent / "topics.tsv"

Part = Literal["answer", "phrasings"]

_FILE_NAME = re.compile(r"(?P<id>[^.]+)(?:\.(?P<language>sv|en))?\.(?P<kind>md|phrasings\.txt)")
_FRONT_MATTER = re.compile(r"---\n(.*?\n)---\n(.*)", re.DOTALL)
LONGEST_PHRASING = 600

LAW = frozenset(["raha", "tyonhaku-alkuun", "tyosuhde"])
"""The categories whose sums and duties a reform may change any day."""
LAW_GOOD_FOR = ("6 months", timedelta(days=184))
SKILLS_GOOD_FOR = ("24 months", timedelta(days=731))
NUMBER_GOOD_FOR = ("90 days", timedelta(days=90))
"""How long a phone number is trusted unchecked, in an answer or of a place: somebody in danger rings it."""

_Model = TypeVar("_Model", Entry, Translation)


@dataclass(frozen=True, order=True)
class Fault:
    """Something a curator must mend; *line* counts from 1.

    *where* names the field, as in ("sources", 0, "url"), the "answer", or a phrasing by its place from 0; it is
    empty when the fault is in no field.
    """

    file: str
    line: int
    message: str
    where: tuple[int | str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class InvalidLibrary(Exception):
    """The FAQ can't be used as it is; *faults* is all that is wrong, in the order of files and lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True)
class Revision:
    """A published edit: *text* is the whole new content of that part's file, and wins over the file.

    None in the place of the Finnish answer takes the whole entry out of use, whatever files it has; in the place of
    another part that part alone.
    """

    entry_id: str
    language: Language
    part: Part
    text: str | None


@dataclass(frozen=True)
class Topic:
    """One of the topics that must exist."""

    id: str
    category: str
    title: str


@dataclass(frozen=True)
class Document:
    """The content of one file, or of the revision that replaced it; its faults are reported under *file*."""

    entry_id: str
    language: Language
    part: Part
    file: str
    folder: str | None
    text: str


@dataclass(frozen=True)
class Library:
    """All entries, sorted by id, and the places they refer to.

    *digest* is a SHA-256 over the content of every document and place.
    """

    entries: tuple[Entry, ...]
    places: Mapping[str, Place]
    digest: str

    def get(self, entry_id: str) -> Entry | None:
        """The entry with this id, or None: an entry's *related* may name a topic that isn't written yet."""
        return self.by_id.get(entry_id)

    @cached_property
    def by_id(self) -> Mapping[str, Entry]:
        """Every entry by its id."""
        return {entry.id: entry for entry in self.entries}


def load(
    folder: Path = FAQ_FOLDER,
    revisions: Sequence[Revision] = (),
    *,
    places_file: Path = PLACES_FILE,
    topics_file: Path = TOPICS_FILE,
) -> Library:
    """The FAQ as the bot uses it, published edits included.

    A revision of an unknown entry's Finnish answer adds that entry (one written in the console).

    Raises *InvalidLibrary* with every fault at once when anything can't be read as what it should be.
    Rules of good writing (length, number of phrasings …) are *check*'s: they keep no service from starting.
    """
    documents, faults = read(folder, revisions)
    places = _read_places(places_file, faults)
    known_ids = {document.entry_id for document in documents} | {topic.id for topic in topics(topics_file)}
    entries = [_read_entry(parts, places, known_ids, faults) for parts in _by_entry(documents)]
    if faults:
        raise InvalidLibrary(faults)
    return Library(
        entries=tuple(entry for entry in entries if entry is not None),
        places=places,
        digest=_digest(documents, places),
    )


def check(
    folder: Path = FAQ_FOLDER, *, places_file: Path = PLACES_FILE, topics_file: Path = TOPICS_FILE
) -> list[Fault]:
    """Everything a curator must mend, in the order of files and lines; empty when the FAQ is as it should be."""
    try:
        library = load(folder, places_file=places_file, topics_file=topics_file)
    except InvalidLibrary as error:
        return list(error.faults)
    documents, _ = read(folder)
    by_part = {(document.entry_id, document.language, document.part): document for document in documents}
    faults = [fault for entry in library.entries for fault in _faults_of(entry, by_part)]
    phrasings = _lines(documents)
    for one, other in review.twins([(document.entry_id, text) for document, _, text in phrasings]):
        (first, place, _), (second, other_place, _) = phrasings[one], phrasings[other]
        faults.append(_twin(second, other_place, first, place))
    categories = {topic.id: topic.category for topic in topics(topics_file)}
    faults += [
        Fault(shown(folder / categories[missing] / f"{missing}.md"), 1, "this topic has no entry yet")
        for missing in sorted(categories.keys() - {entry.id for entry in library.entries})
    ]
    return sorted(set(faults))


def check_entry(
    entry_id: str,
    folder: Path = FAQ_FOLDER,
    revisions: Sequence[Revision] = (),
    *,
    known: Collection[str] = (),
    places_file: Path = PLACES_FILE,
    topics_file: Path = TOPICS_FILE,
) -> list[Fault]:
    """What *check* would say of one entry as these edits leave it; and why the FAQ can't be read, if they leave it so.

    Phrasings among *known* are not compared with the others' again: that takes as long as there are new ones.
    """
    try:
        library = load(folder, revisions, places_file=places_file, topics_file=topics_file)
    except InvalidLibrary as error:
        return list(error.faults)
    documents, _ = read(folder, revisions)
    by_part = {(document.entry_id, document.language, document.part): document for document in documents}
    entry = library.by_id.get(entry_id)  # None while it is out of use: its translations are edited all the same
    faults = [] if entry is None else list(_faults_of(entry, by_part))
    own = _lines([document for document in documents if document.entry_id == entry_id])
    for one, other in review.twins([(entry_id, text) for _, _, text in own]):
        faults.append(_twin(*own[other][:2], *own[one][:2]))
    new = [line for line in own if line[2] not in known]
    others = _lines([document for document in documents if document.entry_id != entry_id]) if new else []
    for one, other in review.twins_among([text for *_, text in new], [text for *_, text in others]):
        faults.append(_twin(*new[one][:2], *others[other][:2]))
    return sorted(set(faults))


def _lines(documents: Sequence[Document]) -> list[tuple[Document, int, str]]:
    """Every phrasing of these documents, each with its document and its place there, from 0."""
    return [
        (document, place, text.strip())
        for document in documents
        if document.part == "phrasings"
        for place, text in enumerate(document.text.splitlines())
    ]


def _twin(document: Document, place: int, other: Document, other_place: int) -> Fault:
    said = f"too like {other.file}:{other_place + 1} to tell them apart"
    return Fault(document.file, place + 1, said, ("phrasings", place))


def _faults_of(entry: Entry, by_part: Mapping[tuple[str, Language, Part], Document]) -> Iterator[Fault]:
    """The faults of writing of one entry and its translations, but for phrasings that are too like others'."""
    document = by_part[entry.id, "fi", "answer"]

    def at(document: Document, *where: int | str) -> tuple[str, int]:
        return document.file, line_of(document, *where)

    for said in review.faults_of_answer(entry):
        yield Fault(*at(document, "answer"), said, ("answer",))
    for said in review.faults_of_figures(entry):
        yield Fault(*at(document, "figures"), said, ("figures",))
    if not entry.sources:
        yield Fault(*at(document, "sources"), "no source", ("sources",))
    for number, source in enumerate(entry.sources):
        if source.checked > entry.review_by:
            where = ("sources", number, "checked")
            yield Fault(*at(document, *where), "checked after review_by", where)
    oldest = min((source.checked for source in entry.sources), default=None)
    in_words, longest = _good_for(entry)
    if oldest is not None and entry.review_by > oldest + longest:
        said = f"more than {in_words} after a source was checked"
        yield Fault(*at(document, "review_by"), said, ("review_by",))
    for language, least in review.LEAST_PHRASINGS.items():
        count = len(entry.phrasings.get(language, ()))
        if count < least:
            said = f"{count} phrasings in {language}; at least {least} find it"
            yield Fault(document.file, 1, said, ("phrasings", language))
    for language, translation in entry.translations.items():
        document = by_part[entry.id, language, "answer"]
        if not translation.is_current(entry):
            yield Fault(*at(document, "translates"), f"the Finnish is {entry.fingerprint} now", ("translates",))
        for said in review.faults_of_markdown(translation.answer):
            yield Fault(*at(document, "answer"), said, ("answer",))
        for said in review.faults_of_translated_figures(entry, translation):
            yield Fault(*at(document, "figures"), said, ("figures",))


def _good_for(entry: Entry) -> tuple[str, timedelta]:
    """How long after its sources were checked the answer may wait for its review."""
    if review.has_phone_number(entry.answer):
        return NUMBER_GOOD_FOR
    return LAW_GOOD_FOR if entry.category in LAW else SKILLS_GOOD_FOR


def topics(file: Path = TOPICS_FILE) -> list[Topic]:
    """The topics that must exist, in their file's order."""
    _, *rows = file.read_text(encoding="utf-8").splitlines()
    return [Topic(*row.split("\t")) for row in rows]


def read(folder: Path, revisions: Sequence[Revision] = ()) -> tuple[list[Document], list[Fault]]:
    """Every document of the FAQ by entry, language and part, and the faults of files that aren't one."""
    documents: dict[tuple[str, Language, Part], Document] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*/*")):
        name = _FILE_NAME.fullmatch(path.name)
        if name is None:
            faults.append(Fault(shown(path), 1, "not a name the FAQ knows: <id>[.sv|.en].md or .phrasings.txt"))
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            faults.append(Fault(shown(path), error.object.count(b"\n", 0, error.start) + 1, "not UTF-8"))
            continue
        language: Language = name["language"] or "fi"  # type: ignore[assignment]
        part: Part = "answer" if name["kind"] == "md" else "phrasings"
        key = (name["id"], language, part)
        if key in documents:
            faults.append(Fault(shown(path), 1, f"the same entry stands in {documents[key].file}"))
        documents[key] = Document(*key, shown(path), path.parent.name, text)
    withdrawn = {
        revision.entry_id
        for revision in revisions
        if revision.text is None and (revision.language, revision.part) == ("fi", "answer")
    }
    for revision in revisions:
        key = (revision.entry_id, revision.language, revision.part)
        if revision.text is None:
            documents.pop(key, None)
        else:
            documents[key] = Document(*key, edited_file(*key), None, revision.text.replace("\r\n", "\n"))
    return [documents[key] for key in sorted(documents) if key[0] not in withdrawn], faults


def file_text(folder: Path, entry_id: str, language: Language, part: Part) -> str | None:
    """What the file of this part holds, or None where there is none."""
    found = next(iter(sorted(folder.glob(f"*/{file_name(entry_id, language, part)}"))), None)
    return found.read_text(encoding="utf-8") if found else None


def file_name(entry_id: str, language: Language, part: Part) -> str:
    """The name of the file that holds this part of an entry, without its folder."""
    suffix = "md" if part == "answer" else "phrasings.txt"
    return f"{entry_id}.{suffix}" if language == "fi" else f"{entry_id}.{language}.{suffix}"


def edited_file(entry_id: str, language: Language, part: Part) -> str:
    """What stands in a fault for the file of a part that was edited."""
    return f"{file_name(entry_id, language, part)} (edited)"


def compose_entry(
    *,
    title: str,
    answer: str,
    advisor: AdvisorRole,
    category: str,
    entry_id: str,
    review_by: date,
    sources: Sequence[Source] = (),
    related: Sequence[str] = (),
    places: Sequence[str] = (),
    season: Sequence[int] = (),
    figures: Sequence[str] = (),
) -> str:
    """The text of `<id>.md` that says this: what *load* reads back as the same entry."""
    front = {
        "id": entry_id,
        "category": category,
        "title": title,
        "advisor": advisor,
        "sources": [source.model_dump() for source in sources],
        "review_by": review_by,
        "related": list(related),
        "places": list(places),
        "season": list(season),
        "figures": list(figures),
    }
    return _with_front_matter(front, answer)


def recompose(entry: Entry, **changes: Any) -> str:
    """The text of `<id>.md` for *entry* with some of the arguments of *compose_entry* changed."""
    fields = {name: getattr(entry, name) for name in Entry.model_fields if name not in ("phrasings", "translations")}
    fields["entry_id"] = fields.pop("id")
    return compose_entry(**(fields | changes))


def compose_translation(entry: Entry, title: str, answer: str, figures: Sequence[str] = ()) -> str:
    """The text of `<id>.sv.md` or `<id>.en.md`: a translation of *entry* as it stands now."""
    front = {"translates": entry.fingerprint, "title": title} | ({"figures": list(figures)} if figures else {})
    return _with_front_matter(front, answer)


def compose_phrasings(phrasings: Iterable[str]) -> str:
    """The text of a phrasings file: each on one line, in the order given, later repetitions left out."""
    lines = {" ".join(phrasing.split()): None for phrasing in phrasings}
    return "".join(f"{line}\n" for line in lines if line)


def _with_front_matter(front: Mapping[str, Any], body: str) -> str:
    dumped = yaml.safe_dump(dict(front), allow_unicode=True, sort_keys=False, width=1000)
    return f"---\n{dumped}---\n{body.strip()}\n"


def _by_entry(documents: Sequence[Document]) -> Iterator[dict[tuple[Language, Part], Document]]:
    grouped: dict[str, dict[tuple[Language, Part], Document]] = {}
    for document in documents:
        grouped.setdefault(document.entry_id, {})[document.language, document.part] = document
    yield from grouped.values()


def _read_entry(
    parts: dict[tuple[Language, Part], Document],
    places: Mapping[str, Place],
    known_ids: set[str],
    faults: list[Fault],
) -> Entry | None:
    answer = parts.get(("fi", "answer"))
    if answer is None:
        faults.extend(Fault(part.file, 1, f"there is no {part.entry_id}.md beside it") for part in parts.values())
        return None
    phrasings = {
        language: _read_phrasings(document, faults)
        for (language, part), document in parts.items()
        if part == "phrasings"
    }
    translations = {
        language: translation
        for (language, part), document in parts.items()
        if part == "answer" and language != "fi" and (translation := _read_model(Translation, document, faults))
    }
    entry = _read_model(Entry, answer, faults, phrasings=phrasings, translations=translations)
    if entry is not None:
        faults.extend(_contradictions(entry, answer, places, known_ids))
    return entry


def _contradictions(
    entry: Entry, document: Document, places: Mapping[str, Place], known_ids: set[str]
) -> Iterator[Fault]:
    def fault(field: str, message: str, *place: int) -> Fault:
        return Fault(document.file, line_of(document, field), message, (field, *place))

    if entry.id != document.entry_id:
        yield fault("id", f"id is {entry.id}, but the file's name says {document.entry_id}")
    if document.folder not in (None, entry.category):
        yield fault("category", f"category is {entry.category}, but the file is in {document.folder}/")
    for number, related in enumerate(entry.related):
        if related not in known_ids:
            yield fault("related", f"no entry or topic has the id {related}", number)
        if related == entry.id:
            yield fault("related", "an entry isn't related to itself", number)
    for number, place in enumerate(entry.places):
        if place not in places:
            yield fault("places", f"no place has the key {place}", number)


def _read_phrasings(document: Document, faults: list[Fault]) -> tuple[str, ...]:
    lines = document.text.removesuffix("\n").split("\n") if document.text.strip() else []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            said = "an empty line; a phrasings file has one phrasing a line"
        elif len(line) > LONGEST_PHRASING:
            said = f"a phrasing longer than {LONGEST_PHRASING} characters"
        else:
            continue
        faults.append(Fault(document.file, number, said, ("phrasings", number - 1)))
    return tuple(line.strip() for line in lines)


def _read_model(model: type[_Model], document: Document, faults: list[Fault], **more: Any) -> _Model | None:
    """The document's front matter and body as *model*; None, with the reasons in *faults*, if it can't be."""
    try:
        front, body = split(document.text)
        fields = plain_yaml.read(front)
        if not isinstance(fields, dict):
            raise Unreadable(2, "the front matter isn't a list of `key: value`")
        return model.model_validate({**fields, **more, "answer": body})
    except ValidationError as errors:
        faults.extend(
            Fault(document.file, line_of(document, *error["loc"]), _said(error), error["loc"])
            for error in errors.errors()
        )
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        faults.append(Fault(document.file, line, f"the front matter isn't YAML: {error.problem}"))
    except Unreadable as error:
        faults.append(Fault(document.file, error.line, str(error)))
    return None


def line_of(document: Document, *where: int | str) -> int:
    """The line of a front matter field such as ("sources", 0, "url"), or of its nearest written parent."""
    if where[:1] == ("answer",):
        return body_line(document)
    front, _ = split(document.text)
    return plain_yaml.line_of(front, *where, default=0) + 1


def line_in_file(file: Path, *where: int | str) -> int:
    """The line, from 1, of a field of a YAML file or of a Markdown file's front matter."""
    text = file.read_text(encoding="utf-8")
    parts = _FRONT_MATTER.fullmatch(text)
    return plain_yaml.line_of(parts[1], *where) + 1 if parts else plain_yaml.line_of(text, *where)


def body_line(document: Document) -> int:
    """The line the text below the front matter begins on."""
    front, body = split(document.text)
    return front.count("\n") + 3 + len(body[: len(body) - len(body.lstrip())].splitlines())


class Unreadable(Exception):
    """A text that isn't a file of the FAQ; *line* counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def split(text: str) -> tuple[str, str]:
    """The front matter of an entry's text, without the lines of ---, and what stands below it. Raises `Unreadable`."""
    parts = _FRONT_MATTER.fullmatch(text)
    if parts is None:
        raise Unreadable(1, "no front matter: the file begins with a line of --- and has another below the fields")
    return parts[1], parts[2]


def _read_places(file: Path, faults: list[Fault]) -> Mapping[str, Place]:
    try:
        return _region(file.read_text(encoding="utf-8")).places
    except ValidationError as errors:
        faults.extend(Fault(shown(file), 1, _said(error)) for error in errors.errors())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(Fault(shown(file), 1, str(error)))
    return {}


@lru_cache(maxsize=1)
def _region(text: str) -> Region:
    """What is written of the region's places: the same at every edit of an answer."""
    return Region.model_validate(plain_yaml.read(text))


def _said(error: ErrorDetails) -> str:
    return f"{'.'.join(map(str, error['loc'])) or 'front matter'}: {error['msg']}"


def _digest(documents: Sequence[Document], places: Mapping[str, Place]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        for told in (document.entry_id, document.language, document.part, document.text):
            encoded = told.encode()
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    for key in sorted(places):
        digest.update(f"{key}\n{places[key].model_dump_json()}\n".encode())
    return digest.hexdigest()


def shown(path: Path) -> str:
    """The path as a linter shows it: relative to where one stands, when it is below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
