r"""Ways of getting a discount wrong: each one predicts every indifference point.

With g the configured discount, d = n - m, q = 1 - p the probability that a step is not truncated,
L_m and L_n the lengths of the two branches (m + 2 and n + 1, both n + 1 where the choice repeats)
and [L]_x = 1 + x + ... + x^(L-1), a fault predicts t = log(r / R) at indifference:

    as configured               d log g
    truncation ends             d log(g q). Or only a window of N steps that is cut before its end
                                is spoilt, see `windows`, by 0 or g^N in place of g^k. Or the next
                                observation of a truncated step is taken from the next episode, its
                                first (a vector environment's SAME_STEP): V, the start's value, then
                                comes back with a weight b where an episode is cut off,
                                d log(g q) + log(1 - b_m) - log(1 - b_n), b_x = g p [L_x - 1]_gq
    termination not masked      d log g - log(1 - g): the far reward is paid for ever; repeating:
                                nothing ends
    learns through autoreset    the step by which a vector environment resets itself (Gymnasium's
                                NEXT_STEP) is a transition from the last observation to the next
                                start. It has reward 0, and a last state is as often left by it as
                                by the step that ends the episode: the far reward counts
                                1 / (1 + q), and V comes back with another weight b:
                                d log(g q) - log(1 + q) + log(1 - b_m) - log(1 - b_n),
                                b_x = g^2 (p [L_x - 2]_gq + (g q)^(L_x - 2) / (1 + q))
    gamma twice                 2 d log g
    gamma never applied         0; d log q if what follows a truncation is lost
    n-step discounted once      log U(n) - log U(m), U from `windows`; (e(n) - e(m)) log g where
                                nothing is truncated, e(n) = n // N + n mod N: rewards within N
                                steps are discounted properly, what follows by g and not g^N
    rewards clipped             d log g - log R for R > 1, clipped to [-1, 1]
    sign clipping               -inf: all rewards are equal
    rewards normalised          those of g with the mean reward subtracted at each step; s is the
                                share of episodes that went to the near reward:
                                (g^d - c (1 - s) q^n) / (1 + c s q^m), c = ([d + 1]_g - [L_m - m]_g)
                                / (s [L_m]_q + (1 - s) [L_n]_q), is r / R
    average reward              reward per step: d log q + log([L_m]_q / [L_n]_q), without the q if
                                it bootstraps where truncated
    frame skip                  log U(n) - log U(m), (n // k - m // k) log g where nothing is
                                truncated: close to gamma = g^(1/k). Where the choice repeats within
                                one action of k > n steps, its reward is paid several times
    under-training              d log g + log(B(n) / B(m)), the share B of the reward that has
                                arrived after some walks; see `arrival`

A vector environment in which termination is not masked either, one whose reset observation ends
up in the terminal transition, bootstraps V from there; masked as it should be it does no harm.
Where the choice repeats both branches take equally long, so that whatever comes after the first
round adds the same to both sides, and only discounting within a branch remains.

A fault's parameters are uniform on a grid.

Where they occur: Pardo et al., Time limits in reinforcement learning, ICML 2018 (truncation);
younggyoseo/FastTD3 issue 6 and jakegrigsby/AdvancedPacmanDQNs issue 2 (n-step).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from qdecay.probing.arrival import shares
from qdecay.probing.question import Place
from qdecay.probing.windows import log_worth, log_worth_repeated, safe_log

Prediction = Callable[[Place, float, Sequence[float]], float]


@dataclass(frozen=True)
class Fault:
    """A way of getting the discount wrong.

    Attributes:
        name: as shown in tables.
        text: what is wrong and how to fix it.
        predict: (place, gamma, parameters) -> the log ratio at indifference, for every place and
            every gamma in [0, 1], at 0 and 1 as a limit; -inf where near is always taken, inf where
            far always is.
        symbols: of its parameters.
        grid: values of the parameters, one tuple each.
    """

    name: str
    text: str
    predict: Prediction
    symbols: tuple[str, ...] = ()
    grid: tuple[tuple[float, ...], ...] = field(default=((),), repr=False)


def _length(place: Place) -> int:
    """The steps of the near branch; the far one has n + 1."""
    setting = place.setting
    if setting.repeats:
        return place.far + 1
    return place.near + (1 if setting.escape else 2)


def _steps(length: int, g: float) -> float:
    """1 + g + ... + g^(length - 1)."""
    if g == 1 or length < 1:
        return float(max(length, 0))
    return -math.expm1(length * safe_log(g)) / (1 - g)


def _inside(g: float) -> float:
    """Return gamma, or instead of 0 a number near it that has a logarithm."""
    return max(g, 1e-6)


def _difference(place: Place, log_worth: Callable[[int], float]) -> float:
    return log_worth(place.far) - log_worth(place.near)


def as_configured(place: Place, g: float, _: Sequence[float] = ()) -> float:
    """Return the log ratio at indifference of an agent without a fault."""
    return place.steps * safe_log(g)


def _truncation(place: Place, g: float, parameters: Sequence[float]) -> float:
    size, q = int(parameters[0]), place.setting.goes_on
    _, bootstraps, resets = parameters
    if resets:
        return _from_reset(place, g)
    if size == 1:
        return place.steps * safe_log(g * q)
    g = _inside(g)
    cut = bootstraps * g**size
    return _difference(place, lambda x: log_worth(x, size, g, cut, g**size, q))


def _from_reset(place: Place, g: float) -> float:
    q = place.setting.goes_on
    together = place.steps * safe_log(g * q)
    if place.setting.repeats:
        return together
    near, far = (g * (1 - q) * _steps(size - 1, g * q) for size in (_length(place), place.far + 1))
    return together + _log_left(near) - _log_left(far)


def _unmasked(place: Place, g: float, _: Sequence[float]) -> float:
    sound = place.steps * safe_log(g)
    if place.setting.repeats or place.setting.escape:  # no end, or the near reward's is the same
        return sound
    return sound - safe_log(1 - g)


def _autoreset(place: Place, g: float, _: Sequence[float]) -> float:
    setting = place.setting
    q = setting.goes_on
    together = place.steps * safe_log(g * q)
    if setting.repeats:
        return together
    # The last state is learnt from its own step and from a reset; truncations add to the latter.
    lengths = _length(place), place.far + 1
    near, far = (
        g * g * ((1 - q) * _steps(length - 2, g * q) + (g * q) ** max(length - 2, 0) / (1 + q))
        for length in lengths
    )
    paid = 0.0 if setting.escape else -math.log1p(q)  # the near reward, too, is the last
    return together + paid + _log_left(near) - _log_left(far)


def _log_left(onward: float) -> float:
    """log(1 - b), where b < 1 except for rounding."""
    return math.log(max(1 - onward, 1e-15))


def _twice(place: Place, g: float, _: Sequence[float]) -> float:
    return 2 * place.steps * safe_log(g)


def _never(place: Place, g: float, parameters: Sequence[float]) -> float:
    (bootstraps,) = parameters
    return 0.0 if bootstraps else place.steps * safe_log(place.setting.goes_on)


def _n_step(place: Place, g: float, parameters: Sequence[float]) -> float:
    size, q, g = int(parameters[0]), place.setting.goes_on, _inside(g)
    return _difference(place, lambda x: log_worth(x, size, g, g, g, q))


def _clipped(place: Place, g: float, _: Sequence[float]) -> float:
    return place.steps * safe_log(g) - math.log(max(place.setting.scale, 1))


def _signs(place: Place, g: float, _: Sequence[float]) -> float:
    return -math.inf  # sooner is better if all rewards are equal


def _normalised(place: Place, g: float, parameters: Sequence[float]) -> float:
    (near_share,) = parameters
    sound = place.steps * safe_log(g)
    length, q = _length(place), place.setting.goes_on
    steps = near_share * _steps(length, q) + (1 - near_share) * _steps(place.far + 1, q)
    # Both sides are divided by g^m: the cost of the longer branch's steps, at the mean reward.
    ahead = length - place.near
    longer = _steps(place.far + 1 - place.near, g) - _steps(ahead, g)
    if longer <= 0:
        return sound
    near = longer * near_share * q**place.near / steps
    log_far = safe_log(longer * (1 - near_share) * q**place.far / steps) - sound
    if log_far >= 0:
        return -math.inf  # the far branch is worth less than nothing
    return sound + math.log(-math.expm1(log_far)) - math.log1p(near)


def _average(place: Place, g: float, parameters: Sequence[float]) -> float:
    (restarts,) = parameters
    q = place.setting.goes_on if restarts else 1.0
    lengths = _steps(_length(place), q), _steps(place.far + 1, q)
    return place.steps * math.log(q) + math.log(lengths[0] / lengths[1])


def _skipped(place: Place, g: float, parameters: Sequence[float]) -> float:
    skip, known, q, g = int(parameters[0]), parameters[1], place.setting.goes_on, _inside(g)
    length = place.far + 1
    stride = 1 if known else math.gcd(skip, length) if place.setting.repeats else skip
    if place.setting.repeats and skip >= length:
        return _difference(place, lambda x: log_worth_repeated(x, length, skip, g, q, stride))
    return _difference(place, lambda x: log_worth(x, skip, 1.0, g, g, q, stride))


def _under_trained(place: Place, g: float, parameters: Sequence[float]) -> float:
    alpha, steps, episodes, actions = parameters
    q = place.setting.goes_on
    both = _steps(_length(place), q) + _steps(place.far + 1, q)
    walks = round(min(steps / both, episodes / 2))
    near, far = shares(place.near, place.far, alpha, walks, q, int(actions))
    if far == 0:
        return -math.inf
    return place.steps * safe_log(g) + min(math.log(far / near), 0.0)


def _training_grid() -> tuple[tuple[float, ...], ...]:
    """Return step sizes, and steps or episodes of training in which a reward moves back by about 1
    to 60 states on average; for learners of a table, whose actions share the visits of a state, and
    for others. With step size 1 they are the same."""
    amounts = [(x, math.inf) for x in np.geomspace(4.0, 4_000.0, 40)]
    amounts += [(math.inf, 2 * x) for x in np.geomspace(1.0, 60.0, 25)]
    return tuple(
        (alpha, _counted(steps / alpha), _counted(episodes / alpha), actions)
        for alpha in (0.02, 0.1, 0.2, 0.5, 1.0)
        for actions in ((1.0, 2.0) if alpha < 1 else (1.0,))
        for steps, episodes in amounts
    )


def _counted(amount: float) -> float:
    return amount if math.isinf(amount) else float(math.ceil(amount))


FAULTS = (
    Fault(
        "truncation ends",
        "where an episode is cut off it does not bootstrap from what would follow: do so where "
        "truncated, from the final observation, by gamma^k after k steps",
        _truncation,
        ("n", "bootstraps", "from reset"),
        (
            (1.0, 0.0, 0.0),
            (1.0, 1.0, 1.0),
            *((float(n), kept, 0.0) for n in (2, 3, 5, 10) for kept in (0.0, 1.0)),
        ),
    ),
    Fault(
        "termination not masked",
        "the value after the end is not masked: do not bootstrap where terminated",
        _unmasked,
    ),
    Fault(
        "learns through autoreset",
        "the steps on which a vector environment resets itself are learnt from: leave them out",
        _autoreset,
    ),
    Fault("gamma twice", "gamma is applied twice per step: discount each target only once", _twice),
    Fault(
        "gamma never applied",
        "gamma is not applied, as if it were 1: multiply what is bootstrapped by it",
        _never,
        ("bootstraps where cut off",),
        ((1.0,), (0.0,)),
    ),
    Fault(
        "n-step discounted once",
        "what follows an n-step return is discounted by gamma instead of gamma^n",
        _n_step,
        ("n",),
        tuple((float(n),) for n in range(2, 33)),
    ),
    Fault(
        "rewards clipped",
        "rewards are clipped to [-1, 1]: scale them instead, or leave them as they are",
        _clipped,
    ),
    Fault(
        "sign clipping",
        "any positive reward counts 1: learn from rewards, not from their signs",
        _signs,
    ),
    Fault(
        "rewards normalised",
        "the mean reward is subtracted from rewards, which makes time itself cost: only divide",
        _normalised,
        ("near share",),
        tuple((q,) for q in np.linspace(0.02, 0.98, 97).tolist()),
    ),
    Fault(
        "average reward",
        "it maximises reward per step, not discounted reward: discount, and drop the average",
        _average,
        ("restarts where cut off",),
        ((1.0,), (0.0,)),
    ),
    Fault(
        "frame skip",
        "gamma counts decisions of k steps, not steps: use gamma^k",
        _skipped,
        ("k", "skipped states known"),
        tuple((float(k), known) for k in range(2, 17) for known in (0.0, 1.0)),
    ),
    Fault(
        "under-training",
        "rewards far away have not come back yet: train longer",
        _under_trained,
        ("step size", "steps", "episodes", "actions"),
        _training_grid(),
    ),
)
"""The faults that a probe considers."""
