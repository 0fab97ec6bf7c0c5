"""What the doctor says of the world around the service, each thing wrong on purpose once."""

from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from telegram import WebhookInfo

from admin import doctor_outside
from bot.settings import Settings
from tests.support.fake_telegram import TOKEN
from tests.support.http_server import HttpServer, Request, Response

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLLING = Settings(_env_file=None, telegram_token=SecretStr(TOKEN))
BY_WEBHOOK = Settings(
    _env_file=None, telegram_token=SecretStr(TOKEN), telegram_mode="webhook", public_url="https://koppi.example"
)
OURS = "https://koppi.example/telegram/webhook"


@pytest.mark.parametrize(("free", "level"), [(2_000_000_000, "ok"), (900_000_000, "warning"), (90_000_000, "fault")])
def test_a_full_disk_is_told_before_it_is_full(free: int, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room no message can be kept, and none is confirmed."""
    usage = namedtuple("usage", "free")  # noqa: PYI024
    monkeypatch.setattr(doctor_outside.shutil, "disk_usage", lambda _folder: usage(free))

    assert doctor_outside.disk(Path("/data"))[0] == level


@pytest.mark.parametrize(
    ("settings", "told", "level", "words"),
    [
        (POLLING, {"url": ""}, "ok", "as set (polling)"),
        (POLLING, {"url": OURS}, "warning", "to another address"),
        (POLLING, {"url": "", "pending_update_count": 101}, "warning", "101 updates wait"),
        (BY_WEBHOOK, {"url": OURS}, "ok", "as set (webhook)"),
        (BY_WEBHOOK, {"url": ""}, "warning", "nowhere"),
        (BY_WEBHOOK, {"url": "https://elsewhere.example/salaisuus"}, "warning", "to another address"),
        (BY_WEBHOOK, {"url": OURS, "last_error_date": NOW - timedelta(minutes=59)}, "warning", "11:01 UTC"),
        (BY_WEBHOOK, {"url": OURS, "last_error_date": NOW - timedelta(minutes=61)}, "ok", "as set"),
    ],
)
def test_updates_that_go_elsewhere_are_told(settings: Settings, told: dict[str, Any], level: str, words: str) -> None:
    """A bot that is silent because another installation hears for it; whose address may be a secret."""
    info = WebhookInfo(**{"has_custom_certificate": False, "pending_update_count": 0, **told})
    found, said = doctor_outside.webhook(settings, info, NOW)

    assert (found, words in said) == (level, True), said
    assert "salaisuus" not in said


async def test_a_clock_that_is_off_is_a_fault() -> None:
    """Nobody's one-time code fits then, and no log-in says why."""

    async def dated(_request: Request) -> Response:
        return Response(404, headers={"Date": format_datetime(NOW, usegmt=True)})

    async with HttpServer(dated) as server:
        settings = POLLING.model_copy(update={"telegram_api": f"http://127.0.0.1:{server.port}"})
        right = await doctor_outside.clock(settings, NOW + timedelta(seconds=30))
        wrong = await doctor_outside.clock(settings, NOW - timedelta(seconds=31))
    unknown = await doctor_outside.clock(POLLING.model_copy(update={"telegram_api": "http://127.0.0.1:9"}), NOW)

    assert [level for level, _words in (right, wrong, unknown)] == ["ok", "fault", "warning"]
