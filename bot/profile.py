"""`service.yaml`: what the owner of the service decides without touching code.

Hours, the promise, the controller of personal data, how long what is kept, examples, crisis texts. The file in the data
folder is made from `service.default.yaml` on the first start; every fault in it is reported at once, in words.
"""

import re
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.hours import LOOK_AHEAD_DAYS, NeverOpen, Opening, OpeningHours
from bot.unasked import UnaskedHours
from knowledge import plain_yaml
from knowledge.entry import LANGUAGES, Language

DEFAULT_FILE = Path(__file__).parent / "service.default.yaml"
FILE_NAME = "service.yaml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CRISIS_TEXTS = frozenset(
    {
        "numbers",
        "self-harm",
        "medical",
        "violence",
        "sexual-violence",
        "child-in-danger",
        "exploitation",
        "threat-to-others",
        "no-shelter",
    }
)


class InvalidProfile(Exception):
    """`service.yaml` can't be read or says something impossible; the message lists every fault."""


def _clock(value: object) -> time:
    """A local time from "8:30", which YAML reads as a number of base 60."""
    if isinstance(value, int) and value >= 60:
        value = f"{value // 60}:{value % 60:02}"
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is not a time; write 8:30")
    return time(int(found[1]), int(found[2]))


def _opening(value: object) -> Opening | None:
    """A pair of times from "9:00-16:00", or None from "closed"."""
    if value == "closed":
        return None
    found = re.fullmatch(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is not an opening time; write 9:00-16:00 or closed")
    opens, closes = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if opens >= closes:
        raise ValueError(f"{value!r} closes before it opens")
    return opens, closes


Hours = Annotated[tuple[time, time] | None, BeforeValidator(_opening)]


def _is_some(hours: Opening | None) -> Opening:
    if hours is None:
        raise ValueError("must be hours of the day; write 9:00-20:00")
    return hours


SomeHours = Annotated[tuple[time, time], BeforeValidator(lambda value: _is_some(_opening(value)))]


class CrisisTexts(BaseModel):
    """The fixed replies to somebody in danger, and who has approved them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approved_by: str
    approved_on: date | None = None
    numbers_checked_on: date
    texts: dict[Language, dict[str, str]]

    @field_validator("texts")
    @classmethod
    def _exploitation_as_violence(cls, texts: dict[Language, dict[str, str]]) -> dict[Language, dict[str, str]]:
        """A file from before exploitation was noticed has an approved text that is near: 112 and the crisis numbers."""
        return {
            language: {"exploitation": kinds["violence"], **kinds} if "violence" in kinds else kinds
            for language, kinds in texts.items()
        }

    @model_validator(mode="after")
    def _every_kind_in_every_language(self) -> "CrisisTexts":
        for language in ("fi", "sv", "en"):
            missing = CRISIS_TEXTS - set(self.texts.get(language, {}))
            if missing:
                raise ValueError(f"texts in {language} lack {', '.join(sorted(missing))}")
        return self


def _in_every_language(texts: dict[Language, str]) -> dict[Language, str]:
    if missing := [language for language in LANGUAGES if language not in texts]:
        raise ValueError(f"lacks {', '.join(missing)}")
    return texts


InEveryLanguage = Annotated[dict[Language, str], AfterValidator(_in_every_language)]


class Controller(BaseModel):
    """Who answers for personal data, and how they are reached; placeholders in [brackets] until the owner fills it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: InEveryLanguage
    contact: InEveryLanguage


class Retention(BaseModel):
    """After how many days what is deleted: the one source of the job, its check and what askers are told.

    At least two days each: the job deletes a night ahead, so that no promise is broken between two nights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    texts_days: int = Field(90, ge=2)
    texts_at_most_days: int = Field(180, ge=2)
    address_days: int = Field(30, ge=2)
    traffic_days: int = Field(30, ge=2)
    quarantine_days: int = Field(7, ge=2)
    audit_days: int = Field(730, ge=2)

    @model_validator(mode="after")
    def _nothing_of_an_asker_outlives_the_longest_time(self) -> "Retention":
        if max(self.texts_days, self.address_days) > self.texts_at_most_days:
            raise ValueError("no text may outlive texts_at_most_days, and no address")
        return self


class ServiceProfile(BaseModel):
    """The owner's decisions, read and valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    region: str
    controller: Controller
    feedback_email: str
    retention: Retention = Retention()
    opening_hours: dict[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], Hours]
    exceptions: dict[date, Hours]
    promise_hours: float = Field(gt=0, le=80)
    digest_at: Annotated[time, BeforeValidator(_clock)] = time(8, 30)  # when advisors get the e-mail they asked for
    unasked_hours: SomeHours = (time(9), time(20))  # when what an asker has subscribed to may come
    unasked_on_holidays: bool = False  # and whether on Sundays and public holidays, too
    texts_in_group: bool = False  # whether the advisors' group in Telegram shows what askers write
    examples: dict[Language, list[str]]
    crisis: CrisisTexts

    def to_be_filled(self) -> list[str]:
        """What only the owner can say and has not said yet, by its place in the file: "controller.name.fi"."""
        said = {
            f"controller.{field}.{language}": texts[language]
            for field, texts in (("name", self.controller.name), ("contact", self.controller.contact))
            for language in LANGUAGES
        }
        said["feedback_email"] = self.feedback_email
        return [place for place, text in said.items() if not text.strip() or text.lstrip().startswith("[")]

    def hours(self, zone: ZoneInfo) -> OpeningHours:
        """The opening hours, as local times of *zone*."""
        weekdays = {WEEKDAYS.index(day): hours for day, hours in self.opening_hours.items() if hours}
        return OpeningHours(zone, weekdays, self.exceptions, timedelta(hours=self.promise_hours))

    def unasked(self, zone: ZoneInfo) -> UnaskedHours:
        """When the bot may write unasked, as local times of *zone*."""
        return UnaskedHours(zone, self.unasked_hours, self.unasked_on_holidays)


def read_profile(data_dir: Path) -> ServiceProfile:
    """The profile in *data_dir*, which is made from the default if there is none. Raises `InvalidProfile`."""
    path = data_dir / FILE_NAME
    if not path.exists():
        shutil.copyfile(DEFAULT_FILE, path)
    return parse_profile(path)


def parse_profile(path: Path) -> ServiceProfile:
    """The profile that stands in the file *path*. Raises `InvalidProfile`."""
    try:
        profile = ServiceProfile.model_validate(plain_yaml.read(path.read_text(encoding="utf-8")))
        profile.hours(ZoneInfo("UTC")).promise_at(datetime.now(UTC))  # days are counted: any zone will do
    except yaml.YAMLError as error:
        raise InvalidProfile(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        faults = "\n".join(
            f"  {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise InvalidProfile(f"{path} is not valid:\n{faults}") from error
    except NeverOpen as error:
        raise InvalidProfile(
            f"{path} is not valid:\n  opening_hours: too few open hours in the next {LOOK_AHEAD_DAYS} days "
            f"for a promise of {profile.promise_hours:g}; see also exceptions and promise_hours"
        ) from error
    return profile
