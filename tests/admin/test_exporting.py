"""What was edited in the console comes home as files: all of it, nothing else, and the same bytes each time."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli import main
from admin.exporting import export
from bot.store.revisions import Version, text_hash
from knowledge import amending, library
from knowledge.library import InvalidLibrary
from tests.support.knowledge import FOLDER as SMALL_FAQ

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout of the FAQ."""
    return shutil.copytree(SMALL_FAQ, tmp_path / "faq")


def version(entry_id: str, part: library.Part, text: str, *, state: str = "published", **more: str | None) -> Version:
    """An edit made over the file as it is shipped."""
    file = library.file_text(SMALL_FAQ, entry_id, "fi", part)
    base_hash = text_hash(file) if file is not None else None
    return Version(**{"id": 1, "entry_id": entry_id, "language": "fi", "part": part, "state": state, "text": text,
                      "base_hash": base_hash, "by": "Kaisa", "at": NOW, **more})  # type: ignore[arg-type]  # fmt: skip


def shipped(entry_id: str, **changes: object) -> str:
    """The file of an entry with some fields changed, as the console writes it."""
    text = library.file_text(SMALL_FAQ, entry_id, "fi", "answer")
    front, body = amending.read(text or "")
    return amending.amend(text, {**front, **changes}, body)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its place."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*"))}


def test_edits_become_files_and_a_second_time_changes_nothing(folder: Path) -> None:
    """Whoever reviews in git sees what the console's people wrote, and nothing that moved by itself."""
    before = contents(folder)
    edits = [
        version("cv", "answer", shipped("cv", title="Miten: CV?")),
        version("cv", "answer", "---\ntranslates: '0'\ntitle: CV\n---\n**CV.**\n", language="en", base_hash=None),
        version("armeija", "phrasings", "uusi tapa\r\ntoinen tapa\r\n"),
        version("asumistuki", "answer", shipped("asumistuki", category="elama")),
        version("uusi", "answer", shipped("cv", id="uusi"), base_hash=None),
        version("tyohakemus", "answer", "", state="withdrawn"),
        version("toimeentulotuki", "answer", shipped("toimeentulotuki", title="ei"), state="file"),
    ]
    said: list[str] = []
    assert export(folder, edits, said.append, base=SMALL_FAQ) == len(said)
    after = contents(folder)

    expected = {name: text for name, text in before.items() if "tyohakemus" not in name}
    expected = {name.replace("raha/asumistuki", "elama/asumistuki"): text for name, text in expected.items()}
    expected["hakeminen/cv.md"] = before["hakeminen/cv.md"].replace(b"title: Miten teen CV:n?", b'title: "Miten: CV?"')
    expected["hakeminen/cv.en.md"] = edits[1].text.encode()
    expected["elama/armeija.phrasings.txt"] = b"uusi tapa\ntoinen tapa\n"
    expected["elama/asumistuki.md"] = before["raha/asumistuki.md"].replace(b"category: raha", b"category: elama")
    expected["hakeminen/uusi.md"] = before["hakeminen/cv.md"].replace(b"id: cv", b"id: uusi")
    assert after == expected
    assert "elama/asumistuki.md: moved from raha/" in said
    assert "hakeminen/uusi.md: new" in said
    assert "hakeminen/tyohakemus.md: removed, the entry is out of use" in said

    again: list[str] = []
    assert export(folder, edits, again.append, base=SMALL_FAQ) == 0
    assert contents(folder) == after
    assert len(library.load(folder).entries) == len(library.load(SMALL_FAQ).entries)


def test_a_file_that_has_moved_on_is_told_and_an_unreadable_edit_writes_nothing(folder: Path) -> None:
    """Another's correction must not be reverted by who exports without looking."""
    file = folder / "hakeminen" / "cv.md"
    file.write_text(shipped("cv", review_by="2027-01-01"), encoding="utf-8")
    said: list[str] = []
    export(folder, [version("cv", "answer", shipped("cv", title="CV"))], said.append, base=SMALL_FAQ)

    assert said[0].startswith("cv.md: warning: the file has changed since it was edited")
    assert said[1:] == ["hakeminen/cv.md: changed"]

    standing = contents(folder)
    with pytest.raises(InvalidLibrary):
        export(folder, [version("armeija", "phrasings", "uusi\n"), version("cv", "answer", "x")], said.append)
    assert contents(folder) == standing


def test_where_nothing_was_edited_there_is_nothing_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command works before the service has ever run, and touches nothing."""
    monkeypatch.setenv("KOPPI_DATA_DIR", str(tmp_path / "data"))
    done = CliRunner().invoke(main, ["knowledge", "export", str(tmp_path / "out")])

    assert (done.exit_code, done.output) == (0, "nothing to write\n")
    assert not (tmp_path / "out").exists()
