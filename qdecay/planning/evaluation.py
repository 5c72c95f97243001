"""The values of one policy, by sparse direct or Krylov solves, with a proven error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from qdecay._support.checks import RealLike, choice
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_finite_mdp
from qdecay.model.info import ModelInfo
from qdecay.planning.compiled.loops import AT_FLOOR
from qdecay.planning.direct import direct
from qdecay.planning.exact_rows import Exact, Row, exact_rows
from qdecay.planning.horizon import discounted_steps
from qdecay.planning.problem import Iteration, StateValues, checked
from qdecay.planning.table import Table
from qdecay.planning.total import TotalIteration, TotalModel


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(StateValues):
    """The values of a policy at one gamma.

    Attributes:
        gamma: the discount factor.
        v: values in reward units, shape (S,).
        error: |v - v_policy| <= error in every state.
    """

    SCHEMA: ClassVar[str] = "qdecay.evaluation/1"


def evaluate_policy(
    problem: Problem,
    policy: ArrayLike,
    gamma: RealLike,
    *,
    method: Literal["direct", "krylov"] = "direct",
    tol: RealLike | None = 1e-8,
    max_sweeps: int = 1_000_000,
) -> Evaluation:
    """Return the solution of v = r_policy + gamma P_policy v, to a proven error.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts.
        policy: an action per state, shape (S,), whole numbers; or the probability of each action,
            shape (S, A). Entries for states without actions are ignored.
        gamma: discount factor, 0 <= gamma <= 1; gamma = 1 requires the policy's gain to be 0 in
            every state: it neither gains nor loses for ever.
        method: "direct" is a sparse LU factorisation (SuperLU), whose fill grows fast with the size
            of models other than chains or grids; "krylov" is BiCGSTAB between Gauss-Seidel sweeps,
            which needs no more memory than the policy's rows.
        tol: largest accepted error, in reward units; None means down to rounding.
        max_sweeps: sweeps before "krylov" gives up.

    Raises:
        ValueError: an argument is outside its range, the policy takes an unavailable action, or
            gamma = 1 and it gains or loses for ever in a state, which the message names.
        NotConverged: max_sweeps ran out, or rounding forbids tol; `best` is a `Solution` of the
            model that has the policy's one action.
    """
    gamma, tol, max_sweeps = checked(gamma, tol, max_sweeps, "max_sweeps")
    choice(method, "method", ("direct", "krylov"))
    mdp = as_finite_mdp(problem)
    weights, info = _weights(mdp, policy), ModelInfo.of(mdp)
    work = _iteration(mdp, weights, gamma, replace(info, action_names=None))
    if method == "direct":
        work.prove(direct(*work.table.only_action(), gamma))
        work.certify(tol)
        status = AT_FLOOR
    else:
        status = work.accelerate(tol, max_sweeps)
    found = work.finish(status, tol, max_sweeps)
    return Evaluation(work.gamma, found.v, found.error, info=info)


def _iteration(
    mdp: FiniteMDP, weights: sparse.csr_matrix, gamma: float, info: ModelInfo
) -> Iteration:
    """The problem of finding the values of the policy: the model that has only its action."""
    named, own = mdp, mdp.n_states
    mdp, weights = mdp.unrolled(), _waiting(mdp, weights)
    table = one_action(mdp, weights)
    if gamma < 1:
        steps, rows = discounted_steps(gamma), partial(_exact_rows, mdp, weights)
        return Iteration(table, gamma, steps, info=info, exact=rows, own=own)
    exact = _exact_rows(mdp, weights)
    size = weights @ np.abs(np.where(mdp.available, mdp.r, 0.0)).ravel()
    for s in np.flatnonzero(np.abs(table.model.r[:, 0]) < 1e-12 * size).tolist():
        table.model.r[s, 0] = float(exact(s, 0)[0])  # 0 where its parts cancel
    return TotalIteration(TotalModel.of(table, exact, named, one=True), info=info, own=own)


def _waiting(mdp: FiniteMDP, weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """The policy's weights in the model that is written out step by step, where it waits."""
    world = mdp.unrolled()
    waits = np.arange(mdp.n_states, world.n_states)
    own = weights.tocoo()
    rows, columns = np.append(own.row, waits), np.append(own.col, waits * mdp.n_actions)
    entries = (np.append(own.data, np.ones(len(waits))), (rows, columns))
    return sparse.csr_matrix(entries, shape=(world.n_states, world.n_states * mdp.n_actions))


