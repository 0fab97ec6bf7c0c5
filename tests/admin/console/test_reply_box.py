"""What is begun in the reply box stays until it is sent, and nothing is sent over what one has not read."""

import asyncio
import json
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from bot.store import conversations, drafts, erasure, retention, tickets
from bot.store.drafts import Draft
from bot.store.engine import Store
from bot.store.schema import draft as draft_table
from bot.vault import Vault
from tests.admin.console.office import Office, Person, seen_in, token_in

LIGHT = "/console/password"  # the page that is made quickest: it has the form token, too
KEY, OTHER_KEY = "a-key-of-one", "a-key-of-two"
HOSTILE = "</textarea><script>document.title='ran'</script>{{ 7 * 7 }}\n\u202e\"'<b>"


async def _saves(person: Person, ticket_id: str, text: str, *, draft: int = 0, **fields: str) -> dict[str, Any]:
    """What the page's script gets when it has saved what stands in the box."""
    form = {"key": KEY, "mode": "reply", "text": text, "draft": str(draft), **fields}
    answer = await person.sends(LIGHT, f"/console/tickets/{ticket_id}/draft", **form)
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def _box(html: str) -> str:
    """What stands in the box."""
    return unescape(html.partition('id="text"')[2].partition(">")[2].partition("</textarea>")[0].removeprefix("\n"))


async def _asker_adds(office: Office, ticket_id: str, text: str) -> None:
    async with office.store.write() as tx:
        ticket = await tickets.get(tx.connection, ticket_id)
        assert ticket is not None
        await conversations.add_message(tx, ticket.conversation_id, "asker", text, office.clock(), ticket_id=ticket_id)
        await tickets.joined(tx, ticket_id, urgent=False)


async def _kept(office: Office) -> list[tuple[str, str]]:
    """Every draft there is: its mode and text."""
    async with office.store.read() as read:
        rows = (await read.execute(select(draft_table).order_by(draft_table.c.saved_at))).all()
    return [(row.mode, office.house.vault.unseal(row.sealed)) for row in rows]


async def test_what_one_has_begun_is_there_on_another_machine_until_it_is_sent(office: Office) -> None:
    """Nobody else sees it, an emptied box leaves nothing, and a hostile text is text."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as here, office.at_work(office.vaino) as there:
        first = await _saves(here, ticket_id, "Hei! Iguaa")
        kept = await _saves(here, ticket_id, HOSTILE, draft=first["version"])
        elsewhere = (await there.sees(page)).text
        async with office.at_work(office.saara) as saara:
            saaras = (await saara.sees(page)).text
        sent = await there.sends(page, f"{page}/say", act="reply", mode="reply", key=KEY, text="Hei! Saa.")
        after = (await here.sees(page)).text
        await _saves(here, ticket_id, "vielä", key=OTHER_KEY)
        emptied = await _saves(here, ticket_id, " ", key=OTHER_KEY, draft=1)

    assert (first["version"], kept["version"], kept["key"]) == (1, 2, KEY)
    assert _box(elsewhere) == HOSTILE
    assert f'name="key" value="{KEY}"' in elsewhere
    assert "Luonnos tallessa" in elsewhere
    assert "<script>document" not in elsewhere
    assert _box(saaras) == ""
    assert sent.status_code == 303
    assert _box(after) == ""
    assert emptied["version"] == 0
    assert await _kept(office) == []


async def test_of_two_tabs_neither_overwrites_the_other(office: Office) -> None:
    """The older tab's text is kept beside the newer one, and both can be taken up or thrown away."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        await _saves(vaino, ticket_id, "Yhteinen alku")
        await _saves(vaino, ticket_id, "Uudempi", draft=1)
        office.clock.advance(timedelta(minutes=1))
        parted = await _saves(vaino, ticket_id, "Vanhemmasta", draft=1, mode="note")
        twice = await _saves(vaino, ticket_id, "Uudempi", draft=0)
        went_on = await _saves(vaino, ticket_id, "Vanhemmasta välilehdestä", draft=parted["version"], key=parted["key"])
        look = (await vaino.sees(page)).text
        other = (await vaino.sees(f"{page}?draft={KEY}")).text
        dropped = await vaino.sends(LIGHT, f"{page}/drafts/{KEY}/drop")
        unknown = [await vaino.sees(f"{page}?draft={odd}") for odd in ("nope-nope", "%00", "x" * 3000)]

    assert parted["key"] != KEY
    assert (twice["key"], twice["version"]) == (KEY, 2)
    assert (parted["has_other"], went_on["has_other"]) == (True, True)
    assert _box(look) == "Vanhemmasta välilehdestä"
    assert "Uudempi" in look
    assert _box(other) == "Uudempi"
    assert dropped.status_code == 303
    assert await _kept(office) == [("reply", "Vanhemmasta välilehdestä")]
    assert [answer.status_code for answer in unknown] == [200, 200, 200]


