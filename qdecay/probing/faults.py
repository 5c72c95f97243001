r"""Which fault explains a profile: each known fault predicts every indifference point.

With g the configured discount and d = n - m, a fault predicts t = log(r / R) at indifference:

    sound                       d log g
    truncation ends             d log(g (1 - p)) where steps are cut off with probability p
    termination not masked      d log g - log(1 - g): the far reward is paid for ever
    gamma twice                 2 d log g
    n-step, discounted once     (e(n) - e(m)) log g with e(n) = n // N + n mod N: rewards within N
                                steps are discounted properly, what follows by g and not g^N
    rewards clipped             d log g - log R for R > 1, clipped to [-1, 1]
    rewards normalised          those of g with the mean reward taken off at each step; q is the
                                share of episodes that went to the near reward
    average reward              r and R are divided by the length of their episodes
    frame skip                  (n // k - m // k) log g, close to gamma = g^(1/k)
    under-training              d log g + log(B(n) / B(m)), the share B of the reward that has
                                arrived after some walks; see `qdecay.exact.learning_curve`

A prediction is spread by a normal distribution whose deviation is the profile's tolerance per
step (four times that for under-training, where no two trainings are alike), and a fault's
parameters are uniform on a grid. Where a fault predicts nothing, and under the hypothesis "none of
these", t has the prior of the probe itself. The width of the choices (how noisy an agent is) is
integrated out as well, at the same position of each point's grid: no hypothesis may treat an agent
as noisy at one point and consistent at the others. So every hypothesis has a marginal likelihood of
all answers. A priori all are equally likely; a fault is *named* if its posterior probability is at
least 0.9.

Where they occur: Pardo et al., Time limits in reinforcement learning, ICML 2018 (truncation);
younggyoseo/FastTD3 issue 6 and jakegrigsby/AdvancedPacmanDQNs issue 2 (n-step).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import bdtrc

from qdecay.probing.question import Place

Prediction = Callable[[Place, float, Sequence[float]], float | None]


@dataclass(frozen=True)
class Fault:
    """A way of getting the discount wrong.

    Attributes:
        name: for tables.
        text: what is wrong, as a sentence.
        predict: the log ratio at indifference, -inf and inf if one side is always taken, None if
            the fault makes no prediction.
        symbols: of its parameters.
        grid: values of the parameters, one tuple each.
        looseness: the deviation of the prediction, in tolerances.
    """

    name: str
    text: str
    predict: Prediction
    symbols: tuple[str, ...] = ()
    grid: tuple[tuple[float, ...], ...] = field(default=((),), repr=False)
    looseness: float = 1.0


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _sound(place: Place, g: float, _: Sequence[float]) -> float:
    return place.steps * math.log(g)


def _truncation(place: Place, g: float, _: Sequence[float]) -> float:
    return place.steps * math.log(g * place.setting.goes_on)


def _unmasked(place: Place, g: float, _: Sequence[float]) -> float:
    return place.steps * math.log(g) - (0 if place.setting.repeats else math.log(1 - g))


def _twice(place: Place, g: float, _: Sequence[float]) -> float:
    return 2 * place.steps * math.log(g)


def _predictable(place: Place) -> bool:
    """Whether neither a truncation nor a repetition falls inside a window of several steps."""
    return not place.setting.repeats and place.setting.goes_on == 1


def _n_step(place: Place, g: float, parameters: Sequence[float]) -> float | None:
    if not _predictable(place):
        return None
    size = int(parameters[0])
    exponents = (n // size + n % size for n in (place.far, place.near))
    return (next(exponents) - next(exponents)) * math.log(g)


def _clipped(place: Place, g: float, _: Sequence[float]) -> float:
    return place.steps * math.log(g) - math.log(max(place.setting.scale, 1))


def _normalised(place: Place, g: float, parameters: Sequence[float]) -> float:
    if place.setting.repeats:
        return _sound(place, g, ())
    (q,) = parameters
    m, n, goes_on = place.near, place.far, place.setting.goes_on
    lengths = _discounted_steps(m + 2, goes_on), _discounted_steps(n + 1, goes_on)
    # A step's mean reward is (q x r + (1 - q) y R) / steps, x and y the chances of getting that
    # far.
    steps = q * lengths[0] + (1 - q) * lengths[1]
    longer = _discounted_steps(n + 1, g) - _discounted_steps(m + 2, g)
    near = g**m + longer * q * goes_on**m / steps
    far = g**n - longer * (1 - q) * goes_on**n / steps
    return _log(far / near)


def _discounted_steps(length: int, g: float) -> float:
    """1 + g + ... + g^(length - 1)."""
    return float(length) if g == 1 else (1 - g**length) / (1 - g)


def _average(place: Place, g: float, _: Sequence[float]) -> float:
    if place.setting.repeats:
        return 0.0
    return math.log((place.near + 2) / (place.far + 1))


def _skipped(place: Place, g: float, parameters: Sequence[float]) -> float | None:
    if not _predictable(place):
        return None
    size = int(parameters[0])
    return (place.far // size - place.near // size) * math.log(g)


def _under_trained(place: Place, g: float, parameters: Sequence[float]) -> float | None:
    if not _predictable(place):
        return None
    alpha, walks = parameters
    near, far = (_arrived(alpha, walks, n) for n in (place.near, place.far))
    if near == 0:
        return None  # nothing is known about either side: any answer will do
    return place.steps * math.log(g) + _log(far / near)


def _arrived(alpha: float, walks: float, distance: int) -> float:
    """The share of a reward that has propagated back by `distance` steps: a binomial tail."""
    return float(bdtrc(distance, round(walks), alpha)) if distance < walks else 0.0


def _training_grid() -> tuple[tuple[float, ...], ...]:
    """Step sizes, and numbers of walks that propagate a reward back by 1 to 60 steps on average."""
    means = np.geomspace(1.0, 60.0, 40)
    return tuple(
        (alpha, float(walks))
        for alpha in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
        for walks in sorted({math.ceil(mean / alpha) for mean in means})
    )


FAULTS = (
    Fault(
        "truncation ends",
        "an episode that is cut off is taken for one that ended: bootstrap where truncated",
        _truncation,
    ),
    Fault(
        "termination not masked",
        "the value after the end is not masked: do not bootstrap where terminated",
        _unmasked,
    ),
    Fault("gamma twice", "gamma is applied twice per step", _twice),
    Fault(
        "n-step discounted once",
        "what follows an n-step return is discounted by gamma instead of gamma^n",
        _n_step,
        ("n",),
        tuple((float(n),) for n in range(2, 33)),
    ),
    Fault("rewards clipped", "rewards are clipped to [-1, 1]", _clipped),
    Fault(
        "rewards normalised",
        "the mean reward is subtracted from rewards, which makes time itself cost",
        _normalised,
        ("near share",),
        tuple((q,) for q in np.linspace(0.02, 0.98, 97).tolist()),
    ),
    Fault("average reward", "it maximises reward per step, not discounted reward", _average),
    Fault(
        "frame skip",
        "gamma counts decisions of k steps, not steps: use gamma^k",
        _skipped,
        ("k",),
        tuple((float(k),) for k in range(2, 17)),
    ),
    Fault(
        "under-training",
        "rewards far away have not come back yet: train longer",
        _under_trained,
        ("step size", "walks"),
        _training_grid(),
        looseness=4.0,  # no two trainings walk a branch equally often
    ),
)
"""The hypotheses that `diagnose` weighs, the sound agent first."""
