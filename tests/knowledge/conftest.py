"""A small FAQ in a folder of its own, and the whole one fitted once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.entry import Source
from knowledge.library import Library, compose_entry

CHECKED = date(2026, 11, 21)
KELA = Source(title="Kela: Tuet", url="https://www.kela.fi/tuet", checked=CHECKED, basis="stored copy")

WriteEntry = Callable[..., Path]


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    """An empty FAQ folder."""
    folder = tmp_path / "faq"
    folder.mkdir()
    return folder


@pytest.fixture
def write_entry(faq: Path) -> WriteEntry:
    """Writes `<id>.md` and its phrasings into the FAQ folder; gives the path of the entry."""

    def write(entry_id: str, phrasings: tuple[str, ...] = (), *, category: str = "raha", **fields: object) -> Path:
        folder = faq / category
        folder.mkdir(exist_ok=True)
        given: dict[str, object] = {
            "title": f"Otsikko {entry_id}",
            "answer": "**Lyhyt vastaus.** Sitten loput.",
            "advisor": "tyovoimaneuvoja",
            "review_by": date(2027, 5, 21),
            "sources": [KELA],
        }
        text = compose_entry(entry_id=entry_id, category=category, **(given | fields))  # type: ignore[arg-type]
        (folder / f"{entry_id}.md").write_text(text, encoding="utf-8")
        if phrasings:
            (folder / f"{entry_id}.phrasings.txt").write_text("\n".join(phrasings) + "\n", encoding="utf-8")
        return folder / f"{entry_id}.md"

    return write


@pytest.fixture(scope="session")
def whole_library() -> Library:
    """The FAQ as it is shipped."""
    return library.load()


@pytest.fixture(scope="session")
def whole_base(whole_library: Library, fitted_faq: Path) -> KnowledgeBase:
    """The shipped FAQ, fitted."""
    return KnowledgeBase.build(whole_library, fitted_faq)
