"""The target of a learner that never stops exploring: the epsilon-soft model.

SARSA with a fixed epsilon learns the values of its own epsilon-greedy policy. In the model in which
every action is mixed with the uniform choice, a~ = (1 - epsilon) a + epsilon uniform, that policy
is greedy, so its break-even gammas are the exact ones of the mixed model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from qdecay._support.checks import RationalLike, exact
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP
from qdecay.model.rows import ExactRow


def epsilon_soft(problem: Problem, epsilon: RationalLike) -> MDP:
    """Return the model in which each action is replaced by a random one with probability epsilon.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts; unavailable actions stay
            unavailable, and the uniform choice is among the available ones.
        epsilon: exact, in [0, 1].

    Raises:
        TypeError: epsilon is a float.
        ValueError: epsilon is outside [0, 1].

    >>> from qdecay import ChainLayout
    >>> model = MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 4]))
    >>> soft = epsilon_soft(model, "1/2")
    >>> [str(p) for p in soft.exact_probability[:2]]
    ['3/4', '1/4']
    """
    mdp = as_exact_mdp(problem)
    share = exact(epsilon, "epsilon", "[0, 1]")
    return MDP.of(replace(mdp.rows(), rows=_rows(mdp, share), name=None, visits={}))


def _rows(mdp: MDP, share: Fraction) -> Iterator[ExactRow]:
    for state, taken, following, p, reward, *rest in mdp.rows():
        choices = mdp.available[state].nonzero()[0].tolist()
        for action in choices:
            weight = share / len(choices) + (1 - share if action == taken else 0)
            yield state, action, following, weight * p, reward, *rest
