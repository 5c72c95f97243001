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

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray
from scipy.sparse import csgraph

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import columns_of, rows_of

Vector = list[fmpq]
Terms = tuple[fmpq, ...]
Pairs = dict[int, int]  # of some states
_ZERO = fmpq(0)
_NONE = (_ZERO, _ZERO, _ZERO)


@dataclass(frozen=True)
class Laurent:
    """The first terms of a policy's value, a number per state, in the model's integer rewards.

    Attributes:
        policy: a pair for each state.
        gain, bias, third: g, h and w above; 0 for states that were not asked for.
    """

    model: RationalModel
    policy: NDArray[np.int64]
    gain: Vector
    bias: Vector
    third: Vector

    def advantage(self, pair: int) -> Terms:
        """Return the pair's terms up to the first that is not 0, three at most."""
        model, s = self.model, int(self.model.pair_state[pair])
        gain = _ahead(model, pair, self.gain)
        if first := gain - self.gain[s]:
            return (first,)
        bias = _ahead(model, pair, self.bias)
        if second := model.rewards[pair] + bias - gain - self.bias[s]:
            return (_ZERO, second)
        return (_ZERO, _ZERO, _ahead(model, pair, self.third) - bias - self.third[s])

    def classes(self) -> list[list[int]]:
        """The recurrent classes of the policy, and the sets where it earns nothing for ever."""
        return [
            component
            for component in _components(self.model, self.policy, np.arange(self.model.n))
            if _is_closed(self.model, _pairs(self.policy, component))
        ]

    def closure(self, states: Iterable[int]) -> set[int]:
        """The states and all that the policy leads to from there."""
        found = set(states)
        waiting = list(found)
        while waiting:
            ahead = set(self.model.targets[self.policy[waiting.pop()]]) - found
            found |= ahead
            waiting += ahead
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
    gain, bias, third = ([_ZERO] * model.n for _ in range(3))
    found = Laurent(model, policy, gain, bias, third)
    for component in _components(model, policy, np.arange(model.n) if states is None else states):
        deadline.check()
        pairs = _pairs(policy, component)
        if not _is_closed(model, pairs):
            _solve_transient(found, pairs)
        elif any(model.rewards[pair] for pair in pairs.values()):
            _solve_class(found, pairs)
    return found


def optimal_laurent(
    model: RationalModel,
    policy: NDArray[np.int64],
    deadline: Deadline,
    *,
    candidates: Iterable[int] | None = None,
    states: NDArray[np.int64] | None = None,
    sign: int = 1,
) -> Laurent:
    """Return the terms of a policy with optimal gain and bias, found by policy iteration.

    Args:
        policy: where to begin, made of candidates.
        candidates: the pairs to choose from; all by default.
        states: in increasing order, a set that no candidate leaves; all by default.
        sign: -1 minimises.
    """
    pairs = list(range(model.n_pairs) if candidates is None else candidates)
    owner = model.pair_state[pairs].tolist()
    while True:
        found = laurent(model, policy, deadline, states)
        best: dict[int, tuple[Terms, int]] = {}
        for pair, s in zip(pairs, owner, strict=True):
            if pair != policy[s]:
                terms = tuple(sign * term for term in found.advantage(pair))
                if terms > best.get(s, (_NONE,))[0]:
                    best[s] = terms, pair
        if not best:
            return found
        policy = policy.copy()
        policy[list(best)] = [pair for _, pair in best.values()]


def _solve_transient(found: Laurent, pairs: Pairs) -> None:
    """Find the terms of a component that the chain leaves; those of all that follow are known."""
    system = _System(found.model, pairs)
    _assign(found.gain, pairs, system.solve([_ZERO] * len(pairs), found.gain))
    earned = _earned(found, pairs)
    _assign(found.bias, pairs, system.solve(earned, found.bias))
    _assign(found.third, pairs, system.solve(_less(earned, found.bias, pairs), found.third))


def _solve_class(found: Laurent, pairs: Pairs) -> None:
    """Find the terms of a recurrent class: differences to its first state, then their average."""
    (first, *_), rest = pairs, dict(list(pairs.items())[1:])
    system = _System(found.model, rest)
    chances = _stationary(found.model, system, first, pairs[first])

    def average(numbers: Iterable[fmpq]) -> fmpq:
        return sum((p * x for p, x in zip(chances, numbers, strict=True)), _ZERO)

    gain = average(fmpq(found.model.rewards[pair]) for pair in pairs.values())
    _assign(found.gain, pairs, [gain] * len(pairs))
    right = _earned(found, rest)
    for term in (found.bias, found.third):
        differences = [_ZERO, *system.solve(right, term)]
        mean = average(differences)
        _assign(term, pairs, [x - mean for x in differences])
        right = _less(right, found.bias, rest)


