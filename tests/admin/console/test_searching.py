"""The search page: what is found is shown with its words marked, and whatever is typed gets a plain answer."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from bot.store import search
from bot.store.schema import audit
from tests.admin.console.office import Office
from tests.admin.console.test_tickets import HOSTILE


def _lines(html: str) -> list[str]:
    """The results' lines, as they stand in the page."""
    return re.findall(r'<span class="first-line"><bdi>(.*?)</bdi>', html)


async def test_a_question_is_found_by_a_word_of_its_thread_and_the_word_is_marked(office: Office) -> None:
    """Open and closed alike; the log tells that somebody searched, and never for what."""
    first = await office.ticket("Moi\nMistä saan asumistukea?", role="sosiaaliohjaaja")
    closed = await office.answered_ticket("Iguaani töihin?")
    await office.desk.note(office.vaino, closed, "Kysyi myös asumistuesta", office.clock())
    await office.desk.close(office.vaino, closed, "answered", office.clock())
    await search.catch_up(office.store, office.house.vault)
    async with office.at_work(office.vaino) as vaino:
        queue = (await vaino.sees("/console/")).text
        page = (await vaino.sees("/console/search?q=Asumistuki")).text
        narrowed = (await vaino.sees("/console/search?q=Asumistuki&role=sosiaaliohjaaja")).text
        by_topic = (await vaino.sees("/console/search?q=cv")).text
        nothing = (await vaino.sees("/console/search?q=xqkummallinen&role=sosiaaliohjaaja")).text
        empty = await vaino.sees("/console/search")
    async with office.store.read() as read:
        log = str((await read.execute(select(audit))).all())

    assert 'action="/console/search" role="search"' in queue
    assert sorted(_lines(page)) == ["Kysyi myös <mark>asumistuesta</mark>", "Mistä saan <mark>asumistukea</mark>?"]
    assert f"/console/tickets/{closed}?view=closed" in page
    assert f"/console/tickets/{first}?view=all" in page
    assert _lines(narrowed) == ["Mistä saan <mark>asumistukea</mark>?"]
    assert "<mark>CV" in by_topic
    assert "Mitään ei löytynyt." in nothing
    assert 'href="/console/search?q=xqkummallinen"' in nothing
    assert empty.status_code == 200
    assert log.count("'search'") == 4
    assert "asumistu" not in log.lower()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_an_asker_wrote_and_what_is_searched_for_become_no_markup(office: Office) -> None:
    """The mark goes into the line after its text is escaped, never before."""
    for text in HOSTILE:
        await office.ticket(f"{text} leguaani {text}")
    await search.catch_up(office.store, office.house.vault)
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees("/console/search?q=leguaani")).text
        answers = [await vaino.client.get("/console/search", params={"q": text}) for text in HOSTILE]
    lines = _lines(page)

    assert len(lines) == len(HOSTILE)
    assert all(re.sub("</?mark>", "", line).count("<") == 0 for line in lines)
    assert {unescape(re.sub("</?mark>", "", line)) for line in lines} >= {f"{HOSTILE[0]} leguaani {HOSTILE[0]}"}
    assert {answer.status_code for answer in answers} == {200}
    assert not any(text in answer.text for text, answer in zip(HOSTILE[:4], answers, strict=False))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of these reaches a database
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x" * 10_000, "Haku on liian pitkä: enintään 200 merkkiä."),
        ("sana " * 41, "Haku on liian pitkä: enintään 200 merkkiä."),
        ("ja miten", "Tällä ei voi hakea"),
        ("\x00", "Tällä ei voi hakea"),
        ('"*" OR (', "Mitään ei löytynyt."),
        ("asumistuki\x00 NEAR/2 'x", "Mitään ei löytynyt."),
        ("'; DROP TABLE message; --", "Mitään ei löytynyt."),
    ],
)
async def test_whatever_is_typed_gets_a_plain_answer(office: Office, query: str, said: str) -> None:
    """There is no syntax to know, and so none to get wrong."""
    async with office.at_work(office.vaino) as vaino:
        page = await vaino.client.get("/console/search", params={"q": query})

    assert page.status_code == 200
    assert said in page.text
    assert "x" * 201 not in page.text
    assert "\x00" not in page.text
