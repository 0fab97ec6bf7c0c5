"""What is searched for and where it stands in a text: words as people inflect and misspell them. Pure.

Words are compared without capitals, dots and doubled letters ("Työttömyys" and "tyotomys" are one word), by their
beginnings, since Finnish inflects at the end. Where that finds little, by beginnings that differ by one slip of a key.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from knowledge.language import fold
from knowledge.words_in_memory import remembered

COMMON_WORDS_FILE = Path(__file__).parent / "common_words.txt"  # nearly every message has some: they find nothing

MAX_QUERY = 200  # characters
MAX_WORDS = 8
LENGTHS = (4, 6, 8)  # of the beginnings by which a word is found; a shorter word is found whole
NEAR = 6  # letters that may differ by one slip
SHORTEST_INFLECTED = 3
SHORTEST_NEAR = 5
BEGINS = 3  # letters by which most words are told from a misspelt one
LINE = 160  # characters shown

_WORD = re.compile(r"[^\W_]+(?:[:'’][^\W_]+)*")
_ENDING = re.compile(r":.*")  # "CV:n", "Kela:sta"
_NO_LETTERS = re.compile(r"['’]")
_DOUBLED = re.compile(r"([^\W\d])\1+")
_VOWELS = "aeiouy"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WEAK = {"k": "", "p": "v", "t": "d"}
_WEAK_AFTER = {"nk": "ng", "mp": "m", "nt": "n", "lt": "l", "rt": "r"}


@dataclass(frozen=True)
class Line:
    """A line of a text, cut before, in and after what was found: every second piece was."""

    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """One word that is searched for, as it is compared. *compounds*: beginnings of longer words that end in it."""

    plain: str
    compounds: tuple[str, ...] = ()

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The beginnings of its inflected forms."""
        length, word = len(self.plain), self.plain
        if not word.isalpha() or length < SHORTEST_INFLECTED:
            return (word,)
        if length == SHORTEST_INFLECTED:
            return (word, *_weak(word))
        cut = word[: length - (2 if length >= 7 else 1)]
        return (cut, *_weak(word)) if length <= 6 else (cut,)

    @cached_property
    def keys(self) -> frozenset[str]:
        """What `keys` of some inflected form of it have."""
        return frozenset(key for stem in (*self.stems, *self.compounds) for key in _beginning_with(stem))

    @cached_property
    def near_keys(self) -> frozenset[str]:
        """What `keys` of it have when it, or what it was meant to be, was misspelt by one slip."""
        if len(self.plain) < SHORTEST_NEAR or not self.plain.isalpha():
            return self.keys
        near = (_undoubled(slip) for slip in _slips(self.plain[: NEAR + 1]))
        return self.keys | {_key(word[:NEAR]) for word in near if len(word) >= LENGTHS[0]}

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return (*self.stems, *self.compounds)

    @cached_property
    def near_beginnings(self) -> frozenset[str]:
        """The first letters of it and of what it may be misspelt as by one slip: nearly every other word has others.

        None of a word that is too short to tell.
        """
        begins = self.plain[: BEGINS + 1]
        beginnings = {each[:BEGINS] for each in self._beginnings}
        if all(len(each) == BEGINS for each in beginnings):
            return frozenset({*beginnings, begins[:BEGINS], *(slip[:BEGINS] for slip in _slips(begins))})
        return frozenset()

    def matches(self, word: str) -> bool:
        """Whether *word*, as it is compared, is a form of this one."""
        if len(self.plain) < SHORTEST_INFLECTED:  # an abbreviation: "cv", "CVn"
            return word.startswith(self.plain) and len(word) <= len(self.plain) + 1
        return word.startswith(self._beginnings)

    def is_near(self, word: str) -> bool:
        """Whether it is, or is misspelt by one slip."""
        if self.matches(word) or len(self.plain) < SHORTEST_NEAR or not self.plain.isalpha():
            return self.matches(word)
        return _is_one_slip(self.plain[:NEAR], word[: NEAR + 1])

    def stands_in(self, words: Collection[str], *, near: bool) -> bool:
        """Whether it is one of *words*, as they are compared."""
        return any(map(self.is_near if near else self.matches, words))


def read_query(text: str) -> list[Word]:
    """The words to search for, at most `MAX_WORDS`, each once; common ones only when there are no others."""
    telling = [word for word in dict.fromkeys(_words_in(text)) if _tells(word)]
    return [Word(word) for word in telling[:MAX_WORDS]]


def keys(text: str) -> set[str]:
    """By what *text* is found: the beginnings of its words."""
    return {key for word in _words_in(text) if _tells(word) for key in _keys_of(word)}


def plain_words(text: str) -> set[str]:
    """The words of *text* as they are compared."""
    return set(_words_in(text))


