"""The calendar of tips: written by leaders, read by all, and nothing approved that the bot can't answer."""

import html
import re
from datetime import date, timedelta

import pytest

from bot.store import schema, tips
from tests.admin.console.office import Office

PAGE = "/console/tips"
THIS_WEEK, NEXT_WEEK = "2026-11-23", "2026-11-30"
ANSWERED = "Miten teen CV:n?"
HOSTILE = "<script>alert(1)</script> **x** [y](javascript:alert(1))"


def _seen(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def test_a_tip_is_written_approved_changed_and_read_by_all(office: Office) -> None:
    """What it ends with must be answered; nobody's change is written over; who only reads has no form."""
    form = {"monday": NEXT_WEEK, "text_fi": "Tee CV tänään.", "question_fi": ANSWERED}
    async with office.at_work(office.kaisa) as kaisa, office.at_work(office.vaino) as vaino:
        empty = (await kaisa.sees(PAGE)).text
        odd = {**form, "monday": "2026-11-25", "text_sv": HOSTILE + "x" * 400, "approved": "on"}
        refused = await kaisa.sends(PAGE, PAGE, **odd | {"question_fi": "Syökö iguaani banaania?"})
        drafted = await kaisa.sends(PAGE, PAGE, **form | {"question_fi": "Syökö iguaani banaania?", "text_fi": HOSTILE})
        path = drafted.headers["location"].partition("?")[0]
        draft = (await kaisa.sees(path)).text
        again = await kaisa.sends(PAGE, PAGE, **form)
        changed = await kaisa.sends(path, path, **form, version="1", approved="on")
        stale = await kaisa.sends(path, path, **form | {"text_fi": "Vanha ajatus."}, version="1")
        read = [(await vaino.sees(where)).text for where in (PAGE, path)]
        gone = await kaisa.sends(path, f"{path}/remove", version="2")
    async with office.store.read() as read_store:
        acts = [row.act for row in await read_store.execute(schema.audit.select())]
        left = await tips.everything(read_store)

    assert "Tälle viikolle ei ole valmista vinkkiä" in _seen(empty)
    assert refused.status_code == 422
    for words in ("Valitse viikko.", "Tämä on liian pitkä.", "Tämä puuttuu.", "Tähän botti ei osaa vastata varmasti."):
        assert words in _seen(refused.text), words
    assert "<script>alert" not in refused.text + draft
    assert not re.search(r'href="javascript', draft)
    assert "Botti ei osaa vastata tähän varmasti." in _seen(draft)
    assert (again.status_code, "on jo vinkki" in again.text) == (422, True)
    assert changed.status_code == 303
    assert (stale.status_code, "Vanha ajatus." in stale.text, "Tee CV tänään." in stale.text) == (409, True, True)
    assert all("Tee CV tänään." in page and "valmis lähtemään" in page for page in read)
    assert 'href="/console/faq/cv"' in read[0]
    assert not any('action="/console/tips' in page for page in read)
    assert (gone.headers["location"], left) == (f"{PAGE}?done=removed", [])
    assert acts == ["tip added", "tip changed", "tip removed"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_came_of_a_tip_stands_beside_it_without_telling_of_few(office: Office) -> None:
    """Of two who tapped a colleague might guess who; and what has been sent is neither moved nor taken away."""
    texts, questions = {"fi": "Tee CV tänään."}, {"fi": ANSWERED}
    async with office.store.write() as tx:
        tip_id = await tips.add(
            tx, date.fromisoformat(THIS_WEEK), texts, questions, office.kaisa.id, office.clock(), is_approved=True
        )
        firsts = ("first_of_day", "first_of_week", "first_of_month", "first_of_year")
        flags = dict.fromkeys(("in_office_hours", *firsts, "is_returning"), True)
        moment = {"at": office.clock(), "local_day": date.fromisoformat(THIS_WEEK), "local_hour": 15}
        who = {"channel": "web", "language": "fi", "topic": tip_id}
        kinds = ["tip_sent"] * 6 + ["tip_tapped"] * 2
        await tx.execute(schema.event.insert(), [{"kind": kind, **moment, **flags, **who} for kind in kinds])
    office.clock.advance(timedelta(hours=8))
    path = f"{PAGE}/{tip_id}"
    async with office.at_work(office.kaisa) as kaisa:
        page = (await kaisa.sees(path)).text
        moved = await kaisa.sends(
            path, path, monday=NEXT_WEEK, text_fi="x", question_fi=ANSWERED, approved="on", version="1"
        )
        removed = await kaisa.sends(path, f"{path}/remove", version="1")
        office.clock.advance(timedelta(days=7))
    async with office.at_work(office.kaisa) as kaisa:
        listed = (await kaisa.sees(PAGE)).text

    assert "Meni perille 6 Painoi kysymystä alle 5 Kysyi muuta 0 Lopetti 0" in _seen(page)
    assert "Muutos näkyy vain niille, jotka eivät ole vielä saaneet sitä." in _seen(page)
    assert f"{path}/remove" not in page
    assert (moved.status_code, "on jo lähtenyt" in moved.text) == (422, True)
    assert removed.status_code == 409
    assert "vk 48/2026 Tee CV tänään. Meni perille 6 Painoi kysymystä alle 5" in _seen(listed)
