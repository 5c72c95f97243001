"""The tabular learners against closed forms, linear solves and a loop written from their text."""

import pickle
import pydoc
from fractions import Fraction
from itertools import pairwise, product

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.wrappers import TimeLimit
from learners import WRONG_TARGETS

from qdecay._support.progress import Progress
from qdecay.errors import BudgetExceeded
from qdecay.learning import (
    Constant,
    Exponential,
    Harmonic,
    Linear,
    NStepSarsa,
    Polynomial,
    WatkinsQ,
    double_q_learning,
    expected_sarsa,
    q_learning,
    sarsa,
    tabular,
)
from qdecay.learning.model_env import ModelEnv
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.mdp import MDP

LEARNERS = list(tabular.TABULAR.values())
ONE_TABLE = [learn for learn in LEARNERS if learn.n_tables == 1]
each_learner = pytest.mark.parametrize("learn", LEARNERS, ids=lambda learn: learn.name)
each_one_table = pytest.mark.parametrize("learn", ONE_TABLE, ids=lambda learn: learn.name)
BACK, FORWARD = 0, 1


class TableEnv(gym.Env):
    """An environment from table[s][a] = [(probability, next state, reward, terminated), ...]."""

    def __init__(self, table, first_state=0, first_action=0):
        """Hold the table; the spaces start at the given numbers."""
        self.table = table
        self.observation_space = Discrete(len(table), start=first_state)
        self.action_space = Discrete(len(table[0]), start=first_action)
        self.first_state, self.first_action = first_state, first_action
        self.seeds = []

    def reset(self, *, seed=None, options=None):
        """Begin in the first state, and note the seed."""
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.state = 0
        return self.first_state, {}

    def step(self, action):
        """Draw one of the rows of the state and action."""
        rows = self.table[self.state][action - self.first_action]
        threshold, k = self.np_random.random(), 0
        while k < len(rows) - 1 and threshold >= rows[k][0]:
            threshold -= rows[k][0]
            k += 1
        _, self.state, reward, terminated = rows[k]
        return self.state + self.first_state, reward, terminated, False, {}


def random_table(seed, n_states=4, n_actions=3):
    """Dense transitions, rewards in [-1, 1]; about a tenth of the transitions terminate."""
    rng = np.random.default_rng(seed)
    return [
        [
            [
                (p, t, float(rng.uniform(-1, 1)), bool(rng.random() < 0.1))
                for t, p in enumerate(rng.dirichlet(np.ones(n_states)))
            ]
            for _ in range(n_actions)
        ]
        for _ in range(n_states)
    ]


def line_table(length, reward):
    """States 0..length-1; leaving the last one forward pays `reward` and terminates."""
    table = [
        [[(1, max(s - 1, 0), 0.0, False)], [(1, min(s + 1, length - 1), 0.0, False)]]
        for s in range(length)
    ]
    table[-1][FORWARD] = [(1, length - 1, reward, True)]
    return table


def soft_optimal_values(table, gamma, epsilon):
    """Solve q = r + gamma * P (pi q), with pi epsilon-greedy on q, by policy iteration."""
    n_states, n_actions = len(table), len(table[0])
    p = np.zeros((n_states, n_actions, n_states))
    r = np.zeros((n_states, n_actions))
    for s, a in np.ndindex(n_states, n_actions):
        for probability, t, reward, terminated in table[s][a]:
            r[s, a] += probability * reward
            p[s, a, t] += 0 if terminated else probability
    greedy = np.zeros(n_states, dtype=int)
    while True:
        policy = epsilon / n_actions + (1 - epsilon) * np.eye(n_actions)[greedy]
        transition = np.einsum("sat,tb->satb", p, policy).reshape(n_states * n_actions, -1)
        q = np.linalg.solve(np.eye(len(transition)) - gamma * transition, r.ravel())
        q = q.reshape(n_states, n_actions)
        if (q.argmax(axis=1) == greedy).all():
            return q
        greedy = q.argmax(axis=1)


