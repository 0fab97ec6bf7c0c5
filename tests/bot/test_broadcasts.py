"""What the bot sends unasked goes after everything that somebody waits for, at its own pace and in its hours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery import CHAT_GAP, Pace
from bot.store import conversations, outbox, schema, tickets
from bot.store.engine import Store
from bot.store.outbox import OutboxItem
from bot.vault import Vault
from tests.support import people
from tests.support import telegram_faults as faults
from tests.support.clock import A_TUESDAY_MORNING as NOW
from tests.support.knowledge import KNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO, BULK

A_MOMENT = timedelta(milliseconds=20)


async def queue(store: Store, conversation_id: str, key: str, *, is_broadcast: bool = True) -> None:
    """A message of the bot's to be sent, called *key*."""
    async with store.write() as tx:
        message_id = await conversations.add_message(tx, conversation_id, "bot", key, NOW)
        await outbox.add_message(
            tx,
            key=key,
            message_id=message_id,
            conversation_id=conversation_id,
            channel="telegram",
            now=NOW,
            is_broadcast=is_broadcast,
        )


async def test_whom_somebody_writes_to_waits_behind_no_broadcast(store: Store, vault: Vault) -> None:
    """Five thousand tips may be queued: an answer goes first, and its own chat's tip comes after it."""
    async with store.write() as tx:
        aino, other = [(await people.meet(tx, vault, chat)).id for chat in (AINO, BULK[0])]
    for key, talk in (("tip to Aino", aino), ("tip to other", other), ("second tip to other", other)):
        await queue(store, talk, key)
    for key in ("answer", "its second part"):
        await queue(store, aino, key, is_broadcast=False)

    async def lease(limit: int, broadcasts: int) -> list[OutboxItem]:
        async with store.write() as tx:
            return await outbox.lease(tx, NOW, channels=["telegram"], limit=limit, broadcasts=broadcasts)

    async def land(*items: OutboxItem) -> None:
        async with store.write() as tx:
            for item in items:
                await outbox.sent(tx, item, None, NOW)

    async with store.read() as read:
        turn = await outbox.next_turn(read, ["telegram"], NOW)
        nothing = await outbox.next_turn(read, ["web"], NOW)
    first = await lease(1, 1)
    then = await lease(9, 0) + await lease(9, 9)
    await land(*first, *then)
    part = await lease(9, 9)
    await land(*part)
    rest = await lease(9, 9)

    assert (turn.at, turn.has_broadcast, nothing.at, nothing.has_broadcast) == (NOW, True, None, False)
    assert [item.text for item in first + then] == ["answer", "tip to other"]
    assert [item.text for item in part] == ["its second part", "second tip to other"]
    assert [(item.text, item.is_broadcast) for item in rest] == [("tip to Aino", True)]


async def test_a_reply_goes_at_once_past_a_broadcast_in_the_same_chat(koppi: Koppi) -> None:
    """In the evening no tip goes out: who writes then is answered, and gets the tip in the morning, once."""
    evening = timedelta(hours=12)
    await koppi.asks(KNOWN)
    await koppi.advance(evening)
    (talk,) = await koppi.rows(schema.conversation)
    await queue(koppi.store, talk.id, "a tip")
    await koppi.advance(A_MOMENT)
    answer = await koppi.asks(KNOWN)
    await koppi.settles()
    at_night = [message.text for message in koppi.telegram.accepted[AINO]]
    await koppi.advance(evening)
    await koppi.settles()
    tip = await koppi.hears()

    assert answer.text.startswith("Asumistukea")
    assert "a tip" not in at_night
    assert tip.text == "a tip"


async def test_what_waited_for_its_hours_is_tried_more_than_once(koppi: Koppi) -> None:
    """From Saturday evening to Monday is more than a day: one refusal of Telegram's must not end a check-in."""
    for chat in (AINO, BULK[0]):
        await koppi.asks(KNOWN, chat)
    await koppi.advance(timedelta(hours=12))
    for talk in sorted(await koppi.rows(schema.conversation), key=lambda talk: talk.created_at):
        await queue(koppi.store, talk.id, f"a check-in of {talk.id}")
    koppi.telegram.fails(faults.OUT_OF_ORDER, chat=AINO)
    await koppi.advance(timedelta(hours=36))
    await koppi.hears(BULK[0])  # after Aino's was refused
    await koppi.advance(timedelta(seconds=61))

    assert (await koppi.hears()).text.startswith("a check-in")


