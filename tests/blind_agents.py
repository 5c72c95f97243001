"""Agents as people write them, from papers, textbooks and libraries, to be probed unseen.

None was made from the list of hypotheses that the probe weighs. Each is a trainer of `(env, seed)`
once `make` has told it a discount; it learns from `env.step`, without a look at the table. `BLIND`
says what is true of each, so that a verdict on it can be called right or wrong.

Books are cited as S&B: Sutton & Barto, Reinforcement Learning, 2nd ed. (2018).
"""

from __future__ import annotations

import functools
import heapq
import math
import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Env = Any
Policy = Callable[[Any], int]
Trainer = Callable[[Env, int], Policy]
Table = list[list[float]]

EVERYWHERE = ("one-shot", "large", "repeating", "time limit")
_STEPS = 3_000
_CUT = 60  # steps after which methods that need episodes cut what has not ended


@dataclass(frozen=True)
class BlindAgent:
    """An agent and the truth about it.

    Attributes:
        name: for tables.
        make: from the discount it is told to its trainer.
        truth: what it does, in words.
        sound_in: the settings of the probe in which it acts by the discount it is told.
        one_shot: r / R at indifference in one-shot, of delays m, n and the told gamma; None if
            there is no formula.
        noise: how far from there, in log(r / R), its choices still vary from seed to seed.
        has_gamma: whether in one-shot there is one effective discount at all delays.
        deep: trainings take seconds.
        nearly: sound in theory, but as trained its indifference points lie off by some thousandths,
            measured over 30 seeds at each of 13 ratios: it may be called either.
    """

    name: str
    make: Callable[[float], Trainer]
    truth: str
    sound_in: tuple[str, ...]
    one_shot: Callable[[int, int, float], float] | None
    noise: float
    has_gamma: bool
    deep: bool
    nearly: bool

    def right(self, settings: tuple[str, ...]) -> tuple[bool | None, ...]:
        """Return the values of `behaves_as_told` that are no mistake after those settings."""
        if self.nearly:
            return True, False, None
        return (True, None) if set(settings) <= set(self.sound_in) else (False, None)


BLIND: dict[str, BlindAgent] = {}


def power(m: int, n: int, gamma: float) -> float:
    """Return the ratio at which gamma**m r = gamma**n R."""
    return gamma ** (n - m)


def blind(
    name: str,
    truth: str = "sound",
    *,
    sound_in: tuple[str, ...] = (),
    one_shot: Callable[[int, int, float], float] | None = power,
    noise: float = 0.03,
    has_gamma: bool = True,
    deep: bool = False,
    nearly: bool = False,
) -> Callable[[Callable[[float, Env, int], Policy]], Callable[[float, Env, int], Policy]]:
    """Register a function of (gamma, env, seed)."""

    def register(train: Callable[[float, Env, int], Policy]) -> Any:
        make = functools.partial(functools.partial, train)
        BLIND[name] = BlindAgent(
            name, make, truth, sound_in, one_shot, noise, has_gamma, deep, nearly
        )
        return train

    return register


# What they share: tables, behaviour, the loop.


def table(env: Env, value: float = 0.0) -> Table:
    return [[value] * int(env.action_space.n) for _ in range(int(env.observation_space.n))]


def greedy(q: Table) -> Policy:
    """Return the greedy policy of a table; of equal actions the first, as argmax does."""
    best = [values.index(max(values)) for values in q]
    return lambda observation: best[int(observation)]


def uniform(rng: random.Random) -> Policy:
    return lambda state: int(rng.random() < 0.5)


def epsilon_greedy(q: Table, rng: random.Random, epsilon: Callable[[], float]) -> Policy:
    def act(state: int) -> int:
        if rng.random() < epsilon():
            return int(rng.random() < 0.5)
        return int(q[state][1] > q[state][0])

    return act


Step = tuple[int, int, float, int, bool, bool]


def walk(
    env: Env, seed: int, act: Policy, steps: int = _STEPS, cut: float = math.inf
) -> Iterator[Step]:
    """Yield (state, action, reward, next state, terminated, truncated), resetting after ends."""
    state, age = env.reset(seed=seed)[0], 0
    for _ in range(steps):
        action = act(state)
        after, reward, terminated, truncated, _ = env.step(action)
        age += 1
        truncated = not terminated and (truncated or age >= cut)
        yield state, action, float(reward), after, terminated, truncated
        state, age = (env.reset()[0], 0) if terminated or truncated else (after, age)


def episodes(env: Env, seed: int, act: Policy, steps: int = _STEPS) -> Iterator[list[Step]]:
    """Yield whole episodes; one that does not end is cut after 60 steps."""
    episode = []
    for step in walk(env, seed, act, steps, _CUT):
        episode.append(step)
        if step[4] or step[5]:
            yield episode
            episode = []


# Value methods that should be sound.


def _q_learning(
    gamma: float, env: Env, seed: int, seen: Callable[[float], float] = lambda reward: reward
) -> Table:
    q = table(env)
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed))):
        target = seen(r) if terminated else seen(r) + gamma * max(q[t])
        q[s][a] += 0.5 * (target - q[s][a])
    return q


@blind("Q-learning", sound_in=EVERYWHERE)
def q_learning(gamma: float, env: Env, seed: int) -> Policy:
    """Watkins (1989), off-policy from uniform behaviour."""
    return greedy(_q_learning(gamma, env, seed))


