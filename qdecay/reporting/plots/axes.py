"""The axis of gamma: linear, or by decades of 1 - gamma if changes crowd near 1.

The data of a figure are gammas on either axis, so you can add your own points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.line import Parameter
from qdecay.reporting.figures import nice_ticks
from qdecay.reporting.numerals import brief
from qdecay.reporting.plots.words import SMALL, points_of, wrapped
from qdecay.reporting.samples import decades

Floats = NDArray[np.float64]

AXIS = "discount factor γ"
LOG_AXIS = f"{AXIS}, log scale of 1 − γ"
_CROWDED = 0.95  # changes right of this would be in a twentieth of a linear axis
_BEHIND = 0.5  # of a decade, beyond the last mark, for 1 itself
_MARK, _WIDE_MARK = 34, 46  # least distance of two marks, in printer's points
_WRITTEN = 4  # decades of marks such as 0.9999; closer to 1 they are powers of ten


def below_one(gamma: AlgebraicNumber | float) -> float:
    """Return a gamma as a float that is 1 only if the gamma is."""
    return float(gamma) if gamma == 1 else min(float(gamma), math.nextafter(1, 0))


def depth_for(gammas: Sequence[AlgebraicNumber]) -> int | None:
    """Return the decades of 1 - gamma that show these changes; None for a linear axis."""
    return decades(gammas) if gammas and float(gammas[-1]) > _CROWDED else None


def place(gamma: ArrayLike, depth: int) -> Floats:
    """Return the positions of gammas on an axis of decades, 0 for gamma = 0.

    Gammas closer to 1 than the last decade are placed half-way between that and 1.
    """
    gap = np.clip(1 - np.asarray(gamma, dtype=float), 10.0 ** -(depth + _BEHIND / 2), None)
    return np.where(np.asarray(gamma) >= 1, depth + _BEHIND, -np.log10(gap))


def gamma_axis(ax: Any, depth: int | None) -> None:
    """Make the x axis a gamma axis from 0 to 1, with its marks and its name."""
    if depth is None:
        ax.set_xlim(0, 1)
        ax.set_xticks([k / 5 for k in range(6)], ["0", "0.2", "0.4", "0.6", "0.8", "1"])
    else:
        scale = (lambda gamma: place(gamma, depth), lambda at: _gamma(at, depth))
        ax.set_xscale("function", functions=scale)
        ax.set_xlim(0, 1)
        marks = _marks(depth, points_of(ax)[0] / (depth + _BEHIND))
        ax.set_xticks(list(marks), list(marks.values()))
    ax.set_xticks([], minor=True)
    ax.set_xlabel(AXIS if depth is None else LOG_AXIS)


def _gamma(at: ArrayLike, depth: int) -> Floats:
    """Return the gammas at these positions: the inverse of `place`."""
    places = np.asarray(at, dtype=float)
    return np.where(places >= depth + _BEHIND, 1.0, 1 - 10.0**-places)


def _marks(depth: int, decade: float) -> dict[float, str]:
    """Return the marks 0, 0.5, 0.9, 0.99, ... and 1, as many as fit.

    Args:
        depth: the decades.
        decade: the width of one, in printer's points.
    """
    mark = _MARK if depth <= _WRITTEN else _WIDE_MARK
    stride = math.ceil(mark / decade)
    room = depth + _BEHIND - mark / decade  # right of it a mark would meet that of 1
    nines = [k for k in range(0, depth + 1, stride) if k <= room]
    marks = {0.0: "0"} | {1 - 10.0**-k: _nines(k) for k in nines if k}
    if math.log10(2) * decade > SMALL * 2:
        marks[0.5] = "0.5"
    return dict(sorted(marks.items())) | {1.0: "1"}


def _nines(power: int) -> str:
    return f"0.{'9' * power}" if power <= _WRITTEN else f"$1-10^{{-{power}}}$"


def parameter_axis(ax: Any, parameter: Parameter, name: str) -> None:
    """Make the x axis that of a model line's parameter, from its low end to its high end."""
    low, high = float(parameter.low), float(parameter.high)
    ticks = nice_ticks(low, high)
    ax.set_xlim(low, high)
    ax.set_xticks(ticks, [brief(x, 12) for x in ticks])
    ax.set_xlabel(wrapped(name, points_of(ax)[0]), parse_math=False)


def number_axis(ax: Any) -> None:
    """Write each number on the y axis whole: a factor above the axes would meet other numbers."""
    ax.yaxis.set_major_formatter(lambda y, _: brief(y, 6))


def across(ax: Any, x: float) -> float:
    """Return the distance of an x from the left side of the axes, in printer's points."""
    ((at, _),) = ax.transAxes.inverted().transform(ax.transData.transform([(x, 0)]))
    return float(at) * points_of(ax)[0]
