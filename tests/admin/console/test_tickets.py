"""The queue and the thread: who sees what, who holds what, and that no word is lost."""

import asyncio
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from markupsafe import escape
from pydantic import SecretStr
from sqlalchemy import event as listening
from sqlalchemy import select, update

from admin.console import queue
from bot.advising import NotFailed
from bot.store import audit as audit_log
from bot.store import conversations, retention, tickets
from bot.store.engine import Store
from bot.store.presence import ASKER
from bot.store.schema import audit, event, message
from bot.store.schema import outbox as outbox_table
from bot.store.tickets import ThreadMessage, TicketRow
from bot.vault import Vault
from tests.admin.console.office import Office, Person, opened
from tests.admin.test_summaries_usual import asked
from tests.support import people
from tests.support.fake_telegram import TOKEN, FakeTelegram

HOSTILE = [
    "<script>document.title='ran'</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% for x in (1,) %}{% endfor %}",
    "javascript:alert(1)",
    "\u202eoikealta vasemmalle\u202c",
    "&lt;b&gt; & &amp;",
    "**ei lihavoitu** [linkki](https://evil.example)",
]


def _rows(html: str) -> list[str]:
    """The first lines in the queue, in its order."""
    return [unescape(line) for line in re.findall(r'<span class="first-line"><bdi>(.*?)</bdi>', html)]


async def test_the_queue_is_in_the_order_of_need(office: Office) -> None:
    """Danger first, then the promise that breaks soonest."""
    await office.ticket("kohta", promised_in=timedelta(minutes=35))
    await office.ticket("myöhässä", promised_in=timedelta(minutes=-20))
    await office.ticket("ehtii", promised_in=timedelta(hours=5))
    await office.ticket("hätä", promised_in=timedelta(hours=6), urgent=True)
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees("/console/")).text

    assert _rows(page) == ["hätä", "myöhässä", "kohta", "ehtii"]
    for said in ("Kiireellinen", "lupaus meni 20 min sitten", "34 min jäljellä"):
        assert said in page


async def test_each_view_shows_its_own_tickets_and_counts_them(office: Office) -> None:
    """What one has taken is not free any more, and what was answered waits for the asker."""
    await office.ticket("vapaa")
    await office.desk.claim(office.vaino, await office.ticket("väinöllä"), office.clock())
    await office.desk.claim(office.saara, await office.ticket("saaralla"), office.clock())
    answered = await office.answered_ticket("vastattu")
    closed = await office.answered_ticket("suljettu")
    await office.desk.close(office.vaino, closed, "answered", office.clock())
    assert answered
    views = {}
    async with office.at_work(office.vaino) as vaino:
        for view in ("free", "mine", "all", "waiting", "closed"):
            page = (await vaino.sees(f"/console/?view={view}")).text
            views[view] = _rows(page)
        counts = re.findall(r'<span class="count">(\d+)</span>', page)

    assert views == {
        "free": ["vapaa"],
        "mine": ["väinöllä", "vastattu"],
        "all": ["vapaa", "väinöllä", "saaralla", "vastattu"],
        "waiting": ["vastattu"],
        "closed": ["suljettu"],
    }
    assert counts == ["1", "2", "4", "1", "1"]


async def test_the_views_are_counted_once_for_each_change_of_the_queue(office: Office) -> None:
    """Every page shows these numbers: counted for each, 100,000 tickets would make all of them slow."""
    statements: list[str] = []
    engine = office.store.reader.sync_engine
    listen = (engine, "before_cursor_execute", lambda _, __, statement, *___: statements.append(statement))

    async def counts(person: Person) -> list[str]:
        statements.clear()
        page = (await person.sees("/console/")).text
        counted = sum("count(*)" in statement and "FROM ticket" in statement for statement in statements)
        return [*re.findall(r'<span class="count">(\d+)</span>', page), f"{counted} counted"]

    ticket_id = await office.ticket("yksi")
    listening.listen(*listen)
    try:
        async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
            seen = [await counts(vaino), await counts(vaino), await counts(saara)]
            await office.desk.claim(office.vaino, ticket_id, office.clock())
            seen += [await counts(saara), await counts(vaino)]
            office.clock.advance(timedelta(minutes=1))
            seen.append(await counts(vaino))
    finally:
        listening.remove(*listen)

    assert seen[:3] == [["1", "0", "1", "0", "0", f"{number} counted"] for number in (2, 0, 0)]
    assert seen[3:] == [
        ["0", "0", "1", "0", "0", "2 counted"],
        ["0", "1", "1", "0", "0", "0 counted"],
        ["0", "1", "1", "0", "0", "2 counted"],
    ]


async def test_a_view_is_narrowed_by_role_language_channel_and_topic(office: Office) -> None:
    """Open and closed alike, the counts too; the other views keep the choice, and an unknown word chooses nothing."""
    await office.ticket("cv netissä")
    await office.ticket("tuki", role="sosiaaliohjaaja", channel="telegram", hits=(("asumistuki", 0.5),))
    closed = await office.ticket("suljettu tuki", role="sosiaaliohjaaja", hits=(("asumistuki", 0.5),))
    await office.desk.close(office.vaino, closed, "answered", office.clock())
    found = {}
    async with office.at_work(office.vaino) as vaino:
        for query in (
            "view=all", "view=all&role=sosiaaliohjaaja", "view=all&channel=web", "view=all&topic=asumistuki",
            "view=all&language=sv", "view=all&role=%3Cb%3E&topic=nothing", "view=closed&topic=asumistuki",
            "view=closed&topic=cv",
        ):  # fmt: skip
            page = (await vaino.sees(f"/console/?{query}")).text
            found[query.removeprefix("view=")] = (
                _rows(page),
                re.findall(r'<span class="count">(\d+)</span>', page)[-1],
            )

    assert found == {
        "all": (["cv netissä", "tuki"], "1"),
        "all&role=sosiaaliohjaaja": (["tuki"], "1"),
        "all&channel=web": (["cv netissä"], "1"),
        "all&topic=asumistuki": (["tuki"], "1"),
        "all&language=sv": ([], "0"),
        "all&role=%3Cb%3E&topic=nothing": (["cv netissä", "tuki"], "1"),
        "closed&topic=asumistuki": (["suljettu tuki"], "1"),
        "closed&topic=cv": ([], "0"),
    }
    assert "view=free&amp;topic=cv" in page
    assert "Tällä rajauksella ei löytynyt mitään." in page


