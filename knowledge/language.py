"""What a text becomes before anything is looked up: cleaned, cut into words, its language known."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.entry import LANGUAGES, Language

LEXICON_FILE = Path(__file__).parent / "lexicon" / "lexicon.tsv"

LONGEST_READ = 1200
"""So many characters of a message are read: nobody makes the bot slow by writing more."""

_DRAWN_OUT = re.compile(r"(.)\1\1+(?<![\W\d_])")  # any sign thrice, then whether it's a letter: the quicker order
_PLAIN_WORD = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W_]+(?:[:'’][^\W_]+)*")
_WITHIN_WORDS = frozenset(":'’")
_INNER = re.compile("[:'’]")
_ADDRESS_SIGNS = ("://", "www.", "@")
_DOTTED = (("ä", "a"), ("ö", "o"), ("å", "a"), ("é", "e"))

# What the lexicon's kinds mean here. Rewritten: another spelling of the same word. Added: a word that means the
# same, put beside the one written. The rest, and the rows marked as ambiguous, would change what was said.
_REWRITTEN = frozenset({"pronomini", "verbimuoto", "murre", "kysymyssana", "kirjoitusvirhe"})
_ADDED = frozenset({"slangi", "laina-en", "laina-sv", "virkakieli", "lyhenne", "vanha nimi"})


def clean(text: str) -> str:
    """*text* in lower case and compatibility form, without addresses and letters drawn out (*jooooo*).

    At most `LONGEST_READ` characters are read: the beginning and the end of a longer text.
    """
    readable = unicodedata.normalize("NFKC", _ends(text).encode("utf-8", "ignore").decode())
    lowered = _ends(readable).lower()  # cut again: one character can stand for eighteen
    pieces = lowered.split()
    if any(sign in lowered for sign in _ADDRESS_SIGNS):
        pieces = [piece for piece in pieces if not any(sign in piece for sign in _ADDRESS_SIGNS)]
    tidy = " ".join(pieces)
    return _DRAWN_OUT.sub(r"\1\1", tidy) if _DRAWN_OUT.search(tidy) else tidy


def _ends(text: str) -> str:
    half = LONGEST_READ // 2
    return text if len(text) <= LONGEST_READ else f"{text[:half]} {text[-half:]}"


def words(cleaned: str) -> list[str]:
    """The words of an already cleaned text in order, numbers included; *kela:n* is one word."""
    if _WITHIN_WORDS.isdisjoint(cleaned):
        return _PLAIN_WORD.findall(cleaned)
    return [_INNER.sub("", word) for word in _WORD.findall(cleaned)]


def as_bytes(strings: Sequence[str]) -> npt.NDArray[np.uint8]:
    """The strings as one plain array, for an npz file; none may hold a line break."""
    return np.frombuffer("\n".join(strings).encode(), dtype=np.uint8)


def as_strings(array: npt.NDArray[np.uint8]) -> list[str]:
    """The strings that *as_bytes* made the array of."""
    return array.tobytes().decode().split("\n") if len(array) else []


def fold(text: str) -> str:
    """*text* as typed on a keyboard without ä, ö and å."""
    for dotted, plain in _DOTTED:  # several times as quick as str.translate
        text = text.replace(dotted, plain)
    return text


class Lexicon:
    """Colloquial words and what they mean in standard Finnish."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """*rows* are (colloquial, standard, kind)."""
        self._rewritten: dict[tuple[str, ...], list[str]] = {}
        self._added: dict[tuple[str, ...], list[str]] = {}
        for colloquial, standard, kind in rows:
            meant = words(clean(standard))
            if kind in _REWRITTEN:
                self._rewritten[tuple(words(clean(colloquial)))] = meant
            elif kind in _ADDED:
                self._added[tuple(words(clean(colloquial)))] = meant
        self._longest: dict[str, int] = {}
        for phrase in [*self._rewritten, *self._added]:
            self._longest[phrase[0]] = max(len(phrase), self._longest.get(phrase[0], 0))

    @classmethod
    def read(cls, file: Path = LEXICON_FILE) -> "Lexicon":
        """The lexicon in a TSV file with a heading row: colloquial, standard, kind."""
        _, *lines = file.read_text(encoding="utf-8").splitlines()
        return cls((colloquial, standard, kind) for colloquial, standard, kind in (line.split("\t") for line in lines))

    def standardise(self, said: Sequence[str]) -> list[str]:
        """The words, each known colloquial phrase rewritten or followed by what it means; longest first."""
        if self._longest.keys().isdisjoint(said):
            return list(said)
        meant: list[str] = []
        place = 0
        while place < len(said):
            for length in range(min(self._longest.get(said[place], 0), len(said) - place), 0, -1):
                phrase = tuple(said[place : place + length])
                if phrase in self._rewritten:
                    meant += self._rewritten[phrase]
                elif phrase in self._added:
                    meant += [*phrase, *self._added[phrase]]
                else:
                    continue
                place += length
                break
            else:
                meant.append(said[place])
                place += 1
        return meant


_LEAST_KNOWN = 0.5
_LEAST_CHANCE = 0.75
_PRIOR = np.log(np.array([0.8, 0.1, 0.1]))


class Detector:
    """Tells Finnish, Swedish and English apart by words and letter trigrams; learnt from the FAQ's own phrasings."""

    def __init__(self, signs: Sequence[str], chances: npt.NDArray[np.float32]) -> None:
        """*chances* has a row for each sign: the log probability of the sign in each of `LANGUAGES`."""
        self.signs = signs
        self.chances = chances
        self._rows = {sign: number for number, sign in enumerate(signs)}

    @classmethod
    def fit(cls, texts: Mapping[Language, Iterable[str]]) -> "Detector":
        """A detector that has read these texts of each language."""
        counts = []
        for language in LANGUAGES:
            said = Counter(chain.from_iterable(words(clean(text)) for text in texts.get(language, ())))
            counts.append(count := Counter[str]())
            for word, times in said.items():
                for sign in _signs_of(word):
                    count[sign] += times
        signs = sorted(set().union(*counts))
        table = np.array([[count.get(sign, 0) for sign in signs] for count in counts], dtype=np.float32).T
        table = np.ascontiguousarray(table) + np.float32(0.3)  # a sign not seen in a language isn't impossible in it
        return cls(signs, np.log(table / table.sum(axis=0)).astype(np.float32))

    def save(self, file: Path) -> None:
        """What was learnt, as plain arrays in one npz file."""
        with file.open("wb") as out:
            np.savez(out, signs=as_bytes(self.signs), chances=self.chances)

    @classmethod
    def load(cls, file: Path) -> "Detector":
        """The detector saved in *file*. Raises OSError, ValueError, KeyError or zipfile.BadZipFile if none is."""
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as saved:
            return cls(as_strings(saved["signs"]), saved["chances"])

    def detect(self, text: str) -> Language | None:
        """The language of *text*; Finnish when the signs don't agree, None when there are none to go by."""
        signs = list(_signs(text))
        known = [self._rows[sign] for sign in signs if sign in self._rows]
        if not known or len(known) < _LEAST_KNOWN * len(signs):
            return None
        # Signs overlap, so their evidence is not independent: counted in full, one name would decide.
        scores = self.chances[known].sum(axis=0, dtype=np.float64) / 3 + _PRIOR
        chances = np.exp(scores - scores.max())
        best = int(chances.argmax())
        return LANGUAGES[best] if chances[best] >= _LEAST_CHANCE * chances.sum() else "fi"


def _signs(text: str) -> Iterator[str]:
    for word in words(clean(text)):
        yield from _signs_of(word)


def _signs_of(word: str) -> Iterator[str]:
    if not word.isdigit():
        yield f" {word} "
        padded = f"^{word}$"
        yield from (padded[start : start + 3] for start in range(len(padded) - 2))
