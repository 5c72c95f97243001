"""Every deterministic stationary policy of a small model, and what each is worth without discount.

By definition and with its own arithmetic: nothing here shares code with what it checks. For a
policy, V(gamma) = g / (1 - gamma) + h + o(1) as gamma -> 1, with the gain g and the bias h:

    on each recurrent class   mu = mu P, sum mu = 1, g = mu r, h = r - g + P h with mu h = 0
    in transient states       g = P g and h = r - g + P h

An ended episode is worth 0 for ever after, and so is a state without actions.

The random models are of two kinds: `ending_model` mostly has finite totals, of fractions that
floats cannot hold; `endless_model` mostly gains or loses for ever, in many equally good ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import product
from math import lcm
from random import Random
from typing import Any, Self

from number_field import Element, eliminated

from qdecay import MDP
from qdecay.model.rows import Row

Policy = tuple[int | None, ...]
"""An action of each state; None where there is none."""

Sets = Sequence[Sequence[int]]
"""Actions of each state."""

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Limits:
    """Gain and bias of every state under one policy."""

    gain: tuple[Fraction, ...]
    bias: tuple[Fraction, ...]


@dataclass(frozen=True)
class AtOne:
    """What is optimal at gamma = 1: the total is None where the gain is not 0."""

    gain: tuple[Fraction, ...]
    value: tuple[Fraction | None, ...]
    optimal_actions: tuple[tuple[int, ...], ...]


class Policies:
    """The deterministic stationary policies of a model.

    Attributes:
        pairs: expected reward and the probability of each next state, by state and action; a state
            without actions stays for ever, whatever action a policy names there.
    """

    def __init__(self, mdp: MDP) -> None:
        self.n = mdp.n_states
        self.pairs: dict[tuple[int, int | None], tuple[Fraction, dict[int, Fraction]]] = {}
        for s, a, t, p, reward, ended in mdp.rows():
            paid, going = self.pairs.get((s, a), (ZERO, {}))
            if not ended:
                going[t] = going.get(t, ZERO) + p
            self.pairs[s, a] = (paid + p * reward, going)
        self.available: list[list[int]] = [
            [a for a in range(mdp.n_actions) if (s, a) in self.pairs] for s in range(self.n)
        ]
        for s, actions in enumerate(self.available):
            if not actions:
                self.pairs |= {(s, a): (ZERO, {s: ONE}) for a in (None, *range(mdp.n_actions))}

    @classmethod
    def on_line(cls, low: MDP, high: MDP, x: Any) -> Self:
        """Return the policies of (1 - x) low + x high, 0 < x < 1, x in any ordered field."""
        made = cls(low)
        others = cls(high).pairs
        for pair, (paid, going) in made.pairs.items():
            more, to = others[pair]
            chances = {t: (1 - x) * going.get(t, ZERO) + x * to.get(t, ZERO) for t in going | to}
            made.pairs[pair] = ((1 - x) * paid + x * more, chances)
        return made

    def best_at(self, gamma: Fraction) -> tuple[tuple[int, ...], ...]:
        """Return the optimal actions of every state at a gamma, from the best of all policies."""
        if gamma == 1:
            return self.at_one.optimal_actions
        values = [self.discounted(policy, gamma) for policy in self.within()]
        return self.greedy([max(own) for own in zip(*values, strict=True)], gamma)

    def improved_at(self, gamma: Fraction) -> tuple[tuple[int, ...], ...]:
        """Return them for gamma < 1 by policy iteration: greedy in the values of one policy."""
        policy: Policy = next(self.within())
        while True:
            best = self.greedy(self.discounted(policy, gamma), gamma)
            if all(a in own for a, own in zip(policy, best, strict=True) if a is not None):
                return best
            policy = tuple(
                a if a in own or not own else own[0] for a, own in zip(policy, best, strict=True)
            )

    def greedy(self, values: Sequence[Any], gamma: Fraction) -> tuple[tuple[int, ...], ...]:
        """Return the actions that attain the maximum of r + gamma P V in every state."""
        found = []
        for s, actions in enumerate(self.available):
            worth = {
                a: paid + gamma * expected(going, dict(enumerate(values)))
                for a in actions
                for paid, going in [self.pairs[s, a]]
            }
            found.append(tuple(a for a in actions if worth[a] == max(worth.values())))
        return tuple(found)

    def within(self, sets: Sets | None = None) -> Iterator[Policy]:
        """Yield every policy that takes the sets' actions only; all policies by default."""
        yield from product(*(actions or (None,) for actions in sets or self.available))

    @cached_property
    def limits(self) -> dict[Policy, Limits]:
        """Gain and bias of every policy."""
        return {policy: self.limits_of(policy) for policy in self.within()}

    def limits_of(self, policy: Sequence[int | None]) -> Limits:
        """Return gain and bias of one policy."""
        r, p = zip(*(self.pairs[s, a] for s, a in enumerate(policy)), strict=True)
        gain: dict[int, Fraction] = {}
        bias: dict[int, Fraction] = {}
        for members in recurrent_classes(p):
            mu = stationary(p, members)
            g = sum((m * r[s] for s, m in mu.items()), ZERO)
            gain.update(dict.fromkeys(members, g))
            # One equation follows from the others: mu h = 0 takes its place.
            rows = [[*minus(p[s], s, members), r[s] - g] for s in members[1:]]
            bias.update(zip(members, solved([[*mu.values(), ZERO], *rows]), strict=True))
        left = [s for s in range(self.n) if s not in gain]
        for known, paid in ((gain, lambda s: ZERO), (bias, lambda s: r[s] - gain[s])):
            rows = [[*minus(p[s], s, left), paid(s) + expected(p[s], known)] for s in left]
            known.update(zip(left, solved(rows), strict=True))
        states = range(self.n)
        return Limits(tuple(gain[s] for s in states), tuple(bias[s] for s in states))

    def discounted(self, policy: Policy, gamma: Fraction) -> list[Fraction]:
        """Return the values of a policy at a discount factor below 1."""
        rows = []
        for s, action in enumerate(policy):
            r, p = self.pairs[s, action]
            shrunk = {t: gamma * chance for t, chance in p.items()}
            rows.append([*minus(shrunk, s, range(self.n)), r])
        return solved(rows)

    @cached_property
    def best_gain(self) -> tuple[Fraction, ...]:
        """The largest gain of every state."""
        gains = (limits.gain for limits in self.limits.values())
        return tuple(map(max, zip(*gains, strict=True)))

    @cached_property
    def best_bias(self) -> tuple[Fraction, ...]:
        """The largest bias of every state, of the policies that attain its largest gain there."""
        return tuple(
            max(w.bias[s] for w in self.limits.values() if w.gain[s] == gain)
            for s, gain in enumerate(self.best_gain)
        )

    @cached_property
    def at_one(self) -> AtOne:
        """The optimal gains, totals and actions, from the best of all policies."""
        value = [None if g else h for g, h in zip(self.best_gain, self.best_bias, strict=True)]
        best = [
            policy
            for policy, w in self.limits.items()
            if w.gain == self.best_gain
            and all(v is None or v == h for v, h in zip(value, w.bias, strict=True))
        ]
        assert best, "one policy attains all of it: that of Blackwell"
        sets = (
            sorted({a for a in actions if a is not None}) for actions in zip(*best, strict=True)
        )
        return AtOne(self.best_gain, tuple(value), tuple(map(tuple, sets)))


