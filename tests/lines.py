"""Random model lines, and the advantages of their pairs by definition."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random

from brute_force import solved
from flint import fmpz_poly

from qdecay import MDP, ModelLine
from qdecay.exact.solver.rational_line import RationalLine

GAMMAS = [Fraction(1, 2), Fraction(9, 10), Fraction(99, 100), Fraction(1)]


def random_line(seed: int, *, moves: bool = True, ends: bool = False) -> ModelLine:
    """Up to 6 states; every pair keeps what it has or gets other numbers at the high end."""
    random, rows = Random(seed), ([], [])
    n, n_actions = random.randint(2, 6), random.randint(2, 3)
    for s, a in itertools.product(range(n), range(n_actions)):
        old: tuple[list[int], Fraction] | None = None
        for end in rows:
            weights = [random.choice((0, 0, 1, 2, 3)) for _ in range(n)]
            weights.append(random.randint(1, 3) if ends or not any(weights) else 0)
            reward = Fraction(random.randint(-6, 6), random.choice((1, 1, 2, 5)))
            if old is not None and (not moves or random.random() < 0.4):
                weights = old[0]
                reward = old[1] if random.random() < 0.5 else reward
            old = weights, reward
            for t, weight in enumerate(weights):
                if weight:
                    chance = Fraction(weight, sum(weights))
                    end.append((s, a, t if t < n else s, chance, reward, t == n))
    return ModelLine(*(MDP.from_rows(end, n_states=n, n_actions=n_actions) for end in rows))


def advantages(
    line: RationalLine, policy: list[int], gamma: Fraction, x: Fraction
) -> list[Fraction]:
    """r(s, a) + gamma p V - V(s) of every pair at x, from V = r + gamma P V."""
    model = line.at(x.numerator, x.denominator)
    q, n = model.denominator, model.n
    rows = []
    for s, pair in enumerate(policy):
        row = [Fraction(int(s == t)) for t in range(n)]
        for t, w in zip(model.targets[pair], model.weights[pair], strict=True):
            row[t] -= gamma * Fraction(w, q)
        rows.append([*row, Fraction(model.rewards[pair])])
    v, found = solved(rows), []
    for pair, s in enumerate(model.pair_state.tolist()):
        moves = zip(model.targets[pair], model.weights[pair], strict=True)
        later = sum((Fraction(w, q) * v[t] for t, w in moves), Fraction(0))
        found.append((model.rewards[pair] + gamma * later - v[s]) / model.reward_scale)
    return found


def at(p: fmpz_poly, x: Fraction) -> Fraction:
    """The value of a polynomial."""
    return sum((int(c) * x**k for k, c in enumerate(p.coeffs())), Fraction(0))