def bits(result):
    """Everything a run returned, byte for byte."""
    arrays = (result.q, result.visits, result.returns, result.lengths)
    return result.steps, [array.tobytes() for array in arrays]


# Values: closed forms and linear solves


@pytest.mark.parametrize("learn", [q_learning, double_q_learning], ids=lambda learn: learn.name)
def test_a_deterministic_line_is_learnt_exactly(learn):
    """With alpha = 1 and gamma = 1/2 every value is the closed form, as a fraction."""
    length, reward = 6, 8
    value = [Fraction(reward) / 2 ** (length - 1 - s) for s in range(length)]
    expected = [
        [value[max(s - 1, 0)] / 2, value[s + 1] / 2 if s + 1 < length else Fraction(reward)]
        for s in range(length)
    ]
    env = TableEnv(line_table(length, float(reward)))
    result = learn(env, 0.5, steps=6000, epsilon=0.5, step_size=1.0)
    assert [[Fraction(q) for q in row] for row in result.q.tolist()] == expected
    assert result.policy.tolist() == [FORWARD] * length
    assert result.greedy.tolist() == [[False, True]] * length


def test_optimism_explores_without_random_actions():
    """epsilon = 0 finds the line's values from initial values above all of them."""
    env = TableEnv(line_table(6, 8.0))
    result = q_learning(env, 0.5, episodes=50, epsilon=0, step_size=1, initial_value=16)
    assert result.q[:, FORWARD].tolist() == [0.25, 0.5, 1, 2, 4, 8]


