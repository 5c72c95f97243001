"""Model lines that several tests share: AIMA's world, and random ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from random import Random

from qdecay import MDP, ModelLine
from qdecay.model.rows import Row

ZERO = Fraction(0)
GAMMAS = (Fraction(0), Fraction(1, 3), Fraction(9, 10), Fraction(99, 100), Fraction(1))
KINDS = ("rewards", "chances", "both")
MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))  # north, east, south, west


def aima(living: Fraction) -> MDP:
    """AIMA's 4x3 world (Russell and Norvig, section 17.1): 0.8 ahead, 0.1 to each side."""
    cells = [(x, y) for y in range(3) for x in range(4) if (x, y) != (1, 1)]
    number = {cell: s for s, cell in enumerate(cells)}
    ends = {(3, 2): 1, (3, 1): -1}
    rows: list[Row] = []
    for (x, y), s in number.items():
        for a in range(4):
            if (x, y) in ends:
                rows.append((s, a, s, 1, ends[x, y], True))
                continue
            for turn, p in ((0, Fraction(8, 10)), (1, Fraction(1, 10)), (-1, Fraction(1, 10))):
                dx, dy = MOVES[(a + turn) % 4]
                rows.append((s, a, number.get((x + dx, y + dy), s), p, living, False))
    return MDP.from_rows(rows, n_states=len(cells), n_actions=4, start=0)


@dataclass(frozen=True)
class Pair:
    """What one action may do: next states (None: the end), their weights, rewards and all."""

    targets: tuple[int | None, ...]
    weights: tuple[int, ...]
    reward: Fraction
    prize: int


def random_line(seed: int) -> tuple[ModelLine, Fraction]:
    """Return a line of up to 6 states, and a gamma; at 1, most have a gain of 0 everywhere.

    Between its ends rewards change, or probabilities (sometimes moves that only one end knows), or
    both. Models have loops, ends, states without actions, several recurrent classes, periods;
    rewards are free moves with a prize for ending, costs, costs shaped by a potential (so that
    loops pay nothing by rewards of both signs), or any.
    """
    random = Random(seed)
    kind, gamma = KINDS[seed % 3], GAMMAS[min(seed // 3 % 7, 4)]
    n = random.randint(1, 6)
    style = random.choice(("free", "free", "costly", "shaped", "any"))
    sizes = [random.choice((1, 2, 2, 3) if random.random() < 0.95 else (0,)) for _ in range(n)]
    while prod(max(1, size) for size in sizes) > 32:
        sizes[random.randrange(n)] = 1
    m = 3
    sure, ending = random.choice((0, 0.4, 0.8)), random.choice((0.2, 0.4, 0.8))

    def drawn(s: int) -> Pair:
        targets = [
            None if random.random() < ending / 2 else random.randrange(n)
            for _ in range(1 if random.random() < sure else random.choice((1, 2, 3)))
        ]
        reward = {
            "free": ZERO,
            "costly": Fraction(random.choice((0, -1, -1, -2))),
            "shaped": Fraction(random.choice((0, 0, 0, -1))),
            "any": Fraction(random.choice((-1, -1, 0, 1, 2)), random.choice((1, 1, 2, 3))),
        }[style]
        weights = tuple(random.randint(1, 3) for _ in targets)
        return Pair(tuple(targets), weights, reward, random.choice((0, 1, 1, 3)))

    def changed(s: int, pair: Pair) -> Pair:
        other = drawn(s)
        if random.random() < 0.2:
            return pair
        if kind == "rewards":
            return Pair(pair.targets, pair.weights, other.reward, other.prize)
        weights = tuple(random.randint(1, 3) for _ in pair.targets)
        if random.random() < 0.5 or kind == "chances":
            moved = Pair(pair.targets, weights, pair.reward, pair.prize)
            known = Pair(other.targets, other.weights, pair.reward, pair.prize)
            return random.choice((moved, known)) if kind == "chances" else moved
        return other

    pairs = {}
    for s, size in enumerate(sizes):
        for a in range(size):
            twin = (s, a - 1) in pairs and random.random() < 0.08
            pairs[s, a] = pairs[s, a - 1] if twin else drawn(s)
    others = {(s, a): changed(s, pair) for (s, a), pair in pairs.items()}
    if n > 1 and random.random() < 0.15:  # two states alike change together
        for ends in (pairs, others):
            alike = {(1, a): ends[0, a] for a in range(sizes[0])}
            for pair in [pair for pair in ends if pair[0] == 1]:
                del ends[pair]
            ends.update(alike)
    if n > 1 and kind != "rewards" and random.random() < 0.25:
        _plant_touch(random, pairs, others, gamma)
        style = "free"
    heights = [[random.randint(-3, 3) * (style == "shaped") for _ in range(n)] for _ in range(2)]
    if kind == "chances":
        heights[1] = heights[0]

    def made(pairs: dict[tuple[int, int], Pair], height: list[int]) -> MDP:
        rows: list[Row] = []
        for (s, a), pair in sorted(pairs.items()):
            for t, weight in zip(pair.targets, pair.weights, strict=True):
                paid = pair.reward + height[s] + (pair.prize if t is None else -height[t])
                p = Fraction(weight, sum(pair.weights))
                rows.append((s, a, s if t is None else t, p, paid, t is None))
        return MDP.from_rows(rows, n_states=n, n_actions=m, start=0)

    return ModelLine(made(pairs, heights[0]), made(others, heights[1])), gamma


def _plant_touch(
    random: Random,
    low: dict[tuple[int, int], Pair],
    high: dict[tuple[int, int], Pair],
    gamma: Fraction,
) -> None:
    """Let two ways from state 0 be worth the same half way, and one of them less on both sides.

    Either by chances: on with x, then paid 4 with 1 - x, against gamma at once, which is 4 gamma
    x (1 - x) at most. Or by what is lost for ever: from state 0 to 1 with x, and back; 4 x - 1 is
    paid in 0 and -4 x in 1, which adds up to -(2 x - 1)^2 from one visit of 0 to the next.
    """
    for ends in (low, high):
        for pair in [pair for pair in ends if pair[0] < 2]:
            del ends[pair]
    one = Fraction(1)
    if random.random() < 0.6:
        low[0, 0], high[0, 0] = Pair((None,), (1,), ZERO, 0), Pair((1,), (1,), ZERO, 0)
        low[1, 0], high[1, 0] = Pair((None,), (1,), ZERO, 4), Pair((None,), (1,), ZERO, 0)
        now = Pair((None,), (1,), gamma, 0)
    else:
        low[0, 0], high[0, 0] = Pair((0,), (1,), -one, 0), Pair((1,), (1,), 3 * one, 0)
        low[1, 0], high[1, 0] = Pair((0,), (1,), ZERO, 0), Pair((0,), (1,), -4 * one, 0)
        now = Pair((None,), (1,), Fraction(random.choice((-1, 0, 1))), 0)
    a = random.choice((1, 2))
    low[0, a] = high[0, a] = now
