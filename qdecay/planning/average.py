r"""The average reward: the optimal gain of any finite MDP, and a policy that attains it.

A policy earns g(s) per step in the long run from s, its gain, and its discounted values are g /
(1 - gamma) + h + o(1) as gamma -> 1, with h its bias. Once its episode has ended, it earns nothing
more.

The optimal gain. Staying in a maximal end component earns at most its own gain, which `gains`
bounds. Each component is collapsed (`quotient`) to one state, which may stay for that gain or
leave. Then every policy ends, and the best expected gain is a total, which `certificate` bounds.

The policy's gain and bias solve g = P g and h = r - g + P h, with an average of h, over the steps
spent in each recurrent class, of 0. Let z be a state of each class, W the largest expected number
of steps within a class to its z, and U that of steps on transient states. For any g, constant on
classes, and h, with residuals |P g - g| <= a, |r - g + P h - h| <= d, and any k with |h + P k - k|
<= m on the classes,

    |g_pi - g| <= d + a U,    |h_pi - h| <= m + 4 d W + (2 d + a U) U.

On a class, averaging the residual of h gives |g_pi - g| <= d, and that of k gives |average of h|
<= m. The error x of h satisfies |x - P x| <= 2 d, hence |x - x(z)| <= 2 d W, and its average is
that of -h: |x| <= m + 4 d W. On transient states both errors grow by their residuals over U steps.

Sources: Puterman, Markov Decision Processes (2005), chapters 8 and 9; de Alfaro (1997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.checks import RealLike, count, real
from qdecay._support.one_line import one_line
from qdecay._support.result import counted, frame
from qdecay.errors import NotConverged
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_finite_mdp
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.planning.compiled.loops import OUT_OF_SWEEPS
from qdecay.planning.direct import direct
from qdecay.planning.gains import PATIENCE, SOLVED, Gains, gains, proven
from qdecay.planning.horizon import most_steps
from qdecay.planning.problem import Iteration
from qdecay.planning.quotient import Components, collapsed
from qdecay.planning.table import Table, table_of

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]

_SWEEPS = 20_000


@dataclass(frozen=True, eq=False, repr=False)
class AverageReward(ModelResult):
    """The optimal gain of every state, and a policy with its bias.

    Attributes:
        gain: the optimal reward per step in the long run, shape (S,); 0 where it is best to end the
            episode.
        gain_error: |gain - g*| <= gain_error in every state; the gain of `policy` is as close.
        bias: what `policy` earns beyond its gain, in reward units, shape (S,); its average over the
            steps spent in each recurrent class is 0.
        bias_error: the largest error of any entry of `bias`.
        policy: an action per state, shape (S,).
        sweeps: passes over all states that found the policy.
    """

    SCHEMA: ClassVar[str] = "qdecay.average-reward/1"

    gain: Numbers
    gain_error: float
    bias: Numbers
    bias_error: float
    policy: NDArray[np.int64]
    sweeps: int

    def _shown(self) -> str:
        name = one_line(self.name) if self.name else counted(len(self.gain), "state")
        start = self.info.start
        known = "" if start is None else f"{self.gain[start]:.6g} a step from the start, "
        return f"{name}: {known}error {self.gain_error:.2g}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per state: its gain, its bias and the policy's action."""
        states = self._states(range(len(self.gain)))
        table = frame({"gain": self.gain, "bias": self.bias}, state=states)
        return table.assign(action=self._actions(self.policy))


