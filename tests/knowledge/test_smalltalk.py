"""Small talk is recognised, and never swallows a question."""

import pytest

from knowledge.smalltalk import Manners

MANNERS = Manners.read()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("moi", "greeting"),
        ("Moikka!!", "greeting"),
        ("moi moi", "bye"),
        ("kiitos paljon avusta", "thanks"),
        ("moi, mitä kuuluu?", "wellbeing"),
        ("oletko robotti?", "who"),
        ("are you a bot", "who"),
        ("vittu mitä paskaa", "swearing"),
        ("ok", "ok"),
        ("joooooo", "ok"),
        ("👍", "wordless"),
        ("???", "wordless"),
        ("tack så mycket!", "thanks"),
        ("ei hyvin", "low"),
        ("no ei oikein hyvin", "low"),
        ("inte så bra", "low"),
        ("not great", "low"),
        ("mä paska", "low"),
        ("minä hyödytön", "low"),
        ("me stupid", "low"),
        ("moi, mä ihan tyhmä", "low"),
        ("sä paska", "swearing"),
        ("paska", "swearing"),
        ("mä voin hyvin", "wellbeing"),
        ("aa", "ok"),
    ],
)
def test_small_talk_is_recognised(message: str, kind: str) -> None:
    """A greeting deserves a greeting, not a list of benefits."""
    assert kind == MANNERS.recognise(message)


@pytest.mark.parametrize(
    "message",
    [
        "moi, miten haen asumistukea",
        "kiitos, entä paljonko sitä saa",
        "vittu kun kela ei maksa",
        "hei onko karenssi",
        "hello how do i get a tax card",
        "en voi hyvin",
        "mä en voi hyvin nyt",
        "mun pitää lähteä täältä",
        "ok mut koska rahat tulee",
        "AA",
        "AA?",
        "",
        "   ",
        "مرحبا",
        "moi " * 50,
        "mulla on huono päivä",
        "moi, mulla on huono päivä",
        "minä turha",
        "kaikki on paskaa",
        "kaikki on ihan paskaa",
        "en saa puhua",
        "hello help",
        "hej hjälp",
        "väsyttää",
        "mua väsyttää kaikki",
    ],
)
def test_a_question_is_not_taken_for_small_talk(message: str) -> None:
    """Whoever is polite, or angry, and asks something, or says how bad things are, must not be waved off."""
    assert MANNERS.recognise(message) is None
