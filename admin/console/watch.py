"""Is the bot alive, and do the young ask: what the watchman has found, volume against expectation, alarms."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from markupsafe import Markup
from starlette.responses import Response

from admin.console import charts
from admin.console.visit import Visit
from admin.house import House
from admin.reach import alarm_words, past, watchman
from admin.reach.expectation import Band, expected_band
from admin.reach.silence import Watch, watch
from admin.reach.watchman import NOTHING, SILENCE
from admin.summaries.periods import dated
from bot.channels.markup import as_web_html
from bot.store import alarms
from bot.store.alarms import Alarm, Check

DAYS = 28
SHOWN = 20


@dataclass(frozen=True)
class Looked:
    """One thing that is looked at; *check* is None before the first look. *what* is wrong, and *todo* about it."""

    name: str
    check: Check | None
    what: str
    todo: str


@dataclass(frozen=True)
class Told:
    """An alarm in words."""

    alarm: Alarm
    title: str
    words: Sequence[Markup]


@dataclass(frozen=True)
class Day:
    """One day of the chart; *band* is None where too little is known."""

    day: date
    came: int
    band: Band | None


async def page(visit: Visit) -> Response:
    """How things stand."""
    house = visit.house
    today = visit.today
    yesterday = today - timedelta(days=1)
    calendar = watchman.calendar(house)
    async with house.store.read() as read:
        checks = await alarms.checks(read)
        latest = await alarms.latest(read, limit=SHOWN)
        asked = await past.askers_by_day(read, yesterday)
    seen = await asyncio.to_thread(watch, asked, yesterday, calendar)
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    bands = {band.day: band for band in expected_band(asked, days, calendar)}
    shown = [Day(day, asked.get(day, 0), bands.get(day)) for day in days]
    return visit.render(
        "watch.html",
        looked=[_looked(name, checks.get(name)) for name in watchman.looked_at(house)],
        last_look=max((check.checked_at for check in checks.values()), default=None),
        is_late=_is_late(checks, visit.now),
        standing=_standing(seen),
        came=sum(one.came for one in shown),
        usual=round(sum(band.expected for band in bands.values())) if bands else None,
        days=shown,
        pictures=_pictures(shown),
        told=[_told(alarm, house) for alarm in latest],
        holidays_end=calendar.known_until if calendar.is_to_be_renewed(today) else None,
        year_missing=calendar.year_missing(today),
        guessed_from=calendar.guessed_from(today),
    )


def _looked(name: str, check: Check | None) -> Looked:
    what, todo = alarm_words.TROUBLES.get((check and check.trouble) or "", ({}, {}))
    return Looked(alarm_words.CHECKS[name]["fi"], check, what.get("fi", ""), todo.get("fi", ""))


def _is_late(checks: dict[str, Check], now: datetime) -> bool:
    """Whether nobody has looked for so long that what stands here may no longer be true."""
    return not checks or now - max(check.checked_at for check in checks.values()) > watchman.LONGEST_BREAK


def _standing(seen: Watch) -> Literal["unknown", "usual", "quiet"]:
    if seen.figure is None:
        return "unknown"
    return "quiet" if seen.now else "usual"


def _pictures(days: Sequence[Day]) -> list[Markup]:
    came = sum(one.came for one in days)
    label = f"Neljän viime viikon kysyjät päivittäin: yhteensä {came}. Luvut ovat taulukossa kuvan alla."
    shown = [
        charts.Column(dated(one.day, "fi"), f"{one.day.day}.{one.day.month}.", one.came, one.band and one.band.ends)
        for one in days
    ]
    return [charts.columns(shown, label, size) for size in (charts.SHEET, charts.NARROW)]


def _told(alarm: Alarm, house: House) -> Told:
    facts = alarm.facts
    if alarm.kind == SILENCE:
        title, usually = alarm_words.quiet_in_short("fi", facts)
        texts = [f"{usually} {alarm_words.place('fi', facts)}".strip(), alarm_words.cause("fi", facts)]
    elif alarm.kind in NOTHING.values():
        channel = next(channel for channel, kind in NOTHING.items() if kind == alarm.kind)
        title, usually = alarm_words.nothing_in_short("fi", channel, facts)
        silent = alarm_words.WHO_IS_SILENT[channel]["fi"]
        texts = [usually, silent.replace("{address}", house.settings.address)]
    else:
        what, todo = alarm_words.TROUBLES[facts["trouble"]]
        title = alarm_words.IS_DEAD["fi"].format(check=alarm_words.CHECKS[alarm.kind]["fi"])
        texts = [f"{what['fi']}. {todo['fi']}"]
    return Told(alarm, title, [as_web_html(text) for text in texts])
