"""The finite Markov decision process that every solver reads.

A model is a list of transitions: from state s, action a leads to state t with probability p and
reward r; on a *terminated* transition the reward is paid, then nothing. A policy's value at
discount gamma solves

    v(s) = sum over the rows of (s, pi(s)) of p * (r + gamma * v(t) * (0 if terminated else 1)).

The numbers are exact rationals; `p` and `r` are their nearest floats, as arrays. An action without
a row in a state is not available there; a state without any row is absorbing with reward 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.one_line import spelt_out
from qdecay_envs.rational import RationalLike, nearest_float, rational, written

if TYPE_CHECKING:
    from qdecay_envs.layout import ChainLayout

Row = tuple[int, int, int, RationalLike, RationalLike, bool]

# A table of one flag per state and action must fit in memory whatever a file claims.
MAX_PAIRS = 50_000_000
_MAX_BITS = 100_000


@dataclass(frozen=True, eq=False)
class MDP:
    """A finite MDP with rational data; make one with the `from_...` methods or `load`.

    Attributes:
        n_states, n_actions: S and A; states and actions are 0-based indices.
        state, action, next_state, terminated: the K transitions, each of shape (K,), sorted by
            state, action, next state, terminated and reward. Equal rows are merged.
        exact_probability, exact_reward: their numbers as fractions, K each.
        start: the start state, or None where the model does not say one.
        state_names, action_names: names for people, or None.
        recovered: each float that was mapped to a rational on import, with that rational.
    """

    n_states: int
    n_actions: int
    state: NDArray[np.int64]
    action: NDArray[np.int64]
    next_state: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    exact_probability: tuple[Fraction, ...]
    exact_reward: tuple[Fraction, ...]
    start: int | None = None
    state_names: tuple[str, ...] | None = None
    action_names: tuple[str, ...] | None = None
    recovered: Mapping[float, Fraction] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Row],
        *,
        n_states: int,
        n_actions: int,
        start: int | None = None,
        state_names: Sequence[str] | None = None,
        action_names: Sequence[str] | None = None,
        recovered: Mapping[float, Fraction] | None = None,
    ) -> Self:
        """Return the model with the given (state, action, next state, p, r, terminated) rows.

        Args:
            rows: transitions with exact numbers; zero probabilities are left out, equal rows
                are merged by adding their probabilities.
            n_states, n_actions: S >= 1 and A >= 1.
            start: a state, or None.
            state_names, action_names: S and A texts, or None.
            recovered: what an import mapped; see `MDP`.

        Raises:
            TypeError: a number is a float or no number; see `qdecay_envs.rational`.
            ValueError: an index, a probability, a row's sum or a name is wrong; the message says
                which and where.
        """
        _check_sizes(n_states, n_actions)
        merged = _merge(rows, n_states, n_actions)
        _check_sums(merged)
        found = sorted(merged.items())  # no two keys are equal
        keys = [key for key, _ in found]
        return cls(
            n_states,
            n_actions,
            np.array([key[0] for key in keys], dtype=np.int64),
            np.array([key[1] for key in keys], dtype=np.int64),
            np.array([key[2] for key in keys], dtype=np.int64),
            np.array([key[3] for key in keys], dtype=np.bool_),
            tuple(p for _, p in found),
            tuple(key[4] for key in keys),
            None if start is None else _index(start, n_states, "start"),
            checked_names(state_names, n_states, "state_names"),
            checked_names(action_names, n_actions, "action_names"),
            MappingProxyType(dict(recovered or {})),
        )

    @classmethod
    def from_layout(cls, layout: ChainLayout, **options: Any) -> Self:
        """Return the model of the chain that `layout` describes; options as `ChainEnv` takes."""
        from qdecay.model.readers.arrays import rows_of_layout

        return cls.from_rows(**rows_of_layout(layout, **options))

    @classmethod
    def from_env(cls, env: Any) -> Self:
        """Return the exact model of a Gymnasium environment with a finite table; see `imports`."""
        from qdecay.model.readers.arrays import rows_of_env

        return cls.from_rows(**rows_of_env(env))

    @classmethod
    def from_arrays(cls, transitions: Any, rewards: Any, *, start: int | None = None) -> Self:
        """Return the model that pymdptoolbox's P and R describe; see `imports`."""
        from qdecay.model.readers.arrays import rows_of_arrays

        return cls.from_rows(**rows_of_arrays(transitions, rewards), start=start)

    @classmethod
    def from_state_action_pairs(
        cls,
        rewards: Any,
        transitions: Any,
        s_indices: Any = None,
        a_indices: Any = None,
        *,
        start: int | None = None,
    ) -> Self:
        """Return the model of QuantEcon's R, Q, s_indices, a_indices; see `state_action_pairs`."""
        from qdecay.model.readers.state_action_pairs import rows_of_state_action_pairs

        rows = rows_of_state_action_pairs(rewards, transitions, s_indices, a_indices)
        return cls.from_rows(**rows, start=start)

    @classmethod
    def from_prism(
        cls,
        transitions: str | Path,
        *,
        state_rewards: str | Path | None = None,
        transition_rewards: str | Path | None = None,
        labels: str | Path | None = None,
    ) -> Self:
        """Return the model of PRISM's explicit files, found beside the .tra file; see `prism`."""
        from qdecay.model.readers.prism import rows_of_prism

        return cls.from_rows(
            **rows_of_prism(transitions, state_rewards, transition_rewards, labels)
        )

    @classmethod
    def from_umb(cls, path: str | Path, reward: str | None = None) -> Self:
        """Return the model of a UMB file, with the reward structure of that name; see `umb`."""
        from qdecay.model.readers.umb import rows_of_umb

        return cls.from_rows(**rows_of_umb(path, reward))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the model of a file: `.json`, `.npz` with P and R, PRISM's `.tra`, or `.umb`.

        Raises:
            InputError: the file cannot be read or is not such a file; one line says where.
        """
        from qdecay.model.readers.files import load_mdp

        return cls.from_rows(**load_mdp(Path(path)))

    def save(self, path: str | Path) -> None:
        """Write the MDP file (schema qdecay.mdp/1); an existing file is replaced whole."""
        from qdecay.model.readers.files import save_mdp

        save_mdp(self, Path(path))

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """The probabilities as floats, shape (K,)."""
        return np.array([float(p) for p in self.exact_probability])

    @cached_property
    def reward(self) -> NDArray[np.float64]:
        """The rewards as floats, shape (K,); ValueError where one is too large or too small."""
        pairs = zip(self.state.tolist(), self.action.tolist(), strict=True)
        rewards = zip(pairs, self.exact_reward, strict=True)
        return np.array([self._as_float(pair, reward) for pair, reward in rewards])

    @cached_property
    def available(self) -> NDArray[np.bool_]:
        """Whether the action has a row in the state, shape (S, A)."""
        available = np.zeros((self.n_states, self.n_actions), dtype=np.bool_)
        available[self.state, self.action] = True
        return available

    @cached_property
    def ends(self) -> NDArray[np.bool_]:
        """Whether the action may end the episode in the state, shape (S, A)."""
        ends = np.zeros((self.n_states, self.n_actions), dtype=np.bool_)
        ends[self.state[self.terminated], self.action[self.terminated]] = True
        return ends

    @cached_property
    def p(self) -> sparse.csr_matrix:
        """Probabilities of going on, shape (S * A, S), row s * A + a; terminated rows left out."""
        goes_on = ~self.terminated
        pair = self.state[goes_on] * self.n_actions + self.action[goes_on]
        shape = (self.n_states * self.n_actions, self.n_states)
        data = (self.probability[goes_on], (pair, self.next_state[goes_on]))
        return sparse.csr_matrix(data, shape=shape)

    @cached_property
    def exact_r(self) -> Mapping[tuple[int, int], Fraction]:
        """The expected reward sum p * r of each available (state, action)."""
        totals: dict[tuple[int, int], Fraction] = {}
        pairs = zip(self.state.tolist(), self.action.tolist(), strict=True)
        numbers = zip(self.exact_probability, self.exact_reward, strict=True)
        for pair, (p, r) in zip(pairs, numbers, strict=True):
            totals[pair] = totals.get(pair, Fraction(0)) + p * r
        return MappingProxyType(totals)

    @cached_property
    def r(self) -> NDArray[np.float64]:
        """Expected rewards in reward units, shape (S, A); nan where the action is unavailable.

        Raises ValueError where one is too large or too small for floats.
        """
        expected = np.full((self.n_states, self.n_actions), np.nan)
        for pair, value in self.exact_r.items():
            expected[pair] = self._as_float(pair, value)
        return expected

    def _as_float(self, pair: tuple[int, int], reward: Fraction) -> float:
        try:
            return nearest_float(reward)
        except ValueError as error:
            state, action = self.state_name(pair[0]), self.action_name(pair[1])
            raise ValueError(
                f"state {state}, action {action}: the reward {error} (exact regions take any)"
            ) from error

    def state_name(self, state: int) -> str:
        """The state's name as it can be shown, or its number where it has none."""
        return spelt_out(self.state_names[state]) if self.state_names else str(state)

    def action_name(self, action: int) -> str:
        """The action's name as it can be shown, or its number where it has none."""
        return spelt_out(self.action_names[action]) if self.action_names else str(action)


