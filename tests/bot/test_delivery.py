"""Replies on their way out, through whatever Telegram and the network do to them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot import delivery, wording
from bot.delivery import CHAT_GAP, Pace
from bot.store import outbox, schema
from tests.support import telegram_faults as faults
from tests.support.knowledge import ALSO_KNOWN, KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO, BULK

A_WHILE = timedelta(seconds=61)  # longer than any pause between two tries


async def last_sent(koppi: Koppi) -> Any:
    """The newest outbox row."""
    return (await koppi.rows(schema.outbox))[-1]


async def copies(koppi: Koppi, chat: int = AINO) -> int:
    """How many times the chat got its newest message."""
    texts = [message.text for message in koppi.telegram.accepted[chat]]
    return texts.count(texts[-1]) if texts else 0


async def test_a_chat_that_must_wait_delays_no_other(koppi: Koppi) -> None:
    """429 is one chat's trouble; the stock limiter halts them all."""
    koppi.telegram.fails(faults.too_many_requests(7), chat=AINO)
    await koppi.says(KNOWN)
    other = await koppi.asks(KNOWN, BULK[0])
    await koppi.settles()
    before = list(koppi.telegram.accepted[AINO])
    await koppi.advance(timedelta(seconds=9))
    mine = await koppi.hears()

    assert before == []
    assert mine.text == other.text
    assert ((await koppi.rows(schema.outbox))[0].attempts, await copies(koppi)) == (2, 1)


async def test_the_wait_that_telegram_asks_for_is_kept(koppi: Koppi) -> None:
    """Asking sooner makes it longer."""
    koppi.telegram.fails(faults.too_many_requests(40))
    await koppi.says(KNOWN)
    await koppi.settles()
    waits = (await last_sent(koppi)).not_before - koppi.clock()

    assert timedelta(seconds=38) < waits <= timedelta(seconds=41)


async def test_messages_behind_one_that_waits_keep_their_place(koppi: Koppi) -> None:
    """The second answer must not arrive before the first."""
    koppi.telegram.fails(faults.too_many_requests(7))
    await koppi.says(KNOWN)
    await koppi.settles()
    await koppi.says(ALSO_KNOWN)
    await koppi.settles()
    await koppi.advance(timedelta(seconds=9))

    assert "Asumistukea" in (await koppi.hears()).text
    assert "CV" in (await koppi.hears()).text


async def test_an_asker_who_has_blocked_the_bot_is_marked_and_not_tried_again(koppi: Koppi) -> None:
    """The advisor sees why the reply did not go out."""
    await koppi.asks(KNOWN)
    await koppi.telegram.blocks(AINO)
    await koppi.says(ALSO_KNOWN)
    await koppi.settles()
    row = await last_sent(koppi)
    await koppi.advance(timedelta(hours=1))
    await koppi.settles()

    assert (row.state, row.reason, row.attempts) == ("failed", "the asker has blocked the bot", 1)
    assert [address.reachable for address in await koppi.rows(schema.address)] == [False]
    assert len(koppi.telegram.accepted[AINO]) == 1


async def test_who_comes_back_is_reachable_again(koppi: Koppi) -> None:
    """Unblocking is an update, too."""
    await koppi.asks(KNOWN)
    await koppi.telegram.blocks(AINO)
    await koppi.settles()
    await koppi.telegram.unblocks(AINO)
    await koppi.settles()

    assert [address.reachable for address in await koppi.rows(schema.address)] == [True]
    assert "CV" in (await koppi.asks(ALSO_KNOWN)).text


async def test_who_writes_again_is_reachable_again(koppi: Koppi) -> None:
    """Telegram may have been mistaken, or its word of the unblocking lost: a message of theirs is proof enough."""
    koppi.telegram.fails(faults.BLOCKED)
    await koppi.says(KNOWN)
    await koppi.settles()
    blocked = [address.reachable for address in await koppi.rows(schema.address)]
    await koppi.asks(ALSO_KNOWN)

    assert blocked == [False]
    assert [address.reachable for address in await koppi.rows(schema.address)] == [True]


async def test_while_telegram_is_out_of_order_the_pauses_grow_and_nothing_is_doubled(koppi: Koppi) -> None:
    """5xx means it was not taken: trying again is safe, hammering is not."""
    koppi.telegram.fails(faults.OUT_OF_ORDER, times=4)
    await koppi.says(KNOWN)
    pauses = []
    for _ in range(4):
        await koppi.settles()
        pauses.append((await last_sent(koppi)).not_before - koppi.clock())
        await koppi.advance(A_WHILE)
    await koppi.hears()
    await koppi.settles()
    row = await last_sent(koppi)

    assert all(timedelta() < pause <= timedelta(seconds=60) for pause in pauses)
    assert (row.state, row.attempts, row.uncertain, await copies(koppi)) == ("sent", 5, False, 1)


