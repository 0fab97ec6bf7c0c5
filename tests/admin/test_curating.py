"""`koppi knowledge`: what is wrong fails, what is overdue warns, and what is dead is named with its line."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin import curating
from admin.cli import main
from admin.curating import Shelf
from bot.profile import DEFAULT_FILE, parse_profile
from knowledge.entry import Source
from knowledge.library import compose_entry, compose_phrasings, load
from tests.support.http_server import HttpServer, Request, Response

CHECKED = date(2026, 11, 21)
ON_TIME = date(2027, 2, 19)  # the day by which the crisis numbers are to be rung again
PLACES = """
region: Oulun seutu
municipalities: [Oulu]
places:
  kela:
    name: Kela
    what: {fi: Maksaa., sv: Betalar., en: Pays.}
    municipalities: all
    url: https://kela.fi
    checked: 2026-11-22
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """One entry without a fault, one place."""
    (tmp_path / "faq" / "raha").mkdir(parents=True)
    (tmp_path / "places.yaml").write_text(PLACES, encoding="utf-8")
    (tmp_path / "topics.tsv").write_text("id\tcategory\ttitle_fi\nkarenssi\traha\tx\n", encoding="utf-8")
    for suffix, count in (("", 60), (".sv", 15), (".en", 15)):
        lines = compose_phrasings(f"{suffix} {number * 7919} {number * 104729}" for number in range(count))
        (tmp_path / "faq" / "raha" / f"karenssi{suffix}.phrasings.txt").write_text(lines, encoding="utf-8")
    shelf = Shelf(tmp_path / "faq", tmp_path / "places.yaml", tmp_path / "topics.tsv", DEFAULT_FILE)
    write(shelf)
    return shelf


def write(
    shelf: Shelf, *, url: str = "https://kela.fi/tuet", more: str = "", review_by: date = date(2027, 3, 1)
) -> None:
    """The entry, with a source at *url* and *more* in its answer."""
    text = compose_entry(
        entry_id="karenssi",
        category="raha",
        title="Mikä on karenssi?",
        answer="**Hae tukea Kelasta.** " + "Kerro siellä, mitä teet nyt. " * 12 + more,
        advisor="tyovoimaneuvoja",
        review_by=review_by,
        sources=[Source(title="Kela", url=url, checked=CHECKED)],
        places=["kela"],
    )
    (shelf.folder / "raha" / "karenssi.md").write_text(text, encoding="utf-8")


def check(shelf: Shelf, today: date, *, strict: bool = False) -> tuple[bool, list[str]]:
    """Whether all is well, and the lines printed, without their folders."""
    lines: list[str] = []
    is_well = curating.check(shelf, today, strict=strict, out=lines.append)
    return is_well, [line.rsplit("/", 1)[-1] for line in lines]


@pytest.mark.parametrize("strict", [False, True])
def test_nothing_is_said_while_all_is_well(shelf: Shelf, strict: bool) -> None:
    """Silence means that nothing is to be done; the last day is still in time."""
    assert check(shelf, ON_TIME, strict=strict) == (True, [])


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_overdue_warns_and_fails_only_when_strict(shelf: Shelf, strict: bool) -> None:
    """The clock alone must break nobody's build; who asks strictly gets a no."""
    mark, number = "" if strict else "warning: ", line_of("numbers_checked_on")

    is_well, lines = check(shelf, date(2027, 5, 25), strict=strict)

    assert is_well is not strict
    assert lines == [
        f"service.default.yaml:{number}: {mark}the crisis numbers were to be rung again by 2027-02-19",
        f"karenssi.md:11: {mark}was to be reviewed by 2027-03-01",
        f"places.yaml:10: {mark}kela: was to be checked again by 2027-05-24",
    ]


def line_of(field: str) -> int:
    """Where *field* stands in the shipped service.yaml."""
    lines = DEFAULT_FILE.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(field))


def test_a_fault_fails_with_or_without_strictness(shelf: Shelf) -> None:
    """A wrong figure is wrong on any day."""
    write(shelf, more="Aikaa on 37 päivää.")

    assert check(shelf, CHECKED) == (False, ["karenssi.md:16: figures: 37 is in the answer but not listed"])


def test_an_unreadable_faq_is_told_fault_by_fault(shelf: Shelf) -> None:
    """What can't be read has no dates to judge; its faults stand alone."""
    (shelf.folder / "raha" / "karenssi.md").write_text("pelkkää tekstiä", encoding="utf-8")

    is_well, lines = check(shelf, date(2030, 1, 1), strict=True)

    assert not is_well
    assert all("karenssi.md:1: no front matter" in line for line in lines)


