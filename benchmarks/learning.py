"""How fast are the learners, compared with the same loops in C?

    python benchmarks/learning.py [--repeats 9] [--loop]

Every ratio is taken in one run, ours and C's turns alternating, in processor time of one core;
the C is benchmarks/learning.c, compiled here with `cc -O3 -march=native`. Nanoseconds are per
update of one value. The readable loop is compared with the one that is usually written; `--loop`
measures that alone, and needs no C compiler.
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gymnasium as gym
import numba
import numpy as np

import qdecay_envs  # noqa: F401
from qdecay.learning import TabularLearner, learned_thresholds, q_learning, q_learning_many
from qdecay.learning.tabular import TABULAR
from qdecay.model.mdp import MDP
from qdecay.model.source import HOMEWORK

EXACT = [1 / 2, 1 / 3, 6 ** (-1 / 3), 110 ** (-1 / 99)]
FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-fno-trapping-math"]
EPSILON, ALPHA, GAMMA, LIMIT, SEED = 0.1, 0.1, 0.95, 1000, 1


class Model(ctypes.Structure):
    """The C struct `model`."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("n_states", "n_actions", "width", "start", "limit")),
        *((name, ctypes.c_void_p) for name in ("cumulative", "reward", "next", "ends")),
    ]


class Agent(ctypes.Structure):
    """The C struct `agent`."""

    _fields_ = [
        ("random", ctypes.c_uint64 * 4),
        ("state", ctypes.c_int64),
        ("length", ctypes.c_int64),
    ]


class Reference:
    """The C loops on one model."""

    def __init__(self, library: ctypes.CDLL, mdp: MDP, start: int) -> None:
        self.library, self.mdp, self.start = library, mdp, start
        pair = mdp.state * mdp.n_actions + mdp.action
        count = np.bincount(pair, minlength=mdp.n_states * mdp.n_actions)
        column = np.arange(len(pair)) - (np.cumsum(count) - count)[pair]
        shape = (len(count), int(count.max()))
        probability = np.zeros(shape)
        self.reward, self.next = np.zeros(shape), np.zeros(shape, np.int32)
        self.ends = np.zeros(shape, np.uint8)
        for table, values in (
            (probability, mdp.probability),
            (self.reward, mdp.reward),
            (self.next, mdp.next_state),
            (self.ends, mdp.terminated),
        ):
            table[pair, column] = values
        self.cumulative = np.cumsum(probability, axis=1)
        self.cumulative[np.arange(len(count)), np.maximum(count, 1) - 1] = 2.0
        tables = (self.cumulative, self.reward, self.next, self.ends)
        sizes = (mdp.n_states, mdp.n_actions, shape[1], start, LIMIT)
        self.model = Model(*sizes, *(table.ctypes.data for table in tables))

    def agents(self, number: int) -> ctypes.Array[Agent]:
        """Return agents that have not begun."""
        words = np.random.SeedSequence(SEED).generate_state(4 * number, np.uint64).reshape(-1, 4)
        return (Agent * number)(
            *(Agent((ctypes.c_uint64 * 4)(*row.tolist()), self.start, 0) for row in words)
        )

    def greedy(self, name: str, number: int, steps: int) -> np.ndarray:
        """Run `one` or `eight` and return q."""
        q = np.zeros((number, self.mdp.n_states, self.mdp.n_actions))
        rates = (ctypes.c_double(rate) for rate in (GAMMA, EPSILON, ALPHA))
        where = ctypes.c_void_p(q.ctypes.data)
        run = getattr(self.library, name)
        run(ctypes.byref(self.model), where, *rates, ctypes.c_int64(steps), self.agents(number))
        return q

    def gammas(self, gammas: np.ndarray, steps: int) -> np.ndarray:
        """Run the loop of 64 gammas and return q, shape (S, A, 64)."""
        q = np.zeros((self.mdp.n_states, self.mdp.n_actions, len(gammas)))
        getattr(self.library, f"gammas{self.mdp.n_actions}")(
            ctypes.byref(self.model),
            ctypes.c_void_p(q.ctypes.data),
            ctypes.c_void_p(gammas.ctypes.data),
            ctypes.c_double(ALPHA),
            ctypes.c_int64(steps),
            self.agents(1),
        )
        return q


