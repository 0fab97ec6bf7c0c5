"""Phone, e-mail and street address are masked; by "Lähetä numeroni" they are sent once, into that ticket alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from bot import wording
from bot.conversation import CONTACTS_LEAVE, decide, takes_contacts
from bot.dialogue import (
    Asked,
    ClosedTicket,
    Command,
    Conversation,
    JoinTicket,
    OpenTicket,
    Press,
    Said,
    Signals,
    Start,
    State,
    Text,
    Unreadable,
)
from bot.hours import Promise
from bot.profile import CRISIS_TEXTS
from bot.store import conversations, schema, tickets
from knowledge.entry import LANGUAGES
from knowledge.privacy import PLACEHOLDERS, DataKind
from knowledge.safety import SafetySign
from knowledge.verdict import Verdict
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PHONE = "040 555 0199"
EMAIL = "xqaino.kettu@example.org"
STREET = "Xqtorikatu 5 A 3"
IDENTITY_CODE = "010101-900R"  # nobody's: 900–999 are not given out
RAW = (PHONE, EMAIL, STREET, "900R")

OPEN = Conversation("c1", "Kettu 482", "fi", "telegram", ticket=OpenTicket("t1", False, NOW - timedelta(hours=1)))
CLAIMED = replace(OPEN, ticket=OpenTicket("t1", True, NOW - timedelta(hours=1)))
LET = replace(OPEN, state=State(contacts_let_at=NOW))
SURE = Verdict("answer", (), 0.99)
UNSURE = Verdict("escalate", (), 0.05)
CRY = Verdict("crisis", (), None, safety=SafetySign("self-harm", "sure"))


def signals(verdict: Verdict | None = None, question: Asked | None = None) -> Signals:
    """What the other rooms see; they know no entries."""
    return Signals(
        promise=Promise(NOW + timedelta(hours=7), is_open=True, today=NOW.date()),
        verdict=verdict,
        question=question,
        crisis_texts={language: {kind: f"{kind} {language}" for kind in CRISIS_TEXTS} for language in LANGUAGES},
    )


def hear(talk: Conversation, verdict: Verdict, *masked: DataKind, text: str = "soita mulle"):  # type: ignore[no-untyped-def]
    """What follows from a text in which these kinds were masked."""
    return decide(talk, Text(text, frozenset(masked), "raw"), signals(verdict, Asked(11, text)), NOW)


def verbs(decision) -> list[str]:  # type: ignore[no-untyped-def]
    """Of the last reply's buttons."""
    return [button.verb for button in decision.replies[-1].buttons]


# --- who may send, and until when -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["phone", "email", "address"])
def test_in_a_ticket_the_way_to_send_contact_details_stands_under_the_word_on_masking(kind: DataKind) -> None:
    """Each time: an advisor who asks for a number must get one, also where masking was told of before."""
    told = replace(CLAIMED, state=State(was_told_of_masking=True))
    for talk in (OPEN, CLAIMED, told):
        decision = hear(talk, UNSURE, kind)
        assert decision.replies[-1].text.endswith(wording.CONTACTS_NOT_SENT)
        assert verbs(decision)[0] == "contacts"
        assert decision.ticket == JoinTicket()


def test_outside_a_ticket_there_is_nobody_to_send_them_to() -> None:
    """Told once, and no button that leads nowhere."""
    talk = replace(OPEN, ticket=None)
    decision = hear(talk, UNSURE, "phone", "iban")
    again = hear(decision.conversation, UNSURE, "phone")

    assert decision.replies[-1].text.endswith(f"{wording.MASKED} {wording.CONTACTS_MASKED}")
    assert "contacts" not in verbs(decision)
    assert wording.CONTACTS_MASKED not in again.replies[-1].text


def test_what_is_never_kept_is_no_reason_for_the_button() -> None:
    """Nobody needs an identity code or an account number, whoever taps what."""
    decision = hear(OPEN, UNSURE, "identity-code", "iban")

    assert decision.replies[-1].text.endswith(wording.MASKED)
    assert verbs(decision) == ["end"]