async def test_after_a_day_of_failing_a_message_is_given_up_with_a_reason(koppi: Koppi) -> None:
    """An answer from yesterday helps nobody; the advisor sees that it never went out."""
    koppi.telegram.fails(faults.OUT_OF_ORDER, times=100)
    await koppi.says(KNOWN)
    await koppi.settles()
    await koppi.advance(timedelta(hours=25))
    await koppi.settles()
    row = await last_sent(koppi)

    assert (row.state, row.reason) == ("failed", "Telegram is out of order")


async def test_of_a_message_given_up_after_a_day_it_is_told_that_it_may_have_arrived(koppi: Koppi) -> None:
    """ "Did not arrive" would make the advisor write it again."""
    koppi.telegram.fails(faults.OUT_OF_ORDER)
    koppi.telegram.fails(faults.RESET_AFTER_ACCEPTING)
    await koppi.says(KNOWN)
    await koppi.settles()
    await koppi.advance(timedelta(hours=25))
    await koppi.settles()
    row = await last_sent(koppi)

    assert (row.state, row.reason) == ("failed", "perhaps delivered: the connection broke while sending")


@pytest.mark.parametrize(
    ("fault", "copies_seen"),
    [
        (faults.RESET_AFTER_ACCEPTING, 2),
        (faults.GIBBERISH_AFTER_ACCEPTING, 2),
        (faults.ODD_ANSWER_AFTER_ACCEPTING, 2),
        (faults.RESET_BEFORE_ACCEPTING, 1),
    ],
    ids=["lost answer", "garbled answer", "odd answer", "lost request"],
)
async def test_what_may_have_arrived_is_repeated_once_and_marked(
    koppi: Koppi, fault: faults.Fault, copies_seen: int
) -> None:
    """Better twice than never; and the second copy is explained."""
    koppi.telegram.fails(fault)
    await koppi.says(KNOWN)
    await koppi.settles()
    waiting = await last_sent(koppi)
    await koppi.advance(timedelta(seconds=20))
    await koppi.settles()
    too_early = (await last_sent(koppi)).attempts
    await koppi.advance(A_WHILE)
    await koppi.settles()
    row = await last_sent(koppi)

    assert (waiting.state, waiting.uncertain, too_early) == ("queued", True, 1)
    assert (row.state, row.attempts, row.uncertain) == ("sent", 2, True)
    assert await copies(koppi) == copies_seen