def test_an_answer_too_long_for_telegram_is_a_fault_in_each_language(shelf: Shelf) -> None:
    """Its end would come as a second message, or be refused; links count, and so does what the bot puts around."""
    write(shelf, more=f"[Kela](https://kela.fi/{'a' * 4000})")

    is_well, lines = check(shelf, CHECKED)

    assert not is_well
    assert [line.split(": ", 1)[0] for line in lines] == ["karenssi.md:1", "karenssi.sv.md:1", "karenssi.en.md:1"]
    assert all("as Telegram's HTML; at most 4096" in line for line in lines)


def test_stale_lists_what_is_due_oldest_first_with_what_is_overdue_marked(shelf: Shelf) -> None:
    """A curator plans a week by it."""
    books = load(shelf.folder, places_file=shelf.places_file, topics_file=shelf.topics_file)
    lines: list[str] = []

    curating.stale(books, parse_profile(DEFAULT_FILE), date(2027, 2, 20), within_days=10, out=lines.append)

    assert [line.split()[:4] for line in lines] == [
        ["2027-02-19", "overdue", "crisis", "numbers_checked_on"],
        ["2027-03-01", "due", "answer", "karenssi"],
    ]
    lines.clear()
    curating.stale(books, parse_profile(DEFAULT_FILE), CHECKED, within_days=0, out=lines.append)
    assert lines == ["Nothing is to be looked at within 0 days."]


async def test_a_dead_link_is_named_wherever_it_stands(shelf: Shelf) -> None:
    """The curator opens the line that is printed; a live link is not mentioned."""

    async def answer(request: Request) -> Response:
        return Response(404 if request.path == "/dead" else 200, b"")

    async with HttpServer(answer) as server:
        web = f"http://127.0.0.1:{server.port}"
        shelf.places_file.write_text(PLACES.replace("https://kela.fi", f"{web}/dead"), encoding="utf-8")
        write(shelf, url=f"{web}/dead", more=f"Katso [Kela]({web}/alive).")
        lines: list[str] = []

        is_well = await curating.check_links(shelf, lines.append, pause=0)

    assert not is_well
    assert [line.rsplit("/faq/")[-1].removeprefix(f"{shelf.places_file.parent}/") for line in lines] == [
        f"raha/karenssi.md:8: karenssi: {web}/dead is dead (404)",
        f"places.yaml:9: kela: {web}/dead is dead (404)",
    ]


async def test_live_links_are_no_news(shelf: Shelf) -> None:
    """All is well says nothing."""

    async def answer(request: Request) -> Response:
        return Response(200, b"")

    async with HttpServer(answer) as server:
        web = f"http://127.0.0.1:{server.port}"
        shelf.places_file.write_text(PLACES.replace("https://kela.fi", web), encoding="utf-8")
        write(shelf, url=web)
        lines: list[str] = []

        assert await curating.check_links(shelf, lines.append, pause=0)

    assert lines == []


def test_the_command_lists_the_shipped_faq_and_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A curator's clone has no data folder, and looking must not make one."""
    monkeypatch.setenv("KOPPI_DATA_DIR", str(tmp_path / "data"))

    listed = CliRunner().invoke(main, ["knowledge", "stale", "--today", "2026-11-22", "--within", "89"])

    assert listed.exit_code == 0
    assert "2027-02-19  due      crisis  numbers_checked_on" in listed.output
    assert not (tmp_path / "data").exists()


def test_a_situation_card_whose_question_no_entry_has_is_a_fault_with_its_line(shelf: Shelf, tmp_path: Path) -> None:
    """Whoever rewrites a phrasing must hear that a card leans on it, not the asker who taps the card."""
    lines = (shelf.folder / "raha" / "karenssi.phrasings.txt").read_text(encoding="utf-8").splitlines()
    known = next(line for line in lines if line and not line.startswith("#"))
    question = "{{entry: {}, fi: '{}', sv: b, en: c}}"
    asked = ", ".join(question.format(*pair) for pair in (("karenssi", known), ("karenssi", "muuta"), ("ei", known)))
    cards = tmp_path / "situations.yaml"
    title = "title: {fi: a, sv: a, en: a}"
    cards.write_text(f"rahat:\n  {title}\n  lead: {{fi: a, sv: a, en: a}}\n  questions: [{asked}]\n", encoding="utf-8")
    said: list[str] = []

    assert not curating.check(replace(shelf, situations_file=cards), ON_TIME, strict=False, out=said.append)
    assert [line.partition(": ")[2] for line in said] == [
        'rahat: karenssi has no phrasing "b" (sv)',
        'rahat: karenssi has no phrasing "c" (en)',
        'rahat: karenssi has no phrasing "muuta" (fi)',
        'rahat: karenssi has no phrasing "b" (sv)',
        'rahat: karenssi has no phrasing "c" (en)',
        "rahat: there is no entry ei",
    ]
    assert all("situations.yaml:1:" in line for line in said)
