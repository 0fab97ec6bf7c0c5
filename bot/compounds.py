"""Compounds by their last part: who searches for "tuki" means "asumistuki" as well. Pure.

Nothing more is indexed for it: which compounds there are is known from the FAQ's own words, and a search asks for their
beginnings. A compound that stands nowhere in the FAQ is found by its own beginning alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.found import SHORTEST_INFLECTED, Word, plain_words
from knowledge.library import Library

SHORTEST_FIRST = 3  # letters before the last part
ENDS_OF_FIRST = "aeiouyns"  # of hardly any other letter: "muistil-apu" is no help
ENDS_LIKE_A_CASE = re.compile(r".{1,2}[lnst]a")  # "lomakkeella" has nothing to do with "Kela"
MOST = 100  # beginnings for one word: each is looked up

_latest: dict[str, "Vocabulary"] = {}


@dataclass(frozen=True)
class Vocabulary:
    """Words as they are compared, each on a line of its own and none twice."""

    lines: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Vocabulary":
        """The words of *texts*."""
        words = {word for text in texts for word in plain_words(text) if word.isalpha()}
        return cls("\n".join(["", *sorted(words), ""]))

    def with_compounds(self, word: Word) -> Word:
        """*word*, which stands for the compounds here that end in it, too: however those are inflected."""
        if len(word.plain) < SHORTEST_INFLECTED or not word.plain.isalpha() or ENDS_LIKE_A_CASE.fullmatch(word.plain):
            return word
        beginnings = sorted(first + stem for first in self._before(word.plain) for stem in word.stems)
        return Word(word.plain, tuple(beginnings[:MOST]))

    def _before(self, last: str) -> Iterator[str]:
        end = self.lines.find(f"{last}\n")
        while end >= 0:
            begin = self.lines.rfind("\n", 0, end) + 1
            first = self.lines[begin:end]
            if len(first) >= SHORTEST_FIRST and first[-1] in ENDS_OF_FIRST:
                yield first
            end = self.lines.find(f"{last}\n", end + 1)


def vocabulary(books: Library) -> Vocabulary:
    """The Finnish words of the FAQ; kept for the one in use, since to read it takes a while."""
    if books.digest not in _latest:
        made = Vocabulary.of(
            text for entry in books.entries for text in (entry.title, entry.answer, *entry.phrasings.get("fi", ()))
        )
        _latest.clear()
        _latest[books.digest] = made
    return _latest[books.digest]