def minus(p: Mapping[int, Fraction], state: int, columns: Sequence[int]) -> list[Fraction]:
    """Return the state's row of I - P, at the given columns."""
    return [(ONE if t == state else ZERO) - p.get(t, ZERO) for t in columns]


def expected(p: Mapping[int, Fraction], known: Mapping[int, Fraction]) -> Fraction:
    """Return the expectation over the next states whose number is known."""
    return sum((chance * known[t] for t, chance in p.items() if t in known), ZERO)


def recurrent_classes(p: Sequence[Mapping[int, Fraction]]) -> list[list[int]]:
    """Return the sets of states that are never left, whatever happens, and reach each other."""
    reached = [{s, *row} for s, row in enumerate(p)]
    for via in range(len(p)):
        for states in reached:
            if via in states:
                states |= reached[via]
    closed = [all(sum(p[t].values()) == 1 for t in states) for states in reached]
    found = {
        frozenset(states)
        for s, states in enumerate(reached)
        if closed[s] and all(s in reached[t] for t in states)
    }
    return [sorted(members) for members in found]


def stationary(p: Sequence[Mapping[int, Fraction]], members: list[int]) -> dict[int, Fraction]:
    """Return the stationary distribution of a recurrent class."""
    balance = [
        [(ONE if s == t else ZERO) - p[s].get(t, ZERO) for s in members] + [ZERO]
        for t in members[1:]
    ]
    mu = solved([[ONE] * (len(members) + 1), *balance])
    return dict(zip(members, mu, strict=True))


