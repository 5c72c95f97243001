"""Integrate a likelihood over a box of parameters, on a grid that closes in on its peak.

    log of 1 / |box| * integral over the box of L(u) du,

with L(u) the mean over levels of noise of the likelihood at each.

An agent without noise has a likelihood thousands of times narrower than the box, which no coarse
grid would find. So the grid closes in level by level, from the noisiest, whose likelihood is
smooth, as long as quieter ones fit better: each round covers the cells in which L is not
negligible, and one more on every side. It does so for each kind of noise, and then covers what
matters for any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Array = NDArray[np.float64]
_Box = tuple[Array, Array]

_CELLS = {1: 240, 2: 40, 3: 14}  # per axis, by the number of parameters
_ROUNDS = 8
_NEGLIGIBLE = 12.0  # log likelihoods this far below the best do not matter
_STRIDE = 2  # levels from round to round
_WORSE = 3.0  # by how much the log likelihood of a quieter level may be worse
_MOST = 0.6  # of an axis: if more of its cells matter, the grid stays as it is


@dataclass(frozen=True, eq=False)
class Integral:
    """What is known about the parameters.

    Attributes:
        log_mean: log of the mean likelihood over the box.
        cells: the middles of the last grid's cells, shape (parameters, cells).
        mass: their posterior probabilities, flat prior.
    """

    log_mean: float
    cells: Array
    mass: Array

    @property
    def best(self) -> Array:
        """The most likely parameters, shape (parameters, 1)."""
        return self.cells[:, [int(self.mass.argmax())]]


def integrate(
    log_likelihood: Callable[[Array, int | None], Array],
    kinds: Sequence[Sequence[int]],
    bounds: Sequence[tuple[float, float]],
) -> Integral:
    """Integrate a likelihood over a box.

    Args:
        log_likelihood: of parameters of shape (parameters, many) at a level's number, or the mean
            over levels at None; shape (many,).
        kinds: the numbers of the levels of each kind of noise, from the noisiest.
        bounds: of each parameter.
    """
    low, high = np.array(bounds, dtype=np.float64).T
    found = [_where_it_matters(log_likelihood, levels, (low, high)) for levels in kinds]
    top = max(best for best, _ in found)
    boxes = [box for best, box in found if best >= top - _NEGLIGIBLE]
    box = np.min([start for start, _ in boxes], axis=0), np.max([end for _, end in boxes], axis=0)
    step, cells, values, _ = _closed_in(log_likelihood, None, box)
    share = float(np.log(step / (high - low)).sum())
    total = logsumexp(values)
    return Integral(float(total) + share, cells, np.exp(values - total))


def _where_it_matters(
    log_likelihood: Callable[[Array, int | None], Array], levels: Sequence[int], box: _Box
) -> tuple[float, _Box]:
    """The largest log likelihood at levels of one kind, and the box outside which there is none."""
    best = -np.inf
    for level in levels[::_STRIDE]:
        *_, values, closer = _closed_in(log_likelihood, level, box)
        if values.max() < best - _WORSE:
            break
        best, box = max(best, float(values.max())), closer
    return best, box


def _closed_in(
    log_likelihood: Callable[[Array, int | None], Array], level: int | None, box: _Box
) -> tuple[Array, Array, Array, _Box]:
    """Close in until most cells of the grid matter; return their size, middles, values and box."""
    start, end = box
    size = _CELLS[len(start)]
    for _ in range(_ROUNDS):
        step = (end - start) / size
        axes = tuple(a + s * (np.arange(size) + 0.5) for a, s in zip(start, step, strict=True))
        cells = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
        values = log_likelihood(cells, level)
        matter = (values >= values.max() - _NEGLIGIBLE).reshape([size] * len(axes))
        seen = np.nonzero(matter)
        first = np.maximum([kept.min() - 1 for kept in seen], 0)
        last = np.minimum([kept.max() + 2 for kept in seen], size)
        start, end = start + step * first, start + step * last
        if (last - first).min() >= _MOST * size:
            break
    return step, cells, values, (start, end)