@pytest.mark.parametrize("learn", [q_learning, double_q_learning], ids=lambda learn: learn.name)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_off_policy_learners_reach_the_optimal_values(learn, seed):
    """They tend to q* of a random model, whatever the exploration."""
    table = random_table(seed)
    exact = soft_optimal_values(table, 0.8, 0.0)
    result = learn(
        TableEnv(table), 0.8, steps=400_000, epsilon=0.5, step_size=Polynomial(0.8), seed=seed
    )
    assert np.abs(result.q - exact).max() < 0.08
    assert result.policy.tolist() == exact.argmax(axis=1).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("learn", [sarsa, expected_sarsa], ids=lambda learn: learn.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_on_policy_learners_reach_the_epsilon_soft_values(learn, seed):
    """They tend to the values of the best epsilon-soft policy, which are not q*."""
    table = random_table(seed)
    soft, optimal = (soft_optimal_values(table, 0.8, epsilon) for epsilon in (0.5, 0.0))
    result = learn(
        TableEnv(table), 0.8, steps=400_000, epsilon=0.5, step_size=Polynomial(0.8), seed=seed
    )
    assert np.abs(result.q - soft).max() < 0.08
    assert np.abs(result.q - optimal).max() > 0.2


def test_harmonic_step_size_is_the_sample_mean():
    """With 1/n, q of a bandit is the mean of its rewards up to the rounding of n updates.

    Let u = 2**-53 and M the largest |reward|. Update n rounds 1/n, the difference, their product
    (together at most 6 u M / n) and the sum (u M), and shrinks the error before it by 1 - 1/n:
    n e_n <= (n - 1) e_(n-1) + u M (n + 6), hence e_n <= u M ((n + 1) / 2 + 6), here doubled.
    """
    rewards = np.random.default_rng(5).normal(size=999).tolist()

    class Bandit(gym.Env):
        observation_space = action_space = Discrete(1)
        left = iter(rewards)

        def reset(self, *, seed=None, options=None):
            return 0, {}

        def step(self, action):
            return 0, next(self.left), True, False, {}

    result = q_learning(Bandit(), 0.9, episodes=999, step_size=Harmonic(), initial_value=7)
    mean = sum(map(Fraction, rewards)) / 999
    bound = Fraction(max(map(abs, rewards))) * Fraction(2 * (500 + 6), 2**53)
    assert abs(Fraction(float(result.q[0, 0])) - mean) <= bound


# The end of an episode


def one_action_loop():
    """Pays 1 per step for ever."""
    return TableEnv([[[(1, 0, 1.0, False)]]])


def one_action_walk(length):
    """Pays 1 per step and terminates after `length` steps."""
    return TableEnv([[[(1, min(s + 1, length - 1), 1.0, s + 1 == length)]] for s in range(length)])


@each_one_table
def test_a_truncated_step_bootstraps(learn):
    """A time limit leaves 1 + 1/2 + 1/4 + ... whole: after n updates q is 2 - 2**(1 - n)."""
    env = TimeLimit(one_action_loop(), max_episode_steps=5)
    result = learn(env, 0.5, episodes=8, step_size=1)
    assert Fraction(float(result.q[0, 0])) == 2 - Fraction(1, 2**39)
    assert result.lengths.tolist() == [5] * 8


@each_learner
def test_a_terminated_step_does_not_bootstrap(learn):
    """Where the world ends after 5 steps, q is the finite sum, whatever q held before."""
    result = learn(one_action_walk(5), 0.5, episodes=60, step_size=1, initial_value=3)
    finite_sums = [sum(Fraction(1, 2**k) for k in range(5 - s)) for s in range(5)]
    assert [Fraction(q) for (q,) in result.q.tolist()] == finite_sums


@each_learner
def test_a_time_limit_does_not_move_the_value_at_nine_tenths(learn):
    """At gamma = 9/10 the endless loop is worth 10, not (1 - 0.9**7) / 0.1 = 5.2."""
    env = TimeLimit(one_action_loop(), max_episode_steps=7)
    result = learn(env, 0.9, steps=3000, step_size=0.5)
    assert result.q[0, 0] == pytest.approx(10, abs=1e-9)


class TruncationEnds(gym.Wrapper):
    """The wrong reading: a time limit reported as the end of the world."""

    def step(self, action):
        """Say `terminated` where the wrapped environment says `truncated`."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated or truncated, truncated, info


@pytest.mark.parametrize("mutant", WRONG_TARGETS.values(), ids=WRONG_TARGETS)
def test_a_wrong_target_shows(mutant, monkeypatch):
    """The target is one replaceable function, and each classic mistake moves the values."""
    right = q_learning(one_action_walk(5), 0.5, episodes=20, step_size=1, initial_value=3)
    monkeypatch.setattr(tabular, "_one_step_target", mutant)
    wrong = q_learning(one_action_walk(5), 0.5, episodes=20, step_size=1, initial_value=3)
    assert not np.allclose(right.q, wrong.q, atol=0.01)


def test_treating_truncation_as_the_end_shows():
    """The same loop with its time limit read as termination is worth less than 2."""
    env = TruncationEnds(TimeLimit(one_action_loop(), max_episode_steps=5))
    assert q_learning(env, 0.5, episodes=8, step_size=1).q[0, 0] < 1.99


# The contract of the bits


def textbook_run(name, env, gamma, steps, epsilon_at, alpha_at, initial, seed):
    """Each algorithm as its textbook states it, with the random numbers the docstring states."""
    world, learner = np.random.SeedSequence(seed).spawn(2)
    rng = np.random.Generator(np.random.SFC64(learner))
    shape = (int(env.observation_space.n), int(env.action_space.n))
    q = np.full((2 if name == "double_q_learning" else 1, *shape), initial)
    visits = np.zeros(q.shape, dtype=int)

    def behave(s, n):
        if rng.random() < epsilon_at(n):
            return int(rng.random() * shape[1])
        values = q[:, s].sum(axis=0)
        ties = np.flatnonzero(values == values.max())
        return int(ties[int(rng.random() * len(ties)) if len(ties) > 1 else 0])

    def update(k, s, a, target):
        visits[k, s, a] += 1
        q[k, s, a] += alpha_at(int(visits[k, s, a])) * (target - q[k, s, a])

    s, _ = env.reset(seed=int(world.generate_state(1)[0]))
    a = behave(s, 1)
    for n in range(1, steps + 1):
        t, r, terminated, truncated, _ = env.step(a)
        if name == "q_learning":
            update(0, s, a, r if terminated else r + gamma * q[0, t].max())
        elif name == "sarsa":
            b = behave(t, n + 1)
            update(0, s, a, r if terminated else r + gamma * q[0, t, b])
        elif name == "expected_sarsa":
            e, mean = epsilon_at(n + 1), np.add.accumulate(q[0, t])[-1] / shape[1]
            follow = (1 - e) * q[0, t].max() + e * mean
            update(0, s, a, r if terminated else r + gamma * follow)
        elif name == "double_q_learning":
            k = 0 if rng.random() < 0.5 else 1
            follow = q[1 - k, t, q[k, t].argmax()]
            update(k, s, a, r if terminated else r + gamma * follow)
        else:
            raise NotImplementedError(f"{name}: write its update here, from its source")
        ended = terminated or truncated
        s = env.reset()[0] if ended else t
        a = b if name == "sarsa" and not ended else behave(s, n + 1)
    return q.mean(axis=0), visits.sum(axis=0)


@each_learner
@pytest.mark.parametrize("initial", [0.0, 0.3])
def test_every_bit_follows_the_documented_order(learn, initial):
    """A separate loop written from the docstring reaches the same bits, past a block of draws."""
    epsilon, alpha, steps = Linear(1.0, 0.1, 2000), Polynomial(0.77), 5000

    def env():
        return TimeLimit(TableEnv(random_table(3)), max_episode_steps=9)

    q, visits = textbook_run(learn.name, env(), 0.9, steps, epsilon.at, alpha.at, initial, seed=17)
    result = learn(
        env(), 0.9, steps=steps, epsilon=epsilon, step_size=alpha, initial_value=initial, seed=17
    )
    assert result.q.tobytes() == q.tobytes()
    assert (result.visits == visits).all()


@each_learner
def test_values_that_meet_or_part_exactly_are_tied_no_longer_than_that(learn):
    """With integer rewards and alpha = 1 values are equal often, from above and from below.

    Each tie costs a draw: one too many or too few, and every later choice is another.
    """
    table = [
        [
            [(0.5, t, float(t - s), False), (0.5, (s + a) % 3, float(a % 2), (s + a) % 3 == 0)]
            for a, t in enumerate((1, 2, 0, 1))
        ]
        for s in range(3)
    ]
    q, visits = textbook_run(
        learn.name, TableEnv(table), 0.5, 3000, Constant(0.3).at, Constant(1.0).at, -1.0, seed=2
    )
    found = learn(
        TableEnv(table), 0.5, steps=3000, epsilon=0.3, step_size=1.0, initial_value=-1, seed=2
    )
    assert (found.q.tobytes(), found.visits.tolist()) == (q.tobytes(), visits.tolist())


@each_learner
def test_the_seed_decides_every_bit(learn):
    """The same seed gives the same bits, another seed others; NumPy's global state has no say."""
    runs = []
    for seed in (4, 4, 5):
        np.random.seed(len(runs))  # noqa: NPY002
        runs.append(bits(learn(TableEnv(random_table(3)), 0.9, steps=500, seed=seed)))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_expected_sarsa_without_exploration_is_q_learning():
    """At epsilon = 0 the expectation is the maximum, bit for bit."""
    runs = [
        bits(learn(TableEnv(random_table(8)), 0.9, steps=5000, epsilon=0, step_size=0.3))
        for learn in (q_learning, expected_sarsa)
    ]
    assert runs[0] == runs[1]


@each_learner
def test_spaces_may_start_anywhere(learn):
    """A shift of the states and actions changes no bit."""
    table = random_table(3)
    plain = learn(TableEnv(table), 0.9, steps=500)
    shifted = learn(TableEnv(table, first_state=5, first_action=-2), 0.9, steps=500)
    assert bits(plain) == bits(shifted)


@pytest.mark.parametrize("budget", [{"episodes": 4}, {"steps": 12}])
def test_the_environment_is_seeded_once(budget):
    """The first reset has a seed and later ones none; a finished run leaves no reset behind."""
    env = one_action_walk(3)
    q_learning(env, 0.9, **budget)
    assert isinstance(env.seeds[0], int)
    assert env.seeds[1:] == [None] * 3


# Behaviour


def chi_square(counts):
    """Pearson's statistic of counts that should be equal."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


BANDIT = [[[(1, 0, 0.0, True)]] * 4]


@each_learner
@pytest.mark.parametrize("epsilon", [0.0, 1.0])
def test_ties_and_exploration_are_uniform(learn, epsilon):
    """Four equal arms are pulled equally often: chi-square(3) < 16.27, which is p = 0.001."""
    result = learn(TableEnv(BANDIT), 0.9, steps=4000, epsilon=epsilon)
    assert chi_square(result.visits[0]) < 16.27


def test_ties_are_broken_among_the_maximisers_alone():
    """Two of four arms tie for the best: the greedy behaviour pulls these two equally often."""
    start = [[0.0, -1.0, 0.0, -1.0]]
    result = q_learning(TableEnv(BANDIT), 0.9, steps=4000, epsilon=0, initial_value=start)
    assert result.visits[0, [1, 3]].tolist() == [0, 0]
    assert chi_square(result.visits[0, [0, 2]]) < 10.83  # p = 0.001, one degree of freedom
    assert result.greedy.tolist() == [[True, False, True, False]]
    assert result.policy.tolist() == [0]


def test_epsilon_is_the_share_of_random_actions():
    """A worse arm of two is pulled with probability epsilon / 2, within 5 standard deviations."""
    start, n, p = [[1.0, -1.0]], 20_000, 0.15
    env = TableEnv([[[(1, 0, 1.0, True)], [(1, 0, -1.0, True)]]])
    result = q_learning(env, 0.9, steps=n, epsilon=2 * p, initial_value=start)
    assert abs(result.visits[0, 1] - n * p) < 5 * (n * p * (1 - p)) ** 0.5


# Budgets, records, callbacks


def test_returns_are_discounted_from_the_first_reward():
    """The k-th reward of an episode counts gamma**k; an unfinished episode is not recorded."""
    result = q_learning(one_action_walk(4), 0.5, steps=10)
    assert result.returns.tolist() == [Fraction(15, 8)] * 2
    assert result.lengths.tolist() == [4, 4]
    assert (result.steps, result.episodes, result.visits.sum()) == (10, 2, 10)


@pytest.mark.parametrize(
    ("steps", "episodes", "taken"), [(None, 3, 12), (7, None, 7), (7, 3, 7), (13, 3, 12), (8, 2, 8)]
)
def test_the_first_budget_to_run_out_ends_the_run(steps, episodes, taken):
    """Steps and episodes bound a run alone or together."""
    result = q_learning(one_action_walk(4), 0.5, steps=steps, episodes=episodes)
    assert (result.steps, result.episodes) == (taken, taken // 4)


@pytest.mark.parametrize(("gamma", "value"), [(0, 1), (1, 4)])
def test_the_ends_of_the_range_of_gamma(gamma, value):
    """gamma = 0 sees one reward, gamma = 1 the plain sum."""
    result = q_learning(one_action_walk(4), gamma, episodes=10, step_size=1)
    assert result.q[0, 0] == value
    assert result.returns.tolist() == [value] * 10


def test_a_warm_start_continues():
    """From the exact values no update moves anything."""
    first = q_learning(TableEnv(line_table(4, 8.0)), 0.5, steps=3000, epsilon=1, step_size=1)
    again = q_learning(TableEnv(line_table(4, 8.0)), 0.5, steps=100, initial_value=first.q)
    assert again.q.tobytes() == first.q.tobytes()


@each_learner
def test_a_callback_watches_and_stops(learn):
    """It hears of every episode, sees copies of what was learned, and True ends the run."""
    seen = []

    def watch(end):
        seen.append((end.episodes, end.steps, end.length, end.discounted_return, end.q()))
        end.q()[:] = np.nan
        assert [end.visits(s) for s in range(4)] == [(end.episodes,)] * 4
        return end.episodes == 3

    result = learn(one_action_walk(4), 0.5, steps=1000, callback=watch)
    assert [row[:4] for row in seen] == [(k, 4 * k, 4, 1.875) for k in (1, 2, 3)]
    assert (result.steps, result.episodes) == (12, 3)
    assert all((early[4] != late[4]).any() for early, late in pairwise(seen))
    assert seen[-1][4].tobytes() == result.q.tobytes()


def walk_model():
    """`one_action_walk(4)` as a model."""
    rows = [(s, 0, min(s + 1, 3), 1, 1, s == 3) for s in range(4)]
    return MDP.from_rows(rows, n_states=4, n_actions=1, start=0)


@pytest.mark.parametrize("budget", [{"steps": 3000}, {"episodes": 700}])
@pytest.mark.parametrize("compiled", [True, False])
def test_progress_is_the_share_of_the_budget(budget, compiled, capsys):
    """Watched or not, the bits are the same; a log file gets no bar."""
    seen: list[Progress] = []
    world = walk_model() if compiled else ModelEnv(walk_model())
    silent = q_learning(world, 0.5, **budget)
    watched = q_learning(world, 0.5, progress=seen.append, **budget)
    assert bits(q_learning(world, 0.5, progress=True, **budget)) == bits(watched) == bits(silent)
    assert capsys.readouterr() == ("", "")
    assert seen[0] == Progress(0.0, 1.0, "q_learning: 0 steps, 0 episodes")
    assert [event.done for event in seen] == sorted({event.done for event in seen})
    assert seen[-1].done == 1 if compiled else 0.9 < seen[-1].done <= 1


@each_learner
@pytest.mark.parametrize("compiled", [True, False])
def test_a_run_whose_time_is_up_hands_over_what_is_learnt(learn, compiled):
    """What it learned until then is what a run of as many steps learns."""
    world = walk_model() if compiled else ModelEnv(walk_model())
    learn(world, 0.5, steps=4)  # compiles
    with pytest.raises(
        BudgetExceeded, match=r"^stopped: the limit of 0\.05 s was reached.*; [\d,]+ steps"
    ) as caught:
        learn(world, 0.5, episodes=10**12, max_seconds=0.05)
    best = caught.value.best
    assert bits(best) == bits(learn(world, 0.5, steps=best.steps))
    assert learn(world, 0.5, steps=1000, max_seconds=60).steps == 1000
    with pytest.raises(ValueError, match="max_seconds must be > 0, got 0"):
        learn(world, 0.5, steps=1, max_seconds=0)


@each_learner
def test_learners_travel_to_other_processes(learn):
    """A sweep may pickle them."""
    assert pickle.loads(pickle.dumps(learn)) == learn


# Schedules


def test_schedules_by_hand():
    """Each value is the formula's, on counts that floats hold exactly."""
    line = Linear(1.0, 0.5, steps=4)
    assert [line.at(n) for n in (1, 2, 3, 4, 5, 99)] == [1, 0.875, 0.75, 0.625, 0.5, 0.5]
    assert [Linear(0.25, 1.0, steps=2).at(n) for n in (1, 2, 3)] == [0.25, 0.625, 1]
    fall = Exponential(0.5, 0.1, decay=0.5)
    assert [fall.at(n) for n in (1, 2, 3, 4, 10**9)] == [0.5, 0.25, 0.125, 0.1, 0.1]
    assert [Harmonic().at(n) for n in (1, 2, 4, 10)] == [1, 0.5, 0.25, 0.1]
    assert [Harmonic(3).at(n) for n in (1, 2, 4, 10)] == [1, 0.75, 0.5, 0.25]
    assert [Polynomial(0.75).at(n) for n in (1, 16, 256)] == [1, 0.125, 1 / 64]
    assert Constant(0.3).at(1) == Constant(0.3).at(10**12) == 0.3


def test_a_number_is_a_constant_schedule():
    """epsilon=0.2 and epsilon=Constant(0.2) are one setting."""
    env = TableEnv(random_table(3))
    plain = q_learning(env, 0.9, steps=300, epsilon=0.2, step_size=0.5)
    wrapped = q_learning(env, 0.9, steps=300, epsilon=Constant(0.2), step_size=Constant(0.5))
    assert bits(plain) == bits(wrapped)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(1.1),
        lambda: Constant(float("nan")),
        lambda: Linear(-0.1, 1, 5),
        lambda: Linear(0.1, 2, 5),
        lambda: Linear(1, 0, 0),
        lambda: Exponential(0.1, 0.2, 0.5),
        lambda: Exponential(1, 0, 0),
        lambda: Exponential(1, 0, 1.5),
        lambda: Harmonic(0.9),
        lambda: Harmonic(float("nan")),
        lambda: Harmonic(float("inf")),
        lambda: Polynomial(0.5),
        lambda: Polynomial(1.5),
    ],
)
def test_schedules_refuse_values_outside_their_range(make):
    """Rates leave [0, 1] nowhere, and a polynomial sums its squares."""
    with pytest.raises(ValueError, match=r"must be"):
        make()


