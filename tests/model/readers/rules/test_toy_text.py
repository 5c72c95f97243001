"""Whether the other tables of Gymnasium's toy text describe their environments: they do."""

from __future__ import annotations

from collections import Counter
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from models import TAXI
from simulated import Played, misfits, start_misfit

from qdecay import as_mdp

RATES: dict[str, Any] = {"success_rate": 0.7, "reward_schedule": (5, -3, -1)}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "a lake": ("FrozenLake-v1", {}),
    "a large one": ("FrozenLake8x8-v1", {}),
    "one with other numbers": ("FrozenLake-v1", RATES),
    "a dry one": ("FrozenLake-v1", {"is_slippery": False}),
    "two starts": ("FrozenLake-v1", {"desc": ["SFF", "FHF", "SFG"]}),
    "a cliff": ("CliffWalking-v1", {}),
    "a slippery one": ("CliffWalkingSlippery-v1", {}),
    "a taxi": (TAXI, {}),
    "one in the rain": (TAXI, {"is_rainy": True}),
}
STEPS, LENGTH = 30_000, 60


@pytest.mark.parametrize("case", CASES)
def test_the_table_describes_the_environment(case: str) -> None:
    """Every outcome that is seen is in the model, and frequencies fit."""
    env_id, options = CASES[case]
    env: Any = gym.make(env_id, **options).unwrapped
    mdp = as_mdp(env_id, **options)
    actions = np.random.default_rng(0).integers(mdp.n_actions, size=STEPS)
    begun: Counter[int] = Counter()
    played: Counter[Played] = Counter()
    env.reset(seed=0)
    ended = True
    for number, action in enumerate(actions.tolist()):
        if ended or number % LENGTH == 0:
            state, _ = env.reset()
            begun[state] += 1
        following, reward, ended, _, _ = env.step(action)
        played[state, action, state if ended else following, reward, ended] += 1
        state = following
    assert list(misfits(mdp, played)) == []
    assert start_misfit(mdp, begun) is None
