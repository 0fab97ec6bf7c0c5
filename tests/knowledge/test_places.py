"""The region's services are read in every language, or named as what they lack."""

from pathlib import Path

import pytest

from knowledge.entry import LANGUAGES
from knowledge.library import InvalidLibrary, Library, load

PLACE = """
region: Oulun seutu
municipalities: [Oulu, Ii]
places:
  kela:
    name: Kela
    what: {what}
    municipalities: all
    url: https://kela.fi
    checked: 2026-11-22
"""


def test_every_shipped_place_says_what_it_does_in_every_language(whole_library: Library) -> None:
    """An asker who reads no Finnish must see where a link leads; a name stays what stands on the door."""
    for key, place in whole_library.places.items():
        for words in filter(None, (place.what, place.hours)):
            assert set(words) == set(LANGUAGES), key
            assert len(set(words.values())) == len(LANGUAGES), key


def test_a_place_that_lacks_a_language_is_a_fault(faq: Path, tmp_path: Path) -> None:
    """Another region's file is written by hand: what is missing is said at the start, not to an asker."""
    file = tmp_path / "places.yaml"
    file.write_text(PLACE.format(what="{fi: Maksaa tukia., sv: Betalar stöd.}"), encoding="utf-8")

    with pytest.raises(InvalidLibrary, match=r"places\.kela\.what: .*lacks en"):
        load(faq, places_file=file)

    file.write_text(PLACE.format(what="{fi: Maksaa tukia., sv: Betalar stöd., en: Pays.}"), encoding="utf-8")
    assert load(faq, places_file=file).places["kela"].municipalities == ("Oulu", "Ii")
