"""Everything kept of an asker comes to them as a file, and only to them."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot import holdings, wording
from bot.dialogue import Button
from bot.holdings import Holdings
from bot.profile import read_profile
from bot.settings import Settings
from bot.store import conversations, drafts, erasure, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.support import people
from tests.support import telegram_faults as faults
from tests.support.chat import Browser, Chat, serving
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.fake_telegram import Accepted
from tests.support.knowledge import KNOWN, UNKNOWN, SteadyKnowledge
from tests.support.koppi import Koppi
from tests.support.people import AINO, BULK

on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

# What the file leaves out, and why. Of every other column it tells the value.
ID = "a random or running number, by which rows find each other"
HASH = "a keyed hash"
SEALED = "sealed bytes; the file says that there are some"
COUNTER = "counts changes"
COPY = "a copy of what the file tells of the question, for the people behind the service; goes with the question"
TO_STAFF = "only of what goes to the people behind the service"
STAFF = "of the people behind the service"
NOBODY = "refers to nobody"
UNSENT = "what an advisor has begun to write: the file says how many there are, and whom to ask for them"
LEFT_OUT = {
    "account": STAFF,
    "recovery_code": STAFF,
    "session": STAFF,
    "invitation": STAFF,
    "digest_run": STAFF,
    "summary_reader": STAFF,
    "asked_address": STAFF,
    "login_attempt": STAFF,
    "chat_link": STAFF,
    "link_code": STAFF,
    "notice": COPY,
    "group_message": COPY,
    "telegram_account": STAFF,
    "draft": UNSENT,
    "entry_revision": NOBODY,
    "reply_template": NOBODY,
    "campaign": NOBODY,
    "outreach": NOBODY,
    "tip": NOBODY,
    "event": NOBODY,
    "tallied_day": NOBODY,
    "tally": NOBODY,
    "self_check": NOBODY,
    "alarm": NOBODY,
    "summary_run": NOBODY,
    "revision_counter": NOBODY,
    "lease": NOBODY,
    "asker.id": ID,
    "address.id": ID,
    "address.asker_id": ID,
    "address.lookup": HASH,
    "address.sealed": SEALED,
    "conversation.id": ID,
    "conversation.asker_id": ID,
    "conversation.address_id": ID,
    "conversation.version": COUNTER,
    "message_word": HASH,
    "ticket.opened": "ticket.opened_at as a number, by which searches find it",
    "message.indexed_as": COUNTER,
    "message.id": ID,
    "message.conversation_id": ID,
    "message.ticket_id": ID,
    "message.question_id": ID,
    "ticket.id": ID,
    "ticket.conversation_id": ID,
    "ticket.version": COUNTER,
    "inbox.id": ID,
    "inbox.key": ID,
    "inbox.sender": HASH,
    "inbox.body": SEALED,
    "decision.inbox_id": ID,
    "quarantine.id": ID,
    "quarantine.key": ID,
    "quarantine.sender": HASH,
    "quarantine.body": SEALED,
    "outbox.id": ID,
    "outbox.key": ID,
    "outbox.inbox_id": ID,
    "outbox.ordinal": ID,
    "outbox.message_id": ID,
    "outbox.notice_id": ID,
    "outbox.group_message_id": TO_STAFF,
    "outbox.target": TO_STAFF,
    "outbox.is_broadcast": "whether others went first",
    "outbox.is_urgent": "whether it went before others",
    "subscription.asker_id": ID,
    "outbox.destination": ID,
    "outbox.sealed_address": SEALED,
    "audit.id": ID,
    "audit.subject": ID,
    "audit.account_id": "which of the staff looked is told by the controller, on request",
    "audit.origin": STAFF,
    "audit.previous_hash": HASH,
    "audit.hash": HASH,
}


def read(file: Accepted) -> str:
    """What stands in the file."""
    assert file.file is not None
    return file.file.decode("utf-8-sig")


async def conversation_id(koppi: Koppi) -> str:
    (row,) = await koppi.rows(schema.conversation)
    return str(row.id)


# Names and values as the code has them: no owner of the file could read them.
RAW = re.compile(
    r".*(?:\bFalse|\bTrue|[a-z]_[a-z]|\d{4}-\d\d|0[.,]\d{3}|\b(?:escalate|offer|view|send|done|asked)\b).*"
)


@pytest.fixture
def told(store: Store, tmp_path: Path) -> Holdings:
    """What makes the file, with nobody at work."""
    return Holdings(store, read_profile(tmp_path), Settings(_env_file=None).zone)


# --- in Telegram ----------------------------------------------------------------------------------------------


async def test_everything_comes_as_a_file_after_a_few_words(koppi: Koppi) -> None:
    """With whole texts, as they were written, of all three who speak."""
    await koppi.asks(KNOWN)
    ticket = await koppi.sends_to_a_person("**Voinko** [x](https://example.org) tuoda iguaanin?")
    await koppi.desk.reply(koppi.vaino, ticket.id, "Et voi.", "a", koppi.later())
    await koppi.desk.note(koppi.vaino, ticket.id, "soitin äidille", koppi.later())
    async with koppi.store.write() as tx:
        begun = drafts.Draft("Tai ehkä", key="k")
        await drafts.save(tx, koppi.vault, ticket.id, koppi.vaino.id, begun, koppi.later())
    while (await koppi.hears()).text != "Työvoimaneuvoja Väinö\nEt voi.":
        pass
    words = await koppi.asks("/tietoni")
    file = await koppi.hears()
    text = read(file)
    (asker,) = await koppi.rows(schema.asker)

    assert asker.alias in words.text
    assert "viestiä" in words.text
    assert "odottaa vastausta" in words.text or "ohjaajalla" in words.text
    assert (file.method, file.file.name if file.file else "") == ("sendDocument", "otappa-koppi-tietoni.txt")
    for whole in (asker.alias, KNOWN, "**Voinko** [x](https://example.org) tuoda iguaanin?", "Et voi.", "Väinö"):
        assert whole in text
    assert "Tarkistettu 1.11.2026" in text
    assert RAW.findall(text) == []
    assert "soitin" not in text
    assert "Tai ehkä" not in text
    assert wording.say("fi", wording.HOLDINGS_NOTES, count="1") in text
    assert wording.say("fi", wording.HOLDINGS_DRAFTS, count="1") in text


async def test_the_files_content_is_kept_nowhere(koppi: Koppi) -> None:
    """It would be a second copy of everything, and the next file would hold it once more."""
    await koppi.asks(UNKNOWN)
    await koppi.asks("/tietoni")
    await koppi.hears()
    await koppi.settles()
    kept = [row.text for table in (schema.message, schema.notice) for row in await koppi.rows(table)]

    assert sum(UNKNOWN in text for text in kept) == 1
    assert [row.act for row in await koppi.rows(schema.outbox)][-2:] == ["send", "file"]


@on_one_database
async def test_a_file_that_telegram_puts_off_comes_later_and_once(koppi: Koppi) -> None:
    """As a message does; and the words before it are not said again."""
    koppi.telegram.fails(faults.too_many_requests(2), method="sendDocument")
    await koppi.asks("/tietoni")
    await koppi.advance(timedelta(seconds=5))
    await koppi.hears()
    await koppi.settles()

    assert [message.method for message in koppi.telegram.accepted[AINO]] == ["sendMessage", "sendDocument"]


@on_one_database
async def test_a_file_that_may_have_arrived_is_sent_once_more(koppi: Koppi) -> None:
    """Better twice than never."""
    koppi.telegram.fails(faults.RESET_AFTER_ACCEPTING, method="sendDocument")
    await koppi.asks("/tietoni")
    for _ in range(3):
        await koppi.advance(timedelta(seconds=31))
    (file,) = [row for row in await koppi.rows(schema.outbox) if row.act == "file"]

    assert koppi.telegram.calls["sendDocument"] == 2
    assert (file.state, file.uncertain) == ("sent", True)


@on_one_database
async def test_who_is_erased_before_the_file_goes_gets_none(koppi: Koppi) -> None:
    """It is made of what is there when it goes."""
    koppi.telegram.fails(faults.too_many_requests(60), method="sendDocument")
    await koppi.asks("/tietoni")
    await koppi.settles()
    async with koppi.store.write() as tx:
        await erasure.erase(tx, await conversation_id(koppi))
    await koppi.advance(timedelta(seconds=61))
    await koppi.settles()

    assert [message.method for message in koppi.telegram.accepted[AINO]] == ["sendMessage"]


@on_one_database
async def test_the_link_of_a_talk_that_has_moved_to_telegram_brings_the_file_there(koppi: Koppi) -> None:
    """What still waited when the web chat moved comes with its link as a button."""
    await koppi.asks(KNOWN)
    async with koppi.store.write() as tx:
        message_id = await conversations.add_message(
            tx, await conversation_id(koppi), "bot", "Kaikki", NOW, buttons=(Button("fetch", wording.BUTTON_FETCH),)
        )
    await koppi.telegram.presses_data(AINO, f"fetch:{message_id}:0")

    assert "Sinusta on tallessa" in (await koppi.hears()).text
    assert KNOWN in read(await koppi.hears())


@on_one_database
async def test_a_file_that_cannot_be_made_holds_no_reply_up(koppi: Koppi) -> None:
    """What is said in a chat is sent in its order: a person's answer would wait for a day."""

    async def fails(_conversation_id: str, _now: datetime) -> bytes:
        raise KeyError("xq")

    koppi.delivery._file_of = fails
    await koppi.asks("/tietoni")
    answer = await koppi.asks(KNOWN)
    (file,) = [row for row in await koppi.rows(schema.outbox) if row.act == "file"]

    assert answer.text.startswith("Asumistukea")
    assert (file.state, file.reason) == ("failed", "the file can't be made (KeyError)")