def solved(rows: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """Return x of A x = b, given the rows of [A | b]: elimination in whole numbers (Bareiss)."""
    if any(isinstance(x, Element) for row in rows for x in row):
        return eliminated(rows)  # not of fractions: of an algebraic number's field
    whole = []
    for row in rows:
        unit = lcm(*(x.denominator for x in row))
        whole.append([x.numerator * (unit // x.denominator) for x in row])
    last = 1
    for k in range(len(whole)):
        pivot = next(i for i in range(k, len(whole)) if whole[i][k])
        whole[k], whole[pivot] = whole[pivot], whole[k]
        top, row = whole[k][k], whole[k]
        whole = [
            other
            if other is row
            else [(top * x - other[k] * y) // last for x, y in zip(other, row, strict=True)]
            for other in whole
        ]
        last = top
    return [Fraction(row[-1], last) for row in whole]


KINDS = ("free", "costly", "signed", "shaped", "ends")


def ending_model(seed: int) -> MDP:
    """Return a model of up to five states, mostly one with finite totals.

    Cycles, periods, transient states, zero rewards, ties. The kinds: rewards for ending only, so
    that moving is free; costs of 0 to 2; rewards of any sign; costs shaped by a potential, whose
    zero cycles have rewards of both signs; and models whose every action may end.
    """
    random = Random(seed)
    kind = KINDS[seed % len(KINDS)]
    n, m = random.randint(1, 5), random.randint(1, 3)
    phi = [Fraction(random.randint(-6, 6), random.choice((1, 1, 2, 3))) for _ in range(n)]
    rows: list[Row] = []
    for s in range(n):
        for a in range(random.randint(0 if s else 1, m)):
            targets = random.choices(range(n), k=random.choice((1, 1, 1, 2, 3)))
            may_end = kind == "ends" or random.random() < 0.2
            weights = [random.randint(1, 3) for _ in targets] + [random.randint(1, 2) * may_end]
            total = sum(weights)
            cost = random.choice((0, 0, -1, -2))
            reward = {
                "free": ZERO,
                "costly": cost,
                "signed": random.choice((0, 0, 0, 1, -1)),
                "shaped": random.choice((0, 0, cost)),
                "ends": Fraction(random.randint(-4, 4), 3),
            }[kind]
            prize = random.choice((0, 1, 1, 5))
            for t, weight in zip(targets, weights, strict=False):
                change = phi[s] - phi[t] if kind == "shaped" else 0
                rows.append((s, a, t, Fraction(weight, total), reward + change, False))
            rows.append((s, a, s, Fraction(weights[-1], total), reward + prize, True))
    return MDP.from_rows(rows, n_states=n, n_actions=m, start=0)


@cache
def ending_policies(seed: int) -> Policies:
    """Return all policies of `ending_model(seed)`, judged once for many tests."""
    return Policies(ending_model(seed))


REWARDS = ((-1, 0, 1), (0, 0, 1), (0, 0, -1), (-2, -1, 0, 1, 2, Fraction(1, 2)))
CHANCES = (Fraction(1, 2), Fraction(1, 3), Fraction(2, 3), Fraction(1, 4), Fraction(1, 5))


def endless_model(seed: int) -> MDP:
    """Return a model of up to five states, of a mixture that makes limits at gamma = 1 hard.

    Sure steps make cycles and several recurrent classes. Few rewards make ties and cycles that pay
    nothing; rewards that are differences of a potential make cycles that pay nothing by rewards of
    both signs. A third of the models are fair lotteries, see `lotteries`.
    """
    random = Random(seed)
    if random.random() < 1 / 3:
        return lotteries(random)
    n, m = random.choice((1, 2, 3, 3, 4, 4, 5, 5)), random.choice((2, 2, 3))
    sure, ending, shaped = random.choice((0, 0.5, 0.8, 1)), random.choice((0, 0, 0.1, 0.3)), None
    rewards = random.choice(REWARDS)
    if random.random() < 0.4:
        shaped = [random.randint(-2, 2) for _ in range(n)]
        rewards = (0, 0, 0, 0, random.choice((-1, 1)))
    rows: list[Row] = []
    for s in range(n):
        kind = random.random()
        if kind < 0.08 or (kind < 0.2 and shaped):  # rests, or is paid for ever
            if kind >= 0.04:
                rows.append((s, random.randrange(m), s, 1, random.choice((-1, 0, 1)), False))
            continue
        for a in chosen(random, m):
            chances = [ONE]
            if random.random() >= sure:
                p = random.choice(CHANCES)
                chances = [p, 1 - p] if p > Fraction(1, 4) else [p, p, 1 - 2 * p]
            reward = random.choice(rewards)
            for p in chances:
                t, ended = random.randrange(n), random.random() < ending
                change = shaped[s] - (0 if ended else shaped[t]) if shaped else 0
                rows.append((s, a, t, p, reward + change, ended))
        if random.random() < 0.1:  # one action again, under another name
            a, other = random.choice([row[1] for row in rows if row[0] == s]), random.randrange(m)
            copied = [(s, other, *row[2:]) for row in rows if row[:2] == (s, a)]
            rows = [row for row in rows if row[:2] != (s, other)] + copied
    return MDP.from_rows(rows, n_states=n, n_actions=m, start=0)


def lotteries(random: Random) -> MDP:
    """Return a model in which states of gain 0 lead to states that gain 1 and that lose 1 for ever.

    There an action that changes no gain still counts for the total of the states before, unless
    these can do without. Sure steps stay on one side; some cost more than the side's gain.
    """
    n, m = random.choice((4, 5, 5)), random.choice((2, 2, 3))
    side = [0, *(random.choice((0, 0, 1, -1)) for _ in range(n - 3)), 1, -1]
    height = [random.randint(-1, 1) for _ in range(n)]
    rows: list[Row] = []
    for s in range(n):
        for a in chosen(random, m):
            t = random.choice([t for t in range(n) if side[t] == side[s]])
            toll = random.choice((0, 0, 0, 1))
            reward = side[s] + height[s] - height[t] - toll
            if side[s] or random.random() < 0.2:
                rows.append((s, a, t, 1, reward, False))
            elif random.random() < 0.2:
                rows.append((s, a, s, 1, height[s] - toll, True))
            else:
                for sign in (1, -1):
                    t = random.choice([t for t in range(n) if side[t] == sign])
                    reward = height[s] - height[t] - toll
                    rows.append((s, a, t, Fraction(1, 2), reward, False))
    return MDP.from_rows(rows, n_states=n, n_actions=m, start=0)


def garnet(n: int, seed: int) -> MDP:
    """Return a model of three actions with three successors each, that never ends."""
    draw, rows = Random(seed), list[Row]()
    for s in range(n):
        for a in range(3):
            first, second = sorted(draw.sample(range(1, 100), 2))
            weights, reward = (first, second - first, 100 - second), draw.randint(0, 9)
            moves = zip(draw.sample(range(n), 3), weights, strict=True)
            rows += [(s, a, t, Fraction(w, 100), reward, False) for t, w in moves]
    return MDP.from_rows(rows, n_states=n, n_actions=3)


def chosen(random: Random, n_actions: int) -> list[int]:
    """Return the actions that are available: nearly all, at least one."""
    return [a for a in range(n_actions) if random.random() < 0.85] or [random.randrange(n_actions)]
