"""Who is on the list for summaries."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.profile import Retention
from bot.store import chat_links, retention, schema, summary_readers
from bot.store.engine import Store
from bot.store.summary_readers import (
    CONFIRM_WITHIN,
    REFUSAL_HOLDS,
    AlreadyThere,
    AskedLately,
    Reader,
    Refused,
    TooMany,
)
from bot.vault import Vault
from tests.support.people import ADVISORS_GROUP, LONG_AGO, VAINO_CHAT

ADDRESS = "kaisa@kunta.example"
SUPERGROUP = "-1000000003003"
LATER = LONG_AGO + timedelta(days=1)


async def _readers(store: Store) -> list[Reader]:
    async with store.read() as read:
        return await summary_readers.everyone(read)


async def test_a_linked_chat_gets_the_weeks_in_finnish_until_somebody_wishes_otherwise(
    store: Store, vault: Vault
) -> None:
    """Linking is enough to be told; and unlinking is enough to be told no more, wishes and all."""
    async with store.write() as tx:
        chat = await chat_links.link(tx, vault, purpose="coordinator", address=str(VAINO_CHAT), now=LONG_AGO)
        await chat_links.link(tx, vault, purpose="advisors", address=str(ADVISORS_GROUP), now=LONG_AGO)
    usual = await _readers(store)
    for language, wants in (("sv", ["day"]), ("en", ["month", "week"])):
        async with store.write() as tx:
            assert await summary_readers.change(tx, chat, language=language, wants=wants, now=LATER)  # type: ignore[arg-type]
            assert not await summary_readers.change(tx, "0" * 32, language="fi", wants=[], now=LATER)
            assert not await summary_readers.end(tx, chat)
    wished = await _readers(store)
    async with store.write() as tx:
        await chat_links.unlink(tx, chat)

    assert usual == [Reader(chat, None, "fi", frozenset(["week"]), False, LONG_AGO, LONG_AGO)]
    assert wished == [Reader(chat, None, "en", frozenset(["week", "month"]), True, LONG_AGO, LONG_AGO)]
    assert await _readers(store) == []
    async with store.read() as read:
        assert (await read.execute(select(schema.summary_reader))).all() == []


async def test_a_group_keeps_its_wishes_when_it_grows_and_was_linked_anew_by_hand(store: Store, vault: Vault) -> None:
    """Telegram gives it another number; who reads there would wonder why it speaks Finnish all at once."""
    async with store.write() as tx:
        old = await chat_links.link(tx, vault, purpose="coordinator", address=str(ADVISORS_GROUP), now=LONG_AGO)
        await summary_readers.change(tx, old, language="sv", wants=["day"], now=LATER)
        new = await chat_links.link(tx, vault, purpose="coordinator", address=SUPERGROUP, now=LATER)
        await chat_links.move(tx, vault, address=str(ADVISORS_GROUP), to=SUPERGROUP)

    (reader,) = await _readers(store)
    assert (reader.id, reader.language, reader.wants) == (new, "sv", frozenset(["day"]))


async def test_an_address_is_sealed_stands_once_and_counts_when_it_is_confirmed(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody's address can be typed in: what goes there first is only a question, and nobody reads it in the table."""

    async def add(address: str) -> Reader:
        async with store.write() as tx:
            return await summary_readers.add_address(
                tx, vault, address=address, language="sv", wants=["month"], now=LONG_AGO
            )

    added = await add(ADDRESS)
    with pytest.raises(AlreadyThere):
        await add(ADDRESS.upper())
    monkeypatch.setattr(summary_readers, "MOST_ADDRESSES", 1)
    with pytest.raises(TooMany):
        await add("toinen@kunta.example")
    async with store.write() as tx:
        confirmed = [await summary_readers.confirm(tx, added.id, LATER + n * timedelta(days=1)) for n in range(2)]
        await summary_readers.change(tx, added.id, language="en", wants=["day"], now=LATER)
    (reader,) = await _readers(store)
    async with store.read() as read:
        kept = str((await read.execute(select(schema.summary_reader))).all())
    async with store.write() as tx:
        ended = [await summary_readers.end(tx, added.id) for _ in range(2)]

    assert (added.since, added.is_chat, added.wants) == (None, False, frozenset(["month"]))
    assert vault.unseal(reader.sealed_email or b"") == ADDRESS
    assert (reader.since, reader.language, reader.wants) == (LATER, "en", frozenset(["day"]))
    assert "kaisa" not in kept
    assert (confirmed, ended) == ([True, False], [True, False])
    assert await _readers(store) == []


async def test_an_address_that_nobody_confirms_is_forgotten(store: Store, vault: Vault) -> None:
    """A slip of the pen must not keep a stranger's address for ever; who has said yes stays."""
    async with store.write() as tx:
        ids = [
            (await summary_readers.add_address(tx, vault, address=a, language="fi", wants=["week"], now=LONG_AGO)).id
            for a in ("a@kunta.example", "b@kunta.example")
        ]
        await summary_readers.confirm(tx, ids[0], LONG_AGO)
    before = await retention.forget(store, Retention(), LONG_AGO + CONFIRM_WITHIN - timedelta(days=2))
    then = await retention.forget(store, Retention(), LONG_AGO + CONFIRM_WITHIN)

    assert (before, then) == ({"asked_address": 2}, {"summary_reader": 1})
    assert [reader.id for reader in await _readers(store)] == ids[:1]


async def test_a_no_holds_and_nobody_gets_two_questions_on_one_day(store: Store, vault: Vault) -> None:
    """Adding, ending and adding again would flood whoever it is, and who has said no would be asked for ever."""

    async def add(address: str, now: datetime) -> str:
        async with store.write() as tx:
            added = await summary_readers.add_address(
                tx, vault, address=address, language="fi", wants=["week"], now=now
            )
            return added.id

    async with store.write() as tx:
        kaisas = (
            await summary_readers.add_address(tx, vault, address=ADDRESS, language="fi", wants=[], now=LONG_AGO)
        ).id
        await summary_readers.end(tx, kaisas)
    with pytest.raises(AskedLately):
        await add(ADDRESS.upper(), LONG_AGO + timedelta(hours=23))
    assert await _readers(store) == []
    kaisas = await add(ADDRESS, LATER)
    async with store.write() as tx:
        said = [await summary_readers.refuse(tx, kaisas, LATER) for _ in range(2)]
    for later in (LATER + timedelta(days=2), LATER + REFUSAL_HOLDS - timedelta(days=1)):
        with pytest.raises(Refused):
            await add(ADDRESS, later)
    await add("toinen@kunta.example", LATER)
    gone = [
        (await retention.forget(store, Retention(), LATER + after)).get("asked_address", 0)
        for after in (timedelta(days=2), REFUSAL_HOLDS - timedelta(days=2), REFUSAL_HOLDS)
    ]
    async with store.read() as read:
        kept = (await read.execute(select(schema.asked_address))).all()
    await add(ADDRESS, LATER + REFUSAL_HOLDS)

    assert (said, gone, kept) == ([True, False], [1, 0, 1], [])
