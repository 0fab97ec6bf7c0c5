"""What in a text may be somebody's name: a sign for a person to look closer, since no program can tell for certain."""

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

FIRST_NAMES_FILE = Path(__file__).parent / "lexicon" / "first-names.txt"

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_SENTENCE_END = re.compile(r"[.!?:\n]\s*$")
_ENDINGS = ("n", "a", "ä", "lla", "llä", "lle", "lta", "ltä", "sta", "stä", "ssa", "ssä", "kin")
_SAID_TO_BE = re.compile(
    r"\b(?:nimeni on|nimi on|nimeltäni|nimeltään|terveisin|terv\.?|terkuin|my name is|mitt namn är|jag heter)\s+"
    r"([^\W\d_]{2,}(?:\s+[^\W\d_]{2,})?)",
    re.IGNORECASE,
)


def like_names(text: str, known: Collection[str]) -> list[str]:
    """The words of *text* that may be names, in their order, none twice: common first names, what is said to be a name,
    and words with a capital letter amid a sentence that are not among the *known* (in lower case)."""
    certain, ordinary = _first_names()
    found = {word.start(): word[0] for word in _WORD.finditer(text) if _base(word[0].lower(), certain)}
    for word in _WORD.finditer(text):
        has_capital = word[0][0].isupper() and not word[0].isupper()
        if has_capital and _base(word[0].lower(), ordinary):
            found[word.start()] = word[0]
        begins = not text[: word.start()].strip() or _SENTENCE_END.search(text[: word.start()]) is not None
        if has_capital and not begins and word[0].lower() not in known:
            found[word.start()] = word[0]
    for said in _SAID_TO_BE.finditer(text):
        found[said.start(1)] = said[1]
    return list(dict.fromkeys(found[place] for place in sorted(found)))


def _base(word: str, names: frozenset[str]) -> bool:
    """Whether *word*, or a part of it before or after a hyphen, is one of the names, perhaps with an ending."""
    return any(
        part in names or any(part.endswith(end) and part[: -len(end)] in names for end in _ENDINGS)
        for part in word.split("-")
    )


@cache
def _first_names() -> tuple[frozenset[str], frozenset[str]]:
    """Names that are nothing else, and those that are ordinary words, too."""
    lines = FIRST_NAMES_FILE.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    return (
        frozenset(name for name in names if not name.endswith("*")),
        frozenset(name.rstrip("*") for name in names if name.endswith("*")),
    )
