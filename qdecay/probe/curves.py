r"""Discount curves through indifference points: exponential, hyperbolic, quasi-hyperbolic.

With d = n - m steps between the rewards, the log discount t(d) is

    exponential         d log gamma
    hyperbolic          -log(1 + k d)                (Mazur 1987)
    quasi-hyperbolic    log beta + d log delta       (Laibson, QJE 112 (1997), 443-477)

for a near reward at once, m = 0; a near reward at m > 0 divides by D(m). A curve's
likelihood is that of all answers, each delay with a width of its own, integrated out. Curves are
compared by the Bayesian information criterion, parameters * log(answers) - 2 log likelihood: the
least is best. A parameter's 95 % interval is the profile likelihood's. A curve *misses* the
points where twice the log likelihood that it falls short of the best point at every delay is
beyond the 99 % point of chi-square with (delays - parameters) degrees of freedom.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qdecay.probe.psi import Staircase

Array = NDArray[np.float64]
Name = Literal["exponential", "hyperbolic", "quasi-hyperbolic"]

_HALF_DROP = 1.9207  # half the 95 % point of chi-square with one degree of freedom
_MISFIT = 0.01
_GRID = 161
_ROUNDS = 3


@dataclass(frozen=True)
class Cell:
    """The answers at one pair of delays m < n."""

    near_delay: int
    delay: int
    staircase: Staircase


@dataclass(frozen=True)
class Curve:
    """A family of discount curves.

    Attributes:
        name: of the family.
        symbols: of the parameters.
        log_discount: log D(n) from the logs u of the parameters (rows) and a delay.
        bounds: of the logs.
    """

    name: Name
    symbols: tuple[str, ...]
    log_discount: Callable[[Array, float], Array]
    bounds: tuple[tuple[float, float], ...]


def _exponential(u: Array, n: float) -> Array:
    value: Array = n * u[0]
    return value


def _hyperbolic(u: Array, n: float) -> Array:
    value: Array = -np.log1p(n * np.exp(u[0]))
    return value


def _quasi(u: Array, n: float) -> Array:
    value: Array = (u[0] if n else 0.0) + n * u[-1]
    return value


CURVES = (
    Curve("exponential", ("gamma",), _exponential, ((-5.0, 1.0),)),
    Curve("hyperbolic", ("k",), _hyperbolic, ((-12.0, 6.0),)),
    Curve("quasi-hyperbolic", ("beta", "delta"), _quasi, ((-5.0, 5.0), (-5.0, 1.0))),
)


@dataclass(frozen=True)
class Parameter:
    """A fitted parameter with its 95 % interval."""

    symbol: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Show it with its interval."""
        return f"{self.symbol} = {self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class CurveFit:
    """A family fitted to the answers.

    Attributes:
        name: of the family.
        parameters: with their intervals.
        log_likelihood: of all answers.
        bic: the criterion; the least is best.
        misses: whether it misses the indifference points; see the module.
    """

    name: Name
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    bic: float
    misses: bool

    def log_discount(self, delay: float) -> float:
        """Return the fitted log D(delay)."""
        curve = next(curve for curve in CURVES if curve.name == self.name)
        logs = np.log([[parameter.value] for parameter in self.parameters])
        return float(curve.log_discount(logs, delay)[0])

    def to_json(self) -> dict[str, Any]:
        """Return the fit as part of a qdecay.probe/1 document."""
        parameters = {
            p.symbol: {"value": p.value, "low": p.low, "high": p.high} for p in self.parameters
        }
        return {
            "name": self.name,
            "parameters": parameters,
            "log_likelihood": self.log_likelihood,
            "bic": self.bic,
            "misses": self.misses,
        }


def fit_curves(cells: Sequence[Cell]) -> tuple[CurveFit, ...]:
    """Return the families that the answers can fit, best first.

    A family with as many parameters as there are indifference points, or more, is left out, save
    the exponential, which one point is enough for.
    """
    points = [cell for cell in cells if cell.staircase.always is None and cell.staircase.far]
    usable = [
        curve
        for curve in CURVES
        if len(points) > len(curve.symbols) or (curve is CURVES[0] and points)
    ]
    fits = [_fit(curve, points, cells) for curve in usable]
    return tuple(sorted(fits, key=lambda fit: fit.bic))