# Bad input

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("error", "says", "arguments"),
    [
        (ValueError, "gamma", {"gamma": 1.01}),
        (ValueError, "gamma", {"gamma": -0.01}),
        (ValueError, "gamma", {"gamma": NAN}),
        (TypeError, "gamma", {"gamma": None}),
        (ValueError, "budget", {"steps": None}),
        (ValueError, "steps", {"steps": 0}),
        (ValueError, "episodes", {"episodes": -1}),
        (TypeError, "steps", {"steps": 10.0}),
        (ValueError, "epsilon", {"epsilon": 1.5}),
        (ValueError, "epsilon", {"epsilon": NAN}),
        (TypeError, "epsilon", {"epsilon": True}),
        (ValueError, "step_size", {"step_size": 0}),
        (ValueError, "step_size", {"step_size": Linear(0, 1, 5)}),
        (ValueError, "step_size", {"step_size": -0.5}),
        (ValueError, "initial_value", {"initial_value": [0.0, 0.0]}),
        (ValueError, "initial_value", {"initial_value": INF}),
        (ValueError, "seed", {"seed": -1}),
        (TypeError, "seed", {"seed": 0.5}),
        (TypeError, "problem must be an MDP, .*, got 3", {"env": 3}),
    ],
)
def test_bad_arguments_are_named(error, says, arguments):
    """The message names the argument at fault."""
    settings = {"env": one_action_walk(3), "gamma": 0.9, "steps": 10} | arguments
    with pytest.raises(error, match=says):
        q_learning(settings.pop("env"), settings.pop("gamma"), **settings)