async def test_nobody_gets_what_another_has_written(koppi: Koppi) -> None:
    """Two who asked at the same time."""
    await koppi.asks(UNKNOWN, BULK[0])
    await koppi.asks(KNOWN)
    await koppi.asks("/tietoni")

    assert UNKNOWN not in read(await koppi.hears())


# --- the file -------------------------------------------------------------------------------------------------


async def _fill(store: Store, vault: Vault) -> tuple[str, dict[str, str]]:
    """An asker with a value of its own in every column; the conversation, and how the file tells each value."""
    moments = (datetime(2025, 1, 1, 10, minute, tzinfo=UTC) + timedelta(days=minute) for minute in range(60))
    shown: dict[str, str] = {}

    def at(column: str) -> datetime:
        moment = next(moments)
        shown[column] = f"{moment.day}.{moment.month}.2025 klo {moment.hour + 2 + (moment.month in range(4, 11))}"
        shown[column] += f".{moment.minute:02}"
        return moment

    def mark(column: str, value: Any, words: str | None = None) -> Any:
        shown[column] = words or str(value)
        return value

    vaino, _ = await people.employ(store)
    async with store.write() as tx:
        talk = await people.meet(tx, vault, AINO, NOW)
        lookup = vault.lookup("telegram", str(AINO))
        await tx.execute(
            update(schema.asker).values(
                alias=mark("asker.alias", "Kuikka 777"),
                language=mark("asker.language", "fi", "suomi"),
                first_campaign=mark("asker.first_campaign", "lehti"),  # no campaign that we still know of
                first_campaign_on=mark("asker.first_campaign_on", date(2025, 3, 4), "4.3.2025"),
                last_campaign=mark("asker.last_campaign", "brdcst", "Koulun juliste"),
                last_campaign_on=mark("asker.last_campaign_on", date(2025, 5, 6), "6.5.2025"),
                created_at=at("asker.created_at"),
                last_seen_at=at("asker.last_seen_at"),
                last_events=mark("asker.last_events", {"came": "2025-08-09"}, "tulit: 9.8.2025"),
            )
        )
        await tx.execute(
            schema.campaign.insert().values(
                code="brdcst", name="Koulun juliste", place="", first_day=NOW.date(), last_day=NOW.date(), questions={}
            )
        )
        await tx.execute(update(schema.address).values(reachable=mark("address.reachable", False, "ei")))
        await tx.execute(
            schema.subscription.insert().values(
                asker_id=conversations.owner(talk.id),
                kind=mark("subscription.kind", "tips", "vinkki viikossa"),
                since=at("subscription.since"),
                agreed=mark("subscription.agreed", {"turn": "graduation"}, "turn: graduation"),
                due_at=at("subscription.due_at"),
            )
        )
        shown["address.channel"] = shown["conversation.channel"] = "Kanava: Telegram"
        await tx.execute(
            update(schema.conversation).values(
                state=mark("conversation.state", {"topic": "velkaneuvonta"}, "viimeisin aihe: velkaneuvonta"),
                created_at=at("conversation.created_at"),
            )
        )
        ticket = {name: at(f"ticket.{name}") for name in (
            "opened_at", "reopened_at", "promised_at", "slipped_at", "claimed_at", "replied_at", "closed_at",
        )}  # fmt: skip
        await tx.execute(
            schema.ticket.insert().values(
                id="t" * 32,
                conversation_id=talk.id,
                role=mark("ticket.role", "sosiaaliohjaaja", "Kenelle: sosiaaliohjaajalle"),
                urgent=mark("ticket.urgent", True, "kyllä"),
                topic=mark("ticket.topic", "ticket-topic"),
                account_id=mark("ticket.account_id", vaino.id, "Väinö"),
                outcome=mark("ticket.outcome", "guided", "Lopputulos: sinut ohjattiin palveluun"),
                version=3,
                **ticket,
            )
        )
        said = await tx.execute(
            schema.message.insert()
            .values(
                conversation_id=talk.id,
                ticket_id="t" * 32,
                author=mark("message.author", "advisor", "Ohjaaja"),
                account_id=mark("message.account_id", vaino.id, "Väinö"),
                text=mark("message.text", "Hei_*Aino*!\nToinen rivi"),
                buttons=mark("message.buttons", [{"verb": "yes", "value": "", "label": "Auttoi?!"}], "Auttoi?!"),
                entry_id=mark("message.entry_id", "tyopaja"),
                verdict=mark(
                    "message.verdict",
                    {"kind": "maybe", "hits": [["cv", 0.25]]},
                    "mitä botti teki: maybe; lähimmät vastaukset ja niiden pisteet: cv 0,25",
                ),
                helped=mark("message.helped", False, "Auttoi: ei"),
                gap=mark("message.gap", "not_ours"),
                phrasing=mark("message.phrasing", "rejected"),
                created_at=at("message.created_at"),
            )
            .returning(schema.message.c.id)
        )
        inbox = await tx.execute(
            schema.inbox.insert()
            .values(
                channel=mark("inbox.channel", "telegram", "Kanava: Telegram"),
                key="k1",
                sender=lookup,
                state=mark("inbox.state", "done", "Tila: käsitelty"),
                attempts=mark("inbox.attempts", 41),
                not_before=at("inbox.not_before"),
                received_at=at("inbox.received_at"),
                handled_at=at("inbox.handled_at"),
            )
            .returning(schema.inbox.c.id)
        )
        await tx.execute(
            schema.decision.insert().values(
                inbox_id=inbox.scalar_one(),
                kind=mark("decision.kind", "not_helped", "Päätös: kerroit, ettei vastaus auttanut"),
                replies=mark("decision.replies", 17),
                decided_at=at("decision.decided_at"),
            )
        )
        await tx.execute(
            schema.quarantine.insert().values(
                channel=mark("quarantine.channel", "telegram", "Kanava: Telegram"),
                key="k2",
                sender=lookup,
                body=vault.seal("x"),
                reason=mark("quarantine.reason", "handling failed"),
                received_at=at("quarantine.received_at"),
            )
        )
        await tx.execute(
            schema.outbox.insert().values(
                key="o",
                message_id=said.scalar_one(),
                act=mark("outbox.act", "file", "Teko: tiedosto"),
                channel=mark("outbox.channel", "telegram", "Kanava: Telegram"),
                destination=talk.id,
                state=mark("outbox.state", "failed", "Tila: ei mennyt perille"),
                attempts=mark("outbox.attempts", 29),
                uncertain=mark("outbox.uncertain", True, "kyllä"),
                not_before=at("outbox.not_before"),
                queued_at=at("outbox.queued_at"),
                finished_at=at("outbox.finished_at"),
                external_id=mark("outbox.external_id", "4711-x"),
                reason=mark("outbox.reason", "perhaps delivered"),
            )
        )
        shown["outbox.lease_until"] = ""  # only while it is on its way
        await tx.execute(
            schema.audit.insert().values(
                at=at("audit.at"),
                account_id=vaino.id,
                act=mark("audit.act", "view", "Teko: kysymys avattiin"),
                subject="t" * 32,
                origin="",
                previous_hash="p",
                hash="h",
            )
        )
    return talk.id, shown


