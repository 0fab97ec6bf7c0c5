"""What kind of day it is for the young of the region: term, school holiday, summer or public holiday.

Public holidays come from the `holidays` package; school holidays are dated data that the owner may renew. Contains no
expectation: see `expectation`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import holidays
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from knowledge import plain_yaml

DayKind = Literal["term", "break", "summer", "public"]

FILE_NAME = "school_holidays.yaml"
SHIPPED = Path(__file__).parent / FILE_NAME
FIRST_MONTH = 8  # of a school year
ASKED_FROM = 4  # the month in which the schools have decided the next one
RENEW_BEFORE = timedelta(days=60)  # an operator has so long to bring the dates of another year


class InvalidHolidays(Exception):
    """The file of school holidays can't be read or says something impossible; the message says what."""


class Holiday(BaseModel):
    """One school holiday, both days included; *certain*: whether the school's own decision has been seen.

    *source*, *checked*: where and when, where that isn't what the whole file says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["break", "summer"]
    first: date
    last: date
    certain: bool = True
    source: str | None = None
    checked: date | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Holiday":
        if not timedelta(0) <= self.last - self.first <= timedelta(days=120):
            raise ValueError(f"{self.first}–{self.last} is no holiday: it ends before it begins, or lasts too long")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str
    source: str
    checked: date
    holidays: list[Holiday]


@dataclass(frozen=True)
class SchoolYear:
    """Knows each day's kind.

    Attributes
        known_until: the last day that the file of school holidays speaks of.
        guessed: holidays whose days nobody has seen decided, by their first and last day, the earliest first.
    """

    kinds: Mapping[date, Literal["break", "summer"]]
    known_until: date
    guessed: Sequence[tuple[date, date]] = ()

    def kind(self, day: date) -> DayKind:
        """The kind of *day*; a public holiday within a school holiday is a public holiday."""
        if day in _public_holidays(day.year):
            return "public"
        return self.kinds.get(day, "term")

    def is_to_be_renewed(self, today: date) -> bool:
        """Whether the dates end soon, or have ended: then the expectation takes a coming holiday for term."""
        return today + RENEW_BEFORE > self.known_until

    def year_missing(self, today: date) -> str | None:
        """The school year, "2027–28", that no holiday is known of: this one or, from April on, the coming one."""
        this = today.year if today.month >= FIRST_MONTH else today.year - 1
        years = [this, *([this + 1] if ASKED_FROM <= today.month < FIRST_MONTH else [])]
        known = {
            day.year if day.month >= FIRST_MONTH else day.year - 1
            for day, kind in self.kinds.items()
            if kind == "break"
        }
        return next((f"{year}–{(year + 1) % 100:02}" for year in years if year not in known), None)

    def guessed_from(self, today: date) -> date | None:
        """When the first holiday within a year begins, or began, whose days are only guessed; None when none is."""
        ahead = (first for first, last in self.guessed if last >= today and first < today + timedelta(days=365))
        return next(ahead, None)


def read(data_dir: Path) -> SchoolYear:
    """The school year of the file in *data_dir*, or of the one shipped. Raises `InvalidHolidays`."""
    own = data_dir / FILE_NAME
    return parse(own if own.exists() else SHIPPED)


def parse(path: Path) -> SchoolYear:
    """The school year of the file *path*. Raises `InvalidHolidays`."""
    try:
        read = _File.model_validate(plain_yaml.read(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InvalidHolidays(f"{path} is not valid: {error}") from error
    kinds = {
        holiday.first + timedelta(days=offset): holiday.kind
        for holiday in read.holidays
        for offset in range((holiday.last - holiday.first).days + 1)
    }
    guessed = sorted((holiday.first, holiday.last) for holiday in read.holidays if not holiday.certain)
    return SchoolYear(kinds, max(kinds, default=date.min), guessed)


@cache
def shipped() -> SchoolYear:
    """The school year that comes with the service."""
    return parse(SHIPPED)


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FI", years=year))