async def test_a_send_without_an_answer_is_given_up_in_time_and_repeated_once(
    koppi: Koppi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sendMessage may time out and still be delivered."""
    monkeypatch.setattr(delivery, "SEND_TIMEOUT_SECONDS", 0.2)
    koppi.telegram.fails(faults.SILENT_AFTER_ACCEPTING)
    await koppi.says(KNOWN)
    await koppi.settles()
    waiting = await last_sent(koppi)
    await koppi.advance(A_WHILE)
    await koppi.settles()

    assert (waiting.state, waiting.uncertain, waiting.attempts) == ("queued", True, 1)
    assert ((await last_sent(koppi)).state, await copies(koppi)) == ("sent", 2)


async def test_twice_uncertain_is_never_tried_a_third_time(koppi: Koppi) -> None:
    """Bots in the wild resend a timeout up to nine times."""
    koppi.telegram.fails(faults.RESET_AFTER_ACCEPTING, times=9)
    await koppi.says(KNOWN)
    for _ in range(5):
        await koppi.settles()
        await koppi.advance(A_WHILE)
    row = await last_sent(koppi)

    assert (row.state, row.attempts, await copies(koppi)) == ("failed", 2, 2)
    assert row.reason.startswith("perhaps delivered: ")


async def test_markup_that_telegram_cannot_read_is_sent_again_as_plain_text(koppi: Koppi) -> None:
    """The words matter more than the bold."""
    koppi.telegram.fails(faults.CANNOT_PARSE)
    answer = await koppi.asks(KNOWN)

    assert "(https://example.org/asumistuki)" in answer.text
    assert (answer.entities, answer.labels[0], await copies(koppi)) == ((), "Auttoi", 1)


@pytest.mark.parametrize(
    ("description", "reason", "reachable"),
    [
        ("Bad Request: chat not found", "Telegram does not find the chat", False),
        ("Bad Request: message is odd", "Telegram refuses the message", True),
    ],
)
async def test_what_telegram_refuses_for_good_fails_with_a_reason(
    koppi: Koppi, description: str, reason: str, reachable: bool
) -> None:
    """Trying again would be refused again."""
    koppi.telegram.fails(faults.error(400, description))
    await koppi.says(KNOWN)
    await koppi.settles()
    row = await last_sent(koppi)

    assert (row.state, row.reason, row.attempts) == ("failed", reason, 1)
    assert [address.reachable for address in await koppi.rows(schema.address)] == [reachable]


async def test_a_token_that_telegram_does_not_know_loses_no_reply(koppi: Koppi) -> None:
    """The operator mends the token; the replies wait."""
    koppi.telegram.fails(faults.error(401, "Unauthorized"))
    await koppi.says(KNOWN)
    await koppi.settles()
    await koppi.advance(A_WHILE)

    assert "Asumistukea" in (await koppi.hears()).text


async def test_the_id_that_telegram_gave_is_kept(koppi: Koppi) -> None:
    """To edit or delete the message later."""
    answer = await koppi.asks(KNOWN)
    await koppi.settles()

    assert (await last_sent(koppi)).external_id == str(answer.message_id)


async def test_no_more_sends_are_under_way_than_the_setting_says(koppi: Koppi) -> None:
    """Each send under way at a power cut may be doubled: their number is the bound."""
    koppi.telegram.latency = 0.05
    chats = BULK[:20]
    for chat in chats:
        await koppi.says("/ohje", chat)
    for chat in chats:
        await koppi.hears(chat)

    assert 1 < koppi.telegram.most_under_way <= koppi.settings.sends_in_flight


async def test_stopping_writes_down_what_was_being_sent(koppi: Koppi) -> None:
    """After a clean stop nothing is uncertain, and so nothing is sent twice."""
    koppi.telegram.latency = 0.3
    await koppi.says(KNOWN)
    while not koppi.telegram.calls["sendMessage"]:  # noqa: ASYNC110 - the fake tells only of what it accepted
        await asyncio.sleep(0.005)
    koppi.store.hub.stop()
    await koppi.hears()
    await koppi.settles()
    row = await last_sent(koppi)

    assert (row.state, row.attempts, row.uncertain) == ("sent", 1, False)


async def test_who_slept_past_their_turn_sends_nothing_any_more(koppi: Koppi) -> None:
    """A process that stood still wakes up with a message in hand that another one has sent meanwhile."""
    koppi.telegram.fails(faults.too_many_requests(7))
    await koppi.says(KNOWN)
    await koppi.settles()
    first = koppi.clock() + timedelta(seconds=9)
    second = first + outbox.LEASE + timedelta(seconds=1)
    async with koppi.store.write() as tx:
        (slept,), (awake,) = [await outbox.lease(tx, now, channels=["telegram"], limit=1) for now in (first, second)]
    koppi.clock.advance(second - koppi.clock())
    await koppi.delivery._deliver(slept)
    sent_by_who_slept = await copies(koppi)
    await koppi.delivery._deliver(awake)

    assert (sent_by_who_slept, await copies(koppi)) == (0, 1)
    assert ((await last_sent(koppi)).state, slept.id) == ("sent", awake.id)


async def test_a_clock_that_is_put_back_holds_nobodys_message_up(koppi: Koppi) -> None:
    """A machine's clock is set right now and then; whoever's message waits in the outbox must not wait that long."""
    await koppi.advance(-timedelta(hours=1))
    koppi.telegram.fails(faults.too_many_requests(1))
    await koppi.says(KNOWN)
    await koppi.settles()
    await koppi.advance(timedelta(seconds=3))

    assert (await koppi.hears()).text


def test_a_clock_that_is_put_back_leaves_no_chat_waiting_for_its_own_future() -> None:
    """By the old time every place of this second was taken, and the chat's next message an hour away."""
    pace, now = Pace(25), datetime(2026, 11, 24, 8, tzinfo=UTC)
    for chat in range(25):
        pace.wait_for(str(chat), now, is_direct_reply=False)
    before = now - timedelta(hours=1)
    room = pace.room(before)
    wait = pace.wait_for("0", before, is_direct_reply=False)

    assert (room, wait) == (25, timedelta())


async def test_a_message_erased_while_it_waited_is_not_sent(koppi: Koppi) -> None:
    """Erased means that nobody says it any more."""
    koppi.telegram.fails(faults.too_many_requests(7))
    await koppi.says(KNOWN)
    await koppi.settles()
    async with koppi.store.write() as tx:
        await tx.execute(schema.asker.delete())
    await koppi.advance(A_WHILE)
    await koppi.settles()
    async with koppi.store.read() as read:
        waiting = (await read.execute(select(schema.outbox.c.id).where(schema.outbox.c.state == "queued"))).all()

    assert (koppi.telegram.accepted[AINO], waiting) == ([], [])


START = datetime(2026, 11, 24, 8, tzinfo=UTC)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 3000)), max_size=60),
    st.sampled_from([1.0, 5.0, 25.0]),
)
def test_the_pace_keeps_the_rate_over_all_and_a_second_between_what_nobody_asked_for(
    sends: list[tuple[str, bool, int]], per_second: float
) -> None:
    """Telegram takes about 30 messages a second in all, and one a second in a chat."""
    pace, now = Pace(per_second), START
    times: list[datetime] = []
    last_in: dict[str, datetime] = {}
    for chat, is_direct_reply, milliseconds in sends:
        now += timedelta(milliseconds=milliseconds)
        at = now + pace.wait_for(chat, now, is_direct_reply=is_direct_reply)
        if not is_direct_reply and chat in last_in:
            assert at - last_in[chat] >= CHAT_GAP
        times.append(at)
        last_in[chat] = max(at, last_in.get(chat, at))
    ordered = sorted(times)
    ahead = ordered[int(per_second) :]

    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in zip(ordered, ahead, strict=False))


