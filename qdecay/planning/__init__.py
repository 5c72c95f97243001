r"""Planning: the optimal values of a finite MDP at one gamma, each with a proven error bound.

The Bellman operator of a finite MDP is T v(s) = max_a [r(s, a) + gamma * sum_t p(s, a, t) v(t)],
where terminated transitions contribute no v(t). Let h bound the expected discounted number of
steps that any policy takes before it ends: h = 1 / (1 - gamma) for gamma < 1. If |T v - v| <= d in
every state, then T v <= v + d, and, T being monotone, T^k v <= v + d * (1 + gamma + ...) counted
over the steps still alive, so that

    |v - v*| <= d * h    in every state

(Puterman, Markov Decision Processes, 2005, section 6.3, with h in place of 1 / (1 - gamma)). Only
the steps of policies that may be optimal need to be counted (`certificate`), so the bound also
holds at gamma = 1, wherever the optimal gain is 0 (`total`), and stays small near 1 where episodes
are shorter than 1 / (1 - gamma). The bounds count rounding: a row of k terms, each of size m, is
computed with an error of at most (2 k + 5) * eps * m; see `table.Table`.

Every solver here ends with one full sweep, which is the proof; how v was found does not matter.
Where rewards never end, `average_reward` has the optimal reward per step.
"""

from qdecay.planning.average import AverageReward, average_reward
from qdecay.planning.distributed import distributed_values
from qdecay.planning.evaluation import Evaluation, evaluate_policy
from qdecay.planning.gammas import GammaSweep, value_over_gammas
from qdecay.planning.optimal import (
    modified_policy_iteration,
    optimal_values,
    policy_iteration,
    value_iteration,
)
from qdecay.planning.problem import Solution

__all__ = [
    "AverageReward",
    "Evaluation",
    "GammaSweep",
    "Solution",
    "average_reward",
    "distributed_values",
    "evaluate_policy",
    "modified_policy_iteration",
    "optimal_values",
    "policy_iteration",
    "value_iteration",
    "value_over_gammas",
]
