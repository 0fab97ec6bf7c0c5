"""The region's services by key, from one file that another region swaps. Entries refer to them by key."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from knowledge.entry import LANGUAGES, Language

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _in_each_language(words: Mapping[Language, str]) -> Mapping[Language, str]:
    if missing := [language for language in LANGUAGES if language not in words]:
        raise ValueError(f"lacks {', '.join(missing)}")
    return words


InEachLanguage = Annotated[Mapping[Language, Words], AfterValidator(_in_each_language)]

PLACES_FILE = Path(__file__).parent / "places" / "oulu.yaml"


class Place(BaseModel):
    """A service someone can turn to.

    *what* is one sentence for the asker, in each language; *municipalities* are those it serves. What isn't known
    for certain is None: then the page at *url* has it. *name* and *address* stay as they stand on the door.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    what: InEachLanguage
    municipalities: tuple[str, ...]
    address: str | None = None
    phone: str | None = None
    hours: InEachLanguage | None = None
    url: str
    checked: date


class Region(BaseModel):
    """The municipalities we serve and what is found there; `municipalities: all` means each of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    municipalities: tuple[str, ...]
    places: Mapping[str, Place]

    @model_validator(mode="before")
    @classmethod
    def _spell_out_all(cls, fields: dict[str, Any]) -> dict[str, Any]:
        places = {
            key: {**place, "municipalities": fields["municipalities"]}
            if place.get("municipalities") == "all"
            else place
            for key, place in fields.get("places", {}).items()
        }
        return {**fields, "places": places}