async def test_a_view_is_narrowed_by_how_long_the_asker_has_waited(office: Office) -> None:
    """What has lain for a week is what somebody has forgotten; the wait of who asked again began then."""
    old = await office.ticket("vanha")
    again = await office.answered_ticket("jatkettu")
    await office.desk.close(office.vaino, again, "answered", office.clock())
    office.clock.advance(timedelta(days=8))
    async with office.store.write() as tx:
        await tickets.reopen(tx, again, office.clock() + timedelta(hours=2), office.clock())
    office.clock.advance(timedelta(hours=1))
    await office.ticket("uusi")
    found = {}
    async with office.at_work(office.vaino) as vaino:
        for age in ("day", "week", "over_day", "over_week", "over_month", "%3Cb%3E"):
            page = (await vaino.sees(f"/console/?view=all&age={age}")).text
            found[age] = sorted(_rows(page)), re.findall(r'<span class="count">(\d+)</span>', page)[2]

    assert old
    assert found == {
        "day": (["jatkettu", "uusi"], "2"),
        "week": (["jatkettu", "uusi"], "2"),
        "over_day": (["vanha"], "1"),
        "over_week": (["vanha"], "1"),
        "over_month": ([], "0"),
        "%3Cb%3E": (["jatkettu", "uusi", "vanha"], "3"),
    }


async def test_a_long_queue_comes_by_pages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes back after a flood reads the first page at once, and nobody is left out on the others."""
    monkeypatch.setattr(queue, "PAGE", 2)
    monkeypatch.setattr(tickets, "LOOKED_THROUGH", 2)
    for number in range(5):
        await office.ticket(f"avoin {number}", promised_in=timedelta(hours=1 + number))
    for number in range(5):
        office.clock.advance(timedelta(minutes=1))
        role = "sosiaaliohjaaja" if number == 0 else "tyovoimaneuvoja"
        closed = await office.ticket(f"suljettu {number}", role=role)
        await office.desk.close(office.vaino, closed, "answered", office.clock())
    read: dict[str, list[list[str]]] = {}
    async with office.at_work(office.vaino) as vaino:
        for address in ("/console/?view=all", "/console/?view=closed", "/console/?view=closed&role=sosiaaliohjaaja"):
            page, read[address] = (await vaino.sees(address)).text, []
            counts = re.findall(r'<span class="count">(\d+\+?)</span>', page)
            for _ in range(4):
                read[address].append(_rows(page))
                link = re.search(r'href="([^"]+)">(?:Seuraavat|Vanhempia|Katso vanhempia)<', page)
                if link is None:
                    break
                page = (await vaino.sees(unescape(link[1]))).text

    assert list(read.values()) == [
        [["avoin 0", "avoin 1"], ["avoin 2", "avoin 3"], ["avoin 4"]],
        [["suljettu 4", "suljettu 3"], ["suljettu 2", "suljettu 1"], ["suljettu 0"]],
        [[], [], ["suljettu 0"]],
    ]
    assert counts[-1] == "0+"
    assert "Alkuun" in page


async def test_an_empty_queue_says_something_useful(office: Office) -> None:
    """The queue is usually empty; then the page must not be."""
    waiting = await office.ticket("väinöllä", promised_in=timedelta(hours=3))
    await office.desk.claim(office.vaino, waiting, office.clock())
    rows = [asked(office.clock().date() - timedelta(days=day), 9) for day in range(60)] * 2
    async with office.store.write() as tx:
        await tx.execute(event.insert(), rows)
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees("/console/?view=nonsense")).text
        narrowed = (await vaino.sees("/console/?view=free&role=sosiaaliohjaaja")).text
    told = " ".join(re.sub("<[^>]+>", " ", page).split())

    assert "Kukaan ei odota ottajaa." in page
    assert "Palveluaika on nyt: tänään klo 9–16." in page
    assert f'<a href="/console/tickets/{waiting}?view=all">' in page
    assert "Seuraava lupaus tänään klo" in told
    assert (
        "Tällä viikolla botilta on kysytty 4 kertaa; tähän mennessä viikkoa tavallisesti 4. Tavallinen viikko." in told
    )
    assert "Tarkistettavaa kuukauden sisällä: ei mitään." in told
    assert page.count("<li>", page.index("Jos sinulla on hetki"), page.index("</ol>")) == 3
    assert "Lue nuoren silmin:" in page
    assert "Jos sinulla on hetki" not in narrowed


async def test_two_advisors_can_not_take_the_same_question(office: Office) -> None:
    """One of them has it; the other reads who."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        answers = await asyncio.gather(*(person.sends(page, f"{page}/claim") for person in (vaino, saara)))
        looks = [await person.sees(page) for person in (vaino, saara)]
    winner = next(index for index, answer in enumerate(answers) if answer.status_code == 303)
    names = ["Väinö", "Saara"]

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert f"<bdi>{names[winner]}</bdi> ehti ottaa tämän" in answers[1 - winner].text
    assert "Vapauta" in looks[winner].text
    assert "Vapauta" not in looks[1 - winner].text


