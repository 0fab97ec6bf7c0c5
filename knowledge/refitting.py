"""An index brought up to a changed FAQ in a fraction of the time of a fit: what is asked meanwhile is found already.

Phrasings that are new or gone, and the machines of their entries, are nearly as after a new fit. How rare each feature
is, and the machines of entries that are asked for as before, stay those of the last one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from knowledge.entry import Entry
from knowledge.features import Counts, Floats, Ints, Keys, Rows, Vectoriser, joined, read
from knowledge.index import (
    COST,
    STEPS,
    Index,
    as_a_whole,
    languages_of_ways,
    said_in_answer,
    ways_of_asking,
)
from knowledge.machine import machine
from knowledge.others import others
from knowledge.postings import Postings

MOST_CHANGED = 10
"""Where more entries than this are asked for otherwise, a fit of all takes little longer."""

_LEAST_ENTRIES = 3  # of fewer, an index has no machines


@dataclass(frozen=True)
class Learnt:
    """What an index was fitted on: a checksum of each way of asking and of each answer as written, and the features of
    the ways. Those of way *n* are *ids* from `starts[n]` up to `starts[n + 1]`.
    """

    asked: Keys
    answered: Keys
    starts: Counts
    ids: Ints

    @classmethod
    def of(cls, entries: Sequence[Entry], rows: Rows) -> "Learnt":
        """What the index of these entries was fitted on, *rows* being the vectors of their ways of asking."""
        asked = _checksums(way for entry in entries for way in ways_of_asking(entry))
        return cls(asked, _checksums(map(said_in_answer, entries)), rows.starts, rows.ids.astype(np.int32))

    def with_answers(self, entries: Sequence[Entry]) -> "Learnt":
        """The same of entries that are asked for as these are, but answer otherwise."""
        return Learnt(self.asked, _checksums(map(said_in_answer, entries)), self.starts, self.ids)

    def features_of(self, way: int) -> Ints:
        """The features of one way of asking."""
        return self.ids[self.starts[way] : self.starts[way + 1]]

    def save(self, folder: Path) -> None:
        """In two files in *folder*: the features in one of their own, of which little need be read."""
        with (folder / "learnt.npz").open("wb") as out:
            np.savez(out, asked=self.asked, answered=self.answered, starts=self.starts)
        np.save(folder / "learnt-features.npy", self.ids, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Learnt":
        """What was saved in *folder*. Raises OSError, ValueError, KeyError or zipfile.BadZipFile if nothing was."""
        with (folder / "learnt.npz").open("rb") as opened, np.load(opened, allow_pickle=False) as saved:
            asked, answered, starts = (saved[name] for name in ("asked", "answered", "starts"))
        ids = np.load(folder / "learnt-features.npy", mmap_mode="r", allow_pickle=False)
        if starts[-1] != len(ids):
            raise ValueError("the features are of other ways of asking")
        return cls(asked, answered, starts, ids)


def refitted(index: Index, learnt: Learnt, entries: Sequence[Entry]) -> Index | None:
    """*index*, which was fitted on what *learnt* says, brought up to *entries*.

    None when it is quicker, or the only way, to fit all of them anew.
    """
    if min(len(entries), len(index.entry_ids)) < _LEAST_ENTRIES:
        return None
    change = _Change.between(index, learnt, entries)
    changed = change.entries_asked_otherwise()
    return _made(index, learnt, entries, change, changed) if len(changed) <= MOST_CHANGED else None


@dataclass(frozen=True)
class _Change:
    """From one state of the FAQ to another.

    *ways* are all ways of asking now, those of entry *e* from `first_texts[e]` up to `first_texts[e + 1]`; way *n* was
    number `ways_from[n]` before, entry *e* number `entries_from[e]`, and the answer that it is found by number
    `answers_from[e]`, each -1 where it is new; *is_gone* says which ways of before are no more.
    """

    ways: Sequence[str]
    first_texts: Ints
    first_before: Ints
    ways_from: Counts
    entries_from: Counts
    answers_from: Counts
    is_gone: npt.NDArray[np.bool_]

    @classmethod
    def between(cls, index: Index, learnt: Learnt, entries: Sequence[Entry]) -> "_Change":
        places = {entry_id: place for place, entry_id in enumerate(index.entry_ids)}
        entries_from = np.array([places.get(entry.id, -1) for entry in entries], dtype=np.int64)
        ways = [ways_of_asking(entry) for entry in entries]
        ways_from: list[int] = []
        asked = learnt.asked.tolist()
        for before, own in zip(entries_from.tolist(), ways, strict=True):
            standing: dict[int, list[int]] = defaultdict(list)
            if before >= 0:
                for place in reversed(range(index.first_texts[before], index.first_texts[before + 1])):
                    standing[asked[place]].append(place)
            for way in own:
                same = standing[crc32(way.encode())]
                ways_from.append(same.pop() if same else -1)
        is_gone = np.ones(len(asked), dtype=bool)
        is_gone[[place for place in ways_from if place >= 0]] = False
        answered = _checksums(map(said_in_answer, entries))
        is_answered_alike = (entries_from >= 0) & (learnt.answered[entries_from] == answered)
        return cls(
            list(chain.from_iterable(ways)),
            np.array([0, *accumulate(map(len, ways))], dtype=np.int32),
            index.first_texts,
            np.array(ways_from, dtype=np.int64),
            entries_from,
            np.where(is_answered_alike, entries_from, -1),
            is_gone,
        )

    def own(self, entry: int) -> range:
        """The ways of asking for this entry."""
        return range(self.first_texts[entry], self.first_texts[entry + 1])

    def entries_asked_otherwise(self) -> list[int]:
        """New entries, and those with a way of asking more or less."""
        new = np.add.reduceat(self.ways_from < 0, self.first_texts[:-1])
        gone = np.add.reduceat(self.is_gone, self.first_before[:-1])
        is_changed = (self.entries_from < 0) | (new > 0) | (gone[self.entries_from] > 0)
        return [int(entry) for entry in np.flatnonzero(is_changed)]


def _made(index: Index, learnt: Learnt, entries: Sequence[Entry], change: _Change, changed: Sequence[int]) -> Index:
    is_new = change.ways_from < 0
    said = [read(change.ways[place], index.lexicon) for place in np.flatnonzero(is_new).tolist()]
    vectoriser, moved = index.vectoriser.extended(said, len(change.ways))
    new = vectoriser.rows(said)
    answers = [
        read(said_in_answer(entry), index.lexicon)
        for entry, before in zip(entries, change.answers_from, strict=True)
        if before < 0
    ]
    of_answers = np.where(change.answers_from < 0, -1, change.answers_from + len(learnt.asked))
    texts_from = np.concatenate([change.ways_from, of_answers])
    postings = index.postings.moved(texts_from, joined(new, vectoriser.rows(answers)), vectoriser, moved)
    ways = _Ways(learnt, change, vectoriser, moved, postings, new, languages_of_ways(entries))

    in_ways = np.bincount(new.ids, minlength=len(vectoriser)).astype(np.uint32)
    in_ways[moved] += index.in_ways
    for place in np.flatnonzero(change.is_gone).tolist():
        in_ways[moved[learnt.features_of(place)]] -= 1
    exact = np.empty(len(change.ways), dtype=np.uint32)
    exact[~is_new] = index.exact[change.ways_from[~is_new]]
    exact[is_new] = [as_a_whole(words) for words in said]

    has = _taken_over(np.unpackbits(index.has, axis=1), change, moved, len(vectoriser))
    weights = _taken_over(index.weights, change, moved, len(vectoriser))
    is_standing = change.entries_from >= 0
    steps = np.where(is_standing, index.steps[change.entries_from], 1).astype(np.float32)
    bias = np.where(is_standing, index.bias[change.entries_from], 0).astype(np.float32)
    for entry in changed:
        has[:, entry] = 0
        has[ways.rows(change.own(entry)).ids, entry] = 1
        fitted, bias[entry] = ways.machine(entry, weights[:, entry] * steps[entry], float(bias[entry]))
        steps[entry] = max(np.abs(fitted).max(), 1e-9) / STEPS
        weights[:, entry] = np.rint(fitted / steps[entry])
    return Index(
        [entry.id for entry in entries],
        vectoriser,
        postings,
        in_ways,
        change.first_texts,
        exact,
        np.packbits(has, axis=1),
        weights,
        steps,
        bias,
        lexicon=index.lexicon,
    )


def _taken_over(table: npt.NDArray[Any], change: _Change, moved: Ints, features: int) -> npt.NDArray[Any]:
    """A row for each feature and a column for each entry, as they were in *table*; 0 of what is new."""
    columns = np.take(table, change.entries_from, axis=1)
    columns[:, change.entries_from < 0] = 0
    taken = np.zeros((features, columns.shape[1]), dtype=table.dtype)
    taken[moved] = columns
    return taken


class _Ways:
    """The vectors of all ways of asking, of which few are looked at."""

    def __init__(
        self,
        learnt: Learnt,
        change: _Change,
        vectoriser: Vectoriser,
        moved: Ints,
        postings: Postings,
        new: Rows,
        languages: npt.NDArray[np.uint8],
    ) -> None:
        self._learnt = learnt
        self._change = change
        self._vectoriser = vectoriser
        self._moved = moved
        self._postings = postings
        self._new = new
        self._languages = languages
        self._numbers = np.cumsum(change.ways_from < 0) - 1
        before, now = np.diff(learnt.starts), np.append(np.diff(new.starts), 0)
        self._lengths = np.where(change.ways_from < 0, now[self._numbers], before[change.ways_from])

    def rows(self, places: Sequence[int] | Counts) -> Rows:
        """The vectors of these ways; the features of each are in no order."""
        ids = np.concatenate([self._features(place) for place in places])
        lengths = self._lengths[places]
        scales = self._postings.scales[np.repeat(places, lengths), self._vectoriser.views[ids]]
        return Rows(np.concatenate([[0], np.cumsum(lengths)]), ids, self._vectoriser.idf[ids] * scales)

    def _features(self, place: int) -> Ints:
        before = self._change.ways_from[place]
        if before >= 0:
            return self._moved[self._learnt.features_of(before)]
        number = self._numbers[place]
        return self._new.ids[self._new.starts[number] : self._new.starts[number + 1]]

    def machine(self, entry: int, weights: Floats, bias: float) -> tuple[Floats, float]:
        """What tells this entry's ways from the others', chosen as for a fit; begun at *weights* and *bias*."""
        own = np.array(self._change.own(entry))
        chosen = np.sort(np.concatenate([own, self._others(own)]))
        chosen = chosen[self._lengths[chosen] > 0]
        rows = self.rows(chosen)
        is_used = np.zeros(len(self._vectoriser), dtype=bool)
        is_used[rows.ids] = True
        ids = (np.cumsum(is_used, dtype=np.int32) - 1)[rows.ids]
        is_own = (own[0] <= chosen) & (chosen <= own[-1])
        fitted = np.zeros(len(self._vectoriser), dtype=np.float32)
        fitted[is_used], bias = machine(Rows(rows.starts, ids, rows.weights), is_own, weights[is_used], bias, cost=COST)
        return fitted, bias

    def _others(self, own: Counts) -> Counts:
        """The ways likest to these, and some of the rest."""
        rows = self.rows(own)
        total = np.bincount(rows.ids, rows.weights, minlength=len(self._vectoriser)).astype(np.float32)
        ids = np.flatnonzero(total).astype(np.int32)
        weights, views = total[ids] * self._vectoriser.idf[ids], self._vectoriser.views[ids]
        like = self._postings.likeness(ids, weights, views)[: len(self._languages)]
        is_own = np.zeros(len(like), dtype=bool)
        is_own[own] = True
        return others(is_own, like, self._languages, np.random.default_rng(0))


def _checksums(texts: Iterable[str]) -> Keys:
    return np.array([crc32(text.encode()) for text in texts], dtype=np.uint32)
