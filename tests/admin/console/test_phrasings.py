"""The phrasing inbox and the list of questions: what askers have shown is confirmed by people, a batch at a time."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import func, select

from bot.dialogue import Button, Rating
from bot.store import conversations, erasure, questions, schema, tickets
from tests.admin.console.office import Office
from tests.admin.console.test_gaps import HOSTILE
from tests.admin.console.test_learning import _learned
from tests.support import people

PICKED = "paljo tukee asumisee saa"
HELPED = "cveen mitä"
NAMED = f"olen Matti, siiviin apua {HOSTILE} matti@example.org"


async def _ask(
    office: Office,
    text: str,
    entry_id: str,
    *,
    kind: str = "choices",
    confidence: float = 0.5,
    helped: bool | None = None,
    after: timedelta = timedelta(),
) -> tuple[str, int]:
    """Somebody asks, and gets this entry: from titles, or at once; their conversation and the question."""
    now = office.clock() + after
    async with office.store.write() as tx:
        talk = await people.meet(tx, office.house.vault, f"{text} {entry_id} {after} {helped}", now, channel="web")
        seen: dict[str, object] = {"kind": kind, "hits": [[entry_id, 0.5]], "confidence": confidence}
        asked = await conversations.add_message(tx, talk.id, "asker", text, now, verdict=seen)
        if kind == "choices":
            pick = Button("pick", "Otsikko", entry_id)
            await conversations.add_message(tx, talk.id, "bot", "Tarkoititko?", now, buttons=(pick,), question_id=asked)
        given = await conversations.add_message(tx, talk.id, "bot", "Näin.", now, entry_id=entry_id, question_id=asked)
        if helped is not None:
            await conversations.rate(tx, talk.id, Rating(given, helped))
    return talk.id, asked


def _offered(html: str) -> list[str]:
    """The texts on the page, as its fields have them."""
    return [unescape(text) for text in re.findall(r'<textarea id="text\d+"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the store's part is tested on both
async def test_ways_of_asking_are_confirmed_in_a_batch_and_learnt_at_once(office: Office) -> None:
    """Only what askers have shown is offered, masked and once; nothing is learnt before somebody says so."""
    _, picked = await _ask(office, PICKED, "asumistuki")
    _, again = await _ask(office, PICKED.upper(), "asumistuki", after=timedelta(minutes=1))
    await _ask(office, HELPED, "cv", kind="answer", confidence=0.93, helped=True)
    await _ask(office, NAMED, "cv", helped=True)
    _, refused = await _ask(office, "joku ihan muu juttu", "cv")
    erased, _ = await _ask(office, "siivooja hommat mihin", "cv")
    for text, kind, confidence, helped in (
        ("miten haen asumistukea?", "choices", 0.5, None),  # a phrasing already
        ("täysin varma kysymys", "answer", 0.99, True),
        ("ei auttanut yhtään", "choices", 0.5, False),
        ("entä jos oon alle 25?", "choices", 0.5, None),  # means nothing by itself
        ("vastattiin mutta kukaan ei sanonut mitään", "answer", 0.93, None),
        ("y" * 601, "choices", 0.5, None),
    ):
        await _ask(office, text, "asumistuki", kind=kind, confidence=confidence, helped=helped)
    before = office.house.bookshelf.current.library
    async with office.at_work(office.kaisa) as kaisa:
        kaisa.client.timeout = httpx.Timeout(60)
        html = (await kaisa.sees("/console/phrasings")).text
        fields = {"rows": re.findall(r'name="rows" value="([\d._]+)"', html)[0]}
        for number, text in enumerate(_offered(html)):
            fields |= {f"text{number}": text, f"entry{number}": "cv" if "juttu" not in text else "asumistuki"}
        place = {text.casefold(): str(number) for number, text in enumerate(_offered(html))}
        fields["entry" + place[PICKED]] = "asumistuki"
        nothing = await kaisa.sends("/console/phrasings", "/console/phrasings", act="publish", **fields)
        rejected = {**fields, "take" + place["joku ihan muu juttu"]: "1"}
        turned_down = await kaisa.sends("/console/phrasings", "/console/phrasings", act="reject", **rejected)
        async with office.store.write() as tx:
            await erasure.erase(tx, erased)
        taken = {**fields, **{f"take{number}": "1" for number in place.values()}}
        masked = await kaisa.sends("/console/phrasings", "/console/phrasings", act="publish", **taken)
        mended = next(number for text, number in place.items() if "matti" in text)
        taken["text" + mended] = "miten haen asumistukea"
        elsewhere = await kaisa.sends("/console/phrasings", "/console/phrasings", act="publish", **taken)
        taken["text" + mended] = "siiviin apua"
        confirmed = await kaisa.sends("/console/phrasings", "/console/phrasings", act="publish", **taken)
        await _learned(office, 1)
        left = (await kaisa.sees("/console/phrasings")).text
    after = office.house.bookshelf.current.library
    async with office.store.read() as read:
        decided = {one.id: one.phrasing for one in await questions.of(read, [picked, again, refused])}
        revisions = (await read.execute(select(func.count()).select_from(schema.entry_revision))).scalar_one()

    assert set(place) == {
        PICKED,
        HELPED,
        NAMED.replace("matti@example.org", "[sähköposti peitetty]").casefold(),
        "joku ihan muu juttu",
        "siivooja hommat mihin",
    }
    assert _offered(html)[0].casefold() == PICKED
    assert "Näin kysyttiin 2 kertaa." in html
    assert "nimi? <bdi>Matti" in html
    assert "<script>alert(1)" not in html
    assert "matti@" not in html
    assert "checked" not in html
    assert (nothing.status_code, "Valitse ensin" in nothing.text) == (422, True)
    assert turned_down.status_code == 303
    assert (masked.status_code, "Poista henkilötiedot" in masked.text) == (422, True)
    assert (elsewhere.status_code, "Toisella vastauksella on jo" in elsewhere.text) == (422, True)
    assert confirmed.status_code == 303
    assert before.by_id["cv"].phrasings["fi"] == after.by_id["cv"].phrasings["fi"][:-2]
    assert set(after.by_id["cv"].phrasings["fi"][-2:]) == {HELPED, "siiviin apua"}
    assert len(after.by_id["asumistuki"].phrasings["fi"]) == len(before.by_id["asumistuki"].phrasings["fi"]) + 1
    assert decided == {picked: "confirmed", again: "confirmed", refused: "rejected"}
    assert revisions == 2
    assert "Nyt ei ole mitään vahvistettavaa." in left


async def test_single_questions_are_read_without_alias_or_thread(office: Office) -> None:
    """Masked, by the day, not side by side as asked, page by page; that they were looked at stands in the log."""
    ticket_id = await office.ticket(f"Numeroni on 040 555 0199 {HOSTILE}")
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
    await _ask(office, HELPED, "cv", kind="answer", helped=True)
    for number in range(50):
        await _ask(office, f"kysymys {number}", "cv", helped=False, after=timedelta(minutes=number))
    async with office.at_work(office.vaino) as vaino:
        vaino.client.timeout = httpx.Timeout(60)
        first = (await vaino.sees("/console/questions")).text
        (more,) = re.findall(r'href="(/console/questions\?before=\d+)"', first)
        rest = (await vaino.sees(more)).text
        odd = await vaino.sees("/console/questions?before=x")
    async with office.at_work(office.yrjo) as yrjo:
        refused = await yrjo.sees("/console/questions")
    async with office.store.read() as read:
        looks = [row.act for row in await read.execute(select(schema.audit)) if row.account_id == office.vaino.id]
    numbers = [int(number) for number in re.findall(r"kysymys (\d+)", first)]

    assert sorted(numbers) == list(range(50))
    assert numbers != sorted(numbers)
    assert numbers != sorted(numbers, reverse=True)
    assert "kysymys" not in rest.partition("<h2")[2].partition("</section>")[0]
    assert "Numeroni on [puhelinnumero peitetty] &lt;script&gt;" in rest
    assert "lähetettiin ihmiselle" in rest
    assert ("auttoi" in rest, "vastaus ei auttanut" in first) == (True, True)
    assert ticket is not None
    assert ticket.alias not in first + rest
    assert ticket_id not in first + rest
    assert not re.search(r"klo \d|\d\d:\d\d", first)
    assert (odd.status_code, refused.status_code) == (200, 404)
    assert looks.count("view questions") == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_all_on_the_page_are_chosen_at_once_but_what_may_tell_of_somebody(office: Office) -> None:
    """Twelve ticks a page are eleven too many; a name is learnt only by who has looked at it. No script is needed."""
    for text in (PICKED, HELPED, "siiviin apua kertoo Matti"):
        await _ask(office, text, "cv")
    async with office.at_work(office.kaisa) as kaisa:
        html = (await kaisa.sees("/console/phrasings")).text
        fields = {"rows": re.findall(r'name="rows" value="([\d._]+)"', html)[0]}
        for number, text in enumerate(_offered(html)):
            fields |= {f"text{number}": text.replace("cveen", "siiviin"), f"entry{number}": "asumistuki"}
        chosen = await kaisa.sends("/console/phrasings", "/console/phrasings", act="all", **fields)
        (told_of,) = (number for number, text in enumerate(_offered(html)) if "Matti" in text)
        fields[f"take{told_of}"] = "1"
        by_hand = await kaisa.sends("/console/phrasings", "/console/phrasings", act="all", **fields)
    async with office.store.read() as read:
        published = (await read.execute(select(func.count()).select_from(schema.entry_revision))).scalar_one()

    assert (chosen.status_code, published) == (200, 0)
    ticks = re.findall(r'name="take\d" value="1"( checked)?', chosen.text)
    assert {text: bool(tick) for text, tick in zip(_offered(chosen.text), ticks, strict=True)} == {
        PICKED: True, "siiviin mitä": True, "siiviin apua kertoo Matti": False,
    }  # fmt: skip
    assert len(re.findall(r'value="asumistuki" selected', chosen.text)) == 3
    assert "Valittu 2. Mitään ei vielä vahvistettu: lue ne läpi ja poista nimet." in chosen.text
    assert "Katso tarkkaan -kohtia jäi valitsematta 1:" in chosen.text
    assert "Valittu 3." in by_hand.text
    assert "jäi valitsematta" not in by_hand.text
    assert chosen.text.count("Valitse kaikki tällä sivulla") == 1