@pytest.mark.parametrize("kind", ["phone", "email", "address"])
@pytest.mark.parametrize(("verb", "talk"), [("send", replace(OPEN, ticket=None)), ("add", OPEN)])
def test_a_question_masked_before_it_went_to_a_person_brings_the_button_when_it_goes(
    verb: str, talk: Conversation, kind: DataKind
) -> None:
    """The number stood in the very question, and the asker believes that the advisor has it."""
    question = Asked(11, f"Soita {PLACEHOLDERS[kind]}")
    decision = decide(talk, Press(verb, "tyovoimaneuvoja", 12, question), signals(question=question), NOW)
    plain = decide(talk, Press(verb, "tyovoimaneuvoja", 12, Asked(11, "Soita")), signals(), NOW)

    assert decision.replies[-1].text.endswith(wording.CONTACTS_NOT_SENT)
    assert "contacts" in verbs(decision)
    assert "contacts" not in verbs(plain)


def test_a_tap_asks_for_the_contact_details_and_a_second_one_asks_again() -> None:
    """Late by an hour or pressed twice: what it says is true each time."""
    first = decide(CLAIMED, Press("contacts", "", 12), signals(), NOW)
    later = decide(first.conversation, Press("contacts", "", 12), signals(), NOW + timedelta(hours=1))

    assert [reply.text for reply in first.replies] == [wording.WRITE_CONTACTS]
    assert first.conversation.state.contacts_let_at == NOW
    assert later.conversation.state.contacts_let_at == NOW + timedelta(hours=1)
    assert first.ticket is None


@pytest.mark.parametrize("days", [1, 8])
def test_a_tap_after_the_ticket_was_closed_leads_on(days: int) -> None:
    """No leave without anybody to send to; "Jatka" while it works."""
    closed = replace(OPEN, ticket=None, closed_ticket=ClosedTicket("t1", NOW - timedelta(days=days)))
    decision = decide(closed, Press("contacts", "", 12), signals(), NOW)

    assert decision.conversation.state.contacts_let_at is None
    assert [(reply.text, [button.verb for button in reply.buttons]) for reply in decision.replies] == [
        (wording.CONTACTS_TOO_LATE, ["continue"]) if days == 1 else (wording.TOO_LATE_TO_CONTINUE, [])
    ]


@pytest.mark.parametrize("verdict", [SURE, UNSURE, Verdict("smalltalk", (), None, smalltalk="ok")])
@pytest.mark.parametrize("claimed", [True, False])
def test_what_is_sent_by_leave_joins_the_ticket_whatever_the_bot_makes_of_it(verdict: Verdict, claimed: bool) -> None:
    """It was written for the advisor: an answer of the FAQ would leave it lying outside the ticket."""
    talk = replace(LET, ticket=OpenTicket("t1", claimed, NOW - timedelta(hours=1)))
    decision = hear(talk, verdict, "phone")

    assert takes_contacts(talk, verdict, NOW)
    assert [reply.text for reply in decision.replies] == [wording.CONTACTS_SENT]
    assert decision.ticket == JoinTicket()
    assert decision.conversation.state == replace(talk.state, contacts_let_at=None), "no question to send elsewhere"


def test_an_identity_code_among_what_is_sent_is_told_of() -> None:
    """It is masked even now."""
    assert hear(LET, UNSURE, "phone", "identity-code").replies[-1].text.endswith(wording.MASKED)


def test_after_a_danger_a_number_by_leave_is_no_short_reply() -> None:
    """Who waits for a call must not be answered as if they had said "joo"."""
    talk = replace(LET, state=replace(LET.state, safety_until=NOW + timedelta(hours=1)))

    assert hear(talk, UNSURE, "phone").replies[0].text == wording.CONTACTS_SENT


def test_a_cry_for_help_is_answered_as_ever_and_keeps_nothing() -> None:
    """Safety comes first in every state; the leave is over."""
    decision = hear(LET, CRY, "phone")

    assert not takes_contacts(LET, CRY, NOW)
    assert decision.replies[0].text.startswith("self-harm fi")
    assert decision.conversation.state.contacts_let_at is None


ENDS: dict[str, Said] = {
    "text": Text("hei"),
    "command": Command("apua"),
    "start": Start(),
    "button": Press("keep", "", 12),
    "stale button": Press("gone", "", 12),
}


@pytest.mark.parametrize("said", ENDS)
def test_the_leave_ends_with_the_next_thing_said(said: str) -> None:
    """It is for one message, not for whatever comes later."""
    decision = decide(LET, ENDS[said], signals(UNSURE, Asked(11, "hei")), NOW)

    assert not takes_contacts(decision.conversation, UNSURE, NOW)


