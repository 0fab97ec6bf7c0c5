"""How somebody likes the console to be, and how they are told of what is new; and on to the next after closing."""

import asyncio
import json
from datetime import timedelta

from bot.store import tickets
from tests.admin.console.office import Office


async def test_one_chooses_keys_notifications_and_sound_for_oneself(office: Office) -> None:
    """Off until asked for, but the keys; kept with the account, for every machine of theirs."""
    await office.ticket()
    pages = []
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        for form in (None, {"notices": "on", "sound": "on"}, {"keys": "on", "notices": "on"}, {}):
            if form is not None:
                saved = await vaino.sends("/console/password", "/console/me/habits", **form)
                assert (saved.status_code, saved.headers["location"]) == (303, "/console/me?done=habits#habits-title")
            pages.append((await vaino.sees("/console/")).text)
        me = (await vaino.sees("/console/me?done=habits")).text
        await vaino.sends("/console/password", "/console/me/habits", notices="on", sound="on")
        elsewhere = (await vaino.sees("/console/templates")).text
        async with office.at_work(office.kaisa) as kaisa, office.visitor() as nobody:
            others = [(await kaisa.sees("/console/me")).text, (await nobody.sees("/console/login")).text]
        odd = await vaino.sends("/console/password", "/console/me/habits", keys="on", role="yllapitaja")
        hers = (await saara.sees("/console/")).text

    assert ["data-keys" in page for page in pages] == [True, False, True, False]
    assert ["data-notices" in page for page in pages] == [False, True, True, False]
    assert ["data-sound" in page for page in pages] == [False, True, False, False]
    assert "Tallessa." in me
    for attribute in ('data-waiting="/console/waiting"', "data-notices=", "data-sound"):  # whatever else one is at
        assert attribute in elsewhere
    assert not any("data-waiting" in page for page in others)
    assert odd.status_code == 400
    assert "data-keys" in hers
    assert "data-notices" not in hers


async def test_an_open_console_is_told_what_waits_for_somebody_to_take_it(office: Office) -> None:
    """How many, which are urgent, and by ids that say nothing; no word and no alias of an asker."""
    first = await office.ticket("Merkkisana kuunsirppi.")
    async with office.at_work(office.kaisa) as kaisa:
        refused = await kaisa.sees("/console/waiting")
    told = []
    async with (
        office.at_work(office.vaino) as vaino,
        vaino.client.stream("GET", "/console/waiting") as stream,
        asyncio.timeout(10),
    ):
        lines = stream.aiter_lines()
        told.append(await _waits(lines))
        second = await office.ticket("Apua", urgent=True)
        told.append(await _waits(lines))
        await office.desk.note(office.saara, first, "Ei muuta tätä", office.clock())
        async with office.store.write() as tx:
            await tickets.joined(tx, first, urgent=True)
        told.append(await _waits(lines))
        await office.desk.claim(office.saara, second, office.clock())
        told.append(await _waits(lines))
        office.clock.advance(timedelta(minutes=31))
        await office.ticket("Istunto on ohi")
        told.append(await _waits(lines))

    assert refused.status_code == 404
    assert told == [{first: False}, {second: True, first: False}, {first: True, second: True}, {first: True}, None]


async def _waits(lines) -> dict[str, bool] | None:  # type: ignore[no-untyped-def]
    """What the stream tells next; None when it ends with the session."""
    name = ""
    async for line in lines:
        assert "kuunsirppi" not in line
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return json.loads(line.removeprefix("data: ")) if name == "waiting" else None
    return None


async def test_after_closing_one_goes_on_with_the_next(office: Office) -> None:
    """One's own that waits for an answer, else a free one of one's role, else any; with none left, the queue."""
    closed = await office.answered_ticket("tämä")
    await office.answered_ticket("odottaa asiakasta")
    await office.desk.claim(office.saara, await office.ticket("saaran", urgent=True), office.clock())
    others = await office.ticket("muun roolin", role="sosiaaliohjaaja", promised_in=timedelta(minutes=5))
    free = await office.ticket("vapaa")
    mine = await office.ticket("oma", promised_in=timedelta(hours=5))
    await office.desk.claim(office.vaino, mine, office.clock())
    led = []
    async with office.at_work(office.vaino) as vaino:
        for ticket_id in (closed, mine, free, others):
            page = f"/console/tickets/{ticket_id}"
            async with office.store.read() as read:
                ticket = await tickets.get(read, ticket_id)
            assert ticket is not None
            form = {"outcome": "answered", "topic": "", "version": str(ticket.version), "next": "on"}
            led.append((await vaino.sends("/console/password", f"{page}/close", **form)).headers["location"])
        next_page, queue = (await vaino.sees(led[0])).text, (await vaino.sees(led[-1])).text

    assert [address.partition("?")[0] for address in led] == [
        *(f"/console/tickets/{ticket_id}" for ticket_id in (mine, free, others)), "/console/",
    ]  # fmt: skip
    assert "Edellinen on suljettu. Tässä on seuraava." in next_page
    assert "Suljettu. Muuta ei nyt odota." in queue
