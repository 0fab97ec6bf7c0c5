"""The library made ready to judge questions: fitted once, kept on disk, replaced as a whole when the FAQ changes."""

import hashlib
import os
import shutil
import tempfile
import zipfile
from multiprocessing import get_context
from pathlib import Path

from knowledge import features, index, language
from knowledge.confidence import Fitted
from knowledge.entry import LANGUAGES, Language
from knowledge.index import Index
from knowledge.language import LEXICON_FILE, Detector
from knowledge.library import Library
from knowledge.safety import assess
from knowledge.smalltalk import Manners
from knowledge.verdict import Verdict, reach

_KEPT = 3
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
        it. A cache that can't be read or written costs time, never correctness.
        """
        fitted, manners = Fitted.read(), Manners.read()
        kept = cache_folder / f"faq-{_key(library)}" if cache_folder else None
        found = kept and (_read(kept) or _fit_apart(library, kept))
        index, detector = found or _fit(library, manners)
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


def _fit_apart(library: Library, kept: Path) -> tuple[Index, Detector] | None:
    """What another process fitted and kept; None if it could not."""
    process = get_context("spawn").Process(target=_fit_and_keep, args=(library, kept), daemon=True)
    process.start()
    process.join()
    return _read(kept)


def _fit_and_keep(library: Library, kept: Path) -> None:
    os.nice(10)  # whoever is answering goes first
    _keep(kept, *_fit(library, Manners.read()))


def _fit(library: Library, manners: Manners) -> tuple[Index, Detector]:
    texts: dict[Language, list[str]] = {spoken: manners.phrases(spoken) for spoken in LANGUAGES}
    for entry in library.entries:
        texts["fi"].append(entry.title)
        for spoken, phrasings in entry.phrasings.items():
            texts[spoken].extend(phrasings)
    return Index.build(library.entries), Detector.fit(texts)


def _key(library: Library) -> str:
    """Changes with the FAQ, and with what is made of it: the code that fits, and the lexicon."""
    digest = hashlib.sha256(library.digest.encode())
    for file in (features.__file__, index.__file__, language.__file__, str(LEXICON_FILE)):
        digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
    return digest.hexdigest()[:16]


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
