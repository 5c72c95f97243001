"""A class that changes what a step does, and inherits the table, is not read by that table."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.toy_text.cliffwalking import CliffWalkingEnv
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from gymnasium.envs.toy_text.taxi import TaxiEnv

from qdecay import MDP, FloatMDP, as_mdp
from qdecay_envs import TabularEnv
from qdecay_envs.table import sure

KINDS = (MDP, FloatMDP)


def stepping(base: Any, change: Any) -> Any:
    """A subclass that makes something else of what a step returns."""

    class Changed(base):
        def step(self, action: Any) -> Any:
            return change(*super().step(action))

    return Changed


class ElsewhereLake(FrozenLakeEnv):
    def reset(self, **options: Any) -> Any:
        super().reset(**options)
        self.s = 4
        return 4, {}


class OneHotLake(FrozenLakeEnv):
    def step(self, action: Any) -> Any:
        state, reward, *rest = super().step(action)
        return np.eye(16)[state], reward - 1, *rest

    def reset(self, **options: Any) -> Any:
        state, info = super().reset(**options)
        return np.eye(16)[state], info


class OldChain:
    """Of the older gym: no seed, no info, a step of four."""

    def __init__(self) -> None:
        self.P = {0: {0: [(1.0, 1, 0.0, False)]}, 1: {0: [(1.0, 2, 1.0, False)]}, 2: {}}

    def reset(self) -> Any:
        self.s = 0
        return 0

    def step(self, action: Any) -> Any:
        self.s += 1
        return self.s, float(self.s == 2), self.s == 2, {}


LIES: dict[str, tuple[Any, str]] = {
    "a cost of each step": (
        stepping(FrozenLakeEnv, lambda o, r, *rest: (o, r - 0.01, *rest))(),
        "Changed does not do what its table says: a step returned (",
    ),
    "a cost of holes": (
        stepping(FrozenLakeEnv, lambda o, r, end, *rest: (o, r - (end and not r), end, *rest))(),
        "Changed does not do what its table says: a step returned (5, -1, True), and P[",
    ),
    "a goal that few walks reach": (
        stepping(FrozenLakeEnv, lambda o, r, *rest: (o, 10 * r, *rest))(map_name="8x8"),
        "Changed does not do what its table says: a step returned (63, 10, True), and P[",
    ),
    "an end": (
        stepping(CliffWalkingEnv, lambda o, r, end, *rest: (o, r, end or r < -1, *rest))(),
        "a step returned (36, -100, True), and P[36][1] has (36, -100, False) as (next state, rew",
    ),
    "no end": (
        stepping(CliffWalkingEnv, lambda o, r, end, *rest: (o, r, False, *rest))(),
        "a step returned (47, -1, False), and P[35][2] has (47, -1, True) as (next state, reward, ",
    ),
    "another place": (
        stepping(CliffWalkingEnv, lambda o, *rest: (o + (o == 24), *rest))(),
        "a step returned (25, -1, False), and P[36][0] has (24, -1, False) as (next state, reward,",
    ),
    "a state that is none": (
        stepping(FrozenLakeEnv, lambda o, *rest: (o or 77, *rest))(),
        "a step returned (77, 0, False), and P[",
    ),
    "another start": (
        ElsewhereLake(),
        "ElsewhereLake.reset() begins in state 4, and by its start distribution in 0: give the ",
    ),
    "the attribute s, where observations are something else": (
        OneHotLake(),
        "a step returned (",
    ),
    "wrapped by what only watches": (
        gym.wrappers.TimeLimit(stepping(TaxiEnv, lambda o, r, *rest: (o, -r, *rest))(), 9),
        "Changed does not do what its table says: a step returned (",
    ),
    "of the older gym": (
        stepping(OldChain, lambda o, r, *rest: (o, r + 1, *rest))(),
        "a step returned (1, 1, False), and P[0][0] has (1, 0, False) as (next state, reward, ter",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", LIES)
def test_what_the_table_does_not_say_is_refused(case: str, kind: type) -> None:
    """In one line, which names the place and the remedy."""
    env, message = LIES[case]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        kind.from_env(env)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("MDP.from_simulator(env), in the shell --explore")


class Counting(FrozenLakeEnv):
    """The lake as it is, in other numbers, and with a count of its own."""

    steps = 0

    def reset(self, **options: Any) -> Any:
        self.steps = 0
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.steps += 1
        print("one more step")
        state, reward, *rest = super().step(action)
        return np.int64(state), np.float32(reward), *rest


def noisy() -> Any:
    """Rewards with noise, whose means are the table's."""
    changed = stepping(TabularEnv, lambda *step: step)
    return changed([[sure(1)], [sure(0, 1)]], reward_noise=0.5)


def same(*step: Any) -> Any:
    """What a step returns as it is."""
    return step


HONEST: dict[str, tuple[Any, Any]] = {
    "lake": (Counting(), FrozenLakeEnv()),
    "rendered lake": (Counting(render_mode="human"), FrozenLakeEnv()),
    "cliff": (stepping(CliffWalkingEnv, same)(is_slippery=True), CliffWalkingEnv(is_slippery=True)),
    "taxi": (stepping(TaxiEnv, same)(is_rainy=True), TaxiEnv(is_rainy=True)),
    "noise": (noisy(), TabularEnv([[sure(1)], [sure(0, 1)]])),
    "older gym": (stepping(OldChain, same)(), OldChain()),
}


@pytest.mark.parametrize("case", HONEST)
def test_a_class_that_does_what_its_table_says_is_read(capsys, case: str) -> None:
    """Its own count, its prints and its picture are nobody's business."""
    honest, base = HONEST[case]
    made = as_mdp(honest)
    assert (made, made.remarks) == (as_mdp(base), ())
    assert capsys.readouterr().out == ""


def test_the_environment_is_left_as_it_was() -> None:
    """Also its generator, and that of everybody."""
    env, twin = Counting(), Counting()
    for one in (env, twin):
        one.reset(seed=3)
        one.step(1)
    held = deepcopy((env.s, env.steps, env.P))
    before = np.random.get_state()[1].tolist()  # noqa: NPY002  # the global one
    as_mdp(env)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert (env.s, env.steps, env.P) == held
    assert [env.step(2)[0] for _ in range(9)] == [twin.step(2)[0] for _ in range(9)]


def test_what_cannot_be_played_is_read_with_a_remark() -> None:
    def broken(*step: Any) -> Any:
        raise RuntimeError("no step")

    for env in (stepping(FrozenLakeEnv, broken)(), Counting()):
        env.file = open("/dev/null")  # noqa: PTH123, SIM115  # which no copy has
        made = as_mdp(env)
        env.file.close()
        assert made == as_mdp(FrozenLakeEnv())
        (remark,) = made.remarks
        assert remark.endswith("whether its table says what it does was not checked")
