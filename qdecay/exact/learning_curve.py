r"""What a tabular learner has learned after k episodes, exactly.

On a deterministic chain walked forwards from zero values, let Q_k(d) be the value after the k-th
walk of a state that is d steps before a reward of 1 (d = 0 pays it). A walk reaches that state
before the next one, so its update still uses the next one's old value:

    Q_k(0) = (1 - alpha_k) Q_{k-1}(0) + alpha_k
    Q_k(d) = (1 - alpha_k) Q_{k-1}(d) + alpha_k gamma Q_{k-1}(d - 1),    Q_0 = 0.

Let S_k be the number of successes in k independent trials with probabilities alpha_1, ...,
alpha_k. Conditioning on the last trial gives P[S_k >= d+1] = (1 - alpha_k) P[S_{k-1} >= d+1] +
alpha_k P[S_{k-1} >= d], the same recursion, hence

    Q_k(d) = gamma**d * B_k(d),    B_k(d) = P[S_k >= d + 1].

B_k(d) is the share of the reward that has *arrived*: a binomial tail for constant alpha, a
Poisson-binomial one for a schedule. Q is linear in the rewards, so a branch is worth
sum_d r_d B_k(d) gamma**d to the learner, and it flips at the break-even gamma of the streams
r_d B_k(d). For one reward r at delay m against R at delay n,

    gamma_k = gamma* (B_k(m) / B_k(n))**(1 / (n - m)) >= gamma*:

an under-trained learner acts as if it discounted more than configured. Step sizes i**-w need
about d**(1/(1-w)) walks for a distance d, 1/i exponentially many (Even-Dar & Mansour, JMLR 2003).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from flint import arb, ctx, fmpq

from qdecay._support.checks import exact, whole
from qdecay._support.result import Result, shown_list
from qdecay.exact.break_even import BreakEven, break_even
from qdecay.model.door import Problem, as_chain_env
from qdecay_envs.chain import ChainEnv
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import RationalLike, rational

StepSizes = RationalLike | Callable[[int], RationalLike]


@dataclass(frozen=True, eq=False, repr=False)
class LearningCurve(Result):
    """What has been learned about each branch of a layout after a number of walks.

    Attributes:
        layout: the chain; its ending is `terminate`.
        walks: how often each branch was walked.
        arrived: for each branch and each of its rewards, the share B_k(d) that has arrived.
    """

    SCHEMA: ClassVar[str] = "qdecay.learning-curve/1"

    layout: ChainLayout
    walks: tuple[int, ...]
    arrived: tuple[tuple[Fraction, ...], ...]

    def _shown(self) -> str:
        known = [
            f"{name} {float(shares[-1]):.4g} after {count:,} walks"
            for (name, _), shares, count in zip(
                self.layout.branches, self.arrived, self.walks, strict=True
            )
        ]
        return f"of the last reward arrived: {shown_list(known)}"

    @property
    def known(self) -> ChainLayout:
        """The layout as the learner sees it: every reward times the share that has arrived."""
        branches = tuple(
            (name, tuple(r * share for r, share in zip(stream, shares, strict=True)))
            for (name, stream), shares in zip(self.layout.branches, self.arrived, strict=True)
        )
        return ChainLayout(branches, "terminate")

    def value(self, branch: int, gamma: RationalLike) -> Fraction:
        """Return the learned value Q(start, branch) at an exact gamma, in reward units."""
        g = rational(gamma, "gamma")
        branch = whole(branch, "branch", 0, len(self.walks) - 1)
        value = Fraction(0)
        for r in reversed(self.known.branches[branch][1]):
            value = r + g * value
        return value

    def break_even(self) -> BreakEven:
        """Return the gammas at which the under-trained learner flips, exactly."""
        return break_even(self.known)


def learning_curve(problem: Problem, alpha: StepSizes, walks: int | Sequence[int]) -> LearningCurve:
    """Return what Q-learning from zero values knows after walking each branch k times.

    Q-learning, SARSA and Expected SARSA agree here: nothing is chosen in a corridor.

    Args:
        problem: a chain with the ending `terminate`, in which nothing is random or leads back: a
            layout, an environment, or the id or path of one.
        alpha: the step size, an exact number in [0, 1], or a function from the number of the walk,
            1, 2, ..., to such a number.
        walks: k >= 0: one number for all branches, or one for each.

    Raises:
        TypeError: the problem is not a chain, or alpha is a float.
        ValueError: an argument is outside its range, or the chain is not of this kind.

    >>> curve = learning_curve(ChainLayout.choice(stay=[1], move=[0, 0, 4]), "1/2", walks=3)
    >>> curve.arrived[1]
    (Fraction(7, 8), Fraction(1, 2), Fraction(1, 8))
    >>> curve.break_even().gammas        # 7/8 = 4/8 g^2 has no root below 1: it never moves
    ()
    """
    layout = problem if isinstance(problem, ChainLayout) else _layout(as_chain_env(problem))
    if layout.ending != "terminate":
        raise ValueError(f'the ending must be "terminate", got "{layout.ending}"')
    counts = _counts(walks, len(layout.branches))
    sizes = [_step_size(alpha, k) for k in range(1, max(counts) + 1)]
    arrived = tuple(
        tuple(_shares(sizes[:k], len(stream)))
        for k, (_, stream) in zip(counts, layout.branches, strict=True)
    )
    return LearningCurve(layout, counts, arrived)


def walks_until(
    share: RationalLike, distance: int, exponent: RationalLike = 1, max_walks: int = 100_000
) -> int:
    """Return how many walks bring `share` of a reward back by `distance` steps.

    The step sizes are i**-exponent; irrational ones are enclosed in balls (arb), so the count
    is proven.

    Args:
        share: in (0, 1).
        distance: d >= 0, in steps.
        exponent: w in [0, 1]; 1 gives 1/i.
        max_walks: the number of walks after which to give up.

    Raises:
        TypeError: share or exponent is a float.
        ValueError: an argument is outside its range, max_walks is not enough, or an irrational
            share is within 2**-1024 of `share`.

    >>> [walks_until("1/2", d) for d in (1, 2, 4, 6)]
    [2, 7, 57, 430]
    """
    wanted, w = exact(share, "share", "(0, 1)"), exact(exponent, "exponent", "[0, 1]")
    distance, max_walks = whole(distance, "distance", 0), whole(max_walks, "max_walks", 1)
    for precision in (128, 256, 512, 1024):
        with ctx.workprec(precision):
            walk, is_known = _first_walk(wanted, distance, w, max_walks)
        if is_known:
            return walk
    if w.denominator == 1:
        sizes = (Fraction(1, i**w.numerator) for i in range(1, walk + 1))
        if _shares(sizes, distance + 1)[-1] == wanted:
            return walk
    raise ValueError(
        f"walk {walk} brings back {share} to within 300 digits, perhaps more, perhaps less"
    )


def _first_walk(share: Fraction, distance: int, w: Fraction, max_walks: int) -> tuple[int, bool]:
    """Return the first walk whose ball of B_k(distance) is not below share, and whether it is
    above."""
    power, target = arb(fmpq(-w.numerator, w.denominator)), arb(fmpq(*share.as_integer_ratio()))
    sizes = (arb(i) ** power for i in range(1, max_walks + 1))
    for k, below in enumerate(_below(sizes, distance + 1, arb(1), arb(0)), start=1):
        arrived = 1 - sum(below, arb(0))
        if not arrived < target:
            return k, bool(arrived > target)
    raise ValueError(f"{max_walks} walks bring less than {share} back by {distance} steps")


def _shares(sizes: Iterable[Fraction], length: int) -> list[Fraction]:
    """B_k(0), ..., B_k(length - 1) after walks with the given step sizes."""
    below = [Fraction(1)] + [Fraction(0)] * (length - 1)
    for below in _below(sizes, length, Fraction(1), Fraction(0)):  # noqa: B007  # the last one
        pass
    return [1 - total for total in itertools.accumulate(below)]


def _below(sizes: Iterable[Any], length: int, one: Any, zero: Any) -> Iterator[list[Any]]:
    """After each trial, P[S = j] for j < length, in the given type of numbers."""
    chance = [one] + [zero] * (length - 1)
    for size in sizes:
        chance = [
            (1 - size) * chance[j] + (size * chance[j - 1] if j else zero) for j in range(length)
        ]
        yield chance


def _step_size(alpha: StepSizes, walk: int) -> Fraction:
    if callable(alpha):
        return exact(alpha(walk), f"alpha({walk})", "[0, 1]")
    return exact(alpha, "alpha", "[0, 1]")


def _layout(chain: ChainEnv) -> ChainLayout:
    if chain.slip or chain.escape or chain.reward_noise:
        raise ValueError("walks can be predicted without slip, escape and reward_noise only")
    return chain.layout


def _counts(walks: int | Sequence[int], n_branches: int) -> tuple[int, ...]:
    if not isinstance(walks, Sequence):
        return (whole(walks, "walks", 0),) * n_branches
    counts = tuple(whole(k, "each of walks", 0) for k in walks)
    if len(counts) != n_branches:
        raise ValueError(f"walks must be one number for all or {n_branches}, got {len(counts)}")
    return counts