@pytest.mark.parametrize("name", ["observation", "action"])
def test_spaces_that_are_not_discrete_are_named(name):
    """A table cannot hold a Box, and the message shows it."""
    env = one_action_walk(3)
    setattr(env, f"{name}_space", Box(0, 1))
    with pytest.raises(ValueError, match=rf"discrete {name} space, got Box\(0"):
        q_learning(env, 0.9, steps=10)


@each_learner
@pytest.mark.parametrize("reward", [NAN, INF, -INF])
@pytest.mark.parametrize("terminated", [True, False])
def test_a_reward_that_is_no_number_is_placed(learn, reward, terminated):
    """The message names the step, the state and the action."""
    env = TableEnv([[[(1, 1, 0.0, False)]], [[(1, 0, reward, terminated)]]])
    with pytest.raises(ValueError, match=r"step 2, state 1, action 0: .*reward -?(nan|inf)"):
        learn(env, 0.9, steps=10, step_size=Harmonic())


def test_a_value_that_outgrows_the_floats_is_an_error():
    """gamma = 1 without an end sums for ever; that is said, and not returned as inf."""
    env = TableEnv([[[(1, 0, 1e308, False)]]])
    with pytest.raises(OverflowError, match="step 2, state 0, action 0"):
        q_learning(env, 1.0, steps=10, step_size=1)


