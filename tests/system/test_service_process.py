"""The service as an operator runs it: started, asked, stopped, and started again."""

import signal
from pathlib import Path

import httpx
import pytest

from bot.channels.telegram import WEBHOOK_PATH
from bot.store import schema
from bot.store.engine import Store
from tests.conftest import StartService
from tests.support.fake_telegram import FakeTelegram
from tests.support.people import AINO, BULK
from tests.support.processes import Launch, koppi, launch

QUESTION = "Miten ilmoittaudun työttömäksi?"


async def test_the_service_starts_answers_and_stops_leaving_everything_in_order(
    start_service: StartService, telegram: FakeTelegram, fork: Launch
) -> None:
    """From an empty folder, with nothing but a token; the one test that starts as an operator does, imports and all."""
    async with start_service(telegram, launch=launch) as service:
        await telegram.says(AINO, QUESTION)
        answer = await telegram.hears(AINO)
        code = await service.stops()
        checked = await koppi(fork, service.data_dir.parent, "check")
        log = service.log

    assert answer.text.strip()
    assert (code, checked) == (0, (0, "ok: nothing lost, nothing doubled, nothing kept too long\n"))
    assert "First console account: yllapito, one-time password: " in log
    assert "Traceback" not in log
    assert QUESTION not in log


async def test_a_webhook_brings_updates_and_takes_nothing_else(
    start_service: StartService, telegram: FakeTelegram
) -> None:
    """200 only for what is committed; a wrong secret, malformed or oversized bodies are refused without a traceback."""
    async with start_service(telegram, telegram_mode="webhook") as service, httpx.AsyncClient() as client:
        await telegram.says(AINO, QUESTION)
        answer = await telegram.hears(AINO)
        hook = f"{service.url}{WEBHOOK_PATH}"

        async def status(body: bytes, secret: str = telegram.webhook_secret) -> int:
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret.encode()}
            return (await client.post(hook, content=body, headers=headers)).status_code  # type: ignore[arg-type]

        statuses = [
            (await client.get(hook)).status_code,
            await status(b"{}", secret=""),
            await status(b"{}", secret="å"),
            await status(b"{"),
            await status(b"\xff\xfe"),
            await status(b"[" * 100_000),
            await status(b'"' + b"x" * 1024 * 1024 + b'"'),
            await status(b'["no update"]'),
        ]
        await telegram.says(AINO, QUESTION)
        again = await telegram.hears(AINO)
        log = service.log

    assert statuses == [405, 403, 403, 400, 400, 400, 413, 200]
    assert answer.text == again.text
    assert "Traceback" not in log


async def test_a_second_process_on_the_same_folder_is_refused_in_words(
    start_service: StartService, fork: Launch
) -> None:
    """SQLite has one writer; two services would each answer."""
    async with start_service() as service:
        code, output = await koppi(fork, service.data_dir.parent, "serve")

    assert code == 1
    assert "the service runs already on" in output


async def test_without_a_token_the_service_says_how_to_add_telegram(start_service: StartService) -> None:
    """The first minute of every installation."""
    async with start_service() as service:
        log = service.log

    assert "chat at http://localhost:" in log
    assert "KOPPI_TELEGRAM_TOKEN" in log


async def test_a_stop_under_load_takes_less_than_ten_seconds_and_doubles_nothing(
    start_service: StartService, telegram: FakeTelegram, fork: Launch, tmp_path: Path
) -> None:
    """SIGTERM is every upgrade: what is under way is finished, what waits is done by the next start."""
    telegram.latency = 0.1
    chats = BULK[:60]
    async with start_service(telegram) as service:
        for chat in chats:
            await telegram.says(chat, "/ohje")
        await telegram.hears(chats[0])
        code = await service.stops(signal.SIGTERM, within=10)
        answered_before = sum(len(telegram.accepted[chat]) for chat in chats)
    async with start_service(telegram) as service:
        for chat in chats[1:]:
            await telegram.hears(chat, within=20)
        await service.stops()
        checked = await koppi(fork, tmp_path, "check")
    store = Store.at(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'koppi.sqlite3'}")
    async with store.read() as read:
        uncertain = [row.uncertain for row in await read.execute(schema.outbox.select())]
    await store.close()

    assert (code, checked[0]) == (0, 0)
    assert 0 < answered_before < len(chats)
    assert [len(telegram.accepted[chat]) for chat in chats] == [1] * len(chats)
    assert uncertain == [False] * len(chats)


@pytest.mark.parametrize("setting", [{"port": "nonsense"}, {"timezone": "Europe/Oulu"}])
async def test_settings_that_cannot_be_used_are_told_in_one_line_each(
    fork: Launch, tmp_path: Path, setting: dict[str, str]
) -> None:
    """No traceback for a typing error."""
    code, output = await koppi(fork, tmp_path, "serve", **setting)

    assert code == 1
    assert f"KOPPI_{next(iter(setting)).upper()}: " in output
    assert "Traceback" not in output
