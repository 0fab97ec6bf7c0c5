"""The model of danger is fitted the same each time, and judged only on what it saw nothing like."""

from pathlib import Path

from knowledge.unease import CALM
from knowledge.unease_fitting import Labelled, families, fit, taken_apart

MESSAGES = [
    Labelled("mies lyö mua taas", "violence", theme="# violence: at home"),
    Labelled("isä kuristi äitiä eilen", "violence", theme="# violence: at home"),
    Labelled("haluan kuolla pois", "self-harm"),
    Labelled("haluan kuolla pois täältä", "self-harm"),
    Labelled("otin kaikki unilääkkeet", "medical"),
    Labelled("nukun kadulla ens yön", "no-shelter"),
    Labelled("tapan sen pomon", "threat-to-others"),
    Labelled("mut raiskattiin", "sexual-violence"),
    Labelled("pomo otti passin velasta", "exploitation"),
    Labelled("naapuri hakkaa lapsiaan", "child-in-danger"),
    Labelled("mistä haen asumistukea", CALM, is_question=True),
    Labelled("paljonko opintotuki on", CALM, is_question=True),
    Labelled("paljonko opintotuki on nyt", CALM, is_question=True),
    Labelled("haluan kuolla nauruun", CALM, theme="# none: idioms"),
    Labelled("mies on töissä", CALM),
    Labelled("kuka tilaa verokortin", CALM, is_phrasing=True),
]


def test_what_was_written_together_or_alike_is_one_family() -> None:
    """A model that has seen a paraphrase proves nothing about the message."""
    table, _ = taken_apart(message.text for message in MESSAGES)

    numbers = dict(zip((message.text for message in MESSAGES), families(table, MESSAGES), strict=True))

    assert numbers["mies lyö mua taas"] == numbers["isä kuristi äitiä eilen"]
    assert numbers["haluan kuolla pois"] == numbers["haluan kuolla pois täältä"]
    assert numbers["paljonko opintotuki on"] != numbers["paljonko opintotuki on nyt"]
    assert len(set(numbers.values())) == len(MESSAGES) - 2


def test_fitting_is_the_same_each_time_and_tells_danger_from_calm(tmp_path: Path) -> None:
    """A model that changes by itself can't be reviewed."""
    model = fit(MESSAGES * 3)
    model.save(tmp_path / "first.json")
    fit(MESSAGES * 3).save(tmp_path / "second.json")

    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
