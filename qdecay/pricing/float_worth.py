"""What policies are worth, in floats with proven errors, for models too large for exact values.

The states that the candidate actions reach from the starts form a model of their own. Its optimal
values are what the best candidate policies earn; those with negated rewards, what the worst earn.
At gamma = 1 a state may lose for ever under every candidate: totals are then over the policies that
avoid such states, or -inf where the start cannot avoid them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from sys import float_info

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.errors import NotConverged
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.steps import Steps
from qdecay.model.base import FiniteMDP
from qdecay.model.float_mdp import FloatMDP
from qdecay.planning import average_reward
from qdecay.planning.exact_rows import Row
from qdecay.planning.horizon import discounted_steps
from qdecay.planning.problem import Iteration
from qdecay.planning.table import Table
from qdecay.planning.total import TotalIteration, TotalModel
from qdecay.pricing.judge import Judge
from qdecay.pricing.worth import Worth, Worths
from qdecay_envs.rational import nearest_float

_SWEEPS = 1_000_000
_GAIN = 1e-10  # requested error, relative to the largest reward; rounding may not allow it

Numbers = NDArray[np.float64]


class FloatWorths(Worths):
    """A model, exact or of floats, a judge and where episodes begin; see `Worths`."""

    def __init__(
        self,
        mdp: FiniteMDP,
        model: RationalModel,
        judge: Judge,
        starts: Mapping[int, Fraction],
        deadline: Deadline,
    ) -> None:
        """`model` has the numbers of `mdp`; the rest is as in `Worths`."""
        super().__init__(model, judge, starts, deadline)
        if isinstance(mdp, FloatMDP):  # whose rows sum to 1 only within rounding
            ends = mdp.unrolled().ends
            acts = zip(model.pair_state.tolist(), model.actions, strict=True)
            self._ends = np.array([a[0] < 0 or bool(ends[s, a[0]]) for s, a in acts])
        else:
            self._ends = np.isin(np.arange(model.n_pairs), sorted(model.ending))

    def most(self) -> Worth:
        """Return the most that any policy earns.

        Raises:
            ValueError: it is infinite.
        """
        found = self.with_a_clock()
        if not math.isfinite(found.value):
            raise ValueError(
                "the best total is infinite: judge by average, by steps:T or a discount factor"
            )
        return found

    def gains(self) -> Iterator[Fraction]:
        """Yield the optimal gain of each start; 0 where it may be 0."""
        part = self._part(self._reached(self._model.pairs_of), 1)
        for gain in part.gain[part.starts].tolist():
            yield Fraction(gain) if abs(gain) > part.gain_error else Fraction(0)

    def _worth(self, pairs: tuple[int, ...], sign: int) -> Worth:
        if self.judge.steps is not None:
            return self._roughly(Steps(self._model, pairs), self.judge.steps, sign)
        part, gamma = self._part(pairs, sign), self.judge.gamma
        if gamma is not None:
            work = Iteration(part.table, float(gamma), discounted_steps(float(gamma)))
            return self._proven(part, work, sign)
        if self.judge.kind == "average":
            return self._mean_of(part, part.gain, part.gain_error, sign)
        return self._total(part, sign)

    def _part(self, pairs: tuple[int, ...], sign: int) -> Part:
        return Part(self._model, self._ends, pairs, sign, tuple(self._starts))

    def _total(self, part: Part, sign: int) -> Worth:
        """Return the total, without the pairs that lead to states that lose for ever, if there are
        any."""
        try:
            total = TotalModel.of(part.table, part.exact_row, part.mdp)
        except ValueError as error:
            starts = part.gain[part.starts]
            for side in (1, -1):
                if (side * starts > part.gain_error).any():
                    return Worth(side * sign * math.inf, None)
            kept = part.without(part.gain < -part.gain_error)
            if len(kept) == len(part.pairs):
                raise ValueError(
                    f"floats cannot tell whether a total is finite: {error}"
                ) from error
            return self._total(self._part(kept, sign), sign)
        return self._proven(part, TotalIteration(total), sign)

    def _proven(self, part: Part, work: Iteration, sign: int) -> Worth:
        work.begin()
        work.accelerate(None, _SWEEPS)
        found = work.solution()
        return self._mean_of(part, found.v, found.error, sign)

    def _mean_of(self, part: Part, values: Numbers, error: float, sign: int) -> Worth:
        """Return the mean over the starts, of the negated rewards where the sign is -1."""
        if not math.isfinite(error):
            raise ValueError("floats prove nothing about what this judge measures: try another")
        own = zip(self._starts.values(), values[part.starts].tolist(), strict=True)
        mean = sign * math.fsum(float(p) * value for p, value in own)
        size = float(np.abs(values[part.starts]).max())
        return Worth(mean, None, error + 4 * float_info.epsilon * size)


@dataclass(frozen=True, eq=False)
class Part:
    """The model of some pairs and the states they lead to.

    Attributes:
        model: the whole model.
        ending: which of its pairs may end the episode.
        pairs: in order; every state that they lead to has at least one.
        sign: what rewards are multiplied by.
        begins: the start states.
    """

    model: RationalModel
    ending: NDArray[np.bool_]
    pairs: Sequence[int]
    sign: int
    begins: tuple[int, ...]

    @cached_property
    def _states(self) -> NDArray[np.int64]:
        return np.unique(self.model.pair_state[list(self.pairs)])

    @cached_property
    def _place(self) -> NDArray[np.int64]:
        place = np.full(self.model.n, -1)
        place[self._states] = np.arange(len(self._states))
        return place

    @property
    def starts(self) -> NDArray[np.int64]:
        """The places of the start states."""
        return self._place[list(self.begins)]

    @cached_property
    def _pair_of(self) -> NDArray[np.int64]:
        """The pair of each state and action of the part, -1 where there is none, shape (S, A)."""
        owner = self._place[self.model.pair_state[list(self.pairs)]]
        first = np.searchsorted(owner, np.arange(len(self._states)))
        slot = np.arange(len(owner)) - first[owner]
        pair_of = np.full((len(self._states), int(slot.max()) + 1), -1)
        pair_of[owner, slot] = self.pairs
        return pair_of

    @cached_property
    def mdp(self) -> FloatMDP:
        """The model in floats, each the nearest one."""
        model, flat = self.model, self._pair_of.ravel()
        there = flat >= 0
        lengths = np.zeros(len(flat), dtype=np.int64)
        rows = model.p[flat[there]]
        lengths[there] = np.diff(rows.indptr)
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        shape = len(flat), len(self._states)
        p = type(rows)((rows.data, self._place[rows.indices], indptr), shape=shape)
        p.sort_indices()
        r, ends = np.full(len(flat), np.nan), np.zeros(len(flat))
        scale = model.reward_scale
        r[there] = [
            self.sign * nearest_float(Fraction(model.rewards[pair], scale))
            for pair in flat[there].tolist()
        ]
        left = 1 - np.asarray(p.sum(axis=1)).ravel()
        may_end = there & self.ending[flat]
        ends[may_end] = np.maximum(left[may_end], float_info.min)
        of_pairs = self._pair_of.shape
        return FloatMDP.from_sparse(p, r.reshape(of_pairs), ends=ends.reshape(of_pairs))

    @cached_property
    def table(self) -> Table:
        """The same model for the kernels, whose errors allow for numbers rounded once."""
        return Table.of(self.mdp.p, self.mdp.r, ends=self.mdp.ends)

    def exact_row(self, state: int, action: int) -> Row:
        """Return the exact reward and the continuing probabilities."""
        model, pair = self.model, int(self._pair_of[state, action])
        weights, whole = model.weights[pair], model.denominator
        total = whole if self.ending[pair] else sum(weights)
        targets = self._place[list(model.targets[pair])].tolist()
        chances = [Fraction(weight, total) for weight in weights]
        reward = Fraction(self.sign * model.rewards[pair], model.reward_scale)
        return reward, dict(zip(targets, chances, strict=True))

    @cached_property
    def _gains(self) -> tuple[Numbers, float]:
        size = max(float(np.nanmax(np.abs(self.mdp.r))), float_info.min)
        try:
            found = average_reward(self.mdp, tol=_GAIN * size, max_sweeps=_SWEEPS)
        except NotConverged as error:
            found = error.best
        return found.gain, found.gain_error

    @property
    def gain(self) -> Numbers:
        """The largest gain of each state, within `gain_error`."""
        return self._gains[0]

    @property
    def gain_error(self) -> float:
        """The largest error of any gain."""
        return self._gains[1]

    def without(self, lost: NDArray[np.bool_]) -> tuple[int, ...]:
        """Return the pairs that avoid these states, and those from which they are unavoidable."""
        flat, p = self._pair_of.ravel(), self.mdp.p
        while True:
            clear = (flat >= 0) & (p @ lost.astype(np.float64) == 0)
            clear &= ~np.repeat(lost, self._pair_of.shape[1])
            more = ~clear.reshape(self._pair_of.shape).any(axis=1)
            if not (more & ~lost).any():
                return tuple(flat[clear].tolist())
            lost = lost | more
