"""The models, layouts and agents that `compare_checkouts` asks two checkouts about.

They are written as files without qdecay, so that what reads them is part of what is compared.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

Row = tuple[int, int, int, Any, Any, bool]

LAYOUTS = {
    "two-thirds": {"near": ["a", [2]], "far": ["b", [0, 3]]},
    "crosses-twice": {"near": ["a", [0, 5]], "far": ["b", [1, 0, 6]]},
    "three": {"branches": [["a", [1]], ["b", [0, 2]], ["c", [0, 0, 3]]]},
    "repeat": {"near": ["a", [1]], "far": ["b", [0, 0, 4]], "ending": "repeat"},
    "absorb": {"near": ["a", [-3, 0]], "far": ["b", [0, 0, -4]], "ending": "absorb"},
    "touch": {"near": ["a", [1, 0, 4]], "far": ["b", [0, 4]]},
    "slow": {"near": ["a", [1]], "far": ["b", [0, "41/20"]], "ending": "repeat"},
}
ROBOT = {
    "tra": "3 4 5\n0 0 0 2/5 east\n0 0 1 0.6 east\n0 1 2 1 south\n1 0 2 1 east\n2 0 2 1 stuck\n",
    "srew": "3 2\n0 1/3\n1 5\n",
}
AGENTS = '''
"""Q-learning on a replay of random steps, sound or wrong in one way."""
import numpy as np
from scipy import sparse

import qdecay


def agent(gamma, discount=None, truncation_ends=False, unmasked=False, clips=False):
    def train(env, seed):
        rng, rows, (state, _) = np.random.default_rng(seed), [], env.reset(seed=seed)
        for action in rng.integers(env.action_space.n, size=600).tolist():
            after, reward, terminated, truncated, _ = env.step(action)
            ends = (terminated and not unmasked) or (truncated and truncation_ends)
            rows.append((state, action, np.clip(reward, -1, 1) if clips else reward, after, ends))
            state = env.reset()[0] if terminated or truncated else after
        q = np.zeros((env.observation_space.n, env.action_space.n))
        for _ in range(40):
            for s, a, r, t, ends in rows:
                q[s, a] = r + (0.0 if ends else (discount or gamma) * q[t].max())
        return lambda observation: int(q[observation].argmax())

    return train


def through_the_env(env, seed):
    learned = qdecay.q_learning(env, 0.8, steps=400, epsilon=1.0, step_size=0.5, seed=seed)
    return lambda observation: int(learned.policy[observation])


sound, twice = agent(0.8), agent(0.8, discount=0.64)
cut, unmasked = agent(0.8, truncation_ends=True), agent(0.8, unmasked=True)
clips = agent(0.8, clips=True)
'''


def streams(*rewards: list[int]) -> list[Row]:
    """One choice at state 0 between sequences of rewards that end."""
    rows: list[Row] = []
    free = 1
    for action, stream in enumerate(rewards):
        state, move = 0, action
        for reward in stream[:-1]:
            rows.append((state, move, free, 1, reward, False))
            state, move, free = free, 0, free + 1
        rows.append((state, move, state, 1, stream[-1], True))
    return rows


def named_models() -> dict[str, list[Row]]:
    """Models with known answers, and such as made solvers stumble."""
    big, p = 10**12, Fraction(10**30 + 57, 3 * 10**30)
    choices = [(0, 0, 1, 1, 1, False), (1, 0, 2, 1, 0, False), (2, 0, 2, 1, 4, True)]
    choices += [(0, 1, 3, 1, 0, False), (3, 0, 3, 1, 4, True), (4, 0, 4, 1, 3, True)]
    choices += [(4, 1, 5, 1, 0, False), (5, 0, 5, 1, 4, True)]
    twice = (np.polynomial.Polynomial([-1, 10]) ** 2 * -2).coef.astype(int).tolist()
    return {
        "sutton-barto": [
            *((0, 0, 1, 1, 1, False), (0, 1, 2, 1, 0, False)),
            *((1, 0, 0, 1, 0, False), (2, 0, 0, 1, 2, False)),
        ],
        "puterman": [
            *((0, 0, 0, "1/2", 5, False), (0, 0, 1, "1/2", 5, False)),
            *((0, 1, 1, 1, 10, False), (1, 0, 1, 1, -1, False)),
        ],
        "degree-299": streams([1], [0] * 299 + [6]),
        "factors": streams([1] + [0] * 83 + [6], [0] * 42 + [5]),
        "golden": streams([1] + [0] * 49 + [2], [0, 1, 1] + [0] * 48 + [2, 2]),
        "within-1e-20": streams([0] * 41, [*twice, *[0] * 37, 1]),
        "touch": streams([1, 0, 4], [0, 4, 0]),
        "touch-then-breakpoint": choices,
        "late-tie": streams([0] * 30 + [1], [0] * 30 + [2]),
        "zero": streams([0], [0, 1]),
        "three-streams": streams([3], [0, 4], [0, 0, 0, 9]),
        "always-tied": [(0, 0, 0, 1, 1, False), (0, 1, 0, 1, 1, False), (0, 2, 0, 1, 0, False)],
        "no-action": [(0, 0, 1, 1, -3, False), (0, 1, 1, 1, -3, True)],
        "near-one": [
            *((0, 0, 0, 1, 0, True), (0, 1, 1, 1, 1 - big, False), (1, 0, 1, 1, big, True)),
        ],
        "huge": [
            *((0, 0, 0, 1, 10**400, True), (0, 1, 1, p, 0, False), (0, 1, 0, 1 - p, 0, True)),
            (1, 0, 1, 1, 10**401, True),
        ],
    }


def random_model(seed: int) -> list[Row]:
    """Small rationals, up to 8 states or, in every fifth, 30; every third ends for certain."""
    rng = random.Random(seed)
    n_states, n_actions = rng.randint(1, 30 if seed % 5 == 4 else 8), rng.randint(1, 4)
    rows: list[Row] = []
    for s in range(n_states):
        for a in range(rng.randint(1, n_actions)):
            following = rng.sample(range(n_states), rng.randint(1, min(n_states, 3)))
            weights = [rng.randint(1, 4) for _ in following]
            ends = rng.randint(seed % 3 == 0, 2)
            total, reward = sum(weights) + ends, Fraction(rng.randint(-20, 20), rng.randint(1, 6))
            chances = [Fraction(w, total) for w in weights]
            rows += [(s, a, t, p, reward, False) for t, p in zip(following, chances, strict=True)]
            rows += [(s, a, s, Fraction(ends, total), reward, True)] * (ends > 0)
    return rows


def model_document(rows: Iterable[Row]) -> dict[str, Any]:
    rows = [(s, a, t, str(p), str(r), ends) for s, a, t, p, r, ends in rows]
    n_states = 1 + max(max(s, t) for s, _, t, *_ in rows)
    n_actions = 1 + max(a for _, a, *_ in rows)
    sizes = {"schema": "qdecay.mdp/1", "n_states": n_states, "n_actions": n_actions, "start": 0}
    return {**sizes, "transitions": rows}


def write_sources(folder: Path, randoms: int) -> None:
    """Write every source into a new folder, with so many random models."""
    folder.mkdir(parents=True)
    models = named_models() | {f"random-{n}": random_model(n) for n in range(randoms)}
    for name, rows in models.items():
        (folder / f"model-{name}.json").write_text(json.dumps(model_document(rows)))
    for name, layout in LAYOUTS.items():
        document = {"schema": "qdecay.layout/1", **layout}
        (folder / f"layout-{name}.json").write_text(json.dumps(document))
    for ending, text in ROBOT.items():
        (folder / f"robot.{ending}").write_text(text)
    rng = np.random.default_rng(14)
    weights = rng.permuted(np.tile([4, 2, 1, 1, *[0] * 8], (36, 1)), axis=1)
    rewards = np.round(rng.normal(size=(12, 3)), 2)
    by_action = weights.reshape(12, 3, 12).swapaxes(0, 1) / 8
    np.savez(folder / "arrays.npz", P=by_action, R=rewards, start=0)
    ends = np.round(rng.uniform(0, 0.1, (12, 3)), 3)
    p = sparse.csr_matrix(weights / 8 * (1 - ends.reshape(36, 1)))
    rows = {"P_data": p.data, "P_indices": p.indices, "P_indptr": p.indptr}
    np.savez(folder / "floats.npz", **rows, R=rewards, ends=ends, start=0)
    (folder / "matplotlibrc").write_text("svg.hashsalt: the same\n")
    (folder / "agents_to_compare.py").write_text(AGENTS)
