"""Answers while thousands of tips go out: how long they take, and how much of the pace the tips use."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.profile import DEFAULT_FILE, FILE_NAME
from bot.store import conversations, migrate, outbox
from bot.store.engine import Store
from tests.bench.running import percentile, row, service
from tests.support import people
from tests.support.fake_telegram import FakeTelegram

TIPS = 5_000
ANSWERS = 25  # one a second, of people who have never written before
PER_SECOND = 25
LATENCY = 0.05  # seconds, of each call
IN_FLIGHT = (
    4,
    8,
)  # KOPPI_SENDS_IN_FLIGHT: as shipped, and for who would rather have the rate than few copies at a crash
FIRST_CHAT = 100_000
QUESTION = "miten teen cv:n ku ei oo kokemusta"


async def main(data: Path) -> None:
    """Print the rows; *data* is the folder of a service that has been fitted, and nothing has been said to."""
    for in_flight in IN_FLIGHT:
        await _measure(data, in_flight)


async def _measure(data: Path, in_flight: int) -> None:
    text = DEFAULT_FILE.read_text(encoding="utf-8")
    text = text.replace("unasked_hours: 9:00-20:00", "unasked_hours: 0:00-23:59")
    (data / FILE_NAME).write_text(text.replace("unasked_on_holidays: false", "unasked_on_holidays: true"), "utf-8")
    (data / "koppi.sqlite3").unlink(missing_ok=True)
    await _queue(f"sqlite+aiosqlite:///{data / 'koppi.sqlite3'}")
    async with FakeTelegram(keeps_limits=True) as telegram:
        telegram.latency = LATENCY
        for number in range(TIPS):
            telegram.meets(FIRST_CHAT + number)
        async with service(telegram, data, secret_key=people.SECRET_KEY, sends_in_flight=str(in_flight)):
            await asyncio.sleep(3)
            before, began = _arrived(telegram), time.perf_counter()
            waits = [await _answer(telegram, 10_000 + number) for number in range(ANSWERS)]
            rate = (_arrived(telegram) - before) / (time.perf_counter() - began)
            left = TIPS - _arrived(telegram)
    row(
        f"answer while {TIPS:,} tips go out, {in_flight} sends in flight ({left:,} still queued at the end), median",
        f"{percentile(waits, 50) * 1000:.0f} ms (p95 {percentile(waits, 95) * 1000:.0f})",
        "p95 ≤ 1.5 s",
    )
    row("tips a second meanwhile", f"{rate:.1f} of {PER_SECOND} ({rate / PER_SECOND:.0%})", "≥ 90 %")
    row("refused by Telegram's limits (429) meanwhile", str(telegram.refused_with_429), "0")


async def _queue(url: str) -> None:
    store, now = Store.at(url), datetime.now(UTC)
    await migrate.upgrade(store)
    async with store.write() as tx:
        for number in range(TIPS):
            talk = await people.meet(tx, people.VAULT, FIRST_CHAT + number, now)
            message_id = await conversations.add_message(tx, talk.id, "bot", "Vinkki", now)
            key = f"bench:{number}"
            await outbox.add_message(
                tx,
                key=key,
                message_id=message_id,
                conversation_id=talk.id,
                channel="telegram",
                now=now,
                is_broadcast=True,
            )
    await store.close()


async def _answer(telegram: FakeTelegram, chat: int) -> float:
    """Seconds from the question to its answer; then the rest of the second."""
    began = time.perf_counter()
    await telegram.says(chat, QUESTION)
    await telegram.hears(chat, within=60)
    took = time.perf_counter() - began
    await asyncio.sleep(max(0.0, 1 - took))
    return took


def _arrived(telegram: FakeTelegram) -> int:
    return sum(len(messages) for chat, messages in telegram.accepted.items() if chat >= FIRST_CHAT)