async def test_a_reply_to_somebody_elses_question_is_not_sent_and_not_lost(office: Office) -> None:
    """Two different answers would confuse the asker; the one who wrote in vain must not write it again."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    await office.desk.claim(office.saara, ticket_id, office.clock())
    async with office.at_work(office.vaino) as vaino:
        answer = await vaino.sends(page, f"{page}/say", act="reply", key="abcdefgh", text="Hyvä\nvastaus <b>")

    assert answer.status_code == 409
    assert "Saara" in answer.text
    assert "Hyvä\nvastaus &lt;b&gt;</textarea>" in answer.text
    assert [row.author for row in await _thread(office, ticket_id)] == ["asker"]


@pytest.mark.parametrize(("act", "status"), [("reply", 409), ("note", 303)])
async def test_a_closed_question_takes_notes_but_no_replies(office: Office, act: str, status: int) -> None:
    """Whoever replies too late is told, and can keep the words as a note."""
    ticket_id = await office.answered_ticket()
    await office.desk.close(office.vaino, ticket_id, "answered", office.clock())
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        answer = await vaino.sends(page, f"{page}/say", act=act, key="abcdefgh", text="Vielä yksi asia")

    assert answer.status_code == status
    assert status == 303 or "Vielä yksi asia</textarea>" in answer.text


async def test_sending_twice_sends_once_and_a_changed_text_is_another_reply(office: Office) -> None:
    """A double click, or a try again after a lost connection, must not reach the asker twice; new words must."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        for text in ("Moi!", "Moi!", "Moi! Ja vielä tämä."):
            await vaino.sends(page, f"{page}/say", act="reply", key="the-same-key", text=text)

    assert [row.text for row in await _thread(office, ticket_id)][1:] == ["Moi!", "Moi! Ja vielä tämä."]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("  \n ", 422),
        ("\u200b" * 3 + "a", 303),
        ("a" * 4000, 303),
        ("a" * 4001, 422),
        ("😭" * 2000, 303),
        ("😭" * 2001, 422),
        ("\u0958" * 2001, 422),
    ],
)
async def test_a_reply_of_any_length_is_sent_or_given_back(office: Office, text: str, status: int) -> None:
    """Nothing is cut off silently; and one reply is one message, by Telegram's own count and in its own spelling."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        answer = await vaino.sends(page, f"{page}/say", act="reply", key="abcdefgh", text=text)

    assert answer.status_code == status
    assert len(await _thread(office, ticket_id)) == (2 if status == 303 else 1)


async def test_of_who_takes_no_messages_the_advisor_knows_before_writing(office: Office) -> None:
    """A reply that can't arrive is work for nothing, and a phone call may still be possible."""
    ticket_id = await office.ticket(channel="telegram")
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
    assert ticket is not None
    pages = []
    async with office.at_work(office.vaino) as vaino:
        for reachable in (True, False, True):
            async with office.store.write() as tx:
                await conversations.set_reachable(tx, ticket.conversation_id, reachable=reachable)
            pages.append((await vaino.sees(f"/console/tickets/{ticket_id}")).text)

    assert ["Ei tavoitettavissa" in page for page in pages] == [False, True, False]
    assert ["Vastaus ei luultavasti mene perille." in page for page in pages] == [False, True, False]


async def test_a_note_is_for_colleagues_and_never_sent(office: Office) -> None:
    """The two modes of the box must never be mixed up."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        await vaino.sends(page, f"{page}/say", act="note", mode="reply", key="abcdefgh", text="Soitin Kelaan.")
    async with office.at_work(office.saara) as saara:
        look = await saara.sees(page)
    async with office.store.read() as read:
        queued = (await read.execute(select(outbox_table.c.id))).all()
        ticket = await tickets.get(read, ticket_id)
        assert ticket is not None
        heard = await conversations.messages(read, ticket.conversation_id)

    assert "Soitin Kelaan." in look.text
    assert queued == []
    assert [message.author for message in heard] == ["asker"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_an_asker_writes_is_shown_as_they_wrote_it(office: Office, text: str) -> None:
    """Never markup, a link or a template; and what turns the writing direction stays inside its own place."""
    ticket_id = await office.ticket(text)
    async with office.at_work(office.vaino) as vaino:
        queue = (await vaino.sees("/console/")).text
        page = (await vaino.sees(f"/console/tickets/{ticket_id}")).text
        await office.desk.reply(office.vaino, ticket_id, text, "some-key", office.clock())
        answer = (await vaino.sees(f"/console/tickets/{ticket_id}/answer")).text
        phrasing = (await vaino.sees(f"/console/tickets/{ticket_id}/phrasing?q=%3Cscript%3E")).text

    assert _rows(queue) == [text]
    assert f'<p class="text" dir="auto">{_escaped(text)}</p>' in page
    for html in (queue, page, answer, phrasing):
        for tag in ("<script>", "<img src=x", "<svg/", "</textarea><"):
            assert tag not in html
        assert "49" not in re.findall(r"\{\{.*?\}\}(\d*)", html)


async def test_closing_asks_how_it_ended(office: Office) -> None:
    """The figures need the outcome, and the asker hears that it is closed."""
    ticket_id = await office.answered_ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        without = await vaino.sends(page, f"{page}/close")
        wrong = await vaino.sends(page, f"{page}/close", outcome="eaten by a dog")
        done = await vaino.sends(page, f"{page}/close", outcome="guided", version=await _version_of(office, ticket_id))
        look = await vaino.sees(page)

    assert (without.status_code, wrong.status_code, done.status_code) == (422, 422, 303)
    assert "Valitse, miten asia päättyi." in without.text
    assert "Ohjattiin palveluun" in look.text


async def test_every_look_at_a_thread_is_written_down(office: Office) -> None:
    """Public bodies must be able to say who has read what; the log holds no word of it."""
    ticket_id = await office.ticket("Merkkisana kuunsirppi.")
    async with office.at_work(office.vaino) as vaino:
        await vaino.sees(f"/console/tickets/{ticket_id}")
        await vaino.client.get(f"/console/tickets/{ticket_id}", headers={"X-Requested-With": "refresh"})
        await vaino.sends(f"/console/tickets/{ticket_id}", f"/console/tickets/{ticket_id}/claim")
    async with office.store.read() as read:
        rows = await read.execute(select(audit).order_by(audit.c.id))
        lines = [(row.act, row.account_id, row.subject) for row in rows]
        broken = await audit_log.broken_at(read)

    assert [line[0] for line in lines] == ["view", "view", "view", "claim"]
    assert {line[1:] for line in lines} == {(office.vaino.id, ticket_id)}
    assert broken is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_open_page_that_asks_for_itself_again_is_no_second_look_unless_it_shows_more(office: Office) -> None:
    """The log tells who saw what: not how often somebody else's question moved in the queue, and never less."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"

    async def refresh(person: Person, shown: str) -> str:
        answer = await person.client.get(page, headers={"X-Requested-With": "refresh", "X-Shown": shown})
        return _shown(answer.text)

    async with office.at_work(office.vaino) as vaino, office.at_work(office.vaino) as elsewhere:
        opened = _shown((await vaino.sees(page)).text)
        same = await refresh(vaino, await refresh(vaino, opened))
        await office.desk.reply(office.vaino, ticket_id, "Saa", "a-key", office.clock())
        same_still = await refresh(vaino, same)  # what one did oneself is told of by itself
        await office.desk.release(office.vaino, ticket_id, office.clock())
        async with office.store.write() as tx:
            ticket = await tickets.get(tx.connection, ticket_id)
            assert ticket is not None
            await conversations.add_message(
                tx, ticket.conversation_id, "asker", "Lisää", office.clock(), ticket_id=ticket_id,
                verdict={"kind": "escalate", "hits": [], "confidence": None, "contacts": True},
            )  # fmt: skip
        more = await refresh(vaino, opened)
        await refresh(vaino, more)
        await office.desk.claim(office.vaino, ticket_id, office.clock())  # in Telegram, say: now the contacts are shown
        await refresh(vaino, more)
        await refresh(vaino, "")
        await refresh(elsewhere, more)  # of another log-in
    async with office.store.read() as read:
        acts = (await read.execute(select(audit.c.act).order_by(audit.c.id))).scalars().all()

    assert opened == same == same_still != more
    assert acts == ["view", "reply", "release", "see more", "claim", "see more", "view", "view"]


