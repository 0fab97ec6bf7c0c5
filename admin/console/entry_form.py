"""An entry's texts as the fields of a form, and back: front matter by field, the answer, phrasings one a line. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.incoming import clean
from knowledge import amending, library
from knowledge.entry import Language
from knowledge.library import Part, Unreadable

SOURCES, RELATED, PLACES = 6, 4, 6
"""How many of each the form has room for; what an entry has beyond that stays as it is."""

MAX_LINE, MAX_ANSWER, MAX_PHRASINGS, MAX_WAYS = 600, 4000, 60_000, 1000
SOURCE = ("title", "url", "checked", "basis")
BASES = ("page", "stored copy", "general guidance", "the service's own promise")

_SOURCE_FIELDS = tuple(f"source_{number}_{name}" for number in range(1, SOURCES + 1) for name in SOURCE)
_RELATED_FIELDS = tuple(f"related_{number}" for number in range(1, RELATED + 1))
_PLACE_FIELDS = tuple(f"place_{number}" for number in range(1, PLACES + 1))
_TEXTS = ("title", "answer", "figures", "phrasings")

FIELDS: tuple[str, ...] = (
    *_TEXTS, "category", "advisor", "review_by", "season", *_SOURCE_FIELDS, *_RELATED_FIELDS, *_PLACE_FIELDS,
)  # fmt: skip
"""Every field that a form may have; that of a translation has the first four."""

_LONGEST = {"answer": MAX_ANSWER, "phrasings": MAX_PHRASINGS, "figures": 2000}


@dataclass(frozen=True)
class Texts:
    """The two parts of an entry in one language, as their files have them; None where there is no such file."""

    answer: str | None
    phrasings: str | None

    def of(self, part: Part) -> str | None:
        """The text of one part."""
        return self.answer if part == "answer" else self.phrasings


def filled(texts: Texts, language: Language) -> dict[str, str]:
    """What the form is filled with. An answer that can't be read leaves its fields empty."""
    fields = dict.fromkeys(_fields_of(language), "")
    fields["phrasings"] = "\n".join((texts.phrasings or "").splitlines())
    try:
        front, body = amending.read(texts.answer or "")
    except Unreadable:
        return fields
    fields |= {"answer": body, "title": _text(front, "title"), "figures": "\n".join(_list(front, "figures"))}
    if language != "fi":
        return fields
    fields |= {name: _text(front, name) for name in ("category", "advisor", "review_by")}
    fields["season"] = ", ".join(_list(front, "season"))
    fields |= dict(zip(_RELATED_FIELDS, _list(front, "related"), strict=False))
    fields |= dict(zip(_PLACE_FIELDS, _list(front, "places"), strict=False))
    for number, source in enumerate(_sources(front)[:SOURCES], start=1):
        fields |= {f"source_{number}_{name}": source.get(name, "") for name in SOURCE}
    return fields


def read_form(form: Mapping[str, str], language: Language) -> dict[str, str]:
    """The fields as sent, rid of what no page should hold; lines keep their order. What is too long stays so."""
    return {name: _clean(form.get(name, "")) for name in _fields_of(language)}


def too_long(fields: Mapping[str, str]) -> list[str]:
    """The fields that hold more than can be kept."""
    found = {name for name, value in fields.items() if len(value) > _LONGEST.get(name, MAX_LINE)}
    return sorted(found | ({"phrasings"} if fields["phrasings"].count("\n") > MAX_WAYS else set()))


def composed(
    fields: Mapping[str, str], language: Language, standing: Texts, *, entry_id: str, translates: str = ""
) -> Texts:
    """The texts that the fields mean, over *standing*: what they don't change stays byte for byte.

    A translation of nothing, or phrasings of nothing, are no file where there was none. *translates* is the fingerprint
    of the Finnish that a translation was made of.
    """
    phrasings = _phrasings(fields["phrasings"], standing.phrasings)
    if language != "fi" and standing.answer is None and not (fields["title"] or fields["answer"]):
        return Texts(None, phrasings)
    before = _front(standing.answer)
    figures = _lines(fields["figures"])
    if language == "fi":
        front = _finnish(fields, before, entry_id, figures)
    else:
        front = {"translates": translates, "title": fields["title"]}
        front |= {"figures": figures} if figures or "figures" in before else {}
    return Texts(amending.amend(standing.answer, front, fields["answer"]), phrasings)


def _finnish(fields: Mapping[str, str], before: Mapping[str, Any], entry_id: str, figures: list[str]) -> dict[str, Any]:
    sources = [
        {name: fields[f"source_{number}_{name}"] for name in SOURCE}
        for number in range(1, SOURCES + 1)
        if any(fields[f"source_{number}_{name}"] for name in ("title", "url"))
    ]
    season = [int(each) if each.isascii() and each.isdigit() else each for each in _words(fields["season"])]
    return {
        "id": entry_id,
        "category": fields["category"],
        "title": fields["title"],
        "advisor": fields["advisor"],
        "sources": [{**source, "basis": source["basis"] or "page"} for source in sources] + _sources(before)[SOURCES:],
        "review_by": fields["review_by"],
        "related": _chosen(fields, _RELATED_FIELDS) + _list(before, "related")[RELATED:],
        "places": _chosen(fields, _PLACE_FIELDS) + _list(before, "places")[PLACES:],
        "season": season,
        "figures": figures,
    }


def _fields_of(language: Language) -> tuple[str, ...]:
    return FIELDS if language == "fi" else _TEXTS


def _front(text: str | None) -> dict[str, Any]:
    try:
        return amending.read(text or "")[0]
    except Unreadable:
        return {}


def _phrasings(written: str, standing: str | None) -> str | None:
    lines = _lines(written)
    if standing is not None and lines == _lines(standing):
        return standing
    return library.compose_phrasings(lines) if lines or standing is not None else None


def _text(front: Mapping[str, Any], name: str) -> str:
    value = front.get(name)
    return "" if value is None else str(value)


def _list(front: Mapping[str, Any], name: str) -> list[str]:
    values = front.get(name)
    return [str(value) for value in values] if isinstance(values, list) else []


def _sources(front: Mapping[str, Any]) -> list[dict[str, str]]:
    values = front.get("sources")
    found = [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
    return [{name: str(value) for name, value in source.items()} for source in found]


def _chosen(fields: Mapping[str, str], names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(fields[name] for name in names if fields[name]))


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,.]+", text) if word]


def _clean(text: str) -> str:
    """Line by line: what a message may hold at most is no measure for a list of phrasings."""
    return "\n".join(clean(line) if len(line) <= MAX_ANSWER else line for line in text.splitlines()).strip()
