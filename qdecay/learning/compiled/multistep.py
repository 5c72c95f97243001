"""The loops of `multistep` compiled for one model: the same draws, the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.one_step import (
    ACTION,
    EPISODES,
    LENGTH,
    NOT_BEGUN,
    NOT_FINITE,
    STATE,
    STATUS,
    STEPS,
    VISITED,
    choose,
    one_step_target,
    visited,
)
from qdecay.learning.compiled.primitives import (
    discount_of,
    first_state,
    normal,
    outcome,
    scan,
    schedule_at,
    timed_outcome,
)


@compiled
def _n_step_target(
    rewards: Any, discounts: Any, first: int, count: int, follow: float, terminated: bool
) -> float:
    target = follow
    for k in range(count - 1, -1, -1):
        at = (first + k) % len(rewards)
        over = terminated and k == count - 1
        target = one_step_target(rewards[at], discounts[at], target, over)
    return target


@compiled
def n_step_sarsa(
    dynamics: Any, settings: Any, memory: Any, returns: Any, lengths: Any, last: int
) -> int:
    """Do what `NStepSarsa` does; `memory` keeps the steps still to be updated (a ring buffer),
    their start and number."""
    pairs, rewards, waiting = memory.kept_pairs, memory.kept_numbers, memory.kept
    discounts = memory.kept_discounts
    q, visits, place, gamma = memory.q, memory.visits, memory.place, settings.gamma
    n_actions, first, count = dynamics.actions.shape[1], waiting[0], waiting[1]
    learner = (memory.learner[0], memory.learner[1], memory.learner[2], memory.learner[3])
    world = (memory.world[0], memory.world[1], memory.world[2], memory.world[3])
    discounted_return, discount, held = memory.episode[0], memory.episode[1], gamma
    state, action, length, ended = place[STATE], place[ACTION], place[LENGTH], 0
    if state == NOT_BEGUN:
        state, world = first_state(dynamics, world)
    step = place[STEPS]
    while step < last and ended < len(returns):
        epsilon = schedule_at(settings.epsilon, step + 1)
        step += 1
        if action < 0:
            row = scan(q, 0, state, n_actions)
            action, learner = choose(dynamics, q, 0, state, n_actions, row, epsilon, learner)
        pair = state * n_actions + action
        if settings.timed:
            reward, follows, lasts, world = timed_outcome(dynamics, pair, world)
            held = discount_of(dynamics, gamma, lasts)
        else:
            reward, follows, world = outcome(dynamics, pair, world)
        if settings.noise > 0:
            z, world = normal(world)
            reward += settings.noise * z
        terminated = follows < 0
        next_state = ~follows if terminated else follows
        epsilon = schedule_at(settings.epsilon, step + 1)
        next_action, follow = -1, 0.0
        if dynamics.available[next_state] > 0:
            row = scan(q, 0, next_state, n_actions)
            next_action, learner = choose(
                dynamics, q, 0, next_state, n_actions, row, epsilon, learner
            )
            follow = q[0, next_state * n_actions + next_action]
        newest = (first + count) % len(rewards)
        pairs[newest], rewards[newest], discounts[newest] = pair, reward, held
        count += 1
        length += 1
        over = terminated or length == settings.limit
        while count == len(rewards) or (over and count > 0):
            target = _n_step_target(rewards, discounts, first, count, follow, terminated)
            updated = pairs[first]
            first, count = (first + 1) % len(rewards), count - 1
            visits[0, updated] += 1
            old = q[0, updated]
            alpha = schedule_at(settings.step_size, visits[0, updated])
            q[0, updated] = old + alpha * (target - old)
            if not abs(q[0, updated]) < np.inf:
                place[STATE], place[ACTION] = updated // n_actions, updated % n_actions
                place[STEPS] = step
                place[STATUS] = NOT_FINITE
                return ended
        discounted_return += discount * reward
        discount *= held
        state, action = next_state, next_action
        if over:
            returns[ended], lengths[ended] = discounted_return, length
            ended += 1
            state, world = first_state(dynamics, world)
            action, discounted_return, discount, length = -1, 0.0, 1.0, 0
            if visited(settings.wanted, visits):
                place[STATUS] = VISITED
                break
    waiting[0], waiting[1] = first, count
    place[STATE], place[ACTION], place[STEPS], place[LENGTH] = state, action, step, length
    place[EPISODES] += ended
    memory.episode[0], memory.episode[1] = discounted_return, discount
    for k in range(4):
        memory.learner[k], memory.world[k] = learner[k], world[k]
    return ended


@compiled
def watkins_q(
    dynamics: Any, settings: Any, memory: Any, returns: Any, lengths: Any, last: int
) -> int:
    """Do what `WatkinsQ` does; `memory` keeps the traced pairs, their number and their traces."""
    traced, shares, size = memory.kept_pairs, memory.kept_numbers, memory.kept
    q, visits, place, gamma = memory.q, memory.visits, memory.place, settings.gamma
    n_actions, count = dynamics.actions.shape[1], size[0]
    learner = (memory.learner[0], memory.learner[1], memory.learner[2], memory.learner[3])
    world = (memory.world[0], memory.world[1], memory.world[2], memory.world[3])
    discounted_return, discount, held = memory.episode[0], memory.episode[1], gamma
    state, length, ended = place[STATE], place[LENGTH], 0
    if state == NOT_BEGUN:
        state, world = first_state(dynamics, world)
    step = place[STEPS]
    while step < last and ended < len(returns):
        epsilon = schedule_at(settings.epsilon, step + 1)
        step += 1
        row = scan(q, 0, state, n_actions)
        action, learner = choose(dynamics, q, 0, state, n_actions, row, epsilon, learner)
        pair = state * n_actions + action
        if q[0, pair] < row[0]:
            count = 0
        if settings.timed:
            reward, follows, lasts, world = timed_outcome(dynamics, pair, world)
            held = discount_of(dynamics, gamma, lasts)
        else:
            reward, follows, world = outcome(dynamics, pair, world)
        if settings.noise > 0:
            z, world = normal(world)
            reward += settings.noise * z
        terminated = follows < 0
        next_state = ~follows if terminated else follows
        follow = scan(q, 0, next_state, n_actions)[0]
        target = one_step_target(reward, held, follow, terminated)
        visits[0, pair] += 1
        alpha = schedule_at(settings.step_size, visits[0, pair])
        change = alpha * (target - q[0, pair])
        known = False
        for k in range(count):
            known = known or traced[k] == pair
        if not known:
            traced[count] = pair
            count += 1
        shares[pair] = 1.0
        decay = held * settings.trace_decay
        for k in range(count):
            q[0, traced[k]] += change * shares[traced[k]]
            shares[traced[k]] *= decay
        if not abs(q[0, pair]) < np.inf:
            place[STATE], place[ACTION], place[STEPS] = state, action, step
            place[STATUS] = NOT_FINITE
            return ended
        discounted_return += discount * reward
        discount *= held
        length += 1
        state = next_state
        if terminated or length == settings.limit:
            returns[ended], lengths[ended] = discounted_return, length
            ended += 1
            state, world = first_state(dynamics, world)
            count, discounted_return, discount, length = 0, 0.0, 1.0, 0
            if visited(settings.wanted, visits):
                place[STATUS] = VISITED
                break
    size[0] = count
    place[STATE], place[STEPS], place[LENGTH] = state, step, length
    place[EPISODES] += ended
    memory.episode[0], memory.episode[1] = discounted_return, discount
    for k in range(4):
        memory.learner[k], memory.world[k] = learner[k], world[k]
    return ended