async def test_without_scripts_a_button_keeps_the_draft_and_a_failed_send_keeps_it_too(office: Office) -> None:
    """What a colleague took meanwhile is not sent, and the text is on the server, not only in the page."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        kept = await vaino.sends(LIGHT, f"{page}/say", act="draft", mode="note", key=KEY, draft="0", text="Kesken")
        await office.desk.claim(office.saara, ticket_id, office.clock())
        form = {"act": "reply", "mode": "reply", "key": KEY, "draft": "1"}
        taken = await vaino.sends(LIGHT, f"{page}/say", **form, text="Kesken ja valmis")
        too_long = await vaino.sends(LIGHT, f"{page}/say", **form, text="a" * 4001)
        whole = {"key": KEY, "mode": "reply", "draft": "0", "text": "x"}
        odd = [
            await vaino.sends(LIGHT, f"{page}/draft", **{**whole, **field})
            for field in ({"key": "<b>"}, {"mode": "shout"}, {"draft": "-1"}, {"draft": "9" * 40})
        ]
        long = await vaino.sends(LIGHT, f"{page}/draft", key=KEY, mode="reply", draft="0", text="a" * 4001)
        gone = await vaino.sends(
            LIGHT, f"/console/tickets/{'0' * 32}/draft", key=KEY, mode="reply", draft="0", text="x"
        )

    assert kept.status_code == 303
    assert (taken.status_code, _box(taken.text)) == (409, "Kesken ja valmis")
    assert (too_long.status_code, len(_box(too_long.text))) == (422, 4001)
    assert [answer.status_code for answer in odd] == [400] * 4
    assert (long.status_code, gone.status_code) == (422, 404)
    assert await _kept(office) == [("reply", "Kesken ja valmis")]


async def test_what_came_while_one_wrote_is_shown_before_anything_is_sent(office: Office) -> None:
    """The asker and a colleague wrote meanwhile: one reads it, presses once more, and only then it goes."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        opened = (await vaino.sees(page)).text
        await _asker_adds(office, ticket_id, "Se olikin <b>kameleontti</b>")
        await office.desk.note(office.saara, ticket_id, "Soitin jo", office.clock())
        form = {"form_token": token_in(opened), "act": "reply", "mode": "reply", "key": KEY, "draft": "0"}
        form["text"] = "Iguaani saa tulla."
        stopped = await vaino.client.post(f"{page}/say", data={**form, "seen": seen_in(opened)})
        async with office.store.read() as read:
            before = [said.author for said in await tickets.thread(read, ticket_id)]
        pressed_again = await vaino.client.post(f"{page}/say", data={**form, "seen": seen_in(stopped.text)})
        # A second press of the very same form, after the answer: it went out once, and says so.
        await _asker_adds(office, ticket_id, "Kiitos!")
        twice = await vaino.client.post(f"{page}/say", data={**form, "seen": seen_in(stopped.text)})
        none_seen = await vaino.client.post(f"{page}/say", data={**form, "text": "Muuta"})
        odd = await vaino.client.post(f"{page}/say", data={**form, "seen": "1,<b>"})

    assert stopped.status_code == 409
    assert _box(stopped.text) == "Iguaani saa tulla."
    told = stopped.text.partition('id="unread"')[2].partition("</section>")[0]
    assert "&lt;b&gt;kameleontti&lt;/b&gt;" in told
    assert "Soitin jo" in told
    assert "Saako iguaanin" not in told
    assert before == ["asker", "asker", "note"]
    assert (pressed_again.status_code, twice.status_code) == (303, 303)
    assert (none_seen.status_code, odd.status_code) == (409, 400)
    async with office.store.read() as read:
        assert [said.author for said in await tickets.thread(read, ticket_id)] == [
            "asker", "asker", "note", "advisor", "asker",
        ]  # fmt: skip


