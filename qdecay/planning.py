r"""Value iteration and policy iteration, each answer with a proven error bound.

The Bellman operator of a finite MDP is T v(s) = max_a [r(s, a) + gamma * sum_t p(s, a, t) v(t)],
where terminated transitions contribute no v(t). Let h bound the expected discounted number of
steps that any policy takes before it ends: h = 1 / (1 - gamma) for gamma < 1. If |T v - v| <= d in
every state, then T v <= v + d, and, T being monotone, T^k v <= v + d * (1 + gamma + ...) counted
over the steps still alive, so that

    |v - v*| <= d * h    in every state

(Puterman, Markov Decision Processes, 2005, section 6.3, with h in place of 1 / (1 - gamma)).
For gamma = 1 the same holds with h the largest expected number of steps, finite exactly where
every policy ends (Bertsekas & Tsitsiklis 1991). The bounds count rounding: a row of k terms, each
of size m, is computed with an error of at most (k + 3) * eps * m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from qdecay.errors import NotConverged
from qdecay.mdp import MDP

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Solution:
    """Optimal values of an MDP at one gamma.

    Attributes:
        gamma: the discount factor.
        v: values in reward units, shape (S,).
        q: action values, shape (S, A); -inf where the action is unavailable.
        greedy: shape (S, A), true for every action that `error` does not prove worse than
            another: q >= max q - 2 * error. Ties are kept, so it holds every optimal action.
        error: |v - v*| <= error and |q - q*| <= error in every entry.
        sweeps: passes over all states that were made.
    """

    gamma: float
    v: NDArray[np.float64]
    q: NDArray[np.float64]
    greedy: NDArray[np.bool_]
    error: float
    sweeps: int

    @property
    def policy(self) -> NDArray[np.int64]:
        """The best action of every state, the lowest index among equals, shape (S,)."""
        best: NDArray[np.int64] = self.q.argmax(axis=1)
        return best


def value_iteration(
    mdp: MDP, gamma: float, *, tol: float | None = 1e-8, max_sweeps: int = 1_000_000
) -> Solution:
    """Return the optimal values by repeating v <- T v until |v - v*| <= tol is proven.

    Args:
        mdp: the model.
        gamma: discount factor per step, 0 <= gamma <= 1; 1 only where every policy ends.
        tol: largest error accepted, in reward units; > 0. None goes on until what a sweep
            changes is no more than what rounding may change.
        max_sweeps: sweeps before giving up; >= 1.

    Raises:
        ValueError: an argument is outside its range, or gamma = 1 and some policy never ends.
        NotConverged: max_sweeps ran out, or rounding forbids tol; `best` is the last Solution.
    """
    _check(gamma, tol, max_sweeps, "max_sweeps")
    operator = _Operator(mdp, gamma)
    v = np.zeros(mdp.n_states)
    best = math.inf
    stale = 0
    for sweep in range(1, max_sweeps + 1):
        q = operator.q(v)
        solution = operator.solution(v, q, sweep)
        floor = 2 * operator.rounding(v) * operator.horizon
        if solution.error <= (floor if tol is None else tol):
            return solution
        # The residual shrinks at least by gamma a sweep until only rounding is left.
        stale = stale + 1 if solution.error >= best else 0
        best = min(best, solution.error)
        if stale > operator.patience:
            raise NotConverged(
                f"rounding allows no error below {best:.3g} at gamma = {gamma}, "
                f"but tol = {tol} was asked for",
                solution,
            )
        v = q.max(axis=1)
    raise NotConverged(
        f"value iteration used its {max_sweeps} sweeps at gamma = {gamma} and reached the error "
        f"{solution.error:.3g}, tol = {tol}: raise max_sweeps or use policy_iteration",
        solution,
    )


def policy_iteration(
    mdp: MDP, gamma: float, *, tol: float = 1e-8, max_iterations: int = 1_000
) -> Solution:
    """Return the optimal values by solving (I - gamma P) v = r of ever better policies.

    Howard's iteration with sparse direct solves; an action is exchanged only for one that is
    better by more than rounding, so it ends. Arguments, bound and errors are those of
    `value_iteration`; `sweeps` counts policies.
    """
    _check(gamma, tol, max_iterations, "max_iterations")
    operator = _Operator(mdp, gamma)
    policy = operator.q(np.zeros(mdp.n_states)).argmax(axis=1)
    for iteration in range(1, max_iterations + 1):
        v = operator.evaluate(policy)
        q = operator.q(v)
        solution = operator.solution(v, q, iteration)
        current = q[np.arange(mdp.n_states), policy]
        better = q.max(axis=1) > current + operator.rounding(v)
        if not better.any():
            if solution.error <= tol:
                return solution
            raise NotConverged(
                f"rounding allows no error below {solution.error:.3g} at gamma = {gamma}, "
                f"but tol = {tol:g} was asked for",
                solution,
            )
        policy = np.where(better, q.argmax(axis=1), policy)
    raise NotConverged(f"policy iteration used its {max_iterations} policies", solution)


class _Operator:
    """The Bellman operator of one model at one gamma, with its rounding and its horizon."""

    def __init__(self, mdp: MDP, gamma: float) -> None:
        self.mdp = mdp
        self.gamma = float(gamma)
        # A state without actions keeps one of value 0; the others cannot be chosen.
        self._r = np.where(mdp.available, mdp.r, -np.inf)
        self._r[~mdp.available.any(axis=1), 0] = 0.0
        self._terms = int(np.diff(mdp.p.indptr).max(initial=0)) + 3
        self._reward_size = float(np.nanmax(np.abs(mdp.r), initial=0.0))
        self.horizon = 1 / (1 - self.gamma) if gamma < 1 else _longest_episode(mdp)
        # Sweeps without a smaller residual before it is rounding: at most S states pass on
        # a reward along a path, and the residual is constant meanwhile.
        self.patience = mdp.n_states + 10

    def q(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        onward: NDArray[np.float64] = (self.mdp.p @ v).reshape(self._r.shape)
        return self._r + self.gamma * onward

    def rounding(self, v: NDArray[np.float64]) -> float:
        """A bound on the rounding error of one entry of q(v)."""
        size = self._reward_size + self.gamma * float(np.abs(v).max(initial=0.0))
        return self._terms * _EPS * size

    def solution(self, v: NDArray[np.float64], q: NDArray[np.float64], sweeps: int) -> Solution:
        residual = float(np.abs(q.max(axis=1) - v).max()) + self.rounding(v)
        error = residual * self.horizon
        greedy = q >= (q.max(axis=1) - 2 * error)[:, None]
        return Solution(
            self.gamma,
            v,
            np.where(self.mdp.available, q, -np.inf),
            greedy & self.mdp.available,
            error,
            sweeps,
        )

    def evaluate(self, policy: NDArray[np.int64]) -> NDArray[np.float64]:
        states = np.arange(self.mdp.n_states)
        p = self.mdp.p[states * self.mdp.n_actions + policy]
        system = sparse.identity(len(states), format="csc") - self.gamma * p.tocsc()
        solved: NDArray[np.float64] = splu(system.tocsc()).solve(self._r[states, policy])
        return solved


def _longest_episode(mdp: MDP) -> float:
    """Return a bound on the expected steps of any policy before its end.

    w_k = 1 + max_a P w_{k-1} rises to the largest expectation. Once no entry rises by more than
    e < 1 any more, w_k / (1 - e) satisfies w >= 1 + max_a P w, hence bounds it; e = 1/2 here.
    """
    stay = _can_stay_for_ever(mdp)
    if stay.any():
        named = ", ".join(mdp.state_name(s) for s in np.flatnonzero(stay)[:5])
        raise ValueError(
            f"gamma = 1 needs a model where every policy ends, but a policy can stay for ever "
            f"in state(s) {named}: use gamma < 1"
        )
    alive = mdp.available.any(axis=1)
    steps = np.zeros(mdp.n_states)
    while True:
        onward = np.where(mdp.available, (mdp.p @ steps).reshape(mdp.available.shape), 0.0)
        longer = np.where(alive, 1 + onward.max(axis=1), 0.0)
        if float((longer - steps).max(initial=0.0)) <= 0.5:
            return 2 * float(longer.max(initial=0.0))
        steps = longer


def _can_stay_for_ever(mdp: MDP) -> NDArray[np.bool_]:
    """The largest set of states in which some policy stays with certainty, as flags (S,).

    Every policy ends exactly where that set is empty: a policy that does not end with
    probability 1 has a recurrent class, which is such a set.
    """
    stay = np.asarray(mdp.available.any(axis=1))
    pair = mdp.state * mdp.n_actions + mdp.action
    while True:
        leaves = np.zeros(mdp.available.size, dtype=np.bool_)
        leaves[pair[mdp.terminated | ~stay[mdp.next_state]]] = True
        remains = mdp.available & ~leaves.reshape(mdp.available.shape)
        kept = np.asarray(stay & remains.any(axis=1))
        if (kept == stay).all():
            return stay
        stay = kept


def _check(gamma: float, tol: float | None, budget: int, budget_name: str) -> None:
    if not 0 <= gamma <= 1:
        raise ValueError(f"gamma must be in [0, 1], got {gamma}")
    if tol is not None and not 0 < tol < math.inf:
        raise ValueError(f"tol must be a positive number, got {tol}")
    if budget < 1:
        raise ValueError(f"{budget_name} must be >= 1, got {budget}")
