"""The example data is what the service itself would have written, and never mixes with real data."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from admin import demo, invariants
from admin.house import House
from admin.summaries import campaigns
from admin.summaries.small_numbers import FEWEST_ASKERS
from bot.store import accounts, audit, tickets
from bot.store import tips as tips_sent
from bot.store.campaigns import SHARED
from bot.store.engine import Store
from bot.store.schema import asker, event, message, outbox, summary_run
from bot.vault import Vault
from tests.admin.a_house import a_house

A_TUESDAY = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


async def _filled(folder: Path, cache: Path) -> tuple[House, str]:
    store = Store.at(f"sqlite+aiosqlite:///{folder / 'koppi.sqlite3'}")
    house = a_house(store, Vault("a key"), lambda: A_TUESDAY, folder, token=False, cache=cache)
    return house, await demo.fill(house)


async def _said(house: House) -> list[tuple[str, str]]:
    async with house.store.read() as read:
        rows = await read.execute(select(message.c.author, message.c.text).order_by(message.c.id))
        return [(row.author, row.text) for row in rows]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two empty data folders."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return [tmp_path / "one", tmp_path / "two"]


async def test_the_examples_are_true_to_form_and_the_same_each_time(
    folders: list[Path], knowledge_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screenshot must show what the service does; two of them must show the same people."""
    monkeypatch.setattr(demo, "QUESTIONS_A_WEEK", (2,) * demo.WEEKS)  # fewer of the same, to be quick
    house, password = await _filled(folders[0], knowledge_cache)
    again, another_password = await _filled(folders[1], knowledge_cache)
    async with house.store.read() as read:
        waiting = await tickets.queue(read)
        closed = await tickets.queue(read, is_closed=True)
        aliases = [row.alias for row in await read.execute(select(asker.c.alias))]
        staff = {person.name: person.role for person in await accounts.everyone(read)}
        weeks = (await read.execute(select(func.count()).select_from(summary_run))).scalar_one()
        days = (await read.execute(select(func.min(event.c.local_day), func.max(event.c.local_day)))).one()
        unsent = (await read.execute(select(func.count()).where(outbox.c.state != "sent"))).scalar_one()
        vaino = await accounts.verify(read, "Väinö Virtanen", password)
        broken_at = await audit.broken_at(read)
        tips = await tips_sent.steps(read)
        shared = (await campaigns.steps(read, "last"))[SHARED].shared
        visited = (await read.execute(select(func.count()).where(event.c.kind == "visited"))).scalar_one()

    assert await invariants.violations(house.store, A_TUESDAY) == []
    assert broken_at is None
    assert unsent == 0
    assert len(waiting) == 5
    assert [ticket.urgent for ticket in waiting] == [True, False, False, False, False]
    assert sum(ticket.awaits_asker for ticket in waiting) == 1
    assert sum(ticket.account_id is not None and not ticket.awaits_asker for ticket in waiting) == 1
    assert all(ticket.promised_at > A_TUESDAY or ticket.replied_at for ticket in waiting)
    assert len(closed) == 8
    assert all(alias.endswith("(esimerkki)") for alias in aliases)
    assert staff == dict(demo.STAFF)
    assert vaino is not None
    assert weeks == 8
    assert (days[1] - days[0]).days > 49
    assert [[count >= FEWEST_ASKERS for count in steps.values()][:2] for steps in tips.values()] == [[True, True]] * 2
    assert (shared > 0, visited > 0) == (True, True)
    assert await _said(house) == await _said(again)
    assert password != another_password
    await house.store.close()
    await again.store.close()


async def test_examples_are_refused_where_there_is_data(tmp_path: Path, store: Store, vault: Vault) -> None:
    """Invented askers among real ones would be answered, counted and reported as real."""
    async with store.write() as tx:
        await accounts.add(
            tx, name="Maija", role="yllapitaja", password_hash="-", must_change_password=True, now=A_TUESDAY
        )
    with pytest.raises(demo.NotEmpty):
        await demo.fill(a_house(store, vault, lambda: A_TUESDAY, tmp_path, token=False))
    with pytest.raises(demo.NotEmpty):
        demo.require_empty(tmp_path)
    demo.require_empty(tmp_path / "not there yet")
