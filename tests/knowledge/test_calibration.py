"""A chance that is told is the share that is right: measured with its uncertainty, and mended where it is too timid."""

import numpy as np
import pytest

from knowledge.calibration import chances_of, error, fit_stretch, interval, stretched_out_of_fold
from knowledge.confidence import Logistic


def test_the_calibration_error_is_the_gap_between_chance_and_truth() -> None:
    """0.9 said of what is right half of the time is off by 0.4."""
    said = np.full(100, 0.9)

    assert error(said, np.arange(100) < 90) == 0.0
    assert error(said, np.arange(100) < 50) == pytest.approx(0.4)
    assert error(np.empty(0), np.empty(0, dtype=bool)) == 0.0


def test_an_error_of_few_questions_is_uncertain() -> None:
    """A small error of few questions proves nothing: the interval says so, and holds what is true."""
    random = np.random.default_rng(3)
    said = random.random(2000)
    right = random.random(2000) < said

    low, high = interval(said[:50], right[:50])
    lower, higher = interval(said, right)
    assert high - low > higher - lower
    assert lower < 0.04 < high
    assert interval(np.full(100, 0.9), np.arange(100) < 50)[0] > 0.3
    assert interval(np.empty(0), np.empty(0, dtype=bool)) == (0.0, 0.0)


def test_chances_held_close_to_even_are_stretched_to_what_is_true() -> None:
    """Weights held close to zero say 0.8 of what is right nine times in ten: a chance must not mislead."""
    random = np.random.default_rng(5)
    true = random.normal(0, 3, 3000)
    right = random.random(3000) < chances_of(true)
    timid, weights, folds = true / 2 + 0.3, np.ones(3000), np.arange(3000) % 5

    stretch = fit_stretch(timid, right, weights)
    seen = stretched_out_of_fold(timid, right, weights, folds)

    assert (stretch.slope, stretch.shift) == (pytest.approx(2, abs=0.2), pytest.approx(-0.6, abs=0.2))
    assert error(chances_of(seen), right) < 0.03 < error(chances_of(timid), right)
    plain = Logistic(0.3, {"near": 0.5})
    assert stretch.on(plain).chance({"near": 2.0}) == pytest.approx(
        chances_of(stretch.slope * 1.3 + stretch.shift), 1e-3
    )


def test_a_stretch_never_turns_chances_round() -> None:
    """Labels that say the opposite must not make the surest the least sure."""
    odds = np.linspace(-2, 2, 50)

    assert fit_stretch(odds, odds < 0, np.ones(50)).slope > 0
