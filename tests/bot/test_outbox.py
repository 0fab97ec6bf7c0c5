"""What is to be sent: each once, in each destination's order, and with the truth about what may have arrived."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bot.store import conversations, outbox
from bot.store.engine import Store
from bot.store.outbox import LEASE, OutboxItem
from bot.store.schema import outbox as table
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW

MOMENT = timedelta(seconds=1)


@pytest.fixture
async def queued(store: Store, vault: Vault) -> list[str]:
    """Conversations of Aino and one more, with messages a1, b1, a2 queued in this order; the conversations' ids."""
    async with store.write() as tx:
        talks = [await people.meet(tx, vault, chat) for chat in (people.AINO, people.BULK[0])]
        for key, talk in (("a1", talks[0]), ("b1", talks[1]), ("a2", talks[0])):
            message_id = await conversations.add_message(tx, talk.id, "bot", f"text {key}", NOW)
            await outbox.add_message(
                tx, key=key, message_id=message_id, conversation_id=talk.id, channel="telegram", now=NOW
            )
    return [talk.id for talk in talks]


async def lease(store: Store, now: datetime = NOW, limit: int = 10) -> list[OutboxItem]:
    """What may be sent now."""
    async with store.write() as tx:
        return await outbox.lease(tx, now, channels=["telegram"], limit=limit)


async def states(store: Store) -> list[tuple[str, str, int, bool]]:
    """Key, state, attempts and uncertainty of all items."""
    async with store.read() as read:
        rows = await read.execute(
            select(table.c.key, table.c.state, table.c.attempts, table.c.uncertain).order_by(table.c.id)
        )
        return [tuple(row) for row in rows]


async def test_the_same_key_is_queued_once(store: Store, queued: list[str]) -> None:
    """A decision taken again after a crash must not speak twice."""
    async with store.write() as tx:
        message_id = await conversations.add_message(tx, queued[0], "bot", "again", NOW)
        is_new = await outbox.add_message(
            tx, key="a1", message_id=message_id, conversation_id=queued[0], channel="telegram", now=NOW
        )

    assert is_new is False
    assert [key for key, *_ in await states(store)] == ["a1", "b1", "a2"]


async def test_a_destination_gets_one_message_at_a_time_and_others_do_not_wait(store: Store, queued: list[str]) -> None:
    """Two sends to one chat at once could arrive in the wrong order."""
    first = await lease(store)
    second = await lease(store, NOW + MOMENT)

    assert [item.destination for item in first] == queued
    assert second == []


async def test_the_next_message_goes_when_the_one_before_it_is_finished(store: Store, queued: list[str]) -> None:
    """Sent or failed for good: the conversation goes on."""
    a1, _ = await lease(store)
    async with store.write() as tx:
        await outbox.sent(tx, a1, "77", NOW)
    (a2,) = await lease(store, NOW + MOMENT)

    assert a2.destination == queued[0]
    assert (await states(store))[0] == ("a1", "sent", 1, False)


async def test_a_message_that_waits_for_its_next_try_holds_back_those_behind_it(
    store: Store, queued: list[str]
) -> None:
    """After a 429 the chat's later messages must not overtake."""
    a1, _ = await lease(store)
    async with store.write() as tx:
        await outbox.retry(tx, a1, NOW + timedelta(seconds=20), uncertain=False)

    assert await lease(store, NOW + MOMENT) == []
    assert [item.id for item in await lease(store, NOW + timedelta(seconds=20))] == [a1.id]


async def test_the_reply_to_a_danger_goes_before_what_waits_there_and_the_rest_keeps_its_order(
    store: Store, queued: list[str]
) -> None:
    """Whoever wrote nine messages and then a cry for help must not wait for nine answers first."""
    a1, _ = await lease(store)
    async with store.write() as tx:
        await outbox.retry(tx, a1, NOW + MOMENT, uncertain=False)
        cares = []
        for place, is_urgent in enumerate((True, True, False)):
            text = f"reply {place}"
            message_id = await conversations.add_message(tx, queued[0], "bot", text, NOW)
            cares.append(
                await outbox.add_reply(
                    tx,
                    key=text,
                    message_id=message_id,
                    text=text,
                    buttons=(),
                    conversation_id=queued[0],
                    channel="telegram",
                    inbox_id=None,
                    act="send",
                    address="1",
                    is_urgent=is_urgent,
                    now=NOW,
                )
            )
    at_once, *behind = cares
    assert at_once is not None
    assert behind == [None, None], "one danger at a time, and what is none waits"
    async with store.write() as tx:
        await outbox.retry(tx, at_once, NOW + 2 * MOMENT, uncertain=False)
    held_back = await lease(store, NOW + MOMENT)
    order = []
    for _ in range(5):
        (item,) = await lease(store, NOW + 2 * MOMENT)
        order.append(item.text)
        async with store.write() as tx:
            await outbox.sent(tx, item, "1", NOW)

    assert held_back == []
    assert order == ["reply 0", "reply 1", "text a1", "text a2", "reply 2"]


