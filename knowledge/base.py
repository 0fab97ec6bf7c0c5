"""The library made ready to judge questions: fitted once, kept on disk, replaced as a whole when the FAQ changes."""

import contextlib
import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from knowledge import features, index, language, others, postings, rarity, refitting
from knowledge.confidence import Fitted
from knowledge.entry import LANGUAGES, Entry, Language
from knowledge.index import Index
from knowledge.language import LEXICON_FILE, Detector
from knowledge.library import Library
from knowledge.refitting import Learnt, refitted
from knowledge.safety import assess
from knowledge.smalltalk import Manners
from knowledge.verdict import Verdict, reach

LEAST_REFITTED = index.FEW
"""Of so many ways of asking and fewer, a fit takes no longer than to bring an index up to them."""

_KEPT = 3
_BESIDE = ".faq-"
_LOOK_AGAIN_SECONDS = 0.5
_LONG_AGO_SECONDS = 3600
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
        fitted_apart = cls.fitted_apart(library, cache_folder) if cache_folder else None
        return fitted_apart or cls._of(library, *_fit(library.entries, _shipped()[1])[:2])

    @classmethod
    def fitted_apart(
        cls, library: Library, cache_folder: Path, *, is_wanted: Callable[[], bool] = lambda: True
    ) -> "KnowledgeBase | None":
        """As `build`, but None where that would fit in this process, or once it isn't wanted any more."""
        kept = cache_folder / _name(library)
        found = _read(kept) or _with_new_answers(library, kept) or _fit_apart(library, kept, is_wanted)
        return cls._of(library, *found) if found else None

    @classmethod
    def kept(cls, library: Library, cache_folder: Path) -> "KnowledgeBase | None":
        """What *cache_folder* holds of just this library."""
        found = _read(cache_folder / _name(library))
        return cls._of(library, *found) if found else None

    @classmethod
    def refitted(cls, library: Library, cache_folder: Path) -> "KnowledgeBase | None":
        """What was fitted last, brought up to *library* in a second, until it is fitted: see `knowledge.refitting`.

        None where nothing was fitted, or a fit takes about as long: of a small library, or where much has changed.
        """
        ways = sum(len(index.ways_of_asking(entry)) for entry in library.entries)
        found = _refit_apart(library, cache_folder) if ways > LEAST_REFITTED else None
        return cls._of(library, *found) if found else None

    @classmethod
    def _of(cls, library: Library, index: Index, detector: Detector) -> "KnowledgeBase":
        fitted, manners = _shipped()
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
            with contextlib.suppress(*_UNUSABLE):
                _keep(kept, index, found[1], Learnt.load(alike).with_answers(library.entries))
            return index, found[1]
    return None


def _fit_apart(library: Library, kept: Path, is_wanted: Callable[[], bool]) -> tuple[Index, Detector] | None:
    """What another process fitted and kept; None if it could not, or was ended as nobody wants it any more."""
    with contextlib.suppress(OSError):  # no room for the entries, or none for another process
        _apart("fit", kept, library, is_wanted)
    return _read(kept)


def _refit_apart(library: Library, cache_folder: Path) -> tuple[Index, Detector] | None:
    """What another process brought up to *library*; None if it could not."""
    if not _fitted_last(cache_folder):
        return None
    try:
        with tempfile.TemporaryDirectory(dir=cache_folder, prefix=_BESIDE) as made:
            _apart("refit", Path(made), library)
            return _read(Path(made))
    except OSError:
        return None  # a full disk, or one that can't be written


def _apart(act: str, folder: Path, library: Library, is_wanted: Callable[[], bool] = lambda: True) -> None:
    """Let another process do this, and wait for it: answers given meanwhile wait for no lock."""
    with tempfile.TemporaryFile() as entries:
        entries.write(_ENTRIES.dump_json(library.entries))
        entries.seek(0)
        process = subprocess.Popen(  # noqa: S603 (our own module, our own arguments)
            [sys.executable, "-m", "knowledge.base", act, str(folder.absolute())],
            stdin=entries,
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
        )
        while True:
            try:
                process.wait(_LOOK_AGAIN_SECONDS)
                return
            except subprocess.TimeoutExpired:
                if not is_wanted():
                    process.kill()


