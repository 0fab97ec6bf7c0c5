"""What an edit would change is seen before it is published, and of looking nothing is left."""

import asyncio
import json
import os
import sys
from html import unescape
from pathlib import Path

import httpx
import pytest

from admin.console import effect
from admin.console.effect import Change, Given
from bot.store import revisions
from knowledge import library, trial
from knowledge.questions import Question
from knowledge.trial import Seen
from tests.admin.console.office import SMALL_FAQ, Office, token_in
from tests.admin.console.test_editing import save

MARKER = "xqmarkkerix"
on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _question(text: str, topic: str) -> Question:
    return Question(text, topic, frozenset(), "plain", "near: x")


@on_one_database
async def test_looking_shows_what_would_change_and_leaves_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An advisor sees whom a phrasing would lead astray while it can still be left out."""
    tests = [_question("miten haen asumistukea?", "asumistuki"), _question(f"{MARKER} hinta?", "none")]
    monkeypatch.setattr(effect, "development", lambda _: tests)
    await office.ticket(f"{MARKER} soita 040 555 0199 <b>", hits=())
    ticket_id = await office.answered_ticket(f"{MARKER} hinta?")
    page = f"/console/tickets/{ticket_id}/phrasing"
    fields = {"entry": "cv", "phrasings": f"{MARKER} hinta?\n{MARKER} soita <b>"}
    async with office.at_work(office.vaino) as vaino:
        vaino.client.timeout = httpx.Timeout(60)
        shown = await vaino.sends(page, page, act="look", **fields)
        html = shown.text
    async with office.store.read() as read:
        published = await revisions.published(read)
    cached = _files(tmp_path / "cache", "*")

    assert shown.status_code == 200
    assert "2 viimeisestä kysymyksestä 2 saisi muun vastauksen" in html
    assert f"<q>{MARKER} soita [puhelinnumero peitetty] &lt;b&gt;</q>" in html
    assert f"<q>{MARKER} hinta?</q>" in html
    assert "vastaa: Miten teen CV:n?" in html
    assert "1 kysymystä 2:stä menisi väärin" in html
    assert 'name="entry" value="cv" checked' in html
    assert f"{MARKER} hinta?\n{MARKER} soita <b></textarea>" in unescape(html)
    assert published == []
    assert cached
    assert not [file for file in cached if MARKER.encode() in file.read_bytes()]


@on_one_database
async def test_where_it_can_not_be_tried_the_page_says_so_and_publishing_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without room for the trial must not keep an answer back; the page's script hears the same."""
    monkeypatch.setattr(trial, "COMMAND", (sys.executable, "-c", "import sys; sys.stdin.read(); print(50)"))
    ticket_id = await office.answered_ticket("Mitä iguaani syö?")
    page = f"/console/tickets/{ticket_id}/phrasing"
    fields = {"entry": "cv", "phrasings": "Mitä iguaani syö?"}
    async with office.at_work(office.vaino) as vaino:
        vaino.client.headers["X-Requested-With"] = "effect"
        lines = [json.loads(line) for line in (await vaino.sends(page, page, act="look", **fields)).text.splitlines()]
        faulty = await vaino.sends(page, page, act="look", entry="cv", phrasings="")
        nothing_new = await vaino.sends(page, page, act="look", entry="cv", phrasings="miten teen cvn")
        del vaino.client.headers["X-Requested-With"]
        published = await vaino.sends(page, page, act="publish", **fields)

    assert lines[0] == {"stage": "learning", "percent": 0}
    assert "Vaikutusta ei saatu nyt laskettua." in lines[-1]["html"]
    assert {line["stage"] for line in lines[:-1]} <= {"learning", "asking"}
    assert (faulty.status_code, "Tämä puuttuu." in faulty.text) == (422, True)
    assert "Tämä ei muuta mitään" in json.loads(nothing_new.text)["html"]
    assert published.status_code == 303


