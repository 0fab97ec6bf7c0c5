"""Which passwords may be chosen."""

import pytest

from bot import passwords

FOUR_WORDS = "hiljainen myrsky kaapissa"


@pytest.mark.parametrize(
    "guessable",
    [
        "short-one-1",
        "a" * 129,
        "aabbaabbaabb",
        "Väinö on paras!",
        "OtappaKoppi2026!",
        "Kesä2026Kesä2026",
        "Sunshine12345",
        "iloveyou!!!!",
        "sunshinesunshine",
        "123456123456",
        "qwertyuiop12",
        "SALASANA-2026",
    ],
)
def test_what_others_would_guess_is_refused_in_words(guessable: str) -> None:
    """The first ten thousand guesses are on every list, dressed up with a year or said twice."""
    with pytest.raises(passwords.WeakPassword, match=r"^Sala.+\.$"):
        passwords.check(guessable, "Väinö")


@pytest.mark.parametrize(
    "good", [FOUR_WORDS, "x9!kQz7#mmTw", "ääkkösiä on yötöissä", "sunshine over the kiln", "p" * 3 + FOUR_WORDS]
)
def test_any_composition_will_do(good: str) -> None:
    """Rules about capitals and digits make passwords worse; length and rarity are what counts."""
    passwords.check(good, "Väinö")


def test_the_list_is_the_ten_thousand_that_people_choose_most() -> None:
    """A file cut short would let them all pass in silence."""
    assert len(passwords._common()) == 10_000
    assert {"123456", "password", "letmein"} <= passwords._common()
