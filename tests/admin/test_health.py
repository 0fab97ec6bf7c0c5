"""What whoever watches the service sees: whether it can work, and what it has done, without a word of anybody's."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from admin.reach.probe import Address
from admin.reach.watchman import Watchman
from admin.web import build_app
from bot.channels.telegram import UNKNOWN_TO_TELEGRAM, PollHealth
from bot.store import alarms, outbox
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support import telegram_faults as faults
from tests.support.clock import Clock
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.koppi import Koppi
from tests.support.people import AINO

on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MARKER = "murmeli"


def client_of(house: object, client: str = "127.0.0.1") -> httpx.AsyncClient:
    """Who asks from the address *client*."""
    transport = httpx.ASGITransport(build_app(house), client=(client, 1))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def numbers(page: str) -> dict[str, float]:
    """The page's lines, by name and labels."""
    lines = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in lines}


def grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """By how much each of our numbers has grown; the meters are the process's, and other tests ran in it."""
    ours = {name: after[name] - before.get(name, 0) for name in after if name.startswith("koppi_")}
    return {name: by for name, by in ours.items() if by and "_bucket" not in name and "_sum" not in name}


async def test_a_scrape_tells_what_happened_in_a_round_and_nothing_of_whom(koppi: Koppi, tmp_path: Path) -> None:
    """An operator sees a silent bot or a queue that grows before anybody complains; nobody's words leave with it."""
    house = a_house(koppi.store, koppi.vault, koppi.clock, tmp_path)
    async with client_of(replace(house, telegram=koppi.channel)) as scraper:
        before = numbers((await scraper.get("/metrics")).text)
        await koppi.asks(KNOWN)
        await koppi.sends_to_a_person(f"{UNKNOWN} {MARKER}")
        await koppi.settles()
        answer = await scraper.get("/metrics")
    after = numbers(answer.text)
    happened = grown(before, after)

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert happened['koppi_updates_total{channel="telegram",repeated="no"}'] == 3
    assert happened['koppi_verdicts_total{kind="answer"}'] == 1
    assert happened['koppi_verdicts_total{kind="escalate"}'] == 1
    assert happened["koppi_received_to_decided_seconds_count"] == 3
    assert happened["koppi_verdict_seconds_count"] == 2
    sent = happened['koppi_deliveries_total{channel="telegram",result="sent"}']
    assert sent == len(await koppi.rows(outbox.outbox)) > 2
    assert happened['koppi_decided_to_sent_seconds_count{channel="telegram"}'] == sent
    assert (after["koppi_inbox_open"], after["koppi_outbox_waiting"], after["koppi_database_up"]) == (0, 0, 1)
    assert (after["koppi_tickets_open"], after["koppi_tickets_waiting"], after["koppi_tickets_late"]) == (1, 1, 0)
    assert after["koppi_telegram_last_success_timestamp_seconds"] > 0
    assert not re.search(rf"{MARKER}|{AINO}|{koppi.vault.lookup('telegram', str(AINO))}", answer.text)


@on_one_database
async def test_metrics_are_for_this_machine_or_by_token_and_not_there_for_anybody_else(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """How many ask is nobody's business; a proxy on this machine asks for the whole world."""
    house = a_house(store, vault, clock, tmp_path, token=False)
    with_token = a_house(store, vault, clock, tmp_path, token=False, metrics_token=SecretStr("avain"))
    right = {"Authorization": "Bearer avain"}
    async with client_of(house) as here, client_of(house, "192.0.2.7") as away:
        statuses = [
            (await here.get("/metrics")).status_code,
            (await here.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})).status_code,
            (await away.get("/metrics")).status_code,
            (await away.get("/metrics", headers={"Authorization": "Bearer None"})).status_code,
        ]
    async with client_of(with_token, "192.0.2.7") as away:
        by_token = [
            (await away.get("/metrics", headers=headers)).status_code
            for headers in (right, {"Authorization": "Bearer avain2"}, {"Authorization": b"Bearer \xe4"}, {})
        ]

    assert statuses == [200, 404, 404, 404]
    assert by_token == [200, 404, 404, 404]