DELIVERIES = {
    "Jonossa": {"state": "queued"},
    "Lähetetään…": {"state": "sending", "attempts": 1, "lease_until": True},
    "Ei vielä perillä, yritetään uudelleen": {"state": "queued", "attempts": 2},
    "Perillä Telegramissa": {"state": "sent", "attempts": 1, "finished_at": True},
    "Perillä Telegramissa, ehkä kahdesti": {"state": "sent", "attempts": 2, "finished_at": True, "uncertain": True},
    "Ei mennyt perille: asiakas on estänyt botin": {
        "state": "failed",
        "finished_at": True,
        "reason": "the asker has blocked the bot",
    },
    "Ehkä perillä: yhteys katkesi kesken lähetyksen": {
        "state": "failed",
        "finished_at": True,
        "reason": "perhaps delivered: Telegram did not answer in time",
        "uncertain": True,
    },
    "Ei mennyt perille: poistettu asiakkaan pyynnöstä": {
        "state": "failed",
        "finished_at": True,
        "reason": "erased at the asker's wish",
    },
}


@pytest.mark.parametrize("said", DELIVERIES)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_each_reply_tells_the_truth_about_its_delivery(office: Office, said: str) -> None:
    """An advisor who thinks that the asker has read it, when they haven't, helps nobody."""
    ticket_id = await office.ticket(channel="telegram")
    await office.desk.reply(office.vaino, ticket_id, "Moi", "some-key", office.clock())
    moments = {name: office.clock() for name in ("finished_at", "lease_until") if name in DELIVERIES[said]}
    values = DELIVERIES[said] | moments
    async with office.store.write() as tx:
        await tx.execute(update(outbox_table).values(**values))
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees(f"/console/tickets/{ticket_id}")).text
    found = re.findall(r'<span class="state[^"]*">(.*?)</span>', page)

    assert [unescape(state) for state in found] == [said]


async def test_the_operator_sees_why_something_failed_but_not_what(office: Office) -> None:
    """Faults must be mended by somebody who has no business reading the messages."""
    ticket_id = await office.ticket(channel="telegram")
    await office.desk.reply(office.vaino, ticket_id, "Merkkisana kuunsirppi.", "some-key", office.clock())
    async with office.store.write() as tx:
        reason = "Telegram can't be reached"
        await tx.execute(update(outbox_table).values(state="failed", finished_at=office.clock(), reason=reason))
    async with office.at_work(office.yrjo) as yrjo:
        page = (await yrjo.sees("/console/troubles")).text

    assert "Telegramiin ei saatu yhteyttä" in page
    assert "kuunsirppi" not in page


async def test_an_erased_askers_ticket_is_kindly_gone(office: Office) -> None:
    """A link from yesterday leads to a page that says what may have happened."""
    async with office.at_work(office.vaino) as vaino:
        page = await vaino.sees(f"/console/tickets/{'0' * 32}")

    assert page.status_code == 404
    assert "poistettu asiakkaan pyynnöstä" in page.text


async def test_the_page_is_told_of_a_new_question(office: Office) -> None:
    """An advisor shouldn't have to reload to learn that somebody waits."""
    async with office.at_work(office.vaino) as vaino, vaino.client.stream("GET", "/console/events") as stream:
        lines = stream.aiter_lines()
        first = await _event(lines)
        await office.ticket()
        second = await asyncio.wait_for(_event(lines), timeout=5)

    assert first[0] == second[0] == "changed"
    assert first[1] != second[1]


