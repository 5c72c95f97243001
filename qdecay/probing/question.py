"""The question to an agent: r after m steps or R after n, in one of several environments.

    one-shot     the reward taken, the episode ends. near = 0 .. 0, r, 0; far = 0 .. 0, R: one
                 empty step follows the near reward, so that an agent that looks past the end sees
                 rewards of 0 there
    large        the same with both rewards ten times as large
    repeating    both branches last n + 1 steps, then the choice is made again, for ever
    time limit   one-shot, and each step may be cut off (truncated, not terminated) with p = 1/10

In each of them an agent is indifferent where D(n) / D(m) = r / R: for any discount curve D if the
choice is made once, and for D(n) = gamma**n also if it repeats.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import DtypeObservation, FlattenObservation

from qdecay._support.checks import exact, instance, real, whole
from qdecay_envs.arguments import flag
from qdecay_envs.chain import ChainEnv
from qdecay_envs.layout import ChainLayout
from qdecay_envs.wrappers import GeometricTruncation

if TYPE_CHECKING:
    import gymnasium as gym
    from gymnasium.vector import VectorEnv

Observation = Literal["index", "one-hot"]

_DIGITS = 12  # of r / R: text that means the same number everywhere
# Rewards below e^-60 R would be lost in single precision; the bounds on the discount per step,
# 0.05, and on its scale, 1/100 to e^7, only say where to stop looking.
_SMALLEST, _LARGEST = -60.0, 7.0
_LEAST_DISCOUNT, _LEAST_SCALE = math.log(0.05), math.log(0.01)


@dataclass(frozen=True)
class Setting:
    """The environment in which a choice is offered.

    Attributes:
        name: as shown in tables.
        repeats: the choice is made again after n + 1 steps, for ever.
        truncation: probability, as text, that a step is truncated.
        scale: the far reward R.
        escape: a wrong action in a corridor leads back; see `ChainEnv`.
        reward_noise: standard deviation of the noise on every reward, in units of R.
    """

    name: str
    repeats: bool = False
    truncation: str = "0"
    scale: int = 1
    escape: bool = False
    reward_noise: float = 0.0

    def __post_init__(self) -> None:
        """Raise an error for a field of the wrong type or outside its range."""
        instance(self.name, str, "name", "text")
        exact(self.truncation, "truncation", "[0, 1)")
        whole(self.scale, "scale", 1)
        real(self.reward_noise, "reward_noise", ">= 0")
        for name in ("repeats", "escape"):
            flag(getattr(self, name), name)

    @property
    def goes_on(self) -> float:
        """The probability that a step is not truncated."""
        return float(1 - Fraction(self.truncation))


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("one-shot"),
        Setting("large", scale=10),
        Setting("repeating", repeats=True),
        Setting("time limit", truncation="1/10"),
    )
}
"""The settings that `diagnose` reads faults from."""


@dataclass(frozen=True)
class Place:
    """Where an agent is asked: the setting, and the delays m < n of the two rewards, in steps."""

    setting: Setting
    near: int
    far: int

    @property
    def steps(self) -> int:
        """N - m: by how many steps the far reward comes later."""
        return self.far - self.near

    def __str__(self) -> str:
        """Name the place in words."""
        return f"in {self.setting.name} choices at delay {self.far}"


@dataclass(frozen=True)
class Question:
    """One training: an environment, a seed, and where the far reward lies.

    Attributes:
        setting: the environment.
        near_delay, delay: m and n, in steps; 0 <= m < n.
        log_ratio: log(r / R).
        number: how many questions were asked at this place before.
        base_seed: the probe's seed.
        observation: "index", the state's number (Discrete), or "one-hot" (Box of float32).
        n_envs: the number of copies in the vector environment to train in; None means a plain one.
        attempt: how many trainings on this question failed before.
    """

    setting: Setting
    near_delay: int
    delay: int
    log_ratio: float
    number: int
    base_seed: int
    observation: Observation = "index"
    n_envs: int | None = None
    attempt: int = 0

    @property
    def far_action(self) -> int:
        """The action of the far branch: each action once in two consecutive questions, in an
        irregular order that no agent matches by accident."""
        pair = (self.setting.name, self.near_delay, self.delay, self.number // 2, self.base_seed)
        first = hashlib.sha256(repr(pair).encode()).digest()[0]
        return (first + self.number) % 2

    @cached_property
    def layout(self) -> ChainLayout:
        """The two streams, exactly."""
        m, n, far = self.near_delay, self.delay, Fraction(self.setting.scale)
        near = far * Fraction(f"{math.exp(self.log_ratio):.{_DIGITS}e}")
        # If corridors lead back, an empty step after r would allow taking r again and again.
        rest = n - m if self.setting.repeats else 0 if self.setting.escape else 1
        streams: list[Any] = [
            ("near", [0] * m + [near] + [0] * rest),
            ("far", [0] * n + [far]),
        ]
        ending: Any = "repeat" if self.setting.repeats else "terminate"
        return ChainLayout(tuple(streams if self.far_action else streams[::-1]), ending)

    @cached_property
    def seed(self) -> int:
        """The training's seed, from the question alone: it does not depend on the order of work."""
        words = np.frombuffer(hashlib.sha256(self.key.encode()).digest(), dtype="<u4")
        sequence = np.random.SeedSequence([self.base_seed, *words.tolist()])
        return int(sequence.generate_state(1)[0]) >> 1  # some frameworks accept only 31 bits

    @cached_property
    def key(self) -> str:
        """Canonical text of everything that determines the training.

        Fields at their default are left out, so that older stores, from before these fields
        existed, stay valid.
        """
        default = {field.name: field.default for field in fields(self)}
        parts = {name: part for name, part in asdict(self).items() if part != default[name]}
        return json.dumps({**parts, "log_ratio": self.log_ratio.hex()}, sort_keys=True)

    def __str__(self) -> str:
        """Describe the question in words."""
        return (
            f"{self.setting.name}, {math.exp(self.log_ratio):.6g} after {self.near_delay} steps "
            f"against 1 after {self.delay}"
        )

    def env(self) -> gym.Env[Any, Any]:
        """Return a new environment that offers the choice in its start state."""
        setting = self.setting
        env: gym.Env[Any, Any] = ChainEnv(
            self.layout,
            escape=setting.escape,
            reward_noise=setting.reward_noise * setting.scale,
        )
        env = GeometricTruncation(env, setting.truncation) if setting.truncation != "0" else env
        if self.observation == "one-hot":
            env = DtypeObservation(FlattenObservation(env), np.float32)
        return env

    def training_env(self) -> gym.Env[Any, Any] | VectorEnv[Any, Any, Any]:
        """Return a new environment to train in: plain, or a vector of copies."""
        return self.env() if self.n_envs is None else SyncVectorEnv([self.env] * self.n_envs)

    def first_observation(self) -> Any:
        """Return the start state's observation, as a batch of one where training is in a vector."""
        if self.n_envs is None and self.observation == "index":
            return self.layout.start  # the same as the environment would return, but faster
        one = self if self.n_envs is None else replace(self, n_envs=1)
        observation, _ = one.training_env().reset(seed=self.seed)
        return observation


def stimulus_range(steps: int) -> tuple[float, float]:
    """Return the least and the largest log(r / R) to ask at a delay of that many steps."""
    return max(steps * _LEAST_DISCOUNT + _LEAST_SCALE, _SMALLEST), _LARGEST