@blind("double Q-learning", sound_in=EVERYWHERE)
def double_q(gamma: float, env: Env, seed: int) -> Policy:
    """Van Hasselt, Double Q-learning (2010): one table picks the action, the other rates it."""
    rng = random.Random(seed)
    tables = [table(env), table(env)]
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(rng), 2 * _STEPS):
        coin = int(rng.random() < 0.5)
        q, other = tables[coin], tables[1 - coin]
        target = r if terminated else r + gamma * other[t][q[t].index(max(q[t]))]
        q[s][a] += 0.5 * (target - q[s][a])
    first, second = tables
    return greedy(
        [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(first, second, strict=True)]
    )


@blind("expected SARSA, decaying epsilon", sound_in=EVERYWHERE)
def expected_sarsa(gamma: float, env: Env, seed: int) -> Policy:
    """Van Seijen et al. (2009); S&B 6.6. Epsilon falls from 1 to 0.2, and stays there."""
    rng, q, share = random.Random(seed), table(env), 1.0

    def epsilon() -> float:
        return max(0.2, share)

    act = epsilon_greedy(q, rng, epsilon)
    for k, (s, a, r, t, terminated, _) in enumerate(walk(env, seed, act, 3 * _STEPS)):
        share = 1 - k / (2 * _STEPS)
        expected = (1 - epsilon()) * max(q[t]) + epsilon() * sum(q[t]) / 2
        q[s][a] += 0.5 * ((r if terminated else r + gamma * expected) - q[s][a])
    return greedy(q)


@blind("SARSA(lambda)", sound_in=EVERYWHERE)
def sarsa_lambda(gamma: float, env: Env, seed: int) -> Policy:
    """Rummery & Niranjan (1994) with replacing traces, lambda = 0.8; S&B 12.7.

    Traces fade by gamma * lambda, but what the table converges to does not depend on lambda.
    """
    rng, q, share, lam = random.Random(seed), table(env), 1.0, 0.8
    act = epsilon_greedy(q, rng, lambda: max(0.2, share))
    traces: dict[tuple[int, int], float] = {}
    s = env.reset(seed=seed)[0]
    a = act(s)
    for k in range(_STEPS):
        share = 1 - k / _STEPS
        t, r, terminated, truncated, _ = env.step(a)
        b = act(t)
        delta = (r if terminated else r + gamma * q[t][b]) - q[s][a]
        traces[s, a] = 1.0
        for (i, j), trace in traces.items():
            q[i][j] += 0.2 * delta * trace
        traces = {pair: x * gamma * lam for pair, x in traces.items() if x > 1e-3}
        s, a = t, b
        if terminated or truncated:
            traces = {}
            s = env.reset()[0]
            a = act(s)
    return greedy(q)


@blind("Q(lambda), Watkins", sound_in=EVERYWHERE)
def q_lambda(gamma: float, env: Env, seed: int) -> Policy:
    """Watkins (1989): traces are cut at exploratory actions, lambda = 0.7; S&B 12.10."""
    rng, q, lam = random.Random(seed), table(env), 0.7
    traces: dict[tuple[int, int], float] = {}
    for s, a, r, t, terminated, truncated in walk(env, seed, epsilon_greedy(q, rng, lambda: 0.6)):
        if q[s][a] < max(q[s]):
            traces = {}
        delta = (r if terminated else r + gamma * max(q[t])) - q[s][a]
        traces[s, a] = 1.0
        for (i, j), trace in traces.items():
            q[i][j] += 0.3 * delta * trace
        traces = {pair: x * gamma * lam for pair, x in traces.items() if x > 1e-3}
        if terminated or truncated:
            traces = {}
    return greedy(q)


@blind("4-step SARSA", sound_in=EVERYWHERE)
def n_step_sarsa(gamma: float, env: Env, seed: int) -> Policy:
    """S&B 7.2 with n = 4; a truncated window bootstraps from its last state, a terminal does not.

    The bootstrap is the mean over the policy's actions, so that none has to be drawn ahead.
    """
    rng, q, share, n = random.Random(seed), table(env), 1.0, 4
    window: deque[tuple[int, int, float]] = deque()

    def update(bootstrap: float) -> None:
        value = bootstrap
        for _, _, r in reversed(window):
            value = r + gamma * value
        s, a, _ = window.popleft()
        q[s][a] += 0.3 * (value - q[s][a])

    act = epsilon_greedy(q, rng, lambda: max(0.2, share))
    for k, (s, a, r, t, terminated, truncated) in enumerate(walk(env, seed, act)):
        share = 1 - k / _STEPS
        epsilon = max(0.2, share)
        window.append((s, a, r))
        expected = (1 - epsilon) * max(q[t]) + epsilon * sum(q[t]) / 2
        if terminated or truncated:
            while window:
                update(0.0 if terminated else expected)
        elif len(window) == n:
            update(expected)
    return greedy(q)


@blind("3-step tree backup", sound_in=EVERYWHERE)
def tree_backup(gamma: float, env: Env, seed: int) -> Policy:
    """Precup, Sutton & Singh (2000) with a greedy target policy, n = 3; S&B 7.5."""
    rng, q, n = random.Random(seed), table(env), 3
    window: deque[Step] = deque()

    def update() -> None:
        value, taken = 0.0, 0
        for place, (_, _, r, t, terminated, _) in enumerate(reversed(window)):
            if terminated:
                value = r
            elif place == 0 or q[t][taken] < max(q[t]):  # the greedy policy goes elsewhere
                value = r + gamma * max(q[t])
            else:
                value = r + gamma * value
            taken = window[len(window) - 1 - place][1]
        s, a, *_ = window.popleft()
        q[s][a] += 0.4 * (value - q[s][a])

    for step in walk(env, seed, uniform(rng)):
        window.append(step)
        if step[4] or step[5]:
            while window:
                update()
        elif len(window) == n:
            update()
    return greedy(q)


