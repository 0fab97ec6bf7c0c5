"""When people are at work, and what may be promised: pure functions of a moment and the owner's opening hours.

Hours are local: a working day is asked for by its date in the service's time zone, so that they are right across both
changes of daylight saving. Finnish public holidays come from the `holidays` package.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo

import holidays
from babel.dates import format_date

from knowledge.entry import Language

LOOK_AHEAD_DAYS = 60  # an office closed for longer than this has no opening hours to speak of

Opening = tuple[time, time]


class NeverOpen(Exception):
    """No open day within the next two months: the opening hours in `service.yaml` can't be meant so."""


@dataclass(frozen=True)
class Promise:
    """When the asker has an answer at the latest.

    Attributes
        at: the moment, in the service's time zone.
        is_open: whether people are at work now.
        today: the local date now, to say "today" instead of a weekday.
        opens_at: when people are back, where nobody is at work now.
    """

    at: datetime
    is_open: bool
    today: date
    opens_at: datetime | None = None

    def in_words(self, language: Language) -> str:
        """See `moment_in_words`."""
        return moment_in_words(self.at, self.today, language)

    def back_in_words(self, language: Language) -> str | None:
        """When people are back, such as "ma klo 9"; None while they are there."""
        return moment_in_words(self.opens_at, self.today, language) if self.opens_at else None


@dataclass(frozen=True)
class OpeningHours:
    """The owner's hours: by weekday (0 = Monday), exceptions by date (None = closed), the promise in working time."""

    zone: ZoneInfo
    weekdays: Mapping[int, Opening]
    exceptions: Mapping[date, Opening | None] = field(default_factory=dict)
    promise: timedelta = timedelta(hours=6)

    def on(self, day: date) -> Opening | None:
        """When people come and go on *day*, local time; None when nobody does. An exception beats a holiday."""
        if day in self.exceptions:
            return self.exceptions[day]
        if day in _finnish_holidays(day.year):
            return None
        return self.weekdays.get(day.weekday())

    def is_open(self, now: datetime) -> bool:
        """Whether people are at work at *now* (aware)."""
        local = now.astimezone(self.zone)
        opening = self.on(local.date())
        return opening is not None and opening[0] <= local.time() < opening[1]

    def today_in_words(self, now: datetime, language: Language) -> str:
        """When people are there next, such as "tänään klo 9–16" or "ma klo 9–16"."""
        local = now.astimezone(self.zone)
        for ahead in range(LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=ahead)
            opening = self.on(day)
            if opening is not None and (ahead or local.time() < opening[1]):
                opens, closes = (_clock_in_words(moment, language) for moment in opening)
                clock = {"fi": "klo ", "sv": "kl. ", "en": ""}[language]
                return f"{_day_in_words(day, local.date(), language)} {clock}{opens}–{closes}"
        raise NeverOpen(f"no working day within {LOOK_AHEAD_DAYS} days of {local.date()}")

    def week_in_words(self, language: Language) -> str:
        """When people are there in an ordinary week, such as "ma–to klo 9–16, pe klo 9–15"."""
        alike: list[tuple[list[int], Opening]] = []
        for day, opening in sorted(self.weekdays.items()):
            if alike and alike[-1][1] == opening and alike[-1][0][-1] == day - 1:
                alike[-1][0].append(day)
            else:
                alike.append(([day], opening))
        clock = {"fi": "klo ", "sv": "kl. ", "en": ""}[language]
        said = []
        for days, opening in alike:
            opens, closes = (_clock_in_words(moment, language) for moment in opening)
            ends = "–".join(_weekday_in_words(day, language) for day in dict.fromkeys((days[0], days[-1])))
            said.append(f"{ends} {clock}{opens}–{closes}")
        return ", ".join(said)

    def promise_at(self, now: datetime) -> Promise:
        """The moment by which a question sent at *now* is answered: *promise* of working time later.

        Raises `NeverOpen` when no working day is in sight.
        """
        local = now.astimezone(self.zone)
        left = self.promise
        is_open, opens_at = self.is_open(now), None
        for ahead in range(LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=ahead)
            opening = self.on(day)
            if opening is None:
                continue
            opens, closes = (datetime.combine(day, moment, self.zone) for moment in opening)
            begins = max(opens, local)
            if begins >= closes:
                continue
            opens_at = opens_at or begins
            if begins + left <= closes:
                return Promise(begins + left, is_open, local.date(), None if is_open else opens_at)
            left -= closes - begins
        raise NeverOpen(f"no working day within {LOOK_AHEAD_DAYS} days of {local.date()}")


def is_public_holiday(day: date) -> bool:
    """Whether *day* is a public holiday in Finland; an ordinary Sunday is none."""
    return day in _finnish_holidays(day.year)


def moment_in_words(at: datetime, today: date, language: Language) -> str:
    """Such as "tänään klo 15" or "ti klo 15"; with the date, "ti 24.11. klo 15", when it is a week away or past."""
    clock = {"fi": "klo", "sv": "kl.", "en": "at"}[language]
    return f"{_day_in_words(at.date(), today, language)} {clock} {_clock_in_words(at.time(), language)}"


def wait_in_words(wait: timedelta, language: Language) -> str:
    """*wait* rounded up, as the end of "svar på …", such as "15 minuutissa" or "2 timmar"."""
    minutes = max(5, 5 * ceil(wait / timedelta(minutes=5)))
    hours = ceil(minutes / 60)
    if minutes < 60:
        return {"fi": f"{minutes} minuutissa", "sv": f"{minutes} minuter", "en": f"{minutes} minutes"}[language]
    if hours == 1:
        return {"fi": "tunnissa", "sv": "en timme", "en": "an hour"}[language]
    return {"fi": f"{hours} tunnissa", "sv": f"{hours} timmar", "en": f"{hours} hours"}[language]


def _clock_in_words(at: time, language: Language) -> str:
    if language == "en":
        return f"{at.hour}:{at:%M}"
    return f"{at.hour}" + (f".{at:%M}" if at.minute else "")


def _day_in_words(day: date, today: date, language: Language) -> str:
    ahead = (day - today).days
    if ahead == 0:
        return {"fi": "tänään", "sv": "idag", "en": "today"}[language]
    if ahead == 1:
        return {"fi": "huomenna", "sv": "imorgon", "en": "tomorrow"}[language]
    weekday = format_date(day, "EEE", locale=language)
    return weekday if 1 < ahead < 7 else f"{weekday} {day.day}.{day.month}."


def _weekday_in_words(weekday: int, language: Language) -> str:
    return format_date(date(2024, 1, 1 + weekday), "EEE", locale=language)  # a year that began on a Monday


@lru_cache(maxsize=16)
def _finnish_holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("FI", years=year)