async def test_the_stream_ends_with_the_session(office: Office) -> None:
    """Who is shut out must not go on being told what happens."""
    async with office.at_work(office.vaino) as vaino, vaino.client.stream("GET", "/console/events") as stream:
        lines = stream.aiter_lines()
        await _event(lines)
        async with office.at_work(office.yrjo) as yrjo:
            answer = await yrjo.sends("/console/people", f"/console/people/{office.vaino.id}/disable")
        ended = await asyncio.wait_for(_event(lines), timeout=5)

    assert answer.status_code == 303
    assert ended[0] == "ended"


async def test_the_thread_is_told_of_what_the_asker_adds(office: Office) -> None:
    """The page's version changes with the conversation, and with nothing that isn't shown."""
    ticket_id = await office.ticket()
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
    assert ticket is not None
    async with office.at_work(office.vaino) as vaino:
        before = _version((await vaino.sees(f"/console/tickets/{ticket_id}")).text)
        again = _version((await vaino.sees(f"/console/tickets/{ticket_id}")).text)
        async with office.store.write() as tx:
            talk_id = ticket.conversation_id
            message_id = await conversations.add_message(tx, talk_id, "asker", "Vielä yksi", office.clock())
            await conversations.join_ticket(tx, message_id, ticket_id)
            await conversations.changed(tx, talk_id)
        page = (await vaino.sees(f"/console/tickets/{ticket_id}")).text

    assert before == again != _version(page)
    assert "Vielä yksi" in page


# --- a reply that did not get through ---------------------------------------------------------------------------


BLOCKED = "the asker has blocked the bot"
OF_REPLIES = outbox_table.c.message_id.in_(select(message.c.id).where(message.c.author == "advisor"))
PERHAPS = "perhaps delivered: Telegram did not answer in time"


async def _failed_reply(office: Office, reason: str = BLOCKED) -> tuple[str, ThreadMessage]:
    """A ticket of Väinö's whose reply has failed, and that reply."""
    ticket_id = await office.ticket(channel="telegram")
    await office.desk.reply(office.vaino, ticket_id, "Moi", "some-key", office.clock())
    async with office.store.write() as tx:
        uncertain = reason == PERHAPS
        failed = {"state": "failed", "finished_at": office.clock(), "reason": reason, "attempts": 1}
        await tx.execute(update(outbox_table).where(OF_REPLIES).values(**failed, uncertain=uncertain))
    return ticket_id, (await _thread(office, ticket_id))[-1]


async def _deliveries(office: Office) -> list[str]:
    async with office.store.read() as read:
        states = select(outbox_table.c.state).where(OF_REPLIES).order_by(outbox_table.c.id)
        return list((await read.execute(states)).scalars())


async def test_a_failed_reply_is_tried_again_once_however_often_one_presses(office: Office) -> None:
    """The asker has unblocked the bot: the same words go out again, and never twice.

    Whether they can be reached shows when that is tried, not by what was told before.
    """
    ticket_id, reply = await _failed_reply(office)
    ticket = await _ticket(office, ticket_id)
    async with office.store.write() as tx:
        await conversations.set_reachable(tx, ticket.conversation_id, reachable=False)
    page = f"/console/tickets/{ticket_id}"
    again = f"{page}/messages/{reply.id}/again"
    async with office.at_work(office.vaino) as vaino:
        before = await vaino.sees(page)
        answers = await asyncio.gather(*(vaino.sends(page, again, delivery=str(reply.delivery_id)) for _ in range(3)))
        after = await vaino.sees(page)

    assert "Yritä uudelleen" in before.text
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409]
    assert await _deliveries(office) == ["failed", "queued"]
    assert "Yritä uudelleen" not in after.text
    assert ["Ei tavoitettavissa" in page.text for page in (before, after)] == [True, False]
    assert [unescape(state) for state in re.findall(r'<span class="state[^"]*">(.*?)</span>', after.text)] == [
        "Jonossa"
    ]


async def test_each_new_failure_can_be_tried_again(office: Office) -> None:
    """The second try has a button of its own, and the first one's is worth nothing any more."""
    ticket_id, reply = await _failed_reply(office)
    now = office.clock()
    await office.desk.try_again(office.vaino, ticket_id, reply.id, reply.delivery_id or 0, now)
    async with office.store.write() as tx:
        failed = {"state": "failed", "finished_at": now, "reason": BLOCKED}
        await tx.execute(update(outbox_table).where(OF_REPLIES, outbox_table.c.state == "queued").values(**failed))
    second = (await _thread(office, ticket_id))[-1]
    with pytest.raises(NotFailed):
        await office.desk.try_again(office.vaino, ticket_id, reply.id, reply.delivery_id or 0, now)
    await office.desk.try_again(office.vaino, ticket_id, reply.id, second.delivery_id or 0, now)

    assert await _deliveries(office) == ["failed", "failed", "queued"]


async def test_what_may_have_arrived_before_says_so_when_it_arrives(office: Office) -> None:
    """Sent again after a broken connection, the asker may have read it twice."""
    ticket_id, reply = await _failed_reply(office, PERHAPS)
    await office.desk.try_again(office.vaino, ticket_id, reply.id, reply.delivery_id or 0, office.clock())
    async with office.store.write() as tx:
        sent = {"state": "sent", "finished_at": office.clock(), "attempts": 1}
        await tx.execute(update(outbox_table).where(OF_REPLIES, outbox_table.c.state == "queued").values(**sent))
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees(f"/console/tickets/{ticket_id}")).text

    assert "Perillä Telegramissa, ehkä kahdesti" in page


