"""The editor of answers: what is written is kept, checked, shown as askers see it, and overwrites nothing unseen."""

import asyncio
import re
from html import unescape
from typing import Any

import httpx
import pytest

from bot.channels.markup import as_telegram_html
from bot.conversation import answer_text
from bot.store import revisions
from bot.store.revisions import Version
from knowledge import library
from knowledge.entry import Entry
from tests.admin.console.forms import fields_of
from tests.admin.console.office import Office, Person

HOSTILE = "\"'><img src=x onerror=alert(1)></textarea><script>alert(1)</script>[x](javascript:alert(1))"


async def test_an_answer_is_drafted_then_published_and_only_what_changed_is_changed(office: Office) -> None:
    """A half-finished thought must reach no asker, a published one every asker, and git a diff one can read."""
    file = library.file_text(office.house.bookshelf.folder, "cv", "fi", "answer")
    assert file is not None
    async with office.at_work(office.kaisa) as kaisa:
        drafted = await save(kaisa, "cv", act="draft", title="Miten teen hyvän CV:n?")
        await save(kaisa, "cv", act="draft", answer="**CV:ssä kerrot, mitä osaat.** Kaksi sivua riittää.")
        listed = (await kaisa.sees("/console/faq?state=draft")).text
        unpublished = await published(office)
        held = await save(kaisa, "cv", act="publish")
        done = await save(kaisa, "cv", act="publish", anyway="yes")
        await _learned(office, 1)
        page = (await kaisa.sees("/console/faq/cv")).text
        again = fields_of((await kaisa.sees("/console/faq/cv/fi")).text, "editor")
    entry = office.house.bookshelf.current.library.by_id["cv"]
    history = await history_of(office, "cv")

    assert (drafted.status_code, held.status_code, done.status_code) == (303, 422, 303)
    assert '<span class="tag">luonnos</span>' in listed
    assert unpublished == []
    assert "Vastauksessa on 7 sanaa. Hyvässä on 60–160." in held.text
    assert (entry.title, entry.answer) == (
        "Miten teen hyvän CV:n?",
        "**CV:ssä kerrot, mitä osaat.** Kaksi sivua riittää.",
    )
    assert (await published(office))[0].text == file.replace(
        "Miten teen CV:n?\n", "Miten teen hyvän CV:n?\n", 1
    ).replace("Yksi sivu", "Kaksi sivua")
    assert [(version.state, version.by) for version in history] == [
        ("published", "Kaisa"), ("replaced", "Kaisa"), ("replaced", "Kaisa"),
    ]  # fmt: skip
    assert "Miten teen hyvän CV:n?" in page
    assert again["title"] == "Miten teen hyvän CV:n?"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_two_editors_can_not_overwrite_each_other(office: Office) -> None:
    """The later one reads what the earlier one changed, and loses no word of their own."""
    async with office.at_work(office.vaino) as vaino, office.at_work(office.kaisa) as kaisa:
        opened = fields_of((await vaino.sees("/console/faq/cv/fi")).text, "editor")
        lines = opened["phrasings"].splitlines()
        theirs = "\n".join([*lines[1:], "mite sellane cv rustataa"])
        await save(kaisa, "cv", act="publish", anyway="yes", answer="**Kaisan sana.**", phrasings=theirs)
        mine = {"answer": "**Väinön sana.**", "phrasings": "\n".join([*lines, "teekkö sää cv:n mun puolesta"])}
        looked = fields_of((await save(vaino, "cv", opened, act="preview", **mine)).text, "editor")
        refused = await save(vaino, "cv", looked, act="publish", anyway="yes")
        between = await published(office)
        merged = fields_of(refused.text, "editor")
        accepted = await save(vaino, "cv", merged, act="publish", anyway="yes")
        draft = fields_of((await kaisa.sees("/console/faq/cv/fi")).text, "editor")
        await save(vaino, "cv", act="draft", title="Väinön otsikko")
        late_draft = await save(kaisa, "cv", draft, act="draft", title="Kaisan otsikko")
        late_discard = await save(kaisa, "cv", draft, act="discard")
    now = {(edit.part): edit.text for edit in await published(office)}
    history = await history_of(office, "cv")

    assert refused.status_code == 409
    assert "<strong>Joku muu tallensi tällä välin.</strong>" in refused.text
    assert "Kaisan sana" in refused.text
    assert [edit.text for edit in between if edit.part == "answer"][0].endswith("**Kaisan sana.**\n")  # noqa: RUF015
    assert merged["answer"] == "**Väinön sana.**"
    assert merged["phrasings"].splitlines() == [*lines[1:], "teekkö sää cv:n mun puolesta", "mite sellane cv rustataa"]
    assert accepted.status_code == 303
    assert now["answer"].endswith("**Väinön sana.**\n")
    assert (late_draft.status_code, late_discard.status_code) == (409, 409)
    assert [version.by for version in history if version.state == "draft"] == ["Väinö"]
    assert any(version.text.endswith("**Kaisan sana.**\n") for version in history)


