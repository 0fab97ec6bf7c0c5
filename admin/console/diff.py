"""What changed between two texts, line by line and, in a line that changed, word by word. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from knowledge import amending
from knowledge.library import Part, Unreadable

CONTEXT = 1  # unchanged lines shown around a change
MOST_WORDS = 600  # of a line compared word by word: beyond, the work grows faster than the use

Kind = Literal["same", "added", "removed"]


@dataclass(frozen=True)
class Piece:
    """Words that stayed, came or went."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Row:
    """A line: *same*, *added*, *removed*, *changed* (its pieces tell how), or *skipped*: so many unchanged ones."""

    kind: Literal["same", "added", "removed", "changed", "skipped"]
    pieces: tuple[Piece, ...] = ()
    count: int = 0


# What the front matter's fields are called where people read them.
LABELS = {
    "title": "Otsikko",
    "category": "Aihe",
    "advisor": "Ohjaaja",
    "sources": "Lähde",
    "review_by": "Tarkistettava viimeistään",
    "related": "Liittyy",
    "places": "Paikka",
    "season": "Kuukaudet",
    "figures": "Luku",
    "translates": "Käännetty suomenkielisestä",
}


def readable(text: str | None, part: Part) -> list[str]:
    """The lines of a part as people read them: each field with its name, each of a list by itself, then the answer."""
    if text is None:
        return []
    try:
        front, body = amending.read(text) if part == "answer" else ({}, text)
    except Unreadable:
        return text.splitlines()
    lines = [line for name, value in front.items() if name != "id" for line in _field(LABELS.get(name, name), value)]
    return [*lines, *(line for line in body.splitlines() if line.strip())]


def changes(old: Sequence[str], new: Sequence[str]) -> list[Row]:
    """How *new* came of *old*; unchanged lines away from any change are only counted. Nothing changed: no rows."""
    rows: list[Row] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    groups = list(matcher.get_grouped_opcodes(CONTEXT))
    seen = 0
    for group in groups:
        if group[0][1] > seen:
            rows.append(Row("skipped", count=group[0][1] - seen))
        for tag, first, last, new_first, new_last in group:
            if tag == "equal":
                rows += [Row("same", (Piece("same", line),)) for line in old[first:last]]
            else:
                rows += _replaced(old[first:last], new[new_first:new_last])
        seen = group[-1][2]
    if groups and seen < len(old):
        rows.append(Row("skipped", count=len(old) - seen))
    return rows


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    """Lines that are alike are told as changed, in pairs; the others as removed and added."""
    pairs = min(len(old), len(new))
    for before, after in zip(old[:pairs], new[:pairs], strict=True):
        pieces = _pieces(before, after)
        if pieces is None:
            yield Row("removed", (Piece("removed", before),))
            yield Row("added", (Piece("added", after),))
        else:
            yield Row("changed", pieces)
    for before in old[pairs:]:
        yield Row("removed", (Piece("removed", before),))
    for after in new[pairs:]:
        yield Row("added", (Piece("added", after),))


def _pieces(before: str, after: str) -> tuple[Piece, ...] | None:
    """The words that stayed, went and came; None when the two have too little in common to be told as one line."""
    old, new = re.findall(r"\w+|\s+|[^\w\s]", before), re.findall(r"\w+|\s+|[^\w\s]", after)
    if max(len(old), len(new)) > MOST_WORDS:
        return None
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.5:
        return None
    pieces: list[Piece] = []
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[first:last])))
            continue
        if last > first:
            pieces.append(Piece("removed", "".join(old[first:last])))
        if new_last > new_first:
            pieces.append(Piece("added", "".join(new[new_first:new_last])))
    return tuple(pieces)


def _field(label: str, value: object) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            told = " · ".join(str(part) for part in each.values()) if isinstance(each, dict) else str(each)
            yield f"{label}: {told}"
    else:
        yield f"{label}: {'' if value is None else value}"