def _refit(entries: bytes, made: Path) -> None:
    """The other process: the entries as JSON in, what was fitted last, brought up to them, out."""
    for last in _fitted_last(made.parent):
        try:
            learnt = Learnt.load(last)
        except _UNUSABLE:
            continue
        found = _read(last)
        index = found and refitted(found[0], learnt, _ENTRIES.validate_json(entries))
        if found and index:
            index.save(made / "index.npz")
            found[1].save(made / "language.npz")
        return


def _fit_and_keep(entries: bytes, kept: Path) -> None:
    """The other process: the entries as JSON in, the cache folder out."""
    os.nice(5)  # whoever is answering goes first
    gc.disable()  # a million words are made and kept, none in circles
    _keep(kept, *_fit(_ENTRIES.validate_json(entries), Manners.read()))


def _fit(entries: Sequence[Entry], manners: Manners) -> tuple[Index, Detector, Learnt]:
    texts: dict[Language, list[str]] = {spoken: manners.phrases(spoken) for spoken in LANGUAGES}
    for entry in entries:
        texts["fi"].append(entry.title)
        for spoken, phrasings in entry.phrasings.items():
            texts[spoken].extend(phrasings)
    built, rows = Index.build_with_rows(entries)
    return built, Detector.fit(texts), Learnt.of(entries, rows)


def _name(library: Library) -> str:
    """Of what is kept: a part that changes with the code that fits and the lexicon; one that changes with the ways of
    asking; and one with the answers."""
    ways, answers = hashlib.sha256(), hashlib.sha256()
    for entry in library.entries:
        asked = [entry.id, entry.title, index.ways_of_asking(entry), sorted(entry.phrasings.items())]
        ways.update(json.dumps(asked).encode())
        answers.update(json.dumps([entry.id, index.said_in_answer(entry)]).encode())
    return f"faq-{_code()}-{ways.hexdigest()[:16]}-{answers.hexdigest()[:16]}"


def _code() -> str:
    modules = (features, index, language, others, postings, rarity, refitting)
    files = (*(str(module.__file__) for module in modules), str(LEXICON_FILE))
    code = b"".join(hashlib.sha256(Path(file).read_bytes()).digest() for file in files)
    return hashlib.sha256(code).hexdigest()[:8]


def _fitted_last(cache_folder: Path) -> list[Path]:
    """What this code fitted, the latest first."""
    return _by_age(cache_folder.glob(f"faq-{_code()}-*"))[::-1]


def _by_age(folders: Iterable[Path]) -> list[Path]:
    ages = []
    for folder in folders:
        with contextlib.suppress(OSError):  # another process tidies up, too
            ages.append((folder.stat().st_mtime, folder))
    return [folder for _, folder in sorted(ages)]


def _read(kept: Path) -> tuple[Index, Detector] | None:
    try:
        return Index.load(kept / "index.npz"), Detector.load(kept / "language.npz")
    except _UNUSABLE:
        shutil.rmtree(kept, ignore_errors=True)
        return None


def _keep(kept: Path, index: Index, detector: Detector, learnt: Learnt) -> None:
    """Written beside and renamed: whoever finds the folder finds it whole."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=kept.parent, prefix=_BESIDE))
        index.save(beside / "index.npz")
        detector.save(beside / "language.npz")
        learnt.save(beside)
        beside.rename(kept)
        for folder in _by_age(kept.parent.glob("faq-*"))[:-_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
        for left in kept.parent.glob(f"{_BESIDE}*"):  # by whoever was killed while at it
            if kept.stat().st_mtime - left.stat().st_mtime > _LONG_AGO_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    except OSError:
        return  # another process was quicker, or the disk is full: the next start fits again


if __name__ == "__main__":
    {"fit": _fit_and_keep, "refit": _refit}[sys.argv[1]](sys.stdin.buffer.read(), Path(sys.argv[2]))
