"""Environments without a table, explored: their states, time, regions and price.

    python benchmarks/explore.py [NAME ...]

MiniGrid pays 1 - 0.9 * steps / max_steps at the goal, no reward of a state: `reward="sign"` pays 1.
Regions and prices are exact, under the environment's own time limit, if that takes at most five
minutes, else of floats. Seconds are of one processor. Then the policy that is optimal at gamma =
0.99 plays in the real environment, from its `reset`, and is to earn and take what the model says.
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
_SECONDS = 300  # for exact answers


def judged(mdp: MDP, seconds: float) -> tuple[str, float, float]:
    """How many regions there are, the optimum under the time limit, and the worst loss.

    Without an exact answer in time, all are of floats, and the loss is that of the policy at GAMMA.
    """
    try:
        price = qdecay.price(mdp, max_seconds=seconds)
    except qdecay.BudgetExceeded:
        number = len(qdecay.numeric_policy_regions(mdp).changes) + 1
        best, own = within(mdp), within(mdp, qdecay.value_iteration(mdp, GAMMA).policy)
        return f"{number} in floats", best, (best - own) / best
    loss = max(region.loss or 0 for region in price.regions)
    return str(len(price.regions)), price.optimum.value, loss


def within(mdp: MDP, policy: Any = None) -> float:
    """The most that is earned from the start within the time limit, or what a policy earns."""
    values, states = np.zeros(mdp.n_states), np.arange(mdp.n_states)
    rewards = np.where(mdp.available, mdp.r, -np.inf)
    for _ in range(mdp.time_limit or 0):
        q = rewards + (mdp.p @ values).reshape(mdp.n_states, mdp.n_actions)
        values = q.max(axis=1) if policy is None else q[states, policy]
        values[~mdp.available.any(axis=1)] = 0
    return float(values[mdp.start])


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
    agrees = agrees and optimum == earned
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