def _check_sizes(n_states: int, n_actions: int) -> None:
    for name, size in (("n_states", n_states), ("n_actions", n_actions)):
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{name} must be a whole number >= 1, got {written(size)}")
    if n_states * n_actions > MAX_PAIRS:
        raise ValueError(
            f"n_states * n_actions must be <= {MAX_PAIRS:,}, got {n_states:,} * {n_actions:,}"
        )


def _index(value: Any, size: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} must be a whole number, got {written(value)}")
    if not 0 <= value < size:
        raise ValueError(f"{name} must be in 0..{size - 1}, got {value}")
    return int(value)


_Key = tuple[int, int, int, bool, Fraction]


def _merge(rows: Iterable[Row], n_states: int, n_actions: int) -> dict[_Key, Fraction]:
    """Check each row and add up the probabilities of equal ones."""
    merged: dict[_Key, Fraction] = {}
    exact = _Numbers()
    for number, row in enumerate(rows):
        if len(row) != 6:
            raise ValueError(
                f"transition {number} must have 6 entries (state, action, next state, probability, "
                f"reward, terminated), got {len(row)}"
            )
        s, a, t, probability, reward, terminated = row
        if not (
            type(s) is type(a) is type(t) is int
            and type(terminated) is bool
            and 0 <= s < n_states
            and 0 <= a < n_actions
            and 0 <= t < n_states
        ):
            s, a, t, terminated = _checked(row, number, n_states, n_actions)
        p, r = exact(probability, "probability", number, row), exact(reward, "reward", number, row)
        if not 0 <= p.numerator <= p.denominator:
            raise ValueError(f"{_where(number, row)}: probability must be in [0, 1], got {p}")
        if p:
            key = (s, a, t, terminated, r)
            size = len(merged)
            total = merged.setdefault(key, p)  # one look: the hash of a fraction takes long
            if len(merged) == size:
                merged[key] = added(total, p, _where(number, row))
    return merged


