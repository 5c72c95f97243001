"""The optimal values of a model: one function per method."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from qdecay._support.checks import RealLike, choice, count
from qdecay.errors import NotConverged
from qdecay.model.door import Problem, as_finite_mdp
from qdecay.planning.compiled.loops import AT_FLOOR, OUT_OF_SWEEPS, gauss_seidel, synchronous
from qdecay.planning.compiled.prioritized import prioritized
from qdecay.planning.direct import direct
from qdecay.planning.problem import Solution, checked
from qdecay.planning.total import iteration

# Where values propagate through cycles, prioritized sweeps are slow: then try other methods.
_PATH_SWEEPS = 50

Method = Literal["auto", "synchronous", "gauss_seidel", "prioritized"]


def value_iteration(
    problem: Problem,
    gamma: RealLike,
    *,
    tol: RealLike | None = 1e-8,
    max_sweeps: int = 1_000_000,
    method: Method = "auto",
    initial: ArrayLike | None = None,
) -> Solution:
    """Return the optimal values by sweeps of v(s) <- max_a q(s, a) until |v - v*| <= tol is proven.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts.
        gamma: discount factor per step, 0 <= gamma <= 1; gamma = 1 requires the optimal gain to be
            0: no state gains or loses for ever (theory in `qdecay.planning.total`).
        tol: largest accepted error, in reward units; > 0. None continues until the changes of a
            sweep are within rounding.
        max_sweeps: sweeps before giving up; >= 1.
        method: "synchronous" computes each sweep from the values before it; "gauss_seidel" uses
            each new value immediately, going through the states forwards and backwards in turn;
            "prioritized" updates the state that may change most (S updates count as a sweep), which
            is fastest in mazes, where nothing is random and values come from few goals. "auto" is a
            few "gauss_seidel" sweeps and then "prioritized" where no action is random and episodes
            end, and "gauss_seidel" elsewhere.
        initial: the values to begin with, shape (S,); zeros by default, or, at gamma = 1 if some
            policy never ends, the values of one that does.

    Raises:
        ValueError: an argument is outside its range, or gamma = 1 and some state gains or loses for
            ever; the message names it.
        NotConverged: max_sweeps ran out, or rounding forbids tol; `best` is the last Solution.

    Source: Puterman, Markov Decision Processes (2005), sections 6.3.1 and 6.3.3.
    """
    gamma, tol, max_sweeps = checked(gamma, tol, max_sweeps, "max_sweeps")
    choice(method, "method", get_args(Method))
    mdp = as_finite_mdp(problem)
    work = iteration(mdp, gamma, initial)
    if initial is None:
        work.begin()
    if method == "synchronous":
        status = work.run(synchronous, tol, max_sweeps)
    elif method == "prioritized":
        status = work.run(prioritized, tol, max_sweeps, *work.table.queue())
    elif method == "auto" and work.table.certain and work.table.episodic:
        status = work.follow_paths(tol, max_sweeps)
    else:
        status = work.run(gauss_seidel, tol, max_sweeps, 0)
    return work.finish(status, tol, max_sweeps)


def modified_policy_iteration(
    problem: Problem,
    gamma: RealLike,
    *,
    tol: RealLike | None = 1e-8,
    max_sweeps: int = 1_000_000,
    evaluation_sweeps: int = 20,
    initial: ArrayLike | None = None,
) -> Solution:
    """Return the optimal values by Gauss-Seidel sweeps, each followed by sweeps of its policy.

    A sweep over one policy's rows costs 1 / A of a full one. Arguments, bound and errors are those
    of `value_iteration`; `evaluation_sweeps` >= 0 of these sweeps follow each full one. At gamma =
    1, if some policy never ends, it begins with the values of one that does: the policy that is
    greedy at `initial` if that ends.

    Source: Puterman & Shin, Modified policy iteration algorithms (1978).
    """
    gamma, tol, max_sweeps = checked(gamma, tol, max_sweeps, "max_sweeps")
    evaluation_sweeps = count(evaluation_sweeps, "evaluation_sweeps", least=0)
    mdp = as_finite_mdp(problem)
    work = iteration(mdp, gamma, initial)
    work.begin()
    status = work.run(gauss_seidel, tol, max_sweeps, evaluation_sweeps)
    return work.finish(status, tol, max_sweeps)


def optimal_values(
    problem: Problem,
    gamma: RealLike,
    *,
    tol: RealLike | None = 1e-8,
    max_sweeps: int = 1_000_000,
    initial: ArrayLike | None = None,
) -> Solution:
    """Return the optimal values by the fastest method for the model: inexact policy iteration.

    Each round adds to v an approximate solution x of (I - gamma P) x = T v - v, with P of the
    policy that is greedy at v. If no episode ends and values mix fast, x comes from plain sweeps
    and one shift of all values; otherwise from BiCGSTAB with a symmetric Gauss-Seidel
    preconditioner, between Gauss-Seidel sweeps of value iteration. Each round measures which of
    them is faster. If nothing is random and episodes end, prioritized sweeps of value iteration
    come first. Arguments, bound and errors are those of `modified_policy_iteration`.

    Sources: MacQueen (1966) for the shift; Gargiani et al., Inexact policy iteration methods
    (2023); Eisenstat (1981) for the preconditioner's cost; Moore & Atkeson (1993).
    """
    gamma, tol, max_sweeps = checked(gamma, tol, max_sweeps, "max_sweeps")
    mdp = as_finite_mdp(problem)
    work = iteration(mdp, gamma, initial)
    work.begin()
    status = OUT_OF_SWEEPS
    if work.table.certain and work.table.episodic:
        status = work.follow_paths(tol, min(max_sweeps, _PATH_SWEEPS))
    if status == OUT_OF_SWEEPS and work.sweeps < max_sweeps:
        status = work.accelerate(tol, max_sweeps)
    return work.finish(status, tol, max_sweeps)


def policy_iteration(
    problem: Problem,
    gamma: RealLike,
    *,
    tol: RealLike | None = 1e-8,
    max_iterations: int = 1_000,
    initial: ArrayLike | None = None,
) -> Solution:
    """Return the optimal values by solving (I - gamma P) v = r of ever better policies.

    Howard's iteration with sparse direct solves, from the policy that is greedy at `initial`; an
    action is only replaced by one that is better by more than rounding, so it terminates.
    Arguments, bound and errors are those of `modified_policy_iteration`; `sweeps` counts policies.
    """
    gamma, tol, max_iterations = checked(gamma, tol, max_iterations, "max_iterations")
    work = iteration(as_finite_mdp(problem), gamma, initial)
    p, r = work.table.p, np.nan_to_num(work.table.model.r)
    states, n_actions = np.arange(len(r)), r.shape[1]
    policy = work.first_policy()
    for policies in range(1, max_iterations + 1):
        v = direct(p[states * n_actions + policy], r[states, policy], work.gamma)
        rounding = work.prove(v)
        work.sweeps = policies
        q, best = work.values.q, work.values.policy.astype(np.int64)
        better = q[states, best] > q[states, policy] + 2 * rounding
        following = np.where(better, best, policy)
        if not better.any() or not work.sure(following):
            work.certify(tol)
            return work.finish(AT_FLOOR, tol, max_iterations)
        policy = following
    work.certify(tol)
    raise NotConverged(f"policy iteration used all its {max_iterations} policies", work.solution())