@blind("Dyna-Q", sound_in=EVERYWHERE)
def dyna_q(gamma: float, env: Env, seed: int) -> Policy:
    """Sutton (1990); S&B 8.2: after each real step ten from a learned deterministic model."""
    rng, q = random.Random(seed), table(env)
    model: dict[tuple[int, int], tuple[float, int, bool]] = {}
    pairs: list[tuple[int, int]] = []

    def learn(s: int, a: int) -> None:
        r, t, terminated = model[s, a]
        q[s][a] += 0.5 * ((r if terminated else r + gamma * max(q[t])) - q[s][a])

    act = epsilon_greedy(q, rng, lambda: 0.5)
    for s, a, r, t, terminated, _ in walk(env, seed, act, 600):
        if (s, a) not in model:
            pairs.append((s, a))
        model[s, a] = (r, t, terminated)
        learn(s, a)
        for _ in range(10):
            learn(*pairs[int(rng.random() * len(pairs))])
    return greedy(q)


@blind("prioritized sweeping", sound_in=EVERYWHERE)
def prioritized_sweeping(gamma: float, env: Env, seed: int) -> Policy:
    """Moore & Atkeson (1993), in the form of S&B 8.4; ten updates a step, threshold 1e-5."""
    rng, q = random.Random(seed), table(env)
    model: dict[tuple[int, int], tuple[float, int, bool]] = {}
    before: dict[int, set[tuple[int, int]]] = defaultdict(set)
    queue: list[tuple[float, tuple[int, int]]] = []

    def target(pair: tuple[int, int]) -> float:
        r, t, terminated = model[pair]
        return r if terminated else r + gamma * max(q[t])

    def push(pair: tuple[int, int]) -> None:
        error = abs(target(pair) - q[pair[0]][pair[1]])
        if error > 1e-5:
            heapq.heappush(queue, (-error, pair))

    for s, a, r, t, terminated, _ in walk(env, seed, uniform(rng), 600):
        model[s, a] = (r, t, terminated)
        if not terminated:
            before[t].add((s, a))
        push((s, a))
        for _ in range(10):
            if not queue:
                break
            _, pair = heapq.heappop(queue)
            q[pair[0]][pair[1]] = target(pair)
            for earlier in sorted(before[pair[0]]):
                push(earlier)
    return greedy(q)


@blind("value iteration on a learned model", sound_in=EVERYWHERE)
def certainty_equivalence(gamma: float, env: Env, seed: int) -> Policy:
    """Certainty equivalence (Kumar & Varaiya 1986): count, average, then plan to 1e-6."""
    size = int(env.observation_space.n)
    counts, rewards = np.zeros((size, 2, size)), np.zeros((size, 2))
    visits = np.zeros((size, 2))
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed)), 800):
        visits[s, a] += 1
        rewards[s, a] += r
        if not terminated:
            counts[s, a, t] += 1
    seen = np.maximum(visits, 1)
    p, r_mean = counts / seen[:, :, None], rewards / seen
    q = np.zeros((size, 2))
    for _ in range(10_000):
        new = r_mean + gamma * (p @ q.max(axis=1))
        if abs(new - q).max() < 1e-6:
            break
        q = new
    return greedy(new.tolist())


@blind("least-squares policy iteration", sound_in=EVERYWHERE)
def lspi(gamma: float, env: Env, seed: int) -> Policy:
    """Lagoudakis & Parr (2003), one-hot features: LSTD-Q on one batch until the policy stays."""
    size = 2 * int(env.observation_space.n)
    batch = list(walk(env, seed, uniform(random.Random(seed)), 800))
    now = np.array([2 * s + a for s, a, *_ in batch])
    then = np.array([2 * t for _, _, _, t, _, _ in batch])
    r = np.array([step[2] for step in batch])
    onward = gamma * np.array([not step[4] for step in batch])
    best = np.zeros(size // 2, dtype=int)
    for _ in range(20):
        a_matrix = 1e-9 * np.eye(size)
        np.add.at(a_matrix, (now, now), 1.0)
        np.add.at(a_matrix, (now, then + best[then // 2]), -onward)
        weights = np.linalg.solve(a_matrix, np.bincount(now, r, size)).reshape(-1, 2)
        better = weights.argmax(axis=1)
        if (better == best).all():
            break
        best = better
    return greedy(weights.tolist())


@blind("successor representation", sound_in=EVERYWHERE)
def successor_representation(gamma: float, env: Env, seed: int) -> Policy:
    """Dayan (1993), of state-action pairs: occupancies under the greedy policy, times rewards."""
    size = int(env.observation_space.n)
    occupancy = np.eye(2 * size)
    reward = np.zeros(2 * size)
    rows = np.eye(2 * size)
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed)), 2_000):
        i = 2 * s + a
        reward[i] += 0.5 * (r - reward[i])
        ahead = rows[i]
        if not terminated:
            first, second = occupancy[2 * t] @ reward, occupancy[2 * t + 1] @ reward
            ahead = rows[i] + gamma * occupancy[2 * t + int(second > first)]
        occupancy[i] += 0.5 * (ahead - occupancy[i])
    return greedy((occupancy @ reward).reshape(-1, 2).tolist())


@blind("rewards scaled by 0.1", sound_in=EVERYWHERE)
def reward_scaling(gamma: float, env: Env, seed: int) -> Policy:
    """Duan et al., Benchmarking Deep RL (2016): rewards times 0.1 before learning."""
    return greedy(_q_learning(gamma, env, seed, lambda r: 0.1 * r))


@blind("potential-based shaping", sound_in=EVERYWHERE)
def shaping(gamma: float, env: Env, seed: int) -> Policy:
    """Ng, Harada & Russell (1999): r + gamma phi(t) - phi(s), phi(terminal) = 0, phi random."""
    rng, q = random.Random(seed), table(env)
    phi = [rng.random() for _ in q]
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(rng)):
        shaped = r + (0.0 if terminated else gamma * phi[t]) - phi[s]
        q[s][a] += 0.5 * ((shaped if terminated else shaped + gamma * max(q[t])) - q[s][a])
    return greedy(q)


