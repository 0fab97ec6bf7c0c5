"""How likely so few are by chance: counts that scatter somewhat more than Poisson's, and odds in words. Pure."""

from functools import lru_cache
from math import exp, lgamma, log

SAME = 1.001  # nearer to Poisson's scatter than this, it is Poisson's


def at_most(count: int, expected: float, scatter: float = 1.0) -> float:
    """The probability of *count* or fewer where *expected* come, with *scatter* times Poisson's variance (≥ 1)."""
    if count < 0:
        return 0.0
    if expected <= 0:
        return 1.0
    return min(1.0, sum(_probability(number, expected, scatter) for number in range(count + 1)))


@lru_cache(maxsize=1024)  # a page of figures asks the same of its days each time, thousands of steps for a busy one
def quantile(share: float, expected: float, scatter: float = 1.0) -> int:
    """The smallest count that is reached or not exceeded with at least the probability *share* (0.0–1.0, not 1)."""
    if expected <= 0:
        return 0
    count, total = 0, _probability(0, expected, scatter)
    while total < share and count < 50 * (expected + 10):
        count += 1
        total += _probability(count, expected, scatter)
    return count


def one_in(probability: float) -> int:
    """*n* of "once in n", to two digits, since more would claim to know more: 1, 40, 250, at most a million."""
    if probability <= 1e-6:
        return 1_000_000
    number = 1 / probability
    step = max(1, 10 ** (len(str(int(number))) - 2))
    return int(round(number / step) * step)


def _probability(count: int, expected: float, scatter: float) -> float:
    """Poisson's, or the negative binomial's whose variance is *scatter* times its mean."""
    if scatter < SAME:
        return exp(count * log(expected) - expected - lgamma(count + 1))
    size = expected / (scatter - 1)
    return exp(
        lgamma(count + size)
        - lgamma(size)
        - lgamma(count + 1)
        - size * log(scatter)
        + count * (log(scatter - 1) - log(scatter))
    )
