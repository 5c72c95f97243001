"""The optimal actions at gamma = 1: which pairs a policy may take without losing anything.

Let b be a policy with optimal gain g and bias h (see `laurent`). Let a pair have order 0, 1 or 2 if
that term of its advantage under b is the first that is not 0 (all terms are then negative), 3 if
none is. A policy attains g in every state iff its pairs have order >= 1 everywhere and >= 2 on its
recurrent classes. The values of such a policy fall short of h by what the second terms along its
way cost, plus the average of h on the classes it ends in; where its pairs have order >= 2, that
average is 0 exactly if they have order 3 on these classes.

Let Z be the states of gain 0, where the total has to be attained too. On all states that a policy
reaches from Z its pairs therefore have order >= 2, and order 3 on recurrent classes: there it is
*strict*. b is strict everywhere. So a pair of a state s belongs to the optimal set iff

- it is strict: it has order 3, or order 2 and a way, by pairs of order >= 2 and not through s, to
  the end or to a set without s where pairs of order 3 stay; then s is not recurrent; or
- s is none of Z, Z has a strict policy that avoids s, and the pair has order 2 or more, or order 1
  and a way, by pairs of order >= 1 and not through s, to the end or to a set without s where pairs
  of order >= 2 stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from flint import nmod
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.laurent import TERMS, Laurent
from qdecay.exact.solver.policy_graph import predecessors
from qdecay.exact.solver.rational_model import RationalModel

States = set[int]

_PRIME = 2**31 - 1  # products of two residues fit a machine word, and sums of 2^32 residues


def optimal_at_one(
    best: Laurent, order: NDArray[np.int64], deadline: Deadline
) -> NDArray[np.bool_]:
    """Return which pairs are optimal at gamma = 1, shape (N,).

    Args:
        best: of a policy with optimal gain and bias, in all states; only its gain and graph are
            read.
        order: (N,) those of the pairs under it, as `orders` finds them.
    """
    model = best.model
    optimal: NDArray[np.bool_] = order == 3
    endless = np.array([gain != 0 for gain in best.gain])[model.pair_state]
    doubtful = np.flatnonzero((order == 2) | ((order == 1) & endless)).tolist()
    if not doubtful:
        return optimal
    graphs = [_Graph(model, np.flatnonzero(order >= least).tolist()) for least in (1, 2, 3)]
    choice = _Choice(best, *graphs)
    for pair in doubtful:
        deadline.check()
        optimal[pair] = choice.is_optimal(pair, int(order[pair]))
    return optimal


def orders(best: Laurent) -> NDArray[np.int64]:
    """Return which term of each pair's advantage is the first that is not 0; 3 if none is.

    A number that is not 0 modulo a prime is not 0; only the others are computed exactly.
    """
    order = np.full(best.model.n_pairs, TERMS)
    others = np.ones(best.model.n_pairs, dtype=np.bool_)
    others[best.policy] = False  # its own pairs' terms are all 0
    pairs = np.flatnonzero(others)
    for k, residues in enumerate(_residues(best)):
        if k == 0 and not any(best.gain):
            continue
        doubtful = residues[pairs] == 0
        doubtful[doubtful] = [not best.term(pair, k) for pair in pairs[doubtful].tolist()]
        order[pairs[~doubtful]] = k
        pairs = pairs[doubtful]
        if len(pairs) == 0:
            break
    return order


def _residues(best: Laurent) -> Iterator[NDArray[np.int64]]:
    """Yield the three terms of all pairs times q, modulo a prime, (N,) each.

    From the first value on whose denominator is a multiple of the prime, they are 0.
    """
    model, p = best.model, _PRIME
    weights = np.array([w % p for row in model.weights for w in row], dtype=np.int64)
    rewards = np.array([r % p for r in model.rewards], dtype=np.int64)
    q, before = model.denominator % p, np.zeros(model.n_pairs, dtype=np.int64)
    for k, values in enumerate(best.terms):
        try:
            v = np.array([int(nmod(x, p)) if x else 0 for x in values], dtype=np.int64)
        except ZeroDivisionError:
            yield from [np.zeros(model.n_pairs, dtype=np.int64)] * (TERMS - k)
            return
        sums = np.append(0, np.cumsum(weights * v[model.p.indices] % p))
        ahead = np.diff(sums[model.p.indptr]) % p
        earned = q * rewards if k == 1 else 0
        yield (earned + ahead - before - q * v[model.pair_state]) % p
        before = ahead


class _Choice:
    """Decides pairs of order 2, and of order 1 where the gain is not 0.

    The graphs have the pairs of order >= 1, 2 and 3.
    """

    def __init__(self, best: Laurent, loose: _Graph, tight: _Graph, strict: _Graph) -> None:
        self._owner = best.model.pair_state
        self._loose, self._tight, self._strict = loose, tight, strict
        self._everything = set(range(best.model.n))
        self._finite = {s for s, gain in enumerate(best.gain) if not gain}
        self._met = best.closure(self._finite)  # by the policy, from states of gain 0
        self._near = _WaysHome(best)
        self._avoidable = cache(self._can_be_avoided)
        self._stay = cache(lambda kept, s: kept.stay(self._everything - {s}))

    def is_optimal(self, pair: int, order: int) -> bool:
        """Whether a pair of order 1 or 2 belongs to the optimal set."""
        s = int(self._owner[pair])
        if order == 2 and self._leaves(pair, s, self._tight, self._strict):
            return True
        if s in self._finite or not self._avoidable(s):
            return False
        return order == 2 or self._leaves(pair, s, self._loose, self._tight)

    def _leaves(self, pair: int, s: int, ways: _Graph, kept: _Graph) -> bool:
        """Whether the pair has a way to the end or to where pairs of `kept` stay, without s."""
        # The policy itself nearly always has such a path.
        if pair in ways.ends or any(self._near.avoids(t, s) for t in ways.targets[pair]):
            return True
        return ways.leads(pair, s, self._stay(kept, s))

    def _can_be_avoided(self, s: int) -> bool:
        """Whether some policy is strict wherever it goes from the states of gain 0, without s."""
        if s not in self._met:
            return True
        inside = self._everything - {s}
        while self._finite <= inside:
            kept = self._tight.stay(inside)
            reached = self._tight.reach(self._strict.stay(kept), kept)
            if reached == inside:
                break
            inside = reached
        return self._finite <= inside


class _WaysHome:
    """The shortest way of every state along a policy to one of its classes, or to the end.

    These ways form trees; with the states numbered in depth-first order, a state and all whose way
    leads through it have consecutive numbers.
    """

    def __init__(self, best: Laurent) -> None:
        model, policy = best.model, best.policy.tolist()
        self._class = {s: k for k, states in enumerate(best.classes()) for s in states}
        ends = [s for s, pair in enumerate(policy) if pair in model.ending]
        before = predecessors(model, policy)
        self._goal: dict[int, int | None] = {**dict.fromkeys(ends), **self._class}
        after: dict[int, list[int]] = {}
        reached = list(self._goal)
        roots = list(reached)
        for t in reached:  # grows as it goes
            after[t] = [s for s in dict.fromkeys(before[t]) if s not in self._goal]
            self._goal.update(dict.fromkeys(after[t], self._goal[t]))
            reached += after[t]
        self._number = _numbers(roots, after)

    def avoids(self, t: int, s: int) -> bool:
        """Whether the way from t avoids s, and the class it leads to does as well."""
        first, last = self._number[s]
        if first <= self._number[t][0] < last:
            return False
        goal = self._goal[t]
        return goal is None or goal != self._class.get(s)


def _numbers(roots: list[int], after: Mapping[int, list[int]]) -> dict[int, tuple[int, int]]:
    """Number the nodes of trees depth first: each has its own number, and the one past its tree."""
    found: dict[int, tuple[int, int]] = {}
    waiting, number = roots, 0
    while waiting:
        s = waiting[-1]
        if s in found:  # all of its descendants have their numbers
            found[waiting.pop()] = (found[s][0], number)
        else:
            found[s] = (number, number)
            number += 1
            waiting += after[s]
    return found


class _Graph:
    """Some pairs of a model, and where they can lead and stay."""

    def __init__(self, model: RationalModel, pairs: list[int]) -> None:
        self.targets, self._owner = model.targets, model.pair_state.tolist()
        self.ends = model.ending.intersection(pairs)
        self._pairs: list[list[int]] = [[] for _ in range(model.n)]
        self._before: list[list[int]] = [[] for _ in range(model.n)]
        for pair in pairs:
            self._pairs[self._owner[pair]].append(pair)
            for t in model.targets[pair]:
                self._before[t].append(pair)

    def leads(self, pair: int, avoided: int, goals: States) -> bool:
        """Whether the pair, then these pairs, may lead to the end or a goal, and not through a
        state to be avoided before."""
        seen, waiting = {avoided}, [pair]
        while waiting:
            pair = waiting.pop()
            if pair in self.ends or not goals.isdisjoint(self.targets[pair]):
                return True
            for t in self.targets[pair]:
                if t not in seen:
                    seen.add(t)
                    waiting += self._pairs[t]
        return False

    def stay(self, inside: States) -> States:
        """The largest subset in which these pairs can stay for ever, or until the end."""
        kept = set(inside)
        left = {s: [p for p in self._pairs[s] if kept.issuperset(self.targets[p])] for s in kept}
        broken: set[int] = set()
        waiting = [s for s, pairs in left.items() if not pairs]
        count = {s: len(pairs) for s, pairs in left.items()}
        while waiting:
            s = waiting.pop()
            kept.discard(s)
            for pair in self._before[s]:
                owner = self._owner[pair]
                if owner in kept and pair not in broken and pair in left[owner]:
                    broken.add(pair)
                    count[owner] -= 1
                    if not count[owner]:
                        waiting.append(owner)
        return kept

    def reach(self, goals: States, inside: States) -> States:
        """The states of a set that may come to a goal or to the end by pairs that stay in it."""
        reached = set(goals)
        while True:
            more = {
                s
                for s in inside - reached
                for p in self._pairs[s]
                if inside.issuperset(self.targets[p])
                and (p in self.ends or not reached.isdisjoint(self.targets[p]))
            }
            if not more:
                return reached
            reached |= more
