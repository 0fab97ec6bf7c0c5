"""A question on its way through the whole bot: answered, or sent to a person, and back. On both databases."""

from copy import copy
from dataclasses import replace
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest

from bot import wording
from bot.store import accounts, campaigns, inbox, schema, tickets
from bot.store.engine import Tx
from bot.store.inbox import InboxItem
from bot.store.tickets import AlreadyTaken, NotOpen
from bot.worker import tell_of_close_promises, tell_of_slipped_promises
from tests.support.knowledge import ALSO_KNOWN, KNOWN, UNKNOWN, VAGUE
from tests.support.koppi import TYPING, Koppi
from tests.support.people import ADVISORS_GROUP, AINO, BULK

JOINED = wording.say("fi", wording.ADVISOR_JOINED["tyovoimaneuvoja"], name="Väinö")
SIGNED = "Työvoimaneuvoja Väinö\n"
LEFT = "Työvoimaneuvoja Väinö siirtyi muihin töihin. Kysymyksesi on taas jonossa, ja joku vastaa siihen."

on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_who_floods_is_asked_once_to_wait_and_nobody_else_waits(koppi: Koppi) -> None:
    """Twenty messages in a minute are answered; and one who may be in danger is never asked to wait."""
    for _ in range(25):
        await koppi.telegram.says(AINO, "moi")
    await koppi.telegram.says(AINO, "mä haluan tappaa itseni")
    await koppi.telegram.says(AINO, "/apua")
    await koppi.telegram.says(BULK[0], KNOWN)
    heard = [(await koppi.hears()).text for _ in range(23)]
    neighbour = await koppi.hears(BULK[0])
    koppi.clock.advance(timedelta(minutes=1))
    later = await koppi.asks(KNOWN)

    pending = [wording.SMALL_TALK["greeting"], wording.SLOW_DOWN]
    care = [text for text in heard if text not in pending]  # it goes before what waits there; the rest in its order
    assert [text for text in heard if text in pending] == [*[pending[0]] * 20, pending[1]]
    assert ["112" in text for text in care] == [True, True]
    assert neighbour.text.startswith("Asumistukea")
    assert later.text.startswith("Asumistukea")


