"""One model in integers, read by the exact solver and its floats.

Available (state, action) pairs are numbered in order; pairs of one state with the same
probabilities and the same expected reward are *twins*, which tie for every gamma, and only one
of them is kept. A state without actions gets one pair that stays there and earns nothing.

With q the common denominator of all probabilities and R that of all expected rewards,

    weights[pair][t] = q p(s, a, t)  (going on),    rewards[pair] = R r(s, a)

are integers. Breakpoints do not depend on the positive factor R.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from qdecay.errors import InputError
from qdecay.model.mdp import MDP, require_exact
from qdecay.model.unrolling import Waiting

REST = -1  # the action of a state without actions
_MOST_WAITING = 100_000  # states that stand for durations: ten seconds and a GiB
_MOST_FACTORING = 2e8  # products of numbers, to factorise a matrix: about a tenth of a second
_SMALL = 2**22  # denominators up to here leave room for 40-bit primes in 64-bit integers


class NumberedPair(NamedTuple):
    """One pair: its state, its twins' actions, its moves and reward as in `RationalModel`."""

    state: int
    actions: list[int]
    targets: tuple[int, ...]
    weights: tuple[Any, ...]
    reward: Any


class RationalModel:
    """The integer form of a finite MDP, and its nearest floats.

    Attributes:
        n: number of states: those of the model, and after them the waiting states that stand for
            transitions of several steps, of one pair each (see `qdecay.model.unrolling`).
        n_own: number of the model's own states.
        denominator, reward_scale: q and R above.
        pair_state, actions: the state of each pair, and its twins' action numbers, in order.
        first: pairs of state s are first[s] .. first[s + 1] - 1.
        targets, weights: continuing successors of each pair and their integer weights.
        rewards: integer rewards of the pairs.
        earns: (N,) which rewards are nonzero.
        p, r: floats, (N, n) csr and (N,). Each is within a relative 2^-53 and an absolute 2^-1022
            of p(s, a, t), and of r(s, a) over the largest |reward| of all states that are connected
            with s (a unit for each set of them: signs of advantages do not see it). No entry of p
            is 0: the structure is exact.
    """

    def __init__(self, mdp: MDP) -> None:
        own, mdp = require_exact(mdp).n_states, written_out(mdp)
        denominator = math.lcm(*{p.denominator for p in mdp.exact_probability})
        scale = math.lcm(*{r.denominator for r in mdp.exact_reward})
        pairs = without_twins(integer_pairs(mdp, denominator, scale))
        self._fill(own, mdp.n_states, denominator, denominator * scale, pairs)

    @classmethod
    def of_pairs(
        cls, own: int, n: int, denominator: int, reward_scale: int, pairs: Sequence[NumberedPair]
    ) -> Self:
        """Return the model of given pairs, in order of their states; each keeps its place.

        States without any get one that stays there, in its place.
        """
        model = cls.__new__(cls)
        model._fill(own, n, denominator, reward_scale, pairs)
        return model

    def _fill(
        self,
        own: int,
        n: int,
        denominator: int,
        reward_scale: int,
        given: Iterable[NumberedPair],
    ) -> None:
        self.n_own, self.n = own, n
        self.denominator, self.reward_scale = denominator, reward_scale
        pairs = list(with_rest(given, n))
        self.pair_state = np.array([pair.state for pair in pairs], dtype=np.int64)
        self.actions = [pair.actions for pair in pairs]
        self.targets = [pair.targets for pair in pairs]
        self.weights = [pair.weights for pair in pairs]
        self.rewards = [pair.reward for pair in pairs]
        self.first = np.zeros(n + 1, dtype=np.int64)
        self.first[1:] = np.cumsum(np.bincount(self.pair_state, minlength=n))
        self.largest_reward = max((abs(r) for r in self.rewards), default=0) or 1
        self.earns = np.array([r != 0 for r in self.rewards])
        lengths = np.array([len(t) for t in self.targets])
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        indices = np.array([t for row in self.targets for t in row], dtype=np.int64)
        data = np.array([w / self.denominator for row in self.weights for w in row], dtype=float)
        data = np.maximum(data, np.finfo(float).tiny)
        self.p = sparse.csr_matrix((data, indices, indptr), shape=(self.n_pairs, self.n))
        self.max_row = int(lengths.max(initial=0))
        self.r = self._scaled_rewards()

    def _scaled_rewards(self) -> NDArray[np.float64]:
        largest = self.largest_by_component([abs(reward) for reward in self.rewards])
        return np.array([r / most for most, r in zip(largest, self.rewards, strict=True)])

    def largest_by_component(self, sizes: Sequence[int]) -> list[int]:
        """Return for each pair the largest number that any pair has, at least 1, of those whose
        states are connected with its own."""
        # The rows of a state's pairs follow each other: together they are its row.
        rows = (self.p.data, self.p.indices, self.p.indptr[self.first])
        moves = sparse.csr_matrix(rows, shape=(self.n, self.n))
        _, label = csgraph.connected_components(moves, directed=False)
        labels = label[self.pair_state].tolist()
        largest = [1] * self.n
        for k, size in zip(labels, sizes, strict=True):
            largest[k] = max(largest[k], size)
        return [largest[k] for k in labels]

    @property
    def n_pairs(self) -> int:
        """Number of pairs, twins and duplicates counted once."""
        return len(self.rewards)

    @cached_property
    def small_weights(self) -> sparse.csr_matrix | None:
        """The integer weights as (N, n) csr of int64, or None if q is too large for it."""
        if self.denominator > _SMALL:
            return None
        data = np.array([w for row in self.weights for w in row], dtype=np.int64)
        return sparse.csr_matrix((data, self.p.indices, self.p.indptr), shape=self.p.shape)

    def row_bits(self, pair: int) -> float:
        """Return log2 of the norm of the pair's row of I + q P, at most."""
        known = self._row_bits
        if pair not in known:
            s = int(self.pair_state[pair])
            moves = zip(self.targets[pair], self.weights[pair], strict=True)
            known[pair] = 0.5 * math.log2(1 + sum(w * w + 2 * w * (t == s) for t, w in moves))
        return known[pair]

    @cached_property
    def _row_bits(self) -> dict[int, float]:
        return {}

    @cached_property
    def ending(self) -> frozenset[int]:
        """The pairs that may end the episode."""
        sums = enumerate(map(sum, self.weights))
        return frozenset(pair for pair, total in sums if total < self.denominator)

    @cached_property
    def sure(self) -> NDArray[np.bool_]:
        """(N,) which pairs continue for certain: their probabilities sum to 1."""
        return np.array([sum(weights) == self.denominator for weights in self.weights])

    @cached_property
    def factors_fill(self) -> bool:
        """Whether an LU factorisation of a policy's equations may take too long.

        It takes about the sum of squares of the bandwidths of rows, after reordering.
        """
        moves = sparse.coo_matrix(self.p)
        ends = self.pair_state[moves.row], moves.col
        graph = sparse.csr_matrix((np.ones(len(moves.col)), ends), shape=(self.n, self.n))
        order = csgraph.reverse_cuthill_mckee((graph + graph.T).tocsr(), symmetric_mode=True)
        place = np.argsort(order)
        rows, columns = place[ends[0]], place[ends[1]]
        width = np.zeros(self.n)
        np.maximum.at(width, np.maximum(rows, columns), np.abs(rows - columns))
        return float(np.sum(width**2)) > _MOST_FACTORING

    def pairs_of(self, state: int) -> range:
        """The pairs of one state."""
        return range(int(self.first[state]), int(self.first[state + 1]))

    def touching(self, states: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which pairs belong to one of the states or can lead to one."""
        met = np.append(0, np.cumsum(states[self.p.indices]))[self.p.indptr]
        touched: NDArray[np.bool_] = met[1:] > met[:-1]
        return states[self.pair_state] | touched

    def sets(self, pairs: Iterable[int]) -> dict[int, tuple[int, ...]]:
        """The actions, twins included, of some pairs, by state."""
        found: dict[int, list[int]] = {}
        for pair in pairs:
            found.setdefault(int(self.pair_state[pair]), []).extend(self.actions[pair])
        return {s: tuple(sorted(a for a in found[s] if a != REST)) for s in sorted(found)}


def written_out(mdp: MDP) -> MDP:
    """Return the model with every transition of several steps written out, step by step.

    Raises:
        InputError: that takes more states than an exact solver can hold.
    """
    waiting = Waiting.of(mdp).size if mdp.is_semi_markov else 0
    if waiting > _MOST_WAITING:
        raise InputError(  # no command expects this error from a model that was read
            f"the durations take {waiting:,} states to be written out step by step, and exact "
            f"solvers take {_MOST_WAITING:,} at most: choose a longer step"
        )
    return mdp.unrolled()


def without_twins(pairs: Iterable[NumberedPair]) -> list[NumberedPair]:
    """Return the pairs, with pairs of one state that have the same numbers merged."""
    twins: dict[Hashable, NumberedPair] = {}
    for pair in pairs:
        key = (pair.state, pair.targets, pair.weights, pair.reward)
        if twins.setdefault(key, pair) is not pair:
            twins[key].actions.extend(pair.actions)
    return list(twins.values())


def with_rest(pairs: Iterable[NumberedPair], n: int, nothing: Any = 0) -> Iterator[NumberedPair]:
    """Yield the pairs, and for each state without any one that stays there, in order."""

    def idle(state: int) -> NumberedPair:
        return NumberedPair(state, [REST], (), (), nothing)

    next_state = 0
    for pair in pairs:
        yield from map(idle, range(next_state, pair.state))
        next_state = pair.state + 1
        yield pair
    yield from map(idle, range(next_state, n))


def integer_pairs(mdp: MDP, denominator: int, reward_denominator: int) -> list[NumberedPair]:
    """Return the available pairs in order, with weights and expected rewards in integers."""
    weights = np.array(_over(mdp.exact_probability, denominator), dtype=object)
    earned = weights * np.array(_over(mdp.exact_reward, reward_denominator), dtype=object)
    pair, going = mdp.state * mdp.n_actions + mdp.action, ~mdp.terminated
    starts = np.flatnonzero(np.diff(pair, prepend=-1))
    numbers, rewards = pair[starts], _sums(earned, starts)
    owner, ahead = pair[going], mdp.next_state[going]
    # One move may have several rewards.
    starts = np.flatnonzero(np.diff(owner, prepend=-1) | np.diff(ahead, prepend=-1))
    targets, weights_ahead = ahead[starts].tolist(), _sums(weights[going], starts)
    ends = np.searchsorted(owner[starts], numbers, side="right").tolist()
    states, actions = (found.tolist() for found in np.divmod(numbers, mdp.n_actions))
    return [
        NumberedPair(s, [a], tuple(targets[i:j]), tuple(weights_ahead[i:j]), reward)
        for s, a, (i, j), reward in zip(states, actions, pairwise([0, *ends]), rewards, strict=True)
    ]


def _sums(numbers: NDArray[Any], starts: NDArray[np.int64]) -> list[int]:
    """Return the sums of integers from each start to the next."""
    found: list[int] = np.add.reduceat(numbers, starts).tolist()
    return found


def _over(numbers: Sequence[Fraction], denominator: int) -> list[int]:
    """Return the numerators of numbers over a common denominator."""
    return [n * (denominator // d) for n, d in map(Fraction.as_integer_ratio, numbers)]