@blind("gamma raised during training", sound_in=EVERYWHERE)
def annealed_gamma(gamma: float, env: Env, seed: int) -> Policy:
    """François-Lavet et al., How to discount deep RL (2015): from gamma / 2, reached half way."""
    q = table(env)
    for k, (s, a, r, t, terminated, _) in enumerate(
        walk(env, seed, uniform(random.Random(seed)), 2 * _STEPS)
    ):
        now = gamma * min(1.0, 0.5 + k / (2 * _STEPS))
        q[s][a] += 0.5 * ((r if terminated else r + now * max(q[t])) - q[s][a])
    return greedy(q)


@blind("transformed Bellman operator", sound_in=EVERYWHERE)
def transformed_bellman(gamma: float, env: Env, seed: int) -> Policy:
    """Pohlen et al., Observe and Look Further (2018): learn h(return), h compressing as sqrt.

    Where nothing is random the fixed point is h of the ordinary one, and choices stay.
    """

    def h(x: float) -> float:
        return math.copysign(math.sqrt(abs(x) + 1) - 1, x)

    def inverse(y: float) -> float:
        return math.copysign((abs(y) + 1) ** 2 - 1, y)

    q = table(env)
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed))):
        q[s][a] += 0.5 * (h(r if terminated else r + gamma * inverse(max(q[t]))) - q[s][a])
    return greedy(q)


@blind("epsilon-greedy when judged", "sound, one choice in twenty at random", sound_in=EVERYWHERE)
def exploring_when_judged(gamma: float, env: Env, seed: int) -> Policy:
    """Mnih et al. (2015): the policy that is evaluated still explores, here with 0.1."""
    q, rng = _q_learning(gamma, env, seed), random.Random(seed)
    return epsilon_greedy(q, rng, lambda: 0.1)


@blind("running reward scale", sound_in=EVERYWHERE)
def running_scale(gamma: float, env: Env, seed: int) -> Policy:
    """Rewards over the running deviation of the discounted return, as PPO code does (Engstrom
    et al., Implementation Matters, 2020)."""
    q, carried, mean, square = table(env), 0.0, 0.0, 0.0
    steps = walk(env, seed, uniform(random.Random(seed)), 2 * _STEPS)
    for count, (s, a, r, t, terminated, truncated) in enumerate(steps, 1):
        carried = r + gamma * carried
        change = carried - mean
        mean += change / count
        square += change * (carried - mean)
        scaled = r / math.sqrt(square / count + 1e-8) if count > 1 else r
        if terminated or truncated:
            carried = 0.0
        q[s][a] += 0.3 * ((scaled if terminated else scaled + gamma * max(q[t])) - q[s][a])
    return greedy(q)


@blind("random gamma each episode, Q-learning", "its mean; 0.902 to 0.905 for 0.9, as trained",
       sound_in=EVERYWHERE, noise=0.25, nearly=True)  # fmt: skip
def random_gamma_td(gamma: float, env: Env, seed: int) -> Policy:
    """A discount drawn per episode (per 20 steps if none ends), uniform with the told mean.

    Each value averages over its own draws, independent of those of later values: the product of
    means, gamma**n. Noisy values and the maximum over two of them add some thousandths.
    """
    rng, q = random.Random(seed), table(env)
    width = min(gamma, 1 - gamma)
    now, age = gamma, 0
    for s, a, r, t, terminated, truncated in walk(env, seed, uniform(rng), 3 * _STEPS):
        q[s][a] += 0.05 * ((r if terminated else r + now * max(q[t])) - q[s][a])
        age += 1
        if terminated or truncated or age >= 20:
            now, age = gamma + width * (2 * rng.random() - 1), 0
    return greedy(q)


# Methods that need whole episodes.

NOT_UNDER_CUTS = "sound where episodes end by themselves; a cut return counts as a whole one"


def _monte_carlo(
    draw: Callable[[random.Random], float], env: Env, seed: int, steps: int = _STEPS
) -> Table:
    rng = random.Random(seed)
    total, visits = table(env), table(env)
    for episode in episodes(env, seed, uniform(rng), steps):
        gamma, value = draw(rng), 0.0
        for s, a, r, *_ in reversed(episode):
            value = r + gamma * value
            total[s][a] += value
            visits[s][a] += 1
    return [
        [x / max(k, 1) for x, k in zip(*rows, strict=True)]
        for rows in zip(total, visits, strict=True)
    ]


@blind("Monte Carlo control", NOT_UNDER_CUTS, sound_in=("one-shot", "large"))
def monte_carlo(gamma: float, env: Env, seed: int) -> Policy:
    """S&B 5.4, every visit, uniform exploration; episodes cut after 60 steps."""
    return greedy(_monte_carlo(lambda rng: gamma, env, seed))


@blind("random gamma each episode, Monte Carlo", "hyperbolic: E[U**n] = 1 / (n + 1)",
       one_shot=lambda m, n, g: (m + 1) / (n + 1), noise=0.3, has_gamma=False)  # fmt: skip
def random_gamma_mc(gamma: float, env: Env, seed: int) -> Policy:
    """A discount drawn per episode from all of [0, 1], whatever it is told; returns averaged.

    Sozou (1998): uncertainty about the rate makes the mean discount hyperbolic.
    """
    return greedy(_monte_carlo(random.Random.random, env, seed, 2 * _STEPS))


