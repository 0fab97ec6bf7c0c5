"""Whether a message is in a language that the FAQ does not speak. What tells one is data: lexicon/foreign.tsv.

The detector of `language` chooses among the FAQ's own three languages: to it, German is English.
"""

import unicodedata
from functools import cache
from pathlib import Path

from knowledge.language import clean, fold, words

FOREIGN_FILE = Path(__file__).parent / "lexicon" / "foreign.tsv"

_FEWEST = 2  # one such word may be a name, or a slip of the finger
_SHARE = 1 / 3  # of the words, so that a quotation in a long Finnish question changes nothing
_OTHER_SCRIPT = 1 / 2  # of the letters


def is_foreign(text: str) -> bool:
    """Whether *text* is written in another language than Finnish, Swedish or English; False where it can't be told."""
    cleaned = clean(text)
    letters = [character for character in cleaned if unicodedata.category(character).startswith("L")]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    if letters and latin < _OTHER_SCRIPT * len(letters):
        return True
    said = words(fold(cleaned))
    telling = len(set(said) & _telling_words())
    return telling >= _FEWEST and telling >= _SHARE * len(said)


@cache
def _telling_words() -> frozenset[str]:
    """Words that everyone uses in some other language, and nobody in the FAQ's three."""
    _, *lines = FOREIGN_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(fold(line.split("\t")[0]) for line in lines)
