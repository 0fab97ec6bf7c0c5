"""What the running service consists of, put together once: the pages and loops are handed what they need from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from admin.counting import QueueCounts
from admin.earlier import EarlierReplies
from bot.bookshelf import Bookshelf
from bot.channels.telegram import TelegramChannel
from bot.hours import OpeningHours
from bot.profile import ServiceProfile, read_profile
from bot.settings import Settings
from bot.store.engine import Store
from bot.vault import Vault


@dataclass(frozen=True)
class House:
    """The rooms of one process. *telegram* is None without a token."""

    settings: Settings
    profile: ServiceProfile
    hours: OpeningHours
    vault: Vault
    store: Store
    bookshelf: Bookshelf
    telegram: TelegramChannel | None
    clock: Callable[[], datetime]
    earlier: EarlierReplies = field(default_factory=EarlierReplies)
    counts: QueueCounts = field(default_factory=QueueCounts)

    def today(self) -> date:
        """The local day, as it is now."""
        return self.clock().astimezone(self.hours.zone).date()


def build(settings: Settings, clock: Callable[[], datetime] | None = None) -> House:
    """The house of *settings*; opens no connection yet. Raises `bot.profile.InvalidProfile`."""
    clock = clock or utc_now
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    profile = read_profile(settings.data_dir)
    secret = settings.secret_key.get_secret_value() if settings.secret_key else None
    vault = Vault.open(settings.data_dir, secret)
    store = Store.at(settings.database)
    return House(
        settings=settings,
        profile=profile,
        hours=profile.hours(settings.zone),
        vault=vault,
        store=store,
        bookshelf=Bookshelf(store, settings.data_dir / "cache"),
        telegram=TelegramChannel(settings, store, vault, clock) if settings.telegram_token else None,
        clock=clock,
    )


def utc_now() -> datetime:
    """The service's clock."""
    return datetime.now(UTC)
