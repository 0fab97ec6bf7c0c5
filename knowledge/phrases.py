"""Phrases found in a text as people write it: misspelt, run together, drawn out, without ä and ö.

A word of a phrase may be any of many (an `Element`), other words may stand between, and order may be free. Knows
nothing of what the phrases mean.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate, groupby

from knowledge.words_in_memory import remembered

LONGEST_READ = 12_000
"""Characters of a text that are read: more than any channel lets through."""


# From a text to words

_JOINERS = re.compile(r"(?<=\w)[-*_'’´`:\u00ad](?=\w)")
_SENTENCE_END = re.compile(r"[!?]+|(?<!\.)\.(?=\s)")
_END = "\x1f"
_LONGEST_WORD = 40
_TOKEN = re.compile(rf"[^\W_]+|{_END}")
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")
_DOUBLED = re.compile(r"([^\W\d])\1")
_DIGITS_AS_LETTERS = str.maketrans("013457", "oieast")


def plain(text: str) -> str:
    """*text* in lower case and without accents (*ä*, *å* and *Ä* are *a*), letters drawn out cut to two."""
    decomposed = unicodedata.normalize("NFKD", text[:LONGEST_READ]).casefold()
    letters = "".join(letter for letter in decomposed if unicodedata.category(letter) not in {"Mn", "Cf", "Cs"})
    return _DRAWN_OUT.sub(r"\1\1", letters)


def read(text: str) -> tuple[list[str], list[int]]:
    """The words of *text* in order, and for each the number of its sentence.

    Letters written apart (*k u o l l a*) are the word they spell.
    """
    words: list[str] = []
    sentences: list[int] = []
    sentence = 0
    tokens = _TOKEN.findall(_SENTENCE_END.sub(f" {_END} ", _JOINERS.sub("", plain(text))))
    for is_letter, run in groupby(tokens, key=lambda token: len(token) == 1 and token.isalpha()):
        pieces = list(run)
        for piece in ["".join(pieces)] if is_letter and len(pieces) >= 3 else pieces:
            if piece == _END:
                sentence += 1
            else:
                words.append(piece[:_LONGEST_WORD])
                sentences.append(sentence)
    return words, sentences


# Phrases

Element = frozenset[str]
"""Words that may stand for each other; one ending in * is any word that begins so, # is any number."""

_FILLERS_BETWEEN = 6


@dataclass(frozen=True)
class Joint:
    """How an element hangs on the one before: at most *reach* words between them, perhaps the other way round."""

    reach: int
    either_order: bool


_NEXT = Joint(0, either_order=False)
_JOINTS = {"..": Joint(4, either_order=False), "+": Joint(5, either_order=True), "++": Joint(30, either_order=True)}


@dataclass(frozen=True)
class Phrase:
    """Elements, and the joint that leads to each of them but the first."""

    elements: tuple[Element, ...]
    joints: tuple[Joint, ...]

    @classmethod
    def parse(cls, written: str, groups: Mapping[str, Element]) -> "Phrase":
        """The phrase *written* as elements with spaces between them.

        An element is a word (``kuolla``), a beginning (``itsemurh*``), a number (``#``), a group of words
        (``<self>``), or several of these (``otin|<pills>``). Elements stand next to each other, save for words that
        mean little (the group *filler*). Between two elements ``..`` lets up to four words stand there, ``+`` up to
        five in either order, and ``++`` thirty in either order. A phrase stays within one sentence.
        A group that isn't there is a KeyError.
        """
        elements: list[Element] = []
        joints: list[Joint] = []
        joint = _NEXT
        for piece in written.split():
            if piece in _JOINTS:
                joint = _JOINTS[piece]
            else:
                if elements:
                    joints.append(joint)
                elements.append(parse_element(piece, groups))
                joint = _NEXT
        return cls(tuple(elements), tuple(joints))

    def finds(self, places: Mapping[Element, Sequence[int]], line: "Line") -> Iterator[tuple[int, ...]]:
        """For each place where the phrase can begin, the places of its words."""
        for start in places[self.elements[0]]:
            rest = self._rest((start,), places, line)
            if rest:
                yield rest

    def _rest(
        self, taken: tuple[int, ...], places: Mapping[Element, Sequence[int]], line: "Line"
    ) -> tuple[int, ...] | None:
        if len(taken) == len(self.elements):
            return taken
        joint = self.joints[len(taken) - 1]
        for place in line.within(joint, taken[-1], places[self.elements[len(taken)]]):
            if place not in taken:
                rest = self._rest((*taken, place), places, line)
                if rest:
                    return rest
        return None


def parse_element(piece: str, groups: Mapping[str, Element]) -> Element:
    """The words that *piece*, such as ``otin|<pills>``, stands for."""
    forms: set[str] = set()
    for form in piece.split("|"):
        forms |= groups[form[1:-1]] if form.startswith("<") else {plain(form)}  # a stem keeps its *
    return frozenset(forms)