async def test_the_file_tells_of_every_column_of_every_table_or_there_is_a_reason(
    store: Store, vault: Vault, told: Holdings
) -> None:
    """A new column is a decision: tell it to whom it is about, or write down here why not."""
    talk_id, shown = await _fill(store, vault)
    file = (await told.file(talk_id, NOW) or b"").decode("utf-8-sig")
    expected = {
        f"{table.name}.{column.name}"
        for table in schema.metadata.sorted_tables
        for column in table.columns
        if table.name not in LEFT_OUT and f"{table.name}.{column.name}" not in LEFT_OUT
    }

    assert set(shown) == expected
    assert {column: words for column, words in shown.items() if words not in file} == {}
    assert all(column.partition(".")[0] in schema.metadata.tables for column in LEFT_OUT)


@on_one_database
@pytest.mark.parametrize(("language", "words"), [("sv", "Alias: "), ("en", "Alias: ")])
async def test_the_file_speaks_the_askers_language(
    store: Store, vault: Vault, told: Holdings, language: str, words: str
) -> None:
    """And not a word of another one in its labels."""
    talk_id, _ = await _fill(store, vault)
    async with store.write() as tx:
        await tx.execute(update(schema.asker).values(language=language))
    file = (await told.file(talk_id, NOW) or b"").decode("utf-8-sig")

    assert words in file
    assert wording.HOLDINGS_TITLE not in file
    assert not [label for label in wording.HOLDINGS_LABELS.values() if f"\n{label}: " in file and len(label) > 7]


