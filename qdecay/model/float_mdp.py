"""Models of floats, for sizes where exact fractions do not fit: two arrays, read unchanged.

A model of 20 million transitions would need tens of gigabytes for as many fractions. `FloatMDP`
keeps what planning reads: the continuing probabilities as one sparse matrix and the expected
rewards as one table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from qdecay._support.checks import file_path
from qdecay._support.viewed import NoPage
from qdecay.errors import input_errors
from qdecay.model.base import Columns
from qdecay.model.float_arrays import (
    Arrivals,
    canonical,
    check_numbers,
    counted_visits,
    indices,
    summing_to_one,
    sums_of,
    without,
)
from qdecay.model.mdp import FLOATS_ONLY, MDP
from qdecay.model.readable import ReadableMDP
from qdecay.model.readers.arrays import (
    as_floats,
    available_entries,
    entries_of,
    expected_rewards,
    is_unavailable,
    resting,
)
from qdecay.model.readers.files import refuse_reward
from qdecay.model.readers.npz import (
    read_npz,
    sparse_arguments,
    start_of,
    surroundings_of,
    write_npz,
)
from qdecay.model.reading import FloatReading, Reading, ReadingOptions, RowOptions
from qdecay.model.rows import (
    ModelRows,
    check_sizes,
    checked_durations,
    checked_initial_states,
    checked_names,
    checked_remarks,
    checked_scaled,
    checked_time_limit,
    index,
)
from qdecay.model.unrolling import Waiting


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FloatMDP(ReadableMDP):
    """A finite MDP in floats, made by `from_sparse`, `from_columns` or the constructors of `MDP`.

    It has the attributes of an `MDP`, except the exact ones. Only the expected rewards r(s, a) are
    kept: planning needs no more, but a learner on this model sees no reward noise. The transitions
    (`state`, `action`, ...) are computed on first use.

    Attributes:
        going, expected: the arrays that `p` and `r` return.
        ending: probability that the episode ends, shape (S, A), or None for zeros.
        lasting: how many steps each entry of `going` takes (there may be several entries for one
            state, action and next state); None if all take one.
    """

    going: sparse.csr_matrix
    expected: NDArray[np.float64]
    ending: NDArray[np.float64] | None = None
    lasting: NDArray[np.int64] | None = None
    _reading: ClassVar[type[Reading]] = FloatReading
    explore: ClassVar[NoPage] = NoPage(
        "pages are exact, so read the model as MDP and explore that; "
        "numeric_policy_regions(...).plot() draws where this one changes"
    )

    @classmethod
    def of(cls, rows: ModelRows, how: Reading | None = None) -> Self:
        """Return the model of a reader's rows, with numbers as floats.

        Raises:
            TypeError, ValueError: a row is malformed, or as `from_columns`.
        """
        how = how or Reading()
        made = cls.from_columns(
            **rows.columns(),
            n_states=rows.n_states,
            n_actions=rows.n_actions,
            start=rows.start,
            normalise=how.normalise,
            minimise=how.minimise,
        )
        return made._told(rows)

    def _told(self, rows: ModelRows) -> Self:
        """Return the model with what rows say besides the dynamics."""
        pairs = zip(self.state.tolist(), self.action.tolist(), strict=True) if rows.scaled else ()
        return replace(
            self,
            state_names=checked_names(rows.state_names, self.n_states, "state_names"),
            action_names=checked_names(rows.action_names, self.n_actions, "action_names"),
            name=rows.name,
            time_limit=checked_time_limit(rows.time_limit),
            initial_states=checked_initial_states(rows.initial_states, self.n_states),
            visits=counted_visits(rows.visits, self),
            scaled={**checked_scaled(rows.scaled, pairs), **self.scaled},
            remarks=checked_remarks((*checked_remarks(rows.remarks), *self.remarks)),
        )

    @classmethod
    def from_sparse(
        cls,
        p: Any,
        r: ArrayLike,
        *,
        ends: ArrayLike | None = None,
        start: int | None = None,
        **reading: Unpack[RowOptions],
    ) -> Self:
        """Return the model of a sparse matrix of probabilities and a table of rewards.

        Args:
            p: probabilities of continuing, a scipy sparse matrix or array of shape (S * A, S), row
                s * A + a. A csr_matrix of sorted float64 entries without duplicates is used without
                copying if nothing must be changed.
            r: expected rewards, shape (S, A). An action is unavailable in a state where its reward
                is nan or -inf (as a cost, inf), or its row of p and its `ends` are 0.
            ends: probability that the episode ends, shape (S, A); zeros by default.
            start: the start state, or None.
            reading: normalise and minimise, see `qdecay.model.reading`.

        Raises:
            ValueError: a shape or a number is wrong, or a row of p with its `ends` does not sum
                to 1 within rounding, which is (k + 2) * 2**-52 for k entries.
        """
        rewards = np.asarray(r, dtype=np.float64)
        return cls._of(canonical(p, rewards), rewards, ends, start, FloatReading(**reading))

    @classmethod
    def _of(
        cls,
        matrix: sparse.csr_matrix,
        rewards: NDArray[np.float64],
        ends: ArrayLike | None,
        start: int | None,
        how: Reading,
    ) -> Self:
        """Return the model of a canonical matrix."""
        ending = None if ends is None else np.asarray(ends, dtype=np.float64)
        check_numbers(matrix, rewards, ending, how.worst)
        sums = sums_of(matrix, ending)
        available = sums.reshape(rewards.shape) != 0
        available &= ~is_unavailable(rewards, how.worst)
        remarks = resting(available)
        matrix, ending = without(matrix, ending, ~available)
        sums[~available.ravel()] = 0
        matrix, ending, scaled = summing_to_one(matrix, ending, sums, available, how)
        if not available.all():
            rewards = np.where(available, rewards, np.nan)
        n_states, n_actions = rewards.shape
        return cls(
            n_states=n_states,
            n_actions=n_actions,
            start=None if start is None else index(start, n_states, "start"),
            going=matrix,
            expected=-rewards if how.minimise else rewards,
            ending=ending,
            scaled=scaled,
            remarks=(*remarks, *how.remarks(scaled)),
        )

    @classmethod
    def from_columns(
        cls,
        state: ArrayLike,
        action: ArrayLike,
        next_state: ArrayLike,
        probability: ArrayLike,
        reward: ArrayLike,
        terminated: ArrayLike | None = None,
        duration: ArrayLike | None = None,
        *,
        n_states: int,
        n_actions: int,
        start: int | None = None,
        **reading: Unpack[RowOptions],
    ) -> Self:
        """Return the model of K transitions, given as arrays of shape (K,) in any order.

        Equal transitions are merged; rewards become r(s, a) = sum of p * reward. Without
        `duration` each takes one step.

        Raises:
            ValueError: an index or a duration is outside its range, or as `from_sparse`.
        """
        check_sizes(n_states, n_actions)
        p = np.asarray(probability, dtype=np.float64)
        done = np.zeros(p.shape, dtype=np.bool_) if terminated is None else np.asarray(terminated)
        pair = indices(state, p.shape, n_states, "state") * n_actions
        pair += indices(action, p.shape, n_actions, "action")
        to = indices(next_state, p.shape, n_states, "next_state")
        if done.shape != p.shape or done.dtype != np.bool_:
            raise ValueError(f"terminated must be {p.shape} of bool, got {done.shape} {done.dtype}")
        shape, size = (n_states, n_actions), n_states * n_actions
        paid = np.asarray(reward, dtype=np.float64)
        if not np.isfinite(paid).all():
            raise ValueError(f"reward must be finite, got {paid[~np.isfinite(paid)][0]}")
        r = np.bincount(pair, weights=p * paid, minlength=size).astype(np.float64, copy=False)
        r[np.bincount(pair, minlength=size) == 0] = np.nan
        ends = np.bincount(pair[done], weights=p[done], minlength=size).reshape(shape)
        steps = None
        if duration is not None:
            lasting = np.asarray(duration)
            if lasting.shape != p.shape:
                raise ValueError(f"duration must be {p.shape} whole numbers, got {lasting.shape}")
            steps = checked_durations(lasting)[~done]
        arrivals = Arrivals.of(to[~done], steps, n_states)
        on = (p[~done], (pair[~done], arrivals.column))
        matrix = sparse.csr_matrix(on, shape=(size, len(arrivals.state)))
        matrix.sum_duplicates()
        how = FloatReading(**reading)
        made = cls._of(matrix, r.reshape(shape), ends, start, how)
        going, took = arrivals.places(made.going, n_states)
        # Rows that are not given are left out on purpose.
        return replace(made, going=going, lasting=took, remarks=how.remarks(made.scaled))

    @classmethod
    def from_mdp(cls, mdp: MDP) -> Self:
        """Return the floats of an exact model."""
        ending = np.zeros((mdp.n_states, mdp.n_actions))
        done = mdp.terminated
        np.add.at(ending, (mdp.state[done], mdp.action[done]), mdp.probability[done])
        going, lasting = mdp.p, None
        if mdp.is_semi_markov:
            arrivals = Arrivals.of(mdp.next_state[~done], mdp.duration[~done], mdp.n_states)
            pair = mdp.state[~done] * mdp.n_actions + mdp.action[~done]
            on = (mdp.probability[~done], (pair, arrivals.column))
            going = sparse.csr_matrix(on, shape=(ending.size, len(arrivals.state)))
            going, lasting = arrivals.places(going, mdp.n_states)
        return cls(
            n_states=mdp.n_states,
            n_actions=mdp.n_actions,
            start=mdp.start,
            state_names=mdp.state_names,
            action_names=mdp.action_names,
            name=mdp.name,
            time_limit=mdp.time_limit,
            initial_states=mdp.initial_states,
            scaled=mdp.scaled,
            visits=mdp.visits,
            remarks=mdp.remarks,
            going=going,
            expected=mdp.r,
            ending=ending,
            lasting=lasting,
        )

    @classmethod
    def from_arrays(
        cls,
        transitions: Any,
        rewards: Any,
        *,
        start: int | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> Self:
        """Return the floats of pymdptoolbox's P and R, unchanged.

        See `qdecay.model.readers.arrays`.
        """
        how = FloatReading(**reading)
        entries, paid = available_entries(entries_of(transitions), rewards, how.worst)
        shape = (entries.n_states * entries.n_actions, entries.n_states)
        places = (entries.pair, entries.to)
        p = sparse.csr_matrix((as_floats(entries.p, "P"), places), shape=shape)
        r = expected_rewards(rewards, entries, paid)
        return cls._of(canonical(p, r), r, None, start, how)

    @classmethod
    def load(
        cls, path: str | Path, *, reward: str | None = None, **reading: Unpack[ReadingOptions]
    ) -> Self:
        """Return the floats of a file that `MDP.load` or `save` supports.

        Args:
            path, reward: as in `MDP.load`.
            reading: normalise and minimise, see `qdecay.model.reading`.

        Raises:
            InputError: the file cannot be read or is not such a file; one line says where.
        """
        if file_path(path).suffix != ".npz":
            return super().load(path, reward=reward, **reading)
        refuse_reward(Path(path), reward)
        arrays = read_npz(Path(path))
        with input_errors(f"{path}: "):
            if "P" in arrays:
                made = cls.from_arrays(arrays["P"], arrays["R"], start=start_of(arrays), **reading)
            else:
                how = FloatReading(**reading)
                made = cls.from_sparse(
                    **sparse_arguments(arrays), normalise=how.normalise, minimise=how.minimise
                )
            told = surroundings_of(arrays)
            rows = ModelRows((), made.n_states, made.n_actions, name=str(path), **told)
            return made._told(rows)

    def save(self, path: str | Path) -> None:
        """Write an `.npz`: P_data, P_indices, P_indptr and R, and whatever else the model has.

        Raises:
            ValueError: the path does not end in .npz (other files hold exact numbers); a transition
                takes more than one step, which arrays cannot represent; a name ends in a NUL
                character; or the file cannot be written.
        """
        if file_path(path).suffix != ".npz":
            raise ValueError(f"{path}: the name must end in .npz: {FLOATS_ONLY}")
        if self.is_semi_markov:
            raise ValueError(
                f"{path}: an .npz file cannot say that transitions take several steps: save an "
                f"MDP as .json, or write them out step by step with unrolled()"
            )
        write_npz(path, self, self.ending)

    @property
    def is_semi_markov(self) -> bool:
        """Whether some transition takes more than one step."""
        return self.lasting is not None

    def unrolled(self) -> Self:
        """Return a model in which each transition takes one step; see `FiniteMDP.unrolled`."""
        return self._unrolled if self.is_semi_markov else self

    @cached_property
    def _unrolled(self) -> Self:
        waiting, n_actions = Waiting.of(self), self.n_actions
        size, count = self.n_states + waiting.size, waiting.size
        rows = sparse.csr_matrix(
            (self.going.data, waiting.entered[~self.terminated], self.going.indptr),
            shape=(self.r.size, size),
        )
        rows.sort_indices()
        on = np.ones(count), (np.arange(count) * n_actions, waiting.following)
        waits = sparse.csr_matrix(on, shape=(count * n_actions, size))
        unpaid = np.full((count, n_actions), np.nan)
        unpaid[:, 0] = 0.0
        ending = self.ending
        return replace(
            self,
            n_states=size,
            state_names=waiting.names(self.state_names),
            going=sparse.vstack([rows, waits], format="csr"),
            expected=np.concatenate([self.expected, unpaid]),
            ending=None if ending is None else np.concatenate([ending, np.zeros_like(unpaid)]),
            lasting=None,
        )

    @cached_property
    def p(self) -> sparse.csr_matrix:
        """Probabilities of continuing, shape (S * A, S), row s * A + a, without terminated rows."""
        if not self.is_semi_markov:
            return self.going
        summed = self.going.copy()
        summed.sum_duplicates()
        return summed

    @property
    def r(self) -> NDArray[np.float64]:
        """Expected rewards in reward units, shape (S, A); nan where the action is unavailable."""
        return self.expected

    @cached_property
    def available(self) -> NDArray[np.bool_]:
        """Whether the action can be chosen in the state, shape (S, A)."""
        return ~np.isnan(self.r)

    @cached_property
    def ends(self) -> NDArray[np.bool_]:
        """Whether the action may end the episode, shape (S, A)."""
        if self.ending is None:
            return np.zeros(self.r.shape, dtype=np.bool_)
        return np.asarray(self.ending > 0)

    @property
    def n_transitions(self) -> int:
        """K, the number of transitions."""
        return int(self.going.nnz + self.ends.sum())

    @cached_property
    def _transitions(self) -> tuple[Columns, NDArray[np.float64]]:
        """All transitions by state and action; an ending is the pair's last, to its own state."""
        p = self.going
        going = np.repeat(np.arange(self.r.size), np.diff(p.indptr))
        ending = np.flatnonzero(self.ends)
        pair = np.concatenate([going, ending])
        order = np.argsort(pair, kind="stable")
        to = np.concatenate([p.indices, ending // self.n_actions]).astype(np.int64)
        steps = np.ones(len(pair), dtype=np.int64)
        if self.lasting is not None:
            steps[: len(going)] = self.lasting
        lost = self.ending.ravel()[ending] if self.ending is not None else np.empty(0)
        probability = np.concatenate([p.data, lost])
        places = np.divmod(pair[order], self.n_actions)
        columns = Columns(*places, to[order], order >= len(going), steps[order])
        return columns, probability[order]

    def _columns(self) -> Columns:
        return self._transitions[0]

    @property
    def probability(self) -> NDArray[np.float64]:
        """The probabilities, shape (K,)."""
        return self._transitions[1]

    @cached_property
    def reward(self) -> NDArray[np.float64]:
        """The expected reward r(s, a) of each transition's state and action, shape (K,)."""
        return self.r[self.state, self.action]
