"""Sending summaries, each exactly once: into the console always, and to the coordinator's Telegram chats."""

from datetime import date

from admin.house import House
from admin.summaries.due import Period


async def send_due(house: House) -> None:
    """Send what is due now, unless it was sent."""


async def summary_text(house: House, period: Period, day: date | None, *, send: bool) -> str:
    """The summary of the *period* that *day* belongs to, or of the last whole one."""
    return ""