@pytest.mark.parametrize("what", get_args(Unreadable.__annotations__["what"]))
def test_a_picture_does_not_end_it(what: str) -> None:
    """Nothing was sent: the number may still come."""
    assert takes_contacts(decide(LET, Unreadable(what), signals(), NOW).conversation, UNSURE, NOW)  # type: ignore[arg-type]


def test_the_leave_ends_with_its_time_and_with_the_tickets_closing() -> None:
    """Half an hour; and neither a new ticket nor the same one opened again takes it over."""
    later = replace(LET, ticket=OpenTicket("t1", False, NOW + timedelta(seconds=1)))

    assert takes_contacts(LET, UNSURE, NOW + CONTACTS_LEAVE)
    assert not takes_contacts(LET, UNSURE, NOW + CONTACTS_LEAVE + timedelta(seconds=1))
    assert not takes_contacts(replace(LET, ticket=None), UNSURE, NOW)
    assert not takes_contacts(later, UNSURE, NOW + timedelta(seconds=2)), "opened after the tap"


# --- what is stored -------------------------------------------------------------------------------------------


async def _stored(koppi: Koppi) -> str:
    """Every row of every table, as text."""
    rows = [row for table in schema.metadata.sorted_tables for row in await koppi.rows(table)]
    return json.dumps([[str(value) for value in row] for row in rows], ensure_ascii=False)


async def _sent_ticket(koppi: Koppi) -> str:
    return (await koppi.sends_to_a_person(f"{UNKNOWN} Soita {PHONE}")).id


async def test_before_the_tap_no_contact_details_are_stored(koppi: Koppi, capsys: pytest.CaptureFixture[str]) -> None:
    """In or outside a ticket, answered or not; nor written to a log."""
    for text in (f"{KNOWN} {PHONE}", f"{EMAIL} {IDENTITY_CODE}"):
        await koppi.asks(text)
    ticket_id = await _sent_ticket(koppi)
    await koppi.asks(f"asun {STREET}")
    async with koppi.store.read() as read:
        thread = [message.text for message in await tickets.thread(read, ticket_id)]
    stored = await _stored(koppi) + "".join(capsys.readouterr())

    assert thread == [f"{UNKNOWN} Soita {PLACEHOLDERS['phone']}", f"asun {PLACEHOLDERS['address']}"]
    assert [raw for raw in RAW if raw in stored] == []


async def test_a_number_in_a_question_changes_nothing_about_its_answer(koppi: Koppi) -> None:
    """What is judged is what was written: "[puhelinnumero peitetty]" would be words of ours in the asker's mouth."""
    heard: list[str] = []
    knowledge = koppi.service._knowledge()
    judge = knowledge.judge
    koppi.service._knowledge = lambda: _Listening(judge, heard, knowledge)  # type: ignore[assignment,return-value]
    await koppi.asks(f"{UNKNOWN} {PHONE} {IDENTITY_CODE}")

    assert heard[0] == f"{UNKNOWN} {PHONE} {PLACEHOLDERS['identity-code']}"


class _Listening:
    """The knowledge base, telling what it was asked."""

    def __init__(self, judge, heard, knowledge) -> None:  # type: ignore[no-untyped-def]
        self._judge, self._heard, self._knowledge = judge, heard, knowledge

    def judge(self, text: str) -> Verdict:
        self._heard.append(text)
        verdict: Verdict = self._judge(text)
        return verdict

    def __getattr__(self, name: str) -> object:
        return getattr(self._knowledge, name)


async def test_after_the_tap_one_message_is_kept_as_written_in_that_ticket_alone(koppi: Koppi) -> None:
    """As the text on the tap says; and the asker finds it under /tietoni."""
    ticket_id = await _sent_ticket(koppi)
    await koppi.presses("Lähetä numeroni")
    await koppi.hears()
    written = f"{PHONE}, {EMAIL}, {STREET}"
    thanks = await koppi.asks(f"{written}, {IDENTITY_CODE}")
    await koppi.asks(f"tai {PHONE}")
    async with koppi.store.read() as read:
        thread = await tickets.thread(read, ticket_id)
    kept = [row for row in await koppi.rows(schema.message) if PHONE in row.text]
    await koppi.asks("/tietoni")
    holdings = await koppi.hears()
    asks_again = await koppi.asks("/ihminen")

    assert thanks.text.startswith(wording.CONTACTS_SENT)
    assert [(row.text, row.ticket_id) for row in kept] == [(f"{written}, {PLACEHOLDERS['identity-code']}", ticket_id)]
    assert [message.has_contacts for message in thread] == [False, True, False]
    assert written in (holdings.file or b"").decode()
    assert asks_again.text == wording.ALREADY_SENT
    assert "900R" not in await _stored(koppi)


