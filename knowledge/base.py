"""The library made ready to judge questions: fitted once, kept on disk, replaced as a whole when the FAQ changes."""

import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from knowledge import features, index, language
from knowledge.confidence import Fitted
from knowledge.entry import LANGUAGES, Entry, Language
from knowledge.index import Index
from knowledge.language import LEXICON_FILE, Detector
from knowledge.library import Library
from knowledge.safety import assess
from knowledge.smalltalk import Manners
from knowledge.verdict import Verdict, reach

_KEPT = 3
_ENTRIES = TypeAdapter(tuple[Entry, ...])
_UNUSABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class KnowledgeBase:
    """Judges questions by one state of the library. It never changes, so threads may share it.

    After an edit another is built from the new library, and put in its place in one assignment.
    """

    def __init__(self, library: Library, index: Index, detector: Detector, manners: Manners, fitted: Fitted) -> None:
        self.library = library
        self.index = index
        self.fitted = fitted
        self._detector = detector
        self._manners = manners

    @classmethod
    def build(cls, library: Library, cache_folder: Path | None) -> "KnowledgeBase":
        """A knowledge base on *library*: read from *cache_folder* if it was fitted before, else fitted and kept there.

        Reading takes a fraction of a second. Fitting takes seconds and happens in a process of its own where there is
        a cache to hand the result over: answers given meanwhile wait for no lock, and scikit-learn's memory goes with
        it. Where only answers have changed, what was fitted to the ways of asking is taken over, in a second. A cache
        that can't be read or written costs time, never correctness.
        """
        fitted, manners = _shipped()
        kept = cache_folder / _name(library) if cache_folder else None
        found = kept and (_read(kept) or _with_new_answers(library, kept) or _fit_apart(library, kept))
        index, detector = found or _fit(library.entries, manners)
        base = cls(library, index.with_fusion(fitted.fusion), detector, manners, fitted)
        base.judge("moi")  # reads what is read on first use, so that no asker waits for it
        return base

    def judge(self, question: str) -> Verdict:
        """The verdict on *question*. Pure; any string gets one, in a time bounded whatever its length."""
        return reach(
            self.index.find(question),
            self.fitted,
            safety=assess(question),
            smalltalk=self._manners.recognise(question),
            language=self._detector.detect(question),
        )

    def language_of(self, text: str) -> Language | None:
        """The language of any *text*, as `Detector.detect` tells it."""
        return self._detector.detect(text)


@cache
def _shipped() -> tuple[Fitted, Manners]:
    """What came with the code and is the same for every state of the library."""
    return Fitted.read(), Manners.read()


def _with_new_answers(library: Library, kept: Path) -> tuple[Index, Detector] | None:
    """What was fitted to the same ways of asking, with today's answers; None if nothing was."""
    for alike in kept.parent.glob(f"{kept.name.rpartition('-')[0]}-*"):
        found = _read(alike)
        index = found[0].with_answers(library.entries) if found else None
        if found and index:
            _keep(kept, index, found[1])
            return index, found[1]
    return None


def _fit_apart(library: Library, kept: Path) -> tuple[Index, Detector] | None:
    """What another process fitted and kept; None if it could not."""
    subprocess.run(  # noqa: S603 (our own module, our own arguments)
        [sys.executable, "-m", "knowledge.base", str(kept.absolute())],
        input=_ENTRIES.dump_json(library.entries),
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return _read(kept)


def _fit_and_keep(entries: bytes, kept: Path) -> None:
    """The other process: the entries as JSON in, the cache folder out."""
    os.nice(5)  # whoever is answering goes first
    gc.disable()  # a million words are made and kept, none in circles
    _keep(kept, *_fit(_ENTRIES.validate_json(entries), Manners.read()))


def _fit(entries: Sequence[Entry], manners: Manners) -> tuple[Index, Detector]:
    texts: dict[Language, list[str]] = {spoken: manners.phrases(spoken) for spoken in LANGUAGES}
    for entry in entries:
        texts["fi"].append(entry.title)
        for spoken, phrasings in entry.phrasings.items():
            texts[spoken].extend(phrasings)
    return Index.build(entries), Detector.fit(texts)


def _name(library: Library) -> str:
    """Of what is kept: a part that changes with the ways of asking, the code that fits and the lexicon; and one that
    changes with the answers."""
    ways, answers = hashlib.sha256(), hashlib.sha256()
    for file in (features.__file__, index.__file__, language.__file__, str(LEXICON_FILE)):
        ways.update(hashlib.sha256(Path(file).read_bytes()).digest())
    for entry in library.entries:
        asked = [entry.id, entry.title, index.ways_of_asking(entry), sorted(entry.phrasings.items())]
        ways.update(json.dumps(asked).encode())
        answers.update(json.dumps([entry.id, index.said_in_answer(entry)]).encode())
    return f"faq-{ways.hexdigest()[:16]}-{answers.hexdigest()[:16]}"


def _read(kept: Path) -> tuple[Index, Detector] | None:
    try:
        return Index.load(kept / "index.npz"), Detector.load(kept / "language.npz")
    except _UNUSABLE:
        shutil.rmtree(kept, ignore_errors=True)
        return None


def _keep(kept: Path, index: Index, detector: Detector) -> None:
    """Written beside and renamed: whoever finds the folder finds it whole."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=kept.parent, prefix=".faq-"))
        index.save(beside / "index.npz")
        detector.save(beside / "language.npz")
        beside.rename(kept)
        older = sorted(kept.parent.glob("faq-*"), key=lambda folder: folder.stat().st_mtime)[:-_KEPT]
        for folder in older:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # another process was quicker, or the disk is full: the next start fits again


if __name__ == "__main__":
    _fit_and_keep(sys.stdin.buffer.read(), Path(sys.argv[1]))
