"""Looks at the service and at what comes in, again and again, and tells whoever reads summaries once what is wrong.

What was found and the messages about it are written in one transaction, whoever looks: a crash between tells nothing
twice and swallows nothing. What to look at next stands in the tables, so a restart neither repeats nor skips a look.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.house import House
from admin.reach import alarm_words, chance, drop, past, probe, school_year, telegram_check, telling
from admin.reach.probe import Address
from admin.reach.rhythm import Rhythm, hours_of
from admin.reach.school_year import SchoolYear
from admin.reach.silence import Quiet, Watch, watch
from bot import probing
from bot.channels import telegram, webchat
from bot.store import alarms, campaigns, leases
from bot.store.alarms import Check
from bot.store.engine import StoreUnavailable, Tx

LEASE = "watchman"
LEASE_LASTS = timedelta(minutes=10)

PROBE_EVERY = timedelta(minutes=50)  # with a second try, a dead channel is told within the hour
TELEGRAM_EVERY = timedelta(minutes=10)
AGAIN_AFTER = timedelta(minutes=4)  # a failure
FAILURES_TOLD = 2
STANDSTILL = timedelta(hours=6)  # of the service: one in a quiet time may be why it is quiet
LONGEST_BREAK = timedelta(hours=1)  # in looking; after a longer one we don't know what we have missed

DAY_LOOKED_AT = time(8)  # local: the day before is over, and whoever is told of it is up
USUAL = timedelta(weeks=26)  # what a quiet time is compared with

SILENCE = "silence"
NOTHING = {webchat.NAME: "nothing-web", telegram.NAME: "nothing-telegram"}

log = structlog.get_logger()


@dataclass(frozen=True)
class _Look:
    """One thing to look at; *find* gives the trouble, or None."""

    name: str
    every: timedelta
    find: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class _Days:
    """What was made of the days up to yesterday."""

    looked_on: date
    rhythms: dict[str, Rhythm]


class Watchman:
    """Looks when it is time to. `tick` it every minute."""

    def __init__(self, house: House, at: Address) -> None:
        self._house = house
        self._calendar = calendar(house)
        self._owner = secrets.token_hex(16)
        self._days: _Days | None = None
        looks = [
            _Look("web", PROBE_EVERY, partial(probe.ask, house, at)),
            _Look("widget", PROBE_EVERY, partial(probe.load_widget, at)),
            _Look("telegram", TELEGRAM_EVERY, self._look_at_telegram),
        ]
        self._looks = [look for look in looks if look.name in looked_at(house)]

    async def tick(self) -> None:
        """Look at what it is time for; when the database is away, the next tick tries again."""
        house = self._house
        try:
            if not await leases.hold(house.store, LEASE, self._owner, house.clock(), LEASE_LASTS):
                return
            await self._look_at_channels()
            await self._look_at_days()
            await self._look_for_nothing()
        except StoreUnavailable:
            log.warning("store_unavailable", loop="watchman")

    # --- is it alive? ---------------------------------------------------------------------------------------------

    async def _look_at_channels(self) -> None:
        async with self._house.store.read() as read:
            checks = await alarms.checks(read)
        await self._note_break(checks.get(alarms.SERVICE))
        for look in self._looks:
            is_urgent = look.name == "telegram" and self._is_refused()
            if is_urgent or is_due(checks.get(look.name), look.every, self._house.clock()):
                await self._note(look.name, await look.find())

    async def _note_break(self, latest: Check | None) -> None:
        now = self._house.clock()
        if latest is not None and now - latest.checked_at > LONGEST_BREAK:
            async with self._house.store.write() as tx:
                await alarms.note_break(tx, latest.checked_at, now)

    async def _note(self, name: str, trouble: str | None) -> None:
        house, now = self._house, self._house.clock()
        if house.store.hub.is_stopping:
            return  # what failed then has failed for that reason
        async with house.store.write() as tx:
            check = await alarms.looked(tx, name, trouble, now)
            if trouble is None:
                await self._is_well(tx, name, now)
            elif check.failures >= FAILURES_TOLD:
                facts = {"trouble": trouble}
                say = partial(alarm_words.dead, check=name)
                if await self._begin(tx, name, check.ok_at or now, now, facts, say):
                    log.error("channel_dead", channel=name, reason=trouble)

    async def _is_well(self, tx: Tx, name: str, now: datetime) -> None:
        ended = await alarms.end(tx, name, ended_at=now, ended_as="recovered")
        if ended is not None:
            say = partial(alarm_words.back, check=name, lasted=now - ended.began_at)
            await telling.tell(tx, self._house, f"alarm:{ended.id}:over", say)

    async def _look_at_telegram(self) -> str | None:
        house = self._house
        return await telegram_check.look(house.telegram, house.settings, house.clock) if house.telegram else None

    def _is_refused(self) -> bool:
        """Whether Telegram has refused our token: then everybody's replies wait for who hears of it."""
        telegram = self._house.telegram
        return telegram is not None and telegram.health.is_refused(self._house.clock())

    # --- do they ask? ---------------------------------------------------------------------------------------------

    async def _look_at_days(self) -> None:
        house = self._house
        local = house.clock().astimezone(house.hours.zone)
        if local.time() < DAY_LOOKED_AT or (self._days and self._days.looked_on == local.date()):
            return
        yesterday = local.date() - timedelta(days=1)
        async with house.store.read() as read:
            asked = await past.askers_by_day(read, yesterday)
            by_channel, by_hour = await past.askers(read, yesterday - USUAL, yesterday)
        seen = await asyncio.to_thread(watch, asked, yesterday, self._calendar)  # years take tens of milliseconds
        hours = hours_of(by_hour)
        lately = sum(count for day, count in asked.items() if yesterday - USUAL <= day <= yesterday)
        rhythms = {
            channel: Rhythm(seen.expectation, askers / lately, hours)
            for channel, askers in by_channel.items()
            if lately
        }
        await self._tell_of_silence(seen, asked, yesterday)
        self._days = _Days(local.date(), rhythms)

    async def _tell_of_silence(self, seen: Watch, asked: dict[date, int], last: date) -> None:
        house, quiet = self._house, seen.now
        if quiet is None:
            if seen.quiet_times and (latest := seen.quiet_times[-1]).ended_on is not None:
                async with house.store.write() as tx:
                    over = self._midnight_after(latest.ended_on)
                    await alarms.end(tx, SILENCE, ended_at=over, ended_as=latest.ended_as or "recovered")
            return
        noticed_at = self._midnight_after(quiet.noticed_on)
        async with house.store.read() as read:
            if await alarms.was_noticed(read, SILENCE, noticed_at):
                return
            facts = await self._facts(read, seen, quiet, asked, last)
            is_known = await self._is_told_already(read)
        async with house.store.write() as tx:
            began_at = self._midnight_after(quiet.began_on - timedelta(days=1))
            say = None if is_known else alarm_words.quiet
            if await self._begin(tx, SILENCE, began_at, noticed_at, facts, say) and not is_known:
                log.warning("hardly_anybody_asks", count=facts["came"])

    async def _facts(
        self, read: AsyncConnection, seen: Watch, quiet: Quiet, asked: dict[date, int], last: date
    ) -> dict[str, Any]:
        """How few, where and why, as of *last*: the day it was noticed, or a later one after a downtime."""
        days = [quiet.began_on + timedelta(days=offset) for offset in range((last - quiet.began_on).days + 1)]
        came = sum(asked.get(day, 0) for day in days)
        expected = sum(seen.expectation.of(day) or 0.0 for day in days)
        since = max(quiet.began_on - USUAL, min(asked))  # on days before the service there were none of anything
        usual = await past.groups(read, since, quiet.began_on - timedelta(days=1))
        lately = await past.groups(read, quiet.began_on, last, openings=usual.openings)
        found = drop.find(usual, lately, expected)
        began_at = self._midnight_after(quiet.began_on - timedelta(days=1))
        broken = [alarm.kind for alarm in await alarms.since(read, began_at) if alarm.kind in alarm_words.CHECKS]
        if _stood_still((await alarms.checks(read)).get(alarms.BREAK), began_at):
            broken.append(alarms.SERVICE)
        facts: dict[str, Any] = {
            "days": len(days),
            "came": came,
            "expected": round(expected, 1),
            "one_in": chance.one_in(chance.at_most(came, expected, quiet.scatter)),
            "cause": "broken" if broken else found.cause,
            "broken": sorted(set(broken)),
            "rushes": lately.rushes,
            "place": [found.place.dimension, found.place.group] if isinstance(found.place, drop.Place) else found.place,
        }
        if isinstance(found.place, drop.Place) and found.place.dimension == "campaign" and found.place.group:
            campaign = await campaigns.get(read, found.place.group)
            facts["campaign"] = campaign.name if campaign else found.place.group
        return facts

    async def _is_told_already(self, read: AsyncConnection) -> bool:
        """Whether it was told of every channel by itself that nothing comes by it."""
        told = set(await alarms.open_now(read))
        channels = [NOTHING[look.name] for look in self._looks if look.name in NOTHING]
        return told.issuperset(channels)

    # --- does anything come at all? -------------------------------------------------------------------------------

    async def _look_for_nothing(self) -> None:
        """The dead-man's check, by channel; of one that is known to be dead its own alarm tells."""
        house, now = self._house, self._house.clock()
        async with house.store.read() as read:
            checks = await alarms.checks(read)
        if not is_due(checks.get(alarms.SERVICE), TELEGRAM_EVERY, now):
            return
        async with house.store.write() as tx:
            awake_since = await alarms.awake_since(tx, now, LONGEST_BREAK)
        for channel, kind in NOTHING.items():
            check = checks.get(channel)
            if check is not None and not check.failures:
                await self._judge_nothing(channel, kind, awake_since, now)

    async def _judge_nothing(self, channel: str, kind: str, awake_since: datetime, now: datetime) -> None:
        house = self._house
        async with house.store.read() as read:
            heard_at = await past.heard_at(read, channel, but=probing.sender(house.vault))
            told = await alarms.open_now(read)
        if kind in told:
            if heard_at is not None and heard_at > told[kind].noticed_at:
                async with house.store.write() as tx:
                    await alarms.end(tx, kind, ended_at=heard_at, ended_as="recovered")
            return
        rhythm = self._days.rhythms.get(channel) if self._days else None
        if rhythm is None or SILENCE in told:
            return
        nothing = rhythm.judge(max(filter(None, (heard_at, awake_since))), now, house.hours.zone)
        if not nothing.is_alarming:
            return
        facts = {
            "hours": round((now - nothing.since) / timedelta(hours=1)),
            "expected": round(nothing.expected, 1),
            "one_in": chance.one_in(nothing.probability),
        }
        async with house.store.write() as tx:
            say = partial(alarm_words.nothing, channel=channel)
            if await self._begin(tx, kind, nothing.since, now, facts, say):
                log.warning("nothing_comes", channel=channel)

    # --- all of them ----------------------------------------------------------------------------------------------

    async def _begin(
        self,
        tx: Tx,
        kind: str,
        began_at: datetime,
        noticed_at: datetime,
        facts: Mapping[str, Any],
        say: Callable[..., str] | None,
    ) -> bool:
        """Whether this alarm is new; then it is told as one of `alarm_words` says it, or with None to nobody."""
        began = await alarms.begin(tx, kind, began_at=began_at, noticed_at=noticed_at, facts=facts)
        if began is not None and say is not None:
            told = partial(say, facts=facts, address=self._house.settings.address)
            await telling.tell(tx, self._house, f"alarm:{began.id}", told)
        return began is not None

    def _midnight_after(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(0), self._house.hours.zone)


def is_due(check: Check | None, every: timedelta, now: datetime) -> bool:
    """Whether it is time to look again; after a failure sooner."""
    return check is None or now - check.checked_at >= (AGAIN_AFTER if check.failures else every)


def _stood_still(latest: Check | None, began_at: datetime) -> bool:
    """Whether the latest break was that long, and not all of it before then."""
    return latest is not None and latest.checked_at - max(latest.since, began_at) >= STANDSTILL


def looked_at(house: House) -> list[str]:
    """The names of what is looked at in this house, as in `alarm_words.CHECKS`."""
    is_there = {"web": True, "widget": bool(house.settings.framing_origins), "telegram": house.telegram is not None}
    return [name for name, is_it in is_there.items() if is_it]


def calendar(house: House) -> SchoolYear:
    """The owner's holidays; where their file is not valid, `koppi doctor` says so, and the shipped ones count."""
    try:
        return school_year.read(house.settings.data_dir)
    except school_year.InvalidHolidays:
        log.warning("holidays_not_valid")
        return school_year.shipped()
