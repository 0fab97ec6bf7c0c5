"""Whether Telegram brings us what people write: it knows us, hands updates over, and nothing keeps us from asking.

`judge` is pure; `look` asks Telegram.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from telegram.error import InvalidToken, TelegramError

from bot.channels.bot_api_request import NEVER_SENT
from bot.channels.telegram import WEBHOOK_PATH, Delivered, PollHealth, TelegramChannel
from bot.settings import Settings

TelegramTrouble = Literal["token", "network", "telegram", "elsewhere", "taken", "not_asking", "refused"]

SILENT_FOR = timedelta(minutes=5)  # a poll takes 25 s, a pause between two tries a minute at most
REFUSED_LATELY = timedelta(hours=1)


async def look(channel: TelegramChannel, settings: Settings, clock: Callable[[], datetime]) -> TelegramTrouble | None:
    """What keeps people's messages from reaching us, or None."""
    try:
        delivered = await channel.examine()
    except TelegramError as error:
        return _refusal(error)
    return judge(delivered, channel.health, settings, clock())


def judge(delivered: Delivered, health: PollHealth, settings: Settings, now: datetime) -> TelegramTrouble | None:
    """What is wrong though Telegram answers, or None."""
    ours = f"{settings.address}{WEBHOOK_PATH}" if settings.telegram_mode == "webhook" else ""
    if health.is_refused(now):
        return "token"
    if delivered.webhook != ours:
        return "elsewhere"
    if settings.telegram_mode == "webhook":
        failed_lately = delivered.failed_at is not None and now - delivered.failed_at < REFUSED_LATELY
        return "refused" if failed_lately and delivered.waiting else None
    if health.silent_since is not None and now - health.silent_since > SILENT_FOR:
        return "taken" if "409" in (health.trouble or "") else "not_asking"
    return None


def _refusal(error: TelegramError) -> TelegramTrouble:
    """Why Telegram said nothing: it doesn't know us, no connection comes about, or it is out of order itself."""
    if isinstance(error, InvalidToken):
        return "token"
    cause = error.__cause__
    return "network" if isinstance(cause, NEVER_SENT) else "telegram"
