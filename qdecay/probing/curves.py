r"""Discount curves: the indifference points that each family predicts.

    exponential         D(n) = gamma^n
    hyperbolic          D(n) = 1 / (1 + k n)                        (Mazur 1987)
    quasi-hyperbolic    D(n) = beta delta^n, D(0) = 1               (Laibson, QJE 112 (1997), 443)
    mixture             D(n) = a gamma1^n + (1 - a) gamma2^n, gamma1 > gamma2
    hard horizon        D(n) = gamma^n for n < H, else 0            (finite-horizon planning)

The prediction is log D(n) - log D(m) in every setting: where the choice repeats, both branches lead
back to it after the same number of steps, and what follows is worth the same.

Parameters have flat priors: k and the horizons -1 / log gamma on a log scale, beta on a log scale
up to 1, a on (0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.probing.question import Place

Array = NDArray[np.float64]

# log(-log gamma): from a horizon of a hundred thousand steps down to gamma = 0.0005.
_RATE = (math.log(1e-5), math.log(7.6))


@dataclass(frozen=True)
class Curve:
    """A family of discount curves.

    Attributes:
        name: of the family.
        bounds: of the parameters' internal values u, flat priors between them.
        log_discount: log D(n) from u, shape (parameters, many), and a delay.
        parameters: each one from u, shape (many,).
    """

    name: str
    bounds: tuple[tuple[float, float], ...]
    log_discount: Callable[[Array, float], Array]
    parameters: Mapping[str, Callable[[Array], Array]]

    def difference(self, u: Array, place: Place) -> Array:
        """Return log D(n) - log D(m), the log ratio at indifference, shape (many,)."""
        return self.log_discount(u, place.far) - self.log_discount(u, place.near)


def discount_of(rate: Array) -> Array:
    """Return gamma from log(-log gamma)."""
    value: Array = np.exp(-np.exp(rate))
    return value


def _exponential(u: Array, n: float) -> Array:
    value: Array = -n * np.exp(u[0])
    return value


def _hyperbolic(u: Array, n: float) -> Array:
    value: Array = -np.log1p(n * np.exp(u[0]))
    return value


def _quasi(u: Array, n: float) -> Array:
    value: Array = (u[0] if n else 0.0) - n * np.exp(u[1])
    return value


def _second(u: Array) -> Array:
    """Return the faster rate of a mixture: from the slower one a share u[2] of the way to the
    end."""
    value: Array = u[1] + u[2] * (_RATE[1] - u[1])
    return value


def _mixture(u: Array, n: float) -> Array:
    slow = np.log(u[0]) - n * np.exp(u[1])
    value: Array = np.logaddexp(slow, np.log1p(-u[0]) - n * np.exp(_second(u)))
    return value


EXPONENTIAL = Curve("exponential", (_RATE,), _exponential, {"gamma": lambda u: discount_of(u[0])})
CURVES = (
    Curve(
        "hyperbolic",
        ((math.log(1e-4), math.log(1e3)),),
        _hyperbolic,
        {"k": lambda u: np.exp(u[0])},
    ),
    Curve(
        "quasi-hyperbolic",
        ((-3.0, 0.0), _RATE),
        _quasi,
        {"beta": lambda u: np.exp(u[0]), "delta": lambda u: discount_of(u[1])},
    ),
    Curve(
        "mixture",
        ((0.0, 1.0), _RATE, (0.0, 1.0)),
        _mixture,
        {
            "share": lambda u: u[0],
            "gamma1": lambda u: discount_of(u[1]),
            "gamma2": lambda u: discount_of(_second(u)),
        },
    ),
)


def hard_horizon(place: Place, gamma: float, horizon: float) -> float:
    """Return the log ratio at indifference if rewards from step `horizon` on count for nothing."""
    if place.far >= horizon:
        return -math.inf
    return place.steps * (math.log(gamma) if gamma > 0 else -math.inf)


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
    """A family fitted to all answers.

    Attributes:
        name: of the family.
        parameters: with their intervals.
        log_evidence: log of the probability of the answers, the parameters integrated out.
        best: the internal values of the parameters where the answers are most likely.
    """

    name: str
    parameters: tuple[Parameter, ...]
    log_evidence: float
    best: tuple[float, ...]

    def log_discount(self, delay: float) -> float:
        """Return the fitted log D(delay)."""
        curve = next(c for c in (EXPONENTIAL, *CURVES) if c.name == self.name)
        return float(curve.log_discount(np.array(self.best)[:, None], delay)[0])

    def to_json(self) -> dict[str, Any]:
        """Return the fit as part of a probe document."""
        parameters = {
            p.symbol: {"value": p.value, "low": p.low, "high": p.high} for p in self.parameters
        }
        return {"name": self.name, "parameters": parameters, "log_evidence": self.log_evidence}