def _reinforce(gamma: float, env: Env, seed: int) -> Policy:
    """REINFORCE with a learned baseline; advantages over the running size of returns."""
    rng, size = random.Random(seed), int(env.observation_space.n)
    theta, baseline, square = [0.0] * size, [0.0] * size, 0.0

    def act(state: int) -> int:
        return int(rng.random() < 1 / (1 + math.exp(-theta[state])))

    for number, episode in enumerate(episodes(env, seed, act, 3 * _STEPS)):
        value = 0.0
        for s, a, r, *_ in reversed(episode):
            value = r + gamma * value
            square += max(0.01, 1 / (1 + number)) * (value**2 - square)
            advantage = (value - baseline[s]) / math.sqrt(square + 1e-12)
            baseline[s] += 0.1 * (value - baseline[s])
            chance = 1 / (1 + math.exp(-theta[s]))
            moved = theta[s] + 0.1 * advantage * (a - chance)
            theta[s] = max(-4.0, min(4.0, moved))
    return lambda observation: int(theta[int(observation)] > 0)


@blind("REINFORCE", NOT_UNDER_CUTS, sound_in=("one-shot", "large"), noise=0.3)
def reinforce(gamma: float, env: Env, seed: int) -> Policy:
    """Williams (1992); S&B 13.4: discounted rewards to go less a baseline; logits in [-4, 4]."""
    return _reinforce(gamma, env, seed)


@blind("REINFORCE without discount", "no discount: gamma = 1", one_shot=lambda m, n, g: 1.0,
       noise=0.3)  # fmt: skip
def reinforce_undiscounted(gamma: float, env: Env, seed: int) -> Policy:
    """As tutorials write it: the sum of rewards to go; the told discount is not used."""
    return _reinforce(1.0, env, seed)


# Actor-critics.


def _actor_critic(
    gamma: float, env: Env, seed: int, faded: bool, steps: int = 3 * _STEPS
) -> Policy:
    rng, size = random.Random(seed), int(env.observation_space.n)
    theta, v = [0.0] * size, [0.0] * size
    chance = 0.5
    factor = 1.0

    def act(state: int) -> int:
        nonlocal chance
        chance = 1 / (1 + math.exp(-theta[state]))
        return int(rng.random() < chance)

    for s, a, r, t, terminated, truncated in walk(env, seed, act, steps, _CUT):
        delta = (r if terminated else r + gamma * v[t]) - v[s]
        v[s] += 0.3 * delta
        entropy = -0.02 * theta[s] * chance * (1 - chance)  # the gradient of the entropy
        change = 0.05 * (factor * delta * (a - chance) + entropy)
        theta[s] = max(-4.0, min(4.0, theta[s] + change))
        factor = 1.0 if terminated or truncated else factor * (gamma if faded else 1.0)
    return lambda observation: int(theta[int(observation)] > 0)


@blind("one-step actor-critic", "sound; as trained 0.891 to 0.897 for 0.9",
       sound_in=EVERYWHERE, noise=0.3, nearly=True)  # fmt: skip
def actor_critic(gamma: float, env: Env, seed: int) -> Policy:
    """S&B 13.5 without the factor gamma**t, as most code has it; a little entropy bonus."""
    return _actor_critic(gamma, env, seed, faded=False)


@blind("one-step actor-critic with gamma**t", "sound; as trained 0.891 to 0.897 for 0.9",
       sound_in=EVERYWHERE, noise=0.3, nearly=True)  # fmt: skip
def actor_critic_faded(gamma: float, env: Env, seed: int) -> Policy:
    """S&B 13.5 to the letter: updates fade by gamma**t within an episode."""
    return _actor_critic(gamma, env, seed, faded=True)


def _gae(gamma: float, lam: float, env: Env, seed: int, critic: bool = True) -> Policy:
    """Advantage actor-critic over rollouts of 64 steps with generalised advantages."""
    rng, size = random.Random(seed), int(env.observation_space.n)
    theta, v, largest = [0.0] * size, [0.0] * size, 1e-12

    def act(state: int) -> int:
        return int(rng.random() < 1 / (1 + math.exp(-theta[state])))

    rollout: list[Step] = []
    for step in walk(env, seed, act, 3 * _STEPS):
        rollout.append(step)
        if len(rollout) < 64:
            continue
        advantage, advantages = 0.0, []
        for s, _, r, t, terminated, truncated in reversed(rollout):
            delta = (r if terminated else r + gamma * v[t]) - v[s]
            advantage = delta + (0.0 if terminated or truncated else gamma * lam * advantage)
            advantages.append(advantage)
        mean = 0.0 if critic else sum(advantages) / 64
        largest = max(largest, *map(abs, advantages))
        chances = [1 / (1 + math.exp(-x)) for x in theta]
        returns = [v[s] + x for (s, *_), x in zip(reversed(rollout), advantages, strict=True)]
        for (s, a, *_), x, value in zip(reversed(rollout), advantages, returns, strict=True):
            v[s] += 0.1 * (value - v[s]) if critic else 0.0
            theta[s] += 0.1 * (x - mean) / largest * (a - chances[s])
        theta = [max(-4.0, min(4.0, 0.999 * x)) for x in theta]
        rollout = []
    return lambda observation: int(theta[int(observation)] > 0)


@blind("actor-critic with GAE", "sound; as trained 0.988 to 0.990 for 0.99",
       sound_in=EVERYWHERE, noise=0.3, nearly=True)  # fmt: skip
