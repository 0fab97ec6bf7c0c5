"""From a reply to the FAQ: what is published holds, overwrites nothing unseen, and the bot answers by it."""

import asyncio
import re
from html import unescape

import pytest
from sqlalchemy import delete, select, update

from admin.console import learning
from bot.store import conversations, revisions, tickets
from bot.store.schema import asker, entry_revision, message
from tests.admin.console.office import Office, Person

QUESTION = "Saako iguaanin tuoda töihin?"


async def _form(person: Person, page: str) -> dict[str, str]:
    """What a form is filled with when it opens."""
    html = (await person.sees(page)).text
    fields = dict(re.findall(r'<input id="\w+" name="(\w+)"[^>]*? value="([^"]*)"', html))
    fields |= dict(re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL))
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return {name: unescape(value) for name, value in fields.items()}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_one_click_fills_the_whole_form_but_the_source(office: Office) -> None:
    """The work is done already: only where it can be checked must be added."""
    ticket_id = await office.answered_ticket("moi! " + QUESTION + " Pomo sanoo ei.")
    async with office.at_work(office.vaino) as vaino:
        fields = await _form(vaino, f"/console/tickets/{ticket_id}/answer")

    assert fields == {
        "title": "Moi?",
        "id": "moi",
        "category": "hakeminen",
        "advisor": "tyovoimaneuvoja",
        "phrasings": "moi! Saako iguaanin tuoda töihin? Pomo sanoo ei.",
        "answer": "Saa, jos työnantaja suostuu.",
        "review_by": "2027-05-25",
        "source_title": "",
        "source_url": "",
        "source_title_2": "",
        "source_url_2": "",
        "figures": "",
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_was_said_in_swedish_is_shown_beside_the_finnish_answer_and_never_put_into_it(
    office: Office,
) -> None:
    """Published in haste, a Swedish reply would be what every asker gets as the Finnish answer."""
    question, reply = "Får jag ta med min leguan till jobbet?", "Ja, om arbetsgivaren går med på det."
    ticket_id = await office.ticket(question)
    async with office.store.write() as tx:
        await tx.execute(update(asker).values(language="sv"))
    await office.desk.reply(office.vaino, ticket_id, reply, "a-key", office.clock())
    async with office.at_work(office.vaino) as vaino:
        page = f"/console/tickets/{ticket_id}/answer"
        fields, html = await _form(vaino, page), (await vaino.sees(page)).text

    assert {name: fields[name] for name in ("title", "id", "answer", "phrasings")} == {
        "title": "", "id": "", "answer": "", "phrasings": question,
    }  # fmt: skip
    assert f'<blockquote lang="sv" dir="auto">{reply}</blockquote>' in unescape(html)
    assert "Ohjaaja vastasi ruotsiksi" in html


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_published_answer_is_in_use_within_seconds(office: Office) -> None:
    """Published means that the bot knows it, and the page says when it does."""
    async with office.at_work(office.vaino) as vaino:
        answer = await _publish(office, vaino)
        before = office.house.bookshelf.current.library.get("saako-iguaanin-tuoda-toihin")
        await _learned(office, 1)
        page = await vaino.sees(answer.headers["location"])
    entry = office.house.bookshelf.current.library.get("saako-iguaanin-tuoda-toihin")

    assert answer.status_code == 303
    assert entry is not None
    assert before in (None, entry)
    assert (entry.title, entry.answer) == ("Saako iguaanin tuoda töihin?", "Saa, jos työnantaja suostuu.")
    assert entry.phrasings["fi"] == (QUESTION,)
    assert [source.url for source in entry.sources] == ["https://www.ruokavirasto.fi/iguaanit"]
    assert "Botti osaa tämän nyt." in page.text
    assert "muokattu konsolissa" in page.text


async def test_publishing_twice_publishes_once(office: Office) -> None:
    """A double click must neither fail nor make a second entry."""
    ticket_id = await office.answered_ticket(QUESTION)
    async with office.at_work(office.vaino) as vaino:
        first = await _publish(office, vaino, ticket_id)
        second = await _publish(office, vaino, ticket_id)
    async with office.store.read() as read:
        kept = [(row.entry_id, row.part) for row in await read.execute(select(entry_revision))]

    assert (first.status_code, second.status_code) == (303, 303)
    assert kept == [("saako-iguaanin-tuoda-toihin", "answer"), ("saako-iguaanin-tuoda-toihin", "phrasings")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_id_of_an_answer_out_of_use_or_only_begun_is_taken(office: Office) -> None:
    """What was taken out of use must not come back with it in another language, nor a colleague's draft be run over."""
    new = {"title": "Kesken", "category": "hakeminen", "advisor": "tyovoimaneuvoja", "id": "kesken"}
    ticket_id = await office.answered_ticket(QUESTION)
    async with office.store.write() as tx:
        gone = {"language": "fi", "text": None, "base_hash": None, "account_id": office.kaisa.id, "now": office.clock()}
        await revisions.publish(tx, entry_id="tyohakemus", part="answer", **gone)  # type: ignore[arg-type]
    async with office.at_work(office.vaino) as vaino:
        await vaino.sends("/console/faq-new", "/console/faq-new", **new)
        tried = [await _publish(office, vaino, ticket_id, id=taken) for taken in ("tyohakemus", "kesken")]
    async with office.store.read() as read:
        published = [revision.entry_id for revision in await revisions.published(read) if revision.text is not None]

    assert [answer.status_code for answer in tried] == [422, 422]
    assert all("jo toisella vastauksella" in answer.text for answer in tried)
    assert published == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_fault_is_told_once(office: Office) -> None:
    """Two sentences about one thing look like two things to mend; what every answer is held to, its check tells."""
    ticket_id = await office.answered_ticket(QUESTION)
    async with office.at_work(office.vaino) as vaino:
        page = unescape((await _publish(office, vaino, ticket_id, title="", id="iguaani", phrasings="a" * 601)).text)
    told = {name: re.findall(f'id="fault-{name}">(.*?)</ul>', page, re.DOTALL) for name in ("title", "phrasings")}

    assert told["title"] == ["<li>Tämä puuttuu.</li>"]
    assert told["phrasings"] == ["<li>Rivi 1: Yksi tapa kysyä on enintään 600 merkkiä.</li>"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "Tämä puuttuu."),
        ({"title": "", "id": ""}, "Tämä puuttuu."),
        ({"title": "a" * 201}, "enintään 200 merkkiä"),
        ({"id": "Isot Kirjaimet"}, "pieniä kirjaimia"),
        ({"id": "asumistuki"}, "jo toisella vastauksella"),
        ({"category": "no-such"}, "Valitse yksi."),
        ({"advisor": "yllapitaja"}, "Valitse yksi."),
        ({"answer": " \n "}, "Tämä puuttuu."),
        ({"phrasings": "\n\n"}, "Tämä puuttuu."),
        ({"phrasings": "a" * 601}, "enintään 600 merkkiä"),
        ({"review_by": "2026-11-24"}, "Valitse tuleva päivä."),
        ({"review_by": "ensi vuonna"}, "Kirjoita päivä"),
        ({"review_by": "2029-01-01"}, "kun vanhin lähde on tarkistettu"),
        ({"source_title": "", "source_url": ""}, "Lisää ainakin yksi lähde"),
        ({"source_url": "kela.fi"}, "alkaa https://"),
        ({"source_url": "javascript:alert(1)"}, "alkaa https://"),
        ({"source_url": "https://"}, "alkaa https://"),
        ({"source_url_2": "https://kela.fi/toinen"}, "Kirjoita yhdelle riville"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_fault_is_shown_at_its_field_and_nothing_is_lost(
    office: Office, changes: dict[str, str], said: str
) -> None:
    """A long answer must not have to be written again because of a missing date."""
    ticket_id = await office.answered_ticket(QUESTION)
    async with office.at_work(office.vaino) as vaino:
        answer = await _publish(office, vaino, ticket_id, **{"answer": "Pitkään hiottu vastaus.", **changes})
    async with office.store.read() as read:
        published = await revisions.published(read)
    (field,) = list(changes)[:1]

    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert "answer" in changes or "Pitkään hiottu vastaus.</textarea>" in answer.text
    assert f'id="fault-{field}"' in answer.text or "source_title_2" in answer.text
    assert published == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_answer_learnt_from_a_reply_is_held_to_the_editors_rules(office: Office) -> None:
    """A sum nobody has checked, or what a chat can't show, helps no asker, by whichever form it comes in."""
    ticket_id = await office.answered_ticket(QUESTION)
    faulty = {"answer": "# Iguaani\n\nLupa maksaa 40 €."}
    mended = {"answer": "**Kysy työnantajalta.** Lupa maksaa 40 €.", "figures": "40 €"}
    async with office.at_work(office.vaino) as vaino:
        held = await _publish(office, vaino, ticket_id, **faulty)
        done = await _publish(office, vaino, ticket_id, **mended)
        await _learned(office, 1)
    entry = office.house.bookshelf.current.library.get("saako-iguaanin-tuoda-toihin")

    assert (held.status_code, done.status_code) == (422, 303)
    assert "Tätä keskustelu ei osaa näyttää: väliotsikko (#)." in unescape(held.text)
    assert "Vastauksessa on 40, mutta luettelossa ei." in unescape(held.text)
    assert "Vastauksessa on 4 sanaa. Hyvässä on 60–160." in unescape(held.text)
    assert entry is not None
    assert entry.figures == ("40 €",)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_question_becomes_a_phrasing_of_an_answer_that_stands(office: Office) -> None:
    """What was there stays, the new one is added, and adding it twice changes nothing."""
    before = office.house.bookshelf.current.library.get("asumistuki")
    ticket_id = await office.answered_ticket("Paljo kela makso vuokrast?")
    page = f"/console/tickets/{ticket_id}/phrasing"
    fields = {"entry": "asumistuki", "entry_by_title": "", "phrasings": "Paljo kela makso vuokrast?"}
    async with office.at_work(office.vaino) as vaino:
        first = await vaino.sends(page, page, **fields)
        second = await vaino.sends(page, page, **fields)
        await _learned(office, 1)
    after = office.house.bookshelf.current.library.get("asumistuki")

    assert (first.status_code, second.status_code) == (303, 303)
    assert before is not None
    assert after is not None
    assert after.phrasings["fi"] == (*before.phrasings["fi"], "Paljo kela makso vuokrast?")


async def test_two_advisors_adding_at_once_lose_nothing(office: Office) -> None:
    """Each phrasings file is published whole: the second must be made over the first, not instead of it."""
    ticket_id = await office.answered_ticket(QUESTION)
    page = f"/console/tickets/{ticket_id}/phrasing"
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        answers = await asyncio.gather(
            *(
                person.sends(page, page, entry="other", entry_by_title="cv", phrasings=f"ihan uusi kysymys {number}")
                for number, person in enumerate([vaino, saara] * 3)
            )
        )
        async with office.store.read() as read:
            number = await revisions.number(read)
        await _learned(office, number)
    entry = office.house.bookshelf.current.library.get("cv")

    assert [answer.status_code for answer in answers] == [303] * 6
    assert entry is not None
    assert {f"ihan uusi kysymys {number}" for number in range(6)} <= set(entry.phrasings["fi"])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_search_finds_entries_by_their_titles(office: Office) -> None:
    """An advisor who knows which answer it is must find it, with or without scripts."""
    ticket_id = await office.answered_ticket(QUESTION)
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees(f"/console/tickets/{ticket_id}/phrasing?q=asumis")).text
        nothing = await vaino.sends(
            f"/console/tickets/{ticket_id}/phrasing", f"/console/tickets/{ticket_id}/phrasing", phrasings="x"
        )

    assert re.findall(r'name="entry" value="([a-z-]+)"', page) == ["asumistuki", "other"]
    assert nothing.status_code == 422
    assert "Valitse yksi." in nothing.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_searching_for_an_answer_keeps_what_was_written(office: Office) -> None:
    """Lines from which a name was taken out must not come back with it; and Enter in the search publishes nothing."""
    ticket_id = await office.answered_ticket(QUESTION)
    page = f"/console/tickets/{ticket_id}/phrasing"
    sent = {"q": "asumis", "act": "find", "entry": "cv", "entry_by_title": "", "phrasings": "saako lisko\n\nliskon voi"}
    async with office.at_work(office.vaino) as vaino:
        answer = await vaino.sends(page, page, **sent)
        nothing = await vaino.sends(page, page, **{**sent, "q": " ", "phrasings": ""})
    async with office.store.read() as read:
        published = await revisions.published(read)

    assert (answer.status_code, nothing.status_code, published) == (200, 200, [])
    assert re.findall(r'name="entry" value="([a-z-]+)"( checked)?', answer.text) == [
        ("cv", " checked"), ("asumistuki", ""), ("other", ""),
    ]  # fmt: skip
    assert re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", answer.text, re.DOTALL) == [sent["phrasings"]]
    assert 'value="asumis"' in answer.text
    assert "Korjaa" not in answer.text
    assert "fault" not in nothing.text
    acts = re.findall(r'<button[^>]*name="act" value="(\w+)"', answer.text)
    assert acts == ["find", "look", "publish"]  # Enter presses the first


async def test_contact_details_are_never_learnt(office: Office) -> None:
    """Neither from the message that brought them, when what stood before it is gone, nor from a reply quoting them."""
    ticket_id = await office.ticket(QUESTION)
    async with office.store.write() as tx:
        ticket = await tickets.get(tx.connection, ticket_id)
        assert ticket is not None
        await tx.execute(delete(message).where(message.c.ticket_id == ticket_id))
        sent: dict[str, object] = {"kind": "escalate", "hits": [], "confidence": None, "contacts": True}
        text = "soita 040 555 0199 tai aino@example.org"
        await conversations.add_message(
            tx, ticket.conversation_id, "asker", text, office.clock(), verdict=sent, ticket_id=ticket_id
        )
    await office.desk.reply(office.vaino, ticket_id, "Soitan numeroon 0405550199 klo 12.", "key", office.clock())
    async with office.at_work(office.vaino) as vaino:
        answer = await _form(vaino, f"/console/tickets/{ticket_id}/answer")
        phrasing = await _form(vaino, f"/console/tickets/{ticket_id}/phrasing")
        pages = [(await vaino.sees(f"/console/tickets/{ticket_id}/{page}")).text for page in ("answer", "phrasing")]

    assert answer["phrasings"] == phrasing["phrasings"] == "soita [puhelinnumero peitetty] tai [sähköposti peitetty]"
    assert answer["answer"] == "Soitan numeroon [puhelinnumero peitetty] klo 12."
    assert not any(raw in page for page in pages for raw in ("0199", "aino@", "aino-example"))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_offices_own_number_in_a_reply_stays_where_no_asker_sent_theirs(office: Office) -> None:
    """It is what the answer is for."""
    ticket_id = await office.ticket(QUESTION)
    await office.desk.reply(office.vaino, ticket_id, "Kysy numerosta 040 555 0177.", "key", office.clock())
    async with office.at_work(office.vaino) as vaino:
        answer = await _form(vaino, f"/console/tickets/{ticket_id}/answer")

    assert answer["answer"] == "Kysy numerosta 040 555 0177."


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_there_is_nothing_to_learn_before_a_reply(office: Office) -> None:
    """An empty form would invite an answer that nobody has given."""
    ticket_id = await office.ticket()
    async with office.at_work(office.vaino) as vaino:
        page = await vaino.sees(f"/console/tickets/{ticket_id}/answer")

    assert page.status_code == 404


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Saako iguaanin tuoda töihin?", "saako-iguaanin-tuoda-toihin"),
        ("ÄÖÅ äöå", "aoa-aoa"),
        ("  Mitä?!  Kela -- 2027 ", "mita-kela-2027"),
        ("a" * 80, "a" * 60),
        ("pitkä " * 20, "pitka-pitka-pitka-pitka-pitka-pitka-pitka-pitka-pitka-pitka"),
        ("???", ""),
    ],
)
def test_an_id_is_made_of_the_titles_words(title: str, slug: str) -> None:
    """The id is a file's name one day."""
    assert learning.slug(title) == slug


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_asked_again_in_other_words_the_bot_answers_by_itself(office: Office) -> None:
    """The heart of it: never the same thing three times."""
    other_words = "saako iguaanin tuoda työpaikalle?"
    before = office.house.bookshelf.current.judge(other_words)
    async with office.at_work(office.vaino) as vaino:
        answer = await _publish(office, vaino)
        assert answer.status_code == 303
        await _learned(office, 1)
    after = office.house.bookshelf.current.judge(other_words)

    assert before.kind != "answer"
    assert (after.kind, after.hits[0].entry_id) == ("answer", "saako-iguaanin-tuoda-toihin")


async def _publish(office: Office, person: Person, ticket_id: str | None = None, **changes: str):  # type: ignore[no-untyped-def]
    ticket_id = ticket_id or await office.answered_ticket(QUESTION)
    page = f"/console/tickets/{ticket_id}/answer"
    source = {"source_title": "Ruokavirasto: Iguaanit", "source_url": "https://www.ruokavirasto.fi/iguaanit"}
    given = {"id": "saako-iguaanin-tuoda-toihin", **source, **changes}
    fields = {**await _form(person, page), **given}
    return await person.sends(page, page, **fields)


async def _learned(office: Office, number: int) -> None:
    """Return once the FAQ is in use up to this edit."""
    async with asyncio.timeout(30):
        while office.house.bookshelf.number < number:
            with office.store.hub.subscribe("bookshelf") as news:
                await news.wait(0.5)
