"""Reply templates: shared, filled in for whoever is written to, and written over by nobody unread."""

import re
from html import unescape

import pytest
from sqlalchemy import select, update

from admin import reply_templates as shipped_ones
from admin.console.variables import VARIABLES, fill, unknown_in
from bot.store import reply_templates
from bot.store.schema import asker, audit
from knowledge.entry import LANGUAGES
from tests.admin.console.office import Office
from tests.admin.console.test_suggestions import _box, _suggested
from tests.admin.console.test_tickets import HOSTILE

PAGE = "/console/templates"


def _fields(html: str) -> list[str]:
    """What stands in the three texts of the form."""
    return [unescape(text) for text in re.findall(r'<textarea id="text_\w\w"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)]


async def _written(office: Office, name: str, **texts: str) -> str:
    """A template of Väinö's; its id."""
    async with office.store.write() as tx:
        return await reply_templates.add(tx, name, texts, office.vaino.id, office.clock())  # type: ignore[arg-type]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_template_is_written_once_and_filled_in_for_each_asker(office: Office) -> None:
    """In the asker's language, with their alias and the name of whoever answers; and all of it can be changed."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.store.write() as tx:
        await tx.execute(update(asker).values(alias="Kettu {ohjaaja}", language="sv"))
    async with office.at_work(office.vaino) as vaino:
        added = await vaino.sends(
            PAGE,
            PAGE,
            name=" Moi  taas ",
            text_fi="Moi!",
            text_sv="Hej { Nimimerkki }! {aukiolo}. {palvelu}",
            text_en=" ",
        )
    async with office.store.read() as read:
        (template,) = await reply_templates.everything(read)
        acts = {row.act for row in await read.execute(select(audit.c.act))}
    token = f"template {template.id}"
    async with office.at_work(office.saara) as saara:
        offered = _suggested((await saara.sees(page)).text)
        put = await saara.sends(page, f"{page}/suggestions", key="abcdefgh", text="", insert=token)
        listed = (await saara.sees(PAGE)).text

    assert added.headers["location"] == f"{PAGE}?done=added"
    assert (template.name, template.texts) == (
        "Moi taas",
        {"fi": "Moi!", "sv": "Hej { Nimimerkki }! {aukiolo}. {palvelu}"},
    )
    assert offered[token] == "Hej Kettu {ohjaaja}! mån–tors kl. 9–16, fre kl. 9–15. Otappa koppi"
    assert _box(put.text) == offered[token]
    assert "template added" in acts
    assert "<bdi>Moi taas</bdi>" in listed
    assert "suomi, ruotsi" in listed


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(office: Office) -> None:
    """A variable that nobody fills would stand in braces before an asker; an identity code before all of them."""
    await _written(office, "Moi", fi="Moi")
    attempts = {
        ">{nimi}<": {"name": "A", "text_fi": "Hei {nimi} ja {ohjaaja}, {x y}"},
        "ainakin yhdellä kielellä": {"name": "A", "text_fi": " "},
        "Tämä puuttuu.": {"name": " ", "text_fi": "Moi"},
        "jo toinen pohja": {"name": "Moi", "text_fi": "Moi"},
        "enintään 80 merkkiä": {"name": "a" * 81, "text_fi": "Moi"},
        "enintään 4000 merkkiä": {"name": "A", "text_en": "😭" * 2001},
        "henkilötunnus tai tilinumero": {"name": "A", "text_sv": "131052-308T"},
    }
    async with office.at_work(office.vaino) as vaino:
        for said, form in attempts.items():
            answer = await vaino.sends(PAGE, PAGE, **form)

            assert (answer.status_code, said in answer.text) == (422, True)
            assert _fields(answer.text) == [form.get(f"text_{language}", "") for language in LANGUAGES]
    async with office.store.read() as read:
        assert [template.name for template in await reply_templates.everything(read)] == ["Moi"]


async def test_two_who_change_the_same_template_both_keep_their_words(office: Office) -> None:
    """The second sees what the first has made of it before their own takes its place."""
    template_id = await _written(office, "Moi", fi="Moi")
    path = f"{PAGE}/{template_id}"
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        first = await vaino.sends(path, path, name="Moi", text_fi="Väinön sanat", version="1")
        second = await saara.sends(path, path, name="Moi", text_fi="Saaran sanat", version="1")
        unread = await saara.sends(path, f"{path}/remove", version="1")
        again = await saara.sends(path, path, name="Moi", text_fi="Saaran sanat", version="2")
        faulty = await vaino.sends(path, path, name="", text_fi="Kolmannet", version="2")
        gone = await vaino.sends(path, f"{path}/remove", version="3")
        late = await saara.sends(PAGE, path, name="Uusi", text_fi="Neljännet", version="3")
    async with office.store.read() as read:
        left = await reply_templates.everything(read)

    assert [answer.status_code for answer in (first, second, unread, again, faulty, gone, late)] == [
        303, 409, 409, 303, 422, 303, 409,
    ]  # fmt: skip
    assert "<bdi>Väinö</bdi> muutti tätä sillä välin" in second.text
    assert "Väinön sanat</dd>" in second.text
    assert _fields(second.text)[0] == "Saaran sanat"
    assert 'name="version" value="2"' in second.text
    assert "eikä mitään poistettu" in unread.text
    assert 'name="version" value="2"' in faulty.text
    assert _fields(late.text)[0] == "Neljännet"
    assert "Joku poisti pohjan sillä välin." in late.text
    assert left == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_whatever_a_template_says_is_only_text(office: Office) -> None:
    """One advisor's text stands on every other's page."""
    hostile = "\n".join(text for text in HOSTILE if "{" not in text)
    async with office.at_work(office.vaino) as vaino:
        await vaino.sends(PAGE, PAGE, name='"><script>alert(1)</script>', text_fi=hostile)
        refused = (await vaino.sends(PAGE, PAGE, name="A", text_fi="{<script>alert(1)</script>}")).text
        async with office.store.read() as read:
            (template,) = await reply_templates.everything(read)
        listed = (await vaino.sees(PAGE)).text
        page = (await vaino.sees(f"{PAGE}/{template.id}")).text
        ticket = (await vaino.sees(f"/console/tickets/{await office.ticket()}")).text

    assert _fields(page)[0] == template.texts["fi"]
    assert _suggested(ticket)[f"template {template.id}"] == template.texts["fi"]
    for html in (refused, listed, page, ticket):
        for tag in ("<script>", "<img src=x", "<svg/", "</textarea><"):
            assert tag not in html


async def test_a_new_service_begins_with_some_and_what_is_removed_stays_so(office: Office) -> None:
    """They come back neither at the next start nor from another process."""
    for _ in range(2):
        await shipped_ones.ship(office.house)
    async with office.store.read() as read:
        begun = await reply_templates.everything(read)
    async with office.store.write() as tx:
        for template in begun:
            await reply_templates.remove(tx, template.id, template.version)
    await shipped_ones.ship(office.house)
    async with office.store.read() as read:
        left = await reply_templates.everything(read)

    assert sorted(template.name for template in begun) == sorted(name for name, _ in shipped_ones.shipped())
    assert left == []


def test_what_is_shipped_is_true_of_any_municipality() -> None:
    """No sum, number or address that would be another elsewhere; each in every language, with known variables."""
    for name, texts in shipped_ones.shipped():
        assert set(texts) == set(LANGUAGES), name
        for text in texts.values():
            assert not re.search(r"\d|https?:|@", text), name
            assert unknown_in(text) == [], name
            assert "{" not in fill(text, dict.fromkeys(VARIABLES, "x")), name


def test_braces_that_name_nothing_are_left_alone() -> None:
    """What stands in the asker's alias or in a note on a form must not be taken for a variable."""
    values = {"ohjaaja": "{nimimerkki}", "nimimerkki": "Kettu 482"}

    assert fill("{ { } {} {nimi} {ohjaaja} {OHJAAJA}", values) == "{ { } {} {nimi} {nimimerkki} {nimimerkki}"
    assert unknown_in("{ohjaaja} {nimi} {nimi} {} {\n}") == ["{nimi}", "{}"]
