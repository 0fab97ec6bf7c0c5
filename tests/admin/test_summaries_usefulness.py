"""How often each answer was given and helped: only where enough people asked to hide anyone among them."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from admin.summaries.usefulness import Use, use_of_entries
from bot.hours import OpeningHours
from bot.store import conversations, events
from bot.store.engine import Store
from bot.store.events import Circumstances, Happening
from bot.vault import Vault

HELSINKI = ZoneInfo("Europe/Helsinki")
HOURS = OpeningHours(HELSINKI, dict.fromkeys(range(5), (time(9), time(16))))
TODAY = date(2026, 11, 22)


async def test_an_answer_is_counted_only_where_five_people_at_least_got_it(store: Store, vault: Vault) -> None:
    """Somebody who knows who asked must not read from the list what four of them were told."""
    for asker in range(6):
        await _asks(store, vault, asker, ["cv"] * 2 + ["asumistuki"] * (asker > 0) + ["armeija"] * (asker == 0))
    for asker in range(6):
        await _asks(store, vault, asker, ["cv"], kind="helped" if asker else "not_helped")
    await _asks(store, vault, 9, ["tyohakemus"], day=date(2026, 8, 1))
    async with store.read() as read:
        found = await use_of_entries(read, TODAY)

    assert found == {"cv": Use(answered=10, helped=0.8)}  # of 12; 5 of 6


async def test_the_same_people_month_after_month_are_no_crowd(store: Store, vault: Vault) -> None:
    """Three who ask every month must not be taken for nine."""
    for month in (9, 10, 11):
        for asker in range(3):
            await _asks(store, vault, asker, ["cv"], day=date(2026, month, 10))
    async with store.read() as read:
        before = await use_of_entries(read, TODAY)
    for asker in (3, 4):
        await _asks(store, vault, asker, ["cv"], day=date(2026, 11, 20))
    async with store.read() as read:
        after = await use_of_entries(read, TODAY)

    assert before == {}
    assert after == {"cv": Use(answered=10)}


async def _asks(
    store: Store, vault: Vault, asker: int, topics: list[str], *, kind: str = "answered", day: date = TODAY
) -> None:
    now = datetime.combine(day, time(12), UTC)
    lookup = vault.lookup("web", f"asker {asker}")
    async with store.write() as tx:
        talk = await conversations.find(tx.connection, channel="web", lookup=lookup) or await conversations.begin(
            tx, vault, channel="web", lookup=lookup, address_text=str(asker), language="fi", now=now
        )
        happenings = [Happening(kind, topic) for topic in topics]
        await events.record(tx, talk.id, happenings, Circumstances(now, HOURS, "web", "fi"))