async def test_only_a_reply_of_this_very_ticket_and_ones_own_to_hold_is_tried_again(office: Office) -> None:
    """Neither a colleague's work nor a message of another thread is touched by a made-up form."""
    ticket_id, reply = await _failed_reply(office)
    other = await office.ticket("toinen")
    statuses = []
    for account, ticket, delivery in (
        (office.saara, ticket_id, reply.delivery_id),
        (office.vaino, other, reply.delivery_id),
        (office.vaino, ticket_id, (reply.delivery_id or 0) + 1),
        (office.vaino, ticket_id, "x"),
    ):
        async with office.at_work(account) as person:
            page = f"/console/tickets/{ticket}"
            answer = await person.sends(page, f"{page}/messages/{reply.id}/again", delivery=str(delivery))
            statuses.append(answer.status_code)

    assert statuses == [409, 409, 409, 400]
    assert await _deliveries(office) == ["failed"]


async def test_the_queue_tells_of_a_reply_that_did_not_arrive(office: Office) -> None:
    """A question isn't waiting for the asker when the asker never got the reply."""
    await _failed_reply(office)
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees("/console/?view=mine")).text

    assert "vastaus ei mennyt perille" in page
    assert "odottaa asiakasta</span>" not in page


# --- handed over, closed, opened again ----------------------------------------------------------------------------


async def _version_of(office: Office, ticket_id: str) -> str:
    return str((await _ticket(office, ticket_id)).version)


async def _ticket(office: Office, ticket_id: str) -> TicketRow:
    async with office.store.read() as read:
        ticket = await tickets.get(read, ticket_id)
    assert ticket is not None
    return ticket


async def test_a_question_is_handed_to_a_colleague_with_a_word_for_them(office: Office) -> None:
    """Saara has it at once and reads why; the asker hears who has come, and nothing of the note."""
    ticket_id = await office.ticket()
    await office.desk.claim(office.vaino, ticket_id, office.clock())
    page = f"/console/tickets/{ticket_id}"
    version = await _version_of(office, ticket_id)
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        before = await saara.sees("/console/?view=mine")
        to = {"to": office.saara.id, "note": "Kysyy oikeastaan rahasta.", "version": version}
        done = await vaino.sends(page, f"{page}/hand-over", **to)
        again = await vaino.sends(page, f"{page}/hand-over", **to)
        after = await saara.sees("/console/?view=mine")
        look = await saara.sees(page)
    handed = await _ticket(office, ticket_id)
    async with office.store.read() as read:
        acts = (await read.execute(select(audit.c.act).where(audit.c.subject == ticket_id))).scalars().all()
        heard = [said.text for said in await conversations.messages(read, handed.conversation_id)]

    assert "Saara" in heard[-1]
    assert "taas jonossa" not in "".join(heard)
    assert "rahasta" not in "".join(heard)
    assert (done.status_code, again.status_code) == (303, 409)
    assert (handed.account_name, handed.role) == ("Saara", "sosiaaliohjaaja")
    assert (_rows(before.text), _rows(after.text)) == ([], ["Saako iguaanin tuoda töihin?"])
    assert "Kysyy oikeastaan rahasta." in look.text
    assert [message.author for message in await _thread(office, ticket_id)] == ["asker", "note"]
    assert acts.count("hand over") == 1


async def test_a_question_is_handed_to_the_other_role_and_is_free_there(office: Office) -> None:
    """Wrongly routed, nobody's yet: whoever of that role comes first takes it."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        version = await _version_of(office, ticket_id)
        done = await vaino.sends(page, f"{page}/hand-over", to="sosiaaliohjaaja", note="", version=version)
        look = await vaino.sees(f"{page}?done=handed_over")
    handed = await _ticket(office, ticket_id)

    assert done.status_code == 303
    assert (handed.account_id, handed.role) == (None, "sosiaaliohjaaja")
    assert "odottaa ottajaa: sosiaaliohjaajalle" in look.text


@pytest.mark.parametrize("to", ["", "koordinaattori", "0" * 32, "KAISA", "SULO"])
async def test_a_question_is_handed_to_nobody_who_could_not_answer_it(office: Office, to: str) -> None:
    """A coordinator sees no threads, and who has left reads nothing: it would lie there; what was written stays."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    to = {"KAISA": office.kaisa.id, "SULO": office.sulo.id}.get(to, to)
    async with office.at_work(office.vaino) as vaino:
        version = await _version_of(office, ticket_id)
        answer = await vaino.sends(page, f"{page}/hand-over", to=to, note="Sinulle <b>", version=version)

    assert answer.status_code == 422
    assert "Sinulle &lt;b&gt;</textarea>" in answer.text
    assert (await _ticket(office, ticket_id)).role == "tyovoimaneuvoja"


async def test_somebody_elses_question_is_not_handed_on(office: Office) -> None:
    """What a colleague works on stays with them."""
    ticket_id = await office.ticket()
    await office.desk.claim(office.saara, ticket_id, office.clock())
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        version = await _version_of(office, ticket_id)
        answer = await vaino.sends(page, f"{page}/hand-over", to="sosiaaliohjaaja", note="", version=version)

    assert answer.status_code == 409
    assert (await _ticket(office, ticket_id)).account_name == "Saara"


async def test_what_was_said_meanwhile_is_read_before_closing_or_handing_over(office: Office) -> None:
    """The asker's last word must not be closed away unread by a form that was open before it came."""
    ticket_id = await office.answered_ticket()
    page = f"/console/tickets/{ticket_id}"
    stale = await _version_of(office, ticket_id)
    async with office.store.write() as tx:
        await tickets.joined(tx, ticket_id, urgent=False)
    async with office.at_work(office.vaino) as vaino:
        closing = await vaino.sends(page, f"{page}/close", outcome="answered", topic="", version=stale)
        handing = await vaino.sends(page, f"{page}/hand-over", to=office.saara.id, note="Ole hyvä", version=stale)
    ticket = await _ticket(office, ticket_id)

    assert (closing.status_code, handing.status_code) == (409, 409)
    assert "Tilanne muuttui" in closing.text
    assert "Ole hyvä</textarea>" in handing.text
    assert (ticket.closed_at, ticket.account_name) == (None, "Väinö")


