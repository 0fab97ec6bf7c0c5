"""`python -m tests.bench --retrieval`: the search beside others, asked the same about the same FAQ; into its page."""

import re

from admin import comparing
from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.comparing import as_table
from knowledge.questions import development
from tests.bench.running import ROOT

PAGE = ROOT / "docs" / "retrieval.md"
BEGIN, END = "<!-- what `make bench` wrote -->\n", "<!-- until here -->\n"


async def main() -> None:
    """Print the tables, and write them into the page."""
    base = KnowledgeBase.build(library.load(), ROOT / "data" / "cache")
    tables = []
    for named, questions in (
        ("the development set", development()),
        ("`sample.tsv`", development(["sample"])),
    ):
        inside = sum(question.is_in_scope for question in questions)
        tables.append(f"On {named} ({inside} questions in scope):\n\n{as_table(comparing.compared(base, questions))}\n")
        print(f"\n{tables[-1]}", flush=True)
    page = PAGE.read_text(encoding="utf-8")
    written = re.compile(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", re.DOTALL)
    said = "\n" + "\n".join(tables) + "\n"
    PAGE.write_text(written.sub(lambda _: said, page), encoding="utf-8")
