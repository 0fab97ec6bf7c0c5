"""Every address the FAQ sends somebody to is known with its line."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from knowledge.addresses import addresses
from knowledge.entry import Source
from knowledge.library import compose_translation, load
from tests.knowledge.test_freshness import PLACES

WriteEntry = Callable[..., Path]


def test_addresses_of_sources_answers_translations_and_places_are_found_with_their_lines(
    faq: Path, write_entry: WriteEntry, tmp_path: Path
) -> None:
    """A dead address is mended where it stands; the service's own pages are not the web's."""
    own = Source(title="Ohje", url="/ohje", checked=date(2026, 11, 21))
    kela = Source(title="Kela", url="https://kela.fi/a", checked=date(2026, 11, 21))
    path = write_entry("karenssi", answer="**Hae.**\n\nKatso [Kela](https://kela.fi/b).", sources=[own, kela])
    (entry,) = load(faq).entries
    translation = compose_translation(entry, "Karens", "**Sök.** Se [FPA](https://fpa.fi/b).")
    path.with_name("karenssi.sv.md").write_text(translation, encoding="utf-8")
    places = tmp_path / "places.yaml"
    places.write_text(PLACES, encoding="utf-8")

    found = addresses(faq, places_file=places)

    assert {(Path(one.file).name, one.line, one.url, one.owner) for one in found} == {
        ("karenssi.md", 12, "https://kela.fi/a", "karenssi"),
        ("karenssi.md", 23, "https://kela.fi/b", "karenssi"),
        ("karenssi.sv.md", 5, "https://fpa.fi/b", "karenssi"),
        ("places.yaml", 10, "https://pohde.fi", "kriisi"),
        ("places.yaml", 16, "https://kela.fi", "kela"),
    }
    for one in found:
        assert one.url in Path(one.file).read_text(encoding="utf-8").splitlines()[one.line - 1]