async def test_drafts_go_with_the_askers_erasure_and_with_the_tickets_texts(
    office: Office, store: Store, vault: Vault
) -> None:
    """They may quote the asker: no row of them stays, and what the file has of them is sealed anyway."""
    now, mark = office.clock(), "kuunsirppi"
    erased, old, fresh = [await office.ticket(text) for text in ("a", "b", "c")]
    for ticket_id in (erased, old, fresh):
        async with store.write() as tx:
            await drafts.save(tx, vault, ticket_id, office.vaino.id, Draft(f"{mark} {ticket_id}", key=KEY), now)
    async with store.read() as read:
        stored = (await read.execute(select(draft_table.c.sealed))).scalars().all()
    await office.desk.close(office.vaino, old, "answered", now)
    async with store.write() as tx:
        ticket = await tickets.get(tx.connection, erased)
        assert ticket is not None
        await erasure.erase(tx, ticket.conversation_id)
    left = await _kept(office)
    await retention.forget(store, office.house.profile.retention, now + timedelta(days=90))

    assert not any(mark.encode() in sealed for sealed in stored)
    assert sorted(left) == sorted(("reply", f"{mark} {ticket_id}") for ticket_id in (old, fresh))
    assert await _kept(office) == [("reply", f"{mark} {fresh}")]
    await retention.forget(store, office.house.profile.retention, now + timedelta(days=180))
    assert await _kept(office) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_preview_shows_what_the_asker_will_see_and_sends_nothing(office: Office) -> None:
    """By the channel's own code: no bold in Telegram, links and callable numbers on the web; markup is never run."""
    text = "Hei **Aino**!\n<script>document.title='ran'</script>\nhttps://example.org ja 044 123 4567"
    seen, statuses = {}, []
    async with office.at_work(office.vaino) as vaino:
        for channel in ("telegram", "web"):
            ticket_id = await office.ticket(channel, channel=channel)
            page = f"/console/tickets/{ticket_id}"
            form = {"act": "preview", "mode": "reply", "key": KEY, "draft": "0"}
            answer = await vaino.sends(LIGHT, f"{page}/say", **form, text=text)
            statuses += [answer.status_code, (await vaino.sends(LIGHT, f"{page}/say", **form, text=" ")).status_code]
            seen[channel] = answer.text.partition('id="preview"')[2].partition("</section>")[0]
            assert _box(answer.text) == text
            await office.desk.claim(office.vaino, ticket_id, office.clock())
            joined = await vaino.sends(LIGHT, f"{page}/say", **{**form, "draft": "1"}, text=text)
            assert "nyt täällä" not in joined.text
            async with office.store.read() as read:
                assert [said.author for said in await tickets.thread(read, ticket_id)] == ["asker"]

    assert statuses == [200, 422] * 2
    for shown in seen.values():
        assert "Työvoimaneuvoja Väinö on nyt täällä" in shown
        assert "Hei **Aino**!\n&lt;script&gt;" in shown
    assert "<b>Työvoimaneuvoja Väinö</b>\nHei **Aino**!" in seen["telegram"]
    assert "<a " not in seen["telegram"]
    assert '<a href="https://example.org" rel="noopener noreferrer nofollow"' in seen["web"]
    assert '<a href="tel:0441234567">' in seen["web"]
    assert await _kept(office) == [("reply", text)] * 2


async def test_a_colleague_is_seen_looking_and_writing_in_the_ticket_and_the_queue(office: Office) -> None:
    """Told to open pages at once; by no means a claim; a note being written is seen too, but not by the asker."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    told: list[str] = []
    async with (
        office.at_work(office.saara) as saara,
        office.at_work(office.vaino) as vaino,
        saara.client.stream("GET", "/console/events") as stream,
        asyncio.timeout(10),
    ):
        lines = stream.aiter_lines()
        told.append(await _presence(lines))
        await vaino.sees(page)
        told.append(await _presence(lines))
        statuses = [(await vaino.sends(LIGHT, f"{page}/typing", typing=typing)).status_code for typing in ("note",)]
        told.append(await _presence(lines))
        in_queue, in_ticket = (await saara.sees("/console/")).text, (await saara.sees(page)).text
        own = (await vaino.sees("/console/")).text
        asker_sees = office.store.hub.presence.writer_to_asker(ticket_id, office.clock())
        await vaino.sends(LIGHT, f"{page}/typing", typing="off")
        told.append(await _presence(lines))
        async with vaino.client.stream("GET", f"/console/events?ticket={ticket_id}") as his:
            assert await anext(his.aiter_lines())
        told.append(await _presence(lines))
        statuses.append((await vaino.sends(LIGHT, f"/console/tickets/{'0' * 32}/typing", typing="on")).status_code)
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)

    assert told == [
        "{}",
        *(json.dumps({ticket_id: f"Väinö {does}"}) for does in ("katsoo", "kirjoittaa", "katsoo")),
        "{}",
    ]
    assert all(f'data-presence="{ticket_id}">Väinö kirjoittaa<' in html for html in (in_queue, in_ticket))
    assert in_ticket.count("Väinö kirjoittaa") == 2
    assert "Väinö kirjoittaa" not in own
    assert asker_sees is None
    assert ticket is not None
    assert ticket.account_id is None
    assert statuses == [204, 204]


async def _presence(lines) -> str:  # type: ignore[no-untyped-def]
    """What the stream tells next of who is where."""
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif name == "presence" and line.startswith("data: "):
            return str(line.removeprefix("data: "))
    return "closed"
