"""Gaps: what was asked without a good answer, like questions together; made an answer, a phrasing, or put aside."""

import re
from html import unescape

import httpx
import pytest
from sqlalchemy import select

from bot.store import audit, conversations, erasure, questions, schema, tickets
from bot.store.schema import message
from tests.admin.console.office import Office
from tests.admin.console.test_learning import _form, _learned
from tests.support import people

HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> {{7*7}} javascript:alert(1)"
IGUANAS = (
    "Saako iguaanin tuoda töihin?",
    "voiko iguaanin tuoda töihin, soita 040 555 0199",
    f"saako iguaanin tuoda {HOSTILE}",
)


async def _ask(office: Office, text: str, kind: str = "escalate", number: int = 0) -> tuple[str, int]:
    """Somebody asks the bot alone; their conversation and the question."""
    async with office.store.write() as tx:
        talk = await people.meet(tx, office.house.vault, f"{text} {number}", office.clock(), channel="web")
        seen: dict[str, object] = {"kind": kind, "hits": [["cv", 0.2]], "confidence": 0.1}
        return talk.id, await conversations.add_message(tx, talk.id, "asker", text, office.clock(), verdict=seen)


async def test_like_questions_stand_together_and_are_put_aside_until_as_many_more_ask(office: Office) -> None:
    """A coordinator sees what is missing, without an alias or anything that tells who asked; nobody in danger."""
    ids = [(await _ask(office, text))[1] for text in IGUANAS]
    await _ask(office, "mistä saan uimahallin liput")
    await _ask(office, "en jaksa enää elää", "escalate")
    ticket_id = await office.ticket("Saako iguaanin tuoda kouluun?")
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
    async with office.at_work(office.kaisa) as kaisa:
        kaisa.client.timeout = httpx.Timeout(60)  # scikit-learn is imported once, and the machine may be busy
        html = (await kaisa.sees("/console/gaps?weeks=1")).text
        field = re.findall(r"/console/gaps/answer\?questions=([\d.]+)", html)
        aside = {"questions": field[0], "weeks": "1", "reason": "not_ours"}
        put = await kaisa.sends("/console/gaps", "/console/gaps/aside", **aside)
        without = (await kaisa.sees(put.headers["location"])).text
        for number in range(3):
            await _ask(office, "saako iguaanin tuoda töihin", number=number)
        still = (await kaisa.sees("/console/gaps")).text
        await _ask(office, "saako iguaanin tuoda töihin", number=9)
        again = (await kaisa.sees("/console/gaps")).text
        back = await kaisa.sends("/console/gaps", "/console/gaps/back", questions=field[0], weeks="4")
        refused = await kaisa.sends("/console/gaps", "/console/gaps/aside", **{**aside, "reason": "answered"})
    async with office.store.read() as read:
        reasons = [row.gap for row in await read.execute(select(message).where(message.c.id.in_(ids)))]
        looks = [row.act for row in await read.execute(select(schema.audit)) if row.account_id == office.kaisa.id]

    assert len(field) == 2
    assert len(field[0].split(".")) == 4
    assert set(map(str, ids)) < set(field[0].split("."))
    assert "4 kysymystä" in html
    assert "lähetettiin ihmiselle" in html
    assert ticket is not None
    assert ticket.alias not in html
    assert "0199" not in html
    assert "elää" not in html
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert ("Pantu sivuun" in without, "Sivuun pannut (1)" in without) == (True, True)
    assert "iguaanin" not in without.partition("Sivuun pannut")[0]
    assert "Sivuun pannut (1)" in still
    assert "ja 4 aiemmin sivuun pantu: ei kuulu tälle palvelulle" in again
    assert (back.status_code, refused.status_code, reasons) == (303, 400, [None] * 3)
    assert {"view gaps", "put gap aside", "bring gap back"} <= set(looks)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the store's part is tested on both
async def test_a_gap_is_made_an_answer_with_all_its_questions_and_is_none_any_more(office: Office) -> None:
    """The work is done already; what was masked must be taken out first, and with an erasure the question is gone."""
    kept = [await _ask(office, text) for text in IGUANAS]
    path = f"/console/gaps/answer?questions={'.'.join(str(id_) for _, id_ in kept)}"
    async with office.at_work(office.kaisa) as kaisa:
        kaisa.client.timeout = httpx.Timeout(60)  # scikit-learn is imported once, and the machine may be busy
        fields = await _form(kaisa, path)
        page = unescape((await kaisa.sees(path)).text)
        filled = {
            **fields,
            "answer": "Kysy työnantajalta.",
            "source_title": "Ruokavirasto",
            "source_url": "https://www.ruokavirasto.fi/iguaanit",
            "category": "hakeminen",
            "language": "fi",
            "questions": ".".join(str(id_) for _, id_ in kept),
        }
        masked = await kaisa.sends("/console/gaps", "/console/gaps/answer", **filled)
        async with office.store.write() as tx:
            await erasure.erase(tx, kept[2][0])
        after_erasure = await _form(kaisa, path)
        filled["phrasings"] = "Saako iguaanin tuoda töihin?\nvoiko iguaanin tuoda töihin"
        published = await kaisa.sends("/console/gaps", "/console/gaps/answer", act="publish", **filled)
        await _learned(office, 1)
        left = (await kaisa.sees("/console/gaps")).text
        proposed = (await kaisa.sees(path.replace("answer?", "phrasing?"))).text
    async with office.store.read() as read:
        gone = [question.gap for question in await questions.of(read, [id_ for _, id_ in kept])]
        whole = await audit.broken_at(read)
    entry = office.house.bookshelf.current.library.get("saako-iguaanin-tuoda-toihin")

    assert fields["title"] == "Saako iguaanin tuoda töihin?"
    assert fields["phrasings"].splitlines() == [
        IGUANAS[0],
        "voiko iguaanin tuoda töihin, soita [puhelinnumero peitetty]",
        IGUANAS[2],
    ]
    assert "‹ Takaisin: puutteet" in page
    assert (masked.status_code, "Poista henkilötiedot" in masked.text) == (422, True)
    assert HOSTILE not in after_erasure["phrasings"]
    assert published.status_code == 303
    assert entry is not None
    assert entry.phrasings["fi"] == ("Saako iguaanin tuoda töihin?", "voiko iguaanin tuoda töihin")
    assert gone == ["answered", "answered"]
    assert "Tältä ajalta ei ole kysymyksiä" in left
    assert 'value="saako-iguaanin-tuoda-toihin"' in proposed
    assert whole is None


@pytest.mark.parametrize("ids", ["", "x", "999999", "1" * 400, "-1"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_questions_that_are_not_there_make_no_form(office: Office, ids: str) -> None:
    """Erased meanwhile, or made up."""
    async with office.at_work(office.vaino) as vaino:
        assert (await vaino.sees(f"/console/gaps/phrasing?questions={ids}")).status_code == 404
