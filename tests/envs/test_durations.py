"""Environments whose actions take several steps, and the models read from them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from qdecay import MDP, FloatMDP, policy_regions
from qdecay_envs.table import sure
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.testing import ContractBroken, check_tabular_env
from qdecay_envs.vector import TabularVectorEnv
from qdecay_envs.wrappers import GeometricTruncation, PotentialShaping, TimeDilation

HALF, ONE, ZERO = Fraction(1, 2), Fraction(1), Fraction(0)
TABLE: list[Any] = [
    [[(ONE, 0, ONE, True)], [(HALF, 1, ZERO, False, 3), (HALF, 0, ZERO, False)]],
    [[(ONE, 1, Fraction(7), True, 2)], [(ONE, 0, ONE, False, 2)]],
]
ROWS = [
    (0, 0, 0, 1, 1, True),
    (0, 1, 1, HALF, 0, False, 3),
    (0, 1, 0, HALF, 0, False),
    (1, 0, 1, 1, 7, True),
    (1, 1, 0, 1, 1, False, 2),
]
MODEL = MDP.from_rows(ROWS, n_states=2, n_actions=2, start=0)


class Nap(TabularEnv):
    """The table above, as a class of environments."""

    def __init__(self, **options: Any) -> None:
        """Make it."""
        super().__init__(TABLE, **options)


class Bare(gym.Env[int, int]):
    """The same without its table, and without chance: the first outcome happens."""

    observation_space = gym.spaces.Discrete(2)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        """Begin."""
        super().reset(seed=seed)
        self.at = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Do what the table says."""
        _, following, reward, ended, *rest = TABLE[self.at][action][0]
        self.at = following
        return following, float(reward), ended, False, {"duration": (*rest, 1)[0]}


def test_a_step_tells_its_duration_as_its_table_has_it() -> None:
    """In every info, and the contract holds it."""
    check_tabular_env(Nap(), strict_end=True)
    env = Nap()
    env.reset(seed=0)
    seen = set()
    for _ in range(200):
        state, _, ended, _, info = env.step(1)
        seen.add((state, info["duration"]))
        if ended:
            env.reset()
    assert seen == {(1, 3), (0, 1), (0, 2)}
    assert TabularEnv([[sure(0, 1, True)]]).reset()[1] == {}
    plain = TabularEnv([[sure(0, 1)]])
    plain.reset()
    assert plain.step(0)[4] == {}


def test_a_step_of_another_duration_breaks_the_contract() -> None:
    """Whatever else is right."""

    class Wrong(Nap):
        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            *rest, info = super().step(action)
            return (*rest, {"duration": info["duration"] + 1})  # type: ignore[return-value]

    with pytest.raises(ContractBroken, match=r"step\(1\) in state 0 gave .* in 4 steps, which P"):
        check_tabular_env(Wrong())


@pytest.mark.parametrize("duration", [0, 2.5, True, "2", 10**7])
def test_a_table_with_a_wrong_duration_is_refused(duration: Any) -> None:
    """By the environment, and by what reads tables of others."""
    table: Any = [[[(ONE, 0, ONE, False, duration)]]]
    with pytest.raises(ValueError, match=r"table\[0\]\[0\]: a duration must be"):
        TabularEnv(table)
    named = type("Other", (), {"P": [[[(1.0, 0, 1.0, False, duration)]]]})()
    with pytest.raises((TypeError, ValueError), match=r"P\[0\]\[0\].*: duration must be"):
        MDP.from_env(named)
    long: Any = [[[(ONE, 0, ONE, False, 1, 1)]]]
    with pytest.raises(ValueError, match="an outcome must have 4 entries, or 5 with its duration"):
        TabularEnv(long)


def test_models_have_the_durations_of_tables() -> None:
    """Exact ones, tables of floats, tables of others; and of what is explored."""
    assert MDP.from_env(Nap()) == MODEL
    assert FloatMDP.from_env(Nap()) == FloatMDP.from_mdp(MODEL)
    other = type("Other", (), {"P": Nap().P, "start": 0})()
    assert MDP.from_env(other) == MODEL
    assert MDP.from_simulator(Nap(), samples=40).duration.max() == 3
    found = MDP.from_simulator(Bare())
    assert found.duration.tolist() == [1, 3, 1, 2]
    assert sorted(found.exact_reward) == [0, 1, 1, 7]


def test_an_explored_environment_tells_the_same_duration_every_time() -> None:
    """It says so where not."""

    class Moody(Bare):
        steps = 0

        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            self.calls = getattr(self, "calls", 0) + 1
            *rest, _ = super().step(action)
            return (*rest, {"duration": 1 + self.calls % 3})  # type: ignore[return-value]

    with pytest.raises(ValueError, match=r"takes \d steps? .*takes \d steps?"):
        MDP.from_simulator(Moody(), key=lambda env: env.unwrapped.at)


def test_a_class_that_tells_another_duration_than_the_table_it_inherits_is_refused() -> None:
    """As one that pays something else is."""

    class Slow(Nap):
        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            *rest, _ = super().step(action)
            return (*rest, {"duration": 9})  # type: ignore[return-value]

    Slow.__module__ = "mine"
    with pytest.raises(ValueError, match=r"does not do what its table says: .* in 9 steps"):
        MDP.from_env(Slow())


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_copies_tell_durations_as_gymnasium_s_do(mode: AutoresetMode) -> None:
    """Every info, bit for bit."""
    ours = TabularVectorEnv(Nap, 3, autoreset_mode=mode)
    theirs = SyncVectorEnv([Nap] * 3, autoreset_mode=mode)
    for env in (ours, theirs):
        env.reset(seed=1)
    rng = np.random.default_rng(0)
    for _ in range(60):
        actions = rng.integers(2, size=3)
        one, two = ours.step(actions), theirs.step(actions)
        np.testing.assert_array_equal(one[0], two[0])
        assert one[4].keys() == two[4].keys()
        for name in ("duration", "_duration"):
            np.testing.assert_array_equal(one[4].get(name), two[4].get(name))
            final = [info[4].get("final_info", {}).get(name) for info in (one, two)]
            np.testing.assert_array_equal(*final)
        over = one[2] | one[3]
        if mode is AutoresetMode.DISABLED and over.any():
            for env in (ours, theirs):
                env.reset(options={"reset_mask": over})


def test_dilated_time_takes_every_step_k_times() -> None:
    """So every breakpoint becomes its k-th root, durations or not."""
    slow = MDP.from_env(TimeDilation(Nap(), 3))
    exact = [b.gamma for b in policy_regions(MODEL).breakpoints]
    dilated = [b.gamma for b in policy_regions(slow).breakpoints]
    assert exact
    assert [float(gamma) for gamma in dilated] == pytest.approx(
        [float(g) ** (1 / 3) for g in exact]
    )
    env = TimeDilation(Nap(), 3)
    check_tabular_env(env)


def test_shaping_by_a_potential_discounts_it_by_durations() -> None:
    """At its gamma nothing changes, and the contract holds."""
    gamma = Fraction(4, 5)
    env = PotentialShaping(Nap(), [3, -2], gamma)
    check_tabular_env(env)
    shaped = policy_regions(MDP.from_env(env))
    assert shaped.optimal_actions(gamma) == policy_regions(MODEL).optimal_actions(gamma)
    split = GeometricTruncation(Nap(), "1/4").P_mistaken
    assert split[0][1][0] == (Fraction(3, 8), 1, 0, False, 3)