@pytest.mark.parametrize("state", [-1, 3])
def test_an_observation_outside_its_space_is_an_error(state):
    """Also -1, which a list would read as its last row."""
    env = TableEnv([[[(1, state, 0.0, False)]]] * 3)
    with pytest.raises(ValueError, match=rf"returned {state}, which is not in Discrete\(3\)"):
        q_learning(env, 0.9, steps=1)


@pytest.mark.parametrize("number", [np.int64, np.array, float], ids=lambda kind: kind.__name__)
def test_an_observation_may_be_any_whole_number(number):
    """Of NumPy, in an array of its own, or a float: the bits are those of Python's."""

    class Numbered(gym.Wrapper):
        def step(self, action):
            observation, *rest = self.env.step(action)
            return number(observation), *rest

    plain = TableEnv(random_table(3))
    assert bits(q_learning(Numbered(plain), 0.9, steps=300)) == bits(
        q_learning(TableEnv(random_table(3)), 0.9, steps=300)
    )


@each_learner
def test_a_state_without_actions_is_worth_nothing(learn):
    """Even where a wrapper calls the end there a time limit, after which learners look ahead."""

    class EndsTruncate(gym.Wrapper):
        def step(self, action):
            observation, reward, terminated, _, info = self.env.step(action)
            return observation, reward, False, terminated, info

    mdp = MDP.from_rows([(0, 0, 1, 1, 3, False)], n_states=2, n_actions=1, start=0)
    result = learn(EndsTruncate(ModelEnv(mdp)), 0.5, episodes=60, step_size=1.0)
    assert result.q[0].tolist() == [3.0]