@on_one_database
async def test_a_message_that_is_tried_again_is_counted_once_and_told_to_wait_once(
    koppi: Koppi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who floods hears nothing at all: the word to wait was lost with the transaction, and counted as said."""
    done, to_fail = inbox.done, {10, 21}

    async def fail_once(tx: Tx, item: InboxItem, **facts: Any) -> None:
        if item.id in to_fail:
            to_fail.remove(item.id)
            raise RuntimeError("once")
        await done(tx, item, **facts)

    monkeypatch.setattr(inbox, "done", fail_once)
    for _ in range(21):
        await koppi.telegram.says(AINO, "moi")
    for _ in range(3):
        await koppi.advance(timedelta(seconds=2))
    await koppi.settles()
    heard = [message.text for message in koppi.telegram.unheard(AINO)]

    assert heard == [*[wording.SMALL_TALK["greeting"]] * 20, wording.SLOW_DOWN]


@on_one_database
async def test_what_queued_up_in_an_outage_is_paced_by_when_it_was_said(koppi: Koppi) -> None:
    """All of it arrives at once, hours later: that is no flood, and each minute that was one hears of it."""
    began = int(koppi.clock().timestamp()) - 3600
    for minute in range(0, 42, 2):
        await koppi.telegram.says(AINO, "moi", date=began + 60 * minute)
    for minute in (50, 55):
        for _ in range(21):
            await koppi.telegram.says(BULK[0], "moi", date=began + 60 * minute)
    await koppi.settles()
    calm, floods = koppi.telegram.unheard(AINO), koppi.telegram.unheard(BULK[0])

    assert [message.text for message in calm] == [wording.SMALL_TALK["greeting"]] * 21
    assert [message.text for message in floods].count(wording.SLOW_DOWN) == 2


@on_one_database
async def test_after_a_sign_of_danger_no_message_is_one_too_many(koppi: Koppi) -> None:
    """Silence would be the answer to whoever cries on."""
    await koppi.telegram.says(AINO, "mä haluan tappaa itseni")
    for text in (*["moi"] * 22, "auttakaa", "vastaa joku"):
        await koppi.telegram.says(AINO, text)
    await koppi.settles()
    heard = [message.text for message in koppi.telegram.unheard(AINO)]

    assert (len(heard), wording.SLOW_DOWN in heard) == (25, False)


@on_one_database
async def test_no_limit_stops_a_cry_for_help_a_press_or_what_is_meant_for_a_person(koppi: Koppi) -> None:
    """Each of them matters more than the pace."""
    for text in (*["moi"] * 19, "/ihminen", UNKNOWN, "moi", "Apua!", "HJÄLP", "help?"):
        await koppi.telegram.says(AINO, text)
    await koppi.settles()
    await koppi.telegram.presses(AINO, "Lähetä: työ ja opinnot")
    await koppi.settles()
    kinds = [row.kind for row in await koppi.rows(schema.decision)]

    assert (kinds[20], kinds[21], kinds[-1]) == ("offer", "slowed", "sent")
    assert kinds.count("slowed") == 1


async def test_a_flood_in_a_ticket_still_reaches_the_person(koppi: Koppi) -> None:
    """What is written to a person is never thrown away."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    for number in range(25):
        await koppi.telegram.says(AINO, f"asia {number}")
    await koppi.settles()
    async with koppi.store.read() as read:
        thread = await tickets.thread(read, ticket.id)

    assert len(thread) == 26


async def test_in_a_group_the_bot_says_once_that_it_works_in_private(koppi: Koppi) -> None:
    """What is asked in a group is read by all of it."""
    await koppi.telegram.joins(ADVISORS_GROUP)
    await koppi.telegram.says(ADVISORS_GROUP, KNOWN)
    await koppi.settles()

    assert [message.text for message in koppi.telegram.unheard(ADVISORS_GROUP)] == [wording.ONLY_IN_PRIVATE]


async def test_a_known_question_is_answered_with_its_source(koppi: Koppi) -> None:
    """The bot's first duty: an answer at once, and where it comes from."""
    answer = await koppi.asks(KNOWN)

    assert answer.text.startswith("Asumistukea haetaan Kelasta.")
    assert "Tarkistettu 1.11.2026" in answer.text
    assert [entity.url for entity in answer.entities if entity.url] == ["https://example.org/asumistuki"]
    assert answer.labels == [wording.BUTTON_YES, wording.BUTTON_NO, wording.BUTTON_PERSON]


async def test_a_vague_question_gets_choices_and_a_pick_its_answer(koppi: Koppi) -> None:
    """Two taps to the right answer."""
    choices = await koppi.asks(VAGUE)
    await koppi.presses("Miten haen asumistukea?")
    answer = await koppi.hears()

    assert choices.text == wording.DID_YOU_MEAN
    assert choices.labels[-1] == wording.BUTTON_NONE_OF_THESE
    assert answer.text.startswith("Asumistukea haetaan Kelasta.")


async def test_a_follow_up_is_read_with_the_answer_before_it(koppi: Koppi) -> None:
    """ "Mistä sen saa?" alone means nothing; after an answer it does, and a new question is never taken for one."""
    alone = await koppi.asks("mistä sen saa?")
    await koppi.asks(KNOWN)
    follow_up = await koppi.asks("mistä sen saa?")
    other = await koppi.asks(ALSO_KNOWN)

    assert "Asumistukea" not in alone.text
    assert follow_up.text.startswith(wording.STILL_ABOUT)
    assert "Asumistukea haetaan Kelasta." in follow_up.text
    assert other.text.startswith("CV:ssä kerrot")


async def test_two_questions_in_one_message_get_two_answers(koppi: Koppi) -> None:
    """In the order they were asked."""
    first = await koppi.asks(f"{KNOWN}? {ALSO_KNOWN}?")
    koppi.clock.advance(TYPING)
    second = await koppi.hears()

    assert "Asumistukea haetaan Kelasta." in first.text
    assert second.text.startswith("CV:ssä kerrot")


async def test_what_others_ask_is_shown_from_the_fifth_answer_on(koppi: Koppi) -> None:
    """Four could be one person; and what was asked last month is no news. It is not counted for everybody who looks."""
    await koppi.advance(timedelta(days=-31))
    for _ in range(5):
        await koppi.asks(ALSO_KNOWN)
    await koppi.advance(timedelta(days=31))
    for _ in range(4):
        await koppi.asks(KNOWN)
    before = await koppi.asks("/aiheet")
    await koppi.asks(KNOWN)
    soon = await koppi.asks("/aiheet")
    await koppi.advance(timedelta(minutes=10))
    after = await koppi.asks("/aiheet")
    await koppi.presses(wording.BUTTON_POPULAR)

    assert [wording.BUTTON_POPULAR in shown.labels for shown in (before, soon, after)] == [False, False, True]
    assert (await koppi.hears()).labels == ["Miten haen asumistukea?", wording.BUTTON_BACK]


async def test_an_unknown_question_goes_to_a_person_only_by_the_askers_tap(koppi: Koppi) -> None:
    """Nothing goes to a person unasked."""
    offer = await koppi.asks(UNKNOWN)
    before = await koppi.rows(schema.ticket)
    await koppi.presses(wording.BUTTON_SEND_WORK)
    sent = await koppi.hears()
    async with koppi.store.read() as read:
        (ticket,) = await tickets.queue(read)

    ways = [wording.BUTTON_DO_NOT_SEND, wording.BUTTON_SITUATIONS]
    assert offer.labels == [wording.BUTTON_SEND_MONEY, wording.BUTTON_SEND_WORK, *ways]
    assert before == []
    assert sent.text == wording.say("fi", wording.SENT["tyovoimaneuvoja"], promise="tänään klo 15")
    assert (ticket.question, ticket.role, ticket.account_id) == (UNKNOWN, "tyovoimaneuvoja", None)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # ten conversations: once is enough of that
async def test_the_usual_wait_is_told_from_the_tenth_reply_on(koppi: Koppi) -> None:
    """Measured on questions sent in opening hours; nine are too few to promise anything by."""
    offers = []
    for number in range(10):
        ticket = await koppi.sends_to_a_person(UNKNOWN)
        koppi.clock.advance(timedelta(minutes=7))
        await koppi.desk.reply(koppi.vaino, ticket.id, "Hei!", f"form-{number}", koppi.later())
        assert [(await koppi.hears()).text for _ in range(2)] == [JOINED, f"{SIGNED}Hei!"]
        await koppi.desk.close(koppi.vaino, ticket.id, "answered", koppi.later())
        await koppi.hears()
        if number >= 8:
            koppi.clock.advance(timedelta(minutes=11))
            offers.append((await koppi.asks(UNKNOWN)).text)

    told = wording.say("fi", wording.USUAL_WAIT, wait="10 minuutissa")
    assert [told in offer for offer in offers] == [False, True]


async def test_a_wish_for_a_person_sends_the_question_before_it(koppi: Koppi) -> None:
    """ "Haluan puhua ihmiselle" after an answer is about what was asked."""
    nothing_asked = await koppi.asks("haluan puhua ihmiselle")
    await koppi.asks(UNKNOWN)
    await koppi.asks("haluan puhua ihmiselle")
    await koppi.presses(wording.BUTTON_SEND_WORK)
    await koppi.hears()
    async with koppi.store.read() as read:
        (ticket,) = await tickets.queue(read)

    assert nothing_asked.text == wording.WRITE_TO_PERSON
    assert ticket.question == UNKNOWN


async def test_the_advisors_reply_comes_to_the_same_chat_as_it_was_written(koppi: Koppi) -> None:
    """A person's words are no markup of ours."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    reply = "Hei! 2 * 3 = 6 * 1, ks. [tämä] <b>ei</b> & _ei_\n\nT. Väinö"
    await koppi.desk.reply(koppi.vaino, ticket.id, reply, "form-1", koppi.later())

    assert (await koppi.hears()).text == JOINED
    assert (await koppi.hears()).text == f"{SIGNED}{reply}"


async def test_the_same_reply_form_sent_twice_is_one_reply(koppi: Koppi) -> None:
    """An advisor presses twice, or the connection broke after the first."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    for _ in range(2):
        await koppi.desk.reply(koppi.vaino, ticket.id, "Hei!", "form-1", koppi.later())
    await koppi.settles()

    assert [message.text for message in koppi.telegram.unheard(AINO)] == [JOINED, f"{SIGNED}Hei!"]


async def test_what_is_written_after_the_reply_joins_the_ticket_until_it_is_closed(koppi: Koppi) -> None:
    """Two people talk; the bot is silent, and comes back when they have finished."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.reply(koppi.vaino, ticket.id, "Mikä iguaani?", "form-1", koppi.later())
    assert [(await koppi.hears()).text for _ in range(2)] == [JOINED, f"{SIGNED}Mikä iguaani?"]
    await koppi.says(KNOWN)
    await koppi.settles()
    silence = koppi.telegram.unheard(AINO)
    await koppi.desk.close(koppi.vaino, ticket.id, "answered", koppi.later())
    closed = await koppi.hears()
    answer = await koppi.asks(KNOWN)
    async with koppi.store.read() as read:
        thread = [(message.author, message.text) for message in await tickets.thread(read, ticket.id)]

    assert silence == []
    assert thread == [("asker", UNKNOWN), ("advisor", "Mikä iguaani?"), ("asker", KNOWN)]
    assert closed.text == f"{wording.CLOSED}\n\n{wording.OFFER_TO_ASK}"
    assert closed.labels == [wording.BUTTON_CONTINUE, wording.BUTTON_CHECKINS]
    assert answer.text.startswith("Asumistukea")


async def test_a_closed_ticket_is_opened_again_by_its_asker_within_a_week(koppi: Koppi) -> None:
    """The same thread goes on, free for anyone, with a new promise."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.close(koppi.vaino, ticket.id, "answered", koppi.later())
    await koppi.hears()
    await koppi.presses(wording.BUTTON_CONTINUE)
    reopened = await koppi.hears()
    async with koppi.store.read() as read:
        (again,) = await tickets.queue(read)

    assert reopened.text == wording.say("fi", wording.REOPENED, promise="tänään klo 15")
    assert (again.id, again.account_id, again.closed_at) == (ticket.id, None, None)


async def test_the_asker_ends_the_talk_and_may_take_it_up_again(koppi: Koppi) -> None:
    """An advisor's queue shows it closed by the asker; nobody answers into the void."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    joined = await koppi.hears()
    await koppi.presses(wording.BUTTON_END)
    ended = await koppi.hears()
    with pytest.raises(NotOpen):
        await koppi.desk.reply(koppi.vaino, ticket.id, "Hei!", "form-1", koppi.later())
    async with koppi.store.read() as read:
        (closed,) = await tickets.queue(read, is_closed=True)
    await koppi.presses(wording.BUTTON_CONTINUE)
    reopened = await koppi.hears()

    assert joined.labels == [wording.BUTTON_END]
    assert ended.text == wording.ENDED
    assert (closed.id, closed.outcome) == (ticket.id, "asker")
    assert reopened.text == wording.say("fi", wording.REOPENED, promise="tänään klo 15")


async def test_the_asker_is_told_who_joined_and_who_left(koppi: Koppi) -> None:
    """By the first name the advisor goes by, and once however often they press."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    for _ in range(2):
        await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    joined = await koppi.hears()
    await koppi.desk.release(koppi.vaino, ticket.id, koppi.later())
    left = await koppi.hears()
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    back = await koppi.hears()
    await koppi.settles()

    assert joined.text == back.text == JOINED
    assert left.text == LEFT
    assert koppi.telegram.unheard(AINO) == []


async def test_a_week_later_a_closed_ticket_stays_closed(koppi: Koppi) -> None:
    """A button pressed late gets a kind word."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.close(koppi.vaino, ticket.id, "answered", koppi.later())
    await koppi.hears()
    await koppi.advance(timedelta(days=7, seconds=1))
    await koppi.presses(wording.BUTTON_CONTINUE)

    assert (await koppi.hears()).text == wording.TOO_LATE_TO_CONTINUE


async def test_a_ticket_belongs_to_whoever_took_it_first(koppi: Koppi) -> None:
    """Both see it free; the database decides, once."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    async with koppi.store.write() as tx:
        other = await accounts.add(
            tx, name="Hilkka", role="tyovoimaneuvoja", password_hash="x", must_change_password=False, now=koppi.clock()
        )
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    with pytest.raises(AlreadyTaken, match="Väinö"):
        await koppi.desk.reply(other, ticket.id, "Minä!", "form-2", koppi.later())
    await koppi.desk.close(koppi.vaino, ticket.id, "answered", koppi.later())
    with pytest.raises(NotOpen):
        await koppi.desk.reply(koppi.vaino, ticket.id, "Vielä", "form-3", koppi.later())


async def test_a_promise_about_to_be_missed_is_told_once_before_it_passes(koppi: Koppi) -> None:
    """Who waits can plan; half an hour before nobody has broken a promise yet."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.advance(ticket.promised_at - koppi.clock() - timedelta(minutes=31))
    early = await tell_of_close_promises(koppi.store, koppi.hours, koppi.clock())
    await koppi.advance(timedelta(minutes=2))
    told = [await tell_of_close_promises(koppi.store, koppi.hours, koppi.clock()) for _ in range(2)]
    said = await koppi.hears()
    await koppi.desk.reply(koppi.vaino, ticket.id, "Hei!", "form-1", koppi.later())
    await koppi.settles()

    assert (early, told) == (0, [1, 0])
    assert said.text == wording.say("fi", wording.PROMISE_CLOSE, promise="tänään klo 15")
    assert [message.text for message in koppi.telegram.unheard(AINO)] == [JOINED, f"{SIGNED}Hei!"]


async def test_what_is_answered_is_not_about_to_be_missed(koppi: Koppi) -> None:
    """The promise was kept."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.reply(koppi.vaino, ticket.id, "Hei!", "form-1", koppi.later())
    await koppi.advance(ticket.promised_at - koppi.clock() - timedelta(minutes=5))

    assert await tell_of_close_promises(koppi.store, koppi.hours, koppi.clock()) == 0


async def test_a_promise_that_passes_is_told_once_and_frees_the_ticket(koppi: Koppi) -> None:
    """Someone waits: they are told, and somebody else may answer."""
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    await koppi.hears()
    await koppi.advance(ticket.promised_at - koppi.clock() + timedelta(minutes=1))
    told = [await tell_of_slipped_promises(koppi.store, koppi.hours, koppi.clock()) for _ in range(2)]
    said = await koppi.hears()
    answer = await koppi.asks(KNOWN)
    async with koppi.store.read() as read:
        (freed,) = await tickets.queue(read)

    assert told == [1, 0]
    assert said.text == wording.say("fi", wording.PROMISE_SLIPPED, promise="tänään klo 15")
    assert freed.account_id is None
    assert answer.text.startswith("Asumistukea"), "the bot answers again"


async def test_a_danger_in_a_ticket_is_answered_at_once_and_comes_first_in_the_queue(koppi: Koppi) -> None:
    """The bot breaks its silence, and the advisor sees it on top."""
    await koppi.sends_to_a_person(UNKNOWN, BULK[0])
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.claim(koppi.vaino, ticket.id, koppi.later())
    await koppi.hears()
    care = await koppi.asks("haluan kuolla")
    async with koppi.store.read() as read:
        first, _ = await tickets.queue(read)

    assert "112" in care.text
    assert (first.id, first.urgent) == (ticket.id, True)


async def test_erasing_leaves_nothing_of_the_asker_and_says_so(koppi: Koppi) -> None:
    """Texts, address, ticket: gone; the last word still finds its way."""
    await koppi.sends_to_a_person(UNKNOWN)
    await koppi.asks("/unohda")
    await koppi.presses(wording.BUTTON_ERASE)
    last = await koppi.hears()
    await koppi.settles()
    left = [await koppi.rows(getattr(schema, name)) for name in ("asker", "address", "message", "ticket")]

    assert last.text == wording.ERASED
    assert left == [[], [], [], []]


async def test_after_an_erasure_one_is_somebody_new(koppi: Koppi) -> None:
    """Erased means that nobody knows you."""
    await koppi.asks(KNOWN)
    (before,) = await koppi.rows(schema.asker)
    await koppi.asks("/unohda")
    await koppi.presses(wording.BUTTON_ERASE)
    await koppi.hears()
    await koppi.asks(KNOWN)
    (after,) = await koppi.rows(schema.asker)

    assert after.id != before.id


async def test_events_count_what_happened_and_name_nobody(koppi: Koppi) -> None:
    """The figures survive an erasure because they never held anybody."""
    today = koppi.clock().date()
    async with koppi.store.write() as tx:
        code = await campaigns.make(tx, name="Lehti", place="Etusivu", first_day=today, last_day=today)
    await koppi.says(f"/start {code}")
    await koppi.hears()
    await koppi.asks(KNOWN)
    await koppi.presses(wording.BUTTON_YES)
    await koppi.hears()
    await koppi.sends_to_a_person(UNKNOWN)
    events = await koppi.rows(schema.event)

    assert [event.kind for event in events] == [
        "came", "asked", "answered", "helped", "was_helped", "asked", "not_found", "escalated",
    ]  # fmt: skip
    assert {event.campaign for event in events} == {code}
    assert [event.first_of_day for event in events if event.kind == "asked"] == [True, False]
    assert {event.at.minute for event in events} == {0}


async def test_a_verdict_is_carried_out_with_the_knowledge_that_gave_it(koppi: Koppi) -> None:
    """An edit is published between the two: the answer must not be looked up in a FAQ that never gave it."""
    before = koppi.service._knowledge()
    after = copy(before)
    after.library = replace(before.library, entries=())
    bases = cycle([before, after])
    koppi.service._knowledge = lambda: next(bases)
    answer = await koppi.asks(KNOWN)

    assert answer.text.startswith("Asumistukea")
    assert {row.attempts for row in await koppi.rows(schema.inbox)} == {0}
