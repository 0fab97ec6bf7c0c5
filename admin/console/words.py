"""Time in Finnish words: how long is left, how long ago, when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.hours import moment_in_words


def span(length: timedelta) -> str:
    """A length of time as one would say it, to the minute below a day: "35 min", "2 h 5 min", "3 pv"."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes < 1:
        return "alle minuutti"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} pv"


def moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment that is past: "14.05" today, "eilen 14.05", else with its date, "20.11. 14.05"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local.hour}.{local:%M}"
    match (today - local.date()).days:
        case 0:
            return clock
        case 1:
            return f"eilen {clock}"
    year = "" if local.year == today.year else f"{local.year}"
    return f"{local.day}.{local.month}.{year} {clock}"


def coming(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment that has been promised: "tänään klo 15", "ti klo 9"."""
    return moment_in_words(at.astimezone(zone), now.astimezone(zone).date(), "fi")
