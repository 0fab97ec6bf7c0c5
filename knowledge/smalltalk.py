"""Messages that greet, thank or curse and ask nothing. What counts as what is data: lexicon/smalltalk.tsv."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from knowledge.entry import Language
from knowledge.language import clean, fold, words

SMALLTALK_FILE = Path(__file__).parent / "lexicon" / "smalltalk.tsv"

SmallTalk = Literal["low", "who", "swearing", "thanks", "bye", "wellbeing", "greeting", "ok", "wordless"]
"""What a message without a question can be. Of several kinds in one message, the one named first here counts.

*low*: who says that they aren't well, or nothing good of themself.
"""

_KINDS = get_args(SmallTalk)
_FILLER = "filler"
_SELF = "self"
_INSULT = "insult"
_LONGEST_MESSAGE = 12
_ANY_SIGN = re.compile(r"\S")
_NAME = re.compile(r"\W*AA\W*")  # a group for who drinks too much; in small letters it means nothing


class Manners:
    """Recognises small talk. A word that is neither small talk nor filler makes the message a question."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """*rows* are (phrase, kind, language or ""); the kind `filler` is for words that mean nothing alone.

        `self` is for fillers by which who writes means themself, `insult` for swearing that says what somebody is.
        """
        self._rows = list(rows)
        self._kinds = {tuple(words(fold(clean(phrase)))): kind for phrase, kind, _ in self._rows}
        self._longest = max(map(len, self._kinds), default=0)

    @classmethod
    def read(cls, file: Path = SMALLTALK_FILE) -> "Manners":
        """The phrases of a TSV file with a heading row: phrase, kind, language."""
        _, *lines = file.read_text(encoding="utf-8").splitlines()
        rows = (line.split("\t") for line in lines)
        return cls((phrase, kind, language) for phrase, kind, language in rows)

    def phrases(self, language: Language) -> list[str]:
        """Its phrases that are of this language alone."""
        return [phrase for phrase, _, spoken in self._rows if spoken == language]

    def recognise(self, text: str) -> SmallTalk | None:
        """The kind of small talk that *text* is from beginning to end; None for a question, and for no text."""
        said = words(fold(clean(text)))
        if not said:
            return "wordless" if _ANY_SIGN.search(text) else None
        if len(said) > _LONGEST_MESSAGE or _NAME.fullmatch(text):
            return None
        found = self._consume(said) or set()
        if _INSULT in found:
            found.add("low" if _SELF in found else "swearing")
        return min(found & set(_KINDS), key=_KINDS.index, default=None)  # type: ignore[arg-type]

    def _consume(self, said: list[str]) -> set[str] | None:
        """The kinds of the phrases that make up the whole message, longest first; None when a word is left over."""
        found = set()
        place = 0
        while place < len(said):
            for length in range(min(self._longest, len(said) - place), 0, -1):
                kind = self._kinds.get(tuple(said[place : place + length]))
                if kind is not None:
                    found.add(kind)
                    place += length
                    break
            else:
                return None
        return found
