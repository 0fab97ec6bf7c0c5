"""`python -m tests.bench --retrieval`: the search beside others, asked the same about the same FAQ; into its page.

All of them on a FAQ of sixty ways of asking an entry, and but for the transformer on the whole one, which it would take
twenty minutes to read; `koppi evaluate --compare` lets it.
"""

import random
import re
from dataclasses import replace
from pathlib import Path

from admin import comparing
from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.comparing import as_table
from knowledge.entry import Entry
from knowledge.questions import development
from tests.bench.running import ROOT

PAGE = ROOT / "docs" / "retrieval.md"
CACHE = ROOT / "data" / "cache"
BEGIN, END = "<!-- what the benchmark wrote -->\n", "<!-- until here -->\n"
FEW = 60
TRANSFORMER = "e5"


async def main() -> None:
    """Print the tables, and write them into the page."""
    books = library.load()
    few = replace(books, entries=tuple(map(thinned, books.entries)))
    tables = []
    for said, base, without in (
        (f"with {FEW} ways of asking an entry", KnowledgeBase.build(few, CACHE), ""),
        ("with the whole FAQ", KnowledgeBase.build(books, CACHE), TRANSFORMER),
    ):
        table = as_table(comparing.compared(base, development(), without=without))
        tables.append(f"The development set, {said}:\n\n{table}\n")
        print(f"\n{tables[-1]}", flush=True)
    write(PAGE, "\n" + "\n".join(tables) + "\n")


def write(page: Path, said: str) -> None:
    """Put it in the place that is kept for it."""
    place = re.compile(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", re.DOTALL)
    page.write_text(place.sub(lambda _: said, page.read_text(encoding="utf-8")), encoding="utf-8")


def thinned(entry: Entry) -> Entry:
    """The entry with so many ways of asking, drawn from those of all languages; its answers stay."""
    titles = 1 + len(entry.translations)
    ways = [(language, way) for language, texts in entry.phrasings.items() for way in texts]
    drawn = random.Random(entry.id).sample(ways, min(len(ways), FEW - titles))
    kept = {language: tuple(way for of, way in drawn if of == language) for language in entry.phrasings}
    return entry.model_copy(update={"phrasings": kept})
