"""What `docs/privacy.md` tells an inspector is what the code does."""

import re
from pathlib import Path

import pytest

from bot.profile import Retention
from bot.store import retention
from bot.store.schema import metadata
from tests.support.clock import A_TUESDAY_MORNING as NOW

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def _listed(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


@pytest.mark.parametrize("rule", retention.rules(Retention(), NOW), ids=lambda rule: rule.tables[0].name)
def test_the_page_says_when_each_thing_goes(rule: retention.Rule) -> None:
    """With the days as shipped: whoever changes a default changes the page."""
    assert f"| {_listed([table.name for table in rule.tables])} | {rule.what} |\n" in PAGE


@pytest.mark.parametrize("table", list(retention.STAYS))
def test_the_page_says_why_a_table_stays(table: str) -> None:
    """What is kept for good needs a reason that can be read."""
    assert f"| `{table}` | {retention.STAYS[table]} |\n" in PAGE


def test_the_page_names_every_column_of_every_table_and_no_other() -> None:
    """A new column is a decision: what it tells of a person, and when it goes. Make it, then add it to the page."""
    inventory = PAGE.partition("Every column of every table")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", inventory, re.MULTILINE))

    assert listed == {
        name: _listed([column.name for column in table.columns]) for name, table in metadata.tables.items()
    }