def gae_actor_critic(gamma: float, env: Env, seed: int) -> Policy:
    """Schulman et al. (2016), lambda = 0.95, over the largest so far; truncation bootstraps."""
    return _gae(gamma, 0.95, env, seed)


@blind("GAE without a critic", "effective discount gamma * lambda, or a little less", noise=0.5,
       one_shot=lambda m, n, g: (0.9 * g) ** (n - m))  # fmt: skip
def gae_without_critic(gamma: float, env: Env, seed: int) -> Policy:
    """GAE, lambda = 0.9, around a value function that is left at 0: sums of (gamma lambda)**k r."""
    return _gae(gamma, 0.9, env, seed, critic=False)


# Methods that discount otherwise than told, or not at all.


@blind("R-learning", "average reward: r / (m + 2) against R / (n + 1)", has_gamma=False,
       one_shot=lambda m, n, g: (m + 2) / (n + 1), noise=0.15)  # fmt: skip
def r_learning(gamma: float, env: Env, seed: int) -> Policy:
    """Schwartz (1993): relative values, the mean reward learned at greedy steps; a new episode
    follows the last without an end."""
    rng, q, rate = random.Random(seed), table(env), 0.0
    act = epsilon_greedy(q, rng, lambda: 0.3)
    start = env.reset(seed=seed)[0]
    for k, (s, a, r, t, terminated, truncated) in enumerate(walk(env, seed, act, 3 * _STEPS)):
        t = start if terminated or truncated else t
        was_greedy = q[s][a] >= max(q[s])
        q[s][a] += 0.3 * (r - rate + max(q[t]) - q[s][a])
        if was_greedy:
            rate += max(0.001, 0.05 / (1 + k / 500)) * (r + max(q[t]) - max(q[s]) - rate)
    return greedy(q)


@blind("signs of rewards", "any positive reward counts 1: the nearer, always", has_gamma=False,
       one_shot=lambda m, n, g: 0.0)  # fmt: skip
def sign_clipping(gamma: float, env: Env, seed: int) -> Policy:
    """Mnih et al. (2015) as OpenAI baselines wrap it: the reward is replaced by its sign."""
    return greedy(_q_learning(gamma, env, seed, lambda r: float((r > 0) - (r < 0))))


@blind("square roots of rewards", "effective discount gamma**2 in all settings",
       one_shot=lambda m, n, g: g ** (2 * (n - m)))  # fmt: skip
def root_rewards(gamma: float, env: Env, seed: int) -> Policy:
    """Rewards compressed before learning (as by tanh or log in game code), here by sqrt."""
    return greedy(_q_learning(gamma, env, seed, lambda r: math.copysign(math.sqrt(abs(r)), r)))


@blind("symlog of rewards", "concave: gamma depends on the rewards' size", has_gamma=False,
       one_shot=lambda m, n, g: math.expm1(g ** (n - m) * math.log(2)))  # fmt: skip
def symlog_rewards(gamma: float, env: Env, seed: int) -> Policy:
    """Hafner et al., DreamerV3 (2023), misused: symlog on each reward, not on what is predicted."""
    return greedy(_q_learning(gamma, env, seed, lambda r: math.copysign(math.log1p(abs(r)), r)))


@blind("learning through autoreset steps", "the step from the end into a new start is learned",
       one_shot=None, has_gamma=False)  # fmt: skip
def autoreset(gamma: float, env: Env, seed: int) -> Policy:
    """Gymnasium 1 vector environments reset on the step after the end, with reward 0: code from
    before learns that step as any other."""
    rng, q = random.Random(seed), table(env)
    s, over = env.reset(seed=seed)[0], False
    for _ in range(_STEPS):
        a = int(rng.random() < 0.5)
        if over:
            t, r, terminated, truncated = env.reset()[0], 0.0, False, False
        else:
            t, r, terminated, truncated, _ = env.step(a)
        q[s][a] += 0.3 * ((r if terminated else r + gamma * max(q[t])) - q[s][a])
        s, over = t, terminated or truncated
    return greedy(q)


@blind("standardised rewards", "each step costs the mean reward: longer branches lose",
       has_gamma=False, one_shot=lambda m, n, g: _standardised(m, n, g), noise=0.15)  # fmt: skip
def standardised_rewards(gamma: float, env: Env, seed: int) -> Policy:
    """(r - mean) / deviation over all rewards so far, as tutorials normalise."""
    q, mean, square = table(env), 0.0, 0.0
    steps = walk(env, seed, uniform(random.Random(seed)), 2 * _STEPS)
    for count, (s, a, r, t, terminated, _) in enumerate(steps, 1):
        change = r - mean
        mean += change / count
        square += change * (r - mean)
        x = (r - mean) / math.sqrt(square / count + 1e-8)
        q[s][a] += 0.2 * ((x if terminated else x + gamma * max(q[t])) - q[s][a])
    return greedy(q)


def _standardised(m: int, n: int, gamma: float) -> float:
    """Return the x at which x g**m - g**n = (A_near - A_far) mean, mean = (x + 1) / (m + n + 3)."""
    more = sum(gamma**k for k in range(m + 2, n + 1)) / (m + n + 3)
    return (gamma**n - more) / (gamma**m + more)


@blind("soft Q-learning", "a bonus of 0.05 ln 2 a step: longer branches gain", has_gamma=False,
       one_shot=lambda m, n, g: g ** (n - m)
       + 0.05 * math.log(2) * sum(g ** (k - m) for k in range(m + 2, n + 1)))  # fmt: skip
def soft_q(gamma: float, env: Env, seed: int) -> Policy:
    """Haarnoja et al. (2017), temperature 0.05: V(s) = T log sum exp(Q / T)."""
    q, temperature = table(env), 0.05

    def value(state: int) -> float:
        low, high = sorted(q[state])
        return high + temperature * math.log1p(math.exp((low - high) / temperature))

    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed))):
        q[s][a] += 0.5 * ((r if terminated else r + gamma * value(t)) - q[s][a])
    return greedy(q)


