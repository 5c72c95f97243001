"""What exact and float models share: everything that planning and drawing read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.checks import whole
from qdecay._support.one_line import escaped, one_line
from qdecay._support.result import Record, counted
from qdecay.model.reading import Pair
from qdecay_envs.rational import written

_SIMILAR, _WORD = 3, 60  # names that a message shows, and characters of each


class Columns(NamedTuple):
    """The K transitions of a model, each array of shape (K,)."""

    state: NDArray[np.int64]
    action: NDArray[np.int64]
    next_state: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    duration: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FiniteMDP(Record, ABC):
    """A finite Markov decision process, exact (`MDP`) or of floats (`FloatMDP`).

    Two models of one kind are equal if they have the same numbers, start and names, regardless of
    where they were read from.

    Attributes:
        n_states, n_actions: S and A; states and actions are 0-based indices.
        start: the start state, or None if the model has none.
        state_names, action_names: display names, or None.
        name: what the model was read from, an id or a path, or None.
        time_limit: the number of actions, however long they take, after which the environment
            truncates an episode; or None.
        initial_states: the exact probability of each state in which episodes begin, by state; empty
            if that is always `start`, or if nothing is known.
        scaled: the sums of probabilities, by state and action, that were not 1 and were corrected;
            see `qdecay.model.reading`.
        visits: how often each state and action was tried, if the probabilities are relative
            frequencies; empty if they are known.
        remarks: what reading assumed or left out, a line each.

    The last six are not part of the dynamics, and are ignored when models are compared.
    """

    n_states: int
    n_actions: int
    start: int | None = None
    state_names: tuple[str, ...] | None = None
    action_names: tuple[str, ...] | None = None
    name: str | None = field(default=None, compare=False)
    time_limit: int | None = field(default=None, compare=False)
    initial_states: Mapping[int, Fraction] = field(default_factory=dict, compare=False)
    scaled: Mapping[Pair, Fraction] = field(default_factory=dict, compare=False)
    visits: Mapping[Pair, int] = field(default_factory=dict, compare=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def starts(self) -> Mapping[int, Fraction]:
        """The probability of each state in which episodes begin; empty if nothing is known."""
        return self.initial_states if self.start is None else {self.start: Fraction(1)}

    @abstractmethod
    def _columns(self) -> Columns:
        """The transitions, sorted by state and action."""

    @property
    @abstractmethod
    def is_semi_markov(self) -> bool:
        """Whether some transition takes more than one step."""

    @abstractmethod
    def unrolled(self) -> Self:
        """Return a model in which each transition takes one step, and states have the same values.

        A transition of d steps waits d - 1 of them in further states, which come after this
        model's, have one action and pay nothing; see `qdecay.model.unrolling`. Returns the model
        itself if each transition takes one step.

        Raises:
            ValueError: it would have too many states.
        """

    @property
    @abstractmethod
    def n_transitions(self) -> int:
        """K, the number of transitions."""

    @property
    @abstractmethod
    def p(self) -> sparse.csr_matrix:
        """Probabilities of continuing, shape (S * A, S), row s * A + a, without terminated rows."""

    @property
    @abstractmethod
    def r(self) -> NDArray[np.float64]:
        """Expected rewards in reward units, shape (S, A); nan where the action is unavailable."""

    @property
    @abstractmethod
    def probability(self) -> NDArray[np.float64]:
        """The probability of each transition, shape (K,)."""

    @property
    @abstractmethod
    def reward(self) -> NDArray[np.float64]:
        """The reward of each transition, shape (K,); r(s, a) if nothing more is known."""

    @property
    def state(self) -> NDArray[np.int64]:
        """The state of each transition, shape (K,)."""
        return self._columns().state

    @property
    def action(self) -> NDArray[np.int64]:
        """The action of each transition, shape (K,)."""
        return self._columns().action

    @property
    def next_state(self) -> NDArray[np.int64]:
        """Where each transition leads, shape (K,)."""
        return self._columns().next_state

    @property
    def terminated(self) -> NDArray[np.bool_]:
        """Whether the transition ends the episode, shape (K,)."""
        return self._columns().terminated

    @property
    def duration(self) -> NDArray[np.int64]:
        """How many steps the transition takes, shape (K,): the reward is paid in the first, and
        what follows is discounted by gamma**duration."""
        return self._columns().duration

    @cached_property
    def available(self) -> NDArray[np.bool_]:
        """Whether the action can be chosen in the state, shape (S, A)."""
        available = np.zeros((self.n_states, self.n_actions), dtype=np.bool_)
        available[self.state, self.action] = True
        return available

    @cached_property
    def ends(self) -> NDArray[np.bool_]:
        """Whether the action may end the episode in the state, shape (S, A)."""
        ends = np.zeros((self.n_states, self.n_actions), dtype=np.bool_)
        ends[self.state[self.terminated], self.action[self.terminated]] = True
        return ends

    @property
    def unseen(self) -> tuple[Pair, ...]:
        """The pairs (state, action) that data never tried, of the states where it tried any."""
        if not self.visits:
            return ()
        acting = np.asarray(self.available.any(axis=1))
        states, actions = np.nonzero(acting.reshape(-1, 1) & ~self.available)
        return tuple(zip(states.tolist(), actions.tolist(), strict=True))

    @property
    def assumed_absorbing(self) -> tuple[int, ...]:
        """The states that data entered but never acted in: taken as absorbing with reward 0."""
        if not self.visits:
            return ()
        entered = np.unique(self.next_state[~self.terminated])
        return tuple(entered[~self.available[entered].any(axis=1)].tolist())

    def state_name(self, state: int) -> str:
        """The state's name for display, or its number if it has none."""
        return escaped(self.state_names[state]) if self.state_names else str(state)

    def state_index(self, state: int | str, argument: str = "state") -> int:
        """Return the state with a number or a name; a text is tried as a name first.

        Spaces in a name may be omitted where that leaves one state: "(2,1)" is "(2, 1)". Messages
        call it `argument`.

        >>> from qdecay import MDP
        >>> lamp = MDP.from_rows(
        ...     [(0, 0, 1, 1, 5, False)], n_states=2, n_actions=1, state_names=["dark", "bright"]
        ... )
        >>> lamp.state_index("bright"), lamp.state_index("1"), lamp.state_index(1)
        (1, 1, 1)

        Raises:
            TypeError: `state` is neither an integer nor text.
            ValueError: there is no such state; the message names the most similar ones.
        """
        return state_index(state, self.n_states, self.state_names, argument)

    def action_name(self, action: int) -> str:
        """The action's name for display, or its number if it has none."""
        return escaped(self.action_names[action]) if self.action_names else str(action)

    def _shown(self) -> str:
        name = "" if self.name is None else f"{one_line(self.name)}: "
        sizes = {"state": self.n_states, "action": self.n_actions, "transition": self.n_transitions}
        parts = [counted(size, noun) for noun, size in sizes.items()]
        parts += [] if self.start is None else [f"start {self.state_name(self.start)}"]
        return f"{name}{', '.join(parts)}"

    def __hash__(self) -> int:
        """Hash the sizes only: float models may be large, and few exist at a time."""
        return hash((self.n_states, self.n_actions, self.start, self.n_transitions))


def state_index(
    state: int | str, n_states: int, state_names: Sequence[str] | None, argument: str = "state"
) -> int:
    """Return the state with a number or a name, as `FiniteMDP.state_index` does."""
    last = n_states - 1
    if not isinstance(state, str):
        return whole(state, argument, 0, last)
    names = state_names or ()
    shown = [escaped(name) for name in names]
    for known in (names, shown):
        if state in known:
            return known.index(state)
    if state.isascii() and state.isdecimal() and len(state) < 19:
        return whole(int(state), argument, 0, last)
    alike = [number for number, name in enumerate(shown) if _spaceless(name) == _spaceless(state)]
    if len(alike) == 1:
        return alike[0]
    similar = get_close_matches(state[:_WORD], shown, _SIMILAR) or shown[:_SIMILAR]
    between = "; " if any("," in name for name in similar) else ", "
    such = between.join(f"{name:.{_WORD}}" for name in similar)
    known_as = f"a name, such as {such}, or " if such else ""
    raise ValueError(
        f"{argument} must be {known_as}a number from 0 to {last:,}, got {written(state)}"
    )


def _spaceless(name: str) -> str:
    return "".join(name.split())
