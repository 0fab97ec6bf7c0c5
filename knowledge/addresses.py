"""Every web address the FAQ sends somebody to, with the line it stands on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge import library, plain_yaml
from knowledge.library import Document, body_line, line_of
from knowledge.places import PLACES_FILE

_LINK = re.compile(r"\]\((https?://[^)\s]+)\)")


@dataclass(frozen=True)
class Address:
    """A web address; *owner* is the entry or the key of the place that has it, *line* counts from 1."""

    url: str
    file: str
    line: int
    owner: str


def addresses(
    folder: Path = library.FAQ_FOLDER, *, places_file: Path = PLACES_FILE, topics_file: Path = library.TOPICS_FILE
) -> list[Address]:
    """The addresses of sources, places and answers in every language, in the order of files and lines.

    The service's own pages (`/tietosuoja`) are left out. Raises `knowledge.library.InvalidLibrary`.
    """
    books = library.load(folder, places_file=places_file, topics_file=topics_file)
    documents = [document for document in library.read(folder)[0] if document.part == "answer"]
    found = [address for document in documents for address in _in_answer(document)]
    for document in documents:
        sources = books.by_id[document.entry_id].sources if document.language == "fi" else ()
        for number, source in enumerate(sources):
            if source.url.startswith("http"):
                line = line_of(document, "sources", number, "url")
                found.append(Address(source.url, document.file, line, document.entry_id))
    text = places_file.read_text(encoding="utf-8")
    for key, place in books.places.items():
        line = plain_yaml.line_of(text, "places", key, "url")
        found.append(Address(place.url, library.shown(places_file), line, key))
    return sorted(found, key=lambda address: (address.file, address.line))


def _in_answer(document: Document) -> Iterator[Address]:
    first = body_line(document)
    body = document.text.splitlines()[first - 1 :]
    for number, line in enumerate(body, start=first):
        for url in _LINK.findall(line):
            yield Address(url, document.file, number, document.entry_id)
