"""The nightly deleting as the service runs it, and `koppi check` on what it has left."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import func, select

from admin import run
from admin.cli import main
from admin.house import House
from admin.retention import Nightly
from bot.store import conversations, leases, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support import people
from tests.support.clock import Clock

EVENING = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # 22:00 in Helsinki
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    """Late in the evening."""
    return Clock(EVENING)


@pytest.fixture
def house(store: Store, vault: Vault, clock: Clock, tmp_path: Path) -> House:
    """A house without Telegram."""
    return a_house(store, vault, clock, tmp_path, token=False)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged."""
    with structlog.testing.capture_logs() as lines:
        yield lines


async def _somebody_long_gone(store: Store, vault: Vault, at: datetime, chat: int = people.AINO) -> None:
    async with store.write() as tx:
        talk = await people.meet(tx, vault, chat, at)
        await conversations.add_message(tx, talk.id, "asker", "mun hakemus", at)


async def _addresses(store: Store) -> int:
    async with store.read() as read:
        return (await read.execute(select(func.count()).select_from(schema.address))).scalar_one()


async def test_it_runs_once_a_night_and_says_in_numbers_what_went(
    house: House, clock: Clock, vault: Vault, logged: list[Any]
) -> None:
    """Asked every few minutes, it finds nothing to do until the next night."""
    nightly = Nightly(house)
    await nightly.tick()  # what an earlier night has missed
    await _somebody_long_gone(house.store, vault, clock() - 40 * DAY)
    await nightly.tick()
    before = await _addresses(house.store)
    clock.advance(timedelta(hours=6))
    await nightly.tick()
    await nightly.tick()

    assert (before, await _addresses(house.store)) == (1, 0)
    assert [line for line in logged if line["event"] == "forgotten"] == [
        {"event": "forgotten", "log_level": "info"},
        {"event": "forgotten", "log_level": "info", "address": 1},
    ]


async def test_what_a_stopped_service_has_missed_is_made_up_for(house: House, clock: Clock, vault: Vault) -> None:
    """A night without power must not become a week more in the database."""
    await _somebody_long_gone(house.store, vault, clock() - 400 * DAY)

    await Nightly(house).tick()

    assert await _addresses(house.store) == 0


async def test_of_several_processes_one_deletes(house: House, clock: Clock, vault: Vault) -> None:
    """Two at the same rows would wait for each other; the other looks again when the first has finished or died."""
    await _somebody_long_gone(house.store, vault, clock() - 400 * DAY)
    await leases.hold(house.store, "retention", "another", clock(), timedelta(minutes=30))
    nightly = Nightly(house)
    await nightly.tick()
    meanwhile = await _addresses(house.store)
    clock.advance(timedelta(minutes=31))
    await nightly.tick()

    assert meanwhile == (1 if house.store.is_shared else 0)
    assert await _addresses(house.store) == 0


async def test_a_night_that_the_database_was_away_is_tried_again(house: House, clock: Clock, logged: list[Any]) -> None:
    """A night counts as done when it is."""
    nightly = Nightly(House(**{**vars(house), "store": Store.at("postgresql+psycopg://nobody@127.0.0.1:9/none")}))
    await nightly.tick()
    nightly._house = house
    await nightly.tick()

    assert [line["event"] for line in logged] == ["store_unavailable", "forgotten"]


async def test_the_running_service_does_it(house: House, monkeypatch: pytest.MonkeyPatch, vault: Vault) -> None:
    """A job that nobody starts would make every promise about it a lie."""
    await _somebody_long_gone(house.store, vault, EVENING - 400 * DAY)
    monkeypatch.setattr(run, "RETENTION_TICK_SECONDS", 0.01)
    real_time = House(**{**vars(house), "clock": lambda: datetime.now(UTC)})
    scheduled = run._scheduled(real_time, run.Address("127.0.0.1", 9))  # where nothing answers
    with house.store.hub.subscribe("never") as news:
        task = asyncio.create_task(scheduled)
        for _ in range(100):
            if not await _addresses(house.store):
                break
            await news.wait(0.02)
        house.store.hub.stop()
        await task

    assert await _addresses(house.store) == 0


# --- koppi check ----------------------------------------------------------------------------------------------


def _check(database: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[int, str]:
    monkeypatch.setenv("KOPPI_DATA_DIR", str(data_dir))
    monkeypatch.setenv("KOPPI_DATABASE_URL", database)
    done = CliRunner().invoke(main, ["check", *options])
    return done.exit_code, done.output


async def _in_a_thread(*arguments: Any) -> tuple[int, str]:

    return await asyncio.to_thread(_check, *arguments)


async def test_check_counts_in_words_what_is_kept_too_long_and_the_night_puts_it_right(
    house: House, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vault: Vault
) -> None:
    """Whoever answers for the data can prove every day that the promise holds."""
    house = House(**{**vars(house), "clock": lambda: datetime.now(UTC)})
    for chat in (1, 2):
        await _somebody_long_gone(house.store, vault, house.clock() - 100 * DAY, chat)
    wanted = (
        "kept too long: an address 30 days after its asker was last seen or their question closed, "
        "where nothing is subscribed to (address): 2\n"
        "kept too long: a message 90 days after its question was closed or its asker last seen, or 180 days old "
        "(message): 2\n"
    )
    given = (database, tmp_path, monkeypatch)

    assert await _in_a_thread(*given, "--retention") == (1, wanted)
    assert await _in_a_thread(*given) == (1, wanted)
    await Nightly(house).tick()
    assert await _in_a_thread(*given, "--retention") == (0, "ok: nothing kept too long\n")
    assert await _in_a_thread(*given) == (0, "ok: nothing lost, nothing doubled, nothing kept too long\n")


async def test_check_measures_by_the_owners_own_days(
    house: House, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vault: Vault
) -> None:
    """Askers have been told those."""
    await _somebody_long_gone(house.store, vault, datetime.now(UTC) - 20 * DAY)
    before = await _in_a_thread(database, tmp_path, monkeypatch, "--retention")
    path = tmp_path / "service.yaml"
    path.write_text(path.read_text("utf-8").replace("address_days: 30", "address_days: 14"), "utf-8")

    assert before[0] == 0
    assert "an address 14 days after" in (await _in_a_thread(database, tmp_path, monkeypatch, "--retention"))[1]
