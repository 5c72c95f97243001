r"""Break-even gammas: where two streams of rewards are worth the same, exactly.

A stream r_0, ..., r_(L-1) taken at the start is worth, with S(g) = sum_k r_k g**k,

    terminate   S(g)
    repeat      S(g) / (1 - g**L)                  (the choice is made again, for ever)
    absorb      S(g) + r_(L-1) g**L / (1 - g)      (the last reward on every later step)

Cleared of denominators that are positive on (0, 1), two values differ by a polynomial with
rational coefficients; its roots in (0, 1) are the break-even gammas. One reward r at delay m
against one reward R at delay n gives the well-known law g* = (r / R)**(1 / (n - m)).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline, time_limit
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import shown_list
from qdecay._support.shown import shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.walked import Turn
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.line import Parameter
from qdecay_envs.layout import ChainLayout, Ending

if TYPE_CHECKING:
    import sympy


Stream = tuple[Fraction, ...]


@dataclass(frozen=True, eq=False, repr=False)
class BreakEven(ModelResult):
    """The gammas in (0, 1) at which the best choice of a layout changes.

    Attributes:
        roots: where two branches are worth the same and no branch is worth more, in order.
        switches: for each root, whether the set of best branches differs on its two sides; if it
            does not, a branch ties at that gamma only (a touch).
        best: the set of best branches (indices) on each open interval between the roots, from 0 to
            1: one more entry than `roots`.
        between: a rational gamma in each of these intervals.

    Along a model line all of these are values of its parameter, between its ends.
    """

    SCHEMA: ClassVar[str] = "qdecay.break-even/1"

    roots: tuple[AlgebraicNumber, ...]
    switches: tuple[bool, ...]
    best: tuple[frozenset[int], ...]
    between: tuple[Fraction, ...]

    def _shown(self) -> str:
        ends = [shown_decimal(root, 4) for root in self.roots]
        parts = [
            f"{' or '.join(map(str, self._actions(sorted(best))))} up to {end}"
            for best, end in zip(self.best, [*ends, "1"], strict=True)
        ]
        return self._titled(shown_list(parts))

    @cached_property
    def gammas(self) -> tuple[sympy.Expr, ...]:
        """The roots as sympy numbers: a Rational, a radical if there is one, or a CRootOf."""
        return tuple(root.to_sympy() for root in self.roots)

    @property
    def switching(self) -> tuple[AlgebraicNumber, ...]:
        """The roots at which the best choice changes; at a touch it does not."""
        pairs = zip(self.roots, self.switches, strict=True)
        return tuple(root for root, switch in pairs if switch)

    @property
    def always_tied(self) -> bool:
        """Whether two or more branches are best, and tie, at every gamma."""
        return not self.roots and len(self.best[0]) > 1


def break_even(
    problem: Problem,
    state: int | str | None = None,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> BreakEven:
    """Return every break-even gamma at the start, or at another state, exactly.

    Args:
        problem: a layout, whose streams are compared; or a model, or anything that `qdecay.as_mdp`
            accepts, whose policy regions give the changes at that state.
        state: a state's number or name; None means the start.
        max_seconds, progress: as in `policy_regions`.

    Raises:
        ValueError: there is no such state, the model has no start, or max_seconds is out of range.
        BudgetExceeded: max_seconds ran out.

    >>> from qdecay_envs import ChainLayout
    >>> break_even(ChainLayout.choice(stay=[1], move=[0, 0, 4])).gammas
    (1/2,)
    >>> break_even(ChainLayout.choice(stay=[1], move=[0, 0, 0, 6])).gammas
    (6**(2/3)/6,)
    """
    deadline = Deadline(max_seconds)
    if isinstance(problem, ChainLayout) and state is None:
        with reporting(progress) as report, time_limit(deadline.max_seconds):
            report(Progress(0.0, 1.0, "points found: 0"))
            return _of_layout(problem)
    mdp = as_exact_mdp(problem)
    if state is None and mdp.start is None:
        raise ValueError("the model has no start state: give state, or MDP.from_rows a start")
    state = mdp.start if state is None else mdp.state_index(state)
    assert state is not None
    found = policy_regions(mdp, max_seconds=deadline.rest, progress=progress)
    return break_even_of(found, state)


def _of_layout(layout: ChainLayout) -> BreakEven:
    streams = [stream for _, stream in layout.branches]
    differences = {
        (i, j): difference(streams[j], streams[i], layout.ending)
        for i, j in itertools.combinations(range(len(streams)), 2)
    }
    candidates = sorted({root for p in differences.values() if any(p) for root in isolate_roots(p)})
    gammas = Parameter("gamma")
    points = _points_between(candidates, gammas)
    best = [_best_at(point, streams, layout.ending) for point in points]
    level = [_best_at_root(root, differences, len(streams)) for root in candidates]
    names = tuple(name for name, _ in layout.branches)
    return _assembled(candidates, best, level, ModelInfo(action_names=names), gammas)


def break_even_of(regions: PolicyRegions | LineRegions, state: int) -> BreakEven:
    """Return the gammas at which the best action of a state changes, from the regions.

    For a model line, return the values of its parameter.
    """
    points: list[Turn] = sorted(
        (*regions.breakpoints, *regions.touches), key=lambda point: point.number
    )
    seen = [point.number for point in points if state in point.changes]
    p = regions.parameter if isinstance(regions, LineRegions) else Parameter()

    def at(number: Fraction | AlgebraicNumber) -> frozenset[int]:
        return frozenset(regions.optimal_actions(number)[state])

    best = [at(point) for point in _points_between(seen, p)]
    return _assembled(seen, best, [at(number) for number in seen], regions.info, p)


def _assembled(
    roots: Sequence[AlgebraicNumber],
    best: Sequence[frozenset[int]],
    level: Sequence[frozenset[int]],
    info: ModelInfo,
    over: Parameter,
) -> BreakEven:
    """Keep the roots where the best set left, at, or right of it changes."""
    seen = [i for i in range(len(roots)) if not best[i] == best[i + 1] == level[i]]
    kept = [roots[i] for i in seen]
    sides = [0, *(i + 1 for i in seen)]
    return BreakEven(
        tuple(kept),
        tuple(best[i] != best[i + 1] for i in seen),
        tuple(best[i] for i in sides),
        tuple(_points_between(kept, over)),
        info=info,
    )


def difference(far: Sequence[Fraction], near: Sequence[Fraction], ending: Ending) -> list[int]:
    """Return value(far) - value(near) times a positive factor, as an integer polynomial.

    The constant term comes first. The factor is positive on (0, 1); a difference that is zero
    for every gamma gives a polynomial of zeros.

    >>> difference([Fraction(0), Fraction(3)], [Fraction(1)], "terminate")
    [-1, 3]
    """
    if ending == "repeat":
        length = max(len(far), len(near)) + min(len(far), len(near))
        total = _padded(far, length)
        for k, r in enumerate(near):
            total[k] -= r
            total[k + len(far)] += r
        for k, r in enumerate(far):
            total[k + len(near)] -= r
        total = list(itertools.accumulate(total))  # divides by 1 - g, exactly: total(1) = 0
    elif ending == "absorb":
        length = max(len(far), len(near)) + 1
        total = [
            a - b for a, b in zip(_absorbed(far, length), _absorbed(near, length), strict=True)
        ]
    else:
        length = max(len(far), len(near))
        total = [a - b for a, b in zip(_padded(far, length), _padded(near, length), strict=True)]
    scale = math.lcm(*(value.denominator for value in total))
    return [int(value * scale) for value in total]


def _padded(stream: Sequence[Fraction], length: int) -> list[Fraction]:
    return [*stream, *[Fraction(0)] * (length - len(stream))]


def _absorbed(stream: Sequence[Fraction], length: int) -> list[Fraction]:
    """(1 - g) times the value of a stream whose last reward is paid for ever."""
    return [
        b - a
        for a, b in itertools.pairwise(
            [Fraction(0), *stream, *[stream[-1]] * (length - len(stream))]
        )
    ]


def stream_value(stream: Sequence[Fraction], gamma: Fraction, ending: Ending) -> Fraction:
    """Return the exact value of always taking `stream` at the start, for 0 <= gamma < 1."""
    value = Fraction(0)
    for r in reversed(stream):
        value = r + gamma * value
    if ending == "repeat":
        return value / (1 - gamma ** len(stream))
    if ending == "absorb":
        return value + stream[-1] * gamma ** len(stream) / (1 - gamma)
    return value


def _best_at(gamma: Fraction, streams: Sequence[Stream], ending: Ending) -> frozenset[int]:
    values = [stream_value(stream, gamma, ending) for stream in streams]
    return frozenset(i for i, value in enumerate(values) if value == max(values))


def _best_at_root(
    root: AlgebraicNumber, differences: dict[tuple[int, int], list[int]], n_branches: int
) -> frozenset[int]:
    """The best branches at an algebraic gamma, by the signs of the differences there."""
    best = {0}
    for j in range(1, n_branches):
        sign = root.sign_of(differences[min(best), j])
        best = {j} if sign > 0 else best | {j} if sign == 0 else best
    return frozenset(best)


def _points_between(roots: Sequence[AlgebraicNumber], over: Parameter) -> list[Fraction]:
    """One rational in each open interval that the roots cut a range into."""
    ends = AlgebraicNumber.of(over.low), *roots, AlgebraicNumber.of(over.high)
    return [left.rational_below(right) for left, right in itertools.pairwise(ends)]