class Line:
    """The places of a message's words: which sentence each is in, and how many words of weight stand before it."""

    def __init__(self, sentences: Sequence[int], weighs: Sequence[bool]) -> None:
        self._sentences = sentences
        self._weight_before = [0, *accumulate(weighs)]

    def within(self, joint: Joint, place: int, others: Sequence[int]) -> Iterator[int]:
        """Those of *others*, in ascending order, that *joint* lets follow on *place*."""
        span = joint.reach + _FILLERS_BETWEEN
        first = bisect_left(others, place - span if joint.either_order else place + 1)
        last = bisect_right(others, place + span)
        for other in others[first:last]:
            left, right = sorted((place, other))
            between = self._weight_before[right] - self._weight_before[left + 1] if right > left else 0
            if between <= joint.reach and self._sentences[left] == self._sentences[right]:
                yield other


# Which elements a word stands for

_SHORTEST_UNDOUBLED = 5
_SHORTEST_MISSPELT = 6
_SHORTEST_CUT = 8
_WORDS_REMEMBERED = 4096


class Vocabulary:
    """Looks up which elements a word stands for, forgiving one slip of the finger and doubled letters."""

    def __init__(self, elements: Iterable[Element], often_misspelt: Element, lookalikes: Element) -> None:
        """*often_misspelt* are the forms that may be, *lookalikes* the words that are never taken for one of them."""
        self._words, self._stems = _tables(elements)
        self._lookalike_words, self._lookalike_stems = _tables([lookalikes])
        self._misspelt_words = {form: self._words[form] for form in often_misspelt & self._words.keys()}
        stems = {form[:-1] for form in often_misspelt if form.endswith("*")}
        self._misspelt_stems = {stem: self._stems[stem] for stem in stems & self._stems.keys()}
        self._undoubled_words = _undoubled(self._misspelt_words)
        self._undoubled_stems = _undoubled(self._misspelt_stems)
        self._near_words = _by_deletion(self._misspelt_words)
        self._near_stems = _by_deletion(self._misspelt_stems)
        self._longest_stem = max(map(len, stems), default=0)
        # A text's words are looked up again with its sentences and clauses, and most words are in many texts.
        self.meant = remembered(most=_WORDS_REMEMBERED)(self._meant)

    def _meant(self, word: str) -> frozenset[Element]:
        """The elements *word* stands for as it is written, and those it was probably meant for."""
        found = self.written(word)
        if len(word) < _SHORTEST_UNDOUBLED or self._is_spelt_right(word):
            return frozenset(found)
        word = word.translate(_DIGITS_AS_LETTERS)
        undoubled = _known(_DOUBLED.sub(r"\1", word), self._undoubled_words, self._undoubled_stems)
        return frozenset(found | (undoubled or self._one_slip_from(word)))

    def _is_spelt_right(self, word: str) -> bool:
        return (
            word.isdigit()
            or bool(_known(word, self._misspelt_words, self._misspelt_stems))
            or bool(_known(word, self._lookalike_words, self._lookalike_stems))
        )

    def written(self, word: str) -> set[Element]:
        """The elements *word* stands for exactly as written."""
        found = _known(word, self._words, self._stems)
        return found | _known("#", self._words, self._stems) if word.isdigit() else found

    def together(self, word: str, following: str) -> set[Element]:
        """The elements of the word that was written in two as *word* and *following*, if it is one often misspelt."""
        if not following or len(word + following) < _SHORTEST_CUT:
            return set()
        return _known(word + following, self._misspelt_words, self._misspelt_stems)

    def apart(self, word: str) -> tuple[set[Element], set[Element]] | None:
        """The elements of the two words run together as *word*, if it is two."""
        if len(word) >= _SHORTEST_CUT and not self._is_spelt_right(word):
            for cut in range(2, len(word) - 1):
                if word[:cut] in self._words and word[cut:] in self._words:
                    return self._words[word[:cut]], self._words[word[cut:]]
        return None

    def _one_slip_from(self, word: str) -> set[Element]:
        found: set[Element] = set()
        for form in _near(word, self._near_words):
            found |= self._words[form]
        for length in range(_SHORTEST_MISSPELT - 1, min(len(word), self._longest_stem + 1) + 1):
            for stem in _near(word[:length], self._near_stems):
                found |= self._stems[stem]
        return found


_Table = Mapping[str, set[Element]]


def _tables(elements: Iterable[Element]) -> tuple[_Table, _Table]:
    """The elements under each of their words, and under each of their beginnings."""
    words: dict[str, set[Element]] = defaultdict(set)
    stems: dict[str, set[Element]] = defaultdict(set)
    for element in elements:
        for form in element:
            if form.endswith("*"):
                stems[form[:-1]].add(element)
            else:
                words[form].add(element)
    return words, stems


def _known(word: str, words: _Table, stems: _Table) -> set[Element]:
    found = set(words.get(word, ()))
    for length in range(2, len(word) + 1):
        found.update(stems.get(word[:length], ()))
    return found


