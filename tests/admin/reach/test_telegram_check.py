"""Telegram, the network or we: told apart by what a real Bot API answers, and told in the reader's language."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr
from telegram import Bot

from admin.reach import alarm_words, probe
from admin.reach.telegram_check import TelegramTrouble, judge, look
from bot.channels.telegram import Delivered, PollHealth, TelegramChannel
from bot.settings import Settings
from bot.store.engine import Store
from bot.vault import Vault
from knowledge.entry import LANGUAGES
from tests.support.clock import Clock
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.telegram_faults import OUT_OF_ORDER

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ASKED = NOW - timedelta(minutes=10)
HOOK = "https://koppi.example/telegram/webhook"


def _settings(api: str, tmp_path: Path, **others: Any) -> Settings:
    given = {"telegram_token": SecretStr(TOKEN), **others}
    return Settings(_env_file=None, telegram_api=api, data_dir=tmp_path, **given)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_telegrams_silence_the_networks_and_a_wrong_token_are_told_apart(
    store: Store, vault: Vault, telegram: FakeTelegram, tmp_path: Path
) -> None:
    """Each of them has another cure, and one has none but to wait."""
    clock = Clock(NOW)

    async def found(settings: Settings) -> str | None:
        channel = TelegramChannel(settings, store, vault, clock)
        await channel.open()
        try:
            return await look(channel, settings, clock)
        finally:
            await channel.close()

    ours = _settings(telegram.url, tmp_path)
    assert await found(ours) is None
    telegram.fails(OUT_OF_ORDER, method="getMe")
    assert await found(ours) == "telegram"
    assert await found(_settings("http://127.0.0.1:9", tmp_path)) == "network"
    assert await found(_settings(telegram.url, tmp_path, telegram_token=SecretStr("1:wrong"))) == "token"
    async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as somebody:
        await somebody.set_webhook("https://somebody.example/")
    assert await found(ours) == "elsewhere"


@pytest.mark.parametrize(
    ("mode", "delivered", "health", "trouble"),
    [
        ("polling", Delivered("", 5, None), PollHealth(ASKED, NOW), None),
        ("polling", Delivered("", 0, None), PollHealth(), None),  # another of our processes asks
        ("polling", Delivered("", 0, None), PollHealth(ASKED, ASKED, "StoreUnavailable"), "not_asking"),
        ("polling", Delivered("", 0, None), PollHealth(ASKED, None, "another process (409)"), "taken"),
        ("webhook", Delivered(HOOK, 0, NOW - timedelta(minutes=5)), PollHealth(), None),
        ("webhook", Delivered(HOOK, 3, NOW - timedelta(hours=2)), PollHealth(), None),
        ("webhook", Delivered(HOOK, 3, NOW - timedelta(minutes=5)), PollHealth(), "refused"),
        ("webhook", Delivered("", 0, None), PollHealth(), "elsewhere"),
        ("webhook", Delivered(HOOK, 0, None), PollHealth(refused_since=ASKED, refused_at=NOW), "token"),
    ],
)
def test_what_keeps_updates_from_us_is_seen_though_telegram_answers(
    mode: str, delivered: Delivered, health: PollHealth, trouble: str | None, tmp_path: Path
) -> None:
    """`getMe` alone says "all is well" while every message waits."""
    public = {"telegram_mode": mode, "public_url": "https://koppi.example"}

    assert judge(delivered, health, _settings("https://api.telegram.org", tmp_path, **public), NOW) == trouble


def test_every_trouble_is_told_in_every_language_with_what_to_do() -> None:
    """An alarm that can't be worded would be none."""
    known = {*get_args(TelegramTrouble), *get_args(probe.WebTrouble), *get_args(probe.WidgetTrouble)}
    facts = {"days": 12, "came": 1, "expected": 17.3, "one_in": 40, "hours": 31, "broken": ["web"]}
    campaign = {"place": ["campaign", "ABC"], "campaign": "*Kesä* [x](http://paha.example)"}
    texts = [
        text
        for language in LANGUAGES
        for text in (
            *(alarm_words.dead(language, "web", {"trouble": trouble}, "http://x") for trouble in known),
            *(alarm_words.quiet(language, facts | campaign | {"cause": why}, "http://x") for why in alarm_words.CAUSES),
            *(alarm_words.nothing(language, channel, facts, "http://x") for channel in alarm_words.NOTHING),
            *(alarm_words.place(language, {"place": [dimension, group]}) for dimension, group in alarm_words.PLACES),
            alarm_words.place(language, {"place": "everywhere"}),
        )
    ]

    assert set(alarm_words.TROUBLES) == known
    assert not [text for text in texts if re.search(r"[{}]|None", text.replace("\\{", ""))]
    assert not [text for text in texts if "[x](" in text]
    about_telegram = [
        alarm_words.dead("fi", "telegram", {"trouble": trouble}, "x") for trouble in get_args(TelegramTrouble)
    ]
    assert not [text for text in about_telegram if "erkkochat" in text], "both may be dead at once"
    flooded = alarm_words.cause("fi", {"cause": "flooded", "rushes": 4})
    assert flooded.strip() == alarm_words.CAUSES["flooded"]["fi"], "the many openings are told once"
    assert alarm_words.quiet_in_short("fi", facts) == (
        "12 päivässä 1 kysyjä.",
        "Tavallisesti tänä aikana kysyy noin 17; sattumalta näin käy 1 kerran 40:stä.",
    )
    said = [alarm_words.quiet_in_short("fi", facts | {"one_in": number})[1] for number in (2, 500, 250, 4000)]
    assert [text.split()[-1] for text in said] == ["2:sta.", "500:sta.", "250:stä.", "1000:sta."]
    assert said[-1].endswith("harvemmin kuin 1 kerran 1000:sta.")
    times = [(5, "5 minuuttia"), (150, "2 tuntia"), (60 * 24 * 3, "3 päivää")]
    assert [alarm_words.time_in_words(timedelta(minutes=m), "fi") for m, _ in times] == [said for _, said in times]
