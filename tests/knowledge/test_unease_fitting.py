"""The model of danger is fitted the same each time, and judged only on what it saw nothing like."""

from math import inf
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from knowledge.safety import Kind, hear
from knowledge.unease import CALM, Heard, Unease, features
from knowledge.unease_fitting import FOLDS, SETS, Labelled, families, fit, sets_of_others, taken_apart

MESSAGES = [
    Labelled("mies lyö mua taas", "violence", theme="# violence: at home"),
    Labelled("isä kuristi äitiä eilen", "violence", theme="# violence: at home"),
    Labelled("haluan kuolla pois", "self-harm"),
    Labelled("haluan kuolla pois täältä", "self-harm"),
    Labelled("otin kaikki unilääkkeet", "medical"),
    Labelled("paljonko opintotuki on", CALM, is_question=True),
    Labelled("paljonko opintotuki on nyt", CALM, is_question=True),
]


def test_what_was_written_together_or_alike_is_one_family() -> None:
    """A model that has seen a paraphrase proves nothing about the message."""
    table, _ = taken_apart(message.text for message in MESSAGES)

    numbers = dict(zip((message.text for message in MESSAGES), families(table, MESSAGES), strict=True))

    assert numbers["mies lyö mua taas"] == numbers["isä kuristi äitiä eilen"]
    assert numbers["haluan kuolla pois"] == numbers["haluan kuolla pois täältä"]
    assert numbers["paljonko opintotuki on"] != numbers["paljonko opintotuki on nyt"]
    assert len(set(numbers.values())) == len(MESSAGES) - 2


def test_a_set_of_others_is_one_family_and_speaks_of_known_kinds() -> None:
    """A misnamed kind would be fitted on as a danger of its own, or as none; and a set that was seen in part proves
    nothing."""
    messages = list(sets_of_others())

    assert len(messages) > 3000
    assert {message.kind for message in messages} == {*get_args(Kind), CALM}
    assert {message.theme for message in messages} == {f"# set: {name}" for name in SETS}


def test_fitting_is_the_same_each_time(tmp_path: Path) -> None:
    """A model that changes by itself can't be reviewed."""
    themes = range(2 * FOLDS)
    danger = [
        Labelled(f"{kind} nyt {number}", kind, theme=f"# {kind} {number}")
        for kind in get_args(Kind)
        for number in themes
    ]
    calm = [Labelled(f"tuki {number} haku", CALM, is_question=True) for number in range(20)]
    for name in ("first", "second"):
        fit([*danger, *calm]).save(tmp_path / name)

    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_model_kept_and_read_again_hears_the_same(tmp_path: Path) -> None:
    """It is kept in whole numbers and looked up by hashes: neither may change what it says."""
    texts = [message.text for message in MESSAGES]
    _, names = taken_apart(texts)
    rarity = np.linspace(1, 9, len(names), dtype=np.float32)
    columns = len(get_args(Kind)) + 1
    weights = np.linspace(-20, 20, len(names) * columns, dtype=np.float32).reshape(len(names), -1)
    model = Unease.of(get_args(Kind), names, rarity, weights, range(columns))
    model.save(tmp_path / "model.npz")
    again = Unease.load(tmp_path / "model.npz")

    assert [again.strongest(hear(text)) for text in texts] == [model.strongest(hear(text)) for text in texts]
    assert again.strongest(Heard((), (), ())) == (CALM, -inf)
    for text in texts[:2]:
        heard = hear(text)
        rows = [row for row, name in enumerate(names) if name in features(heard)]
        *kinds, any_danger = rarity[rows] @ weights[rows] / np.linalg.norm(rarity[rows]) + np.arange(columns)
        both = (float(np.logaddexp.reduce(kinds)) + any_danger) / 2
        assert again.strongest(heard)[1] == pytest.approx(both, abs=0.02)
