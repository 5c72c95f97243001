"""How long does an update of Q-learning take in the libraries that people use?

    python benchmarks/learning_peers.py [--repeats 5]

FrozenLake 8x8, one epsilon-greedy agent, in each library that is installed, with the environment
or the table that it takes. Microseconds of processor time per update, environment included; the
ratio is to the compiled loop of qdecay in the same round. What a library adds to an update differs:
bettermdptools keeps the values of every episode, pymdptoolbox draws from a dense table, rlberry
writes a log and chooses every action twice.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import gymnasium as gym
import numpy as np

from qdecay.learning import q_learning
from qdecay.model.mdp import MDP

GAMMA, EPSILON, ALPHA, EPISODES = 0.95, 0.1, 0.1, 300
Case = Callable[[], int]


class Counted(gym.Wrapper):
    """Counts the steps of a library that does not report them."""

    steps = 0

    def step(self, action):
        """Count, and step."""
        self.steps += 1
        return self.env.step(action)


def lake() -> gym.Env:
    return gym.make("FrozenLake-v1", map_name="8x8")


def compiled() -> Case:
    mdp = MDP.from_env(lake())
    return lambda: q_learning(mdp, GAMMA, steps=500_000, epsilon=EPSILON, step_size=ALPHA).steps


def readable() -> Case:
    env = lake()
    return lambda: q_learning(env, GAMMA, steps=20_000, epsilon=EPSILON, step_size=ALPHA).steps


def bettermdptools() -> Case:
    rl = importlib.import_module("bettermdptools.algorithms.rl")

    def run() -> int:
        env = Counted(lake())
        rates = dict(init_alpha=ALPHA, min_alpha=ALPHA, init_epsilon=EPSILON, min_epsilon=EPSILON)
        rl.RL(env).q_learning(gamma=GAMMA, n_episodes=EPISODES, seed=0, **rates)
        return env.steps

    return run


def dense(mdp: MDP) -> tuple[np.ndarray, np.ndarray]:
    """P (S, A, S) without terminations, and R (S, A, S)."""
    p = np.zeros((mdp.n_states, mdp.n_actions, mdp.n_states))
    r = np.zeros_like(p)
    np.add.at(p, (mdp.state, mdp.action, mdp.next_state), mdp.probability)
    r[mdp.state, mdp.action, mdp.next_state] = mdp.reward
    return p, r


def pymdptoolbox() -> Case:
    toolbox = importlib.import_module("mdptoolbox.mdp")
    p, r = dense(MDP.from_env(lake()))
    tables = np.ascontiguousarray(np.moveaxis(p, 1, 0)), np.moveaxis(r, 1, 0).copy()

    def run() -> int:
        toolbox.QLearning(*tables, GAMMA, n_iter=20_000).run()
        return 20_000

    return run


def mushroom_rl() -> Case:
    names = ("algorithms.value", "core", "environments", "policy", "utils.parameters")
    value, core, environments, policy, parameters = (
        importlib.import_module(f"mushroom_rl.{name}") for name in names
    )
    mdp = MDP.from_env(lake())
    p, r = dense(mdp)
    p[np.isin(np.arange(mdp.n_states), mdp.next_state[mdp.terminated])] = 0  # it ends there

    def run() -> int:
        world = environments.FiniteMDP(p, r, np.eye(mdp.n_states)[0], GAMMA, 100)
        acts = policy.EpsGreedy(epsilon=parameters.Parameter(EPSILON))
        agent = value.QLearning(world.info, acts, learning_rate=parameters.Parameter(ALPHA))
        core.Core(agent, world).learn(n_steps=5_000, n_steps_per_fit=1, quiet=True)
        return 5_000

    return run


def rlberry() -> Case:
    if not hasattr(gym.logger, "set_level"):  # its name before Gymnasium 1
        gym.logger.set_level = lambda level: None
    agents = importlib.import_module("rlberry_scool.agents.tabular_rl.qlearning")

    def run() -> int:
        rates = dict(alpha=ALPHA, exploration_type="epsilon", exploration_rate=EPSILON)
        agents.QLAgent(lake(), gamma=GAMMA, **rates).fit(budget=5_000)
        return 5_000

    return run


CASES = {
    "qdecay, compiled": ("qdecay", compiled),
    "qdecay, any environment": ("qdecay", readable),
    "bettermdptools": ("bettermdptools", bettermdptools),
    "pymdptoolbox": ("pymdptoolbox", pymdptoolbox),
    "mushroom-rl": ("mushroom-rl", mushroom_rl),
    "rlberry": ("rlberry-scool", rlberry),
}


def installed() -> dict[str, Case]:
    """Return what can be run, and report what cannot."""
    found = {}
    for name, (package, make) in CASES.items():
        try:
            found[f"{name} {version(package)}"] = make()
        except (PackageNotFoundError, ImportError) as error:
            print(f"{name}: left out ({type(error).__name__}: {error})")
    return found


def main() -> None:
    """Take turns, so that all run under the same conditions."""
    warnings.simplefilter("ignore")  # other people's
    os.environ["TQDM_DISABLE"] = "1"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds; each has all in turn")
    repeats = parser.parse_args().repeats
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    cases = installed()
    times: dict[str, list[float]] = {name: [] for name in cases}
    next(iter(cases.values()))()  # compiles
    for _ in range(repeats):
        for name, run in cases.items():
            start = time.process_time()
            steps = run()
            times[name].append((time.process_time() - start) / steps * 1e6)
    ours = next(iter(times.values()))
    for name, spent in times.items():
        ratio = statistics.median(a / b for a, b in zip(spent, ours, strict=True))
        middle, low, high = statistics.median(spent), min(spent), max(spent)
        print(f"  {name:30} {middle:9.3f} [{low:.3f}, {high:.3f}] us   {ratio:9.1f} x")


if __name__ == "__main__":
    main()
