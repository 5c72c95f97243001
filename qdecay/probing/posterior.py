r"""One posterior over everything that may explain an agent's answers.

Each hypothesis H predicts the log ratio at indifference at every place, from parameters with a
prior of their own, and has a marginal likelihood of all answers, with the agent's noise integrated
out (see `likelihood`). With the prior weights below, Bayes' rule gives P(H | answers). What is
weighed:

    as configured       t = d log g, d = n - m
    another gamma       any gamma from 0 to 1, flat in the log of the horizon -1 / log gamma, with
                        a tenth of the weight each on 0 and on 1
    each fault          see `faults`
    other curves        see `curves`
    not looking         the answers do not depend on the offer: a coin (of even odds, or of any), a
                        side (one action more often than the other), always the same action,
                        always the near or the far reward
    none of these       each setting has a gamma of its own, or each place an indifference point

A prediction without a continuous parameter may be off by a fifth of the tolerance per step
(normally distributed), so that an agent is not accused of a difference far below the requested
precision.

False alarms are bounded: an agent is accused when P(as configured) <= 1/50. By Ville's inequality
an agent that is as configured, with noise as modelled here, is accused with a probability of at
most 1/49 (the prior odds are even), however often the posterior is examined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, logsumexp

from qdecay.probing.curves import CURVES, EXPONENTIAL, Curve, CurveFit, Parameter, hard_horizon
from qdecay.probing.faults import FAULTS, Fault, as_configured
from qdecay.probing.integral import Integral, integrate
from qdecay.probing.likelihood import KINDS, LAPSES, Likelihood
from qdecay.probing.point import Point
from qdecay.probing.question import Place
from qdecay.probing.staircase import LAPSE

Array = NDArray[np.float64]

CONFIGURED = "as configured"
ANOTHER = "another gamma"
EXPONENTIALS = "exponential"
HORIZON = "hard horizon"
COIN, SIDE, ACTION = "a coin", "a side", "always the same action"
NEAR, FAR = "always near", "always far"
NONE = "none of these"

BLIND = (COIN, SIDE, ACTION, NEAR, FAR)
_PRIOR = {CONFIGURED: 0.5, ANOTHER: 0.2, NONE: 0.005}
_FAULTS, _CURVES, _BLIND = 0.1, 0.08, 0.04  # shared equally among those of the kind
_AT_ENDS = 0.1  # of "another gamma", on 0 and on 1 each
_AS_GOOD = 1.0  # log likelihood; of parameters as good as the best, the first ones are shown
_SLACK = 0.2  # deviation of a prediction per step, in tolerances
_NODES = np.linspace(-2.5, 2.5, 7)
# Between 2.5 and 97.5 % it covered 89 to 97 of 100 simulated noisy choosers: some thirty answers
# at a place say little about how noisy a chooser is.
_LEVELS = (0.01, 0.5, 0.99)


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A hypothesis and what the answers say about it.

    Attributes:
        name: of the hypothesis.
        probability: posterior.
        parameters: its most likely ones.
        predict: the log ratio at indifference at a place, with these parameters; None for
            hypotheses that have no indifference point to predict.
    """

    name: str
    probability: float
    parameters: Mapping[str, float]
    predict: Callable[[Place], float] | None


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the answers say about every hypothesis.

    Attributes:
        hypotheses: most likely first.
        gamma: (low, value, high) of an exponential agent's gamma, 95 %.
        fits: the curves, most likely first.
    """

    hypotheses: tuple[Hypothesis, ...]
    gamma: tuple[float, float, float]
    fits: tuple[CurveFit, ...]

    def probability(self, *names: str) -> float:
        """The posterior probability of these hypotheses together."""
        return sum(h.probability for h in self.hypotheses if h.name in names)

    @property
    def best(self) -> Hypothesis:
        """The most likely hypothesis."""
        return self.hypotheses[0]


@dataclass(frozen=True, eq=False)
class _Weighed:
    """A hypothesis before the probabilities are known."""

    log_evidence: float
    parameters: Mapping[str, float]
    predict: Callable[[Place], float] | None


def weigh(points: Sequence[Point], gamma: float | None, tolerance: float) -> Posterior:
    """Return the posterior of every hypothesis, given all answers.

    Args:
        points: with their answers; at least one answer.
        gamma: the configured discount, in [0, 1]; if None, "as configured" and faults, which are
            relative to it, are left out, and "exponential" stands for any gamma.
        tolerance: requested half-width of the interval of the log discount per step.
    """
    likelihood = Likelihood.of(points)
    exponential = _integral(EXPONENTIAL, likelihood)
    curves = [(curve, _integral(curve, likelihood)) for curve in CURVES]
    ends, any_gamma = _with_ends(exponential, likelihood)
    best = any_gamma.value
    found = {
        ANOTHER if gamma is not None else EXPONENTIALS: _Weighed(
            ends, {"gamma": best}, lambda place: as_configured(place, best)
        ),
        **{curve.name: _weighed(curve, integral) for curve, integral in curves},
        HORIZON: _horizon(likelihood, gamma),
        **_blind(points),
        NONE: _Weighed(_unexplained(likelihood), {}, None),
    }
    if gamma is not None:
        found[CONFIGURED] = _predicted(_SOUND, likelihood, gamma, tolerance)
        found |= {f.name: _predicted(f, likelihood, gamma, tolerance) for f in FAULTS}
    fits = [replace(_fit(EXPONENTIAL, exponential), parameters=(any_gamma,), log_evidence=ends)]
    fits += [_fit(curve, integral) for curve, integral in curves]
    return Posterior(
        _posterior(found),
        (any_gamma.low, any_gamma.value, any_gamma.high),
        tuple(sorted(fits, key=lambda fit: -fit.log_evidence)),
    )


def log_blind(points: Sequence[Point]) -> dict[str, float]:
    """Return the log evidence of each way of not looking at the offer, in closed form."""
    sides = [far for point in points for far in point.staircase.far]
    actions = [action for point in points for action in point.actions]
    far, one, n = sum(sides), sum(actions), len(sides)

    def stuck(k: int) -> float:
        """Always the same one of two, except for lapses: k of n answers are the other."""
        rates = np.append(LAPSES, LAPSE) / 2
        return _mean_of_logs(k * np.log(rates) + (n - k) * np.log1p(-rates))

    return {
        COIN: float(np.logaddexp(-n * math.log(2), betaln(far + 1, n - far + 1)) - math.log(2)),
        SIDE: float(betaln(one + 1, n - one + 1)),
        ACTION: float(np.logaddexp(stuck(one), stuck(n - one)) - math.log(2)),
        NEAR: stuck(far),
        FAR: stuck(n - far),
    }


def _mean_of_logs(values: Array) -> float:
    return float(logsumexp(values)) - math.log(len(values))


def _posterior(found: Mapping[str, _Weighed]) -> tuple[Hypothesis, ...]:
    kinds = {name: _FAULTS / len(FAULTS) for name in found}
    curves = [*(curve.name for curve in CURVES), HORIZON]
    kinds |= dict.fromkeys(curves, _CURVES / len(curves))
    kinds |= dict.fromkeys(BLIND, _BLIND / len(BLIND)) | _PRIOR
    kinds[EXPONENTIALS] = _PRIOR[CONFIGURED] + _PRIOR[ANOTHER]
    joint = np.array([math.log(kinds[name]) + w.log_evidence for name, w in found.items()])
    shares = np.exp(joint - logsumexp(joint)).tolist()
    weighed = [
        Hypothesis(name, share, w.parameters, w.predict)
        for (name, w), share in zip(found.items(), shares, strict=True)
    ]
    return tuple(sorted(weighed, key=lambda h: -h.probability))


def _integral(curve: Curve, likelihood: Likelihood) -> Integral:
    def at(u: Array, level: int | None) -> Array:
        predicted = [curve.difference(u, place) for place in likelihood.places]
        return likelihood(np.stack(predicted, axis=1), level)

    return integrate(at, KINDS, curve.bounds)


def _unexplained(likelihood: Likelihood) -> float:
    """The log evidence if settings, or all places, have nothing in common."""
    settings = {place.setting for place in likelihood.places}
    if len(settings) == 1:
        return likelihood.saturated
    each = (_integral(EXPONENTIAL, likelihood.within(setting)) for setting in settings)
    apart = sum(found.log_mean for found in each)
    return float(np.logaddexp(likelihood.saturated, apart)) - math.log(2)


def _with_ends(found: Integral, likelihood: Likelihood) -> tuple[float, Parameter]:
    """The log evidence of any gamma and its interval, 0 and 1 included."""
    places = np.array([place.steps for place in likelihood.places], dtype=np.float64)
    one, zero = likelihood(np.stack([0 * places, np.full_like(places, -np.inf)]))
    logs = np.array([one, found.log_mean, zero])
    logs += np.log([_AT_ENDS, 1 - 2 * _AT_ENDS, _AT_ENDS])
    shares = np.exp(logs - logsumexp(logs))
    # The axis ascends in log(-log gamma): from gamma = 1 down to 0.
    mass = np.concatenate([shares[:1], shares[1] * found.mass, shares[2:]])
    axis = np.concatenate([[-np.inf], found.cells[0], [np.inf]])
    gammas = np.exp(-np.exp(_quantiles(axis, mass)))
    return float(logsumexp(logs)), Parameter("gamma", *gammas[[1, 2, 0]].tolist())


def _quantiles(axis: Array, mass: Array) -> Array:
    """The values at `_LEVELS`; between two infinite ends the axis is continuous."""
    reached = mass.cumsum() - mass / 2
    inner = np.interp(_LEVELS, reached[1:-1], axis[1:-1])
    ends = np.where(np.array(_LEVELS) <= mass[0], -np.inf, inner)
    found: Array = np.where(1 - np.array(_LEVELS) <= mass[-1], np.inf, ends)
    return found


def _weighed(curve: Curve, found: Integral) -> _Weighed:
    return _Weighed(
        found.log_mean,
        {name: float(of(found.best)[0]) for name, of in curve.parameters.items()},
        lambda place: float(curve.difference(found.best, place)[0]),
    )


def _fit(curve: Curve, found: Integral) -> CurveFit:
    parameters = []
    for symbol, of in curve.parameters.items():
        values = of(found.cells)
        order = values.argsort()
        mass = found.mass[order]
        low, value, high = np.interp(_LEVELS, mass.cumsum() - mass / 2, values[order]).tolist()
        parameters.append(Parameter(symbol, value, low, high))
    return CurveFit(curve.name, tuple(parameters), found.log_mean, tuple(found.best[:, 0].tolist()))


def _horizon(likelihood: Likelihood, gamma: float | None) -> _Weighed:
    """The horizon's length matters only by which delays lie beyond it."""
    beyond = sorted({place.far for place in likelihood.places})[1:]
    if not beyond:  # then it would be an agent that always takes the near reward
        return _Weighed(-math.inf, {}, None)
    grid = [(g, h) for g in {1.0, gamma or 1.0} for h in beyond]
    predicted = [[hard_horizon(p, g, h) for p in likelihood.places] for g, h in grid]
    values = likelihood(np.array(predicted))
    g, h = grid[int(values.argmax())]
    return _Weighed(
        _mean_of_logs(values),
        {"gamma": g, "horizon": float(h)},
        lambda place: hard_horizon(place, g, h),
    )