async def test_the_queue_never_shows_the_message_with_contact_details(koppi: Koppi) -> None:
    """The question it came after may have gone in its time; then the ticket is listed without words."""
    ticket_id = await _sent_ticket(koppi)
    await koppi.presses("Lähetä numeroni")
    await koppi.hears()
    await koppi.asks(PHONE)
    async with koppi.store.write() as tx:
        await tx.execute(schema.message.delete().where(schema.message.c.text.startswith(UNKNOWN)))
    async with koppi.store.read() as read:
        ticket = await tickets.get(read, ticket_id)

    assert ticket is not None
    assert ticket.question == ""


async def test_a_number_sent_never_goes_with_a_later_question(koppi: Koppi) -> None:
    """Old buttons, new tickets: the message stays where it was sent."""
    first = await _sent_ticket(koppi)
    await koppi.presses("Lähetä numeroni")
    await koppi.hears()
    await koppi.asks(PHONE)
    await koppi.presses("Lopeta keskustelu")
    await koppi.hears()
    await koppi.asks("/ihminen")
    await koppi.asks("Saako iguaani oman penkin?")
    await koppi.presses("Lähetä: työ ja opinnot")
    await koppi.hears()
    (kept,) = [row for row in await koppi.rows(schema.message) if PHONE in row.text]
    opened = [row.id for row in await koppi.rows(schema.ticket)]

    assert len(opened) == 2
    assert kept.ticket_id == first


async def test_where_the_ticket_is_closed_before_the_number_comes_it_is_masked(koppi: Koppi) -> None:
    """Nobody would read it; and opened again by the advisor, the ticket has not the old leave."""
    ticket_id = await _sent_ticket(koppi)
    await koppi.presses("Lähetä numeroni")
    await koppi.hears()
    await koppi.desk.close(koppi.vaino, ticket_id, "answered", koppi.later())
    await koppi.hears()
    await koppi.asks(PHONE)
    async with koppi.store.read() as read:
        talk = await conversations.get(read, (await koppi.rows(schema.conversation))[0].id)

    assert talk is not None
    assert talk.ticket is None
    assert PHONE not in await _stored(koppi)


async def test_opened_again_the_ticket_has_not_the_old_leave(koppi: Koppi) -> None:
    """By the advisor's hand, within the half hour: the tap was for what was closed."""
    ticket_id = await _sent_ticket(koppi)
    await koppi.presses("Lähetä numeroni")
    await koppi.hears()
    await koppi.desk.close(koppi.vaino, ticket_id, "answered", koppi.later())
    await koppi.hears()
    async with koppi.store.read() as read:
        closed = await tickets.get(read, ticket_id)
    assert closed is not None
    await koppi.desk.reopen(koppi.vaino, ticket_id, closed.version, koppi.later())
    await koppi.hears()
    reply = await koppi.asks(PHONE)

    assert reply.text == wording.CONTACTS_NOT_SENT
    assert PHONE not in await _stored(koppi)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_was_sent_is_erased_with_the_rest(
    koppi: Koppi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In no byte of the database, its log, or what was written out."""
    await _sent_ticket(koppi)
    await koppi.presses("Lähetä numeroni")
    await koppi.hears()
    await koppi.asks(f"{PHONE} {EMAIL} {STREET}")
    before = _bytes(tmp_path)
    await koppi.asks("/unohda")
    await koppi.presses("Poista kaikki")
    await koppi.hears()
    await koppi.settles()
    await koppi.store.rewrite()
    marks = [mark.encode() for mark in (PHONE, EMAIL, STREET)]

    assert [mark in before for mark in marks] == [True] * 3
    assert [mark in _bytes(tmp_path) for mark in marks] == [False] * 3
    assert not any(mark.decode() in "".join(capsys.readouterr()) for mark in marks)


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("koppi.sqlite3*")))
