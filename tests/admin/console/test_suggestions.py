"""What a reply may begin with: the FAQ's answers and earlier replies, never what tells of another asker."""

import asyncio
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import delete, select

from bot.store import conversations, erasure, tickets
from bot.store.schema import message
from tests.admin.console.office import Office
from tests.admin.console.test_tickets import HOSTILE

ASKED = "Saako iguaanin tuoda töihin?"


def _suggested(html: str) -> dict[str, str]:
    """The whole texts on offer, by their tokens, in the page's order."""
    found = re.findall(
        r'<p class="suggested-text" dir="auto">(.*?)</p>.*?name="insert" value="([^"]*)"', html, re.DOTALL
    )
    return {unescape(token): unescape(text) for text, token in found}


def _box(html: str) -> str:
    """What stands in the reply box."""
    found = re.search(r'<textarea id="text"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    return unescape(found[1]) if found else ""


async def _closed(office: Office, asked: str, told: str) -> str:
    """A ticket that Väinö has answered and closed; its id."""
    ticket_id = await office.ticket(asked, hits=())
    await office.desk.reply(office.vaino, ticket_id, told, f"key of {told}", office.clock())
    await office.desk.close(office.vaino, ticket_id, "answered", office.clock())
    return ticket_id


async def _talk_of(office: Office, ticket_id: str) -> str:
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
    assert ticket is not None
    return ticket.conversation_id


async def test_an_earlier_reply_to_a_similar_question_is_offered_without_who_asked_it(office: Office) -> None:
    """Nobody answers the same thing a third time; and nobody's number goes to somebody else."""
    first = await _closed(
        office, "saako iguaanin ottaa töihin mukaan, oon 0401234567", "Moi Ville! Soita 040 765 4321."
    )
    await _closed(office, "vuokra on myöhässä", "Soita vuokranantajalle.")
    await office.house.earlier.refresh(office.store)
    async with office.at_work(office.saara) as saara:
        ticket_id = await office.ticket(ASKED, hits=())
        page = (await saara.sees(f"/console/tickets/{ticket_id}")).text
        closed = (await saara.sees(f"/console/tickets/{first}")).text
        other_id = await office.ticket("voinko tuoda iguaanin töihin", hits=())
        best, *_ = _suggested((await saara.sees(f"/console/tickets/{other_id}")).text)
        await office.desk.claim(office.vaino, ticket_id, office.clock())
        taken = (await saara.sees(f"/console/tickets/{ticket_id}")).text

    assert _suggested(page) == {f"reply {first}": "Moi! Soita [puhelinnumero peitetty]."}
    assert best == f"reply {first}"
    assert "saako iguaanin ottaa töihin mukaan, oon [puhelinnumero peitetty]" in page
    assert "<bdi>Väinö</bdi>" in page
    assert "Asiakkaan tietoja on peitetty" in page
    assert _suggested(closed) == _suggested(taken) == {}


async def test_what_is_gone_is_offered_no_more_and_kept_no_more(office: Office) -> None:
    """Erased, forgotten or open again: not even a process that hasn't heard of it yet shows it; soon none remembers."""
    gone = [await _closed(office, f"{ASKED} {word}", f"Saa {word}.") for word in ("liekki", "koivu", "suo", "tuuli")]
    await office.house.earlier.refresh(office.store)
    kept_before = len(office.house.earlier)
    async with office.store.write() as tx:
        await erasure.erase(tx, await _talk_of(office, gone[0]))
        await tx.execute(delete(message).where(message.c.ticket_id == gone[1]))
        await tickets.reopen(tx, gone[2], office.clock() + timedelta(hours=1), office.clock())
    ticket_id = await office.ticket(ASKED, hits=())
    async with office.at_work(office.saara) as saara:
        before = _suggested((await saara.sees(f"/console/tickets/{ticket_id}")).text)
        await office.house.earlier.refresh(office.store)
        after = _suggested((await saara.sees(f"/console/tickets/{ticket_id}")).text)
        late = await saara.sends(
            f"/console/tickets/{ticket_id}",
            f"/console/tickets/{ticket_id}/suggestions",
            key="abcdefgh",
            text="Alku",
            insert=f"reply {gone[0]}",
        )

    assert before == after == {f"reply {gone[3]}": "Saa tuuli."}
    assert (kept_before, len(office.house.earlier)) == (4, 1)
    assert (late.status_code, _box(late.text)) == (409, "Alku")
    assert "Tätä ehdotusta ei enää ole." in late.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_answers_of_the_faq_are_those_it_has_now_for_all_that_was_asked(office: Office) -> None:
    """What the bot saw when it was asked may be outdated, and the asker may have come to the point later."""
    ticket_id = await office.ticket("moi mulla ois asiaa", hits=(("armeija", 0.9),))
    talk = await _talk_of(office, ticket_id)
    async with office.store.write() as tx:
        await conversations.add_message(
            tx, talk, "asker", "miten haen asumistukea", office.clock(), ticket_id=ticket_id
        )
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees(f"/console/tickets/{ticket_id}")).text
    (token, text), *_ = _suggested(page).items()

    assert token == "faq asumistuki"
    assert "Lähde: Esimerkki: Miten haen asumistukea? (https://example.org/asumistuki) · Tarkistettu 1.11.2026" in text
    assert "**" not in text
    assert "Auttoiko" not in text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_without_scripts_a_suggestion_comes_after_what_was_written_and_nothing_is_sent(office: Office) -> None:
    """The page is loaded anew, so all that stood in the box and the search must come back."""
    ticket_id = await office.ticket(ASKED, hits=())
    page, path = f"/console/tickets/{ticket_id}", f"/console/tickets/{ticket_id}/suggestions"
    form = {"mode": "reply", "key": "the-key-of-it", "text": "Moi!  \n", "find": "  miten  haen asumistukea"}
    async with office.at_work(office.vaino) as vaino:
        found = await vaino.sends(page, path, act="find", **form)
        put = await vaino.sends(page, path, insert="faq asumistuki", **form)
        other = f"/console/tickets/{await office.ticket('miten haen asumistukea')}"
        twice = await vaino.sends(other, f"{other}/suggestions", act="find", **form)
        alone = await vaino.sends(page, path, insert="faq asumistuki", **{**form, "text": " ", "mode": "note"})
        nothing = await vaino.sends(page, path, act="find", **{**form, "find": "日本"})
        unknown = [
            (await vaino.sends(page, path, insert=token, **form)).status_code
            for token in ("faq nothing", f"reply {ticket_id}", "x")
        ]
    async with office.store.read() as read:
        said = (await read.execute(select(message.c.author).where(message.c.ticket_id == ticket_id))).all()

    ids = re.findall(r' id="([^"]+)"', twice.text)

    assert sorted(ids) == sorted(set(ids))
    assert "faq asumistuki" in _suggested(found.text)
    assert 'value="miten haen asumistukea"' in put.text
    assert [html.status_code for html in (found, put, alone, nothing)] == [200] * 4
    assert _box(found.text) == "Moi!  \n"
    assert _box(put.text).startswith("Moi!\n\n")
    assert "https://example.org/asumistuki" in _box(put.text)
    assert 'value="the-key-of-it"' in found.text
    assert 'value="reply" checked' in alone.text
    assert "ei löytynyt vastausta" in nothing.text
    assert unknown == [409] * 3
    assert [row.author for row in said] == ["asker"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_whatever_was_asked_told_or_searched_is_only_text(office: Office) -> None:
    """Texts of others, brought to a page of their own: none may become markup, a template or an error."""
    everything = "\n".join(HOSTILE)
    await _closed(office, f"{ASKED} {everything}", everything)
    await office.house.earlier.refresh(office.store)
    ticket_id = await office.ticket(ASKED, hits=())
    path = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.saara) as saara:
        for text in (everything, "' OR 1=1 -- \" * NEAR(", "cv " * 3000, "\0 \u202e \ud7ff"):
            answer = await saara.sends(path, f"{path}/suggestions", key="abcdefgh", text=text, find=text)

            assert answer.status_code == 200
            assert next(iter(_suggested(answer.text).values())) == everything
            assert not any(tag in answer.text for tag in ("<script>", "<img src=x", "<svg/", "</textarea><"))
            assert "49" not in re.findall(r"\{\{.*?\}\}(\d*)", answer.text)


async def test_the_index_keeps_in_step_by_itself(office: Office) -> None:
    """What is closed is there for the next question; what is erased is forgotten at once, wherever it is kept."""
    earlier = office.house.earlier
    watching = asyncio.create_task(earlier.watch(office.store))
    ticket_id = await _closed(office, ASKED, "Saa.")
    async with asyncio.timeout(10):
        while len(earlier) != 1:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        async with office.store.write() as tx:
            await erasure.erase(tx, await _talk_of(office, ticket_id))
        while len(earlier) != 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    office.store.hub.stop()
    await watching