async def test_a_broadcast_leaves_room_for_people(koppi: Koppi) -> None:
    """Of the sends that may be under way one is kept free: nobody waits for a stranger's tip to land."""
    chats = BULK[:8]
    for chat in chats:
        await koppi.asks("/ohje", chat)
    for talk in await koppi.rows(schema.conversation):
        await queue(koppi.store, talk.id, f"a tip to {talk.id}")
    koppi.telegram.latency, koppi.telegram.most_under_way = 0.05, 0
    await koppi.advance(timedelta(hours=1))
    for chat in chats:
        await koppi.hears(chat)

    assert 1 < koppi.telegram.most_under_way < koppi.settings.sends_in_flight


START = datetime(2026, 11, 24, 8, tzinfo=UTC)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["tip", "answer", "word"]), st.integers(0, 400))),
    st.sampled_from([1.0, 5.0, 25.0]),
)
def test_no_send_goes_to_a_chat_within_a_second_of_a_broadcast(
    sends: list[tuple[str, str, int]], per_second: float
) -> None:
    """Telegram would refuse it, and nobody asked for the tip that took its place; nor is the rate ever passed."""
    pace, now = Pace(per_second), START
    sent: list[tuple[datetime, str, str]] = []
    for chat, kind, milliseconds in sends:
        now += timedelta(milliseconds=milliseconds)
        wait = pace.wait_for(chat, now, is_direct_reply=kind == "answer", is_broadcast=kind == "tip")
        sent.append((now + wait, chat, kind))
    for number, (at, chat, kind) in enumerate(sent):
        earlier = [then for then, to, what in sent[:number] if to == chat and "tip" in (what, kind)]
        assert all(at - then >= CHAT_GAP for then in earlier)
    ordered = sorted(at for at, _, _ in sent)
    ahead = ordered[int(per_second) :]

    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in zip(ordered, ahead, strict=False))


@pytest.mark.parametrize("per_second", [1.0, 25.0])
def test_a_broadcast_uses_nine_tenths_of_the_pace_evenly_and_answers_slip_between(per_second: float) -> None:
    """In one burst it would fill the second, and an answer would wait for the next one."""
    pace = Pace(per_second)
    tips = [
        START + pace.wait_for(str(chat), START, is_direct_reply=False, is_broadcast=True)
        for chat in range(int(10 * per_second))
    ]
    rate = (len(tips) - 1) / (tips[-1] - tips[0]).total_seconds()
    later = Pace(25)
    for chat in range(3):  # as many as are ever under way
        later.wait_for(str(chat), START, is_direct_reply=False, is_broadcast=True)

    assert 0.9 * per_second <= rate <= per_second
    assert later.wait_for("asker", START, is_direct_reply=True) < timedelta(milliseconds=1)


async def test_what_was_queued_unasked_waits_while_a_person_has_the_askers_question(store: Store, vault: Vault) -> None:
    """ "How is the job hunt going?" in the midst of an advisor's words would be a bot that doesn't listen."""

    async def goes() -> tuple[bool, list[str]]:
        async with store.read() as read:
            turn = await outbox.next_turn(read, ["telegram"], NOW)
        async with store.write() as tx:
            items = await outbox.lease(tx, NOW, channels=["telegram"], limit=9, broadcasts=9)
            for item in items:
                await outbox.retry(tx, item, NOW, uncertain=False)
        return turn.has_broadcast, [item.key for item in items]

    async with store.write() as tx:
        aino = (await people.meet(tx, vault, AINO)).id
    await queue(store, aino, "checkins:2026-11-24:later")
    async with store.write() as tx:
        question = await conversations.add_message(tx, aino, "asker", KNOWN, NOW)
        ticket = await tickets.open_ticket(
            tx, conversation_id=aino, role="tyovoimaneuvoja", question_id=question, topic=None, urgent=False,
            promised_at=NOW, now=NOW,
        )  # fmt: skip
    open_now = await goes()
    await queue(store, aino, "an advisor's reply", is_broadcast=False)
    reply = await goes()
    async with store.write() as tx:
        await tx.execute(schema.outbox.delete().where(schema.outbox.c.key == "an advisor's reply"))
        await tx.execute(schema.ticket.update().values(closed_at=NOW, outcome="answered"))

    assert ticket
    assert (open_now, reply) == ((False, []), (False, ["an advisor's reply"]))
    assert await goes() == (True, ["checkins:2026-11-24:later"])