def _stationary(model: RationalModel, system: _System, first: int, pair: int) -> Vector:
    """Return the stationary distribution of a class: of its first state, then of the others."""
    out = [_ZERO] * len(system.pairs)
    for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
        if t != first:
            out[system.place[t]] = fmpq(weight)
    visits = [fmpq(1), *system.solve_transposed(out)]
    total = sum(visits, _ZERO)
    return [visit / total for visit in visits]


def fraction(number: fmpq) -> Fraction:
    """Return the number as Python's."""
    return Fraction(int(number.p), int(number.q))


class _System:
    """The equations (I - P) x = b among some states of a chain, times the common denominator q.

    Attributes:
        pairs: the states, each with the pair that the policy has there.
        place: the row of each state.
    """

    def __init__(self, model: RationalModel, pairs: Pairs) -> None:
        self.model, self.pairs = model, pairs
        self.place = {s: i for i, s in enumerate(pairs)}
        self._matrix = fmpq_mat(len(pairs), len(pairs))
        for i, pair in enumerate(pairs.values()):
            self._matrix[i, i] = model.denominator
            for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
                if t in self.place:
                    self._matrix[i, self.place[t]] -= weight

    def solve(self, given: Vector, known: Vector) -> Vector:
        """Return x for b = given + P known, over the states outside."""
        model = self.model
        right = [model.denominator * b for b in given]
        for i, pair in enumerate(self.pairs.values()):
            for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
                if t not in self.place and known[t]:
                    right[i] += weight * known[t]
        return _solved(self._matrix, right)

    def solve_transposed(self, right: Vector) -> Vector:
        """Return x with x (I - P) q = right."""
        return _solved(self._matrix.transpose(), right)


def _solved(matrix: fmpq_mat, right: Vector) -> Vector:
    if not any(right):
        return right
    if len(right) == 1:
        return [right[0] / matrix[0, 0]]
    x = matrix.solve(fmpq_mat(len(right), 1, right))
    return [x[i, 0] for i in range(len(right))]


def _earned(found: Laurent, pairs: Pairs) -> Vector:
    """r - g."""
    return [found.model.rewards[pair] - found.gain[s] for s, pair in pairs.items()]


def _less(numbers: Vector, term: Vector, pairs: Pairs) -> Vector:
    return [x - term[s] for x, s in zip(numbers, pairs, strict=True)]


def _assign(term: Vector, pairs: Pairs, values: Vector) -> None:
    for s, value in zip(pairs, values, strict=True):
        term[s] = value


def _ahead(model: RationalModel, pair: int, term: Vector) -> fmpq:
    """p x for the probabilities of a pair."""
    moves = zip(model.targets[pair], model.weights[pair], strict=True)
    return sum((weight * term[t] for t, weight in moves if term[t]), _ZERO) / model.denominator


def _pairs(policy: NDArray[np.int64], states: list[int]) -> Pairs:
    return dict(zip(states, policy[states].tolist(), strict=True))


def _is_closed(model: RationalModel, pairs: Pairs) -> bool:
    """Whether the policy stays in these states for ever."""
    return all(
        sum(model.weights[pair]) == model.denominator and pairs.keys() >= set(model.targets[pair])
        for pair in pairs.values()
    )


def _components(
    model: RationalModel, policy: NDArray[np.int64], states: NDArray[np.int64]
) -> list[list[int]]:
    """Return the strongly connected components of the policy's graph, successors first."""
    moves = columns_of(rows_of(model.p, policy[states]), states)
    number, label = csgraph.connected_components(moves, connection="strong")
    members: list[list[int]] = [[] for _ in range(number)]
    for s, k in zip(states.tolist(), label.tolist(), strict=True):
        members[k].append(s)
    start, end = (
        label[np.repeat(np.arange(len(states)), np.diff(moves.indptr))],
        label[moves.indices],
    )
    between = start != end
    arrows = set(zip(start[between].tolist(), end[between].tolist(), strict=True))
    waiting = [0] * number
    before: list[list[int]] = [[] for _ in range(number)]
    for k, ahead in arrows:
        waiting[k] += 1
        before[ahead].append(k)
    ready = [k for k in range(number) if not waiting[k]]
    for k in ready:  # grows as it goes
        for behind in before[k]:
            waiting[behind] -= 1
            if not waiting[behind]:
                ready.append(behind)
    return [members[k] for k in ready]
