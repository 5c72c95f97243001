"""The chain environment: a Gymnasium environment that plays a `ChainLayout`.

Its dynamics are `dynamics.exact_table`; `step`, `P` and `P_exact` are all made from it.

`P_exact` is a small protocol: an environment that knows its rationals offers
`P_exact`, the Gymnasium-style table `P[s][a] = [(probability, next state, reward,
terminated), ...]` with `fractions.Fraction` in place of floats; a reader such as
`qdecay.MDP.from_env` takes it instead of guessing what the floats of `P` meant.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from operator import index
from typing import Any, cast

import gymnasium as gym
import numpy as np

from qdecay_envs.dynamics import ExactRow, exact_table, probability
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import RationalLike
from qdecay_envs.render import Scene, Screen, as_text

FloatRow = list[tuple[float, int, float, bool]]

# What `step` reads for one action: the cumulative probabilities, or None for a sure outcome,
# and the outcomes (next state, reward, terminated).
_Choice = tuple[list[float] | None, list[tuple[int, float, bool]]]
_ENDED: dict[int, _Choice] = {}


class ChainEnv(gym.Env[int, int]):
    """A choice at a start state between streams of rewards.

    Observations are states 0 .. n_states - 1, actions branches 0 .. n_branches - 1. At the
    start, action i takes branch i; elsewhere every action walks on, save with `escape`.
    `repeat` and `absorb` never end: give `gym.make` a `max_episode_steps`.

    Randomness: a step from a row of several outcomes draws one u = `np_random.random()`
    and takes the first outcome of `P[s][a]` whose cumulative probability, summed exactly and
    rounded once, exceeds u; then, with `reward_noise`, every step draws one
    `np_random.standard_normal()`. A row with one outcome draws no u, and `reset` nothing.

    Args:
        layout: a `ChainLayout`, or its `to_json()` document, which keeps the `EnvSpec`
            fit for JSON.
        slip: probability that another action happens, 0 <= slip <= 1; see `exact_table`. A
            float is read by its shortest decimal text: 0.1 is 1/10.
        reward_noise: standard deviation of the normal noise on every reward, in reward
            units, finite and >= 0; the table's rewards are the means.
        escape: lets the other actions lead back from a corridor; see `exact_table`.
        render_mode: None, "ansi" (text), "rgb_array" (uint8, (H, W, 3)) or "human".

    Attributes:
        P_exact, P: the table in fractions and in floats.
        start: the state every episode starts in.
        initial_state_distrib: shape (n_states,), probability 1 at `start`.

    Raises:
        TypeError: an argument is missing or has the wrong type.
        ValueError: an argument is outside its range, or a number has no float.

    >>> env = ChainEnv(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    >>> state, info = env.reset()
    >>> [env.step(1)[:3] for _ in range(3)]
    [(1, 0.0, False), (2, 0.0, False), (2, 4.0, True)]
    """

    metadata: dict[str, Any] = {  # noqa: RUF012  # gym.Env declares it as an instance's
        "render_modes": ["ansi", "rgb_array", "human"],
        "render_fps": 4,
    }

    def __init__(
        self,
        layout: ChainLayout | Mapping[str, Any] | None = None,
        *,
        slip: RationalLike | float = 0,
        reward_noise: float = 0.0,
        escape: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.layout = _layout(layout)
        self.slip = probability(slip, "slip")
        self.reward_noise = _standard_deviation(reward_noise)
        if not isinstance(escape, bool):
            raise TypeError(f"escape must be True or False, got {escape!r}")
        self.escape = escape
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            modes = ", ".join(map(repr, self.metadata["render_modes"]))
            raise ValueError(f"render_mode must be None or one of {modes}, got {render_mode!r}")
        self.render_mode = render_mode

        self.P_exact = exact_table(self.layout, self.slip, escape)
        self.P = [[_floats(row) for row in rows] for rows in self.P_exact]
        self.start = self.layout.start
        self.initial_state_distrib = np.zeros(self.layout.n_states)
        self.initial_state_distrib[self.start] = 1.0
        self.observation_space = _discrete(self.layout.n_states)
        self.action_space = _discrete(len(self.layout.branches))

        self._rows = [dict(enumerate(map(_choice, rows))) for rows in self.P_exact]
        self._choices = _ENDED  # the current state's; empty before reset and after the end
        self._scene = Scene(self.layout, self.start)
        self._screen: Screen | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return to the start.

        Raises:
            ValueError: `options` is not empty, for there are none.
        """
        if options:
            raise ValueError(f"reset takes no options here, got {options!r}")
        super().reset(seed=seed)
        self._choices = self._rows[self.start]
        if self.render_mode is not None:
            self._show(Scene(self.layout, self.start))
        return self.start, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take one step; `truncated` is never set.

        Raises:
            RuntimeError: the episode ended or never began.
            ValueError: `action` is none of the action space.
        """
        try:
            cumulative, outcomes = self._choices[action]
        except (KeyError, TypeError):
            cumulative, outcomes = self._choices[self._valid(action)]
        drawn = 0 if cumulative is None else bisect_right(cumulative, self.np_random.random())
        state, reward, terminated = outcomes[drawn]
        self._choices = _ENDED if terminated else self._rows[state]
        if self.reward_noise:
            reward += self.reward_noise * float(self.np_random.standard_normal())
        if self.render_mode is not None:
            self._show(Scene(self.layout, state, int(action), reward, terminated))
        return state, reward, terminated, False, {}

    def render(self) -> Any:
        """Return the picture that `render_mode` asks for: text, an array, or None.

        Raises:
            DependencyNotInstalled: the mode draws and pygame is missing.
        """
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without a render_mode, such as "ansi"')
            return None
        if self.render_mode == "ansi":
            return as_text(self._scene)
        self._screen = self._screen or Screen(self.metadata["render_fps"])
        if self.render_mode == "rgb_array":
            return self._screen.array(self._scene)
        return self._screen.show(self._scene)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the window out of pickles and copies."""
        return {**self.__dict__, "_screen": None}

    def _show(self, scene: Scene) -> None:
        self._scene = scene
        if self.render_mode == "human":
            self.render()

    def _valid(self, action: Any) -> int:
        """Return an action such as a 0-d array as an int, or say what is wrong."""
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


def _layout(layout: Any) -> ChainLayout:
    if isinstance(layout, ChainLayout):
        return layout
    if isinstance(layout, Mapping):
        return ChainLayout.from_json(dict(layout))
    got = "none" if layout is None else f"a {type(layout).__name__}"
    example = "layout=ChainLayout.choice(stay=[1], move=[0, 0, 4]).to_json()"
    raise TypeError(f"layout must be a ChainLayout or its document, got {got}: try {example}")


def _standard_deviation(noise: Any) -> float:
    if isinstance(noise, bool | str) or not hasattr(noise, "__float__"):
        raise TypeError(f"reward_noise must be a number, got {noise!r}")
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"reward_noise must be finite and >= 0, got {noise!r}")
    return float(noise)


def _floats(row: ExactRow) -> FloatRow:
    try:
        return [(float(p), state, float(reward), ended) for p, state, reward, ended in row]
    except OverflowError as error:
        raise ValueError("a reward is too large for a float: the limit is 1.8e308") from error


def _choice(row: ExactRow) -> _Choice:
    outcomes = [(state, reward, ended) for _, state, reward, ended in _floats(row)]
    if len(row) == 1:
        return None, outcomes
    # Exact sums end at 1, above every draw; sums of floats might not.
    return [float(total) for total in accumulate(p for p, *_ in row)], outcomes
