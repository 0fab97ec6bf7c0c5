"""`koppi knowledge`: what a curator must mend, what is to be looked at again soon, and which addresses are dead."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from admin import links
from bot.channels.markup import TELEGRAM_LIMIT, as_telegram_html, units
from bot.conversation import answer_text
from bot.profile import DEFAULT_FILE, FILE_NAME, ServiceProfile, parse_profile
from knowledge import library
from knowledge.addresses import addresses
from knowledge.entry import LANGUAGES
from knowledge.freshness import Due, due
from knowledge.library import Fault, InvalidLibrary, Library
from knowledge.places import PLACES_FILE
from knowledge.situations import SITUATIONS_FILE, astray, situations

Out = Callable[[str], None]


@dataclass(frozen=True)
class Shelf:
    """The files of a FAQ, its situation cards, and the `service.yaml` whose crisis numbers are checked with it."""

    folder: Path
    places_file: Path
    topics_file: Path
    profile_file: Path
    situations_file: Path | None = None

    @classmethod
    def of(cls, data_dir: Path) -> "Shelf":
        """The shipped FAQ, with the owner's `service.yaml` where there is one. Makes no file."""
        own = data_dir / FILE_NAME
        return cls(
            library.FAQ_FOLDER, PLACES_FILE, library.TOPICS_FILE, own if own.exists() else DEFAULT_FILE, SITUATIONS_FILE
        )


def check(shelf: Shelf, today: date, *, strict: bool, out: Out) -> bool:
    """Whether the FAQ is as it should be; each fault is a line, and so is what is overdue: a fault only if *strict*.

    Raises `bot.profile.InvalidProfile`.
    """
    faults = library.check(shelf.folder, places_file=shelf.places_file, topics_file=shelf.topics_file)
    overdue: list[Fault] = []
    try:
        books = library.load(shelf.folder, places_file=shelf.places_file, topics_file=shelf.topics_file)
    except InvalidLibrary:
        pass  # its faults are those of the check
    else:
        faults += _too_long(books, shelf)
        faults += _astray(books, shelf)
        profile = parse_profile(shelf.profile_file)
        overdue = [_fault(one, shelf, books) for one in _due(books, profile, today - timedelta(days=1))]
    for fault in faults + (overdue if strict else []):
        out(str(fault))
    for fault in [] if strict else overdue:
        out(f"{fault.file}:{fault.line}: warning: {fault.message}")
    return not faults and not (strict and overdue)


def stale(books: Library, profile: ServiceProfile, today: date, *, within_days: int, out: Out) -> None:
    """Print what is to be looked at within so many days, oldest first, overdue ones marked."""
    found = _due(books, profile, today + timedelta(days=within_days))
    for one in found:
        mark = "overdue" if one.by < today else "due"
        out(f"{one.by}  {mark:7}  {one.kind:6}  {one.id:32}  {one.title}")
    if not found:
        out(f"Nothing is to be looked at within {within_days} days.")


async def check_links(shelf: Shelf, out: Out, *, pause: float = links.PAUSE_SECONDS) -> bool:
    """Whether every address of the FAQ answers; each that doesn't is a line with where it stands.

    Raises `knowledge.library.InvalidLibrary`.
    """
    found = addresses(shelf.folder, places_file=shelf.places_file, topics_file=shelf.topics_file)
    urls = {address.url for address in found}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("links", total=len(urls))
        dead: Mapping[str, str] = await links.find_dead(urls, advance=lambda: progress.advance(task), pause=pause)
    for address in found:
        if address.url in dead:
            out(f"{address.file}:{address.line}: {address.owner}: {address.url} is dead ({dead[address.url]})")
    return not dead


def _due(books: Library, profile: ServiceProfile, until: date) -> list[Due]:
    return due(books, until, crisis_numbers_checked_on=profile.crisis.numbers_checked_on)


def _too_long(books: Library, shelf: Shelf) -> Iterator[Fault]:
    """Answers that Telegram would not take in one message, with all that the bot puts around them."""
    for entry in books.entries:
        for language in LANGUAGES:
            length = units(as_telegram_html(answer_text(entry, books.places, language)))
            if length > TELEGRAM_LIMIT:
                file = shelf.folder / entry.category / library.file_name(entry.id, language, "answer")
                yield Fault(library.shown(file), 1, f"{length} units as Telegram's HTML; at most {TELEGRAM_LIMIT}")


def _astray(books: Library, shelf: Shelf) -> Iterator[Fault]:
    """Questions on situation cards that no entry answers word for word."""
    file = shelf.situations_file
    if file is None:
        return
    for one in astray(situations(file), books.by_id):
        yield Fault(library.shown(file), library.line_in_file(file, one.card), f"{one.card}: {one.said}")


def _fault(one: Due, shelf: Shelf, books: Library) -> Fault:
    """What is overdue, with the line whose date is to be renewed."""
    match one.kind:
        case "answer":
            category = books.by_id[one.id].category
            file = shelf.folder / category / library.file_name(one.id, "fi", "answer")
            where: tuple[str, ...] = ("review_by",)
            said = f"was to be reviewed by {one.by}"
        case "place":
            file, where = shelf.places_file, ("places", one.id, "checked")
            said = f"{one.id}: was to be checked again by {one.by}"
        case "crisis":
            file, where = shelf.profile_file, ("crisis", one.id)
            said = f"the crisis numbers were to be rung again by {one.by}"
    return Fault(library.shown(file), library.line_in_file(file, *where), said)