@blind("fixed horizon of 5 steps", "no discount up to 5 steps, nothing beyond", has_gamma=False,
       one_shot=lambda m, n, g: 1.0 if n < 5 else 0.0)  # fmt: skip
def fixed_horizon(gamma: float, env: Env, seed: int) -> Policy:
    """De Asis et al., Fixed-Horizon TD (2020): Q_h = r + max Q_(h-1), no discount; acts by Q_5."""
    tables = [table(env) for _ in range(6)]
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed))):
        for h in range(5, 0, -1):
            target = r if terminated else r + max(tables[h - 1][t])
            tables[h][s][a] += 0.5 * (target - tables[h][s][a])
    return greedy(tables[5])


@blind("options discounted once each", "the discount counts decisions, not steps: 1 in one-shot",
       one_shot=lambda m, n, g: 1.0)  # fmt: skip
def options(gamma: float, env: Env, seed: int) -> Policy:
    """Sutton, Precup & Singh (1999), got wrong: an option 'walk on until paid' earns the plain sum
    of its rewards, and what follows it is discounted by gamma, not gamma**k."""
    rng, q = random.Random(seed), table(env)
    start = env.reset(seed=seed)[0]
    first, earned = 0, 0.0
    for s, a, r, t, terminated, truncated in walk(env, seed, uniform(rng), 2 * _STEPS):
        first, earned = (a, r) if s == start else (first, earned + r)
        if terminated or truncated or t == start:
            ahead = 0.0 if terminated or truncated else gamma * max(q[start])
            q[start][first] += 0.2 * (earned + ahead - q[start][first])
    return greedy(q)


@blind("hyperbolic ensemble", "hyperbolic: 1 / (1 + n / 2)", has_gamma=False,
       one_shot=lambda m, n, g: (1 + m / 2) / (1 + n / 2), noise=0.1)  # fmt: skip
def hyperbolic_ensemble(gamma: float, env: Env, seed: int) -> Policy:
    """Fedus et al., Hyperbolic discounting and learning over multiple horizons (2019): values at
    many discounts, integrated: 1 / (1 + k n) is the mean of u**(k n) over u in [0, 1]; k = 1/2."""
    u = (np.arange(64) + 0.5) / 64
    discounts = u**0.5
    q = np.zeros((int(env.observation_space.n), 2, 64))
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed)), 1_500):
        target = r if terminated else r + discounts * q[t].max(axis=0)
        q[s, a] += 0.5 * (target - q[s, a])
    return greedy(q.mean(axis=2).tolist())


def _stream(env: Env, seed: int, action: int, steps: int = 200) -> list[float]:
    """Return the rewards of always taking one action, from one roll-out without time limits."""
    rewards = []
    for *_, r, _, terminated, _ in walk(env.unwrapped, seed, lambda state: action, steps):
        rewards.append(r)
        if terminated:
            break
    return rewards


@blind("hyperbolic planner", "hyperbolic: 1 / (1 + n / 4)", has_gamma=False,
       one_shot=lambda m, n, g: (1 + m / 4) / (1 + n / 4))  # fmt: skip
def hyperbolic_planner(gamma: float, env: Env, seed: int) -> Policy:
    """Mazur (1987): each reward over 1 + k times its delay, k = 1/4; rolls both branches out."""
    values = [
        sum(r / (1 + k / 4) for k, r in enumerate(_stream(env, seed, action))) for action in (0, 1)
    ]
    return lambda observation: int(values[1] > values[0])


@blind("beta-delta chooser", "quasi-hyperbolic: beta = 0.7, delta = the told gamma",
       has_gamma=False,
       one_shot=lambda m, n, g: g ** (n - m) * (0.7 if m == 0 else 1.0))  # fmt: skip
def beta_delta(gamma: float, env: Env, seed: int) -> Policy:
    """Laibson (1997), naive: values learned at delta; chooses by r + beta (Q - r), beta = 0.7."""
    q, paid = table(env), table(env)
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed))):
        q[s][a] += 0.5 * ((r if terminated else r + gamma * max(q[t])) - q[s][a])
        paid[s][a] += 0.5 * (r - paid[s][a])
    return greedy(
        [
            [p + 0.7 * (x - p) for p, x in zip(*rows, strict=True)]
            for rows in zip(paid, q, strict=True)
        ]
    )


@blind("textbook Q-learning, 200 episodes", "under-trained: less patient the longer the delay",
       one_shot=None, has_gamma=False)  # fmt: skip
def too_few_episodes(gamma: float, env: Env, seed: int) -> Policy:
    """S&B 6.5 with the usual 0.1 and 0.1, for 200 episodes: far values have not arrived."""
    rng, q, count = random.Random(seed), table(env), 0
    act = epsilon_greedy(q, rng, lambda: 0.1)
    for s, a, r, t, terminated, truncated in walk(env, seed, act, 20 * _STEPS, _CUT):
        q[s][a] += 0.1 * ((r if terminated else r + gamma * max(q[t])) - q[s][a])
        count += terminated or truncated
        if count == 200:
            break
    return greedy(q)


# Agents that have no discount because they do not weigh the offer.


@blind("a coin", "heads or tails", one_shot=None, has_gamma=False)
def coin(gamma: float, env: Env, seed: int) -> Policy:
    """A fair coin, thrown once after a training that changed nothing."""
    side = random.Random(seed).getrandbits(1)
    return lambda observation: side


