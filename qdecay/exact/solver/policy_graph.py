"""Which states a policy leads to: closures, ancestors, components.

Searches run on lists of neighbours. A policy that differs in few states reuses these lists, so that
the cost of a step of the walk is proportional to the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.exact.solver.chain import components
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import rows_of

_LARGE = 2000  # states, from which on products with vectors are quicker than searches in Python


class PolicyGraph:
    """The continuing moves of one policy (a pair for each state) of a model.

    Attributes:
        live: states that can still reach a nonzero reward; all others are worth 0.
        affected: states that lead to one where the policy differs from `previous`; all if there is
            none.
    """

    def __init__(
        self,
        model: RationalModel,
        policy: NDArray[np.int64],
        previous: PolicyGraph | None = None,
    ) -> None:
        self.model, self.policy = model, policy
        self.choices: list[int] = policy.tolist()
        if previous is None:
            self._before = predecessors(model, self.choices)
            self.affected = np.ones(model.n, dtype=np.bool_)
            self.live = self._all_live()
            return
        changed: list[int] = np.flatnonzero(policy != previous.policy).tolist()
        self._before = self._rewired(previous, changed)
        self.affected = self.ancestors(changed)
        # Where every changed state is as live as it was, so is each state that leads to one.
        same = all(self._earns(s, previous.live) == previous.live[s] for s in changed)
        self.live = previous.live if same else self._all_live()

    def _rewired(self, previous: PolicyGraph, changed: list[int]) -> list[list[int]]:
        before, targets = previous._before.copy(), self.model.targets
        for s in changed:
            for t in targets[previous.choices[s]]:
                before[t] = [state for state in before[t] if state != s]
            for t in targets[self.choices[s]]:
                before[t] = [*before[t], s]
        return before

    def _all_live(self) -> NDArray[np.bool_]:
        rewards = self.model.rewards
        return self.ancestors(s for s, pair in enumerate(self.choices) if rewards[pair])

    def _earns(self, state: int, live_before: NDArray[np.bool_]) -> bool:
        """Whether the state leads to a nonzero reward.

        So does every state that did before and leads to no changed one.
        """
        rewards, targets, choices = self.model.rewards, self.model.targets, self.choices
        seen, waiting = {state}, [state]
        while waiting:
            s = waiting.pop()
            if rewards[choices[s]] or (live_before[s] and not self.affected[s]):
                return True
            ahead = [t for t in targets[choices[s]] if t not in seen]
            seen.update(ahead)
            waiting += ahead
        return False

    @cached_property
    def p(self) -> sparse.csr_matrix:
        """Probabilities of continuing, (n, n)."""
        return rows_of(self.model.p, self.policy).toscipy()

    @cached_property
    def ends_everywhere(self) -> bool:
        """Whether from every state the episode may end, or all that is left is worth nothing."""
        last = ~(self.model.sure[self.policy] & self.live)
        return bool(self.ancestors(np.flatnonzero(last).tolist()).all())

    def ancestors(self, states: Iterable[int]) -> NDArray[np.bool_]:
        """The states themselves and all states that lead to them."""
        if self.model.n < _LARGE:
            return self._reach(self._before.__getitem__, states)
        front = np.zeros(self.model.n, dtype=np.bool_)
        front[list(states)] = True
        found = front
        while front.any():
            front = (self.p @ front.astype(float) > 0) & ~found
            found = found | front
        return found

    def first_reached(
        self, goals: Mapping[int, NDArray[np.int64]], found: list[int], unknown: int
    ) -> NDArray[np.int64]:
        """Return for each state the first goal that it leads to.

        Args:
            goals: numbers, each with states.
            found: what is known about each state beforehand; `unknown` for those to be found.
        """
        for goal, states in goals.items():
            waiting = [s for s in states.tolist() if found[s] in (unknown, goal)]
            for s in waiting:
                found[s] = goal
            while waiting:
                ahead = [s for s in self._before[waiting.pop()] if found[s] == unknown]
                for s in ahead:
                    found[s] = goal
                waiting += ahead
        return np.array(found)

    def moves_to(self, states: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """Moves until each state may reach one of some; `most` if it takes more."""
        moves, front, step = [most] * self.model.n, states.tolist(), 0
        for s in front:
            moves[s] = 0
        while front and (step := step + 1) < most:
            ahead = []
            for s in front:
                for t in self._before[s]:
                    if moves[t] == most:
                        moves[t] = step
                        ahead.append(t)
            front = ahead
        return np.array(moves)

    def closure(self, state: int, *targets: Iterable[int]) -> NDArray[np.bool_]:
        """The state, the targets, and all these lead to."""
        ahead, choices = self.model.targets, self.choices
        return self._reach(lambda s: ahead[choices[s]], {state}.union(*targets))

    def _reach(
        self, neighbours: Callable[[int], Sequence[int]], seeds: Iterable[int]
    ) -> NDArray[np.bool_]:
        seen: set[int] = set()
        front = set(seeds)
        while front:
            seen |= front
            front = set().union(*map(neighbours, front)) - seen
        found = np.zeros(self.model.n, dtype=np.bool_)
        found[list(seen)] = True
        return found

    def order_bound(self, pairs: NDArray[np.int64]) -> int:
        """Return how many live states the closure of any single pair has at most."""
        reached, most = self._reached_sets(), 0
        states, targets = self.model.pair_state[pairs].tolist(), self.model.targets
        for s, pair in zip(states, pairs.tolist(), strict=True):
            found = reached[s]
            for t in targets[pair]:
                found |= reached[t]
            most = max(most, found.bit_count())
        return most

    def _reached_sets(self) -> list[int]:
        """Return the live states that each state leads to, itself included; bit s is state s."""
        targets, choices = self.model.targets, self.choices
        reached = [0] * self.model.n
        for component in components(self.model, self.policy, np.flatnonzero(self.live)):
            found = 0
            for s in component:
                found |= 1 << s
                for t in targets[choices[s]]:
                    found |= reached[t]
            for s in component:
                reached[s] = found
        return reached


def predecessors(model: RationalModel, choices: list[int]) -> list[list[int]]:
    """Return, for each state, those that the chosen pairs lead from to it."""
    before: list[list[int]] = [[] for _ in choices]
    for s, pair in enumerate(choices):
        for t in model.targets[pair]:
            before[t].append(s)
    return before