class _Numbers:
    """Reads each text and integer once: most models have few different numbers."""

    def __init__(self) -> None:
        self._known: dict[int | str, Fraction] = {}

    def __call__(self, value: Any, name: str, number: int, row: Row) -> Fraction:
        """Return the number; the rest says where it stands."""
        is_plain = type(value) is str or type(value) is int  # True and 1.0 are equal to 1
        found = self._known.get(value) if is_plain else None
        if found is None:
            found = rational(value, f"{_where(number, row)}: {name}")
            if is_plain:
                self._known[value] = found
        return found


def _where(number: int, row: Row) -> str:
    return f"transition {number} (state {row[0]}, action {row[1]})"


def _checked(row: Row, number: int, n_states: int, n_actions: int) -> tuple[int, int, int, bool]:
    """Return state, action, next state and flag of a row that may have them of other types."""
    s = _index(row[0], n_states, f"transition {number}: state")
    a = _index(row[1], n_actions, f"transition {number}: action")
    t = _index(row[2], n_states, f"{_where(number, row)}: next state")
    if not isinstance(row[5], bool | np.bool_):
        got = written(row[5])
        raise ValueError(f"{_where(number, row)}: terminated must be true or false, got {got}")
    return s, a, t, bool(row[5])


def added(total: Fraction, p: Fraction, where: str) -> Fraction:
    """Return a sum of probabilities, whose denominator may grow as far as the checker's."""
    result = total + p
    if result.denominator.bit_length() > _MAX_BITS:
        raise ValueError(f"{where}: the common denominator of its probabilities grows too long")
    return result


def _check_sums(merged: Mapping[_Key, Fraction]) -> None:
    sums: dict[tuple[int, int], Fraction] = {}
    for (s, a, *_), p in merged.items():
        total = sums.get((s, a))
        sums[s, a] = p if total is None else added(total, p, f"state {s}, action {a}")
    for (s, a), total in sums.items():
        if total != 1:
            raise ValueError(f"state {s}, action {a}: probabilities sum to {total}, not 1")


def checked_names(names: Sequence[str] | None, size: int, name: str) -> tuple[str, ...] | None:
    """Return the names as a tuple, or None where there are none.

    Raises:
        ValueError: they are no texts, not `size` of them, or two are equal.
    """
    if names is None:
        return None
    if isinstance(names, str) or not all(isinstance(text, str) for text in names):
        raise ValueError(f"{name} must be a list of texts")
    if len(names) != size:
        raise ValueError(f"{name} must have {size} entries, got {len(names)}")
    if len(set(names)) < size:
        first: dict[str, int] = {}
        for index, text in enumerate(names):
            if (other := first.setdefault(text, index)) != index:
                raise ValueError(
                    f"{name} must differ: {other} and {index} are both {text!r:.60}: rename one"
                )
    return tuple(names)