def _exact_rows(mdp: FiniteMDP, weights: sparse.csr_matrix) -> Exact:
    """The exact reward and probabilities of the policy in a state, as `exact_rows`."""
    of_action = exact_rows(mdp)

    def row(s: int, _: int) -> Row:
        span = slice(*weights.indptr[s : s + 2])
        parts = [Fraction(x) for x in weights.data[span].tolist()]
        reward, onward = Fraction(0), dict[int, Fraction]()
        for pair, part in zip(weights.indices[span].tolist(), parts, strict=True):
            own, chances = of_action(*divmod(pair, mdp.n_actions))
            share = part / sum(parts)
            reward += share * own
            for t, chance in chances.items():
                onward[t] = onward.get(t, Fraction(0)) + share * chance
        return reward, onward

    return row


def one_action(mdp: FiniteMDP, weights: sparse.csr_matrix) -> Table:
    """The model in which the policy is the only action."""
    alive: NDArray[np.bool_] = np.asarray(mdp.available.any(axis=1))
    r = weights @ np.where(mdp.available, mdp.r, 0.0).ravel()
    p = sparse.csr_matrix(weights @ mdp.p)
    p.sort_indices()
    ends = (weights @ mdp.ends.ravel().astype(np.float64)) > 0
    return Table.of(p, np.where(alive, r, np.nan)[:, None], ends=ends[:, None])


def _weights(mdp: FiniteMDP, policy: ArrayLike) -> sparse.csr_matrix:
    """The policy as probabilities of (state, action) pairs, shape (S, S * A)."""
    given = np.asarray(policy)
    shape = (mdp.n_states, mdp.n_actions)
    if given.shape == shape[:1] and np.issubdtype(given.dtype, np.integer):
        if not ((given >= 0) & (given < mdp.n_actions)).all():
            raise ValueError(f"policy must hold actions in 0..{mdp.n_actions - 1}")
        states = np.arange(mdp.n_states)
        columns, weights = states * mdp.n_actions + given, np.ones(mdp.n_states)
    elif given.shape == shape and np.issubdtype(given.dtype, np.number):
        states, actions = np.nonzero(given)
        columns, weights = states * mdp.n_actions + actions, given[states, actions]
        _check_probabilities(given.astype(np.float64))
    else:
        raise ValueError(
            f"policy must be {shape[0]} actions or probabilities of shape {shape}, got shape "
            f"{given.shape} of {given.dtype}"
        )
    alive = np.asarray(mdp.available.any(axis=1))[states]
    wrong = alive & ~mdp.available.ravel()[columns]
    if wrong.any():
        s, a = divmod(int(columns[wrong][0]), mdp.n_actions)
        raise ValueError(
            f"policy takes action {mdp.action_name(a)} in state {mdp.state_name(s)}, "
            f"where it is not available"
        )
    entries = (weights[alive].astype(np.float64), (states[alive], columns[alive]))
    return sparse.csr_matrix(entries, shape=(mdp.n_states, mdp.n_states * mdp.n_actions))


def _check_probabilities(given: NDArray[np.float64]) -> None:
    sums = given.sum(axis=1)
    if not ((given >= 0).all() and np.allclose(sums, 1, rtol=0, atol=1e-12)):
        raise ValueError("policy must hold probabilities: each >= 0, each state's summing to 1")
