"""What channels bring in: once, in each sender's order, and given up only after trying."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from bot.store import inbox
from bot.store.engine import Store
from bot.store.inbox import MAX_ATTEMPTS, InboxItem
from bot.store.schema import decision, quarantine
from bot.store.schema import inbox as table
from bot.vault import Vault
from tests.support.clock import A_TUESDAY_MORNING as NOW


async def bring(store: Store, vault: Vault, key: str, sender: str = "aino", body: str = "{}") -> bool:
    """Whether this was new."""
    async with store.write() as tx:
        return await inbox.receive(tx, vault, channel="telegram", key=key, sender=sender, body=body, now=NOW)


async def ready(store: Store, vault: Vault, after: timedelta = timedelta()) -> list[InboxItem]:
    """The items whose turn it is."""
    async with store.read() as read:
        return await inbox.ready(read, NOW + after)


async def finish(store: Store, item: InboxItem) -> None:
    """Decide on *item*."""
    async with store.write() as tx:
        assert await inbox.claim(tx, item)
        await inbox.done(tx, item, kind="ignored", replies=0, now=NOW)


async def test_a_second_delivery_of_the_same_key_changes_nothing(store: Store, vault: Vault) -> None:
    """Telegram repeats whatever it has not seen confirmed."""
    arrivals = [await bring(store, vault, "1", body="first"), await bring(store, vault, "1", body="second")]

    assert arrivals == [True, False]
    assert [vault.unseal(item.sealed) for item in await ready(store, vault)] == ["first"]


async def test_of_many_deliveries_at_once_one_counts(store: Store, vault: Vault) -> None:
    """A webhook may be called twice at the same moment."""
    arrivals = await asyncio.gather(*(bring(store, vault, "1") for _ in range(8)))

    assert sorted(arrivals) == [False] * 7 + [True]


async def test_a_key_smaller_than_the_last_one_is_new_all_the_same(store: Store, vault: Vault) -> None:
    """After a quiet week Telegram's ids begin anywhere, also below the last ones."""
    assert [await bring(store, vault, key) for key in ("900", "17")] == [True, True]


async def test_a_handled_key_is_not_handled_again(store: Store, vault: Vault) -> None:
    """The key stays when the body is gone."""
    await bring(store, vault, "1")
    (item,) = await ready(store, vault)
    await finish(store, item)

    assert await bring(store, vault, "1") is False
    assert await ready(store, vault) == []


async def test_what_waits_is_sealed_and_what_is_handled_is_empty(store: Store, vault: Vault) -> None:
    """A stolen copy of the database reads no undelivered words, and handled ones live in one place only."""
    await bring(store, vault, "1", body="marker words")
    async with store.read() as read:
        sealed = (await read.execute(select(table.c.body))).scalar_one()
    (item,) = await ready(store, vault)
    await finish(store, item)
    async with store.read() as read:
        emptied = (await read.execute(select(table.c.body))).scalar_one()

    assert b"marker" not in sealed
    assert emptied is None


async def test_each_senders_oldest_comes_first_and_others_do_not_wait(store: Store, vault: Vault) -> None:
    """Answers in the wrong order confuse; a slow one must not hold up strangers."""
    for key, sender in (("1", "aino"), ("2", "aino"), ("3", "other")):
        await bring(store, vault, key, sender)

    assert [item.key for item in await ready(store, vault)] == ["1", "3"]


async def test_a_later_message_cannot_be_claimed_before_an_earlier_one(store: Store, vault: Vault) -> None:
    """Even a handler that looked long ago must not overtake."""
    for key in ("1", "2"):
        await bring(store, vault, key)
    (first,) = await ready(store, vault)
    later = replace(first, id=first.id + 1, key="2")
    async with store.write() as tx:
        is_ours = await inbox.claim(tx, later)

    assert is_ours is False


async def test_several_handlers_at_once_take_each_item_once_and_in_order(store: Store, vault: Vault) -> None:
    """With PostgreSQL any number of processes handle; skipping locked rows alone gave 200 inversions in 600."""
    senders, each = 5, 8
    for number in range(senders * each):
        await bring(store, vault, str(number), sender=f"sender {number % senders}")
    taken: dict[str, list[int]] = {}

    async def handler() -> None:
        while items := await ready(store, vault):
            for item in items:
                async with store.write() as tx:
                    if await inbox.claim(tx, item):
                        await inbox.done(tx, item, kind="ignored", replies=0, now=NOW)
                        taken.setdefault(item.sender, []).append(int(item.key))

    await asyncio.gather(*(handler() for _ in range(4)))

    assert sum(len(keys) for keys in taken.values()) == senders * each
    assert all(keys == sorted(keys) for keys in taken.values())


async def test_a_failing_item_is_tried_later_and_later_while_its_sender_waits(store: Store, vault: Vault) -> None:
    """A fault that passes must lose nothing, and keep the order."""
    for key in ("1", "2"):
        await bring(store, vault, key)
    (item,) = await ready(store, vault)
    async with store.write() as tx:
        is_kept = await inbox.postpone(tx, item, NOW)

    assert is_kept is True
    assert await ready(store, vault) == []
    assert [(again.key, again.attempts) for again in await ready(store, vault, timedelta(seconds=2))] == [("1", 1)]


async def test_after_five_attempts_an_item_is_given_up_and_shown_with_its_bytes(store: Store, vault: Vault) -> None:
    """One poisonous message must not silence its sender for ever, nor vanish."""
    for key in ("1", "2"):
        await bring(store, vault, key, body=f"body {key}")
    attempts = 0
    while True:
        (item,) = await ready(store, vault, timedelta(hours=1))
        attempts += 1
        async with store.write() as tx:
            if not await inbox.postpone(tx, item, NOW):
                await inbox.give_up(tx, item, reason="handling failed", now=NOW)
                break
    async with store.read() as read:
        kept = (await read.execute(select(quarantine.c.key, quarantine.c.body))).one()
        decisions = (await read.execute(select(func.count()).select_from(decision))).scalar_one()

    assert attempts == MAX_ATTEMPTS
    assert (kept.key, vault.unseal(kept.body), decisions) == ("1", "body 1", 0)
    assert [item.key for item in await ready(store, vault)] == ["2"]
