"""Whether a message asks for a person and nothing else: "haluan puhua ihmiselle". The words are data."""

from functools import cache
from pathlib import Path

from knowledge.language import clean, fold, words

PERSON_WISHES_FILE = Path(__file__).parent / "lexicon" / "person-wishes.tsv"

_LONGEST_MESSAGE = 12


def wants_person(text: str) -> bool:
    """Whether *text* asks to be passed on to a person. A question about that, or about anything else, does not."""
    said = words(fold(clean(text)))
    if not 0 < len(said) <= _LONGEST_MESSAGE:
        return False
    kinds = {_kinds().get(word) for word in said}
    return None not in kinds and "person" in kinds and ("wish" in kinds or len(said) <= 2)


@cache
def _kinds() -> dict[str, str]:
    _, *lines = PERSON_WISHES_FILE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {fold(word.lower()): kind for word, kind, _ in rows}
