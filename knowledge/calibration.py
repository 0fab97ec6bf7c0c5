"""Whether chances are what they say: how far they are from the share that is right, and making up for timidity.

Weights that are held close to zero give chances that are too close to even. A stretch of the odds by two numbers mends
that; it changes no order, so it makes nothing more or less sure than something else.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from knowledge.confidence import Logistic

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_BINS = 10
_RESAMPLES = 1000
_SEED = 20261122
_LEAST_SLOPE, _MOST_SLOPE = 0.1, 10.0


def error(chances: Doubles, yes: Flags, weights: Doubles | None = None) -> float:
    """The mean gap between chance and share of yes over ten bins of equal width: 0 is perfect; 0 for no cases."""
    if not len(chances):
        return 0.0
    weights = np.ones(len(chances)) if weights is None else weights
    return round(float(_errors(chances, yes, weights, np.ones((1, len(chances))))[0]), 4)


def interval(chances: Doubles, yes: Flags, weights: Doubles | None = None) -> tuple[float, float]:
    """The 90 % interval of `error` by a bootstrap over the cases; the same for the same cases."""
    count = len(chances)
    if not count:
        return 0.0, 0.0
    weights = np.ones(count) if weights is None else weights
    random = np.random.default_rng(_SEED)
    drawn = random.multinomial(count, np.full(count, 1 / count), _RESAMPLES)
    low, high = np.quantile(_errors(chances, yes, weights, drawn), (0.05, 0.95))
    return round(float(low), 4), round(float(high), 4)


def _errors(chances: Doubles, yes: Flags, weights: Doubles, drawn: npt.NDArray[np.number]) -> Doubles:
    """The error of each row of *drawn*, which says how often each case is counted."""
    bins = np.minimum((chances * _BINS).astype(int), _BINS - 1)
    gaps = np.zeros((len(chances), _BINS))
    gaps[np.arange(len(chances)), bins] = weights * (chances - yes)
    return np.asarray(np.abs(drawn @ gaps).sum(axis=1) / (drawn @ weights), dtype=np.float64)


@dataclass(frozen=True)
class Stretch:
    """Odds become *slope* times themselves plus *shift*."""

    slope: float
    shift: float

    def of(self, odds: Doubles) -> Doubles:
        """These odds, stretched."""
        return self.slope * odds + self.shift

    def on(self, model: Logistic) -> Logistic:
        """The same regression, its odds stretched."""
        weights = {name: round(weight * self.slope, 5) for name, weight in model.weights.items()}
        return replace(model, bias=round(model.bias * self.slope + self.shift, 5), weights=weights)


def fit_stretch(odds: Doubles, yes: Flags, weights: Doubles) -> Stretch:
    """The stretch that makes the cases the likeliest (Platt's); *odds* are of models that have not seen them."""
    from scipy.optimize import minimize

    sides = np.where(yes, 1.0, -1.0)

    def loss(at: Doubles) -> float:
        return float(weights @ np.logaddexp(0, -sides * (at[0] * odds + at[1])))

    bounds = [(_LEAST_SLOPE, _MOST_SLOPE), (None, None)]
    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=bounds).x
    return Stretch(float(slope), float(shift))


def stretched_out_of_fold(odds: Doubles, yes: Flags, weights: Doubles, folds: Numbers) -> Doubles:
    """The odds of each case, stretched as the cases of the other folds ask for."""
    stretched = np.empty(len(odds))
    for fold in np.unique(folds):
        inside = folds != fold
        stretched[~inside] = fit_stretch(odds[inside], yes[inside], weights[inside]).of(odds[~inside])
    return stretched


def odds_of(chances: Doubles) -> Doubles:
    """The logarithms of the odds of these chances."""
    return np.asarray(np.log(chances / (1 - chances)), dtype=np.float64)


def chances_of(odds: Doubles) -> Doubles:
    """The chances of these logarithms of odds."""
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)
