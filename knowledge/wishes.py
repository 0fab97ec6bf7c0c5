"""Whether a message asks for a person and nothing else ("haluan puhua ihmiselle"), or for somewhere to begin ("en
tiedä mitä kysyä"). The words are data.
"""

import re
from functools import cache
from pathlib import Path

from knowledge.language import clean, fold, words

PERSON_WISHES_FILE = Path(__file__).parent / "lexicon" / "person-wishes.tsv"
LOST_WORDS_FILE = Path(__file__).parent / "lexicon" / "lost-words.tsv"

_LONGEST_MESSAGE = 12
_REFUSAL = re.compile(
    r"\b(?:do ?n['’]?t|do not) (?:want|wanna|need)\b|\b(?:vill|behöver) (?:jag )?inte\b", re.IGNORECASE
)
_MACHINE = re.compile(r"\b(?:chat)?(?:bot|robot)", re.IGNORECASE)


def wants_person(text: str) -> bool:
    """Whether *text* asks to be passed on to a person.

    A question about that, or about anything else, does not, nor does who wants none.
    """
    kinds, length = _kinds_in(text, PERSON_WISHES_FILE)
    return "person" in kinds and ("wish" in kinds or length <= 2) and not _refuses(text)


def _refuses(text: str) -> bool:
    """Whether a person isn't wanted; but who says "I don't want a bot" wants one."""
    return _REFUSAL.search(text) is not None and _MACHINE.search(text) is None


def is_lost(text: str) -> bool:
    """Whether *text* says that its writer doesn't know what to ask or where to begin, and names no matter."""
    kinds, _ = _kinds_in(text, LOST_WORDS_FILE)
    return {"what", "begin"} <= kinds


def _kinds_in(text: str, file: Path) -> tuple[set[str], int]:
    """The kinds that *file* gives the words of *text*, and how many words; none where it lacks one of them."""
    said = words(fold(clean(text)))
    kinds = {_kinds(file).get(word) for word in said} if len(said) <= _LONGEST_MESSAGE else {None}
    return (set() if None in kinds else {kind for kind in kinds if kind}), len(said)


@cache
def _kinds(file: Path) -> dict[str, str]:
    _, *lines = file.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {fold(word.lower()): kind for word, kind, _ in rows}