@each_learner
@pytest.mark.parametrize("epsilon", [Harmonic(), Exponential(0.5, 0.0, 0.1)], ids=str)
def test_the_first_choice_is_made_with_the_first_epsilon(learn, epsilon):
    """1 of 1, 1/2, 1/3, ..; 1/2 of 1/2, 1/20, ..: as the loop from the docstring has it."""
    for seed in range(6):
        arguments = (TableEnv(random_table(3)), 0.9)
        q, visits = textbook_run(learn.name, *arguments, 3, epsilon.at, Constant(0.5).at, 0.0, seed)
        found = learn(*arguments, steps=3, epsilon=epsilon, step_size=0.5, seed=seed)
        assert (found.q.tobytes(), found.visits.tolist()) == (q.tobytes(), visits.tolist())


@pytest.mark.parametrize(
    ("learner", "words"),
    [
        (q_learning, ["Q-learning", "max_b q[t, b]", "Watkins and Dayan"]),
        (sarsa, ["SARSA", "gamma * q[t, b]", "Rummery and Niranjan"]),
        (expected_sarsa, ["Expected SARSA", "epsilon * mean_b q[t, b]", "van Seijen"]),
        (double_q_learning, ["Double Q-learning", "q2[t, argmax_b q1[t, b]]", "van Hasselt"]),
        (NStepSarsa(3), ["n-step SARSA", "gamma**n * q[s_n, a_n]", "section 7.2"]),
        (WatkinsQ(0.5), ["Q(lambda)", "alpha * delta * e[x, b]", "Watkins"]),
    ],
)
def test_help_says_what_a_learner_does(learner, words):
    """What help() shows of it: its own update and source, and the arguments of a call."""
    shown = pydoc.render_doc(learner, renderer=pydoc.plaintext)
    assert all(word in shown for word in words)
    assert "epsilon: 'RealLike | Schedule' = 0.1" in shown


def test_a_model_of_floats_is_learnt_as_the_exact_one() -> None:
    """The same draws: its probabilities are those of the exact model to an ulp."""
    rows = [
        (s, a, t, f"{1 + (s + a + t) % 2}/3", 3 * s - a, False)
        for s, a, t in product(range(2), repeat=3)
    ]
    exact = MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    options = {"steps": 2000, "step_size": 0.5, "seed": 3, "epsilon": 1.0}
    models = (exact, FloatMDP.from_mdp(exact))
    expected, found = (q_learning(model, 0.9, **options) for model in models)
    assert found.visits.tolist() == expected.visits.tolist()
    assert found.q == pytest.approx(expected.q, abs=1e-9)