def _undoubled(forms: _Table) -> _Table:
    undoubled: dict[str, set[Element]] = defaultdict(set)
    for form, elements in forms.items():
        undoubled[_DOUBLED.sub(r"\1", form)] |= elements
    return undoubled


def _deletions(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(1, len(word)))}


def _by_deletion(forms: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for form in forms:
        if len(form) >= _SHORTEST_MISSPELT:
            for shorter in _deletions(form):
                found[shorter].append(form)
    return found


def _near(word: str, by_deletion: Mapping[str, list[str]]) -> set[str]:
    """The forms one slip from *word*. Two words a slip apart have in common what is left when each loses a letter."""
    candidates = {form for shorter in _deletions(word) for form in by_deletion.get(shorter, ())}
    return {form for form in candidates if _is_one_slip(word, form)}


def _is_one_slip(word: str, form: str) -> bool:
    """Whether one letter added, dropped or changed, or two neighbours swapped, make *word* into *form*."""
    start = 0
    while start < min(len(word), len(form)) and word[start] == form[start]:
        start += 1
    rest, wanted = word[start:], form[start:]
    return (
        rest[1:] == wanted
        or rest == wanted[1:]
        or rest[1:] == wanted[1:]
        or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
    )


# Many phrases in one text


@dataclass(frozen=True)
class Spotted:
    """What a `Spotter` sees in a text: *phrases*, each once and in no particular order; the words *telling* something,
    those of no idiom; and for each word of the text the names of the *groups* it belongs to."""

    phrases: list[Phrase]
    telling: list[str]
    groups: list[set[str]]


class Spotter:
    """Finds which of many phrases a text has, but for words that belong to an idiom."""

    def __init__(
        self,
        phrases: Iterable[Phrase],
        idioms: Iterable[Phrase],
        *,
        fillers: Element,
        often_misspelt: Element,
        lookalikes: Element,
        named: Mapping[str, Element],
    ) -> None:
        """*named* are the groups whose names a text's words are told by; `Vocabulary` tells what the others are."""
        phrases, idioms = list(phrases), list(idioms)
        elements = {element for phrase in (*phrases, *idioms) for element in phrase.elements} | {*named.values()}
        self._fillers = fillers
        self._names = {element: name for name, element in named.items()}
        self._vocabulary = Vocabulary([*elements, fillers], often_misspelt, lookalikes)
        self._phrases = _by_rarest_element(phrases)
        self._idioms = _by_rarest_element(idioms)

    def spot(self, words: Sequence[str], sentences: Sequence[int]) -> Spotted:
        """What is seen in the text that `read` took apart into *words* and *sentences*."""
        places, origins, line = self._look_up(words, sentences)
        called_off = {
            place for idiom in _possible(self._idioms, places) for find in idiom.finds(places, line) for place in find
        }
        left = {element: [place for place in taken if place not in called_off] for element, taken in places.items()}
        found = [phrase for phrase in _possible(self._phrases, left) if any(phrase.finds(left, line))]
        idiomatic = {origins[place] for place in called_off}
        telling = [word for number, word in enumerate(words) if number not in idiomatic]
        groups: list[set[str]] = [set() for _ in words]
        for element in places.keys() & self._names.keys():
            for place in places[element]:
                groups[origins[place]].add(self._names[element])
        return Spotted(found, telling, groups)

    def _look_up(
        self, words: Sequence[str], sentences: Sequence[int]
    ) -> tuple[dict[Element, list[int]], list[int], Line]:
        """Where each element stands; for each place the number of its word (two run together are two places)."""
        places: dict[Element, list[int]] = defaultdict(list)
        origins: list[int] = []
        weighs: list[bool] = []
        for number, word in enumerate(words):
            for meant in self._one_or_two(word, words[number + 1] if number + 1 < len(words) else ""):
                for element in meant:
                    places[element].append(len(origins))
                origins.append(number)
                weighs.append(self._fillers not in meant)
        return places, origins, Line([sentences[number] for number in origins], weighs)

    def _one_or_two(self, word: str, following: str) -> Sequence[AbstractSet[Element]]:
        meant = self._vocabulary.meant(word) | self._vocabulary.together(word, following)
        return [meant] if meant else self._vocabulary.apart(word) or [meant]


def _by_rarest_element(phrases: Sequence[Phrase]) -> dict[Element, list[Phrase]]:
    """The phrases under the element that fewest of them have: most texts then call for few phrases."""
    uses = Counter(element for phrase in phrases for element in set(phrase.elements))
    found: dict[Element, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        found[min(phrase.elements, key=lambda element: uses[element])].append(phrase)
    return found


def _possible(phrases: Mapping[Element, list[Phrase]], places: Mapping[Element, Sequence[int]]) -> Iterator[Phrase]:
    for element in places:
        for phrase in phrases.get(element, ()):
            if all(places.get(part) for part in phrase.elements):
                yield phrase