def compiled_library() -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp())
    source = Path(__file__).with_name("learning.c")
    command = ["cc", *FLAGS, "-shared", "-fPIC", str(source), "-o", str(folder / "learning.so")]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(folder / "learning.so"))


def models() -> dict[str, tuple[MDP, int]]:
    chain = MDP.from_env(gym.make("qdecay/LongDelay-v0"))
    lake = MDP.from_env(gym.make("FrozenLake-v1", map_name="8x8"))
    taxi = MDP.from_env(gym.make("Taxi-v4"))
    return {"chain of 100": (chain, 0), "FrozenLake 8x8": (lake, 0), "Taxi": (taxi, 314)}


def compare(
    title: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    updates: int,
    repeats: int,
    c_name: str = "C",
) -> None:
    """Print medians and ranges of both in ns per update, and the median of the paired ratios."""
    ours(), theirs()
    mine, other = [], []
    for _ in range(repeats):
        for times, run in ((other, theirs), (mine, ours)):
            start = time.process_time()
            run()
            times.append((time.process_time() - start) / updates * 1e9)
    ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
    print(f"  {title:<24} ours {spread(mine)}   {c_name} {spread(other)}   ratio {ratio:.2f}")


def spread(times: list[float]) -> str:
    return f"{statistics.median(times):8.3f} [{min(times):.3f}, {max(times):.3f}] ns"


def one_agent(library: ctypes.CDLL, repeats: int) -> None:
    print("one agent, epsilon-greedy")
    steps = 2_000_000
    for name, (mdp, start) in models().items():
        reference = Reference(library, mdp, start)
        settings = dict(epsilon=EPSILON, step_size=ALPHA, start=start, max_episode_steps=LIMIT)
        compare(
            name,
            lambda mdp=mdp, settings=settings: q_learning(mdp, GAMMA, steps=steps, **settings),
            lambda reference=reference: reference.greedy("one", 1, steps),
            steps,
            repeats,
        )


def many_agents(library: ctypes.CDLL, repeats: int) -> None:
    print("eight independent agents, ours one after the other; C's take turns step by step")
    steps = 250_000
    for name, (mdp, start) in models().items():
        reference = Reference(library, mdp, start)
        settings = dict(epsilon=EPSILON, step_size=ALPHA, start=start, max_episode_steps=LIMIT)
        compare(
            name,
            lambda mdp=mdp, settings=settings: [
                q_learning(mdp, GAMMA, steps=steps, seed=seed, **settings) for seed in range(8)
            ],
            lambda reference=reference: reference.greedy("eight", 8, steps),
            8 * steps,
            repeats,
        )


def many_gammas(library: ctypes.CDLL, repeats: int) -> None:
    print("64 gammas from one uniformly random stream, per gamma and update")
    steps, gammas = 200_000, np.linspace(0.01, 0.99, 64)
    for name, (mdp, start) in models().items():
        reference = Reference(library, mdp, start)
        settings = dict(step_size=ALPHA, start=start, max_episode_steps=LIMIT, threads=1)
        compare(
            name,
            lambda mdp=mdp, settings=settings: q_learning_many(
                mdp, gammas, [SEED], steps=steps, **settings
            ),
            lambda reference=reference: reference.gammas(gammas, steps),
            64 * steps,
            repeats,
        )


def thresholds(repeats: int) -> None:
    print("the thresholds of the four homework problems, one stream each, to 1e-6")
    times = []
    for _ in range(repeats + 1):
        problems = [MDP.from_env(gym.make(env_id)) for env_id in HOMEWORK]
        start = time.perf_counter()
        for mdp, exact in zip(problems, EXACT, strict=True):
            grid = np.linspace(0.01, 0.99, 64)
            (flip,) = learned_thresholds(mdp, grid, [SEED], steps=40_000, step_size=1.0)
            assert abs(flip.median - exact) < 1e-6
        times.append(time.perf_counter() - start)
    _, *rest = times  # the first one loads or compiles
    middle = statistics.median(rest)
    print(f"  {middle:.3f} [{min(rest):.3f}, {max(rest):.3f}] s")