class Reading:
    """Several words as they are looked for in many texts: each different word written there is compared once.

    What stands in a text is told as bits, the first word's being 1; *all* has those of every word.
    """

    def __init__(self, words: Sequence[Word], *, near: bool) -> None:
        self._compare = [word.is_near if near else word.matches for word in words]
        self._beginnings = frozenset[str]().union(*(word.near_beginnings for word in words))
        self._is_telling = all(word.near_beginnings for word in words)
        self._bits: dict[str, int] = {}
        self.all = (1 << len(words)) - 1

    def of(self, text: str) -> int:
        """Which of the words stand in *text*."""
        seen, known = 0, self._bits
        for written in _WORD.findall(unicodedata.normalize("NFC", text)):
            bits = known.get(written)
            seen |= self._of_word(written) if bits is None else bits
        return seen

    def best_line(self, texts: Iterable[str]) -> Line | None:
        """The line with the most of the words, the earliest of several, with those marked; None when there is none."""
        most = 0
        best: tuple[str, list[tuple[int, int]]] | None = None
        for text in texts:
            for line in unicodedata.normalize("NFC", text).splitlines():
                if (there := self.of(line).bit_count()) > most:
                    places = [match.span() for match in _WORD.finditer(line) if self._of_word(match.group())]
                    most, best = there, (line, places)
        return _cut(*best) if best else None

    def _of_word(self, written: str) -> int:
        bits = self._bits.get(written)
        if bits is None:
            plain, bits = _plain(written), 0
            begins = plain[:BEGINS]
            if begins in self._beginnings or not (self._is_telling and begins.isascii() and begins.isalpha()):
                bits = sum(1 << place for place, is_it in enumerate(self._compare) if is_it(plain))
            self._bits[written] = bits
        return bits


def _cut(line: str, places: Sequence[tuple[int, int]]) -> Line:
    """At most `LINE` characters from a little before the first find."""
    start = 0 if places[0][1] <= LINE - 20 else max(0, places[0][0] - LINE // 3)
    end = min(len(line), start + LINE)
    pieces, at = [], start
    for begin, stop in places:
        if stop > end:
            break
        pieces += [line[at:begin], line[begin:stop]]
        at = stop
    pieces.append(line[at:end])
    pieces[0] = ("…" if start else "") + pieces[0].lstrip()
    pieces[-1] = pieces[-1].rstrip() + ("…" if end < len(line) else "")
    return Line(tuple(pieces))


# --- words as they are compared --------------------------------------------------------------------------------


def _words_in(text: str) -> Iterator[str]:
    """The words of *text* as they are compared, in their order."""
    return map(_plain, _WORD.findall(unicodedata.normalize("NFC", text)))


@remembered(most=10_000)
def _plain(word: str) -> str:
    lowered = unicodedata.normalize("NFKC", word).lower()
    return _undoubled(fold(_NO_LETTERS.sub("", _ENDING.sub("", lowered))))


@cache
def _common() -> frozenset[str]:
    return frozenset(_plain(word) for word in COMMON_WORDS_FILE.read_text(encoding="utf-8").split())


def _tells(word: str) -> bool:
    return len(word) > 1 and word not in _common()


def _undoubled(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


def _keys_of(word: str) -> Iterator[str]:
    if len(word) < LENGTHS[0]:
        yield f"{word}$"
    for length in LENGTHS:
        if len(word) >= length:
            yield word[:length]


def _key(beginning: str) -> str:
    """The longest key that every word with this *beginning* has; it is at least as long as the shortest."""
    return beginning[: max(length for length in LENGTHS if length <= len(beginning))]


def _beginning_with(stem: str) -> Iterator[str]:
    if len(stem) >= LENGTHS[0]:
        yield _key(stem)
        return
    yield f"{stem}$"
    for letter in _LETTERS:  # one letter more: whole where that is still short, else a beginning
        yield f"{stem}{letter}" if len(stem) + 1 == LENGTHS[0] else f"{stem}{letter}$"


def _weak(word: str) -> Iterator[str]:
    """Beginnings of forms in which the last k, p or t is weaker: tuki, tuen; velka, velan; apu, avun."""
    match = re.fullmatch(rf"(.*?)(nk|mp|nt|lt|rt|[kpt])([{_VOWELS}])[{_VOWELS}]?", word)
    if match is None or len(match[1]) == 0:
        return
    weak = _WEAK_AFTER.get(match[2]) if len(match[2]) > 1 else _WEAK[match[2]]
    for vowel in dict.fromkeys((match[3], "e" if match[3] == "i" else match[3])):
        yield f"{match[1]}{weak}{vowel}"


def _slips(word: str) -> Iterator[str]:
    """*word* with one letter left out, swapped with the next, replaced or added."""
    for place in range(len(word)):
        left, right = word[:place], word[place + 1 :]
        yield left + right
        if right:
            yield left + right[0] + word[place] + right[1:]
        for letter in _LETTERS:
            yield left + letter + right
            yield left + letter + word[place:]


def _is_one_slip(wanted: str, written: str) -> bool:
    """Whether the beginning *wanted* differs from what was written, as far as it goes, by one slip at most."""
    for place, (want, write) in enumerate(zip(wanted, written, strict=False)):
        if want == write:
            continue
        rest, other = wanted[place:], written[place:]
        return (
            _begins_alike(rest[1:], other[1:])  # another letter
            or _begins_alike(rest[1:], other)  # one left out
            or _begins_alike(rest, other[1:])  # one too many
            or (rest[:2] == other[1::-1] and _begins_alike(rest[2:], other[2:]))  # two swapped
        )
    return len(written) >= len(wanted) - 1


def _begins_alike(rest: str, other: str) -> bool:
    """Whether one goes on as the other for as long as both do, and not much shorter."""
    shorter = min(len(rest), len(other))
    return rest[:shorter] == other[:shorter] and len(other) >= len(rest) - 1
