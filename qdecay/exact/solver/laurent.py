"""The value of a policy near gamma = 1, exactly: its gain, its bias and the term after them.

With y = 1 - gamma, the value of a policy with transition matrix P and rewards r is

    V = g / y + h + w y + ...,    P g = g,    (I - P) h = r - g,    (I - P) w = -P h,

where h and w average to 0 over each recurrent class, weighted by its stationary distribution. All
three are rational, and found component by component of the policy's graph, successors first. An
ended episode is worth 0.

The advantage of a pair (s, a) with probabilities p begins with the terms

    p g - g(s),    r + p h - p g - h(s),    p w - p h - w(s),

and the first one that is not 0 has its sign for every gamma close to 1. Policy iteration in that
lexicographic order ends with a policy whose gain and bias are optimal.

Sources: Veinott, Ann. Math. Statist. 40 (1969); Puterman, Markov Decision Processes (2005),
sections 8.2, 9.2 and 10.1 to 10.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.chain import (
    ZERO,
    Pairs,
    System,
    Terms,
    Vector,
    ahead,
    assign,
    best_policy,
    components,
    is_closed,
    pairs_of,
)
from qdecay.exact.solver.rational_model import RationalModel

TERMS = 3  # of values and advantages: those of gain, bias, and the one after them


@dataclass(frozen=True)
class Laurent:
    """The first terms of a policy's value, a number per state, in the model's integer rewards.

    Attributes:
        policy: a pair for each state.
        gain, bias: g and h above; 0 for states that were not asked for.
        further: what finds w of one component after the other, once it is needed.
    """

    model: RationalModel
    policy: NDArray[np.int64]
    gain: Vector
    bias: Vector
    deadline: Deadline = field(default_factory=Deadline)
    further: list[Callable[[Vector], None]] = field(default_factory=list)

    @cached_property
    def third(self) -> Vector:
        """The third term, w above."""
        found = [ZERO] * self.model.n
        for find in self.further:
            self.deadline.check()
            find(found)
        return found

    @property
    def terms(self) -> Iterator[Vector]:
        """All three, each found only where it is needed."""
        yield self.gain
        yield self.bias
        yield self.third

    def advantage(self, pair: int) -> Terms:
        """Return the pair's terms up to the first that is not 0, three at most."""
        found: Terms = ()
        for k in range(TERMS):
            found += (self.term(pair, k),)
            if found[-1]:
                break
        return found

    def term(self, pair: int, k: int) -> fmpq:
        """Return the term of y^(k - 1) of the pair's advantage, 0 <= k < 3."""
        model, s = self.model, int(self.model.pair_state[pair])
        if k == 0:
            return fmpq(ahead(model, pair, self.gain) - self.gain[s])
        if k == 1:
            later = ahead(model, pair, self.bias) - ahead(model, pair, self.gain)
            return fmpq(model.rewards[pair] + later - self.bias[s])
        later = ahead(model, pair, self.third) - ahead(model, pair, self.bias)
        return fmpq(later - self.third[s])

    def classes(self) -> list[list[int]]:
        """The recurrent classes of the policy, and the sets where it earns nothing for ever."""
        return [
            component
            for component in components(self.model, self.policy, np.arange(self.model.n))
            if is_closed(self.model, pairs_of(self.policy, component))
        ]

    def closure(self, states: Iterable[int]) -> set[int]:
        """The states and all that the policy leads to from there."""
        found = set(states)
        waiting = list(found)
        while waiting:
            following = set(self.model.targets[self.policy[waiting.pop()]]) - found
            found |= following
            waiting += following
        return found


def laurent(
    model: RationalModel,
    policy: NDArray[np.int64],
    deadline: Deadline,
    states: NDArray[np.int64] | None = None,
) -> Laurent:
    """Return the terms of a policy.

    Args:
        states: in increasing order, a set that the policy does not leave; all by default.
    """
    found = Laurent(model, policy, [ZERO] * model.n, [ZERO] * model.n, deadline)
    for component in components(model, policy, np.arange(model.n) if states is None else states):
        deadline.check()
        pairs = pairs_of(policy, component)
        if not is_closed(model, pairs):
            _solve_transient(found, pairs)
        elif any(model.rewards[pair] for pair in pairs.values()):
            _solve_class(found, pairs)
    return found


def optimal_laurent(model: RationalModel, policy: NDArray[np.int64], deadline: Deadline) -> Laurent:
    """Return the terms of a policy with optimal gain and bias; begin with `policy`."""
    return best_policy(lambda chosen: laurent(model, chosen, deadline), model, policy)


def _solve_transient(found: Laurent, pairs: Pairs) -> None:
    """Find the terms of a component that the chain leaves; those of all that follow are known."""
    system = System(found.model, pairs)
    assign(found.gain, pairs, system.solve([ZERO] * len(pairs), found.gain))
    earned = _earned(found, pairs)
    assign(found.bias, pairs, system.solve(earned, found.bias))

    def find(third: Vector) -> None:
        assign(third, pairs, system.solve(_less(earned, found.bias, pairs), third))

    found.further.append(find)


def _solve_class(found: Laurent, pairs: Pairs) -> None:
    """Find the terms of a recurrent class: differences to its first state, then their average."""
    (first, *_), rest = pairs, dict(list(pairs.items())[1:])
    system = System(found.model, rest)
    chances = stationary(found.model, system, first, pairs[first])

    def average(numbers: Iterable[fmpq]) -> fmpq:
        return sum((p * x for p, x in zip(chances, numbers, strict=True)), ZERO)

    gain = average(fmpq(found.model.rewards[pair]) for pair in pairs.values())
    assign(found.gain, pairs, [gain] * len(pairs))

    def find(term: Vector, right: Vector) -> None:
        differences = [ZERO, *system.solve(right, term)]
        mean = average(differences)
        assign(term, pairs, [x - mean for x in differences])

    earned = _earned(found, rest)
    find(found.bias, earned)
    found.further.append(lambda third: find(third, _less(earned, found.bias, rest)))


def stationary(model: RationalModel, system: System, first: int, pair: int) -> Vector:
    """Return the stationary distribution of a class: of its first state, then of the others."""
    out = [ZERO] * len(system.pairs)
    for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
        if t != first:
            out[system.place[t]] = fmpq(weight)
    visits = [fmpq(1), *system.solve_transposed(out)]
    total = sum(visits, ZERO)
    return [visit / total for visit in visits]


def _earned(found: Laurent, pairs: Pairs) -> Vector:
    """r - g."""
    return [found.model.rewards[pair] - found.gain[s] for s, pair in pairs.items()]


def _less(numbers: Vector, term: Vector, pairs: Pairs) -> Vector:
    return [x - term[s] for x, s in zip(numbers, pairs, strict=True)]