@on_one_database
async def test_a_token_refused_when_we_send_is_a_fault_soon_and_looked_into_at_once(
    koppi: Koppi, tmp_path: Path
) -> None:
    """Where updates are posted to us, nothing else is asked of Telegram: replies would wait, and nobody know why."""
    house = replace(a_house(koppi.store, koppi.vault, koppi.clock, tmp_path), telegram=koppi.channel)
    watchman = Watchman(house, Address("127.0.0.1", 9))
    watchman._looks = [look for look in watchman._looks if look.name == "telegram"]
    found = []
    async with client_of(house) as watcher:
        await watchman.tick()
        for method in ("sendMessage", "getMe"):
            koppi.telegram.fails(faults.error(401, "Unauthorized"), times=10**9, method=method)
        await koppi.says(KNOWN)
        await koppi.settles()
        for seconds in (0, 31, 61):
            koppi.clock.advance(timedelta(seconds=seconds))
            await watchman.tick()
            async with koppi.store.read() as read:
                check = (await alarms.checks(read))["telegram"]
            found.append((UNKNOWN_TO_TELEGRAM in (await watcher.get("/readyz")).text, check.trouble, check.failures))
        koppi.telegram.mends()
        await koppi.advance(timedelta(minutes=2))
        await koppi.hears()
        await koppi.settles()
        is_well = UNKNOWN_TO_TELEGRAM not in (await watcher.get("/readyz")).text

    assert found == [(False, "token", 1), (True, "token", 2), (True, "token", 3)]
    assert is_well
    # What is refused no more, because nothing is sent any more, is no trouble for ever.
    health = PollHealth(refused_since=koppi.clock(), refused_at=koppi.clock())
    assert health.is_refused(koppi.clock())
    assert not health.is_refused(koppi.clock() + timedelta(minutes=6))
    # One fault of Telegram's after another, hours apart with nothing to send, have not lasted since the first.
    koppi.channel._refused()
    koppi.clock.advance(timedelta(hours=3))
    koppi.channel._refused()
    assert koppi.channel.health.refused_since == koppi.channel.health.refused_at


async def test_what_waits_is_told_and_only_what_somebody_waits_for_makes_unready(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path, knowledge_cache: Path
) -> None:
    """Tips wait for the morning every night; a service taken from its place for that would answer nobody."""
    house = a_house(store, vault, clock, tmp_path, token=False, cache=knowledge_cache)
    await house.bookshelf.refresh()
    async with client_of(house) as watcher:
        async with store.write() as tx:
            await outbox.add_last_word(
                tx, key="tip", text=MARKER, channel="email", sealed_address=vault.seal(MARKER), now=clock()
            )
            await tx.execute(outbox.outbox.update().values(is_broadcast=True))
        clock.advance(timedelta(minutes=3))
        with_tips = await watcher.get("/readyz")
        async with store.write() as tx:
            await outbox.add_last_word(
                tx, key="reply", text=MARKER, channel="email", sealed_address=vault.seal(MARKER), now=clock()
            )
        clock.advance(timedelta(seconds=60))
        almost = await watcher.get("/readyz")
        clock.advance(timedelta(seconds=61))
        late = await watcher.get("/readyz")
        page = numbers((await watcher.get("/metrics")).text)

    assert (with_tips.status_code, almost.status_code) == (200, 200)
    assert (late.status_code, late.json()["faults"]) == (503, ["replies wait to be sent"])
    assert (page["koppi_outbox_broadcasts"], page["koppi_outbox_waiting"]) == (1, 1)
    assert 121 <= page["koppi_outbox_oldest_seconds"] < 180


@on_one_database
async def test_a_database_that_takes_no_writes_is_no_database_to_work_with(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path, knowledge_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk can still be read; and a write that worked is believed for a few seconds, not for ever."""
    house = a_house(store, vault, clock, tmp_path, token=False, cache=knowledge_cache)
    await house.bookshelf.refresh()
    async with client_of(house) as watcher:
        at_first = await watcher.get("/readyz")
        monkeypatch.setattr(store, "writer", store.reader)  # its connections may only read
        at_once = await watcher.get("/readyz")
        clock.advance(timedelta(seconds=6))
        later = await watcher.get("/readyz")
    monkeypatch.undo()  # for the store to close it

    assert (at_first.status_code, at_once.status_code) == (200, 200)
    assert (later.status_code, later.json()["faults"]) == (503, ["the database can't be written"])


@on_one_database
async def test_what_is_undone_was_never_counted(store: Store) -> None:
    """A transaction that fails is tried again: counted at each try, one message would look like many."""
    counted: list[str] = []
    with contextlib.suppress(ZeroDivisionError):
        async with store.write() as tx:
            tx.after(lambda: counted.append("undone"))
            raise ZeroDivisionError
    async with store.write() as tx:
        tx.after(lambda: counted.append("done"))
        assert counted == []

    assert counted == ["done"]