@on_one_database
async def test_who_leaves_the_page_leaves_no_trial_running(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Half a gigabyte and a processor must not go on for nobody."""
    program = (
        "import os, sys, time; open(sys.argv[1] + str(os.getpid()), 'w').close(); print(0, flush=True); time.sleep(60)"
    )
    monkeypatch.setattr(trial, "COMMAND", (sys.executable, "-S", "-c", program, f"{tmp_path}/running-"))
    ticket_id = await office.answered_ticket("Mitä iguaani syö?")
    page = f"/console/tickets/{ticket_id}/phrasing"
    async with office.at_work(office.vaino) as vaino:
        form = {"form_token": token_in((await vaino.sees(page)).text), "act": "look", "entry": "cv", "phrasings": "x y"}
        async with vaino.client.stream("POST", page, data=form, headers={"X-Requested-With": "effect"}):
            async with asyncio.timeout(10):
                while len(started := _files(tmp_path, "running-*")) < 2:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
    running = {int(file.name.partition("-")[2]) for file in started}
    async with asyncio.timeout(10):
        while any(map(_is_running, running)):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@on_one_database
async def test_an_operator_hears_how_many_questions_would_change_but_reads_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Askers are told who reads a question; whoever looks after accounts and servers isn't among them."""
    told_apart = (  # stands for the trial itself: the FAQ in use, which has a cache, answers; the edited one doesn't
        "import json, sys; read = json.load(sys.stdin); kind = 'answer' if read['cache'] else 'escalate'; "
        "print(json.dumps([[kind, [['cv', 1.0]], False]] * len(read['questions'])))"
    )
    monkeypatch.setattr(trial, "COMMAND", (sys.executable, "-S", "-c", told_apart))
    monkeypatch.setattr(effect, "development", lambda _: [])
    await office.ticket(f"{MARKER} hinta?", hits=())
    for person, reads in ((office.kaisa, True), (office.yrjo, False)):
        async with office.at_work(person) as at_work:
            looked = await save(at_work, "cv", act="look", anyway="yes", title="Miten teen hyvän CV:n?")
            at_work.client.headers["X-Requested-With"] = "effect"
            line = (await save(at_work, "cv", act="look", anyway="yes", title="Miten teen hyvän CV:n?")).text

        assert "1 viimeisestä kysymyksestä 1 saisi muun vastauksen kuin nyt" in looked.text
        assert [MARKER in looked.text, MARKER in line] == [reads, reads]
        assert "Tässä niistä" not in looked.text


def _files(folder: Path, pattern: str) -> list[Path]:
    return [file for file in folder.rglob(pattern) if file.is_file()]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_was_right_and_what_becomes_of_it_is_told_apart() -> None:
    """Choices with the right one among them are right; no answer is right for what the FAQ doesn't cover."""
    books = library.load(SMALL_FAQ)
    answer, other = Seen("answer", (("cv", 0.9),), False), Seen("answer", (("asumistuki", 0.9),), False)
    choices = Seen("choices", (("cv", 0.5), ("asumistuki", 0.01)), False)
    both = Seen("choices", (("cv", 0.5), ("asumistuki", 0.4)), False)
    unknown = Seen("escalate", (("cv", 0.1),), False)
    danger = Seen("crisis", (("cv", 0.1),), True)
    inside, outside = _question("a", "cv"), _question("b", "none")
    found = effect._compare(
        books,
        books,
        [
            ("1", answer, answer),
            ("2", choices, other),
            ("3", unknown, choices),
            ("4", unknown, danger),
            ("5", choices, both),
        ],
        [
            (inside, answer, choices),
            (inside, choices, other),
            (inside, unknown, answer),
            (outside, unknown, choices),
            (outside, unknown, answer),
            (outside, answer, unknown),
        ],
    )

    cv = "Miten teen CV:n?"
    assert (found.recent, found.changed, found.shifted) == (5, 2, 1)
    assert (found.tested, found.spoilt_count, found.mended) == (6, 2, 2)
    assert found.changes == (
        Change("2", Given("choices", (cv,)), Given("answer", ("Miten haen asumistukea?",))),
        Change("3", Given("escalate", ()), Given("choices", (cv,))),
    )
    assert [change.text for change in found.spoilt] == ["a", "b"]
