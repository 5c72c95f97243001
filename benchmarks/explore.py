"""Environments without a table, explored: their states, time, regions and price.

    python benchmarks/explore.py [NAME ...]

MiniGrid pays 1 - 0.9 * steps / max_steps at the goal, no reward of a state: `reward="sign"`
makes it 1. Regions are exact where they take less than a minute, else of floats. The price is under
the environment's own time limit. Then the policy that is optimal at gamma = 0.99 plays in the real
environment, from its `reset`, and is to earn and take what the model says.
"""

import os
import platform
import sys
import time
from typing import Any

import gymnasium as gym
import minigrid
import numpy as np

import qdecay
from qdecay import MDP

GAMMA = 0.99
NAMES = ("Empty-5x5", "Empty-8x8", "FourRooms", "DoorKey-5x5", "DoorKey-8x8", "LavaGapS5")
NAMES += ("LavaGapS7", "Unlock")
_SECONDS = 60  # for exact regions


def regions(mdp: MDP) -> tuple[str, float]:
    """How many regions there are, and how long that took."""
    began = time.perf_counter()
    try:
        text = str(len(qdecay.policy_regions(mdp, max_seconds=_SECONDS).regions))
    except qdecay.BudgetExceeded:
        began = time.perf_counter()
        text = f"{len(qdecay.numeric_policy_regions(mdp).regions)} (floats)"
    return text, time.perf_counter() - began


def played(env: gym.Env[Any, Any], mdp: MDP) -> tuple[int, int, float, bool]:
    """Play the policy that is optimal in the model: what it earns by sign, its steps, its reward,
    and whether the environment did as the model says in each."""
    policy = qdecay.value_iteration(mdp, GAMMA).policy
    goes = {(s, a): (t, r, end) for s, a, t, _, r, end in mdp.rows()}
    env.reset(seed=0)
    state, earned, steps, agrees = mdp.start, 0, 0, True
    assert state is not None
    while True:
        action = int(policy[state])
        state, expected, ended = goes[state, action]
        _, reward, terminated, truncated, _ = env.step(action)
        earned, steps = earned + int(np.sign(reward)), steps + 1
        agrees = agrees and np.sign(reward) == expected and terminated == ended
        if terminated or truncated:
            return earned, steps, float(reward), bool(agrees)


def row(name: str) -> None:
    """Print what is found of one environment."""
    env = gym.make(f"MiniGrid-{name}-v0")
    began = time.perf_counter()
    mdp = MDP.from_simulator(env, reward="sign")
    explored = time.perf_counter() - began
    number, seconds = regions(mdp)
    price = qdecay.price(mdp)
    earned, steps, reward, agrees = played(env, mdp)
    loss = max(region.loss or 0 for region in price.regions)
    right = agrees and earned == price.optimum.value
    print(
        f"| {name} | {mdp.n_states:,} | {mdp.n_transitions:,} | {explored:.1f} | {number} "
        f"| {seconds:.2f} | {mdp.time_limit} | {price.optimum.value} | {loss:.3g} "
        f"| {earned} in {steps} steps, {'as the model says' if right else 'NOT AS THE MODEL SAYS'} "
        f"({reward:.4g}) |",
        flush=True,
    )
    assert right


def main() -> None:
    print(
        f"MiniGrid {minigrid.__version__}, Gymnasium {gym.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(
        "| MiniGrid | states | pairs | explored, s | regions | s | limit | optimum | worst loss "
        "| played (paid) |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in sys.argv[1:] or NAMES:
        row(name)


if __name__ == "__main__":
    main()
