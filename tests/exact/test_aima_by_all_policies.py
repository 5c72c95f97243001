"""Russell and Norvig's 4x3 world over its living reward r, by all 4^9 policies.

At one gamma a policy is worth a + b r in each of the nine cells, by one solve in fractions. The
optimal value of a cell is the largest of these: its kinks are where optimal actions change.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from itertools import pairwise
from typing import Any

import gymnasium as gym
import pytest
from flint import fmpq, fmpq_mat

from qdecay import ModelLine, policy_regions

MOVES = {"up": (0, 1), "right": (1, 0), "down": (0, -1), "left": (-1, 0)}
SIDES = {"up": "left right", "down": "left right", "left": "up down", "right": "up down"}
ENDS = {(4, 3): 1, (4, 2): -1}
CELLS = [(x, y) for y in (1, 2, 3) for x in (1, 2, 3, 4) if (x, y) != (2, 2) and (x, y) not in ENDS]
Line = tuple[fmpq, fmpq]
LOW, HIGH = fmpq(-2), fmpq(0)


def equation(cell: tuple[int, int], action: str, gamma: fmpq) -> tuple[list[fmpq], list[fmpq]]:
    """A row of V - gamma P V = b + r, and (b, 1): r is paid in a cell, then the end's reward."""
    row, paid = [fmpq(int(cell == other)) for other in CELLS], fmpq(0)
    for move, chance in ((action, fmpq(8, 10)), *((s, fmpq(1, 10)) for s in SIDES[action].split())):
        x, y = cell[0] + MOVES[move][0], cell[1] + MOVES[move][1]
        target = (x, y) if (x, y) in CELLS or (x, y) in ENDS else cell
        if target in ENDS:
            paid += gamma * chance * ENDS[target]
        else:
            row[CELLS.index(target)] -= gamma * chance
    return row, [paid, fmpq(1)]


def all_policies(gamma: fmpq) -> dict[tuple[str, ...], list[Line]]:
    """What each policy is worth in each cell; at gamma = 1 only those that surely end."""
    known = {(c, a): equation(c, a, gamma) for c in CELLS for a in MOVES}
    worth: dict[tuple[str, ...], list[Line]] = {}
    for policy in itertools.product(MOVES, repeat=len(CELLS)):
        parts = [known[pair] for pair in zip(CELLS, policy, strict=True)]
        left = fmpq_mat(9, 9, [number for row, _ in parts for number in row])
        right = fmpq_mat(9, 2, [number for _, earned in parts for number in earned])
        try:
            v = left.solve(right)
        except ZeroDivisionError:  # it stays away from the ends for ever, at a cost where r < 0
            continue
        worth[policy] = [(v[i, 0], v[i, 1]) for i in range(9)]
    return worth


def envelope(lines: set[Line]) -> dict[fmpq, Line]:
    """The largest of the lines from LOW to HIGH: where each part of it begins, and its line."""
    steepest: dict[fmpq, fmpq] = {}
    for a, b in lines:
        steepest[b] = max(a, steepest.get(b, a))
    at, top = (
        LOW,
        max(((a, b) for b, a in steepest.items()), key=lambda p: (p[0] + p[1] * LOW, p[1])),
    )
    parts = {at: top}
    while True:
        meets = [((top[0] - a) / (b - top[1]), -b) for b, a in steepest.items() if b > top[1]]
        if not meets or min(meets)[0] >= HIGH:
            return parts
        at, slope = min(meets)
        top = steepest[-slope], -slope
        parts[at] = top


@pytest.mark.slow
@pytest.mark.parametrize(("gamma", "count"), [(Fraction(1), 8), (Fraction(9, 10), 5)])
def test_no_other_policy_is_better(gamma: Fraction, count: int) -> None:
    """The kinks are the breakpoints, and the policies of each part are those of its sets."""
    worth = all_policies(fmpq(gamma.numerator, gamma.denominator))
    best = [envelope({own[i] for own in worth.values()}) for i in range(len(CELLS))]
    kinks = sorted({at for parts in best for at in parts})[1:]

    def world(r: Any) -> Any:
        return gym.make("qdecay/AIMA4x3-v0", living_reward=r)

    line = ModelLine.of(world, low=-2, high=0)
    found = policy_regions(line, gamma=gamma)
    points = [point.value.lower for point in found.breakpoints]
    assert points == [Fraction(int(x.p), int(x.q)) for x in kinks]
    assert (len(points), found.touches) == (count, ())
    states = [line.low.state_index(f"({x}, {y})") for x, y in CELLS]
    for sets, (left, _) in zip(found.regions, pairwise([LOW, *kinks, HIGH]), strict=True):
        tops = [parts[max(at for at in parts if at <= left)] for parts in best]
        optimal = [policy for policy, own in worth.items() if own == tops]
        for i, s in enumerate(states):
            assert {line.low.action_name(a) for a in sets[s]} == {policy[i] for policy in optimal}
