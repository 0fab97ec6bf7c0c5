"""What the curator's page shows as good is good, and what it shows as bad is what the check calls bad."""

import re
from pathlib import Path

from knowledge.entry import Entry
from knowledge.library import check

PAGE = (Path(__file__).parents[2] / "docs" / "knowledge.md").read_text(encoding="utf-8")


def _faults_of_example(heading: str, faq: Path) -> list[str]:
    """What the check says of the entry below *heading*, but for its phrasings and the topics that aren't there."""
    found = re.search(rf"## {heading}\n\n```markdown\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (faq / "raha").mkdir()
    (faq / "raha" / "omavastuuaika.md").write_text(found[1], encoding="utf-8")
    faults = check(faq)
    return [
        fault.message for fault in faults if "phrasings" not in fault.message and "no entry yet" not in fault.message
    ]


def test_the_good_example_passes_the_check(faq: Path) -> None:
    """A curator copies it."""
    assert _faults_of_example("A good one", faq) == []


def test_the_bad_example_has_every_fault_the_page_names(faq: Path) -> None:
    """A page that promises more than the check does would be trusted wrongly."""
    found = "\n".join(_faults_of_example("A bad one", faq))

    for said in (
        "begin with its gist in bold",
        "a sentence of",
        "words a sentence on average",
        "words have four syllables or more",
        "an answer has 60-160",
        "is in the answer but not listed",
        "no source",
    ):
        assert said in found, said


def test_every_field_of_an_entry_is_explained() -> None:
    """A field nobody explains is filled in by guess."""
    for field in Entry.model_fields.keys() - {"id", "category", "answer", "phrasings", "translations"}:
        assert f"\n| `{field}` |" in PAGE, field
