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
        (("places: []", "places: [ei-paikkaa]"), "karenssi.md:13: no place has the key ei-paikkaa"),
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


def test_an_edit_is_checked_as_its_file_will_be(faq: Path, write_entry: WriteEntry, tmp_path: Path) -> None:
    """What the console lets pass must pass as a file, and each fault must say in which field it is."""
    topics = tmp_path / "topics.tsv"
    topics.write_text("id\tcategory\ttitle_fi\n", encoding="utf-8")
    write_entry("verokortti", ("ihan muu asia täällä", "missä verokorttini on nyt jo"))
    answer = "Maksaa 37,21 € ja soita 044 703 6235. " + "ja sana " * 30 + "[x](y)"
    path = write_entry("karenssi", ("missä verokorttini on nyt jo",), answer=answer, figures=["5 €"], sources=[])
    file = path.read_text(encoding="utf-8")
    phrasings = "missä verokorttini on nyt jo\nMissä verokorttini on nyt jo?\n"
    (faq / "raha" / "karenssi.phrasings.txt").write_text(phrasings, encoding="utf-8")
    english = "---\ntranslates: '0'\ntitle: Gap\n---\nCall 0116. # <b>\n"
    (faq / "raha" / "karenssi.en.md").write_text(english, encoding="utf-8")
    as_files = library.check(faq, topics_file=topics)
    for left in faq.glob("raha/karenssi*"):
        left.unlink()
    edits = [
        Revision("karenssi", "fi", "answer", file),
        Revision("karenssi", "fi", "phrasings", phrasings),
        Revision("karenssi", "en", "answer", english),
    ]
    as_edits = library.check_entry("karenssi", faq, edits, topics_file=topics)
    unread = library.check_entry("karenssi", faq, [Revision("karenssi", "fi", "answer", "")], topics_file=topics)

    # A fault of twins stands at the later file there, at the edit here.
    own = [fault for fault in as_files if "verokortti.md" not in fault.file and "too like" not in fault.message]
    assert [f"{Path(f.file).name} (edited):{f.line} {f.message}" for f in own] == [
        f"{f.file}:{f.line} {f.message}" for f in as_edits if "too like" not in f.message
    ]
    twins = [fault for fault in as_edits if "too like" in fault.message]
    assert [(fault.line, fault.where) for fault in twins] == [
        (1, ("phrasings", 0)), (2, ("phrasings", 1)), (2, ("phrasings", 1)),
    ]  # fmt: skip
    assert {f.where[0] for f in as_edits} == {"answer", "figures", "sources", "phrasings", "translates"}
    assert [fault.file for fault in unread] == ["karenssi.md (edited)"]
    known = {"missä verokorttini on nyt jo", "Missä verokorttini on nyt jo?"}
    again = library.check_entry("karenssi", faq, edits, known=known, topics_file=topics)
    assert sum("too like" in fault.message for fault in again) == 1


def test_an_entry_out_of_use_is_nowhere(faq: Path, write_entry: WriteEntry) -> None:
    """With an answer goes all that leads to it; but not while another answer leads there."""
    write_entry("omamme", ("tapa kysyä",))
    write_entry("verokortti")
    withdrawn = Revision("omamme", "fi", "answer", None)
    phrasings = Revision("omamme", "sv", "phrasings", "ett sätt\n")

    assert [entry.id for entry in load(faq, [withdrawn, phrasings]).entries] == ["verokortti"]

    write_entry("verokortti", related=["omamme"])
    assert faults_in(faq, withdrawn) == ["verokortti.md:12: no entry or topic has the id omamme"]


def said_by_check(faq: Path, tmp_path: Path) -> list[str]:
    """What `library.check` finds in *faq*, whose entries alone must exist, but for the number of phrasings."""
    topics = tmp_path / "topics.tsv"
    topics.write_text("id\tcategory\ttitle_fi\n", encoding="utf-8")
    faults = library.check(faq, topics_file=topics)
    return [
        f"{Path(fault.file).name}:{fault.line}: {fault.message}" for fault in faults if "phras" not in fault.message
    ]