async def test_no_two_senders_lease_the_same_message(store: Store, queued: list[str]) -> None:
    """Several processes deliver side by side on PostgreSQL."""
    leased = await asyncio.gather(*(lease(store) for _ in range(6)))

    assert sorted(item.id for items in leased for item in items) == sorted(
        {item.id for items in leased for item in items}
    )
    assert sum(len(items) for items in leased) == len(queued)


async def test_a_lease_that_ran_out_is_taken_again_as_uncertain(store: Store, queued: list[str]) -> None:
    """Whoever held it died while sending: the message may have arrived, and that is said."""
    await lease(store)
    during = await lease(store, NOW + LEASE - MOMENT)
    after = await lease(store, NOW + LEASE + MOMENT)

    assert during == []
    assert [(item.attempts, item.uncertain) for item in after] == [(2, True), (2, True)]


async def test_a_sender_that_slept_past_its_lease_overwrites_nothing(store: Store, queued: list[str]) -> None:
    """Its news is old: the message has been taken over, and may even be sent."""
    a1, _ = await lease(store)
    again, _ = await lease(store, NOW + LEASE + MOMENT)
    async with store.write() as tx:
        await outbox.failed(tx, a1, "too late", NOW + LEASE + MOMENT)
    asleep = (await states(store))[0]
    async with store.write() as tx:
        await outbox.sent(tx, again, "77", NOW + LEASE + MOMENT)
        await outbox.retry(tx, a1, NOW, uncertain=True)

    assert asleep == ("a1", "sending", 2, True)
    assert (await states(store))[0] == ("a1", "sent", 2, True)


async def test_once_uncertain_a_message_stays_marked(store: Store, queued: list[str]) -> None:
    """The mark explains a copy that someone may have seen; a later clean try does not take it back."""
    a1, _ = await lease(store)
    async with store.write() as tx:
        await outbox.retry(tx, a1, NOW, uncertain=True)
    again, *_ = await lease(store, NOW + MOMENT)
    async with store.write() as tx:
        await outbox.retry(tx, again, NOW, uncertain=False)

    assert (await states(store))[0] == ("a1", "queued", 2, True)


async def test_the_next_turn_is_that_of_the_first_in_line(store: Store, queued: list[str]) -> None:
    """A message behind one that waits must not make the sender look again and again."""
    a1, b1 = await lease(store)
    async with store.write() as tx:
        await outbox.sent(tx, b1, "1", NOW)
        await outbox.retry(tx, a1, NOW + timedelta(minutes=1), uncertain=False)
    async with store.read() as read:
        turn = await outbox.next_turn(read, ["telegram"], NOW)

    assert turn.at == NOW + timedelta(minutes=1)


async def test_a_message_of_another_channel_is_left_alone(store: Store, queued: list[str]) -> None:
    """A process without a Telegram token must not fail what another one sends."""
    async with store.write() as tx:
        leased = await outbox.lease(tx, NOW, channels=["web"], limit=10)

    assert leased == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", ["_NEXT_TURN", "_DUE", "_DUE_BROADCASTS"])
async def test_to_look_for_what_waits_reads_nothing_of_what_was_ever_sent(store: Store, statement: str) -> None:
    """After half a year that is a hundred thousand rows, and every answer would wait for them."""
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((sql, parameters))

    event.listen(store.reader.sync_engine, "before_cursor_execute", hear)
    async with store.read() as read:
        await read.execute(getattr(outbox, statement), {"now": NOW, "channels": ["telegram"], "at_most": 3})
        event.remove(store.reader.sync_engine, "before_cursor_execute", hear)
        sql, parameters = asked[-1]
        plan = [str(row[3]) for row in await read.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    looks = [line for line in plan if " outbox" in line and "PRIMARY KEY" not in line]

    assert looks
    assert all("ix_outbox_waiting" in line or "ix_outbox_broadcast" in line for line in looks), plan
