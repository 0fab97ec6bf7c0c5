"""`python -m tests.bench --large`: how quick, how true and how large the search is on FAQs far larger than ours.

They are made of the FAQ's own phrasings, the same each time: the first words of one and the last of another of the same
entry, with slips of the finger; where there are more entries, each of ours is said in several made-up vocabularies. The
questions are the development questions. *Exact* is the same index with every phrasing compared with all of a question.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np

from knowledge import index, library, postings
from knowledge.base import KnowledgeBase
from knowledge.entry import Entry
from knowledge.library import Library
from knowledge.questions import development
from tests.bench.running import ROOT, percentile

SIZES = ((125, 60, 1), (1250, 60, 1), (125, 800, 1), (125, 800, 10))
"""Entries, phrasings of each that are made and fitted, and how often each stands there with other features missing."""

MISSING = 0.1
AT_ONCE = 1_000_000  # postings

BARS = {7_500: 5, 75_000: 5, 100_000: 10, 1_000_000: 20}  # milliseconds at p99
SLIPS = 0.3
VOWELS = "aeiouyäö"
TRIES = 3


async def main() -> None:
    """Print a line for each size; each in a process of its own, so that its memory is its own."""
    print("\n| entries × phrasings | index | verdict, median (p99) of CPU | same first as exact | bar |")
    print("|---|---|---|---|---|")
    for entries, phrasings, times in SIZES:
        told = [sys.executable, "-m", "tests.bench.large", str(entries), str(phrasings), str(times)]
        found = json.loads(subprocess.run(told, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)  # noqa: ASYNC221 (nothing else runs)
        bar = BARS.get(entries * phrasings * times)
        print(
            f"| {entries:,} × {phrasings * times:,} | {found['megabytes']:.0f} MB | "
            f"{found['median']:.1f} ms ({found['p99']:.1f}) | {found['same']:.1%} of {found['asked']} | "
            f"{f'p99 ≤ {bar} ms' if bar else ''} |",
            flush=True,
        )


def measure(entries: int, phrasings: int, times: int) -> None:
    """Print as JSON what one size gives."""
    base = KnowledgeBase.build(library.load(), ROOT / "data" / "cache")
    made = [*larger(base.library, entries, phrasings)]
    began = time.process_time()
    built = index.Index.build(made).with_fusion(base.fitted.fusion)
    print(f"{entries} x {phrasings}: fitted in {time.process_time() - began:.0f} s of CPU", file=sys.stderr, flush=True)
    if times > 1:
        grow(built, times)
    arrays = [*vars(built).values(), *vars(built.postings).values(), *vars(built.vectoriser).values()]
    size = sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)) / 2**20
    large = KnowledgeBase(base.library, built, base._detector, base._manners, base.fitted)
    asked = [question.text for question in development(["in-scope", "out-of-scope"])][::2]
    took = [min(timed(large, text) for _ in range(TRIES)) for text in asked]
    same = sum(first(built, text) == exactly_first(built, text) for text in asked)
    found = {
        "megabytes": size,
        "median": percentile(took, 50),
        "p99": percentile(took, 99),
        "same": same / len(asked),
        "asked": len(asked),
    }
    print(json.dumps(found))


def grow(built: index.Index, times: int) -> None:
    """Let each way of asking stand in the index so many times, some of its features missing each time.

    To make and to fit a million would take some ten minutes and 8 GB; the search goes through as much.
    """
    before, ways = built.postings, int(built.first_texts[-1])
    dice, texts, kept = np.random.default_rng(0), [], []
    for start in range(0, len(before.texts), AT_ONCE):
        some = before.texts[start : start + AT_ONCE].astype(np.int64)
        copies = np.where(some < ways, times, 1)
        first = np.where(some < ways, some * times, some + ways * (times - 1))
        own = np.repeat(np.arange(len(some)), copies)
        all_of_it = first[own] + np.arange(len(own)) - np.repeat(np.cumsum(copies) - copies, copies)
        is_there = dice.random(len(own)) >= MISSING
        texts.append(all_of_it[is_there].astype(np.uint32))
        kept.append(np.bincount(own[is_there], minlength=len(some)))
    places = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.concatenate(kept))])
    scales = np.concatenate([np.repeat(before.scales[:ways], times, axis=0), before.scales[ways:]])
    built.postings = postings.Postings(places[before.starts], np.concatenate(texts), scales)
    built.first_texts = built.first_texts * times
    built.exact = np.repeat(built.exact, times)


def timed(base: KnowledgeBase, text: str) -> float:
    """The milliseconds of CPU of one verdict."""
    began = time.process_time()
    base.judge(text)
    return (time.process_time() - began) * 1000


def first(built: index.Index, text: str) -> str | None:
    """The first entry found."""
    return next((hit.entry_id for hit in built.find(text).hits), None)


def exactly_first(built: index.Index, text: str) -> str | None:
    """The same, every phrasing compared with all of the question."""
    with patch.object(index, "LARGE", 10**9), patch.object(postings, "MOST_COUNTED", 10**9):
        return first(built, text)


def larger(books: Library, entries: int, phrasings: int) -> Iterator[Entry]:
    """So many entries with so many phrasings each, made of these."""
    for number in range(entries):
        entry = books.entries[number % len(books.entries)]
        turn = number // len(books.entries)
        dice = random.Random(number)
        ways = [way for texts in entry.phrasings.values() for way in texts]
        said = dict.fromkeys(otherwise(way, turn) for way in dice.sample(ways, min(phrasings, len(ways))))
        while len(said) < phrasings:
            said[otherwise(mixed(dice, ways), turn)] = None
        yield entry.model_copy(
            update={
                "id": f"{entry.id}-{turn}" if turn else entry.id,
                "title": otherwise(entry.title, turn),
                "answer": otherwise(entry.answer, turn),
                "phrasings": {"fi": tuple(said)},
                "translations": {},
            }
        )


def mixed(dice: random.Random, ways: list[str]) -> str:
    """How one phrasing begins and another ends, now and then mistyped."""
    one, other = (way.split() for way in dice.sample(ways, 2))
    words = one[: dice.randint(1, len(one))] + other[dice.randint(0, len(other) - 1) :]
    if dice.random() < SLIPS:
        place = dice.randrange(len(words))
        words[place] = slip(dice, words[place])
    return " ".join(words)


def slip(dice: random.Random, word: str) -> str:
    """A letter doubled, left out, or changed places with the next."""
    at = dice.randrange(len(word))
    ends = (word[at] * 2 + word[at + 1 :], word[at + 1 :], word[at + 1 : at + 2] + word[at] + word[at + 2 :])
    return word[:at] + dice.choice(ends)


def otherwise(text: str, turn: int) -> str:
    """The same in a made-up vocabulary: in words of six letters and more, other vowels; itself on turn 0."""
    others = str.maketrans(VOWELS, VOWELS[turn % len(VOWELS) :] + VOWELS[: turn % len(VOWELS)])
    made = (word.translate(others) + "b" * (turn // len(VOWELS)) if len(word) > 5 else word for word in text.split(" "))
    return " ".join(made)


if __name__ == "__main__":
    measure(*map(int, sys.argv[1:]))