async def test_both_saving_at_one_moment_lose_nothing(office: Office) -> None:
    """Whoever comes second by a millisecond is told so, too."""
    async with office.at_work(office.vaino) as vaino, office.at_work(office.kaisa) as kaisa:
        opened = [fields_of((await person.sees("/console/faq/cv/fi")).text, "editor") for person in (vaino, kaisa)]
        answers = await asyncio.gather(
            save(vaino, "cv", opened[0], act="draft", title="Väinön otsikko"),
            save(kaisa, "cv", opened[1], act="draft", title="Kaisan otsikko"),
        )
    history = await history_of(office, "cv")

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert [version.state for version in history] == ["draft"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_each_fault_stands_at_its_field_and_nothing_written_is_lost(office: Office) -> None:
    """What `koppi knowledge check` would find on the day the edit comes home is found before an asker reads it."""
    faulty = {
        "title": "",
        "answer": "Alku ilman lihavointia 37,21 €. # <b>x</b> [a](b)",
        "figures": "99 €",
        "source_1_url": "kela.fi",
        "source_2_title": "Toinen",
        "review_by": "ensi vuonna",
        "season": "13",
        "related_1": "ei-ole",
        "place_1": "ei-paikkaa",
        "category": "",
        "advisor": "yllapitaja",
        "phrasings": "Miten haen asumistukea?\n" + "a" * 601,
    }
    async with office.at_work(office.saara) as saara:
        unreadable = await save(saara, "cv", act="publish", anyway="yes", **faulty)
        readable = faulty | {
            "title": "CV", "source_1_url": "https://kela.fi", "source_2_title": "", "review_by": "2030-01-01",
            "season": "5", "related_1": "", "place_1": "", "category": "hakeminen", "advisor": "tyovoimaneuvoja",
            "phrasings": "miten haen asumistukea\nihan oma tapa kysyä tätä",
        }  # fmt: skip
        badly_written = await save(saara, "cv", act="publish", anyway="yes", **readable)
        too_long = await save(saara, "cv", act="draft", answer="a" * 5000)
    at = _faults(unreadable.text)

    assert unreadable.status_code == badly_written.status_code == 422
    assert {name: said for name, said in at.items() if name != "phrasings"} == {
        "title": "Kirjoita yhdelle riville, enintään 200 merkkiä.",
        "source_1_url": "Kirjoita sivun koko osoite: se alkaa https://",
        "source_2_checked": "Kirjoita päivä, esimerkiksi 2027-05-21.",
        "review_by": "Kirjoita päivä, esimerkiksi 2027-05-21.",
        "season": "Kirjoita kuukaudet numeroina 1–12, esimerkiksi 5, 6, 8.",
        "advisor": "Valitse yksi.",
        "category": "Valitse yksi.",
        "source_2_url": "Kirjoita sivun koko osoite: se alkaa https://",
    }  # fmt: skip
    assert "Yksi tapa kysyä on enintään 600 merkkiä." in at["phrasings"]
    kept = fields_of(unreadable.text, "editor")
    assert [name for name in faulty if kept[name] != faulty[name]] == ["advisor"]  # a list can't hold what isn't in it
    at = _faults(badly_written.text)
    assert "Vastauksessa on 37,21, mutta luettelossa ei." in at["figures"]
    assert "Luettelossa on 99 €, mutta vastauksessa ei." in at["figures"]
    assert "Linkki [a](b) ei toimi." in at["answer"]
    assert "Aloita vastauksen ytimellä **lihavoituna**. (suositus)" in at["answer"]
    assert "Enintään 24 kuukautta siitä" in at["review_by"]
    assert "Rivi 1: Liian samanlainen kuin" in at["phrasings"]
    assert 'name="anyway"' not in badly_written.text
    assert too_long.status_code == 422
    assert await history_of(office, "cv") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_translation_stands_beside_the_finnish_and_follows_it(office: Office) -> None:
    """A stale sum is worse than a sum in another language; a translation read again is in use again."""
    swedish = {"title": "Hur gör jag ett CV?", "answer": "**I ditt CV berättar du vad du kan.** En sida räcker."}
    finnish = "**CV:ssä kerrot, mitä osaat.** Kolme sivua riittää."
    async with office.at_work(office.kaisa) as kaisa:
        made = await save(kaisa, "cv", language="sv", act="publish", anyway="yes", **swedish)
        first = await _entry(office, "cv")
        await save(kaisa, "cv", act="publish", anyway="yes", answer=finnish)
        outdated = await _entry(office, "cv")
        page = (await kaisa.sees("/console/faq/cv/sv")).text
        asked = {"phrasings": "hur då?\nhur skriver man", "act": "publish", "anyway": "yes"}
        unread = await save(kaisa, "cv", language="sv", **asked)
        still = await _entry(office, "cv")
        read = await save(kaisa, "cv", language="sv", act="publish", anyway="yes", reread="yes")
        last = await _entry(office, "cv")

    assert (made.status_code, unread.status_code, read.status_code) == (303, 303, 303)
    assert first.text("sv") == (swedish["title"], swedish["answer"], "sv")
    assert outdated.text("sv")[2] == still.text("sv")[2] == "fi"
    assert "Suomenkielinen vastaus on muuttunut tämän käännöksen jälkeen." in page
    assert "[poistettu: </span>Yksi<" in page
    assert still.phrasings["sv"] == ("hur då?", "hur skriver man")
    assert last.text("sv") == first.text("sv")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_preview_is_what_an_asker_gets(office: Office) -> None:
    """A preview made by other code would one day differ from the real thing."""
    async with office.at_work(office.saara) as saara:
        page = (await saara.sees("/console/faq/asumistuki/fi")).text
        live = (await save(saara, "asumistuki", act="live", answer="**Uusi.** Soita 116 117.")).text
        hostile = await save(
            saara,
            "asumistuki",
            act="preview",
            **dict.fromkeys(
                ("title", "answer", "figures", "phrasings", "season", "source_1_title", "related_1"), HOSTILE
            ),
        )
    books = office.house.bookshelf.current.library
    real = answer_text(books.by_id["asumistuki"], books.places, "fi")

    shown = unescape(re.search(r'class="as-telegram".*?<div class="bubble">(.*?)</div>', page, re.DOTALL)[1])  # type: ignore[index]
    assert re.sub(r' (target|rel)="[^"]*"', "", shown) == unescape(as_telegram_html(real))
    assert "Auttoi" in re.search(r'class="keys">(.*?)</ul>', page, re.DOTALL)[1] or "Kyllä" in page  # type: ignore[index]
    assert "<b>Uusi.</b> Soita 116 117." in live
    assert '<a href="tel:116117">116 117</a>' in live
    assert hostile.status_code == 200
    for raw in ("<img src=x", "<script>alert", 'href="javascript:'):
        assert raw not in hostile.text
    assert await history_of(office, "asumistuki") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_is_not_there_is_not_found(office: Office) -> None:
    """An address made up leads nowhere, and makes nothing."""
    async with office.at_work(office.kaisa) as kaisa:
        found = [
            (await kaisa.sees(f"/console/faq/{path}")).status_code for path in ("nope/fi", "cv/de", "cv%00/fi", "CV/fi")
        ]
        odd = await save(kaisa, "cv", act="explode")

    assert found == [404] * 4
    assert odd.status_code == 422


async def save(
    person: Person, entry_id: str, fields: dict[str, str] | None = None, *, language: str = "fi", **changes: str
) -> httpx.Response:
    """Send the editor's form, as it opens or with *fields*, with these changes."""
    path = f"/console/faq/{entry_id}/{language}"
    if fields is None:
        fields = fields_of((await person.sees(path)).text, "editor")
    return await person.client.post(path, data={**fields, **changes})


async def _entry(office: Office, entry_id: str) -> Entry:
    """The entry as the bot will read it."""
    return library.load(office.house.bookshelf.folder, await published(office)).by_id[entry_id]


async def published(office: Office) -> list[Any]:
    async with office.store.read() as read:
        return await revisions.published(read)


async def history_of(office: Office, entry_id: str) -> list[Version]:
    async with office.store.read() as read:
        return await revisions.history(read, entry_id)


async def _learned(office: Office, number: int) -> None:
    """Return once the FAQ is in use up to this edit."""
    async with asyncio.timeout(30):
        while office.house.bookshelf.number < number:
            with office.store.hub.subscribe("bookshelf") as news:
                await news.wait(0.5)


def _faults(html: str) -> dict[str, str]:
    """What stands at each field, as read."""
    found = re.findall(r'<ul class="fault" id="fault-(\w+)">(.*?)</ul>', html, re.DOTALL)
    return {name: " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split()) for name, text in found}
