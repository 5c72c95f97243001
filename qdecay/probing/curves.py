r"""Discount curves through indifference points: exponential, hyperbolic, quasi-hyperbolic.

With d = n - m steps between the rewards, the log discount t(d) is

    exponential         d log gamma
    hyperbolic          -log(1 + k d)                (Mazur 1987)
    quasi-hyperbolic    log beta + d log delta       (Laibson, QJE 112 (1997), 443-477)

for an immediate near reward, m = 0; a near reward at m > 0 divides by D(m). A curve's
likelihood is that of all answers, the widths of the choices (see `psi`) integrated out. The widths
at different delays are similar, but not equal: around a common grid position, each delay's width is
normally distributed with a deviation of `_UNLIKE` positions, a factor of about five. A delay that
looks consistent by luck is thus judged by the noise of the others, and a noisier one need not be
treated as consistent. Curves are compared by the Bayesian information criterion, parameters *
log(answers) - 2 log likelihood: the least is best. A parameter's 95 % interval lies between the 1 %
and the 99 % level of its posterior, flat in its log: between 2.5 % and 97.5 % the interval covered
only 92 of 100 simulated noisy choosers, because some thirty answers say little about how noisy a
chooser is.

A curve *misses* the points if the log likelihood by which it falls short of the best point at every
delay exceeds the 99 % point of chi-square with (delays - parameters) degrees of freedom. The usual
test doubles that shortfall; with simulated choosers the undoubled shortfall has that distribution,
because the points of a saturated model may hide in the plateaus between two questions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import chdtri, logsumexp

from qdecay.probing.staircase import N_WIDTHS, Staircase

Array = NDArray[np.float64]
Name = Literal["exponential", "hyperbolic", "quasi-hyperbolic"]

_NEGLIGIBLE = 9.0  # log likelihoods this far below the best do not affect a 95 % interval
_MISFIT = 0.01
_UNLIKE = 2.0
_LOW = 0.01  # level of an interval's lower end
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
        """Format it with its interval."""
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
    """Return the families that can be fitted to the answers, best first.

    A family with as many parameters as indifference points, or more, is omitted, except the
    exponential, for which one point is enough.
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
    centre, spread = _least_squares(curve, points)
    for _ in range(_ROUNDS):
        axes, values = _on_grid(curve, cells, centre, spread)
        profiles = [values.max(axis=others) for others in _others(values)]
        pairs = zip(axes, profiles, strict=True)
        inside = [axis[p >= p.max() - _NEGLIGIBLE] for axis, p in pairs]
        centre = np.array([(kept[0] + kept[-1]) / 2 for kept in inside])
        steps = np.array([axis[1] - axis[0] for axis in axes])
        spread = np.array([(kept[-1] - kept[0]) / 2 for kept in inside]) + 2 * steps
    best, size = float(values.max()), len(axes)
    answers = sum(len(cell.staircase.far) for cell in cells)
    freedom = len(cells) - size
    shortfall = _saturated(cells) - best
    return CurveFit(
        curve.name,
        tuple(map(_parameter, curve.symbols, axes, _marginals(values))),
        best,
        size * math.log(answers) - 2 * best,
        freedom > 0 and shortfall > float(chdtri(freedom, _MISFIT)),
    )


def _others(values: Array) -> list[tuple[int, ...]]:
    """For each axis, the other axes."""
    axes = range(values.ndim)
    return [tuple(i for i in axes if i != axis) for axis in axes]


def _marginals(values: Array) -> list[Array]:
    """The posterior of each parameter on its axis."""
    posterior = np.exp(values - values.max())
    return [posterior.sum(axis=others) / posterior.sum() for others in _others(values)]


def _parameter(symbol: str, axis: Array, posterior: Array) -> Parameter:
    """The posterior's median and the interval between its levels, back from the log."""
    reached = np.cumsum(posterior) - posterior / 2
    low, value, high = np.exp(np.interp([_LOW, 0.5, 1 - _LOW], reached, axis)).tolist()
    return Parameter(symbol, value, low, high)


def _least_squares(curve: Curve, points: Sequence[Cell]) -> tuple[Array, Array]:
    """Where to look: the weighted least-squares fit to the points, and how far around it."""
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
    values = sum(_by_common_width(cell, _difference(curve, mesh, cell)) for cell in cells)
    return axes, _mean_over_widths(values).reshape([size] * len(axes))


def _by_common_width(cell: Cell, threshold: Array) -> Array:
    """Return log P(answers | t, common width), shape (thresholds, widths)."""
    places = np.arange(N_WIDTHS)
    share = np.exp(-(((places[:, None] - places) / _UNLIKE) ** 2) / 2)
    share /= share.sum(axis=1, keepdims=True)
    own = cell.staircase.log_likelihoods(threshold)
    spread: Array = logsumexp(own[:, None, :], axis=-1, b=share)
    return spread


def _mean_over_widths(values: Any) -> Array:
    mean: Array = logsumexp(values, axis=-1) - math.log(N_WIDTHS)
    return mean


def _difference(curve: Curve, u: Array, cell: Cell) -> Array:
    """log D(n) - log D(m)."""
    return curve.log_discount(u, cell.delay) - curve.log_discount(u, cell.near_delay)


def _saturated(cells: Sequence[Cell]) -> float:
    """The largest log likelihood when every delay has its own point."""
    total = np.zeros(N_WIDTHS)
    for cell in cells:
        ends = np.unique([cell.staircase.low, *cell.staircase.asked, cell.staircase.high])
        grid = np.concatenate([np.linspace(a, b, 9) for a, b in itertools.pairwise(ends)])
        total += _by_common_width(cell, grid).max(axis=0)
    return float(_mean_over_widths(total))
