"""n-step SARSA and Watkins's Q(lambda) against their textbooks and their one-step limits."""

from __future__ import annotations

import pickle
from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit
from learners import bits, random_model

from qdecay.learning import (
    Linear,
    ModelEnv,
    NStepSarsa,
    Polynomial,
    WatkinsQ,
    q_learning,
    sarsa,
)
from qdecay.learning.streams import streams
from qdecay.model.mdp import MDP


def walk(length):
    """One action; pays 1 per step and terminates after `length` steps."""
    rows = [(s, 0, min(s + 1, length - 1), 1, 1, s + 1 == length) for s in range(length)]
    return MDP.from_rows(rows, n_states=length, n_actions=1, start=0)


@pytest.mark.parametrize(
    ("learn", "limit"), [(NStepSarsa(1), sarsa), (WatkinsQ(0), q_learning)], ids=["n=1", "trace=0"]
)
def test_the_one_step_limit_is_the_one_step_learner(learn, limit):
    """Bit for bit, under schedules, truncation and unavailable actions."""
    arguments = dict(
        steps=5000, epsilon=Linear(1, 0.1, 900), step_size=Polynomial(0.8), max_episode_steps=7
    )
    mdp = random_model(11, 6, 2)
    assert bits(learn(mdp, 0.9, **arguments)) == bits(limit(mdp, 0.9, **arguments))


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_one_walk_sees_n_rewards(n):
    """From zero, with alpha = 1, each state sums the next n rewards, or those before the end."""
    length = 5
    result = NStepSarsa(n)(walk(length), 0.5, episodes=1, step_size=1)
    seen = [sum(Fraction(1, 2**k) for k in range(min(n, length - s))) for s in range(length)]
    assert [Fraction(q) for (q,) in result.q.tolist()] == seen
    assert result.visits.tolist() == [[1]] * length


@pytest.mark.parametrize("trace", [0.0, 0.5, 1.0])
def test_one_walk_passes_its_rewards_back_by_the_trace(trace):
    """From zero, with alpha = 1, state s holds sum_k (gamma trace)**k over its later rewards.

    Each step finds delta = 1, since the state ahead still holds 0.
    """
    length = 5
    result = WatkinsQ(trace)(walk(length), 0.5, episodes=1, step_size=1)
    fade = Fraction(trace) / 2
    seen = [sum(fade**k for k in range(length - s)) for s in range(length)]
    assert [Fraction(q) for (q,) in result.q.tolist()] == seen


def chooser(rng, mdp):
    """Return the documented epsilon-greedy choice."""

    def choose(values, s, epsilon):
        able = np.flatnonzero(mdp.available[s])
        if rng.random() < epsilon:
            return able[int(rng.random() * len(able))]
        ties = np.flatnonzero(values == values.max())
        return ties[int(rng.random() * len(ties)) if len(ties) > 1 else 0]

    return choose


def begin(mdp, limit, seed):
    """Return the environment, its first state, the choice and zero values."""
    env = TimeLimit(ModelEnv(mdp), limit)
    world_seed, generator = streams(seed)
    s, _ = env.reset(seed=world_seed)
    q = np.where(mdp.available, 0.0, -np.inf)
    return env, s, chooser(np.random.Generator(generator), mdp), q


GAMMA, ALPHA, EPSILON, LIMIT, STEPS = 0.9, 0.25, 0.3, 6, 2000


def test_n_step_sarsa_is_the_textbooks():
    """Sutton and Barto's box in section 7.2, with its times t and tau, to rounding."""
    n, mdp = 3, random_model(11, 6, 2)
    env, s, choose, q = begin(mdp, LIMIT, seed=5)
    taken = 0
    while taken < STEPS:
        states, rewards = [s], [0.0]
        acts, t, end = [choose(q[s], s, EPSILON)], 0, np.inf
        while True:
            if t < end:
                s, r, terminated, truncated, _ = env.step(acts[t])
                taken += 1
                states.append(s)
                rewards.append(r)
                tail = mdp.available[s].any()
                acts.append(choose(q[s], s, EPSILON) if tail else -1)
                if terminated or truncated:
                    end = t + 1
                    last = 0.0 if terminated else q[s, acts[-1]]
            tau = t - n + 1
            if tau >= 0:
                g = sum(
                    GAMMA ** (i - tau - 1) * rewards[i]
                    for i in range(tau + 1, int(min(tau + n, end)) + 1)
                )
                if tau + n < end:
                    g += GAMMA**n * q[states[tau + n], acts[tau + n]]
                else:
                    g += GAMMA ** (end - tau) * last
                q[states[tau], acts[tau]] += ALPHA * (g - q[states[tau], acts[tau]])
            if tau == end - 1 or (taken == STEPS and t < end):
                break
            t += 1
        s, _ = env.reset()
    learnt = NStepSarsa(n)(
        mdp, GAMMA, steps=STEPS, epsilon=EPSILON, step_size=ALPHA, max_episode_steps=LIMIT, seed=5
    )
    assert np.allclose(learnt.q[mdp.available], q[mdp.available], rtol=0, atol=1e-12)


