"""The environment that plays an exact table: the base of every environment in the suite.

`step`, `P` and `P_exact` all come from the one table passed to the constructor.

Randomness comes from `np_random` alone, in this order, so that other code can repeat an
episode bit for bit (u is `np_random.random()`):

    reset   one u where there are several start states, in the order of the states
    step    one u where the row has several outcomes, in the order of `P[s][a]`; then one
            `standard_normal()` where the reward is noisy

u picks the first entry whose cumulative probability, summed exactly and rounded once, exceeds it.
The normal numbers come from a separate generator, `np_random.spawn(1)[0]`, spawned before the first
of them after each seeding, so that both kinds can be drawn ahead, as the vector environment does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from operator import index
from typing import Any, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from qdecay_envs.arguments import distribution, names, standard_deviation
from qdecay_envs.line_picture import Line, LineScene
from qdecay_envs.screen import Moment, Picture, Screen
from qdecay_envs.table import ExactRow, ExactTable, FloatRow, check_table, rounded

# What `step` reads for one action: the cumulative probabilities, or None for a certain outcome; the
# outcomes (next state, reward, terminated, duration); and the standard deviation of the reward's
# noise.
_Choice = tuple[list[float] | None, list[tuple[int, float, bool, int]], float]
_ENDED: dict[int, _Choice] = {}


class TabularEnv(gym.Env[int, int]):
    """An environment whose dynamics are an exact table; see `qdecay_envs.table`.

    Observations are the states 0 .. S - 1, actions 0 .. A - 1. `truncated` is never set: pass
    `max_episode_steps` to `gym.make` if nothing ends an episode.

    Args:
        table: `table[s][a]`, a row of exact outcomes for every state and action.
        start: the state in which episodes start, or the probabilities of several.
        state_names, action_names: display names, S and A of them, or None.
        reward_noise: standard deviation of normal noise on rewards, in reward units, finite and >=
            0; the table's rewards are the means.
        noisy_states: the states whose rewards are noisy; None means all of them.
        render_mode: None, "ansi" (text), "rgb_array" (uint8, (H, W, 3)) or "human".

    Attributes:
        P_exact, P: the table in fractions and in floats.
        start: the state every episode starts in, or None if there are several.
        start_chances: the exact probability of each start state, in the order of the states.
        initial_state_distrib: the same as floats, shape (S,).
        action_names, state_names, reward_noise, render_mode: as given.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range, the table is invalid (see `check_table`), or a
            reward has no float.

    >>> from qdecay_envs.table import sure
    >>> env = TabularEnv([[sure(1), sure(0, 1)], [sure(1, 3, True)] * 2])
    >>> state, info = env.reset()
    >>> [env.step(0)[:3] for _ in range(2)]
    [(1, 0.0, False), (1, 3.0, True)]
    """

    metadata: dict[str, Any] = {  # noqa: RUF012  # gym.Env declares it as an instance's
        "render_modes": ["ansi", "rgb_array", "human"],
        "render_fps": 4,
    }

    def __init__(
        self,
        table: ExactTable,
        start: int | Mapping[int, Fraction] = 0,
        *,
        state_names: Sequence[str] | None = None,
        action_names: Sequence[str] | None = None,
        reward_noise: float = 0.0,
        noisy_states: Container[int] | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.reward_noise: float = standard_deviation(reward_noise, "reward_noise")
        self.render_mode: str | None = self._known(render_mode)
        check_table(table)
        self.P_exact = table
        self.P = rounded(table)
        starts = distribution(start, "start", len(table))
        self.start_chances: Mapping[int, Fraction] = starts
        self.start: int | None = min(starts) if len(starts) == 1 else None
        self.initial_state_distrib: NDArray[np.float64] = np.zeros(len(table))
        for state, chance in starts.items():
            self.initial_state_distrib[state] = float(chance)
        self.state_names: tuple[str, ...] | None = names(state_names, "state_names", len(table))
        self.action_names: tuple[str, ...] | None = names(
            action_names, "action_names", len(table[0])
        )
        self.observation_space: gym.Space[int] = _discrete(len(table))
        self.action_space: gym.Space[int] = _discrete(len(table[0]))

        self._starts = list(starts)
        self._start_chances = _cumulative(list(starts.values()))
        self.state_noise: tuple[float, ...] = tuple(
            self.reward_noise if noisy_states is None or state in noisy_states else 0.0
            for state in range(len(table))
        )
        self._rows = [
            {
                action: _choice(*pair, self.state_noise[state])
                for action, pair in enumerate(zip(*rows, strict=True))
            }
            for state, rows in enumerate(zip(table, self.P, strict=True))
        ]
        self._has_durations = any(
            len(outcome) > 4 for rows in table for row in rows for outcome in row
        )
        self._spawned_from: np.random.Generator | None = None
        self._normals: np.random.Generator
        self._choices = _ENDED  # the current state's; empty before reset and after the end
        self._scene = self._picture(Moment(self._starts[0]))
        self._screen: Screen | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return to a start state.

        Raises:
            ValueError: `options` is not empty: there are no options.
        """
        if options:
            raise ValueError(f"reset takes no options here, got {options!r}")
        if seed is not None:  # else it does nothing, but takes as long as the rest
            super().reset(seed=seed)
        chances = self._start_chances
        drawn = 0 if chances is None else bisect_right(chances, self.np_random.random())
        state = self._starts[drawn]
        self._choices = self._rows[state]
        if self.render_mode is not None:
            self._show(self._picture(Moment(state)))
        return state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action; `truncated` is never set.

        Where the table has durations, `info["duration"]` is how many steps the action takes.

        Raises:
            RuntimeError: the episode ended or never began.
            ValueError: `action` is not in the action space.
        """
        try:
            cumulative, outcomes, noise = self._choices[action]
        except (KeyError, TypeError):
            cumulative, outcomes, noise = self._choices[self._valid(action)]
        drawn = 0 if cumulative is None else bisect_right(cumulative, self.np_random.random())
        state, reward, terminated, duration = outcomes[drawn]
        self._choices = _ENDED if terminated else self._rows[state]
        if noise:
            reward += noise * self._normal()
        if self.render_mode is not None:
            self._show(self._picture_of(state, int(action), reward, terminated))
        info = {"duration": duration} if self._has_durations else {}
        return state, reward, terminated, False, info

    def render(self) -> Any:
        """Return the picture in the given `render_mode`: text, an array, or None.

        Raises:
            DependencyNotInstalled: the mode draws and pygame is missing.
        """
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without a render_mode, such as "ansi"')
            return None
        return self._draw(self._scene)

    def draw(
        self,
        state: int,
        action: int | None = None,
        reward: float | None = None,
        ended: bool = False,
    ) -> Any:
        """Return the picture of any moment, as `render` does for the current one."""
        return self._draw(self._picture_of(state, action, reward, ended))

    def _picture_of(
        self, state: int, action: int | None, reward: float | None, ended: bool
    ) -> Picture:
        name = None if action is None else f"action {action}"
        if action is not None and self.action_names is not None:
            name = self.action_names[action]
        return self._picture(Moment(state, name, reward, ended))

    def noise_of_rows(self) -> NDArray[np.float64] | None:
        """Return the standard deviation of each row's noise, shape (S * A,); None without noise."""
        if not self.reward_noise:
            return None
        return np.array([noise for rows in self._rows for *_, noise in rows.values()])

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the window out of pickles and copies."""
        return {**self.__dict__, "_screen": None}

    def _picture(self, moment: Moment) -> Picture:
        """Return what to draw: by default the states in a line; subclasses may override it."""
        return LineScene(self._line(), moment)

    def _line(self) -> Line:
        """Return the line of states; subclasses may add arrows and words."""
        return Line(len(self.P), frozenset(self._starts))

    def _draw(self, scene: Picture) -> Any:
        if self.render_mode == "ansi":
            return scene.text()
        self._screen = self._screen or Screen(self.metadata["render_fps"])
        if self.render_mode == "rgb_array":
            return self._screen.array(scene)
        return self._screen.show(scene)

    def _show(self, scene: Picture) -> None:
        self._scene = scene
        if self.render_mode == "human":
            self.render()

    def _known(self, render_mode: str | None) -> str | None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            modes = ", ".join(map(repr, self.metadata["render_modes"]))
            raise ValueError(f"render_mode must be None or one of {modes}, got {render_mode!r}")
        return render_mode

    def _normal(self) -> float:
        """Return a standard normal number of the generator spawned from `np_random`."""
        if self._spawned_from is not self.np_random:  # it was seeded, or replaced
            self._spawned_from = self.np_random
            self._normals = self.np_random.spawn(1)[0]
        return float(self._normals.standard_normal())

    def _valid(self, action: Any) -> int:
        """Return an action, such as a 0-d array, as an int, or raise an error that says what is
        wrong."""
        if not self._choices:
            raise RuntimeError("call reset() first: the episode ended or never began") from None
        try:
            if index(action) in self._choices:
                return index(action)
        except TypeError:
            pass
        raise ValueError(f"action must be 0 .. {len(self._choices) - 1}, got {action!r}") from None


def _discrete(n: int) -> gym.spaces.Space[int]:
    return cast("gym.spaces.Space[int]", gym.spaces.Discrete(n))


def _choice(exact: ExactRow, row: FloatRow, noise: float) -> _Choice:
    outcomes = [(state, reward, ended, (*rest, 1)[0]) for _, state, reward, ended, *rest in row]
    return _cumulative([chance for chance, *_ in exact]), outcomes, noise


def _cumulative(chances: list[Fraction]) -> list[float] | None:
    if len(chances) == 1:
        return None
    # Exact sums end at 1, above every draw; sums of floats might not.
    return [float(total) for total in accumulate(chances)]