@on_one_database
async def test_an_erased_asker_has_no_file(store: Store, vault: Vault, told: Holdings) -> None:
    """Not one of headings either, which would tell that there was somebody."""
    talk_id, _ = await _fill(store, vault)
    parts = told.parts(talk_id, NOW)
    await anext(parts)
    async with store.write() as tx:
        await erasure.erase(tx, talk_id)

    assert await told.file(talk_id, NOW) is None
    with pytest.raises(holdings.Gone):
        _ = [part async for part in parts]


async def _talks_long(store: Store, vault: Vault, messages: int) -> str:
    async with store.write() as tx:
        talk = await people.meet(tx, vault, AINO, NOW)
        row = {"conversation_id": talk.id, "author": "bot", "buttons": [], "created_at": NOW}
        await tx.execute(schema.message.insert(), [{**row, "text": f"**Viesti** {n}."} for n in range(messages)])
    return talk.id


@on_one_database
async def test_others_have_their_turn_while_a_long_talks_file_is_made(
    store: Store, vault: Vault, told: Holdings
) -> None:
    """Nobody waits for another's file: it is read and written a page at a time."""
    talk_id = await _talks_long(store, vault, 4 * holdings.PAGE)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(other())
    parts = [part async for part in told.parts(talk_id, NOW)]
    others.cancel()

    assert max(part.count("Viesti ") for part in parts) == holdings.PAGE
    assert sum(part.count("Viesti ") for part in parts) == 4 * holdings.PAGE
    assert turns > 4