def _fit(curve: Curve, points: Sequence[Cell], cells: Sequence[Cell]) -> CurveFit:
    from scipy.special import chdtri

    centre, spread = _least_squares(curve, points)
    for _ in range(_ROUNDS):
        axes, values = _on_grid(curve, cells, centre, spread)
        profiles = [values.max(axis=tuple({*range(len(axes))} - {i})) for i in range(len(axes))]
        pairs = list(zip(axes, profiles, strict=True))
        inside = [axis[p >= p.max() - 2 * _HALF_DROP] for axis, p in pairs]
        centre = np.array([(kept[0] + kept[-1]) / 2 for kept in inside])
        steps = np.array([axis[1] - axis[0] for axis in axes])
        spread = np.array([(kept[-1] - kept[0]) / 2 for kept in inside]) + 2 * steps
    ranges = [_range(axis, profile) for axis, profile in pairs]
    best = float(values.max())
    answers = sum(len(cell.staircase.far) for cell in cells)
    saturated = sum(_best_alone(cell) for cell in cells)
    freedom = len(cells) - len(axes)
    misses = freedom > 0 and 2 * (saturated - best) > float(chdtri(freedom, _MISFIT))
    return CurveFit(
        curve.name,
        tuple(
            Parameter(symbol, math.exp(mid), math.exp(low), math.exp(high))
            for symbol, (low, mid, high) in zip(curve.symbols, ranges, strict=True)
        ),
        best,
        len(axes) * math.log(answers) - 2 * best,
        bool(misses),
    )


def _least_squares(curve: Curve, points: Sequence[Cell]) -> tuple[Array, Array]:
    """Where to look: the weighted least-squares fit to the points, and how far around it."""
    from scipy.optimize import least_squares

    found = np.array([cell.staircase.posterior.median for cell in points])
    spreads = np.array(
        [
            (cell.staircase.posterior.high - cell.staircase.posterior.low) / 4 + 1e-9
            for cell in points
        ]
    )

    def residuals(u: Array) -> Array:
        at = np.array([_difference(curve, u[:, None], cell)[0] for cell in points])
        values: Array = (at - found) / spreads
        return values

    low, high = np.array(curve.bounds).T
    delays = np.array([cell.delay - cell.near_delay for cell in points])
    per_step = float(np.clip((found / delays).mean(), low[-1] / 2, -1e-4))
    first = {"hyperbolic": [math.log(-per_step)], "quasi-hyperbolic": [0.0, per_step]}
    start = np.clip(first.get(curve.name, [per_step]), low, high)
    solved = least_squares(residuals, start, bounds=(low, high), x_scale=0.1)
    information = np.atleast_2d(solved.jac.T @ solved.jac)
    scale = max(1.0, math.sqrt(2 * solved.cost))
    covariance = np.linalg.pinv(information)
    width: Array = 8 * scale * np.sqrt(np.maximum(np.diag(covariance), 1e-14))
    return solved.x, np.minimum(width, (high - low) / 2)


def _on_grid(
    curve: Curve, cells: Sequence[Cell], centre: Array, spread: Array
) -> tuple[list[Array], Array]:
    """The axes of a grid of internal parameters, and the log likelihood on it."""
    size = _GRID if len(centre) == 1 else 61
    axes = [np.linspace(c - s, c + s, size) for c, s in zip(centre, spread, strict=True)]
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    values = sum(
        (cell.staircase.log_likelihood(_difference(curve, mesh, cell)) for cell in cells),
        np.zeros(mesh.shape[1]),
    )
    return axes, values.reshape([size] * len(axes))


def _difference(curve: Curve, u: Array, cell: Cell) -> Array:
    """log D(n) - log D(m)."""
    return curve.log_discount(u, cell.delay) - curve.log_discount(u, cell.near_delay)


def _range(axis: Array, profile: Array) -> tuple[float, float, float]:
    """The ends of the 95 % interval, and the middle of the best plateau between them."""
    inside = np.flatnonzero(profile >= profile.max() - _HALF_DROP)
    best = np.flatnonzero(profile >= profile.max() - 1e-3)
    low, high = axis[max(inside[0] - 1, 0)], axis[min(inside[-1] + 1, len(axis) - 1)]
    return float(low), float(axis[best].mean()), float(high)


def _best_alone(cell: Cell) -> float:
    """The largest log likelihood of a delay by itself."""
    ends = np.unique([cell.staircase.low, *cell.staircase.asked, cell.staircase.high])
    grid = np.concatenate([np.linspace(a, b, 9) for a, b in itertools.pairwise(ends)])
    return float(cell.staircase.log_likelihood(grid).max())
