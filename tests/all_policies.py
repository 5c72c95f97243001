"""Exact gains and totals of small models, by brute force over all deterministic policies."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import NamedTuple

import flint

from qdecay import MDP


class Worth(NamedTuple):
    """Of one policy, or the best over all: the gain and the bias of every state."""

    gain: list[Fraction]
    bias: list[Fraction]


def worth(mdp: MDP, policy: tuple[int, ...]) -> Worth:
    """The policy's gain g and bias h, straight from the rows.

    g = P g; g + h = r + P h; h + k = P k has one g and one h: then P* h = 0, which is the bias that
    discounted values tend to, V = g / (1 - gamma) + h + o(1) (Puterman 2005, section 8.2.3).
    """
    n = mdp.n_states
    steps = [[Fraction(int(s == t)) for t in range(n)] for s in range(n)]  # I - P
    rewards = [Fraction(0)] * n
    for s, a, t, p, r, done in mdp.rows():
        if policy[s] == a:
            rewards[s] += p * r
            if not done:
                steps[s][t] -= p
    rows = []
    for s in range(n):
        zero, unit = [Fraction(0)] * n, [Fraction(int(s == t)) for t in range(n)]
        rows.append([*steps[s], *zero, *zero, Fraction(0)])
        rows.append([*unit, *steps[s], *zero, rewards[s]])
        rows.append([*zero, *unit, *steps[s], Fraction(0)])
    entries = [flint.fmpq(x.numerator, x.denominator) for row in rows for x in row]
    reduced, rank = flint.fmpq_mat(3 * n, 3 * n + 1, entries).rref()
    found = [Fraction(0)] * (3 * n)
    for i in range(rank):
        lead = next(j for j in range(3 * n) if reduced[i, j] != 0)
        value = reduced[i, 3 * n]
        found[lead] = Fraction(int(value.p), int(value.q))
        if lead < 2 * n:  # g and h are unique: no free unknown is in their rows
            assert all(reduced[i, j] == 0 for j in range(lead + 1, 3 * n))
    return Worth(found[:n], found[n : 2 * n])


def policies(mdp: MDP) -> list[tuple[int, ...]]:
    """All deterministic policies."""
    choices = [
        [a for a in range(mdp.n_actions) if mdp.available[s, a]] or [0] for s in range(mdp.n_states)
    ]
    return list(itertools.product(*choices))


class Best(NamedTuple):
    """The best gain of every state, and the best total, which is a number where that is 0."""

    gain: list[Fraction]
    total: list[Fraction]


def best(mdp: MDP) -> Best:
    """Over all policies; the totals are over those of the best gain in all states."""
    found = [worth(mdp, policy) for policy in policies(mdp)]
    gain = [max(column) for column in zip(*(w.gain for w in found), strict=True)]
    biases = [w.bias for w in found if w.gain == gain]
    return Best(gain, [max(column) for column in zip(*biases, strict=True)])


KINDS = ("free", "costly", "signed", "shaped", "ends")


def random_model(seed: int) -> MDP:
    """A model of up to 5 states: cycles, periods, transient states, zero rewards, ties.

    The kinds: rewards in {0, 1} for ending only, so that moving is free; costs of 0 to 2; rewards
    of any sign; costs shaped by a potential, whose zero cycles have rewards of both signs; and
    models whose every action may end.
    """
    draw = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    n_states, n_actions = draw.randint(1, 5), draw.randint(1, 3)
    phi = [Fraction(draw.randint(-6, 6), draw.choice([1, 1, 2, 3])) for _ in range(n_states)]
    rows = []
    for s in range(n_states):
        for a in range(draw.randint(0 if s else 1, n_actions)):
            targets = draw.choices(range(n_states), k=draw.choice([1, 1, 1, 2, 3]))
            over = kind == "ends" or draw.random() < 0.2
            weights = [draw.randint(1, 3) for _ in targets] + [draw.randint(1, 2) * over]
            total = sum(weights)
            cost = draw.choice([0, 0, -1, -2])
            reward = {
                "free": Fraction(0),
                "costly": Fraction(cost),
                "signed": Fraction(draw.choice([0, 0, 0, 1, -1])),
                "shaped": Fraction(draw.choice([0, 0, cost])),
                "ends": Fraction(draw.randint(-4, 4), 3),
            }[kind]
            prize = draw.choice([0, 1, 1, 5])
            for t, weight in zip(targets, weights, strict=False):
                shaping = phi[t] - phi[s] if kind == "shaped" else 0
                rows.append((s, a, t, Fraction(weight, total), reward - shaping, False))
            rows.append((s, a, s, Fraction(weights[-1], total), reward + prize, True))
    return MDP.from_rows(rows, n_states=n_states, n_actions=n_actions, start=0)