def average_reward(
    problem: Problem, *, tol: RealLike = 1e-8, max_sweeps: int = 1_000_000
) -> AverageReward:
    """Return the optimal gain of every state, to a proven error, and a policy that attains it.

    Any finite model will do: multichain, periodic, with transient states, with episodes that end.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts.
        tol: largest accepted error of the gain, in reward units per step; > 0.
        max_sweeps: sweeps before giving up; >= 1.

    Raises:
        ValueError: an argument is outside its range.
        NotConverged: max_sweeps ran out, or rounding forbids tol; `best` is the `AverageReward`
            found, with its errors.
    """
    tol, max_sweeps = real(tol, "tol", "> 0"), count(max_sweeps, "max_sweeps")
    mdp = as_finite_mdp(problem)
    table = table_of(mdp.unrolled())
    parts = Components.of(table, table.available)
    inner = _gains(table, parts, tol, max_sweeps)
    found = _found(mdp, table, parts, inner, tol, max_sweeps)
    if parts.count and tol < found.gain_error < math.inf:
        # Where values mix slowly, the policy's bias gives a narrower bound than the sweeps.
        inner = _narrowed(inner, proven(table, parts, table.model.r, inner.low, found.bias))
        found = _found(mdp, table, parts, inner, tol, max_sweeps)
    own = {name: getattr(found, name)[: mdp.n_states] for name in ("gain", "bias", "policy")}
    found = replace(found, **own)
    if found.gain_error == math.inf:
        raise NotConverged("floats prove nothing: some states are left too rarely", found)
    if not found.gain_error <= tol:
        raise NotConverged(
            f"the gain is proven to {found.gain_error:.3g} only, tol = {tol:g}: raise max_sweeps, "
            f"or tol if rounding allows no less",
            found,
        )
    return found


def _found(
    mdp: FiniteMDP, table: Table, parts: Components, inner: Gains, tol: float, max_sweeps: int
) -> AverageReward:
    """The gain of the model from those of its components, and what its policy earns.

    For the states of the table, including waiting states.
    """
    middle, off = (inner.low + inner.high) / 2, float((inner.high - inner.low).max(initial=0) / 2)
    free = np.where(table.available, 0.0, np.nan)
    quotient = collapsed(table, parts, free, middle)
    work = Iteration(quotient.table, 1.0, math.inf)
    work.accelerate(tol / 4, max_sweeps)
    nodes, error = work.solution(), work.error + off
    policy = quotient.unfolded(nodes.policy, table, parts.pairs, inner.policy)
    own = _gain_and_bias(*_rows(mdp.unrolled(), policy))
    apart = float(np.abs(own.gain - nodes.v[quotient.node]).max())
    return AverageReward(
        own.gain,
        max(apart + error, own.gain_error),
        own.bias,
        own.bias_error,
        policy,
        inner.sweeps + work.sweeps,
        info=ModelInfo.of(mdp),
    )


def _narrowed(one: Gains, two: Gains) -> Gains:
    """The narrower bounds and their policy, for all components together."""
    closer = (two.high - two.low).max() < (one.high - one.low).max()
    return replace(two, sweeps=one.sweeps + 1) if closer else one


def _gains(table: Table, parts: Components, tol: float, max_sweeps: int) -> Gains:
    if parts.count:
        return gains(table, parts, table.model.r, tol / 2, max_sweeps)
    none = np.zeros(len(parts.label), dtype=np.int64)
    return Gains(np.zeros(0), np.zeros(0), np.zeros(len(none)), none, 0)


@dataclass(frozen=True)
class _Worth:
    """A policy's gain and bias, shape (S,), and their errors."""

    gain: Numbers
    bias: Numbers
    gain_error: float
    bias_error: float


def _rows(mdp: FiniteMDP, policy: NDArray[np.int64]) -> tuple[sparse.csr_matrix, Numbers, Table]:
    """The policy's rows (S, S), its rewards (S,), and the model that has only its actions."""
    pairs = np.arange(mdp.n_states) * mdp.n_actions + policy
    p, r = mdp.p[pairs], mdp.r.ravel()[pairs]
    ends = mdp.ends.ravel()[pairs]
    return p, np.nan_to_num(r), Table.of(p, r[:, None], ends=ends[:, None])


def _gain_and_bias(p: sparse.csr_matrix, r: Numbers, table: Table) -> _Worth:
    """The gain and bias of a chain with these rows and rewards; see the module."""
    chain = _Chain(p, r, table)
    if not np.isfinite(chain.steps).all():  # some states are left less often than floats can tell
        return _Worth(np.zeros(len(r)), np.zeros(len(r)), math.inf, math.inf)
    own, _ = chain.averages(r)
    gain = chain.entered(own)
    _, h = chain.averages(np.where(table.available[:, 0], r - gain, 0.0))
    mean, _ = chain.averages(h)
    return chain.proven(gain, h - chain.entered(mean))


