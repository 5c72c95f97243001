"""Explicit models in arrays, as in the formats of model checkers, and their rows.

A state has choices, a choice has branches; a step along a branch earns the rewards of its state, of
its choice and of the branch. A state without choices is absorbing and earns its state reward for
ever, as in PRISM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdecay.errors import InputError
from qdecay.model.readers.limits import Limits, check_size
from qdecay.model.readers.numbers import Numbers
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, RowColumns

Indices = NDArray[np.int64]

_MANY = 1 << 31  # more choices of a state than can be read


def pair_keys(state: Indices, number: Indices) -> Indices:
    """Return a number for each state and choice of it, in their order."""
    return state * _MANY + number


def pairs_of(keys: Indices) -> tuple[Indices, Indices]:
    """Return the states and choices of such numbers.

    >>> pairs_of(pair_keys(np.array([3]), np.array([2])))
    (array([3]), array([2]))
    """
    return keys // _MANY, keys % _MANY


@dataclass(frozen=True)
class ExplicitModel:
    """S states, C choices and K branches: each choice has its state, each branch its choice.

    Attributes:
        n_states: S.
        state, number: of each choice, its state and which of the state's choices it is, (C,), in
            that order.
        names: the action of each choice, or "", (C,); empty if no choice has one.
        choice, target, probability: of each branch, (K,).
        state_rewards, choice_rewards, branch_rewards: (S,), (C,) and (K,), or None for zeros.
        start: the start state, or None if there is no single one.
        state_names: S names, or None.
    """

    n_states: int
    state: Indices
    number: Indices
    names: Sequence[str]
    choice: Indices
    target: Indices
    probability: Numbers
    state_rewards: Numbers | None = None
    choice_rewards: Numbers | None = None
    branch_rewards: Numbers | None = None
    start: int | None = None
    state_names: Sequence[str] | None = None

    def rows(self, path: Path, recovery: Recovery, limits: Limits) -> ModelRows:
        """Return the model's rows, named after the file.

        Actions are the choices' actions, if every choice of a state has its own; otherwise they are
        the numbers of the choices.

        Raises:
            InputError: it is larger than the limits, or a choice leads nowhere.
        """
        leads = np.zeros(len(self.state), dtype=np.bool_)
        leads[self.choice] = True
        if not leads.all():
            lost = int(np.argmin(leads))
            state, number = int(self.state[lost]), int(self.number[lost])
            raise InputError(f"{path}: choice {number} of state {state} leads nowhere")
        actions, action_names = self._actions()
        n_actions = 1 + int(actions.max(initial=0))
        check_size(path, len(self.target), self.n_states, n_actions, limits=limits)
        return ModelRows(
            self._columns(actions),
            self.n_states,
            n_actions,
            self.start,
            self.state_names,
            action_names,
            recovered=recovery.mapped,
            name=str(path),
        )

    def _actions(self) -> tuple[Indices, list[str] | None]:
        """The action of each choice, and the actions' names if they have any."""
        if not self.names:
            return self.number, None
        known: dict[str, int] = {}
        code = [known.setdefault(name, len(known)) for name in self.names]
        codes = np.array(code, dtype=np.int64)
        own = np.unique(self.state * len(known) + codes)
        if len(own) < len(codes) or "" in known:
            return self.number, None
        return codes, list(known)

    def _columns(self, actions: Indices) -> RowColumns:
        """The branches, and the absorbing states that have a reward."""
        earned = self._earned()
        if earned is None:
            earned = np.zeros(len(self.target), dtype=self.probability.dtype)
        moving = (self.state[self.choice], actions[self.choice], self.target)
        columns = RowColumns(*moving, self.probability, earned)
        if self.state_rewards is None:
            return columns
        rests = np.ones(self.n_states, dtype=np.bool_)
        rests[self.state] = False
        at = np.flatnonzero(rests & (self.state_rewards != 0))
        if not len(at):
            return columns
        surely = np.ones(len(at), dtype=self.probability.dtype)
        resting = RowColumns(at, np.zeros_like(at), at, surely, self.state_rewards[at])
        both = zip(vars(columns).values(), vars(resting).values(), strict=True)
        return RowColumns(*(np.concatenate(pair) for pair in both))

    def _earned(self) -> Numbers | None:
        """The reward of a step along each branch, or None for zeros."""
        total = self.branch_rewards
        of_state = None if self.state_rewards is None else self.state_rewards[self.state]
        for of_choice in (of_state, self.choice_rewards):
            if of_choice is not None:
                more = of_choice[self.choice]
                total = more if total is None else total + more
        return total