@pytest.mark.parametrize(
    ("topic", "status", "kept"), [("asumistuki", 303, "asumistuki"), ("", 303, None), ("no", 400, "cv")]
)
async def test_closing_says_what_it_was_about(office: Office, topic: str, status: int, kept: str | None) -> None:
    """The bot's guess was wrong, or no answer fits: the figures and the gaps go by what the advisor says."""
    ticket_id = await office.answered_ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        form = {"outcome": "guided", "topic": topic, "version": await _version_of(office, ticket_id)}
        answer = await vaino.sends(page, f"{page}/close", **form)
    async with office.store.read() as read:
        topics = (await read.execute(select(event.c.topic).where(event.c.kind == "closed_guided"))).scalars().all()

    assert answer.status_code == status
    assert (await _ticket(office, ticket_id)).topic == kept
    assert topics == ([kept] if status == 303 else [])


async def test_a_closed_question_is_opened_again_by_whoever_goes_on_with_it(office: Office) -> None:
    """Closed too early: it is theirs, with a new promise, and can be answered; twice does it once."""
    ticket_id = await office.answered_ticket()
    await office.desk.close(office.vaino, ticket_id, "answered", office.clock())
    office.clock.advance(timedelta(days=1))
    page = f"/console/tickets/{ticket_id}"
    form = {"version": await _version_of(office, ticket_id)}
    async with office.at_work(office.saara) as saara:
        answers = await asyncio.gather(*(saara.sends(page, f"{page}/reopen", **form) for _ in range(2)))
        said = await saara.sends(page, f"{page}/say", act="reply", key="abcdefgh", text="Vielä yksi asia")
    ticket = await _ticket(office, ticket_id)

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert said.status_code == 303
    assert (ticket.closed_at, ticket.outcome, ticket.account_name) == (None, None, "Saara")
    assert ticket.promised_at > office.clock()


async def test_of_two_questions_of_one_asker_only_one_is_open(office: Office) -> None:
    """They have asked something new since: the page leads there."""
    ticket_id = await office.answered_ticket()
    await office.desk.close(office.vaino, ticket_id, "answered", office.clock())
    closed = await _ticket(office, ticket_id)
    now = office.clock()
    async with office.store.write() as tx:
        question_id = await conversations.add_message(tx, closed.conversation_id, "asker", "Uusi kysymys", now)
        newer = await tickets.open_ticket(
            tx, conversation_id=closed.conversation_id, role="sosiaaliohjaaja", question_id=question_id, topic=None,
            urgent=False, promised_at=now, now=now,
        )  # fmt: skip
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        answer = await vaino.sends(page, f"{page}/reopen", version=str(closed.version))

    assert answer.status_code == 409
    assert f'href="/console/tickets/{newer}"' in answer.text


async def _thread(office: Office, ticket_id: str) -> list[tickets.ThreadMessage]:
    async with office.store.read() as read:
        return await tickets.thread(read, ticket_id)


async def _event(lines) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """The next event of a stream, besides who looks where: its name and data."""
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and name != "presence":
            return name, line.removeprefix("data: ")
    return "closed", ""


def _version(html: str) -> str:
    found = re.search(r'data-version="([^"]+)"', html)
    assert found
    return found[1]


def _shown(html: str) -> str:
    """What a ticket's page says of what it shows."""
    found = re.search(r'data-shown="([0-9a-f]+)"', html)
    return found[1] if found else ""


def _escaped(text: str) -> str:
    return str(escape(text))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_empty_queue_claims_no_more_than_is_so(office: Office) -> None:
    """A promise that has passed is not the next one; and closed without a reply is not answered."""
    waiting = await office.ticket("myöhässä", promised_in=timedelta(hours=-1))
    await office.desk.claim(office.saara, waiting, office.clock())
    async with office.at_work(office.vaino) as vaino:
        late = " ".join(re.sub("<[^>]+>", " ", (await vaino.sees("/console/?view=free")).text).split())
        await office.desk.close(office.saara, waiting, "no_reply", office.clock())
        closed = " ".join(re.sub("<[^>]+>", " ", (await vaino.sees("/console/?view=free")).text).split())

    assert "Seuraava lupaus" not in late
    assert "Myöhässä: lupaus oli tänään klo" in late
    assert "Ei lupauksia: yksikään avoin kysymys ei odota ensimmäistä vastausta." in closed


async def test_a_ticket_whose_texts_are_gone_says_why_and_offers_nothing_to_learn_from(office: Office) -> None:
    """An empty thread would look like a lost message."""
    ticket_id = await office.answered_ticket("Saako iguaanin tuoda töihin?")
    await office.desk.close(office.vaino, ticket_id, "answered", office.clock())
    async with office.store.write() as tx:
        await tx.execute(update(outbox_table).values(state="sent", finished_at=office.clock()))
    async with office.at_work(office.vaino) as vaino:
        before = (await vaino.sees(f"/console/tickets/{ticket_id}?view=closed")).text
    await retention.forget(office.store, office.house.profile.retention, office.clock() + timedelta(days=91))
    async with office.at_work(office.vaino) as vaino:
        after = (await vaino.sees(f"/console/tickets/{ticket_id}?view=closed")).text

    gone = "Viestejä on poistettu säilytysajan jälkeen."
    assert gone not in before
    assert "Tee tästä vastaus" in before
    assert f'<li class="quiet">{gone}</li>' in after
    assert _rows(after) == [gone]
    assert "iguaanin" not in after
    assert "Tee tästä vastaus" not in after