def _times(residual: float, steps: float) -> float:
    return residual * steps if residual > 0 else 0.0  # steps may be inf


class _Chain:
    """The chain of a policy.

    Attributes:
        classes: its recurrent classes, and `inside` whether a state is in one.
        references: a state of each class, the one that is entered most.
        table: the chain without what enters the references; all states leave it in the end.
        steps: how many steps that takes, shape (S,).
    """

    def __init__(self, p: sparse.csr_matrix, r: Numbers, table: Table) -> None:
        self.p, self.r, self.whole = p, r, table
        self.classes = Components.of(table, table.available)
        self.inside = self.classes.label >= 0
        order = np.lexsort((-np.asarray(p.sum(axis=0)).ravel(), self.classes.label))
        first = np.searchsorted(self.classes.label[order], np.arange(self.classes.count))
        self.references = order[first]
        kept = np.ones(p.shape[0])
        kept[self.references] = 0.0
        rest = sparse.csr_matrix(p @ sparse.diags(kept))
        rest.eliminate_zeros()
        rest.sort_indices()
        enters = np.diff(p[:, self.references].indptr) > 0
        self.table = Table.of(rest, table.model.r, ends=table.ends | enters[:, None])
        self.steps = self.passage(np.ones(len(r)))

    def passage(self, y: Numbers) -> Numbers:
        """The total of y until a reference is entered or the episode ends, shape (S,)."""
        y = np.where(self.table.available, y[:, None], np.nan)
        work = Iteration(self.table.with_rewards(y), 1.0, math.inf)
        is_small = len(y) <= SOLVED
        status = work.accelerate(None, PATIENCE if is_small else _SWEEPS)
        if is_small and status == OUT_OF_SWEEPS:
            return direct(self.table.p, np.nan_to_num(y[:, 0]), 1.0)
        v: Numbers = work.values.v
        return v

    def averages(self, y: Numbers) -> tuple[Numbers, Numbers]:
        """The average of y over each class, and x = y - average + P x, 0 at the references."""
        z = self.references
        first = self.passage(y)[z] / self.steps[z]
        x = self.passage(y - self.at(first))  # small numbers, so that little is rounded
        more = x[z] / self.steps[z]
        return first + more, x - self.at(more) * self.steps

    def at(self, values: Numbers) -> Numbers:
        """The value of each state's class, 0 outside, shape (S,)."""
        return np.append(values, 0.0)[self.classes.label]

    def entered(self, values: Numbers) -> Numbers:
        """The expected value of the class that is entered in the end, shape (S,)."""
        onward = self.passage(self.p[:, self.references] @ values)
        return np.where(self.inside, self.at(values), onward)

    def proven(self, gain: Numbers, h: Numbers) -> _Worth:
        """A gain, constant on classes, and a bias, with their proven errors."""
        p, slack, inside = self.p, self.whole.slack, self.inside
        _, k = self.averages(np.where(inside, h, 0.0))
        largest = float(np.abs(gain).max())
        noise = 2 * slack * (self.whole.reward_size + largest + 2 * np.abs(h).max())
        a = float(np.abs(p @ gain - gain)[~inside].max(initial=0)) + 2 * slack * largest
        d = float(np.abs(self.r - gain + p @ h - h).max(initial=0) + noise)
        noise += 4 * slack * np.abs(k).max()
        m = float(np.abs(h + p @ k - k)[inside].max(initial=0) + noise)
        w, u = self.most_steps(inside), self.most_steps(~inside)
        gain_error = d + _times(a, u)
        return _Worth(gain, h, gain_error, m + 4 * _times(d, w) + _times(d + gain_error, u))

    def most_steps(self, states: NDArray[np.bool_]) -> float:
        """A bound on the expected steps until a reference, the end, or other states than these."""
        found = most_steps(self.table, 1.0, self.table.available & states[:, None])
        return math.inf if math.isnan(found) else found
