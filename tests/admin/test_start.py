"""Starting where something is wrong: one plain line each, never a traceback; and what is wrong but keeps nothing."""

import asyncio
import logging
import socket
import sqlite3
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from admin.logs import KindAndPlace
from admin.web import build_app
from bot.store import accounts, revisions
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support import postgres
from tests.support.clock import Clock
from tests.support.processes import Launch, koppi

MARKER = "apua-olen-salaisuus"


def is_one_line(output: str) -> bool:
    """Whether an operator reads one plain line and nothing else."""
    return output.startswith("Error: ") and output.count("\n") == 1


async def test_a_taken_port_ends_the_start_before_anything_is_made(fork: Launch, tmp_path: Path) -> None:
    """The one-time password is said once: a start that fails must not use it up."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, output = await koppi(fork, tmp_path, "serve", port=str(taken.getsockname()[1]))

    assert (code, is_one_line(output)) == (1, True), output
    assert "KOPPI_PORT" in output


async def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(fork: Launch, tmp_path: Path) -> None:
    """A typing error in a path."""
    (tmp_path / "file").touch()
    code, output = await koppi(fork, tmp_path, "serve", data_dir=str(tmp_path / "file" / "data"))

    assert (code, is_one_line(output)) == (1, True), output
    assert "KOPPI_DATA_DIR" in output


async def test_a_database_of_a_newer_version_is_left_alone_in_one_line(fork: Launch, tmp_path: Path) -> None:
    """A downgrade must not write to what it does not know."""
    await koppi(fork, tmp_path, "migrate")
    with sqlite3.connect(tmp_path / "data" / "koppi.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = 'later'")
    code, output = await koppi(fork, tmp_path, "serve", port="0")

    assert (code, is_one_line(output)) == (1, True), output
    assert "newer version" in output


async def test_a_check_before_the_first_start_says_that_there_is_no_database(fork: Launch, tmp_path: Path) -> None:
    """ "It can't be reached" would send an operator looking for a fault."""
    path = tmp_path / "data" / "koppi.sqlite3"

    assert await koppi(fork, tmp_path, "check") == (
        1,
        f"Error: there is no database at {path}; `koppi serve` makes it\n",
    )


def names_in(folder: Path) -> set[str]:
    """Of everything there."""
    return {path.name for path in folder.rglob("*")}


async def test_a_check_writes_nothing(fork: Launch, tmp_path: Path) -> None:
    """A mistyped folder would look like an installation afterwards, with a key and an empty database of its own."""
    await koppi(fork, tmp_path, "check")
    without_a_database = names_in(tmp_path)
    await koppi(fork, tmp_path, "migrate")
    (tmp_path / "data" / "koppi.key").unlink()
    before = names_in(tmp_path)
    checked = await koppi(fork, tmp_path, "check")

    assert (without_a_database, names_in(tmp_path)) == (set(), before)
    assert checked == (0, "ok: nothing lost, nothing doubled, nothing kept too long\n")


@pytest.mark.postgresql
async def test_a_check_of_an_empty_database_is_told_so(
    postgresql_cluster: postgres.Cluster, fork: Launch, tmp_path: Path
) -> None:
    """On PostgreSQL the database is there before the service has made its tables; its password is not shown."""
    with postgresql_cluster.database() as name:
        url = postgresql_cluster.url(name).replace("koppi@", "koppi:marker@")
        code, output = await koppi(fork, tmp_path, "check", database_url=url)
    place = url.replace("marker", "***")

    assert (code, output) == (1, f"Error: there is no database at {place}; `koppi serve` makes it\n")


async def test_settings_that_do_not_fit_together_are_told_in_words(fork: Launch, tmp_path: Path) -> None:
    """A fault of two settings stands at neither."""
    code, output = await koppi(fork, tmp_path, "check", telegram_mode="webhook", telegram_token="1:a")

    assert code == 1
    assert output.endswith("\n  KOPPI_TELEGRAM_MODE=webhook needs a KOPPI_PUBLIC_URL that begins with https://\n")


async def test_a_database_address_that_cannot_be_read_is_told_in_words(fork: Launch, tmp_path: Path) -> None:
    """A port mistyped is no reason for a traceback, and the password in the address is nobody's to read."""
    code, output = await koppi(fork, tmp_path, "check", database_url="postgresql://u:marker@127.0.0.1:54x2/koppi")

    assert code == 1
    assert output.startswith("Error: these settings can't be used:\n  KOPPI_DATABASE_URL: must be a PostgreSQL address")
    assert output.count("\n") == 2
    assert "marker" not in output


