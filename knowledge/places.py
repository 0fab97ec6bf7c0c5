"""The region's services by key, from one file that another region swaps. Entries refer to them by key."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

PLACES_FILE = Path(__file__).parent / "places" / "oulu.yaml"


class Place(BaseModel):
    """A service someone can turn to.

    *what* is one sentence for the asker; *municipalities* are those it serves. What isn't known for certain
    is None: then the page at *url* has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    what: str
    municipalities: tuple[str, ...]
    address: str | None = None
    phone: str | None = None
    hours: str | None = None
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