def test_watkins_q_is_the_textbooks():
    """Sutton and Barto's section 12.10 with replacing traces in a full table, to rounding."""
    trace, mdp = 0.8, random_model(11, 6, 2)
    env, s, choose, q = begin(mdp, LIMIT, seed=5)
    e = np.zeros(q.shape)
    cuts = 0
    for _ in range(STEPS):
        a = choose(q[s], s, EPSILON)
        if q[s, a] != q[s].max():
            e[:] = 0
            cuts += 1
        t, r, terminated, truncated, _ = env.step(a)
        delta = r + (0 if terminated else GAMMA * q[t].max()) - q[s, a]
        e[s, a] = 1
        q[mdp.available] += (ALPHA * delta * e)[mdp.available]
        e *= GAMMA * trace
        s = t
        if terminated or truncated:
            s, _ = env.reset()
            e[:] = 0
    learnt = WatkinsQ(trace)(
        mdp, GAMMA, steps=STEPS, epsilon=EPSILON, step_size=ALPHA, max_episode_steps=LIMIT, seed=5
    )
    assert cuts > 100
    assert np.allclose(learnt.q[mdp.available], q[mdp.available], rtol=0, atol=1e-12)


@pytest.mark.parametrize("learn", [NStepSarsa(3), WatkinsQ(0.5)], ids=lambda learn: learn.name)
def test_a_time_limit_does_not_move_the_value(learn):
    """A loop that pays 1 for ever is worth 2 at gamma = 1/2, whenever it is truncated."""
    mdp = MDP.from_rows([(0, 0, 0, 1, 1, False)], n_states=1, n_actions=1, start=0)
    result = learn(mdp, 0.5, steps=3000, step_size=0.5, max_episode_steps=4)
    assert result.q[0, 0] == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize("learn", [NStepSarsa(3), WatkinsQ(0.5)], ids=lambda learn: learn.name)
def test_a_reward_that_is_no_number_is_placed(learn):
    """Step, state and action are named, though the update may come later."""

    class Broken(gym.Env):
        observation_space = action_space = gym.spaces.Discrete(1)

        def reset(self, *, seed=None, options=None):
            return 0, {}

        def step(self, action):
            return 0, float("nan"), False, False, {}

    with pytest.raises(ValueError, match="step 1, state 0, action 0.*nan"):
        learn(Broken(), 0.9, steps=10)


@pytest.mark.parametrize("make", [lambda: NStepSarsa(0), lambda: WatkinsQ(1.5)])
def test_bad_settings_are_refused(make):
    """n counts steps, and a trace is a share."""
    with pytest.raises(ValueError, match="must be"):
        make()


@pytest.mark.parametrize("learn", [NStepSarsa(3), WatkinsQ(0.5)], ids=lambda learn: learn.name)
def test_learners_travel_to_other_processes(learn):
    """A sweep may pickle them."""
    assert pickle.loads(pickle.dumps(learn)) == learn


@pytest.mark.parametrize("learner", [WatkinsQ(0.5), NStepSarsa(2)], ids=["watkins", "n-step"])
def test_a_value_that_outgrows_the_floats_ends_the_run(learner):
    """1e308 a step, for ever: two of them are more than the largest float."""
    mdp = MDP.from_rows([(0, 0, 0, 1, 10**308, False)], n_states=1, n_actions=1, start=0)
    with pytest.raises(OverflowError):
        learner(mdp, 0.999, steps=50, seed=1, step_size=1.0)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_value_that_outgrows_floats_is_told_at_its_step(compiled):
    """1.5e308 on every step: at gamma = 9/10 the second target is beyond 1.8e308."""
    mdp = MDP.from_rows([(0, 0, 0, 1, "1.5e308", False)], n_states=1, n_actions=1, start=0)
    world = mdp if compiled else ModelEnv(mdp)
    with pytest.raises(OverflowError, match="step 2, state 0, action 0: the value outgrew"):
        WatkinsQ(0.5)(world, 0.9, steps=9, step_size=1.0)
