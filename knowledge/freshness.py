"""What is to be looked at again, and by when: answers by their `review_by`, places by the day they were checked."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from knowledge.library import NUMBER_GOOD_FOR, Library
from knowledge.places import Place

PLACE_GOOD_FOR = timedelta(days=183)
"""How long a place without a phone number is trusted unchecked."""

SOON = timedelta(days=30)
"""How far ahead a curator looks."""


@dataclass(frozen=True, order=True)
class Due:
    """Something to look at again by the day *by*; *id* is an entry's, a place's key, or the field in service.yaml."""

    by: date
    kind: Literal["crisis", "place", "answer"]
    id: str
    title: str


def due(library: Library, until: date, *, crisis_numbers_checked_on: date) -> list[Due]:
    """Everything to be looked at by the day *until* or before, oldest first."""
    crisis = Due(crisis_numbers_checked_on + NUMBER_GOOD_FOR[1], "crisis", "numbers_checked_on", "Kriisinumerot")
    places = [Due(_place_by(place), "place", key, place.name) for key, place in library.places.items()]
    answers = [Due(entry.review_by, "answer", entry.id, entry.title) for entry in library.entries]
    return sorted(one for one in (crisis, *places, *answers) if one.by <= until)


def _place_by(place: Place) -> date:
    return place.checked + (NUMBER_GOOD_FOR[1] if place.phone else PLACE_GOOD_FOR)
