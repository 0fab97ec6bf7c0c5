"""Promises of a reply time are counted once each: as kept when the reply comes, or as missed when the moment passes."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select

from bot.advising import Desk
from bot.hours import OpeningHours
from bot.store import conversations, tickets
from bot.store.engine import Store
from bot.store.schema import event
from bot.vault import Vault
from bot.worker import tell_of_slipped_promises
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW

PROMISED_AT = NOW + timedelta(hours=2)
A_MINUTE = timedelta(minutes=1)
HOURS = OpeningHours(ZoneInfo("Europe/Helsinki"), {})


@pytest.fixture
async def asked(store: Store, vault: Vault) -> str:
    """Aino's conversation, with a question in the queue."""
    async with store.write() as tx:
        talk = await people.meet(tx, vault)
        question_id = await conversations.add_message(tx, talk.id, "asker", "Saako iguaanin tuoda töihin?", NOW)
        promise = {"promised_at": PROMISED_AT, "now": NOW}
        return await tickets.open_ticket(
            tx,
            conversation_id=talk.id,
            role="tyovoimaneuvoja",
            question_id=question_id,
            topic="lemmikit",
            urgent=False,
            **promise,
        )


async def test_each_promise_is_counted_once_whatever_comes_first(store: Store, asked: str) -> None:
    """A funder reads how many promises were kept; a reply on time, a late one, and one after an apology are three."""
    desk = Desk(store, HOURS)
    vaino = (await people.employ(store))[0]

    async def again(now: datetime) -> None:
        """Close it and open it anew: a new promise."""
        async with store.write() as tx:
            row = await tickets.held(tx, asked)
            assert row is not None
            await tickets.close(tx, asked, vaino.id, "answered", None, now)
            await tickets.reopen(tx, asked, PROMISED_AT, now)

    async def counted() -> list[tuple[str, str | None]]:
        async with store.write() as tx:
            kinds = event.c.kind.in_(("promise_kept", "promise_missed"))
            rows = [tuple(row) for row in await tx.execute(select(event.c.kind, event.c.topic).where(kinds))]
            await tx.execute(delete(event))
        return rows

    async def replies(at: datetime) -> None:
        await desk.reply(vaino, asked, "Saa.", f"form {at.isoformat()}", at)

    await replies(PROMISED_AT)
    await replies(PROMISED_AT + A_MINUTE)
    assert await counted() == [("promise_kept", "lemmikit")]

    await again(NOW)
    await replies(PROMISED_AT + 2 * A_MINUTE)
    assert [kind for kind, _ in await counted()] == ["promise_missed"], "late, but before anybody could be told"

    await again(NOW)
    await tell_of_slipped_promises(store, HOURS, PROMISED_AT + A_MINUTE)
    await tell_of_slipped_promises(store, HOURS, PROMISED_AT + 2 * A_MINUTE)
    await replies(PROMISED_AT + 3 * A_MINUTE)
    assert [kind for kind, _ in await counted()] == ["promise_missed"]

    await again(NOW)
    await desk.close(vaino, asked, "other", NOW)
    assert await counted() == [], "what is closed before was neither kept nor missed"