def test_answers_wait_for_one_another_only_when_the_second_is_full() -> None:
    """Spaced evenly, an answer would wait for another asker's although there is room for both."""
    pace = Pace(25)
    waits = [pace.wait_for(str(chat), START, is_direct_reply=True) for chat in range(26)]

    assert waits == [timedelta()] * 25 + [timedelta(seconds=1)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the pace knows no database
async def test_a_reply_that_claims_waits_for_no_gap(koppi: Koppi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat gets a message a second of what nobody asked for. Behind the line that the question was sent, and the one
    that an advisor has come, their answer would be two seconds late: whoever waits for a person waits for each of them.
    """
    joined = wording.say("fi", wording.ADVISOR_JOINED["tyovoimaneuvoja"], name="Väinö")
    monkeypatch.setattr(delivery, "CHAT_GAP", timedelta(hours=1))
    ticket = await koppi.sends_to_a_person(UNKNOWN)
    await koppi.desk.reply(koppi.vaino, ticket.id, "Käy Ohjaamossa.", "form-1", koppi.clock())
    await koppi.desk.reply(koppi.vaino, ticket.id, "Tai soita.", "form-2", koppi.clock())

    assert [(await koppi.hears()).text for _ in range(3)] == [
        joined,
        "Työvoimaneuvoja Väinö\nKäy Ohjaamossa.",
        "Työvoimaneuvoja Väinö\nTai soita.",
    ]


async def test_a_crowd_is_answered_within_telegrams_own_limits(koppi: Koppi) -> None:
    """More people at once than it takes messages in a second: not one 429."""
    koppi.telegram.keeps_limits = True
    crowd = BULK[:40]
    for chat in crowd:
        await koppi.telegram.says(chat, KNOWN)
    for chat in crowd:
        await koppi.hears(chat)

    assert koppi.telegram.refused_with_429 == 0


async def test_of_a_long_reply_only_the_message_that_failed_is_sent_again(
    koppi: Koppi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers for every town take several messages: a 429 in the middle must not begin it anew."""
    numbers = "\n\n".join(f"{number} " + "sana " * 700 for number in range(3))
    monkeypatch.setitem(koppi.profile.crisis.texts["fi"], "numbers", numbers)
    before = len(koppi.telegram.accepted[AINO])
    await koppi.says("/apua")
    await koppi.hears()
    koppi.telegram.fails(faults.too_many_requests(2))
    for _ in range(6):
        await koppi.advance(timedelta(seconds=5))
    texts = [message.text for message in koppi.telegram.accepted[AINO][before:]]

    assert len(texts) > 2
    assert len(texts) == len(set(texts))
    assert [f"{number} sana" in "".join(texts) for number in range(3)] == [True] * 3
