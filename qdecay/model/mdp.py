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
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from qdecay._support.checks import file_path
from qdecay._support.viewed import Explored, Plotted
from qdecay.errors import input_errors
from qdecay.model.base import Columns, FiniteMDP
from qdecay.model.empirical import How, counts_of, resampled
from qdecay.model.layouts import Layout
from qdecay.model.readers.arrays import rows_of_arrays
from qdecay.model.readers.env_table import rows_of_env
from qdecay.model.readers.files import document_of, read_model, write_document
from qdecay.model.readers.layout import rows_of_layout
from qdecay.model.readers.prism import rows_of_prism
from qdecay.model.readers.simulator.reading import ExploringOptions, rows_of_simulator
from qdecay.model.readers.state_action_pairs import rows_of_state_action_pairs
from qdecay.model.readers.transitions import rows_of_transitions
from qdecay.model.readers.umb import rows_of_umb
from qdecay.model.reading import Numbers, Reading, ReadingOptions, RowOptions
from qdecay.model.rows import (
    ExactRow,
    ExactRows,
    ModelRows,
    Row,
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
class MDP(FiniteMDP, Plotted, Explored):
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
        start: int | None = None,
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
            start: a state, or None.
            state_names, action_names: S and A strings, or None.
            reading: normalise and minimise, see `qdecay.model.reading`.

        Raises:
            TypeError: a number is a float or not a number; see `qdecay_envs.rational`.
            ValueError: an index, a probability, a row's sum or a name is wrong; the message says
                which and where.
        """
        found = ModelRows(rows, n_states, n_actions, start, state_names, action_names)
        return cls.of(found, Reading(**reading))

    @classmethod
    def from_layout(cls, layout: Layout, **options: Any) -> Self:
        """Return the model of the chain or the grid world that `layout` describes.

        Options are those of `ChainEnv` or `GridWorldEnv`.
        """
        return cls.of(rows_of_layout(layout, **options))

    @classmethod
    def from_env(cls, env: Any, **reading: Unpack[ReadingOptions]) -> Self:
        """Return the exact model of an environment with a finite table, of Gymnasium or not.

        See `qdecay.model.readers.env_table`, and `qdecay.model.reading` for the options.
        """
        how = Reading(**reading)
        return cls.of(rows_of_env(env, how.recovery()), how)

    @classmethod
    def from_simulator(
        cls,
        env: Any,
        *,
        numbers: Numbers = "short",
        normalise: bool = False,
        minimise: bool = False,
        **exploring: Unpack[ExploringOptions],
    ) -> Self:
        """Return the model of an environment without a table, found by trying every action in every
        state.

        Copies of the environment are explored breadth first, from where its episodes begin; the
        environment itself is left as it was. It must be deterministic, unless `samples` is given. A
        time limit becomes the model's `time_limit`, and is not part of the dynamics; action masks
        (`info["action_mask"]`, or a method `action_masks`) make the other actions unavailable,
        unless there is a table `P`.

        Args:
            env: a Gymnasium environment with discrete actions, wrapped or not.
            exploring: the options of `qdecay.model.readers.simulator.reading`: key, reward,
                get_state, set_state, samples, seed, max_states, max_seconds, progress.
            numbers, normalise, minimise: see `qdecay.model.reading`.

        Raises:
            TypeError: an argument is of the wrong kind, or the environment cannot be copied.
            ValueError: the environment is not as exploring assumes, or has too many states; the
                message says what is wrong, where, and what to do.
            BudgetExceeded: the time is up.

        >>> import gymnasium
        >>> lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
        >>> MDP.from_simulator(lake)
        MDP(FrozenLake-v1: 16 states, 4 actions, 44 transitions, start 0)
        """
        how = Reading(numbers=numbers, normalise=normalise, minimise=minimise)
        return cls.of(rows_of_simulator(env, recovery=how.recovery(), **exploring), how)

    @classmethod
    def from_arrays(
        cls,
        transitions: Any,
        rewards: Any,
        *,
        start: int | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> Self:
        """Return the model that pymdptoolbox's P and R describe.

        See `qdecay.model.readers.arrays`, and `qdecay.model.reading` for the options.
        """
        how = Reading(**reading)
        rows = rows_of_arrays(transitions, rewards, start, how.recovery(), how.worst)
        return cls.of(rows, how)

    @classmethod
    def from_state_action_pairs(
        cls,
        rewards: ArrayLike,
        transitions: Any,
        s_indices: ArrayLike | None = None,
        a_indices: ArrayLike | None = None,
        *,
        start: int | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> Self:
        """Return the model of QuantEcon's R, Q, s_indices, a_indices.

        See `qdecay.model.readers.state_action_pairs`, and `qdecay.model.reading` for the options.
        """
        how = Reading(**reading)
        rows = rows_of_state_action_pairs(
            rewards, transitions, s_indices, a_indices, start, how.recovery(), how.worst
        )
        return cls.of(rows, how)

    @classmethod
    def from_prism(
        cls,
        transitions: str | Path,
        *,
        state_rewards: str | Path | None = None,
        transition_rewards: str | Path | None = None,
        labels: str | Path | None = None,
        reward: str | int | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> Self:
        """Return the model of PRISM's or Storm's explicit files, found next to the .tra file.

        See `qdecay.model.readers.prism`, and `qdecay.model.reading` for the options.
        """
        how = Reading(**reading)
        files = (transitions, state_rewards, transition_rewards, labels)
        rows = rows_of_prism(*files, reward, how.recovery())
        return cls.of(rows, how)

    @classmethod
    def from_umb(
        cls, path: str | Path, reward: str | None = None, **reading: Unpack[ReadingOptions]
    ) -> Self:
        """Return the model of a UMB file, with the reward structure of that name.

        See `qdecay.model.readers.umb`, and `qdecay.model.reading` for the options.
        """
        how = Reading(**reading)
        return cls.of(rows_of_umb(path, reward, how.recovery()), how)

    @classmethod
    def from_transitions(
        cls,
        data: Any,
        *,
        n_states: int | None = None,
        n_actions: int | None = None,
        start: Any = None,
        **reading: Unpack[ReadingOptions],
    ) -> Self:
        """Return the empirical model of data: probabilities are relative frequencies.

        It has `visits` and `counts`. Pairs never seen are unavailable, and listed in `unseen`;
        states entered but never acted in are absorbing with reward 0, and listed in
        `assumed_absorbing`. Its `remarks` name both.

        Args:
            data: rows (state, action, reward, next state, terminated); or columns by the names
                state, action, reward, next_state, terminated and perhaps episode, truncated and
                duration (how many steps each took), as a dict of arrays or a frame of pandas or
                polars; or a Minari dataset with discrete spaces. See `qdecay.model.readers.steps`.
            n_states, n_actions: S and A, if the data numbers its states and actions; None means one
                more than the largest number that appears. Labels are numbered in sorted order, and
                become the names of states and actions; labels are text, tuples, and also numbers if
                the largest exceeds a thousand and fewer than one in ten appear.
            start: the start state, as written in the data. None means where its episodes begin
                (`start` if that is one state, otherwise `initial_states`), which is unknown without
                a column `episode` or `truncated`.
            reading: see `qdecay.model.reading`.

        Raises:
            TypeError, ValueError: a column is missing, or an entry is not what it should be; the
                message says where.

        >>> rows = [(0, 0, 1, 0, True), (0, 1, 0, 1, False), (1, 0, 4, 1, True), (1, 0, 0, 1, True)]
        >>> model = MDP.from_transitions(rows, start=0)
        >>> [str(p) for p in model.exact_probability], model.counts.tolist(), model.unseen
        (['1', '1', '1/2', '1/2'], [1, 1, 1, 1], ((1, 1),))
        """
        how = Reading(**reading)
        sizes = {"n_states": n_states, "n_actions": n_actions}
        return cls.of(rows_of_transitions(data, start=start, recovery=how.recovery(), **sizes), how)

    @classmethod
    def load(
        cls, path: str | Path, *, reward: str | None = None, **reading: Unpack[ReadingOptions]
    ) -> Self:
        """Return the model of a file.

        The file holds an MDP, a layout or a grid (`.json`), P and R (`.npz`), a model of PRISM or
        Storm (`.tra`, `.pexp`, `.drn`, `.umb`), or transitions (`.csv`, `.parquet`), which give the
        empirical model. Text files may be compressed: `.tra.gz`, `.tra.bz2`, `.tra.xz`.

        Args:
            path: the file; its ending determines its kind.
            reward: the name or number of the reward structure, if the file has several.
            reading: see `qdecay.model.reading`.

        Raises:
            InputError: the file cannot be read or is not such a file; one line says where.
        """
        how = Reading(**reading)
        rows = read_model(file_path(path), reward, how.recovery(), how.worst)
        with input_errors(f"{path}: "):
            return cls.of(rows, how)

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
