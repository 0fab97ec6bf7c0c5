"""A new answer from nothing, and one taken out of use: neither surprises an asker, and nothing is lost."""

import re
import shutil

import pytest
from sqlalchemy import select

from admin.exporting import export
from bot.store import revisions
from bot.store.schema import audit
from knowledge import library
from knowledge.entry import Entry
from tests.admin.console.office import Office, Person
from tests.admin.console.test_editing import HOSTILE, history_of, published, save

NEW = {"title": "Saanko ottaa koiran töihin?", "category": "hakeminen", "advisor": "tyovoimaneuvoja", "id": ""}
ID = "saanko-ottaa-koiran-toihin"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_new_answer_begins_as_a_draft_and_ends_out_of_use_and_comes_back(office: Office) -> None:
    """From the first word to the last, the bot uses what was published and nothing else."""
    async with office.at_work(office.kaisa) as kaisa:
        made = await kaisa.sends("/console/faq-new", "/console/faq-new", **NEW)
        again = await kaisa.sends("/console/faq-new", "/console/faq-new", **NEW)
        page = (await kaisa.sees(f"/console/faq/{ID}")).text
        held = await save(kaisa, ID, act="publish", anyway="yes")
        source = {
            "source_1_title": "Työsuojelu",
            "source_1_url": "https://tyosuojelu.fi",
            "source_1_checked": "2026-11-24",
        }
        written = {"answer": "**Kysy työnantajalta.** Hän päättää.", "phrasings": "saaks hauvan tuoda duuniin"}
        done = await save(kaisa, ID, act="publish", anyway="yes", **source, **written)
        in_use = await _ids(office)
        withdrawn = await _withdraw(kaisa)
        without = await _ids(office)
        listed = (await kaisa.sees("/console/faq?state=withdrawn")).text
        versions = f"/console/faq/{ID}/fi/versions"
        base = re.search(r'name="base" value="([^"]*)"', (await kaisa.sees(versions)).text)
        answer = next(
            version
            for version in await history_of(office, ID)
            if version.state == "published" and version.part == "answer"
        )
        assert base is not None
        back = await kaisa.sends(versions, f"/console/faq/{ID}/fi/restore", base=base[1], version=str(answer.id))

    assert (made.status_code, made.headers["location"]) == (303, f"/console/faq/{ID}/fi?done=made")
    assert again.status_code == 422
    assert "Tämä tunnus on jo toisella vastauksella." in again.text
    assert "Tästä on vasta luonnos." in page
    assert (held.status_code, done.status_code) == (422, 303)
    assert (withdrawn.status_code, back.status_code) == (303, 303)
    assert (ID in in_use, ID in without, ID in await _ids(office)) == (True, False, True)
    assert f'href="/console/faq/{ID}"' in listed
    assert [act for act in await _acts(office) if "answer" in act] == [
        "draft answer", "publish answer", "withdraw answer", "publish answer",
    ]  # fmt: skip
    restored = library.load(office.house.bookshelf.folder, await published(office)).by_id[ID]
    assert restored.phrasings["fi"] == ("saaks hauvan tuoda duuniin",)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_answer_that_must_exist_or_is_led_to_stays_in_use(office: Office) -> None:
    """All the topics must be answered, and a button under an answer must lead somewhere."""
    async with office.at_work(office.saara) as saara:
        await saara.sends("/console/faq-new", "/console/faq-new", **NEW)
        source = {"source_1_title": "Kela", "source_1_url": "https://kela.fi", "source_1_checked": "2026-11-24"}
        await save(saara, ID, act="publish", anyway="yes", **source, answer="**Kysy.**", phrasings="saaks koiran tuoda")
        await save(saara, "cv", act="publish", anyway="yes", related_1=ID)
        led_to = await _withdraw(saara)
        topic = await _withdraw(saara, "asumistuki")
        stale = await saara.sends("/console/faq-new", f"/console/faq/{ID}/withdraw", base="old")
        odd = {"title": HOSTILE, "category": HOSTILE, "advisor": "x", "id": "../x"}
        refused = await saara.sends("/console/faq-new", "/console/faq-new", **odd)

    assert [answer.status_code for answer in (led_to, topic, stale, refused)] == [422, 422, 409, 422]
    assert "nämä vastaukset ohjaavat tähän" in led_to.text
    assert 'href="/console/faq/cv/fi"' in led_to.text
    assert "joihin palvelussa on aina oltava vastaus" in topic.text
    assert "<img src=x" not in refused.text
    assert {ID, "asumistuki"} <= await _ids(office)
    async with office.store.read() as read:
        assert [version.entry_id for version in await revisions.drafts(read)] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_one_translation_is_taken_out_of_use_and_comes_back(office: Office) -> None:
    """A wrong Swedish answer must go at once, and take neither the Finnish one nor the Swedish ways of asking along."""
    page, swedish = "/console/faq/cv/sv", {"title": "Hur gör jag ett CV?", "answer": "**Börja med att skriva upp.**"}
    async with office.at_work(office.saara) as saara:
        await save(saara, "cv", language="sv", act="publish", anyway="yes", **swedish)
        offered = (await saara.sees(page)).text
        base = re.findall(r'name="base" value="([^"]*)"', offered)[-1]
        in_use = (await _entry(office)).translations.keys()
        stale = await saara.sends(page, f"{page}/withdraw", base="old")
        done = await saara.sends(page, f"{page}/withdraw", base=base)
        again = await saara.sends(page, f"{page}/withdraw", base=base)
        without = await _entry(office)
        after = (await saara.sees(page)).text
        exported: list[str] = []
        shutil.copytree(office.house.bookshelf.folder, folder := office.house.settings.data_dir / "faq")
        (folder / "hakeminen" / "cv.sv.md").write_text("---\ntitle: Gammal\n---\nGammal.\n", encoding="utf-8")
        async with office.store.read() as read:
            export(folder, await revisions.settled(read), exported.append, base=office.house.bookshelf.folder)
        finnish = await saara.sends(page, "/console/faq/cv/fi/withdraw", base=base)
        answer = next(each for each in await history_of(office, "cv") if each.state == "published")
        versions = (await saara.sees(f"{page}/versions")).text
        token = re.search(r'name="base" value="([^"]*)"', versions)
        assert token is not None
        await saara.sends(page, f"{page}/restore", base=token[1], version=str(answer.id))

    assert [each.status_code for each in (stale, done, again, finnish)] == [409, 303, 409, 404]
    assert ("Ota käännös pois käytöstä" in offered, "Ota käännös pois käytöstä" in after) == (True, False)
    assert (set(in_use), set(without.translations)) == ({"sv"}, set())
    assert without.phrasings["sv"]
    assert exported == ["hakeminen/cv.sv.md: removed, this translation is out of use"]
    assert 'value="Hur gör jag ett CV?"' not in after
    assert set((await _entry(office)).translations) == {"sv"}
    assert "withdraw answer" in await _acts(office)


async def _entry(office: Office) -> Entry:
    return library.load(office.house.bookshelf.folder, await published(office)).by_id["cv"]


async def _ids(office: Office) -> set[str]:
    return set(library.load(office.house.bookshelf.folder, await published(office)).by_id)


async def _acts(office: Office) -> list[str]:
    async with office.store.read() as read:
        return list((await read.execute(select(audit.c.act).order_by(audit.c.id))).scalars())


async def _withdraw(person: Person, entry_id: str = ID):  # type: ignore[no-untyped-def]
    """As its page offers it; of a topic, whose page doesn't, with the token of its editor."""
    page = (await person.sees(f"/console/faq/{entry_id}")).text + (
        await person.sees(f"/console/faq/{entry_id}/fi")
    ).text
    base = re.search(r'name="base" value="([^"]*)"', page)
    return await person.sends("/console/password", f"/console/faq/{entry_id}/withdraw", base=base[1] if base else "")