async def test_a_ticket_that_has_lost_only_its_oldest_messages_says_so_too(office: Office) -> None:
    """An advisor who reads on must know that the beginning is missing."""
    ticket_id = await office.ticket("Saako iguaanin tuoda töihin?")
    async with office.store.write() as tx:
        await tx.execute(update(message).values(created_at=office.clock() - timedelta(days=181)))
        (conversation_id,) = (await tx.execute(select(message.c.conversation_id))).scalars()
        now = office.clock()
        await conversations.add_message(tx, conversation_id, "asker", "Entä käärmeen?", now, ticket_id=ticket_id)
    await retention.forget(office.store, office.house.profile.retention, office.clock())
    async with office.at_work(office.vaino) as vaino:
        page = (await vaino.sees(f"/console/tickets/{ticket_id}")).text

    assert "iguaanin" not in page
    assert "Viestejä on poistettu säilytysajan jälkeen." in page
    assert _rows(page) == ["Entä käärmeen?"]


async def test_contact_details_that_an_asker_sent_are_seen_by_who_has_the_question_alone(office: Office) -> None:
    """So the asker was told when they wrote them: neither in the queue nor by whoever else looks in."""
    ticket_id = await office.ticket("Voiko joku soittaa?")
    await _add_contacts(office, ticket_id)
    pages = {}
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        for holder, act in (("nobody", None), ("Väinö", office.desk.claim), ("nobody again", office.desk.release)):
            if act:
                await act(office.vaino, ticket_id, office.clock())
            for name, person in (("Väinö", vaino), ("Saara", saara)):
                pages[holder, name] = (await person.sees(f"/console/tickets/{ticket_id}")).text
        queue = (await saara.sees("/console/")).text

    assert {who for who, page in pages.items() if CONTACTS in page} == {("Väinö", "Väinö")}
    assert all("asiakas lähetti yhteystietonsa" in page for page in pages.values())
    assert CONTACTS not in queue


CONTACTS = "040 555 0199, aino@example.org"


async def _add_contacts(office: Office, ticket_id: str) -> None:
    """What an asker has written after "Lähetä numeroni", as the bot stores it."""
    async with office.store.write() as tx:
        ticket = await tickets.get(tx.connection, ticket_id)
        assert ticket is not None
        seen: dict[str, object] = {"kind": "escalate", "hits": [], "confidence": None, "contacts": True}
        await conversations.add_message(
            tx, ticket.conversation_id, "asker", CONTACTS, office.clock(), verdict=seen, ticket_id=ticket_id
        )


# --- who writes just now ----------------------------------------------------------------------------------------


async def _types(person: Person, ticket_id: str, typing: str = "on") -> int:
    page = f"/console/tickets/{ticket_id}"
    return (await person.sends(page, f"{page}/typing", typing=typing)).status_code


async def test_only_who_has_the_question_is_seen_writing_and_no_longer_than_they_have_it(office: Office) -> None:
    """The asker must not wait for somebody who only looks, or has gone."""
    ticket_id = await office.ticket()
    seen: list[str | None] = []
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:

        async def look(person: Person, typing: str = "on") -> None:
            assert await _types(person, ticket_id, typing) == 204
            seen.append(office.store.hub.presence.writer_to_asker(ticket_id, office.clock()))

        page = f"/console/tickets/{ticket_id}"
        await look(vaino)
        await vaino.sends(page, f"{page}/claim")
        await look(vaino)
        await look(saara, "off")
        await look(vaino, "off")
        await look(vaino)
        await vaino.sends(page, f"{page}/say", act="reply", mode="reply", key="a-key-of-it", text="Saa.")
        seen.append(office.store.hub.presence.writer_to_asker(ticket_id, office.clock()))
        await look(vaino)
        await vaino.sends(page, f"{page}/release")
        seen.append(office.store.hub.presence.writer_to_asker(ticket_id, office.clock()))

    assert seen == [None, "Väinö", "Väinö", None, "Väinö", None, "Väinö", None]


async def test_the_thread_is_told_that_the_asker_writes(office: Office) -> None:
    """So that an advisor waits with the next sentence; and not on the page of another question."""
    ticket_id, other_id = await office.ticket(), await office.ticket("Toinen")
    presence = office.store.hub.presence
    async with (
        office.at_work(office.vaino) as vaino,
        vaino.client.stream("GET", f"/console/events?ticket={ticket_id}") as stream,
    ):
        lines = stream.aiter_lines()
        await _event(lines)
        presence.writes(other_id, ASKER, "", office.clock())
        presence.writes(ticket_id, ASKER, "", office.clock())
        began = await asyncio.wait_for(_event(lines), timeout=5)
        presence.stops_writing(ticket_id, ASKER, office.clock())
        ended = await asyncio.wait_for(_event(lines), timeout=5)

    assert (began, ended) == (("typing", "-"), ("quiet", "-"))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_in_telegram_the_asker_sees_the_advisor_writing(
    store: Store, vault: Vault, knowledge_cache: Path, tmp_path: Path, telegram: FakeTelegram
) -> None:
    """Telegram's own sign for it; on the web, none of Telegram's business."""
    settings = {"telegram_token": SecretStr(TOKEN), "telegram_api": telegram.url}
    async with opened(store, vault, tmp_path, knowledge_cache, **settings) as office:
        on_web = await office.ticket("Verkossa")
        async with store.write() as tx:
            talk = await people.meet(tx, vault, people.AINO, office.clock())
            question = await conversations.add_message(tx, talk.id, "asker", "Moi", office.clock())
            in_telegram = await tickets.open_ticket(
                tx, conversation_id=talk.id, role="tyovoimaneuvoja", question_id=question, topic=None, urgent=False,
                promised_at=office.clock(), now=office.clock(),
            )  # fmt: skip
        await telegram.says(people.AINO, "moi")
        async with office.at_work(office.vaino) as vaino:
            for ticket_id in (on_web, in_telegram):
                await office.desk.claim(office.vaino, ticket_id, office.clock())
                await _types(vaino, ticket_id)
        async with asyncio.timeout(5):
            while not telegram.calls["sendChatAction"]:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)

    assert telegram.calls["sendChatAction"] == 1
