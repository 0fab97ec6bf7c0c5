"""Is the bot alive, and do the young ask: what the watchman has found, volume against expectation, alarms."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from markupsafe import Markup
from starlette.responses import Response

from admin.console.visit import Visit
from admin.house import House
from admin.reach import alarm_words, past, watchman
from admin.reach.expectation import Band, expected_band
from admin.reach.probe import Address
from admin.reach.silence import Watch, watch
from admin.reach.watchman import NOTHING, SILENCE, Watchman
from bot.channels.markup import as_web_html
from bot.store import alarms
from bot.store.alarms import Alarm, Check

DAYS = 28
SHOWN = 20
TALL = 120  # of the chart, in its own units
WIDE = 12  # of a day


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
    """One day in the chart, as places and lengths of it; *band* is None where too little is known."""

    day: date
    came: int
    band: Band | None
    x: int
    height: float


async def page(visit: Visit) -> Response:
    """How things stand."""
    house = visit.house
    today = visit.today
    yesterday = today - timedelta(days=1)
    calendar = watchman.calendar(house)
    async with house.store.read() as read:
        checks = await alarms.checks(read)
        latest = await alarms.latest(read, limit=SHOWN)
        asked = await past.asked_by_day(read, yesterday)
    seen = await asyncio.to_thread(watch, asked, yesterday, calendar)
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    bands = {band.day: band for band in expected_band(asked, days, calendar)}
    most = max([1, *(asked.get(day, 0) for day in days), *(band.high for band in bands.values())])
    chart = [
        Day(day, asked.get(day, 0), bands.get(day), number * WIDE, TALL * asked.get(day, 0) / most)
        for number, day in enumerate(days)
    ]
    return visit.render(
        "watch.html",
        looked=[_looked(name, checks.get(name)) for name in Watchman(house, Address("", 0)).names],
        last_look=max((check.checked_at for check in checks.values()), default=None),
        is_late=_is_late(checks, visit.now),
        standing=_standing(seen),
        usual=sum(band.expected for band in bands.values()),
        came=sum(day.came for day in chart),
        chart=chart,
        outline=_outline(chart, most),
        wide=DAYS * WIDE,
        tall=TALL,
        told=[_told(alarm, house) for alarm in latest],
        holidays_end=calendar.known_until if calendar.is_to_be_renewed(today) else None,
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


def _outline(chart: Sequence[Day], most: int) -> str:
    """The band's outline for an SVG polygon: along the tops of its days, and back along their feet."""
    known = [day for day in chart if day.band is not None]
    tops = [(x, day.band.high) for day in known if day.band for x in (day.x, day.x + WIDE)]
    feet = [(x, day.band.low) for day in reversed(known) if day.band for x in (day.x + WIDE, day.x)]
    return " ".join(f"{x},{TALL - TALL * count / most:.1f}" for x, count in (*tops, *feet))


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
