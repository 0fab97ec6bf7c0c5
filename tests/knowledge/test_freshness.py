"""What is to be looked at again is known by its date, not by an asker who got an old sum."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from knowledge.freshness import due
from knowledge.library import load

WriteEntry = Callable[..., Path]

PLACES = """
region: Oulun seutu
municipalities: [Oulu]
places:
  kriisi:
    name: Kriisipäivystys
    what: {fi: Auttaa., sv: Hjälper., en: Helps.}
    municipalities: all
    phone: 044 703 6235
    url: https://pohde.fi
    checked: 2026-11-22
  kela:
    name: Kela
    what: {fi: Maksaa., sv: Betalar., en: Pays.}
    municipalities: all
    url: https://kela.fi
    checked: 2026-11-22
"""


def test_what_is_due_comes_oldest_first_and_no_later_than_asked(
    faq: Path, write_entry: WriteEntry, tmp_path: Path
) -> None:
    """A number to ring in danger is trusted for 90 days, a place half a year, an answer as long as its curator said."""
    write_entry("karenssi", review_by=date(2027, 1, 1))
    write_entry("verokortti", review_by=date(2026, 12, 31))
    places = tmp_path / "places.yaml"
    places.write_text(PLACES, encoding="utf-8")
    books = load(faq, places_file=places)

    found = due(books, date(2027, 5, 24), crisis_numbers_checked_on=date(2026, 11, 21))

    assert [(one.by, one.kind, one.id) for one in found] == [
        (date(2026, 12, 31), "answer", "verokortti"),
        (date(2027, 1, 1), "answer", "karenssi"),
        (date(2027, 2, 19), "crisis", "numbers_checked_on"),
        (date(2027, 2, 20), "place", "kriisi"),
        (date(2027, 5, 24), "place", "kela"),
    ]
    assert due(books, date(2026, 12, 30), crisis_numbers_checked_on=date(2026, 11, 21)) == []
    assert len(due(books, date(2026, 12, 31), crisis_numbers_checked_on=date(2026, 11, 21))) == 1