@on_one_database
@pytest.mark.parametrize(("limit", "value"), [("MOST_BYTES", 3000), ("MOST_SECONDS", 0)])
async def test_a_file_too_large_to_send_says_where_the_rest_is(
    store: Store, vault: Vault, told: Holdings, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """Telegram takes 50 MB, and a phone less; and a send has its time."""
    monkeypatch.setattr(holdings, limit, value)
    talk_id = await _talks_long(store, vault, 3 * holdings.PAGE)
    file = (await told.file(talk_id, NOW) or b"").decode("utf-8-sig")

    assert len(file) < 3000 + 100 * holdings.PAGE
    assert wording.HOLDINGS_TOO_LARGE[:30] in file


async def test_in_short_it_tells_what_there_is(store: Store, vault: Vault, told: Holdings) -> None:
    """The leave to send contact details, too."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault, AINO, NOW)
        await conversations.add_message(tx, talk.id, "asker", "moi", NOW, verdict={"kind": "answer"})
        without = await told.in_short(tx.connection, talk)
        await conversations.add_message(tx, talk.id, "asker", "040", NOW, verdict={"contacts": True})
        await conversations.add_message(tx, talk.id, "note", "n", NOW)
        words = await told.in_short(tx.connection, talk)

    assert "2 viestiä" in words
    assert ("luvallasi" in words, "luvallasi" in without) == (True, False)


# --- on the web -----------------------------------------------------------------------------------------------


@pytest.fixture
async def chat(store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path) -> AsyncIterator[Chat]:
    """The web chat with the bot at work."""
    async with serving(store, vault, knowledge_base, tmp_path) as chat:
        yield chat


async def test_the_web_chats_reply_has_a_link_to_the_file(chat: Chat) -> None:
    """It works without a script; the file is saved, and no cache keeps it."""
    async with Browser(chat) as aino:
        await aino.opens()
        await aino.says(UNKNOWN)
        await aino.says("/tietoni")
        link = re.search(rf'<a class="press" href="([^"]+)">{wording.BUTTON_FETCH}</a>', aino.page)
        assert link is not None
        response = await aino.get(link[1])

    assert "Sinusta on tallessa" in aino.page
    assert (response.status_code, link[1]) == (200, "/chat/tietoni.txt")
    assert response.headers["content-disposition"] == 'attachment; filename="otappa-koppi-tietoni.txt"'
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert UNKNOWN in response.text
    assert "BOTTI" not in response.text.upper().partition("VIESTIT (")[0]


@on_one_database
async def test_a_stranger_gets_no_file_and_neither_does_another_sites_page(chat: Chat) -> None:
    """Whoever knows the address; and a link elsewhere must put nothing on a shared computer's disk."""
    async with Browser(chat) as aino, Browser(chat) as stranger:
        await aino.opens()
        await aino.says(UNKNOWN)
        strange = await stranger.get("/chat/tietoni.txt", follow_redirects=False)
        from_elsewhere = await aino.get(
            "/chat/tietoni.txt", headers={"sec-fetch-site": "cross-site"}, follow_redirects=False
        )
        by_another_door = await aino.get("/widget/tietoni.txt", follow_redirects=False)

    assert [answer.status_code for answer in (strange, from_elsewhere, by_another_door)] == [303, 303, 303]
    assert [answer.headers["location"] for answer in (strange, by_another_door)] == ["/", "/widget"]


@on_one_database
async def test_in_the_widget_the_file_is_behind_the_widgets_own_door(chat: Chat) -> None:
    """Its cookie is sent nowhere else; and the page around the frame can't read it."""
    token = "w" * 43
    async with Browser(chat, cookie=f"koppi_widget={token}") as framed:
        await framed.post("/widget/messages", data={"key": "k" * 22, "text": "/tietoni"})
        shown = await framed.get("/widget")
        file = await framed.get("/widget/tietoni.txt")

    assert 'href="/widget/tietoni.txt"' in shown.text
    assert file.text.startswith("\ufeff" + wording.HOLDINGS_TITLE.upper())
    assert file.headers["cross-origin-resource-policy"] == "same-origin"


@on_one_database
async def test_the_file_is_fetched_a_few_times_a_minute_at_most(chat: Chat) -> None:
    """It is read from the database anew each time."""
    async with Browser(chat) as aino:
        await aino.opens()
        await aino.says("/tietoni")
        answers = [(await aino.get("/chat/tietoni.txt")).status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]