def numpy_loop(env: gym.Env, steps: int) -> None:
    """Q-learning as it is usually written."""
    rng = np.random.default_rng(SEED)
    q = np.zeros((int(env.observation_space.n), int(env.action_space.n)))
    state, _ = env.reset(seed=SEED)
    for _ in range(steps):
        explores = rng.random() < EPSILON
        action = int(rng.integers(q.shape[1])) if explores else int(np.argmax(q[state]))
        after, reward, terminated, truncated, _ = env.step(action)
        target = reward + GAMMA * np.max(q[after]) * (not terminated)
        q[state, action] += ALPHA * (target - q[state, action])
        state = env.reset()[0] if terminated or truncated else after


class Still(gym.Env):
    """The cheapest possible environment: a random walk with rewards that are known before."""

    observation_space, action_space = gym.spaces.Discrete(64), gym.spaces.Discrete(4)

    def __init__(self, rewards: np.ndarray) -> None:
        self.walk = np.random.default_rng(0).integers(64, size=N_REWARDS).tolist()
        self.rewards = rewards.tolist()
        self.at = 0

    def reset(self, *, seed: int | None = None, options: object = None) -> tuple[int, dict]:
        """Begin in state 0."""
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        """Continue the walk."""
        self.at = at = (self.at + 1) & (N_REWARDS - 1)
        return self.walk[at], self.rewards[at], False, False, {}


N_REWARDS = 1 << 16
REWARDS = {
    "1/2": np.full(N_REWARDS, 0.5),
    "none": np.zeros(N_REWARDS),
    "normal": np.random.default_rng(0).normal(size=N_REWARDS),
}


def step_only(env: gym.Env, steps: int) -> None:
    for _ in range(steps):
        env.step(0)


def environment_loop(repeats: int) -> None:
    print("any Gymnasium environment: what a learner adds to env.step, per step")
    rows = [("1/2", learn) for learn in TABULAR.values()]
    for rewards, learn in [*rows, ("none", q_learning), ("normal", q_learning)]:
        added_by(learn, rewards, repeats)


def added_by(learn: TabularLearner, rewards: str, repeats: int) -> None:
    """Time the steps alone, with the usual loop of Q-learning and with a learner, in turns."""
    steps, alone, usual, ours = 100_000, [], [], []
    options = dict(steps=steps, epsilon=EPSILON, step_size=ALPHA)
    for _ in range(repeats):
        env = Still(REWARDS[rewards])
        bare = timed(lambda env=env: step_only(env, steps))
        alone.append(bare / steps * 1e9)
        usual.append((timed(lambda env=env: numpy_loop(env, steps)) - bare) / steps * 1e9)
        took = timed(lambda env=env: learn(env, GAMMA, **options))
        ours.append((took - bare) / steps * 1e9)
    ratio = statistics.median(a / b for a, b in zip(ours, usual, strict=True))
    print(f"  {learn.name:<18} rewards {rewards:<7} env.step alone {spread(alone)}")
    print(f"    adds {spread(ours)}   the usual NumPy loop {spread(usual)}   ratio {ratio:.3f}")


def timed(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def compiled_loops(repeats: int) -> None:
    cc = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    print(f"{cc.stdout.splitlines()[0]} {' '.join(FLAGS)}; {platform.platform()}")
    library = compiled_library()
    one_agent(library, repeats)
    many_agents(library, repeats)
    many_gammas(library, repeats)
    thresholds(repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="turns of each measurement")
    parser.add_argument("--loop", action="store_true", help="the readable loop alone")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, numba {numba.__version__}")
    if not arguments.loop:
        compiled_loops(repeats)
    environment_loop(repeats)


if __name__ == "__main__":
    main()
