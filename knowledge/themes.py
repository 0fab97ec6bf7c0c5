"""What a word is about, roughly: death, a height, a child, the night; so that words never seen together are still heard
as what they have in common. The words of each theme, in three languages, are in knowledge/lexicon/crisis-themes.tsv.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

from knowledge.phrases import plain
from knowledge.words_in_memory import remembered

LEXICON_FILE = Path(__file__).parent / "lexicon" / "crisis-themes.tsv"

_WORDS_REMEMBERED = 8192
_SHORTEST_BEGINNING = 3
_APART = 6
"""Themes so many words from each other at most belong together."""


def near_each_other(words: Sequence[str]) -> set[str]:
    """The themes that *words* have, as ``%height``, and pairs of themes of words near each other, as ``%height%night``.

    *words* are plain, as `phrases.read` gives them. The order of two themes doesn't matter.
    """
    themes = [themes_of(word) for word in words]
    found = {f"%{theme}" for theme in chain.from_iterable(themes)}
    for place, own in enumerate(themes):
        if own:
            others = set(chain.from_iterable(themes[place + 1 : place + 1 + _APART]))
            found |= {
                f"%{theme}%{other}" if theme <= other else f"%{other}%{theme}" for theme in own for other in others
            }
    return found


@remembered(most=_WORDS_REMEMBERED)
def themes_of(word: str) -> frozenset[str]:
    """The names of the themes of one plain word: a word of a theme, or one that begins as its words with * do."""
    whole, beginnings = _themes()
    found = set(whole.get(word, ()))
    for length in range(_SHORTEST_BEGINNING, len(word) + 1):
        found.update(beginnings.get(word[:length], ()))
    return frozenset(found)


@cache
def _themes() -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """The themes under each of their words, and under each of the beginnings that are written with *."""
    whole: dict[str, set[str]] = defaultdict(set)
    beginnings: dict[str, set[str]] = defaultdict(set)
    _, *lines = LEXICON_FILE.read_text(encoding="utf-8").splitlines()
    for name, words in (line.split("\t") for line in lines):
        for word in words.split():
            (beginnings if word.endswith("*") else whole)[plain(word.removesuffix("*"))].add(name)
    return dict(whole), dict(beginnings)
