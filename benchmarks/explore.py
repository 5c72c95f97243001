"""Environments without a table, explored: their states, time, regions and price.

    python benchmarks/explore.py [NAME ...]

MiniGrid pays 1 - 0.9 * steps / max_steps at the goal, no reward of a state: `reward="sign"` pays 1.
Regions and prices are exact, under the environment's own time limit, if that takes at most five
minutes, else certified, between brackets. Seconds are of one processor. Then the policy that is
optimal at gamma = 0.99 plays in the real environment, from its `reset`, and is to earn and take
what the model says.
"""

import os
import platform
import sys
import time
from math import isclose
from typing import Any

import gymnasium as gym
import minigrid
import numpy as np

import qdecay
from qdecay import MDP

GAMMA = 0.99
NAMES = ("Empty-5x5", "Empty-8x8", "FourRooms", "DoorKey-5x5", "DoorKey-8x8", "LavaGapS5")
NAMES += ("LavaGapS7", "Unlock")
_SECONDS = 300  # for exact answers


def judged(mdp: MDP, seconds: float) -> tuple[str, float, float]:
    """How many regions there are, the optimum under the time limit, and the worst loss.

    Without an exact answer in time, regions are proven between brackets, up to a gamma near 1.
    """
    try:
        price, how = qdecay.price(mdp, max_seconds=seconds), ""
    except qdecay.BudgetExceeded:
        price, how = qdecay.price(mdp, method="certified"), ", certified"
    loss = max(region.loss or 0 for region in price.regions)
    return f"{len(price.regions)}{how}", price.optimum.value, loss


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
    began = time.process_time()
    mdp = MDP.from_simulator(env, reward="sign")
    explored = time.process_time()
    regions, optimum, loss = judged(mdp, _SECONDS)
    ended = time.process_time()
    earned, steps, reward, agrees = played(env, mdp)
    agrees = agrees and isclose(optimum, earned, rel_tol=1e-9)
    print(
        f"| {name} | {mdp.n_states:,} | {mdp.n_transitions:,} | {explored - began:.1f} | {regions} "
        f"| {optimum:g} | {loss:.3g} | {mdp.time_limit} | {ended - explored:.1f} "
        f"| {earned} in {steps} ({reward:.4g}) {'' if agrees else 'NOT AS THE MODEL SAYS'} |",
        flush=True,
    )
    assert agrees


def main() -> None:
    print(
        f"MiniGrid {minigrid.__version__}, Gymnasium {gym.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(
        "| MiniGrid | states | pairs | explored, s | regions | optimum | worst loss | time limit "
        "| judged, s | played: earned in steps (paid) |"
    )
    print(f"|{' --- |' * 10}")
    for name in sys.argv[1:] or NAMES:
        row(name)


if __name__ == "__main__":
    main()
