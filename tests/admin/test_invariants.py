"""`koppi check` accuses nobody wrongly: an alarm that is always on is no alarm."""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from admin import invariants
from bot.hours import OpeningHours
from bot.store import alarms, audit, chat_links, conversations, erasure, events, inbox, outbox, schema
from bot.store.engine import Store
from bot.store.schema import quarantine
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW

ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)
HOURS = OpeningHours(ZoneInfo("Europe/Helsinki"), dict.fromkeys(range(5), (time(9), time(16))))


async def _quarantine(store: Store, vault: Vault) -> str:
    """Something of Aino's that could not be read; her conversation's id."""
    sender = vault.lookup("telegram", str(people.AINO))
    async with store.write() as tx:
        talk = await people.meet(tx, vault)
        await inbox.receive(tx, vault, channel="telegram", key="1", sender=sender, body="{", now=NOW)
        (item,) = await inbox.ready(tx.connection, NOW)
        await inbox.give_up(tx, item, reason="not JSON", now=NOW)
    return talk.id


async def _two_queued(store: Store, vault: Vault) -> None:
    """Two messages to Aino, one behind the other."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault)
        for key in ("a1", "a2"):
            message_id = await conversations.add_message(tx, talk.id, "bot", key, NOW)
            await outbox.add_message(
                tx, key=key, message_id=message_id, conversation_id=talk.id, channel="telegram", now=NOW
            )


async def test_a_quarantined_item_without_its_bytes_is_told(store: Store, vault: Vault) -> None:
    """What cannot be read is kept, or it is lost."""
    await _quarantine(store, vault)
    assert await invariants.violations(store, NOW) == []
    async with store.write() as tx:
        await tx.execute(quarantine.delete())

    assert await invariants.violations(store, NOW) == ["quarantined without its bytes (inbox): 1"]


async def test_erasing_somebody_whose_message_could_not_be_read_breaks_no_promise(store: Store, vault: Vault) -> None:
    """Their bytes are gone because they asked for it."""
    conversation_id = await _quarantine(store, vault)
    async with store.write() as tx:
        await erasure.erase(tx, conversation_id)

    assert await invariants.violations(store, NOW) == []


async def test_a_message_nobody_sends_is_told_once_its_time_is_long_past(store: Store, vault: Vault) -> None:
    """A sender that has stopped is what the check is there to find; the one behind is no news."""
    await _two_queued(store, vault)

    assert await invariants.violations(store, NOW + HOUR) == ["waiting to be sent for too long (outbox): 1"]


async def test_messages_behind_one_that_backs_off_are_not_called_stuck(store: Store, vault: Vault) -> None:
    """Telegram may ask for an hour's patience; and when it ends, the next one's turn has only just come."""
    await _two_queued(store, vault)
    async with store.write() as tx:
        (first,) = await outbox.lease(tx, NOW, channels=["telegram"], limit=9)
        await outbox.retry(tx, first, NOW + HOUR, uncertain=False)
    while_it_waits = await invariants.violations(store, NOW + HOUR)
    async with store.write() as tx:
        (first,) = await outbox.lease(tx, NOW + HOUR, channels=["telegram"], limit=9)
        await outbox.sent(tx, first, "77", NOW + HOUR)

    assert while_it_waits == []
    assert await invariants.violations(store, NOW + HOUR) == []
    assert await invariants.violations(store, NOW + 2 * HOUR) == ["waiting to be sent for too long (outbox): 2"]


async def _audited(store: Store) -> None:
    """Three lines of the audit log."""
    for act in ("log in", "view", "reply"):
        async with store.write() as tx:
            await audit.record(tx, "a" * 32, act, "b" * 32, NOW)


async def test_a_line_of_the_audit_log_that_was_changed_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line holds the hash of the one before so that nobody can rewrite who did what; somebody must look."""
    monkeypatch.setattr(audit, "BATCH", 2)
    await _audited(store)
    assert await invariants.violations(store, NOW) == []
    async with store.write() as tx:
        await tx.execute(schema.audit.update().where(schema.audit.c.act == "reply").values(account_id="c" * 32))

    assert await invariants.violations(store, NOW) == ["a line was changed, or one before it is missing (audit): 3"]


async def test_a_line_of_the_audit_log_that_was_taken_out_is_told(store: Store) -> None:
    """The next one no longer follows."""
    await _audited(store)
    async with store.write() as tx:
        await tx.execute(schema.audit.delete().where(schema.audit.c.act == "view"))

    assert await invariants.violations(store, NOW) == ["a line was changed, or one before it is missing (audit): 3"]


def test_no_two_locks_share_a_number() -> None:
    """Those who share one wait for each other, or deadlock, over things that have nothing to do with each other."""
    sources = [path.read_text() for folder in ("bot", "admin") for path in (ROOT / folder).rglob("*.py")]
    numbers = [number for source in sources for number in re.findall(r"^\w+_LOCK = (\w+)", source, re.MULTILINE)]

    assert len(numbers) > 1
    assert len(set(numbers)) == len(numbers)


async def test_a_summary_that_nobody_wrote_or_sent_or_that_went_twice_is_told(store: Store, vault: Vault) -> None:
    """The coordinator who hears nothing on Monday must be able to trust that there was nothing to hear."""

    async def told(now: datetime = NOW) -> list[str]:
        return await invariants.violations(store, now)

    monday = date(2026, 11, 16)  # of the week before this Tuesday's
    run = {"period": "week", "first_day": monday, "text": "x", "created_at": NOW - 26 * HOUR}
    key = f"summary:week:{monday}"
    async with store.write() as tx:
        await alarms.awake_since(tx, NOW - timedelta(days=12), HOUR)
        talk = await people.meet(tx, vault, now=NOW - timedelta(days=20))
        around = events.Circumstances(NOW - timedelta(days=9), HOURS, "web", "fi")
        await events.record(tx, talk.id, [events.Happening("asked")], around)
        await alarms.awake_since(tx, NOW - HOUR, timedelta(days=30))
        chat = await chat_links.link(tx, vault, purpose="coordinator", address="7", now=NOW - timedelta(days=9))
    nobody_wrote = await told(NOW + 30 * HOUR)
    async with store.write() as tx:
        await tx.execute(schema.summary_run.insert(), [{**run, "recipient": "console"}, {**run, "recipient": chat}])
    not_sent = await told()
    async with store.write() as tx:
        for suffix in ("", ":picture"):
            await outbox.add_notice(tx, key=f"{key}:{chat}{suffix}", text="x", chat_link_id=chat, now=NOW)
        for item in await outbox.lease(tx, NOW, channels=["telegram"], limit=1):
            await outbox.sent(tx, item, None, NOW)
        for item in await outbox.lease(tx, NOW, channels=["telegram"], limit=1):
            await outbox.failed(tx, item, "x", NOW)
        await outbox.add_notice(tx, key=f"{key}:{chat}:{item.id - 1}", text="x", chat_link_id=chat, now=NOW)
    well = await told()
    async with store.write() as tx:
        await tx.execute(
            schema.outbox.update().where(schema.outbox.c.state == "failed").values(state="sent", reason=None)
        )
        (twice,) = (await tx.execute(select(func.max(schema.outbox.c.id)))).scalars()

    assert nobody_wrote == ["a week that was over was summed up for nobody (summary_run): 2026-11-16"]
    assert not_sent == ["a summary that was written and is not on its way (summary_run): 2"]
    assert well == []
    assert await told() == [f"a summary that had arrived was sent again (outbox): {twice}"]
