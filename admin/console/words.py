"""In Finnish words: how long is left, how long ago, when; and what device somebody uses."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.hours import moment_in_words
from bot.store.presence import Present

# What a browser says of itself, most telling first: Edge and Opera also say Chrome, Chrome also says Safari.
BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}


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


def presence(people: Iterable[Present]) -> str:
    """Who is there and does what: "Maija kirjoittaa, Väinö katsoo"."""
    return ", ".join(f"{one.name} {'kirjoittaa' if one.writes else 'katsoo'}" for one in people)


def device(user_agent: str) -> str:
    """A browser and its system as their owner knows them: "Firefox, Windows"."""
    named = [next((name for sign, name in known.items() if sign in user_agent), "") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, named)) or "tuntematon laite"
