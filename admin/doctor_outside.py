"""What `koppi doctor` sees around the service: the disk, the clock, and how Telegram hands updates over."""

import shutil
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import httpx
from telegram import WebhookInfo

from bot.channels.telegram import WEBHOOK_PATH
from bot.settings import Settings

LITTLE_ROOM = 1_000_000_000  # bytes
TOO_LITTLE_ROOM = 100_000_000
MOST_OFF = timedelta(seconds=30)  # a one-time code of a phone lives as long
MANY_WAITING = 100
FAILED_LATELY = timedelta(hours=1)

Seen = tuple[Literal["ok", "warning", "fault"], str]


def disk(folder: Path) -> Seen:
    """Whether there is room to write in *folder*."""
    free = shutil.disk_usage(folder).free
    room = f"{free // 1_000_000} MB are free in {folder}"
    if free < TOO_LITTLE_ROOM:
        return "fault", f"{room}: too little to go on; make room, messages can't be kept without"
    if free < LITTLE_ROOM:
        return "warning", f"{room}; make room before the nightly cleaning needs it"
    return "ok", room


async def clock(settings: Settings, now: datetime) -> Seen:
    """Whether our clock is Telegram's. Promises, one-time codes and what is deleted when all hang on it."""
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            said = (await client.get(settings.telegram_api)).headers["date"]
        theirs = parsedate_to_datetime(said).replace(tzinfo=UTC)  # HTTP's dates are GMT
    except (httpx.HTTPError, KeyError, ValueError):
        return "warning", "the clock can't be compared with Telegram's: it does not say its own"
    off = abs(now - theirs)
    if off > MOST_OFF:
        return (
            "fault",
            f"the clock is {int(off.total_seconds())} s off Telegram's; let the machine keep time by NTP",
        )
    return "ok", "the clock goes with Telegram's"


def webhook(settings: Settings, info: WebhookInfo, now: datetime) -> Seen:
    """Whether updates reach us the way that is set."""
    ours = f"{settings.address}{WEBHOOK_PATH}" if settings.telegram_mode == "webhook" else ""
    if info.url != ours:
        where = "nowhere: it waits to be asked" if not info.url else "to another address"
        return "warning", (
            f"Telegram hands updates over {where}, unlike KOPPI_TELEGRAM_MODE={settings.telegram_mode}; "
            "`koppi serve` tells it when it starts, unless another service uses the same token"
        )
    if info.last_error_date is not None and now - info.last_error_date < FAILED_LATELY:
        return "warning", (
            f"Telegram could not hand an update over at {info.last_error_date:%H:%M} UTC; see that KOPPI_PUBLIC_URL "
            "leads to the service, with a certificate that others trust"
        )
    if info.pending_update_count > MANY_WAITING:
        return "warning", f"{info.pending_update_count} updates wait at Telegram; is the service running?"
    return "ok", f"Telegram hands updates over as set ({settings.telegram_mode})"
