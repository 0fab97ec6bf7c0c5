"""What may be a name is pointed out to a person, in the words that young people write."""

import pytest

from knowledge.names import like_names

KNOWN = frozenset(["kela", "oulussa", "miten"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("moi oon matti ja haen töitä", ["matti"]),
        ("Nimeni on xzy brtk, mitä teen", ["xzy brtk"]),
        ("kerroin Onnille että Kela ei maksa Oulussa", ["Onnille"]),
        ("onni oli että sain paikan, aino vaihtoehto", []),
        ("Miten haen? Kela ei vastaa. Mitä nyt", []),
        ("pomoni Grönqvist ei maksa Iso-Syötteellä", ["Grönqvist", "Iso-Syötteellä"]),
        ("Ville-Petteri kysyy, anna-liisakin", ["Ville-Petteri", "anna-liisakin"]),
        ("MIKSI TE ETTE VASTAA", []),
        ("", []),
    ],
)
def test_names_are_noticed_and_ordinary_words_are_not(text: str, names: list[str]) -> None:
    """Each is looked at by a person: too many marks and nobody looks."""
    assert like_names(text, KNOWN) == names
