"""Every sentence of the summaries in three languages, with the same values."""

import string

import pytest

from admin.summaries import wording
from knowledge.entry import Language

SENTENCES = [
    text
    for name, value in vars(wording).items()
    if name.isupper() and name != "LOCALE"
    for text in (value.values() if isinstance(value, dict) else [value])
]


def _values(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_sentence_is_translated_with_the_same_values_and_none_besides(language: Language) -> None:
    """A missing one would be Finnish in the middle of Swedish; a missing value would stop the summary."""
    catalogue = wording._catalogue(language)

    assert [
        text for text in SENTENCES if _values(catalogue.get(text, "")) != _values(text) or not catalogue[text]
    ] == []
    assert set(catalogue) == set(SENTENCES)