def _blind(points: Sequence[Point]) -> dict[str, _Weighed]:
    sides = {NEAR: -math.inf, FAR: math.inf}

    def always(side: float) -> Callable[[Place], float]:
        return lambda place: side

    return {
        name: _Weighed(value, {}, always(sides[name]) if name in sides else None)
        for name, value in log_blind(points).items()
    }


def _predicted(fault: Fault, likelihood: Likelihood, gamma: float, tolerance: float) -> _Weighed:
    """The mean over the fault's parameters and over the slack of its predictions."""
    steps = np.array([place.steps for place in likelihood.places])
    centres = np.stack([_over_grid(fault, place, gamma) for place in likelihood.places], axis=1)
    moved = centres + (_SLACK * tolerance * _NODES)[:, None, None] * steps
    values = likelihood(moved.reshape(-1, len(steps))).reshape(len(_NODES), -1)
    share = np.exp(-(_NODES**2) / 2)
    means = logsumexp(values, axis=0, b=(share / share.sum())[:, None])
    best = fault.grid[int((means >= means.max() - _AS_GOOD).argmax())]
    return _Weighed(
        _mean_of_logs(means),
        dict(zip(fault.symbols, best, strict=True)),
        lambda place: fault.predict(place, gamma, best),
    )


@lru_cache(maxsize=4096)
def _over_grid(fault: Fault, place: Place, gamma: float) -> Array:
    """A fault's predictions at a place, of all its parameters."""
    return np.array([fault.predict(place, gamma, parameters) for parameters in fault.grid])


_SOUND = Fault(CONFIGURED, "it is as configured", as_configured)
