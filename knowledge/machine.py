"""A linear support vector machine by numpy alone, begun where another ended."""

import numpy as np
import numpy.typing as npt

from knowledge.features import Counts, Floats, Ints, Rows

Flags = npt.NDArray[np.bool_]

_ROUNDS = 10
_STOP = 0.03
"""It ends where the slope is this share of what pulls the texts in to begin with; nearer moves recall by nothing."""
_STEPS_A_ROUND = 20
_ROUGHLY = 0.3
_TRIES = 10


def machine(rows: Rows, is_own: Flags, weights: Floats, bias: float, *, cost: float) -> tuple[Floats, float]:
    """The weights and the bias that tell the rows of one class from the others, squared misses counted *cost* times.

    Begun at *weights*, one for each feature, and *bias*: the nearer those are, the quicker. Each feature must be in
    some row, and each row have a feature.
    """
    table = _Table(rows, len(weights))
    sides = np.where(is_own, 1.0, -1.0).astype(np.float32)
    at = np.append(weights, bias).astype(np.float32)
    margins = table.times(at)
    little = _STOP * float(np.linalg.norm(table.back(2 * cost * sides * is_own)))
    for _ in range(_ROUNDS):
        lacks = np.maximum(0, 1 - sides * margins)
        slope = at - table.back(2 * cost * lacks * sides)
        if np.linalg.norm(slope) <= little:
            break
        step = _step(table, slope, lacks > 0, cost)
        moved = table.times(step)
        far = _how_far(at, step, margins, moved, sides, cost)
        at = at + far * step
        margins = margins + far * moved
    return at[:-1], float(at[-1])


class _Table:
    """Rows and, after their features, a last one that all have, for the bias; by row and by feature."""

    def __init__(self, rows: Rows, features: int) -> None:
        of = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(rows.starts))
        order = np.argsort(rows.ids)
        self._ids: Ints = rows.ids
        self._by_row: Floats = rows.weights
        self._row_starts: Counts = rows.starts[:-1]
        self._of: Ints = of[order]
        self._by_feature: Floats = rows.weights[order]
        self._feature_starts: Counts = np.searchsorted(rows.ids[order], np.arange(features))
        self._cells = np.empty(len(of), dtype=np.float32)

    def times(self, vector: Floats) -> Floats:
        """A number for each row."""
        np.take(vector, self._ids, out=self._cells, mode="clip")
        np.multiply(self._cells, self._by_row, out=self._cells)
        sums: Floats = np.add.reduceat(self._cells, self._row_starts) + vector[-1]
        return sums

    def back(self, pushes: Floats) -> Floats:
        """A number for each feature, from one for each row."""
        np.take(pushes, self._of, out=self._cells, mode="clip")
        np.multiply(self._cells, self._by_feature, out=self._cells)
        return np.append(np.add.reduceat(self._cells, self._feature_starts), pushes.sum())


def _step(table: _Table, slope: Floats, is_near: Flags, cost: float) -> Floats:
    """Newton's step, roughly, by conjugate gradients: only the rows that aren't kept off yet bend the slope."""
    step, rest = np.zeros_like(slope), -slope
    way, length = rest, float(rest @ rest)
    goal = _ROUGHLY**2 * length
    for _ in range(_STEPS_A_ROUND):
        bent = way + table.back(2 * cost * is_near * table.times(way))
        far = length / float(way @ bent)
        step += far * way
        rest = rest - far * bent
        before, length = length, float(rest @ rest)
        if length <= goal:
            break
        way = rest + length / before * way
    return step


def _how_far(at: Floats, step: Floats, margins: Floats, moved: Floats, sides: Floats, cost: float) -> float:
    """Where on the way of *step* it is lowest, 1 being its end."""
    far = 1.0
    for _ in range(_TRIES):
        lacks = np.maximum(0, 1 - sides * (margins + far * moved))
        slope = float(at @ step + far * (step @ step) - 2 * cost * ((lacks * sides) @ moved))
        bend = float(step @ step + 2 * cost * (((lacks > 0) * moved) @ moved))
        far -= slope / bend
        if abs(slope / bend) < 1e-3:
            break
    return far
