"""Versions of an answer: each can be read against the one before and taken up again, and an upgrade overwrites none."""

import re
import shutil
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from bot.bookshelf import Bookshelf
from bot.store.engine import Store
from bot.vault import Vault
from knowledge import library
from tests.admin.console.office import SMALL_FAQ, Office, Person, opened
from tests.admin.console.test_editing import history_of, published, save

EDITED, UPGRADED = "**Konsolissa muokattu.** Yksi sivu riittää.", "**Päivityksen tuoma.** Yksi sivu riittää."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of the FAQ that an upgrade may change."""
    return shutil.copytree(SMALL_FAQ, tmp_path / "faq")


@pytest.fixture
async def office(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path, folder: Path) -> AsyncIterator[Office]:
    """The console at work on them."""
    async with opened(store, vault, tmp_path, faq_cache, faq=folder) as office:
        yield office


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_upgrade_that_changes_an_edited_file_asks_which_and_loses_neither(
    office: Office, folder: Path, faq_cache: Path
) -> None:
    """Nothing edited is ever lost: neither by a restart, nor by a new file, nor by one more phrasing."""
    file = folder / "hakeminen" / "cv.md"
    shipped = file.read_text(encoding="utf-8")
    first_line = shipped.splitlines()[-1]
    async with office.at_work(office.kaisa) as kaisa:
        await save(kaisa, "cv", act="publish", anyway="yes", answer=EDITED)
        unasked = await _to_choose(kaisa)
        file.write_text(shipped.replace(first_line, UPGRADED), encoding="utf-8")
        restarted = Bookshelf(office.store, faq_cache, folder=folder)
        await restarted.refresh()
        await save(kaisa, "cv", act="publish", anyway="yes", phrasings="mite cv")
        asked = await _to_choose(kaisa)
        page = (await kaisa.sees("/console/faq/cv/fi/versions")).text
        kept = await _post(kaisa, "choose", part="answer", choice="edit")
        kept_answer, after_keeping = await _answer(office), await _to_choose(kaisa)

        file.write_text(shipped.replace(first_line, UPGRADED + " Uusin."), encoding="utf-8")
        asked_again = await _to_choose(kaisa)
        twice = [await _post(kaisa, "choose", part="answer", choice="file") for _ in range(2)]
        followed, after_following = await _answer(office), await _to_choose(kaisa)
        file.write_text(shipped, encoding="utf-8")
        later, after_all = await _answer(office), await _to_choose(kaisa)
        edit = next(version for version in await history_of(office, "cv") if EDITED in version.text)
        restored = await _post(kaisa, "restore", version=str(edit.id))
        history = [version.state for version in await history_of(office, "cv") if version.part == "answer"]

    assert restarted.current.library.by_id["cv"].answer == EDITED
    assert (unasked, asked, after_keeping) == ([], ["cv"], [])
    assert "Päivitys toi uuden tekstin: vastaus" in page
    assert "[poistettu: </span>Konsolissa<" in page
    assert "[lisätty: </span>Päivityksen<" in page
    assert (kept.status_code, kept_answer) == (303, EDITED)
    assert asked_again == ["cv"]
    assert [answer.status_code for answer in twice] == [303, 422]
    assert (followed, after_following) == (UPGRADED + " Uusin.", [])
    assert (later, after_all) == (first_line, [])
    assert (restored.status_code, await _answer(office)) == (303, EDITED)
    assert history == ["published", "file", "published"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_version_is_read_against_the_one_before_and_restored_over_nothing_unseen(office: Office) -> None:
    """Whoever brings back an old text must know what goes, and must not undo what a colleague has just done."""
    async with office.at_work(office.kaisa) as kaisa, office.at_work(office.vaino) as vaino:
        for number in range(3):
            text = f"**Ydin.** Sivuja saa olla {number}."
            await save(kaisa, "cv", act="publish", anyway="yes", answer=text, figures=str(number))
        history = await history_of(office, "cv")
        shown = (await kaisa.sees(f"/console/faq/cv/fi/versions?show={history[0].id}")).text
        base = _base((await vaino.sees("/console/faq/cv/fi/versions")).text)
        first = await _post(kaisa, "restore", version=str(history[-1].id))
        second = await _post(vaino, "restore", base=base, version=str(history[1].id))
        to_file = await _post(vaino, "restore", version="file-answer")
        odd = [await _post(vaino, "restore", version=version) for version in ("999", "file-x", "", "<b>")]
        pages = [
            (await kaisa.sees(f"/console/faq/cv/{path}")).status_code for path in ("sv/versions", "fi/versions?show=x")
        ]

    assert (first.status_code, second.status_code, to_file.status_code) == (303, 409, 303)
    assert "Joku muu tallensi tällä välin." in second.text
    assert "[poistettu: </span>1<" in shown
    assert "[lisätty: </span>2<" in shown
    assert [version.by for version in await history_of(office, "cv")] == ["Väinö", "Kaisa", "Kaisa", "Kaisa", "Kaisa"]
    assert "Konsolissa" not in await _answer(office)
    assert [answer.status_code for answer in odd] == [422] * 4
    assert pages == [200, 200]


async def _answer(office: Office) -> str:
    """The answer as the bot will read it after a restart."""
    return library.load(office.house.bookshelf.folder, await published(office)).by_id["cv"].answer


async def _to_choose(person: Person) -> list[str]:
    page = (await person.sees("/console/faq?state=changed")).text
    return re.findall(r'scope="row"><a href="/console/faq/([a-z-]+)"', page)


async def _post(person: Person, act: str, **fields: str):  # type: ignore[no-untyped-def]
    page = "/console/faq/cv/fi/versions"
    fields = {"base": _base((await person.sees(page)).text), **fields}
    return await person.sends("/console/password", f"/console/faq/cv/fi/{act}", **fields)


def _base(page: str) -> str:
    found = re.search(r'name="base" value="([^"]*)"', page)
    return unescape(found[1]) if found else ""