async def publish(store: Store, text: str) -> None:
    """An edit of one answer, as the console makes it."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    async with store.write() as tx:
        account = await accounts.add(
            tx, name="Kaisa", role="koordinaattori", password_hash="-", must_change_password=False, now=now
        )
        await revisions.publish(
            tx, entry_id="a", language="fi", part="answer", text=text, base_hash=None, account_id=account.id, now=now
        )


async def test_an_edit_that_breaks_the_faq_keeps_the_service_from_nothing(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path, knowledge_cache: Path
) -> None:
    """Everybody would lose their answers for one bad text: it starts with the files alone."""
    await publish(store, "no front matter")
    house = a_house(store, vault, clock, tmp_path, token=False, cache=knowledge_cache)

    assert await house.bookshelf.refresh()
    assert len(house.bookshelf.current.library.entries) == 6
    assert house.bookshelf.number == -1
    assert not await house.bookshelf.refresh()
    async with browser(build_app(house)) as client:
        assert (await client.get("/readyz")).status_code == 200


def browser(app: ASGIApp, host: str = "localhost") -> httpx.AsyncClient:
    """A client of *app* that sees a fault as an answer."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


async def test_what_is_refused_or_broken_carries_the_security_headers_too(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """A fault's page is a page of ours."""
    house = a_house(store, vault, clock, tmp_path, token=False)
    app = build_app(house)
    async with browser(app, "elsewhere.example") as client:
        refused = await client.get("/healthz")
    async with browser(app) as client:
        unknown = await client.get("/nothing-here")
    async with browser(build_app(replace(house, bookshelf=None))) as client:  # type: ignore[arg-type]
        broken = await client.get("/readyz")

    assert [answer.status_code for answer in (refused, unknown, broken)] == [400, 404, 500]
    assert all("content-security-policy" in answer.headers for answer in (refused, unknown, broken))


async def faults(client: httpx.AsyncClient) -> list[str]:
    """What keeps the service from being ready, in its own words."""
    found: list[str] = (await client.get("/readyz")).json()["faults"]
    return found


async def test_a_telegram_that_never_answered_is_a_fault_after_its_time(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path, knowledge_cache: Path
) -> None:
    """A wrong address would look ready for ever; its time begins with the asking, however long a start takes."""
    house = a_house(store, vault, clock, tmp_path, cache=knowledge_cache)
    assert house.telegram is not None
    await house.bookshelf.refresh()
    await house.telegram.open()
    async with browser(build_app(house)) as client, asyncio.TaskGroup() as tasks:
        clock.advance(timedelta(minutes=10))
        before_asking = await faults(client)
        tasks.create_task(house.telegram.listen())
        while house.telegram.health.trouble is None:  # noqa: ASYNC110 - the health page looks at it, too
            await asyncio.sleep(0.005)
        at_first = await faults(client)
        clock.advance(timedelta(seconds=91))
        later = await faults(client)
        store.hub.stop()
    await house.telegram.close()

    assert (before_asking, at_first, later) == ([], [], ["Telegram: NetworkError"])


async def test_who_leaves_the_asking_to_another_answers_for_it_from_taking_over_on(
    store: Store, vault: Vault, clock: Clock, tmp_path: Path, knowledge_cache: Path
) -> None:
    """A process that has stood by for an hour must not be taken for broken as soon as it is needed."""
    house = a_house(store, vault, clock, tmp_path, cache=knowledge_cache)
    assert house.telegram is not None
    await house.bookshelf.refresh()
    house.telegram.health.succeeded_at = clock()  # when it introduced itself
    clock.advance(timedelta(hours=1))
    async with browser(build_app(house)) as client:
        standing_by = await faults(client)
        house.telegram.health.asking_since = clock()
        taken_over = await faults(client)
        clock.advance(timedelta(seconds=91))
        silent = await faults(client)

    assert (standing_by, taken_over, silent) == ([], [], ["Telegram: no answer"])


def test_a_librarys_log_record_says_kind_and_place_but_no_words() -> None:
    """An exception may quote what an asker wrote."""
    try:
        raise ValueError(MARKER)
    except ValueError:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, "in %s", (MARKER,), sys.exc_info())
    written = KindAndPlace().format(record)

    assert written.startswith(f"ERROR uvicorn.error ValueError {__file__}:")
    assert MARKER not in written
    assert "\n" not in written
