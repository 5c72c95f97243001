"""Many synchronous copies of a tabular environment in NumPy, as made by `gymnasium.make_vec`.

One class serves every environment of the suite: it reads the table and keeps the same draws. With
the same seed, copy i plays bit for bit the episodes of the scalar environment reset with seed + i,
as under Gymnasium's `SyncVectorEnv`, in every autoreset mode: each copy has its own generators,
seeded as the scalar environment's, whose numbers are drawn in blocks. Without a seed nothing is
reproducible. The generators are not accessible from outside: they run ahead of what was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from qdecay_envs.arguments import whole
from qdecay_envs.arrays import Draws, Flags, Floats, Integers, TableArrays, add_passed, thresholds
from qdecay_envs.tabular import TabularEnv

_MODES = ("ansi", "rgb_array")


class TabularVectorEnv(VectorEnv[Integers, Integers, NDArray[Any]]):
    """`num_envs` independent copies of a tabular environment.

    Args:
        member: the class of the scalar environment.
        num_envs: number of copies, >= 1.
        max_episode_steps: episodes are truncated after this many steps; None means never.
        autoreset_mode: an `AutoresetMode` or its value: "NextStep" (the step after the last one
            resets: reward 0, action ignored), "SameStep" (the last one resets, with `final_obs` and
            `final_info` among the infos) or "Disabled" (reset with `options["reset_mask"]`).
        render_mode: None, "ansi" or "rgb_array"; `render` returns a tuple of pictures.
        arguments: the arguments of the scalar environment.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range.

    >>> from qdecay_envs.n_chain import NChainEnv
    >>> vector = TabularVectorEnv(NChainEnv, 3, slip=0)
    >>> vector.reset(seed=0)[0], vector.step([0, 1, 0])[:2]
    (array([0, 0, 0]), (array([1, 0, 1]), array([0., 2., 0.])))
    """

    def __init__(
        self,
        member: type[TabularEnv],
        num_envs: int = 1,
        *,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **arguments: Any,
    ) -> None:
        self.num_envs = whole(num_envs, "num_envs", 1, 10_000_000)
        self._limit = None
        if max_episode_steps is not None:
            self._limit = whole(max_episode_steps, "max_episode_steps", 1, 2**62)
        if render_mode not in (None, *_MODES):
            raise ValueError(
                f"render_mode must be None, 'ansi' or 'rgb_array', got {render_mode!r}"
            )
        self._scalar = member(render_mode=render_mode, **arguments)
        self._mode = AutoresetMode(autoreset_mode)
        self.render_mode = render_mode
        self.metadata = {
            **member.metadata,
            "render_modes": list(_MODES),
            "autoreset_mode": self._mode,
        }
        self.single_observation_space = self._scalar.observation_space
        self.single_action_space = self._scalar.action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

        self._table = TableArrays(self._scalar.P_exact)
        self._noise = self._scalar.noise_of_rows()
        self._n_actions = len(self._scalar.P_exact[0])
        starts = self._scalar.start_chances
        self._starts = np.array(list(starts))
        self._start_thresholds = thresholds([list(starts.values())])
        self._uniform = Draws(self.num_envs, np.random.Generator.random)
        self._normal = Draws(self.num_envs, np.random.Generator.standard_normal)
        self._states = np.zeros(self.num_envs, dtype=np.int64)
        self._elapsed = np.zeros(self.num_envs, dtype=np.int64)
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        self._begun = False
        self._seen: Any = None  # the last step of every copy, if it is to be drawn

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Integers, dict[str, Any]]:
        """Return every copy, or those of `options["reset_mask"]`, to a start state.

        Args:
            seed: copy i gets seed + i, or the i-th of a list; None continues with its generator.
            options: None, or {"reset_mask": bools of shape (num_envs,)} with at least one true; the
                first reset is of all copies.

        Raises:
            ValueError: the seeds or the options do not have that form.
        """
        copies, seeds = self._to_reset(options), self._seeds(seed)
        for copy in copies.tolist():
            if seeds[copy] is not None or not self._begun:
                self._begin(copy, seeds[copy])
        self._begun = True
        self._restart(copies)
        self._seen = None
        return self._states.copy(), {}

    def step(self, actions: ArrayLike) -> tuple[Integers, Floats, Flags, Flags, dict[str, Any]]:
        """Take one step in every copy, and reset as the autoreset mode says.

        Raises:
            RuntimeError: before the first reset; with "Disabled" also if an episode is over.
            ValueError: an action is not in the action space.
        """
        chosen, waiting = self._checked(actions)
        rows = self._states * self._n_actions + chosen
        outcomes = self._outcomes(rows, waiting)
        table = self._table
        self._states = table.next_state.take(outcomes)
        rewards, terminated = table.reward.take(outcomes), table.terminated.take(outcomes)
        if self._noise is not None:
            rewards += self._noises(rows, waiting)
        truncated = self._truncated()
        if len(waiting):
            self._restart(waiting)
            rewards[waiting], terminated[waiting], truncated[waiting] = 0.0, False, False
        over = self._over = terminated | truncated
        stepped = np.ones(self.num_envs, dtype=np.bool_)
        stepped[waiting] = False
        infos = self._lasting(outcomes, stepped)
        if self._mode is AutoresetMode.SAME_STEP:
            waiting = over.nonzero()[0]
            if len(waiting):
                infos = self._lasting(outcomes, ~over)
                infos |= self._reset_at_once(
                    over.copy(), waiting, self._lasting(outcomes, over.copy())
                )
        if self.render_mode is not None:
            self._seen = self._states, chosen, rewards.copy(), terminated.copy(), waiting
        return self._states.copy(), rewards, terminated, truncated, infos

    def render(self) -> tuple[Any, ...]:
        """Return a picture of every copy, in the given `render_mode`."""
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without a render_mode, such as "ansi"')
            return ()
        return tuple(self._scalar.draw(*moment) for moment in self._moments())

    def close_extras(self, **kwargs: Any) -> None:
        """Release the drawing resources."""
        if hasattr(self, "_scalar"):  # not if the constructor refused an argument
            self._scalar.close()

    def _checked(self, actions: ArrayLike) -> tuple[Integers, Integers]:
        """Return the actions, and the copies that this step resets instead of stepping."""
        if not self._begun:
            raise RuntimeError("call reset() first: no episode has begun")
        waiting = self._over.nonzero()[0] if self._mode is not AutoresetMode.SAME_STEP else _NONE
        if len(waiting) and self._mode is AutoresetMode.DISABLED:
            raise RuntimeError(
                f"the episode of copy {waiting[0]} is over: reset it with options['reset_mask']"
            )
        given = np.asarray(actions)
        if given.shape != (self.num_envs,) or given.dtype.kind not in "iu":
            raise ValueError(f"actions must be {self.num_envs} integers, got {actions!r}")
        chosen = given.astype(np.int64)  # a copy: the array stays the caller's
        if len(waiting):
            chosen[waiting] = 0
        if chosen.view(np.uint64).max() >= self._n_actions:  # negative ones become huge there
            wrong = given[(chosen < 0) | (chosen >= self._n_actions)][0]
            raise ValueError(f"actions must be 0 .. {self._n_actions - 1}, got {wrong}")
        return chosen, waiting

    def _outcomes(self, rows: Integers, waiting: Integers) -> Integers:
        """Return the number of the outcome that happens in each copy."""
        table = self._table
        if table.first is None:
            return rows
        random = table.random.take(rows)
        if len(waiting):
            random[waiting] = False
        outcomes: Integers = table.first.take(rows)
        add_passed(outcomes, table.thresholds, rows, self._uniform.take(random))
        return outcomes

    def _noises(self, rows: Integers, waiting: Integers) -> Floats:
        assert self._noise is not None
        scale: Floats = self._noise.take(rows)
        if len(waiting):
            scale[waiting] = 0.0
        return scale * self._normal.take(scale > 0)

    def _truncated(self) -> Flags:
        if self._limit is None:
            return np.zeros(self.num_envs, dtype=np.bool_)
        self._elapsed += 1
        return self._elapsed >= self._limit

    def _restart(self, copies: Integers) -> None:
        drawn = np.zeros_like(copies)
        if self._start_thresholds:
            begins = np.zeros(self.num_envs, dtype=np.bool_)
            begins[copies] = True
            uniform = self._uniform.take(begins).take(copies)
            add_passed(drawn, self._start_thresholds, np.zeros_like(copies), uniform)
        self._states[copies] = self._starts.take(drawn)
        self._elapsed[copies] = 0
        self._over[copies] = False

    def _lasting(self, outcomes: Integers, copies: Flags) -> dict[str, Any]:
        """Return how many steps the actions of some copies take, where the table has durations."""
        if self._table.duration is None or not copies.any():
            return {}
        return {"duration": self._table.duration.take(outcomes) * copies, "_duration": copies}

    def _reset_at_once(
        self, over: Flags, copies: Integers, final_info: dict[str, Any]
    ) -> dict[str, Any]:
        final = np.full(self.num_envs, None, dtype=object)
        final[copies] = self._states[copies]
        self._restart(copies)
        return {
            "final_obs": final,
            "_final_obs": over,
            "final_info": final_info,
            "_final_info": over.copy(),
        }

    def _to_reset(self, options: dict[str, Any] | None) -> Integers:
        if not options:
            return np.arange(self.num_envs)
        mask: Any = options.get("reset_mask")
        if set(options) != {"reset_mask"}:
            raise ValueError(f"reset takes the option reset_mask only, got {options!r}")
        right = isinstance(mask, np.ndarray) and mask.dtype == np.bool_
        if not right or mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(
                f"reset_mask must be {self.num_envs} bools, one of them true, got {mask!r}"
            )
        return np.flatnonzero(mask) if self._begun else np.arange(self.num_envs)

    def _seeds(self, seed: Any) -> Sequence[int | None]:
        """Return every copy's seed."""
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, Integral):
            return [int(seed) + copy for copy in range(self.num_envs)]
        if isinstance(seed, str) or not isinstance(seed, Sequence) or len(seed) != self.num_envs:
            raise ValueError(f"seed must be an integer or {self.num_envs} of them, got {seed!r}")
        return seed

    def _begin(self, copy: int, seed: int | None) -> None:
        generator = seeding.np_random(seed)[0]
        self._uniform.begin(copy, generator)
        if self._noise is not None:
            self._normal.begin(copy, generator.spawn(1)[0])

    def _moments(self) -> list[tuple[Any, ...]]:
        if self._seen is None:
            return [(state,) for state in self._states.tolist()]
        *columns, waiting = self._seen
        moments = list(zip(*(column.tolist() for column in columns), strict=True))
        fresh = set(waiting.tolist())
        return [moment[:1] if copy in fresh else moment for copy, moment in enumerate(moments)]


_NONE = np.zeros(0, dtype=np.int64)
