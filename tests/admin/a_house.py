"""A house for tests of what stands behind the service: real rooms on the test's own store, Telegram never reached."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from admin.house import House
from bot.bookshelf import Bookshelf
from bot.channels.telegram import TelegramChannel
from bot.profile import read_profile
from bot.settings import Settings
from bot.store.engine import Store
from bot.vault import Vault
from tests.support.fake_telegram import TOKEN
from tests.support.knowledge import FOLDER


def a_house(
    store: Store,
    vault: Vault,
    clock: Callable[[], datetime],
    data_dir: Path,
    *,
    token: bool = True,
    cache: Path | None = None,
    **settings: Any,
) -> House:
    """A house on *store*; with *token*, it believes it has a Telegram to send to. *cache* is for the FAQ's index."""
    read = Settings(
        _env_file=None,
        data_dir=data_dir,
        telegram_token=SecretStr(TOKEN) if token else None,
        telegram_api="http://127.0.0.1:9",
        **settings,
    )
    profile = read_profile(data_dir)
    return House(
        settings=read,
        profile=profile,
        hours=profile.hours(read.zone),
        vault=vault,
        store=store,
        bookshelf=Bookshelf(store, cache or data_dir / "cache", folder=FOLDER),
        telegram=TelegramChannel(read, store, vault, clock) if token else None,
        clock=clock,
    )
