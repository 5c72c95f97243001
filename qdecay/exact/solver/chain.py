"""The Markov chain of one policy: its components, and linear equations among their states.

Equations are solved component by component, successors first, so that their size is that of a
component and not of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Protocol, TypeVar

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray
from scipy.sparse import csgraph

from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import columns_of, rows_of

Vector = list[fmpq]
Terms = tuple[fmpq, ...]
Pairs = dict[int, int]
"""Some states, each with the pair that a policy has there."""

ZERO = fmpq(0)


class Evaluated(Protocol):
    """The value of a policy, which knows how much better or worse every pair is."""

    def advantage(self, pair: int) -> Terms:
        """Return terms whose first that is not 0 has the sign of the pair's advantage."""


_Value = TypeVar("_Value", bound=Evaluated)


def best_policy(
    evaluate: Callable[[NDArray[np.int64]], _Value],
    model: RationalModel,
    policy: NDArray[np.int64],
    candidates: Iterable[int] | None = None,
    *,
    sign: int = 1,
) -> _Value:
    """Return the value of the best policy, by policy iteration.

    Args:
        evaluate: of a policy, a pair for each state.
        policy: where to begin, made of candidates.
        candidates: the pairs to choose from; all by default.
        sign: -1 finds the worst instead.
    """
    pairs = list(range(model.n_pairs) if candidates is None else candidates)
    owner = model.pair_state[pairs].tolist()
    while True:
        value = evaluate(policy)
        best: dict[int, tuple[Terms, int]] = {}
        for pair, s in zip(pairs, owner, strict=True):
            if pair != policy[s]:
                terms = tuple(sign * term for term in value.advantage(pair))
                if terms > (best[s][0] if s in best else (ZERO,) * len(terms)):
                    best[s] = terms, pair
        if not best:
            return value
        policy = policy.copy()
        policy[list(best)] = [pair for _, pair in best.values()]


class System:
    """The equations x = b + gamma P x among some states, in integers.

    Attributes:
        pairs: the states and their pairs.
        place: the row of each state.
    """

    def __init__(self, model: RationalModel, pairs: Pairs, gamma: Fraction = Fraction(1)) -> None:
        self.pairs = pairs
        self.place = {s: i for i, s in enumerate(pairs)}
        self._unit = model.denominator * gamma.denominator
        self._gamma = gamma.numerator
        self._matrix = fmpq_mat(len(pairs), len(pairs))
        self._outside: list[tuple[int, int, int]] = []  # row, state and weight
        for i, pair in enumerate(pairs.values()):
            self._matrix[i, i] = self._unit
            for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
                if t in self.place:
                    self._matrix[i, self.place[t]] -= self._gamma * weight
                else:
                    self._outside.append((i, t, self._gamma * weight))

    def solve(self, given: Vector, known: Vector) -> Vector:
        """Return x for b = given + gamma P known, over the states outside."""
        right = [self._unit * b for b in given]
        for i, t, weight in self._outside:
            if known[t]:
                right[i] += weight * known[t]
        return _solved(self._matrix, right)

    def determinant(self) -> fmpq:
        """Return det(I - gamma P), of the rows and columns of these states."""
        return fmpq(self._matrix.det()) / fmpq(self._unit) ** len(self.pairs)

    def solve_transposed(self, right: Vector) -> Vector:
        """Return x with x M = right, M the integer matrix of the equations."""
        return _solved(self._matrix.transpose(), right)


def _solved(matrix: fmpq_mat, right: Vector) -> Vector:
    if not any(right):
        return right
    if len(right) == 1:
        return [right[0] / matrix[0, 0]]
    x = matrix.solve(fmpq_mat(len(right), 1, right))
    return [x[i, 0] for i in range(len(right))]


def ahead(model: RationalModel, pair: int, values: Vector) -> fmpq:
    """p x for the probabilities of a pair."""
    moves = zip(model.targets[pair], model.weights[pair], strict=True)
    return sum((w * values[t] for t, w in moves if values[t]), ZERO) / model.denominator


def assign(values: Vector, states: Iterable[int], numbers: Vector) -> None:
    """Set the values of some states."""
    for s, number in zip(states, numbers, strict=True):
        values[s] = number


def fraction(number: fmpq) -> Fraction:
    """Return the number as Python's."""
    return Fraction(int(number.p), int(number.q))


def pairs_of(policy: NDArray[np.int64], states: list[int]) -> Pairs:
    """The pairs of some states."""
    return dict(zip(states, policy[states].tolist(), strict=True))


def is_closed(model: RationalModel, pairs: Pairs) -> bool:
    """Whether the policy stays in these states for ever."""
    return all(
        pair not in model.ending and pairs.keys() >= set(model.targets[pair])
        for pair in pairs.values()
    )


def components(
    model: RationalModel, policy: NDArray[np.int64], states: NDArray[np.int64]
) -> list[list[int]]:
    """Return the strongly connected components of the policy's graph, successors first."""
    moves = columns_of(rows_of(model.p, policy[states]), states)
    number, label = csgraph.connected_components(moves.toscipy(), connection="strong")
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
    for k, following in arrows:
        waiting[k] += 1
        before[following].append(k)
    ready = [k for k in range(number) if not waiting[k]]
    for k in ready:  # grows as it goes
        for behind in before[k]:
            waiting[behind] -= 1
            if not waiting[behind]:
                ready.append(behind)
    return [members[k] for k in ready]
