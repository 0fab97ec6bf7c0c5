"""A file that was edited differs from what it was in what was edited, and in nothing else."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import library
from knowledge.amending import amend, read
from knowledge.library import Unreadable, load

FILE = """---
# Kesken: tarkista tammikuussa
id: karenssi
category: raha
title: 'Mikä: karenssi?'
advisor: tyovoimaneuvoja
sources:
  - {title: Kela, url: "https://kela.fi/a", checked: 2026-11-21}
review_by: 2027-05-21
related: [ verokortti ]   # ja muut
figures:
  - "30 päivää"
---

**30 päivää.**

"""


def test_what_is_not_changed_stays_byte_for_byte() -> None:
    """A review in git must not drown in quotes that moved."""
    front, body = read(FILE)

    assert amend(FILE, front, body) == FILE
    assert amend(FILE, {**front, "review_by": "2027-06-01"}, body) == FILE.replace("2027-05-21", "2027-06-01")
    assert amend(FILE, front, "**60.**") == FILE.replace("\n**30 päivää.**\n\n", "**60.**\n")
    changed = amend(FILE, {**front, "related": ["verokortti", "no"], "places": [], "season": [6, 8]}, body)
    assert changed == FILE.replace("[ verokortti ]   # ja muut", '[verokortti, "no"]').replace(
        '  - "30 päivää"\n', '  - "30 päivää"\nplaces: []\nseason: [6, 8]\n'
    )


def test_every_file_of_the_faq_survives_the_form() -> None:
    """Whoever changes a date in the console must not rewrite the whole file."""
    for path in sorted(library.FAQ_FOLDER.glob("raha/*.md")):
        text = path.read_text(encoding="utf-8")
        front, body = read(text)

        assert amend(text, front, body) == text
        assert amend(None, front, body).count("\n") == text.count("\n") or "translates" in front
        assert read(amend(None, front, body)) == (front, body)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.strip).filter(bool)


@settings(max_examples=40, deadline=None)
@given(title=texts, source=texts, figures=st.lists(texts, max_size=3), body=texts)
def test_any_words_come_back_as_they_were(title: str, source: str, figures: list[str], body: str) -> None:
    """Quotes, colons and hashes are what people write."""
    front = {
        "title": title,
        "sources": [{"title": source, "url": "https://kela.fi/?a=b: #c", "checked": "2026-11-21", "basis": source}],
        "related": ["on", "karenssi"],
        "figures": figures,
    }

    for standing in (None, FILE, "no front matter"):
        assert read(amend(standing, front, body)) == (front, body)


def test_what_is_no_entry_says_so() -> None:
    """The form can't be filled from it."""
    for text in ("", "---\n- a\n---\nx\n", "---\na: [\n---\nx\n", "---\na: 1\na: 2\n---\nx\n"):
        with pytest.raises(Unreadable):
            read(text)


def test_an_amended_file_is_the_entry_that_was_meant(faq: Path) -> None:
    """What the form says is what the bot reads."""
    (faq / "raha").mkdir()
    front, body = read(FILE)
    written = amend(FILE, {**front, "related": [], "title": "yes", "review_by": "2027-01-31"}, body)
    (faq / "raha" / "karenssi.md").write_text(written, encoding="utf-8")
    (entry,) = load(faq).entries

    assert (entry.title, entry.review_by, entry.figures) == ("yes", date(2027, 1, 31), ("30 päivää",))
