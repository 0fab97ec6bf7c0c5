"""Files become entries, and every fault is named with file and line."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge import library
from knowledge.entry import Source
from knowledge.library import (
    InvalidLibrary,
    Revision,
    compose_entry,
    compose_phrasings,
    compose_translation,
    load,
    recompose,
    warnings,
)

WriteEntry = Callable[..., Path]


def faults_in(folder: Path, *revisions: Revision) -> list[str]:
    with pytest.raises(InvalidLibrary) as invalid:
        load(folder, revisions)
    return [f"{Path(fault.file).name}:{fault.line}: {fault.message}" for fault in invalid.value.faults]


def test_what_the_console_composes_is_read_back_the_same(faq: Path) -> None:
    """An entry written by form must survive the road through its file, quotes and colons included."""
    source = Source(title='Kela: "tuki" #1', url="https://kela.fi/a?b=c", checked=date(2026, 11, 1))
    text = compose_entry(
        entry_id="karenssi",
        category="raha",
        title="Mitä: karenssi – 'tauko'?",
        answer="**Tauko.**\n\n1. Yksi\n2. [Kaksi](https://kela.fi)",
        advisor="sosiaaliohjaaja",
        review_by=date(2027, 1, 31),
        sources=[source],
        season=[5, 6],
        figures=["7 päivää", "20 %"],
    )
    (faq / "raha").mkdir()
    (faq / "raha" / "karenssi.md").write_text(text, encoding="utf-8")

    (entry,) = load(faq).entries

    assert entry.title == "Mitä: karenssi – 'tauko'?"
    assert (source,) == entry.sources
    assert entry.season == (5, 6)
    assert text == recompose(entry)
    assert (
        load(faq, [Revision("karenssi", "fi", "answer", recompose(entry, title="Toinen"))]).entries[0].title == "Toinen"
    )


def test_every_fault_is_named_at_once_with_its_line(faq: Path, write_entry: WriteEntry) -> None:
    """A curator mends all in one round, and needs not search for the place."""
    path = write_entry("karenssi", ("eka", "toka"), related=["ei-ole"], places=["ei-paikkaa"])
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("tyovoimaneuvoja", "johtaja").replace("2027-05-21", "2027-02-31"), encoding="utf-8")
    write_entry("verokortti", ("kolmas",), related=["ei-ole"])
    (faq / "raha" / "verokortti.phrasings.txt").write_text("a\n\nb\n", encoding="utf-8")
    (faq / "raha" / "orpo.phrasings.txt").write_text("kukaan\n", encoding="utf-8")
    (faq / "raha" / "muistiinpanot.docx").write_bytes(b"PK")
    (faq / "raha" / "latin.md").write_bytes("---\nid: latin\n# p\u00e4iv\u00e4\n".encode("latin-1"))

    found = faults_in(faq)

    assert any(fault.startswith("karenssi.md:5: advisor") for fault in found)
    assert any(fault.startswith("karenssi.md:11: review_by") for fault in found)
    assert "latin.md:3: not UTF-8" in found
    assert any(fault.startswith("muistiinpanot.docx:1: not a name") for fault in found)
    assert "orpo.phrasings.txt:1: there is no orpo.md beside it" in found
    assert "verokortti.md:12: no entry or topic has the id ei-ole" in found
    assert any(fault.startswith("verokortti.phrasings.txt:2: an empty line") for fault in found)
    assert len(found) == 7


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("---\nid", "id"), "karenssi.md:1: no front matter"),
        (("title: ", "title: ["), "karenssi.md:5: the front matter isn't YAML"),
        (("category: raha", "category: elama"), "karenssi.md:3: category is elama"),
        (("id: karenssi", "id: toinen"), "karenssi.md:2: id is toinen"),
        (("season: []", "season: [13]"), "karenssi.md:14: season.0"),
        (("https://www.kela.fi/tuet", "kela.fi"), "karenssi.md:8: sources.0"),
        (("season: []", "season: []\nseason: [1]"), "karenssi.md:15: the front matter isn't YAML: season stands twice"),
        (("season: []", "seasn: []"), "karenssi.md:14: seasn"),
    ],
)
def test_a_fault_in_the_front_matter_is_found_on_its_line(
    faq: Path, write_entry: WriteEntry, change: tuple[str, str], fault: str
) -> None:
    """The line is where the curator looks first."""
    path = write_entry("karenssi")
    path.write_text(path.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")

    assert [fault] == [found[: len(fault)] for found in faults_in(faq)]


def test_a_published_edit_wins_over_the_file_and_may_add_an_entry(faq: Path, write_entry: WriteEntry) -> None:
    """What an advisor published is what askers get, before any file is touched."""
    write_entry("karenssi", ("vanha tapa kysyä",))
    before = load(faq)
    new = compose_entry(
        entry_id="uusi",
        category="elama",
        title="Uusi",
        answer="Vastaus.",
        advisor="sosiaaliohjaaja",
        review_by=date(2027, 1, 1),
    )
    revisions = [
        Revision("karenssi", "fi", "phrasings", compose_phrasings(["uusi tapa", "uusi  tapa", " toinen "])),
        Revision("uusi", "fi", "answer", new.replace("\n", "\r\n")),
    ]

    after = load(faq, revisions)

    assert tuple(entry.id for entry in after.entries) == ("karenssi", "uusi")
    assert after.entries[0].phrasings["fi"] == ("uusi tapa", "toinen")
    assert after.entries[1].answer == "Vastaus."
    assert before.digest != after.digest
    assert after.digest == load(faq, revisions).digest


def test_an_unreadable_edit_is_named_as_one(faq: Path, write_entry: WriteEntry) -> None:
    """The console must be able to say that the edit, not the file, is at fault."""
    write_entry("karenssi")

    assert [
        fault.split(":", 2)[0] + ":1: no front matter"
        for fault in faults_in(faq, Revision("karenssi", "fi", "answer", "pelkkää tekstiä"))
    ] == ["karenssi.md (edited):1: no front matter"]


def test_a_translation_of_an_older_answer_is_not_shown(faq: Path, write_entry: WriteEntry) -> None:
    """A stale sum in Swedish is worse than the right one in Finnish."""
    path = write_entry("karenssi", answer="**7 päivää.**")
    (entry,) = load(faq).entries
    translation = path.with_name("karenssi.sv.md")
    translation.write_text(compose_translation(entry, "Karens", "**7 dagar.**"), encoding="utf-8")

    assert load(faq).entries[0].text("sv") == ("Karens", "**7 dagar.**", "sv")

    path.write_text(recompose(entry, answer="**30 päivää.**"), encoding="utf-8")

    assert load(faq).entries[0].text("sv")[2] == "fi"
    assert load(faq).entries[0].text("en")[2] == "fi"


def test_an_entry_past_its_review_day_is_warned_of(faq: Path, write_entry: WriteEntry) -> None:
    """An old sum is noticed by its date, not by an asker."""
    write_entry("karenssi", review_by=date(2027, 1, 1))
    write_entry("verokortti", review_by=date(2026, 12, 31))
    shelf = load(faq)

    assert warnings(shelf, date(2026, 12, 31)) == []
    assert [fault.file for fault in warnings(shelf, date(2027, 1, 2))] == ["verokortti.md", "karenssi.md"]


def test_the_shipped_faq_has_no_fault() -> None:
    """What is shipped is what a curator would let pass."""
    assert [str(fault) for fault in library.check()] == []


def test_check_names_what_is_badly_written(faq: Path, write_entry: WriteEntry, tmp_path: Path) -> None:
    """The rules of plain Finnish are kept by machine, each with the line to mend."""
    topics = tmp_path / "topics.tsv"
    topics.write_text("id\tcategory\ttitle_fi\nkarenssi\traha\tx\npuuttuu\telama\ty\n", encoding="utf-8")
    long_sentence = "**Sana** " + "ja sana " * 40 + "loppu."
    path = write_entry(
        "karenssi", ("sama kysymys kahdesti", "Sama kysymys kahdesti!"), answer=long_sentence, sources=[]
    )
    write_entry(
        "verokortti", ("ihan muu asia täällä",), answer="Maksaa 37,21 € ja soita 044 703 6235.", figures=["5 €"]
    )

    found = [f"{Path(fault.file).name}: {fault.message}" for fault in library.check(faq, topics_file=topics)]

    for expected in (
        "karenssi.md: a sentence of 82 words",
        "karenssi.md: 82.0 words a sentence on average",
        "karenssi.md: no source",
        "karenssi.md: 2 phrasings in fi",
        "karenssi.md: 0 phrasings in sv",
        "karenssi.phrasings.txt: too like",
        "puuttuu.md: this topic has no entry yet",
        "verokortti.md: 7 words; an answer has",
        "verokortti.md: figures: 5 € isn't in the answer",
        "verokortti.md: figures: 37,21 is in the answer but not listed",
        "verokortti.md: figures: 044 703 6235 is in the answer but not listed",
        "verokortti.md: the answer doesn't begin with its gist in bold",
    ):
        assert any(fault.startswith(expected) for fault in found), (expected, found)
    assert path.exists()