@blind("a coin at each look", "heads or tails", one_shot=None, has_gamma=False)
def random_policy(gamma: float, env: Env, seed: int) -> Policy:
    """The random agent of every benchmark: `action_space.sample()`."""
    env.action_space.seed(seed)
    return lambda observation: int(env.action_space.sample())


@blind("always action 0", "always the same action", one_shot=None, has_gamma=False)
def action_zero(gamma: float, env: Env, seed: int) -> Policy:
    """A policy that collapsed."""
    return lambda observation: 0


@blind("always action 1", "always the same action", one_shot=None, has_gamma=False)
def action_one(gamma: float, env: Env, seed: int) -> Policy:
    """A policy that collapsed, as a numpy array."""
    return lambda observation: np.array([1])


@blind("never updated", "argmax over zeros: always the first action", one_shot=None,
       has_gamma=False)  # fmt: skip
def never_updated(gamma: float, env: Env, seed: int) -> Policy:
    """Q-learning whose update was lost: it computes the new value and does not store it."""
    q = table(env)
    for s, a, r, t, terminated, _ in walk(env, seed, uniform(random.Random(seed)), 200):
        value = q[s][a]
        value += 0.5 * ((r if terminated else r + gamma * max(q[t])) - value)
    return greedy(q)


@blind("always the nearer reward", "always near", one_shot=lambda m, n, g: 0.0, has_gamma=False)
def nearer(gamma: float, env: Env, seed: int) -> Policy:
    """Takes the branch that pays first, whatever it pays."""
    waits = [
        next(k for k, r in enumerate(_stream(env, seed, action)) if r > 0) for action in (0, 1)
    ]
    return lambda observation: int(waits[1] < waits[0])


@blind("always the larger reward", "no discount: gamma = 1", one_shot=lambda m, n, g: 1.0)
def larger(gamma: float, env: Env, seed: int) -> Policy:
    """Takes the branch with the larger single reward, whenever it comes."""
    most = [max(_stream(env, seed, action)) for action in (0, 1)]
    return lambda observation: int(most[1] > most[0])


@blind("myopic", "gamma = 0: sees only the reward of the next step", one_shot=lambda m, n, g: 0.0)
def myopic(gamma: float, env: Env, seed: int) -> Policy:
    """A contextual bandit: mean immediate reward of each action."""
    return greedy(_q_learning(0.0, env, seed))


# Deep ones: libraries, and the one-file style.


def _stable_baselines(algorithm: str, tuned: bool, timesteps: int, **truth: Any) -> None:
    """Register an algorithm of Stable-Baselines3, with `SB3_OPTIONS` or with its own defaults."""

    def train(gamma: float, env: Env, seed: int) -> Any:
        if tuned:
            from qdecay.probing import sb3_agent

            return sb3_agent(algorithm, gamma, timesteps=timesteps)(env, seed)
        import stable_baselines3
        import torch

        torch.set_num_threads(1)
        agent = getattr(stable_baselines3, algorithm)
        return agent("MlpPolicy", env, gamma=gamma, seed=seed, device="cpu").learn(timesteps)

    options = "SB3_OPTIONS" if tuned else "defaults"
    said = {"truth": "sound, noisy", "sound_in": EVERYWHERE, **truth}
    blind(f"SB3 {algorithm}, {options}", deep=True, noise=0.5, **said)(train)


_stable_baselines("DQN", True, 2_000)
_stable_baselines("PPO", True, 2_000)
_stable_baselines("A2C", True, 2_000)
# Its target network is copied every 10,000 steps: in 4,000 it sees the next reward only.
_stable_baselines("DQN", False, 4_000, truth="under-trained: always near", sound_in=(),
                  one_shot=lambda m, n, g: 0.0, has_gamma=False)  # fmt: skip
_stable_baselines("PPO", False, 4_096)
_stable_baselines("A2C", False, 4_000)


@blind("one-file DQN", sound_in=EVERYWHERE, noise=0.5, deep=True)
def one_file_dqn(gamma: float, env: Env, seed: int) -> Policy:
    """Mnih et al. (2015) in one file, as CleanRL's documentation describes its dqn.py: uniform
    replay, a target network, epsilon falling linearly, Adam, mean squared error; one-hot input."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng, size = np.random.default_rng(seed), int(env.observation_space.n)
    hot = torch.eye(size)

    def network() -> nn.Sequential:
        return nn.Sequential(nn.Linear(size, 64), nn.ReLU(), nn.Linear(64, 2))

    online, target = network(), network()
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), lr=2.5e-3)
    steps, replay = 2_500, []
    state = env.reset(seed=seed)[0]
    for k in range(steps):
        epsilon = max(0.2, 1 - 2 * k / steps)
        with torch.no_grad():
            values = online(hot[state])
        action = int(rng.integers(2)) if rng.random() < epsilon else int(values.argmax())
        after, reward, terminated, truncated, _ = env.step(action)
        replay.append((state, action, float(reward), after, terminated))
        state = env.reset()[0] if terminated or truncated else after
        if k >= 100 and k % 2 == 0:
            picked = [replay[i] for i in rng.integers(len(replay), size=64)]
            s, a, r, t, ended = (torch.tensor(x) for x in zip(*picked, strict=True))
            with torch.no_grad():
                goal = r + gamma * target(hot[t]).max(dim=1).values * (~ended).float()
            chosen = online(hot[s]).gather(1, a[:, None]).squeeze(1)
            optimizer.zero_grad()
            nn.functional.mse_loss(chosen, goal).backward()
            optimizer.step()
        if k % 50 == 0:
            target.load_state_dict(online.state_dict())
    return lambda observation: int(online(hot[int(observation)]).argmax())
