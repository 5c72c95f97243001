"""The finite Markov decision process that every exact solver reads.

A model is a list of transitions: from state s, action a leads to state t with probability p and
reward r; a *terminated* transition pays its reward and ends the episode. A policy's value at
discount gamma solves

    v(s) = sum over the rows of (s, pi(s)) of p * (r + gamma^d * v(t) * (0 if terminated else 1)),

where d is how many steps the transition takes: 1 in a Markov decision process, any whole number in
a semi-Markov one.

The numbers are exact rationals; `p` and `r` are their nearest floats, as arrays. An action without
a row in a state is not available there; a state without any row is absorbing with reward 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.checks import file_path
from qdecay._support.viewed import Explored, Plotted
from qdecay.model.base import Columns, FiniteMDP, state_index
from qdecay.model.empirical import How, counts_of, resampled
from qdecay.model.readable import ReadableMDP
from qdecay.model.readers.files import document_of, write_document
from qdecay.model.reading import Reading, RowOptions
from qdecay.model.rows import (
    ExactRow,
    ExactRows,
    ModelRows,
    Row,
    check_sizes,
    checked_initial_states,
    checked_names,
    checked_remarks,
    checked_scaled,
    checked_time_limit,
    checked_visits,
    index,
)
from qdecay.model.unrolling import Waiting
from qdecay_envs.rational import nearest_float

FLOATS_ONLY = (
    "this model holds floats only: make it with MDP.from_rows, MDP.from_env or MDP.from_arrays for "
    "exact answers, or use numeric_policy_regions or value_iteration, which take floats"
)

_HASHED = 1000  # transitions


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MDP(ReadableMDP, Plotted, Explored):
    """A finite MDP with rational data; make one with the `from_...` methods, `load` or `as_mdp`.

    Attributes:
        n_states, n_actions, start, state_names, action_names, name, time_limit: as in `FiniteMDP`.
        initial_states, scaled, visits, remarks: as in `FiniteMDP`.
        state, action, next_state, terminated: the K transitions, each of shape (K,), sorted by
            state, action, next state, terminated, reward and duration. Equal rows are merged.
        duration: how many steps each transition takes, shape (K,); 1 if it is terminated.
        exact_probability, exact_reward: the probability and reward of each transition, K fractions.
        recovered: each float that was mapped to a rational on reading, with that rational.
    """

    columns: Columns
    exact_probability: tuple[Fraction, ...]
    exact_reward: tuple[Fraction, ...]
    recovered: Mapping[float, Fraction] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, rows: ModelRows, how: Reading | None = None) -> Self:
        """Return the model of a reader's rows, or of another model's `rows`.

        Raises:
            TypeError, ValueError: as `from_rows`.
        """
        how = how or Reading()
        found, scaled = rows.merged(how)
        keys = [key for key, _ in found]
        return cls(
            n_states=rows.n_states,
            n_actions=rows.n_actions,
            columns=Columns(
                np.array([key[0] for key in keys], dtype=np.int64),
                np.array([key[1] for key in keys], dtype=np.int64),
                np.array([key[2] for key in keys], dtype=np.int64),
                np.array([key[3] for key in keys], dtype=np.bool_),
                np.array([key[5] for key in keys], dtype=np.int64),
            ),
            exact_probability=tuple(p for _, p in found),
            exact_reward=tuple(key[4] for key in keys),
            start=None if rows.start is None else index(rows.start, rows.n_states, "start"),
            state_names=checked_names(rows.state_names, rows.n_states, "state_names"),
            action_names=checked_names(rows.action_names, rows.n_actions, "action_names"),
            recovered=dict(rows.recovered),
            name=rows.name,
            time_limit=checked_time_limit(rows.time_limit),
            initial_states=checked_initial_states(rows.initial_states, rows.n_states),
            scaled={**checked_scaled(rows.scaled, (key[:2] for key in keys)), **scaled},
            visits=checked_visits(rows.visits, found),
            remarks=(*checked_remarks(rows.remarks), *how.remarks(scaled)),
        )

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Row],
        *,
        n_states: int,
        n_actions: int,
        start: int | str | None = None,
        state_names: Sequence[str] | None = None,
        action_names: Sequence[str] | None = None,
        **reading: Unpack[RowOptions],
    ) -> Self:
        """Return the model with the given (state, action, next state, p, r, terminated) rows.

        Args:
            rows: transitions with exact numbers; zero probabilities are dropped, equal rows are
                merged by adding their probabilities. A seventh entry is the transition's duration,
                a whole number of steps from 1 to 1,000,000.
            n_states, n_actions: S >= 1 and A >= 1.
            start: a state's number or name, or None.
            state_names, action_names: S and A strings, or None.
            reading: normalise and minimise, see `qdecay.model.reading`.

        Raises:
            TypeError: a number is a float or not a number; see `qdecay_envs.rational`.
            ValueError: an index, a probability, a row's sum or a name is wrong; the message says
                which and where.
        """
        if isinstance(start, str):
            check_sizes(n_states, n_actions)
            names = checked_names(state_names, n_states, "state_names")
            start = state_index(start, n_states, names, "start")
        found = ModelRows(rows, n_states, n_actions, start, state_names, action_names)
        return cls.of(found, Reading(**reading))

    def rows(self) -> ExactRows:
        """Return the model's rows, from which `of` builds an equal model.

        They have six entries, or seven if some transition takes more than one step.
        """
        state, action, to, *rest = (column.tolist() for column in self.columns)
        numbers = (self.exact_probability, self.exact_reward)
        rest = rest if self.is_semi_markov else rest[:1]
        return ExactRows(
            list(zip(state, action, to, *numbers, *rest, strict=True)),
            self.n_states,
            self.n_actions,
            self.start,
            self.state_names,
            self.action_names,
            self.recovered,
            self.name,
            self.time_limit,
            self.initial_states,
            self.visits,
            self.remarks,
            self.scaled,
        )

    @cached_property
    def is_semi_markov(self) -> bool:
        """Whether some transition takes more than one step."""
        return bool((self.duration != 1).any())

    def unrolled(self) -> Self:
        """Return a model in which each transition takes one step; see `FiniteMDP.unrolled`.

        >>> nap = MDP.from_rows([(0, 0, 0, 1, 5, False, 3)], n_states=1, n_actions=1)
        >>> [row[:3] for row in nap.unrolled().rows()]
        [(0, 0, 2), (1, 0, 0), (2, 0, 1)]
        """
        return self._unrolled if self.is_semi_markov else self

    @cached_property
    def _unrolled(self) -> Self:
        waiting = Waiting.of(self)
        entered = waiting.entered.tolist()
        one, zero = Fraction(1), Fraction(0)
        own: list[ExactRow] = [
            (s, a, t, p, r, ends)
            for t, (s, a, _, p, r, ends, *_) in zip(entered, self.rows(), strict=True)
        ]
        own += [(s, 0, t, one, zero, False) for s, t in waiting.rows()]
        rows = replace(
            self.rows(),
            rows=own,
            n_states=self.n_states + waiting.size,
            state_names=waiting.names(self.state_names),
        )
        return type(self).of(rows)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each transition occurs in the data, shape (K,); 0 where its pair was not
        counted.

        Raises ValueError if the model was not made from data.
        """
        return counts_of(self.rows())

    def resample(self, seed: int, *, how: How = "multinomial") -> Self:
        """Return a model from other data that the same world might have produced: a resample.

        Args:
            seed: an integer >= 0; the same seed gives the same model.
            how: "multinomial" (the bootstrap): as many new tries of each pair as in the data, with
                the observed probabilities; or "dirichlet" (the Bayesian bootstrap): probabilities
                drawn from their posterior, in multiples of 2^-22.

        States and actions stay the same. Pairs that were not counted keep their probabilities.

        Raises:
            ValueError: the model was not made from data.

        >>> rows = [(0, 0, 1, 0, True)] * 3 + [(0, 0, 0, 0, True)]
        >>> model = MDP.from_transitions(rows)
        >>> [str(p) for p in model.exact_probability], model.resample(7) == model.resample(7)
        (['1/4', '3/4'], True)
        """
        return type(self).of(resampled(self.rows(), seed, how))

    def to_json(self) -> dict[str, Any]:
        """Return the model as a "qdecay.mdp/1" document."""
        return document_of(self.rows())

    def save(self, path: str | Path) -> None:
        """Write the MDP file (schema qdecay.mdp/1); an existing file is replaced.

        Raises:
            ValueError: the path does not end in .json, or the file would be larger than `load`
                takes, or cannot be written.
        """
        write_document(self.to_json(), file_path(path))

    def __hash__(self) -> int:
        """Hash the sizes and the first numbers: a sweep holds many models that differ in few."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        numbers = (self.exact_reward[:_HASHED], self.exact_probability[:_HASHED])
        return hash((super().__hash__(), numbers))

    def _columns(self) -> Columns:
        return self.columns

    @property
    def n_transitions(self) -> int:
        """K, the number of transitions."""
        return len(self.exact_reward)

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """The probabilities as floats, shape (K,)."""
        return np.array([float(p) for p in self.exact_probability])

    @cached_property
    def reward(self) -> NDArray[np.float64]:
        """The rewards as floats, shape (K,); ValueError if one is too large or too small."""
        return np.array([self._as_float((s, a), r) for s, a, _, _, r, *_ in self.rows()])

    @cached_property
    def p(self) -> sparse.csr_matrix:
        """Probabilities of continuing, shape (S * A, S), row s * A + a, without terminated rows."""
        goes_on = ~self.terminated
        pair = self.state[goes_on] * self.n_actions + self.action[goes_on]
        shape = (self.n_states * self.n_actions, self.n_states)
        data = (self.probability[goes_on], (pair, self.next_state[goes_on]))
        return sparse.csr_matrix(data, shape=shape)

    @cached_property
    def exact_r(self) -> Mapping[tuple[int, int], Fraction]:
        """The expected reward sum p * r of each available (state, action)."""
        totals: dict[tuple[int, int], Fraction] = {}
        for s, a, _, p, r, *_ in self.rows():
            totals[s, a] = totals.get((s, a), Fraction(0)) + p * r
        return MappingProxyType(totals)

    @cached_property
    def r(self) -> NDArray[np.float64]:
        """Expected rewards in reward units, shape (S, A); nan where the action is unavailable.

        Raises ValueError if one is too large or too small for floats.
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
                f"state {state}, action {action}: the reward {error} (exact regions accept any)"
            ) from error


def require_exact(mdp: FiniteMDP) -> MDP:
    """Return the model if it is exact.

    Raises:
        TypeError: it is a float model; the message says which functions accept those.
    """
    if isinstance(mdp, MDP):
        return mdp
    raise TypeError(FLOATS_ONLY)