PLAIN = "**Hae tukea Kelasta.** " + "Kerro siellä, mitä teet nyt. " * 12
"""An answer without a fault."""


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({}, []),
        ({"answer": f"{PLAIN} Katso [Kela](kela.fi)."}, ["karenssi.md:17: the link [Kela](kela.fi) isn't well-formed"]),
        ({"answer": f"{PLAIN} Katso [ ](https://kela.fi/a)."}, ["karenssi.md:17: the link [ ](https://kela.fi/a)"]),
        ({"answer": f"{PLAIN} **Hae."}, ["karenssi.md:17: bold that isn't closed"]),
        ({"answer": f"{PLAIN}\n\n# Lisää"}, ["karenssi.md:17: a heading"]),
        ({"answer": f"{PLAIN}\n\n| a | b |"}, ["karenssi.md:17: a table"]),
        ({"answer": f"{PLAIN} <b>Hae</b>"}, ["karenssi.md:17: HTML"]),
        ({"answer": f"{PLAIN} \U0001f642"}, ["karenssi.md:17: an emoji"]),
        ({"answer": PLAIN * 3}, ["karenssi.md:17: 189 words"]),
        (
            {"answer": "**Työttömyysetuus.** " + "Hakemusmenettely edellyttää ilmoittautumista. " * 20},
            ["karenssi.md:17: 100% of the words have four syllables or more"],
        ),
        ({"answer": f"{PLAIN} Aikaa on 37 päivää."}, ["karenssi.md:15: figures: 37 is in the answer but not listed"]),
        ({"answer": f"{PLAIN} Soita 112."}, ["karenssi.md:15: figures: 112 is in the answer but not listed"]),
        ({"answer": f"{PLAIN} Apua saa Oulu10:stä ja 4H:sta."}, []),
        ({"answer": f"{PLAIN} Aikaa on 37 päivää.", "figures": ["37 päivää"]}, []),
        ({"review_by": date(2026, 11, 20)}, ["karenssi.md:9: checked after review_by"]),
        ({"review_by": date(2027, 5, 25)}, ["karenssi.md:11: more than 6 months after a source was checked"]),
        ({"category": "hakeminen", "review_by": date(2028, 11, 21)}, []),
        (
            {"answer": f"{PLAIN} Soita 044 703 6235.", "figures": ["044 703 6235"], "review_by": date(2027, 2, 20)},
            ["karenssi.md:11: more than 90 days after a source was checked"],
        ),
        (
            {
                "answer": f"{PLAIN} Soita 116 111 tai 112.",
                "figures": ["116 111", "112"],
                "review_by": date(2027, 2, 20),
            },
            ["karenssi.md:11: more than 90 days after a source was checked"],
        ),
        (
            {"answer": f"{PLAIN} Soita 044 703 6235.", "figures": ["044 703 6235"], "review_by": date(2027, 2, 19)},
            [],
        ),
        (
            {"category": "hakeminen", "review_by": date(2028, 11, 23)},
            ["karenssi.md:11: more than 24 months after a source was checked"],
        ),
    ],
)
def test_each_rule_finds_its_own_fault_and_no_other(
    faq: Path, write_entry: WriteEntry, tmp_path: Path, change: dict[str, object], faults: list[str]
) -> None:
    """A rule that finds nothing, or cries over what is well, is a rule nobody keeps."""
    write_entry("karenssi", **({"answer": PLAIN} | change))

    found = said_by_check(faq, tmp_path)

    assert len(found) == len(faults), found
    assert all(one.startswith(fault) for one, fault in zip(found, faults, strict=True)), found


def test_a_translation_of_an_older_answer_is_a_fault(faq: Path, write_entry: WriteEntry, tmp_path: Path) -> None:
    """The bot falls back to Finnish for it: somebody must translate again."""
    path = write_entry("karenssi", answer=PLAIN)
    (entry,) = load(faq).entries
    path.with_name("karenssi.sv.md").write_text(compose_translation(entry, "Karens", "**Sök.**"), encoding="utf-8")
    assert said_by_check(faq, tmp_path) == []

    path.write_text(recompose(entry, title="Mikä karenssi on?"), encoding="utf-8")
    (entry,) = load(faq).entries

    assert said_by_check(faq, tmp_path) == [f"karenssi.sv.md:2: the Finnish is {entry.fingerprint} now"]


def test_a_translation_has_no_number_that_the_finnish_has_not(
    faq: Path, write_entry: WriteEntry, tmp_path: Path
) -> None:
    """A wrong digit in a sum does not show to a Finnish reader; a line of its own language is listed as such."""
    path = write_entry("karenssi", answer=f"{PLAIN} Saat 37,21 €.", figures=["37,21 €"])
    (entry,) = load(faq).entries
    english = path.with_name("karenssi.en.md")

    english.write_text(compose_translation(entry, "Gap", "**Call.** You get €37.21."), encoding="utf-8")
    assert said_by_check(faq, tmp_path) == []

    english.write_text(compose_translation(entry, "Gap", "**Call 0116.** You get €37.12."), encoding="utf-8")
    assert said_by_check(faq, tmp_path) == [
        "karenssi.en.md:1: figures: 0116 isn't in the Finnish answer, nor listed here",
        "karenssi.en.md:1: figures: 37.12 isn't in the Finnish answer, nor listed here",
    ]

    english.write_text(compose_translation(entry, "Gap", "**Call 0116.**", ["0116"]), encoding="utf-8")
    assert said_by_check(faq, tmp_path) == []


def test_like_phrasings_under_two_entries_are_a_fault_and_under_one_are_not(faq: Path, write_entry: WriteEntry) -> None:
    """Two entries that are asked in the same words can't be told apart; two voices of one entry are wanted."""
    write_entry("karenssi", ("milloin mun karenssi loppuu oikein", "miten karenssi loppuu"))
    write_entry("verokortti", ("milloin mun karenssi loppuu oikeen", "mistä saan verokortin"))

    found = [fault for fault in library.check(faq) if "too like" in fault.message]

    assert [(Path(fault.file).name, fault.line) for fault in found] == [("verokortti.phrasings.txt", 1)]
