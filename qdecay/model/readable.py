"""The constructors that exact and float models share: one for each kind of source.

Each reads the source's rows (`qdecay.model.readers`) and makes the model of them (`of`). Exact
models take a float as the rational that it stands for; float models take it unchanged, and refuse
the option `numbers`.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

from numpy.typing import ArrayLike

from qdecay._support.checks import file_path
from qdecay.errors import input_errors
from qdecay.model.base import FiniteMDP
from qdecay.model.layouts import Layout
from qdecay.model.readers.arrays import rows_of_arrays
from qdecay.model.readers.env_table import rows_of_env
from qdecay.model.readers.files import read_model
from qdecay.model.readers.layout import rows_of_layout
from qdecay.model.readers.prism import rows_of_prism
from qdecay.model.readers.simulator.reading import ExploringOptions, rows_of_simulator
from qdecay.model.readers.state_action_pairs import rows_of_state_action_pairs
from qdecay.model.readers.transitions import rows_of_transitions
from qdecay.model.readers.umb import rows_of_umb
from qdecay.model.reading import Numbers, Reading, ReadingOptions
from qdecay.model.rows import ModelRows


class ReadableMDP(FiniteMDP):
    """A finite MDP that can be made from environments, arrays, data and files."""

    _reading: ClassVar[type[Reading]] = Reading

    @classmethod
    @abstractmethod
    def of(cls, rows: ModelRows, how: Reading | None = None) -> Self:
        """Return the model of a reader's rows, or of another model's `rows`.

        Raises:
            TypeError, ValueError: a row is malformed; the message says which and where.
        """

    @classmethod
    def from_layout(cls, layout: Layout, **options: Any) -> Self:
        """Return the model of the chain or the grid world that `layout` describes.

        Options are those of `ChainEnv` or `GridWorldEnv`.
        """
        return cls.of(rows_of_layout(layout, **options))

    @classmethod
    def from_env(cls, env: Any, **reading: Unpack[ReadingOptions]) -> Self:
        """Return the model of an environment with a finite table, of Gymnasium or not.

        See `qdecay.model.readers.env_table`, and `qdecay.model.reading` for the options.
        """
        how = cls._reading(**reading)
        return cls.of(rows_of_env(env, how.recovery()), how)

    @classmethod
    def from_simulator(
        cls,
        env: Any,
        *,
        numbers: Numbers | None = None,
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
        >>> from qdecay import MDP
        >>> lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
        >>> MDP.from_simulator(lake)
        MDP(FrozenLake-v1: 16 states, 4 actions, 44 transitions, start 0)
        """
        reading: ReadingOptions = {"normalise": normalise, "minimise": minimise}
        if numbers is not None:
            reading["numbers"] = numbers
        how = cls._reading(**reading)
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
        how = cls._reading(**reading)
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
        how = cls._reading(**reading)
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
        how = cls._reading(**reading)
        files = (transitions, state_rewards, transition_rewards, labels)
        rows = rows_of_prism(*files, reward, how.recovery())
        return cls.of(rows, how)

    @classmethod
    def from_umb(
        cls, path: str | Path, reward: str | int | None = None, **reading: Unpack[ReadingOptions]
    ) -> Self:
        """Return the model of a UMB file, with the reward structure of that name.

        See `qdecay.model.readers.umb`, and `qdecay.model.reading` for the options.
        """
        how = cls._reading(**reading)
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
                become the names of states and actions; labels are text, tuples, arrays of whole
                numbers, and also numbers if the largest exceeds a thousand and fewer than one in
                ten appear.
            start: the start state, as written in the data. None means where its episodes begin
                (`start` if that is one state, otherwise `initial_states`), which is unknown without
                a column `episode` or `truncated`.
            reading: see `qdecay.model.reading`.

        Raises:
            TypeError, ValueError: a column is missing, or an entry is not what it should be; the
                message says where.

        >>> from qdecay import MDP
        >>> rows = [(0, 0, 1, 0, True), (0, 1, 0, 1, False), (1, 0, 4, 1, True), (1, 0, 0, 1, True)]
        >>> model = MDP.from_transitions(rows, start=0)
        >>> [str(p) for p in model.exact_probability], model.counts.tolist(), model.unseen
        (['1', '1', '1/2', '1/2'], [1, 1, 1, 1], ((1, 1),))
        """
        how = cls._reading(**reading)
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
        how = cls._reading(**reading)
        rows = read_model(file_path(path), reward, how.recovery(), how.worst)
        with input_errors(f"{path}: "):
            return cls.of(rows, how)
