"""Train Stable-Baselines3's DQN and PPO on three environments of the suite, through the plain API.

    pip install "qdecay[sb3]"
    python examples/stable_baselines.py [STEPS]

Each agent is trained with a discount factor below and one above the exact break-even gamma, and its
choice at the start is printed next to the optimal one. A few hundred steps show that everything
fits together; after 8,000 every choice in StayOrMove is right, the others take longer.
"""

from __future__ import annotations

import sys
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3 import DQN, PPO

import qdecay_envs  # noqa: F401  # registers the suite
from qdecay import MDP, policy_regions

MEMBERS: dict[str, dict[str, Any]] = {
    "qdecay/StayOrMove-v0": {},
    "qdecay/NChain-v0": {"n": 3, "max_episode_steps": 50},
    "qdecay/DeepSea-v0": {"size": 4},
}
SETTINGS: dict[Any, dict[str, Any]] = {
    DQN: {"learning_starts": 50, "buffer_size": 5_000, "target_update_interval": 250},
    PPO: {"n_steps": 64, "batch_size": 64},
}


def two_sides(mdp: MDP) -> tuple[float, float]:
    """Return a gamma on each side of the last break-even gamma of the start."""
    regions = policy_regions(mdp)
    points = regions.start_breakpoints()
    last = float(regions.breakpoints[points[-1]].gamma)
    return last / 2, (1 + last) / 2


def train(algorithm: Any, name: str, gamma: float, steps: int) -> int:
    """Return the choice at the start of an agent trained for this many steps."""
    env = gym.make(name, **MEMBERS[name])
    model = algorithm(
        "MlpPolicy", env, gamma=gamma, seed=0, device="cpu", verbose=0, **SETTINGS[algorithm]
    )
    model.learn(total_timesteps=steps)
    state, _ = env.reset(seed=0)
    action, _ = model.predict(state, deterministic=True)
    return int(action)


def main(steps: int) -> None:
    """Train every agent on every member, and print their choices."""
    torch.set_num_threads(1)
    print(f"{'environment':22} {'agent':6} {'gamma':>7} {'learned':>7} {'optimal':>8}")
    for name, arguments in MEMBERS.items():
        env: Any = gym.make(name, **arguments)
        mdp = MDP.from_env(env)
        regions = policy_regions(mdp)
        for gamma in two_sides(mdp):
            best = regions.optimal_actions(f"{gamma:.6f}")[env.unwrapped.start]
            for algorithm in SETTINGS:
                choice = train(algorithm, name, gamma, steps)
                shown = " or ".join(map(str, best))
                print(f"{name:22} {algorithm.__name__:6} {gamma:7.4f} {choice:7} {shown:>8}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
